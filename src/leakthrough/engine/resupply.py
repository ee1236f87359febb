"""Resupply between raids, for all replications of a block at once, in whole numbers.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE, NEVER
from leakthrough.engine.counts import Counts
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_campaign import Supply
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import raid_offset

Draw = Callable[[npt.NDArray[np.float64], int, int], Whole]
"""Draws from a quantile table at an address, for a number of replications."""


def arrive_reloads(carried: Counts, tables: Tables, interval: int) -> Whole:
    """Advance the clocks to the next raid, and return the rounds reloaded until then, (R, K).

    Each reload that arrives may call the next one.
    """
    magazines, reloaded = tables.magazines, np.zeros_like(carried.due)
    carried.due[carried.due != NEVER] -= interval
    while (arrived := (carried.due != NEVER) & (carried.due <= 0)).any():
        rounds = np.where(arrived, magazines["reload_rounds"], 0)
        carried.ready[:] += rounds
        reloaded += rounds
        called = arrived & (carried.ready <= magazines["reload_at"]) & (carried.reloads_left > 0)
        carried.reloads_left[:] -= called
        later = np.where(called, carried.due + magazines["reload_ticks"], NEVER)
        carried.due[:] = np.where(arrived, later, carried.due)
    return reloaded


def replace_batteries(
    carried: Counts, lost_at: Whole, tables: Tables, supply: Supply, raid: int
) -> None:
    """Write the losses of the last raid into `lost_at` (R, B), and replace what is due.

    A replacement has no rounds before it is resupplied, except in infinite magazines.
    """
    if (carried.loss == FOREVER).all():
        return
    new = (carried.loss != FOREVER) & (carried.loss != NEVER)
    lost_at[new] = carried.loss[new] + (raid - 1) * supply.interval
    carried.loss[new] = NEVER
    waited = raid * supply.interval - lost_at
    replaced = (carried.loss == NEVER) & (waited >= supply.replacement)
    carried.loss[replaced] = FOREVER
    infinite = tables.magazines["rounds"] == INFINITE
    carried.ready[replaced[:, tables.magazines["battery"]] & infinite] = INFINITE


def repair(carried: Counts, interval: int) -> None:
    """Advance the clocks of the aim points to the next raid; those that are repaired are up."""
    down = carried.repaired != NEVER
    if not down.any():
        return
    carried.down_from[down] -= interval
    carried.repaired[down & (carried.repaired != FOREVER)] -= interval
    carried.repaired[carried.repaired <= 0] = NEVER


def down_time(carried: Counts, tables: Tables, interval: int) -> Whole:
    """Ticks from this raid to the next in which aim points are down, by asset (R, A)."""
    down = carried.repaired != NEVER
    stop, start = np.minimum(carried.repaired, interval), np.maximum(carried.down_from, 0)
    ticks = np.where(down, np.maximum(stop - start, 0), 0)
    if not tables.assets.size:
        return ticks
    found: Whole = np.add.reduceat(ticks, tables.assets["first_aim_point"], axis=1)
    return found


def replenish(stock: Whole, supply: Supply, raid: int, draw: Draw) -> Whole:
    """Add the rounds that reach the stocks (R, I) before a raid, and return them."""
    received = np.tile(supply.arrivals[raid], (len(stock), 1))
    if raid > 0:
        for source in supply.drawn:
            drawn = draw(source.quantiles, source.stream + raid_offset(raid), len(stock))
            received[:, source.interceptor] += np.maximum(drawn, 0)
    stock += received
    return received


def deliver(carried: Counts, stock: Whole, tables: Tables, supply: Supply) -> Whole:
    """Move rounds from the stocks (R, I) into the magazines, and return their numbers (R, K)."""
    magazines = tables.magazines
    pending = np.where(carried.due != NEVER, magazines["reload_rounds"], 0)
    wanted: Whole = np.clip(magazines["rounds"] - carried.ready - pending, 0, supply.limit)
    wanted[carried.loss[:, magazines["battery"]] != FOREVER] = 0
    total = wanted @ supply.sources
    # Before most raids no stock is short, and the loop is empty.
    for interceptor in np.flatnonzero((total > np.maximum(stock, 0)).any(axis=0)).tolist():
        own = supply.sources[:, interceptor] > 0
        wanted[:, own] = _shared(wanted[:, own], stock[:, interceptor], supply.in_order)
        total[:, interceptor] = wanted[:, own].sum(axis=1)
    stock -= total
    carried.ready[:] += wanted
    return wanted


def _shared(wanted: Whole, stock: Whole, in_order: bool) -> Whole:
    """Shares of the magazines (R, m) in a stock (R,) that may be short."""
    if in_order:
        before = wanted.cumsum(axis=1) - wanted
        shares: Whole = np.clip(stock[:, np.newaxis] - before, 0, wanted)
        return shares
    total = wanted.sum(axis=1)
    short = total > stock
    shares = wanted.copy()
    shares[short] = _in_proportion(wanted[short], stock[short], total[short])
    return shares


def _in_proportion(wanted: Whole, stock: Whole, total: Whole) -> Whole:
    """Whole shares in proportion to the rounds wanted; the largest remainders are rounded up."""
    # Products of two billions times the number of magazines may not fit 64 bits.
    large = wanted.size > 0 and int(wanted.max()) * int(stock.max()) >= 2**62
    kind = object if large else np.int64
    products = wanted.astype(kind) * stock.astype(kind)[:, np.newaxis]
    whole, remainder = np.divmod(products, total.astype(kind)[:, np.newaxis])
    left = stock - whole.sum(axis=1).astype(np.int64)
    order = np.argsort(-remainder, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    shares: Whole = whole.astype(np.int64) + (rank < left[:, np.newaxis])
    return shares
