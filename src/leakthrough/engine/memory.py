"""Arrays in one block of memory, each beginning on a cache line.

As single arrays, large ones would all begin at the same offset of a page and evict each other
from the cache: this took about a tenth of the kernel's time, varying by chance.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.layout import ARRAYS

Array = npt.NDArray[Any]
Block = npt.NDArray[np.uint8]
LINE = 64
PAGE = 4096


class Location(NamedTuple):
    """Location of an array in a block."""

    offset: int
    number: int
    dtype: "np.dtype[Any]"

    def array(self, block: Block) -> Array:
        """Return the array, a view of the block."""
        return np.ndarray(self.number, self.dtype, block.data, self.offset)

    @property
    def stop(self) -> int:
        """Offset of the first cache line after the array."""
        return -(-(self.offset + self.number * self.dtype.itemsize) // LINE) * LINE


def locations_of(lengths: Mapping[str, int], start: int = 0) -> dict[str, Location]:
    """Locations of arrays of a state, one after another from an offset."""
    found = {}
    for name, number in lengths.items():
        found[name] = Location(start, number, ARRAYS[name])
        start = found[name].stop
    return found


def end_of(locations: Mapping[str, Location]) -> int:
    """Bytes up to the first cache line after the last location."""
    return list(locations.values())[-1].stop


def new_block(size: int) -> Block:
    """Zeroed bytes that begin on a page."""
    raw = np.zeros(size + PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE
    return raw[start : start + size]
