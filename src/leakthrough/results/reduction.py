"""Exact reductions over replications, in memory that is independent of their number.

Sums and sums of squares are exact integers, so they do not depend on the order of the
replications: any number of workers gives the same bits.
"""

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE
from leakthrough.results.controls import Controls, measured_names, residuals_of
from leakthrough.results.files import writable
from leakthrough.results.integer_sums import Array, Histogram, Moments, exact_products, ratio
from leakthrough.results.labelled import CONTROLLED
from leakthrough.results.taken import check_labels, taken
from leakthrough.results.variables import CAMPAIGN_VARIABLES, VARIABLES, Variable
from leakthrough.statistics import means
from leakthrough.statistics.controls import ControlSums, Fit

if TYPE_CHECKING:
    import xarray as xr

    from leakthrough.engine.jobs import Block, Job

STATISTICS = ("mean", "variance", "minimum", "maximum", "skewness")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
UNITS = {
    **dict.fromkeys(("depletion_time", "reserve_time", "busy_time"), TICKS_A_SECOND),
    **dict.fromkeys(("occurred", "expected"), WORD_RANGE),
}
"""Variables of floats, and the number by which they become whole. Times may be missing."""
QUANTILES_OF = ("leaked", "leakers", "layer_killed", "expended")
COVARIANCES = {
    "leaked_covariance": ("leaked", "leaked"),
    "expended_covariance": ("expended", "expended"),
    "leaked_expended_covariance": ("leaked", "expended"),
}
_AXES = {"leaked": "salvo", "expended": "interceptor"}
_TEXTS = {"leaked": "threats that got through", "expended": "rounds expended"}
_SUMS = {"leakers": Variable((), "real threats that got through")} | {
    f"{dim}_{name}": Variable((dim,), VARIABLES[name].long_name)
    for dim in ("layer", "salvo")
    for name in ("killed", "soft_killed")
}
_EVERY = {**VARIABLES, **CAMPAIGN_VARIABLES, **_SUMS}
_DIMS = {
    name: tuple(dim for dim in variable.dims if dim not in ("replication", "raid"))
    for name, variable in _EVERY.items()
}


def _sums(rows: "Mapping[str, Array]", decoys: "Array") -> "dict[str, Array]":
    """Sums within each replication, whose variance does not follow from that of the summands."""
    return {
        "leakers": rows["leaked"][..., ~decoys].sum(axis=-1),
        "layer_killed": rows["killed"].sum(axis=-2),
        "layer_soft_killed": rows["soft_killed"].sum(axis=-2),
        "salvo_killed": rows["killed"].sum(axis=-1),
        "salvo_soft_killed": rows["soft_killed"].sum(axis=-1),
    }


