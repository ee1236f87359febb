"""Estimates and tables of the summary of a whole campaign."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.overview import Table
from leakthrough.results.estimates import estimable, interval_of, rounds_spent
from leakthrough.results.labelled import labelled, measured, moments_in, without_controls
from leakthrough.results.ranges import Ranges
from leakthrough.results.summary_cells import cells_of, mean_cell, rows_of
from leakthrough.results.summary_parts import raid_estimates
from leakthrough.results.sustainment import sustainment
from leakthrough.statistics.intervals import wilson
from leakthrough.text_tables import MOST_ROWS, number

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]

CAMPAIGN_NOTES = (
    "Launched, leakers, leak rate and hits count real threats only, no decoys.",
    "P(dry): of the magazine that has most likely run dry by the end of the raid.",
    "P(empty): of the stock that has most likely been empty by the start of the raid.",
)
FIRST, LAST = 5, 3
"""Raids of a long campaign that a table shows in any case."""


def campaign_parts(whole: "xr.Dataset", level: float, controls: bool) -> "dict[str, xr.Dataset]":
    """Parts of the summary of a reduced campaign that have estimates."""
    supply = sustainment(whole, confidence=level, controls=controls)
    raids = (whole.isel(raid=at) for at in range(whole.sizes["raid"]))
    every = [_raid(estimable(raid, controls), level) for raid in raids]
    plain = without_controls(whole)
    return {
        "raid": labelled(_along_raids(every), whole, level),
        "magazines": _magazines(plain, supply),
        "batteries": _batteries(plain, level),
        "stocks": _stocks(plain, supply, level),
    }


def _raid(ready: "xr.Dataset", level: float) -> "dict[str, xr.Variable]":
    """Estimates of one raid, with what is launched and expended in it."""
    import xarray as xr

    launched = Ranges(ready).mean_launched[~ready["decoy"].values].sum()
    attrs = {"units": "1", "long_name": "real threats launched, or the mean of a drawn number"}
    carried = ~np.isnan(ready["rounds"].values).all(axis=0)
    rounds, most = rounds_spent(ready, carried.astype(np.float64))
    estimates = interval_of(ready, rounds, level, most)[:, 0]
    return {
        "launched": xr.Variable((), launched, attrs),
        "expended": measured(estimates, "rounds expended"),
        **raid_estimates(ready, level),
    }


def _along_raids(raids: "list[dict[str, xr.Variable]]") -> "dict[str, xr.Variable]":
    """Estimates along `raid`; in some raids the last of their marks may be missing."""
    import xarray as xr

    found = {}
    for name, first in raids[0].items():
        own = [raid[name].values for raid in raids]
        rows = max(values.size for values in own)
        own = [np.append(v, np.full(rows - v.size, np.nan)) if v.size < rows else v for v in own]
        found[name] = xr.Variable((*first.dims, "raid"), np.stack(own, axis=-1), first.attrs)
    return found


def _means_in_raids(whole: "xr.Dataset", level: float, name: str) -> "xr.Variable":
    """Estimates of a variable of a reduced campaign, raid by raid."""
    attrs, dims = whole[name].attrs, map(str, whole[name].dims[1:])
    estimates = interval_of(whole, moments_in(whole, name), level)
    return measured(estimates, attrs["long_name"].split(";")[0], *dims)


def _magazines(whole: "xr.Dataset", supply: "xr.Dataset") -> "xr.Dataset":
    """Along `raid` and `magazine`: the probability of having run dry, and mean rounds."""
    mean = whole.sel(statistic="mean", drop=True)
    found = labelled(
        {
            "rounds": whole["rounds"].variable,
            "dry": supply["dry"].variable,
            "expended": mean["expended"].variable,
            "delivered": mean["delivered"].variable,
        },
        whole,
        float(supply.attrs["confidence"]),
    )
    battery, interceptor = np.nonzero(~np.isnan(whole["rounds"].values))
    return found.isel(battery=("magazine", battery), interceptor=("magazine", interceptor))


def _batteries(whole: "xr.Dataset", level: float) -> "xr.Dataset":
    """Along `raid` and `battery`: the probability of being lost in it, where any battery can be."""
    if "lost" not in whole:
        return labelled({}, whole, level)
    number = int(whole["replications"])
    chance = wilson(np.rint(whole["lost"].sel(statistic="mean").values * number), number, level)
    text = "probability that the battery is lost in the raid"
    return labelled({"lost": measured(chance, text, "raid", "battery")}, whole, level)


def _stocks(whole: "xr.Dataset", supply: "xr.Dataset", level: float) -> "xr.Dataset":
    """Along `interceptor`, and most along `raid`: what reaches a stock, and what is left."""
    import xarray as xr

    empty = supply["stock_dry"]
    stocked = np.flatnonzero(empty.notnull().all(("estimate", "raid")).values)
    if not stocked.size:
        return labelled({}, whole, level)
    mean, delivered = whole.sel(statistic="mean", drop=True), _delivered(whole)
    start = (mean["stock"] + delivered - mean["replenished"]).isel(raid=0)
    dims = ("raid", "interceptor")
    texts = {
        "rounds": "rounds in stock at the start, or the mean of a drawn number",
        "delivered": "mean rounds that resupply brought before the raid",
        "first_empty": "number of the first raid before which the stock was empty: median; missing "
        "where it never was in half of the replications",
    }
    attrs = {name: {"units": "1", "long_name": text} for name, text in texts.items()}
    found = labelled(
        {
            "rounds": xr.Variable(("interceptor",), start.values, attrs["rounds"]),
            "received": _means_in_raids(whole, level, "replenished"),
            "delivered": xr.Variable(dims, delivered.values, attrs["delivered"]),
            "left": _means_in_raids(whole, level, "stock"),
            "empty": empty.variable,
            "first_empty": xr.Variable(
                ("interceptor",), _median_first(empty), attrs["first_empty"]
            ),
            "never_empty": _never(empty, int(whole["replications"]), level),
        },
        whole,
        level,
    )
    return found.isel(interceptor=stocked)


def _delivered(whole: "xr.Dataset") -> "xr.DataArray":
    """Mean rounds (raids, I) that resupply brought to magazines and depots."""
    found: xr.DataArray = whole["delivered"].sel(statistic="mean", drop=True).sum("battery")
    if "depot" not in whole.dims:
        return found
    depots = whole["depot_delivered"].sel(statistic="mean", drop=True)
    of = whole["interceptor_of"].values[:, np.newaxis] == whole["interceptor"].values
    return found.copy(data=found.values + depots.values @ of)


def _median_first(empty: "xr.DataArray") -> "Array":
    """First raid (I,) by which the stock has been empty in half of the replications."""
    reached = empty.sel(estimate="mean").values >= 0.5
    first = empty["raid"].values[reached.argmax(axis=0)]
    return np.where(reached.any(axis=0), first.astype(np.float64), np.nan)


def _never(empty: "xr.DataArray", replications: int, level: float) -> "xr.Variable":
    """Probability (I,) that the stock is never empty."""
    last = empty.sel(estimate="mean").isel(raid=-1).values
    number = np.rint((1.0 - last) * replications)
    text = "probability that the stock is never empty when a raid begins"
    return measured(wilson(number, replications, level), text, "interceptor")


# ---------------------------------------------------------------- tables


def campaign_tables(parts: "Mapping[str, xr.Dataset]", level: str) -> list[Table]:
    """Tables of those parts that have anything to show."""
    found = [_by_raid(parts, level)]
    found += [_assets(parts["raid"], level)] if "value_lost" in parts["raid"] else []
    found += [_by_stock(parts["stocks"], level)] if len(parts["stocks"]) else []
    found += [_by_magazine(parts["magazines"], level)]
    return [*found, *([_by_battery(parts["batteries"])] if len(parts["batteries"]) else [])]


def _shown(raids: int) -> "list[int]":
    """Indices of the raids in a table: of many the first, the last, and some between."""
    if raids <= MOST_ROWS:
        return [*range(raids)]
    between = np.linspace(FIRST - 1, raids - LAST, MOST_ROWS - FIRST - LAST + 2)
    return [
        *range(FIRST),
        *np.rint(between[1:-1]).astype(int).tolist(),
        *range(raids - LAST, raids),
    ]


def _of_raids(title: str, raids: int) -> str:
    """A title that says which raids are in the table."""
    if raids <= MOST_ROWS:
        return title
    return f"{title} (of {raids:,}: the first {FIRST}, the last {LAST}, and some between)"


def _highest(found: "xr.DataArray", over: str) -> "Array":
    """Largest of the means (raids,); NaN if there are none."""
    means = found.sel(estimate="mean").transpose("raid", over).values
    highest = means.max(axis=1, initial=-1.0)
    return np.where(highest < 0.0, np.nan, highest)


def _by_raid(parts: "Mapping[str, xr.Dataset]", level: str) -> Table:
    data, stocks = parts["raid"], parts["stocks"]
    risks = {"P(dry)": _highest(parts["magazines"]["dry"], "magazine")}
    if len(stocks):
        risks["P(empty)"] = _highest(stocks["empty"], "interceptor")
    rows = []
    for at in _shown(data.sizes["raid"]):
        row = data.isel(raid=at)
        cells = [f"{int(row['raid'])}", number(float(row["launched"]))]
        cells += [
            *cells_of(row, "leakers"),
            mean_cell(row["leak_rate"]),
            mean_cell(row["expended"]),
        ]
        rows.append([*cells, *(number(float(own[at])) for own in risks.values())])
    header = ["raid", "launched", "leakers", level, "leak rate", "expended", *risks]
    return Table(_of_raids("By raid", data.sizes["raid"]), header, rows, 1)


def _assets(data: "xr.Dataset", level: str) -> Table:
    names, raids = ("hits", "destroyed", "value_lost"), data.sizes["raid"]
    rows = [
        [f"{int(row['raid'])}", *cells_of(row, *names)]
        for row in (data.isel(raid=at) for at in _shown(raids))
    ]
    header = ["raid", "hits", level, "destroyed", level, "value lost", level]
    return Table(_of_raids("Assets by raid", raids), header, rows, 1)


def _by_stock(data: "xr.Dataset", level: str) -> Table:
    rows = []
    for row in rows_of(data, "interceptor"):
        received = row["received"].sel(estimate="mean").sum("raid")
        last = row.isel(raid=-1)
        rounds = (row["rounds"], received, row["delivered"].sum("raid"))
        cells = [*(number(float(own)) for own in rounds), mean_cell(last["left"])]
        cells += [*cells_of(last, "empty"), number(float(row["first_empty"]))]
        rows.append([str(row["interceptor"].item()), *cells, mean_cell(row["never_empty"])])
    header = ["stock of", "start", "received", "delivered", "left"]
    title = (
        "By stock (mean rounds; median of the first raid that found it empty, and share of never)"
    )
    return Table(title, [*header, "P(empty)", level, "first", "never"], rows, 1)


def _by_magazine(data: "xr.Dataset", level: str) -> Table:
    rows = []
    for row in rows_of(data, "magazine"):
        names = [str(row["battery"].item()), str(row["interceptor"].item())]
        rounds = [row["rounds"], *(row[name].sum("raid") for name in ("delivered", "expended"))]
        dry = cells_of(row.isel(raid=-1), "dry")
        rows.append([*names, *(number(float(own)) for own in rounds), *dry])
    header = ["battery", "interceptor", "start", "delivered", "expended", "P(dry)", level]
    return Table("By magazine (mean rounds)", header, rows, 2)


def _by_battery(data: "xr.Dataset") -> Table:
    rows = [
        [str(row["battery"].item()), str(row["layer_of"].item()), number(lost)]
        for row in rows_of(data, "battery")
        if (lost := float(row["lost"].sel(estimate="mean").sum("raid")))
    ]
    return Table("Batteries lost (mean number of times)", ["battery", "layer", "lost"], rows, 2)
