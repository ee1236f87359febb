"""What positions cost: sites in the plane compared with rings around one point."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import ours
from cases import Case, Layered, Places
from kernel_alone import Events, Kernel, lowering
from measure import Effort


@dataclass(frozen=True)
class Cost:
    """The kernel alone: events, and CPU microseconds a replication."""

    events: Events
    microseconds: float

    @property
    def opening(self) -> float:
        """Nanoseconds an opening."""
        return 1e3 * self.microseconds / self.events.openings

    @property
    def event(self) -> float:
        """Nanoseconds an event."""
        return 1e3 * self.microseconds / self.events.total


RINGS, MORE_RINGS, PLACES = "layered", "layered, 10 layers, 12 axes", "places"
CASES: dict[str, Case] = {
    RINGS: Layered(),
    MORE_RINGS: Layered(layers=10, axes=12, rounds=4),  # as many windows as the places
    PLACES: Places(),
}


@dataclass(frozen=True)
class Plane:
    """Costs by case, and the milliseconds in which the places are lowered."""

    costs: dict[str, Cost]
    windows: float
    lowered: float

    def ratio(self, rings: str) -> float:
        """Cost of an event of the places relative to that of a case with rings."""
        return self.costs[PLACES].event / self.costs[rings].event


def plane(effort: Effort) -> Plane:
    """Measure the cases in turn; the cost is the median over the repeats."""
    kernels = {name: Kernel(ours.scenario(case)) for name, case in CASES.items()}
    sizes = {name: _size(kernel, effort) for name, kernel in kernels.items()}
    found: dict[str, list[float]] = {name: [] for name in kernels}
    for repeat in range(effort.repeats):
        for name, kernel in kernels.items():
            size = sizes[name]
            found[name].append(1e6 * kernel.seconds(size, repeat * size) / size)
    costs = {
        name: Cost(kernel.events(200), statistics.median(found[name]))
        for name, kernel in kernels.items()
    }
    windows, lowered = lowering(ours.scenario(CASES[PLACES]))
    return Plane(costs, 1e3 * windows, 1e3 * lowered)


def _size(kernel: Kernel, effort: Effort) -> int:
    """Replications that take the time wanted."""
    kernel.run(100, 0)
    return max(100, int(100 * effort.seconds / kernel.seconds(100, 100)))
