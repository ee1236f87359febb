"""The one description of every record that the kernel reads and writes.

A record is a list of fields, and each field has a kind: a `LINK` is the code of another record, a
`NUMBER` comes from the scenario (`engine.lower_parts` fills links and numbers by name), a `STATE`
belongs to one raid of one replication, a `CARRIED` field is carried from raid to raid, and a
`COUNTED` field is written into the row of counts when the raid is over. This list determines the
types of the arrays, what is filled, reset and carried, the columns of counts (`engine.counts`),
and what a sweep may change in place (`studies.sweep.patching`).

Letters of the shapes: S salvos, C threat classes, L layers (each at one position), W windows, B
batteries, I interceptors, K magazines (of all batteries together), N threats (of all salvos
together), A assets, P pairings, T sample times, R replications.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import CAUSES, FOREVER, NEVER, UNKNOWN

Records = Any
"""A structured array."""


class Kind(Enum):
    """The kind of a field, which determines who writes it."""

    LINK = "code of another record, filled by the lowering"
    NUMBER = "number of the scenario, filled by the lowering"
    STATE = "belongs to one raid, reset before each"
    CARRIED = "handed on from raid to raid"
    COUNTED = "reset before each raid, and counted after it"


class Patch(Enum):
    """Numbers that a sweep may overwrite, since nothing else depends on them."""

    WHOLE = "whole number, as it is"
    CHANCE = "probability, as a threshold"
    KILL_CHANCE = "probability above 0, as a threshold"


class Field(NamedTuple):
    """One field of a record.

    Parameters
    ----------
    name : str
    kind : Kind
    type : str
        NumPy type. Carried and counted fields consist of 64-bit numbers.
    start : int or str
        Value at the start of a raid, or the name of the field that contains it.
    counted : str
        Name of the column of counts, if it differs from the field's name.
    path, patch : str, Patch
        Path of the number in a scenario, and what a sweep may write there without lowering again.
    """

    name: str
    kind: Kind
    type: str = "i8"
    start: int | str = 0
    counted: str = ""
    path: str = ""
    patch: Patch | None = None

    @property
    def column(self) -> str:
        """Name of the field's column of counts; empty if it is not counted."""
        return self.counted or (self.name if self.kind is Kind.COUNTED else "")


def _order(field: Field) -> int:
    """Carried fields first, then those that are carried and counted, then the counted ones.

    The carried fields, and the counted ones, are then contiguous: the kernel copies them at once.
    """
    if field.kind is Kind.CARRIED:
        return 1 if field.column else 0
    return 2 if field.column else 3


