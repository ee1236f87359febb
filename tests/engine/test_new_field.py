"""The diff in the architecture page: a new field of a battery, in a copy of the package."""

import re
import shutil
from pathlib import Path

import subprocesses

import leakthrough as lt

PACKAGE = Path(lt.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "architecture.md"
MOST_EDITS = 6
COMPARE = """
import sys
import leakthrough as lt
from engines import kernel_outcomes, reference_outcome
from raids import battery, layer, raid, salvo
guns = [battery("one", channels=2, max_engagements=3), battery("two", max_engagements=None)]
scenario = raid(salvo(count=40, arrival=lt.Uniform(start=0.0, stop=60.0)), layer("L", *guns))
told = []
for replication in range(20):
    (found,) = kernel_outcomes(scenario, 1, replication)
    assert found == reference_outcome(scenario, 1, replication)[0]
    told.append(found["engagements"])
sys.stdout.write(f"{max(one for one, _ in told)} {max(two for _, two in told) > 3}")
"""


def edits() -> dict[str, tuple[str, str]]:
    """By file: a text and its replacement."""
    (diff,) = re.findall(r"```diff\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = {}
    for part in re.split(r"^--- src/leakthrough/", diff, flags=re.MULTILINE)[1:]:
        name, *lines = part.splitlines()
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] in " +")
        found[name] = before, after
    return found


def test_a_field_takes_few_edits_and_both_engines_know_it(tmp_path: Path) -> None:
    package = tmp_path / "leakthrough"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert len(edits()) <= MOST_EDITS
    for name, (before, after) in edits().items():
        text = (package / name).read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        (package / name).write_text(text.replace(before, after), encoding="utf-8")
    told = subprocesses.run(COMPARE, "-B", package=tmp_path, NUMBA_DISABLE_JIT="1")
    assert told == b"3 True"


def test_without_the_edit_of_the_lowering_nothing_is_imported(tmp_path: Path) -> None:
    package = tmp_path / "leakthrough"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    before, after = edits()["engine/layout.py"]
    text = (package / "engine/layout.py").read_text(encoding="utf-8")
    (package / "engine/layout.py").write_text(text.replace(before, after), encoding="utf-8")
    code = """
import sys
try:
    import leakthrough
except TypeError as error:
    sys.stdout.write(str(error))
"""
    told = subprocesses.run(code, "-B", package=tmp_path)
    assert told == b"battery: nothing fills ['max_engagements'], and [] are no fields of it"
