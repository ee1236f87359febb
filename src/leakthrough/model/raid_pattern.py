"""Raids as they come: kinds of raid, how they follow each other, growth, and attackers' stocks."""

import math
from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import Field, model_validator

from leakthrough.model.arrivals import Times
from leakthrough.model.base import Frozen, Model, Name, Probability, Table
from leakthrough.model.distributions import Distribution, UncertainCount
from leakthrough.model.errors import Mistake, faults, shown
from leakthrough.model.magazines import MOST_ROUNDS
from leakthrough.model.name_checks import unknown
from leakthrough.model.quantiles import largest, upper_end
from leakthrough.model.scenario import MOST_THREATS, Salvo, most_threats
from leakthrough.model.units import DAY

MOST_RAIDS = 100_000
MOST_KINDS = 20
_LARGEST_FACTOR = 60.0
"""Logarithm at which the factor of a growth is cut: no count above 0 is allowed to reach it."""
_SLACK = 1e-9
"""By which a sum of probabilities may differ from 1."""


class RaidKind(Model):
    """A kind of raid, and when raids are of this kind.

    Parameters
    ----------
    name : str
        Its name, unique among the kinds.
    salvos : list of Salvo, default empty
        The salvos of such a raid. A salvo of a name that another kind has too must be the same but
        for its `count`.
    every : int, optional
        Every so many raids are of this kind, from 1 to 100,000. A raid is of the last kind in the
        list of which this is true, and otherwise of the first, which must have no `every`.
    first : int, optional
        The number of the first raid of this kind, counted from 1; by default `every`.
    next : mapping of str to float, default empty
        Instead of `every`: probabilities that the raid after one of this kind is of another kind.
        With the rest of 1 it is of this kind again.
    """

    name: Name
    salvos: tuple[Salvo, ...] = Field((), description="The salvos of such a raid.")
    every: Annotated[int, Field(ge=1, le=MOST_RAIDS)] | None = Field(
        None, description="Every so many raids are of this kind."
    )
    first: Annotated[int, Field(ge=1, le=MOST_RAIDS)] | None = Field(
        None, description="Number of the first raid of this kind; none: `every`."
    )
    next: Table[Probability] = Field(
        Frozen(), description="Probabilities that the next raid is of another kind."
    )

    @model_validator(mode="after")
    def _first_of_every(self) -> "RaidKind":
        if self.first is not None and self.every is None:
            raise faults([(("first",), "must not be given without `every`")])
        return self


class ThreatStock(Model):
    """The attacker's stock of one threat class, from which its salvos are launched.

    It fills from raid to raid. Salvos of the class launch what they are to launch if the stock
    holds that, and otherwise all that it holds.

    Parameters
    ----------
    threat : str
        The name of a threat.
    count : int
        Threats before the first raid, from 0 to 1e9.
    rate : float, default 0
        Constant rate at which threats reach it [1/s], from 0 to 1e6; only whole ones count.
    replenishment : frozen scipy.stats distribution, optional
        Threats that reach it between two raids, drawn for each raid and rounded; not below 0.
    """

    threat: str = Field(description="The name of a threat.")
    count: int = Field(ge=0, le=MOST_ROUNDS, description="Threats before the first raid.")
    rate: float = Field(0.0, ge=0.0, le=1e6, description="Rate at which threats reach it [1/s].")
    replenishment: UncertainCount | None = Field(
        None, description="Threats that reach it between two raids."
    )


