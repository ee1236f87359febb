"""Wake-ups: a battery is served when time alone lets it engage a threat that its layer holds."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import FOREVER, FREE, NEVER, NO_REACH
from leakthrough.engine.kernel.compiling import Int, compiled, merged
from leakthrough.engine.kernel.draws import U, at, number_or_draw
from leakthrough.engine.kernel.event_queue import bring_forward, push, wake_up_tie
from leakthrough.engine.kernel.lookup import engagement_draw, fired_at, image_of, is_held, window_of
from leakthrough.engine.kernel.reach import next_span
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@merged
def _wait(state: "State", pairing: Any, threat: Any, tick: Int) -> Int:
    """Ticks until time alone lets a battery engage a threat; FOREVER if it never does."""
    battery, quantiles = state.batteries[pairing.battery], state.quantiles
    drawn, found = engagement_draw(state, pairing, threat), FOREVER
    launch = tick - threat.arrival
    launch += number_or_draw(quantiles, battery.reaction, battery.reaction_table, drawn[0])
    for n in range(pairing.first_preference, pairing.stop_preference):
        reach = state.reach_of[at(n)]
        if reach == NO_REACH:
            continue
        own, time = state.reaches[reach], launch
        if not own.by_launch:
            magazine = state.magazines[state.preferences[at(n)]]
            time += number_or_draw(quantiles, magazine.flight, magazine.flight_table, drawn[1])
        found = min(found, next_span(state, own, time))
    return found


@compiled
def wake_up_of(state: "State", battery: Any, threat: Any) -> Any:
    """Index of the wake-up of a battery for a threat."""
    for n in range(battery.first_urgency, battery.stop_urgency):
        pairing = state.pairings[state.urgencies[at(n)]]
        if state.windows[pairing.window].salvo == threat.salvo:
            return fired_at(state, pairing, threat)
    return U(0)


@seldom()
def await_threat(state: "State", threat: Any, tick: Int) -> None:
    """Schedule the wake-ups of all batteries whose layers hold a threat that is not engaged.

    There is one at a time for each battery and threat. An earlier one that is of no use any more
    lets nobody fire, and the next one follows from it.
    """
    for layer in state.layers:
        image = image_of(state, layer, np.int64(threat.code))
        if image.phase != FREE or not is_held(state, threat, layer.code):
            continue
        window = window_of(state, threat, np.int64(layer.code))
        for n in range(window.first_pairing, window.stop_pairing):
            pairing = state.pairings[at(n)]
            if state.batteries[pairing.battery].varying_delay:
                _await(state, pairing, threat, tick)


@merged
def _await(state: "State", pairing: Any, threat: Any, tick: Int) -> None:
    wait, mark = _wait(state, pairing, threat, tick), fired_at(state, pairing, threat)
    if wait == FOREVER:
        return
    known, tie = state.wake_ups[mark], wake_up_tie(pairing.battery, threat.code)
    if known == NEVER:
        push(state, tick + wait, tie)
    elif tick + wait < known:
        bring_forward(state, tie, tick + wait)
    else:
        return
    state.wake_ups[mark] = tick + wait
