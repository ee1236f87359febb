"""The goals, and which of them this run reached."""

from __future__ import annotations

from dataclasses import dataclass

from compare import HEAP, OURS, SIMPY, Compared
from scaling import Growth
from startup import Startup

HEAP_MICROSECONDS = 300.0
"""What the C++ heap took on the machine for which the goal in microseconds was set."""


@dataclass(frozen=True)
class Goal:
    """A figure and its bound; the figure is None where it could not be measured."""

    text: str
    figure: float | None
    bound: float
    unit: str
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """Whether it was reached."""
        if self.figure is None:
            return "not measured"
        met = self.figure >= self.bound if self.at_least else self.figure <= self.bound
        return "reached" if met else "NOT REACHED"


def goals(
    rows: list[Compared], growths: list[Growth], nights: float, swept: float, start: Startup
) -> list[Goal]:
    """Collect every goal with its figure."""
    year = Goal("a year of nightly raids, against as many single ones", nights, 1.15, "x")
    text = "a sweep of 1,000 points of 100 replications, against the simulations alone"
    sweep = Goal(text, swept, 1.3, "x")
    return [*_speed(rows), _growth(growths), year, sweep, *_start(start)]


def _speed(rows: list[Compared]) -> list[Goal]:
    layered = {row.library: row for row in rows if row.case == "layered"}
    ours = layered[OURS].timing.microseconds
    heap = layered[HEAP].timing.microseconds if HEAP in layered else None
    scaled = None if heap is None else ours * HEAP_MICROSECONDS / heap
    text = "a replication of the layered case, on a machine where the C++ heap takes 300 µs"
    disagreeing = sum(not row.agrees for row in rows)
    return [
        Goal("means that disagree with a peer beyond 5 sigma", disagreeing, 0, ""),
        Goal("the layered case against SimPy", layered[SIMPY].ratio, 300, "x", at_least=True),
        Goal(text, scaled, 60, "µs"),
    ]


def _growth(growths: list[Growth]) -> Goal:
    worst = max(growth.each(110_000) / growth.each(550) for growth in growths)
    return Goal("the cost of a threat, 110,000 threats against 550", worst, 3, "x")


def _start(start: Startup) -> list[Goal]:
    text = f"{start.replications:,} replications of a 60-threat raid, summary kept, add"
    return [
        Goal(text, start.extra_megabytes, 300, "MB"),
        Goal("import, against that of the dependencies", start.import_ratio, 1.35, "x"),
        Goal("first call, cold cache", start.cold, 20, "s"),
        Goal("first call, warm cache", start.warm, 3, "s"),
    ]
