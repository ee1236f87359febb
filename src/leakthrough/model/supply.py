"""Supply between the raids of a campaign: stocks of interceptors, and resupply from them."""

import bisect
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.base import Model, Name
from leakthrough.model.defence import Battery
from leakthrough.model.distributions import (
    Distribution,
    UncertainCount,
    UncertainDate,
    UncertainTime,
    is_law,
)
from leakthrough.model.errors import Mistake, faults, shown
from leakthrough.model.magazines import MOST_ROUNDS, Rounds
from leakthrough.model.name_checks import unknown
from leakthrough.model.quantiles import upper_end
from leakthrough.model.scenario import Scenario

UncertainRounds = Annotated[
    Annotated[Annotated[int, Field(ge=0, le=MOST_ROUNDS)], Tag("number")]
    | Annotated[UncertainCount, Tag("drawn")],
    Discriminator(lambda rounds: "drawn" if is_law(rounds) else "number"),
]
"""A number of rounds, or the distribution from which it is drawn."""
LONGEST = 1e12
"""Duration of a campaign [s]; all ticks in it are then below 2**63."""
MOST_TIMES = 100
MOST_DRAWN = 1_000
"""Deliveries of a campaign whose time or rounds are drawn."""


class Resupply(Model):
    """Rounds that reach the magazines of a battery, or a depot, before each raid but the first.

    Parameters
    ----------
    battery : str, optional
        The name of a battery; if its `count` is above 1, or its layer has several positions, this
        applies to each of them. `battery@layer-2` is the one at the second position alone.
    interceptor : str, optional
        The interceptor of one of its magazines.
    rounds : int or inf, default inf
        The maximum before each raid, from 0 to 1e9. A magazine or a depot never gets more than it
        needs to reach its initial rounds; a reload on its way to a magazine counts as held.
    depot : str, optional
        The name of a depot, instead of `battery` and `interceptor`.
    transport_time : float or frozen scipy.stats distribution, default 0
        From the start of the raid before which rounds leave to their arrival [s], from 0 to 1e9. A
        distribution is drawn for each shipment to each magazine or depot. Rounds on their way count
        as held. Those that find no room, or their battery lost, go back to the stock.
    """

    battery: str | None = Field(None, description="The name of a battery.")
    interceptor: str | None = Field(None, description="The interceptor of one of its magazines.")
    rounds: Rounds = Field(math.inf, description="The maximum before a raid.")
    depot: str | None = Field(None, description="The name of a depot, instead of a magazine.")
    transport_time: UncertainTime = Field(0.0, description="Time on the way [s].")

    @model_validator(mode="after")
    def _one_receiver(self) -> "Resupply":
        names, what = ("battery", "interceptor"), "must not be given if there is a depot"
        wrong = [name for name in names if getattr(self, name) is not None]
        if self.depot is None:
            what = "is required unless there is a depot"
            wrong = [name for name in names if name not in wrong]
        if wrong:
            raise faults([((name,), what) for name in wrong])
        return self


class Rotation(Model):
    """A battery that leaves after a raid to reload, and comes back with full magazines.

    It has no reloads of its own. Raids that start while it is away do not meet it.

    Parameters
    ----------
    battery : str
        The name of a battery; each of its `count`, and at each position, leaves on its own.
    interceptor : str, optional
        The interceptor of the magazine that matters. None: all its rounds together.
    leave_at : int
        It leaves after a raid that leaves it so many rounds or fewer, from 0 to 1e9.
    absence : float or frozen scipy.stats distribution
        From the start of that raid until it can take part in another one [s], from 0 to 1e9. A
        distribution is drawn each time.
    """

    battery: str = Field(description="The name of a battery.")
    interceptor: str | None = Field(None, description="That of one magazine; none: all rounds.")
    leave_at: int = Field(ge=0, le=MOST_ROUNDS, description="Rounds at or below which it leaves.")
    absence: UncertainTime = Field(description="From the start of the raid to its return [s].")


