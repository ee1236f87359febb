"""Binomial raids, against enumeration and SciPy."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leakthrough import exact

chances = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False))


def enumerated(threats: int, kill: float, rounds: int, tracking: float, common: bool) -> Any:
    """Distribution by enumeration of all outcomes of tracking and of every threat."""
    through = (1 - kill) ** rounds
    found = np.zeros(threats + 1)
    for tracked, chance in ((True, tracking), (False, 1 - tracking)):
        leak = 1.0 if not tracked else through
        if not common:
            leak, chance = tracking * through + 1 - tracking, 0.5
        for outcome in itertools.product((0, 1), repeat=threats):
            leaks = sum(outcome)
            found[leaks] += chance * leak**leaks * (1 - leak) ** (threats - leaks)
    return found


@given(st.integers(0, 6), chances, st.integers(0, 3), chances, st.booleans())
def test_the_distribution_of_the_leakers(
    threats: int, kill: float, rounds: int, tracking: float, common: bool
) -> None:
    pmf = exact.leakers(threats, kill, rounds, tracking, common)
    np.testing.assert_allclose(pmf, enumerated(threats, kill, rounds, tracking, common), atol=1e-13)
    assert abs(float(pmf.sum()) - 1.0) < 1e-12
    none = exact.raid_annihilation(threats, kill, rounds, tracking, common)
    assert math.isclose(float(none), float(pmf[0]), abs_tol=1e-12)
    assert pmf.dims == ("leakers",)
    assert pmf.leakers.values.tolist() == list(range(threats + 1))


@given(st.integers(1, 3000), st.floats(0.01, 0.99))
def test_large_raids_follow_scipys_binomial(threats: int, kill: float) -> None:
    expected = stats.binom(threats, 1 - kill).pmf(np.arange(threats + 1))
    np.testing.assert_allclose(exact.leakers(threats, kill), expected, rtol=1e-8, atol=1e-14)


def test_common_tracking_has_the_same_mean_and_another_distribution() -> None:
    apart, common = (exact.leakers(10, 0.7, 3, 0.95, mode) for mode in (False, True))
    mean = [float((pmf * pmf.leakers).sum()) for pmf in (apart, common)]
    assert math.isclose(*mean, rel_tol=1e-12)
    assert round(float(apart[0]), 5) == 0.45537
    assert round(float(common[0]), 5) == 0.72252


@given(st.integers(1, 40), st.floats(0.05, 0.99), st.floats(0.01, 0.999), st.floats(0.3, 1.0))
def test_the_rounds_required_are_the_fewest(
    threats: int, kill: float, goal: float, tracking: float
) -> None:
    rounds = exact.rounds_required(threats, kill, goal, tracking)
    if rounds == math.inf:
        assert exact.raid_annihilation(threats, kill, 10_000, tracking) <= goal
        return
    assert exact.raid_annihilation(threats, kill, int(rounds), tracking) >= goal
    if rounds > 0:
        assert exact.raid_annihilation(threats, kill, int(rounds) - 1, tracking) < goal


@pytest.mark.parametrize(
    ("arguments", "rounds"),
    [
        ((0, 0.5, 1.0), 0.0),
        ((5, 0.0, 0.5), math.inf),
        ((5, 1.0, 1.0), 1.0),
        ((5, 0.5, 1.0), math.inf),
        ((5, 0.5, 0.0), 0.0),
        ((10, 0.8, 0.9), 3.0),
        ((10, 0.8, 0.9, 0.9), math.inf),
    ],
)
def test_rounds_required_at_the_edges(arguments: Any, rounds: float) -> None:
    assert exact.rounds_required(*arguments) == rounds


@pytest.mark.parametrize(
    ("arguments", "rounds"),
    [
        ((10**9, 0.5, 0.99999999), 57),
        ((1, 0.5, 0.9, 0.9), math.inf),
        ((10, 1e-17, 0.9), 4.558215820744387e17),
        ((10, 1e-20, 0.9), 4.558215820744387e20),
        ((10, 5e-324, 0.9), math.inf),
        ((1, 1e-10, 1e-300), 1),
    ],
)
def test_rounds_required_of_huge_raids_and_rare_kills(arguments: Any, rounds: float) -> None:
    assert math.isclose(exact.rounds_required(*arguments), rounds, rel_tol=1e-13)


@given(
    st.integers(1, 4),
    st.floats(-17.0, -0.01),
    st.integers(1, 20),
    st.sampled_from([1.0, 0.5, 1e-9]),
    st.booleans(),
)
def test_rare_kills_by_fractions(
    threats: int, log_kill: float, rounds: int, tracking: float, common: bool
) -> None:
    kill = 10.0**log_kill
    stop, seen = 1 - (1 - Fraction(kill)) ** rounds, Fraction(tracking)
    each, mode = (stop, seen) if common else (seen * stop, Fraction(1))
    exactly = [
        mode * math.comb(threats, k) * (1 - each) ** k * each ** (threats - k)
        for k in range(threats + 1)
    ]
    exactly[-1] += 1 - mode
    pmf = exact.leakers(threats, kill, rounds, tracking, common)
    np.testing.assert_allclose(pmf, [float(x) for x in exactly], rtol=1e-11)
    none = exact.raid_annihilation(threats, kill, rounds, tracking, common)
    assert math.isclose(none, exactly[0], rel_tol=1e-11)


def test_rare_leaks_of_huge_raids() -> None:
    # 10^9 threats that leak with 2^-57 each.
    found = exact.raid_annihilation(10**9, 0.5, [57, 0])
    np.testing.assert_allclose(1.0 - found, [1e9 * 2.0**-57, 1.0], rtol=1e-6)
    assert exact.raid_annihilation([0, 1], [0.0, 1.0], 0, [0.0, 1.0]).tolist() == [1.0, 0.0]


def test_shoot_look_shoot_of_rare_kills() -> None:
    found = exact.shoot_look_shoot([0.0, 5e-324, 1e-17, 1e-6], 10_000)
    expected = [1e4, 1e4, 1e4, float((1 - (1 - Fraction(1e-6)) ** 10_000) / Fraction(1e-6))]
    np.testing.assert_allclose(found.rounds, expected, rtol=1e-13)


@given(chances, st.integers(0, 9))
def test_shoot_look_shoot_by_going_through_the_looks(kill: float, looks: int) -> None:
    alive, rounds = 1.0, 0.0
    for _ in range(looks):
        rounds += alive
        alive *= 1 - kill
    found = exact.shoot_look_shoot(kill, looks)
    assert math.isclose(float(found.leak), alive, abs_tol=1e-12)
    assert math.isclose(float(found.rounds), rounds, rel_tol=1e-6, abs_tol=1e-9)


def test_shoot_look_shoot_of_several_kill_probabilities() -> None:
    found = exact.shoot_look_shoot([0.0, 0.7, 1.0], 3)
    np.testing.assert_allclose(found.rounds, [3.0, 1.39, 1.0])
    assert found.leak.dims == ("kill_probability",)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.leakers(-1, 0.5), "threats: must be a whole number from 0"),
        (lambda: exact.leakers(2.5, 0.5), "threats: must be a whole number"),  # type: ignore[arg-type]
        (lambda: exact.leakers(True, 0.5), "threats: must be a whole number"),
        (lambda: exact.leakers(2, 1.5), "kill_probability: must be from 0 to 1; got 1.5"),
        (lambda: exact.leakers(2, math.nan), "kill_probability: must be from 0 to 1"),
        (lambda: exact.leakers(2, [0.5]), "kill_probability: must be one number"),  # type: ignore[arg-type]
        (lambda: exact.leakers(2, 0.5, -1), "rounds_each: must be"),
        (lambda: exact.leakers(2, 0.5, 1, "x"), "tracking: must be from 0 to 1"),  # type: ignore[arg-type]
        (lambda: exact.raid_annihilation([1.5], 0.5), "threats: must be whole numbers"),
        (
            lambda: exact.raid_annihilation(np.array([2**63 + 5], np.uint64), 0.5),
            "threats: must be whole numbers from 0 to 1000000000; got",
        ),
        (lambda: exact.leakers(2, 10**400), "kill_probability: must be from 0 to 1; got 1000"),
        (lambda: exact.rounds_required(2, 0.5, 2.0), "goal: must be from 0 to 1"),
        (lambda: exact.shoot_look_shoot([[0.5]], 1), "kill_probability: must be a number or"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.parametrize(
    ("threats", "kill", "goal", "rounds"),
    [
        (1, 3e-9, 0.9999999999, 7675283605.0),
        (10, 3e-9, 0.9999999999, 8442811968.0),
        (10, 1e-16, 1e-10, 1053605156578263.0),
        (1, 1e-308, 1e-300, 100000001.0),
    ],
)
def test_large_numbers_of_rounds_are_the_fewest(
    threats: int, kill: float, goal: float, rounds: float
) -> None:
    """One fewer, or one more, was returned where probabilities differ by less than a float can."""
    assert exact.rounds_required(threats, kill, goal) == rounds
