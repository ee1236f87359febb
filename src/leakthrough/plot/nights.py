"""Plots of a campaign, raid by raid: rounds left, dry stocks and magazines, and leakers."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.plot import layout, style
from leakthrough.results.sustainment import sustainment

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array


def campaign(result: "xr.Dataset", *, axes: Any = None) -> "Array":
    """Rounds left, probability of running dry, and leakers of a campaign, raid by raid.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate_campaign`, with either `keep`.
    axes : three of matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    array of matplotlib.axes.Axes, shape (3,)
        - Rounds in magazines and stock after each raid, by interceptor, as a share of those
          before the first raid: median and 5 to 95 % of the replications; only the mean if only a
          summary was kept. Interceptors with no rounds or infinite rounds are left out.
        - The probability, with its 95 % interval (Wilson), that the stock has been empty by the
          start of the raid, and that the magazine most likely to run dry has done so by its end,
          by interceptor.
        - Leakers (real threats): median and 5 to 95 %.

    Raises
    ------
    ValueError
        If the Dataset is not the result of a campaign, or there are not three `axes`.
    """
    wanted = ("raid", "remaining", "stock", "leaked", "decoy")
    result = style.demand(result, "simulate_campaign", wanted, "result")
    probabilities = sustainment(result)
    panels = style.some_axes(axes, 3, 9.5, 9.0)
    raids = result["raid"].values
    for ax in panels if axes is not None else panels[2:]:
        ax.set_xlabel("raid")
    for ax in panels:
        ax.set_xlim((raids[0], raids[-1]) if raids.size > 1 else (raids[0] - 0.5, raids[0] + 0.5))
        style.whole(ax.xaxis)
    _draw_rounds(panels[0], result, raids)
    _draw_dry(panels[1], probabilities, raids)
    _draw_leakers(panels[2], result, raids)
    return panels


def _draw_rounds(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    stock = result["stock"]
    kept = "replication" in stock.dims
    if not kept:
        result, stock = result.sel(statistic="mean"), stock.sel(statistic="mean")
    held = result["remaining"].sum("battery") + stock.where(stock >= 0, 0)
    before = result["rounds"].sum("battery") + stock.where(stock >= 0, 0).isel(raid=0)
    before = before.mean("replication") if kept else before
    for n, interceptor in enumerate(result["interceptor"].values.tolist()):
        first = float(before.sel(interceptor=interceptor))
        if not 0 < first < np.inf:
            continue
        label = f"{style.words(interceptor, 28, 2)}: {style.amount(first)} rounds"
        style.draw_rounds(ax, raids, held.sel(interceptor=interceptor) / first, n, label)
    style.label_rounds(ax, "Rounds left after each raid, in magazines and stock", kept=kept)


def _draw_dry(ax: "Axes", found: "xr.Dataset", raids: "Array") -> None:
    for n, interceptor in enumerate(found["interceptor"].values.tolist()):
        own = found.sel(interceptor=interceptor)
        colour, name = style.line_style(n).colour, style.words(interceptor)
        stock = own["stock_dry"]
        if stock.notnull().any():
            _draw_probability(ax, stock, raids, "-", colour, f"{name}: stock")
        magazines = own["dry"].dropna("battery", how="all")
        if magazines.sizes["battery"]:
            last = magazines.sel(estimate="mean").isel(raid=-1)
            likeliest = magazines.isel(battery=int(last.argmax("battery")))
            _draw_probability(ax, likeliest, raids, ":", colour, f"{name}: driest magazine")
    ax.set(ylim=(-0.02, 1.02), ylabel="probability")
    title = "Run dry: stock by the start of the raid, magazine by its end (95 % intervals)"
    style.per_cent(ax.yaxis)
    layout.finish(ax, title, handlelength=3.2)


def _draw_probability(
    ax: "Axes", found: "xr.DataArray", raids: "Array", line: str, colour: str, label: str
) -> None:
    mean, low, high = (found.sel(estimate=end).values for end in ("mean", "low", "high"))
    ax.fill_between(raids, low, high, color=colour, alpha=0.18, lw=0)
    ax.plot(raids, mean, line, color=colour, lw=2, marker=style.marker(raids), label=label)


def _draw_leakers(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    if "leakers_quantile" in result:
        quantiles = result["leakers_quantile"].sel(quantile=list(style.ENDS))
        ends = quantiles.transpose("quantile", ...).values
    else:
        through = result["leaked"].isel(salvo=~result["decoy"].values).sum("salvo")
        # The same definition of the quantile as in a summary.
        ends = through.quantile(style.ENDS, "replication", method="inverted_cdf").values
    ax.fill_between(raids, ends[0], ends[2], color=style.BLACK, alpha=0.18, lw=0)
    ax.plot(raids, ends[1], color=style.BLACK, lw=2, marker=style.marker(raids))
    ax.set(ylabel="real threats")
    ax.set_ylim(bottom=0.0)
    style.amounts(ax.yaxis)
    layout.finish(ax, f"Leakers in each raid (median; band: {style.BAND})")
