"""The command line: a table, the page, and an exit code that says whether all agree."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from verification.cases import CASES, SEED
from verification.compare import SIGMAS, Comparison, compare
from verification.page import cells, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare all cases; 1 if any deviates too much, 0 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m verification", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the draws (default {SEED})")
    parser.add_argument(
        "--write", type=Path, metavar="DIRECTORY", help="write verification.md and its pictures"
    )
    given = parser.parse_args(arguments)
    found = compare(CASES, given.seed)
    sys.stdout.writelines(f"{line}\n" for line in _lines(found, given.seed))
    if given.write:
        write(given.write, found, given.seed)
    return int(any(comparison.failed for comparison in found))


def _lines(found: Sequence[Comparison], seed: int) -> Iterator[str]:
    header = ("exact", "simulated", "std. error", "deviation", "detectable")
    yield " " * 32 + "".join(f"{title:>12}" for title in header)
    for case, rows in groupby(found, key=lambda comparison: comparison.case):
        yield f"{case.model}({case})"
        for row in rows:
            value, simulated, error, off, detectable = cells(row)
            line = (
                f"  {row.quantity:30}{value:>12}{simulated:>12}{error:>12}{off:>12}{detectable:>12}"
            )
            yield line + ("  FAILED" if row.failed else "")
    failed = sum(comparison.failed for comparison in found)
    yield ""
    yield "Deviation: in standard errors. Detectable: relative error that fails in 98 runs of 100."
    yield "Of a distribution: degrees of freedom, chi-square, root mean square relative error."
    cases = len({id(comparison.case) for comparison in found})
    said = f"{failed or 'none'} deviate by more than {SIGMAS:g}"
    yield f"{len(found)} comparisons of {cases} cases, seed {seed}: {said}"


if __name__ == "__main__":
    sys.exit(main())
