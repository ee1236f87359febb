"""The tests that a mutant has to pass, in a copy of the package and a process of its own.

What takes seconds to import is imported once, here; each run of tests is a fork of this process.
"""

import importlib
import math
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "leakthrough"
MEMORY = 8 << 30
"""Bytes of address space: a mutant that asks for more fails."""
WAITING = 10
"""Limit to the time of a stage, which may wait for other programs, over that to its CPU time."""
QUICK = "not test_intervals_cover"
"""Coverage over thousands of simulations takes minutes."""
PRELOADED = (
    "numba", "scipy.stats", "xarray", "pydantic", "pandas", "pytest", "hypothesis.extra.numpy",
    "hypothesis.strategies",
)  # fmt: skip


class Stage(NamedTuple):
    """Some tests, run in this order up to the first failure."""

    tests: tuple[str, ...]
    examples: int  # LEAKTHROUGH_EXAMPLES
    jit: bool = True


AGREE = "engine/test_engines_agree.py"
RULES = ("engine/test_rules.py", "engine/test_suppression.py")
RAIDS = (
    *(f"{AGREE}::test_{of}_raids" for of in ("small", "placed", "ruled")),
    *RULES,
    AGREE,
)
SHARED = tuple(
    f"engine/test_{rule}.py"
    for rule in (
        "channels", "commands", "depots", "luck", "reloads", "rounds_on_dead", "staying_power",
        "thrift", "tracks", "uncertain",
    )
)  # fmt: skip
PLACES = ("engine/test_places.py", "engine/test_draws.py")
CAMPAIGNS = (
    f"{AGREE}::test_campaigns",
    "engine/test_campaign.py",
    f"{AGREE}::test_several_campaigns_in_one_block",
    "engine/test_campaign_invariants.py",
    *(f"engine/test_{n}.py" for n in ("transport", "replacement", "rotations", "stock_users")),
)
VARIABLES = (
    "test_simulate.py::test_dimensions_types_and_words",
    "test_simulate.py::test_coordinates_hold_names",
    "test_simulate.py::test_empty_scenarios",
    "test_simulate.py::test_no_threats_no_interceptors",
    *RULES,
    "results/test_results.py",
)
COMPILATION = (Stage(("engine/test_compiling.py", "engine/test_kernel.py"), 40),)
CONTROLLED = (
    "results/test_controlled_campaigns.py",
    "results/test_controlled_means.py",
    "studies/test_controlled_studies.py",
)
SETTLED = ("studies/test_settled.py", "results/test_summary.py", "results/test_assets.py")
COVERAGE = "statistics/test_controlled_coverage.py"
ORACLES: dict[str, tuple[Stage, ...]] = {
    # Without the JIT: to compile a mutant takes longer than to interpret all of these.
    "engine/kernel": (
        Stage(RAIDS, 40, jit=False),
        Stage((AGREE, *SHARED), 100, jit=False),
    ),
    "engine/kernel/compiling": COMPILATION,
    "engine/kernel/state_pointer": COMPILATION,
    "engine/decode": (Stage((*VARIABLES, *CAMPAIGNS), 40),),
    "engine/decisions": (Stage(("engine/test_decisions.py",), 40), Stage(CONTROLLED, 40)),
    "engine/possible": (
        Stage(("engine/test_possible.py",), 40),
        Stage(SETTLED, 40),
    ),
    "engine/resupply": (Stage(CAMPAIGNS, 40), Stage((AGREE,), 120)),
    "engine/lower_campaign": (Stage(CAMPAIGNS, 40), Stage((AGREE,), 120)),
    "engine": (Stage(RAIDS, 40), Stage((AGREE, *VARIABLES, *PLACES, *SHARED), 120)),
    "engine/damage": (Stage(("results/test_assets.py", "theory/test_damage.py"), 40),),
    "reference": (Stage(RAIDS, 40), Stage((AGREE, *PLACES, *SHARED), 120)),
    "reference/campaign": (Stage(CAMPAIGNS, 40), Stage((AGREE,), 120)),
    "results": (
        Stage(("results/test_reduction.py", "results/test_results.py"), 40),
        Stage((*SETTLED, "engine/test_campaign.py", CONTROLLED[0]), 40),
    ),
    "results/controls": (Stage(CONTROLLED[:1], 40), Stage(CONTROLLED[1:], 40)),
    "results/narrowed": (Stage(CONTROLLED[:1], 40), Stage(CONTROLLED[1:], 40)),
    "results/ranges": (
        Stage(SETTLED, 40),
        Stage(CONTROLLED[:2], 40),
    ),
    "statistics/intervals": (
        Stage(("statistics/test_intervals.py",), 40),
        Stage(("statistics/test_interval_coverage.py", "results/test_summary.py"), 40),
    ),
    "statistics/means": (
        Stage(("statistics/test_means.py", "statistics/test_controls.py"), 40),
        Stage(SETTLED, 40),
    ),
    "statistics/controls": (
        Stage(("statistics/test_controls.py", "statistics/test_adjusted.py"), 40),
        Stage(
            (
                f"{COVERAGE}::test_what_did_not_occur_is_allowed_for",
                f"{COVERAGE}::test_controls_are_used_where_they_help",
                f"{COVERAGE}::test_without_rare_states_of_the_scenario_intervals_miss",
                *CONTROLLED,
            ),
            40,
        ),
    ),
    "statistics/adjusted": (
        Stage(("statistics/test_adjusted.py",), 40),
        Stage(CONTROLLED[2:], 40),
    ),
    "statistics/exact_sums": (
        Stage(("statistics/test_exact_sums.py",), 40),
        Stage(("statistics/test_controls.py", CONTROLLED[0]), 40),
    ),
}
"""The stages of a module, by the longest of these paths with which its own begins."""


