"""Which battery of a layer fires first, and at which threat."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from leakthrough.model import defence
from leakthrough.model.discrete import threshold
from leakthrough.model.intercepts import distance_at, legs_of, mean_of, threshold_at
from leakthrough.reference.channels import shot_for
from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Battery, Magazine, Threat
from leakthrough.reference.feasibility import time_to_hit, urgency


class Shot(NamedTuple):
    """An engagement that a battery can begin."""

    battery: Battery
    magazine: Magazine
    threat: Threat


def next_shot(
    draws: RaidDraws, selection: str, batteries: Sequence[Battery], threats: list[Threat], tick: int
) -> Shot | None:
    """The next engagement of some batteries of one layer, which are in order of listing."""
    if selection == "kill_probability":
        shots = [
            shot for own in batteries if (shot := best_shot(draws, own, threats, tick)) is not None
        ]
        return max(shots, key=lambda own: mean_threshold(draws, own, tick), default=None)
    for battery in sorted(batteries, key=lambda own: rank(selection, own)):
        shot = best_shot(draws, battery, threats, tick)
        if shot is not None:
            return shot
    return None


def rank(selection: str, battery: Battery) -> Any:
    """Sort key of a battery among those of its layer; of equal ones the first listed is first."""
    if selection == "most_rounds":
        return -battery.ready
    if selection == "least_loaded":
        channels = battery.spec.channels
        return Fraction(channels - battery.free_channels, channels)
    return 0


def best_shot(draws: RaidDraws, battery: Battery, threats: list[Threat], tick: int) -> Shot | None:
    """The engagement of the most urgent threat that a battery can engage."""
    shots = [
        Shot(battery, magazine, threat)
        for threat in threats
        if (magazine := shot_for(draws, battery, threat, tick)) is not None
    ]
    return min(shots, key=lambda own: urgency(battery, own.threat), default=None)


def mean_threshold(draws: RaidDraws, shot: Shot, tick: int) -> int:
    """Threshold of the mean kill probability of a shot, at its intercept."""
    battery, magazine, threat = shot
    value = magazine.interceptor.kill_probability[threat.kind.name]
    if not isinstance(value, defence.ByDistance):
        return threshold(mean_of(value))
    hit = tick + time_to_hit(draws, battery, magazine, threat, tick)
    x, y = battery.layer.position
    distance = distance_at(legs_of(threat.path), x, y, float(hit - threat.arrival))
    return threshold_at(
        value.distance, [threshold(mean_of(p)) for p in value.probability], distance
    )
