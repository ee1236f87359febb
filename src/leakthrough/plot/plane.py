"""A map of a raid: sites with their ranges, paths of the salvos, and assets."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.model.arguments import of_class, refused
from leakthrough.model.defence import Layer
from leakthrough.model.geometry import Path, paths_of
from leakthrough.model.scenario import Salvo, Scenario, most_threats, usual_threats
from leakthrough.plot import layout, style
from leakthrough.results.provenance import scenario_of
from leakthrough.results.reduction import reduced

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

    from leakthrough.plot.style import Array

KM = 1e3
_SITE = 3.5
"""Radius of the mark of a site [points]; in narrow Axes all marks have half the area."""
_SMALLEST, _LARGEST = 50.0, 220.0
"""Area of the mark of an asset [square points]: for no value, and for the largest."""
_BEYOND = 0.25
"""Share of the width of all ranges by which paths may extend the map."""
_OF_LAYERS = (style.BLUE, style.GREEN, style.PURPLE, style.SKY)
_OF_THREATS = (style.VERMILION, style.BLACK, style.ORANGE)
_LINES = ("-", "--", "-.", ":")
_SIDES = (
    ("left", "center", 1, 0),
    ("right", "center", -1, 0),
    ("center", "bottom", 0, 1),
    ("center", "top", 0, -1),
)
"""Where the name of an asset may be: alignments, and direction from its mark."""


class _Mean(NamedTuple):
    """What a result adds: means over the replications."""

    damage: dict[str, float]  # by asset
    left: dict[str, tuple[float, float]]  # by site: rounds at the end, and at the start


def map(
    scenario: "Scenario | xr.Dataset",
    result: "xr.Dataset | None" = None,
    *,
    ax: "Axes | None" = None,
) -> "Axes":
    """Sites with their ranges, paths of the salvos, and assets; and what a raid did to them.

    Parameters
    ----------
    scenario : Scenario or xarray.Dataset
        What is drawn; or a result of `simulate`, which knows its scenario.
    result : xarray.Dataset, optional
        From `simulate` of this scenario, with either `keep`, or one raid of a campaign.
    ax : matplotlib.axes.Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        In kilometres, with equal axes. Circles are the ranges of each site, one colour a layer:
        thick the largest, thin the others (inner ranges, and those of other threats). Lines with
        arrows are the paths, one colour a threat class; a salvo that may come from any direction
        has none. Squares are assets, larger for a larger value. With a result, their colour is the
        mean damage, and the filled part of each site's mark is the mean share of its rounds that
        is left (of all sites at one position together; infinite magazines are left out).

    Raises
    ------
    ValueError
        If `scenario` is neither a scenario nor a result, or if the Dataset is not the result of one
        raid, or is of another scenario.

    Examples
    --------
    >>> lt.plot.map(scenario).figure.savefig("before.png")  # doctest: +SKIP
    >>> lt.plot.map(lt.simulate(scenario, replications=1000, seed=7))  # doctest: +SKIP
    """
    given, mean = _given(scenario, result)
    ax = style.one_axes(ax, 9.0, 6.0)
    _set_limits(ax, given)
    handles = [*_draw_ranges(ax, given), *_draw_paths(ax, given)]
    _draw_assets(ax, given, mean)
    _draw_sites(ax, given.sites, mean)
    handles += _marks_of(ax, given, mean)
    ax.set(xlabel="east [km]", ylabel="north [km]")
    heading = "sites, paths and assets" if mean is None else "after the raid (means)"
    layout.finish(ax, f"{style.words(given.name, 44, 1)}: {heading}", handles=handles)
    _write_names(ax, given, mean)
    return ax


def _given(scenario: object, result: Any) -> "tuple[Scenario, _Mean | None]":
    """The scenario that is drawn, and the means of a result of it."""
    import xarray as xr

    if isinstance(scenario, xr.Dataset) and result is None:
        scenario, result = None, scenario
    elif not isinstance(scenario, Scenario):
        raise refused("scenario", "a Scenario, or a result of leakthrough.simulate", scenario)
    if result is None:
        return of_class("scenario", scenario, Scenario), None
    result = style.demand(result, "simulate", ("launched", "remaining", "rounds"), "result")
    if "raid" in result.dims:
        raise ValueError("result: has several raids; select one, as in sel(raid=3)")
    own = scenario_of(result)
    if scenario is not None and of_class("scenario", scenario, Scenario).digest != own.digest:
        raise ValueError(f"scenario: must be that of the result; got another one, {own.name!r}")
    return own, _means(result)


def _means(result: "xr.Dataset") -> _Mean:
    ready = reduced(result)
    mean = ready.sel(statistic="mean")
    finite = np.isfinite(ready["rounds"])
    columns = [
        rounds.where(finite, 0.0).sum("interceptor").values.tolist()
        for rounds in (mean["remaining"], ready["rounds"])
    ]
    left: dict[str, tuple[float, float]] = {}
    for site, end, start in zip(ready["layer_of"].values.tolist(), *columns, strict=True):
        before = left.get(site, (0.0, 0.0))
        left[site] = before[0] + end, before[1] + start
    damage = mean["damage"].to_series().to_dict() if "damage" in mean else {}
    return _Mean(damage, left)


def _set_limits(ax: "Axes", given: Scenario) -> None:
    """Show all ranges and assets, and paths for a part of their length beyond."""
    rings = [(*site.position, site.largest_range) for site in given.sites]
    rings += [(*asset.position, 0.0) for asset in given.assets]
    paths = [_points(path) for path in paths_of(given)]
    rings += [(*points[-1], 0.0) for points in paths]
    at = np.array(rings or [(0.0, 0.0, 0.0)])
    low, high = (at[:, :2] - at[:, 2:]).min(0), (at[:, :2] + at[:, 2:]).max(0)
    span = (high - low).max()
    if paths:
        ends, beyond = np.concatenate(paths), _BEYOND * span or np.inf
        low, high = (
            np.maximum(np.minimum(low, ends.min(0)), low - beyond),
            np.minimum(np.maximum(high, ends.max(0)), high + beyond),
        )
    margin = 0.03 * (high - low).max() or KM
    ax.set_aspect("equal", adjustable="datalim")
    ax.margins(0.0)
    ax.update_datalim(np.array([low - margin, high + margin]) / KM)
    ax.autoscale_view()


def _draw_ranges(ax: "Axes", given: Scenario) -> Iterator[Any]:
    """Draw the ranges of all layers; yield the handles of the legend."""
    from matplotlib.lines import Line2D

    names, others = [threat.name for threat in given.threats], False
    for n, layer in enumerate(given.layers):
        look: Any = {"color": _OF_LAYERS[n % len(_OF_LAYERS)], "ls": _LINES[n % len(_LINES)]}
        largest, rest = _ranges(layer, names)
        _draw_rings(ax, layer, [largest], lw=1.4, alpha=0.06, **look)
        _draw_rings(ax, layer, rest, lw=0.6, alpha=0.0, **look)
        others = others or bool(rest)
        yield Line2D([], [], lw=1.4, label=_of_layer(layer, largest), **look)
    if others:
        yield Line2D([], [], lw=0.6, color="0.4", label="inner ranges, other threats")


def _ranges(layer: Layer, threats: Iterable[str]) -> tuple[float, list[float]]:
    """The largest range of a layer, and the others, of inner edges and of threats."""
    largest, found = layer.largest_range, set()
    for threat in threats:
        if (outer := layer.outer_range_for(threat)) is not None:
            found |= {outer, layer.inner_range_for(threat)}
    return largest, sorted(found - {largest, 0.0})


def _draw_rings(
    ax: "Axes", layer: Layer, ranges: list[float], *, color: str, ls: str, lw: float, alpha: float
) -> None:
    """Draw circles of these radii [m] around each site."""
    from matplotlib.collections import EllipseCollection
    from matplotlib.colors import to_rgba

    at = [(*site.position, own) for site in layer.sites for own in ranges]
    x, y, radius = np.array(at).reshape(-1, 3).T / KM
    width: Any = 2.0 * radius
    look: Any = {"edgecolors": color, "facecolors": to_rgba(color, alpha), "linestyles": ls}
    look |= {"offsets": np.column_stack([x, y]), "offset_transform": ax.transData}
    rings = EllipseCollection(width, width, np.zeros_like(x), units="xy", linewidths=lw, **look)
    ax.add_collection(rings, autolim=False)


def _of_layer(layer: Layer, largest: float) -> str:
    number = len(layer.sites)
    sites = f", {number} sites" if number > 1 else ""
    return f"{style.words(layer.name, 26, 2)}{sites}: {style.amount(largest / KM)} km"


def _points(path: Path) -> "Array":
    """Start, turns and end of a path [m]; shape (points, 2)."""
    first = path.legs[0]
    start = np.array(first.end) + first.length * np.array(first.back)
    return np.array([start, *(leg.end for leg in path.legs)])


def _draw_paths(ax: "Axes", given: Scenario) -> Iterator[Any]:
    """Draw each path once a threat class; yield the handles of the legend."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    flown = [*zip(given.salvos, paths_of(given), strict=True)]
    for n, threat in enumerate(given.threats):
        own = [(salvo, path) for salvo, path in flown if salvo.threat == threat.name]
        known = dict.fromkeys(path for salvo, path in own if _has_direction(salvo))
        if not any(most_threats(salvo) for salvo, _ in own):
            continue
        about = "" if all(isinstance(salvo.count, int) for salvo, _ in own) else "about "
        number = f"{about}{sum(usual_threats(salvo) for salvo, _ in own):,}"
        colour, line = _OF_THREATS[n % len(_OF_THREATS)], _LINES[n % len(_LINES)]
        lines = [_points(path) / KM for path in known]
        look: Any = {"linestyles": line, "linewidths": 1.2, "zorder": 3, "gid": threat.name}
        ax.add_collection(LineCollection(lines, colors=colour, **look), autolim=False)
        for points in lines:
            _draw_head(ax, points, colour)
        text = "" if known else ", from any direction"
        label = f"{style.words(threat.name, 26, 2)}: {number}{text}"
        shown: Any = {"ls": line, "marker": ">"} if known else {"ls": ""}
        yield Line2D([], [], color=colour, lw=1.2, label=label, **shown)


