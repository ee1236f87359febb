"""Layout of Axes: title, labels and legend within the room that the figure leaves for them."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

NARROW = 5.5
"""Room [inches] below which texts are smaller and the legend is under the Axes."""
NORMAL, SMALL, TINY = 10.0, 8.5, 7.0
_LETTER = 0.54
"""Mean width of a letter of matplotlib's default font, relative to the font size."""
_GAP = 0.08  # inches


def wrapped(text: str, width: float, size: float) -> str:
    """A text of this font size [points], each of its lines wrapped to a width [inches]."""
    letters = max(8, int(72.0 * width / (_LETTER * size)))
    return "\n".join(textwrap.fill(line, letters) for line in text.split("\n"))


def cell(ax: "Axes") -> "Bbox":
    """The part of the figure, as shares of it, that belongs to the Axes and its labels."""
    from matplotlib.gridspec import GridSpec
    from matplotlib.transforms import Bbox

    spec = ax.get_subplotspec()
    if spec is None:
        return ax.get_position()
    grid: Any = spec.get_gridspec()
    bottoms, tops, lefts, rights = grid.get_grid_positions(ax.figure)
    rows, columns = spec.rowspan, spec.colspan
    outer = isinstance(grid, GridSpec)  # otherwise the grid is itself in a cell
    top = (tops[0] + 1.0) / 2.0 if ax.figure.get_suptitle() else 1.0

    def between(one: Any, other: Any, edge: float, last: Any) -> float:
        return (edge if outer else float(last)) if one is None else (one + other) / 2.0

    def at(values: Any, index: int) -> Any:
        return values[index] if 0 <= index < len(values) else None

    return Bbox.from_extents(
        between(at(rights, columns.start - 1), lefts[columns.start], 0.0, lefts[0]),
        between(at(tops, rows.stop), bottoms[rows.stop - 1], 0.0, bottoms[-1]),
        between(at(lefts, columns.stop), rights[columns.stop - 1], 1.0, rights[-1]),
        between(at(bottoms, rows.start - 1), tops[rows.start], top, tops[0]),
    )


def room(ax: "Axes", within: "Bbox | None" = None) -> tuple[float, float]:
    """Width and height [inches] of the cell of the Axes."""
    own, page = within or cell(ax), inches(ax, ax.figure.bbox)
    return own.width * page.width, own.height * page.height


def inches(ax: "Axes", box: Any) -> "Bbox":
    """A box on the display in inches."""
    found: Bbox = box.transformed(ax.figure.dpi_scale_trans.inverted())
    return found


def is_narrow(ax: "Axes") -> bool:
    """Whether there is too little room for a legend next to the Axes."""
    return room(ax)[0] < NARROW


def fitting_rows(ax: "Axes", names: Sequence[str]) -> tuple[float, list[str]]:
    """Font size and wrapped names of rows of narrow Axes, so that they do not touch.

    Where there is no room for all lines of the names, only the first of each is kept.
    """
    width, height = room(ax)
    others = 1.6 if _is_aligned(ax) else 1.1  # inches: title, labels and legend
    sizes = (TINY, TINY - 1.0, TINY - 2.0)
    first = [name.split("\n", 1)[0] for name in names]
    for texts, size in [
        *((names, size) for size in sizes),
        (first, TINY - 1.0),
        (first, sizes[-1]),
    ]:
        found = [wrapped(name, 0.4 * width, size) for name in texts]
        lines = max((name.count("\n") + 1 for name in found), default=1) + 0.3
        if len(found) * lines * 1.2 * size / 72.0 < height - others:
            break
    return size, found


def finish(
    ax: "Axes",
    heading: str,
    *,
    within: "Bbox | None" = None,
    bar: "Axes | None" = None,
    **legend: Any,
) -> None:
    """Write the title, wrap the labels, draw the legend, and make everything fit in the cell.

    `within` is the cell, `bar` are the Axes of a colour bar, `legend` are options of the legend. In
    a figure with a layout engine, the engine places the Axes. Otherwise they fill their cell of the
    grid, so that no text lies outside of it.
    """
    within = within or cell(ax)
    width, height = room(ax, within)
    narrow = width < NARROW
    if narrow:
        _shrink_texts(ax, bar)
    size = SMALL if narrow else NORMAL
    heading = _write_across(ax, heading, width, size, bar)
    under = _draw_legend(ax, width, height, **legend)
    above = 1.25 * size * (heading.count("\n") + 1) / 72.0
    up = max(height - above - under - _size(ax, ax.xaxis)[1] - 2 * _GAP, 0.8)
    up = min(up, 0.5 * height) if narrow else up  # neighbours may leave less
    for one in filter(None, (ax, bar)):
        label = one.yaxis.label
        label.set_text(wrapped(label.get_text(), up, _points(label)))
    # Labels of more lines leave less for the title, and the legend is under what was written.
    ax.xaxis.label.set_text(" ".join(ax.get_xlabel().split()))
    _write_across(ax, " ".join(heading.split()), width, size, bar)
    if under:
        _put_under(ax, ax.get_legend())
    _settle(within, ax, *filter(None, [bar]))


def _write_across(ax: "Axes", heading: str, width: float, size: float, bar: "Axes | None") -> str:
    """Wrap the title and the label of the horizontal axis; returns the title."""
    across = width - _size(ax, ax.yaxis)[0] - (_size(ax, bar)[0] if bar else 0.0) - 5 * _GAP
    if _is_aligned(ax):
        across *= 0.8
    across = max(across, 0.25 * width)
    ax.xaxis.label.set_text(wrapped(ax.get_xlabel(), across, _points(ax.xaxis.label)))
    heading = wrapped(heading, across, size)
    ax.set_title(heading, loc="left", fontsize=size)
    return heading