class RaidPattern(Model):
    """Raids of several kinds, which follow each other by a rule or at random.

    It describes what comes, for the planning of a defence.

    Parameters
    ----------
    number : int
        The number of raids, from 1 to 100,000.
    kinds : list of RaidKind
        At most 20. If any has `next`, the kinds are a Markov chain, drawn for each replication.
    initial : mapping of str to float, optional
        Probabilities of the kinds of the first raid, whose sum is 1. By default they are those of
        the stationary distribution of the chain, so every raid has the same ones.
    daily_growth : float, default 1
        Factor by which the numbers of threats grow in a day, from 0.5 to 2. The number of a raid
        is multiplied by the factor to the power of the days since the first raid, and rounded up
        or down at random, so that its mean is exact.
    stocks : list of ThreatStock, default empty
        The attacker's stocks, at most one for each threat class. Classes without one are launched
        without limit. Salvos of one class share what is too little in proportion to their numbers
        (whole threats, the largest remainders first).

    Examples
    --------
    >>> import leakthrough as lt
    >>> drones = lt.Salvo(name="drones", threat="drone", count=100, arrival=lt.At(time=0.0))
    >>> many = lt.Salvo(name="drones", threat="drone", count=500, arrival=lt.At(time=0.0))
    >>> pattern = lt.RaidPattern(
    ...     number=60,
    ...     kinds=[
    ...         lt.RaidKind(name="routine", salvos=[drones], next={"large": 0.1}),
    ...         lt.RaidKind(name="large", salvos=[many], next={"routine": 0.9}),
    ...     ],
    ... )
    >>> pattern.is_drawn
    True
    """

    number: int = Field(ge=1, le=MOST_RAIDS, description="The number of raids.")
    kinds: Annotated[tuple[RaidKind, ...], Field(min_length=1, max_length=MOST_KINDS)] = Field(
        description="The kinds of raid."
    )
    initial: Table[Probability] = Field(
        Frozen(), description="Probabilities of the kinds of the first raid; none: stationary."
    )
    daily_growth: float = Field(
        1.0, ge=0.5, le=2.0, description="Factor by which numbers of threats grow in a day."
    )
    stocks: tuple[ThreatStock, ...] = Field((), description="The attacker's stocks.")

    @model_validator(mode="after")
    def _parts_fit(self) -> "RaidPattern":
        if found := [*_mistakes_of_kinds(self), *_mistakes_of_salvos(self)]:
            raise faults(found)
        if self.is_drawn and not self.initial and not _is_connected(self):
            text = "is required, since some kind is never reached from another"
            raise faults([(("initial",), text)])
        return self

    @property
    def is_drawn(self) -> bool:
        """Whether the kinds of raids are drawn, and not known."""
        return bool(self.initial) or any(kind.next for kind in self.kinds)

    def kind(self, number: int) -> int:
        """Return the index of the kind of a raid, counted from 1, where it is not drawn."""
        fitting = [n for n, own in enumerate(self.kinds) if _comes(own, number)]
        return max(fitting, default=0)

    @property
    def chances_of_first(self) -> tuple[float, ...]:
        """Probabilities of the kinds of the first raid."""
        if self.initial:
            return tuple(self.initial.get(kind.name, 0.0) for kind in self.kinds)
        return stationary(self.transitions)

    @property
    def transitions(self) -> tuple[tuple[float, ...], ...]:
        """Probabilities of the kind of the next raid, by the kind of a raid."""
        names = [kind.name for kind in self.kinds]
        rows = [[kind.next.get(name, 0.0) for name in names] for kind in self.kinds]
        for n, row in enumerate(rows):
            row[n] = max(1.0 - math.fsum(row), 0.0)
        return tuple(map(tuple, rows))

    def when(self, kind: RaidKind) -> str:
        """Return a short text that says when raids are of a kind."""
        if self.is_drawn:
            first = self.chances_of_first[self.kinds.index(kind)]
            then = [f"then {name}: {chance:g}" for name, chance in kind.next.items()]
            return ", ".join([f"first raid: {first:.3g}", *then])
        if kind.every is None:
            return "all other raids" if len(self.kinds) > 1 else "all raids"
        return f"every {kind.every:,} raids, from raid {kind.first or kind.every:,}"

    def factor(self, raid: int, interval: float) -> float:
        """Return the factor of the numbers of threats in a raid, counted from 0.

        `interval` is the time between two raids [s].
        """
        days = raid * interval / DAY
        return math.exp(min(days * math.log(self.daily_growth), _LARGEST_FACTOR))


def _comes(kind: RaidKind, number: int) -> bool:
    if kind.every is None:
        return False
    first = kind.first or kind.every
    return number >= first and (number - first) % kind.every == 0


