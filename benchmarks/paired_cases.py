"""Cases for the comparison of two versions of leakthrough: measurements and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from cases import Layered, Places, small_raid
from goals import COLD_SECONDS, GROWTH, IMPORT_SECONDS

Measure = Literal[
    "kernel",
    "heap_over_kernel",
    "growth",
    "speed_up",
    "call",
    "sweep_point",
    "weeks",
    "year_over_raids",
    "cold_call",
    "importing",
    "state",
]
"""The functions of `paired_worker`."""


@dataclass(frozen=True)
class Target:
    """A bound on the value of this version, or on its ratio to the value of the other one."""

    of: Literal["value", "ratio"]
    bound: float
    at_least: bool = False

    def met(self, value: float, ratio: float) -> bool:
        """Whether the target was reached."""
        found = value if self.of == "value" else ratio
        return found >= self.bound if self.at_least else found <= self.bound

    def __str__(self) -> str:
        name = "ratio " if self.of == "ratio" else ""
        return f"{name}{'>=' if self.at_least else '<='} {self.bound:.3g}"


@dataclass(frozen=True)
class Paired:
    """One case: measurement, arguments, and number of pairs.

    Measurements within the measuring process begin with a warm-up.
    """

    unit: str
    measure: Measure
    arguments: tuple[Any, ...]
    targets: tuple[Target, ...]
    pairs: int = 15
    warm_up: bool = True


def _times_as_fast(factor: float) -> Target:
    return Target("ratio", 1 / factor)


SMALL = Layered(threats=10, layers=2)

PAIRED = {
    "layered": Paired("µs", "kernel", (Layered(), 5_000), (_times_as_fast(1.5),)),
    "layered, C++ heap over kernel": Paired(
        "x", "heap_over_kernel", (Layered(), 5_000, 1_000), (Target("value", 8.5, at_least=True),)
    ),
    "places": Paired("µs", "kernel", (Places(), 3_000), (Target("ratio", 1.05),)),
    "64 layers": Paired(
        "µs", "kernel", (Layered(layers=64, spacing=20.0), 500), (_times_as_fast(2.5),)
    ),
    "480 batteries": Paired(
        "µs", "kernel", (Layered(threats=2_000, axes=80), 500), (_times_as_fast(1.8),)
    ),
    "a threat, 110,000 over 550": Paired(
        "x", "growth", (Layered(), 4_000, 20), (Target("value", GROWTH),), pairs=10
    ),
    "a threat, 110,000 over 550, mixed": Paired(
        "x", "growth", (Layered(mixed=True), 4_000, 20), (Target("value", GROWTH),), pairs=10
    ),
    "two threads": Paired(
        "x", "speed_up", (Layered(), 10_000), (Target("value", 1.9, at_least=True),)
    ),
    "10 threats, 1,000 replications": Paired(
        "ms", "call", (SMALL, 1_000, 25), (_times_as_fast(3),)
    ),
    "one replication": Paired("ms", "call", (Layered(), 1, 50), (Target("ratio", 0.4),)),
    "a sweep's point, lowered anew": Paired(
        "ms", "sweep_point", (small_raid(), 200), (Target("ratio", 0.4),)
    ),
    "60 nights, twelve batteries": Paired(
        "ms", "weeks", (Layered(), 60, 400), (_times_as_fast(1),)
    ),
    "a year of nights, over as many raids": Paired(
        "x", "year_over_raids", (Layered(), 365, 80), (Target("value", 1.05),)
    ),
    "first call, cold cache": Paired(
        "s",
        "cold_call",
        (),
        (Target("value", COLD_SECONDS), Target("ratio", 0.55)),
        pairs=3,
        warm_up=False,
    ),
    "import": Paired("s", "importing", (), (Target("value", IMPORT_SECONDS),), warm_up=False),
    "a state of 1,000,000 threats": Paired(
        "MB",
        "state",
        (Layered(threats=1_000_000),),
        (Target("value", 80.0),),
        pairs=1,
        warm_up=False,
    ),
}
"""Microseconds are CPU time per replication of the kernel only; see the README."""
