"""Lowering of a pattern of raids: kinds of raid, numbers of threats, and attackers' stocks.

N is the number of raids, M of the kinds of raid of a pattern, and S of the salvos of all kinds.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.labels import Labels
from leakthrough.engine.layout import Whole
from leakthrough.model.discrete import WORD_RANGE, stream, threshold
from leakthrough.model.distributions import Distribution
from leakthrough.model.quantiles import mean_and_variance, quantile_table
from leakthrough.model.raid_pattern import RaidPattern, ThreatStock

Real = npt.NDArray[np.float64]


def whole_part(total: float) -> int:
    """Whole part of what a rate has brought: 0.1 a night loses nothing to rounding in ten."""
    return math.floor(total + 1e-9)


class DrawnSize(NamedTuple):
    """A number of threats that is drawn: of a salvo, in raids of a kind."""

    kind: int
    salvo: int
    quantiles: Real


class AttackerStock(NamedTuple):
    """The attacker's stock of one threat class."""

    salvos: Whole  # that are launched from it
    start: int
    arrivals: Whole  # (N,) threats that reach it before each raid, without random ones
    stream: int
    quantiles: Real  # empty if none are


class Pattern(NamedTuple):
    """A lowered pattern of raids."""

    kinds: Whole  # (N,) of each raid; empty if they are drawn
    first: Whole  # (M,) cumulative thresholds of the kinds of the first raid
    following: Whole  # (M, M) and of those of the next raid, by the kind of a raid
    counts: Whole  # (M, S) numbers of threats, 0 where they are drawn
    drawn: tuple[DrawnSize, ...]
    streams: tuple[int, ...]  # (S,) of drawn numbers
    rounding: tuple[int, ...]  # (S,) of the rounding of grown numbers
    factors: Real  # (N,) of the numbers of threats
    stocks: tuple[AttackerStock, ...]
    means: Real  # (N, S) of the numbers of threats; NaN where a stock limits them
    random: Whole  # salvos whose number is random, with a known mean

    @property
    def width(self) -> int:
        """Number of columns: the kind of a raid, and the attacker's stocks."""
        return 1 + len(self.stocks)


def _with_means(pattern: Pattern) -> Pattern:
    """Add the mean numbers of threats, rounded to multiples of 2**-32."""
    counts, chances = pattern.counts.astype(np.float64), _chances(pattern)
    for own in pattern.drawn:
        counts[own.kind, own.salvo] = mean_and_variance(own.quantiles, 1)[0]
    # Not a matrix product, whose last bit depends on the library.
    means = sum(chances[:, n, np.newaxis] * own for n, own in enumerate(counts))
    every = np.rint(means * pattern.factors[:, np.newaxis] * WORD_RANGE) / WORD_RANGE
    for stock in pattern.stocks:
        every[:, stock.salvos] = np.nan
    random = {own.salvo for own in pattern.drawn}
    if pattern.kinds.size == 0:
        random |= {*np.flatnonzero(np.ptp(counts, axis=0)).tolist()}
    if (pattern.factors != 1.0).any():
        random |= {*range(len(pattern.streams))}
    known = [salvo for salvo in sorted(random) if not np.isnan(every[0, salvo])]
    return pattern._replace(random=np.array(known, np.int64), means=every)


def _chances(pattern: Pattern) -> Real:
    """Probabilities (N, M) of the kinds of each raid."""
    if pattern.kinds.size:
        return np.eye(len(pattern.counts))[pattern.kinds]
    following = np.diff(pattern.following, axis=1, prepend=0) / WORD_RANGE
    found = np.empty((pattern.factors.size, len(pattern.counts)))
    found[0] = np.diff(pattern.first, prepend=0) / WORD_RANGE
    for raid in range(1, len(found)):
        found[raid] = (found[raid - 1][:, np.newaxis] * following).sum(axis=0)
    return found


def _cumulative(chances: Sequence[float]) -> list[int]:
    """Cumulative thresholds of probabilities whose sum is 1."""
    sums = [threshold(min(math.fsum(chances[: n + 1]), 1.0)) for n in range(len(chances))]
    return [*sums[:-1], WORD_RANGE]


def lower_pattern(pattern: RaidPattern, labels: Labels, interval: float) -> Pattern:
    """Lower a pattern; the labels name the salvos of all its kinds; `interval` [s] of the raids."""
    raids, codes = range(pattern.number), {name: n for n, name in enumerate(labels.salvos)}
    counts = np.zeros((len(pattern.kinds), len(codes)), np.int64)
    drawn = []
    for n, kind in enumerate(pattern.kinds):
        for salvo in kind.salvos:
            code, count = codes[salvo.name], salvo.count
            if isinstance(count, Distribution):
                drawn.append(DrawnSize(n, code, quantile_table(count, 1).ravel()))
            else:
                counts[n, code] = count
    is_drawn = pattern.is_drawn
    found = Pattern(
        kinds=np.array([] if is_drawn else [pattern.kind(n + 1) for n in raids], np.int64),
        first=np.array(_cumulative(pattern.chances_of_first) if is_drawn else [], np.int64),
        following=np.array([_cumulative(row) for row in pattern.transitions], np.int64),
        counts=counts,
        drawn=tuple(drawn),
        streams=tuple(stream("size", name) for name in codes),
        rounding=tuple(stream("growth", name) for name in codes),
        factors=np.array([pattern.factor(raid, interval) for raid in raids]),
        stocks=tuple(_lower_stock(own, labels, pattern.number, interval) for own in pattern.stocks),
        means=np.zeros((pattern.number, 0)),
        random=np.zeros(0, np.int64),
    )
    return _with_means(found)


def _lower_stock(stock: ThreatStock, labels: Labels, raids: int, interval: float) -> AttackerStock:
    totals = [whole_part(stock.rate * (raid * interval)) for raid in range(raids)]
    drawn = stock.replenishment
    return AttackerStock(
        salvos=np.flatnonzero(np.array(labels.threats) == stock.threat),
        start=stock.count,
        arrivals=np.array(totals, np.int64) - np.array([0, *totals[:-1]], np.int64),
        stream=stream("threat replenishment", stock.threat),
        quantiles=quantile_table(drawn, 1).ravel() if drawn else np.zeros(0),
    )
