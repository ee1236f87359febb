"""One layer: which threats its batteries can engage, with what channels and what rounds."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from leakthrough.exact import _fluid_queue as queue
from leakthrough.exact import _fluid_stock as stocks
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid_raid import Cohorts, Pairing
from leakthrough.scenario import Layer

_LEAST = 1e-300
_PASSES = 4


class Coming(NamedTuple):
    """The threats of one salvo that a layer holds."""

    cohorts: Cohorts
    opens: float  # from arrival to the opening of the window [s]
    window: float  # [s]
    held: Numbers  # (cells, nights)
    launched: float
    priority: int
    pairings: list[Pairing]


class Outcome(NamedTuple):
    """What a layer does in a raid, with rows by salvo, magazine, or group of batteries."""

    killed: list[Numbers]  # by salvo: (cells, nights)
    served: list[Numbers]  # by salvo: (nights,): share of the work that is done
    expended: Numbers  # (magazines, nights)
    reloaded: Numbers
    dry: Numbers
    depletion: Numbers  # [s], NaN where rounds are left
    engagements: Numbers  # (groups, nights)
    busy: Numbers  # (groups, nights) [s]


class _Use(NamedTuple):
    """One pairing over the bins, as if its magazine held rounds; times the chance that it does."""

    pairing: Pairing
    threats: Numbers  # (bins, nights): that turn to it
    done: Numbers  # (bins, nights): share of the work that the channels do


class Ring:
    """A layer and what comes to it, on one grid of times of opening."""

    def __init__(self, layer: Layer, coming: Sequence[Coming]) -> None:
        self.layer, self.coming = layer, coming
        self.magazines = [(b, m) for b in layer.batteries for m in b.magazines]
        self.nights = coming[0].held.shape[1] if coming else 1
        active = [s for s, c in enumerate(coming) if c.pairings and c.held.any()]
        edges = [coming[s].cohorts.edges + coming[s].opens for s in active]
        self.edges = np.unique(np.concatenate(edges)) if active else np.zeros(2)
        middle = (self.edges[:-1] + self.edges[1:]) / 2.0
        self.held: dict[int, Numbers] = {}
        self.cells: dict[int, tuple[slice, Numbers]] = {}
        for s, own in zip(active, edges, strict=True):
            cell = np.searchsorted(own, middle) - 1
            inside = np.flatnonzero((cell >= 0) & (cell < len(own) - 1))
            place = slice(inside[0], inside[-1] + 1)
            width = np.diff(self.edges)[place] / np.diff(own)[cell[place]]
            self.held[s] = np.zeros((len(middle), self.nights))
            self.held[s][place] = coming[s].held[cell[place]] * width[:, np.newaxis]
            self.cells[s] = place, np.searchsorted(cell[place], np.arange(len(own) - 1))

    # -------------------------------------------------- who is served, and when

    def run(self) -> Outcome:
        """Go over demand and stock in turn until they agree: once is enough for one magazine."""
        bins = len(self.edges) - 1
        state = [stocks.full(bins, self.nights) for _ in self.magazines]
        shares = [np.full((bins, self.nights), self._pace(g)) for g in self._groups()]
        simple = len(self.magazines) == 1
        uses = self._uses(state, shares)
        for _ in range(1 if simple else _PASSES):
            state = self._stocks(uses)
            if len(self._groups()) > 1:
                shares = self._shares(uses, state)
            uses = self._uses(state, shares)
        return self._outcome(uses, state)

    def _groups(self) -> range:
        return range(len(self.layer.batteries))

    def _pace(self, group: int) -> float:
        """Engagements a second of batteries that are alike."""
        battery = self.layer.batteries[group]
        cycles = [p.cycle for c in self.coming for p in c.pairings if p.group == group]
        return battery.count * battery.channels / float(np.mean(cycles)) if cycles else 0.0

    def _classes(self) -> list[list[int]]:
        """Salvos by urgency: priority, then the shorter window where deadlines count."""
        by_deadline = all(b.doctrine.order == "deadline" for b in self.layer.batteries)

        def urgency(s: int) -> tuple[int, float]:
            one = self.coming[s]
            return -one.priority, round(one.window, 3) if by_deadline else 0.0

        return [list(c) for _, c in groupby(sorted(self.held, key=urgency), key=urgency)]

    def _uses(self, state: list[stocks.Stock], shares: list[Numbers]) -> list[_Use]:
        """Serve class after class with what the more urgent ones leave of the channels."""
        found: list[_Use] = []
        ahead = np.zeros((len(self.edges) - 1, self.nights))
        taken = np.zeros_like(ahead)
        for members in self._classes():
            turned = {s: self._turn(s, state, shares) for s in members}
            stream = self._stream(members, turned, state, ahead, taken)
            served = queue.serve(stream)
            for s in members:
                found += [
                    _Use(p, self.held[s] * use, 1.0 - served.lost)
                    for p, use, _ in turned[s]
                ]
            ahead, taken = ahead + served.backlog, taken + served.done
        return found

    def _turn(
        self, s: int, state: list[stocks.Stock], shares: list[Numbers]
    ) -> list[tuple[Pairing, Numbers, Numbers]]:
        """For each pairing of a salvo: the share of the threats that turn to it if it has rounds.

        And the same among the threats for which any battery has. In a battery a magazine is used
        when those before it are empty; batteries that have something share as `shares` say.
        """
        one = self.coming[s]
        has = {p.magazine: rounds_for(state[p.magazine], one.priority) for p in one.pairings}
        without: dict[int, Numbers] = {}
        turned = []
        for p in one.pairings:
            before = without.get(p.group, np.ones_like(ahead_shape(has)))
            turned.append((p, before))
            without[p.group] = before * (1.0 - has[p.magazine])
        nothing = np.prod(list(without.values()), axis=0)
        weight = sum(shares[g] * (1.0 - none) for g, none in without.items())
        factor = np.divide(1.0 - nothing, weight, out=np.ones_like(nothing), where=weight > _LEAST)
        found = []
        for p, before in turned:
            share = shares[p.group] if len(without) > 1 else np.ones_like(nothing)
            if len(without) == 1:
                use = before
            else:
                use = before * share * factor
            given = np.divide(
                use * has[p.magazine], 1.0 - nothing, out=use.copy(), where=nothing < 1.0 - 1e-12
            )
            found.append((p, use, given))
        return found

    def _stream(
        self,
        members: list[int],
        turned: dict[int, list[tuple[Pairing, Numbers, Numbers]]],
        state: list[stocks.Stock],
        ahead: Numbers,
        taken: Numbers,
    ) -> queue.Stream:
        """All salvos of one urgency as one stream, given that some battery has rounds."""
        parts = [(self.held[s] * given, p, s) for s in members for p, _, given in turned[s]]
        each = [p.looks.sum(axis=1) for _, p, _ in parts]
        work = np.sum([t * e for (t, _, _), e in zip(parts, each, strict=True)], axis=0)
        weights = np.array([float(t.sum()) for t, _, _ in parts])
        weights = weights / weights.sum() if weights.sum() > 0.0 else np.full(len(parts), 1.0 / len(parts))
        longest = max(p.looks.shape[1] for _, p, _ in parts)
        looks = np.zeros((self.nights, longest))
        for weight, (_, p, _) in zip(weights, parts, strict=True):
            looks[:, : p.looks.shape[1]] += weight * p.looks
        total, first = looks.sum(axis=1), looks[:, 0]
        number = total / first
        second = (looks * (2.0 * np.arange(longest) + 1.0)).sum(axis=1) / first
        mean = lambda name: float(sum(w * getattr(p, name) for w, (_, p, _) in zip(weights, parts)))
        cycle = mean("cycle")
        squares = np.maximum(second / number**2 - 1.0, 0.0) + mean("spread") / cycle**2 / number
        channels, pace = self._channels(parts, state)
        spell = np.divide(channels, pace, out=np.full_like(pace, cycle), where=pace > 0.0)
        return queue.Stream(
            self.edges, work, channels, spell, ahead, taken, looks / total[:, np.newaxis],
            mean("slack"), mean("fits"), squares, number,
            self._noise(members, max(mean("fits"), 1.0) * cycle),
        )

    def _channels(
        self, parts: list[tuple[Numbers, Pairing, int]], state: list[stocks.Stock]
    ) -> tuple[Numbers, Numbers]:
        """Channels with rounds behind them, and the engagements a second that they conduct."""
        shape = (len(self.edges) - 1, self.nights)
        channels, pace, nothing = np.zeros(shape), np.zeros(shape), np.ones(shape)
        for g in sorted({p.group for _, p, _ in parts}):
            own = [(p, s) for _, p, s in parts if p.group == g]
            number = self.layer.batteries[g].count * self.layer.batteries[g].channels
            empty = np.ones(shape)
            for m in {p.magazine for p, _ in own}:
                urgent = max(self.coming[s].priority for p, s in own if p.magazine == m)
                empty = empty * (1.0 - rounds_for(state[m], urgent))
            nothing = nothing * empty
            channels += number * (1.0 - empty)
            pace += number * (1.0 - empty) / float(np.mean([p.cycle for p, _ in own]))
        every = sum(
            self.layer.batteries[g].count * self.layer.batteries[g].channels
            for g in {p.group for _, p, _ in parts}
        )
        some = 1.0 - nothing
        given = np.divide(channels, some, out=np.full(shape, float(every)), where=some > 1e-12)
        return given, np.divide(pace, some, out=np.zeros(shape), where=some > 1e-12)

    def _noise(self, members: list[int], window: float) -> Numbers:
        """Variance over mean of the number that comes in a window; 1 for a Poisson stream."""
        total, found = 0.0, 0.0
        for s in members:
            one, held = self.coming[s], self.held[s]
            edges = one.cohorts.edges + one.opens
            so_far = np.append(0.0, np.cumsum(one.cohorts.share))[:, np.newaxis]
            middle = (self.edges[:-1] + self.edges[1:]) / 2.0
            share = queue.at(edges, so_far, middle + window / 2.0)
            share = share - queue.at(edges, so_far, middle - window / 2.0)
            noise = one.cohorts.noise - share if one.cohorts.bound and one.cohorts.noise else one.cohorts.noise
            rest = float(held.sum(axis=0).mean()) / max(one.launched, 1.0)
            found = found + held * (1.0 - rest * (1.0 - noise))
            total = total + held
        ratio = np.divide(found, total, out=np.ones_like(total), where=total > 0.0)
        return np.maximum(ratio, 0.02)

    # -------------------------------------------------- rounds

    def _stocks(self, uses: list[_Use]) -> list[stocks.Stock]:
        """Let the demand draw from each magazine."""
        found = []
        for m, (battery, magazine) in enumerate(self.magazines):
            demands = []
            for use in uses:
                p = use.pairing
                if p.magazine == m:
                    each = p.looks.sum(axis=1)
                    second = (p.looks * (2.0 * np.arange(p.looks.shape[1]) + 1.0)).sum(axis=1)
                    rounds = use.threats * use.done * each * p.size
                    one = self.coming[p.salvo]
                    burst = p.size * second / np.maximum(each, _LEAST)
                    demands.append(stocks.Demand(rounds, burst, one.launched, one.priority > 0))
            found.append(stocks.draw(magazine, battery.count, demands, self.edges, self.nights))
        return found

    def _shares(self, uses: list[_Use], state: list[stocks.Stock]) -> list[Numbers]:
        """Most ready rounds first: of all rounds drawn so far, what each group has given.

        Engagements that its channels have no time for go to those of the others.
        """
        rounds, work = 0.0, 0.0
        for use in uses:
            p = use.pairing
            has = rounds_for(state[p.magazine], self.coming[p.salvo].priority)
            done = use.threats * use.done * has * p.looks.sum(axis=1)
            rounds, work = rounds + np.cumsum(done * p.size, axis=0), work + done
        levels = [
            min(sum(float(m.rounds) for m in b.magazines), 1e12) * (1.0 - 1e-3 * g)
            if any(np.isinf(float(m.rounds)) for m in b.magazines)
            else sum(float(m.rounds) for m in b.magazines)
            for g, b in enumerate(self.layer.batteries)
        ]
        counts = [b.count for b in self.layer.batteries]
        knots = np.array(sorted({*levels, 0.0}, reverse=True))
        given = np.array([c * np.maximum(level - knots, 0.0) for c, level in zip(counts, levels)])
        total = given.sum(axis=0)
        rounds = np.minimum(rounds, total[-1])
        so_far = [np.interp(rounds, total, row) for row in given]
        first = [np.vstack([row[:1], np.diff(row, axis=0)]) for row in so_far]
        every = np.maximum(np.sum(first, axis=0), _LEAST)
        lengths = np.diff(self.edges)[:, np.newaxis]
        room = [np.full_like(work, self._pace(g)) * lengths for g in self._groups()]
        mine = [np.minimum(row / every * work, r) for row, r in zip(first, room)]
        over = np.maximum(work - np.sum(mine, axis=0), 0.0)
        spare = [r - one for r, one in zip(room, mine)]
        spared = np.maximum(np.sum(spare, axis=0), _LEAST)
        return [
            np.where(work > _LEAST, one + over * left / spared + 1e-9 * self._pace(g), self._pace(g))
            for g, (one, left) in enumerate(zip(mine, spare))
        ]

    # -------------------------------------------------- what came of it

    def _outcome(self, uses: list[_Use], state: list[stocks.Stock]) -> Outcome:
        many, groups = len(self.magazines), len(self.layer.batteries)
        expended = np.zeros((many, self.nights))
        for use in uses:
            expended[use.pairing.magazine] += self._done(use, state).sum(axis=0) * use.pairing.size
        reloaded = np.array([s.reloaded for s in state]).reshape(many, self.nights)
        held = [float(m.rounds) * b.count for b, m in self.magazines]
        limit = np.array(held).reshape(many, 1) + reloaded
        # Several magazines may not have come to terms wholly: none gives more than it holds.
        met = np.minimum(1.0, limit / np.maximum(expended, _LEAST))
        killed = [np.zeros_like(c.held) for c in self.coming]
        work = [np.zeros((2, self.nights)) for _ in self.coming]
        engagements, busy = np.zeros((groups, self.nights)), np.zeros((groups, self.nights))
        for use in uses:
            p = use.pairing
            done = self._done(use, state) * met[p.magazine]
            number = done.sum(axis=0)
            engagements[p.group] += number
            busy[p.group] += number * p.cycle
            work[p.salvo] += number, (use.threats * p.looks.sum(axis=1)).sum(axis=0)
            ratio = p.kills / np.maximum(p.looks.sum(axis=1), _LEAST)
            place, starts = self.cells[p.salvo]
            killed[p.salvo] += np.add.reduceat((done * ratio)[place], starts, axis=0)
        killed = [np.minimum(k, c.held) for k, c in zip(killed, self.coming)]
        served = [np.minimum(w[0] / np.maximum(w[1], _LEAST), 1.0) for w in work]
        return Outcome(
            killed, served, expended * met, reloaded,
            np.array([s.dry for s in state]).reshape(many, self.nights),
            self._depletion(state), engagements, busy,
        )

    def _done(self, use: _Use, state: list[stocks.Stock]) -> Numbers:
        """Engagements of a pairing (bins, nights)."""
        p = use.pairing
        has = rounds_for(state[p.magazine], self.coming[p.salvo].priority)
        return use.threats * use.done * p.looks.sum(axis=1) * has

    def _depletion(self, state: list[stocks.Stock]) -> Numbers:
        """Time at which it is as likely as not that the last round has left."""
        found = np.full((len(state), self.nights), np.nan)
        for m, stock in enumerate(state):
            for n in np.flatnonzero(stock.dry >= 0.5):
                gone = np.flatnonzero(stock.urgent[:, n] < 0.5)
                found[m, n] = self.edges[gone[0]] if len(gone) else self.edges[-1]
        return found


def rounds_for(stock: stocks.Stock, priority: int) -> Numbers:
    """Chance that there are rounds for a threat of that priority."""
    return stock.urgent if priority >= 1 else stock.plain


def ahead_shape(has: dict[int, Numbers]) -> Numbers:
    """Any array of the shape (bins, nights)."""
    return next(iter(has.values()))
