"""Replications of one job, collected in a sink."""

import concurrent.futures
import math
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from leakthrough.engine.bounds import check_memory
from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Array, Block, Flag, Job, States
from leakthrough.engine.scheduler import Task, Work, run

MOST_IN_A_BLOCK = 1 << 13
"""Raids. Limits the memory of a block if replications take very little time."""
LEAST_OF_A_CAMPAIGN = 128
"""Replications. The resupply between raids takes as long for one of them as for a whole block."""


class Sink(Protocol):
    """Collects finished replications."""

    def take(self, start: int, block: Block) -> None:
        """Take the rows of the replications from `start`, in any order and from any thread."""

    def alike(self, replications: int) -> Any:
        """Return an empty sink of this kind, for replications that are computed elsewhere."""

    def merge(self, start: int, other: Any) -> None:
        """Add the content of such a sink, whose first replication is number `start`."""


class Variables:
    """A sink that keeps the result variables of every replication."""

    def __init__(self, job: Job, replications: int) -> None:
        self.job = job
        empty = job.kept(job.new_rows(0)).items()
        each = sum(math.prod(v.shape[1:]) * v.itemsize for _, v in empty)
        what = f"replications: keeping {replications:,} of them"
        check_memory(replications * each, what, 'keep="summary" needs memory for one block only')
        self.values = {n: np.empty((replications, *v.shape[1:]), v.dtype) for n, v in empty}

    def take(self, start: int, block: Block) -> None:
        """Compute the result variables of some replications."""
        self._put(start, self.job.kept(block))

    def alike(self, replications: int) -> "Variables":
        """Return an empty sink."""
        return Variables(self.job, replications)

    def merge(self, start: int, other: "Variables") -> None:
        """Copy the values of another sink."""
        self._put(start, other.values)

    def _put(self, start: int, found: Mapping[str, Array]) -> None:
        for name, values in found.items():
            self.values[name][start : start + len(values)] = values


def least_in_a_task(job: Job) -> int:
    """Smallest number of replications in a task."""
    return 1 if job.raids == 1 else LEAST_OF_A_CAMPAIGN


def size_of_block(job: Job) -> int:
    """Largest number of replications in a block."""
    return max(least_in_a_task(job), MOST_IN_A_BLOCK // job.raids)


def collect(
    job: Job,
    seed: int,
    stretch: range,
    sink: Sink,
    flag: Flag,
    *,
    origin: int = 0,
    idle: list[States] | None = None,
) -> None:
    """Compute a range of replications in blocks; the result is void if the flag is set.

    `origin` is the number of the sink's first replication. States of this job in `idle` are reused,
    since allocating one takes 0.3 ms.
    """
    idle = [] if idle is None else idle
    try:
        states = idle.pop()
    except IndexError:
        states = job.new_states()
    size = size_of_block(job)
    for start in stretch[::size]:
        rows = job.new_rows(min(size, stretch.stop - start))
        job.block(seed, start, rows, flag, states)
        if flag[0]:
            return
        sink.take(start - origin, rows)
    idle.append(states)


class _Range(NamedTuple):
    """Computes a range of replications into the sink; elsewhere, into a new sink of its kind."""

    job: Job
    seed: int
    stretch: range
    sink: Sink
    idle: list[States] | None  # None elsewhere

    def prepare(self) -> None:
        """Compile the kernel, or load it from the cache."""
        compile_for(self.job)

    def __call__(self, flag: Flag) -> Sink | None:
        """Return the new sink if the replications are computed elsewhere."""
        if self.idle is not None:
            collect(self.job, self.seed, self.stretch, self.sink, flag, idle=self.idle)
            return None
        own: Sink = self.sink.alike(len(self.stretch))
        collect(self.job, self.seed, self.stretch, own, flag, origin=self.stretch.start)
        return own


class _Replications(Work):
    """The replications of one job: a work with one point."""

    def __init__(self, job: Job, seed: int, replications: int, sink: Sink) -> None:
        super().__init__(job, [(0, 1)], replications, least_in_a_task(job), job.events)
        self.seed, self.sink = seed, sink
        self.idle: list[States] = []

    def unit(self, task: Task, *, here: bool) -> _Range:
        """Return the unit that computes a task."""
        sink, idle = (self.sink, self.idle) if here else (self.sink.alike(0), None)
        return _Range(self.job, self.seed, range(task.start, task.stop), sink, idle)

    def take(self, task: Task, result: Sink | None) -> None:
        """Merge the replications that a task has computed elsewhere."""
        if result is not None:
            self.sink.merge(task.start, result)


def compute(
    job: Job,
    sink: Sink,
    *,
    seed: int,
    replications: int,
    workers: int | None,
    executor: concurrent.futures.Executor | None,
    progress: bool | None,
) -> None:
    """Compute all replications of a job into a sink."""
    work = _Replications(job, seed, replications, sink)
    run(work, workers=workers, executor=executor, progress=progress)
