"""Change points: exact on small cases, found where they are, and what no record can tell."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import simulated_records
from scipy import stats

from leakthrough import records
from leakthrough.records import change


def record_of(rng: np.random.Generator, means: Any, r: float, known: Any) -> Any:
    """Eight nights of each month with these means."""
    days = simulated_records.days_of(len(means), 8)
    total, mean = 1.0 / r - 1.0, np.repeat(means, 8)
    launched = np.broadcast_to(known, mean.shape)
    stopped = rng.binomial(launched, rng.beta(mean * total, (1.0 - mean) * total))
    return simulated_records.record_of(launched, stopped, days)


def test_changes_are_those_of_all_divisions() -> None:
    """Four periods: the sum over all eight sets of changes, with the same grid."""
    likelihood = np.random.default_rng(5).normal(0.0, 3.0, (4, 2, 100))
    hazard, weights = 0.2, {}
    for r, cuts in product(range(2), product((0, 1), repeat=3)):
        segment = np.concatenate([[0], np.cumsum(cuts)])
        parts = [likelihood[segment == s, r].sum(axis=0) for s in range(segment[-1] + 1)]
        prior = hazard ** sum(cuts) * (1 - hazard) ** (3 - sum(cuts))
        weights[r, cuts] = prior * np.prod([np.exp(part).mean() for part in parts])
    total = sum(weights.values())
    found, still, mass, share = change._smoothed(likelihood, hazard)
    for t in range(3):
        wanted = sum(w for (_, cuts), w in weights.items() if cuts[t]) / total
        assert found[t + 1] == pytest.approx(wanted, rel=1e-10)
    none = sum(w for (_, cuts), w in weights.items() if not any(cuts)) / total
    assert still == pytest.approx(none, rel=1e-10)
    first = sum(w for (r, _), w in weights.items() if r == 0) / total
    assert share[0] == pytest.approx(first, rel=1e-10)
    np.testing.assert_allclose(mass.sum(axis=1), 1.0)


def test_a_change_is_found_and_where(offset: int) -> None:
    rng = np.random.default_rng([offset, 1])
    found = records.change_points(
        record_of(rng, [0.4] * 4 + [0.06] * 4, 0.05, 12), "ballistic missile"
    )
    assert found.any_change > 0.99
    assert found.change.idxmax("period") == np.datetime64("2031-05-01")
    assert found.change.sel(period="2031-05-01") > 0.7
    assert np.isnan(found.change.values[0])
    middle = found.probability.sel(quantile=0.5).values
    assert middle[0] > 0.3
    assert middle[-1] < 0.2
    assert found.nights.values.tolist() == [8] * 8


def test_nights_that_differ_are_no_change(offset: int) -> None:
    """A Bayes factor above 10 has a probability below 1/10 without a change; of 12, at most 4."""
    strong = 0
    for seed in range(12):
        rng = np.random.default_rng([offset, seed, 2])
        record = record_of(rng, [0.3] * 6, 0.4, rng.integers(1, 12, 48))
        strong += float(records.change_points(record, "ballistic missile").bayes_factor) > 10
    assert strong <= 4


def test_the_prior_does_not_change_the_bayes_factor() -> None:
    record = record_of(np.random.default_rng(3), [0.4, 0.2], 0.1, 10)
    few, many = (
        records.change_points(record, "ballistic missile", prior=prior) for prior in (0.1, 0.9)
    )
    assert float(few.bayes_factor) == pytest.approx(float(many.bayes_factor), rel=1e-9)
    assert few.any_change < many.any_change


def test_empty_launchers_and_poor_rounds_give_equal_records() -> None:
    """Half of the threats find an empty launcher, or each round hits half as often: exactly."""
    n, p, empty, r = 20, 0.42, 0.5, 0.1
    total = 1.0 / r - 1.0
    engaged = stats.binom(n, 1.0 - empty).pmf(np.arange(n + 1))
    grid = (np.arange(4000) + 0.5) / 4000
    weight = stats.beta(p * total, (1.0 - p) * total).pdf(grid)
    weight /= weight.sum()
    stops = np.arange(n + 1)[:, np.newaxis]
    launchers = np.zeros(n + 1)
    for each, share in enumerate(engaged):
        launchers += share * (stats.binom(each, grid).pmf(stops) @ weight)
    rounds = stats.binom(n, grid * (1.0 - empty)).pmf(stops) @ weight
    np.testing.assert_allclose(launchers, rounds, atol=1e-12)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"threat_class": "drone"}, "threat_class: must be one of ballistic missile"),
        ({"prior": 1.0}, "prior: must be a number above 0 and below 1; got 1.0"),
        ({"period": "quarter"}, "must cover at least two periods; got one quarter"),
        ({"unreported": "drone"}, "unreported: must be a list of classes"),
    ],
)
def test_a_wrong_argument_is_refused(wrong: dict[str, Any], text: str) -> None:
    record = record_of(np.random.default_rng(1), [0.5, 0.5], 0.1, 10)
    with pytest.raises(ValueError, match=text):
        records.change_points(record, **({"threat_class": "ballistic missile"} | wrong))
