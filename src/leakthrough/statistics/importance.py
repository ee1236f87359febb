"""Probabilities of rare events from weighted replications (importance sampling)."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.statistics.intervals import student

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["balance_weights", "concentration", "weighted_probability"]


def balance_weights(log_ratios: "npt.ArrayLike", shares: "npt.ArrayLike") -> "Array":
    """Weights (R,) of replications of a mixture of distributions, by the mixture's density.

    The weight is p(x) / sum of share * p'(x) over the distributions p' of the mixture (the balance
    heuristic). With a share of p itself it is at most 1 / that share.

    Parameters
    ----------
    log_ratios : array_like, shape (C, R)
        log(p'(x) / p(x)) of each distribution of the mixture.
    shares : array_like, shape (C,)
        Shares of the distributions in the replications, which sum to 1.

    References
    ----------
    Veach and Guibas (1995), Optimally combining sampling techniques for Monte Carlo rendering.
    Hesterberg (1995), Weighted average importance sampling and defensive mixture distributions,
    Technometrics 37, 185-194.

    Examples
    --------
    >>> balance_weights([[0.0, 0.0], [2.0, -2.0]], [0.5, 0.5]).round(3).tolist()
    [0.238, 1.762]
    """
    ratios = np.asarray(log_ratios, np.float64)
    largest = ratios.max(axis=0)
    density = np.asarray(shares, np.float64) @ np.exp(ratios - largest)
    found: Array = np.exp(-largest) / density
    return found


def weighted_probability(weights: "Array", confidence: float = 0.95) -> "Array":
    """Estimates (4,) of a probability from the weights of an event, 0 where it does not occur.

    Student's interval, cut to the range from 0 to 1. Where the numbers of replications of the
    distributions of a mixture are fixed, it is too long: the variation between the distributions
    counts too. In return it also holds where all weights of one distribution are equal.

    Parameters
    ----------
    weights : array of float, shape (R,)
    confidence : float
        Between 0 and 1.

    Returns
    -------
    array of float, shape (4,)
        As in `leakthrough.statistics.intervals`.

    Examples
    --------
    >>> weights = np.array([0.01, 0.03] * 10 + [0.0] * 20)
    >>> weighted_probability(weights).round(4).tolist()
    [0.01, 0.002, 0.006, 0.014]
    """
    return student(
        weights.mean(), weights.var(ddof=1), len(weights), confidence, least=0.0, most=1.0
    )


def concentration(weights: "Array") -> tuple[float, float]:
    """Effective sample size of weights (Kish), and the share of the largest of them.

    Examples
    --------
    >>> concentration(np.array([1.0, 1.0, 2.0, 0.0]))
    (2.6666666666666665, 0.5)
    """
    total = weights.sum()
    if not total > 0.0:
        return 0.0, 1.0
    shares = weights / total
    return float(1.0 / (shares @ shares)), float(shares.max())