def stationary(transitions: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the stationary distribution of a chain in which each state leads to each other.

    By the algorithm of Grassmann, Taksar and Heyman (1985), which subtracts nothing.

    Examples
    --------
    >>> stationary([[0.875, 0.125], [0.375, 0.625]])
    (0.75, 0.25)
    """
    rows = [list(row) for row in transitions]
    for n in range(len(rows) - 1, 0, -1):
        leaving = math.fsum(rows[n][:n])
        for row in rows[:n]:
            row[n] /= leaving
            for m in range(n):
                row[m] += row[n] * rows[n][m]
    weights = [1.0]
    for n in range(1, len(rows)):
        weights.append(math.fsum(weights[m] * rows[m][n] for m in range(n)))
    total = math.fsum(weights)
    return tuple(weight / total for weight in weights)


def _is_connected(pattern: RaidPattern) -> bool:
    """Whether each kind is reached from each other one, directly or not."""
    rows = pattern.transitions
    ways = [rows, [*zip(*rows, strict=True)]]
    return all(len(_reached(own)) == len(rows) for own in ways)


def _reached(rows: Sequence[Sequence[float]]) -> set[int]:
    """States that are reached from the first."""
    found, new = {0}, [0]
    while new:
        row = rows[new.pop()]
        more = [n for n, chance in enumerate(row) if chance > 0.0 and n not in found]
        found |= {*more}
        new += more
    return found


def all_salvos(pattern: RaidPattern, interval: float) -> tuple[Salvo, ...]:
    """Return the salvos of all kinds, each with the largest number that any raid may launch.

    They are in the order in which they first appear.
    """
    most: dict[str, int] = {}
    every: dict[str, Salvo] = {}
    factor = max(pattern.factor(raid, interval) for raid in (0, pattern.number - 1))
    for salvo in (salvo for kind in pattern.kinds for salvo in kind.salvos):
        every.setdefault(salvo.name, salvo)
        count = salvo.count
        number = largest(count) if isinstance(count, Distribution) else count
        grown = math.floor(number * factor + (1.0 - 2.0**-33))
        most[salvo.name] = max(most.get(salvo.name, 0), grown)
    return tuple(Salvo(**{**vars(own), "count": most[name]}) for name, own in every.items())


def _mistakes_of_kinds(pattern: RaidPattern) -> Iterator[Mistake]:
    """Mistakes in the names of kinds, and in when they come."""
    names = [kind.name for kind in pattern.kinds]
    for n, kind in enumerate(pattern.kinds):
        where = ("kinds", kind.name)
        if kind.name in names[:n]:
            yield (where, f"more than one is called {shown(kind.name)}")
        if pattern.is_drawn and kind.every is not None:
            yield ((*where, "every"), "must not be given where kinds are drawn (`next`, `initial`)")
        elif not pattern.is_drawn and (n == 0) != (kind.every is None):
            text = "must not be given for the first kind, of which all other raids are"
            yield ((*where, "every"), text if n == 0 else "is required, unless kinds have `next`")
        for name in kind.next:
            yield from unknown((*where, "next", name), name, "a kind of raid", names)
        if kind.name in kind.next:
            yield ((*where, "next", kind.name), "must be another kind; it follows with the rest")
        if (total := math.fsum(kind.next.values())) > 1.0 + _SLACK:
            yield ((*where, "next"), f"its sum must be at most 1; got {total:g}")
    for name in pattern.initial:
        yield from unknown(("initial", name), name, "a kind of raid", names)
    total = math.fsum(pattern.initial.values())
    if pattern.initial and abs(total - 1.0) > _SLACK:
        yield (("initial",), f"its sum must be 1; got {total:g}")


def _mistakes_of_salvos(pattern: RaidPattern) -> Iterator[Mistake]:
    """Mistakes in salvos of one name, and in their growth."""
    seen: dict[str, tuple[str, Salvo]] = {}
    for kind in pattern.kinds:
        for salvo in kind.salvos:
            where = ("kinds", kind.name, "salvos", salvo.name)
            other, first = seen.setdefault(salvo.name, (kind.name, salvo))
            if {**vars(first), "count": 0} != {**vars(salvo), "count": 0}:
                text = f"must be as in the kind {shown(other)}, but for its count"
                yield (where, f"{text}; another salvo needs another name")
            if pattern.daily_growth != 1.0 and isinstance(salvo.arrival, Times):
                text = "lists a time for each threat, so it must not be Times if numbers grow"
                yield ((*where, "arrival"), text)


def pattern_mistakes(
    pattern: RaidPattern, interval: float, threats: Sequence[str]
) -> Iterator[Mistake]:
    """Mistakes between a pattern and its campaign."""
    seen: set[str] = set()
    for stock in pattern.stocks:
        where, drawn = ("stocks", stock.threat), stock.replenishment
        yield from unknown((*where, "threat"), stock.threat, "a threat", threats)
        if stock.threat in seen:
            yield (where, f"more than one of {shown(stock.threat)}")
        if drawn is not None and (most := upper_end(drawn)) > MOST_ROUNDS:
            text = f"must not reach {MOST_ROUNDS:,} threats, but {drawn.dist} reaches {most:,}"
            yield ((*where, "replenishment"), text)
        seen.add(stock.threat)
    factor = pattern.factor(pattern.number - 1, interval)
    most = max((most_threats(salvo) for kind in pattern.kinds for salvo in kind.salvos), default=0)
    if most * factor > MOST_THREATS:
        text = f"the factor of the last raid is {factor:.3g}, so a salvo of {most:,} exceeds"
        yield (("daily_growth",), f"{text} {MOST_THREATS:,} threats")
