"""How much of the engagements that a stream of threats asks for its channels cannot give.

All arrays are (bins of time, nights). Work is counted in engagements: a threat asks for as many
as it would get if nothing were in its way. Two answers are put together:

- a deterministic backlog, carried from bin to bin: what of the work still fits in the windows;
- the steady state of Poisson-like streams at the load that this backlog leaves.
"""

from typing import NamedTuple

import numpy as np

from leakthrough.exact._arguments import Numbers

MOST_LOOKS = 12
_MOST_CHANNELS = 1e6
_LEAST = 1e-300


class Stream(NamedTuple):
    """A class of threats of one urgency, and the channels that are left to it."""

    edges: Numbers  # (bins + 1,) [s]
    work: Numbers  # (bins, nights): engagements asked for
    channels: Numbers  # (bins, nights)
    cycle: Numbers  # (bins, nights): how long an engagement holds its channel [s]
    ahead: Numbers  # (bins, nights): backlog of more urgent classes, in engagements
    taken: Numbers  # (bins, nights): what those take of the channels in a bin, in engagements
    looks: Numbers  # (nights, looks): share of the work that is a threat's first, second, ... look
    slack: float  # how long a threat can wait for its first look [s]
    looks_fit: float  # looks that one channel has time for in one window
    squares: Numbers  # (nights,): squared coefficient of variation of all looks of one threat
    each: Numbers  # (nights,): looks of a threat that is looked at
    noise: Numbers  # (bins, nights): variance over mean of the number that comes in a window


class Served(NamedTuple):
    """What becomes of a stream."""

    lost: Numbers  # (bins, nights): share of the work that is not done
    backlog: Numbers  # (bins, nights): at the end of each bin, in engagements
    done: Numbers  # (bins, nights): engagements by which the backlog fell or was kept from rising


def serve(stream: Stream) -> Served:
    """Put backlog and steady state together."""
    lengths = np.diff(stream.edges)[:, np.newaxis]
    capacity = np.maximum(stream.channels * lengths / stream.cycle - stream.taken, 0.0)
    accepted, backlog = _backlog(stream, capacity)
    before = np.vstack([np.zeros_like(backlog[:1]), backlog[:-1]])
    lost = 1.0 - np.divide(
        accepted, stream.work, out=np.ones_like(accepted), where=stream.work > 0.0
    )
    lost = np.clip(lost, 0.0, 1.0)
    free = np.divide(
        capacity * stream.cycle, lengths, out=stream.channels.copy(), where=lengths > 0.0
    )
    load = np.minimum(_local_load(stream, free), 1.0) / np.maximum(1.0 - lost, 1e-9)
    done = accepted + before - backlog
    return Served(np.maximum(lost, _steady(stream, load, free)), backlog, done)


# ---------------------------------------------------------------- the backlog


def _backlog(stream: Stream, capacity: Numbers) -> tuple[Numbers, Numbers]:
    """Work accepted in each bin, and the backlog at its end.

    A threat whose first look has to wait loses the looks for which no time is left then. In a
    bin the backlog x is the solution of x = x_before - capacity + work R(x), not below 0, where
    R(x), falling in steps, is the share of its work that a threat gets that comes at x.
    """
    rising = np.cumsum(stream.work - capacity, axis=0)
    backlog = rising - np.minimum(np.minimum.accumulate(rising, axis=0), 0.0)
    if not ((backlog + stream.ahead > stream.channels) & (stream.work > 0.0)).any():
        return stream.work, backlog
    share, wait = _steps(stream)
    accepted = np.empty_like(backlog)
    x = np.zeros(backlog.shape[1])
    rate = stream.channels / stream.cycle
    limits = (stream.channels - stream.ahead)[..., np.newaxis] + rate[..., np.newaxis] * wait
    offered = stream.work[..., np.newaxis] * share
    for bin_ in range(len(backlog)):
        base = x - capacity[bin_]
        reached = np.minimum(limits[bin_], base[:, np.newaxis] + offered[bin_]).max(axis=1)
        x = np.maximum(np.maximum(reached, base), 0.0)
        accepted[bin_] = np.minimum(x - base, stream.work[bin_])
        backlog[bin_] = x
    return accepted, backlog


