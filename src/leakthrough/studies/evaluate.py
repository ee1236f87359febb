"""Values of measures over the replications of one scenario."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.codes import NEVER
from leakthrough.engine.counts import Counts, named_counts
from leakthrough.engine.damage import hits_of
from leakthrough.engine.jobs import Block, RaidJob
from leakthrough.engine.labels import Labels, label
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.possible import hit, possible
from leakthrough.engine.replications import compute
from leakthrough.engine.tables import Tables
from leakthrough.model.arguments import of_class, refused
from leakthrough.model.base import plain
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.errors import ScenarioError
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, measured_values
from leakthrough.statistics.means import rare_share, rarely_seen
from leakthrough.studies.control_values import LEAST, ControlValues, control_values
from leakthrough.studies.measure import Frame, Measure, Numbers, Reader, counts_of_assets

if TYPE_CHECKING:
    import xarray as xr

_UNDEFINED = {
    "leak_rate": "no threat that it is about is launched",
    "cost_spent": "the cost of a round that it is about is not given",
}


def checked_scenario(scenario: object) -> Scenario:
    """Check that the argument is a Scenario and return it."""
    return of_class("scenario", scenario, Scenario)


def checked_path(name: str, scenario: Scenario, path: object) -> str:
    """Check that something is at a path; `name` is that of the argument."""
    try:
        given: str = plain(path)
        value_at(scenario, given)
    except ScenarioError as error:
        raise ScenarioError(f"{name}: {error}") from None
    except RecursionError:
        raise refused(name, "a path", path) from None
    return given


def two_numbers(given: object) -> tuple[Any, ...] | None:
    """A pair of Python or NumPy numbers as Python numbers; None if it is not a pair of numbers."""
    pair = plain(given)
    if not isinstance(pair, tuple) or [type(n) in (int, float) for n in pair] != [True, True]:
        return None
    return pair


def origin(scenario: Scenario, seed: int) -> "dict[str, xr.Variable]":
    """Coordinates with the seed and the scenario digest of a study."""
    import xarray as xr

    given = {"seed": np.int64(seed), "scenario_digest": scenario.digest}
    return {n: xr.Variable((), value, {"long_name": COORDINATES[n]}) for n, value in given.items()}


class Limits(NamedTuple):
    """What a scenario tells of its measures: largest values, and probabilities of states."""

    most: list[Numbers]  # (names,) by measure
    availability: Numbers  # (L,)
    least: list[Numbers]  # (names,) by measure
    drawn: bool  # whether replications may differ

    def rare(self, replications: int) -> Numbers:
        """Probability of the states that are rare in some replications."""
        return rare_share(self.availability, replications)


def is_same(one: "MeasureValues", other: "MeasureValues") -> bool:
    """Whether two scenarios lower to the same tables, so that their values are certainly equal.

    The tables hold the addresses of all draws, but no costs: these are in the readers.
    """
    own, others = one.job.tables, other.job.tables
    arrays = ("block", "quantiles", "fixed_arrivals")
    return (
        own.interceptors == others.interceptors
        and own.locations == others.locations
        and all(np.array_equal(getattr(own, n), getattr(others, n)) for n in arrays)
        and all(
            mine.names == theirs.names and np.array_equal(mine.weights, theirs.weights)
            for mine, theirs in zip(one.reader.readers, other.reader.readers, strict=True)
        )
    )


class RowReader:
    """Computes measures from counts, one array (R, names) each, and which batteries were lost."""

    def __init__(self, tables: Tables, labels: Labels, measures: Sequence[Measure]) -> None:
        self.tables, self.labels, frame = tables, labels, frame_of(tables, labels)
        self.readers = [Reader(measure, frame) for measure in measures]
        lost = int(tables.batteries.size) if tables.landings.size else 0
        self.of_assets = any(measure.is_of_assets for measure in measures)
        self.widths = [*(len(own.names) for own in self.readers), lost]  # columns of the arrays

    def limits(self, tables: Tables) -> "Limits":
        """Ranges of the measures with the numbers of some tables."""
        known, counts = possible(tables), tables.salvos["count"]
        none, fixed = np.zeros(tables.magazines.size), tables.salvos["size_table"] < 0
        certain = np.where(known.survivors & fixed, counts, 0)
        most = {"leaked": counts, "expended": known.expended, "dry": none + 1.0}
        least = {"leaked": certain, "expended": none, "dry": none}
        if self.of_assets:
            points = tables.assets["aim_points"]
            most |= counts_of_assets(hit(tables, counts), points)
            least |= counts_of_assets(hit(tables, certain, at_least=True), points)
        return Limits(
            [reader.most(most[reader.source]) for reader in self.readers],
            tables.layers["availability"] / WORD_RANGE,
            [reader.most(least[reader.source]) for reader in self.readers],
            known.drawn,
        )

    def __call__(self, counts: Counts) -> list[Numbers]:
        """Return the values of each measure in some counts, then losses (R, batteries).

        The latter have no columns if no salvo aims at a battery.
        """
        found = {"leaked": counts.leaked, "expended": counts.expended}
        if any(reader.source == "dry" for reader in self.readers):
            found["dry"] = counts.depletion != NEVER
        if self.of_assets:
            aim_points = self.tables.assets["aim_points"]
            found |= counts_of_assets(hits_of(counts, self.tables), aim_points)
        lost = counts.lost[:, : self.widths[-1]].astype(np.float64)
        return [*(reader(found[reader.source]) for reader in self.readers), lost]


class MeasureValues:
    """A sink that keeps what a reader computes, one array (replications, ...) each.

    With `controls`, it keeps these too.
    """

    def __init__(
        self,
        job: RaidJob,
        reader: RowReader,
        replications: int = 0,
        controls: ControlValues | None = None,
    ) -> None:
        self.job, self.reader, self.controls = job, reader, controls
        self.values = [np.empty((replications, width)) for width in reader.widths]

    @property
    def limits(self) -> Limits:
        """Ranges of the measures."""
        return self.reader.limits(self.job.tables)

    def alike(self, replications: int) -> "MeasureValues":
        """An empty sink for some replications."""
        controls = self.controls and self.controls.alike(replications)
        return MeasureValues(self.job, self.reader, replications, controls)

    def with_controls(self) -> "MeasureValues":
        """An empty sink that keeps controls."""
        controls = control_values(self.job.tables, self.reader.labels)
        return MeasureValues(self.job, self.reader, controls=controls)

    def take(self, start: int, block: Block) -> None:
        """Compute the measures of the rows of some replications."""
        counts = named_counts(block[0][0], self.job.tables)
        for values, read in zip(self.values, self.reader(counts), strict=True):
            values[start : start + len(read)] = read
        if self.controls is not None:
            self.controls.take(start, counts)

    def merge(self, start: int, other: "MeasureValues") -> None:
        """Copy the values of another sink."""
        for mine, theirs in zip(self.values, other.values, strict=True):
            mine[start : start + len(theirs)] = theirs
        if self.controls is not None and other.controls is not None:
            self.controls.merge(start, other.controls)

    @property
    def found(self) -> list[Values]:
        """Values of all measures, with one set of controls if they are kept."""
        return values_of(self.values, self.controls)[0]


def values_of(
    arrays: Sequence[Numbers], controls: ControlValues | None, order: Sequence[int] | None = None
) -> tuple[list[Values], Sequence[int] | None]:
    """Values of all measures from what a reader computed; and the order of their controls."""
    *measures, lost = arrays
    found = [*map(measured_values, measures)]
    if controls is not None:
        found, order = controls.adjusted(measures, order)
    shares = lost.mean(axis=0) if len(lost) else ()
    rare = float(rarely_seen(shares, len(lost)))
    return [replace(own, rare=rare) for own in found], order


def frame_of(tables: Tables, labels: Labels) -> Frame:
    """The frame of a lowered scenario, with one column per magazine."""
    own, codes = tables.magazines["battery"], tables.magazines["interceptor"]
    return Frame(
        salvo=labels.salvos,
        threat=labels.threats,
        decoy=labels.decoys,
        launched=tables.mean_counts,
        layer=[labels.layer_of[battery] for battery in own],
        battery=[labels.batteries[battery] for battery in own],
        interceptor=[labels.interceptors[code] for code in codes],
        cost=np.array(labels.round_costs, np.float64)[codes],
        asset=labels.assets,
        every=every_name(labels),
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
    }


def prepared(scenario: Scenario, measures: Sequence[Measure]) -> tuple[RaidJob, MeasureValues]:
    """The job that computes a scenario's replications, and an empty sink for their measures.

    Raises ValueError if the scenario does not have what a measure selects, or an ungrouped measure
    is NaN because none of its threats is launched or a cost is not given.
    """
    tables, labels = lower(scenario), label(scenario)
    row_reader = RowReader(tables, labels, measures)
    for measure, reader in zip(measures, row_reader.readers, strict=True):
        if not measure.dims and np.isnan(reader(np.zeros((1, len(reader.weights))))).any():
            raise ValueError(f"measure {measure.label}: {_UNDEFINED[measure.name]}")
    job = RaidJob(tables)
    return job, MeasureValues(job, row_reader)


def values(
    scenario: Scenario,
    measures: Sequence[Measure],
    *,
    replications: int,
    seed: int,
    execution: Execution,
    controls: bool = False,
) -> list[Values]:
    """Values (replications, names) of each measure; the same bits for any `execution`.

    Replication n has the draws of replication n of `simulate` with this seed.
    """
    job, empty = prepared(scenario, measures)
    return simulated(job, empty, replications, seed, execution, controls=controls)


def simulated(
    job: RaidJob,
    empty: MeasureValues,
    replications: int,
    seed: int,
    execution: Execution,
    *,
    controls: bool,
) -> list[Values]:
    """Values (replications, names) of each measure of a prepared job."""
    wanted = controls and replications >= LEAST
    sink = (empty.with_controls() if wanted else empty).alike(replications)
    compute(job, sink, seed=seed, replications=replications, **execution._asdict())
    return sink.found
