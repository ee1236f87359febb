"""Values of single replications with the luck of their random decisions taken out.

The mean with controls is a weighted sum of the measured values. Its *influence values* are numbers,
one for each replication, whose mean is the estimate and whose variance gives its error. They add
and subtract like the measured values. So paired runs are compared by the differences of their
influence values, each run with its own controls: the noise that the controls leave is shared
through the common random numbers too, and cancels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.statistics.controls import (
    OF_USE,
    Controlled,
    Fit,
    Residuals,
    controlled_interval,
)
from leakthrough.statistics.means import (
    COCHRAN,
    Moments,
    mean_interval,
    moments_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    *("Values", "adjusted_values", "fixed_point", "interval_of_values"),
    *("estimates_of", "measured_values", "moments_of_values", "stacked", "stacked_moments"),
]

BITS = 40
"""Of a measured value that enters the sums of products: an error of 1e-12 in the coefficients."""


@dataclass(frozen=True, eq=False)
class Values:
    """Values (R, ...) of measures in R replications.

    `adjusted` are the influence values with a number of `controls`; without controls, they are the
    measured values, `plain`. `rare` (...) is the probability of rare states that the replications
    tell of, such as the loss of a battery (`leakthrough.statistics.means.rarely_seen`).
    """

    plain: "Array"
    adjusted: "Array"
    controls: int = 0
    rare: Any = 0.0

    def __sub__(self, other: "Values") -> "Values":
        """Differences of paired runs; each coefficient takes a degree of freedom."""
        plain, adjusted = self.plain - other.plain, self.adjusted - other.adjusted
        rare = self.rare + other.rare
        return Values(plain, adjusted, self.controls + other.controls, rare)

    def __rmul__(self, factor: float) -> "Values":
        """Values in another unit."""
        return replace(self, plain=factor * self.plain, adjusted=factor * self.adjusted)

    @property
    def replications(self) -> int:
        """Their number."""
        return len(self.plain)

    def at(self, index: Any) -> "Values":
        """Part of the measures (R, ...), by what follows the replication."""
        rare = np.broadcast_to(self.rare, self.plain.shape[1:])[index]
        index = (slice(None), *(index if isinstance(index, tuple) else (index,)))
        return Values(self.plain[index], self.adjusted[index], self.controls, rare)


def measured_values(plain: "Array") -> Values:
    """Values without controls."""
    return Values(plain, plain)


def stacked(every: Sequence[Values]) -> Values:
    """Several runs along a new last axis."""
    plain = np.stack([own.plain for own in every], -1)
    adjusted = np.stack([own.adjusted for own in every], -1)
    rare = np.stack([np.broadcast_to(own.rare, own.plain.shape[1:]) for own in every], -1)
    return Values(plain, adjusted, max(own.controls for own in every), rare)


def fixed_point(plain: "Array") -> "tuple[Array, Array]":
    """Integers (R, M) for `ControlSums`, and the power of 2 of each measure's unit."""
    largest = np.abs(plain).max(axis=0, initial=0.0)
    powers = BITS - np.frexp(largest)[1].astype(np.int64)
    return np.rint(np.ldexp(plain, powers)).astype(np.int64), powers


def adjusted_values(plain: "Array", controls: "Array", fit: Fit) -> Values:
    """Values with their influence values.

    Parameters
    ----------
    plain : array of float, shape (R, M)
    controls : array of int, shape (R, C)
    fit : Fit
        Least squares of the integers `fixed_point` of these measures on these controls.

    Notes
    -----
    With e_n the residual of replication n, and w_n its weight in the intercept a, which is the
    residual of 1 in the regression of 1 on the controls, scaled to the sum 1, the influence values
    are a + R w_n e_n. Their mean is a, and the variance of this mean is estimated consistently also
    if the variance of the residuals differs (White). All are scaled for q controls by the root of
    (R - 1) / (R - 1 - q) (MacKinnon and White's HC1). Controls whose mean is 0 by chance too have
    the weights 1 / R.

    References
    ----------
    White (1980), A heteroskedasticity-consistent covariance matrix estimator and a direct test for
    heteroskedasticity, Econometrica 48, 817-838. MacKinnon and White (1985), Some
    heteroskedasticity-consistent covariance matrix estimators with improved finite sample
    properties, Journal of Econometrics 29, 305-325.
    """
    if fit.controls == 0:
        return measured_values(plain)
    integers, powers = fixed_point(plain)
    residuals, weights = integers - fit.intercepts, np.ones(fit.number)
    for control, slopes in fit.slopes.items():
        own, (mean, slope) = controls[:, control].astype(np.float64), fit.centre[control]
        residuals -= np.multiply.outer(own, slopes)
        weights -= (own - mean) * (fit.number * slope)
    scale = np.sqrt((fit.number - 1) / max(fit.number - 1 - fit.controls, 1))
    found = fit.intercepts + weights[:, np.newaxis] * residuals * scale
    return Values(plain, np.ldexp(found, -powers), fit.controls)


def moments_of_values(values: Values) -> Moments:
    """Moments (...) of values (R, ...), with their estimates with controls if there are any."""
    found = moments_of(values.plain)
    if values.controls == 0:
        return found
    mean, variance = values.adjusted.mean(axis=0), values.adjusted.var(axis=0, ddof=1)
    controls = np.full(np.shape(mean), values.controls)
    return found._replace(controlled=Residuals(mean, variance, controls))


def stacked_moments(every: Sequence[Moments]) -> Moments:
    """Moments along a new first axis."""
    mean, variance, skewness, largest = (np.stack([own[n] for own in every]) for n in range(4))
    found = Moments(mean, variance, skewness, largest)
    if all(own.controlled is None for own in every):
        return found
    rows = []
    for own in every:
        none = np.zeros(np.shape(own.mean))
        rows.append(own.controlled or Residuals(own.mean, own.variance, none))
    return found._replace(
        controlled=Residuals(*(np.stack(part) for part in zip(*rows, strict=True)))
    )


def estimates_of(
    moments: Moments,
    number: "npt.ArrayLike",
    confidence: float = 0.95,
    *,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
    cochran: float = COCHRAN,
) -> Controlled:
    """Estimates of means, with controls where these are of use.

    Parameters
    ----------
    moments : Moments
    number, confidence, least, most, rare, cochran
        As for `mean_interval`; `cochran` is for intervals without controls.
    """
    limits: dict[str, Any] = {"least": least, "most": most, "rare": rare}
    plain = mean_interval(moments, number, confidence, cochran=cochran, **limits)
    if moments.controlled is None:
        return Controlled(plain, np.zeros(plain.shape[1:], np.int64), plain)
    found = controlled_interval(
        plain, moments.controlled, number, confidence, largest=moments.largest, **limits
    )
    used = np.isin(found.done, OF_USE)
    return found._replace(estimates=np.where(used, found.estimates, plain))


def interval_of_values(
    values: Values, confidence: float = 0.95, *, rare: "npt.ArrayLike" = 0.0, **more: Any
) -> Controlled:
    """Estimates of the means of values (R, ...); arguments are those of `estimates_of`."""
    rare = np.asarray(rare) + values.rare
    return estimates_of(
        moments_of_values(values), values.replications, confidence, rare=rare, **more
    )
