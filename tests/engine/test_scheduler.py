"""The scheduler: every replication once, in any order, with interruption at any time."""

import _thread
import concurrent.futures
import io
import itertools
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import subprocesses
from raids import api_example, rich

import leakthrough as lt
from leakthrough.engine import compile_once, scheduler
from leakthrough.engine.jobs import Flag, RaidJob
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.scheduler import Cutter, Parts, Task, Work, run

JOB = RaidJob(lower(rich()))
RANGES = [(0, 4), (6, 13)]


class Counting(NamedTuple):
    """A job that takes a time in proportion to the replications, unless stopped."""

    task: Task
    seconds: float
    begin: Callable[[Task], None]

    def prepare(self) -> None:
        pass

    def __call__(self, flag: Flag) -> np.ndarray[Any, Any]:
        self.begin(self.task)
        end = time.perf_counter() + self.seconds * self.task.replications
        while time.perf_counter() < end and not flag[0]:
            time.sleep(min(self.seconds, 1e-3))
        return np.arange(self.task.start, self.task.stop)


class Counts(Work):
    """Counts how often each replication of each point was simulated."""

    def __init__(
        self,
        replications: int = 10,
        *,
        seconds: float = 0.0,
        events: float = np.inf,
        begin: Callable[[Task], None] = lambda task: None,
    ) -> None:
        super().__init__(JOB, RANGES, replications, events=events)
        self.seconds, self.begin = seconds, begin
        self.taken = np.zeros((13, replications), np.int64)
        self.tasks: list[Task] = []
        self.here: list[bool] = []
        self.in_flight = 0

    def unit(self, task: Task, *, here: bool) -> Counting:
        self.here.append(here)
        self.in_flight = max(self.in_flight, len(self.here) - len(self.tasks))
        return Counting(task, self.seconds, self.begin)

    def take(self, task: Task, result: Any) -> None:
        np.testing.assert_array_equal(result, np.arange(task.start, task.stop))
        assert threading.current_thread() is threading.main_thread()
        self.tasks.append(task)
        self.taken[task.first : task.last, result] += 1


def assert_each_once(counts: Any) -> None:
    wanted = np.ones_like(counts)
    wanted[4:6] = 0
    np.testing.assert_array_equal(counts, wanted)


# ---------------------------------------------------------------- cutting


@pytest.mark.parametrize("shares", [1, 2, 7])
def test_tasks_cover_everything_once(shares: int) -> None:
    for size, replications in itertools.product((1, 3, 10, 25, 1000), (1, 7, 10)):
        cutter = Cutter(RANGES, replications)
        cutter.size = size
        seen = np.zeros((13, replications), np.int64)
        while (task := cutter.next(shares)) is not None:
            assert task.replications <= size
            seen[task.first : task.last, task.start : task.stop] += 1
        assert_each_once(seen)
        assert cutter.left == 0


def test_tasks_aim_at_a_time_and_grow_step_by_step() -> None:
    cutter = Cutter([(0, 1)], 10**9)
    sizes = [cutter.size]
    for _ in range(6):
        cutter.learn(cutter.size, 2.0**-17 * cutter.size, 2.0**-4)  # 8 microseconds a replication
        sizes.append(cutter.size)
    assert sizes == [1, 8, 64, 512, 4096, 8192, 8192]
    cutter.aim(2.0)
    assert cutter.size == 2**18


def test_all_threads_end_together_without_crumbs() -> None:
    """The rest is cut into ever smaller tasks, down to 1/32 of a task."""
    cutter = Cutter([(0, 1)], 10_000)
    cutter.size = 3200
    sizes = [task.replications for task in iter(lambda: cutter.next(2), None)]
    assert sizes == [3200, 3200, 1800, 900, 450, 225, 113, 100, 12]
    assert sum(sizes) == 10_000


def test_a_campaign_is_not_cut_into_little() -> None:
    cutter = Cutter([(0, 1)], 1000, 128)
    sizes = [task.replications for task in iter(lambda: cutter.next(9), None)]
    assert sizes == [128] * 7 + [104]


