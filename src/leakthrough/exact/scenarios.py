"""From a formula to a simulation: the scenarios that express the exact models.

All of them are notional and in one scale: threats fly at 1 m/s, so that a layer of so many metres
is a window of so many seconds, and an engagement takes 1 s unless the model says otherwise.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from leakthrough.exact.arguments import LONGEST, chance, positive, whole
from leakthrough.exact.saturation import cycle_and_window
from leakthrough.model.arrivals import Arrival, At, Poisson, Regular
from leakthrough.model.distributions import Distribution, is_frozen
from leakthrough.model.errors import nearest, shown
from leakthrough.model.scenario import (
    MOST_IN_A_SALVO,
    Battery,
    Doctrine,
    Interceptor,
    Layer,
    Magazine,
    Salvo,
    Scenario,
    Sensor,
    Threat,
)

_SPEED = 1.0
_ENGAGEMENT = 1.0
_AT_ONCE = At(time=0.0)
_SHORTEST = 1e-3
"""Seconds: the simulator counts whole microseconds, which would bias what is not much longer."""


def as_scenario(model: Callable[..., Any] | str, **arguments: Any) -> Scenario:
    """Write the scenario with which the simulator reproduces an exact model.

    It is where one goes on from a formula: ``.replace(path, value)`` relaxes one assumption at a
    time, and what a formula cannot say is simulated.

    Parameters
    ----------
    model : function of `leakthrough.exact`, or its name
        One of those below.
    **arguments
        Those of the model, as numbers. `erlang_b` and `abandonment` take `threats` too, the number
        of threats of the stream (default 10,000).

    Returns
    -------
    Scenario
        One threat class `threat` in a salvo `raid`, and one `battery` of an `interceptor` in a
        layer `defence`, but for these: in `layered_inventories` layers, batteries and interceptors
        are numbered, `layer 1` the outermost; in `uniform_allocation` the threats that get a round
        more are a class and a salvo of their own, `favoured`, and in `raid_costs` the decoys.

    Raises
    ------
    ValueError
        If the model is none that the simulator can express, an argument is missing or unknown, or
        the model or the simulator does not allow its value. The simulator wants a channel at
        least, at most 1,000 rounds in an engagement, and fires no round that cannot kill; in a
        stream it wants mean engagements, and patiences above 0, of 1 ms or more.

    Notes
    -----
    ====================================== =====================================================
    model                                  scenario
    ====================================== =====================================================
    `leakers`, `raid_annihilation`         all at once, a channel and an engagement of
                                           `rounds_each` rounds for each; tracking is detection,
                                           or with `common_mode` the availability of the layer
    `shoot_look_shoot`                     one threat, and time for `looks` engagements
    `finite_magazine`                      one threat after another, `looks` engagements each
    `layered_inventories`,                 one threat after another through layers of one
    `layered_rounds_left`                  channel; rounds that make no full salvo are left out
    `uniform_allocation`                   all at once, engagements of k + 1 rounds for the
                                           favoured threats, and of k for the others
    `raid_costs`                           the raid of `leakers`, and a salvo of `decoys`
    `simultaneous_raid`                    all at once; an engagement kills surely and at once,
                                           and then holds its channel for the cycle
    `erlang_b`                             a Poisson stream, engagements that hold a channel for
                                           an exponential time of mean 1 s, a window of no length
    `abandonment`                          the same, with a window as long as the patience, which
                                           must be one number
    ====================================== =====================================================

    **A stream begins with all channels free**, so fewer of its first threats leak than of later
    ones, for which the formulas hold: on average too few by none to load + rate · patience of
    them, however long the stream, so that the share that leaks is too low by at most that over
    `threats`. (Couple the stream with one that finds the stationary number engaged or waiting:
    what that one has more of never grows, and each further leaker takes one off it.) Without that
    bias, as `tests/verification` does: the leakers between two times of a `timeline`, the first
    some twenty mean engagements and two patiences after the start, the last before the stream may
    have ended, over the expected number of arrivals between them.

    Examples
    --------
    >>> scenario = as_scenario(leakers, threats=10, kill_probability=0.8)
    >>> fewer = scenario.replace("layers.defence.batteries.battery.magazines.interceptor.rounds", 8)
    """
    name = model if isinstance(model, str) else getattr(model, "__name__", "")
    ours = isinstance(model, str) or getattr(model, "__module__", "").startswith(__package__)
    if not ours or name not in _BUILDERS:
        said = f"model: must be one of {', '.join(_BUILDERS)}; got {shown(name or model)}"
        raise ValueError(f"{said}{nearest(name, _BUILDERS)}")
    builder = _BUILDERS[name]
    try:
        bound = inspect.signature(builder).bind(**arguments)
    except TypeError as error:
        takes = ", ".join(inspect.signature(builder).parameters)
        raise ValueError(f"{name}: {error}; it takes {takes}") from None
    return builder(**bound.arguments)


# ---------------------------------------------------------------- parts


def _scenario(
    name: str, salvos: Sequence[Salvo], interceptors: Sequence[Interceptor], *layers: Layer
) -> Scenario:
    return Scenario(
        name=f"exact model: {name}",
        threats=[Threat(name=threat, speed=_SPEED) for threat in {s.threat: None for s in salvos}],
        interceptors=interceptors,
        salvos=salvos,
        layers=layers,
    )


def _raid(count: int, arrival: Arrival = _AT_ONCE) -> Salvo:
    return Salvo(name="raid", threat="threat", count=count, arrival=arrival)


def _interceptor(kill: float, flight_time: float = _ENGAGEMENT) -> Interceptor:
    return Interceptor(
        name="interceptor", kill_probability={"threat": kill}, flight_time=flight_time
    )


def _defence(battery: Battery, window: float, sensor: Sensor | None = None) -> Layer:
    return Layer(
        name="defence",
        outer_range=_SPEED * window,
        batteries=[battery],
        sensor=Sensor() if sensor is None else sensor,
    )


def _battery(
    rounds: float, channels: int, doctrine: Doctrine, assessment_time: float | Distribution = 0.0
) -> Battery:
    return Battery(
        name="battery",
        channels=channels,
        magazines=[Magazine(interceptor="interceptor", rounds=rounds)],
        assessment_time=assessment_time,
        doctrine=doctrine,
    )


def _fired(value: object, name: str = "kill_probability") -> float:
    """Kill probability where the rounds spent are part of the answer."""
    kill = chance(name, value)
    if kill == 0.0:
        text = "must be above 0, as the simulator fires no round that cannot kill"
        raise ValueError(f"{name}: {text}; got {value!r}")
    return kill


# ---------------------------------------------------------------- raids


def _leakers(
    threats: int,
    kill_probability: float,
    rounds_each: int = 1,
    tracking: float = 1.0,
    common_mode: bool = False,
) -> Scenario:
    number = whole("threats", threats, most=1_000_000)
    each = whole("rounds_each", rounds_each, most=MOST_IN_A_SALVO)
    seen = chance("tracking", tracking)
    sensor = Sensor(availability=seen) if common_mode else Sensor(detection={"threat": seen})
    doctrine = Doctrine(salvo_size=max(each, 1), max_salvos=1)
    battery = _battery(number * each, max(number, 1), doctrine)
    return _scenario(
        "binomial raid",
        [_raid(number)],
        [_interceptor(chance("kill_probability", kill_probability))],
        _defence(battery, _ENGAGEMENT, sensor),
    )


def _shoot_look_shoot(kill_probability: float, looks: int) -> Scenario:
    number = whole("looks", looks, most=10_000)
    battery = _battery(number, 1, Doctrine(max_salvos=max(number, 1)))
    return _scenario(
        "shoot, look, shoot",
        [_raid(1)],
        [_interceptor(_fired(kill_probability))],
        _defence(battery, number * _ENGAGEMENT),
    )


def _finite_magazine(threats: int, rounds: int, kill_probability: float, looks: int) -> Scenario:
    number, stock = whole("threats", threats), whole("rounds", rounds)
    most = whole("looks", looks, most=1_000_000)
    battery = _battery(stock, 1, Doctrine(max_salvos=max(most, 1)))
    window = most * _ENGAGEMENT
    return _scenario(
        "finite magazine",
        [_raid(number, Regular(start=0.0, interval=window))],
        [_interceptor(_fired(kill_probability))],
        _defence(battery, window),
    )


def _layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    number = whole("threats", threats)
    rings = [
        _ring(place, len(layers) - place, *layer) for place, layer in enumerate(_threes(layers))
    ]
    return _scenario(
        "layers with inventories",
        [_raid(number, Regular(start=0.0, interval=_ENGAGEMENT))],
        [interceptor for interceptor, _ in rings],
        *(layer for _, layer in rings),
    )


def _layered_rounds_left(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    for place, (_, _, kill) in enumerate(_threes(layers)):
        _fired(kill, f"layers[{place}] kill_probability")
    return _layered_inventories(threats, layers)


def _threes(layers: Sequence[tuple[int, int, float]]) -> Sequence[tuple[int, int, float]]:
    for place, layer in enumerate(layers):
        if np.shape(layer) != (3,):
            text = "must be (rounds, rounds_each, kill_probability)"
            raise ValueError(f"layers[{place}]: {text}; got {layer!r}")
    return layers


def _ring(
    place: int, outer: int, rounds: int, rounds_each: int, kill_probability: float
) -> tuple[Interceptor, Layer]:
    """Interceptor and layer; the ring reaches from `outer` engagements to one fewer."""
    at, name = f"layers[{place}]", f"interceptor {place + 1}"
    stock = whole(f"{at} rounds", rounds)
    each = whole(f"{at} rounds_each", rounds_each, least=1, most=MOST_IN_A_SALVO)
    kill = chance(f"{at} kill_probability", kill_probability)
    battery = Battery(
        name=f"battery {place + 1}",
        magazines=[Magazine(interceptor=name, rounds=stock - stock % each)],
        doctrine=Doctrine(salvo_size=each, max_salvos=1),
    )
    layer = Layer(
        name=f"layer {place + 1}",
        outer_range=_SPEED * _ENGAGEMENT * outer,
        inner_range=_SPEED * _ENGAGEMENT * (outer - 1),
        batteries=[battery],
    )
    shot = Interceptor(name=name, kill_probability={"threat": kill}, flight_time=_ENGAGEMENT)
    return shot, layer


def _uniform_allocation(threats: int, rounds: int, kill_probability: float) -> Scenario:
    number, stock = whole("threats", threats, most=1_000_000), whole("rounds", rounds)
    each, more = divmod(stock, max(number, 1))
    if each >= MOST_IN_A_SALVO:
        text = f"must be less than {MOST_IN_A_SALVO} for each threat"
        raise ValueError(f"rounds: {text}; got {rounds!r} for {threats!r}")
    kill = chance("kill_probability", kill_probability)
    # Where `each` is 0 the favoured ones, who come first, leave no round for the others.
    sizes = {"favoured": each + 1, "threat": max(each, 1)}
    battery = _battery(stock, max(number, 1), Doctrine(salvo_size=sizes, max_salvos=1))
    favoured = Salvo(name="favoured", threat="favoured", count=more, arrival=_AT_ONCE)
    shot = Interceptor(
        name="interceptor", kill_probability=dict.fromkeys(sizes, kill), flight_time=_ENGAGEMENT
    )
    return _scenario(
        "uniform allocation",
        [favoured, _raid(number - more)],
        [shot],
        _defence(battery, _ENGAGEMENT),
    )


def _raid_costs(
    threats: int,
    kill_probability: float,
    rounds_each: int = 1,
    *,
    threat_cost: float,
    round_cost: float,
    decoys: int = 0,
    decoy_cost: float = 0.0,
    decoy_recognition: float = 0.0,
) -> Scenario:
    number, feigned = whole("threats", threats), whole("decoys", decoys)
    each = whole("rounds_each", rounds_each, most=MOST_IN_A_SALVO)
    everyone, kill = number + feigned, _fired(kill_probability)
    battery = _battery(
        everyone * each, max(everyone, 1), Doctrine(salvo_size=max(each, 1), max_salvos=1)
    )
    shot = Interceptor(
        name="interceptor",
        kill_probability=dict.fromkeys(["threat", "decoy"], kill),
        flight_time=_ENGAGEMENT,
        cost=positive("round_cost", round_cost, zero=True),
    )
    sensor = Sensor(decoy_recognition=chance("decoy_recognition", decoy_recognition))
    price, decoy_price = (
        positive(name, cost, zero=True)
        for name, cost in (("threat_cost", threat_cost), ("decoy_cost", decoy_cost))
    )
    return Scenario(
        name="exact model: raid costs",
        threats=[
            Threat(name="threat", speed=_SPEED, cost=price),
            Threat(name="decoy", speed=_SPEED, cost=decoy_price, decoy=True),
        ],
        interceptors=[shot],
        salvos=[
            _raid(number),
            Salvo(name="decoys", threat="decoy", count=feigned, arrival=_AT_ONCE),
        ],
        layers=[_defence(battery, _ENGAGEMENT, sensor)],
    )


def _simultaneous_raid(
    threats: int, channels: int, rounds: int, cycle: float, window: float
) -> Scenario:
    number, stock = whole("threats", threats), whole("rounds", rounds)
    servers = whole("channels", channels, least=1)
    spell, last = cycle_and_window(cycle, window)
    battery = _battery(stock, servers, Doctrine(max_salvos=1), spell)
    return _scenario(
        "simultaneous raid", [_raid(number)], [_interceptor(1.0, 0.0)], _defence(battery, last)
    )


# ---------------------------------------------------------------- streams


def _erlang_b(load: float, channels: int, threats: int = 10_000) -> Scenario:
    return _stream("Erlang's loss system", positive("load", load), 1.0, channels, 0.0, threats)


def _abandonment(
    arrival_rate: float,
    service_rate: float,
    channels: int,
    patience: float,
    threats: int = 10_000,
) -> Scenario:
    if is_frozen(patience):
        text = "must be one number, as the threats of a class have windows of one length"
        raise ValueError(f"patience: {text}; got a distribution")
    rate, service = positive("arrival_rate", arrival_rate), positive("service_rate", service_rate)
    longest = positive("patience", patience, zero=True, most=LONGEST)
    if service * _SHORTEST > 1.0:
        text = "must be at most 1000, which is a mean engagement of 1 ms"
        raise ValueError(f"service_rate: {text}; got {service_rate!r}")
    if 0.0 < longest < _SHORTEST:
        raise ValueError(f"patience: must be 0, or at least 1 ms; got {patience!r}")
    return _stream("abandonment", rate, 1.0 / service, channels, longest, threats)


def _stream(
    name: str, rate: float, engagement: float, channels: int, patience: float, threats: int
) -> Scenario:
    """Poisson arrivals; rounds are endless, and kill surely and at once."""
    law = Distribution(dist="expon", parameters={"scale": engagement})
    servers = whole("channels", channels, least=1)
    battery = _battery(float("inf"), servers, Doctrine(order="arrival"), law)
    stream = _raid(whole("threats", threats), Poisson(start=0.0, rate=rate))
    return _scenario(name, [stream], [_interceptor(1.0, 0.0)], _defence(battery, patience))


_BUILDERS: dict[str, Callable[..., Scenario]] = {
    "leakers": _leakers,
    "raid_annihilation": _leakers,
    "shoot_look_shoot": _shoot_look_shoot,
    "finite_magazine": _finite_magazine,
    "layered_inventories": _layered_inventories,
    "layered_rounds_left": _layered_rounds_left,
    "uniform_allocation": _uniform_allocation,
    "raid_costs": _raid_costs,
    "simultaneous_raid": _simultaneous_raid,
    "erlang_b": _erlang_b,
    "abandonment": _abandonment,
}
