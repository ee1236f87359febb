"""Measures of a raid or of a campaign, computed from the rows of counts of its replications."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import NEVER
from leakthrough.engine.counts import Counts, named_counts
from leakthrough.engine.damage import hits_of
from leakthrough.engine.decode import of_layers
from leakthrough.engine.jobs import Block, CampaignJob, among_all
from leakthrough.engine.labels import Labels
from leakthrough.engine.ledger import named_ledger
from leakthrough.engine.lowered import AnyJob, raids_of
from leakthrough.engine.possible import hit
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.results.ranges import possible_in
from leakthrough.statistics.means import rare_share
from leakthrough.studies.measure import Measure
from leakthrough.studies.reading import Frame, Reader, counts_of_assets

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


class Limits(NamedTuple):
    """What a scenario tells of its measures: largest values, and probabilities of states."""

    most: list[Numbers]  # (names,) by measure
    availability: Numbers  # (L,)
    least: list[Numbers]  # (names,) by measure
    drawn: bool  # whether replications may differ
    raids: int = 1  # of a replication, in which a state of a layer may occur

    def rare(self, replications: int) -> Numbers:
        """Probability of the states that are rare in some replications."""
        return rare_share(self.availability, replications * self.raids)


class RowReader:
    """Computes measures from rows, one array (R, names) each, and which batteries were lost."""

    def __init__(self, job: AnyJob, labels: Labels, measures: Sequence[Measure]) -> None:
        self.labels, self.of_campaign = labels, job.along_raids
        self.readers = [Reader(measure, frame_of(job, labels)) for measure in measures]
        tables = raids_of(job).tables
        lost = int(tables[0].batteries.size) if any(own.landings.size for own in tables) else 0
        self.widths = [*(len(own.names) for own in self.readers), lost]  # columns of the arrays
        self.sources = {reader.source for reader in self.readers} | ({"lost"} if lost else set())

    def limits(self, job: AnyJob) -> Limits:
        """Ranges of the measures with the numbers of a job."""
        raids = raids_of(job)
        first = raids.tables[0]
        known = [possible_in(own, campaign=self.of_campaign) for own in raids.tables]
        most, least = zip(*map(self._ends, raids.tables, raids.salvos, known), strict=True)
        return Limits(
            [_total(reader, raids.kinds, most, -1) for reader in self.readers],
            first.layers["availability"] / WORD_RANGE,
            [_total(reader, raids.kinds, least, 0) for reader in self.readers],
            any(own.drawn for own in known) or bool(job.cells),
            min((r.raids.stop - r.raids.start for r in self.readers), default=1),
        )

    def _ends(self, tables: Tables, salvos: Array, known: Any) -> tuple[dict[str, Array], ...]:
        """Largest and smallest counts (columns,) of one kind of raid, by source."""
        none, counts = np.zeros(tables.magazines.size), tables.salvos["count"]
        certain = np.where(known.survivors & tables.are_counts_constant, counts, 0)
        stocks = np.zeros(tables.interceptors)
        most = {"expended": known.expended, "dry": none + 1.0, "stock_dry": stocks + 1.0}
        most |= {"depot_left": tables.depots["stocked"], "depot_empty": np.ones(tables.depots.size)}
        most |= {"pool_full": np.full(tables.pools.size, np.inf)}
        most |= {"tracks_full": np.full(tables.layers.size, np.inf)}
        least = {name: np.zeros(len(own)) for name, own in most.items()}
        for found, leaked in ((most, counts), (least, certain)):
            found["leaked"] = among_all(leaked[np.newaxis], 1, salvos, len(self.labels.salvos))[0]
            if tables.assets.size:
                own = hit(tables, leaked, at_least=found is least)
                found |= counts_of_assets(own, tables.assets["aim_points"])
        if self.of_campaign and "value_lost" in least:  # what is down already loses nothing
            least["value_lost"] = np.zeros_like(least["value_lost"])
        return most, least

    def __call__(self, job: AnyJob, block: Block) -> list[Numbers]:
        """Return the values of each measure in some rows, then losses (R, batteries).

        The latter have no columns if no salvo aims at a battery.
        """
        raids, replications = raids_of(job), block[0].shape[1]
        parts: list[list[Array]] = [[] for _ in self.readers]
        lost = np.zeros((replications, self.widths[-1]), np.bool_)
        for kind, rows in enumerate(block):
            numbers = np.flatnonzero(np.array(raids.kinds) == kind)
            wanted = [_is_in(numbers, reader.raids) for reader in self.readers]
            if not (lost.size or any(own.any() for own in wanted)):
                continue
            found = self._sources(rows, raids.tables[kind], raids.salvos[kind])
            for reader, own, at in zip(self.readers, parts, wanted, strict=True):
                if at.any():
                    counts = found[reader.source]
                    own.append(reader.part(counts if at.all() else counts[at]))
            if lost.size:
                lost |= (found["lost"] > 0).any(axis=0)
        values = [reader(own) for reader, own in zip(self.readers, parts, strict=True)]
        return [*values, lost.astype(np.float64)]

    def _sources(self, rows: Rows, tables: Tables, salvos: Array) -> dict[str, Array]:
        """Counts (raids, R, columns) of one kind of raid, by source."""
        counts = named_counts(rows.reshape(-1, rows.shape[2]), tables)
        ledger = named_ledger(rows, tables)
        every: Mapping[str, Callable[[], Array]] = {
            "leaked": lambda: among_all(counts.leaked, 1, salvos, len(self.labels.salvos)),
            "expended": lambda: counts.expended,
            "dry": lambda: ledger.dry if self.of_campaign else counts.depletion != NEVER,
            "stock_dry": lambda: ledger.stock_dry,
            "lost": lambda: counts.lost,
            "depot_left": lambda: counts.depot_remaining,
            "depot_empty": lambda: counts.depot_remaining == 0,
            "pool_full": lambda: counts.pool_full,
            "tracks_full": lambda: of_layers(counts.tracks_full, tables),
        }
        found = {name: own() for name, own in every.items() if name in self.sources}
        if self.sources - every.keys():
            found |= _of_assets(counts, tables)
        return {name: own.reshape(*rows.shape[:2], -1) for name, own in found.items()}


def _is_in(numbers: Array, raids: slice) -> Array:
    found: Array = (numbers >= raids.start) & (numbers < raids.stop)
    return found


def _of_assets(counts: Counts, tables: Tables) -> dict[str, Array]:
    return counts_of_assets(hits_of(counts, tables), tables.assets["aim_points"])


def _total(
    reader: Reader, kinds: Sequence[int], ends: Sequence[Mapping[str, Array]], end: int
) -> Numbers:
    """An end of a measure's range, given those of its source in each kind of raid."""
    if reader.measure.kind.every:
        found: Numbers = reader.ends[end]
        return found
    numbers = np.bincount(kinds[reader.raids], minlength=len(ends))
    used = [(n, own[reader.source]) for n, own in zip(numbers, ends, strict=True) if n]
    return reader.most(np.sum([n * own for n, own in used], axis=0))