def stages_of(module: str) -> tuple[Stage, ...]:
    """Stages for a module, such as `engine/decode.py`."""
    return ORACLES[max((path for path in ORACLES if module.startswith(path)), key=len)]


class Verdict(NamedTuple):
    """What became of a mutant."""

    status: str  # "killed", "timed out" (which counts as killed), "survived"
    by: str  # the test that failed first
    seconds: float


class PackageCopy:
    """A copy of the package, into which one mutant at a time is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "leakthrough"
        shutil.copytree(PACKAGE, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        for name in PRELOADED:
            importlib.import_module(name)

    def judge(self, module: str, source: bytes, timeout: float) -> Verdict:
        """Run the stages of a module with a source of its own, and put the old one back."""
        began = time.perf_counter()
        original = (self.package / module).read_bytes()
        status, by = "survived", ""
        try:
            self.write(module, source)
            for stage in stages_of(module):
                status, by = self.run(stage, timeout)
                if status != "survived":
                    break
        finally:
            self.write(module, original)
        return Verdict(status, by, round(time.perf_counter() - began, 1))

    def write(self, module: str, source: bytes) -> None:
        """Write a module, and remove its bytecode: times of files are too coarse to tell."""
        file = self.package / module
        for bytecode in (file.parent / "__pycache__").glob(f"{file.stem}.*.pyc"):
            bytecode.unlink()
        file.write_bytes(source)

    def run(self, stage: Stage, timeout: float) -> tuple[str, str]:
        """Run one stage: how it ended, and the test that failed first."""
        forking = multiprocessing.get_context("fork")
        receiver, sender = forking.Pipe(duplex=False)
        process = forking.Process(target=_run_tests, args=(self.folder, stage, timeout, sender))
        process.start()
        sender.close()
        process.join(WAITING * timeout)
        if process.is_alive():
            os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            return "timed out", ""
        if process.exitcode == -signal.SIGXCPU:
            return "timed out", ""
        if process.exitcode == 0:
            return "survived", ""
        try:
            return "killed", str(receiver.recv())
        except EOFError:
            return "killed", f"exit code {process.exitcode}"


class _FirstFailure:
    """A plugin of pytest that sends the name of the test that fails."""

    def __init__(self, sender: Connection) -> None:
        self.sender = sender

    def pytest_runtest_logreport(self, report: "pytest.TestReport") -> None:
        if report.failed:
            self.sender.send(report.nodeid)

    def pytest_collectreport(self, report: "pytest.CollectReport") -> None:
        if report.failed:
            self.sender.send(report.nodeid)


def _run_tests(folder: Path, stage: Stage, timeout: float, sender: Connection) -> None:
    """Run a stage in this process, a fork, and leave with 0 if all tests pass."""
    import numba.core.config
    import pytest

    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    used = math.ceil(time.process_time() + timeout)
    resource.setrlimit(resource.RLIMIT_CPU, (used, used + 1))
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    os.chdir(ROOT)
    os.environ |= {
        "PYTHONPATH": str(folder),
        "NUMBA_CACHE_DIR": str(folder / "numba"),
        "NUMBA_DISABLE_JIT": str(int(not stage.jit)),
        "LEAKTHROUGH_EXAMPLES": str(stage.examples),
        "LEAKTHROUGH_SHRINK": "0",
    }
    numba.core.config.reload_config()  # type: ignore[no-untyped-call]
    sys.path.insert(0, str(folder))
    imported = "ignore:Module already imported:pytest.PytestAssertRewriteWarning"
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-W", imported, "-k", QUICK]
    tests = [f"tests/{test}" for test in stage.tests]
    code = pytest.main([*options, *tests], plugins=[_FirstFailure(sender)])
    os._exit(int(code != 0))
