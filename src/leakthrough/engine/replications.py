"""Replications of one job, collected in a sink."""

import concurrent.futures
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Array, Block, Flag, Job, States
from leakthrough.engine.scheduler import Task, Work, run

MOST_IN_A_BLOCK = 1 << 13
"""Raids. Bounds the memory of a block where a replication takes next to no time."""
LEAST_OF_A_CAMPAIGN = 128
"""Replications. What happens between raids costs as much for one of them as for all of a block."""


class Sink(Protocol):
    """Where finished replications go."""

    def take(self, start: int, block: Block) -> None:
        """Take the rows of the replications from `start`, in any order and from any thread."""

    def alike(self, replications: int) -> Any:
        """An empty one, for some replications that are computed elsewhere."""

    def merge(self, start: int, other: Any) -> None:
        """Add what such a one has collected."""


class Variables:
    """A sink that keeps the result variables of every replication."""

    def __init__(self, job: Job, replications: int) -> None:
        self.job = job
        empty = job.kept(job.new_rows(0)).items()
        self.values = {n: np.empty((replications, *v.shape[1:]), v.dtype) for n, v in empty}

    def take(self, start: int, block: Block) -> None:
        """Make result variables of the rows of some replications."""
        self._put(start, self.job.kept(block))

    def alike(self, replications: int) -> "Variables":
        """An empty one."""
        return Variables(self.job, replications)

    def merge(self, start: int, other: "Variables") -> None:
        """Copy what another one has collected."""
        self._put(start, other.values)

    def _put(self, start: int, found: Mapping[str, Array]) -> None:
        for name, values in found.items():
            self.values[name][start : start + len(values)] = values


def most_in_a_block(job: Job) -> int:
    """Replications of a block."""
    return max(least_in_a_task(job), MOST_IN_A_BLOCK // job.raids)


def least_in_a_task(job: Job) -> int:
    """Replications of a task."""
    return 1 if job.raids == 1 else LEAST_OF_A_CAMPAIGN


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
    """Compute a stretch of the replications in blocks; void if the flag was set.

    Parameters
    ----------
    job : Job
    seed : int
    stretch : range
        Replications.
    sink : Sink
        Its first replication is the number `origin`.
    flag : array of uint8, shape (1,)
    origin : int
    idle : list of list of State, optional
        States of this job that can be used again: to lay one out takes 0.3 ms.
    """
    idle = [] if idle is None else idle
    try:
        states = idle.pop()
    except IndexError:
        states = job.new_states()
    size = most_in_a_block(job)
    for start in stretch[::size]:
        rows = job.new_rows(min(size, stretch.stop - start))
        job.block(seed, start, rows, flag, states)
        if flag[0]:
            return
        sink.take(start - origin, rows)
    idle.append(states)


class _Stretch(NamedTuple):
    """Computes a stretch of the replications into the sink, or elsewhere into one like it."""

    job: Job
    seed: int
    stretch: range
    sink: Sink
    idle: list[States] | None  # None elsewhere

    def prepare(self) -> None:
        """Compile, or load from the cache."""
        compile_for(self.job)

    def __call__(self, flag: Flag) -> Sink | None:
        """Return what has been collected elsewhere."""
        if self.idle is not None:
            collect(self.job, self.seed, self.stretch, self.sink, flag, idle=self.idle)
            return None
        own: Sink = self.sink.alike(len(self.stretch))
        collect(self.job, self.seed, self.stretch, own, flag, origin=self.stretch.start)
        return own


class _Replications(Work):
    """The replications of one job, a work of one point."""

    def __init__(self, job: Job, seed: int, replications: int, sink: Sink) -> None:
        super().__init__(job, [(0, 1)], replications, least_in_a_task(job), job.events)
        self.seed, self.sink = seed, sink
        self.idle: list[States] = []

    def unit(self, task: Task, *, here: bool) -> _Stretch:
        """What computes a task."""
        sink, idle = (self.sink, self.idle) if here else (self.sink.alike(0), None)
        return _Stretch(self.job, self.seed, range(task.start, task.stop), sink, idle)

    def take(self, task: Task, result: Sink | None) -> None:
        """Take what a task has collected elsewhere."""
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
    progress: bool,
) -> None:
    """Compute all replications of a job into a sink."""
    work = _Replications(job, seed, replications, sink)
    run(work, workers=workers, executor=executor, progress=progress)
