"""Studies with controls: bits, coverage, and what they gain."""

import concurrent.futures
import functools
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.scheduler import Here
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, interval_of_values
from leakthrough.statistics.controls import CONTROLLED, DONE, OF_USE, PLAIN
from leakthrough.studies.compare import compare
from leakthrough.studies.evaluate import values
from leakthrough.studies.measure import Measure

pytestmark = pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")
ROUNDS = "layers.L.batteries.B.magazines.gun.rounds"
KILLS = "interceptors.gun.kill_probability.t"
SOFT = "layers.L.soft_kill.t"


def guns(rounds: int = 22, kills: Any = 0.5, threats: int = 40) -> lt.Scenario:
    """Soft kill, then guns with few rounds: they usually run dry."""
    own = battery("B", rounds=rounds, channels=4, reaction_time=2.0, assessment_time=3.0)
    arrival = lt.Uniform(start=0.0, stop=300.0)
    layers = layer("L", own, outer=3e3, soft_kill={"t": 0.4})
    return raid(salvo(count=threats, arrival=arrival), layers, gun(kills=kills))


def sampled(scenario: lt.Scenario, replications: int, seed: int) -> Values:
    call: Any = {"replications": replications, "seed": seed, "execution": Execution(workers=1)}
    return values(scenario, [Measure("leakers")], controls=True, **call)[0].at(0)


@functools.cache
def exact(rounds: int, seed: int = 77) -> tuple[float, float]:
    """Mean leakers, and three standard errors, which are below 0.01."""
    found = lt.simulate(guns(rounds), replications=200_000, seed=seed, keep="summary")
    leakers = lt.summary(found).raid.leakers.values
    assert leakers[1] < 3e-3
    return float(leakers[0]), 3.0 * float(leakers[1]) + 1e-8


@pytest.mark.parametrize(("rounds", "more"), [(22, 23), (22, 30), (30, 31), (38, 42)])
@pytest.mark.parametrize("replications", [100, 400])
def test_differences_cover(rounds: int, more: int, replications: int, offset: int) -> None:
    """Also where a replication in a thousand differs from all others. 300 trials: with 95 %,
    fewer than 92 % are covered with p = 1 %."""
    (after, one), (before, other) = exact(more), exact(rounds)
    true, error, covered, used = after - before, one + other, 0, 0
    for trial in range(300):
        seed = 10_000 * offset + trial
        pair = (sampled(guns(own), replications, seed) for own in (more, rounds))
        found = interval_of_values(next(pair) - next(pair), least=-40.0, most=40.0)
        covered += found.estimates[2] <= true + error and true - error <= found.estimates[3]
        used += bool(np.isin(found.done, OF_USE))
    assert covered / 300 >= 0.92
    assert used > 150


def test_the_precision_is_reached_and_covers(offset: int) -> None:
    """At the stopping time, 400 trials: with 95 %, fewer than 92 % are covered with p = 0.6 %."""
    true, covered, used = exact(22)[0], 0, []
    for trial in range(400):
        found = lt.simulate_to_precision(
            guns(22), "leakers", 0.25, seed=10_000 * offset + trial, executor=Here()
        )
        low, high = found.leakers.values[2:]
        assert high - low <= 0.5
        covered += low <= true <= high
        used.append(int(found.replications))
    plain = lt.simulate_to_precision(guns(22), "leakers", 0.25, seed=1, controls=False)
    assert covered / 400 >= 0.92
    assert np.mean(used) < 0.25 * int(plain.replications)


def gain(found: xr.DataArray, plain: xr.DataArray) -> float:
    error = [float(own.sel(estimate="standard_error").values.ravel()[0]) for own in (plain, found)]
    return (error[0] / error[1]) ** 2


