"""Compilation of the kernel, and its cache.

Numba stamps a cached function with the file that defines it, so it would run old code after an
edit of an imported file. But the key of its index contains the values that a function closes
over. So only the functions that Python calls are cached, and each closes over a digest of all
modules that the kernel consists of.
"""

import hashlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numba
import numpy as np
from numba.cpython.unsafe.numbers import trailing_zeros

Function = TypeVar("Function", bound=Callable[..., Any])
Int: TypeAlias = Any
Bool: TypeAlias = Any
"""Numba's types, not Python's: Numba infers the types of compiled code from its arguments."""

JIT_OFF = bool(numba.config.DISABLE_JIT)  # type: ignore[attr-defined]

FOLDER = Path(__file__).parent
BESIDES: tuple[Path, ...] = (
    FOLDER.parent / "codes.py",
    FOLDER.parent / "layout.py",
    FOLDER.parent / "record.py",
    FOLDER.parents[1] / "model" / "discrete.py",
)
"""Modules outside this folder that the kernel imports, directly or indirectly (tested)."""

_OPTIONS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    # Numba would count references to the arrays at every call, which took 50 times as long as a
    # small helper. The option forbids allocation, which the kernel does not need. It is not in
    # Numba's documentation; if a release drops it, compilation fails and says so.
    "_nrt": False,
}
# Python calls none of these functions, and wrappers for them took 3 of 18 s of compilation. These
# options are not documented either.
INSIDE = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def sources() -> list[Path]:
    """Files of the modules that the kernel consists of."""
    return [*sorted(FOLDER.glob("*.py")), *BESIDES]


def digest() -> int:
    """Return a number that changes with any of the sources."""
    found = hashlib.blake2b(digest_size=7)
    for file in sources():
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return int.from_bytes(found.digest(), "big")


def compiled(function: Function) -> Function:
    """Compile a function that only compiled code calls."""
    return numba.njit(**INSIDE)(function)  # type: ignore[no-any-return]


def inlined(function: Function) -> Function:
    """Inline a step of the event loop into its caller, in LLVM.

    Leaving this to LLVM saves a tenth of the compilation, but the kernel then takes 4 % longer.
    The log, the draws and the choice of a magazine, called from many steps, are shorter as calls.
    """
    return numba.njit(forceinline=True, **INSIDE)(function)  # type: ignore[no-any-return]


def merged(function: Function) -> Function:
    """Inline a step that is called only once into its caller before types are inferred.

    Numba optimises each function by itself and again within each caller: merging 16 steps saved
    a fifth of the compilation. Merging all of them takes longer, since Numba goes through the
    whole caller for each step.
    """
    return numba.njit(inline="always", **INSIDE)(function)  # type: ignore[no-any-return]


NO_CACHE = (
    "leakthrough: no folder for the compiled simulator can be written to, so each process compiles "
    "it anew (about 10 s); set the environment variable NUMBA_CACHE_DIR to a folder that can"
)


def entry(make: Callable[[int], Function]) -> Function:
    """Compile a function that Python calls, and cache it if a folder for the cache is writable.

    Parameters
    ----------
    make : callable
        Returns the function, which must close over the digest passed to `make`.
    """
    function = make(digest())
    if JIT_OFF:
        return _with_attributes(function)
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # With a read-only package and no HOME Numba finds no folder for the cache.
        warnings.warn(NO_CACHE, stacklevel=1)  # one place, so it is shown once
        return numba.njit(**_OPTIONS)(function)  # type: ignore[no-any-return]


def _with_attributes(function: Function) -> Function:
    """Call the function as plain Python, on records whose fields are attributes.

    Compiled code gets plain arrays, since Numba takes 8 us longer to recognise a dozen recarrays.
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
"""Position of the lowest bit that is set: a Numba intrinsic, which has no Python body."""
