"""One layer of the fluid: whom its batteries can engage, with what channels."""

from itertools import groupby

import numpy as np

from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid import queue
from leakthrough.exact._fluid.outcome import Outcome, outcome_of, shares_of, stock_of
from leakthrough.exact._fluid.ring import LEAST, Ring, Turn
from leakthrough.exact._fluid.stock import Stock, full

_MOST_LOOKS = 12
_PASSES = 4


def run(ring: Ring) -> Outcome:
    """Go over demand and stock in turn until they agree; once is enough for one magazine."""
    state = [full(*ring.shape) for _ in ring.magazines]
    shares = [np.full(ring.shape, ring.pace(g)) for g in ring.groups]
    turns = serve_all(ring, state, shares)
    if len(ring.magazines) <= 1:
        return outcome_of(ring, turns, [stock_of(ring, m, turns) for m in range(len(state))])
    for _ in range(_PASSES):
        state = [stock_of(ring, m, turns) for m in range(len(ring.magazines))]
        if len(ring.groups) > 1:
            shares = shares_of(ring, turns, state)
        turns = serve_all(ring, state, shares)
    return outcome_of(ring, turns, state)


def serve_all(ring: Ring, state: list[Stock], shares: list[Numbers]) -> list[Turn]:
    """Serve class after class with what the more urgent ones leave of the channels."""
    found: list[Turn] = []
    ahead, taken = np.zeros(ring.shape), np.zeros(ring.shape)
    for members in _classes(ring):
        turns = [turn for s in members for turn in _choices(ring, s, state, shares)]
        served = queue.serve(_stream(ring, members, turns, state, ahead, taken))
        done = 1.0 - served.lost
        found += [turn._replace(done=done, wait=served.wait) for turn in turns]
        ahead, taken = ahead + served.backlog, taken + served.done
    return found


def _classes(ring: Ring) -> list[list[int]]:
    """What came by priority.

    Of one priority a longer window is no disadvantage where it matters: in a lasting overload
    all are served when their deadlines come near, and each loses the same share.
    """

    def urgency(s: int) -> int:
        return -ring.coming[s].priority

    return [list(c) for _, c in groupby(sorted(ring.held, key=urgency), key=urgency)]


def _choices(ring: Ring, s: int, state: list[Stock], shares: list[Numbers]) -> list[Turn]:
    """Which magazine a threat turns to.

    In a battery one is used when those before it are empty; batteries that have something
    share the threats as `shares` say.
    """
    ones = np.ones(ring.shape)
    none: dict[int, Numbers] = {}
    before = []
    for p in ring.coming[s].pairings:
        before.append(none.get(p.group, ones))
        none[p.group] = before[-1] * (1.0 - ring.has(state, s, p.magazine))
    some = 1.0 - np.prod(list(none.values()), axis=0)
    weight = sum(shares[g] * (1.0 - empty) for g, empty in none.items())
    factor = np.divide(some, weight, out=np.zeros(ring.shape), where=weight > LEAST)
    found = []
    for p, use in zip(ring.coming[s].pairings, before, strict=True):
        if len(none) > 1:
            use = use * shares[p.group] * factor
        given = use.copy()
        np.divide(use * ring.has(state, s, p.magazine), some, out=given, where=some > 1e-12)
        found.append(Turn(s, p, use, given, ones, 0.0))
    return found


