"""Raids whose distribution is known in closed form or by an exact recursion.

Bands are 5 sigma: a correct simulator fails one such comparison in 1.7 million.
"""

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from bands import SIGMAS, assert_pmf
from raids import PLENTY, battery, gun, layer, magazine, raid, salvo
from scipy import special, stats

import leakthrough as lt
from leakthrough import exact


def leakers(scenario: lt.Scenario, replications: int, seed: int) -> npt.NDArray[np.int64]:
    result = lt.simulate(scenario, replications=replications, seed=seed)
    return np.asarray(result.leaked.sum("salvo").values)


def assert_mean(found: npt.NDArray[Any], expected: float) -> None:
    error = found.std(ddof=1) / math.sqrt(len(found))
    assert abs(found.mean() - expected) <= SIGMAS * error + 1e-12


def ample(size: int = 1, **fields: Any) -> lt.Battery:
    """Channels and rounds for all; one engagement of `size` rounds per threat."""
    doctrine = lt.Doctrine(salvo_size=size, max_salvos=1)
    return battery(channels=10_000, doctrine=doctrine, **fields)


# ---------------------------------------------------------------- binomial raids


@pytest.mark.parametrize(
    ("size", "looks", "first_none"), [(1, 1, 0.10737), (2, 1, 0.66483), (1, 3, 0.92282)]
)
def test_binomial_raid(size: int, looks: int, first_none: float, offset: int) -> None:
    # 40,000 replications detect an error of at most 0.012 in P(none), of 3 % in the mean leakers
    # for three rounds.
    n, p, rounds = 10, 0.8, size * looks
    own = battery(channels=99, doctrine=lt.Doctrine(salvo_size=size, max_salvos=looks))
    found = leakers(raid(salvo(count=n), layer("L", own), gun(kills=p)), 40_000, 11 + offset)
    pmf = stats.binom(n, (1 - p) ** rounds).pmf(np.arange(n + 1))
    assert pmf[0] == pytest.approx(first_none, abs=1e-5)
    assert_pmf(found, pmf)


def test_track_failures_of_each_threat_and_of_the_whole_raid(offset: int) -> None:
    # The same mean of leakers, but P(none) = 0.45537 and 0.72252: 20,000 replications detect an
    # error of 0.018 in either.
    n, leak, track = 10, 0.3**3, 0.95
    given = {"threats": n, "kill_probability": 0.7, "rounds_each": 3, "tracking": track}
    alone = exact.as_scenario(exact.leakers, **given)
    whole = exact.as_scenario(exact.leakers, **given, common_mode=True)
    pmf = stats.binom(n, 1 - track * (1 - leak)).pmf(np.arange(n + 1))
    assert pmf[0] == pytest.approx(0.45537, abs=1e-5)
    assert_pmf(leakers(alone, 20_000, 12 + offset), pmf)
    pmf = track * stats.binom(n, leak).pmf(np.arange(n + 1))
    pmf[n] += 1 - track
    assert pmf[0] == pytest.approx(0.72252, abs=1e-5)
    assert_pmf(leakers(whole, 20_000, 13 + offset), pmf)


def test_soft_kill_dismissal_and_false_kill_thin_a_raid(offset: int) -> None:
    # A threat is stopped by s + (1 - s) d (1 - f) (1 - (q)(g + (1 - g) q)) with two looks, the
    # second only if the first was not misjudged. 30,000 replications of 20 threats detect an
    # error of 0.3 % in the share of leakers.
    s, d, f, g, p = 0.2, 0.9, 0.1, 0.25, 0.6
    own = battery(channels=99, false_kill=g, doctrine=lt.Doctrine(max_salvos=2))
    sensor = lt.Sensor(detection={"t": d}, false_dismissal=f)
    scenario = raid(
        salvo(count=20), layer("L", own, sensor=sensor, soft_kill={"t": s}), gun(kills=p)
    )
    q = 1 - p
    leak = (1 - s) * (1 - d * (1 - f) * (1 - q * (g + (1 - g) * q)))
    pmf = stats.binom(20, leak).pmf(np.arange(21))
    assert_pmf(leakers(scenario, 30_000, 14 + offset), pmf)


