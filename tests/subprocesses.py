"""Python code in a fresh interpreter: other Numba settings, signals, the cost of an import."""

import os
import subprocess
import sys
from pathlib import Path


def command(code: str, *options: str) -> list[str]:
    """Arguments that run code in a fresh interpreter in which warnings are errors."""
    return [sys.executable, "-W", "error", *options, "-c", code]


def environment(package: Path | None = None, **changed: str | None) -> dict[str, str]:
    """Environment and paths of this process (the package's folder first); None removes."""
    paths = [str(package)] if package else []
    found = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *filter(None, sys.path)])}
    for name, value in changed.items():
        found.pop(name, None)
        if value is not None:
            found[name] = value
    return found


def run(code: str, *options: str, package: Path | None = None, **changed: str | None) -> bytes:
    """Standard output of the code; standard error must be empty."""
    done = subprocess.run(  # noqa: S603
        command(code, *options),
        env=environment(package, **changed),
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (0, "")
    return done.stdout
