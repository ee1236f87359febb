"""Positions in the plane, ranges by threat, and the assets that are defended."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema

from leakthrough.model.base import Frozen, Model, Name
from leakthrough.model.distributions import UncertainProbability, UncertainTime
from leakthrough.model.errors import Mistake, fault, faults, shown, text_keys

LARGEST_RANGE = 2e7
MOST_AIM_POINTS = 1_000


def _is_number(value: Any, low: float, high: float) -> bool:
    return type(value) in (int, float) and low <= value <= high


def as_point(value: Any) -> tuple[float, float] | None:
    """Return a position; None if the value is none."""
    pair = value if isinstance(value, tuple | list) else ()
    if len(pair) != 2 or not all(_is_number(own, -LARGEST_RANGE, LARGEST_RANGE) for own in pair):
        return None
    return float(pair[0]), float(pair[1])


def _point(value: Any) -> tuple[float, float]:
    if (found := as_point(value)) is None:
        allowed = f"must be two numbers, x and y [m], within {LARGEST_RANGE:,.0f} of 0"
        raise fault(f"{allowed}; got {shown(value)}")
    return found


def _range(value: Any) -> float | Mapping[str, float]:
    by_threat = isinstance(value, Mapping)
    table = text_keys(value) if by_threat else {"": value}
    allowed = f"must be a number from 0 to {LARGEST_RANGE:,.0f} [m]"
    if not by_threat:
        allowed += ", or such a number by threat"
    found: list[Mistake] = [
        ((name,) if by_threat else (), f"{allowed}; got {shown(own)}")
        for name, own in table.items()
        if not _is_number(own, 0.0, LARGEST_RANGE)
    ]
    if found:
        raise faults(found)
    return Frozen({name: float(own) for name, own in table.items()}) if by_threat else float(value)


ORIGIN = (0.0, 0.0)
_COORDINATE = {"type": "number", "minimum": -LARGEST_RANGE, "maximum": LARGEST_RANGE}
Point = Annotated[
    tuple[float, float],
    PlainValidator(_point),
    PlainSerializer(tuple),
    WithJsonSchema({"type": "array", "items": _COORDINATE, "minItems": 2, "maxItems": 2}),
]
"""A position [m]: x to the east and y to the north, from any origin."""
_DISTANCE = {"type": "number", "minimum": 0, "maximum": LARGEST_RANGE}
Distance = Annotated[float, Field(ge=0.0, le=LARGEST_RANGE)]
Range = Annotated[
    float | Mapping[str, float],
    PlainValidator(_range),
    WithJsonSchema({"anyOf": [_DISTANCE, {"type": "object", "additionalProperties": _DISTANCE}]}),
]
"""A range [m], or a range for each threat class by name."""


class Asset(Model):
    """Something worth defending, at which salvos may aim. Like all numbers here, it is notional.

    Parameters
    ----------
    name : str
        Its name, unique among the assets and batteries.
    position : (float, float)
        Its position [m]: x to the east, y to the north, from -2e7 to 2e7.
    value : float, default 1
        What its loss costs, in any one unit, from 0 to 1e15.
    aim_points : int, default 1
        Number of its equal parts, from 1 to 1,000. Each hit strikes one of them at random.
    hardness : float or frozen scipy.stats distribution, default 0
        Share by which passive protection lowers the lethality of a hit, from 0 to 1. A distribution
        is drawn once per replication.
    priority : int, default 0
        What it adds to the priority of the threats that aim at it, from -1000 to 1000.
    repair_time : float or frozen scipy.stats distribution, optional
        From a hit until the aim point that it destroyed is repaired [s], from 0 to 1e9. None:
        never.
    """

    name: Name
    position: Point = Field(description="Its position, x and y [m].")
    value: float = Field(1.0, ge=0.0, le=1e15, description="What its loss costs, in one unit.")
    aim_points: int = Field(
        1, ge=1, le=MOST_AIM_POINTS, description="Equal parts, of which a hit strikes one."
    )
    hardness: UncertainProbability = Field(0.0, description="Share by which lethality is lowered.")
    priority: int = Field(
        0, ge=-1000, le=1000, description="Added to the priority of threats that aim at it."
    )
    repair_time: UncertainTime | None = Field(
        None, description="From a hit to the repair of what it destroyed [s]; none: never."
    )
