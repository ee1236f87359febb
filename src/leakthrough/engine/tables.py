"""A scenario in numbers: the records of `engine.layout`, filled and linked."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine.layout import (
    BATTERY,
    KILL_CHANCE,
    LANDING,
    LAYER,
    MAGAZINE,
    NODE,
    PAIRING,
    SALVO,
    WINDOW,
    Records,
    Whole,
)
from leakthrough.engine.memory import Block, Place, new_block

RECORDS_OF = {
    "salvos": SALVO,
    "landings": LANDING,
    "windows": WINDOW,
    "layers": LAYER,
    "batteries": BATTERY,
    "pairings": PAIRING,
    "magazines": MAGAZINE,
    "kill_chances": KILL_CHANCE,
    "nodes": NODE,
}
"""Records of the tables that begin anew with each raid, in the order of the block."""


class Tables:
    """A scenario in numbers: records, and lists of codes, as the kernel reads them.

    Records and lists lie in one block of memory, with the values with which a raid starts: the
    state of a thread begins as a copy of it, and so does each replication.

    Parameters
    ----------
    block : array of uint8
    places : mapping of str to Place
        Where the records and lists below are in the block.
    quantiles : array of float64
        Tables of 2 * 4097, one after another.
    fixed_arrivals : array of int64
        Ticks of the threats of those salvos whose arrival is not drawn.
    timeline : array of int64, shape (T,)
        Sample times in ticks.
    interceptors : int
        I.
    """

    salvos: Records  # (S,)
    landings: Records  # (salvos that aim at a battery,), by battery
    windows: Records  # (L * S,), by layer, then by salvo
    layers: Records  # (L,), outermost first
    batteries: Records  # (B,), by layer
    pairings: Records  # (P,): batteries and the salvos that they may engage, by window
    magazines: Records  # (K,), by battery
    kill_chances: Records  # (I * C,), by interceptor, then by threat class
    nodes: Records  # tournament of the next openings: leaves in the upper half
    openings: npt.NDArray[np.uint32]  # windows in the order of their leaves
    preferences: npt.NDArray[np.uint32]  # magazines of each pairing, in the order of trying
    urgencies: npt.NDArray[np.uint32]  # pairings of each battery, most urgent first
    fireable: npt.NDArray[np.uint32]  # windows in which each magazine's rounds may be fired

    def __init__(
        self,
        block: Block,
        places: Mapping[str, Place],
        quantiles: npt.NDArray[np.float64],
        fixed_arrivals: Whole,
        timeline: Whole,
        interceptors: int,
    ) -> None:
        self.block, self.places, self.quantiles = block, places, quantiles
        self.fixed_arrivals, self.timeline, self.interceptors = (
            fixed_arrivals,
            timeline,
            interceptors,
        )
        for name, place in places.items():
            setattr(self, name, place.array(block))

    def __reduce__(self) -> tuple[Any, ...]:
        given = self.quantiles, self.fixed_arrivals, self.timeline, self.interceptors
        return type(self), (self.block, self.places, *given)

    def copy(self) -> "Tables":
        """Return tables whose records may be changed; what is not in the block is shared."""
        block = new_block(self.block.size)
        block[:] = self.block
        given = self.quantiles, self.fixed_arrivals, self.timeline, self.interceptors
        return Tables(block, self.places, *given)

    @property
    def classes(self) -> int:
        """Number of threat classes, C."""
        return int(self.kill_chances.size) // max(self.interceptors, 1)

    @property
    def threats(self) -> int:
        """Number of threats of all salvos together, N; where it is drawn, the most."""
        return int(self.salvos["count"].sum())
