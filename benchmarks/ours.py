"""The same cases in leakthrough."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import sharing
from cases import Binomial, Case, FiniteMagazine, Layered, Places, Point, Queue
from kernel_alone import Kernel
from measure import Clock, Counts, Run, clocked
from scipy import stats
from sharing import Sharing

import leakthrough as lt


def scenario(case: Case) -> lt.Scenario:
    """Write a case as a scenario."""
    match case:
        case Layered():
            return _layered(case)
        case Queue():
            return _queue(case)
        case Binomial():
            return _binomial(case)
        case FiniteMagazine():
            return _finite_magazine(case)
        case Places():
            return _places(case)
        case Sharing():
            return sharing.scenario(case)


def simulate(case: Case, *, workers: int = 1, clock: Clock = time.process_time) -> Run:
    """Return the run of a case, by default on one thread as for the peers."""
    given = scenario(case)

    def compute(replications: int, seed: int) -> Counts:
        result = lt.simulate(given, replications=replications, seed=seed, workers=workers)
        leaked = result["leaked"].sum("salvo").to_numpy()
        if isinstance(case, Queue | Binomial):
            return leaked, None
        return leaked, result["expended"].sum(("battery", "interceptor")).to_numpy()

    return lambda replications, seed: clocked(lambda: compute(replications, seed), clock)


def grid(case: Layered) -> dict[str, dict[str, list[Any]]]:
    """Axes of a thousand points: rounds and channels of the outer layer, and kill probability."""
    given = scenario(case)
    outer = given.layers[0]
    own = [f"layers.{outer.name}.batteries.{battery.name}" for battery in outer.batteries]
    name = outer.batteries[0].magazines[0].interceptor
    kill = f"interceptors.{name}.kill_probability.{given.threats[0].name}"
    return {
        "rounds": {f"{path}.magazines.{name}.rounds": list(range(1, 11)) for path in own},
        "channels": {f"{path}.channels": list(range(1, 11)) for path in own},
        "kill": {kill: [n / 11 for n in range(1, 11)]},
    }


def sweep(case: Layered, replications: int, *, workers: int) -> Callable[[], None]:
    """Return the sweep over that grid."""
    given, axes = scenario(case), grid(case)

    def run() -> None:
        lt.sweep(
            given,
            axes,
            measures=["leakers", "expended"],
            replications=replications,
            seed=1,
            workers=workers,
        )

    return run


def blocks(case: Layered, replications: int, *, workers: int) -> Callable[[], None]:
    """Return only the simulations of that grid: lowered before, no measures."""
    kernels = [Kernel(changed) for changed in _points(case)]

    def run() -> None:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(lambda kernel: kernel.run(replications, 0), kernels):
                pass

    return run


def _points(case: Layered) -> Iterator[lt.Scenario]:
    """Write each point of the grid as a scenario."""
    given, axes = scenario(case), grid(case)
    for values in itertools.product(*(range(10) for _ in axes)):
        changed = given
        for n, paths in zip(values, axes.values(), strict=True):
            for path, of in paths.items():
                changed = changed.replace(path, of[n])
        yield changed


def campaign(case: Layered, raids: int) -> Run:
    """Return the run of daily raids; stocks fill the magazines before each."""
    raid = scenario(case)
    given = lt.Campaign(
        name="daily raids",
        scenario=raid,
        raids=raids,
        interval=86_400.0,
        resupply=[
            lt.Resupply(battery=battery.name, interceptor=magazine.interceptor)
            for layer in raid.layers
            for battery in layer.batteries
            for magazine in battery.magazines
        ],
        stocks=[
            lt.Stock(interceptor=interceptor.name, rounds=10_000_000)
            for interceptor in raid.interceptors
        ],
    )

    def compute(replications: int, seed: int) -> Counts:
        result = lt.simulate_campaign(given, replications=replications, seed=seed, workers=1)
        return result["leaked"].sum(("raid", "salvo")).to_numpy(), None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def _layered(case: Layered) -> lt.Scenario:
    return lt.Scenario(
        name="layered",
        threats=[lt.Threat(name="threat", speed=case.speed)],
        interceptors=[
            lt.Interceptor(
                name=f"round {i}",
                kill_probability={"threat": case.kill_probability},
                flight_time=times.flight,
            )
            for i, times in enumerate(case.times)
        ],
        salvos=[_salvo(case, axis) for axis in range(case.axes)],
        layers=[_layer(case, i) for i in range(case.layers)],
    )


def _salvo(case: Layered, axis: int) -> lt.Salvo:
    return lt.Salvo(
        name=f"salvo {axis}",
        threat="threat",
        count=case.salvos[axis],
        arrival=lt.Uniform(start=0.0, stop=case.seconds),
        axis=f"axis {axis}",
    )


def _layer(case: Layered, i: int) -> lt.Layer:
    times = case.times[i]
    batteries = [
        lt.Battery(
            name=f"layer {i} axis {axis}",
            channels=case.channels_of(i, axis),
            magazines=[lt.Magazine(interceptor=f"round {i}", rounds=case.rounds)],
            reaction_time=times.reaction,
            assessment_time=times.assessment,
            doctrine=lt.Doctrine(salvo_size=case.salvo_size_of(i, axis)),
            axes=[f"axis {axis}"],
        )
        for axis in range(case.axes)
    ]
    return lt.Layer(
        name=f"layer {i}",
        outer_range=case.depth - case.speed * times.opens,
        inner_range=case.depth - case.speed * times.closes,
        batteries=batteries,
    )


def _single(
    *,
    count: int,
    arrival: lt.At | lt.Poisson | lt.Regular,
    kill_probability: float,
    window: float,
    flight: float,
    battery: lt.Battery,
) -> lt.Scenario:
    """One salvo at 1 m/s against one battery."""
    round_ = lt.Interceptor(
        name="round", kill_probability={"threat": kill_probability}, flight_time=flight
    )
    return lt.Scenario(
        name="one battery",
        threats=[lt.Threat(name="threat", speed=1.0)],
        interceptors=[round_],
        salvos=[lt.Salvo(name="salvo", threat="threat", count=count, arrival=arrival)],
        layers=[
            lt.Layer(name="layer", outer_range=1.0 + window, inner_range=1.0, batteries=[battery])
        ],
    )


def _queue(case: Queue) -> lt.Scenario:
    battery = lt.Battery(
        name="battery",
        channels=case.channels,
        magazines=[lt.Magazine(interceptor="round", rounds=math.inf)],
        assessment_time=stats.expon(scale=case.service),
    )
    return _single(
        count=case.threats,
        arrival=lt.Poisson(start=0.0, rate=case.rate),
        kill_probability=1.0,
        window=case.patience,
        flight=0.0,
        battery=battery,
    )


def _binomial(case: Binomial) -> lt.Scenario:
    battery = lt.Battery(
        name="battery",
        channels=case.threats,
        magazines=[lt.Magazine(interceptor="round", rounds=case.threats * case.shots)],
        doctrine=lt.Doctrine(salvo_size=case.shots, max_salvos=1),
    )
    return _single(
        count=case.threats,
        arrival=lt.At(time=0.0),
        kill_probability=case.kill_probability,
        window=10.0,
        flight=5.0,
        battery=battery,
    )


def _finite_magazine(case: FiniteMagazine) -> lt.Scenario:
    third = case.duration / 3
    battery = lt.Battery(
        name="battery",
        channels=1,
        magazines=[lt.Magazine(interceptor="round", rounds=case.rounds)],
        reaction_time=third,
        assessment_time=third,
        doctrine=lt.Doctrine(max_salvos=case.shots),
    )
    return _single(
        count=case.threats,
        arrival=lt.Regular(start=0.0, interval=case.interval),
        kill_probability=case.kill_probability,
        window=case.window,
        flight=third,
        battery=battery,
    )


def _places(case: Places) -> lt.Scenario:
    area, point = case.positions[::5], [p for n, p in enumerate(case.positions) if n % 5]
    return lt.Scenario(
        name="places",
        threats=[lt.Threat(name="threat", speed=case.speed)],
        interceptors=[
            lt.Interceptor(
                name=name, kill_probability={"threat": case.kill_probability}, flight_time=flight
            )
            for name, flight in (("area", 15.0), ("point", 10.0))
        ],
        assets=[
            lt.Asset(name=f"asset {n}", position=case.asset(n), aim_points=20)
            for n in range(case.assets)
        ],
        salvos=[_salvo_at(case, n) for n in range(case.salvos)],
        layers=[
            _sites("area", case.rounds, case.area_ranges, area),
            _sites("point", case.rounds, case.point_ranges, point),
        ],
    )


def _salvo_at(case: Places, n: int) -> lt.Salvo:
    route = case.route(n)
    return lt.Salvo(
        name=f"salvo {n}",
        threat="threat",
        count=case.counts[n],
        arrival=lt.Uniform(start=0.0, stop=case.seconds),
        target=f"asset {n % case.assets}",
        bearing=None if route else case.bearing(n),
        route=route,
    )


def _sites(
    name: str, rounds: int, ranges: tuple[float, float], positions: Sequence[Point]
) -> lt.Layer:
    battery = lt.Battery(
        name=f"{name} battery",
        magazines=[lt.Magazine(interceptor=name, rounds=rounds)],
        reaction_time=6.0,
        assessment_time=4.0,
    )
    inner, outer = ranges
    return lt.Layer(
        name=name,
        outer_range=outer,
        inner_range=inner,
        positions=positions,
        batteries=[battery],
    )
