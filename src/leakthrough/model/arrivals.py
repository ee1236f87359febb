"""Arrivals: the times at which the threats of a salvo cross the edge of the defended area.

All times are in seconds, on one clock for the whole raid; they may be negative.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from leakthrough.model.base import Model, Real
from leakthrough.model.distributions import AnyDistribution, is_law
from leakthrough.model.errors import faults, field_of, shown

LATEST = 1e9
"""Largest absolute value of an arrival time that is not drawn [s]."""


class At(Model):
    """All threats of a salvo at one time.

    Parameters
    ----------
    time : float
        The time [s], from -1e9 to 1e9.
    """

    kind: Literal["at"] = "at"
    time: Real = Field(description="When all the threats arrive [s].")


class Times(Model):
    """One time for each threat of a salvo.

    Parameters
    ----------
    times : list of float
        The times [s], from -1e9 to 1e9, in any order; as many as the salvo's `count`.
    """

    kind: Literal["times"] = "times"
    # Only the first wrong time is reported: there may be ten million.
    times: tuple[Real, ...] = Field(fail_fast=True, description="When each threat arrives [s].")


class Uniform(Model):
    """Independent times, uniform over an interval.

    Parameters
    ----------
    start, stop : float
        The ends of the interval [s], from -1e9 to 1e9; `stop` not before `start`.
    """

    kind: Literal["uniform"] = "uniform"
    start: Real = Field(description="The earliest time [s].")
    stop: Real = Field(description="The latest time [s]; not before the start.")

    @model_validator(mode="after")
    def _in_order(self) -> "Uniform":
        if self.stop < self.start:
            text = f"must not be before start = {self.start:g}; got {shown(self.stop)}"
            raise faults([(("stop",), text)])
        return self


class Regular(Model):
    """Equal spacing: the first threat at the start, each next one an interval later.

    Parameters
    ----------
    start : float
        Arrival of the first threat [s], from -1e9 to 1e9.
    interval : float
        The time from one threat to the next [s], from 0 to 1e9.
    """

    kind: Literal["regular"] = "regular"
    start: Real = Field(description="When the first threat arrives [s].")
    interval: float = Field(ge=0.0, le=LATEST, description="From one threat to the next [s].")


class Poisson(Model):
    """A Poisson process: independent exponential times from one threat to the next.

    The salvo ends when all its threats have arrived; their number is not random.

    Parameters
    ----------
    start : float
        Start of the process [s], from -1e9 to 1e9.
    rate : float
        Mean number of threats per second [1/s]; above 0, at most 1e9.
    """

    kind: Literal["poisson"] = "poisson"
    start: Real = Field(description="When the stream begins [s].")
    rate: float = Field(gt=0.0, le=1e9, description="Threats a second, on average [1/s].")


def _tag(value: Any) -> Any:
    kind = field_of(value, "kind")
    if field_of(value, "dist") is not None or (is_law(value) and not isinstance(value, Mapping)):
        return "distribution" if kind is None else kind
    return kind if isinstance(kind, str) else None


Arrival = Annotated[
    Annotated[At, Tag("at")]
    | Annotated[Times, Tag("times")]
    | Annotated[Uniform, Tag("uniform")]
    | Annotated[Regular, Tag("regular")]
    | Annotated[Poisson, Tag("poisson")]
    | Annotated[AnyDistribution, Tag("distribution")],
    Discriminator(_tag),
]
"""One of the above, or a distribution from which each threat draws its time [s]."""


def count_mistakes(arrival: object, count: int) -> list[tuple[tuple[str, ...], str]]:
    """Return the mistakes, by field, of an arrival for a given number of threats."""
    if isinstance(arrival, Times) and len(arrival.times) != count:
        text = f"must hold one time for each of the {count} threats; got {len(arrival.times)}"
        return [(("times",), text)]
    if isinstance(arrival, Regular) and arrival.interval * count > LATEST:
        text = f"times the {count} threats must be at most {LATEST:g} s; got {arrival.interval:g}"
        return [(("interval",), text)]
    if isinstance(arrival, Poisson) and count / arrival.rate > LATEST:
        text = f"must bring the {count} threats within {LATEST:g} s; got {shown(arrival.rate)}"
        return [(("rate",), text)]
    return []
