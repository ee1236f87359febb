"""Records from files: the table that ships with the library, and the whole public data set."""

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
"""Columns of the data set that are read; others may stand beside them."""
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
"""Kinds of rows that `load` leaves out, each with what `left_out` says of it."""
_COUNT = re.compile(r"([0-9]{1,9})(\.0*)?")
_TIME = re.compile(r"(20[0-9]{2}-[0-9]{2}-[0-9]{2})( ([01][0-9]|2[0-3])(:[0-5][0-9]){1,2})?")
Row = dict[str, str]


def raids() -> "xr.Dataset":
    """Large raids of 2022 to 2026 with what became of them: the table that ships.

    Facts about single days, typed from the bulletins of the Air Force of Ukraine as a public data
    set compiles them; the head of the file says how the days were chosen. **They are the largest
    raids of those that these bulletins count, not a sample of nights**, and what they say of a
    class holds for large raids. Two missile raids larger than that of 26 January 2023, of
    10 February and 9 March, are told by other sources only, and are not in it.

    Returns
    -------
    xarray.Dataset
        Along `entry`, one for each day and class: `launched`, `hard_kill`, `soft_kill`, `stopped`,
        `in_flight`, `through` and `strike_drones`, as numbers of threats; `night`,
        `threat_class`, `model`, `source` (the bulletins) and `note` as coordinates.

    Notes
    -----
    Three meanings of a stop, one after the other:

    - up to the summer of 2024 mostly hard kills alone: `soft_kill` is NaN, and what was jammed or
      lost is in `through`;
    - then hard and soft kills apart;
    - from the bulletin of 24 July 2025 one number for both: `hard_kill` and `soft_kill` are NaN.

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

    What has to be known to add its rows up is done here:

    - only a `source` with `kpszsu` (the Air Force) is kept. Of the rows of other sources many
      repeat the Air Force's, but others have no counterpart, **and whole raids are missing**:
      among them the missiles of 10 October 2022, 10 February and 9 March 2023, and the drones of
      20 July and 1 October 2025;
    - rows without `launched` or `destroyed`, rows that stop more than were launched or have more
      strike drones, and rows that repeat an earlier one in every field are left out and counted;
    - each model gets its class, and rows that join models theirs: `mixed` where they join two;
    - from the bulletin of 24 July 2025 `destroyed` counts hard and soft kills together: then
      `stopped` is given, and `hard_kill` and `soft_kill` are NaN. Before that an empty
      `not_reach_goal` means that soft kills were not reported, not that there were none.

    `launched` counts decoys; `strike_drones` is the estimate without them where there is one.

    What is not done: where the Air Force tells of a region and of the country in the same hours,
    the one may be counted in the other, and both are kept (17 October 2022, 20 June and
    29 October 2023).

    Parameters
    ----------
    path : str or Path
        A CSV file in UTF-8 with the columns `time_end`, `model`, `launched`, `destroyed`,
        `not_reach_goal`, `still_attacking`, `is_shahed` and `source`, in any order.

    Returns
    -------
    xarray.Dataset
        As from `raids`, along `entry`, one for each row that is kept, with its `line` in place of
        `note`. Attributes count what was left out: `rows`, `rows_of_others`, `rows_doubled`,
        `rows_half_empty`, `rows_contradictory`, in words in `left_out`; `unknown_models` names
        models that have no class yet, which are `other`.

    Raises
    ------
    ValueError
        If the file is not of this format: which column is missing or stands twice, or which line
        is malformed.
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
        # In every field: two launches told alike differ in where from or where to.
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
        "left_out": "; ".join(f"{left[f'rows_{kind}']} {said}" for kind, said in LEFT_OUT.items()),
        "unknown_models": ", ".join(sorted(unknown)),
        **left,
    }
    return table([e for _, e in found], {"line": [line for line, _ in found]}, attrs)


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Rows that have all of their fields, each with its line."""
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
    for said, wrong in (
        ("there is no column", [name for name in COLUMNS if name not in header]),
        ("there is more than one column", [name for name in COLUMNS if header.count(name) > 1]),
    ):
        if wrong:
            raise ValueError(
                f"{path}: not in the format of the data set; {said} {', '.join(map(repr, wrong))}"
            )


def _entry(row: Row, place: str) -> Entry | None:
    """What a row says; None where it does not say how many came or were shot down."""
    counts = {
        name: _count(row[name], f"{place}: {name}")
        for name in ("launched", "destroyed", "not_reach_goal", "still_attacking", "is_shahed")
    }
    night = _day(row["time_end"], f"{place}: time_end")
    if not (model := row["model"].strip()):
        raise ValueError(f"{place}: model: must not be empty; got {row['model']!r}")
    launched, destroyed, lost = (
        counts[name] for name in ("launched", "destroyed", "not_reach_goal")
    )
    if launched is None or destroyed is None:
        return None
    apart = night < MERGED
    return Entry(
        night=night,
        threat_class=class_of(model),
        model=model,
        source=row["source"].strip(),
        launched=launched,
        hard_kill=destroyed if apart else math.nan,
        soft_kill=math.nan if lost is None or not apart else lost,
        stopped=destroyed + (lost or 0),
        in_flight=counts["still_attacking"] or 0,
        strike_drones=math.nan if counts["is_shahed"] is None else counts["is_shahed"],
    )


def _count(text: str, place: str) -> int | None:
    """A whole number, written as the data set writes them (287.0); None for an empty field."""
    if not text.strip():
        return None
    if not (found := _COUNT.fullmatch(text.strip())):
        raise ValueError(
            f"{place}: must be a whole number from 0 to 999999999, or empty; got {text!r}"
        )
    return int(found[1])


def _day(text: str, place: str) -> date:
    """The day of a time, which may be missing; of this century, as stamps in nanoseconds end."""
    try:
        found = _TIME.fullmatch(text.strip())
        return date.fromisoformat(found[1] if found else "")
    except ValueError:
        raise ValueError(
            f"{place}: must be a day from 2000 to 2099, alone or with a time, as 2025-07-04 or "
            f"2025-07-04 06:00; got {text!r}"
        ) from None
