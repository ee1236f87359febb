"""The layered case in C++ with one heap of all events; needs a compiler."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cases import Layered
from measure import Run, Sample, from_error

CANNOT = (
    "knows the layered case only: one class of threat, constant times, one magazine a battery; "
    "no causes of leaks, no addressed draws"
)

SOURCE = Path(__file__).with_suffix(".cpp")


@contextmanager
def compiled() -> Iterator[Path | None]:
    """Yield the program in a temporary folder; None without a compiler."""
    compiler = shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peer_heap"
        command = [compiler, "-std=c++17", "-O2", "-o", str(program), str(SOURCE)]
        subprocess.run(command, check=True)  # noqa: S603
        yield program


def layered(case: Layered, program: Path) -> Run:
    """Return the run of the layered case; the program measures its time, without start-up."""
    numbers: list[float] = [case.seconds, case.channels, case.rounds, case.kill_probability]
    numbers += [len(case.salvos), *case.salvos, case.layers]
    for of in case.times:
        numbers += [of.opens, of.closes, of.reaction, of.flight, of.assessment]

    def run(replications: int, seed: int) -> Sample:
        command = [str(program), *map(repr, [replications, seed, *numbers])]
        out = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        took, leaked, error, spent, spent_error = map(float, out.stdout.split())
        return Sample(
            1e-6 * took * replications,
            from_error(replications, leaked, error),
            from_error(replications, spent, spent_error),
        )

    return run
