"""Records from files: the table in the library, and copies of the whole public data set."""

import csv
import math
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from leakthrough.records.classes import MERGED, MODELS, class_of, parts_of
from leakthrough.records.entries import Entry, table

if TYPE_CHECKING:
    import xarray as xr

COLUMNS = (
    "time_end",
    "model",
    "launched",
    "destroyed",
    "not_reach_goal",
    "still_attacking",
    "is_shahed",
    "source",
)
"""Columns of the data set that are read; other columns are ignored."""
AIR_FORCE = "kpszsu"
LEFT_OUT = {
    "of_others": (
        "rows of other sources: many repeat the Air Force's, others (whole raids of 2022, 2023 "
        "and 2025 among them) have no counterpart and are missing"
    ),
    "doubled": "that repeat an earlier row in every field",
    "half_empty": "without launched or destroyed",
    "contradictory": "with more stopped, or more strike drones, than launched",
}
"""Kinds of rows that `load` leaves out, with their texts in `left_out`."""
_COUNT = re.compile(r"([0-9]{1,9})(\.0*)?")
_TIME = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})( ([01][0-9]|2[0-3])(:[0-5][0-9]){1,2})?")
Row = dict[str, str]


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
    text = (files("leakthrough") / "records" / "raids.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
    entries = [
        Entry(
            night=date.fromisoformat(row["night"]),
            threat_class=row["threat_class"],
            model=row["model"],
            source=row["source"],
            launched=int(row["launched"]),
            hard_kill=float(row["hard_kill"] or math.nan),
            soft_kill=float(row["soft_kill"] or math.nan),
            stopped=int(row["stopped"]),
            in_flight=int(row["in_flight"]),
            strike_drones=float(row["strike_drones"] or math.nan),
        )
        for row in rows
    ]
    attrs = {
        "title": "large raids on Ukraine, by day and class of threats",
        "origin": "bulletins of the Air Force of Ukraine, as compiled in the public data set "
        '"Massive Missile Attacks on Ukraine" (P. Ivaniuk)',
    }
    return table(entries, {"note": [row["note"] for row in rows]}, attrs)


def load(path: str | Path) -> "xr.Dataset":
    """Read a copy of the public data set "Massive Missile Attacks on Ukraine" (P. Ivaniuk).

    Rows are selected and converted so that they can be summed:

    - Only rows with `kpszsu` (the Air Force) in `source` are kept. Many rows of other sources
      repeat the Air Force's, but some have no counterpart, **so whole raids are missing**: among
      them the missiles of 10 October 2022, 10 February and 9 March 2023, and the drones of 20 July
      and 1 October 2025.
    - Rows without `launched` or `destroyed`, rows with more stopped or more strike drones than
      launched, and rows that repeat an earlier one in every field are left out and counted.
    - Each model gets its class; a row that joins models of two classes is `mixed`.
    - From the bulletin of 24 July 2025 `destroyed` includes soft kills: `stopped` is given, and
      `hard_kill` and `soft_kill` are NaN. Before, an empty `not_reach_goal` means that soft kills
      were not reported, not that there were none.

    `launched` counts decoys; `strike_drones` is the estimate without them where there is one.

    Not corrected: where the Air Force reports a region and the country for the same hours, one may
    include the other; both are kept (17 October 2022, 20 June and 29 October 2023).

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8 with the columns `time_end`, `model`, `launched`, `destroyed`,
        `not_reach_goal`, `still_attacking`, `is_shahed` and `source`, in any order.

    Returns
    -------
    xarray.Dataset
        As from `raids`, along `entry`, one for each kept row, with its `line` instead of `note`.
        Attributes: `rows` read; the numbers left out `rows_of_others`, `rows_doubled`,
        `rows_half_empty` and `rows_contradictory`, as text in `left_out`; and `unknown_models`,
        which have no class and are `other`.

    Raises
    ------
    ValueError
        If the file is not in this format; the text names the missing or repeated column, or the
        malformed line.
    OSError
        If it cannot be read.
    """
    found: list[tuple[int, Entry]] = []
    left = Counter({"rows": 0, **{f"rows_{kind}": 0 for kind in LEFT_OUT}})
    unknown: set[str] = set()
    seen: set[tuple[str, ...]] = set()
    for line, row in _rows(Path(path)):
        left["rows"] += 1
        if AIR_FORCE not in row["source"]:
            left["rows_of_others"] += 1
            continue
        # All fields, as two launches may differ only in origin or target.
        if (fields := tuple(row.values())) in seen:
            left["rows_doubled"] += 1
            continue
        seen.add(fields)
        entry = _entry(row, f"{path}, line {line}")
        if entry is None:
            left["rows_half_empty"] += 1
        elif entry.through < 0 or entry.strike_drones > entry.launched:
            left["rows_contradictory"] += 1
        else:
            found.append((line, entry))
            unknown.update(part for part in parts_of(entry.model) if part not in MODELS)
    attrs = {
        "title": "raids on Ukraine, by row of the data set",
        "left_out": "; ".join(f"{left[f'rows_{kind}']} {text}" for kind, text in LEFT_OUT.items()),
        "unknown_models": ", ".join(sorted(unknown)),
        **left,
    }
    return table([e for _, e in found], {"line": [line for line, _ in found]}, attrs)


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows with their lines; every row must have all fields."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            header = next(reader, [])
            _check_header(header, path)
            for fields in reader:
                if len(fields) == len(header):
                    yield reader.line_num, dict(zip(header, fields, strict=True))
                elif fields:
                    raise ValueError(
                        f"{path}, line {reader.line_num}: must have {len(header)} fields, as the "
                        f"first line has; got {len(fields)}"
                    )
        except csv.Error as error:
            raise ValueError(f"{path}, line {reader.line_num}: not CSV ({error})") from error
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: not in UTF-8 ({error})") from error


def _check_header(header: list[str], path: Path) -> None:
    for problem, columns in (
        ("there is no column", [name for name in COLUMNS if name not in header]),
        ("there is more than one column", [name for name in COLUMNS if header.count(name) > 1]),
    ):
        if columns:
            names = ", ".join(map(repr, columns))
            raise ValueError(f"{path}: not in the format of the data set; {problem} {names}")


def _entry(row: Row, location: str) -> Entry | None:
    """Entry of a row; None without the number launched or destroyed."""
    launched, destroyed, lost, in_flight, strike_drones = (
        _count(row[name], f"{location}: {name}")
        for name in ("launched", "destroyed", "not_reach_goal", "still_attacking", "is_shahed")
    )
    night = _day(row["time_end"], f"{location}: time_end")
    if not (model := row["model"].strip()):
        raise ValueError(f"{location}: model: must not be empty; got {row['model']!r}")
    if launched is None or destroyed is None:
        return None
    separate = night < MERGED  # hard and soft kills are separate numbers
    return Entry(
        night=night,
        threat_class=class_of(model),
        model=model,
        source=row["source"].strip(),
        launched=launched,
        hard_kill=destroyed if separate else math.nan,
        soft_kill=math.nan if lost is None or not separate else lost,
        stopped=destroyed + (lost or 0),
        in_flight=in_flight or 0,
        strike_drones=math.nan if strike_drones is None else strike_drones,
    )


def _count(text: str, location: str) -> int | None:
    """A whole number in the format of the data set (287.0); None for an empty field."""
    if not text.strip():
        return None
    if not (found := _COUNT.fullmatch(text.strip())):
        raise ValueError(
            f"{location}: must be a whole number from 0 to 999999999, or empty; got {text!r}"
        )
    return int(found[1])


def _day(text: str, location: str) -> date:
    """Date of a day with or without time; 2000 to 2099, as nanosecond timestamps are limited."""
    try:
        found = _TIME.fullmatch(text.strip())
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(
            f"{location}: must be a day from 2000 to 2099, alone or with a time, as 2025-07-04 or "
            f"2025-07-04 06:00; got {text!r}"
        ) from None
