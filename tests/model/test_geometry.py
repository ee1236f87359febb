"""Windows of paths: worked out by hand, and compared with the path itself.

Paths of the cases by hand run along the x axis at 100 m/s.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from placed_pairs import check, scenario_of, trial

import leakthrough as lt
from leakthrough.model.discrete import ticks
from leakthrough.model.geometry import Path, paths_of

Point = tuple[float, float]
Turn = Callable[[float, float], Point]
TURNS: list[Turn] = [
    lambda x, y: (x + 7e6, y - 3e6),
    lambda x, y: (-x, y),
    lambda x, y: (y, x),
    lambda x, y: (-y, -x),
    lambda x, y: (0.6 * x - 0.8 * y, 0.8 * x + 0.6 * y),
]
TRIALS = 800
"""Of 25 pairs each."""


def path_of(
    rings: Sequence[tuple[Point, float, float]] = (),
    target: Point = (0.0, 0.0),
    speed: float = 100.0,
    **fields: Any,
) -> tuple[Path, list[list[tuple[float, float]]]]:
    """A path, and its windows in seconds for each ring: a position, an outer and an inner range."""
    centres, outer, inner = (np.array([ring[n] for ring in rings]) for n in range(3))
    own = scenario_of(np.array(target), centres, outer, inner, speed, **fields)
    (path,) = paths_of(own)
    return path, [[(w.opening / 1e6, w.closing / 1e6) for w in path.windows(s)] for s in own.layers]


def windows(
    route: Sequence[Point], target: Point, position: Point, outer: float, inner: float = 0.0
) -> list[tuple[float, float]]:
    """Windows in seconds of one ring along a route."""
    return path_of([(position, outer, inner)], target, route=list(route))[1][0]


# ---------------------------------------------------------------- without the closed form


def test_windows_are_what_is_in_reach_of_random_rings(offset: int) -> None:
    rng, seen = np.random.default_rng(1 + offset), Counter[str]()
    for _ in range(TRIALS):
        seen += check(trial(rng))
    assert seen["pairs"] == 20_000
    assert all(seen[f"passes: {n}"] >= 500 for n in (0, 1, 2, 3, 4))
    assert seen["dead zones between passes"] >= 2_000
    assert seen["windows of length 0"] >= 2_000
    assert seen["samples in reach"] >= 500_000


# ---------------------------------------------------------------- one pass, two passes


@pytest.mark.parametrize(
    ("route", "target", "position", "outer", "inner", "expected"),
    [
        # Straight through; the path begins inside, or ends inside, or both.
        ([(-5e3, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 0.0, [(40.0, 60.0)]),
        ([(-5e3, 600.0)], (5e3, 600.0), (0.0, 0.0), 1e3, 0.0, [(42.0, 58.0)]),
        ([(-500.0, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 0.0, [(0.0, 15.0)]),
        ([(-5e3, 0.0)], (500.0, 0.0), (0.0, 0.0), 1e3, 0.0, [(40.0, 55.0)]),
        ([(-500.0, 0.0)], (500.0, 0.0), (0.0, 0.0), 1e3, 0.0, [(0.0, 10.0)]),
        # It misses the ring, or ends before it, or begins after it.
        ([(-5e3, 2e3)], (5e3, 2e3), (0.0, 0.0), 1e3, 0.0, []),
        ([(-5e3, 0.0)], (-2e3, 0.0), (0.0, 0.0), 1e3, 0.0, []),
        ([(2e3, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 0.0, []),
        # It ends or begins on the outer edge.
        ([(-5e3, 0.0)], (-1e3, 0.0), (0.0, 0.0), 1e3, 0.0, [(40.0, 40.0)]),
        ([(1e3, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 0.0, [(0.0, 0.0)]),
        # A dead zone: crossed through its centre and aside of it, entered, left, flown within.
        ([(-5e3, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 500.0, [(40.0, 45.0), (55.0, 60.0)]),
        ([(-5e3, 600.0)], (5e3, 600.0), (0.0, 0.0), 1e3, 1e3, [(42.0, 42.0), (58.0, 58.0)]),
        ([(-5e3, 0.0)], (0.0, 0.0), (0.0, 0.0), 1e3, 500.0, [(40.0, 45.0)]),
        ([(0.0, 0.0)], (5e3, 0.0), (0.0, 0.0), 1e3, 500.0, [(5.0, 10.0)]),
        ([(-400.0, 0.0)], (400.0, 0.0), (0.0, 0.0), 1e3, 500.0, []),
        ([(-700.0, 0.0)], (700.0, 0.0), (0.0, 0.0), 1e3, 500.0, [(0.0, 2.0), (12.0, 14.0)]),
        # It ends or begins on the inner edge.
        ([(-400.0, 0.0)], (500.0, 0.0), (0.0, 0.0), 1e3, 500.0, [(9.0, 9.0)]),
        ([(-500.0, 0.0)], (400.0, 0.0), (0.0, 0.0), 1e3, 500.0, [(0.0, 0.0)]),
        # Ranges 0: only the position itself is in reach.
        ([(-5e3, 0.0)], (5e3, 0.0), (0.0, 0.0), 0.0, 0.0, [(50.0, 50.0)]),
        ([(-5e3, 0.0)], (0.0, 0.0), (0.0, 0.0), 0.0, 0.0, [(50.0, 50.0)]),
        ([(-5e3, 1.0)], (5e3, 1.0), (0.0, 0.0), 0.0, 0.0, []),
    ],
)
def test_straight_paths(
    route: list[Point],
    target: Point,
    position: Point,
    outer: float,
    inner: float,
    expected: list[tuple[float, float]],
) -> None:
    assert windows(route, target, position, outer, inner) == expected
    # The same anywhere, from every side, and mirrored.
    for turn in TURNS:
        moved = [turn(*point) for point in route]
        found = windows(moved, turn(*target), turn(*position), outer, inner)
        assert len(found) == len(expected)
        for one, own in zip(found, expected, strict=True):
            assert one == pytest.approx(own, abs=2e-6)


@pytest.mark.parametrize(
    ("route", "target", "expected"),
    [
        # A corner in reach: one window over two legs.
        ([(-3e3, 0.0), (0.0, 0.0)], (0.0, 3e3), [(20.0, 40.0)]),
        # It turns back out of reach: two passes; and in reach: one.
        ([(-3e3, 0.0), (3e3, 0.0)], (-3e3, 0.0), [(20.0, 40.0), (80.0, 100.0)]),
        ([(-3e3, 0.0), (0.0, 0.0)], (-3e3, 0.0), [(20.0, 40.0)]),
        # It turns back on the edge, from outside and from inside.
        ([(-3e3, 0.0), (-1e3, 0.0)], (-3e3, 0.0), [(20.0, 20.0)]),
        ([(0.0, 0.0), (1e3, 0.0)], (0.0, 0.0), [(0.0, 20.0)]),
        # Three passes.
        ([(-2e3, 0.0), (2e3, 0.0), (-2e3, 0.0)], (0.0, 0.0), [(10, 30), (50, 70), (90, 100)]),
        # Repeated points have no effect, in reach and out of it, at the start and at the end.
        (
            [(-3e3, 0.0)] * 2 + [(-2e3, 0.0)] * 3 + [(0.0, 0.0)] * 3 + [(3e3, 0.0)],
            (3e3, 0.0),
            [(20.0, 40.0)],
        ),
        ([(-3e3, 0.0), (0.0, 0.0), (0.0, 0.0)], (0.0, 0.0), [(20.0, 30.0)]),
        # A path without length, in reach, on the edge, and out of reach.
        ([(500.0, 0.0)], (500.0, 0.0), [(0.0, 0.0)]),
        ([(0.0, 1e3)] * 3, (0.0, 1e3), [(0.0, 0.0)]),
        ([(600.0, 800.0)], (600.0, 800.0), [(0.0, 0.0)]),
        ([(0.0, 1001.0)], (0.0, 1001.0), []),
    ],
)
def test_routes(route: list[Point], target: Point, expected: list[tuple[float, float]]) -> None:
    assert windows(route, target, (0.0, 0.0), 1e3) == expected


def test_a_path_without_length_in_a_dead_zone() -> None:
    assert windows([(0.0, 100.0)], (0.0, 100.0), (0.0, 0.0), 1e3, 500.0) == []
    assert windows([(0.0, 500.0)], (0.0, 500.0), (0.0, 0.0), 1e3, 500.0) == [(0.0, 0.0)]


def test_a_corner_in_a_dead_zone() -> None:
    found = windows([(-3e3, 0.0), (0.0, 0.0)], (0.0, 3e3), (0.0, 0.0), 1e3, 400.0)
    assert found == [(20.0, 26.0), (34.0, 40.0)]


# ---------------------------------------------------------------- tangents


@pytest.mark.parametrize("gap", [-1e-9, 0.0, 1e-9, 5e-7])
def test_a_path_that_touches_the_outer_edge_has_a_window_of_length_0(gap: float) -> None:
    aside = 1e3 + gap
    ((opening, closing),) = windows([(-5e3, aside)], (5e3, aside), (0.0, 0.0), 1e3)
    assert opening == pytest.approx(50.0, abs=1e-4)
    assert closing - opening == pytest.approx(2 * math.sqrt(2e3 * max(-gap, 0.0)) / 100, abs=2e-6)


def test_a_path_that_misses_the_outer_edge_has_no_window() -> None:
    assert windows([(-5e3, 1e3 + 2e-6)], (5e3, 1e3 + 2e-6), (0.0, 0.0), 1e3) == []


@pytest.mark.parametrize("gap", [0.0, 1e-3, -1e-9, -5e-7])
def test_a_path_that_touches_the_inner_edge_has_no_gap(gap: float) -> None:
    aside = 600.0 + gap
    ((opening, closing),) = windows([(-5e3, aside)], (5e3, aside), (0.0, 0.0), 1e3, 600.0)
    assert (opening, closing) == pytest.approx((42.0, 58.0), abs=1e-4)


def test_a_path_through_the_edge_of_the_dead_zone_has_a_gap() -> None:
    aside = 600.0 - 2e-6
    first, second = windows([(-5e3, aside)], (5e3, aside), (0.0, 0.0), 1e3, 600.0)
    half = math.sqrt(600.0**2 - aside**2) / 100
    assert first == pytest.approx((42.0, 50.0 - half), abs=1e-5)
    assert second == pytest.approx((50.0 + half, 58.0), abs=1e-5)


def test_two_tangents_of_a_ring_without_width_are_one_window() -> None:
    assert windows([(-5e3, 1e3)], (5e3, 1e3), (0.0, 0.0), 1e3, 1e3) == [(50.0, 50.0)]


def test_a_corner_on_the_edge_does_not_cut_a_window() -> None:
    # The corner is at a distance of 1000 m from the position; both legs are chords of the ring.
    found = windows([(-1e3, 0.0), (600.0, 800.0)], (1e3, 0.0), (0.0, 0.0), 1e3)
    length = math.hypot(1.6e3, 800.0) + math.hypot(400.0, 800.0)
    assert found == [pytest.approx((0.0, length / 100), abs=2e-6)]


def test_passes_with_less_than_a_tick_between_them_are_one() -> None:
    fast, dead = 1e5, 0.04  # 0.8 ticks
    _, found = path_of([((0.0, 0.0), 1e3, dead)], (5e3, 0.0), fast, route=[(-5e3, 0.0)])
    assert found == [[(0.04, 0.06)]]
    _, found = path_of([((0.0, 0.0), 1e3, 2.0)], (5e3, 0.0), fast, route=[(-5e3, 0.0)])
    assert found == [[(0.04, 0.04998), (0.05002, 0.06)]]


# ---------------------------------------------------------------- bearings


@pytest.mark.parametrize(
    ("bearing", "expected"),
    [
        (0.0, (0.0, 5e3)),
        (90.0, (5e3, 0.0)),
        (180.0, (0.0, -5e3)),
        (270.0, (-5e3, 0.0)),
        (360.0, (0.0, 5e3)),
    ],
)
def test_bearings_along_the_axes_are_exact(bearing: float, expected: Point) -> None:
    path, _ = path_of(bearing=bearing, start_range=5e3)
    assert path.at(0.0) == expected
    assert path.at(25.0) == (expected[0] / 2, expected[1] / 2)
    assert path.at(50.0) == path.at(1e9) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("bearing", "east", "north"),
    [
        (30.0, 0.5, math.sqrt(0.75)),
        (45.0, math.sqrt(0.5), math.sqrt(0.5)),
        (120.0, math.sqrt(0.75), -0.5),
        (225.0, -math.sqrt(0.5), -math.sqrt(0.5)),
        (300.0, -math.sqrt(0.75), 0.5),
    ],
)
def test_bearings_are_clockwise_from_north(bearing: float, east: float, north: float) -> None:
    path, _ = path_of(target=(2e3, -7e3), bearing=bearing, start_range=1e4)
    assert path.at(0.0) == pytest.approx((2e3 + 1e4 * east, -7e3 + 1e4 * north), abs=1e-8)


def test_a_bearing_is_the_route_from_there() -> None:
    rings = [((300.0, 2e3), 1.5e3, 0.0), ((0.0, 3e3), 1e3, 500.0), ((4e3, 0.0), 1e3, 0.0)]
    _, by_bearing = path_of(rings, bearing=0.0, start_range=9e3)
    _, by_route = path_of(rings, route=[(0.0, 9e3)])
    assert by_bearing == by_route
    assert [len(found) for found in by_bearing] == [1, 2, 0]


# ---------------------------------------------------------------- where a straight path starts


@pytest.mark.parametrize(
    ("rings", "expected"),
    [
        ([], 0.0),
        ([((0.0, 0.0), 3e3, 1e3)], 3e3),
        ([((0.0, 0.0), 3e3, 1e3), ((2e3, 0.0), 1e3, 1e3)], 3e3),
        ([((0.0, 0.0), 3e3, 1e3), ((2e3, 600.0), 2e3, 1e3)], 2e3 + math.sqrt(4e6 - 36e4)),
        # A layer that the path does not meet, or only behind the target, has no effect.
        ([((0.0, 0.0), 3e3, 1e3), ((9e3, 2e3), 1e3, 0.0)], 3e3),
        ([((-9e3, 0.0), 1e3, 0.0)], 0.0),
        ([((-500.0, 0.0), 1e3, 0.0)], 500.0),
        # It is touched.
        ([((9e3, 1e3), 1e3, 0.0)], 9e3),
    ],
)
def test_start_range_is_where_the_path_first_comes_into_reach(
    rings: list[tuple[Point, float, float]], expected: float
) -> None:
    path, found = path_of(rings, bearing=90.0)
    assert path.length == pytest.approx(expected, abs=1e-6)
    assert path.duration == pytest.approx(expected * 1e4, abs=1)
    if expected > 0:
        assert min(own[0][0] for own in found if own) == 0.0
    moved = [((x + 7e3, y - 2e3), outer, inner) for (x, y), outer, inner in rings]
    path, again = path_of(moved, target=(7e3, -2e3), bearing=90.0)
    assert path.length == pytest.approx(expected, abs=1e-6)
    assert again == found


def test_start_range_is_the_largest_distance_of_random_rings(offset: int) -> None:
    rng = np.random.default_rng(2 + offset)
    for _ in range(500):
        target, bearing = rng.uniform(-4e3, 4e3, 2), rng.uniform(0.0, 360.0)
        centres, outer = rng.uniform(-4e3, 4e3, (4, 2)), rng.uniform(0.0, 3e3, 4)
        own = scenario_of(target, centres, outer, outer / 2, 50.0, bearing=bearing)
        (path,) = paths_of(own)
        angle = math.radians(bearing)
        distances = np.linspace(0.0, 12e3, 12_001)
        line = target + distances[:, None] * (math.sin(angle), math.cos(angle))
        reached = (np.hypot(*(line[:, None] - centres).T) <= outer[:, None]).any(0)
        farthest = distances[reached].max(initial=0.0)
        assert farthest <= path.length + 1e-6
        edge = target + path.length * np.array([math.sin(angle), math.cos(angle)])
        beyond = np.hypot(*(edge - centres).T) - outer
        assert path.length == 0.0 or np.abs(beyond).min() <= 1e-6


def test_start_range_counts_only_the_reach_of_the_threat() -> None:
    layers = [
        lt.Layer(name="far", outer_range={"slow": 9e3}),
        lt.Layer(name="near", outer_range={"slow": 2e3, "fast": 3e3}, inner_range={"fast": 1e3}),
    ]
    own = lt.Scenario(
        name="two classes",
        threats=[lt.Threat(name=name, speed=100.0) for name in ("slow", "fast", "other")],
        salvos=[
            lt.Salvo(name=name, threat=name, count=1, arrival=lt.At(time=0.0))
            for name in ("slow", "fast", "other")
        ],
        layers=layers,
    )
    slow, fast, other = paths_of(own)
    assert (slow.length, fast.length, other.length) == (9e3, 3e3, 0.0)
    assert [slow.windows(layer) for layer in layers] == [
        [(0, 90_000_000)],
        [(70_000_000, 9 * 10**7)],
    ]
    assert [fast.windows(layer) for layer in layers] == [[], [(0, 20_000_000)]]
    assert [other.windows(layer) for layer in layers] == [[], []]


# ---------------------------------------------------------------- rings around the target


@pytest.mark.parametrize("position", [(0.0, 0.0), (123.456, -7.89e5)])
@pytest.mark.parametrize("given", [False, True])
def test_rings_around_the_target_have_exactly_the_windows_of_their_ranges(
    position: Point, given: bool, offset: int
) -> None:
    """To the bit: a path to the centre is in reach from the outer to the inner range."""
    rng = np.random.default_rng(3 + offset)
    for _ in range(100):
        outer = rng.uniform(0.0, 10 ** rng.uniform(1.0, 7.0), 6)
        inner = outer * rng.choice([0.0, 1.0, rng.uniform()], 6)
        speed, edge = float(rng.uniform(0.1, 400.0)), float(outer.max())
        fields = {"bearing": float(rng.uniform(0.0, 360.0))} if given else {}
        rings = [(position, *own) for own in zip(outer.tolist(), inner.tolist(), strict=True)]
        own = scenario_of(
            np.array(position), np.array([position] * 6), outer, inner, speed, **fields
        )
        (path,) = paths_of(own)
        assert path.duration == ticks(edge / speed)
        for layer, (_, most, least) in zip(own.layers, rings, strict=True):
            opening = ticks((edge - most) / speed)
            assert path.windows(layer) == [(opening, opening + ticks((most - least) / speed))]
