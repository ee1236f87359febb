"""Features of nights that a model should reproduce: recorded, and in each draw."""

import numpy as np

from leakthrough.records.checking import QUANTILES
from leakthrough.records.entries import Array

FEATURES = ("share", "spread", "none", "largest", "size", "lag one")
_LARGE = 10
"""Threats of a night whose share counts for `largest`."""


def features(drawn: Array, recorded: Array, known: Array) -> Array:
    """Recorded value, share of draws at or above it, and quantiles; shape (features, ...).

    `drawn` has shape (draws, nights). A feature that is not defined is NaN.
    """
    simulated, value = _features(drawn, known), _features(recorded[np.newaxis], known)[:, 0]
    above = (simulated > value[:, np.newaxis]).mean(axis=1)
    share = above + 0.5 * (simulated == value[:, np.newaxis]).mean(axis=1)
    share[~np.isfinite(value)] = np.nan
    found: Array = np.column_stack(
        [value, share, np.quantile(simulated, QUANTILES, axis=1).transpose()]
    )
    return found


def _features(counts: Array, known: Array) -> Array:
    """Features of each draw; shape (features, draws)."""
    share, large = counts / known, known >= _LARGE
    empty = np.full(len(counts), np.nan)
    return np.array(
        [
            counts.sum(axis=1) / known.sum(),
            share.std(axis=1),
            (counts == 0).mean(axis=1),
            share[:, large].max(axis=1) if large.any() else empty,
            _correlation(share, np.broadcast_to(known, share.shape)),
            _correlation(share[:, 1:], share[:, :-1]) if len(known) > 2 else empty,
        ]
    )


def _correlation(one: Array, other: Array) -> Array:
    """Correlation along the nights for each draw; NaN where one of them does not vary."""
    one, other = (each - each.mean(axis=1, keepdims=True) for each in (one, other))
    size = np.sqrt((one**2).sum(axis=1) * (other**2).sum(axis=1))
    product = (one * other).sum(axis=1)
    found: Array = np.divide(product, size, out=np.full(len(one), np.nan), where=size > 0)
    return found
