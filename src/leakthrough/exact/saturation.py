"""Channels that are all taken: loss systems, patience, and a raid that comes at once."""

import math
from typing import Any

import numpy as np

from leakthrough.exact.arguments import LONGEST, positive, whole
from leakthrough.model.discrete import ticks
from leakthrough.model.distributions import is_frozen

_MOST_CHANNELS = 10_000_000
_FASTEST = 1e9
_NODES = 24
_DOUBLINGS = 60
_TAILS = np.append(np.arange(1, 33) / 64, 2.0 ** -np.arange(7, 41))


def erlang_b(load: float, channels: int) -> float:
    """Probability that a threat finds all channels taken, and leaks at once.

    Poisson arrivals that do not wait, engagements of any law with this mean: `load` is the
    arrival rate times the mean time of an engagement.

    Parameters
    ----------
    load : float
        From 0 [erlang].
    channels : int
        From 0 to 10,000,000.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    References
    ----------
    Erlang (1917); the recursion B(k) = a B(k-1) / (k + a B(k-1)) as in Jagerman (1974), Some
    properties of the Erlang loss function, Bell System Technical Journal 53, 525-551.

    Examples
    --------
    >>> round(erlang_b(25.0, 30), 6)
    0.052603
    """
    offered = positive("load", load, zero=True)
    blocked = 1.0
    for k in range(1, whole("channels", channels, most=_MOST_CHANNELS) + 1):
        blocked = offered * blocked / (k + offered * blocked)
        if blocked == 0.0:
            break
    return blocked


def abandonment(arrival_rate: float, service_rate: float, channels: int, patience: Any) -> float:
    """Probability that a threat leaks because no channel comes free while it can wait.

    Poisson arrivals, exponential engagements, first come first served; a threat waits for the
    *start* of its engagement for its patience at most.

    Parameters
    ----------
    arrival_rate, service_rate : float
        Threats a second, and engagements a second of one channel [1/s], from 1e-9 to 1e9.
    channels : int
        From 1 to 10,000,000.
    patience : float or frozen scipy.stats distribution
        How long a threat can wait [s]: from 0 to 1e9, or a continuous law on times from 0.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    With H(x) the integral of P(patience > u) from 0 to x, J that of exp(rate H(x) - channels
    service x) from 0 on, and E the inverse of Erlang's loss with one channel less, P = (1 + (rate
    - channels service) J) / (E + rate J). For a constant patience J has a closed form (Barrer).

    References
    ----------
    Barrer (1957), Queuing with impatient customers and ordered service, Operations Research 5,
    650-656. Baccelli and Hebuterne (1981), On queues with impatient customers. Zeltyn and
    Mandelbaum (2005), Call centers with impatient customers, Queueing Systems 51, 361-402.

    Examples
    --------
    >>> round(abandonment(10.0, 1.0, 10, 0.5), 6)
    0.103517
    """
    rate, service = _rate("arrival_rate", arrival_rate), _rate("service_rate", service_rate)
    number = whole("channels", channels, least=1, most=_MOST_CHANNELS)
    # The inverse of Erlang's loss is the sum of a^j / j! over j < c, over its last summand.
    taken = erlang_b(rate / service, number - 1)
    if is_frozen(patience):
        scale, lost, all_of_it = _integral(rate, number * service, patience)
    else:
        longest = positive("patience", patience, zero=True, most=LONGEST)
        scale, lost, all_of_it = _constant(rate, number * service, longest)
    return taken * lost / (math.exp(-scale) + taken * rate * all_of_it)


def _rate(name: str, value: object) -> float:
    found = positive(name, value, most=_FASTEST)
    if found < 1.0 / _FASTEST:
        raise ValueError(f"{name}: must be at least {1.0 / _FASTEST:g}; got {value!r}")
    return found


