"""Allowed imports between folders, costs of imports, and lengths of modules."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import subprocesses

import leakthrough

PACKAGE = Path(leakthrough.__file__).parent
TESTS = Path(__file__).parent
MODULES = {
    ".".join(("leakthrough", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    ): file
    for file in sorted(PACKAGE.rglob("*.py"))
}

RULES: dict[str, set[str]] = {
    "statistics": set(),
    "text_tables": set(),
    "quantities": set(),
    "model": {"statistics", "text_tables"},
    "engine": {"model", "statistics"},
    "reference": {"model", "statistics"},
    "exact": {"model", "statistics", "quantities"},
    "results": {"model", "engine", "statistics", "text_tables", "quantities"},
    "records": {"model", "results", "statistics", "quantities"},
    "plot": {"model", "results", "statistics", "text_tables", "quantities"},
    "run_options": {"model", "statistics"},
    "simulate": {"model", "engine", "results", "run_options"},
    "replay": {"model", "engine", "results", "run_options"},
    "studies": {
        *("model", "engine", "reference", "exact", "statistics"),
        *("results", "text_tables", "quantities", "run_options", "simulate"),
    },
    "rerun": {"results", "simulate", "studies", "run_options"},
    "__main__": {"model", "results", "plot", "simulate"},
}
"""What each top-level module or folder may import, besides its own; ``__init__`` imports all."""
KERNEL_USERS = {"leakthrough.engine.jobs"}
LONGEST = 450


def top(module: str) -> str:
    """Name of the module or folder at the top level; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def imports(module: str) -> Iterator[str]:
    """Modules of the package that a module imports, also in functions and for type checkers."""
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not any(name.name.startswith("leakthrough") for name in node.names), module
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"relative import in {module}"
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                if whole in MODULES:
                    yield whole
                elif node.module in MODULES:
                    yield node.module


GRAPH = {module: set(imports(module)) - {module} for module in MODULES}


@pytest.mark.parametrize("module", MODULES)
def test_a_folder_imports_only_what_its_rule_allows(module: str) -> None:
    own = top(module)
    if own:
        allowed = {own, *RULES[own]}
        assert {top(other) for other in GRAPH[module]} <= allowed


def test_there_is_a_rule_for_each_folder() -> None:
    assert set(RULES) == {top(module) for module in MODULES} - {""}


def test_no_modules_import_each_other_in_a_circle() -> None:
    left = dict(GRAPH)
    while left:
        free = [module for module, others in left.items() if not others & left.keys()]
        assert free, f"circle among {sorted(left)}"
        for module in free:
            del left[module]


def test_the_graph_at_the_top_level_is_small() -> None:
    arrows = {(top(one), top(other)) for one, others in GRAPH.items() for other in others}
    arrows = {(one, other) for one, other in arrows if one != other}

    def floor(name: str) -> int:
        return 1 + max((floor(other) for one, other in arrows if one == name), default=0)

    rooms = {top(module) for module in MODULES}
    assert len(rooms) <= 20
    assert len(arrows) <= 60
    assert max(map(floor, rooms)) <= 10


def test_only_the_jobs_touch_the_kernel() -> None:
    def in_kernel(module: str) -> bool:
        return module.startswith("leakthrough.engine.kernel")

    users = {
        one for one, others in GRAPH.items() if not in_kernel(one) and any(map(in_kernel, others))
    }
    assert users == KERNEL_USERS


def test_no_module_has_a_leading_underscore() -> None:
    private = [m for m in MODULES if m.rpartition(".")[2].startswith("_") and m != "leakthrough"]
    assert [module for module in private if not module.endswith("__main__")] == []


def test_tests_mirror_the_package() -> None:
    """Each folder of tests is a folder of the package, or the theory that concerns all of it."""
    folders = {file.parent.relative_to(TESTS) for file in TESTS.rglob("test_*.py")}
    packages = {file.parent.relative_to(PACKAGE) for file in MODULES.values()}
    assert folders - packages == {Path("theory")}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_not_too_long(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("module", MODULES)
def test_nothing_prints(module: str) -> None:
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    assert "print" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


SLOW = (
    *("numba", "llvmlite", "xarray", "pandas", "scipy", "matplotlib", "tqdm", "dask"),
    *("distributed", "h5netcdf", "h5py", "zarr", "netCDF4", "IPython"),
    "concurrent.futures.process",
)
"""Modules whose import takes long: numba and xarray alone took two thirds of a second."""
BUILD = """
threat = lt.Threat(name="drone", speed=50.0)
salvo = lt.Salvo(name="s", threat="drone", count=9, arrival=lt.Uniform(start=0.0, stop=9.0))
gun = lt.Interceptor(name="gun", kill_probability={"drone": 0.5}, flight_time=3.0)
magazine = lt.Magazine(interceptor="gun", rounds=9)
layer = lt.Layer(name="L", outer_range=9e3, batteries=[lt.Battery(name="B", magazines=[magazine])])
scenario = lt.Scenario(
    name="raid", threats=[threat], interceptors=[gun], salvos=[salvo], layers=[layer]
)
scenario.replace("salvos.s.count", 3).digest
str(lt.Campaign(name="week", scenario=scenario, raids=7, interval=86_400.0))
"""


@pytest.mark.parametrize("use", ["", BUILD])
def test_slow_modules_are_imported_when_they_are_used(use: str) -> None:
    found = f"[name for name in {SLOW} if name in sys.modules]"
    code = f"import sys\nimport leakthrough as lt\n{use}\nsys.stdout.write(repr({found}))"
    assert subprocesses.run(code) == b"[]"


def test_all_public_names_are_there() -> None:
    assert sorted(set(leakthrough.__all__)) == sorted(leakthrough.__all__)
    assert all(hasattr(leakthrough, name) for name in leakthrough.__all__)
