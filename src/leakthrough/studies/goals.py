"""What a defence is to achieve, and whether some replications show that it does."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from leakthrough.model.errors import shown
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.sequential import reach_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

Verdict = Literal["holds", "fails", "undecided"]


def checked_level(measure: Measure, name: str, level: object, *, of_mean: bool = True) -> float:
    """A level that the measure can be above as well as below, or a clear error."""
    share = measure.kind.probability or measure.name == "leak_rate"
    number = isinstance(level, int | float | np.number) and not isinstance(level, bool)
    value = float(level) if number else np.nan  # type: ignore[arg-type]
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


@dataclass(frozen=True)
class Goal:
    """A bound on a measure.

    Parameters
    ----------
    measure : Measure or str
        One number a replication.
    at_most, at_least : float
        One of the two: the bound on its mean, which is the probability of `no_leaker`,
        `at_most` and `dry`.
    quantile : float, optional
        The bound is on this quantile of the measure instead, between 0 and 1. With 0.95,
        `at_most` is to be kept in 95 % of the raids, but **`at_least` in 5 % only**: for 95 %
        take 0.05.

    Raises
    ------
    ValueError
        If there is not one bound, or it is one that nothing or everything keeps: a probability
        that is not between 0 and 1, a negative number of leakers.

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
        name = "at_most" if self.at_least is None else "at_least"
        checked_level(measure, f"goal, {name}", self.bound, of_mean=self.quantile is None)
        if self.quantile is not None:
            if measure.kind.probability:
                raise ValueError(f"goal, quantile: {measure.label} is a probability: it has none")
            number = isinstance(self.quantile, float | np.floating)
            if not number or not 0.0 < self.quantile < 1.0:
                text = f"must lie between 0 and 1, such as 0.95; got {shown(self.quantile)}"
                raise ValueError(f"goal, quantile: {text}")

    @property
    def bound(self) -> float | None:
        """The bound, of either kind."""
        return self.at_most if self.at_least is None else self.at_least

    @property
    def label(self) -> str:
        """What is to hold, as text."""
        quantile = f"{100 * self.quantile:g} % quantile of " if self.quantile is not None else ""
        side = "at most" if self.at_least is None else "at least"
        return f"{quantile}{measure_of(self.measure).label} {side} {self.bound:g}"

    def verdict(self, values: "Numbers", error: float, most: float) -> Verdict:
        """Whether it holds, fails, or may do either.

        Parameters
        ----------
        values : array of float, shape (R,)
            Of the measure, in independent replications.
        error : float
            Probability with which a goal that fails is said to hold, or the other way round.
        most : float
            Which no value can exceed.

        Notes
        -----
        Of what happens in a replication or not, the exact binomial test; of a mean, Student's t
        once there are replications enough for the skewness, and before that the bound of Maurer
        and Pontil (see `simulate_to_precision`). A quantile is at most x if P(value <= x) is at
        least its order.
        """
        kept = self.kept(values)
        if kept is None:
            reach, mean = reach_of(values, error, most), float(values.mean())
            above, below = mean - reach > self._bound, mean + reach < self._bound
        else:
            above, below = _tails(int(kept.sum()), len(kept), self._bound, error)
        if not (above or below):
            return "undecided"
        return "holds" if above == self._is_floor else "fails"

    def kept(self, values: "Numbers") -> "Numbers | None":
        """In which replications happens what is to be likely; None for a mean."""
        if self.quantile is not None:
            inside = values <= self._level if self.at_least is None else values >= self._level
            return inside.astype(np.float64)
        return values if measure_of(self.measure).kind.probability else None

    @property
    def _level(self) -> float:
        assert self.bound is not None  # noqa: S101
        return float(self.bound)

    @property
    def _is_floor(self) -> bool:
        return self.at_least is not None or self.quantile is not None

    @property
    def _bound(self) -> float:
        """Of the mean, or of the probability of what is to be likely."""
        if self.quantile is None:
            return self._level
        return self.quantile if self.at_least is None else 1.0 - self.quantile


def _tails(successes: int, number: int, probability: float, error: float) -> tuple[bool, bool]:
    """Whether so many are too many, or too few, for this probability: exact binomial tails."""
    from scipy.special import betainc

    failures = number - successes
    so_many = betainc(successes, failures + 1.0, probability) if successes else 1.0
    so_few = betainc(failures, successes + 1.0, 1.0 - probability) if failures else 1.0
    return bool(so_many <= error), bool(so_few <= error)
