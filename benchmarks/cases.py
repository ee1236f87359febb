"""The cases, as plain numbers: every peer builds what it simulates from these and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Ring:
    """One layer of the layered case; times in seconds, windows as offsets from the arrival."""

    opens: float
    closes: float
    reaction: float
    flight: float
    assessment: float

    @property
    def total(self) -> float:
        """Seconds for which an engagement holds its channel."""
        return self.reaction + self.flight + self.assessment

    @property
    def latest(self) -> float:
        """Offset after which an engagement would no longer be over in time."""
        return self.closes - self.reaction - self.flight


@dataclass(frozen=True)
class Layered:
    """Overlapping layers, one battery for each axis in each; shoot, look, shoot; coordinated."""

    threats: int = 550
    hours: float = 2.0
    rounds: int = 24
    layers: int = 6
    axes: int = 2
    channels: int = 1
    kill_probability: float = 0.7
    speed: float = 100.0
    spacing: float = 150.0
    window: float = 200.0

    @property
    def seconds(self) -> float:
        """The length of the raid."""
        return 3600.0 * self.hours

    @property
    def salvos(self) -> tuple[int, ...]:
        """Threats on each axis."""
        share, rest = divmod(self.threats, self.axes)
        return tuple(share + (axis < rest) for axis in range(self.axes))

    @property
    def rings(self) -> tuple[Ring, ...]:
        """The layers, outermost first; engagements take 20 s in the first and 5 s more in each."""
        return tuple(
            Ring(self.spacing * i, self.spacing * i + self.window, 6.0, 10.0 + 5.0 * i, 4.0)
            for i in range(self.layers)
        )

    @property
    def depth(self) -> float:
        """Metres from the edge of the defended area to the target."""
        return self.speed * self.rings[-1].closes


@dataclass(frozen=True)
class Queue:
    """Poisson arrivals at identical channels, exponential service, a fixed patience.

    With no patience it is the Erlang loss system; the leakers are the calls lost.
    """

    threats: int = 10_000
    rate: float = 10.0
    channels: int = 10
    service: float = 1.0
    patience: float = 0.0


@dataclass(frozen=True)
class Binomial:
    """All threats at one time, and for each as many channels and rounds as it may draw."""

    threats: int = 300
    shots: int = 2
    kill_probability: float = 0.7


@dataclass(frozen=True)
class FiniteMagazine:
    """Threats one after another, one magazine, some looks at each while rounds last."""

    threats: int = 300
    rounds: int = 300
    looks: int = 2
    kill_probability: float = 0.7
    shot: float = 3.0

    @property
    def interval(self) -> float:
        """Seconds between arrivals: the last look at one threat is over before the next comes."""
        return self.shot * (self.looks + 2)

    @property
    def window(self) -> float:
        """Seconds in reach: enough for every look."""
        return self.shot * (self.looks + 1)


Case = Layered | Queue | Binomial | FiniteMagazine

SCALES = (100, 550, 1_000, 10_000, 110_000)
LAYERS = (1, 2, 4, 8, 16, 32)


def scaled(threats: int, *, same_rate: bool) -> Layered:
    """Scale the layered case: rounds in proportion; hours too when the rate stays the same."""
    hours = 2.0 * threats / 550 if same_rate else 2.0
    return Layered(threats=threats, hours=hours, rounds=round(24 * threats / 550))


def small_raid() -> Layered:
    """Return the 60-threat raid of the memory measurement: two layers, the same rate."""
    return Layered(threats=60, hours=2.0 * 60 / 550, rounds=8, layers=2)


def compared() -> dict[str, Case]:
    """Return the cases that are timed against the peers, by name."""
    return {
        "layered": Layered(),
        "queue": Queue(),
        "patience": Queue(patience=0.5),
        "binomial": Binomial(),
        "finite magazine": FiniteMagazine(),
    }
