"""Lowering: the only place where the names of a scenario become numbers.

`lower` turns a scenario into `Tables`, nested NamedTuples of arrays with integer codes, and the
`Labels` that lead back from the codes to names. Layers stand outermost first, batteries in the
order of their layers; salvos and interceptors keep the scenario's order.

Letters in the shape comments: S salvos, C threat classes, L layers, B batteries, I interceptors,
K magazines (of all batteries together), N threats (of all salvos together), T sample times.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine import kernel as _kernel
from leakthrough.engine.labels import Unit
from leakthrough.engine.tables import (
    BATTERY,
    KILL,
    LANDING,
    LAYER,
    MAGAZINE,
    PAIRING,
    SALVO,
    WINDOW,
    Records,
    records,
)
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.base import Frozen
from leakthrough.model.discrete import (
    OCTAVES,
    STEPS,
    TICKS_A_SECOND,
    WORD_RANGE,
    stream,
    threshold,
    ticks,
)
from leakthrough.model.distributions import Distribution
from leakthrough.model.quantiles import largest, quantile_table
from leakthrough.model.scenario import Layer, Scenario

Sizes = Mapping[str, Distribution]
AS_COUNTED: Sizes = Frozen()
NO_LIMIT = 2**30
"""Stands for `max_salvos = None`: no battery fires as often at one threat."""


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
        nodes = OCTAVES * STEPS + 1
        return np.array(self.tables, dtype=np.float64).reshape(-1, 2, nodes)


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


def _lower_landings(scenario: Scenario, units: Sequence[Unit]) -> Records:
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


def _lower_magazines(scenario: Scenario, units: Sequence[Unit], quantiles: _Quantiles) -> Records:
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


def _lower_batteries(units: Sequence[Unit], magazines: Records, quantiles: _Quantiles) -> Records:
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


def _lower_preference(scenario: Scenario, units: Sequence[Unit]) -> npt.NDArray[np.int64]:
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
    scenario: Scenario, units: Sequence[Unit], preference: npt.NDArray[np.int64]
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
