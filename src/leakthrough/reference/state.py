"""The state of a raid: layers, batteries and threats, the heap of events, and the log."""

import heapq
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from leakthrough.model import defence
from leakthrough.model import scenario as model
from leakthrough.model.base import Frozen
from leakthrough.model.chances import Chances
from leakthrough.model.discrete import WORD_RANGE, threshold, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.places import Asset
from leakthrough.reference.draws import RaidDraws
from leakthrough.reference.entities import (
    Battery,
    Depot,
    Event,
    Magazine,
    MagazineState,
    Pool,
    Threat,
    Tracker,
)
from leakthrough.reference.feasibility import usable_magazines
from leakthrough.reference.setup import (
    AimPoints,
    Depots,
    MagazineStates,
    aim_points_of,
    batteries_of,
    depots_of,
    threats_of,
)

KILLED, WAKE_UP, RELEASE, LANDING, TRACK, OPENING = range(6)
"""Order of events at one tick.

What other commands see of a kill comes first, and then what time alone makes possible; then
channels and reloads, losses of batteries, tracks that end and are given, and openings of windows.
"""


class RaidState:
    """What the rules of a raid read and change; the parameters are those of `raid.Raid`."""

    def __init__(
        self,
        scenario: model.Scenario,
        seed: int,
        replication: int,
        timeline: Sequence[float] = (),
        *,
        raid: int = 0,
        magazine_states: MagazineStates | None = None,
        lost: Iterable[str] = (),
        aim_points: AimPoints | None = None,
        depots: Depots | None = None,
        damage: Mapping[str, int] = Frozen(),
        counts: Mapping[str, int] = Frozen(),
    ) -> None:
        self.scenario = scenario
        self.draws = RaidDraws(seed, replication, raid)
        self.chances = Chances(scenario.layers)
        self.layers = scenario.sites
        self.up = {layer.name: self.is_up(layer) for layer in self.layers}
        self.depots = depots_of(scenario) if depots is None else depots
        self.pools = {own.name: Pool(own, own.channels) for own in scenario.pools}
        inherited = magazine_states, set(lost), self.depots
        self.batteries = batteries_of(self.layers, scenario.interceptors, self.pools, *inherited)
        for battery in self.batteries:
            battery.damage = damage.get(battery.name, 0)
        self.threats = threats_of(scenario, self.draws, counts)
        self.aim_points = aim_points_of(scenario.assets) if aim_points is None else aim_points
        self.heap: list[tuple[tuple[int, ...], Callable[..., None], tuple[Any, ...]]] = []
        self.aim_points_down = {
            name: sum(own.repaired is not None for own in points)
            for name, points in self.aim_points.items()
        }
        self.events: list[Event] = []
        self.waking: set[tuple[int, Battery]] = set()  # ticks at which a launch becomes allowed
        # random decisions, and those that had an effect: by what is counted, and names
        self.decisions: Counter[tuple[str, ...]] = Counter()
        self.credited: set[Threat] = set()  # threats whose kill was assessed
        self.sample_ticks = [ticks(time) for time in timeline]
        self.samples: list[tuple[list[float], list[int]]] = []  # ready rounds, busy channels
        self.trackers = {
            layer.name: Tracker(layer.sensor.tracks)
            for layer in self.layers
            if layer.sensor.tracks is not None
        }

    def is_up(self, layer: defence.Layer) -> bool:
        """Whether a layer is up: drawn for the whole raid."""
        limit = self.draws.limit(self.chances.availability(layer))
        return self.draws.draw(("availability", layer.name))[0] < limit

    def errors_of(self, battery: Battery) -> tuple[int, int]:
        """Thresholds of errors of assessment, at live threats and at killed ones."""
        of = battery.layer, battery.spec
        return (
            self.draws.limit(self.chances.false_kill(*of)),
            self.draws.limit(self.chances.false_survival(*of)),
        )

    def limit_at(self, asset: Asset, kind: model.Threat) -> int:
        """Threshold of the probability that a hit destroys the aim point of an asset."""
        every = self.chances.lethality(kind), self.chances.hardness(asset)
        if any(isinstance(own.value, Distribution) for own in every):
            lethality, hardness = map(self.draws.limit, every)
            return math.floor(lethality * (1.0 - hardness / WORD_RANGE) + 0.5)
        return threshold(kind.lethality * (1.0 - asset.hardness))  # type: ignore[operator]

    def schedule(self, key: tuple[int, ...], handle: Callable[..., None], *arguments: Any) -> None:
        """Add an event; its key is the tick, followed by its order among events of one tick."""
        heapq.heappush(self.heap, (key, handle, arguments))

    def concerned(self, layer: defence.Layer, threat: Threat) -> list[Battery]:
        """Batteries of a layer that serve a threat's axis and can kill it."""
        return [
            battery
            for battery in self.batteries
            if battery.layer is layer and not battery.lost and usable_magazines(battery, threat)
        ]

    # -------------------------------------------------- records

    def stores(self) -> tuple[dict[tuple[str, str], MagazineState], Depots]:
        """States of the magazines, by the names of battery and interceptor, and of the depots."""
        depots = {
            name: Depot(own.spec, own.held, own.in_transit) for name, own in self.depots.items()
        }
        states = {
            (battery.name, m.interceptor.name): m.state(depots.get(m.spec.depot or ""))
            for battery in self.batteries
            for m in battery.magazines
        }
        return states, depots

    def sample(self, before: float) -> None:
        """Record ready rounds and busy channels at the sample times before a tick."""
        while len(self.samples) < len(self.sample_ticks):
            if self.sample_ticks[len(self.samples)] >= before:
                return
            ready = [magazine.ready for b in self.batteries for magazine in b.magazines]
            busy = [b.spec.channels - b.free_channels for b in self.batteries]
            self.samples.append((ready, busy))

    def log(
        self,
        tick: int,
        event: str,
        threat: Threat | None = None,
        layer: defence.Layer | None = None,
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
