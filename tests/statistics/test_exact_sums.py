"""Sums of products are those of Python integers, whatever the order and the blocks."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from leakthrough.statistics.exact_sums import ROWS_AT_ONCE, CrossSums

Whole = npt.NDArray[np.int64]

edges = [1 << 21, (1 << 21) - 1, 1 << 43, (1 << 43) - (1 << 21), 1 << 52, 1 << 62]
wide = st.one_of(
    st.integers(-20, 20),
    st.integers(-(2**52), 2**52),
    st.sampled_from([sign * edge for edge in edges for sign in (1, -1)]),
)
tables = hnp.arrays(np.int64, st.tuples(st.integers(0, 9), st.just(3)), elements=wide)


def taken(values: Any) -> CrossSums:
    sums = CrossSums(values.shape[1])
    sums.take(values)
    return sums


def by_hand(values: Any) -> list[list[int]]:
    rows = [[1, *map(int, row)] for row in values]
    columns = range(values.shape[1] + 1)
    return [[sum(row[a] * row[b] for row in rows) for b in columns] for a in columns]


@given(values=tables)
def test_they_are_those_of_python_integers(values: Whole) -> None:
    sums = taken(values)
    assert sums.products().tolist() == by_hand(values)
    assert sums.number == len(values)


@given(values=tables, data=st.data())
def test_blocks_and_their_order_change_no_bit(values: Whole, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(values))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)), max_size=3)))
    sums = CrossSums(3)
    for block in np.split(values[order], cuts):
        sums.merge(taken(block))
    assert np.array_equal(sums.planes, taken(values).planes)


@pytest.mark.parametrize("value", [(1 << 21) - 1, -(1 << 21), -(1 << 22) + 3, 1 << 52, -(1 << 62)])
def test_many_rows_of_the_largest_limbs_are_exact(value: int) -> None:
    """More chunks than 64 bits hold without a carry."""
    rows = 1_100 * ROWS_AT_ONCE + 1
    sums = taken(np.full((rows, 1), value))
    assert sums.products().tolist() == [[rows, rows * value], [rows * value, rows * value**2]]


@pytest.mark.parametrize("bits", [20, 21, 22, 23, 42, 43, 44, 52, 62])
def test_full_chunks_are_exact(bits: int) -> None:
    """Odd numbers, whose sums beyond 2**53 no float can hold."""
    random = np.random.default_rng(bits)
    values = (1 << bits) - 1 - 2 * random.integers(0, 1 << (bits - 3), (ROWS_AT_ONCE + 5, 2))
    assert taken(values).products().tolist() == by_hand(values)


def test_a_hundred_million_rows_fit() -> None:
    """Doubled by merging, since it is the planes that must hold the sums."""
    sums = taken(np.full((1 << 10, 1), 1 << 62))
    for _ in range(17):
        sums.merge(sums)
    assert sums.number == 1 << 27
    assert sums.products()[1].tolist() == [1 << 89, 1 << 151]


@pytest.mark.parametrize(
    "values",
    [
        np.zeros((3, 2)),
        np.zeros((3, 1), np.int64),
        np.zeros(2, np.int64),
        np.full((1, 2), (1 << 62) + 1),
        np.full((1, 2), -(1 << 63)),
        np.full((1, 2), 1 << 63, np.uint64),
    ],
)
def test_anything_else_is_refused(values: Any) -> None:
    with pytest.raises(ValueError, match="values: must be"):
        CrossSums(2).take(values)


def test_columns_of_any_whole_type() -> None:
    for kind in (np.int8, np.uint16, np.uint64):
        values = np.array([[3, 100], [7, 90]], kind)
        assert taken(values).products().tolist() == by_hand(values)
