"""Quantile tables of distributions of single values or intervals, and of mixtures.

A table has the form of `leakthrough.model.quantiles.quantile_table`: quantiles at the same tail
probabilities of both tails.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
_HALF = 0.499
"""Half of the width over which a whole number is spread. All of it is rounded to this number."""


def of_values(
    values: Numbers, weights: Sequence[float] | Numbers, tails: Numbers, *, whole: bool
) -> Numbers:
    """Table of increasing values with weights.

    Between two nodes a table is linear, so each step is spread over two of its intervals, such that
    the mean is exact: at each node is the mean quantile from half-way to one neighbour to half-way
    to the other. If values are rounded to `whole` numbers when they are drawn, each is spread over
    what is rounded to it, so that there are no steps between neighbouring numbers.
    """
    values, half = (np.floor(values + 0.5), _HALF) if whole else (values, 0.0)
    shares = np.asarray(weights, np.float64) / np.sum(weights)
    values, shares = values[shares > 0.0], shares[shares > 0.0]
    middles = (tails[1:] + tails[:-1]) / 2.0
    edges = np.concatenate([tails[:1], middles, tails[-1:]])
    found = []
    for own, part, sign in ((values, shares, half), (values[::-1], shares[::-1], -half)):
        nodes, sums = (np.concatenate([[0.0], np.cumsum(each)]) for each in (part, own * part))
        at = np.clip(np.searchsorted(nodes, edges) - 1, 0, own.size - 1)
        passed = (edges - nodes[at]) / part[at]
        spread = own[at] * passed + sign * (passed * passed - passed)
        found.append(np.diff(sums[at] + part[at] * spread) / np.diff(edges))
    table: Numbers = np.clip(np.stack(found), values[0] - half, values[-1] + half)
    return table


def of_intervals(edges: Numbers, weights: Sequence[float], tails: Numbers) -> Numbers:
    """Table of a distribution that is uniform within each interval between two edges."""
    shares = np.array(weights) / sum(weights)
    used = np.flatnonzero(shares > 0.0)
    first, stop = used[0], used[-1] + 1
    edges, shares = edges[first : stop + 1], shares[first:stop]
    below = np.concatenate([[0.0], np.cumsum(shares)])
    above = np.concatenate([[0.0], np.cumsum(shares[::-1])])
    return np.stack([np.interp(tails, below, edges), np.interp(tails, above, edges[::-1])])


def mixed(
    weights: Sequence[float], parts: Sequence[tuple[Numbers, Numbers]], tails: Numbers
) -> Numbers:
    """Table of a mixture of distributions, of which probabilities and quantiles at them are given.

    The distribution functions of the parts are added at all of their quantiles, from below and
    from above each of them, since a part may have steps.
    """
    shares = np.array(weights) / sum(weights)
    values = np.unique(np.concatenate([quantiles for _, quantiles in parts]))
    below, above = np.zeros((2, values.size, 2))
    for share, (nodes, quantiles) in zip(shares, parts, strict=True):
        for n, side in enumerate(_SIDES):
            low, high, part = _between(values, quantiles, side)
            below[:, n] += share * (nodes[low] + part * (nodes[high] - nodes[low]))
            ends = nodes[-1 - low], nodes[-1 - high]  # the same probabilities, exact from above
            above[:, n] += share * (ends[0] + part * (ends[1] - ends[0]))
    twice = np.repeat(values, 2)
    return np.stack(
        [
            np.interp(tails, np.maximum.accumulate(below.ravel()), twice),
            np.interp(tails, np.maximum.accumulate(above.ravel()[::-1]), twice[::-1]),
        ]
    )


_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def _between(
    values: Numbers, quantiles: Numbers, side: Literal["left", "right"]
) -> tuple[Indices, Indices, Numbers]:
    """Neighbours of values among quantiles, and how far between them each is."""
    high = np.searchsorted(quantiles, values, side=side)
    low = np.clip(high - 1, 0, quantiles.size - 1)
    high = np.clip(high, 0, quantiles.size - 1)
    width = quantiles[high] - quantiles[low]
    part = (values - quantiles[low]) / np.where(width > 0.0, width, 1.0)
    return low, high, np.where(width > 0.0, part, 0.0)
