"""Exact reductions over replications, in memory that does not grow with them.

Sums and sums of squares are whole numbers of any size, so they do not depend on the order in
which replications come in: any number of workers gives the same bits.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leakthrough._draws import TICKS_A_SECOND
from leakthrough.results import VARIABLES, rows_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from leakthrough._state import Counts
    from leakthrough._tables import Tables

    Array = npt.NDArray[Any]

STATISTICS = ("mean", "variance", "minimum", "maximum")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
TIMES = ("depletion_time", "busy_time")
_HALF = 25
_ROWS_AT_ONCE = 1 << 12


def exact_squares(values: "Array") -> "Array":
    """Sum of squares along the first axis, as Python integers.

    Values below 2**50 are split in two halves whose products cannot overflow 64 bits.
    """
    total = np.zeros(values.shape[1:], dtype=object)
    for start in range(0, len(values), _ROWS_AT_ONCE):
        part = values[start : start + _ROWS_AT_ONCE]
        high, low = part >> _HALF, part & ((1 << _HALF) - 1)
        squares = [(high * high).sum(0), (high * low).sum(0), (low * low).sum(0)]
        first, second, third = (np.asarray(square).astype(object) for square in squares)
        total = total + (first << (2 * _HALF)) + (second << (_HALF + 1)) + third
    return np.asarray(total, dtype=object)


def exact_products(values: "Array") -> "Array":
    """Sums over rows of the products of all pairs of columns, as Python integers."""
    # (a + b)^2 = a^2 + 2ab + b^2: the squares of sums of pairs are all that is needed.
    columns = values.shape[1]
    single = exact_squares(values)
    products = np.zeros((columns, columns), dtype=object)
    for a in range(columns):
        products[a, a] = single[a]
        for b in range(a):
            pair = exact_squares(values[:, a] + values[:, b])
            products[a, b] = products[b, a] = (pair.item() - single[a] - single[b]) // 2
    return products


class _Moments:
    """Number, sum, sum of squares and extremes of a variable, element by element."""

    def __init__(self) -> None:
        self.number: Any = 0
        self.total: Any = 0
        self.squares: Any = 0
        self.low: Any = np.inf
        self.high: Any = -np.inf

    def take(self, values: "Array", present: "Array | None" = None) -> None:
        there = np.ones(values.shape, np.bool_) if present is None else present
        kept = np.where(there, values, 0)
        self.number = self.number + there.sum(0)
        self.total = self.total + kept.sum(0).astype(object)
        self.squares = self.squares + exact_squares(kept)
        self.low = np.minimum(self.low, np.where(there, values, np.inf).min(0, initial=np.inf))
        self.high = np.maximum(self.high, np.where(there, values, -np.inf).max(0, initial=-np.inf))

    def merge(self, other: "_Moments") -> None:
        self.number = self.number + other.number
        self.total, self.squares = self.total + other.total, self.squares + other.squares
        self.low = np.minimum(self.low, other.low)
        self.high = np.maximum(self.high, other.high)

    def statistics(self, unit: int = 1) -> "Array":
        """Mean, variance, minimum and maximum along a new first axis; NaN where undefined."""
        number = np.asarray(self.number)
        total, squares = np.asarray(self.total), np.asarray(self.squares)
        mean = _ratio(total, number) / unit
        spread = number.astype(object) * squares - total * total
        variance = _ratio(spread, number.astype(object) * (number.astype(object) - 1)) / unit**2
        empty = number == 0
        low = np.where(empty, np.nan, self.low) / unit
        high = np.where(empty, np.nan, self.high) / unit
        return np.stack([mean, variance, low, high])


def _ratio(above: "Array", below: "Array") -> "Array":
    """Quotients of integers of any size; NaN over 0."""
    divide = np.frompyfunc(lambda a, b: int(a) / int(b) if b else np.nan, 2, 1)
    return np.asarray(divide(above, below), dtype=np.float64)


class _Histogram:
    """How often each count from 0 occurred, column by column."""

    def __init__(self) -> None:
        self.counts: Array = np.zeros((0, 1), dtype=np.int64)

    def take(self, values: "Array") -> None:
        columns = values.reshape(len(values), -1)
        size = int(columns.max(initial=0)) + 1
        found = [np.bincount(column, minlength=size) for column in columns.T]
        self.add(np.array(found, dtype=np.int64).reshape(columns.shape[1], size))

    def add(self, counts: "Array") -> None:
        if self.counts.shape[0] != counts.shape[0]:
            self.counts = np.zeros((counts.shape[0], 0), dtype=np.int64)
        wider = max(self.counts.shape[1], counts.shape[1])
        total = np.zeros((counts.shape[0], wider), dtype=np.int64)
        total[:, : self.counts.shape[1]] += self.counts
        total[:, : counts.shape[1]] += counts
        self.counts = total

    def quantiles(self, shape: tuple[int, ...]) -> "Array":
        """Smallest counts that at least these shares of replications do not exceed."""
        below = self.counts.cumsum(axis=1)
        total = below[:, -1:] if below.shape[1] else np.zeros((len(below), 1))
        found = [(below < np.ceil(q * total - 1e-9)).sum(axis=1) for q in QUANTILES]
        return np.array(found, dtype=np.int64).reshape(len(QUANTILES), *shape)


class Reduction:
    """Running reductions of all result variables.

    Parameters
    ----------
    tables : Tables, optional
        Needed to take counts from the kernel.
    decoys : array of bool, shape (S,)
        Salvos that do not count as leakers of the raid.
    """

    def __init__(self, tables: "Tables | None", decoys: "Array") -> None:
        self.tables, self.decoys = tables, np.asarray(decoys, dtype=np.bool_)
        self.replications = 0
        self.moments: dict[str, _Moments] = {}
        self.histograms: dict[str, _Histogram] = {}
        self.products: dict[str, Any] = {"leaked": 0, "expended": 0}
        self.shapes: dict[str, tuple[int, ...]] = {}

    def take(self, start: int, counts: "Counts") -> None:  # noqa: ARG002
        """Take the counts of some replications, in any order."""
        assert self.tables is not None  # noqa: S101
        self.take_rows(rows_of(counts, self.tables))

    def take_rows(self, rows: "Mapping[str, Array]") -> None:
        """Take result variables with a leading replication axis."""
        number = len(rows["leaked"])
        if number == 0:
            return
        self.replications += number
        leakers = rows["leaked"][:, ~self.decoys].sum(axis=1)
        by_layer = rows["killed"].sum(axis=1)
        for name, values in {**rows, "leakers": leakers, "layer_killed": by_layer}.items():
            self.shapes[name] = values.shape[1:]
            moments = self.moments.setdefault(name, _Moments())
            if name in TIMES:
                present = ~np.isnan(values)
                ticks = np.rint(np.where(present, values, 0.0) * TICKS_A_SECOND).astype(np.int64)
                moments.take(ticks, present)
            else:
                moments.take(values)
        for name, values in {
            "leaked": rows["leaked"],
            "leakers": leakers,
            "layer_killed": by_layer,
            "expended": rows["expended"],
        }.items():
            self.histograms.setdefault(name, _Histogram()).take(values)
        self.products["leaked"] = self.products["leaked"] + exact_products(rows["leaked"])
        by_interceptor = rows["expended"].sum(axis=1)
        self.products["expended"] = self.products["expended"] + exact_products(by_interceptor)

    def merge(self, other: "Reduction") -> None:
        """Add the reductions of other replications."""
        self.replications += other.replications
        self.shapes.update(other.shapes)
        for name, moments in other.moments.items():
            self.moments.setdefault(name, _Moments()).merge(moments)
        for name, histogram in other.histograms.items():
            self.histograms.setdefault(name, _Histogram()).add(histogram.counts)
        for name, products in other.products.items():
            self.products[name] = self.products[name] + products

    def _covariance(self, name: str, totals: "Array") -> "Array":
        number = self.replications
        spread = number * self.products[name] - np.outer(totals, totals)
        return _ratio(np.asarray(spread, dtype=object), np.asarray(number * (number - 1)))

    def variables(self) -> dict[str, xr.Variable]:
        """Reduced variables: `statistic` takes the place of `replication`."""
        found = {}
        for name, moments in self.moments.items():
            dims = (*_DIMS[name], *())
            statistics = moments.statistics(TICKS_A_SECOND if name in TIMES else 1)
            found[name] = xr.Variable(("statistic", *dims), statistics, _ATTRS[name])
        for name, histogram in self.histograms.items():
            values = histogram.quantiles(self.shapes[name])
            attrs = {**_ATTRS[name], "long_name": f"quantiles of {_ATTRS[name]['long_name']}"}
            found[f"{name}_quantile"] = xr.Variable(("quantile", *_DIMS[name]), values, attrs)
        counts = self.histograms["leakers"].counts[0]
        text = "replications in which this many real threats got through"
        found["replications_by_leakers"] = xr.Variable(
            "leaker_count", counts, {"units": "1", "long_name": text}
        )
        dry = np.asarray(self.moments["depletion_time"].number, dtype=np.int64)
        text = "replications in which the magazine ran dry"
        found["dry"] = xr.Variable(
            ("battery", "interceptor"), dry, {"units": "1", "long_name": text}
        )
        return {**found, **self._covariances()}

    def _covariances(self) -> dict[str, xr.Variable]:
        leaked = np.asarray(self.moments["leaked"].total)
        expended = np.asarray(self.moments["expended"].total).sum(axis=0)
        return {
            "leaked_covariance": xr.Variable(
                ("salvo", "other_salvo"),
                self._covariance("leaked", leaked),
                {"units": "1", "long_name": "covariance of threats that got through"},
            ),
            "expended_covariance": xr.Variable(
                ("interceptor", "other_interceptor"),
                self._covariance("expended", expended),
                {"units": "1", "long_name": "covariance of rounds expended"},
            ),
        }


_DIMS = {
    **{name: variable.dims[1:] for name, variable in VARIABLES.items()},
    "leakers": (),
    "layer_killed": ("layer",),
}
_ATTRS = {
    **{name: variable.attrs for name, variable in VARIABLES.items()},
    "leakers": {"units": "1", "long_name": "real threats that got through"},
    "layer_killed": {"units": "1", "long_name": "threats killed by rounds of the layer"},
}


def reduced(result: xr.Dataset) -> xr.Dataset:
    """Reduce a result that kept its replications to what `keep="summary"` gives.

    A result that is reduced already comes back as it is.
    """
    if "replication" not in result.dims:
        return result
    names = [name for name in result.data_vars if "replication" in result[name].dims]
    reduction = Reduction(None, result["decoy"].values)
    reduction.take_rows({str(name): result[name].values for name in names})
    kept = result.drop_vars(names).drop_vars("replication", errors="ignore")
    return with_reductions(kept, reduction)


def with_reductions(constants: xr.Dataset, reduction: Reduction) -> xr.Dataset:
    """Add reduced variables and their coordinates to a Dataset of constants."""
    found = constants.assign(reduction.variables()).assign_coords(
        statistic=("statistic", np.array(STATISTICS), {"long_name": "over the replications"}),
        quantile=("quantile", np.array(QUANTILES), {"long_name": "share of replications"}),
        replications=(
            (),
            np.int64(reduction.replications),
            {"long_name": "number of replications"},
        ),
    )
    return found.assign_coords(
        leaker_count=(
            "leaker_count",
            np.arange(found.sizes["leaker_count"]),
            {"long_name": "real threats that got through"},
        )
    )
