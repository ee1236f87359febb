"""Why a threat leaked.

Only layers that were up and had a battery on its axis that can kill it count, each when its window
opened. A battery could have engaged it *in time* with a magazine when its drawn reaction and flight
times fit in the window, and *held rounds* when that magazine held some for its priority.
"""

from collections.abc import Sequence

from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Battery, Threat
from leakthrough.reference.feasibility import in_time, usable_magazines

CAUSES = (
    "missed", "no_channel", "no_interceptors", "too_short", "dismissed", "undetected", "uncovered",
)  # fmt: skip
"""Causes of leaking; of those that apply to a leaker, the first one is its cause."""


def add_possible_causes(
    threat: Threat, batteries: Sequence[Battery], draws: RaidDraws, tick: int, outcome: str
) -> None:
    """Note at the opening of a window what would be the cause if the threat leaked unengaged.

    `batteries` are those of the layer that are on its axis and can kill it.
    """
    if not batteries:
        return
    if outcome != "available":
        threat.possible_causes.add(outcome)
        return
    threat.possible_causes.add("too_short")
    for battery in batteries:
        for magazine in usable_magazines(battery, threat):
            if in_time(draws, battery, magazine, threat, tick):
                threat.possible_causes.add("no_interceptors")
                if magazine.available(threat) > 0:
                    threat.possible_causes.add("no_channel")


def cause_of_leaking(leaker: Threat) -> str:
    """The first cause that applies."""
    if leaker.engaged_ever:
        return "missed"
    return next((cause for cause in CAUSES if cause in leaker.possible_causes), "uncovered")
