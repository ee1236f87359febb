"""Measures of campaigns: definitions, values in every study, ranges, and exact probabilities."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from campaigns import campaign as any_campaign
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats
from stars import star

import leakthrough as lt
from leakthrough.engine.lowered import job_of
from leakthrough.run_options import Execution
from leakthrough.studies.evaluate import values
from leakthrough.studies.kinds import COUNTED_TO, MEASURES
from leakthrough.studies.rows import RowReader

REPLICATIONS, SEED = 300, 11
CALL: dict[str, Any] = {"replications": REPLICATIONS, "seed": SEED}


def weeks() -> lt.Campaign:
    """Five raids of three kinds, with a drawn number, a decoy, and a stock of one of two guns."""
    spread = lt.Uniform(start=0.0, stop=60.0)
    first = salvo("first", 9, spread)
    lures = salvo("lures", stats.binom(12, 0.5), spread, threat="lure")
    third = salvo("third", stats.poisson(4.0), spread, target="near")
    near, far = battery("near", 6, channels=2), battery("far", magazines=[magazine("long", 4)])
    scenario = raid(
        first,
        [layer("outer", far, inner_range=500.0), layer("inner", near, outer=500.0)],
        [gun(kills={"t": 0.5, "lure": 0.6}, cost=2.5), gun("long", 0.7, cost=10.0)],
        [
            lt.Threat(name="t", speed=100.0, lethality=0.5),
            lt.Threat(name="lure", speed=90.0, decoy=True),
        ],
    )
    return lt.Campaign(
        name="weeks",
        scenario=scenario,
        raids=[[first, lures], [first, third], [first, lures], [lures], [first, third]],
        interval=100.0,
        resupply=[
            lt.Resupply(battery="near", interceptor="gun", rounds=4),
            lt.Resupply(battery="far", interceptor="long"),
        ],
        stocks=[lt.Stock(interceptor="gun", rounds=9, rate=0.02)],
        replacement_time=150.0,
    )


def struck() -> lt.Campaign:
    """Four raids on three assets, whose aim points are repaired within two raids."""
    scenario = star({"a": 3, "b": 8, "c": 12})
    for name in "abc":
        scenario = scenario.replace(f"assets.{name}.repair_time", 1500.0)
    return lt.Campaign(name="struck", scenario=scenario, raids=4, interval=1000.0)


CAMPAIGNS = {
    "weeks": weeks(),
    "struck": struck(),
    **{f"any {number}": any_campaign(number) for number in (3, 8, 21, 34)},
}


def has(scenario: lt.Scenario, needed: str) -> bool:
    """Whether a scenario has what a measure needs."""
    tracked = any(layer.sensor.tracks is not None for layer in scenario.layers)
    parts = {"asset": scenario.assets, "depot": scenario.depots, "pool": scenario.pools}
    return bool({**parts, "tracked": tracked, "": True}[needed])


def measures(campaign: lt.Campaign) -> list[lt.Measure]:
    """All measures that exist, of the campaign and of its first and last raid."""
    return [
        lt.Measure(name, by, count=2 if name in COUNTED_TO else 0, raid=number)
        for name, kind in MEASURES.items()
        if has(campaign.scenario, kind.needs)
        for by in kind.groups
        for number in ((None,) if kind.every else (None, 1, campaign.raid_count))
    ]


def in_raids(result: xr.Dataset, measure: lt.Measure) -> xr.Dataset:
    """The raids that a measure is about; of a state the last one."""
    last = measure.raid or result.sizes["raid"]
    if measure.kind.state or measure.raid:
        return result.isel(raid=[last - 1])
    return result


def grouped(found: xr.DataArray, by: str | None, result: xr.Dataset) -> Any:
    """Sums over the names of a group, or of all real threats, magazines or assets."""
    if by is None and "salvo" in found.dims:
        return found.where(~result.decoy, 0).sum("salvo")
    if by in ("threat", "layer"):
        own = {"threat": ("salvo", "threat"), "layer": ("battery", "layer_of")}[by]
        found = found.sum([dim for dim in ("interceptor",) if dim in found.dims])
        names = dict.fromkeys(result["threat"].values) if by == "threat" else result.layer.values
        each = [found.where(result[own[1]] == name, 0).sum(own[0]) for name in names]
        return xr.concat(each, by)
    return found.sum([dim for dim in found.dims if dim not in ("replication", "raid", by)])


def launched_in(result: xr.Dataset) -> xr.DataArray:
    """Means of the numbers launched (raid, salvo), from the decisions where they are drawn."""
    found: xr.DataArray = result.launched.isel(replication=0).astype(float)
    for name in result.salvo.values:
        if (decision := f"size.{name}") in result.decision.values:
            expected = result.expected.sel(decision=decision).isel(replication=0)
            own = found.sel(salvo=name)
            found.loc[{"salvo": name}] = expected.where(expected > 0, own)
    return found


OF_COUNTS: dict[str, Callable[[Any, Any], Any]] = {
    "leakers": lambda each, _: each.sum("raid"),
    "no_leaker": lambda each, _: each.sum("raid") == 0,
    "at_most": lambda each, _: each.sum("raid") <= 2,
    "share_above": lambda each, _: (each > 2).mean("raid"),
    "expended": lambda each, _: each.sum("raid"),
    "cost_spent": lambda each, _: each.sum("raid"),
    "dry": lambda each, _: (each > 0).any("raid"),
    "stock_dry": lambda each, _: (each > 0).any("raid"),
    "first_dry": lambda each, raids: (
        (each > 0).argmax("raid").where((each > 0).any("raid"), raids) + 1
    ),
    "stock_first_dry": lambda each, raids: (
        (each > 0).argmax("raid").where((each > 0).any("raid"), raids) + 1
    ),
    "hits": lambda each, _: each.sum("raid"),
    "not_hit": lambda each, _: each.sum("raid") == 0,
    "damage": lambda each, _: each.mean("raid"),
    "value_lost": lambda each, _: each.sum("raid"),
    "destroyed": lambda each, _: each.sum("raid"),
    "all_down": lambda each, _: (each > 0).any("raid"),
}
SOURCES: dict[str, Callable[[xr.Dataset], xr.DataArray]] = {
    "leaked": lambda result: result.leaked,
    "expended": lambda result: result.expended,
    "dry": lambda result: result.dry_so_far.astype(int),
    "stock_dry": lambda result: result.stock_dry_so_far.astype(int),
    **{
        name: lambda result, name=name: result[name]  # type: ignore[misc]
        for name in ("hits", "damage", "value_lost", "destroyed")
    },
    "all_down": lambda result: (result.destroyed + result.down == result.aim_points).astype(int),
}


def expected_of(measure: lt.Measure, result: xr.Dataset) -> Any:
    """A measure as xarray computes it from the variables of a result."""
    part, by = in_raids(result, measure), measure.by
    if measure.name == "leak_rate":
        launched = grouped(launched_in(part).expand_dims("replication"), by, result).sum("raid")
        leaked = grouped(part.leaked, by, result).sum("raid")
        return leaked / launched.isel(replication=0).where(launched.isel(replication=0) > 0)
    source = SOURCES[measure.kind.source](part)
    if measure.name == "cost_spent":
        source = (source * result.round_cost).where(source > 0, 0.0)
        unknown = result.round_cost.isnull() & result.rounds.notnull()
        source = source.where(~unknown, np.nan)
        each = grouped(source.fillna(0.0), by, result)
        return each.sum("raid")
    found = OF_COUNTS[measure.name](grouped(source, by, result), part.sizes["raid"])
    if measure.kind.source == "stock_dry":
        stocked = (result.stock >= 0).any(("replication", "raid"))
        return found.where(stocked if by else stocked.any())
    return found


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_they_are_what_xarray_computes_from_the_result(name: str, offset: int) -> None:
    campaign = CAMPAIGNS[name]
    result = lt.simulate_campaign(campaign, replications=REPLICATIONS, seed=SEED + offset)
    every, said = [], []
    for measure in measures(campaign):
        if measure.name == "cost_spent" and name != "weeks":  # costs are not given
            continue
        found, expected = measure.values(result), expected_of(measure, result)
        order = [dim for dim in ("replication", measure.by) if dim in expected.dims]
        wanted = expected.transpose(*order).values
        np.testing.assert_allclose(found.values, wanted, err_msg=measure.label)
        if measure.dims or not np.isnan(found).any():
            every.append(measure)
            said.append(found.values.reshape(REPLICATIONS, -1))
    call: dict[str, Any] = {**CALL, "seed": SEED + offset, "execution": Execution(workers=2)}
    for measure, own, plain in zip(every, values(campaign, every, **call), said, strict=True):
        np.testing.assert_array_equal(own.plain, plain, err_msg=measure.label)


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_values_are_within_their_limits(name: str) -> None:
    campaign = CAMPAIGNS[name]
    result, (job, labels) = lt.simulate_campaign(campaign, **CALL), job_of(campaign)
    for measure in measures(campaign):
        limits = RowReader(job, labels, [measure]).limits(job)
        found = measure.values(result).values.reshape(REPLICATIONS, -1)
        low, high = np.sort([limits.least[0], limits.most[0]], axis=0)
        known = ~np.isnan(found).any(axis=0)
        assert (found >= low - 1e-9)[:, known].all(), measure.label
        assert (found <= high + 1e-9)[:, known].all(), measure.label
        assert limits.drawn


def drained(rate: float = 0.0, raids: int = 8) -> lt.Campaign:
    """Each drone takes one round; the number of drones is drawn, and a stock refills a magazine."""
    site = battery("site", MAGAZINE, channels=99)
    wave = salvo("wave", stats.binom(DRONES, SHARE), 0.0)
    return lt.Campaign(
        name="drained",
        scenario=raid(wave, layer("ring", site), gun()),
        raids=raids,
        interval=100.0,
        resupply=[lt.Resupply(battery="site", interceptor="gun")],
        stocks=[lt.Stock(interceptor="gun", rounds=STOCK, rate=rate)],
    )


MAGAZINE, STOCK, DRONES, SHARE = 5, 12, 8, 0.5


def exact_by_raid(arriving: int, raids: int) -> dict[str, Any]:
    """By dynamic programming over rounds in the magazine and the stock, and what has been empty.

    Whether the stock has been empty by the start of each raid, and the magazine by its end; and
    the mean number of leakers in each raid.
    """
    pmf = stats.binom(DRONES, SHARE).pmf(np.arange(DRONES + 1))
    states = {(MAGAZINE, STOCK, False, False): 1.0}
    found: dict[str, Any] = {"stock_dry": [], "dry": [], "leakers": []}
    for number in range(raids):
        after: dict[Any, float] = {}
        leakers = 0.0
        for (held, stock, dry, empty), chance in states.items():
            if number:
                stock += arriving
                given = min(MAGAZINE - held, stock)
                held, stock = held + given, stock - given
            empty |= stock == 0
            for drones, share in enumerate(pmf):
                left = max(held - drones, 0)
                leakers += chance * share * (drones - (held - left))
                key = left, stock, dry or (left == 0 and held > 0) or held == 0, empty
                after[key] = after.get(key, 0.0) + chance * share
        states = after
        found["stock_dry"].append(sum(p for (*_, empty), p in states.items() if empty))
        found["dry"].append(sum(p for (_, _, dry, _), p in states.items() if dry))
        found["leakers"].append(leakers)
    return found


def test_probabilities_by_raid_are_those_of_dynamic_programming(offset: int) -> None:
    raids, number = 8, 20_000
    options = {str(arriving): drained(arriving / 100.0, raids) for arriving in (0, 2, 3)}
    wanted = [
        lt.Measure(name, raid=n + 1)
        for name in ("stock_dry", "dry", "leakers")
        for n in range(raids)
    ]
    found = lt.compare(
        options, measures=wanted, replications=number, seed=5 + offset, controls=False
    )
    for option in options:
        exact = exact_by_raid(int(option), raids)
        for measure in wanted:
            own = found.value.sel(option=option, measure=measure.label)
            mean = float(exact[measure.name][measure.raid - 1])  # type: ignore[operator]
            variance = mean * (1.0 - mean) if measure.kind.probability else 4.0
            band = 5.0 * np.sqrt(max(variance, 0.0) / number) + 1e-9
            assert abs(float(own.sel(estimate="mean")) - mean) <= band, (option, measure.label)


def test_first_raids_follow_from_the_probabilities_by_raid(offset: int) -> None:
    """The mean of the first raid, at most one after the last, is the sum of the others' chances."""
    raids, number = 8, 20_000
    exact = exact_by_raid(2, raids)
    call: dict[str, Any] = {"replications": number, "seed": 7 + offset}
    execution = Execution(workers=2)
    for name, source in (("stock_first_dry", "stock_dry"), ("first_dry", "dry")):
        [found] = values(drained(0.02, raids), [lt.Measure(name)], **call, execution=execution)
        mean = 1.0 + sum(1.0 - chance for chance in exact[source])
        own = found.plain[:, 0]
        assert abs(own.mean() - mean) <= 5.0 * own.std() / np.sqrt(number)
        assert own.max() == raids + 1  # never
        late = float(np.mean(own == raids + 1))
        assert abs(late - (1.0 - exact[source][-1])) <= 5.0 * 0.5 / np.sqrt(number)


