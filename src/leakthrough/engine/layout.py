"""The one description of every record that the kernel reads and writes.

The kinds of fields are those of `engine.record`. This list determines the types of the arrays, what
is filled, reset and carried, the columns of counts (`engine.counts`), and what a sweep may change
in place (`studies.sweep.patching`).

Letters of the shapes: S salvos, C threat classes, L layers (each at one position), W windows, B
batteries, I interceptors, K magazines (of all batteries together), N threats (of all salvos
together), A assets, P pairings, T sample times, R replications.
"""

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import CAUSES, FOREVER, NEVER, UNKNOWN
from leakthrough.engine.record import Field, Kind, Patch, Record


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
    _link("commands", "i8"),
    _link("ruled", "?"),  # whether there are several commands, or limits to tracks or engagements
    _link("limited", "?"),  # whether the engagements of a threat by a command are
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
    _number("max_engagements", "i4"),
    _number("start", "f8"),  # ticks
    _number("scale", "f8"),  # ticks: mean spacing, or length of the interval
    _number("stream", "u8"),  # of the arrivals
    _number("size_stream", "u8"),
    _link("first_leg"),
    _link("stop_leg"),
    _link("strike", "i4"),  # -1 if it aims at no asset
    _number("arrival", "i4"),  # FIXED, POISSON, UNIFORM, DISTRIBUTION
)
LUCK = Record(  # a salvo, if the threats of any salvo may keep their luck
    "luck",
    _counted("detection_luck_drawn"),  # threats for which it mattered whether they keep it
    _counted("detection_luck_kept"),
    _counted("kill_luck_drawn"),
    _counted("kill_luck_kept"),
    _number("common_detection", "u8"),  # thresholds
    _number("common_kill", "u8"),
    _number("stream", "u8"),
)
SIGHTING = Record(  # a window, if the threats of any salvo may keep their luck
    "sighting",
    _counted("detection_known"),  # openings whose detection follows from an earlier one
    _counted("detected_known"),
)
CHANCE = Record(  # a probability that is drawn once a replication (kill probabilities: below)
    "chance",
    _counted("drawn", 0, "chance_threshold", "u8"),
    _number("stream", "u8"),
    _link("table", "i4"),
)
USE = Record(  # a field that takes a threshold p (1 - q)
    "use",
    _link("word", "u8"),  # of the field, among the 64-bit numbers of the records
    _number("fixed", "u8"),  # p, if `chance` is -1
    _number("fixed_less", "u8"),  # q, if `less` is -1
    _link("chance", "i4"),
    _link("less", "i4"),
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
    _counted("destroyed"),  # effective hits, of which some number destroys the battery
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
    _link("command"),
    _link("first_image"),  # what its command knows of the threats
    _link("tracker", "i4"),  # -1 if it can hold any number of threats
)
TRACKER = Record(  # a layer that can hold only so many threats at a time
    "tracker",
    _counted("peak", counted="tracks_peak"),
    _counted("full", counted="tracks_full"),  # ticks for which no track was free
    _state("free", start="tracks"),
    _state("full_since"),
    _number("tracks"),
    _link("layer"),
    _link("first_line"),
    _link("stop_line"),
    _link("first_track"),
    _state("giving", "?"),  # whether a free track is about to be given to a threat that waits
)
LINE = Record(  # the threats of a window of such a layer, in order of arrival
    "line",
    _state("head"),  # the first that may wait for a track
    _link("window"),
)
BATTERY = Record(
    "battery",
    _carried("loss", int(FOREVER)),  # tick; NEVER if it was lost in an earlier raid
    _carried("damage", 0),  # effective hits
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
    _number("thrift_level"),  # rounds at or below which fewer are fired; -1: never
    _number("thrift_size"),
    _number("staying_power"),  # effective hits that destroy it
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
    _link("first_image"),  # what its command knows of the threats
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
    _carried("incoming", 0),  # rounds of the reload on its way
    _carried("called", NEVER),  # tick of a call that waits for a depot; NEVER if none does
    _counted("expended"),
    _counted("reloaded"),
    _counted("lost", counted="rounds_lost"),
    _counted("on_dead", counted="rounds_on_dead"),  # fired at threats that others have killed
    _counted("depletion", NEVER),
    _counted("reserve_reached", NEVER),
    _number("rounds", path=f"{_BATTERY}.magazines.*.rounds", patch=Patch.WHOLE),
    _number("reserved", path=f"{_BATTERY}.magazines.*.reserved", patch=Patch.WHOLE),
    _number("to_kill"),  # ticks from firing, if the battery draws no time
    _number("to_end"),
    _number("reload_rounds"),
    _number("reload_ticks"),
    _number("reloads"),
    _number("reload_at"),  # ready rounds at or below which a reload is called
    _number("flight"),  # ticks, if its quantile table is -1
    _number("speed", "f8"),  # m / tick, if the flight depends on the launch; otherwise 0
    _link("flight_table", "i4"),
    _link("code"),
    _link("battery"),
    _link("interceptor"),
    _link("first_kill"),
    _link("depot", "i4"),  # from which it is reloaded; -1: none
    _link("first_window"),  # in the list of windows in which its rounds may be fired
    _link("stop_window"),
)
DEPOT = Record(
    "depot",
    _carried("held", "stocked", counted="depot_remaining"),
    _carried("in_transit", 0, counted="depot_in_transit"),  # rounds on their way to magazines
    _counted("arrived", counted="depot_reloaded"),
    _counted("strayed", counted="depot_lost"),  # on their way to a battery that was lost
    _counted("emptied", NEVER, counted="depot_depletion"),
    _number("stocked"),  # rounds at the start
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
THREAT = Record(  # a threat, with what one command knows of it: its image
    "threat",
    _state("arrival"),
    _state("fate_tick", start=int(FOREVER)),
    _link("code"),
    _link("salvo"),
    _state("fate", "i1"),
    _state("cause", "i1"),  # in the image of the first command
    _state("phase", "i1"),
    _state("scored", "?"),  # whether the rounds of its engagement kill it
    _state("kill_error", "?"),  # whether the assessment is wrong if it is alive then
    _state("survival_error", "?"),  # and if it is dead
)
TRACK = Record(  # a layer with limited tracks, and a threat
    "track",
    _state("end", start=NEVER),  # tick of the event that may end it; NEVER for none
    _state("window"),
    _state("status", "i1"),
)
FORTUNE = Record(  # luck that a threat keeps, if the threats of any salvo may keep it
    "fortune",
    _state("detection", "u8"),  # 32-bit integers
    _state("kill", "u8"),
    _state("keeps_detection", "?"),
    _state("keeps_kill", "?"),
    _state("detection_used", "?"),  # whether a counted decision has used it
    _state("kill_used", "?"),
)
NODE = Record("node", _state("tick", start=int(FOREVER)), _state("leaf"))
"""A match of the tournament of the next openings: tick and leaf of the winner."""
ENTRY = Record("entry", _state("tick", start=int(FOREVER)), _state("tie"))
"""An entry of the queue of engagements and reloads under way."""

RECORDS_OF = {
    "salvos": SALVO,
    "lucks": LUCK,
    "chances": CHANCE,
    "uses": USE,
    "legs": LEG,
    "landings": LANDING,
    "strikes": STRIKE,
    "assets": ASSET,
    "aim_points": AIM_POINT,
    "windows": WINDOW,
    "sightings": SIGHTING,
    "layers": LAYER,
    "trackers": TRACKER,
    "lines": LINE,
    "batteries": BATTERY,
    "pairings": PAIRING,
    "magazines": MAGAZINE,
    "depots": DEPOT,
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
    "tracks": TRACK.dtype,
    "engagers": np.dtype(np.uint32),
    "engaged": np.dtype(np.int32),
    "commanded": np.dtype(np.uint64),
    "fortunes": FORTUNE.dtype,
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
    "depots",
    "trackers",
    "lucks",
    "sightings",
    "chances",
)
"""Kinds of record that are counted, in the order of their columns."""
