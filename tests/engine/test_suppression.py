"""Salvos that aim at a battery: each rule separately, equal in both engines."""

from typing import Any

import pytest
from event_lines import NEVER_KILLS, event_lines, one
from raids import INF, battery, gun, layer, magazine, raid, salvo

import leakthrough as lt

HUNTER = lt.Threat(name="t", speed=100.0, lethality=1.0)


def hunted(*salvos: lt.Salvo, own: lt.Battery | None = None, **fields: Any) -> lt.Scenario:
    """A battery with engagements of 4 s, against salvos of which some aim at it."""
    site = own or battery(rounds=9, assessment_time=3.0)
    shots = gun(kills=NEVER_KILLS, flight_time=1.0)
    return raid(list(salvos), layer("L", site, **fields), shots, threats=[HUNTER])


def test_after_a_loss_nothing_is_fired_and_what_is_in_flight_completes() -> None:
    scenario = hunted(salvo("h", arrival=0.0, target="B"), salvo("s", arrival=2.5))
    # The second shot at h leaves at 4, the third at 8; h lands at 10, and B fires no more.
    assert event_lines(scenario) == [
        "0 opening h0 L available",
        "0 firing h0 B 1 gun",
        "2.5 opening s0 L available",
        "4 assessment h0 B judged alive",
        "4 firing h0 B 1 gun",
        "8 assessment h0 B judged alive",
        "8 firing h0 B 1 gun",
        "10 loss h0 B",
        "10 leak h0 missed",
        "12 assessment h0 B judged alive",
        "12.5 leak s0 no_channel",
    ]
    result = one(scenario)
    assert result.lost.values.tolist() == [1]
    assert result.rounds_lost.values.tolist() == [[6]]
    assert result.remaining.values.tolist() == [[0]]
    assert result.expended.values.tolist() == [[3]]
    assert result.busy_time.values.tolist() == [12.0]
    assert result.depletion_time.isnull().all()


def test_a_battery_that_is_lost_is_no_battery_for_those_that_come_later() -> None:
    scenario = hunted(salvo("h", arrival=0.0, target="B"), salvo("s", arrival=10.0))
    # At the same tick a loss precedes an opening: no battery can engage s.
    told = event_lines(scenario)
    assert told[-5:] == [
        "10 loss h0 B",
        "10 opening s0 L available",
        "10 leak h0 missed",
        "12 assessment h0 B judged alive",
        "20 leak s0 uncovered",
    ]


def test_the_end_of_an_engagement_comes_before_the_loss() -> None:
    site = battery(rounds=9, assessment_time=9.0)
    told = event_lines(hunted(salvo("h", target="B"), salvo("s", arrival=3.5), own=site))
    # The channel comes free at 10, and the shot at s leaves before h destroys the battery.
    assert told.index("10 firing s0 B 1 gun") < told.index("10 loss h0 B")


def test_a_decoy_destroys_nothing() -> None:
    decoy = lt.Threat(name="t", speed=100.0, decoy=True)
    scenario = raid(salvo(target="B"), layer("L", battery(rounds=0)), threats=[decoy])
    result = one(scenario)
    assert result.leaked.values.tolist() == [1]
    assert "lost" not in result
    assert not any("loss" in line for line in event_lines(scenario))


def test_lethality_is_a_probability() -> None:
    threat = lt.Threat(name="t", speed=100.0, lethality=0.25)
    scenario = raid(salvo(target="B"), layer("L", battery(rounds=0)), threats=[threat])
    lost = lt.simulate(scenario, replications=4000, seed=3).lost.mean().item()
    assert abs(lost - 0.25) < 5 * (0.25 * 0.75 / 4000) ** 0.5


def test_only_one_of_several_is_hit_and_only_once() -> None:
    site = battery(count=3, rounds=5)
    scenario = hunted(salvo("h", count=4, target="B-2"), own=site, inner_range=990.0)
    result = one(scenario)
    assert result.lost.values.tolist() == [0, 1, 0]
    assert sum("loss" in line for line in event_lines(scenario)) == 1


def test_a_reload_for_a_lost_battery_does_not_come() -> None:
    own = battery(magazines=[magazine(rounds=1, reloads=2, reload_rounds=4, reload_time=15.0)])
    scenario = hunted(salvo("h", target="B"), salvo("s", arrival=30.0), own=own)
    told = event_lines(scenario)
    assert "10 loss h0 B" in told
    assert not any("reload" in line for line in told)
    assert one(scenario).rounds_lost.values.tolist() == [[0]]


def test_rounds_without_end_end_with_their_battery() -> None:
    own = battery(rounds=INF, assessment_time=3.0)
    scenario = hunted(salvo("h", target="B"), salvo("s", arrival=30.0), own=own)
    result = one(scenario)
    assert result.remaining.values.tolist() == [[0]]
    assert result.rounds_lost.values.tolist() == [[-1]]
    assert event_lines(scenario)[-1] == "40 leak s0 uncovered"


def test_soft_kill_goes_on_without_batteries() -> None:
    scenario = hunted(salvo("h", target="B"), salvo("s", 200, arrival=30.0), soft_kill={"t": 0.5})
    counts = lt.simulate(scenario, replications=1, seed=4).soft_killed.sum("layer").values[0]
    assert 50 < counts[1] < 150


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("b", "salvos.s.target: 'b' is not the name of one battery or asset; did you mean 'B'?"),
        ("C", "'C' is not the name of one battery"),
        ("C-3", "'C-3' is not the name of one battery"),
    ],
)
def test_a_target_is_one_battery(target: str, said: str) -> None:
    with pytest.raises(lt.ScenarioError) as error:
        raid(salvo(target=target), layer("L", battery(), battery("C", count=2)))
    assert said in str(error.value)


@pytest.mark.parametrize("value", [-0.1, 1.1, "certain"])
def test_lethality_out_of_range(value: Any) -> None:
    with pytest.raises(lt.ScenarioError, match="lethality: must be"):
        lt.Threat(name="t", speed=1.0, lethality=value)
