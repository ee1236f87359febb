"""Finite magazines, against an enumeration of threats and shots."""

import math
import time
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakthrough import exact

chances = st.one_of(st.sampled_from([0.0, 1.0, 0.5]), st.floats(0.0, 1.0, allow_subnormal=False))


def shot_by_shot(threats: int, rounds: int, kill: float, looks: int) -> Counter[tuple[int, int]]:
    """Joint distribution of leakers and rounds left, by enumeration of all hits and misses."""
    found: Counter[tuple[int, int]] = Counter()

    def go(threat: int, look: int, left: int, leaked: int, chance: float) -> None:
        if threat == threats:
            found[leaked, left] += chance  # type: ignore[assignment]
        elif look == looks or left == 0:
            go(threat + 1, 0, left, leaked + 1, chance)
        else:
            go(threat + 1, 0, left - 1, leaked, chance * kill)
            go(threat, look + 1, left - 1, leaked, chance * (1 - kill))

    go(0, 0, rounds, 0, 1.0)
    return found


@settings(deadline=None)
@given(st.integers(0, 5), st.integers(0, 8), chances, st.integers(0, 3))
def test_a_finite_magazine(threats: int, rounds: int, kill: float, looks: int) -> None:
    pmf = exact.finite_magazine(threats, rounds, kill, looks)
    expected = np.zeros((threats + 1, rounds + 1))
    for place, chance in shot_by_shot(threats, rounds, kill, looks).items():
        expected[place] = chance
    np.testing.assert_allclose(pmf, expected, atol=1e-13)
    assert pmf.dims == ("leakers", "rounds_left")
    assert abs(float(pmf.sum()) - 1.0) < 1e-12


@given(st.integers(50, 300), st.integers(1, 50), st.floats(0.05, 0.95), st.integers(1, 4))
@settings(deadline=None, max_examples=40)
def test_a_magazine_that_is_surely_emptied_kills_its_rounds_times_their_chance(
    threats: int, rounds: int, kill: float, looks: int
) -> None:
    pmf = exact.finite_magazine(threats, rounds, kill, looks)
    leakers = float((pmf.sum("rounds_left") * pmf.leakers).sum())
    assert math.isclose(leakers, threats - rounds * kill, rel_tol=1e-10)


def test_known_values() -> None:
    pmf = exact.finite_magazine(20, 20, 0.7, 2)
    assert math.isclose(float((pmf.sum("rounds_left") * pmf.leakers).sum()), 6.0, rel_tol=1e-9)


def test_large_raids_take_little_time() -> None:
    # A bound ten times the measured time; a recursion without trimming would exceed it.
    began = time.process_time()
    pmf = exact.finite_magazine(2000, 1600, 0.8, 2)
    assert time.process_time() - began < 10.0
    assert math.isclose(float((pmf.sum("rounds_left") * pmf.leakers).sum()), 720.0, rel_tol=1e-9)


def test_looks_that_are_never_reached_take_no_time() -> None:
    # A bound ten times the measured time; without the limit on looks it would be exceeded.
    began = time.process_time()
    pmf = exact.finite_magazine(60, 10**5, 1.0, 10**9)
    assert time.process_time() - began < 3.0
    assert float(pmf[0, 10**5 - 60]) == 1.0
    few, many = (exact.finite_magazine(8, 2_000, 0.5, looks) for looks in (140, 10**9))
    np.testing.assert_allclose(many, few, rtol=1e-12, atol=1e-30)


def threat_by_threat(
    threats: int, layers: list[tuple[int, int, float]]
) -> Counter[tuple[int, tuple[int, ...]]]:
    """Joint distribution of leakers and all layers' rounds, by enumeration of threats' fates."""
    found: Counter[tuple[int, tuple[int, ...]]] = Counter()

    def go(threat: int, layer: int, left: tuple[int, ...], leaked: int, chance: float) -> None:
        if chance == 0.0:
            return
        if threat == threats:
            found[leaked, left] += chance  # type: ignore[assignment]
        elif layer == len(layers):
            go(threat + 1, 0, left, leaked + 1, chance)
        elif left[layer] < layers[layer][1]:
            go(threat, layer + 1, left, leaked, chance)
        else:
            _, each, kill = layers[layer]
            rest = (*left[:layer], left[layer] - each, *left[layer + 1 :])
            through = (1 - kill) ** each
            go(threat + 1, 0, rest, leaked, chance * (1 - through))
            go(threat, layer + 1, rest, leaked, chance * through)

    go(0, 0, tuple(rounds for rounds, _, _ in layers), 0, 1.0)
    return found


layer = st.tuples(st.integers(0, 7), st.integers(1, 3), chances)


@settings(deadline=None)
@given(st.integers(0, 5), st.lists(layer, max_size=3))
def test_layered_inventories(threats: int, layers: list[tuple[int, int, float]]) -> None:
    pmf = exact.layered_inventories(threats, layers)
    expected = np.zeros(threats + 1)
    for (leaked, _), chance in threat_by_threat(threats, layers).items():
        expected[leaked] += chance
    np.testing.assert_allclose(pmf, expected, atol=1e-13)


