"""Raids whose random decisions have other probabilities, and the likelihood ratios that follow.

A tilt is a number for each cell of `engine.decisions`: what is added to the log odds of a decision,
or the coefficient of an exponential tilt, a standard deviation at a time, of what is drawn once in
a raid. The counts of a replication give the ratio of its probabilities with two sets of tilts: a
decision that occurred h times in n draws contributes h log(p' / p) + (n - h) log((1 - p') /
(1 - p)). Probabilities are thresholds and quantile tables as the kernel reads them, so the ratio is
exact.
"""

import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.counts import Counts
from leakthrough.engine.decisions import FAMILIES, LAWS, Decisions, Law, Part
from leakthrough.engine.layout import RECORDS_OF
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.quantiles import TABLE_SIZE, distribution_function, tail_probabilities
from leakthrough.statistics.importance import concentration

Array = npt.NDArray[Any]
Tilts = npt.NDArray[np.float64]
"""A tilt for each cell, (D,)."""

FINENESS = 2.0**-8
"""Tilts are multiples of it, so that their last digits do not depend on the machine."""
STEEPEST = 40.0
LEAST_DEVIATION = 2.0**-16
"""Of an uncertain kill probability that is tilted."""
REACH = 2.0**-27
"""Half of the width within which two densities of a kill probability are compared."""


class Seen(NamedTuple):
    """What the decisions of each cell came to, (R, D) each.

    `occurred` is how often a decision occurred, out of `drawn`; of a quantity, what was drawn.
    """

    occurred: Array
    drawn: Array

    def of(self, own: Array) -> "Seen":
        """What they came to in some of the replications."""
        return Seen(self.occurred[own], self.drawn[own])


def _log_odds(chance: Any) -> Any:
    from scipy.special import logit

    return logit(chance)


def _shifted(chance: Any, tilt: Any) -> Any:
    """Probabilities with a tilt added to their log odds."""
    from scipy.special import expit

    return expit(_log_odds(chance) + tilt)


def _log_likelihood(hits: Array, drawn: Array, chance: Any, other: Any) -> Array:
    """Log ratio of the probabilities of hits with another chance and with the given one."""
    from scipy.special import xlogy

    with np.errstate(divide="ignore"):
        found: Array = xlogy(hits, other / chance)
        return found + xlogy(drawn - hits, (1.0 - other) / (1.0 - chance))


def _root(excess: Any) -> float:
    """Tilt at which an increasing function is 0."""
    low, high = -STEEPEST, STEEPEST
    for _ in range(24):
        middle = (low + high) / 2.0
        low, high = (low, middle) if excess(middle) > 0.0 else (middle, high)
    return (low + high) / 2.0


class _Chance:
    """A cell of decisions with one known probability."""

    def __init__(self, column: int, records: str, field: str, own: Array, chance: int) -> None:
        self.column, self.records, self.field, self.own = column, records, field, own
        self.threshold, self.chance = chance, chance / WORD_RANGE
        self.ends = (0, WORD_RANGE) if records == "layers" else (1, WORD_RANGE - 1)

    def _tilted(self, tilt: float) -> int:
        if tilt == 0.0:
            return self.threshold
        wanted = round(float(_shifted(self.chance, tilt)) * WORD_RANGE)
        return min(max(wanted, self.ends[0]), self.ends[1])

    def write(self, tables: Tables, tilts: Tilts) -> None:
        """Write the tilted probability into tables."""
        getattr(tables, self.records)[self.field][self.own] = self._tilted(tilts[self.column])

    def log_ratio(self, seen: Seen, tilts: Tilts) -> Array:
        """Log ratio (R,) of the probabilities of what was seen, with the tilts and without."""
        hits, drawn = seen.occurred[:, self.column], seen.drawn[:, self.column]
        other = self._tilted(tilts[self.column]) / WORD_RANGE
        return _log_likelihood(hits, drawn, self.chance, other)

    def fit(self, tilts: Tilts, seen: Seen, weights: Array) -> None:
        """Set the tilt with which what was seen is most likely; one more draw has the mean."""
        hits, drawn = (weights @ each[:, self.column] for each in seen)
        share = (hits + self.chance) / (drawn + 1.0)
        tilts[self.column] = _log_odds(share) - _log_odds(self.chance)

    def differences(self, seen: Seen) -> Iterator[tuple[int, Array]]:
        """Column, and what occurred less its mean (R,)."""
        hits, drawn = (each[:, self.column] for each in seen)
        yield self.column, hits - drawn * self.chance