def test_what_a_comparison_gains() -> None:
    """Variances divided by 129 and, of one option, by 20,000."""
    options = {"few": guns(26), "more": guns(28)}
    run: Any = {"measures": ["leakers"], "replications": 2_000, "seed": 1}
    found, plain = (compare(options, **run, controls=use) for use in (True, False))
    assert gain(found.difference, plain.difference) > 60.0
    assert gain(found.value, plain.value) > 5_000.0
    few, more = (lt.simulate(own, replications=2_000, seed=1) for own in options.values())
    change = float(more.leaked.mean() - few.leaked.mean())
    assert float(plain.difference[0].item()) == pytest.approx(change)
    assert abs(float(found.difference[0].item()) - change) < 4.0 * float(plain.difference[1].item())


def test_a_tornado_and_its_plain_form() -> None:
    run: Any = {"replications": 1_000, "seed": 1}
    ranges = {KILLS: (0.48, 0.52), SOFT: (0.38, 0.42)}
    found, plain = (lt.tornado(guns(), ranges, **run, controls=use) for use in (True, False))
    error = [own.difference.sel(estimate="standard_error") for own in (plain, found)]
    assert (error[0] > 4.0 * error[1]).all()
    near = abs(found.difference - plain.difference).sel(estimate="mean")
    assert (near < 4.0 * error[0]).all()


def test_a_search_decides_with_fewer_replications() -> None:
    """The answer is the same; each candidate has a fifth of the replications at most."""
    run: Any = {"low": 1, "high": 60, "seed": 1, "extra_candidates": 0}
    goal = lt.Goal("leakers", at_most=8.0)
    found, plain = (
        lt.size_for_goal(guns(), ROUNDS, goal, **run, controls=use) for use in (True, False)
    )
    assert float(found.required) == float(plain.required)
    assert int(found.replications.sum()) < int(plain.replications.sum()) / 5
    axis = {"salvos.s.count": (20, 60)}
    narrow, wide = (
        lt.saturation_point(guns(), axis, "leak_rate", 0.3, replications=500, seed=1, controls=use)
        for use in (True, False)
    )
    width = [float(own.crossing_high - own.crossing_low) for own in (narrow, wide)]
    assert width[0] < width[1] / 3


def test_an_allocation_is_as_good_with_fewer_replications() -> None:
    costs = {ROUNDS: 1.0, "layers.L.batteries.B.channels": 5.0}
    found = lt.allocate(
        guns(), list(costs), 45.0, costs, replications=100, seed=1, steps=1, least=1
    )
    plain = lt.allocate(
        guns(),
        list(costs),
        45.0,
        costs,
        replications=2_000,
        seed=1,
        steps=1,
        least=1,
        controls=False,
    )
    both = {n: guns() for n in ("found", "plain")}
    for name, own in (("found", found), ("plain", plain)):
        for path, units in zip(costs, own.allocation.values.tolist(), strict=True):
            both[name] = both[name].replace(path, units)
    change = compare(both, measures=["leakers"], replications=2_000, seed=2).difference
    assert float(change.sel(estimate="low").item()) < 0.1


def test_the_same_bits_on_threads_and_processes() -> None:
    """A sweep whose points are split between tasks, and a comparison."""
    scenario = guns(kills=stats.beta(8.0, 8.0))
    axes = {"rounds": {ROUNDS: [20, 30]}, "kills": {SOFT: [0.3, 0.4]}}
    measures = ["leakers", Measure("expended", by="battery"), "no_leaker"]
    run: Any = {"measures": measures, "replications": 3_000, "seed": 1}
    options = {"few": guns(22), "more": guns(30)}
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        ways: list[Any] = [{"workers": 1}, {"workers": 2}, {"executor": pool}]
        sweeps = [lt.sweep(scenario, axes, **run, **way) for way in ways]
        pairs = [compare(options, **{**run, "measures": ["leakers"]}, **way) for way in ways]
    for found in (sweeps, pairs):
        for other in found[1:]:
            xr.testing.assert_identical(found[0], other)
    plain = lt.sweep(scenario, axes, **run, controls=False)
    assert gain(sweeps[0].leakers[0, 0], plain.leakers[0, 0]) > 20.0
    for measure in ("no_leaker",):
        xr.testing.assert_equal(sweeps[0][measure], plain[measure])


