"""The same bits for every execution, and for every part of a simulation.

``python tests/test_determinism.py`` writes the golden file anew; the tests never do.
"""

import importlib
import json
import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import TIMELINE, api_example, rich

import leakthrough as lt
from leakthrough.engine import replications, scheduler
from leakthrough.results.variables import CAUSES

GOLDEN = Path(__file__).parent / "golden" / "api_example.json"
KEEPS = ("replications", "summary")
REPLICATIONS = 41


def simulated(keep: str, **execution: Any) -> xr.Dataset:
    return lt.simulate(
        rich(),
        replications=REPLICATIONS,
        seed=2025,
        keep=keep,  # type: ignore[arg-type]
        timeline=TIMELINE,
        **execution,
    )


@pytest.fixture(scope="module")
def expected() -> dict[str, xr.Dataset]:
    return {keep: simulated(keep, workers=1) for keep in KEEPS}


# ---------------------------------------------------------------- threads and blocks


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("workers", [2, 5])
def test_any_number_of_threads(keep: str, workers: int, expected: dict[str, xr.Dataset]) -> None:
    xr.testing.assert_identical(simulated(keep, workers=workers), expected[keep])


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(("seconds", "most"), [(0.0, 100), (1e3, 1), (1e3, 7)])
def test_any_block_size(
    keep: str,
    seconds: float,
    most: int,
    expected: dict[str, xr.Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", seconds)
    monkeypatch.setattr(replications, "MOST_IN_A_BLOCK", most)
    xr.testing.assert_identical(simulated(keep, workers=2), expected[keep])
    with ThreadPoolExecutor(2) as executor:
        xr.testing.assert_identical(simulated(keep, executor=executor), expected[keep])


# ---------------------------------------------------------------- executors


def processes() -> Iterator[Executor]:
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        yield executor


def cluster() -> Iterator[Executor]:
    distributed: Any = importlib.import_module("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, processes=True, threads_per_worker=1, dashboard_address=None
        ) as local,
        distributed.Client(local) as client,
    ):
        yield client.get_executor()


@pytest.fixture(scope="module", params=[processes, cluster], ids=lambda make: make.__name__)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    yield from request.param()


@pytest.mark.parametrize("keep", KEEPS)
def test_any_executor(
    keep: str,
    executor: Executor,
    expected: dict[str, xr.Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # No time for a first block in this process: every replication is a separate task.
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    xr.testing.assert_identical(simulated(keep, executor=executor), expected[keep])


class Forgetful(ThreadPoolExecutor):
    """Runs each task twice, like a cluster that has lost a worker with its results."""

    def submit(self, task: Any, /, *given: Any, **named: Any) -> Future[Any]:
        task(*given, **named)
        return super().submit(task, *given, **named)


@pytest.mark.parametrize("keep", KEEPS)
def test_a_task_may_be_run_again(
    keep: str, expected: dict[str, xr.Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    with Forgetful(1) as executor:
        xr.testing.assert_identical(simulated(keep, executor=executor), expected[keep])


# ---------------------------------------------------------------- campaigns


def season(keep: str, **execution: Any) -> xr.Dataset:
    """Enough replications for two blocks."""
    resupply = [lt.Resupply(battery="gun", interceptor="gun burst", rounds=9)]
    campaign = lt.Campaign(
        name="season", scenario=api_example(), raids=3, interval=86_400.0, resupply=resupply
    )
    return lt.simulate_campaign(campaign, replications=200, seed=7, keep=keep, **execution)  # type: ignore[arg-type]


@pytest.mark.parametrize("keep", KEEPS)
def test_campaigns_on_any_threads_and_executors(keep: str, executor: Executor) -> None:
    expected = season(keep, workers=1)
    xr.testing.assert_identical(season(keep, workers=3), expected)
    xr.testing.assert_identical(season(keep, executor=executor), expected)


def test_a_shorter_campaign_run_is_the_beginning_of_a_longer_one() -> None:
    longer, campaign = season("replications"), lt.campaign_of(season("replications"))
    shorter = lt.simulate_campaign(campaign, replications=9, seed=7)
    start = longer.isel(replication=slice(9)).drop_attrs(deep=False)
    xr.testing.assert_identical(start, shorter.drop_attrs(deep=False))


# ---------------------------------------------------------------- parts of a simulation


def test_a_shorter_run_is_the_beginning_of_a_longer_one(expected: dict[str, xr.Dataset]) -> None:
    longer = expected["replications"]
    shorter = lt.simulate(rich(), replications=9, seed=2025, timeline=TIMELINE)
    start = longer.isel(replication=slice(9)).drop_attrs(deep=False)
    xr.testing.assert_identical(start, shorter.drop_attrs(deep=False))


def test_a_timeline_changes_nothing_else(expected: dict[str, xr.Dataset]) -> None:
    longer = expected["replications"]
    plain = lt.simulate(rich(), replications=REPLICATIONS, seed=2025)
    kept = longer[list(plain.data_vars)].drop_attrs(deep=False)
    xr.testing.assert_identical(kept, plain.drop_attrs(deep=False))


def counted(table: Any) -> dict[str, dict[tuple[str, ...], int]]:
    """Counts of one replication, from its events alone."""

    def tally(event: str, *columns: str, rounds: bool = False) -> dict[tuple[str, ...], int]:
        rows = table[table.event == event].groupby(list(columns))["rounds"]
        return dict(rows.sum() if rounds else rows.size())

    soft = table[table.outcome == "soft killed"].groupby(["salvo", "layer"])["rounds"].size()
    return {
        "leak_cause": tally("leak", "salvo", "outcome"),
        "killed": tally("kill", "salvo", "layer"),
        "soft_killed": dict(soft),
        "expended": tally("firing", "battery", "interceptor", rounds=True),
        "reloaded": tally("reload", "battery", "interceptor", rounds=True),
    }


@pytest.mark.parametrize("make", [rich, api_example])
@pytest.mark.parametrize("replication", [0, 17])
def test_a_replay_tells_what_was_counted(make: Callable[[], lt.Scenario], replication: int) -> None:
    table = lt.replay(make(), replication=replication, seed=2025).to_dataframe()
    row = lt.simulate(make(), replications=18, seed=2025).isel(replication=replication)
    for name, found in counted(table).items():
        array = row[name].to_series()
        assert array[array != 0].to_dict() == found, name
    engaged = table[table.event == "firing"].groupby("battery").size()
    series = row.engagements.to_series()
    assert series[series != 0].to_dict() == engaged.to_dict()
    assert table.time.is_monotonic_increasing
    assert set(table[table.event == "leak"].outcome) <= set(CAUSES)


# ---------------------------------------------------------------- golden values


def golden() -> dict[str, Any]:
    """Exact counts of a few replications of the scenario in the documentation."""
    result = lt.simulate(api_example(), replications=4, seed=2025)
    names = ["leaked", "leak_cause", "killed", "soft_killed", "expended", "remaining"]
    figures = {name: result[name].values.tolist() for name in [*names, "engagements"]}
    ticks = np.rint(result.busy_time.values * 1e6).astype(np.int64)
    return {"digest": result.scenario_digest.item(), **figures, "busy_ticks": ticks.tolist()}


def test_figures_have_not_moved() -> None:
    assert golden() == json.loads(GOLDEN.read_text(encoding="utf-8"))


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(figure)}" for name, figure in golden().items()]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
