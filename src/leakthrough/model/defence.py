"""Frozen models of the defence: interceptors, magazines, batteries, sensors and layers.

Every quantity is in SI units; each field states its unit and bounds.
"""

import itertools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Discriminator,
    Field,
    PlainValidator,
    Tag,
    WithJsonSchema,
    model_validator,
)

from leakthrough.model.base import Cost, Frozen, Model, Name, Probability, Table, as_whole, trusted
from leakthrough.model.distributions import UncertainProbability, UncertainTime
from leakthrough.model.errors import (
    KINDS_OF_PROBABILITY,
    Mistake,
    fault,
    faults,
    fields_of,
    shown,
    text_keys,
)
from leakthrough.model.magazines import MOST_ROUNDS, Magazine
from leakthrough.model.places import ORIGIN, Distance, Point, Range

MOST_IN_A_SALVO = 1_000
MOST_SITES = 1_000
MOST_DISTANCES = 100
MOST_EQUAL = 10_000
"""Batteries of one `Battery`."""


def _salvo_size(value: Any) -> int | Mapping[str, int]:
    table = text_keys(value) if isinstance(value, Mapping) else {"": value}
    table = {name: as_whole(size) for name, size in table.items()}
    allowed = f"must be a whole number from 1 to {MOST_IN_A_SALVO:,}"
    if not isinstance(value, Mapping):
        allowed += ", or such a number by threat"
    found: list[Mistake] = [
        ((name,) if name else (), f"{allowed}; got {shown(size)}")
        for name, size in table.items()
        if type(size) is not int or not 1 <= size <= MOST_IN_A_SALVO
    ]
    if found:
        raise faults(found)
    return Frozen(table) if isinstance(value, Mapping) else int(value)


_SIZE = {"type": "integer", "minimum": 1, "maximum": MOST_IN_A_SALVO}
SalvoSize = Annotated[
    int | Mapping[str, int],
    PlainValidator(_salvo_size),
    WithJsonSchema({"anyOf": [_SIZE, {"type": "object", "additionalProperties": _SIZE}]}),
]


def _thrift(value: Any) -> tuple[int, int]:
    pair = [as_whole(own) for own in value] if isinstance(value, list | tuple) else []
    most = MOST_ROUNDS, MOST_IN_A_SALVO
    if len(pair) != 2 or not all(
        type(own) is int and 1 <= own <= top for own, top in zip(pair, most, strict=True)
    ):
        allowed = f"a level from 1 to {most[0]:,} and a number of rounds from 1 to {most[1]:,}"
        raise fault(f"must be two whole numbers, {allowed}; got {shown(value)}")
    return pair[0], pair[1]


_LEVEL = {"type": "integer", "minimum": 1, "maximum": MOST_ROUNDS}
_PAIR = {"type": "array", "prefixItems": [_LEVEL, _SIZE], "minItems": 2, "maxItems": 2}
Thrift = Annotated[tuple[int, int], PlainValidator(_thrift), WithJsonSchema(_PAIR)]


class ByDistance(Model):
    """A probability that depends on the distance between the site and the intercept.

    It is linear between the given distances, and constant beyond the first and the last.

    Parameters
    ----------
    distance : list of float
        Increasing distances [m], from 0 to 2e7, at most 100.
    probability : list of (float or frozen scipy.stats distribution)
        The probability at each distance. Distributions are drawn once per replication, all from
        the same random number: all are high together, or low.
    """

    distance: Annotated[tuple[Distance, ...], Field(min_length=1, max_length=MOST_DISTANCES)] = (
        Field(description="Increasing distances [m].")
    )
    probability: tuple[UncertainProbability, ...] = Field(
        description="The probability at each distance."
    )

    @model_validator(mode="after")
    def _one_for_each_distance(self) -> "ByDistance":
        found: list[Mistake] = []
        if any(one >= other for one, other in itertools.pairwise(self.distance)):
            found.append((("distance",), f"must increase; got {shown(self.distance)}"))
        if len(self.probability) != len(self.distance):
            text = f"must have one entry for each of the {len(self.distance)} distances"
            found.append((("probability",), f"{text}; got {len(self.probability)}"))
        if found:
            raise faults(found)
        return self


def _kind_of_probability(value: Any) -> str:
    by_distance = isinstance(value, ByDistance) or "distance" in fields_of(value)
    return KINDS_OF_PROBABILITY[by_distance]


