"""Columns that follow the counts of a raid in a row of a campaign: supply before the raid.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

import itertools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.counts import width
from leakthrough.engine.decode import in_seconds, spread
from leakthrough.engine.lower_campaign import Supply
from leakthrough.engine.tables import Tables

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]


class Ledger(NamedTuple):
    """Columns that follow the counts of a raid in a row of a campaign."""

    delivered: Numbers  # (..., K) before the raid
    dry: Numbers  # (..., K) whether the magazine has run dry in this raid or earlier
    stock: Numbers  # (..., I) when the raid begins; NO_STOCK where there is none
    replenished: Numbers  # (..., I) before the raid
    stock_dry: Numbers  # (..., I) whether the stock has been empty by the start of the raid
    down_time: Numbers  # (..., A) ticks of aim points that are down until the next raid
    depot_delivered: Numbers  # (..., D) before the raid
    drawn: Numbers  # (..., I) part of `replenished` that is drawn for the raid
    in_transport: Numbers  # (..., K + D) when the raid begins; no columns without transport times
    away: Numbers  # (..., B) whether the battery is away; no columns without rotations
    asked: Numbers  # (..., U) before the raid, by other users of the stocks
    got: Numbers  # (..., U)
    pattern: Numbers  # (..., 1 + X) kind of raid, and the attacker's stocks; nothing if not used


def ledger_widths(tables: Tables, supply: Supply | None) -> tuple[int, ...]:
    """Numbers of columns of the parts of a ledger but the last; without `supply`, as if unused."""
    magazines, interceptors = tables.magazines.size, tables.interceptors
    ends = tables.assets.size, tables.depots.size, interceptors
    receivers = magazines + tables.depots.size
    return (
        *(magazines, magazines, interceptors, interceptors, interceptors, *ends),
        receivers if supply and supply.ships else 0,
        tables.batteries.size if supply and supply.rotates else 0,
        *((supply.demand.size,) * 2 if supply else (0, 0)),
    )


def named_ledger(rows: Numbers, tables: Tables, supply: Supply | None = None) -> Ledger:
    """Name the columns that follow the counts; without `supply`, not those of rare rules."""
    widths = ledger_widths(tables, supply)
    stops = [*itertools.accumulate(widths, initial=width(tables)), rows.shape[-1]]
    return Ledger(*(rows[..., first:stop] for first, stop in itertools.pairwise(stops)))


def supply_of(ledger: Ledger, tables: Tables, supply: Supply) -> dict[str, Array]:
    """Result variables of the rows of a ledger."""
    return {
        "delivered": spread(ledger.delivered, tables, 0),
        "dry_so_far": spread(ledger.dry, tables, False, np.bool_),
        "stock": ledger.stock,
        "replenished": ledger.replenished,
        "drawn": ledger.drawn,
        "stock_dry_so_far": ledger.stock_dry != 0,
        **({"down_time": in_seconds(ledger.down_time)} if tables.assets.size else {}),
        **({"depot_delivered": ledger.depot_delivered} if tables.depots.size else {}),
        **(_in_transport(ledger.in_transport, tables) if supply.ships else {}),
        **({"away": ledger.away != 0} if supply.rotates else {}),
        **({"asked": ledger.asked, "got": ledger.got} if supply.demand.size else {}),
    }


def _in_transport(rounds: Numbers, tables: Tables) -> dict[str, Array]:
    """Variables of the rounds (n, K + D) on their way to magazines and depots."""
    to_magazines, to_depots = np.split(rounds, [tables.magazines.size], axis=1)
    found: dict[str, Array] = {"in_transport": spread(to_magazines, tables, 0)}
    return found | ({"depot_in_transport": to_depots} if tables.depots.size else {})
