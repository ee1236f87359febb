"""Kinds of record: their named fields, who writes each field, and its offset in memory.

A record is a list of fields, and each field has a kind: a `LINK` is the code of another record, a
`NUMBER` comes from the scenario (`engine.lower_parts` fills links and numbers by name), a `STATE`
belongs to one raid of one replication, a `CARRIED` field is carried from raid to raid, and a
`COUNTED` field is written into the row of counts when the raid is over.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import numpy as np

Records = Any
"""A structured array."""


class Kind(Enum):
    """The kind of a field, which determines who writes it."""

    LINK = "code of another record, filled by the lowering"
    NUMBER = "number of the scenario, filled by the lowering"
    STATE = "belongs to one raid, reset before each"
    CARRIED = "handed on from raid to raid"
    COUNTED = "reset before each raid, and counted after it"


class Patch(Enum):
    """Numbers that a sweep may overwrite, since nothing else depends on them."""

    WHOLE = "whole number, as it is"
    CHANCE = "probability, as a threshold"
    KILL_CHANCE = "probability above 0, as a threshold"


class Field(NamedTuple):
    """One field of a record.

    Parameters
    ----------
    name : str
    kind : Kind
    type : str
        NumPy type. Carried and counted fields consist of 64-bit numbers.
    start : int or str
        Value at the start of a raid, or the name of the field that contains it.
    counted : str
        Name of the column of counts, if it differs from the field's name.
    path, patch : str, Patch
        Path of the number in a scenario, and what a sweep may write there without lowering again.
    """

    name: str
    kind: Kind
    type: str = "i8"
    start: int | str = 0
    counted: str = ""
    path: str = ""
    patch: Patch | None = None

    @property
    def column(self) -> str:
        """Name of the field's column of counts; empty if it is not counted."""
        return self.counted or (self.name if self.kind is Kind.COUNTED else "")


def link(name: str, type_: str = "u4") -> Field:
    """A code of another record: unsigned, since Numba wraps signed ones around."""
    return Field(name, Kind.LINK, type_)


def number(name: str, type_: str = "i8", path: str = "", patch: Patch | None = None) -> Field:
    """A number of the scenario."""
    return Field(name, Kind.NUMBER, type_, path=path, patch=patch)


def state(name: str, type_: str = "i8", start: int | str = 0) -> Field:
    """What belongs to one raid."""
    return Field(name, Kind.STATE, type_, start)


def carried(name: str, start: int | str, counted: str = "") -> Field:
    """What is handed on from raid to raid."""
    return Field(name, Kind.CARRIED, "i8", start, counted)


def counted(name: str, start: int | str = 0, counted: str = "", type_: str = "i8") -> Field:
    """What is counted after the raid."""
    return Field(name, Kind.COUNTED, type_, start, counted)


def _order(field: Field) -> int:
    """Carried fields first, then those that are carried and counted, then the counted ones.

    The carried fields, and the counted ones, are then contiguous: the kernel copies them at once.
    """
    if field.kind is Kind.CARRIED:
        return 1 if field.column else 0
    return 2 if field.column else 3


class Record:
    """A kind of record: its fields in the order of memory.

    Parameters
    ----------
    name : str
        Of one record.
    fields : Field
        In the order of memory within each kind; those that the kernel uses most come first.

    Attributes
    ----------
    dtype : numpy.dtype
        Padded to a power of two of bytes, so that an index becomes an address by a shift instead
        of a multiplication.
    carried, counted : slice
        The 64-bit numbers of a record that are carried, and those that are counted.
    """

    def __init__(self, name: str, *fields: Field) -> None:
        self.name = name
        self.fields = tuple(sorted(fields, key=_order))
        formats = [np.dtype(field.type) for field in self.fields]
        # Fields that are neither carried nor counted are sorted by size, so there are no holes.
        rest = [n for n, field in enumerate(self.fields) if _order(field) == 3]
        first = [n for n, field in enumerate(self.fields) if _order(field) < 3]
        order = first + sorted(rest, key=lambda n: -formats[n].alignment)
        stops = np.cumsum([formats[n].itemsize for n in order])
        self.dtype = np.dtype(
            {
                "names": [self.fields[n].name for n in order],
                "formats": [formats[n] for n in order],
                "offsets": [
                    int(stop) - formats[n].itemsize for n, stop in zip(order, stops, strict=True)
                ],
                "itemsize": 1 << (max(int(stops[-1]), 8) - 1).bit_length(),
            },
            align=True,
        )
        self.carried = self._words(lambda field: field.kind is Kind.CARRIED)
        self.counted = self._words(lambda field: bool(field.column))
        anew = self.of(Kind.STATE, Kind.CARRIED, Kind.COUNTED)
        self._starts = tuple((field.name, field.start) for field in anew if field.start != 0)

    def _words(self, of: Callable[[Field], bool]) -> slice:
        """The contiguous 64-bit numbers of the fields for which `of` is true."""
        places = [self.dtype.fields[field.name] for field in self.fields if of(field)]  # type: ignore[index]
        if not places:
            return slice(0, 0)
        start = min(place[1] for place in places)
        stop = max(place[1] + place[0].itemsize for place in places)
        if start % 8 or stop % 8 or sum(place[0].itemsize for place in places) != stop - start:
            raise TypeError(f"{self.name}: what is carried or counted must be 64-bit numbers")
        return slice(start // 8, stop // 8)

    def of(self, *kinds: Kind) -> tuple[Field, ...]:
        """Fields of some kinds."""
        return tuple(field for field in self.fields if field.kind in kinds)

    @functools.cached_property
    def columns(self) -> dict[str, tuple[int, int]]:
        """By column of counts: first 64-bit number among those counted, and how many."""
        found = {}
        for field in self.fields:
            if field.column:
                dtype, offset = self.dtype.fields[field.name][:2]  # type: ignore[index]
                found[field.column] = offset // 8 - self.counted.start, dtype.itemsize // 8
        return found

    def zeros(self, number: int) -> Records:
        """Zeroed records."""
        return np.zeros(number, self.dtype)

    def fill(self, records: Records, columns: Mapping[str, Any]) -> None:
        """Write links and numbers by name, and the values with which a raid starts."""
        for name, values in columns.items():
            records[name] = values
        self.start(records)

    def check(self, names: Iterable[str]) -> None:
        """Raise a TypeError unless the names are those of all links and numbers.

        The lowering calls this when it is imported, so a field that nothing fills is an error
        before anything runs.
        """
        wanted = {field.name for field in self.of(Kind.LINK, Kind.NUMBER)}
        if wanted != set(names):
            lacks, knows = sorted(wanted - set(names)), sorted(set(names) - wanted)
            raise TypeError(f"{self.name}: nothing fills {lacks}, and {knows} are no fields of it")

    def start(self, records: Records) -> None:
        """Write the values with which a raid starts into records."""
        for name, start in self._starts:
            records[name] = records[start] if isinstance(start, str) else start
