"""Threats, magazines, batteries and engagements of the reference engine, with their state."""

from dataclasses import dataclass, field
from typing import NamedTuple

from leakthrough.model import defence, magazines, pools
from leakthrough.model import scenario as model
from leakthrough.model.geometry import Path, Window
from leakthrough.model.intercepts import Span
from leakthrough.reference.draws import RaidDraws, time_or_draw

FiringSpans = dict[tuple[str, int, str, float], list[Span]]
"""By layer, opening of the window from the start of the path, interceptor and `fire_above`."""


@dataclass(eq=False)
class Image:
    """What one command knows of a threat, and does about it."""

    phase: str = "free"  # "free", "engaged", "gone"
    engagements: int = 0
    layer: str = ""  # whose battery engages it, or did last


@dataclass(eq=False)
class Threat:
    """One attacking object. Ticks are microseconds; layers are named."""

    salvo: model.Salvo
    kind: model.Threat
    number: int  # in its salvo
    order: int  # among all threats
    windows: dict[str, list[Window]]  # in ticks, by layer: one for each pass
    target_tick: int  # tick at which it reaches the target
    priority: int
    path: Path
    arrival: int  # tick at which it is at the start of its path
    spans: FiringSpans  # of its salvo, as far as they are known
    images: dict[str | None, Image]  # by command
    killed_by: str | None = None
    killer: "Battery | None" = None
    soft_killed_by: str | None = None
    death_tick: int | None = None
    available_to: set[str] = field(default_factory=set)  # layers
    waiting_for: set[str] = field(default_factory=set)  # layers without a free track
    engaged_ever: bool = False
    current: dict[str, Window] = field(default_factory=dict)  # the last that opened, by layer
    possible_causes: set[str] = field(default_factory=set)  # of leaking: see `causes`
    luck_used: set[str] = field(default_factory=set)  # "detection", "kill": decided before

    @property
    def alive(self) -> bool:
        """Whether neither rounds already fired nor soft kill stop it."""
        return self.death_tick is None

    def alive_at(self, tick: int) -> bool:
        """Whether neither rounds nor soft kill have stopped it by then."""
        return self.death_tick is None or self.death_tick > tick

    def image(self, layer: defence.Layer) -> Image:
        """What the command of a layer knows of it."""
        return self.images[layer.command]


@dataclass(eq=False)
class Depot:
    """Rounds from which magazines are reloaded."""

    spec: magazines.Depot
    held: int
    in_transit: int = 0
    reloaded: int = 0  # rounds that arrived
    lost: int = 0  # rounds that were on their way to a battery that was lost
    depletion: int | None = None

    def issue(self, rounds: int, tick: int) -> int:
        """Give out the rounds of a reload, as far as there are any."""
        rounds = min(rounds, self.held)
        self.held -= rounds
        self.in_transit += rounds
        if rounds > 0 and self.held == 0:
            self.depletion = tick
        return rounds


@dataclass(eq=False)
class MagazineState:
    """State of a magazine that is carried from one raid to the next."""

    spec: magazines.Magazine
    ready: float
    reloads: float
    depot: Depot | None
    owner: tuple[str, int]  # name of the battery as listed, and its number
    due: int | None = None  # tick at which a reload arrives
    incoming: int = 0  # rounds of the reload on its way
    called: int | None = None  # tick of a call that waits, since the depot is empty
    sent: int = 0  # reloads that have ever been on their way

    def call_reload(self, draws: RaidDraws, tick: int) -> bool:
        """Call a reload, or repeat a call that waits; return whether a reload is then on its way.

        One is called if ready rounds are low, one remains and none is on its way.
        """
        low = self.ready <= self.spec.reload_at and self.reloads > 0 and self.due is None
        if not low and self.called is None:
            return False
        rounds = self.spec.reload_rounds
        if self.depot is not None:
            rounds = self.depot.issue(rounds, tick)
        if rounds == 0:
            self.called = tick if self.called is None else self.called
            return False
        self.reloads -= 1
        self.due, self.incoming = tick + self.reload_ticks(draws), rounds
        self.called = None
        self.sent += 1
        return True

    def reload_ticks(self, draws: RaidDraws) -> int:
        """Ticks of the next reload; if they are drawn, its number is the ordinal of the draw.

        Its number counts the reloads of all raids, so the address does not contain the raid.
        """
        address = ("reload", *self.owner, self.spec.interceptor)
        integer = draws._replace(raid=0).draw(address, ordinal=self.sent)[0]
        return time_or_draw(self.spec.reload_time, integer)

    def add_reload(self) -> int:
        """Add the rounds of the reload that arrives, and return their number."""
        self.due = None
        self.ready += self.incoming
        if self.depot is not None:
            self.depot.in_transit -= self.incoming
            self.depot.reloaded += self.incoming
        return self.incoming


