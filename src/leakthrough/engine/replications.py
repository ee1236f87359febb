"""Replications of one job, collected in a sink."""

import concurrent.futures
from typing import Any, NamedTuple, Protocol

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Block, Flag, Job, States
from leakthrough.engine.scheduler import Task, Work, run

MOST_IN_A_BLOCK = 1 << 13
"""Raids. Bounds the memory of a block where a replication takes next to no time."""
LEAST_OF_A_CAMPAIGN = 128
"""Replications. What happens between raids costs as much for one of them as for all of a block."""


class Sink(Protocol):
    """Where finished replications go."""

    def room(self, start: int, stop: int) -> Block:
        """Zeroed rows into which some replications are to be written."""

    def take(self, start: int, block: Block) -> None:
        """Take the rows of the replications from `start`."""

    def part(self, start: int, stop: int) -> Any:
        """One for some of the replications, which may share the memory of this one."""

    def alike(self, replications: int) -> Any:
        """An empty one, for some replications that are computed elsewhere."""

    def merge(self, start: int, other: Any) -> None:
        """Add what such a one, or a part, has collected; in any order."""


class Rows:
    """Keeps every replication."""

    def __init__(self, job: Job, rows: Block) -> None:
        self.job, self.rows = job, rows

    def room(self, start: int, stop: int) -> Block:
        """Views of the rows: memory touched for the first time costs more than the kernel does."""
        return [rows[:, start:stop] for rows in self.rows]

    def take(self, start: int, block: Block) -> None:
        """Nothing is left to do."""

    def part(self, start: int, stop: int) -> "Rows":
        """Views of the rows."""
        return Rows(self.job, self.room(start, stop))

    def alike(self, replications: int) -> "Rows":
        """An empty one."""
        return Rows(self.job, self.job.new_rows(replications))

    def merge(self, start: int, other: "Rows") -> None:
        """Copy what another one has collected, unless it is a part of this one."""
        for mine, theirs in zip(self.rows, other.rows, strict=True):
            if theirs.base is not mine:
                mine[:, start : start + theirs.shape[1]] = theirs


def most_in_a_block(job: Job) -> int:
    """Replications of a block."""
    return max(least_in_a_task(job), MOST_IN_A_BLOCK // job.raids)


def least_in_a_task(job: Job) -> int:
    """Replications of a task."""
    return 1 if job.raids == 1 else LEAST_OF_A_CAMPAIGN


def collect(
    job: Job, seed: int, start: int, stop: int, sink: Sink, flag: Flag, idle: list[States]
) -> None:
    """Compute the replications from `start` up to `stop`, in blocks; void if the flag was set.

    `idle` holds states of this job that can be used again: to lay them out takes 0.3 ms.
    """
    try:
        states = idle.pop()
    except IndexError:
        states = job.new_states()
    size = most_in_a_block(job)
    for begin in range(start, stop, size):
        end = min(begin + size, stop)
        rows = sink.room(begin - start, end - start)
        job.block(seed, begin, rows, flag, states)
        if flag[0]:
            return
        sink.take(begin - start, rows)
    idle.append(states)


class _Stretch(NamedTuple):
    """Computes a stretch of the replications."""

    job: Job
    seed: int
    start: int
    stop: int
    sink: Sink
    here: bool
    idle: list[States]

    def prepare(self) -> None:
        """Compile, or load from the cache."""
        compile_for(self.job)

    def __call__(self, flag: Flag) -> Sink:
        """Return what has been collected."""
        sink: Sink
        if self.here:
            sink = self.sink.part(self.start, self.stop)
        else:
            sink = self.sink.alike(self.stop - self.start)
        collect(self.job, self.seed, self.start, self.stop, sink, flag, self.idle)
        return sink


class _Replications(Work):
    """The replications of one job, a work of one point."""

    def __init__(self, job: Job, seed: int, replications: int, sink: Sink) -> None:
        least = least_in_a_task(job)
        super().__init__(job, [(0, 1)], replications, least, least * job.events)
        self.seed, self.sink = seed, sink
        self.idle: list[States] = []

    def unit(self, task: Task, *, here: bool) -> _Stretch:
        """What computes a task."""
        sink, idle = (self.sink, self.idle) if here else (self.sink.alike(0), [])
        return _Stretch(self.job, self.seed, task.start, task.stop, sink, here, idle)

    def take(self, task: Task, result: Sink) -> None:
        """Take what a task has collected."""
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
