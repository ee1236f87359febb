"""Labelled variables of results."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr


def quantity(
    dims: str | Sequence[str], values: "npt.ArrayLike", long_name: str, units: str = "1"
) -> "xr.Variable":
    """A variable with its units and its description."""
    import xarray as xr

    return xr.Variable(dims, values, {"units": units, "long_name": long_name})
