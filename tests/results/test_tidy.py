"""Tables have one row for each thing, and the numbers of the Dataset."""

from typing import Any

import campaigns
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from raids import INF, api_example, battery, gun, layer, magazine, raid, rich, salvo

import leakthrough as lt

TIMELINE = (0.0, 40.0, 500.0)
COUNT, ROUNDS = "salvos.drones.count", "layers.point.batteries.gun.magazines.gun burst.rounds"
OF_A_RAID = [
    *("replications", "salvos", "layers", "kills", "causes", "batteries", "magazines", "decisions"),
    "assets",
]


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    """A result with losses, decoys, soft kill and a timeline."""
    return lt.simulate(rich(), replications=30, seed=4, timeline=TIMELINE)


@pytest.fixture(scope="module")
def campaign() -> lt.Campaign:
    """Three raids on one battery, with a stock."""
    return lt.Campaign(
        name="several",
        scenario=raid(salvo(count=5), layer("L", battery(rounds=8))),
        raids=3,
        interval=86_400.0,
        resupply=[lt.Resupply(battery="B", interceptor="gun")],
        stocks=[lt.Stock(interceptor="gun", rounds=6)],
    )


def lookup(table: pd.DataFrame, name: str, dims: list[str]) -> xr.DataArray:
    """A column of a table as an array."""
    return xr.DataArray.from_series(table.set_index(dims)[name])


def test_each_table_has_one_row_a_thing(result: xr.Dataset) -> None:
    tables = lt.tidy(result)
    assert [*tables] == [*OF_A_RAID, "timeline"]
    salvos, layers, batteries = (result.sizes[dim] for dim in ("salvo", "layer", "battery"))
    magazines = int(result.rounds.notnull().sum())
    drawn, assets = result.sizes["decision"], result.sizes["asset"]
    rows = (1, salvos, layers, salvos * layers, salvos * 7, batteries, magazines, drawn, assets)
    assert [len(tables[name]) for name in OF_A_RAID] == [30 * number for number in rows]
    assert len(tables["timeline"]) == 30 * 3 * (magazines + batteries + salvos)
    for name, table in tables.items():
        keys = [own for own in table if own in result.dims or own == "quantity"]
        assert not table.duplicated(keys).any(), name


def test_columns_hold_the_counts(result: xr.Dataset) -> None:
    tables = lt.tidy(result)
    for table, name, dims in (
        ("salvos", "leaked", ["replication", "salvo"]),
        ("kills", "killed", ["replication", "salvo", "layer"]),
        ("kills", "soft_killed", ["replication", "salvo", "layer"]),
        ("causes", "leak_cause", ["replication", "salvo", "cause"]),
        ("batteries", "engagements", ["replication", "battery"]),
    ):
        found = lookup(tables[table], name, dims)
        np.testing.assert_array_equal(found, result[name].reindex_like(found), err_msg=name)
    exists = result.rounds.notnull().values
    assert not exists.all()
    for name in ("expended", "reloaded", "depletion_time"):
        expected = result[name].values[:, exists].ravel()
        np.testing.assert_array_equal(tables["magazines"][name], expected, err_msg=name)
    killed = lookup(tables["layers"], "killed", ["replication", "layer"])
    np.testing.assert_array_equal(killed, result.killed.sum("salvo").reindex_like(killed))
    killed = lookup(tables["salvos"], "killed", ["replication", "salvo"])
    np.testing.assert_array_equal(killed, result.killed.sum("layer").reindex_like(killed))
    threats = tables["salvos"].groupby("salvo", observed=True).threat.first()
    assert threats.to_dict() == dict(zip(result.salvo.values, result.threat.values, strict=True))


def test_replications_hold_sums_over_the_raid(result: xr.Dataset) -> None:
    table = lt.tidy(result)["replications"]
    assert table.leakers.mean() == pytest.approx(
        float(lt.leak_rate(result).leak_rate[0]) * int(result.launched.where(~result.decoy).sum())
    )
    priced = lt.simulate(api_example(), replications=30, seed=4)
    for given, known in ((priced, True), (result, False)):
        sums, estimates = lt.tidy(given)["replications"], lt.cost_exchange(given)
        for name in ("cost_spent", "cost_stopped"):
            mean = float(estimates[name].sel(estimate="mean"))
            assert sums[name].mean() == pytest.approx(mean, nan_ok=True)
            assert np.isfinite(sums[name]).all() == known
    assert (table.leakers < table.leaked).any()  # decoys
    fates = table.leaked + table.killed + table.soft_killed
    np.testing.assert_array_equal(fates, table.launched)


