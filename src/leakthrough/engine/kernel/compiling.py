"""How the kernel is compiled and cached.

Numba stamps a cached function with the file in which it is defined, and so would run old code
after an edit of a file that it imports. But the key of its index holds the values that a function
closes over. So only the functions that Python calls are cached, and each closes over a digest of
all modules that the kernel is made of.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

Function = TypeVar("Function", bound=Callable[..., Any])
Int: TypeAlias = Any
Bool: TypeAlias = Any
"""Types of Numba, not of Python: compiled code is typed by what it is called with."""

JIT_OFF = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]

FOLDER = Path(__file__).parent
BESIDES: tuple[Path, ...] = (
    FOLDER.parent / "codes.py",
    FOLDER.parent / "layout.py",
    FOLDER.parents[1] / "model" / "discrete.py",
)
"""Modules outside this folder that the kernel imports, directly or not; a test compares."""

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    # Numba would count references to the arrays at every call: measured, 50 times the work of a
    # small helper. The option forbids allocation, of which a kernel that is handed its memory
    # needs none. It is not in Numba's documentation; without it, compilation says so at once.
    "_nrt": False,
}
# Python calls none of these: wrappers for each took 3 of 18 s of compilation. Not documented
# either.
_INSIDE = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def sources() -> list[Path]:
    """Files of the modules that the kernel is made of."""
    return [*sorted(FOLDER.glob("*.py")), *BESIDES]


def digest() -> int:
    """Return a number that changes with any of the sources."""
    found = hashlib.blake2b(digest_size=7)
    for file in sources():
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(found.digest(), "big")


def compiled(function: Function) -> Function:
    """Compile a function that only compiled code calls."""
    return numba.njit(**_INSIDE)(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Make a step of the event loop a part of its caller.

    A call costs some fifty instructions: the descriptors of some arrays, and a status to check.
    """
    return numba.njit(forceinline=True, **_INSIDE)(function)  # type: ignore[no-any-return]


def merged(function: Function) -> Function:
    """Make a step that is called in one place a part of its caller before types are inferred.

    Each compiled function is optimised by itself, and once more within each caller: 16 steps
    merged in this way took a fifth of the compilation. Merged everywhere, compilation takes
    longer, since Numba goes through the whole caller for each.
    """
    return numba.njit(inline="always", **_INSIDE)(function)  # type: ignore[no-any-return]


def entry(make: Callable[[int], Function]) -> Function:
    """Compile a function that Python calls, and cache it where there is a place for a cache.

    Parameters
    ----------
    make : callable
        Makes the function, which must close over the digest that it is given.
    """
    function = make(digest())
    if JIT_OFF:
        return _with_attributes(function)
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # A read-only package and no HOME: Numba finds no place for a cache and raises here.
        return numba.njit(**_OPTIONS)(function)  # type: ignore[no-any-return]


def _with_attributes(function: Function) -> Function:
    """Call the function as plain Python, on records whose fields are attributes.

    Compiled code is handed plain arrays: Numba takes 8 us longer to recognise a dozen others.
    """

    def called(*given: Any) -> Any:
        return function(*map(_attributed, given))

    return called  # type: ignore[return-value]


def _attributed(given: Any) -> Any:
    if isinstance(given, tuple):
        return type(given)(*map(_attributed, given))
    structured = isinstance(given, np.ndarray) and given.dtype.names
    return given.view(np.recarray) if structured else given


def _lowest_bit(mask: Any) -> int:
    return (int(mask) & -int(mask)).bit_length() - 1


lowest_bit: Any = _lowest_bit if JIT_OFF else trailing_zeros
"""The place of the lowest bit that is set: an intrinsic of Numba's, which has no Python body."""
