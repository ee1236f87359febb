"""Values of measures over the replications of one scenario."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.jobs import Block
from leakthrough.engine.lowered import AnyJob, AnyModel, is_equal, job_of
from leakthrough.engine.replications import compute
from leakthrough.model.arguments import of_class, refused
from leakthrough.model.base import plain
from leakthrough.model.campaign import Campaign
from leakthrough.model.errors import ScenarioError
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, measured_values
from leakthrough.statistics.means import rarely_seen
from leakthrough.studies.control_values import LEAST, ControlValues, control_values
from leakthrough.studies.measure import Measure
from leakthrough.studies.reading import Numbers
from leakthrough.studies.rows import Limits, RowReader

if TYPE_CHECKING:
    import xarray as xr

_UNDEFINED = {
    "leaked": "no threat that it is about is launched",
    "expended": "the cost of a round that it is about is not given",
    "stock_dry": "there is no stock that it is about",
}


def checked_model(scenario: object) -> AnyModel:
    """Check that the argument is a Scenario or a Campaign and return it."""
    found: AnyModel = of_class("scenario", scenario, Scenario, Campaign)  # type: ignore[assignment]
    return found


def checked_path(name: str, scenario: AnyModel, path: object) -> str:
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


def origin(scenario: AnyModel, seed: int) -> "dict[str, xr.Variable]":
    """Coordinates with the seed and the scenario digest of a study."""
    import xarray as xr

    given = {"seed": np.int64(seed), "scenario_digest": scenario.digest}
    return {n: xr.Variable((), value, {"long_name": COORDINATES[n]}) for n, value in given.items()}


def is_same(one: "MeasureValues", other: "MeasureValues") -> bool:
    """Whether two scenarios lower to the same tables, so that their values are certainly equal.

    The tables hold the addresses of all draws, but no costs: these are in the readers.
    """
    return is_equal(one.job[0], other.job[0]) and all(
        mine.names == theirs.names and np.array_equal(mine.weights, theirs.weights)
        for mine, theirs in zip(one.reader.readers, other.reader.readers, strict=True)
    )


class MeasureValues:
    """A sink that keeps what a reader computes, one array (replications, ...) each.

    With `controls`, it keeps these too.
    """

    def __init__(
        self,
        job: AnyJob,
        reader: RowReader,
        replications: int = 0,
        controls: ControlValues | None = None,
    ) -> None:
        self.job, self.reader, self.controls = job, reader, controls
        self.values = [np.empty((replications, width)) for width in reader.widths]

    @property
    def limits(self) -> Limits:
        """Ranges of the measures."""
        return self.reader.limits(self.job)

    def alike(self, replications: int) -> "MeasureValues":
        """An empty sink for some replications."""
        controls = self.controls and self.controls.alike(replications)
        return MeasureValues(self.job, self.reader, replications, controls)

    def with_controls(self) -> "MeasureValues":
        """An empty sink that keeps controls."""
        controls = control_values(self.job, self.reader.labels)
        return MeasureValues(self.job, self.reader, controls=controls)

    def take(self, start: int, block: Block) -> None:
        """Compute the measures of the rows of some replications."""
        for values, read in zip(self.values, self.reader(self.job, block), strict=True):
            values[start : start + len(read)] = read
        if self.controls is not None:
            self.controls.take(start, block)

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


def prepared(model: AnyModel, measures: Sequence[Measure]) -> tuple[AnyJob, "MeasureValues"]:
    """The job that computes a scenario's replications, and an empty sink for their measures.

    Raises ValueError if the scenario does not have what a measure selects, or an ungrouped measure
    is NaN because none of its threats is launched or a cost is not given.
    """
    job, labels = job_of(model)
    row_reader = RowReader(job, labels, measures)
    for measure, reader in zip(measures, row_reader.readers, strict=True):
        if not measure.dims and np.isnan(reader.nothing).any():
            raise ValueError(f"measure {measure.label}: {_UNDEFINED[measure.kind.source]}")
    return job, MeasureValues(job, row_reader)


def values(
    scenario: AnyModel,
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
    job: AnyJob,
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