def test_a_point_of_a_sweep_is_the_scenario_alone() -> None:
    found = lt.sweep(guns(), {ROUNDS: [20, 30]}, measures=["leakers"], replications=500, seed=3)
    for rounds, own in zip((20, 30), found.leakers.values, strict=True):
        alone = compare(
            {"a": guns(rounds), "b": guns(9)}, measures=["leakers"], replications=500, seed=3
        )
        np.testing.assert_allclose(own, alone.value.values[:, 0, 0], rtol=1e-12)


def test_few_replications_and_probabilities_have_no_controls() -> None:
    run: Any = {"measures": ["leakers", "no_leaker"], "seed": 1}
    few = [
        lt.sweep(guns(), {ROUNDS: [20, 30]}, replications=99, controls=use, **run)
        for use in (True, False)
    ]
    assert np.array_equal(few[0].leakers, few[1].leakers)
    with pytest.raises(ValueError, match=r"^controls: must be True or False"):
        lt.compare({"a": guns(), "b": guns(9)}, replications=9, controls="no", **run)  # type: ignore[arg-type]


def test_rare_losses_of_batteries_matter(offset: int) -> None:
    """A missile that is aimed at the guns leaks with 0.02 and kills them: then all others leak.

    200 trials of 100 replications: none may miss, and without the rule a third would.
    """
    own = battery("B", rounds=60, channels=40, doctrine=lt.Doctrine(max_salvos=1))
    first = salvo("m", 1, lt.At(time=0.0), "m", target="B")
    later = salvo("s", 20, lt.At(time=900.0), "t")
    threats = [lt.Threat(name="t", speed=250.0), lt.Threat(name="m", speed=250.0)]
    scenario = raid([first, later], layer("L", own), gun(kills={"t": 0.9, "m": 0.98}), threats)
    exact = 0.02 * 21 + 0.98 * 2.0
    missed, marked = 0, 0
    for trial in range(200):
        found = compare(
            {"a": scenario, "b": scenario.replace("interceptors.gun.kill_probability.t", 0.8)},
            measures=["leakers"],
            replications=100,
            seed=1_000 * offset + trial,
        ).isel(option=0, measure=0, alternative=0)
        low, high = found.value.values[2:]
        settled = bool(found.value_settled)
        missed += settled and not low <= exact <= high
        marked += not (settled or bool(found.difference_settled))
    assert missed == 0
    assert marked == 200


def test_each_study_says_what_it_did() -> None:
    """Also of names that exist at some points only, and of probabilities."""
    run: Any = {"replications": 400, "seed": 1}
    names = [Measure("expended", by="battery"), Measure("leakers"), Measure("no_leaker")]
    axes = {"layers.L.batteries.B.count": [1, 2]}
    found = lt.sweep(guns(30), axes, measures=names, **run)
    plain = DONE[PLAIN]
    assert found.leakers_interval.values[0] == DONE[CONTROLLED]
    assert found.no_leaker_interval.values.tolist() == [plain, plain]
    by = found["expended by battery_interval"]
    assert by.sel(battery="B-2").values[0] == ""
    assert by.sel(battery="B").values[1] == ""
    pair = compare({"a": guns(26), "b": guns(28)}, measures=["leakers", "no_leaker"], **run)
    assert pair.difference_interval.values.tolist() == [[DONE[CONTROLLED]], [plain]]
    bars = lt.tornado(guns(30), {KILLS: (0.4, 0.6)}, **run)
    assert (bars.difference_interval == DONE[CONTROLLED]).all()
    known = lt.simulate_to_precision(guns(30), "leakers", 0.25, seed=1)
    assert known.leakers_interval == DONE[CONTROLLED]
    without: list[xr.Dataset] = [
        lt.sweep(guns(30), axes, measures=names, controls=False, **run),
        compare({"a": guns(26), "b": guns(28)}, measures=["leakers"], controls=False, **run),
        lt.tornado(guns(30), {KILLS: (0.4, 0.6)}, controls=False, **run),
        lt.simulate_to_precision(guns(30), "leakers", 0.25, seed=1, controls=False),
    ]
    for own in without:
        assert not any(str(name).endswith("_interval") for name in own.variables)
