"""Sobol' indices and the tornado, against raids whose means are known in closed form."""

import concurrent.futures
import math
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import api_example, battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine import replications
from leakthrough.engine.scheduler import Here
from leakthrough.run_options import Execution
from leakthrough.studies import paired
from leakthrough.studies.sensitivity import _DesignSums, _indices

SIGMAS = 5.0
FAR, NEAR = "interceptors.far.kill_probability.t", "interceptors.near.kill_probability.t"


def two_layers(threats: int = 40) -> lt.Scenario:
    """Ample rounds and channels, one look in each layer: N (1 - p) (1 - p') leak."""
    own = [
        battery(name, magazines=[magazine(name)], channels=999, doctrine=lt.Doctrine(max_salvos=1))
        for name in ("far", "near")
    ]
    layers = [layer("a", own[0], outer=2000.0, inner_range=1000.0), layer("b", own[1])]
    return raid(salvo(count=threats), layers, [gun("far", 0.5), gun("near", 0.7)])


# ---------------------------------------------------------------- Sobol' indices

LAWS = {FAR: stats.uniform(0.3, 0.4), NEAR: stats.uniform(0.6, 0.2)}


def exact_indices(laws: dict[str, Any]) -> tuple[Any, Any]:
    """First-order and total indices of a product of independent factors."""
    mean = np.array([1 - law.mean() for law in laws.values()]) ** 2
    spread = np.array([law.var() for law in laws.values()])
    whole = np.prod(spread + mean) - np.prod(mean)
    return spread * mean[::-1] / whole, spread * (mean + spread)[::-1] / whole


def test_the_indices_of_a_product(offset: int) -> None:
    # First-order indices are about 0.85 and 0.14. 64 points detect an error of 0.7 (the bootstrap
    # does not take into account that Sobol' points are better than random ones).
    found = lt.sensitivity(two_layers(), LAWS, points=64, replications=40, seed=20 + offset)
    for name, expected in zip(("first_order", "total"), exact_indices(LAWS), strict=True):
        index, error = found[name].sel(estimate=["mean", "standard_error"]).values
        left = index - found[f"{name}_noise"].values
        assert (np.abs(left - expected) <= SIGMAS * error).all(), (name, left, expected, error)
        assert (error < 0.2).all()
    low, high = found.total.sel(estimate=["low", "high"]).values
    assert (low < found.total.sel(estimate="mean").values).all()
    assert (found.total.sel(estimate="mean").values < high).all()
    expected_mean = 40 * 0.5 * 0.3
    assert abs(float(found["mean"]) - expected_mean) < 0.5
    assert found.attrs["measure"] == "leakers"


class Noisy:
    """Substitute for paired runs: x + 2 y plus partly shared errors in each replication."""

    def __init__(self, rng: Any, replications: int, error: float) -> None:
        self.replications, self.rng, self.error = replications, rng, error
        self.shared = rng.normal(size=(3, replications))

    def values(self, point: dict[str, float]) -> Any:
        own, common = self.rng.normal(size=self.replications), self.shared[0]
        common = common + point["x"] * self.shared[1] + point["y"] * self.shared[2]
        return point["x"] + 2.0 * point["y"] + self.error * (own + common)

    def each(self, points: Any, take: Any) -> None:
        for point in points:
            take(self.values(point))


def numerators_and_variance(runs: _DesignSums) -> Any:
    """Numerators of the indices and the variance, minus what noise adds to them."""
    variance = runs.outputs[:2].var()
    left = _indices(runs.outputs) * variance - runs.to_numerators
    return np.append(left.ravel(), variance - runs.to_variance)


