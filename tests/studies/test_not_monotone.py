"""Searches claim only what is true of all values, where more is not always better.

The claims are compared with all values on common random numbers. In generated small raids the
mean number of leakers often falls and then rises along a field; the share that does is asserted,
so that the comparison cannot become empty.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np
import pytest
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt
from leakthrough.engine.scheduler import Here
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, measured_values
from leakthrough.studies.greedy_search import Prices, Search, Units
from leakthrough.studies.paired import PairedRuns

OWN = "layers.L.batteries.B"
CHANNELS, ROUNDS = f"{OWN}.channels", f"{OWN}.magazines.gun.rounds"
SALVO = f"{OWN}.doctrine.salvo_size"
FIELDS = (CHANNELS, SALVO, CHANNELS, ROUNDS, CHANNELS, f"{OWN}.doctrine.max_salvos", f"{OWN}.count")
LOW, MOST = 1, 12
REPLICATIONS = 2_000
RAIDS = 40


def wasteful(
    drones: int = 10,
    missiles: int = 20,
    kills: tuple[float, float] = (0.8, 0.05),
    rounds: int = 24,
    **fields: Any,
) -> lt.Scenario:
    """One gun for drones that it kills and missiles that it rarely kills."""
    flight = fields.pop("flight_time", 8.0)
    own = battery(rounds=rounds, **{"reaction_time": 8.0, **fields})
    times = lt.Uniform(start=0.0, stop=200.0)
    return raid(
        [salvo("d", drones, times, "drone"), salvo("m", missiles, times, "missile")],
        layer("L", own, outer=20e3),
        gun(kills={"drone": kills[0], "missile": kills[1]}, flight_time=flight),
        [lt.Threat(name="drone", speed=250.0), lt.Threat(name="missile", speed=900.0)],
    )


@functools.cache
def generated(number: int, offset: int) -> tuple[lt.Scenario, str, dict[int, float]]:
    """A small raid, a field, and the mean leakers at all values."""
    rng = np.random.default_rng([number, offset])
    scenario = wasteful(
        int(rng.integers(5, 16)),
        int(rng.integers(10, 26)),
        (float(rng.uniform(0.6, 1.0)), float(rng.uniform(0.01, 0.1))),
        int(rng.integers(10, 31)),
        channels=int(rng.integers(1, 4)),
        reaction_time=float(rng.choice([2.0, 4.0, 8.0, 16.0])),
        flight_time=float(rng.choice([2.0, 4.0, 8.0])),
    )
    path = FIELDS[number % len(FIELDS)]
    return scenario, path, {n: mean(scenario.replace(path, n)) for n in range(LOW, MOST + 1)}


def mean(scenario: lt.Scenario) -> float:
    with PairedRuns(scenario, "leakers", REPLICATIONS, 1, Execution(executor=Here())) as runs:
        return float(runs.values({}).plain.mean())


def levels(means: dict[int, float]) -> list[float]:
    """Two levels in the middle of gaps between the means, so that all are decided.

    Where the means fall and rise again, they are the lowest.
    """
    ordered = sorted(set(means.values()))
    return [(a + b) / 2 for a, b in itertools.pairwise(ordered) if b - a > 0.3][:2]


@pytest.mark.parametrize("extra", [0, 2, 32])
def test_a_size_is_never_claimed_wrongly(extra: int, offset: int) -> None:
    """With at most 2,000 replications of 5 to 40 threats, margins are below 0.3 leakers."""
    tried = reversed_ = 0
    for number in range(RAIDS):
        scenario, path, means = generated(number, offset)
        for level in levels(means):
            found = lt.size_for_goal(
                scenario,
                path,
                lt.Goal("leakers", at_most=level),
                low=LOW,
                high=MOST,
                most_replications=REPLICATIONS,
                extra_candidates=extra,
                seed=1,
                executor=Here(),
            )
            holds = [n for n, value in means.items() if value <= level]
            assert int(found.least) <= min(holds, default=math.inf) <= float(found.required)
            for at, verdict in zip(found.tried.values.tolist(), found.verdict.values, strict=True):
                assert verdict in ("holds" if at in holds else "fails", "undecided"), (number, at)
            smaller = range(LOW, int(min(float(found.required), MOST + 1)))
            assert int(found.untried) == len(set(smaller) - set(found.tried.values.tolist()))
            if extra >= MOST:
                assert int(found.untried) == 0
            if (
                int(found.least) > LOW
                and int(found.untried) == 0
                and "undecided" not in (found.verdict.values)
            ):
                assert int(found.least) == min(float(found.required), MOST + 1)
            tried += 1
            reversed_ += bool(holds) and set(holds) != set(range(min(holds), MOST + 1))
    assert tried > RAIDS / 2
    assert reversed_ > tried / 5, (reversed_, tried)


def test_fewer_channels_are_found_where_the_most_fail() -> None:
    """Means 22.9, 20.5, 21.5, 21.9, 22.0, 22.0 at 1, 2, 3, 4, 6, 8 channels."""
    goal = lt.Goal("leakers", at_most=20.9)
    found = lt.size_for_goal(wasteful(), CHANNELS, goal, low=1, high=8, seed=1)
    assert (int(found.least), float(found.required)) == (2, 2.0)
    assert "hold for 2; smaller numbers from 1: 1 shown to fail" in found.note
    assert "with more channels more rounds are fired" in found.note
    goal = lt.Goal("leakers", at_most=20.0)
    found = lt.size_for_goal(wasteful(), CHANNELS, goal, low=1, high=8, seed=1)
    assert (int(found.least), float(found.required)) == (9, math.inf)
    found = lt.size_for_goal(
        wasteful(), CHANNELS, goal, low=1, high=200, seed=1, extra_candidates=3
    )
    assert (int(found.least), float(found.required), int(found.untried)) == (4, math.inf, 187)
    assert found.tried.values.tolist() == [1, 2, 3, 5, 9, 17, 33, 65, 97, 129, 164, 182, 200]
    assert "not shown to hold for any number that was tried; numbers from 1: 13" in found.note


def test_crossings_to_and_fro_are_counted(offset: int) -> None:
    """At every whole number, so that no crossing is missed; margins are below 0.3 leakers."""
    tried = several = 0
    for number in range(RAIDS):
        scenario, path, means = generated(number, offset)
        for level in levels(means):
            found = lt.saturation_point(
                scenario,
                {path: (LOW, MOST)},
                "leakers",
                level,
                replications=REPLICATIONS,
                seed=1,
                executor=Here(),
            )
            exact = [n for n in range(LOW + 1, MOST + 1) if crosses(means, n, level)]
            assert int(found.crossings) == len(exact), (number, level)
            at, left, right = (float(found[f"crossing{end}"]) for end in ("", "_low", "_high"))
            if exact:
                assert exact[0] - 1 <= left <= at <= right <= exact[0]
            else:
                assert math.isinf(at)
            tried += 1
            several += len(exact) > 1
    assert tried > RAIDS / 2
    assert several > 0


def crosses(means: dict[int, float], number: int, level: float) -> bool:
    return (means[number - 1] < level) != (means[number] < level)


@pytest.mark.parametrize("path", [f"{OWN}.reaction_time", "interceptors.gun.flight_time"])
def test_a_crossing_is_between_two_sides(path: str, offset: int) -> None:
    """At the middle of the means at nine times; up to the length of a straight line."""
    several, step = 0, 40.0 / 1_024
    for number in range(RAIDS // 4):
        scenario, *_ = generated(number, offset)
        means = [mean(scenario.replace(path, time)) for time in np.linspace(0.0, 40.0, 9)]
        level, axis = (min(means) + max(means)) / 2, {path: (0.0, 40.0)}
        found = lt.saturation_point(
            scenario, axis, "leakers", level, replications=REPLICATIONS, seed=1, executor=Here()
        )
        at, left, right = (float(found[f"crossing{end}"]) for end in ("", "_low", "_high"))
        assert left <= at <= right
        ends = max(left - step, 0.0), min(right + step, 40.0)
        before, after = (mean(scenario.replace(path, end)) for end in ends)
        assert (before < level) != (after < level)
        several += int(found.crossings) > 1
    assert several > 0


def test_a_hump_below_the_ends_of_an_axis() -> None:
    axis = {f"{OWN}.reaction_time": (4.0, 40.0)}
    found = lt.saturation_point(
        wasteful(channels=8), axis, "leakers", 21.0, replications=REPLICATIONS, seed=1
    )
    assert 12.0 < float(found.crossing_low) <= float(found.crossing_high) < 17.0
    assert int(found.crossings) == 2
    assert "2 times; the first crossing is given" in found.note
    path, values = next(iter(axis)), [4.0, 16.0, 40.0]
    swept = lt.sweep(
        wasteful(channels=8), {path: values}, measures=["leakers"], replications=50, seed=1
    )
    drawn = lt.plot.saturation(swept, "leakers", knee=found).get_legend_handles_labels()[1]
    assert any(label.startswith("first knee: 14.") for label in drawn)


# Allocation


def test_fewer_units_than_the_budget_buys() -> None:
    for steps in (1, 6):
        found = lt.allocate(
            wasteful(), [CHANNELS], 8, 1, replications=1_000, seed=1, least=1, steps=steps
        )
        assert found.allocation.values.tolist() == [2]
    assert "allocations that were tried" in found.note


def test_two_more_where_one_more_is_worse() -> None:
    losses = {0: 9.0, 1: 8.0, 2: 8.5, 3: 7.0, 4: 7.5, 5: 8.0, 6: 8.5, 7: 8.7}
    every = {n: measured_values(np.full(9, loss)) for n, loss in losses.items()}
    search = Search(Prices((1.0,), (0,), (7,)), lambda units: every[units[0]])
    assert search.improve((1,), 7.0, []) == (3,)
    assert search.improve((7,), 7.0, []) == (3,)


def test_no_neighbour_of_an_allocation_gains(offset: int) -> None:
    """One or two units more or fewer of a path, on the draws of the search."""
    paths, budget, unspent = [CHANNELS, SALVO], 30.0, 0
    prices = Prices((3.0, 2.0), (1, 1), (9, 13))
    for number in range(RAIDS // 2):
        scenario, *_ = generated(number, offset)
        costs = dict(zip(paths, prices.costs, strict=True))
        found = lt.allocate(
            scenario, paths, budget, costs, replications=300, seed=3, least=1, steps=1
        )
        ours: Units = tuple(found.allocation.values.tolist())
        runs = PairedRuns(scenario, "leakers", 300, 3, Execution(), controls=True)

        def values(units: Units, runs: PairedRuns = runs) -> Values:
            return runs.values(dict(zip(paths, units, strict=True)))

        with runs:
            search = Search(prices, values)
            near = prices.resized(ours, budget)
            assert not any(search.gains(other, ours) for other in near)
        unspent += prices.cost(ours) < budget
    assert unspent > 0
