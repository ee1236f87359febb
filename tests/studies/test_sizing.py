"""Goals, the sizes that meet them, and saturation points against exact models.

Errors of searches and intervals are counted over ``TRIALS`` seeds; each test states what it
detects.
"""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.scheduler import Here
from leakthrough.statistics.adjusted import measured_values
from leakthrough.studies.goals import _tails

TRIALS = 200
SALVO = "layers.L.batteries.B.doctrine.salvo_size"
ROUNDS = "layers.L.batteries.B.magazines.gun.rounds"
CHANNELS = "layers.L.batteries.B.channels"
HOW: dict[str, Any] = {"seed": 1, "workers": 1}


def verdict_of(goal: lt.Goal, values: Any, error: float = 0.01) -> str:
    return goal.verdict(measured_values(values), error, (0.0, 10.0))


def volleys(count: int = 10, kills: float = 0.8) -> lt.Scenario:
    """Threats at once, one volley at each: a binomial raid."""
    return raid(
        salvo(count=count),
        layer("L", battery(doctrine=lt.Doctrine(max_salvos=1))),
        gun(kills=kills),
    )


def sequence(count: int, rounds: int, kills: float = 0.7, looks: int = 2) -> lt.Scenario:
    """Threats one after another against one magazine, some looks each."""
    own = battery(rounds=rounds, assessment_time=1.0, doctrine=lt.Doctrine(max_salvos=looks))
    times = lt.Regular(start=0.0, interval=10.0)
    return raid(salvo(count=count, arrival=times), layer("L", own), gun(kills=kills))


def stream(rate: float, channels: int, count: int = 600) -> lt.Scenario:
    """A Poisson stream that does not wait: a loss system, except for its start."""
    own = battery(channels=channels, assessment_time=stats.expon(scale=1.0))
    times = lt.Poisson(start=0.0, rate=rate)
    return raid(salvo(count=count, arrival=times), layer("L", own, outer=0.0), gun())


# Goals


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "goal: needs one of at_most and at_least; got None and None"),
        ({"at_most": 1, "at_least": 0}, "goal: needs one of at_most and at_least; got 1 and 0"),
        ({"at_most": -1.0}, "goal, at_most: for leakers must be a finite number above 0; got -1.0"),
        ({"at_most": 0}, "goal, at_most: for leakers must be a finite number above 0; got 0"),
        ({"at_most": "1"}, "goal, at_most: for leakers must be"),
        ({"at_most": math.nan}, "goal, at_most: for leakers must be"),
        ({"at_most": -1, "quantile": 0.5}, "at_most: for leakers must be a finite number from 0"),
        ({"at_most": 3, "quantile": 95}, "goal, quantile: must lie between 0 and 1, such as 0.95"),
        ({"measure": "no_leaker", "at_least": 1.2}, "at_least: for no_leaker must be between 0 an"),
        ({"measure": "no_leaker", "at_least": 1.0}, "at_least: for no_leaker must be between 0 an"),
        ({"measure": "leak_rate", "at_most": 10}, "at_most: for leak_rate must be between 0 and 1"),
        ({"measure": "dry", "at_most": 0.5, "quantile": 0.5}, "dry is a probability: it has none"),
        ({"measure": "drie", "at_most": 0.5}, "measure: must be one of"),
    ],
)
def test_absurd_goals(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        lt.Goal(**{"measure": "leakers", **given})


def test_a_goal_says_what_it_is() -> None:
    assert lt.Goal("leak_rate", at_most=0.1).label == "leak_rate at most 0.1"
    drones = lt.Measure("leakers", by="threat", of="drone")
    goal = lt.Goal(drones, at_least=3, quantile=0.05)
    assert goal.label == "5 % quantile of leakers of threat drone at least 3"


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99))
def test_tails_are_those_of_the_binomial_law(successes: int, failures: int, chance: float) -> None:
    number = successes + failures
    if number == 0:
        return
    law = stats.binom(number, chance)
    many, few = law.sf(successes - 1), law.cdf(successes)
    for error in (0.5, 0.05, 1e-4):
        if min(abs(many - error), abs(few - error)) > 1e-9:
            assert _tails(successes, number, chance, error) == (many <= error, few <= error)


