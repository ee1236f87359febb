"""A lock on a folder, which ends with the process that holds it, however that ends."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

SECONDS = 0.2
"""Between two attempts; Ctrl-C is noticed within this time."""

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: BinaryIO) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)  # closing is not enough if a child process has it open


@contextmanager
def locked(path: Path, *, unless: Callable[[], bool]) -> Iterator[None]:
    """Hold a lock file, which is created with its folder; wait while another process holds it.

    Nothing is locked or created if `unless()` is true, or has become so while waiting. Without
    locks in the file system, nothing is locked either.
    """
    said, file = False, None
    while not unless() and file is None:
        file = _attempt(path)
        if file is None:
            if not said and sys.stderr is not None:
                said = True
                text = "another process computes this sweep; waiting for it"
                sys.stderr.write(f"leakthrough: {path.parent}: {text} ...\n")
            time.sleep(SECONDS)
    try:
        yield
    finally:
        if file is not None:
            _release(file)


def _attempt(path: Path) -> BinaryIO | None:
    """The locked file, None if another process holds it or has removed it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        file = path.open("ab")
    except FileNotFoundError:  # the folder was removed just now
        return None
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    except OSError:  # the file system has no locks
        return file
    if not _is_at(file, path):
        file.close()
        return None
    return file


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether an open file still has its name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _release(file: BinaryIO) -> None:
    with file:
        try:
            _unlock(file)
        except OSError:
            return
