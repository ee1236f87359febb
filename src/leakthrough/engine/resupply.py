"""Between raids: what arrives, and who gets it. Whole numbers, a row a replication.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE, NEVER
from leakthrough.engine.counts import Counts
from leakthrough.engine.lower_campaign import Supply
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import raid_offset

Numbers = npt.NDArray[np.int64]
Draw = Callable[[npt.NDArray[np.float64], int, int], Numbers]
"""Draws from a quantile table at an address, for some number of replications."""


def arrive_reloads(carried: Counts, tables: Tables, interval: int) -> Numbers:
    """Move the clocks on to the next raid; rounds that reloads bring until it begins, (R, K)."""
    waiting = carried.due != NEVER
    if not waiting.any():
        return np.zeros_like(carried.due)
    carried.due[waiting] -= interval
    came = waiting & (carried.due <= 0)
    carried.due[came] = NEVER
    rounds: Numbers = np.where(came, tables.magazines["reload_rounds"], 0)
    carried.ready[:] += rounds
    return rounds


def replace_batteries(
    carried: Counts, lost_at: Numbers, tables: Tables, supply: Supply, raid: int
) -> None:
    """Note the losses of the last raid in `lost_at` (R, B), and replace what is due.

    A replacement brings channels; its rounds are a matter of resupply, but for endless ones.
    """
    if (carried.loss == FOREVER).all():
        return
    fresh = (carried.loss != FOREVER) & (carried.loss != NEVER)
    lost_at[fresh] = carried.loss[fresh] + (raid - 1) * supply.interval
    carried.loss[fresh] = NEVER
    waited = raid * supply.interval - lost_at
    back = (carried.loss == NEVER) & (waited >= supply.replacement)
    carried.loss[back] = FOREVER
    endless = tables.magazines["rounds"] == INFINITE
    carried.ready[back[:, tables.magazines["battery"]] & endless] = INFINITE


def replenish(stock: Numbers, supply: Supply, raid: int, draw: Draw) -> Numbers:
    """Add to the stocks (R, I) what reaches them before a raid, and return it."""
    came = np.tile(supply.arrivals[raid], (len(stock), 1))
    if raid > 0:
        for source in supply.drawn:
            address = source.stream + raid_offset(raid)
            came[:, source.interceptor] += np.maximum(draw(source.quantiles, address, len(came)), 0)
    stock += came
    return came


def deliver(carried: Counts, stock: Numbers, tables: Tables, supply: Supply) -> Numbers:
    """Move rounds from the stocks (R, I) into the magazines; what each gets, (R, K)."""
    magazines = tables.magazines
    pending = np.where(carried.due != NEVER, magazines["reload_rounds"], 0)
    lacks: Numbers = np.clip(magazines["rounds"] - carried.ready - pending, 0, supply.limit)
    lacks[carried.loss[:, magazines["battery"]] != FOREVER] = 0
    wanted = lacks @ supply.sources
    # Most nights no stock is short, and nothing need be shared out.
    for interceptor in np.flatnonzero((wanted > np.maximum(stock, 0)).any(axis=0)).tolist():
        own = supply.sources[:, interceptor] > 0
        lacks[:, own] = _shared(lacks[:, own], stock[:, interceptor], supply.in_order)
        wanted[:, interceptor] = lacks[:, own].sum(axis=1)
    stock -= wanted
    carried.ready[:] += lacks
    return lacks


def _shared(lacks: Numbers, stock: Numbers, in_order: bool) -> Numbers:
    """What each magazine (R, m) gets of a stock (R,) that may not suffice."""
    if in_order:
        ahead = lacks.cumsum(axis=1) - lacks
        left: Numbers = np.clip(stock[:, np.newaxis] - ahead, 0, lacks)
        return left
    wanted = lacks.sum(axis=1)
    short = wanted > stock
    found = lacks.copy()
    found[short] = _in_proportion(lacks[short], stock[short], wanted[short])
    return found


def _in_proportion(lacks: Numbers, stock: Numbers, wanted: Numbers) -> Numbers:
    """Whole shares in proportion to what each lacks; the largest remainders are rounded up."""
    # Products of two billions times the number of magazines may not fit 64 bits.
    large = lacks.size > 0 and int(lacks.max()) * int(stock.max()) >= 2**62
    kind = object if large else np.int64
    products = lacks.astype(kind) * stock.astype(kind)[:, np.newaxis]
    whole, remainder = np.divmod(products, wanted.astype(kind)[:, np.newaxis])
    left = stock - whole.sum(axis=1).astype(np.int64)
    order = np.argsort(-remainder, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    found: Numbers = whole.astype(np.int64) + (rank < left[:, np.newaxis])
    return found
