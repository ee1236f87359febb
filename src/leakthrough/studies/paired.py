"""A measure of a scenario under changes of its fields, on common random numbers."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Flag
from leakthrough.engine.lowered import AnyJob, AnyModel, job_of
from leakthrough.engine.progress import progress_bar
from leakthrough.engine.replications import collect, least_in_a_task
from leakthrough.engine.scheduler import Parts, Task, Work, run
from leakthrough.model.arguments import flag
from leakthrough.model.check import warn_about
from leakthrough.model.paths import changed
from leakthrough.results.labelled import labelled
from leakthrough.run_options import Execution, checked_replications, checked_seed
from leakthrough.statistics.adjusted import Values, interval_of_values, moments_of_values
from leakthrough.statistics.means import SETTLED
from leakthrough.studies.evaluate import (
    MeasureValues,
    checked_model,
    is_same,
    origin,
    prepared,
    simulated,
)
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.reading import Numbers
from leakthrough.studies.rows import Limits

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

MOST_KEPT = 2048
"""Checked changes that are cached: building a scenario takes as long as simulating it."""

Prepared = tuple[AnyJob, MeasureValues]
Changes = Mapping[str, object]


def fresh(seed: int) -> int:
    """A seed whose draws are independent of those of the given seed."""
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))


class PairedRuns:
    """Values of one measure under changes of a scenario, with controls if wanted.

    All changes have the same draws, so that shared noise cancels from their differences. Raises
    ValueError if the measure has several numbers in each replication (`by` without `of`), or there
    are fewer than 2 replications. A progress bar counts simulated scenarios.
    """

    def __init__(
        self,
        scenario: AnyModel,
        measure: Measure | str,
        replications: int,
        seed: int | None,
        execution: Execution,
        controls: bool = False,
    ) -> None:
        self.scenario, self.measure = checked_model(scenario), measure_of(measure)
        if self.measure.dims:
            text = f"must be one number here; select one {self.measure.by} with `of`"
            raise ValueError(f"measure {self.measure.label}: {text}")
        self.replications = checked_replications(replications, least=2)
        self.seed = checked_seed(seed)
        self.execution = execution
        self.controls = flag("controls", controls) and not self.measure.kind.probability
        self.number = 0
        self.kept: dict[tuple[object, ...], Prepared] = {}
        self.least, self.most, self.rare, self.drawn = np.inf, 0.0, 0.0, False
        self.job, empty = self.prepared({})  # checks the measure before anything runs
        self._widen(empty.limits)

    def __enter__(self) -> "PairedRuns":
        self.stack = ExitStack()
        bar = progress_bar(self.execution.progress, "scenario")
        self.update = self.stack.enter_context(bar)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def values(self, changes: Changes, *, seed: int | None = None) -> Values:
        """Values (replications,), by default on the draws that all changes share."""
        job, empty = self.prepared(changes)
        self._widen(empty.limits)
        own = self.seed if seed is None else seed
        execution = self.execution._replace(progress=False)
        [found] = simulated(job, empty, self.replications, own, execution, controls=self.controls)
        self.finish(changes)
        return found.at(0)

    def _widen(self, limits: Limits) -> None:
        """Extend the range of the measure, and the probability of rare states, to a scenario's."""
        self.least = min(self.least, float(limits.least[0][0]))
        self.most = max(self.most, float(limits.most[0][0]))
        self.drawn |= limits.drawn
        self.rare = max(self.rare, float(limits.rare(self.replications)))

    def estimates(self, values: Values, confidence: float) -> Numbers:
        """Estimates of the measure from values (R, ...) of scenarios simulated so far.

        Their marks follow: whether they are settled and, with controls, what was done.
        """
        mean = values.plain.mean(axis=0)
        least, most = (self.least, self.most) if self.drawn else (mean, mean)
        found = self.measure.interval(
            moments_of_values(values),
            values.replications,
            confidence,
            least=least,
            most=most,
            rare=self.rare + values.rare,
        )
        return self._marked(found)

    def _marked(self, rows: Numbers) -> Numbers:
        return rows if self.controls else rows[: SETTLED + 1]

    def differences(
        self, values: Values, confidence: float, same: "npt.ArrayLike" = False
    ) -> Numbers:
        """Estimates of mean differences (R, ...) between scenarios simulated so far, with marks.

        `same` (...) is whether the two scenarios are certainly equal.
        """
        mean, span = values.plain.mean(axis=0), self.most - self.least
        certain = np.asarray(same) | (not self.drawn)
        least, most = (np.where(certain, mean, end) for end in (-span, span))
        found = interval_of_values(values, confidence, least=least, most=most, rare=self.rare)
        return self._marked(found.rows)

    def is_same(self, one: Changes, other: Changes) -> bool:
        """Whether two changes lead to the same values for certain."""
        return is_same(self.prepared(one)[1], self.prepared(other)[1])

    def check(self, every: Iterable[Changes]) -> None:
        """Check the changes of a study before anything runs, and warn about the scenario.

        Raises what the first invalid change raises.
        """
        varied: set[str] = set()
        for changes in every:
            varied.update(changes)
            found = self.prepared(changes)
            if len(self.kept) < MOST_KEPT:
                self.kept[tuple(changes.items())] = found
        warn_about(self.scenario, varied=tuple(varied))

    def each(self, every: Sequence[Changes], take: Callable[[Numbers], None]) -> None:
        """Call `take` with the values (replications,) of each change, in order."""
        run(_EachChange(self, every, take), **self.execution._replace(progress=False)._asdict())

    def prepared(self, changes: Changes) -> Prepared:
        """Job and empty sink of a change, from the cache of `check` or newly built."""
        found = self.kept.get(tuple(changes.items()))
        return found or _prepared(self.scenario, self.measure, changes)

    def finish(self, changes: Changes) -> None:
        """Count a simulated scenario and drop it from the cache."""
        self.kept.pop(tuple(changes.items()), None)
        self.number += 1
        self.update(1)

    def labelled(
        self,
        variables: "Mapping[str, xr.Variable]",
        coordinates: Mapping[str, Any],
        confidence: float,
    ) -> "xr.Dataset":
        """Make a Dataset with the scenario, measure, seed and replications of the study."""
        import xarray as xr

        own = {
            **origin(self.scenario, self.seed),
            "replications": ((), np.int64(self.replications), {"long_name": "of each scenario"}),
        }
        found = labelled(variables, xr.Dataset(coords={**coordinates, **own}), confidence)
        return found.assign_attrs(measure=self.measure.label, scenario=self.scenario.name)


