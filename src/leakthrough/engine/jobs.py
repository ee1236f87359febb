"""Jobs: the computation of one raid or of a campaign, for a block of replications.

Letters of the shapes as in `leakthrough.engine.layout`; R is the replications of a block.
"""

import math
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from leakthrough.engine import resupply
from leakthrough.engine.codes import NEVER
from leakthrough.engine.counts import named_counts, new_carried, new_rows, slices_of, width
from leakthrough.engine.decisions import REPLENISHMENT, Cell, Decisions, all_cells
from leakthrough.engine.decode import (
    first_dry,
    launched_of,
    losses_of,
    rows_of,
    spread,
)
from leakthrough.engine.ledger import Ledger, ledger_widths, named_ledger, supply_of
from leakthrough.engine.lower_campaign import Plan
from leakthrough.engine.raid_sizes import RaidSizes, of_kinds
from leakthrough.engine.state import State, new_state
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import raid_offset
from leakthrough.model.quantiles import mean_and_variance

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.int64]
Flag = npt.NDArray[np.uint8]
Block = list[Numbers]
"""Rows of counts (raids, replications, columns): one array for each kind of raid."""
States = list[State]
"""Memory of the kernel for one thread: one state for each kind of raid."""


class Job(Protocol):
    """Computes blocks. It is sent to other processes, so it must pickle."""

    @property
    def raids(self) -> int:
        """Number of raids in a replication."""

    @property
    def along_raids(self) -> bool:
        """Whether the second axis of the variables is the raid."""

    @property
    def events(self) -> float:
        """Upper bound of the events in a replication, up to a small factor."""

    @property
    def cells(self) -> dict[Cell, float]:
        """Cells of random decisions, and variances (`leakthrough.engine.decisions`)."""

    @property
    def has_rules(self) -> bool:
        """Whether any raid has rules that few scenarios have: these have a kernel of their own."""

    def compile(self) -> None:
        """Compile what a block needs, or load it from the cache."""

    def new_states(self) -> States:
        """Memory in which blocks can be computed one after another."""

    def new_rows(self, replications: int) -> Block:
        """Zeroed rows for some replications."""

    def block(self, seed: int, start: int, rows: Block, flag: Flag, states: States) -> None:
        """Compute as many replications from `start` as there are rows; void if the flag is set."""

    def variables(self, block: Block) -> Mapping[str, Array]:
        """Result variables of some replications; the replication is the first dimension."""

    def kept(self, block: Block) -> Mapping[str, Array]:
        """`variables`, and those that exist only where every replication is kept."""


def run_kernel(state: State, *arguments: Any) -> None:
    """Compute a block in a state; see `engine.kernel.replication`."""
    # Imported here because the import of Numba takes half a second.
    from leakthrough.engine.kernel.replication import simulate_block
    from leakthrough.engine.kernel.state_pointer import handle

    simulate_block(handle(state), *arguments)


def is_compiling() -> bool:
    """Whether the cache does not contain the kernel, so that it is compiled."""
    module = sys.modules.get("leakthrough.engine.kernel.replication")
    kernel: Any = getattr(module, "simulate_block", None)
    return hasattr(kernel, "stats") and bool(kernel.stats.cache_misses)


def draw_numbers(quantiles: Array, seed: int, replications: Array, address: Array | int) -> Numbers:
    """Draw whole numbers (n,) from a quantile table for replications (n,), each at an address.

    `address` is one number for all, or an array (n,).
    """
    from leakthrough.engine.kernel import draws

    number = len(replications)
    found = np.zeros(number, dtype=np.int64)
    # Always unsigned: Numba would compile the function again for another type.
    addresses = np.full(number, address, np.uint64)
    draws.draw_numbers(quantiles, seed, replications.astype(np.uint64), addresses, found)
    return found


def draw_integers(seed: int, start: int, address: int, number: int) -> Numbers:
    """Draw 32-bit integers for replications from `start`, (number,)."""
    from leakthrough.engine.kernel import draws

    found = np.zeros(number, dtype=np.int64)
    draws.draw_integers(seed, start, np.uint64(address), found)
    return found


def run_block(
    tables: Tables, rows: Numbers, seed: int, start: int, flag: Flag, state: State
) -> None:
    """Compute one raid of as many replications from `start` as there are zeroed rows."""
    # Nothing is carried: copying it in and out took 9 % of the time of a raid of ten threats.
    run_kernel(state, rows, np.empty((len(rows), 0), np.int64), seed, start, 0, flag)


