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

TICKS_A_SECOND = 1_000_000
WORD_RANGE = 2**32
OCTAVES, STEPS = 32, 128
"""Quantile tables: 32 halvings of the tail probability, 128 equal steps in each."""
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


@functools.lru_cache(maxsize=1 << 16)
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
