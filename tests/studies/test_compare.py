"""Paired comparisons: intervals, p-values, and the gain of pairing.

Coverage as in ``tests/statistics/test_interval_coverage.py``: one simulation of ``TRIALS *
NIGHTS`` replications is cut into trials, and the standard deviation of a coverage of 95 % is
0.44 %. Bands are 5 standard deviations to either side of the expected coverage; a coverage of 92 %
is detected at nine seeds in ten.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from raids import api_example, battery, gun, layer, raid, rich, salvo
from scipy import optimize, stats

import leakthrough as lt
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import measured_values
from leakthrough.studies.compare import _Bounds, _differences, holm, mcnemar, tango
from leakthrough.studies.evaluate import values as measure_values

TRIALS, NIGHTS = 2_500, 200
SIGMA = math.sqrt(0.05 * 0.95 / TRIALS)
ROUNDS = "layers.L.batteries.B.magazines.gun.rounds"
MEASURES = [lt.Measure("leakers"), lt.Measure("no_leaker")]
Numbers = npt.NDArray[np.float64]


def shots(kills: float, name: str = "B") -> lt.Scenario:
    """Five threats at once, one shot at each; the battery's name determines its draws."""
    own = battery(name, doctrine=lt.Doctrine(max_salvos=1))
    return raid(salvo(count=5), layer("L", own), gun(kills=kills))


def trials(scenario: lt.Scenario, seed: int) -> Numbers:
    """Values (NIGHTS, TRIALS * measures): each trial is treated as further measures."""
    call: Any = {"replications": TRIALS * NIGHTS, "seed": seed, "execution": Execution()}
    every = measure_values(scenario, MEASURES, **call)
    found = np.concatenate([own.plain for own in every], axis=1)
    rows = found.reshape(TRIALS, NIGHTS, len(MEASURES)).swapaxes(0, 1)
    return rows.reshape(NIGHTS, -1)


def compared(before: Numbers, after: Numbers) -> tuple[Numbers, Numbers]:
    """Estimates (TRIALS, measures, 6) of the differences, and p-values (TRIALS, measures)."""
    most = np.full(before.shape[1], np.inf)
    bounds = _Bounds(np.zeros_like(most), most, rare=0.0, drawn=True, same=())
    pair = measured_values(before), measured_values(after)
    found, p_values, _ = _differences(*pair, MEASURES * TRIALS, 0.95, bounds, same=False)
    return found.reshape(TRIALS, len(MEASURES), 6), p_values.reshape(TRIALS, len(MEASURES))


def covered(ends: Numbers, value: float) -> float:
    return float(((ends[:, 0] <= value) & (value <= ends[:, 1])).mean())


def test_intervals_hold_the_exact_differences(offset: int) -> None:
    seed = 3 + offset
    found, _ = compared(trials(shots(0.7), seed), trials(shots(0.8), seed))
    for measure, exact in enumerate([-0.5, 0.8**5 - 0.7**5]):
        share = covered(found[:, measure, 2:], exact)
        assert abs(share - 0.95) < 5 * SIGMA, MEASURES[measure].label


def test_where_few_nights_differ_tango_holds_its_level_and_student_does_not(offset: int) -> None:
    """Some two replications in 200 differ; summed over the binomial, Tango covers 94.9 %."""
    exact = 0.999**5 - 0.997**5
    assert NIGHTS * exact == pytest.approx(2.0, rel=0.02)
    seed = 5 + offset
    found = compared(trials(shots(0.997), seed), trials(shots(0.999), seed))[0][:, 1]
    assert abs(covered(found[:, 2:], exact) - expected_coverage(exact)) < 5 * SIGMA
    reach = stats.t.ppf(0.975, NIGHTS - 1) * found[:, 1]
    student = np.array([found[:, 0] - reach, found[:, 0] + reach]).T
    assert covered(student, exact) < 0.90


def expected_coverage(difference: float) -> float:
    """Exact coverage of Tango's interval if the second option wins whenever the two differ."""
    gained = np.arange(60)
    low, high = tango(gained, np.zeros(60), NIGHTS, 0.95)
    inside = (low <= difference) & (difference <= high)
    return float(stats.binom.pmf(gained, NIGHTS, difference)[inside].sum())


