"""Calibration: known parameters are recovered, and intervals have their coverage."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

import leakthrough as lt
from leakthrough import records
from leakthrough.records import beta_binomial
from leakthrough.records.entries import COUNTS

Array = npt.NDArray[Any]
NAN = math.nan
shares = st.floats(0.01, 0.99)
correlations = st.sampled_from([1e-4, 0.01, 0.3, 0.9])


def record_of(stopped: Any, launched: Any, soft: Any = NAN, day: str = "2025-01-01") -> xr.Dataset:
    """A record of drones, one night after another."""
    hits, number = np.asarray(stopped, np.int64), np.asarray(launched, np.int64)
    soft_kill = np.broadcast_to(np.asarray(soft, np.float64), hits.shape)
    values = {
        "launched": number,
        "hard_kill": hits - np.nan_to_num(soft_kill),
        "soft_kill": soft_kill,
        "stopped": hits,
        "in_flight": 0 * hits,
        "through": number - hits,
        "strike_drones": NAN * hits,
    }
    assert set(values) == set(COUNTS)
    nights = np.datetime64(day, "ns") + np.timedelta64(24, "h") * np.arange(hits.size)
    return xr.Dataset(
        {name: ("entry", column) for name, column in values.items()},
        {"night": ("entry", nights), "threat_class": ("entry", ["drone"] * hits.size)},
    )


def learnt(*arguments: Any, outcome: str = "stopped", **more: Any) -> xr.Dataset:
    found = records.calibrate(record_of(*arguments, **more))
    return found.sel(threat_class="drone", outcome=outcome)


def drawn(rng: np.random.Generator, launched: Array, mean: float, correlation: float) -> Array:
    """Stopped threats of nights, each with its own probability."""
    total = 1 / correlation - 1
    each = rng.beta(mean * total, (1 - mean) * total, launched.shape)
    found: Array = rng.binomial(launched, each)
    return found


nights = st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))


@given(nights.filter(bool), shares, correlations)
def test_the_likelihood_is_scipys(rows: list[tuple[int, int]], mean: float, r: float) -> None:
    """Up to the binomial coefficients; without correlation it is binomial."""
    stopped, launched = np.array(rows).T
    total = 1 / r - 1
    beta = stats.betabinom(launched, mean * total, (1 - mean) * total).logpmf(stopped).sum()
    ways = stats.binom(launched, 0.5).logpmf(stopped).sum() + launched.sum() * math.log(2)
    found = float(beta_binomial.log_likelihood(beta_binomial.tally(stopped, launched), mean, r))
    assert found == pytest.approx(beta - ways, rel=1e-9, abs=1e-7)
    plain = stats.binom(launched, mean).logpmf(stopped).sum() - ways
    none = float(beta_binomial.log_likelihood(beta_binomial.tally(stopped, launched), mean, 0.0))
    assert none == pytest.approx(plain, rel=1e-9, abs=1e-8)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(3, 40), shares, correlations)
def test_no_other_search_finds_better(seed: int, number: int, mean: float, r: float) -> None:
    """Nelder-Mead on SciPy's distribution, from the truth; and the binomial maximum."""
    rng = np.random.default_rng(seed)
    launched = rng.integers(1, 80, number)
    stopped = drawn(rng, launched, mean, r)
    data = beta_binomial.tally(stopped, launched)
    found = beta_binomial.fit(data, 0.95)

    def loss(x: Array) -> float:
        a, b = np.exp(np.minimum(x, 12.0))  # beyond, SciPy's logarithms have rounding errors
        return -float(stats.betabinom(launched, a, b).logpmf(stopped).sum())

    start = np.log(np.array([mean, 1 - mean]) * (1 / r - 1))
    other = -optimize.minimize(loss, start, method="Nelder-Mead", options={"maxiter": 150}).fun
    ways = stats.binom(launched, 0.5).logpmf(stopped).sum() + launched.sum() * math.log(2)
    best = float(beta_binomial.log_likelihood(data, found.mean[0], found.correlation[0])) + ways
    plain = stats.binom(launched, stopped.sum() / launched.sum()).logpmf(stopped).sum()
    assert best >= max(other - 1e-5, plain - 1e-9)


