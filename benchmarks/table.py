"""Tables as text."""

from __future__ import annotations

from collections.abc import Sequence

from compare import CANNOT, OURS, Compared
from goals import Goal
from paired import Row
from plane import Plane
from scaling import Growth


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Align the columns: text to the left, numbers to the right."""
    widths = [max(len(line[i]) for line in (head, *rows)) for i in range(len(head))]
    texts = {i for i in range(len(head)) if not all(_numeric(row[i]) for row in rows)}

    def line(cells: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if i in texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(padded).rstrip()

    return "\n".join([line(head), "  ".join("-" * width for width in widths), *map(line, rows)])


def _numeric(cell: str) -> bool:
    return not cell or cell[0] in "-?" or cell[0].isdigit()


def comparison(rows: list[Compared]) -> str:
    """One line per case and library."""
    head = ["case", "library", "µs a replication", "µs fixed", "leakthrough is"]
    return table([*head, "leakers", "rounds", ""], [_compared(row) for row in rows])


def _compared(row: Compared) -> list[str]:
    of, own = row.measured, row.library == OURS
    return [
        row.case if own else "",
        row.library,
        f"{of.cost.each:,.4g}",
        f"{of.cost.fixed:,.0f} ± {of.fixed_spread:,.0f}" if of.fixed_is_seen else "-",
        "" if own else f"{row.ratio:,.3g} x",
        str(of.leakers),
        "" if of.spent is None else str(of.spent),
        "" if row.agrees else "DISAGREE",
    ]


def cannot() -> str:
    """The cases that each peer cannot express."""
    return "\n".join(f"{peer} {text}." for peer, text in CANNOT.items())


def growth(unit: str, base: int, columns: dict[str, Growth]) -> str:
    """One line per number of threats or layers, with costs relative to the base."""
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


def in_the_plane(of: Plane) -> str:
    """One line per case, and how long the places take to lower."""
    head = ["case", "openings", "engagements", "µs a replication", "ns an opening", "ns an event"]
    rows = [
        [
            name,
            *(f"{number:.0f}" for number in cost.events),
            *(f"{time:.3g}" for time in (cost.microseconds, cost.opening, cost.event)),
        ]
        for name, cost in of.costs.items()
    ]
    lowered = f"lowering the places: {of.lowered:.2g} ms, of which windows {of.windows:.2g} ms"
    return f"{table(head, rows)}\n\n{lowered}"


def verdicts(goals: list[Goal]) -> str:
    """One line per goal."""
    rows = []
    for goal in goals:
        value = "?" if goal.value is None else f"{goal.value:.3g} {goal.unit}".rstrip()
        sign = ">=" if goal.at_least else "<="
        rows.append([goal.text, value, f"{sign} {goal.bound:g} {goal.unit}", goal.verdict])
    return table(["goal", "measured", "wanted", ""], rows)


def paired(commit: str, rows: list[Row]) -> str:
    """One line per case: this version compared with another commit."""
    head = ["case", "unit", "this", commit, "ratio (least-most)", "target", "reached"]
    return table(head, [row.cells() for row in rows])
