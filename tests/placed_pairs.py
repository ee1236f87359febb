"""Random pairs of a polyline and a ring, and a check of their windows without the closed form.

A window is right if its part of the path is in reach, and each gap is either farther out than the
outer range or nearer than the inner one. Both are checked by sampling the path densely, and by
distances from points to line segments. `check` raises AssertionError, and returns what it saw.
"""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import leakthrough as lt
from leakthrough.model.geometry import Path, paths_of

Array = npt.NDArray[Any]
RINGS = 25
SAMPLES = 300
TOLERANCE = 1e-6
TICK = 1e-6


class Trial(NamedTuple):
    """A path, and rings around it."""

    points: Array  # (P, 2), in the order of flight
    centres: Array  # (K, 2)
    outer: Array  # (K,)
    inner: Array  # (K,)
    speed: float
    path: Path
    windows: list[list[Any]]  # by ring

    @property
    def marks(self) -> Array:
        """Distance from the start to each point, along the path."""
        lengths = np.hypot(*np.diff(self.points, axis=0).T)
        return np.concatenate([[0.0], np.cumsum(lengths)])

    @property
    def margin(self) -> float:
        """Tolerance, three ticks of flight, and the rounding of coordinates."""
        size = self.marks[-1] + np.abs(self.points).max() + np.abs(self.centres).max()
        return float(TOLERANCE + 3 * TICK * self.speed + 4e-15 * size)

    def at(self, along: Array) -> Array:
        """Positions (..., 2) at distances from the start."""
        marks = self.marks
        if marks[-1] == 0.0:
            return np.broadcast_to(self.points[0], (*along.shape, 2))
        use = np.concatenate([[True], np.diff(marks) > 0.0])
        return np.stack([np.interp(along, marks[use], own) for own in self.points[use].T], axis=-1)


def _points(rng: np.random.Generator, scale: float) -> Array:
    """A polyline that may repeat points, turn back, and have no length."""
    points = rng.uniform(-scale, scale, (rng.integers(2, 7), 2))
    if rng.random() < 0.5:
        points = np.round(points * 8.0 / scale) * (scale / 8.0)
    if rng.random() < 0.3:
        points = np.repeat(points, rng.integers(1, 4, len(points)), axis=0)
    if rng.random() < 0.3:
        points = np.concatenate([points, points[-2::-1]])
    if rng.random() < 0.05:
        points = np.repeat(points[:1], 3, axis=0)
    return points


def _to_line(points: Array, ends: Array, starts: Array) -> Array:
    """Distances of points from the lines through pairs of points."""
    across = ends - starts
    offset = points - starts
    length = np.hypot(*across.T)
    aside = np.abs(offset[:, 0] * across[:, 1] - offset[:, 1] * across[:, 0])
    return np.where(length > 0.0, aside / np.where(length > 0.0, length, 1.0), 0.0)


def _rings(rng: np.random.Generator, points: Array, scale: float) -> tuple[Array, Array, Array]:
    """Rings with centres on the path and off it, whose edges go through its points or touch it."""
    leg = rng.integers(len(points) - 1, size=RINGS)
    starts, ends = points[leg], points[leg + 1]
    anywhere = rng.uniform(-scale, scale, (RINGS, 2))
    grid = np.round(anywhere * 8.0 / scale) * (scale / 8.0)
    centres = np.choose(
        rng.integers(5, size=RINGS)[:, None],
        [anywhere, grid, starts, (starts + ends) / 2.0, anywhere],
    )
    at_point, touching = np.hypot(*(ends - centres).T), _to_line(centres, ends, starts)
    some = rng.uniform(0.0, scale, RINGS)
    outer = np.choose(
        rng.integers(8, size=RINGS),
        [some, some, some, some, at_point, touching, np.round(some), np.zeros(RINGS)],
    )
    outer = np.minimum(outer, 2e7)
    share = rng.uniform(0.0, 1.0, RINGS)
    inner = np.choose(
        rng.integers(7, size=RINGS),
        [np.zeros(RINGS), share * outer, share * outer, outer, at_point, touching, share * 1e-3],
    )
    return centres, outer, np.minimum(inner, outer)


def trial(rng: np.random.Generator) -> Trial:
    """Return a random trial: a route, or a straight path from a bearing."""
    scale = float(rng.choice([1.0, 4e3, 4e3, 1e5, 2e7]))
    speed = float(rng.choice([0.1, 0.1, 50.0, 333.0, 1e4]))
    points = _points(rng, scale)
    centres, outer, inner = _rings(rng, points, scale)
    fields: dict[str, Any] = {"route": points[:-1].tolist()}
    if rng.random() < 0.3:
        fields = {"bearing": float(rng.choice([0.0, 90.0, 180.0, 270.0, rng.uniform(0, 360)]))}
        if rng.random() < 0.5:
            fields["start_range"] = float(rng.uniform(0.0, scale))
    own = scenario_of(points[-1], centres, outer, inner, speed, **fields)
    (path,) = paths_of(own)
    if "bearing" in fields:
        angle = np.radians(fields["bearing"])
        start = points[-1] + path.length * np.array([np.sin(angle), np.cos(angle)])
        points = np.stack([start, points[-1]])
    windows = [path.windows(layer) for layer in own.layers]
    return Trial(points, centres, outer, inner, speed, path, windows)


