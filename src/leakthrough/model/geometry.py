"""Paths of salvos, and the windows in which a layer has their threats in reach, in closed form.

A path is a polyline that a threat flies at constant speed and that ends at the target. Positions on
it are distances to go along the path, so that a path straight to the centre of a ring is in reach
between the ranges of the ring, without rounding. Both engines use these windows.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from leakthrough.model.defence import Layer
from leakthrough.model.discrete import ticks
from leakthrough.model.places import ORIGIN
from leakthrough.model.scenario import Salvo, Scenario

Vector = tuple[float, float]
TOLERANCE = 1e-6
"""Within this distance [m] a path touches a ring, and two spans are one."""
_FARTHEST = 1e9
"""No two positions are so far apart [m]."""
_ALONG_AXES: dict[float, Vector] = {0.0: (0.0, 1.0), 90.0: (1.0, 0.0), 180.0: (0.0, -1.0)}


class Leg(NamedTuple):
    """A straight part of a path."""

    end: Vector
    back: Vector  # unit vector from the end to the start
    length: float
    beyond: float  # distance from its end to the target, along the path


class Window(NamedTuple):
    """The time in which a layer has a threat in reach, in ticks from the start of its path."""

    opening: int
    closing: int


class Path(NamedTuple):
    """The path of the threats of a salvo.

    Parameters
    ----------
    legs : tuple of Leg
        In the order of flight.
    length : float
        Of all legs [m].
    speed : float
        Of the threats [m/s].
    threat : str
        Their class.
    """

    legs: tuple[Leg, ...]
    length: float
    speed: float
    threat: str

    @property
    def duration(self) -> int:
        """Ticks from the start to the target."""
        return ticks(self.length / self.speed)

    def windows(self, site: Layer) -> list[Window]:
        """Windows of a layer that stands at one position, one for each pass, in order.

        An engagement that lasts exactly as long as the window still fits, since the width is
        rounded by itself.
        """
        outer = site.outer_range_for(self.threat)
        if outer is None:
            return []
        found: list[Window] = []
        for high, low in _spans(self.legs, site.position, outer, site.inner_range_for(self.threat)):
            opening = ticks((self.length - high) / self.speed)
            closing = opening + ticks((high - low) / self.speed)
            if found and opening <= found[-1].closing:
                opening = found.pop().opening
            found.append(Window(opening, closing))
        return found

    def at(self, seconds: float) -> Vector:
        """Position [m] at a time from the start of the path [s]."""
        to_go = max(self.length - seconds * self.speed, 0.0)
        leg = next((leg for leg in self.legs if leg.beyond <= to_go), self.legs[-1])
        left = to_go - leg.beyond
        return leg.end[0] + left * leg.back[0], leg.end[1] + left * leg.back[1]


def spans_between(
    path: Path, position: Vector, low: float, high: float
) -> list[tuple[float, float]]:
    """Spans in which a path is from `low` to `high` [m] away from a position, in order.

    Each with the distances to go at its start and its end; `high` may be infinite.
    """
    return _spans(path.legs, position, min(high, _FARTHEST), low)


def paths_of(scenario: Scenario, salvos: Iterable[Salvo] | None = None) -> list[Path]:
    """The path of each salvo of a scenario, or of other salvos against the same defence."""
    sites, speeds = scenario.sites, {threat.name: threat.speed for threat in scenario.threats}
    targets = _targets(scenario, sites)
    return [
        _path(
            salvo,
            speeds[salvo.threat],
            ORIGIN if salvo.target is None else targets[salvo.target],
            sites,
        )
        for salvo in (scenario.salvos if salvos is None else salvos)
    ]


def _targets(scenario: Scenario, sites: Sequence[Layer]) -> dict[str, Vector]:
    """Positions of everything at which a salvo may aim, by name."""
    batteries = {
        name: site.position
        for site in sites
        for battery in site.batteries
        for name in battery.names
    }
    return batteries | {asset.name: asset.position for asset in scenario.assets}


def _path(salvo: Salvo, speed: float, target: Vector, sites: Sequence[Layer]) -> Path:
    if salvo.route:
        legs = tuple(_legs([*salvo.route, target]))
        return Path(legs, legs[0].beyond + legs[0].length, speed, salvo.threat)
    # Without a bearing all layers stand at the target, and any direction will do.
    back = _direction(0.0 if salvo.bearing is None else salvo.bearing)
    length = salvo.start_range
    if length is None:
        length = max((_farthest(target, back, site, salvo.threat) for site in sites), default=0.0)
    return Path((Leg(target, back, length, 0.0),), length, speed, salvo.threat)


def _legs(points: Sequence[Vector]) -> Iterable[Leg]:
    """Yield the legs of a polyline in the order of flight; those without length are left out."""
    found: list[Leg] = []
    beyond = 0.0
    for start, end in zip(points[-2::-1], points[:0:-1], strict=True):
        across, up = start[0] - end[0], start[1] - end[1]
        length = math.hypot(across, up)
        back = (across / length, up / length) if length > 0.0 else (0.0, 1.0)
        if length > 0.0 or not found:
            found.append(Leg(end, back, length, beyond))
        beyond += length
    return reversed(found)


def _direction(bearing: float) -> Vector:
    """Unit vector to a bearing [degrees clockwise from north]; exact along the axes."""
    angle = bearing % 360.0
    if angle in _ALONG_AXES:
        return _ALONG_AXES[angle]
    if angle == 270.0:
        return (-1.0, 0.0)
    return math.sin(math.radians(angle)), math.cos(math.radians(angle))


def _chord(offset: Vector, back: Vector, radius: float, slack: float) -> tuple[float, float] | None:
    """Distances to go to a leg's end, low and high, within a circle; None if the line misses it."""
    along = offset[0] * back[0] + offset[1] * back[1]
    aside = abs(offset[0] * back[1] - offset[1] * back[0])
    if aside > radius + slack:
        return None
    half = math.sqrt(max((radius - aside) * (radius + aside), 0.0))
    return along - half, along + half


