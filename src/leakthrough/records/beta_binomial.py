"""Likelihood of the beta-binomial distribution, its maximum, and profile intervals.

Of n threats x are stopped, each with the same probability within a night. Between nights this
probability has a beta distribution with mean m and correlation r = 1 / (a + b + 1); r = 0 is one
binomial distribution for all nights. Up to a constant, with products over j from 0,

    P(x) = prod_{j<x} (m (1-r) + j r) prod_{j<n-x} ((1-m) (1-r) + j r) / prod_{j<n} (1-r + j r).

This form has no gamma functions that cancel near r = 0, and a finite value at r = 0 (Griffiths
(1973), Maximum likelihood estimation for the beta-binomial distribution and an application to the
household distribution of the total number of cases of a disease, Biometrics 29, 637-648). The
likelihood of all nights depends only on the number of nights that reach each j.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LARGEST = 1.0 - 1e-9
"""Upper limit of the search for the correlation; at 1 each night is all or nothing."""
_GRID = np.concatenate([[0.0], np.geomspace(1e-6, LARGEST, 13)])
_LOG_ZERO = -1e300
"""Finite substitute for log 0, as the search for a root needs finite values."""


class Tally(NamedTuple):
    """Number of nights with more than j threats stopped, missed and launched, for j = 0, 1, ..."""

    nights: int
    stopped: Array
    missed: Array
    launched: Array


class Fit(NamedTuple):
    """Maximum likelihood estimates, each with the ends of its interval."""

    mean: tuple[float, float, float]
    correlation: tuple[float, float, float]


def tally(stopped: Array, launched: Array) -> Tally:
    """Sufficient statistics of nights (whole numbers, at least one threat launched)."""
    depth = int(launched.max())

    def above(values: Array) -> Array:
        return np.bincount(values, minlength=depth + 1)[::-1].cumsum()[::-1][1:]

    return Tally(len(launched), above(stopped), above(launched - stopped), above(launched))


def log_likelihood(data: Tally, mean: npt.ArrayLike, correlation: npt.ArrayLike) -> Array:
    """Log-likelihood without the binomial coefficients; mean and correlation broadcast."""
    from scipy.special import xlogy

    m = np.asarray(mean, np.float64)[..., np.newaxis]
    r = np.asarray(correlation, np.float64)[..., np.newaxis]
    j = np.arange(len(data.launched))
    found = xlogy(data.stopped, m * (1.0 - r) + j * r)
    found = found + xlogy(data.missed, (1.0 - m) * (1.0 - r) + j * r)
    total: Array = (found - xlogy(data.launched, 1.0 - r + j * r)).sum(axis=-1)
    return np.maximum(total, _LOG_ZERO)


def best_mean(data: Tally, correlation: float) -> float:
    """Maximum likelihood estimate of the mean, given the correlation (concave in the mean)."""
    from scipy.optimize import brentq

    if not data.stopped[0]:
        return 0.0
    if not data.missed[0]:
        return 1.0
    if correlation == 0.0:
        return float(data.stopped.sum() / data.launched.sum())
    steps = np.arange(len(data.launched)) * correlation / (1.0 - correlation)

    def slope(mean: float) -> float:
        up, down = data.stopped / (mean + steps), data.missed / (1.0 - mean + steps)
        return float(up.sum() - down.sum())

    return float(brentq(slope, 1e-12, 1.0 - 1e-12, xtol=1e-12))


def _maximise(function: Callable[[float], float], grid: Array) -> tuple[float, float]:
    """Correlation at the maximum of a function (0 in a tie), and the maximum."""
    from scipy.optimize import minimize_scalar

    top = int(grid.argmax())
    low, high = _GRID[max(top - 1, 0)], _GRID[min(top + 1, len(_GRID) - 1)]
    found = minimize_scalar(
        lambda r: -function(r), bounds=(low, high), method="bounded", options={"xatol": 1e-5 * high}
    )
    options = [(grid[0], 0.0), (grid[top], _GRID[top]), (-found.fun, found.x)]
    value, best = max(options, key=lambda option: option[0])
    # A rounding error is no evidence of spread.
    return (float(best), float(value)) if value > grid[0] + 1e-9 else (0.0, float(grid[0]))


def _root(function: Callable[[float], float], inside: float, end: float) -> float:
    """Root between `inside`, where the function is above 0, and `end`; `end` if there is none.

    At a tiny confidence, rounding may make it negative at `inside`, which is then the result.
    """
    from scipy.optimize import brentq

    if inside == end or function(end) >= 0.0:
        return end
    if function(inside) <= 0.0:
        return inside
    return float(brentq(function, min(inside, end), max(inside, end), xtol=1e-10, rtol=1e-8))


def drop_of(nights: int, confidence: float) -> float:
    """Drop of the profile log-likelihood from its maximum to the ends of an interval.

    Half a quantile of chi-square for many nights. For few nights it uses the quantile of Student's
    t with nights - 1 degrees of freedom, which is exact for a mean of normal shares.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(nights - 1, (1.0 + confidence) / 2.0))
    return 0.5 * nights * math.log1p(t * t / (nights - 1))


def fit(data: Tally, confidence: float) -> Fit:
    """Estimates and profile intervals, from at least two nights."""

    def profile_correlation(correlation: float) -> float:
        return float(log_likelihood(data, best_mean(data, correlation), correlation))

    def profile_mean(mean: float) -> float:
        grid = log_likelihood(data, mean, _GRID)
        return _maximise(lambda r: float(log_likelihood(data, mean, r)), grid)[1]

    grid = np.array([profile_correlation(r) for r in _GRID])
    correlation, best = _maximise(profile_correlation, grid)
    mean = best_mean(data, correlation)
    floor = best - drop_of(data.nights, confidence)
    means = [_root(lambda m: profile_mean(m) - floor, mean, end) for end in (0.0, 1.0)]
    ends = [
        _root(lambda r: profile_correlation(r) - floor, correlation, end) for end in (0.0, LARGEST)
    ]
    return Fit((mean, means[0], means[1]), (correlation, ends[0], ends[1]))
