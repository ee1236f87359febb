"""How much of the work that a stream of threats asks for its channels cannot do.

All arrays are (bins of time, nights) unless told otherwise. Work is counted in engagements: a
threat asks for as many looks as it would get if nothing were in its way. Two answers are put
together:

- a deterministic backlog, carried from bin to bin: what of the work still fits in the windows;
- the steady state of a noisy stream at the load that this backlog leaves.
"""

from typing import NamedTuple

import numpy as np

from leakthrough.exact._arguments import Numbers

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
    whole = _whole_cycles(stream)
    capacity = np.maximum(stream.channels * whole * lengths / stream.cycle - stream.taken, 0.0)
    accepted, backlog = _backlog(stream, capacity, whole)
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


def _whole_cycles(stream: Stream) -> float:
    """What fragments of a cycle at the end of a raid take from the channels, as a factor.

    In x cycles a busy channel begins not x + 1 engagements but floor(x) + 1. Channels that
    begin one after another, and idle at times, blur the floor.
    """
    work = stream.work.sum(axis=1)
    total = float(work.sum())
    if total <= 0.0:
        return 1.0
    cycle, channels = float(stream.cycle.mean()), float(stream.channels.mean())
    come = np.append(0.0, np.cumsum(work)) / total
    span = float(np.interp(1.0 - 1e-9, come, stream.edges) - np.interp(1e-9, come, stream.edges))
    cycles = (span + float(stream.wait[0])) / cycle + 1e-6
    rate = total / work.size / float(stream.each.mean())  # crude, for a blur
    rate = total / stream.work.shape[1] / float(stream.each.mean()) / max(span, 1e-3)
    idle = np.exp(-rate * float(stream.wait[0])) / rate / cycle * cycles
    blur = min(channels / (rate * cycle) * (span > 1e-2) + idle * (span > 1e-2), 1.0)
    return (1.0 + _mean_floor(cycles, blur)) / (1.0 + cycles)


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


def _backlog(stream: Stream, capacity: Numbers, whole: float) -> tuple[Numbers, Numbers]:
    """Work accepted in each bin, and the backlog at its end.

    A threat whose first look has to wait loses the looks for which no time is left then. In a
    bin the backlog x is the solution of x = x_before - capacity + work R(x), not below 0, where
    R(x), falling in steps, is the share of its work that a threat gets that comes at x.
    """
    rising = np.cumsum(stream.work - capacity, axis=0)
    backlog = rising - np.minimum(np.minimum.accumulate(rising, axis=0), 0.0)
    channels = stream.channels * whole
    if not ((backlog + stream.ahead > channels) & (stream.work > 0.0)).any():
        return stream.work, backlog
    accepted = np.empty_like(backlog)
    rate = channels / stream.cycle
    limits = (channels - stream.ahead)[..., np.newaxis] + rate[..., np.newaxis] * stream.wait
    offered = stream.work[..., np.newaxis] * np.cumsum(stream.share, axis=1)
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
    come = so_far[1:] - at(stream.edges, so_far, stream.edges[1:] - stream.window)
    room = free * stream.window / stream.cycle
    return np.divide(come, room, out=np.full_like(room, 1.0), where=room > _LEAST)


def at(edges: Numbers, values: Numbers, times: Numbers) -> Numbers:
    """Linear interpolation along the first axis, constant beyond the ends."""
    place = np.clip(np.searchsorted(edges, times, side="right") - 1, 0, len(edges) - 2)
    part = np.clip((times - edges[place]) / (edges[place + 1] - edges[place]), 0.0, 1.0)
    found: Numbers = values[place] + part[:, np.newaxis] * (values[place + 1] - values[place])
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
    weights = [np.exp(np.minimum(np.log(np.maximum(odds, _LEAST)) - top, 700.0))]
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

    The loss is a^c e^-a / Gamma(c + 1, a) with the upper incomplete gamma function.
    """
    from scipy.special import gammaincc, gammaln, xlogy

    upper = gammaincc(channels + 1.0, load)
    log_top = xlogy(channels, load) - load - gammaln(channels + 1.0)
    log_upper = np.log(np.maximum(upper, _LEAST))
    found = np.exp(np.clip(log_upper - log_top, 0.0, 700.0))
    # Far over capacity both vanish; there the loss is 1 - c / a and a little.
    over = np.maximum(load, 1.0)
    far = 1.0 / np.maximum(1.0 - channels / over + channels / over**2, 1e-12)
    return np.where(upper > 1e-200, found, np.maximum(far, 1.0))
