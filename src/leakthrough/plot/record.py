"""Plots of recorded nights compared with simulated ones."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.plot import layout, style

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes


_DIMS = ("night", "threat_class", "outcome")
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_WORDS = {"through": "got through", "hard_kill": "shot down", "soft_kill": "jammed or lost"}


def _label(threat_class: str, outcome: str) -> str:
    return f"{threat_class}, {_WORDS.get(outcome, outcome)}"


def _expanded(found: "xr.Dataset", *names: str, **labels: Sequence[float]) -> "xr.Dataset":
    """The Dataset with all of its dimensions, including those dropped by a selection.

    It has these numbers, and these labels along further dimensions.
    """
    found = style.demand(found, "records.check", (*names, *_DIMS, *labels))
    found = found.expand_dims([name for name in _DIMS if name not in found.dims])
    dims = {**dict.fromkeys(_DIMS, ()), **labels}
    return style.demand(found, "records.check", names, dims=dims)


def rank_ecdf(found: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Empirical distribution of the ranks of recorded nights, compared with the uniform one.

    Parameters
    ----------
    found : xarray.Dataset
        From `records.check`, or a part of its classes and outcomes.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The empirical distribution function for each class and outcome with ranks. A grey band
        contains the whole curve of as many independent uniform ranks with probability 95 %
        (Kolmogorov's distance).

    Raises
    ------
    ValueError
        If the Dataset is not from `records.check`, or has no rank.
    """
    found = _expanded(found, "relative_rank")
    ranks = {}
    for name in found["threat_class"].values.tolist():
        for outcome in found["outcome"].values.tolist():
            values = found["relative_rank"].sel(threat_class=name, outcome=outcome).values
            if np.isfinite(values).any():
                ranks[_label(name, outcome)] = np.sort(values[np.isfinite(values)])
    if not ranks:
        raise ValueError("found: has no rank; the record has the fate of none of its threats")
    ax = style.one_axes(ax, 8.0, max(4.6, 1.0 + 0.3 * len(ranks)))
    _draw_bands(ax, sorted({values.size for values in ranks.values()}))
    for n, (name, values) in enumerate(ranks.items()):
        colour, line, _ = style.line_style(n)
        label = f"{style.words(name)}: {_nights(values.size)}"
        ax.ecdf(values, color=colour, ls=line, lw=2, label=label)
    ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.0), ylabel="share of nights at or below")
    ax.set_xlabel("relative rank of the recorded night (0: below all simulated)")
    style.per_cent(ax.yaxis)
    layout.finish(ax, "Recorded nights among the simulated", handlelength=3.2)
    return ax


def _draw_bands(ax: "Axes", numbers: Sequence[int]) -> None:
    """95 % bands of the empirical distribution of uniform ranks, widest first."""
    from scipy.stats import kstwo

    line = np.array([0.0, 1.0])
    greys = np.linspace(0.94, 0.8, len(numbers)) if len(numbers) > 1 else [0.9]
    for nights, grey in zip(numbers, greys, strict=True):
        reach = float(kstwo.ppf(0.95, nights))
        label = f"uniform, {_nights(nights)}: 95 % band"
        ax.fill_between(line, line - reach, line + reach, color=str(grey), lw=0, label=label)
    ax.plot(line, line, color="0.4", lw=1)


def _nights(number: int) -> str:
    return f"{number} night{'s' if number > 1 else ''}"


