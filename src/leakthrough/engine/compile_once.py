"""Compile the kernel once in a process, and say so where that takes a while."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from leakthrough.engine.jobs import Job

PATIENCE = 1.0
"""Seconds before the message: to load the kernel from the cache takes half a second."""
MESSAGE = "leakthrough: compiling the simulator (about 10 s, once) ...\n"

_compiled: set[tuple[type[Job], bool]] = set()
_compiling = threading.Lock()


def compile_for(job: Job) -> None:
    """Compile, or load from the cache, in this thread, where Ctrl-C is noticed."""
    kind = type(job), job.raids > 1  # between raids there is more to compile
    with _compiling:
        if kind not in _compiled:
            with announced():
                job.compile()
            _compiled.add(kind)


@contextmanager
def announced() -> Iterator[None]:
    """Write a line to a terminal or notebook if the body takes longer than `PATIENCE`."""
    stream = sys.stderr
    if stream is None or not (stream.isatty() or type(stream).__module__.startswith("ipykernel")):
        yield
        return
    timer = threading.Timer(PATIENCE, stream.write, [MESSAGE])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
