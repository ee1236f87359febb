"""What leakers hit, and the damage to expect of it: exact, so that its mean has less noise.

Damage and values are multiples of a power of 2, so that their sums are exact in any order.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine.chances import drawn_in
from leakthrough.engine.counts import Counts
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE

Array = npt.NDArray[Any]

BITS = 40
DAMAGE_UNIT = 2.0**BITS
"""Factor by which damage becomes whole."""


def value_unit(values: Array) -> float:
    """Factor by which the value lost of assets (A,) becomes whole, at most 2**40 for all of them.

    Examples
    --------
    >>> value_unit(np.array([3.0, 6.0])) == 2.0**36
    True
    """
    return float(np.ldexp(1.0, BITS - int(np.frexp(np.sum(values))[1])))


def hits_of(counts: Counts, tables: Tables) -> dict[str, Array]:
    """Variables of assets, from the counts of some replications."""
    strikes = tables.strikes["lethality"]
    lethality = drawn_in(tables, "strikes", "lethality").written(strikes, counts.chance_threshold)
    found = hits_from(counts.leaked, counts.aim_points_down, tables, lethality)
    return {**found, "destroyed": counts.aim_points_destroyed, "down": counts.aim_points_down}


def hits_from(leaked: Array, down: Array, tables: Tables, lethality: Array) -> dict[str, Array]:
    """Hits, damage and value lost (R, A), from leakers (R, S) and aim points that are down (R, A).

    Of n aim points, k leakers of one salvo are expected to spare the share (1 - q / n)^k, where q
    is the probability that a hit destroys the one that it strikes: `lethality`, (R, strikes), in
    thresholds.
    """
    assets, shape = tables.assets, (len(leaked), tables.assets.size)
    hits, spared = np.zeros(shape, np.int64), np.ones(shape)
    for strike, own_lethality in zip(tables.strikes, lethality.T, strict=True):
        own, number = strike["asset"], leaked[:, strike["salvo"]]
        hits[:, own] += number
        chance = own_lethality / WORD_RANGE / float(assets["aim_points"][own])
        spared[:, own] *= _powers(1.0 - chance, number)
    damage = np.rint((1.0 - spared) * DAMAGE_UNIT) / DAMAGE_UNIT
    up, unit = 1.0 - down / assets["aim_points"], value_unit(assets["value"])
    return {
        "hits": hits,
        "damage": damage,
        "value_lost": np.rint(assets["value"] * up * damage * unit) / unit,
    }


def _powers(bases: Array, exponents: Array) -> Array:
    """Powers of numbers (R,): products in one order, so that the bits depend on nothing else."""
    if bases.size and (bases == bases[0]).all():
        factors = np.full(int(exponents.max(initial=0)) + 1, bases[0])
        factors[0] = 1.0
        found: Array = np.cumprod(factors)[exponents]
        return found
    found = np.ones(len(bases))
    for power in range(int(exponents.max(initial=0))):
        found *= np.where(power < exponents, bases, 1.0)
    return found
