"""What must be measured in a fresh process: the first call, and the peak of memory.

`python probe.py first-call` prints seconds; `python probe.py memory REPLICATIONS` prints
megabytes.
"""

from __future__ import annotations

import resource
import sys
import time

from cases import Layered, small_raid
from ours import scenario

import leakthrough as lt


def first_call() -> float:
    """Return the seconds that the first call takes, compilation or cache loading included."""
    document = scenario(Layered())
    begin = time.perf_counter()
    lt.simulate(document, replications=10, seed=1, workers=1)
    return time.perf_counter() - begin


def memory(replications: int) -> float:
    """Return the peak resident megabytes of a process that summarised so many replications."""
    document = scenario(small_raid())
    lt.simulate(document, replications=replications, seed=1, keep="summary")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["first-call"]:
            print(first_call())
        case ["memory", replications]:
            print(memory(int(replications)))
        case _:
            sys.exit(__doc__)
