"""Openings of windows: soft kill, detection and discrimination."""

from collections.abc import Sequence

from leakthrough.model import defence
from leakthrough.model.discrete import WORD_RANGE, threshold
from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Battery, Threat
from leakthrough.reference.feasibility import usable_magazines


def _thresholds(layer: defence.Layer, threat: Threat, number: int) -> tuple[int, int, int]:
    """Thresholds of soft kill, of detection otherwise, and of dismissal if detected.

    `number` counts the passes of the threat. There is soft kill in the first one only.
    """
    kind, sensor = threat.kind, layer.sensor
    dismissal = sensor.decoy_recognition if kind.decoy else sensor.false_dismissal
    soft_kill = layer.soft_kill.get(kind.name, 0.0) if number == 0 else 0.0
    detection = sensor.detection.get(kind.name, 1.0)
    return threshold(soft_kill), threshold(detection), threshold(dismissal)


def outcome_of(draws: RaidDraws, layer: defence.Layer, threat: Threat, number: int) -> str:
    """Outcome of the opening of a threat's window."""
    drawn = draws.draw(("window", threat.salvo.name, layer.name), threat.number, number)
    soft_kill, detection, dismissal = _thresholds(layer, threat, number)
    if drawn[0] < soft_kill:
        return "soft killed"
    if drawn[1] >= detection:
        return "undetected"
    return "dismissed" if drawn[2] < dismissal else "available"


def is_counted(
    batteries: Sequence[Battery], layer: defence.Layer, threat: Threat, number: int
) -> bool:
    """Whether anything about an opening is drawn, and may have an effect.

    It may if the layer has soft kill, limited tracks, or rounds or a reload to come that it may
    fire.
    """
    soft_kill, detection, dismissal = _thresholds(layer, threat, number)
    if soft_kill > 0:
        return True
    drawn = detection < WORD_RANGE or dismissal > 0
    if layer.sensor.tracks is not None:
        return drawn
    return drawn and any(
        magazine.ready > 0 or magazine.due is not None
        for battery in batteries
        if battery.layer is layer and not battery.lost
        for magazine in usable_magazines(battery, threat)
    )
