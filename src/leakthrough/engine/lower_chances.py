"""Lowering of probabilities that are distributions: their draws, and where these are written."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from leakthrough.engine.layout import RECORDS_OF
from leakthrough.engine.memory import Location
from leakthrough.model.chances import Chance, Chances, Name, uncertain_chances
from leakthrough.model.discrete import WORD_RANGE, threshold
from leakthrough.model.distributions import Distribution
from leakthrough.model.intercepts import mean_of
from leakthrough.model.scenario import Scenario

CERTAIN = Chance((), 0.0)


class ChancePart(NamedTuple):
    """A probability that is drawn once a replication."""

    name: Name
    distribution: Distribution


class UsePart(NamedTuple):
    """A field of a record that takes a threshold p (1 - q), with p and q drawn or fixed."""

    word: int  # of the field, among the 64-bit numbers of the records
    chance: int  # p; -1 if it is fixed
    fixed: int
    less: int  # q; -1 if it is fixed
    fixed_less: int


def likely(value: float | Distribution) -> int:
    """Threshold of a probability; of a distribution that of the mean, neither 0 nor certain.

    So a field that is drawn is random, and possible, wherever the fields themselves are looked at.
    """
    own = threshold(mean_of(value))
    return min(max(own, 1), WORD_RANGE - 1) if isinstance(value, Distribution) else own


def likely_hit(lethality: float | Distribution, hardness: float | Distribution) -> int:
    """Threshold of the probability that a hit destroys an aim point, as `likely`."""
    if isinstance(lethality, Distribution) or isinstance(hardness, Distribution):
        own = threshold(mean_of(lethality) * (1.0 - mean_of(hardness)))
        return min(max(own, 1), WORD_RANGE - 1)
    return threshold(lethality * (1.0 - hardness))


class _Use(NamedTuple):
    """A field of a record, and the probabilities from which it follows."""

    records: str
    code: int
    field: str
    chance: Chance
    less: Chance = CERTAIN


def _uses(scenario: Scenario, parts: Mapping[str, Sequence[Any]]) -> Iterator[_Use]:
    """All fields that may be drawn."""
    known = Chances(scenario.layers)
    for n, part in enumerate(parts["windows"]):
        threat = part.salvo.threat
        if part.number == 0:
            yield _Use("windows", n, "soft_kill", known.soft_kill(part.layer, threat.name))
        yield _Use("windows", n, "detection", known.detection(part.layer, threat.name))
        yield _Use("windows", n, "dismissal", known.dismissal(part.layer, threat))
    for n, site in enumerate(own.layer for own in parts["layers"]):
        yield _Use("layers", n, "availability", known.availability(site))
    for n, part in enumerate(parts["batteries"]):
        site, own = parts["layers"][part.unit.layer].layer, part.unit.battery
        yield _Use("batteries", n, "false_kill", known.false_kill(site, own))
        yield _Use("batteries", n, "false_survival", known.false_survival(site, own))
    for n, part in enumerate(parts["landings"]):
        yield _Use("landings", n, "lethality", known.lethality(part.salvo.threat))
    for n, part in enumerate(parts["strikes"]):
        lethality, hardness = known.lethality(part.salvo.threat), known.hardness(part.asset)
        yield _Use("strikes", n, "lethality", lethality, hardness)


def drawn_uses(scenario: Scenario, parts: Mapping[str, Sequence[Any]]) -> list[_Use]:
    """The fields that are drawn."""
    if not uncertain_chances(scenario):
        return []
    return [
        use
        for use in _uses(scenario, parts)
        if any(isinstance(own.value, Distribution) for own in (use.chance, use.less))
    ]


def chance_parts(scenario: Scenario) -> list[ChancePart]:
    """The probabilities that are drawn; their codes are their ranks."""
    return list(itertools.starmap(ChancePart, uncertain_chances(scenario).items()))


def use_parts(
    uses: Sequence[_Use], chances: Sequence[ChancePart], locations: Mapping[str, Location]
) -> list[UsePart]:
    """The fields that are drawn, with their locations."""
    codes = {part.name: n for n, part in enumerate(chances)}

    def drawn(chance: Chance) -> tuple[int, int]:
        if isinstance(chance.value, Distribution):
            return codes[chance.name], 0
        return -1, threshold(chance.value)

    def word(use: _Use) -> int:
        location, fields = locations[use.records], RECORDS_OF[use.records].dtype.fields
        start = location.offset + use.code * location.dtype.itemsize
        return int(start + fields[use.field][1]) // 8  # type: ignore[index]

    return [UsePart(word(use), *drawn(use.chance), *drawn(use.less)) for use in uses]
