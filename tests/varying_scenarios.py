"""Random scenarios in which flight and kill probability depend on distances, one for each integer.

Those of `placed_scenarios.mixed_scenario` with other interceptors and doctrines: speeds below and
above those of the threats, probabilities by distance with gaps in which nobody fires, and levels
below which nobody fires.
"""

import random
from typing import Any

from busy_scenarios import DELAYS, GUNS, KILLS, THREATS
from placed_scenarios import mixed_scenario
from scipy import stats

import leakthrough as lt


def _by_distance(pick: random.Random) -> lt.ByDistance:
    number = pick.choice([1, 2, 3, 4])
    distances = sorted(pick.sample([0.0, 500.0, 1e3, 1500.0, 2e3, 3e3, 4e3], number))
    chances = [0.0, 0.0, 0.3, 0.6, 1.0, stats.beta(2.0, 2.0), stats.uniform(0.2, 0.5)]
    return lt.ByDistance(distance=distances, probability=[pick.choice(chances) for _ in distances])


def _interceptor(pick: random.Random, name: str) -> lt.Interceptor:
    fields: dict[str, Any] = {"speed": pick.choice([30.0, 90.0, 333.0, 800.0])}
    if pick.random() < 0.4:
        fields = {"flight_time": pick.choice(DELAYS)}
    return lt.Interceptor(
        name=name,
        kill_probability={
            threat: _by_distance(pick) if pick.random() < 0.7 else pick.choice(KILLS)
            for threat in pick.sample(THREATS, 2)
        },
        **fields,
    )


def _battery(pick: random.Random, battery: lt.Battery) -> lt.Battery:
    level = pick.choice([0.0, 0.0, 0.25, 0.4, 0.5])
    doctrine = lt.Doctrine(**{**vars(battery.doctrine), "fire_above": level})
    return lt.Battery(**{**vars(battery), "doctrine": doctrine})


def varying_scenario(number: int) -> lt.Scenario:
    """A scenario with or without positions."""
    pick, base = random.Random(f"varying {number}"), mixed_scenario(number)  # noqa: S311
    layers = [
        lt.Layer(**{**vars(own), "batteries": [_battery(pick, each) for each in own.batteries]})
        for own in base.layers
    ]
    guns = [_interceptor(pick, name) for name in GUNS]
    fields = {"name": f"varying {number}", "layers": layers, "interceptors": guns}
    return lt.Scenario(**{**vars(base), **fields})


def any_scenario(number: int) -> lt.Scenario:
    """A scenario in which distances matter, for every third number; otherwise a mixed one."""
    return varying_scenario(number) if number % 3 == 2 else mixed_scenario(number)