def predictive_intervals(found: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Recorded numbers of one night in their simulated intervals, by class and outcome.

    Parameters
    ----------
    found : xarray.Dataset
        From `records.check`, with one night and all outcomes; select one of several nights, as in
        ``found.sel(night=["2025-07-04"])``.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        For each class and outcome the simulated median, 25 to 75 % and 5 to 95 %, and the
        recorded number if reported, all as shares of the threats of the class.

    Raises
    ------
    ValueError
        If the Dataset is not from `records.check`, or not of one night and all outcomes.
    """
    found = _expanded(found, "recorded", "mean", "simulated", quantile=_QUANTILES)
    if found.sizes["night"] != 1 or found.sizes["outcome"] != len(_WORDS):
        got = f"got {found.sizes['night']} nights and {found.sizes['outcome']} outcomes"
        raise ValueError(f"found: must be of one night, as sel(night=[...]), all outcomes; {got}")
    found = found.isel(night=0)
    launched = found["mean"].sum("outcome")  # every threat has one of the outcomes
    found = found.isel(threat_class=(launched > 0).values)
    names, outcomes = (found[dim].values.tolist() for dim in ("threat_class", "outcome"))
    each = (found.sel(threat_class=name, outcome=o) for name in names for o in outcomes)
    rows = [row for row in each if np.isfinite(row["recorded"]) or row["mean"] > 0]
    ax = style.one_axes(ax, 9.0, 1.4 + 0.42 * len(rows))
    for n, row in enumerate(rows):
        _draw_interval(ax, row, n, float(launched.sel(threat_class=row["threat_class"])))
    kinds = [row["threat_class"].item() for row in rows]
    for n in range(1, len(rows)):
        if kinds[n] != kinds[n - 1]:
            ax.axhline(n - 0.5, color="0.85", lw=0.8)
    style.label_rows(ax, [_numbers(row) for row in rows])
    ax.set(xlim=(-0.02, 1.02), xlabel="share of the class")
    style.per_cent(ax.xaxis)
    layout.finish(ax, f"{str(found['night'].values)[:10]} as recorded, and as simulated")
    return ax


def _draw_interval(ax: "Axes", found: "xr.Dataset", row: int, launched: float) -> None:
    low, lower, middle, upper, high = found["simulated"].transpose("quantile").values / launched
    value = float(found["recorded"])
    labels = ("5 to 95 %", "25 to 75 %", "median", "recorded") if row == 0 else (None,) * 4
    ax.plot([low, high], [row, row], color=style.BLUE, lw=1.5, label=labels[0])
    ax.plot(
        [lower, upper], [row, row], color=style.SKY, lw=7, solid_capstyle="butt", label=labels[1]
    )
    ax.plot(middle, row, "|", color=style.BLUE, ms=12, mew=2, label=labels[2])
    where = value / launched if np.isfinite(value) else np.nan
    ax.plot(where, row, "D", color=style.VERMILION, mec="white", ms=7, label=labels[3])


def _numbers(found: "xr.Dataset") -> str:
    """Label: class and outcome, recorded number, simulated interval."""
    low, high = (float(found["simulated"].sel(quantile=end)) for end in (0.05, 0.95))
    value = f"{float(found['recorded']):,.0f}" if np.isfinite(found["recorded"]) else "unknown"
    name = style.words(_label(found["threat_class"].item(), found["outcome"].item()), 50, 1)
    return f"{name}\nrecorded {value}, simulated {low:,.0f} to {high:,.0f}"


def periods(found: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Kill probabilities by period, and the probabilities of changes between periods.

    Parameters
    ----------
    found : xarray.Dataset
        From `records.calibrate_periods`, or a part of its classes; or from
        `records.change_points`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Median and 5 to 95 % of the posterior for each class. From `change_points` also the mean
        of the shares stopped in the nights of each period, and grey bars: the probability that the
        kill probability changed at the beginning of the period.

    Raises
    ------
    ValueError
        If the Dataset is from neither call.
    """
    from matplotlib import dates

    found = _of_periods(found)
    ends = _ends(found)
    ax = style.one_axes(ax, 8.0, 4.6)
    start = found["period"].values
    for n, (name, (low, middle, high)) in enumerate(ends.items()):
        colour, line, _ = style.line_style(n)
        ax.fill_between(start, low, high, color=colour, alpha=0.2, lw=0)
        ax.plot(start, middle, color=colour, ls=line, lw=2, label=style.words(name))
    ax.fill_between([], [], color="0.7", alpha=0.5, lw=0, label=style.BAND)
    if "change" in found:
        _draw_changes(ax, found)
    ax.set(ylim=(0.0, 1.0), ylabel="effective kill probability")
    ax.set_xlabel(str(found["period"].attrs.get("long_name", "period")))
    style.per_cent(ax.yaxis)
    locator = dates.AutoDateLocator(minticks=2, maxticks=5)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    texts = dates.ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(texts)
    layout.finish(ax, "Kill probability by period", handlelength=3.2)
    return ax


def _of_periods(found: "xr.Dataset") -> "xr.Dataset":
    """The Dataset with the dimension of the classes, if it has draws."""
    source, names = "records.calibrate_periods", ["probability", "period"]
    found = style.demand(found, source, names)
    if found["period"].dtype.kind != "M":
        raise ValueError(f"found: must come from leakthrough.{source}; its periods are no dates")
    if "change" in found:
        dims = dict.fromkeys(("quantile", "period"), ())
        return style.demand(found, source, [*names, "change", "share"], dims=dims)
    found = style.demand(found, source, ["threat_class"])
    found = found if "threat_class" in found.dims else found.expand_dims("threat_class")
    dims = dict.fromkeys(("threat_class", "chain", "draw", "period"), ())
    return style.demand(found, source, names, dims=dims)


def _ends(found: "xr.Dataset") -> "dict[str, npt.NDArray[np.float64]]":
    """5 %, median and 95 % by period, for each class."""
    if "change" in found:
        name = str(found.attrs.get("threat_class", "threats"))
        return {name: found["probability"].transpose("quantile", "period").values}
    ends = found["probability"].quantile(style.ENDS, ("chain", "draw"))
    names = found["threat_class"].values.tolist()
    return {
        name: ends.sel(threat_class=name).transpose("quantile", "period").values for name in names
    }


def _draw_changes(ax: "Axes", found: "xr.Dataset") -> None:
    start, share = found["period"].values, found["share"].values
    width = np.diff(start).min() * 0.6
    ax.bar(start, found["change"].values, width, color="0.8", zorder=0, label="change here")
    ax.plot(start, share, "D", color=style.VERMILION, mec="white", ms=6, label="mean of the nights")