class Reduction:
    """Running reductions of all result variables.

    Salvos that are `decoys` (S,) do not count as leakers of the raid. With `raids`, the second axis
    of all variables is the raids of a campaign. Means of a raid whose controls are `known` are
    estimated with them too.
    """

    def __init__(self, decoys: "Array", raids: bool = False, known: Controls | None = None) -> None:
        self.known = None if raids else known
        self.controls: ControlSums | None = None
        self.decoys = np.asarray(decoys, dtype=np.bool_)
        self.leading = ("raid",) if raids else ()
        self.replications = 0
        self.moments: dict[str, Moments] = {}
        self.histograms: dict[str, Histogram] = {}
        self.products: dict[str, Any] = {}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def take_rows(self, rows: "Mapping[str, Array]") -> None:
        """Add result variables of replications, their first axis, in any order."""
        number = len(rows["leaked"])
        if number == 0:
            return
        self.replications += number
        every = {**rows, **_sums(rows, self.decoys)}
        for name, values in every.items():
            self.shapes[name] = values.shape[1:]
            moments = self.moments.setdefault(name, Moments())
            if name in UNITS:
                present = ~np.isnan(values)
                whole = np.rint(np.where(present, values, 0.0) * UNITS[name]).astype(np.int64)
                moments.take(whole, present)
            else:
                moments.take(values)
        for name in QUANTILES_OF:
            self.histograms.setdefault(name, Histogram()).take(every[name])
        self._take_controls(every)
        pairs = {"leaked": rows["leaked"], "expended": rows["expended"].sum(axis=-2)}
        for name, (left, right) in COVARIANCES.items():
            products = self._products(pairs[left], pairs[right])
            self.products[name] = self.products.get(name, 0) + products

    def _take_controls(self, every: "Mapping[str, Array]") -> None:
        """Add what the estimates with controls need."""
        if self.known is None:
            return
        number = len(every["leaked"])
        names = measured_names(self.shapes)
        parts = [every[name].reshape(number, -1) for name in names]
        measures = np.concatenate(parts, axis=1).astype(np.int64, copy=False)
        controls = self.known.numbers(every["occurred"], every["expected"])
        if self.controls is None:
            self.controls = ControlSums(controls.shape[1], measures.shape[1])
        self.controls.take(controls, measures)

    def _products(self, left: "Array", right: "Array") -> "Array":
        if not self.leading:
            return exact_products(left, right)
        raids = range(left.shape[1])
        return np.stack([exact_products(left[:, raid], right[:, raid]) for raid in raids])

    def merge(self, other: "Reduction") -> None:
        """Add the reductions of other replications."""
        if self.controls is None:
            self.controls = other.controls
        elif other.controls is not None:
            self.controls.merge(other.controls)
        self.replications += other.replications
        self.shapes.update(other.shapes)
        for name, moments in other.moments.items():
            self.moments.setdefault(name, Moments()).merge(moments)
        for name, histogram in other.histograms.items():
            self.histograms.setdefault(name, Histogram()).add(histogram.counts)
        for name, products in other.products.items():
            self.products[name] = self.products.get(name, 0) + products

    def variables(self) -> "dict[str, xr.Variable]":
        """Reduced variables, with `statistic` instead of `replication` as first dimension."""
        import xarray as xr

        found = {}
        every = {n: own.statistics(UNITS.get(n, 1)) for n, own in self.moments.items()}
        controlled = self._controlled(every)
        for name, statistics in every.items():
            dims = (*self.leading, *_DIMS[name])
            if controlled is not None:
                shape = len(CONTROLLED), *statistics.shape[1:]
                own = controlled.rows.get(name, np.full(shape, np.nan)).reshape(shape)
                statistics = np.concatenate([statistics, own])
            found[name] = xr.Variable(("statistic", *dims), statistics, _EVERY[name].attrs)
        for name, histogram in self.histograms.items():
            values = histogram.quantiles(QUANTILES, self.shapes[name])
            attrs = {"units": "1", "long_name": f"quantiles of {_EVERY[name].long_name}"}
            dims = ("quantile", *self.leading, *_DIMS[name])
            found[f"{name}_quantile"] = xr.Variable(dims, values, attrs)
        if controlled is not None:
            attrs = {"units": "1", "long_name": "number of controls with which means are estimated"}
            found["controls"] = xr.Variable((), np.int64(controlled.fit.controls), attrs)
        return {**found, **self._frequencies(), **self._covariances(controlled)}

    def _controlled(self, every: "Mapping[str, Array]") -> "_Controlled | None":
        """Estimates with controls, by variable."""
        if self.controls is None or self.known is None:
            return None
        names = measured_names(self.shapes)
        parts = [every[name].reshape(len(STATISTICS), -1) for name in names]
        mean, variance, _, _, skewness = np.concatenate(parts, axis=1)
        moments = means.Moments(mean, variance, skewness)
        expected = every["expected"][0]
        found = residuals_of(self.controls, self.known, expected, moments)
        if found is None:
            return None
        fit, residuals = found
        rows = np.stack(np.broadcast_arrays(*residuals[: len(CONTROLLED)]))
        stops = np.cumsum([part.shape[1] for part in parts])
        own = dict(zip(names, np.split(rows, stops[:-1], axis=1), strict=True))
        at = dict(zip(names, np.split(np.arange(mean.size), stops[:-1]), strict=True))
        return _Controlled(fit, own, at)

    def _frequencies(self) -> "dict[str, xr.Variable]":
        import xarray as xr

        leakers = self.histograms["leakers"].counts
        text = "replications in which "
        reached = {
            "dry": ("depletion_time", "the magazine ran dry"),
            "reserve_reached": ("reserve_time", "only reserved rounds or none were left"),
        }
        return {
            "replications_by_leakers": xr.Variable(
                (*self.leading, "leaker_count"),
                leakers if self.leading else leakers[0],
                {"units": "1", "long_name": text + "this many real threats got through"},
            ),
            **{
                name: xr.Variable(
                    (*self.leading, *_DIMS[time]),
                    np.asarray(self.moments[time].number, dtype=np.int64),
                    {"units": "1", "long_name": text + event},
                )
                for name, (time, event) in reached.items()
            },
        }

    def _covariances(self, controlled: "_Controlled | None") -> "dict[str, xr.Variable]":
        import xarray as xr

        totals = {name: np.asarray(self.moments[name].total) for name in ("leaked", "expended")}
        totals["expended"] = totals["expended"].sum(axis=-2)
        number, found = self.replications, {}
        for name, (left, right) in COVARIANCES.items():
            outer = totals[left][..., :, np.newaxis] * totals[right][..., np.newaxis, :]
            spread = number * self.products[name] - outer
            covariance = ratio(spread, np.full(spread.shape, number * (number - 1), dtype=object))
            dims = _AXES[left], (f"other_{_AXES[right]}" if left == right else _AXES[right])
            text = f"covariance of {' and '.join(dict.fromkeys((_TEXTS[left], _TEXTS[right])))}"
            attrs = {"units": "1", "long_name": text}
            found[name] = xr.Variable((*self.leading, *dims), covariance, attrs)
            if controlled is not None and {left, right} <= controlled.at.keys():
                shapes = self.shapes[left], self.shapes[right]
                rest = covariance - controlled.explained((left, right), shapes)
                more = {**attrs, "long_name": f"{text}, of the residuals of their controls"}
                found[f"residual_{name}"] = xr.Variable(dims, controlled.fit.scale * rest, more)
        return found