def _offset(end: Vector, position: Vector) -> Vector:
    return position[0] - end[0], position[1] - end[1]


def _farthest(target: Vector, back: Vector, site: Layer, threat: str) -> float:
    """Largest distance from the target at which a straight path is in reach of a site."""
    outer = site.outer_range_for(threat)
    chord = (
        None if outer is None else _chord(_offset(target, site.position), back, outer, TOLERANCE)
    )
    return 0.0 if chord is None else max(chord[1], 0.0)


def _spans(
    legs: Iterable[Leg], position: Vector, outer: float, inner: float
) -> list[tuple[float, float]]:
    """Spans of a path in reach, in order: distances to go at their starts and ends."""
    found: list[tuple[float, float]] = []
    for leg in legs:
        for low, high in _on_leg(leg, position, outer, inner):
            start, end = high + leg.beyond, low + leg.beyond
            if found and found[-1][1] - start <= TOLERANCE:
                start = found.pop()[0]
            found.append((start, end))
    return found


def _on_leg(
    leg: Leg, position: Vector, outer: float, inner: float
) -> Iterator[tuple[float, float]]:
    """Yield the spans of one leg in reach, in order: distances to go to its end, low and high."""
    offset = _offset(leg.end, position)
    chord = _chord(offset, leg.back, outer, TOLERANCE)
    if chord is None:
        return
    hole = _chord(offset, leg.back, inner, -TOLERANCE)
    parts = [chord] if hole is None else [(hole[1], chord[1]), (chord[0], hole[0])]
    for low, high in parts:
        if low <= leg.length + TOLERANCE and high >= -TOLERANCE:
            yield min(max(low, 0.0), leg.length), max(min(high, leg.length), 0.0)
