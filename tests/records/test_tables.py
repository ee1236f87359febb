"""Records from tables of other sources."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from record_files import row, written

from leakthrough import records
from leakthrough.records.loading import FIELDS

COLUMNS = {"night": "Day", "threat_class": "Kind", "launched": "Sent", "stopped": "Down"}
CLASSES = {"UAV": "drone", "SRBM": "ballistic missile"}


def table(**columns: object) -> pd.DataFrame:
    frame = {"Day": "14.04.2024", "Kind": ["UAV", "SRBM"], "Sent": [170, 120], "Down": ["168", 110]}
    return pd.DataFrame({**frame, **columns})


def test_a_table_of_another_source() -> None:
    columns = {**COLUMNS, "in_flight": "Flying", "source": "Post", "model": "Name"}
    frame = table(Flying=[None, 4.0], Post=["a", None], Name=["Shahed 136", "Emad"])
    record = records.from_table(frame, columns, classes=CLASSES)
    got = record.to_dataframe().to_dict("list")
    assert got["threat_class"] == ["drone", "ballistic missile"]
    assert got["model"] == ["Shahed 136", "Emad"]
    assert (got["source"], got["row"]) == (["a", ""], [0, 1])
    assert (got["launched"], got["stopped"]) == ([170, 120], [168, 110])
    assert (got["in_flight"], got["through"]) == ([0, 4], [2, 6])
    assert set(map(str, record.night.values)) == {"2024-04-14T00:00:00.000000000"}
    assert record.hard_kill.isnull().all()
    assert record.attrs["rows"] == 2
    assert record.attrs["unknown_models"] == ""
    for name in record.variables:
        assert record[name].attrs["long_name"]
    nights = records.nights(record)
    assert int(nights.launched.sum()) == 290
    assert int(records.calibrate(record).nights_without_soft_kill.sum()) == 0


def test_the_data_set_is_one_such_table(tmp_path: Any) -> None:
    rows = [row(), row(model="Kalibr"), row(launched=""), row(destroyed="11")]
    loaded = records.load(written(tmp_path, *rows))
    made = records.from_table(pd.DataFrame(rows), FIELDS)
    xr.testing.assert_equal(made.drop_vars("row"), loaded.drop_vars("row"))
    assert made.attrs["left_out"].startswith("1 without the number launched or stopped; 1 with")
    assert made.row.values.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("fields", "stopped"),
    [
        ({"hard_kill": [100]}, 100),
        ({"hard_kill": [100], "soft_kill": [20]}, 120),
        ({"hard_kill": [100], "soft_kill": [None]}, 100),
        ({"hard_kill": [100], "soft_kill": [20], "stopped": [130]}, 130),
        ({"hard_kill": [100], "soft_kill": [20], "stopped": [None]}, 120),
    ],
)
def test_stopped_is_given_or_the_sum_of_kills(fields: dict[str, list[Any]], stopped: int) -> None:
    frame = pd.DataFrame(
        {"night": ["2024-04-14"], "model": ["Kalibr"], "launched": [170], **fields}
    )
    record = records.from_table(frame, {name: name for name in frame})
    assert record.stopped.item() == stopped
    assert record.threat_class.item() == "cruise missile"
    given = fields.get("soft_kill", [None])[0]
    np.testing.assert_equal(record.soft_kill.item(), math.nan if given is None else given)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"Sent": [None, 120]}, "half_empty"),
        ({"Down": ["", 110]}, "half_empty"),
        ({"Down": [171, 110]}, "contradictory"),
        ({"Strike": [171, 1]}, "contradictory"),
        ({"Hard": [169, 1]}, "contradictory"),
        ({"Flying": [3, 1]}, "contradictory"),
    ],
)
def test_rows_are_left_out(changed: dict[str, Any], kind: str) -> None:
    extra = {"Strike": "strike_drones", "Hard": "hard_kill", "Flying": "in_flight"}
    more = {extra[name]: name for name in changed if name in extra}
    record = records.from_table(table(**changed), {**COLUMNS, **more}, classes=CLASSES)
    assert record.row.values.tolist() == [1]
    assert record.attrs[f"rows_{kind}"] == 1


def test_a_table_of_which_no_row_is_kept_says_so() -> None:
    with pytest.warns(
        UserWarning, match="frame: none of 2 rows is kept; left out: 2 without"
    ) as told:
        record = records.from_table(table(Sent=""), COLUMNS, classes=CLASSES)
    assert told[0].filename == __file__
    assert record.sizes["entry"] == 0


def test_models_of_a_table() -> None:
    """Its own classes first, then those of the data set."""
    columns = {"night": "Day", "model": "Kind", "launched": "Sent", "stopped": "Down"}
    frame = table(Kind=["Kalibr", "Emad"])
    record = records.from_table(frame, columns, classes={"Kalibr": "other"})
    assert record.threat_class.values.tolist() == ["other", "other"]
    assert record.attrs["unknown_models"] == "Emad"


WRONG: list[tuple[Any, str]] = [
    (3, "columns: must map fields to columns; got 3"),
    ({}, "columns: must have 'night'"),
    ({"night": "Day"}, "columns: must have 'model' or 'threat_class'"),
    ({**COLUMNS, "lauched": "Sent"}, "columns: .* got 'lauched'; did you mean 'launched'"),
    ({"Day": "night"}, "columns: must map fields to columns.* got 'Day'"),
    ({**COLUMNS, 3: "Sent"}, "columns: must map fields to columns.* got 3"),
    ({**COLUMNS, "stopped": "down"}, "columns: stopped: .* got 'down'; did you mean 'Down'"),
    ({**COLUMNS, "stopped": 3}, "columns: stopped: must be the name of one column.*; got 3"),
    ({**COLUMNS, "stopped": ["Down"]}, "columns: stopped: must be the name of one column"),
    (
        {k: v for k, v in COLUMNS.items() if k != "stopped"},
        "must have 'stopped' or 'hard_kill'",
    ),
]


@pytest.mark.parametrize(("columns", "said"), WRONG)
def test_columns_that_are_refused(columns: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        records.from_table(table(), columns, classes=CLASSES)


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (3, "classes: must map models to classes; got 3"),
        ({"UAV": "drones"}, "classes: 'UAV': must be one of .* got 'drones'; did you mean 'drone'"),
        ({"UAV": 3}, "classes: 'UAV': must be one of .* got 3"),
        ({"UAV": ["drone"]}, "classes: 'UAV': must be one of"),
        ({"UAV": "drone"}, "frame, row 1: Kind: must be in classes, or one of drone.* got 'SRBM'"),
        (None, "frame, row 0: Kind: must be in classes.* got 'UAV'"),
    ],
)
def test_classes_that_are_refused(classes: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        records.from_table(table(), COLUMNS, classes=classes)


@pytest.mark.parametrize("frame", [None, 3, "record.csv", [], {}, xr.Dataset()])
def test_only_data_frames_are_tables(frame: Any) -> None:
    with pytest.raises(ValueError, match=r"frame: must be a pandas.DataFrame; got"):
        records.from_table(frame, COLUMNS)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"Sent": [170, "many"]}, "frame, row 1: Sent: must be a whole number.* got 'many'"),
        ({"Day": ["2024-04-14", "May"]}, "frame, row 1: Day: must be a day.* got 'May'"),
        ({"Kind": ["UAV", " "]}, "frame, row 1: Kind: must have 1 to 500 characters; got ' '"),
        ({"Kind": ["UAV", "a" * 501]}, "frame, row 1: Kind: must have 1 to 500 characters"),
    ],
)
def test_malformed_fields_are_named_with_row_and_column(
    changed: Mapping[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        records.from_table(table(**changed).set_index(pd.Index([5, 5])), COLUMNS, classes=CLASSES)


def test_a_column_that_is_there_twice_is_refused() -> None:
    frame = pd.concat([table(), table()[["Sent"]]], axis=1)
    with pytest.raises(ValueError, match="columns: launched: must be the name of one column"):
        records.from_table(frame, COLUMNS, classes=CLASSES)
