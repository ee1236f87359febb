"""Scenarios that reproduce the exact models.

All are notional, without positions, and in one scale: each layer is a ring around the origin, to
which all threats fly at 1 m/s, so that the depth of a layer in metres is its window in seconds. An
engagement takes 1 s unless the model sets another time.
"""

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from leakthrough.exact.arguments import LONGEST, chance, positive
from leakthrough.exact.deployment import prim_read
from leakthrough.exact.magazines import Inventory, checked_layers
from leakthrough.exact.saturation import cycle_and_window
from leakthrough.exact.terminal import terminal_defence
from leakthrough.model.arguments import flag, refused, whole
from leakthrough.model.arrivals import Arrival, At, Poisson, Regular
from leakthrough.model.defence import (
    MOST_IN_A_SALVO,
    Battery,
    Doctrine,
    Interceptor,
    Layer,
    Sensor,
)
from leakthrough.model.distributions import Distribution, is_frozen
from leakthrough.model.errors import nearest, shown
from leakthrough.model.magazines import Magazine
from leakthrough.model.paths import changed
from leakthrough.model.places import ORIGIN, Asset
from leakthrough.model.scenario import Salvo, Scenario, Threat

_SPEED = 1.0
_ENGAGEMENT = 1.0
_AT_ONCE = At(time=0.0)
_SHORTEST = 1e-3
"""Seconds. Rounding to whole microseconds would bias shorter times."""
_MOST_CLASSES = 1_000
"""Threats of a plan by order of arrival, each of which is a class."""


def as_scenario(model: Callable[..., Any] | str, **arguments: Any) -> Scenario:
    """Build the scenario with which the simulator reproduces an exact model.

    ``.replace(path, value)`` then relaxes one assumption at a time.

    Parameters
    ----------
    model : function of `leakthrough.exact`, or its name
        One of the models below.
    **arguments
        Arguments of the model, as numbers. `erlang_b` and `abandonment` also take `threats`, the
        number of threats of the stream (default 10,000), and `prim_read` the number that attack, at
        most 1,000 (default: those of the plan).

    Returns
    -------
    Scenario
        One threat class `threat` in a salvo `raid`, and one `battery` with an `interceptor` in a
        layer `defence`. Exceptions: `layered_inventories` numbers layers, batteries and
        interceptors, with `layer 1` outermost; `uniform_allocation` has a class and salvo
        `favoured` for the threats that get one more round; `raid_costs` adds decoys. In `prim_read`
        and `terminal_defence` all threats aim at an `asset` of value 1; those of `prim_read` are
        classes and salvos by order of arrival: `threat 1`, `threat 2` and so on.

    Raises
    ------
    ValueError
        If the simulator cannot express the model, an argument is missing or unknown, or the model
        or the simulator does not allow its value. The simulator needs at least one channel and at
        most 1,000 rounds in an engagement, and fires no round that cannot kill. In a stream, the
        mean time of an engagement must be at least 1 ms, and the patience 0 or at least 1 ms.
        `prim_read` must be with `integer`, and `terminal_defence` with at most one look: the
        simulator fires whole rounds, and its salvos do not depend on how many threats are alive.

    Notes
    -----
    ====================================== =====================================================
    model                                  scenario
    ====================================== =====================================================
    `leakers`, `raid_annihilation`         simultaneous arrival; one channel and one engagement
                                           of `rounds_each` rounds per threat; tracking is the
                                           detection, or with `common_mode` the availability
    `shoot_look_shoot`                     one threat, and time for `looks` engagements
    `finite_magazine`                      one threat after another, `looks` engagements each
    `layered_inventories`,                 one threat after another through layers of one
    `layered_rounds_left`                  channel; without rounds that fill no salvo
    `uniform_allocation`                   simultaneous arrival; engagements of k + 1 rounds for the
                                           favoured threats, and of k for the others
    `raid_costs`                           the raid of `leakers`, and a salvo of `decoys`
    `prim_read`                            one threat after another, each a class of its own with
                                           the plan's rounds for it as its `salvo_size`
    `terminal_defence`                     `uniform_allocation` of the rounds that the plan fires
    `simultaneous_raid`                    simultaneous arrival; an engagement kills immediately
                                           with certainty, and holds its channel for the cycle
    `erlang_b`                             Poisson stream, window of length 0; an engagement
                                           holds its channel for an exponential time, mean 1 s
    `abandonment`                          Poisson stream, window as long as the patience (a
                                           number); mean engagement 1 / `service_rate`
    ====================================== =====================================================

    **A stream starts with all channels free**, but the formulas hold for the stationary state. So
    the expected number of leakers is too low, by between 0 and load + rate · patience, for any
    length of the stream, and the leak rate by at most that over `threats`. (Couple the stream with
    one that starts in the stationary state: its excess of threats engaged or waiting never grows,
    and each excess leaker reduces it by one.) For an estimate without that bias, as in
    `tests/verification`, divide the leakers between two times of a `timeline` by the expected
    arrivals between them. The first time is about twenty mean engagements and two patiences after
    the start, the second before the stream can have ended.

    Examples
    --------
    >>> scenario = as_scenario(leakers, threats=10, kill_probability=0.8)
    >>> fewer = scenario.replace("layers.defence.batteries.battery.magazines.interceptor.rounds", 8)
    """
    name = model if isinstance(model, str) else getattr(model, "__name__", "")
    ours = isinstance(model, str) or str(getattr(model, "__module__", "")).startswith(__package__)
    if not ours or name not in _BUILDERS:
        text = f"must be one of {', '.join(_BUILDERS)}; got {shown(name or model)}"
        raise ValueError(f"model: {text}{nearest(name, _BUILDERS)}")
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


