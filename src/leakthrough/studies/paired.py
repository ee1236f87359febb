"""A scenario with other values at some paths, measured on common random numbers."""

import collections
import concurrent.futures
from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.jobs import Flag, RaidJob
from leakthrough.engine.scheduler import (
    LONGEST_WAIT,
    MOST_IN_A_BLOCK,
    compile_for,
    compute,
    usable_cores,
)
from leakthrough.model.paths import changed
from leakthrough.model.scenario import Scenario
from leakthrough.results.labelled import labelled
from leakthrough.run_options import Execution, checked_replications, checked_seed
from leakthrough.studies.evaluate import Values, checked_scenario, origin, prepared
from leakthrough.studies.measure import Measure, measure_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]


MOST_KEPT = 2048
"""Changes that are kept as they were checked: to build one takes as long as to simulate it."""
FEW = 4
"""Scenarios for each thread: with fewer, threads share the replications of each instead."""


def fresh(seed: int) -> int:
    """A seed whose draws have nothing to do with those of another seed."""
    return int(np.random.SeedSequence(seed).generate_state(1, np.uint64)[0] >> np.uint64(1))


class Trials:
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
        self.kept: dict[tuple[object, ...], tuple[RaidJob, Values]] = {}
        prepared(scenario, [self.measure])  # before anything runs: it names what there is

    def __enter__(self) -> "Trials":
        from tqdm.auto import tqdm

        self.bar: Any = tqdm(unit="scenario", disable=not self.execution.progress)
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.close()

    def values(self, changes: Mapping[str, object], *, seed: int | None = None) -> "Numbers":
        """Values in each replication; with another seed, on other draws."""
        job, empty = self._taken(changes)
        sink = empty.sized(self.replications)
        compute(
            job,
            sink,
            seed=self.seed if seed is None else seed,
            replications=self.replications,
            workers=self.execution.workers,
            executor=self.execution.executor,
            progress=False,
        )
        self.number += 1
        self.bar.update()
        return sink.found[0][:, 0]

    def check(self, every: Iterable[Mapping[str, object]]) -> None:
        """Raise what any of some changes would, before anything runs."""
        for changes in every:
            found = self._prepared(changes)
            if len(self.kept) < MOST_KEPT:
                self.kept[_key(changes)] = found

    def each(self, every: Sequence[Mapping[str, object]]) -> "Generator[Numbers]":
        """Values for each of some changes, in their order, with several under way at a time."""
        workers = self.execution.workers or usable_cores()
        if self.execution.executor is not None or len(every) < FEW * workers:
            yield from map(self.values, every)
            return
        compile_for(self._prepared({})[0])
        flag = np.zeros(1, np.uint8)
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        pending: collections.deque[concurrent.futures.Future[Numbers]] = collections.deque()
        try:
            for place, changes in enumerate(every, start=1):
                job, empty = self._taken(changes)
                pending.append(pool.submit(_alone, job, empty, self.seed, self.replications, flag))
                while pending and (len(pending) >= 2 * workers or place == len(every)):
                    yield _waited(pending.popleft())
                    self.number += 1
                    self.bar.update()
        finally:
            flag[0] = 1
            pool.shutdown(wait=True, cancel_futures=True)

    def _taken(self, changes: Mapping[str, object]) -> tuple[RaidJob, Values]:
        """What `check` has kept, or made anew."""
        return self.kept.pop(_key(changes), None) or self._prepared(changes)

    def _prepared(self, changes: Mapping[str, object]) -> tuple[RaidJob, Values]:
        return prepared(changed(self.scenario, changes), [self.measure])

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


def _key(changes: Mapping[str, object]) -> tuple[object, ...]:
    return tuple(changes.items())


def _alone(job: RaidJob, empty: Values, seed: int, replications: int, flag: Flag) -> "Numbers":
    """Values in all replications of a scenario, in one thread; void if the flag was set."""
    sink = empty.sized(replications)
    for start in range(0, replications, MOST_IN_A_BLOCK):
        room = sink.room(start, min(start + MOST_IN_A_BLOCK, replications))
        job.block(seed, start, room, flag)
        sink.take(start, room)
    return sink.found[0][:, 0]


def _waited(future: "concurrent.futures.Future[Numbers]") -> "Numbers":
    """What it comes to, waited for so that Ctrl-C is noticed."""
    while not concurrent.futures.wait([future], LONGEST_WAIT).done:
        pass
    return future.result()