KillProbability = Annotated[
    Annotated[UncertainProbability, Tag(KINDS_OF_PROBABILITY[0])]
    | Annotated[ByDistance, Tag(KINDS_OF_PROBABILITY[1])],
    Discriminator(_kind_of_probability),
]
"""A probability, a distribution of one, or probabilities by distance."""


class Interceptor(Model):
    """A class of rounds, such as a missile or a burst of a gun.

    Parameters
    ----------
    name : str
        Its name, unique among the interceptors.
    kill_probability : mapping of str to (float, frozen scipy.stats distribution or ByDistance)
        By threat name: the probability that one round kills, in [0, 1]. A distribution is drawn
        once per replication. A threat that is not named cannot be killed.
    flight_time : float or frozen scipy.stats distribution, default 0
        From launch to intercept [s], from 0 to 1e9.
    speed : float, optional
        Speed [m/s], from 0.1 to 1e5, instead of `flight_time`: the interceptor flies straight from
        the site to where the threat then is, and meets it as early as it can.
    cost : float, optional
        Cost of one round [currency, the same throughout], from 0 to 1e15. None: not known.
    """

    name: Name
    kill_probability: Table[KillProbability] = Field(
        description="Probability that one round kills, by threat name."
    )
    flight_time: UncertainTime = Field(0.0, description="From launch to intercept [s].")
    speed: Annotated[float, Field(ge=0.1, le=1e5)] | None = Field(
        None, description="Speed of straight flight [m/s], instead of `flight_time`."
    )
    cost: Cost | None = Field(None, description="Cost of one round [currency].")

    @model_validator(mode="after")
    def _one_way_to_fly(self) -> "Interceptor":
        if self.speed is not None and self.flight_time != 0.0:
            raise faults([(("speed",), "must not be given if there is a flight_time")])
        return self


class Doctrine(Model):
    """Rules by which a battery fires.

    Parameters
    ----------
    salvo_size : int or mapping of str to int, default 1
        Rounds per engagement, from 1 to 1000: one number, or by threat name (others: 1).
    max_salvos : int, optional
        How often the battery may engage one threat, from 1 to 1,000,000. None: no limit.
    order : {"deadline", "arrival"}
        Order of threats of equal priority: by the end of the window, or first come first served.
    preference : mapping of str to list of str, default empty
        By threat name: the interceptors to use, best first; those not listed are not used. For
        other threats, the battery's magazines in the order in which they are listed.
    fire_above : float, default 0
        The battery fires only if the kill probability of a round at the intercept is above it, in
        [0, 1]. An uncertain probability counts with its mean.
    thrift : (int, int), optional
        A level of rounds, from 1 to 1e9, and a number of rounds per engagement, from 1 to 1000. At
        most this number is fired when the rounds that the threat may draw from the magazine are at
        or below the level. None: `salvo_size` rounds are fired as long as there are any.
    """

    salvo_size: SalvoSize = Field(1, description="Rounds per engagement, or by threat name.")
    max_salvos: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="How often the battery may engage one threat; none: no limit."
    )
    order: Literal["deadline", "arrival"] = Field(
        "deadline", description="Order at equal priority."
    )
    preference: Table[tuple[str, ...]] = Field(
        Frozen(), description="Interceptors to use, best first, by threat name."
    )
    fire_above: Probability = Field(
        0.0, description="Fires only with a kill probability above it, in [0, 1]."
    )
    thrift: Thrift | None = Field(
        None, description="Level of rounds, and rounds per engagement at or below it."
    )


