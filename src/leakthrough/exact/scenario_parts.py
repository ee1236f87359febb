"""Parts of the scenarios that reproduce the exact models."""

from collections.abc import Iterable, Sequence
from typing import Any

from leakthrough.exact.arguments import chance
from leakthrough.model.arrivals import Arrival, At
from leakthrough.model.defence import Battery, Doctrine, Interceptor, Layer
from leakthrough.model.magazines import Magazine
from leakthrough.model.scenario import Salvo, Scenario, Threat

SPEED = 1.0
ENGAGEMENT = 1.0
AT_ONCE = At(time=0.0)


def make_scenario(
    name: str, salvos: Sequence[Salvo], interceptors: Sequence[Interceptor], *layers: Layer
) -> Scenario:
    """A scenario of threats of 1 m/s."""
    return Scenario(
        name=f"exact model: {name}",
        threats=[Threat(name=threat, speed=SPEED) for threat in {s.threat: None for s in salvos}],
        interceptors=interceptors,
        salvos=salvos,
        layers=layers,
    )


def make_raid(count: int, arrival: Arrival = AT_ONCE) -> Salvo:
    """The salvo `raid`."""
    return Salvo(name="raid", threat="threat", count=count, arrival=arrival)


def make_interceptor(
    kill: float, threats: Iterable[str] = ("threat",), **fields: Any
) -> Interceptor:
    """An interceptor with one kill probability."""
    given = {"name": "interceptor", "flight_time": ENGAGEMENT, **fields}
    return Interceptor(kill_probability=dict.fromkeys(threats, kill), **given)


def make_defence(battery: Battery, window: float, **fields: Any) -> Layer:
    """The layer `defence`; its window in seconds."""
    return Layer(name="defence", outer_range=SPEED * window, batteries=[battery], **fields)


def make_battery(rounds: float, channels: int, doctrine: Doctrine, **fields: Any) -> Battery:
    """The battery `battery`, of one magazine."""
    magazines = [Magazine(interceptor="interceptor", rounds=rounds)]
    fields |= {"channels": channels, "magazines": magazines, "doctrine": doctrine}
    return Battery(name="battery", **fields)


def lethal_chance(value: object, name: str = "kill_probability") -> float:
    """Kill probability above 0, for models whose result includes the rounds spent."""
    kill = chance(name, value)
    if kill == 0.0:
        text = "must be above 0, as the simulator fires no round that cannot kill"
        raise ValueError(f"{name}: {text}; got {value!r}")
    return kill