def _constant(rate: float, capacity: float, longest: float) -> tuple[float, float, float]:
    """Logarithm of a scale, and over it 1 + (rate - capacity) J and J, for a constant patience."""
    drift = rate - capacity
    exponent = drift * longest
    scale = max(exponent, 0.0)
    if abs(exponent) < 1e-8:
        waited = longest * (1.0 + exponent / 2.0)
    elif exponent > 0:
        waited = -math.expm1(-exponent) / drift
    else:
        waited = math.expm1(exponent) / drift
    last = math.exp(exponent - scale) / capacity
    return scale, rate * last, waited + last


def _integral(rate: float, capacity: float, law: Any) -> tuple[float, float, float]:
    """Logarithm of a scale, and over it 1 + (rate - capacity) J and J, for a patience of any law.

    The former is the rate times the integral of P(patience < x) over the same weight, in which
    nothing cancels. Gauss's rule on stretches that double in length away from the peak of the
    integrand, cut at quantiles, or a narrow law would fall unseen between two nodes; within each
    node's stretch the same rule gives H.
    """
    from scipy.stats import rv_continuous

    if not isinstance(law.dist, rv_continuous):
        raise ValueError(f"patience: must be a number or a continuous law; got {law.dist.name}")
    low, high = map(float, law.support())
    if low < 0.0:
        raise ValueError(f"patience: must be a law on times from 0; got {law.dist.name}")
    # The exponent rises while P(patience > x) exceeds capacity / rate.
    peak = float(law.isf(capacity / rate)) if rate > capacity else 0.0
    steps = 2.0 ** np.arange(_DOUBLINGS) / (64.0 * max(rate, capacity))
    quantiles = [law.ppf(_TAILS), law.isf(_TAILS)]
    edges = np.concatenate([[0.0, low, high, peak], *quantiles, peak - steps, peak + steps])
    edges = np.unique(edges[(edges >= 0.0) & (edges <= peak + steps[-1])])
    starts, lengths = edges[:-1, np.newaxis], np.diff(edges)[:, np.newaxis]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = (nodes + 1.0) / 2.0, weights / 2.0
    at = starts + lengths * nodes
    whole_stretches = lengths[:, 0] * (law.sf(at) @ weights)
    before = np.concatenate([[0.0], np.cumsum(whole_stretches)[:-1]])[:, np.newaxis]
    inner = starts[..., np.newaxis] + (lengths * nodes)[..., np.newaxis] * nodes
    held = before + lengths * nodes * (law.sf(inner) @ weights)
    exponent = rate * held - capacity * at
    scale = float(exponent.max())
    weight = lengths * weights * np.exp(exponent - scale)
    return scale, rate * float((weight * law.cdf(at)).sum()), float(weight.sum())


def simultaneous_raid(threats: int, channels: int, rounds: int, cycle: float, window: float) -> int:
    """How many threats of a raid that comes at once can be engaged.

    Each engagement holds its channel for `cycle`, and may begin up to `window` after the first:
    min(threats, channels (floor(window / cycle) + 1), rounds), with both times in whole
    microseconds, as the simulation has them.

    Parameters
    ----------
    threats, channels, rounds : int
        From 0.
    cycle : float
        Time of an engagement [s], from a microsecond to 1e9.
    window : float
        From the first to the last start of an engagement [s], from 0 to 1e9.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Examples
    --------
    >>> simultaneous_raid(50, 4, 100, 20.0, 60.0)
    16
    """
    number, stock = whole("threats", threats), whole("rounds", rounds)
    servers = whole("channels", channels)
    spell, last = cycle_and_window(cycle, window)
    starts = ticks(last) // ticks(spell) + 1  # 0.3 s over 0.1 s is 3, in floating point below it
    return min(number, servers * starts, stock)


def cycle_and_window(cycle: object, window: object) -> tuple[float, float]:
    """Times of a simultaneous raid that are in range, or a clear error."""
    spell = positive("cycle", cycle, most=LONGEST)
    if ticks(spell) == 0:
        raise ValueError(f"cycle: must be at least one microsecond; got {cycle!r}")
    return spell, positive("window", window, zero=True, most=LONGEST)
