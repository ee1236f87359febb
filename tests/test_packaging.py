"""The wheel works without the checkout: built, installed and run in a separate environment.

The environment sees the packages that are installed here (so nothing is downloaded), but not the
checkout: those packages are put on its path without the hooks of editable installs. The imports
are compared with the declared dependencies.
"""

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import leakthrough as lt

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
SMOKE = """
import sys
from importlib.metadata import version
import leakthrough as lt
scenario = lt.load_example("night_of_2025_07_04")
result = lt.simulate(scenario, replications=20, seed=1)
assert lt.rerun(result).equals(result)
print(lt.__file__, version("leakthrough"), scenario.digest, sep="\\n")
print(lt.summary(result))
"""
NIGHT = ROOT / "src" / "leakthrough" / "scenarios" / "night_of_2025_07_04.toml"
ARRIVES_WITH = {"pydantic_core": "pydantic"}


def python(*arguments: str, executable: str = sys.executable, directory: Path) -> str:
    """Output of a Python process without the checkout and without the paths of this process."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(  # noqa: S603
        [executable, "-W", "error", *arguments],
        cwd=directory,
        env={**environment, "NUMBA_CACHE_DIR": str(directory / "numba")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    python("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), directory=ROOT)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    package = ROOT / "src"
    wanted = {
        str(path.relative_to(package))
        for path in (package / "leakthrough").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in names if ".dist-info/" not in name} == wanted
    assert {"leakthrough/py.typed", "leakthrough/scenarios/night_of_2025_07_04.toml"} <= wanted
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_installed_wheel_gives_the_bits_of_the_checkout(wheel: Path, tmp_path: Path) -> None:
    home = tmp_path / "environment"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    own = home / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    inside = str(home / Path(sysconfig.get_path("scripts")).relative_to(sys.prefix) / "python")
    with zipfile.ZipFile(wheel) as archive:  # a pure wheel is installed by unpacking it
        archive.extractall(own)
    (own / "installed_here.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    said = python("-c", SMOKE, executable=inside, directory=tmp_path).splitlines()
    assert Path(said[0]).is_relative_to(own)
    scenario = lt.load_scenario(NIGHT)
    assert said[1:3] == [PROJECT["version"], scenario.digest]
    here = lt.summary(lt.simulate(scenario, replications=20, seed=1))
    assert said[3:] == str(here).splitlines()


def test_every_package_that_is_imported_is_declared() -> None:
    extras = [one for name in ("plot", "io", "cluster") for one in _names(PROJECT, name)]
    declared = {*(_name(one) for one in PROJECT["dependencies"]), *extras}
    for file in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found = [node.module] if isinstance(node, ast.ImportFrom) else []
            found = [n.name for n in node.names] if isinstance(node, ast.Import) else found
            for name in {str(module).partition(".")[0] for module in found}:
                own = name in sys.stdlib_module_names or name == "leakthrough"
                assert own or ARRIVES_WITH.get(name, name) in declared, f"{file.name}: {name}"


def _name(requirement: str) -> str:
    return re.split(r"[\[<>=~! ]", requirement)[0].replace("-", "_")


def _names(project: dict[str, dict[str, list[str]]], extra: str) -> list[str]:
    return [_name(requirement) for requirement in project["optional-dependencies"][extra]]


def test_the_citation_says_what_the_project_says() -> None:
    for line in (
        f"version: {PROJECT['version']}",
        f"license: {PROJECT['license']}",
        'title: "leakthrough',
        f'name: "{PROJECT["authors"][0]["name"]}"',
    ):
        assert line in CITATION
