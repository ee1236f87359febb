"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

from compare import CANNOT, OURS, Compared
from goals import Goal
from scaling import Growth


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align the columns: words to the left, figures to the right."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    words = {i for i in range(len(head)) if not all(_numeric(row[i]) for row in rows)}

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i in words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def _numeric(cell: str) -> bool:
    return not cell or cell[0] in "-?" or cell[0].isdigit()


def comparison(rows: list[Compared]) -> str:
    """One line a case and library."""
    head = ["case", "library", "per second", "µs each", "leakthrough is", "leakers", "rounds", ""]
    return table(head, [_compared(row) for row in rows])


def _compared(row: Compared) -> list[str]:
    timing, own = row.timing, row.library == OURS
    return [
        row.case if own else "",
        row.library,
        f"{1e6 / timing.microseconds:,.4g}",
        f"{timing.microseconds:,.4g}",
        "" if own else f"{row.ratio:,.3g} x",
        str(timing.leakers),
        "" if timing.spent is None else str(timing.spent),
        "" if row.agrees else "DISAGREE",
    ]


def cannot() -> str:
    """What each peer cannot express."""
    return "\n".join(f"{peer} {text}." for peer, text in CANNOT.items())


def growth(unit: str, base: int, columns: dict[str, Growth]) -> str:
    """One line a number of threats or layers; each cost also relative to the base."""
    head = [unit + "s"]
    for name in columns:
        head += [f"µs, {name}", f"µs a {unit}", f"to {base}"]
    rows = []
    for number in next(iter(columns.values())).microseconds:
        row = [f"{number:,}"]
        for of in columns.values():
            relative = of.each(number) / of.each(base)
            each = f"{of.each(number):.3g}"
            row += [f"{of.microseconds[number]:,.4g}", each, f"{relative:.2f}"]
        rows.append(row)
    return table(head, rows)


def verdicts(goals: list[Goal]) -> str:
    """One line a goal."""
    rows = []
    for goal in goals:
        figure = "?" if goal.figure is None else f"{goal.figure:.3g} {goal.unit}".rstrip()
        sign = ">=" if goal.at_least else "<="
        rows.append([goal.text, figure, f"{sign} {goal.bound:g} {goal.unit}", goal.verdict])
    return table(["goal", "measured", "wanted", ""], rows)
