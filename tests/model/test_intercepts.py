"""Meetings and spans of firing in closed form, against dense sampling of random paths."""

import math
import random

import numpy as np
import numpy.typing as npt
import pytest

import leakthrough as lt
from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE, threshold
from leakthrough.model.geometry import Path, Window, paths_of
from leakthrough.model.intercepts import (
    Leg,
    Span,
    distance_at,
    firing_spans,
    legs_of,
    meeting,
    threshold_at,
    varies,
)

CASES = range(400)
SECONDS = 0.01
"""Between two samples."""


def path_and_site(pick: random.Random) -> tuple[Path, lt.Layer]:
    """A path of up to four legs, and a site whose ring it may enter several times."""

    def place() -> tuple[float, float]:
        return 500.0 * pick.randint(-8, 8), 500.0 * pick.randint(-8, 8)

    site = lt.Layer(
        name="L", outer_range=pick.choice([2e3, 4e3]), inner_range=500.0, position=place()
    )
    scenario = lt.Scenario(
        name="s",
        threats=[lt.Threat(name="t", speed=pick.choice([40.0, 100.0, 300.0]))],
        salvos=[
            lt.Salvo(
                name="s",
                threat="t",
                count=1,
                arrival=lt.At(time=0.0),
                route=[place() for _ in range(pick.randint(1, 4))],
            )
        ],
        layers=[site],
    )
    return paths_of(scenario)[0], site


