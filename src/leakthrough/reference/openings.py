"""Openings of windows: soft kill, detection and discrimination."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from leakthrough.model import defence
from leakthrough.model.chances import Chance, Chances
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.distributions import Distribution
from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Battery, Threat
from leakthrough.reference.feasibility import usable_magazines
from leakthrough.reference.luck import is_counted_again, kept_luck


class Limits(NamedTuple):
    """Thresholds of soft kill, of detection otherwise, and of dismissal if detected."""

    soft_kill: int
    detection: int
    dismissal: int
    drawn: bool  # whether any of them leaves something to chance, in some replication


def limits_of(
    draws: RaidDraws, chances: Chances, layer: defence.Layer, threat: Threat, number: int
) -> Limits:
    """Thresholds of an opening.

    `number` counts the passes of the threat. There is soft kill in the first one only.
    """
    kind = threat.kind
    soft_kill = chances.soft_kill(layer, kind.name) if number == 0 else Chance((), 0.0)
    every = soft_kill, chances.detection(layer, kind.name), chances.dismissal(layer, kind)
    first, detection, dismissal = map(draws.limit, every)
    drawn = first > 0 or detection < WORD_RANGE or dismissal > 0
    drawn = drawn or any(isinstance(own.value, Distribution) for own in every)
    return Limits(first, detection, dismissal, drawn)


def outcome_of(
    draws: RaidDraws, limits: Limits, layer: defence.Layer, threat: Threat, number: int
) -> str:
    """Outcome of the opening of a threat's window."""
    drawn = draws.draw(("window", threat.salvo.name, layer.name), threat.number, number)
    if drawn[0] < limits.soft_kill:
        return "soft killed"
    kept = kept_luck(draws, threat, "detection")
    if (drawn[1] if kept is None else kept) >= limits.detection:
        return "undetected"
    return "dismissed" if drawn[2] < limits.dismissal else "available"


def is_counted(
    batteries: Sequence[Battery], limits: Limits, layer: defence.Layer, threat: Threat
) -> bool:
    """Whether anything about an opening is drawn, and may have an effect.

    It may if the layer has soft kill, limited tracks, or rounds or a reload to come that it may
    fire.
    """
    return limits.drawn and (
        limits.soft_kill > 0
        or layer.sensor.tracks is not None
        or any(
            magazine.ready > 0 or magazine.due is not None
            for battery in batteries
            if battery.layer is layer and not battery.lost
            for magazine in usable_magazines(battery, threat)
        )
    )


def count_opening(
    decisions: Counter[tuple[str, ...]],
    draws: RaidDraws,
    limits: Limits,
    layer: defence.Layer,
    threat: Threat,
    outcome: str,
) -> None:
    """Count what was drawn at an opening; of luck that a threat keeps, only the first use."""
    names, seen = (threat.salvo.name, layer.name), outcome in ("available", "dismissed")
    decisions["openings_drawn", *names] += 1
    decisions["detected", *names] += seen
    decisions["dismissed", *names] += outcome == "dismissed"
    if outcome != "soft killed" and is_counted_again(
        draws, threat, "detection", limits.detection, decisions
    ):
        decisions["detection_known", *names] += 1
        decisions["detected_known", *names] += seen
