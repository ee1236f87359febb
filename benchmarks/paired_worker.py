"""`python paired_worker.py CASE`: measures one case in the version on PYTHONPATH.

Prints a line when ready, then one measurement for each number read from its input. Each number
selects other replications, as a branch predictor learns repeated ones. Uses only the public API
and `kernel_alone`, since older versions have other modules.
"""

from __future__ import annotations

import atexit
import os
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import ours
import peer_heap
import startup
from cases import Case, Layered, scaled
from kernel_alone import Kernel, state_bytes
from measure import Clock, cost_of
from ours import scenario
from paired_cases import PAIRED
from raid import read

import leakthrough as lt

Measurement = Callable[[int], float]


def kernel(case: Case, replications: int) -> Measurement:
    """Microseconds of CPU time per replication, kernel only."""
    alone = Kernel(scenario(case))
    return lambda n: 1e6 * alone.seconds(replications, n * replications) / replications


def heap_over_kernel(case: Layered, replications: int, of_heap: int) -> Measurement:
    """Time of the C++ heap (fewer replications) over that of the kernel."""
    mine = kernel(case, replications)
    stack = ExitStack()
    atexit.register(stack.close)
    program = stack.enter_context(peer_heap.compiled())
    if program is None:
        sys.exit("no C++ compiler was found")
    heap = peer_heap.raid(read(scenario(case)), program)
    return lambda n: 1e6 * heap(of_heap, n + 1).seconds / of_heap / mine(n)


def growth(case: Layered, few: int, many: int) -> Measurement:
    """Ratio of the cost per threat, 110,000 to 550 threats, without fixed costs.

    `few` and `many` are the numbers of replications of the smaller and the larger raid.
    """
    small = scenario(case)
    large = scenario(scaled(case, 110_000, same_rate=False))

    def measure(n: int) -> float:
        return _each(large, many, n) / 110_000 / (_each(small, few, n) / case.threats)

    return measure


def speed_up(case: Layered, replications: int) -> Measurement:
    """Speedup of elapsed time from one to two threads."""
    given = scenario(case)

    def measure(n: int) -> float:
        one, two = (
            _seconds(given, replications, n, workers, time.perf_counter) for workers in (1, 2)
        )
        return one / two

    return measure


def call(case: Layered, replications: int, calls: int) -> Measurement:
    """Milliseconds of CPU time of a whole `simulate`: median of calls with new seeds."""
    given = scenario(case)

    def measure(n: int) -> float:
        seeds = range(n * calls, (n + 1) * calls)
        return 1e3 * statistics.median(_seconds(given, replications, seed) for seed in seeds)

    return measure


def sweep_point(case: Layered, points: int) -> Measurement:
    """Milliseconds of CPU time per point of one replication, for a field that needs lowering."""
    given = scenario(case)
    outer = given.layers[0]
    ranges = [outer.largest_range + n for n in range(points)]
    axes = {f"layers.{outer.name}.outer_range": ranges}

    def measure(n: int) -> float:
        begin = time.process_time()
        lt.sweep(given, axes, measures=["leakers"], replications=1, seed=n, workers=1)
        return 1e3 * (time.process_time() - begin) / points

    return measure


def weeks(case: Layered, raids: int, replications: int) -> Measurement:
    """Milliseconds of CPU time of a campaign of a whole `simulate_campaign`."""
    run = ours.campaign(case, raids)
    return lambda n: 1e3 * run(replications, n).seconds / replications


def year_over_raids(case: Layered, raids: int, replications: int) -> Measurement:
    """Ratio of the cost of whole campaigns to that of as many single raids."""
    alone, together = ours.simulate(case), ours.campaign(case, raids)

    def measure(n: int) -> float:
        return together(replications, n).seconds / alone(raids * replications, n).seconds

    return measure


def cold_call() -> Measurement:
    """Seconds of CPU time of a process that simulates once, with an empty cache."""
    return lambda _: startup.first_calls()[0]


def importing() -> Measurement:
    """Seconds of CPU time of an import."""
    return lambda _: startup.importing()


def state(case: Layered) -> Measurement:
    """Megabytes of working memory of the kernel in one thread."""
    given = scenario(case)
    return lambda _: state_bytes(given) / 1e6


def _seconds(
    given: lt.Scenario,
    replications: int,
    seed: int,
    workers: int = 1,
    clock: Clock = time.process_time,
) -> float:
    begin = clock()
    lt.simulate(given, replications=replications, seed=seed, workers=workers)
    return clock() - begin


def _each(given: lt.Scenario, replications: int, seed: int) -> float:
    """Microseconds of CPU time per replication."""
    one, many = (_seconds(given, number, seed) for number in (1, replications))
    return cost_of(one, many, replications).each


def serve(name: str) -> None:
    """Measure a case once per line of input."""
    source = Path(os.environ["PYTHONPATH"]).resolve()
    if not Path(lt.__file__).resolve().is_relative_to(source):
        sys.exit(f"{lt.__file__} is not in {source}")
    case = PAIRED[name]
    measure: Measurement = globals()[case.measure](*case.arguments)
    if case.warm_up:
        measure(0)
    print("ready", flush=True)
    for line in sys.stdin:
        print(measure(int(line)), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
