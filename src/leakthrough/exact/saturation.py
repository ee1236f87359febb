"""Saturated channels: loss systems, limited waiting times, and a simultaneous raid."""

import math
from typing import Any

import numpy as np

from leakthrough.exact.arguments import LONGEST, positive
from leakthrough.model.arguments import whole
from leakthrough.model.discrete import ticks
from leakthrough.model.distributions import as_distribution, is_frozen
from leakthrough.model.scipy_names import plain_twin

_MOST_CHANNELS = 10_000_000
_FASTEST = 1e9
_NODES = 24
_DOUBLINGS = 60
_TAILS = np.append(np.arange(1, 33) / 64, 2.0 ** -np.arange(7, 41))


def erlang_b(load: float, channels: int) -> float:
    """Probability that an arriving threat finds all channels busy, and leaks (Erlang's loss).

    Poisson arrivals without waiting; the time of an engagement has any distribution. `load` is the
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

    Notes
    -----
    `channels` may be those of one battery or of a pool that several batteries share, or the tracks
    of a layer; then `load` uses the mean time for which a threat holds one of them. A battery with
    one channel that it holds to the launch, a fixed reaction time and a launch interval is one
    channel, held for the longer of the two times.

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
    """Probability that a threat leaks because no channel becomes free within its patience.

    Poisson arrivals, exponential times of engagements, first come first served. The patience is
    the longest time that a threat waits for the *start* of its engagement.

    Parameters
    ----------
    arrival_rate, service_rate : float
        Threats per second, and engagements per second of one channel [1/s], from 1e-9 to 1e9.
    channels : int
        From 1 to 10,000,000.
    patience : float or frozen scipy.stats distribution
        Longest wait [s]: from 0 to 1e9, or a continuous distribution on times from 0.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Let H(x) be the integral of P(patience > u) from 0 to x, J the integral of exp(rate H(x) -
    channels service x) from 0 to infinity, and E the inverse of Erlang's loss with one channel
    less. Then P = (1 + (rate - channels service) J) / (E + rate J). For a constant patience J has
    a closed form (Barrer).

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
    rate, service = rate_of("arrival_rate", arrival_rate), rate_of("service_rate", service_rate)
    number = whole("channels", channels, least=1, most=_MOST_CHANNELS)
    # 1 / `blocked` is the sum of a^j / j! over j < c, divided by its last term.
    blocked = erlang_b(rate / service, number - 1)
    if plain_twin(patience) is not None:
        patience = as_distribution(patience).frozen()
    if is_frozen(patience):
        scale, lost, integral = _integral(rate, number * service, patience)
    else:
        longest = positive("patience", patience, zero=True, most=LONGEST)
        scale, lost, integral = _constant(rate, number * service, longest)
    return blocked * lost / (math.exp(-scale) + blocked * rate * integral)


def rate_of(name: str, value: object) -> float:
    """Return a rate from 1e-9 to 1e9 per second, or raise ValueError."""
    found = positive(name, value, most=_FASTEST)
    if found < 1.0 / _FASTEST:
        raise ValueError(f"{name}: must be at least {1.0 / _FASTEST:g}; got {value!r}")
    return found


def _constant(rate: float, capacity: float, longest: float) -> tuple[float, float, float]:
    """Log of a scale; 1 + (rate - capacity) J and J, divided by it; for constant patience."""
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


def _integral(rate: float, capacity: float, patience: Any) -> tuple[float, float, float]:
    """As `_constant`, for a distributed patience.

    1 + (rate - capacity) J is computed as rate times the integral of P(patience < x) with the same
    weight, without cancellation. Gauss-Legendre quadrature on intervals that double in length away
    from the peak of the integrand. They are split at quantiles, since the nodes would otherwise
    miss a narrow distribution. The same rule, up to each node, gives H.
    """
    from scipy.stats import rv_continuous

    name = patience.dist.name
    if not isinstance(patience.dist, rv_continuous):
        raise ValueError(f"patience: must be a number or a continuous distribution; got {name}")
    low, high = map(float, patience.support())
    if low < 0.0:
        raise ValueError(f"patience: must be a distribution on times from 0; got {name}")
    # The exponent rises while P(patience > x) exceeds capacity / rate.
    peak = float(patience.isf(capacity / rate)) if rate > capacity else 0.0
    steps = 2.0 ** np.arange(_DOUBLINGS) / (64.0 * max(rate, capacity))
    quantiles = [patience.ppf(_TAILS), patience.isf(_TAILS)]
    edges = np.concatenate([[0.0, low, high, peak], *quantiles, peak - steps, peak + steps])
    edges = np.unique(edges[(edges >= 0.0) & (edges <= peak + steps[-1])])
    starts, lengths = edges[:-1, np.newaxis], np.diff(edges)[:, np.newaxis]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    nodes, weights = (nodes + 1.0) / 2.0, weights / 2.0
    at = starts + lengths * nodes
    integrals = lengths[:, 0] * (patience.sf(at) @ weights)
    before = np.concatenate([[0.0], np.cumsum(integrals)[:-1]])[:, np.newaxis]
    inner = starts[..., np.newaxis] + (lengths * nodes)[..., np.newaxis] * nodes
    held = before + lengths * nodes * (patience.sf(inner) @ weights)
    exponent = rate * held - capacity * at
    scale = float(exponent.max())
    weight = lengths * weights * np.exp(exponent - scale)
    return scale, rate * float((weight * patience.cdf(at)).sum()), float(weight.sum())


def simultaneous_raid(threats: int, channels: int, rounds: int, cycle: float, window: float) -> int:
    """Number of threats of a simultaneous raid that can be engaged.

    Each engagement holds its channel for `cycle` and starts at most `window` after the first one:
    min(threats, channels (floor(window / cycle) + 1), rounds). Both times are rounded to whole
    microseconds, as in the simulation.

    Parameters
    ----------
    threats, channels, rounds : int
        From 0.
    cycle : float
        Time of an engagement [s], from a microsecond to 1e9.
    window : float
        Time from the first to the last start of an engagement [s], from 0 to 1e9.

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
    period, last = cycle_and_window(cycle, window)
    starts = ticks(last) // ticks(period) + 1  # as floats, 0.3 s / 0.1 s is below 3
    return min(number, servers * starts, stock)


def cycle_and_window(cycle: object, window: object) -> tuple[float, float]:
    """Return the two times of a simultaneous raid, or raise ValueError."""
    period = positive("cycle", cycle, most=LONGEST)
    if ticks(period) == 0:
        raise ValueError(f"cycle: must be at least one microsecond; got {cycle!r}")
    return period, positive("window", window, zero=True, most=LONGEST)
