"""Intervals against SciPy, against the raw data, and at their edges."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from leakthrough.statistics.intervals import ratio_of_means, student, wilson

levels = st.sampled_from([0.5, 0.8, 0.95, 0.999])


@given(values=st.lists(st.integers(-50, 50), min_size=2, max_size=30), level=levels)
def test_student_is_scipys(values: list[int], level: float) -> None:
    mean, variance, number = np.mean(values), np.var(values, ddof=1), len(values)
    found = student(mean, variance, number, level)
    error = stats.sem(values)
    assert found[:2] == pytest.approx([mean, error], abs=1e-12)
    if error:
        expected = stats.t.interval(level, number - 1, loc=mean, scale=error)
        assert found[2:] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    else:
        assert found[2] == found[3] == mean


def test_student_knows_nothing_but_the_mean_of_one_replication() -> None:
    found = student([3.0, 3.0, np.nan], [np.nan, 4.0, np.nan], [1, 4, 0])
    assert np.array_equal(np.isnan(found[0]), [False, False, True])
    assert np.array_equal(np.isnan(found[1:]).all(axis=0), [True, False, True])
    assert found[1, 1] == 1.0


def test_student_is_cut_where_the_mean_cannot_lie() -> None:
    low, high = student(0.5, 1.0, 2, least=0.0, most=1.0)[2:]
    assert (low, high) == (0.0, 1.0)
    assert student(0.5, 1.0, 2)[2] < -8


@given(data=st.data(), number=st.integers(1, 3000), level=levels)
def test_wilson_is_scipys(data: st.DataObject, number: int, level: float) -> None:
    found = data.draw(st.integers(0, number))
    interval = stats.binomtest(found, number).proportion_ci(level, "wilson")
    share, error, low, high = wilson(found, number, level)
    assert share == found / number
    assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    indicator = np.arange(number) < found
    if number == 1:
        assert np.isnan(error)
    else:
        assert error == pytest.approx(np.sqrt(indicator.var(ddof=1) / number), abs=1e-12)


def test_wilson_has_a_width_where_nothing_happened_and_where_it_always_did() -> None:
    assert wilson(0, 100)[2] == 0.0
    assert wilson(0, 100)[3] == pytest.approx(1.959964**2 / (100 + 1.959964**2), rel=1e-6)
    assert wilson(100, 100)[3] == 1.0
    assert wilson(100, 100)[2] == pytest.approx(1 - wilson(0, 100)[3])
    assert np.isnan(wilson(0, 0)).all()
    trials = np.arange(1, 500)
    assert (wilson(0, trials)[2] == 0.0).all()  # to the last bit, whatever the rounding
    assert (wilson(trials, trials)[3] == 1.0).all()


def test_the_ratio_is_the_delta_method_on_the_raw_data() -> None:
    draws = np.random.default_rng(1).normal((8.0, 4.0), 1.0, (50, 2)) @ [[1.0, 0.2], [0.3, 1.0]]
    x, y = draws.T
    covariance = np.cov(x, y)
    found = ratio_of_means(
        (x.mean(), covariance[0, 0]), (y.mean(), covariance[1, 1]), covariance[0, 1], 50
    )
    ratio = x.mean() / y.mean()
    error = (x - ratio * y).std(ddof=1) / np.sqrt(50) / y.mean()  # residuals have mean 0
    reach = stats.t.ppf(0.975, 49) * error
    assert found == pytest.approx([ratio, error, ratio - reach, ratio + reach])


def test_the_ratio_of_proportional_things_is_sure_and_over_nothing_is_unknown() -> None:
    assert ratio_of_means((0.3, 0.09), (0.1, 0.01), 0.03, 9)[1] == pytest.approx(0.0, abs=1e-7)
    for tenths in range(1, 60):  # rounding leaves some of these variances below 0
        r = tenths / 10
        found = ratio_of_means((r * 0.1, r * r * 0.01), (0.1, 0.01), r * 0.01, 9)
        assert found[1] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(ratio_of_means((5.0, 1.0), (0.0, 0.0), 0.0, 9)).all()


@pytest.mark.parametrize("confidence", [0.0, 1.0, -1.0, 95, 95.0, float("nan"), "0.95", None])
def test_confidence_must_lie_between_0_and_1(confidence: Any) -> None:
    text = "confidence: must lie between 0 and 1"
    with pytest.raises(ValueError, match=text):
        student(1.0, 1.0, 9, confidence)
    with pytest.raises(ValueError, match=text):
        ratio_of_means((1.0, 1.0), (1.0, 1.0), 0.0, 9, confidence)
    with pytest.raises(ValueError, match=text):
        wilson(1, 9, confidence)


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf"), 2.5, [3, -1]])
def test_replications_are_whole_numbers(number: Any) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: student(1.0, 1.0, number),
        lambda: wilson(0, number),
        lambda: ratio_of_means((1.0, 1.0), (1.0, 1.0), 0.0, number),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^number: must be whole numbers from 0"):
            call()


def test_variances_are_not_negative() -> None:
    with pytest.raises(ValueError, match=r"^variance: "):
        student(1.0, -1.0, 9)
    with pytest.raises(ValueError, match=r"^below: must be a variance from 0"):
        ratio_of_means((1.0, 1.0), (1.0, -1.0), 0.0, 9)
