"""Mixtures, empirical distributions, histograms, and discrete distributions of whole numbers."""

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE
from leakthrough.model.distributions import as_distribution
from leakthrough.model.quantiles import (
    distribution_function,
    largest,
    mean_and_variance,
    quantile_table,
    tail_probabilities,
    upper_end,
)

MIXED = lt.Mixture(weights=[1, 2, 1], parts=[2.0, stats.uniform(5.0, 0.5), stats.expon(scale=3.0)])
SEEN = lt.Empirical(values=[31.0, 12.0, 54.0, 54.0])
BINS = lt.Histogram(edges=[0.0, 1.0, 2.0, 6.0], weights=[1, 0, 3])
OWN = [MIXED, SEEN, BINS]


def law(value: Any) -> lt.Distribution:
    return as_distribution(value, whole=True)


def chances(count: Any, most: int) -> Any:
    """Probabilities of the whole numbers from 0 to `most` that are drawn."""
    nodes, values = distribution_function(quantile_table(law(count), 1))
    below = np.interp(np.arange(most + 1) + 0.5, values, nodes)
    return np.diff(np.concatenate([[0.0], below]))


# ---------------------------------------------------------------- quantiles


def test_quantiles_of_a_mixture_invert_its_distribution_function() -> None:
    parts = [stats.norm(2.0, 0.5), stats.expon(scale=3.0), stats.uniform(8.0, 2.0)]
    mixture = lt.Mixture(weights=[1, 2, 5], parts=parts)
    low, high = quantile_table(mixture, TICKS_A_SECOND) / float(TICKS_A_SECOND)
    shares, tails = np.array([1, 2, 5]) / 8.0, tail_probabilities()
    below = sum(share * part.cdf(low) for share, part in zip(shares, parts, strict=True))
    above = sum(share * part.sf(high) for share, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(below[640:], tails[640:], rtol=1e-3)
    np.testing.assert_allclose(above[640:], tails[640:], rtol=1e-3)
    np.testing.assert_allclose(below, tails, rtol=0.1)
    one = lt.Mixture(weights=[3.0], parts=[parts[0]])
    alone = quantile_table(law(parts[0]), TICKS_A_SECOND)
    np.testing.assert_allclose(quantile_table(one, TICKS_A_SECOND), alone, rtol=1e-9)


def test_moments_are_those_of_the_distribution() -> None:
    for own, values, weights in [
        (SEEN, [12.0, 31.0, 54.0], [1, 1, 2]),
        (lt.Empirical(values=[0.8, 0.2], weights=[1, 3]), [0.2, 0.8], [3, 1]),
    ]:
        mean, variance = mean_and_variance(quantile_table(own, TICKS_A_SECOND), TICKS_A_SECOND)
        exact = np.average(values, weights=weights)
        assert mean == pytest.approx(exact, rel=1e-6)
        spread = np.average((np.array(values) - exact) ** 2, weights=weights)
        assert variance == pytest.approx(spread, rel=0.01)
    data = np.random.default_rng(1).gamma(3.0, size=2000)
    histogram: Any = stats.rv_histogram(np.histogram(data, bins=40))
    mean, variance = mean_and_variance(
        quantile_table(law(histogram), TICKS_A_SECOND), TICKS_A_SECOND
    )
    assert mean == pytest.approx(histogram.mean(), rel=1e-5)
    assert variance == pytest.approx(histogram.var(), rel=1e-4)
    part = lt.Mixture(weights=[1, 3], parts=[0.5, stats.beta(2.0, 2.0)])
    assert mean_and_variance(quantile_table(part, WORD_RANGE), WORD_RANGE)[0] == pytest.approx(0.5)


DISCRETE = [
    stats.poisson(30.0),
    stats.poisson(4.0, loc=3),
    stats.binom(12, 0.07),
    stats.nbinom(2, 0.1),
    stats.geom(0.2),
    stats.bernoulli(0.3),
    stats.randint(3, 9),
    stats.betabinom(20, 2.0, 3.0),
    stats.hypergeom(50, 10, 12),
]


@pytest.mark.parametrize("count", DISCRETE, ids=lambda own: own.dist.name)
def test_a_discrete_distribution_is_drawn_as_it_is(count: Any) -> None:
    most = largest(law(count))
    np.testing.assert_allclose(chances(count, most), count.pmf(np.arange(most + 1)), atol=3e-4)
    assert most == upper_end(law(count))
    assert count.sf(most) < 2.0**-31
    assert count.sf(most - 3) > 2.0**-34
    mean, variance = mean_and_variance(quantile_table(law(count), 1), 1)
    assert mean == pytest.approx(count.mean(), rel=1e-3)
    assert variance == pytest.approx(count.var(), rel=2e-3)


def test_steps_are_spread_over_less_than_a_hundredth_of_the_draws() -> None:
    found = chances(lt.Empirical(values=[3, 5, 5, 9]), 9)
    np.testing.assert_allclose(found[[3, 5, 9]], [0.25, 0.5, 0.25], atol=0.005)
    found = chances(lt.Mixture(weights=[3, 7], parts=[0, stats.poisson(40.0)]), 90)
    np.testing.assert_allclose(found[0], 0.3, atol=0.002)
    exact = 0.7 * stats.poisson(40.0).pmf(np.arange(30, 91))
    np.testing.assert_allclose(found[30:], exact, rtol=0.01, atol=1e-9)


# ---------------------------------------------------------------- in use


def scenario(own: Any, count: Any = 20, kills: Any = 0.5) -> lt.Scenario:
    flight = gun(kills=kills, flight_time=own)
    return raid(salvo(count=count, arrival=own), layer("L", battery(reaction_time=own)), flight)


@pytest.mark.parametrize("own", OWN, ids=lambda own: own.dist)
def test_it_is_simulated_saved_and_repeated(own: Any, tmp_path: Path) -> None:
    given = scenario(own, count=own, kills=lt.Empirical(values=[0.2, 0.7]))
    for suffix in (".toml", ".json"):
        given.save(tmp_path / f"s{suffix}")
        assert lt.load_scenario(tmp_path / f"s{suffix}") == given
    assert pickle.loads(pickle.dumps(given)) == given  # noqa: S301
    assert lt.Scenario.model_validate(json.loads(json.dumps(given.document()))) == given
    result = lt.simulate(given, replications=50, seed=1)
    lt.save_result(result, tmp_path / "r.nc")
    xr.testing.assert_identical(lt.rerun(lt.load_result(tmp_path / "r.nc")), result)
    assert lt.scenario_of(result) == given
    assert own.text() in str(given)
    assert own.dist in str(given) or own.text() in str(given)


def test_equal_ones_are_equal() -> None:
    for first, second in [
        (SEEN, lt.Empirical(values=np.array([54, 54, 12, 31]))),
        (MIXED, lt.Mixture(**MIXED.flat() | {"dist": "mixture"})),
        (law({"dist": "histogram", "edges": [0, 1, 2, 6], "weights": [1, 0, 3]}), BINS),
    ]:
        assert first == second
        assert hash(first) == hash(second)
        assert scenario(first).digest == scenario(second).digest
    assert lt.Empirical(values=[12.0, 31.0, 54.0]) != SEEN
    assert eval(repr(MIXED), vars(lt)) == MIXED  # noqa: S307


def test_a_histogram_of_scipy_becomes_one_of_ours() -> None:
    counts = np.array([1, 0, 3]), np.array([0.0, 1.0, 2.0, 6.0])
    frozen: Any = stats.rv_histogram(counts, density=False)
    assert law(frozen).support() == (0.0, 6.0)
    moved = law(frozen(loc=2.0, scale=3.0))
    assert moved.support() == (2.0, 20.0)
    assert scenario(frozen).salvos[0].arrival == law(frozen)
    np.testing.assert_allclose(
        quantile_table(law(frozen), TICKS_A_SECOND)[0, 2000:] / TICKS_A_SECOND,
        frozen.ppf(tail_probabilities()[2000:]),
        rtol=1e-12,
    )


def test_a_path_leads_into_it() -> None:
    given = scenario(MIXED, count=lt.Mixture(weights=[1, 1], parts=[0, stats.poisson(8.0)]))
    changed = given.replace("salvos.s.count.parts.1.mu", 20.0)
    [own] = changed.salvos
    assert isinstance(own.count, lt.Mixture)
    assert own.count.parts[1] == law(stats.poisson(20.0))
    heavier = given.replace("salvos.s.count.weights.0", 9.0)
    assert heavier.salvos[0].count == lt.Mixture(weights=[9, 1], parts=[0, stats.poisson(8.0)])
    axes: dict[str, Any] = {"mu": {"salvos.s.count.parts.1.mu": [8.0, 20.0]}}
    found = lt.sweep(given, axes, measures=["leakers"], replications=200, seed=1)
    assert found.leakers.sel(estimate="mean").values[1] > found.leakers.sel(estimate="mean")[0]


def test_studies_take_it_as_an_uncertain_parameter() -> None:
    path = "interceptors.gun.kill_probability.t"
    given = raid(salvo(count=20), layer("L", battery(rounds=40, channels=40)), gun(kills=0.5))
    own = lt.Empirical(values=[0.2, 0.8])
    run: Any = {"replications": 50, "seed": 1}
    axes: dict[str, Any] = {"k": {path: own}}
    found = lt.sweep(given, axes, measures=["leakers"], design="sobol", points=8, **run)
    assert {*np.round(found["k"].values, 6).tolist()} == {0.2, 0.8}
    assert lt.sensitivity(given, {path: own, "salvos.s.count": stats.poisson(20)}, points=8, **run)


# ---------------------------------------------------------------- mistakes


WRONG: list[tuple[Any, dict[str, Any], str]] = [
    (lt.Mixture, {"weights": [1], "parts": [1, 2]}, "weights: must have one for each part, 2; got"),
    (lt.Mixture, {"weights": [0, 0], "parts": [1, 2]}, "weights: must not be negative, nor all 0"),
    (lt.Mixture, {"weights": [], "parts": []}, "parts: must be a list of 1 to 16 entries; got 0"),
    (lt.Mixture, {"weights": [1], "parts": [MIXED]}, "parts.0: must not be a mixture itself"),
    (lt.Mixture, {"weights": [1], "parts": ["x"]}, "parts.0: must be a number or a distribution"),
    (
        lt.Mixture,
        {"weights": [1], "parts": [{"dist": "gama"}]},
        "parts.0: dist must .*'gamma'",
    ),
    (lt.Mixture, {"weights": [1], "part": [1]}, "part: is not a field of Mixture; .* 'parts'"),
    (lt.Mixture, {"weights": [1]}, "parts: is missing"),
    (lt.Empirical, {"values": []}, "values: must be a list of 1 to 10,000 entries; got 0"),
    (lt.Empirical, {"values": [1, "x"]}, "values.1: must be a finite number; got 'x'"),
    (lt.Empirical, {"values": [1], "weights": [-1]}, "weights: must not be negative"),
    (lt.Empirical, {"values": np.arange(10_001)}, "must be a list of 1 to 10,000 entries"),
    (lt.Histogram, {"edges": [0, 0], "weights": [1]}, "edges: must increase"),
    (
        lt.Histogram,
        {"edges": [0, 1], "weights": [1, 2]},
        "one for each interval, 1; got 2",
    ),
]


@pytest.mark.parametrize(("kind", "fields", "said"), WRONG, ids=[said for *_, said in WRONG])
def test_what_is_wrong_is_said(kind: Any, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(lt.ScenarioError, match=said):
        kind(**fields)
    name = kind.__name__.lower()
    with pytest.raises(lt.ScenarioError, match=f"count.*{said.partition(':')[0]}"):
        salvo(count={"dist": name, **fields})


MISUSED: list[tuple[Any, str]] = [
    (lambda: gun(kills=stats.bernoulli(0.5)), "is for numbers of threats and of rounds only"),
    (lambda: gun(flight_time=stats.poisson(3.0)), "is for numbers of threats and of rounds only"),
    (lambda: gun(kills=lt.Mixture(weights=[1], parts=[stats.bernoulli(0.5)])), "is for numbers of"),
    (lambda: salvo(arrival=stats.poisson(3.0)), "is for numbers of threats and of rounds only"),
    (lambda: gun(kills=lt.Empirical(values=[0.5, 1.5])), "must not rise above 1, but empirical"),
    (lambda: salvo(count=lt.Empirical(values=[-1, 2])), "must not fall below 0, but empirical"),
    (lambda: salvo(count=stats.randint(0, 2_000_000)), "has too many whole numbers, 1,999,999"),
    (lambda: salvo(count=stats.poisson(3.0, loc=0.5)), "loc of poisson must be a whole number"),
    (lambda: salvo(count=stats.skellam(3.0, 1.0)), "dist must name|that scipy.stats itself"),
    (lambda: salvo(count={"dist": "poisson", "mu": 3, "scale": 2}), "has no parameter 'scale'"),
]


@pytest.mark.parametrize(("call", "said"), MISUSED)
def test_what_is_not_allowed_is_refused(call: Any, said: str) -> None:
    with pytest.raises(lt.ScenarioError, match=said):
        call()
