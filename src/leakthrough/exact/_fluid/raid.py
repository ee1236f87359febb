"""What the fluid knows of a scenario: nights, cohorts of threats, and engagements unobstructed."""

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from leakthrough.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.distributions import Distribution
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid.queue import INSTANT
from leakthrough.scenario import Battery, Layer, Salvo, Scenario

NIGHTS = 16
"""Quantile nodes of uncertain kill probabilities."""
MOST_DOWN = 4
"""Layers whose availability is common to the night; others are up or down threat by threat."""
_NODES = 64
_CELLS = 240
PARTS_OF_A_BURST = 16
_MOST_LOOKS = 200
_TICK = 1e-6


@functools.lru_cache(maxsize=1024)
def _quantiles(law: Distribution, number: int) -> tuple[float, ...]:
    """Equally likely values of a distribution."""
    found = law.frozen().ppf((np.arange(number) + 0.5) / number)
    return tuple(np.clip(found, -1e9, 1e9).tolist())


def values_of(value: float | Distribution) -> Numbers:
    """A number, or the nodes of a distribution."""
    return np.array(_quantiles(value, _NODES) if isinstance(value, Distribution) else [value])


# ---------------------------------------------------------------- nights


class Nights(NamedTuple):
    """What is common to all threats of a night: equally few cases with their weights."""

    weights: Numbers  # (nights,)
    up: dict[str, Numbers]  # by layer: the share of it that is up (nights,)
    kills: dict[tuple[str, str], Numbers]  # by interceptor and threat (nights,)


def nights_of(scenario: Scenario) -> Nights:
    """Cases of the availability of layers, times cases of the kill probabilities."""
    uncertain = [
        (interceptor.name, threat)
        for interceptor in scenario.interceptors
        for threat, value in interceptor.kill_probability.items()
        if isinstance(value, Distribution)
    ]
    number = NIGHTS if uncertain else 1
    doubtful = [x.name for x in scenario.layers if 0.0 < x.sensor.availability < 1.0][:MOST_DOWN]
    cases = np.array(list(itertools.product([1.0, 0.0], repeat=len(doubtful))))
    weights, up = np.ones(len(cases)), {}
    for layer in scenario.layers:
        chance = layer.sensor.availability
        up[layer.name] = np.full(len(cases), chance)
        if layer.name in doubtful:
            up[layer.name] = cases[:, doubtful.index(layer.name)]
            weights = weights * np.where(up[layer.name] > 0.0, chance, 1.0 - chance)
        up[layer.name] = np.repeat(up[layer.name], number)
    kills = {}
    for interceptor in scenario.interceptors:
        for threat, value in interceptor.kill_probability.items():
            column = np.full(number, 0.0 if isinstance(value, Distribution) else value)
            if isinstance(value, Distribution):
                column = np.array(_quantiles(value, number))
                column = column[_order(uncertain.index((interceptor.name, threat)), number)]
            kills[interceptor.name, threat] = np.tile(column, len(cases))
    return Nights(np.repeat(weights / number, number), up, kills)


def _order(place: int, number: int) -> Any:
    """An order of the nodes, each uncertain thing with its own: the ranks of a lattice."""
    return np.argsort(np.argsort((np.arange(number) + 1) * math.sqrt(place + 0.25) * 1.7 % 1.0))


# ---------------------------------------------------------------- cohorts


class Cohorts(NamedTuple):
    """A salvo cut into cells of its time of arrival."""

    edges: Numbers  # (cells + 1,) [s]
    share: Numbers  # (cells,): of the salvo
    noise: float  # variance over mean of the number in a short time
    bound: bool  # whether the numbers in two times add up to a number that is fixed