class _Distribution:
    """Distribution function of what is drawn from a quantile table."""

    def __init__(self, table: Array) -> None:
        self.below, self.values = distribution_function(table)
        self.above = self.below[::-1]  # the same numbers, and exact in the upper tail

    def mass(self, low: Array, high: Array) -> Array:
        """Probability of the values between two ends."""
        lower = [np.interp(end, self.values, self.below) for end in (high, low)]
        upper = [np.interp(end, self.values, self.above) for end in (low, high)]
        own = np.where(low < self.values[self.values.size // 2], lower, upper)
        found: Array = own[0] - own[1]
        return found

    @functools.cached_property
    def cells(self) -> tuple[Array, Array]:
        """Middles between neighbouring values, and their probabilities."""
        shares = np.where(self.below[:-1] < 0.5, np.diff(self.below), -np.diff(self.above))
        return (self.values[:-1] + self.values[1:]) / 2.0, shares

    def _density(self, slope: float) -> Array:
        """Of the cells, times exp(slope * value), up to a factor."""
        middles, shares = self.cells
        exponents = slope * middles
        found: Array = shares * np.exp(exponents - exponents.max())
        return found

    def tilted(self, slope: float) -> Array:
        """Quantile table (2, 4097) with densities times exp(slope * value)."""
        density = self._density(slope)
        below, above = np.cumsum(density), np.cumsum(density[::-1])
        tails, ends = tail_probabilities(), (self.values, self.values[::-1])
        return np.stack(
            [
                np.interp(tails, np.concatenate([[0.0], total / total[-1]]), values)
                for total, values in zip((below, above), ends, strict=True)
            ]
        )

    def mean(self, slope: float) -> float:
        """Mean of the tilted values."""
        middles, density = self.cells[0], self._density(slope)
        return float(density @ middles / density.sum())


class _Quantity:
    """A cell of what is drawn once in a raid: a number of threats, or a probability.

    The decisions with an uncertain probability have one tilt too, in the first of their columns,
    `decided`. The kernel decides with what it has drawn from the table, so all values of the table
    are shifted then; `Seen` has the values before that.
    """

    def __init__(self, tables: Tables, link: tuple[str, str, int], column: int, sd: float) -> None:
        self.link, self.column, self.decided = link, column, list[int]()
        self.unit = 1 if link[0] == "salvos" else WORD_RANGE
        records, field, own = link
        start = int(getattr(tables, records)[field][own])
        self.table = tables.quantiles[start : start + TABLE_SIZE].reshape(2, -1)
        self.plain, self.deviation = _Distribution(self.table), sd * self.unit
        self.is_tilted = sd > (LEAST_DEVIATION if self.unit > 1 else 0.0)

    def _tilt(self, tilts: Tilts) -> float:
        """Tilt of the decisions."""
        return float(tilts[self.decided[0]]) if self.decided else 0.0

    def _decisions(self, seen: Seen) -> tuple[Array, Array]:
        """How often the decisions occurred, and were drawn (R,)."""
        hits, drawn = (each[:, self.decided].sum(axis=1) for each in seen)
        return hits, drawn

    def _shifted(self, values: Array, tilts: Tilts) -> Array:
        """Values with the tilt of the decisions."""
        if self._tilt(tilts) == 0.0:
            return values
        found: Array = self.unit * _shifted(np.clip(values / self.unit, 0, 1), self._tilt(tilts))
        return found

    def _tilted(self, tilts: Tilts) -> Array:
        table = self.table
        if self.is_tilted and tilts[self.column] != 0.0:
            table = self.plain.tilted(tilts[self.column] / self.deviation)
        return self._shifted(table, tilts)

    def write(self, tables: Tables, tilts: Tilts) -> None:
        """Write the tilted quantile table into tables."""
        records, field, own = self.link
        getattr(tables, records)[field][own] = tables.quantiles.size
        tables.quantiles = np.concatenate([tables.quantiles, self._tilted(tilts).ravel()])

    def read(self, seen: Seen, tilts: Tilts) -> None:
        """Take the tilt of the decisions from what was drawn."""
        own = seen.occurred[:, self.column]
        if self.decided:
            before = -tilts if self._tilt(tilts) else tilts
            own[:] = np.clip(self._shifted(own, before), *self.plain.values[[0, -1]])

    def log_ratio(self, seen: Seen, tilts: Tilts) -> Array:
        """Log ratio (R,) of the probabilities of what was seen, with the tilts and without."""
        values, found = seen.occurred[:, self.column], np.zeros(len(seen.occurred))
        if self.is_tilted:
            reach = 0.5 if self.unit == 1 else REACH * self.unit
            ends = values - reach, values + reach
            other = _Distribution(self._tilted(tilts))
            with np.errstate(divide="ignore"):
                mass = other.mass(*(self._shifted(end, tilts) for end in ends))
                found += np.log(mass / self.plain.mass(*ends))
        if self.decided:
            chance = np.clip(values / self.unit, 2.0**-33, 1.0 - 2.0**-33)
            other_chance = _shifted(chance, self._tilt(tilts))
            found += _log_likelihood(*self._decisions(seen), chance, other_chance)
        return found

    def fit(self, tilts: Tilts, seen: Seen, weights: Array) -> None:
        """Set the tilts with which what was seen is most likely; one more draw has the mean."""
        values, mean = seen.occurred[:, self.column], self.plain.mean(0.0)
        if self.is_tilted:
            target = (weights @ values + mean) / (weights.sum() + 1.0)
            tilts[self.column] = _root(lambda tilt: self.plain.mean(tilt / self.deviation) - target)
        if self.decided:
            hits, drawn = self._decisions(seen)
            numbers = np.append(weights * drawn, 1.0)
            chances = np.clip(np.append(values, mean) / self.unit, 0.0, 1.0)
            target = weights @ hits + chances[-1]
            own = _root(lambda tilt: numbers @ _shifted(chances, tilt) - target)
            tilts[self.decided[0]] = own

    def differences(self, seen: Seen) -> Iterator[tuple[int, Array]]:
        """Columns, and what occurred less its mean (R,)."""
        values = seen.occurred[:, self.column]
        yield self.column, values - self.plain.mean(0.0)
        if self.decided:
            hits, drawn = self._decisions(seen)
            yield self.decided[0], hits - drawn * values / self.unit

    def expected(self, seen: Seen) -> Iterator[tuple[int, tuple[float, float]]]:
        """Column, and how often the decisions are expected, and drawn, in a replication."""
        if self.decided:
            drawn = float(self._decisions(seen)[1].mean())
            yield self.decided[0], (self.chance * drawn, drawn)

    @property
    def chance(self) -> float:
        """Mean of an uncertain probability."""
        return self.plain.mean(0.0) / self.unit


def _first_records(part: Part | Law) -> list[int]:
    """The first record of each cell."""
    own = part.own if isinstance(part, Law) else part.order[part.starts]
    return [int(code) for code in own]


class Tilting:
    """All that may be tilted in a lowered raid, cell by cell.

    Attributes
    ----------
    cells : list of Cell
        As in `Decisions`.
    layers : dict of int to float
        Probability that a layer is up, by the cell of its availability.
    """

    def __init__(self, tables: Tables) -> None:
        self.plain, self.decisions = tables, Decisions(tables)
        self.cells = list(self.decisions.cells)
        self.layers: dict[int, float] = {}
        self.chances: list[_Chance] = []
        self.quantities: list[_Quantity] = []
        columns = {cell: n for n, cell in enumerate(self.cells)}
        for part in self.decisions.parts:
            for n, cell in enumerate(part.cells):
                self._add(part, n, columns[cell])
        for quantity in self.quantities:
            family, *codes = self.cells[quantity.column]
            kill = columns.get(("kill", *codes)) if family == "kill probability" else None
            quantity.decided = [] if kill is None else [kill]
            if family == "chance":
                quantity.decided = self._decided_with(codes[0])

    def _decided_with(self, chance: int) -> list[int]:
        """Columns of the decisions with an uncertain probability; none if another has a part."""
        found, uses = list[int](), self.plain.uses
        own = uses[(uses["chance"] == chance) | (uses["less"] == chance)]
        if ((own["chance"] != chance) | (own["less"] >= 0) | (own["fixed_less"] > 0)).any():
            return []
        for part in self.decisions.parts:
            drawn = part.drawn
            if drawn is not None:
                codes = {*drawn.codes[drawn.uses["chance"] == chance].tolist()}
                first = list(self.decisions.cells).index(part.cells[0])
                found += [first + n for n, r in enumerate(_first_records(part)) if r in codes]
        return found

    def _add(self, part: Part | Law, n: int, column: int) -> None:
        if isinstance(part, Law) and part.name != "availability":
            field = "size_table" if part.name == "size" else "table"
            link = LAWS[part.name][0], field, int(part.own[n])
            deviation = float(part.variances[n] ** 0.5)
            self.quantities.append(_Quantity(self.plain, link, column, deviation))
            return
        if isinstance(part, Law):
            if part.drawn is not None and part.own[n] in part.drawn.codes:
                return
            self.layers[column] = float(part.means[part.own[n]])
            records, field, own = "layers", "availability", part.own[n : n + 1]
        else:
            stop = part.starts[n + 1] if n + 1 < len(part.cells) else part.order.size
            family, own = FAMILIES[part.name], part.order[part.starts[n] : stop]
            records, field = family.records, family.chance
            field = "threshold" if part.name == "kill" else field
        first = getattr(self.plain, records)[own[0]]
        # What depends on the distance has no tilt: its counts do not say which rounds hit where.
        by_distance = records == "kill_chances" and first["first_distance"] < first["stop_distance"]
        uncertain = isinstance(part, Part) and part.drawn is not None and own[0] in part.drawn.codes
        uncertain |= records == "kill_chances" and (first["table"] >= 0 or by_distance)
        if not uncertain:
            self.chances.append(_Chance(column, records, field, own, int(first[field])))

    def expected(self, seen: Seen) -> dict[int, tuple[float, float]]:
        """How often decisions of known probability are expected, and drawn, in a replication."""
        drawn = {each: float(seen.drawn[:, each.column].mean()) for each in self.chances}
        found = {each.column: (each.chance * n, n) for each, n in drawn.items()}
        # Kill probabilities are hardly ever certain but for few of their draws.
        every = (own for own in self.quantities if own.link[0] == "chances")
        return found | dict(item for own in every for item in own.expected(seen))

    def even(self, column: int, drawn: float) -> float:
        """Tilt with which a decision drawn so often has one rare outcome in two replications."""
        known = {each.column: each.chance for each in self.chances}
        known |= {own.decided[0]: own.chance for own in self.quantities if own.decided}
        chance = known[column]
        wanted = 0.5 / max(drawn, 1.0)
        tilt = _log_odds(wanted if chance < 0.5 else 1.0 - wanted) - _log_odds(chance)
        return float(tilt)

    @property
    def _parts(self) -> Iterator[_Chance | _Quantity]:
        yield from self.chances
        yield from self.quantities

    @property
    def none(self) -> Tilts:
        """No tilt."""
        return np.zeros(len(self.cells))

    def tables(self, tilts: Tilts) -> Tables:
        """The tables with tilts."""
        found = self.plain.copy()
        for each in self._parts:
            each.write(found, tilts)
        RECORDS_OF["kill_chances"].start(found.kill_chances)
        return found

    def seen(self, counts: Counts, tilts: Tilts) -> Seen:
        """What the decisions came to in rows that were computed with tilts."""
        shape = len(counts.rows), len(self.cells)
        found, first = Seen(np.empty(shape), np.ones(shape)), 0
        for part in self.decisions.parts:
            own = slice(first, first := first + len(part.cells))
            if isinstance(part, Law):
                found.occurred[:, own] = part.of(counts)[0]
                if part.name in ("kill probability", "chance"):
                    found.occurred[:, own] *= WORD_RANGE
            else:
                found.occurred[:, own], found.drawn[:, own] = part.numbers(counts)
        for quantity in self.quantities:
            quantity.read(found, tilts)
        return found

    def log_ratio(self, seen: Seen, tilts: Tilts) -> Array:
        """Log ratio (R,) of the probabilities of replications, with the tilts and without."""
        found = np.zeros(len(seen.occurred))
        for each in self._parts:
            found += each.log_ratio(seen, tilts)
        return found

    def fit(self, seen: Seen, weights: Array, *, shrink: bool = False) -> Tilts:
        """Tilts with which weighted replications are most likely (the cross-entropy method).

        With `shrink`, a tilt is the smaller, the less its cell differs from its mean: where it
        differs by z standard errors, by a factor of 1 - 1 / z^2 (as James and Stein's estimator).
        """
        found, own = self.none, weights / weights.sum() * concentration(weights)[0]
        for each in self._parts:
            each.fit(found, seen, own)
            for column, difference in each.differences(seen) if shrink else ():
                square = max((own @ difference) ** 2, 1e-300)
                found[column] *= max(1.0 - (own**2 @ difference**2) / square, 0.0)
        return np.rint(np.clip(found, -STEEPEST, STEEPEST) / FINENESS) * FINENESS