def _size(ax: "Axes", artist: Any) -> tuple[float, float]:
    """Width and height [inches] of an axis with its labels, or of other Axes."""
    box = artist.get_tightbbox()
    return (0.0, 0.0) if box is None else inches(ax, box).size


def _points(text: Any) -> float:
    """Font size of a text."""
    return float(text.get_fontsize())


def _shrink_texts(ax: "Axes", bar: "Axes | None") -> None:
    """Smaller labels for narrow Axes."""
    for one in filter(None, (ax, bar)):
        for axis in (one.xaxis, one.yaxis):
            axis.label.set_fontsize(min(SMALL, axis.label.get_fontsize()))
            if not axis.get_ticklabels() or _points(axis.get_ticklabels()[0]) > TINY:
                axis.set_tick_params(labelsize=TINY)
    for text in ax.texts:
        text.set_fontsize(min(TINY, text.get_fontsize()))


def _draw_legend(ax: "Axes", width: float, height: float, **more: Any) -> float:
    """Draw the legend, if there is anything to explain; its height [inches] under the Axes."""
    handles = more.pop("handles", None) or ax.get_legend_handles_labels()[0]
    if not handles:
        return 0.0
    look: Any = {"frameon": False, "borderaxespad": 0.0, **more}
    if width >= NARROW:
        where: Any = {"loc": "upper left", "bbox_to_anchor": (1.01, 1.0)}
        ax.legend(handles=handles, fontsize=SMALL, title_fontsize=SMALL, **where, **look)
        return 0.0
    look |= {"handlelength": min(2.0, more.get("handlelength", 2.0)), "columnspacing": 1.0}
    texts = [str(own.get_label()).replace("\n", " ") for own in handles]
    for size in (TINY, TINY - 1.0, TINY - 2.0):
        used = _legend_under(ax, width, handles, texts, size, look)
        if used < 0.35 * height:
            break
    return used + _GAP


def _legend_under(
    ax: "Axes", width: float, handles: Any, texts: list[str], size: float, look: dict[str, Any]
) -> float:
    """Draw the legend under the Axes with as many columns as fit; its height [inches]."""
    sample = (look["handlelength"] + 2.0) * size / 72.0  # inches: a handle and its gaps
    # Engines align the Axes of a column, so a neighbour's colour bar takes from this cell too.
    fits = width - 3 * _GAP if _is_alone(ax) else 0.75 * width
    labels = [wrapped(text, fits - sample, size) for text in texts]
    for columns in range(min(len(labels), 5), 0, -1):
        found = ax.legend(
            handles,
            labels,
            loc="upper right",
            ncols=columns,
            fontsize=size,
            title_fontsize=size,
            **look,
        )
        _put_under(ax, found)
        wide, high = _size(ax, found)
        if wide <= fits:
            break
    return high


def _is_alone(ax: "Axes") -> bool:
    """Whether no other Axes are next to these."""
    spec = ax.get_subplotspec()
    return spec is None or spec.get_gridspec().ncols == 1


def _is_aligned(ax: "Axes") -> bool:
    """Whether a layout engine aligns other Axes with these, which may take from their cell."""
    return ax.figure.get_layout_engine() is not None and not _is_alone(ax)


def _put_under(ax: "Axes", legend: Any) -> None:
    """Anchor a legend under the labels of the horizontal axis, at the right end."""
    from matplotlib.transforms import ScaledTranslation

    depth = _size(ax, ax.xaxis)[1] + _GAP
    shift = ScaledTranslation(0.0, -depth, ax.figure.dpi_scale_trans)
    legend.set_bbox_to_anchor((1.0, 0.0), ax.transAxes + shift)


def _settle(within: "Bbox", *axes: "Axes") -> None:
    """Make Axes with their texts fill their cell, if no layout engine does it."""
    from matplotlib.transforms import Bbox

    figure = axes[0].figure
    if figure.get_layout_engine() is not None or axes[0].get_subplotspec() is None:
        return
    to_shares = figure.transSubfigure.inverted()
    page = inches(axes[0], figure.bbox)
    within = within.padded(-_GAP / page.width, -_GAP / page.height)  # texts vary with the dpi
    for _ in range(3):  # fewer ticks change the size of the labels
        tight: Any = [ax.get_tightbbox(for_layout_only=True) for ax in axes]
        used = Bbox.union(tight).transformed(to_shares)
        area = Bbox.union([ax.get_position() for ax in axes])
        new = [
            area.x0 + within.x0 - used.x0,
            area.y0 + within.y0 - used.y0,
            area.x1 + within.x1 - used.x1,
            area.y1 + within.y1 - used.y1,
        ]
        if new[2] - new[0] < 0.02 or new[3] - new[1] < 0.02:
            return
        for ax in axes:
            own = ax.get_position()
            moved = [
                new[n % 2]
                + (value - (area.x0, area.y0)[n % 2])
                * (new[n % 2 + 2] - new[n % 2])
                / (area.width, area.height)[n % 2]
                for n, value in enumerate(own.extents)
            ]
            ax.set_position(Bbox.from_extents(*moved))
            ax.set_in_layout(True)  # a layout engine that is set later may move it