class StockUser(Model):
    """Another user of a stock, such as another theatre, that takes rounds before each raid.

    Parameters
    ----------
    name : str
        Its name, unique among the users.
    interceptor : str
        The interceptor of a stock.
    demand : int or frozen scipy.stats distribution
        Rounds that it asks for before each raid but the first, from 0 to 1e9. A distribution is
        drawn for each raid and rounded. What it does not get is not asked for again.
    """

    name: Name
    interceptor: str = Field(description="The interceptor of a stock.")
    demand: UncertainRounds = Field(description="Rounds that it asks for before a raid.")


class Delivery(Model):
    """Rounds that reach a stock at one time.

    Distributions are drawn once in a campaign, for each delivery.

    Parameters
    ----------
    time : float or frozen scipy.stats distribution
        Time from the start of the first raid's clock [s], from 0 to 1e12; draws are cut at 1e9.
    rounds : int or frozen scipy.stats distribution
        Number of rounds, from 0 to 1e9; draws are rounded.
    """

    time: UncertainDate = Field(description="Time from the campaign's start [s].")
    rounds: UncertainRounds = Field(description="Number of rounds.")

    @property
    def is_drawn(self) -> bool:
        """Whether its time or its rounds are drawn."""
        return isinstance(self.time, Distribution) or isinstance(self.rounds, Distribution)


Rate = Annotated[float, Field(ge=0.0, le=1e6)]


class ByTime(Model):
    """A rate of production that changes with time.

    It is linear between the given times, and constant before the first and after the last.

    Parameters
    ----------
    time : list of float
        Increasing times from the start of the first raid's clock [s], from 0 to 1e12, at most 100.
    rate : list of float
        The rate at each time [1/s], from 0 to 1e6.

    Raises
    ------
    ScenarioError
        If times do not increase, or there is not one rate for each time.

    Examples
    --------
    Production doubles within a year, from 600 to 1,200 a year:

    >>> year = 365 * DAY
    >>> growing = ByTime(time=[0.0, year], rate=[600 / year, 1200 / year])
    >>> round(growing.integral(2 * year))
    2100
    """

    time: Annotated[
        tuple[Annotated[float, Field(ge=0.0, le=LONGEST)], ...],
        Field(min_length=1, max_length=MOST_TIMES),
    ] = Field(description="Increasing times from the campaign's start [s].")
    rate: tuple[Rate, ...] = Field(description="The rate at each time [1/s].")

    @model_validator(mode="after")
    def _one_for_each_time(self) -> "ByTime":
        found: list[Mistake] = []
        if any(one >= other for one, other in itertools.pairwise(self.time)):
            found.append((("time",), f"must increase; got {shown(self.time)}"))
        if len(self.rate) != len(self.time):
            text = f"must have one entry for each of the {len(self.time)} times"
            found.append((("rate",), f"{text}; got {len(self.rate)}"))
        if found:
            raise faults(found)
        return self

    def at(self, time: float) -> float:
        """Return the rate at a time."""
        n = bisect.bisect_right(self.time, time)
        if n in (0, len(self.time)):
            return self.rate[max(n - 1, 0)]
        share = (time - self.time[n - 1]) / (self.time[n] - self.time[n - 1])
        return self.rate[n - 1] + share * (self.rate[n] - self.rate[n - 1])

    def integral(self, until: float) -> float:
        """Return what the rate brings from time 0 to another."""
        times = [0.0, *(time for time in self.time if 0.0 < time < until), until]
        parts = itertools.pairwise((time, self.at(time)) for time in times)
        return math.fsum((b - a) * (low + high) / 2.0 for (a, low), (b, high) in parts)


def _kind_of_rate(value: object) -> str:
    return "by time" if isinstance(value, ByTime | Mapping) else "number"


