"""Allocation of a budget to whole units by marginal gains and exchanges of decreasing size.

The search is independent of scenarios. It minimises the mean of the values that a function returns
for an allocation, with the same draws for each, so that two allocations are compared in pairs.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from leakthrough.statistics.adjusted import Values, interval_of_values

Units = tuple[int, ...]
"""An allocation: the number of units on each path."""


class Prices(NamedTuple):
    """Unit costs, and bounds of the number of units, of each path."""

    costs: tuple[float, ...]
    least: Units
    most: Units

    @property
    def every(self) -> range:
        """Indices of the paths."""
        return range(len(self.costs))

    def cost(self, units: Units) -> float:
        """Cost of an allocation."""
        return math.fsum(cost * number for cost, number in zip(self.costs, units, strict=True))

    def affordable(self, number: int, money: float) -> int:
        """Units of one path that money buys, with a tolerance: 0.3 buys three at 0.1."""
        units = min(money * (1 + 1e-12) / self.costs[number], 1e18)  # the quotient may overflow
        return max(math.floor(units), 0)

    def within(self, units: Units, budget: float) -> bool:
        """Whether a budget covers the cost of an allocation."""
        return self.cost(units) <= budget * (1 + 1e-12)

    def shared(self, budget: float) -> Units:
        """Equal shares of the budget above the least units, rounded to whole units."""
        return self.exchanged(self.least, self.every, (), budget - self.cost(self.least), budget)

    def alone(self, budget: float) -> Iterator[Units]:
        """All money above the least units spent on one path, for each path."""
        money = budget - self.cost(self.least)
        yield from (self.exchanged(self.least, [n], (), money, budget) for n in self.every)

    def scaled(self, units: Units, budget: float) -> Units:
        """An allocation scaled down in proportion to a smaller budget."""
        least = self.cost(self.least)
        share = (budget - least) / max(self.cost(units) - least, budget - least)
        pairs = zip(self.least, units, strict=True)
        return tuple(low + math.floor(share * (number - low)) for low, number in pairs)

    def exchanged(
        self,
        units: Units,
        buyers: Sequence[int],
        payers: Sequence[int],
        money: float,
        budget: float,
    ) -> Units:
        """Allocation after the buyers spend equal shares of some money that the payers raise.

        Every affordable buyer gets at least one unit, and the first ones get what remains of the
        budget. Payers sell in proportion to the value of the units that they can sell.
        """
        found = list(units)
        for n in buyers:
            wanted = max(self.affordable(n, money / len(buyers)), 1)
            found[n] = min(found[n] + wanted, self.most[n])
        self._sell(found, payers, budget)
        self._give_back(found, units, buyers, budget)
        for n in buyers:
            more = self.affordable(n, budget - self.cost(tuple(found)))
            found[n] = min(found[n] + more, self.most[n])
        return tuple(found)

    def resized(self, units: Units, budget: float) -> Iterator[Units]:
        """Allocations with more or fewer units of one path alone.

        One or two units more or fewer; or at most 1, 2, 4 and so on above the least.
        """
        for n in self.every:
            own, least = units[n], self.least[n]
            doubled = (least + 2**k for k in range((own - least).bit_length()))
            for number in sorted({least, *doubled, own - 2, own - 1, own + 1, own + 2} - {own}):
                found = (*units[:n], number, *units[n + 1 :])
                if least <= number <= self.most[n] and self.within(found, budget):
                    yield found

    def _sell(self, found: list[int], payers: Sequence[int], budget: float) -> None:
        """Remove units from the payers until the budget covers the rest, or all are removed."""
        worth = [(found[n] - self.least[n]) * self.costs[n] for n in payers]
        missing, total = self.cost(tuple(found)) - budget, math.fsum(worth)
        for n, own in zip(payers, worth, strict=True):
            if missing > 0 and total > 0:
                sold = math.floor(min(missing / total, 1.0) * own / self.costs[n])
                found[n] -= min(sold, found[n] - self.least[n])
        for n in sorted(payers, key=lambda n: self.costs[n]):
            if self.within(tuple(found), budget):
                return
            missing = self.cost(tuple(found)) - budget
            sold = math.ceil(missing * (1 - 1e-12) / self.costs[n])
            found[n] -= min(sold, found[n] - self.least[n])

    def _give_back(
        self, found: list[int], units: Units, buyers: Sequence[int], budget: float
    ) -> None:
        """Undo purchases, the most expensive first, that the payers could not cover."""
        for n in sorted(buyers, key=lambda n: -self.costs[n]):
            missing = self.cost(tuple(found)) - budget
            if missing > 0:
                returned = math.ceil(missing * (1 - 1e-12) / self.costs[n])
                found[n] -= min(returned, found[n] - units[n])


class Search:
    """Search for the allocation with the smallest mean value.

    `values` returns those of an allocation, on the same replications for all.
    """

    def __init__(self, prices: Prices, values: Callable[[Units], Values]) -> None:
        self.prices, self._values = prices, values
        self.known: dict[Units, Values] = {}

    def values(self, units: Units) -> Values:
        """Values of an allocation, cached."""
        if units not in self.known:
            self.known[units] = self._values(units)
        return self.known[units]

    def mean(self, units: Units) -> float:
        """The objective, which is minimised."""
        return float(self.values(units).adjusted.mean())

    def gains(self, units: Units, over: Units, errors: float = 1.0) -> bool:
        """Whether an allocation beats another by more standard errors of the difference.

        Smaller gains are mostly noise. All comparisons are by one objective, so that no search
        runs in a circle; only the error depends on whether controls are of use.
        """
        error = interval_of_values(self.values(units) - self.values(over)).estimates[1]
        return bool(self.mean(units) - self.mean(over) < -errors * error)

    def best(self, budget: float) -> Units:
        """The best known allocation within a budget; of equally good ones the cheapest."""
        paid = [units for units in self.known if self.prices.within(units, budget)]
        return min(paid, key=lambda units: (self.mean(units), self.prices.cost(units), units))

    def alike(self, units: Units, budget: float) -> list[Units]:
        """Known allocations within a budget that are not worse by two standard errors."""
        paid = [other for other in self.known if self.prices.within(other, budget)]
        return [other for other in paid if not self.gains(units, other, errors=2.0)]

    def improve(self, units: Units, budget: float, shares: Sequence[float]) -> Units:
        """Exchange shares of the budget, in the given order of sizes, until no exchange gains.

        More is not always better, and one unit may be worse where two are better. So allocations
        with more or fewer units of one path follow; from one that gains, exchanges start again.
        """
        before = None
        while units != before:
            before = units
            for share in shares:
                while (better := self._better(units, share * budget, budget)) is not None:
                    units = better
            resized = self.prices.resized(units, budget)
            units = next((move for move in resized if self.gains(move, units)), units)
        return units

    def _better(self, units: Units, money: float, budget: float) -> Units | None:
        """A neighbour that gains: more of one path from all others or from one, or more of two."""

        def after(buyers: Sequence[int], payers: Sequence[int]) -> Units:
            return self.prices.exchanged(units, buyers, payers, money, budget)

        paths = self.prices.every
        others = {n: [m for m in paths if m != n] for n in paths}
        single = {n: after([n], others[n]) for n in paths}
        more = sorted(paths, key=lambda n: self.mean(single[n]))
        if self.gains(single[more[0]], units):
            return single[more[0]]
        # In order of predicted gain: more of what gains most, less of what gains least.
        rank = {n: position for position, n in enumerate(more)}
        pairs = [(n, m) for n in paths for m in others[n]]
        swaps = sorted(pairs, key=lambda pair: (rank[pair[0]] - rank[pair[1]], pair))
        both = sorted(
            {tuple(sorted(pair)) for pair in pairs}, key=lambda p: rank[p[0]] + rank[p[1]]
        )
        moves = [after([n], [m]) for n, m in swaps[: 3 * len(more)]]
        moves += [
            after(pair, [m for m in paths if m not in pair]) for pair in both[: 2 * len(more)]
        ]
        return next((move for move in moves if self.gains(move, units)), None)
