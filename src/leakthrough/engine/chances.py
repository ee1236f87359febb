"""Thresholds that follow from probabilities drawn once a replication."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.layout import RECORDS_OF
from leakthrough.engine.record import Records
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.quantiles import TABLE_SIZE

Array = npt.NDArray[Any]


class Drawn(NamedTuple):
    """The records of one kind in which a field is drawn."""

    codes: Array  # of the records (U,)
    uses: Records  # (U,)

    def written(self, thresholds: Array, drawn: Array, less: Array | None = None) -> Array:
        """Thresholds (R, n) of all records, in some of which p (1 - q) is drawn.

        `drawn` has the thresholds of the probabilities (R, chances), `less` those of q if others.
        """
        found = np.tile(thresholds.astype(np.int64), (len(drawn), 1))
        own = self._values("chance", "fixed", drawn)
        share = self._values("less", "fixed_less", drawn if less is None else less) / WORD_RANGE
        found[:, self.codes] = np.floor(own * (1.0 - share) + 0.5)
        return found

    def _values(self, link: str, fixed: str, drawn: Array) -> Array:
        """What is drawn or fixed (R, U)."""
        values = np.concatenate([drawn, np.zeros((len(drawn), 1), drawn.dtype)], axis=1)
        found: Array = np.where(self.uses[link] < 0, self.uses[fixed], values[:, self.uses[link]])
        return found.astype(np.float64)


def drawn_in(tables: Tables, records: str, field: str) -> Drawn:
    """The records of a kind in which a field is drawn."""
    location = tables.locations[records]
    first = location.offset + RECORDS_OF[records].dtype.fields[field][1]  # type: ignore[index]
    offsets = tables.uses["word"].astype(np.int64) * 8 - first
    codes, rest = np.divmod(offsets, location.dtype.itemsize)
    own = (rest == 0) & (codes >= 0) & (codes < location.number)
    return Drawn(codes[own], tables.uses[own])


def ends(tables: Tables) -> Array:
    """Smallest and largest thresholds (2, chances) that are drawn."""
    starts = tables.chances["table"].astype(np.int64)
    found = tables.quantiles[np.stack([starts, starts + TABLE_SIZE // 2])]
    whole: Array = np.floor(found + 0.5).astype(np.int64)
    return whole
