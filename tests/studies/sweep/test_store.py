"""A sweep in a store: killed at any moment, it can be resumed and gives the same bits."""

import errno
import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import subprocesses
import xarray as xr
from raids import api_example

import leakthrough as lt
from leakthrough.engine import scheduler
from leakthrough.results import provenance as _provenance
from leakthrough.results.provenance import provenance_text
from leakthrough.studies.sweep import lock as _lock
from leakthrough.studies.sweep import store as _store
from leakthrough.studies.sweep.tasks import SomePoints

ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"
COUNT = "salvos.drones.count"

CODE = """
import sys
from leakthrough.studies.sweep import lock as _lock
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
    xr.testing.assert_identical(lt.load_result(path), alone)


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
    xr.testing.assert_identical(lt.load_result(path), alone)


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
    monkeypatch.setattr(_provenance, "versions", lambda: {"leakthrough": "0.0.1"})
    call = json.loads(file.read_text())["call"]
    file.write_text(provenance_text(api_example(), call, study="sweep"))
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"store: .* holds a sweep with another versions;"):
        lt.sweep(**small(store=path))


@pytest.mark.parametrize("name", ["sweep.zarr", "sweep.zarr.partial"])
def test_what_is_no_sweep_stays_untouched(name: str, tmp_path: Path) -> None:
    for make in (Path.mkdir, Path.touch):
        make(tmp_path / name)
        if make is Path.mkdir:  # an empty folder may remain of a killed sweep
            (tmp_path / name / "mine").touch()
        with pytest.raises(
            ValueError, match=r"^store: .* (has no digest: it is|has no provenance of)"
        ):
            lt.sweep(**small(store=tmp_path / "sweep.zarr"))
        assert [file.name for file in tmp_path.iterdir()] == [name]
        shutil.rmtree(tmp_path / name) if make is Path.mkdir else (tmp_path / name).unlink()
    lt.save_result(lt.simulate(api_example(), replications=1), tmp_path / "sweep.zarr")
    with pytest.raises(ValueError, match=r"^store: .*sweep.zarr is not of a sweep; use another"):
        lt.sweep(**small(store=tmp_path / "sweep.zarr"))


def damaged(files: list[Path], times: int) -> Iterator[Path]:
    """Change one bit of one of the files, or cut it off, or remove it, many times."""
    pick = random.Random(3)  # noqa: S311
    for _ in range(times):
        file = pick.choice(files)
        content = file.read_bytes()
        at = pick.randrange(len(content))
        wrong = bytes([content[at] ^ (1 << pick.randrange(8))])
        file.write_bytes(content[:at] + wrong + content[at + 1 :])
        yield file
        file.write_bytes(content[:at])
        yield file
        file.write_bytes(content)


def test_a_finished_store_that_is_damaged_is_refused(
    alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "sweep.zarr"
    lt.sweep(**small(store=path))
    monkeypatch.setattr(SomePoints, "__call__", None)  # nothing can run
    files = [file for file in path.rglob("*") if file.is_file()]
    for _ in damaged(files, 30):
        with pytest.raises(ValueError, match=f"^store: {path} .*, or delete it and run the sweep"):
            lt.sweep(**small(store=path))
    for file in files:
        file.rename(tmp_path / "away")
        with pytest.raises(ValueError, match=f"^store: {path} .*, or delete it and run the sweep"):
            lt.sweep(**small(store=path))
        (tmp_path / "away").rename(file)
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)


def test_an_unfinished_store_that_is_damaged_is_refused(
    alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names what to delete; without it the sweep goes on, to the same result."""
    path, partial = tmp_path / "sweep.zarr", tmp_path / "sweep.zarr.partial"
    monkeypatch.setattr(_store, "SECONDS_A_FILE", 0.0)
    stopped_after(30, path, monkeypatch)
    parts = list(partial.glob("part-*"))
    assert len(parts) > 1
    for _ in damaged([partial / "study.json"], 20):
        with pytest.raises(
            ValueError, match=f"^store: .*study.json.*; delete the folder {partial}"
        ):
            lt.sweep(**small(store=path))
    for file in damaged(parts, 20):
        with pytest.raises(ValueError, match=f"^store: {file} .* damaged; delete it, and its poin"):
            lt.sweep(**small(store=path))
    parts[0].rename(parts[1])  # of another sweep, or renamed by mistake
    with pytest.raises(ValueError, match=f"^store: {parts[1]} .* damaged; delete it, and its poi"):
        lt.sweep(**small(store=path))
    parts[1].unlink()
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)


