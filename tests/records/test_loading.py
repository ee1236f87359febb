"""Records from files, against rows written here in the format of the data set.

``LEAKTHROUGH_RECORD`` names a copy of the real file, which two tests read.
"""

import csv
import math
import os
import runpy
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from record_files import HEADER, OLDEST, row, written

from leakthrough import records
from leakthrough.records.classes import CLASSES, class_of
from leakthrough.records.entries import COUNTS
from leakthrough.records.loading import NEEDED, NOT_READ, OPTIONAL
from leakthrough.records.tables import LEFT_OUT

REAL = os.environ.get("LEAKTHROUGH_RECORD")
ROOT = Path(__file__).parents[2]


def loaded(directory: Path, *rows: dict[str, object]) -> xr.Dataset:
    return records.load(written(directory, *rows))


def test_a_row_becomes_an_entry(tmp_path: Path) -> None:
    record = loaded(tmp_path, row(still_attacking="1.0", is_shahed="7"))
    assert record.sizes == {"entry": 1}
    got = {name: record[name].item() for name in COUNTS}
    assert got == {
        "launched": 10,
        "hard_kill": 6.0,
        "soft_kill": 3.0,
        "stopped": 9,
        "in_flight": 1,
        "through": 0,
        "strike_drones": 7.0,
    }
    assert record.threat_class.item() == "drone"
    assert record.model.item() == "Shahed-136/131"
    assert record.source.item() == "kpszsu/posts/made-up"
    assert record.row.item() == 2
    assert record.night.values[0] == np.datetime64("2025-07-04")
    for name in (*COUNTS, *record.coords):
        assert record[name].attrs["long_name"]
    assert all(record[name].attrs["units"] == "1" for name in COUNTS)


def test_only_rows_of_the_air_force_count(tmp_path: Path) -> None:
    record = loaded(
        tmp_path,
        row(),
        row(source="PvKPivden/posts/x"),
        row(source="https://t.me/KPSZSU/1"),
        row(source=""),
    )
    assert record.row.values.tolist() == [2, 4]
    assert (record.attrs["rows"], record.attrs["rows_of_others"]) == (4, 1)
    assert record.attrs["rows_without_source"] == 1
    assert record.attrs["left_out"].startswith("1 rows of other sources: many repeat")
    assert "no counterpart and are missing" in record.attrs["left_out"]
    assert "twice" not in record.attrs["left_out"]


@pytest.mark.parametrize(
    ("day", "lost", "hard", "soft"),
    [
        ("2025-07-23 08:00", "3.0", 6.0, 3.0),
        ("2025-07-23 08:00", "0.0", 6.0, 0.0),
        ("2025-07-23 08:00", "", 6.0, math.nan),
        ("2025-07-24", "0.0", math.nan, math.nan),
        ("2025-07-24 08:00", "3.0", math.nan, math.nan),
    ],
)
def test_hard_and_soft_kills_are_apart_until_the_break(
    tmp_path: Path, day: str, lost: str, hard: float, soft: float
) -> None:
    """Empty fields were not reported; after the change only the sum is known."""
    record = loaded(tmp_path, row(time_end=day, not_reach_goal=lost))
    np.testing.assert_equal([record.hard_kill.item(), record.soft_kill.item()], [hard, soft])
    assert record.stopped.item() == 6 + float(lost or 0)
    assert record.through.item() == 10 - record.stopped.item()


def test_half_empty_and_contradictory_rows_are_counted_and_left_out(tmp_path: Path) -> None:
    record = loaded(
        tmp_path, row(launched=""), row(destroyed=" "), row(not_reach_goal="5.0"), row()
    )
    assert record.sizes["entry"] == 1
    assert record.attrs["rows_half_empty"] == 2
    assert record.attrs["rows_contradictory"] == 1
    assert (
        "2 without the number launched or stopped; 1 with more stopped" in record.attrs["left_out"]
    )


