"""A small campaign with transport times and losses, and its exact distribution by recursion."""

from collections import defaultdict
from typing import Any

import numpy as np
from bands import assert_pmf
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt

DAY = lt.DAY
CAPACITY, LIMIT, NIGHTS, KILLS, LETHALITY = 4, 3, 6, 0.6, 0.25
TIMES = {0: 0.2, 1: 0.5, 2: 0.3}
"""Raids that a shipment is late, and their probabilities."""
State = tuple[int, int, tuple[int, int], int]
"""Rounds, raids until the battery is back, rounds due before the next raids, rounds in stock."""


def supplied(received: int, state: State) -> dict[State, float]:
    rounds, away, (due, later), stock = state
    away, stock = max(away - 1, 0), stock + received
    came = min(due, 0 if away else CAPACITY - rounds)
    rounds, stock = rounds + came, stock + due - came
    lack = 0 if away else CAPACITY - rounds - later
    sent = min(max(lack, 0), LIMIT, stock)
    stock -= sent
    found: defaultdict[State, float] = defaultdict(float)
    for late, share in TIMES.items() if sent else {0: 1.0}.items():
        next_due = later + (sent if late == 1 else 0), sent if late == 2 else 0
        found[rounds + (sent if late == 0 else 0), away, next_due, stock] += share
    return found


def night(rounds: int) -> dict[int, float]:
    """Rounds left after three threats with up to two shots each."""
    left: dict[int, float] = {rounds: 1.0}
    for _ in range(3):
        after: defaultdict[int, float] = defaultdict(float)
        for own, share in left.items():
            after[max(own - 1, 0)] += share * (KILLS if own >= 2 else 1.0)
            after[max(own - 2, 0)] += share * (1.0 - KILLS if own >= 2 else 0.0)
        left = after
    return left


def fought(state: State, back: dict[int, float]) -> dict[State, float]:
    """A night, and then the battery may be lost."""
    rounds, away, due, stock = state
    if away:
        return {state: 1.0}
    left = night(rounds)
    found: defaultdict[State, float] = defaultdict(float)
    for own, share in left.items():
        found[own, 0, due, stock] += share * (1.0 - LETHALITY)
        for raids, chance in back.items():
            found[0, raids, due, stock] += share * LETHALITY * chance
    return found


def exact(back: dict[int, float]) -> list[dict[tuple[int, int, int], float]]:
    """Joint distribution of the rounds left, on their way and in stock in each raid."""
    every: dict[State, float] = {(CAPACITY, 0, (0, 0), 3): 1.0}
    found = []
    for number in range(NIGHTS):
        before: defaultdict[State, float] = defaultdict(float)
        for state, share in every.items():
            received = int(1.5 * number) - int(1.5 * (number - 1))
            for own, chance in (supplied(received, state) if number else {state: 1.0}).items():
                before[own] += share * chance
        after: defaultdict[State, float] = defaultdict(float)
        for state, share in before.items():
            for own, chance in fought(state, back).items():
                after[own] += share * chance
        every = dict(after)
        seen: defaultdict[tuple[int, int, int], float] = defaultdict(float)
        for (rounds, _, due, stock), share in every.items():
            seen[rounds, sum(due), stock] += share
        found.append(dict(seen))
    return found


def small(replacement_time: Any) -> lt.Campaign:
    """The campaign of `exact`."""
    own = battery("B", rounds=CAPACITY, doctrine=lt.Doctrine(max_salvos=2))
    shots = salvo("s", 3, lt.Regular(start=0.0, interval=100.0))
    hunter = salvo("h", threat="h", arrival=5000.0, target="B")
    threats = [
        lt.Threat(name="t", speed=100.0),
        lt.Threat(name="h", speed=100.0, lethality=LETHALITY),
    ]
    weapon = gun(kills=KILLS, flight_time=1.0)
    times = lt.Empirical(values=[0.0, 0.5 * DAY, 1.5 * DAY], weights=[TIMES[n] for n in range(3)])
    return lt.Campaign(
        name="c",
        scenario=raid([shots, hunter], layer("L", own), weapon, threats=threats),
        raids=NIGHTS,
        interval=DAY,
        resupply=[lt.Resupply(battery="B", interceptor="gun", rounds=LIMIT, transport_time=times)],
        stocks=[lt.Stock(interceptor="gun", rounds=3, rate=1.5 / DAY)],
        replacement_time=replacement_time,
    )


def assert_exact(campaign: lt.Campaign, back: dict[int, float], seed: int) -> None:
    result = lt.simulate_campaign(campaign, replications=40_000, seed=seed).squeeze(drop=True)
    for number, joint in enumerate(exact(back)):
        own = result.isel(raid=number)
        codes = own.remaining.values + 10 * own.in_transport.values + 100 * own.stock.values
        pmf = np.zeros(max(codes.max(), *(a + 10 * b + 100 * c for a, b, c in joint)) + 1)
        for (rounds, way, stock), share in joint.items():
            pmf[rounds + 10 * way + 100 * stock] += share
        assert_pmf(np.append(codes, len(pmf) - 1), pmf)
