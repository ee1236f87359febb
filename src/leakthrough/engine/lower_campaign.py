"""Lowering of a campaign: its raids as tables, and the resupply between raids.

Letters of the shapes as in `leakthrough.engine.layout`, but N is the number of raids.
"""

import bisect
import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE
from leakthrough.engine.labels import Labels, Unit, label, units_of
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_pattern import Pattern, lower_pattern, whole_part
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign, differing_raids, raids_by_place
from leakthrough.model.discrete import TICKS_A_SECOND, stream, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.quantiles import quantile_table
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import Salvo
from leakthrough.model.supply import (
    Stock,
    replacement_times,
    resupply_by_receiver,
    rotation_by_battery,
)

NO_STOCK = -1


class DrawnByRaid(NamedTuple):
    """A whole number, such as rounds or ticks, that is drawn between raids."""

    owner: int  # index of what it belongs to
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


class Times(NamedTuple):
    """Times between raids by what they belong to, numbers or drawn."""

    ticks: Whole
    drawn: tuple[DrawnByRaid, ...]


class Supply(NamedTuple):
    """What happens between raids."""

    interval: int  # ticks
    starts: npt.NDArray[np.float64]  # (N,) [s]
    replacement: Times  # (B,) from a loss to the replacement; FOREVER for never
    limit: Whole  # (K + D,) maximum number of rounds delivered before a raid
    stock: Whole  # (I,) rounds at the start; NO_STOCK where there is none
    arrivals: Whole  # (N, I) rounds that reach the stock before each raid, without random ones
    drawn: tuple[DrawnByRaid, ...]  # by interceptor
    deliveries: tuple[DrawnDelivery, ...]
    sources: Whole  # (K + D + U, I) 1 where a receiver or a user takes from a stock, 0 elsewhere
    in_order: bool  # whether a short stock is given out in battery order, not in proportion
    transport: Times  # (K + D,)
    ships: bool  # whether there are transport times
    leave_at: Whole  # (B,) rounds at or below which a battery leaves to reload; -1: never
    leaving: Whole  # (K, B) 1 where the rounds of a magazine count for that
    absence: Times  # (B,)
    rotates: bool  # whether there are rotations
    demand: Whole  # (U,) rounds that other users ask for before a raid, if not drawn
    drawn_demand: tuple[DrawnByRaid, ...]  # by user


class Plan(NamedTuple):
    """A lowered campaign."""

    tables: tuple[Tables, ...]  # of each kind of raid: raids with the same salvos are one kind
    kinds: tuple[int, ...]  # kind of each raid
    salvos: tuple[Whole, ...]  # of each kind: indices of its salvos among all salvos
    supply: Supply
    pattern: Pattern | None = None  # if the raids are of several kinds by a pattern


def _stock_by_raid(stock: Stock, starts: Sequence[float]) -> Whole:
    """Rounds of production and of known deliveries that reach a stock before each raid."""
    produced = [whole_part(stock.produced(start)) for start in starts]
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


