"""Fields of records: filled, reset, carried over and counted as described."""

import pickle
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
import pytest
from raids import TIMELINE, rich

from leakthrough.engine import layout, lower_parts
from leakthrough.engine.counts import (
    CARRIED,
    named_carried,
    named_counts,
    new_carried,
    width,
)
from leakthrough.engine.kernel.counting import count
from leakthrough.engine.kernel.setup import carry_in, carry_out, reset
from leakthrough.engine.kernel.state_pointer import state_at
from leakthrough.engine.layout import COUNTED, RECORDS_OF
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.record import Field, Kind, Record
from leakthrough.engine.state import State, new_state

RECORDS = (layout.RAID, *RECORDS_OF.values(), layout.THREAT, layout.ENTRY)
named = pytest.mark.parametrize(
    "record", RECORDS_OF.items(), ids=lambda given: given[0] if isinstance(given, tuple) else None
)


inside = cast("Callable[[Any], Any]", numba.njit(_nrt=False))  # type: ignore[call-overload]
"""Compile as the kernel is compiled."""


@inside
def reset_in(addresses: Any) -> None:
    reset(state_at(addresses))


@inside
def count_in(addresses: Any, row: Any) -> None:
    count(state_at(addresses), row)


@inside
def carry_in_and_out(addresses: Any, carried: Any, found: Any) -> None:
    state = state_at(addresses)
    carry_in(state.words, state.carrying, carried)
    carry_out(state.words, state.carrying, found)


def reader(field: str) -> Any:
    """Compiled code that reads one field by name, as the kernel does."""

    source = f"""def read(records, found):
    for n in range(records.size):
        found[n] = records[n].{field}
"""
    names: dict[str, Any] = {}
    exec(source, names)  # noqa: S102 - the name is defined here
    return numba.njit(names["read"])


def distinct(records: Any) -> None:
    """Write a different number into each field of each record, by name."""
    number = 0
    for name in records.dtype.names:
        field = records[name]
        for index in np.ndindex(field.shape):
            number += 1
            # Fits into one byte, and differs from its neighbours.
            field[index] = number % 2 if field.dtype == np.bool_ else number % 127


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_the_kernel_reads_what_was_written_by_name(record: Record) -> None:
    records = record.zeros(3)
    distinct(records)
    for field in record.fields:
        if records[field.name].ndim > 1:  # a list: the kernel reads one element at a time
            continue
        found = np.zeros(3, records[field.name].dtype)
        reader(field.name)(records, found)
        assert found.tolist() == records[field.name].tolist(), field.name


def test_fields_do_not_overlap_and_records_are_powers_of_two() -> None:
    for record in RECORDS:
        taken = np.zeros(record.dtype.itemsize, int)
        for dtype, offset, *_ in record.dtype.fields.values():  # type: ignore[union-attr]
            taken[offset : offset + dtype.itemsize] += 1
        assert taken.max() == 1
        assert record.dtype.itemsize & (record.dtype.itemsize - 1) == 0
        # Not larger than it must be: a million threats are 32 MB.
        assert record.dtype.itemsize // 2 < max(np.flatnonzero(taken).max() + 1, 8)


def everything() -> tuple[Any, State]:
    tables = lower(rich(), TIMELINE)
    return tables, new_state(tables)


def test_a_reset_writes_every_field_that_belongs_to_a_raid() -> None:
    tables, state = everything()
    for name in RECORDS_OF:
        distinct(getattr(state, name))
    reset_in(state.addresses)
    for name, record in RECORDS_OF.items():
        records, first = getattr(state, name), getattr(tables, name)
        assert records.tobytes() == first.tobytes()
        for field in record.of(Kind.STATE, Kind.COUNTED, Kind.CARRIED):
            start = first[field.start] if isinstance(field.start, str) else field.start
            assert (records[field.name] == start).all(), field.name


def test_every_counted_field_is_in_its_column() -> None:
    tables, state = everything()
    for name in COUNTED:
        distinct(getattr(state, name))
    row = np.zeros((1, width(tables)), np.int64)
    count_in(state.addresses, row[0])
    counts = named_counts(row, tables)
    checked = 0
    for name in COUNTED:
        for field in RECORDS_OF[name].fields:
            if field.column:
                found = counts[field.column][0]
                wanted = getattr(state, name)[field.name]
                assert found.ravel().tolist() == wanted.ravel().tolist(), field.column
                checked += 1
    assert checked >= 25
    columns = [field.column for record in RECORDS for field in record.fields if field.column]
    assert len(set(columns)) == len(columns)


def test_every_carried_field_goes_from_raid_to_raid() -> None:
    tables, state = everything()
    carried = np.arange(1, 1 + new_carried(tables, 1).rows.shape[1])[np.newaxis]
    found = np.zeros_like(carried)
    carry_in_and_out(state.addresses, carried[0], found[0])
    np.testing.assert_array_equal(found, carried)
    for name, field in CARRIED:
        wanted = named_carried(carried, tables)[field][0]
        assert getattr(state, name)[field].tolist() == wanted.tolist(), field


@named
def test_a_field_that_nothing_fills_is_an_error_at_import(record: tuple[str, Record]) -> None:
    own = record[1]
    if own.name not in lower_parts.RULES:
        assert own.of(Kind.LINK, Kind.NUMBER) == ()
        return
    longer = Record(own.name, *own.fields, Field("forgotten", Kind.NUMBER))
    with pytest.raises(TypeError, match=rf"{own.name}: nothing fills \['forgotten'\]"):
        longer.check(lower_parts.RULES[own.name])
    unknown = {**lower_parts.RULES[own.name], "misspelt": None}
    with pytest.raises(TypeError, match=r"\['misspelt'\] are no fields of it"):
        own.check(unknown)


def test_counters_must_be_whole_64_bit_integers() -> None:
    with pytest.raises(TypeError, match="odd: what is carried or counted must be 64-bit numbers"):
        Record("odd", Field("small", Kind.COUNTED, "i4"))


def test_tables_can_be_sent_elsewhere_and_changed() -> None:
    tables = lower(rich(), TIMELINE)
    for again in (pickle.loads(pickle.dumps(tables)), tables.copy()):  # noqa: S301
        for name in tables.locations:
            assert getattr(again, name).tobytes() == getattr(tables, name).tobytes()
        again.magazines["rounds"] += 1
        assert (again.magazines["rounds"] != tables.magazines["rounds"]).all()
        # Modified values are the initial values of a state.
        assert (new_state(again).magazines["rounds"] == again.magazines["rounds"]).all()
