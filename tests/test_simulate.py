"""`simulate` and its result: arguments, seeds, progress, interruption, empty scenarios."""

import itertools
import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subprocesses
import xarray as xr
from raids import TIMELINE, battery, gun, layer, raid, rich, salvo

import leakthrough as lt
from leakthrough.engine import jobs as _jobs
from leakthrough.engine import scheduler

SMALL = raid(salvo(count=3), layer("L", battery(count=2)), gun(kills=0.5, flight_time=4.0))

# ---------------------------------------------------------------- arguments


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "3", 2**32, None])
def test_replications_out_of_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^replications: must be a whole number from 1 to"):
        lt.simulate(SMALL, replications=value)


@pytest.mark.parametrize("value", [-1, True, 1.5, "3", 2**63])
def test_seed_out_of_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^seed: must be a whole number from 0 to"):
        lt.simulate(SMALL, replications=1, seed=value)
    with pytest.raises(ValueError, match=r"^seed: must be a whole number from 0 to"):
        lt.replay(SMALL, replication=0, seed=value)


@pytest.mark.parametrize("value", [0, -2, True, 1.5, "3"])
def test_workers_out_of_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^workers: must be a whole number from 1; got"):
        lt.simulate(SMALL, replications=1, workers=value)


@pytest.mark.parametrize("value", ["", "all", None, 1])
def test_keep_unknown(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^keep: must be one of replications, summary; got"):
        lt.simulate(SMALL, replications=1, keep=value)


@pytest.mark.parametrize("value", [(2.0, 1.0), (float("nan"),), (1e10,), ((1.0, 2.0),), 3.0])
def test_timeline_out_of_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^timeline: must be times in seconds up to 1e9, in"):
        lt.simulate(SMALL, replications=1, timeline=value)


def test_numpys_whole_numbers_are_numbers() -> None:
    one = np.int64(1)
    result = lt.simulate(SMALL, replications=one, seed=one, workers=one)  # type: ignore[arg-type]
    xr.testing.assert_identical(result, lt.simulate(SMALL, replications=1, seed=1))


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_the_first_and_the_last_seed(seed: int) -> None:
    assert lt.simulate(SMALL, replications=1, seed=seed).seed.item() == seed


def test_without_a_seed_it_is_fresh_and_recorded() -> None:
    first, second = (lt.simulate(rich(), replications=30) for _ in range(2))
    assert first.seed.item() != second.seed.item()
    assert not first.leaked.equals(second.leaked)
    xr.testing.assert_identical(lt.rerun(first, workers=1), first)


# ---------------------------------------------------------------- the result

DIMS = {
    "launched": ("salvo",),
    "rounds": ("battery", "interceptor"),
    "leaked": ("replication", "salvo"),
    "leak_cause": ("replication", "salvo", "cause"),
    "killed": ("replication", "salvo", "layer"),
    "soft_killed": ("replication", "salvo", "layer"),
    "expended": ("replication", "battery", "interceptor"),
    "remaining": ("replication", "battery", "interceptor"),
    "reloaded": ("replication", "battery", "interceptor"),
    "depletion_time": ("replication", "battery", "interceptor"),
    "reserve_time": ("replication", "battery", "interceptor"),
    "rounds_on_dead": ("replication", "battery", "interceptor"),
    "busy_time": ("replication", "battery"),
    "engagements": ("replication", "battery"),
    **dict.fromkeys(
        ("hits", "damage", "value_lost", "destroyed", "down"), ("replication", "asset")
    ),
    "occurred": ("replication", "decision"),
    "expected": ("replication", "decision"),
}
SAMPLED = {
    "ready_rounds": ("replication", "sample_time", "battery", "interceptor"),
    "busy_channels": ("replication", "sample_time", "battery"),
    "leaked_so_far": ("replication", "sample_time", "salvo"),
}


@pytest.mark.parametrize(("timeline", "dims"), [((), DIMS), (TIMELINE, {**DIMS, **SAMPLED})])
def test_dimensions_types_and_words(timeline: Any, dims: dict[str, tuple[str, ...]]) -> None:
    result = lt.simulate(rich(), replications=5, seed=1, timeline=timeline)
    assert {name: array.dims for name, array in result.data_vars.items()} == dims
    for name, array in result.data_vars.items():
        times = "depletion_time", "reserve_time", "busy_time"
        real = name in (*times, "rounds", "occurred", "expected", "damage", "value_lost")
        assert array.dtype == (np.float64 if real else np.int64), name
        assert array.attrs["units"] == ("s" if str(name).endswith("_time") else "1"), name
    for name in {*result.variables} - {"replication"}:
        assert result[name].attrs["long_name"], name


def test_coordinates_hold_names() -> None:
    result = lt.simulate(rich(), replications=5, seed=1, timeline=TIMELINE)
    expected = {
        "salvo": ["a", "b", "c", "d", "e"],
        "threat": ["t", "fast", "decoy", "t", "t"],
        "layer": ["outer", "inner"],
        "battery": ["far-1", "far-2", "near"],
        "layer_of": ["outer", "outer", "inner"],
        "interceptor": ["long", "short"],
        "sample_time": list(TIMELINE),
        "replication": [0, 1, 2, 3, 4],
    }
    assert {name: result[name].values.tolist() for name in expected} == expected
    assert result.launched.values.tolist() == [20, 6, 15, 5, 3]


def test_it_says_where_it_comes_from() -> None:
    result = lt.simulate(rich(), replications=5, seed=12, timeline=TIMELINE)
    assert result.seed.item() == 12
    assert result.seed.dims == result.scenario_digest.dims == ()
    assert result.scenario_digest.item() == rich().digest
    record = json.loads(result.attrs["provenance"])
    assert record["call"]["seed"] == "12"
    assert {"leakthrough", "numpy", "numba", "python"} <= set(record["versions"])
    assert lt.scenario_of(result) == rich()
    for foreign in (xr.Dataset(), xr.Dataset(attrs={"provenance": "{}"})):
        with pytest.raises(ValueError, match=r"^result: has no provenance"):
            lt.rerun(foreign)


@pytest.mark.parametrize("keep", ["replications", "summary"])
def test_a_result_that_has_been_to_a_file_can_be_run_again(keep: Any, tmp_path: Path) -> None:
    result = lt.simulate(rich(), replications=7, seed=2**63 - 1, keep=keep, timeline=TIMELINE)
    result.to_netcdf(tmp_path / "result.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "result.nc", engine="h5netcdf") as read:
        xr.testing.assert_identical(lt.rerun(read), result)
        xr.testing.assert_equal(read.load(), result)


# ---------------------------------------------------------------- empty scenarios

SALVOS = [[], [salvo(count=0)], [salvo(count=0), salvo("r", 2)]]
LAYERS = [
    [],
    [layer("L")],
    [layer("L", battery(count=0))],
    [layer("L", battery(magazines=[]))],
    [layer("L", battery(rounds=0)), layer("M", outer=0.0)],
]


@pytest.mark.parametrize(("salvos", "layers"), list(itertools.product(SALVOS, LAYERS)))
@pytest.mark.parametrize("keep", ["replications", "summary"])
@pytest.mark.filterwarnings("error", "ignore::leakthrough.ScenarioWarning")
def test_empty_scenarios(salvos: Any, layers: Any, keep: Any) -> None:
    scenario = raid(salvos, layers)
    whole = lt.simulate(scenario, replications=3, seed=1, keep=keep, timeline=TIMELINE)
    assert whole.sizes["salvo"] == len(salvos)
    assert whole.launched.sum() == (2 if len(salvos) == 2 else 0)
    if keep == "replications":
        np.testing.assert_array_equal(whole.leaked.sum("salvo"), whole.launched.sum())
    assert lt.replay(scenario, replication=0, seed=1).sizes["event_number"] <= 6


def test_no_threats_no_interceptors() -> None:
    result = lt.simulate(lt.Scenario(name="nothing", threats=[]), replications=2, seed=1)
    assert result.leaked.shape == (2, 0)


# ---------------------------------------------------------------- progress, errors, threads


def test_progress_reaches_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    lt.simulate(SMALL, replications=300, seed=1)
    assert capsys.readouterr() == ("", "")
    lt.simulate(SMALL, replications=300, seed=1, progress=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert "100%" in told.err
    assert "300/300" in told.err


@pytest.mark.parametrize("spread", [False, True])
def test_an_exception_in_a_worker_surfaces(spread: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    run_block = _jobs.run_block

    def failing(tables: Any, rows: Any, seed: int, start: int, *rest: Any) -> None:
        if start <= 20 < start + len(rows):
            raise ArithmeticError("on purpose")
        run_block(tables, rows, seed, start, *rest)

    monkeypatch.setattr(_jobs, "run_block", failing)
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    with ThreadPoolExecutor(2) as pool, pytest.raises(ArithmeticError, match="on purpose"):
        lt.simulate(SMALL, replications=99, seed=1, executor=pool if spread else None)


def test_from_several_threads_at_once() -> None:
    def simulated(seed: int) -> xr.Dataset:
        return lt.simulate(rich(), replications=200, seed=seed, workers=2)

    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(simulated, range(4)))
    for seed, found in enumerate(together):
        xr.testing.assert_identical(found, simulated(seed))


def test_in_a_forked_child_after_a_simulation_in_its_parent() -> None:
    code = """
import multiprocessing, sys
import leakthrough as lt
from raids import rich
import warnings

warnings.simplefilter("ignore", lt.ScenarioWarning)

def leaked(_=None):
    return lt.simulate(rich(), replications=50, seed=1, workers=2).leaked.values.tolist()

here = leaked()
with multiprocessing.get_context("fork").Pool(1) as pool:
    there = pool.map_async(leaked, [0]).get(timeout=60)
sys.stdout.write(str(here == there[0]))
"""
    assert subprocesses.run(code) == b"True"


# ---------------------------------------------------------------- interruption

INTERRUPTED = """
import os, signal, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import leakthrough as lt
from raids import api_example, battery, gun, layer, raid, rich, salvo
import warnings

warnings.simplefilter("ignore", lt.ScenarioWarning)

# A shell that starts its children in the background has them ignore the signal.
signal.signal(signal.SIGINT, signal.default_int_handler)

def interrupt():
    global sent
    sent = time.perf_counter()
    os.kill(os.getpid(), signal.SIGINT)

def measured(scenario, replications, executor=None):
    lt.simulate(rich(), replications=2, seed=1, executor=executor)  # compiles, starts workers
    threading.Timer({delay}, interrupt).start()
    try:
        lt.simulate(scenario, replications=replications, seed=1, executor=executor, keep="summary")
    except KeyboardInterrupt:
        sys.stdout.write(str(time.perf_counter() - sent))
    else:
        sys.stdout.write("was not interrupted")

if __name__ == "__main__":
{body}
"""
# A raid of a million threats, each engaged with a thousand rounds: minutes of work.
MILLION = """
shots = gun(kills=1e-12, flight_time=1.0)
own = battery(channels=1000, rounds=1_000_000_000, doctrine=lt.Doctrine(salvo_size=1000))
raiders = salvo("s", 1_000_000, lt.Uniform(start=0.0, stop=1e4))
measured(raid(raiders, layer("L", own), shots), 1)
"""
PROCESSES = """
executor = ProcessPoolExecutor(1, get_context("spawn"))
measured(api_example(), 1_000_000, executor)
executor.shutdown(wait=False, cancel_futures=True)
"""
YEARS = """
year = lt.Campaign(name="year", scenario=api_example(), raids=365, interval=86400.0)
lt.simulate = lambda scenario, **execution: lt.simulate_campaign(year, **execution)
measured(None, 1_000_000)
"""
LONG = {
    "years": YEARS,
    "threads": "measured(api_example(), 1_000_000_000)",
    "million": MILLION,
    "pool": PROCESSES,
}


@pytest.mark.parametrize("what", LONG)
def test_ctrl_c_is_heard_at_once(what: str, tmp_path: Path) -> None:
    body = textwrap.indent(LONG[what].strip(), "    ")
    file = tmp_path / "long.py"
    file.write_text(INTERRUPTED.replace("{delay}", "2.0").replace("{body}", body))
    waited = float(
        subprocesses.run(f"import runpy; runpy.run_path({str(file)!r}, run_name='__main__')")
    )
    assert waited < 0.3
