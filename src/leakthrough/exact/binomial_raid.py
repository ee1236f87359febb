"""Raids with unlimited channels and rounds: identical, independent engagements of all threats."""

import decimal
import math
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import (
    as_pmf,
    binomial,
    chance,
    leak_and_stop,
    log_survival,
    probability,
)
from leakthrough.model.arguments import flag, whole
from leakthrough.quantities import quantity
from leakthrough.statistics.arguments import Numbers, as_numbers, refusal

if TYPE_CHECKING:
    import xarray as xr

_MOST = 1_000_000_000
_EXACT = 2.0**53
_DIGITS, _ROUNDING = 400, Decimal(10) ** -50
"""1 minus the smallest float has 325 digits."""


def leakers(
    threats: int,
    kill_probability: float,
    rounds_each: int = 1,
    tracking: float = 1.0,
    common_mode: bool = False,
) -> "xr.DataArray":
    """Distribution of the leakers of a raid.

    Each threat is tracked with probability `tracking`, and each tracked threat gets `rounds_each`
    independent rounds: it leaks with probability 1 - tracking (1 - (1 - p)^n). With `common_mode`,
    tracking succeeds or fails for the whole raid: the mean is the same, the distribution differs.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    kill_probability : float
        Kill probability of one round.
    rounds_each : int, default 1
        Rounds per threat, from 0 to 1,000,000,000.
    tracking : float, default 1
        Probability that a threat, or with `common_mode` the raid, is tracked.
    common_mode : bool, default False
        Whether tracking succeeds or fails for the whole raid.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    Wilkening (2000), A simple model for calculating ballistic missile defense effectiveness,
    Science and Global Security 8, 183-215.

    Examples
    --------
    >>> float(leakers(10, 0.8)[0].round(5))
    0.10737
    """
    number = whole("threats", threats, most=1_000_000)
    kill, each = chance("kill_probability", kill_probability), whole("rounds_each", rounds_each)
    through, stopped = leak_and_stop(kill, each)
    seen = chance("tracking", tracking)
    if flag("common_mode", common_mode):
        values = seen * binomial(number, through, stopped)
        values[number] += 1.0 - seen
    else:
        values = binomial(number, 1.0 - seen + seen * through, seen * stopped)
    return as_pmf(values, "distribution of the leakers", "leakers")


def raid_annihilation(
    threats: npt.ArrayLike,
    kill_probability: npt.ArrayLike,
    rounds_each: npt.ArrayLike = 1,
    tracking: npt.ArrayLike = 1.0,
    common_mode: bool = False,
) -> "np.float64 | npt.NDArray[np.float64]":
    """Probability that no threat of a raid leaks.

    The first value of the distribution of `leakers`; all arguments may be arrays, and broadcast.

    Parameters
    ----------
    threats, rounds_each : int or array of int
        From 0 to 1,000,000,000.
    kill_probability, tracking : float or array of float
        From 0 to 1.
    common_mode : bool, default False
        Whether tracking succeeds or fails for the whole raid.

    Returns
    -------
    float or array
        (1 - q^n)^N with tracking 1.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> raid_annihilation(10, 0.8, [1, 2, 3]).round(5).tolist()
    [0.10737, 0.66483, 0.92282]
    >>> float(raid_annihilation(10, 0.7, 3, 0.95, common_mode=True).round(5))
    0.72252
    """
    number, rounds = _counts("threats", threats), _counts("rounds_each", rounds_each)
    seen = probability("tracking", tracking)
    kill = probability("kill_probability", kill_probability)
    if flag("common_mode", common_mode):
        found = np.where(number > 0, seen, 1.0) * _none_leaks(number, kill, rounds, 1.0)
    else:
        found = _none_leaks(number, kill, rounds, seen)
    return np.float64(found) if np.ndim(found) == 0 else np.asarray(found, np.float64)


