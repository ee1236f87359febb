"""Raids in which nothing is scarce: every threat is shot at alike, and apart from the others."""

import math

import numpy as np
import numpy.typing as npt
import xarray as xr

from leakthrough.exact._arguments import binomial, chance, law, probability, whole


def leakers(
    threats: int,
    kill_probability: float,
    rounds_each: int = 1,
    tracking: float = 1.0,
    common_mode: bool = False,
) -> xr.DataArray:
    """Law of the leakers of a raid.

    Each threat is tracked with probability `tracking`, and each tracked one gets `rounds_each`
    independent rounds: it leaks with probability 1 - tracking (1 - (1 - p)^n). With
    `common_mode` tracking succeeds or fails for the whole raid: the same mean, another law.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    kill_probability : float
        Of one round.
    rounds_each : int, default 1
        Rounds a threat, from 0.
    tracking : float, default 1
        Probability that a threat, or with `common_mode` the raid, is tracked.
    common_mode : bool, default False

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
    through = (1.0 - chance("kill_probability", kill_probability)) ** whole(
        "rounds_each", rounds_each
    )
    seen = chance("tracking", tracking)
    if common_mode:
        values = seen * binomial(number, through)
        values[number] += 1.0 - seen
    else:
        values = binomial(number, 1.0 - seen * (1.0 - through))
    return law(values, "law of the leakers", leakers=np.arange(number + 1))


def raid_annihilation(
    threats: npt.ArrayLike,
    kill_probability: npt.ArrayLike,
    rounds_each: npt.ArrayLike = 1,
    tracking: npt.ArrayLike = 1.0,
    common_mode: bool = False,
) -> "np.float64 | npt.NDArray[np.float64]":
    """Probability that no threat of a raid leaks.

    The first value of the law of `leakers`; all arguments may be arrays, and broadcast.

    Parameters
    ----------
    threats, rounds_each : int or array of int
        From 0.
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
    stopped = 1.0 - (1.0 - probability("kill_probability", kill_probability)) ** rounds
    if common_mode:
        found = np.where(number > 0, seen, 1.0) * stopped**number
    else:
        found = (seen * stopped) ** number
    return np.float64(found) if np.ndim(found) == 0 else np.asarray(found, np.float64)


def _counts(name: str, value: npt.ArrayLike) -> npt.NDArray[np.int64]:
    found = np.asarray(value)
    if found.dtype.kind not in "iu" or (found < 0).any():
        raise ValueError(f"{name}: must be whole numbers from 0; got {value!r}")
    return found.astype(np.int64)


def rounds_required(
    threats: int, kill_probability: float, goal: float, tracking: float = 1.0
) -> float:
    """Fewest rounds a threat for which no threat leaks with at least a given probability.

    Tracking is independent for each threat, as in `raid_annihilation`, whose inverse this is.

    Parameters
    ----------
    threats : int
        From 0.
    kill_probability : float
        Of one round.
    goal : float
        The wanted probability that none leaks.
    tracking : float, default 1
        Probability that a threat is tracked.

    Returns
    -------
    float
        A whole number; infinite if no number of rounds is enough.

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
    each = wanted ** (1.0 / number)
    if kill == 0.0 or each > seen or (each == seen and kill < 1.0):
        return math.inf
    if kill == 1.0:
        return 1.0
    start = math.ceil(math.log1p(-each / seen) / math.log1p(-kill))
    # The logarithms may be off by a rounding where the answer is a whole number to begin with.
    candidates = range(max(start - 1, 1), start + 2)
    met = [n for n in candidates if raid_annihilation(number, kill, n, seen) >= wanted]
    return float(met[0]) if met else float(start + 1)


def shoot_look_shoot(kill_probability: npt.ArrayLike, looks: int) -> xr.Dataset:
    """What becomes of one threat that is shot at, looked at, and shot at again while it lives.

    One round a look, and an assessment that is always right.

    Parameters
    ----------
    kill_probability : float or array of float
        Of one round.
    looks : int
        Rounds that it gets at most, from 0 to 10,000.

    Returns
    -------
    xarray.Dataset
        `leak`, the probability (1 - p)^n that it leaks, and `rounds`, the expected rounds
        (1 - (1 - p)^n) / p; along `kill_probability` if that is an array.

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
    kill = probability("kill_probability", kill_probability)
    if kill.ndim > 1:
        raise ValueError("kill_probability: must be a number or have one dimension")
    number = whole("looks", looks, most=10_000)
    leak = (1.0 - kill) ** number
    # The sum of the chances that each look is needed: nothing cancels where kills are rare.
    rounds = ((1.0 - kill)[..., np.newaxis] ** np.arange(number)).sum(axis=-1)
    dims = ("kill_probability",) * kill.ndim
    return xr.Dataset(
        {
            "leak": (dims, leak, {"units": "1", "long_name": "probability that it leaks"}),
            "rounds": (dims, rounds, {"units": "1", "long_name": "expected rounds"}),
        },
        {"kill_probability": (dims, kill, {"units": "1", "long_name": "kill probability"})},
    )
