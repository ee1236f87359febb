"""Plain-text tables: names left-aligned, numbers right-aligned, at most 100 columns wide."""

import math
from collections.abc import Sequence

WIDTH = 100
MOST_ROWS = 20
MOST_DIGITS = 6
_LARGE = ((1e12, " tn"), (1e9, " bn"), (1e6, " M"))


def number(value: float, digits: int = 4) -> str:
    """Format a number with about four digits; `-` for NaN.

    Examples
    --------
    >>> [number(value) for value in (1.23456e6, 1234.5, 0.5, 12.0, 0.00012, float("nan"))]
    ['1.235 M', '1,234', '0.5000', '12', '0.00012', '-']
    """
    if math.isnan(value):
        return "-"
    if math.isinf(value):
        return "infinite"
    for scale, name in _LARGE:
        if round(abs(value)) >= scale:
            return f"{_fixed(value / scale, digits)}{name}"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.{digits - 2}g}" if abs(value) < 1e-3 else _fixed(value, digits)


def _fixed(value: float, digits: int) -> str:
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:,.{min(digits, max(0, digits - 1 - exponent))}f}"


def interval(low: float, high: float) -> str:
    """Format an interval, with as many digits as distinguish its ends; `-` for NaN.

    Examples
    --------
    >>> interval(12.344, 12.3441), interval(0.15298, 0.15302), interval(3.0, 3.0)
    ('12.3440 to 12.3441', '0.15298 to 0.15302', '3 to 3')
    """
    if math.isnan(low):
        return "-"
    every = [(number(low, digits), number(high, digits)) for digits in range(4, MOST_DIGITS + 1)]
    ends = next((own for own in every if own[0] != own[1]), every[0])
    return " to ".join(ends)


def shortened(text: str, width: int) -> str:
    """Cut a text to a width, with an ellipsis."""
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _widths(rows: Sequence[Sequence[str]], names: int) -> list[int]:
    """Widths of the columns; columns of names are narrowed if the table would be too wide."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    while sum(widths) + 2 * (len(widths) - 1) > WIDTH and max(widths[:names]) > 1:
        widths[widths.index(max(widths[:names]))] -= 1
    return widths


def _line(row: Sequence[str], widths: Sequence[int], names: int) -> str:
    cells = []
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        shown = shortened(cell, width)
        cells.append(shown.ljust(width) if column < names else shown.rjust(width))
    return "  ".join(cells).rstrip()


def table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    names: int = 1,
    rest: str = "in the Dataset",
    most: int = MOST_ROWS,
) -> str:
    """Lay out a table; a last line gives the number of omitted rows, if any.

    Parameters
    ----------
    title : str
    header : sequence of str
    rows : sequence of sequences of str
        Each with the length of `header`.
    names : int
        Number of columns of names, from the left.
    rest : str
        Says where the omitted rows can be found.
    most : int
        Number of rows to show.

    Returns
    -------
    str
        Lines of at most `WIDTH` characters.
    """
    shown = rows[:most]
    widths = _widths([header, *shown], names)
    lines = [title, *(_line(row, widths, names) for row in [header, *shown])]
    lines.insert(2, "-" * max(map(len, lines[1:])))
    if len(rows) > most:
        lines.append(f"... and {len(rows) - most} more, {rest}")
    return "\n".join(lines if rows else [title, "none"])
