"""Arrays in one block of memory, each on a line of the cache.

As single arrays, large ones would all begin at the same place of a page and drive each other out
of the cache: measured, a tenth of the kernel's time, more or less by chance.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Block = npt.NDArray[np.uint8]
LINE = 64
PAGE = 4096


class Place(NamedTuple):
    """Where an array is in a block."""

    offset: int
    number: int
    dtype: "np.dtype[Any]"

    def array(self, block: Block) -> Array:
        """Return the array, a view of the block."""
        return np.ndarray(self.number, self.dtype, block.data, self.offset)


def places_of(
    arrays: "Mapping[str, tuple[int, npt.DTypeLike]]", start: int = 0
) -> dict[str, Place]:
    """Places of arrays of some number and dtype, one after another from an offset."""
    found = {}
    for name, (number, given) in arrays.items():
        dtype = np.dtype(given)
        found[name] = Place(start, number, dtype)
        start = -(-(start + number * dtype.itemsize) // LINE) * LINE
    return found


def end_of(places: Mapping[str, Place]) -> int:
    """Bytes up to the line behind the last place."""
    last = list(places.values())[-1]
    return -(-(last.offset + last.number * last.dtype.itemsize) // LINE) * LINE


def new_block(size: int) -> Block:
    """Zeroed bytes that begin on a page."""
    raw = np.zeros(size + PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE
    return raw[start : start + size]
