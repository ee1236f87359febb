"""Exact sums of products of integers, in bounded memory, whatever the order of summation.

NumPy's 64-bit sums of products overflow silently, and floating-point sums depend on their order.
Integers are therefore split into limbs of 22 bits with a sign. The sum of 2**11 products of limbs
is at most 2**53, so that a matrix product of floating-point numbers computes it exactly: with fused
operations or without, in any order, by any library.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

__all__ = ["CrossSums"]

LIMB, ROWS_AT_ONCE, PLANES = 22, 1 << 11, 6
"""Bits of a limb, rows of a chunk, limbs of a sum. The last limb holds all that is left: 41 bits,
for 10**8 products of 124 bits."""
CARRY_AFTER = 256
"""Chunks of rows whose sums fit 64 bits: each adds at most 3 * 2**53 to a plane."""
LARGEST = 1 << 62


class CrossSums:
    """Sums of products of pairs of columns of integer matrices.

    Parameters
    ----------
    columns : int
        Of the matrices. A column of ones is put before them, for the sums of the columns.
    first : int, optional
        Columns whose products with all columns are wanted, from the first; by default all.

    Attributes
    ----------
    planes : array of int64, shape (6, 1 + first, 1 + columns)
        The sums, in limbs of 22 bits: a sum is that of ``planes[n] << (22 * n)``. All but the last
        plane are from 0 to 2**22 - 1. So the same integers always have the same planes.

    Examples
    --------
    >>> sums = CrossSums(2)
    >>> sums.take(np.array([[3, 2**40], [1, -(2**40)]]))
    >>> sums.products().tolist()[0]
    [2, 4, 0]
    >>> sums.products()[2, 2] == 2 * 2**80
    True
    """

    def __init__(self, columns: int, first: int | None = None) -> None:
        rows = columns if first is None else first
        self.planes: Array = np.zeros((PLANES, 1 + rows, 1 + columns), np.int64)

    @property
    def number(self) -> int:
        """Rows that were taken."""
        return int(self.planes[0, 0, 0] + (self.planes[1, 0, 0] << LIMB))

    def take(self, values: "Array") -> None:
        """Add rows (R, columns) of integers, at most 2**62 in size.

        Raises
        ------
        ValueError
            If the rows have another number of columns, no integers, or larger ones.
        """
        columns = self.planes.shape[2] - 1
        if values.ndim != 2 or values.shape[1] != columns or values.dtype.kind not in "iu":
            msg = f"values: must be integers of shape (R, {columns}); got {values.dtype}"
            raise ValueError(f"{msg} of shape {values.shape}")
        high, low = values.max(axis=0, initial=0), values.min(axis=0, initial=0)
        if (high > LARGEST).any() or (low < -LARGEST).any():
            raise ValueError("values: must be from -2**62 to 2**62; got larger ones")
        largest = np.maximum(high.astype(np.int64), -low.astype(np.int64))
        for chunk, start in enumerate(range(0, len(values), ROWS_AT_ONCE), 1):
            rows = values[start : start + ROWS_AT_ONCE].astype(np.int64, copy=False)
            self._add(_limbs(rows, largest))
            if chunk % CARRY_AFTER == 0:
                self._carry()
        self._carry()

    def _add(self, limbs: "list[tuple[Array, Array]]") -> None:
        for i, (columns, left) in enumerate(limbs):
            rows = columns[columns < self.planes.shape[1]]
            for j, (others, right) in enumerate(limbs):
                found = (left[:, : rows.size].T @ right).astype(np.int64)
                self.planes[i + j][np.ix_(rows, others)] += found

    def _carry(self) -> None:
        for lower, upper in zip(self.planes[:-1], self.planes[1:], strict=True):
            upper += lower >> LIMB
            lower &= (1 << LIMB) - 1

    def merge(self, other: "CrossSums") -> None:
        """Add the sums of other rows."""
        self.planes += other.planes
        self._carry()

    def products(self) -> "Array":
        """Sums of products (1 + first, 1 + columns), as Python integers.

        The first element is the number of rows, and the others of the first row are the sums of
        the columns.
        """
        total = self.planes[-1].astype(object)
        for plane in self.planes[-2::-1]:
            total = (total << LIMB) + plane
        return np.asarray(total, dtype=object)


def _limbs(values: "Array", largest: "Array") -> "list[tuple[Array, Array]]":
    """Columns that have a limb of each size, and these limbs as floats; a column of ones first."""
    half, columns, rest, found = 1 << (LIMB - 1), np.arange(len(largest)) + 1, values, []
    limb = np.ones((len(values), len(largest) + 1))
    limb[:, 1:] = values
    found.append((np.arange(len(largest) + 1), limb))
    while (wide := largest >= half).any():
        columns, rest, largest = columns[wide], rest[:, wide], largest[wide] >> LIMB
        upper = (rest + half) >> LIMB
        limb[:, -len(wide) :][:, wide] = rest - (upper << LIMB)
        rest, limb = upper, upper.astype(np.float64)
        found.append((columns, limb))
    return found
