"""Lowering: the only place where the names of a scenario become numbers.

`lower` turns a scenario into `Tables`, nested NamedTuples of arrays with integer codes, and the
`Labels` that lead back from the codes to names. Layers stand outermost first, batteries in the
order of their layers; salvos and interceptors keep the scenario's order.

Letters in the shape comments: S salvos, C threat classes, L layers, B batteries, I interceptors,
K magazines (of all batteries together), N threats (of all salvos together), T sample times.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough import _kernel
from leakthrough._draws import TICKS_A_SECOND, WORD_RANGE, quantile_table, stream, threshold, ticks
from leakthrough._fields import Frozen
from leakthrough.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.distributions import Distribution
from leakthrough.scenario import Battery, Layer, Salvo, Scenario

Sizes = Mapping[str, Distribution]
AS_COUNTED: Sizes = Frozen()
NO_LIMIT = 2**30
"""Stands for `max_salvos = None`: no battery fires as often at one threat."""

# What a scenario says, kind by kind and in codes; `leakthrough._state` lays it out for the kernel.

SALVO = np.dtype(
    [
        ("count", "i8"),
        ("first", "i8"),  # code of the salvo's first threat
        ("threat", "i8"),  # threat class
        ("priority", "i8"),
        ("target_offset", "i8"),  # ticks from the edge to the target
        ("stream", "u8"),  # of the arrivals
        ("kind", "i8"),  # FIXED, POISSON, UNIFORM, DISTRIBUTION
        ("start", "f8"),  # ticks
        ("scale", "f8"),  # ticks: mean spacing, or length of the interval
        ("table", "i8"),  # quantile table of the arrival, or -1
        ("threats_stream", "u8"),
        ("threats_table", "i8"),  # quantile table of how many come, or -1: `count` do
    ]
)
LANDING = np.dtype(  # a salvo whose leakers may destroy a battery
    [
        ("salvo", "i8"),
        ("battery", "i8"),
        ("lethality", "u8"),  # threshold
        ("stream", "u8"),
    ]
)
WINDOW = np.dtype(  # what a layer is to a salvo
    [
        ("open_offset", "i8"),  # ticks from arrival at the edge
        ("close_offset", "i8"),
        ("soft_kill", "u8"),  # thresholds
        ("detection", "u8"),
        ("dismissal", "u8"),  # taken for a decoy, rightly or wrongly
        ("stream", "u8"),
        ("random", "?"),  # whether anything at the opening is drawn
    ],
    align=True,
)
LAYER = np.dtype(
    [
        ("availability", "u8"),  # threshold
        ("stream", "u8"),
    ]
)
BATTERY = np.dtype(
    [
        ("layer", "i8"),
        ("channels", "i8"),
        ("max_salvos", "i8"),
        ("order", "i8"),
        ("reaction", "i8"),  # ticks, or drawn from a quantile table where that is not -1
        ("reaction_table", "i8"),
        ("assessment", "i8"),
        ("assessment_table", "i8"),
        ("false_kill", "u8"),  # thresholds
        ("false_survival", "u8"),
        ("random_delay", "?"),  # whether reaction or flight is drawn
        ("random", "?"),  # whether anything but the kill is drawn
    ],
    align=True,
)
PAIRING = np.dtype(  # what a battery is to a salvo
    [
        ("engagement_stream", "u8"),
        ("rounds_stream", "u8"),
        ("salvo_size", "i8"),
        ("engages", "?"),  # on its axis, with something that can kill it
    ],
    align=True,
)
MAGAZINE = np.dtype(
    [
        ("battery", "i8"),
        ("interceptor", "i8"),
        ("rounds", "i8"),
        ("reserved", "i8"),
        ("reload_rounds", "i8"),
        ("reload_ticks", "i8"),
        ("reloads", "i8"),
        ("flight", "i8"),  # ticks, or drawn from a quantile table where that is not -1
        ("flight_table", "i8"),
        ("to_kill", "i8"),  # ticks from firing, where the battery draws nothing
        ("to_end", "i8"),
    ]
)
KILL = np.dtype([("threshold", "u8"), ("table", "i8"), ("stream", "u8")])

Records = Any
"""A `numpy.recarray`; its attributes are the fields of its dtype."""


class Tables(NamedTuple):
    """Everything that the kernel reads."""

    salvos: Records  # (S,)
    landings: Records  # (salvos that aim at a battery,), by battery
    windows: Records  # (S, L)
    layers: Records  # (L,), outermost first
    batteries: Records  # (B,)
    pairings: Records  # (S, B)
    magazines: Records  # (K,)
    kill: Records  # (I, C)
    urgency: npt.NDArray[np.int64]  # (B, S): salvos it engages, most urgent first, then -1
    preference: npt.NDArray[np.int64]  # (S, B, most magazines + 1): magazines, then -1
    quantiles: npt.NDArray[np.float64]  # (tables, 2, 4097)
    fixed_arrival: npt.NDArray[np.int64]  # (N,): ticks, where the arrival is not drawn
    salvo_of: npt.NDArray[np.int64]  # (N,)
    timeline: npt.NDArray[np.int64]  # (T,): sample times in ticks


def records(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Records:
    """Zeroed records."""
    return np.zeros(shape, dtype).view(np.recarray)


class Labels(NamedTuple):
    """Names behind the codes."""

    salvos: tuple[str, ...]
    threats: tuple[str, ...]  # of each salvo
    decoys: tuple[bool, ...]  # of each salvo
    threat_costs: tuple[float, ...]  # of each salvo
    layers: tuple[str, ...]
    batteries: tuple[str, ...]
    layer_of: tuple[str, ...]  # of each battery
    interceptors: tuple[str, ...]
    round_costs: tuple[float, ...]  # of each interceptor


class _Quantiles:
    """Collects the quantile tables of a scenario; a number needs none."""

    def __init__(self) -> None:
        self.tables: list[npt.NDArray[np.float64]] = []
        self.codes: dict[tuple[Distribution, int], int] = {}

    def code(self, distribution: Distribution, scale: int) -> int:
        key = (distribution, scale)
        if key not in self.codes:
            self.codes[key] = len(self.tables)
            self.tables.append(quantile_table(distribution, scale))
        return self.codes[key]

    def time(self, value: float | Distribution) -> tuple[int, int]:
        """Constant ticks and table code of an uncertain time; the code of a number is -1."""
        if isinstance(value, Distribution):
            return 0, self.code(value, TICKS_A_SECOND)
        return ticks(value), -1

    def probability(self, value: float | Distribution) -> tuple[int, int]:
        """Constant threshold and table code of an uncertain probability."""
        if isinstance(value, Distribution):
            return 0, self.code(value, WORD_RANGE)
        return threshold(value), -1

    def stacked(self) -> npt.NDArray[np.float64]:
        nodes = _kernel.OCTAVES * _kernel.STEPS + 1
        return np.array(self.tables, dtype=np.float64).reshape(-1, 2, nodes)


class _Unit(NamedTuple):
    """One battery after expansion of its count."""

    name: str
    member: int
    layer: int
    battery: Battery


def largest(count: Distribution) -> int:
    """The largest whole number that is drawn from a distribution: it is cut there."""
    return max(math.floor(float(quantile_table(count, 1)[1, 0]) + 0.5), 0)


def outermost_first(scenario: Scenario) -> list[Layer]:
    """Layers by falling outer range; equal ones in the scenario's order."""
    return sorted(scenario.layers, key=lambda layer: -layer.outer_range)


