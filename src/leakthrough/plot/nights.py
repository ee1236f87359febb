"""Plots of a campaign, raid by raid: rounds left, dry stocks and magazines, and leakers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leakthrough.model.arguments import listed, one_of
from leakthrough.plot import layout, style
from leakthrough.results.summary import summary
from leakthrough.results.sustainment import sustainment

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array


Panel = Literal["rounds", "stock", "dry", "leakers", "mean_leakers"]


def campaign(
    result: "xr.Dataset",
    *,
    show: Sequence[Panel] = ("rounds", "dry", "leakers"),
    axes: Any = None,
) -> "Array":
    """Rounds left, probability of running dry, and leakers of a campaign, raid by raid.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate_campaign`, with either `keep`.
    show : sequence of {"rounds", "stock", "dry", "leakers", "mean_leakers"}
        The panels, from the top:

        - "rounds": rounds in magazines and stock after each raid, by interceptor, as a share of
          those before the first raid: median and 5 to 95 % of the replications; only the mean if
          only a summary was kept. Interceptors with no rounds or infinite rounds are left out;
        - "stock": rounds in stock when the raid begins, by interceptor, in the same way;
        - "dry": the probability, with its 95 % interval (Wilson), that the stock has been empty by
          the start of the raid, and that the magazine most likely to run dry has done so by its
          end, by interceptor;
        - "leakers": real threats that got through: median and 5 to 95 %;
        - "mean_leakers": their mean with its 95 % interval (as in `summary`).
    axes : matplotlib.axes.Axes or several, optional
        Axes to draw on, one for each panel; a new figure by default.

    Returns
    -------
    array of matplotlib.axes.Axes, shape (panels,)

    Raises
    ------
    ValueError
        If the Dataset is not the result of a campaign, `show` is not as above, or there are not as
        many `axes` as panels.

    Examples
    --------
    >>> lt.plot.campaign(result, show=["mean_leakers"], axes=ax)  # doctest: +SKIP
    """
    wanted = ("raid", "remaining", "stock", "leaked", "decoy")
    result = style.demand(result, "simulate_campaign", wanted, "result")
    if "raid" not in result.dims:
        raise ValueError(
            "result: must come from leakthrough.simulate_campaign; has no dimension raid"
        )
    names = [
        one_of("show", name, tuple(_PANELS)) for name in listed("show", show, "names of panels")
    ]
    panels = style.some_axes(axes, len(names), 9.5, 3.0 * len(names))
    raids = result["raid"].values
    for ax in panels if axes is not None else panels[-1:]:
        ax.set_xlabel("raid")
    for ax, name in zip(panels, names, strict=True):
        ax.set_xlim((raids[0], raids[-1]) if raids.size > 1 else (raids[0] - 0.5, raids[0] + 0.5))
        style.whole(ax.xaxis)
        _PANELS[name](ax, result, raids)
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


def _draw_stock(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    stock, kept = result["stock"], "replication" in result["stock"].dims
    if not kept:
        stock = stock.sel(statistic="mean")
    for n, interceptor in enumerate(result["interceptor"].values.tolist()):
        own = stock.sel(interceptor=interceptor)
        if bool((own >= 0).all()):
            style.draw_rounds(ax, raids, own, n, style.words(interceptor, 28, 2))
    style.label_rounds(ax, "Rounds in stock when the raid begins", kept=kept, share=False)


def _draw_dry(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    found = sustainment(result)
    for n, interceptor in enumerate(found["interceptor"].values.tolist()):
        own = found.sel(interceptor=interceptor)
        look, name = style.line_style(n), style.words(interceptor)
        stock = own["stock_dry"]
        if stock.notnull().any():
            _draw_probability(ax, stock, raids, look, f"{name}: stock", lw=2)
        magazines = own["dry"].dropna("battery", how="all")
        if magazines.sizes["battery"]:
            last = magazines.sel(estimate="mean").isel(raid=-1)
            likeliest = magazines.isel(battery=int(last.argmax("battery")))
            more: dict[str, Any] = {"lw": 1, "marker": look.marker, "ms": 4}
            more["markevery"] = max(raids.size // 10, 1)
            _draw_probability(ax, likeliest, raids, look, f"{name}: driest magazine", **more)
    ax.set(ylim=(-0.02, 1.02), ylabel="probability")
    title = "Run dry: stock by the start of the raid, magazine by its end (95 % intervals)"
    style.per_cent(ax.yaxis)
    layout.finish(ax, title, handlelength=3.2)


def _draw_probability(
    ax: "Axes", found: "xr.DataArray", raids: "Array", look: style.Style, label: str, **more: Any
) -> None:
    mean, low, high = (found.sel(estimate=end).values for end in style.ESTIMATE)
    ax.fill_between(raids, low, high, color=look.colour, alpha=0.18, lw=0)
    more = {"marker": style.marker(raids), **more}
    ax.plot(raids, mean, look.line, color=look.colour, label=label, **more)


def _draw_leakers(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    if "leakers_quantile" in result:
        quantiles = result["leakers_quantile"].sel(quantile=list(style.ENDS))
        ends = quantiles.transpose("quantile", ...).values
    else:
        through = result["leaked"].isel(salvo=~result["decoy"].values).sum("salvo")
        # The same definition of the quantile as in a summary.
        ends = through.quantile(style.ENDS, "replication", method="inverted_cdf").values
    low, middle, high = ends
    _draw_band(ax, raids, low, middle, high)
    layout.finish(ax, f"Leakers in each raid (median; band: {style.BAND})")


def _draw_mean(ax: "Axes", result: "xr.Dataset", raids: "Array") -> None:
    found = summary(result)
    mean, low, high = (found.raid["leakers"].sel(estimate=end).values for end in style.ESTIMATE)
    _draw_band(ax, raids, low, mean, high)
    layout.finish(ax, f"Mean leakers in each raid (band: {style.level_of(found.raid)} interval)")


def _draw_band(ax: "Axes", raids: "Array", low: "Array", middle: "Array", high: "Array") -> None:
    ax.fill_between(raids, low, high, color=style.BLACK, alpha=0.18, lw=0)
    ax.plot(raids, middle, color=style.BLACK, lw=2, marker=style.marker(raids))
    ax.set(ylabel="real threats")
    ax.set_ylim(bottom=0.0)
    style.amounts(ax.yaxis)


_PANELS: dict[Panel, Callable[["Axes", "xr.Dataset", "Array"], None]] = {
    "rounds": _draw_rounds,
    "stock": _draw_stock,
    "dry": _draw_dry,
    "leakers": _draw_leakers,
    "mean_leakers": _draw_mean,
}
