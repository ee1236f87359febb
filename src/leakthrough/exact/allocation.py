"""Allocation of rounds without assessment: uniform or random."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.exact.arguments import as_pmf, binomial, chance, leak_and_stop, sum_pmf, support
from leakthrough.model.arguments import whole

if TYPE_CHECKING:
    import xarray as xr

_BETWEEN_CUTS = 64
"""Rounds between trims of the edges of the distribution; a trim costs as much as a round."""


def uniform_allocation(threats: int, rounds: int, kill_probability: float) -> "xr.DataArray":
    """Distribution of the leakers when rounds are allocated evenly to the threats.

    With rounds = k threats + r, each of r threats gets k + 1 rounds and each of the others k, all
    fired without assessment. No other allocation of as many rounds without assessment has a
    smaller mean number of leakers.

    Parameters
    ----------
    threats, rounds : int
        From 0 to 1,000,000.
    kill_probability : float
        Kill probability of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`: the sum of two binomials, with mean
        (threats - r) q^k + r q^(k + 1), q = 1 - kill_probability. If either one has more than
        1,024 values, its edges below 1e-40 are left out.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    random_allocation : the same rounds without coordination.
    leakers : the same number of rounds for each threat.

    Examples
    --------
    >>> pmf = uniform_allocation(50, 75, 0.7)
    >>> round(float((pmf * pmf.leakers).sum()), 6)
    9.75
    """
    number, stock, kill = _checked(threats, rounds, kill_probability)
    each, over = divmod(stock, max(number, 1))
    few = binomial(number - over, *leak_and_stop(kill, each))
    many = binomial(over, *leak_and_stop(kill, each + 1))
    return as_pmf(sum_pmf(few, many), "distribution of the leakers", "leakers")


def random_allocation(threats: int, rounds: int, kill_probability: float) -> "xr.DataArray":
    """Distribution of the leakers when each round is fired at a random threat.

    The target of each round is drawn uniformly and independently from all `threats`, *killed ones
    included*: shooters without coordination and assessment. So some rounds are wasted on killed
    threats while others get none. The simulator's defence is coordinated and never does that.

    Parameters
    ----------
    threats, rounds : int
        From 0 to 1,000,000.
    kill_probability : float
        Kill probability of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`; their mean is
        threats (1 - kill_probability / threats)^rounds.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    See Also
    --------
    uniform_allocation : the same rounds, allocated evenly.

    Notes
    -----
    The number of surviving threats is a Markov chain: with m of N alive, a round kills one with
    probability p m / N. The distribution is updated round by round; of more than 1,024 values,
    edges below 1e-40 are left out.

    Examples
    --------
    >>> pmf = random_allocation(50, 75, 0.7)
    >>> round(float((pmf * pmf.leakers).sum()), 4)
    17.3676
    """
    number, stock, kill = _checked(threats, rounds, kill_probability)
    alive, first = np.ones(1), number  # distribution of survivors, starting at `first`
    for begin in range(0, stock if number else 0, _BETWEEN_CUTS):
        shots = min(_BETWEEN_CUTS, stock - begin)
        below = min(shots, first)
        first -= below
        alive = np.concatenate([np.zeros(below), alive])
        survivors = np.arange(first, first + len(alive))
        killed = kill * survivors / number
        often = int(np.searchsorted(killed, 0.5))
        spared = (1.0 - kill) + kill * (number - survivors[often:]) / number
        for _ in range(shots):
            hit = alive * killed
            # Each difference, or product, is the one that loses no digits.
            alive[:often] -= hit[:often]
            alive[often:] *= spared
            alive[:-1] += hit[1:]
        kept = support(alive)
        alive, first = alive[kept], first + kept.start
        alive /= alive.sum()
    found = np.zeros(number + 1)
    found[first : first + len(alive)] = alive
    return as_pmf(found, "distribution of the leakers", "leakers")


def _checked(threats: object, rounds: object, kill_probability: object) -> tuple[int, int, float]:
    return (
        whole("threats", threats, most=1_000_000),
        whole("rounds", rounds, most=1_000_000),
        chance("kill_probability", kill_probability),
    )
