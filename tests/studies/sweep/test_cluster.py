"""A sweep on processes and on a dask cluster: the same bits, also when a worker is lost."""

import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from raids import api_example

import leakthrough as lt
from leakthrough.engine import scheduler

ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"
COUNT = "salvos.drones.count"
SWEEP: dict[str, Any] = {
    "scenario": api_example(),
    "axes": {"rounds": {ROUNDS: [10, 20, 30, 40]}, "drones": {COUNT: [100, 200, 300]}},
    "measures": ["leakers", lt.Measure("dry", by="battery")],
    "replications": 100,
    "seed": 7,
    "keep_distributions": True,
}


@pytest.fixture(scope="module")
def alone() -> xr.Dataset:
    return lt.sweep(**SWEEP)


@pytest.fixture
def client() -> Iterator[Any]:
    distributed: Any = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def in_small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tasks of parts of points and of whole ones, hardly any of them in this process."""
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 8e-3)
    monkeypatch.setattr(scheduler, "TASK_SECONDS", 40e-3)


def test_on_processes(alone: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    in_small_tasks(monkeypatch)
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        xr.testing.assert_identical(lt.sweep(**SWEEP, executor=executor), alone)


def test_on_a_cluster_that_loses_a_worker(
    alone: xr.Dataset, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_small_tasks(monkeypatch)
    executor: Executor = client.get_executor()
    xr.testing.assert_identical(lt.sweep(**SWEEP, executor=executor), alone)
    workers = client.run(os.getpid)

    def kill() -> None:
        """Kill one of the two workers as soon as it has a task."""
        address, process = next(iter(workers.items()))
        while not client.processing().get(address):
            time.sleep(1e-3)
        os.kill(process, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    arguments = {**SWEEP, "replications": 3000}
    found = lt.sweep(**arguments, executor=executor, store=tmp_path / "s")
    killer.join()
    assert set(client.run(os.getpid).values()) != set(workers.values())
    xr.testing.assert_identical(found, lt.sweep(**arguments))
