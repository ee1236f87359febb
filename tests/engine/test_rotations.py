"""Batteries that leave to reload, and come back."""

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


def at_sea(absence: Any, *, raids: Any = 8, leave_at: int = 2, **fields: Any) -> lt.Campaign:
    """A ship with twelve rounds, of which it fires five in each night; it has no resupply."""
    ship = battery("ship", rounds=12, channels=1, assessment_time=1.0)
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="h", speed=100.0, lethality=1.0)]
    rotation = lt.Rotation(battery="ship", leave_at=leave_at, absence=absence)
    return lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), layer("L", ship), threats=threats),
        raids=raids,
        interval=DAY,
        **{"rotations": [rotation], **fields},
    )


def rows(campaign: lt.Campaign, *names: str) -> list[Any]:
    result = lt.simulate_campaign(campaign, replications=1, seed=1).squeeze(drop=True)
    return [result[name].values.astype(int).tolist() for name in names]


# ---------------------------------------------------------------- rules


@pytest.mark.parametrize(
    ("absence", "away", "left"),
    [
        (DAY, [0] * 8, [7, 2, 7, 2, 7, 2, 7, 2]),
        (DAY + 1.0, [0, 0, 1, 0, 0, 1, 0, 0], [7, 2, 2, 7, 2, 2, 7, 2]),
        (3.0 * DAY, [0, 0, 1, 1, 0, 0, 1, 1], [7, 2, 2, 2, 7, 2, 2, 2]),
    ],
)
def test_it_leaves_when_few_are_left_and_comes_back_full(
    absence: float, away: list[int], left: list[int]
) -> None:
    """The absence counts from the start of the raid after which it leaves."""
    campaign = at_sea(absence)
    assert rows(campaign, "away", "remaining") == [away, left]
    fired, leaked = rows(campaign, "expended", "leaked")
    assert fired == [5 * (1 - own) for own in away]
    assert leaked == [5 * own for own in away]


def test_it_takes_its_rounds_from_the_stock_on_its_return() -> None:
    """It needs ten, or what there is; then it leaves again as soon as it has two or fewer."""
    stock = [lt.Stock(interceptor="gun", rounds=13)]
    campaign = at_sea(1.5 * DAY, stocks=stock)
    found = rows(campaign, "delivered", "stock", "remaining", "away")
    assert found[0] == [0, 0, 0, 10, 0, 0, 3, 0]
    assert found[1] == [13, 13, 13, 3, 3, 3, 0, 0]
    assert found[2] == [7, 2, 2, 7, 2, 2, 0, 0]
    assert found[3] == [0, 0, 1, 0, 0, 1, 0, 1]


def test_resupply_reaches_it_only_when_it_is_there() -> None:
    """Limited to one round a day, and two days on its way; on its return it is filled at once."""
    supply = [lt.Resupply(battery="ship", interceptor="gun", rounds=1, transport_time=1.5 * DAY)]
    stock = [lt.Stock(interceptor="gun", rounds=100)]
    campaign = at_sea(2.5 * DAY, leave_at=3, resupply=supply, stocks=stock)
    names = "away", "delivered", "in_transport", "stock", "remaining"
    away, came, way, held, left = rows(campaign, *names)
    assert away == [0, 0, 1, 1, 0, 0, 1, 1]
    assert left == [7, 2, 2, 2, 7, 2, 2, 2]
    assert came == [0, 0, 0, 0, 10, 0, 0, 0]
    assert way == [0, 1, 1, 0, 0, 1, 1, 0]
    assert held == [100, 99, 99, 100, 90, 89, 89, 90]


def test_it_does_not_wait_for_what_is_on_its_way() -> None:
    """One round was sent before it left; it arrives when the ship is away again."""
    supply = [lt.Resupply(battery="ship", interceptor="gun", rounds=1, transport_time=3.5 * DAY)]
    campaign = at_sea(1.5 * DAY, raids=6, leave_at=3, resupply=supply)
    found = rows(campaign, "away", "delivered", "in_transport")
    assert found == [[0, 0, 1, 0, 0, 1], [0, 0, 0, 10, 0, 0], [0, 1, 1, 1, 2, 1]]


