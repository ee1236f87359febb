"""Luck in common and staying power, by enumeration of all outcomes and by known distributions."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leakthrough import exact

chances = st.sampled_from([0.0, 1.0, 0.5]) | st.floats(1e-6, 1.0 - 1e-6)


@given(st.lists(chances, max_size=5), chances)
def test_missed_by_all_over_all_outcomes(kills: list[float], common: float) -> None:
    """Independent rounds outcome by outcome; with one uniform, between neighbouring thresholds."""
    apart = 0.0
    for hits in itertools.product([False, True], repeat=len(kills)):
        if not any(hits):
            apart = math.prod(1.0 - kill for kill in kills)
    edges = sorted({0.0, 1.0, *kills})
    alike = sum(
        high - low
        for low, high in itertools.pairwise(edges)
        if not any((low + high) / 2.0 < kill for kill in kills)
    )
    found = float(exact.common_luck(kills, common))
    assert math.isclose(found, common * alike + (1.0 - common) * apart, rel_tol=1e-9, abs_tol=1e-15)


@given(st.floats(0.05, 0.95), st.floats(0.0, 1.0))
def test_it_is_the_correlation_of_each_pair(kill: float, common: float) -> None:
    missed = float(exact.common_luck([kill, kill], common))
    assert math.isclose((missed - (1.0 - kill) ** 2) / (kill * (1.0 - kill)), common, abs_tol=1e-12)


def test_known_values_and_shapes() -> None:
    for common, missed in ((0.0, 0.04), (0.1, 0.056), (0.3, 0.088), (0.5, 0.12)):
        assert math.isclose(float(exact.common_luck([0.8, 0.8], common)), missed)
    for common, missed in ((0.0, 0.008), (1.0, 0.2)):
        assert math.isclose(float(exact.common_luck([0.8] * 3, common)), missed)
    assert float(exact.common_luck([0.3, 0.9, 0.5], 1.0)) == pytest.approx(0.1)
    table = exact.common_luck([[0.8, 0.8], [0.5, 0.5]], [[0.0], [1.0]])
    assert table.round(3).tolist() == [[0.04, 0.25], [0.2, 0.5]]
    assert float(exact.common_luck([], 0.4)) == 1.0


@given(st.integers(0, 60), chances, st.integers(1, 8))
def test_staying_power_by_the_negative_binomial(hits: int, lethal: float, needed: int) -> None:
    """The hit that destroys has a negative binomial number of ineffective ones before it."""
    found = float(exact.destroyed_by(hits, lethal, needed))
    expected = 0.0
    for ineffective in range(hits - needed + 1):
        ways = math.comb(ineffective + needed - 1, ineffective)
        expected += ways * lethal**needed * (1.0 - lethal) ** ineffective
    assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-300)


def test_small_probabilities_of_many_hits() -> None:
    hits = np.array([10, 1_000, 1_000_000])
    expected = stats.binom.sf(4, hits, 1e-7)
    assert exact.destroyed_by(hits, 1e-7, 5) == pytest.approx(expected, rel=1e-9)
    assert exact.destroyed_by(3, 0.25).item() == pytest.approx(1.0 - 0.75**3)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.common_luck([0.8, 1.2], 0.1), "kill_probabilities: must be from 0 to 1"),
        (lambda: exact.common_luck([0.8], -0.1), "common: must be from 0 to 1; got -0.1"),
        (lambda: exact.common_luck(0.8, 0.1), "kill_probabilities: must be one number for each"),
        (lambda: exact.destroyed_by(-1, 0.5), "hits: must be whole numbers from 0"),
        (lambda: exact.destroyed_by(1.5, 0.5), "hits: must be whole numbers from 0"),
        (lambda: exact.destroyed_by(1, 1.5), "lethality: must be from 0 to 1"),
        (lambda: exact.destroyed_by(1, 0.5, 0), "staying_power: must be a whole number from 1"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
