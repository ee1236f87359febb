"""Luck that a threat keeps: one random number for all its detections, or for all rounds at it."""

from collections import Counter
from typing import Literal

from leakthrough.model.discrete import WORD_RANGE, threshold
from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Threat

What = Literal["detection", "kill"]


def kept_luck(draws: RaidDraws, threat: Threat, what: What) -> int | None:
    """The integer that decides all detections (all rounds) of a threat; None: one integer each."""
    drawn = draws.draw(("common luck", threat.salvo.name), threat.number)
    detection, kill = threat.kind.common_detection, threat.kind.common_kill
    if what == "detection":
        return drawn[1] if drawn[0] < threshold(detection) else None
    return drawn[3] if drawn[2] < threshold(kill) else None


def is_counted_again(
    draws: RaidDraws, threat: Threat, what: What, limit: int, decisions: Counter[tuple[str, ...]]
) -> bool:
    """Whether a decision with a threshold is known from an earlier one of the same threat.

    Whether a threat keeps its luck is counted where it first matters. A certain decision tells
    nothing about the luck.
    """
    if not 0 < limit < WORD_RANGE:
        return False
    kept = kept_luck(draws, threat, what) is not None
    if what not in threat.luck_used:
        threat.luck_used.add(what)
        decisions[f"{what}_luck_drawn", threat.salvo.name] += 1
        decisions[f"{what}_luck_kept", threat.salvo.name] += kept
        return False
    return kept
