"""Import, first call and memory: each figure from fresh processes."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PROBE = Path(__file__).with_name("probe.py")

TIMED = "import time; t = time.perf_counter(); import {}; print(time.perf_counter() - t)"

# On Linux a process starts with the peak of the process that forked it: a small one in
# between keeps the peak of this benchmark out of the measurement.
SMALL_PARENT = "import subprocess, sys; sys.exit(subprocess.call(sys.argv[1:]))"


@dataclass(frozen=True)
class Startup:
    """Seconds, and megabytes."""

    ours: float
    dependencies: float
    import_ratio: float
    cold: float
    warm: float
    megabytes: float
    extra_megabytes: float
    replications: int


def startup(*, quick: bool) -> Startup:
    """Measure all of them."""
    ours, dependencies, ratio = _imports(3 if quick else 11)
    cold, warm = _first_calls(1 if quick else 3)
    replications = 100_000 if quick else 1_000_000
    few, many = _memory(1_000), _memory(replications)
    return Startup(ours, dependencies, ratio, cold, warm, few, many - few, replications)


def _number(*arguments: str, cache: str | None = None) -> float:
    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    command = [sys.executable, *arguments]
    out = subprocess.run(  # noqa: S603
        command, check=True, stdout=subprocess.PIPE, text=True, env=environment
    )
    return float(out.stdout)


def _imports(pairs: int) -> tuple[float, float, float]:
    """Return the medians of both and of the ratio, from imports taken in turn."""
    ours, theirs = [], []
    for _ in range(pairs + 1):
        ours.append(_number("-c", TIMED.format("leakthrough")))
        theirs.append(_number("-c", TIMED.format("numpy, numba, xarray, pydantic, tqdm")))
    del ours[0], theirs[0]  # these read the disk and may write bytecode
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return statistics.median(ours), statistics.median(theirs), ratio


def _first_calls(repeats: int) -> tuple[float, float]:
    cold, warm = [], []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            cold.append(_number(str(PROBE), "first-call", cache=cache))
            warm.append(_number(str(PROBE), "first-call", cache=cache))
    return statistics.median(cold), statistics.median(warm)


def _memory(replications: int) -> float:
    return _number("-c", SMALL_PARENT, sys.executable, str(PROBE), "memory", str(replications))