def test_known_parameters_come_back(offset: int) -> None:
    """From 4,000 nights, within 5 standard errors (0.0016 and 0.0015, from thirty records).

    An error of 0.01 in either is detected.
    """
    rng = np.random.default_rng(41 + offset)
    launched = rng.integers(20, 200, 4000)
    found = learnt(drawn(rng, launched, 0.8, 0.05), launched)
    assert abs(float(found.probability[0]) - 0.8) < 5 * 0.0016
    assert abs(float(found.correlation[0]) - 0.05) < 5 * 0.0015
    assert float(found.a / (found.a + found.b)) == pytest.approx(float(found.probability[0]))
    assert float(found.spread) == pytest.approx(stats.beta(float(found.a), float(found.b)).std())
    assert int(found.nights) == 4000
    assert int(found.threats) == launched.sum()


def test_hard_and_soft_kills_come_back_apart(offset: int) -> None:
    """Soft kill first, then hard kill of the others; the correlations differ."""
    rng = np.random.default_rng(42 + offset)
    launched = rng.integers(100, 300, 400)
    soft = drawn(rng, launched, 0.4, 0.02)
    hard = drawn(rng, launched - soft, 0.85, 0.06)
    record = record_of(soft + hard, launched, soft)
    found = records.calibrate(record).sel(threat_class="drone", estimate="value")
    value = found.probability.sel(outcome=["soft_kill", "hard_kill"]).values
    # Standard errors: sqrt(m (1 - m) r / 400) = 0.0035 and 0.0044, more with binomial noise.
    np.testing.assert_allclose(value, [0.4, 0.85], atol=5 * 0.005)
    np.testing.assert_allclose(found.correlation[1:], [0.02, 0.06], atol=5 * 0.005)
    assert float(found.probability[0]) == pytest.approx(1 - 0.6 * 0.15, abs=5 * 0.003)
    assert int(found.nights_without_soft_kill) == 0


@pytest.mark.parametrize(
    ("number", "mean", "correlation", "band"),
    [(12, 0.8, 0.05, (0.90, 1.0)), (30, 0.3, 0.15, (0.90, 0.99))],
)
def test_coverage_of_the_intervals(
    number: int, mean: float, correlation: float, band: tuple[float, float], offset: int
) -> None:
    """Intervals of 90 to 99 % of 150 simulated records contain the truth (up to all, few nights).

    For a coverage of 95 % the standard deviation is 1.8 %. A coverage of 84 % is detected at 39
    of 40 seeds; binomial intervals, for independent threats, have 74 and 51 % here.
    """
    rng = np.random.default_rng(43 + offset)
    held = np.zeros(2)
    for _ in range(150):
        launched = rng.integers(15, 60, number)
        found = beta_binomial.fit(
            beta_binomial.tally(drawn(rng, launched, mean, correlation), launched), 0.95
        )
        pairs = ((found.mean, mean), (found.correlation, correlation))
        held += [low <= truth <= high for (_, low, high), truth in pairs]
    assert (band[0] <= held / 150).all()
    assert (held / 150 <= band[1]).all()