def units_of(layers: Sequence[Layer]) -> list[_Unit]:
    return [
        _Unit(name, member, code, battery)
        for code, layer in enumerate(layers)
        for battery in layer.batteries
        for member, name in enumerate(battery.names)
    ]


def fixed_ticks(arrival: At | Times | Regular, count: int) -> list[int]:
    """Arrival ticks that need no draw, in order."""
    if isinstance(arrival, At):
        return [ticks(arrival.time)] * count
    if isinstance(arrival, Times):
        return sorted(ticks(time) for time in arrival.times)
    return [ticks(arrival.start + n * arrival.interval) for n in range(count)]


def _lower_arrival(arrival: Any, quantiles: _Quantiles) -> tuple[int, float, float, int]:
    """Kind, start, scale and quantile table of an arrival."""
    unit = TICKS_A_SECOND
    if isinstance(arrival, Poisson):
        return _kernel.POISSON, arrival.start * unit, unit / arrival.rate, -1
    if isinstance(arrival, Uniform):
        return _kernel.UNIFORM, arrival.start * unit, (arrival.stop - arrival.start) * unit, -1
    if isinstance(arrival, Distribution):
        return _kernel.DISTRIBUTION, 0.0, 0.0, quantiles.code(arrival, unit)
    return _kernel.FIXED, 0.0, 0.0, -1


