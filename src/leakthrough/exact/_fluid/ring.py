"""A layer of the fluid and what comes to it, laid out on one grid of times."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid.raid import Cohorts, Pairing
from leakthrough.exact._fluid.stock import Stock
from leakthrough.scenario import Layer

LEAST = 1e-300
"""Stands for nothing where something is divided by it."""


class Loss(NamedTuple):
    """When a battery is destroyed."""

    times: Numbers  # [s], rising
    alive: Numbers  # chance that it still stands then


class Coming(NamedTuple):
    """Threats of one salvo that a layer holds, and that are free to be engaged together."""

    cohorts: Cohorts
    opens: float  # from arrival until they can be engaged [s]
    held: Numbers  # (cells, nights)
    launched: int  # by the whole salvo
    priority: int
    pairings: list[Pairing]


class Turn(NamedTuple):
    """Threats that turn to one magazine."""

    part: int  # of what came
    pairing: Pairing
    use: Numbers  # (bins, nights): share of them that turn to it, if it holds rounds
    given: Numbers  # the same, times the chance of that, among those for whom any battery has some
    done: Numbers  # (bins, nights): share of the work that channels do
    wait: float  # of the first look, on average [s]


class Ring:
    """A layer and what comes to it, on one grid of times at which windows open."""

    def __init__(
        self,
        layer: Layer,
        coming: Sequence[Coming],
        losses: Sequence[Sequence[Loss]],
        nights: int,
    ) -> None:
        self.layer, self.coming = layer, coming
        self.magazines = [(b, m) for b in layer.batteries for m in b.magazines]
        self.groups = range(len(layer.batteries))
        self.group_of = [g for g in self.groups for _ in layer.batteries[g].magazines]
        self.nights = nights
        active = [s for s, one in enumerate(coming) if one.pairings and one.held.any()]
        own = [coming[s].cohorts.edges + coming[s].opens for s in active]
        self.edges = np.unique(np.concatenate(own)) if active else np.arange(2.0)
        self.shape = len(self.edges) - 1, self.nights
        self.held: dict[int, Numbers] = {}
        self.cells: dict[int, tuple[slice, npt.NDArray[np.intp]]] = {}
        for s, edges in zip(active, own, strict=True):
            self._lay_out(s, edges)
        self.standing = [
            self._standing(b.count, lost) for b, lost in zip(layer.batteries, losses, strict=True)
        ]

    def _standing(self, count: int, losses: Sequence[Loss]) -> Numbers:
        """Expected share of batteries that are alike which are not destroyed (bins, 1)."""
        alive = np.ones(self.shape[0])
        for loss in losses:
            place = np.searchsorted(loss.times, self.edges[:-1], side="right") - 1
            alive -= (1.0 - loss.alive[place]) / count
        return alive[:, np.newaxis]

    def _lay_out(self, s: int, edges: Numbers) -> None:
        """Spread cells over bins: each bin lies in one cell."""
        middle = (self.edges[:-1] + self.edges[1:]) / 2.0
        cell = np.searchsorted(edges, middle) - 1
        inside = np.flatnonzero((cell >= 0) & (cell < len(edges) - 1))
        place = slice(int(inside[0]), int(inside[-1]) + 1)
        width = np.diff(self.edges)[place] / np.diff(edges)[cell[place]]
        self.held[s] = np.zeros(self.shape)
        self.held[s][place] = self.coming[s].held[cell[place]] * width[:, np.newaxis]
        self.cells[s] = place, np.searchsorted(cell[place], np.arange(len(edges) - 1))

    def pace(self, group: int) -> float:
        """Engagements a second of batteries that are alike, all channels busy."""
        battery = self.layer.batteries[group]
        cycles = [p.cycle for one in self.coming for p in one.pairings if p.group == group]
        return battery.count * battery.channels / float(np.mean(cycles)) if cycles else 0.0

    def has(self, state: list[Stock], part: int, magazine: int) -> Numbers:
        """Chance that a magazine holds rounds that a threat may draw (bins, nights)."""
        stock = state[magazine]
        left = stock.urgent if self.coming[part].priority >= 1 else stock.plain
        has: Numbers = left * self.standing[self.group_of[magazine]]
        return has

    def done(self, turn: Turn, state: list[Stock]) -> Numbers:
        """Engagements (bins, nights)."""
        p = turn.pairing
        has = self.has(state, turn.part, p.magazine)
        done: Numbers = self.held[turn.part] * turn.use * turn.done * has * p.each
        return done
