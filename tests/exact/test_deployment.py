"""Prim-Read deployments, against their bound, and against all other deployments."""

import itertools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from leakthrough import exact

tenths = st.integers(1, 9).map(lambda n: Fraction(n, 10))
slopes = st.floats(0.01, 1.0)
kills = st.floats(0.02, 0.98)
deadly = st.floats(0.05, 1.0)


def lost_to(rounds: Any, kill: float, lethality: float) -> list[float]:
    """Value lost so far: each threat destroys the remaining value with its own probability."""
    lost, found = 0.0, []
    for number in rounds:
        lost += (1.0 - lost) * lethality * (1.0 - kill) ** float(number)
        found.append(lost)
    return found


@given(kills, slopes, deadly, st.booleans())
def test_the_bound_is_kept_and_used_up(
    kill: float, slope: float, lethality: float, integer: bool
) -> None:
    found = exact.prim_read(kill, slope, lethality, integer)
    lost = lost_to(found.rounds.values, kill, lethality)
    np.testing.assert_allclose(found.value_lost, lost, rtol=1e-9, atol=1e-14)
    bound = found.threat.values * slope
    assert np.all(lost <= bound * (1 + 1e-8))
    assert np.all(found.rounds >= 0)
    if not integer:
        np.testing.assert_allclose(lost, bound, rtol=1e-8)
    # Later threats, which are not fired at, do not violate it.
    later = lost_to([*found.rounds.values, *([0] * 200)], kill, lethality)
    assert np.all(later <= slope * np.arange(1, len(later) + 1) * (1 + 1e-8))


@given(kills, slopes, deadly)
def test_the_last_threat_of_a_deployment_needs_its_rounds(
    kill: float, slope: float, lethality: float
) -> None:
    found = exact.prim_read(kill, slope, lethality)
    if not found.sizes["threat"]:
        assert slope >= lethality * (1 - 1e-8)
        return
    assert np.all(found.rounds > 0)
    assert np.all(np.diff(found.rounds) < 0)
    last = [*found.rounds.values[:-1], 0.0]
    assert lost_to(last, kill, lethality)[-1] > len(last) * slope
    whole = exact.prim_read(kill, slope, lethality, integer=True)
    assert whole.threat.equals(found.threat)


def fewest(kill: Fraction, slope: Fraction, lethality: Fraction, threats: int) -> list[int]:
    """Fewest whole rounds at the first n threats for each n, over all deployments."""
    safest = {0: Fraction(1)}
    totals = []
    for place in range(1, threats + 1):
        after: dict[int, Fraction] = {}
        for total, safe in safest.items():
            for rounds in itertools.count():
                left = safe * (1 - lethality * (1 - kill) ** rounds)
                if left >= 1 - place * slope and left > after.get(total + rounds, -1):
                    after[total + rounds] = left
                # Far more than any bound requires.
                if lethality * (1 - kill) ** rounds < slope / 20:
                    break
        safest = after
        totals.append(min(safest))
    return totals


@settings(max_examples=60)
@given(
    tenths.filter(lambda p: p >= Fraction(3, 10)),
    st.integers(8, 99).map(lambda n: Fraction(n, 100)),
    st.sampled_from([Fraction(3, 10), Fraction(1, 2), Fraction(1)]),
)
def test_no_whole_rounds_are_fewer_in_total_for_any_number_of_threats(
    kill: Fraction, slope: Fraction, lethality: Fraction
) -> None:
    found = exact.prim_read(float(kill), float(slope), float(lethality), integer=True)
    totals = fewest(kill, slope, lethality, found.sizes["threat"])
    assert np.cumsum(found.rounds.values).tolist() == totals


@pytest.mark.filterwarnings("ignore:Values in x were outside bounds")  # SciPy 1.15's optimiser
@pytest.mark.parametrize(
    ("kill", "slope", "lethality"), [(0.6, 0.2, 1.0), (0.3, 0.15, 0.9), (0.9, 0.12, 0.5)]
)
def test_no_other_rounds_are_fewer_in_total(kill: float, slope: float, lethality: float) -> None:
    """A general optimiser finds no deployment with fewer rounds."""
    for number in range(1, exact.prim_read(kill, slope, lethality).sizes["threat"] + 1):
        bound = np.log1p(-slope * np.arange(1, number + 1))

        def room(rounds: Any, bound: Any = bound) -> Any:
            return np.cumsum(np.log1p(-lethality * (1 - kill) ** rounds)) - bound

        best = optimize.minimize(
            np.sum,
            np.full(number, 5.0),
            bounds=[(0.01, 50.0)] * number,
            constraints={"type": "ineq", "fun": room},
            method="SLSQP",
        )
        assert best.success
        total = float(exact.prim_read(kill, slope, lethality).rounds[:number].sum())
        assert math.isclose(best.fun, total, rel_tol=1e-5)