def _events(tables: Tables) -> float:
    """Upper bound of the events of a raid: openings, openings tried by batteries, engagements."""
    magazines = tables.magazines
    rounds = magazines["rounds"] + tables.to_come
    openings = tables.threats * (tables.layers.size + tables.batteries.size)
    return float(openings + rounds.sum(dtype=np.float64))


class RaidJob(NamedTuple):
    """One raid; `first` is the number of its first replication.

    Without `decisions`, its variables do not include the random decisions.
    """

    tables: Tables
    decisions: Decisions | None = None
    raids: int = 1
    along_raids: bool = False
    first: int = 0

    @property
    def events(self) -> float:
        """Upper bound."""
        return _events(self.tables)

    @property
    def cells(self) -> dict[Cell, float]:
        """Cells of random decisions."""
        return self.decisions.cells if self.decisions else {}

    @property
    def has_rules(self) -> bool:
        """Whether the raid has rules that few scenarios have."""
        return self.tables.has_rules

    def compile(self) -> None:
        """Compile the kernel, or load it from the cache."""
        self.block(0, 0, self.new_rows(0), np.zeros(1, np.uint8), self.new_states())

    def new_states(self) -> States:
        """Memory for one thread."""
        return [new_state(self.tables)]

    def new_rows(self, replications: int) -> Block:
        """Zeroed rows for some replications."""
        return [new_rows(self.tables, replications)[np.newaxis]]

    def block(self, seed: int, start: int, rows: Block, flag: Flag, states: States) -> None:
        """Compute the replications from `start` on."""
        run_block(self.tables, rows[0][0], seed, self.first + start, flag, states[0])

    def variables(self, block: Block) -> Mapping[str, Array]:
        """Result variables of some replications."""
        counts = named_counts(block[0][0], self.tables)
        losses = losses_of(counts, self.tables) if self.tables.landings.size else {}
        drawn = self.decisions.of(counts) if self.decisions else {}
        launched = launched_of(counts, self.tables)
        return {**launched, **rows_of(counts, self.tables), **losses, **drawn}

    def kept(self, block: Block) -> Mapping[str, Array]:
        """The same."""
        return self.variables(block)


