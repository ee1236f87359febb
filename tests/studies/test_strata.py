"""Rare states of layers as strata of `simulate_to_precision`: coverage, cost and bits.

The exact mean is that of a raid of fifty threats with one round each: a share of 1 - kill leaks
while the layer is up, and all leak while it is down. Coverage is that of 95 % intervals in
``TRIALS`` trials. Its standard deviation is 1.5 % in 200 trials, and the bound of 90.5 % is 2.9 of
them below 95 %; one of 83 % (as without strata) fails at 99 seeds in 100. What was measured with
2,500 trials is in `docs/explanation/intervals.md`.
"""

from typing import Any

import numpy as np
import pytest
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.scheduler import Here
from leakthrough.run_options import Execution
from leakthrough.studies.sequential import SequentialSample
from leakthrough.studies.strata import StratifiedSample, stratified

TRIALS = 200
EXECUTION = Execution(executor=Here())


def defended(*up: float, kill: float = 0.99, threats: int = 50) -> lt.Scenario:
    """Layers of which each is up with a probability, with one round at each threat."""
    doctrine = lt.Doctrine(max_salvos=1)
    layers = [
        layer(
            f"L{n}",
            battery(f"B{n}", rounds=10**6, channels=999, doctrine=doctrine),
            outer=1000.0 * (n + 1),
            inner_range=1000.0 * n,
            sensor=lt.Sensor(availability=chance),
        )
        for n, chance in enumerate(up)
    ]
    return raid(salvo(count=threats), layers, gun(kills=kill))


def mean_of(*up: float, kill: float = 0.99, threats: int = 50) -> float:
    return float(threats * np.prod([1.0 - chance * kill for chance in up]))


def sample(scenario: lt.Scenario, measure: str = "leakers", seed: int = 3) -> SequentialSample:
    return SequentialSample(scenario, lt.Measure(measure), seed=seed, execution=EXECUTION)


CASES: dict[str, tuple[tuple[float, ...], float, float, int]] = {
    "up with 0.999": ((0.999,), 0.99, 0.1, 1_050),
    "up with 0.98": ((0.98,), 0.99, 0.1, 3_500),
    "up with 0.01": ((0.01,), 0.5, 0.2, 3_500),
    "two layers": ((0.995, 0.97), 0.9, 0.1, 3_500),
}
"""Probabilities that layers are up, kill probability, half-width, and replications allowed."""


@pytest.mark.parametrize("case", CASES)
def test_the_interval_covers_with_few_replications(case: str, offset: int) -> None:
    up, kill, half_width, most = CASES[case]
    scenario, exact = defended(*up, kill=kill), mean_of(*up, kill=kill)
    covered, used = [], []
    for trial in range(TRIALS):
        found = lt.simulate_to_precision(
            scenario, "leakers", half_width, seed=5_000 * offset + trial, executor=Here()
        )
        low, high = found.leakers.values[2:]
        covered.append(low <= exact <= high)
        used.append(int(found.replications))
    assert np.mean(covered) >= 0.905
    assert np.mean(used) < most


def test_strata_have_the_draws_of_the_scenario() -> None:
    """Replications in which the layer happens to be up are those of the stratum, bit by bit."""
    whole = sample(defended(0.95))
    found = stratified(whole, 0.0, 10**6)
    assert isinstance(found, StratifiedSample)
    up, down = (own.up_to(400).plain for own in found.samples)
    mixed = whole.up_to(400).plain
    assert (down == 50.0).all()
    assert 0 < (mixed == 50.0).sum() < 50
    np.testing.assert_array_equal(mixed, np.where(mixed == 50.0, 50.0, up))
    result = lt.simulate(defended(1.0), replications=400, seed=3)
    np.testing.assert_array_equal(up, result.leaked.values[:, 0])


def test_the_mean_is_that_of_its_strata(offset: int) -> None:
    # 5 sigma of 4,000 replications detect an error of 2 %.
    up = (0.99, 0.95)
    found = stratified(sample(defended(*up, kill=0.8), seed=7 + offset), 0.0, 10**6)
    assert isinstance(found, StratifiedSample)
    np.testing.assert_allclose(found.shares, [0.99 * 0.95, 0.99 * 0.05, 0.01 * 0.95, 0.01 * 0.05])
    for total in (1_000, 2_000, 4_000):
        mean, error, low, high, settled = found.estimates(total, 0.95)[0]
        assert found.numbers.sum() == total
        assert found.numbers.min() >= 30
        assert low <= mean <= high
    assert abs(mean - mean_of(*up, kill=0.8)) < 5 * error
    assert 5 * error < 0.1 * mean
    assert settled


def test_an_uncertain_availability_has_strata_of_its_mean(offset: int) -> None:
    scenario = defended(0.98, 0.9, kill=0.8).replace(
        "layers.L0.sensor.availability", stats.beta(49.0, 1.0)
    )
    whole = sample(scenario, seed=8 + offset)
    found = stratified(whole, 0.0, 10**6)
    assert isinstance(found, StratifiedSample)
    np.testing.assert_allclose(found.shares, [0.98, 0.02], atol=1e-6)
    up, down = (own.up_to(400).plain for own in found.samples)
    mixed, failed = whole.up_to(400).plain, whole.up_to(400).plain != up
    assert 0 < failed.sum() < 30
    np.testing.assert_array_equal(mixed, np.where(failed, down, up))
    mean, error, *_ = found.estimates(4_000, 0.95)[0]
    assert abs(mean - mean_of(0.98, 0.9, kill=0.8)) < 5 * error


def test_sites_with_one_uncertain_availability_have_no_strata() -> None:
    own = layer(
        "L",
        battery("B", channels=99, doctrine=lt.Doctrine(max_salvos=1)),
        sensor=lt.Sensor(availability=stats.beta(49.0, 1.0)),
        positions=[(0.0, 0.0), (0.0, 1.0)],
    )
    whole = sample(raid(salvo(count=9, bearing=90.0), own, gun(kills=0.5)))
    assert stratified(whole, 0.0, 10**6) is whole


def test_what_cannot_matter_is_bounded_instead() -> None:
    rare = sample(defended(0.999_99, 0.98))
    found = stratified(rare, 0.01, 10**6)  # 0.00001 * 50 = 0.0005
    assert isinstance(found, StratifiedSample)
    np.testing.assert_allclose(found.shares, [0.999_99 * 0.98, 0.999_99 * 0.02])
    assert found.rest == pytest.approx(1e-5, rel=1e-4)  # probabilities have 32 bits
    mean, _, _, high, _ = found.estimates(1_000, 0.95)[0]
    spread = found.estimates(1_000, 0.95)[0][3]
    found.rest = 0.0
    assert high - found.estimates(1_000, 0.95)[0][3] == pytest.approx(50 * 1e-5, rel=1e-4)
    assert spread == high > mean


@pytest.mark.parametrize(
    ("scenario", "measure", "most"),
    [
        (defended(1.0), "leakers", 10**6),  # nothing is rare
        (defended(0.7), "leakers", 10**6),
        (defended(0.999_999), "leakers", 10**6),  # it cannot matter
        (defended(0.98), "no_leaker", 10**6),  # Wilson's interval covers it anyway
        (defended(0.98), "leakers", 100),  # too few replications for two strata
    ],
)
def test_where_there_are_no_strata(scenario: Any, measure: str, most: int) -> None:
    whole = sample(scenario, measure)
    assert stratified(whole, 0.01, most) is whole