def _interceptor(kill: float, threats: Iterable[str] = ("threat",), **fields: Any) -> Interceptor:
    given = {"name": "interceptor", "flight_time": _ENGAGEMENT, **fields}
    return Interceptor(kill_probability=dict.fromkeys(threats, kill), **given)


def _defence(battery: Battery, window: float, **fields: Any) -> Layer:
    return Layer(name="defence", outer_range=_SPEED * window, batteries=[battery], **fields)


def _battery(rounds: float, channels: int, doctrine: Doctrine, **fields: Any) -> Battery:
    magazines = [Magazine(interceptor="interceptor", rounds=rounds)]
    fields |= {"channels": channels, "magazines": magazines, "doctrine": doctrine}
    return Battery(name="battery", **fields)


def _lethal(value: object, name: str = "kill_probability") -> float:
    """Kill probability above 0, for models whose result includes the rounds spent."""
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
    seen, common = chance("tracking", tracking), flag("common_mode", common_mode)
    sensor = Sensor(availability=seen) if common else Sensor(detection={"threat": seen})
    doctrine = Doctrine(salvo_size=max(each, 1), max_salvos=1)
    battery = _battery(number * each, max(number, 1), doctrine)
    shot = _interceptor(chance("kill_probability", kill_probability))
    defence = _defence(battery, _ENGAGEMENT, sensor=sensor)
    return _scenario("binomial raid", [_raid(number)], [shot], defence)


def _shoot_look_shoot(kill_probability: float, looks: int) -> Scenario:
    number = whole("looks", looks, most=10_000)
    battery = _battery(number, 1, Doctrine(max_salvos=max(number, 1)))
    shot, defence = _interceptor(_lethal(kill_probability)), _defence(battery, number * _ENGAGEMENT)
    return _scenario("shoot, look, shoot", [_raid(1)], [shot], defence)


def _finite_magazine(threats: int, rounds: int, kill_probability: float, looks: int) -> Scenario:
    number, stock = whole("threats", threats), whole("rounds", rounds)
    most = whole("looks", looks, most=1_000_000)
    battery = _battery(stock, 1, Doctrine(max_salvos=max(most, 1)))
    window = most * _ENGAGEMENT
    raid = _raid(number, Regular(start=0.0, interval=window))
    shot = _interceptor(_lethal(kill_probability))
    return _scenario("finite magazine", [raid], [shot], _defence(battery, window))


def _layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    number = whole("threats", threats)
    defence = checked_layers(layers, most_each=MOST_IN_A_SALVO)
    rings = [_ring(index, len(layers) - index, layer) for index, layer in enumerate(defence)]
    raid = _raid(number, Regular(start=0.0, interval=_ENGAGEMENT))
    shots, rows = [shot for shot, _ in rings], [layer for _, layer in rings]
    return _scenario("layers with inventories", [raid], shots, *rows)


