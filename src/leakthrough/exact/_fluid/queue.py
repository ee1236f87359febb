"""How much of the work that a stream of threats asks for its channels cannot do.

All arrays are (bins of time, nights) unless told otherwise. Work is counted in engagements: a
threat asks for as many looks as it would get if nothing were in its way. Two answers are put
together:

- a deterministic backlog, carried from bin to bin: what of the work still fits in the windows;
- the steady state of a noisy stream at the load that this backlog leaves.
"""

import math
from typing import NamedTuple

import numpy as np

from leakthrough.exact._arguments import Numbers

INSTANT = 1e-3
"""How long a burst takes [s]; it is cut into shorter bins, to be served one after another."""
_MOST_CHANNELS = 1e6
_LEAST = 1e-300


class Stream(NamedTuple):
    """Threats of one urgency, and the channels that are left to them."""

    edges: Numbers  # (bins + 1,) [s]
    work: Numbers  # engagements asked for
    channels: Numbers
    cycle: Numbers  # how long an engagement holds its channel [s]
    ahead: Numbers  # backlog of more urgent threats, in engagements
    taken: Numbers  # what those take of the channels in a bin, in engagements
    share: Numbers  # (nights, looks): of the work that is a threat's first, second, ... look
    wait: Numbers  # (looks,): how long the first look can wait before that one is lost [s]
    later: Numbers  # (bins,): how much longer than that those of a bin can wait [s]
    window: float  # how long the looks of one threat can keep a channel [s]
    squares: Numbers  # (nights,): squared coefficient of variation of all looks of one threat
    each: Numbers  # (nights,): looks of a threat that is looked at
    noise: Numbers  # variance over mean of the number of threats that come in a window


class Served(NamedTuple):
    """What becomes of a stream."""

    lost: Numbers  # share of the work that is not done
    backlog: Numbers  # at the end of each bin, in engagements
    done: Numbers  # engagements that the channels do in each bin
    wait: float  # how long the first look waits, on average [s]


def serve(stream: Stream) -> Served:
    """Put backlog and steady state together."""
    lengths = np.diff(stream.edges)[:, np.newaxis]
    whole, locked = _fragments(stream, lengths)
    capacity = np.maximum(stream.channels * whole * lengths / stream.cycle - stream.taken, 0.0)
    accepted, backlog = _backlog(stream, capacity, whole, locked)
    before = np.vstack([np.zeros_like(backlog[:1]), backlog[:-1]])
    lost = np.zeros_like(accepted)
    np.divide(stream.work - accepted, stream.work, out=lost, where=stream.work > _LEAST)
    lost = np.clip(lost, 0.0, 1.0)
    free = np.maximum(stream.channels - stream.taken * stream.cycle / lengths, 0.0)
    load = np.minimum(_local_load(stream, free), 1.0) / np.maximum(1.0 - lost, 1e-9)
    waits = np.maximum(backlog + stream.ahead - stream.channels, 0.0)
    waits = np.minimum(waits * stream.cycle / np.maximum(stream.channels, 1e-9), stream.wait[0])
    mean = float((waits * stream.work).sum() / max(stream.work.sum(), _LEAST))
    lost = np.maximum(lost, _steady(stream, load, free))
    return Served(lost, backlog, accepted + before - backlog, mean)


def _fragments(stream: Stream, lengths: Numbers) -> tuple[float, float]:
    """What fragments of a cycle take from the channels, and how far these go in step.

    In x cycles a busy channel begins not x + 1 engagements but floor(x) + 1. Channels that begin
    one after another, and idle at times, blur the floor; those that a burst sets going at once
    stay in step, so that a threat waits for whole cycles.
    """
    work = stream.work.sum(axis=1)
    total = float(work.sum())
    if total <= 0.0:
        return 1.0, 0.0
    locked = float(work[lengths[:, 0] < 0.6 * INSTANT].sum()) / total
    cycle, channels = float(stream.cycle.mean()), float(stream.channels.mean())
    come = np.append(0.0, np.cumsum(work)) / total
    first, last = np.searchsorted(come, [1e-9, 1.0 - 1e-9])
    span = float(stream.edges[last] - stream.edges[first - 1])
    cycles = (span + float(stream.wait[0])) / cycle + 1e-6
    rate = total / stream.work.shape[1] / float(stream.each.mean()) / max(span, INSTANT)
    idle = math.exp(-rate * float(stream.wait[0])) / (rate * cycle) * cycles
    blur = min(channels / (rate * cycle) + idle, 1.0)
    whole = (1.0 + _mean_floor(cycles, blur)) / (1.0 + cycles)
    return locked + (1.0 - locked) * whole, locked


