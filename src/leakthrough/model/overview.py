"""Tables with a heading, as text and as HTML for notebooks."""

import html
from typing import NamedTuple

from leakthrough.text_tables import MOST_ROWS, WIDTH, shortened, table


class Table(NamedTuple):
    """A titled table; the first `names` columns are text; `most` rows are shown."""

    title: str
    header: list[str]
    rows: list[list[str]]
    names: int
    most: int = MOST_ROWS


class Overview(NamedTuple):
    """Name, a summary in one line or several, and tables; `rest` says where omitted rows are."""

    name: str
    line: str
    tables: list[Table]
    rest: str = "in the document"

    def text(self) -> str:
        """Return the overview as text of at most `WIDTH` columns."""
        lines = filter(None, [self.name, *self.line.split("\n")])
        heading = "\n".join(shortened(line, WIDTH) for line in lines)
        shown = [
            table(*own[:3], names=own.names, rest=self.rest, most=own.most) for own in self.tables
        ]
        return "\n\n".join([heading, *shown])

    def html(self) -> str:
        """Return the overview as HTML, with every name escaped."""
        line = html.escape(self.line).replace("\n", "<br>")
        heading = f"<strong>{html.escape(self.name)}</strong><br>{line}"
        tables = "".join(_html(own, self.rest) for own in self.tables)
        return f"<div>{heading}{tables}</div>"


def _html(own: Table, rest: str) -> str:
    """One table, with as many rows as in text."""
    rows = [_html_row("th", own.header), *(_html_row("td", r) for r in own.rows[: own.most])]
    left = len(own.rows) - own.most
    more = f"<div>... and {left} more, {rest}</div>" if left > 0 else ""
    caption = f"<caption>{html.escape(own.title)}</caption>"
    return f"<table>{caption}{''.join(rows)}</table>{more}" if own.rows else ""


def _html_row(tag: str, cells: list[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"