def cohorts_of(salvo: Salvo, salvos: int) -> Cohorts:
    """Cells of equal length, or of equal share where the arrival has peaks or tails."""
    cells = min(max(_CELLS // max(salvos, 1), 8), 48)
    arrival: Any = salvo.arrival
    count = max(salvo.count, 1)
    if isinstance(arrival, At):
        return _by_quantiles(np.full(min(count, PARTS_OF_A_BURST), arrival.time), cells, 0.0)
    if isinstance(arrival, Times):
        return _by_quantiles(np.sort(np.array(arrival.times or (0.0,))), cells, 0.0)
    if isinstance(arrival, Regular):
        if arrival.interval * count < INSTANT:
            start = np.full(min(count, PARTS_OF_A_BURST), arrival.start)
            return _by_quantiles(start, cells, 0.0)
        first = arrival.start - arrival.interval / 2.0
        return _even(first, first + arrival.interval * count, cells, 0.0)
    if isinstance(arrival, Uniform):
        if arrival.stop - arrival.start < INSTANT:
            start = np.full(min(count, PARTS_OF_A_BURST), arrival.start)
            return _by_quantiles(start, cells, 0.0)
        return _even(arrival.start, arrival.stop, cells, 1.0)
    if isinstance(arrival, Poisson):
        return _poisson(arrival, count, cells)
    return _by_quantiles(np.array(_quantiles(arrival, 4 * _NODES)), cells, 1.0)


def _even(start: float, stop: float, cells: int, noise: float) -> Cohorts:
    return Cohorts(np.linspace(start, stop, cells + 1), np.full(cells, 1.0 / cells), noise, True)


def _poisson(arrival: Poisson, count: int, cells: int) -> Cohorts:
    """A stream that ends when all have come: expected min(Poisson, count) up to each time."""
    from scipy.special import pdtr, pdtrc

    late, stop = count - 4.0 * math.sqrt(count), count + 5.0 * math.sqrt(count) + 5.0
    edges = np.linspace(0.0, stop, cells + 1)
    if late > 0.5 * count:  # short cells where the stream may end
        tail = np.linspace(late, stop, cells // 4 + 1)
        edges = np.append(np.linspace(0.0, late, cells - cells // 4 + 1)[:-1], tail)
    edges = edges / arrival.rate
    mean = arrival.rate * edges
    come = mean * pdtr(max(count - 2, 0), mean) * (count > 1) + count * pdtrc(count - 1, mean)
    share = np.diff(come) / come[-1]
    return Cohorts(arrival.start + edges, share, 1.0, bound=False)


def _by_quantiles(times: Numbers, cells: int, noise: float) -> Cohorts:
    """Cells between equally likely times; a burst is cut into short parts, to be served in turn."""
    moments, number = np.unique(times, return_counts=True)
    groups = np.array_split(np.arange(len(moments)), min(len(moments), cells))
    edges, share = [float(moments[0])], []
    for group in groups:
        first, last = float(moments[group[0]]), float(moments[group[-1]])
        if first > edges[-1]:
            edges.append(first)
            share.append(0.0)
        come = int(number[group].sum())
        parts = min(come, PARTS_OF_A_BURST) if len(group) == 1 else 1
        edges += np.linspace(edges[-1], max(last, edges[-1] + INSTANT), parts + 1)[1:].tolist()
        share += [come / parts / len(times)] * parts
    return Cohorts(np.array(edges), np.array(share), noise, bound=True)


# ---------------------------------------------------------------- engagements


class Pairing(NamedTuple):
    """What one magazine does to a threat of one salvo, if nothing is in its way."""

    magazine: int  # of the layer
    group: int  # of the layer: batteries that are alike
    size: float  # rounds an engagement
    looks: Numbers  # (nights, looks): P(the threat is engaged at least so often)
    each: Numbers  # (nights,): expected engagements
    kills: Numbers  # (nights,): P(it is killed)
    cycle: float  # how long an engagement holds its channel [s]
    slack: float  # how long the first engagement can wait [s]
    fits: float  # looks for which a channel has time in one window
    spread: float  # variance of the cycle [s^2]


def pairings_of(
    scenario: Scenario, layer: Layer, place: int, window: float, nights: Nights
) -> list[Pairing]:
    """What the batteries of a layer can do to a salvo whose window has this length [s]."""
    salvo = scenario.salvos[place]
    if window < 0.0:
        return []
    flights = {item.name: item.flight_time for item in scenario.interceptors}
    groups = [
        (g, battery, armed)
        for g, battery in enumerate(layer.batteries)
        if battery.count and (armed := _armoury(battery, salvo, nights))
    ]
    limits = [battery.doctrine.max_salvos for _, battery, _ in groups]
    limit = _MOST_LOOKS
    if None not in limits:
        limit = min(sum(b.count * (b.doctrine.max_salvos or 0) for _, b, _ in groups), limit)
    found = []
    for g, battery, armed in groups:
        first = sum(len(other.magazines) for other in layer.batteries[:g])
        for m in armed:
            name = battery.magazines[m].interceptor
            delays = battery.reaction_time, flights[name]
            timing = _timing(delays, battery.assessment_time, window, limit)
            if timing.fit[0] > 0.0:
                kill = nights.kills[name, salvo.threat]
                found.append(_pairing(battery, salvo, timing, kill, (first + m, g)))
    return found


def _armoury(battery: Battery, salvo: Salvo, nights: Nights) -> list[int]:
    """Places of the magazines that a battery may fire at a salvo, in order of preference."""
    if battery.axes and salvo.axis not in battery.axes:
        return []
    places = {magazine.interceptor: m for m, magazine in enumerate(battery.magazines)}
    names = battery.doctrine.preference.get(salvo.threat, tuple(places))
    return [places[n] for n in names if nights.kills.get((n, salvo.threat), np.zeros(1)).any()]


class _Timing(NamedTuple):
    """How often an engagement fits in a window."""

    fit: Numbers  # (looks,): P(that many fit)
    cycle: float
    spread: float  # variance of the cycle
    slack: float


@functools.lru_cache(maxsize=4096)
def _timing(
    delays: tuple[float | Distribution, float | Distribution],
    assessment: float | Distribution,
    window: float,
    limit: int,
) -> _Timing:
    """Looks that fit, from reaction and flight, assessment, and the window [s].

    Where times are drawn, so many cycles and a delay are taken for a gamma law of the same mean
    and variance.
    """
    reaction, flight, assessed = (values_of(time) for time in (*delays, assessment))
    delay = (reaction[:, np.newaxis] + flight).ravel()
    cycle = max(float(delay.mean() + assessed.mean()), _TICK)
    spread = float(delay.var() + assessed.var())
    slack = max(window - float(delay.mean()), 0.0)
    most = slack / cycle + _TICK if spread == 0.0 else 2.0 * slack / cycle + 8.0
    order = np.arange(max(min(limit, 1 + math.floor(most)), 1))
    mean, variance = delay.mean() + order * cycle, delay.var() + order * spread
    fit = (mean <= window + _TICK * (1 + order)).astype(np.float64)
    if spread > 0.0:
        from scipy.special import gammainc

        random = variance > 0.0
        m, v = mean[random], variance[random]
        fit[random] = gammainc(m * m / v, m / v * (window + _TICK))
    fit[0] = (delay <= window + _TICK).mean()
    fit = np.minimum.accumulate(fit)
    return _Timing(fit[: max(np.count_nonzero(fit > 1e-9), 1)], cycle, spread, slack)


def _pairing(
    battery: Battery, salvo: Salvo, timing: _Timing, kill: Numbers, where: tuple[int, int]
) -> Pairing:
    """Follow a threat from look to look: alive and not given up, or dead and taken for alive."""
    given = battery.doctrine.salvo_size
    size = given if isinstance(given, int) else given.get(salvo.threat, 1)
    killed = 1.0 - (1.0 - kill) ** size
    again = (1.0 - killed) * (1.0 - battery.false_kill)
    alive = again[:, np.newaxis] ** np.arange(len(timing.fit))
    looks = alive * timing.fit
    kills = killed * looks.sum(axis=1)
    if battery.false_survival > 0.0:
        ghost = np.zeros_like(killed)
        for n in range(1, len(timing.fit)):
            ghost = battery.false_survival * (ghost + killed * alive[:, n - 1])
            looks[:, n] += ghost * timing.fit[n]
    fits = float(timing.fit.sum())
    each = looks.sum(axis=1)
    return Pairing(
        *where, float(size), looks, each, kills, timing.cycle, timing.slack, fits, timing.spread
    )
