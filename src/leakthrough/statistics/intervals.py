"""Confidence intervals over independent replications.

Threats of one replication share magazines, channels and chance events, so they are not
independent: an interval that pools them can be far too short or too long. All functions here
therefore take quantities with one value per replication.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.statistics.arguments import as_numbers, numbers, refusal

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["ESTIMATES", "ratio_of_means", "student", "wilson"]

ESTIMATES = ("mean", "standard_error", "low", "high")
"""Labels of the first axis of the array that every function here returns."""


def checked_confidence(confidence: float) -> float:
    """Check a confidence level and return it as a float."""
    level = as_numbers(confidence)
    if level is None or level.ndim or not 0.0 < level < 1.0:
        raise refusal("confidence", "between 0 and 1, such as 0.95", confidence, "must lie")
    return float(level)


def _replications(number: object) -> "Array":
    """Checked numbers of replications."""
    found = numbers("number", number, "whole numbers from 0", 0.0, sys.float_info.max)
    if not (found == np.rint(found)).all():  # also NaN
        raise refusal("number", "whole numbers from 0", number)
    return found


def _together(**given: object) -> "list[Array]":
    """Numbers broadcast to a common shape; ValueError names one that is none or does not fit."""
    arrays = {name: numbers(name, value) for name, value in given.items()}
    shape: tuple[int, ...] = ()
    for name, array in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            text = f"of a shape that fits {shape}, that of the other arguments"
            raise refusal(name, text, given[name]) from None
    return [np.broadcast_to(array, shape) for array in arrays.values()]


def _pair(name: str, given: object) -> "tuple[Array, Array]":
    """Mean and variance."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise refusal(name, "a pair, mean and variance", given)
    return numbers(name, given[0]), numbers(name, given[1], "a variance from 0", 0.0)


def student(
    mean: "npt.ArrayLike",
    variance: "npt.ArrayLike",
    number: "npt.ArrayLike",
    confidence: float = 0.95,
    *,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
) -> "Array":
    """Student's t interval of a mean over independent replications.

    The interval is exact for normal values. By the central limit theorem it is accurate from about
    a hundred replications, except where nearly all values are equal. **Where all values are equal
    its width is 0**, although further replications might differ. For a probability use `wilson`.

    Parameters
    ----------
    mean, variance : array_like
        Sample mean and sample variance (divisor n - 1) of the values.
    number : array_like of int
        Replications. With fewer than 2, everything but the mean is NaN.
    confidence : float
        Between 0 and 1.
    least, most : array_like
        Known bounds of the mean. Clipping the interval to them loses no coverage.

    Returns
    -------
    array of float, shape (4, ...)
        `ESTIMATES` along the first axis, in the units of the mean.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    Student (1908), The probable error of a mean, Biometrika 6, 1-25. For simulation: Law,
    Simulation Modeling and Analysis (5th ed. 2015), section 4.5.

    Examples
    --------
    >>> student(10.0, 4.0, 16).round(4).tolist()
    [10.0, 0.5, 8.9343, 11.0657]
    """
    from scipy.special import stdtrit  # 90 ms to import, needed only to read a result

    level = checked_confidence(confidence)
    mean, variance, number, least, most = _together(
        mean=mean,
        variance=numbers("variance", variance, "numbers from 0", 0.0),
        number=_replications(number),
        least=least,
        most=most,
    )
    enough = number >= 2
    error = np.sqrt(np.where(enough, variance, np.nan) / np.maximum(number, 1))
    half_width = stdtrit(np.maximum(number, 2) - 1.0, (1.0 + level) / 2.0) * error
    low, high = np.maximum(mean - half_width, least), np.minimum(mean + half_width, most)
    return np.stack([mean, error, low, high])


def wilson(
    successes: "npt.ArrayLike", number: "npt.ArrayLike", confidence: float = 0.95
) -> "Array":
    """Wilson's score interval of the probability that an event occurs in a replication.

    Preferred to Clopper and Pearson's exact interval, which is often much wider than its level
    requires. Wilson's has the nominal coverage on average; for one probability the coverage may
    differ by a few per cent, most where fewer than about five successes (or failures) are
    expected. Its width is positive even with no successes or no failures.

    Parameters
    ----------
    successes, number : array_like of int
        Replications in which the event occurred, and all replications.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    array of float, shape (4, ...)
        `ESTIMATES` along the first axis; NaN with no replications. The standard error is that of
        a mean, NaN with one replication.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    Wilson (1927), Probable inference, the law of succession, and statistical inference, Journal
    of the American Statistical Association 22, 209-212. Brown, Cai and DasGupta (2001), Interval
    estimation for a binomial proportion, Statistical Science 16, 101-133.

    Examples
    --------
    >>> wilson(0, 100).round(5).tolist()
    [0.0, 0.0, 0.0, 0.03699]
    """
    from scipy.special import ndtri

    z = ndtri((1.0 + checked_confidence(confidence)) / 2.0)
    found, number = _together(successes=successes, number=_replications(number))
    if (found < 0).any() or (found > number).any():
        raise refusal("successes", "from 0 to `number`", successes)
    trials = np.where(number >= 1, number, np.nan)
    share = found / trials
    error = np.sqrt(share * (1.0 - share) / np.where(number >= 2, number - 1.0, np.nan))
    centre = (found + z * z / 2.0) / (trials + z * z)
    half_width = z / (trials + z * z) * np.sqrt(found * (1.0 - share) + z * z / 4.0)
    # Rounding would leave the ends slightly off 0 and 1.
    low = np.where(found == 0, 0.0 * trials, centre - half_width)
    high = np.where(found == trials, 1.0, centre + half_width)
    return np.stack([share, error, low, high])


def ratio_of_means(
    above: "tuple[npt.ArrayLike, npt.ArrayLike]",
    below: "tuple[npt.ArrayLike, npt.ArrayLike]",
    covariance: "npt.ArrayLike",
    number: "npt.ArrayLike",
    confidence: float = 0.95,
) -> "Array":
    """Interval of a ratio of two means over the same replications, by the delta method.

    With r the ratio and n replications, the variance of r is about
    (var(above) - 2 r cov + r^2 var(below)) / (n mean(below)^2). The bias, of order 1/n, is not
    corrected. The interval is accurate where the relative standard error of the denominator's mean
    is small, say a tenth.

    Parameters
    ----------
    above, below : pairs of array_like
        Mean and variance of the numerator and of the denominator (divisor n - 1).
    covariance : array_like
        Of numerator and denominator (divisor n - 1).
    number : array_like of int
        Replications. With fewer than 2, everything but the ratio is NaN.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    array of float, shape (4, ...)
        `ESTIMATES` along the first axis; NaN where the denominator's mean is 0.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    Cochran, Sampling Techniques (3rd ed. 1977), section 6.4.

    Examples
    --------
    >>> ratio_of_means((10.0, 4.0), (5.0, 1.0), 2.0, 16).round(4).tolist()
    [2.0, 0.0, 2.0, 2.0]
    """
    top, top_variance = _pair("above", above)
    bottom, bottom_variance = _pair("below", below)
    top, top_variance, bottom, bottom_variance, covariance, number = _together(
        **{"above": top, "variance in above": top_variance},
        **{"below": bottom, "variance in below": bottom_variance},
        covariance=covariance,
        number=_replications(number),
    )
    bottom = np.where(bottom == 0.0, np.nan, bottom)
    share = top / bottom
    square = top_variance - 2.0 * share * covariance + share**2 * bottom_variance
    # Rounding may make it negative where the two are proportional.
    return student(share, np.maximum(square, 0.0) / bottom**2, number, confidence)
