"""Frozen models of magazines, and of the depots behind them."""

import math
import sys
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from leakthrough.model.base import Model, Name
from leakthrough.model.distributions import UncertainTime
from leakthrough.model.errors import fault, faults, nearest, shown

MOST_ROUNDS = 1_000_000_000


def _rounds(value: Any) -> float:
    if isinstance(value, str | float) and value in ("infinite", math.inf):
        return math.inf
    allowed = f"must be a whole number from 0 to {MOST_ROUNDS:,}, or 'infinite'"
    if type(value) is not int or not 0 <= value <= MOST_ROUNDS:
        raise fault(f"{allowed}; got {shown(value)}{nearest(value, ['infinite'])}")
    return value


_FINITE = {"type": "integer", "minimum": 0, "maximum": MOST_ROUNDS}
_INFINITE = {
    "type": "number",
    "not": {"type": "integer"},
    "exclusiveMinimum": sys.float_info.max,
    "$comment": "inf, which TOML has and JSON has not",
}
Rounds = Annotated[
    int | float,
    PlainValidator(_rounds),
    PlainSerializer(lambda rounds: "infinite" if rounds == math.inf else rounds, when_used="json"),
    WithJsonSchema({"anyOf": [_FINITE, {"const": "infinite"}, _INFINITE]}),
]


class Magazine(Model):
    """Ready rounds of one interceptor on a battery, and their reloads.

    Parameters
    ----------
    interceptor : str
        The name of an interceptor.
    rounds : int or inf
        Ready rounds at the start, from 0 to 1e9; ``float("inf")`` or ``"infinite"``.
    reserved : int, default 0
        Number of the last rounds, which are fired only at threats of priority 1 or more, from 0 to
        1e9; all rounds if the magazine has fewer.
    reload_rounds : int, default 0
        Rounds of one reload, from 0 to 1e9; at least 1 when `reloads` is above 0.
    reload_time : float or frozen scipy.stats distribution, default 0
        From the call of a reload to its arrival [s], from 0 to 1e9. A distribution is drawn anew
        for each reload.
    reloads : int, optional
        Number of reloads, from 0 to 1,000,000. None: without limit if there is a depot, otherwise
        none.
    reload_at : int, default 0
        A reload is called when so many ready rounds are left or fewer, from 0 to 1e9; one at a
        time is on its way.
    depot : str, optional
        The name of a depot of this interceptor, from which reloads are taken: `reload_rounds`, or
        what it has left. None: reloads come from outside.
    """

    interceptor: str = Field(description="The name of an interceptor.")
    rounds: Rounds = Field(description="Ready rounds at the start.")
    reserved: int = Field(
        0, ge=0, le=MOST_ROUNDS, description="Rounds kept for threats of priority 1 or more."
    )
    reload_rounds: int = Field(0, ge=0, le=MOST_ROUNDS, description="Rounds of one reload.")
    reload_time: UncertainTime = Field(0.0, description="Duration of a reload [s].")
    reloads: Annotated[int, Field(ge=0, le=1_000_000)] | None = Field(
        None, description="Number of reloads; none: no limit with a depot, 0 without."
    )
    reload_at: int = Field(
        0, ge=0, le=MOST_ROUNDS, description="Ready rounds at or below which a reload is called."
    )
    depot: str | None = Field(None, description="The depot from which reloads are taken.")

    @model_validator(mode="before")
    @classmethod
    def _none_is_the_default(cls, data: Any) -> Any:
        # Magazines, and their digests, are equal whether no reloads are stated or left out.
        if not isinstance(data, Mapping) or data.get("depot") is not None:
            return data
        given = data.get("reloads")
        return {**data, "reloads": None} if type(given) is int and given == 0 else data

    @model_validator(mode="after")
    def _reloads_bring_rounds(self) -> "Magazine":
        if self.most_reloads and not self.reload_rounds:
            why = "reloads is above 0" if self.reloads else "there is a depot"
            raise faults([(("reload_rounds",), f"must be at least 1 when {why}; got 0")])
        return self

    @property
    def most_reloads(self) -> float:
        """The number of reloads; infinite if there is no limit."""
        if self.reloads is None:
            return 0 if self.depot is None else math.inf
        return self.reloads

    @property
    def most_ready(self) -> float:
        """The most rounds that may be ready at a time."""
        if not self.most_reloads:
            return self.rounds
        before_the_last = self.rounds + (self.most_reloads - 1) * self.reload_rounds
        return max(self.rounds, min(self.reload_at, before_the_last) + self.reload_rounds)


class Depot(Model):
    """Rounds of one interceptor behind several batteries, from which their reloads are taken.

    Parameters
    ----------
    name : str
        Its name, unique among the depots.
    interceptor : str
        The name of an interceptor.
    rounds : int
        Rounds at the start, from 0 to 1e9.
    """

    name: Name
    interceptor: str = Field(description="The name of an interceptor.")
    rounds: int = Field(ge=0, le=MOST_ROUNDS, description="Rounds at the start.")
