"""`python benchmarks/run.py [--quick]`: the comparison, the growth, the start, the goals."""

from __future__ import annotations

import argparse
import platform

import peer_heap
import scaling
from compare import compare
from goals import goals
from startup import Startup, startup
from table import cannot, comparison, growth, verdicts


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="under a minute, rougher figures")
    measure(quick=parser.parse_args().quick)


def measure(*, quick: bool) -> None:
    """Measure everything, and print each part when it is done."""
    seconds, repeats = (0.1, 3) if quick else (1.0, 7)
    print(f"Python {platform.python_version()}, {platform.machine()}, {scaling.cores()} cores\n")

    with peer_heap.compiled() as program:
        if program is None:
            print("No C++ compiler was found: the C++ heap is left out.\n")
        rows = compare(program, seconds=seconds, repeats=repeats)
    _section("The same case by each library, one thread each", comparison(rows))
    print(cannot())

    rate = scaling.threats(same_rate=True, seconds=seconds, repeats=repeats)
    night = scaling.threats(same_rate=False, seconds=seconds, repeats=repeats)
    columns = {"same rate of arrival": rate, "same two hours": night}
    _section("A replication by threats, rounds in proportion", growth("threat", 550, columns))
    layers = scaling.layers(seconds=seconds, repeats=repeats)
    _section("A replication by layers", growth("layer", 1, {"550 threats": layers}))

    one, every = scaling.threads(seconds=max(seconds, 0.5), repeats=repeats)
    text = f"one {one:.4g} µs, {scaling.cores()} threads {every:.4g} µs: {one / every:.2f} x"
    _section("Threads, layered case", text)
    nights = scaling.year(seconds=3 * seconds, repeats=repeats)
    text = (
        f"{scaling.NIGHTS} raids, magazines filled before each: {nights:.2f} x as many single raids"
    )
    _section("A year of nights, layered case", text)
    took, swept = scaling.sweep(repeats=repeats)
    text = f"{took:.2f} ms a point, {swept:.2f} x the simulations alone, {scaling.cores()} threads"
    _section("A sweep of 1,000 points of 100 replications, 60-threat raid", text)
    start = startup(quick=quick)
    _section("Fresh processes", _started(start))
    _section("Goals", verdicts(goals(rows, [rate, night], nights, swept, start)))


def _section(title: str, text: str) -> None:
    print(f"\n{title}\n{'=' * len(title)}\n\n{text}\n", flush=True)


def _started(start: Startup) -> str:
    return (
        f"import: {start.ours:.3f} s, its dependencies alone {start.dependencies:.3f} s, "
        f"ratio {start.import_ratio:.2f}\n"
        f"first call: {start.cold:.2f} s with a cold cache, {start.warm:.2f} s with a warm one\n"
        f"memory: {start.megabytes:.0f} MB at 1,000 replications, "
        f"{start.extra_megabytes:+.0f} MB at {start.replications:,}, summary kept"
    )


if __name__ == "__main__":
    main()
