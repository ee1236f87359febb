"""The queue with Ciw: a node with no waiting room, or with customers that renege."""

from __future__ import annotations

import math

import ciw
import numpy as np
from cases import Queue
from measure import Counts, Run, clocked

CANNOT = (
    "has no rounds that run out, no threat that several layers want at once, and no second shot: "
    "only the two queues can be written in it"
)


def queue(case: Queue) -> Run:
    """Return the run of the queue."""

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        ciw.seed(seed)
        lost = [_lost(case, rng) for _ in range(replications)]
        return np.array(lost, dtype=np.int64), None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


def _lost(case: Queue, rng: np.random.Generator) -> int:
    gaps = rng.exponential(1.0 / case.rate, case.threats).tolist()
    patience = {"queue_capacities": [0]}
    if case.patience:
        patience = {"reneging_time_distributions": [ciw.dists.Deterministic(case.patience)]}
    network = ciw.create_network(
        # The infinite gap ends the stream: `simulate_until` alone would cut the last ones short.
        arrival_distributions=[ciw.dists.Sequential([*gaps, math.inf])],
        service_distributions=[ciw.dists.Exponential(1.0 / case.service)],
        number_of_servers=[case.channels],
        **patience,
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(case.threats, method="Finish")
    completed: int = simulation.nodes[-1].number_of_completed_individuals
    return case.threats - completed
