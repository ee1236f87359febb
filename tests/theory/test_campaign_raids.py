"""Patterns of raids against exact distributions, at five standard errors.

The chain of the kinds, the growth of numbers, and the attacker's stock against a small dynamic
programme. 20,000 campaigns detect an error of 0.018 in a probability of one half, of 3 % in the
mean length of a run, and of 0.4 threats of 12 in what a large raid launches.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from raids import layer, raid, salvo

import leakthrough as lt
from leakthrough.model.raid_pattern import stationary

REPLICATIONS, SIGMAS, RAIDS = 20_000, 5.0, 8
Real = npt.NDArray[np.float64]


def campaign(pattern: lt.RaidPattern, interval: float = lt.DAY) -> lt.Campaign:
    """Nothing stops the threats: only what comes matters."""
    nothing = raid(salvo("s", 1), layer("L"))
    return lt.Campaign(name="pattern", scenario=nothing, raids=pattern, interval=interval)


def simulated(pattern: lt.RaidPattern, seed: int, interval: float = lt.DAY) -> Any:
    return lt.simulate_campaign(campaign(pattern, interval), replications=REPLICATIONS, seed=seed)


def two_kinds(routine: Any, large: Any, **fields: Any) -> lt.RaidPattern:
    kinds = [
        lt.RaidKind(name="routine", salvos=[salvo("s", routine)], next={"large": 0.15}),
        lt.RaidKind(name="large", salvos=[salvo("s", large)], next={"routine": 0.6}),
    ]
    return lt.RaidPattern(number=RAIDS, kinds=kinds, **fields)


def agrees(found: Any, mean: Any, variance: Any) -> None:
    """Means of replications agree with exact ones, given the variance of one replication."""
    error = SIGMAS * np.sqrt(np.asarray(variance) / REPLICATIONS) + 1e-9
    np.testing.assert_array_less(np.abs(np.asarray(found) - mean), error)


def test_the_kinds_are_a_chain(offset: int) -> None:
    """Occupation of each raid, pairs of raids, and the length of the runs of large raids."""
    large = simulated(two_kinds(1, 2), 11 + offset).raid_kind.sel(kind="large").values
    share = 0.15 / 0.75
    agrees(large.mean(axis=0), share, share * (1 - share))
    both = (large[:, 1:] & large[:, :-1]).mean(axis=0)
    agrees(both, share * 0.4, share * 0.4 * (1 - share * 0.4))
    begins = large[:, 1] & ~large[:, 0]  # P(all raids of a run of at least n are large) = .4^n
    for n in range(1, 6):
        longer = large[begins, 1 : 1 + n].all(axis=1)
        chance = 0.4 ** (n - 1)
        error = SIGMAS * math.sqrt(chance * (1 - chance) / begins.sum()) + 1e-9
        assert abs(longer.mean() - chance) < error


def test_the_first_raid_and_three_kinds(offset: int) -> None:
    names = ["calm", "routine", "large"]
    rows = np.array([[0.5, 0.5, 0.0], [0.1, 0.6, 0.3], [0.0, 1.0, 0.0]])
    kinds = [
        lt.RaidKind(
            name=name,
            salvos=[salvo("s", 10 * n)] if n else [],
            next={other: rows[n, m] for m, other in enumerate(names) if m != n and rows[n, m] > 0},
        )
        for n, name in enumerate(names)
    ]
    pattern = lt.RaidPattern(number=RAIDS, kinds=kinds, initial={"calm": 0.25, "large": 0.75})
    result, chances = simulated(pattern, 12 + offset), np.array([0.25, 0.0, 0.75])
    for n in range(RAIDS):
        agrees(result.raid_kind.values[:, n].mean(axis=0), chances, chances * (1 - chances))
        launched = result.launched.values[:, n, 0]
        assert (launched == 10 * result.raid_kind.values[:, n].argmax(axis=1)).all()
        chances = chances @ rows
    exact = np.array(stationary(rows.tolist()))
    np.testing.assert_allclose(exact @ rows, exact, atol=1e-15)


def test_growth_has_the_exact_mean(offset: int) -> None:
    """1.07 a day and half a day between raids; each number is one of the two nearest."""
    grown = lt.RaidPattern(
        number=RAIDS, kinds=[lt.RaidKind(name="all", salvos=[salvo("s", 7)])], daily_growth=1.07
    )
    launched = simulated(grown, 13 + offset, lt.DAY / 2).launched.values[..., 0]
    mean = 7 * 1.07 ** (np.arange(RAIDS) / 2)
    assert (launched[:, 0] == 7).all()
    assert (np.abs(launched - mean) < 1).all()
    rest = mean - np.floor(mean)
    agrees(launched.mean(axis=0), mean, rest * (1 - rest))
    both = np.corrcoef(launched[:, 1], launched[:, 2])[0, 1]
    assert abs(both) < SIGMAS / math.sqrt(REPLICATIONS)


def test_a_drawn_number_grows_too(offset: int) -> None:
    """The mean of a drawn number is known, and grows by the factor."""
    pattern = two_kinds(lt.Empirical(values=[2, 5]), lt.Empirical(values=[20, 40]))
    grown = lt.RaidPattern(**{**vars(pattern), "daily_growth": 0.9})
    result = simulated(grown, 14 + offset)
    mean = (0.8 * 3.5 + 0.2 * 30.0) * 0.9 ** np.arange(RAIDS)
    known = result.expected.sel(decision="size.s").values
    np.testing.assert_allclose(known[0], mean, rtol=1e-7)
    launched = result.launched.values[..., 0]
    agrees(launched.mean(axis=0), mean, launched.var(axis=0))


def launched_of(
    counts: Mapping[int, Mapping[int, float]], rows: Real, filled: Mapping[int, float], start: int
) -> tuple[list[Real], list[Real]]:
    """Distributions of what each raid launches, and of the stock before it, by programming.

    The state is the kind of the last raid and what is left in the stock.
    """
    most = start + RAIDS * max(filled) + 1
    state = np.zeros((2, most))  # before a raid, by its kind and the stock
    state[:, start] = stationary(rows.tolist())
    launched, stocks = [], []
    for _ in range(RAIDS):
        stocks.append(state.sum(axis=0))
        flown, left = np.zeros(most), np.zeros((2, most))
        for kind, own in counts.items():
            for stock in np.flatnonzero(state[kind]).tolist():
                for count, chance in own.items():
                    number = min(count, stock)
                    flown[number] += chance * state[kind, stock]
                    left[kind, stock - number] += chance * state[kind, stock]
        launched.append(flown)
        state = np.zeros((2, most))
        for more, chance in filled.items():
            state[:, more:] += chance * (rows.T @ left)[:, : most - more]
    return launched, stocks


def test_an_attackers_stock_fills_between_large_raids(offset: int) -> None:
    """A routine raid launches its number, and a large one what there is, up to its number."""
    counts = {0: {2: 0.5, 3: 0.5}, 1: {30: 1.0}}
    filled = {5 + 1: 0.25, 6 + 1: 0.75}  # drawn, and one a day
    stock = lt.ThreatStock(
        threat="t",
        count=4,
        rate=1 / lt.DAY,
        replenishment=lt.Empirical(values=[5, 6], weights=[0.25, 0.75]),
    )
    pattern = two_kinds(lt.Empirical(values=[2, 3]), 30, stocks=[stock])
    result = simulated(pattern, 15 + offset)
    rows = np.array([[0.85, 0.15], [0.6, 0.4]])
    launched, stocks = launched_of(counts, rows, filled, 4)
    for found, exact in (
        (result.launched.values[..., 0], launched),
        (result.threat_stock.values[..., 0], stocks),
    ):
        for n, pmf in enumerate(exact):
            number = np.arange(len(pmf))
            mean = pmf @ number
            agrees(found[:, n].mean(), mean, pmf @ (number - mean) ** 2)
            shares = np.bincount(found[:, n], minlength=len(pmf)) / REPLICATIONS
            agrees(shares, pmf, pmf * (1 - pmf))
    came = result.threat_stock.values[:, 1:, 0] - result.threat_stock.values[:, :-1, 0]
    assert {*np.unique(came + result.launched.values[:, :-1, 0])} == {*filled}
