"""Every example and the README run, print what the documents show, and draw their pictures."""

import os
import re
import runpy
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from documents import assert_shown_is_said, blocks

import leakthrough as lt

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHOWN = README + (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
LIMIT = 60.0
"""Seconds of processor time that an example may take, with nothing compiled yet."""
PATIENCE = 300.0
"""Seconds after which a process hangs; the clock on the wall says little on a shared machine."""
MARKS = re.compile(r"#.*\b(record|press|catalogue|assumed)\b")


def section(title: str) -> str:
    """A section of the README."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def run(*arguments: str, directory: Path) -> str:
    """Output of a Python process in which warnings are errors."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-W", "error", *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_says_and_draws_what_the_documents_show(path: Path, tmp_path: Path) -> None:
    began = os.times()
    said = run(str(path), directory=tmp_path)
    ended = os.times()
    used = ended.children_user + ended.children_system
    assert used - began.children_user - began.children_system < LIMIT
    pictures = list(tmp_path.iterdir())
    assert [picture.name for picture in pictures] == [f"{path.stem}.png"]
    assert pictures[0].read_bytes().startswith(b"\x89PNG")
    assert 20_000 < pictures[0].stat().st_size < 200_000
    assert f"docs/images/{path.stem}.png" in SHOWN
    [shown] = [block for block in blocks(SHOWN, "text") if f"picture: {path.stem}.png" in block]
    assert_shown_is_said(shown, said)


def test_pictures_in_the_documents_are_small() -> None:
    for picture in (ROOT / "docs" / "images").iterdir():
        assert picture.stat().st_size < 200_000, picture.name


def test_the_readmes_code_says_what_stands_below_it(tmp_path: Path) -> None:
    [code], shown = blocks(README, "python"), blocks(README, "text")[0]
    assert_shown_is_said(shown, run("-c", code, directory=tmp_path))


@pytest.mark.parametrize(
    ("title", "extra"), [("Run", "plot"), ("Test", "test"), ("Documentation", "docs")]
)
def test_one_command_makes_an_environment_and_runs(title: str, extra: str) -> None:
    command = blocks(section(title), "sh")[0].strip()
    assert "\n" not in command
    assert command.startswith("python3 -m venv .venv && ")
    assert f'pip install -e ".[{extra}]"' in command
    for script in re.findall(r"\S+\.py\b", command):
        assert (ROOT / script).is_file()


def test_links_of_the_documents_lead_somewhere() -> None:
    for page in [*ROOT.glob("*.md"), *ROOT.glob("examples/*.md"), *ROOT.glob("docs/**/*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8")):
            if not target.startswith("http"):
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_night_is_the_recorded_one() -> None:
    night = runpy.run_path(str(ROOT / "examples" / "night_of_2025_07_04.py"))
    scenario = lt.load_example("night_of_2025_07_04")
    launched = dict.fromkeys(night["RECORDED"], 0)
    for salvo in scenario.salvos:
        assert isinstance(salvo.count, int)
        launched[night["CLASSES"][salvo.name]] += salvo.count
    assert launched == {kind: sum(fates) for kind, fates in night["RECORDED"].items()}


def test_every_figure_of_a_shipped_scenario_says_where_it_is_from() -> None:
    for source in (files("leakthrough") / "scenarios").iterdir():
        if not source.name.endswith(".toml"):
            continue
        text = source.read_text(encoding="utf-8")
        tomllib.loads(text)
        for number, line in enumerate(text.splitlines(), 1):
            if re.match(r'["\w ]+ = [\d{]', line):
                assert MARKS.search(line), f"{source.name}, line {number}: {line}"
