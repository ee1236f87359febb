"""Raids and the queue in idiomatic SimPy.

A threat is a process that passes the windows, and an engagement is one that ends with the
assessment. SimPy's resources do not know which battery decides first, reserved rounds, or that no
two batteries engage one threat, so channels and rounds are counters.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from heapq import heappop, heappush
from random import Random

import numpy as np
import simpy
from cases import Queue
from measure import Counts, Run, clocked
from raid import Post, Raid, Salvo, Window
from simpy.events import Event

CANNOT = (
    "has no windows, magazines or deadlines of its own: each rule is the user's Python; "
    "no replication can be addressed or replayed; the raid that it is given has rings around one "
    "point, so it skips the case places"
)

Process = Generator[Event, None, None]


class Battery:
    """Free channels and ready rounds of a battery."""

    def __init__(self, post: Post) -> None:
        self.free, self.rounds = post.channels, post.rounds


class Station:
    """Batteries of one layer on one axis, and the threats that wait for them."""

    def __init__(self, defence: Defence, post: Post, rng: Random) -> None:
        self.defence, self.post, self.to_hit = defence, post, post.to_hit
        self.batteries = [Battery(post) for _ in range(post.batteries)]
        self.waiting: list[tuple[int, float, int, Threat]] = []  # a heap, most urgent first
        self.spent = 0
        # An uncertain kill probability is drawn once a replication.
        kills = [window.kill if window else 0.0 for window in post.windows]
        self.kills = [rng.betavariate(*p) if isinstance(p, tuple) else p for p in kills]

    def offer(self, threat: Threat) -> None:
        """Let a threat wait."""
        close = threat.arrival + threat.windows[self].closes
        heappush(self.waiting, (-threat.salvo.priority, close, threat.number, threat))

    def serve(self) -> None:
        """Batteries decide one after the other, the one with most rounds first."""
        if self.waiting:
            able = [battery for battery in self.batteries if battery.free and battery.rounds]
            for battery in sorted(able, key=lambda battery: -battery.rounds):
                self.shoot(battery)

    def shoot(self, battery: Battery) -> None:
        """Engage the most urgent threats as long as there are channels and rounds."""
        now, waiting, reserved = self.defence.env.now, self.waiting, self.post.reserved
        while waiting and battery.free:
            _, close, _, threat = waiting[0]
            if threat.engaged or threat.death < math.inf or now + self.to_hit > close:
                heappop(waiting)
                continue
            rounds = battery.rounds if threat.salvo.priority else battery.rounds - reserved
            if rounds <= 0:  # nor for the others, which have no higher priority
                return
            heappop(waiting)
            self.engage(battery, threat, min(rounds, threat.windows[self].salvo_size))

    def engage(self, battery: Battery, threat: Threat, rounds: int) -> None:
        """Fire, and start the process that ends the engagement."""
        defence = self.defence
        battery.free -= 1
        battery.rounds -= rounds
        self.spent += rounds
        threat.engaged = True
        survival = (1.0 - self.kills[threat.salvo.kind]) ** rounds
        if defence.rng.random() >= survival:
            threat.death = defence.env.now + self.to_hit
        defence.env.process(self.engagement(battery, threat))

    def engagement(self, battery: Battery, threat: Threat) -> Process:
        """Free the channel after the assessment; a live threat is available again."""
        yield self.defence.env.timeout(self.post.total)
        battery.free += 1
        threat.engaged = False
        if threat.death < math.inf:
            self.shoot(battery)
            return
        for station in threat.held:
            station.offer(threat)
        for station in threat.held:
            station.serve()


class Threat:
    """One threat: whether it is engaged, when it dies, and the stations that hold it."""

    def __init__(
        self, salvo: Salvo, number: int, arrival: float, windows: dict[Station, Window]
    ) -> None:
        self.salvo, self.number, self.arrival, self.windows = salvo, number, arrival, windows
        self.engaged, self.death = False, math.inf
        self.held: list[Station] = []

    def fly(self, defence: Defence) -> Process:
        """Pass the windows, outermost first."""
        env, random = defence.env, defence.rng.random
        yield env.timeout(self.arrival)
        for station, window in self.windows.items():
            if (ahead := self.arrival + window.opens - env.now) > 0.0:
                yield env.timeout(ahead)
            if self.death <= env.now:
                return
            if random() < window.soft_kill:
                self.death = env.now
                return
            is_seen = window.salvo_size and random() < window.detection
            if is_seen and random() >= window.dismissal:
                self.held.append(station)
                if not self.engaged:
                    station.offer(self)
                    station.serve()


class Defence:
    """One replication of a raid."""

    def __init__(self, raid: Raid, rng: Random) -> None:
        self.env, self.rng = simpy.Environment(), rng
        self.axes = [[Station(self, post, rng) for post in axis] for axis in raid.axes]
        self.threats: list[Threat] = []
        for salvo in raid.salvos:
            way = {
                station: window
                for station in self.axes[salvo.axis]
                if (window := station.post.windows[salvo.kind]) is not None
            }
            for _ in range(salvo.threats):
                arrival = rng.uniform(salvo.start, salvo.stop)
                threat = Threat(salvo, len(self.threats), arrival, way)
                self.threats.append(threat)
                self.env.process(threat.fly(self))

    @property
    def leaked(self) -> int:
        """Real threats that got through."""
        return sum(t.death == math.inf and not t.salvo.decoy for t in self.threats)

    @property
    def spent(self) -> int:
        """Rounds spent."""
        return sum(station.spent for axis in self.axes for station in axis)


def raid(given: Raid) -> Run:
    """Return the run of a raid."""

    def compute(replications: int, seed: int) -> Counts:
        rng = Random(seed)  # noqa: S311
        counts = np.zeros((2, replications), dtype=np.int64)
        for k in range(replications):
            defence = Defence(given, rng)
            defence.env.run()
            counts[:, k] = defence.leaked, defence.spent
        return counts[0], counts[1]

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


class Queueing:
    """One replication of the queue."""

    def __init__(self, case: Queue, rng: np.random.Generator) -> None:
        self.env, self.case = simpy.Environment(), case
        self.channels = simpy.Resource(self.env, case.channels)
        self.lost = 0
        self.gaps = rng.exponential(1.0 / case.rate, case.threats).tolist()
        self.services = rng.exponential(case.service, case.threats).tolist()
        self.env.process(self.arrivals())

    def arrivals(self) -> Process:
        """Generate arrivals."""
        for gap, service in zip(self.gaps, self.services, strict=True):
            yield self.env.timeout(gap)
            self.env.process(self.customer(service))

    def customer(self, service: float) -> Process:
        """Be served, or leave when patience ends."""
        with self.channels.request() as request:
            if not request.triggered and self.case.patience:
                yield request | self.env.timeout(self.case.patience)
            if request.triggered:
                yield self.env.timeout(service)
            else:
                self.lost += 1


def queue(case: Queue) -> Run:
    """Return the run of the queue."""

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        lost = np.zeros(replications, dtype=np.int64)
        for k in range(replications):
            station = Queueing(case, rng)
            station.env.run()
            lost[k] = station.lost
        return lost, None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))
