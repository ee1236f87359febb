"""Addressed draws: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011) and quantile tables."""

import math
from typing import Any

import numpy as np

from leakthrough.engine.codes import NONE
from leakthrough.engine.kernel.compiling import Int, compiled, entry, inlined, merged
from leakthrough.model.discrete import OCTAVES, STEPS

at = np.uint64
"""Makes an index unsigned.

Numba wraps signed indices around as Python does, with four instructions at every access: a quarter
of the kernel's time.
"""
# Numba turns `uint64 + literal` into int64, so every constant of an unsigned sum is cast.
U = np.uint64
MASK_32 = U(0xFFFFFFFF)
SHIFT_32 = U(32)
HALF_TABLE = OCTAVES * STEPS + 1


@compiled
def philox(key: Any, counter: Any) -> Any:
    """Four 32-bit integers from a key of two and a counter of four."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        first, second = U(0xD2511F53) * c0, U(0xCD9E8D57) * c2
        c0, c1 = (second >> SHIFT_32) ^ c1 ^ k0, second & MASK_32
        c2, c3 = (first >> SHIFT_32) ^ c3 ^ k1, first & MASK_32
        k0, k1 = (k0 + U(0x9E3779B9)) & MASK_32, (k1 + U(0xBB67AE85)) & MASK_32
    return c0, c1, c2, c3


@merged
def draw_at(raid: Any, number: Int, address: Any) -> Any:
    """Four integers at the address (seed, replication, threat, stream + raid + ordinal)."""
    key = (raid.seed & MASK_32, raid.seed >> SHIFT_32)
    return philox(key, (raid.replication, U(number), address & MASK_32, address >> SHIFT_32))


@compiled
def draw(raid: Any, number: Int, stream: Any, ordinal: Int) -> Any:
    """Four integers at the address (seed, replication, raid, threat, stream, ordinal)."""
    return draw_at(raid, number, stream + U(ordinal) + raid.offset)


@merged
def unit(word: Any) -> float:
    """A 32-bit integer as a number strictly between 0 and 1."""
    return (float(word) + 0.5) * 2.0**-32


@compiled
def quantile(tables: Any, start: Int, probability: float) -> Int:
    """Quantile from a table, by linear interpolation in the probability of the nearer tail."""
    half = 0 if probability < 0.5 else 1
    tail = min(max(probability if half == 0 else 1.0 - probability, 2.0**-33), 0.5 - 2.0**-33)
    mantissa, exponent = math.frexp(tail)
    position = (2.0 * mantissa - 1.0) * STEPS
    step = int(position)
    node = start + half * HALF_TABLE + (exponent + OCTAVES) * STEPS + step
    low = tables[at(node)]
    return int(math.floor(low + (position - step) * (tables[at(node + 1)] - low) + 0.5))  # noqa: RUF046


@inlined
def number_or_draw(tables: Any, constant: Int, start: Int, word: Any) -> Int:
    """A whole number: drawn if it has a table (`start` is not -1), otherwise the constant."""
    return constant if start < 0 else quantile(tables, start, unit(word))


@compiled
def exponential_sums(raid: Any, stream: Any, sums: Any, number: Int) -> None:
    """Cumulative sums of unit exponential draws; four threats share one draw."""
    address = stream + raid.offset
    key = (raid.seed & MASK_32, raid.seed >> SHIFT_32)
    # Masks tell LLVM that the factors of all products have 32 bits, so it computes several draws
    # at a time. With the arrivals in separate loops, 9.0 -> 4.6 us.
    replication, low, high = raid.replication & MASK_32, address & MASK_32, address >> SHIFT_32
    for n in range((number + 3) >> 2):
        one, two, three, four = philox(key, (replication, U(n) & MASK_32, low, high))
        sums[at(4 * n)], sums[at(4 * n + 1)] = unit(one), unit(two)
        sums[at(4 * n + 2)], sums[at(4 * n + 3)] = unit(three), unit(four)
    total = 0.0
    for n in range(number):
        total -= math.log(sums[at(n)])
        sums[at(n)] = total


def _draw_numbers(sources: Int) -> Any:
    def draw_numbers(tables: Any, seed: Int, replications: Any, addresses: Any, found: Any) -> None:
        """Draw a whole number from a quantile table for each replication and address."""
        if sources == 0:  # uses the digest of all modules, so that the cache's key contains it
            return
        key = (U(seed) & MASK_32, U(seed) >> SHIFT_32)
        for n in range(found.size):
            stream = addresses[at(n)]
            counter = (replications[at(n)], U(0), stream & MASK_32, stream >> SHIFT_32)
            found[at(n)] = quantile(tables, NONE, unit(philox(key, counter)[0]))

    return draw_numbers


draw_numbers = entry(_draw_numbers)


def _draw_integers(sources: Int) -> Any:
    def draw_integers(seed: Int, start: Int, address: Any, found: Any) -> None:
        """Draw a 32-bit integer for each replication from `start`."""
        if sources == 0:
            return
        key = (U(seed) & MASK_32, U(seed) >> SHIFT_32)
        stream = U(address)
        for n in range(found.size):
            counter = (U(start + n), U(0), stream & MASK_32, stream >> SHIFT_32)
            found[at(n)] = philox(key, counter)[0]

    return draw_integers


draw_integers = entry(_draw_integers)