def test_the_first_raids_of_a_result_are_a_campaign() -> None:
    result = lt.simulate_campaign(drained(0.02, 8), **CALL)
    short = lt.simulate_campaign(drained(0.02, 5), **CALL)
    for measure in measures(drained()):
        if measure.name != "cost_spent" and (measure.raid or 1) <= 5:
            own = measure.values(result.isel(raid=slice(5)))
            np.testing.assert_array_equal(own, measure.values(short))
    one = result.sel(raid=3)
    assert (lt.Measure("leakers").values(one) == lt.Measure("leakers", raid=3).values(result)).all()
    with pytest.raises(ValueError, match="result: must hold the first raids of a campaign"):
        lt.Measure("leakers").values(result.isel(raid=slice(1, 4)))


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"name": "leakers", "raid": 0}, "measure leakers, raid: must be the number of a raid from 1"),
    ({"name": "leakers", "raid": "x"}, "measure leakers, raid: must be the number of a raid"),
    ({"name": "leakers", "raid": 2.5}, "measure leakers, raid: .*got 2.5"),
    ({"name": "first_dry", "raid": 3}, "measure first_dry, raid: must be None, since"),
    ({"name": "share_above", "raid": 3, "count": 2}, "measure share_above, raid: must be None"),
    ({"name": "stock_dry", "by": "battery"}, "measure stock_dry, by: must be one of interceptor"),
    ({"name": "share_above", "count": -1}, "measure share_above, count: must be a whole number"),
]