@pytest.mark.parametrize(
    ("goal", "holds", "fails"),
    [
        (lt.Goal("leakers", at_most=2.5), 1, 4),
        (lt.Goal("leakers", at_least=2.5), 4, 1),
        (lt.Goal("leakers", at_most=3, quantile=0.9), 1, 5),
        (lt.Goal("leakers", at_least=3, quantile=0.1), 5, 1),
        (lt.Goal("no_leaker", at_least=0.5), 1, 0),
        (lt.Goal("dry", at_most=0.5), 0, 1),
    ],
)
def test_verdicts(goal: lt.Goal, holds: float, fails: float) -> None:
    random = np.random.default_rng(1)
    noise = 0.0 if goal.measure in ("no_leaker", "dry") else random.integers(-1, 2, 2_000)
    for value, verdict in ((holds, "holds"), (fails, "fails")):
        assert verdict_of(goal, value + noise + np.zeros(2_000), 1e-6) == verdict
    half = np.repeat([holds, fails], 1_000).astype(float)
    if goal.quantile is None:
        assert verdict_of(goal, half) == "undecided"


def test_a_bound_kept_by_all_is_not_shown_to_be_kept_in_the_mean_before_it_can_be() -> None:
    goal, nothing = lt.Goal("leakers", at_most=0.1), np.zeros(1_000)
    # one replication in 1,000 with ten leakers
    assert verdict_of(goal, nothing) == "undecided"
    assert verdict_of(goal, np.zeros(10_000)) == "holds"


# Sizes


@pytest.mark.parametrize("goal", [0.1, 0.5, 0.9, 0.99])
def test_salvo_size_for_a_probability_that_none_leaks(goal: float, offset: int) -> None:
    wanted = lt.Goal("no_leaker", at_least=goal)
    found = lt.size_for_goal(
        volleys(), SALVO, wanted, low=1, high=20, seed=offset, confidence=0.9999
    )
    assert float(found.required) == lt.exact.rounds_required(10, 0.8, goal)
    assert int(found.least) == float(found.required)


def test_rounds_for_each_kind_of_goal(offset: int) -> None:
    laws = {m: lt.exact.finite_magazine(20, m, 0.7, 2).sum("rounds_left") for m in range(41)}
    means = {m: float((law * law.leakers).sum()) for m, law in laws.items()}
    none = {m: float(law[0]) for m, law in laws.items()}
    nineties = {m: int(np.argmax(law.values.cumsum() >= 0.9)) for m, law in laws.items()}
    exact = {
        lt.Goal("leakers", at_most=4.2): min(m for m in laws if means[m] <= 4.2),
        lt.Goal("leak_rate", at_most=0.2): min(m for m in laws if means[m] / 20 <= 0.2),
        lt.Goal("no_leaker", at_least=0.05): min(m for m in laws if none[m] >= 0.05),
        lt.Goal("leakers", at_most=6, quantile=0.9): min(m for m in laws if nineties[m] <= 6),
        lt.Goal(lt.Measure("at_most", count=6), at_least=0.9): min(
            m for m in laws if nineties[m] <= 6
        ),
    }
    for goal, rounds in exact.items():
        found = lt.size_for_goal(
            sequence(20, 0), ROUNDS, goal, low=0, high=40, seed=offset, confidence=0.9999
        )
        assert float(found.required) == rounds, goal.label


def test_rounds_for_layers_with_inventories(offset: int) -> None:
    outer = battery("O", rounds=8, doctrine=lt.Doctrine(max_salvos=1))
    own = battery("B", rounds=0, doctrine=lt.Doctrine(max_salvos=1))
    times = lt.Regular(start=0.0, interval=100.0)
    layers = [
        layer("outer", outer, outer=2000.0, inner_range=1000.0),
        layer("L", own),
    ]
    scenario = raid(salvo(count=12, arrival=times), layers, gun(kills=0.6))
    exact = next(
        rounds
        for rounds in itertools.count()
        if lt.exact.layered_inventories(12, [(8, 1, 0.6), (rounds, 1, 0.6)])[:4].sum() >= 0.3
    )
    goal = lt.Goal(lt.Measure("at_most", count=3), at_least=0.3)
    found = lt.size_for_goal(scenario, ROUNDS, goal, low=0, high=20, seed=offset, confidence=0.9999)
    assert float(found.required) == exact


