"""Compile the kernel once in a process, and announce a compilation that takes long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from leakthrough.engine.jobs import Job, is_compiling
from leakthrough.engine.progress import watched

PATIENCE = 1.0
"""Seconds between two checks whether the kernel is being compiled, not only loaded."""
MESSAGE = "leakthrough: compiling the simulator (10 to 25 s, once) ...\n"

_compiled: set[tuple[type[Job], bool, bool]] = set()
_compiling = threading.Lock()


def compile_for(job: Job) -> None:
    """Compile the kernel, or load it from the cache, in this thread, where Ctrl-C is noticed."""
    # A campaign also compiles the draws between raids.
    kind = type(job), job.raids > 1, job.has_rules
    with _compiling:
        if kind not in _compiled:
            with announced():
                job.compile()
            _compiled.add(kind)


@contextmanager
def announced() -> Iterator[None]:
    """Write a line to a terminal or notebook if the kernel is being compiled in the body."""
    stream, ended = watched(), threading.Event()
    if stream is None:
        yield
        return
    threading.Thread(target=_watch, args=(stream, ended), daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _watch(stream: TextIO, ended: threading.Event) -> None:
    while not ended.wait(PATIENCE):
        if is_compiling():
            stream.write(MESSAGE)
            return
