"""One raid that uses every rule for what is shared, limited, correlated or uncoordinated.

The numbers of the case, and the scenario that leakthrough simulates. The peer uses the numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import leakthrough as lt

DEPOT, RADAR = "depot", "radar"


@dataclass(frozen=True)
class Layer:
    """A layer with equal batteries of one magazine; windows are offsets from the arrival [s]."""

    name: str
    opens: float
    closes: float
    batteries: int
    reaction: float
    flight: float
    assessment: float
    rounds: int
    command: str | None = None
    detection: float = 1.0
    tracks: int | None = None
    channels: int = 1
    hold: Literal["assessment", "intercept", "launch"] = "assessment"
    interval: float = 0.0
    salvo_size: int = 1
    thrift: tuple[int, int] | None = None
    reload_at: int = 0
    reload_rounds: int = 0
    reload_time: float = 0.0
    pooled: bool = False
    selection: Literal["most_rounds", "listed", "least_loaded"] = "most_rounds"
    staying_power: int = 1

    @property
    def to_hit(self) -> float:
        """Seconds from the decision to the first intercept."""
        return self.reaction + self.flight


@dataclass(frozen=True)
class Sharing:
    """Drones, and some that aim at the first battery of the first layer; all as fast.

    The first two layers are of one command, the last one of another.
    """

    drones: int = 50
    hunters: int = 8
    seconds: float = 300.0
    speed: float = 100.0
    depth: float = 300.0
    kill_probability: float = 0.6
    common_detection: float = 0.4
    common_kill: float = 0.4
    max_engagements: int | None = 3
    lethality: float = 0.7
    pool: int = 3
    depot: int = 24
    layers: tuple[Layer, ...] = (
        Layer(
            *("outer", 0.0, 160.0, 3, 6.0, 25.0, 7.0, 12),
            detection=0.85,
            tracks=3,
            channels=2,
            hold="intercept",
            interval=5.0,
            salvo_size=2,
            thrift=(3, 1),
            reload_at=2,
            reload_rounds=4,
            reload_time=90.0,
            pooled=True,
            selection="least_loaded",
            staying_power=2,
        ),
        Layer(
            *("middle", 60.0, 220.0, 1, 4.0, 14.0, 9.0, 40),
            detection=0.8,
            tracks=3,
            channels=2,
            hold="launch",
            interval=9.0,
            pooled=True,
        ),
        Layer(
            *("inner", 120.0, 300.0, 2, 5.0, 11.0, 6.0, 30),
            command="town",
            detection=0.9,
            selection="listed",
        ),
    )


def scenario(case: Sharing) -> lt.Scenario:
    """Build the scenario of a case."""
    threat = lt.Threat(
        name="drone",
        speed=case.speed,
        lethality=case.lethality,
        max_engagements=case.max_engagements,
        common_detection=case.common_detection,
        common_kill=case.common_kill,
    )
    arrival = lt.Uniform(start=0.0, stop=case.seconds)
    outer = case.layers[0]
    is_pooled = any(own.pooled for own in case.layers)
    is_reloaded = any(own.reload_rounds for own in case.layers)
    return lt.Scenario(
        name="shared",
        threats=[threat],
        interceptors=[
            lt.Interceptor(
                name=own.name,
                kill_probability={"drone": case.kill_probability},
                flight_time=own.flight,
            )
            for own in case.layers
        ],
        salvos=[
            lt.Salvo(name="drones", threat="drone", count=case.drones, arrival=arrival),
            lt.Salvo(
                name="hunters",
                threat="drone",
                count=case.hunters,
                arrival=arrival,
                target=f"{outer.name}-1",
            ),
        ],
        pools=[lt.Pool(name=RADAR, channels=case.pool)] if is_pooled else [],
        depots=[lt.Depot(name=DEPOT, interceptor=outer.name, rounds=case.depot)]
        if is_reloaded
        else [],
        layers=[_layer(case, own) for own in case.layers],
    )


def _layer(case: Sharing, own: Layer) -> lt.Layer:
    magazine: dict[str, Any] = {"interceptor": own.name, "rounds": own.rounds}
    if own.reload_rounds:
        magazine |= {"reload_rounds": own.reload_rounds, "reload_time": own.reload_time}
        magazine |= {"reload_at": own.reload_at, "depot": DEPOT}
    battery = lt.Battery(
        name=own.name,
        count=own.batteries,
        channels=own.channels,
        channel_hold=own.hold,
        launch_interval=own.interval,
        reaction_time=own.reaction,
        assessment_time=own.assessment,
        pool=RADAR if own.pooled else None,
        magazines=[lt.Magazine(**magazine)],
        staying_power=own.staying_power,
        doctrine=lt.Doctrine(salvo_size=own.salvo_size, thrift=own.thrift),
    )
    return lt.Layer(
        name=own.name,
        outer_range=case.speed * (case.depth - own.opens),
        inner_range=case.speed * (case.depth - own.closes),
        command=own.command,
        selection=own.selection,
        sensor=lt.Sensor(detection={"drone": own.detection}, tracks=own.tracks),
        batteries=[battery],
    )
