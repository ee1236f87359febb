"""Every exact model that takes a probability, from 1e-300 to 1 - 1e-16, against mpmath.

Floats are taken as the numbers that they are, and computed with 60 digits. Probabilities above
1e-290 must be right to a relative error of ``TOLERANCE``, also where their complement is nearly 1
(a wrong complement shows in the other values of a distribution); smaller ones to 1e-290.
"""

import functools
import itertools
import math
from collections import Counter
from typing import Any

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from leakthrough import exact

TOLERANCE = 2e-12
TINIEST = 1e-290
SMALL = [1e-300, 1e-200, 1e-100, 1e-30, 1e-17, 1.1e-16, 1e-15, 1e-12, 1e-9, 1e-4]
MIDDLE = [0.1, 0.3, 0.5, 0.7, 0.9]
NEAR_ONE = [1 - 1e-4, 1 - 1e-9, 1 - 1e-12, 1 - 1e-15, 1 - 1e-16]
CHANCES = [*SMALL, *MIDDLE, *NEAR_ONE]
EDGES = [1e-300, 1e-17, 0.3, 1 - 1e-9, 1 - 1e-16]
EACH = [1, 2, 7, 1_000, 10**9]


@pytest.fixture(autouse=True)
def _digits() -> Any:
    with mpmath.workdps(60):
        yield