def test_nothing_is_beyond_chance_where_nothing_differs(offset: int) -> None:
    """Other name and draws, same distribution: any of four tests errs in at most 5 %."""
    before = trials(shots(0.7), 7 + offset)
    others = [trials(shots(0.7, name), 7 + offset) for name in ("C", "D")]
    found = np.concatenate([compared(before, other)[1] for other in others], axis=1)
    wrong = np.mean([bool((holm(p_values) < 0.05).any()) for p_values in found])
    # The tests are dependent, and one of each pair is conservative.
    assert 0.02 < wrong < 0.05 + 5 * SIGMA


def score(up: int, down: int, number: int, difference: float) -> float:
    """Tango's statistic, with the likelihood maximised numerically."""

    def minus_log_likelihood(lose: float) -> float:
        cells = (
            (down, lose),
            (up, lose + difference),
            (number - up - down, 1 - 2 * lose - difference),
        )
        return -sum(k * math.log(max(p, 1e-300)) for k, p in cells if k)

    bounds = max(0.0, -difference), (1.0 - difference) / 2.0
    best = optimize.minimize_scalar(
        minus_log_likelihood, bounds=bounds, method="bounded", options={"xatol": 1e-13}
    )
    variance = number * (2.0 * best.x + difference * (1.0 - difference))
    return float((up - down - number * difference) / math.sqrt(variance))


@given(st.integers(0, 12), st.integers(0, 12), st.integers(0, 40))
@example(0, 0, 5)
@example(7, 0, 0)
def test_tangos_interval_ends_where_the_score_test_rejects(up: int, down: int, alike: int) -> None:
    number = up + down + alike
    if number == 0:
        return
    low, high = tango(up, down, number, 0.95)
    assert low <= (up - down) / number <= high
    for end, sign in ((low, 1.0), (high, -1.0)):
        if abs(end) < 1.0 - 1e-9:
            assert sign * score(up, down, number, float(end)) == pytest.approx(1.959964, abs=2e-4)


def test_tangos_interval_where_nothing_differs_is_wilsons() -> None:
    square = stats.norm.ppf(0.975) ** 2
    low, high = tango(0, 0, 100, 0.95)
    assert high == pytest.approx(square / (100 + square))
    assert low == -high


@given(st.integers(0, 200), st.integers(0, 200))
def test_mcnemars_p_value_is_that_of_a_coin(up: int, down: int) -> None:
    expected = stats.binomtest(up, up + down).pvalue if up + down else 1.0
    assert float(mcnemar(up, down)) == pytest.approx(expected)


def test_holm() -> None:
    found = holm(np.array([[0.01, 0.04], [0.03, 0.005]]))
    np.testing.assert_allclose(found, [[0.03, 0.06], [0.06, 0.02]])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]


def test_it_says_what_two_simulations_say() -> None:
    today, path = api_example(), "layers.point.batteries.gun.count"
    options = {"more": today.replace(path, 14), "today": today, "fewer": today.replace(path, 10)}
    measures: list[lt.Measure | str] = ["leakers", "no_leaker", "cost_spent"]
    measures.insert(2, lt.Measure("expended", by="interceptor"))
    call: Any = {"measures": measures, "replications": 300, "seed": 5, "baseline": "today"}
    call |= {"confidence": 0.9, "controls": False}
    found = lt.compare(options, **call)
    assert found.alternative.values.tolist() == ["more", "fewer"]
    assert found.measure.values[2:4].tolist() == [
        "expended of interceptor gun burst",
        "expended of interceptor area SAM",
    ]
    assert found.units.values.tolist() == ["1", "1", "1", "1", "currency"]
    assert found.scenario_digest.to_series().to_dict() == {n: s.digest for n, s in options.items()}
    own = {name: lt.simulate(s, replications=300, seed=5) for name, s in options.items()}
    leakers = {name: lt.Measure("leakers").values(result).values for name, result in own.items()}
    before, after = leakers["today"], leakers["more"]
    test = stats.ttest_rel(after, before)
    one = found.sel(measure="leakers", alternative="more")
    assert float(one.difference.sel(estimate="mean")) == pytest.approx((after - before).mean())
    assert float(one.p_value) == pytest.approx(test.pvalue, rel=1e-6)
    interval = test.confidence_interval(0.9)
    assert one.difference.values[2:] == pytest.approx([interval.low, interval.high])
    assert bool(one.beyond_chance)
    ratio = (after.var(ddof=1) + before.var(ddof=1)) / (after - before).var(ddof=1)
    assert float(one.independent_replications) == pytest.approx(300 * ratio)
    assert ratio > 2.0, "common random numbers pay"
    for name, values in leakers.items():
        expected = lt.Measure("leakers").estimates(values[:, None], 0.9)[:, 0]
        np.testing.assert_allclose(found.value.sel(measure="leakers", option=name), expected)
    assert lt.compare(options, **call, workers=1).identical(found)


