"""The two cases that vectorised NumPy can express: no clock, no contention for channels."""

from __future__ import annotations

import numpy as np
from cases import Binomial, FiniteMagazine
from measure import Counts, Run, clocked

CANNOT = (
    "has no time: no windows, channels, reloads or order of events; "
    "where shots do not compete it needs no simulation at all"
)

AT_ONCE = 100
"""Replications whose shots are drawn at once: the fastest of 20 to 10,000."""


def closed_form(case: Binomial) -> Run:
    """Return the one-line simulation by the binomial distribution of the leakers."""
    miss = (1.0 - case.kill_probability) ** case.shots

    def compute(replications: int, seed: int) -> Counts:
        return np.random.default_rng(seed).binomial(case.threats, miss, replications), None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def shot_by_shot(case: Binomial) -> Run:
    """Return the one-line simulation that draws every shot, in batches that fit into a cache."""
    miss = 1.0 - case.kill_probability

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        leaked = np.empty(replications, dtype=np.int64)
        for first in range(0, replications, AT_ONCE):
            part = leaked[first : first + AT_ONCE]
            shots = rng.random((part.size, case.threats, case.shots))
            part[:] = (shots < miss).all(axis=2).sum(axis=1)
        return leaked, None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def finite_magazine(case: FiniteMagazine) -> Run:
    """Return a loop over threats, vectorised over replications."""

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        left = np.full(replications, case.rounds, dtype=np.int64)
        leaked = np.zeros(replications, dtype=np.int64)
        for _ in range(case.threats):
            allowed = np.minimum(left, case.shots)
            needed = rng.geometric(case.kill_probability, replications)
            leaked += needed > allowed
            left -= np.minimum(needed, allowed)
        return leaked, case.rounds - left

    return lambda replications, seed: clocked(lambda: compute(replications, seed))
