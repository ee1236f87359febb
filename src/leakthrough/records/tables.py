"""Records from tables of any source, by the columns that have the fields of a record."""

import warnings
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from leakthrough.model.errors import nearest, shown
from leakthrough.records.classes import CLASSES, class_of, unknown_in
from leakthrough.records.columns import counts, days, refusal, texts
from leakthrough.records.entries import table

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

NUMBERS = ("launched", "stopped", "hard_kill", "soft_kill", "in_flight", "strike_drones")
FIELDS = ("night", "model", "threat_class", "source", *NUMBERS)
"""Fields of a record that can have a column."""
LEFT_OUT = {
    "of_others": (
        "rows of other sources: many repeat the Air Force's, others (whole raids of 2022, 2023 "
        "and 2025 among them) have no counterpart and are missing"
    ),
    "without_source": "that name no source",
    "doubled": "that repeat an earlier row in every column of the data set",
    "half_empty": "without the number launched or stopped",
    "contradictory": "with more stopped, or more strike drones, than launched",
}
"""Kinds of rows that are left out, with their texts in `left_out`."""
LONGEST = 500
"""Characters of a model or a source."""
SHOWN = 50
"""Unknown models that are listed."""
_SAME = {name: name for name in CLASSES}


def from_table(
    frame: "pd.DataFrame",
    columns: Mapping[str, str],
    *,
    classes: Mapping[str, str] | None = None,
) -> "xr.Dataset":
    """Make a record from a table of any source, by naming the column of each field.

    Rows without the number launched or stopped, and rows that contradict themselves, are left out
    and counted. No row is taken for a repetition of another: remove repetitions, and rows of
    sources that overlap, before.

    Parameters
    ----------
    frame : pandas.DataFrame
        A row for each bulletin and model, or class, of threats. Numbers of threats are whole, also
        as text (``"1 204"``, ``"287.0"``); an empty field was not reported.
    columns : mapping of str to str
        The column of each field, as in ``{"night": "Date", "launched": "Total"}``:

        - `night`: the day on which the raid ended, a date or a text such as 2025-07-04;
        - `model` or `threat_class`, or both; with both, `threat_class` decides;
        - `launched`, decoys included;
        - `stopped` or `hard_kill`, or both; where `stopped` is empty, it is `hard_kill` plus
          `soft_kill`;
        - optionally `soft_kill`, `in_flight` (0 where it is empty), `strike_drones`, `source`.
    classes : mapping of str to str, optional
        Classes of the table's own models, or of the values in the column of `threat_class`, as in
        ``{"UAV": "drone"}``: drone, cruise missile, ballistic missile, air-launched ballistic
        missile, other, or mixed. Other models have the classes that they have in `load`.

    Returns
    -------
    xarray.Dataset
        As from `raids`, along `entry`, one for each kept row, with `row` (from 0) instead of
        `note`. Attributes: `rows`; the numbers left out `rows_half_empty` and
        `rows_contradictory`, as text in `left_out`; and `unknown_models`, which are `other`.

    Raises
    ------
    ValueError
        If a needed field has no column, a column does not exist, or a number, day or class is
        malformed; the text names the row and the column.

    Warns
    -----
    UserWarning
        If no row is kept.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Day": ["14.04.2024"], "Kind": ["UAV"], "Sent": [170], "Down": [168]})
    >>> columns = {"night": "Day", "threat_class": "Kind", "launched": "Sent", "stopped": "Down"}
    >>> record = from_table(frame, columns, classes={"UAV": "drone"})
    >>> record.threat_class.item(), record.through.item()
    ('drone', 2)
    """
    _check_columns(frame, columns)
    own = _checked_classes(classes)
    known = frame.set_axis(list(map(str, frame.columns)), axis=1).reset_index(drop=True)
    return record_of(known, columns, own, "frame", {"rows": len(frame)})


def _check_columns(frame: object, columns: object) -> None:
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise ValueError(f"frame: must be a pandas.DataFrame; got {shown(frame)}")
    if not isinstance(columns, Mapping):
        raise ValueError(f"columns: must map fields to columns; got {shown(columns)}")
    for field in columns:
        if field not in FIELDS:
            raise ValueError(
                f"columns: must map fields to columns; the fields are {', '.join(FIELDS)}; "
                f"got {shown(field)}{nearest(field, FIELDS)}"
            )
    for needed in (("night",), ("model", "threat_class"), ("launched",), ("stopped", "hard_kill")):
        if not columns.keys() & {*needed}:
            raise ValueError(f"columns: must have {' or '.join(map(repr, needed))}")
    number = Counter(map(str, frame.columns))
    for field, column in columns.items():
        if not isinstance(column, str) or number[column] != 1:
            raise ValueError(
                f"columns: {field}: must be the name of one column of the table; "
                f"got {shown(column)}{nearest(column, number)}"
            )


