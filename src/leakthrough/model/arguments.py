"""Checks of the arguments of public calls: one for each kind.

Each returns the argument in one form, or raises ValueError with its name, what is allowed, and
what it got.
"""

import math
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from leakthrough.model.base import Model, checked, plain
from leakthrough.model.errors import ScenarioError, nearest, shown

T = TypeVar("T")
_SEVERAL = (list, tuple, Mapping)


def refused(name: str, allowed: str, value: object, known: Collection[str] = ()) -> ValueError:
    """Return the error of an argument; `known` are names that it may have misspelt."""
    return ValueError(f"{name}: must be {allowed}; got {shown(value)}{nearest(value, known)}")


def number_in(value: object) -> int | float | None:
    """A real number as Python's; None if the value is anything else.

    It may be NumPy's, or in an array, a DataArray or a pandas object without dimensions.
    """
    found = None if isinstance(value, _SEVERAL) else plain(value)  # they may be nested deeply
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def real_in(value: object) -> float:
    """A real number as Python's float; NaN if the value is anything else, infinite if too large."""
    found = number_in(value)
    try:
        return math.nan if found is None else float(found)
    except OverflowError:
        return math.inf


def whole_in(value: object) -> int | None:
    """A whole number as Python's, also one given as 7.0; None if the value is anything else."""
    found = number_in(value)
    if isinstance(found, float):
        return int(found) if found.is_integer() else None
    return found


def whole(name: str, value: object, least: int = 0, most: int | None = 10**9) -> int:
    """Check a whole number within bounds; `most` None: without an upper one."""
    found = whole_in(value)
    if found is None or found < least or (most is not None and found > most):
        bits = (most or 0).bit_length()
        end = f"2**{bits} - 1" if bits > 31 and most == 2**bits - 1 else most
        to = "" if most is None else f" to {end}"
        raise refused(name, f"a whole number from {least}{to}", value)
    return found


def real(name: str, value: object, *, above: float = -math.inf) -> float:
    """Check a finite number, above another one if that is given."""
    found = real_in(value)
    if not above < found < math.inf:
        lower = "" if math.isinf(above) else f" above {above:g}"
        raise refused(name, f"a finite number{lower}", value)
    return found


def flag(name: str, value: object) -> bool:
    """Check a choice between True and False."""
    found = None if isinstance(value, _SEVERAL) else plain(value)
    if not isinstance(found, bool):
        raise refused(name, "True or False", value)
    return found


def one_of(name: str, value: T, known: Sequence[object]) -> T:
    """Check that a value is one of a few texts, or None where that is one of them."""
    if not (value is None or isinstance(value, str)) or value not in known:
        names = [one for one in known if isinstance(one, str)]
        none = " or None" if None in known else ""
        raise refused(name, f"one of {', '.join(names)}{none}", value, names)
    return plain(value)  # type: ignore[no-any-return]


def of_class(name: str, value: object, *kinds: type[T]) -> T:
    """Check that a value is of one of some classes; a part that was not checked is checked."""
    if not isinstance(value, kinds):
        listed = " or ".join(f"a {kind.__name__}" for kind in kinds)
        raise refused(name, listed, value)
    try:
        return checked(value) if isinstance(value, Model) else value  # type: ignore[return-value]
    except ScenarioError as error:
        raise ScenarioError(*(f"{name}: {each}" for each in error.mistakes)) from None


def path_of(name: str, value: object) -> Path:
    """Check that a value is a path."""
    try:
        if isinstance(value, str | Path) and b"\0" not in os.fsencode(value):
            return Path(value)
    except UnicodeEncodeError:  # half of a surrogate pair
        pass
    raise refused(name, "a path, text or a pathlib.Path", value)


def listed(name: str, value: object, of: str) -> list[Any]:
    """Check that a value is a list (or a tuple, an array) of at least one thing."""
    found = plain(value) if hasattr(value, "__array__") else value
    if isinstance(found, str | bytes | Mapping) or not isinstance(found, Sequence) or not found:
        raise refused(name, f"a list of {of}, at least one", value)
    return list(found)


def table(name: str, value: object, of: str) -> Mapping[str, Any]:
    """Check that a value is a mapping with at least one name."""
    # A Dataset is a mapping too.
    is_table = isinstance(value, Mapping) and not hasattr(value, "dims")
    if not is_table or not value or not all(isinstance(key, str) for key in value):  # type: ignore[attr-defined]
        raise refused(name, f"a mapping of {of}, at least one", value)
    return value  # type: ignore[return-value]
