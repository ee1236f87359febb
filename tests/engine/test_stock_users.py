"""Several users of one stock."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bands import assert_pmf
from raids import battery, gun, layer, raid, salvo
from scipy import stats
from supply_chain import KILLS, night

import leakthrough as lt
from leakthrough.reference.draws import RaidDraws, quantile, uniform

SEED = int(os.environ.get("LEAKTHROUGH_SEED", "0"))
DAY = lt.DAY


def shared(
    *demands: Any, rounds: int = 40, shortage: Any = "proportion", **fields: Any
) -> lt.Campaign:
    """Five rounds are fired in each night; other users ask for rounds too."""
    site = layer("L", battery("B", rounds=8, channels=1, assessment_time=1.0))
    users = [
        lt.StockUser(name=f"u{n}", interceptor="gun", demand=own) for n, own in enumerate(demands)
    ]
    return lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), site),
        raids=4,
        interval=DAY,
        shortage=shortage,
        **{
            "resupply": [lt.Resupply(battery="B", interceptor="gun")],
            "stocks": [lt.Stock(interceptor="gun", rounds=rounds)],
            "users": users,
            **fields,
        },
    )


def rows(campaign: lt.Campaign, *names: str) -> list[Any]:
    result = lt.simulate_campaign(campaign, replications=1, seed=1).squeeze(drop=True)
    return [result[name].values.tolist() for name in names]


def test_users_get_what_they_ask_for_while_it_lasts() -> None:
    asked, got, stock, came = rows(shared(3, 4), "asked", "got", "stock", "delivered")
    assert asked == [[0, 0], [3, 4], [3, 4], [3, 4]]
    assert got == asked
    assert came == [0, 5, 5, 5]
    assert stock == [40, 28, 16, 4]


@pytest.mark.parametrize(
    ("shortage", "came", "got"),
    [
        # 11 rounds for 5, 3 and 12: 2.75, 1.65 and 6.6; the last two go to the battery and to u0.
        ("proportion", 3, [2, 6]),
        ("order", 5, [3, 3]),
    ],
)
def test_a_short_stock_is_shared_by_the_rule_of_the_campaign(
    shortage: Any, came: int, got: list[int]
) -> None:
    campaign = shared(3, 12, rounds=11, shortage=shortage)
    found = rows(campaign, "delivered", "got", "stock")
    assert found == [[0, came, 0, 0], [[0, 0], got, [0, 0], [0, 0]], [11, 0, 0, 0]]


def test_other_stocks_are_not_touched() -> None:
    weapons = [gun(), gun("long")]
    campaign = shared(3, rounds=20)
    scenario = campaign.scenario.replace("interceptors", weapons)
    stocks = [*campaign.stocks, lt.Stock(interceptor="long", rounds=7)]
    users = [lt.StockUser(name="far", interceptor="long", demand=2), *campaign.users]
    mixed = lt.Campaign(
        **{**vars(campaign), "scenario": scenario, "stocks": stocks, "users": users}
    )
    found = rows(mixed, "stock", "got")
    assert found[0] == [[20, 7], [12, 5], [4, 3], [0, 1]]
    assert found[1] == [[0, 0], [2, 3], [2, 3], [2, 1]]


def test_each_demand_has_a_draw_of_its_own() -> None:
    """The address has the user and the raid."""
    campaign = shared(stats.poisson(3.0), stats.gamma(4.0), rounds=10**6)
    laws: list[Any] = [user.demand for user in campaign.users]
    asked = lt.simulate_campaign(campaign, replications=20, seed=1).asked.values
    for replication in range(20):
        for number in range(1, 4):
            for n, law in enumerate(laws):
                word = RaidDraws(1, replication, number).draw(("demand", f"u{n}"))[0]
                assert asked[replication, number, n] == quantile(law, 1, uniform(word))


# ---------------------------------------------------------------- exact distribution

CAPACITY, NIGHTS, LAW = 6, 5, stats.binom(5, 0.4)
DEMAND = {n: float(LAW.pmf(n)) for n in range(6)}


def shares(lack: int, demand: int, stock: int) -> tuple[int, int]:
    """In proportion; of equal remainders, the battery's is rounded up."""
    total = lack + demand
    if total <= stock:
        return lack, demand
    own, other = divmod(lack * stock, total), divmod(demand * stock, total)
    left = stock - own[0] - other[0]
    own_more = int(left > 0 and own[1] >= other[1])
    return own[0] + own_more, other[0] + left - own_more