def _lower_salvos(scenario: Scenario, edge: float, sizes: Sizes, quantiles: _Quantiles) -> Records:
    codes = {threat.name: code for code, threat in enumerate(scenario.threats)}
    salvos, first = records(len(scenario.salvos), SALVO), 0
    for s, salvo in enumerate(scenario.salvos):
        threat = scenario.threats[codes[salvo.threat]]
        size = sizes.get(salvo.name)
        count = salvo.count if size is None else largest(size)
        salvos[s] = (
            count,
            first,
            codes[salvo.threat],
            threat.priority,
            ticks(edge / threat.speed),
            stream("arrival", salvo.name),
            *_lower_arrival(salvo.arrival, quantiles),
            stream("size", salvo.name),
            -1 if size is None else quantiles.code(size, 1),
        )
        first += count
    return salvos


def _lower_fixed_arrivals(scenario: Scenario, salvos: Records) -> npt.NDArray[np.int64]:
    fixed = np.zeros(int(salvos["count"].sum()), dtype=np.int64)
    for salvo, record in zip(scenario.salvos, salvos, strict=True):
        if record.kind == _kernel.FIXED:
            times = fixed_ticks(salvo.arrival, int(record["count"]))  # type: ignore[arg-type]
            fixed[record.first : record.first + record["count"]] = times
    return fixed


def _lower_landings(scenario: Scenario, units: Sequence[_Unit]) -> Records:
    """Landings that can destroy a battery; decoys cannot."""
    threats = {threat.name: threat for threat in scenario.threats}
    batteries = {unit.name: b for b, unit in enumerate(units)}
    aimed = [
        (s, batteries[salvo.target], threshold(threat.lethality), stream("loss", salvo.name))
        for s, salvo in enumerate(scenario.salvos)
        if salvo.target is not None and not (threat := threats[salvo.threat]).decoy
    ]
    landings = records(len(aimed), LANDING)
    for n, record in enumerate(sorted(aimed, key=lambda landing: landing[1])):
        landings[n] = record
    return landings


def _lower_windows(scenario: Scenario, layers: Sequence[Layer], edge: float) -> Records:
    threats = {threat.name: threat for threat in scenario.threats}
    windows = records((len(scenario.salvos), len(layers)), WINDOW)
    for s, salvo in enumerate(scenario.salvos):
        threat = threats[salvo.threat]
        for n, layer in enumerate(layers):
            sensor = layer.sensor
            soft_kill = layer.soft_kill.get(threat.name, 0.0)
            detection = sensor.detection.get(threat.name, 1.0)
            dismissal = sensor.decoy_recognition if threat.decoy else sensor.false_dismissal
            windows[s, n] = (
                opening := ticks((edge - layer.outer_range) / threat.speed),
                # Rounding must not make the window shorter than an engagement that fills it.
                opening + ticks((layer.outer_range - layer.inner_range) / threat.speed),
                threshold(soft_kill),
                threshold(detection),
                threshold(dismissal),
                stream("window", salvo.name, layer.name),
                soft_kill > 0 or detection < 1 or dismissal > 0,
            )
    return windows


