"""Magazines that a demand empties: the chance that rounds are left, bin by bin."""

from typing import NamedTuple

import numpy as np

from leakthrough.exact._arguments import Numbers
from leakthrough.scenario import Magazine


class Demand(NamedTuple):
    """Rounds that one salvo would draw from a magazine that is never empty."""

    rounds: Numbers  # (bins, nights)
    burst: Numbers  # (nights,): mean of the square over the mean of what one threat draws
    threats: float  # how many threats the salvo has
    urgent: bool  # whether it may draw reserved rounds


class Stock(NamedTuple):
    """What the magazines of batteries that are alike hold together, and how it went."""

    plain: Numbers  # (bins, nights): chance that there are rounds for priority 0
    urgent: Numbers  # (bins, nights): the same for priority 1 or more
    dry: Numbers  # (nights,): chance that the last round leaves and no reload is to come
    reloaded: Numbers  # (nights,)


def full(bins: int, nights: int) -> Stock:
    """A magazine from which nothing has been drawn."""
    ones = np.ones((bins, nights))
    return Stock(ones, ones, np.zeros(nights), np.zeros(nights))


def draw(
    magazine: Magazine, count: int, demands: list[Demand], edges: Numbers, nights: int
) -> Stock:
    """Let the demands empty the magazines of `count` batteries, which share them evenly."""
    bins = len(edges) - 1
    total = float(magazine.rounds) * count
    if not demands or np.isinf(total):
        return full(bins, nights)
    if total == 0.0 and not magazine.reloads:  # never left by a last round, so never run dry
        nothing = np.zeros((bins, nights))
        return Stock(nothing, nothing, np.zeros(nights), np.zeros(nights))
    plain = _sum([d for d in demands if not d.urgent], bins, nights)
    urgent = _sum([d for d in demands if d.urgent], bins, nights)
    if magazine.reloads:
        return _reloaded(magazine, count, plain[0], urgent[0], edges)
    kept = min(float(magazine.reserved) * count, total)
    both = plain[0] + urgent[0]
    some = _available(both, plain[1] + urgent[1], total - kept)
    if kept == 0.0:
        return Stock(some, some, 1.0 - _left(both, plain[1] + urgent[1], total), np.zeros(nights))
    drawn = some * plain[0] + urgent[0]
    rest = _available(drawn, urgent[1] + 0.0 * plain[1], total)
    dry = 1.0 - _left(drawn, urgent[1], total)
    return Stock(some, np.maximum(rest, some), dry, np.zeros(nights))


def _sum(demands: list[Demand], bins: int, nights: int) -> tuple[Numbers, Numbers]:
    """Rounds a bin, and the variance of all up to the end of each.

    Threats draw independently: the variance is the sum of squares less that of means.
    """
    rounds, variance = np.zeros((bins, nights)), np.zeros((bins, nights))
    for demand in demands:
        so_far = np.cumsum(demand.rounds, axis=0)
        rounds += demand.rounds
        variance += np.maximum(so_far * demand.burst - so_far**2 / max(demand.threats, 1.0), 0.0)
    return rounds, variance


def _available(rounds: Numbers, variance: Numbers, stock: float) -> Numbers:
    """Share of each bin's demand that is met: the rise of E[min(demand, stock)], normal demand."""
    so_far = np.cumsum(rounds, axis=0)
    met = expected_met(so_far, variance, stock)
    met = np.vstack([np.zeros_like(met[:1]), np.maximum.accumulate(met, axis=0)])
    share = np.divide(
        np.diff(met, axis=0), rounds, out=(so_far < stock).astype(np.float64), where=rounds > 1e-12
    )
    return np.clip(share, 0.0, 1.0)


def expected_met(mean: Numbers, variance: Numbers, stock: float) -> Numbers:
    """E[min(X, stock)] of a normal X, from 0."""
    from scipy.special import ndtr

    spread = np.sqrt(np.maximum(variance, 1e-18))
    z = np.clip((stock - mean) / spread, -9.0, 9.0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    short: Numbers = (mean - stock) * ndtr(-z) + spread * density
    short = np.where(z <= -9.0, mean - stock, np.where(z >= 9.0, 0.0, short))
    return np.clip(mean - short, 0.0, np.minimum(mean, stock))


def _left(rounds: Numbers, variance: Numbers, stock: float) -> Numbers:
    """Chance that not all rounds are drawn by the end."""
    from scipy.special import ndtr

    spread = np.sqrt(np.maximum(variance[-1], 1e-18))
    left: Numbers = ndtr((stock - 0.5 - rounds.sum(axis=0)) / spread)
    return left


def _reloaded(
    magazine: Magazine, count: int, plain: Numbers, urgent: Numbers, edges: Numbers
) -> Stock:
    """Follow the rounds of a magazine that is reloaded: without noise, bin by bin."""
    kept = float(magazine.reserved) * count
    ready = np.full(plain.shape[1], float(magazine.rounds) * count)
    calls = np.full(plain.shape[1], float(magazine.reloads))
    due = np.where(ready <= 0.0, magazine.reload_time, np.inf)
    calls -= ready <= 0.0
    brought = np.zeros_like(ready)
    found = np.empty_like(plain), np.empty_like(urgent)
    batch = float(magazine.reload_rounds) * count
    for n in range(len(plain)):
        # Several reloads may come in one bin: so many more rounds can be drawn in it.
        come = np.where(due <= edges[n + 1], 1.0, 0.0)
        if magazine.reload_time > 0.0:
            more = np.floor(np.maximum(edges[n + 1] - due, 0.0) / magazine.reload_time)
        else:
            more = np.full_like(ready, np.inf)
        wanted = plain[n] + urgent[n]
        need = np.ceil(np.maximum(wanted - ready - come * batch, 0.0) / batch)
        extra = np.where(come > 0.0, np.minimum(np.minimum(more, need), calls), 0.0)
        calls -= extra
        ready = ready + (come + extra) * batch
        brought += (come + extra) * batch
        due = np.where(come > 0.0, np.inf, due)
        high = np.minimum(urgent[n], ready)
        low = np.minimum(plain[n], np.maximum(ready - high - kept, 0.0))
        found[0][n] = np.divide(low, plain[n], out=(ready > kept) * 1.0, where=plain[n] > 0.0)
        found[1][n] = np.divide(high, urgent[n], out=(ready > 0.0) * 1.0, where=urgent[n] > 0.0)
        ready = ready - high - low
        empty = (ready < 1e-9) & np.isinf(due) & (calls > 0.0)
        calls -= empty
        due = np.where(empty, edges[n + 1] + magazine.reload_time, due)
    dry = ((ready < 1e-9) & np.isinf(due)).astype(np.float64)
    return Stock(*found, dry, brought)
