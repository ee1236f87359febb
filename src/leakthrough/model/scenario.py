"""Frozen models of threats and salvos, and the scenario that contains them and the defence.

Every quantity is in SI units; each field states its unit and bounds.
"""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.arrivals import Arrival, Times, count_mistakes
from leakthrough.model.base import Cost, Model, Name, Probability, checked
from leakthrough.model.defence import Battery, Interceptor, Layer
from leakthrough.model.display import overview_of_scenario
from leakthrough.model.distributions import (
    Distribution,
    UncertainCount,
    UncertainProbability,
    is_law,
)
from leakthrough.model.documents import Document
from leakthrough.model.errors import Mistake, faults
from leakthrough.model.magazines import Depot
from leakthrough.model.name_checks import mistakes_between
from leakthrough.model.overview import Overview
from leakthrough.model.paths import changed
from leakthrough.model.places import LARGEST_RANGE, Asset, Point
from leakthrough.model.pools import Pool
from leakthrough.model.quantiles import quantiles_of, upper_end

MOST_THREATS = 10_000_000
MOST_POINTS = 1_000


class Threat(Model):
    """A class of attacking object.

    Parameters
    ----------
    name : str
        Its name, unique among the threats.
    speed : float
        Speed towards the target [m/s], from 0.1 to 1e5.
    cost : float, optional
        Cost of one [currency, the same throughout], from 0 to 1e15. None: not known.
    priority : int, default 0
        Threats of higher priority are engaged first, from -1000 to 1000. Reserved rounds are fired
        only at threats of priority 1 or more.
    decoy : bool, default False
        Whether it is a decoy: it looks like a threat, and does no damage.
    lethality : float or frozen scipy.stats distribution, default 1
        Probability that a hit is effective: it destroys the aim point of an asset, or a battery
        whose `staying_power` is 1.
        A distribution is drawn once per replication.
    max_engagements : int, optional
        How often the batteries of one command may engage one of them, from 1 to 1,000,000. None: no
        limit.
    common_detection, common_kill : float, default 0
        Probability that a threat keeps its luck: then one random number decides whether it is
        detected, in all layers and passes (whether rounds kill it, whoever fires), instead of one
        each. For equal probabilities, it is the correlation between two such decisions.

    Raises
    ------
    ScenarioError
        If a field is missing, unknown, or out of bounds, as for all parts of a scenario.
    """

    name: Name
    speed: float = Field(ge=0.1, le=1e5, description="Speed towards the target [m/s].")
    cost: Cost | None = Field(None, description="Cost of one [currency].")
    priority: int = Field(0, ge=-1000, le=1000, description="Higher ones are engaged first.")
    decoy: bool = Field(False, description="Whether it is a decoy, which does no damage.")
    lethality: UncertainProbability = Field(1.0, description="P(a leaker destroys what it hits).")
    max_engagements: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Engagements of one by a command; none: no limit."
    )
    common_detection: Probability = Field(
        0.0, description="P(one random number decides all detections of a threat)."
    )
    common_kill: Probability = Field(
        0.0, description="P(one random number decides all rounds fired at a threat)."
    )


Count = Annotated[
    Annotated[Annotated[int, Field(ge=0, le=MOST_THREATS)], Tag("number")]
    | Annotated[UncertainCount, Tag("drawn")],
    Discriminator(lambda count: "drawn" if is_law(count) else "number"),
]
"""A number of threats, or the distribution from which it is drawn."""


class Salvo(Model):
    """Threats of one class, on one axis, that fly the same path.

    The path ends at the target: the position of an asset, that of a battery's layer, or the origin.
    It is the polyline of `route`, or the straight line from `bearing`. Without either of them all
    layers must stand at the target, and the direction is of no importance.

    Parameters
    ----------
    name : str
        Its name, unique among the salvos.
    threat : str
        The name of a threat.
    count : int or frozen scipy.stats distribution
        Number of threats, from 0 to 10,000,000. From a distribution it is drawn anew for each raid,
        rounded to a whole number, independently of other salvos; not with `Times`.
    arrival : At, Times, Uniform, Regular, Poisson or frozen scipy.stats distribution
        Times at which the threats are at the start of the path [s].
    axis : str, optional
        Approach axis. With None, only batteries that list no `axes` can engage the salvo.
    target : str, optional
        The name of the asset or the battery at which the threats aim (`name-2` for the second of
        several). None: they fly to the origin, and hit nothing.
    bearing : float, optional
        Direction from which the threats come in a straight line, from 0 to 360 degrees clockwise
        from north.
    route : list of (float, float), default empty
        Points of the path before the target [m], at most 1,000, instead of `bearing`. The path
        starts at the first.
    start_range : float, optional
        Distance from the target at which a straight path starts [m], from 0 to 2e7. None: the
        largest distance at which the path is in reach of a layer.
    """

    name: Name
    threat: str = Field(description="The name of a threat.")
    count: Count = Field(description="Number of threats.")
    arrival: Arrival = Field(description="Times at the start of the path [s].")
    axis: Name | None = Field(None, description="Approach axis.")
    target: str | None = Field(None, description="The asset or battery at which they aim.")
    bearing: Annotated[float, Field(ge=0.0, le=360.0)] | None = Field(
        None, description="Direction from which they come, clockwise from north [degrees]."
    )
    route: Annotated[tuple[Point, ...], Field(max_length=MOST_POINTS)] = Field(
        (), description="Points of the path before the target [m]; it starts at the first."
    )
    start_range: Annotated[float, Field(ge=0.0, le=LARGEST_RANGE)] | None = Field(
        None, description="Distance from the target at which a straight path starts [m]."
    )

    @model_validator(mode="after")
    def _fields_fit(self) -> "Salvo":
        found = [*_count_mistakes(self)]
        given = [name for name in ("bearing", "start_range") if getattr(self, name) is not None]
        if self.route:
            found += [((name,), "must not be given if there is a route") for name in given]
        if found:
            raise faults(found)
        return self