def _steps(stream: Stream) -> tuple[Numbers, Numbers]:
    """Cumulative shares of the work, and the waits up to which they are had (nights, looks)."""
    spacing = float(stream.cycle.mean())
    number = stream.looks.shape[1]
    wait = np.maximum(stream.slack - spacing * np.arange(number), 0.0)
    share = np.cumsum(stream.looks, axis=1)
    if number <= MOST_LOOKS:
        return share, wait
    # Late looks are rarely needed: they are taken as one, at the mean of their waits.
    late = stream.looks[:, MOST_LOOKS - 1 :]
    mean = float((late * wait[MOST_LOOKS - 1 :]).sum() / max(late.sum(), _LEAST))
    wait = np.append(wait[: MOST_LOOKS - 1], mean)
    return np.hstack([share[:, : MOST_LOOKS - 1], share[:, -1:]]), wait


def _local_load(stream: Stream, free: Numbers) -> Numbers:
    """Work that came in the last window, over what the channels can do in one."""
    window = max(stream.looks_fit, 1.0) * stream.cycle
    window = float(window.mean())
    so_far = np.vstack([np.zeros_like(stream.work[:1]), np.cumsum(stream.work, axis=0)])
    back = at(stream.edges, so_far, stream.edges[1:] - window)
    room = free * window / stream.cycle
    return np.divide(so_far[1:] - back, room, out=np.full_like(room, np.inf), where=room > 0.0)


def at(edges: Numbers, values: Numbers, times: Numbers) -> Numbers:
    """Linear interpolation along the first axis, constant beyond the ends."""
    place = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(edges) - 2)
    part = np.clip((times - edges[place]) / (edges[place + 1] - edges[place]), 0.0, 1.0)
    found: Numbers = values[place] + part[:, np.newaxis] * (values[place + 1] - values[place])
    return found


# ---------------------------------------------------------------- the steady state


def _steady(stream: Stream, load: Numbers, free: Numbers) -> Numbers:
    """Share of the work lost in a steady stream of that load (work over capacity).

    Barrer's formula for Poisson streams, exponential engagements and a constant patience, moved
    to other variances: time is stretched so that the exponent is that of the diffusion with the
    right variance (deterministic engagements wait half as long), and streams that are not as
    noisy as Poisson's get Hayward's equivalent, load and channels over the peakedness.
    """
    waits = np.maximum(stream.slack - stream.cycle.mean() * np.arange(stream.looks.shape[1]), 0.0)
    patience = (stream.looks * waits).sum(axis=1)
    session = stream.cycle * stream.each
    channels = np.minimum(free / stream.noise, _MOST_CHANNELS)
    stretched = 2.0 * stream.noise / (stream.noise + stream.squares) * patience
    return barrer(load, channels, stretched / session)


def barrer(load: Numbers, channels: Numbers, patience: Numbers) -> Numbers:
    """Barrer's share of impatient customers lost; load per channel, patience in engagements.

    With B Erlang's loss, d = (load - 1) channels patience and D = channels patience, the share is
    e^d / (1 / B - 1 + D (e^d - 1) / d + e^d); channels may be fractional.
    """
    load = np.minimum(load, 1e6)
    wait = channels * patience
    exponent = (load - 1.0) * wait
    scale = np.maximum(exponent, 0.0)
    small = np.abs(exponent) < 1e-8
    safe = np.where(small, 1.0, exponent)
    grown = np.where(small, np.exp(-scale), (np.exp(exponent - scale) - np.exp(-scale)) / safe)
    top = np.exp(exponent - scale)
    odds = inverse_erlang(load * channels, channels) - 1.0
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        log_odds = np.where(odds > 0.0, np.log(np.maximum(odds, _LEAST)) - scale, -np.inf)
        below = np.exp(np.minimum(log_odds, 700.0)) + wait * grown + top
    return np.where(load > 0.0, top / below, 0.0)


def inverse_erlang(load: Numbers, channels: Numbers) -> Numbers:
    """One over Erlang's loss, for a number of channels that may be fractional.

    The loss is a^c e^-a / Gamma(c + 1, a) with the upper incomplete gamma function.
    """
    from scipy.special import gammaincc, gammaln, xlogy

    upper = gammaincc(channels + 1.0, load)
    log_top = xlogy(channels, load) - load - gammaln(channels + 1.0)
    with np.errstate(over="ignore", divide="ignore"):
        found = np.exp(np.minimum(np.log(upper) - log_top, 700.0))
    # Far over capacity both vanish; the loss is 1 - c / a + c / a^2 there.
    over = np.maximum(load, 1.0)
    far = 1.0 / np.maximum(1.0 - channels / over + channels / over**2, 1e-12)
    return np.where(upper > 1e-200, np.maximum(found, 1.0), far)
