"""Estimates as labelled variables and Datasets."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.quantities import described
from leakthrough.results.files import writable
from leakthrough.statistics.controls import DONE, Residuals
from leakthrough.statistics.intervals import ESTIMATES
from leakthrough.statistics.means import SETTLED, Moments

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


INTERVAL = SETTLED + 1
"""Index, after those of `ESTIMATES`, of what was done for a mean with controls: its code."""
MARKS = ("_settled", "_interval")
"""Endings of the names of marks: of being settled, and of what was done."""
CONTROLLED = ("controlled_mean", "residual_variance")
"""Further statistics where controls narrow intervals: `leakthrough.statistics.controls.Residuals`.
"""


def measured(
    estimates: "npt.ArrayLike", long_name: str, *dims: str, units: str = "1"
) -> "xr.Variable":
    """Make a variable of estimates, which may be followed by their marks."""
    import xarray as xr

    values = np.asarray(estimates, np.float64)
    return xr.Variable(("estimate", *dims), values, described(long_name, units))


def with_settled(variables: "Mapping[str, xr.Variable]") -> "dict[str, xr.Variable]":
    """Variables, each followed by its marks: whether it is settled, and what was done for it."""
    import xarray as xr

    found = {}
    for name, variable in variables.items():
        found[name] = variable
        rows = variable.sizes.get("estimate", 0)
        if rows > SETTLED:
            found[name] = variable.isel(estimate=slice(SETTLED))
            settled = variable.isel(estimate=SETTLED)
            text = f"whether the interval can be trusted: {variable.attrs['long_name']}"
            attrs = {"units": "1", "long_name": text}
            found[f"{name}_settled"] = xr.Variable(settled.dims, settled.values == 1.0, attrs)
        if rows > INTERVAL:
            done = _text_of(variable.isel(estimate=INTERVAL).values)
            attrs = {"long_name": f"how the interval was made: {variable.attrs['long_name']}"}
            found[f"{name}_interval"] = xr.Variable(settled.dims, done, attrs)
    return found


def _text_of(codes: "Array") -> "Array":
    """What was done, by its code; empty where that is NaN, since there is no such thing."""
    found: Array = np.array((*DONE, ""))[np.where(np.isnan(codes), -1, codes).astype(np.int64)]
    return found


def with_marks(found: "xr.Dataset") -> "xr.Dataset":
    """The Dataset with its marks as coordinates: its variables are numbers to compute with.

    Not for sweeps, since netCDF and zarr cannot mark coordinates with spaces in their names.
    """
    return found.set_coords([name for name in found.data_vars if str(name).endswith(MARKS)])


def labelled(
    variables: "Mapping[str, xr.Variable]", ready: "xr.Dataset", confidence: float
) -> "xr.Dataset":
    """Make a Dataset of estimates with those coordinates of the result that fit its dimensions.

    Means NAME have a coordinate NAME_settled: whether their intervals can be trusted. If they were
    estimated with controls, NAME_interval says what was done
    (`leakthrough.statistics.controls.DONE`).
    """
    import xarray as xr

    found = with_marks(xr.Dataset(with_settled(variables), attrs={"confidence": confidence}))
    found = found.assign_coords(
        {name: at for name, at in ready.coords.items() if set(at.dims) <= set(found.dims)}
    )
    if "estimate" in found.dims:
        attrs = {"long_name": f"estimate; low and high of the {100 * confidence:g} % interval"}
        found = found.assign_coords(estimate=("estimate", list(ESTIMATES), attrs))
    return writable(found)


def moments_in(ready: "xr.Dataset", name: str) -> Moments:
    """Moments of a reduced variable, with its estimates with controls if it has them."""
    wanted = ["mean", "variance", "skewness", "minimum", "maximum"]
    *own, low, high = ready[name].sel(statistic=wanted).values
    controlled, largest = None, np.maximum(np.abs(low), np.abs(high))
    if "controls" in ready:
        rows = ready[name].sel(statistic=list(CONTROLLED)).values
        if not np.isnan(rows[0]).all():
            mean, variance = rows
            controlled = Residuals(mean, variance, int(ready["controls"]))
    return Moments(own[0], own[1], own[2], largest, controlled)


def without_controls(ready: "xr.Dataset") -> "xr.Dataset":
    """A reduced result without its estimates with controls."""
    if "controls" not in ready:
        return ready
    names = [name for name in ready.data_vars if str(name).startswith("residual_")]
    ready = ready.drop_vars(["controls", *names])
    return ready.sel(statistic=~ready["statistic"].isin(CONTROLLED))


def number_of(ready: "xr.Dataset") -> int:
    """Number of replications of a reduced result."""
    return int(ready["replications"])