def _mean_floor(x: float, blur: float) -> float:
    """Mean of the floor over [x - blur, x], not below 0."""
    low = max(x - blur, 0.0)
    if x - low < 1e-9:
        return float(np.floor(x))

    def integral(y: float) -> float:
        n = np.floor(y)
        return float(n * (n - 1.0) / 2.0 + n * (y - n))

    return (integral(x) - integral(low)) / (x - low)


# ---------------------------------------------------------------- the backlog


def _backlog(
    stream: Stream, capacity: Numbers, whole: float, locked: float
) -> tuple[Numbers, Numbers]:
    """Work accepted in each bin, and the backlog at its end.

    A threat whose first look has to wait loses the looks for which no time is left then. It
    waits u if the backlog is what the channels do in u and what is asked for then by those that
    they are engaging: as many looks as there is time for after u. In a bin the backlog x is the
    solution of x = x_before - capacity + work R(x), not below 0, where R(x), falling in steps, is
    the share of its work that a threat gets that comes at x.
    """
    rising = np.cumsum(stream.work - capacity, axis=0)
    backlog = rising - np.minimum(np.minimum.accumulate(rising, axis=0), 0.0)
    channels = stream.channels * whole
    if not ((backlog + stream.ahead > channels) & (stream.work > 0.0)).any():
        return stream.work, backlog
    accepted = np.empty_like(backlog)
    rate = channels / stream.cycle
    gets = np.cumsum(stream.share, axis=1)
    cycle = float(stream.cycle.mean())
    wait = np.maximum(stream.wait + stream.later[:, np.newaxis], 0.0)
    wait = wait - locked * (wait - np.floor(wait / cycle + 1e-6) * cycle)
    limits = channels[..., np.newaxis] * (gets / gets[:, :1])
    limits += rate[..., np.newaxis] * wait[:, np.newaxis]
    limits -= stream.ahead[..., np.newaxis]
    offered = stream.work[..., np.newaxis] * gets
    x = np.zeros(backlog.shape[1])
    for n in range(len(backlog)):
        base = x - capacity[n]
        reached = np.minimum(limits[n], base[:, np.newaxis] + offered[n]).max(axis=1)
        x = np.maximum(np.maximum(reached, base), 0.0)
        accepted[n] = np.minimum(x - base, stream.work[n])
        backlog[n] = x
    return accepted, backlog


def _local_load(stream: Stream, free: Numbers) -> Numbers:
    """Work that came in the last window, over what the channels can do in one."""
    so_far = np.vstack([np.zeros_like(stream.work[:1]), np.cumsum(stream.work, axis=0)])
    before = at(stream.edges, so_far, stream.edges[1:] - stream.window)
    come = np.maximum(so_far[1:] - before, 0.0)
    room = free * stream.window / stream.cycle
    return np.divide(come, room, out=np.full_like(room, 1.0), where=room > _LEAST)


def at(edges: Numbers, values: Numbers, times: Numbers) -> Numbers:
    """Linear interpolation along the first axis, constant beyond the ends."""
    place = np.interp(times, edges, np.arange(len(edges), dtype=np.float64))
    low = np.minimum(place.astype(np.intp), len(edges) - 2)
    part = (place - low)[:, np.newaxis]
    found: Numbers = values[low] * (1.0 - part) + values[low + 1] * part
    return found


# ---------------------------------------------------------------- the steady state