def test_a_timeline_holds_the_samples_of_each_quantity(result: xr.Dataset) -> None:
    table = lt.tidy(result)["timeline"]
    for name, dims in (
        ("leaked_so_far", ["replication", "sample_time", "salvo"]),
        ("busy_channels", ["replication", "sample_time", "battery"]),
    ):
        found = lookup(table[table.quantity == name].astype({dims[2]: str}), "value", dims)
        np.testing.assert_array_equal(found, result[name].reindex_like(found))
    rounds = table[table.quantity == "ready_rounds"].value
    finite = float(result.ready_rounds.where(np.isfinite(result.rounds), 0).sum())
    assert rounds[rounds < np.inf].sum() == finite
    last = lt.tidy(result.isel(sample_time=-1))
    assert "timeline" not in last
    assert "ready_rounds" in last["magazines"]


def test_infinite_magazines_hold_infinitely_many_rounds() -> None:
    own = battery(magazines=[magazine(rounds=INF)], reaction_time=1.0)
    found = lt.simulate(raid(salvo(), layer("L", own)), replications=2, seed=1, timeline=[0.0])
    for keep in (found, lt.reduced(found)):
        tables = lt.tidy(keep)
        column = "remaining" if keep is found else "remaining_mean"
        assert (tables["magazines"][column] == np.inf).all()
        rounds = tables["timeline"].query("quantity == 'ready_rounds'")
        assert (rounds["value" if keep is found else "mean"] == np.inf).all()


def test_a_summary_has_a_column_for_each_statistic(result: xr.Dataset) -> None:
    ready = lt.reduced(result)
    tables = lt.tidy(ready)
    assert [*tables] == ["raids", *OF_A_RAID[1:], "leaker_counts", "timeline"]
    leaked = ready.leaked.sel(statistic="variance")
    np.testing.assert_array_equal(tables["salvos"].leaked_variance, leaked)
    most = ready.leaked_quantile.sel(quantile=0.95)
    np.testing.assert_array_equal(tables["salvos"]["leaked_quantile_0.95"], most)
    np.testing.assert_array_equal(
        tables["layers"].killed_mean, ready.layer_killed.sel(statistic="mean")
    )
    [raid] = tables["raids"].to_dict("records")
    assert raid["leakers_maximum"] == float(ready.leakers.sel(statistic="maximum"))
    counts = tables["leaker_counts"]
    assert counts.replications.sum() == 30
    assert (counts.leakers * counts.replications).sum() / 30 == pytest.approx(raid["leakers_mean"])


