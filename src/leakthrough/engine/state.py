"""What the kernel works on: the words of a raid, its marks, and the rows of counts.

`new_state` lays the tables out as records in one array (see `leakthrough.engine.kernel` for why) and
turns codes into places. The letters of the shapes are those of `leakthrough.engine.lower_parts`; R is the
replications of a block.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine import kernel as k
from leakthrough.engine.tables import Tables

Words = npt.NDArray[np.int64]
MOST_PLACES = 1 << (63 - k.PLACE_BITS)
"""Beyond it the place of a battery would not fit into the upper bits of a tie."""


class State(NamedTuple):
    """Memory of one thread: everything that the kernel reads and writes but the counts."""

    words: Words  # records of all kinds, their places linked
    marks: npt.NDArray[np.int32]  # (N * (L + B),): availability to layers, engagements by battery
    reals: npt.NDArray[np.float64]  # arrival scales, quantile tables, scratch


class _Layout:
    """Stretches of the words, one for each kind of record, in the order of `KINDS`."""

    def __init__(self, shapes: dict[int, tuple[int, int]]) -> None:
        self.shapes = shapes
        self.starts: dict[int, int] = {}
        self.size = k.HEAD_SIZE
        for kind, (number, width) in shapes.items():
            self.starts[kind] = self.size
            self.size += number * width

    def places(self, kind: int) -> Words:
        """Where the records of a kind begin."""
        number, width = self.shapes[kind]
        return self.starts[kind] + width * np.arange(number)

    def records(self, words: Words, kind: int) -> Words:
        """View of the records of a kind, one a row."""
        number, width = self.shapes[kind]
        return words[self.starts[kind] : self.starts[kind] + number * width].reshape(number, width)


def _layout(tables: Tables, events: int) -> _Layout:
    """Batteries come before threats and threats before magazines: their places order ties."""
    salvos, batteries, width = tables.preference.shape
    leaves = 1 << max(tables.landings.size + tables.windows.size - 1, 0).bit_length()
    threats, magazines = tables.salvo_of.size, tables.magazines.size
    return _Layout(
        {
            k.SALVOS: (salvos, k.SALVO_SIZE),
            k.LAYERS: (tables.layers.size, k.LAYER_SIZE),
            k.BATTERIES: (batteries, k.BATTERY_SIZE),
            k.THREATS: (threats, k.THREAT_SIZE),
            k.MAGAZINES: (magazines, k.MAGAZINE_SIZE),
            k.LANDINGS: (tables.landings.size, k.LANDING_SIZE),
            k.KILLS: (tables.kill.size, k.KILL_SIZE),
            k.WINDOWS: (tables.windows.size, k.WINDOW_SIZE),
            k.PAIRINGS: (tables.pairings.size, k.PAIRING_SIZE),
            k.URGENCIES: (batteries, salvos + 1),
            k.CANDIDATES: (tables.windows.size + tables.pairings.size, 1),
            k.PREFERENCES: (salvos * batteries, width),
            k.TREE: (2 * leaves, k.NODE_SIZE),
            # One entry more than there can be: its tick is read before its presence is known.
            k.HEAP: (threats + magazines + 1, k.ENTRY_SIZE),
            k.TIMELINE: (tables.timeline.size, 1),
            k.LOG: (events, k.LOG_SIZE),
        }
    )


_NUMBERS = {
    k.SALVOS: k.SALVO_COUNT,
    k.LAYERS: k.LAYER_COUNT,
    k.BATTERIES: k.BATTERY_COUNT,
    k.THREATS: k.THREAT_COUNT,
    k.MAGAZINES: k.MAGAZINE_COUNT,
    k.KILLS: k.KILL_COUNT,
    k.LANDINGS: k.LANDING_COUNT,
    k.WINDOWS: k.WINDOW_COUNT,
    k.PAIRINGS: k.PAIRING_COUNT,
    k.TIMELINE: k.SAMPLE_COUNT,
    k.LOG: k.LOG_ROOM,
}


def _at(places: Words, codes: npt.NDArray[Any]) -> Words:
    """Places of codes; 0, which is nobody's place, for -1."""
    found: Words = np.append(places, 0)[codes]
    return found


def _write(records: Words, first: int, *columns: Any) -> None:
    """Write consecutive columns."""
    for column, values in enumerate(columns, first):
        records[:, column] = values


