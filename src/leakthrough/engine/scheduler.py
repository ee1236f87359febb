"""The scheduler: work is cut into tasks, which run on threads or on any executor.

Data go one way: a `Work` makes a unit of each task, the unit runs in a thread or another process,
and the work takes its result, in any order. A work is a number of points (scenarios), each in as
many replications; a task is a few whole points, or a part of one. Task sizes are learnt from the
tasks that are finished.
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

BLOCK_SECONDS = 0.08
"""Work of a task on threads: short enough for progress to be smooth, and for Ctrl-C in `Here`."""
TASK_SECONDS = 2.0
"""Work of a task on an executor: a cluster's scheduler takes milliseconds for a task."""
LONGEST_WAIT = 0.1
"""Seconds after which the calling thread wakes up, so that Ctrl-C is noticed."""
GROWTH = 8
"""How much larger a task may be than those before it."""
SMALLEST = 1 / 32
"""Of the size of a task, at the end: 2.5 ms, in which all but one thread may be idle."""
FIRST_PENDING, MOST_PENDING = 64, 4096
"""Tasks in flight on an executor: few until it is known how long they take, and at last enough
for the threads of some hundred machines."""
WORTH_THREADS = 1 / 80
"""Of `BLOCK_SECONDS`: where tasks of a millisecond are left, a second thread is worth its start."""
EVENTS_AT_ONCE = 100_000
"""Events, a few milliseconds, of the first task in the calling thread, where Ctrl-C has to wait for
it. To start a thread and hand a task over takes 80 microseconds, as much as 100 small raids."""


class Task(NamedTuple):
    """Points from `first` up to `last`, in the replications from `start` up to `stop`."""

    first: int
    last: int
    start: int
    stop: int

    @property
    def replications(self) -> int:
        """How many there are, of all points together."""
        return (self.last - self.first) * (self.stop - self.start)


class Unit(Protocol):
    """Computes a task; for an executor it must pickle, and may be run more than once."""

    def prepare(self) -> None:
        """Do what says nothing about the time of a replication: compile, or load what is."""

    def __call__(self, flag: Flag) -> Any:
        """Return the result, which is void if the flag was set meanwhile."""