def exact() -> list[dict[tuple[int, int, int], float]]:
    """Joint distribution of the rounds left, what the other user got, and the stock."""
    every: dict[tuple[int, int], float] = {(CAPACITY, 3): 1.0}
    found = []
    for number in range(NIGHTS):
        after: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (rounds, stock), share in every.items():
            stock += int(2.5 * number) - int(2.5 * max(number - 1, 0))
            for demand, chance in DEMAND.items() if number else {0: 1.0}.items():
                came, got = shares(CAPACITY - rounds, demand, stock) if number else (0, 0)
                for left, part in night(rounds + came).items():
                    after[left, got, stock - came - got] += share * chance * part
        found.append(dict(after))
        pooled: defaultdict[tuple[int, int], float] = defaultdict(float)
        for (left, _, stock), share in after.items():
            pooled[left, stock] += share
        every = dict(pooled)
    return found


def test_shares_of_a_random_demand_follow_the_exact_distribution() -> None:
    own = battery("B", rounds=CAPACITY, doctrine=lt.Doctrine(max_salvos=2))
    shots = salvo("s", 3, lt.Regular(start=0.0, interval=100.0))
    campaign = lt.Campaign(
        name="c",
        scenario=raid(shots, layer("L", own), gun(kills=KILLS, flight_time=1.0)),
        raids=NIGHTS,
        interval=DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun")],
        stocks=[lt.Stock(interceptor="gun", rounds=3, rate=2.5 / DAY)],
        users=[lt.StockUser(name="u", interceptor="gun", demand=LAW)],
    )
    result = lt.simulate_campaign(campaign, replications=40_000, seed=SEED + 51)
    for number, joint in enumerate(exact()):
        one = result.isel(raid=number).squeeze(drop=True)
        codes = one.remaining.values + 10 * one.got.values + 100 * one.stock.values
        pmf = np.zeros(max(codes.max(), *(a + 10 * b + 100 * c for a, b, c in joint)) + 1)
        for (rounds, got, stock), share in joint.items():
            pmf[rounds + 10 * got + 100 * stock] += share
        assert_pmf(codes, pmf)


# ---------------------------------------------------------------- input and display


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"interceptor": "gum"}, "users.0.interceptor: 'gum' is not the name of a stock"),
        ({"demand": -1}, "demand: must be at least 0; got -1"),
        ({"demand": 1.5}, "demand: must be a whole number; got 1.5"),
        ({"demand": stats.norm()}, "must not fall below 0, but norm reaches -inf"),
        ({"demand": stats.pareto(0.5)}, "users.0.demand: must not reach 1,000,000,000 rounds"),
        ({"name": ""}, "name"),
    ],
)
def test_wrong_users(wrong: dict[str, Any], text: str) -> None:
    own = {"name": "u", "interceptor": "gun", "demand": 1, **wrong}
    with pytest.raises(lt.ScenarioError, match=text):
        shared(users=[own])


def test_names_are_unique() -> None:
    one = lt.StockUser(name="u", interceptor="gun", demand=1)
    with pytest.raises(lt.ScenarioError, match=r"users\.1: more than one is called 'u'"):
        shared(users=[one, one])


def test_files_display_paths_and_summaries(tmp_path: Path) -> None:
    campaign = shared(stats.poisson(3.0), 4)
    assert "u0    gun            poisson(mu=3)" in str(campaign)
    for name in ("own.toml", "own.json"):
        campaign.save(tmp_path / name)
        assert lt.load_campaign(tmp_path / name) == campaign
    assert campaign.replace("users.u0.demand", 7) == shared(7, 4)
    kept = lt.simulate_campaign(campaign, replications=50, seed=1)
    brief = lt.simulate_campaign(campaign, replications=50, seed=1, keep="summary")
    mean = brief.got.sel(statistic="mean").values
    np.testing.assert_allclose(mean, kept.got.mean("replication"), rtol=1e-12)


def test_users_that_make_no_sense() -> None:
    for demand, found in ((0, ["users.0.demand"]), (stats.uniform(0.0, 0.4), ["users.0.demand"])):
        assert [own.place for own in lt.check(shared(demand))] == found
    assert lt.check(shared(3, resupply=[])) == []
