"""A campaign in plain Python: the specification of the resupply between raids."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from leakthrough.model.campaign import Campaign, differing_raids
from leakthrough.model.discrete import TICKS_A_SECOND, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import Scenario
from leakthrough.model.supply import (
    Stock,
    replacement_times,
    resupply_by_receiver,
    rotation_by_battery,
)
from leakthrough.reference.draws import RaidDraws, quantile, time_or_draw, uniform
from leakthrough.reference.entities import Battery, MagazineState
from leakthrough.reference.raid import NOT_REPAIRED, Raid
from leakthrough.reference.raid_sizes import RaidSizes
from leakthrough.reference.setup import Depots, aim_points_of

Key = tuple[str, str]
"""A battery's name and an interceptor's; for a depot, an empty text and its name."""
MagazineStates = dict[Key, MagazineState]


@dataclass
class Shipment:
    """Rounds on their way to a magazine or a depot, and the tick at which they arrive."""

    key: Key
    rounds: int
    arrival: int


@dataclass
class ResupplyRecord:
    """Rounds that arrived before a raid, and the stocks at its start."""

    delivered: dict[Key, int] = field(default_factory=dict)
    reloaded: dict[Key, int] = field(default_factory=dict)
    replenished: dict[str, int] = field(default_factory=dict)
    drawn: dict[str, int] = field(default_factory=dict)  # part of it that is drawn for the raid
    stock: dict[str, int] = field(default_factory=dict)
    down_time: dict[str, int] = field(default_factory=dict)  # after the raid, by asset
    in_transport: Counter[Key] = field(default_factory=Counter)  # when the raid begins
    aboard: dict[Key, float] = field(default_factory=dict)  # rounds of batteries that are away
    away: set[str] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)  # by user
    got: dict[str, int] = field(default_factory=dict)


class CampaignRun:
    """One replication of a campaign: build it, `run` it, read its raids."""

    def __init__(
        self, campaign: Campaign, seed: int, replication: int, timeline: Sequence[float] = ()
    ) -> None:
        self.campaign, self.seed, self.replication = campaign, seed, replication
        self.timeline = timeline
        self.interval = ticks(campaign.interval)
        self.resupply = resupply_by_receiver(campaign.scenario, campaign.resupply)
        self.shipments: list[Shipment] = []
        self.rotations = rotation_by_battery(campaign.scenario, campaign.rotations)
        self.away: dict[str, float] = {}  # batteries that are away, and the tick of their return
        self.aboard: dict[Key, float] = {}  # their rounds
        self.returned: set[str] = set()  # those that come back before this raid
        self.stock = {stock.interceptor: stock.rounds for stock in campaign.stocks}
        self.deliveries = {s.interceptor: list(self.deliveries_of(s)) for s in campaign.stocks}
        self.aim_points = aim_points_of(campaign.scenario.assets)
        self.damage: dict[str, int] = {}  # effective hits, by battery
        self.lost: dict[str, float] = {}  # batteries that are lost, and the tick of their return
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
                self.rotate(last.batteries, states, number)
                self.replace(last.batteries, states, number)
                record.asked = self.demands(number)
                record.delivered, record.got = self.deliver(number, states, depots, record.asked)
            record.stock = dict(self.stock)
            record.in_transport = self.in_transport()
            record.away, record.aboard = {*self.away}, dict(self.aboard)
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
            lost={*self.lost, *self.away},
            aim_points=self.aim_points,
            depots=depots,
            damage=self.damage,
            counts=counts,
        ).run()
        for battery in raid.batteries:
            self.damage[battery.name] = battery.damage
            if battery.loss is not None:
                self.lost[battery.name] = self.return_of(battery, number)
        return raid

    def return_of(self, battery: Battery, number: int) -> float:
        """Tick of the campaign from which a battery that is lost in a raid has been replaced."""
        times = replacement_times(self.campaign.scenario, self.campaign.replacement_time)
        if battery.loss is None or battery.spec.name not in times:
            return math.inf
        address = ("replacement", battery.spec.name, battery.member)
        integer = RaidDraws(self.seed, self.replication, number).draw(address)[0]
        delay = time_or_draw(times[battery.spec.name], integer)
        return number * self.interval + battery.loss + delay

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

    def rotate(self, batteries: list[Battery], states: MagazineStates, number: int) -> None:
        """Let batteries leave after the last raid, with the rounds that they have, and return."""
        for battery in batteries:
            name, rotation = battery.name, self.rotations.get(battery.spec.name)
            if rotation is None or name in self.lost or name in self.away:
                continue
            keys = [key for key in states if key[0] == name]
            kept = [key for key in keys if rotation.interceptor in (None, key[1])]
            if sum(states[key].ready for key in kept) <= rotation.leave_at:
                draws = RaidDraws(self.seed, self.replication, number - 1)
                integer = draws.draw(("rotation", battery.spec.name, battery.member))[0]
                delay = time_or_draw(rotation.absence, integer)
                self.away[name] = (number - 1) * self.interval + delay
                for key in keys:
                    self.aboard[key], states[key].ready = states[key].ready, 0
        now = number * self.interval
        self.returned = {name for name, back in self.away.items() if back <= now}
        for name in self.returned:
            del self.away[name]
        for key in [key for key in self.aboard if key[0] in self.returned]:
            states[key].ready = self.aboard.pop(key)

    def replace(self, batteries: list[Battery], states: MagazineStates, number: int) -> None:
        """Replace batteries after the delay; only infinite magazines have rounds then.

        Only those have reloads that have them without limit.
        """
        for battery in batteries:
            if self.lost.get(battery.name, math.inf) <= number * self.interval:
                del self.lost[battery.name], self.damage[battery.name]
                for magazine in battery.magazines:
                    state, spec = states[battery.name, magazine.interceptor.name], magazine.spec
                    state.ready = math.inf if spec.rounds == math.inf else 0
                    state.reloads = math.inf if spec.most_reloads == math.inf else 0

    # -------------------------------------------------- 4. deliveries

    def demands(self, number: int) -> dict[str, int]:
        """Rounds that each other user of a stock asks for before a raid."""
        found, draws = dict[str, int](), RaidDraws(self.seed, self.replication, number)
        for user in self.campaign.users:
            if isinstance(user.demand, Distribution):
                integer = draws.draw(("demand", user.name))[0]
                found[user.name] = quantile(user.demand, 1, uniform(integer))
            else:
                found[user.name] = user.demand
        return found

    def deliver(
        self, number: int, states: MagazineStates, depots: Depots, asked: dict[str, int]
    ) -> tuple[Counter[Key], dict[str, int]]:
        """Fill magazines and depots from the stocks; an interceptor without one is unlimited.

        Shipments that have arrived come first, and new ones without transport time last. Also
        return what other users got.
        """
        delivered, got = self.arrive(number, states, depots), dict.fromkeys(asked, 0)
        for interceptor in self.campaign.scenario.interceptors:
            keys = [key for key in states if key[1] == interceptor.name]
            keys += [("", n) for n, d in depots.items() if d.spec.interceptor == interceptor.name]
            every = {key: self.wanted(key, states, depots) for key in keys}
            users = [own for own in self.campaign.users if own.interceptor == interceptor.name]
            every |= {(" user", own.name): asked[own.name] for own in users}
            wanted = {key: rounds for key, rounds in every.items() if rounds > 0}
            if interceptor.name in self.stock:
                wanted = self.shared(wanted, self.stock[interceptor.name])
                self.stock[interceptor.name] -= sum(wanted.values())
            got |= {own.name: wanted.pop((" user", own.name), 0) for own in users}
            for key, rounds in wanted.items():
                ticks = 0 if key[0] in self.returned else self.transport_ticks(number, key, states)
                self.shipments.append(Shipment(key, rounds, number * self.interval + ticks))
        return delivered + self.arrive(number, states, depots), got

    def arrive(self, number: int, states: MagazineStates, depots: Depots) -> Counter[Key]:
        """Receive the shipments that have arrived; what has no room goes back to the stock."""
        delivered: Counter[Key] = Counter()
        due = [own for own in self.shipments if own.arrival <= number * self.interval]
        for shipment in due:
            key, rounds = (
                shipment.key,
                min(shipment.rounds, self.lack(shipment.key, states, depots)),
            )
            delivered[key] += rounds
            if key in states:
                states[key].ready += rounds
                interceptor = key[1]
            else:
                depots[key[1]].held += rounds
                interceptor = depots[key[1]].spec.interceptor
            if interceptor in self.stock:
                self.stock[interceptor] += shipment.rounds - rounds
        self.shipments = [own for own in self.shipments if own not in due]
        return delivered

    def transport_ticks(self, number: int, key: Key, states: MagazineStates) -> int:
        """Ticks that the rounds of a shipment are on their way."""
        owner = (*states[key].owner, key[1]) if key in states else (key[1],)
        integer = RaidDraws(self.seed, self.replication, number).draw(("transport", *owner))[0]
        return time_or_draw(self.resupply[self.named(key, states)].transport_time, integer)

    def in_transport(self) -> Counter[Key]:
        """Rounds on their way, by magazine and depot."""
        found: Counter[Key] = Counter()
        for shipment in self.shipments:
            found[shipment.key] += shipment.rounds
        return found

    def named(self, key: Key, states: MagazineStates) -> Key:
        """The key of a magazine's resupply, in which the battery has its name in the list."""
        return (states[key].owner[0], key[1]) if key in states else key

    def lack(self, key: Key, states: MagazineStates, depots: Depots) -> int:
        """Rounds that a magazine lacks, after a reload on its way, or a depot."""
        if key not in states:
            return depots[key[1]].spec.rounds - depots[key[1]].held
        state = states[key]
        if key[0] in {*self.lost, *self.away} or state.spec.rounds == math.inf:
            return 0
        pending = 0 if state.due is None else state.incoming
        return int(max(state.spec.rounds - state.ready - pending, 0))

    def wanted(self, key: Key, states: MagazineStates, depots: Depots) -> int:
        """Rounds that may be sent: those that it lacks and that are not on their way; limited."""
        if key[0] in self.returned:  # it reloads where the stock is
            return self.lack(key, states, depots)
        resupply = self.resupply.get(self.named(key, states))
        if resupply is None:
            return 0
        lack = self.lack(key, states, depots) - self.in_transport()[key]
        return int(min(max(lack, 0), resupply.rounds))

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
