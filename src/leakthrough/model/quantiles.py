"""Quantile tables of distributions, from which the engines draw."""

import functools
import math

import numpy as np
import numpy.typing as npt

from leakthrough.model.discrete import LONGEST, OCTAVES, STEPS
from leakthrough.model.distributions import Distribution


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


def largest(count: Distribution) -> int:
    """The largest whole number that is drawn from a distribution, where its table is cut."""
    return max(math.floor(float(quantile_table(count, 1)[1, 0]) + 0.5), 0)
