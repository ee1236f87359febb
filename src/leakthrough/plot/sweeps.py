"""Plots of sweeps: curves along one axis, heat maps along two."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import one_of, refused
from leakthrough.plot import layout, style
from leakthrough.statistics.arguments import numbers

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array

MOST_LINES = 9
_SOURCE = "sweep, as a grid"
_NEEDED = f"found: must come from leakthrough.{_SOURCE}"


def saturation(
    found: "xr.Dataset",
    measure: str | None = None,
    *,
    along: str | None = None,
    knee: "xr.Dataset | Sequence[xr.Dataset]" = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """A measure along an axis of a sweep, such as the leak rate against the size of the raid.

    Parameters
    ----------
    found : xarray.Dataset
        From `sweep` with one axis of numbers. A second axis, or a measure grouped by names, gives
        a line for each value, at most nine.
    measure : str, optional
        Label of a measure; by default the first of the sweep.
    along : str, optional
        The horizontal axis; by default the first of the measure.
    knee : xarray.Dataset, or several
        From `saturation_point` along that axis with the same measure; one for each line.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Means with bands of their intervals; a marker with an interval where the measure crosses
        the threshold.

    Raises
    ------
    ValueError
        If the Dataset is not such a sweep or has no such measure or axis, or the number of knees
        differs from the number of lines.

    Examples
    --------
    >>> axes = {"size": {"salvos.drones.count": range(20, 401, 20)}}  # doctest: +SKIP
    >>> found = lt.sweep(scenario, axes, measures=["leak_rate"], replications=500)  # doctest: +SKIP
    >>> lt.plot.saturation(found)  # doctest: +SKIP
    """
    values = _measured(found, measure)
    others = _dimensions(values, along, most=1)
    x = others.pop(0)
    if values[x].dtype.kind not in "if":
        raise ValueError(f"along: must be an axis of numbers; {x} holds text")
    values = values.sortby(x)
    lines = [values] if not others else [values.isel({others[0]: n}) for n in _few(values, others)]
    knees = _knees(knee, len(lines))
    ax = style.one_axes(ax, 8.5 if others else 7.0, 4.4)
    for n, line in enumerate(lines):
        label = _setting(line, others[0]) if others else None
        _draw_line(ax, line, x, n, label, knees[n])
    ax.set(xlabel=axis_text(values[x]), ylabel=style.words(style.described(values), 46))
    interval = str(found["estimate"].attrs.get("long_name", "interval")).rpartition("of the ")[2]
    ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    style.format_values(ax.yaxis, values)
    style.amounts(ax.xaxis)
    layout.finish(ax, f"{style.scenario_name(found)}mean and {interval}", handlelength=3.2)
    return ax


def _draw_line(
    ax: "Axes", line: "xr.DataArray", x: str, n: int, label: str | None, knee: "xr.Dataset | None"
) -> None:
    at, (colour, dashes, marker) = line[x].values, style.line_style(n)
    mean, low, high = (line.sel(estimate=end).values for end in ("mean", "low", "high"))
    ax.fill_between(at, low, high, color=colour, alpha=0.25, lw=0)
    ms = 4 if at.size <= 12 else 0  # many markers hide the line
    ax.plot(at, mean, dashes, color=colour, marker=marker, ms=ms, lw=1.8, label=label)
    if knee is None:
        return
    where, left, right = (float(knee[f"crossing{end}"]) for end in ("", "_low", "_high"))
    if not np.isfinite(where):
        ax.plot([], [], " ", label="knee: beyond the axis")
        return
    ends = [
        style.amount(left) if np.isfinite(left) else f"below {style.amount(at.min())}",
        style.amount(right) if np.isfinite(right) else f"above {style.amount(at.max())}",
    ]
    name = "first knee" if int(knee.get("crossings", 1)) > 1 else "knee"
    label = f"{name}: {style.amount(where)} ({' to '.join(ends)})"
    left, right = max(left, at.min()), min(right, at.max())
    reach = [[max(where - left, 0.0)], [max(right - where, 0.0)]]
    look: Any = {"ms": 8, "mfc": "white", "mec": colour, "mew": 2, "ecolor": colour, "capsize": 4}
    height = np.interp(where, at, mean)
    ax.errorbar(where, height, xerr=reach, fmt=marker, zorder=4, label=label, **look)


def heatmap(
    found: "xr.Dataset",
    measure: str | None = None,
    *,
    along: str | None = None,
    level: float | Sequence[float] = (),
    ax: "Axes | None" = None,
) -> "Axes":
    """A measure over two axes of a sweep.

    Parameters
    ----------
    found : xarray.Dataset
        From `sweep` with two axes, or one axis and a measure grouped by names.
    measure : str, optional
        Label of a measure; by default the first of the sweep.
    along : str, optional
        The horizontal axis; by default the second of the measure.
    level : float, or several
        Values of the mean at which contour lines are drawn.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Means, dark where high, hatched where NaN; with a colour bar on separate Axes.

    Raises
    ------
    ValueError
        If the Dataset is not such a sweep, or has no such measure or axis.
    """
    values, levels = _measured(found, measure), np.ravel(numbers("level", level, "numbers"))
    others = _dimensions(values, along, most=2, last=True)
    if len(others) != 2:
        raise ValueError(f"{_NEEDED} with two axes; {values.name} has {', '.join(others)}")
    x, y = others
    for dim in others:
        values = values.sortby(dim) if values[dim].dtype.kind in "if" else values
    mean = values.sel(estimate="mean").transpose(y, x)
    ax = style.one_axes(ax, 7.5, 5.0)
    (at_x, edges_x), (at_y, edges_y) = _ticks(ax.xaxis, mean[x]), _ticks(ax.yaxis, mean[y])
    ax.patch.set(hatch="xxxx", facecolor="white", edgecolor="0.7")
    least, most = min(0.0, float(mean.min())), float(mean.max())
    most = most if most > least else least + 1.0  # all equal, or all NaN
    options: Any = {"cmap": "cividis_r", "vmin": least, "vmax": most, "rasterized": True}
    image = ax.pcolormesh(edges_x, edges_y, mean.values, **options)
    ax.set(xlabel=axis_text(values[x]), ylabel=axis_text(values[y]))
    within = layout.cell(ax)  # before it is divided
    bar = ax.figure.colorbar(image, ax=ax)
    bar.set_label(style.words(style.described(values), 56))
    style.format_values(bar.ax.yaxis, values)
    layout.finish(ax, f"{style.scenario_name(found)}mean", within=within, bar=bar.ax)
    _draw_levels(ax, (at_x, at_y, mean.values), levels, style.is_share(values))
    return ax


def _draw_levels(
    ax: "Axes", given: "tuple[Array, Array, Array]", level: "Array", share: bool
) -> None:
    from matplotlib.patheffects import withStroke

    values = given[2]
    known = values[np.isfinite(values)]
    crossed = [one for one in np.unique(level) if (known < one).any() and (known > one).any()]
    if not crossed or min(values.shape) < 2:
        return
    lines = ax.contour(*given, crossed, colors="white", linewidths=1.4)
    stroke: list[Any] = [withStroke(linewidth=2.6, foreground=style.BLACK)]
    lines.set_path_effects(stroke)
    texts = {value: f"{100 * value:g} %" if share else style.amount(value) for value in crossed}
    for text in ax.clabel(lines, fmt=texts, fontsize=9):
        text.set_path_effects(stroke)


def _ticks(axis: Any, along: "xr.DataArray") -> "tuple[Array, Array]":
    """Set the ticks of an axis; return centres and edges of its cells."""
    if along.dtype.kind in "if":
        at = along.values.astype(np.float64)
        style.amounts(axis)
        if at.size == 1:
            axis.set_ticks(at)
    else:
        at = np.arange(along.size, dtype=np.float64)
        oblique = axis.axis_name == "x" and along.size > 3
        turned = {"rotation": 30, "ha": "right", "rotation_mode": "anchor"} if oblique else {}
        axis.set_ticks(at, [style.words(name, 18, 2) for name in along.values], **turned)
    inner = (at[1:] + at[:-1]) / 2.0
    first, last = (at[1] - at[0], at[-1] - at[-2]) if at.size > 1 else (1.0, 1.0)
    return at, np.r_[at[0] - first / 2.0, inner, at[-1] + last / 2.0]


def _measured(found: Any, measure: str | None) -> "xr.DataArray":
    """The estimates of a measure."""
    found = style.demand(found, _SOURCE, ("estimate",))
    known = [str(name) for name, own in found.data_vars.items() if "estimate" in own.dims]
    if "confidence" in found.attrs:  # other studies have it, and sweeps have their provenance
        raise ValueError(f"{_NEEDED}; it comes from another function")
    if "point" in found.dims:
        text = "a design along `point` has no axes; for one axis, use swap_dims(point=its name)"
        raise ValueError(f"{_NEEDED}; {text}")
    if not known or len(found[known[0]].dims) < 2:
        raise ValueError(f"{_NEEDED}; has no measure along an axis")
    one_of("measure", measure, (None, *known))
    name = measure or known[0]
    dims = {**{str(dim): () for dim in found[name].dims}, "estimate": style.ESTIMATE}
    values: xr.DataArray = style.demand(found, _SOURCE, (name,), dims=dims)[name]
    return values


def _dimensions(
    values: "xr.DataArray", along: str | None, *, most: int, last: bool = False
) -> list[str]:
    """The horizontal axis, then the other dimension, if any."""
    dims = [str(dim) for dim in values.dims if dim != "estimate"]
    if len(dims) > 2:
        text = f"{values.name} has {', '.join(dims)}; select, as in found.sel({dims[-1]}=...)"
        raise ValueError(f"{_NEEDED} with one axis or two; {text}")
    one_of("along", along, (None, *dims))
    first = along or dims[-1 if last else 0]
    return [first, *(dim for dim in dims if dim != first)]


def _few(values: "xr.DataArray", others: Sequence[str]) -> range:
    size = values.sizes[others[0]]
    if size > MOST_LINES:
        text = f"at most {MOST_LINES} lines can be distinguished, {others[0]} has {size}"
        raise ValueError(f"found: {text}; select some, as in found.isel({others[0]}=[0, 5])")
    return range(size)


def _knees(knee: Any, lines: int) -> "list[xr.Dataset | None]":
    import xarray as xr

    own = [knee] if isinstance(knee, xr.Dataset) else knee
    if not isinstance(own, list | tuple):
        raise refused("knee", "one or several that come from leakthrough.saturation_point", knee)
    for each in own:
        names = ("crossing", "crossing_low", "crossing_high")
        style.demand(each, "saturation_point", names, "knee")
    if own and len(own) != lines:
        raise ValueError(f"knee: must be one for each line, {lines}; got {len(own)}")
    return list(own) or [None] * lines


def axis_text(along: "xr.DataArray") -> str:
    """Label of an axis: its name or path, with units."""
    return style.with_units(style.words(style.field(str(along.name)), 50, 2), along)


def _setting(line: "xr.DataArray", dim: str) -> str:
    """Label of a line: its value on the other dimension."""
    value = line[dim].item()
    if isinstance(value, str):
        return style.words(value)
    units = str(line[dim].attrs.get("units", "1"))
    text = f"{style.field(dim)}: {style.amount(value)}{'' if units == '1' else ' ' + units}"
    return style.words(text)
