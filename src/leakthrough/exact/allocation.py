"""Rounds dealt out before anybody knows which threats are dead: evenly, or at random."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.exact.arguments import binomial, chance, law, law_of_sum, support, whole

if TYPE_CHECKING:
    import xarray as xr


_BETWEEN_CUTS = 64
"""Rounds after which the edges of the law are cut off: finding them costs as much as a round."""


def uniform_allocation(threats: int, rounds: int, kill_probability: float) -> "xr.DataArray":
    """Law of the leakers when rounds are dealt out evenly over the threats.

    With rounds = k threats + r, each of r threats gets k + 1 rounds and each of the others k, all
    of them fired whatever the earlier ones did. This is the best that can be done without
    looking: no allocation of as many rounds leaves fewer leakers in the mean.

    Parameters
    ----------
    threats, rounds : int
        From 0 to 1,000,000.
    kill_probability : float
        Of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`: the sum of two binomial laws, with
        mean (threats - r) q^k + r q^(k + 1), q = 1 - kill_probability. Edges of either law below
        1e-40 are left out.

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
    few = binomial(number - over, (1.0 - kill) ** each)
    many = binomial(over, (1.0 - kill) ** (each + 1))
    return law(law_of_sum(few, many), "law of the leakers", leakers=np.arange(number + 1))


def random_allocation(threats: int, rounds: int, kill_probability: float) -> "xr.DataArray":
    """Law of the leakers when each round goes to a threat drawn at random.

    Each round is fired at one of all `threats`, drawn uniformly and apart from all others,
    *whether or not that threat is dead already*: shooters who neither agree nor look. So
    rounds are wasted on the dead while other threats get none; the simulator's defence, which is
    coordinated, never does that.

    Parameters
    ----------
    threats, rounds : int
        From 0 to 1,000,000.
    kill_probability : float
        Of one round.

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
    uniform_allocation : the same rounds, dealt out evenly.

    Notes
    -----
    The number of the living is a Markov chain: with m of N alive, a round kills one with
    probability p m / N. The law is carried from round to round; its edges below 1e-40 are left
    out.

    Examples
    --------
    >>> pmf = random_allocation(50, 75, 0.7)
    >>> round(float((pmf * pmf.leakers).sum()), 4)
    17.3676
    """
    number, stock, kill = _checked(threats, rounds, kill_probability)
    alive, first = np.ones(1), number  # law of the living, from `first` on
    for begin in range(0, stock if number else 0, _BETWEEN_CUTS):
        shots = min(_BETWEEN_CUTS, stock - begin)
        below = min(shots, first)
        first -= below
        alive = np.concatenate([np.zeros(below), alive])
        killed = kill * np.arange(first, first + len(alive)) / number
        for _ in range(shots):
            hit = alive * killed
            alive -= hit
            alive[:-1] += hit[1:]
        kept = support(alive)
        alive, first = alive[kept], first + kept.start
    found = np.zeros(number + 1)
    found[first : first + len(alive)] = alive
    return law(found, "law of the leakers", leakers=np.arange(number + 1))


def _checked(threats: object, rounds: object, kill_probability: object) -> tuple[int, int, float]:
    return (
        whole("threats", threats, most=1_000_000),
        whole("rounds", rounds, most=1_000_000),
        chance("kill_probability", kill_probability),
    )
