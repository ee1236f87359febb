"""The stopping rule of a sequential simulation: coverage, and replications used.

Coverage is checked in two ways. ``TRIALS`` times the rule is applied to values from an exact
distribution: the standard deviation of a coverage of 95 % is 0.44 %, and the bound of 1.5 points
below it is 3.4 of them away. A rule that truly covers 92 % fails at 99 seeds in 100. And 500 times
everything is simulated with 99 % intervals; there, too, 1.5 points are 3.4 standard deviations.

Measured at eleven seeds [%]: a mean 94.2 to 95.7; a rare P(no leaker) 95.4 to 96.7, with relative
precision 94.2 to 95.4 (at five seeds); a skewed mean 96.1 to 97.5, with relative precision 94.2 to
96.0; an almost certain one 96.2 to 97.0; rare disasters 100; the 500 runs 98.0 to 99.8.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt
from leakthrough.engine.scheduler import Here
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, measured_values
from leakthrough.statistics.controls import Controlled
from leakthrough.statistics.intervals import student
from leakthrough.statistics.means import Moments
from leakthrough.studies import precision, sequential
from leakthrough.studies.sequential import SequentialSample

TRIALS = 2_500
Numbers = npt.NDArray[np.float64]
Law = Callable[[np.random.Generator, int], Numbers]


def few(count: int = 5, kills: Any = 0.7, rounds: int = 10**6) -> lt.Scenario:
    """Some threats at once, one shot at each."""
    shots = lt.Doctrine(max_salvos=1)
    return raid(
        salvo(count=count), layer("L", battery(rounds=rounds, doctrine=shots)), gun(kills=kills)
    )


class Drawn(SequentialSample):
    """Values drawn from a distribution, instead of a scenario."""

    def __init__(self, law: Law, measure: lt.Measure, most: float, seed: list[int]) -> None:
        self.law, self.measure, self.most = law, measure, most
        self.random = np.random.default_rng(seed)
        self.arrays = [np.empty((0, 1))]

    def up_to(self, replications: int) -> Values:
        more = self.law(self.random, max(replications - len(self.plain), 0))
        self.arrays = [np.concatenate([self.arrays[0], more[:, np.newaxis]])]
        return measured_values(self.plain[:replications])


def share(probability: float) -> Law:
    return lambda random, number: (random.random(number) < probability).astype(float)


def coverage(
    law: Law,
    true: float,
    measure: str,
    half_width: float,
    *,
    relative: bool = False,
    most: float = 1.0,
    seed: int = 0,
    trials: int = TRIALS,
) -> float:
    """Share of the trials in which the interval contains the true mean."""
    wanted = precision._Wanted(half_width, relative, 0.95, 10**6)
    covered = 0
    for trial in range(trials):
        _, look = precision._until(Drawn(law, lt.Measure(measure), most, [trial, seed]), wanted)
        assert look.reached
        covered += look.estimates[2] <= true <= look.estimates[3]
    return covered / trials


CASES: dict[str, tuple[Any, ...]] = {
    "a mean": (lambda random, n: random.binomial(5, 0.3, n) * 1.0, 1.5, "leakers", 0.04, False, 5),
    "a rare P(no leaker)": (share(0.002), 0.002, "no_leaker", 0.0015, False, 1.0),
    "one relative to itself": (share(0.002), 0.002, "no_leaker", 0.9, True, 1.0),
    "a skewed mean": (
        lambda random, n: 10.0 * (random.random(n) < 0.01),
        0.1,
        "leakers",
        0.05,
        False,
        10.0,
    ),
    "one relative to itself, too": (
        lambda random, n: 10.0 * (random.random(n) < 0.02),
        0.2,
        "leakers",
        0.9,
        True,
        10.0,
    ),
    "a sure one relative to itself": (share(0.995), 0.995, "no_leaker", 0.003, True, 1.0),
    "a mean made of rare disasters": (
        lambda random, n: 10.0 * (random.random(n) < 0.001),
        0.01,
        "leakers",
        0.08,
        False,
        10.0,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_it_does_not_stop_too_early(case: str, offset: int) -> None:
    law, true, measure, half_width, relative, most = CASES[case]
    found = coverage(law, true, measure, half_width, relative=relative, most=most, seed=31 + offset)
    assert found > 0.935


def test_the_usual_rule_would(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    """First interim analysis after 20 replications, with Student's t interval."""
    monkeypatch.setattr(precision, "FIRST", 20)
    monkeypatch.setattr(sequential, "FIRST", 20)

    def usual(_: lt.Measure, moments: Moments, number: int, level: float, **__: Any) -> Controlled:
        found = np.append(student(moments.mean, moments.variance, number, level), 1.0)
        return Controlled(found, np.array(0), found)

    monkeypatch.setattr(lt.Measure, "estimated", usual)
    law, true, measure, half_width, _, most = CASES["a skewed mean"]
    found = coverage(law, true, measure, half_width, most=most, seed=31 + offset, trials=200)
    assert found < 0.9


def test_500_runs_of_the_simulator_cover_the_exact_mean(offset: int) -> None:
    exact = lt.exact.leakers(5, 0.7)
    mean = float((exact * exact.leakers).sum())
    covered, used = 0, []
    for trial in range(500):
        found = lt.simulate_to_precision(
            few(),
            "leakers",
            0.05,
            confidence=0.99,
            seed=1_000 * offset + trial,
            executor=Here(),
            controls=False,
        )
        low, high = found.leakers.sel(estimate=["low", "high"]).values
        covered += low <= mean <= high
        used.append(int(found.replications))
        assert (high - low) / 2 <= 0.05
    assert covered / 500 >= 0.975
    # what is needed is (2.576 / 0.05)^2 times the variance of 1.05; not much more is used
    assert 2_400 < np.mean(used) < 1.2 * 2_787


