"""Means with narrower intervals, from controls: numbers whose mean is known to be 0.

A random decision has a known probability p. *What happened - p*, summed over the decisions of a
replication, has mean 0 whatever the state in which they were made: it is a martingale. If such
controls explain a part of a measure's variation, the least-squares regression of the measure on
them removes this part. The intercept estimates the mean, and the residuals give its interval.

The interval is only as good as the residuals, and some are never seen. Where a magazine *usually*
runs dry, all residuals of some hundred replications may be nearly 0, although one in a thousand is
not. So the interval has an allowance for a value that did not occur: by the rule of three, with a
confidence of 95 %, its probability is at most 3/n, and its residual is taken to be up to a standard
deviation of the plain values. The allowance falls with 1/n, the interval itself with its root. The
mean is plain where the plain interval is a bound or is shorter; `DONE` lists what can happen.

The measures of a call have one set of controls, chosen without looking at a measure. The estimate
is linear in the measures, so whatever adds up in each replication adds up in the estimates.
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
    *("allowance_of", "controlled_interval", "controlled_means", "fitted", "is_of_use"),
]

DONE = (
    "plain: it does not vary, or no control can be used",
    "controlled",
    "determined by its controls: no residual",
    "plain: the values are not settled",
    "plain: rare states of the scenario matter",
    "plain: the controls narrow no interval",
)
"""What was done for a measure, by its code."""
PLAIN, CONTROLLED, DETERMINED, UNSETTLED, RARE, USELESS = range(len(DONE))
OF_USE = CONTROLLED, DETERMINED

REPLICATIONS_EACH = 40
"""Replications for each control: with 10, curved residuals covered 89 %."""
FEWEST = 10.0
"""Expected occurrences, and expected failures to occur, that a control needs."""
TOLERANCE = 1e-10
"""Share of a variance below which what others leave unexplained is taken for rounding."""
UNSEEN = 1.0
"""Standard deviations of the plain values that a residual which did not occur is taken to have."""


class ControlSums:
    """Exact sums of products of controls with all columns, over replications in any order.

    Parameters
    ----------
    controls, measures : int
        Number of controls and of measures.
    """

    def __init__(self, controls: int, measures: int) -> None:
        self.controls = controls
        self.cross = CrossSums(controls + measures, controls)

    def take(self, controls: "Array", measures: "Array") -> None:
        """Add replications.

        Parameters
        ----------
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
        self.cross.take(np.concatenate([controls, measures], axis=1))

    def merge(self, other: "ControlSums") -> None:
        """Add the sums of other replications."""
        self.cross.merge(other.cross)


class Residuals(NamedTuple):
    """Estimates of means with controls: arrays of one shape, or numbers.

    The variance is such that Student's interval of it, with a degree of freedom less for each
    control, is that of the mean.
    """

    mean: Any
    variance: Any
    controls: Any


class Controlled(NamedTuple):
    """Estimates of means, and what was done."""

    estimates: "Array"
    """Shape (5, ...), as from `mean_interval`."""
    done: "Array"
    """Codes (...), the index in `DONE`."""
    plain: "Array"
    """Estimates (5, ...) without controls."""

    @property
    def rows(self) -> "Array":
        """Estimates followed by the codes (6, ...), which are NaN where there is no mean."""
        codes = np.where(np.isnan(self.estimates[0]), np.nan, self.done)
        return np.concatenate([self.estimates, codes[np.newaxis]])


