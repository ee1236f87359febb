"""This version of leakthrough compared with another commit of its repository, in the same run.

Each version has its own process, and the two alternate: two copies of the package in one process
slow Numba down. New processes start after some pairs, as memory addresses of arrays affect speed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from paired_cases import PAIRED, Paired

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("paired_worker.py")
PAIRS_OF_A_PROCESS = 3

Ask = Callable[[int], float]
"""Measures the case of a process with a given number of the replications."""


@dataclass(frozen=True)
class Row:
    """One case: the values of this version and of the other one, pair by pair."""

    name: str
    pairs: list[tuple[float, float]]

    @property
    def case(self) -> Paired:
        """What was measured."""
        return PAIRED[self.name]

    @property
    def ratios(self) -> list[float]:
        """Ratio of this version to the other."""
        return [this / other for this, other in self.pairs]

    def cells(self) -> list[str]:
        """Verdict in the table."""
        targets = ", ".join(map(str, self.case.targets))
        if not self.pairs:
            return [self.name, self.case.unit, "?", "?", "?", targets, "not measured"]
        this, other = (statistics.median(values) for values in zip(*self.pairs, strict=True))
        ratios = self.ratios
        ratio = statistics.median(ratios)
        met = all(target.met(this, ratio) for target in self.case.targets)
        return [
            self.name,
            self.case.unit,
            f"{this:,.4g}",
            f"{other:,.4g}",
            f"{ratio:.3f} ({min(ratios):.3f}-{max(ratios):.3f})",
            targets,
            "reached" if met else "NOT REACHED",
        ]


def against(commit: str, names: list[str], *, quick: bool) -> list[Row]:
    """Measure cases in the working tree and in a commit."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        sources = ROOT / "src", _checked_out(commit, Path(folder) / "commit")
        caches = [stack.enter_context(tempfile.TemporaryDirectory()) for _ in sources]
        # As for a user, whose Python keeps the bytecode of what it has imported once.
        kept = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
        environments = [
            {**kept, "PYTHONPATH": str(source), "NUMBA_CACHE_DIR": cache}
            for source, cache in zip(sources, caches, strict=True)
        ]
        return [_row(name, environments, quick) for name in names]


def _checked_out(commit: str, folder: Path) -> Path:
    """Unpack the sources of a commit."""
    archive = folder.with_suffix(".zip")
    command = ["git", "-C", str(ROOT), "archive", "--output", str(archive), commit, "src"]
    subprocess.run(command, check=True)  # noqa: S603
    with zipfile.ZipFile(archive) as content:
        content.extractall(folder)
    return folder / "src"


def _row(name: str, environments: list[dict[str, str]], quick: bool) -> Row:
    wanted = PAIRED[name].pairs
    if quick:
        wanted = min(wanted, 3)
    pairs: list[tuple[float, float]] = []
    try:
        for first in range(0, wanted, PAIRS_OF_A_PROCESS):
            with ExitStack() as stack:
                asks = [stack.enter_context(_process(name, of)) for of in environments]
                last = min(first + PAIRS_OF_A_PROCESS, wanted)
                for this, other in in_turn(asks, range(first + 1, last + 1)):
                    pairs.append((this, other))
                    values = f"{this:.4g} and {other:.4g} {PAIRED[name].unit}"
                    _say(f"{name}: {len(pairs)} of {wanted}: {values}")
    except (EOFError, OSError) as error:
        _say(f"{name}: {error}")
        return Row(name, [])
    return Row(name, pairs)


def in_turn(asks: list[Ask], numbers: range) -> Iterator[tuple[float, float]]:
    """Measure both in turn: same replications within a pair, new ones for each pair."""
    for number in numbers:
        this, other = (ask(number) for ask in asks)
        yield this, other


@contextmanager
def _process(name: str, environment: dict[str, str]) -> Iterator[Ask]:
    """Yield a function that queries a new process, which ends with its input."""
    command = [sys.executable, str(WORKER), name]
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        questions, answers = cast(IO[str], process.stdin), cast(IO[str], process.stdout)

        def ask(number: int) -> float:
            questions.write(f"{number}\n")
            questions.flush()
            return float(_line(answers))

        _line(answers)  # "ready"
        yield ask


def _line(answers: IO[str]) -> str:
    if line := answers.readline():
        return line
    raise EOFError("a process ended before it had measured")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
