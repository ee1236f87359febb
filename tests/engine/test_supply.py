"""Production, batches and deliveries that reach the stocks of a campaign."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt

DAY = lt.DAY
SIGMAS = 5.0


def of_stock(raids: int, **fields: Any) -> lt.Campaign:
    """A stock that is used by nobody, as nothing is fired."""
    scenario = raid(salvo(count=1), layer("L", battery("B", rounds=0)), gun())
    stock = lt.Stock(**{"interceptor": "gun", "rounds": 0, **fields})
    return lt.Campaign(name="c", scenario=scenario, raids=raids, interval=DAY, stocks=[stock])


def received(campaign: lt.Campaign, replications: int = 1, seed: int = 1) -> npt.NDArray[np.int64]:
    """Rounds that reached the stock before each raid, (replication, raid)."""
    result = lt.simulate_campaign(campaign, replications=replications, seed=seed)
    values: npt.NDArray[np.int64] = result.replenished.values[..., 0]
    return values


# ---------------------------------------------------------------- production


def test_production_by_time_is_the_integral_of_the_rate() -> None:
    growing = lt.ByTime(time=[DAY, 3 * DAY, 4 * DAY], rate=[1 / DAY, 3 / DAY, 0.0])
    # One on the first day, 1.5 and 2.5 while it grows, 1.5 while it falls, and then none.
    assert [growing.integral(n * DAY) for n in range(7)] == [0, 1, 2.5, 5, 6.5, 6.5, 6.5]
    assert [growing.at(n * DAY) * DAY for n in (0, 1, 2, 3, 9)] == [1, 1, 2, 3, 0]
    assert received(of_stock(7, rate=growing)).tolist() == [[0, 1, 1, 3, 1, 0, 0]]
    assert received(of_stock(7, rate=growing, batch=2)).tolist() == [[0, 0, 2, 2, 2, 0, 0]]


@pytest.mark.parametrize("number", range(20))
def test_integrals_are_exact(number: int) -> None:
    random = np.random.default_rng(number)
    times = np.unique(random.integers(0, 40, size=random.integers(1, 8))).tolist()
    rates = random.integers(0, 9, size=len(times)).tolist()
    own = lt.ByTime(time=times, rate=rates)
    for until in range(50):
        exact, nodes = Fraction(0), sorted({0, until, *(t for t in times if t < until)})
        for low, high in itertools.pairwise(nodes):
            ends = [
                Fraction(np.interp(t, times, rates)).limit_denominator(2000) for t in (low, high)
            ]
            exact += (high - low) * sum(ends) / 2
        assert own.integral(until) == pytest.approx(float(exact), rel=1e-12, abs=1e-12)


def test_a_constant_table_is_the_number_and_batches_of_one_change_nothing() -> None:
    table = lt.ByTime(time=[0.0], rate=[0.1 / DAY])
    found = [received(of_stock(40, rate=rate)).tolist() for rate in (0.1 / DAY, table)]
    assert found[0] == found[1]
    assert sum(found[0][0]) == 3
    whole = received(of_stock(40, rate=1.1 / DAY, batch=5))
    assert set(whole.ravel()) == {0, 5}
    assert whole.cumsum().tolist() == [int(1.1 * n + 1e-9) // 5 * 5 for n in range(40)]


# ---------------------------------------------------------------- deliveries


def test_a_delivery_is_drawn_once_in_a_campaign(offset: int) -> None:
    drawn = lt.Delivery(time=stats.uniform(0.0, 4 * DAY), rounds=stats.uniform(0.0, 4.0))
    known = lt.Delivery(time=2 * DAY, rounds=100)
    came = received(of_stock(4, deliveries=[drawn, known]), 4000, 3 + offset)
    came[:, 2] -= 100
    assert ((came > 0).sum(axis=1) <= 1).all()
    # It comes within the first to the fourth day; what comes in the last one is too late.
    shares, chances = (came > 0).mean(axis=0), np.array([0, 7 / 32, 7 / 32, 7 / 32])
    assert (np.abs(shares - chances) <= SIGMAS * np.sqrt(chances * (1 - chances) / 4000)).all()
    rounds = np.bincount(came.sum(axis=1), minlength=5)[1:] / 4000
    chances = np.array([2, 2, 2, 1]) / 8 * 0.75
    assert (np.abs(rounds - chances) <= SIGMAS * np.sqrt(chances * (1 - chances) / 4000)).all()


def test_draws_of_a_delivery_depend_on_its_stock_and_its_index_only() -> None:
    drawn = lt.Delivery(time=stats.uniform(0.0, 4 * DAY), rounds=stats.uniform(0.0, 40.0))
    first = received(of_stock(4, deliveries=[drawn]), 50)
    second = received(of_stock(4, deliveries=[drawn, drawn]), 50)
    other = received(of_stock(4, deliveries=[lt.Delivery(time=0.0, rounds=0), drawn]), 50)
    assert (second == first + other).all()
    assert (first != other).any()
    longer = received(of_stock(6, deliveries=[drawn], rate=1 / DAY), 50)
    assert (longer[:, 1:4] == first[:, 1:] + 1).all()


def test_random_replenishment_is_counted_apart_from_deliveries() -> None:
    drawn = lt.Delivery(time=stats.uniform(0.0, 2 * DAY), rounds=stats.uniform(0.0, 40.0))
    both = of_stock(4, deliveries=[drawn], replenishment=stats.uniform(2.0, 4.0))
    result = lt.simulate_campaign(both, replications=50, seed=1)
    alone = of_stock(4, replenishment=stats.uniform(2.0, 4.0))
    other = lt.simulate_campaign(alone, replications=50, seed=1)
    own = result.occurred.sel(decision="replenishment.gun")
    assert (own == other.occurred.sel(decision="replenishment.gun")).all()
    assert (own == other.replenished.isel(interceptor=0)).all()
    assert "drawn" not in result


# ---------------------------------------------------------------- exactly

THREATS, CAPACITY, NIGHTS, KILLS, FIRST, BATCH = 3, 6, 6, 0.6, 3, 2
RATE = lt.ByTime(time=[0.0, 4 * DAY], rate=[1 / DAY, 3 / DAY])
WIDTH = 60


def full() -> lt.Campaign:
    """Three threats a night, with two looks each, and a magazine that a short stock fills."""
    own = battery("B", rounds=CAPACITY, doctrine=lt.Doctrine(max_salvos=2))
    wave = salvo("s", THREATS, lt.Regular(start=0.0, interval=100.0))
    delivery = lt.Delivery(time=stats.uniform(DAY, 4 * DAY), rounds=stats.uniform(0.0, 4.0))
    stock = lt.Stock(interceptor="gun", rounds=FIRST, rate=RATE, batch=BATCH, deliveries=[delivery])
    return lt.Campaign(
        name="full",
        scenario=raid(wave, layer("L", own), gun(kills=KILLS, flight_time=1.0)),
        raids=NIGHTS,
        interval=DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun")],
        stocks=[stock],
    )


def night() -> npt.NDArray[np.float64]:
    """Probability of the ready rounds after a night, given those before it."""
    one = np.zeros((CAPACITY + 1, CAPACITY + 1))
    one[0, 0] = one[1, 0] = 1.0
    for ready in range(2, CAPACITY + 1):
        one[ready, ready - 1], one[ready, ready - 2] = KILLS, 1.0 - KILLS
    return np.linalg.matrix_power(one, THREATS)


def stocks_of(arrival: int, rounds: int) -> list[npt.NDArray[np.float64]]:
    """Distributions of (ready, stock) at the start of each raid, for one known delivery."""
    state = np.zeros((CAPACITY + 1, WIDTH))
    state[CAPACITY, FIRST] = 1.0
    found, produced = [state], [int(n + n * n / 4) // BATCH * BATCH for n in range(5)]
    produced.append((8 + 3) // BATCH * BATCH)
    for number in range(1, NIGHTS):
        after, state = night().T @ state, np.zeros_like(state)
        came = produced[number] - produced[number - 1] + rounds * (number == arrival)
        for ready, stock in np.argwhere(after > 0):
            given = min(CAPACITY - ready, stock + came)
            state[ready + given, stock + came - given] += after[ready, stock]
        found.append(state)
    return found


def test_stocks_follow_the_exact_distribution(offset: int) -> None:
    """20,000 campaigns detect an error of .018 in a probability of one half."""
    result = lt.simulate_campaign(full(), replications=20_000, seed=11 + offset)
    chances = {0: 1 / 8, 1: 1 / 4, 2: 1 / 4, 3: 1 / 4, 4: 1 / 8}
    cases = [
        (share / 4, stocks_of(arrival, rounds))
        for arrival in (2, 3, 4, 5)
        for rounds, share in chances.items()
    ]
    for number in range(NIGHTS):
        exact = sum(share * states[number].sum(axis=0) for share, states in cases)
        seen = np.bincount(result.stock.values[:, number, 0], minlength=WIDTH) / 20_000
        bands = SIGMAS * np.sqrt(exact * (1 - exact) / 20_000) + 2 / 20_000
        assert (np.abs(seen - exact) <= bands).all()


# ---------------------------------------------------------------- documents


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"rate": -1.0}, "stocks.gun.rate: must be at least 0; got -1.0"),
    ({"rate": {"time": [0, 0], "rate": [1, 1]}}, "rate.time: must increase; got (0.0, 0.0)"),
    ({"rate": {"time": [0], "rate": [1, 1]}}, "one entry for each of the 1 times; got 2"),
    ({"rate": {"time": [0], "rate": [2e6]}}, "rate.rate.0: must be at most"),
    ({"rate": {"time": [], "rate": []}}, "stocks.gun.rate.time: must"),
    ({"batch": 0}, "stocks.gun.batch: must be at least 1; got 0"),
    (
        {"deliveries": [{"time": stats.norm(), "rounds": 1}]},
        "stocks.gun.deliveries.0.time: must not fall below 0, but norm reaches -inf",
    ),
    (
        {"deliveries": [{"time": 0.0, "rounds": stats.pareto(0.5)}]},
        "stocks.0.deliveries.0.rounds: must not reach 1,000,000,000 rounds, but pareto reaches",
    ),
    ({"deliveries": [{"time": 0.0, "rounds": 1.5}]}, "deliveries.0.rounds: must be a whole number"),
    (
        {"deliveries": [{"time": stats.uniform(0, 9), "rounds": 1}] * 1001},
        "stocks: must hold at most 1,000 deliveries that are drawn; got 1,001",
    ),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said(fields: dict[str, Any], said: str) -> None:
    campaign = of_stock(2)
    stock = {"interceptor": "gun", "rounds": 0, **fields}
    with pytest.raises(lt.ScenarioError) as error:
        lt.Campaign(**{**vars(campaign), "stocks": [stock]})
    assert said in str(error.value)


def test_supply_survives_a_file_and_is_shown(tmp_path: Any) -> None:
    campaign = full()
    campaign.save(tmp_path / "c.toml")
    assert lt.load_campaign(tmp_path / "c.toml") == campaign
    assert "1 to 3 in batches of 2" in str(campaign)
    faster = campaign.replace("stocks.gun.rate.rate.1", 4 / DAY)
    assert faster.stocks[0].highest_rate == 4 / DAY


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"rate": 3 / DAY, "batch": 50}, "stocks.0.rate", "only whole batches of 50 rounds count"),
        ({"batch": 5, "rounds": 9}, "stocks.0.batch", "the rate of production is 0"),
        ({"rate": lt.ByTime(time=[0], rate=[0])}, "stocks.0", "nothing reaches it"),
        (
            {"deliveries": [lt.Delivery(time=stats.uniform(9 * DAY, DAY), rounds=4)]},
            "stocks.0.deliveries.0.time",
            "is at least 777,600 s, and the last raid starts at 432,000 s",
        ),
        (
            {"deliveries": [lt.Delivery(time=DAY, rounds=stats.uniform(0.0, 0.4))]},
            "stocks.0.deliveries.0.rounds",
            "each draw is rounded to 0",
        ),
    ],
)
def test_supply_that_brings_nothing_is_found(fields: Any, place: str, said: str) -> None:
    stock = lt.Stock(**{"interceptor": "gun", "rounds": 0, **fields})
    found = lt.check(lt.Campaign(**{**vars(full()), "stocks": [stock]}))
    assert [str(each) for each in found if each.place == place and said in str(each)]
    assert not [each for each in lt.check(full()) if each.place.startswith("stocks")]
