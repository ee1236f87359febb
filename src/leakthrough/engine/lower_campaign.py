"""Lowering of a campaign: its raids as tables, and the resupply between raids.

Letters of the shapes as in `leakthrough.engine.layout`, but N is the number of raids.
"""

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE
from leakthrough.engine.labels import Labels, label, units_of
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_pattern import Pattern, lower_pattern
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign, differing_raids, raids_by_place
from leakthrough.model.discrete import TICKS_A_SECOND, stream, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.quantiles import quantile_table
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import Salvo
from leakthrough.model.supply import Stock, resupply_limits

NO_STOCK = -1
_TOLERANCE = 1e-9
"""Added so that a rate such as 0.1 a night loses no round to rounding on the tenth night."""


class Replenishment(NamedTuple):
    """A random replenishment of a stock."""

    interceptor: int
    stream: int
    quantiles: npt.NDArray[np.float64]  # (2 * 4097,)


class Drawn(NamedTuple):
    """What is drawn once in a replication."""

    stream: int
    quantiles: npt.NDArray[np.float64]  # (2 * 4097,)
    unit: int  # by which the draws are divided


class DrawnDelivery(NamedTuple):
    """A delivery of which the time, the rounds, or both, are drawn."""

    interceptor: int
    time: float | Drawn  # [s]
    rounds: float | Drawn


class Supply(NamedTuple):
    """What happens between raids."""

    interval: int  # ticks
    starts: npt.NDArray[np.float64]  # (N,) [s]
    replacement: int  # ticks from a loss to the replacement; FOREVER for never
    limit: Whole  # (K + D,) maximum number of rounds delivered before a raid
    stock: Whole  # (I,) rounds at the start; NO_STOCK where there is none
    arrivals: Whole  # (N, I) rounds that reach the stock before each raid, without random ones
    drawn: tuple[Replenishment, ...]
    deliveries: tuple[DrawnDelivery, ...]
    sources: Whole  # (K + D, I) 1 where a magazine or depot is supplied from a stock, 0 elsewhere
    in_order: bool  # whether a short stock is given out in battery order, not in proportion


class Plan(NamedTuple):
    """A lowered campaign."""

    tables: tuple[Tables, ...]  # of each kind of raid: raids with the same salvos are one kind
    kinds: tuple[int, ...]  # kind of each raid
    salvos: tuple[Whole, ...]  # of each kind: indices of its salvos among all salvos
    supply: Supply
    pattern: Pattern | None = None  # if the raids are of several kinds by a pattern


def _stock_by_raid(stock: Stock, starts: Sequence[float]) -> Whole:
    """Rounds of production and of known deliveries that reach a stock before each raid."""
    produced = [math.floor(stock.produced(start) + _TOLERANCE) for start in starts]
    totals = np.array(produced, np.int64) // stock.batch * stock.batch
    for own in stock.deliveries:
        if not (isinstance(own.time, Distribution) or isinstance(own.rounds, Distribution)):
            totals[bisect.bisect_left(starts, own.time) :] += own.rounds
    by_raid: Whole = np.diff(totals, prepend=0)
    return by_raid


def _drawn(value: float | Distribution, unit: int, kind: str, of: str, n: int) -> float | Drawn:
    if not isinstance(value, Distribution):
        return value
    return Drawn(stream(kind, of) + n, quantile_table(value, unit).ravel(), unit)


def _drawn_deliveries(stock: Stock, code: int) -> list[DrawnDelivery]:
    return [
        DrawnDelivery(
            code,
            _drawn(own.time, TICKS_A_SECOND, "delivery time", stock.interceptor, n),
            _drawn(own.rounds, 1, "delivery rounds", stock.interceptor, n),
        )
        for n, own in enumerate(stock.deliveries)
        if own.is_drawn
    ]


