"""Points in tasks, on threads or on any executor: several small ones, or a part of a large one."""

import concurrent.futures
import queue
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from leakthrough.engine.jobs import Flag
from leakthrough.engine.scheduler import (
    BLOCK_SECONDS,
    LONGEST_WAIT,
    MOST_IN_A_BLOCK,
    TASK_SECONDS,
    bar_over,
    usable_cores,
)
from leakthrough.run_options import Execution
from leakthrough.studies.measure import Measure
from leakthrough.studies.sweep.points import Plan, Points, Recipe, Shop

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


COUNTED = ("leakers", "expended")
"""Measures of whole numbers that may be many: those of which a distribution is kept."""
FIRST_PENDING, MOST_PENDING = 64, 4096
"""Tasks with an executor at a time: few until it is known how long they take, and at last enough
for the threads of some hundred machines."""
GROWTH = 8


class Found(NamedTuple):
    """What is kept of some points, by measure: P points, N names, W from 0 to the most."""

    estimates: "list[Array]"  # (P, 4, N)
    counts: "list[Array]"  # (P, N, W) replications, by number; of measures that are counted


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


class Sink(Protocol):
    """Where finished points go."""

    def take(self, first: int, found: Found) -> None:
        """Take the points from one place in the order on."""


def reduced(plan: Plan, points: "Sequence[list[Array]]") -> Found:
    """Reduce the values of all replications of some points."""
    estimates, counts = [], []
    for n, measure in enumerate(plan.measures):
        own = [values[n] for values in points]
        moments = np.stack([measure.moments(values) for values in own], axis=1)
        intervals = measure.interval(moments, plan.replications, plan.confidence)
        estimates.append(np.moveaxis(intervals, 0, 1))
        if plan.keep_distributions and is_counted(measure):
            counts.append(_histograms(own))
    return Found(estimates, counts)


def is_counted(measure: Measure) -> bool:
    """Whether the distribution of a measure is kept."""
    return measure.name in COUNTED


def _histograms(points: "Sequence[Array]") -> "Array":
    """How many replications had which number, by point and name; none where there is no name."""
    most = max((int(np.nanmax(v, initial=0.0)) for v in points), default=0)
    found = np.zeros((len(points), points[0].shape[1], most + 1), np.uint32)
    for p, values in enumerate(points):
        for n, own in enumerate(values.T):
            if own.size and not np.isnan(own[0]):
                found[p, n] = np.bincount(own.astype(np.int64), minlength=most + 1)
    return found


def widened(counts: "Array", width: int) -> "Array":
    """Make room for larger numbers."""
    return np.pad(counts, ((0, 0), (0, 0), (0, width - counts.shape[2])))


Outcome = tuple[Task, "Found | list[Array]", float]


def _done(shop: Shop, recipes: Sequence[Recipe], task: Task, flag: Flag) -> Outcome:
    """Compute a task: whole points are reduced, of a part the values are handed on."""
    shop.bench(recipes[0])  # off the clock: it says nothing about the time of a replication
    began = time.perf_counter()
    points = [_values(shop, recipe, task, flag) for recipe in recipes]
    whole = task.stop - task.start == shop.plan.replications
    found = reduced(shop.plan, points) if whole else points[0]
    return task, found, time.perf_counter() - began


def _values(shop: Shop, recipe: Recipe, task: Task, flag: Flag) -> "list[Array]":
    """Values of one point, in blocks of limited size."""
    most = MOST_IN_A_BLOCK
    blocks = [
        shop.values(recipe, start, min(start + most, task.stop), flag)
        for start in range(task.start, task.stop, most)
    ]
    if len(blocks) == 1:
        return blocks[0]
    return [np.concatenate(parts) for parts in zip(*blocks, strict=True)]


def _elsewhere(plan: Plan, recipes: Sequence[Recipe], task: Task) -> Outcome:
    """Compute a task of an executor; nothing outlives it, so that it may be run again."""
    shop, flag = Shop(plan), np.zeros(1, np.uint8)
    shop.values(recipes[0], 0, 0, flag)  # compile, or load from the cache, off the clock
    return _done(shop, recipes, task, flag)


