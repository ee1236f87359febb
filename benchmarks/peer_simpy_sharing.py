"""The raid of `sharing` in SimPy: commands, tracks, pools, depots, and luck that a threat keeps.

Threats, tracks, engagements and reloads are processes. Whoever frees something serves the batteries
that may use it.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from dataclasses import replace
from random import Random

import numpy as np
import simpy
from measure import Counts, Run, clocked
from sharing import Layer, Sharing
from simpy.events import Event

Process = Generator[Event, None, None]
_TICKS = 1_000_000
"""In a second. All times are whole ticks, so that those which should be equal are."""
_KILL, _WAKE, _CHANNEL, _LANDING, _TRACK, _OPENING = (n * 10_000 for n in range(6))
"""Order of events at one tick."""
_STEP = 1e-6
"""Ticks by which an event is later than the one before it in that order."""


def in_ticks(case: Sharing) -> Sharing:
    """Return the case with whole ticks instead of seconds."""
    names = "opens", "closes", "reaction", "flight", "assessment", "interval", "reload_time"
    layers = (
        replace(own, **{name: round(getattr(own, name) * _TICKS) for name in names})
        for own in case.layers
    )
    depth = round(case.depth * _TICKS)
    return replace(case, layers=tuple(layers), seconds=case.seconds * _TICKS, depth=depth)


class Luck:
    """Draws that come from one uniform number if the threat keeps its luck."""

    def __init__(self, rng: Random, common: float) -> None:
        self.rng = rng
        self.kept = rng.random() if rng.random() < common else None

    def is_below(self, chance: float) -> bool:
        """Draw a decision of this probability."""
        return (self.rng.random() if self.kept is None else self.kept) < chance


class View:
    """What one command knows of a threat."""

    def __init__(self) -> None:
        self.by: Station | None = None  # who engages it
        self.gone = False
        self.engagements = 0


class Threat:
    """One threat: its luck, its death, and what each command knows of it."""

    def __init__(self, raid: Raid, number: int, arrival: int, is_hunter: bool) -> None:
        case, rng = raid.case, raid.rng
        self.number, self.arrival, self.is_hunter = number, arrival, is_hunter
        self.death = math.inf
        self.detection, self.kill = Luck(rng, case.common_detection), Luck(rng, case.common_kill)
        self.views = {layer.command: View() for layer in case.layers}

    def fly(self, raid: Raid) -> Process:
        """Pass the windows, and land."""
        for number, station in enumerate(raid.stations):  # outermost first
            yield raid.at(self.arrival + station.layer.opens, _OPENING + number)
            if self.death > raid.now:
                station.open(self)
        yield raid.at(self.arrival + raid.case.depth, _LANDING)
        lands = self.is_hunter and self.death > raid.now
        if lands and raid.rng.random() < raid.case.lethality:
            raid.batteries[0].hit()


class Battery:
    """A battery with its channels, rounds and launches."""

    def __init__(self, station: Station, number: int) -> None:
        self.station, self.raid, self.layer = station, station.raid, station.layer
        self.number = number  # among all batteries
        self.free, self.ready = self.layer.channels, self.layer.rounds
        self.launches: list[float] = []
        self.damage, self.wakes, self.is_called = 0, -1.0, False

    @property
    def is_lost(self) -> bool:
        """Whether hits have destroyed it."""
        return self.damage >= self.layer.staying_power

    def hit(self) -> None:
        """Be hit; a battery that is lost loses its rounds."""
        self.damage += 1
        if self.is_lost:
            self.ready = 0
            for threat in [*self.station.tracked]:
                self.station.watch(threat)

    def may_launch(self, decided: float) -> bool:
        """Whether a launch keeps the interval from all others."""
        launch = decided + self.layer.reaction
        return all(abs(launch - own) >= self.layer.interval for own in self.launches)

    def target(self) -> Threat | None:
        """The most urgent threat that it can engage now."""
        raid, layer = self.raid, self.layer
        if not self.free or not self.ready or (layer.pooled and not raid.pool):
            return None
        able = [threat for threat in self.station.held if self.station.may_engage(threat)]
        able = [t for t in able if t.views[layer.command].by is None]
        if not able:
            return None
        if not self.may_launch(raid.now):
            raid.env.process(self.wake())
            return None
        return min(able, key=lambda own: (own.arrival, own.number))

    def wake(self) -> Process:
        """Decide again when the interval allows a launch."""
        ends = [own + self.layer.interval - self.layer.reaction for own in self.launches]
        later = min(end for end in ends if end > self.raid.now and self.may_launch(end))
        if later != self.wakes:
            self.wakes = later
            yield self.raid.at(later, _WAKE + self.number)
            self.raid.serve([self])

    def engage(self, threat: Threat) -> None:
        """Fire a salvo, and start the processes that end the engagement."""
        layer, now = self.layer, self.raid.now
        size = layer.salvo_size
        if layer.thrift is not None and self.ready <= layer.thrift[0]:
            size = min(size, layer.thrift[1])
        decisions: list[float] = []
        for later in (now + k * layer.interval for k in range(min(size, self.ready))):
            in_time = later + layer.to_hit <= threat.arrival + layer.closes
            if not in_time or not self.may_launch(later):
                break
            decisions.append(later)
        self.launches += [decided + layer.reaction for decided in decisions]
        hits = [decided + layer.to_hit for decided in decisions]
        if threat.death > now:
            for hit in hits:
                if threat.kill.is_below(self.raid.case.kill_probability):
                    self.raid.env.process(self.raid.killed(threat, hit))
                    break
        self.raid.spent += len(hits)
        self.ready -= len(hits)
        self.free -= 1
        self.raid.pool -= layer.pooled
        view = threat.views[layer.command]
        view.by, view.engagements = self.station, view.engagements + 1
        if view.engagements == self.raid.case.max_engagements:
            self.raid.watch(threat, layer.command)
        end = hits[-1] + layer.assessment
        if layer.hold != "assessment":
            held = {"intercept": hits[-1], "launch": hits[-1] - layer.flight}
            self.raid.env.process(self.release(threat, held[layer.hold]))
        self.raid.env.process(self.assess(threat, end))
        self.call()

    def release(self, threat: Threat, time: float) -> Process:
        """Return a channel that is not held to the assessment."""
        yield self.raid.at(time, self.rank(0, threat))
        self.raid.serve(self.freed())

    def freed(self) -> list[Battery]:
        """Return the channel, and that of the pool; the batteries that may use it."""
        self.free += 1
        self.raid.pool += self.layer.pooled
        sharing = [own for own in self.raid.batteries if own.layer.pooled]
        return sharing if self.layer.pooled else [self]

    def assess(self, threat: Threat, time: float) -> Process:
        """End the engagement; a live threat is available again."""
        yield self.raid.at(time, self.rank(1, threat))
        command = self.layer.command
        concerned = self.freed() if self.layer.hold == "assessment" else []
        threat.views[command].by = None
        if threat.death <= self.raid.now:
            self.raid.drop(threat, command)
        else:
            self.raid.watch(threat, command)
            own = [s for s in self.raid.stations if s.layer.command == command]
            concerned += [b for s in own if threat in s.held for b in s.batteries]
        self.raid.serve(concerned)

    def rank(self, kind: int, threat: Threat | None = None) -> int:
        """Order of a release, an assessment or a reload among those of one tick."""
        return _CHANNEL + 1_000 * self.number + 300 * kind + (threat.number if threat else 0)

    def call(self) -> None:
        """Call a reload if few rounds are ready, and none is on its way."""
        layer, raid = self.layer, self.raid
        wanted = layer.reload_rounds > 0 and self.ready <= layer.reload_at
        if wanted and not self.is_called and not self.is_lost and raid.depot:
            rounds = min(layer.reload_rounds, raid.depot)
            raid.depot -= rounds
            self.is_called = True
            raid.env.process(self.reload(rounds))

    def reload(self, rounds: int) -> Process:
        """Rounds arrive, unless the battery is lost."""
        yield self.raid.at(self.raid.now + self.layer.reload_time, self.rank(2))
        self.is_called = False
        if not self.is_lost:
            self.ready += rounds
            self.call()
            self.raid.serve([self])


class Station:
    """A layer: what it holds, what it tracks, and what waits for a track."""

    def __init__(self, raid: Raid, layer: Layer, first: int) -> None:
        self.raid, self.layer = raid, layer
        self.batteries = [Battery(self, first + n) for n in range(layer.batteries)]
        self.held: set[Threat] = set()
        self.waiting: set[Threat] = set()
        self.tracked: set[Threat] = set()

    @property
    def has_track(self) -> bool:
        """Whether a track is free."""
        return self.layer.tracks is None or len(self.tracked) < self.layer.tracks

    def may_engage(self, threat: Threat) -> bool:
        """Whether an engagement is allowed and fits in time from now on."""
        return self.latest(threat) >= self.raid.now

    def latest(self, threat: Threat) -> float:
        """Latest time of a decision to engage a threat."""
        view, most = threat.views[self.layer.command], self.raid.case.max_engagements
        is_over = view.gone or (most is not None and view.engagements >= most)
        if is_over or all(battery.is_lost for battery in self.batteries):
            return -math.inf
        return threat.arrival + self.layer.closes - self.layer.to_hit

    def open(self, threat: Threat) -> None:
        """A window opens: see the threat, and hold it or let it wait for a track."""
        if threat.detection.is_below(self.layer.detection):
            if self.has_track:
                self.hold(threat)
            elif self.may_engage(threat):
                self.waiting.add(threat)

    def hold(self, threat: Threat) -> None:
        """Hold a threat, on a track if the layer needs one."""
        if self.may_engage(threat):
            self.held.add(threat)
            if self.layer.tracks is not None:
                self.tracked.add(threat)
                self.watch(threat)
            self.raid.serve(self.batteries)

    def watch(self, threat: Threat) -> None:
        """Release a track when it is of no use any more."""
        if threat in self.tracked:
            is_own = threat.views[self.layer.command].by is self
            end = threat.arrival + self.layer.closes if is_own else self.latest(threat)
            self.raid.env.process(self.watched(threat, max(end, self.raid.now)))

    def watched(self, threat: Threat, end: float) -> Process:
        """Look at a track when it may be of no use."""
        yield self.raid.at(end, self.rank)
        is_own = threat.views[self.layer.command].by is self
        end = threat.arrival + self.layer.closes if is_own else self.latest(threat)
        if threat in self.tracked and end <= self.raid.now:
            self.release(threat)
        elif threat in self.tracked:
            self.watch(threat)

    def release(self, threat: Threat) -> None:
        """Free a track, and give it away at the end of the tick."""
        self.held.discard(threat)
        if threat in self.tracked:
            self.tracked.remove(threat)
            self.raid.env.process(self.give())

    def give(self) -> Process:
        """Give a track to the threat that leaves first."""
        yield self.raid.at(self.raid.now, self.rank + 1)
        able = [own for own in self.waiting if own.death > self.raid.now and self.may_engage(own)]
        if able and self.has_track:
            following = min(able, key=lambda own: (own.arrival, own.number))
            self.waiting.remove(following)
            self.hold(following)

    @property
    def rank(self) -> int:
        """Order among the layers when tracks are released and given."""
        return _TRACK + 10 * self.raid.stations.index(self)


class Raid:
    """One replication."""

    def __init__(self, case: Sharing, rng: Random) -> None:
        self.case, self.rng, self.env = case, rng, simpy.Environment()
        self.stations: list[Station] = []
        self.batteries: list[Battery] = []
        for layer in case.layers:
            self.stations.append(Station(self, layer, len(self.batteries)))
            self.batteries += self.stations[-1].batteries
        self.pool, self.depot, self.spent = case.pool, case.depot, 0
        number = case.drones + case.hunters
        self.threats = [
            Threat(self, n, int(rng.uniform(0, case.seconds)), n >= case.drones)
            for n in range(number)
        ]
        for battery in self.batteries:
            battery.call()
        for threat in self.threats:
            self.env.process(threat.fly(self))

    @property
    def now(self) -> int:
        """The tick."""
        return int(self.env.now)

    def at(self, tick: float, rank: int) -> Event:
        """Return the event of a tick, in the order of its rank."""
        return self.env.timeout(max(tick + _STEP * rank - self.env.now, 0.0))

    def serve(self, concerned: Iterable[Battery]) -> None:
        """Let batteries fire, outermost layer first, in the order of each layer's selection."""
        own = set(concerned)
        for station in self.stations:
            able = [battery for battery in station.batteries if battery in own]
            while shots := [(b, t) for b in able if (t := b.target()) is not None]:
                ranks = {
                    "listed": lambda shot: 0,
                    "most_rounds": lambda shot: -shot[0].ready,
                    "least_loaded": lambda shot: -shot[0].free,
                }
                battery, threat = min(shots, key=ranks[station.layer.selection])
                battery.engage(threat)

    def killed(self, threat: Threat, hit: float) -> Process:
        """Other commands that do not engage a threat drop it when it is hit."""
        threat.death = min(threat.death, hit)
        yield self.at(hit, _KILL)
        for command, view in threat.views.items():
            if view.by is None:
                self.drop(threat, command)

    def drop(self, threat: Threat, command: str | None) -> None:
        """A command believes a threat dead."""
        threat.views[command].gone = True
        for station in self.stations:
            if station.layer.command == command:
                station.waiting.discard(threat)
                station.release(threat)

    def watch(self, threat: Threat, command: str | None) -> None:
        """See which tracks of a command are still of use."""
        for station in self.stations:
            if station.layer.command == command:
                station.watch(threat)


def raid(case: Sharing) -> Run:
    """Return the run of the case."""

    def compute(replications: int, seed: int) -> Counts:
        rng, ticked = Random(seed), in_ticks(case)  # noqa: S311
        counts = np.zeros((2, replications), dtype=np.int64)
        for k in range(replications):
            own = Raid(ticked, rng)
            own.env.run()
            counts[:, k] = sum(t.death == math.inf for t in own.threats), own.spent
        return counts[0], counts[1]

    return lambda replications, seed: clocked(lambda: compute(replications, seed))
