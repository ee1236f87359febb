"""The compiled kernel without the public call, in this version and in older ones.

Only this file of the benchmarks uses internal modules of leakthrough. Old locations of a name stay
in the list while versions that have them are compared.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

import leakthrough as lt


def _found(*addresses: str) -> Any:
    """Return the object at the first of these addresses that exists in this version."""
    for address in addresses:
        module, _, name = address.rpartition(".")
        try:
            return getattr(importlib.import_module(f"leakthrough.{module}"), name)
        except (ImportError, AttributeError):
            continue
    msg = f"this version of leakthrough has none of {', '.join(addresses)}"
    raise ImportError(msg)


def _lower(scenario: lt.Scenario) -> Any:
    return _found("engine.lower_raid.lower", "_tables.lower")(scenario)


class Events(NamedTuple):
    """Mean numbers in a replication."""

    openings: float  # of windows, for live threats, in layers that can still act
    engagements: float

    @property
    def total(self) -> float:
        """Openings, and ends of engagements."""
        return self.openings + self.engagements


class Kernel:
    """Replications of one scenario in the calling thread: lowered once, no result built."""

    def __init__(self, scenario: lt.Scenario) -> None:
        self.job = _found("engine.jobs.RaidJob", "_jobs.RaidJob")(_lower(scenario))
        flag = np.zeros(1, np.uint8)
        # Older versions allocate the memory of the kernel in each block.
        has_states = hasattr(self.job, "new_states")
        self.states = self.job.new_states() if has_states else []
        self.memory = (flag, self.states) if has_states else (flag,)

    def run(self, replications: int, start: int) -> None:
        """Simulate replications from `start` on."""
        self.job.block(1, start, self.job.new_rows(replications), *self.memory)

    def seconds(self, replications: int, start: int) -> float:
        """Return their CPU seconds; the rows are written to before."""
        rows = self.job.new_rows(replications)
        for part in rows:
            part.fill(0)
        begin = time.thread_time()
        self.job.block(1, start, rows, *self.memory)
        return time.thread_time() - begin

    def events(self, replications: int) -> Events:
        """Count what happened in the first replications, one after the other."""
        [state] = self.states
        openings = engagements = 0
        for n in range(replications):
            self.run(1, n)
            engagements += int(state.batteries["engagements"].sum())
            openings += sum(_openings(state, window) for window in state.windows)
        return Events(openings / replications, engagements / replications)


def _openings(state: Any, window: Any) -> int:
    """Threats that were alive when a window opened for them, up to the last that it dealt with."""
    first = int(state.salvos["first"][window["salvo"]])
    threats = state.threats[first : first + int(window["opened"])]
    alive = threats["fate_tick"] > threats["arrival"] + window["open_offset"]
    return int(alive.sum())


def lowering(scenario: lt.Scenario) -> tuple[float, float]:
    """Return the CPU seconds of all windows of a scenario, and of its whole lowering."""
    paths_of = _found("model.geometry.paths_of")

    def windows() -> list[Any]:
        sites = scenario.sites
        return [path.windows(site) for path in paths_of(scenario) for site in sites]

    return _took(windows), _took(lambda: _lower(scenario))


def _took(compute: Callable[[], object]) -> float:
    """Return the CPU seconds of a call, the median of several."""
    found = []
    for _ in range(21):
        begin = time.process_time()
        compute()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def state_bytes(scenario: lt.Scenario) -> int:
    """Return the size of the working memory of the kernel in one thread."""
    return bytes_of(_found("engine.state.new_state", "_state.new_state")(_lower(scenario)))


def bytes_of(value: Any) -> int:
    """Return the size of the memory behind arrays in nested tuples, each buffer counted once."""
    return sum({id(buffer): buffer.nbytes for buffer in _buffers(value)}.values())


def _buffers(value: Any) -> Iterator[Any]:
    if isinstance(value, np.ndarray):
        while isinstance(value.base, np.ndarray):
            value = value.base
        yield value
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _buffers(item)