def test_parts_are_joined_in_their_order() -> None:
    parts, whole = Parts(7), None
    for start, stop in ((5, 7), (0, 3), (3, 5)):
        assert whole is None
        whole = parts.joined(2, start, [np.arange(start, stop), -np.arange(start, stop)])
    assert whole is not None
    np.testing.assert_array_equal(whole, [np.arange(7), -np.arange(7)])
    assert not parts.parts


# ---------------------------------------------------------------- running


class Shuffled(Executor):
    """Collects tasks until some wait, then runs them in any order, each twice."""

    def __init__(self, seed: int, most: int) -> None:
        self.random, self.most = np.random.default_rng(seed), most
        self.waiting: list[tuple[Future[Any], Any]] = []
        self.largest = 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._work)
        self.thread.start()

    def submit(self, call: Any, /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, lambda: call(*given, **named)))
        self.largest = max(self.largest, len(self.waiting))
        return future

    def _work(self) -> None:
        while not self.stopped.is_set():
            time.sleep(1e-3)
            if self.waiting:
                future, call = self.waiting.pop(self.random.integers(len(self.waiting)))
                call()
                future.set_result(call())

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.stopped.set()
        self.thread.join()


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("seconds", [0.0, 1e-4])
def test_every_replication_is_taken_once_on_threads(workers: int, seconds: float) -> None:
    work = Counts(seconds=seconds)
    run(work, workers=workers)
    assert_each_once(work.taken)
    assert all(work.here)


def test_every_replication_is_taken_once_from_a_disorderly_executor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In any order, with tasks run twice, and never more tasks than allowed."""
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "TASK_SECONDS", 0.0)
    monkeypatch.setattr(scheduler, "FIRST_PENDING", 3)
    monkeypatch.setattr(scheduler, "MOST_PENDING", 11)
    work = Counts()
    with Shuffled(1, 11) as executor:
        run(work, executor=executor)
    assert_each_once(work.taken)
    assert not any(work.here)
    assert work.tasks != sorted(work.tasks)
    assert 3 < executor.largest <= 11


class Unused(Executor):
    """An executor that must not be used."""

    def submit(self, call: Any, /, *given: Any, **named: Any) -> Future[Any]:
        raise AssertionError("there was a task for the executor")


def test_little_work_does_not_go_to_an_executor() -> None:
    work = Counts(seconds=1e-5)
    run(work, executor=Unused())
    assert_each_once(work.taken)
    with pytest.raises(AssertionError, match="there was a task"):
        run(Counts(seconds=1e-3), executor=Unused())


def test_little_work_starts_no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = lt.simulate(api_example(), replications=10, seed=1, workers=2)
    monkeypatch.setattr(concurrent.futures, "ThreadPoolExecutor", None)
    monkeypatch.setattr(threading.Thread, "start", None)
    found = lt.simulate(api_example(), replications=10, seed=1, workers=2)
    assert found.identical(expected)
    with pytest.raises(TypeError):  # a second of work is not small
        lt.simulate(api_example(), replications=10_000, seed=1, workers=2)


def test_what_may_take_long_does_not_run_in_the_calling_thread() -> None:
    """Ctrl-C would have to wait for it there."""
    threads: set[threading.Thread] = set()
    for events in (np.inf, 2.0 * scheduler.EVENTS_AT_ONCE):
        run(Counts(events=events, begin=lambda task: threads.add(threading.current_thread())))
    assert threading.main_thread() not in threads
    run(Counts(events=10.0, begin=lambda task: threads.add(threading.current_thread())))
    assert threading.main_thread() in threads


def test_the_first_task_in_the_calling_thread_is_bounded_by_its_events() -> None:
    work = Counts(10_000, events=100.0)
    run(work)
    assert work.tasks[0].replications == scheduler.EVENTS_AT_ONCE / 100


@pytest.mark.parametrize("workers", [1, 3])
def test_few_tasks_are_in_flight(workers: int) -> None:
    work = Counts(100, seconds=1e-4)
    run(work, workers=workers)
    assert_each_once(work.taken)
    assert 1 <= work.in_flight <= 2 * workers


# ---------------------------------------------------------------- errors and interruption


def failing(task: Task) -> None:
    if task.first >= 6:
        raise ArithmeticError("on purpose")


def slow_then_failing(task: Task) -> None:
    """One task would take hours unless a flag ends it; another one fails."""
    if task.first == 0 and task.start == 0:
        started.set()
    elif started.wait(10.0):
        raise ArithmeticError("on purpose")


started = threading.Event()


def assert_no_threads_are_left() -> None:
    """By name: other libraries (zarr) keep their threads for the whole session."""
    for thread in threading.enumerate():
        if thread.name.startswith("leakthrough"):
            thread.join(10.0)
            assert not thread.is_alive()


@pytest.mark.parametrize("events", [1.0, np.inf])
def test_an_exception_in_a_task_surfaces(events: float) -> None:
    with pytest.raises(ArithmeticError, match="on purpose"):
        run(Counts(begin=failing, events=events))


def test_an_exception_surfaces_at_once_and_ends_the_other_tasks() -> None:
    with pytest.raises(ArithmeticError, match="on purpose"):
        run(Counts(seconds=1e4, begin=slow_then_failing), workers=2)
    assert_no_threads_are_left()


def test_an_exception_where_results_are_taken_ends_the_tasks() -> None:
    class Refusing(Counts):
        def take(self, task: Task, result: Any) -> None:
            raise ArithmeticError("on purpose")

    with pytest.raises(ArithmeticError, match="on purpose"):
        run(Refusing(), workers=2)
    assert_no_threads_are_left()


@pytest.mark.parametrize("spread", [False, True])
def test_ctrl_c_is_noticed_while_tasks_run(spread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a signal to wake up the thread; the tasks would take hours."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    pool = ThreadPoolExecutor(2, "leakthrough of the caller")
    try:
        with pytest.raises(KeyboardInterrupt):
            run(Counts(seconds=1e4), workers=2, executor=pool if spread else None)
        assert_no_threads_are_left_of(pool)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, before)


def assert_no_threads_are_left_of(pool: ThreadPoolExecutor) -> None:
    """The flag reaches the threads of an executor in this process too."""
    pool.shutdown(wait=False)
    assert_no_threads_are_left()


# ---------------------------------------------------------------- compiling

FIRST = """
import io, sys
import warnings
import leakthrough as lt
warnings.simplefilter("ignore", lt.ScenarioWarning)
from leakthrough.engine import compile_once
from raids import rich

