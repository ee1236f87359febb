"""The interval of every mean in the library, with a mark where it cannot be trusted.

Student's t interval relies on a mean that is nearly normal. It covers far less than it says where
the mean consists of rare events: if none has occurred yet, its width may even be 0. So a mean has
Student's interval only if its replications are enough for their skewness and for the rare states
that the scenario names. Otherwise its interval is a bound that is valid for all bounded values, and
it is marked as *not settled*.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.statistics.intervals import ESTIMATES, checked_confidence

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    "SETTLED",
    "Moments",
    "margin_of_error",
    "mean_interval",
    "moments_of",
    "rare_share",
    "rarely_seen",
    "span_of",
]

SETTLED = len(ESTIMATES)
"""Index, after those of `ESTIMATES`, of whether a mean is settled (1) or not (0)."""
COCHRAN = 25.0
"""Replications, divided by the squared skewness, from which a mean is taken to be normal."""
LEAST = 10
"""Replications from which a skewness means anything: that of two values is always 0."""
RARE = 50.0
"""Occurrences below which a named state is rare."""
UNSEEN = 5.0
"""Occurrences below which a combination of states is rare."""
MOST_COMBINED, ROUNDING = 4096, 1e-12
"""Combinations that are considered, and sums of probabilities that are taken for 1."""
NEGLIGIBLE = 0.15
"""Share of the half-width by which rare states may change a mean: the coverage falls by 1 %."""
HOEFFDING = 56
"""Replications up to which Hoeffding's margin is smaller than that of Maurer and Pontil."""


class Moments(NamedTuple):
    """Moments of values over independent replications: arrays of one shape, or numbers.

    The variance has the divisor n - 1. `largest` is the largest absolute value. `controlled` are
    the estimates with controls (`leakthrough.statistics.controls.Residuals`), if there are any.
    """

    mean: Any
    variance: Any
    skewness: Any
    largest: Any = np.inf
    controlled: Any = None


def moments_of(values: "npt.ArrayLike") -> Moments:
    """Moments (...) of values (R, ...); the variance of one value is NaN."""
    values = np.asarray(values, np.float64)
    number, mean = len(values), values.mean(axis=0)
    low, high = values.min(axis=0), values.max(axis=0)
    deviation = values - mean
    square = deviation * deviation  # a cube by ** is ten times as slow
    spread = np.where(low == high, 0.0, square.mean(axis=0))  # the mean may be rounded
    np.multiply(square, deviation, out=square)
    with np.errstate(divide="ignore", invalid="ignore"):
        skewness = square.mean(axis=0) / spread**1.5
        variance = spread * number / (np.float64(number) - 1.0)
    return Moments(mean, variance, np.where(spread > 0, skewness, 0.0), np.maximum(-low, high))


def rare_share(probabilities: "npt.ArrayLike", number: "npt.ArrayLike") -> "Array":
    """Probability of the states that some replications may not show.

    Parameters
    ----------
    probabilities : array_like
        Of independent events that are drawn once in a replication, such as that a layer is up.
    number : array_like of int
        Replications.

    Returns
    -------
    array of float, with the shape of `number`
        Sum of the probabilities of the events, or of their opposites if these are rarer, that are
        expected fewer than 50 times. If it is larger, the probability of all combinations of events
        that are expected fewer than 5 times, so that perhaps none of them has occurred.

    Examples
    --------
    >>> rare_share([0.5, 0.98], [20, 100, 10_000]).round(2).tolist()
    [0.52, 0.02, 0.0]
    """
    given = np.asarray(probabilities, np.float64).ravel()
    given = given[(given > 0.0) & (given < 1.0)]
    if not given.size:
        return np.zeros(np.shape(number))
    count = np.asarray(number, np.float64)[..., np.newaxis]
    states, combined = np.minimum(given, 1.0 - given), np.ones(1)
    for chance in given:
        combined = np.sort(np.concatenate([combined * chance, combined * (1.0 - chance)]))
        combined = combined[-MOST_COMBINED:]
    single = np.where(count * states < RARE, states, 0.0).sum(axis=-1)
    usual = np.where(count * combined < UNSEEN, 0.0, combined).sum(axis=-1)
    found: Array = np.maximum(single, np.where(usual > 1.0 - ROUNDING, 0.0, 1.0 - usual))
    return found


def rarely_seen(shares: "npt.ArrayLike", number: "npt.ArrayLike") -> "Array":
    """Bound of the probability of named states whose probability is not known.

    Parameters
    ----------
    shares : array_like
        Shares of the replications in which each state occurred, such as that a battery was lost.
    number : array_like of int
        Replications.

    Returns
    -------
    array of float, with the shape of `number`
        Sum over the states that occurred, or did not occur, fewer than 50 times: that number and 3
        more, divided by `number`. A state that has not occurred at all has at most the probability
        3 / `number`, with a confidence of 95 % (the rule of three).

    Examples
    --------
    >>> rarely_seen([0.3, 0.0], 1000).tolist()
    0.003
    """
    count, found = np.asarray(number, np.float64), np.zeros(np.shape(number))
    for share in np.ravel(np.asarray(shares, np.float64)):
        times = count * min(share, 1.0 - share)
        bound = np.minimum((times + 3.0) / np.maximum(count, 1.0), 1.0)
        found = found + np.where(times < RARE, bound, 0.0)
    return found


