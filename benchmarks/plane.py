"""What positions cost: sites in the plane compared with rings around one point."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import ours
from cases import Layered, Places
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


@dataclass(frozen=True)
class Plane:
    """Rings and places, and the milliseconds in which the places are lowered."""

    rings: Cost
    places: Cost
    windows: float
    lowered: float

    @property
    def ratio(self) -> float:
        """Cost of an event of the places relative to that of the rings."""
        return self.places.event / self.rings.event


def plane(effort: Effort) -> Plane:
    """Measure both cases in turn; the cost is the median over the repeats."""
    scenarios = [ours.scenario(Layered()), ours.scenario(Places())]
    kernels = [Kernel(scenario) for scenario in scenarios]
    for kernel in kernels:
        kernel.run(100, 0)
    numbers = [max(100, int(effort.seconds * 100 / kernel.seconds(100, 0))) for kernel in kernels]
    found: list[list[float]] = [[], []]
    for repeat in range(effort.repeats):
        for kernel, number, own in zip(kernels, numbers, found, strict=True):
            own.append(1e6 * kernel.seconds(number, repeat * number) / number)
    rings, places = (
        Cost(kernel.events(200), statistics.median(own))
        for kernel, own in zip(kernels, found, strict=True)
    )
    windows, lowered = lowering(scenarios[1])
    return Plane(rings, places, 1e3 * windows, 1e3 * lowered)