def test_more_strike_drones_than_launched_contradict(tmp_path: Path) -> None:
    record = loaded(tmp_path, row(is_shahed="11"), row(is_shahed="10"))
    assert record.row.values.tolist() == [3]
    assert record.attrs["rows_contradictory"] == 1


def test_rows_of_others_are_not_examined(tmp_path: Path) -> None:
    """Other sources write dates, numbers and models as they like."""
    other = row(source="mod/1", time_end="spring", launched="~20", destroyed="-", model="")
    assert loaded(tmp_path, other, row()).row.values.tolist() == [3]


def test_a_row_that_repeats_another_counts_once(tmp_path: Path) -> None:
    """Two launches may differ only in their origin, or in any other column of the data set."""
    record = loaded(tmp_path, row(), row(launch_place="sea"), row(), row(source=""), row(source=""))
    assert record.row.values.tolist() == [2, 3]
    assert (record.attrs["rows_doubled"], record.attrs["rows_without_source"]) == (1, 2)
    assert "1 that repeat an earlier row in every column" in record.attrs["left_out"]
    pairs = {
        "time_end": ("2025-07-04", "2025-07-05"),
        "launched": (20, 21),
        "still_attacking": (0, 1),
        "source": ("kpszsu/1", "kpszsu/2"),
    }
    for name in (*NEEDED, *OPTIONAL, *NOT_READ):
        rows = [row(**{name: value}) for value in pairs.get(name, (1, 2))]
        path = written(tmp_path, *rows, *rows, header=[*dict.fromkeys([*HEADER, name])])
        assert records.load(path).row.values.tolist() == [2, 3], name


def test_repetition_is_judged_without_what_programs_add(tmp_path: Path) -> None:
    """Row numbers, another form of a number, and columns that an older version lacks."""
    rows = [row(index=0), row(index=1, launched=10), row(index=2, is_shahed="", not_reach_goal="")]
    path = written(tmp_path, *rows, header=["index", *HEADER])
    assert records.load(path).attrs["rows_doubled"] == 2


def test_copies_of_two_versions_in_one_file_count_once(tmp_path: Path) -> None:
    rows = [row(is_shahed="7"), row(model="Kalibr", still_attacking="0")]
    old = [{name: value for name, value in one.items() if name in OLDEST} for one in rows]
    once, twice = loaded(tmp_path, *rows), loaded(tmp_path, *rows, *old)
    assert twice.attrs["rows_doubled"] == 2
    xr.testing.assert_equal(once, twice)


@pytest.mark.parametrize(
    ("missing", "numbers"),
    [
        ("not_reach_goal", {"soft_kill": math.nan, "stopped": 6}),
        ("still_attacking", {"in_flight": 0}),
        ("is_shahed", {"strike_drones": math.nan}),
    ],
)
def test_older_versions_lack_columns(
    tmp_path: Path, missing: str, numbers: dict[str, float]
) -> None:
    """A missing column is an empty one."""
    header = [name for name in HEADER if name != missing]
    record = records.load(written(tmp_path, row(still_attacking="1"), header=header))
    empty = loaded(tmp_path, row(still_attacking="1") | {missing: ""})
    xr.testing.assert_identical(record, empty)
    np.testing.assert_equal({name: record[name].item() for name in numbers}, numbers)


def test_the_oldest_version_can_be_calibrated(tmp_path: Path) -> None:
    rows = [row(time_end=f"2025-07-0{day}") for day in (1, 2, 3)]
    found = records.calibrate(records.load(written(tmp_path, *rows, header=OLDEST)))
    one = found.sel(threat_class="drone")
    assert float(one.probability.sel(outcome="stopped", estimate="value")) == pytest.approx(0.6)
    assert int(one.nights_without_soft_kill) == 3


