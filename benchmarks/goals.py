"""Performance goals and whether this run reached them."""

from __future__ import annotations

from dataclasses import dataclass

from compare import HEAP, SIMPY, Compared
from plane import MORE_RINGS, RINGS, Plane
from scaling import Growth
from startup import Startup

GROWTH = 2.0
"""Largest ratio of the cost per threat, 110,000 compared with 550 in two hours."""
IMPORT_SECONDS, COLD_SECONDS = 0.5, 10.0
"""CPU time of an import, and of a process that simulates once without a cache."""


@dataclass(frozen=True)
class Goal:
    """A value and its bound; the value is None where it could not be measured."""

    text: str
    value: float | None
    bound: float
    unit: str
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Whether it was reached."""
        if self.value is None:
            return "not measured"
        met = self.value >= self.bound if self.at_least else self.value <= self.bound
        return "reached" if met else "NOT REACHED"


def goals(
    rows: list[Compared],
    growths: list[Growth],
    campaign: float,
    swept: float,
    start: Startup,
    places: Plane,
) -> list[Goal]:
    """Collect every goal with its value."""
    growth = max(growth.each(110_000) / growth.each(550) for growth in growths)
    text = "a sweep of 1,000 points of 100 replications, against the simulations alone"
    return [
        *_speed(rows),
        Goal("the cost of a threat, 110,000 threats against 550", growth, GROWTH, "x"),
        Goal("a campaign of 365 raids, against as many single ones", campaign, 1.15, "x"),
        Goal(text, swept, 1.3, "x"),
        *(
            Goal(f"an event of the places, against one of {rings}", places.ratio(rings), 1.15, "x")
            for rings in (RINGS, MORE_RINGS)
        ),
        Goal("all windows of the places, lowered", places.windows, 5, "ms"),
        *_start(start),
    ]


def _speed(rows: list[Compared]) -> list[Goal]:
    ratios = {row.library: row.ratio for row in rows if row.case == "layered"}
    disagreeing = sum(not row.agrees for row in rows)
    return [
        Goal("means that disagree with a peer beyond 5 sigma", disagreeing, 0, ""),
        Goal("the layered case against SimPy", ratios[SIMPY], 300, "x", at_least=True),
        Goal("the layered case against the C++ heap", ratios.get(HEAP), 5, "x", at_least=True),
    ]


def _start(start: Startup) -> list[Goal]:
    text = f"{start.replications:,} replications of a 60-threat raid, summary kept, add"
    return [
        Goal(text, start.extra_megabytes, 300, "MB"),
        Goal("import, CPU time", start.imported, IMPORT_SECONDS, "s"),
        Goal("first call, cold cache, CPU time", start.cold, COLD_SECONDS, "s"),
        Goal("first call, warm cache, CPU time", start.warm, 3, "s"),
    ]
