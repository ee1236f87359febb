"""Shared by all plots: colours, line styles, texts, and Axes."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.model.arguments import refused
from leakthrough.plot import layout
from leakthrough.quantities import CURRENCY
from leakthrough.results.provenance import name_of
from leakthrough.results.taken import dataset_of, taken

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
"""Colours distinguishable by colour-blind readers (Okabe and Ito, Color Universal Design)."""

_INK = (BLUE, VERMILION, GREEN, BLACK, PURPLE, ORANGE, SKY)  # yellow lines are hard to see
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
MOST_TICKS = 7
ENDS, BAND = (0.05, 0.5, 0.95), "5 to 95 %"
ESTIMATE = ("mean", "low", "high")
"""Labels along `estimate` that are drawn."""


class Style(NamedTuple):
    """Style of a line."""

    colour: str
    line: str
    marker: str


def line_style(number: int) -> Style:
    """Style of line `number`; the first 28 all differ in colour or dashes."""
    own = (kinds[number % len(kinds)] for kinds in (_INK, _LINES, _MARKERS))
    return Style(*own)


def demand(
    found: object,
    source: str,
    names: Iterable[str],
    argument: str = "found",
    dims: "Mapping[str, Sequence[object]] | None" = None,
) -> "xr.Dataset":
    """Return a Dataset in memory; ValueError unless it has these variables or coordinates.

    With `dims`, the variables hold numbers along these dimensions, which have these labels.
    """
    if argument == "result":
        return taken(found, source, names)
    return dataset_of(found, source, names, argument, dims)


def one_axes(ax: "Axes | None", width: float, height: float) -> "Axes":
    """The Axes given, or those of a new figure [inches]."""
    found: Axes = some_axes(ax, 1, width, height, name="ax")[0]
    return found


def some_axes(
    axes: Any, number: int, width: float, height: float, name: str = "axes", **more: Any
) -> "Array":
    """The Axes given, or those of a new figure with `number` rows; shape (number,)."""
    if axes is None:
        import matplotlib.pyplot as plt

        size = (width, height)
        _, axes = plt.subplots(number, figsize=size, layout="constrained", sharex=True, **more)
    several = isinstance(axes, list | tuple | np.ndarray)
    given = np.ravel(np.array(axes, dtype=object)).tolist() if several else [axes]
    if len(given) != number or not all(map(_is_flat, given)):
        kind = "with two perpendicular axes, in a figure"
        wanted = f"{number if number > 1 else 'one'} of matplotlib's Axes"
        raise refused(name, f"{wanted} {kind}", axes)
    found = np.array(given, dtype=object)
    for ax in found:
        ax.spines[["top", "right"]].set_visible(False)
    return found


def _is_flat(ax: object) -> bool:
    """Whether a value is an Axes of a figure, and not one in polar coordinates, 3-D or on a map."""
    is_drawn = getattr(ax, "figure", None) is not None and hasattr(ax, "spines")
    return is_drawn and getattr(ax, "name", "") == "rectilinear"


def words(text: object, width: int = 30, lines: int = 3) -> str:
    """A text for drawing: wrapped, shortened, and with mathematical markup escaped."""
    broken = textwrap.wrap(str(text), width, max_lines=lines, placeholder=" …")
    joined = "\n".join(broken).replace("$", r"\$")
    # A legend omits labels that begin with an underscore.
    return f" {joined}" if joined.startswith("_") else joined


_COLLECTIONS = {"layers", "batteries", "magazines", "salvos", "threats", "interceptors"}


def field(path: str) -> str:
    """A path of a scenario in short; any other text unchanged."""
    steps = path.split(".")
    if steps[0] not in _COLLECTIONS:
        return path
    kept = [
        step if index % 2 else step.replace("_", " ")
        for index, step in enumerate(steps)
        if index % 2 or step not in _COLLECTIONS
    ]
    return ", ".join(kept) or path  # an axis may be called `threats`


def described(variable: "xr.DataArray") -> str:
    """Description of a variable with its units, if any."""
    text = str(variable.attrs.get("long_name", variable.name)).split(";")[0]
    return with_units(text, variable)


def with_units(text: str, variable: "xr.DataArray") -> str:
    """A text with the units of a variable, if any."""
    units = str(variable.attrs.get("units", "1"))
    if str(variable.attrs.get("long_name")).endswith(f"[{CURRENCY}]") and text[-1:] != "]":
        units = CURRENCY
    return text if units == "1" else f"{text} [{units}]"


def is_share(variable: "xr.DataArray") -> bool:
    """Whether a variable is a share or a probability, to be drawn in per cent."""
    text = str(variable.attrs.get("long_name", ""))
    return variable.attrs.get("units") == "1" and text.startswith(("share", "probability"))


def format_values(axis: Any, variable: "xr.DataArray") -> None:
    """Format the ticks of the axis along which a variable is drawn."""
    (per_cent if is_share(variable) else amounts)(axis)


def per_cent(axis: Any) -> None:
    """Format the ticks of an axis in per cent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def whole(axis: Any) -> None:
    """Put the ticks of an axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    low, high = sorted(axis.get_view_interval())
    least = 2 if np.floor(high) > np.ceil(low) else 1  # one tick does not tell the scale
    axis.set_major_locator(
        MaxNLocator(_most_ticks(axis), integer=True, steps=[1, 2, 5, 10], min_n_ticks=least)
    )


def amounts(axis: Any) -> None:
    """Format the ticks of an axis of numbers by `amount`: 20,000 instead of 2e4."""
    from matplotlib.ticker import MaxNLocator

    if axis.axis_name == "x":  # the default locator assumes labels of three digits
        axis.set_major_locator(MaxNLocator(_most_ticks(axis), steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(lambda value, _: amount(value))


def _most_ticks(axis: Any) -> int:
    return MOST_TICKS - 4 if layout.is_narrow(axis.axes) else MOST_TICKS


def amount(value: float) -> str:
    """A number in short form."""
    if value == 0.0 or not np.isfinite(value):
        return f"{value:.0f}"
    for scale, name in ((1e12, " tn"), (1e9, " bn"), (1e6, " M")):
        if abs(value) >= scale:
            return f"{value / scale:.4g}{name}" if abs(value) < 1e16 else f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def mean_count(value: float) -> str:
    """A mean count in short form."""
    if value >= 9.95 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def draw_rounds(ax: "Axes", at: "Array", share: "xr.DataArray", number: int, label: str) -> Any:
    """Draw a share of the initial rounds: median and band, or the mean if only that is kept.

    Returns the line.
    """
    colour, line, _ = line_style(number)
    if "replication" in share.dims:
        low, share, high = share.quantile(ENDS, "replication")
        # Edges, so that overlapping bands can be distinguished.
        ax.fill_between(at, low, high, color=colour, alpha=0.12, lw=0)
        ax.plot(at, low, at, high, color=colour, lw=0.7, alpha=0.7)
    return ax.plot(at, share, line, color=colour, lw=2, marker=marker(at), label=label)[0]


def label_rounds(ax: "Axes", title: str, *, kept: bool, share: bool = True) -> None:
    """Label the Axes of `draw_rounds`; `kept` says whether the replications were kept."""
    ax.set(ylabel="share of initial rounds" if share else "rounds")
    ax.set_ylim(bottom=0.0)
    (per_cent if share else amounts)(ax.yaxis)
    layout.finish(ax, f"{title} ({f'median; band: {BAND}' if kept else 'mean'})", handlelength=3.2)


def marker(at: "Array") -> str:
    """A marker if there is only one point, for which a line is invisible."""
    return "o" if at.size == 1 else ""


def label_rows(ax: "Axes", names: "Sequence[str]", size: float = layout.SMALL) -> None:
    """Name the rows of horizontal bars or intervals, the first at the top."""
    if layout.is_narrow(ax):
        size, names = layout.fitting_rows(ax, names)
    ax.set_yticks(range(len(names)), names, fontsize=size)
    ax.set_ylim(max(len(names), 1) - 0.5, -0.5)
    ax.tick_params(axis="y", length=0)


def level_of(found: "xr.Dataset") -> str:
    """Confidence level of the intervals, in per cent."""
    return f"{100 * found.attrs.get('confidence', 0.95):g} %"


def scenario_name(found: "xr.Dataset", width: int = 44) -> str:
    """Name of the simulated scenario and a colon; empty if unknown."""
    name = found.attrs.get("scenario") or name_of(found)
    return f"{words(name, width, 1)}: " if name else ""


def drop_wide(ax: "Axes", texts: "Iterable[tuple[Any, Any]]") -> None:
    """Remove texts that are larger than their bars."""
    figure: Any = ax.figure.canvas.figure  # also of a subfigure
    figure.draw_without_rendering()
    for text, bar in texts:
        inner, outer = text.get_window_extent(), bar.get_window_extent()
        if inner.width + 2.0 > outer.width or inner.height > outer.height:
            text.remove()
