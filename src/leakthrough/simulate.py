"""Replications in blocks, on threads or on any executor, and a result at the end."""

import concurrent.futures
import functools
import json
import os
import secrets
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import xarray as xr

from leakthrough import _kernel
from leakthrough._reduce import Reduction, with_reductions
from leakthrough._state import Counts, named_counts, new_carried, new_counts, new_state
from leakthrough._tables import Tables, label, lower
from leakthrough.files import scenario_from_document
from leakthrough.results import COORDINATES, constants_of, coordinates_of, dataset, rows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leakthrough.scenario import Scenario

Keep = Literal["replications", "summary"]

BLOCK_SECONDS = 0.08
"""Work between two looks at progress and interruption: short enough to feel immediate."""
TASK_SECONDS = 2.0
"""Work sent to an executor at a time: a cluster's scheduler costs milliseconds a task."""
MOST_IN_A_BLOCK = 1 << 13
"""Bounds the memory of a block where a replication takes next to no time."""
LONGEST_WAIT = 0.1
"""Seconds between two chances for Ctrl-C to be noticed."""


class Sink(Protocol):
    """Where finished replications go."""

    def take(self, start: int, counts: Counts) -> None:
        """Take the counts of the replications from `start`; in any order."""


class Rows:
    """Keeps every replication."""

    def __init__(self, tables: Tables, replications: int) -> None:
        self.tables = tables
        self.counts = new_counts(tables, replications)

    def take(self, start: int, counts: Counts) -> None:
        """Copy rows to their places."""
        self.counts.rows[start : start + len(counts.rows)] = counts.rows

    def arrays(self) -> "dict[str, npt.NDArray[Any]]":
        """Result variables."""
        return rows_of(self.counts, self.tables)


def usable_cores() -> int:
    """Cores that this process may run on."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def whole(value: object) -> bool:
    """Whether a value is a whole number; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def checked_replications(replications: int, name: str = "replications", least: int = 1) -> int:
    """Number of replications, or of one of them, or a clear error."""
    if not whole(replications) or not least <= replications < 2**32:
        msg = f"{name}: must be a whole number from {least} to 2**32 - 1; got {replications!r}"
        raise ValueError(msg)
    return int(replications)


def checked_seed(seed: int | None) -> int:
    """Seed, fresh if there is none, or a clear error."""
    if seed is None:
        return secrets.randbits(63)
    if not whole(seed) or not 0 <= seed < 2**63:
        raise ValueError(f"seed: must be a whole number from 0 to 2**63 - 1; got {seed!r}")
    return int(seed)


def _checked_timeline(timeline: Sequence[float]) -> tuple[float, ...]:
    times = np.asarray(timeline, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.abs(times) <= 1e9) or np.any(np.diff(times) < 0):
        msg = f"timeline: must be times in seconds up to 1e9, in rising order; got {timeline!r:.60}"
        raise ValueError(msg)
    return tuple(times.tolist())


def run_block(
    tables: Tables, seed: int, start: int, stop: int, flag: "npt.NDArray[np.uint8]"
) -> Counts:
    """Counts of the replications from `start` up to `stop`."""
    counts, carried = new_counts(tables, stop - start), new_carried(tables, stop - start)
    _kernel.simulate_block(new_state(tables), counts.rows, carried.rows, seed, start, 0, flag)
    return counts


def _timed_block(
    tables: Tables, seed: int, start: int, stop: int, flag: "npt.NDArray[np.uint8]"
) -> tuple[int, Counts, float]:
    began = time.perf_counter()
    counts = run_block(tables, seed, start, stop, flag)
    return start, counts, time.perf_counter() - began


class _Pace:
    """How many replications make a block or a task, learnt from those that are finished."""

    def __init__(self, seconds: float, most: int) -> None:
        self.seconds, self.most = seconds, most
        self.size = 1

    def learn(self, replications: int, seconds: float) -> None:
        """Aim at the wanted time, growing at most eightfold at once."""
        wanted = int(self.seconds * replications / max(seconds, 1e-7))
        self.size = max(1, min(wanted, 8 * self.size, self.most))


