"""Means of results with controls: bits, sums, coverage, and what they gain."""

import concurrent.futures
from importlib.resources import files
from pathlib import Path
from typing import Any

import busy_scenarios
import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.results.controls import Controls
from leakthrough.results.labelled import CONTROLLED as STATISTICS
from leakthrough.statistics.controls import CONTROLLED, DETERMINED, DONE, PLAIN, UNSETTLED

pytestmark = pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")
NIGHT = str(files("leakthrough") / "scenarios" / "night_of_2025_07_04.toml")


def soft_and_hard(kills: Any = 0.5, threats: int = 40, rounds: int = 30) -> lt.Scenario:
    """Soft kill, then guns with few rounds and channels: rounds usually suffice."""
    own = battery("B", rounds=rounds, channels=4, reaction_time=2.0, assessment_time=3.0)
    arrival = lt.Uniform(start=0.0, stop=300.0)
    layers = layer("L", own, outer=3e3, soft_kill={"t": 0.4})
    return raid(salvo(count=threats, arrival=arrival), layers, gun(kills=kills, cost=2.0))


def gain(result: xr.Dataset) -> float:
    """Variance of the plain mean leakers, divided by that with controls."""
    plain, own = (lt.summary(result, controls=use).raid.leakers[1] for use in (False, True))
    return float(plain / own) ** 2


def test_both_ways_to_keep_give_the_same_bits() -> None:
    """Also in blocks on threads, and merged from processes with indices of their own."""
    scenario = soft_and_hard(stats.beta(8.0, 6.0))
    whole = lt.reduced(lt.simulate(scenario, replications=5_000, seed=1))
    assert int(whole["controls"]) == 5
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
        (soft_and_hard(rounds=60), 200),
        (soft_and_hard(stats.beta(8.0, 6.0)), 400),
        (busy_scenarios.scenario(8), 400),
        (busy_scenarios.scenario(33), 400),
    ],
)
def test_intervals_cover(scenario: lt.Scenario, replications: int) -> None:
    """400 groups of replications; at 95 %, fewer than 92 % are covered with p = 0.5 %.

    The mean of all replications is taken for the exact one; of the ratio of costs, with controls.
    """
    every = lt.simulate(scenario, replications=400 * replications, seed=11, keep="replications")
    every = every.assign_coords(round_cost=("interceptor", 1.0 + np.arange(every.interceptor.size)))
    plain, whole = (lt.cost_exchange(every, controls=use) for use in (False, True))
    assert (
        float(plain.leakers[1]) < 0.06 * float(every.leaked.sum("salvo").std()) / replications**0.5
    )
    assert not abs(whole.cost_per_stop[0] - plain.cost_per_stop[0]) > 4.0 * plain.cost_per_stop[1]
    exact = {"leakers": plain.leakers[0], "cost_per_stop": whole.cost_per_stop[0]}
    exact = {name: float(mean) for name, mean in exact.items() if not np.isnan(mean)}
    covered, controlled = dict.fromkeys(exact, 0), dict.fromkeys(exact, 0)
    for group in range(400):
        own = every.isel(replication=slice(group * replications, (group + 1) * replications))
        found = lt.cost_exchange(own)
        for name, mean in exact.items():
            low, high = found[name].values[2:]
            covered[name] += bool(low <= mean <= high)
            controlled[name] += f"{name}_interval" in found.coords
    assert min(controlled.values()) > 200
    assert min(covered.values()) / 400 >= 0.92


def test_what_controls_gain() -> None:
    night = lt.simulate(lt.load_scenario(NIGHT), replications=4_000, seed=2)
    assert int(lt.reduced(night)["controls"]) == 53
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
    assert lt.summary(few(result)).controls == 0
    assert set(STATISTICS).isdisjoint(lt.reduced(few(result)).statistic.values.tolist())


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


def by_hand(result: xr.Dataset, measure: Any) -> Any:
    """Intercept and its standard error, by least squares on all controls."""
    difference = (result.occurred - result.expected).values
    drawn = ~np.isnan(result.known_variance.values)
    squares = difference[:, drawn] ** 2 - result.known_variance.values[drawn]
    names = result.decision.values.tolist()
    pair = [names.index(name) for name in ("kill probability.gun.t", "kill.gun.t")]
    product = difference[:, pair].prod(axis=1)
    known = np.column_stack([np.ones(len(difference)), difference, squares, product])
    slopes = np.linalg.lstsq(known, measure)[0]
    left = measure - known @ slopes
    variance = left @ left / (len(left) - known.shape[1])
    return slopes[0], np.sqrt(variance * np.linalg.inv(known.T @ known)[0, 0])


