"""Means of results with controls: bits, sums, coverage, and what they gain."""

import concurrent.futures
from importlib.resources import files
from typing import Any

import busy_scenarios
import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.results.estimates import means
from leakthrough.results.labelled import CONTROLLED

pytestmark = pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")
NIGHT = str(files("leakthrough") / "scenarios" / "night_of_2025_07_04.toml")


def soft_and_hard(kills: Any = 0.5, threats: int = 40, rounds: int = 30) -> lt.Scenario:
    """Soft kill, then guns with few rounds and channels: rounds usually suffice."""
    own = battery("B", rounds=rounds, channels=4, reaction_time=2.0, assessment_time=3.0)
    arrival = lt.Uniform(start=0.0, stop=300.0)
    layers = layer("L", own, outer=3e3, soft_kill={"t": 0.4})
    return raid(salvo(count=threats, arrival=arrival), layers, gun(kills=kills))


def gain(result: xr.Dataset) -> float:
    """Variance of the plain mean leakers, divided by that with controls."""
    plain, own = (lt.summary(result, controls=use).raid.leakers[1] for use in (False, True))
    return float(plain / own) ** 2


def test_both_ways_to_keep_give_the_same_bits() -> None:
    """Also in blocks on threads, and merged from processes with indices of their own."""
    scenario = soft_and_hard(stats.beta(8.0, 6.0))
    whole = lt.reduced(lt.simulate(scenario, replications=5_000, seed=1))
    assert int(whole["controls"]) == 4
    run: dict[str, Any] = {"replications": 5_000, "seed": 1, "keep": "summary"}
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for more in ({"workers": 1}, {"workers": 3}, {"executor": pool}):
            xr.testing.assert_equal(lt.simulate(scenario, **run, **more), whole)


def test_fates_add_up_to_the_threats_launched() -> None:
    controlled = 0
    for number in range(60):
        result = lt.simulate(busy_scenarios.scenario(number), replications=400, seed=number)
        found = lt.summary(result)
        controlled += found.controls > 0
        salvos = found.salvos.sel(estimate="mean")
        total = salvos.leaked + salvos.killed + salvos.soft_killed
        # Up to means that are clipped to their range.
        inside = [(salvos[n] > 0) & (salvos[n] < salvos.launched) for n in ("leaked", "killed")]
        sure = np.logical_and.reduce(inside)
        np.testing.assert_allclose(total.values[sure], salvos.launched.values[sure], rtol=1e-9)
    assert controlled > 20


def test_a_sum_of_salvos_has_the_sum_of_their_estimates() -> None:
    result = lt.simulate(lt.load_scenario(NIGHT), replications=1_000, seed=3)
    rates, ready = lt.leak_rate(result, "salvo"), lt.reduced(result)
    launched, real = ready.launched.values, ~ready.decoy.values
    mean = (rates.leak_rate.sel(estimate="mean").values * launched)[real].sum()
    assert mean == pytest.approx(float(lt.summary(result).raid.leakers[0]), rel=1e-12)
    whole = lt.leak_rate(result).leak_rate * launched[real].sum()
    np.testing.assert_allclose(whole, lt.summary(result).raid.leakers, rtol=1e-9)


@pytest.mark.parametrize(
    ("scenario", "replications"),
    [
        (soft_and_hard(), 200),
        (soft_and_hard(rounds=14), 200),
        (soft_and_hard(stats.beta(8.0, 6.0)), 400),
        (busy_scenarios.scenario(8), 400),
        (busy_scenarios.scenario(33), 400),
    ],
)
def test_intervals_cover(scenario: lt.Scenario, replications: int) -> None:
    """400 groups of replications; at 95 %, fewer than 92 % are covered with p = 0.5 %."""
    every = lt.simulate(scenario, replications=400 * replications, seed=11, keep="replications")
    exact = lt.summary(every, controls=False).raid.leakers
    assert float(exact[1]) < 0.06 * float(every.leaked.sum("salvo").std()) / replications**0.5
    covered, controlled = 0, 0
    for group in range(400):
        own = every.isel(replication=slice(group * replications, (group + 1) * replications))
        ready = lt.reduced(own)
        controlled += "controls" in ready
        _, _, low, high, _ = means(ready, "leakers", 0.95)
        covered += bool(low <= exact[0] <= high)
    assert controlled > 200
    assert covered / 400 >= 0.92


def test_what_controls_gain() -> None:
    night = lt.simulate(lt.load_scenario(NIGHT), replications=4_000, seed=2)
    assert int(lt.reduced(night)["controls"]) == 43
    assert gain(night) > 30.0


def test_the_text_says_whether_controls_are_used() -> None:
    result = lt.simulate(soft_and_hard(), replications=500, seed=1)
    assert "Means allow for the luck of the random decisions, with 2 controls." in str(
        lt.summary(result)
    )
    plain = lt.summary(result, controls=False)
    assert "controls" not in str(plain)
    assert plain.controls == 0
    assert float(plain.raid.leakers[0]) == pytest.approx(result.leaked.values.mean())


def test_results_without_decisions_and_few_replications_have_plain_means() -> None:
    result = lt.simulate(soft_and_hard(), replications=500, seed=1)
    older = result.drop_vars(["occurred", "expected", "known_variance", "decision"])
    assert str(lt.summary(older)) == str(lt.summary(result, controls=False))
    few = result.isel(replication=slice(39))
    assert lt.summary(few).controls == 0
    assert set(CONTROLLED).isdisjoint(lt.reduced(few).statistic.values.tolist())


def test_certain_scenarios_have_no_controls() -> None:
    scenario = raid(salvo(count=5), layer("L", battery("B")), gun(kills=1.0))
    result = lt.simulate(scenario, replications=200, seed=1)
    assert result["decision"].size == 0
    assert lt.summary(result).controls == 0


def test_joined_results_and_one_raid_of_a_campaign() -> None:
    scenario = soft_and_hard()
    parts = [lt.simulate(scenario, replications=300, seed=seed) for seed in (1, 2)]
    joined = xr.concat(
        parts, "replication", data_vars="minimal", coords="different", compat="equals"
    )
    assert lt.summary(joined).controls == 2
    campaign = lt.Campaign(name="c", scenario=scenario, raids=2, interval=lt.DAY)
    result = lt.simulate_campaign(campaign, replications=600, seed=1)
    assert lt.summary(result.sel(raid=1)).controls == 2
    with pytest.raises(ValueError, match=r"^controls: must be True or False"):
        lt.summary(result.sel(raid=1), controls="no")  # type: ignore[arg-type]
