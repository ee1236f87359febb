"""Smaller salvos when few rounds are left."""

from typing import Any

import pytest
from event_lines import event_lines
from raids import battery, gun, layer, magazine, raid, salvo

import leakthrough as lt


def fired(
    rounds: int, salvos: Any = (), threats: Any = (), reserved: int = 0, **doctrine: Any
) -> list[int]:
    """Rounds of each salvo that is fired, in order; by default at six threats 1 s apart."""
    own = battery(
        magazines=[magazine(rounds=rounds, reserved=reserved)], doctrine=lt.Doctrine(**doctrine)
    )
    shots = salvos or salvo(arrival=[float(n) for n in range(6)])
    known = threats or [lt.Threat(name="t", speed=100.0)]
    guns = gun(kills={threat.name: 1.0 for threat in known})
    scenario = raid(shots, layer("L", own), guns, threats=known)
    return [int(text.split()[4]) for text in event_lines(scenario) if "firing" in text]


def test_fewer_rounds_are_fired_at_the_level_and_below() -> None:
    assert fired(9, salvo_size=3) == [3, 3, 3]
    assert fired(9, salvo_size=3, thrift=(5, 1)) == [3, 3, 1, 1, 1]  # with 9, 6, 3, 2 and 1 left
    assert fired(9, salvo_size=3, thrift=(6, 1)) == [3, 1, 1, 1, 1, 1]  # the level is included
    assert fired(9, salvo_size=3, thrift=(6, 2)) == [3, 2, 2, 2]


def test_thrift_never_fires_more_than_the_salvo() -> None:
    assert fired(6, salvo_size=2, thrift=(9, 4)) == [2, 2, 2]
    assert fired(3, salvo_size=4, thrift=(1, 1)) == [3]


def test_reserved_rounds_do_not_count_for_those_who_may_not_draw_them() -> None:
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="high", speed=100.0, priority=1)]
    for kind, number in (("t", 1), ("high", 3)):
        salvos = salvo(count=1, threat=kind)
        assert fired(6, salvos, threats, reserved=3, salvo_size=3, thrift=(4, 1)) == [number]


@pytest.mark.parametrize(
    "wrong", [3, (3,), (3, 1, 1), (0, 1), (3, 0), (1.5, 1), (3, 1001), ("3", 1), (True, 1)]
)
def test_thrift_is_a_level_and_a_size(wrong: Any) -> None:
    with pytest.raises(lt.ScenarioError, match="thrift: must be two whole numbers, a level from 1"):
        lt.Doctrine(thrift=wrong)


def test_file_path_display_and_check() -> None:
    own = battery("B", rounds=9, doctrine=lt.Doctrine(salvo_size=3, thrift=[5, 1]))
    scenario = raid(salvo(), layer("L", own))
    assert lt.Scenario(**scenario.document()) == scenario
    assert "3; 1 of the last 5" in str(scenario)
    path = "layers.L.batteries.B.doctrine.thrift"
    assert scenario.replace(path, (4, 2)).layers[0].batteries[0].doctrine.thrift == (4, 2)
    assert scenario.replace(f"{path}.0", 4).layers[0].batteries[0].doctrine.thrift == (4, 1)
    assert [str(own.place) for own in lt.check(scenario.replace(path, (4, 3)))] == [path]
    assert lt.check(scenario) == []
