"""Compilation of the kernel: digest of its sources, cache, and undocumented options."""

import ast
import shutil
from pathlib import Path

import pytest
import subprocesses

import leakthrough as lt
from leakthrough.engine.kernel import compiling, draws, replication

PACKAGE = Path(lt.__file__).parent


def imports(file: Path) -> set[Path]:
    """Files of this package that a file imports at run time."""
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("leakthrough"):
            parts = (node.module or "").split(".")[1:]
            for name in node.names:
                for place in (PACKAGE.joinpath(*parts, name.name), PACKAGE.joinpath(*parts)):
                    if place.with_suffix(".py").exists():
                        found.add(place.with_suffix(".py"))
                        break
    return found


def test_the_digest_is_of_all_that_the_kernel_imports() -> None:
    found: set[Path] = set()
    left = {Path(replication.__file__)}
    while left:
        file = left.pop()
        found.add(file)
        left |= imports(file) - found
    assert found | {compiling.FOLDER / "__init__.py"} == set(compiling.sources())


@pytest.mark.parametrize("source", compiling.sources(), ids=lambda file: file.stem)
def test_an_edit_of_any_source_changes_the_key(source: Path, tmp_path: Path) -> None:
    package = tmp_path / "leakthrough"
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("engine", "model"):
        shutil.copytree(PACKAGE / folder, package / folder, ignore=ignored)
    copy = package / source.relative_to(PACKAGE)
    where = package / "engine" / "kernel"
    # The functions of the module, applied to the folder of the copy.
    kept = compiling.FOLDER, compiling.BESIDES
    try:
        compiling.FOLDER = where
        compiling.BESIDES = tuple(package / file.relative_to(PACKAGE) for file in kept[1])
        before = compiling.digest()
        assert before == compiling.digest()
        copy.write_text(copy.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        assert compiling.digest() != before
    finally:
        compiling.FOLDER, compiling.BESIDES = kept


COUNT_COMPILED = """
import sys
import leakthrough as lt
from leakthrough.engine.kernel import draws
from leakthrough.engine.jobs import draw_numbers
import numpy as np
found = draw_numbers(np.zeros(8194), 1, np.arange(2), 1)
stats = draws.draw_numbers.stats
hits, misses = sum(stats.cache_hits.values()), sum(stats.cache_misses.values())
sys.stdout.write(f"{int(found[0])} {hits} {misses}")
"""


def test_an_edited_helper_is_compiled_anew_and_nothing_else_is(tmp_path: Path) -> None:
    """An entry point in one file, its helper in another, and a constant in a third."""
    package = tmp_path / "leakthrough"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))

    def told() -> bytes:
        cache = str(tmp_path / "cache")
        return subprocesses.run(COUNT_COMPILED, "-B", package=tmp_path, NUMBA_CACHE_DIR=cache)

    assert [told(), told()] == [b"0 0 1", b"0 1 0"]
    for name in ("model/discrete.py", "engine/kernel/lookup.py"):
        file = package / name
        file.write_text(file.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        assert [told(), told()] == [b"0 0 1", b"0 1 0"], name


def test_only_entry_points_have_wrappers_and_a_cache() -> None:
    entries = {"simulate_block", "draw_numbers", "draw_integers"}
    for module in (draws, replication):
        for name, thing in vars(module).items():
            options = getattr(thing, "targetoptions", None)
            if options is None or thing.py_func.__module__ != module.__name__:
                continue
            assert options["_nrt"] is False
            assert options.get("no_cpython_wrapper", False) is (name not in entries), name
            assert (type(thing._cache).__name__ == "NullCache") is (name not in entries), name