def test_the_intervals_are_those_of_the_profile() -> None:
    """Profile likelihood on a fine grid of SciPy's distribution.

    Nights of very different size, so that mean and correlation are dependent.
    """
    stopped, launched = np.array([2, 40, 3, 11, 9]), np.array([3, 44, 9, 12, 9])
    means, correlations = np.linspace(0.3, 0.999, 700), np.linspace(0.001, 0.9, 450)
    m, r = means[:, None], correlations[None, :]
    a, b = m * (1 / r - 1), (1 - m) * (1 / r - 1)
    height = sum(stats.betabinom(n, a, b).logpmf(x) for x, n in zip(stopped, launched, strict=True))
    inside = height >= height.max() - beta_binomial.drop_of(5, 0.9)
    found = beta_binomial.fit(beta_binomial.tally(stopped, launched), 0.9)
    for values, axis, (_, low, high) in (
        (means, 1, found.mean),
        (correlations, 0, found.correlation),
    ):
        held = values[inside.any(axis=axis)]
        step = values[1] - values[0]
        assert abs(low - held[0]) <= step
        assert abs(high - held[-1]) <= step


def test_the_interval_of_the_mean_is_students_where_shares_are_normal(offset: int) -> None:
    """Large raids of the same size: the shares of nights are sufficient and nearly normal.

    For six nights, chi-square instead of Student's t would make it shorter by a sixth.
    """
    rng = np.random.default_rng(44 + offset)
    launched = np.full(6, 4000)
    stopped = drawn(rng, launched, 0.5, 0.002)
    each = stopped / launched
    reach = stats.t.ppf(0.975, 5) * each.std(ddof=1) / math.sqrt(6)
    found = learnt(stopped, launched)
    np.testing.assert_allclose(found.probability[1], each.mean() - reach, atol=0.04 * reach)
    np.testing.assert_allclose(found.probability[2], each.mean() + reach, atol=0.04 * reach)


def test_nights_that_are_all_alike_have_no_spread() -> None:
    """Less spread than binomial: the estimate is at the boundary."""
    found = learnt([8] * 20, [10] * 20)
    assert float(found.spread) == 0.0
    assert float(found.correlation[0]) == float(found.correlation[1]) == 0.0
    assert 0.0 < float(found.correlation[2]) < 0.1
    assert float(found.a) == float(found.b) == math.inf
    assert float(found.probability[0]) == 0.8
    whole = records.calibrate(record_of([8] * 20, [10] * 20))
    assert records.distribution(whole, "drone") == 0.8


@pytest.mark.parametrize("stopped", [0, 12])
def test_none_or_all_stopped(stopped: int) -> None:
    """The upper end is where all-or-nothing nights would be as rare as allowed."""
    found = learnt([stopped] * 10, [12] * 10)
    near = stopped / 12
    low, high = sorted((near, abs(near - (1 - math.exp(-beta_binomial.drop_of(10, 0.95) / 10)))))
    np.testing.assert_allclose(found.probability, [near, low, high], atol=1e-6)
    np.testing.assert_allclose(found.correlation, [0.0, 0.0, 1.0], atol=1e-8)
    whole = records.calibrate(record_of([stopped] * 10, [12] * 10))
    assert records.distribution(whole, "drone") == near


def test_one_threat_a_night_says_nothing_of_the_spread() -> None:
    found = learnt([1, 0, 1, 1], [1, 1, 1, 1])
    np.testing.assert_allclose(found.correlation, [0.0, 0.0, 1.0], atol=1e-8)
    assert float(found.probability[0]) == 0.75


def test_one_night_and_none() -> None:
    one = learnt([7], [10])
    np.testing.assert_equal(one.probability.values, [0.7, NAN, NAN])
    assert np.isnan(one.correlation).all()
    assert np.isnan(one.a)
    none = learnt([0], [0])
    assert np.isnan(none.probability).all()
    assert (int(none.nights), int(none.threats)) == (0, 0)
    whole = records.calibrate(record_of([7], [10]))
    with pytest.raises(ValueError, match=r"at least two nights must report stopped.*got 1"):
        records.distribution(whole, "drone")


