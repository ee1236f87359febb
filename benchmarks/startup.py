"""Import, first call and memory, each in fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROBE = str(Path(__file__).with_name("probe.py"))

# On Linux a process inherits the peak memory of its parent: a small intermediate process excludes
# the peak of this benchmark.
SMALL_PARENT = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"


@dataclass(frozen=True)
class Startup:
    """CPU seconds, and megabytes."""

    imported: float
    cold: float
    warm: float
    megabytes: float
    extra_megabytes: float
    replications: int


def startup(*, quick: bool) -> Startup:
    """Measure all of them."""
    importing()  # warm-up: reads the disk and may write bytecode
    imports = [importing() for _ in range(3 if quick else 11)]
    cold, warm = zip(*(first_calls() for _ in range(1 if quick else 3)), strict=True)
    replications = 100_000 if quick else 1_000_000
    few, many = _memory(1_000), _memory(replications)
    return Startup(
        statistics.median(imports),
        statistics.median(cold),
        statistics.median(warm),
        few,
        many - few,
        replications,
    )


def importing() -> float:
    """Return the CPU seconds of an import."""
    return _number(PROBE, "import")


def first_calls() -> tuple[float, float]:
    """Return the CPU seconds of a process that simulates once, without and with a cache."""
    with tempfile.TemporaryDirectory() as cache:
        cold = _number(PROBE, "first-call", cache=cache)
        return cold, _number(PROBE, "first-call", cache=cache)


def _memory(replications: int) -> float:
    return _number("-c", SMALL_PARENT, sys.executable, PROBE, "memory", str(replications))


def _number(*arguments: str, cache: str | None = None) -> float:
    # As for a user, whose Python keeps the bytecode of what it has imported once.
    environment = {n: v for n, v in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    command = [sys.executable, *arguments]
    out = subprocess.run(  # noqa: S603
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return float(out.stdout)