class Stock(Model):
    """Reserve of one interceptor, from which all resupply with it is taken.

    Resupply with an interceptor that has no stock is unlimited.

    Parameters
    ----------
    interceptor : str
        The name of an interceptor.
    rounds : int
        Rounds at the start, from 0 to 1e9.
    rate : float or ByTime, default 0
        Rate at which rounds are produced for it [1/s], from 0 to 1e6; only whole rounds count.
    deliveries : list of Delivery, default empty
        Rounds that reach it at stated times.
    replenishment : frozen scipy.stats distribution, optional
        Rounds that reach it between two raids, drawn for each raid and rounded; not below 0.
    batch : int, default 1
        What is produced reaches it in whole batches of so many rounds, from 1 to 1e9.
    """

    interceptor: str = Field(description="The name of an interceptor.")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="Rounds at the start.")
    rate: Annotated[Rate, Tag("number")] | Annotated[ByTime, Tag("by time")] = Field(
        0.0,
        discriminator=Discriminator(_kind_of_rate),
        description="Rate at which rounds are produced for it [1/s].",
    )
    deliveries: tuple[Delivery, ...] = Field(
        (), description="Rounds that reach it at stated times."
    )
    replenishment: UncertainCount | None = Field(
        None, description="Rounds that reach it between two raids."
    )
    batch: int = Field(1, ge=1, le=MOST_ROUNDS, description="Rounds that leave production at once.")

    @property
    def highest_rate(self) -> float:
        """The highest rate of production [1/s]."""
        return max(self.rate.rate) if isinstance(self.rate, ByTime) else self.rate

    def produced(self, until: float) -> float:
        """Return the rounds produced from time 0 to another, also parts of rounds."""
        return self.rate.integral(until) if isinstance(self.rate, ByTime) else self.rate * until


def replacement_times(
    scenario: Scenario, given: float | Distribution | Mapping[str, float | Distribution] | None
) -> dict[str, float | Distribution]:
    """Return the time to the replacement of each battery of a single site that is replaced."""
    named = _batteries_by_name(scenario)
    if given is None:
        return {}
    times = given if isinstance(given, Mapping) else dict.fromkeys(named, given)
    return {own.name: time for name, time in times.items() for own in named[name]}


def replacement_mistakes(scenario: Scenario, given: object) -> Iterator[Mistake]:
    """Mistakes in the names of a table of replacement times."""
    named, seen = _batteries_by_name(scenario), set[str]()
    for name in given if isinstance(given, Mapping) else ():
        yield from unknown(("replacement_time", name), name, "a battery", named)
        own = {battery.name for battery in named.get(name, ())}
        if twice := sorted(own & seen):
            yield (("replacement_time", name), f"more than one for {shown(twice[0])}")
        seen |= own


def rotation_by_battery(scenario: Scenario, given: Sequence[Rotation]) -> dict[str, Rotation]:
    """Return the rotation of each battery of a single site that has one."""
    named = _batteries_by_name(scenario)
    return {own.name: each for each in given for own in named[each.battery]}


def rotation_mistakes(scenario: Scenario, given: Sequence[Rotation]) -> Iterator[Mistake]:
    """Mistakes in the names of rotations, and in their batteries."""
    named, seen = _batteries_by_name(scenario), set[str]()
    for number, rotation in enumerate(given):
        where, name = ("rotations", number), rotation.battery
        batteries = named.get(name, ())
        magazines = [magazine for own in batteries[:1] for magazine in own.magazines]
        wrong = unknown((*where, "battery"), name, "a battery", named)
        if not wrong and rotation.interceptor is not None:
            carried, what = [own.interceptor for own in magazines], f"a magazine of {shown(name)}"
            wrong = unknown((*where, "interceptor"), rotation.interceptor, what, carried)
        if any(magazine.most_reloads for magazine in magazines):
            wrong = [((*where, "battery"), f"must have no reloads; {shown(name)} has some")]
        twice = sorted({own.name for own in batteries} & seen)
        yield from wrong or [(where, f"more than one for {shown(own)}") for own in twice[:1]]
        seen |= {own.name for own in batteries}


def user_mistakes(stocks: Sequence[Stock], users: Sequence[StockUser]) -> Iterator[Mistake]:
    """Mistakes in the names of users of stocks, and in what they ask for."""
    known = [stock.interceptor for stock in stocks]
    seen: set[str] = set()
    for number, user in enumerate(users):
        where, drawn = ("users", number), user.demand
        yield from unknown((*where, "interceptor"), user.interceptor, "a stock", known)
        if user.name in seen:
            yield (where, f"more than one is called {shown(user.name)}")
        if isinstance(drawn, Distribution) and (most := upper_end(drawn)) > MOST_ROUNDS:
            text = f"must not reach {MOST_ROUNDS:,} rounds, but {drawn.dist} reaches {most:,}"
            yield ((*where, "demand"), text)
        seen.add(user.name)


