"""Estimates as labelled variables and Datasets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.quantities import described
from leakthrough.statistics.intervals import ESTIMATES

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


def measured(
    estimates: "npt.ArrayLike", long_name: str, *dims: str, units: str = "1"
) -> "xr.Variable":
    """Make a variable of estimates."""
    import xarray as xr

    values = np.asarray(estimates, np.float64)
    return xr.Variable(("estimate", *dims), values, described(long_name, units))


def labelled(
    variables: "Mapping[str, xr.Variable]", ready: "xr.Dataset", confidence: float
) -> "xr.Dataset":
    """Make a Dataset of estimates with those coordinates of the result that fit its dimensions."""
    import xarray as xr

    found = xr.Dataset(variables, attrs={"confidence": confidence})
    found = found.assign_coords(
        {name: at for name, at in ready.coords.items() if set(at.dims) <= set(found.dims)}
    )
    if "estimate" not in found.dims:
        return found
    attrs = {"long_name": f"estimate; low and high of the {100 * confidence:g} % interval"}
    return found.assign_coords(estimate=("estimate", list(ESTIMATES), attrs))


def statistics_of(ready: "xr.Dataset", name: str) -> "tuple[Array, Array]":
    """Mean and variance of a reduced variable."""
    found = ready[name].sel(statistic=["mean", "variance"]).values
    return found[0], found[1]


def number_of(ready: "xr.Dataset") -> int:
    """Number of replications of a reduced result."""
    return int(ready["replications"])