@pytest.mark.parametrize("rows", [[], [row(source="mod/1")], [row(launched="")]])
def test_a_file_of_which_no_row_is_kept_says_so(
    tmp_path: Path, rows: list[dict[str, object]]
) -> None:
    said = rf"record\.csv: none of {len(rows)} rows is kept; left out: "
    with pytest.warns(UserWarning, match=said) as told:
        record = loaded(tmp_path, *rows)
    assert told[0].filename == __file__
    assert record.sizes["entry"] == 0
    assert records.nights(record).sizes == {"night": 0, "threat_class": 0}
    assert records.calibrate(record).sizes["threat_class"] == 0


def test_unknown_models_are_named(tmp_path: Path) -> None:
    record = loaded(tmp_path, row(model="Brand-9 and Kalibr"), row(model="Alpha"), row())
    assert record.attrs["unknown_models"] == "Alpha, Brand-9"
    assert record.threat_class.values.tolist() == ["cruise missile", "other", "drone"]
    record = loaded(tmp_path, *(row(model=f"M{i:02}") for i in range(60)))
    assert record.attrs["unknown_models"].endswith(", M48, M49, and 10 more")


def test_an_endless_text_is_refused(tmp_path: Path) -> None:
    """Each row of an array of texts has the length of the longest one."""
    said = r"record\.csv, row 3: source: must have 0 to 500 characters"
    with pytest.raises(ValueError, match=said) as told:
        loaded(tmp_path, row(), row(source="kpszsu" * 100_000))
    assert len(str(told.value)) < 300
    with pytest.raises(ValueError, match="row 2: model: must have 1 to 500 characters; got"):
        loaded(tmp_path, row(model=""))


counts = st.integers(0, 40)
entries = st.tuples(
    st.sampled_from(["2025-07-01", "2025-07-02", "2025-08-01"]),
    st.sampled_from(["Shahed-136/131", "Kalibr", "Iskander-M and Iskander-K"]),
    counts,
    st.none() | counts,
    counts,
    counts,
)


@given(st.lists(entries, min_size=1, max_size=12))
def test_nights_add_entries_up(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[Any, ...]]
) -> None:
    """Against sums in plain dictionaries."""
    rows, sums, silent = [], Counter[Any](), set()
    for number_of_row, (day, model, destroyed, lost, through, flying) in enumerate(drawn):
        number = destroyed + (lost or 0) + through + flying
        rows.append(
            row(
                time_end=day,
                model=model,
                launched=number,
                destroyed=destroyed,
                not_reach_goal="" if lost is None else lost,
                still_attacking=flying,
                launch_place=number_of_row,  # so that no rows are equal
            )
        )
        key = (day, class_of(model))
        sums[*key, "through"] += through
        sums[*key, "stopped"] += destroyed + (lost or 0)
        sums[*key, "soft_kill"] += lost or 0
        silent |= {key} if lost is None or day > "2025-07-23" else set()
    nights = records.nights(loaded(tmp_path_factory.mktemp("record"), *rows))
    for i, stamp in enumerate(nights.night.values):
        for c, name in enumerate(nights.threat_class.values):
            key, at = (str(stamp)[:10], name), {"night": i, "threat_class": c}
            for variable in ("through", "stopped"):
                assert nights[variable][at] == sums[*key, variable]
            soft = math.nan if key in silent else sums[*key, "soft_kill"]
            np.testing.assert_equal(float(nights.soft_kill[at]), float(soft))
    assert int(nights.launched.sum()) == sum(int(str(r["launched"])) for r in rows)


def test_nights_takes_its_own_and_refuses_others() -> None:
    nights = records.nights(records.raids())
    assert records.nights(nights) is nights
    one = records.nights(nights.sel(night="2025-07-04"))
    assert one.sizes["night"] == 1
    for wrong in (xr.Dataset(), nights.drop_vars("through"), nights.rename(night="day")):
        with pytest.raises(
            ValueError, match="record: must be a Dataset from raids, load, from_table or night"
        ):
            records.nights(wrong)
    with pytest.raises(ValueError, match=r"with classes of.*got.*\['boat'\]"):
        records.nights(nights.assign_coords(threat_class=["boat", *CLASSES[1:4], "mixed"]))
    with pytest.raises(ValueError, match="got "):
        records.nights(3)  # type: ignore[arg-type]