def _has_direction(salvo: Salvo) -> bool:
    """Whether a salvo says where it comes from."""
    return salvo.bearing is not None or bool(salvo.route)


def _draw_head(ax: "Axes", points: "Array", colour: str) -> None:
    """Draw the head of an arrow where a path ends, at the edge of the mark of its target."""
    back = points[-2] - points[-1]
    length = float(np.hypot(*back))
    if length == 0.0:
        return
    shown = 0.1 * float(np.ptp(ax.get_xlim()))  # the head only, which must not lie outside
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "shrinkB": 9.0, "shrinkA": 0.0}
    start = points[-1] + back * min(shown / length, 1.0)
    ax.annotate("", points[-1], start, arrowprops=look, zorder=3).set_in_layout(False)


def _draw_assets(ax: "Axes", given: Scenario, mean: _Mean | None) -> None:
    """Draw a square for each asset."""
    at = np.array([asset.position for asset in given.assets]).reshape(-1, 2) / KM
    sizes = [_area(ax, asset.value, given) for asset in given.assets]
    colours = [_colour(mean, asset.name) for asset in given.assets]
    look: Any = {"marker": "s", "edgecolors": style.BLACK, "zorder": 4, "gid": "assets"}
    ax.scatter(at[:, 0], at[:, 1], s=sizes, c=colours, **look)


