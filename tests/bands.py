"""Bands of 5 standard deviations around exact distributions."""

import numpy as np
import numpy.typing as npt

SIGMAS = 5.0


def assert_pmf(found: npt.NDArray[np.int64], pmf: npt.NDArray[np.float64]) -> None:
    """Every count expected at least 20 times, and all others pooled, are within bands."""
    seen = np.bincount(found, minlength=len(pmf))
    assert len(seen) == len(pmf)
    common = pmf * len(found) >= 20
    shares = np.append(pmf[common], pmf[~common].sum())
    counts = np.append(seen[common], seen[~common].sum())
    bands = SIGMAS * np.sqrt(len(found) * shares * (1 - shares)) + 1.0
    assert np.all(np.abs(counts - len(found) * shares) <= bands)
