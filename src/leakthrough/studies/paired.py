"""A scenario with other values at some paths, measured on common random numbers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Flag, RaidJob
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.replications import collect, compute
from leakthrough.engine.scheduler import Parts, Task, Work, run
from leakthrough.model.paths import changed
from leakthrough.model.scenario import Scenario
from leakthrough.results.labelled import labelled
from leakthrough.run_options import Execution, checked_replications, checked_seed
from leakthrough.studies.evaluate import MeasureValues, checked_scenario, origin, prepared
from leakthrough.studies.measure import Measure, measure_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]


MOST_KEPT = 2048
"""Changes that are kept as they were checked: to build one takes as long as to simulate it."""

Prepared = tuple[RaidJob, MeasureValues]
Changes = Mapping[str, object]


def fresh(seed: int) -> int:
    """A seed whose draws have nothing to do with those of another seed."""
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))


class PairedRuns:
    """Values of one measure, one number a replication, of a scenario that is changed.

    All changes meet the same draws, so that their differences are those of the changes.

    Parameters
    ----------
    scenario : Scenario
    measure : Measure or str
        One number for all: `by` needs an `of`.
    replications : int
        At least 2: one has no spread.
    seed : int, optional
    execution : Execution
        `progress` shows a bar over the scenarios that are simulated.

    Raises
    ------
    ValueError
        If an argument is not as above.
    """

    def __init__(
        self,
        scenario: Scenario,
        measure: Measure | str,
        replications: int,
        seed: int | None,
        execution: Execution,
    ) -> None:
        self.scenario, self.measure = checked_scenario(scenario), measure_of(measure)
        if self.measure.dims:
            text = f"must be one number; of which {self.measure.by}? Say so by `of`"
            raise ValueError(f"measure {self.measure.label}: {text}")
        self.replications = checked_replications(replications, least=2)
        self.seed = checked_seed(seed)
        self.execution = execution
        self.number = 0
        self.kept: dict[tuple[object, ...], Prepared] = {}
        self.job, _ = self.prepared({})  # before anything runs: it checks what the measure is of

    def __enter__(self) -> "PairedRuns":
        from tqdm.auto import tqdm

        self.bar: Any = tqdm(unit="scenario", disable=not self.execution.progress)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def values(self, changes: Changes, *, seed: int | None = None) -> "Numbers":
        """Values in each replication; with another seed, on other draws."""
        job, empty = self.prepared(changes)
        sink = empty.alike(self.replications)
        own = self.seed if seed is None else seed
        execution = self.execution._replace(progress=False)
        compute(job, sink, seed=own, replications=self.replications, **execution._asdict())
        self.finish(changes)
        return sink.values[0][:, 0]

    def check(self, every: Iterable[Changes]) -> None:
        """Raise what any of some changes would, before anything runs."""
        for changes in every:
            found = self.prepared(changes)
            if len(self.kept) < MOST_KEPT:
                self.kept[_key(changes)] = found

    def each(self, every: Sequence[Changes], take: "Callable[[Numbers], None]") -> None:
        """Hand on the values for each of some changes, in their order."""
        run(_EachChange(self, every, take), **self.execution._replace(progress=False)._asdict())

    def prepared(self, changes: Changes) -> Prepared:
        """What `check` has kept, or made anew."""
        return self.kept.get(_key(changes)) or _prepared(self.scenario, self.measure, changes)

    def finish(self, changes: Changes) -> None:
        """Count a scenario that has been simulated."""
        self.kept.pop(_key(changes), None)
        self.number += 1
        self.bar.update()

    def labelled(
        self,
        variables: "Mapping[str, xr.Variable]",
        coordinates: Mapping[str, Any],
        confidence: float,
    ) -> "xr.Dataset":
        """Make a Dataset that says what was studied, and on which draws."""
        import xarray as xr

        own = {
            **origin(self.scenario, self.seed),
            "replications": ((), np.int64(self.replications), {"long_name": "of each scenario"}),
        }
        found = labelled(variables, xr.Dataset(coords={**coordinates, **own}), confidence)
        return found.assign_attrs(measure=self.measure.label, scenario=self.scenario.name)


def _key(changes: Changes) -> tuple[object, ...]:
    return tuple(changes.items())


def _prepared(scenario: Scenario, measure: Measure, changes: Changes) -> Prepared:
    return prepared(changed(scenario, changes), [measure])


class _SomeChanges(NamedTuple):
    """Computes the values of some changes, in some replications."""

    scenario: Scenario
    measure: Measure
    every: Sequence[Changes]
    seed: int
    start: int
    stop: int
    runs: PairedRuns | None = None  # in this process

    def prepare(self) -> None:
        """Compile, or load from the cache."""
        if self.runs is None:
            compile_for(RaidJob(lower(self.scenario)))

    def _prepared(self, changes: Changes) -> Prepared:
        if self.runs is not None:
            return self.runs.prepared(changes)
        return _prepared(self.scenario, self.measure, changes)

    def __call__(self, flag: Flag) -> "list[Numbers]":
        """Return the values (replications,) of each."""
        found = []
        for changes in self.every:
            job, empty = self._prepared(changes)
            sink = empty.alike(self.stop - self.start)
            stretch = range(self.start, self.stop)
            collect(job, self.seed, stretch, sink, flag, origin=self.start)
            found.append(sink.values[0][:, 0])
        return found


class _EachChange(Work):
    """A work whose points are changes, with their values handed on in their order."""

    def __init__(
        self, runs: PairedRuns, every: Sequence[Changes], take: "Callable[[Numbers], None]"
    ) -> None:
        super().__init__(runs.job, [(0, len(every))], runs.replications)
        self.runs, self.every, self.hand_on = runs, every, take
        self.parts = Parts(runs.replications)
        self.early: dict[int, Numbers] = {}  # than those before them
        self.next = 0

    def unit(self, task: Task, *, here: bool) -> _SomeChanges:
        """What computes a task."""
        runs, every = self.runs, self.every[task.first : task.last]
        own = runs.scenario, runs.measure, every, runs.seed, task.start, task.stop
        return _SomeChanges(*own, runs if here else None)

    def take(self, task: Task, result: "list[Numbers]") -> None:
        """Hand on what is complete, and all before it."""
        for point, values in enumerate(result, task.first):
            whole = self.parts.joined(point, task.start, [values])
            if whole is not None:
                self.early[point] = whole[0]
        while self.next in self.early:
            self.hand_on(self.early.pop(self.next))
            self.runs.finish(self.every[self.next])
            self.next += 1