def _stream(
    ring: Ring,
    members: list[int],
    turns: list[Turn],
    state: list[Stock],
    ahead: Numbers,
    taken: Numbers,
) -> queue.Stream:
    """All threats of one urgency as one stream, given that some battery has rounds."""
    threats = [ring.held[turn.part] * turn.given for turn in turns]
    pairings = [turn.pairing for turn in turns]
    work = np.sum([t * p.each for t, p in zip(threats, pairings, strict=True)], axis=0)
    weights = np.array([float(t.sum()) for t in threats])
    weights = weights / weights.sum() if weights.sum() > 0.0 else weights + 1.0 / len(weights)
    cycle, slack, fits, spread = (
        weights @ np.array([[p.cycle, p.slack, p.fits, p.spread] for p in pairings])
    ).tolist()
    looks = np.zeros((ring.nights, max(p.looks.shape[1] for p in pairings)))
    for weight, p in zip(weights, pairings, strict=True):
        looks[:, : p.looks.shape[1]] += weight * p.looks
    each = looks.sum(axis=1)
    share, wait = _merged(looks / each[:, np.newaxis], slack, cycle)
    each = each / looks[:, 0]
    second = (looks * (2.0 * np.arange(looks.shape[1]) + 1.0)).sum(axis=1) / looks[:, 0]
    squares = np.maximum(second / each**2 - 1.0, 0.0) + spread / cycle**2 / each
    channels, spell = _channels(ring, turns, state, cycle)
    window = max(fits, 1.0) * cycle
    waiting = sum(t.sum(axis=1) * (p.slack - slack) for t, p in zip(threats, pairings, strict=True))
    later = waiting / np.maximum(np.sum(threats, axis=0).sum(axis=1), LEAST)
    noise = _noise(ring, members, window)
    return queue.Stream(
        ring.edges,
        work,
        channels,
        spell,
        ahead,
        taken,
        share,
        wait,
        later,
        window,
        squares,
        each,
        noise,
    )


def _merged(share: Numbers, slack: float, cycle: float) -> tuple[Numbers, Numbers]:
    """Looks that come late are rarely needed: they are taken as one, at the mean of their waits."""
    wait = np.maximum(slack - cycle * np.arange(share.shape[1]), 0.0)
    if len(wait) <= _MOST_LOOKS:
        return share, wait
    early, late = slice(_MOST_LOOKS - 1), slice(_MOST_LOOKS - 1, None)
    last = share[:, late].sum(axis=1, keepdims=True)
    mean = float((share[:, late] * wait[late]).sum() / max(float(last.sum()), LEAST))
    return np.hstack([share[:, early], last]), np.append(wait[early], mean)


def _channels(
    ring: Ring, turns: list[Turn], state: list[Stock], cycle: float
) -> tuple[Numbers, Numbers]:
    """Channels of batteries that have rounds, given that one has, and their mean cycle."""
    channels, pace, nothing = np.zeros(ring.shape), np.zeros(ring.shape), np.ones(ring.shape)
    every = 0.0
    for g in sorted({turn.pairing.group for turn in turns}):
        own = [turn for turn in turns if turn.pairing.group == g]
        number = float(ring.layer.batteries[g].count * ring.layer.batteries[g].channels)
        empty = np.ones(ring.shape)
        for m in {turn.pairing.magazine for turn in own}:
            parts = [turn.part for turn in own if turn.pairing.magazine == m]
            empty = empty * (1.0 - np.max([ring.has(state, s, m) for s in parts], axis=0))
        nothing, every = nothing * empty, every + number
        channels += number * (1.0 - empty)
        pace += number * (1.0 - empty) / float(np.mean([turn.pairing.cycle for turn in own]))
    some = 1.0 - nothing
    spell = np.divide(channels, pace, out=np.full(ring.shape, cycle), where=pace > LEAST)
    given = np.full(ring.shape, every)
    return np.divide(channels, some, out=given, where=some > 1e-12), spell


def _noise(ring: Ring, members: list[int], window: float) -> Numbers:
    """Variance over mean of the number that comes in a window; 1 for a Poisson stream."""
    middle = (ring.edges[:-1] + ring.edges[1:]) / 2.0
    total, found = np.full(ring.shape, LEAST), np.full(ring.shape, LEAST)
    for s in members:
        one, held = ring.coming[s], ring.held[s]
        noise = np.full((len(middle), 1), one.cohorts.noise)
        if one.cohorts.bound:
            come, edges = np.append(0.0, np.cumsum(one.cohorts.share)), one.cohorts.edges
            after = np.interp(middle - one.opens + window / 2.0, edges, come)
            before = np.interp(middle - one.opens - window / 2.0, edges, come)
            noise = noise * (1.0 - after + before)[:, np.newaxis]
        kept = float(held.sum(axis=0).mean()) / max(one.launched, 1)
        found += held * (1.0 - kept * (1.0 - noise))
        total += held
    ratio: Numbers = np.maximum(found / total, 0.02)
    return ratio
