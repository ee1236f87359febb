"""Rows of counts, one per replication, and the state that is carried from raid to raid."""

from collections.abc import Iterator, Mapping

import numpy as np

from leakthrough.engine.layout import COUNTED, RECORDS_OF, Whole
from leakthrough.engine.record import Kind
from leakthrough.engine.tables import Tables

CARRIED = tuple(
    (name, field.name)
    for name in ("magazines", "batteries", "aim_points", "depots", "reload_times", "givens")
    for field in RECORDS_OF[name].of(Kind.CARRIED)
)
"""Carried fields, each after its kind of record, in the order of their columns."""


class Counts(Mapping[str, Whole]):
    """Rows of counts, and views of their columns by name. Times are in ticks.

    Parameters
    ----------
    rows : array of int64, shape (R, columns)
    columns : mapping of str to array of int64
        The columns of `engine.layout`: by salvo (R, S), by salvo and cause (R, S, 8), by salvo
        that aims at a battery, by window (R, W), by layer (R, L), by battery (R, B), by magazine
        (R, K), by depot (R, D), by asset (R, A), by pool (R, O), by interceptor and threat class
        (R, I, C). Also
        `leaked_by` (R, T + 1, S), whose last sample includes those that leak after the last sample
        time, `ready_rounds` (R, T, K) and `busy_channels` (R, T, B).
    """

    def __init__(self, rows: Whole, columns: Mapping[str, Whole]) -> None:
        self.rows, self._columns = rows, columns

    def __getitem__(self, name: str) -> Whole:
        return self._columns[name]

    def __getattr__(self, name: str) -> Whole:
        if name.startswith("_") or name not in self._columns:
            raise AttributeError(name)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


def sample_columns(tables: Tables) -> tuple[int, int]:
    """First column of the leakers by sample time, and first column of the other samples."""
    slices = {name: RECORDS_OF[name].counted for name in COUNTED}
    first = sum(tables.locations[name].number * (s.stop - s.start) for name, s in slices.items())
    return first, first + (tables.timeline.size + 1) * int(tables.salvos.size)


def width(tables: Tables) -> int:
    """Columns of a row of counts."""
    sampled = tables.timeline.size * (int(tables.magazines.size) + int(tables.batteries.size))
    return sample_columns(tables)[1] + sampled


def counting_of(tables: Tables) -> Whole:
    """For each kind of record: first number, step between records, number of records.

    Numbers are of 64 bits. The kernel copies them to the columns from 0 on.
    """
    found = []
    for name in COUNTED:
        record, location = RECORDS_OF[name], tables.locations[name]
        first, size = location.offset // 8 + record.counted.start, record.dtype.itemsize // 8
        found += [first, size, location.number]
    return np.array(found, np.int64)


def named_counts(rows: Whole, tables: Tables) -> Counts:
    """Name the columns of rows."""
    found: dict[str, Whole] = {}
    start = 0
    for name in COUNTED:
        start = _name_columns(found, rows, start, tables, name)
    salvos, samples = tables.salvos.size, tables.timeline.size
    for name in RECORDS_OF["kill_chances"].columns:
        found[name] = found[name].reshape(len(rows), tables.interceptors, tables.classes)
    first, other = sample_columns(tables)
    found["leaked_by"] = rows[:, first:other].reshape(len(rows), samples + 1, salvos)
    magazines, batteries = tables.magazines.size, tables.batteries.size
    sampled = rows[:, other : width(tables)].reshape(len(rows), samples, magazines + batteries)
    found["ready_rounds"] = sampled[..., :magazines]
    found["busy_channels"] = sampled[..., magazines:]
    return Counts(rows, found)


def slices_of(tables: Tables, *names: str) -> dict[str, slice]:
    """Columns of some counts by name: naming all of them takes as long as a small raid."""
    columns = named_counts(np.arange(width(tables))[np.newaxis], tables)
    found = {}
    for name in names:
        own = columns[name][0].tolist()
        step = own[1] - own[0] if len(own) > 1 else 1
        found[name] = slice(own[0], own[-1] + 1, step) if own else slice(0)
    return found


def _name_columns(
    found: dict[str, Whole], rows: Whole, start: int, tables: Tables, name: str
) -> int:
    """Name the columns of one kind of record, and return the first column after them."""
    record, number = RECORDS_OF[name], tables.locations[name].number
    size = int(record.counted.stop) - int(record.counted.start)
    stop = start + number * size
    values = rows[:, start:stop].reshape(len(rows), number, size)
    for column, (first, length) in record.columns.items():
        found[column] = values[..., first] if length == 1 else values[..., first : first + length]
    return stop


def new_rows(tables: Tables, replications: int) -> Whole:
    """Zeroed rows for a number of replications."""
    return np.zeros((replications, width(tables)), np.int64)


def named_carried(rows: Whole, tables: Tables) -> Counts:
    """Name the columns of the carried fields: by magazine, battery, aim point and depot.

    `reloads_sent` is by magazine with drawn reload times, `given` by salvo.
    """
    found: dict[str, Whole] = {}
    start = 0
    for name, field in CARRIED:
        number = tables.locations[name].number
        found[field] = rows[:, start : start + number]
        start += number
    return Counts(rows, found)


def new_carried(tables: Tables, replications: int) -> Counts:
    """State before a first raid."""
    start = [getattr(tables, name)[field] for name, field in CARRIED]
    rows = np.empty((replications, sum(map(len, start))), np.int64)
    rows[:] = np.concatenate(start)
    return named_carried(rows, tables)
