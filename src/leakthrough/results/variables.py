"""Specifications of the result variables."""

from dataclasses import dataclass, replace

from leakthrough.quantities import described

CAUSES = (
    "missed",
    "no_channel",
    "no_interceptors",
    "no_track",
    "too_short",
    "dismissed",
    "undetected",
    "uncovered",
)
"""Causes of leaking, in order of precedence; `no_track` only where tracks are limited."""


@dataclass(frozen=True)
class Variable:
    """Dimensions, meaning and unit of a result variable.

    `sometimes` states when a result has the variable, if not always.
    """

    dims: tuple[str, ...]
    long_name: str
    units: str = "1"
    sometimes: str = ""

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of the DataArray."""
        return described(self.long_name, self.units)


AIMED = "with a salvo that aims at a battery"
DEFENDED = "with assets"
TRACKED = "with a limited number of tracks"
POOLED = "with pools"
SAMPLED = "with a timeline"
ON_DEAD = "with false_survival or several commands"
DEPOTS = "with depots"
SHARED = "with users"
ROTATED = "with rotations"
TRANSPORTED = "with transport times"
PATTERNED = "with a pattern of raids"
STOCKED = "with stocks of the attacker"
KNOWN = "not in files of earlier versions"
_OF_SALVO = ("replication", "salvo")
_OF_LAYER = (*_OF_SALVO, "layer")
_OF_BATTERY = ("replication", "battery")
_OF_MAGAZINE = (*_OF_BATTERY, "interceptor")
_OF_ASSET = ("replication", "asset")
_OF_POOL = ("replication", "pool")
_OF_DEPOT = ("replication", "depot")
_OF_DECISION = ("replication", "decision")
_AT_TIME = ("replication", "sample_time")

VARIABLES = {
    "launched": Variable(("salvo",), "threats launched"),
    "rounds": Variable(("battery", "interceptor"), "ready rounds at the start"),
    "leaked": Variable(_OF_SALVO, "threats that got through"),
    "leak_cause": Variable((*_OF_SALVO, "cause"), "leakers by cause of leaking"),
    "killed": Variable(_OF_LAYER, "threats killed by rounds"),
    "soft_killed": Variable(_OF_LAYER, "threats neutralised without a round"),
    "tracks_peak": Variable(
        ("replication", "layer"),
        "largest number of tracks in use; 0 where they are not limited",
        sometimes=TRACKED,
    ),
    "tracks_full_time": Variable(
        ("replication", "layer"),
        "time for which no track was free; 0 where they are not limited",
        "s",
        sometimes=TRACKED,
    ),
    "expended": Variable(_OF_MAGAZINE, "rounds expended"),
    "rounds_on_dead": Variable(
        _OF_MAGAZINE,
        "rounds fired at threats that were dead, or that rounds in flight were to kill",
        sometimes=ON_DEAD,
    ),
    "reloaded": Variable(_OF_MAGAZINE, "rounds that reloads brought"),
    "remaining": Variable(_OF_MAGAZINE, "ready rounds at the end; -1 where they are infinite"),
    "depletion_time": Variable(
        _OF_MAGAZINE, "time at which the last ready round left and no reload was to come", "s"
    ),
    "reserve_time": Variable(
        _OF_MAGAZINE,
        "time at which only reserved rounds or none were left and no reload was to come",
        "s",
    ),
    "lost": Variable(_OF_BATTERY, "batteries destroyed", sometimes=AIMED),
    "rounds_lost": Variable(_OF_MAGAZINE, "ready rounds lost with their battery", sometimes=AIMED),
    "hits": Variable(_OF_ASSET, "real threats that hit the asset", sometimes=DEFENDED),
    "damage": Variable(
        _OF_ASSET,
        "expected share of its aim points that the hits destroy, for means only",
        sometimes=DEFENDED,
    ),
    "value_lost": Variable(
        _OF_ASSET, "expected value that the hits destroy, for means only", sometimes=DEFENDED
    ),
    "destroyed": Variable(_OF_ASSET, "aim points destroyed", sometimes=DEFENDED),
    "down": Variable(_OF_ASSET, "aim points down when the raid begins", sometimes=DEFENDED),
    "depot_remaining": Variable(
        _OF_DEPOT, "rounds that the depot holds at the end", sometimes=DEPOTS
    ),
    "depot_reloaded": Variable(
        _OF_DEPOT, "rounds of the depot that reloads brought to magazines", sometimes=DEPOTS
    ),
    "depot_in_transit": Variable(
        _OF_DEPOT, "rounds of the depot on their way to magazines at the end", sometimes=DEPOTS
    ),
    "depot_lost": Variable(
        _OF_DEPOT, "rounds of the depot lost on their way to a lost battery", sometimes=DEPOTS
    ),
    "depot_depletion_time": Variable(
        _OF_DEPOT, "time at which the last round left the depot", "s", sometimes=DEPOTS
    ),
    "busy_time": Variable(_OF_BATTERY, "time of its channels in use", "s"),
    "pool_full_time": Variable(
        _OF_POOL, "time for which all channels of the pool are in use", "s", sometimes=POOLED
    ),
    "pool_peak": Variable(
        _OF_POOL, "largest number of channels of the pool in use", sometimes=POOLED
    ),
    "engagements": Variable(_OF_BATTERY, "engagements begun"),
    "occurred": Variable(
        _OF_DECISION, "random decisions that occurred, or what was drawn", sometimes=KNOWN
    ),
    "expected": Variable(
        _OF_DECISION,
        "sum of the probabilities with which they were drawn, or mean of what was",
        sometimes=KNOWN,
    ),
    "ready_rounds": Variable(
        (*_AT_TIME, "battery", "interceptor"), "ready rounds", sometimes=SAMPLED
    ),
    "busy_channels": Variable((*_AT_TIME, "battery"), "channels in use", sometimes=SAMPLED),
    "leaked_so_far": Variable(
        (*_AT_TIME, "salvo"), "threats that got through up to this time", sometimes=SAMPLED
    ),
}

DRAWN = {"launched": replace(VARIABLES["launched"], dims=_OF_SALVO)}
"""Variables that have other dimensions where numbers of threats are drawn."""

_IN_RAID = ("replication", "raid")
_OF_STOCK = (*_IN_RAID, "interceptor")
_OF_RAID = (*_IN_RAID, "battery", "interceptor")
_WHEN_KEPT = "when replications are kept"

CAMPAIGN_VARIABLES = {
    "launched": Variable((*_IN_RAID, "salvo"), "threats launched"),
    "delivered": Variable(_OF_RAID, "rounds that resupply brought before the raid"),
    "dry_so_far": Variable(
        _OF_RAID, "whether the magazine has run dry in this raid or an earlier one"
    ),
    "stock": Variable(_OF_STOCK, "rounds in stock when the raid begins; -1 where there is none"),
    "replenished": Variable(_OF_STOCK, "rounds that reached the stock before the raid"),
    "stock_dry_so_far": Variable(
        _OF_STOCK, "whether the stock has been empty by the start of the raid"
    ),
    "down_time": Variable(
        (*_IN_RAID, "asset"),
        "time of its aim points that are down, from the start of the raid to that of the next",
        "s",
        sometimes=DEFENDED,
    ),
    "depot_delivered": Variable(
        (*_IN_RAID, "depot"),
        "rounds that resupply brought to the depot before the raid",
        sometimes=DEPOTS,
    ),
    "in_transport": Variable(
        _OF_RAID,
        "rounds of resupply on their way to the magazine when the raid begins",
        sometimes=TRANSPORTED,
    ),
    "depot_in_transport": Variable(
        (*_IN_RAID, "depot"),
        "rounds of resupply on their way to the depot when the raid begins",
        sometimes=f"{DEPOTS} and transport times",
    ),
    "away": Variable(
        (*_IN_RAID, "battery"),
        "whether the battery is away to reload, and takes no part in the raid",
        sometimes=ROTATED,
    ),
    "asked": Variable(
        (*_IN_RAID, "user"),
        "rounds that another user of a stock asked for before the raid",
        sometimes=SHARED,
    ),
    "got": Variable(
        (*_IN_RAID, "user"),
        "rounds that another user of a stock got before the raid",
        sometimes=SHARED,
    ),
    "raid_kind": Variable(
        (*_IN_RAID, "kind"), "whether the raid is of this kind", sometimes=PATTERNED
    ),
    "threat_stock": Variable(
        (*_IN_RAID, "threat_class"),
        "threats in the attacker's stock before the raid is launched",
        sometimes=STOCKED,
    ),
    "first_dry": Variable(
        _OF_MAGAZINE,
        "number of the first raid in which the magazine ran dry",
        sometimes=_WHEN_KEPT,
    ),
    "stock_first_dry": Variable(
        ("replication", "interceptor"),
        "number of the first raid before which the stock was empty",
        sometimes=_WHEN_KEPT,
    ),
}
"""Variables that only campaigns have; they also have those of a raid, along `raid`."""
WHEN_KEPT = tuple(n for n, own in CAMPAIGN_VARIABLES.items() if own.sometimes == _WHEN_KEPT)
"""Variables that only results with their replications have."""

COORDINATES = {
    "replication": "number of the replication",
    "raid": "number of the raid, from 1",
    "raid_start": "when the clock of the raid starts",
    "interval": "from the start of a raid to that of the next",
    "salvo": "salvo",
    "layer": "layer, outermost first",
    "battery": "battery",
    "interceptor": "interceptor",
    "cause": "cause of leaking, the first that applies",
    "known_variance": "variance of what is drawn once in a raid; missing for decisions",
    "decision": "random decisions of known probability: what is decided, and of what",
    "sample_time": "time since the start of the raid",
    "threat": "threat class of the salvo",
    "target": "asset or battery at which the salvo of a single raid aims; empty: none",
    "asset": "asset",
    "asset_value": "value of the asset",
    "aim_points": "aim points of the asset",
    "kind": "kind of raid",
    "threat_class": "threat class of which the attacker has a stock",
    "pool": "pool of channels",
    "pool_channels": "channels of the pool",
    "depot": "depot",
    "user": "another user of a stock",
    "interceptor_of": "interceptor of the depot",
    "depot_rounds": "rounds of the depot at the start",
    "decoy": "whether the salvo's threats are decoys",
    "threat_cost": "cost of one threat",
    "round_cost": "cost of one round",
    "layer_of": "layer of the battery",
    "seed": "seed of the draws",
    "scenario_digest": "digest of the scenario",
}


def variables_of(*, raids: bool, drawn: bool) -> dict[str, Variable]:
    """Specifications of the variables of a result, of a campaign if it has `raids`.

    `drawn` is whether some number of threats is drawn.
    """
    if not raids:
        return VARIABLES | (DRAWN if drawn else {})
    inserted = {
        name: replace(variable, dims=("replication", "raid", *variable.dims[1:]))
        for name, variable in VARIABLES.items()
        if variable.dims[0] == "replication"
    }
    return {**VARIABLES, **inserted, **CAMPAIGN_VARIABLES}
