"""Log-likelihood of reports, given the log-odds of their means and their correlations.

Of n threats s are stopped, with a beta-binomial distribution of mean m and correlation r. A report
with limits has the probability that s is between them: the sum of P(s), by the ratio of successive
terms. One of several reports of a night is right, each with the same probability, which gives the
mean of their probabilities; the night counts once.
"""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.records.entries import Array

if TYPE_CHECKING:
    from leakthrough.records.reports import Reports


def night_likelihood(found: "Reports", logits: Array, correlation: Array) -> Array:
    """Log-likelihood of each night, shape (nights, grid).

    `logits` has shape (reports, grid), `correlation` (reports, 1).
    """
    each = _of_reports(found, logits, correlation)
    _, first, number = np.unique(found.night, return_index=True, return_counts=True)
    if len(first) == len(found.night):
        return each
    joint: Array = np.logaddexp.reduceat(each, first, axis=0)
    return joint - np.log(number)[:, np.newaxis]


def _of_reports(found: "Reports", logits: Array, correlation: Array) -> Array:
    from scipy.special import expit, gammaln

    total = 1.0 / correlation - 1.0
    mean = expit(logits)
    a, b = mean * total, (1.0 - mean) * total
    n, low, high = (column[:, np.newaxis] for column in (found.known, found.low, found.high))
    ways = gammaln(n + 1.0) - gammaln(low + 1.0) - gammaln(n - low + 1.0)
    ways += gammaln(total) - gammaln(n + total)
    value: Array = ways + gammaln(low + a) - gammaln(a) + gammaln(n - low + b) - gammaln(b)
    wide = found.high > found.low
    if wide.any():
        value[wide] += np.log1p(_further(n[wide], low[wide], high[wide], a[wide], b[wide]))
    return value


def _further(n: Array, low: Array, high: Array, a: Array, b: Array) -> Array:
    """Sum of P(s) / P(low) over s from low + 1 to high, for each report."""
    total: Array = np.zeros(a.shape)
    term = total + 1.0
    for step in range(int((high - low).max())):
        s = low + step
        term = np.where(s < high, term * (n - s) / (s + 1.0) * (s + a) / (n - s - 1.0 + b), 0.0)
        total += term
    return total
