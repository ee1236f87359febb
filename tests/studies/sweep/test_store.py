"""A sweep in a store: killed at any moment, it can be resumed and gives the same bits."""

import json
import random
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subprocesses
import xarray as xr
from raids import api_example

import leakthrough as lt
from leakthrough.engine import scheduler
from leakthrough.studies.sweep import store as _store
from leakthrough.studies.sweep.tasks import SomePoints

ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"
COUNT = "salvos.drones.count"

CODE = """
import sys
from leakthrough.studies.sweep import store as _store
import leakthrough as lt
_store.SECONDS_A_FILE = 0.05
lt.sweep(
    lt.load_scenario(sys.argv[1]),
    {"rounds": {ROUNDS: range(20, 40)}, "drones": {COUNT: range(300, 320)}},
    measures=["leakers", lt.Measure("dry", by="battery")],
    replications=REPLICATIONS,
    seed=7,
    keep_distributions=True,
    store=sys.argv[2],
)
""".replace("ROUNDS", repr(ROUNDS)).replace("COUNT", repr(COUNT), 1)
REPLICATIONS = 100


def small(**changed: Any) -> dict[str, Any]:
    return {
        "scenario": api_example(),
        "axes": {"rounds": {ROUNDS: [20, 30, 40]}, "drones": {COUNT: [50, 60]}},
        "measures": ["leakers", lt.Measure("dry", by="battery")],
        "replications": 10,
        "seed": 7,
        "keep_distributions": True,
        **changed,
    }


@pytest.fixture(scope="module")
def alone() -> xr.Dataset:
    return lt.sweep(**small())


def test_a_store_holds_what_is_returned(alone: xr.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "made" / "sweep.zarr"
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)
    assert [file.name for file in path.parent.iterdir()] == ["sweep.zarr"]
    xr.testing.assert_identical(xr.open_zarr(path).load(), alone)


def test_a_finished_one_is_read(
    alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.zarr"
    lt.sweep(**small(store=path))
    monkeypatch.setattr(SomePoints, "__call__", None)  # nothing can run
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)
    xr.testing.assert_identical(lt.sweep(**small(store=str(path), seed=None)), alone)


class StoppedError(Exception):
    """Raised to stop a sweep."""


