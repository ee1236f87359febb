"""The layered case and the queue in idiomatic SimPy: processes that hold resources.

A threat is a process. It requests a channel from every battery in whose window it is, ordered by
deadline, takes the outermost one granted, and withdraws the other requests.
"""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import simpy
from cases import Layered, Queue
from measure import Counts, Run, clocked
from simpy.events import AnyOf, Event
from simpy.resources.resource import PriorityRequest

CANNOT = (
    "has no windows, magazines or deadlines of its own: each rule is the user's Python; "
    "no replication can be addressed or replayed"
)

Process = Generator[Event, None, None]


class Battery:
    """A battery: channels as a resource, rounds as a counter."""

    def __init__(self, env: simpy.Environment, layer: int, case: Layered) -> None:
        self.channels = simpy.PriorityResource(env, case.channels)
        self.rounds = case.rounds
        self.layer = layer


class Defence:
    """One replication of the layered case."""

    def __init__(self, case: Layered, rng: np.random.Generator) -> None:
        self.env, self.case, self.rng = simpy.Environment(), case, rng
        self.times = case.times
        steps = [(of.opens, True, i) for i, of in enumerate(self.times)]
        steps += [(of.latest, False, i) for i, of in enumerate(self.times)]
        self.agenda = sorted(steps)
        self.leaked = self.spent = 0
        for count in case.salvos:
            layers = [[Battery(self.env, i, case)] for i in range(case.layers)]
            for arrival in rng.uniform(0.0, case.seconds, count).tolist():
                self.env.process(Threat(self, arrival, layers).fly())


class Threat:
    """One threat, its open windows, and its pending requests."""

    def __init__(self, defence: Defence, arrival: float, layers: list[list[Battery]]) -> None:
        self.defence, self.arrival, self.layers = defence, arrival, layers
        self.within: set[int] = set()
        self.pending: dict[Battery, PriorityRequest] = {}
        self.step = 0

    def fly(self) -> Process:
        """Pass the windows, queue for channels, and be engaged."""
        env = self.defence.env
        held: tuple[Battery, PriorityRequest] | None = None
        yield env.timeout(self.arrival)
        while True:
            self.advance()
            self.ask()
            if held is not None:  # only now, so that a missed threat competes for its own channel
                held[0].channels.release(held[1])
                held = None
            if (battery := self.granted()) is not None:
                held = battery, self.pending.pop(battery)
                yield self.engage(battery)
                if self.defence.rng.random() < self.defence.case.kill_probability:
                    battery.channels.release(held[1])
                    return
            elif (offset := self.next_step()) is not None:
                wake = env.timeout(max(0.0, self.arrival + offset - env.now))
                yield AnyOf(env, [*self.pending.values(), wake]) if self.pending else wake
            else:
                self.defence.leaked += 1
                return

    def advance(self) -> None:
        """Enter windows that have opened, and leave those too late for an engagement."""
        agenda, now = self.defence.agenda, self.defence.env.now
        while self.step < len(agenda) and self.arrival + agenda[self.step][0] <= now:
            _, opens, layer = agenda[self.step]
            (self.within.add if opens else self.within.discard)(layer)
            self.step += 1

    def next_step(self) -> float | None:
        """Return the time of the next change; an event per window would double the cost."""
        for offset, opens, layer in self.defence.agenda[self.step :]:
            for battery in self.layers[layer]:
                if battery.rounds if opens else battery in self.pending:
                    return offset
        return None

    def ask(self) -> None:
        """Request a channel wherever an engagement is possible; withdraw the other requests."""
        for battery in list(self.pending):
            if battery.layer not in self.within or not battery.rounds:
                _withdraw(battery, self.pending.pop(battery))
        for layer in self.within:
            for battery in self.layers[layer]:
                if battery.rounds and battery not in self.pending:
                    deadline = self.arrival + self.defence.times[layer].closes
                    request = battery.channels.request(priority=int(1e6 * deadline))
                    self.pending[battery] = request

    def granted(self) -> Battery | None:
        """Return the battery that has a channel for it: outermost, then most rounds, first."""
        ready = [battery for battery, request in self.pending.items() if request.triggered]
        return min(ready, key=lambda b: (b.layer, -b.rounds), default=None)

    def engage(self, battery: Battery) -> Event:
        """Spend a round, leave the other queues, and return the end of the assessment."""
        for other, request in self.pending.items():
            _withdraw(other, request)
        self.pending.clear()
        battery.rounds -= 1
        self.defence.spent += 1
        return self.defence.env.timeout(self.defence.times[battery.layer].total)


def _withdraw(battery: Battery, request: PriorityRequest) -> None:
    if request.triggered:
        battery.channels.release(request)
    else:
        request.cancel()


def layered(case: Layered) -> Run:
    """Return the run of the layered case."""

    def compute(replications: int, seed: int) -> Counts:
        rng = np.random.default_rng(seed)
        counts = np.zeros((2, replications), dtype=np.int64)
        for k in range(replications):
            defence = Defence(case, rng)
            defence.env.run()
            counts[:, k] = defence.leaked, defence.spent
        return counts[0], counts[1]

    return lambda replications, seed: clocked(lambda: compute(replications, seed))


class Station:
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
            station = Station(case, rng)
            station.env.run()
            lost[k] = station.lost
        return lost, None

    return lambda replications, seed: clocked(lambda: compute(replications, seed))