def test_the_ratio_of_costs_is_that_of_its_residuals() -> None:
    """By hand: the delta method on Y - r X, regressed on the controls."""
    result = lt.simulate(soft_and_hard(stats.beta(8.0, 6.0)), replications=2_000, seed=5)
    found = lt.cost_exchange(result)
    spent, stopped = 2.0 * result.expended.values.sum((1, 2)), 40 - result.leaked.values.sum(1)
    ratio = by_hand(result, spent)[0] / by_hand(result, stopped)[0]
    _, error = by_hand(result, spent - ratio * stopped)
    mean = by_hand(result, stopped)[0]
    assert found.cost_per_stop_interval == DONE[CONTROLLED]
    assert found.cost_per_stop.values[:2] == pytest.approx([ratio, error / mean], rel=1e-6)
    plain = lt.cost_exchange(result, controls=False)
    assert "cost_per_stop_interval" not in plain.coords
    assert float(plain.cost_per_stop[1] / found.cost_per_stop[1]) ** 2 > 5.0


def marks(found: xr.Dataset) -> dict[str, Any]:
    names = [str(name) for name in found.coords if str(name).endswith("_interval")]
    return {name.removesuffix("_interval"): found[name].values.tolist() for name in names}


def test_each_mean_says_what_was_done() -> None:
    """Soft kills have no residual: they are drawn for all threats. Nearly all rounds are fired."""
    result = lt.simulate(soft_and_hard(), replications=1_000, seed=1, timeline=[100.0])
    found, unsettled, narrow = lt.summary(result), DONE[UNSETTLED], DONE[CONTROLLED]
    costs = {"cost_spent": unsettled, "cost_per_stop": unsettled, "cost_stopped": DONE[PLAIN]}
    assert marks(found.raid) == {"leakers": narrow, "leak_rate": narrow, **costs}
    assert marks(found.layers) == {"killed": [narrow], "soft_killed": [DONE[DETERMINED]]}
    causes = [narrow, unsettled, narrow, *[DONE[PLAIN]] * 4]
    assert marks(found.causes) == {"leak_cause": [causes]}
    assert marks(found.magazines) == {"expended": [unsettled], "remaining": [unsettled]}
    assert marks(lt.leak_rate(result)) == {"leak_rate": narrow}
    assert marks(lt.depletion(result)) == {"ready_rounds": [[[narrow]]]}
    for part in (lt.cost_exchange(result, controls=False), lt.depletion(few(result))):
        assert marks(part) == {}


def few(result: xr.Dataset) -> xr.Dataset:
    return result.isel(replication=slice(39))


def test_tables_and_files_say_it_too(tmp_path: Path) -> None:
    result = lt.simulate(soft_and_hard(), replications=1_000, seed=1, timeline=[100.0])
    tables = lt.summary(result).tables()
    assert tables["raid"].set_index("measure").interval["leakers"] == DONE[CONTROLLED]
    assert tables["layers"].soft_killed_interval.tolist() == [DONE[DETERMINED]]
    assert "interval" not in lt.summary(few(result)).tables()["raid"]
    found = lt.depletion(result)
    for name in ("d.nc", "d.zarr"):
        lt.save_result(found, tmp_path / name)
        xr.testing.assert_identical(lt.load_result(tmp_path / name), found)


def test_where_there_is_no_magazine_nothing_was_done() -> None:
    own = [battery(name, magazines=[magazine(name, 30)]) for name in ("gun", "other")]
    layers = layer("L", *own, outer=3e3)
    arrival = lt.Uniform(start=0.0, stop=300.0)
    guns = [gun("gun", 0.5), gun("other", 0.5)]
    scenario = raid(salvo(count=40, arrival=arrival), layers, guns)
    found = lt.depletion(lt.simulate(scenario, replications=400, seed=1, timeline=[100.0]))
    done = found.ready_rounds_interval.values[0]
    assert (done == "").tolist() == [[False, True], [True, False]]


def test_the_head_says_how_many_intervals_are_plain_and_why() -> None:
    text = str(lt.summary(lt.simulate(soft_and_hard(), replications=1_000, seed=1)))
    assert "\n6 of 16 means have plain intervals: 6 not settled.\n" in text


def test_squares_and_products_have_mean_0(offset: int) -> None:
    """At 5 standard errors, over 20,000 replications of 12 raids: a false alarm has p = 1e-4.

    An error of 5 % of a variance in the mean of a square is found.
    """
    checked = 0
    for number in range(12):
        law = stats.beta(2.0 + number, 3.0 + number % 5)
        scenario = soft_and_hard(law, threats=10 + number, rounds=8 + 2 * number)
        result = lt.simulate(scenario, replications=20_000, seed=50 + number + 100 * offset)
        known = Controls(result.decision.values.tolist(), result.known_variance.values)
        numbers = known.numbers(result.occurred.values, result.expected.values).astype(float)
        assert known.curved.size == known.products.shape[1] == 1
        for own in numbers[:, len(known.names) :].T:
            assert abs(own.mean()) < 5.0 * own.std(ddof=1) / 20_000**0.5
            checked += 1
    assert checked == 24
