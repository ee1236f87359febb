"""What depends on where a threat is: meetings with it, its distance, and when rounds may be fired.

The same operations, in the same order, as in `leakthrough.model.intercepts`.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import FOREVER, NONE
from leakthrough.engine.kernel.compiling import Bool, Int, compiled
from leakthrough.engine.kernel.draws import U, at
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@seldom(True)
def may_fire(state: "State", reach: Any, time: Int, later: Bool) -> Bool:
    """Whether a magazine may be fired at a time, or, if `later`, at that time or after it."""
    for n in range(reach.first_span, reach.stop_span):
        span = state.spans[at(n)]
        if time <= span.last and (later or time >= span.first):
            return True
    return False


@compiled
def next_span(state: "State", reach: Any, time: Int) -> Int:
    """Ticks from a time until the next span begins; FOREVER if none does."""
    for n in range(reach.first_span, reach.stop_span):
        first = state.spans[at(n)].first
        if first > time:
            return first - time
    return FOREVER


@compiled
def _leg_at(state: "State", salvo: Any, time: float) -> Int:
    n = np.int64(salvo.first_leg)
    while n + 1 < salvo.stop_leg and state.legs[at(n + 1)].start <= time:
        n += 1
    return n


@compiled
def distance_at(state: "State", salvo: Any, x: float, y: float, time: float) -> float:
    """Distance [m] of a threat from a site at a time [ticks from the start of its path]."""
    leg = state.legs[at(_leg_at(state, salvo, time))]
    passed = time - leg.start
    across, up = leg.x + leg.across * passed - x, leg.y + leg.up * passed - y
    return math.sqrt(across * across + up * up)


@seldom(NONE)
def meeting(
    state: "State", salvo: Any, x: float, y: float, speed: float, launch: Int, latest: Int
) -> Int:
    """Tick at which a launch meets the threat, at most `latest`; `speed` in m / tick."""
    for n in range(_leg_at(state, salvo, float(launch)), np.int64(salvo.stop_leg)):
        leg = state.legs[at(n)]
        begin = max(float(launch), leg.start)
        passed, flown = begin - leg.start, speed * (begin - float(launch))
        across, up = leg.x + leg.across * passed - x, leg.y + leg.up * passed - y
        a = leg.across * leg.across + leg.up * leg.up - speed * speed
        b = across * leg.across + up * leg.up - speed * flown
        c = max(across * across + up * up - flown * flown, 0.0)
        root = b * b - a * c
        if root < 0.0 or (a >= 0.0 and b >= 0.0 and c > 0.0):
            continue
        root = math.sqrt(root)
        time = 0.0
        if c > 0.0:
            time = c / (root - b) if b < 0.0 else (b + root) / -a
        met = begin + time
        if n + 1 == salvo.stop_leg or met <= state.legs[at(n + 1)].start:
            return min(max(int(math.floor(met + 0.5)), launch), latest)  # noqa: RUF046
    return latest


@compiled
def _threshold_of(own: Any, mean: Bool) -> Any:
    """Threshold at one of the given distances: as it was drawn, or of its mean."""
    return U(own.mean_threshold) if mean and own.table >= 0 else own.drawn


@compiled
def threshold_at(state: "State", chance: Any, distance: float, mean: Bool) -> Any:
    """Threshold of a kill probability by distance, or of its `mean`."""
    n, first, stop = np.int64(chance.first_distance), chance.first_distance, chance.stop_distance
    while n < stop and state.distances[at(n)].distance < distance:
        n += 1
    if n == first:
        return _threshold_of(state.distances[at(n)], mean)
    before = state.distances[at(n - 1)]
    if n == stop:
        return _threshold_of(before, mean)
    after = state.distances[at(n)]
    low, high = float(_threshold_of(before, mean)), float(_threshold_of(after, mean))
    share = (distance - before.distance) / (after.distance - before.distance)
    return U(int(math.floor(low + (high - low) * share + 0.5)))  # noqa: RUF046
