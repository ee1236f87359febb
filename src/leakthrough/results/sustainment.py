"""Sustainment of a campaign: depletion of magazines and stocks, and days of supply."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.results.labelled import labelled, measured
from leakthrough.results.taken import taken
from leakthrough.statistics.intervals import checked_confidence, wilson

if TYPE_CHECKING:
    import xarray as xr

DAY = 86_400.0
_WANTED = ("dry_so_far", "stock_dry_so_far", "stock", "remaining", "expended", "rounds")


def sustainment(result: "xr.Dataset", *, confidence: float = 0.95) -> "xr.Dataset":
    """When magazines and stocks of a campaign run dry, and how long they last.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate_campaign`, with either `keep`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        Along `raid`:

        - `dry`, by battery and interceptor: probability that the magazine has run dry by the end
          of the raid, with Wilson's interval; NaN where there is no such magazine;
        - `stock_dry`, by interceptor: probability that the stock has been empty by the start of
          the raid, with Wilson's interval; NaN where there is no stock;
        - `on_hand`, by interceptor: mean rounds in magazines and stock after the raid (without
          an interval); infinite if a magazine is;
        - `days_of_supply`, by interceptor: `on_hand` divided by the mean rounds expended a day so
          far [d]; infinite if nothing was expended yet. This ratio of means does not show the risk
          of running dry; `dry` does.

    Raises
    ------
    ValueError
        If the Dataset is not the result of a campaign, or `confidence` is not between 0 and 1.
    """
    import xarray as xr

    level = checked_confidence(confidence)
    result = taken(result, "simulate_campaign")
    missing = [name for name in _WANTED if name not in result.variables]
    if missing or "raid" not in result.dims:
        text = f"has no {', '.join(missing) or 'dimension raid'}"
        raise ValueError(f"result: must come from leakthrough.simulate_campaign; {text}")
    if "statistic" in result.dims:
        means, number = result.sel(statistic="mean"), int(result["replications"])
    else:
        means, number = result.mean("replication"), result.sizes["replication"]
    stocked = means["stock"].values[0] >= 0
    dry = wilson(np.rint(means["dry_so_far"].values * number), number, level)
    dry[..., np.isinf(result["rounds"].values)] = 0.0
    dry[..., np.isnan(result["rounds"].values)] = np.nan
    stock_dry = wilson(np.rint(means["stock_dry_so_far"].values * number), number, level)
    stock_dry[..., ~stocked] = np.nan
    on_hand = means["remaining"].values.sum(axis=1) + np.where(stocked, means["stock"].values, 0.0)
    on_hand[:, np.isinf(result["rounds"].values).any(axis=0)] = np.inf
    days = result["raid"].values * float(result["interval"]) / DAY
    used = means["expended"].values.sum(axis=1).cumsum(axis=0) / days[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = np.where(used > 0, on_hand / used, np.inf)
    of_stock = ("raid", "interceptor")
    held = {"units": "1", "long_name": "mean rounds in magazines and stock"}
    lasting = {"units": "d", "long_name": "rounds on hand over mean rounds expended a day"}
    found = {
        "dry": measured(dry, "probability that it has run dry", "raid", "battery", "interceptor"),
        "stock_dry": measured(stock_dry, "probability that the stock has been empty", *of_stock),
        "on_hand": xr.Variable(of_stock, on_hand, held),
        "days_of_supply": xr.Variable(of_stock, supply, lasting),
    }
    return labelled(found, result, level)
