"""Magazines: rounds that may be fired, and rounds that are fired, reloaded and lost."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import INFINITE, NEVER, NOBODY, NONE, RELOAD
from leakthrough.engine.kernel.compiling import Bool, Int, compiled, inlined, merged
from leakthrough.engine.kernel.depots import (
    await_reload,
    is_issued,
    lose_on_the_way,
    reload_ticks,
    take_in,
)
from leakthrough.engine.kernel.draws import at
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.state_pointer import has_rules

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@inlined
def drawable(magazine: Any, salvo: Any) -> Int:
    """Rounds that may be fired at a threat of this salvo."""
    return magazine.ready if salvo.priority >= 1 else magazine.ready - magazine.reserved


@inlined
def is_called(state: "State", magazine: Any, tick: Int) -> Bool:
    """Call a reload if ready rounds are low and one remains; none may be on its way."""
    if magazine.ready > magazine.reload_at or magazine.reloads_left == 0:
        return False
    if has_rules(state) and magazine.depot >= 0:
        return is_issued(state, magazine, tick)
    magazine.reloads_left -= 1
    magazine.incoming = magazine.reload_rounds
    await_reload(state, magazine, tick + reload_ticks(state, magazine))
    return True


@compiled
def count_stocked(state: "State", magazine: Any, change: Int) -> None:
    """Add to the number of stocked magazines of each window in which its rounds may be fired."""
    for n in range(magazine.first_window, magazine.stop_window):
        state.windows[state.fireable[at(n)]].stocked += change


@merged
def expend(state: "State", battery: Any, magazine: Any, rounds: Int, tick: Int) -> None:
    """Take rounds out of a magazine; call a reload when few are left, or record the depletion.

    Also record when no rounds but the reserved ones are left, and none are on their way.
    """
    magazine.expended += rounds
    if magazine.rounds == INFINITE:
        return
    magazine.ready -= rounds
    if battery.ready < INFINITE:
        battery.ready -= rounds
    if magazine.due != NEVER or is_called(state, magazine, tick):
        return
    if magazine.ready > magazine.reserved:
        return
    if magazine.ready + rounds > magazine.reserved and magazine.reserve_reached == NEVER:
        magazine.reserve_reached = tick
    if magazine.ready == 0:
        magazine.depletion = tick
        count_stocked(state, magazine, -1)


@compiled
def reload(state: "State", battery: Any, magazine: Any, tick: Int) -> None:
    """Add the rounds of a reload that arrives."""
    rounds = magazine.incoming
    magazine.due = NEVER
    if has_rules(state) and magazine.depot >= 0:
        take_in(state, magazine)
    magazine.ready += rounds
    magazine.reloaded += rounds
    if battery.ready < INFINITE:
        battery.ready += rounds
    is_called(state, magazine, tick)
    codes = np.int64(battery.layer), np.int64(battery.code), np.int64(magazine.code)
    note(state, tick, RELOAD, NOBODY, codes[0], codes[1], codes[2], rounds, NONE)


@compiled
def lose(state: "State", battery: Any, tick: Int) -> None:
    """Destroy a battery with its rounds; its engagements under way are completed."""
    for n in range(battery.first_magazine, battery.stop_magazine):
        magazine = state.magazines[at(n)]
        if magazine.ready > 0 or magazine.due != NEVER:
            count_stocked(state, magazine, -1)
        if has_rules(state) and magazine.depot >= 0:
            lose_on_the_way(state, magazine)
        magazine.lost, magazine.ready = magazine.ready, 0
        magazine.reloads_left, magazine.due = 0, NEVER
    battery.ready, battery.loss, battery.lost = 0, tick, 1
    state.raid[0].losses = True
