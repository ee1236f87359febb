"""The specification of raids by a pattern: kinds, growth and attackers' stocks, in plain Python."""

import math
from collections.abc import Mapping

from leakthrough.model.discrete import threshold
from leakthrough.model.distributions import Distribution
from leakthrough.model.raid_pattern import RaidKind, RaidPattern
from leakthrough.model.scenario import Salvo
from leakthrough.reference.draws import RaidDraws, quantile, uniform


class RaidSizes:
    """Kinds and numbers of threats of the raids of one replication, in order."""

    def __init__(self, pattern: RaidPattern, interval: float, seed: int, replication: int) -> None:
        self.pattern, self.interval = pattern, interval
        self.seed, self.replication = seed, replication
        self.kind = 0
        self.threats = {salvo.name: salvo.threat for k in pattern.kinds for salvo in k.salvos}
        self.stock = {stock.threat: stock.count for stock in pattern.stocks}

    def decide(self, raid: int) -> tuple[list[int], dict[str, int]]:
        """Return the kind of a raid with the attacker's stocks before it, and launched threats."""
        draws = RaidDraws(self.seed, self.replication, raid)
        self.kind = self.next_kind(raid, draws)
        self.fill(raid, draws)
        columns = [self.kind, *self.stock.values()]
        kind = self.pattern.kinds[self.kind]
        wanted = dict.fromkeys(self.threats, 0) | self.wanted(kind, raid, draws)
        for threat, held in self.stock.items():
            own = {name: n for name, n in wanted.items() if self.threats[name] == threat}
            shares = shared(own, held)
            wanted |= shares
            self.stock[threat] -= sum(shares.values())
        return columns, wanted

    def next_kind(self, raid: int, draws: RaidDraws) -> int:
        """Index of the kind of a raid."""
        if not self.pattern.is_drawn:
            return self.pattern.kind(raid + 1)
        chances = self.pattern.chances_of_first
        if raid > 0:
            chances = self.pattern.transitions[self.kind]
        integer = draws.draw(("raid kind",))[0]
        for kind in range(len(chances) - 1):
            if integer < threshold(min(math.fsum(chances[: kind + 1]), 1.0)):
                return kind
        return len(chances) - 1

    def fill(self, raid: int, draws: RaidDraws) -> None:
        """Add the threats that reach the stocks before a raid."""
        if raid == 0:
            return
        start, before = raid * self.interval, (raid - 1) * self.interval
        for stock in self.pattern.stocks:
            self.stock[stock.threat] += whole(stock.rate * start) - whole(stock.rate * before)
            if stock.replenishment is not None:
                integer = draws.draw(("threat replenishment", stock.threat))[0]
                self.stock[stock.threat] += quantile(stock.replenishment, 1, uniform(integer))

    def wanted(self, kind: RaidKind, raid: int, draws: RaidDraws) -> dict[str, int]:
        """Numbers of threats of the salvos of a kind, as far as the stocks allow."""
        factor = self.pattern.factor(raid, self.interval)
        return {salvo.name: grown(salvo, factor, draws) for salvo in kind.salvos}


def grown(salvo: Salvo, factor: float, draws: RaidDraws) -> int:
    """Number of threats of a salvo times a factor, rounded up or down at random."""
    number = salvo.count
    if isinstance(number, Distribution):
        number = max(quantile(number, 1, uniform(draws.draw(("size", salvo.name))[0])), 0)
    if factor == 1.0:
        return number
    return math.floor(number * factor + uniform(draws.draw(("growth", salvo.name))[0]))


def whole(threats: float) -> int:
    """Whole threats of a rate."""
    return math.floor(threats + 1e-9)


def shared(wanted: Mapping[str, int], stock: int) -> dict[str, int]:
    """Shares in a stock that may be short, in proportion; the largest remainders are rounded up."""
    total = sum(wanted.values())
    if total <= stock:
        return dict(wanted)
    shares = {name: number * stock // total for name, number in wanted.items()}
    left = stock - sum(shares.values())
    for name in sorted(wanted, key=lambda name: -(wanted[name] * stock % total))[:left]:
        shares[name] += 1
    return shares
