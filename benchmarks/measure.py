"""What a run of a case returns, how runs are pooled, and when two of them disagree."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FIVE_SIGMA = 2 * float(stats.norm.sf(5))


@dataclass(frozen=True)
class Estimate:
    """A mean over replications; `squares` is the sum of squared deviations from it."""

    count: int
    mean: float
    squares: float

    @property
    def error(self) -> float:
        """The standard error of the mean; NaN for a single replication."""
        if self.count < 2:
            return math.nan
        return math.sqrt(self.squares / (self.count - 1) / self.count)

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

    @property
    def per_replication(self) -> float:
        """Microseconds a replication."""
        return 1e6 * self.seconds / self.leakers.count


Run = Callable[[int, int], Sample]
"""`run(replications, seed)` simulates one case."""


@dataclass(frozen=True)
class Timing:
    """Several repeats of one case by one library."""

    microseconds: float
    leakers: Estimate
    spent: Estimate | None


def clocked(compute: Callable[[], tuple[NDArray[np.int64], NDArray[np.int64] | None]]) -> Sample:
    """Time a computation that yields leakers, and rounds spent, of each replication."""
    begin = time.perf_counter()
    leakers, spent = compute()
    seconds = time.perf_counter() - begin
    return Sample(seconds, estimate(leakers), None if spent is None else estimate(spent))


def enough(run: Run, seconds: float) -> int:
    """Return how many replications take about that long; the first call is a warm-up."""
    run(1, 1)
    replications = 1
    while True:
        took = run(replications, 2).seconds
        if took > 0.1 * seconds:
            return max(1, round(replications * seconds / took))
        replications *= 4


def interleaved(runs: Mapping[str, Run], *, seconds: float, repeats: int) -> dict[str, Timing]:
    """Time the runs in turn, so that a slow minute of the machine falls on all of them."""
    sizes = {name: enough(run, seconds) for name, run in runs.items()}
    samples: dict[str, list[Sample]] = {name: [] for name in runs}
    for repeat in range(repeats):
        for name, run in runs.items():
            samples[name].append(run(sizes[name], 100 + repeat))
    return {name: _pool(of) for name, of in samples.items()}


def _pool(samples: list[Sample]) -> Timing:
    spent = [sample.spent for sample in samples if sample.spent is not None]
    return Timing(
        statistics.median(sample.per_replication for sample in samples),
        total(sample.leakers for sample in samples),
        total(spent) if spent else None,
    )


def total(estimates: Iterable[Estimate]) -> Estimate:
    """Pool the estimates of independent runs."""
    first, *rest = estimates
    for other in rest:
        first += other
    return first


def disagree(ours: Estimate, theirs: Estimate) -> bool:
    """Tell whether two means differ by more than chance does once in 1.7 million (5 sigma).

    Welch's t test and not a plain 5: the slowest peers manage a handful of replications.
    """
    if min(ours.count, theirs.count) < 2 or ours.squares + theirs.squares == 0:
        return ours.squares + theirs.squares == 0 and not math.isclose(ours.mean, theirs.mean)
    first = (ours.mean, math.sqrt(ours.squares / (ours.count - 1)), ours.count)
    second = (theirs.mean, math.sqrt(theirs.squares / (theirs.count - 1)), theirs.count)
    test = stats.ttest_ind_from_stats(*first, *second, equal_var=False)
    return bool(test.pvalue < FIVE_SIGMA)
