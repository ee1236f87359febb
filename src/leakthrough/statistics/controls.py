"""Means with narrower intervals, from controls: numbers whose mean is known to be 0.

A random decision has a known probability p. *What happened - p*, summed over the decisions of a
replication, has mean 0 whatever the state in which they were made: it is a martingale. If such
controls explain a part of a measure's variation, the least-squares regression of the measure on
them removes this part. The intercept estimates the mean, and the residuals give its interval.

The interval is only as good as the residuals. Where a magazine *usually* runs dry, they are 0 but
in rare replications. So the result is Student's interval only if the residuals pass all guards, and
otherwise the plain one; `DONE` lists what can happen. What no guard can see: rare events that occur
in no replication, if the residuals are otherwise small. The measures of a call have one set of
controls, chosen without looking at a measure. The estimate is linear in the measures, so whatever
adds up in each replication adds up in the estimates.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.statistics.exact_sums import CrossSums
from leakthrough.statistics.means import SETTLED, Moments, mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    *("DONE", "CONTROLLED", "DETERMINED", "ControlSums", "Controlled"),
    *("controlled_means", "controlled_ratios", "paired_controls"),
]

DONE = (
    "plain: no control can be used",
    "controlled",
    "determined by its controls: no residual; plain interval",
    "plain: the residuals are too skewed",
    "plain: too few residuals depart from the commonest one",
    "plain: the controls explain nothing",
    "plain: rare states of the scenario matter",
)
"""What was done for a measure, by its code."""
PLAIN, CONTROLLED, DETERMINED, SKEWED, FEW, USELESS, RARE = range(len(DONE))

GROUPS = 1024
"""Groups of replications whose sums are kept; with fewer replications, each is a group."""
REPLICATIONS_EACH = 40
"""Replications for each control: with 10, curved residuals covered 89 %."""
FEWEST = 10.0
"""Expected occurrences, and expected failures to occur, that a control needs."""
TOLERANCE = 1e-10
"""Share of a variance below which what others leave unexplained is taken for rounding."""
SKEWNESS = 50.0
"""Replications needed, divided by the squared skewness of the residuals."""
DEPARTING, DEPARTS = 50, 0.5
"""Replications needed whose residual is so many standard deviations away from the median."""
WIDER = 1.02
"""Standard error, divided by the plain one, above which the controls are useless."""
HALF = 32


class ControlSums:
    """Exact sums of controls and measures over replications, in any order.

    Parameters
    ----------
    controls, measures : int
        Number of controls and of measures.

    Attributes
    ----------
    cross : CrossSums
        Of the controls and the measures.
    groups : array of int64, shape (2, 1024, 1 + controls + measures)
        Sums of the upper and the lower 32 bits of ones, controls and measures over the replications
        with the same index modulo 1024. The guards need more than the variance of the residuals,
        but the coefficients are known only when all replications are simulated. From these sums
        follow those of the residuals, of all replications.
    """

    def __init__(self, controls: int, measures: int) -> None:
        self.controls = controls
        self.cross = CrossSums(controls + measures)
        self.groups: Array = np.zeros((2, GROUPS, 1 + controls + measures), np.int64)

    def take(self, start: int, controls: "Array", measures: "Array") -> None:
        """Add replications, the first of which has the index `start`.

        Parameters
        ----------
        start : int
            Index in the result. Each index is taken once, in any order.
        controls : array of int, shape (R, controls)
            Of known mean 0, in the order in which they may be used. Any unit: only what they
            explain counts. A product with a function of what was drawn before, whatever the
            rounding of the function, is a control too.
        measures : array of int, shape (R, measures)

        Raises
        ------
        ValueError
            If they are no integers, larger than 2**62, or of another shape.
        """
        values = np.concatenate([controls, measures], axis=1)
        self.cross.take(values)
        position, first = 0, start % GROUPS
        while position < len(values):
            rows = values[position : position + GROUPS - first]
            upper = rows >> HALF
            own = self.groups[:, first : first + len(rows)]
            own[0, :, 1:] += upper
            own[1, :, 1:] += rows - (upper << HALF)
            own[1, :, 0] += 1
            position, first = position + len(rows), 0

    def by_group(self) -> "Array":
        """Sums (G, 1 + controls + measures) of ones, controls and measures of each group."""
        found = np.ldexp(self.groups[0].astype(np.float64), HALF) + self.groups[1]
        return np.asarray(found[self.groups[1, :, 0] > 0])

    def merge(self, other: "ControlSums", start: int = 0) -> None:
        """Add the sums of other replications.

        If those have indices of their own, `start` is the index of their first in this result.
        """
        self.cross.merge(other.cross)
        self.groups += np.roll(other.groups, start % GROUPS, axis=1)


class Controlled(NamedTuple):
    """Estimates of means, and what was done."""

    estimates: "Array"
    """Shape (5, M), as from `mean_interval`."""
    done: "Array"
    """Codes (M,), the index in `DONE`."""
    controls: int
    """Controls that were used, for all measures."""
    plain: "Array"
    """Estimates (5, M) without controls."""


class _Fit(NamedTuple):
    """Least squares of measures on the controls that were used."""

    number: int
    controls: int
    intercepts: "Array"  # (M,)
    factor: float  # variance of an intercept, divided by that of the residuals
    products: "Array"  # (M, M) sums of products of the residuals
    groups: "Array"  # (G, M) sums of the residuals of a group
    sizes: "Array"  # (G, 1) replications of a group


def _fit(sums: ControlSums, fewest: "npt.ArrayLike") -> _Fit:
    """Factorise the cross sums, bordered by the means, in the order of the controls.

    Schur complements turn the border [mean, -1/n] into the intercepts and minus their factor of
    variance. All operations are element-wise in a fixed order, so the bits are the same everywhere.
    """
    exact, last = sums.cross.products(), sums.controls
    number, totals = int(exact[0, 0]), exact[0, 1:]
    if number == 0:
        raise ValueError("sums: must hold replications; got none")
    left = np.empty((len(totals) + 1, len(totals) + 1))
    spread = number * exact[1:, 1:] - np.multiply.outer(totals, totals)
    left[:-1, :-1] = spread / number
    left[-1, :-1] = left[:-1, -1] = totals / number
    left[-1, -1] = -1.0 / number
    least, enough = TOLERANCE * left.diagonal(), np.broadcast_to(fewest, last) >= FEWEST
    rows: dict[int, Array] = {}
    for control in np.flatnonzero(enough).tolist():
        if len(rows) < number // REPLICATIONS_EACH and left[control, control] > least[control]:
            rows[control] = left[control] / left[control, control]
            left = left - np.multiply.outer(left[:, control], rows[control])
    intercepts, groups = left[last:-1, -1], sums.by_group()
    residuals = groups[:, 1 + last :] - groups[:, :1] * intercepts
    for control, slopes in _slopes(rows).items():
        residuals -= groups[:, 1 + control, np.newaxis] * slopes[last:-1]
    factor = -float(left[-1, -1])
    products = np.asarray(left[last:-1, last:-1])
    return _Fit(number, len(rows), intercepts, factor, products, residuals, groups[:, :1])


def _slopes(rows: "dict[int, Array]") -> "dict[int, Array]":
    """Coefficients of the controls, by substitution from the last to the first."""
    found: dict[int, Array] = {}
    for control, row in reversed(rows.items()):
        own = row
        for later, slopes in found.items():
            own = own - row[later] * slopes
        found[control] = own
    return found


class _Residual(NamedTuple):
    """Estimates (M,) with sums of squares (M,) and sums of groups (G, M) of their residuals."""

    fit: _Fit
    mean: "Array"
    squares: "Array"
    groups: "Array"

    def skewness(self) -> "Array":
        """Of the residuals of single replications: a third cumulant adds up within a group."""
        spread = self.squares / self.fit.number
        # Summed in sequence: NumPy's own order of a sum depends on the shape.
        cubes = np.cumsum(self.groups * self.groups * self.groups, axis=0)[-1] / self.fit.number
        scale = spread * np.sqrt(spread)
        return np.asarray(np.divide(cubes, scale, out=np.zeros_like(cubes), where=scale > 0.0))

    def departing(self) -> "Array":
        """Number of replications, or groups, whose residual departs from the commonest one."""
        scaled = self.groups / np.sqrt(self.fit.sizes)
        apart = np.abs(scaled - np.median(scaled, axis=0))
        return np.asarray((apart > DEPARTS * np.sqrt(self.squares / self.fit.number)).sum(axis=0))

    def moments(self, largest: "npt.ArrayLike") -> Moments:
        """Moments whose Student's interval, with fewer degrees of freedom, is that of the fit."""
        number, controls = self.fit.number, self.fit.controls
        variance = self.squares / max(number - 1 - controls, 1) * (self.fit.factor * number)
        return Moments(self.mean, variance, self.skewness(), largest)