def test_a_battery_with_infinite_rounds_never_leaves() -> None:
    names = ["gun", "b", "c", "d"]
    own = [lt.Magazine(interceptor=name, rounds=float("inf")) for name in names]
    site = layer("L", battery("B", magazines=own, assessment_time=1.0))
    campaign = lt.Campaign(
        name="c",
        scenario=raid(salvo(count=5), site, [gun(name) for name in names]),
        raids=2,
        interval=DAY,
        rotations=[lt.Rotation(battery="B", leave_at=9, absence=1.5 * DAY)],
    )
    assert rows(campaign, "away") == [[0, 0]]
    assert "rotations.0" in [own.place for own in lt.check(campaign)]


def test_what_aims_at_it_hits_nothing_while_it_is_away() -> None:
    aimed = [salvo(count=5), salvo("to it", threat="h", target="ship", arrival=9e3)]
    free = [salvo(count=5)]
    campaign = at_sea(1.5 * DAY, raids=[free, free, aimed, free, aimed, free])
    away, lost, leaked = rows(campaign, "away", "lost", "leaked")[:3]
    assert away == [0, 0, 1, 0, 0, 0]
    assert lost == [0, 0, 0, 0, 1, 0]
    gone = lt.simulate_campaign(campaign, replications=1, seed=1).squeeze(drop=True)
    assert gone.leaked.sel(salvo="to it").values.tolist() == [0, 0, 1, 0, 1, 0]
    assert gone.rounds_lost.values.tolist() == [0, 0, 0, 0, 2, 0]
    assert leaked[5] == [5, 0]


def test_a_battery_that_is_replaced_is_new_and_does_not_leave() -> None:
    aimed = [salvo(count=5), salvo("to it", threat="h", target="ship", arrival=9e3)]
    supply = [lt.Resupply(battery="ship", interceptor="gun", rounds=1)]
    campaign = at_sea(
        *(1.5 * DAY,), raids=[aimed, [], [], []], replacement_time=0.0, resupply=supply
    )
    found = rows(campaign, "lost", "away", "remaining")
    # It has one round in the second raid, and leaves after it.
    assert found == [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 1, 12]]


def test_only_one_magazine_may_matter() -> None:
    own = [
        lt.Magazine(interceptor="gun", rounds=5),
        lt.Magazine(interceptor="long", rounds=50),
    ]
    weapons = [gun(), gun("long")]
    site = layer("L", battery("B", magazines=own, channels=1, assessment_time=1.0))
    found = []
    for name in (None, "gun", "long"):
        campaign = lt.Campaign(
            name="c",
            scenario=raid(salvo(count=5), site, weapons),
            raids=3,
            interval=DAY,
            rotations=[lt.Rotation(battery="B", interceptor=name, leave_at=9, absence=1.5 * DAY)],
        )
        found.append(rows(campaign, "away")[0])
    assert found == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_each_absence_has_a_draw_of_its_own() -> None:
    """The address has the battery, its number, and the raid after which it leaves."""
    law = stats.uniform(0.5 * DAY, 4.0 * DAY)
    campaign = at_sea(law, leave_at=7, raids=12)
    time: Any = campaign.rotations[0].absence
    away = lt.simulate_campaign(campaign, replications=20, seed=1).away.squeeze(drop=True)
    for replication in range(20):
        expected, back = [], 0.0
        for number in range(12):
            expected.append(back > number * DAY * 1e6)
            if not expected[-1]:
                word = RaidDraws(1, replication, number).draw(("rotation", "ship", 0))[0]
                back = number * DAY * 1e6 + quantile(time, 10**6, uniform(word))
        assert away.values[replication].tolist() == expected


# ---------------------------------------------------------------- exact distribution

CAPACITY, LEAVE, NIGHTS, BACK = 7, 3, 7, {1: 0.4, 2: 0.6}
"""It misses one raid or two."""


def exact() -> list[dict[tuple[int, int, int], float]]:
    """Joint distribution of the rounds left, being away, and the stock, in each raid."""
    every: dict[tuple[int, int, int], float] = {(CAPACITY, 0, 4): 1.0}  # rounds, raids away, stock
    found = []
    for number in range(NIGHTS):
        after: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (rounds, missed, stock), share in every.items():
            own, away = rounds, max(missed - 1, 0)
            stock += int(1.5 * number) - int(1.5 * max(number - 1, 0))
            if missed and not away:
                sent = min(CAPACITY - own, stock)
                own, stock = own + sent, stock - sent
            if away:
                after[own, away, stock] += share
                continue
            for left, chance in night(own).items():
                for raids, part in BACK.items() if left <= LEAVE else {-1: 1.0}.items():
                    after[left, raids + 1, stock] += share * chance * part
        every = dict(after)
        seen: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (rounds, missed, stock), share in every.items():
            seen[rounds, missed, stock] += share
        found.append(dict(seen))
    return found