def _checked_classes(classes: object) -> Mapping[str, str]:
    if classes is not None and (not isinstance(classes, Mapping) or hasattr(classes, "dims")):
        raise ValueError(f"classes: must map models to classes; got {shown(classes)}")
    for name, kind in (classes or {}).items():
        if kind not in CLASSES:
            raise ValueError(
                f"classes: {shown(name)}: must be one of {', '.join(CLASSES)}; "
                f"got {shown(kind)}{nearest(kind, CLASSES)}"
            )
    return classes or {}


def record_of(
    frame: "pd.DataFrame",
    columns: Mapping[str, str],
    classes: Mapping[str, str],
    where: str,
    left: Mapping[str, int],
) -> "xr.Dataset":
    """Record of a table, which errors call `where`; its index has the numbers of its rows.

    `left` has the number of rows, and of those left out before.
    """
    fields = _fields(frame, columns, classes, where)
    half_empty = fields["launched"].isna() | fields["stopped"].isna()
    reported = fields["hard_kill"].fillna(0) + fields["soft_kill"].fillna(0)
    contradictory = ~half_empty & (
        (fields["stopped"] + fields["in_flight"] > fields["launched"])
        | (fields["strike_drones"] > fields["launched"])
        | (reported > fields["stopped"])
    )
    kept = fields[~half_empty & ~contradictory]
    number = {
        **left,
        "rows_half_empty": int(half_empty.sum()),
        "rows_contradictory": int(contradictory.sum()),
    }
    left_out = "; ".join(
        f"{number[f'rows_{kind}']} {text}"
        for kind, text in LEFT_OUT.items()
        if f"rows_{kind}" in number
    )
    if kept.empty:
        text = f"{where}: none of {number['rows']} rows is kept; left out: {left_out}"
        warnings.warn(text, stacklevel=3)
    models = {*kept["model"]} - classes.keys() if "threat_class" not in columns else ()
    unknown = sorted({part for model in models for part in unknown_in(model)})
    more = [f"and {len(unknown) - SHOWN} more"] if len(unknown) > SHOWN else []
    listed = ", ".join([*unknown[:SHOWN], *more])
    attrs = {"left_out": left_out, "unknown_models": listed, **number}
    return table(kept, attrs)


def _fields(
    frame: "pd.DataFrame", columns: Mapping[str, str], classes: Mapping[str, str], where: str
) -> "pd.DataFrame":
    """Fields of a record from the columns of a table; numbers are NaN where not reported."""
    numbers = {name: columns[name] for name in NUMBERS if name in columns}
    used = list(dict.fromkeys(numbers.values()))
    fields = counts(frame[used], where)[list(numbers.values())].set_axis(list(numbers), axis=1)
    fields = fields.reindex(columns=list(NUMBERS))
    outcome = fields["hard_kill"] + fields["soft_kill"].fillna(0)
    fields["stopped"] = fields["stopped"].fillna(outcome)
    fields["in_flight"] = fields["in_flight"].fillna(0)
    fields["night"] = days(frame[columns["night"]], where)
    fields["source"] = _named(frame[columns["source"]], where) if "source" in columns else ""
    kind = "threat_class" if "threat_class" in columns else "model"
    fields["model"] = _named(frame[columns.get("model", columns[kind])], where, shortest=1)
    known = {name: class_of(name) for name in {*fields["model"]}} if kind == "model" else _SAME
    named = _named(frame[columns[kind]], where, shortest=1)
    fields["threat_class"] = named.map({**known, **classes})
    if (wrong := fields["threat_class"].isna()).any():
        row = fields.index[wrong][0]
        text = f"must be in classes, or one of {', '.join(CLASSES)}"
        raise refusal(where, row, columns[kind], text, named[row])
    return fields.assign(row=fields.index)


def _named(column: "pd.Series", where: str, shortest: int = 0) -> "pd.Series":
    """Text of a column; limited, as an array has the length of its longest text for each row."""
    found = texts(column)
    if (wrong := ~found.str.len().between(shortest, LONGEST)).any():
        row = found.index[wrong][0]
        text = f"must have {shortest} to {LONGEST} characters"
        raise refusal(where, row, column.name, text, column[row])
    return found
