"""Summaries of whole campaigns against those of their raids, the replications, and as text."""

from typing import Any

import campaigns
import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt
from leakthrough.results.reduction import reduced_campaign
from leakthrough.results.summary import _DIMS
from leakthrough.text_tables import MOST_ROWS, WIDTH

pytestmark = pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")
RUN: dict[str, Any] = {"replications": 60, "seed": 3}
PARTS = ("raid", *_DIMS)


def weeks(raids: Any = 6, **more: Any) -> lt.Campaign:
    """Guns behind which a stock often is empty; one wave in three aims at them."""
    own = battery("B", rounds=20, channels=4, reaction_time=2.0, assessment_time=3.0)
    arrival = lt.Uniform(start=0.0, stop=300.0)
    waves = [salvo(count=18, arrival=arrival), salvo("hunters", count=1, target="B")]
    return lt.Campaign(
        name="weeks",
        scenario=raid(waves, layer("L", own, outer=3e3), gun(kills=0.5, cost=2.0)),
        raids=raids,
        interval=lt.DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun")],
        stocks=[lt.Stock(interceptor="gun", rounds=40, rate=11 / lt.DAY)],
        replacement_time=lt.DAY,
        **more,
    )


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate_campaign(weeks(), **RUN)


def test_each_raid_has_the_estimates_of_its_own_summary(result: xr.Dataset) -> None:
    found = lt.summary(result)
    for number in result.raid.values:
        own = lt.summary(result.sel(raid=number))
        for name, values in own.raid.data_vars.items():
            xr.testing.assert_equal(found.raid[name].sel(raid=number).variable, values.variable)
        spent = own.magazines.expended.sel(estimate="mean").sum()
        assert found.raid.expended.sel(raid=number)[0] == pytest.approx(float(spent))
        assert found.raid.launched.sel(raid=number) == own.salvos.launched.sum()


def test_stocks_hold_what_the_replications_do(result: xr.Dataset) -> None:
    found = lt.summary(result).stocks.sel(interceptor="gun")
    gun = result.sel(interceptor="gun")
    assert float(found.rounds) == 40.0
    received = gun.replenished.mean("replication")
    assert found.received.sel(estimate="mean").values == pytest.approx(received.values)
    assert found.left.sel(estimate="mean").values == pytest.approx(gun.stock.mean("replication"))
    delivered = gun.delivered.sum("battery").mean("replication")
    assert found.delivered.values == pytest.approx(delivered.values)
    left = found.rounds + received.cumsum() - found.delivered.cumsum()
    assert found.left.sel(estimate="mean").values == pytest.approx(left.values)
    first = gun.stock_first_dry.values
    assert 0.5 < np.isfinite(first).mean() < 1.0
    middle = np.sort(np.where(np.isnan(first), np.inf, first))[(first.size - 1) // 2]
    assert float(found.first_empty) == middle
    assert float(found.never_empty[0]) == np.isnan(first).mean()
    xr.testing.assert_equal(
        found.empty.variable, lt.sustainment(result).stock_dry.sel(interceptor="gun").variable
    )


def test_a_stock_that_is_seldom_empty_has_no_median_and_says_so() -> None:
    plenty = weeks().model_copy(update={"stocks": (lt.Stock(interceptor="gun", rounds=900),)})
    found = lt.summary(lt.simulate_campaign(plenty, **RUN))
    assert np.isnan(found.stocks.first_empty).all()
    assert found.stocks.never_empty.sel(estimate="mean") == 1.0
    [line] = [own for own in str(found).splitlines() if own.startswith("gun ")]
    assert line.split()[-2:] == ["-", "1"]


def test_batteries_that_are_lost_are_counted(result: xr.Dataset) -> None:
    found = lt.summary(result)
    lost = result.lost.sel(battery="B").mean("replication").values
    assert lost.sum() > 0.0
    assert found.batteries.lost.sel(battery="B", estimate="mean").values == pytest.approx(lost)
    last = str(found).splitlines()[-1].split()
    assert last[:2] == ["B", "L"]
    assert float(last[2]) == pytest.approx(float(lost.sum()), rel=1e-3)


def test_tables_have_a_row_for_each_raid(result: xr.Dataset) -> None:
    tables = lt.summary(result).tables()
    assert [*tables] == ["raid", "batteries", "magazines", "stocks"]
    assert [len(own) for own in tables.values()] == [6] * 4
    assert tables["raid"]["raid"].tolist() == [1, 2, 3, 4, 5, 6]
    leakers = result.leaked.sum("salvo").mean("replication").values
    assert tables["raid"]["leakers_mean"].to_numpy() == pytest.approx(leakers, abs=2.0)


@pytest.mark.parametrize("number", range(12))
def test_any_campaign_both_ways_in_at_most_a_hundred_columns(number: int) -> None:
    own = campaigns.campaign(number)
    kept, brief = (
        lt.simulate_campaign(own, replications=9, seed=number, keep=keep)
        for keep in ("replications", "summary")
    )
    xr.testing.assert_equal(reduced_campaign(kept), brief)
    one, other = map(lt.summary, (kept, brief))
    for part in PARTS:
        xr.testing.assert_identical(getattr(one, part), getattr(other, part))
    assert str(one) == str(other)
    assert max(map(len, str(one).splitlines())) <= WIDTH
    assert one.tables().keys() == other.tables().keys()


def test_a_long_campaign_is_shortened_and_says_so() -> None:
    text = str(lt.summary(lt.simulate_campaign(weeks(60), replications=5, seed=1)))
    title, _, _, *lines = text[text.index("By raid") :].split("\n\n")[0].splitlines()
    assert title == "By raid (of 60: the first 5, the last 3, and some between)"
    shown = [int(line.split()[0]) for line in lines]
    assert len(shown) == len({*shown}) == MOST_ROWS
    assert (shown[:5], shown[-3:]) == ([1, 2, 3, 4, 5], [58, 59, 60])
    assert np.diff(shown[4:18]).max() <= 5
    assert "5 replications of 60 raids, seed 1" in text


def test_assets_have_a_table_of_their_own() -> None:
    own = next(c for c in map(campaigns.campaign, range(200)) if c.scenario.assets)
    result = lt.simulate_campaign(own, replications=20, seed=1)
    found, text = lt.summary(result), str(lt.summary(result))
    lost = result.value_lost.sum("asset").mean("replication").values
    assert found.raid.value_lost.sel(estimate="mean").values == pytest.approx(lost, rel=0.5)
    header = text[text.index("Assets by raid") :].splitlines()[1]
    assert header.split()[:2] == ["raid", "hits"]


def test_plain_means_and_a_level(result: xr.Dataset) -> None:
    found = lt.summary(result, 0.5, controls=False)
    assert found.controls == 0
    leakers = result.leaked.sum("salvo").mean("replication")
    assert found.raid.leakers.sel(estimate="mean").values == pytest.approx(leakers.values)
    assert "50 % interval" in str(found)
    ends = [own.raid.leakers.values[2:] for own in (found, lt.summary(result, controls=False))]
    narrow, wide = (high - low for low, high in ends)
    assert (narrow < wide).all()
