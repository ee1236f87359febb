"""Arguments of a run, with one check for all calls that take them."""

import concurrent.futures
import secrets
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from leakthrough.model.errors import is_whole

Keep = Literal["replications", "summary"]


def checked_replications(replications: int, name: str = "replications", least: int = 1) -> int:
    """Return a number of replications or of one replication, or raise a clear error."""
    if not is_whole(replications) or not least <= replications < 2**32:
        msg = f"{name}: must be a whole number from {least} to 2**32 - 1; got {replications!r}"
        raise ValueError(msg)
    return int(replications)


def checked_seed(seed: int | None) -> int:
    """Return the seed, a random one if there is none, or raise a clear error."""
    if seed is None:
        return secrets.randbits(63)
    if not is_whole(seed) or not 0 <= seed < 2**63:
        raise ValueError(f"seed: must be a whole number from 0 to 2**63 - 1; got {seed!r}")
    return int(seed)


def checked_timeline(timeline: Sequence[float]) -> tuple[float, ...]:
    """Return sample times [s], or raise a clear error."""
    times = np.asarray(timeline, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.abs(times) <= 1e9) or np.any(np.diff(times) < 0):
        msg = f"timeline: must be times in seconds up to 1e9, in rising order; got {timeline!r:.60}"
        raise ValueError(msg)
    return tuple(times.tolist())


class Call(NamedTuple):
    """The arguments that determine the bits of a result."""

    replications: int
    seed: int
    keep: Keep
    timeline: tuple[float, ...]

    def recorded(self) -> dict[str, Any]:
        """Return them in the form of the provenance."""
        return {**self._asdict(), "seed": str(self.seed)}


def checked_call(
    replications: int, seed: int | None, keep: Keep, timeline: Sequence[float]
) -> Call:
    """Return the arguments that determine a result, or raise a clear error."""
    if keep not in ("replications", "summary"):
        raise ValueError(f'keep: must be "replications" or "summary"; got {keep!r}')
    number, times = checked_replications(replications), checked_timeline(timeline)
    return Call(number, checked_seed(seed), keep, times)


class Execution(NamedTuple):
    """Arguments that affect the run time of a call, but not its result."""

    workers: int | None = None
    executor: concurrent.futures.Executor | None = None
    progress: bool | None = None


def checked_execution(
    workers: int | None, executor: concurrent.futures.Executor | None, progress: bool | None
) -> Execution:
    """Return the options of execution, or raise a clear error."""
    if workers is not None and (not is_whole(workers) or workers < 1):
        raise ValueError(f"workers: must be a whole number from 1; got {workers!r}")
    return Execution(workers, executor, progress)
