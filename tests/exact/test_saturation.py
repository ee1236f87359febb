"""Saturated channels, against birth-death equations, quadrature and limits."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from leakthrough import exact

loads = st.one_of(st.sampled_from([0.0, 1.0, 1e-9]), st.floats(0.01, 300.0))


@given(loads, st.integers(0, 60))
def test_erlangs_loss_by_its_sum(load: float, channels: int) -> None:
    logs = [
        j * math.log(load) - math.lgamma(j + 1) if load else -math.inf for j in range(channels + 1)
    ]
    logs[0] = 0.0
    top = max(logs)
    expected = math.exp(logs[-1] - top) / sum(math.exp(x - top) for x in logs)
    assert math.isclose(exact.erlang_b(load, channels), expected, rel_tol=1e-10, abs_tol=1e-300)


def test_known_values() -> None:
    assert round(exact.erlang_b(25.0, 30), 6) == 0.052603
    assert round(exact.abandonment(10.0, 1.0, 10, 0.5), 6) == 0.103517
    assert round(exact.abandonment(2.0, 1.0, 1, 1.0), 6) == 0.550643
    assert round(exact.abandonment(10.0, 1.0, 10, stats.expon(scale=0.5)), 6) == 0.146009


@settings(deadline=None)
@given(st.floats(0.1, 40.0), st.floats(0.2, 5.0), st.integers(1, 12), st.floats(0.05, 5.0))
def test_exponential_patience_by_birth_and_death(
    rate: float, service: float, channels: int, mean: float
) -> None:
    """Erlang A: in state n, min(n, c) threats are in service and each of the others may renege."""
    weight, total, waiting = 1.0, 1.0, 0.0
    for n in range(1, 3000):
        weight *= rate / (min(n, channels) * service + max(n - channels, 0) / mean)
        total += weight
        waiting += max(n - channels, 0) * weight
    expected = waiting / mean / rate / total
    found = exact.abandonment(rate, service, channels, stats.expon(scale=mean))
    assert math.isclose(found, expected, rel_tol=1e-8, abs_tol=1e-13)


@settings(deadline=None)
@given(st.floats(0.1, 40.0), st.floats(0.2, 5.0), st.integers(1, 12), st.floats(0.0, 4.0))
def test_constant_patience_by_its_integral(
    rate: float, service: float, channels: int, longest: float
) -> None:
    drift = rate - channels * service
    waited, _ = integrate.quad(lambda x: math.exp(drift * x), 0.0, longest, epsabs=0.0)
    waited += math.exp(drift * longest) / (channels * service)
    busy = 1.0 / exact.erlang_b(rate / service, channels - 1)
    expected = (1.0 + drift * waited) / (busy + rate * waited)
    found = exact.abandonment(rate, service, channels, longest)
    assert math.isclose(found, expected, rel_tol=1e-6, abs_tol=1e-12)


@settings(deadline=None)
@given(st.floats(0.5, 20.0), st.integers(1, 8), st.floats(0.1, 2.0))
def test_a_narrow_distribution_is_a_constant(rate: float, channels: int, longest: float) -> None:
    narrow = stats.uniform(longest - 5e-7, 1e-6)
    found = exact.abandonment(rate, 1.0, channels, narrow)
    assert math.isclose(found, exact.abandonment(rate, 1.0, channels, longest), rel_tol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "patience"),
    [
        ((9.5, 1.0, 10), stats.lognorm(0.01, scale=2.0)),
        ((9.5, 1.0, 10), stats.lognorm(0.001, scale=2.0)),
        ((9.5, 1.0, 10), stats.lognorm(0.3, scale=2.0)),
        ((30.0, 1.0, 40), stats.gamma(1e6, scale=3e-7)),
        ((12.0, 1.0, 10), stats.lognorm(0.001, scale=2.0)),
    ],
)
def test_distributions_of_any_width_by_trapezoids(
    arguments: tuple[float, float, int], patience: Any
) -> None:
    rate, service, channels = arguments
    capacity = channels * service
    # The distribution is within 40 standard deviations: all wait before it, none after it.
    spread, mean = 40.0 * patience.std(), patience.mean()
    x = np.linspace(max(mean - spread, 0.0), mean + spread, 400_001)
    held = x[0] + integrate.cumulative_trapezoid(np.asarray(patience.sf(x)), x, initial=0)
    exponent = rate * held - capacity * x
    before = math.expm1((rate - capacity) * x[0]) / (rate - capacity)
    within = integrate.trapezoid(np.exp(exponent), x)
    waited = before + within + math.exp(exponent[-1]) / capacity
    busy = 1.0 / exact.erlang_b(rate / service, channels - 1)
    expected = (1.0 + (rate - capacity) * waited) / (busy + rate * waited)
    assert math.isclose(exact.abandonment(*arguments, patience), expected, rel_tol=1e-7)


def test_known_values_of_narrow_distributions() -> None:
    narrow = exact.abandonment(9.5, 1.0, 10, stats.lognorm(0.01, scale=2.0))
    assert round(narrow, 6) == 0.021371
    narrow = exact.abandonment(30.0, 1.0, 40, stats.gamma(1e6, scale=3e-7))
    assert round(narrow, 9) == 0.000689091


@pytest.mark.parametrize("patience", [0.0, stats.uniform(0.0, 1e-9)])
def test_without_patience_it_is_erlangs_loss(patience: Any) -> None:
    for rate in (1.0, 10.0, 300.0):
        found = exact.abandonment(rate, 1.0, 10, patience)
        assert math.isclose(found, exact.erlang_b(rate, 10), rel_tol=1e-6)


@pytest.mark.parametrize(
    "patience", [0.5, stats.expon(scale=0.5), stats.gamma(2.0), stats.lognorm(1.0)]
)
def test_many_channels_and_loads_far_over_one(patience: Any) -> None:
    for channels, over in ((10_000, 3.0), (10_000, 1.0), (1000, 1.5), (1, 1000.0), (10_000, 0.01)):
        found = exact.abandonment(over * channels, 1.0, channels, patience)
        fluid = max(1.0 - 1.0 / over, 0.0)
        assert 0.0 <= found <= 1.0
        assert abs(found - fluid) < 0.02
        assert abs(exact.erlang_b(over * channels, channels) - fluid) < 0.03


def test_the_largest_and_smallest_times() -> None:
    assert math.isclose(exact.abandonment(1e9, 1.0, 1, 1e9), 1.0 - 1e-9)
    assert exact.abandonment(1e-9, 1e9, 1, 1e9) == 0.0
    assert exact.simultaneous_raid(9, 2, 9, 1e9, 1e9) == 4
    assert exact.erlang_b(1.0, 10_000_000) == 0.0  # quickly: the loss underflows


def test_patience_grows_into_a_stable_queue() -> None:
    found = [exact.abandonment(5.0, 1.0, 10, longest) for longest in np.arange(0.0, 30.0, 3.0)]
    assert (np.diff(found) < 0).all()
    assert 0.0 < found[-1] < 1e-50


@given(
    st.integers(0, 30),
    st.integers(0, 5),
    st.integers(0, 30),
    st.integers(1, 9),
    st.integers(0, 50),
)
@example(threats=9, channels=1, rounds=9, cycle=1, window=3)
def test_a_simultaneous_raid_channel_by_channel(
    threats: int, channels: int, rounds: int, cycle: int, window: int
) -> None:
    free, engaged = [0] * channels, 0
    while channels and engaged < min(threats, rounds) and min(free) <= window:
        first = free.index(min(free))
        free[first] += cycle
        engaged += 1
    for parts in (1, 10, 1000):  # of a second, not exact as a float
        times = cycle / parts, window / parts
        assert exact.simultaneous_raid(threats, channels, rounds, *times) == engaged


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: exact.erlang_b(True, 1), "load: must be a finite number from 0; got True"),
        (lambda: exact.erlang_b(-1.0, 3), "load: must be a finite number from 0; got -1.0"),
        (lambda: exact.erlang_b(10**400, 5), "load: must be a finite number from 0; got 1000"),
        (lambda: exact.erlang_b(1.0, 10**9), "channels: must be a .* 0 to 10000000; got 1000000"),
        (lambda: exact.erlang_b(1.0, -3), "channels: must be a whole number from 0"),
        (
            lambda: exact.abandonment(0.0, 1.0, 1, 1.0),
            "arrival_rate: must be a finite number above 0",
        ),
        (lambda: exact.abandonment(1.0, math.inf, 1, 1.0), "service_rate: must be"),
        (lambda: exact.abandonment(1e10, 1.0, 1, 1.0), r"arrival_rate: .* at most 1e\+09; got 1e?"),
        (
            lambda: exact.abandonment(1.0, 1e-300, 1, 1.0),
            "service_rate: must be at least 1e-09; got",
        ),
        (
            lambda: exact.abandonment(1.0, 1.0, 1, 1e300),
            r"patience: .* at most 1e\+09; got 1e\+300",
        ),
        (
            lambda: exact.abandonment(1.0, 1.0, 1, stats.poisson(2.0)),
            "patience: .* continuous distribution",
        ),
        (lambda: exact.abandonment(1.0, 1.0, 0, 1.0), "channels: must be a whole number from 1"),
        (lambda: exact.abandonment(1.0, 1.0, 1, -1.0), "patience: must be a finite number from 0"),
        (lambda: exact.abandonment(1.0, 1.0, 1, "x"), "patience: must be a finite number from 0"),
        (
            lambda: exact.abandonment(1.0, 1.0, 1, stats.norm()),
            "must be a distribution on times",
        ),
        (lambda: exact.simultaneous_raid(1, 1, 1, 0.0, 1.0), "cycle: must be"),
        (lambda: exact.simultaneous_raid(1, 1, 1, 1e303, 1.0), r"cycle: .* at most 1e\+09; got"),
        (lambda: exact.simultaneous_raid(1, 1, 1, 1.0, 1e303), r"window: .* at most 1e\+09; got"),
        (lambda: exact.simultaneous_raid(1, 1, 1, 4e-7, 1.0), "cycle: must be at least one micro"),
    ],
)
def test_what_is_out_of_range_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        call()
