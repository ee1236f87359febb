"""Exact sums of whole numbers as Python integers, independent of the order of summation.

NumPy's 64-bit sums of squares overflow silently, and floating-point sums depend on the order.
Values below 2**50 are split into two halves of 25 bits, so that the sum of 2**12 products of
halves fits 64 bits and NumPy can compute it.
"""

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
_HALF = 25
_ROWS_AT_ONCE = 1 << 12
_TOO_LARGE = 1 << 50
_THIRD = 17


def _parts(values: "Array") -> "Iterator[Array]":
    """Slices of rows, converted to Python integers where values are too large to split."""
    for start in range(0, len(values), _ROWS_AT_ONCE):
        part = values[start : start + _ROWS_AT_ONCE]
        large = part.size and (part.max() >= _TOO_LARGE or part.min() <= -_TOO_LARGE)
        yield part.astype(object) if large else part


def exact_sums(values: "Array") -> "tuple[Array, Array]":
    """Sum and sum of squares (...) of integers (R, ...), as Python integers."""
    total = np.zeros(values.shape[1:], dtype=object)
    squares = np.zeros(values.shape[1:], dtype=object)
    for part in _parts(values):
        high, low = part >> _HALF, part & ((1 << _HALF) - 1)
        total = total + np.asarray(part.sum(0)).astype(object)
        first, second, third = ((a * b).sum(0) for a, b in ((high, high), (high, low), (low, low)))
        squares = squares + _joined(first, 2 * second, third)
    return np.asarray(total, dtype=object), np.asarray(squares, dtype=object)


def exact_cubes(values: "Array") -> "Array":
    """Sum of cubes (...) of integers (R, ...), as Python integers."""
    total = np.zeros(values.shape[1:], dtype=object)
    for part in _parts(values):
        if part.dtype == object or not part.size or np.abs(part).max() < 1 << _THIRD:
            found = (part * part * part).sum(0)
        else:  # thirds of 17 bits: 2**12 products of three fit 64 bits
            low = 1 << _THIRD
            thirds = part >> (2 * _THIRD), (part >> _THIRD) & (low - 1), part & (low - 1)
            found = 0
            for chosen in itertools.combinations_with_replacement(range(3), 3):
                one, two, three = (thirds[n] for n in chosen)
                orders = len(set(itertools.permutations(chosen)))
                sums = np.asarray((one * two * three).sum(0)).astype(object)
                found = found + sums * (orders << (_THIRD * (6 - sum(chosen))))
        total = total + np.asarray(found).astype(object)
    return np.asarray(total, dtype=object)


def exact_products(left: "Array", right: "Array") -> "Array":
    """Products (m, n) of integers (R, m) and (R, n), summed over R, as Python integers."""
    width = left.shape[1]
    total = np.zeros((width, right.shape[1]), dtype=object)
    for part in _parts(np.concatenate([left, right], axis=1)):
        high, low = part >> _HALF, part & ((1 << _HALF) - 1)
        (a, c), (b, d) = ((x[:, :width].T, x[:, width:]) for x in (high, low))
        total = total + _joined(a @ c, a @ d + b @ c, b @ d)
    return total


def _joined(first: Any, second: Any, third: Any) -> "Array":
    """Combine the products of halves."""
    first, second, third = (np.asarray(part).astype(object) for part in (first, second, third))
    return np.asarray((first << (2 * _HALF)) + (second << _HALF) + third)


class Moments:
    """Number, sums of the first three powers, and extremes of a variable, element by element."""

    def __init__(self) -> None:
        self.number: Any = 0
        self.total: Any = 0
        self.squares: Any = 0
        self.cubes: Any = 0
        self.low: Any = np.inf
        self.high: Any = -np.inf

    def take(self, values: "Array", present: "Array | None" = None) -> None:
        """Add values (replications, ...) where they are present."""
        valid = np.ones(values.shape, np.bool_) if present is None else present
        numbers = np.where(valid, values, 0)
        total, squares = exact_sums(numbers)
        self.number = self.number + valid.sum(0)
        self.total, self.squares = self.total + total, self.squares + squares
        self.cubes = self.cubes + exact_cubes(numbers)
        self.low = np.minimum(self.low, np.where(valid, values, np.inf).min(0, initial=np.inf))
        self.high = np.maximum(self.high, np.where(valid, values, -np.inf).max(0, initial=-np.inf))

    def merge(self, other: "Moments") -> None:
        """Add the sums of other replications."""
        self.number = self.number + other.number
        self.total, self.squares = self.total + other.total, self.squares + other.squares
        self.cubes = self.cubes + other.cubes
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)

    def statistics(self, unit: float = 1) -> "Array":
        """Mean, variance, minimum, maximum and skewness along a new first axis.

        NaN where undefined; the skewness is 0 where all values are equal.
        """
        # As objects: NumPy would turn a single element back into 64 bits, which overflow.
        moments = (self.number, self.total, self.squares, self.cubes)
        number, total, squares, cubes = (np.asarray(moment).astype(object) for moment in moments)
        mean = ratio(total, number) / unit
        spread = np.asarray(number * squares - total * total, dtype=object)
        variance = ratio(spread, number * (number - 1)) / unit**2
        empty = number == 0
        low = np.where(empty, np.nan, self.low) / unit
        high = np.where(empty, np.nan, self.high) / unit
        third = number * number * cubes - 3 * number * total * squares + 2 * total**3
        skewness = ratio(np.asarray(third, dtype=object), number**3) / unit**3
        scale = (ratio(spread, number * number) / unit**2) ** 1.5
        skewness = np.where(scale > 0.0, skewness / np.where(scale > 0.0, scale, 1.0), 0.0 * scale)
        return np.stack([mean, variance, low, high, skewness])


def ratio(above: "Array", below: "Array") -> "Array":
    """Quotients of integers of any size; NaN for a divisor of 0."""
    divide = np.frompyfunc(lambda a, b: int(a) / int(b) if b else np.nan, 2, 1)
    return np.asarray(divide(above, below), dtype=np.float64)


class Histogram:
    """How often each count from 0 occurred, column by column."""

    def __init__(self) -> None:
        self.counts: Array = np.zeros((1, 0), dtype=np.int64)

    def take(self, values: "Array") -> None:
        """Add values (replications, ...)."""
        columns = values.reshape(len(values), -1)
        size = int(columns.max(initial=0)) + 1
        found = [np.bincount(column, minlength=size) for column in columns.T]
        self.add(np.array(found, dtype=np.int64).reshape(columns.shape[1], size))

    def add(self, counts: "Array") -> None:
        """Add counts of other replications."""
        wider = max(self.counts.shape[1], counts.shape[1])
        total = np.zeros((len(counts), wider), dtype=np.int64)
        total[:, : self.counts.shape[1]] += self.counts
        total[:, : counts.shape[1]] += counts
        self.counts = total

    def quantiles(self, shares: "Sequence[float]", shape: tuple[int, ...]) -> "Array":
        """Smallest counts not exceeded by at least these shares of the replications."""
        below = self.counts.cumsum(axis=1)
        total = below[:, -1:] if below.shape[1] else np.zeros((len(below), 1))
        found = [(below < np.ceil(q * total - 1e-9)).sum(axis=1) for q in shares]
        return np.array(found, dtype=np.int64).reshape(len(shares), *shape)
