"""The draws of the reference engine: addressed Philox draws in plain Python."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from leakthrough.model.chances import Chance
from leakthrough.model.discrete import (
    TICKS_A_SECOND,
    WORD_RANGE,
    raid_offset,
    stream,
    threshold,
    ticks,
)
from leakthrough.model.distributions import Distribution
from leakthrough.model.quantiles import quantile_table

Draw = tuple[int, int, int, int]
"""Four random integers of 32 bits."""


def philox(key: tuple[int, int], counter: Draw) -> Draw:
    """Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011)."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        high_0, low_0 = divmod(0xD2511F53 * c0, WORD_RANGE)
        high_1, low_1 = divmod(0xCD9E8D57 * c2, WORD_RANGE)
        c0, c1, c2, c3 = high_1 ^ c1 ^ k0, low_1, high_0 ^ c3 ^ k1, low_0
        k0, k1 = (k0 + 0x9E3779B9) % WORD_RANGE, (k1 + 0xBB67AE85) % WORD_RANGE
    return c0, c1, c2, c3


def uniform(integer: int) -> float:
    """A random 32-bit integer as a number strictly between 0 and 1."""
    return (integer + 0.5) / WORD_RANGE


def quantile(distribution: Distribution, scale: int, probability: float) -> int:
    """Quantile in whole units, from the table that the kernel reads."""
    table = quantile_table(distribution, scale)
    half = 0 if probability < 0.5 else 1
    tail = probability if half == 0 else 1.0 - probability
    tail = min(max(tail, 2.0**-33), 0.5 - 2.0**-33)
    mantissa, exponent = math.frexp(tail)
    position = (2.0 * mantissa - 1.0) * 128
    node = (exponent + 32) * 128 + int(position)
    low, high = float(table[half, node]), float(table[half, node + 1])
    return math.floor(low + (position - int(position)) * (high - low) + 0.5)


class RaidDraws(NamedTuple):
    """All draws of one raid; `raid` is its number in a campaign, 0 for a single raid."""

    seed: int
    replication: int
    raid: int = 0

    def draw(self, address: Sequence[str | int], threat: int = 0, ordinal: int = 0) -> Draw:
        """Four integers for one decision; its address is its kind and the names that take part."""
        key = (self.seed % WORD_RANGE, self.seed // WORD_RANGE)
        position = stream(*address) + ordinal + raid_offset(self.raid)
        high, low = divmod(position, WORD_RANGE)
        return philox(key, (self.replication, threat, low, high))

    def limit(self, chance: Chance) -> int:
        """Threshold of a probability in this replication, the same in all its raids."""
        return threshold_or_draw(chance.value, self._replace(raid=0).draw(chance.name)[0])

    def exponentials(self, address: Sequence[str | int], number: int) -> list[float]:
        """Cumulative sums of unit exponential draws."""
        sums, total = [], 0.0
        for n in range(number):
            total -= math.log(uniform(self.draw(address, threat=n // 4)[n % 4]))
            sums.append(total)
        return sums


def time_or_draw(value: float | Distribution, integer: int) -> int:
    """Ticks of a time; the integer is used only if it is a distribution."""
    if isinstance(value, Distribution):
        return quantile(value, TICKS_A_SECOND, uniform(integer))
    return ticks(value)


def threshold_or_draw(value: float | Distribution, integer: int) -> int:
    """Threshold of a probability; the integer is used only if it is a distribution."""
    if isinstance(value, Distribution):
        return quantile(value, WORD_RANGE, uniform(integer))
    return threshold(value)
