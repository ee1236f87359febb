"""Plots of sensitivities and of the best allocation for each budget."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.plot.style import (
    BLACK,
    BLUE,
    HATCHES,
    SMALL,
    VERMILION,
    amount,
    amounts,
    demand,
    described,
    drop_wide,
    field,
    heading,
    is_share,
    label_rows,
    legend_right,
    level_of,
    one_axes,
    per_cent,
    scenario_name,
    some_axes,
    style,
    words,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    Array = npt.NDArray[Any]

_ENDS = {"low": (BLUE, "////"), "high": (VERMILION, "")}


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
    demand(found, "tornado", ("base", "difference", "setting", "path", "end"))
    means = found["difference"].sel(estimate="mean").transpose("path", "end").values
    length = np.ptp(np.c_[means, np.zeros(len(means))], axis=1)
    found = found.isel(path=np.argsort(-length, kind="stable"))
    base = float(found["base"].sel(estimate="mean"))
    ax = one_axes(ax, 9.0, 1.6 + 0.42 * len(means))
    for row in range(len(means)):
        _draw_bar(ax, found.isel(path=row), row, base)
    ax.axvline(base, color=BLACK, lw=0.8)
    label_rows(ax, _fields(found), size=10)
    ax.set(xlabel=words(described(found["base"]), 60))
    ax.spines["left"].set_visible(False)
    ax.set_xlim(_limits(found, base))
    heading(ax, _title(found, base))
    (per_cent if is_share(found["base"]) else amounts)(ax.xaxis)
    _legend(ax, found)
    return ax


def _fields(found: "xr.Dataset") -> list[str]:
    return [words(field(path), 34) for path in found["path"].values.tolist()]


def _draw_bar(ax: "Axes", found: "xr.Dataset", row: int, base: float) -> None:
    """One field: a bar from the base value to the value at each end."""
    estimates = found["difference"].sel(estimate=["mean", "low", "high"])
    ends = {end: estimates.sel(end=end).values for end in _ENDS}
    same_side = ends["low"][0] * ends["high"][0] > 0
    for end, (mean, low, high) in ends.items():
        side = np.sign(mean) or (-np.sign(ends["high"][0]) or -1.0) * (1 if end == "low" else -1)
        if mean == 0 and end == "high":
            side = -np.sign(ends["low"][0]) or 1.0
        shift = (-0.2 if end == "low" else 0.2) if same_side else 0.0
        colour, hatch = _ENDS[end]
        height = 0.36 if same_side else 0.68
        options: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.0}
        ax.barh(row + shift, mean, left=base, height=height, **options)
        ax.plot([base + low, base + high], [row + shift] * 2, color=BLACK, lw=1.4)
        ax.annotate(
            amount(float(found["setting"].sel(end=end))),
            (base + (low if side < 0 else high), row + shift),
            (4 * side, 0),
            textcoords="offset points",
            ha="right" if side < 0 else "left",
            va="center_baseline",
            fontsize=SMALL - 1 if same_side else SMALL,
        )


def _limits(found: "xr.Dataset", base: float) -> tuple[float, float]:
    """Limits of the axis, with room for the values next to the bars."""
    ends = found["difference"].sel(estimate=["low", "high"]).values
    low, high = base + min(ends.min(), 0.0), base + max(ends.max(), 0.0)
    room = 0.12 * (high - low) or 0.1 * abs(base) or 1.0
    return low - room, high + room


def _title(found: "xr.Dataset", base: float) -> str:
    value = f"{100 * base:.3g} %" if is_share(found["base"]) else amount(float(f"{base:.3g}"))
    return f"{scenario_name(found)}one field at a time; baseline: {value}"


def _legend(ax: "Axes", found: "xr.Dataset") -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = [
        Patch(facecolor=colour, hatch=hatch, edgecolor="white", lw=0.0, label=f"field {end}")
        for end, (colour, hatch) in _ENDS.items()
    ]
    handles.append(Line2D([], [], color=BLACK, lw=1.4, label=f"{level_of(found)} interval"))
    legend_right(ax, handles=handles)


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
    demand(found, "sensitivity", ("first_order", "total", "total_noise", "path"))
    order = np.argsort(-found["total"].sel(estimate="mean").values, kind="stable")
    found = found.isel(path=order)
    rows = np.arange(order.size)
    ax = one_axes(ax, 9.0, 1.6 + 0.42 * order.size)
    kinds = {"first_order": (BLUE, "o", -0.16), "total": (VERMILION, "s", 0.16)}
    for name, (colour, marker, shift) in kinds.items():
        estimates = found[name].sel(estimate=["mean", "low", "high"])
        mean, low, high = estimates.transpose("estimate", ...).values
        ax.hlines(rows + shift, low, high, color=colour, lw=2)
        label = f"{name.replace('_', '-')} index"
        ax.plot(mean, rows + shift, marker, color=colour, ms=7, label=label)
        ax.plot(mean - found[f"{name}_noise"].values, rows + shift, "x", color=BLACK, ms=6)
    ax.plot([], [], "x", color=BLACK, ms=6, label="without\nsimulation noise")
    ax.axvline(0.0, color=BLACK, lw=0.8)
    label_rows(ax, _fields(found), size=10)
    ax.set(xlabel="share of the variance of the mean")
    what = f"{scenario_name(found)}Sobol' indices of {described(found['mean'])}"
    heading(ax, words(f"{what} ({level_of(found)} intervals)", 75, 2))
    per_cent(ax.xaxis)
    legend_right(ax)
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
        the cost, and its number of units where there is room.

    Raises
    ------
    ValueError
        If the Dataset is not from `allocate`, or there are not two `axes`.
    """
    wanted = ("frontier_outcome", "frontier_cost", "frontier_allocation", "unit_cost", "budget")
    demand(found, "allocate", wanted)
    size = 7.0 + 0.1 * max(0, found.sizes["path"] - 8)
    pair = some_axes(axes, 2, 9.5, size, height_ratios=(3, 2))
    _draw_outcome(pair[0], found)
    _draw_allocations(pair[1], found)
    return pair


