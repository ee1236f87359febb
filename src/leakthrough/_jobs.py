"""What a block computes: one raid, or a campaign of them, for a stretch of replications.

Letters of the shapes as in `leakthrough._tables`; R is the replications of a block.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from leakthrough import _kernel, _resupply
from leakthrough._campaign_tables import Plan
from leakthrough._draws import raid_offset
from leakthrough._state import (
    Counts,
    State,
    named_counts,
    new_carried,
    new_counts,
    new_state,
    width,
)
from leakthrough._tables import Tables
from leakthrough.results import rows_of, spread

Array = npt.NDArray[Any]
Flag = npt.NDArray[np.uint8]
Block = list[npt.NDArray[np.int64]]
"""Rows of counts of some replications, one array for each raid."""


class Job(Protocol):
    """Computes blocks; it is sent to other processes, so it must pickle."""

    @property
    def raids(self) -> int:
        """How many raids there are in a replication."""

    def block(self, seed: int, start: int, stop: int, flag: Flag) -> Block:
        """Compute the replications from `start` up to `stop`; void if the flag was set."""

    def variables(self, raid: int, rows: npt.NDArray[np.int64]) -> Mapping[str, Array]:
        """Result variables of one raid of some replications."""


def run_block(tables: Tables, seed: int, start: int, stop: int, flag: Flag) -> Counts:
    """Counts of one raid, in the replications from `start` up to `stop`."""
    counts, carried = new_counts(tables, stop - start), new_carried(tables, stop - start)
    _kernel.simulate_block(new_state(tables), counts.rows, carried.rows, seed, start, 0, flag)
    return counts


class RaidJob(NamedTuple):
    """One raid."""

    tables: Tables
    raids: int = 1

    def block(self, seed: int, start: int, stop: int, flag: Flag) -> Block:
        """Compute the replications from `start` up to `stop`."""
        return [run_block(self.tables, seed, start, stop, flag).rows]

    def variables(self, raid: int, rows: npt.NDArray[np.int64]) -> Mapping[str, Array]:
        """Result variables of one raid of some replications."""
        return rows_of(named_counts(rows, self.tables), self.tables)


class Ledger(NamedTuple):
    """What stands in a row of a campaign behind the counts of a raid."""

    delivered: npt.NDArray[np.int64]  # (R, K) before the raid
    dry: npt.NDArray[np.int64]  # (R, K) whether the magazine has run dry in this raid or earlier
    stock: npt.NDArray[np.int64]  # (R, I) when the raid begins; NO_STOCK where there is none
    replenished: npt.NDArray[np.int64]  # (R, I) before the raid
    stock_dry: npt.NDArray[np.int64]  # (R, I) whether the stock has been empty now or earlier


def _ledger(rows: npt.NDArray[np.int64], tables: Tables) -> Ledger:
    magazines, interceptors = tables.magazines.size, tables.kill.shape[0]
    widths = [magazines, magazines, interceptors, interceptors, interceptors]
    return Ledger(*np.split(rows[:, width(tables) :], np.cumsum(widths)[:-1], axis=1))


class CampaignJob(NamedTuple):
    """Raids in sequence, for all replications of a block at a time."""

    plan: Plan
    raids: int
    salvos: int  # of all raids together

    def block(self, seed: int, start: int, stop: int, flag: Flag) -> Block:
        """Compute the replications from `start` up to `stop`."""
        states = [new_state(tables) for tables in self.plan.tables]
        season = Season(self.plan, seed, start, stop - start)
        found: Block = []
        while season.raid < self.raids and not flag[0]:
            found.append(season.next_raid(states[self.plan.kinds[season.raid]], flag))
        return found

    def variables(self, raid: int, rows: npt.NDArray[np.int64]) -> Mapping[str, Array]:
        """Result variables of one raid of some replications."""
        kind = self.plan.kinds[raid]
        tables, places = self.plan.tables[kind], self.plan.salvos[kind]
        counts, ledger = named_counts(rows[:, : width(tables)], tables), _ledger(rows, tables)
        found = {**rows_of(counts, tables, aimed=True), "launched": counts.launched}
        for name in ("launched", "leaked", "leak_cause", "killed", "soft_killed"):
            found[name] = _placed(found[name], 1, places, self.salvos)
        if "leaked_so_far" in found:
            found["leaked_so_far"] = _placed(found["leaked_so_far"], 2, places, self.salvos)
        return {
            **found,
            "delivered": spread(ledger.delivered, tables, 0),
            "dry_so_far": spread(ledger.dry, tables, 0),
            "stock": ledger.stock,
            "replenished": ledger.replenished,
            "stock_dry_so_far": ledger.stock_dry,
        }


def _placed(values: Array, axis: int, places: Array, number: int) -> Array:
    """Put the salvos of one raid among those of all raids."""
    shape = [*values.shape[:axis], number, *values.shape[axis + 1 :]]
    found = np.zeros(shape, values.dtype)
    found[(slice(None),) * axis + (places,)] = values
    return found


class Season:
    """What some replications hold from raid to raid; `raid` is the number of the next one."""

    def __init__(self, plan: Plan, seed: int, start: int, replications: int) -> None:
        self.plan, self.seed, self.start, self.raid = plan, seed, start, 0
        tables = plan.tables[0]
        self.carried = new_carried(tables, replications)
        self.stock = np.tile(plan.supply.stock, (replications, 1))
        self.lost_at = np.zeros((replications, tables.batteries.size), np.int64)
        self.dry = np.zeros((replications, tables.magazines.size), np.bool_)
        self.stock_dry = np.zeros(self.stock.shape, np.bool_)

    def next_raid(self, state: State, flag: Flag) -> npt.NDArray[np.int64]:
        """Resupply, and then the raid, in a state of its tables: its rows."""
        tables = self.plan.tables[self.plan.kinds[self.raid]]
        extra = 2 * tables.magazines.size + 3 * tables.kill.shape[0]
        rows = np.zeros((len(self.stock), width(tables) + extra), np.int64)
        ledger = _ledger(rows, tables)
        reloaded = self._between(ledger, tables)
        offset = raid_offset(self.raid)
        arguments = rows, self.carried.rows, self.seed, self.start, offset, flag
        _kernel.simulate_block(state, *arguments)
        counts = named_counts(rows[:, : width(tables)], tables)
        counts.reloaded[:] += reloaded
        self.dry |= counts.depletion != _kernel.NEVER
        ledger.dry[:] = self.dry
        self.raid += 1
        return rows

    def _between(self, ledger: Ledger, tables: Tables) -> npt.NDArray[np.int64]:
        """What happens before a raid; rounds that reloads bring meanwhile."""
        carried, supply = self.carried, self.plan.supply
        reloaded = np.zeros_like(ledger.delivered)
        ledger.replenished[:] = _resupply.replenish(
            self.stock, supply, self.seed, self.start, self.raid
        )
        if self.raid > 0:
            reloaded = _resupply.arrive_reloads(carried, tables, supply.interval)
            _resupply.replace_batteries(carried, self.lost_at, tables, supply, self.raid)
            ledger.delivered[:] = _resupply.deliver(carried, self.stock, tables, supply)
        self.stock_dry |= self.stock == 0
        ledger.stock[:], ledger.stock_dry[:] = self.stock, self.stock_dry
        return reloaded