def near(found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    """Compare arrays, or numbers, in the precision of mpmath."""
    pairs = zip(np.ravel(found).tolist(), np.ravel(np.array(expected, object)), strict=True)
    for index, (ours, theirs) in enumerate(pairs):
        error = abs(mpf(ours) - theirs)
        assert error <= tolerance * abs(theirs) + TINIEST, (index, ours, mpmath.nstr(theirs, 20))


def leak_and_stop(kill: float, rounds: int = 1) -> tuple[Any, Any]:
    """(1 - p)^n and its complement."""
    if rounds == 0 or kill == 1.0:
        return (mpf(1), mpf(0)) if rounds == 0 else (mpf(0), mpf(1))
    missed = rounds * mpmath.log1p(-mpf(kill))
    return mpmath.exp(missed), -mpmath.expm1(missed)


def binomial(number: int, share: Any, rest: Any) -> list[Any]:
    return [mpmath.binomial(number, k) * share**k * rest ** (number - k) for k in range(number + 1)]


def values_of(counts: Counter[Any], *sizes: int) -> Any:
    """An array of mpmath numbers from a counter of indices."""
    found = np.full(sizes, mpf(0), object)
    for index, chance in counts.items():
        found[index] += chance
    return found


# Binomial raids


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("kill", CHANCES)
def test_leakers(kill: float, common: bool) -> None:
    for each, seen in itertools.product(EACH, [1.0, *EDGES]):
        leak, stop = leak_and_stop(kill, each)
        unseen = 1 - mpf(seen)
        if common:
            expected = [seen * value for value in binomial(6, leak, stop)]
            expected[6] += unseen
        else:
            expected = binomial(6, unseen + seen * leak, seen * stop)
        near(exact.leakers(6, kill, each, seen, common), expected)
        near(exact.raid_annihilation(6, kill, each, seen, common), expected[0])


@pytest.mark.parametrize("kill", [1e-12, 1e-6, 0.3, 0.9, 1 - 1e-6])
@pytest.mark.parametrize("threats", [1_000, 100_000])
def test_large_raids(threats: int, kill: float) -> None:
    """Each ratio of two neighbours loses less than a digit of 1e-16, and at most 2,000 matter."""
    found = exact.leakers(threats, kill).values
    leak, stop = 1 - mpf(kill), mpf(kill)
    for k in [0, *np.flatnonzero(found > 1e-40)[::37].tolist(), threats]:
        near(found[k], mpmath.binomial(threats, k) * leak**k * stop ** (threats - k))


@pytest.mark.parametrize("kill", CHANCES)
def test_shoot_look_shoot(kill: float) -> None:
    for looks in (0, 1, 2, 7, 10_000):
        leak, stop = leak_and_stop(kill, looks)
        found = exact.shoot_look_shoot(kill, looks)
        near(found.leak, leak)
        near(found.rounds, stop / mpf(kill))


@pytest.mark.parametrize("kill", CHANCES)
def test_rounds_required(kill: float) -> None:
    """The number is enough, and one less is not, up to the error of the probability."""

    def annihilation(rounds: Any, threats: int, seen: float) -> Any:
        missed = rounds * mpmath.log1p(-mpf(kill))
        return mpmath.exp(threats * mpmath.log(seen * -mpmath.expm1(missed)))

    for threats, goal, seen in itertools.product(
        [1, 10, 10**6], [1e-300, 1e-9, 0.5, 0.9, 1 - 1e-9, 1 - 1e-16], [1.0, 0.95]
    ):
        rounds = exact.rounds_required(threats, kill, goal, seen)
        if math.isinf(rounds):
            assert mpf(seen) ** threats <= goal * (1 + mpf(TOLERANCE))
            continue
        wide = 1 + mpf(TOLERANCE)
        assert annihilation(mpf(rounds) * wide, threats, seen) >= goal * (1 - mpf(TOLERANCE))
        fewer = mpf(rounds) - 1
        if fewer > 0:
            assert annihilation(fewer / wide, threats, seen) <= goal * wide


@pytest.mark.parametrize("kill", CHANCES)
def test_raid_costs(kill: float) -> None:
    for each, recognised in itertools.product([0, *EACH], EDGES):
        leak, stop = leak_and_stop(kill, each)
        found = exact.raid_costs(
            5,
            kill,
            each,
            threat_cost=3.0,
            round_cost=2.0,
            decoys=4,
            decoy_recognition=recognised,
        )
        targets = 5 + 4 * (1 - mpf(recognised))
        near(found.leakers, 5 * leak)
        near(found.cost_stopped, 15 * stop)
        near(found.cost_spent, 2 * each * targets)
        if each:
            near(found.cost_per_stop, 2 * each * targets / (5 * stop))
        # From leak probability q^n to q^n 5 / 6: whole rounds, and one more for a share.
        wanted, adds = mpmath.log(mpf(5) / 6), mpmath.log1p(-mpf(kill))
        full = mpmath.floor(wanted / adds)
        more = full - mpmath.expm1(wanted - full * adds) / mpf(kill)
        hold = [2 * (each + more * (targets + 1)), 2 * each * (1 - mpf(recognised))]
        near(found.cost_to_hold, hold)


# Magazines


def one_magazine(threats: int, rounds: int, kill: float, looks: int) -> Counter[Any]:
    """Leakers and rounds left, by enumeration of all hits and misses."""
    states = Counter({(0, rounds): mpf(1)})
    for _ in range(threats):
        after: Counter[Any] = Counter()
        for (leaked, left), chance in states.items():
            shots = min(looks, left)
            for fired in range(1, shots + 1):
                after[leaked, left - fired] += chance * leak_and_stop(kill, fired - 1)[0] * kill
            after[leaked + 1, left - shots] += chance * leak_and_stop(kill, shots)[0]
        states = after
    return states


@pytest.mark.parametrize("kill", CHANCES)
def test_finite_magazine(kill: float) -> None:
    for threats, rounds, looks in [(1, 1, 1), (1, 9, 9), (3, 4, 2), (5, 30, 3), (4, 0, 2)]:
        expected = values_of(one_magazine(threats, rounds, kill, looks), threats + 1, rounds + 1)
        near(exact.finite_magazine(threats, rounds, kill, looks), expected)


@pytest.mark.parametrize("kill", [1e-12, 1e-9, 1 - 1e-9])
def test_a_long_sequence(kill: float) -> None:
    """Rounding errors of one threat would be multiplied by the threats."""
    number = 5_000
    found = exact.finite_magazine(number, number, kill, 1).sum("rounds_left").values
    leak, stop = leak_and_stop(kill)
    for killed in (0, 1, 2, number - 2, number - 1, number):
        expected = mpmath.binomial(number, killed) * stop**killed * leak ** (number - killed)
        if expected > 1e-30:
            near(found[number - killed], expected)


Layers = list[tuple[int, int, float]]


def through_layers(threats: int, layers: Layers) -> list[Counter[Any]]:
    """For each layer, the joint distribution of leakers and rounds left in it."""
    found: list[Counter[Any]] = [Counter() for _ in layers]

    def go(layer: int, arriving: int, left: tuple[int, ...], chance: Any) -> None:
        if layer == len(layers):
            for own, rounds in zip(found, left, strict=True):
                own[arriving, rounds] += chance
            return
        rounds, each, kill = layers[layer]
        targets = min(arriving, rounds // each)
        for alive, share in enumerate(binomial(targets, *leak_and_stop(kill, each))):
            kept = arriving - targets + alive
            go(layer + 1, kept, (*left, rounds - each * targets), chance * share)

    go(0, threats, (), mpf(1))
    return found


@pytest.mark.parametrize("kill", CHANCES)
def test_layers_with_inventories(kill: float) -> None:
    cases: list[tuple[int, Layers]] = [(4, [(3, 1, kill)]), (3, [(9, 2, kill), (9, 3, kill)])]
    cases += [(5, [(4, 1, other), (6, 2, kill), (2, 1, 0.5)]) for other in EDGES]
    for threats, layers in cases:
        expected = through_layers(threats, layers)
        most = max(rounds for rounds, *_ in layers)
        joint = [values_of(own, threats + 1, most + 1) for own in expected]
        near(exact.layered_inventories(threats, layers), joint[0].sum(axis=1))
        near(exact.layered_rounds_left(threats, layers), joint)


@pytest.mark.parametrize("kill", CHANCES)
def test_many_rounds_of_a_layer(kill: float) -> None:
    for each in EACH:
        leak, stop = leak_and_stop(kill, each)
        near(exact.layered_inventories(1, [(each, each, kill)]), [stop, leak])
    near(exact.layered_inventories(1, [(10**9, 10**9, 1e-17)])[0], mpf("9.99999995e-9"), 1e-9)


# Allocation


@pytest.mark.parametrize("kill", CHANCES)
def test_allocation_of_rounds(kill: float) -> None:
    for threats, rounds in [(1, 1), (1, 6), (3, 3), (4, 10), (5, 2)]:
        each, over = divmod(rounds, threats)
        expected: Counter[Any] = Counter()
        few = binomial(threats - over, *leak_and_stop(kill, each))
        many = binomial(over, *leak_and_stop(kill, each + 1))
        for (a, first), (b, second) in itertools.product(enumerate(few), enumerate(many)):
            expected[a + b] += first * second
        found = exact.uniform_allocation(threats, rounds, kill)
        near(found, values_of(expected, threats + 1))
        near(exact.random_allocation(threats, rounds, kill), one_by_one(threats, rounds, kill))
    near(exact.uniform_allocation(2, 10**6, kill)[2], leak_and_stop(kill, 10**6)[0])


def one_by_one(threats: int, rounds: int, kill: float) -> list[Any]:
    alive = [*[mpf(0)] * threats, mpf(1)]
    for _ in range(rounds):
        hit = [chance * kill * m / threats for m, chance in enumerate(alive)]
        alive = [a - b + c for a, b, c in zip(alive, hit, [*hit[1:], mpf(0)], strict=True)]
    return alive


@pytest.mark.parametrize("kill", [1e-17, 1e-12, 1e-6])
def test_many_random_rounds(kill: float) -> None:
    leak, stop = leak_and_stop(kill, 100_000)
    near(exact.random_allocation(1, 100_000, kill), [stop, leak])


# The last defence of one target


@pytest.mark.parametrize("kill", CHANCES)
def test_terminal_defence(kill: float) -> None:
    for lethality in [1.0, *EDGES]:

        @functools.cache
        def destroyed(looks: int, alive: int, left: int, deadly: float = lethality) -> Any:
            if looks == 0:
                return leak_and_stop(deadly, alive)[1]
            return min(spread(looks, alive, left, fired) for fired in range(left + 1))

        def spread(looks: int, alive: int, left: int, fired: int) -> Any:
            each, over = divmod(fired, max(alive, 1))
            few = binomial(alive - over if alive else 0, *leak_and_stop(kill, each))
            many = binomial(over if alive else 0, *leak_and_stop(kill, each + 1))
            return sum(
                a * b * destroyed(looks - 1, m + n, left - fired)
                for (m, a), (n, b) in itertools.product(enumerate(few), enumerate(many))
            )

        found = exact.terminal_defence(3, 4, kill, 2, lethality).destroyed
        expected = [[[destroyed(k, a, m) for m in range(5)] for a in range(4)] for k in range(3)]
        near(found, expected)


@pytest.mark.parametrize("kill", [kill for kill in CHANCES if kill >= 1e-9])
def test_prim_read(kill: float) -> None:
    """Rounds are differences of logarithms: their error is at most 1e-12 of the largest one."""
    for slope, deadly in [(0.2, 1.0), (0.01, 0.9), (0.3, 1 - 1e-16), (1e-3, 2e-3)]:
        for integer in (False, True):
            found = exact.prim_read(kill, slope, deadly, integer)
            kept, expected = mpf(1), []
            for rounds in found.rounds.values.tolist():
                kept *= 1 - mpf(deadly) * mpmath.exp(mpf(rounds) * mpmath.log1p(-mpf(kill)))
                expected.append(1 - kept)
            near(found.value_lost, expected)
            if not integer:
                leaks = [mpf(slope) / (1 - j * mpf(slope)) for j in range(found.sizes["threat"])]
                ideal = [mpmath.log(deadly / leak) / -mpmath.log1p(-mpf(kill)) for leak in leaks]
                error = max(
                    abs(mpf(ours) - theirs)
                    for ours, theirs in zip(found.rounds.values.tolist(), ideal, strict=True)
                )
                assert error <= TOLERANCE * max(ideal)


# Salvos


@pytest.mark.parametrize("hit", CHANCES)
def test_armstrong_salvo(hit: float) -> None:
    for stopped in EDGES:
        found = exact.armstrong_salvo(2, 2, hit, 3, 1, stopped, damage_mean=1.0, damage_sd=0.0)
        accurate = binomial(4, mpf(hit), 1 - mpf(hit))
        stops = binomial(3, mpf(stopped), 1 - mpf(stopped))
        expected: Counter[Any] = Counter()
        for (a, first), (b, second) in itertools.product(enumerate(accurate), enumerate(stops)):
            expected[max(a - b, 0)] += first * second
        values = values_of(expected, 5)
        near(found.probability, values)
        lost = [min(hits, 3) for hits in range(5)]
        mean = sum(n * p for n, p in zip(lost, values, strict=True))
        near(found.losses_mean, mean)
        spread = sum((n - mean) ** 2 * p for n, p in zip(lost, values, strict=True))
        near(found.losses_sd**2, spread)  # the root of 1e-320 is not 0
        near(found.none_lost, values[0])
        near(found.all_lost, values[3] + values[4])