@dataclass(eq=False)
class Magazine(MagazineState):
    """Rounds of one interceptor on one battery."""

    interceptor: defence.Interceptor = field(kw_only=True)
    order: int = field(kw_only=True)  # on its battery
    reloaded: int = 0
    expended: int = 0
    lost: float = 0
    on_dead: int = 0  # rounds fired at threats that were dead or about to be killed
    depletion: int | None = None
    reserve_reached: int | None = None

    def available(self, threat: Threat) -> float:
        """Rounds that may be fired at a threat; `reserved` ones only at priority 1 or more."""
        return self.ready - (0 if threat.priority >= 1 else self.spec.reserved)

    def state(self, depot: Depot | None) -> MagazineState:
        """Return what the next raid inherits."""
        rest = self.owner, self.due, self.incoming, self.called, self.sent
        return MagazineState(self.spec, self.ready, self.reloads, depot, *rest)

    def lose(self) -> None:
        """Lose all rounds, and those on their way."""
        self.lost, self.ready, self.reloads = self.ready, 0, 0
        if self.depot is not None and self.due is not None:
            self.depot.in_transit -= self.incoming
            self.depot.lost += self.incoming
        self.due, self.called = None, None


@dataclass(eq=False)
class Pool:
    """Channels that batteries share."""

    spec: pools.Pool
    free: int
    peak: int = 0  # largest number in use
    full: int = 0  # ticks without a free one, but for those since `full_since`
    full_since: int = 0


@dataclass(eq=False)
class Battery:
    """One fire unit."""

    spec: defence.Battery
    name: str
    member: int
    layer: defence.Layer
    order: int
    magazines: list[Magazine]
    free_channels: int
    pool: Pool | None
    lost: bool = False
    loss: int | None = None  # tick, if it was lost in this raid
    damage: int = 0  # effective hits
    fired: dict[Threat, int] = field(default_factory=dict)  # engagements of each threat
    launches: list[int] = field(default_factory=list)  # ticks, if they must keep an interval
    busy: int = 0
    engagements: int = 0

    @property
    def has_channel(self) -> bool:
        """Whether its channels, and those of its pool, allow another engagement."""
        return self.free_channels > 0 and (self.pool is None or self.pool.free > 0)

    @property
    def ready(self) -> float:
        """Ready rounds over all magazines."""
        return sum(magazine.ready for magazine in self.magazines)


@dataclass(eq=False)
class Tracker:
    """The tracks of a layer that can hold only so many threats at a time."""

    tracks: int
    threats: list[Threat] = field(default_factory=list)
    full_since: int = 0  # tick, if none is free
    full: int = 0  # ticks for which none was free
    peak: int = 0

    @property
    def free(self) -> bool:
        """Whether a track is free."""
        return len(self.threats) < self.tracks

    def take(self, tick: int, threat: Threat) -> None:
        """Give a free track to a threat."""
        self.threats.append(threat)
        self.peak = max(self.peak, len(self.threats))
        if not self.free:
            self.full_since = tick

    def release(self, tick: int, threat: Threat) -> None:
        """Free the track of a threat."""
        if not self.free:
            self.full += tick - self.full_since
        self.threats.remove(threat)


@dataclass
class AimPoint:
    """One of the equal parts of an asset. Its state is carried from one raid to the next."""

    down_from: int = 0  # tick
    repaired: int | None = None  # tick at which it is up again; None if it is up


class Event(NamedTuple):
    """One line of a replay; `tick` in microseconds."""

    tick: int
    event: str
    salvo: str = ""
    threat: int = -1
    layer: str = ""
    battery: str = ""
    interceptor: str = ""
    rounds: int = 0
    outcome: str = ""
