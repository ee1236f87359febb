"""The next engagement of a layer: which of its batteries fires first, and at which threat.

No engagement was possible before an event. So a battery that got a channel or rounds, or whose next
launch became allowed, may take any threat, and other batteries only the threat that became
available. If a pool was full until this event, each of its batteries may take any threat, in all
layers; since one channel returned, the first of them that fires fills the pool again. So there is
at most one engagement at the threat that became available, and one by the others together, in
whatever order: it is enough to search anew after each shot.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    FOREVER,
    FREE,
    KILL_PROBABILITY,
    LEAST_LOADED,
    LOADED,
    MOST_ROUNDS,
    NOBODY,
    NOW,
    OF_THE_MEAN,
)
from leakthrough.engine.kernel.assignment import (
    best_battery,
    best_threat,
    has_channel,
    magazine_in_time,
)
from leakthrough.engine.kernel.channels import channels_in_use
from leakthrough.engine.kernel.compiling import Int, compiled, inlined
from leakthrough.engine.kernel.draws import at
from leakthrough.engine.kernel.engagement import draw_engagement, threshold_then
from leakthrough.engine.kernel.launches import may_launch_at_any
from leakthrough.engine.kernel.lookup import fired_at, image_of, is_held, window_of
from leakthrough.engine.kernel.state_pointer import has_rules, seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def _mean_threshold(state: "State", pairing: Any, magazine: Any, threat: Any, tick: Int) -> Int:
    """Threshold of the mean kill probability of a shot, at its intercept."""
    battery, salvo = state.batteries[pairing.battery], state.salvos[threat.salvo]
    chance = state.kill_chances[at(magazine.first_kill + salvo.threat)]
    if chance.first_distance == chance.stop_distance:
        return np.int64(chance.mean_threshold if chance.table >= 0 else chance.threshold)
    to_kill = magazine.to_kill
    if battery.random:
        to_kill, _, _ = draw_engagement(state, pairing, magazine, threat, tick)
    return np.int64(threshold_then(state, battery, chance, threat, tick + to_kill, OF_THE_MEAN))


@compiled
def _shot_at(state: "State", window: Any, battery: Any, threat: Any, tick: Int) -> Any:
    """Pairing and magazine with which a battery can engage one threat now; or NOBODY."""
    slack = threat.arrival + window.close_offset - tick
    for n in range(window.first_pairing, window.stop_pairing):
        pairing = state.pairings[at(n)]
        if pairing.battery != battery.code:
            continue
        if state.fired[fired_at(state, pairing, threat)] >= battery.max_salvos:
            break
        magazine = magazine_in_time(state, pairing, threat, slack, LOADED, NOW)
        if magazine < 0:
            break
        return np.int64(n), magazine
    return NOBODY, NOBODY


@compiled
def _rank_of(layer: Any, battery: Any) -> Any:
    """Rank of a battery in its layer as numerator and denominator; the smallest is asked first."""
    if layer.selection == MOST_ROUNDS:
        return -battery.ready, 1
    if layer.selection == LEAST_LOADED:
        return channels_in_use(battery), battery.channels
    return 0, 1


@seldom((NOBODY, NOBODY, NOBODY))
def _first_asked(state: "State", layer: Any, freed: Int, code: Int, tick: Int) -> Any:
    """`next_shot` of a layer with a selection, or with batteries that share or wait.

    Of equal batteries the first listed comes first.
    """
    best, best_magazine, best_threat_code = NOBODY, NOBODY, code
    best_rank, best_of = FOREVER, 1
    if state.windows.size == 0:
        return best, best_magazine, best_threat_code
    available, window = False, state.windows[at(0)]
    if code >= 0:
        threat = image_of(state, layer, code)
        available = threat.phase == FREE and is_held(state, threat, layer.code)
        if available:
            window = window_of(state, threat, np.int64(layer.code))
    for b in range(layer.first_battery, state.batteries.size):
        battery = state.batteries[at(b)]
        if battery.layer != layer.code:
            break
        if battery.ready == 0 or not has_channel(battery):
            continue
        if battery.interval > 0 and not may_launch_at_any(state, battery, tick):
            continue
        rank, of = _rank_of(layer, battery)
        if best >= 0 and layer.selection != KILL_PROBABILITY and rank * best_of >= best_rank * of:
            continue
        shot, magazine, target = NOBODY, NOBODY, code
        returned = state.raid[0].returned
        if b == freed or (returned >= 0 and battery.pool == returned):
            shot, magazine, target = best_threat(state, battery, tick)
        elif available:
            threat = image_of(state, layer, code)
            shot, magazine = _shot_at(state, window, battery, threat, tick)
        if shot < 0:
            continue
        if layer.selection == KILL_PROBABILITY:
            pairing, used = state.pairings[at(shot)], state.magazines[at(magazine)]
            threat = image_of(state, layer, target)
            rank = -_mean_threshold(state, pairing, used, threat, tick)
            if best >= 0 and rank >= best_rank:
                continue
        best, best_magazine, best_threat_code = shot, magazine, target
        best_rank, best_of = rank, of
    return best, best_magazine, best_threat_code


@inlined
def next_shot(state: "State", layer: Any, freed: Int, code: Int, tick: Int) -> Any:
    """The next engagement of a layer: pairing, magazine and threat; NOBODY if there is none.

    `freed` is the battery that may take any threat, and `code` the threat that became available.
    """
    if has_rules(state) and layer.asks:
        return _first_asked(state, layer, freed, code, tick)
    shot, magazine = NOBODY, NOBODY
    if code >= 0:
        threat = image_of(state, layer, code)
        if threat.phase == FREE and is_held(state, threat, layer.code):
            window = window_of(state, threat, np.int64(layer.code))
            shot, magazine = best_battery(state, window, threat, tick, freed)
    if freed < 0:
        return shot, magazine, code
    free = state.batteries[at(freed)]
    if free.layer != layer.code or not has_channel(free) or free.ready == 0:
        return shot, magazine, code
    if shot >= 0:
        battery = state.batteries[state.pairings[at(shot)].battery]
        if battery.ready > free.ready or (battery.ready == free.ready and battery.code < freed):
            return shot, magazine, code
    own, own_magazine, own_threat = best_threat(state, free, tick)
    if own >= 0:
        return own, own_magazine, own_threat
    return shot, magazine, code