class _Controlled(NamedTuple):
    """Estimates with controls of the variables of a reduction."""

    fit: Fit
    rows: "dict[str, Array]"  # `CONTROLLED` by variable, flat
    at: "dict[str, Array]"  # indices among the measures

    def explained(
        self, names: tuple[str, str], shapes: "tuple[tuple[int, ...], tuple[int, ...]]"
    ) -> "Array":
        """Explained part of covariances, of sums over batteries."""
        total = 0.0
        for pivot in self.fit.pivots:
            left, right = (
                own[self.at[name]].reshape(-1, shape[-1]).sum(axis=0)
                for own, name, shape in zip(pivot, names, shapes, strict=True)
            )
            total = total + np.multiply.outer(left, right)
        return np.asarray(total / (self.fit.number - 1))


_merging = threading.Lock()  # global: instances are pickled to other processes, locks cannot be


class Summaries:
    """A sink that keeps only the reductions of the blocks."""

    def __init__(self, job: "Job", decoys: "Array", known: Controls) -> None:
        self.known = known
        self.job, self.decoys = job, decoys
        self.reduction = self._new()

    def _new(self) -> Reduction:
        return Reduction(self.decoys, self.job.along_raids, self.known)

    def take(self, start: int, block: "Block") -> None:
        """Reduce the rows of some replications; may be called by several threads at once."""
        reduction = self._new()
        reduction.take_rows(self.job.variables(block))
        with _merging:
            self.reduction.merge(reduction)

    def alike(self, replications: int) -> "Summaries":
        """An empty sink of the same kind."""
        return Summaries(self.job, self.decoys, self.known)

    def merge(self, start: int, other: "Summaries") -> None:
        """Add the reductions of other replications."""
        self.reduction.merge(other.reduction)


