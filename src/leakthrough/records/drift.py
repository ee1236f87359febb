"""Posterior distribution of a probability that differs from period to period.

The log-odds x(t) of the mean probability, at the reference size of a raid, are an autoregression:

    x(t) = μ + φ (x(t-1) - μ) + τ sqrt(1 - φ²) e(t),   e(t) ~ Normal(0, 1),

where τ is the standard deviation over the periods. A night of n threats is beta-binomial. The
log-odds of its mean are x(t) + β log(n / reference), and those of the correlation of its threats
c + d log(n / reference).

Given the six parameters, x is a hidden Markov chain on a grid: a forward pass gives their
likelihood, a backward pass draws x (Kitagawa (1987), Non-Gaussian state-space modeling of
nonstationary time series, Journal of the American Statistical Association 82, 1032-1041). The
parameters are drawn by importance sampling, from Student's t about the maximum and, so that weights
are bounded, from the prior in a tenth of the draws; then they are resampled by weight (Owen and
Zhou (2000), Safe and effective importance sampling, Journal of the American Statistical Association
95, 135-143). Each parameter is a function of a variable whose prior is Normal(0, 1).
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from leakthrough.records.entries import Array
from leakthrough.records.likelihood import night_likelihood
from leakthrough.records.reports import Reports

PARAMETERS = (
    *("level", "spread", "persistence", "correlation"),
    *("size_effect", "correlation_size_effect"),
)
"""μ, τ, φ, expit(c), β, d."""
PRIORS = {
    "level": "Normal(0, 1.5)",
    "spread": "HalfNormal(1) from 0.15",
    "persistence": "Uniform(0, 0.95)",
    "correlation": "log-odds Normal(-2.94, 1.5)",
    "size_effect": "Normal(0, 0.5)",
    "correlation_size_effect": "Normal(0, 0.5)",
}
STEP = 0.1
LOGITS = np.arange(-60, 61) * STEP
"""Grid of x: means of .0025 to .9975. Steps of x have a standard deviation of at least .047."""
_COARSE = np.linspace(-6.0, 6.0, 41)
"""Grid on which nights are evaluated; a cubic spline of their sum is exact to about .002."""
_LEAST_SPREAD, _MOST_PERSISTENCE = 0.15, 0.95
_DEFENSIVE, _FREEDOM = 0.1, 5
_PILOT, _MOST_PILOTS, _ENOUGH = 250, 6, 0.2
_CORRELATIONS = (1e-4, 0.95)


class Data(NamedTuple):
    """Distinct reports, log n / reference of each, and how often each is in a period.

    `weight` has shape (periods, reports), or (periods, nights) where some nights have rivals.
    """

    found: Reports
    size: Array
    weight: Array

    @classmethod
    def of(cls, found: Reports, period: Array, periods: int, reference: float) -> "Data":
        """Data from the reports, and the index of the period of each."""
        first = np.append(True, found.night[1:] != found.night[:-1])
        index = np.cumsum(first) - 1
        if first.all():
            counts = np.array([found.known, found.low, found.high])
            (known, low, high), index = np.unique(counts, axis=1, return_inverse=True)
            found = Reports(np.arange(len(known)), known, low, high)
        weight = np.zeros((periods, index.max() + 1))
        np.add.at(weight, (period[first], index.ravel()[first]), 1.0)
        return cls(found, np.log(found.known / reference), weight)


class Draws(NamedTuple):
    """Draws: parameters (draws, 6) in the order of `PARAMETERS`, log-odds (draws, periods)."""

    parameters: Array
    logit: Array
    effective: float = np.inf


def parameters_of(z: Array) -> Array:
    """Parameters, from variables with Normal(0, 1) priors; shape (..., 6)."""
    from scipy.special import expit, ndtr
    from scipy.stats import halfnorm

    level, spread, persistence, correlation, *effects = np.moveaxis(z, -1, 0)
    above = halfnorm.sf(_LEAST_SPREAD) * ndtr(-spread)
    return np.stack(
        [
            1.5 * level,
            halfnorm.isf(above),
            _MOST_PERSISTENCE * ndtr(persistence),
            expit(-2.94 + 1.5 * correlation),
            *(0.5 * each for each in effects),
        ],
        axis=-1,
    )


def night_parameters(values: Array, size: Array) -> tuple[Array, Array]:
    """Shift of the log-odds of nights of log size `size`, and their correlations.

    `values` are columns of parameters, shape (6, ...), which broadcast with `size`.
    """
    from scipy.special import expit, logit

    correlation = expit(logit(values[3]) + values[5] * size)
    return values[4] * size, np.clip(correlation, *_CORRELATIONS)


def prior_draws(rng: np.random.Generator, number: int, periods: int) -> Draws:
    """Draws from the prior distribution."""
    values = parameters_of(rng.standard_normal((number, len(PARAMETERS))))
    start = values[:, 0] + values[:, 1] * rng.standard_normal(number)
    further = walked(values, start, periods - 1, rng)
    return Draws(values, np.column_stack([start, further]))


def walked(values: Array, last: Array, ahead: int, rng: np.random.Generator) -> Array:
    """Log-odds of periods that follow the one with log-odds `last`; shape (draws, ahead)."""
    level, spread, persistence = values[:, 0], values[:, 1], values[:, 2]
    path = np.empty((len(last), ahead))
    for t in range(ahead):
        step = spread * np.sqrt(1.0 - persistence**2) * rng.standard_normal(len(last))
        last = path[:, t] = level + persistence * (last - level) + step
    return path


def posterior_draws(data: Data, number: int, rng: np.random.Generator) -> Draws:
    """Draws from the posterior distribution."""
    centre, cover = _about_the_maximum(data)
    for _ in range(_MOST_PILOTS):
        z, _, weight = _proposed(data, centre, cover, _PILOT, rng)
        centre, cover = _moments(z, weight)
        if _effective(weight) > _ENOUGH:
            break
    z, paths, weight = _proposed(data, centre, cover, number, rng)
    # Systematic resampling, in random order.
    level = (np.arange(number) + rng.random()) / number
    chosen = rng.permutation(np.minimum(np.searchsorted(weight.cumsum(), level), number - 1))
    return Draws(parameters_of(z[chosen]), paths[chosen], _effective(weight))


def _proposed(
    data: Data, centre: Array, cover: Array, number: int, rng: np.random.Generator
) -> tuple[Array, Array, Array]:
    """Proposed parameters, a path of x for each, and their weights."""
    from scipy import stats

    wide = stats.multivariate_t(centre, cover, _FREEDOM)
    z = np.atleast_2d(wide.rvs(number, random_state=rng))
    safe = rng.random(number) < _DEFENSIVE
    z[safe] = rng.standard_normal((int(safe.sum()), z.shape[1]))
    prior = stats.norm.logpdf(z).sum(axis=1)
    proposal = np.logaddexp(
        np.log(_DEFENSIVE) + prior, np.log(1.0 - _DEFENSIVE) + np.atleast_1d(wide.logpdf(z))
    )
    likelihood, paths = np.empty(number), np.empty((number, len(data.weight)))
    for i, values in enumerate(parameters_of(z)):
        likelihood[i], filtered, steps = _forward(data, values)
        paths[i] = _backward(filtered, steps, rng)
    log_weight = likelihood + prior - proposal
    weight = np.exp(log_weight - log_weight.max())
    return z, paths, weight / weight.sum()


def _effective(weight: Array) -> float:
    """Effective share of draws with these weights, whose sum is 1 (Kong)."""
    return float(1.0 / (weight**2).sum() / len(weight))


def _moments(z: Array, weight: Array) -> tuple[Array, Array]:
    """Weighted mean and covariance; wider where few draws have all the weight."""
    centre = weight @ z
    apart = z - centre
    # Tempered weights spread over enough draws to have a covariance.
    soft = np.sqrt(weight) if _effective(weight) < _ENOUGH else weight
    soft = soft / soft.sum()
    cover = (apart.T * soft) @ apart
    return centre, cover + 1e-6 * np.eye(len(centre))


def _about_the_maximum(data: Data) -> tuple[Array, Array]:
    """Maximum of the posterior density of z, and an approximate covariance about it."""
    from scipy.optimize import minimize

    def height(z: Array) -> float:
        return 0.5 * float(z @ z) - _forward(data, parameters_of(z))[0]

    found = minimize(height, np.zeros(len(PARAMETERS)), method="BFGS", options={"gtol": 0.05})
    top, step = found.x, 0.05
    moves = step * np.eye(len(top))
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    lower = np.zeros_like(moves)
    for i, j in zip(*np.tril_indices(len(top)), strict=True):
        ends = (s * t * height(top + s * moves[i] + t * moves[j]) for s, t in signs)
        lower[i, j] = sum(ends) / (4 * step**2)
    values, vectors = np.linalg.eigh(lower)  # of the matrix with this lower triangle
    # The prior has curvature 1; no direction is wider than it.
    return top, (vectors / np.maximum(values, 1.0)) @ vectors.T


def _forward(data: Data, values: Array) -> tuple[float, Array, Array]:
    """Log-likelihood of parameters, filtered distributions of x (periods, grid), transitions."""
    level, spread, persistence = values[:3]
    shift, correlation = night_parameters(values, data.size[:, np.newaxis])
    each = data.weight @ night_likelihood(data.found, _COARSE + shift, correlation) @ _spline()
    state = _normal(level, spread)[0]
    mean = level + persistence * (LOGITS - level)
    steps = _normal(mean, spread * np.sqrt(1.0 - persistence**2))
    total, filtered = 0.0, np.empty_like(each)
    for t in range(len(each)):
        if t:
            state = state @ steps
        top = each[t].max()
        state = state * np.exp(each[t] - top)
        size = state.sum()
        total += float(np.log(size) + top)
        filtered[t] = state = state / size
    return total, filtered, steps


@cache
def _spline() -> Array:
    """Weights of a cubic spline from the coarse grid to the fine one."""
    from scipy.interpolate import CubicSpline

    return np.asarray(CubicSpline(_COARSE, np.eye(_COARSE.size))(LOGITS)).T


def _normal(mean: Array, deviation: float) -> Array:
    """Normal distributions on the grid of x; shape (means, grid)."""
    apart = (LOGITS - np.atleast_1d(mean)[:, np.newaxis]) / deviation
    # Relative to the nearest point, so that a mean far outside the grid has a distribution too.
    square = apart**2
    found: Array = np.exp(-0.5 * (square - square.min(axis=1, keepdims=True)))
    found /= found.sum(axis=1, keepdims=True)
    return found


def _backward(filtered: Array, steps: Array, rng: np.random.Generator) -> Array:
    """A draw of x, from the last period to the first."""
    periods = len(filtered)
    found, luck = np.empty(periods, np.int64), rng.random(periods)
    weight = filtered[-1]
    for t in reversed(range(periods)):
        heap = weight.cumsum()
        found[t] = np.searchsorted(heap, luck[t] * heap[-1], side="right")
        if t:
            weight = filtered[t - 1] * steps[:, found[t]]
    path: Array = LOGITS[found] + STEP * rng.uniform(-0.5, 0.5, periods)
    return path
