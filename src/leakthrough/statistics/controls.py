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

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.statistics.exact_sums import CrossSums
from leakthrough.statistics.means import SETTLED, Moments, mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    *("DONE", "CONTROLLED", "DETERMINED", "ControlSums", "Controlled", "Fit", "Residuals"),
    *("controlled_interval", "controlled_means", "fitted", "is_of_use"),
    "paired_controls",
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
        Of the controls with all columns.
    groups : array of int64, shape (2, 1024, 1 + controls + measures)
        Sums of the upper and the lower 32 bits of ones, controls and measures over the replications
        with the same index modulo 1024. The guards need more than the variance of the residuals,
        but the coefficients are known only when all replications are simulated. From these sums
        follow those of the residuals, of all replications.
    """

    def __init__(self, controls: int, measures: int) -> None:
        self.controls = controls
        self.cross = CrossSums(controls + measures, controls)
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


class Residuals(NamedTuple):
    """Estimates of means with controls: arrays of one shape, or numbers.

    The variance is such that Student's interval of it, with a degree of freedom less for each
    control, is that of the mean. `departing` counts the replications, or groups of them, whose
    residual departs from the commonest one.
    """

    mean: Any
    variance: Any
    skewness: Any
    departing: Any
    controls: int


class Controlled(NamedTuple):
    """Estimates of means, and what was done."""

    estimates: "Array"
    """Shape (5, ...), as from `mean_interval`."""
    done: "Array"
    """Codes (...), the index in `DONE`."""
    plain: "Array"
    """Estimates (5, ...) without controls."""


class Fit(NamedTuple):
    """Least squares of measures (M,) on the controls that were used."""

    number: int
    controls: int
    intercepts: "Array"  # (M,)
    factor: float  # variance of an intercept, divided by that of the residuals
    pivots: "list[tuple[Array, Array]]"  # products of these two (M,) add up to what is explained
    groups: "Array"  # (G, M) sums of the residuals of a group
    sizes: "Array"  # (G, 1) replications of a group

    @property
    def scale(self) -> float:
        """Factor of variances of residuals that makes them those of `Residuals`."""
        freedom = max(self.number - 1 - self.controls, 1)
        return (self.number - 1) / freedom * self.factor * self.number

    def explained(self, one: Any, other: Any) -> Any:
        """Part of the covariance of two measures, or broadcast indices of measures."""
        total = sum(left[one] * right[other] for left, right in self.pivots)
        return total / max(self.number - 1, 1)

    def residuals(self, variance: "npt.ArrayLike") -> Residuals:
        """Estimates of the measures, whose variances (M,) are given."""
        own = np.arange(self.intercepts.size)
        left = np.asarray(variance, np.float64) - self.explained(own, own)
        return self._residuals(self.intercepts, left, self.groups)

    def _residuals(self, mean: "Array", variance: "Array", groups: "Array") -> Residuals:
        number = self.number
        variance = np.maximum(variance, 0.0)  # rounding may make it negative
        spread = variance * (number - 1) / number
        # Summed in sequence: NumPy's own order of a sum depends on the shape. A third cumulant
        # adds up within a group, so this is the skewness of single replications.
        cubes = np.cumsum(groups * groups * groups, axis=0)[-1] / number
        scale = spread * np.sqrt(spread)
        skewness = np.divide(cubes, scale, out=np.zeros_like(cubes), where=scale > 0.0)
        scaled = groups / np.sqrt(self.sizes)
        apart = np.abs(scaled - np.median(scaled, axis=0))
        departing = (apart > DEPARTS * np.sqrt(spread)).sum(axis=0)
        return Residuals(mean, variance * self.scale, skewness, departing, self.controls)

    def ratio_residuals(self, above: Any, below: Any, variances: Any, covariance: Any) -> Residuals:
        """Estimates of ratios (K,) of the means of two measures, by the delta method.

        With r the ratio of two intercepts, they are those of Y - r X, divided by the mean of X. As
        for `ratio_of_means`, the relative standard error of the mean of X should be below a tenth.

        Parameters
        ----------
        above, below : array of int, shape (K,)
            Indices of the measures Y and X.
        variances : tuple of two arrays, shape (K,)
            Of Y and of X.
        covariance : array, shape (K,)
        """
        scale = np.where(self.intercepts == 0.0, np.nan, self.intercepts)[below]
        ratio = self.intercepts[above] / scale
        own, others = (
            variance - self.explained(n, n)
            for variance, n in zip(variances, (above, below), strict=True)
        )
        both = covariance - self.explained(above, below)
        left = (own - 2.0 * ratio * both + ratio * ratio * others) / (scale * scale)
        groups = (self.groups[:, above] - ratio * self.groups[:, below]) / scale
        return self._residuals(ratio, left, groups)


def fitted(
    sums: ControlSums, fewest: "npt.ArrayLike" = np.inf, order: "Sequence[int] | None" = None
) -> Fit:
    """Least squares of all measures on one set of controls.

    Parameters
    ----------
    sums : ControlSums
    fewest : array_like
        For each control the expected number of occurrences over all replications, or of failures to
        occur if these are fewer. A control with fewer than 10 is not used.
    order : sequence of int, optional
        Order in which controls are used, as long as there are 40 replications for each; by default
        that of the columns.

    Raises
    ------
    ValueError
        If there are no replications.

    Notes
    -----
    The cross sums are factorised by Cholesky's method, in this order. Schur complements turn the
    means into the intercepts, and 1/n into the factor of their variance. All operations are
    element-wise in a fixed order, so the bits are the same everywhere.
    """
    exact, last = sums.cross.products(), sums.controls
    number, totals = int(exact[0, 0]), exact[0, 1:]
    if number == 0:
        raise ValueError("sums: must hold replications; got none")
    left = ((number * exact[1:, 1:] - np.multiply.outer(totals[:last], totals)) / number).astype(
        np.float64
    )
    means = (totals / number).astype(np.float64)
    border, factor = means[:last].copy(), 1.0 / number
    least, enough = TOLERANCE * left.diagonal(), np.broadcast_to(fewest, last) >= FEWEST
    rows: dict[int, Array] = {}
    pivots = []
    for control in range(last) if order is None else order:
        pivot = left[control, control]
        if len(rows) == number // REPLICATIONS_EACH or not enough[control]:
            continue
        if pivot > least[control]:
            own, edge = left[control].copy(), float(border[control])
            rows[control] = own / pivot
            pivots.append((own[last:], rows[control][last:]))
            factor += edge * (edge / pivot)
            means -= edge * rows[control]
            border -= rows[control][:last] * edge
            left -= np.multiply.outer(left[:, control].copy(), rows[control])
    intercepts, groups = means[last:], sums.by_group()
    residuals = groups[:, 1 + last :] - groups[:, :1] * intercepts
    for control, slopes in _slopes(rows).items():
        residuals -= groups[:, 1 + control, np.newaxis] * slopes[last:]
    return Fit(number, len(rows), intercepts, factor, pivots, residuals, groups[:, :1])


def _slopes(rows: "dict[int, Array]") -> "dict[int, Array]":
    """Coefficients of the controls, by substitution from the last to the first."""
    found: dict[int, Array] = {}
    for control, row in reversed(rows.items()):
        own = row
        for later, slopes in found.items():
            own = own - row[later] * slopes
        found[control] = own
    return found


def controlled_interval(
    plain: "Array",
    residuals: Residuals,
    number: int,
    confidence: float = 0.95,
    *,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
    largest: "npt.ArrayLike" = np.inf,
) -> Controlled:
    """Intervals of means with controls, where their residuals pass all guards.

    Parameters
    ----------
    plain : array, shape (5, ...)
        Estimates without controls, from `mean_interval`.
    residuals : Residuals
        Of shape (...).
    number : int
        Replications.
    confidence, least, most, rare
        As for `mean_interval`.
    largest : array_like
        Largest absolute value, as in `Moments`.

    Returns
    -------
    Controlled
        The means are those with controls, clipped to their range, also where a guard leaves the
        plain interval: so sums of measures hold. Such an interval is extended to the mean.

    Raises
    ------
    ValueError
        If `confidence` is not between 0 and 1.

    References
    ----------
    Lavenberg and Welch (1981), A perspective on the use of control variables to increase the
    efficiency of Monte Carlo simulations, Management Science 27, 322-335. Nelson (1990), Control
    variate remedies, Operations Research 38, 974-992.

    Examples
    --------
    Heads of a coin, and heads among the first half of the throws less their mean:

    >>> from leakthrough.statistics.means import mean_interval, moments_of
    >>> random = np.random.default_rng(1)
    >>> first, second = random.binomial(50, 0.5, (2, 1000, 1))
    >>> sums, moments = ControlSums(1, 1), moments_of(first + second)
    >>> sums.take(0, first - 25, first + second)
    >>> plain = mean_interval(moments, 1000)
    >>> found = controlled_interval(plain, fitted(sums).residuals(moments.variance), 1000)
    >>> DONE[found.done[0]], found.estimates[1].round(3), found.plain[1].round(3)
    ('controlled', array([0.11]), array([0.153]))
    """
    mean, variance, skewness, departing, controls = residuals
    if controls == 0:
        return Controlled(plain, np.full(np.shape(plain)[1:], PLAIN), plain)
    clipped = np.clip(mean, least, most)
    narrow = mean_interval(
        Moments(clipped, variance, skewness, largest),
        number,
        confidence,
        least=least,
        most=most,
        rare=rare,
        cochran=0.0,  # skewness is judged below
        controls=controls,
    )
    total = plain[1] ** 2 * number
    rules = {
        PLAIN: ~(total > 0.0),
        DETERMINED: variance <= TOLERANCE * total,
        USELESS: narrow[1] > WIDER * plain[1],
        SKEWED: number < SKEWNESS * skewness**2,
        FEW: departing < DEPARTING,
        RARE: narrow[SETTLED] == 0.0,
    }
    done = np.select(list(rules.values()), list(rules), CONTROLLED)
    estimates = np.where(done == CONTROLLED, narrow, plain)
    estimates[0] = narrow[0]
    estimates[2] = np.minimum(estimates[2], narrow[0])
    estimates[3] = np.maximum(estimates[3], narrow[0])
    return Controlled(estimates, done, plain)


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
    """Intervals of the means of all measures (M,), whose `moments` are given.

    The other arguments are as for `mean_interval`, `fitted` and `controlled_interval`. If no
    residuals pass the guards, all estimates are plain.
    """
    number = sums.cross.number
    limits: dict[str, Any] = {"least": least, "most": most, "rare": rare}
    plain = mean_interval(moments, number, confidence, **limits)
    own = fitted(sums, fewest).residuals(moments.variance)
    found = controlled_interval(plain, own, number, confidence, largest=moments.largest, **limits)
    return found if is_of_use(found.done) else found._replace(estimates=plain)


def is_of_use(done: "Array") -> bool:
    """Whether the controls narrow the interval of any measure, given what was done."""
    return bool(np.isin(done, (CONTROLLED, DETERMINED)).any())


def paired_controls(one: "Array", other: "Array") -> "Array":
    """Controls (R, 2 q) of differences *one - other* between paired runs, from those of both.

    The differences of the controls come first, since on common random numbers they explain most;
    then those of one side, within the same limit of their number.
    """
    return np.concatenate([one - other, one], axis=1)
