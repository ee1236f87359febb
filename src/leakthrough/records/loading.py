"""Records from files: the table in the library, and copies of the whole public data set."""

import os
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.records.classes import MERGED
from leakthrough.records.columns import text_of, texts
from leakthrough.records.entries import table
from leakthrough.records.reading import read
from leakthrough.records.tables import record_of

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

NEEDED = ("time_end", "model", "launched", "destroyed", "source")
"""Columns of the data set that all its versions have, and that `load` needs."""
OPTIONAL = ("not_reach_goal", "still_attacking", "is_shahed")
"""Columns that older versions lack; then their numbers were not reported."""
NOT_READ = (
    *("time_start", "launch_place", "target", "target_main", "carrier", "turbojet"),
    *("turbojet_destroyed", "cross_border_belarus", "back_russia", "border_crossing"),
    *("num_hit_location", "num_fall_fragment_location", "affected_region", "destroyed_details"),
    *("launched_details", "launch_place_details"),
)
"""Columns of the data set in which two rows can differ; other columns come from tools."""
FIELDS = {
    "night": "time_end",
    "model": "model",
    "source": "source",
    "launched": "launched",
    "hard_kill": "destroyed",
    "soft_kill": "not_reach_goal",
    "in_flight": "still_attacking",
    "strike_drones": "is_shahed",
}
"""Columns of the fields of a record."""
AIR_FORCE = "kpszsu"
_ZEROS = re.compile(r"^([0-9]+)\.0*$")


def raids() -> "xr.Dataset":
    """Large raids on Ukraine, 2022 to 2026, with outcomes: the table in the library.

    Facts about single days, typed from the bulletins of the Air Force of Ukraine as compiled in a
    public data set; the head of the file describes the selection of days. **They are the largest
    raids that these bulletins count, not a sample of nights**, so results for a class hold for
    large raids. Two missile raids larger than that of 26 January 2023, on 10 February and 9 March,
    are reported by other sources only and are missing.

    Returns
    -------
    xarray.Dataset
        Along `entry`, one for each day and class: `launched`, `hard_kill`, `soft_kill`, `stopped`,
        `in_flight`, `through` and `strike_drones`, as numbers of threats; `night`,
        `threat_class`, `model`, `source` (the bulletins) and `note` as coordinates.

    Notes
    -----
    The meaning of `stopped` changed twice:

    - up to the summer of 2024 it is mostly hard kills only: `soft_kill` is NaN, and threats jammed
      or lost are in `through`;
    - then hard and soft kills are reported separately;
    - from the bulletin of 24 July 2025 as one number: `hard_kill` and `soft_kill` are NaN.

    `launched` counts decoys; `strike_drones` is the bulletin's own estimate without them.

    Examples
    --------
    >>> record = raids()
    >>> drones = record.isel(entry=(record.threat_class == "drone").values)
    >>> int(drones.launched.max())
    948
    """
    import pandas as pd

    file = files("leakthrough") / "records" / "raids.csv"
    with file.open(encoding="utf-8") as text:
        entries = pd.read_csv(text, comment="#", parse_dates=["night"]).fillna({"note": ""})
    attrs = {
        "title": "large raids on Ukraine, by day and class of threats",
        "origin": "bulletins of the Air Force of Ukraine, as compiled in the public data set "
        '"Massive Missile Attacks on Ukraine" (P. Ivaniuk)',
    }
    return table(entries, attrs)


def load(path: "str | os.PathLike[str]") -> "xr.Dataset":
    """Read a copy of the public data set "Massive Missile Attacks on Ukraine" (P. Ivaniuk).

    Every published version can be read, as downloaded or as saved by another program. Rows are
    selected and converted so that they can be summed:

    - Only rows with `kpszsu` (the Air Force) in `source` are kept. Many rows of other sources
      repeat the Air Force's, but some have no counterpart, **so whole raids are missing**: among
      them the missiles of 10 October 2022, 10 February and 9 March 2023, and the drones of 20 July
      and 1 October 2025. For a table of another source, use `from_table`.
    - Rows without `launched` or `destroyed`, and rows with more stopped or more strike drones than
      launched, are left out and counted. So are rows that repeat an earlier one in every column of
      the data set, where both have a value; columns that a program added do not count.
    - Each model gets its class, in any spelling (Kh-101, the Cyrillic letter for X, and so on); a
      row that joins models of two classes is `mixed`.
    - From the bulletin of 24 July 2025 `destroyed` includes soft kills: `stopped` is given, and
      `hard_kill` and `soft_kill` are NaN. Before, an empty `not_reach_goal` means that soft kills
      were not reported, not that there were none.

    `launched` counts decoys; `strike_drones` is the estimate without them where there is one.

    Not corrected: where the Air Force reports a region and the country for the same hours, one may
    include the other; both are kept (17 October 2022, 20 June and 29 October 2023).

    Parameters
    ----------
    path : str or path-like
        A table with the columns `time_end`, `model`, `launched`, `destroyed` and `source`, in any
        order, and perhaps `not_reach_goal`, `still_attacking` and `is_shahed`, which older
        versions lack: text with commas, semicolons, tabs or vertical bars, in UTF-8, UTF-16 or
        Windows-1251; packed as .gz, .bz2, .xz or .zip; or .xlsx, which needs openpyxl. At most 32
        MiB unpacked, 100,000 rows and 100 columns. Its contents are not evaluated.

    Returns
    -------
    xarray.Dataset
        As from `raids`, along `entry`, one for each kept row, with its `row` in the file instead of
        `note` (the header is row 1; blank lines do not count). Attributes: `rows` read; the numbers
        left out `rows_of_others`, `rows_without_source`, `rows_doubled`, `rows_half_empty` and
        `rows_contradictory`, as text in `left_out`; and `unknown_models`, which have no class and
        are `other`.

    Raises
    ------
    ValueError
        If the file is not in this format or too large; the text names the missing or repeated
        column, or the row and the column of a malformed field.
    ImportError
        If the file is .xlsx and openpyxl is not installed.
    OSError
        If the file cannot be read.

    Warns
    -----
    UserWarning
        If no row is kept.
    """
    where, frame = read(path, (*NEEDED, *OPTIONAL, *NOT_READ), NEEDED)
    frame.index += 2
    source = texts(frame["source"])
    ours = source.str.contains(AIR_FORCE, case=False, regex=False)
    kept = frame[ours]
    doubled = _doubled(kept)
    left = {
        "rows": len(frame),
        "rows_of_others": int((~ours & (source != "")).sum()),
        "rows_without_source": int((source == "").sum()),
        "rows_doubled": int(doubled.sum()),
    }
    record = record_of(kept[~doubled], FIELDS, {}, where, left)
    apart = record["night"] < np.datetime64(MERGED)
    kills = {name: record[name].where(apart) for name in ("hard_kill", "soft_kill")}
    title = {"title": "raids on Ukraine, by row of the data set"}
    return record.assign(kills).assign_attrs(title)


def _doubled(frame: "pd.DataFrame") -> "pd.Series":
    """Whether a row repeats an earlier one, where both have a value.

    Versions of the data set write numbers differently and lack different columns. The columns that
    all of them have say which rows can be the same.
    """
    fields = frame.astype(object).map(lambda value: _ZEROS.sub(r"\1", text_of(value)) or None)
    always = [*NEEDED, "time_start", "launch_place", "target", "carrier"]
    others = fields.columns.difference(always)
    same = fields.groupby(always, dropna=False, sort=False)
    fields[others] = same[others].ffill()
    fields[others] = same[others].bfill()
    return fields.duplicated()
