"""Numbers that a caller gives, as arrays of floats."""

from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_SHOWN = 60
"""Characters of a wrong value in an error."""


def as_numbers(value: Any) -> Numbers | None:
    """Return real numbers as an array of floats; None if the value is anything else.

    Numbers are Python's and NumPy's, and lists, arrays, DataArrays and pandas objects of them.
    Text, bytes, dates, True and masked values are none.
    """
    if isinstance(value, bytes | bytearray | memoryview) or np.ma.is_masked(value):
        return None
    try:
        found = np.asarray(value)
        if found.dtype == object and all(map(_is_number, found.flat)):  # pandas, or huge integers
            found = found.astype(np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    return found.astype(np.float64) if found.dtype.kind in "iuf" else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def numbers(
    name: str, value: Any, allowed: str = "numbers", least: float = -np.inf, most: float = np.inf
) -> Numbers:
    """Return numbers within bounds as an array of floats, or raise ValueError; NaN is allowed.

    `allowed` is for the error.
    """
    found = as_numbers(value)
    if found is None or (found < least).any() or (found > most).any():
        raise refusal(name, allowed, value)
    return found


def refusal(name: str, allowed: str, value: object, must: str = "must be") -> ValueError:
    """Return the error of an argument: its name, what is allowed, and what it got."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a huge integer, deep nesting, or not shown
        text = f"a huge {type(value).__name__}"
    text = " ".join(text.split())
    text = text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    return ValueError(f"{name}: {must} {allowed}; got {text}")