def controlled_means(
    sums: ControlSums,
    moments: Moments,
    confidence: float = 0.95,
    *,
    fewest: "npt.ArrayLike" = np.inf,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
) -> Controlled:
    """Intervals of the means of all measures, with one set of controls.

    Parameters
    ----------
    sums : ControlSums
    moments : Moments
        Of the measures (M,), for the plain intervals.
    confidence : float
        Between 0 and 1.
    fewest : array_like
        For each control the expected number of occurrences over all replications, or of failures to
        occur if these are fewer. A control with fewer than 10 is not used.
    least, most, rare : array_like
        As for `mean_interval`.

    Returns
    -------
    Controlled
        Where the interval is the plain one, but another measure's is not, the mean is still that
        with controls, so that sums of measures hold; the interval is extended to it. Means are
        clipped to their range.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1, or there are no replications.

    References
    ----------
    Lavenberg and Welch (1981), A perspective on the use of control variables to increase the
    efficiency of Monte Carlo simulations, Management Science 27, 322-335. Nelson (1990), Control
    variate remedies, Operations Research 38, 974-992.

    Examples
    --------
    Heads of a coin, and heads among the first half of the throws less their mean:

    >>> from leakthrough.statistics.means import moments_of
    >>> random = np.random.default_rng(1)
    >>> first, second = random.binomial(50, 0.5, (2, 1000, 1))
    >>> sums = ControlSums(1, 1)
    >>> sums.take(0, first - 25, first + second)
    >>> found = controlled_means(sums, moments_of(first + second))
    >>> DONE[found.done[0]], found.estimates[1].round(3), found.plain[1].round(3)
    ('controlled', array([0.11]), array([0.153]))
    """
    usual = mean_interval(moments, sums.cross.number, confidence, least=least, most=most, rare=rare)
    fit = _fit(sums, fewest)
    squares = np.maximum(fit.products.diagonal(), 0.0)  # rounding may make it negative
    residual = _Residual(fit, fit.intercepts, squares, fit.groups)
    return _chosen(residual, usual, confidence, moments.largest, least, most, rare)