def _batteries_by_name(scenario: Scenario) -> dict[str, tuple[Battery, ...]]:
    """Batteries of single sites by each name that resupply may give: their own, or that of all."""
    found: dict[str, tuple[Battery, ...]] = {}
    for layer in scenario.layers:
        sites = layer.sites
        for number, battery in enumerate(layer.batteries):
            own = tuple(site.batteries[number] for site in sites)
            found |= {one.name: (one,) for one in own}
            found[battery.name] = own
    return found


def resupply_by_receiver(
    scenario: Scenario, resupply: Sequence[Resupply]
) -> dict[tuple[str, str], Resupply]:
    """Return the resupply of each battery of a single site and interceptor.

    That of a depot has an empty text, and the name of the depot.
    """
    named = _batteries_by_name(scenario)
    return {("", each.depot): each for each in resupply if each.depot is not None} | {
        (battery.name, each.interceptor): each
        for each in resupply
        if each.battery is not None and each.interceptor is not None
        for battery in named[each.battery]
    }


def resupply_mistakes(scenario: Scenario, given: Sequence[Resupply]) -> Iterator[Mistake]:
    """Mistakes in the names that resupply gives, and in what is given twice."""
    named = _batteries_by_name(scenario)
    depots = [depot.name for depot in scenario.depots]
    seen: set[tuple[str, str]] = set()
    for number, resupply in enumerate(given):
        where, name, interceptor = ("resupply", number), resupply.battery, resupply.interceptor
        if name is None or interceptor is None:
            yield from _depot_mistakes(where, str(resupply.depot), depots, seen)
            continue
        batteries = named.get(name, ())
        carried = [magazine.interceptor for own in batteries[:1] for magazine in own.magazines]
        wrong = unknown((*where, "battery"), name, "a battery", named)
        wrong = wrong or unknown(
            (*where, "interceptor"), interceptor, f"a magazine of {shown(name)}", carried
        )
        twice = [own.name for own in batteries if (own.name, interceptor) in seen]
        if not wrong and twice:
            wrong = [(where, f"more than one for {shown(interceptor)} of {shown(twice[0])}")]
        yield from wrong
        seen |= {(own.name, interceptor) for own in batteries}


def _depot_mistakes(
    where: tuple[str, int], depot: str, depots: list[str], seen: set[tuple[str, str]]
) -> Iterator[Mistake]:
    wrong = unknown((*where, "depot"), depot, "a depot", depots)
    if not wrong and ("", depot) in seen:
        wrong = [(where, f"more than one for the depot {shown(depot)}")]
    yield from wrong
    seen.add(("", depot))


def stock_mistakes(scenario: Scenario, stocks: Sequence[Stock]) -> Iterator[Mistake]:
    """Mistakes in the names of stocks, and in what reaches them."""
    known = [interceptor.name for interceptor in scenario.interceptors]
    seen: set[str] = set()
    drawn = sum(delivery.is_drawn for stock in stocks for delivery in stock.deliveries)
    if drawn > MOST_DRAWN:
        text = f"must hold at most {MOST_DRAWN:,} deliveries that are drawn; got {drawn:,}"
        yield (("stocks",), text)
    for number, stock in enumerate(stocks):
        where, name = ("stocks", number), stock.interceptor
        yield from unknown((*where, "interceptor"), name, "an interceptor", known)
        if name in known and name in seen:
            yield (where, f"more than one of {shown(name)}")
        yield from _too_many((*where, "replenishment"), stock.replenishment)
        for n, delivery in enumerate(stock.deliveries):
            yield from _too_many((*where, "deliveries", n, "rounds"), delivery.rounds)
        seen.add(name)


def _too_many(where: tuple[str | int, ...], rounds: object) -> Iterator[Mistake]:
    if isinstance(rounds, Distribution) and (most := upper_end(rounds)) > MOST_ROUNDS:
        text = f"must not reach {MOST_ROUNDS:,} rounds, but {rounds.dist} reaches {most:,}"
        yield (where, text)
