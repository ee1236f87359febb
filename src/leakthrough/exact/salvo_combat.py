"""Missile salvos between forces: the deterministic and the stochastic salvo model."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import as_pmf, binomial, chance, positive, sum_pmf
from leakthrough.model.arguments import whole
from leakthrough.quantities import quantity
from leakthrough.statistics.arguments import Numbers, as_numbers, refusal

if TYPE_CHECKING:
    import xarray as xr

_MOST = 1_000_000
_LARGEST = 1e9


def hughes_salvo(
    forces: npt.ArrayLike,
    missiles_each: npt.ArrayLike,
    interceptions_each: npt.ArrayLike,
    staying_power: npt.ArrayLike,
) -> "xr.Dataset":
    """Losses of two forces that exchange one simultaneous salvo (deterministic).

    Each argument is a pair, for side A and side B, of numbers that need not be whole. For the next
    exchange, pass the `survivors` as `forces`.

    Parameters
    ----------
    forces : pair of float
        Units (ships, batteries) of each side, from 0 to 1e9.
    missiles_each : pair of float
        Accurate missiles of one unit, which hit unless intercepted: missiles fired times the hit
        probability. From 0 to 1e9.
    interceptions_each : pair of float
        Accurate missiles that one unit intercepts, from 0 to 1e9.
    staying_power : pair of float
        Hits that put one unit out of action, from 1e-9 to 1e9.

    Returns
    -------
    xarray.Dataset
        `losses` and `survivors` in units, along `side` ("A", "B").

    Raises
    ------
    ValueError
        If an argument is out of its range or not a pair.

    Notes
    -----
    With forces A and B, alpha missiles of a unit of A, b3 interceptions and staying power b1 of a
    unit of B, side B loses (alpha A - b3 B) / b1, limited to 0 and B; side A by the same equation.
    All quantities have their mean values: missiles are spread evenly over the enemy's units, none
    leaks while the defence has interceptions left, all others hit, and a unit loses fire and
    defence in proportion to its hits. Include Hughes' factors for scouting and readiness in
    `missiles_each` and `interceptions_each`.

    References
    ----------
    Hughes (1995), A salvo model of warships in missile combat used to evaluate their staying
    power, Naval Research Logistics 42, 267-289.

    Examples
    --------
    >>> found = hughes_salvo((5, 4), (4, 4), (2, 2), (3, 3))
    >>> found.losses.values.tolist()
    [2.0, 4.0]
    """
    import xarray as xr

    force = _pair("forces", forces)
    missiles = _pair("missiles_each", missiles_each) * force
    stopped = _pair("interceptions_each", interceptions_each) * force
    power = _pair("staying_power", staying_power)
    if (power < 1.0 / _LARGEST).any():
        least = f"{1.0 / _LARGEST:g}"
        raise ValueError(f"staying_power: must be above 0, at least {least}; got {staying_power!r}")
    losses = np.clip((missiles[::-1] - stopped) / power, 0.0, force)
    return xr.Dataset(
        {
            "losses": quantity("side", losses, "units lost"),
            "survivors": quantity("side", force - losses, "units left"),
        },
        {"side": ["A", "B"]},
    )


def _pair(name: str, value: npt.ArrayLike) -> Numbers:
    found = as_numbers(value)
    if found is None or found.shape != (2,) or not ((found >= 0.0) & (found <= _LARGEST)).all():
        text = f"a pair of finite numbers from 0 to {_LARGEST:g}, for side A and side B"
        raise refusal(name, text, value)
    return found


def armstrong_salvo(
    attackers: int,
    missiles_each: int,
    hit_probability: float,
    defenders: int,
    interceptors_each: int,
    intercept_probability: float,
    damage_mean: float,
    damage_sd: float,
) -> "xr.Dataset":
    """Distribution of hits and losses of one side from one salvo of the other.

    This is one direction of an exchange; for the other one, call again with the sides exchanged.
    The losses of the two sides in simultaneous salvos are independent.

    Parameters
    ----------
    attackers, missiles_each : int
        Units that fire, and missiles of each; from 0, together at most 1,000,000 missiles.
    hit_probability : float
        Probability that a missile hits unless it is intercepted.
    defenders, interceptors_each : int
        Units under fire (from 1), and interceptors of each (from 0); together at most 1,000,000
        interceptors.
    intercept_probability : float
        Probability that an interceptor stops an accurate missile.
    damage_mean, damage_sd : float
        Mean and standard deviation of the damage per hit, in units put out of action, from 0 to
        1,000,000. A mean of 1/3 is a staying power of three hits.

    Returns
    -------
    xarray.Dataset
        `probability`: distribution of the hits along `hits` (0 to all missiles); `losses_mean`
        and `losses_sd` [units]; the probabilities `none_lost` and `all_lost`; and
        `losses_deterministic`: the losses by `hughes_salvo` for the mean values.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Accurate missiles are Bin(attackers missiles_each, hit_probability), interceptions are
    Bin(defenders interceptors_each, intercept_probability), independently. The hits are their
    difference, at least 0: no interceptor is spent on an inaccurate missile, or on a missile
    already engaged while another one is free. The distribution of the hits is computed by
    convolution (edges below 1e-40 are left out of more than 1,024 values); Armstrong uses a normal
    approximation.

    The damage of each hit is normal and independent, so k hits cause a normal damage with mean
    k damage_mean and variance k damage_sd^2. The total, not each term, is limited to 0 and
    `defenders`. With this assumption the four values of the losses are exact. For another
    distribution of damage they hold for many hits. With few hits and a `damage_sd` near the mean,
    the negative values of the normal distribution make `none_lost` too large. Randomness raises
    the mean of the hits above the deterministic value, as surplus interceptions have no effect;
    the limit on the losses lowers their mean.

    References
    ----------
    Armstrong (2005), A stochastic salvo model for naval surface combat, Operations Research 53,
    830-841.

    Examples
    --------
    >>> found = armstrong_salvo(3, 4, 0.7, 3, 3, 0.6, damage_mean=0.5, damage_sd=0.2)
    >>> round(float(found.losses_mean), 3), round(float(found.losses_deterministic), 3)
    (1.485, 1.5)
    """
    import xarray as xr

    fired = _salvo("attackers, missiles_each", attackers, missiles_each, least=0)
    answered = _salvo("defenders, interceptors_each", defenders, interceptors_each, least=1)
    hit = chance("hit_probability", hit_probability)
    intercepted = chance("intercept_probability", intercept_probability)
    each = positive("damage_mean", damage_mean, zero=True, most=_MOST)
    spread = positive("damage_sd", damage_sd, zero=True, most=_MOST)
    accurate = binomial(fired, hit, 1.0 - hit)
    probability = _hits_pmf(accurate, binomial(answered, intercepted, 1.0 - intercepted))
    hits = np.arange(fired + 1.0)
    mean, variance, none, every = _clipped(each * hits, spread * np.sqrt(hits), defenders)
    expected = probability @ mean
    # Variance within each number of hits plus variance between them.
    total = probability @ (variance + (mean - expected) ** 2)
    deterministic = np.clip((fired * hit - answered * intercepted) * each, 0.0, defenders)
    return xr.Dataset(
        {
            "probability": as_pmf(probability, "distribution of the hits", "hits"),
            "losses_mean": quantity((), expected, "mean of the units lost"),
            "losses_sd": quantity((), np.sqrt(total), "standard deviation of the units lost"),
            "none_lost": quantity((), probability @ none, "probability that no unit is lost"),
            "all_lost": quantity((), probability @ every, "probability that all units are lost"),
            "losses_deterministic": quantity((), deterministic, "units lost with mean values"),
        }
    )


def _salvo(names: str, units: object, each: object, least: int) -> int:
    """Number of missiles or interceptors of a side."""
    first, second = names.split(", ")
    number = whole(first, units, least=least) * whole(second, each)
    if number > _MOST:
        text = f"their product must be at most {_MOST:,}"
        raise ValueError(f"{names}: {text}; got {units!r}, {each!r}")
    return number


def _hits_pmf(accurate: Numbers, interceptions: Numbers) -> Numbers:
    """Distribution of the difference of two independent counts, at least 0."""
    most = len(interceptions) - 1
    difference = sum_pmf(accurate, interceptions[::-1])  # starts at -most
    found = difference[most:].copy()
    found[0] += difference[:most].sum()
    return found


def _clipped(mean: Numbers, sd: Numbers, cap: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Mean, variance, P(0) and P(cap) of normal variables clipped to 0 and `cap`.

    Moments are about the mean, or the cap if that is lower, to avoid cancellation when `sd` is
    small.
    """
    from scipy.special import ndtr

    with np.errstate(all="ignore"):  # sd = 0 is handled at the end
        low, high = (np.clip((edge - mean) / sd, -40.0, 40.0) for edge in (0.0, cap))
    none, everything, between = ndtr(low), ndtr(-high), ndtr(high) - ndtr(low)
    height_low, height_high = (np.exp(-(z**2) / 2.0) / np.sqrt(2.0 * np.pi) for z in (low, high))
    tilt = sd * (height_low - height_high)
    centre = np.minimum(mean, cap)
    over, under = mean - centre, cap - centre
    first = under * everything - centre * none + over * between + tilt
    second = under**2 * everything + centre**2 * none + over**2 * between + 2.0 * over * tilt
    second += sd**2 * (between + low * height_low - high * height_high)
    sure = sd == 0.0
    return (
        np.where(sure, centre, centre + first),
        np.where(sure, 0.0, np.maximum(second - first**2, 0.0)),
        np.where(sure, mean == 0.0, none),
        # As floats, 49 times 1/49 is slightly less than 1.
        np.where(sure, mean >= cap * (1.0 - 1e-12), everything),
    )
