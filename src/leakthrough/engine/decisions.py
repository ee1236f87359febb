"""Random decisions of known probability: how often they occurred, and were expected to.

Whether a round kills, a threat is detected, a layer is up and so on is drawn with a probability
that is known before the draw, whatever has happened in the raid. So the number of times that it
occurred, minus the sum of these probabilities, has mean 0: it is a martingale. Such differences
explain a large part of the noise of a simulation.

Decisions are counted in cells: kills by interceptor and threat class, openings by layer and threat
class, errors of assessment by group of equal batteries, losses and hits by salvo. What is drawn
once in a raid (which layers are up, uncertain kill probabilities, random numbers of threats) is a
cell too; its mean is what was expected.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.chances import Drawn, drawn_in
from leakthrough.engine.counts import Counts
from leakthrough.engine.labels import Labels
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.quantiles import TABLE_SIZE, mean_and_variance

Array = npt.NDArray[Any]
Cell = tuple[str, *tuple[int, ...]]
"""A family of decisions, and the codes of the parts of the scenario that they belong to."""


class _Family(NamedTuple):
    """A kind of decision that is drawn any number of times in a raid."""

    records: str
    chance: str  # field with the threshold; if that is drawn, column with the sum of those drawn
    occurred: str  # column
    drawn: Callable[[Counts], Array]  # how often it was drawn, by record


FAMILIES = {
    "common kill": _Family(
        "lucks", "common_kill", "kill_luck_kept", lambda counts: counts.kill_luck_drawn
    ),
    "kill": _Family("kill_chances", "odds", "hits", lambda counts: counts.hits + counts.misses),
    "soft kill": _Family(
        "windows", "soft_kill", "soft_killed", lambda counts: counts.openings_drawn
    ),
    "common detection": _Family(
        "lucks",
        "common_detection",
        "detection_luck_kept",
        lambda counts: counts.detection_luck_drawn,
    ),
    "detection": _Family(
        "windows",
        "detection",
        "detected",
        lambda counts: counts.openings_drawn - counts.soft_killed,
    ),
    "dismissal": _Family("windows", "dismissal", "dismissed", lambda counts: counts.detected),
    "false kill": _Family(
        "batteries", "false_kill", "false_kills", lambda counts: counts.alive_assessed
    ),
    "false survival": _Family(
        "batteries", "false_survival", "false_survivals", lambda counts: counts.dead_assessed
    ),
    "loss": _Family("landings", "lethality", "destroyed", lambda counts: counts.landed),
    "hit": _Family("strikes", "lethality", "effective", lambda counts: counts.struck),
}
LAWS: dict[str, tuple[str, Callable[[Counts], Array]]] = {
    "availability": ("layers", lambda counts: counts.up),
    "kill probability": ("kill_chances", lambda counts: counts.kill_threshold / WORD_RANGE),
    "size": ("salvos", lambda counts: counts.launched),
    "chance": ("chances", lambda counts: counts.chance_threshold / WORD_RANGE),
}
"""What is drawn once in a raid: records, and the value by record."""
REPLENISHMENT = "replenishment"
"""What is drawn once before a raid of a campaign, by interceptor."""


class Part(NamedTuple):
    """The cells of one family in a raid; all decisions of a cell have the same chance."""

    name: str
    cells: list[Cell]
    order: Array  # records that draw, cell by cell
    starts: Array  # of each cell in `order`
    chances: Array | None  # thresholds by record; None if they are drawn for each decision
    drawn: Drawn | None = None  # records whose thresholds are drawn once a replication

    def of(self, counts: Counts) -> tuple[Array, Array]:
        """How often the decisions of each cell occurred, and were expected to, (R, cells)."""
        if self.chances is None:
            expected = _by_record(counts[FAMILIES[self.name].chance])[:, self.order]
        else:
            expected = self._drawn(counts) * _in(counts, self.chances, self.drawn)[:, self.order]
        expected = np.add.reduceat(expected, self.starts, axis=1) / WORD_RANGE
        return self._occurred(counts), expected

    def numbers(self, counts: Counts) -> tuple[Array, Array]:
        """How often the decisions of each cell occurred, and were drawn, (R, cells)."""
        return self._occurred(counts), np.add.reduceat(self._drawn(counts), self.starts, axis=1)

    def _occurred(self, counts: Counts) -> Array:
        family = FAMILIES[self.name]
        own = self._fresh(counts, counts[family.occurred], "detected_known")
        found: Array = np.add.reduceat(own, self.starts, axis=1)
        return found

    def _drawn(self, counts: Counts) -> Array:
        """By record of the cells."""
        family = FAMILIES[self.name]
        return self._fresh(counts, family.drawn(counts), "detection_known")

    def _fresh(self, counts: Counts, values: Array, known: str) -> Array:
        """Counts by record of the cells, without detections that follow from earlier ones."""
        values = _by_record(values)
        if self.name == "detection" and counts[known].size:
            values = values - counts[known]
        return values[:, self.order]


def _in(counts: Counts, thresholds: Array, drawn: Drawn | None) -> Array:
    """Thresholds (R or 1, records) in replications, where some of them are drawn."""
    if drawn is None:
        return thresholds[np.newaxis]
    return drawn.written(thresholds, counts.chance_threshold)


def _drawn_in(tables: Tables, records: str, field: str) -> Drawn | None:
    found = drawn_in(tables, records, field) if tables.uses.size else None
    return found if found is not None and found.codes.size else None


class Law(NamedTuple):
    """The cells of one kind of quantity that is drawn once in a raid."""

    name: str
    cells: list[Cell]
    own: Array  # records that are drawn
    means: Array
    variances: Array
    drawn: Drawn | None = None  # records whose means are drawn once a replication

    def of(self, counts: Counts) -> tuple[Array, Array]:
        """What was drawn, and its mean, (R, cells)."""
        means = self.means
        if self.drawn is not None:
            means = _in(counts, np.rint(means * WORD_RANGE), self.drawn) / WORD_RANGE
        return _by_record(LAWS[self.name][1](counts))[:, self.own], means[..., self.own]


class Decisions:
    """The cells of a lowered raid whose outcome is random, in a fixed order.

    Parameters
    ----------
    tables : Tables
    salvos : array of int, shape (S,), optional
        Codes of the salvos among those of all raids of a campaign.

    Attributes
    ----------
    cells : dict of Cell to float
        Variance of what is drawn once in a raid; NaN for decisions that are drawn many times.
    parts : list of Part or Law
        The same cells, by family.
    """

    def __init__(self, tables: Tables, salvos: Array | None = None) -> None:
        salvos = np.arange(tables.salvos.size) if salvos is None else salvos
        families = [
            _part(tables, name, salvos)
            for name, family in FAMILIES.items()
            if getattr(tables, family.records).size
        ]
        laws = [_law(tables, name, salvos) for name in LAWS if getattr(tables, LAWS[name][0]).size]
        every: list[Part | Law] = [*families, *laws]
        self.parts = [part for part in every if part.cells]
        self.cells = dict.fromkeys((cell for part in families for cell in part.cells), math.nan)
        for law in laws:
            self.cells |= dict(zip(law.cells, law.variances.tolist(), strict=True))

    def of(self, counts: Counts) -> dict[str, Array]:
        """Variables `occurred` and `expected` of rows, (R, D) each."""
        shape, first = (len(counts.rows), len(self.cells)), 0
        found = {"occurred": np.empty(shape), "expected": np.empty(shape)}
        for part in self.parts:
            own = slice(first, first + len(part.cells))
            found["occurred"][:, own], found["expected"][:, own] = part.of(counts)
            first = own.stop
        return found


def all_cells(every: Iterable[Decisions]) -> dict[Cell, float]:
    """The cells of several kinds of raid together, in the same order."""
    rank = {name: n for n, name in enumerate([*FAMILIES, *LAWS])}
    cells: dict[Cell, float] = {}
    for cell, variance in (item for decisions in every for item in decisions.cells.items()):
        # The number of threats of a salvo may have other distributions in other raids.
        cells[cell] = variance if cells.get(cell, variance) == variance else math.nan
    return dict(sorted(cells.items(), key=lambda item: (rank[item[0][0]], *item[0][1:])))


def decision_names(cells: Iterable[Cell], labels: Labels) -> list[str]:
    """Names of cells, such as ``"kill.gun.drone"``; names of parts contain no dots."""
    parts = {
        **dict.fromkeys(("kill", "kill probability"), (labels.interceptors, labels.classes)),
        **dict.fromkeys(("soft kill", "detection", "dismissal"), (labels.layers, labels.classes)),
        **dict.fromkeys(("common detection", "common kill"), (labels.classes,)),
        **dict.fromkeys(("false kill", "false survival"), (labels.groups,)),
        **dict.fromkeys(("loss", "hit", "size"), (labels.salvos,)),
        "availability": (labels.layers,),
        "replenishment": (labels.interceptors,),
    }
    return [
        labels.chances[codes[0]]  # such as "availability probability.outer"
        if family == "chance"
        else ".".join([family, *(own[n] for own, n in zip(parts[family], codes, strict=True))])
        for family, *codes in cells
    ]


def _by_record(values: Array) -> Array:
    """Counts (R, ...) in the order of the records (R, records)."""
    return values.reshape(len(values), math.prod(values.shape[1:]))


def _codes(tables: Tables, records: str, salvos: Array) -> Array:
    """Codes (records, parts) of the parts of the scenario that each record's draws belong to."""
    own = getattr(tables, records)
    codes: dict[str, Callable[[], Sequence[Array]]] = {
        "kill_chances": lambda: np.divmod(np.arange(own.size), max(tables.classes, 1)),
        "windows": lambda: (own["layer"], tables.salvos["threat"][own["salvo"]]),
        "batteries": lambda: (own["group"],),
        **dict.fromkeys(("landings", "strikes"), lambda: (salvos[own["salvo"]],)),
        "lucks": lambda: (tables.salvos["threat"][: own.size],),
        "layers": lambda: (own["code"],),
        "chances": lambda: (np.arange(own.size),),
        "salvos": lambda: (salvos,),
    }
    return np.stack(codes[records](), axis=1).astype(np.int64)