def _colour(mean: _Mean | None, asset: str) -> Any:
    """Colour of an asset: darker for more damage, relative to the largest."""
    if mean is None or asset not in mean.damage:
        return "0.85"
    return _shade(mean.damage[asset], mean)


def _shade(damage: float, mean: _Mean) -> Any:
    from matplotlib import colormaps

    return colormaps["Reds"](0.9 * damage / (max(mean.damage.values()) or 1.0))


def _area(ax: "Axes", value: float, given: Scenario) -> float:
    """Area of the mark of an asset of some value [square points]."""
    largest = max(asset.value for asset in given.assets)
    share = value / largest if largest > 0.0 else 0.0
    area = _SMALLEST + (_LARGEST - _SMALLEST) * share
    return area * _scale(ax)


def _scale(ax: "Axes") -> float:
    """Factor of the areas of marks."""
    return 0.5 if layout.is_narrow(ax) else 1.0


def _marks_of(ax: "Axes", given: Scenario, mean: _Mean | None) -> Iterator[Any]:
    """Handles of the legend for assets and sites."""
    from matplotlib.lines import Line2D

    values = sorted({asset.value for asset in given.assets}, reverse=True)
    look: Any = {"ls": "", "mec": style.BLACK}
    for value in dict.fromkeys([*values[:1], *values[-1:]]):
        text = f" of value {style.amount(value)}" if len(values) > 1 else ""
        size = _area(ax, value, given) ** 0.5
        yield Line2D([], [], marker="s", mfc="0.85", ms=size, label=f"asset{text}", **look)
    if mean and mean.damage:
        most, size = max(mean.damage.values()), (_SMALLEST * _scale(ax)) ** 0.5
        for damage in dict.fromkeys([0.0, most / 2.0, most]):
            text, colour = f"mean damage {100.0 * damage:.0f} %", _shade(damage, mean)
            yield Line2D([], [], marker="s", mfc=colour, ms=size, label=text, **look)
    if given.layers:
        text = "site" if mean is None else "site; black: rounds left"
        size = 2.0 * _SITE * _scale(ax) ** 0.5
        yield Line2D([], [], marker="o", mfc="white", ms=size, label=text, **look)