def test_channels_for_a_stream(offset: int) -> None:
    """Erlang's losses at 6, 7 and 8 channels are 19.2, 12.1 and 7.0 %; less at the start."""
    exact = next(c for c in itertools.count(1) if lt.exact.erlang_b(5.0, c) <= 0.1)
    goal = lt.Goal("leak_rate", at_most=0.1)
    found = lt.size_for_goal(
        stream(5.0, 1), CHANNELS, goal, low=1, high=30, seed=offset, confidence=0.9999
    )
    assert float(found.required) == exact


def test_a_search_is_wrong_no_more_often_than_stated(offset: int) -> None:
    """Goals a thousandth below and above the outcome of three rounds, with few replications.

    Bonferroni is conservative: of 200 searches 0 or 1 were wrong at the three seeds measured,
    where 10 are allowed. With errors not divided by steps and analyses, 9 to 13 were wrong; more
    than 4 indicate that mistake.
    """
    exact, wrong = float(lt.exact.raid_annihilation(10, 0.8, 3)), 0
    for bound, fewest in ((exact - 0.001, 3), (exact + 0.001, 4)):
        for trial in range(TRIALS // 2):
            found = lt.size_for_goal(
                volleys(),
                SALVO,
                lt.Goal("no_leaker", at_least=bound),
                low=1,
                high=8,
                most_replications=4_000,
                seed=1_000 * offset + trial,
                executor=Here(),
            )
            wrong += not int(found.least) <= fewest <= float(found.required)
    assert wrong <= 4


def test_what_is_not_decided_is_passed_over() -> None:
    goal = lt.Goal("no_leaker", at_least=float(lt.exact.raid_annihilation(10, 0.8, 3)))
    found = lt.size_for_goal(volleys(), SALVO, goal, low=1, high=9, most_replications=2_000, **HOW)
    assert found.verdict.sel(tried=3) == "undecided"
    assert int(found.replications.sel(tried=3)) == 2_000
    assert (int(found.least), float(found.required)) == (3, 4.0)
    estimate = found.estimates.sel(tried=4)
    assert estimate.sel(estimate="low") < 1 - (1 - 0.99840) * 10 < estimate.sel(estimate="high")


def test_a_goal_out_of_reach_needs_infinitely_many() -> None:
    goal = lt.Goal("no_leaker", at_least=0.9)
    found = lt.size_for_goal(volleys(), SALVO, goal, low=1, high=2, **HOW)
    assert (int(found.least), float(found.required)) == (3, math.inf)
    assert found.tried.values.tolist() == [1, 2]
    assert found.verdict.values.tolist() == ["fails", "fails"]
    exact = float(lt.exact.raid_annihilation(10, 0.8, 2))
    near = lt.Goal("no_leaker", at_least=exact)
    found = lt.size_for_goal(volleys(), SALVO, near, low=1, high=2, most_replications=1_000, **HOW)
    assert (int(found.least), float(found.required)) == (2, math.inf)


def test_a_goal_met_at_once_needs_the_lowest() -> None:
    goal = lt.Goal("no_leaker", at_least=0.9)
    found = lt.size_for_goal(volleys(), SALVO, goal, low=4, high=4, **HOW)
    assert (int(found.least), float(found.required)) == (4, 4.0)
    found = lt.size_for_goal(volleys(), SALVO, goal, low=5, high=9, **HOW)
    assert (int(found.least), float(found.required)) == (5, 5.0)
    assert found.attrs["goal"] == "no_leaker at least 0.9"
    assert lt.size_for_goal(volleys(), SALVO, goal, low=5, high=9, seed=1).identical(found)


def test_numbers_of_numpy_and_fields_that_hold_no_whole_number_yet() -> None:
    goal = lt.Goal("no_leaker", at_least=0.9)
    expected = lt.size_for_goal(volleys(), SALVO, goal, low=1, high=8, **HOW)
    found = lt.size_for_goal(volleys(), SALVO, goal, low=np.int64(1), high=np.int64(8), **HOW)  # type: ignore[arg-type]
    assert found.identical(expected)
    assert str(found.scenario_digest.values) == volleys().digest
    # One look leaves 3 of 10, two leave 0.9, and three 0.27: the goal needs three.
    looks, own = "layers.L.batteries.B.doctrine.max_salvos", sequence(10, 10**6)
    scenario = own.replace(looks, None)
    found = lt.size_for_goal(scenario, looks, lt.Goal("leakers", at_most=0.5), low=1, high=4, **HOW)
    assert float(found.required) == 3.0


def test_a_quantile_of_at_least_is_kept_in_the_rest_of_the_nights() -> None:
    # At least 1 in 95 % of the replications: the quantiles require 5 % of them, 94 % and 96 %.
    values = np.repeat([0.0, 1.0], [500, 9_500])
    verdicts = [
        verdict_of(lt.Goal("leakers", at_least=1, quantile=q), values) for q in (0.95, 0.06, 0.04)
    ]
    assert verdicts == ["holds", "holds", "fails"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": "x"}, "^scenario: must be a Scenario or a Campaign; got 'x'"),
        ({"goal": 0.9}, "goal: must be a Goal; got 0.9"),
        ({"goal": lt.Goal(lt.Measure("leakers", by="salvo"), at_most=1)}, "must be one number"),
        ({"low": 9, "high": 8}, "low: must be at most high = 8; got 9"),
        ({"low": -1}, "low: must be a whole number from 0 to 1000000000; got -1"),
        ({"high": 4.5}, "high: must be a whole number from 0 to 1000000000; got 4.5"),
        ({"low": 0}, "salvo_size: must be a whole number from 1"),
        ({"high": 10_000}, "salvo_size: must be a whole number from 1"),
        ({"path": "layers.L.outer_range"}, "^step: must be a finite number above 0; got None"),
        ({"path": "layers.L.outer_range", "step": 0.0}, "^step: must be a finite number above 0"),
        ({"path": "layers.L.outer_range", "step": 1e-9}, "^step: must give at most 1,000,000 cand"),
        ({"path": "layers.L.name"}, "^path: must be that of a number; layers.L.name is 'L'"),
        ({"step": 0.5}, "^step: must be a whole number from 1"),
        ({"path": "layers.L.battery"}, "nothing there is called 'battery'; .* did you mean"),
        ({"confidence": 0.0}, "confidence: must lie between"),
        ({"most_replications": 0}, "most_replications: must be a whole number from 2"),
        ({"extra_candidates": -1}, "extra_candidates: must be a whole number from 0 to 10000"),
        ({"seed": "1"}, "seed: must be a whole number"),
        ({"workers": 0}, "workers: must be a whole number from 1"),
    ],
)
def test_refusals(changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("leakthrough.studies.sequential.compute")  # nothing is simulated
    goal = lt.Goal("no_leaker", at_least=0.9)
    given = {"scenario": volleys(), "path": SALVO, "goal": goal, "low": 1, "high": 8, **changes}
    with pytest.raises(ValueError, match=said):
        lt.size_for_goal(**given)


# Saturation points


def test_the_size_of_a_raid_at_which_a_magazine_is_too_small(offset: int) -> None:
    """20 rounds kill 16 of N >= 20: the leak rate 1 - 16 / N is 0.45 at 29.09.

    Between 29 and 30 the interpolated line differs by 0.0003 and crosses 0.45 at 29.092. The
    interval must contain that in 95 % of 200 trials, minus three standard deviations of 1.5 points:
    one that contains it in 85 % fails at nine seeds in ten.
    """
    rates = 1 - 16 / 29, 1 - 16 / 30
    exact = 29 + (0.45 - rates[0]) / (rates[1] - rates[0])
    held, near = 0, []
    for trial in range(TRIALS):
        found = lt.saturation_point(
            sequence(1, 20, 0.8, 1),
            {"salvos.s.count": (10, 60)},
            "leak_rate",
            0.45,
            replications=200,
            seed=1_000 * offset + trial,
            executor=Here(),
        )
        held += bool(found.crossing_low <= exact <= found.crossing_high)
        near.append(float(found.crossing))
    assert held / TRIALS > 0.95 - 3 * math.sqrt(0.05 * 0.95 / TRIALS)
    error = np.std(near, ddof=1) / math.sqrt(TRIALS)
    assert abs(np.mean(near) - exact) < 5 * error + 0.01


def test_the_rate_at_which_a_channel_is_still_taken(offset: int) -> None:
    """The second of two threats finds the channel taken if it comes within a second."""
    own = battery(assessment_time=1.0)
    times = lt.Poisson(start=0.0, rate=1.0)
    scenario = raid(salvo(count=2, arrival=times), layer("L", own, outer=0.0), gun())
    axis = {"salvos.s.arrival.rate": (0.1, 3.0)}
    found = lt.saturation_point(
        scenario, axis, "leakers", 0.4, replications=20_000, seed=offset, confidence=1 - 1e-6
    )
    exact = -math.log(0.6)
    assert found.crossing_low <= exact <= found.crossing_high
    assert found.crossing_high - found.crossing_low < 0.1
    assert found.crossing_low < found.crossing < found.crossing_high
    result = lt.simulate(
        scenario.replace("salvos.s.arrival.rate", 3.0), replications=20_000, seed=offset
    )
    mean = float(found.leakers.sel(point=3.0, estimate="mean"))
    assert mean == float(result.leaked.sum("salvo").mean())


def test_a_measure_that_falls(offset: int) -> None:
    path = "interceptors.gun.kill_probability.t"
    found = lt.saturation_point(
        volleys(), {path: (0.05, 0.95)}, "leakers", 4.0, seed=offset, confidence=1 - 1e-6
    )
    assert found.crossing_low <= 0.6 <= found.crossing_high
    assert found.crossing_high - found.crossing_low < 0.05
    assert found.attrs["path"] == path


def test_results_say_where_they_come_from() -> None:
    scenario = volleys()
    axis = {"salvos.s.count": (5, 20)}
    found = lt.saturation_point(scenario, axis, "leakers", 2.5, replications=100, seed=7)
    looked = lt.simulate_to_precision(scenario, "leakers", 0.5, seed=7)
    for result in (found, looked):
        assert int(result.seed) == 7
        assert str(result.scenario_digest.values) == scenario.digest


def test_beyond_the_ends_of_the_axis() -> None:
    def found(low: int, high: int, threshold: float) -> list[float]:
        axis = {"salvos.s.count": (low, high)}
        own = lt.saturation_point(sequence(1, 20, 1.0, 1), axis, "leakers", threshold, **HOW)
        return [float(own[name]) for name in ("crossing", "crossing_low", "crossing_high")]

    assert found(1, 25, 9.0) == [math.inf, 25.0, math.inf]
    assert found(40, 50, 9.0) == [-math.inf, -math.inf, 40.0]
    assert found(1, 60, 9.0)[0] == pytest.approx(29.0)
    assert found(29, 60, 9.0)[0] == 29.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scenario": "x"}, "^scenario: must be a Scenario or a Campaign; got 'x'"),
        ({"axis": {}}, "axis: must be one path with"),
        ({"axis": {"salvos.s.count": "12"}}, "axis: must be one path with .* got '12'"),
        ({"axis": {"salvos.s.count": ("1", "2")}}, "axis: must be one path with"),
        ({"axis": ["salvos.s.count"]}, "axis: must be one path with"),
        ({"axis": {"salvos.s.count": 5}}, "axis: must be one path with"),
        ({"axis": {"salvos.s.count": (5, 5)}}, "axis: must be .* low below high"),
        ({"axis": {"salvos.s.count": (1, math.inf)}}, "axis: must be .* low below high"),
        ({"axis": {"salvos.s.count": (1.5, 7)}}, "salvos.s.count: must be a whole number"),
        ({"axis": {"salvos.s.count": (-5, 7)}}, "salvos.s.count: must be at least 0"),
        ({"axis": {"salvos.x.count": (5, 7)}}, "nothing there is called 'x'"),
        ({"axis": {"salvos.s.count": (0, 7)}}, "no threat that it is about is launched"),
        ({"measure": lt.Measure("leakers", by="salvo")}, "must be one number"),
        ({"threshold": 10}, "threshold: for leak_rate must be between 0 and 1; got 10"),
        ({"threshold": None}, "threshold: for leak_rate must be between 0 and 1; got None"),
        ({"replications": 1}, "replications: must be a whole number from 2"),
        ({"confidence": 2}, "confidence: must lie between"),
        ({"seed": -3}, "seed: must be a whole number"),
        ({"workers": 0}, "workers: must be a whole number from 1"),
    ],
)
def test_refusals_of_an_axis(
    changes: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("leakthrough.studies.sequential.compute")  # nothing is simulated
    axis = {"salvos.s.count": (1, 50)}
    given = {"scenario": volleys(), "axis": axis, "measure": "leak_rate", "threshold": 0.1}
    with pytest.raises(ValueError, match=said):
        lt.saturation_point(**{**given, **changes})