def _prepared(scenario: AnyModel, measure: Measure, changes: Changes) -> Prepared:
    return prepared(changed(scenario, changes), [measure])


class _SomeChanges(NamedTuple):
    """Task: values of some changes in some replications."""

    scenario: AnyModel
    measure: Measure
    every: Sequence[Changes]
    seed: int
    start: int
    stop: int
    runs: PairedRuns | None = None  # None in another process

    def prepare(self) -> None:
        """Compile, or load from the cache."""
        if self.runs is None:
            compile_for(job_of(self.scenario)[0])

    def __call__(self, flag: Flag) -> list[Numbers]:
        """Return the values (replications,) of each change."""
        alone = functools.partial(_prepared, self.scenario, self.measure)
        found, prepared_for = [], alone if self.runs is None else self.runs.prepared
        for changes in self.every:
            job, empty = prepared_for(changes)
            sink = empty.alike(self.stop - self.start)
            block = range(self.start, self.stop)
            collect(job, self.seed, block, sink, flag, origin=self.start)
            found.append(sink.values[0][:, 0])
        return found


class _EachChange(Work):
    """Work of the scheduler: each point is a change; values are delivered in order."""

    def __init__(
        self, runs: PairedRuns, every: Sequence[Changes], take: Callable[[Numbers], None]
    ) -> None:
        least = least_in_a_task(runs.job)
        super().__init__(runs.job, [(0, len(every))], runs.replications, least)
        self.runs, self.every, self.deliver = runs, every, take
        self.parts = Parts(runs.replications)
        self.pending: dict[int, Numbers] = {}  # complete, but an earlier one is not
        self.next = 0

    def unit(self, task: Task, *, here: bool) -> _SomeChanges:
        """The callable that computes a task."""
        runs, every = self.runs, self.every[task.first : task.last]
        own = runs.scenario, runs.measure, every, runs.seed, task.start, task.stop
        return _SomeChanges(*own, runs if here else None)

    def take(self, task: Task, result: list[Numbers]) -> None:
        """Deliver the changes that are complete, in order."""
        for point, values in enumerate(result, task.first):
            whole = self.parts.joined(point, task.start, [values])
            if whole is not None:
                self.pending[point] = whole[0]
        while self.next in self.pending:
            self.deliver(self.pending.pop(self.next))
            self.runs.finish(self.every[self.next])
            self.next += 1
