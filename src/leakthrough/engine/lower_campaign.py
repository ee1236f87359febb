"""Lowering of a campaign: its raids as tables, and what reaches the batteries in between.

Letters of the shapes as in `leakthrough.engine.lower_parts`; N is the number of raids.
"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import FOREVER, INFINITE
from leakthrough.engine.labels import Labels, label_salvos, outermost_first, units_of
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign, Stock, differing_raids
from leakthrough.model.discrete import stream, ticks
from leakthrough.model.quantiles import quantile_table
from leakthrough.model.scenario import Salvo

Numbers = npt.NDArray[np.int64]
NO_STOCK = -1
_ALMOST = 1e-9
"""Keeps a rate such as 0.1 a night from losing a round to rounding on the tenth night."""


class Replenishment(NamedTuple):
    """A stock whose replenishment is drawn."""

    interceptor: int
    stream: int
    quantiles: npt.NDArray[np.float64]  # (2 * 4097,)


class Supply(NamedTuple):
    """What happens between raids."""

    interval: int  # ticks
    replacement: int  # ticks from a loss to the replacement; FOREVER for never
    limit: Numbers  # (K,) most rounds delivered before a raid
    stock: Numbers  # (I,) rounds at the start; NO_STOCK where there is none
    arrivals: Numbers  # (N, I) rounds that reach the stock before each raid, without those drawn
    drawn: tuple[Replenishment, ...]
    sources: Numbers  # (K, I) 1 where a magazine is supplied from a stock, 0 elsewhere
    in_order: bool  # whether a stock that does not suffice goes to the first, not to all


class Plan(NamedTuple):
    """A campaign in numbers."""

    tables: tuple[Tables, ...]  # of the raids that differ
    kinds: tuple[int, ...]  # for each raid, which of them
    salvos: tuple[Numbers, ...]  # for each of them, where its salvos stand among all
    supply: Supply


def _stock_by_raid(stock: Stock, raids: int, interval: float) -> Numbers:
    """Rounds of the rate and of the deliveries that reach a stock before each raid."""
    starts = [number * interval for number in range(raids)]
    came = [
        math.floor(stock.rate * start + _ALMOST)
        + sum(each.rounds for each in stock.deliveries if each.time <= start)
        for start in starts
    ]
    before = [0, *came[:-1]]
    return np.array(came, dtype=np.int64) - np.array(before, dtype=np.int64)


def _lower_supply(campaign: Campaign, tables: Tables, labels: Labels) -> Supply:
    codes = {name: code for code, name in enumerate(labels.interceptors)}
    stock = np.full(len(codes), NO_STOCK, dtype=np.int64)
    arrivals = np.zeros((campaign.raid_count, len(codes)), dtype=np.int64)
    drawn = []
    for given in campaign.stocks:
        code = codes[given.interceptor]
        stock[code] = given.rounds
        arrivals[:, code] = _stock_by_raid(given, campaign.raid_count, campaign.interval)
        if given.replenishment is not None:
            table = quantile_table(given.replenishment, 1).ravel()
            drawn.append(Replenishment(code, stream("replenishment", given.interceptor), table))
    limits = {
        (given.battery, given.interceptor): min(given.rounds, INFINITE)
        for given in campaign.resupply
    }
    owners = [unit.battery.name for unit in units_of(outermost_first(campaign.scenario))]
    limit = [
        limits.get((owners[magazine["battery"]], labels.interceptors[magazine["interceptor"]]), 0)
        for magazine in tables.magazines
    ]
    later = campaign.replacement_time
    return Supply(
        interval=ticks(campaign.interval),
        replacement=int(FOREVER) if later is None else ticks(later),
        limit=np.array(limit, dtype=np.int64),
        stock=stock,
        arrivals=arrivals,
        drawn=tuple(drawn),
        sources=(
            (tables.magazines["interceptor"][:, np.newaxis] == np.arange(stock.size))
            & (stock != NO_STOCK)
        ).astype(np.int64),
        in_order=campaign.shortage == "order",
    )


def _all_salvos(raids: Iterable[Sequence[Salvo]]) -> dict[str, Salvo]:
    """Every salvo of any raid by its name, in the order in which they first come."""
    found: dict[str, Salvo] = {}
    for salvo in itertools.chain.from_iterable(raids):
        found.setdefault(salvo.name, salvo)
    return found


def lower_campaign(campaign: Campaign, timeline: Sequence[float] = ()) -> tuple[Plan, Labels]:
    """Turn a campaign into numbers; the names of all its salvos, batteries and the rest.

    Raises
    ------
    ValueError
        If SciPy cannot compute the quantiles of a distribution.
    """
    differing = differing_raids(campaign)
    salvos = _all_salvos(differing)
    place = {name: n for n, name in enumerate(salvos)}
    sizes = [
        {salvo.name: campaign.sizes[salvo.name] for salvo in own if salvo.name in campaign.sizes}
        for own in differing
    ]
    tables = tuple(
        lower(raid, timeline, size) for raid, size in zip(differing.values(), sizes, strict=True)
    )
    labels = label_salvos(campaign.scenario, tuple(salvos.values()))
    flown = campaign.raids
    kind = {own: n for n, own in enumerate(differing)}
    return Plan(
        tables=tables,
        kinds=(0,) * flown if isinstance(flown, int) else tuple(kind[own] for own in flown),
        salvos=tuple(np.array([place[salvo.name] for salvo in own], int) for own in differing),
        supply=_lower_supply(campaign, tables[0], labels),
    ), labels