def _count_mistakes(salvo: Salvo) -> Iterator[Mistake]:
    """Yield why a number of threats does not suit itself or the arrival."""
    count, most = salvo.count, most_threats(salvo)
    if isinstance(count, Distribution):
        reaches = f"{count.dist} reaches {most:,}"
        if isinstance(salvo.arrival, Times):
            text = "must be a number, since the arrival lists a time for each threat"
            yield ("count",), f"{text}; got {count.dist}"
            return
        if most > MOST_THREATS:
            yield ("count",), f"must not reach {MOST_THREATS:,} threats, but {reaches}"
            return
    for where, text in count_mistakes(salvo.arrival, most):
        yield ("arrival", *where), text


def most_threats(salvo: Salvo) -> int:
    """Return the number of threats of a salvo, about the largest one if it is drawn."""
    return upper_end(salvo.count) if isinstance(salvo.count, Distribution) else salvo.count


def usual_threats(salvo: Salvo) -> int:
    """Return the number of threats of a salvo, or about its median."""
    count = salvo.count
    return round(float(quantiles_of(count, 0.5))) if isinstance(count, Distribution) else count


class Scenario(Document):
    """A raid against a layered defence: a document whose objects refer to each other by name.

    Parameters
    ----------
    name : str
        The name of the scenario.
    threats : list of Threat
        The classes of attacking objects.
    interceptors : list of Interceptor, default empty
        The classes of rounds.
    salvos : list of Salvo, default empty
        The raid.
    layers : list of Layer, default empty
        The defence.
    axes : list of str, default empty
        The names of the axes; if empty, those that the salvos use.
    assets : list of Asset, default empty
        What is defended, and may be a target.
    pools : list of Pool, default empty
        Channels that batteries share.
    depots : list of Depot, default empty
        The depots from which magazines are reloaded.

    Raises
    ------
    ScenarioError
        If anything in it is not valid, or a name refers to nothing that is defined. The error
        lists all mistakes, one per line, with their locations.
    """

    threats: tuple[Threat, ...] = Field(description="The classes of attacking objects.")
    interceptors: tuple[Interceptor, ...] = Field((), description="The classes of rounds.")
    salvos: tuple[Salvo, ...] = Field((), description="The raid.")
    layers: tuple[Layer, ...] = Field((), description="The defence.")
    axes: tuple[Name, ...] = Field((), description="The axes; none: those the salvos use.")
    assets: tuple[Asset, ...] = Field((), description="What is defended, and may be a target.")
    pools: tuple[Pool, ...] = Field((), description="Channels that batteries share.")
    depots: tuple[Depot, ...] = Field((), description="Where reloads are taken.")

    @property
    def sites(self) -> tuple[Layer, ...]:
        """The layers, outermost first, each at one position; equal ones in the order of listing."""
        single = (site for layer in self.layers for site in layer.sites)
        return tuple(sorted(single, key=lambda site: -site.largest_range))

    @property
    def batteries(self) -> tuple[Battery, ...]:
        """The batteries of all sites, each with its `count`."""
        return tuple(battery for site in self.sites for battery in site.batteries)

    @model_validator(mode="after")
    def _names_are_defined(self) -> "Scenario":
        if found := mistakes_between(self):
            raise faults(found)
        return self

    @classmethod
    def further_mistakes(cls, data: object) -> list[Mistake]:
        """Return the names that refer to nothing defined, in data that may be malformed."""
        return mistakes_between(data)

    def replace(self, path: str, value: Any) -> "Scenario":
        """Return a copy with a new value at one path.

        Parameters
        ----------
        path : str
            Names and fields from the scenario down, separated by dots, such as
            ``"layers.area.batteries.SAM.magazines.area SAM.rounds"``.
        value : object
            The new value.

        Raises
        ------
        ScenarioError
            If the path does not exist, or the changed scenario is not valid.
        """
        return changed(checked(self), {path: value})

    def _overview(self) -> Overview:
        return overview_of_scenario(self)