def started(tmp_path: Path, name: str = "s") -> "subprocess.Popen[str]":
    api_example().save(tmp_path / "scenario.json")
    command = subprocesses.command(CODE.replace("REPLICATIONS", str(REPLICATIONS)))
    command += [str(tmp_path / "scenario.json"), str(tmp_path / name)]
    return subprocess.Popen(  # noqa: S603
        command, env=subprocesses.environment(), stderr=subprocess.PIPE, text=True
    )


def wait_for(sign: Callable[[], object]) -> None:
    end = time.monotonic() + 120.0
    while not sign():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_second_process_waits_and_takes_what_is_there(is_killed: bool, tmp_path: Path) -> None:
    """If the first is killed, the second goes on with its points, which it does not compute."""
    partial = tmp_path / "s.partial"
    with started(tmp_path) as first:
        wait_for(lambda: list(partial.glob("part-*")))
        with started(tmp_path) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == (
                f"leakthrough: {partial}: another process computes this sweep; waiting for it ...\n"
            )
            before = {*partial.glob("part-*")}
            if is_killed:
                first.kill()
                wait_for(lambda: {*partial.glob("part-*")} - before or second.poll() is not None)
                assert before <= {*partial.glob("part-*")} or second.poll() == 0
            assert first.wait() == (-9 if is_killed else 0)
            assert second.wait() == 0
            assert second.stderr.read() == ""
    found = lt.load_result(tmp_path / "s")
    xr.testing.assert_identical(lt.rerun(found), found)
    assert {file.name for file in tmp_path.iterdir()} == {"s", "scenario.json"}


@pytest.mark.parametrize("seed", [7, None])
def test_many_threads_on_one_store_compute_each_point_once(
    seed: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no seed, all take that of the one that began."""
    computed, original = [], SomePoints.__call__

    def counted(task: SomePoints, flag: Any) -> Any:
        computed.extend([task.stop - task.start] * len(task.points))
        return original(task, flag)

    monkeypatch.setattr(SomePoints, "__call__", counted)
    monkeypatch.setattr(_lock, "SECONDS", 0.001)
    call = small(store=tmp_path / "s", workers=1, seed=seed)
    with ThreadPoolExecutor(8) as threads:
        running = [threads.submit(lt.sweep, **call) for _ in range(8)]
        found = [own.result() for own in running]
    for other in found:
        xr.testing.assert_identical(other, found[0])
    assert sum(computed) == 6 * 10
    assert [file.name for file in tmp_path.iterdir()] == ["s"]


def test_another_sweep_does_not_wait(tmp_path: Path) -> None:
    with started(tmp_path) as first:
        wait_for(lambda: list((tmp_path / "s.partial").glob("part-*")))
        with pytest.raises(ValueError, match="holds a sweep with another axes"):
            lt.sweep(**small(store=tmp_path / "s"))
        assert first.poll() is None
        first.kill()


def test_without_locks_the_first_to_finish_is_kept(
    alone: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File systems may have no locks: the sweep is then computed twice, with the same result."""
    path = tmp_path / "s"

    def refuse(_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    def finish_twice(store: _store.Store, dataset: xr.Dataset) -> None:
        lt.save_result(dataset, tmp_path / "other.zarr")
        (tmp_path / "other.zarr").rename(path)
        original(store, dataset)

    original = _store.Store.finish
    monkeypatch.setattr(_lock, "_lock", refuse)
    monkeypatch.setattr(_store.Store, "finish", finish_twice)
    xr.testing.assert_identical(lt.sweep(**small(store=path)), alone)
    xr.testing.assert_identical(lt.load_result(path), alone)
    assert [file.name for file in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("name", ["a/b", "a\\b", ".a", "é" * 126])
def test_a_name_that_no_folder_can_have(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^store: a file cannot hold the name '.*', with slashes"):
        lt.sweep(**small(store=tmp_path / "s", axes={name: {ROUNDS: [1]}}))
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
    found = lt.load_result(tmp_path / "s")
    again = lt.rerun(found)
    xr.testing.assert_identical(found, again)
    assert found.sizes["rounds"] * found.sizes["drones"] == 400
    assert np.isfinite(found.leakers).all()
    assert not partial.exists()
    assert kept[1:-1] == sorted(kept[1:-1]), "what was finished stayed"
