"""What the engine returns: rows of counts, one a replication, and what raids hand on."""

from collections.abc import Iterator, Mapping

import numpy as np

from leakthrough.engine.layout import Kind, Whole
from leakthrough.engine.tables import RECORDS_OF, Tables

COUNTED = ("salvos", "windows", "batteries", "magazines")
"""Records that are counted always; the rounds against threat classes are on request."""
TALLIED = "kill_chances"
CARRIED = ("magazines", "batteries")


class Counts(Mapping[str, Whole]):
    """Rows of counts, and views of their columns by name; ticks for times.

    Parameters
    ----------
    rows : array of int64, shape (R, columns)
    columns : mapping of str to array of int64
        The name of a column in `engine.layout`; by salvo (R, S), by salvo and cause (R, S, 7), by
        salvo and layer (R, S, L), by battery (R, B), by magazine (R, K). Besides `leaked_by`
        (R, T + 1, S), whose last sample holds those that leak after the last sample time,
        `ready_rounds` (R, T, K) and `busy_channels` (R, T, B).
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


def _words_of(tables: Tables, names: tuple[str, ...]) -> int:
    """Numbers that some records take in a row."""
    sizes = {name: RECORDS_OF[name].counted for name in names}
    return sum(tables.places[name].number * (own.stop - own.start) for name, own in sizes.items())


def sample_columns(tables: Tables) -> tuple[int, int]:
    """First column of the leakers by sample time, and of the other samples."""
    first = _words_of(tables, COUNTED)
    return first, first + (tables.timeline.size + 1) * int(tables.salvos.size)


def width(tables: Tables, tally: bool = False) -> int:
    """Columns of a row of counts."""
    each = int(tables.magazines.size) + int(tables.batteries.size)
    own = sample_columns(tables)[1] + tables.timeline.size * each
    return own + (_words_of(tables, (TALLIED,)) if tally else 0)


def counted_words(tables: Tables, tally: bool) -> Whole:
    """For each kind of record: first word, words from one to the next, number, words counted.

    The kernel copies them from column 0 on; those of the tally, which come last, from the column
    behind all samples.
    """
    found = []
    for name in (*COUNTED, TALLIED)[: 5 if tally else 4]:
        record, place = RECORDS_OF[name], tables.places[name]
        first = place.offset // 8 + record.counted.start
        words = record.counted.stop - record.counted.start
        found += [first, record.dtype.itemsize // 8, place.number, words]
    return np.array(found, np.int64)


def named_counts(rows: Whole, tables: Tables) -> Counts:
    """Names for the columns of rows."""
    found: dict[str, Whole] = {}
    start = 0
    for name in COUNTED:
        start = _name(found, rows, start, tables, name)
    salvos, layers, samples = tables.salvos.size, tables.layers.size, tables.timeline.size
    for name in ("killed", "soft_killed"):
        found[name] = found[name].reshape(len(rows), layers, salvos).swapaxes(1, 2)
    first, other = sample_columns(tables)
    found["leaked_by"] = rows[:, first:other].reshape(len(rows), samples + 1, salvos)
    magazines = tables.magazines.size
    rest = rows[:, other : width(tables)]
    sampled = rest.reshape(len(rows), samples, magazines + tables.batteries.size)
    found["ready_rounds"] = sampled[..., :magazines]
    found["busy_channels"] = sampled[..., magazines:]
    return Counts(rows, found)


def named_tally(rows: Whole, tables: Tables) -> Counts:
    """Names for the columns behind the counts, of rows with a tally: `hits` and `misses`.

    The rounds of an engagement of a live threat, up to the first that kills: those behind it
    change nothing. By interceptor and threat class, (R, I, C).
    """
    found: dict[str, Whole] = {}
    _name(found, rows, width(tables), tables, TALLIED)
    shape = len(rows), tables.interceptors, tables.classes
    return Counts(rows, {name: values.reshape(shape) for name, values in found.items()})


def _name(found: dict[str, Whole], rows: Whole, start: int, tables: Tables, name: str) -> int:
    """Name the columns of one kind of record; where the next begins."""
    record, number = RECORDS_OF[name], tables.places[name].number
    words = int(record.counted.stop) - int(record.counted.start)
    stop = start + number * words
    own = rows[:, start:stop].reshape(len(rows), number, words)
    for column, (first, size) in record.columns.items():
        found[column] = own[..., first] if size == 1 else own[..., first : first + size]
    return stop


def new_counts(tables: Tables, replications: int, tally: bool = False) -> Counts:
    """Zeroed rows for a number of replications, with room for a tally or not."""
    return named_counts(np.zeros((replications, width(tables, tally)), np.int64), tables)


def named_carried(rows: Whole, tables: Tables) -> Counts:
    """Names for the columns of what is carried: by magazine (R, K), and by battery (R, B)."""
    found: dict[str, Whole] = {}
    start = 0
    for name in CARRIED:
        number = tables.places[name].number
        for field in RECORDS_OF[name].of(Kind.CARRIED):
            found[field.name] = rows[:, start : start + number]
            start += number
    return Counts(rows, found)


def new_carried(tables: Tables, replications: int) -> Counts:
    """Carry nothing over: magazines are full, and the clocks of empty ones' reloads start."""
    width = sum(
        tables.places[name].number * len(RECORDS_OF[name].of(Kind.CARRIED)) for name in CARRIED
    )
    row = np.zeros((1, width), np.int64)
    first, magazines = named_carried(row, tables), tables.magazines
    for name in CARRIED:
        for field in RECORDS_OF[name].of(Kind.CARRIED):
            first[field.name][:] = getattr(tables, name)[field.name]
    called = (magazines["rounds"] == 0) & (magazines["reloads"] > 0)
    first["reloads_left"][:] -= called
    first["due"][:, called] = magazines["reload_ticks"][called]
    return named_carried(np.tile(row, (replications, 1)), tables)