def _cells(codes: Array, name: str) -> list[Cell]:
    return [(name, *own) for own in codes.tolist()]


def _may_be_drawn(tables: Tables, records: str) -> Array:
    """Whether each record of a kind can make draws at all."""
    own = getattr(tables, records)
    found = np.full(own.size, records != "kill_chances")
    if records == "windows":
        found = (own["first_pairing"] < own["stop_pairing"]) | (own["soft_kill"] > 0)
    if records == "kill_chances":
        found[tables.preferred_chances] = True
    return found


def _part(tables: Tables, name: str, salvos: Array) -> Part:
    """The cells of one family: those whose outcome is random, and that may be drawn."""
    family = FAMILIES[name]
    records, uncertain = getattr(tables, family.records), family.records == "kill_chances"
    chances = records["threshold" if uncertain else family.chance].astype(np.int64)
    random = (chances > 0) & (chances < WORD_RANGE)
    if uncertain:
        random |= records["table"] >= 0
        random |= records["first_distance"] < records["stop_distance"]
    own = np.flatnonzero(random & _may_be_drawn(tables, family.records))
    every = _cells(_codes(tables, family.records, salvos)[own], name)
    ranks = sorted(range(own.size), key=lambda n: every[n])
    cells, order = [every[n] for n in ranks], own[ranks]
    starts = [n for n, cell in enumerate(cells) if n == 0 or cell != cells[n - 1]]
    return Part(
        name,
        [cells[n] for n in starts],
        order,
        np.array(starts, np.int64),
        None if uncertain else chances,
        None if uncertain else _drawn_in(tables, family.records, family.chance),
    )


