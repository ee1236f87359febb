"""A campaign in plain Python: the specification of the resupply between raids."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from leakthrough.model import defence
from leakthrough.model.campaign import Campaign, differing_raids
from leakthrough.model.discrete import TICKS_A_SECOND, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import Scenario
from leakthrough.model.supply import Stock, resupply_limits
from leakthrough.reference.draws import RaidDraws, quantile, uniform
from leakthrough.reference.entities import Battery, Depot, MagazineState
from leakthrough.reference.raid import NOT_REPAIRED, Raid
from leakthrough.reference.raid_sizes import RaidSizes
from leakthrough.reference.setup import Depots, aim_points_of

Key = tuple[str, str]
"""A battery's name and an interceptor's; for a depot, an empty text and its name."""
MagazineStates = dict[Key, MagazineState]


@dataclass
class ResupplyRecord:
    """Rounds that arrived before a raid, and the stocks at its start."""

    delivered: dict[Key, int] = field(default_factory=dict)
    reloaded: dict[Key, int] = field(default_factory=dict)
    replenished: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)  # part of it that is drawn for the raid
    stock: dict[str, int] = field(default_factory=dict)
    down_time: dict[str, int] = field(default_factory=dict)  # after the raid, by asset


class CampaignRun:
    """One replication of a campaign: build it, `run` it, read its raids."""

    def __init__(
        self, campaign: Campaign, seed: int, replication: int, timeline: Sequence[float] = ()
    ) -> None:
        self.campaign, self.seed, self.replication = campaign, seed, replication
        self.timeline = timeline
        self.interval = ticks(campaign.interval)
        self.limits = resupply_limits(campaign.scenario, campaign.resupply)
        self.stock = {stock.interceptor: stock.rounds for stock in campaign.stocks}
        self.deliveries = {s.interceptor: list(self.deliveries_of(s)) for s in campaign.stocks}
        self.aim_points = aim_points_of(campaign.scenario.assets)
        self.damage: dict[str, int] = {}  # effective hits, by battery
        self.lost: dict[str, int] = {}  # batteries that are lost, and the tick of their loss
        self.sizes = self.sizes_of(campaign.raids)
        self.patterned: list[list[int]] = []  # kind and attackers' stocks, before each raid
        self.raids: list[Raid] = []
        self.resupplies: list[ResupplyRecord] = []  # before each raid

    def sizes_of(self, raids: object) -> RaidSizes | None:
        """What decides the sizes of raids; nothing if they follow no pattern."""
        if not isinstance(raids, RaidPattern):
            return None
        return RaidSizes(raids, self.campaign.interval, self.seed, self.replication)

    def run(self) -> "CampaignRun":
        """Simulate the raids in order, with the resupply before each."""
        for number in range(self.campaign.raid_count):
            record = ResupplyRecord()
            self.replenish(number, record)
            states = depots = None
            if number > 0:
                last = self.raids[-1]
                states, depots = last.stores()
                record.reloaded = self.reload(states, depots)
                self.repair()
                self.replace(last.batteries, states, number)
                record.delivered = self.deliver(last.batteries, states, depots)
            record.stock = dict(self.stock)
            self.resupplies.append(record)
            self.raids.append(self.raid(number, states, depots))
            record.down_time = self.down_time()
        return self

    def raid(self, number: int, states: MagazineStates | None, depots: Depots | None) -> Raid:
        """Simulate one raid from the state of the magazines and the depots."""
        scenario, counts = self.scenario_of(number)
        raid = Raid(
            scenario,
            self.seed,
            self.replication,
            self.timeline,
            raid=number,
            magazine_states=states,
            lost=self.lost,
            aim_points=self.aim_points,
            depots=depots,
            damage=self.damage,
            counts=counts,
        ).run()
        for battery in raid.batteries:
            self.damage[battery.name] = battery.damage
            if battery.loss is not None:
                self.lost[battery.name] = number * self.interval + battery.loss
        return raid

    def scenario_of(self, number: int) -> tuple[Scenario, dict[str, int]]:
        """The scenario of a raid; and the numbers of its threats, where a pattern decides them."""
        if self.sizes is None:
            return self.campaign.raid(number + 1), {}
        columns, counts = self.sizes.decide(number)
        self.patterned.append(columns)
        [scenario] = differing_raids(self.campaign).values()
        return scenario, counts

    # -------------------------------------------------- 1. stocks

    def replenish(self, number: int, record: ResupplyRecord) -> None:
        """Add the rounds that reach each stock before a raid: production, deliveries and draw."""
        for stock in self.campaign.stocks:
            before = self.received_by(stock, number - 1) if number > 0 else 0
            rounds = self.received_by(stock, number) - before
            if number > 0 and stock.replenishment is not None:
                draws = RaidDraws(self.seed, self.replication, number)
                integer = draws.draw(("replenishment", stock.interceptor))[0]
                drawn = quantile(stock.replenishment, 1, uniform(integer))
                rounds, record.drawn[stock.interceptor] = rounds + drawn, drawn
            record.replenished[stock.interceptor] = rounds
            self.stock[stock.interceptor] += rounds

    def deliveries_of(self, stock: Stock) -> Iterator[tuple[float, int]]:
        """Time [s] and rounds of each delivery; those that are random are drawn once."""
        draws = RaidDraws(self.seed, self.replication)
        for n, delivery in enumerate(stock.deliveries):
            time, rounds = delivery.time, delivery.rounds
            if isinstance(time, Distribution):
                integer = draws.draw(("delivery time", stock.interceptor), ordinal=n)[0]
                time = quantile(time, TICKS_A_SECOND, uniform(integer)) / TICKS_A_SECOND
            if isinstance(rounds, Distribution):
                integer = draws.draw(("delivery rounds", stock.interceptor), ordinal=n)[0]
                rounds = quantile(rounds, 1, uniform(integer))
            yield time, rounds

    def received_by(self, stock: Stock, number: int) -> int:
        """Whole batches produced, and rounds of the deliveries, up to the start of a raid."""
        start = number * self.campaign.interval
        delivered = sum(
            rounds for time, rounds in self.deliveries[stock.interceptor] if time <= start
        )
        # A rate such as 0.1 a day must not lose a round to rounding on the tenth day.
        return math.floor(stock.produced(start) + 1e-9) // stock.batch * stock.batch + delivered

    # -------------------------------------------------- 2. reloads

    def reload(self, states: MagazineStates, depots: Depots) -> dict[Key, int]:
        """Advance the reloads that are on their way, and add those that arrive, in order of time.

        Each may call the next one. Those that arrive at one tick are in the order of batteries.
        """
        reloaded: Counter[Key] = Counter()
        for state in states.values():
            if state.due is not None:
                state.due -= self.interval
            if state.called is not None:
                state.called -= self.interval
        while due := {
            key: own.due for key, own in states.items() if own.due is not None and own.due <= 0
        }:
            key, tick = min(due.items(), key=lambda item: item[1])
            reloaded[key] += states[key].add_reload()
            states[key].call_reload(RaidDraws(self.seed, self.replication), tick)
        for depot in depots.values():
            depot.depletion = None  # only within a raid
        return reloaded

    # -------------------------------------------------- 3. repairs and replacements

    def repair(self) -> None:
        """Advance the clocks of the aim points to the next raid; those repaired are up."""
        for own in [own for points in self.aim_points.values() for own in points]:
            if own.repaired is not None:
                own.down_from -= self.interval
                if own.repaired != NOT_REPAIRED:
                    own.repaired -= self.interval
                if own.repaired <= 0:
                    own.repaired = None

    def down_time(self) -> dict[str, int]:
        """Ticks from this raid to the next in which aim points are down, by asset."""
        return {
            name: sum(
                max(min(own.repaired, self.interval) - max(own.down_from, 0), 0)
                for own in points
                if own.repaired is not None
            )
            for name, points in self.aim_points.items()
        }

    def replace(self, batteries: list[Battery], states: MagazineStates, number: int) -> None:
        """Replace batteries after the delay; only infinite magazines have rounds then.

        Only those have reloads that have them without limit.
        """
        delay = self.campaign.replacement_time
        if delay is None:
            return
        for battery in batteries:
            lost = self.lost.get(battery.name)
            if lost is not None and number * self.interval - lost >= ticks(delay):
                del self.lost[battery.name], self.damage[battery.name]
                for magazine in battery.magazines:
                    state, spec = states[battery.name, magazine.interceptor.name], magazine.spec
                    state.ready = math.inf if spec.rounds == math.inf else 0
                    state.reloads = math.inf if spec.most_reloads == math.inf else 0

    # -------------------------------------------------- 4. deliveries

    def deliver(
        self, batteries: list[Battery], states: MagazineStates, depots: Depots
    ) -> dict[Key, int]:
        """Fill magazines and depots from the stocks; an interceptor without one is unlimited."""
        delivered: dict[Key, int] = {}
        for interceptor in self.campaign.scenario.interceptors:
            wanted = {
                (battery.name, interceptor.name): self.wanted(battery, interceptor, states)
                for battery in batteries
                if battery.name not in self.lost
            }
            wanted |= {
                ("", name): self.wanted_by(depot)
                for name, depot in depots.items()
                if depot.spec.interceptor == interceptor.name
            }
            wanted = {key: rounds for key, rounds in wanted.items() if rounds > 0}
            if interceptor.name in self.stock:
                wanted = self.shared(wanted, self.stock[interceptor.name])
                self.stock[interceptor.name] -= sum(wanted.values())
            delivered |= wanted
        for key, rounds in delivered.items():
            if key in states:
                states[key].ready += rounds
            else:
                depots[key[1]].held += rounds
        return delivered

    def wanted_by(self, depot: Depot) -> int:
        """Rounds that a depot may get: those it lacks, limited."""
        limits = [each.rounds for each in self.campaign.resupply if each.depot == depot.spec.name]
        return int(min(depot.spec.rounds - depot.held, *limits)) if limits else 0

    def wanted(
        self, battery: Battery, interceptor: defence.Interceptor, states: MagazineStates
    ) -> int:
        """Rounds that a magazine may get: those it lacks, after a reload on its way; limited."""
        limit = self.limits.get((battery.spec.name, interceptor.name))
        for magazine in battery.magazines:
            if magazine.interceptor.name == interceptor.name and limit is not None:
                if magazine.spec.rounds == math.inf:
                    return 0
                state = states[battery.name, interceptor.name]
                pending = 0 if state.due is None else state.incoming
                lack = magazine.spec.rounds - state.ready - pending
                return int(min(max(lack, 0), limit))
        return 0

    def shared(self, wanted: dict[Key, int], stock: int) -> dict[Key, int]:
        """Shares of the magazines in a stock that may be short, in the order of the batteries."""
        total = sum(wanted.values())
        if total <= stock:
            return wanted
        if self.campaign.shortage == "order":
            shares = {}
            for key, rounds in wanted.items():
                shares[key] = min(rounds, stock)
                stock -= shares[key]
            return shares
        shares = {key: rounds * stock // total for key, rounds in wanted.items()}
        left = stock - sum(shares.values())
        for key in sorted(wanted, key=lambda key: -(wanted[key] * stock % total))[:left]:
            shares[key] += 1
        return shares
