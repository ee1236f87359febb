"""From rows of counts to named arrays with the dimensions of the result."""

from typing import Any

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import CAUSES, INFINITE, NEVER, NO_TRACK
from leakthrough.engine.counts import Counts
from leakthrough.engine.damage import hits_of
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import TICKS_A_SECOND

Array = npt.NDArray[Any]

_UNTRACKED = [cause for cause in range(CAUSES) if cause != NO_TRACK]


def spread(columns: Array, tables: Tables, fill: float, dtype: Any = np.int64) -> Array:
    """Put values by magazine (..., K) on the grid of batteries and interceptors (..., B, I)."""
    shape = (*columns.shape[:-1], tables.batteries.size, tables.interceptors)
    grid = np.full(shape, fill, dtype=dtype)
    grid[..., tables.magazines["battery"], tables.magazines["interceptor"]] = columns
    return grid


def by_layer(columns: Array, tables: Tables) -> Array:
    """Sums by salvo and layer (R, S, L) of counts by window (R, W): those of all passes."""
    windows, salvos, layers = tables.windows, tables.salvos.size, tables.layers.size
    found = np.zeros((len(columns), salvos * layers), columns.dtype)
    if windows.size:
        firsts = np.flatnonzero(~windows["again"])
        cells = windows["layer"].astype(np.int64) * salvos + windows["salvo"]
        found[:, cells[firsts]] = np.add.reduceat(columns, firsts, axis=1)
    return found.reshape(len(columns), layers, salvos).swapaxes(1, 2)


def in_seconds(ticks: Array) -> Array:
    """Ticks as seconds; NaN for never."""
    seconds = ticks / TICKS_A_SECOND
    seconds[ticks == NEVER] = np.nan
    return seconds


def _finite(rounds: Array) -> Array:
    return np.where(rounds >= INFINITE, -1, rounds)


def _possible_causes(causes: Array, tables: Tables) -> Array:
    """Leakers by cause; none lacks a track where their number is not limited."""
    return causes if tables.trackers.size else causes[..., _UNTRACKED]


def of_layers(columns: Array, tables: Tables) -> Array:
    """Values by tracker as values by layer (R, L), 0 where tracks are not limited."""
    found = np.zeros((len(columns), tables.layers.size), columns.dtype)
    found[:, tables.trackers["layer"]] = columns
    return found


def launched_of(counts: Counts, tables: Tables) -> dict[str, Array]:
    """Threats launched, where a number is drawn; nothing where it is a constant."""
    return {"launched": counts.launched} if tables.are_counts_drawn else {}


def losses_of(counts: Counts, tables: Tables) -> dict[str, Array]:
    """Variables of lost batteries, from the counts of some replications."""
    rounds_lost = spread(_finite(counts.rounds_lost), tables, 0)
    return {"lost": counts.lost, "rounds_lost": rounds_lost}


def rows_of(counts: Counts, tables: Tables) -> dict[str, Array]:
    """All other variables with a replication dimension, from the counts of some replications."""
    rows = {
        "leaked": counts.leaked,
        "leak_cause": _possible_causes(counts.leak_cause, tables),
        "killed": by_layer(counts.killed, tables),
        "soft_killed": by_layer(counts.soft_killed, tables),
        "expended": spread(counts.expended, tables, 0),
        "reloaded": spread(counts.reloaded, tables, 0),
        "remaining": spread(_finite(counts.remaining), tables, 0),
        "depletion_time": spread(in_seconds(counts.depletion), tables, np.nan, np.float64),
        "reserve_time": spread(in_seconds(counts.reserve_reached), tables, np.nan, np.float64),
        "busy_time": in_seconds(counts.busy),
        "engagements": counts.engagements,
    }
    if tables.trackers.size:
        rows["tracks_peak"] = of_layers(counts.tracks_peak, tables)
        rows["tracks_full_time"] = in_seconds(of_layers(counts.tracks_full, tables))
    if tables.assets.size:
        rows |= hits_of(counts, tables)
    if tables.pools.size:
        rows |= {"pool_full_time": in_seconds(counts.pool_full), "pool_peak": counts.pool_peak}
    if tables.spends_on_dead:
        rows["rounds_on_dead"] = spread(counts.rounds_on_dead, tables, 0)
    if tables.depots.size:
        names = ("depot_remaining", "depot_reloaded", "depot_in_transit", "depot_lost")
        rows |= {name: counts[name] for name in names}
        rows["depot_depletion_time"] = in_seconds(counts.depot_depletion)
    if tables.timeline.size:
        rows["ready_rounds"] = spread(_finite(counts.ready_rounds), tables, 0)
        rows["busy_channels"] = counts.busy_channels
        rows["leaked_so_far"] = counts.leaked_by[:, :-1]
    return rows


def constants_of(tables: Tables) -> dict[str, Array]:
    """Variables that are the same in every replication."""
    rounds = tables.magazines["rounds"].astype(np.float64)
    rounds[tables.magazines["rounds"] == INFINITE] = np.inf
    launched = {"launched": np.array(tables.salvos["count"], dtype=np.int64)}
    return {
        **({} if tables.are_counts_drawn else launched),
        "rounds": spread(rounds, tables, np.nan, np.float64),
    }


def sample_times(tables: Tables) -> tuple[float, ...]:
    """Sample times of the timeline [s]."""
    return tuple((tables.timeline / TICKS_A_SECOND).tolist())


def first_dry(dry: Array, raids: int) -> Array:
    """Number of the first raid by which something was dry, from the count of such raids; or NaN."""
    return np.where(dry > 0, raids - dry + 1, np.nan)
