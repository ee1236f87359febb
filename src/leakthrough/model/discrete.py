"""Conversion of a scenario's numbers to the whole numbers of the engines.

Times become ticks of a microsecond, probabilities become thresholds for 32-bit integers, addresses
become 63-bit streams, and distributions become quantile tables. The engines compare and add whole
numbers only. So ties in time are exact (a window of 30 s always admits an engagement of 30 s), and
the reference engine, the compiled kernel and the kernel without JIT give the same bits.
"""

import functools
import hashlib
import json
import math

TICKS_A_SECOND = 1_000_000
WORD_RANGE = 2**32
OCTAVES, STEPS = 32, 128
"""Quantile tables: 32 halvings of the tail probability, with 128 equal steps each."""
LONGEST = 10**15
"""Ticks of 10^9 s, the largest drawn time; longer ones are cut to it (30 years)."""


def ticks(seconds: float) -> int:
    """Nearest whole number of microseconds.

    Examples
    --------
    >>> ticks(0.1)
    100000
    """
    return math.floor(seconds * TICKS_A_SECOND + 0.5)


def threshold(probability: float) -> int:
    """Threshold such that a random 32-bit integer is below it with a probability (+- 2**-33)."""
    return round(probability * WORD_RANGE)


@functools.lru_cache(maxsize=1 << 16)
def stream(*address: str | int) -> int:
    """63-bit number of a decision and the names that take part in it.

    The address consists of names, not of positions, so inserting a layer does not change the other
    draws. The ordinal of a draw is added to it, so the top bit is left free for the carry.
    """
    text = json.dumps(address, ensure_ascii=True).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def raid_offset(raid: int) -> int:
    """62-bit number that is added to the addresses of draws in the raid of that number.

    It is 0 for the first raid, so the first raid has the draws of the same raid simulated alone.
    """
    return stream("raid", raid) >> 1 if raid else 0
