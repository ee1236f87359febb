"""Scaling of the cost of a replication with threats, layers, raids and threads."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import ours
from cases import LAYERS, SCALES, Layered, scaled, small_raid
from measure import Effort, interleaved

RAIDS = 365


@dataclass(frozen=True)
class Growth:
    """Microseconds per replication, by the scaled number."""

    microseconds: dict[int, float]

    def each(self, number: int) -> float:
        """Microseconds per threat, or per layer."""
        return self.microseconds[number] / number


def threats(case: Layered, effort: Effort, *, same_rate: bool) -> Growth:
    """Scale threats and rounds together, and the duration if the rate is constant."""
    cases = {n: scaled(case, n, same_rate=same_rate) for n in SCALES}
    return _growth(cases, effort)


def layers(effort: Effort) -> Growth:
    """Vary the number of layers of the layered case."""
    return _growth({n: Layered(layers=n) for n in LAYERS}, effort)


def _growth(cases: dict[int, Layered], effort: Effort) -> Growth:
    runs = {str(n): ours.simulate(case) for n, case in cases.items()}
    found = interleaved(runs, effort)
    return Growth({n: found[str(n)].cost.each for n in cases})


def campaign(effort: Effort) -> float:
    """Return the cost of a campaign of 365 raids relative to as many single raids.

    Both are measured for the same time, so over similar numbers of raids: the first access to
    memory is part of the cost.
    """
    runs = {"raid": ours.simulate(Layered()), "campaign": ours.campaign(Layered(), RAIDS)}
    found = interleaved(runs, effort)
    return found["campaign"].cost.each / (RAIDS * found["raid"].cost.each)


def sweep(effort: Effort) -> tuple[float, float]:
    """Return milliseconds per point of a sweep on all cores, and the ratio to its simulations.

    A thousand points of a hundred replications, measured in turn; median of the ratios.
    """
    case, workers = small_raid(), cores()
    runs = ours.sweep(case, 100, workers=workers), ours.blocks(case, 100, workers=workers)
    pairs = [tuple(elapsed(run) for run in runs) for _ in range(effort.repeats + 1)][1:]
    one = statistics.median(ours for ours, _ in pairs)
    return one, statistics.median(ours / alone for ours, alone in pairs)


def elapsed(run: Callable[[], None]) -> float:
    """Return the elapsed seconds of a call."""
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads(effort: Effort) -> tuple[float, float]:
    """Return elapsed microseconds per replication of the layered case, one thread and all."""
    runs = {
        name: ours.simulate(Layered(), workers=workers, clock=time.perf_counter)
        for name, workers in (("one", 1), ("all", cores()))
    }
    found = interleaved(runs, effort)
    return found["one"].cost.each, found["all"].cost.each