def stopped_after(tasks: int, path: Path, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> int:
    """Stop a sweep, and return how many points were computed."""
    computed = 0

    def done(*arguments: Any) -> Any:
        nonlocal computed
        computed += 1
        if computed > tasks:
            raise StoppedError
        return original(*arguments)

    original = SomePoints.__call__
    monkeypatch.setattr(SomePoints, "__call__", done)
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", 0.0)
    try:
        lt.sweep(**small(store=path, workers=1, **changed))
    except StoppedError:
        computed = min(computed, tasks)
    monkeypatch.undo()
    return computed


@pytest.mark.parametrize("seconds", [0.0, 1e3])
def test_it_goes_on_where_it_stopped(
    seconds: float, alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Points that were not yet written are written on interruption."""
    path = tmp_path / "sweep.zarr"
    monkeypatch.setattr(_store, "SECONDS_A_FILE", seconds)
    assert stopped_after(30, path, monkeypatch) == 30  # ten tasks a point: its replications
    assert stopped_after(12, path, monkeypatch) == 12
    assert not path.exists()
    assert stopped_after(1000, path, monkeypatch) == 20
    xr.testing.assert_identical(xr.open_zarr(path).load(), alone)


def test_a_seed_that_was_drawn_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sweep.zarr"
    stopped_after(30, path, monkeypatch, seed=None)
    found = lt.sweep(**small(store=path, seed=None))
    xr.testing.assert_identical(lt.rerun(found), found)


@pytest.mark.parametrize("moment", ["to_zarr", "rename", "rmtree"])
def test_it_may_stop_while_it_is_put_in_its_place(
    moment: str, alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*given: Any, **named: Any) -> None:
        if moment == "to_zarr":
            write(*given, **named)
            shutil.rmtree(given[1] / "leakers")
        raise StoppedError

    path, write = tmp_path / "sweep.zarr", xr.Dataset.to_zarr
    owner: Any = {"to_zarr": xr.Dataset, "rename": Path, "rmtree": shutil}[moment]
    monkeypatch.setattr(owner, moment, stop)
    with pytest.raises(StoppedError):
        lt.sweep(**small(store=path))
    monkeypatch.undo()
    assert path.exists() == (moment == "rmtree")
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)
    assert [file.name for file in tmp_path.iterdir()] == ["sweep.zarr"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"replications": 11}, "replications"),
        ({"seed": 8}, "seed"),
        ({"scenario": api_example().replace(ROUNDS, 5)}, "scenario"),
        ({"axes": {"rounds": {ROUNDS: [20, 30, 40]}}}, "axes"),
        ({"measures": ["leakers"]}, "measures"),
        ({"confidence": 0.9, "keep_distributions": False}, "confidence, keep_distributions"),
    ],
)
@pytest.mark.parametrize("is_finished", [True, False])
def test_another_sweep_has_no_place_in_it(
    changed: dict[str, Any],
    said: str,
    is_finished: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "sweep.zarr"
    stopped_after(1000 if is_finished else 25, path, monkeypatch)
    monkeypatch.setattr(SomePoints, "__call__", None)
    with pytest.raises(ValueError, match=f"store: .* holds a sweep with another {said};"):
        lt.sweep(**small(store=path, **changed))


def test_other_versions_do_not_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sweep.zarr"
    stopped_after(25, path, monkeypatch)
    file = tmp_path / "sweep.zarr.partial" / "study.json"
    record = json.loads(file.read_text())
    record["versions"]["leakthrough"] = "0.0.1"
    file.write_text(json.dumps(record))
    with pytest.raises(ValueError, match=r"store: .* holds a sweep with another versions;"):
        lt.sweep(**small(store=path))


@pytest.mark.parametrize("name", ["sweep.zarr", "sweep.zarr.partial"])
def test_what_is_no_sweep_stays_untouched(name: str, tmp_path: Path) -> None:
    for make in (Path.mkdir, Path.touch):
        make(tmp_path / name)
        if make is Path.mkdir:  # an empty folder may remain of a killed sweep
            (tmp_path / name / "mine").touch()
        with pytest.raises(ValueError, match="exists, and is not the store of a sweep"):
            lt.sweep(**small(store=tmp_path / "sweep.zarr"))
        assert [file.name for file in tmp_path.iterdir()] == [name]
        shutil.rmtree(tmp_path / name) if make is Path.mkdir else (tmp_path / name).unlink()
    lt.simulate(api_example(), replications=1).to_zarr(tmp_path / "sweep.zarr", zarr_format=2)
    with pytest.raises(ValueError, match="is not the store of a sweep"):
        lt.sweep(**small(store=tmp_path / "sweep.zarr"))


def test_a_name_that_no_folder_can_have(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="store: cannot hold the name 'a/b', with a slash"):
        lt.sweep(**small(store=tmp_path / "s", axes={"a/b": {ROUNDS: [1]}}))
    assert not list(tmp_path.iterdir())


def test_what_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="replications"):
        lt.sweep(**small(store=tmp_path / "s", replications=0))
    with pytest.raises(ValueError, match="rounds"):
        lt.sweep(**small(store=tmp_path / "s", axes={"a": {ROUNDS: [-1]}}))
    assert not list(tmp_path.iterdir())


def test_killed_at_ten_moments_it_ends_in_the_same_bits(tmp_path: Path) -> None:
    """SIGKILL, at moments spread over the time of the computation."""
    scenario = api_example()
    scenario.save(tmp_path / "scenario.json")
    code = CODE.replace("REPLICATIONS", str(REPLICATIONS))
    command = [*subprocesses.command(code), str(tmp_path / "scenario.json"), str(tmp_path / "s")]
    partial, rng = tmp_path / "s.partial", random.Random(11)  # noqa: S311
    kept, kills = [0], 0
    while not (tmp_path / "s").exists():
        process = subprocess.Popen(command, env=subprocesses.environment())  # noqa: S603
        before = len(list(partial.glob("part-*")))
        while kills < 10 and process.poll() is None:
            if len(list(partial.glob("part-*"))) > before:  # it has started
                time.sleep(rng.uniform(0.0, 0.2))
                process.kill()
                kills += 1
                break
            time.sleep(0.01)
        assert process.wait() in (0, -9)
        kept.append(len(list(partial.glob("part-*"))))
    assert kills == 10
    found = xr.open_zarr(tmp_path / "s").load()
    again = lt.rerun(found)
    xr.testing.assert_identical(found, again)
    assert found.sizes["rounds"] * found.sizes["drones"] == 400
    assert np.isfinite(found.leakers).all()
    assert not partial.exists()
    assert kept[1:-1] == sorted(kept[1:-1]), "what was finished stayed"
