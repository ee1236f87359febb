"""Lowering of what depends on distances: legs of paths, spans of firing, probabilities by distance.

Scenarios in which nothing depends on distances have none of these records.
"""

from collections.abc import Sequence
from typing import NamedTuple

from leakthrough.engine.codes import NO_REACH
from leakthrough.engine.labels import Unit
from leakthrough.engine.parts import DistancePart, KillPart, ReachPart
from leakthrough.model.defence import ByDistance, Layer
from leakthrough.model.geometry import Path, Window
from leakthrough.model.intercepts import Leg, Span, firing_spans, legs_of, varies
from leakthrough.model.scenario import Scenario


def is_varying(scenario: Scenario) -> bool:
    """Whether any flight or kill probability depends on where the threat is."""
    names = [threat.name for threat in scenario.threats]
    return any(varies(weapon, name) for weapon in scenario.interceptors for name in names)


def legs(scenario: Scenario, paths: Sequence[Path]) -> list[list[Leg]]:
    """The legs of each path, if anything depends on distances."""
    varying = is_varying(scenario)
    return [legs_of(path) if varying else [] for path in paths]


def kills(scenario: Scenario) -> tuple[list[KillPart], list[DistancePart]]:
    """Kill probabilities by interceptor and threat class, and those by distance."""
    found: list[KillPart] = []
    distances: list[DistancePart] = []
    for weapon in scenario.interceptors:
        for threat in scenario.threats:
            chance, first = weapon.kill_probability.get(threat.name, 0.0), len(distances)
            if isinstance(chance, ByDistance):
                pairs = zip(chance.distance, chance.probability, strict=True)
                distances += [DistancePart(*pair) for pair in pairs]
            own = range(first, len(distances))
            found.append(KillPart(weapon.name, threat.name, chance, own))
    return found, distances


class Reaches(NamedTuple):
    """When each preferred magazine of each pair may be fired."""

    parts: list[ReachPart]
    spans: list[Span]
    of: list[int]  # of each magazine of each pair, in order; or NO_REACH


class Chance(NamedTuple):
    """A battery, a path, and a window in which it may fire at the threats on it."""

    unit: Unit
    path: Path
    site: Layer
    window: Window
    code: int  # of the window
    magazines: Sequence[str]  # interceptors, in order of preference


def reaches(scenario: Scenario, chances: Sequence[Chance]) -> Reaches:
    """Find when magazines may be fired; equal ones in one window are found once."""
    weapons = {weapon.name: weapon for weapon in scenario.interceptors}
    known: dict[tuple[int, str, float], int] = {}
    found = Reaches([], [], [])
    for chance in chances:
        level = chance.unit.battery.doctrine.fire_above
        for name in chance.magazines:
            weapon, key = weapons[name], (chance.code, name, level)
            if not varies(weapon, chance.path.threat):
                found.of.append(NO_REACH)
                continue
            if key not in known:
                known[key], first = len(found.parts), len(found.spans)
                where = chance.path, chance.site, chance.window
                found.spans.extend(firing_spans(*where, weapon, level))
                own = range(first, len(found.spans))
                found.parts.append(ReachPart(own, weapon.speed is not None))
            found.of.append(known[key])
    return found
