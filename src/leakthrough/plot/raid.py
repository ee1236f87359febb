"""Plots of one raid: fates of the threats, distribution of the leakers, and depletion."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from leakthrough.model.arguments import one_of
from leakthrough.plot import layout, style
from leakthrough.results.estimates import means
from leakthrough.results.reduction import reduced
from leakthrough.text_tables import number

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array

_CAUSES = {  # colour and hatch
    "missed": ("#FFFFFF", "////"),
    "no_channel": (style.ORANGE, ""),
    "no_interceptors": (style.VERMILION, ""),
    "no_track": ("#F6B26B", "xxxx"),
    "too_short": (style.YELLOW, "...."),
    "dismissed": (style.PURPLE, "\\\\\\\\"),
    "undetected": ("#999999", ""),
    "uncovered": (style.BLACK, ""),
}
MOST_BARS = 60


class _Fate(NamedTuple):
    """One fate: mean number of threats by salvo, and its style."""

    name: str
    mean: "Array"
    colour: Any
    hatch: str


def fates(result: "xr.Dataset", *, ax: "Axes | None" = None) -> "Axes":
    """Fates of the threats of each salvo, as shares of those launched.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`, or one raid of a campaign.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        One bar per salvo: soft kill, kills by layer (outermost first), leakers by cause. Means
        over the replications, written in each part with enough room. Fates without threats are
        left out.

    Raises
    ------
    ValueError
        If the Dataset is not the result of one raid.

    Examples
    --------
    >>> result = lt.simulate(scenario, replications=1000, seed=7)  # doctest: +SKIP
    >>> lt.plot.fates(result).figure.savefig("fates.png")  # doctest: +SKIP
    """
    result = style.demand(result, "simulate", ("launched",), "result")
    ready = reduced(result)
    launched = _launched(ready)
    parts = [fate for fate in _fates(ready) if fate.mean.any()]
    rows, names = np.arange(launched.size), _salvos(ready)
    pitch = 0.24 + 0.16 * max((name.count("\n") for name in names), default=1)
    lines = sum(style.words(fate.name, 34).count("\n") + 1.4 for fate in parts)
    ax = style.one_axes(ax, 10.0, max(1.1 + pitch * rows.size, 0.4 + 0.15 * lines))
    left = np.zeros(launched.size)
    texts: list[tuple[Any, Any]] = []
    for fate in parts:
        share = fate.mean / np.maximum(launched, 1)
        edge = style.BLACK if fate.hatch else "white"
        look: Any = {"color": fate.colour, "hatch": fate.hatch, "edgecolor": edge, "lw": 0.5}
        bars = ax.barh(rows, share, 0.7, left, label=style.words(fate.name, 34), **look)
        texts += zip(_counts(ax, bars, fate), bars, strict=True)
        left += share
    for row in rows[launched == 0]:
        ax.text(0.01, row, "none launched", va="center", fontsize=layout.SMALL)
    style.label_rows(ax, names)
    ax.set(xlim=(0.0, 1.0), xlabel="share of those launched")
    style.per_cent(ax.xaxis)
    layout.finish(ax, "Fates of each salvo (numbers: means)")
    style.drop_wide(ax, texts)
    return ax


def _fates(ready: "xr.Dataset") -> list[_Fate]:
    from matplotlib.colors import LinearSegmentedColormap

    mean = ready.sel(statistic="mean")
    layers = ready["layer"].values.tolist()
    blues = LinearSegmentedColormap.from_list("", ["#C6E4F7", style.SKY, style.BLUE, "#00304D"])
    shades = blues(np.linspace(0.0, 1.0, len(layers)) if len(layers) > 1 else [0.5])
    soft = mean["soft_killed"].sum("layer").values
    found = [_Fate("soft kill", soft, style.GREEN, "")]
    for n, layer in enumerate(layers):
        hatch = style.HATCHES[2] if n % 2 else ""
        found.append(_Fate(f"killed: {layer}", mean["killed"].values[:, n], shades[n], hatch))
    for n, cause in enumerate(ready["cause"].values.tolist()):
        colour, hatch = _CAUSES[cause]
        name = f"leaked: {cause.replace('_', ' ')}"
        found.append(_Fate(name, mean["leak_cause"].values[:, n], colour, hatch))
    return found


def _counts(ax: "Axes", bars: Any, fate: _Fate) -> list[Any]:
    """Write the mean number into each bar."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(fate.colour)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
    box = {"facecolor": fate.colour, "edgecolor": "none", "pad": 1.2} if fate.hatch else None
    look: Any = {"color": "white" if dark else style.BLACK, "fontsize": layout.SMALL, "bbox": box}
    return ax.bar_label(bars, [*map(style.mean_count, fate.mean)], label_type="center", **look)


def _launched(ready: "xr.Dataset") -> "Array":
    """Numbers launched by salvo, or their means where they are drawn."""
    launched = ready["launched"]
    own = launched.sel(statistic="mean") if "statistic" in launched.dims else launched
    return np.asarray(own.values)


def _salvos(ready: "xr.Dataset") -> list[str]:
    """Labels of the salvos: name and number launched."""
    columns = (ready[name].values.tolist() for name in ("salvo", "decoy"))
    launched = _launched(ready).tolist()
    texts = [f"{n:,}" if isinstance(n, int) else style.mean_count(n) for n in launched]
    return [
        f"{style.words(name, 28, 2)}\n{'decoys, ' if decoy else ''}{text} launched"
        for name, decoy, text in zip(*columns, texts, strict=True)
    ]


def leakers(
    result: "xr.Dataset", pmf: "xr.DataArray | None" = None, *, ax: "Axes | None" = None
) -> "Axes":
    """Distribution of the leakers (real threats) with its mean, and optionally an exact one.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`, or one raid of a campaign.
    pmf : xarray.DataArray, optional
        Exact probabilities along `leakers`, for instance from `exact.leakers`.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Shares of the replications by number of leakers (in bins if the range is wide); the mean
        with its 95 % interval (as in `summary`); the exact distribution as dots.

    Raises
    ------
    ValueError
        If the Dataset is not the result of one raid, or `pmf` is not as above.
    """
    result = style.demand(result, "simulate", ("launched",), "result")
    ready, chances = reduced(result), _chances(pmf)
    counts = ready["replications_by_leakers"].values / int(ready["replications"])
    mean, _, low, high, settled, *_ = means(ready, "leakers", 0.95)
    edges, width = _bins(counts, chances)
    ax = style.one_axes(ax, 7.5, 4.2)
    colours: Any = {"facecolor": style.SKY, "edgecolor": style.BLUE}
    ax.stairs(_binned(counts, edges), edges, fill=True, label="simulated", **colours)
    text = f"mean {number(mean)}"
    if low < high:
        ax.axvspan(low, high, color=style.BLACK, alpha=0.25, lw=0)
        text += f" ({number(low)} to {number(high)}{'' if settled else ', not settled'})"
    ax.axvline(mean, color=style.BLACK, lw=1.5, label=text)
    if chances is not None:
        exact = float(np.arange(len(chances)) @ chances)
        at, label = (edges[1:] + edges[:-1]) / 2.0, f"exact: mean {number(exact)}"
        ax.plot(
            at, _binned(chances, edges), "o", color=style.VERMILION, mec="white", ms=5, label=label
        )
    ax.set_xlabel("real threats that got through")
    ax.set_ylabel("probability" if width == 1 else f"probability, in bins of {width} numbers")
    ax.set_ylim(bottom=0.0)
    style.whole(ax.xaxis)
    style.per_cent(ax.yaxis)
    layout.finish(ax, "Leakers (mean with 95 % interval)")
    return ax


def _chances(pmf: object) -> "Array | None":
    """Probabilities of 0, 1, 2 ... leakers."""
    import xarray as xr

    if pmf is None:
        return None
    if not isinstance(pmf, xr.DataArray) or pmf.dims != ("leakers",):
        dims = pmf.dims if isinstance(pmf, xr.DataArray) else type(pmf).__name__
        raise ValueError(f"pmf: must be probabilities along leakers, a DataArray; got {dims}")
    at, values = pmf["leakers"].values, pmf.values
    if (at < 0).any() or (at != np.rint(at)).any() or abs(values.sum() - 1.0) > 1e-6:
        text = f"its sum is {float(values.sum()):g}"
        raise ValueError(f"pmf: must be probabilities of whole numbers that add up to 1; {text}")
    found = np.zeros(int(at.max()) + 1)
    found[at.astype(np.int64)] = values
    return found


def _bins(counts: "Array", chances: "Array | None") -> "tuple[Array, int]":
    """Edges of bins that cover all observed numbers and those that are not too unlikely."""
    seen = np.flatnonzero(counts)
    if chances is not None:
        seen = np.union1d(seen, np.flatnonzero(chances > 1e-3 * chances.max()))
    first, last = int(seen.min()), int(seen.max())
    width = -(-(last + 1 - first) // MOST_BARS)
    start = first - first % width
    return np.arange(start, last + width + 1, width) - 0.5, width


def _binned(values: "Array", edges: "Array") -> "Array":
    """Sum in each bin of the values of 0, 1, 2 ..."""
    return np.histogram(np.arange(len(values)), edges, weights=values)[0]


def depletion(
    result: "xr.Dataset",
    *,
    by: Literal["battery", "interceptor"] = "battery",
    ax: "Axes | None" = None,
) -> "Axes":
    """Ready rounds over time, with the central 90 % of the replications.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` with a `timeline`, and either `keep`.
    by : {"battery", "interceptor"}
        One line for each kind of battery and its interceptor, or for each interceptor. Batteries
        `name-1` to `name-n` of one layer are of one kind.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Ready rounds of each group, as a share of those at the start: median and 5 to 95 % of the
        replications; only the mean if only a summary was kept. Infinite magazines, and groups
        without rounds, are left out. A triangle marks the mean time at which only the reserve was
        left in magazines that have one; the legend adds in how many per cent of them that happened.

    Raises
    ------
    ValueError
        If the Dataset is not the result of one raid with a timeline, has no such rounds, or `by`
        is not as above.
    """
    result = style.demand(
        result, "simulate with a timeline", ("ready_rounds", "sample_time", "rounds"), "result"
    )
    if "raid" in result.dims:
        raise ValueError("result: has several raids; select one, as in sel(raid=3)")
    if not (result.sizes["battery"] and result.sizes["sample_time"]):
        raise ValueError("result: has no batteries or no sample times left")
    groups = _groups(result, by)
    if not groups:
        raise ValueError("result: has no magazine with a finite number of rounds, above 0")
    ax = style.one_axes(ax, 9.0, max(4.2, 0.8 + 0.36 * len(groups)))
    ready, time = result["ready_rounds"], result["sample_time"].values
    scale, unit = _clock(time)
    kept = "replication" in ready.dims
    ready = ready if kept else ready.sel(statistic="mean")
    for n, (name, own) in enumerate(groups.items()):
        first = float(result["rounds"].where(own).sum())
        share = ready.where(own).sum(("battery", "interceptor")) / first
        label = f"{style.words(name, 32, 2)}: {first:,.0f} rounds"
        drawn = style.draw_rounds(ax, time / scale, share, n, label)
        if reserve := _reserve(result, own):
            _draw_reserve(ax, (reserve[0] / scale, reserve[1]), drawn, unit)
    ax.set(xlabel=f"time since the start of the raid [{unit}]")
    style.label_rounds(ax, "Ready rounds", kept=kept)
    return ax


def _reserve(result: "xr.Dataset", own: "xr.DataArray") -> tuple[float, float] | None:
    """Mean time [s] and probability that magazines come to their reserve, if they have one."""
    if "reserve_time" not in result:  # of an earlier version
        return None
    when, dry = (result[f"{name}_time"].where(own) for name in ("reserve", "depletion"))
    if "statistic" in when.dims:
        number, total = result["reserve_reached"].where(own, 0), int(result["replications"])
        when, dry = when.sel(statistic="mean"), dry.sel(statistic="mean")
    else:
        number, total = when.notnull(), result.sizes.get("replication", 1)
    if when.equals(dry) or not number.any():
        return None
    mean = (when.fillna(0.0) * number).sum() / number.sum()
    return float(mean), float(number.sum() / (total * own.sum()))


def _draw_reserve(ax: "Axes", reserve: tuple[float, float], line: Any, unit: str) -> None:
    """Mark on a line when only the reserve was left."""
    when, share = reserve
    height = np.interp(when, line.get_xdata(), line.get_ydata())
    label = f"only its reserve left: {when:.3g} {unit}, {100 * share:.3g} %"
    look: Any = {"ms": 9, "mfc": "white", "mec": line.get_color(), "mew": 2, "ls": "", "zorder": 4}
    ax.plot(when, height, "v", label=label, **look)


def _clock(time: "Array") -> tuple[float, str]:
    """Unit for these times: its length in seconds, and its name."""
    span = float(np.ptp(time)) if time.size else 0.0
    return (3600.0, "h") if span >= 7200.0 else (60.0, "min") if span >= 300.0 else (1.0, "s")


def _groups(result: "xr.Dataset", by: object) -> "dict[str, xr.DataArray]":
    """Which magazines (battery, interceptor) belong to each line."""
    one_of("by", by, ("battery", "interceptor"))
    rounds, interceptors = result["rounds"], result["interceptor"].values.tolist()
    prefixes = [f"{kind}, " if by == "battery" else "" for kind in _kinds(result)]
    names = [[f"{prefix}{interceptor}" for interceptor in interceptors] for prefix in prefixes]
    line = rounds.transpose("battery", "interceptor").copy(data=np.array(names, np.str_))
    lines = dict.fromkeys(line.values.ravel().tolist())
    own = {name: (line == name) & np.isfinite(rounds) for name in lines}
    return {name: some for name, some in own.items() if rounds.where(some).sum() > 0}


def _kinds(result: "xr.Dataset") -> list[str]:
    """Kind of each battery: its own name, or `name` for the family `name-1` to `name-n`."""
    names, layers = result["battery"].values.tolist(), result["layer_of"].values.tolist()
    families = [(layer, name.rpartition("-")[0]) for layer, name in zip(layers, names, strict=True)]
    every = {*zip(layers, names, strict=True)}
    whole = {
        (layer, stem)
        for (layer, stem), size in Counter(families).items()
        if stem and size > 1 and {(layer, f"{stem}-{n + 1}") for n in range(size)} <= every
    }
    return [own[1] if own in whole else name for own, name in zip(families, names, strict=True)]
