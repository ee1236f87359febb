"""A scenario or a campaign at a glance: as text to print, and as tables for a notebook."""

import html
import math
from typing import Any, NamedTuple

from leakthrough.text_tables import MOST_ROWS, WIDTH, number, shortened, table

_DAY = 86_400.0
_REST = "in the document"


class Part(NamedTuple):
    """A table of something; the first `names` columns hold words."""

    title: str
    header: list[str]
    rows: list[list[str]]
    names: int


class Glance(NamedTuple):
    """What is shown of something: its name, a line that sums it up, and tables."""

    name: str
    line: str
    parts: list[Part]

    def text(self) -> str:
        """Return it as text of at most `WIDTH` columns."""
        heading = "\n".join(shortened(line, WIDTH) for line in (self.name, self.line))
        shown = [table(*part[:3], names=part.names, rest=_REST) for part in self.parts]
        return "\n\n".join([heading, *shown])

    def html(self) -> str:
        """Return it as HTML, with every name escaped."""
        heading = f"<strong>{html.escape(self.name)}</strong><br>{html.escape(self.line)}"
        return f"<div>{heading}{''.join(map(_html, self.parts))}</div>"


def of_scenario(scenario: Any) -> Glance:
    """Return what is shown of a scenario: its raid and its defence."""
    threats = sum(salvo.count for salvo in scenario.salvos)
    batteries = sum(battery.count for layer in scenario.layers for battery in layer.batteries)
    raid = f"{_counted(threats, 'threat')} in {_counted(len(scenario.salvos), 'salvo')}"
    defence = f"{_counted(batteries, 'battery')} in {_counted(len(scenario.layers), 'layer')}"
    parts = [_raid(scenario, "Raid"), _defence(scenario)]
    return Glance(scenario.name, f"{raid} against {defence}", parts)


def of_campaign(campaign: Any) -> Glance:
    """Return what is shown of a campaign: its first raid, its defence and its stocks."""
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
    supply = Part("Stocks behind the batteries (rounds)", header, stocks, 1)
    return Glance(campaign.name, line, [_raid(first, "First raid", drawn), _defence(first), supply])


def _counted(how_many: int, what: str) -> str:
    if how_many == 1:
        return f"1 {what}"
    return f"{how_many:,} {what[:-1]}ies" if what.endswith("y") else f"{how_many:,} {what}s"


def _raid(scenario: Any, title: str, drawn: frozenset[str] = frozenset()) -> Part:
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
    used = [place for place in range(6) if place < 3 or any(row[place] != "-" for row in rows)]
    kept = [[row[place] for place in used] for row in [header, *rows]]
    return Part(title, kept[0], kept[1:], len(used) - 1)


def _arrival(arrival: Any) -> str:
    """When threats arrive [s], in a few words."""
    told = {
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
    return forms[type(arrival).__name__].format(**told)


def _defence(scenario: Any) -> Part:
    header = ["layer", "battery", "rounds", "from [m]", "to [m]", "count", "channels"]
    layers = sorted(scenario.layers, key=lambda layer: -layer.outer_range)
    rows = [
        row
        for layer in layers
        for row in ([_battery(layer, battery) for battery in layer.batteries] or [_empty(layer)])
    ]
    return Part("Defence, outermost layer first", header, rows, 3)


def _ring(layer: Any) -> list[str]:
    return [number(layer.outer_range), number(layer.inner_range)]


def _empty(layer: Any) -> list[str]:
    return [layer.name, "-", "-", *_ring(layer), "-", "-"]


def _battery(layer: Any, battery: Any) -> list[str]:
    carried = "; ".join(map(_magazine, battery.magazines)) or "-"
    numbers = [number(battery.count), number(battery.channels)]
    return [layer.name, battery.name, carried, *_ring(layer), *numbers]


def _magazine(magazine: Any) -> str:
    rounds = "endless" if math.isinf(magazine.rounds) else f"{magazine.rounds:,}"
    more = [
        f"{magazine.reserved:,} kept" if magazine.reserved else "",
        f"{magazine.reloads:,} x {magazine.reload_rounds:,} reloaded" if magazine.reloads else "",
    ]
    said = ", ".join(filter(None, more))
    return f"{rounds} {magazine.interceptor}{f' ({said})' if said else ''}"


def _html(part: Part) -> str:
    """One table; as many rows as in text."""
    rows = [_html_row("th", part.header), *(_html_row("td", r) for r in part.rows[:MOST_ROWS])]
    left = len(part.rows) - MOST_ROWS
    more = f"<div>... and {left} more, {_REST}</div>" if left > 0 else ""
    caption = f"<caption>{html.escape(part.title)}</caption>"
    return f"<table>{caption}{''.join(rows)}</table>{more}" if part.rows else ""


def _html_row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
