"""Quantile tables of distributions, from which the engines draw."""

import functools
import math

import numpy as np
import numpy.typing as npt

from leakthrough.model.discrete import LONGEST, OCTAVES, STEPS, WORD_RANGE
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import fault

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
    frozen = distribution.frozen()
    tails = tail_probabilities()
    with np.errstate(all="ignore"):
        table = np.stack([frozen.ppf(tails), frozen.isf(tails)]) * float(scale)
    if np.isnan(table).any():
        raise ValueError(f"SciPy gives no quantiles of {distribution}")
    table = np.clip(table, -float(LONGEST), float(LONGEST))
    # A numerical ppf may not be monotone in the last digits, but arrivals must be in order.
    table[0] = np.maximum.accumulate(table[0])
    table[1] = np.minimum.accumulate(table[1])
    table.setflags(write=False)
    return table


@functools.cache
def _probabilities() -> npt.NDArray[np.float64]:
    """Probabilities at the nodes of a table from end to end, and 0 and 1."""
    tails = tail_probabilities()
    return np.concatenate([[0.0], tails, 1.0 - tails[-2::-1], [1.0]])


def distribution_function(
    table: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Probabilities from 0 to 1 and the quantiles at them, (8193,) each; linear between them."""
    low, high = table.reshape(2, -1)
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


def largest(count: Distribution) -> int:
    """The largest whole number that is drawn from a distribution, where its table is cut."""
    return largest_in(quantile_table(count, 1))


@functools.lru_cache(maxsize=1024)
def upper_end(count: Distribution) -> int:
    """About the largest whole number that is drawn from a distribution, without its whole table.

    Raises a fault if SciPy cannot compute it.
    """
    with np.errstate(all="ignore"):
        end = float(count.frozen().isf(tail_probabilities()[0]))
    if math.isnan(end):
        raise fault(f"SciPy gives no quantiles of {count}")
    return max(math.floor(min(end, float(LONGEST)) + 0.5), 0)