def reduced(result: "xr.Dataset") -> "xr.Dataset":
    """Reduce a result with its replications to what ``keep="summary"`` gives, bit for bit.

    A part of the replications or several joined results can be reduced too. A reduced result is
    returned unchanged.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`.

    Returns
    -------
    xarray.Dataset
        Each variable with the dimension `statistic` (mean, variance with divisor n - 1, minimum,
        maximum, skewness) instead of `replication`; times are reduced over the replications in
        which they occurred. `..._quantile` of some counts is the smallest count that this share of
        the replications does not exceed. `replications_by_leakers` and `dry` count replications;
        covariances are of leakers by salvo and of rounds by interceptor.

    Raises
    ------
    ValueError
        If the Dataset is not a result, or has no replications.
    """
    result = _one_raid(taken(result))
    _check(result)
    check_labels(result, "result")
    if "statistic" in result.dims:
        return _complete(result)
    names = [name for name in result.data_vars if "replication" in result[name].dims]
    reduction = Reduction(result["decoy"].values, known=_controls_in(result))
    reduction.take_rows({str(name): result[name].values for name in names})
    # If results of several seeds were joined, the seed has the dimension replication too.
    return with_reductions(result.drop_dims("replication"), reduction)


def _complete(result: "xr.Dataset") -> "xr.Dataset":
    """A reduced result, if it has all that `reduced` gives."""
    needed = ("replications", "replications_by_leakers", "leakers", *COVARIANCES)
    lost = [name for name in needed if name not in result.variables]
    if lost := lost or [s for s in STATISTICS if s not in result["statistic"].values.tolist()]:
        raise ValueError(f"result: is reduced, but has no {', '.join(lost)}")
    return result


def _controls_in(result: "xr.Dataset") -> Controls | None:
    """The controls of a result; None if it was made without, or joined to one without."""
    if not {"occurred", "expected", "known_variance"} <= set(result.variables):
        return None
    if np.isnan(result["expected"].values).any():
        return None
    names = result["decision"].values.tolist()
    return Controls(names, np.asarray(result["known_variance"].values))


def _one_raid(result: "xr.Dataset") -> "xr.Dataset":
    """Without the variables of campaigns, if the result is one raid of a campaign."""
    if "raid" not in result.coords or "raid" in result.dims or "launched" not in result:
        return result
    result = result.drop_vars(
        [name for name in CAMPAIGN_VARIABLES if name != "launched"], errors="ignore"
    )
    launched = result["launched"]
    if "statistic" in launched.dims:
        least, most = launched.sel(statistic="minimum"), launched.sel(statistic="maximum")
    elif "replication" in launched.dims and result.sizes["replication"]:
        least, most = launched.min("replication"), launched.max("replication")
    else:
        return result
    if (least != most).any():
        raise ValueError("result: launched varies over the replications; a rate is undefined")
    constant = least.astype(np.int64).drop_vars("statistic", errors="ignore")
    return result.assign(launched=constant)


def _check(result: "xr.Dataset") -> None:
    if "raid" in result.dims:
        raise ValueError("result: has several raids; to select one, write sel(raid=3)")
    wanted = [name for name, variable in VARIABLES.items() if not variable.sometimes]
    missing = [name for name in (*wanted, "decoy") if name not in result.variables]
    if missing:
        msg = f"result: must come from leakthrough.simulate; has no {', '.join(missing)}"
        raise ValueError(msg)
    if "statistic" not in result.dims and not result.sizes.get("replication"):
        msg = "result: has no replications; to select one, write isel(replication=[17])"
        raise ValueError(msg)


def with_reductions(constants: "xr.Dataset", reduction: Reduction) -> "xr.Dataset":
    """Add reduced variables and their coordinates to a Dataset of constants."""
    import xarray as xr

    variables, number = reduction.variables(), np.int64(reduction.replications)
    leakers = np.arange(variables["replications_by_leakers"].shape[-1])
    statistics = (*STATISTICS, *CONTROLLED)[: variables["leaked"].shape[0]]
    coordinates = {
        "statistic": ("statistic", np.array(statistics), {"long_name": "over the replications"}),
        "quantile": ("quantile", np.array(QUANTILES), {"long_name": "share of replications"}),
        "replications": ((), number, {"long_name": "number of replications"}),
        "leaker_count": ("leaker_count", leakers, {"long_name": "real threats that got through"}),
    }
    # In one constructor call: assigning them one after another took 2.5 times as long.
    whole = xr.Dataset(
        {**{name: constants.variables[name] for name in constants.data_vars}, **variables},
        {**{name: constants.variables[name] for name in constants.coords}, **coordinates},
        constants.attrs,
    )
    return writable(whole)
