"""Specifications of the result variables."""

from dataclasses import dataclass, replace

CAUSES = (
    "missed",
    "no_channel",
    "no_interceptors",
    "too_short",
    "dismissed",
    "undetected",
    "uncovered",
)
"""Causes of leaking, in order of precedence."""


@dataclass(frozen=True)
class Variable:
    """Dimensions, unit and meaning of a result variable.

    `sometimes` states when a result has the variable, if not always.
    """

    name: str
    dims: tuple[str, ...]
    units: str
    long_name: str
    sometimes: str = ""

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the DataArray."""
        return {"units": self.units, "long_name": self.long_name}


AIMED = "with a salvo that aims at a battery"
SAMPLED = "with a timeline"
_OF_MAGAZINE = ("replication", "battery", "interceptor")
_OF_LAYER = ("replication", "salvo", "layer")

VARIABLES = {
    variable.name: variable
    for variable in (
        Variable("launched", ("salvo",), "1", "threats launched"),
        Variable("rounds", ("battery", "interceptor"), "1", "ready rounds at the start"),
        Variable("leaked", ("replication", "salvo"), "1", "threats that got through"),
        Variable(
            "leak_cause", ("replication", "salvo", "cause"), "1", "leakers by cause of leaking"
        ),
        Variable("killed", _OF_LAYER, "1", "threats killed by rounds"),
        Variable("soft_killed", _OF_LAYER, "1", "threats neutralised without a round"),
        Variable("expended", _OF_MAGAZINE, "1", "rounds expended"),
        Variable("reloaded", _OF_MAGAZINE, "1", "rounds that reloads brought"),
        Variable(
            "remaining", _OF_MAGAZINE, "1", "ready rounds at the end; -1 where they are infinite"
        ),
        Variable(
            "depletion_time",
            _OF_MAGAZINE,
            "s",
            "time at which the last ready round left and no reload was to come",
        ),
        Variable("lost", ("replication", "battery"), "1", "batteries destroyed", AIMED),
        Variable("rounds_lost", _OF_MAGAZINE, "1", "ready rounds lost with their battery", AIMED),
        Variable("busy_time", ("replication", "battery"), "s", "time of its channels in use"),
        Variable("engagements", ("replication", "battery"), "1", "engagements begun"),
        Variable(
            "ready_rounds",
            ("replication", "time", "battery", "interceptor"),
            "1",
            "ready rounds",
            SAMPLED,
        ),
        Variable(
            "busy_channels", ("replication", "time", "battery"), "1", "channels in use", SAMPLED
        ),
        Variable(
            "leaked_so_far",
            ("replication", "time", "salvo"),
            "1",
            "threats that got through up to this time",
            SAMPLED,
        ),
    )
}

_OF_STOCK = ("replication", "raid", "interceptor")
_OF_RAID = ("replication", "raid", "battery", "interceptor")
_WHEN_KEPT = "when replications are kept"

CAMPAIGN_VARIABLES = {
    variable.name: variable
    for variable in (
        Variable("launched", ("replication", "raid", "salvo"), "1", "threats launched"),
        Variable("delivered", _OF_RAID, "1", "rounds that resupply brought before the raid"),
        Variable(
            "dry_so_far",
            _OF_RAID,
            "1",
            "whether the magazine has run dry in this raid or an earlier one",
        ),
        Variable(
            "stock", _OF_STOCK, "1", "rounds in stock when the raid begins; -1 where there is none"
        ),
        Variable("replenished", _OF_STOCK, "1", "rounds that reached the stock before the raid"),
        Variable(
            "stock_dry_so_far",
            _OF_STOCK,
            "1",
            "whether the stock has been empty by the start of the raid",
        ),
        Variable(
            "first_dry",
            _OF_MAGAZINE,
            "1",
            "number of the first raid in which the magazine ran dry",
            _WHEN_KEPT,
        ),
        Variable(
            "stock_first_dry",
            ("replication", "interceptor"),
            "1",
            "number of the first raid before which the stock was empty",
            _WHEN_KEPT,
        ),
    )
}
"""Variables that only campaigns have; they also have those of a raid, along `raid`."""

COORDINATES = {
    "replication": "number of the replication",
    "raid": "number of the raid",
    "raid_start": "when the clock of the raid starts",
    "interval": "from the start of a raid to that of the next",
    "salvo": "salvo",
    "layer": "layer, outermost first",
    "battery": "battery",
    "interceptor": "interceptor",
    "cause": "cause of leaking, the first that applies",
    "time": "time since the start of the raid",
    "threat": "threat class of the salvo",
    "decoy": "whether the salvo's threats are decoys",
    "threat_cost": "cost of one threat",
    "round_cost": "cost of one round",
    "layer_of": "layer of the battery",
    "seed": "seed of the draws",
    "scenario_digest": "digest of the scenario",
}


def raid_variables() -> dict[str, Variable]:
    """Specifications of the variables of a campaign."""
    inserted = {
        name: replace(variable, dims=("replication", "raid", *variable.dims[1:]))
        for name, variable in VARIABLES.items()
        if variable.dims[0] == "replication"
    }
    return {**inserted, **CAMPAIGN_VARIABLES}