def _by_raid(owner: int, value: Distribution, unit: int, *address: str | int) -> DrawnByRaid:
    return DrawnByRaid(owner, stream(*address), quantile_table(value, unit).ravel())


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
            address = "replenishment", stock.interceptor
            drawn.append(_by_raid(code, stock.replenishment, 1, *address))
    known = resupply_by_receiver(campaign.scenario, campaign.resupply)
    every = _units(campaign)
    units = [every[own] for own in tables.magazines["battery"]]
    names = [labels.interceptors[own] for own in tables.magazines["interceptor"]]
    depots = campaign.scenario.depots
    owners = [(unit.battery.name, name) for unit, name in zip(units, names, strict=True)]
    given = [known.get(key) for key in [*owners, *(("", depot.name) for depot in depots)]]
    addresses: list[tuple[str | int, ...]] = [
        (unit.battery.name, unit.member, name) for unit, name in zip(units, names, strict=True)
    ]
    addresses += [(depot.name,) for depot in depots]
    users, demands = campaign.users, [user.demand for user in campaign.users]
    others = [depot.interceptor for depot in depots] + [user.interceptor for user in users]
    carried = [*tables.magazines["interceptor"], *(codes[name] for name in others)]
    is_own = np.array(carried, np.int64)[:, np.newaxis] == np.arange(rounds.size)
    return Supply(
        interval=ticks(campaign.interval),
        starts=starts,
        replacement=_replacement(campaign),
        limit=np.array([min(own.rounds, INFINITE) if own else 0 for own in given], np.int64),
        stock=rounds,
        arrivals=arrivals,
        drawn=tuple(drawn),
        deliveries=tuple(deliveries),
        sources=(is_own & (rounds != NO_STOCK)).astype(np.int64),
        in_order=campaign.shortage == "order",
        transport=_times(
            [own.transport_time if own else 0.0 for own in given],
            [("transport", *address) for address in addresses],
        ),
        ships=any(own.transport_time != 0.0 for own in campaign.resupply),
        **_rotations(campaign, tables, labels),
        demand=np.array([0 if isinstance(own, Distribution) else own for own in demands], np.int64),
        drawn_demand=tuple(
            _by_raid(n, user.demand, 1, "demand", user.name)
            for n, user in enumerate(campaign.users)
            if isinstance(user.demand, Distribution)
        ),
    )


def _rotations(campaign: Campaign, tables: Tables, labels: Labels) -> dict[str, Any]:
    """The fields of Supply for batteries that leave to reload."""
    known, units = rotation_by_battery(campaign.scenario, campaign.rotations), _units(campaign)
    given = [known.get(unit.battery.name) for unit in units]
    leaving = np.zeros((tables.magazines.size, len(units)), np.int64)
    for magazine, (battery, code) in enumerate(tables.magazines[["battery", "interceptor"]]):
        own = given[battery]
        counts = own and own.interceptor in (None, labels.interceptors[code])
        leaving[magazine, battery] = int(bool(counts))
    return {
        "leave_at": np.array([own.leave_at if own else -1 for own in given], np.int64),
        "leaving": leaving,
        "absence": _times(
            [own.absence if own else 0.0 for own in given],
            [("rotation", unit.battery.name, unit.member) for unit in units],
        ),
        "rotates": bool(campaign.rotations),
    }


def _units(campaign: Campaign) -> list[Unit]:
    return units_of(campaign.scenario.sites)


def _replacement(campaign: Campaign) -> Times:
    """Times to the replacement of the batteries."""
    known = replacement_times(campaign.scenario, campaign.replacement_time)
    units = _units(campaign)
    return _times(
        [known.get(unit.battery.name, math.inf) for unit in units],
        [("replacement", unit.battery.name, unit.member) for unit in units],
    )


def _times(
    values: Sequence[float | Distribution], addresses: Sequence[tuple[str | int, ...]]
) -> Times:
    """Times as ticks, infinite ones as FOREVER, or as tables with the streams of addresses."""
    drawn = [
        _by_raid(n, value, TICKS_A_SECOND, *address)
        for n, (value, address) in enumerate(zip(values, addresses, strict=True))
        if isinstance(value, Distribution)
    ]
    numbers = [0.0 if isinstance(value, Distribution) else value for value in values]
    fixed = [int(FOREVER) if value == math.inf else ticks(value) for value in numbers]
    return Times(np.array(fixed, np.int64), tuple(drawn))


def label_campaign(campaign: Campaign) -> Labels:
    """Names of the codes of a lowered campaign; its salvos are those of all raids together."""
    salvos: dict[str, Salvo] = {}  # the first of each name, in the order of the raids
    raids = (own for _, own in raids_by_place(campaign))
    for salvo in itertools.chain.from_iterable(dict.fromkeys(raids)):
        salvos.setdefault(salvo.name, salvo)
    found = label(campaign.scenario, tuple(salvos.values()))
    found = found._replace(users=tuple(user.name for user in campaign.users))
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