def _on_threads(
    tables: Tables,
    seed: int,
    replications: int,
    workers: int,
    sink: Sink,
    progress: Any,
) -> None:
    """Run blocks on threads: the kernel releases the GIL, and a flag stops it."""
    flag = np.zeros(1, dtype=np.uint8)
    pace, begun = _Pace(BLOCK_SECONDS, MOST_IN_A_BLOCK), 0
    pending: set[concurrent.futures.Future[tuple[int, Counts, float]]] = set()
    # Made for each call: a pool at module level would hang in a forked child.
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        while pending or begun < replications:
            while len(pending) < 2 * workers and begun < replications:
                stop = min(begun + pace.size, replications)
                pending.add(pool.submit(_timed_block, tables, seed, begun, stop, flag))
                begun = stop
            done, pending = concurrent.futures.wait(
                pending, LONGEST_WAIT, concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                start, counts, seconds = future.result()
                finished = len(counts.leaked)
                pace.learn(finished, seconds)
                sink.take(start, counts)
                progress.update(finished)
    finally:
        flag[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)


def _task(
    tables: Tables, seed: int, start: int, stop: int, decoys: Sequence[bool] | None
) -> "tuple[int, int, npt.NDArray[np.int64] | Reduction]":
    """Run one task of an executor in blocks of limited size; reduce it if decoys are given."""
    sink: Rows | Reduction
    sink = Rows(tables, stop - start) if decoys is None else Reduction(tables, np.array(decoys))
    flag = np.zeros(1, dtype=np.uint8)
    for begin in range(start, stop, MOST_IN_A_BLOCK):
        end = min(begin + MOST_IN_A_BLOCK, stop)
        sink.take(begin - start, run_block(tables, seed, begin, end, flag))
    return start, stop, sink if isinstance(sink, Reduction) else sink.counts.rows


def _on_executor(
    tables: Tables,
    seed: int,
    replications: int,
    executor: concurrent.futures.Executor,
    sink: "Rows | Reduction",
    progress: Any,
) -> None:
    """Run tasks on an executor; a first stretch here tells how many replications make a task."""
    pace, begun, seconds, size = _Pace(TASK_SECONDS, MOST_IN_A_BLOCK), 0, 0.0, 1
    flag = np.zeros(1, dtype=np.uint8)
    while begun < replications and seconds < BLOCK_SECONDS / 4:
        size = min(pace.size, replications - begun)
        begun, counts, seconds = _timed_block(tables, seed, begun, begun + size, flag)
        sink.take(begun, counts)
        progress.update(size)
        pace.learn(size, seconds)
        begun += size
    size = max(1, int(size * TASK_SECONDS / max(seconds, 1e-7)))
    decoys = sink.decoys.tolist() if isinstance(sink, Reduction) else None
    pending: set[concurrent.futures.Future[Any]] = set()
    try:
        for start in range(begun, replications, size):
            stop = min(start + size, replications)
            pending.add(executor.submit(_task, tables, seed, start, stop, decoys))
        while pending:
            done, pending = concurrent.futures.wait(
                pending, LONGEST_WAIT, concurrent.futures.FIRST_COMPLETED
            )
            for future in done:
                start, stop, found = future.result()
                if isinstance(found, Reduction) and isinstance(sink, Reduction):
                    sink.merge(found)
                else:
                    sink.take(start, named_counts(found, tables))
                progress.update(stop - start)
    finally:
        for future in pending:
            future.cancel()


@contextmanager
def _bar(wanted: bool, replications: int) -> Iterator[Any]:
    """A progress bar over replications, or nothing that looks like one."""
    from tqdm.auto import tqdm

    with tqdm(total=replications, unit="replication", disable=not wanted) as bar:
        yield bar


_compiling = threading.Lock()


def _compile(tables: Tables) -> None:
    """Compile, or load from the cache, in this thread, where Ctrl-C is heard."""
    with _compiling:
        run_block(tables, 0, 0, 0, np.zeros(1, dtype=np.uint8))


@functools.cache
def _versions() -> dict[str, str]:
    packages = ("leakthrough", "numba", "numpy", "scipy", "xarray")
    return {"python": sys.version.split()[0], **{name: version(name) for name in packages}}


def _provenance(scenario: "Scenario", call: dict[str, Any]) -> str:
    record = {"scenario": scenario.document(), "call": call, "versions": _versions()}
    return json.dumps(record)


def simulate(
    scenario: "Scenario",
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    keep: Keep = "replications",
    progress: bool = False,
    timeline: Sequence[float] = (),
) -> xr.Dataset:
    """Simulate a scenario many times.

    Parameters
    ----------
    scenario : Scenario
    replications : int
        How many independent nights, from 1 to 2**32 - 1.
    seed : int, optional
        From 0 to 2**63 - 1; fresh entropy, recorded in the result, if there is none. The same
        seed gives the same bits for any workers, executor and number of replications.
    workers : int, optional
        Threads; by default the usable cores.
    executor : concurrent.futures.Executor, optional
        Runs the replications instead of threads here, for example a process pool or a dask
        cluster's ``client.get_executor()``.
    keep : {"replications", "summary"}
        Every replication, or exact reductions in memory that does not grow with them (see
        `leakthrough.reduced`).
    progress : bool
        Show a progress bar.
    timeline : sequence of float
        Times [s], rising, at which ready rounds, busy channels and leakers so far are sampled.

    Returns
    -------
    xarray.Dataset
        Variables as in `leakthrough.results.VARIABLES`, each with `units` and `long_name`.

    Raises
    ------
    ValueError
        If an argument is out of range, or SciPy has no quantiles for a distribution.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; nothing is returned then.
    """
    replications, seed = checked_replications(replications), checked_seed(seed)
    times = _checked_timeline(timeline)
    if keep not in ("replications", "summary"):
        raise ValueError(f'keep: must be "replications" or "summary"; got {keep!r}')
    if workers is not None and (not whole(workers) or workers < 1):
        raise ValueError(f"workers: must be a whole number from 1; got {workers!r}")
    tables, labels = lower(scenario, times), label(scenario)
    sink: Rows | Reduction
    sink = (
        Reduction(tables, np.array(labels.decoys))
        if keep == "summary"
        else Rows(tables, replications)
    )
    _compile(tables)
    with _bar(progress, replications) as bar:
        if executor is None:
            _on_threads(tables, seed, replications, workers or usable_cores(), sink, bar)
        else:
            _on_executor(tables, seed, replications, executor, sink, bar)
    call = {"replications": replications, "seed": str(seed), "keep": keep, "timeline": times}
    result = dataset(
        {**constants_of(tables), **(sink.arrays() if isinstance(sink, Rows) else {})},
        coordinates_of(tables, labels),
        seed=seed,
        digest=scenario.digest,
        provenance=_provenance(scenario, call),
    )
    if isinstance(sink, Reduction):
        return with_reductions(result, sink)
    long_name = {"long_name": COORDINATES["replication"]}
    return result.assign_coords(replication=("replication", np.arange(replications), long_name))


def scenario_of(result: xr.Dataset) -> "Scenario":
    """Read back the scenario of a result.

    Raises
    ------
    ValueError
        If the Dataset has no provenance of this library.
    """
    return scenario_from_document(_recorded(result)["scenario"])


def _recorded(result: xr.Dataset) -> Any:
    try:
        record = json.loads(result.attrs["provenance"])
        return {"scenario": record["scenario"], "call": record["call"]}
    except (KeyError, TypeError, ValueError):
        raise ValueError("result: has no provenance of leakthrough.simulate") from None


def rerun(
    result: xr.Dataset,
    *,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Simulate again what a result says it came from: the same bits.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, or read back from a file.
    workers, executor, progress
        As for `simulate`.

    Raises
    ------
    ValueError
        If the Dataset has no provenance of this library.
    """
    call = _recorded(result)["call"]
    return simulate(
        scenario_of(result),
        **{**call, "seed": int(call["seed"])},
        workers=workers,
        executor=executor,
        progress=progress,
    )
