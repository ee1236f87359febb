"""Small scenarios in one line: by default one threat class, one interceptor, one battery."""

from collections.abc import Sequence
from typing import Any

from scipy import stats

import leakthrough as lt

INF = float("inf")
PLENTY = 1_000_000


def gun(name: str = "gun", kills: Any = 1.0, **fields: Any) -> lt.Interceptor:
    """Interceptor; `kills` is by threat name, or a number for the threat `t`."""
    table = kills if isinstance(kills, dict) else {"t": kills}
    return lt.Interceptor(name=name, kill_probability=table, **fields)


def magazine(interceptor: str = "gun", rounds: float = PLENTY, **fields: Any) -> lt.Magazine:
    """Magazine, by default ample."""
    return lt.Magazine(interceptor=interceptor, rounds=rounds, **fields)


def battery(
    name: str = "B",
    rounds: float = PLENTY,
    magazines: Sequence[lt.Magazine] | None = None,
    **fields: Any,
) -> lt.Battery:
    """Battery with the given magazines, by default one of guns."""
    own = [magazine(rounds=rounds)] if magazines is None else magazines
    return lt.Battery(name=name, magazines=own, **fields)


def layer(name: str = "L", *batteries: lt.Battery, outer: Any = 1000.0, **fields: Any) -> lt.Layer:
    """Layer, by default from the target to 1000 m."""
    return lt.Layer(name=name, outer_range=outer, batteries=list(batteries), **fields)


def salvo(
    name: str = "s", count: Any = 1, arrival: Any = 0.0, threat: str = "t", **fields: Any
) -> lt.Salvo:
    """Salvo with one arrival time, a list of times, or an arrival."""
    if isinstance(arrival, list):
        arrival, count = lt.Times(times=arrival), len(arrival)
    elif isinstance(arrival, float):
        arrival = lt.At(time=arrival)
    return lt.Salvo(name=name, threat=threat, count=count, arrival=arrival, **fields)


def threats_in(scenario: lt.Scenario) -> int:
    """The number of threats of a scenario that draws none."""
    return sum(salvo.count for salvo in scenario.salvos if isinstance(salvo.count, int))


def raid(
    salvos: lt.Salvo | Sequence[lt.Salvo],
    layers: lt.Layer | Sequence[lt.Layer],
    guns: lt.Interceptor | Sequence[lt.Interceptor] | None = None,
    threats: Sequence[lt.Threat] = (),
    speed: float = 100.0,
    **fields: Any,
) -> lt.Scenario:
    """Scenario; by default the threat `t` has 100 m/s and the gun always kills it."""
    guns = gun() if guns is None else guns
    return lt.Scenario(
        name="raid",
        threats=threats or [lt.Threat(name="t", speed=speed)],
        interceptors=[guns] if isinstance(guns, lt.Interceptor) else guns,
        salvos=[salvos] if isinstance(salvos, lt.Salvo) else salvos,
        layers=[layers] if isinstance(layers, lt.Layer) else layers,
        **fields,
    )


def api_example() -> lt.Scenario:
    """The notional raid that comes with the library, whose names the documentation uses."""
    return lt.load_example("notional_raid")


def rich() -> lt.Scenario:
    """A scenario with every feature of the model."""
    far = battery(
        "far",
        magazines=[
            magazine("long", 9, reserved=3, reloads=2, reload_rounds=3, reload_time=20.0),
            magazine("short", 12),
        ],
        count=2,
        channels=3,
        reaction_time=stats.lognorm(0.4, scale=4.0),
        assessment_time=3.0,
        false_kill=0.1,
        false_survival=0.2,
        doctrine=lt.Doctrine(
            salvo_size={"fast": 2}, max_salvos=3, preference={"t": ["short", "long"]}
        ),
    )
    near = battery(
        "near",
        magazines=[magazine("short", INF)],
        assessment_time=stats.expon(scale=4.0),
        doctrine=lt.Doctrine(order="arrival"),
        reaction_time=1.0,
        axes=["north"],
    )
    sensor = lt.Sensor(
        detection={"t": 0.9}, decoy_recognition=0.5, false_dismissal=0.05, availability=0.8
    )
    return raid(
        [
            salvo("a", 20, lt.Uniform(start=0.0, stop=60.0), axis="north"),
            salvo("b", 6, lt.Poisson(start=5.0, rate=0.5), "fast", axis="south"),
            salvo("c", 15, stats.norm(30.0, 9.0), "decoy", axis="north"),
            salvo("d", 5, lt.Regular(start=10.0, interval=2.5), axis="south", target="plant"),
            salvo("e", arrival=[4.0, 1.0, 1.0]),
        ],
        [
            layer("outer", far, outer=6000.0, inner_range=1500.0, sensor=sensor),
            layer(
                "inner",
                near,
                battery("spare", magazines=[], count=0),
                outer=2000.0,
                soft_kill={"t": 0.2},
            ),
        ],
        [
            gun("long", {"t": stats.beta(8.0, 3.0), "fast": 0.5, "decoy": 0.9}, flight_time=8.0),
            gun("short", {"t": 0.6, "decoy": 0.9}, flight_time=stats.uniform(1.0, 4.0)),
        ],
        [
            lt.Threat(name="t", speed=100.0),
            lt.Threat(name="fast", speed=333.0, priority=1),
            lt.Threat(name="decoy", speed=90.0, decoy=True),
        ],
        assets=[lt.Asset(name="plant", position=(0.0, 0.0), aim_points=3, priority=1)],
    )


TIMELINE = (0.0, 10.0, 30.5, 60.0, 1000.0)


def two_cities() -> lt.Scenario:
    """Three assets, an area site and four groups; straight paths and a route; ranges by threat."""
    assets = [
        lt.Asset(name="city A", position=(0.0, 0.0), value=5.0, aim_points=20),
        lt.Asset(name="city B", position=(40e3, 10e3), value=3.0, aim_points=10),
        lt.Asset(name="plant", position=(20e3, -15e3), aim_points=5),
    ]
    half_an_hour = lt.Uniform(start=0.0, stop=1800.0)
    salvos = [
        salvo("a", 60, half_an_hour, "drone", target="city A", bearing=60.0),
        salvo("b", 40, half_an_hour, "drone", target="city B", route=[(80e3, 60e3), (60e3, -20e3)]),
        salvo("c", 6, 900.0, "missile", target="plant", bearing=10.0, start_range=200e3),
    ]
    launcher = battery("launcher", magazines=[magazine("sam", 24)], channels=2)
    area: Any = {"outer_range": {"drone": 20e3, "missile": 35e3}, "position": (5e3, 2e3)}
    groups = [(40e3, 10e3), (20e3, -13e3), (30e3, 0.0), (10e3, 8e3)]
    layers = [
        lt.Layer(name="area", inner_range=3e3, batteries=[launcher], **area),
        layer(
            "group", battery("gun", magazines=[magazine(rounds=40)]), outer=6e3, positions=groups
        ),
    ]
    guns = [
        gun(kills={"drone": 0.5}, flight_time=3.0),
        gun("sam", {"drone": 0.8, "missile": 0.6}, flight_time=10.0),
    ]
    threats = [lt.Threat(name="drone", speed=50.0), lt.Threat(name="missile", speed=250.0)]
    return raid(salvos, layers, guns, threats, assets=assets)