def test_what_noise_adds_is_known(offset: int) -> None:
    # Large errors on one design of four points, whose second half is higher than the first so that
    # shared errors matter too. Over 5,000 sets of errors the corrected values have the mean of a
    # function without errors: they detect an error of 0.1, where noise adds 0.15 to 0.6.
    low = np.array([[0.1, 0.2], [0.3, 0.0], [0.0, 0.4], [0.2, 0.1]])
    uniform = np.stack([low, 1.0 - low[::-1]])
    mixed = [np.where(np.arange(2) == k, uniform[1], uniform[0]) for k in range(2)]
    designs: Any = [
        [dict(zip("xy", row, strict=True)) for row in design] for design in (*uniform, *mixed)
    ]
    rng = np.random.default_rng((offset, 7))
    noisy: list[Any] = [Noisy(rng, 5, error) for error in (0.0, *[1.5] * 5_000)]
    sure, *runs = (_DesignSums(runs, designs) for runs in noisy)
    expected = numerators_and_variance(sure)
    found = np.array([numerators_and_variance(run) for run in runs])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) <= SIGMAS * error).all()
    assert (SIGMAS * error < 0.1).all()
    added = np.mean([run.to_numerators for run in runs], axis=0)
    assert (added > 0.1).all()
    # The indices themselves, where the corrected variance is positive.
    small: Any = Noisy(rng, 5, 0.1)
    run = _DesignSums(small, designs)
    left = numerators_and_variance(run)
    found_indices = (_indices(run.outputs) - run.noise).ravel()
    np.testing.assert_allclose(found_indices, left[:-1] / left[-1])


def test_fields_that_do_nothing_and_whole_ones(offset: int) -> None:
    rounds = "layers.b.batteries.near.magazines.near.rounds"
    channels = "layers.b.batteries.near.channels"
    laws = {rounds: stats.uniform(0, 10), channels: stats.uniform(500, 400)}
    found = lt.sensitivity(two_layers(), laws, points=32, replications=10, seed=40 + offset)
    first, total = (found[name].sel(estimate="mean").values for name in ("first_order", "total"))
    assert first[1] == total[1] == 0.0
    assert total[0] == pytest.approx(1.0, abs=0.3)
    assert (found.total_noise.sel(path=channels) == 0.0).all()


@pytest.mark.parametrize("fields", [1, 2, 3])
def test_the_formulas_of_the_indices(fields: int) -> None:
    outputs = np.random.default_rng(fields).random((2 + fields, 64))
    first, second, mixed = outputs[0], outputs[1] - outputs[:2].mean(), outputs[2:]
    expected = [
        (second * (mixed - first)).mean(axis=1),
        ((mixed - first) ** 2).mean(axis=1) / 2.0,
    ]
    np.testing.assert_allclose(_indices(outputs) * outputs[:2].var(), expected, atol=1e-14)


def test_one_field_alone_accounts_for_everything(offset: int) -> None:
    # 64 points detect an error of 0.6 in the total index, which is 1.
    call: dict[str, Any] = {"points": 64, "replications": 40, "seed": 30 + offset}
    found = lt.sensitivity(two_layers(), {FAR: LAWS[FAR]}, **call)
    assert found.sizes["path"] == 1
    for name in ("first_order", "total"):
        index, error = found[name].sel(estimate=["mean", "standard_error"]).values[:, 0]
        assert abs(index - float(found[f"{name}_noise"][0]) - 1.0) <= SIGMAS * error
        assert error < 0.2


@pytest.mark.parametrize(
    ("path", "now"),
    [("magazines.near.rounds", math.inf), ("doctrine.max_salvos", None)],
)
def test_what_is_drawn_for_whole_fields_is_whole_whatever_stands_there(path: str, now: Any) -> None:
    path = f"layers.b.batteries.near.{path}"
    laws = {path: stats.uniform(1.0, 10.0)}
    call: dict[str, Any] = {"points": 4, "replications": 5, "seed": 1}
    found = lt.sensitivity(two_layers().replace(path, now), laws, **call)
    whole = lt.sensitivity(two_layers().replace(path, 3), laws, **call)
    assert float(found["mean"]) == float(whole["mean"])


def runs(execution: Execution) -> Any:
    return paired.PairedRuns(two_layers(), "leakers", 20, 3, execution)


@pytest.mark.parametrize(
    "execution", [Execution(1), Execution(2), Execution(9), Execution(executor=Here())]
)
def test_many_changes_have_the_values_of_each(
    execution: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replications, "MOST_IN_A_BLOCK", 7)
    monkeypatch.setattr(paired, "MOST_KEPT", 3)
    every = [{FAR: 0.3 + n / 20, NEAR: 0.6} for n in range(10)]
    with runs(execution) as own:
        own.check(every)
        found: list[Any] = []
        own.each(every, found.append)
    assert own.number == 10
    with runs(Execution(1)) as own:
        for one, changes in zip(found, every, strict=True):
            np.testing.assert_array_equal(one, own.values(changes).plain)


