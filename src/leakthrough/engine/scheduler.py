"""Replications in blocks, on threads or on any executor, until all are done."""

import concurrent.futures
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from leakthrough.engine.jobs import Block, Flag, Job

BLOCK_SECONDS = 0.08
"""Work between two looks at progress and interruption: short enough to feel immediate."""
TASK_SECONDS = 2.0
"""Work sent to an executor at a time: a cluster's scheduler costs milliseconds a task."""
MOST_IN_A_BLOCK = 1 << 13
"""Raids. Bounds the memory of a block where a replication takes next to no time."""
LEAST_OF_A_CAMPAIGN = 128
"""Replications. What happens between raids costs as much for one of them as for all of a block."""
LONGEST_WAIT = 0.1
"""Seconds between two chances for Ctrl-C to be noticed."""


class Sink(Protocol):
    """Where finished replications go."""

    def room(self, start: int, stop: int) -> Block:
        """Zeroed rows into which some replications are to be written."""

    def take(self, start: int, block: Block) -> None:
        """Take the rows of the replications from `start`; in any order."""

    def alike(self, replications: int) -> "Sink":
        """An empty one, for some replications that are computed elsewhere."""

    def merge(self, start: int, other: Any) -> None:
        """Add what such a one has collected."""


class Rows:
    """Keeps every replication."""

    def __init__(self, job: Job, replications: int) -> None:
        self.job = job
        self.rows = job.new_rows(replications)

    def room(self, start: int, stop: int) -> Block:
        """Their own places: memory touched for the first time costs more than the kernel does."""
        return [rows[:, start:stop] for rows in self.rows]

    def take(self, start: int, block: Block) -> None:
        """Nothing is left to do."""

    def alike(self, replications: int) -> "Rows":
        """An empty one."""
        return Rows(self.job, replications)

    def merge(self, start: int, other: "Rows") -> None:
        """Copy what another one has collected."""
        for mine, theirs in zip(self.rows, other.rows, strict=True):
            mine[:, start : start + theirs.shape[1]] = theirs


def usable_cores() -> int:
    """Cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _timed_block(
    job: Job, seed: int, start: int, rows: Block, flag: Flag
) -> tuple[int, Block, float]:
    began = time.perf_counter()
    job.block(seed, start, rows, flag)
    return start, rows, time.perf_counter() - began


class _Pace:
    """How many replications make a block or a task, learnt from those that are finished."""

    def __init__(self, seconds: float, raids: int) -> None:
        self.seconds = seconds
        self.least = 1 if raids == 1 else LEAST_OF_A_CAMPAIGN
        self.most = max(self.least, MOST_IN_A_BLOCK // raids)
        self.size = self.least

    def learn(self, replications: int, seconds: float) -> None:
        """Aim at the wanted time, growing at most eightfold at once."""
        wanted = max(int(self.seconds * replications / max(seconds, 1e-7)), self.least)
        self.size = max(1, min(wanted, 8 * self.size, self.most))


def on_threads(
    job: Job, seed: int, replications: int, workers: int, sink: Sink, progress: Any
) -> None:
    """Run blocks on threads: the kernel releases the GIL, and a flag stops it."""
    flag = np.zeros(1, dtype=np.uint8)
    pace, begun = _Pace(BLOCK_SECONDS, job.raids), 0
    pending: set[concurrent.futures.Future[tuple[int, Block, float]]] = set()
    # Made for each call: a pool at module level would hang in a forked child.
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        while pending or begun < replications:
            while len(pending) < 2 * workers and begun < replications:
                # Not more than a thread's share of what is left: all are to end together.
                share = -(-(replications - begun) // workers)
                stop = begun + min(pace.size, share)
                room = sink.room(begun, stop)
                pending.add(pool.submit(_timed_block, job, seed, begun, room, flag))
                begun = stop
            done, pending = concurrent.futures.wait(
                pending, LONGEST_WAIT, concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                start, block, seconds = future.result()
                finished = block[0].shape[1]
                pace.learn(finished, seconds)
                sink.take(start, block)
                progress.update(finished)
    finally:
        flag[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)


def _task(job: Job, seed: int, start: int, stop: int, empty: Sink) -> tuple[int, int, Sink]:
    """Run one task of an executor in blocks of limited size."""
    collected = empty.alike(stop - start)  # its own: a cluster may run a task again
    flag = np.zeros(1, dtype=np.uint8)
    most = _Pace(TASK_SECONDS, job.raids).most
    for begin in range(start, stop, most):
        end = min(begin + most, stop)
        rows = collected.room(begin - start, end - start)
        job.block(seed, begin, rows, flag)
        collected.take(begin - start, rows)
    return start, stop, collected


def on_executor(
    job: Job,
    seed: int,
    replications: int,
    executor: concurrent.futures.Executor,
    sink: Sink,
    progress: Any,
) -> None:
    """Run tasks on an executor; a first stretch here tells how many replications make a task."""
    pace, begun, seconds, size = _Pace(TASK_SECONDS, job.raids), 0, 0.0, 1
    flag = np.zeros(1, dtype=np.uint8)
    while begun < replications and seconds < BLOCK_SECONDS / 4:
        size = min(pace.size, replications - begun)
        room = sink.room(begun, begun + size)
        begun, block, seconds = _timed_block(job, seed, begun, room, flag)
        sink.take(begun, block)
        progress.update(size)
        pace.learn(size, seconds)
        begun += size
    size = max(1, int(size * TASK_SECONDS / max(seconds, 1e-7)))
    pending: set[concurrent.futures.Future[Any]] = set()
    empty = sink.alike(0)
    try:
        for start in range(begun, replications, size):
            stop = min(start + size, replications)
            pending.add(executor.submit(_task, job, seed, start, stop, empty))
        while pending:
            done, pending = concurrent.futures.wait(
                pending, LONGEST_WAIT, concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                start, stop, found = future.result()
                sink.merge(start, found)
                progress.update(stop - start)
    finally:
        for future in pending:
            future.cancel()


@contextmanager
def bar_over(wanted: bool, replications: int) -> Iterator[Any]:
    """A progress bar over replications, or nothing that looks like one."""
    from tqdm.auto import tqdm

    with tqdm(total=replications, unit="replication", disable=not wanted) as bar:
        yield bar


_compiling = threading.Lock()


def compile_for(job: Job) -> None:
    """Compile, or load from the cache, in this thread, where Ctrl-C is heard."""
    with _compiling:
        job.compile()


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
    compile_for(job)
    with bar_over(progress, replications) as bar:
        if executor is None:
            on_threads(job, seed, replications, workers or usable_cores(), sink, bar)
        else:
            on_executor(job, seed, replications, executor, sink, bar)
