"""Numbers and days as text, with the meaning that the whole table gives them."""

import math
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakthrough.records.columns import MOST, counts, days


def numbers(*fields: object) -> list[float]:
    found: list[float] = counts(pd.DataFrame({"launched": list(fields)}), "f")["launched"].tolist()
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["287", "287.0", "287.", "287.00", " 7 ", "0"], [287, 287, 287, 287, 7, 0]),
        (["7,0", "1.000"], [7, 1000]),
        (["7.0", "1,000"], [7, 1000]),
        (["1,024", "12,345,678"], [1024, 12345678]),
        (["1.024", "1.000"], [1024, 1000]),
        (["1 024", "1\u00a0024", "1\u202f024,0", "1'024", "1\u2019024"], [1024] * 5),
        (["1.024,0", "1,0"], [1024, 1]),
        (["1287.000", "1.000"], [1287, 1]),
        (["", " ", "NaN", "nan", "NULL", "None", "N/A", "<NA>"], [math.nan] * 8),
        (["-", "\u2013", "\u2014"], [math.nan] * 3),
        ([7, 7.0, np.int8(7), np.float32(7), None, math.nan, pd.NA], [7] * 4 + [math.nan] * 3),
        ([MOST, str(MOST)], [MOST] * 2),
        ([], []),
    ],
)
def test_numbers(fields: list[object], expected: list[float]) -> None:
    np.testing.assert_equal(numbers(*fields), expected)


@pytest.mark.parametrize(
    "bad",
    [
        *("x", "-1", "1.5", "1,5", "inf", "1e99", "1_0", "1e1", "٣", "1" * 10, "12 34", "1,23,456"),
        *(7.5, -1, 1e10, True, "1.234,5", "~20", "5-7", "=1+1", "0x10", "x" * 10_000),
    ],
)
def test_a_malformed_number_is_named(bad: object) -> None:
    with pytest.raises(ValueError, match=r"^f, row 1: launched: must be a whole number") as told:
        numbers("3", bad, "4")
    assert len(str(told.value)) < 200


@pytest.mark.parametrize("fields", [["1.000"], ["1,000", "7"], ["12,000", "287"]])
def test_an_ambiguous_number_is_refused(fields: list[str]) -> None:
    with pytest.raises(ValueError, match=f"row 0: launched: must not be ambiguous.*'{fields[0]}'"):
        numbers(*fields)


def test_what_is_no_number_with_any_sign_is_named_first() -> None:
    with pytest.raises(ValueError, match=r"row 1: launched: .*'x'"):
        numbers("7,0", "x")


def test_signs_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match=r"row 1: launched: must be a whole number.*'7,0'"):
        numbers("7.0", "7,0")


@given(st.lists(st.integers(0, MOST), min_size=1), st.sampled_from([*"., '"]), st.booleans())
def test_numbers_come_back(values: list[int], group: str, decimals: bool) -> None:
    """With a decimal sign in each number nothing is ambiguous."""
    sign = ".,"[group == "."]
    fields = [f"{value:,}".replace(",", group) + f"{sign}0" * decimals for value in values]
    try:
        assert numbers(*fields) == values
    except ValueError:
        # A value of the form 12,000 has two meanings, and no other number decides.
        assert not decimals
        assert group in ".,"
        assert all(value < 1_000 or value % 1_000 == 0 for value in values)


def day(*fields: object) -> list[str]:
    found = days(pd.Series(list(fields), name="time_end"), "f")
    return [str(one)[:10] for one in found]


@pytest.mark.parametrize(
    "good",
    [
        *("2025-07-04", "2025-07-04 ", "2025-07-04 23:59", "2025-07-04 00:00:00", "2025-7-4"),
        *("2025-07-04T06:00:00Z", "2025-07-04T23:30:00.000+03:00", "2025-07-04 06:00:00 UTC"),
        *("2025/07/04", "2025.07.04", "04.07.2025", "4.7.2025 6:00", "2025-07-04\u00a006:00"),
        *(
            date(2025, 7, 4),
            datetime(2025, 7, 4, 23),
            pd.Timestamp("2025-07-04T23", tz="Asia/Tokyo"),
        ),
    ],
)
def test_a_day(good: object) -> None:
    """As it is written, whatever the time and its zone."""
    assert day(good) == ["2025-07-04"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (["4/7/2025", "13/7/2025 6:00"], ["2025-07-04", "2025-07-13"]),
        (["7/4/2025 6:00 AM", "7/13/2025"], ["2025-07-04", "2025-07-13"]),
        (["04-07-2025", "13-07-2025"], ["2025-07-04", "2025-07-13"]),
        (["7/7/2025"], ["2025-07-07"]),
        (["04.07.2025", "7/13/2025"], ["2025-07-04", "2025-07-13"]),
        (["2025-07-04", "4/7/2025", "31/7/2025"], ["2025-07-04", "2025-07-04", "2025-07-31"]),
        ([], []),
    ],
)
def test_other_days_decide_what_is_first(fields: list[str], expected: list[str]) -> None:
    assert day(*fields) == expected


@pytest.mark.parametrize("bad", ["4/7/2025", "07-04-2025 06:00"])
def test_an_ambiguous_day_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=f"row 1: time_end: must not be ambiguous.*'{bad}'"):
        day("2025-07-04", bad)


@pytest.mark.parametrize(
    "bad",
    [
        *("", "yesterday", "now", "2025-13-01 08:00", "2025-02-30", "2025-01-02zzz", "2025-07"),
        *("2025-01-02 24:00", "2025-01-02 08", "9999-01-02", "1677-01-01", "20250102", "45842.25"),
        *("13/13/2025", "31.04.2025", "04.07-2025", "04.07.25", "1/13/25", "٣.07.2025", None, 7),
    ],
)
def test_a_malformed_day_is_named(bad: object) -> None:
    with pytest.raises(ValueError, match=r"^f, row 1: time_end: must be a day from 2000 to 2099"):
        day("2025-07-04", bad)


def test_days_in_two_orders_are_refused() -> None:
    with pytest.raises(ValueError, match=r"row 1: time_end: must be a day.*'13/7/2025'"):
        day("7/13/2025", "13/7/2025")