def test_kill_probability_shared_by_a_night(offset: int) -> None:
    # Beta(a, b) mixes binomials to a beta-binomial. For Beta(1, 1) every number of leakers is
    # equally likely; independent draws per shot would give a binomial. 20,000 replications
    # detect an error of 0.01 in each share.
    n = 10
    for a, b in ((1.0, 1.0), (6.0, 2.0)):
        shots = gun(kills=stats.beta(a, b))
        found = leakers(raid(salvo(count=n), layer("L", ample()), shots), 20_000, 15 + offset)
        assert_pmf(found, stats.betabinom(n, b, a).pmf(np.arange(n + 1)))


def test_a_drawn_flight_time_that_does_not_fit_is_not_flown(offset: int) -> None:
    # P(leak) = P(flight > window) = exp(-2): 2,000 replications of 50 detect an error of 0.006.
    scenario = raid(salvo(count=50), layer("L", ample()), gun(flight_time=stats.expon(scale=5.0)))
    result = lt.simulate(scenario, replications=2_000, seed=16 + offset)
    pmf = stats.binom(50, math.exp(-2.0)).pmf(np.arange(51))
    assert_pmf(result.leaked.values[:, 0], pmf)
    assert (result.leak_cause.sel(cause="too_short").values == result.leaked.values).all()


def test_two_layers(offset: int) -> None:
    # Leakers of a layer reach the next: 30,000 replications detect 0.4 % of the share.
    shots = [gun(kills=0.5), gun("last", kills=0.7)]
    last = ample(magazines=[magazine("last")], name="B2")
    layers = [layer("far", ample(2), outer=2000.0, inner_range=1000.0), layer("near", last)]
    found = leakers(raid(salvo(count=20), layers, shots), 30_000, 17 + offset)
    assert_pmf(found, stats.binom(20, 0.5**2 * 0.3).pmf(np.arange(21)))


# ---------------------------------------------------------------- finite magazines


@cache
def finite_magazine(threats: int, rounds: int, looks: int, p: float) -> tuple[float, ...]:
    """Distribution of the leakers when threats arrive singly and get up to `looks` rounds."""
    pmf = np.zeros(threats + 1)
    if threats == 0:
        return (1.0,)
    alive = 1.0
    for used in range(1, min(looks, rounds) + 1):
        pmf[:-1] += alive * p * np.array(finite_magazine(threats - 1, rounds - used, looks, p))
        alive *= 1 - p
    later = finite_magazine(threats - 1, rounds - min(looks, rounds), looks, p)
    pmf[1:] += alive * np.array(later)
    return tuple(pmf)


def test_finite_magazine(offset: int) -> None:
    # 20 threats, 20 rounds, up to two looks: 6 leakers. 40,000 replications detect an error of
    # 0.8 % (and of 0.012 in each share).
    scenario = exact.as_scenario(
        exact.finite_magazine, threats=20, rounds=20, kill_probability=0.7, looks=2
    )
    pmf = np.array(finite_magazine(20, 20, 2, 0.7))
    assert pmf @ np.arange(21) == pytest.approx(6.0, abs=0.01)
    assert_pmf(leakers(scenario, 40_000, 18 + offset), pmf)


@pytest.mark.parametrize("order", ["deadline", "arrival"])
def test_a_magazine_that_is_surely_emptied_kills_one_for_each_hit(order: Any, offset: int) -> None:
    # 550 threats, 400 rounds, p = 0.8, shoot-look-shoot: 230 leakers for any doctrine.
    # The standard deviation is 8: 2,000 replications detect an error of 0.9 leakers.
    own = battery(rounds=400, channels=5, doctrine=lt.Doctrine(order=order))
    coming = salvo(count=550, arrival=lt.Uniform(start=0.0, stop=1000.0))
    scenario = raid(coming, layer("L", own), gun(kills=0.8, flight_time=0.5))
    result = lt.simulate(scenario, replications=2_000, seed=19 + offset)
    assert (result.remaining.values == 0).all()
    assert_pmf(result.killed.values[:, 0, 0], stats.binom(400, 0.8).pmf(np.arange(551)))
    assert_mean(result.leaked.values[:, 0], 230.0)


