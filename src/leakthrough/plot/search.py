"""Plots of sensitivities and of the best allocation for each budget."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.plot import layout, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array

_ENDS = {"low": (style.BLUE, "////"), "high": (style.VERMILION, "")}


def tornado(found: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Change of a measure at the low and the high end of each field; longest bar first.

    Parameters
    ----------
    found : xarray.Dataset
        From `leakthrough.tornado`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Bars from the baseline, with the interval of each difference and the value of the field.
        If both ends change the measure in the same direction, the low bar is above the high one.

    Raises
    ------
    ValueError
        If the Dataset is not from `leakthrough.tornado`.

    Examples
    --------
    >>> found = lt.tornado(scenario, ranges, replications=1000)  # doctest: +SKIP
    >>> lt.plot.tornado(found.assign_coords(path=["guns", "bursts of a gun"]))  # doctest: +SKIP
    """
    names = ("base", "difference", "setting", "path", "end", "estimate")
    dims = {"path": (), "end": tuple(_ENDS), "estimate": style.ESTIMATE}
    found = style.demand(found, "tornado", names, dims=dims)
    means = found["difference"].sel(estimate="mean").transpose("path", "end").values
    if not np.isfinite(found["difference"].sel(estimate=list(style.ESTIMATE))).all():
        raise ValueError("found: some of its differences are missing or infinite")
    length = np.ptp(np.c_[means, np.zeros(len(means))], axis=1)
    found = found.isel(path=np.argsort(-length, kind="stable"))
    base = float(found["base"].sel(estimate="mean"))
    ax = style.one_axes(ax, 9.0, 1.6 + 0.42 * len(means))
    for row in range(len(means)):
        _draw_bar(ax, found.isel(path=row), row, base)
    ax.axvline(base, color=style.BLACK, lw=0.8)
    style.label_rows(ax, _fields(found), size=10)
    ax.set(xlabel=style.words(style.described(found["base"]), 60))
    ax.spines["left"].set_visible(False)
    ax.set_xlim(_limits(found, base, 0.35 if layout.is_narrow(ax) else 0.12))
    style.format_values(ax.xaxis, found["base"])
    layout.finish(ax, _title(found, base), handles=_handles(found))
    return ax


def _fields(found: "xr.Dataset") -> list[str]:
    return [style.words(style.field(path), 34) for path in found["path"].values.tolist()]


def _draw_bar(ax: "Axes", found: "xr.Dataset", row: int, base: float) -> None:
    """One field: a bar from the base value to the value at each end."""
    estimates = found["difference"].sel(estimate=["mean", "low", "high"])
    ends = {end: estimates.sel(end=end).values for end in _ENDS}
    same_side = ends["low"][0] * ends["high"][0] > 0
    for end, (mean, low, high) in ends.items():
        other, outward = (ends["high"][0], -1) if end == "low" else (ends["low"][0], 1)
        side = np.sign(mean) or -np.sign(other) or outward
        shift = 0.2 * outward if same_side else 0.0
        colour, hatch = _ENDS[end]
        height = 0.36 if same_side else 0.68
        options: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.0}
        ax.barh(row + shift, mean, left=base, height=height, **options)
        ax.plot([base + low, base + high], [row + shift] * 2, color=style.BLACK, lw=1.4)
        text = style.amount(float(found["setting"].sel(end=end)))
        tip = base + (low if side < 0 else high), row + shift
        where: Any = {"ha": "right" if side < 0 else "left", "va": "center_baseline"}
        size = layout.SMALL - 1 if same_side else layout.SMALL
        ax.annotate(text, tip, (4 * side, 0), textcoords="offset points", fontsize=size, **where)


def _limits(found: "xr.Dataset", base: float, share: float) -> tuple[float, float]:
    """Limits of the axis, with a share of it as room for the values next to the bars."""
    ends = found["difference"].sel(estimate=["low", "high"]).values
    low, high = base + min(ends.min(), 0.0), base + max(ends.max(), 0.0)
    room = share * (high - low) or 0.1 * abs(base) or 1.0
    return low - room, high + room


def _title(found: "xr.Dataset", base: float) -> str:
    share = style.is_share(found["base"])
    value = f"{100 * base:.3g} %" if share else style.amount(float(f"{base:.3g}"))
    return f"{style.scenario_name(found)}one field at a time; baseline: {value}"


