"""Sustainment of a campaign: depletion of magazines and stocks, and days of supply."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import flag
from leakthrough.results.labelled import labelled, measured
from leakthrough.results.ranges import Ranges
from leakthrough.results.reduction import reduced_supplies
from leakthrough.results.sums import SUPPLIES
from leakthrough.results.taken import taken
from leakthrough.statistics.controls import Residuals, controlled_interval
from leakthrough.statistics.intervals import checked_confidence, wilson
from leakthrough.statistics.means import SETTLED, Moments, mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]

DAY = 86_400.0
_WANTED = ("dry_so_far", "stock_dry_so_far", "stock", "remaining", "expended", "rounds")


def sustainment(
    result: "xr.Dataset", *, confidence: float = 0.95, controls: bool = True
) -> "xr.Dataset":
    """When magazines and stocks of a campaign run dry, and how long they last.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate_campaign`, with either `keep`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means are estimated with the luck of the random decisions of this raid and earlier
        ones taken out, where that is safe (`leakthrough.statistics.controls`); otherwise plain.

    Returns
    -------
    xarray.Dataset
        Along `raid`:

        - `dry`, by battery and interceptor: probability that the magazine has run dry by the end
          of the raid, with Wilson's interval; NaN where there is no such magazine;
        - `stock_dry`, by interceptor: probability that the stock has been empty by the start of
          the raid, with Wilson's interval; NaN where there is no stock;
        - `on_hand`, by interceptor: rounds in magazines, depots and stock after the raid, and on
          their way from depots to magazines, not in transport (mean), along `estimate`; infinite if
          a magazine is.
          `on_hand_settled`: whether the interval can be trusted
          (`leakthrough.statistics.means.mean_interval`); `on_hand_interval`, if there are
          controls: what was done (`leakthrough.statistics.controls.DONE`);
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
    wanted = (*_WANTED, *(SUPPLIES if "statistic" in result.dims else ()))
    missing = [name for name in wanted if name not in result.variables]
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
    on_hand, used = _supplies(result, number, level, flag("controls", controls))
    infinite = np.isinf(result["rounds"].values).any(axis=0)
    on_hand[:SETTLED, :, infinite], on_hand[1, :, infinite] = np.inf, 0.0
    on_hand[SETTLED, :, infinite] = 1.0
    days = result["raid"].values * float(result["interval"]) / DAY
    daily = used[0] / days[:, np.newaxis]
    with np.errstate(divide="ignore", invalid="ignore"):
        supply = np.where(daily > 0, on_hand[0] / daily, np.inf)
    of_stock = ("raid", "interceptor")
    lasting = {"units": "d", "long_name": "rounds on hand over mean rounds expended a day"}
    found = {
        "dry": measured(dry, "probability that it has run dry", "raid", "battery", "interceptor"),
        "stock_dry": measured(stock_dry, "probability that the stock has been empty", *of_stock),
        "on_hand": measured(on_hand, "rounds in magazines, depots and stock", *of_stock),
        "days_of_supply": xr.Variable(of_stock, supply, lasting),
    }
    return labelled(found, result, level)


def _supplies(result: "xr.Dataset", number: int, level: float, controls: bool) -> "list[Array]":
    """Estimates (5 or 6, raids, I) of the rounds on hand, and of those expended so far."""
    import xarray as xr

    own = result if "statistic" in result.dims else xr.Dataset(reduced_supplies(result))
    ends: dict[str, Any] = {"least": 0.0, "rare": Ranges(result).rare(number)}
    found = []
    for name in SUPPLIES:
        mean, variance, low, high, skewness, *rows = own[name].values
        largest = np.maximum(np.abs(low), np.abs(high))
        moments = Moments(mean, variance, skewness, largest)
        estimates = mean_interval(moments, number, level, **ends)
        if controls and rows and "controls_so_far" in own:
            used = own["controls_so_far"].values[:, np.newaxis]
            own_mean, left = (
                np.where(used > 0, row, usual)
                for row, usual in zip(rows, (mean, variance), strict=True)
            )
            residuals = Residuals(own_mean, left, used)
            narrow = controlled_interval(
                estimates, residuals, number, level, largest=largest, **ends
            )
            estimates = np.concatenate([narrow.estimates, narrow.done[np.newaxis]])
        found.append(estimates)
    return found