def test_only_nights_that_report_are_used() -> None:
    """Without threats in flight, nights with none, and unreported soft kills."""
    record = record_of([5, 0, 6], [10, 0, 10], [2.0, 0.0, NAN])
    record["in_flight"][:] = [4, 0, 0]
    record["through"] -= record["in_flight"]
    found = records.calibrate(record).sel(threat_class="drone")
    assert found.nights.values.tolist() == [2, 1, 1]
    assert found.threats.values.tolist() == [16, 6, 4]
    assert float(found.probability.sel(outcome="hard_kill")[0]) == 0.75
    assert int(found.nights_without_soft_kill) == 1


def test_a_night_with_soft_kills_of_some_entries_counts_as_unreported() -> None:
    """Its stopped includes the reported soft kills: 7 + 4 + 2 here, not hard kills only."""
    record = xr.concat([record_of([6], [10], 2.0), record_of([7], [10])], "entry")
    found = records.calibrate(record).sel(threat_class="drone")
    assert int(found.nights_without_soft_kill) == 1
    assert float(found.probability.sel(outcome="stopped")[0]) == 13 / 20
    assert "the soft kills of the other entries" in found.nights_without_soft_kill.long_name


def test_merged_nights_are_not_taken_for_silent() -> None:
    """Where no hard kills are given either, both kinds are one number."""
    record = record_of([5, 6], [10, 10], day="2025-07-24")
    record["hard_kill"][:] = NAN
    found = records.calibrate(record).sel(threat_class="drone")
    assert found.nights_without_soft_kill.item() == 0


def test_a_scenario_accepts_the_distribution() -> None:
    launched = np.array([20, 30, 40, 50, 60])
    found = records.calibrate(record_of([15, 29, 22, 49, 40], launched))
    stopped = records.distribution(found, "drone")
    assert not isinstance(stopped, float)
    for kill in (stopped, 0.5):
        shot = lt.Interceptor(name="all of it", kill_probability={"drone": kill})
        taken = shot.kill_probability["drone"]
        assert taken == kill or taken.dist == "beta"  # type: ignore[union-attr]
    assert stopped.mean() == pytest.approx(float(found.probability[0, 0, 0]))
    assert stopped.std() == pytest.approx(float(found.spread[0, 0]))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda found: records.distribution(found, "boat"), "threat_class: must be one of drone"),
        (lambda found: records.distribution(found, "drone", "lost"), "outcome: must be one of sto"),
        (lambda _: records.distribution(xr.Dataset(), "drone"), "estimates: must come from"),
        (lambda _: records.calibrate(xr.Dataset()), "record: must be a Dataset"),
        (lambda _: records.calibrate(record_of([1], [2]), confidence=1.0), "confidence: must lie"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    found = records.calibrate(record_of([1, 2], [3, 3]))
    with pytest.raises(ValueError, match=said):
        call(found)


@pytest.mark.parametrize("confidence", [1e-3, 1e-6, 1e-9, 1e-15])
def test_at_a_tiny_level_intervals_shrink_to_the_estimate(confidence: float) -> None:
    """Up to rounding of the likelihood, 5e-7 in a probability here."""
    found = records.calibrate(records.raids(), confidence=confidence)
    value, low, high = (found.probability.sel(estimate=e) for e in ("value", "low", "high"))
    told = found.nights > 1
    assert ((low <= value) & (value <= high)).where(told, True).all()
    assert float((high - low).where(told, 0.0).max()) < 10 * confidence + 5e-6


def test_a_wider_level_makes_wider_intervals() -> None:
    record = record_of([15, 29, 22, 49, 40], [20, 30, 40, 50, 60])
    narrow, wide = (records.calibrate(record, confidence=c) for c in (0.5, 0.99))
    for name in ("probability", "correlation"):
        inner, outer = (
            f[name].sel(threat_class="drone", outcome="stopped") for f in (narrow, wide)
        )
        assert float(outer[1]) < float(inner[1]) < float(inner[0]) == pytest.approx(float(outer[0]))
        assert float(inner[0]) < float(inner[2]) < float(outer[2])
    assert wide.attrs["confidence"] == 0.99
    assert "99 %" in wide.estimate.attrs["long_name"]
