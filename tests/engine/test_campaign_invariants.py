"""Invariants of every campaign."""

from typing import Any

import numpy as np
import xarray as xr
from campaigns import campaign
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt

many = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
numbers = st.integers(0, 2**32)


@many
@given(number=numbers, seed=st.integers(0, 2**63 - 1))
def test_books_balance_across_the_nights(number: int, seed: int) -> None:
    check_books(campaign(number), seed)


@many
@given(number=numbers, seed=st.integers(0, 2**63 - 1))
def test_books_balance_with_rules(number: int, seed: int) -> None:
    check_books(campaign(number, "reload early", "depots", "staying power"), seed)


def check_books(given: lt.Campaign, seed: int) -> None:
    result = lt.simulate_campaign(given, replications=4, seed=seed, workers=1)
    finite = np.isfinite(result.rounds)
    before = result.remaining.shift(raid=1).fillna(result.rounds.where(finite, 0))
    before = before.transpose(*result.remaining.dims)
    held = before + result.delivered + result.reloaded
    spent = result.expended + result.remaining
    if "lost" in result:
        assert (result.rounds_lost.sum("interceptor") == 0).where(result.lost == 0, True).all()
        spent = spent + result.rounds_lost
    assert (held == spent).where(finite, True).all()
    check_stocks(result, given)
    check_threats(result)
    check_dryness(result)
    check_depots(result)
    check_patterns(result)


def check_stocks(result: xr.Dataset, given: lt.Campaign) -> None:
    kept = result.stock >= 0
    start = result.stock.isel(raid=0) - result.replenished.isel(raid=0)
    came = result.replenished.cumsum("raid")
    went = result.delivered.sum("battery").cumsum("raid")
    if "in_transport" in result:
        went = went + result.in_transport.sum("battery")
        assert (result.in_transport >= 0).all()
    if "depot" in result.dims:
        to_depots = result.depot_delivered.cumsum("raid")
        if "depot_in_transport" in result:
            to_depots = to_depots + result.depot_in_transport
        of = result.interceptor_of == result.interceptor
        went = went + (to_depots * of).sum("depot")
    for user in given.users:
        went = went + (result.interceptor == user.interceptor) * result.got.sel(
            user=user.name
        ).cumsum("raid")
    if given.users:
        assert ((result.got >= 0) & (result.got <= result.asked)).all()
    assert (start + came - went == result.stock).where(kept, True).all()
    assert (result.delivered >= 0).all()
    assert (result.replenished == 0).where(~kept, True).all()


def check_depots(result: xr.Dataset) -> None:
    if "depot" not in result.dims:
        return
    came = result.depot_rounds + result.depot_delivered.cumsum("raid")
    went = result.depot_reloaded.cumsum("raid") + result.depot_lost.cumsum("raid")
    held = result.depot_remaining + result.depot_in_transit
    assert (came == went + held).all()
    assert (held >= result.depot_remaining).all()
    assert (result.depot_remaining >= 0).all()
    assert (result.depot_remaining <= result.depot_rounds).all()


def check_threats(result: xr.Dataset) -> None:
    stopped = result.killed.sum("layer") + result.soft_killed.sum("layer")
    assert (result.launched == result.leaked + stopped).all()
    assert (result.leak_cause.sum("cause") == result.leaked).all()


def check_patterns(result: xr.Dataset) -> None:
    if "raid_kind" in result:
        assert (result.raid_kind.sum("kind") == 1).all()
    for name in result.threat_class.values if "threat_stock" in result else ():
        stock = result.threat_stock.sel(threat_class=name)
        launched = result.launched.sel(salvo=result.threat.values == name).sum("salvo")
        assert (launched <= stock).all()
        assert ((stock - launched).shift(raid=1).fillna(0) <= stock).all()


def check_dryness(result: xr.Dataset) -> None:
    for name in ("dry_so_far", "stock_dry_so_far"):
        assert result[name].dtype == np.bool_
        assert (result[name].astype(int).diff("raid") >= 0).all()
    ran_dry = result.depletion_time.notnull().cumsum("raid") > 0
    assert (ran_dry == result.dry_so_far).all()
    first: Any = result.dry_so_far.idxmax("raid").where(result.dry_so_far.any("raid"))
    assert first.equals(result.first_dry.transpose(*first.dims))


@many
@given(number=numbers, seed=st.integers(0, 2**63 - 1))
def test_the_first_raid_is_the_raid_alone(number: int, seed: int) -> None:
    given = campaign(number)
    if isinstance(given.raids, lt.RaidPattern):
        assume(not given.raids.is_drawn and not given.raids.stocks)
    night = given.raid(1)
    first = lt.simulate_campaign(given, replications=3, seed=seed, workers=1).isel(raid=0)
    alone = lt.simulate(night, replications=3, seed=seed, workers=1)
    names = [name for name in alone.data_vars if name not in ("launched", "rounds")]
    for name in names:
        mine = first[name]
        if "salvo" in mine.dims:
            mine = mine.sel(salvo=alone.salvo.values)
        if "decision" in mine.dims:  # the campaign has those of all its raids
            mine = mine.sel(decision=alone["decision"].values)
        np.testing.assert_array_equal(mine.values, alone[name].values, err_msg=str(name))


# ---------------------------------------------------------------- monotonicity


def leakers(**changes: Any) -> float:
    """Mean leakers of all raids of a small campaign, on common random numbers."""
    fields = {"rounds": 12, "delivery": 6, "stock": 15, "replacement_time": None, **changes}
    own = battery("B", rounds=fields["rounds"], channels=2, assessment_time=5.0)
    count = stats.gamma(8.0, scale=fields.get("scale", 2.0))
    night = raid(
        [
            salvo("s", count, lt.Uniform(start=0.0, stop=600.0)),
            salvo("hunters", 2, lt.Uniform(start=0.0, stop=600.0), target="B"),
        ],
        layer("L", own),
        gun(kills=0.6, flight_time=2.0),
        threats=[lt.Threat(name="t", speed=100.0, lethality=fields.get("lethality", 0.2))],
    )
    given = lt.Campaign(
        name="monotone",
        scenario=night,
        raids=6,
        interval=86_400.0,
        resupply=[lt.Resupply(battery="B", interceptor="gun", rounds=fields["delivery"])],
        stocks=[lt.Stock(interceptor="gun", rounds=fields["stock"])],
        replacement_time=fields["replacement_time"],
    )
    result = lt.simulate_campaign(given, replications=600, seed=3)
    return float(result.leaked.sum(("raid", "salvo")).mean())


def test_more_of_everything_that_defends_means_fewer_leakers() -> None:
    base = leakers()
    assert leakers(rounds=20) < base
    assert leakers(delivery=9, stock=60) < leakers(stock=60)
    assert leakers(delivery=9, stock=60) < base
    assert leakers(stock=25) < base
    assert leakers(replacement_time=86_400.0) < base
    assert leakers(lethality=0.6) > base
    assert leakers(scale=3.0) > base