class Fit(NamedTuple):
    """Least squares of measures (M,) on the controls that were used."""

    number: int
    intercepts: "Array"  # (M,)
    factor: float  # variance of an intercept, divided by that of the residuals
    slopes: "dict[int, Array]"  # (M,) by control, in the order in which they were used
    centre: "dict[int, tuple[float, float]]"  # mean of a control, and its slope in the weights
    pivots: "list[tuple[Array, Array]]"  # products of these two (M,) add up to what is explained

    @property
    def controls(self) -> int:
        """Controls that were used."""
        return len(self.slopes)

    @property
    def scale(self) -> float:
        """Factor of variances of residuals that makes them those of `Residuals`."""
        freedom = max(self.number - 1 - self.controls, 1)
        return (self.number - 1) / freedom * self.factor * self.number

    def residuals(self, variance: "npt.ArrayLike") -> Residuals:
        """Estimates of the measures, whose variances (M,) are given."""
        explained = sum(one * other for one, other in self.pivots) / max(self.number - 1, 1)
        left = np.asarray(variance, np.float64) - explained
        # Rounding may make a variance negative.
        return Residuals(self.intercepts, np.maximum(left, 0.0) * self.scale, self.controls)


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
            row = own / pivot
            rows[control] = np.append(row, edge / pivot)
            pivots.append((own[last:], row[last:]))
            factor += edge * (edge / pivot)
            means -= edge * row
            border -= row[:last] * edge
            left -= np.multiply.outer(left[:, control].copy(), row)
    every = _slopes(rows)
    return Fit(
        number,
        means[last:],
        factor,
        {control: every[control][last:-1] for control in rows},
        {control: (float(totals[control] / number), float(every[control][-1])) for control in rows},
        pivots,
    )


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
    number: "npt.ArrayLike",
    confidence: float = 0.95,
    *,
    least: "npt.ArrayLike" = -np.inf,
    most: "npt.ArrayLike" = np.inf,
    rare: "npt.ArrayLike" = 0.0,
    largest: "npt.ArrayLike" = np.inf,
) -> Controlled:
    """Intervals of means with controls, where they are shorter than the plain ones.

    Parameters
    ----------
    plain : array, shape (5, ...)
        Estimates without controls, from `mean_interval`.
    residuals : Residuals
        Of shape (...).
    number : array_like of int
        Replications.
    confidence, least, most, rare
        As for `mean_interval`.
    largest : array_like
        Largest absolute value, as in `Moments`.

    Returns
    -------
    Controlled
        The means are those with controls, clipped to their range, also where the interval is plain:
        so sums of measures hold. Such an interval is extended to the mean. The standard error has
        no allowance for what did not occur; the interval has.

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
    >>> sums.take(first - 25, first + second)
    >>> plain = mean_interval(moments, 1000)
    >>> found = controlled_interval(plain, fitted(sums).residuals(moments.variance), 1000)
    >>> DONE[found.done[0]], found.estimates[1].round(3), found.plain[1].round(3)
    ('controlled', array([0.11]), array([0.153]))
    """
    mean, variance, controls = residuals
    number = np.asarray(number)
    if not np.any(controls):
        return Controlled(plain, np.full(np.shape(plain)[1:], PLAIN), plain)
    clipped, allowance = np.clip(mean, least, most), allowance_of(plain, number, confidence)
    narrow = mean_interval(
        Moments(clipped, variance, 0.0, largest),
        number,
        confidence,
        least=least,
        most=most,
        rare=rare,
        controls=controls,
        allowance=allowance,
    )
    own, usual = _quantile(number - 1 - controls, confidence), _quantile(number - 1, confidence)
    rules = {
        PLAIN: ~(plain[1] > 0.0) | (np.asarray(controls) == 0),
        UNSETTLED: plain[SETTLED] == 0.0,
        RARE: narrow[SETTLED] == 0.0,
        USELESS: own * narrow[1] + allowance >= usual * plain[1],
        DETERMINED: variance <= TOLERANCE * plain[1] ** 2 * number,
    }
    done = np.select(list(rules.values()), list(rules), CONTROLLED)
    estimates = np.where(np.isin(done, OF_USE), narrow, plain)
    estimates[0] = narrow[0]  # where there are no controls, the plain mean
    estimates[2] = np.minimum(estimates[2], narrow[0])
    estimates[3] = np.maximum(estimates[3], narrow[0])
    return Controlled(estimates, done, plain)


def _quantile(freedom: "npt.ArrayLike", confidence: float) -> "Array":
    """Of Student's distribution."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(np.maximum(freedom, 1), (1.0 + confidence) / 2.0))


def allowance_of(plain: "Array", number: "npt.ArrayLike", confidence: float) -> "Array":
    """What a value that did not occur may change of means whose plain estimates are given.

    By the rule of three, n replications show a value of probability p with the confidence
    1 - exp(-n p).
    """
    expected = -np.log(1.0 - confidence) * UNSEEN
    return np.asarray(expected * plain[1] / np.sqrt(np.maximum(number, 1)))


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
    interval is narrower, all estimates are plain.
    """
    number = sums.cross.number
    limits: dict[str, Any] = {"least": least, "most": most, "rare": rare}
    plain = mean_interval(moments, number, confidence, **limits)
    own = fitted(sums, fewest).residuals(moments.variance)
    found = controlled_interval(plain, own, number, confidence, largest=moments.largest, **limits)
    return found if is_of_use(found.done) else found._replace(estimates=plain)


def is_of_use(done: "Array") -> bool:
    """Whether the controls narrow the interval of any measure, given what was done."""
    return bool(np.isin(done, OF_USE).any())
