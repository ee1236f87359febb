"""Where an interceptor meets a threat, and when a battery may launch at it, in closed form.

Times are in ticks from the start of a threat's path. An interceptor with a `speed` flies straight
from the site to where the threat then is. A launch at u meets it at the earliest m with m - d(m) /
c >= u, where d is the distance of the threat from the site and c the speed of the interceptor. So
the time of the meeting rises with that of the launch, and a span of meetings is one of launches.
The kernel computes meetings and distances with the same operations, in the same order.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leakthrough.model.defence import ByDistance, Interceptor, KillProbability, Layer
from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE
from leakthrough.model.distributions import Distribution
from leakthrough.model.geometry import Path, Window, spans_between
from leakthrough.model.quantiles import mean_and_variance, quantile_table


class Leg(NamedTuple):
    """A straight part of a path in time: position [m] and velocity [m / tick] from its start on."""

    start: float
    x: float
    y: float
    across: float
    up: float


class Span(NamedTuple):
    """Ticks from the start of a path, both included."""

    first: int
    last: int


def legs_of(path: Path) -> list[Leg]:
    """The legs of a path in time."""
    pace = path.speed / TICKS_A_SECOND
    found = []
    for leg in path.legs:
        start = (path.length - leg.beyond - leg.length) / pace
        x, y = leg.end[0] + leg.length * leg.back[0], leg.end[1] + leg.length * leg.back[1]
        found.append(Leg(start, x, y, -pace * leg.back[0], -pace * leg.back[1]))
    return found


def _leg_at(legs: Sequence[Leg], time: float) -> int:
    """Index of the leg that a threat flies at a time."""
    n = 0
    while n + 1 < len(legs) and legs[n + 1].start <= time:
        n += 1
    return n


def distance_at(legs: Sequence[Leg], x: float, y: float, time: float) -> float:
    """Distance [m] of a threat from a site at a time."""
    leg = legs[_leg_at(legs, time)]
    passed = time - leg.start
    across, up = leg.x + leg.across * passed - x, leg.y + leg.up * passed - y
    return math.sqrt(across * across + up * up)


def meeting(legs: Sequence[Leg], x: float, y: float, speed: float, launch: int, latest: int) -> int:
    """Tick at which a launch meets the threat, at most `latest`; `speed` in m / tick."""
    for n in range(_leg_at(legs, float(launch)), len(legs)):
        leg = legs[n]
        begin = max(float(launch), leg.start)
        passed, flown = begin - leg.start, speed * (begin - launch)
        across, up = leg.x + leg.across * passed - x, leg.y + leg.up * passed - y
        # The smaller root of a t^2 + 2 b t + c = 0 that is not negative, without cancellation.
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
        if n + 1 == len(legs) or met <= legs[n + 1].start:
            return min(max(math.floor(met + 0.5), launch), latest)
    return latest


def threshold_at(distances: Sequence[float], thresholds: Sequence[int], distance: float) -> int:
    """Threshold of a probability by distance, from those at the given distances."""
    n = 0
    while n < len(distances) and distances[n] < distance:
        n += 1
    if n == 0:
        return thresholds[0]
    if n == len(distances):
        return thresholds[n - 1]
    low, high = float(thresholds[n - 1]), float(thresholds[n])
    share = (distance - distances[n - 1]) / (distances[n] - distances[n - 1])
    return math.floor(low + (high - low) * share + 0.5)


def mean_of(value: float | Distribution) -> float:
    """Mean of a probability as the engines draw it."""
    if isinstance(value, Distribution):
        return mean_and_variance(quantile_table(value, WORD_RANGE), WORD_RANGE)[0]
    return value


def is_fired(value: "KillProbability", fire_above: float) -> bool:
    """Whether a battery may fire at some distance; a distribution is always above 0."""
    if isinstance(value, ByDistance):
        return any(is_fired(own, fire_above) for own in value.probability)
    if isinstance(value, Distribution) and fire_above == 0.0:
        return True
    return mean_of(value) > fire_above


def varies(interceptor: Interceptor, threat: str) -> bool:
    """Whether flight or kill probability depend on where the threat is."""
    by_distance = isinstance(interceptor.kill_probability.get(threat), ByDistance)
    return interceptor.speed is not None or by_distance


def firing_spans(
    path: Path, site: Layer, window: Window, interceptor: Interceptor, fire_above: float
) -> list[Span]:
    """Spans in which a battery may launch at a threat in a window, in order.

    If the interceptor has a speed, they are spans of launches; otherwise of meetings, since the
    time of flight may be drawn.
    """
    chance = interceptor.kill_probability[path.threat]
    meetings = [(float(window.opening), float(window.closing))]
    if isinstance(chance, ByDistance):
        meetings = [*_meetings(path, site, window, chance, fire_above)]
    if interceptor.speed is None:
        found = [(math.ceil(first), math.floor(last)) for first, last in meetings]
    else:
        legs, speed = legs_of(path), interceptor.speed / TICKS_A_SECOND
        found = []
        for first, last in meetings:
            earliest = float(window.opening)
            if first > window.opening:
                earliest = _latest_launch(legs, site, speed, float(window.opening), first)
            latest = _latest_launch(legs, site, speed, float(window.opening), last)
            if latest >= window.opening:
                found.append((math.ceil(max(earliest, float(window.opening))), math.floor(latest)))
    spans: list[Span] = []
    for first, last in found:
        first = max(first, window.opening)
        if spans and first <= spans[-1].last + 1:
            first = spans.pop().first
        if first <= last:
            spans.append(Span(first, last))
    return spans


def _meetings(
    path: Path, site: Layer, window: Window, chance: ByDistance, fire_above: float
) -> Iterator[tuple[float, float]]:
    """Yield the spans of a window in which the kill probability is above a level, in order."""
    pace = path.speed / TICKS_A_SECOND
    found = [
        ((path.length - start) / pace, (path.length - end) / pace)
        for low, high in _distances_above(chance, fire_above)
        for start, end in spans_between(path, site.position, low, high)
    ]
    for first, last in sorted(found):
        first, last = max(first, float(window.opening)), min(last, float(window.closing))
        if first <= last:
            yield first, last


def _distances_above(chance: ByDistance, level: float) -> Iterator[tuple[float, float]]:
    """Yield the intervals of distance in which a probability is above a level, in order."""
    means = [mean_of(own) for own in chance.probability]
    distances = [*chance.distance]
    low = 0.0 if means[0] > level else math.inf
    for n in range(1, len(means)):
        before, after = means[n - 1], means[n]
        if (before > level) != (after > level):
            share = (level - before) / (after - before)
            at = distances[n - 1] + share * (distances[n] - distances[n - 1])
            if after > level:
                low = at
            else:
                yield low, at
    if means[-1] > level:
        yield low, math.inf


def _latest_launch(
    legs: Sequence[Leg], site: Layer, speed: float, opening: float, latest: float
) -> float:
    """The latest launch from an opening on that meets a threat at `latest` or before.

    It is the largest m - d(m) / c; on each leg that is concave, so its maximum is known.
    """
    x, y = site.position
    best = -math.inf
    for n, leg in enumerate(legs):
        begin = max(leg.start, opening)
        end = min(legs[n + 1].start, latest) if n + 1 < len(legs) else latest
        if begin > end:
            continue
        for time in (begin, end, _farthest_chase(leg, x, y, speed)):
            if begin <= time <= end:
                best = max(best, time - distance_at([leg], x, y, time) / speed)
    return best


def _farthest_chase(leg: Leg, x: float, y: float, speed: float) -> float:
    """Time on a leg at which a receding threat is as fast as the interceptor; infinite if never."""
    square = leg.across * leg.across + leg.up * leg.up
    if square <= speed * speed:
        return math.inf
    across, up = leg.x - x, leg.y - y
    nearest = -(across * leg.across + up * leg.up) / square
    aside = abs(across * leg.up - up * leg.across) / math.sqrt(square)
    # The distance is sqrt(aside^2 + v^2 t^2), whose derivative is c at this t after the nearest.
    after = speed * aside / math.sqrt(square * (square - speed * speed))
    return leg.start + nearest + after
