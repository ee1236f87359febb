"""One thread's memory: everything that the kernel reads and writes, except for the counts."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine import layout
from leakthrough.engine.bounds import check_memory
from leakthrough.engine.codes import BITS_A_WORD, FIXED, MOST_BATTERIES, TO_ASSESSMENT
from leakthrough.engine.counts import CARRIED, counting_of, sample_columns
from leakthrough.engine.layout import ARRAYS, LOG_COLUMNS, RECORDS_OF, Whole
from leakthrough.engine.memory import Array, end_of, locations_of, new_block
from leakthrough.engine.record import Records
from leakthrough.engine.tables import Tables


class State(NamedTuple):
    """Arrays of one block of memory; letters of the shapes as in `engine.layout`."""

    raid: Records  # (1,)
    salvos: Records
    givens: Records
    lucks: Records
    chances: Records
    uses: Records
    legs: Records
    landings: Records
    strikes: Records
    assets: Records
    aim_points: Records
    windows: Records
    sightings: Records
    layers: Records
    trackers: Records
    lines: Records
    batteries: Records
    pools: Records
    pairings: Records
    magazines: Records
    depots: Records
    reload_times: Records
    kill_chances: Records
    distances: Records
    reaches: Records
    spans: Records
    nodes: Records
    openings: npt.NDArray[np.uint32]
    preferences: npt.NDArray[np.uint32]
    urgencies: npt.NDArray[np.uint32]
    fireable: npt.NDArray[np.uint32]
    first_windows: npt.NDArray[np.uint32]
    reach_of: npt.NDArray[np.uint32]
    members: npt.NDArray[np.uint32]
    threats: Records  # (commands * N,)
    tracks: Records  # (trackers * N,)
    engagers: npt.NDArray[np.uint32]  # battery that engages each image, or did last; may be empty
    engaged: npt.NDArray[np.int32]  # engagements of each image, if they are limited
    commanded: npt.NDArray[np.uint64]  # (commands * mask_words,): a bit for each layer
    fortunes: Records  # (N,); empty if no threat may keep its luck
    held: npt.NDArray[np.uint64]  # (N * mask_words,): a bit for each layer that holds a threat
    fired: npt.NDArray[np.int32]  # engagements of each threat by each of its salvo's pairings
    wake_ups: Whole  # ticks of the same pairs in the queue; NEVER for none. Empty without any
    launches: Whole  # first and last tick of each engagement of batteries with an interval
    entries: Records  # queue of engagements and reloads under way
    sums: npt.NDArray[np.float64]  # cumulative exponential draws of a salvo's arrivals
    log: Whole  # (events * 8,)
    words: Whole  # the records that are reset before each raid, as 64-bit numbers
    initial: Whole  # their values at the start of a raid
    carrying: Whole  # (fields * 3,): locations of the numbers that are carried over
    counting: Whole  # (kinds * 3,): locations of the numbers that are counted
    quantiles: npt.NDArray[np.float64]
    timeline: Whole
    addresses: Whole  # address and length of each of `layout.ARRAYS`; (1, n) if there are rules


def new_state(tables: Tables, events: int = 0) -> State:
    """Allocate the memory of one thread, with a log of `events` rows.

    Raises
    ------
    ValueError
        If there are more batteries than codes for them.
    """
    if tables.batteries.size >= MOST_BATTERIES:
        text = f"must be below {MOST_BATTERIES:,}; got {tables.batteries.size:,}"
        raise ValueError(f"batteries: {text}")
    size = tables.block.size
    more = locations_of(_lengths(tables, events), start=size)
    what = f"a raid of {tables.threats:,} threats, in each thread,"
    check_memory(end_of(more), what, "it grows with threats times the batteries that engage them")
    block = new_block(end_of(more))
    block[:size] = tables.block
    stop = tables.locations["openings"].offset // 8  # the lists of codes are not reset
    arrays = {
        **{name: own.array(block) for name, own in {**tables.locations, **more}.items()},
        "words": block[:size].view(np.int64)[:stop],
        "initial": tables.block.view(np.int64)[:stop],
        "carrying": _carrying(tables),
        "counting": counting_of(tables),
        "quantiles": tables.quantiles,
        "timeline": tables.timeline,
    }
    addresses = _addresses(arrays)
    state = State(**arrays, addresses=addresses[np.newaxis] if tables.has_rules else addresses)
    _start(state, tables)
    return state


def _addresses(arrays: Mapping[str, Array]) -> Whole:
    """Address and length of each array, as compiled code needs them."""
    found = np.zeros((len(ARRAYS), 2), np.int64)
    for n, (name, dtype) in enumerate(ARRAYS.items()):
        own = arrays[name]
        if own.dtype != dtype or not own.flags.c_contiguous:
            raise TypeError(f"{name}: must be contiguous, of {dtype}; got {own.dtype}")
        found[n] = own.ctypes.data, own.size
    return found.ravel()


def _lengths(tables: Tables, events: int) -> dict[str, int]:
    """Lengths of the arrays that the tables do not have."""
    threats, salvos, trackers = tables.threats, tables.salvos, int(tables.trackers.size)
    images = threats * tables.commands
    return {
        "raid": 1,
        "entries": entries_of(tables),
        "threats": images,
        "tracks": threats * trackers,
        "engagers": images if trackers or tables.commands > 1 else 0,
        "engaged": images if tables.limited else 0,
        "commanded": tables.commands * _mask_words(tables),
        "fortunes": threats if tables.lucks.size else 0,
        "held": threats * _mask_words(tables),
        "fired": _pairs(tables),
        "wake_ups": _pairs(tables) if tables.waking else 0,
        "launches": 2 * int(tables.batteries["stop_launch"].max(initial=0)),
        "sums": int(salvos["count"].max(initial=0)) + 4,
        "log": events * LOG_COLUMNS,
    }


def entries_of(tables: Tables) -> int:
    """Length of the queue: what can be under way at once, and two more.

    Two, since the tick of an absent child is read. With several commands, engagements have kills
    that the others see; each track has an end, and each of their layers a track to give.
    """
    batteries = tables.batteries
    channels = int(batteries["channels"].astype(object).sum())
    images = tables.threats * tables.commands
    engagements, returns = min(images, channels), 0
    if (batteries["hold"] != TO_ASSESSMENT).any():  # engagements without a channel, and channels
        engagements, returns = images, engagements
    waking = _pairs(tables) if tables.waking else 0
    waking += int((batteries["interval"] > 0).sum())
    tracks = int(tables.trackers.size) * (tables.threats + 1)
    kills = engagements if tables.commands > 1 else 0
    under_way = engagements + kills + returns + int(tables.magazines.size)
    return under_way + waking + tracks + 2


def _pairs(tables: Tables) -> int:
    """Number of threats and batteries that may engage them."""
    return int((tables.salvos["count"] * tables.salvos["pairings"]).sum())


def _mask_words(tables: Tables) -> int:
    return max(-(-int(tables.layers.size) // BITS_A_WORD), 1)


def _start(state: State, tables: Tables) -> None:
    """Write the values that are the same in all raids of the thread."""
    raid = state.raid
    layout.RAID.start(raid)
    raid["leaves"], raid["mask_words"] = tables.nodes.size // 2, _mask_words(tables)
    raid["waking"] = tables.waking
    raid["leaked_by_column"], raid["sample_column"] = sample_columns(tables)
    layout.ENTRY.start(state.entries)
    raid["commands"], raid["limited"] = tables.commands, tables.limited
    raid["ruled"] = tables.commands > 1 or tables.limited or tables.trackers.size > 0
    for layer in tables.layers:
        own = int(layer["command"]) * _mask_words(tables) + int(layer["code"]) // BITS_A_WORD
        state.commanded[own] |= np.uint64(1 << int(layer["code"]) % BITS_A_WORD)
    salvos, threats = tables.salvos, state.threats[: tables.threats]
    threats["code"] = np.arange(threats.size)
    threats["salvo"] = np.repeat(np.arange(salvos.size), salvos["count"])
    fixed = salvos["arrival"] == FIXED
    threats["arrival"][np.repeat(fixed, salvos["count"])] = tables.fixed_arrivals
    state.threats[:] = np.tile(threats, tables.commands)


def _carrying(tables: Tables) -> Whole:
    """For each carried field: first 64-bit number, step between records, number of records."""
    found = []
    for name, field in CARRIED:
        dtype, own = RECORDS_OF[name].dtype, tables.locations[name]
        if own.number == 0:
            continue
        first = own.offset + dtype.fields[field][1]  # type: ignore[index]
        found += [first // 8, dtype.itemsize // 8, own.number]
    return np.array(found, np.int64)


def logged(state: State) -> Whole:
    """Log of the last replication: tick, event, codes of threat, layer, battery, magazine, ...

    A code that an event does not have is -1.
    """
    rows = state.log.reshape(-1, LOG_COLUMNS)
    return rows[: min(int(state.raid["log_used"][0]), len(rows))].copy()