def _counts(name: str, value: npt.ArrayLike) -> npt.NDArray[np.int64]:
    found = as_numbers(value)
    if found is None or not ((found >= 0) & (found <= _MOST) & (found == np.rint(found))).all():
        raise refusal(name, f"whole numbers from 0 to {_MOST}", value)
    return found.astype(np.int64)


def _none_leaks(
    threats: npt.ArrayLike, kill: npt.ArrayLike, rounds: npt.ArrayLike, seen: npt.ArrayLike
) -> Numbers:
    """(seen (1 - q^n))^N by logarithms: precise for rare kills and for rare leaks."""
    missed, number = log_survival(kill, rounds), np.asarray(threats)
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 threats times log 0
        rare, often = np.log(-np.expm1(missed)), np.log1p(-np.exp(missed))
        each = np.log(seen) + np.where(missed > -math.log(2.0), rare, often)
        return np.exp(np.where(number > 0, number * each, 0.0))


def rounds_required(
    threats: int, kill_probability: float, goal: float, tracking: float = 1.0
) -> float:
    """Fewest rounds per threat for which no threat leaks with at least a given probability.

    The inverse of `raid_annihilation`, with independent tracking of each threat.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000,000.
    kill_probability : float
        Kill probability of one round.
    goal : float
        Required probability that no threat leaks.
    tracking : float, default 1
        Probability that a threat is tracked.

    Returns
    -------
    float
        A whole number, rounded to 15 digits above 2^53; infinite if no number of rounds is enough
        or it exceeds the largest float.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> rounds_required(10, 0.8, 0.9)
    3.0
    """
    number = whole("threats", threats)
    kill = chance("kill_probability", kill_probability)
    wanted, seen = chance("goal", goal), chance("tracking", tracking)
    if number == 0 or wanted == 0.0:
        return 0.0
    with decimal.localcontext(prec=_DIGITS):
        each = (Decimal(wanted).ln() / number).exp()  # probability to stop a threat
        leak = 1 - each / Decimal(seen) if seen else Decimal(-1)
        if kill == 1.0:
            return 1.0 if leak > -_ROUNDING else math.inf
        if kill == 0.0 or leak < _ROUNDING:
            return math.inf
        rounds = leak.ln() / (1 - Decimal(kill)).ln()
        # Rounding matters where the ratio is a whole number. Floats above 2^53 are no counts.
        whole_rounds = math.ceil(rounds - rounds * _ROUNDING) if rounds <= _EXACT else rounds
        return float(max(whole_rounds, 1))


def shoot_look_shoot(kill_probability: npt.ArrayLike, looks: int) -> "xr.Dataset":
    """Leak probability and expected rounds for one threat under shoot-look-shoot.

    One round per look, until the threat is killed; the assessment is always right.

    Parameters
    ----------
    kill_probability : float or array of float
        Kill probability of one round.
    looks : int
        Most rounds at the threat, from 0 to 10,000.

    Returns
    -------
    xarray.Dataset
        `leak`: probability (1 - p)^n that the threat leaks; `rounds`: expected rounds
        (1 - (1 - p)^n) / p. Along `kill_probability` if that is an array.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> found = shoot_look_shoot(0.7, 3)
    >>> float(found.rounds.round(2)), float(found.leak.round(3))
    (1.39, 0.027)
    """
    import xarray as xr

    kill = probability("kill_probability", kill_probability)
    if kill.ndim > 1:
        raise ValueError("kill_probability: must be a number or have one dimension")
    number = whole("looks", looks, most=10_000)
    missed = log_survival(kill, number)
    leak, rounds = np.exp(missed), np.full(kill.shape, float(number))
    np.divide(np.abs(np.expm1(missed)), kill, out=rounds, where=kill > 0.0)
    dims = ("kill_probability",) * kill.ndim
    return xr.Dataset(
        {
            "leak": quantity(dims, leak, "probability that the threat leaks"),
            "rounds": quantity(dims, rounds, "expected rounds"),
        },
        {"kill_probability": quantity(dims, kill, "kill probability")},
    )
