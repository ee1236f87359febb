"""Numbers that a caller gives, as arrays of floats."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

_SHOWN = 60
"""Characters of a wrong value in an error."""


def as_python(value: Decimal | Fraction | np.generic) -> Any:
    """A number of another kind as Python's int or float; dates and what is no number unchanged."""
    if isinstance(value, np.generic):
        if value.dtype.kind in "mM":  # NumPy makes nanoseconds a number, and NaT None
            return value if np.isnat(value) else value.astype(f"{value.dtype.kind}8[us]").item()
        return _as_float(value) if isinstance(value, np.longdouble) else value.item()
    found = _as_float(value)
    return int(value) if isinstance(found, float) and found.is_integer() else found


def _as_float(value: Any) -> Any:
    """The nearest float; a signalling NaN, or what is finite but too large for one, unchanged."""
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return value
    return value if math.isinf(found) and abs(value) != math.inf else found


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
            found = np.reshape([_as_float(number) for number in found.flat], found.shape)
    except (TypeError, ValueError, OverflowError):
        return None
    return found.astype(np.float64) if found.dtype.kind in "iuf" else None


def _is_number(value: object) -> bool:
    kinds = int | float | np.integer | np.floating | Decimal | Fraction
    return isinstance(value, kinds) and not isinstance(value, bool)


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
