"""Saturated channels: Poisson raids against the formulas of queueing theory.

An engagement with a random assessment time only is a service; a window is a customer's patience.
The first 20 mean service times are excluded: the bias from the empty start is then about
c P(service time > 20), at most 1e-3 of the loss for the distributions below, less than the bands.

Bands are 5 sigma of the mean over replications, which are independent.
"""

import math
from typing import Any

import pytest
from scipy import stats

import leakthrough as lt
from leakthrough import exact

WARM = 20.0
MEAN_ONE = {
    "constant": 1.0,
    "exponential": stats.expon(scale=1.0),
    "lognormal": stats.lognorm(0.8, scale=math.exp(-0.32)),
    "gamma": stats.gamma(0.5, scale=2.0),
}


def erlang_b(load: float, channels: int) -> float:
    """Loss without waiting, by recursion over the channels."""
    loss = 1.0
    for k in range(1, channels + 1):
        loss = load * loss / (k + load * loss)
    return loss


def barrer(rate: float, channels: int, patience: float) -> float:
    """Loss with the same patience for all (Barrer 1957); services are exponential of mean 1."""
    surplus = rate - channels
    grown = math.exp(surplus * patience)
    tail = (grown - 1) / surplus + grown / channels if surplus else patience + 1 / channels
    last = rate ** (channels - 1) / math.factorial(channels - 1)
    early = sum(rate**j / math.factorial(j) for j in range(channels)) / last
    return (1 + surplus * tail) / (early + rate * tail)


def assert_loss(
    expected: float,
    seed: int,
    *,
    rate: float,
    channels: int,
    service: Any = MEAN_ONE["exponential"],
    patience: float = 0.0,
    order: Any = "arrival",
    span: float,
    replications: int,
    power: float,
) -> None:
    """Check the leak rate of a Poisson stream within 5 sigma.

    The bands must detect a relative error of `power`.
    """
    begin, end = WARM + patience, WARM + patience + span
    # Eight sigma more than the measured span needs.
    count = math.ceil(rate * end + 8 * math.sqrt(rate * end))
    scenario = exact.as_scenario(
        exact.abandonment,
        arrival_rate=rate,
        service_rate=1.0,
        channels=channels,
        patience=patience,
        threats=count,
    )
    for path, value in (("assessment_time", service), ("doctrine.order", order)):
        scenario = scenario.replace(f"layers.defence.batteries.battery.{path}", value)
    result = lt.simulate(scenario, replications=replications, seed=seed, timeline=(begin, end))
    leaked = result.leaked_so_far.isel(salvo=0).diff("sample_time").values[:, 0] / (rate * span)
    error = leaked.std(ddof=1) / math.sqrt(replications)
    assert 5 * error <= power * expected
    assert abs(leaked.mean() - expected) <= 5 * error
    assert (result.leak_cause.sel(cause="no_channel").values == result.leaked.values).all()


# ---------------------------------------------------------------- no waiting


@pytest.mark.parametrize("name", MEAN_ONE)
def test_erlang_b_for_any_distribution_of_the_engagement(name: str, offset: int) -> None:
    # B(10 channels, load 10) = 0.21458: 2,000,000 threats detect an error of 2 % of it.
    expected = erlang_b(10.0, 10)
    assert expected == pytest.approx(0.21458, abs=1e-5)
    assert_loss(
        expected,
        31 + offset,
        rate=10.0,
        channels=10,
        service=MEAN_ONE[name],
        span=100.0,
        replications=2000,
        power=0.02,
    )


def test_erlang_b_with_more_channels_than_load(offset: int) -> None:
    # Load 25 on 30 channels loses 0.052603: 5,000,000 threats detect an error of 3.5 % of it.
    expected = erlang_b(25.0, 30)
    assert expected == pytest.approx(0.052603, abs=1e-6)
    assert_loss(
        expected, 32 + offset, rate=25.0, channels=30, span=100.0, replications=2000, power=0.035
    )


# ---------------------------------------------------------------- patience


@pytest.mark.parametrize("order", ["arrival", "deadline"])
@pytest.mark.parametrize(
    ("rate", "channels", "patience", "known"),
    [(10.0, 10, 0.5, 0.103517), (2.0, 1, 1.0, 0.550643)],
)
def test_a_deadline_to_start(
    rate: float, channels: int, patience: float, known: float, order: Any, offset: int
) -> None:
    # With equal windows, earliest deadline first equals first come first served, as in the theory.
    # 3,000,000 threats detect an error of 3 % of the first and 1 % of the second.
    expected = barrer(rate, channels, patience)
    assert expected == pytest.approx(known, abs=1e-6)
    assert_loss(
        expected,
        33 + offset,
        rate=rate,
        channels=channels,
        patience=patience,
        order=order,
        span=1000.0 / rate,
        replications=3000,
        power=0.03,
    )


@pytest.mark.parametrize("name", MEAN_ONE)
def test_the_fluid_limit(name: str, offset: int) -> None:
    # Twice the capacity of 20 channels, and windows of ten services: no channel is ever idle
    # (Barrer's formula differs from 1 - c/rate by exp(-200)). 1,000,000 threats detect 2 %.
    rate, channels = 40.0, 20
    assert barrer(rate, channels, 10.0) == pytest.approx(1 - channels / rate, rel=1e-9)
    assert_loss(
        1 - channels / rate,
        34 + offset,
        rate=rate,
        channels=channels,
        service=MEAN_ONE[name],
        patience=10.0,
        span=50.0,
        replications=500,
        power=0.02,
    )