def frame_of(job: AnyJob, labels: Labels) -> Frame:
    """The frame of a lowered scenario or campaign, with one column per magazine."""
    raids = raids_of(job)
    first = raids.tables[0]
    own, codes = first.magazines["battery"], first.magazines["interceptor"]
    pattern = job.plan.pattern if isinstance(job, CampaignJob) else None
    launched = [
        among_all(tables.mean_counts[np.newaxis], 1, salvos, len(labels.salvos))[0]
        for tables, salvos in zip(raids.tables, raids.salvos, strict=True)
    ]
    return Frame(
        salvo=labels.salvos,
        threat=labels.threats,
        decoy=labels.decoys,
        launched=pattern.means if pattern else np.stack(launched)[np.array(raids.kinds)],
        layer=[labels.layer_of[battery] for battery in own],
        battery=[labels.batteries[battery] for battery in own],
        interceptor=[labels.interceptors[code] for code in codes],
        cost=np.array(labels.round_costs, np.float64)[codes],
        asset=labels.assets,
        stocked=raids.stocked,
        every=every_name(labels),
        raids=job.raids if job.along_raids else None,
    )


def every_name(labels: Labels) -> dict[str, tuple[str, ...]]:
    """All names that a measure can be grouped by."""
    return {
        "salvo": labels.salvos,
        "threat": tuple(dict.fromkeys(labels.threats)),
        "layer": labels.layers,
        "battery": labels.batteries,
        "interceptor": labels.interceptors,
        "asset": labels.assets,
        "depot": labels.depots,
        "pool": labels.pools,
        "tracked": tuple(n for n, own in zip(labels.layers, labels.tracked, strict=True) if own),
    }