def scenario_of(
    target: Array, centres: Array, outer: Array, inner: Array, speed: float, **fields: Any
) -> lt.Scenario:
    """Return a scenario of one salvo that aims at a position, and one layer for each ring."""
    return lt.Scenario(
        name="rings",
        threats=[lt.Threat(name="t", speed=speed)],
        salvos=[
            lt.Salvo(
                name="s", threat="t", count=1, arrival=lt.At(time=0.0), target="asset", **fields
            )
        ],
        layers=[
            lt.Layer(name=f"layer {n}", position=position, outer_range=most, inner_range=least)
            for n, (position, most, least) in enumerate(
                zip(centres.tolist(), outer.tolist(), inner.tolist(), strict=True)
            )
        ],
        assets=[lt.Asset(name="asset", position=target.tolist())],
    )


def _extremes(own: Trial, ring: Array, start: Array, stop: Array) -> tuple[Array, Array]:
    """Least and largest distance from the centres of rings, on parts of the path."""
    marks, least, most = own.marks, np.full(len(ring), np.inf), np.zeros(len(ring))
    for n in range(len(marks) - 1):
        low, high = np.maximum(start, marks[n]), np.minimum(stop, marks[n + 1])
        ends = own.at(np.stack([low, high])) - own.centres[ring]
        across = ends[1] - ends[0]
        square = (across**2).sum(-1)
        share = -(ends[0] * across).sum(-1) / np.where(square > 0.0, square, 1.0)
        foot = ends[0] + np.clip(share, 0.0, 1.0)[:, None] * across
        on = low <= high
        least = np.where(on, np.minimum(least, np.hypot(*foot.T)), least)
        most = np.where(on, np.maximum(most, np.hypot(*ends.T).max(1)), most)
    return least, most


def check(own: Trial) -> Counter[str]:
    """Check the windows of a trial."""
    seen = Counter(pairs=len(own.windows))
    flat = [(n, w.opening, w.closing) for n, found in enumerate(own.windows) for w in found]
    ring, opening, closing = np.array(flat, np.int64).reshape(-1, 3).T
    duration = own.path.duration
    assert abs(duration * TICK * own.speed - own.marks[-1]) <= own.margin
    assert np.all((opening >= 0) & (opening <= closing) & (closing <= duration + 1))
    same = ring[1:] == ring[:-1]
    assert np.all(opening[1:][same] > closing[:-1][same])
    for found in own.windows:
        seen[f"passes: {min(len(found), 5)}"] += 1
    seen["windows of length 0"] += int(np.sum(opening == closing))
    _check_positions(own)
    _check_samples(own, ring, opening, closing, seen)
    _check_windows(own, ring, opening, closing)
    _check_gaps(own, seen)
    return seen


def _check_positions(own: Trial) -> None:
    """The path is where the polyline is, and stays at the target."""
    along = np.linspace(0.0, 1.1 * own.marks[-1], 9)
    found = [own.path.at(distance / own.speed) for distance in along]
    assert np.allclose(found, own.at(along), rtol=0.0, atol=own.margin)


def _check_samples(
    own: Trial, ring: Array, opening: Array, closing: Array, seen: Counter[str]
) -> None:
    """Sampled times are in a window where they are clearly in reach, else clearly not."""
    duration = own.path.duration
    times = np.linspace(0, duration, SAMPLES).astype(np.int64)
    times = np.union1d(times, np.rint(own.marks / own.speed / TICK).astype(np.int64))
    offset = own.at(times * TICK * own.speed) - own.centres[:, None]
    distance = np.hypot(offset[..., 0], offset[..., 1])
    first = np.arange(len(own.centres)) * (duration + 9)
    key = first[:, None] + times
    opened = np.searchsorted(first[ring] + opening, key, "right")
    closed = np.searchsorted(first[ring] + closing, key, "left")
    soon = np.searchsorted(first[ring] + opening, key + 2, "right")  # edges are rounded to ticks
    ended = np.searchsorted(first[ring] + closing, key - 2, "left")
    outer, inner = own.outer[:, None], own.inner[:, None]
    inside = (distance <= outer - own.margin) & (distance >= inner + own.margin)
    outside = (distance >= outer + own.margin) | (distance <= inner - own.margin)
    assert np.all((soon > ended)[inside])
    assert np.all((opened == closed)[outside])
    seen["samples in reach"] += int(inside.sum())
    seen["samples out of reach"] += int(outside.sum())


def _check_windows(own: Trial, ring: Array, opening: Array, closing: Array) -> None:
    """All of a window is in reach."""
    length = own.marks[-1]
    start, stop = np.minimum(np.stack([opening, closing]) * TICK * own.speed, length)
    least, most = _extremes(own, ring, start, stop)
    assert np.all(most <= own.outer[ring] + own.margin)
    assert np.all(least >= own.inner[ring] - own.margin)


def _check_gaps(own: Trial, seen: Counter[str]) -> None:
    """Before, between and after its windows a path is out of reach."""
    # The last window may close up to two ticks before the end of the path.
    length, gaps = own.marks[-1] - 2 * TICK * own.speed, []
    for n, found in enumerate(own.windows):
        edges = [0.0, *(own.speed * TICK * t for w in found for t in w), length]
        gaps += [(n, *gap) for gap in zip(edges[::2], edges[1::2], strict=True)]
    gaps = [gap for gap in gaps if gap[1] < gap[2]]
    ring, start, stop = np.array(gaps).reshape(-1, 3).T
    ring = ring.astype(int)
    least, most = _extremes(own, ring, start, np.minimum(stop, length))
    beyond, within = least >= own.outer[ring] - own.margin, most <= own.inner[ring] + own.margin
    assert np.all(beyond | within)
    between = (start > 0.0) & (stop < length)
    seen["dead zones between passes"] += int((within & ~beyond & between).sum())
    excess = np.maximum(most - own.outer[ring], own.inner[ring] - least)[between]
    seen["gaps of less than 1e-6 m"] += int((excess < TOLERANCE).sum())