def _write_raid(words: Words, layout: _Layout, tables: Tables) -> None:
    """Write salvos, threats, and what layers and batteries are to salvos."""
    salvos, pairings = tables.salvos, tables.pairings.ravel()
    by_priority = np.argsort(-salvos["priority"], kind="stable")
    windows = tables.windows[by_priority].T.ravel()
    salvo_places = layout.places(k.SALVOS)
    number = tables.salvos.size
    _write(
        layout.records(words, k.SALVOS),
        k.SALVO_CODE,
        np.arange(number),
        np.argsort(by_priority),
        layout.starts[k.THREATS] + salvos["first"] * k.THREAT_SIZE,
        *(salvos[name] for name in ("count", "threat", "priority", "target_offset")),
        *(salvos[name].astype(np.int64) for name in ("stream", "kind")),
        2 * np.arange(number),
        _table_places(salvos["table"], number),
        salvos["threats_stream"].astype(np.int64),
        _table_places(salvos["threats_table"], number),
    )
    landings = tables.landings
    _write(
        layout.records(words, k.LANDINGS),
        k.LANDING_SALVO,
        _at(salvo_places, landings["salvo"]),
        _at(layout.places(k.BATTERIES), landings["battery"]),
        *(landings[name].astype(np.int64) for name in ("lethality", "stream")),
    )
    threats = layout.records(words, k.THREATS)
    threats[:, k.THREAT_ARRIVAL] = tables.fixed_arrival
    threats[:, k.THREAT_SALVO] = _at(salvo_places, tables.salvo_of)
    names: tuple[str, ...]
    names = ("open_offset", "close_offset", "soft_kill", "detection", "dismissal", "stream")
    _write(
        layout.records(words, k.WINDOWS),
        k.WINDOW_OPEN,
        *(windows[name].astype(np.int64) for name in (*names, "random")),
        np.tile(salvo_places[by_priority], tables.layers.size),
        np.repeat(layout.places(k.LAYERS), number),
        _write_candidates(words, layout, tables, by_priority),
    )
    window_places = layout.places(k.WINDOWS).reshape(tables.layers.size, number)[
        :, np.argsort(by_priority)
    ]
    names = ("engagement_stream", "rounds_stream", "salvo_size")
    _write(
        layout.records(words, k.PAIRINGS),
        k.PAIRING_ENGAGEMENT_STREAM,
        *(pairings[name].astype(np.int64) for name in names),
        np.tile(layout.places(k.BATTERIES), number),
        window_places[tables.batteries["layer"]].T.ravel(),
        layout.places(k.PREFERENCES),
    )
    preference = tables.preference.reshape(pairings.size, tables.preference.shape[2])
    layout.records(words, k.PREFERENCES)[:] = _at(layout.places(k.MAGAZINES), preference)


def _write_candidates(words: Words, layout: _Layout, tables: Tables, by_priority: Words) -> Words:
    """List the pairings that may engage in each window, ended by 0; where the lists begin."""
    salvos, batteries = tables.pairings.shape
    rank, battery = np.nonzero(tables.pairings["engages"][by_priority])
    window = tables.batteries["layer"][battery] * salvos + rank
    order = np.argsort(window, kind="stable")
    pairings = layout.places(k.PAIRINGS)[by_priority[rank] * batteries + battery]
    start = layout.starts[k.CANDIDATES]
    words[start + window[order] + np.arange(window.size)] = pairings[order]
    listed = np.bincount(window, minlength=tables.windows.size)
    starts: Words = start + np.arange(tables.windows.size) + listed.cumsum() - listed
    return starts


