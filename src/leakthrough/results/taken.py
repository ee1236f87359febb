"""Results as people hold them: checked, loaded, and in the form in which they were made.

A result may be lazy (opened by xarray, in chunks), a part of one, joined, transposed, or with
numbers of another type: a file or a mask turns whole numbers into floats, a text into objects.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import refused
from leakthrough.results.launched import is_drawn
from leakthrough.results.variables import Variable, variables_of
from leakthrough.statistics.arguments import as_numbers

if TYPE_CHECKING:
    import xarray as xr

FLOATS = (
    "rounds",
    *("depletion_time", "reserve_time", "busy_time", "tracks_full_time", "pool_full_time"),
    *("occurred", "expected"),
    *("first_dry", "stock_first_dry"),
    *("damage", "value_lost", "down_time", "depot_depletion_time"),
)
"""Variables of floats; all others count, in whole numbers."""
_TRUTHS = ("decoy",)
_KEPT = (
    *("salvo", "layer", "battery", "interceptor", "cause", "sample_time"),
    *("asset", "pool", "depot"),
    *("kind", "threat_class"),
)
"""Dimensions along which sums and covariances are taken."""
_FREE = {"replication", "raid", "statistic"}
"""Dimensions that a variable may have lost by a selection."""
_PRICES = ("threat_cost", "round_cost")
_LABELS = {
    "salvo": ("threat", "decoy", "threat_cost"),
    "battery": ("layer_of",),
    "interceptor": ("round_cost",),
    "asset": ("asset_value", "aim_points"),
    "pool": ("pool_channels",),
    "depot": ("depot_rounds", "interceptor_of"),
}
"""Coordinates that a result has along a dimension."""


def dataset_of(
    found: object,
    source: str,
    names: Iterable[str] = (),
    argument: str = "found",
    dims: Mapping[str, Sequence[object]] | None = None,
) -> "xr.Dataset":
    """Check that a value is a Dataset with some variables, and return it loaded into memory.

    With `dims`, these variables hold numbers along no other dimensions, each with at least one
    entry and with the labels given. Numbers in an array of objects are converted.
    """
    import xarray as xr

    origin = f"a Dataset that comes from leakthrough.{source}"
    if not isinstance(found, xr.Dataset):
        raise refused(argument, origin, found)
    if missing := [name for name in names if name not in found.variables]:
        raise ValueError(
            f"{argument}: must come from leakthrough.{source}; has no {', '.join(missing)}"
        )
    given = found.compute()
    if dims is None:
        return given
    for dim, labels in dims.items():
        held = given[dim].values.tolist() if given.sizes.get(dim) else []
        lost = [str(label) for label in labels if label not in held]
        if lost or not held:
            what = f"{dim} {', '.join(lost)}".strip()
            raise ValueError(f"{argument}: must come from leakthrough.{source}; has no {what}")
    own = {name: given.variables[name] for name in names if name in given.data_vars}
    for name, variable in own.items():
        _only_along(name, variable, dims, argument)
    return given.assign({name: as_numeric(name, each, argument) for name, each in own.items()})


def _only_along(name: str, variable: "xr.Variable", dims: Iterable[str], argument: str) -> None:
    if more := [dim for dim in map(str, variable.dims) if dim not in {*dims}]:
        text = f"{name} has the dimension {more[0]}, which is not known; select one entry of it"
        raise ValueError(f"{argument}: {text}, as in isel({more[0]}=0)")


def as_numeric(name: str, variable: "xr.Variable", argument: str) -> "xr.Variable":
    """A variable of numbers, also where they are in an array of objects; or ValueError."""
    if variable.dtype.kind in "biuf":
        return variable
    found = as_numbers(variable.values) if variable.dtype.kind == "O" else None
    if found is None:
        text = f"{name} must hold numbers; it holds values of type {variable.dtype}"
        raise ValueError(f"{argument}: {text}")
    return variable.copy(data=found)


def taken(
    result: object, source: str = "simulate", names: Iterable[str] = (), argument: str = "result"
) -> "xr.Dataset":
    """Return a result in memory, with the dimensions and the types of numbers that it was made in.

    Raises ValueError if it is not a result, or has lost what cannot be restored.
    """
    given = dataset_of(result, source, names, argument)
    check_unstacked(given, argument)
    for dim in _KEPT:
        if dim in given.coords and dim not in given.dims:
            text = f"has one {dim} only, without the dimension; keep it, as in isel({dim}=[0])"
            raise ValueError(f"{argument}: {text}")
    if not given.sizes.get("replication") and "statistic" not in given.dims and "leaked" in given:
        text = "has no replications; to select one, write isel(replication=[17])"
        raise ValueError(f"{argument}: {text}")
    if "dry_so_far" in given and "raid" not in given.coords:
        text = "is of a campaign, and has lost its raids; to select one, write isel(raid=0)"
        raise ValueError(f"{argument}: {text}")
    specs = variables_of(raids="raid" in given.coords, drawn=is_drawn(given))
    changed: dict[str, Any] = {}
    for name, variable in given.variables.items():
        spec = specs.get(str(name))
        is_own = spec is not None and name in given.data_vars
        if spec is not None and is_own:
            _check_dims(str(name), variable, spec, argument)
        if name in _PRICES:
            changed[str(name)] = as_numeric(str(name), variable, argument)
        elif variable.dtype.kind == "O" and not is_own:
            changed[str(name)] = variable.astype(np.str_)
        elif name in _TRUTHS and variable.dtype.kind != "b":
            changed[str(name)] = variable.astype(np.bool_)
        elif spec is not None and is_own and "statistic" not in given.dims:
            own = _restored(str(name), variable, spec, argument)
            if own is not variable:
                changed[str(name)] = own
    _check_distinct(given, argument)
    return given.assign(changed) if changed else given


def check_unstacked(given: "xr.Dataset", argument: str) -> None:
    """Raise ValueError if a dimension of a result is a part of another one."""
    for dim in ("replication", *_KEPT):
        if dim in given.coords and dim not in given.dims and given[dim].ndim:
            text = f"has {dim} as a part of {given[dim].dims[0]}; undo that, as by unstack"
            raise ValueError(f"{argument}: {text}")


def check_labels(given: "xr.Dataset", argument: str) -> None:
    """Raise ValueError if a result lacks coordinates along a dimension that it has."""
    present = [name for dim, names in _LABELS.items() if dim in given.coords for name in names]
    if missing := [name for name in present if name not in given.variables]:
        raise ValueError(f"{argument}: must keep its coordinates; has no {', '.join(missing)}")


def _check_distinct(given: "xr.Dataset", argument: str) -> None:
    """Raise ValueError if a replication is there twice: intervals would be too short."""
    held = given.coords.get("replication")
    if held is None or held.dims != ("replication",) or np.unique(held.values).size == held.size:
        return
    names = ("seed", "scenario_digest")
    along = [name for name in names if name in given.coords and given[name].ndim]
    columns = [given[name].values.tolist() for name in ("replication", *along)]
    [(run, number)] = Counter(zip(*columns, strict=True)).most_common(1)
    if number > 1:
        text = f"has replication {run[0]} more than once, so that intervals would be too short"
        advice = 'keep the seeds of joined results, as xarray.concat does with coords="different"'
        raise ValueError(f"{argument}: {text}; {advice}")


def _check_dims(name: str, variable: "xr.Variable", spec: Variable, argument: str) -> None:
    if lost := [dim for dim in spec.dims if dim not in {*variable.dims, *_FREE}]:
        text = f"{name} has no dimension {lost[0]}; keep it, as in isel({lost[0]}=[0])"
        raise ValueError(f"{argument}: {text}")


def _restored(name: str, variable: "xr.Variable", spec: Variable, argument: str) -> "xr.Variable":
    """A variable in the order of its dimensions, counts as whole numbers."""
    variable = as_numeric(name, variable, argument)
    counts = name not in FLOATS and variable.dtype.kind == "f"
    if counts and np.isnan(variable.values).any():
        text = "is missing in some places, perhaps by a mask"
        raise ValueError(f"{argument}: {name} {text}; select by isel or sel instead of where")
    for dim in [dim for dim in variable.dims if dim not in spec.dims]:  # joined or masked
        variable = _only(variable, str(dim), f"{argument}: {name}")
    order = [dim for dim in spec.dims if dim in variable.dims]
    if list(variable.dims) != order:
        variable = variable.transpose(*order)
    if name == "leaked" and variable.size and variable.values.min() < 0:
        raise ValueError(f"{argument}: leaked must hold whole numbers from 0")
    if not counts:
        return variable
    values = variable.values
    whole = np.rint(values)
    if (whole != values).any() or np.isinf(values).any():
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