def test_what_layers_have_left(offset: int) -> None:
    # 40,000 replications detect an error of 0.012 in each joint probability of leakers and rounds
    # left, and of 2 % in the mean rounds left of either layer.
    pmf = exact.layered_rounds_left(15, [(20, 2, 0.3), (11, 1, 0.7)])
    far = ample(2, magazines=[magazine(rounds=20)], name="far")
    near = ample(magazines=[magazine("last", 11)], name="near")
    layers = [layer("far", far, outer=2000.0, inner_range=1000.0), layer("near", near)]
    coming = salvo(count=15, arrival=lt.Regular(start=0.0, interval=1.0))
    shots = [gun(kills=0.3), gun("last", kills=0.7)]
    result = lt.simulate(raid(coming, layers, shots), replications=40_000, seed=22 + offset)
    leaked = result.leaked.values[:, 0]
    for place, name in enumerate(["far", "near"]):
        left = result.remaining.sel(battery=name).sum("interceptor").values.astype(np.int64)
        assert_pmf(leaked * pmf.sizes["rounds_left"] + left, pmf[place].values.ravel())
        mean = (pmf[place].sum("leakers") * pmf.rounds_left).sum()
        assert_mean(left, float(mean))


# ---------------------------------------------------------------- simultaneous raids


@pytest.mark.parametrize("threats", [7, 60])
@pytest.mark.parametrize(("channels", "rounds"), [(3, PLENTY), (3, 10), (1, PLENTY)])
@pytest.mark.parametrize(("reaction", "flight", "assessment"), [(1.0, 2.0, 0.3), (0.1, 0.2, 2.0)])
def test_a_simultaneous_raid(
    threats: int, channels: int, rounds: int, reaction: float, flight: float, assessment: float
) -> None:
    # Engagements may start until 10 s - reaction - flight, one cycle after another.
    own = battery(
        rounds=rounds,
        channels=channels,
        reaction_time=reaction,
        assessment_time=assessment,
        doctrine=lt.Doctrine(max_salvos=1),
    )
    scenario = raid(salvo(count=threats), layer("L", own), gun(kills=0.5, flight_time=flight))
    cycle, last = reaction + flight + assessment, 10.0 - reaction - flight
    engaged = exact.simultaneous_raid(threats, channels, rounds, cycle, last)
    result = lt.simulate(scenario, replications=5, seed=1)
    assert (result.engagements.values == engaged).all()
    never = result.leak_cause.sel(cause=["no_channel", "no_interceptors"]).sum("cause")
    assert (never.values == threats - engaged).all()


# ---------------------------------------------------------------- arrivals


@pytest.mark.parametrize(
    "arrival",
    [
        lt.Uniform(start=-5.0, stop=20.0),
        stats.gamma(2.0, scale=9.0),
        stats.norm(50.0, 9.0),
    ],
    ids=["uniform", "gamma", "norm"],
)
def test_arrivals_follow_their_distribution(arrival: Any, offset: int) -> None:
    # Arrivals of a salvo are a sample of the distribution: the number before each decile is
    # binomial. 3,000 replications of 20 threats detect an error of 0.01 in each share.
    expected = stats.uniform(-5.0, 25.0) if isinstance(arrival, lt.Uniform) else arrival
    times = tuple(expected.ppf(np.linspace(0.1, 0.9, 9)))
    scenario = lt.Scenario(
        name="nobody home",
        threats=[lt.Threat(name="t", speed=100.0)],
        salvos=[salvo(count=20, arrival=arrival)],
    )
    result = lt.simulate(scenario, replications=3_000, seed=20 + offset, timeline=times)
    for n in range(9):
        come = result.leaked_so_far.values[:, n, 0]
        assert_pmf(come, stats.binom(20, (n + 1) / 10).pmf(np.arange(21)))


def test_a_poisson_stream(offset: int) -> None:
    # The n-th threat of a stream arrives before t with probability P(gamma(n) < rate t).
    # 10,000 replications detect an error of 0.025 in each.
    times, rate = (1.0, 4.0, 9.0), 0.7
    scenario = lt.Scenario(
        name="nobody home",
        threats=[lt.Threat(name="t", speed=100.0)],
        salvos=[salvo(count=6, arrival=lt.Poisson(start=0.0, rate=rate))],
    )
    result = lt.simulate(scenario, replications=10_000, seed=21 + offset, timeline=times)
    for n, time in enumerate(times):
        come = special.gammainc(np.arange(1, 7), rate * time)
        pmf = -np.diff(np.concatenate([[1.0], come, [0.0]]))
        assert_pmf(result.leaked_so_far.values[:, n, 0], pmf)