def test_the_table_that_ships_is_whole() -> None:
    record = records.raids()
    assert (record.through >= 0).all()
    days = sorted({date.fromisoformat(str(day)[:10]) for day in record.night.values})
    assert len(days) == 35
    assert {day.year for day in days} == {2022, 2023, 2024, 2025, 2026}
    assert all("kpszsu" in source for source in record.source.values)
    assert record.threat_class.isin(CLASSES).all()
    pairs = list(zip(record.night.values, record.threat_class.values, strict=True))
    assert len(set(pairs)) == len(pairs)
    apart = record.hard_kill.notnull() & record.soft_kill.notnull()
    assert (record.stopped == record.hard_kill + record.soft_kill)[apart.values].all()
    late = record.night >= np.datetime64("2025-07-24")
    assert record.hard_kill.isnull().equals(late.drop_attrs())
    for model, kind in zip(record.model.values, record.threat_class.values, strict=True):
        assert {class_of(part) for part in model.split("; ")} == {kind}


def test_the_night_that_an_example_simulates_is_in_it() -> None:
    example = runpy.run_path(str(ROOT / "examples" / "night_of_2025_07_04.py"))
    night = records.nights(records.raids()).sel(night="2025-07-04")
    names = {
        "drones": "drone",
        "cruise missiles": "cruise missile",
        "ballistic missiles": "ballistic missile",
        "air-launched ballistic": "air-launched ballistic missile",
    }
    for name, (hard, soft, through) in example["RECORDED"].items():
        told = night.sel(threat_class=names[name])
        assert (int(told.hard_kill), int(told.stopped), int(told.through)) == (
            hard,
            hard + soft,
            through,
        )
    assert int(night.sel(threat_class="drone").soft_kill) == 208
    assert int(night.launched.sum()) == 550


if REAL:

    def test_the_real_file() -> None:
        """All rows are accounted for, and the table in the library agrees."""
        record = records.load(str(REAL))
        left = sum(record.attrs[f"rows_{kind}"] for kind in LEFT_OUT)
        assert left + record.sizes["entry"] == record.attrs["rows"]
        assert record.attrs["rows_doubled"] == 0
        assert record.attrs["unknown_models"] == ""
        ours, theirs = records.nights(records.raids()), records.nights(record)
        theirs = theirs.sel(night=ours.night, threat_class=ours.threat_class)
        for name in COUNTS:
            np.testing.assert_equal(ours[name].values, theirs[name].values, name)

    def test_raids_that_only_others_tell_of_are_missing() -> None:
        """As stated in the docstring of `load` and the head of the table in the library."""
        record = records.nights(records.load(str(REAL)))
        told = Counter[tuple[str, str]]()
        with Path(str(REAL)).open(encoding="utf-8-sig", newline="") as file:
            for fields in csv.DictReader(file):
                key = (fields["time_end"][:10], class_of(fields["model"].strip()))
                told[key] += int(float(fields["launched"] or 0)) * (
                    "kpszsu" not in fields["source"]
                )
        missiles = [name for name in CLASSES if "missile" in name]
        for day, number in {"2022-10-10": 84, "2023-02-10": 71, "2023-03-09": 68}.items():
            assert sum(told[day, name] for name in missiles) == number
            assert record.sel(threat_class=missiles, night=record.night == day).launched.sum() == 0
        for day, number in {"2025-07-20": 57, "2025-10-01": 49}.items():
            assert told[day, "drone"] == number
            assert record.sel(threat_class="drone", night=record.night == day).launched.sum() == 0
        shipped = records.nights(records.raids()).sel(night="2023-01-26", threat_class=missiles)
        assert int(shipped.launched.sum()) == 55
