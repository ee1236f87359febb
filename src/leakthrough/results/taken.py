"""Results as people hold them: checked, loaded, and in the form in which they were made.

A result may be lazy (opened by xarray, in chunks), a part of one, joined, transposed, or with
numbers of another type: a file or a mask turns whole numbers into floats, a text into objects.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import refused
from leakthrough.results.variables import VARIABLES, Variable, raid_variables

if TYPE_CHECKING:
    import xarray as xr

FLOATS = ("rounds", "depletion_time", "reserve_time", "busy_time", "first_dry", "stock_first_dry")
"""Variables of floats; all others count, in whole numbers."""
_TRUTHS = ("decoy",)
_KEPT = ("salvo", "layer", "battery", "interceptor", "cause", "sample_time")
"""Dimensions along which sums and covariances are taken."""
_LABELS = {
    "salvo": ("threat", "decoy", "threat_cost"),
    "battery": ("layer_of",),
    "interceptor": ("round_cost",),
}
"""Coordinates that a result has along a dimension."""


def dataset_of(
    found: object, source: str, names: Iterable[str] = (), argument: str = "found"
) -> "xr.Dataset":
    """Check that a value is a Dataset with some variables, and return it loaded into memory."""
    import xarray as xr

    origin = f"a Dataset that comes from leakthrough.{source}"
    if not isinstance(found, xr.Dataset):
        raise refused(argument, origin, found)
    if missing := [name for name in names if name not in found.variables]:
        raise ValueError(
            f"{argument}: must come from leakthrough.{source}; has no {', '.join(missing)}"
        )
    return found.compute()


def taken(
    result: object, source: str = "simulate", names: Iterable[str] = (), argument: str = "result"
) -> "xr.Dataset":
    """Return a result in memory, with the dimensions and the types of numbers that it was made in.

    Raises ValueError if it is not a result, or has lost what cannot be restored.
    """
    given = dataset_of(result, source, names, argument)
    for dim in _KEPT:
        if dim in given.coords and dim not in given.dims:
            text = f"has one {dim} only, without the dimension; keep it, as in isel({dim}=[0])"
            raise ValueError(f"{argument}: {text}")
    if "dry_so_far" in given and "raid" not in given.coords:
        text = "is of a campaign, and has lost its raids; to select one, write isel(raid=0)"
        raise ValueError(f"{argument}: {text}")
    if not given.sizes.get("replication") and "statistic" not in given.dims and "leaked" in given:
        text = "has no replications; to select one, write isel(replication=[17])"
        raise ValueError(f"{argument}: {text}")
    specs = raid_variables() if "raid" in given.coords else VARIABLES
    changed: dict[str, Any] = {}
    for name, variable in given.variables.items():
        spec = specs.get(str(name), VARIABLES.get(str(name)))
        if variable.dtype.kind == "O":
            changed[str(name)] = variable.astype(np.str_)
        elif name in _TRUTHS and variable.dtype.kind != "b":
            changed[str(name)] = variable.astype(np.bool_)
        elif spec is not None and name in given.data_vars and "statistic" not in given.dims:
            own = _restored(str(name), variable, spec, argument)
            if own is not variable:
                changed[str(name)] = own
    return given.assign(changed) if changed else given


def check_labels(given: "xr.Dataset", argument: str) -> None:
    """Raise ValueError if a result lacks coordinates along a dimension that it has."""
    present = [name for dim, names in _LABELS.items() if dim in given.coords for name in names]
    if missing := [name for name in present if name not in given.coords]:
        raise ValueError(f"{argument}: must keep its coordinates; has no {', '.join(missing)}")


def _restored(name: str, variable: "xr.Variable", spec: Variable, argument: str) -> "xr.Variable":
    """A variable in the order of its dimensions, counts as whole numbers."""
    counts = name not in FLOATS and variable.dtype.kind == "f"
    if counts and np.isnan(variable.values).any():
        text = "is missing in some places, perhaps by a mask"
        raise ValueError(f"{argument}: {name} {text}; select by isel or sel instead of where")
    for dim in [dim for dim in variable.dims if dim not in spec.dims]:  # joined or masked
        variable = _only(variable, str(dim), f"{argument}: {name}")
    order = [dim for dim in spec.dims if dim in variable.dims]
    if list(variable.dims) != order:
        variable = variable.transpose(*order)
    if not counts:
        return variable
    values = variable.values
    whole = np.rint(values)
    if (whole != values).any():
        raise ValueError(f"{argument}: {name} must hold whole numbers")
    return variable.copy(data=whole.astype(np.int64))


def _only(variable: "xr.Variable", dim: str, what: str) -> "xr.Variable":
    """The values at one position of a dimension, if all have the same; `what` is for the error."""
    first = variable.isel({dim: slice(0, 1)})
    same = np.array_equal(
        variable.values,
        np.broadcast_to(first.transpose(*variable.dims).values, variable.shape),
        equal_nan=variable.dtype.kind == "f",
    )
    if same and variable.sizes[dim]:
        return first.isel({dim: 0})
    advice = 'select a part, or join results of one scenario with data_vars="minimal"'
    raise ValueError(f"{what} differs along {dim}, which it has not in a result; {advice}")