class Terminal(io.StringIO):
    def isatty(self):
        return True

compile_once.PATIENCE, sys.stderr = 0.01, Terminal()
lt.simulate(rich(), replications=2, seed=1)
sys.stdout.write(sys.stderr.getvalue())
"""


def test_only_what_is_not_in_the_cache_is_announced(tmp_path: Path) -> None:
    said = [subprocesses.run(FIRST, NUMBA_CACHE_DIR=str(tmp_path)).decode() for _ in range(2)]
    assert said == [compile_once.MESSAGE, ""]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Compiled:
    """A job that takes some time to compile."""

    raids, has_rules = 1, False

    def __init__(self, seconds: float) -> None:
        self.seconds, self.number = seconds, 0

    def compile(self) -> None:
        self.number += 1
        time.sleep(self.seconds)


@pytest.mark.parametrize("stream", [Terminal(), io.StringIO()])
@pytest.mark.parametrize("seconds", [0.0, 0.5])
@pytest.mark.parametrize("cached", [False, True])
def test_compiling_is_announced_on_a_terminal_if_it_takes_a_while(
    stream: io.StringIO, seconds: float, cached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.truncate(stream.seek(0))
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(compile_once, "PATIENCE", 0.1)
    monkeypatch.setattr(compile_once, "_compiled", set())
    monkeypatch.setattr(compile_once, "is_compiling", lambda: not cached)
    job: Any = Compiled(seconds)
    for _ in range(3):
        compile_once.compile_for(job)
        time.sleep(0.2)
    assert job.number == 1
    announced = stream.isatty() and seconds > 0.0 and not cached
    assert stream.getvalue() == (compile_once.MESSAGE if announced else "")
