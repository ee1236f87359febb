"""Allocation: the search alone, against all allocations, and against other methods."""

import functools
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from raids import api_example, battery, gun, layer, magazine, raid, salvo

import leakthrough as lt
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, measured_values
from leakthrough.studies.greedy_search import Prices, Search, Units
from leakthrough.studies.paired import PairedRuns, fresh

SIGMAS = 5.0

# ---------------------------------------------------------------- the search alone


@st.composite
def priced(draw: Any, most_paths: int = 5) -> tuple[Prices, float]:
    number = draw(st.integers(1, most_paths))
    costs = draw(
        st.lists(st.sampled_from([0.1, 0.3, 1.0, 2.5, 7.0]), min_size=number, max_size=number)
    )
    least = draw(st.lists(st.integers(0, 3), min_size=number, max_size=number))
    room = draw(st.lists(st.integers(0, 40), min_size=number, max_size=number))
    prices = Prices(
        tuple(costs), tuple(least), tuple(a + b for a, b in zip(least, room, strict=True))
    )
    return prices, prices.cost(tuple(least)) + draw(st.floats(0.1, 60.0))


def every_allocation(prices: Prices, budget: float) -> list[Units]:
    ranges = [range(a, b + 1) for a, b in zip(prices.least, prices.most, strict=True)]
    return [units for units in itertools.product(*ranges) if prices.within(units, budget)]


@given(case=priced(), data=st.data())
def test_an_exchange_stays_within_budget_and_bounds(case: tuple[Prices, float], data: Any) -> None:
    prices, budget = case
    units = prices.shared(budget)
    every = list(prices.every)
    for _ in range(6):
        assert prices.within(units, budget)
        assert all(a <= n <= b for a, n, b in zip(prices.least, units, prices.most, strict=True))
        buyers = data.draw(st.lists(st.sampled_from(every), min_size=1, unique=True))
        payers = [n for n in every if n not in buyers]
        money = data.draw(st.floats(0.0, budget))
        units = prices.exchanged(units, buyers, payers, money, budget)


@given(case=priced(), share=st.floats(0.0, 1.0))
def test_the_same_mixture_for_less_is_paid_for(case: tuple[Prices, float], share: float) -> None:
    prices, budget = case
    units, floor = prices.shared(budget), prices.cost(prices.least)
    less = floor + share * (budget - floor) + 1e-9
    assert prices.within(prices.scaled(units, less), less)


def constant(value: float) -> Values:
    return measured_values(np.full(100, value))


@given(
    gains=st.lists(st.floats(0.1, 9.0), min_size=2, max_size=4),
    rates=st.lists(st.floats(0.05, 0.9), min_size=4, max_size=4),
    budget=st.integers(5, 60),
)
def test_where_gains_diminish_it_finds_the_optimum(
    gains: list[float], rates: list[float], budget: int
) -> None:
    # For units of one price and gains that diminish, unit by unit on the best path is optimal
    # (Fox 1966): an independent computation.
    number = len(gains)
    prices = Prices((1.0,) * number, (0,) * number, (budget,) * number)

    def loss(units: Sequence[int]) -> Any:
        losses = [g * r**n for g, r, n in zip(gains, rates, units, strict=False)]
        return constant(sum(losses))

    best: list[int] = [0] * number
    for _ in range(budget):
        tries = [[n + (m == k) for m, n in enumerate(best)] for k in range(number)]
        best = min(tries, key=lambda units: float(loss(units).plain[0]))
    search = Search(prices, loss)
    shares = [2.0**-n for n in range(1, 8)]
    found = search.improve(prices.shared(budget), budget, shares)
    assert loss(found).plain[0] <= loss(tuple(best)).plain[0] + 1e-12 * sum(gains)
    assert len(search.known) < 75 * number