def test_it_uses_the_first_replications_of_the_simulation() -> None:
    found = lt.simulate_to_precision(few(), "leakers", 0.04, seed=7, controls=False)
    number = int(found.replications)
    result = lt.simulate(few(), replications=number, seed=7)
    mean, error = lt.Measure("leakers").estimates(result.leaked.values.astype(float))[:2, 0]
    assert found.leakers.sel(estimate="mean") == mean
    assert found.leakers.sel(estimate="standard_error") == pytest.approx(error)
    assert found.analyses.values.tolist()[0] == 1_000
    assert found.analyses.values.tolist()[-1] == number
    assert bool(found.reached)
    assert int(found.seed) == 7
    assert found.leakers.attrs["units"] == "1"
    again = lt.simulate_to_precision(few(), "leakers", 0.04, seed=7, workers=1, controls=False)
    assert again.identical(found)


def test_growing_batches_have_the_values_of_one() -> None:
    growing = SequentialSample(few(), lt.Measure("leakers"), seed=3, execution=Execution(workers=2))
    for replications in (10, 11, 500):
        assert growing.up_to(replications).replications == replications
    result = lt.simulate(few(), replications=500, seed=3)
    np.testing.assert_array_equal(growing.plain, result.leaked.values[:, 0])


def test_where_nothing_ever_leaks_it_stops_at_what_that_can_show() -> None:
    found = lt.simulate_to_precision(few(kills=1 - 1e-7), "leakers", 0.01, seed=1)
    low, high = found.leakers.sel(estimate=["low", "high"]).values
    assert low == found.leakers.sel(estimate="mean") == 0.0
    assert 0.0 < high <= 0.01
    assert bool(found.reached)
    known = lt.simulate_to_precision(few(count=0), "leakers", 0.01, seed=1)
    assert known.leakers.values.tolist() == [0.0] * 4
    assert int(known.replications) == 1_000


@pytest.mark.parametrize(("kills", "leakers"), [(0.0, 5.0), (1.0, 0.0)])
def test_what_is_certain_needs_no_precision(kills: float, leakers: float) -> None:
    for relative in (False, True):
        found = lt.simulate_to_precision(
            few(kills=kills), "leakers", 1e-6, relative=relative, seed=1
        )
        assert found.leakers.values.tolist() == [leakers, 0.0, leakers, leakers]
        assert bool(found.reached)
        assert bool(found.leakers_settled)
        assert int(found.replications) == 1_000


@pytest.mark.parametrize(("measure", "kills"), [("leakers", 1e-9), ("no_leaker", 1.0)])
def test_what_is_always_the_same_is_soon_known_relative_to_itself(
    measure: str, kills: float
) -> None:
    found = lt.simulate_to_precision(few(kills=kills), measure, 0.1, relative=True, seed=1)
    mean, _, low, high = found[measure].values
    assert low < mean == high
    assert int(found.replications) == 1_000


def test_it_says_when_it_gave_up() -> None:
    with pytest.warns(RuntimeWarning, match=r"leakers: not as precise .* 5,000 .* seem needed"):
        found = lt.simulate_to_precision(
            few(), "leakers", 0.001, most_replications=5_000, seed=1, controls=False
        )
    assert not found.reached
    assert int(found.replications) == 5_000
    with pytest.warns(RuntimeWarning, match="with 5,000 replications$"):
        lt.simulate_to_precision(
            few(kills=1 - 1e-7), "leakers", 0.1, relative=True, most_replications=5_000, seed=1
        )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": "x"}, "^scenario: must be a Scenario or a Campaign; got 'x'"),
        ({"measure": "leaker"}, "measure: must be one of"),
        (
            {"measure": lt.Measure("leakers", by="salvo")},
            "must be one number here; select one salvo with `of`",
        ),
        ({"measure": lt.Measure("leakers", by="salvo", of="x")}, "'x' is not the name of a salvo"),
        ({"half_width": 0.0}, "half_width: for leakers must be a finite number above 0; got 0.0"),
        ({"half_width": "0.1"}, "half_width: for leakers must be a finite number above 0"),
        ({"half_width": True}, "half_width"),
        ({"half_width": float("inf")}, "half_width"),
        ({"half_width": 1, "relative": True}, "half_width: relative to a mean must be between"),
        ({"half_width": 1, "measure": "no_leaker"}, "for no_leaker must be between 0 and 1; got 1"),
        ({"relative": 1}, "relative: must be True or False; got 1"),
        ({"confidence": 95}, "confidence: must lie between 0 and 1"),
        ({"most_replications": 1}, "most_replications: must be a whole number from 2"),
        ({"seed": -1}, "seed: must be a whole number from 0"),
        ({"workers": 0}, "workers: must be a whole number from 1; got 0"),
        ({"scenario": few(count=0), "measure": "leak_rate"}, "no threat .* is launched"),
    ],
)
def test_refusals(changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("leakthrough.studies.sequential.compute")  # nothing is simulated
    given = {"scenario": few(), "measure": "leakers", "half_width": 0.1, **changes}
    with pytest.raises(ValueError, match=said):
        lt.simulate_to_precision(**given)
