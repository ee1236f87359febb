"""Columns of tables as numbers and days, in the spellings of spreadsheets and of several countries.

The other values of a table decide about a spelling with two meanings. If they do not, it is
refused.
"""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from leakthrough.model.errors import shown

if TYPE_CHECKING:
    import pandas as pd

MOST = 999_999_999
_EMPTY = {"", "-", "\u2013", "\u2014", "nan", "nat", "none", "null", "na", "n/a", "#n/a", "<na>"}
_DATE = (
    r"^([0-9]{1,4})([-./])([0-9]{1,2})\2([0-9]{1,4})"
    r"(?:[T\s]\s*(?:[01]?[0-9]|2[0-3])(?::[0-5][0-9]){1,2}(?:\.[0-9]+)?(?:\s*[AaPp][Mm])?"
    r"(?:\s*(?:Z|UTC|[+-][0-9]{2}:?[0-9]{2}))?)?$"
)


def texts(column: "pd.Series") -> "pd.Series":
    """Fields as text without spaces around them; empty where there is no value."""
    import pandas as pd

    return pd.Series([text_of(value) for value in column], column.index, object, column.name)


def text_of(value: object) -> str:
    """A field as text without spaces around it; empty if there is no value."""
    text = str(value).strip()
    return "" if text.casefold() in _EMPTY else text


def counts(frame: "pd.DataFrame", where: str) -> "pd.DataFrame":
    """Whole numbers in all columns of a table; NaN where a field is empty.

    One of point and comma is the decimal sign, with zeros behind it (287.0); the other one groups
    thousands, as spaces and apostrophes do. All numbers of a table have the same signs.
    """
    import pandas as pd

    fields = pd.concat({name: texts(frame[name]) for name in frame})
    fields = fields[fields != ""]
    point, comma = (_numbers(fields, *signs) for signs in (".,", ",."))
    fits = [found for found in (point, comma) if not found.isna().any()]
    if not fits:
        neither = point.isna() & comma.isna()
        wrong = fields[neither if neither.any() else point.isna()]
        text = f"must be a whole number from 0 to {MOST}, or empty"
    else:
        wrong = fields[fits[0] != fits[-1]]
        text = "must not be ambiguous: its sign may be decimal or group thousands"
    if len(wrong):
        name, row = wrong.index[0]
        raise refusal(where, row, name, text, wrong.iloc[0])
    return fits[0].unstack(0).reindex(index=frame.index, columns=frame.columns)


def _numbers(fields: "pd.Series", decimal: str, group: str) -> "pd.Series":
    """Numbers of texts with these signs; NaN for all others."""
    import pandas as pd

    form = (
        rf"^([0-9]{{1,9}}|[0-9]{{1,3}}(?:[{group}\s'\u2019][0-9]{{3}}){{1,2}})(?:[{decimal}]0*)?$"
    )
    whole = fields.str.extract(form, expand=False)
    return pd.to_numeric(whole.str.replace(r"[^0-9]", "", regex=True)).astype(float)


def days(column: "pd.Series", where: str) -> "pd.Series":
    """Days, with or without a time; 2000 to 2099, as nanosecond timestamps are limited.

    2025-07-04, 04.07.2025 (day first), or with slashes in the order that other days of the column
    show. The day is taken as written, whatever its time zone.
    """
    import pandas as pd

    fields = texts(column)
    parts = fields.str.extract(_DATE)
    first, middle, last = (pd.to_numeric(parts[i]) for i in (0, 2, 3))
    year_first = first > 31
    unsure = ~year_first & (parts[1] != ".") & (first != middle) & last.notna()
    month_first = unsure & (middle[unsure] > 12).any()
    if unsure.any() and not month_first.any() and not (first[unsure] > 12).any():
        row = fields.index[unsure][0]
        text = "must not be ambiguous: the day or the month may be first; write 2025-07-04"
        raise refusal(where, row, column.name, text, fields[row])
    found = pd.to_datetime(
        pd.DataFrame(
            {
                "year": first.where(year_first, last),
                "month": middle.mask(month_first, first),
                "day": middle.where(month_first, last.where(year_first, first)),
            }
        ),
        errors="coerce",
    )
    if (wrong := ~found.dt.year.between(2000, 2099)).any():
        row = fields.index[wrong][0]
        text = "must be a day from 2000 to 2099, alone or with a time, as 2025-07-04 06:00"
        raise refusal(where, row, column.name, text, fields[row])
    return found


def refusal(where: str, row: Hashable, name: Hashable, text: str, value: object) -> ValueError:
    """The error that names a field of a table."""
    return ValueError(f"{where}, row {row}: {name}: {text}; got {shown(value)}")