def test_rounds_and_stock_of_a_ship_follow_the_exact_distribution() -> None:
    own = battery("ship", rounds=CAPACITY, doctrine=lt.Doctrine(max_salvos=2))
    shots = salvo("s", 3, lt.Regular(start=0.0, interval=100.0))
    absence = lt.Empirical(values=[1.5 * DAY, 2.5 * DAY], weights=[0.4, 0.6])
    campaign = lt.Campaign(
        name="c",
        scenario=raid(shots, layer("L", own), gun(kills=KILLS, flight_time=1.0)),
        raids=NIGHTS,
        interval=DAY,
        stocks=[lt.Stock(interceptor="gun", rounds=4, rate=1.5 / DAY)],
        rotations=[lt.Rotation(battery="ship", leave_at=LEAVE, absence=absence)],
    )
    result = lt.simulate_campaign(campaign, replications=40_000, seed=SEED + 41)
    result = result.squeeze(drop=True)
    for number, joint in enumerate(exact()):
        own_raid = result.isel(raid=number)
        codes = own_raid.remaining.values + 10 * own_raid.stock.values
        pmf = np.zeros(max(codes.max(), *(a + 10 * c for a, _, c in joint)) + 1)
        for (rounds, _, stock), share in joint.items():
            pmf[rounds + 10 * stock] += share
        assert_pmf(codes, pmf)


# ---------------------------------------------------------------- input and display


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"battery": "shop"}, "rotations.0.battery: 'shop' is not the name of a battery"),
        ({"interceptor": "gum"}, "'gum' is not the name of a magazine of 'ship'"),
        ({"leave_at": -1}, "leave_at: must be at least 0; got -1"),
        ({"absence": -1.0}, r"absence: must be a number in \[0, 1e\+09\]; got -1.0"),
    ],
)
def test_wrong_rotations(wrong: dict[str, Any], text: str) -> None:
    own = {"battery": "ship", "leave_at": 2, "absence": DAY, **wrong}
    with pytest.raises(lt.ScenarioError, match=text):
        at_sea(DAY, rotations=[own])


def test_more_mistakes() -> None:
    one = lt.Rotation(battery="ship", leave_at=2, absence=DAY)
    with pytest.raises(lt.ScenarioError, match=r"rotations\.1: more than one for 'ship'"):
        at_sea(DAY, rotations=[one, one])
    reloads = "scenario.layers.L.batteries.ship.magazines.gun"
    with pytest.raises(lt.ScenarioError, match="must have no reloads; 'ship' has some"):
        at_sea(DAY).replace(
            reloads, lt.Magazine(interceptor="gun", rounds=9, reloads=1, reload_rounds=1)
        )


def test_files_display_and_paths(tmp_path: Path) -> None:
    campaign = at_sea(stats.gamma(2.0, scale=9e4))
    assert "ship     all                2  gamma(a=2, scale=90000)" in str(campaign)
    for name in ("own.toml", "own.json"):
        campaign.save(tmp_path / name)
        assert lt.load_campaign(tmp_path / name) == campaign
    assert campaign.replace("rotations.ship.absence", 7.0) == at_sea(7.0)


@pytest.mark.parametrize(
    ("absence", "leave_at", "found"),
    [
        (DAY, 2, ["rotations.0.absence"]),
        (stats.uniform(0.0, DAY), 2, ["rotations.0.absence"]),
        (8.0 * DAY, 2, ["rotations.0.absence"]),
        (2.0 * DAY, 12, ["rotations.0.leave_at"]),
        (stats.expon(scale=DAY), 11, []),
    ],
)
def test_rotations_that_make_no_sense(absence: Any, leave_at: int, found: list[str]) -> None:
    campaign = at_sea(absence, leave_at=leave_at)
    places = [own.place for own in lt.check(campaign)]
    assert [own for own in places if own.startswith("rotations")] == found