@settings(deadline=None)
@given(st.integers(0, 5), st.lists(layer, max_size=3))
def test_rounds_left_in_layers(threats: int, layers: list[tuple[int, int, float]]) -> None:
    pmf = exact.layered_rounds_left(threats, layers)
    expected = np.zeros(pmf.shape)
    for (leaked, left), chance in threat_by_threat(threats, layers).items():
        for place, rounds in enumerate(left):
            expected[place, leaked, rounds] += chance
    np.testing.assert_allclose(pmf, expected, atol=1e-13)
    assert pmf.dims == ("layer", "leakers", "rounds_left")
    assert pmf.rounds_left.values.tolist() == list(range(expected.shape[2]))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 150),
    st.lists(st.tuples(st.integers(0, 90), st.integers(1, 3), chances), min_size=1, max_size=4),
)
def test_what_the_layers_have_fired_accounts_for_the_leakers(
    threats: int, layers: list[tuple[int, int, float]]
) -> None:
    pmf = exact.layered_rounds_left(threats, layers)
    leakers = exact.layered_inventories(threats, layers)
    for part in pmf.sum("rounds_left"):
        np.testing.assert_allclose(part, leakers, atol=1e-13)
    # Each engagement of a layer stops its threat with the same probability.
    left = (pmf.sum("leakers") * pmf.rounds_left).sum("rounds_left")
    stopped = sum(
        (rounds - float(mean)) / each * (1 - (1 - kill) ** each)
        for (rounds, each, kill), mean in zip(layers, left, strict=True)
    )
    assert math.isclose(threats - stopped, float((leakers * leakers.leakers).sum()), abs_tol=1e-9)


def test_one_layer_is_a_finite_magazine() -> None:
    pmf = exact.layered_rounds_left(60, [(35, 1, 0.6)])
    np.testing.assert_allclose(pmf[0], exact.finite_magazine(60, 35, 0.6, 1), atol=1e-14)


@pytest.mark.parametrize("kill", [0.1, 0.5, 0.8])
def test_large_raids_on_layers_take_little_time(kill: float) -> None:
    # A bound more than ten times the measured time.
    began = time.process_time()
    pmf = exact.layered_rounds_left(5000, [(4000, 1, kill)] * 3)
    leakers = exact.layered_inventories(5000, [(4000, 1, kill)] * 3)
    assert time.process_time() - began < 10.0
    np.testing.assert_allclose(pmf[2].values.sum(axis=1), leakers, atol=1e-13)


@given(st.integers(0, 30), st.lists(chances, min_size=1, max_size=3))
@settings(deadline=None)
def test_layers_without_a_shortage_commute(threats: int, kills: list[float]) -> None:
    layers = [(threats, 1, kill) for kill in kills]
    there, back = (exact.layered_inventories(threats, order) for order in (layers, layers[::-1]))
    np.testing.assert_allclose(there, back, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.finite_magazine(-1, 1, 0.5, 1), "threats: must be"),
        (lambda: exact.finite_magazine(1, 1, 0.5, 1.5), "looks: must be"),  # type: ignore[arg-type]
        (lambda: exact.finite_magazine(10**6, 10**6, 0.5, 1), "must be at most 64,000,000"),
        (lambda: exact.finite_magazine(60, 10**5, 0.0, 10**9), "threats, rounds, looks: too large"),
        (lambda: exact.finite_magazine(10**6, 1, 0.5, 2), "threats, rounds, looks: too large"),
        (lambda: exact.layered_inventories(10**9, []), "threats: must be .* to 1000000; got"),
        (
            lambda: exact.layered_inventories(10**6, [(10**6, 1, 0.5)] * 2),
            "threats, layers: probabilities .* at most 200,000,000; got",
        ),
        (
            lambda: exact.layered_inventories(10**6, [(10**6, 1, 0.5), (50, 1, 0.5)]),
            "threats, layers: numbers that may reach .* at most 64,000,000; got",
        ),
        (lambda: exact.layered_inventories(1, [(1, 0, 0.5)]), r"layers\[0\] rounds_each: must be"),
        (lambda: exact.layered_inventories(1, [(1, 1)]), r"layers\[0\]: must be \(rounds,"),  # type: ignore[list-item]
        (lambda: exact.layered_inventories(1, [(1, 1, -0.5)]), r"layers\[0\] kill_probability"),
        (
            lambda: exact.layered_rounds_left(1, [(1, 1, 0.5), (1, 0, 0.5)]),
            r"layers\[1\] rounds_ea",
        ),
        (lambda: exact.layered_rounds_left(-1, []), "threats: must be a whole number from 0"),
        (
            lambda: exact.layered_rounds_left(9, [(10**9, 1, 0.5)]),
            "must be at most 64,000,000; got",
        ),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
