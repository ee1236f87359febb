"""Launches of batteries that keep an interval between them.

What a battery has committed is a list of its engagements with the ticks of their first and last
launch, which are the interval apart. Engagements that no launch can come near any more are dropped
when one is added, so the list never holds more than one for each threat and one that is over.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    AS_DRAWN,
    LAUNCH_ALLOWED,
    NEVER,
    NO_REACH,
    NOBODY,
    NONE,
    NOW,
    ROUND_DRAWS,
    WORDS_A_DRAW,
)
from leakthrough.engine.kernel.compiling import Bool, Int, compiled
from leakthrough.engine.kernel.draws import U, at, draw_at, number_or_draw
from leakthrough.engine.kernel.event_queue import bring_forward, push, tie_of
from leakthrough.engine.kernel.lookup import engagement_draw, fired_at, number_of
from leakthrough.engine.kernel.luck import kept_kill
from leakthrough.engine.kernel.reach import distance_at, may_fire, meeting, threshold_at
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def _times_of(state: "State", pairing: Any, magazine: Any, threat: Any) -> Any:
    """Ticks of reaction and flight in the next engagement; 0 for a flight that is computed."""
    battery, quantiles = state.batteries[pairing.battery], state.quantiles
    drawn = engagement_draw(state, pairing, threat)
    reaction = number_or_draw(quantiles, battery.reaction, battery.reaction_table, drawn[0])
    flight = number_or_draw(quantiles, magazine.flight, magazine.flight_table, drawn[1])
    return reaction, flight


@compiled
def reaction_of(state: "State", pairing: Any, threat: Any) -> Int:
    """Ticks from the decision to the first launch of the next engagement."""
    battery = state.batteries[pairing.battery]
    if battery.reaction_table < 0:
        return battery.reaction
    magazine = state.magazines[at(battery.first_magazine)]
    return _times_of(state, pairing, magazine, threat)[0]


@compiled
def first_allowed(state: "State", battery: Any, launch: Int) -> Int:
    """The first tick from a tick on at which the interval allows a launch."""
    moved = battery.launches > 0
    while moved:
        moved = False
        for n in range(battery.first_launch, battery.first_launch + battery.launches):
            first, last = state.launches[at(2 * n)], state.launches[at(2 * n + 1)]
            if first - battery.interval < launch < last + battery.interval:
                launch, moved = last + battery.interval, True
    return launch


@compiled
def _commit(state: "State", battery: Any, first: Int, last: Int, tick: Int) -> None:
    """Add the launches of an engagement, and drop those that are too old to matter."""
    start = np.int64(battery.first_launch)
    kept = start
    for n in range(start, start + battery.launches):
        if state.launches[at(2 * n + 1)] + battery.interval > tick:
            state.launches[at(2 * kept)] = state.launches[at(2 * n)]
            state.launches[at(2 * kept + 1)] = state.launches[at(2 * n + 1)]
            kept += 1
    state.launches[at(2 * kept)], state.launches[at(2 * kept + 1)] = first, last
    battery.launches = kept + 1 - start


@compiled
def _await_launch(state: "State", battery: Any, tick: Int) -> None:
    """Serve a battery again at a tick; only the first such tick is in the queue."""
    tie = tie_of(battery.code, LAUNCH_ALLOWED, NONE) + NEVER  # before all others at its tick
    if battery.awaited == NEVER:
        push(state, tick, tie)
    elif tick < battery.awaited:
        bring_forward(state, tie, tick)
    else:
        return
    battery.awaited = tick


@compiled
def _keeps_interval(state: "State", battery: Any, launch: Int, tick: Int) -> Bool:
    wait = first_allowed(state, battery, launch) - launch
    if wait > 0:
        _await_launch(state, battery, tick + wait)
    return wait == 0


@compiled
def may_launch_at_any(state: "State", battery: Any, tick: Int) -> Bool:
    """Whether it makes sense to ask for which threats the interval allows an engagement now."""
    waits = battery.launches > 0 and battery.reaction_table < 0
    return not waits or _keeps_interval(state, battery, tick + battery.reaction, tick)


@seldom(True)
def may_launch(state: "State", pairing: Any, threat: Any, tick: Int) -> Bool:
    """Whether the interval allows an engagement now; if not, its battery is served again later."""
    battery = state.batteries[pairing.battery]
    if battery.launches == 0:
        return True
    return _keeps_interval(state, battery, tick + reaction_of(state, pairing, threat), tick)


@compiled
def _reach_in(state: "State", pairing: Any, magazine: Any) -> Int:
    """Code of the times at which a magazine may be fired in a window; or NO_REACH."""
    for n in range(pairing.first_preference, pairing.stop_preference):
        if state.preferences[at(n)] == magazine.code:
            return np.int64(state.reach_of[at(n)])
    return NO_REACH


@compiled
def fire_rounds(
    state: "State",
    pairing: Any,
    magazine: Any,
    chance: Any,
    threat: Any,
    most: Int,
    alive: Bool,
    tick: Int,
) -> Any:
    """Fire the longest salvo whose rounds are in time and keep the interval.

    Returns its rounds, at most `most`; the tick of the last intercept; and the tick of death, NEVER
    if no round kills. Hits and misses are counted up to the first round that kills.
    """
    battery, salvo = state.batteries[pairing.battery], state.salvos[threat.salvo]
    layer, window = state.layers[battery.layer], state.windows[pairing.window]
    reaction, flight = _times_of(state, pairing, magazine, threat)
    reach = _reach_in(state, pairing, magazine)
    fired = np.int64(state.fired[fired_at(state, pairing, threat)])
    start = pairing.rounds_stream + U(fired * ROUND_DRAWS) + state.raid[0].offset
    number, rounds, death, hit, launch = number_of(state, threat), 0, NEVER, tick, tick + reaction
    for n in range(most):
        flown = launch - threat.arrival  # from the start of the threat's path
        if first_allowed(state, battery, launch) != launch:
            break
        if reach == NO_REACH:
            if flown + flight > window.close_offset:
                break
        else:
            own = state.reaches[at(reach)]
            if not may_fire(state, own, flown if own.by_launch else flown + flight, NOW):
                break
        hit = launch + flight
        if magazine.speed > 0.0:
            latest = window.close_offset
            met = meeting(state, salvo, layer.x, layer.y, magazine.speed, flown, latest)
            hit = threat.arrival + met
        rounds += 1
        if alive:
            threshold = chance.drawn
            if chance.first_distance < chance.stop_distance:
                time = float(hit - threat.arrival)
                distance = distance_at(state, salvo, layer.x, layer.y, time)
                threshold = threshold_at(state, chance, distance, AS_DRAWN)
            kept = NOBODY
            if state.lucks.size > 0:
                kept = kept_kill(state, chance, threshold, threat)
            alive = kept == 0
            if kept < 0:
                drawn = draw_at(state.raid[0], number, start + U(n // WORDS_A_DRAW))
                alive = drawn[n % WORDS_A_DRAW] >= threshold
                chance.hits += int(not alive)
                chance.misses += int(alive)
                chance.odds += np.int64(threshold)
            if not alive:
                death = hit
        launch += battery.interval
    if battery.interval > 0:
        _commit(state, battery, tick + reaction, launch - battery.interval, tick)
    return rounds, hit, death
