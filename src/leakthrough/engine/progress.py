"""Progress bars: shown on request, and by default if a call is slow and somebody watches."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

PATIENCE = 2.0
"""Seconds after which a bar appears by itself."""
_SIZE = {"ncols": 79, "nrows": 24}


def watched() -> TextIO | None:
    """Return the standard error stream if it is a terminal or the output of a notebook."""
    stream = sys.stderr
    if stream is None:
        return None
    of_notebook = type(stream).__module__.startswith("ipykernel")
    return stream if of_notebook or stream.isatty() else None


@contextmanager
def progress_bar(
    wanted: bool | None, unit: str, total: int | None = None
) -> Iterator[Callable[[int], object]]:
    """Yield a function that takes the number of newly finished units.

    With `wanted` None, a bar appears in a terminal or notebook after `PATIENCE` seconds.
    """
    if wanted is None:
        wanted, patience = watched() is not None, PATIENCE
    else:
        patience = 0.0
    if not wanted:
        yield lambda _: None
        return
    begin, done, bar = time.monotonic(), 0, None

    def update(number: int) -> None:
        nonlocal done, bar
        done += number
        if bar is not None:
            bar.update(number)
        elif time.monotonic() - begin >= patience:
            bar = _bar(total, unit, done)

    try:
        update(0)
        yield update
    finally:
        if bar is not None:
            bar.close()


def _bar(total: int | None, unit: str, done: int) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=total, unit=unit, initial=done, **_size())


def _size() -> dict[str, Any]:
    """A size where a terminal says that its own is 0, and tqdm would show nothing."""
    try:
        given = os.get_terminal_size(sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):  # no terminal
        return {}
    return {} if all(given) else _SIZE
