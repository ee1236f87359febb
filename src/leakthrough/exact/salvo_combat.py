"""Missile salvos between forces: the deterministic equations, and one salvo as a random event."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import Numbers, binomial, chance, law, law_of_sum, positive, whole

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
    """Losses of two forces that fire one salvo at each other at the same moment.

    Each argument is a pair, for side A and side B; none need be a whole number. For the next
    exchange call again with the `survivors` of this one as `forces`.

    Parameters
    ----------
    forces : pair of float
        Units (ships, batteries) of each side, from 0 to 1e9.
    missiles_each : pair of float
        Missiles that one unit fires and that hit unless intercepted: missiles fired times the
        probability of a hit. From 0 to 1e9.
    interceptions_each : pair of float
        Such missiles that one unit intercepts, from 0 to 1e9.
    staying_power : pair of float
        Hits that put one unit out of action, from 1e-9 to 1e9.

    Returns
    -------
    xarray.Dataset
        `losses` and `survivors` in units, along `side` ("A", "B").

    Raises
    ------
    ValueError
        If an argument is out of its range, or no pair.

    Notes
    -----
    With A and B the forces, alpha the missiles of an A, b3 the interceptions and b1 the staying
    power of a B, side B loses (alpha A - b3 B) / b1, but not less than 0 nor more than B; and the
    same with the sides exchanged. It is assumed that all is as its mean: missiles are spread
    evenly over the enemy's units, none leaks through a defence that has interceptions left, all
    others hit, and a unit loses its fire and its defence in proportion to its hits. Scouting and
    readiness, which Hughes adds as further factors, go into `missiles_each` and
    `interceptions_each`.

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
            "losses": ("side", losses, {"units": "1", "long_name": "units lost"}),
            "survivors": ("side", force - losses, {"units": "1", "long_name": "units left"}),
        },
        {"side": ["A", "B"]},
    )


def _pair(name: str, value: npt.ArrayLike) -> Numbers:
    try:
        found = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError):
        found = np.asarray(np.nan)
    if found.shape != (2,) or not ((found >= 0.0) & (found <= _LARGEST)).all():
        text = f"must be a pair of finite numbers from 0 to {_LARGEST:g}, for side A and side B"
        raise ValueError(f"{name}: {text}; got {value!r}")
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
    """Hits and losses of one side to one salvo of the other, as random numbers.

    One direction of an exchange: for the other one call again with the sides exchanged. What the
    two sides lose to simultaneous salvos is independent.

    Parameters
    ----------
    attackers, missiles_each : int
        Units that fire, and missiles that each fires; from 0, together at most 1,000,000 missiles.
    hit_probability : float
        That a missile hits unless it is intercepted.
    defenders, interceptors_each : int
        Units that are fired at (from 1), and interceptors that each fires (from 0); together at
        most 1,000,000 interceptors.
    intercept_probability : float
        That an interceptor stops a missile that would have hit.
    damage_mean, damage_sd : float
        Mean and standard deviation of the damage that a hit does, in units put out of action:
        from 0 to 1,000,000. A mean of 1/3 is a staying power of three hits.

    Returns
    -------
    xarray.Dataset
        `probability`, the law of the hits along `hits` (0 to all missiles); of the losses in
        units `losses_mean` and `losses_sd`, and the probabilities `none_lost` and `all_lost`;
        and `losses_deterministic`, what `hughes_salvo` gives for the means.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Missiles that would hit are Bin(attackers missiles_each, hit_probability), interceptions
    Bin(defenders interceptors_each, intercept_probability), both independent; the hits are their
    difference, or 0. So no interceptor is spent on a missile that would have missed, and no two
    on the same one while another comes. The law of the hits is computed by convolution (edges of
    either law below 1e-40 are left out), where Armstrong takes a normal law for the difference.

    The damage of each hit is normal and independent, so that k hits do a normal damage of mean k
    damage_mean and variance k damage_sd^2; the total, not each summand, is held within 0 and
    `defenders`. Given that, the four figures of the losses are exact. With a damage of another
    law they hold for many hits; with a `damage_sd` near the mean and few hits, the negative damage
    that a normal law admits makes `none_lost` too large. Chance pushes the mean of the hits above
    the deterministic figure, since what a strong defence has to spare is lost, and the cap on
    losses pulls the mean of the losses down.

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
    each, spread = _damage("damage_mean", damage_mean), _damage("damage_sd", damage_sd)
    probability = _law_of_hits(binomial(fired, hit), binomial(answered, intercepted))
    hits = np.arange(fired + 1.0)
    mean, variance, none, everything = _capped(each * hits, spread * np.sqrt(hits), defenders)
    expected = probability @ mean
    # The variance within each number of hits, and that between them.
    total = probability @ (variance + (mean - expected) ** 2)
    certain = np.clip((fired * hit - answered * intercepted) * each, 0.0, defenders)
    figures = {
        "losses_mean": (expected, "mean of the units lost"),
        "losses_sd": (np.sqrt(total), "standard deviation of the units lost"),
        "none_lost": (probability @ none, "probability that nothing is lost"),
        "all_lost": (probability @ everything, "probability that all units are lost"),
        "losses_deterministic": (certain, "units lost if all is as its mean"),
    }
    found = xr.Dataset({"probability": law(probability, "law of the hits", hits=hits)})
    for name, (value, text) in figures.items():
        found[name] = (), float(value), {"units": "1", "long_name": text}
    return found


def _salvo(names: str, units: object, each: object, least: int) -> int:
    """How many missiles or interceptors a side fires."""
    first, second = names.split(", ")
    number = whole(first, units, least=least) * whole(second, each)
    if number > _MOST:
        text = f"their product must be at most {_MOST:,}"
        raise ValueError(f"{names}: {text}; got {units!r}, {each!r}")
    return number


def _damage(name: str, value: object) -> float:
    found = positive(name, value, zero=True)
    if found > _MOST:
        raise ValueError(f"{name}: must be at most {_MOST:,}; got {value!r}")
    return found


def _law_of_hits(accurate: Numbers, interceptions: Numbers) -> Numbers:
    """Law of the difference of two independent numbers, or 0 where that is negative."""
    most = len(interceptions) - 1
    difference = law_of_sum(accurate, interceptions[::-1])  # from -most on
    found = difference[most:].copy()
    found[0] += difference[:most].sum()
    return found


def _capped(mean: Numbers, sd: Numbers, cap: int) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Mean, variance, P(0) and P(cap) of normal numbers that are held within 0 and a cap.

    Moments are taken about the mean, or about the cap if that is lower, so that nothing cancels
    where the spread is small.
    """
    from scipy.special import ndtr

    with np.errstate(all="ignore"):  # numbers without spread are put right at the end
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
        # 49 hits of 1/49 are one unit, and in floating point a little less.
        np.where(sure, mean >= cap * (1.0 - 1e-12), everything),
    )