def _lower_supply(campaign: Campaign, tables: Tables, labels: Labels) -> Supply:
    codes = {name: code for code, name in enumerate(labels.interceptors)}
    rounds = np.full(len(codes), NO_STOCK, dtype=np.int64)
    arrivals = np.zeros((campaign.raid_count, len(codes)), dtype=np.int64)
    drawn, deliveries = [], list[DrawnDelivery]()
    starts = np.array([number * campaign.interval for number in range(campaign.raid_count)])
    for stock in campaign.stocks:
        code = codes[stock.interceptor]
        rounds[code] = stock.rounds
        arrivals[:, code] = _stock_by_raid(stock, starts.tolist())
        deliveries += _drawn_deliveries(stock, code)
        if stock.replenishment is not None:
            table = quantile_table(stock.replenishment, 1).ravel()
            drawn.append(Replenishment(code, stream("replenishment", stock.interceptor), table))
    most = resupply_limits(campaign.scenario, campaign.resupply)
    limits = {key: min(rounds, INFINITE) for key, rounds in most.items()}
    owners = [unit.battery.name for unit in units_of(campaign.scenario.sites)]
    limit = [
        limits.get((owners[magazine["battery"]], labels.interceptors[magazine["interceptor"]]), 0)
        for magazine in tables.magazines
    ]
    to_depots = {r.depot: min(r.rounds, INFINITE) for r in campaign.resupply}
    depots, delay = campaign.scenario.depots, campaign.replacement_time
    limit += [to_depots.get(depot.name, 0) for depot in depots]
    carried = [*tables.magazines["interceptor"], *(codes[depot.interceptor] for depot in depots)]
    is_own = np.array(carried, np.int64)[:, np.newaxis] == np.arange(rounds.size)
    return Supply(
        interval=ticks(campaign.interval),
        starts=starts,
        replacement=int(FOREVER) if delay is None else ticks(delay),
        limit=np.array(limit, dtype=np.int64),
        stock=rounds,
        arrivals=arrivals,
        drawn=tuple(drawn),
        deliveries=tuple(deliveries),
        sources=(is_own & (rounds != NO_STOCK)).astype(np.int64),
        in_order=campaign.shortage == "order",
    )


def label_campaign(campaign: Campaign) -> Labels:
    """Names of the codes of a lowered campaign; its salvos are those of all raids together."""
    salvos: dict[str, Salvo] = {}  # the first of each name, in the order of the raids
    raids = (own for _, own in raids_by_place(campaign))
    for salvo in itertools.chain.from_iterable(dict.fromkeys(raids)):
        salvos.setdefault(salvo.name, salvo)
    found = label(campaign.scenario, tuple(salvos.values()))
    if not isinstance(campaign.raids, RaidPattern):
        return found
    return found._replace(
        raid_kinds=tuple(kind.name for kind in campaign.raids.kinds),
        threat_stocks=tuple(stock.threat for stock in campaign.raids.stocks),
    )


def lower_campaign(campaign: Campaign, timeline: Sequence[float] = ()) -> tuple[Plan, Labels]:
    """Lower a campaign; also return the names of its salvos, batteries and so on.

    Raises ValueError if SciPy cannot compute the quantiles of a distribution.
    """
    differing, labels = differing_raids(campaign), label_campaign(campaign)
    index = {name: n for n, name in enumerate(labels.salvos)}
    pattern = campaign.raids if isinstance(campaign.raids, RaidPattern) else None
    given = pattern is not None
    tables = tuple(lower(raid, timeline, given=given) for raid in differing.values())
    kind = {own: n for n, own in enumerate(differing)}
    listed = campaign.raids if isinstance(campaign.raids, tuple) else None
    return Plan(
        tables=tables,
        kinds=tuple(kind[own] for own in listed) if listed else (0,) * campaign.raid_count,
        salvos=tuple(np.array([index[salvo.name] for salvo in own], int) for own in differing),
        supply=_lower_supply(campaign, tables[0], labels),
        pattern=lower_pattern(pattern, labels, campaign.interval) if pattern else None,
    ), labels
