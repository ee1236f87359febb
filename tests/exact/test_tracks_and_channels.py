"""Tracks and channels together, against balance equations in fractions, and limits."""

import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leakthrough import exact

Rates = tuple[Fraction, Fraction, Fraction]
State = tuple[int, int]
rates = st.sampled_from(
    [Fraction(1, 1000), Fraction(1, 3), Fraction(1), Fraction(7), Fraction(500)]
)


def moves(state: State, given: Rates, channels: int, tracks: int) -> dict[State, Fraction]:
    """The transitions out of a state, with their rates."""
    first, second = state
    arrival, launch, assessment = given
    found = {}
    if first < channels and first + second < tracks:
        found[first + 1, second] = arrival
    if first:
        found[first - 1, second + 1] = first * launch
    if second:
        found[first, second - 1] = second * assessment
    return found


def stationary(given: Rates, channels: int, tracks: int) -> dict[State, Fraction]:
    """Stationary distribution by elimination of one state after another, in exact fractions."""
    states = [(i, j) for i in range(channels + 1) for j in range(tracks + 1 - i) if i <= tracks]
    flow = {state: moves(state, given, channels, tracks) for state in states}
    gone: list[tuple[State, Fraction, dict[State, Fraction]]] = []
    for state in reversed(states[1:]):
        out = flow.pop(state)
        total = sum(out.values(), Fraction(0))
        entries = {other: own.pop(state) for other, own in flow.items() if state in own}
        gone.append((state, total, entries))
        for other, rate in entries.items():
            for target, share in out.items():
                if target != other:
                    own = flow[other]
                    own[target] = own.get(target, Fraction(0)) + rate * share / total
    held = {states[0]: Fraction(1)}
    for state, total, entries in reversed(gone):
        # Loops were left out, so `total` is the rate to other states.
        held[state] = (
            sum((held[o] * r for o, r in entries.items() if o in held), Fraction(0)) / total
        )
    norm = sum(held.values())
    return {state: own / norm for state, own in held.items()}


@settings(deadline=None, max_examples=60)
@given(rates, rates, rates, st.integers(1, 4), st.integers(1, 6))
def test_balance_equations_in_fractions(
    arrival: Fraction, launch: Fraction, assessment: Fraction, channels: int, tracks: int
) -> None:
    given_rates = (arrival, launch, assessment)
    held = stationary(given_rates, channels, tracks)
    for state, own in held.items():
        entering = sum(
            held[other] * moves(other, given_rates, channels, tracks).get(state, Fraction(0))
            for other in held
        )
        leaving = own * sum(moves(state, given_rates, channels, tracks).values())
        assert entering == leaving
    found = exact.tracks_and_channels(
        float(arrival), float(launch), float(assessment), channels, tracks
    )
    expected = {
        "no_track": sum(p for (i, j), p in held.items() if i + j == tracks),
        "no_channel": sum(p for (i, j), p in held.items() if i == channels and i + j < tracks),
        "busy_channels": sum(i * p for (i, _), p in held.items()),
        "taken_tracks": sum((i + j) * p for (i, j), p in held.items()),
    }
    for name, value in expected.items():
        assert math.isclose(float(found[name]), float(value), rel_tol=1e-11, abs_tol=1e-300), name


@pytest.mark.parametrize("load", [0.01, 1.0, 8.0, 40.0, 4_000.0])
@pytest.mark.parametrize("channels", [1, 5, 30])
def test_channels_for_all_tracks_are_erlangs_loss_of_the_tracks(load: float, channels: int) -> None:
    found = exact.tracks_and_channels(load, 4.0, 4.0 / 3.0, channels + 2, channels)
    assert math.isclose(float(found.no_track), exact.erlang_b(load, channels), rel_tol=1e-11)
    assert found.no_channel == 0.0


@pytest.mark.parametrize("load", [0.01, 1.0, 8.0])
def test_tracks_without_limit_are_erlangs_loss_of_the_channels(load: float) -> None:
    found = exact.tracks_and_channels(load, 1.0, 0.5, 5, 200)
    assert math.isclose(float(found.no_channel), exact.erlang_b(load, 5), rel_tol=1e-10)
    assert found.no_track < 1e-30


@given(st.floats(0.01, 100.0), st.floats(0.1, 10.0), st.integers(1, 8), st.integers(1, 20))
@settings(deadline=None)
def test_littles_law(rate: float, assessment: float, channels: int, tracks: int) -> None:
    found = exact.tracks_and_channels(rate, 2.0, assessment, channels, tracks)
    through = rate * (1.0 - float(found.no_track) - float(found.no_channel))
    assert math.isclose(float(found.busy_channels), through / 2.0, rel_tol=1e-9)
    taken = through * (0.5 + 1.0 / assessment)
    assert math.isclose(float(found.taken_tracks), taken, rel_tol=1e-9)


def test_it_is_not_the_product_form() -> None:
    """A truncated product of Poisson probabilities, as for resources that are held all the time."""
    weights = {
        (i, j): 2.0**i * 3.0**j / math.factorial(i) / math.factorial(j)
        for i in range(3)
        for j in range(6 - i)
    }
    product = sum(w for (i, j), w in weights.items() if i + j == 5) / sum(weights.values())
    found = exact.tracks_and_channels(2.0, 1.0, 2.0 / 3.0, 2, 5)
    assert abs(float(found.no_track) - product) > 0.01


def test_the_largest_and_smallest_rates() -> None:
    found = exact.tracks_and_channels(1e9, 1e-9, 1e-9, 5, 500)
    assert math.isclose(float(found.no_channel), 1.0)
    found = exact.tracks_and_channels(1e-9, 1e9, 1e9, 5, 50)
    assert 0.0 <= found.no_track < 1e-300
    assert math.isclose(float(found.no_channel), 1e-90 / 120.0, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((0.0, 1.0, 1.0, 1, 1), "arrival_rate: must be a finite number above 0"),
        ((1.0, 1e10, 1.0, 1, 1), r"launch_rate: .* at most 1e\+09; got"),
        ((1.0, 1.0, 1e-10, 1, 1), "assessment_rate: must be at least 1e-09; got"),
        ((1.0, 1.0, 1.0, 0, 1), "channels: must be a whole number from 1"),
        ((1.0, 1.0, 1.0, 1, 0), "tracks: must be a whole number from 1"),
        ((1.0, 1.0, 1.0, 100, 1000), r"tracks: \(tracks \+ 1\) .* at most 10000000; got 10211201"),
    ],
)
def test_what_is_out_of_range_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        exact.tracks_and_channels(*arguments)
