"""Campaigns: documents, and each rule between raids separately."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import INF, TIMELINE, battery, gun, layer, magazine, raid, rich, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.results.variables import CAMPAIGN_VARIABLES, VARIABLES, variables_of

DAY = 86_400.0
TWENTY: Any = {"replications": 20, "seed": 5}


def night(*batteries: lt.Battery, count: int = 5) -> lt.Scenario:
    """A raid of five threats; the gun fires one round at each."""
    return raid(salvo(count=count), layer("L", *batteries))


def several(scenario: lt.Scenario, raids: Any = 3, **fields: Any) -> lt.Campaign:
    return lt.Campaign(
        name="several", scenario=scenario, raids=raids, **{"interval": DAY, **fields}
    )


def one(campaign: lt.Campaign) -> xr.Dataset:
    """The result of one replication."""
    return lt.simulate_campaign(campaign, replications=1, seed=1).isel(replication=0)


def supplied(rounds: float = INF, battery: str = "B") -> lt.Resupply:
    return lt.Resupply(battery=battery, interceptor="gun", rounds=rounds)


# ---------------------------------------------------------------- between raids


def test_magazines_carry_over() -> None:
    result = one(several(night(battery(rounds=12))))
    assert result.expended.values.ravel().tolist() == [5, 5, 2]
    assert result.remaining.values.ravel().tolist() == [7, 2, 0]
    assert result.leaked.values.ravel().tolist() == [0, 0, 3]
    assert result.first_dry.values.tolist() == [[3.0]]
    assert result.dry_so_far.values.ravel().tolist() == [0, 0, 1]


def test_resupply_fills_up_to_the_first_rounds() -> None:
    result = one(several(night(battery(rounds=8)), resupply=[supplied()]))
    assert result.delivered.values.ravel().tolist() == [0, 5, 5]
    result = one(several(night(battery(rounds=8)), resupply=[supplied(3)]))
    assert result.delivered.values.ravel().tolist() == [0, 3, 3]
    assert result.remaining.values.ravel().tolist() == [3, 1, 0]


def test_a_resupply_reaches_each_of_several_sites() -> None:
    north, both = salvo(bearing=0.0, count=3), [[0.0, 0.0], [0.0, 500.0]]
    own = lt.Layer(name="L", outer_range=1e3, positions=both, batteries=[battery(rounds=2)])
    names = [["B"], ["B@L-1", "B@L-2"]]
    supplies = [[supplied(1, name) for name in some] for some in names]
    first, second = (one(several(raid(north, own), resupply=supply)) for supply in supplies)
    assert first.delivered.sum("raid").values.tolist() == [[2], [2]]
    for name in first.data_vars:
        np.testing.assert_array_equal(first[name], second[name])
    infinite = [battery(rounds=INF, assessment_time=1.0)]
    endless = lt.Layer(**{**vars(own), "batteries": infinite})
    found = lt.check(several(raid(north, endless), resupply=supplies[0]))
    assert "resupply.0" in [finding.place for finding in found]


@pytest.mark.parametrize(("shortage", "given"), [("proportion", [3, 2, 2]), ("order", [5, 2, 0])])
def test_who_gets_what_of_a_short_stock(shortage: Any, given: list[int]) -> None:
    own = battery(count=3, rounds=5)
    scenario = night(own, count=15)
    stock = lt.Stock(interceptor="gun", rounds=7)
    resupply = [supplied()]
    result = one(several(scenario, 2, resupply=resupply, stocks=[stock], shortage=shortage))
    assert result.delivered.values[1].ravel().tolist() == given
    assert result.stock.values.ravel().tolist() == [7, 0]
    assert result.stock_first_dry.values.tolist() == [2.0]


def test_a_stock_is_replenished_by_rate_by_deliveries_and_by_draws() -> None:
    scenario = night(battery(rounds=0))
    deliveries = [lt.Delivery(time=0.0, rounds=3), lt.Delivery(time=1.5 * DAY, rounds=10)]
    stock = lt.Stock(interceptor="gun", rounds=1, rate=0.4 / DAY, deliveries=deliveries)
    result = one(several(scenario, 6, stocks=[stock]))
    assert result.replenished.values.ravel().tolist() == [3, 0, 10, 1, 0, 1]
    assert result.stock.values.ravel().tolist() == [4, 4, 14, 15, 15, 16]
    drawn = lt.Stock(interceptor="gun", rounds=0, replenishment=stats.uniform(2.0, 4.0))
    found = lt.simulate_campaign(several(scenario, 3, stocks=[drawn]), replications=900, seed=1)
    came = found.replenished.values[..., 0]
    assert (came[:, 0] == 0).all()
    assert set(came[:, 1:].ravel()) == {2, 3, 4, 5, 6}
    assert abs(np.corrcoef(came[:, 1], came[:, 2])[0, 1]) < 5 / 30


def test_a_reload_on_its_way_arrives_between_raids_and_counts_as_held() -> None:
    own = battery(magazines=[magazine(rounds=5, reloads=1, reload_rounds=4, reload_time=100.0)])
    result = one(several(night(own), 2, resupply=[supplied()]))
    # The raid ends at 10 s; the reload arrives at 100 s, and resupply adds the fifth round.
    assert result.reloaded.values.ravel().tolist() == [0, 4]
    assert result.delivered.values.ravel().tolist() == [0, 1]
    slow = magazine(rounds=5, reloads=1, reload_rounds=4, reload_time=DAY + 5.0)
    late = several(night(battery(magazines=[slow])), 2, resupply=[supplied()])
    result = one(late)
    events = lt.replay(late, replication=0, seed=1, raid=2).to_dataframe()
    assert events[events.event == "reload"].time.tolist() == [5.0]
    # It arrives 5 s after the start of the second raid; the five threats are in reach for 10 s.
    assert result.delivered.values.ravel().tolist() == [0, 1]
    assert result.reloaded.values.ravel().tolist() == [0, 4]
    assert result.leaked.values.ravel().tolist() == [0, 0]


def test_rounds_without_end_need_no_resupply() -> None:
    result = one(several(night(battery(rounds=INF, assessment_time=1.0)), resupply=[supplied()]))
    assert (result.remaining == -1).all()
    assert (result.delivered == 0).all()


@pytest.mark.parametrize(
    ("later", "lost_at_dusk"),
    [
        (None, [0, 1, 1, 1]),
        (0.0, [0, 0, 0, 0]),
        (DAY - 10.0, [0, 0, 0, 0]),  # it is lost at 10 s
        (DAY - 9.0, [0, 1, 0, 1]),
    ],
)
def test_a_lost_battery_is_replaced_or_not(later: float | None, lost_at_dusk: list[int]) -> None:
    hunters = raid(salvo(target="B", count=1), layer("L", battery(rounds=0)))
    result = one(several(hunters, 4, replacement_time=later))
    losses = [int(not lost) for lost in lost_at_dusk]
    assert result.lost.values.ravel().tolist() == losses


def test_a_replacement_gets_its_rounds_by_resupply() -> None:
    own = battery(rounds=4, channels=1, assessment_time=60.0)
    hunters = raid(salvo(target="B", count=3), layer("L", own))
    result = one(several(hunters, 3, replacement_time=0.0, resupply=[supplied(3)]))
    assert result.rounds_lost.values.ravel().tolist() == [3, 2, 2]
    assert result.delivered.values.ravel().tolist() == [0, 3, 3]
    nothing = one(several(hunters, 3, replacement_time=0.0))
    assert nothing.rounds_lost.values.ravel().tolist() == [3, 0, 0]


# ---------------------------------------------------------------- raids that differ


def test_raids_of_different_salvos() -> None:
    scenario = night(battery(rounds=100))
    raids = [[salvo("a", 2)], [salvo("b", 3), salvo("a", 1)], [], [salvo("a", 2)]]
    campaign = several(scenario, raids)
    result = one(campaign)
    assert result.salvo.values.tolist() == ["a", "b"]
    assert result.launched.values.tolist() == [[2, 0], [1, 3], [0, 0], [2, 0]]
    assert result.killed.values[..., 0].tolist() == [[2, 0], [1, 3], [0, 0], [2, 0]]
    kept = lt.simulate_campaign(campaign, replications=9, seed=1, keep="summary")
    assert kept.launched.sel(statistic="mean").values.tolist() == result.launched.values.tolist()


def test_counts_are_drawn_anew_for_each_raid() -> None:
    count = stats.gamma(9.0, scale=3.0)
    arrival = lt.Poisson(start=0, rate=0.1)
    scenario = raid(salvo(count=count, arrival=arrival), layer("L", battery()))
    result = lt.simulate_campaign(several(scenario, 2), replications=4000, seed=8)
    came = result.launched.values[..., 0]
    expected = np.round(count.rvs(10**6, random_state=1))
    error = expected.std() / np.sqrt(came.size)
    assert abs(came.mean() - expected.mean()) < 5 * error
    assert abs(came.std() / expected.std() - 1) < 0.07
    assert abs(np.corrcoef(came[:, 0], came[:, 1])[0, 1]) < 5 / np.sqrt(4000)
    assert (result.launched == result.leaked + result.killed.sum("layer")).all()


def test_what_is_uncertain_about_a_system_is_the_same_in_all_raids() -> None:
    scenario = raid(salvo(count=400), layer("L", battery()), gun(kills=stats.uniform()))
    scenario = scenario.replace("layers.L.batteries.B.doctrine.max_salvos", 1)
    scenario = scenario.replace("layers.L.batteries.B.channels", 400)
    killed = lt.simulate_campaign(several(scenario, 2), replications=300, seed=2).killed
    first, second = killed.values[:, :, 0, 0].T / 400
    assert np.corrcoef(first, second)[0, 1] > 0.98
    assert (first != second).any()


# ---------------------------------------------------------------- results


def full() -> lt.Campaign:
    """A campaign with all features."""
    scenario, drawn = rich().replace("salvos.a.target", "near"), stats.gamma(3.0, scale=2.0)
    scenario = scenario.replace(f"layers.{scenario.layers[0].name}.sensor.tracks", 9)
    scenario = scenario.replace("pools", [lt.Pool(name="crews", channels=2)])
    first = scenario.layers[0]
    scenario = scenario.replace(
        f"layers.{first.name}.batteries.{first.batteries[0].name}.pool", "crews"
    )
    for own in rich().salvos:
        if not isinstance(own.arrival, lt.Times):
            scenario = scenario.replace(f"salvos.{own.name}.count", drawn)
    depot = lt.Depot(name="north", interceptor=scenario.interceptors[0].name, rounds=9)
    scenario = scenario.replace("depots", [depot])
    return lt.Campaign(
        name="nuits — é",
        scenario=scenario,
        raids=3,
        interval=DAY,
        resupply=[
            lt.Resupply(
                battery=battery.name,
                interceptor=magazine.interceptor,
                rounds=2,
                transport_time=1.5 * DAY,
            )
            for layer in rich().layers
            for battery in layer.batteries
            for magazine in battery.magazines
        ],
        stocks=[lt.Stock(interceptor=rich().interceptors[0].name, rounds=3, rate=1 / DAY)],
        replacement_time=2 * DAY,
        users=[lt.StockUser(name="u", interceptor=rich().interceptors[0].name, demand=1)],
        rotations=[
            lt.Rotation(battery=own.name, leave_at=1, absence=1.5 * DAY)
            for layer in rich().layers
            for own in layer.batteries
            if not any(magazine.most_reloads for magazine in own.magazines)
        ][:1],
    )


def test_dimensions_are_those_declared() -> None:
    result = lt.simulate_campaign(full(), replications=4, seed=1, timeline=TIMELINE)
    specs = variables_of(raids=True, drawn=True)
    patterned = {"raid_kind", "threat_stock"}  # tested in test_raid_patterns
    assert {*result.data_vars, *patterned} == set(specs) == {*VARIABLES, *CAMPAIGN_VARIABLES}
    for name, variable in ((name, own) for name, own in specs.items() if name not in patterned):
        assert result[name].dims == variable.dims
        assert result[name].attrs == variable.attrs
    assert result.raid_start.values.tolist() == [0.0, DAY, 2 * DAY]
    for key, found in result.variables.items():
        assert found.attrs.get("long_name"), key


def test_losses_are_said_only_where_a_salvo_aims() -> None:
    harmless = full().model_copy(update={"scenario": rich()})
    result = lt.simulate_campaign(harmless, replications=4, seed=1)
    assert not {"lost", "rounds_lost"} & set(result.data_vars)


@pytest.mark.parametrize("keep", ["replications", "summary"])
@pytest.mark.parametrize("format", ["netcdf", "zarr"])
def test_files_lose_nothing(keep: Any, format: str, tmp_path: Path) -> None:
    result = lt.simulate_campaign(full(), replications=5, seed=2**63 - 1, keep=keep)
    if format == "netcdf":
        result.to_netcdf(tmp_path / "r.nc", engine="h5netcdf")
        found = xr.load_dataset(tmp_path / "r.nc", engine="h5netcdf")
    else:
        result.to_zarr(tmp_path / "r", zarr_format=2)
        found = xr.open_zarr(tmp_path / "r", zarr_format=2).load()
    xr.testing.assert_identical(lt.rerun(found), result)
    assert lt.campaign_of(found) == full()
    assert lt.scenario_of(found) == full().scenario


def test_a_summary_is_that_of_the_replications() -> None:
    kept = lt.simulate_campaign(full(), replications=200, seed=3)
    brief = lt.simulate_campaign(full(), replications=200, seed=3, keep="summary")
    for name in ("leaked", "expended", "delivered", "stock", "dry_so_far", "lost"):
        mean = brief[name].sel(statistic="mean")
        np.testing.assert_allclose(mean, kept[name].mean("replication"), rtol=1e-12)
        most = brief[name].sel(statistic="maximum")
        np.testing.assert_array_equal(most, kept[name].max("replication"))
    counts = [np.bincount(n, minlength=brief.sizes["leaker_count"]) for n in _leakers(kept).T]
    np.testing.assert_array_equal(brief.replications_by_leakers, counts)
    first, second = lt.sustainment(kept), lt.sustainment(brief)
    for key in first.data_vars:
        np.testing.assert_allclose(first[key], second[key], rtol=1e-12)


def _leakers(result: xr.Dataset) -> Any:
    return result.leaked.where(~result.decoy, 0).sum("salvo").astype(int).values


def test_one_raid_of_several_is_a_result() -> None:
    scenario = night(battery(rounds=8))
    result = lt.simulate_campaign(several(scenario, 2), replications=50, seed=1)
    with pytest.raises(ValueError, match=r"has several raids; to select one, write sel\(raid="):
        lt.leak_rate(result)
    brief = lt.simulate_campaign(several(scenario, 2), replications=50, seed=1, keep="summary")
    for found in (result, brief):
        assert float(lt.leak_rate(found.isel(raid=1)).leak_rate.sel(estimate="mean")) == 2 / 5
        said = lt.summary(found.isel(raid=1))
        assert float(said.raid.leakers.sel(estimate="mean")) == 2.0
        assert said.scenario == "several"


def test_one_raid_of_a_drawn_number_of_threats_is_a_result() -> None:
    """Eight are shot down, and the others leak, of nine on average."""
    drawn = several(raid(salvo(count=stats.gamma(9.0)), layer("L", battery(rounds=8))), 3)
    kept, brief = (
        lt.simulate_campaign(drawn, replications=500, seed=1, keep=keep).isel(raid=0)
        for keep in ("replications", "summary")
    )
    said = lt.summary(kept)
    assert str(said) == str(lt.summary(brief))
    mean = float(said.salvos.launched.sel(salvo="s"))
    assert mean == pytest.approx(9.0, abs=0.01)
    leaked = np.maximum(kept.launched - 8, 0).mean() / mean
    found = lt.leak_rate(kept, controls=False).leak_rate.sel(estimate="mean")
    assert float(found) == pytest.approx(float(leaked), rel=1e-12)
    lost = brief.drop_vars(["expected", "occurred"])
    with pytest.raises(ValueError, match="launched varies over the replications, and its mean"):
        lt.leak_rate(lost)


@pytest.mark.parametrize("raid_number", [1, 2, 3])
def test_a_raid_can_be_replayed(raid_number: int) -> None:
    result = lt.simulate_campaign(full(), replications=20, seed=9)
    table = lt.replay(full(), replication=17, seed=9, raid=raid_number).to_dataframe()
    row = result.isel(replication=17).sel(raid=raid_number)
    leaks = table[table.event == "leak"].groupby("salvo").size()
    for name in row.salvo.values:
        assert leaks.get(name, 0) == row.leaked.sel(salvo=name)
    assert table[table.event == "firing"].rounds.sum() == row.expended.sum()
    assert (table.event == "loss").sum() == row.lost.sum()


def test_replay_refuses_a_raid_that_there_is_not() -> None:
    with pytest.raises(ValueError, match=r"^raid: must be a whole number from 1 to 3; got 0"):
        lt.replay(full(), replication=0, seed=1, raid=0)
    with pytest.raises(ValueError, match=r"^raid: must be a whole number from 1 to 1; got 2"):
        lt.replay(rich(), replication=0, seed=1, raid=2)


def test_raids_are_numbered_from_one() -> None:
    campaign = several(night(battery(rounds=12)))
    assert one(campaign).raid.values.tolist() == [1, 2, 3]
    assert campaign.raid(3).salvos == night(battery(rounds=12)).salvos
    lists = lt.Campaign(
        name="c",
        scenario=campaign.scenario,
        raids=[campaign.scenario.salvos, [salvo("other", 1)]],
        interval=9.0,
    )
    assert [own.name for own in lists.raid(2).salvos] == ["other"]
    for number in (0, 3):
        with pytest.raises(ValueError, match=rf"^number: must be from 1 to 2; got {number}"):
            lists.raid(number)


def test_supply_wants_a_campaign() -> None:
    alone = lt.simulate(rich(), replications=2, seed=1)
    with pytest.raises(ValueError, match=r"^result: must come from leakthrough\.simulate_campaign"):
        lt.sustainment(alone)
    with pytest.raises(ValueError, match=r"no provenance of leakthrough\.simulate_campaign"):
        lt.campaign_of(alone)


# ---------------------------------------------------------------- documents


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"raids": 0}, "raids: must be at least 1; got 0"),
    ({"raids": 2.5}, "raids: must be a whole number; got 2.5"),
    ({"raids": []}, "raids: must hold the salvos of 1 to 100,000 raids; got 0"),
    ({"raids": [[salvo(threat="u")]]}, "raids.0: salvos.s.threat: 'u' is not the name of a threat"),
    ({"raids": [[salvo(), salvo()]]}, "raids.0: salvos: more than one is called 's'"),
    ({"interval": 0.0}, "interval: must be greater than 0; got 0.0"),
    ({"interval": float("nan")}, "interval: must be"),
    (
        {"sizes": {"s": stats.gamma(2.0)}},
        "sizes: is not a field of Campaign: a distribution of its number of threats is the `count`",
    ),
    (
        {"raids": [[salvo(count=stats.gamma(n + 1.0))] for n in range(1001)]},
        "raids: must hold at most 1,000 different distributions of numbers of threats; got 1,001",
    ),
    ({"resupply": [supplied(battery="b")]}, "'b' is not the name of a battery; did you mean 'B'?"),
    (
        {"resupply": [lt.Resupply(battery="B", interceptor="gum")]},
        "resupply.0.interceptor: 'gum' is not the name of a magazine of 'B'; did you mean 'gun'?",
    ),
    ({"resupply": [supplied(), supplied(2)]}, "resupply.1: more than one for 'gun' of 'B'"),
    ({"stocks": [{"interceptor": "gum", "rounds": 1}]}, "'gum' is not the name of an interceptor"),
    ({"stocks": [{"interceptor": "gun", "rounds": 1}] * 2}, "stocks.1: more than one of 'gun'"),
    ({"stocks": [{"interceptor": "gun", "rounds": -1}]}, "rounds: must be at least 0; got -1"),
    (
        {"stocks": [lt.Stock(interceptor="gun", rounds=1, replenishment=stats.pareto(0.5))]},
        "stocks.0.replenishment: must not reach 1,000,000,000 rounds, but pareto reaches",
    ),
    ({"raids": 1001, "interval": 1e9}, "interval: times the 1,001 raids must be at most 1e+12 s"),
    ({"shortage": "fair"}, "shortage: must be"),
    ({"replacement_time": -1.0}, "replacement_time: must be a number in [0, 1e+12]; got -1.0"),
    ({"resuply": []}, "resuply"),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(lt.ScenarioError) as error:
        several(night(battery()), **{"raids": 2, **fields})
    assert said in str(error.value)
    assert str(error.value).startswith("in Campaign 'several':")


def test_raids_of_one_salvo_name_may_have_different_distributions() -> None:
    """Also a number, in raids that are otherwise equal."""
    laws = [stats.uniform(2.0, 4.0), 7, stats.gamma(20.0), stats.uniform(2.0, 4.0)]
    scenario = night(battery(rounds=0))
    campaign = several(scenario, [[salvo(count=law)] for law in laws])
    result = lt.simulate_campaign(campaign, replications=2000, seed=4)
    came = result.launched.values[..., 0]
    assert (came.min(axis=0)[:2].tolist(), came.max(axis=0)[:2].tolist()) == ([2, 7], [6, 7])
    means = [4.0, 7.0, 20.0, 4.0]
    errors = came.std(axis=0) / np.sqrt(len(came))
    assert (abs(came.mean(axis=0) - means) <= 5 * errors + 0.01).all()
    assert (came[:, 0] != came[:, 3]).any()
    expected = result.expected.sel(decision="size.s").isel(replication=0)
    np.testing.assert_allclose(expected, [4.0, 0.0, 20.0, 4.0], atol=0.01)
    assert np.isnan(result.known_variance.sel(decision="size.s"))
    same = lt.simulate_campaign(several(scenario, [[salvo(count=laws[2])]] * 3), **TWENTY)
    assert float(same.known_variance.sel(decision="size.s")) == pytest.approx(20.0, rel=0.02)
    other = lt.simulate_campaign(campaign, **TWENTY).sel(raid=3)
    np.testing.assert_array_equal(other.launched, same.sel(raid=3).launched)


def test_a_salvo_is_of_one_threat_in_all_raids() -> None:
    threats = [lt.Threat(name="t", speed=9.0), lt.Threat(name="u", speed=9.0)]
    scenario = raid(salvo(), layer("L", battery()), threats=threats)
    with pytest.raises(lt.ScenarioError, match="must be 't', as in an earlier raid; got 'u'"):
        several(scenario, [[salvo()], [salvo(threat="u")]])


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_what_is_written_is_what_is_read(suffix: str, tmp_path: Path) -> None:
    nights = several(night(battery(rounds=INF, assessment_time=1.0)), [[salvo("a", 2)], []])
    for campaign in (full(), nights):
        campaign.save(tmp_path / f"c{suffix}")
        assert lt.load_campaign(tmp_path / f"c{suffix}") == campaign
    rich().save(tmp_path / f"s{suffix}")
    with pytest.raises(lt.ScenarioError, match="raids: is missing"):
        lt.load_campaign(tmp_path / f"s{suffix}")


def test_equal_campaigns_share_a_digest() -> None:
    assert full() == full()
    assert full().digest == full().digest != several(rich()).digest
    assert lt.Campaign.model_validate(full().document()) == full()
