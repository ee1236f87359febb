"""Resupply between raids, for all replications of a block at once, in whole numbers.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE, NEVER
from leakthrough.engine.counts import Counts
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_campaign import Drawn, Supply
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import raid_offset
from leakthrough.model.quantiles import TABLE_SIZE

Draw = Callable[[npt.NDArray[np.float64], Whole, npt.NDArray[np.uint64] | int], Whole]
"""Draws from a quantile table for rows of a block, at one address or at an address of each."""


def arrive_reloads(carried: Counts, tables: Tables, interval: int, draw: Draw) -> Whole | None:
    """Advance the clocks to the next raid, and return the rounds reloaded until then, (R, K).

    Each reload that arrives may call the next one. None if no reload is on its way.
    """
    if (carried.due == NEVER).all() and (carried.called == NEVER).all():
        return None
    magazines, reloaded = tables.magazines, np.zeros_like(carried.due)
    for clock in (carried.due, carried.called):
        clock[clock != NEVER] -= interval
    while (arrived := _arrived(carried, tables)).any():
        rounds = np.where(arrived, carried.incoming, 0)
        carried.ready[:] += rounds
        reloaded += rounds
        called = arrived & (carried.ready <= magazines["reload_at"]) & (carried.reloads_left > 0)
        incoming = np.where(called, magazines["reload_rounds"], 0)
        if tables.depots.size:
            _take_in(carried, tables, rounds)
            _take_out(carried, tables, incoming)
            carried.called[:] = np.where(called & (incoming == 0), carried.due, carried.called)
        called = incoming > 0
        carried.reloads_left[:] -= called
        later = np.where(called, carried.due + _reload_ticks(carried, tables, called, draw), NEVER)
        carried.due[:] = np.where(arrived, later, carried.due)
        carried.incoming[:] = np.where(called, incoming, carried.incoming)
    return reloaded


def _reload_ticks(
    carried: Counts, tables: Tables, called: npt.NDArray[np.bool_], draw: Draw
) -> Whole:
    """Ticks of the reloads that are called (R, K): of each magazine, or drawn for each reload."""
    found: Whole = tables.magazines["reload_ticks"]
    if not tables.reload_times.size:
        return found
    found = np.tile(found, (len(called), 1))
    for n, own in enumerate(tables.reload_times):
        rows = np.flatnonzero(called[:, own["magazine"]])
        addresses = own["stream"] + carried.reloads_sent[rows, n].astype(np.uint64)
        table = tables.quantiles[own["table"] : own["table"] + TABLE_SIZE]
        found[rows, own["magazine"]] = draw(table, rows, addresses)
        carried.reloads_sent[rows, n] += 1
    return found


def _arrived(carried: Counts, tables: Tables) -> npt.NDArray[np.bool_]:
    """Reloads (R, K) that have arrived; with depots the first of each replication only.

    The order matters to a depot: by time, then by magazine.
    """
    arrived: npt.NDArray[np.bool_] = (carried.due != NEVER) & (carried.due <= 0)
    if not (tables.depots.size and arrived.any()):
        return arrived
    first = np.where(arrived, carried.due, 1).argmin(axis=1)
    arrived &= np.arange(tables.magazines.size) == first[:, np.newaxis]
    return arrived


def _take_in(carried: Counts, tables: Tables, rounds: Whole) -> None:
    """Take rounds (R, K) that arrive off those on their way; one reload a replication."""
    rows, magazines, depots = _from_depots(tables, rounds)
    carried.in_transit[rows, depots] -= rounds[rows, magazines]


def _take_out(carried: Counts, tables: Tables, rounds: Whole) -> None:
    """Take the rounds of reloads (R, K) from their depots, or as many as these hold."""
    rows, magazines, depots = _from_depots(tables, rounds)
    given = np.minimum(rounds[rows, magazines], carried.held[rows, depots])
    carried.held[rows, depots] -= given
    carried.in_transit[rows, depots] += given
    rounds[rows, magazines] = given


def _from_depots(tables: Tables, rounds: Whole) -> tuple[Whole, Whole, Whole]:
    """Replications, magazines and depots of the rounds (R, K) that come from a depot."""
    rows, magazines = np.nonzero((rounds > 0) & (tables.magazines["depot"] >= 0))
    return rows, magazines, tables.magazines["depot"][magazines]


def by_depot(rounds: Whole, tables: Tables) -> Whole | int:
    """Sums (R, D) over the magazines of each depot of rounds (R, K)."""
    if not tables.depots.size:
        return 0
    owns = tables.magazines["depot"][:, np.newaxis] == np.arange(tables.depots.size)
    found: Whole = rounds @ owns.astype(np.int64)
    return found


def replace_batteries(
    carried: Counts, lost_at: Whole, tables: Tables, supply: Supply, raid: int
) -> None:
    """Write the losses of the last raid into `lost_at` (R, B), and replace what is due.

    A replacement has no rounds before it is resupplied, except in infinite magazines. It has no
    reloads, except those without limit.
    """
    if (carried.loss == FOREVER).all():
        return
    new = (carried.loss != FOREVER) & (carried.loss != NEVER)
    lost_at[new] = carried.loss[new] + (raid - 1) * supply.interval
    carried.loss[new] = NEVER
    waited = raid * supply.interval - lost_at
    replaced = (carried.loss == NEVER) & (waited >= supply.replacement)
    carried.loss[replaced] = FOREVER
    carried.damage[replaced] = 0
    infinite = tables.magazines["rounds"] == INFINITE
    of_new = replaced[:, tables.magazines["battery"]]
    carried.ready[of_new & infinite] = INFINITE
    carried.reloads_left[of_new & (tables.magazines["reloads"] == INFINITE)] = INFINITE


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


class Delivered(NamedTuple):
    """A delivery that is drawn, in each replication of a block."""

    interceptor: int
    time: npt.NDArray[np.float64]  # (R,) [s]
    rounds: Whole  # (R,)


def draw_deliveries(supply: Supply, replications: int, draw: Draw) -> list[Delivered]:
    """Draw the times and rounds of deliveries, once for a whole campaign."""
    rows = np.arange(replications)

    def drawn(value: float | Drawn) -> npt.NDArray[np.float64]:
        if isinstance(value, Drawn):
            return draw(value.quantiles, rows, value.stream) / value.unit
        return np.full(replications, value)

    return [
        Delivered(own.interceptor, drawn(own.time), drawn(own.rounds).astype(np.int64))
        for own in supply.deliveries
    ]


def replenish(
    stock: Whole, supply: Supply, deliveries: list[Delivered], raid: int, draw: Draw
) -> tuple[Whole, Whole]:
    """Add the rounds that reach the stocks (R, I) before a raid.

    Return them, and the part of them that is drawn for this raid.
    """
    received = np.tile(supply.arrivals[raid], (len(stock), 1))
    before, start = supply.starts[raid - 1] if raid else -1.0, supply.starts[raid]
    for delivery in deliveries:
        arrives = (delivery.time > before) & (delivery.time <= start)
        received[:, delivery.interceptor] += np.where(arrives, delivery.rounds, 0)
    random = np.zeros_like(received)
    if raid > 0:
        for source in supply.drawn:
            address = source.stream + raid_offset(raid)
            drawn = draw(source.quantiles, np.arange(len(stock)), address)
            random[:, source.interceptor] = np.maximum(drawn, 0)
    received += random
    stock += received
    return received, random


def deliver(carried: Counts, stock: Whole, tables: Tables, supply: Supply) -> Whole:
    """Move rounds from the stocks (R, I) into the magazines and depots; return them (R, K + D)."""
    magazines = tables.magazines
    lacking = magazines["rounds"] - carried.ready
    if (pending := carried.due != NEVER).any():
        lacking -= np.where(pending, carried.incoming, 0)
    if (lost := carried.loss != FOREVER).any():
        lacking[lost[:, magazines["battery"]]] = 0
    if tables.depots.size:
        lacking = np.hstack([lacking, tables.depots["stocked"] - carried.held])
    wanted: Whole = np.clip(lacking, 0, supply.limit)
    total = wanted @ supply.sources
    # Before most raids no stock is short, and the loop is empty.
    for interceptor in np.flatnonzero((total > np.maximum(stock, 0)).any(axis=0)).tolist():
        own = supply.sources[:, interceptor] > 0
        wanted[:, own] = shared(wanted[:, own], stock[:, interceptor], supply.in_order)
        total[:, interceptor] = wanted[:, own].sum(axis=1)
    stock -= total
    carried.ready[:] += wanted[:, : magazines.size]
    carried.held[:] += wanted[:, magazines.size :]
    return wanted


def shared(wanted: Whole, stock: Whole, in_order: bool) -> Whole:
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
