"""Quantile tables of distributions: what the engines draw from."""

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
    """Quantiles of a distribution, times `scale`, at both tails' probabilities.

    The first row goes up from the lower end, the second comes down from the upper end; between
    nodes a quantile is linear in the tail's probability. With 128 nodes in each halving of the
    tail the mean of an exponential distribution is kept to 3 parts in a million. Beyond a tail of
    2**-33 the distribution is cut.

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
    # A numerical ppf may wobble in the last digits; arrivals rely on its order.
    table[0] = np.maximum.accumulate(table[0])
    table[1] = np.minimum.accumulate(table[1])
    table.setflags(write=False)
    return table


def largest(count: Distribution) -> int:
    """The largest whole number that is drawn from a distribution: it is cut there."""
    return max(math.floor(float(quantile_table(count, 1)[1, 0]) + 0.5), 0)
