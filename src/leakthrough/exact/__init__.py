"""Exact models from the public literature, in the terms of the simulator.

They answer simple questions without a simulation. The simulator is tested against them where both
apply; `as_scenario` returns the matching scenario. Distributions are labelled arrays:
``(pmf * pmf.leakers).sum()`` is a mean.

Small probabilities are as precise as large ones: for kill probabilities from 1e-300 to 1 - 1e-16,
probabilities above 1e-290 have a relative error below 2e-12 (tested against mpmath), and so has
the complement of one where a distribution contains it. Of distributions of more than 1,024 values,
edges below 1e-40 may be left out.
"""

from leakthrough.exact.allocation import random_allocation, uniform_allocation
from leakthrough.exact.binomial_raid import (
    leakers,
    raid_annihilation,
    rounds_required,
    shoot_look_shoot,
)
from leakthrough.exact.costs import raid_costs
from leakthrough.exact.deployment import prim_read
from leakthrough.exact.luck import common_luck, destroyed_by
from leakthrough.exact.magazines import finite_magazine, layered_inventories, layered_rounds_left
from leakthrough.exact.salvo_combat import armstrong_salvo, hughes_salvo
from leakthrough.exact.saturation import abandonment, erlang_b, simultaneous_raid
from leakthrough.exact.scenarios import as_scenario
from leakthrough.exact.terminal import terminal_defence
from leakthrough.exact.tracks import tracks_and_channels

__all__ = [
    "abandonment",
    "armstrong_salvo",
    "as_scenario",
    "common_luck",
    "destroyed_by",
    "erlang_b",
    "finite_magazine",
    "hughes_salvo",
    "layered_inventories",
    "layered_rounds_left",
    "leakers",
    "prim_read",
    "raid_annihilation",
    "raid_costs",
    "random_allocation",
    "rounds_required",
    "shoot_look_shoot",
    "simultaneous_raid",
    "terminal_defence",
    "tracks_and_channels",
    "uniform_allocation",
]
