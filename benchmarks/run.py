"""`python benchmarks/run.py`: comparison with other libraries or, `--against`, a commit."""

from __future__ import annotations

import argparse
import platform

import peer_heap
import scaling
from cases import Layered
from compare import compare
from goals import goals
from measure import Effort
from paired import against
from paired_cases import PAIRED
from plane import plane
from startup import Startup, startup
from table import cannot, comparison, growth, in_the_plane, paired, verdicts


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute or two, less precise")
    parser.add_argument("--against", metavar="COMMIT", help="another version of this repository")
    parser.add_argument("--case", choices=PAIRED, help="with --against: this case only")
    given = parser.parse_args()
    if given.against is None:
        measure(quick=given.quick)
        return
    names = [given.case] if given.case else list(PAIRED)
    print(paired(given.against, against(given.against, names, quick=given.quick)))


def measure(*, quick: bool) -> None:
    """Measure everything, and print each part when it is done."""
    effort = Effort(0.1, 5) if quick else Effort(1.0, 7)
    print(f"Python {platform.python_version()}, {platform.machine()}, {scaling.cores()} cores\n")

    with peer_heap.compiled() as program:
        if program is None:
            print("No C++ compiler was found: the C++ heap is left out.\n")
        rows = compare(program, effort)
    _section("The same case by each library, one thread each", comparison(rows))
    print(cannot())

    columns = {
        "same rate": scaling.threats(Layered(), effort, same_rate=True),
        "same hours": scaling.threats(Layered(), effort, same_rate=False),
        "same hours, mixed": scaling.threats(Layered(mixed=True), effort, same_rate=False),
    }
    _section("A replication by threats, rounds in proportion", growth("threat", 550, columns))
    layers = scaling.layers(effort)
    _section("A replication by layers", growth("layer", 1, {"550 threats": layers}))

    of_places = plane(effort)
    _section("Places in the plane, and rings around one point", in_the_plane(of_places))

    one, every = scaling.threads(effort)
    text = f"one {one:.4g} µs, {scaling.cores()} threads {every:.4g} µs: {one / every:.2f} x"
    _section("Threads, layered case", text)
    campaign = scaling.campaign(effort)
    _section("A campaign", f"{scaling.RAIDS} raids: {campaign:.2f} x as many single raids")
    took, swept = scaling.sweep(effort)
    text = f"{took:.2f} ms a point, {swept:.2f} x the simulations alone, {scaling.cores()} threads"
    _section("A sweep of 1,000 points of 100 replications, 60-threat raid", text)
    start = startup(quick=quick)
    _section("Fresh processes", _started(start))
    reached = goals(rows, list(columns.values()), campaign, swept, start, of_places)
    _section("Goals", verdicts(reached))


def _section(title: str, text: str) -> None:
    print(f"\n{title}\n{'=' * len(title)}\n\n{text}\n", flush=True)


def _started(start: Startup) -> str:
    return (
        f"import: {start.imported:.2f} s of CPU time\n"
        f"first call, start of the process included: {start.cold:.2f} s of CPU time with a cold "
        f"cache, {start.warm:.2f} s with a warm one\n"
        f"memory: {start.megabytes:.0f} MB at 1,000 replications, "
        f"{start.extra_megabytes:+.0f} MB at {start.replications:,}, summary kept"
    )


if __name__ == "__main__":
    main()
