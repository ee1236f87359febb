"""Sums within each replication, and how values of all variables become whole numbers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.engine.damage import DAMAGE_UNIT, value_unit
from leakthrough.model.discrete import TICKS_A_SECOND, WORD_RANGE
from leakthrough.results.variables import CAMPAIGN_VARIABLES, VARIABLES, Variable

if TYPE_CHECKING:
    import numpy.typing as npt

    from leakthrough.results.integer_sums import Array

_TIMES = "depletion_time", "reserve_time", "busy_time", "down_time", "depot_depletion_time"
_UNITS = {
    **dict.fromkeys(_TIMES, TICKS_A_SECOND),
    **dict.fromkeys(("tracks_full_time", "pool_full_time"), TICKS_A_SECOND),
    **dict.fromkeys(("occurred", "expected"), WORD_RANGE),
    "damage": DAMAGE_UNIT,
}
SUPPLIES = ("on_hand", "expended_so_far")
HELD_IN_DEPOTS = ("depot_remaining", "depot_in_transit")
_KILLS = {
    f"{dim}_{name}": Variable((dim,), VARIABLES[name].long_name)
    for dim in ("layer", "salvo")
    for name in ("killed", "soft_killed")
}
_TOTALS = {
    "hits": "real threats that hit assets",
    "destroyed": "aim points of all assets destroyed",
    "value_lost": "expected value of all assets that the hits destroy, for means only",
}
_SUMS = {
    "leakers": Variable((), "real threats that got through"),
    "not_hit": Variable(("asset",), "whether nothing hit the asset"),
    "all_down": Variable(("asset",), "whether all its aim points are down at the end"),
    **{f"total_{name}": Variable((), text) for name, text in _TOTALS.items()},
    **_KILLS,
    "on_hand": Variable(
        ("interceptor",),
        "rounds in magazines, in depots, on their way from these, and in stock; -1 where infinite",
    ),
    "expended_so_far": Variable(("interceptor",), "rounds expended so far"),
}
EVERY = {**VARIABLES, **CAMPAIGN_VARIABLES, **_SUMS}
"""Specifications of all variables, sums included."""
DIMS = {
    name: tuple(dim for dim in variable.dims if dim not in ("replication", "raid"))
    for name, variable in EVERY.items()
}


class Assets(NamedTuple):
    """Values and numbers of aim points of the assets (A,)."""

    values: "npt.ArrayLike" = ()
    aim_points: "npt.ArrayLike" = ()

    @property
    def units(self) -> dict[str, float]:
        """Variables of floats, and the number by which they become whole. Times may be missing."""
        unit = value_unit(np.asarray(self.values))
        return {**_UNITS, **dict.fromkeys(("value_lost", "total_value_lost"), unit)}


NO_ASSETS = Assets()


def sums_of(rows: "Mapping[str, Array]", decoys: "Array", assets: Assets) -> "dict[str, Array]":
    """Sums within each replication, whose variance does not follow from that of the summands."""
    return {
        "leakers": rows["leaked"][..., ~decoys].sum(axis=-1),
        "layer_killed": rows["killed"].sum(axis=-2),
        "layer_soft_killed": rows["soft_killed"].sum(axis=-2),
        "salvo_killed": rows["killed"].sum(axis=-1),
        "salvo_soft_killed": rows["soft_killed"].sum(axis=-1),
        **(_sums_of_assets(rows, assets) if "hits" in rows else {}),
    }


def _sums_of_assets(rows: "Mapping[str, Array]", assets: Assets) -> "dict[str, Array]":
    all_down = rows["down"] + rows["destroyed"] == assets.aim_points
    return {
        "not_hit": (rows["hits"] == 0).astype(np.int64),
        "all_down": all_down.astype(np.int64),
        **{f"total_{name}": rows[name].sum(axis=-1) for name in _TOTALS},
    }


def codes_of(names: "Sequence[str]", among: "Sequence[str]") -> list[int]:
    """Index of each name among others."""
    return [among.index(name) for name in names]


def supplies_of(rows: "Mapping[str, Array]", depots: "Sequence[int]" = ()) -> "dict[str, Array]":
    """Rounds (R, raids, I) left after each raid of a campaign, and expended up to it.

    `depots` has the code of the interceptor of each depot, (D,).
    """
    remaining, stock = rows["remaining"], rows["stock"]
    on_hand = remaining.sum(axis=-2) + np.maximum(stock, 0)
    for depot, interceptor in enumerate(depots):
        on_hand[..., interceptor] += sum(rows[name][..., depot] for name in HELD_IN_DEPOTS)
    return {
        "on_hand": np.where((remaining < 0).any(axis=-2), -1, on_hand),
        "expended_so_far": rows["expended"].sum(axis=-2).cumsum(axis=1),
    }