def _handles(found: "xr.Dataset") -> list[Any]:
    """Legend of the ends and of the intervals."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", lw=0.0, label=f"field {end}")
        for end, (colour, hatch) in _ENDS.items()
    ]
    handles.append(
        Line2D([], [], color=style.BLACK, lw=1.4, label=f"{style.level_of(found)} interval")
    )
    return handles


def sensitivity(found: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Sobol' indices of each field, the largest total index first.

    Parameters
    ----------
    found : xarray.Dataset
        From `leakthrough.sensitivity`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        First-order and total indices with their intervals; a cross marks the index without the
        simulation noise.

    Raises
    ------
    ValueError
        If the Dataset is not from `leakthrough.sensitivity`.
    """
    kinds = {"first_order": (style.BLUE, "o", -0.16), "total": (style.VERMILION, "s", 0.16)}
    names = ("mean", *kinds, *(f"{name}_noise" for name in kinds), "path", "estimate")
    dims = {"path": (), "estimate": style.ESTIMATE}
    found = style.demand(found, "sensitivity", names, dims=dims)
    order = np.argsort(-found["total"].sel(estimate="mean").values, kind="stable")
    found = found.isel(path=order)
    rows = np.arange(order.size)
    ax = style.one_axes(ax, 9.0, 1.6 + 0.42 * order.size)
    for name, (colour, marker, shift) in kinds.items():
        estimates = found[name].sel(estimate=["mean", "low", "high"])
        mean, low, high = estimates.transpose("estimate", ...).values
        ax.hlines(rows + shift, low, high, color=colour, lw=2)
        label = f"{name.replace('_', '-')} index"
        ax.plot(mean, rows + shift, marker, color=colour, ms=7, label=label)
        ax.plot(mean - found[f"{name}_noise"].values, rows + shift, "x", color=style.BLACK, ms=6)
    ax.plot([], [], "x", color=style.BLACK, ms=6, label="without\nsimulation noise")
    ax.axvline(0.0, color=style.BLACK, lw=0.8)
    style.label_rows(ax, _fields(found), size=10)
    ax.set(xlabel="share of the variance of the mean")
    what = f"{style.scenario_name(found)}Sobol' indices of {style.described(found['mean'])}"
    style.per_cent(ax.xaxis)
    layout.finish(ax, style.words(f"{what} ({style.level_of(found)} intervals)", 150, 1))
    return ax


def frontier(found: "xr.Dataset", *, axes: Any = None) -> "Array":
    """Outcome and best allocation found for each budget.

    Parameters
    ----------
    found : xarray.Dataset
        From `allocate`.
    axes : two of matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    array of matplotlib.axes.Axes, shape (2,)
        The outcome by cost, with intervals; for each budget a bar with the share of each path in
        the cost, and its number of units where there is room. The legend says how flat the optimum
        is: the range of units on each path, at the full budget, of the allocations tried that were
        not worse by more than two standard errors.

    Raises
    ------
    ValueError
        If the Dataset is not from `allocate`, or there are not two `axes`.
    """
    wanted = (
        "frontier_outcome",
        "frontier_cost",
        "frontier_allocation",
        "unit_cost",
        "budget",
        "frontier_least",
        "frontier_most",
        "path",
        "estimate",
    )
    dims = {"step": (), "path": (), "estimate": style.ESTIMATE}
    found = style.demand(found, "allocate", wanted, dims=dims)
    size = 7.0 + 0.1 * max(0, found.sizes["path"] - 8)
    pair = style.some_axes(axes, 2, 9.5, size, height_ratios=(3, 2))
    _draw_outcome(pair[0], found)
    _draw_allocations(pair[1], found)
    return pair


def _draw_outcome(ax: "Axes", found: "xr.Dataset") -> None:
    outcome, cost = found["frontier_outcome"], found["frontier_cost"].values
    mean, low, high = (outcome.sel(estimate=end).values for end in ("mean", "low", "high"))
    reach = np.maximum([mean - low, high - mean], 0.0)
    ax.errorbar(cost, mean, reach, fmt="o-", color=style.BLUE, ecolor=style.BLACK, capsize=3, ms=5)
    ax.set(
        ylabel=style.words(style.described(outcome), 36),
        xlabel=style.described(found["frontier_cost"]),
    )
    ax.set_ylim(bottom=0.0)
    ax.tick_params(labelbottom=True)
    style.format_values(ax.yaxis, outcome)
    style.amounts(ax.xaxis)
    what = f"{style.scenario_name(found)}best allocation found for each budget"
    layout.finish(ax, f"{what} ({style.level_of(found)} intervals)")


def _draw_allocations(ax: "Axes", found: "xr.Dataset") -> None:
    units = found["frontier_allocation"].transpose("step", "path").values
    budget = found["budget"].values
    spent = units * found["unit_cost"].values
    shares = spent / np.maximum(spent.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    width = 0.8 * (np.diff(budget).min() if budget.size > 1 else 0.5 * budget[0])
    below = np.zeros(budget.size)
    texts: list[tuple[Any, Any]] = []
    least, most = (found[f"frontier_{end}"].isel(step=-1).values for end in ("least", "most"))
    for n, name in enumerate(_fields(found)):
        label = f"{name}: {style.amount(least[n])} to {style.amount(most[n])}"
        colour, hatch = style.line_style(n).colour, style.HATCHES[n % len(style.HATCHES)]
        options: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
        bars = ax.bar(budget, shares[:, n], width, bottom=below, label=label, **options)
        numbers = [f"{number:,}" for number in units[:, n].tolist()]
        box: Any = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        labels = ax.bar_label(bars, numbers, label_type="center", fontsize=layout.SMALL, bbox=box)
        texts += zip(labels, bars, strict=True)
        below += shares[:, n]
    ax.set(ylim=(0.0, 1.0), ylabel="share of the cost", xlabel=style.described(found["budget"]))
    style.per_cent(ax.yaxis)
    style.amounts(ax.xaxis)
    title = "at the full budget,\nunits that do as well"
    layout.finish(ax, "The allocation (numbers: units)", reverse=True, title=title)
    style.drop_wide(ax, texts)