class Battery(Model):
    """One fire unit, with its own channels and its own rounds; or several identical ones.

    Parameters
    ----------
    name : str
        Its name, unique in the scenario.
    count : int, default 1
        Number of identical ones, from 0 to 10,000; above 1 they are `name-1`, `name-2`, ...
    channels : int, default 1
        Simultaneous engagements of one battery, from 1 to 1e9.
    channel_hold : {"assessment", "intercept", "launch"}
        Until when an engagement holds its channel: to the end of the assessment, to the last
        intercept (an illuminator), or to the last launch (rounds with active seekers).
    launch_interval : float, default 0
        Shortest time between two launches of the battery [s], also in one salvo, from 0 to 1e9.
    pool : str, optional
        The name of a pool, of which each engagement takes a channel too.
    magazines : list of Magazine, default empty
        At most one for each interceptor.
    reaction_time : float or frozen scipy.stats distribution, default 0
        From the decision to the launch [s], from 0 to 1e9.
    assessment_time : float or frozen scipy.stats distribution, default 0
        From the last intercept to the end of the assessment [s], from 0 to 1e9.
    false_kill, false_survival : float or frozen scipy.stats distribution, default 0
        Probability that a live threat is assessed as killed, and a killed one as alive. A
        distribution is drawn once per replication, for all of the `count` batteries.
    doctrine : Doctrine
        Its rules of firing.
    axes : list of str, default empty
        The axes that it serves; if empty, all.
    staying_power : int, default 1
        Effective hits that destroy it, from 1 to 1,000,000: those of leakers of a salvo that aims
        at it, each with the probability `lethality`.
    """

    name: Name
    count: int = Field(1, ge=0, le=MOST_EQUAL, description="Number of identical ones.")
    channels: int = Field(1, ge=1, le=1_000_000_000, description="Engagements at a time.")
    channel_hold: Literal["assessment", "intercept", "launch"] = Field(
        "assessment", description="Until when an engagement holds its channel."
    )
    launch_interval: float = Field(
        0.0, ge=0.0, le=1e9, description="Shortest time between two launches [s]."
    )
    pool: str | None = Field(None, description="Pool of which an engagement takes a channel too.")
    magazines: tuple[Magazine, ...] = Field((), description="At most one per interceptor.")
    reaction_time: UncertainTime = Field(0.0, description="From decision to launch [s].")
    assessment_time: UncertainTime = Field(0.0, description="From intercept to its end [s].")
    false_kill: UncertainProbability = Field(
        0.0, description="P(a live threat is assessed as killed)."
    )
    false_survival: UncertainProbability = Field(
        0.0, description="P(a killed one is assessed as alive)."
    )
    doctrine: Doctrine = Field(Doctrine(), description="Its rules of firing.")
    axes: tuple[str, ...] = Field((), description="The axes that it serves; none: all.")
    staying_power: int = Field(1, ge=1, le=1_000_000, description="Effective hits that destroy it.")

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each of the `count` batteries: `name`, or `name-1`, `name-2`, ..."""
        return numbered(self.name, self.count)

    def at(self, site: str) -> "Battery":
        """Return the battery of one of several equal sites, which is called `battery@site`."""
        return trusted(Battery, {**vars(self), "name": f"{self.name}@{site}"})


class Sensor(Model):
    """Sensor of a layer.

    Each probability may be a distribution, drawn once per replication for all sites of the layer.

    Parameters
    ----------
    detection : mapping of str to (float or frozen scipy.stats distribution), default empty
        By threat name: the probability that the layer detects it; 1 if it is not named.
    decoy_recognition : float or frozen scipy.stats distribution, default 0
        Probability that a detected decoy is recognised and ignored.
    false_dismissal : float or frozen scipy.stats distribution, default 0
        Probability that a detected real threat is taken for a decoy and ignored.
    availability : float or frozen scipy.stats distribution, default 1
        Probability that the layer is up for the whole raid.
    tracks : int, optional
        How many threats the layer holds at a time, from 1 to 1e9. None: no limit. A threat that is
        seen while all tracks are taken waits for one.
    """

    detection: Table[UncertainProbability] = Field(
        Frozen(), description="P(detected), by threat name."
    )
    decoy_recognition: UncertainProbability = Field(0.0, description="P(a decoy is recognised).")
    false_dismissal: UncertainProbability = Field(0.0, description="P(a real threat is ignored).")
    availability: UncertainProbability = Field(1.0, description="P(up for the whole raid).")
    tracks: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        None, description="Threats that the layer holds at a time; none: no limit."
    )


class Layer(Model):
    """One site of the defence: a sensor and the batteries under it, with a ring around it.

    Parameters
    ----------
    name : str
        Its name, unique among the layers.
    outer_range, inner_range : float or mapping of str to float
        Distances of the ring's edges from the position [m], from 0 to 2e7; `inner_range` (default
        0) not above `outer_range`. By threat name: a threat that `outer_range` does not name is
        out of reach, and one that `inner_range` does not name has the inner range 0.
    batteries : list of Battery, default empty
        The batteries that engage threats in this ring.
    sensor : Sensor
        Its sensor; by default it is always up and detects everything.
    selection : {"most_rounds", "listed", "kill_probability", "least_loaded"}
        Which of its batteries fires first: the one with the most ready rounds, the first listed,
        the one whose round kills with the highest mean probability, or the one with the smallest
        share of busy channels. Of equal ones the first listed.
    soft_kill : mapping of str to (float or frozen scipy.stats distribution), default empty
        By threat name: the probability that it is neutralised without spending a round. A
        distribution is drawn once per replication for all sites of the layer.
    position : (float, float), default (0, 0)
        Position of the site [m]: x to the east, y to the north.
    positions : list of (float, float), default empty
        Positions of several equal sites, at most 1,000, instead of `position`. If there are two or
        more they are the layers `name-1`, `name-2`, ..., and the battery `battery` of the second
        one is called `battery@name-2`.
    command : str, optional
        The command of the layer. Layers of one command coordinate: each threat has at most one
        engagement by them at a time. They do not see the engagements of other commands. Layers
        without one form one command.
    """

    name: Name
    outer_range: Range = Field(description="Outer edge, from the position [m], or by threat.")
    inner_range: Range = Field(0.0, description="Inner edge [m], or by threat.")
    batteries: tuple[Battery, ...] = Field((), description="Batteries that fire in the ring.")
    sensor: Sensor = Field(Sensor(), description="The sensor of the layer.")
    selection: Literal["most_rounds", "listed", "kill_probability", "least_loaded"] = Field(
        "most_rounds", description="Which of its batteries fires first."
    )
    soft_kill: Table[UncertainProbability] = Field(
        Frozen(), description="P(neutralised without a round), by threat name."
    )
    position: Point = Field(ORIGIN, description="Position of the site, x and y [m].")
    positions: Annotated[tuple[Point, ...], Field(max_length=MOST_SITES)] = Field(
        (), description="Positions of several equal sites [m], instead of `position`."
    )
    command: Name | None = Field(
        None, description="Its command, within which engagements are coordinated."
    )

    @model_validator(mode="after")
    def _ranges_in_order(self) -> "Layer":
        found: list[Mistake] = []
        named = (self.outer_range, self.inner_range)
        threats = {name: None for own in named if isinstance(own, Mapping) for name in own}
        for threat in threats or [""]:
            outer, inner = self.outer_range_for(threat), self.inner_range_for(threat)
            if outer is not None and inner > outer:
                where = ("inner_range", threat) if threat else ("inner_range",)
                text = f"must be at most outer_range = {outer:g}; got {shown(inner)}"
                found.append((where, text))
        if self.positions and self.position != ORIGIN:
            found.append((("positions",), "must be empty if there is a position; give one of them"))
        if found:
            raise faults(found)
        return self

    def outer_range_for(self, threat: str) -> float | None:
        """Return the outer range for a threat class [m]; None if it is out of reach."""
        own = self.outer_range
        return own.get(threat) if isinstance(own, Mapping) else own

    def inner_range_for(self, threat: str) -> float:
        """Return the inner range for a threat class [m]."""
        own = self.inner_range
        return own.get(threat, 0.0) if isinstance(own, Mapping) else own

    @property
    def largest_range(self) -> float:
        """The largest outer range for any threat class [m]."""
        own = self.outer_range
        return max(own.values(), default=0.0) if isinstance(own, Mapping) else own

    @property
    def sites(self) -> "tuple[Layer, ...]":
        """The single sites, each a layer with one position: itself, or one for each position."""
        if not self.positions:
            return (self,)
        if len(self.positions) == 1:
            return (self._at(self.positions[0], self.name, self.batteries),)
        return tuple(
            self._at(place, name, tuple(battery.at(name) for battery in self.batteries))
            for place, name in zip(
                self.positions, numbered(self.name, len(self.positions)), strict=True
            )
        )

    def _at(self, place: Point, name: str, batteries: tuple[Battery, ...]) -> "Layer":
        changes = {"name": name, "position": place, "positions": (), "batteries": batteries}
        return trusted(Layer, {**vars(self), **changes})


def numbered(name: str, number: int) -> tuple[str, ...]:
    """Return the names of several equal parts: `name`, or `name-1`, `name-2`, ..."""
    return (name,) if number == 1 else tuple(f"{name}-{n}" for n in range(1, number + 1))
