"""Channels, pools of them, and launch intervals, against exact models. Bands are 5 sigma."""

import math
from typing import Any

import pytest
from scipy import stats
from simple_raids import assert_mean, battery, layer, leak_rates

import leakthrough as lt
from leakthrough import exact

EXPONENTIAL, OF_THREE = stats.expon(scale=1.0), stats.expon(scale=3.0)
MEAN_ONE = {
    "constant": 1.0,
    "exponential": EXPONENTIAL,
    "lognormal": stats.lognorm(0.8, scale=math.exp(-0.32)),
}


def pooled(window: float, time: Any, channels: int, **fields: Any) -> tuple[lt.Layer, lt.Pool]:
    """A layer of four batteries with channels for all, and the pool that they share."""
    posts = [battery(name, pool="crews", assessment_time=time, **fields) for name in "abcd"]
    return layer(window, *posts), lt.Pool(name="crews", channels=channels)


@pytest.mark.parametrize("name", MEAN_ONE)
def test_one_pool_over_many_batteries_is_erlangs_loss(name: str, offset: int) -> None:
    # M/G/10/10, B(10 channels, load 10) = 0.21458: 2,000,000 threats detect 2 % of it.
    defence, pool = pooled(0.0, MEAN_ONE[name], 10)
    leaked = leak_rates(
        10.0, 20.0, 100.0, defence, seed=51 + offset, replications=2_000, pools=[pool]
    )
    assert_mean(leaked, exact.erlang_b(10.0, 10), power=0.02)


@pytest.mark.parametrize("order", ["arrival", "deadline"])
def test_a_pool_for_which_threats_wait(order: Any, offset: int) -> None:
    # Barrer's formula with 10 channels: 2,000,000 threats detect 3 % of 0.1035.
    first = lt.Doctrine(order=order)
    defence, pool = pooled(0.5, EXPONENTIAL, 10, doctrine=first)
    leaked = leak_rates(
        10.0, 21.0, 100.0, defence, seed=52 + offset, replications=2_000, pools=[pool]
    )
    assert_mean(leaked, exact.abandonment(10.0, 1.0, 10, 0.5), power=0.03)


@pytest.mark.parametrize("hold", ["launch", "intercept", "assessment"])
def test_until_when_a_channel_is_held(hold: Any, offset: int) -> None:
    # A reaction of 1 s, as long as the window, and an assessment of mean 3: a load of 10 or of 40
    # on 10 channels, of which 0.215 or 0.76 is lost. Rounds hit as they are launched.
    post = battery(channels=10, reaction_time=1.0, assessment_time=OF_THREE, channel_hold=hold)
    leaked = leak_rates(10.0, 81.0, 100.0, layer(1.0, post), seed=53 + offset, replications=2_000)
    load = 40.0 if hold == "assessment" else 10.0
    assert_mean(leaked, exact.erlang_b(load, 10), power=0.02)


@pytest.mark.parametrize("hold", ["launch", "intercept"])
@pytest.mark.parametrize(("channels", "tracks"), [(6, 16), (3, 30), (9, 9)])
def test_tracks_and_channels_together(channels: int, tracks: int, hold: Any, offset: int) -> None:
    # Reaction of mean 1 with channel and track, assessment of mean 3 with the track only; four
    # threats in 1 s. What is not engaged at once is fired at by the last layer, which hardly ever
    # hits, and so may not be engaged any more: no wait is of use. The window is longer than nearly
    # all engagements. 800,000 threats detect an error of 3 %.
    found = exact.tracks_and_channels(4.0, 1.0, 1.0 / 3.0, channels, tracks)
    times = {"reaction_time": EXPONENTIAL, "assessment_time": OF_THREE, "channel_hold": hold}
    tracked = layer(60.0, battery(channels=channels, **times), sensor=lt.Sensor(tracks=tracks))
    last = layer(60.0, battery("last", magazine={"interceptor": "blank"}), name="last")
    leaked = leak_rates(
        *(4.0, 140.0, 200.0, tracked, last),
        threat={"max_engagements": 1},
        seed=54 + offset,
        replications=1_000,
    )
    assert_mean(leaked, float(found.no_track + found.no_channel), power=0.03)


@pytest.mark.parametrize(("reaction", "interval"), [(1.0, 0.25), (0.25, 1.0), (0.0, 1.0)])
def test_a_launch_interval_is_a_channel(reaction: float, interval: float, offset: int) -> None:
    # One launcher, M/D/1/1 with the longer of the two times: half of one threat in 1 s.
    post = battery(
        channels=1, reaction_time=reaction, launch_interval=interval, channel_hold="launch"
    )
    defence = layer(reaction, post)
    leaked = leak_rates(1.0, 21.0, 500.0, defence, seed=55 + offset, replications=2_000)
    assert_mean(leaked, exact.erlang_b(max(reaction, interval), 1), power=0.02)
