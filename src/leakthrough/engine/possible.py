"""What a raid can do at most, whatever is drawn: known from its tables, without simulation."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.chances import drawn_in, ends
from leakthrough.engine.codes import FIXED, INFINITE, NO_LIMIT
from leakthrough.engine.damage import hits_from
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE

Array = npt.NDArray[Any]


class Possible(NamedTuple):
    """Largest numbers in one raid; infinite where there is no limit. A 0 is certain."""

    killed: Array  # (L, S), threats
    soft_killed: Array  # (L, S), threats
    expended: Array  # (K,), rounds
    engagements: Array  # (B,)
    drawn: bool  # whether any value may differ between replications

    @property
    def survivors(self) -> Array:
        """Whether all threats of each salvo (S,) leak for certain, since nothing can kill them."""
        stopped: Array = (self.killed > 0.0) | (self.soft_killed > 0.0)
        return np.asarray(~stopped.any(axis=0))


def possible(tables: Tables) -> Possible:
    """Find what is possible in a raid.

    A layer that is never up does nothing; batteries fire only at threats that their layer can
    detect, with magazines that hold rounds at some time, where an engagement fits in the window.
    """
    windows, pairings, magazines = tables.windows, tables.pairings, tables.magazines
    salvos, batteries, codes = tables.salvos, tables.batteries, tables.preferences
    counts = salvos["count"].astype(np.float64)[windows["salvo"]]
    met = np.where(tables.layers["availability"][windows["layer"]] > 0, counts, 0.0)
    held = np.where((windows["detection"] > 0) & (windows["dismissal"] < WORD_RANGE), met, 0.0)
    owner = tables.preferring
    at, by = pairings["window"][owner], pairings["battery"][owner]
    length = windows["close_offset"] - windows["open_offset"]
    fits = batteries["varying_delay"][by] | (magazines["to_kill"][codes] <= length[at])
    rounds = stock(tables)
    fired = fits & (rounds[codes] > 0.0) & (held[at] > 0.0)
    limits = batteries["max_salvos"].astype(np.float64)
    limits[batteries["max_salvos"] >= NO_LIMIT] = np.inf
    most = np.where(fired, held[at] * np.where(fired, limits[by], 1.0), 0.0)
    wanted = most * pairings["salvo_size"][owner]
    expended = np.minimum(rounds, np.bincount(codes, wanted, minlength=magazines.size))
    chances = tables.kill_chances[tables.preferred_chances]
    varying = chances["first_distance"] < chances["stop_distance"]
    kills = fired & ((chances["table"] >= 0) | (chances["threshold"] > 0) | varying)
    killing = np.bincount(at, kills, minlength=windows.size) > 0.0
    return Possible(
        _by_layer(tables, np.where(killing, met, 0.0)),
        _by_layer(tables, np.where(windows["soft_kill"] > 0, met, 0.0)),
        expended,
        np.bincount(magazines["battery"], expended, minlength=batteries.size),
        _is_drawn(tables, chances[fired]),
    )


def _by_layer(tables: Tables, values: Array) -> Array:
    """The largest of the values of windows (W,) for each layer and salvo (L, S); 0 without any."""
    found = np.zeros((tables.layers.size, tables.salvos.size))
    np.maximum.at(found, (tables.windows["layer"], tables.windows["salvo"]), values)
    return found


def stock(tables: Tables) -> Array:
    """Rounds of each magazine and of its reloads (K,)."""
    magazines = tables.magazines
    return np.where(magazines["rounds"] >= INFINITE, np.inf, magazines["rounds"] + tables.to_come)


def hit(tables: Tables, leaked: Array, *, at_least: bool = False) -> dict[str, Array]:
    """Largest variables of assets (A,) with at most so many leakers (S,), or smallest ones."""
    aim_points = tables.assets["aim_points"]
    none = np.zeros((1, aim_points.size), np.int64)
    low, high = ends(tables)[:, np.newaxis]
    lethality = drawn_in(tables, "strikes", "lethality").written(
        tables.strikes["lethality"], *((low, high) if at_least else (high, low))
    )
    found = hits_from(leaked[np.newaxis], none, tables, lethality)
    destroyed = np.where(found["damage"] > 0.0, np.minimum(found["hits"], aim_points), 0)
    destroyed = none if at_least else destroyed
    return {name: own[0] for name, own in {**found, "destroyed": destroyed, "down": none}.items()}


def _is_drawn(tables: Tables, kill_chances: Array) -> bool:
    """Whether any decision is drawn: a distribution, or a probability that is neither 0 nor 1."""
    salvos, windows, batteries = tables.salvos, tables.windows, tables.batteries
    varying = kill_chances["first_distance"] < kill_chances["stop_distance"]
    varying |= kill_chances["table"] >= 0
    strikes = tables.strikes
    split = tables.assets["aim_points"][strikes["asset"]] > 1  # which of them is hit is drawn
    chances = [
        tables.layers["availability"],
        tables.landings["lethality"],
        np.where(split, np.minimum(strikes["lethality"], 1), strikes["lethality"]),
        *(windows[name] for name in ("soft_kill", "detection", "dismissal")),
        *(batteries[name] for name in ("false_kill", "false_survival")),
        np.where(varying, 1, kill_chances["threshold"]),
    ]
    quantiles = [
        *(batteries[name] for name in ("reaction_table", "assessment_table")),
        *(tables.magazines["flight_table"], tables.reload_times["table"]),
    ]
    return bool(
        not tables.are_counts_constant.all()
        or (salvos["arrival"] != FIXED).any()
        or any((own >= 0).any() for own in quantiles)
        or any(((own > 0) & (own < WORD_RANGE)).any() for own in chances)
    )