def _draw_outcome(ax: "Axes", found: "xr.Dataset") -> None:
    outcome, cost = found["frontier_outcome"], found["frontier_cost"].values
    mean, low, high = (outcome.sel(estimate=end).values for end in ("mean", "low", "high"))
    reach = np.maximum([mean - low, high - mean], 0.0)
    ax.errorbar(cost, mean, reach, fmt="o-", color=BLUE, ecolor=BLACK, capsize=3, ms=5)
    ax.set(ylabel=words(described(outcome), 36), xlabel=described(found["frontier_cost"]))
    ax.set_ylim(bottom=0.0)
    ax.tick_params(labelbottom=True)
    what = f"{scenario_name(found)}best allocation found for each budget"
    heading(ax, f"{what} ({level_of(found)} intervals)")
    (per_cent if is_share(outcome) else amounts)(ax.yaxis)
    amounts(ax.xaxis)


def _draw_allocations(ax: "Axes", found: "xr.Dataset") -> None:
    units = found["frontier_allocation"].transpose("step", "path").values
    budget = found["budget"].values
    spent = units * found["unit_cost"].values
    shares = spent / np.maximum(spent.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    width = 0.8 * (np.diff(budget).min() if budget.size > 1 else 0.5 * budget[0])
    below = np.zeros(budget.size)
    texts: list[tuple[Any, Any]] = []
    for n, label in enumerate(_fields(found)):
        colour, hatch = style(n).colour, HATCHES[n % len(HATCHES)]
        options: Any = {"color": colour, "hatch": hatch, "edgecolor": "white", "linewidth": 0.5}
        bars = ax.bar(budget, shares[:, n], width, bottom=below, label=label, **options)
        numbers = [f"{number:,}" for number in units[:, n].tolist()]
        box: Any = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
        labels = ax.bar_label(bars, numbers, label_type="center", fontsize=SMALL, bbox=box)
        texts += zip(labels, bars, strict=True)
        below += shares[:, n]
    ax.set(ylim=(0.0, 1.0), ylabel="share of the cost", xlabel=described(found["budget"]))
    heading(ax, "The allocation (numbers: units)")
    per_cent(ax.yaxis)
    amounts(ax.xaxis)
    legend_right(ax, reverse=True)
    drop_wide(ax, texts)
