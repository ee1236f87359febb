"""Allocation without assessment, against enumeration, inclusion-exclusion, and limits."""

import itertools
import math
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leakthrough import exact

chances = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False))


def mean(pmf: Any) -> float:
    return float((pmf * pmf.leakers).sum())


@given(st.integers(0, 5), st.integers(0, 9), chances)
def test_a_uniform_allocation_round_by_round(threats: int, rounds: int, kill: float) -> None:
    expected = np.zeros(threats + 1)
    for hits in itertools.product((False, True), repeat=rounds):
        dead = {place % threats for place, hit in enumerate(hits) if hit} if threats else set()
        expected[threats - len(dead)] += kill ** sum(hits) * (1 - kill) ** (rounds - sum(hits))
    pmf = exact.uniform_allocation(threats, rounds, kill)
    np.testing.assert_allclose(pmf, expected, atol=1e-13)
    assert pmf.dims == ("leakers",)
    assert pmf.leakers.values.tolist() == list(range(threats + 1))


@given(st.integers(0, 3), st.integers(0, 4), chances)
def test_a_random_allocation_round_by_round(threats: int, rounds: int, kill: float) -> None:
    """All outcomes: each round has a target and hits it or not."""
    expected = np.zeros(threats + 1)
    shots = [*itertools.product(range(threats), (False, True))]
    for course in itertools.product(shots, repeat=rounds if threats else 0):
        dead = {target for target, hit in course if hit}
        weights = ((kill if hit else 1 - kill) / threats for _, hit in course)
        expected[threats - len(dead)] += math.prod(weights)
    pmf = exact.random_allocation(threats, rounds, kill)
    np.testing.assert_allclose(pmf, expected, atol=1e-13)
    assert pmf.leakers.values.tolist() == list(range(threats + 1))


@given(st.integers(1, 30), st.integers(0, 300), st.integers(0, 20))
def test_a_random_allocation_by_inclusion_and_exclusion(
    threats: int, rounds: int, twentieths: int
) -> None:
    """P(j given threats survive) in exact fractions: no round kills one of them."""
    kill = Fraction(twentieths, 20)
    alive = [math.comb(threats, j) * (1 - kill * j / threats) ** rounds for j in range(threats + 1)]
    expected = [
        sum((-1) ** (j - m) * math.comb(j, m) * alive[j] for j in range(m, threats + 1))
        for m in range(threats + 1)
    ]
    pmf = exact.random_allocation(threats, rounds, float(kill))
    np.testing.assert_allclose(pmf, np.array(expected, float), rtol=1e-9, atol=1e-35)


@given(st.integers(1, 2000), st.integers(0, 4000), chances)
def test_means_of_both(threats: int, rounds: int, kill: float) -> None:
    each, over = divmod(rounds, threats)
    even = (threats - over) * (1 - kill) ** each + over * (1 - kill) ** (each + 1)
    apart = threats * (1 - kill / threats) ** rounds
    models = exact.uniform_allocation, exact.random_allocation
    uniform, drawn = (model(threats, rounds, kill) for model in models)
    assert math.isclose(mean(uniform), even, rel_tol=1e-9, abs_tol=1e-30)
    assert math.isclose(mean(drawn), apart, rel_tol=1e-9, abs_tol=1e-30)
    assert mean(uniform) <= mean(drawn) * (1 + 1e-9) + 1e-30
    assert abs(float(uniform.sum()) - 1.0) < 1e-12
    assert abs(float(drawn.sum()) - 1.0) < 1e-12


@given(st.integers(0, 300), st.integers(0, 4), chances)
def test_as_many_rounds_for_each_are_a_binomial_raid(threats: int, each: int, kill: float) -> None:
    pmf = exact.uniform_allocation(threats, each * threats, kill)
    np.testing.assert_allclose(pmf, exact.leakers(threats, kill, each), atol=1e-12)


def test_known_values() -> None:
    assert math.isclose(mean(exact.uniform_allocation(50, 75, 0.7)), 9.75, rel_tol=1e-12)
    assert round(mean(exact.random_allocation(50, 75, 0.7)), 4) == 17.3676


def test_large_raids_take_little_time() -> None:
    # A bound 100 times the measured time; enumeration of all outcomes would exceed it.
    began = time.process_time()
    exact.uniform_allocation(5000, 4000, 0.8)
    exact.random_allocation(5000, 4000, 0.8)
    assert time.process_time() - began < 2.0


@pytest.mark.parametrize("model", [exact.uniform_allocation, exact.random_allocation])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((-1, 5, 0.5), "threats: must be a whole number from 0 to 1000000; got -1"),
        ((2.5, 5, 0.5), "threats: must be a whole number"),
        ((2, 10**7, 0.5), "rounds: must be a whole number from 0 to 1000000; got 10000000"),
        ((2, 5, 1.5), "kill_probability: must be from 0 to 1; got 1.5"),
        ((2, 5, [0.5]), "kill_probability: must be one number"),
    ],
)
def test_what_is_out_of_range_is_refused(model: Any, arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        model(*arguments)