def _lower_layers(layers: Sequence[Layer]) -> Records:
    table = records(len(layers), LAYER)
    for n, layer in enumerate(layers):
        table[n] = (
            threshold(layer.sensor.availability),
            stream("availability", layer.name),
        )
    return table


def _lower_magazines(scenario: Scenario, units: Sequence[_Unit], quantiles: _Quantiles) -> Records:
    codes = {interceptor.name: code for code, interceptor in enumerate(scenario.interceptors)}
    owned = [(b, magazine) for b, unit in enumerate(units) for magazine in unit.battery.magazines]
    magazines = records(len(owned), MAGAZINE)
    for k, (b, magazine) in enumerate(owned):
        interceptor = scenario.interceptors[codes[magazine.interceptor]]
        magazines[k] = (
            b,
            codes[interceptor.name],
            _kernel.INFINITE if magazine.rounds == math.inf else magazine.rounds,
            magazine.reserved,
            magazine.reload_rounds,
            ticks(magazine.reload_time),
            magazine.reloads,
            *(flight := quantiles.time(interceptor.flight_time)),
            to_kill := quantiles.time(units[b].battery.reaction_time)[0] + flight[0],
            to_kill + quantiles.time(units[b].battery.assessment_time)[0],
        )
    return magazines


def _lower_batteries(units: Sequence[_Unit], magazines: Records, quantiles: _Quantiles) -> Records:
    batteries = records(len(units), BATTERY)
    for b, unit in enumerate(units):
        battery = unit.battery
        reaction = quantiles.time(battery.reaction_time)
        assessment = quantiles.time(battery.assessment_time)
        flight_drawn = (magazines.flight_table[magazines.battery == b] >= 0).any()
        delay_drawn = reaction[1] >= 0 or flight_drawn
        misjudges = battery.false_kill > 0 or battery.false_survival > 0
        limit, order = battery.doctrine.max_salvos, battery.doctrine.order
        batteries[b] = (
            unit.layer,
            battery.channels,
            NO_LIMIT if limit is None else limit,
            _kernel.BY_ARRIVAL if order == "arrival" else _kernel.BY_DEADLINE,
            *reaction,
            *assessment,
            threshold(battery.false_kill),
            threshold(battery.false_survival),
            delay_drawn,
            delay_drawn or assessment[1] >= 0 or misjudges,
        )
    return batteries


def _lower_kill(scenario: Scenario, quantiles: _Quantiles) -> Records:
    kill = records((len(scenario.interceptors), len(scenario.threats)), KILL)
    for i, interceptor in enumerate(scenario.interceptors):
        for c, threat in enumerate(scenario.threats):
            value = interceptor.kill_probability.get(threat.name, 0.0)
            address = stream("kill probability", interceptor.name, threat.name)
            kill[i, c] = (*quantiles.probability(value), address)
    return kill


def _can_kill(scenario: Scenario) -> set[tuple[str, str]]:
    """Interceptors and threats whose kill probability is above 0 (a distribution always is)."""
    return {
        (interceptor.name, threat)
        for interceptor in scenario.interceptors
        for threat, value in interceptor.kill_probability.items()
        if isinstance(value, Distribution) or value > 0
    }


def _lower_preference(scenario: Scenario, units: Sequence[_Unit]) -> npt.NDArray[np.int64]:
    """Magazines that a battery tries on a salvo, in order; none if it is not on its axis."""
    killers = _can_kill(scenario)
    most = max((len(unit.battery.magazines) for unit in units), default=0)
    preference = np.full((len(scenario.salvos), len(units), most + 1), -1, dtype=np.int64)
    first = 0
    for b, unit in enumerate(units):
        battery = unit.battery
        place = {magazine.interceptor: first + n for n, magazine in enumerate(battery.magazines)}
        for s, salvo in enumerate(scenario.salvos):
            if battery.axes and salvo.axis not in battery.axes:
                continue
            names = battery.doctrine.preference.get(salvo.threat, tuple(place))
            tried = [place[name] for name in names if (name, salvo.threat) in killers]
            preference[s, b, : len(tried)] = tried
        first += len(place)
    return preference


