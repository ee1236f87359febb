"""Measurements that need a fresh process: import, first call, and peak memory.

`python probe.py import` prints CPU seconds of the import, `python probe.py first-call` those of
the whole process, `python probe.py memory REPLICATIONS` megabytes.
"""

from __future__ import annotations

import sys
import time


def imported() -> float:
    """Return the CPU seconds that the import takes."""
    begin = time.process_time()
    import leakthrough  # noqa: F401

    return time.process_time() - begin


def first_call() -> float:
    """Return the CPU seconds of this process: start, import, compilation or cache, and a call.

    The whole process, since modules not imported with the package are imported by the call.
    """
    from cases import Layered
    from ours import scenario

    import leakthrough as lt

    lt.simulate(scenario(Layered()), replications=10, seed=1, workers=1)
    return time.process_time()


def memory(replications: int) -> float:
    """Return the peak resident megabytes of a summary of so many replications."""
    import resource

    from cases import small_raid
    from ours import scenario

    import leakthrough as lt

    given = scenario(small_raid())
    lt.simulate(given, replications=replications, seed=1, keep="summary")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["import"]:
            print(imported())
        case ["first-call"]:
            print(first_call())
        case ["memory", replications]:
            print(memory(int(replications)))
        case _:
            sys.exit(__doc__)
