"""Reloads on their way, their drawn times, and the depots from which they are taken."""

from typing import TYPE_CHECKING, Any

from leakthrough.engine.codes import NEVER, NONE, RELOAD_ARRIVES
from leakthrough.engine.kernel.compiling import Bool, Int, compiled
from leakthrough.engine.kernel.draws import U, at, draw_at, quantile, unit
from leakthrough.engine.kernel.event_queue import parts_of, push, remove_first, tie_of
from leakthrough.engine.kernel.state_pointer import has_rules, seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def await_reload(state: "State", magazine: Any, tick: Int) -> None:
    """Schedule the arrival of a reload at a tick."""
    magazine.due = tick
    push(state, tick, tie_of(magazine.battery, RELOAD_ARRIVES, magazine.code))


@seldom(NONE)
def _drawn_ticks(state: "State", magazine: Any) -> Int:
    """Draw the time of the next reload of a magazine; its number in all raids is the ordinal."""
    own = state.reload_times[at(magazine.reload_time)]
    word = draw_at(state.raid[0], NONE, own.stream + U(own.reloads_sent))[0]
    own.reloads_sent += 1
    return quantile(state.quantiles, own.table, unit(word))


@compiled
def reload_ticks(state: "State", magazine: Any) -> Int:
    """Ticks from the call of a reload to its arrival."""
    if has_rules(state) and magazine.reload_time >= 0:
        return _drawn_ticks(state, magazine)
    return magazine.reload_ticks


@compiled
def _takes(state: "State", magazine: Any, tick: Int) -> Bool:
    """Take the rounds of a reload from a depot; if it is empty, the call waits."""
    depot = state.depots[at(magazine.depot)]
    rounds = min(magazine.reload_rounds, depot.held)
    if rounds == 0:
        if magazine.called == NEVER:
            magazine.called = tick
        return False
    depot.held -= rounds
    depot.in_transit += rounds
    if depot.held == 0:
        depot.emptied = tick
    magazine.reloads_left -= 1
    magazine.incoming, magazine.called = rounds, NEVER
    magazine.due = tick + reload_ticks(state, magazine)
    return True


@seldom(False)
def is_issued(state: "State", magazine: Any, tick: Int) -> Bool:
    """Whether a depot has rounds for the reload that is called; they are then on their way."""
    if not _takes(state, magazine, tick):
        return False
    await_reload(state, magazine, magazine.due)
    return True


@seldom()
def answer_calls(state: "State") -> None:
    """Serve the calls of depots at the start of a raid: in order of time, then of the magazines.

    They are those that wait since an earlier raid, and those of this one. The queue, which is still
    empty, sorts them.
    """
    for magazine in state.magazines:
        low = magazine.ready <= magazine.reload_at and magazine.reloads_left > 0
        if low and magazine.depot >= 0 and magazine.due == NEVER and magazine.called == NEVER:
            magazine.called = NONE
        if magazine.called != NEVER:
            push(state, magazine.called, tie_of(magazine.battery, RELOAD_ARRIVES, magazine.code))
    for _ in range(state.raid[0].in_flight):
        _, _, code = parts_of(state.entries[0].tie)
        remove_first(state)
        _takes(state, state.magazines[at(code)], NONE)


@seldom()
def take_in(state: "State", magazine: Any) -> None:
    """Count the rounds of a reload that arrives from a depot."""
    depot = state.depots[at(magazine.depot)]
    depot.in_transit -= magazine.incoming
    depot.arrived += magazine.incoming


@seldom()
def lose_on_the_way(state: "State", magazine: Any) -> None:
    """Lose the rounds on their way from a depot to a battery that is lost, and its call."""
    magazine.called = NEVER
    if magazine.due != NEVER:
        depot = state.depots[at(magazine.depot)]
        depot.in_transit -= magazine.incoming
        depot.strayed += magazine.incoming
