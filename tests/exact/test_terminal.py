"""Terminal defence with several looks, against enumeration in exact fractions."""

import itertools
import math
import time
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakthrough import exact

twentieths = st.integers(0, 20).map(lambda n: Fraction(n, 20))
chances = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False))


def spreads(threats: int, rounds: int) -> list[tuple[int, ...]]:
    """All allocations of at most so many rounds to the threats, even or not."""
    each = itertools.product(range(rounds + 1), repeat=threats)
    return [shots for shots in each if sum(shots) <= rounds]


def of_any_spread(threats: int, rounds: int, kill: Fraction, looks: int, deadly: Fraction) -> Any:
    """Least probability of loss over all policies, with each threat tracked separately."""

    @cache
    def least(alive: tuple[int, ...], left: int, look: int) -> Fraction:
        if look == 0:
            return 1 - (1 - deadly) ** len(alive)
        return min(after(alive, shots, left, look) for shots in spreads(len(alive), left))

    def after(alive: tuple[int, ...], shots: tuple[int, ...], left: int, look: int) -> Fraction:
        total = Fraction(0)
        for lives in itertools.product((False, True), repeat=len(alive)):
            chance = Fraction(1)
            for number, life in zip(shots, lives, strict=True):
                through = (1 - kill) ** number
                chance *= through if life else 1 - through
            rest = tuple(itertools.compress(alive, lives))
            if chance:
                total += chance * least(rest, left - sum(shots), look - 1)
        return total

    return least(tuple(range(threats)), rounds, looks)


@settings(max_examples=60)
@given(st.integers(0, 3), st.integers(0, 4), twentieths, st.integers(0, 3), twentieths)
def test_no_policy_does_better_even_with_an_uneven_spread(
    threats: int, rounds: int, kill: Fraction, looks: int, deadly: Fraction
) -> None:
    plan = exact.terminal_defence(threats, rounds, float(kill), looks, float(deadly))
    expected = float(of_any_spread(threats, rounds, kill, looks, deadly))
    assert math.isclose(float(plan.destroyed[-1, -1, -1]), expected, rel_tol=1e-12)


