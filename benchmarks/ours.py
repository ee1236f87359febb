"""The same cases in leakthrough."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from cases import Binomial, Case, FiniteMagazine, Layered, Queue
from measure import Run, clocked
from numpy.typing import NDArray
from scipy import stats

import leakthrough as lt
from leakthrough.engine.jobs import RaidJob
from leakthrough.engine.lower_raid import lower


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


def simulate(case: Case, *, workers: int | None = 1) -> Run:
    """Return the run of a case: one thread unless asked otherwise, as the peers have."""
    document = scenario(case)

    def compute(replications: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        result = lt.simulate(document, replications=replications, seed=seed, workers=workers)
        leaked = result["leaked"].sum("salvo").to_numpy()
        if isinstance(case, Queue | Binomial):
            return leaked, None
        return leaked, result["expended"].sum(("battery", "interceptor")).to_numpy()

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def grid(case: Layered) -> dict[str, dict[str, list[Any]]]:
    """Axes of a thousand points: rounds and channels of the outer layer, and kill probability."""
    night = scenario(case)
    outer = night.layers[0]
    own = [f"layers.{outer.name}.batteries.{battery.name}" for battery in outer.batteries]
    name = outer.batteries[0].magazines[0].interceptor
    kill = f"interceptors.{name}.kill_probability.{night.threats[0].name}"
    return {
        "rounds": {f"{path}.magazines.{name}.rounds": list(range(1, 11)) for path in own},
        "channels": {f"{path}.channels": list(range(1, 11)) for path in own},
        "kill": {kill: [n / 11 for n in range(1, 11)]},
    }


def sweep(case: Layered, replications: int, *, workers: int) -> Callable[[], None]:
    """Return the sweep over that grid."""
    night, axes = scenario(case), grid(case)

    def run() -> None:
        lt.sweep(
            night,
            axes,
            measures=["leakers", "expended"],
            replications=replications,
            seed=1,
            workers=workers,
        )

    return run


def blocks(case: Layered, replications: int, *, workers: int) -> Callable[[], None]:
    """Return the simulations of that grid alone: lowered before, and no measure read."""
    night, jobs = scenario(case), []
    for values in itertools.product(*(range(10) for _ in grid(case))):
        changed = night
        for place, table in zip(values, grid(case).values(), strict=True):
            for path, of in table.items():
                changed = changed.replace(path, of[place])
        jobs.append(RaidJob(lower(changed)))
    flag = np.zeros(1, np.uint8)

    def block(job: RaidJob) -> None:
        job.block(1, 0, job.new_rows(replications), flag, job.new_states())

    def run() -> None:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(block, jobs):
                pass

    return run


def campaign(case: Layered, raids: int) -> Run:
    """Return the run of nightly raids, before each of which stocks fill the magazines."""
    night = scenario(case)
    given = lt.Campaign(
        name="nights",
        scenario=night,
        raids=raids,
        interval=86_400.0,
        resupply=[
            lt.Resupply(battery=battery.name, interceptor=magazine.interceptor)
            for layer in night.layers
            for battery in layer.batteries
            for magazine in battery.magazines
        ],
        stocks=[
            lt.Stock(interceptor=interceptor.name, rounds=10_000_000)
            for interceptor in night.interceptors
        ],
    )

    def compute(replications: int, seed: int) -> tuple[NDArray[np.int64], None]:
        result = lt.simulate_campaign(given, replications=replications, seed=seed, workers=1)
        return result["leaked"].sum(("raid", "salvo")).to_numpy(), None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def _layered(case: Layered) -> lt.Scenario:
    rings = list(enumerate(case.rings))
    return lt.Scenario(
        name="layered",
        threats=[lt.Threat(name="threat", speed=case.speed)],
        interceptors=[
            lt.Interceptor(
                name=f"round {i}",
                kill_probability={"threat": case.kill_probability},
                flight_time=ring.flight,
            )
            for i, ring in rings
        ],
        salvos=[_salvo(case, axis) for axis in range(case.axes)],
        layers=[_layer(case, i) for i, _ in rings],
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
    ring = case.rings[i]
    batteries = [
        lt.Battery(
            name=f"layer {i} axis {axis}",
            channels=case.channels,
            magazines=[lt.Magazine(interceptor=f"round {i}", rounds=case.rounds)],
            reaction_time=ring.reaction,
            assessment_time=ring.assessment,
            axes=[f"axis {axis}"],
        )
        for axis in range(case.axes)
    ]
    return lt.Layer(
        name=f"layer {i}",
        outer_range=case.depth - case.speed * ring.opens,
        inner_range=case.depth - case.speed * ring.closes,
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
    third = case.shot / 3
    battery = lt.Battery(
        name="battery",
        channels=1,
        magazines=[lt.Magazine(interceptor="round", rounds=case.rounds)],
        reaction_time=third,
        assessment_time=third,
        doctrine=lt.Doctrine(max_salvos=case.looks),
    )
    return _single(
        count=case.threats,
        arrival=lt.Regular(start=0.0, interval=case.interval),
        kill_probability=case.kill_probability,
        window=case.window,
        flight=third,
        battery=battery,
    )
