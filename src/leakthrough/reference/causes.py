"""Causes of leaking.

Only layers count that are up when the threat's window opens and have a battery that serves its
axis and can kill it. A magazine is *in time* if the drawn reaction and flight times fit in the
window, and it *has rounds* if it has some for the threat's priority. Where tracks are limited, both
are judged when the threat is given a track.
"""

from collections.abc import Sequence

from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import Battery, Threat
from leakthrough.reference.feasibility import in_time_later, usable_magazines

CAUSES = (
    "missed", "no_channel", "no_interceptors", "no_track", "too_short", "dismissed", "undetected",
    "uncovered",
)  # fmt: skip
"""Causes of leaking; the first that applies to a leaker is its cause."""


def add_possible_causes(
    threat: Threat, batteries: Sequence[Battery], draws: RaidDraws, tick: int, outcome: str
) -> None:
    """Record, at the opening of a window, the causes that apply if the threat is never engaged.

    Also when a threat that waited is given a track; the tick is that of the event.
    `batteries` are those of the layer that serve the threat's axis and can kill it.
    """
    if not batteries:
        return
    if outcome != "available":
        threat.possible_causes.add(outcome)
        return
    threat.possible_causes.add("too_short")
    for battery in batteries:
        for magazine in usable_magazines(battery, threat):
            if in_time_later(draws, battery, magazine, threat, tick):
                threat.possible_causes.add("no_interceptors")
                if magazine.available(threat) > 0:
                    threat.possible_causes.add("no_channel")


def cause_of_leaking(leaker: Threat) -> str:
    """The first cause that applies."""
    if leaker.engaged_ever:
        return "missed"
    return next((cause for cause in CAUSES if cause in leaker.possible_causes), "uncovered")
