"""Goals of a defence, and sequential tests of whether replications show that they hold."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from leakthrough.model.arguments import number_in, real_in
from leakthrough.model.errors import shown
from leakthrough.statistics.adjusted import Values, interval_of_values
from leakthrough.statistics.controls import OF_USE
from leakthrough.statistics.means import SETTLED
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.reading import Numbers
from leakthrough.studies.sequential import FIRST, SEQUENTIAL

Verdict = Literal["holds", "fails", "undecided"]


def checked_level(measure: Measure, name: str, level: object, *, of_mean: bool = True) -> float:
    """Check a level: the measure must be able to exceed it and to fall below it."""
    share, value = measure.is_share, real_in(level)
    if share and of_mean:
        allowed, valid = "between 0 and 1", 0.0 < value < 1.0
    elif share:
        allowed, valid = "from 0 to 1", 0.0 <= value <= 1.0
    elif of_mean:
        allowed, valid = "a finite number above 0", 0.0 < value < np.inf
    else:
        allowed, valid = "a finite number from 0", 0.0 <= value < np.inf
    if not valid:
        raise ValueError(f"{name}: for {measure.label} must be {allowed}; got {shown(level)}")
    return value


def check_drawn(measure: Measure, name: str) -> None:
    """Check that the values of a measure are not expectations; `name` is that of the argument."""
    if measure.kind.expectation:
        text = f"{measure.label} is expected given the hits, so only its mean is of use"
        raise ValueError(f"{name}: {text}; use destroyed")


@dataclass(frozen=True)
class Goal:
    """A bound on a measure.

    Parameters
    ----------
    measure : Measure or str
        A measure that gives one number for each replication.
    at_most, at_least : float
        Give one of the two: the bound on the mean of the measure. The mean of `no_leaker`,
        `at_most` and `dry` is a probability.
    quantile : float, optional
        Between 0 and 1: the bound applies to this quantile of the measure instead. With 0.95,
        `at_most` must hold in 95 % of the replications, but **`at_least` in only 5 %**: for 95 %,
        use 0.05.

    Raises
    ------
    ValueError
        If there is not exactly one bound, or the bound always or never holds: a probability that
        is not between 0 and 1, a negative number of leakers.

    Examples
    --------
    >>> Goal("no_leaker", at_least=0.9).label
    'no_leaker at least 0.9'
    >>> Goal("leakers", at_most=5, quantile=0.95).label
    '95 % quantile of leakers at most 5'
    """

    measure: Measure | str
    at_most: float | None = None
    at_least: float | None = None
    quantile: float | None = None

    def __post_init__(self) -> None:
        measure = measure_of(self.measure)
        if (self.at_most is None) == (self.at_least is None):
            text = "needs one of at_most and at_least"
            raise ValueError(f"goal: {text}; got {self.at_most!r} and {self.at_least!r}")
        for own in ("at_most", "at_least", "quantile"):
            if (number := number_in(getattr(self, own))) is not None:
                object.__setattr__(self, own, number)
        name = "at_most" if self.at_least is None else "at_least"
        checked_level(measure, f"goal, {name}", self.bound, of_mean=self.quantile is None)
        if self.quantile is not None:
            if measure.kind.probability:
                raise ValueError(f"goal, quantile: {measure.label} is a probability: it has none")
            check_drawn(measure, "goal, quantile")
            if not 0.0 < real_in(self.quantile) < 1.0:
                text = f"must lie between 0 and 1, such as 0.95; got {shown(self.quantile)}"
                raise ValueError(f"goal, quantile: {text}")

    @property
    def bound(self) -> float:
        """The value of `at_most` or `at_least`."""
        return self.at_most if self.at_least is None else self.at_least  # type: ignore[return-value]

    @property
    def label(self) -> str:
        """The goal as text."""
        quantile = f"{100 * self.quantile:g} % quantile of " if self.quantile is not None else ""
        side = "at most" if self.at_least is None else "at least"
        return f"{quantile}{measure_of(self.measure).label} {side} {self.bound:g}"

    def verdict(
        self, values: Values, error: float, ends: tuple[float, float], rare: float = 0.0
    ) -> Verdict:
        """Test whether the goal holds or fails; "undecided" if the replications show neither.

        `values` (R,) are those of the measure in independent replications, `ends` those of their
        range; `rare` is the probability of rare states (`leakthrough.statistics.means.rare_share`);
        `error` is the probability that a goal that fails is reported to hold, or the other way
        round. A probability is tested by the exact binomial test. A mean is tested by Student's t
        once there are enough replications for its skewness, before that by the bound of Maurer
        and Pontil (see `simulate_to_precision`). A quantile is at most x if P(value <= x) is at
        least its order.
        """
        kept = self.kept(values.plain)
        if kept is None:
            least, most = ends
            found = interval_of_values(
                values, 1.0 - 2.0 * error, least=least, most=most, rare=rare, cochran=SEQUENTIAL
            )
            low, high = found.estimates[2:SETTLED]
            if values.replications < FIRST and not np.isin(found.done, OF_USE):
                return "undecided"
            above, below = bool(low > self._bound), bool(high < self._bound)
        else:
            above, below = _tails(int(kept.sum()), len(kept), self._bound, error)
        if not (above or below):
            return "undecided"
        is_floor = self.at_least is not None or self.quantile is not None
        return "holds" if above == is_floor else "fails"

    def kept(self, values: Numbers) -> Numbers | None:
        """Whether the event of the goal occurs (1) or not (0), by replication; None for a mean."""
        if self.quantile is not None:
            inside = values <= self.bound if self.at_least is None else values >= self.bound
            return inside.astype(np.float64)
        return values if measure_of(self.measure).kind.probability else None

    @property
    def _bound(self) -> float:
        """Bound of the mean, or of the probability of the goal's event."""
        if self.quantile is None:
            return self.bound
        return self.quantile if self.at_least is None else 1.0 - self.quantile


def _tails(successes: int, number: int, probability: float, error: float) -> tuple[bool, bool]:
    """Whether successes are significantly many, or few, for this probability (exact binomial)."""
    from scipy.special import betainc

    failures = number - successes
    upper = betainc(successes, failures + 1.0, probability) if successes else 1.0
    lower = betainc(failures, successes + 1.0, 1.0 - probability) if failures else 1.0
    return bool(upper <= error), bool(lower <= error)
