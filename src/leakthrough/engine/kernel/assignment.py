"""Assignment: the battery for a threat, and the threat for a battery.

Between two events no battery can engage any threat that is available to it (it would have done
so). After an event it is therefore enough to search the batteries of some layers for the one
threat that became available, and the threats for the one battery that got a channel or rounds.
`kernel.selection` puts the two together.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    ANY_ROUNDS,
    FOREVER,
    FREE,
    GONE,
    LATER,
    LOADED,
    NO_REACH,
    NOBODY,
    NOW,
)
from leakthrough.engine.kernel.compiling import Bool, Int, compiled, inlined, merged
from leakthrough.engine.kernel.draws import at, number_or_draw
from leakthrough.engine.kernel.launches import may_launch
from leakthrough.engine.kernel.lookup import (
    engagement_draw,
    fired_at,
    is_held,
    is_seen_in,
)
from leakthrough.engine.kernel.magazines import drawable
from leakthrough.engine.kernel.reach import may_fire
from leakthrough.engine.kernel.state_pointer import has_rules

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@inlined
def has_channel(battery: Any) -> Bool:
    """Whether a battery's channels allow another engagement."""
    return battery.free > 0


@compiled
def _varying_in_time(
    state: "State", pairing: Any, threat: Any, slack: Int, loaded: Bool, later: Bool
) -> Int:
    """`magazine_in_time` for a battery that draws times, or whose launches or flights vary.

    One that its launch interval holds back is in time, but has none now.
    """
    battery, salvo = state.batteries[pairing.battery], state.salvos[threat.salvo]
    if has_rules(state) and battery.interval > 0 and loaded and not later:
        close = threat.arrival + state.windows[pairing.window].close_offset
        if not may_launch(state, pairing, threat, close - slack):
            return NOBODY
    drawn, quantiles = engagement_draw(state, pairing, threat), state.quantiles
    reaction = number_or_draw(quantiles, battery.reaction, battery.reaction_table, drawn[0])
    launch = state.windows[pairing.window].close_offset - slack + reaction
    for n in range(pairing.first_preference, pairing.stop_preference):
        magazine = state.magazines[state.preferences[at(n)]]
        if loaded and drawable(magazine, salvo) <= 0:
            continue
        flight = number_or_draw(quantiles, magazine.flight, magazine.flight_table, drawn[1])
        reach = state.reach_of[at(n)]
        if not has_rules(state) or reach == NO_REACH:
            if reaction + flight <= slack:
                return np.int64(magazine.code)
            continue
        own = state.reaches[reach]
        if may_fire(state, own, launch if own.by_launch else launch + flight, later):
            return np.int64(magazine.code)
    return NOBODY


@compiled
def magazine_in_time(
    state: "State", pairing: Any, threat: Any, slack: Int, loaded: Bool, later: Bool
) -> Int:
    """First magazine, in order of preference, whose rounds hit within `slack` ticks; or NOBODY.

    If `loaded`, only magazines with rounds that may be fired at the threat; if `later`, also those
    that may only be fired later in the window.
    """
    if state.batteries[pairing.battery].varying_delay:
        return _varying_in_time(state, pairing, threat, slack, loaded, later)
    salvo = state.salvos[threat.salvo]
    for n in range(pairing.first_preference, pairing.stop_preference):
        magazine = state.magazines[state.preferences[at(n)]]
        if magazine.to_kill <= slack and (not loaded or drawable(magazine, salvo) > 0):
            return np.int64(magazine.code)
    return NOBODY


@merged
def best_battery(state: "State", window: Any, threat: Any, tick: Int, without: Int) -> Any:
    """Pairing and magazine for one threat: most ready rounds, then battery order; or NOBODY."""
    best, best_magazine, most = NOBODY, NOBODY, 0
    slack = threat.arrival + window.close_offset - tick
    for n in range(window.first_pairing, window.stop_pairing):
        pairing = state.pairings[at(n)]
        battery = state.batteries[pairing.battery]
        if battery.ready <= most or not has_channel(battery) or battery.code == without:
            continue
        if state.fired[fired_at(state, pairing, threat)] >= battery.max_salvos:
            continue
        magazine = magazine_in_time(state, pairing, threat, slack, LOADED, NOW)
        if magazine >= 0:
            best, best_magazine, most = np.int64(n), magazine, battery.ready
    return best, best_magazine


@merged
def _first_in_queue(state: "State", pairing: Any, tick: Int) -> Any:
    """The first threat of a salvo that a battery can engage now, and the magazine; or NOBODY.

    The head of the battery's queue of the salvo only moves forward, past threats that the battery
    can never engage again.
    """
    battery, window = state.batteries[pairing.battery], state.windows[pairing.window]
    first, at_head, again = state.salvos[window.salvo].first, True, window.again
    first += pairing.first_image
    for number in range(pairing.head, window.opened):
        threat = state.threats[at(first + number)]
        slack = threat.arrival + window.close_offset - tick
        past = threat.phase == GONE or not is_held(state, threat, battery.layer) or slack < 0
        past = past or (again and not is_seen_in(window, threat))
        fired = fired_at(state, pairing, threat)
        past = past or state.fired[fired] >= battery.max_salvos
        if not past and threat.phase == FREE:
            magazine = magazine_in_time(state, pairing, threat, slack, LOADED, NOW)
            if magazine >= 0:
                return np.int64(threat.code), magazine
            past = magazine_in_time(state, pairing, threat, slack, ANY_ROUNDS, LATER) < 0
            if past and window.passes_left == 0:
                # Drawn times stay the same until the battery fires at the threat, which it never
                # will: the mark spares later searches the draws.
                state.fired[fired] = battery.max_salvos
        if not past:
            at_head = False
        elif at_head:
            pairing.head = number + 1
    return NOBODY, NOBODY


@merged
def _has_rounds(state: "State", pairing: Any, salvo: Any) -> Bool:
    for n in range(pairing.first_preference, pairing.stop_preference):
        if drawable(state.magazines[state.preferences[at(n)]], salvo) > 0:
            return True
    return False


@merged
def best_threat(state: "State", battery: Any, tick: Int) -> Any:
    """The next engagement of a battery: highest priority, then its order, then salvo order.

    Returns the pairing, the magazine and the threat, or NOBODY.
    """
    best, best_magazine, best_threat, best_priority, best_key = NOBODY, NOBODY, NOBODY, 0, FOREVER
    for n in range(battery.first_urgency, battery.stop_urgency):
        pairing = state.pairings[state.urgencies[at(n)]]
        window = state.windows[pairing.window]
        salvo = state.salvos[window.salvo]
        if best >= 0 and salvo.priority < best_priority:
            break
        if pairing.head >= window.opened or not _has_rounds(state, pairing, salvo):
            continue
        code, magazine = _first_in_queue(state, pairing, tick)
        if code < 0:
            continue
        key = state.threats[at(code)].arrival
        key += window.open_offset if battery.by_arrival else window.close_offset
        if key < best_key:
            best, best_magazine, best_threat = np.int64(pairing.code), magazine, code
            best_priority, best_key = salvo.priority, key
    return best, best_magazine, best_threat