def _steady(stream: Stream, load: Numbers, free: Numbers) -> Numbers:
    """Share of the work lost in a steady stream of that load (work over capacity).

    Time is stretched so that exponents are those of the diffusion with the right variance
    (engagements that all take the same time wait half as long as exponential ones), and streams
    that are not as noisy as Poisson's get Hayward's equivalent: load and channels over the noise.
    """
    session = stream.cycle * stream.each
    channels = np.minimum(free / stream.noise, _MOST_CHANNELS)
    stretch = 2.0 * stream.noise / (stream.noise + stream.squares) / session
    return lost_looks(np.minimum(load, 1e6), channels, stream.share, stretch, stream.wait)


def lost_looks(
    load: Numbers, channels: Numbers, share: Numbers, stretch: Numbers, wait: Numbers
) -> Numbers:
    """Share of the work lost where a threat loses its later looks first, as its wait grows.

    The virtual wait u has a density with the exponent channels * integral(load R(u) - 1), where
    R(u) is the share of the work that a threat gets that waits u (so R is 0 beyond the longest
    wait, and the density falls away); free channels weigh 1 / B - 1, with B Erlang's loss. For one
    look this is Barrer's formula. Waits times `stretch` are in mean times that a threat holds
    its channel.
    """
    steps = np.append(wait[::-1], 0.0)
    spans = steps[:-1] - np.append(0.0, steps[:-2])
    gets = np.cumsum(share, axis=1)[:, ::-1]
    exponents = [np.zeros_like(load)]
    for n, span in enumerate(spans):
        slope = channels * (load * gets[:, n] - 1.0)
        exponents.append(exponents[-1] + slope * stretch * span)
    top = np.maximum.reduce(exponents)
    odds = inverse_erlang(load * channels, channels) - 1.0
    weights = [np.exp(np.minimum(np.log(np.clip(odds, _LEAST, 1e300)) - top, 700.0))]
    for n, span in enumerate(spans):
        low, high = exponents[n] - top, exponents[n + 1] - top
        weights.append(channels * stretch * span * _mean_exponential(low, high))
    weights.append(np.exp(exponents[-1] - top))
    total = np.sum(weights, axis=0)
    lost, beyond = np.zeros_like(load), np.zeros_like(load)
    for n in range(len(spans), 0, -1):
        beyond = beyond + weights[n + 1]
        lost = lost + share[:, len(spans) - n] * beyond
    return np.where(load > 0.0, np.minimum(lost / total, 1.0), 0.0)


def _mean_exponential(low: Numbers, high: Numbers) -> Numbers:
    """Mean of the exponential function between two numbers of at most 0."""
    gap = high - low
    small = np.abs(gap) < 1e-6
    found: Numbers = np.where(
        small, np.exp(low), (np.exp(high) - np.exp(low)) / np.where(small, 1.0, gap)
    )
    return found


def inverse_erlang(load: Numbers, channels: Numbers) -> Numbers:
    """One over Erlang's loss, for a number of channels that may be fractional.

    The loss is a^c e^-a / Gamma(c + 1, a) with the upper incomplete gamma function. Where there
    are so many more channels than load that it is below 1e-20, infinite.
    """
    from scipy.special import gammaincc, gammaln, xlogy

    found = np.full(np.broadcast_shapes(load.shape, channels.shape), np.inf)
    near = (channels < load + 10.0 * np.sqrt(load) + 30.0) & (load > 0.0)
    a, c = load[near], channels[near]
    upper = gammaincc(c + 1.0, a)
    log_top = xlogy(c, a) - a - gammaln(c + 1.0)
    log_upper = np.log(np.maximum(upper, _LEAST))
    exactly = np.exp(np.clip(log_upper - log_top, 0.0, 700.0))
    # Far over capacity both vanish; there the loss is 1 - c / a and a little.
    over = np.maximum(a, 1.0)
    far = 1.0 / np.maximum(1.0 - c / over + c / over**2, 1e-12)
    found[near] = np.where(upper > 1e-200, exactly, np.maximum(far, 1.0))
    return found
