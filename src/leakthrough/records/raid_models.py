"""Distributions of nightly numbers of threats: likelihoods and their maxima.

Each model is a chain of two kinds of nights, routine and large, or a part of one: a night is large
with probability `to_large` after a routine night, and routine with `to_routine` after a large one.
With ``to_large + to_routine = 1`` nights are independent (a mixture); with `to_large` 0 there is
one kind. Independently of that, a night is quiet, without a raid, with probability q. The number of
other nights is 1 + N, where N is negative binomial with mean m and variance m + m² / k, or Poisson.
The mean is m exp(g t), t days after the last night (so t is negative, and m the mean at the end).
"""

from typing import NamedTuple

import numpy as np

from leakthrough.records.entries import Array

MODELS = ("poisson", "negative binomial", "two kinds", "two-state chain")
PARAMETERS = (
    *("mean_routine", "dispersion_routine", "mean_large", "dispersion_large"),
    *("to_large", "to_routine", "growth", "quiet"),
)
NUMBER = {"poisson": 3, "negative binomial": 4, "two kinds": 7, "two-state chain": 8}
"""Free parameters of each model."""
_LIMITS = {
    "mean": (-12.0, 12.0),
    "dispersion": (-6.0, 8.0),
    "chance": (-9.0, 9.0),
    "growth": (-10.0, 10.0),
}
"""Limits of the logarithms, log-odds, and growth over the whole record."""


class Fitted(NamedTuple):
    """Maximum likelihood estimates in the order of `PARAMETERS`, NaN where a model has none."""

    values: Array
    log_likelihood: float


def log_densities(values: Array, counts: Array, days: Array) -> Array:
    """Log probability of each night's number given the nights before it; shape (nights,)."""
    each = _emissions(values, counts - 1.0, days)
    raid, quiet = counts > 0, values[7]
    each[raid] += np.log1p(-quiet)
    each[~raid] = np.log(quiet) if quiet else 0.0
    if not np.isfinite(values[2]):
        return each[:, 0]
    up, down = values[4:6]
    return _chain(each, float(up), float(down))


def _emissions(values: Array, counts: Array, days: Array) -> Array:
    """Log probability of N for each kind of night, shape (nights, kinds); N is -1 if quiet."""
    from scipy.special import gammaln

    kinds = slice(0, 4 if np.isfinite(values[2]) else 2)
    log_mean = np.log(values[kinds][::2]) + values[6] * days[:, np.newaxis]
    k, n = values[kinds][1::2], np.maximum(counts, 0.0)[:, np.newaxis]
    if not np.isfinite(k[0]):
        return np.asarray(n * log_mean - np.exp(log_mean) - gammaln(n + 1.0))
    # Not scipy.stats, which underflows where a number is far from the mean.
    total = np.logaddexp(np.log(k), log_mean)
    ways = gammaln(n + k) - gammaln(k) - gammaln(n + 1.0)
    return np.asarray(ways + k * (np.log(k) - total) + n * (log_mean - total))


def _chain(each: Array, up: float, down: float) -> Array:
    """Forward pass of the chain, which begins in its stationary distribution."""
    large = up / (up + down)
    top = each.max(axis=1)
    fits = np.exp(each - top[:, np.newaxis]).tolist()
    found = np.empty(len(fits))
    for night, (routine, big) in enumerate(fits):
        total = (1.0 - large) * routine + large * big
        found[night] = total
        large = large * big / total
        large = large * (1.0 - down) + (1.0 - large) * up
    logs: Array = np.log(found) + top
    return logs


def fit(model: str, counts: Array, days: Array) -> Fitted:
    """Maximum likelihood estimates of a model, the best of several starts."""
    found = [_climbed(model, start, counts, days) for start in _starts(model, counts)]
    return max(found, key=lambda each: each.log_likelihood)


def _climbed(model: str, start: Array, counts: Array, days: Array) -> Fitted:
    from scipy.optimize import minimize

    quiet = float((counts == 0).mean())

    def depth(free: Array) -> float:
        return -float(log_densities(values_of(model, free, days, quiet), counts, days).sum())

    kinds = ["mean", "dispersion", "mean", "dispersion", "chance", "chance"][: NUMBER[model] - 2]
    bounds = [_LIMITS[kind] for kind in (*kinds, "growth")]
    found = minimize(depth, start, method="L-BFGS-B", bounds=bounds)
    return Fitted(values_of(model, found.x, days, quiet), -float(found.fun))


def values_of(model: str, free: Array, days: Array, quiet: float) -> Array:
    """Parameters in the order of `PARAMETERS`, from the logarithms and log-odds of the search.

    The search is for the mean in the middle of the record, which depends little on the growth.
    """
    from scipy.special import expit

    values, own = np.full(len(PARAMETERS), np.nan), free[:-1]
    values[6:] = free[-1] / len(days), quiet
    values[0] = np.exp(own[0] - values[6] * days.mean())
    if model != "poisson":
        values[1] = np.exp(own[1])
    if len(own) > 2:
        values[2:4] = values[0] * (1.0 + np.exp(own[2])), np.exp(own[3])
        values[4] = expit(own[4])
        values[5] = expit(own[5]) if model == "two-state chain" else 1.0 - values[4]
    return values


def _starts(model: str, counts: Array) -> list[Array]:
    """Points from which the search begins."""
    above = counts[counts > 0] - 1
    mean = max(float(above.mean()), 0.01)
    k = min(max(mean**2 / max(float(above.var()) - mean, 1e-3 * mean), 0.05), 50.0)
    if model == "poisson":
        return [np.array([np.log(mean), 0.0])]
    if model == "negative binomial":
        return [np.array([np.log(mean), np.log(k), 0.0])]
    found = []
    for share, ratio in ((0.1, 4.0), (0.4, 3.0)):
        low = mean / (1.0 + share * (ratio - 1.0))
        own = [np.log(low), np.log(2.0 * k), np.log(ratio - 1.0), np.log(4.0 * k)]
        up = np.log(share / (1.0 - share))
        own += [up, -up] if model == "two-state chain" else [up]
        found.append(np.array([*own, 0.0]))
    return found
