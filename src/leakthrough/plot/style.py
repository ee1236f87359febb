"""What all pictures share: colours, styles, words, and the Axes to draw on."""

import json
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from matplotlib.axes import Axes

    Array = npt.NDArray[Any]


BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
"""Colours that the colour-blind can tell apart (Okabe and Ito, Color Universal Design)."""

_INK = (BLUE, VERMILION, GREEN, BLACK, PURPLE, ORANGE, SKY)  # yellow lines are lost on paper
_LINES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "----", "++++", "oooo")
SMALL = 8.5
MOST_TICKS = 7
BAND = "5 to 95 %"


class Style(NamedTuple):
    """How one line of several looks."""

    colour: str
    line: str
    marker: str


def style(number: int) -> Style:
    """The style of a line: no two of the first 28 are alike in colour and dashes."""
    own = (kinds[number % len(kinds)] for kinds in (_INK, _LINES, _MARKERS))
    return Style(*own)


def demand(found: object, source: str, names: Iterable[str], argument: str = "found") -> None:
    """Refuse what is not a Dataset with these variables, or coordinates."""
    import xarray as xr

    text = f"{argument}: must come from leakthrough.{source}"
    if not isinstance(found, xr.Dataset):
        raise ValueError(f"{text}; got {type(found).__name__}")
    missing = [name for name in names if name not in found.variables]
    if missing:
        raise ValueError(f"{text}; has no {', '.join(missing)}")


def one_axes(ax: "Axes | None", width: float, height: float) -> "Axes":
    """The Axes given, or those of a new figure [inches]."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def some_axes(axes: Any, number: int, width: float, height: float, **more: Any) -> "Array":
    """The Axes given, or those of a new figure one above the other, shape (number,)."""
    if axes is None:
        import matplotlib.pyplot as plt

        size = (width, height)
        _, axes = plt.subplots(number, figsize=size, layout="constrained", sharex=True, **more)
    found = np.ravel(np.asarray(axes, dtype=object))
    if found.size != number:
        raise ValueError(f"axes: must be {number}; got {found.size}")
    for ax in found:
        ax.spines[["top", "right"]].set_visible(False)
    return found


def words(text: object, width: int = 30, lines: int = 3) -> str:
    """A name as it can be drawn: broken into lines, cut, and free of mathematics."""
    broken = textwrap.wrap(str(text), width, max_lines=lines, placeholder=" …")
    joined = "\n".join(broken).replace("$", r"\$")
    # A legend leaves out what begins with an underscore.
    return f" {joined}" if joined.startswith("_") else joined


_COLLECTIONS = {"layers", "batteries", "magazines", "salvos", "threats", "interceptors"}


def field(path: str) -> str:
    """A path of a scenario in fewer words; any other text stays as it is."""
    steps = path.split(".")
    if steps[0] not in _COLLECTIONS:
        return path
    kept = [
        step if place % 2 else step.replace("_", " ")
        for place, step in enumerate(steps)
        if place % 2 or step not in _COLLECTIONS
    ]
    return ", ".join(kept)


def described(variable: "xr.DataArray", name: object = "") -> str:
    """What a variable is, with its units, if it has any."""
    text = str(variable.attrs.get("long_name", name or variable.name)).split(";")[0]
    units = str(variable.attrs.get("units", "1"))
    return text if units == "1" else f"{text} [{units}]"


def is_share(variable: "xr.DataArray") -> bool:
    """Whether a variable is a share or a probability, to be drawn in per cent."""
    text = str(variable.attrs.get("long_name", ""))
    return variable.attrs.get("units") == "1" and text.startswith(("share", "probability"))


def per_cent(axis: Any) -> None:
    """Write the ticks of an axis of shares in per cent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))


def whole(axis: Any) -> None:
    """Put ticks of an axis at whole numbers only."""
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(
        MaxNLocator(MOST_TICKS, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    )


def amounts(axis: Any) -> None:
    """Write the ticks of an axis of numbers: 20,000 and not 2e4, but 1e9 for what is huge."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if axis.axis_name == "x":  # matplotlib leaves room for three figures only
        axis.set_major_locator(MaxNLocator(MOST_TICKS, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: amount(value)))


def amount(value: float) -> str:
    """A number as short as it can be."""
    if value == 0.0 or not np.isfinite(value):
        return f"{value:.0f}"
    for scale, name in ((1e12, " tn"), (1e9, " bn"), (1e6, " M")):
        if abs(value) >= scale:
            return f"{value / scale:.4g}{name}" if abs(value) < 1e16 else f"{value:.3g}"
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:.4g}"


def mean_count(value: float) -> str:
    """A mean number of things."""
    if value >= 9.95 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 1 else f"{value:.2g}"


def beside(ax: "Axes", **more: Any) -> None:
    """A legend to the right of the Axes, where it covers nothing."""
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=SMALL,
        **more,
    )


def draw_band(ax: "Axes", at: Any, low: Any, high: Any, colour: str) -> None:
    """A band with edges, so that several can be told apart where they lie upon each other."""
    ax.fill_between(at, low, high, color=colour, alpha=0.12, lw=0)
    ax.plot(at, low, at, high, color=colour, lw=0.7, alpha=0.7)


def scenario_name(found: "xr.Dataset", width: int = 44) -> str:
    """Name of the scenario that was simulated, and a colon; nothing where it is not known."""
    name = found.attrs.get("scenario")
    if name is None and "provenance" in found.attrs:
        name = json.loads(found.attrs["provenance"])["scenario"]["name"]
    return f"{words(name, width, 1)}: " if name else ""


def drop_wide(ax: "Axes", texts: "Iterable[tuple[Any, Any]]") -> None:
    """Take away the texts that are larger than the bar in which they stand."""
    figure: Any = ax.figure.canvas.figure  # of a subfigure too
    figure.draw_without_rendering()
    for text, bar in texts:
        inner, outer = text.get_window_extent(), bar.get_window_extent()
        if inner.width + 2.0 > outer.width or inner.height > outer.height:
            text.remove()
