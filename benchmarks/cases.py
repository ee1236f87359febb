"""The cases, as plain numbers: each library builds what it simulates from these alone."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class LayerTimes:
    """Times of one layer [s]; the window is given as offsets from the arrival."""

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
    """Overlapping layers, one battery for each axis in each; shoot-look-shoot; coordinated.

    With `mixed`, channels run from 2 to 7 and salvos have one or two rounds, by battery.
    """

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
    mixed: bool = False

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
    def times(self) -> tuple[LayerTimes, ...]:
        """The layers, outermost first; engagements take 20 s in the first and 5 s more in each."""
        return tuple(
            LayerTimes(self.spacing * i, self.spacing * i + self.window, 6.0, 10.0 + 5.0 * i, 4.0)
            for i in range(self.layers)
        )

    @property
    def depth(self) -> float:
        """Metres from the edge of the defended area to the target."""
        return self.speed * self.times[-1].closes

    def channels_of(self, layer: int, axis: int) -> int:
        """Channels of a battery."""
        return 2 + (layer + axis) % 6 if self.mixed else self.channels

    def salvo_size_of(self, layer: int, axis: int) -> int:
        """Rounds that a battery fires at a time."""
        return 1 + (layer + axis) % 2 if self.mixed else 1


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
    """Threats one after another, one magazine, at most so many shots at each while rounds last."""

    threats: int = 300
    rounds: int = 300
    shots: int = 2
    kill_probability: float = 0.7
    duration: float = 3.0

    @property
    def interval(self) -> float:
        """Seconds between arrivals: the last shot at one threat is over before the next comes."""
        return self.duration * (self.shots + 2)

    @property
    def window(self) -> float:
        """Seconds in reach: enough for every shot."""
        return self.duration * (self.shots + 1)


Case = Layered | Queue | Binomial | FiniteMagazine

SCALES = (100, 550, 1_000, 10_000, 110_000)
LAYERS = (1, 2, 4, 8, 16, 32)


def scaled(case: Layered, threats: int, *, same_rate: bool) -> Layered:
    """Scale rounds with the threats, and the hours too when the rate stays the same."""
    factor = threats / case.threats
    hours = case.hours * factor if same_rate else case.hours
    return replace(case, threats=threats, hours=hours, rounds=round(case.rounds * factor))


def small_raid() -> Layered:
    """Return the 60-threat raid of the sweep and of the memory: two layers, the same rate."""
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