def _law(tables: Tables, name: str, salvos: Array) -> Law:
    """The cells of what is drawn once in a raid, with the mean and variance of what is drawn."""
    records = LAWS[name][0]
    own = getattr(tables, records)
    uncertain = _drawn_in(tables, records, "availability") if name == "availability" else None
    if name == "availability":
        means = own["availability"] / WORD_RANGE
        random, variances = (means > 0.0) & (means < 1.0), means * (1.0 - means)
        if uncertain is not None:
            tables_of = tables.chances["table"][uncertain.uses["chance"]]
            variances[uncertain.codes] -= [_moments(tables, n, WORD_RANGE)[1] for n in tables_of]
    else:
        starts = own["size_table" if name == "size" else "table"].astype(np.int64)
        random = (starts >= 0) & _may_be_drawn(tables, records)
        unit = 1 if name == "size" else WORD_RANGE
        moments = np.zeros((2, own.size))
        for n in np.flatnonzero(random):
            moments[:, n] = _moments(tables, starts[n], unit)
        means, variances = moments
    drawn = np.flatnonzero(random)
    cells = _cells(_codes(tables, records, salvos)[drawn], name)
    return Law(name, cells, drawn, means, variances[drawn], uncertain)


def _moments(tables: Tables, start: int, unit: int) -> tuple[float, float]:
    """Mean and variance of what is drawn from a quantile table."""
    return mean_and_variance(tables.quantiles[start : start + TABLE_SIZE], unit)
