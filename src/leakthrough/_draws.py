"""From the numbers of a scenario to the whole numbers of the engines.

Times become ticks of a microsecond, probabilities become thresholds for 32-bit words, addresses
become 64-bit streams, and distributions become quantile tables. Engines compare and add whole
numbers only, so ties in time are exact (a window of 30 s always admits an engagement of 30 s)
and the same bits come out of the reference engine, the compiled kernel and the kernel with the
JIT switched off.
"""

import functools
import hashlib
import json
import math

import numpy as np
import numpy.typing as npt

from leakthrough._kernel import OCTAVES, STEPS
from leakthrough.distributions import Distribution

TICKS_A_SECOND = 1_000_000
WORD_RANGE = 2**32
LONGEST = 10**15
"""Ticks of 10^9 s: a drawn time beyond it is cut there (an engagement of 30 years never ends)."""


def ticks(seconds: float) -> int:
    """Nearest whole number of microseconds.

    Examples
    --------
    >>> ticks(0.1)
    100000
    """
    return math.floor(seconds * TICKS_A_SECOND + 0.5)


def threshold(probability: float) -> int:
    """Number below which a 32-bit word falls with this probability (to within 2**-33)."""
    return round(probability * WORD_RANGE)


def stream(*address: str | int) -> int:
    """63-bit number that stands for a decision and the names of what takes part in it.

    Names, not positions, make the address: inserting a layer shifts nobody else's draws. The
    ordinal of a draw is added to it, so the top bit stays free for the carry.
    """
    text = json.dumps(address, ensure_ascii=True).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def raid_offset(raid: int) -> int:
    """62-bit number that is added to the address of a draw in the raid of that number.

    The first raid has none: it draws what the same raid alone would draw.
    """
    return stream("raid", raid) >> 1 if raid else 0


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
    tail an exponential law's mean is kept to 3 parts in a million. Beyond a tail of 2**-33 the
    distribution is cut.

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
