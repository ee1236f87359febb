"""The model in plain Python: slow, readable from top to bottom, and the specification.

The compiled kernel must give exactly the numbers of this engine, event by event. It shares the
addressed draws and the rounding to whole ticks and thresholds (`leakthrough.model.discrete`)
with the kernel, and nothing else: it reads the scenario itself, keeps every event in one heap,
and after each event asks every battery concerned about every threat.
"""

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leakthrough.model import scenario as model
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.base import Frozen
from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE, threshold, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.reference.draws import Night, quantile, time_or_draw, unit
from leakthrough.reference.entities import (
    CAUSES,
    Battery,
    Engagement,
    Event,
    Holding,
    Magazine,
    Threat,
)

# ---------------------------------------------------------------- the raid


def first_holding(magazine: model.Magazine) -> Holding:
    """What a magazine begins a first raid with: the reload of an empty one has been called."""
    if magazine.rounds == 0 and magazine.reloads > 0:
        return Holding(0, magazine.reloads - 1, ticks(magazine.reload_time))
    return Holding(magazine.rounds, magazine.reloads)


class Raid:
    """One raid of one replication: build it, `run` it, read its threats and batteries.

    `raid` is its number in a campaign, `sizes` the salvos whose number of threats is drawn,
    `holdings` (by battery and interceptor) and `lost` (batteries) what earlier raids left.
    """

    def __init__(
        self,
        scenario: model.Scenario,
        seed: int,
        replication: int,
        timeline: Sequence[float] = (),
        *,
        raid: int = 0,
        sizes: Mapping[str, Distribution] = Frozen(),
        holdings: Mapping[tuple[str, str], Holding] | None = None,
        lost: Iterable[str] = (),
    ) -> None:
        self.scenario, self.sizes = scenario, sizes
        self.night = Night(seed, replication, raid)
        self.kinds = {threat.name: threat for threat in scenario.threats}
        self.layers = sorted(scenario.layers, key=lambda layer: -layer.outer_range)
        self.edge = max((layer.outer_range for layer in self.layers), default=0.0)
        self.up = {layer.name: self._is_up(layer) for layer in self.layers}
        self.batteries = self._batteries(holdings, set(lost))
        self.threats = self._threats()
        self.horizon = max((threat.target_tick for threat in self.threats), default=None)
        self.heap: list[Any] = []
        self.events: list[Event] = []
        self.tally: Counter[tuple[str, str, bool]] = Counter()  # rounds, by whether they killed
        self.samples = [ticks(time) for time in timeline]
        self.sampled: list[tuple[list[float], list[int]]] = []

    def _is_up(self, layer: model.Layer) -> bool:
        word = self.night.draw(("availability", layer.name))[0]
        return bool(word < threshold(layer.sensor.availability))

    def _batteries(
        self, holdings: Mapping[tuple[str, str], Holding] | None, lost: set[str]
    ) -> list[Battery]:
        interceptors = {item.name: item for item in self.scenario.interceptors}
        batteries: list[Battery] = []
        magazines = 0
        for layer in self.layers:
            for spec in layer.batteries:
                for member, name in enumerate(spec.names):
                    own: list[Magazine] = []
                    for m in spec.magazines:
                        held = holdings[name, m.interceptor] if holdings else first_holding(m)
                        rounds = held.ready, held.reloads, held.due
                        order = magazines + len(own)
                        own.append(Magazine(m, interceptors[m.interceptor], order, *rounds))
                    magazines += len(own)
                    place = len(batteries), own, spec.channels, name in lost
                    batteries.append(Battery(spec, name, member, layer, *place))
        return batteries

    @property
    def holdings(self) -> dict[tuple[str, str], Holding]:
        """What each magazine holds now, by battery and interceptor."""
        return {
            (battery.name, m.interceptor.name): Holding(m.ready, m.reloads, m.due)
            for battery in self.batteries
            for m in battery.magazines
        }

    def _size(self, salvo: model.Salvo) -> int:
        """How many threats come: drawn once a raid where the salvo has a distribution."""
        if salvo.name not in self.sizes:
            return salvo.count
        word = self.night.draw(("size", salvo.name))[0]
        return max(quantile(self.sizes[salvo.name], 1, unit(word)), 0)

    def _threats(self) -> list[Threat]:
        threats: list[Threat] = []
        for salvo in self.scenario.salvos:
            kind = self.kinds[salvo.threat]
            for number, arrival in enumerate(self._arrivals(salvo)):
                target = arrival + ticks(self.edge / kind.speed)
                threats.append(Threat(salvo, kind, number, len(threats), arrival, target))
        return threats

    def _arrivals(self, salvo: model.Salvo) -> list[int]:
        """Arrival ticks in order. Exponential spacings over their sum are uniform and sorted."""
        arrival, count = salvo.arrival, self._size(salvo)
        if isinstance(arrival, At):
            return [ticks(arrival.time)] * count
        if isinstance(arrival, Times):
            return sorted(ticks(time) for time in arrival.times)
        if isinstance(arrival, Regular):
            return [ticks(arrival.start + n * arrival.interval) for n in range(count)]
        sums = self.night.exponentials(("arrival", salvo.name), count + 1)
        if isinstance(arrival, Poisson):
            start, mean = arrival.start * TICKS_A_SECOND, TICKS_A_SECOND / arrival.rate
            return [math.floor(start + total * mean + 0.5) for total in sums[:-1]]
        shares = [total / sums[-1] for total in sums[:-1]]
        if isinstance(arrival, Uniform):
            start = arrival.start * TICKS_A_SECOND
            length = (arrival.stop - arrival.start) * TICKS_A_SECOND
            return [math.floor(start + share * length + 0.5) for share in shares]
        return [quantile(arrival, TICKS_A_SECOND, share) for share in shares]

    # -------------------------------------------------- windows

    def opening(self, threat: Threat, layer: model.Layer) -> int:
        """Tick at which a threat comes into a layer's reach."""
        return threat.arrival + ticks((self.edge - layer.outer_range) / threat.kind.speed)

    def closing(self, threat: Threat, layer: model.Layer) -> int:
        """Tick at which it leaves it: rounding must not shorten the window."""
        width = ticks((layer.outer_range - layer.inner_range) / threat.kind.speed)
        return self.opening(threat, layer) + width

    # -------------------------------------------------- what a battery can do

    def can_kill(self, magazine: Magazine, threat: Threat) -> bool:
        """Whether the kill probability is above 0 (a distribution always is)."""
        value = magazine.interceptor.kill_probability.get(threat.kind.name, 0.0)
        return isinstance(value, Distribution) or value > 0

    def armoury(self, battery: Battery, threat: Threat) -> list[Magazine]:
        """The magazines that a battery may fire at a threat, in order of preference."""
        if battery.spec.axes and threat.salvo.axis not in battery.spec.axes:
            return []
        named = {magazine.interceptor.name: magazine for magazine in battery.magazines}
        preference = battery.spec.doctrine.preference.get(threat.kind.name, tuple(named))
        return [named[name] for name in preference if self.can_kill(named[name], threat)]

    def words(self, battery: Battery, threat: Threat) -> Any:
        """Words for reaction, flight, assessment and its error of the next engagement."""
        address = ("engagement", threat.salvo.name, battery.spec.name, battery.member)
        return self.night.draw(address, threat.number, battery.fired.get(threat, 0))

    def delay(self, battery: Battery, magazine: Magazine, threat: Threat) -> int:
        """Reaction and flight time, as drawn for the next engagement: the battery knows them."""
        words = self.words(battery, threat)
        reaction = time_or_draw(battery.spec.reaction_time, words[0])
        return reaction + time_or_draw(magazine.interceptor.flight_time, words[1])

    def magazine_for(self, battery: Battery, threat: Threat, tick: int) -> Magazine | None:
        """The magazine with which a battery can engage a threat now, if any."""
        limit = battery.spec.doctrine.max_salvos
        if (
            battery.lost
            or battery.free == 0
            or threat.phase != "free"
            or battery.layer.name not in threat.held_by
            or (limit is not None and battery.fired.get(threat, 0) >= limit)
        ):
            return None
        close = self.closing(threat, battery.layer)
        for magazine in self.armoury(battery, threat):
            in_time = tick + self.delay(battery, magazine, threat) <= close
            if magazine.drawable(threat) > 0 and in_time:
                return magazine
        return None

    # -------------------------------------------------- service

    def serve_all(self, concerned: Iterable[Battery], tick: int) -> None:
        """Outermost layer first, then most ready rounds, then the order of listing."""
        concerned = set(concerned)
        for layer in self.layers:
            here = [battery for battery in concerned if battery.layer is layer]
            for battery in sorted(here, key=lambda battery: (-battery.ready, battery.order)):
                self.serve(battery, tick)

    def serve(self, battery: Battery, tick: int) -> None:
        """While a battery can engage anything, it takes the best of what it can engage."""
        while True:
            options = [
                (threat, magazine)
                for threat in self.threats
                if (magazine := self.magazine_for(battery, threat, tick)) is not None
            ]
            if not options:
                return
            threat, magazine = min(options, key=lambda option: self.rank(battery, option[0]))
            self.engage(battery, magazine, threat, tick)

    def rank(self, battery: Battery, threat: Threat) -> tuple[int, int, int]:
        """Sort key of a threat for a battery: highest priority, its order, then threat order."""
        if battery.spec.doctrine.order == "deadline":
            tick = self.closing(threat, battery.layer)
        else:
            tick = self.opening(threat, battery.layer)
        return -threat.kind.priority, tick, threat.order

    def engage(self, battery: Battery, magazine: Magazine, threat: Threat, tick: int) -> None:
        """Fire, and draw everything about the engagement."""
        size = battery.spec.doctrine.salvo_size
        if not isinstance(size, int):
            size = size.get(threat.kind.name, 1)
        rounds = int(min(size, magazine.drawable(threat)))
        words = self.words(battery, threat)
        kill_tick = tick + self.delay(battery, magazine, threat)
        end = kill_tick + time_or_draw(battery.spec.assessment_time, words[2])
        kills = threat.alive and self.one_kills(battery, magazine, threat, rounds)
        if kills:
            threat.killed_by, threat.fate_tick = battery.layer.name, kill_tick
        wrong = battery.spec.false_kill if threat.alive else battery.spec.false_survival
        engagement = Engagement(battery, threat, kills, words[3] < threshold(wrong))
        heapq.heappush(self.heap, (end, 0, battery.order, 0, threat.order, engagement))
        battery.fired[threat] = battery.fired.get(threat, 0) + 1
        battery.free -= 1
        battery.busy = min(battery.busy + end - tick, 2**62)  # where the kernel stops counting
        battery.engagements += 1
        threat.phase, threat.engaged_ever = "engaged", True
        self.note(tick, "firing", threat, battery.layer, battery, magazine, rounds)
        self.expend(battery, magazine, rounds, tick)

    def one_kills(self, battery: Battery, magazine: Magazine, threat: Threat, rounds: int) -> bool:
        """Whether any round kills: one word a round, four words a draw."""
        bar = self.kill_threshold(magazine.interceptor, threat.kind.name)
        address = ("rounds", threat.salvo.name, battery.spec.name, battery.member)
        start = battery.fired.get(threat, 0) * 2**16
        for n in range(rounds):
            hit = bool(self.night.draw(address, threat.number, start + n // 4)[n % 4] < bar)
            self.tally[magazine.interceptor.name, threat.kind.name, hit] += 1
            if hit:
                return True
        return False

    def kill_threshold(self, interceptor: model.Interceptor, threat: str) -> int:
        """Threshold of the night: uncertain kill probabilities are drawn once a replication."""
        value = interceptor.kill_probability[threat]
        if isinstance(value, Distribution):
            # The same in every raid of a replication: what one does not know does not change.
            lasting = self.night._replace(raid=0)
            word = lasting.draw(("kill probability", interceptor.name, threat))[0]
            return quantile(value, WORD_RANGE, unit(word))
        return threshold(value)

    def expend(self, battery: Battery, magazine: Magazine, rounds: int, tick: int) -> None:
        """Take rounds out; when none is left call the reload, or note the depletion."""
        magazine.ready -= rounds
        magazine.expended += rounds
        if magazine.ready == 0 and magazine.due is None:
            if magazine.reloads > 0:
                self.call_reload(battery, magazine, tick)
            else:
                magazine.depletion = tick

    def call_reload(self, battery: Battery, magazine: Magazine, tick: int) -> None:
        """A reload is on its way; the channels stay free for other magazines."""
        magazine.reloads -= 1
        magazine.due = tick + ticks(magazine.spec.reload_time)
        self.await_reload(battery, magazine)

    def await_reload(self, battery: Battery, magazine: Magazine) -> None:
        """Put the arrival of a reload among the events."""
        entry = (magazine.due, 0, battery.order, 1, magazine.order, (battery, magazine))
        heapq.heappush(self.heap, entry)

    # -------------------------------------------------- events

    def open_window(self, layer: model.Layer, threat: Threat, tick: int) -> None:
        """Availability, soft kill, detection, discrimination; then the threat is available."""
        if not self.up[layer.name]:
            return
        if threat.fate_tick is not None and threat.fate_tick <= tick:
            return
        outcome = self.at_opening(layer, threat)
        self.note(tick, "opening", threat, layer, outcome=outcome)
        if outcome == "soft killed":
            # Rounds on their way are spent; the channel stays busy to the end of assessment.
            threat.soft_killed_by, threat.killed_by = layer.name, None
            threat.fate_tick = tick
            threat.phase = "engaged" if threat.phase == "engaged" else "gone"
            return
        here = [
            battery
            for battery in self.batteries
            if battery.layer is layer and not battery.lost and self.armoury(battery, threat)
        ]
        if here:
            self.gather_evidence(here, threat, tick, outcome)
        if outcome == "available":
            threat.held_by.add(layer.name)
            self.serve_all(here, tick)

    def at_opening(self, layer: model.Layer, threat: Threat) -> str:
        """What becomes of a threat when a window opens."""
        words = self.night.draw(("window", threat.salvo.name, layer.name), threat.number)
        kind, sensor = threat.kind, layer.sensor
        if words[0] < threshold(layer.soft_kill.get(kind.name, 0.0)):
            return "soft killed"
        if words[1] >= threshold(sensor.detection.get(kind.name, 1.0)):
            return "undetected"
        dismissal = sensor.decoy_recognition if kind.decoy else sensor.false_dismissal
        return "dismissed" if words[2] < threshold(dismissal) else "available"

    def gather_evidence(
        self, batteries: Sequence[Battery], threat: Threat, tick: int, outcome: str
    ) -> None:
        """What would be the cause if the threat leaked unengaged: see `cause`.

        `batteries` are those of the layer that face its axis and can kill it.
        """
        if outcome != "available":
            threat.evidence.add(outcome)
            return
        threat.evidence.add("too_short")
        for battery in batteries:
            close = self.closing(threat, battery.layer)
            for magazine in self.armoury(battery, threat):
                if tick + self.delay(battery, magazine, threat) <= close:
                    threat.evidence.add("no_interceptors")
                    if magazine.drawable(threat) > 0:
                        threat.evidence.add("no_channel")

    def end_engagement(self, engagement: Engagement, tick: int) -> None:
        """The channel comes free; what the battery believes decides about the threat."""
        battery, threat = engagement.battery, engagement.threat
        battery.free += 1
        threat.phase = "gone"
        if threat.soft_killed_by is not None:
            outcome = "lost to soft kill"
        elif threat.alive:
            outcome = "wrongly judged killed" if engagement.misjudged else "judged alive"
            threat.phase = "free"
        else:
            if engagement.kills:
                assert threat.fate_tick is not None  # noqa: S101
                self.note(threat.fate_tick, "kill", threat, battery.layer, battery)
            outcome = "wrongly judged alive" if engagement.misjudged else "judged killed"
            threat.phase = "free" if engagement.misjudged else "gone"
        self.note(tick, "assessment", threat, battery.layer, battery, outcome=outcome)
        if outcome == "wrongly judged killed":
            threat.held_by.clear()
        concerned = {battery}
        if threat.phase == "free":
            concerned |= {b for b in self.batteries if b.layer.name in threat.held_by}
        self.serve_all(concerned, tick)

    def end_reload(self, battery: Battery, magazine: Magazine, tick: int) -> None:
        """Rounds arrive; after the last threat has landed the raid is over and none do."""
        if self.horizon is None or tick > self.horizon or magazine.due != tick:
            return
        rounds = magazine.spec.reload_rounds
        magazine.due = None
        magazine.ready += rounds
        magazine.reloaded += rounds
        self.note(tick, "reload", None, battery.layer, battery, magazine, rounds)
        self.serve_all([battery], tick)

    def land(self, battery: Battery, threat: Threat, tick: int) -> None:
        """A leaker that aims at a battery may destroy it, with all its rounds."""
        if battery.lost or not threat.alive:
            return
        word = self.night.draw(("loss", threat.salvo.name), threat.number)[0]
        if word >= threshold(threat.kind.lethality):
            return
        self.note(tick, "loss", threat, battery.layer, battery)
        battery.lost, battery.loss = True, tick
        for magazine in battery.magazines:
            magazine.lost, magazine.ready = magazine.ready, 0
            magazine.reloads, magazine.due = 0, None

    def expect(self) -> None:
        """Put everything among the events that is known to come."""
        for battery in self.batteries:
            for magazine in battery.magazines:
                if magazine.due is not None:
                    self.await_reload(battery, magazine)
        named = {battery.name: battery for battery in self.batteries}
        for threat in self.threats:
            if threat.salvo.target is not None and not threat.kind.decoy:
                battery = named[threat.salvo.target]
                key = (threat.target_tick, 1, battery.order, 0, threat.order)
                heapq.heappush(self.heap, (*key, (battery, threat)))
        for code, layer in enumerate(self.layers):
            for threat in self.threats:
                tick = self.opening(threat, layer)
                key = (tick, 2, code, -threat.kind.priority, threat.order)
                heapq.heappush(self.heap, (*key, (layer, threat)))

    def run(self) -> "Raid":
        """Handle every event: endings by battery, then losses, then openings by layer."""
        self.expect()
        while self.heap:
            tick, kind, _, reload, _, what = heapq.heappop(self.heap)
            self.sample(before=tick)
            if kind == 2:
                layer, threat = what
                self.open_window(layer, threat, tick)
            elif kind == 1:
                battery, threat = what
                self.land(battery, threat, tick)
            elif reload:
                battery, magazine = what
                self.end_reload(battery, magazine, tick)
            else:
                self.end_engagement(what, tick)
        self.sample(before=math.inf)
        for threat in self.threats:
            if threat.alive:
                self.note(threat.target_tick, "leak", threat, outcome=self.cause(threat))
        self.events.sort(key=lambda event: event.tick)
        return self

    def cause(self, leaker: Threat) -> str:
        """Why a threat leaked.

        Only layers that were up and had a battery on its axis that can kill it count. A battery
        could have engaged it *in time* with a magazine when its drawn reaction and flight times
        fit in the window, and *held rounds* when that magazine held some for its priority.
        """
        if leaker.engaged_ever:
            return "missed"
        return next((cause for cause in CAUSES if cause in leaker.evidence), "uncovered")

    # -------------------------------------------------- records

    def sample(self, before: float) -> None:
        """Note ready rounds and busy channels at the sample times before a tick."""
        while len(self.sampled) < len(self.samples) and self.samples[len(self.sampled)] < before:
            ready = [magazine.ready for b in self.batteries for magazine in b.magazines]
            self.sampled.append((ready, [b.spec.channels - b.free for b in self.batteries]))

    def note(
        self,
        tick: int,
        event: str,
        threat: Threat | None = None,
        layer: model.Layer | None = None,
        battery: Battery | None = None,
        magazine: Magazine | None = None,
        rounds: int = 0,
        outcome: str = "",
    ) -> None:
        """Write one line of the replay."""
        self.events.append(
            Event(
                tick,
                event,
                threat.salvo.name if threat else "",
                threat.number if threat else -1,
                layer.name if layer else "",
                battery.name if battery else "",
                magazine.interceptor.name if magazine else "",
                rounds,
                outcome,
            )
        )