def test_whole_rounds_may_rise_by_one_but_no_more() -> None:
    rounds = exact.prim_read(0.5, 0.05, 0.3, integer=True).rounds.values
    assert rounds.tolist() == [3, 3, 2, 3, 2, 2, 2, 2, 2, 2, 2, 1, 2, 1, 1, 1, 0]
    for kill, slope in itertools.product((0.1, 0.5, 0.9), (0.003, 0.01, 0.07)):
        rounds = exact.prim_read(kill, slope, integer=True).rounds.values
        assert np.all(rounds[1:] <= np.minimum.accumulate(rounds)[:-1] + 1)


@given(kills, slopes, deadly)
def test_whole_rounds_are_no_more_than_the_others_rounded_up(
    kill: float, slope: float, lethality: float
) -> None:
    parts = exact.prim_read(kill, slope, lethality).rounds
    whole = exact.prim_read(kill, slope, lethality, integer=True).rounds
    assert np.all(whole <= np.ceil(parts + 1e-6))
    assert np.all(whole.cumsum() >= parts.cumsum() - 1e-6)


@pytest.mark.parametrize(
    ("slope", "threats"), [(0.1, 9), (1e-6, 999_999), (0.3, 3), (0.5, 1), (0.51, 1), (1.0, 0)]
)
def test_how_many_threats_may_need_a_round(slope: float, threats: int) -> None:
    # The n-th threat needs no round once the remaining value is at most the slope.
    assert exact.prim_read(0.5, slope).sizes["threat"] == threats


@pytest.mark.parametrize("kill", [1e-9, 1e-8, 0.3])
def test_the_bound_is_kept_by_rare_kills(kill: float) -> None:
    found = exact.prim_read(kill, 1e-6)
    np.testing.assert_allclose(found.value_lost, 1e-6 * found.threat, rtol=1e-9)
    whole = exact.prim_read(kill, 1e-3, integer=True)
    assert (whole.value_lost <= 1e-3 * whole.threat * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    ("kill", "slope", "first"), [(0.1, 0.9, 1), (0.3, 0.2401, 4), (0.6, 0.0256, 4), (0.7, 0.027, 3)]
)
def test_whole_rounds_that_meet_the_bound_exactly(kill: float, slope: float, first: int) -> None:
    # The slope is (1 - p)^n, where logarithms have a rounding error.
    assert int(exact.prim_read(kill, slope, integer=True).rounds[0]) == first


def test_edges() -> None:
    exactly = exact.prim_read(0.5, 0.25, integer=True)
    assert exactly.rounds.values.tolist() == [2, 2, 1]
    assert exactly.rounds.dtype == np.int64
    assert exact.prim_read(1.0, 0.2, integer=True).rounds.values.tolist() == [1, 1, 1, 1]
    for kill, lethality in ((0.5, 0.0), (0.0, 0.2), (1.0, 0.2)):
        nothing = exact.prim_read(kill, 0.2, lethality)
        assert isinstance(nothing, xr.Dataset)
        assert nothing.sizes == {"threat": 0}
    assert exact.prim_read(0.5, 0.2).rounds.dims == ("threat",)
    assert exact.prim_read(0.5, 0.2).threat.values.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.prim_read(1.5, 0.1), "kill_probability: must be from 0 to 1; got 1.5"),
        (lambda: exact.prim_read(0.5, 1.1), "slope: must be from 0 to 1; got 1.1"),
        (lambda: exact.prim_read(0.5, 0.0), "slope: must be from 0.000001 to 1; got 0.0"),
        (lambda: exact.prim_read(0.5, [0.1]), "slope: must be one number"),  # type: ignore[arg-type]
        (lambda: exact.prim_read(0.5, 0.1, -1.0), "lethality: must be from 0 to 1"),
        (lambda: exact.prim_read(0.0, 0.1), "kill_probability: must be from 1e-09 to below 1"),
        (lambda: exact.prim_read(1.0, 0.1), "kill_probability: must be from 1e-09 to below 1"),
        (lambda: exact.prim_read(0.0, 0.1, integer=True), "must be from 1e-09 to 1; got 0.0"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