def test_each_scenario_is_built_once_and_all_share_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Both took far longer than the simulation of a hundred replications.
    calls = {"prepared": 0, "ThreadPoolExecutor": 0}

    def counted(module: Any, name: str) -> None:
        original = getattr(module, name)

        def call(*given: Any) -> Any:
            calls[name] += 1
            return original(*given)

        monkeypatch.setattr(module, name, call)

    counted(paired, "prepared")
    counted(concurrent.futures, "ThreadPoolExecutor")
    lt.sensitivity(two_layers(), LAWS, points=8, replications=5, seed=1, workers=2)
    assert calls["prepared"] <= 8 * 4 + 2
    assert calls["ThreadPoolExecutor"] == 1


def test_a_measure_that_never_changes_has_no_indices() -> None:
    laws = {"layers.b.batteries.near.channels": stats.uniform(500, 400)}
    found = lt.sensitivity(two_layers(), laws, points=4, replications=5, seed=1)
    assert np.isnan(found.first_order).all()
    assert np.isnan(found.total_noise).all()


def test_the_same_seed_gives_the_same_bits() -> None:
    call: dict[str, Any] = {"points": 8, "replications": 10, "seed": 3}
    first = lt.sensitivity(two_layers(), LAWS, "no_leaker", workers=1, **call)
    assert first.identical(lt.sensitivity(two_layers(), LAWS, "no_leaker", workers=2, **call))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"points": 100}, "points: must be a power of 2 from 2 to 1048576; got 100"),
        ({"points": 1}, "points: must be a power of 2"),
        ({"distributions": {}}, "distributions: must be a mapping of .*, at least one"),
        ({"distributions": {"layers.c.outer_range": stats.norm()}}, "nothing there is called 'c'"),
        ({"distributions": {FAR: stats.norm(0.5, 0.5)}}, "must be a number in"),
        ({"distributions": {FAR: 0.5}}, f"^distributions, {FAR}: must be a frozen scipy.stats di"),
        ({"distributions": {FAR: (0.3, 0.7)}}, r"t: must be a frozen .*; got \(0.3, 0.7\)"),
        ({"distributions": {FAR: stats.randint(0, 1)}}, f"^distributions, {FAR}: .* continuous"),
        ({"distributions": [FAR]}, "^distributions: must be a mapping of path to frozen"),
        (
            {"distributions": {FAR: stats.norm(), "interceptors.far": stats.norm()}},
            f"^{FAR}: lies within interceptors.far, which is changed too",
        ),
        ({"scenario": "x"}, "^scenario: must be a Scenario or a Campaign; got 'x'"),
        (
            {"measure": "leak_rate", "scenario": two_layers(threats=0)},
            "^measure leak_rate: no threat that it is about is launched",
        ),
        ({"measure": lt.Measure("leakers", by="salvo")}, "must be one number"),
        ({"replications": 1}, "replications: must be a whole number from 2"),
    ],
)
def test_refusals_of_sensitivity(changes: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {
        "scenario": two_layers(),
        "distributions": LAWS,
        "points": 64,
        "replications": 10**9,
        "seed": 1,
    }
    with pytest.raises(ValueError, match=said):
        lt.sensitivity(**{**arguments, **changes})


# ---------------------------------------------------------------- tornado

RANGES = {FAR: (0.3, 0.6), NEAR: (0.8, 0.6), "layers.b.batteries.near.channels": (900, 999)}


@pytest.fixture(scope="module")
def swings(offset: int) -> xr.Dataset:
    return lt.tornado(two_layers(), RANGES, replications=2_000, seed=50 + offset)


def test_the_bars_are_the_exact_differences(swings: xr.Dataset) -> None:
    # 2,000 replications detect an error of about 0.25 in a difference of 1.2 to 2.4.
    expected = np.array([[40 * 0.3 * 0.2, -40 * 0.3 * 0.1], [-40 * 0.5 * 0.1, 40 * 0.5 * 0.1]])
    # Probabilities are whole numbers of 2**-32, and controls leave no other noise.
    mean, error = swings.difference.sel(estimate=["mean", "standard_error"]).values[:, :2]
    assert (np.abs(mean - expected) <= SIGMAS * error + 1e-8).all()
    assert (error < 0.06).all()
    mean, error = swings.swing.sel(estimate=["mean", "standard_error"]).values[:, :2]
    assert (np.abs(mean - np.diff(expected)[:, 0]) <= SIGMAS * error + 1e-8).all()
    assert abs(float(swings.base.sel(estimate="mean")) - 6.0) < 0.3


def test_what_changes_nothing_has_no_bar(swings: xr.Dataset) -> None:
    idle = swings.sel(path="layers.b.batteries.near.channels")
    ends = ["mean", "standard_error"]
    assert (idle.difference.sel(estimate=ends) == 0.0).all()
    assert (idle.swing.sel(estimate=ends) == 0.0).all()
    # 2,000 equal differences bound it by a hundredth of its range: 7 ln 80 / (3 * 1,999).
    assert np.abs(idle.swing).max() == pytest.approx(80 * 7 * np.log(80) / (3 * 1_999))
    assert not idle.swing_settled
    assert idle.setting.values.tolist() == [900.0, 999.0]


def test_a_difference_is_that_of_two_simulations(offset: int) -> None:
    # Far shorter than for independent simulations: the threats are the same.
    path = "layers.point.batteries.gun.magazines.gun burst.rounds"
    found = lt.tornado(api_example(), {path: (25, 35)}, replications=99, seed=60 + offset)
    measure = lt.Measure("leakers")
    runs = [
        measure.values(
            lt.simulate(api_example().replace(path, n), replications=99, seed=60 + offset)
        )
        for n in (25, 30, 35)
    ]
    for end, run in (("low", runs[0]), ("high", runs[2])):
        change = (run - runs[1]).values
        own = found.difference.sel(end=end).values[:, 0]
        np.testing.assert_allclose(own[:2], [change.mean(), change.std(ddof=1) / 99**0.5])
    apart = np.sqrt(sum(run.var(ddof=1).item() for run in (runs[0], runs[2])) / 99)
    assert float(found.swing.sel(estimate="standard_error")[0]) < 0.5 * apart


def test_numbers_may_be_those_of_numpy() -> None:
    path = "layers.b.batteries.near.channels"
    call: dict[str, Any] = {"replications": 10, "seed": 1}
    expected = lt.tornado(two_layers(), {path: (1, 30)}, **call)
    pairs: list[Any] = [np.array([1, 30]), (np.int64(1), np.int64(30)), [1, np.int16(30)]]
    for pair in pairs:
        assert lt.tornado(two_layers(), {path: pair}, **call).identical(expected)
    assert str(expected.scenario_digest.values) == two_layers().digest


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ranges": [FAR]}, "^ranges: must be a mapping of path to"),
        ({"ranges": {FAR: np.array(0.3)}}, "kill_probability.t: must be two different numbers"),
        ({"ranges": {FAR: (False, True)}}, "kill_probability.t: must be two different numbers"),
        ({"scenario": "x"}, "^scenario: must be a Scenario or a Campaign; got 'x'"),
        (
            {"ranges": {"salvos.s.count": (0, 10)}, "measure": "leak_rate"},
            "^measure leak_rate: no threat that it is about is launched",
        ),
        ({"ranges": {}}, "ranges: must be a mapping of .*, at least one"),
        (
            {"ranges": {FAR: (0.3,)}},
            "kill_probability.t: must be two different numbers, low and high",
        ),
        ({"ranges": {FAR: (0.3, "high")}}, "kill_probability.t: must be two different numbers"),
        ({"ranges": {FAR: (0.3, 1.2)}}, "kill_probability.t: must be a number in"),
        ({"ranges": {"layers.b.batteries.near.channels": (1, 2.5)}}, "must be a whole number"),
        ({"ranges": {"layers.b.outer_rage": (1.0, 2.0)}}, "did you mean 'outer_range'"),
        ({"confidence": 95}, "confidence: must lie between 0 and 1"),
    ],
)
def test_refusals_of_tornado(changes: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {"ranges": RANGES, "replications": 10**9, "seed": 1}
    with pytest.raises(ValueError, match=said):
        lt.tornado(**{"scenario": two_layers(), **arguments, **changes})
