"""Likelihood of the beta-binomial distribution, its maximum, and profile intervals.

Of n threats x are stopped; each with the same probability within a night, which differs between
nights by a beta distribution with mean m and correlation r = 1 / (a + b + 1), where r = 0 is one
binomial distribution for all nights. But for a constant, and with products over j from 0,

    P(x) = prod_{j<x} (m (1-r) + j r) prod_{j<n-x} ((1-m) (1-r) + j r) / prod_{j<n} (1-r + j r),

which has no gamma functions that cancel near r = 0, and no infinite a + b at it (the form of
Griffiths (1973), Maximum likelihood estimation for the beta-binomial distribution and an
application to the household distribution of the total number of cases of a disease, Biometrics 29,
637-648). All nights together need the number of nights that reach each j, and nothing else.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
LARGEST = 1.0 - 1e-9
"""Correlation up to which is searched; at 1 each night would be all or nothing."""
_GRID = np.concatenate([[0.0], np.geomspace(1e-6, LARGEST, 13)])
_NEVER = -1e300
"""In place of the logarithm of 0, which a search for a root cannot take."""


class Tally(NamedTuple):
    """How many nights stop, miss and launch more than j, for j = 0, 1, ...; shape (n,) each."""

    nights: int
    stopped: Array
    missed: Array
    launched: Array


class Fit(NamedTuple):
    """Estimates of maximum likelihood, each with the ends of its interval."""

    mean: tuple[float, float, float]
    correlation: tuple[float, float, float]


def tally(stopped: Array, launched: Array) -> Tally:
    """Condense nights (whole numbers, at least one launched) to what the likelihood needs."""
    depth = int(launched.max())

    def above(values: Array) -> Array:
        return np.bincount(values, minlength=depth + 1)[::-1].cumsum()[::-1][1:]

    return Tally(len(launched), above(stopped), above(launched - stopped), above(launched))


def log_likelihood(data: Tally, mean: npt.ArrayLike, correlation: npt.ArrayLike) -> Array:
    """Logarithm of the likelihood, but for the binomial coefficients; of any shape."""
    from scipy.special import xlogy

    m = np.asarray(mean, np.float64)[..., np.newaxis]
    r = np.asarray(correlation, np.float64)[..., np.newaxis]
    j = np.arange(len(data.launched))
    found = xlogy(data.stopped, m * (1.0 - r) + j * r)
    found = found + xlogy(data.missed, (1.0 - m) * (1.0 - r) + j * r)
    total: Array = (found - xlogy(data.launched, 1.0 - r + j * r)).sum(axis=-1)
    return np.maximum(total, _NEVER)


def best_mean(data: Tally, correlation: float) -> float:
    """The mean that is most likely at a correlation: the likelihood is concave in it."""
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


def _highest(height: Callable[[float], float], grid: Array) -> tuple[float, float]:
    """The correlation at which a function is highest, 0 unless another is better; and how high."""
    from scipy.optimize import minimize_scalar

    top = int(grid.argmax())
    low, high = _GRID[max(top - 1, 0)], _GRID[min(top + 1, len(_GRID) - 1)]
    found = minimize_scalar(
        lambda r: -height(r), bounds=(low, high), method="bounded", options={"xatol": 1e-5 * high}
    )
    options = [(grid[0], 0.0), (grid[top], _GRID[top]), (-found.fun, found.x)]
    value, best = max(options, key=lambda option: option[0])
    # What rounding adds is no evidence of spread.
    return (float(best), float(value)) if value > grid[0] + 1e-9 else (0.0, float(grid[0]))


def _root(function: Callable[[float], float], inside: float, end: float) -> float:
    """Where a function that is above 0 inside falls to 0 on the way to an end, or the end.

    At a tiny confidence it may not be above 0 inside, by rounding: then that is where.
    """
    from scipy.optimize import brentq

    if inside == end or function(end) >= 0.0:
        return end
    if function(inside) <= 0.0:
        return inside
    return float(brentq(function, min(inside, end), max(inside, end), xtol=1e-10, rtol=1e-8))


def drop_of(nights: int, confidence: float) -> float:
    """By how much the profile may lie below the maximum within an interval.

    Half a quantile of chi-square for many nights. For few the quantile of Student's t with one
    degree less than nights, as would be exact for a mean of normal shares.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(nights - 1, (1.0 + confidence) / 2.0))
    return 0.5 * nights * math.log1p(t * t / (nights - 1))


def fit(data: Tally, confidence: float) -> Fit:
    """Estimates and profile intervals, from at least two nights."""

    def ridge(correlation: float) -> float:
        return float(log_likelihood(data, best_mean(data, correlation), correlation))

    def crest(mean: float) -> float:
        grid = log_likelihood(data, mean, _GRID)
        return _highest(lambda r: float(log_likelihood(data, mean, r)), grid)[1]

    correlation, best = _highest(ridge, np.array([ridge(r) for r in _GRID]))
    mean = best_mean(data, correlation)
    floor = best - drop_of(data.nights, confidence)
    means = [_root(lambda m: crest(m) - floor, mean, end) for end in (0.0, 1.0)]
    ends = [_root(lambda r: ridge(r) - floor, correlation, end) for end in (0.0, LARGEST)]
    return Fit((mean, means[0], means[1]), (correlation, ends[0], ends[1]))