def _layered_rounds_left(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    scenario = _layered_inventories(threats, layers)
    for index, (_, _, kill) in enumerate(layers):
        _lethal(kill, f"layers[{index}] kill_probability")
    return scenario


def _ring(index: int, outer: int, inventory: Inventory) -> tuple[Interceptor, Layer]:
    """Interceptor and layer; its ranges are `outer` and `outer` - 1 engagement times."""
    shot = _interceptor(inventory.kill, name=f"interceptor {index + 1}")
    each = inventory.rounds_each
    battery = Battery(
        name=f"battery {index + 1}",
        magazines=[Magazine(interceptor=shot.name, rounds=inventory.shots * each)],
        doctrine=Doctrine(salvo_size=each, max_salvos=1),
    )
    layer = Layer(
        name=f"layer {index + 1}",
        outer_range=_SPEED * _ENGAGEMENT * outer,
        inner_range=_SPEED * _ENGAGEMENT * (outer - 1),
        batteries=[battery],
    )
    return shot, layer


def _uniform_allocation(threats: int, rounds: int, kill_probability: float) -> Scenario:
    number, stock = whole("threats", threats, most=1_000_000), whole("rounds", rounds)
    each, more = divmod(stock, max(number, 1))
    if each >= MOST_IN_A_SALVO:
        text = f"must be less than {MOST_IN_A_SALVO} for each threat"
        raise ValueError(f"rounds: {text}; got {rounds!r} for {threats!r}")
    kill = chance("kill_probability", kill_probability)
    # If `each` is 0, the favoured threats come first and use all rounds.
    sizes = {"favoured": each + 1, "threat": max(each, 1)}
    battery = _battery(stock, max(number, 1), Doctrine(salvo_size=sizes, max_salvos=1))
    favoured = Salvo(name="favoured", threat="favoured", count=more, arrival=_AT_ONCE)
    salvos, shot = [favoured, _raid(number - more)], _interceptor(kill, sizes)
    return _scenario("uniform allocation", salvos, [shot], _defence(battery, _ENGAGEMENT))


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
    number, decoy_count = whole("threats", threats), whole("decoys", decoys)
    each = whole("rounds_each", rounds_each, most=MOST_IN_A_SALVO)
    total, kill = number + decoy_count, _lethal(kill_probability)
    doctrine = Doctrine(salvo_size=max(each, 1), max_salvos=1)
    battery = _battery(total * each, max(total, 1), doctrine)
    round_price = positive("round_cost", round_cost, zero=True)
    sensor = Sensor(decoy_recognition=chance("decoy_recognition", decoy_recognition))
    price = positive("threat_cost", threat_cost, zero=True)
    decoy_price = positive("decoy_cost", decoy_cost, zero=True)
    false = Salvo(name="decoys", threat="decoy", count=decoy_count, arrival=_AT_ONCE)
    return Scenario(
        name="exact model: raid costs",
        threats=[
            Threat(name="threat", speed=_SPEED, cost=price),
            Threat(name="decoy", speed=_SPEED, cost=decoy_price, decoy=True),
        ],
        interceptors=[_interceptor(kill, ("threat", "decoy"), cost=round_price)],
        salvos=[_raid(number), false],
        layers=[_defence(battery, _ENGAGEMENT, sensor=sensor)],
    )


def _prim_read(
    kill_probability: float,
    slope: float,
    lethality: float = 1.0,
    integer: bool = False,
    threats: int | None = None,
) -> Scenario:
    if not flag("integer", integer):
        raise refused("integer", "True, as the simulator fires whole rounds", integer)
    plan = prim_read(kill_probability, slope, lethality, integer=True).rounds.values.tolist()
    number = whole("threats", len(plan) if threats is None else threats, most=_MOST_CLASSES)
    plan = [*plan, *([0] * number)][:number]  # later threats are not fired at
    if plan and max(plan) > MOST_IN_A_SALVO:
        text = f"must need at most {MOST_IN_A_SALVO} rounds for a threat; got {max(plan)} with"
        raise ValueError(f"kill_probability: {text} {kill_probability!r}")
    names = [f"threat {order}" for order in range(1, number + 1)]
    salvos = [
        Salvo(name=name, threat=name, count=1, arrival=At(time=order * _ENGAGEMENT))
        for order, name in enumerate(names)
    ]
    sizes = {name: rounds for name, rounds in zip(names, plan, strict=True) if rounds}
    battery = _battery(sum(plan), 1, Doctrine(salvo_size=sizes, max_salvos=1))
    shot = _interceptor(chance("kill_probability", kill_probability), sizes)
    scenario = _scenario("Prim-Read", salvos, [shot], _defence(battery, _ENGAGEMENT))
    return _aimed(scenario, lethality)


def _terminal_defence(
    threats: int, rounds: int, kill_probability: float, looks: int, lethality: float = 1.0
) -> Scenario:
    if whole("looks", looks) > 1:
        text = "0 or 1, as the simulator's salvos do not depend on how many threats are alive"
        raise refused("looks", text, looks)
    plan = terminal_defence(threats, rounds, kill_probability, looks, lethality)
    fired = int(plan.rounds_fired[-1, -1, -1])
    return _aimed(_uniform_allocation(threats, fired, kill_probability), lethality)


def _aimed(scenario: Scenario, lethality: float) -> Scenario:
    """The scenario with one asset, at which all salvos aim."""
    target = Asset(name="asset", position=ORIGIN)
    aims = {f"salvos.{salvo.name}.target": target.name for salvo in scenario.salvos}
    share = chance("lethality", lethality)
    deadly = {f"threats.{threat.name}.lethality": share for threat in scenario.threats}
    return changed(scenario, {"assets": [target], **aims, **deadly})


def _simultaneous_raid(
    threats: int, channels: int, rounds: int, cycle: float, window: float
) -> Scenario:
    number, stock = whole("threats", threats), whole("rounds", rounds)
    servers = whole("channels", channels, least=1)
    period, last = cycle_and_window(cycle, window)
    battery = _battery(stock, servers, Doctrine(max_salvos=1), assessment_time=period)
    shot = _interceptor(1.0, flight_time=0.0)
    return _scenario("simultaneous raid", [_raid(number)], [shot], _defence(battery, last))


# ---------------------------------------------------------------- streams


def _erlang_b(load: float, channels: int, threats: int = 10_000) -> Scenario:
    return _stream("Erlang's loss system", positive("load", load), 1.0, channels, 0.0, threats)


def _abandonment(
    arrival_rate: float, service_rate: float, channels: int, patience: float, threats: int = 10_000
) -> Scenario:
    if is_frozen(patience):
        text = "must be one number, as all threats of a class have windows of the same length"
        raise ValueError(f"patience: {text}; got a distribution")
    rate, service = positive("arrival_rate", arrival_rate), positive("service_rate", service_rate)
    longest = positive("patience", patience, zero=True, most=LONGEST)
    if service * _SHORTEST > 1.0:
        text = "must be at most 1000, a mean engagement of 1 ms"
        raise ValueError(f"service_rate: {text}; got {service_rate!r}")
    if 0.0 < longest < _SHORTEST:
        raise ValueError(f"patience: must be 0, or at least 1 ms; got {patience!r}")
    return _stream("abandonment", rate, 1.0 / service, channels, longest, threats)


def _stream(
    name: str, rate: float, engagement: float, channels: int, patience: float, threats: int
) -> Scenario:
    """Poisson arrivals; unlimited rounds, which kill immediately with certainty."""
    service = Distribution(dist="expon", parameters={"scale": engagement})
    servers = whole("channels", channels, least=1)
    battery = _battery(float("inf"), servers, Doctrine(order="arrival"), assessment_time=service)
    stream = _raid(whole("threats", threats), Poisson(start=0.0, rate=rate))
    shot = _interceptor(1.0, flight_time=0.0)
    return _scenario(name, [stream], [shot], _defence(battery, patience))


_BUILDERS: dict[str, Callable[..., Scenario]] = {
    "leakers": _leakers,
    "raid_annihilation": _leakers,
    "shoot_look_shoot": _shoot_look_shoot,
    "finite_magazine": _finite_magazine,
    "layered_inventories": _layered_inventories,
    "layered_rounds_left": _layered_rounds_left,
    "uniform_allocation": _uniform_allocation,
    "raid_costs": _raid_costs,
    "prim_read": _prim_read,
    "terminal_defence": _terminal_defence,
    "simultaneous_raid": _simultaneous_raid,
    "erlang_b": _erlang_b,
    "abandonment": _abandonment,
}