def distances(
    path: Path, site: lt.Layer, seconds: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Distances at times, by interpolation between the corners of the path."""
    ends = [leg.end for leg in path.legs]
    corners = np.array([path.at(0.0), *ends])
    flown = np.append(0.0, np.cumsum(np.hypot(*np.diff(corners, axis=0).T))) / path.speed
    x, y = (np.interp(seconds, flown, own) for own in corners.T)
    found: npt.NDArray[np.float64] = np.hypot(x - site.position[0], y - site.position[1])
    return found


def sampled(path: Path) -> npt.NDArray[np.float64]:
    return np.arange(0.0, path.length / path.speed, SECONDS)


@pytest.mark.parametrize("number", CASES)
def test_a_meeting_is_the_earliest(number: int) -> None:
    pick = random.Random(number)  # noqa: S311
    path, site = path_and_site(pick)
    legs, times = legs_of(path), sampled(path)
    if times.size < 10:
        return
    speed, end = pick.choice([30.0, 40.0, 100.0, 250.0, 900.0]), path.duration
    launch = pick.choice(times.tolist())
    found = meeting(legs, *site.position, speed / TICKS_A_SECOND, round(launch * 1e6), end)
    apart = distances(path, site, times)
    for time, distance in zip(times[::50], apart[::50], strict=True):
        assert distance_at(legs, *site.position, time * 1e6) == pytest.approx(distance, abs=1e-3)
    reached = (times >= launch) & (apart <= speed * (times - launch))
    first = times[reached.argmax()] if reached.any() else math.inf
    if first < path.length / path.speed - 2 * SECONDS:
        assert first - SECONDS - 1e-5 <= found / 1e6 <= first + 1e-5
    elif found < end - 3 * SECONDS * 1e6:
        assert not reached.any()
        # Between two samples the rounds touched the threat, which then got away again.
        where = distance_at(legs, *site.position, float(found))
        assert where == pytest.approx(speed * (found / 1e6 - launch), abs=1e-2)


def chance(pick: random.Random) -> lt.ByDistance:
    number = pick.choice([1, 2, 4])
    nodes = sorted(pick.sample([0.0, 500.0, 1e3, 2e3, 3e3, 4e3], number))
    chances = [pick.choice([0.0, 0.2, 0.5, 0.9]) for _ in nodes]
    return lt.ByDistance(distance=nodes, probability=chances)


def is_allowed(
    gun: lt.Interceptor, level: float, time: int, window: Window, legs: list[Leg], site: lt.Layer
) -> tuple[bool, float]:
    """Whether rounds may be launched (or hit) at a time, and how far from the level that is."""
    hit = time
    if gun.speed is not None:
        speed, late = gun.speed / TICKS_A_SECOND, window.closing + TICKS_A_SECOND
        hit = meeting(legs, *site.position, speed, time, late)
    distance, own = distance_at(legs, *site.position, float(hit)), gun.kill_probability["t"]
    assert isinstance(own, lt.ByDistance)
    nodes = [p for p in own.probability if isinstance(p, float)]
    value = float(np.interp(distance, own.distance, nodes))
    margin = min(abs(value - level), abs(window.closing - hit) / 1e6)
    return hit <= window.closing and value > level, margin


def spans(number: int) -> tuple[int, int]:
    """Compare the spans of a case with single times; return how many of these are allowed."""
    pick = random.Random(number)  # noqa: S311
    path, site = path_and_site(pick)
    legs, seen, allowed = legs_of(path), 0, 0
    fields = {"speed": pick.choice([30.0, 40.0, 100.0, 250.0, 900.0])} if number % 3 else {}
    gun = lt.Interceptor(name="g", kill_probability={"t": chance(pick)}, **fields)
    level = pick.choice([0.0, 0.1, 0.3])
    assert varies(gun, "t")
    for window in path.windows(site):
        found = firing_spans(path, site, window, gun, level)
        assert found == sorted(found)
        assert all(first <= last for first, last in found)
        for _ in range(100):
            time = pick.randint(window.opening, window.closing)
            expected, margin = is_allowed(gun, level, time, window, legs, site)
            if margin > 1e-4:
                inside = any(first <= time <= last for first, last in found)
                assert inside == expected, (number, time, window, found)
                seen, allowed = seen + 1, allowed + expected
    return seen, allowed


def test_spans_of_firing() -> None:
    seen, allowed = np.sum([spans(number) for number in CASES], axis=0)
    assert seen > 20_000
    assert 0.2 < allowed / seen < 0.8


def test_a_ring_with_a_speed_by_hand() -> None:
    """A threat of 100 m/s from 10 km straight at the site, interceptors of 300 m/s."""
    scenario = lt.Scenario(
        name="ring",
        threats=[lt.Threat(name="t", speed=100.0)],
        salvos=[lt.Salvo(name="s", threat="t", count=1, arrival=lt.At(time=0.0))],
        layers=[lt.Layer(name="L", outer_range=10e3, inner_range=4e3)],
    )
    (path,), (site,) = paths_of(scenario), scenario.sites
    (window,) = path.windows(site)
    gun = lt.Interceptor(name="g", kill_probability={"t": 0.5}, speed=300.0)
    # Launched at the opening, they meet at 7.5 km after 25 s; the last launch that meets the
    # threat at 4 km, after 60 s, is 4000 / 300 s before it.
    assert meeting(legs_of(path), 0.0, 0.0, 300e-6, 0, window.closing) == 25_000_000
    last = math.floor((60.0 - 4000.0 / 300.0) * 1e6)
    assert firing_spans(path, site, window, gun, 0.0) == [Span(0, last)]
    far = lt.ByDistance(distance=[5e3, 9e3], probability=[0.8, 0.0])
    gun = lt.Interceptor(name="g", kill_probability={"t": far}, flight_time=1.0)
    # .4 at 7 km, which is reached after 30 s.
    assert firing_spans(path, site, window, gun, 0.4) == [Span(30_000_000, 60_000_000)]


def test_thresholds_between_distances() -> None:
    nodes, limits = [100.0, 200.0], [threshold(0.8), threshold(0.2)]
    found = [threshold_at(nodes, limits, d) / WORD_RANGE for d in (0.0, 100.0, 150.0, 200.0, 1e6)]
    assert found == pytest.approx([0.8, 0.8, 0.5, 0.2, 0.2])
