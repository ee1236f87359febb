"""Kinds of raids, and numbers of threats, that are decided before each raid of a campaign.

For all replications of a block at once, in whole numbers. Letters of the shapes as in
`leakthrough.engine.layout`; M is the kinds of raid of a pattern, X the attacker's stocks, and R the
replications of a block.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_pattern import Pattern
from leakthrough.engine.resupply import Draw, shared
from leakthrough.model.discrete import WORD_RANGE, raid_offset, stream

DrawIntegers = Callable[[int, int], Whole]
"""Draws 32-bit integers at an address, for a number of replications."""


class RaidSizes:
    """Kinds and sizes of the raids of some replications, decided in the order of the raids."""

    def __init__(self, pattern: Pattern, replications: int) -> None:
        self.pattern, self.replications = pattern, replications
        self.kind = np.zeros(replications, np.int64)
        start = np.array([own.start for own in pattern.stocks], np.int64)
        self.stock = np.tile(start, (replications, 1))

    def decide(self, raid: int, draw: Draw, draw_integers: DrawIntegers) -> tuple[Whole, Whole]:
        """Decide a raid.

        Returns
        -------
        columns : array of int64, shape (R, 1 + X)
            The kind of the raid, and the attacker's stocks before it.
        launched : array of int64, shape (R, S)
        """
        self._choose_kind(raid, draw_integers)
        wanted = self._wanted(raid, draw, draw_integers)
        self._fill(raid, draw)
        columns = np.hstack([self.kind[:, np.newaxis], self.stock])
        for n, stock in enumerate(self.pattern.stocks):
            own = shared(wanted[:, stock.salvos], self.stock[:, n], False)
            wanted[:, stock.salvos] = own
            self.stock[:, n] -= own.sum(axis=1)
        return columns, wanted

    def _choose_kind(self, raid: int, draw_integers: DrawIntegers) -> None:
        pattern = self.pattern
        if pattern.kinds.size:
            self.kind[:] = pattern.kinds[raid]
            return
        drawn = draw_integers(stream("raid kind") + raid_offset(raid), self.replications)
        limits = pattern.following[self.kind] if raid > 0 else pattern.first
        self.kind = (drawn[:, np.newaxis] >= limits).sum(axis=1)

    def _wanted(self, raid: int, draw: Draw, draw_integers: DrawIntegers) -> Whole:
        """Threats (R, S) that are to be launched, as far as the stocks allow."""
        pattern, offset = self.pattern, raid_offset(raid)
        found: Whole = pattern.counts[self.kind]
        for own in pattern.drawn:
            rows = np.flatnonzero(self.kind == own.kind)
            drawn = draw(own.quantiles, rows, pattern.streams[own.salvo] + offset)
            found[rows, own.salvo] = np.maximum(drawn, 0)
        if (factor := pattern.factors[raid]) != 1.0:
            for salvo, address in enumerate(pattern.rounding):
                share = (draw_integers(address + offset, len(found)) + 0.5) / WORD_RANGE
                found[:, salvo] = np.floor(found[:, salvo] * factor + share)
        return found

    def _fill(self, raid: int, draw: Draw) -> None:
        """Add the threats that reach the stocks before a raid."""
        for n, stock in enumerate(self.pattern.stocks):
            self.stock[:, n] += stock.arrivals[raid]
            if raid > 0 and stock.quantiles.size:
                address = stock.stream + raid_offset(raid)
                drawn = draw(stock.quantiles, np.arange(len(self.kind)), address)
                self.stock[:, n] += np.maximum(drawn, 0)


def of_kinds(columns: Whole, kinds: int) -> npt.NDArray[Any]:
    """Whether raids are of each kind (..., M), from the columns of `RaidSizes.decide`."""
    found: npt.NDArray[Any] = columns[..., :1] == np.arange(kinds)
    return found
