"""Checks of arguments, and distributions as labelled arrays."""

import math
import sys
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.model.arguments import refused
from leakthrough.statistics.arguments import Numbers, as_numbers

if TYPE_CHECKING:
    import xarray as xr

TINY, FULL = 1e-40, 1_024
"""Probabilities below it at the edges of a distribution of more values are left out."""
LONGEST = 1e9
"""Seconds, as in a scenario."""


def probability(name: str, value: npt.ArrayLike) -> Numbers:
    """Return probabilities from 0 to 1, or raise ValueError."""
    found = as_numbers(value)
    if found is None or not np.all((found >= 0.0) & (found <= 1.0)):
        raise refused(name, "from 0 to 1", value)
    return found


def chance(name: str, value: object) -> float:
    """Return one probability from 0 to 1, or raise ValueError."""
    found = probability(name, value)  # type: ignore[arg-type]
    if found.ndim:
        raise refused(name, "one number from 0 to 1", value)
    return float(found)


def positive(
    name: str, value: object, *, zero: bool = False, most: float = sys.float_info.max
) -> float:
    """Return a finite number above 0 (or from 0), at most `most`, or raise ValueError."""
    found = as_numbers(value)
    number = float(found) if found is not None and not found.ndim else math.nan
    if not 0.0 <= number <= most or (number == 0.0 and not zero):
        allowed = "a finite number from 0" if zero else "a finite number above 0"
        bound = f", at most {most:g}" if most < sys.float_info.max else ""
        raise refused(name, f"{allowed}{bound}", value)
    return number


_COUNTED = {
    "hits": "number of hits",
    "layer": "number of the layer, 0 for the first",
    "leakers": "threats that got through",
    "rounds_left": "rounds left",
}


def as_pmf(values: Numbers, long_name: str, *dims: str) -> "xr.DataArray":
    """A probability mass function of whole numbers from 0."""
    import xarray as xr

    coordinates = {
        name: (name, np.arange(size), {"units": "1", "long_name": _COUNTED[name]})
        for name, size in zip(dims, values.shape, strict=True)
    }
    attrs = {"units": "1", "long_name": long_name}
    return xr.DataArray(values, coordinates, dims, "probability", attrs)


def log_survival(kill: npt.ArrayLike, rounds: npt.ArrayLike) -> Numbers:
    """Log of (1 - kill)^rounds; the power itself loses digits when `kill` is small."""
    from scipy.special import xlog1py

    found = xlog1py(np.asarray(rounds, np.float64), -np.asarray(kill, np.float64))
    return np.asarray(found, np.float64)


def leak_and_stop(kill: float, rounds: int) -> tuple[float, float]:
    """(1 - kill)^rounds and its complement; each is precise where it is tiny."""
    missed = float(log_survival(kill, rounds))
    return math.exp(missed), 0.0 - math.expm1(missed)  # not -0.0


def binomial(number: int, share: float, rest: float) -> Numbers:
    """Binomial probabilities of 0 to `number`.

    `share` is the probability of each, and `rest` its complement: the smaller one has the digits.
    Products of the ratios of neighbours, outwards from the mode, lose fewer than factorials do.
    """
    found = np.zeros(number + 1)
    mode = int((number + 1) * share) if share < rest else number - int((number + 1) * rest)
    mode = min(max(mode, 0), number)
    found[mode] = 1.0
    above, below = np.arange(mode, number), np.arange(mode, 0, -1)
    if above.size:
        found[mode + 1 :] = np.cumprod((number - above) / (above + 1) * (share / rest))
    if below.size:
        found[:mode] = np.cumprod(below / (number - below + 1) * (rest / share))[::-1]
    normed: Numbers = found / found.sum()
    return normed


def support(values: Numbers, tiny: float | None = None) -> slice:
    """Range of indices of a distribution without its edges: below 1e-40, or 0 if it is short."""
    least = tiny if tiny is not None else TINY if len(values) > FULL else 0.0
    indices = np.flatnonzero(values > least)
    return slice(int(indices[0]), int(indices[-1]) + 1)


def sum_pmf(first: Numbers, second: Numbers) -> Numbers:
    """Distribution of the sum of two independent counts, by convolution of their supports."""
    a, b = support(first), support(second)
    found = np.zeros(len(first) + len(second) - 1)
    found[a.start + b.start : a.stop + b.stop - 1] = np.convolve(first[a], second[b])
    return found
