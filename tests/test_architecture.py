"""Who imports whom, what an import costs, and how long a room may be."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import elsewhere
import pytest

import leakthrough

PACKAGE = Path(leakthrough.__file__).parent
ROOMS = sorted(PACKAGE.rglob("*.py"))
ORDER = """
_errors _fields distributions arrivals _references scenario _paths files
_kernel _draws _tables campaign _campaign_tables _state _resupply
_reference_draws _reference_things _reference _reference_campaign
results _jobs _blocks _sums _reduce simulate replay
intervals measures _text _show _report summary supply
exact studies rerun records plot verify
__init__
"""
FLOW = re.findall(r"\w+", ORDER)
"""A room imports only rooms that stand before it."""
KNOWN = {
    # Methods that delegate, each with an import of its own when it is called.
    ("scenario", "_paths"),
    ("scenario", "files"),
    ("scenario", "_show"),
    ("campaign", "_show"),
}
LONGEST = 500


def room_of(file: Path) -> str:
    """Name of a module, or of the folder it stands in."""
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """All nodes but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from (deeper for part in node.orelse for deeper in [part, *at_run_time(part)])
        else:
            yield node
            yield from at_run_time(node)


def imported(file: Path) -> set[str]:
    """Full names of the modules that a file imports at run time."""
    found: set[str] = set()
    for node in at_run_time(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {file.name}"
            assert node.module
            whole = node.module == "leakthrough"
            found |= {f"leakthrough.{n.name}" for n in node.names} if whole else {node.module}
    return found


@pytest.mark.parametrize("file", ROOMS, ids=room_of)
def test_imports_point_against_the_flow_of_data(file: Path) -> None:
    room = room_of(file)
    assert room in FLOW, f"give {room} its place in FLOW"
    rooms = {n.split(".")[1] for n in imported(file) if n.startswith("leakthrough.")} - {room}
    allowed = {*FLOW[: FLOW.index(room)], *(late for early, late in KNOWN if early == room)}
    assert rooms <= allowed


def test_the_kernel_imports_nothing_that_its_cache_would_not_notice() -> None:
    allowed = {"math", "numpy", "numba", "typing", "collections.abc"}
    assert imported(PACKAGE / "_kernel.py") <= allowed


@pytest.mark.parametrize("file", ROOMS, ids=room_of)
def test_a_room_is_not_too_long(file: Path) -> None:
    if room_of(file) != "_kernel":
        assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("file", ROOMS, ids=room_of)
def test_nothing_prints(file: Path) -> None:
    names = {n.id for n in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(n, ast.Name)}
    assert "print" not in names


def test_importing_is_cheap_and_compiles_nothing() -> None:
    code = """
import sys, leakthrough
slow = ["scipy.stats", "scipy.optimize", "matplotlib", "dask", "distributed", "h5netcdf", "h5py",
        "zarr", "netCDF4", "IPython", "concurrent.futures.process"]
found = [name for name in slow if name in sys.modules]
compiled = len(leakthrough._kernel.simulate_block.signatures)
sys.stdout.write(f"{found} {compiled}")
"""
    assert elsewhere.run(code) == b"[] 0"


def test_all_public_names_are_there() -> None:
    assert sorted(set(leakthrough.__all__)) == sorted(leakthrough.__all__)
    assert all(hasattr(leakthrough, name) for name in leakthrough.__all__)
