"""Overview of a scenario or a campaign, as text and as HTML for notebooks."""

import html
import math
from typing import Any, NamedTuple

from leakthrough.text_tables import MOST_ROWS, WIDTH, number, shortened, table

_DAY = 86_400.0
_REST = "in the document"


class Table(NamedTuple):
    """A titled table; the first `names` columns are text."""

    title: str
    header: list[str]
    rows: list[list[str]]
    names: int


class Overview(NamedTuple):
    """Name, a summary in one line, and tables."""

    name: str
    line: str
    tables: list[Table]

    def text(self) -> str:
        """Return the overview as text of at most `WIDTH` columns."""
        heading = "\n".join(shortened(line, WIDTH) for line in (self.name, self.line))
        shown = [table(*own[:3], names=own.names, rest=_REST) for own in self.tables]
        return "\n\n".join([heading, *shown])

    def html(self) -> str:
        """Return the overview as HTML, with every name escaped."""
        heading = f"<strong>{html.escape(self.name)}</strong><br>{html.escape(self.line)}"
        return f"<div>{heading}{''.join(map(_html, self.tables))}</div>"


def overview_of_scenario(scenario: Any) -> Overview:
    """Return the overview of a scenario: its raid and its defence."""
    threats = sum(salvo.count for salvo in scenario.salvos)
    batteries = sum(battery.count for layer in scenario.layers for battery in layer.batteries)
    raid = f"{_counted(threats, 'threat')} in {_counted(len(scenario.salvos), 'salvo')}"
    defence = f"{_counted(batteries, 'battery')} in {_counted(len(scenario.layers), 'layer')}"
    tables = [_raid_table(scenario, "Raid"), _defence_table(scenario)]
    return Overview(scenario.name, f"{raid} against {defence}", tables)


def overview_of_campaign(campaign: Any) -> Overview:
    """Return the overview of a campaign: its first raid, its defence and its stocks."""
    first = campaign.raid(0)
    drawn = frozenset(campaign.sizes)
    line = f"{_counted(campaign.raid_count, 'raid')}, {number(campaign.interval)} s apart"
    header = ["stock of", "at the start", "a day", "deliveries", "a draw between raids"]
    stocks = [
        [
            stock.interceptor,
            number(stock.rounds),
            number(stock.rate * _DAY),
            number(len(stock.deliveries)),
            "no" if stock.replenishment is None else stock.replenishment.dist,
        ]
        for stock in campaign.stocks
    ]
    supply = Table("Stocks behind the batteries (rounds)", header, stocks, 1)
    raid = _raid_table(first, "First raid", drawn)
    return Overview(campaign.name, line, [raid, _defence_table(first), supply])


def _counted(how_many: int, what: str) -> str:
    if how_many == 1:
        return f"1 {what}"
    return f"{how_many:,} {what[:-1]}ies" if what.endswith("y") else f"{how_many:,} {what}s"


def _raid_table(scenario: Any, title: str, drawn: frozenset[str] = frozenset()) -> Table:
    rows = [
        [
            salvo.name,
            salvo.threat,
            _arrival(salvo.arrival),
            salvo.axis or "-",
            salvo.target or "-",
            "drawn" if salvo.name in drawn else f"{salvo.count:,}",
        ]
        for salvo in scenario.salvos
    ]
    header = ["salvo", "threat", "arrives [s]", "axis", "aims at", "count"]
    used = [n for n in range(6) if n < 3 or any(row[n] != "-" for row in rows)]
    kept = [[row[n] for n in used] for row in [header, *rows]]
    return Table(title, kept[0], kept[1:], len(used) - 1)


def _arrival(arrival: Any) -> str:
    """Arrival times [s] as text."""
    numbers = {
        name: number(value)
        for name in ("time", "start", "stop", "interval", "rate")
        if (value := getattr(arrival, name, None)) is not None
    }
    forms = {
        "At": "at {time}",
        "Uniform": "from {start} to {stop}",
        "Regular": "from {start}, every {interval}",
        "Poisson": "from {start}, {rate} a second",
        "Times": "at stated times",
        "Distribution": f"drawn, {getattr(arrival, 'dist', '')}",
    }
    return forms[type(arrival).__name__].format(**numbers)


def _defence_table(scenario: Any) -> Table:
    header = ["layer", "battery", "rounds", "from [m]", "to [m]", "count", "channels"]
    layers = sorted(scenario.layers, key=lambda layer: -layer.outer_range)
    rows = [_layer_row(layer, each) for layer in layers for each in layer.batteries or [None]]
    return Table("Defence, outermost layer first", header, rows, 3)


def _layer_row(layer: Any, battery: Any) -> list[str]:
    """One battery of a layer, or a layer without any."""
    names, numbers = ["-", "-"], ["-", "-"]
    if battery is not None:
        names = [battery.name, "; ".join(map(_magazine_text, battery.magazines)) or "-"]
        numbers = [number(battery.count), number(battery.channels)]
    return [layer.name, *names, number(layer.outer_range), number(layer.inner_range), *numbers]


def _magazine_text(magazine: Any) -> str:
    rounds = "endless" if math.isinf(magazine.rounds) else f"{magazine.rounds:,}"
    more = [
        f"{magazine.reserved:,} kept" if magazine.reserved else "",
        f"{magazine.reloads:,} x {magazine.reload_rounds:,} reloaded" if magazine.reloads else "",
    ]
    details = ", ".join(filter(None, more))
    return f"{rounds} {magazine.interceptor}{f' ({details})' if details else ''}"


def _html(own: Table) -> str:
    """One table, with as many rows as in text."""
    rows = [_html_row("th", own.header), *(_html_row("td", r) for r in own.rows[:MOST_ROWS])]
    left = len(own.rows) - MOST_ROWS
    more = f"<div>... and {left} more, {_REST}</div>" if left > 0 else ""
    caption = f"<caption>{html.escape(own.title)}</caption>"
    return f"<table>{caption}{''.join(rows)}</table>{more}" if own.rows else ""


def _html_row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