class CampaignJob(NamedTuple):
    """Raids in sequence, for all replications of a block; `first` as for a raid."""

    plan: Plan
    salvos: int  # of all raids together
    decisions: tuple[Decisions, ...]  # of each kind of raid
    along_raids: bool = True
    first: int = 0

    @property
    def raids(self) -> int:
        """Their number."""
        return len(self.plan.kinds)

    @property
    def events(self) -> float:
        """Upper bound."""
        return self.raids * max(map(_events, self.plan.tables))

    @property
    def cells(self) -> dict[Cell, float]:
        """Cells of random decisions."""
        found = all_cells(self.decisions)
        sizes = self.plan.pattern.random.tolist() if self.plan.pattern else []
        return {
            **found,
            **{
                (REPLENISHMENT, own.owner): mean_and_variance(own.quantiles, 1)[1]
                for own in self.plan.supply.drawn
            },
            **{("size", salvo): math.nan for salvo in sizes},
        }

    @property
    def has_rules(self) -> bool:
        """Whether any raid has rules that few scenarios have."""
        return any(tables.has_rules for tables in self.plan.tables)

    def compile(self) -> None:
        """Compile the kernels, or load them from the cache."""
        run = CampaignRun(self.plan, 0, 0, campaign_rows(self.plan, 0))
        for kind in self.plan.kinds[:2]:
            run.next_raid(new_state(self.plan.tables[kind]), np.zeros(1, np.uint8))

    def new_states(self) -> States:
        """Memory for one thread."""
        return [new_state(tables) for tables in self.plan.tables]

    def new_rows(self, replications: int) -> Block:
        """Zeroed rows for some replications."""
        return campaign_rows(self.plan, replications)

    def block(self, seed: int, start: int, rows: Block, flag: Flag, states: States) -> None:
        """Compute the replications from `start` on."""
        run = CampaignRun(self.plan, seed, self.first + start, rows)
        while run.raid < self.raids and not flag[0]:
            run.next_raid(states[self.plan.kinds[run.raid]], flag)

    def variables(self, block: Block) -> Mapping[str, Array]:
        """Result variables of some replications, with the raids in order along the second axis."""
        found: dict[str, Array] = {}
        cells = {cell: n for n, cell in enumerate(self.cells)}
        for kind, rows in enumerate(block):
            raids = [n for n, other in enumerate(self.plan.kinds) if other == kind]
            for name, flat in self._of_kind(kind, rows.reshape(-1, rows.shape[2]), cells).items():
                values = flat.reshape(*rows.shape[:2], *flat.shape[1:]).swapaxes(0, 1)
                if len(block) == 1:
                    found[name] = values
                    continue
                shape = len(values), self.raids, *values.shape[2:]
                found.setdefault(name, np.empty(shape, values.dtype))[:, raids] = values
        self._add_replenishments(found, cells)
        if (pattern := self.plan.pattern) is not None:
            own = [cells["size", salvo] for salvo in pattern.random.tolist()]
            found["occurred"][..., own] = found["launched"][..., pattern.random]
            found["expected"][..., own] = pattern.means[:, pattern.random]
        return found

    def _add_replenishments(self, found: dict[str, Array], cells: Mapping[Cell, int]) -> None:
        """Add the random replenishments to what occurred; there is none before the first raid."""
        random = found.pop("drawn")
        for drawn in self.plan.supply.drawn:
            own, cell = drawn.owner, cells[REPLENISHMENT, drawn.owner]
            found["occurred"][..., cell] = random[..., own]
            found["expected"][:, 1:, cell] = mean_and_variance(drawn.quantiles, 1)[0]

    def kept(self, block: Block) -> Mapping[str, Array]:
        """`variables`, and the raid in which each magazine and each stock first ran dry."""
        ledgers = list(map(named_ledger, block, self.plan.tables))
        # A magazine that is dry by one raid counts as dry by all later ones, so the number of
        # such raids gives the first.
        dry = sum(ledger.dry.sum(axis=0) for ledger in ledgers)
        stock_dry = sum(ledger.stock_dry.sum(axis=0) for ledger in ledgers)
        first = first_dry(np.asarray(dry), self.raids)
        return {
            **self.variables(block),
            "first_dry": spread(first, self.plan.tables[0], np.nan, np.float64),
            "stock_first_dry": first_dry(np.asarray(stock_dry), self.raids),
        }

    def _of_kind(self, kind: int, rows: Numbers, cells: Mapping[Cell, int]) -> Mapping[str, Array]:
        """Result variables of rows of one kind of raid; `cells` are those of all kinds."""
        tables, salvos = self.plan.tables[kind], self.plan.salvos[kind]
        supply = self.plan.supply
        counts, ledger = named_counts(rows, tables), named_ledger(rows, tables, supply)
        found = {**rows_of(counts, tables), "launched": counts.launched}
        for name in ("launched", "leaked", "leak_cause", "killed", "soft_killed"):
            found[name] = among_all(found[name], 1, salvos, self.salvos)
        if "leaked_so_far" in found:
            found["leaked_so_far"] = among_all(found["leaked_so_far"], 2, salvos, self.salvos)
        if any(each.landings.size for each in self.plan.tables):
            found |= losses_of(counts, tables)
        own = np.array([cells[cell] for cell in self.decisions[kind].cells], np.int64)
        for name, values in self.decisions[kind].of(counts).items():
            found[name] = among_all(values, 1, own, len(cells))
        return {
            **found,
            **supply_of(ledger, tables, supply),
            **_of_pattern(ledger.pattern, self.plan),
        }


def _of_pattern(columns: Numbers, plan: Plan) -> dict[str, Array]:
    """Variables of the kinds of raids and of the attacker's stocks, if there are any."""
    if plan.pattern is None:
        return {}
    stocks = {"threat_stock": columns[:, 1:]} if plan.pattern.stocks else {}
    return {"raid_kind": of_kinds(columns, len(plan.pattern.counts)), **stocks}


def campaign_job(plan: Plan, salvos: int) -> CampaignJob:
    """The job of a campaign with a number of different salvos."""
    return CampaignJob(plan, salvos, tuple(map(Decisions, plan.tables, plan.salvos)))


def among_all(values: Array, axis: int, indices: Array, number: int) -> Array:
    """Put the salvos of one kind of raid among the salvos of all raids, with 0 elsewhere."""
    if len(indices) == number and (indices == np.arange(number)).all():
        return values
    found = np.zeros([*values.shape[:axis], number, *values.shape[axis + 1 :]], values.dtype)
    found[(slice(None),) * axis + (indices,)] = values
    return found


def campaign_rows(plan: Plan, replications: int) -> Block:
    """Zeroed rows of a campaign: the counts of each raid, followed by its ledger."""
    ledger = sum(ledger_widths(plan.tables[0], plan.supply))
    ledger += plan.pattern.width if plan.pattern else 0
    return [
        np.zeros((plan.kinds.count(kind), replications, width(tables) + ledger), np.int64)
        for kind, tables in enumerate(plan.tables)
    ]


