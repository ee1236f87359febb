"""When reloads are called, and how they arrive within and between raids."""

from typing import Any

import pytest
from event_lines import event_lines, one
from raids import battery, layer, magazine, raid, salvo

import leakthrough as lt


def reloading(rounds: int, **fields: Any) -> lt.Layer:
    """A layer of one battery; a reload takes 4 s."""
    fields = {"reloads": 9, "reload_rounds": 3, "reload_time": 4.0, **fields}
    return layer("L", battery(channels=9, magazines=[magazine(rounds=rounds, **fields)]))


def reloads(scenario: lt.Scenario) -> list[str]:
    """The events of reloads."""
    return [text for text in event_lines(scenario) if " reload " in text]


# ---------------------------------------------------------------- the level


def test_a_reload_is_called_when_ready_rounds_fall_to_the_level() -> None:
    """Rounds leave at 0, 1, 2, ... s. Of six, three are left at 2 s; the reload comes at 6 s."""
    shots = salvo(arrival=[float(n) for n in range(8)])
    early = raid(shots, reloading(6, reload_at=3, reloads=1))
    assert reloads(early) == ["6 reload B 3 gun"]
    late = raid(shots, reloading(6, reloads=1))  # called at 5 s, when the last round leaves
    assert reloads(late) == ["9 reload B 3 gun"]


def test_only_one_reload_is_on_its_way_at_a_time() -> None:
    """Each reload calls the next when it arrives, until 8 rounds are ready; two leave at 20 s."""
    scenario = raid(salvo(count=2, arrival=20.0), reloading(2, reload_at=6))
    assert reloads(scenario) == ["4 reload B 3 gun", "8 reload B 3 gun", "24 reload B 3 gun"]


def test_a_reload_that_arrives_while_ready_rounds_are_above_the_level_calls_no_other() -> None:
    scenario = raid(salvo(count=1), reloading(5, reload_at=4))
    assert reloads(scenario) == ["4 reload B 3 gun"]


def test_a_magazine_below_the_level_calls_at_time_0() -> None:
    assert reloads(raid(salvo(arrival=[0.0, 9.0]), reloading(3, reload_at=5, reloads=1))) == [
        "4 reload B 3 gun"
    ]


def test_a_level_above_the_reserve_keeps_reloads_coming() -> None:
    """With the level 1, two reserved rounds are kept and no reload comes; with 2 all do."""
    shots, kept = salvo(arrival=[float(5 * n) for n in range(9)]), {"reserved": 2, "reloads": 2}
    stranded = raid(shots, reloading(4, reload_at=1, **kept))
    assert reloads(stranded) == []
    assert one(stranded).leaked.item() == 7
    supplied = raid(shots, reloading(4, reload_at=2, **kept))
    assert reloads(supplied) == ["9 reload B 3 gun", "24 reload B 3 gun"]
    assert one(supplied).leaked.item() == 1


def test_no_depletion_while_a_reload_is_on_its_way() -> None:
    """The reload is called at 0 s with one round left; the last rounds leave at 1 s and 6 s."""
    scenario = raid(salvo(arrival=[0.0, 1.0, 4.0, 5.0, 6.0]), reloading(2, reload_at=1, reloads=1))
    result = one(scenario).squeeze()
    assert (float(result.depletion_time), float(result.reserve_time)) == (6.0, 6.0)


# ---------------------------------------------------------------- between raids


@pytest.mark.parametrize(
    ("interval", "brought"), [(3.0, 0), (9.0, 6), (12.0, 9), (13.0, 9), (16.0, 12), (99.0, 12)]
)
def test_reloads_go_on_between_raids(interval: float, brought: int) -> None:
    """All 8 rounds leave at 0 s. Reloads arrive at 4, 8, 12 and 16 s, until there are 12 rounds.

    A raid is over after 1 s.
    """
    scenario = raid(salvo(count=8), reloading(8, reload_at=9), speed=1000.0)
    campaign = lt.Campaign(name="c", scenario=scenario, raids=2, interval=interval)
    result = lt.simulate_campaign(campaign, replications=1, seed=1)
    assert result.reloaded.values.ravel().tolist() == [0, brought + 3 * (interval == 3.0)]


# ---------------------------------------------------------------- checks


def test_levels_that_strand_reloads_or_overfill_a_magazine() -> None:
    shots = salvo(arrival=[float(5 * n) for n in range(9)])
    own = "layers.L.batteries.B.magazines.gun"

    def found(rounds: int, **fields: Any) -> list[str]:
        scenario = raid(shots, reloading(rounds, **fields))
        places = (each for each in lt.check(scenario) if str(each.place).startswith(own))
        return [f"{each.place.removeprefix(own)} {each.what}: {each.why}" for each in places]

    level = "as long as more than 1 are kept, no reload comes"
    stranded = f"is 2, and a reload starts only when 1 rounds are left or fewer: {level}"
    assert stranded in [
        text.removeprefix(".reserved ") for text in found(4, reserved=2, reload_at=1)
    ]
    assert not any("starts only" in text for text in found(4, reserved=2, reload_at=2))
    why = "up to 8 rounds are ready, and 6 at the start"
    assert found(6, reload_at=5) == [f".reload_at is 5, and a reload brings 3: {why}"]
    assert found(8, reload_at=5) == []
    unused = "is 0, but reload_rounds, reload_time or reload_at are given: nothing is reloaded"
    assert found(8, reload_at=5, reloads=0) == [f".reloads {unused}"]


def test_the_level_is_a_whole_number() -> None:
    for wrong in (-1, 0.5, 10**9 + 1):
        with pytest.raises(lt.ScenarioError, match="reload_at"):
            magazine(reload_at=wrong)


def test_display_and_path() -> None:
    scenario = raid(salvo(), reloading(8, reload_at=5))
    assert "at 5" in str(scenario)
    other = scenario.replace("layers.L.batteries.B.magazines.gun.reload_at", 2)
    assert other.layers[0].batteries[0].magazines[0].reload_at == 2
