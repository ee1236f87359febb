"""Labelled variables of results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr


CURRENCY = "currency"


def described(long_name: str, units: str = "1") -> dict[str, str]:
    """Attributes of a variable; the CF conventions have no currency, so the long name states it."""
    if units == CURRENCY:
        return {"units": "1", "long_name": f"{long_name} [{CURRENCY}]"}
    return {"units": units, "long_name": long_name}


def quantity(
    dims: str | Sequence[str], values: "npt.ArrayLike", long_name: str, units: str = "1"
) -> "xr.Variable":
    """A variable with its units and its description."""
    import xarray as xr

    return xr.Variable(dims, values, described(long_name, units))
