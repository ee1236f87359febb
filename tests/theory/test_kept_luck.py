"""Luck that a threat keeps, against the mixture that it is. Bands are 5 sigma."""

from typing import Any

import pytest
from simple_raids import assert_mean, at_once, battery, layer

import leakthrough as lt
from leakthrough import exact


@pytest.mark.parametrize("common", [0.1, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("way", ["one salvo", "three looks", "two commands"])
def test_rounds_at_a_threat_that_keeps_its_luck(way: str, common: float, offset: int) -> None:
    # 100 threats, rounds of .8: the least loss is .8 of 100. 4,000 replications detect 6 %.
    rounds = 3 if way == "three looks" else 2
    salvo = lt.Doctrine(salvo_size=2 if way == "one salvo" else 1)
    window = 2.0 if way == "three looks" else 0.0
    posts = [battery(str(n), doctrine=salvo, assessment_time=1.0) for n in range(2)]
    layers = [layer(window, posts[0])]
    if way == "two commands":
        layers.append(layer(window, posts[1], name="other", command="other"))
    given = at_once(100, *layers, kill=0.8, threat={"common_kill": common})
    result = lt.simulate(given, replications=4_000, seed=61 + offset)
    expected = 100 * float(exact.common_luck([0.8] * rounds, common))
    assert_mean(result.leaked.sum("salvo").values, expected, power=0.06)


@pytest.mark.parametrize("common", [0.0, 0.3, 1.0])
def test_layers_at_a_threat_that_keeps_its_luck(common: float, offset: int) -> None:
    # Three layers that detect with .8, .7 and .9, whose rounds kill: .006 to .1 leak. 20,000
    # replications of 100 threats detect 6 %.
    seen = (0.8, 0.7, 0.9)
    layers = [
        layer(
            3.0 - n,
            battery(f"battery {n}"),
            name=f"layer {n}",
            sensor=lt.Sensor(detection={"threat": detection}),
        )
        for n, detection in enumerate(seen)
    ]
    given: Any = at_once(100, *layers, threat={"common_detection": common})
    result = lt.simulate(given, replications=20_000, seed=62 + offset)
    expected = 100 * float(exact.common_luck(seen, common))
    assert_mean(result.leaked.sum("salvo").values, expected, power=0.06)