def _draw_sites(ax: "Axes", sites: Iterable[Layer], mean: _Mean | None) -> None:
    """Draw a mark at the position of each site, filled by the share of rounds that is left."""
    from matplotlib.collections import PathCollection
    from matplotlib.path import Path as Shape
    from matplotlib.transforms import Affine2D

    rounds: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for site in sites:
        found = (0.0, 0.0) if mean is None else mean.left.get(site.name, (0.0, 0.0))
        rounds.setdefault(site.position, []).append(found)
    sums = [np.sum(own, axis=0).tolist() for own in rounds.values()]
    shares = [min(end / start, 1.0) if start > 0.0 else 0.0 for end, start in sums]
    at = np.array([*rounds]).reshape(-1, 2) / KM
    some = [n for n, share in enumerate(shares) if share > 0.0]
    parts = [Shape.wedge(90.0 - 360.0 * shares[n], 90.0) for n in some]
    look: Any = {"offset_transform": ax.transData, "zorder": 5}
    for offsets, shapes, colour, name in (
        (at, [Shape.unit_circle()], "white", "sites"),
        (at[some], parts, style.BLACK, "rounds left"),
    ):
        if len(offsets):
            sizes: Any = [(2.0 * _SITE) ** 2 * _scale(ax)]
            marks = PathCollection(shapes, sizes, offsets=offsets, **look)
            marks.set_transform(Affine2D().scale(0.5))  # the shapes have a diameter of 2
            marks.set(facecolor=colour, edgecolor=style.BLACK, linewidth=0.8, gid=name)
            ax.add_collection(marks, autolim=False)


def _write_names(ax: "Axes", given: Scenario, mean: _Mean | None) -> None:
    """Write the names of the assets next to their marks, where there is room.

    Of the free sides, the one on which the name covers the fewest sites and paths.
    """
    from matplotlib.patheffects import withStroke

    figure: Any = ax.figure.canvas.figure  # also of a subfigure
    figure.draw_without_rendering()
    sites, taken, paths = _boxes(ax, "sites"), _boxes(ax, "assets"), _lines(ax, given)
    look: Any = {"textcoords": "offset points", "zorder": 6}
    look["path_effects"] = [withStroke(linewidth=2.5, foreground="white")]
    look["fontsize"] = layout.TINY if layout.is_narrow(ax) else layout.SMALL
    for asset in given.assets:
        name = style.words(asset.name, 20, 2)
        if mean and asset.name in mean.damage:
            name += f" {100 * mean.damage[asset.name]:.0f} %"
        away = 0.5 * _area(ax, asset.value, given) ** 0.5 + 3.0
        at = asset.position[0] / KM, asset.position[1] / KM
        free: list[Any] = []
        for ha, va, x, y in _SIDES:
            text = ax.annotate(name, at, (x * away, y * away), ha=ha, va=va, **look)
            text.set_in_layout(False)
            box = text.get_window_extent()
            if _is_inside(box, ax.bbox) and not box.count_overlaps(taken):
                covered = sum(path.intersects_bbox(box, filled=False) for path in paths)
                free.append((box.count_overlaps(sites) + covered, len(free), text, box))
            text.set_visible(False)
        if free:
            _, _, text, box = min(free)
            text.set_visible(True)
            taken.append(box)


def _is_inside(box: Any, room: Any) -> bool:
    return bool(room.x0 < box.x0 and box.x1 < room.x1 and room.y0 < box.y0 and box.y1 < room.y1)


def _lines(ax: "Axes", given: Scenario) -> list[Any]:
    """Paths of threats on the display."""
    names = {threat.name for threat in given.threats}
    own: list[Any] = [lines for lines in ax.collections if lines.get_gid() in names]
    return [ax.transData.transform_path(path) for lines in own for path in lines.get_paths()]


def _boxes(ax: "Axes", name: str) -> list[Any]:
    """Boxes on the display of the marks in a collection."""
    from matplotlib.transforms import Bbox

    found: list[Any] = []
    own: list[Any] = [marks for marks in ax.collections if marks.get_gid() == name]
    for marks in own:
        at = ax.transData.transform(marks.get_offsets()).reshape(-1, 2)
        sizes = np.broadcast_to(marks.get_sizes(), len(at))[:, np.newaxis]
        half = 0.5 * ax.figure.dpi / 72.0 * np.sqrt(sizes)
        found += [Bbox([low, high]) for low, high in zip(at - half, at + half, strict=True)]
    return found