def span_of(least: "npt.ArrayLike", most: "npt.ArrayLike", largest: "npt.ArrayLike") -> "Array":
    """Width of the range of some values; where an end is infinite it is that of the values found.

    `largest` is the largest absolute value found. Values that are all 0 tell nothing of the range.
    """
    low, high, seen = (np.asarray(own, np.float64) for own in (least, most, largest))
    unknown = np.isinf(low) | np.isinf(high)
    span = np.where(np.isinf(high), seen, high) - np.where(np.isinf(low), -seen, low)
    found: Array = np.where(unknown & (span <= 0.0), np.inf, np.maximum(span, 0.0))
    return found


def margin_of_error(
    moments: Moments,
    number: "npt.ArrayLike",
    error: float,
    span: "npt.ArrayLike",
    *,
    rare: "npt.ArrayLike" = 0.0,
    cochran: float = COCHRAN,
    controls: "npt.ArrayLike" = 0,
    allowance: "npt.ArrayLike" = 0.0,
) -> "tuple[Array, Array]":
    """One-sided margins of error of means, and whether they are settled.

    Parameters
    ----------
    moments : Moments
    number : array_like of int
        Replications.
    error : float
        Probability that the true mean differs by more, on one side.
    span : array_like
        Width of the range of the values.
    rare : array_like
        Probability of rare states that the scenario names (`rare_share`).
    cochran : float
        Replications needed, divided by the squared skewness.
    controls : array_like of int
        Coefficients that were estimated from the same values, besides the mean: each takes a degree
        of freedom from Student's margin.
    allowance : array_like
        Added to Student's margin, for what did not occur.

    Returns
    -------
    tuple of two arrays
        Student's margin where the mean is settled: at least 10 replications, which differ and are
        enough for their skewness, and rare states that hardly matter. Otherwise Hoeffding's, with
        57 or more replications that of Maurer and Pontil: both are valid for any values of the
        range, and positive where all values are equal. NaN with fewer than 2 replications.

    References
    ----------
    Cochran, Sampling Techniques (3rd ed. 1977), section 2.15. Hoeffding (1963), Probability
    inequalities for sums of bounded random variables, Journal of the American Statistical
    Association 58, 13-30. Maurer and Pontil (2009), Empirical Bernstein bounds and sample variance
    penalization.
    """
    from scipy.special import stdtrit  # 90 ms to import, needed only to read a result

    count = np.asarray(number, np.float64)
    several = np.maximum(count, 2.0)
    variance, width = np.asarray(moments.variance, np.float64), np.asarray(span, np.float64)
    log = np.log(2.0 / error)
    freedom = np.maximum(several - 1.0 - np.asarray(controls), 1.0)
    usual = stdtrit(freedom, 1.0 - error) * np.sqrt(variance / several) + allowance
    few = np.sqrt(np.log(1.0 / error) / (2.0 * several))
    many = 7.0 * log / (3.0 * several - 3.0)
    with np.errstate(invalid="ignore"):  # infinite width
        bound = width * np.where(several <= HOEFFDING, few, many)
        bound = bound + np.where(several <= HOEFFDING, 0.0, np.sqrt(2.0 * variance * log / several))
        matters = np.asarray(rare) * width > NEGLIGIBLE * usual
        skewed = cochran * np.asarray(moments.skewness) ** 2 > several
    settled = (usual > 0.0) & (count >= LEAST) & ~skewed & ~matters | (width == 0.0)
    margin = np.where(count >= 2, np.where(settled, usual, bound), np.nan)
    return margin, settled & (count >= 2)


def mean_interval(
    moments: Moments,
    number: "npt.ArrayLike",
    confidence: float = 0.95,
    *,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
    cochran: float = COCHRAN,
    controls: "npt.ArrayLike" = 0,
    allowance: "npt.ArrayLike" = 0.0,
) -> "Array":
    """Interval of a mean over independent replications, and whether it is settled.

    Parameters
    ----------
    moments : Moments
    number : array_like of int
        Replications. With fewer than 2, everything but the mean is NaN.
    confidence : float
        Between 0 and 1.
    least, most : array_like
        Known range of the values. Where one is infinite, the values are assumed not to exceed the
        largest absolute value found; a bound that depends on this is not guaranteed. If all values
        are 0, nothing is known, and the interval reaches to infinity.
    rare, cochran, controls, allowance
        As for `margin_of_error`.

    Returns
    -------
    array of float, shape (5, ...)
        `ESTIMATES` along the first axis, in the units of the mean; then whether the mean is settled
        (1) or not (0). Student's t interval if it is settled, otherwise the bound of
        `margin_of_error`. Both are clipped to the range.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    Examples
    --------
    >>> mean_interval(Moments(10.0, 4.0, 0.1), 100, most=50.0, least=0.0).round(3).tolist()
    [10.0, 0.2, 9.603, 10.397, 1.0]
    >>> mean_interval(Moments(0.0, 0.0, 0.0), 100, most=50.0, least=0.0).round(3).tolist()
    [0.0, 0.0, 0.0, 5.164, 0.0]
    """
    error = (1.0 - checked_confidence(confidence)) / 2.0
    low, high = np.asarray(least, np.float64), np.asarray(most, np.float64)
    mean, span = np.asarray(moments.mean, np.float64), span_of(low, high, moments.largest)
    margin, settled = margin_of_error(
        moments,
        number,
        error,
        span,
        rare=rare,
        cochran=cochran,
        controls=controls,
        allowance=allowance,
    )
    deviation = np.sqrt(moments.variance / np.maximum(number, 2))
    found = np.empty((SETTLED + 1, *np.broadcast_shapes(mean.shape, margin.shape)))
    found[0], found[SETTLED] = mean, settled
    found[1] = np.where(np.asarray(number) >= 2, deviation, np.nan)
    found[2], found[3] = np.maximum(mean - margin, low), np.minimum(mean + margin, high)
    return found
