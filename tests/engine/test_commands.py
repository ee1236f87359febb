"""Commands that do not coordinate, and limits to the engagements of a threat, worked out by hand.

By default a threat flies at 100 m/s and a layer reaches from 1000 m to the target.
"""

from typing import Any

import numpy as np
import pytest
from event_lines import NEVER_KILLS, event_lines
from raids import battery, gun, layer, magazine, raid, salvo

import leakthrough as lt


def one_shot(name: str, command: str | None, weapon: str = "gun", **fields: Any) -> lt.Layer:
    own = battery(f"{name} B", magazines=[magazine(weapon)], channels=1000, **fields)
    return layer(name, own, command=command)


def two(first: str | None, second: str | None, **fields: Any) -> list[lt.Layer]:
    return [one_shot("x", first, **fields), one_shot("y", second, **fields)]


def test_layers_of_one_command_engage_a_threat_once_at_a_time() -> None:
    slow = gun(kills=NEVER_KILLS, flight_time=6.0)
    for command in (None, "a"):
        assert event_lines(raid(salvo(), two(command, command), slow)) == [
            "0 opening s0 x available",
            "0 firing s0 x B 1 gun",
            "0 opening s0 y available",
            "6 assessment s0 x B judged alive",
            "10 leak s0 missed",
        ]


def test_commands_do_not_see_each_others_engagements() -> None:
    slow = gun(kills=NEVER_KILLS, flight_time=6.0)
    for commands in (("a", "b"), (None, "b")):
        assert event_lines(raid(salvo(), two(*commands), slow)) == [
            "0 opening s0 x available",
            "0 firing s0 x B 1 gun",
            "0 opening s0 y available",
            "0 firing s0 y B 1 gun",
            "6 assessment s0 x B judged alive",
            "6 assessment s0 y B judged alive",
            "10 leak s0 missed",
        ]


def test_the_earliest_intercept_that_kills_is_the_fate() -> None:
    guns = [gun("slow", flight_time=6.0), gun("fast", flight_time=4.0)]
    layers = [one_shot("x", "a", "slow"), one_shot("y", "b", "fast")]
    assert event_lines(raid(salvo(), layers, guns)) == [
        "0 opening s0 x available",
        "0 firing s0 x B 1 slow",
        "0 opening s0 y available",
        "0 firing s0 y B 1 fast",
        "4 kill s0 y B",
        "4 assessment s0 y B judged killed",
        "6 assessment s0 x B judged killed",
    ]


def test_of_equal_intercepts_the_outer_layer_kills() -> None:
    lines = event_lines(raid(salvo(), two("a", "b"), gun(flight_time=4.0)))
    assert [line for line in lines if "kill s" in line] == ["4 kill s0 x B"]


def test_a_command_that_is_not_engaging_drops_a_threat_that_is_killed() -> None:
    """The second has one channel, which is busy with the first threat until 3 s."""
    near = layer("y", battery("y B", assessment_time=3.0), command="b")
    scenario = raid(salvo(count=2), [one_shot("x", "a"), near], gun(flight_time=2.0))
    assert "5 firing" not in " ".join(event_lines(scenario))
    assert event_lines(scenario)[-1] == "5 assessment s0 y B judged killed"


@pytest.mark.parametrize("error", ["false_survival", "false_kill"])
def test_errors_of_assessment_are_those_of_one_command(error: str) -> None:
    """Judged by what is true at the assessment: dead, as the other command has killed it."""
    guns = [gun("miss", NEVER_KILLS, flight_time=5.0), gun("hit", flight_time=3.0)]
    wrong = one_shot("x", "a", "miss", doctrine=lt.Doctrine(max_salvos=1), **{error: 1.0})
    lines = event_lines(raid(salvo(), [wrong, one_shot("y", "b", "hit")], guns))
    told = "wrongly judged alive" if error == "false_survival" else "judged killed"
    assert lines[-2:] == ["3 assessment s0 y B judged killed", f"5 assessment s0 x B {told}"]


def test_a_false_kill_lets_go_within_its_command_only() -> None:
    miss = gun("miss", NEVER_KILLS, flight_time=2.0)
    layers = [
        one_shot("x", "a", "miss", false_kill=1.0),
        one_shot("y", "b", "miss", doctrine=lt.Doctrine(max_salvos=2)),
    ]
    lines = event_lines(raid(salvo(), layers, miss))
    assert [line for line in lines if "firing" in line] == [
        "0 firing s0 x B 1 miss",
        "0 firing s0 y B 1 miss",
        "2 firing s0 y B 1 miss",
    ]


def test_soft_kill_ends_a_threat_for_all_commands() -> None:
    inner = layer("z", outer=500.0, soft_kill={"t": 1.0})
    lines = event_lines(raid(salvo(), [*two("a", "b"), inner], gun(flight_time=6.0)))
    assert lines[-3:] == [
        "5 opening s0 z soft killed",
        "6 assessment s0 x B lost to soft kill",
        "6 assessment s0 y B lost to soft kill",
    ]


@pytest.mark.parametrize(("commands", "shots"), [(("a", "a"), 2), (("a", "b"), 4)])
def test_a_limit_of_engagements_is_that_of_each_command(
    commands: tuple[str, str], shots: int
) -> None:
    threat = lt.Threat(name="t", speed=100.0, max_engagements=2)
    slow = gun(kills=NEVER_KILLS, flight_time=1.0)
    lines = event_lines(raid(salvo(), two(*commands), slow, [threat]))
    assert sum("firing" in line for line in lines) == shots
    assert lines[-1] == "10 leak s0 missed"


def test_what_coordination_is_worth() -> None:
    """A hundred threats, .8: two commands that fire once, or one that looks between.

    4 leak, with the variance of a binomial law; 200 rounds, or 100 and one for each first miss.
    5 sigma over 2,000 replications.
    """
    raid_of = salvo(count=100)
    once = {"doctrine": lt.Doctrine(max_salvos=1)}
    gun_of_8 = gun(kills=0.8, flight_time=1.0)
    apart = lt.simulate(raid(raid_of, two("a", "b", **once), gun_of_8), replications=2000, seed=5)
    twice = one_shot("x", None, doctrine=lt.Doctrine(max_salvos=2))
    together = lt.simulate(raid(raid_of, [twice], gun_of_8), replications=2000, seed=5)
    error = (100 * 0.04 * 0.96 / 2000) ** 0.5
    for result in (apart, together):
        assert abs(float(result.leaked.mean()) - 4.0) < 5.0 * error
        assert abs(float(result.leaked.var()) / 3.84 - 1.0) < 5.0 * (2.0 / 2000) ** 0.5
    assert (apart.expended.sum(("battery", "interceptor")) == 200).all()
    used = together.expended.sum(("battery", "interceptor"))
    assert abs(float(used.mean()) - 120.0) < 5.0 * (100 * 0.8 * 0.2 / 2000) ** 0.5
    kills = apart.killed.sum("replication").values[0] / 2000
    assert np.all(np.abs(kills - [80.0, 16.0]) < 5.0 * (16.0 / 2000) ** 0.5)