def _write_defence(words: Words, layout: _Layout, tables: Tables) -> None:
    """Write layers, batteries, magazines and kill probabilities."""
    layers, batteries, magazines = tables.layers, tables.batteries, tables.magazines
    salvos, classes = tables.salvos.size, tables.kill.shape[1]
    battery_places = layout.places(k.BATTERIES)
    codes, owners = np.arange(batteries.size), magazines["battery"]
    _write(
        layout.records(words, k.LAYERS),
        k.LAYER_CODE,
        np.arange(layers.size),
        *(layers[name].astype(np.int64) for name in ("availability", "stream")),
        layout.starts[k.WINDOWS] + np.arange(layers.size) * salvos * k.WINDOW_SIZE,
    )
    names: tuple[str, ...] = ("false_kill", "false_survival", "random_delay", "random")
    _write(
        layout.records(words, k.BATTERIES),
        k.BATTERY_CODE,
        codes,
        _at(layout.places(k.LAYERS), batteries["layer"]),
        *(batteries[name] for name in ("channels", "max_salvos", "order", "reaction")),
        _table_places(batteries["reaction_table"], salvos),
        batteries["assessment"],
        _table_places(batteries["assessment_table"], salvos),
        *(batteries[name].astype(np.int64) for name in names),
        layout.places(k.URGENCIES),
        layout.starts[k.MAGAZINES] + k.MAGAZINE_SIZE * np.searchsorted(owners, codes),
        layout.starts[k.MAGAZINES] + k.MAGAZINE_SIZE * np.searchsorted(owners, codes, "right"),
    )
    names = ("rounds", "reserved", "reload_rounds", "reload_ticks", "flight")
    kill_row = magazines["interceptor"] * classes * k.KILL_SIZE
    _write(
        layout.records(words, k.MAGAZINES),
        k.MAGAZINE_BATTERY,
        _at(battery_places, magazines["battery"]),
        layout.starts[k.KILLS] + kill_row,
        *(magazines[name] for name in names),
        _table_places(magazines["flight_table"], salvos),
        *(magazines[name] for name in ("to_kill", "to_end")),
    )
    kill = tables.kill.ravel()
    _write(
        layout.records(words, k.KILLS),
        k.KILL_THRESHOLD,
        kill["threshold"].astype(np.int64),
        _table_places(kill["table"], salvos),
        kill["stream"].astype(np.int64),
    )
    engaged = tables.urgency * batteries.size + np.arange(batteries.size)[:, np.newaxis]
    layout.records(words, k.URGENCIES)[:, :salvos] = np.where(
        tables.urgency < 0, 0, _at(layout.places(k.PAIRINGS), engaged)
    )


def _table_places(codes: npt.NDArray[np.int64], salvos: int) -> Words:
    """Where quantile tables begin among the reals; -1 stays -1."""
    return np.where(codes < 0, -1, 2 * salvos + codes * 2 * k.HALF_TABLE)


def new_state(tables: Tables, events: int = 0, tally: bool = False) -> State:
    """Lay a raid out for one thread, with room for a log of `events`, and with a tally or not.

    Raises
    ------
    ValueError
        If there are more batteries than places for them.
    """
    layout = _layout(tables, events)
    if layout.starts[k.THREATS] >= MOST_PLACES:
        raise ValueError(f"batteries: must be at most some 400,000; got {tables.batteries.size:,}")
    words = np.zeros(layout.size, dtype=np.int64)
    for kind, start in layout.starts.items():
        words[kind] = start
    for kind, field in _NUMBERS.items():
        words[field] = layout.shapes[kind][0]
    words[k.MARK_WIDTH] = tables.layers.size + tables.batteries.size
    words[k.LEAF_COUNT] = layout.shapes[k.TREE][0] // 2
    words[k.TALLY], words[k.WATCHED] = tally, tally or events > 0
    words[k.SCRATCH] = 2 * tables.salvos.size + tables.quantiles.size
    _write_raid(words, layout, tables)
    _write_defence(words, layout, tables)
    layout.records(words, k.TIMELINE)[:, 0] = tables.timeline
    scales = np.stack([tables.salvos["start"], tables.salvos["scale"]], axis=-1)
    scratch = np.zeros(int(tables.salvos["count"].max(initial=0)) + 1)
    marks = tables.salvo_of.size * words[k.MARK_WIDTH]
    reals = np.concatenate([scales.ravel(), tables.quantiles.ravel(), scratch])
    return State(words, np.zeros(marks, np.int32), reals)


def logged(state: State) -> Words:
    """Log of the last replication: tick, event, codes of threat, layer, battery, magazine, ...

    A code is -1 where an event has none.
    """
    words = state.words
    start, used = words[k.LOG], min(words[k.LOG_USED], words[k.LOG_ROOM])
    rows = words[start : start + used * k.LOG_SIZE].reshape(used, k.LOG_SIZE).copy()
    sizes = {
        k.THREATS: k.THREAT_SIZE,
        k.LAYERS: k.LAYER_SIZE,
        k.BATTERIES: k.BATTERY_SIZE,
        k.MAGAZINES: k.MAGAZINE_SIZE,
    }
    for column, (kind, size) in enumerate(sizes.items(), start=2):
        places = rows[:, column]
        rows[:, column] = np.where(places > 0, (places - words[kind]) // size, -1)
    return rows