def controlled_ratios(
    sums: ControlSums,
    above: "npt.ArrayLike",
    below: "npt.ArrayLike",
    plain: "Array",
    confidence: float = 0.95,
    *,
    fewest: "npt.ArrayLike" = np.inf,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
) -> Controlled:
    """Intervals of ratios of means, by the delta method on the residuals.

    With r the ratio of two intercepts, the interval is that of the residuals of Y - r X, divided by
    the mean of X. As for `ratio_of_means`, the relative standard error of the mean of X should be
    below a tenth.

    Parameters
    ----------
    sums : ControlSums
    above, below : array_like of int, shape (K,)
        Indices of the measures Y and X.
    plain : array, shape (5, K)
        Estimates without controls.
    confidence, fewest, least, most, rare
        As for `controlled_means`, of the ratios.

    Returns
    -------
    Controlled
        Of the ratios (K,).

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1, or there are no replications.
    """
    fit, top, bottom = _fit(sums, fewest), np.asarray(above), np.asarray(below)
    scale = np.where(fit.intercepts == 0.0, np.nan, fit.intercepts)[bottom]
    ratio, of = fit.intercepts[top] / scale, fit.products
    squares = of[top, top] - 2.0 * ratio * of[top, bottom] + ratio * ratio * of[bottom, bottom]
    groups = (fit.groups[:, top] - ratio * fit.groups[:, bottom]) / scale
    residual = _Residual(fit, ratio, np.maximum(squares, 0.0) / (scale * scale), groups)
    return _chosen(residual, plain, confidence, np.inf, least, most, rare)


def _chosen(
    residual: _Residual,
    plain: "Array",
    confidence: float,
    largest: "npt.ArrayLike",
    least: "npt.ArrayLike",
    most: "npt.ArrayLike",
    rare: "npt.ArrayLike",
) -> Controlled:
    """Choose an interval for each measure, and keep the sums of all."""
    number, controls = residual.fit.number, residual.fit.controls
    found = residual.moments(largest)
    narrow = mean_interval(
        found._replace(mean=np.clip(residual.mean, least, most)),
        number,
        confidence,
        least=least,
        most=most,
        rare=rare,
        cochran=0.0,  # skewness is judged below
        controls=controls,
    )
    total = plain[1] ** 2 * (number * (number - 1.0))
    unused = np.full(total.shape, controls == 0) | ~(total > 0.0)
    rules = {
        PLAIN: unused,
        DETERMINED: residual.squares <= TOLERANCE * total,
        USELESS: narrow[1] > WIDER * plain[1],
        SKEWED: number < SKEWNESS * found.skewness**2,
        FEW: residual.departing() < DEPARTING,
        RARE: narrow[SETTLED] == 0.0,
    }
    done = np.select(list(rules.values()), list(rules), CONTROLLED)
    estimates = np.where(done == CONTROLLED, narrow, plain)
    if ((done == CONTROLLED) | (done == DETERMINED)).any():
        estimates[0] = narrow[0]
        estimates[2] = np.minimum(estimates[2], narrow[0])
        estimates[3] = np.maximum(estimates[3], narrow[0])
    return Controlled(estimates, done, controls, plain)


def paired_controls(one: "Array", other: "Array") -> "Array":
    """Controls (R, 2 q) of differences *one - other* between paired runs, from those of both.

    The differences of the controls come first, since on common random numbers they explain most;
    then those of one side, within the same limit of their number.
    """
    return np.concatenate([one - other, one], axis=1)
