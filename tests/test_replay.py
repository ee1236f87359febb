"""`replay`: the table of one replication."""

from typing import Any

import pytest
from raids import battery, gun, layer, raid, rich, salvo

import leakthrough as lt
from leakthrough.replay import COLUMNS


def test_the_table() -> None:
    table = lt.replay(rich(), replication=3, seed=1)
    assert list(table.data_vars) == list(COLUMNS)
    assert all(array.dims == ("event_number",) for array in table.data_vars.values())
    assert all(array.attrs["long_name"] for array in table.data_vars.values())
    assert table.time.attrs["units"] == "s"
    assert table.attrs == {"scenario": "raid", "replication": 3}
    assert (table.threat.values[table.event.values == "reload"] == -1).all()


@pytest.mark.parametrize("value", [-1, 2**32, 1.5, True, None])
def test_replication_out_of_range(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^replication: must be a whole number from 0 to"):
        lt.replay(rich(), replication=value, seed=1)


def test_the_seed_must_be_given() -> None:
    with pytest.raises(TypeError, match="seed"):
        lt.replay(rich(), replication=0)  # type: ignore[call-arg]


def test_every_event_of_a_long_night_is_there() -> None:
    # More events than the initial capacity.
    scenario = raid(salvo(count=6000), layer("L", battery(rounds=0)), gun())
    table = lt.replay(scenario, replication=0, seed=1).to_dataframe()
    assert table.event.value_counts().to_dict() == {"opening": 6000, "leak": 6000}
    assert table[table.event == "leak"].threat.tolist() == list(range(6000))


def test_the_last_replication() -> None:
    scenario = raid(salvo(count=2), layer("L", battery()), gun())
    table = lt.replay(scenario, replication=2**32 - 1, seed=2**63 - 1)
    assert (table.event == "kill").sum() == 2
