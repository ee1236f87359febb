"""What a layer of the fluid expends and achieves."""

from typing import NamedTuple

import numpy as np

from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid import stock as stocks
from leakthrough.exact._fluid.ring import LEAST, Ring, Turn


class Outcome(NamedTuple):
    """What a layer does in a raid."""

    killed: list[Numbers]  # by what came: (cells, nights)
    engaged: list[Numbers]  # at least once: (cells, nights)
    release: list[float]  # from being free to be engaged to the end of the last engagement [s]
    expended: Numbers  # (magazines, nights)
    state: list[stocks.Stock]  # by magazine
    depletion: Numbers  # (magazines, nights) [s], NaN where rounds are left
    engagements: Numbers  # (groups of batteries, nights)
    busy: Numbers  # (groups of batteries, nights) [s]


def stock_of(ring: Ring, m: int, turns: list[Turn]) -> stocks.Stock:
    """Let the demand draw from a magazine as if it were never empty, and see when it is."""
    battery, magazine = ring.magazines[m]
    demands = []
    for turn in turns:
        p = turn.pairing
        if p.magazine == m:
            rounds = ring.held[turn.part] * turn.use * turn.done * (p.each * p.size)
            second = (p.looks * (2.0 * np.arange(p.looks.shape[1]) + 1.0)).sum(axis=1)
            one = ring.coming[turn.part]
            burst = p.size * second / p.each
            demands.append(stocks.Demand(rounds, burst, one.launched, one.priority >= 1))
    return stocks.draw(magazine, battery.count, demands, ring.edges, ring.nights)


def shares_of(ring: Ring, turns: list[Turn], state: list[stocks.Stock]) -> list[Numbers]:
    """Most ready rounds first: how much of the work goes to each group of batteries.

    Of the rounds drawn so far each group has given what brings all to one level. What its
    channels have no time for goes to the others.
    """
    rounds, work = np.zeros(ring.shape), np.zeros(ring.shape)
    for turn in turns:
        done = ring.done(turn, state)
        rounds, work = rounds + np.cumsum(done * turn.pairing.size, axis=0), work + done
    batteries = ring.layer.batteries
    levels = [min(sum(float(m.rounds) for m in b.magazines), 1e12) for b in batteries]
    levels = [level - 1e9 * g if level == 1e12 else level for g, level in enumerate(levels)]
    knots = np.array(sorted({*levels, 0.0}, reverse=True))
    given = [b.count * np.maximum(x - knots, 0.0) for b, x in zip(batteries, levels, strict=True)]
    total = np.sum(given, axis=0)
    so_far = [np.interp(np.minimum(rounds, total[-1]), total, row) for row in given]
    first = [np.diff(row, axis=0, prepend=0.0) for row in so_far]
    every = np.maximum(np.sum(first, axis=0), LEAST)
    room = [np.diff(ring.edges)[:, np.newaxis] * ring.pace(g) for g in ring.groups]
    mine = [np.minimum(row / every * work, r) for row, r in zip(first, room, strict=True)]
    spare = [r - one for r, one in zip(room, mine, strict=True)]
    over = np.maximum(work - np.sum(mine, axis=0), 0.0) / np.maximum(sum(spare), LEAST)
    floor = 1e-9 * np.maximum(work, 1.0)
    return [
        np.where(work > 1e-12, one + over * left + floor, 1.0) * (ring.pace(g) > 0.0)
        for g, one, left in zip(ring.groups, mine, spare, strict=True)
    ]


def outcome_of(ring: Ring, turns: list[Turn], state: list[stocks.Stock]) -> Outcome:
    done = [ring.done(turn, state) for turn in turns]
    expended = np.zeros((len(ring.magazines), ring.nights))
    for turn, number in zip(turns, done, strict=True):
        expended[turn.pairing.magazine] += number.sum(axis=0) * turn.pairing.size
    held = [
        s.reloaded + (b.count * float(m.rounds) if b.count else 0.0)
        for (b, m), s in zip(ring.magazines, state, strict=True)
    ]
    # Several magazines may not have come to terms wholly: none gives more than it holds.
    met = [np.minimum(1.0, h / np.maximum(e, LEAST)) for h, e in zip(held, expended, strict=True)]
    killed = [np.zeros_like(one.held) for one in ring.coming]
    engaged = [np.zeros_like(one.held) for one in ring.coming]
    release = np.zeros((len(ring.coming), 2))
    engagements, busy = (np.zeros((len(ring.groups), ring.nights)) for _ in range(2))
    for turn, number in zip(turns, done, strict=True):
        p, s = turn.pairing, turn.part
        number = number * met[p.magazine]
        engagements[p.group] += number.sum(axis=0)
        busy[p.group] += number.sum(axis=0) * p.cycle
        place, starts = ring.cells[s]
        killed[s] += np.add.reduceat((number * (p.kills / p.each))[place], starts, axis=0)
        # Late looks are lost first: the others get a first one.
        first = ring.held[s] * turn.use * ring.has(state, s, p.magazine) * p.looks[:, 0]
        first = np.minimum(first, number)
        engaged[s] += np.add.reduceat(first[place], starts, axis=0)
        end = min(p.fits * p.cycle + turn.wait, p.slack + p.cycle)
        release[s] += float(first.sum()) * end, float(first.sum())
    killed = [np.minimum(k, one.held) for k, one in zip(killed, ring.coming, strict=True)]
    ends = (release[:, 0] / np.maximum(release[:, 1], LEAST)).tolist()
    expended = np.array([e * f for e, f in zip(expended, met, strict=True)])
    expended = expended.reshape(len(ring.magazines), ring.nights)
    return Outcome(
        killed, engaged, ends, expended, state, _depletion(ring, state), engagements, busy
    )


def _depletion(ring: Ring, state: list[stocks.Stock]) -> Numbers:
    """When it is as likely as not that the last round has left, and no reload is to come."""
    found = np.full((len(state), ring.nights), np.nan)
    for m, stock in enumerate(state):
        for n in np.flatnonzero(stock.dry >= 0.5):
            left = np.flatnonzero(stock.urgent[:, n] >= 0.5)
            found[m, n] = ring.edges[left[-1] + 1 if len(left) else 0]
    return found