class Record:
    """A kind of record: its fields in the order of memory.

    Parameters
    ----------
    name : str
        Of one record.
    fields : Field
        In the order of memory within each kind; those that the kernel uses most come first.

    Attributes
    ----------
    dtype : numpy.dtype
        Padded to a power of two of bytes, so that an index becomes an address by a shift instead
        of a multiplication.
    carried, counted : slice
        The 64-bit numbers of a record that are carried, and those that are counted.
    """

    def __init__(self, name: str, *fields: Field) -> None:
        self.name = name
        self.fields = tuple(sorted(fields, key=_order))
        formats = [np.dtype(field.type) for field in self.fields]
        # Fields that are neither carried nor counted are sorted by size, so there are no holes.
        rest = [n for n, field in enumerate(self.fields) if _order(field) == 3]
        first = [n for n, field in enumerate(self.fields) if _order(field) < 3]
        order = first + sorted(rest, key=lambda n: -formats[n].alignment)
        stops = np.cumsum([formats[n].itemsize for n in order])
        self.dtype = np.dtype(
            {
                "names": [self.fields[n].name for n in order],
                "formats": [formats[n] for n in order],
                "offsets": [
                    int(stop) - formats[n].itemsize for n, stop in zip(order, stops, strict=True)
                ],
                "itemsize": 1 << (max(int(stops[-1]), 8) - 1).bit_length(),
            },
            align=True,
        )
        self.carried = self._words(lambda field: field.kind is Kind.CARRIED)
        self.counted = self._words(lambda field: bool(field.column))
        anew = self.of(Kind.STATE, Kind.CARRIED, Kind.COUNTED)
        self._starts = tuple((field.name, field.start) for field in anew if field.start != 0)

    def _words(self, of: Callable[[Field], bool]) -> slice:
        """The contiguous 64-bit numbers of the fields for which `of` is true."""
        places = [self.dtype.fields[field.name] for field in self.fields if of(field)]  # type: ignore[index]
        if not places:
            return slice(0, 0)
        start = min(place[1] for place in places)
        stop = max(place[1] + place[0].itemsize for place in places)
        if start % 8 or stop % 8 or sum(place[0].itemsize for place in places) != stop - start:
            raise TypeError(f"{self.name}: what is carried or counted must be 64-bit numbers")
        return slice(start // 8, stop // 8)

    def of(self, *kinds: Kind) -> tuple[Field, ...]:
        """Fields of some kinds."""
        return tuple(field for field in self.fields if field.kind in kinds)

    @functools.cached_property
    def columns(self) -> dict[str, tuple[int, int]]:
        """By column of counts: first 64-bit number among those counted, and how many."""
        found = {}
        for field in self.fields:
            if field.column:
                dtype, offset = self.dtype.fields[field.name][:2]  # type: ignore[index]
                found[field.column] = offset // 8 - self.counted.start, dtype.itemsize // 8
        return found

    def zeros(self, number: int) -> Records:
        """Zeroed records."""
        return np.zeros(number, self.dtype)

    def fill(self, records: Records, columns: Mapping[str, Any]) -> None:
        """Write links and numbers by name, and the values with which a raid starts."""
        for name, values in columns.items():
            records[name] = values
        self.start(records)

    def check(self, names: Iterable[str]) -> None:
        """Raise a TypeError unless the names are those of all links and numbers.

        The lowering calls this when it is imported, so a field that nothing fills is an error
        before anything runs.
        """
        wanted = {field.name for field in self.of(Kind.LINK, Kind.NUMBER)}
        if wanted != set(names):
            lacks, knows = sorted(wanted - set(names)), sorted(set(names) - wanted)
            raise TypeError(f"{self.name}: nothing fills {lacks}, and {knows} are no fields of it")

    def start(self, records: Records) -> None:
        """Write the values with which a raid starts into records."""
        for name, start in self._starts:
            records[name] = records[start] if isinstance(start, str) else start


def _link(name: str, type_: str = "u4") -> Field:
    # Unsigned, since Numba wraps signed indices around with four instructions at every access.
    return Field(name, Kind.LINK, type_)


def _number(name: str, type_: str = "i8", path: str = "", patch: Patch | None = None) -> Field:
    return Field(name, Kind.NUMBER, type_, path=path, patch=patch)


def _state(name: str, type_: str = "i8", start: int | str = 0) -> Field:
    return Field(name, Kind.STATE, type_, start)


def _carried(name: str, start: int | str, counted: str = "") -> Field:
    return Field(name, Kind.CARRIED, "i8", start, counted)


def _counted(name: str, start: int | str = 0, counted: str = "", type_: str = "i8") -> Field:
    return Field(name, Kind.COUNTED, type_, start, counted)


_BATTERY = "layers.*.batteries.*"

RAID = Record(
    "raid",
    _state("seed", "u8"),
    _state("offset", "u8"),  # of the raid, added to the addresses of draws
    _state("replication", "u8"),
    _state("in_flight"),  # entries of the event queue
    _state("log_used"),
    _state("losses", "?"),  # whether any battery is lost
    _link("leaves", "i8"),  # of the tournament
    _link("mask_words", "i8"),  # 64-bit words of a mask of layers
    _link("waking", "?"),  # whether time alone can let a battery engage a threat
    _link("leaked_by_column", "i8"),
    _link("sample_column", "i8"),
)
SALVO = Record(
    "salvo",
    _counted("launched", "count"),
    _counted("leaked"),
    _counted("leak_cause", type_=f"{CAUSES}i8"),
    _link("code"),
    _link("first"),  # code of the salvo's first threat
    _link("threat"),  # threat class
    _link("first_fired", "u8"),  # index of the first count of its threats' engagements
    _link("pairings"),  # number of batteries that may engage it
    _link("table", "i4"),  # start of the arrival's quantile table; -1: none
    _link("size_table", "i4"),  # start of the quantile table of the number; -1: it is `count`
    _number("count"),
    _number("priority"),
    _number("target_offset"),  # ticks from the edge to the target
    _number("start", "f8"),  # ticks
    _number("scale", "f8"),  # ticks: mean spacing, or length of the interval
    _number("stream", "u8"),  # of the arrivals
    _number("size_stream", "u8"),
    _link("first_leg"),
    _link("stop_leg"),
    _link("strike", "i4"),  # -1 if it aims at no asset
    _number("arrival", "i4"),  # FIXED, POISSON, UNIFORM, DISTRIBUTION
)
LEG = Record(  # a straight part of a salvo's path, if something depends on distances
    "leg",
    _number("start", "f8"),  # ticks from the start of the path
    _number("x", "f8"),  # m
    _number("y", "f8"),
    _number("across", "f8"),  # m / tick
    _number("up", "f8"),
)
LANDING = Record(  # a salvo whose leakers may destroy a battery
    "landing",
    _counted("landed"),  # live threats, while the battery was there
    _counted("destroyed"),
    _link("salvo"),
    _link("battery"),
    _number("lethality", "u8"),  # threshold
    _number("stream", "u8"),
    _state("next"),
)
STRIKE = Record(  # a salvo whose leakers may destroy aim points of an asset
    "strike",
    _counted("struck"),  # live threats that reach it
    _counted("effective"),
    _link("salvo"),
    _link("asset"),
    _number("lethality", "u8"),  # threshold, with the asset's hardness
    _number("stream", "u8"),
)
ASSET = Record(
    "asset",
    _counted("aim_points_destroyed"),
    _counted("aim_points_down"),  # when the raid begins
    _link("first_aim_point"),
    _number("aim_points"),
    _number("value", "f8"),  # read when the raid is over
    _number("repair"),  # ticks, if its quantile table is -1; FOREVER for never
    _link("repair_table", "i4"),
)
AIM_POINT = Record(
    "aim_point",
    _carried("down_from", 0),  # tick
    _carried("repaired", NEVER),  # tick at which it is up again; NEVER if it is up
    _link("asset"),
)
WINDOW = Record(  # a layer, a salvo, and one pass of its threats through the reach of the layer
    "window",
    _counted("killed"),
    _counted("soft_killed"),
    _counted("drawn", counted="openings_drawn"),  # openings whose outcome was drawn
    _counted("detected"),
    _counted("dismissed"),
    _state("opened"),  # threats whose window has opened
    _state("stocked"),  # magazines with rounds for them
    _state("late_cause", "i1", start=UNKNOWN),
    _number("open_offset"),  # ticks from arrival at the edge
    _number("close_offset"),
    _number("soft_kill", "u8"),  # thresholds
    _number("detection", "u8"),
    _number("dismissal", "u8"),  # taken for a decoy, rightly or wrongly
    _number("stream", "u8"),
    _link("salvo"),
    _link("layer"),
    _link("first_pairing"),
    _link("stop_pairing"),
    _number("passes_left", "i4"),  # later ones of the same threats; their windows follow this one
    _number("again", "?"),  # whether it is not the first
    _number("random", "?"),  # whether anything at the opening is drawn
    _number("certain", "?"),  # whether neither the window nor its batteries draw anything
)
LAYER = Record(
    "layer",
    _counted("up"),
    _link("code"),
    _number("availability", "u8", "layers.*.sensor.availability", Patch.CHANCE),
    _number("x", "f8"),  # m
    _number("y", "f8"),
    _number("stream", "u8"),
)
BATTERY = Record(
    "battery",
    _carried("loss", int(FOREVER)),  # tick; NEVER if it was lost in an earlier raid
    _counted("busy"),  # ticks of its channels
    _counted("engagements"),
    _counted("lost"),
    _counted("alive_assessed"),  # assessments of live threats
    _counted("false_kills"),
    _counted("dead_assessed"),
    _counted("false_survivals"),
    _state("free", start="channels"),  # channels
    _state("ready"),  # rounds, of all magazines
    _number("channels", path=f"{_BATTERY}.channels", patch=Patch.WHOLE),
    _number("max_salvos"),
    _number("reaction"),  # ticks, if its quantile table is -1
    _number("assessment"),
    _number("false_kill", "u8"),  # thresholds
    _number("false_survival", "u8"),
    _link("code"),
    _link("layer"),
    _link("group"),  # of equal batteries: one entry of the scenario
    _link("first_urgency"),
    _link("stop_urgency"),
    _link("first_magazine"),
    _link("stop_magazine"),
    _link("reaction_table", "i4"),
    _link("assessment_table", "i4"),
    _number("by_arrival", "?"),  # whether its order is by arrival, not by deadline
    _number("varying_delay", "?"),  # whether reaction or flight is drawn, or depends on the launch
    _number("random", "?"),  # whether anything but the kill is drawn
)
PAIRING = Record(  # a battery, and a salvo that it may engage
    "pairing",
    _state("head"),  # first threat of the salvo that it may still engage
    _number("salvo_size"),
    _number("engagement_stream", "u8"),
    _number("rounds_stream", "u8"),
    _link("code"),
    _link("battery"),
    _link("window"),
    _link("slot"),  # its index among the salvo's pairings
    _link("first_preference"),
    _link("stop_preference"),
)
MAGAZINE = Record(
    "magazine",
    _carried("ready", "rounds", counted="remaining"),
    _carried("reloads_left", "reloads"),
    _carried("due", NEVER),  # tick at which a reload arrives; NEVER if none is on its way
    _counted("expended"),
    _counted("reloaded"),
    _counted("lost", counted="rounds_lost"),
    _counted("depletion", NEVER),
    _counted("reserve_reached", NEVER),
    _number("rounds", path=f"{_BATTERY}.magazines.*.rounds", patch=Patch.WHOLE),
    _number("reserved", path=f"{_BATTERY}.magazines.*.reserved", patch=Patch.WHOLE),
    _number("to_kill"),  # ticks from firing, if the battery draws no time
    _number("to_end"),
    _number("reload_rounds"),
    _number("reload_ticks"),
    _number("reloads"),
    _number("flight"),  # ticks, if its quantile table is -1
    _number("speed", "f8"),  # m / tick, if the flight depends on the launch; otherwise 0
    _link("flight_table", "i4"),
    _link("code"),
    _link("battery"),
    _link("interceptor"),
    _link("first_kill"),
    _link("first_window"),  # in the list of windows in which its rounds may be fired
    _link("stop_window"),
)
KILL_CHANCE = Record(  # an interceptor and a threat class
    "kill_chance",
    _counted("hits"),  # rounds at live threats, up to the first of an engagement that kills
    _counted("misses"),
    _counted("odds"),  # sum of the thresholds of these rounds
    _counted("drawn", "threshold", "kill_threshold", "u8"),
    _number("threshold", "u8", "interceptors.*.kill_probability.*", Patch.KILL_CHANCE),
    _number("stream", "u8"),
    _link("table", "i4"),
    _link("first_distance"),  # of its probabilities by distance, if it depends on it
    _link("stop_distance"),
)
DISTANCE = Record(  # a distance at which a kill probability is given
    "distance",
    _number("distance", "f8"),  # m
    _state("drawn", "u8", "threshold"),
    _number("threshold", "u8"),
    _link("table", "i4"),
)
REACH = Record(  # when a magazine may be fired at a threat in a window, if that varies
    "reach",
    _link("first_span"),
    _link("stop_span"),
    _number("by_launch", "?"),  # whether the spans are of launches, not of hits
)
SPAN = Record("span", _number("first"), _number("last"))
"""Ticks from the start of a path, both included."""
THREAT = Record(
    "threat",
    _state("arrival"),
    _state("fate_tick", start=int(FOREVER)),
    _link("code"),
    _link("salvo"),
    _state("fate", "i1"),
    _state("cause", "i1"),
    _state("phase", "i1"),
    _state("scored", "?"),  # whether the rounds of its engagement kill it
    _state("misjudged", "?"),
)
NODE = Record("node", _state("tick", start=int(FOREVER)), _state("leaf"))
"""A match of the tournament of the next openings: tick and leaf of the winner."""
ENTRY = Record("entry", _state("tick", start=int(FOREVER)), _state("tie"))
"""An entry of the queue of engagements and reloads under way."""

RECORDS_OF = {
    "salvos": SALVO,
    "legs": LEG,
    "landings": LANDING,
    "strikes": STRIKE,
    "assets": ASSET,
    "aim_points": AIM_POINT,
    "windows": WINDOW,
    "layers": LAYER,
    "batteries": BATTERY,
    "pairings": PAIRING,
    "magazines": MAGAZINE,
    "kill_chances": KILL_CHANCE,
    "distances": DISTANCE,
    "reaches": REACH,
    "spans": SPAN,
    "nodes": NODE,
}
"""Records of the tables, which are reset before each raid, in the order of the block."""
LISTS = ("openings", "preferences", "urgencies", "fireable", "first_windows", "reach_of")
"""Lists of codes in the tables."""
ARRAYS = {
    **{name: record.dtype for name, record in RECORDS_OF.items()},
    **dict.fromkeys(LISTS, np.dtype(np.uint32)),
    "raid": RAID.dtype,
    "threats": THREAT.dtype,
    "entries": ENTRY.dtype,
    "held": np.dtype(np.uint64),
    "fired": np.dtype(np.int32),
    "wake_ups": np.dtype(np.int64),
    "sums": np.dtype(np.float64),
    "log": np.dtype(np.int64),
    "words": np.dtype(np.int64),
    "initial": np.dtype(np.int64),
    "carrying": np.dtype(np.int64),
    "counting": np.dtype(np.int64),
    "quantiles": np.dtype(np.float64),
    "timeline": np.dtype(np.int64),
}
"""Arrays of a state (`engine.state`), in the order of their addresses."""

LOG_COLUMNS = 8
Whole = npt.NDArray[np.int64]

COUNTED = (
    "salvos",
    "landings",
    "strikes",
    "assets",
    "windows",
    "layers",
    "batteries",
    "magazines",
    "kill_chances",
)
"""Kinds of record that are counted, in the order of their columns."""
