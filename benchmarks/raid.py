"""The numbers of a scenario that the peers read: they know no more of the model than this.

All layers are rings around what all threats aim at; scenarios with positions are refused.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import leakthrough as lt
from leakthrough.model.chances import uncertain_chances

Kill = tuple[float, float] | float
"""A kill probability, or the two parameters of the beta distribution from which it is drawn."""


@dataclass(frozen=True)
class Window:
    """What a post does to a class of threats; times are offsets from the arrival [s]."""

    opens: float
    closes: float
    soft_kill: float
    detection: float
    dismissal: float
    salvo_size: int
    kill: Kill


@dataclass(frozen=True)
class Post:
    """The batteries of a layer on one axis: identical, with one magazine each; times in seconds.

    Windows are by threat class; None where the post can do nothing.
    """

    batteries: int
    channels: int
    rounds: int
    reserved: int
    reaction: float
    flight: float
    assessment: float
    windows: tuple[Window | None, ...]

    @property
    def to_hit(self) -> float:
        """Seconds from the decision to the hit."""
        return self.reaction + self.flight

    @property
    def total(self) -> float:
        """Seconds that an engagement holds its channel."""
        return self.to_hit + self.assessment


@dataclass(frozen=True)
class Salvo:
    """Threats of a class, given by its index, on an axis; arrivals are uniform [s]."""

    threats: int
    kind: int
    axis: int
    start: float
    stop: float
    priority: int
    decoy: bool


@dataclass(frozen=True)
class Raid:
    """Posts by axis, outermost first, and the salvos."""

    axes: tuple[tuple[Post, ...], ...]
    salvos: tuple[Salvo, ...]


def read(scenario: lt.Scenario) -> Raid:
    """Read a scenario.

    Raises
    ------
    ValueError
        If the scenario has something that the peers do not know.
    """
    if unknown := next(_unknown(scenario), None):
        raise ValueError(f"the peers do not know {unknown}")
    names: list[str | None] = list(dict.fromkeys(salvo.axis for salvo in scenario.salvos))
    layers = sorted(scenario.layers, key=lambda layer: -_number(layer.outer_range))
    axes = (tuple(_post(scenario, layer, axis) for layer in layers) for axis in names)
    return Raid(tuple(axes), tuple(_salvo(scenario, salvo, names) for salvo in scenario.salvos))


def _unknown(scenario: lt.Scenario) -> Iterator[str]:
    """What the peers do not know in a scenario."""
    batteries = [battery for layer in scenario.layers for battery in layer.batteries]
    names = [magazine.interceptor for battery in batteries for magazine in battery.magazines]
    axes = {salvo.axis for salvo in scenario.salvos}
    chances = [p for i in scenario.interceptors for p in i.kill_probability.values()]
    drawn = [p for p in chances if isinstance(p, lt.Distribution)]
    times = [t for b in batteries for t in (b.reaction_time, b.assessment_time)]
    times += [interceptor.flight_time for interceptor in scenario.interceptors]
    conditions = {
        "positions, paths and assets": _has_positions(scenario),
        "what is shared, limited or correlated": _has_rules(scenario),
        "several magazines of a battery, or none": len(names) != len(batteries),
        "reloads or infinite magazines": any(
            m.reloads or m.rounds == math.inf for b in batteries for m in b.magazines
        ),
        "batteries of several axes": axes != {None} and any(len(b.axes) != 1 for b in batteries),
        "other doctrines": any(
            b.doctrine.max_salvos or b.doctrine.order != "deadline" or b.doctrine.preference
            for b in batteries
        ),
        "wrong assessments": any(b.false_kill or b.false_survival for b in batteries),
        "layers that are down": any(layer.sensor.availability != 1 for layer in scenario.layers),
        "uncertain sensors, lethality and hardness": bool(uncertain_chances(scenario)),
        "luck that threats keep": any(
            threat.common_detection or threat.common_kill for threat in scenario.threats
        ),
        "random times": any(isinstance(time, lt.Distribution) for time in times),
        "other distributions": any(p.dist != "beta" or len(p.parameters) != 2 for p in drawn),
        "a drawn kill probability of several batteries": bool(drawn)
        and len(set(names)) < len(names),
    }
    return (text for text, found in conditions.items() if found)


_RULES = (
    *("max_engagements", "common_detection", "common_kill", "command", "selection", "tracks"),
    *("channel_hold", "launch_interval", "pool", "staying_power", "reload_at", "depot", "thrift"),
)
"""Fields of which the peers know the default value only."""


def _has_rules(scenario: lt.Scenario) -> bool:
    """Whether a rule is used that older versions, and the peers, do not have."""
    batteries = [battery for layer in scenario.layers for battery in layer.batteries]
    parts = [
        *(*scenario.threats, *scenario.layers, *batteries),
        *(layer.sensor for layer in scenario.layers),
        *(battery.doctrine for battery in batteries),
        *(magazine for battery in batteries for magazine in battery.magazines),
    ]
    return any(
        name in type(part).model_fields
        and getattr(part, name) != type(part).model_fields[name].default
        for part in parts
        for name in _RULES
    )


def _has_positions(scenario: lt.Scenario) -> bool:
    """Whether anything is elsewhere than at the origin, or depends on distances."""
    if not hasattr(lt, "Asset"):  # an older version
        return False
    edges = [edge for own in scenario.layers for edge in (own.outer_range, own.inner_range)]
    batteries = [battery for layer in scenario.layers for battery in layer.batteries]
    paths = [(own.bearing, own.start_range, *own.route) for own in scenario.salvos]
    return (
        bool(scenario.assets)
        or any(path != (None, None) for path in paths)
        or any(site.position != (0.0, 0.0) for site in scenario.sites)
        or not all(isinstance(edge, float) for edge in edges)
        or any(interceptor.speed is not None for interceptor in scenario.interceptors)
        or any(battery.doctrine.fire_above for battery in batteries)
    )


def _number(own: Any) -> float:
    """A range, which is one number for all threats."""
    return float(own)


def _post(scenario: lt.Scenario, layer: lt.Layer, axis: str | None) -> Post:
    """The batteries of a layer that serve an axis."""
    edge = max(_number(layer.outer_range) for layer in scenario.layers)
    own = [battery for battery in layer.batteries if axis is None or axis in battery.axes]
    if len(own) > 1:
        raise ValueError("the peers do not know different batteries of a layer on one axis")
    if not own:
        windows = tuple(_window(layer, edge, kind, 0, 0.0) for kind in scenario.threats)
        return Post(0, 0, 0, 0, 0.0, 0.0, 0.0, windows)
    [battery] = own
    [magazine] = battery.magazines
    [fired] = [i for i in scenario.interceptors if i.name == magazine.interceptor]
    size = battery.doctrine.salvo_size
    windows = tuple(
        _window(
            layer,
            edge,
            kind,
            size if isinstance(size, int) else size.get(kind.name, 1),
            _kill(fired.kill_probability.get(kind.name, 0.0)),
        )
        for kind in scenario.threats
    )
    reaction, flight, assessment = _times(battery, fired)
    return Post(
        battery.count,
        battery.channels,
        int(magazine.rounds),
        magazine.reserved,
        reaction,
        flight,
        assessment,
        windows,
    )


def _times(battery: lt.Battery, fired: lt.Interceptor) -> tuple[Any, Any, Any]:
    return battery.reaction_time, fired.flight_time, battery.assessment_time


def _kill(chance: float | lt.Distribution | lt.ByDistance) -> Kill:
    if isinstance(chance, lt.ByDistance):
        raise TypeError("the peers know no kill probabilities by distance")
    if isinstance(chance, lt.Distribution):
        return chance.parameters["a"], chance.parameters["b"]
    return chance


def _window(
    layer: lt.Layer, edge: float, kind: lt.Threat, salvo_size: int, kill: Kill
) -> Window | None:
    """What a layer does to a class of threats; None if nothing."""
    sensor, soft_kill = layer.sensor, _number(layer.soft_kill.get(kind.name, 0.0))
    detection = _number(sensor.detection.get(kind.name, 1.0))
    can_fire = bool(kill) and detection > 0
    if not can_fire and not soft_kill:
        return None
    return Window(
        opens=(edge - _number(layer.outer_range)) / kind.speed,
        closes=(edge - _number(layer.inner_range)) / kind.speed,
        soft_kill=soft_kill,
        detection=detection,
        dismissal=_number(sensor.decoy_recognition if kind.decoy else sensor.false_dismissal),
        salvo_size=salvo_size if can_fire else 0,
        kill=kill,
    )


def _salvo(scenario: lt.Scenario, salvo: lt.Salvo, axes: list[str | None]) -> Salvo:
    [(index, kind)] = [
        (n, kind) for n, kind in enumerate(scenario.threats) if kind.name == salvo.threat
    ]
    match salvo.arrival:
        case lt.Uniform(start=start, stop=stop):
            pass
        case lt.At(time=start):
            stop = start
        case _:
            raise ValueError(f"the peers do not know {type(salvo.arrival).__name__}")
    if not isinstance(salvo.count, int):
        raise ValueError("the peers do not know numbers of threats that are drawn")
    axis = axes.index(salvo.axis)
    return Salvo(salvo.count, index, axis, start, stop, kind.priority, kind.decoy)
