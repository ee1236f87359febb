"""Probabilities of a scenario that may be distributions, and the names that identify them.

What is uncertain is one property of what is listed: all sites of a layer and all equal batteries
have the same draw. (Kill probabilities are in `intercepts`: they may depend on the distance.)
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from leakthrough.model.defence import Battery, Layer
from leakthrough.model.distributions import Distribution
from leakthrough.model.places import Asset
from leakthrough.model.scenario import Scenario, Threat

Name = tuple[str, ...]
"""Kind and names of a probability: the address of its draw, and its name in results."""


class Chance(NamedTuple):
    """A probability, and its name."""

    name: Name
    value: float | Distribution


class Chances:
    """The probabilities of a scenario by the parts that have them; sites are single ones."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.listed = {site.name: layer.name for layer in layers for site in layer.sites}

    def soft_kill(self, site: Layer, threat: str) -> Chance:
        """That a threat is neutralised without a round, in its first pass."""
        value = site.soft_kill.get(threat, 0.0)
        return Chance(("soft kill probability", self.listed[site.name], threat), value)

    def detection(self, site: Layer, threat: str) -> Chance:
        """That a threat is detected."""
        value = site.sensor.detection.get(threat, 1.0)
        return Chance(("detection probability", self.listed[site.name], threat), value)

    def dismissal(self, site: Layer, threat: Threat) -> Chance:
        """That a detected threat is taken for a decoy, rightly or wrongly."""
        own = self.listed[site.name]
        if threat.decoy:
            return Chance(("decoy recognition", own), site.sensor.decoy_recognition)
        return Chance(("false dismissal", own), site.sensor.false_dismissal)

    def availability(self, site: Layer) -> Chance:
        """That a layer is up."""
        name = "availability probability", self.listed[site.name]
        return Chance(name, site.sensor.availability)

    def false_kill(self, site: Layer, battery: Battery) -> Chance:
        """That a live threat is assessed as killed."""
        own = self._listed_battery(site, battery)
        return Chance(("false kill probability", own), battery.false_kill)

    def false_survival(self, site: Layer, battery: Battery) -> Chance:
        """That a killed threat is assessed as alive."""
        own = self._listed_battery(site, battery)
        return Chance(("false survival probability", own), battery.false_survival)

    def _listed_battery(self, site: Layer, battery: Battery) -> str:
        several = self.listed[site.name] != site.name
        return battery.name.removesuffix(f"@{site.name}") if several else battery.name

    @staticmethod
    def lethality(threat: Threat) -> Chance:
        """That a leaker destroys what it hits."""
        return Chance(("lethality", threat.name), threat.lethality)

    @staticmethod
    def hardness(asset: Asset) -> Chance:
        """Share by which lethality is lowered."""
        return Chance(("hardness", asset.name), asset.hardness)


def uncertain_chances(scenario: Scenario) -> dict[Name, Distribution]:
    """The probabilities that are distributions, by name, in the order of listing."""
    every = (chance for chance in _every(scenario) if isinstance(chance.value, Distribution))
    return {chance.name: chance.value for chance in every}  # type: ignore[misc]


def _every(scenario: Scenario) -> Iterator[Chance]:
    found = Chances(scenario.layers)
    for threat in scenario.threats:
        yield found.lethality(threat)
    yield from map(found.hardness, scenario.assets)
    for site in scenario.sites:
        yield from (found.soft_kill(site, threat) for threat in site.soft_kill)
        yield from (found.detection(site, threat) for threat in site.sensor.detection)
        yield Chance(("decoy recognition", found.listed[site.name]), site.sensor.decoy_recognition)
        yield Chance(("false dismissal", found.listed[site.name]), site.sensor.false_dismissal)
        yield found.availability(site)
        for own in site.batteries:
            yield found.false_kill(site, own)
            yield found.false_survival(site, own)
