"""Assembles the arrays of a simulation into a Dataset."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.results.variables import COORDINATES, VARIABLES, raid_variables

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


def dataset(
    arrays: "Mapping[str, Array]",
    coordinates: Mapping[str, Any],
    *,
    seed: int,
    digest: str,
    provenance: str,
) -> "xr.Dataset":
    """Assemble a result; each array must have the dimensions that its spec declares."""
    import xarray as xr

    specs = {**VARIABLES, **(raid_variables() if "raid" in coordinates else {})}
    data = {
        name: xr.Variable(specs[name].dims, array, specs[name].attrs)
        for name, array in arrays.items()
    }
    attrs = {"provenance": provenance, "Conventions": "CF-1.11"}
    scalars = {
        "seed": xr.Variable((), np.int64(seed), {"long_name": COORDINATES["seed"]}),
        "scenario_digest": xr.Variable((), digest, {"long_name": COORDINATES["scenario_digest"]}),
    }
    return xr.Dataset(data, {**coordinates, **scalars}, attrs)
