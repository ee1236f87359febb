"""Assets in results: hits, damage, value lost, and what is destroyed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from placed_scenarios import placed_scenario
from raids import raid, rich, salvo
from stars import star

import leakthrough as lt
from leakthrough.engine.damage import DAMAGE_UNIT, value_unit
from leakthrough.results.ranges import Ranges
from leakthrough.results.reduction import Reduction
from leakthrough.results.sums import Assets

NAMES = ("hits", "damage", "value_lost", "destroyed", "down")
AT = (0.0, 0.0)
STAR = star({"a": 3, "b": 7, "c": 5})
PLACED = [
    number
    for number in range(200)
    if (own := placed_scenario(number)).assets
    and {salvo.target for salvo in own.salvos} & {asset.name for asset in own.assets}
][:12]


def campaign(scenario: lt.Scenario, raids: Any = 3, **fields: Any) -> lt.Campaign:
    return lt.Campaign(name="c", scenario=scenario, raids=raids, interval=86_400.0, **fields)


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate(STAR, replications=400, seed=1)


# ---------------------------------------------------------------- variables


def test_they_exist_only_with_assets() -> None:
    bare = lt.simulate(raid(salvo(count=2), []), replications=3, seed=1)
    assert not {*NAMES, "asset", "target", "asset_value", "aim_points"} & {*bare.variables}
    found = lt.simulate(rich(), replications=3, seed=1)
    assert {*NAMES, "asset", "target", "asset_value", "aim_points"} <= {*found.variables}
    assert found.target.values.tolist() == ["", "", "", "plant", ""]
    assert found.hits.dims == ("replication", "asset")
    assert found.aim_points.values.tolist() == [3]


@pytest.mark.parametrize("number", PLACED)
def test_they_follow_from_the_leakers(number: int) -> None:
    """Real leakers whose salvo aims at the asset; the formula of the damage, salvo by salvo."""
    scenario = placed_scenario(number)
    found = lt.simulate(scenario, replications=20, seed=number)
    kinds = {threat.name: threat for threat in scenario.threats}
    for asset in scenario.assets:
        own, hits, spared = found.sel(asset=asset.name), np.zeros(20, int), np.ones(20)
        for each in scenario.salvos:
            kind = kinds[each.threat]
            if each.target == asset.name and not kind.decoy:
                leaked = found.leaked.sel(salvo=each.name).values
                hits += leaked
                assert isinstance(kind.lethality, float)
                assert isinstance(asset.hardness, float)
                lethality = kind.lethality * (1.0 - asset.hardness)
                spared *= (1.0 - lethality / asset.aim_points) ** leaked
        assert np.array_equal(own.hits, hits)
        np.testing.assert_allclose(own.damage, 1.0 - spared, atol=1e-9)
        np.testing.assert_allclose(own.value_lost, asset.value * own.damage, atol=1e-9)
        assert (own.destroyed <= np.minimum(hits, asset.aim_points)).all()
        assert not own.down.any()


def test_what_nothing_aims_at_or_hits_is_whole() -> None:
    decoy = lt.Threat(name="d", speed=90.0, decoy=True)
    scenario = raid(
        [salvo(count=4, threat="d", target="a"), salvo("n", 0, target="a"), salvo("o", 3)],
        [],
        threats=[decoy, lt.Threat(name="t", speed=100.0)],
        assets=[lt.Asset(name=name, position=AT, value=0.0) for name in ("a", "b")],
    )
    found = lt.simulate(scenario, replications=20, seed=1)
    assert not any(found[name].any() for name in NAMES)
    assets = lt.summary(found).assets
    assert not assets.hits.any()
    assert not assets.damage.any()
    assert assets.not_hit.sel(estimate="mean").values.tolist() == [1.0, 1.0]
    assert assets.all_down.sel(estimate="mean").values.tolist() == [0.0, 0.0]


def test_damage_and_values_are_whole_numbers_of_a_power_of_two(result: xr.Dataset) -> None:
    unit = value_unit(result.asset_value.values)
    for name, factor in (("damage", DAMAGE_UNIT), ("value_lost", unit)):
        whole = result[name].values * factor
        assert np.array_equal(whole, np.rint(whole))
        assert whole.max() <= 2**40


def test_one_value_may_be_far_above_the_others() -> None:
    large = {"a": lt.Asset(name="a", position=AT, value=1e15)}
    found = lt.simulate(star({"a": 3, "b": 3}, large), replications=50, seed=1)
    assert float(found.value_lost.sel(asset="a").max()) > 9e14
    kept = lt.simulate(star({"a": 3, "b": 3}, large), replications=50, seed=1, keep="summary")
    assert np.array_equal(lt.reduced(found).value_lost, kept.value_lost, equal_nan=True)


# ---------------------------------------------------------------- reductions


def bare(found: xr.Dataset) -> xr.Dataset:
    return found.drop_attrs(deep=False)


@pytest.mark.parametrize("number", PLACED)
def test_both_ways_to_a_reduced_result_give_the_same_bits(number: int) -> None:
    call: dict[str, Any] = {"replications": 25, "seed": number}
    scenario = placed_scenario(number)
    kept = lt.simulate(scenario, **call, keep="summary", workers=2)
    xr.testing.assert_identical(bare(lt.reduced(lt.simulate(scenario, **call))), bare(kept))


def test_the_order_of_blocks_changes_no_bit(result: xr.Dataset) -> None:
    rows = {str(n): v.values for n, v in result.items() if "replication" in v.dims}
    own = Assets(result.asset_value.values, result.aim_points.values)
    whole, parts = Reduction(result.decoy.values, assets=own), []
    whole.take_rows(rows)
    for some in np.array_split(np.arange(400)[::-1], 7):
        parts.append(Reduction(result.decoy.values, assets=own))
        parts[-1].take_rows({name: values[some] for name, values in rows.items()})
    merged = parts.pop(3)
    for part in parts:
        merged.merge(part)
    xr.testing.assert_identical(xr.Dataset(merged.variables()), xr.Dataset(whole.variables()))


def test_statistics_are_those_of_the_replications(result: xr.Dataset) -> None:
    found = lt.reduced(result)
    totals = {f"total_{name}": result[name].sum("asset") for name in NAMES[:4] if name != "damage"}
    all_down = result.destroyed == result.aim_points
    events = {"not_hit": 1 * (result.hits == 0), "all_down": 1 * all_down}
    for name, values in {**{n: result[n] for n in NAMES}, **totals, **events}.items():
        own = found[name].sel(statistic=["mean", "variance", "minimum", "maximum"]).values
        expected = [values.mean("replication"), values.var("replication", ddof=1)]
        expected += [values.min("replication"), values.max("replication")]
        np.testing.assert_allclose(own, np.stack(expected), rtol=1e-9, err_msg=name)
    quantile = found.destroyed_quantile.sel(quantile=0.5).values
    assert np.array_equal(quantile, np.sort(result.destroyed.values, axis=0)[199])


def test_controls_act_on_floats_as_on_counts() -> None:
    """With one aim point and lethality 1, a single threat does damage exactly if it hits.

    The rounds at both assets are one control, so a part of the variance is left.
    """
    defended = {name: lt.Asset(name=name, position=AT, value=8.0) for name in "ab"}
    scenario = star({"a": 1, "b": 1}, defended).replace("threats.t.lethality", 1.0)
    ready = lt.reduced(lt.simulate(scenario, replications=400, seed=1)).isel(asset=0)
    rows = ["mean", "controlled_mean", "variance", "residual_variance"]
    hits, damage, lost = (ready[n].sel(statistic=rows).values for n in NAMES[:3])
    assert 0.4 * hits[2] < hits[3] < 0.6 * hits[2]
    np.testing.assert_allclose(damage, hits, rtol=1e-9)
    np.testing.assert_allclose(lost, hits * [8.0, 8.0, 64.0, 64.0], rtol=1e-9)


# ---------------------------------------------------------------- known ranges


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("number", PLACED)
def test_values_are_within_their_ranges(number: int, known: bool) -> None:
    found = lt.simulate(placed_scenario(number), replications=40, seed=number)
    found = found if known else found.drop_attrs(deep=False)
    ready = lt.reduced(found)
    ranges = Ranges(ready)
    assert (ranges.scenario is not None) == known
    totals = ("total_hits", "total_value_lost", "total_destroyed")
    for name in (*NAMES[:4], *totals):
        least, most = ranges.of(name)
        assert (ready[name].sel(statistic="minimum").values >= np.asarray(least) - 1e-9).all()
        assert (ready[name].sel(statistic="maximum").values <= np.asarray(most) + 1e-9).all()


def test_each_site_of_a_layer_may_be_down() -> None:
    """Three sites that are up with probability 0.99: each is rarely down."""
    own = lt.Layer(
        name="L",
        outer_range=1e3,
        sensor=lt.Sensor(availability=0.99),
        positions=[(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)],
    )
    threats = [lt.Threat(name="t", speed=100.0)]
    wave = lt.Salvo(name="s", threat="t", count=1, arrival=lt.At(time=0.0), bearing=0.0)
    scenario = lt.Scenario(name="s", threats=threats, salvos=[wave], layers=[own])
    with pytest.warns(lt.ScenarioWarning):
        ready = lt.reduced(lt.simulate(scenario, replications=20, seed=1))
    assert Ranges(ready).rare(1000) == pytest.approx(0.03, rel=1e-6)


def test_ranges_are_as_narrow_as_can_be() -> None:
    """Nothing stops one salvo of 2, and another of 3 may be stopped; nothing aims at the third."""
    scenario = star({"a": 2, "b": 3, "c": 0}).replace("threats.t.lethality", 1.0)
    scenario = scenario.replace("layers.L a.batteries.B a.magazines.gun.rounds", 0)
    ready = lt.reduced(lt.simulate(scenario, replications=20, seed=1))
    ranges = Ranges(ready)
    ends: dict[str, Any] = {
        n: [np.asarray(own).tolist() for own in ranges.of(n)] for n in NAMES[:4]
    }
    assert ends["hits"] == [[2, 0, 0], [2, 3, 0]]
    np.testing.assert_allclose(ends["damage"], [[1.0, 0.0, 0.0], [1.0, 19 / 27, 0.0]], atol=1e-9)
    np.testing.assert_allclose(ends["value_lost"][1], [1.0, 38 / 27, 0.0], atol=1e-9)
    assert ends["destroyed"] == [[0, 0, 0], [1, 3, 0]]
    assert ranges.of("total_hits") == (2, 5)
    part = Ranges(lt.reduced(lt.simulate(scenario, replications=20, seed=1).isel(asset=[1])))
    assert [own.tolist() for own in part.of("hits")] == [[0], [3]]  # type: ignore[union-attr]


def test_what_is_down_may_lose_nothing_more() -> None:
    scenario = star({"a": 2}).replace("threats.t.lethality", 1.0)
    scenario = scenario.replace("layers.L a.batteries.B a.magazines.gun.rounds", 0)
    found = lt.simulate_campaign(campaign(scenario, raids=2), replications=20, seed=1)
    first, second = (lt.reduced(found.sel(raid=raid)) for raid in (1, 2))
    assert Ranges(second).of("value_lost")[0] == 0.0
    lost = [lt.summary(own).assets.value_lost for own in (first, second)]
    assert lost[0].sel(estimate=["mean", "high"]).values.ravel().tolist() == [1.0, 1.0]
    assert lost[1].sel(estimate=["mean", "low"]).values.ravel().tolist() == [0.0, 0.0]


def test_aim_points_that_are_drawn_are_not_certain() -> None:
    """All leak and all hits destroy, yet which aim points they strike is drawn."""
    defended = [lt.Asset(name="a", position=AT, aim_points=2)]
    scenario = raid(salvo(count=2, target="a"), [], assets=defended)
    found = lt.summary(lt.simulate(scenario, replications=50, seed=1)).assets.isel(asset=0)
    low, high = found.destroyed.sel(estimate=["low", "high"]).values
    assert low < 1.5 < high
    certain = lt.simulate(scenario.replace("assets.a.aim_points", 1), replications=50, seed=1)
    assert lt.summary(certain).assets.destroyed.values.ravel().tolist() == [1.0, 0.0, 1.0, 1.0]


# ---------------------------------------------------------------- campaigns


def test_raids_of_a_campaign() -> None:
    """Targets differ from raid to raid; aim points stay down until they are repaired."""
    salvos = STAR.salvos
    plan = campaign(STAR, raids=[[salvos[1]], [salvos[1], salvos[0]], [salvos[1]]])
    found = lt.simulate_campaign(plan, replications=60, seed=3)
    assert found.hits.dims == ("replication", "raid", "asset")
    assert "target" not in found.coords  # it may differ from raid to raid
    leaked = found.leaked.sel(salvo=["at a", "at b"])
    assert np.array_equal(found.hits.sel(asset=["a", "b"]), leaked)
    assert not found.hits.sel(asset="c").any()
    down = found.destroyed.cumsum("raid").shift(raid=1, fill_value=0)
    assert np.array_equal(found.down, down)
    points = found.aim_points
    expected = found.asset_value * (1 - found.down / points) * found.damage
    np.testing.assert_allclose(found.value_lost, expected.transpose(*found.value_lost.dims))
    days = found.down_time.values / 86_400.0
    assert (days <= (found.down + found.destroyed).values).all()
    assert (days >= found.down.values).all()


def test_repaired_aim_points_are_up_in_the_next_raid() -> None:
    repaired = {
        name: lt.Asset(name=name, position=AT, aim_points=3, repair_time=3600.0) for name in "abc"
    }
    plan = campaign(star({"a": 3, "b": 7, "c": 5}, repaired), raids=2)
    found = lt.simulate_campaign(plan, replications=60, seed=3)
    assert not found.down.any()
    np.testing.assert_allclose(found.value_lost, found.damage, atol=1e-9)
    least = 3600.0 * found.destroyed
    assert (found.down_time >= least - 1e-6).all()


def test_a_raid_of_a_campaign_is_reduced_as_with_summary() -> None:
    call: dict[str, Any] = {"replications": 150, "seed": 3}
    plan = campaign(STAR)
    found = lt.simulate_campaign(plan, **call)
    kept = lt.simulate_campaign(plan, **call, keep="summary", workers=2)
    again = lt.reduced(found.sel(raid=2))
    names = [n for n in again.data_vars if "asset" in again[n].dims or str(n).startswith("total")]
    assert {"hits", "damage", "value_lost", "all_down", "total_value_lost"} <= {*names}
    for name in names:
        assert np.array_equal(again[name], kept[name].sel(raid=2), equal_nan=True), name
    assert np.array_equal(kept.down.sel(statistic="mean"), found.down.mean("replication"))
    one, other = (lt.summary(own.sel(raid=2)) for own in (found, kept))
    xr.testing.assert_identical(bare(one.assets), bare(other.assets))
    all_down = (found.destroyed + found.down == found.aim_points).sel(raid=2).mean("replication")
    assert np.array_equal(one.assets.all_down.sel(estimate="mean"), all_down)
    least, most = Ranges(lt.reduced(found.sel(raid=3))).of("value_lost")
    assert np.all(np.asarray(least) == 0.0)
    assert np.all(np.asarray(most) > 0.0)


# ---------------------------------------------------------------- summaries, tables, files


def test_the_summary_has_a_table_of_assets(result: xr.Dataset) -> None:
    found = lt.summary(result)
    text, page = str(found), found._repr_html_()
    assert "By asset (means; value lost)" in text
    assert "By asset" in page
    assert "value of assets lost" in text
    assert max(map(len, text.splitlines())) <= 100
    assert str(lt.summary(lt.reduced(result))) == text
    table = found.tables()["assets"]
    assert table["asset"].tolist() == ["a", "b", "c"]
    for name in ("hits", "not_hit", "damage", "value_lost", "destroyed", "all_down"):
        low, high = table[f"{name}_low"], table[f"{name}_high"]
        assert ((low <= table[f"{name}_mean"]) & (table[f"{name}_mean"] <= high)).all()
    assert np.array_equal(table["not_hit_mean"], (result.hits == 0).mean("replication"))
    total = float(found.raid.value_lost.sel(estimate="mean"))
    assert abs(total - table["value_lost_mean"].sum()) < 1e-9


def test_without_assets_there_is_none() -> None:
    found = lt.summary(lt.simulate(raid(salvo(count=2), []), replications=3, seed=1))
    assert not found.assets.data_vars
    assert "assets" not in found.tables()
    assert "asset" not in str(found)
    assert "hits" not in found.raid


def test_tidy_tables(result: xr.Dataset) -> None:
    tables = lt.tidy(result)
    own = tables["assets"]
    assert len(own) == 400 * 3
    assert own["hits"].tolist() == result.hits.values.ravel().tolist()
    assert {"asset_value", "aim_points", "damage", "value_lost", "destroyed"} <= {*own.columns}
    whole = tables["replications"]
    assert whole["destroyed"].tolist() == result.destroyed.sum("asset").values.tolist()
    assert whole["value_lost"].tolist() == result.value_lost.sum("asset").values.tolist()
    kept = lt.tidy(lt.reduced(result))
    assert kept["assets"]["hits_mean"].tolist() == result.hits.mean("replication").values.tolist()
    assert kept["raids"]["hits_mean"].item() == result.hits.sum("asset").values.mean()
    assert (
        len(lt.tidy(lt.simulate_campaign(campaign(STAR), replications=4, seed=1))["assets"]) == 36
    )


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
@pytest.mark.parametrize("keep", ["all", "sums"])
def test_files_and_reruns(keep: str, ending: str, result: xr.Dataset, tmp_path: Path) -> None:
    whole = result if keep == "all" else lt.simulate(STAR, replications=9, seed=1, keep="summary")
    lt.save_result(whole, tmp_path / f"r{ending}")
    again = lt.load_result(tmp_path / f"r{ending}")
    xr.testing.assert_identical(again, whole)
    part = again.isel(asset=[2, 0])
    xr.testing.assert_identical(lt.rerun(part), part)


def test_a_part_and_odd_states_are_taken(result: xr.Dataset) -> None:
    part = result.isel(asset=[2, 0], replication=slice(100))
    floats = {name: part[name].astype(float) for name in ("hits", "destroyed")}
    odd = part.assign(floats).transpose("asset", ...)
    xr.testing.assert_identical(lt.summary(odd).assets, lt.summary(part).assets)
    with pytest.raises(ValueError, match=r"^result: has one asset only, without the dimension"):
        lt.summary(result.isel(asset=0))
    with pytest.raises(ValueError, match=r"^result: must keep its coordinates; has no asset_value"):
        lt.summary(result.drop_vars("asset_value"))


def test_joined_results(result: xr.Dataset) -> None:
    other = lt.simulate(STAR, replications=100, seed=2)
    joined = xr.concat(
        [result, other], "replication", data_vars="minimal", coords="different", compat="equals"
    )
    found = lt.summary(joined)
    assert found.replications == 500
    expected = joined.damage.mean("replication").values
    plain = lt.summary(joined, controls=False).assets.damage.sel(estimate="mean")
    np.testing.assert_allclose(plain, expected, rtol=1e-12)
