"""One layer of the fluid: whom its batteries can engage, with what channels and what rounds."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from leakthrough.exact import _fluid_queue as queue
from leakthrough.exact import _fluid_stock as stocks
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid_raid import Cohorts, Pairing
from leakthrough.scenario import Layer

_LEAST = 1e-300
_MOST_LOOKS = 12
_PASSES = 4


class Coming(NamedTuple):
    """Threats of one salvo that a layer holds, and that are free to be engaged together."""

    cohorts: Cohorts
    opens: float  # from arrival until they can be engaged [s]
    deadline: float  # from the opening of the window, which may be earlier, to its close [s]
    held: Numbers  # (cells, nights)
    launched: int  # by the whole salvo
    priority: int
    pairings: list[Pairing]


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


class _Turn(NamedTuple):
    """Threats that turn to one magazine."""

    part: int  # of what came
    pairing: Pairing
    use: Numbers  # (bins, nights): share of them that turn to it, if it holds rounds
    given: Numbers  # the same, times the chance of that, among those for whom any battery has some
    done: Numbers  # (bins, nights): share of the work that channels do
    wait: float  # of the first look, on average [s]


class Ring:
    """A layer and what comes to it, on one grid of times at which windows open."""

    def __init__(
        self, layer: Layer, coming: Sequence[Coming], losses: Sequence[Sequence[Any]]
    ) -> None:
        self.layer, self.coming = layer, coming
        self.magazines = [(b, m) for b in layer.batteries for m in b.magazines]
        self.groups = range(len(layer.batteries))
        self.group_of = [g for g in self.groups for _ in layer.batteries[g].magazines]
        self.nights = coming[0].held.shape[1] if coming else 1
        active = [s for s, one in enumerate(coming) if one.pairings and one.held.any()]
        own = [coming[s].cohorts.edges + coming[s].opens for s in active]
        self.edges = np.unique(np.concatenate(own)) if active else np.arange(2.0)
        self.shape = len(self.edges) - 1, self.nights
        self.held: dict[int, Numbers] = {}
        self.cells: dict[int, tuple[slice, Numbers]] = {}
        for s, edges in zip(active, own, strict=True):
            self._lay_out(s, edges)
        self.standing = [
            self._standing(b.count, lost) for b, lost in zip(layer.batteries, losses, strict=True)
        ]

    def _standing(self, count: int, losses: Sequence[Any]) -> Numbers:
        """Expected share of batteries that are alike which are not destroyed (bins, 1)."""
        alive = np.ones(self.shape[0])
        for loss in losses:
            place = np.searchsorted(loss.times, self.edges[:-1], side="right") - 1
            alive -= (1.0 - loss.alive[place]) / count
        return alive[:, np.newaxis]

    def _lay_out(self, s: int, edges: Numbers) -> None:
        """Spread cells over bins: each bin lies in one cell."""
        middle = (self.edges[:-1] + self.edges[1:]) / 2.0
        cell = np.searchsorted(edges, middle) - 1
        inside = np.flatnonzero((cell >= 0) & (cell < len(edges) - 1))
        place = slice(int(inside[0]), int(inside[-1]) + 1)
        width = np.diff(self.edges)[place] / np.diff(edges)[cell[place]]
        self.held[s] = np.zeros(self.shape)
        self.held[s][place] = self.coming[s].held[cell[place]] * width[:, np.newaxis]
        self.cells[s] = place, np.searchsorted(cell[place], np.arange(len(edges) - 1))

    def run(self) -> Outcome:
        """Go over demand and stock in turn until they agree; once is enough for one magazine."""
        state = [stocks.full(*self.shape) for _ in self.magazines]
        shares = [np.full(self.shape, self._pace(g)) for g in self.groups]
        turns = self._turns(state, shares)
        if len(self.magazines) <= 1:
            return self._outcome(turns, [self._stock(m, turns) for m in range(len(state))])
        for _ in range(_PASSES):
            state = [self._stock(m, turns) for m in range(len(self.magazines))]
            if len(self.groups) > 1:
                shares = self._shares(turns, state)
            turns = self._turns(state, shares)
        return self._outcome(turns, state)

    def _pace(self, group: int) -> float:
        """Engagements a second of batteries that are alike, all channels busy."""
        battery = self.layer.batteries[group]
        cycles = [p.cycle for one in self.coming for p in one.pairings if p.group == group]
        return battery.count * battery.channels / float(np.mean(cycles)) if cycles else 0.0

    def _has(self, state: list[stocks.Stock], part: int, magazine: int) -> Numbers:
        """Chance that a magazine holds rounds that a threat may draw (bins, nights)."""
        stock = state[magazine]
        left = stock.urgent if self.coming[part].priority >= 1 else stock.plain
        return left * self.standing[self.group_of[magazine]]

    # -------------------------------------------------- who is served, and when

    def _classes(self) -> list[list[int]]:
        """What came by urgency: priority, then the shorter window where deadlines count."""
        by_deadline = all(b.doctrine.order == "deadline" for b in self.layer.batteries)

        def urgency(s: int) -> tuple[int, float]:
            one = self.coming[s]
            return -one.priority, round(one.deadline, 3) if by_deadline else 0.0

        return [list(c) for _, c in groupby(sorted(self.held, key=urgency), key=urgency)]

    def _turns(self, state: list[stocks.Stock], shares: list[Numbers]) -> list[_Turn]:
        """Serve class after class with what the more urgent ones leave of the channels."""
        found: list[_Turn] = []
        ahead, taken = np.zeros(self.shape), np.zeros(self.shape)
        for members in self._classes():
            turns = [turn for s in members for turn in self._choices(s, state, shares)]
            served = queue.serve(self._stream(members, turns, state, ahead, taken))
            done = 1.0 - served.lost
            found += [turn._replace(done=done, wait=served.wait) for turn in turns]
            ahead, taken = ahead + served.backlog, taken + served.done
        return found

    def _choices(self, s: int, state: list[stocks.Stock], shares: list[Numbers]) -> list[_Turn]:
        """Which magazine a threat turns to.

        In a battery one is used when those before it are empty; batteries that have something
        share the threats as `shares` say.
        """
        ones = np.ones(self.shape)
        none: dict[int, Numbers] = {}
        before = []
        for p in self.coming[s].pairings:
            before.append(none.get(p.group, ones))
            none[p.group] = before[-1] * (1.0 - self._has(state, s, p.magazine))
        some = 1.0 - np.prod(list(none.values()), axis=0)
        weight = sum(shares[g] * (1.0 - empty) for g, empty in none.items())
        factor = np.divide(some, weight, out=np.zeros(self.shape), where=weight > _LEAST)
        found = []
        for p, use in zip(self.coming[s].pairings, before, strict=True):
            if len(none) > 1:
                use = use * shares[p.group] * factor
            given = use.copy()
            np.divide(use * self._has(state, s, p.magazine), some, out=given, where=some > 1e-12)
            found.append(_Turn(s, p, use, given, ones, 0.0))
        return found

    def _stream(
        self,
        members: list[int],
        turns: list[_Turn],
        state: list[stocks.Stock],
        ahead: Numbers,
        taken: Numbers,
    ) -> queue.Stream:
        """All threats of one urgency as one stream, given that some battery has rounds."""
        threats = [self.held[turn.part] * turn.given for turn in turns]
        pairings = [turn.pairing for turn in turns]
        work = np.sum([t * p.each for t, p in zip(threats, pairings, strict=True)], axis=0)
        weights = np.array([float(t.sum()) for t in threats])
        weights = weights / weights.sum() if weights.sum() > 0.0 else weights + 1.0 / len(weights)
        cycle, slack, fits, spread = (
            weights @ np.array([[p.cycle, p.slack, p.fits, p.spread] for p in pairings])
        ).tolist()
        looks = np.zeros((self.nights, max(p.looks.shape[1] for p in pairings)))
        for weight, p in zip(weights, pairings, strict=True):
            looks[:, : p.looks.shape[1]] += weight * p.looks
        each = looks.sum(axis=1)
        share, wait = _merged(looks / each[:, np.newaxis], slack, cycle)
        each = each / looks[:, 0]
        second = (looks * (2.0 * np.arange(looks.shape[1]) + 1.0)).sum(axis=1) / looks[:, 0]
        squares = np.maximum(second / each**2 - 1.0, 0.0) + spread / cycle**2 / each
        channels, spell = self._channels(turns, state, cycle)
        window = max(fits, 1.0) * cycle
        waiting = sum(
            t.sum(axis=1) * (p.slack - slack) for t, p in zip(threats, pairings, strict=True)
        )
        later = waiting / np.maximum(np.sum(threats, axis=0).sum(axis=1), _LEAST)
        noise = self._noise(members, window)
        return queue.Stream(
            self.edges,
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

    def _channels(
        self, turns: list[_Turn], state: list[stocks.Stock], cycle: float
    ) -> tuple[Numbers, Numbers]:
        """Channels of batteries that have rounds, given that one has, and their mean cycle."""
        channels, pace, nothing = np.zeros(self.shape), np.zeros(self.shape), np.ones(self.shape)
        every = 0.0
        for g in sorted({turn.pairing.group for turn in turns}):
            own = [turn for turn in turns if turn.pairing.group == g]
            number = float(self.layer.batteries[g].count * self.layer.batteries[g].channels)
            empty = np.ones(self.shape)
            for m in {turn.pairing.magazine for turn in own}:
                parts = [turn.part for turn in own if turn.pairing.magazine == m]
                empty = empty * (1.0 - np.max([self._has(state, s, m) for s in parts], axis=0))
            nothing, every = nothing * empty, every + number
            channels += number * (1.0 - empty)
            pace += number * (1.0 - empty) / float(np.mean([turn.pairing.cycle for turn in own]))
        some = 1.0 - nothing
        spell = np.divide(channels, pace, out=np.full(self.shape, cycle), where=pace > _LEAST)
        given = np.full(self.shape, every)
        return np.divide(channels, some, out=given, where=some > 1e-12), spell

    def _noise(self, members: list[int], window: float) -> Numbers:
        """Variance over mean of the number that comes in a window; 1 for a Poisson stream."""
        middle = (self.edges[:-1] + self.edges[1:]) / 2.0
        total, found = np.full(self.shape, _LEAST), np.full(self.shape, _LEAST)
        for s in members:
            one, held = self.coming[s], self.held[s]
            noise = np.full((len(middle), 1), one.cohorts.noise)
            if one.cohorts.bound:
                come, edges = np.append(0.0, np.cumsum(one.cohorts.share)), one.cohorts.edges
                after = np.interp(middle - one.opens + window / 2.0, edges, come)
                before = np.interp(middle - one.opens - window / 2.0, edges, come)
                noise = noise * (1.0 - after + before)[:, np.newaxis]
            kept = float(held.sum(axis=0).mean()) / max(one.launched, 1)
            found += held * (1.0 - kept * (1.0 - noise))
            total += held
        return np.maximum(found / total, 0.02)

    # -------------------------------------------------- rounds

    def _stock(self, m: int, turns: list[_Turn]) -> stocks.Stock:
        """Let the demand draw from a magazine as if it were never empty, and see when it is."""
        battery, magazine = self.magazines[m]
        demands = []
        for turn in turns:
            p = turn.pairing
            if p.magazine == m:
                rounds = self.held[turn.part] * turn.use * turn.done * (p.each * p.size)
                second = (p.looks * (2.0 * np.arange(p.looks.shape[1]) + 1.0)).sum(axis=1)
                one = self.coming[turn.part]
                burst = p.size * second / p.each
                demands.append(stocks.Demand(rounds, burst, one.launched, one.priority >= 1))
        return stocks.draw(magazine, battery.count, demands, self.edges, self.nights)

    def _shares(self, turns: list[_Turn], state: list[stocks.Stock]) -> list[Numbers]:
        """Most ready rounds first: how much of the work goes to each group of batteries.

        Of the rounds drawn so far each group has given what brings all to one level. What its
        channels have no time for goes to the others.
        """
        rounds, work = np.zeros(self.shape), np.zeros(self.shape)
        for turn in turns:
            done = self._done(turn, state)
            rounds, work = rounds + np.cumsum(done * turn.pairing.size, axis=0), work + done
        batteries = self.layer.batteries
        levels = [min(sum(float(m.rounds) for m in b.magazines), 1e12) for b in batteries]
        levels = [level - 1e9 * g if level == 1e12 else level for g, level in enumerate(levels)]
        knots = np.array(sorted({*levels, 0.0}, reverse=True))
        given = [
            b.count * np.maximum(x - knots, 0.0) for b, x in zip(batteries, levels, strict=True)
        ]
        total = np.sum(given, axis=0)
        so_far = [np.interp(np.minimum(rounds, total[-1]), total, row) for row in given]
        first = [np.diff(row, axis=0, prepend=0.0) for row in so_far]
        every = np.maximum(np.sum(first, axis=0), _LEAST)
        room = [np.diff(self.edges)[:, np.newaxis] * self._pace(g) for g in self.groups]
        mine = [np.minimum(row / every * work, r) for row, r in zip(first, room, strict=True)]
        spare = [r - one for r, one in zip(room, mine, strict=True)]
        over = np.maximum(work - np.sum(mine, axis=0), 0.0) / np.maximum(sum(spare), _LEAST)
        floor = 1e-9 * np.maximum(work, 1.0)
        return [
            np.where(work > 1e-12, one + over * left + floor, 1.0) * (self._pace(g) > 0.0)
            for g, one, left in zip(self.groups, mine, spare, strict=True)
        ]

    def _done(self, turn: _Turn, state: list[stocks.Stock]) -> Numbers:
        """Engagements (bins, nights)."""
        p = turn.pairing
        has = self._has(state, turn.part, p.magazine)
        done: Numbers = self.held[turn.part] * turn.use * turn.done * has * p.each
        return done

    # -------------------------------------------------- what came of it

    def _outcome(self, turns: list[_Turn], state: list[stocks.Stock]) -> Outcome:
        done = [self._done(turn, state) for turn in turns]
        expended = np.zeros((len(self.magazines), self.nights))
        for turn, number in zip(turns, done, strict=True):
            expended[turn.pairing.magazine] += number.sum(axis=0) * turn.pairing.size
        held = [
            b.count * float(m.rounds) + s.reloaded
            for (b, m), s in zip(self.magazines, state, strict=True)
        ]
        # Several magazines may not have come to terms wholly: none gives more than it holds.
        met = [
            np.minimum(1.0, h / np.maximum(e, _LEAST)) for h, e in zip(held, expended, strict=True)
        ]
        killed = [np.zeros_like(one.held) for one in self.coming]
        engaged = [np.zeros_like(one.held) for one in self.coming]
        release = np.zeros((len(self.coming), 2))
        engagements, busy = (np.zeros((len(self.groups), self.nights)) for _ in range(2))
        for turn, number in zip(turns, done, strict=True):
            p, s = turn.pairing, turn.part
            number = number * met[p.magazine]
            engagements[p.group] += number.sum(axis=0)
            busy[p.group] += number.sum(axis=0) * p.cycle
            place, starts = self.cells[s]
            killed[s] += np.add.reduceat((number * (p.kills / p.each))[place], starts, axis=0)
            # Late looks are lost first: the others get a first one.
            first = self.held[s] * turn.use * self._has(state, s, p.magazine) * p.looks[:, 0]
            first = np.minimum(first, number)
            engaged[s] += np.add.reduceat(first[place], starts, axis=0)
            end = min(p.fits * p.cycle + turn.wait, p.slack + p.cycle)
            release[s] += float(first.sum()) * end, float(first.sum())
        killed = [np.minimum(k, one.held) for k, one in zip(killed, self.coming, strict=True)]
        ends = (release[:, 0] / np.maximum(release[:, 1], _LEAST)).tolist()
        expended = np.array([e * f for e, f in zip(expended, met, strict=True)])
        expended = expended.reshape(len(self.magazines), self.nights)
        return Outcome(
            killed, engaged, ends, expended, state, self._depletion(state), engagements, busy
        )

    def _depletion(self, state: list[stocks.Stock]) -> Numbers:
        """When it is as likely as not that the last round has left, and no reload is to come."""
        found = np.full((len(state), self.nights), np.nan)
        for m, stock in enumerate(state):
            for n in np.flatnonzero(stock.dry >= 0.5):
                left = np.flatnonzero(stock.urgent[:, n] >= 0.5)
                found[m, n] = self.edges[left[-1] + 1 if len(left) else 0]
        return found


def _merged(share: Numbers, slack: float, cycle: float) -> tuple[Numbers, Numbers]:
    """Looks that come late are rarely needed: they are taken as one, at the mean of their waits."""
    wait = np.maximum(slack - cycle * np.arange(share.shape[1]), 0.0)
    if len(wait) <= _MOST_LOOKS:
        return share, wait
    early, late = slice(_MOST_LOOKS - 1), slice(_MOST_LOOKS - 1, None)
    last = share[:, late].sum(axis=1, keepdims=True)
    mean = float((share[:, late] * wait[late]).sum() / max(float(last.sum()), _LEAST))
    return np.hstack([share[:, early], last]), np.append(wait[early], mean)
