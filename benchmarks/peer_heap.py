"""Raids in C++ with one heap of all events; needs a compiler."""

from __future__ import annotations

import itertools
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import Run, Sample, from_error
from raid import Raid, Window

CANNOT = (
    "has constant times, identical batteries of one magazine in a layer, no reloads and no wrong "
    "assessments; no causes of leaks, no addressed draws; rings around "
    "one point, so it skips the case places"
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


def raid(given: Raid, program: Path) -> Run:
    """Return the run of a raid; the program measures its time, without start-up."""
    numbers = list(_numbers(given))

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


def _numbers(given: Raid) -> Iterator[float]:
    """The numbers of a raid in the order in which the program reads them."""
    [layers] = {len(posts) for posts in given.axes}
    yield from (len(given.axes[0][0].windows), len(given.axes), layers)
    for post in itertools.chain(*given.axes):
        yield from (post.batteries, post.channels, post.rounds, post.reserved)
        yield from (post.reaction, post.flight, post.assessment)
    for posts in given.axes:
        for by_layer in zip(*(post.windows for post in posts), strict=True):
            yield from itertools.chain(*map(_window, by_layer))
    yield len(given.salvos)
    for of in given.salvos:
        yield from (of.threats, of.kind, of.axis, of.start, of.stop, of.priority, int(of.decoy))


def _window(of: Window | None) -> tuple[float, ...]:
    if of is None:
        return (0.0,) * 8
    kill = of.kill if isinstance(of.kill, tuple) else (of.kill, 0.0)
    chances = of.soft_kill, of.detection, of.dismissal
    return of.opens, of.closes, *chances, of.salvo_size, *kill
