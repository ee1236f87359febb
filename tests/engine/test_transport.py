"""Resupply that takes time: what is on its way, and what becomes of it."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from raids import battery, layer, raid, salvo
from scipy import stats
from supply_chain import assert_exact, small

import leakthrough as lt
from leakthrough.reference.draws import RaidDraws, quantile, uniform

SEED = int(os.environ.get("LEAKTHROUGH_SEED", "0"))
DAY = lt.DAY
LETHAL = [lt.Threat(name="t", speed=100.0), lt.Threat(name="h", speed=100.0, lethality=1.0)]


def nightly(
    time: Any, *, raids: Any = 5, rounds: int = 8, limit: float = float("inf"), **fields: Any
) -> lt.Campaign:
    """Five rounds are fired in each night."""
    site = layer("L", battery("B", rounds=rounds, channels=1, assessment_time=1.0))
    return lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), site, threats=LETHAL),
        raids=raids,
        interval=DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun", rounds=limit, transport_time=time)],
        **fields,
    )


def rows(campaign: lt.Campaign, *names: str, seed: int = 1) -> list[list[int]]:
    result = lt.simulate_campaign(campaign, replications=1, seed=seed).squeeze(drop=True)
    return [result[name].values.tolist() for name in names]


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("time", "delivered", "on_the_way"),
    [
        (1.0, [0, 0, 5, 3, 5], [0, 5, 3, 5, 3]),
        (DAY, [0, 0, 5, 3, 5], [0, 5, 3, 5, 3]),
        (DAY + 1.0, [0, 0, 0, 5, 3], [0, 5, 8, 3, 5]),
        (30.0 * DAY, [0, 0, 0, 0, 0], [0, 5, 8, 8, 8]),
    ],
)
def test_rounds_arrive_before_the_first_raid_that_starts_late_enough(
    time: float, delivered: list[int], on_the_way: list[int]
) -> None:
    """What is on its way counts as held: the magazine never lacks more than eight."""
    found = rows(nightly(time), "delivered", "in_transport")
    assert found == [delivered, on_the_way]


def test_without_a_time_nothing_is_ever_on_the_way() -> None:
    result = lt.simulate_campaign(nightly(0.0), replications=2, seed=1)
    assert "in_transport" not in result
    tiny = lt.simulate_campaign(nightly(lt.Empirical(values=[0.0])), replications=2, seed=1)
    assert (tiny.in_transport == 0).all()
    np.testing.assert_array_equal(tiny.delivered, result.delivered)


def test_a_depot_gets_its_rounds_later_too() -> None:
    own = lt.Magazine(interceptor="gun", rounds=5, reloads=9, reload_rounds=5, depot="D")
    site = layer("L", battery("B", magazines=[own]))
    depots = [lt.Depot(name="D", interceptor="gun", rounds=6)]
    campaign = lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), site, depots=depots),
        raids=4,
        interval=DAY,
        resupply=[lt.Resupply(depot="D", transport_time=1.0)],
    )
    found = rows(campaign, "depot_delivered", "depot_in_transport", "depot_remaining")
    assert found == [[0, 0, 5, 1], [0, 5, 1, 5], [1, 0, 0, 0]]


LOST = [[salvo(count=5), salvo("h", threat="h", arrival=9e3, target="B")], [salvo(count=5)]]


@pytest.mark.parametrize(
    ("replacement_time", "delivered", "stock"),
    [(None, [0, 0, 0, 0], [20, 15, 12, 17]), (0.0, [0, 0, 0, 5], [20, 15, 12, 12])],
)
def test_what_finds_its_battery_lost_goes_back_to_the_stock(
    replacement_time: float | None, delivered: list[int], stock: list[int]
) -> None:
    """The third raid destroys it. Five rounds come before the fourth, and three are on their way.

    A new battery takes the five; it then lacks none but the three.
    """
    raids = [LOST[1], LOST[1], LOST[0], LOST[1]]
    campaign = nightly(
        *(DAY + 1.0,),
        raids=raids,
        stocks=[lt.Stock(interceptor="gun", rounds=20)],
        replacement_time=replacement_time,
    )
    found = rows(campaign, "delivered", "stock", "in_transport")
    assert found == [delivered, stock, [0, 5, 8, 3]]


def test_what_has_no_room_goes_back_to_the_stock() -> None:
    """A reload fills the magazine while the shipment is on its way."""
    own = lt.Magazine(interceptor="gun", rounds=8, reloads=1, reload_rounds=8, reload_at=3)
    slow = lt.Magazine(**{**vars(own), "reload_time": 3600.0})
    site = layer("L", battery("B", magazines=[slow]))
    campaign = lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), site),
        raids=[[salvo(count=4)], [salvo(count=1)], [], []],
        interval=DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun", transport_time=2.0 * DAY)],
        stocks=[lt.Stock(interceptor="gun", rounds=9)],
    )
    names = "delivered", "stock", "in_transport", "reloaded", "remaining"
    came, stock, way, reloaded, left = rows(campaign, *names)
    assert reloaded == [0, 0, 8, 0]
    assert left == [4, 3, 11, 11]
    assert (came, stock, way) == ([0, 0, 0, 0], [9, 5, 5, 9], [0, 4, 4, 0])


def test_each_shipment_has_a_draw_of_its_own() -> None:
    """The address has the battery, its number, the interceptor and the raid."""
    time = stats.uniform(0.0, 4.0 * DAY)
    campaign = nightly(time, raids=6, rounds=500, limit=1)
    law = campaign.resupply[0].transport_time
    for replication in range(20):
        expected: Counter[int] = Counter()
        for number in range(1, 6):
            word = RaidDraws(1, replication, number).draw(("transport", "B", 0, "gun"))[0]
            arrival = number * DAY * 1e6 + quantile(law, 10**6, uniform(word))  # type: ignore[arg-type]
            expected[int(-(-arrival // (DAY * 1e6)))] += 1
        result = lt.simulate_campaign(campaign, replications=20, seed=1)
        found = result.delivered.squeeze(drop=True).values[replication].tolist()
        assert found == [expected[n] for n in range(6)]


# ---------------------------------------------------------------- exact distribution


def test_rounds_left_on_the_way_and_in_stock_follow_the_exact_distribution() -> None:
    """A lost battery misses one raid, and is back for the next, without rounds."""
    assert_exact(small(1.2 * DAY), {2: 1.0}, SEED + 21)


# ---------------------------------------------------------------- input and display


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (-1.0, r"transport_time: must be a number in \[0, 1e\+09\]; got -1.0"),
        (stats.norm(9.0, 1.0), "must not fall below 0, but norm reaches -inf"),
        (stats.poisson(3.0), "is for numbers of threats and of rounds only"),
    ],
)
def test_wrong_transport_times(wrong: Any, text: str) -> None:
    with pytest.raises(lt.ScenarioError, match=text):
        nightly(wrong)


def test_files_display_and_paths(tmp_path: Path) -> None:
    campaign = nightly(stats.gamma(2.0, scale=9e4))
    assert "B, gun  gamma(a=2, scale=90000)" in str(campaign)
    assert "Transport" not in str(nightly(0.0))
    for name in ("own.toml", "own.json"):
        campaign.save(tmp_path / name)
        assert lt.load_campaign(tmp_path / name) == campaign
    assert nightly(7.0).replace("resupply.B.transport_time", 0.0) == nightly(0.0)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (4.0 * DAY, "is 345,600 s or more, and the last raid starts 259,200 s after the second"),
        (stats.uniform(4.0 * DAY, 9.0), "is 345,600 s or more, and the last raid starts"),
        (2.0, "is 2 s"),
        (3.0 * DAY, ""),
        (stats.expon(scale=9.0 * DAY), ""),
    ],
)
def test_transport_that_makes_no_sense(time: Any, text: str) -> None:
    found = [own for own in lt.check(nightly(time)) if own.place == "resupply.0.transport_time"]
    assert [own.what[: len(text)] for own in found] == ([text] if text else [])
