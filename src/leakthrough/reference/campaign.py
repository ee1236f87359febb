"""A campaign in plain Python: the specification of what happens between raids."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from leakthrough.model import scenario as model
from leakthrough.model.campaign import Campaign, Stock
from leakthrough.model.discrete import ticks
from leakthrough.reference.draws import Night, quantile, unit
from leakthrough.reference.entities import Battery, Holding
from leakthrough.reference.raid import Raid

Key = tuple[str, str]
"""A battery's name and an interceptor's."""


@dataclass
class Between:
    """What happened before a raid, and in what state it began."""

    delivered: dict[Key, int] = field(default_factory=dict)
    reloaded: dict[Key, int] = field(default_factory=dict)
    replenished: dict[str, int] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)


class Season:
    """One replication of a campaign: build it, `run` it, read its raids."""

    def __init__(
        self, campaign: Campaign, seed: int, replication: int, timeline: Sequence[float] = ()
    ) -> None:
        self.campaign, self.seed, self.replication = campaign, seed, replication
        self.timeline = timeline
        self.interval = ticks(campaign.interval)
        self.stock = {stock.interceptor: stock.rounds for stock in campaign.stocks}
        self.lost: dict[str, int] = {}  # batteries that are lost, and when
        self.raids: list[Raid] = []
        self.between: list[Between] = []

    def run(self) -> "Season":
        """Raid after raid, with what comes in between."""
        for number in range(self.campaign.raid_count):
            between = Between(replenished=self.replenish(number))
            holdings = None
            if number > 0:
                last = self.raids[-1]
                holdings = last.holdings
                between.reloaded = self.reload(last.batteries, holdings)
                self.replace(last.batteries, holdings, number)
                between.delivered = self.deliver(last.batteries, holdings)
            between.stock = dict(self.stock)
            self.between.append(between)
            self.raids.append(self.raid(number, holdings))
        return self

    def raid(self, number: int, holdings: dict[Key, Holding] | None) -> Raid:
        """One raid, from what the batteries hold."""
        scenario = self.campaign.raid(number)
        names = {salvo.name for salvo in scenario.salvos}
        sizes = {name: size for name, size in self.campaign.sizes.items() if name in names}
        raid = Raid(
            scenario,
            self.seed,
            self.replication,
            self.timeline,
            raid=number,
            sizes=sizes,
            holdings=holdings,
            lost=self.lost,
        ).run()
        for battery in raid.batteries:
            if battery.loss is not None:
                self.lost[battery.name] = number * self.interval + battery.loss
        return raid

    def replenish(self, number: int) -> dict[str, int]:
        """What reaches each stock before a raid: its rate, its deliveries, its draw."""
        came = {}
        for stock in self.campaign.stocks:
            before = self.arrived(stock, number - 1) if number > 0 else 0
            rounds = self.arrived(stock, number) - before
            if number > 0 and stock.replenishment is not None:
                night = Night(self.seed, self.replication, number)
                word = night.draw(("replenishment", stock.interceptor))[0]
                rounds += max(quantile(stock.replenishment, 1, unit(word)), 0)
            came[stock.interceptor] = rounds
            self.stock[stock.interceptor] += rounds
        return came

    def arrived(self, stock: Stock, number: int) -> int:
        """Rounds of the rate (whole ones) and of the deliveries up to the start of a raid."""
        start = number * self.campaign.interval
        came = sum(each.rounds for each in stock.deliveries if each.time <= start)
        # A rate such as 0.1 a night must not lose a round to rounding on the tenth night.
        return math.floor(stock.rate * start + 1e-9) + came

    def reload(self, batteries: list[Battery], holdings: dict[Key, Holding]) -> dict[Key, int]:
        """Reloads that were on their way arrive, or come closer."""
        came = {}
        for battery in batteries:
            for magazine in battery.magazines:
                key = battery.name, magazine.interceptor.name
                held = holdings[key]
                if held.due is not None:
                    held.due -= self.interval
                    if held.due <= 0:
                        held.due = None
                        held.ready += magazine.spec.reload_rounds
                        came[key] = magazine.spec.reload_rounds
        return came

    def replace(self, batteries: list[Battery], holdings: dict[Key, Holding], number: int) -> None:
        """Batteries come back that were lost long enough ago: with endless rounds, or none."""
        later = self.campaign.replacement_time
        if later is None:
            return
        for battery in batteries:
            lost = self.lost.get(battery.name)
            if lost is not None and number * self.interval - lost >= ticks(later):
                del self.lost[battery.name]
                for magazine in battery.magazines:
                    if magazine.spec.rounds == math.inf:
                        holdings[battery.name, magazine.interceptor.name].ready = math.inf

    def deliver(self, batteries: list[Battery], holdings: dict[Key, Holding]) -> dict[Key, int]:
        """Fill magazines from the stocks, or from an endless source where there is none."""
        given: dict[Key, int] = {}
        for interceptor in self.campaign.scenario.interceptors:
            lacks = {
                (battery.name, interceptor.name): self.lack(battery, interceptor, holdings)
                for battery in batteries
                if battery.name not in self.lost
            }
            lacks = {key: lack for key, lack in lacks.items() if lack > 0}
            if interceptor.name in self.stock:
                lacks = self.share(lacks, self.stock[interceptor.name])
                self.stock[interceptor.name] -= sum(lacks.values())
            given |= lacks
        for key, rounds in given.items():
            holdings[key].ready += rounds
        return given

    def lack(
        self, battery: Battery, interceptor: model.Interceptor, holdings: dict[Key, Holding]
    ) -> int:
        """Rounds that a magazine may get: up to its first number, a reload on its way counted."""
        limits = {
            resupply.interceptor: resupply.rounds
            for resupply in self.campaign.resupply
            if resupply.battery == battery.spec.name
        }
        for magazine in battery.magazines:
            if magazine.interceptor.name == interceptor.name and interceptor.name in limits:
                if magazine.spec.rounds == math.inf:
                    return 0
                held = holdings[battery.name, interceptor.name]
                pending = 0 if held.due is None else magazine.spec.reload_rounds
                lack = magazine.spec.rounds - held.ready - pending
                return int(min(max(lack, 0), limits[interceptor.name]))
        return 0

    def share(self, lacks: dict[Key, int], stock: int) -> dict[Key, int]:
        """Who gets what of a stock that may not suffice; batteries in their order."""
        wanted = sum(lacks.values())
        if wanted <= stock:
            return lacks
        if self.campaign.shortage == "order":
            given = {}
            for key, lack in lacks.items():
                given[key] = min(lack, stock)
                stock -= given[key]
            return given
        given = {key: lack * stock // wanted for key, lack in lacks.items()}
        left = stock - sum(given.values())
        for key in sorted(lacks, key=lambda key: -(lacks[key] * stock % wanted))[:left]:
            given[key] += 1
        return given
