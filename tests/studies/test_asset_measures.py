"""Measures of assets in every study."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import special, stats
from stars import LEAK, LETHALITY, star

import leakthrough as lt
from leakthrough.engine.lowered import job_of
from leakthrough.studies.evaluate import is_same, prepared
from leakthrough.studies.kinds import MEASURES
from leakthrough.studies.rows import RowReader

SIGMAS = 5.0
COUNTS = {"a": 3, "b": 8, "c": 12}
STAR = star(COUNTS)
OF_ASSETS = [name for name, kind in MEASURES.items() if kind.by == ("asset",)]
EVERY = [lt.Measure(name, by=by) for name in OF_ASSETS for by in MEASURES[name].groups]
KILL = "interceptors.gun.kill_probability.t"


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate(STAR, replications=300, seed=1)


def test_they_are_those_of_several_assets(result: xr.Dataset) -> None:
    down = result.destroyed == result.aim_points
    wanted: dict[str, Any] = {
        "hits": result.hits.sum("asset"),
        "hits by asset": result.hits,
        "not_hit": (result.hits == 0).all("asset"),
        "value_lost": result.value_lost.sum("asset"),
        "destroyed": result.destroyed.sum("asset"),
        "all_down": down.any("asset"),
        "all_down by asset": down,
    }
    for label_, expected in wanted.items():
        name, _, by = label_.partition(" by ")
        found = lt.Measure(name, by=by or None).values(result)
        assert np.array_equal(found.values, expected.values), label_
    one = lt.Measure("damage", by="asset", of="b").values(result)
    assert np.array_equal(one, result.damage.sel(asset="b"))


def test_down_at_the_start_of_a_raid_counts() -> None:
    plan = lt.Campaign(name="c", scenario=STAR, raids=2, interval=86_400.0)
    second = lt.simulate_campaign(plan, replications=50, seed=1).sel(raid=2)
    found = lt.Measure("all_down", by="asset").values(second)
    assert np.array_equal(found, second.down + second.destroyed == second.aim_points)
    assert not np.array_equal(found, second.destroyed == second.aim_points)


@pytest.mark.parametrize("measure", EVERY, ids=lambda measure: measure.label)
def test_a_sweep_has_what_the_simulation_has(measure: lt.Measure, result: xr.Dataset) -> None:
    call: dict[str, Any] = {"measures": [measure], "replications": 300, "seed": 1}
    axes = {"kill": {KILL: [0.2, 1.0 - LEAK]}}
    found = lt.sweep(STAR, axes, **call, controls=False)[measure.label].isel(kill=1)
    expected = measure.values(result).mean("replication").values
    np.testing.assert_allclose(found.sel(estimate="mean"), expected, atol=1e-12)
    controlled = lt.sweep(STAR, axes, **call)[measure.label].isel(kill=1)
    low, mean, high = (controlled.sel(estimate=e).values for e in ("low", "mean", "high"))
    assert ((low <= mean) & (mean <= high)).all()
    error = found.sel(estimate="standard_error").values
    assert (np.abs(mean - expected) <= 5.0 * error + 1e-9).all()


def test_distributions_of_counts(result: xr.Dataset) -> None:
    axes = {"kill": {KILL: [1.0 - LEAK]}}
    measures = [lt.Measure("destroyed", by="asset"), lt.Measure("hits"), lt.Measure("value_lost")]
    call: dict[str, Any] = {"measures": measures, "replications": 300, "seed": 1}
    found = lt.sweep(STAR, axes, **call, keep_distributions=True)
    names = [name for name in found.data_vars if str(name).startswith("distribution of")]
    assert names == ["distribution of destroyed by asset", "distribution of hits"]
    own = found["distribution of hits"].values.ravel()
    assert np.array_equal(own, np.bincount(result.hits.sum("asset"), minlength=len(own)))


@pytest.mark.parametrize("measure", EVERY, ids=lambda measure: measure.label)
def test_values_are_within_their_limits(measure: lt.Measure, result: xr.Dataset) -> None:
    job, labels = job_of(STAR)
    limits = RowReader(job, labels, [measure]).limits(job)
    values = measure.values(result).values.reshape(300, -1)
    ends = np.sort([limits.least[0], limits.most[0]], axis=0)
    assert (values >= ends[0] - 1e-9).all()
    assert (values <= ends[1] + 1e-9).all()
    if measure.name == "hits" and measure.by:
        assert ends.tolist() == [[0.0] * 3, [3.0, 8.0, 12.0]]


def test_a_value_is_no_part_of_the_draws_but_matters() -> None:
    """So options that differ in it are not taken for equal ones."""
    dear = STAR.replace("assets.b.value", 9.0)
    assert not is_same(*(prepared(own, [lt.Measure("value_lost")])[1] for own in (STAR, dear)))
    options = {"cheap": STAR, "dear": dear}
    found = lt.compare(options, measures=["value_lost", "hits"], replications=200, seed=1)
    lost, hits = found.difference.sel(estimate="mean", alternative="dear").values
    assert lost > 1.0
    assert hits == 0.0


def test_knowing_the_targets_is_worth_something() -> None:
    """One channel, and time for one of two threats: that which flies to the dear asset."""
    both = [
        salvo(f"at {name}", 20, lt.Regular(start=0.0, interval=40.0), target=name)
        for name in ("poor", "dear")
    ]
    assets = [
        lt.Asset(name="poor", position=(0.0, 0.0), value=1.0),
        lt.Asset(name="dear", position=(0.0, 0.0), value=5.0, aim_points=10),
    ]
    own = battery(channels=1, reaction_time=6.0, doctrine=lt.Doctrine(max_salvos=1))
    plain = raid(both, layer("L", own), gun(kills=0.8), assets=assets)
    known = plain.replace("assets.dear.priority", 1)
    measures: list[lt.Measure | str] = [
        *("leakers", "value_lost", "destroyed"),
        *(lt.Measure("hits", by="asset", of=name) for name in ("poor", "dear")),
        lt.Measure("damage", by="asset", of="dear"),
    ]
    options = {"not known": plain, "known": known}
    found = lt.compare(options, measures=measures, replications=400, seed=1)
    low, high = found.difference.sel(estimate=["low", "high"], alternative="known").values
    better = dict(zip(found.measure.values.tolist(), high < 0.0, strict=True))
    worse = dict(zip(found.measure.values.tolist(), low > 0.0, strict=True))
    assert better["value_lost"]
    assert better["hits of asset dear"]
    assert better["damage of asset dear"]
    assert worse["hits of asset poor"]
    assert not better["leakers"]
    assert not worse["leakers"]


ROUNDS = "layers.L c.batteries.B c.magazines.gun.rounds"
LIMITED = STAR.replace(ROUNDS, 6)
OF_C = lt.Measure("damage", by="asset", of="c")


def mean_of(values: xr.DataArray) -> float:
    return float(values.sel(estimate="mean"))


def test_tornado_and_sensitivity() -> None:
    swing = lt.tornado(LIMITED, {ROUNDS: (2, 12)}, OF_C, replications=200, seed=1).swing.isel(
        path=0
    )
    assert float(swing.sel(estimate="high")) < -0.1
    laws = {ROUNDS: stats.uniform(2.0, 10.0), KILL: stats.uniform(0.599, 0.002)}
    found = lt.sensitivity(LIMITED, laws, "value_lost", points=16, replications=50, seed=1)
    first, second = found.total.sel(estimate="mean").values
    assert second < 0.1 < 0.9 < first


def test_precision_of_a_value(offset: int) -> None:
    found = lt.simulate_to_precision(STAR, "value_lost", half_width=0.02, seed=1 + offset)
    expected = sum(
        (n + 1.0) * (1.0 - (1.0 - LEAK * LETHALITY / (2 * n + 1)) ** count)
        for n, count in enumerate(COUNTS.values())
    )
    assert bool(found.reached)
    assert abs(mean_of(found.value_lost) - expected) < 0.06
    with pytest.raises(ValueError, match="half_width"):
        lt.simulate_to_precision(STAR, OF_C, half_width=2.0, seed=1)


def test_saturation_and_gradient() -> None:
    path = "salvos.at c.count"
    found = lt.saturation_point(LIMITED, {path: (1, 40)}, OF_C, 0.5, replications=400, seed=1)
    low, high = found.crossing_low.item(), found.crossing_high.item()
    # Of n threats, (n - 6) and four tenths of the others leak.
    damage = {
        n: 1.0 - (1.0 - 0.16) ** max(n - 6, 0) * (1.0 - 0.064) ** min(n, 6) for n in range(41)
    }
    assert damage[int(low) - 1] < 0.5 < damage[int(high) + 1]
    gradient = lt.kill_probability_gradient(STAR, "value_lost", replications=20_000, seed=1)
    own = gradient.gradient.isel(interceptor=0, threat=0)
    expected = -sum(
        (n + 1.0)
        * count
        * LETHALITY
        / (2 * n + 1)
        * (1.0 - LEAK * LETHALITY / (2 * n + 1)) ** (count - 1)
        for n, count in enumerate(COUNTS.values())
    )
    error = float(own.sel(estimate="standard_error"))
    assert abs(mean_of(own) - expected) <= SIGMAS * error
    assert error < 0.05 * abs(expected)


def test_goals_and_allocation() -> None:
    """Rounds so that in 9 of 10 raids one of 5 aim points is left."""
    destroyed = lt.Measure("destroyed", by="asset", of="c")
    goal = lt.Goal(destroyed, at_most=4, quantile=0.9)
    found = lt.size_for_goal(STAR, ROUNDS, goal, low=0, high=16, seed=1)
    required = found.required.item()
    result = lt.simulate(STAR.replace(ROUNDS, int(required)), replications=4000, seed=2)
    assert float((result.destroyed.sel(asset="c") <= 4).mean()) > 0.88
    short = lt.simulate(STAR.replace(ROUNDS, int(required) - 2), replications=4000, seed=2)
    assert float((short.destroyed.sel(asset="c") <= 4).mean()) < 0.9
    mean = lt.Goal("value_lost", at_most=4.0)
    assert lt.size_for_goal(STAR, ROUNDS, mean, low=0, high=16, seed=1).required.item() <= 12
    none = lt.Goal(lt.Measure("not_hit", by="asset", of="a"), at_least=0.2)
    rounds = ROUNDS.replace(" c", " a")
    assert lt.size_for_goal(STAR, rounds, none, low=0, high=9, seed=1).required.item() == 3
    spent = dict.fromkeys((ROUNDS, rounds), 1.0)
    base = STAR.replace(ROUNDS, 0).replace(rounds, 0)
    call: dict[str, Any] = {"replications": 400, "seed": 1}
    for measure, path in (("not_hit", rounds), ("damage", ROUNDS)):
        name = "a" if measure == "not_hit" else "c"
        own = lt.Measure(measure, by="asset", of=name)
        bought = lt.allocate(base, [ROUNDS, rounds], 3.0, spent, own, **call)
        assert bought.allocation.sel(path=path).item() == 3, measure


@pytest.mark.parametrize(
    ("event", "bounds"),
    [
        (lt.Measure("hits", by="asset", of="c"), {"at_least": 9}),
        (lt.Measure("not_hit", by="asset", of="b"), {"at_least": 1}),
        (lt.Goal(lt.Measure("not_hit", by="asset", of="a"), at_least=0.5), {}),
        (lt.Measure("all_down", by="asset", of="c"), {"at_least": 1}),
        (lt.Measure("destroyed", by="asset", of="c"), {"at_most": 0}),
    ],
    ids=lambda own: str(getattr(own, "label", own)),
)
def test_rare_events(event: Any, bounds: dict[str, Any], offset: int) -> None:
    """Closed forms, at 5 standard errors."""
    x, leak = LEAK * LETHALITY / 5, stats.binom(12, LEAK)
    exact = {
        "hits of asset c": leak.sf(8),
        "not_hit of asset b": (1.0 - LEAK) ** 8,
        "all_down of asset c": sum(
            (-1.0) ** n * special.comb(5, n) * (1.0 - n * x) ** 12 for n in range(6)
        ),
        "destroyed of asset c": (1.0 - 5 * x) ** 12,
    }
    name = event.label if isinstance(event, lt.Measure) else ""
    expected = exact.get(name, 1.0 - (1.0 - LEAK) ** 3)
    found = lt.rare(STAR, event, **bounds, replications=20_000, seed=4 + offset)
    mean, error, *_ = found.probability.values
    assert abs(mean - expected) <= SIGMAS * error
    assert error < 0.25 * expected


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: lt.Goal("value_lost", at_most=3.0, quantile=0.9),
            "goal, quantile: value_lost is expected given the hits, so only its mean is of use; "
            "use destroyed",
        ),
        (lambda: lt.rare(STAR, "value_lost", at_least=3.0), "event: value_lost is expected given"),
        (lambda: lt.rare(STAR, OF_C, at_least=0.9), "event: damage of asset c is expected given"),
        (
            lambda: lt.Goal(OF_C, at_most=1.5),
            "goal, at_most: for damage of asset c must be between",
        ),
        (
            lambda: lt.rare(STAR, "hits", at_least=24),
            "event: impossible, since hits is from 0 to 23 here",
        ),
        (
            lambda: lt.rare(STAR, lt.Measure("destroyed", "asset", "b"), at_least=4),
            "event: impossible, since destroyed of asset b is from 0 to 3 here",
        ),
        (
            lambda: lt.Measure("hits", "asset", "d").values(lt.simulate(STAR, replications=2)),
            "measure hits, of: 'd' is not the name of an asset",
        ),
    ],
)
def test_refusals(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()


def test_without_assets_they_are_refused() -> None:
    bare = raid(salvo(count=2), layer("L", battery()))
    said = "measure hits: the scenario has no assets$"
    with pytest.raises(ValueError, match=said):
        lt.Measure("hits").values(lt.simulate(bare, replications=2, seed=1))
    with pytest.raises(ValueError, match=said):
        lt.sweep(bare, {"k": {KILL: [0.5]}}, measures=["hits"], replications=10**9)
    with pytest.raises(ValueError, match=said):
        lt.simulate_to_precision(bare, "hits", half_width=1.0)
