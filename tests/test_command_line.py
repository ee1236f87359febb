"""The command line: output, files, exit codes, and errors in one line."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import subprocesses

import leakthrough as lt
from leakthrough.__main__ import main
from leakthrough.model.loading import EXAMPLES

ROOT = Path(__file__).parents[1]
Captured = pytest.CaptureFixture[str]
PAGE = (ROOT / "docs" / "how-to" / "command-line.md").read_text(encoding="utf-8")


@pytest.fixture
def raid(tmp_path: Path) -> str:
    """The file of the notional raid."""
    lt.load_example("notional_raid").save(tmp_path / "raid.toml")
    return str(tmp_path / "raid.toml")


@pytest.fixture
def weeks(tmp_path: Path) -> str:
    """The file of the notional campaign."""
    lt.load_example("notional_campaign").save(tmp_path / "weeks.json")
    return str(tmp_path / "weeks.json")


def test_examples_are_listed_and_printed(capsys: Captured) -> None:
    assert main(["examples"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in PAGE
    for name in EXAMPLES:
        assert main(["examples", name]) == 0
        document = tomllib.loads(capsys.readouterr().out)
        assert document["name"] == lt.load_example(name).name  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", ["scenario", "campaign"])
def test_schema(kind: str, capsys: Captured) -> None:
    assert main(["schema", kind]) == 0
    model = {"scenario": lt.Scenario, "campaign": lt.Campaign}[kind]
    assert json.loads(capsys.readouterr().out) == model.model_json_schema()  # type: ignore[attr-defined]


def test_a_run_prints_the_summary(raid: str, capsys: Captured) -> None:
    assert main(["run", raid, "-n", "50", "--seed", "3", "--workers", "1"]) == 0
    scenario = lt.load_example("notional_raid")
    assert (
        capsys.readouterr().out == f"{lt.summary(lt.simulate(scenario, replications=50, seed=3))}\n"
    )


def test_a_run_writes_a_folder(raid: str, tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "new" / "out"
    run = ["run", raid, "-n", "20", "--seed", "3", "--out", str(folder)]
    assert main(run) == 0
    printed, written = capsys.readouterr().out.split("\nwritten: ")
    names = written.strip().split(", ")
    assert names == sorted(own.name for own in folder.iterdir())
    assert (folder / "summary.txt").read_text(encoding="utf-8") == printed
    result = lt.simulate(lt.load_example("notional_raid"), replications=20, seed=3)
    assert lt.load_result(folder / "result.nc").equals(result)
    tables = lt.tidy(result)
    assert set(names) == {"summary.txt", "result.nc", *(f"{name}.csv" for name in tables)}
    for name, table in tables.items():
        lines = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        assert lines[0].split(",") == [*table.columns]
        assert len(lines) == 1 + len(table)
    assert main(run) == 2  # nothing is overwritten
    assert "is not empty" in capsys.readouterr().err


def test_a_campaign_runs(weeks: str, tmp_path: Path, capsys: Captured) -> None:
    folder = tmp_path / "out"
    assert main(["run", weeks, "-n", "20", "--seed", "3", "--out", str(folder)]) == 0
    campaign = lt.load_example("notional_campaign")
    result = lt.simulate_campaign(campaign, replications=20, seed=3)
    assert capsys.readouterr().out.startswith(f"{lt.summary(result)}\n")
    assert (folder / "stocks.csv").exists()


def test_check(raid: str, weeks: str, tmp_path: Path, capsys: Captured) -> None:
    for file in (raid, weeks):
        assert main(["check", file]) == 0
        assert capsys.readouterr().out == "nothing found\n"
    odd = lt.load_example("notional_raid").replace("interceptors.gun burst.flight_time", 2000.0)
    odd.save(tmp_path / "odd.toml")
    assert main(["check", str(tmp_path / "odd.toml")]) == 1
    assert capsys.readouterr().out.splitlines() == [*map(str, lt.check(odd))]


def test_warnings_are_single_lines(tmp_path: Path, capsys: Captured) -> None:
    odd = lt.load_example("notional_raid").replace("interceptors.gun burst.flight_time", 2000.0)
    odd.save(tmp_path / "odd.toml")
    assert main(["run", str(tmp_path / "odd.toml"), "-n", "5"]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert lines == [f"leakthrough: warning: {found}" for found in lt.check(odd)]


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_pictures(suffix: str, raid: str, weeks: str, tmp_path: Path) -> None:
    for file in (raid, weeks):
        picture = tmp_path / f"picture{suffix}"
        assert main(["plot", file, "-n", "20", "--seed", "1", "--out", str(picture)]) == 0
        assert picture.stat().st_size > 5_000


def test_a_picture_of_a_result(raid: str, tmp_path: Path, capsys: Captured) -> None:
    assert main(["run", raid, "-n", "20", "--out", str(tmp_path / "out")]) == 0
    capsys.readouterr()
    assert main(["plot", str(tmp_path / "out" / "result.nc")]) == 0
    assert capsys.readouterr().out == f"picture: {tmp_path / 'out' / 'result.png'}\n"
    assert (tmp_path / "out" / "result.png").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "missing.toml"], "No such file"),
        (["run", "raid.txt"], r"must end in \.toml or \.json"),
        (["check", "wrong.toml"], r"threats: is missing"),
        (["run", "RAID", "-n", "0"], "replications: must be a whole number from 1"),
        (["run", "RAID", "--seed", "-1"], "seed: "),
        (["run", "RAID", "--workers", "0"], "workers: "),
        (["examples", "nope"], "name: must be one of night_of_2025_07_04"),
        (["plot", "RAID", "-n", "5", "--out", "picture.nope"], "nope"),
        (["plot", "missing.nc"], "missing.nc"),
    ],
)
def test_what_is_refused(
    arguments: list[str], said: str, raid: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raid.txt").write_text("")
    (tmp_path / "wrong.toml").write_text('name = "empty"\n')
    assert main([raid if word == "RAID" else word for word in arguments]) == 2
    error = capsys.readouterr().err
    assert error.startswith("leakthrough: error: ")
    assert re.search(said, error)
    assert "Traceback" not in error


def test_a_missing_extra_is_named_before_anything_runs(
    raid: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("leakthrough.__main__._simulated", lambda given: pytest.fail("simulated"))
    for command, extra in (("run", "io"), ("plot", "plot")):
        assert main([command, raid, "--out", str(tmp_path / "out")]) == 2
        assert f"pip install 'leakthrough[{extra}]'" in capsys.readouterr().err


def test_interruption(raid: str, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    def interrupted(given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("leakthrough.__main__._simulated", interrupted)
    assert main(["run", raid]) == 130
    assert capsys.readouterr().err == "leakthrough: interrupted\n"


def test_the_module_is_the_program(raid: str) -> None:
    set_up = f"import runpy, sys; sys.argv[1:] = ['check', {raid!r}]"
    code = f"{set_up}; runpy.run_module('leakthrough', run_name='__main__')"
    assert subprocesses.run(code) == b"nothing found\n"


def test_a_reader_that_has_seen_enough() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "leakthrough", "schema"],
        env=subprocesses.environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=300,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")
