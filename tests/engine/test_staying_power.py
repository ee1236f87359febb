"""Batteries that are destroyed by several effective hits."""

from typing import Any

import numpy as np
import pytest
from event_lines import event_lines
from raids import battery, layer, raid, salvo
from scipy import stats

import leakthrough as lt


def attacked(power: int, count: int, lethality: float = 1.0, **fields: Any) -> lt.Scenario:
    """Threats 5 s apart at a battery without rounds, which the first reaches after 10 s."""
    arrival = lt.Regular(start=0.0, interval=5.0)
    threats = [lt.Threat(name="t", speed=100.0, lethality=lethality)]
    own = battery("B", rounds=0, staying_power=power, **fields)
    return raid(salvo("h", count, arrival, target="B"), layer("L", own), threats=threats)


def test_so_many_effective_hits_destroy_a_battery() -> None:
    told = [text for text in event_lines(attacked(3, 4)) if "loss" in text or "hit" in text]
    assert told == ["10 hit h0 B battery damaged", "15 hit h1 B battery damaged", "20 loss h2 B"]


def test_hits_without_effect_do_not_count() -> None:
    result = lt.simulate(attacked(2, 9, lethality=1e-12), replications=9, seed=1)
    assert (result.lost == 0).all()


def test_each_battery_counts_its_own_hits() -> None:
    one, other = (battery(name, rounds=0, staying_power=2) for name in "AB")
    shots = [salvo("a", 1, target="A"), salvo("b", 2, target="B")]
    result = lt.simulate(raid(shots, layer("L", one, other)), replications=1, seed=1)
    assert result.lost.values.tolist() == [[0, 1]]


def campaign(power: int, **fields: Any) -> list[int]:
    """Losses in the raids of a campaign, of two hits each."""
    own = lt.Campaign(name="c", scenario=attacked(power, 2), raids=6, interval=100.0, **fields)
    result = lt.simulate_campaign(own, replications=1, seed=1)
    return [int(lost) for lost in result.lost.values.ravel()]


def test_damage_stays_until_the_battery_is_replaced() -> None:
    assert campaign(3) == [0, 1, 0, 0, 0, 0]
    # Lost by the third hit; the fourth hits nothing, and the new battery has no damage.
    assert campaign(3, replacement_time=0.0) == [0, 1, 0, 1, 0, 1]
    assert campaign(2, replacement_time=0.0) == [1, 1, 1, 1, 1, 1]


@pytest.mark.parametrize(("power", "lethality"), [(1, 0.3), (2, 0.6), (4, 0.5)])
def test_the_hits_until_the_loss_have_a_negative_binomial_distribution(
    power: int, lethality: float, offset: int
) -> None:
    """Of at most 12 landings; a chi-square test at 5 sigma, of 40,000 replications."""
    number, most = 40_000, 12
    scenario = attacked(power, most, lethality)
    result = lt.simulate(scenario, replications=number, seed=7 + offset)
    loss = result.sel(decision="loss.h")
    landed = np.rint(loss.expected.values / lethality).astype(int)
    hits = np.arange(power, most + 1)
    chances = stats.nbinom(power, lethality).pmf(hits - power)
    survives = 1.0 - chances.sum()
    assert abs(float(1.0 - result.lost.mean()) - survives) < 5 * (survives / number) ** 0.5
    found = np.bincount(landed[result.lost.values[:, 0] == 1], minlength=most + 1)[hits]
    often = number * chances >= 10
    wanted = number * chances[often]
    statistic = ((found[often] - wanted) ** 2 / wanted).sum()
    assert stats.chi2(often.sum() - 1 + (survives > 1e-3)).sf(statistic) > 6e-7
    assert landed[result.lost.values[:, 0] == 0].tolist() == [most] * int((result.lost == 0).sum())


def test_bounds_path_and_check() -> None:
    for wrong in (0, 1.5, 10**6 + 1):
        with pytest.raises(lt.ScenarioError, match="staying_power"):
            battery(staying_power=wrong)
    scenario = attacked(3, 4).replace("layers.L.batteries.B.staying_power", 4)
    assert scenario.layers[0].batteries[0].staying_power == 4
    quiet = raid(salvo(), layer("L", battery("B", staying_power=2)))
    assert [str(own.place) for own in lt.check(quiet)] == ["layers.L.batteries.B.staying_power"]
