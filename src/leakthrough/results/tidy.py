"""Results and estimates as pandas tables, one row for each thing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.results.labelled import MARKS
from leakthrough.results.taken import check_labels, check_unstacked, dataset_of

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd
    import xarray as xr

    Array = npt.NDArray[Any]

_TABLES = {
    ("salvo",): "salvos",
    ("layer",): "layers",
    ("salvo", "layer"): "kills",
    ("salvo", "cause"): "causes",
    ("battery",): "batteries",
    ("battery", "interceptor"): "magazines",
    ("interceptor",): "stocks",
    ("decision",): "decisions",
    ("asset",): "assets",
    ("pool",): "pools",
    ("depot",): "depots",
    ("kind",): "raid_kinds",
    ("threat_class",): "threat_stocks",
    ("user",): "users",
}
"""Name of the table of the variables of a result with these dimensions."""
_RUNS = ("replication", "raid")
_COLUMNS = ("statistic", "estimate", "quantile")
"""Dimensions whose entries become columns."""
_NAMES = (
    *("salvo", "threat", "layer", "battery", "interceptor", "cause", "decision"),
    *("asset", "pool", "depot"),
    *("kind", "threat_class", "user"),
    *("path", "end"),
)
_TOTALS = ("hits", "destroyed", "value_lost")
"""Variables of assets of which a sum over all of them makes sense."""
_INFINITE = ("remaining", "ready_rounds")  # -1 where the magazine is infinite


def tidy(found: "xr.Dataset") -> "dict[str, pd.DataFrame]":
    """Convert a result or the result of a study to pandas tables, one row for each thing.

    Use these tables instead of ``to_dataframe()``, whose rows are all combinations of salvo, layer,
    battery, interceptor, cause, time and replication.

    Parameters
    ----------
    found : xarray.Dataset
        From `simulate` or `simulate_campaign`, with either `keep`, or from `sweep` or another
        study. A selection of it can be converted too.

    Returns
    -------
    dict of str to pandas.DataFrame
        Columns have the names of the variables and coordinates, with their units. Names are
        categories. Of a result (in a campaign each row also has a `raid`, from 1):

        - `replications`: a row for each replication: `launched`, `leaked`, `killed`, `soft_killed`,
          `expended`; `leakers` (real threats only); `cost_spent` and `cost_stopped` [currency] as
          in `cost_exchange`, NaN where a cost is not given; with assets also `hits`, `destroyed`
          and `value_lost` of all of them;
        - `salvos`, `layers`: a row for each replication and salvo, or layer; `kills`: for each
          replication, salvo and layer; `causes`: leakers for each replication, salvo and cause;
        - `batteries`, `magazines`: a row for each replication and battery, or magazine that
          exists; of a campaign also `stocks`;
        - `assets`, `pools`, `depots`, if there are any: a row for each replication and asset, pool
          or depot;
        - `raid_kinds`, `threat_stocks`, if a campaign has a pattern: a row for each replication,
          raid and kind of raid, or stock of the attacker;
        - `users`, if others take from the stocks of a campaign: a row for each replication, raid
          and user;
        - `decisions`: a row for each replication and random decision;
        - `timeline`, if there is one: a row for each replication, `sample_time` and `quantity`
          (`ready_rounds`, `busy_channels`, `leaked_so_far`) of a magazine, battery or salvo.

        With ``keep="summary"`` there is no row for each replication: each variable has a column for
        each statistic, such as `leaked_mean` and `leaked_variance`, and for each quantile, such as
        `leaked_quantile_0.95`. The table `raids` replaces `replications`, and `leaker_counts` has
        the number of `replications` with each number of leakers. Covariances are left out.

        Of a study: variables along the same dimensions are in one table, and each estimate has a
        column for its mean, standard error, `low` and `high`. The table `points` has a row for
        each point of a sweep. Tables of measures grouped by names are called by the names'
        dimension, such as `salvo` or `path, end`; numbers without dimension are in `study`.

    Raises
    ------
    ValueError
        If the argument is not a Dataset, or a result without the coordinates that describe it.

    Examples
    --------
    >>> tables = lt.tidy(result)  # doctest: +SKIP
    >>> tables["magazines"].to_csv("magazines.csv", index=False)  # doctest: +SKIP
    """
    found = dataset_of(found, "simulate or a study")
    is_result = {"leaked", "launched", "rounds", "expended", "decoy"} <= set(found.variables)
    if is_result:
        check_unstacked(found, "found")
        check_labels(found, "found")
    return _of_result(found) if is_result else _of_study(found)


def measures_table(found: "xr.Dataset") -> "pd.DataFrame":
    """A table of estimates without other dimensions, with a row for each `measure`."""
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {}
    for name, own in found.data_vars.items():
        row = rows.setdefault(str(name).removesuffix("_quantile"), {})
        prefix = "quantile_" if own.dims == ("quantile",) else ""
        names = (f"{prefix}{at}" for at in own[own.dims[0]].values.tolist())
        row |= zip(names, own.values.tolist(), strict=True)
        for mark in MARKS:
            if f"{name}{mark}" in found.coords:
                row[mark.removeprefix("_")] = found[f"{name}{mark}"].item()
    for row in rows.values():
        row.setdefault("settled", True)  # Wilson's intervals carry no mark
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure").reset_index()


def frame(
    found: "Mapping[str, xr.DataArray]", dims: Sequence[str], kept: "xr.DataArray | None" = None
) -> "pd.DataFrame":
    """A table with a row for each combination of entries of `dims`, or for those of `kept`.

    Other dimensions become columns. Coordinates along `dims` come first.
    """
    import pandas as pd

    every = [(str(name), at) for own in found.values() for name, at in own.coords.items()]
    coords = {name: at for name, at in every if at.ndim and {*at.dims} <= {*dims}}
    sizes = {d: own.sizes[d] for own in found.values() for d in dims if d in own.dims}
    rows = None if kept is None else _spread(kept, dims, sizes)
    columns: dict[str, Any] = {}
    for name in [*dims, *(name for name in coords if name not in dims)]:
        own = coords[name] if name in coords else _numbered(name, sizes[name])
        columns[name] = _column(own, dims, sizes, rows)
    for name, own in found.items():
        for ending, part in _parts(own, dims):
            columns[f"{name}{ending}"] = _column(part, dims, sizes, rows)
    return pd.DataFrame(columns)


def _numbered(dim: str, size: int) -> "xr.DataArray":
    import xarray as xr

    return xr.DataArray(np.arange(size), dims=dim)


def _parts(own: "xr.DataArray", dims: Sequence[str]) -> "Iterable[tuple[str, xr.DataArray]]":
    """The parts of a variable that become columns, with the endings of their names."""
    others = [dim for dim in own.dims if dim not in dims]
    if not others:
        yield "", own
        return
    for at in own[others[0]].values.tolist():
        for ending, part in _parts(own.sel({others[0]: at}), dims):
            yield f"_{at}{ending}", part


def _column(
    own: "xr.DataArray", dims: Sequence[str], sizes: Mapping[str, int], rows: "Array | None"
) -> Any:
    """The values of a variable in each row; names as categories."""
    import pandas as pd

    names = None
    if own.dtype.kind in "UO":
        codes, names = pd.factorize(own.values.ravel().astype(object))
        own = own.copy(data=codes.reshape(own.shape))
    values = _spread(own, dims, sizes)
    values = values if rows is None else values[rows]
    return values if names is None else pd.Categorical.from_codes(values, names)


def _spread(own: "xr.DataArray", dims: Sequence[str], sizes: Mapping[str, int]) -> "Array":
    """The values of a variable in each combination of entries of `dims`, as one dimension."""
    ordered = own.transpose(*(dim for dim in dims if dim in own.dims)).values
    shape = [sizes[dim] if dim in own.dims else 1 for dim in dims]
    return np.broadcast_to(ordered.reshape(shape), [sizes[dim] for dim in dims]).ravel()


# ---------------------------------------------------------------- results


def _of_result(result: "xr.Dataset") -> "dict[str, pd.DataFrame]":
    result = result.assign({name: _infinite(result[name]) for name in _INFINITE if name in result})
    kept = "statistic" not in result.dims
    runs = [dim for dim in _RUNS if dim in result.dims]
    totals = _totals(result) if kept else _reduced_totals(result)
    found = {"replications" if kept else "raids": frame(totals, runs)}
    for dims, name in _TABLES.items():
        own = _along(_sums(result) if kept else result, dims)
        if own:
            found[name] = frame(own, [*runs, *dims], _existing(result, dims))
    if "replications_by_leakers" in result:
        often = result["replications_by_leakers"].rename(leaker_count="leakers")
        found["leaker_counts"] = frame({"replications": often}, [*map(str, often.dims)])
    if "sample_time" in result.dims:
        found["timeline"] = _timeline(result, runs)
    return found


def _infinite(rounds: "xr.DataArray") -> "xr.DataArray":
    return rounds.where(rounds != -1, np.inf)


def _along(result: "xr.Dataset", dims: Sequence[str]) -> "dict[str, xr.DataArray]":
    """Variables along these dimensions, besides runs and statistics; short names."""
    [only, *others] = dims
    prefix = "" if others else f"{only}_"
    return {
        str(name).removeprefix(prefix): own
        for name, own in result.data_vars.items()
        if {*own.dims} - {*_RUNS, *_COLUMNS} == {*dims}
    }


def _sums(result: "xr.Dataset") -> "xr.Dataset":
    """The result with the kills of each layer and of each salvo."""
    return result.assign(
        {
            f"{kept}_{name}": result[name].sum(over)
            for name in ("killed", "soft_killed")
            for kept, over in (("layer", "salvo"), ("salvo", "layer"))
            if {"layer", "salvo"} <= {*result[name].dims}
        }
    )


def _totals(result: "xr.Dataset") -> "dict[str, xr.DataArray]":
    """Sums over the raid."""

    def total(values: "xr.DataArray") -> "xr.DataArray":
        return values.sum([dim for dim in values.dims if dim not in _RUNS], skipna=False)

    real, carried = ~result["decoy"], result["rounds"].notnull()
    if "battery" in carried.dims:
        carried = carried.any("battery")
    found = {
        name: total(result[name])
        for name in ("launched", "leaked", "killed", "soft_killed", "expended", *_TOTALS)
        if name in result
    }
    stopped = result["launched"] - result["leaked"]
    return {
        "leakers": total(result["leaked"] * real),
        **found,
        "cost_spent": total(result["expended"] * result["round_cost"].where(carried, 0)),
        "cost_stopped": total(stopped * result["threat_cost"].where(real, 0)),
    }


def _reduced_totals(result: "xr.Dataset") -> "dict[str, xr.DataArray]":
    """Reduced sums over the raid, with their quantiles."""
    names = {"leakers": "leakers", **{name: f"total_{name}" for name in _TOTALS}}
    return {
        f"{name}{ending}": result[f"{source}{ending}"]
        for name, source in names.items()
        for ending in ("", "_quantile")
        if f"{source}{ending}" in result
    }


def _existing(result: "xr.Dataset", dims: Sequence[str]) -> "xr.DataArray | None":
    """Where there is such a magazine or stock; None: everywhere."""
    if dims == ("battery", "interceptor"):
        return result["rounds"].notnull()
    if dims == ("interceptor",) and "stock" in result:
        stock = result["stock"]
        return (stock >= 0).all([dim for dim in stock.dims if dim != "interceptor"])
    return None


def _timeline(result: "xr.Dataset", runs: Sequence[str]) -> "pd.DataFrame":
    """Samples of all quantities, one below the other."""
    import pandas as pd

    whose = ("salvo", "battery", "interceptor")
    parts = []
    sampled = [name for name, own in result.data_vars.items() if "sample_time" in own.dims]
    for name in sampled:
        own = result[name]
        dims = [*runs, "sample_time", *(dim for dim in whose if dim in own.dims)]
        kept = _existing(result, ("battery", "interceptor")) if "interceptor" in dims else None
        columns = _parts(own.reset_coords(drop=True), dims)
        values = {ending.removeprefix("_") or "value": part for ending, part in columns}
        parts.append(frame(values, dims, kept).assign(quantity=name))
    found = pd.concat(parts, ignore_index=True)
    names = [name for name in ("quantity", *whose) if name in found]
    found = found.astype(dict.fromkeys(names, "category"))
    first = [*runs, "sample_time", *names]
    return found[[*first, *found.columns.difference(first, sort=False)]]


# ---------------------------------------------------------------- studies


def _of_study(found: "xr.Dataset") -> "dict[str, pd.DataFrame]":
    groups: dict[tuple[str, ...], dict[str, xr.DataArray]] = {}
    for name, own in found.data_vars.items():
        dims = tuple(str(dim) for dim in found.dims if dim in own.dims and dim not in _COLUMNS)
        groups.setdefault(dims, {})[str(name)] = own
    names: dict[str, tuple[str, ...]] = {}
    for dims in sorted(groups, key=len, reverse=True):
        name = ", ".join(dim for dim in dims if dim in _NAMES) or ("points" if dims else "study")
        names[", ".join(dims) if name in names else name] = dims
    return {name: frame(groups[dims], dims) for name, dims in names.items()}