class Work(abc.ABC):
    """What is to be computed, and where the results go.

    Parameters
    ----------
    job : Job
        Of any of the points: it compiles what all of them need.
    ranges : sequence of (int, int)
        Points from the first up to the second.
    replications : int
        Of each point.
    least : int
        Replications in a task.
    events : float
        Upper bound, of a replication; infinite if it is not known.
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
        """What computes a task: in a thread of this process, once, or anywhere."""

    @abc.abstractmethod
    def take(self, task: Task, result: Any) -> None:
        """Take the result of a task, in the calling thread, in any order."""


class Stage(NamedTuple):
    """How tasks are sent to an executor."""

    seconds: float  # work in a task
    shares: int  # parts into which the work that is left is cut at least
    first: int  # tasks in flight, in the beginning and at most
    most: int
    here: bool = True
    until: float = math.inf  # the stage ends once a task has taken so long [s]


class Cutter:
    """Cuts the points of a work into tasks.

    Parameters
    ----------
    ranges : sequence of (int, int)
        Points from the first up to the second.
    replications : int
        Of each point.
    least : int
        Replications in a task.
    """

    def __init__(
        self, ranges: Sequence[tuple[int, int]], replications: int, least: int = 1
    ) -> None:
        self.ranges = list(ranges)[::-1]  # the next one last
        self.replications, self.least, self.size = replications, least, least
        self.left = replications * sum(last - first for first, last in ranges)
        self.begun = 0  # replications of the next point that are in tasks already
        self.longest = self.rate = 0.0  # seconds of a task, and of a replication

    def learn(self, replications: int, seconds: float, aim: float) -> None:
        """Note how long a task took, and aim at the wanted time from now on."""
        self.rate, self.longest = seconds / replications, max(seconds, self.longest)
        self.aim(aim, GROWTH * max(self.size, replications))

    def aim(self, seconds: float, most: float = math.inf) -> None:
        """Make tasks that take some time, if it is known how long a replication takes."""
        if self.longest > 0.0:
            wanted = min(seconds / max(self.rate, 1e-12), most, self.left + 1)
            self.size = max(int(wanted), self.least)

    def next(self, shares: int = 1) -> Task | None:
        """The next task, None if there is none."""
        if not self.ranges:
            return None
        # Not more than a thread's share of what is left: all are to end together.
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
    """Runs in the calling thread, at once."""

    def submit(self, call: Any, /, *given: Any, **named: Any) -> concurrent.futures.Future[Any]:
        """Return what has been done already."""
        done: concurrent.futures.Future[Any] = concurrent.futures.Future()
        done.set_result(call(*given, **named))
        return done


def run(
    work: Work,
    *,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool = False,
) -> None:
    """Compute a work.

    Parameters
    ----------
    work : Work
    workers : int, optional
        Threads; by default the usable cores.
    executor : concurrent.futures.Executor, optional
        Runs the tasks instead of threads here, but for the first ones, which are short.
    progress : bool
        Show a progress bar over the replications.

    Raises
    ------
    KeyboardInterrupt
        On Ctrl-C, which is noticed within `LONGEST_WAIT`; blocks of the kernel that are running
        in this process are ended.
    """
    compile_for(work.job)
    threads = workers or usable_cores()
    cutter = Cutter(work.ranges, work.replications, work.least)
    flag = np.zeros(1, np.uint8)
    probe = Stage(BLOCK_SECONDS, 1, 1, 1, until=BLOCK_SECONDS / 4)
    with progress_bar(progress, cutter.left) as update:
        if work.least * work.events <= EVENTS_AT_ONCE:
            cutter.size = max(int(EVENTS_AT_ONCE / max(work.events, 1)), work.least)
            short = probe._replace(until=BLOCK_SECONDS * WORTH_THREADS)
            _run_stage(work, cutter, Here(), short, flag, update)
        if cutter.left == 0:
            return
        with thread_pool(threads, flag) as pool:
            if executor is None:
                stage = Stage(BLOCK_SECONDS, threads, 2 * threads, 2 * threads)
                _run_stage(work, cutter, pool, stage, flag, update)
            else:  # a first stretch here tells how much makes a task
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
    room, worth = stage.first, False  # one at a time until they are worth the threads
    pending: set[concurrent.futures.Future[Any]] = set()
    # To wait for a set of futures takes time in proportion to it, each time.
    done: queue.SimpleQueue[concurrent.futures.Future[Any]] = queue.SimpleQueue()
    try:
        while cutter.longest < stage.until:
            worth = worth or cutter.longest >= BLOCK_SECONDS * WORTH_THREADS
            number, shares = (room, stage.shares) if worth else (1, 1)
            while len(pending) < number and (task := cutter.next(shares)) is not None:
                unit = work.unit(task, here=stage.here)
                future = executor.submit(_timed, task, unit, flag)
                pending.add(future)
                future.add_done_callback(done.put)
            if not pending:
                return
            try:
                future = done.get(timeout=LONGEST_WAIT)
            except queue.Empty:  # a chance for Ctrl-C to be noticed
                worth = True
                continue
            pending.remove(future)
            room = min(room + 2, stage.most)
            task, result, seconds = future.result()
            work.take(task, result)
            cutter.learn(task.replications, seconds, stage.seconds)
            update(task.replications)
    finally:
        for future in pending:
            future.cancel()


def _timed(task: Task, unit: Unit, flag: Flag) -> tuple[Task, Any, float]:
    """Run a unit."""
    unit.prepare()
    began = time.perf_counter()
    return task, unit(flag), time.perf_counter() - began


@contextmanager
def thread_pool(threads: int, flag: Flag) -> Iterator[concurrent.futures.Executor]:
    """Threads, whose blocks are ended by a flag if anything is raised."""
    # Made for each call: a pool at module level would hang in a forked child.
    pool = concurrent.futures.ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException:
        flag[0] = 1
        # Without waiting: a thread may spend a second on what it has made of its last block.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def progress_bar(wanted: bool, replications: int) -> Iterator[Callable[[int], object]]:
    """What is called with numbers of finished replications: a progress bar, or nothing."""
    if not wanted:
        yield lambda _: None
        return
    from tqdm.auto import tqdm

    with tqdm(total=replications, unit="replication") as bar:
        yield bar.update


def usable_cores() -> int:
    """Cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Parts:
    """Puts the parts of points together.

    Parameters
    ----------
    replications : int
        Of a whole point.
    """

    def __init__(self, replications: int) -> None:
        self.replications = replications
        self.parts: dict[int, dict[int, list[Any]]] = {}
        self.done: collections.Counter[int] = collections.Counter()

    def joined(self, point: int, start: int, values: list[Any]) -> list[Any] | None:
        """Add arrays of a part (its replications, ...); those of the point if it is whole."""
        self.parts.setdefault(point, {})[start] = values
        self.done[point] += len(values[0])
        if self.done[point] < self.replications:
            return None
        parts = self.parts.pop(point)
        if len(parts) == 1:
            return values
        ordered = [parts[n] for n in sorted(parts)]
        return [np.concatenate(own) for own in zip(*ordered, strict=True)]
