"""Random scenarios with many engagements, one for each integer.

Hypothesis prefers small examples: of 300 scenarios that it drew (`strategies.scenarios`), eleven
had any engagement and none had saturated channels. These are drawn uniformly from the same grids of
values, so that ties are common; they do not shrink.
"""

import random
from typing import Any

from raids import INF
from scipy import stats

import leakthrough as lt

THREATS = ("drone", "missile", "decoy")
GUNS = ("gun", "short", "long")
AXES = ("north", "south")
DELAYS = [0.0, 1.0, 2.0, 5.0, 10.0, 0.1, 1 / 3, stats.expon(scale=3.0), stats.uniform(1.0, 4.0)]
KILLS = [0.1, 0.5, 0.9, 1.0, stats.beta(2.0, 2.0), stats.uniform(0.2, 0.5)]
ODDS = [0.0, 0.0, 0.2, 0.6]


def _arrival(pick: random.Random, count: int) -> Any:
    start = pick.choice([-10.0, 0.0, 7.0])
    return pick.choice(
        [
            lt.At(time=start),
            lt.Times(times=[float(pick.randrange(40)) for _ in range(count)]),
            lt.Uniform(start=start, stop=start + 60.0),
            lt.Regular(start=start, interval=pick.choice([0.0, 1.0, 2.5])),
            lt.Poisson(start=start, rate=pick.choice([0.5, 2.0])),
            stats.norm(30.0, 10.0),
        ]
    )


def _magazine(pick: random.Random, name: str) -> lt.Magazine:
    reloads = pick.choice([0, 0, 1, 3])
    return lt.Magazine(
        interceptor=name,
        rounds=pick.choice([0, 1, 3, 8, 30, 30, INF]),
        reserved=pick.choice([0, 0, 1, 4]),
        reloads=reloads,
        reload_rounds=pick.randint(1, 6) if reloads else 0,
        reload_time=pick.choice([0.0, 2.0, 10.0, 30.0, 300.0]),
    )


def _battery(pick: random.Random, name: str) -> lt.Battery:
    own = pick.sample(GUNS, pick.choice([0, 1, 1, 2, 3]))
    sizes = [pick.randint(1, 6), {threat: pick.randint(1, 6) for threat in THREATS[:2]}, 1]
    return lt.Battery(
        name=name,
        count=pick.choice([0, 1, 1, 1, 2, 3]),
        channels=pick.choice([1, 1, 2, 5]),
        magazines=[_magazine(pick, gun) for gun in own],
        reaction_time=pick.choice(DELAYS),
        # Never 0: infinite rounds would be fired forever.
        assessment_time=pick.choice([0.5, 3.0, 10.0]),
        false_kill=pick.choice(ODDS),
        false_survival=pick.choice(ODDS),
        doctrine=lt.Doctrine(
            salvo_size=pick.choice(sizes),
            max_salvos=pick.choice([None, None, 1, 2]),
            order=pick.choice(["deadline", "arrival"]),
            preference=pick.choice([{}, {"drone": own[::-1]}, {"missile": own[:1]}]),
        ),
        axes=pick.choice([[], [], ["north"], list(AXES)]),
    )


def _layer(pick: random.Random, name: str) -> lt.Layer:
    outer = pick.choice([1e3, 3e3, 3e3, 5e3, 9e3])
    return lt.Layer(
        name=name,
        outer_range=outer,
        inner_range=pick.choice([0.0, 0.0, 500.0, outer / 3, outer]),
        batteries=[_battery(pick, f"{name} {n}") for n in range(pick.choice([0, 1, 2, 3]))],
        sensor=lt.Sensor(
            detection={threat: pick.choice([1.0, 0.9, 0.5]) for threat in THREATS},
            decoy_recognition=pick.choice(ODDS),
            false_dismissal=pick.choice(ODDS),
            availability=pick.choice([1.0, 1.0, 0.7]),
        ),
        soft_kill=pick.choice([{}, {"drone": 0.2}, {"missile": 0.1, "decoy": 0.5}]),
    )


def scenario(number: int) -> lt.Scenario:
    """A scenario of up to four salvos and four layers."""
    pick = random.Random(number)  # noqa: S311
    layers = [_layer(pick, f"layer {n}") for n in range(pick.randint(1, 4))]
    targets = [name for layer in layers for battery in layer.batteries for name in battery.names]
    counts = [pick.choice([0, 1, 3, 10, 25]) for _ in range(pick.randint(1, 4))]
    return lt.Scenario(
        name=f"busy {number}",
        axes=AXES,
        threats=[
            lt.Threat(
                name=name,
                speed=pick.choice([50.0, 100.0, 333.0]),
                priority=pick.choice([-1, 0, 0, 1, 2]),
                decoy=name == "decoy",
                lethality=pick.choice([0.0, 0.3, 1.0]),
            )
            for name in THREATS
        ],
        interceptors=[
            lt.Interceptor(
                name=name,
                kill_probability={t: pick.choice(KILLS) for t in pick.sample(THREATS, 2)},
                flight_time=pick.choice(DELAYS),
            )
            for name in GUNS
        ],
        salvos=[
            lt.Salvo(
                name=f"salvo {n}",
                threat=pick.choice(THREATS),
                count=count,
                arrival=_arrival(pick, count),
                axis=pick.choice([None, *AXES]),
                target=pick.choice([None, None, *targets]),
            )
            for n, count in enumerate(counts)
        ],
        layers=layers,
    )


