"""Arguments of a run, with one check for all calls that take them."""

import concurrent.futures
import secrets
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from leakthrough.model.arguments import flag, one_of, refused, whole
from leakthrough.statistics.arguments import as_numbers

Keep = Literal["replications", "summary"]


def checked_replications(replications: int, name: str = "replications", least: int = 1) -> int:
    """Check a number of replications, or the number of one."""
    return whole(name, replications, least, 2**32 - 1)


def checked_seed(seed: int | None) -> int:
    """Check the seed, or return a random one if there is none."""
    return secrets.randbits(63) if seed is None else whole("seed", seed, 0, 2**63 - 1)


def checked_timeline(timeline: Sequence[float]) -> tuple[float, ...]:
    """Check sample times [s]."""
    times = as_numbers(timeline)
    rising = times is not None and times.ndim == 1 and bool((np.diff(times) >= 0).all())
    if times is None or not rising or not (np.abs(times) <= 1e9).all():
        raise refused("timeline", "times in seconds up to 1e9, in rising order", timeline)
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
    """Check the arguments that determine a result."""
    one_of("keep", keep, get_args(Keep))
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
    """Check the options of execution."""
    number = None if workers is None else whole("workers", workers, 1, None)
    is_class = isinstance(executor, type)
    if executor is not None and (is_class or not callable(getattr(executor, "submit", None))):
        raise refused("executor", "a concurrent.futures.Executor or None", executor)
    return Execution(number, executor, None if progress is None else flag("progress", progress))
