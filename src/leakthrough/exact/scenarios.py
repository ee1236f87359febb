"""Scenarios that reproduce the exact models.

All are notional, without positions, and in one scale: each layer is a ring around the origin, to
which all threats fly at 1 m/s, so that the depth of a layer in metres is its window in seconds. An
engagement takes 1 s unless the model sets another time.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from leakthrough.exact.arguments import LONGEST, chance, positive
from leakthrough.exact.deployment import prim_read
from leakthrough.exact.magazines import Inventory, checked_layers
from leakthrough.exact.saturation import cycle_and_window
from leakthrough.exact.scenario_parts import (
    AT_ONCE,
    ENGAGEMENT,
    SPEED,
    lethal_chance,
    make_battery,
    make_defence,
    make_interceptor,
    make_raid,
    make_scenario,
)
from leakthrough.exact.terminal import terminal_defence
from leakthrough.model.arguments import flag, refused, whole
from leakthrough.model.arrivals import At, Poisson, Regular
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

_SHORTEST = 1e-3
"""Seconds. Rounding to whole microseconds would bias shorter times."""
_LONGEST_STAGE = 24.0
"""Means. The simulator draws no exponential time that is longer."""
_MISS = 1e-9
"""Kill probability of rounds that do not hit; the simulator fires none of probability 0."""
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
        Arguments of the model, as numbers. `erlang_b`, `abandonment` and `tracks_and_channels` also
        take `threats`, the number of threats of the stream (default 10,000), `common_luck` that of
        the raid (default 1), and `prim_read` the number that attack, at most 1,000 (default: those
        of the plan).

    Returns
    -------
    Scenario
        One threat class `threat` in a salvo `raid`, and one `battery` with an `interceptor` in a
        layer `defence`. Exceptions: `layered_inventories` and `common_luck` number layers,
        batteries and interceptors, with `layer 1` outermost; `tracks_and_channels` has another
        layer `last`, which makes waiting useless; `uniform_allocation` has a class and salvo
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
    `tracks_and_channels`                  Poisson stream, exponential reaction and assessment;
                                           what is not engaged at once is engaged by `last`
    `common_luck`                          one threat after another; one round in each layer
    `destroyed_by`                         the `hits` are threats that nothing stops
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
    battery = make_battery(number * each, max(number, 1), doctrine)
    shot = make_interceptor(chance("kill_probability", kill_probability))
    defence = make_defence(battery, ENGAGEMENT, sensor=sensor)
    return make_scenario("binomial raid", [make_raid(number)], [shot], defence)


def _shoot_look_shoot(kill_probability: float, looks: int) -> Scenario:
    number = whole("looks", looks, most=10_000)
    battery = make_battery(number, 1, Doctrine(max_salvos=max(number, 1)))
    shot = make_interceptor(lethal_chance(kill_probability))
    defence = make_defence(battery, number * ENGAGEMENT)
    return make_scenario("shoot, look, shoot", [make_raid(1)], [shot], defence)


def _finite_magazine(threats: int, rounds: int, kill_probability: float, looks: int) -> Scenario:
    number, stock = whole("threats", threats), whole("rounds", rounds)
    most = whole("looks", looks, most=1_000_000)
    battery = make_battery(stock, 1, Doctrine(max_salvos=max(most, 1)))
    window = most * ENGAGEMENT
    raid = make_raid(number, Regular(start=0.0, interval=window))
    shot = make_interceptor(lethal_chance(kill_probability))
    return make_scenario("finite magazine", [raid], [shot], make_defence(battery, window))


def _layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    number = whole("threats", threats)
    defence = checked_layers(layers, most_each=MOST_IN_A_SALVO)
    rings = [_ring(index, len(layers) - index, layer) for index, layer in enumerate(defence)]
    raid = make_raid(number, Regular(start=0.0, interval=ENGAGEMENT))
    shots, rows = [shot for shot, _ in rings], [layer for _, layer in rings]
    return make_scenario("layers with inventories", [raid], shots, *rows)


def _layered_rounds_left(threats: int, layers: Sequence[tuple[int, int, float]]) -> Scenario:
    scenario = _layered_inventories(threats, layers)
    for index, (_, _, kill) in enumerate(layers):
        lethal_chance(kill, f"layers[{index}] kill_probability")
    return scenario


def _ring(index: int, outer: int, inventory: Inventory) -> tuple[Interceptor, Layer]:
    """Interceptor and layer; its ranges are `outer` and `outer` - 1 engagement times."""
    shot = make_interceptor(inventory.kill, name=f"interceptor {index + 1}")
    each = inventory.rounds_each
    battery = Battery(
        name=f"battery {index + 1}",
        magazines=[Magazine(interceptor=shot.name, rounds=inventory.shots * each)],
        doctrine=Doctrine(salvo_size=each, max_salvos=1),
    )
    layer = Layer(
        name=f"layer {index + 1}",
        outer_range=SPEED * ENGAGEMENT * outer,
        inner_range=SPEED * ENGAGEMENT * (outer - 1),
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
    battery = make_battery(stock, max(number, 1), Doctrine(salvo_size=sizes, max_salvos=1))
    favoured = Salvo(name="favoured", threat="favoured", count=more, arrival=AT_ONCE)
    salvos, shot = [favoured, make_raid(number - more)], make_interceptor(kill, sizes)
    return make_scenario("uniform allocation", salvos, [shot], make_defence(battery, ENGAGEMENT))


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
    total, kill = number + decoy_count, lethal_chance(kill_probability)
    doctrine = Doctrine(salvo_size=max(each, 1), max_salvos=1)
    battery = make_battery(total * each, max(total, 1), doctrine)
    round_price = positive("round_cost", round_cost, zero=True)
    sensor = Sensor(decoy_recognition=chance("decoy_recognition", decoy_recognition))
    price = positive("threat_cost", threat_cost, zero=True)
    decoy_price = positive("decoy_cost", decoy_cost, zero=True)
    false = Salvo(name="decoys", threat="decoy", count=decoy_count, arrival=AT_ONCE)
    return Scenario(
        name="exact model: raid costs",
        threats=[
            Threat(name="threat", speed=SPEED, cost=price),
            Threat(name="decoy", speed=SPEED, cost=decoy_price, decoy=True),
        ],
        interceptors=[make_interceptor(kill, ("threat", "decoy"), cost=round_price)],
        salvos=[make_raid(number), false],
        layers=[make_defence(battery, ENGAGEMENT, sensor=sensor)],
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
        Salvo(name=name, threat=name, count=1, arrival=At(time=order * ENGAGEMENT))
        for order, name in enumerate(names)
    ]
    sizes = {name: rounds for name, rounds in zip(names, plan, strict=True) if rounds}
    battery = make_battery(sum(plan), 1, Doctrine(salvo_size=sizes, max_salvos=1))
    shot = make_interceptor(chance("kill_probability", kill_probability), sizes)
    scenario = make_scenario("Prim-Read", salvos, [shot], make_defence(battery, ENGAGEMENT))
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
    battery = make_battery(stock, servers, Doctrine(max_salvos=1), assessment_time=period)
    shot = make_interceptor(1.0, flight_time=0.0)
    return make_scenario(
        "simultaneous raid", [make_raid(number)], [shot], make_defence(battery, last)
    )


def _common_luck(kill_probabilities: Sequence[float], common: float, threats: int = 1) -> Scenario:
    rounds = whole("threats", threats, least=1)
    scenario = _layered_inventories(rounds, [(rounds, 1, kill) for kill in kill_probabilities])
    return changed(scenario, {"threats.threat.common_kill": chance("common", common)})


def _destroyed_by(hits: int, lethality: float, staying_power: int = 1) -> Scenario:
    number = whole("hits", hits, least=1)
    battery = make_battery(0, 1, Doctrine(), staying_power=whole("staying_power", staying_power))
    raid = make_raid(number, Regular(start=0.0, interval=ENGAGEMENT))
    layer = make_defence(battery, ENGAGEMENT)
    scenario = make_scenario("staying power", [raid], [make_interceptor(1.0)], layer)
    deadly = {"threats.threat.lethality": chance("lethality", lethality)}
    return changed(scenario, {"salvos.raid.target": battery.name, **deadly})


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


def _tracks_and_channels(
    arrival_rate: float,
    launch_rate: float,
    assessment_rate: float,
    channels: int,
    tracks: int,
    threats: int = 10_000,
) -> Scenario:
    """What is not engaged at once is engaged by rounds that do not hit, and then by nothing."""
    rate, most = positive("arrival_rate", arrival_rate), 1.0 / _SHORTEST
    rates = {"launch_rate": launch_rate, "assessment_rate": assessment_rate}
    means = [1.0 / positive(name, own, most=most) for name, own in rates.items()]
    reaction, assessment = (Distribution(dist="expon", parameters={"scale": own}) for own in means)
    battery = make_battery(
        *(float("inf"), whole("channels", channels, least=1), Doctrine()),
        reaction_time=reaction,
        assessment_time=assessment,
        channel_hold="launch",
    )
    window, sensor = _LONGEST_STAGE * sum(means), Sensor(tracks=whole("tracks", tracks, least=1))
    blanks = [Magazine(interceptor="blank", rounds=float("inf"))]
    last = Battery(name="last", magazines=blanks, doctrine=Doctrine(max_salvos=1))
    scenario = make_scenario(
        "tracks and channels",
        [make_raid(whole("threats", threats), Poisson(start=0.0, rate=rate))],
        [
            make_interceptor(1.0, flight_time=0.0),
            make_interceptor(_MISS, name="blank", flight_time=0.0),
        ],
        make_defence(battery, window, sensor=sensor),
        Layer(name="last", outer_range=SPEED * window, batteries=[last]),
    )
    return changed(scenario, {"threats.threat.max_engagements": 1})


def _stream(
    name: str, rate: float, engagement: float, channels: int, patience: float, threats: int
) -> Scenario:
    """Poisson arrivals; unlimited rounds, which kill immediately with certainty."""
    service = Distribution(dist="expon", parameters={"scale": engagement})
    servers = whole("channels", channels, least=1)
    battery = make_battery(
        float("inf"), servers, Doctrine(order="arrival"), assessment_time=service
    )
    stream = make_raid(whole("threats", threats), Poisson(start=0.0, rate=rate))
    shot = make_interceptor(1.0, flight_time=0.0)
    return make_scenario(name, [stream], [shot], make_defence(battery, patience))


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
    "tracks_and_channels": _tracks_and_channels,
    "common_luck": _common_luck,
    "destroyed_by": _destroyed_by,
}
