"""The scheduler: work is cut into tasks, which run on threads or on any executor.

A `Work` is a number of points (scenarios), all with the same number of replications. A task is
several whole points or a part of one. The work makes a unit of each task, the unit runs in a
thread or in another process, and the work takes its result, in any order. The size of tasks
follows from the time that finished tasks took.
"""

import abc
import collections
import concurrent.futures
import math
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Flag, Job
from leakthrough.engine.progress import progress_bar

BLOCK_SECONDS = 0.08
"""Duration of a task on threads: short, for a smooth progress bar and for Ctrl-C in `Here`."""
LONGER = 8
"""Largest ratio of the duration of a task of a campaign to that: between two raids, 100
microseconds pass for any few replications. Longer tasks hold more memory than `malloc` reuses."""
TASK_SECONDS = 2.0
"""Duration of a task on an executor: a cluster's scheduler takes milliseconds for a task."""
LONGEST_WAIT = 0.1
"""Seconds after which the calling thread wakes up, so that Ctrl-C is noticed."""
GROWTH = 8
"""Largest ratio of the sizes of a task and the tasks before it."""
SMALLEST = 1 / 32
"""Smallest fraction of the task size, at the end: 2.5 ms in which other threads may be idle."""
FIRST_PENDING, MOST_PENDING = 64, 4096
"""Tasks in flight on an executor: few until their duration is known, finally enough for the
threads of some hundred machines."""
WORTH_THREADS = 1 / 80
"""Fraction of `BLOCK_SECONDS`: more threads are started once a task has taken a millisecond."""
EVENTS_AT_ONCE = 250_000
"""Events of the first task, which runs in the calling thread for a few milliseconds; Ctrl-C waits
for it. Starting a thread and submitting a task take 80 microseconds, as long as 100 small raids.
"""


class Task(NamedTuple):
    """Points in range(first, last), replications in range(start, stop)."""

    first: int
    last: int
    start: int
    stop: int

    @property
    def replications(self) -> int:
        """Their number, of all points together."""
        return (self.last - self.first) * (self.stop - self.start)


class Unit(Protocol):
    """Computes a task. For an executor it must pickle, and it may run more than once."""

    def prepare(self) -> None:
        """Compile the kernel or load it from the cache; not part of the task's measured time."""

    def __call__(self, flag: Flag) -> Any:
        """Return the result, which is void if the flag was set meanwhile."""


class Work(abc.ABC):
    """What is computed, and what is done with the results.

    Parameters
    ----------
    job : Job
        Of any point: it compiles what all points need.
    ranges : sequence of (int, int)
        Ranges of points: first, and last exclusively.
    replications : int
        Of each point.
    least : int
        Smallest number of replications in a task.
    events : float
        Upper bound of the events of a replication; infinite if it is not known.
    """

    def __init__(
        self,
        job: Job,
        ranges: Sequence[tuple[int, int]],
        replications: int,
        least: int = 1,
        events: float = math.inf,
    ) -> None:
        self.job, self.ranges, self.replications = job, ranges, replications
        self.least, self.events = least, events

    @abc.abstractmethod
    def unit(self, task: Task, *, here: bool) -> Unit:
        """Return the unit of a task; with `here`, it runs once, in a thread of this process."""

    @abc.abstractmethod
    def take(self, task: Task, result: Any) -> None:
        """Take the result of a task, in the calling thread, in any order."""


class Stage(NamedTuple):
    """How tasks are sent to an executor."""

    seconds: float  # intended duration of a task
    shares: int  # the remaining work is cut into at least so many parts
    first: int  # tasks in flight, in the beginning and at most
    most: int
    here: bool = True
    until: float = math.inf  # the stage ends once a task has taken so long [s]


