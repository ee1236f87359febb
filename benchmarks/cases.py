"""Parameters of the cases: each library builds its simulation from these numbers only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from sharing import Sharing

import leakthrough as lt


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
        """Seconds that an engagement holds its channel."""
        return self.reaction + self.flight + self.assessment

    @property
    def latest(self) -> float:
        """Latest offset at which an engagement can start and still end in time."""
        return self.closes - self.reaction - self.flight


@dataclass(frozen=True)
class Layered:
    """Overlapping layers with one battery per axis; shoot-look-shoot; coordinated.

    With `mixed`, batteries have 2 to 7 channels and salvos of one or two rounds.
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
        """Duration of the raid."""
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
        """Salvo size of a battery."""
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
    """Simultaneous threats, with channels and rounds for all of them."""

    threats: int = 300
    shots: int = 2
    kill_probability: float = 0.7


@dataclass(frozen=True)
class FiniteMagazine:
    """Threats one after another, one magazine, a limited number of shots at each."""

    threats: int = 300
    rounds: int = 300
    shots: int = 2
    kill_probability: float = 0.7
    duration: float = 3.0

    @property
    def interval(self) -> float:
        """Seconds between arrivals: the last shot at a threat ends before the next arrives."""
        return self.duration * (self.shots + 2)

    @property
    def window(self) -> float:
        """Seconds in reach: enough for every shot."""
        return self.duration * (self.shots + 1)


Point = tuple[float, float]


@dataclass(frozen=True)
class Places:
    """Sites, assets and salvos at notional positions, spread evenly over a disc.

    Every fifth site is an area site, the others are point sites; each has one battery. Every other
    salvo flies a route that turns, the others come straight.
    """

    threats: int = 600
    salvos: int = 12
    assets: int = 6
    sites: int = 40
    hours: float = 2.0
    rounds: int = 12
    kill_probability: float = 0.7
    speed: float = 100.0
    radius: float = 80e3
    area_ranges: tuple[float, float] = (5e3, 40e3)
    point_ranges: tuple[float, float] = (0.0, 15e3)

    @property
    def seconds(self) -> float:
        """Duration of the raid."""
        return 3600.0 * self.hours

    @property
    def counts(self) -> tuple[int, ...]:
        """Threats of each salvo."""
        share, rest = divmod(self.threats, self.salvos)
        return tuple(share + (n < rest) for n in range(self.salvos))

    @property
    def positions(self) -> tuple[Point, ...]:
        """Positions of the sites [m], at the golden angle from one to the next."""
        golden = 180.0 * (3.0 - math.sqrt(5.0))
        return tuple(
            polar(self.radius * math.sqrt((n + 0.5) / self.sites), golden * n)
            for n in range(self.sites)
        )

    def bearing(self, salvo: int) -> float:
        """Direction from which a salvo comes [degrees clockwise from north]."""
        return 360.0 * salvo / self.salvos

    def asset(self, number: int) -> Point:
        """Position of an asset [m]: they are on a circle."""
        return polar(0.75 * self.radius, 360.0 * number / self.assets)

    def route(self, salvo: int) -> tuple[Point, ...]:
        """The route of every other salvo [m]; empty if it comes straight."""
        if salvo % 2 == 0:
            return ()
        bearing = self.bearing(salvo)
        return polar(2.0 * self.radius, bearing), polar(self.radius, bearing + 90.0)


def polar(distance: float, bearing: float) -> Point:
    """Return the position at a distance [m] from the origin and a bearing [degrees]."""
    angle = math.radians(bearing)
    return distance * math.sin(angle), distance * math.cos(angle)


Case = Layered | Queue | Binomial | FiniteMagazine | Places | Sharing

SCALES = (100, 550, 1_000, 10_000, 110_000)
LAYERS = (1, 2, 4, 8, 16, 32)


def scaled(case: Layered, threats: int, *, same_rate: bool) -> Layered:
    """Scale rounds with the threats, and also the duration if the rate is constant."""
    factor = threats / case.threats
    hours = case.hours * factor if same_rate else case.hours
    return replace(case, threats=threats, hours=hours, rounds=round(case.rounds * factor))


def small_raid() -> Layered:
    """Return the 60-threat raid of the sweep and memory cases: two layers, same rate."""
    return Layered(threats=60, hours=2.0 * 60 / 550, rounds=8, layers=2)


def compared() -> dict[str, Case]:
    """Return the cases that are timed against the peers, by name."""
    return {
        "layered": Layered(),
        "queue": Queue(),
        "patience": Queue(patience=0.5),
        "binomial": Binomial(),
        "finite magazine": FiniteMagazine(),
        "places": Places(),
        "sharing": Sharing(),
    }


def readme_raid() -> lt.Scenario:
    """Return the notional raid of the README's example."""
    return lt.load_example("notional_raid")


def night() -> lt.Scenario:
    """Return the shipped scenario of the night of 4 July 2025."""
    return lt.load_example("night_of_2025_07_04")