@pytest.mark.parametrize("keep", ["replications", "summary"])
def test_a_campaign_has_rows_by_raid(campaign: lt.Campaign, keep: Any) -> None:
    found = lt.simulate_campaign(campaign, replications=4, seed=1, keep=keep)
    tables = lt.tidy(found)
    first = "replications" if keep == "replications" else "raids"
    runs = 12 if keep == "replications" else 3
    assert [*tables][:2] == [first, "salvos"]
    for name in (first, "stocks", "magazines"):
        assert len(tables[name]) == runs
        assert sorted(set(tables[name].raid)) == [1, 2, 3]
    column = tables["stocks"]["stock" if keep == "replications" else "stock_mean"]
    assert column.tolist() == [6, 1, 0] * (runs // 3)
    assert tables["salvos"].raid_start.max() == 2 * 86_400.0


@pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")
@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("keep", ["replications", "summary"])
def test_every_variable_of_any_campaign_has_units_and_rows_by_raid(number: int, keep: Any) -> None:
    found = lt.simulate_campaign(campaigns.campaign(number), replications=3, seed=1, keep=keep)
    tables = lt.tidy(found)
    assert all("raid" in table.columns for table in tables.values())
    held = {str(column) for table in tables.values() for column in table.columns}
    for name, own in found.data_vars.items():
        assert {"units", "long_name"} <= own.attrs.keys(), name
        if "raid" in own.dims and own.size and "covariance" not in str(name):
            short = str(name).removeprefix("replications_by_").removeprefix("total_")
            names = {short, *(short.removeprefix(f"{dim}_") for dim in own.dims)}
            assert any(column.startswith(tuple(names)) for column in held), name


def test_a_selection_and_joined_results_are_converted(result: xr.Dataset) -> None:
    one = lt.tidy(result.isel(replication=3))
    assert len(one["replications"]) == 1
    assert one["salvos"].leaked.tolist() == result.leaked[3].values.tolist()
    few = lt.tidy(result.isel(replication=[5, 2], salvo=[0]))
    assert few["salvos"].replication.tolist() == [5, 2]
    other = lt.simulate(rich(), replications=4, seed=7, timeline=TIMELINE)
    joined = xr.concat(
        [result, other], "replication", data_vars="minimal", coords="minimal", compat="override"
    )
    joined = joined.assign_coords(seed=("replication", [4] * 30 + [7] * 4))
    assert lt.tidy(joined)["magazines"].seed.nunique() == 2
    assert len(lt.tidy(joined.chunk())["salvos"]) == len(lt.tidy(joined)["salvos"])


def test_a_sweep_has_a_row_a_point() -> None:
    axes: Any = {"size": {COUNT: [50, 200]}, ROUNDS: [0, 10, 30]}
    measures: Any = ["leak_rate", "cost_spent", lt.Measure("leakers", by="salvo")]
    found = lt.sweep(api_example(), axes, measures=measures, replications=5, seed=1)
    tables = lt.tidy(found)
    assert sorted(tables) == ["points", "salvo"]
    points = tables["points"]
    assert len(points) == 6
    assert points["size"].tolist() == [50, 50, 50, 200, 200, 200]
    row = points[(points["size"] == 200) & (points[ROUNDS] == 10)]
    for end in ("mean", "standard_error", "low", "high"):
        value = found.leak_rate.sel({"size": 200, ROUNDS: 10, "estimate": end})
        assert row[f"leak_rate_{end}"].item() == float(value)
    assert len(tables["salvo"]) == 12
    assert {"cost_spent_mean", "cost_spent_low"} <= {*points}


def test_other_studies_and_estimates_are_converted(
    result: xr.Dataset, campaign: lt.Campaign
) -> None:
    few: Any = {"replications": 5, "seed": 1}
    found = lt.tidy(lt.tornado(api_example(), {COUNT: (100, 300)}, **few))
    assert len(found["path, end"]) == 2
    assert len(found["study"]) == 1
    assert len(lt.tidy(lt.leak_rate(result, by="salvo"))["salvo"]) == result.sizes["salvo"]
    supply = lt.sustainment(lt.simulate_campaign(campaign, **few))
    assert len(lt.tidy(supply)["interceptor"]) == 3


def test_what_is_no_dataset_is_refused(result: xr.Dataset) -> None:
    for wrong in (3, None, result.leaked, "result.nc"):
        with pytest.raises(ValueError, match=r"^found: must be a Dataset that comes from"):
            lt.tidy(wrong)  # type: ignore[arg-type]


def test_memory_grows_with_what_happened_not_with_the_product_of_dimensions() -> None:
    names = [f"B{n}" for n in range(20)]
    batteries = [battery(name, magazines=[magazine(name)]) for name in names]
    scenario = raid(salvo(), layer("L", *batteries), [gun(name) for name in names])
    found = lt.simulate(scenario, replications=50, seed=1, timeline=range(40))
    tables = lt.tidy(found)
    assert len(tables["timeline"]) == 50 * 40 * (20 + 20 + 1)
    sizes = {name: size for name, size in found.sizes.items() if name != "decision"}
    assert np.prod([*sizes.values()]) == 50 * 40 * 20 * 20 * 7
    size = sum(int(table.memory_usage(deep=True).sum()) for table in tables.values())
    assert size < 40 * 82_000  # bytes a row of the timeline
