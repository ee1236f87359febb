"""Resupply between raids, for all replications of a block at once, in whole numbers.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE, NEVER
from leakthrough.engine.counts import Counts
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_campaign import Drawn, DrawnByRaid, Supply, Times
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


_MOST_COUNTED = 2**40
"""Rounds of a magazine, at most, that are compared with a level; more than any level."""


class Rotating:
    """Batteries that are away to reload, and the rounds that they have."""

    def __init__(self, replications: int, tables: Tables) -> None:
        self.away = np.zeros((replications, tables.batteries.size), np.bool_)
        self.returned = np.zeros((replications, tables.magazines.size), np.bool_)  # before a raid
        self.aboard = np.zeros((replications, tables.magazines.size), np.int64)
        self.back_at = np.zeros((replications, tables.batteries.size), np.int64)

    def move(self, carried: Counts, tables: Tables, supply: Supply, raid: int, draw: Draw) -> None:
        """Let batteries leave after the last raid, and return before the next.

        To the raids they are like batteries lost in an earlier raid.
        """
        counted = np.minimum(carried.ready, _MOST_COUNTED) @ supply.leaving
        leaving = (counted <= supply.leave_at) & (carried.loss == FOREVER)
        rows, left = np.nonzero(leaving)
        delay = drawn_ticks(supply.absence, rows, left, raid - 1, draw)
        self.back_at[rows, left] = (raid - 1) * supply.interval + delay
        carried.loss[leaving] = NEVER
        self.away |= leaving
        self._move_rounds(self.aboard, carried.ready, leaving[:, tables.magazines["battery"]])
        back = self.away & (self.back_at <= raid * supply.interval)
        carried.loss[back] = FOREVER
        self.away &= ~back
        self.returned = back[:, tables.magazines["battery"]]
        self._move_rounds(carried.ready, self.aboard, self.returned)

    @staticmethod
    def _move_rounds(to: Whole, source: Whole, chosen: npt.NDArray[np.bool_]) -> None:
        to[chosen], source[chosen] = source[chosen], 0


def replace_batteries(
    carried: Counts,
    back_at: Whole,
    away: npt.NDArray[np.bool_] | bool,
    tables: Tables,
    supply: Supply,
    raid: int,
    draw: Draw,
) -> None:
    """Write when what the last raid destroyed is back into `back_at` (R, B); replace what is due.

    A replacement has no rounds before it is resupplied, except in infinite magazines. It has no
    reloads, except those without limit.
    """
    if (carried.loss == FOREVER).all():
        return
    rows, lost = np.nonzero((carried.loss != FOREVER) & (carried.loss != NEVER))
    back_at[rows, lost] = carried.loss[rows, lost] + (raid - 1) * supply.interval
    back_at[rows, lost] += drawn_ticks(supply.replacement, rows, lost, raid - 1, draw)
    carried.loss[rows, lost] = NEVER
    replaced = (carried.loss == NEVER) & (back_at <= raid * supply.interval) & ~np.asarray(away)
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
        _draw_into(random, supply.drawn, raid, draw)
    received += random
    stock += received
    return received, random


def drawn_ticks(times: Times, rows: Whole, indices: Whole, raid: int, draw: Draw) -> Whole:
    """Ticks of times, each of one replication and of what has an index, drawn in a raid."""
    found: Whole = times.ticks[indices]
    for own in times.drawn:
        chosen = np.flatnonzero(indices == own.owner)
        found[chosen] = draw(own.quantiles, rows[chosen], own.stream + raid_offset(raid))
    return found


class Shipments:
    """Rounds on their way to magazines and depots, by the raid before which they arrive."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.rounds = np.zeros(shape, np.int64)  # (R, K + D)
        self._due: dict[int, list[tuple[Whole, Whole, Whole]]] = {}

    def send(self, sent: Whole, supply: Supply, raid: int, draw: Draw) -> None:
        """Put rounds (R, K + D) on their way, from the start of a raid."""
        rows, receivers = np.nonzero(sent)
        self.rounds += sent
        ticks = drawn_ticks(supply.transport, rows, receivers, raid, draw)
        raids = np.where(ticks > 0, -(-ticks // max(supply.interval, 1)), 0)
        if supply.interval == 0:
            raids[ticks > 0] = len(supply.arrivals)
        # Those that arrive after the last raid need not be known one by one.
        for later in np.unique(raids[raids < len(supply.arrivals) - raid]).tolist():
            own = rows[raids == later], receivers[raids == later]
            self._due.setdefault(raid + later, []).append((*own, sent[own]))

    def arrive(self, raid: int) -> Whole:
        """Take the rounds (R, K + D) that have arrived off those on their way."""
        found = np.zeros_like(self.rounds)
        for rows, receivers, rounds in self._due.pop(raid, []):
            found[rows, receivers] += rounds
        self.rounds -= found
        return found


def deliver(
    carried: Counts,
    stock: Whole,
    tables: Tables,
    supply: Supply,
    shipments: Shipments | None,
    rotating: Rotating | None,
    asked: Whole,
    raid: int,
    draw: Draw,
) -> tuple[Whole, Whole]:
    """Move rounds from the stocks (R, I) into the magazines and depots; return them (R, K + D).

    Also return what other users, who have `asked` (R, U), got. Those with a transport time arrive
    before a later raid. Batteries that come back have reloaded where the stock is.
    """
    lacking = _lacking(carried, tables)
    limit, awaited = supply.limit, np.zeros_like(supply.limit)
    arrived = home = np.zeros((1, lacking.shape[1]), np.int64)
    if shipments is not None:
        came = shipments.arrive(raid)
        arrived = np.minimum(came, lacking)
        stock += (came - arrived) @ supply.sources[: lacking.shape[1]]
        lacking -= arrived
        awaited = shipments.rounds
    if rotating is not None:
        home = np.hstack([rotating.returned, np.zeros((len(lacking), tables.depots.size), bool)])
        limit, awaited = np.where(home, INFINITE, limit), np.where(home, 0, awaited)
    wanted = np.clip(lacking - awaited, 0, limit)
    taken = _taken(np.hstack([wanted, asked]) if asked.shape[1] else wanted, stock, supply)
    sent, got = taken[:, : lacking.shape[1]], taken[:, lacking.shape[1] :]
    if shipments is not None:
        shipments.send(np.where(home, 0, sent), supply, raid, draw)
        sent = arrived + np.where(home, sent, 0) + shipments.arrive(raid)
    carried.ready[:] += sent[:, : tables.magazines.size]
    carried.held[:] += sent[:, tables.magazines.size :]
    return sent, got


def demands(replications: int, supply: Supply, raid: int, draw: Draw) -> Whole:
    """Rounds (R, U) that other users of the stocks ask for before a raid."""
    asked = np.tile(supply.demand, (replications, 1))
    _draw_into(asked, supply.drawn_demand, raid, draw)
    return asked


def _draw_into(rounds: Whole, sources: Sequence[DrawnByRaid], raid: int, draw: Draw) -> None:
    """Write what is drawn for a raid, not below 0, into the columns of its owners (R, ...)."""
    rows = np.arange(len(rounds))
    for own in sources:
        drawn = draw(own.quantiles, rows, own.stream + raid_offset(raid))
        rounds[:, own.owner] = np.maximum(drawn, 0)


def _lacking(carried: Counts, tables: Tables) -> Whole:
    """Rounds (R, K + D) that magazines lack, after reloads on their way, and depots."""
    magazines = tables.magazines
    lacking = magazines["rounds"] - carried.ready
    if (pending := carried.due != NEVER).any():
        lacking -= np.where(pending, carried.incoming, 0)
    if (lost := carried.loss != FOREVER).any():
        lacking[lost[:, magazines["battery"]]] = 0
    if tables.depots.size:
        lacking = np.hstack([lacking, tables.depots["stocked"] - carried.held])
    found: Whole = np.maximum(lacking, 0)
    return found


def _taken(wanted: Whole, stock: Whole, supply: Supply) -> Whole:
    """Take what is wanted (R, K + D) from the stocks (R, I), or shares of those too small."""
    total = wanted @ supply.sources
    # Before most raids no stock is short, and the loop is empty.
    for interceptor in np.flatnonzero((total > np.maximum(stock, 0)).any(axis=0)).tolist():
        own = supply.sources[:, interceptor] > 0
        wanted[:, own] = shared(wanted[:, own], stock[:, interceptor], supply.in_order)
        total[:, interceptor] = wanted[:, own].sum(axis=1)
    stock -= total
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
