"""What takes part in a raid of the reference engine, and what each has come to."""

from dataclasses import dataclass, field
from typing import NamedTuple

from leakthrough.model import scenario as model

CAUSES = (
    "missed", "no_channel", "no_interceptors", "too_short", "dismissed", "undetected", "uncovered",
)  # fmt: skip
"""Causes of leaking; of those that apply to a leaker, the first one is its cause."""


@dataclass
class Holding:
    """What a magazine begins a raid with."""

    ready: float
    reloads: int
    due: int | None = None


@dataclass(eq=False)
class Threat:
    """One attacking object and what has become of it."""

    salvo: model.Salvo
    kind: model.Threat
    number: int
    order: int
    arrival: int
    target_tick: int
    phase: str = "free"  # "free", "engaged", "gone"
    killed_by: str | None = None
    soft_killed_by: str | None = None
    fate_tick: int | None = None
    held_by: set[str] = field(default_factory=set)
    engaged_ever: bool = False
    evidence: set[str] = field(default_factory=set)

    @property
    def alive(self) -> bool:
        """No round that was fired kills it, and no soft kill."""
        return self.fate_tick is None


@dataclass(eq=False)
class Magazine:
    """Rounds of one interceptor on one battery."""

    spec: model.Magazine
    interceptor: model.Interceptor
    order: int
    ready: float
    reloads: int
    due: int | None = None
    reloaded: int = 0
    expended: int = 0
    lost: float = 0
    depletion: int | None = None

    def drawable(self, threat: Threat) -> float:
        """Rounds that a threat may draw: the last `reserved` are for priority 1 or more."""
        return self.ready - (0 if threat.kind.priority >= 1 else self.spec.reserved)


@dataclass(eq=False)
class Battery:
    """One fire unit."""

    spec: model.Battery
    name: str
    member: int
    layer: model.Layer
    order: int
    magazines: list[Magazine]
    free: int
    lost: bool = False
    loss: int | None = None
    fired: dict[Threat, int] = field(default_factory=dict)
    busy: int = 0
    engagements: int = 0

    @property
    def ready(self) -> float:
        """Ready rounds over all magazines."""
        return sum(magazine.ready for magazine in self.magazines)


@dataclass(eq=False)
class Engagement:
    """Rounds on their way, up to the end of their assessment."""

    battery: Battery
    threat: Threat
    kills: bool
    misjudged: bool


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
