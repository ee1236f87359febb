"""Rounds fired at threats that were dead, or that rounds in flight were to kill."""

import pytest
from raids import battery, gun, layer, raid, salvo
from ruled_scenarios import ruled_scenario

import leakthrough as lt


def spent(scenario: lt.Scenario) -> list[int]:
    """Rounds at the dead and the dying in one replication, by battery."""
    result = lt.simulate(scenario, replications=1, seed=1)
    return [int(own) for own in result.rounds_on_dead.values.ravel()]


def test_rounds_at_a_ghost() -> None:
    """It is killed at once, and taken for alive three times more, once every 3 s of 10 s."""
    own = battery("B", assessment_time=3.0, false_survival=1.0, doctrine=lt.Doctrine(salvo_size=2))
    scenario = raid(salvo(), layer("L", own))
    assert spent(scenario) == [6]
    assert int(lt.simulate(scenario, replications=1, seed=1).expended.sum()) == 8


@pytest.mark.parametrize(("flight", "later"), [(4.0, 1), (0.0, 0)])
def test_rounds_at_a_threat_that_another_command_is_about_to_kill(
    flight: float, later: int
) -> None:
    """Both fire at 0 s, the outer command first. Rounds without flight time have killed by then."""
    own = [layer(name, battery(name), command=name) for name in "AB"]
    scenario = raid(salvo(), own, gun(flight_time=flight))
    assert spent(scenario) == [0, later]


def test_misses_and_single_commands_spend_nothing_on_the_dead() -> None:
    own = layer("L", battery("B", assessment_time=1.0, false_survival=0.5))
    assert spent(raid(salvo(), own, gun(kills=1e-12))) == [0]
    result = lt.simulate(raid(salvo(), layer("L", battery("B"))), replications=1, seed=1)
    assert "rounds_on_dead" not in result


def test_they_are_part_of_what_is_expended_and_in_the_summary() -> None:
    found = 0
    for number in range(30):
        result = lt.simulate(ruled_scenario(number), replications=4, seed=1, workers=1)
        if "rounds_on_dead" in result:
            assert (result.rounds_on_dead <= result.expended).all()
            found += int(result.rounds_on_dead.sum())
    assert found > 20
    own = battery("B", assessment_time=3.0, false_survival=1.0)
    result = lt.simulate(raid(salvo(), layer("L", own)), replications=9, seed=1)
    summary = lt.summary(result)
    assert summary.magazines.rounds_on_dead.sel(estimate="mean").item() == 3.0
    assert "on dead" in str(summary)
