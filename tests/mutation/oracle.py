"""The tests that a mutant has to pass, in a package of its own and a process of its own."""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "leakthrough"
MEMORY = 8 << 30
"""Bytes of address space: a mutant that asks for more is killed by the error."""


class Stage(NamedTuple):
    """Some files of tests, run in this order up to the first failure."""

    files: tuple[str, ...]
    examples: int  # LEAKTHROUGH_EXAMPLES
    jit: bool = True
    deselected: tuple[str, ...] = ()


ENGINES = ("engine/test_engines_agree.py", "engine/test_rules.py", "engine/test_suppression.py")
CAMPAIGNS = ("engine/test_campaign.py", "engine/test_campaign_invariants.py")
RESULTS = ("results/test_reduction.py", "results/test_results.py", "results/test_summary.py")
ORACLES: dict[str, tuple[Stage, ...]] = {
    # Without the JIT: to compile a mutant takes longer than to interpret all of these.
    "engine/kernel": (Stage(ENGINES, 40, jit=False), Stage(ENGINES, 300, jit=False)),
    "engine": (
        Stage((*ENGINES, *CAMPAIGNS), 40),
        Stage(("engine/test_draws.py", "test_simulate.py", "results/test_results.py"), 300),
    ),
    "reference": (Stage(ENGINES, 40), Stage((*ENGINES, "engine/test_draws.py"), 300)),
    "results": (Stage((*RESULTS, "engine/test_campaign.py"), 40),),
    "statistics": (
        Stage(("statistics/test_intervals.py",), 40),
        Stage(("statistics/test_interval_coverage.py", "results/test_summary.py"), 40),
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


class Workshop:
    """A copy of the package, into which one mutant at a time is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "leakthrough"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PACKAGE, self.package, ignore=ignored)

    def judge(self, module: str, source: bytes, timeout: float) -> Verdict:
        """Run the stages of a module with a source of its own, and put the old one back."""
        file, began = self.package / module, time.perf_counter()
        original = file.read_bytes()
        try:
            file.write_bytes(source)
            for stage in stages_of(module):
                status, by = self.run(stage, timeout)
                if status != "survived":
                    break
        finally:
            file.write_bytes(original)
        return Verdict(status, by, time.perf_counter() - began)

    def run(self, stage: Stage, timeout: float) -> tuple[str, str]:
        """Run one stage: how it ended, and the test that failed first."""
        deselected = [f"--deselect=tests/{name}" for name in stage.deselected]
        files = [f"tests/{file}" for file in stage.files]
        options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", *deselected]
        process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-B", "-m", "pytest", *options, *files],
            cwd=ROOT,
            env=self.environment(stage),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=_limit_memory,
        )
        try:
            said, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return "timed out", ""
        if process.returncode == 0:
            return "survived", ""
        failed = [line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return "killed", failed[0].split(" - ")[0] if failed else f"exit {process.returncode}"

    def environment(self, stage: Stage) -> dict[str, str]:
        """Variables of a test run: the copy comes first, with a cache of compiled code."""
        return {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "NUMBA_CACHE_DIR": str(self.folder / "numba"),
            "NUMBA_DISABLE_JIT": "0" if stage.jit else "1",
            "LEAKTHROUGH_EXAMPLES": str(stage.examples),
            "LEAKTHROUGH_SHRINK": "0",
        }


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
