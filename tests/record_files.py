"""Made-up rows in the format of the public data set, and files of them."""

import csv
from pathlib import Path

HEADER = [
    "time_start",
    "time_end",
    "model",
    "launch_place",
    "launched",
    "destroyed",
    "not_reach_goal",
    "still_attacking",
    "is_shahed",
    "source",
]


OLDEST = [
    *("time_start", "time_end", "model", "launch_place", "target", "carrier", "launched"),
    *("destroyed", "source"),
]
"""Columns that every version has."""


def row(**fields: object) -> dict[str, object]:
    """A row of the Air Force on drones, before hard and soft kills were merged."""
    return {
        "time_start": "2025-07-03 18:00",
        "time_end": "2025-07-04 06:00",
        "model": "Shahed-136/131",
        "launch_place": "",
        "launched": "10.0",
        "destroyed": "6.0",
        "not_reach_goal": "3.0",
        "still_attacking": "",
        "is_shahed": "",
        "source": "kpszsu/posts/made-up",
        **fields,
    }


def written(directory: Path, *rows: dict[str, object], header: list[str] = HEADER) -> Path:
    """A file of rows."""
    path = directory / "record.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.DictWriter(file, header, extrasaction="ignore")
        out.writeheader()
        out.writerows(rows)
    return path
