"""Commands that do not coordinate, and tracks, against exact models. Bands are 5 sigma."""

import pytest
from simple_raids import assert_mean, at_once, battery, layer, leak_rates, spent

import leakthrough as lt
from leakthrough import exact


@pytest.mark.parametrize(("command", "rounds"), [("west", 200.0), (None, 120.0)])
def test_two_commands_of_one_shot_each(command: str | None, rounds: float, offset: int) -> None:
    # 100 threats, .8 each: .2^2 leak. A second command fires its round at each; one command looks
    # after the first. 20,000 replications detect 2 % of 4 leakers.
    once = lt.Doctrine(max_salvos=1)
    posts = [
        battery(name, 100, reaction_time=1.0, assessment_time=1.0, doctrine=once)
        for name in ("first", "second")
    ]
    layers = layer(9.0, posts[0]), layer(9.0, posts[1], name="inner", command=command)
    result = lt.simulate(at_once(100, *layers, kill=0.8), replications=20_000, seed=41 + offset)
    found = exact.shoot_look_shoot(0.8, 2)
    assert_mean(result.leaked.sum("salvo").values, 100 * float(found.leak), power=0.02)
    if command is None:
        assert rounds == pytest.approx(100 * float(found.rounds))
        assert_mean(spent(result), rounds, power=0.002)
    else:
        assert (spent(result) == rounds).all()


def test_tracks_without_a_useful_wait(offset: int) -> None:
    # A reaction as long as the window: who waits for a track is too late, and who has one holds it
    # for the whole window. M/D/10/10: B(10 tracks, load 10) = 0.21458.
    tracked = layer(1.0, battery(reaction_time=1.0), sensor=lt.Sensor(tracks=10))
    leaked = leak_rates(10.0, 21.0, 100.0, tracked, seed=42 + offset, replications=2_000)
    assert_mean(leaked, exact.erlang_b(10.0, 10), power=0.02)