def test_an_option_that_changes_nothing_differs_by_nothing() -> None:
    found = lt.compare(
        {"a": shots(0.7), "b": shots(0.7)},
        measures=["leakers", "no_leaker"],
        replications=100,
        seed=1,
    ).squeeze("alternative")
    assert found.difference.sel(estimate=["mean", "standard_error"]).values.tolist() == [[0, 0]] * 2
    assert found.p_value.values.tolist() == [1.0, 1.0]
    assert np.isinf(found.independent_replications.values).all()
    sure = lt.compare(
        {"a": shots(1.0), "b": shots(1.0).replace(ROUNDS, 3)},
        measures=["leakers"],
        replications=100,
        seed=1,
    ).squeeze()
    assert float(sure.p_value) == 0.0
    assert bool(sure.beyond_chance)
    assert math.isnan(float(sure.independent_replications))


UNARMED = {"a": shots(0.7).replace("layers.L.batteries", []), "b": shots(0.7)}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": {"a": shots(0.7)}}, "options: must be at least two scenarios or"),
        ({"options": [shots(0.7), shots(0.8)]}, "options: must be at least two"),
        (
            {"options": {"a": shots(0.7), "b": 3}},
            "options: must be scenarios or campaigns by name; got 3 by 'b'",
        ),
        ({"options": {"a": shots(0.7), 2: shots(0.7)}}, "options: must be scenarios or"),
        ({"baseline": "A"}, "baseline: must be the name of an option; got 'A'; did you mean 'a'"),
        (
            {"measures": "leakers"},
            "measures: must be a list of measures, at least one; got 'leakers'",
        ),
        ({"measures": []}, "measures: must be a list"),
        ({"measures": ["leakers", "leakers"]}, "measures: must not hold one twice"),
        ({"measures": ["leaker"]}, "measures: must be one of"),
        (
            {"measures": [lt.Measure("dry", by="battery", of="B")]},
            "^option b: measure dry, of: 'B' is not the name of a battery",
        ),
        (
            {"measures": [lt.Measure("dry", by="battery")], "options": UNARMED},
            "^measure dry by battery: the baseline has none$",
        ),
        ({"measures": [lt.Measure("leakers", by="salvo")]}, "'s' is not the name of a salvo"),
        ({"replications": 1}, "replications: must be a whole number from 2"),
        ({"confidence": 1.0}, "confidence: must lie between"),
        ({"seed": 1.5}, "seed: must be a whole number"),
        ({"workers": -1}, "workers: must be a whole number from 1"),
        (
            {
                "measures": ["leak_rate"],
                "options": {"a": shots(0.7), "b": shots(0.7).replace("salvos.s.count", 0)},
            },
            "^option b: measure leak_rate: no threat that it is about is launched",
        ),
    ],
)
def test_refusals(changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("leakthrough.studies.evaluate.compute")  # nothing is simulated
    options = {"a": shots(0.7), "b": rich()}
    given: dict[str, Any] = {"options": options, "measures": ["leakers"], "replications": 10}
    with pytest.raises(ValueError, match=said):
        lt.compare(**{**given, **changes})