# ---------------------------------------------------------------- two orders of service


def ordered_scenario(number: int, order: str) -> lt.Scenario:
    """A scenario in which the order of service matters: few channels, windows of all lengths.

    Salvos of one priority and different speeds arrive together, so that the threat whose window
    closes first is often not the one whose window opened first. Only `order` depends on it.
    """
    pick = random.Random(number)  # noqa: S311
    speeds = pick.sample([40.0, 70.0, 150.0, 300.0, 600.0], 3)
    doctrine = lt.Doctrine(order=order, max_salvos=pick.choice([None, 1, 2]))
    return lt.Scenario(
        name=f"ordered {number}",
        threats=[lt.Threat(name=f"t{n}", speed=speed) for n, speed in enumerate(speeds)],
        interceptors=[
            lt.Interceptor(
                name="gun",
                kill_probability={f"t{n}": pick.choice([0.5, 0.8, 1.0]) for n in range(3)},
                flight_time=pick.choice([0.0, 1.0, 3.0, stats.uniform(0.5, 2.0)]),
            )
        ],
        salvos=[
            lt.Salvo(
                name=f"salvo {n}",
                threat=f"t{n % 3}",
                count=pick.choice([3, 6, 12]),
                arrival=lt.Uniform(start=0.0, stop=pick.choice([5.0, 20.0])),
            )
            for n in range(pick.choice([3, 4, 5]))
        ],
        layers=[
            lt.Layer(
                name=f"layer {n}",
                outer_range=outer,
                inner_range=pick.choice([0.0, 0.5 * outer]),
                batteries=[
                    lt.Battery(
                        name=f"battery {n}",
                        count=pick.choice([1, 2]),
                        assessment_time=pick.choice([1.0, 3.0]),
                        magazines=[lt.Magazine(interceptor="gun", rounds=pick.choice([5, 12, 40]))],
                        doctrine=doctrine,
                    )
                ],
            )
            for n, outer in enumerate(pick.sample([2e3, 4e3, 6e3], pick.choice([1, 2])))
        ],
    )


# ---------------------------------------------------------------- many layers, many batteries


def wide_scenario(number: int) -> lt.Scenario:
    """A scenario of more layers and batteries than a machine integer has bits, with few threats.

    Most windows overlap with many others, and some layers share an outer range.
    """
    pick = random.Random(number)  # noqa: S311
    layers = []
    for n in range(pick.choice([65, 70, 129, 140])):
        outer = pick.choice([1e3, 4e3, 9e3]) + 50.0 * pick.randrange(60)
        inner = max(0.0, outer - pick.choice([0.0, 500.0, 3e3, 9e3]))
        layers.append(
            lt.Layer(
                name=f"layer {n}",
                outer_range=outer,
                inner_range=inner,
                batteries=_few_batteries(pick, n),
                sensor=lt.Sensor(detection={"drone": pick.choice([1.0, 0.6])}),
                soft_kill=pick.choice([{}, {}, {}, {}, {"drone": 0.05}]),
            )
        )
    targets = [name for layer in layers for battery in layer.batteries for name in battery.names]
    return lt.Scenario(
        name=f"wide {number}",
        axes=AXES,
        threats=[
            lt.Threat(name="drone", speed=pick.choice([50.0, 333.0]), lethality=0.5),
            lt.Threat(name="missile", speed=pick.choice([100.0, 333.0]), priority=1, lethality=1.0),
        ],
        interceptors=[
            lt.Interceptor(
                name=name,
                kill_probability={"drone": pick.choice([0.02, 0.2]), "missile": 0.05},
                flight_time=pick.choice([0.0, 1.0, stats.uniform(0.5, 2.0)]),
            )
            for name in ("gun", "short")
        ],
        salvos=[
            lt.Salvo(
                name=f"salvo {n}",
                threat=pick.choice(["drone", "missile"]),
                count=pick.choice([1, 3]),
                arrival=lt.Regular(start=pick.choice([0.0, 3.0]), interval=pick.choice([0.0, 2.0])),
                axis=pick.choice([None, *AXES]),
                target=pick.choice([None, *pick.sample(targets, 2)]),
            )
            for n in range(3)
        ],
        layers=layers,
    )


def _few_batteries(pick: random.Random, layer: int) -> list[lt.Battery]:
    """One or two batteries, in some layers with more than 64 units."""
    return [
        lt.Battery(
            name=f"battery {layer} {n}",
            count=pick.choice([1, 1, 2, 66] if layer % 40 == 0 else [1]),
            magazines=[
                lt.Magazine(interceptor=gun, rounds=pick.choice([1, 2, 5]))
                for gun in pick.sample(["gun", "short"], pick.choice([1, 2]))
            ],
            assessment_time=pick.choice([0.5, 3.0]),
            false_kill=pick.choice(ODDS),
            false_survival=pick.choice(ODDS),
            doctrine=lt.Doctrine(order=pick.choice(["deadline", "arrival"])),
            axes=pick.choice([[], [], ["north"]]),
        )
        for n in range(pick.choice([1, 1, 2]))
    ]