@pytest.mark.parametrize(("arguments", "said"), REFUSED)
def test_refusals(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        lt.Measure(**arguments)


UNFIT: list[tuple[lt.Measure, str]] = [
    (lt.Measure("leakers", raid=9), "measure leakers, raid: must be at most 8, .*; got 9"),
    (lt.Measure("stock_dry", "interceptor", "none"), "measure stock_dry, of: 'none' is not the"),
    (lt.Measure("hits"), "measure hits: the scenario has no assets"),
]


@pytest.mark.parametrize(("measure", "said"), UNFIT)
def test_measures_that_a_campaign_does_not_have(measure: lt.Measure, said: str) -> None:
    options = {"a": drained(), "b": drained(0.02)}
    with pytest.raises(ValueError, match=said):
        lt.compare(options, measures=[measure], replications=10)


def test_a_stock_that_is_not_there_has_no_measure() -> None:
    campaign = lt.Campaign(name="no stock", scenario=drained().scenario, raids=2, interval=100.0)
    for measure in (lt.Measure("stock_dry"), lt.Measure("stock_first_dry", "interceptor", "gun")):
        with pytest.raises(ValueError, match="there is no stock that it is about"):
            lt.compare({"a": campaign, "b": campaign}, measures=[measure], replications=10)
        assert np.isnan(measure.values(lt.simulate_campaign(campaign, **CALL))).all()


@pytest.mark.parametrize(
    "measure", [lt.Measure("leakers", raid=1), lt.Measure("stock_dry"), lt.Measure("first_dry")]
)
def test_measures_of_campaigns_are_refused_for_a_scenario(measure: lt.Measure) -> None:
    scenario = drained().scenario
    with pytest.raises(ValueError, match=rf"^option a: measure {measure.name}.*(campaign)"):
        lt.compare({"a": scenario, "b": scenario}, measures=[measure], replications=10)
    with pytest.raises(ValueError, match=f"measure {measure.name}"):
        measure.values(lt.simulate(scenario, replications=5, seed=1))


def test_scenarios_are_not_compared_with_campaigns() -> None:
    with pytest.raises(ValueError, match="options: must be all scenarios, or all campaigns"):
        lt.compare({"a": drained(), "b": drained().scenario}, measures=["leakers"], replications=9)


def test_value_that_is_lost_already_is_not_lost_again() -> None:
    """Every threat leaks for certain, but the smallest loss over the campaign is not a sum."""
    scenario = star({"a": 3, "b": 8}).replace("interceptors.gun.kill_probability", {"t": 0.0})
    campaign = lt.Campaign(name="undefended", scenario=scenario, raids=4, interval=1000.0)
    measure, (job, labels) = lt.Measure("value_lost"), job_of(campaign)
    limits = RowReader(job, labels, [measure, lt.Measure("leakers")]).limits(job)
    found = measure.values(lt.simulate_campaign(campaign, **CALL))
    assert float(limits.least[0][0]) <= float(found.min())
    assert limits.least[1].tolist() == limits.most[1].tolist() == [44.0]


def test_a_layer_that_is_rarely_down_is_often_seen_in_many_raids() -> None:
    campaign = drained().replace("scenario.layers.ring.sensor.availability", 0.95)
    job, labels = job_of(campaign)
    of_all, of_one = (
        RowReader(job, labels, [lt.Measure("leakers", raid=number)]).limits(job)
        for number in (None, 2)
    )
    assert float(of_all.rare(300)) == 0.0  # down in 120 of 2,400 raids
    assert float(of_one.rare(300)) == pytest.approx(0.05)  # in 15 of 300
