"""Fixed cost of a call, cost per replication, and estimates, for each case."""

from __future__ import annotations

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FIVE_SIGMA = 2 * float(stats.norm.sf(5))
LEAST_REPLICATIONS = 5
"""With fewer, the noise of the calls of one replication would dominate the result."""


@dataclass(frozen=True)
class Estimate:
    """A mean over replications; `squares` is the sum of squared deviations from it."""

    count: int
    mean: float
    squares: float

    @property
    def deviation(self) -> float:
        """The standard deviation of one replication; NaN for a single one."""
        return math.sqrt(self.squares / (self.count - 1)) if self.count > 1 else math.nan

    @property
    def error(self) -> float:
        """The standard error of the mean; NaN for a single replication."""
        return self.deviation / math.sqrt(self.count)

    def __add__(self, other: Estimate) -> Estimate:
        count = self.count + other.count
        gap = other.mean - self.mean
        squares = self.squares + other.squares + gap * gap * self.count * other.count / count
        return Estimate(count, self.mean + gap * other.count / count, squares)

    def __str__(self) -> str:
        return f"{self.mean:.2f} ± {self.error:.2f}"


def estimate(values: NDArray[np.float64] | NDArray[np.int64]) -> Estimate:
    """Reduce one value a replication to an estimate."""
    return Estimate(values.size, float(values.mean()), float(values.var() * values.size))


def from_error(count: int, mean: float, error: float) -> Estimate:
    """Rebuild the estimate that a program printed as a mean and its standard error."""
    return Estimate(count, mean, error**2 * count * (count - 1))


@dataclass(frozen=True)
class Sample:
    """Some replications of one case by one library."""

    seconds: float
    leakers: Estimate
    spent: Estimate | None = None


Run = Callable[[int, int], Sample]
"""`run(replications, seed)` simulates one case."""
Counts = tuple[NDArray[np.int64], NDArray[np.int64] | None]
"""Leakers, and rounds spent, of each replication."""
Clock = Callable[[], float]


def clocked(compute: Callable[[], Counts], clock: Clock = time.process_time) -> Sample:
    """CPU seconds of this process for a computation, independent of other processes."""
    begin = clock()
    leakers, spent = compute()
    seconds = clock() - begin
    return Sample(seconds, estimate(leakers), None if spent is None else estimate(spent))


class Effort(NamedTuple):
    """Duration of the replications of each measurement, and number of repeats."""

    seconds: float
    repeats: int


@dataclass(frozen=True)
class Cost:
    """Microseconds of a call: a fixed part, and one for each replication."""

    fixed: float
    each: float


def cost_of(one: float, many: float, replications: int) -> Cost:
    """Split the seconds of a call of one replication, and of one of many."""
    each = (many - one) / (replications - 1)
    return Cost(1e6 * (one - each), 1e6 * each)


@dataclass(frozen=True)
class Size:
    """Plan of a measurement: several calls of one replication, and one call of many."""

    calls: int
    replications: int


def size_of(run: Run, seconds: float) -> Size:
    """Choose replications that take `seconds`, and three times as long as the fixed cost.

    Uses the faster of two calls, as a pause of the machine would give too few replications.
    """
    one = min(run(1, seed).seconds for seed in (2, 3, 4))
    replications, more = 1, 0.0
    while more < max(0.1 * seconds, 0.5 * one):
        replications *= 2
        more = min(run(replications, seed).seconds for seed in (5, 6)) - one
    each = more / (replications - 1)
    wanted = max(seconds, 3 * (one - each)) / each
    return Size(
        max(1, min(15, int(0.3 * seconds / one))), max(LEAST_REPLICATIONS, 1 + math.ceil(wanted))
    )


@dataclass(frozen=True)
class Measured:
    """Costs and estimates of one run of a case: medians over several repeats.

    `fixed_spread` is half the range of the fixed cost over the repeats.
    """

    cost: Cost
    fixed_spread: float
    leakers: Estimate
    spent: Estimate | None

    @property
    def fixed_is_seen(self) -> bool:
        """Whether the fixed cost exceeds its noise."""
        return self.cost.fixed > 2 * self.fixed_spread


def interleaved(runs: Mapping[str, Run], effort: Effort) -> dict[str, Measured]:
    """Measure the runs in turn, so that slow phases of the machine affect all of them.

    Objects in memory after the warm-up are frozen, and garbage is collected between libraries:
    without this the fixed cost of Ciw was 165 ms in one run and -72 ms in another.
    """
    for run in runs.values():
        run(1, 1)
    gc.collect()
    gc.freeze()
    sizes = {name: size_of(run, effort.seconds) for name, run in runs.items()}
    found: dict[str, list[tuple[Cost, Sample]]] = {name: [] for name in runs}
    for repeat in range(effort.repeats):
        for name, run in runs.items():
            found[name].append(_once(run, sizes[name], 100 * (repeat + 1)))
    return {name: _pool(of) for name, of in found.items()}


def _once(run: Run, size: Size, seed: int) -> tuple[Cost, Sample]:
    gc.collect()  # garbage of another library
    one = statistics.median(run(1, seed + n).seconds for n in range(1, size.calls + 1))
    sample = run(size.replications, seed)
    return cost_of(one, sample.seconds, size.replications), sample


def _pool(repeats: list[tuple[Cost, Sample]]) -> Measured:
    fixed = [cost.fixed for cost, _ in repeats]
    cost = Cost(statistics.median(fixed), statistics.median(cost.each for cost, _ in repeats))
    spent = [sample.spent for _, sample in repeats if sample.spent is not None]
    leakers = total(sample.leakers for _, sample in repeats)
    return Measured(cost, (max(fixed) - min(fixed)) / 2, leakers, total(spent) if spent else None)


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Pool the estimates of independent runs."""
    first, *rest = estimates
    for other in rest:
        first += other
    return first


def disagree(ours: Estimate, theirs: Estimate) -> bool:
    """Whether two means differ at 5 sigma (by chance once in 1.7 million).

    Welch's t test, as the slowest peers simulate only a few replications.
    """
    if min(ours.count, theirs.count) < 2 or ours.squares + theirs.squares == 0:
        return ours.squares + theirs.squares == 0 and not math.isclose(ours.mean, theirs.mean)
    first = (ours.mean, math.sqrt(ours.squares / (ours.count - 1)), ours.count)
    second = (theirs.mean, math.sqrt(theirs.squares / (theirs.count - 1)), theirs.count)
    test = stats.ttest_ind_from_stats(*first, *second, equal_var=False)
    return bool(test.pvalue < FIVE_SIGMA)


def needed(of: Estimate, width: float, level: float) -> int:
    """Replications with which the half-width of Student's interval is a share of the mean."""
    relative, tail = of.deviation / (width * of.mean), (1 - level) / 2
    number = max(2, math.ceil((float(stats.norm.isf(tail)) * relative) ** 2))
    while number < (float(stats.t.isf(tail, number - 1)) * relative) ** 2:
        number += 1
    return number
