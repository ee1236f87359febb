"""Luck that a threat keeps, and hits that a battery withstands."""

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import chance, probability
from leakthrough.model.arguments import whole
from leakthrough.statistics.arguments import Numbers, as_numbers, refusal

_MOST = 1_000_000_000


def common_luck(kill_probabilities: npt.ArrayLike, common: npt.ArrayLike) -> Numbers:
    """Probability that all rounds at a threat miss it, if it keeps its luck with a probability.

    With probability `common` one uniform number decides all rounds, so that the best of them
    decides; otherwise they are independent. The same for detection by several layers: then it is
    the probability that none detects the threat.

    Parameters
    ----------
    kill_probabilities : array of float
        Of each round, along the last axis.
    common : float or array of float
        Probability that luck is kept; it broadcasts with the other axes.

    Returns
    -------
    array
        With n rounds of kill probability p: c (1 - p) + (1 - c) (1 - p)^n.

    Raises
    ------
    ValueError
        If a probability is not from 0 to 1, or `kill_probabilities` is one number.

    Notes
    -----
    A mixture of full dependence and independence. For equal p, `common` is the correlation of each
    pair of rounds, and the number of hits has a correlated binomial distribution, which Pires and
    Diniz trace to Luceño (1995).

    References
    ----------
    Pires and Diniz (2012), Correlated binomial regression models, Computational Statistics and Data
    Analysis 56, 2513-2525.

    Examples
    --------
    Two rounds of 0.8, with more and more luck in common; three layers that detect with 0.8.

    >>> common_luck([0.8, 0.8], [0.0, 0.1, 0.3, 0.5]).round(3).tolist()
    [0.04, 0.056, 0.088, 0.12]
    >>> common_luck([0.8, 0.8, 0.8], [0.0, 1.0]).round(3).tolist()
    [0.008, 0.2]
    """
    kills, kept = (
        probability("kill_probabilities", kill_probabilities),
        probability("common", common),
    )
    if not kills.ndim:
        raise refusal("kill_probabilities", "one number for each round", kill_probabilities)
    missed = 1.0 - kills
    apart, alike = missed.prod(axis=-1), missed.min(axis=-1, initial=1.0)
    return np.asarray(kept * alike + (1.0 - kept) * apart, np.float64)


def destroyed_by(hits: npt.ArrayLike, lethality: float, staying_power: int = 1) -> Numbers:
    """Probability that a battery is destroyed by a number of hits.

    Each hit is effective with probability `lethality`; `staying_power` effective hits destroy it.

    Parameters
    ----------
    hits : int or array of int
        Threats that hit it, from 0 to 1,000,000,000.
    lethality : float
        Probability that a hit is effective.
    staying_power : int, default 1
        Effective hits that it does not survive, from 1 to 1,000,000,000.

    Returns
    -------
    array
        The distribution function of the number of the hit that destroys it, at `hits`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    The hit that destroys it has the number s + a negative binomial variable with parameters s and
    `lethality`. Its distribution function is the regularised incomplete beta function
    I_l(s, n - s + 1), the probability of s or more effective hits of n.

    References
    ----------
    NIST Digital Library of Mathematical Functions, 8.17.5. Staying power as in Hughes (1995), A
    salvo model of warships in missile combat used to evaluate their staying power, Naval Research
    Logistics 42, 267-289.

    Examples
    --------
    >>> destroyed_by([1, 2, 3, 6], 0.5, staying_power=2).tolist()
    [0.0, 0.25, 0.5, 0.890625]
    """
    from scipy.special import betainc

    found = as_numbers(hits)
    if found is None or not ((found >= 0) & (found <= _MOST) & (found == np.rint(found))).all():
        raise refusal("hits", f"whole numbers from 0 to {_MOST}", hits)
    effective = chance("lethality", lethality)
    needed = whole("staying_power", staying_power, least=1, most=_MOST)
    rest = np.maximum(found - needed + 1.0, 1.0)
    return np.asarray(np.where(found < needed, 0.0, betainc(needed, rest, effective)), np.float64)