def evenly(alive: int, shots: int, kill: Fraction) -> list[Fraction]:
    """Distribution of the survivors of rounds spread evenly."""
    pmf = [Fraction(1)]
    for place in range(alive):
        through = (1 - kill) ** (shots // alive + (place < shots % alive))
        dead = [chance * (1 - through) for chance in [*pmf, Fraction(0)]]
        live = [chance * through for chance in [Fraction(0), *pmf]]
        pmf = [a + b for a, b in zip(dead, live, strict=True)]
    return pmf


class Fractions:
    """The recursion and its rule for ties, in exact arithmetic."""

    def __init__(self, kill: Fraction, deadly: Fraction) -> None:
        self.kill, self.deadly = kill, deadly
        self.pmf = cache(lambda alive, shots: evenly(alive, shots, kill))
        self.best = cache(self._best)

    def options(self, alive: int, left: int, look: int) -> list[tuple[Fraction, Fraction, int]]:
        """Probability of loss, rounds spent, minus rounds fired: the smallest tuple is optimal."""
        found = []
        for shots in range(left + 1):
            pmf = self.pmf(alive, shots)
            later = [self.best(lives, left - shots, look - 1) for lives in range(alive + 1)]
            lost = sum(chance * then[0] for chance, then in zip(pmf, later, strict=True))
            spent = shots + sum(chance * then[1] for chance, then in zip(pmf, later, strict=True))
            found.append((Fraction(lost), Fraction(spent), -shots))
        return found

    def _best(self, alive: int, left: int, look: int) -> tuple[Fraction, Fraction, int]:
        if look == 0:
            return 1 - (1 - self.deadly) ** alive, Fraction(0), 0
        return min(self.options(alive, left, look))


@settings(max_examples=40)
@given(st.integers(0, 4), st.integers(0, 7), twentieths, st.integers(0, 3), twentieths)
def test_every_state_and_the_rule_for_ties(
    threats: int, rounds: int, kill: Fraction, looks: int, deadly: Fraction
) -> None:
    plan = exact.terminal_defence(threats, rounds, float(kill), looks, float(deadly))
    fractions = Fractions(kill, deadly)
    for look, alive, left in np.ndindex(looks + 1, threats + 1, rounds + 1):
        lost, spent, fired = fractions.best(alive, left, look)
        state = plan.isel(looks=look, threats=alive, rounds=left)
        assert math.isclose(float(state.destroyed), lost, rel_tol=1e-12)
        assert math.isclose(float(state.rounds_spent), spent, rel_tol=1e-12, abs_tol=1e-12)
        assert int(state.rounds_fired) == -fired


@pytest.mark.parametrize(("rounds", "fired"), [(8, 4), (9, 5), (10, 4), (11, 7)])
def test_the_rounds_to_fire_may_fall_as_the_stock_rises(rounds: int, fired: int) -> None:
    # Each is the unique optimum, in fractions: no rule for ties makes them increase.
    options = sorted(Fractions(Fraction(7, 10), Fraction(1, 2)).options(4, rounds, 2))
    assert options[0][0] < options[1][0]
    assert -options[0][2] == fired
    plan = exact.terminal_defence(4, 11, 0.7, 2, 0.5)
    assert int(plan.rounds_fired.sel(looks=2, threats=4, rounds=rounds)) == fired


@given(st.integers(0, 12), st.integers(0, 25), chances, st.integers(0, 4), chances)
def test_what_never_falls(
    threats: int, rounds: int, kill: float, looks: int, deadly: float
) -> None:
    lost = exact.terminal_defence(threats, rounds, kill, looks, deadly).destroyed.values
    assert np.all(np.diff(lost, axis=0) <= 1e-12)
    assert np.all(np.diff(lost, axis=1) >= -1e-12)
    assert np.all(np.diff(lost, axis=2) <= 1e-12)
    better = exact.terminal_defence(threats, rounds, (1 + kill) / 2, looks, deadly).destroyed.values
    assert np.all(better <= lost + 1e-12)


@given(st.integers(1, 40), st.integers(0, 40), st.floats(0.05, 1), st.integers(1, 4), chances)
def test_with_fewer_rounds_than_threats_each_round_does_what_it_can(
    threats: int, rounds: int, kill: float, looks: int, deadly: float
) -> None:
    plan = exact.terminal_defence(threats, rounds, kill, looks, deadly)
    alive, left = np.ogrid[: threats + 1, : rounds + 1]
    safe = (1 - deadly) ** np.maximum(alive - left, 0) * (1 - deadly * (1 - kill)) ** left
    scarce = left <= alive
    for look in range(1, looks + 1):
        found = plan.destroyed.values[look]
        np.testing.assert_allclose(found[scarce], 1 - safe[scarce], rtol=1e-9, atol=1e-12)
    if 0.01 < deadly < 0.99:
        fired = plan.rounds_fired.values[1:]
        assert np.all(np.where(scarce, fired == left, fired >= alive))


@given(st.floats(0.05, 1.0), st.integers(0, 8))
def test_a_look_for_each_round_is_shoot_look_shoot(kill: float, looks: int) -> None:
    plan = exact.terminal_defence(1, looks, kill, looks).isel(looks=-1, threats=-1, rounds=-1)
    single = exact.shoot_look_shoot(kill, looks)
    assert math.isclose(float(plan.destroyed), float(single.leak), rel_tol=1e-9, abs_tol=1e-300)
    assert math.isclose(float(plan.rounds_spent), float(single.rounds), rel_tol=1e-9)


@given(st.integers(1, 30), st.integers(0, 6), st.floats(0.05, 0.95))
def test_one_look_with_as_many_rounds_for_each_is_a_binomial_raid(
    threats: int, each: int, kill: float
) -> None:
    plan = exact.terminal_defence(threats, threats * each, kill, 1).isel(threats=-1, rounds=-1)
    none = exact.raid_annihilation(threats, kill, each)
    assert math.isclose(1 - float(plan.destroyed[1]), float(none), rel_tol=1e-9, abs_tol=1e-12)
    assert int(plan.rounds_fired[1]) == threats * each


@given(st.integers(1, 8), st.integers(0, 12), st.integers(1, 3))
def test_rounds_that_cannot_help_are_not_fired(threats: int, rounds: int, looks: int) -> None:
    for kill, deadly in ((0.0, 0.5), (0.5, 0.0)):
        plan = exact.terminal_defence(threats, rounds, kill, looks, deadly)
        assert not plan.rounds_fired.any()
        assert not plan.rounds_spent.any()
    hopeless = exact.terminal_defence(threats, threats - 1, 0.5, looks).isel(threats=-1)
    assert not hopeless.rounds_fired.any()
    assert np.all(hopeless.destroyed == 1.0)
    sure = exact.terminal_defence(threats, rounds, 1.0, looks).isel(looks=-1, threats=-1)
    enough = sure.rounds >= threats
    np.testing.assert_array_equal(sure.destroyed, np.where(enough, 0.0, 1.0))
    np.testing.assert_array_equal(sure.rounds_fired, np.where(enough, threats, 0))


def test_tiny_chances_are_not_lost() -> None:
    # Twelve threats with 20 rounds each in the end: 12 x 1e-20 with one look.
    plan = exact.terminal_defence(12, 240, 0.9, 1)
    assert math.isclose(float(plan.destroyed[1, 12, 240]), 12e-20, rel_tol=1e-9)
    # Even at a loss probability of 2e-22, a slightly better plan is distinguished from a cheaper
    # one.
    plan = exact.terminal_defence(2, 30, 0.9, 2)
    best = Fractions(Fraction(9, 10), Fraction(1)).best(2, 30, 2)
    assert int(plan.rounds_fired[2, 2, 30]) == -best[2]
    assert math.isclose(float(plan.rounds_spent[2, 2, 30]), best[1], rel_tol=1e-9)
    # Rounds are also fired where the loss is almost certain.
    plan = exact.terminal_defence(40, 20, 0.5, 2, 0.9)
    assert int(plan.rounds_fired[2, 40, 20]) == 20
    assert int(exact.terminal_defence(1, 3, 1e-17, 1).rounds_fired[1, 1, 3]) == 3


def test_the_labels() -> None:
    plan = exact.terminal_defence(3, 5, 0.7, 2)
    assert plan.destroyed.dims == ("looks", "threats", "rounds")
    assert dict(plan.sizes) == {"looks": 3, "threats": 4, "rounds": 6}
    assert plan.rounds.values.tolist() == list(range(6))
    assert plan.rounds_fired.dtype == np.int64
    empty = exact.terminal_defence(0, 0, 0.5, 0)
    assert float(empty.destroyed[0, 0, 0]) == 0.0


def test_plans_take_little_time() -> None:
    # A bound 50 times the measured time; a recursion state by state would exceed it.
    began = time.process_time()
    exact.terminal_defence(30, 60, 0.7, 4)
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.terminal_defence(-1, 1, 0.5, 1), "threats: must be a whole number from 0"),
        (lambda: exact.terminal_defence(501, 1, 0.5, 1), "threats: must be a whole number from 0"),
        (lambda: exact.terminal_defence(1, 1001, 0.5, 1), "rounds: must be a whole number"),
        (lambda: exact.terminal_defence(1, 1, 1.5, 1), "kill_probability: must be from 0 to 1"),
        (lambda: exact.terminal_defence(1, 1, [0.5], 1), "kill_probability: must be one number"),  # type: ignore[arg-type]
        (lambda: exact.terminal_defence(1, 1, 0.5, 1.5), "looks: must be a whole number"),  # type: ignore[arg-type]
        (lambda: exact.terminal_defence(1, 1, 0.5, 1, math.nan), "lethality: must be from 0 to 1"),
        (lambda: exact.terminal_defence(500, 1000, 0.5, 1), "must be at most 200,000,000; got 500"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
