"""Quantile tables of distributions, from which the engines draw."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.model.discrete import LONGEST, OCTAVES, STEPS, TICKS_A_SECOND, WORD_RANGE
from leakthrough.model.distributions import Distribution, OwnDistribution
from leakthrough.model.errors import fault
from leakthrough.model.own_distributions import Empirical, Histogram, Mixture
from leakthrough.model.steps import mixed, of_intervals, of_values

Numbers = npt.NDArray[np.float64]
MOST_WIDE = 1_000_000
"""Whole numbers of a discrete distribution that are looked at."""
_APART = 1e-9
"""Relative distance of two numbers that are not the same median."""
TABLE_SIZE = 2 * (OCTAVES * STEPS + 1)
"""Numbers in a quantile table."""


def tail_probabilities() -> npt.NDArray[np.float64]:
    """Tail probabilities at the nodes of a quantile table, from 2**-33 to one half."""
    steps = 1 + np.arange(STEPS) / STEPS
    octaves = 2.0 ** np.arange(-OCTAVES - 1, -1)
    return np.append((octaves[:, None] * steps).ravel(), 0.5)


@functools.lru_cache(maxsize=256)
def quantile_table(distribution: Distribution, scale: int) -> npt.NDArray[np.float64]:
    """Quantiles of a distribution, times `scale`, at the tail probabilities of both tails.

    The first row increases from the lower bound, the second decreases from the upper bound;
    between nodes a quantile is linear in the tail probability. With 128 nodes in each halving of
    the tail, the mean of an exponential distribution is exact to 3 parts in a million. The
    distribution is cut at tail probabilities of 2**-33.

    Returns
    -------
    numpy.ndarray
        Shape (2, 4097), read-only.

    Raises
    ------
    ValueError
        If SciPy cannot compute the quantiles.
    """
    with np.errstate(all="ignore"):
        table = _quantiles(distribution, scale)
    if np.isnan(table).any():
        raise ValueError(f"SciPy gives no quantiles of {distribution}")
    table = np.clip(table, -float(LONGEST), float(LONGEST))
    # A numerical ppf may not be monotone in the last digits, but arrivals must be in order.
    table[0] = np.maximum.accumulate(table[0])
    table[1] = np.minimum.accumulate(table[1])
    table.setflags(write=False)
    return table


def _quantiles(distribution: Distribution, scale: int) -> Numbers:
    """Quantiles of a distribution as in `quantile_table`."""
    tails = tail_probabilities()
    if isinstance(distribution, Mixture):
        parts = [distribution_function(_of_part(own, scale)) for own in distribution.parts]
        return mixed(distribution.weights, parts, tails)
    if isinstance(distribution, Empirical):
        weights = distribution.weights or (1.0,) * len(distribution.values)
        return _of_values(np.array(distribution.values), weights, scale)
    if isinstance(distribution, Histogram):
        return of_intervals(np.array(distribution.edges) * scale, distribution.weights, tails)
    if distribution.is_whole:
        return _of_values(*_atoms(distribution), scale)
    frozen = distribution.frozen()
    return np.stack([frozen.ppf(tails), frozen.isf(tails)]) * float(scale)


def _of_part(part: float | Distribution, scale: int) -> Numbers:
    """Quantile table of a part of a mixture, which may be a number."""
    if isinstance(part, Distribution):
        return quantile_table(part, scale)
    return _of_values(np.array([part]), (1.0,), scale)


def _of_values(values: Numbers, weights: Sequence[float] | Numbers, scale: int) -> Numbers:
    """Quantile table of single values; those of `scale` 1 are rounded when they are drawn."""
    return of_values(values * scale, weights, tail_probabilities(), whole=scale == 1)


def _atoms(distribution: Distribution) -> tuple[Numbers, Numbers]:
    """Whole numbers and their probabilities, but for those beyond a tail of 2**-40."""
    frozen: Any = distribution.frozen()
    low, high = distribution.support()
    if not math.isfinite(low):
        low = float(frozen.ppf(2.0**-40))
    high = min(high, float(frozen.isf(2.0**-40))) if math.isinf(high) else high
    if not high - low < MOST_WIDE:
        text = f"has too many whole numbers, {high - low:,.0f}; at most {MOST_WIDE:,} are allowed"
        raise fault(f"{distribution.dist} {text}: use a continuous distribution")
    values = np.arange(low, high + 1.0)
    return values, frozen.pmf(values)


@functools.cache
def _probabilities() -> npt.NDArray[np.float64]:
    """Probabilities at the nodes of a table from end to end, and 0 and 1."""
    tails = tail_probabilities()
    return np.concatenate([[0.0], tails, 1.0 - tails[-2::-1], [1.0]])


def distribution_function(table: Numbers) -> tuple[Numbers, Numbers]:
    """Probabilities from 0 to 1 and the quantiles at them, (8195,) each; linear between them.

    There is one more, 1/2 twice, where the two halves of the table do not meet.
    """
    low, high = table.reshape(2, -1)
    if high[-1] - low[-1] > _APART * max(abs(high[-1]), abs(low[-1])):
        nodes = np.insert(_probabilities(), OCTAVES * STEPS + 2, 0.5)
        return nodes, np.concatenate([low[:1], low, high[::-1], high[:1]])
    return _probabilities(), np.concatenate([low[:1], low, high[-2::-1], high[:1]])


def mean_and_variance(table: npt.NDArray[np.float64], unit: int) -> tuple[float, float]:
    """Mean and variance of what the engines draw from a quantile table, not of the distribution.

    The mean is rounded to a multiple of 2**-32, so that sums of it are exact.

    A number of threats (`unit` 1) is rounded to a whole number that is not negative. A kill
    probability is a whole number of `unit`, so fine that its rounding does not matter.

    Parameters
    ----------
    table : array of float, shape (2, 4097) or flat
        As returned by `quantile_table`.
    unit : int
        Scale of the table.
    """
    nodes, values = distribution_function(table)
    if unit == 1:
        most = largest_in(table.reshape(2, -1))
        steps = np.arange(1, most + 1)
        reached = 1.0 - np.interp(steps - 0.5, values, nodes)
        mean, square = reached.sum(), ((2 * steps - 1) * reached).sum()
    else:
        low, high = values[:-1] / unit, values[1:] / unit
        shares = np.diff(nodes)
        mean = (shares * (low + high)).sum() / 2.0
        square = (shares * (low * low + low * high + high * high)).sum() / 3.0
    variance = max(square - mean * mean, 0.0)
    return round(float(mean) * WORD_RANGE) / WORD_RANGE, float(variance)


def largest_in(table: npt.NDArray[np.float64]) -> int:
    """The largest whole number that is drawn from a table of numbers of threats."""
    return max(math.floor(float(table[1, 0]) + 0.5), 0)


def quantiles_of(distribution: Distribution, probabilities: Any) -> Numbers:
    """Quantiles (...) of a distribution at some probabilities (...)."""
    if not isinstance(distribution, OwnDistribution):
        with np.errstate(all="ignore"):
            return np.asarray(distribution.frozen().ppf(probabilities))
    nodes, values = distribution_function(quantile_table(distribution, TICKS_A_SECOND))
    return np.asarray(np.interp(probabilities, nodes, values)) / TICKS_A_SECOND


def largest(count: Distribution) -> int:
    """The largest whole number that is drawn from a distribution, where its table is cut."""
    return largest_in(quantile_table(count, 1))


@functools.lru_cache(maxsize=1024)
def upper_end(count: Distribution) -> int:
    """About the largest whole number that is drawn from a distribution.

    Of a continuous one of SciPy without its whole table. Raises a fault if SciPy cannot compute it.
    """
    if isinstance(count, OwnDistribution) or count.is_whole:
        return largest(count)
    with np.errstate(all="ignore"):
        end = float(count.frozen().isf(tail_probabilities()[0]))
    if math.isnan(end):
        raise fault(f"SciPy gives no quantiles of {count}")
    return max(math.floor(min(end, float(LONGEST)) + 0.5), 0)