class Cutter:
    """Cuts the points of a work into tasks; the parameters are those of `Work`."""

    def __init__(
        self, ranges: Sequence[tuple[int, int]], replications: int, least: int = 1
    ) -> None:
        self.ranges = list(ranges)[::-1]  # the next one last
        self.replications, self.least, self.size = replications, least, least
        self.left = replications * sum(last - first for first, last in ranges)
        self.begun = 0  # replications of the next point that are already in tasks
        self.longest = self.rate = 0.0  # seconds of the longest task, and of a replication

    def learn(self, replications: int, seconds: float, aim: float) -> None:
        """Use the time of a finished task to set the size of the next tasks."""
        self.rate, self.longest = seconds / replications, max(seconds, self.longest)
        self.aim(aim, GROWTH * max(self.size, replications))

    def aim(self, seconds: float, most: float = math.inf) -> None:
        """Set the size of tasks by their intended duration, if a replication's time is known."""
        if self.longest > 0.0:
            wanted = min(seconds / max(self.rate, 1e-12), most, self.left + 1)
            self.size = max(int(wanted), self.least)

    def next(self, shares: int = 1) -> Task | None:
        """Return the next task, or None."""
        if not self.ranges:
            return None
        # At most one thread's share of the remaining work, so that all threads end together.
        share = max(-(-self.left // shares), int(SMALLEST * self.size), self.least)
        size = min(self.size, share)
        first, last = self.ranges.pop()
        points = min(size // self.replications, last - first)
        if self.begun or points == 0:
            task = Task(first, first + 1, self.begun, min(self.begun + size, self.replications))
        else:
            task = Task(first, first + points, 0, self.replications)
        self.begun = task.stop % self.replications
        first = task.first if self.begun else task.last
        if first < last:
            self.ranges.append((first, last))
        self.left -= task.replications
        return task


class Here(concurrent.futures.Executor):
    """Runs calls immediately, in the calling thread."""

    def submit(self, call: Any, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Return a finished future."""
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        done.set_result(call(*args, **kwargs))
        return done


def run(
    work: Work,
    *,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
) -> None:
    """Compute a work.

    Parameters
    ----------
    work : Work
    workers : int, optional
        Number of threads; by default the number of usable cores.
    executor : concurrent.futures.Executor, optional
        Runs the tasks instead of threads of this process, except for the first, short ones.
    progress : bool, optional
        Whether to show a progress bar over the replications; see `engine.progress`.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, within `LONGEST_WAIT`; running blocks of this process are ended.
    """
    compile_for(work.job)
    threads = workers or usable_cores()
    cutter = Cutter(work.ranges, work.replications, work.least)
    flag = np.zeros(1, np.uint8)
    probe = Stage(BLOCK_SECONDS, 1, 1, 1, until=BLOCK_SECONDS / 4)
    with progress_bar(progress, "replication", cutter.left) as update:
        if work.least * work.events <= EVENTS_AT_ONCE:
            cutter.size = max(int(EVENTS_AT_ONCE / max(work.events, 1)), work.least)
            short = probe._replace(until=BLOCK_SECONDS * WORTH_THREADS)
            _run_stage(work, cutter, Here(), short, flag, update)
        if cutter.left == 0:
            return
        with thread_pool(threads, flag) as pool:
            if executor is None:
                seconds = BLOCK_SECONDS * min(work.job.raids, LONGER)
                stage = Stage(seconds, threads, 2 * threads, 2 * threads)
                _run_stage(work, cutter, pool, stage, flag, update)
            else:  # tasks of this process show how long a replication takes
                _run_stage(work, cutter, pool, probe, flag, update)
                stage = Stage(TASK_SECONDS, 1, FIRST_PENDING, MOST_PENDING, here=False)
                _run_stage(work, cutter, executor, stage, flag, update)


def _run_stage(
    work: Work,
    cutter: Cutter,
    executor: concurrent.futures.Executor,
    stage: Stage,
    flag: Flag,
    update: Callable[[int], object],
) -> None:
    """Keep tasks in flight until all are done or the stage ends."""
    cutter.aim(stage.seconds)
    limit, long = stage.first, False  # one task at a time until tasks are worth more threads
    pending: set[concurrent.futures.Future[Any]] = set()
    # A queue, since waiting for a set of futures takes time in proportion to its size.
    done: queue.SimpleQueue[concurrent.futures.Future[Any]] = queue.SimpleQueue()
    try:
        while cutter.longest < stage.until:
            long = long or cutter.longest >= BLOCK_SECONDS * WORTH_THREADS
            number, shares = (limit, stage.shares) if long else (1, 1)
            while len(pending) < number and (task := cutter.next(shares)) is not None:
                future = executor.submit(_timed, task, work.unit(task, here=stage.here), flag)
                pending.add(future)
                future.add_done_callback(done.put)
            if not pending:
                return
            try:
                future = done.get(timeout=LONGEST_WAIT)
            except queue.Empty:  # now Ctrl-C is noticed
                long = True
                continue
            pending.remove(future)
            limit = min(limit + 2, stage.most)
            task, result, seconds = future.result()
            work.take(task, result)
            cutter.learn(task.replications, seconds, stage.seconds)
            update(task.replications)
    finally:
        for future in pending:
            future.cancel()


def _timed(task: Task, unit: Unit, flag: Flag) -> tuple[Task, Any, float]:
    unit.prepare()
    began = time.perf_counter()
    return task, unit(flag), time.perf_counter() - began


@contextmanager
def thread_pool(threads: int, flag: Flag) -> Iterator[concurrent.futures.Executor]:
    """Threads whose blocks are ended by the flag if an exception is raised."""
    # Created for each call: a pool at module level would hang in a forked child.
    pool = concurrent.futures.ThreadPoolExecutor(threads, "leakthrough")
    try:
        yield pool
    except BaseException:
        flag[0] = 1
        # Without waiting: a thread may take a second for the variables of its last block.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def usable_cores() -> int:
    """Number of cores on which this process may run."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Parts:
    """Collects the parts of points that have some number of replications each."""

    def __init__(self, replications: int) -> None:
        self.replications = replications
        self.parts: dict[int, dict[int, list[Any]]] = {}
        self.done: collections.Counter[int] = collections.Counter()

    def joined(self, point: int, start: int, values: list[Any]) -> list[Any] | None:
        """Add the arrays of a part, (its replications, ...); return the point's once complete."""
        self.parts.setdefault(point, {})[start] = values
        self.done[point] += len(values[0])
        if self.done[point] < self.replications:
            return None
        parts = self.parts.pop(point)
        if len(parts) == 1:
            return values
        ordered = [parts[n] for n in sorted(parts)]
        return [np.concatenate(own) for own in zip(*ordered, strict=True)]