def test_it_steps_over_thresholds_and_buys_what_is_useful_only_together() -> None:
    # The first path has a small gain at once; ten units of the second gain more; the third and
    # fourth gain nothing alone and most together.
    def loss(units: Units) -> Any:
        a, b, c, d = units
        return constant(100.0 - 0.1 * a - 3.0 * (b // 10) - 2.0 * min(c, d, 20))

    prices = Prices((1.0, 1.0, 1.0, 1.0), (0,) * 4, (60,) * 4)
    search = Search(prices, loss)
    found = search.improve((60, 0, 0, 0), 60, [2.0**-n for n in range(1, 7)])
    assert loss(found).plain[0] == min(
        100.0 - 0.1 * (60 - b - 2 * c) - 3.0 * (b // 10) - 2.0 * min(c, 20)
        for b in range(61)
        for c in range((60 - b) // 2 + 1)
    )


def test_a_gain_within_the_error_is_none() -> None:
    draws = np.random.default_rng(1).normal(size=100)
    values: dict[Units, Values] = {
        (0,): constant(0.0),
        (1,): measured_values(draws - draws.mean() - 0.05),
        (2,): constant(-1e-9),
    }
    search = Search(Prices((1.0,), (0,), (2,)), values.__getitem__)
    assert not search.gains((1,), (0,))  # 0.05, with an error of about 0.1
    assert search.gains((2,), (0,))  # tiny, but the same in all
    assert not search.gains((0,), (0,))


# ---------------------------------------------------------------- scenarios


def layered(number: int) -> tuple[lt.Scenario, dict[str, float], dict[str, int], float]:
    """Scenario of three layers and three classes, paths and costs, least units, and the budget."""
    rng = np.random.default_rng(number)

    def chance(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    threats = [
        lt.Threat(name="drone", speed=50.0),
        lt.Threat(name="cruise", speed=250.0, priority=1),
        lt.Threat(name="ballistic", speed=1200.0, priority=2),
    ]
    guns = [
        gun("long", {"cruise": chance(0.6, 0.9), "ballistic": chance(0.4, 0.8)}, flight_time=15.0),
        gun("medium", {"drone": chance(0.6, 0.9), "cruise": chance(0.5, 0.8)}, flight_time=8.0),
        gun("short", {"drone": chance(0.3, 0.6), "cruise": chance(0.1, 0.3)}, flight_time=2.0),
    ]
    salvos = [
        salvo("d", int(rng.integers(30, 60)), lt.Uniform(start=0.0, stop=1800.0), "drone"),
        salvo("c", int(rng.integers(8, 20)), lt.Uniform(start=600.0, stop=900.0), "cruise"),
        salvo("b", int(rng.integers(3, 8)), 700.0, "ballistic"),
    ]

    def own(name: str, interceptor: str, **fields: Any) -> lt.Battery:
        return battery(name, magazines=[magazine(interceptor, 30)], reaction_time=4.0, **fields)

    two = lt.Doctrine(salvo_size={"ballistic": 2})
    layers = [
        layer("far", own("L", "long", doctrine=two), outer=60e3, inner_range=10e3),
        layer("mid", own("M", "medium", assessment_time=2.0), outer=25e3, inner_range=4e3),
        layer("near", own("S", "short"), outer=4e3),
    ]
    costs = {
        "layers.far.batteries.L.magazines.long.rounds": 1.0,
        "layers.far.batteries.L.channels": 4.0,
        "layers.mid.batteries.M.magazines.medium.rounds": 0.5,
        "layers.mid.batteries.M.channels": 2.0,
        "layers.near.batteries.S.count": 3.0,
    }
    least = {path: int(path.endswith("channels")) for path in costs}
    return raid(salvos, layers, guns, threats), costs, least, float(rng.integers(40, 90))


def differences(
    scenario: lt.Scenario,
    paths: list[str],
    ours: Units,
    theirs: list[Units],
    seed: int,
    measure: str = "leakers",
) -> list[tuple[float, float]]:
    """Mean and standard error of theirs minus ours, over fresh replications."""
    runs = PairedRuns(scenario, measure, 1_000, seed, Execution())
    with runs:

        def values(units: Units) -> Any:
            return runs.values(dict(zip(paths, map(int, units), strict=True))).plain

        changes = [values(units) - values(ours) for units in theirs]
    return [(change.mean(), change.std(ddof=1) / np.sqrt(change.size)) for change in changes]


@pytest.mark.parametrize("number", [1, 2])
def test_against_all_allocations(number: int, offset: int) -> None:
    # Some 60 to 100 allocations. On its own draws the one found is the best of them, or within two
    # standard errors of the difference: 200 replications detect a loss of about 0.2 leakers.
    scenario, costs, _, _ = layered(number)
    costs = {path: 5.0 * cost for path, cost in costs.items() if path.endswith(("rounds", "count"))}
    paths, budget = list(costs), 90.0
    found = lt.allocate(scenario, paths, budget, costs, replications=200, seed=40 + offset, steps=1)
    prices = Prices(tuple(costs.values()), (0,) * 3, (18, 36, 6))
    runs = PairedRuns(scenario, "leakers", 200, 40 + offset, Execution())
    with runs:
        every = {
            units: runs.values(dict(zip(paths, units, strict=True))).plain
            for units in every_allocation(prices, budget)
            if budget - prices.cost(units) < 2.5  # a cheaper one with the same rest is no better
        }
    best = min(every.values(), key=np.mean)
    ours = every[tuple(found.allocation.values.tolist())]
    change = ours - best
    assert change.mean() <= 2.0 * change.std(ddof=1) / np.sqrt(200)
    assert int(found.scenarios) < len(every)


def evolved(
    scenario: lt.Scenario,
    costs: dict[str, float],
    least: Units,
    budget: float,
    limit: int,
    seed: int,
) -> Units:
    """The best allocation that differential evolution finds in this many simulations."""
    from scipy.optimize import differential_evolution

    runs = PairedRuns(scenario, "leakers", 60, seed, Execution())
    prices = Prices(tuple(costs.values()), least, least)
    known: dict[Units, float] = {}

    def loss(point: Any) -> float:
        units = tuple(round(x) for x in point)
        if not prices.within(units, budget):
            units = prices.scaled(units, budget)
        if units not in known and len(known) < limit:
            changes = dict(zip(costs, units, strict=True))
            known[units] = float(runs.values(changes).plain.mean())
        return known.get(units, 1e6)

    money = budget - prices.cost(least)
    bounds = [(low, low + money // cost) for low, cost in zip(least, prices.costs, strict=True)]
    with runs:
        differential_evolution(
            loss,
            bounds,  # type: ignore[arg-type]
            integrality=[True] * len(bounds),
            rng=seed,
            popsize=8,
            init="sobol",
            polish=False,
            tol=0.0,
            callback=lambda *_: len(known) >= limit,  # type: ignore[arg-type]
        )
    return min(known, key=lambda units: known[units])


@pytest.mark.parametrize("number", [1, 2, 4])
def test_nothing_else_beats_it(number: int, offset: int) -> None:
    # Equal shares, shares by load, and differential evolution with as many simulations. On 1,000
    # fresh replications none is better by 5 standard errors of the difference (about 0.2 leakers),
    # and equal shares are worse by many.
    scenario, costs, lowest, budget = layered(number)
    paths, least = list(costs), tuple(lowest.values())
    found = lt.allocate(
        scenario, paths, budget, costs, replications=60, seed=50 + offset, least=lowest, steps=1
    )
    ours = tuple(found.allocation.values.tolist())
    prices = Prices(tuple(costs.values()), least, (10**6,) * 5)
    count = {s.threat: s.count for s in scenario.salvos if isinstance(s.count, int)}
    load = np.array(
        [
            sum(count[threat] for threat in interceptor.kill_probability)
            for interceptor, columns in zip(scenario.interceptors, (2, 2, 1), strict=True)
            for _ in range(columns)
        ]
    )
    money = (budget - prices.cost(least)) * load / load.sum()
    by_load = tuple(
        low + int(own // cost) for low, own, cost in zip(least, money, prices.costs, strict=True)
    )
    limit = int(found.scenarios)
    others = [
        prices.shared(budget),
        by_load,
        evolved(scenario, costs, least, budget, limit, 50 + offset),
    ]
    result = differences(scenario, paths, ours, others, 60 + offset)
    assert all(mean > -SIGMAS * error for mean, error in result), result
    assert result[0][0] > SIGMAS * result[0][1]


@functools.cache
def small() -> tuple[lt.Scenario, list[str], dict[str, float]]:
    guns, sams = "layers.point.batteries.gun.count", "layers.area.batteries.SAM.count"
    return api_example(), [guns, sams], {guns: 1.0, sams: 8.0}


def test_a_flat_optimum_has_a_wide_range(offset: int) -> None:
    """Allocations (a, 10 - a); standard error of each difference 0.1, so two are 0.2."""
    noise = np.random.default_rng(70 + offset).normal(size=(11, 200))
    noise -= noise.mean(axis=1, keepdims=True)

    def alike(curvature: float) -> list[int]:
        prices = Prices((1.0, 1.0), (0, 0), (10, 10))

        def loss(units: Units) -> Values:
            return measured_values(curvature * (units[0] - 5.0) ** 2 + noise[units[0]])

        search = Search(prices, loss)
        for number in range(11):
            search.values((number, 10 - number))
        assert search.best(10.0) == (5, 5) or curvature == 0
        return sorted(units[0] for units in search.alike((5, 5), 10.0))

    assert alike(0.0) == [*range(11)]
    assert alike(0.03) == [3, 4, 5, 6, 7]
    assert alike(1.0) == [5]


def test_the_frontier(offset: int) -> None:
    scenario, paths, costs = small()
    found = lt.allocate(
        scenario,
        paths,
        40.0,
        costs,
        replications=100,
        seed=70 + offset,
        steps=4,
        least={paths[0]: 2, paths[1]: 0},
    )
    assert found.frontier_allocation.dims == ("step", "path")
    np.testing.assert_allclose(found.budget, [11.5, 21.0, 30.5, 40.0])
    assert (found.frontier_cost <= found.budget + 1e-9).all()
    np.testing.assert_allclose(found.frontier_cost, found.frontier_allocation @ found.unit_cost)
    assert (found.frontier_allocation.sel(path=paths[0]) >= 2).all()
    assert (found.frontier_least <= found.frontier_allocation).all()
    assert (found.frontier_allocation <= found.frontier_most).all()
    last = found.isel(step=-1)
    assert (last.frontier_allocation == found.allocation).all()
    assert float(last.frontier_cost) == float(found.cost)
    assert (last.frontier_outcome == found.outcome).all()
    # A larger budget, fewer leakers: each step gains some 50, with a standard error below 3.
    assert (found.frontier_outcome.sel(estimate="mean").diff("step") < 0).all()
    assert found.attrs["measure"] == "leakers"


def test_the_outcome_is_from_fresh_replications(offset: int) -> None:
    scenario, paths, costs = small()
    found = lt.allocate(scenario, paths, 30.0, costs, replications=50, seed=80 + offset, steps=1)
    for path, units in zip(paths, found.allocation.values.tolist(), strict=True):
        scenario = scenario.replace(path, units)
    result = lt.simulate(scenario, replications=50, seed=fresh(80 + offset))
    expected = lt.Measure("leakers").estimates(lt.Measure("leakers").values(result).values)
    np.testing.assert_array_equal(found.outcome.values, expected)
    again = lt.allocate(
        small()[0], paths, 30.0, costs, replications=50, seed=80 + offset, steps=1, workers=1
    )
    assert again.identical(found)


def test_a_probability_is_made_high(offset: int) -> None:
    # 12 threats at once, one look each: rounds of p = 0.9 cost what rounds of p = 0.3 do.
    own = [
        battery(
            name, magazines=[magazine(name, 6)], channels=99, doctrine=lt.Doctrine(max_salvos=1)
        )
        for name in ("good", "bad")
    ]
    guns = [gun("good", 0.9), gun("bad", 0.3)]
    layers = [layer("a", own[1], outer=2000.0, inner_range=1000.0), layer("b", own[0])]
    scenario = raid(salvo(count=12), layers, guns)
    paths = [
        f"layers.{n}.batteries.{m}.magazines.{m}.rounds" for n, m in (("a", "bad"), ("b", "good"))
    ]
    found = lt.allocate(
        scenario, paths, 16, 1, "no_leaker", replications=400, seed=90 + offset, steps=1
    )
    # Exact: 4 spare rounds of the first kind leave 12 - Bin(4, 0.3) threats for the second.
    assert found.allocation.values.tolist() == [4, 12]
    low, high = found.outcome.sel(estimate=["low", "high"]).values
    assert 0 < low < high < 1


def test_fields_of_whole_numbers_that_hold_none() -> None:
    own = "layers.point.batteries.gun"
    rounds, salvos = f"{own}.magazines.gun burst.rounds", f"{own}.doctrine.max_salvos"
    scenario = api_example().replace(rounds, np.inf).replace(salvos, None)
    paths: Any = np.array([rounds, salvos])
    found = lt.allocate(scenario, paths, 6, 1, least=1, replications=10, seed=1, steps=1)
    assert found.allocation.values.sum() <= 6


def test_rounds_of_a_depot_and_channels_of_a_pool_are_bought() -> None:
    """Nine threats at once: there is time for one engagement by each channel of the pool."""
    fed = magazine(rounds=0, reload_rounds=9, depot="D")
    shots = raid(
        salvo(count=9, arrival=0.0),
        layer("L", battery(channels=9, pool="crews", reaction_time=6.0, magazines=[fed])),
        pools=[lt.Pool(name="crews", channels=1)],
        depots=[lt.Depot(name="D", interceptor="gun", rounds=0)],
    )
    paths, least = ["depots.D.rounds", "pools.crews.channels"], [0, 1]
    given: dict[str, Any] = {"least": dict(zip(paths, least, strict=True)), "seed": 1}
    found = lt.allocate(
        shots, paths, 9 * 2.0 + 9 * 1.0, {paths[0]: 2.0, paths[1]: 1.0}, **given, replications=10
    )
    assert found.allocation.values.tolist() == [9, 9]
    assert float(found.outcome.sel(estimate="mean")) == 0.0


# ---------------------------------------------------------------- passive protection

HARD, POINTS, SHELTERS = "assets.plant.hardness", "assets.plant.aim_points", "assets.city.hardness"
BURSTS = "layers.L.batteries.B.magazines.gun.rounds"
STEPS = {HARD: [0.0, 0.3, 0.6, 0.9], SHELTERS: [0.0, 0.5, 0.75]}


def two_places() -> lt.Scenario:
    """Six threats aim at a plant and three at a city; each burst kills one, at the plant first."""
    assets = [
        lt.Asset(name="plant", position=(0.0, 0.0), value=10.0, priority=1),
        lt.Asset(name="city", position=(0.0, 0.0), value=6.0),
    ]
    salvos = [salvo("p", 6, 0.0, target="plant"), salvo("c", 3, 0.0, target="city")]
    own = battery("B", channels=9, doctrine=lt.Doctrine(max_salvos=1))
    threats = [lt.Threat(name="t", speed=100.0, lethality=0.8)]
    return raid(salvos, layer("L", own), gun(kills=1.0), threats, assets=assets)


def value_lost(hard: int, points: int, shelters: int, bursts: int) -> float:
    """The value lost, which is certain: by hand."""
    plant, city = max(6 - bursts, 0), 3 - min(max(bursts - 6, 0), 3)
    spared = (1.0 - 0.8 * (1.0 - STEPS[HARD][hard]) / points) ** plant
    kept = (1.0 - 0.8 * (1.0 - STEPS[SHELTERS][shelters])) ** city
    return 10.0 * (1.0 - spared) + 6.0 * (1.0 - kept)


@pytest.mark.parametrize("budget", [7.0, 12.0, 15.0, 19.0, 24.0])
@pytest.mark.parametrize(
    "prices", [(3.0, 1.5, 2.0, 2.0), (2.0, 3.0, 4.0, 1.5), (4.0, 1.0, 1.0, 5.0)]
)
def test_protection_is_bought_where_it_saves_most(budget: float, prices: tuple[float, ...]) -> None:
    # All allocations, by hand: some 100 to 1,000.
    costs = dict(zip([HARD, POINTS, SHELTERS, BURSTS], prices, strict=True))
    found = lt.allocate(
        two_places(),
        list(costs),
        budget,
        costs,
        "value_lost",
        replications=2,
        seed=1,
        least={**dict.fromkeys(costs, 0), POINTS: 1},
        most={HARD: 9, POINTS: 20, SHELTERS: 9, BURSTS: 9},
        levels=STEPS,
        steps=1,
    )
    bounds = Prices(prices, (0, 1, 0, 0), (3, 20, 2, 9))
    best = min(value_lost(*units) for units in every_allocation(bounds, budget))
    hard, points, shelters, bursts = found.allocation.values.tolist()
    outcome = float(found.outcome.sel(estimate="mean"))
    assert outcome == pytest.approx(value_lost(hard, points, shelters, bursts), abs=1e-7)
    assert outcome == pytest.approx(best, abs=1e-7)
    values = [STEPS[HARD][hard], points, STEPS[SHELTERS][shelters], bursts]
    np.testing.assert_allclose(found.value, values)
    np.testing.assert_allclose(found.frontier_value, [values])
    assert float(found.cost) == pytest.approx(np.dot(found.allocation, prices))


def test_levels_of_a_layer_may_fall() -> None:
    # Each of nine threats is in reach for 10 s: with 4 s a burst two are engaged by one channel.
    path = "layers.L.batteries.B.reaction_time"
    scenario = two_places().replace("layers.L.batteries.B.channels", 1)
    found = lt.allocate(
        scenario,
        [path],
        2.0,
        1.0,
        "hits",
        levels={path: [8, 4, 2.5]},
        replications=2,
        seed=1,
        steps=2,
    )
    assert found.frontier_allocation.values.tolist() == [[1], [2]]
    assert found.frontier_value.values.tolist() == [[4.0], [2.5]]
    assert found.value.values.tolist() == [2.5]
    assert found.frontier_outcome.sel(estimate="mean").values.tolist() == [7.0, 5.0]


def test_aim_points_can_be_sized() -> None:
    undefended = two_places().replace(BURSTS, 0)
    goal = lt.Goal("value_lost", at_most=10.0)
    found = lt.size_for_goal(undefended, POINTS, goal, low=1, high=12, seed=1)
    assert value_lost(0, 10, 0, 0) < 10.0 < value_lost(0, 9, 0, 0)
    assert found.required == found.least == 10
    assert found.note.endswith("more may be destroyed, though each is worth less.")


PROTECTED: list[tuple[dict[str, Any], str]] = [
    ({"paths": [HARD], "levels": None}, "paths, assets.plant.hardness: must be a .* it holds 0.0"),
    (
        {"paths": ["assets.plant.value"], "levels": None},
        "paths, assets.plant.value: .* aim_points or hardness of",
    ),
    (
        {"paths": ["assets.plant.priority"], "levels": None},
        "priority: must be a field of a layer, or aim_points or hardness of assets, rounds of dep",
    ),
    (
        {"paths": ["salvos.p.count"], "levels": None},
        "paths, salvos.p.count: must be a field of a layer, or",
    ),
    ({"levels": {}}, "levels: must be a mapping of lists of numbers by path, at least one; got {}"),
    ({"levels": [0, 1]}, "levels: must be a mapping of lists of numbers by path"),
    ({"levels": {POINTS: [1, 2]}}, "levels: 'assets.plant.aim_points' is not one of the paths"),
    ({"levels": {HARD: 0.5}}, "levels, assets.plant.hardness: must be a list of numbers, at least"),
    ({"levels": {HARD: [0.5]}}, "hardness: must be a list of from 2 to 1,000 different numbers"),
    (
        {"levels": {HARD: [0, 0.5, 0]}},
        "hardness: must be a list of .* different numbers; got .0, 0",
    ),
    ({"levels": {HARD: [0, "x"]}}, "hardness: must be a list of from 2 to 1,000 different numbers"),
    ({"levels": {HARD: [0, np.nan]}}, "levels, assets.plant.hardness: must be a list of from 2"),
    ({"levels": {HARD: range(2000)}}, "levels, assets.plant.hardness: must be a list of from 2"),
    ({"levels": {HARD: [0, 2, 0.5]}}, "assets.plant.hardness: must be a number in .0, 1.; got 2"),
    ({"least": 4}, "least, assets.plant.hardness: must be a whole number from 0 to 3; got 4"),
    ({"least": 3}, "most: must be above least for at least one path"),
    ({"paths": [POINTS], "levels": None}, "assets.plant.aim_points: must be at least 1; got 0"),
]


@pytest.mark.parametrize(("changes", "said"), PROTECTED)
def test_refusals_of_protection(changes: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {"paths": [HARD], "levels": {HARD: STEPS[HARD]}, **changes}
    with pytest.raises(ValueError, match=said):
        lt.allocate(
            two_places(),
            **arguments,
            budget=9.0,
            costs=1.0,
            measure="value_lost",
            replications=10**9,
        )


# ---------------------------------------------------------------- wrong arguments

A, B = "layers.area.batteries.SAM.channels", "layers.point.batteries.gun.count"
DRONES = lt.Measure("leak_rate", by="salvo", of="drones")
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"paths": []}, "paths: must be a list of "),
    ({"paths": A}, "paths: must be a list of "),
    ({"paths": iter([A])}, "paths: must be a list of "),
    ({"scenario": "x"}, "scenario: must be a Scenario or a Campaign; got 'x'"),
    (
        {"scenario": api_example().replace("salvos.drones.count", 0), "measure": DRONES},
        "measure leak_rate of salvo drones: no threat that it is about is launched",
    ),
    ({"paths": [A, A]}, "paths: must be a list of "),
    ({"paths": [A, f"{A}s"]}, "nothing there is called 'channelss'; .*mean 'channels'"),
    ({"paths": [A, "layers.area.outer_range"]}, "paths, layers.area.outer_range: must be a whole"),
    ({"paths": [A, "salvos.drones.count"]}, "paths, salvos.drones.count: must be .* of a layer"),
    ({"budget": 0.0}, "budget: must be a finite number above 0; got 0.0"),
    ({"budget": float("nan")}, "budget: must be a finite number above 0; got nan"),
    ({"budget": 0.5}, "budget: buys nothing: it is 0.5, the least units cost 0, .* at least 1"),
    ({"budget": 40.0, "least": 20}, "budget: buys nothing: it is 40, the least units cost 60"),
    ({"costs": 0.0}, "costs, layers.area.batteries.SAM.channels: must be .* above 0; got 0.0"),
    ({"costs": {A: 1.0, B: -2.0}}, "costs, layers.point.batteries.gun.count: .* got -2.0"),
    ({"costs": {A: 1.0}}, "costs: must have exactly the given paths; see 'layers.point"),
    ({"least": -1}, "least, layers.area.batteries.SAM.channels: must be a whole number from 0"),
    ({"least": 3, "most": 2}, "most, layers.area.batteries.SAM.channels: .* from 3 to .* got 2"),
    ({"measure": lt.Measure("leakers", by="threat")}, "one number here; select one threat with"),
    ({"steps": 0}, "steps: must be a whole number from 1 to 100; got 0"),
    ({"replications": 1}, "replications: must be a whole number from 2"),
    ({"workers": 0}, "workers: must be a whole number from 1; got 0"),
    ({"budget": 30_000.0}, "layers.point.batteries.gun.count: must be at most 10,000"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "said"), REFUSED)
def test_refusals_before_any_simulation(changes: dict[str, Any], said: str) -> None:
    arguments: dict[str, Any] = {
        "paths": [A, B],
        "budget": 50.0,
        "costs": {A: 2.0, B: 1.0},
        "least": 1,
    }
    if "paths" in changes:
        arguments["costs"] = 1.0
    if changes.get("budget") == 0.5:
        arguments["least"] = 0
    arguments = {"measure": "leakers", "replications": 10**9, "seed": 1, **arguments, **changes}
    with pytest.raises(ValueError, match=said):
        lt.allocate(**{"scenario": api_example(), **arguments})
