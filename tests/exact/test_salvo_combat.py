"""Salvo combat, against enumeration, quadrature, a simulation missile by missile, and limits."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leakthrough import exact

chances = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False))
amounts = st.one_of(st.just(0.0), st.floats(0.01, 50.0))
powers = st.floats(0.1, 10.0)
SIGMAS = 5.0


def pairs(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(numbers, numbers)


@given(pairs(amounts), pairs(amounts), pairs(amounts), pairs(powers))
def test_a_deterministic_exchange_side_by_side(
    forces: Any, missiles: Any, stopped: Any, power: Any
) -> None:
    found = exact.hughes_salvo(forces, missiles, stopped, power)
    for own, other in ((0, 1), (1, 0)):
        hits = max(missiles[other] * forces[other] - stopped[own] * forces[own], 0.0)
        lost = min(hits / power[own], forces[own])
        side = found.sel(side="AB"[own])
        assert math.isclose(float(side.losses), lost, rel_tol=1e-12)
        assert math.isclose(float(side.survivors), forces[own] - lost, abs_tol=1e-12)


def test_one_exchange_after_another() -> None:
    # By hand: A loses (12 - 4) / 4 and B (12 - 6) / 6, then A (8 - 2) / 4 and B (6 - 4) / 6.
    first = exact.hughes_salvo((4, 3), (3, 4), (1, 2), (4, 6))
    np.testing.assert_allclose(first.losses, [2.0, 1.0])
    second = exact.hughes_salvo(first.survivors, (3, 4), (1, 2), (4, 6))
    np.testing.assert_allclose(second.losses, [1.5, 1 / 3])
    assert second.side.values.tolist() == ["A", "B"]


def hits_by_enumeration(missiles: int, hit: float, interceptors: int, stop: float) -> Any:
    """Distribution of the hits by enumeration of the outcomes of missiles and interceptors."""
    found = np.zeros(missiles + 1)
    for course in itertools.product((False, True), repeat=missiles + interceptors):
        good, stopped = sum(course[:missiles]), sum(course[missiles:])
        chance = hit**good * (1 - hit) ** (missiles - good)
        chance *= stop**stopped * (1 - stop) ** (interceptors - stopped)
        found[max(good - stopped, 0)] += chance
    return found


@given(st.integers(0, 2), st.integers(0, 2), chances, st.integers(1, 2), st.integers(0, 2), chances)
def test_the_distribution_of_the_hits(
    attackers: int, missiles: int, hit: float, defenders: int, interceptors: int, stop: float
) -> None:
    found = exact.armstrong_salvo(attackers, missiles, hit, defenders, interceptors, stop, 0.5, 0.1)
    fired, answered = attackers * missiles, defenders * interceptors
    expected = hits_by_enumeration(fired, hit, answered, stop)
    np.testing.assert_allclose(found.probability, expected, atol=1e-13)
    assert found.probability.dims == ("hits",)
    assert found.hits.values.tolist() == list(range(fired + 1))


@given(st.integers(1, 300), st.floats(0.05, 0.95), st.integers(1, 300), st.floats(0.05, 0.95))
def test_hits_of_large_salvos_by_scipys_distributions(
    missiles: int, hit: float, interceptors: int, stop: float
) -> None:
    found = exact.armstrong_salvo(1, missiles, hit, 1, interceptors, stop, 0.5, 0.1)
    stopped = np.arange(interceptors + 1)
    weights = stats.binom(interceptors, stop).pmf(stopped)
    good = stats.binom(missiles, hit)
    hits = np.arange(1, missiles + 1)[:, np.newaxis]
    expected = good.pmf(hits + stopped) @ weights
    np.testing.assert_allclose(found.probability[1:], expected, rtol=1e-8, atol=1e-35)
    none = good.cdf(stopped) @ weights
    assert math.isclose(float(found.probability[0]), none, rel_tol=1e-8, abs_tol=1e-35)


@given(
    st.integers(1, 4), chances, st.integers(1, 3), chances, st.floats(0.05, 4.0), st.floats(0.02, 3)
)
def test_losses_by_quadrature(
    missiles: int, hit: float, defenders: int, stop: float, each: float, spread: float
) -> None:
    found = exact.armstrong_salvo(2, missiles, hit, defenders, 1, stop, each, spread)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    first = second = everything = 0.0
    none = float(found.probability[0])
    for hits, chance in enumerate(found.probability.values[1:].tolist(), start=1):
        damage = stats.norm(hits * each, spread * math.sqrt(hits))
        # E(X^r) of damage clipped to [0, c] is the integral of r x^(r-1) P(damage > x) up to c.
        bounds = np.clip(damage.mean() + damage.std() * np.arange(-9, 10), 0.0, defenders)
        bounds = np.unique([0.0, *bounds, defenders])[:, np.newaxis]
        x = bounds[:-1] + np.diff(bounds, axis=0) * (nodes + 1.0) / 2.0
        tail = np.diff(bounds, axis=0) * weights / 2.0 * damage.sf(x)
        first += chance * tail.sum()
        second += chance * (2.0 * x * tail).sum()
        everything += chance * damage.sf(defenders)
        none += chance * damage.cdf(0.0)
    assert math.isclose(float(found.losses_mean), first, rel_tol=1e-9, abs_tol=1e-12)
    variance = second - first**2
    assert math.isclose(float(found.losses_sd) ** 2, variance, rel_tol=1e-7, abs_tol=1e-10)
    assert math.isclose(float(found.all_lost), everything, rel_tol=1e-9, abs_tol=1e-14)
    assert math.isclose(float(found.none_lost), none, rel_tol=1e-9, abs_tol=1e-14)


@given(st.integers(0, 9), chances, st.integers(1, 6), chances, st.integers(1, 50))
def test_losses_to_hits_that_all_do_the_same(
    missiles: int, hit: float, defenders: int, stop: float, power: int
) -> None:
    found = exact.armstrong_salvo(2, missiles, hit, defenders, 1, stop, 1 / power, 0.0)
    hits, pmf = found.hits.values, found.probability.values
    lost = np.minimum(hits / power, defenders)
    first = pmf @ lost
    assert math.isclose(float(found.losses_mean), first, abs_tol=1e-12)
    assert math.isclose(float(found.losses_sd) ** 2, pmf @ (lost - first) ** 2, abs_tol=1e-12)
    assert math.isclose(float(found.none_lost), pmf[0], abs_tol=1e-15)
    everything = pmf[hits >= defenders * power].sum()
    assert math.isclose(float(found.all_lost), everything, abs_tol=1e-15)
    # A tiny standard deviation has a tiny effect, except at the cap.
    near = exact.armstrong_salvo(2, missiles, hit, defenders, 1, stop, 1 / power, 1e-9)
    assert math.isclose(float(near.losses_mean), first, abs_tol=1e-7)
    assert math.isclose(float(near.losses_sd), float(found.losses_sd), abs_tol=1e-6)


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9), st.integers(0, 9), powers)
def test_without_chance_it_is_the_deterministic_exchange(
    attackers: int, missiles: int, defenders: int, interceptors: int, power: float
) -> None:
    found = exact.armstrong_salvo(
        attackers, missiles, 1.0, defenders, interceptors, 1.0, 1 / power, 0.0
    )
    certain = exact.hughes_salvo(
        (attackers, defenders), (missiles, 0), (0, interceptors), (1, power)
    )
    lost = float(certain.losses.sel(side="B"))
    assert math.isclose(float(found.losses_mean), lost, rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(float(found.losses_deterministic), lost, rel_tol=1e-12, abs_tol=1e-12)
    assert float(found.losses_sd) == 0.0


@given(st.integers(1, 6), chances, st.integers(1, 6), chances)
def test_chance_adds_hits_and_the_deterministic_form_is_that_of_the_means(
    missiles: int, hit: float, defenders: int, stop: float
) -> None:
    found = exact.armstrong_salvo(3, missiles, hit, defenders, 2, stop, 0.3, 0.1)
    net = 3 * missiles * hit - 2 * defenders * stop
    assert float((found.probability * found.hits).sum()) >= max(net, 0.0) - 1e-12
    certain = min(max(net, 0.0) * 0.3, defenders)
    assert math.isclose(float(found.losses_deterministic), certain, abs_tol=1e-12)


def test_missile_by_missile(offset: int) -> None:
    # 200,000 salvos detect an error of 0.8 % in the mean of the losses, of 0.6 % in their standard
    # deviation, of 0.004 in the probability that none or all is lost.
    rng, salvos = np.random.default_rng(31 + offset), 200_000
    good = (rng.random((salvos, 12)) < 0.7).sum(axis=1)
    hits = np.maximum(good - (rng.random((salvos, 9)) < 0.6).sum(axis=1), 0)
    damage = rng.normal(0.5, 0.2, (salvos, 12)) * (np.arange(12) < hits[:, np.newaxis])
    losses = np.clip(damage.sum(axis=1), 0.0, 3.0)
    found = exact.armstrong_salvo(3, 4, 0.7, 3, 3, 0.6, damage_mean=0.5, damage_sd=0.2)
    samples: list[tuple[Any, Any]] = [
        (found.losses_mean, losses),
        (found.losses_sd**2, (losses - float(found.losses_mean)) ** 2),
        (found.none_lost, losses == 0.0),
        (found.all_lost, losses == 3.0),
    ]
    for expected, sample in samples:
        band = SIGMAS * sample.std() / math.sqrt(salvos)
        assert abs(sample.mean() - float(expected)) < band


def test_as_many_hits_as_the_staying_power_lose_all() -> None:
    # As a float, 49 times 1/49 is 0.9999999999999999.
    for power in range(1, 200):
        found = exact.armstrong_salvo(1, power, 1.0, 1, 0, 0.5, 1 / power, 0.0)
        assert float(found.all_lost) == 1.0
        found = exact.armstrong_salvo(1, power - 1, 1.0, 1, 0, 0.5, 1 / power, 0.0)
        assert float(found.all_lost) == 0.0


def test_damage_that_is_far_over_or_under_what_there_is() -> None:
    for each in (0.0, 1e-300, 1e6):
        for spread in (0.0, 1e-310, 1e-20, 1e6):
            found = exact.armstrong_salvo(3, 4, 0.7, 3, 3, 0.6, each, spread)
            assert 0.0 <= float(found.losses_mean) <= 3.0
            assert 0.0 <= float(found.losses_sd) <= 1.5
            assert 0.0 <= float(found.none_lost + found.all_lost) <= 1.0 + 1e-12


def armstrong(**changed: Any) -> Any:
    arguments: dict[str, Any] = {
        "attackers": 3,
        "missiles_each": 4,
        "hit_probability": 0.7,
        "defenders": 3,
        "interceptors_each": 3,
        "intercept_probability": 0.6,
        "damage_mean": 0.5,
        "damage_sd": 0.2,
    }
    return exact.armstrong_salvo(**arguments | changed)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.hughes_salvo(3, (1, 1), (1, 1), (1, 1)), "forces: must be a pair"),
        (lambda: exact.hughes_salvo((1, -1), (1, 1), (1, 1), (1, 1)), "forces: must be a pair"),
        (lambda: exact.hughes_salvo((1, 1), (1, 1, 1), (1, 1), (1, 1)), "missiles_each: must be a"),
        (lambda: exact.hughes_salvo((1, 1), (1, 1), (1, math.inf), (1, 1)), "interceptions_each: "),
        (lambda: exact.hughes_salvo((1, 1), (1, 1), (1, 1), ("x", 1)), "staying_power: must be a"),
        (lambda: exact.hughes_salvo((1, 1), (1, 1), (1, 1), (0, 1)), "staying_power: must be abov"),
        (lambda: exact.hughes_salvo((1, 1e200), (1, 1), (1, 1), (1, 1)), "forces: .* 0 to 1e"),
        (lambda: exact.hughes_salvo((1, 10**400), (1, 1), (1, 1), (1, 1)), "forces: must be a p"),
        (lambda: exact.hughes_salvo((1, 1), (1, 1), (1, 1), (1e-300, 1)), "staying_.* least 1e-09"),
        (lambda: armstrong(attackers=-1), "attackers: must be a whole number from 0"),
        (lambda: armstrong(missiles_each=1.5), "missiles_each: must be a whole number"),
        (lambda: armstrong(attackers=10**6), "attackers, missiles_each: their product must be at"),
        (lambda: armstrong(defenders=0), "defenders: must be a whole number from 1"),
        (lambda: armstrong(interceptors_each=10**6), "defenders, interceptors_each: their product"),
        (lambda: armstrong(hit_probability=1.1), "hit_probability: must be from 0 to 1; got 1.1"),
        (lambda: armstrong(intercept_probability=math.nan), "intercept_probability: must be from"),
        (lambda: armstrong(damage_mean=-0.1), "damage_mean: must be a finite number from 0"),
        (lambda: armstrong(damage_sd=math.inf), "damage_sd: must be a finite number from 0"),
        (lambda: armstrong(damage_sd=1e7), r"damage_sd: .* at most 1e\+06; got"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