class _Tasks:
    """Cuts what is to be done into tasks that take about the wanted time, as far as is known."""

    def __init__(self, wanted: Iterable[tuple[int, int]], replications: int, shares: int) -> None:
        self.wanted = list(wanted)[::-1]  # stretches of points, the next one last
        self.left = sum(last - first for first, last in self.wanted)
        self.replications, self.shares = replications, shares
        self.begun = 0  # replications of the next point that are under way
        self.size = 1  # replications in a task

    def learn(self, task: Task, seconds: float, aim: float) -> None:
        """Aim at the wanted time, growing at most eightfold at once."""
        wanted = int(aim * task.replications / max(seconds, 1e-7))
        self.size = max(1, min(wanted, GROWTH * max(self.size, task.replications)))

    def next(self) -> Task | None:
        """The next one, None when there is none."""
        if not self.wanted:
            return None
        first, last = self.wanted.pop()
        number = min(self.size // self.replications, -(-self.left // self.shares), last - first)
        if self.begun or number < 1:
            stop = min(self.begun + self.size, self.replications)
            task = Task(first, first + 1, self.begun, stop)
            self.begun = task.stop % self.replications
            number = int(not self.begun)
        else:
            task = Task(first, first + number, 0, self.replications)
        self.left -= number
        if first + number < last:
            self.wanted.append((first + number, last))
        return task


class _Joined:
    """Joins the parts of points, and hands whole ones on."""

    def __init__(self, plan: Plan, sink: Sink, bar: Any) -> None:
        self.plan, self.sink, self.bar = plan, sink, bar
        self.parts: dict[int, dict[int, list[Array]]] = {}

    def take(self, task: Task, found: "Found | list[Array]") -> None:
        """Take what a task has found."""
        if isinstance(found, Found):
            self.sink.take(task.first, found)
        else:
            parts = self.parts.setdefault(task.first, {})
            parts[task.start] = found
            if sum(len(values[0]) for values in parts.values()) == self.plan.replications:
                del self.parts[task.first]
                ordered = [parts[start] for start in sorted(parts)]
                whole = [np.concatenate(values) for values in zip(*ordered, strict=True)]
                self.sink.take(task.first, reduced(self.plan, [whole]))
        self.bar.update(task.replications)


def run(
    plan: Plan, points: Points, wanted: Sequence[tuple[int, int]], sink: Sink, execution: Execution
) -> None:
    """Compute some stretches of the points into a sink."""
    total = sum(last - first for first, last in wanted) * plan.replications
    with bar_over(execution.progress, total) as bar:
        joined = _Joined(plan, sink, bar)
        if execution.executor is None:
            _on_threads(plan, points, wanted, joined, execution.workers or usable_cores())
        else:
            _on_executor(plan, points, wanted, joined, execution.executor)


def _on_threads(
    plan: Plan, points: Points, wanted: Sequence[tuple[int, int]], joined: _Joined, workers: int
) -> None:
    shop, flag = Shop(plan, points.built), np.zeros(1, np.uint8)
    tasks = _Tasks(wanted, plan.replications, workers)
    # Made for each call: a pool at module level would hang in a forked child.
    pool = concurrent.futures.ThreadPoolExecutor(workers)

    def submit(task: Task) -> "concurrent.futures.Future[Outcome]":
        return pool.submit(_done, shop, points.recipes(task.first, task.last), task, flag)

    try:
        _collect(tasks, submit, 2 * workers, 2 * workers, BLOCK_SECONDS, joined)
    finally:
        flag[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)


def _on_executor(
    plan: Plan,
    points: Points,
    wanted: Sequence[tuple[int, int]],
    joined: _Joined,
    executor: concurrent.futures.Executor,
) -> None:
    """Run tasks on an executor; a first stretch here tells how much makes a task."""
    tasks = _Tasks(wanted, plan.replications, 1)
    seconds, shop, flag = 0.0, Shop(plan, points.built), np.zeros(1, np.uint8)
    while seconds < BLOCK_SECONDS / 4 and (task := tasks.next()) is not None:
        recipes = points.recipes(task.first, task.last)
        _, found, seconds = _done(shop, recipes, task, flag)
        joined.take(task, found)
        tasks.learn(task, seconds, BLOCK_SECONDS)
    tasks.size = max(1, int(tasks.size * TASK_SECONDS / max(BLOCK_SECONDS, 1e-7)))

    def submit(task: Task) -> "concurrent.futures.Future[Outcome]":
        return executor.submit(_elsewhere, plan, points.recipes(task.first, task.last), task)

    _collect(tasks, submit, FIRST_PENDING, MOST_PENDING, TASK_SECONDS, joined)


def _collect(
    tasks: _Tasks,
    submit: "Callable[[Task], concurrent.futures.Future[Outcome]]",
    first: int,
    most: int,
    aim: float,
    joined: _Joined,
) -> None:
    """Keep tasks under way until all are done: a few at first, and then more and more."""
    room = first
    pending: set[concurrent.futures.Future[Outcome]] = set()
    # To wait for a set of futures takes time in proportion to it, each time.
    done: queue.SimpleQueue[concurrent.futures.Future[Outcome]] = queue.SimpleQueue()
    try:
        while True:
            while len(pending) < room and (task := tasks.next()) is not None:
                future = submit(task)
                pending.add(future)
                future.add_done_callback(done.put)
            if not pending:
                return
            try:
                future = done.get(timeout=LONGEST_WAIT)
            except queue.Empty:  # a chance for Ctrl-C to be noticed
                continue
            pending.remove(future)
            room = min(room + 2, most)
            task, found, seconds = future.result()
            joined.take(task, found)
            tasks.learn(task, seconds, aim)
    finally:
        for future in pending:
            future.cancel()
