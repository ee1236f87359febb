"""The two cases that vectorised NumPy can express: no clock, no contention for channels."""

from __future__ import annotations

import numpy as np
from cases import Binomial, FiniteMagazine
from measure import Counts, Run, clocked

CANNOT = (
    "has no time: no windows, channels, reloads or order of events; "
    "where shots do not compete it needs no simulation at all"
)


def closed_form(case: Binomial) -> Run:
    """Return the one line of someone who knows that the leakers are binomial."""
    miss = (1.0 - case.kill_probability) ** case.shots

    def compute(replications: int, seed: int) -> Counts:
        return np.random.default_rng(seed).binomial(case.threats, miss, replications), None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def shot_by_shot(case: Binomial) -> Run:
    """Return the one line that draws every shot."""

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        shape = (replications, case.threats, case.shots)
        missed = (rng.random(shape) >= case.kill_probability).all(axis=2)
        return missed.sum(axis=1), None

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