def _lower_pairings(
    scenario: Scenario, units: Sequence[_Unit], preference: npt.NDArray[np.int64]
) -> Records:
    pairings = records((len(scenario.salvos), len(units)), PAIRING)
    for s, salvo in enumerate(scenario.salvos):
        for b, unit in enumerate(units):
            size = unit.battery.doctrine.salvo_size
            place = (salvo.name, unit.battery.name, unit.member)
            pairings[s, b] = (
                stream("engagement", *place),
                stream("rounds", *place),
                size if isinstance(size, int) else size.get(salvo.threat, 1),
                preference[s, b, 0] >= 0,
            )
    return pairings


def _lower_urgency(pairings: Records, salvos: Records) -> npt.NDArray[np.int64]:
    urgency = np.full(pairings.shape[::-1], -1, dtype=np.int64)
    by_priority = np.argsort(-salvos.priority, kind="stable")
    for b in range(pairings.shape[1]):
        engaged = by_priority[pairings.engages[by_priority, b]]
        urgency[b, : engaged.size] = engaged
    return urgency


def lower(scenario: Scenario, timeline: Sequence[float] = (), sizes: Sizes = AS_COUNTED) -> Tables:
    """Turn a scenario into the arrays that the kernel reads.

    Parameters
    ----------
    scenario : Scenario
    timeline : sequence of float
        Sample times in seconds, in rising order.
    sizes : mapping of str to Distribution
        How many threats come, by salvo, where that is drawn and not the salvo's `count`.

    Raises
    ------
    ValueError
        If SciPy cannot compute the quantiles of a distribution.
    """
    layers = outermost_first(scenario)
    edge = max((layer.outer_range for layer in layers), default=0.0)
    units = units_of(layers)
    quantiles = _Quantiles()
    salvos = _lower_salvos(scenario, edge, sizes, quantiles)
    preference = _lower_preference(scenario, units)
    pairings = _lower_pairings(scenario, units, preference)
    magazines = _lower_magazines(scenario, units, quantiles)
    return Tables(
        salvos=salvos,
        landings=_lower_landings(scenario, units),
        windows=_lower_windows(scenario, layers, edge),
        layers=_lower_layers(layers),
        batteries=_lower_batteries(units, magazines, quantiles),
        pairings=pairings,
        magazines=magazines,
        kill=_lower_kill(scenario, quantiles),
        urgency=_lower_urgency(pairings, salvos),
        preference=preference,
        quantiles=quantiles.stacked(),
        fixed_arrival=_lower_fixed_arrivals(scenario, salvos),
        salvo_of=np.repeat(np.arange(salvos.size), salvos["count"]),
        timeline=np.array([ticks(time) for time in timeline], dtype=np.int64),
    )


def label(scenario: Scenario) -> Labels:
    """Names behind the codes of `lower(scenario)`."""
    return label_salvos(scenario, scenario.salvos)


def label_salvos(scenario: Scenario, salvos: Sequence[Salvo]) -> Labels:
    """Names of the defence of a scenario, and of some salvos."""
    layers = outermost_first(scenario)
    units = units_of(layers)
    threats = {threat.name: threat for threat in scenario.threats}
    return Labels(
        salvos=tuple(salvo.name for salvo in salvos),
        threats=tuple(salvo.threat for salvo in salvos),
        decoys=tuple(threats[salvo.threat].decoy for salvo in salvos),
        threat_costs=tuple(threats[salvo.threat].cost for salvo in salvos),
        layers=tuple(layer.name for layer in layers),
        batteries=tuple(unit.name for unit in units),
        layer_of=tuple(layers[unit.layer].name for unit in units),
        interceptors=tuple(interceptor.name for interceptor in scenario.interceptors),
        round_costs=tuple(interceptor.cost for interceptor in scenario.interceptors),
    )
