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

from leakthrough import records
from leakthrough.records.classes import CLASSES, MODELS, class_of
from leakthrough.records.entries import COUNTS
from leakthrough.records.loading import LEFT_OUT

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
REAL = os.environ.get("LEAKTHROUGH_RECORD")
ROOT = Path(__file__).parents[2]


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
    assert record.line.item() == 2
    assert record.night.values[0] == np.datetime64("2025-07-04")
    for name in (*COUNTS, *record.coords):
        assert record[name].attrs["long_name"]
    assert all(record[name].attrs["units"] == "1" for name in COUNTS)


def test_only_rows_of_the_air_force_count(tmp_path: Path) -> None:
    record = loaded(
        tmp_path,
        row(),
        row(source="PvKPivden/posts/x"),
        row(source="https://t.me/kpszsu/1"),
        row(source=""),
    )
    assert record.line.values.tolist() == [2, 4]
    assert (record.attrs["rows"], record.attrs["rows_of_others"]) == (4, 2)
    assert record.attrs["left_out"].startswith("2 rows of other sources: many repeat")
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
    assert "2 without launched or destroyed; 1 with more stopped" in record.attrs["left_out"]


def test_more_strike_drones_than_launched_contradict(tmp_path: Path) -> None:
    record = loaded(tmp_path, row(is_shahed="11"), row(is_shahed="10"))
    assert record.line.values.tolist() == [3]
    assert record.attrs["rows_contradictory"] == 1


def test_a_row_that_repeats_another_in_every_field_counts_once(tmp_path: Path) -> None:
    """Two launches may differ only in their origin."""
    record = loaded(tmp_path, row(), row(launch_place="sea"), row(), row(source=""), row(source=""))
    assert record.line.values.tolist() == [2, 3]
    assert (record.attrs["rows_doubled"], record.attrs["rows_of_others"]) == (1, 2)
    assert "1 that repeat an earlier row in every field" in record.attrs["left_out"]


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("Shahed-136/131", "drone"),
        ("Kalibr", "cruise missile"),
        ("X-101/X-555 and Kalibr and X-59/X-69", "cruise missile"),
        ("Iskander-M/KN-23", "ballistic missile"),
        ("X-47 Kinzhal", "air-launched ballistic missile"),
        ("Lancet", "other"),
        ("C-300", "other"),
        ("C-400 and Iskander-M", "ballistic missile"),
        ("Iskander-M and Iskander-K", "mixed"),
        ("X-47 Kinzhal and Iskander-M", "mixed"),
        ("something new", "other"),
    ],
)
def test_classes_of_models(model: str, kind: str) -> None:
    assert class_of(model) == kind


def test_unknown_models_are_named(tmp_path: Path) -> None:
    record = loaded(tmp_path, row(model="Brand-9 and Kalibr"), row(model="Alpha"), row())
    assert record.attrs["unknown_models"] == "Alpha, Brand-9"
    assert record.threat_class.values.tolist() == ["cruise missile", "other", "drone"]
    assert set(MODELS.values()) == set(CLASSES) - {"mixed"}


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    path = written(tmp_path, row(), header=HEADER[::-1])
    xr.testing.assert_identical(records.load(path), records.load(written(tmp_path, row())))


def test_no_rows_make_an_empty_record(tmp_path: Path) -> None:
    record = loaded(tmp_path)
    assert record.sizes["entry"] == 0
    assert records.nights(record).sizes == {"night": 0, "threat_class": 0}
    assert records.calibrate(record).sizes["threat_class"] == 0


@pytest.mark.parametrize("missing", ["model", "source", "launched", "time_end"])
def test_a_file_of_another_format_is_refused(tmp_path: Path, missing: str) -> None:
    path = written(tmp_path, row(), header=[name for name in HEADER if name != missing])
    with pytest.raises(ValueError, match=rf"record\.csv: not in the format.*no column '{missing}'"):
        records.load(path)


@pytest.mark.parametrize("name", ["launched", "time_end"])
def test_a_column_that_stands_twice_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, row(), header=[*HEADER, name])
    with pytest.raises(ValueError, match=rf"not in the format.*more than one column '{name}'"):
        records.load(path)


def test_other_columns_may_stand_twice(tmp_path: Path) -> None:
    assert records.load(written(tmp_path, row(), header=[*HEADER, "", ""])).sizes["entry"] == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "there is no column 'time_end', 'model'"),
        (b"\xff\xfe\x00", "not in UTF-8"),
        (",".join(HEADER).encode() + b'\n"a"b,\n', "line 2: not CSV"),
        (",".join(HEADER).encode() + b"\n\n1,2,3\n", "line 3: must have 10 fields.*got 3"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=said):
        records.load(path)


@pytest.mark.parametrize(
    "bad", ["x", "-1", "1.5", "nan", "inf", "1e99", "1_0", "1e1", "٣", "1" * 10]
)
@pytest.mark.parametrize(
    "name", ["launched", "destroyed", "not_reach_goal", "still_attacking", "is_shahed"]
)
def test_a_malformed_number_is_named_with_its_line(tmp_path: Path, name: str, bad: str) -> None:
    with pytest.raises(ValueError, match=rf"line 3: {name}: must be a whole number.*'{bad}'"):
        loaded(tmp_path, row(), row(**{name: bad}))


@pytest.mark.parametrize(
    "bad",
    [
        *("", "yesterday", "04.07.2025", "2025-13-01 08:00", "2025-02-30", "2025-01-02zzz"),
        *("2025-01-02 24:00", "2025-01-02 08", "9999-01-02", "1677-01-01", "20250102"),
    ],
)
def test_a_malformed_day_is_named_with_its_line(tmp_path: Path, bad: str) -> None:
    said = f"line 2: time_end: must be a day from 2000 to 2099.*got '{bad}'"
    with pytest.raises(ValueError, match=said):
        loaded(tmp_path, row(time_end=bad))


@pytest.mark.parametrize(
    "good", ["2099-12-31", "2099-12-31 ", "2099-12-31 23:59", "2099-12-31 00:00:00"]
)
def test_a_day_may_have_a_time(tmp_path: Path, good: str) -> None:
    assert loaded(tmp_path, row(time_end=good)).night.values[0] == np.datetime64("2099-12-31")


@pytest.mark.parametrize("bad", ["", "  "])
def test_a_row_without_a_model_is_refused(tmp_path: Path, bad: str) -> None:
    with pytest.raises(ValueError, match=f"line 2: model: must not be empty; got '{bad}'"):
        loaded(tmp_path, row(model=bad))


counts = st.integers(0, 40)
entries = st.tuples(
    st.sampled_from(["2025-07-01", "2025-07-02", "2025-08-01"]),
    st.sampled_from(["Shahed-136/131", "Kalibr", "Iskander-M and Iskander-K"]),
    counts,
    st.none() | counts,
    counts,
    counts,
)


@given(st.lists(entries, max_size=12))
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
        with pytest.raises(ValueError, match="record: must be a Dataset from raids, load or night"):
            records.nights(wrong)
    with pytest.raises(ValueError, match=r"with classes of.*got.*\['boat'\]"):
        records.nights(nights.assign_coords(threat_class=["boat", *CLASSES[1:4], "mixed"]))
    with pytest.raises(ValueError, match="got int"):
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