class CampaignRun:
    """State of some replications between raids; `raid` is the number of the next raid."""

    def __init__(self, plan: Plan, seed: int, start: int, rows: Block) -> None:
        self.plan, self.seed, self.start, self.raid = plan, seed, start, 0
        tables, replications = plan.tables[0], rows[0].shape[1]
        self.carried = new_carried(tables, replications)
        self.stock = np.tile(plan.supply.stock, (replications, 1))
        self.back_at = np.zeros((replications, tables.batteries.size), np.int64)
        self.dry = np.zeros((replications, tables.magazines.size), np.bool_)
        self.stock_dry = np.zeros(self.stock.shape, np.bool_)
        self.unused = [iter(of_kind) for of_kind in rows]
        receivers = replications, tables.magazines.size + tables.depots.size
        ships = plan.supply.ships
        self.shipments = resupply.Shipments(receivers) if ships else None
        rotates = plan.supply.rotates
        self.rotating = resupply.Rotating(replications, tables) if rotates else None
        names = ("reloaded", "depot_reloaded", "depletion", "remaining")
        self.columns = [slices_of(own, *names) for own in plan.tables]
        self.sizes = RaidSizes(plan.pattern, replications) if plan.pattern else None
        self.deliveries = resupply.draw_deliveries(plan.supply, replications, self._drawn)

    def next_raid(self, state: State, flag: Flag) -> None:
        """Resupply, then compute the raid in a state of its kind."""
        kind = self.plan.kinds[self.raid]
        tables, rows = self.plan.tables[kind], next(self.unused[kind])
        ledger = named_ledger(rows, tables, self.plan.supply)
        reloaded = self._resupply(ledger, tables)
        if self.sizes is not None:
            ledger.pattern[:], self.carried.given[:] = self.sizes.decide(
                self.raid, self._drawn, self._integers
            )
        offset = raid_offset(self.raid)
        run_kernel(state, rows, self.carried.rows, self.seed, self.start, offset, flag)
        columns = self.columns[kind]
        if reloaded is not None:
            rows[:, columns["reloaded"]] += reloaded
            rows[:, columns["depot_reloaded"]] += resupply.by_depot(reloaded, tables)
        self.dry |= rows[:, columns["depletion"]] != NEVER
        if self.rotating is not None:
            rows[:, columns["remaining"]] += self.rotating.aboard
            ledger.away[:] = self.rotating.away
        ledger.dry[:] = self.dry
        ledger.down_time[:] = resupply.down_time(self.carried, tables, self.plan.supply.interval)
        self.raid += 1

    def _drawn(self, quantiles: Array, rows: Array, address: Array | int) -> Numbers:
        """Draw for some of the replications."""
        return draw_numbers(quantiles, self.seed, self.start + rows, address)

    def _integers(self, address: int, number: int) -> Numbers:
        return draw_integers(self.seed, self.start, address, number)

    def _resupply(self, ledger: Ledger, tables: Tables) -> Numbers | None:
        """Replenish, reload, replace and deliver before a raid; return the rounds reloaded."""
        carried, supply = self.carried, self.plan.supply
        reloaded = None
        ledger.replenished[:], ledger.drawn[:] = resupply.replenish(
            self.stock, supply, self.deliveries, self.raid, self._drawn
        )
        if self.raid > 0:
            reloaded = resupply.arrive_reloads(carried, tables, supply.interval, self._drawn)
            resupply.repair(carried, supply.interval)
            if self.rotating is not None:
                self.rotating.move(carried, tables, supply, self.raid, self._drawn)
            away = self.rotating.away if self.rotating is not None else False
            resupply.replace_batteries(
                *(carried, self.back_at, away, tables, supply, self.raid, self._drawn)
            )
            asked = resupply.demands(len(self.stock), supply, self.raid, self._drawn)
            delivered, got = resupply.deliver(
                *(carried, self.stock, tables, supply, self.shipments, self.rotating),
                *(asked, self.raid, self._drawn),
            )
            ledger.asked[:], ledger.got[:] = asked, got
            ledger.delivered[:] = delivered[:, : tables.magazines.size]
            ledger.depot_delivered[:] = delivered[:, tables.magazines.size :]
        if self.shipments is not None:
            ledger.in_transport[:] = self.shipments.rounds
        self.stock_dry |= self.stock == 0
        ledger.stock[:], ledger.stock_dry[:] = self.stock, self.stock_dry
        return reloaded
