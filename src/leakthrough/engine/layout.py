"""The one description of every record that the kernel reads and writes.

The kinds of fields are those of `engine.record`. This list determines the types of the arrays, what
is filled, reset and carried, the columns of counts (`engine.counts`), and what a sweep may change
in place (`studies.sweep.patching`).

Letters of the shapes: S salvos, C threat classes, L layers (each at one position), W windows, B
batteries, I interceptors, K magazines (of all batteries together), N threats (of all salvos
together), A assets, O pools, P pairings, T sample times, R replications.
"""

import numpy as np
import numpy.typing as npt

from leakthrough.engine.codes import CAUSES, FOREVER, NEVER, NOBODY, UNKNOWN
from leakthrough.engine.record import Patch, Record, carried, counted, link, number, state

_BATTERY = "layers.*.batteries.*"

RAID = Record(
    "raid",
    state("seed", "u8"),
    state("offset", "u8"),  # of the raid, added to the addresses of draws
    state("replication", "u8"),
    state("in_flight"),  # entries of the event queue
    state("log_used"),
    state("returned", start=int(NOBODY)),  # pool that was full until this event; or NOBODY
    state("losses", "?"),  # whether any battery is lost
    link("leaves", "i8"),  # of the tournament
    link("mask_words", "i8"),  # 64-bit words of a mask of layers
    link("commands", "i8"),
    link("ruled", "?"),  # whether there are several commands, or limits to tracks or engagements
    link("limited", "?"),  # whether the engagements of a threat by a command are
    link("waking", "?"),  # whether time alone can let a battery engage a threat
    link("leaked_by_column", "i8"),
    link("sample_column", "i8"),
)
SALVO = Record(
    "salvo",
    counted("launched", "count"),
    counted("leaked"),
    counted("leak_cause", type_=f"{CAUSES}i8"),
    link("code"),
    link("first"),  # code of the salvo's first threat
    link("threat"),  # threat class
    link("first_fired", "u8"),  # index of the first count of its threats' engagements
    link("pairings"),  # number of batteries that may engage it
    link("table", "i4"),  # start of the arrival's quantile table; -1: none
    link("size_table", "i4"),  # start of the quantile table of the number; -1: it is `count`
    number("count"),
    number("priority"),
    number("target_offset"),  # ticks from the edge to the target
    number("max_engagements", "i4"),
    number("start", "f8"),  # ticks
    number("scale", "f8"),  # ticks: mean spacing, or length of the interval
    number("stream", "u8"),  # of the arrivals
    number("size_stream", "u8"),
    link("first_leg"),
    link("stop_leg"),
    link("strike", "i4"),  # -1 if it aims at no asset
    number("arrival", "i4"),  # FIXED, POISSON, UNIFORM, DISTRIBUTION
)
GIVEN = Record("given", carried("given", 0), link("salvo"))
"""The number of threats of a salvo, if it is decided before the raid."""
LUCK = Record(  # a salvo, if the threats of any salvo may keep their luck
    "luck",
    counted("detection_luck_drawn"),  # threats for which it mattered whether they keep it
    counted("detection_luck_kept"),
    counted("kill_luck_drawn"),
    counted("kill_luck_kept"),
    number("common_detection", "u8"),  # thresholds
    number("common_kill", "u8"),
    number("stream", "u8"),
)
SIGHTING = Record(  # a window, if the threats of any salvo may keep their luck
    "sighting",
    counted("detection_known"),  # openings whose detection follows from an earlier one
    counted("detected_known"),
)
CHANCE = Record(  # a probability that is drawn once a replication (kill probabilities: below)
    "chance",
    counted("drawn", 0, "chance_threshold", "u8"),
    number("stream", "u8"),
    link("table", "i4"),
)
USE = Record(  # a field that takes a threshold p (1 - q)
    "use",
    link("word", "u8"),  # of the field, among the 64-bit numbers of the records
    number("fixed", "u8"),  # p, if `chance` is -1
    number("fixed_less", "u8"),  # q, if `less` is -1
    link("chance", "i4"),
    link("less", "i4"),
)
LEG = Record(  # a straight part of a salvo's path, if something depends on distances
    "leg",
    number("start", "f8"),  # ticks from the start of the path
    number("x", "f8"),  # m
    number("y", "f8"),
    number("across", "f8"),  # m / tick
    number("up", "f8"),
)
LANDING = Record(  # a salvo whose leakers may destroy a battery
    "landing",
    counted("landed"),  # live threats, while the battery was there
    counted("destroyed"),  # effective hits, of which some number destroys the battery
    link("salvo"),
    link("battery"),
    number("lethality", "u8"),  # threshold
    number("stream", "u8"),
    state("next"),
)
STRIKE = Record(  # a salvo whose leakers may destroy aim points of an asset
    "strike",
    counted("struck"),  # live threats that reach it
    counted("effective"),
    link("salvo"),
    link("asset"),
    number("lethality", "u8"),  # threshold, with the asset's hardness
    number("stream", "u8"),
)
ASSET = Record(
    "asset",
    counted("aim_points_destroyed"),
    counted("aim_points_down"),  # when the raid begins
    link("first_aim_point"),
    number("aim_points"),
    number("value", "f8"),  # read when the raid is over
    number("repair"),  # ticks, if its quantile table is -1; FOREVER for never
    link("repair_table", "i4"),
)
AIM_POINT = Record(
    "aim_point",
    carried("down_from", 0),  # tick
    carried("repaired", NEVER),  # tick at which it is up again; NEVER if it is up
    link("asset"),
)
WINDOW = Record(  # a layer, a salvo, and one pass of its threats through the reach of the layer
    "window",
    counted("killed"),
    counted("soft_killed"),
    counted("drawn", counted="openings_drawn"),  # openings whose outcome was drawn
    counted("detected"),
    counted("dismissed"),
    state("opened"),  # threats whose window has opened
    state("stocked"),  # magazines with rounds for them
    state("late_cause", "i1", start=UNKNOWN),
    number("open_offset"),  # ticks from arrival at the edge
    number("close_offset"),
    number("soft_kill", "u8"),  # thresholds
    number("detection", "u8"),
    number("dismissal", "u8"),  # taken for a decoy, rightly or wrongly
    number("stream", "u8"),
    link("salvo"),
    link("layer"),
    link("first_pairing"),
    link("stop_pairing"),
    number("passes_left", "i4"),  # later ones of the same threats; their windows follow this one
    number("again", "?"),  # whether it is not the first
    number("random", "?"),  # whether anything at the opening is drawn
    number("certain", "?"),  # whether neither the window nor its batteries draw anything
)
LAYER = Record(
    "layer",
    counted("up"),
    link("code"),
    number("availability", "u8", "layers.*.sensor.availability", Patch.CHANCE),
    number("x", "f8"),  # m
    number("y", "f8"),
    number("stream", "u8"),
    link("command"),
    link("first_image"),  # what its command knows of the threats
    link("tracker", "i4"),  # -1 if it can hold any number of threats
    link("first_battery"),
    number("selection", "i1"),  # MOST_ROUNDS, LISTED, KILL_PROBABILITY, LEAST_LOADED
    number("asks", "?"),  # whether its batteries are asked one by one: see `kernel.selection`
)
TRACKER = Record(  # a layer that can hold only so many threats at a time
    "tracker",
    counted("peak", counted="tracks_peak"),
    counted("full", counted="tracks_full"),  # ticks for which no track was free
    state("free", start="tracks"),
    state("full_since"),
    number("tracks"),
    link("layer"),
    link("first_line"),
    link("stop_line"),
    link("first_track"),
    state("giving", "?"),  # whether a free track is about to be given to a threat that waits
)
LINE = Record(  # the threats of a window of such a layer, in order of arrival
    "line",
    state("head"),  # the first that may wait for a track
    link("window"),
)
BATTERY = Record(
    "battery",
    carried("loss", int(FOREVER)),  # tick; NEVER if it was lost in an earlier raid
    carried("damage", 0),  # effective hits
    counted("busy"),  # ticks of its channels
    counted("engagements"),
    counted("lost"),
    counted("alive_assessed"),  # assessments of live threats
    counted("false_kills"),
    counted("dead_assessed"),
    counted("false_survivals"),
    state("free", start="channels"),  # channels
    state("ready"),  # rounds, of all magazines
    state("launches"),  # engagements in its part of the list of launches
    state("awaited", start=NEVER),  # tick in the queue at which a launch becomes allowed
    number("channels", path=f"{_BATTERY}.channels", patch=Patch.WHOLE),
    number("max_salvos"),
    number("interval"),  # ticks between launches
    number("thrift_level"),  # rounds at or below which fewer are fired; -1: never
    number("thrift_size"),
    number("staying_power"),  # effective hits that destroy it
    number("reaction"),  # ticks, if its quantile table is -1
    number("assessment"),
    number("false_kill", "u8"),  # thresholds
    number("false_survival", "u8"),
    link("code"),
    link("layer"),
    link("group"),  # of equal batteries: one entry of the scenario
    link("first_urgency"),
    link("stop_urgency"),
    link("first_magazine"),
    link("stop_magazine"),
    link("first_launch"),  # in the list of launches
    link("stop_launch"),
    link("pool", "i4"),  # -1: none
    link("reaction_table", "i4"),
    link("assessment_table", "i4"),
    number("hold", "i4"),  # TO_ASSESSMENT, TO_INTERCEPT, TO_LAUNCH
    number("ruled", "?"),  # whether it has a pool, a hold or an interval: see `kernel.channels`
    number("by_arrival", "?"),  # whether its order is by arrival, not by deadline
    number("varying_delay", "?"),  # whether reaction, flight or launch is drawn, or may differ
    number("random", "?"),  # whether anything but the kill is drawn
)
POOL = Record(  # channels that batteries share
    "pool",
    counted("full", counted="pool_full"),  # ticks without a free channel, up to the last return
    counted("peak", counted="pool_peak"),  # largest number of channels in use
    state("free", start="channels"),
    state("full_since"),  # tick, if none is free
    number("channels", path="pools.*.channels", patch=Patch.WHOLE),
    link("first_member"),
    link("stop_member"),
)
PAIRING = Record(  # a battery, and a salvo that it may engage
    "pairing",
    state("head"),  # first threat of the salvo that it may still engage
    number("salvo_size"),
    number("engagement_stream", "u8"),
    number("rounds_stream", "u8"),
    link("code"),
    link("first_image"),  # what its command knows of the threats
    link("battery"),
    link("window"),
    link("slot"),  # its index among the salvo's pairings
    link("first_preference"),
    link("stop_preference"),
)
MAGAZINE = Record(
    "magazine",
    carried("ready", "rounds", counted="remaining"),
    carried("reloads_left", "reloads"),
    carried("due", NEVER),  # tick at which a reload arrives; NEVER if none is on its way
    carried("incoming", 0),  # rounds of the reload on its way
    carried("called", NEVER),  # tick of a call that waits for a depot; NEVER if none does
    counted("expended"),
    counted("reloaded"),
    counted("lost", counted="rounds_lost"),
    counted("on_dead", counted="rounds_on_dead"),  # fired at threats that others have killed
    counted("depletion", NEVER),
    counted("reserve_reached", NEVER),
    number("rounds", path=f"{_BATTERY}.magazines.*.rounds", patch=Patch.WHOLE),
    number("reserved", path=f"{_BATTERY}.magazines.*.reserved", patch=Patch.WHOLE),
    number("to_kill"),  # ticks from firing, if the battery draws no time
    number("to_end"),
    number("reload_rounds"),
    number("reload_ticks"),  # if they are not drawn
    number("reloads"),
    number("reload_at"),  # ready rounds at or below which a reload is called
    number("flight"),  # ticks, if its quantile table is -1
    number("speed", "f8"),  # m / tick, if the flight depends on the launch; otherwise 0
    link("flight_table", "i4"),
    link("code"),
    link("battery"),
    link("interceptor"),
    link("first_kill"),
    link("depot", "i4"),  # from which it is reloaded; -1: none
    link("reload_time", "i4"),  # -1: not drawn
    link("first_window"),  # in the list of windows in which its rounds may be fired
    link("stop_window"),
)
RELOAD_TIME = Record(  # the reload time of a magazine, if it is drawn
    "reload_time",
    carried("reloads_sent", 0),  # in all raids: ordinal of the next draw
    number("stream", "u8"),
    link("table", "i4"),
    link("magazine"),
)
DEPOT = Record(
    "depot",
    carried("held", "stocked", counted="depot_remaining"),
    carried("in_transit", 0, counted="depot_in_transit"),  # rounds on their way to magazines
    counted("arrived", counted="depot_reloaded"),
    counted("strayed", counted="depot_lost"),  # on their way to a battery that was lost
    counted("emptied", NEVER, counted="depot_depletion"),
    number("stocked"),  # rounds at the start
)
KILL_CHANCE = Record(  # an interceptor and a threat class
    "kill_chance",
    counted("hits"),  # rounds at live threats, up to the first of an engagement that kills
    counted("misses"),
    counted("odds"),  # sum of the thresholds of these rounds
    counted("drawn", "threshold", "kill_threshold", "u8"),
    number("threshold", "u8", "interceptors.*.kill_probability.*", Patch.KILL_CHANCE),
    number("stream", "u8"),
    link("table", "i4"),
    number("mean_threshold", "u4"),  # threshold of the mean, if it is drawn
    link("first_distance"),  # of its probabilities by distance, if it depends on it
    link("stop_distance"),
)
DISTANCE = Record(  # a distance at which a kill probability is given
    "distance",
    number("distance", "f8"),  # m
    state("drawn", "u8", "threshold"),
    number("threshold", "u8"),
    link("table", "i4"),
    number("mean_threshold", "u4"),  # threshold of the mean, if it is drawn
)
REACH = Record(  # when a magazine may be fired at a threat in a window, if that varies
    "reach",
    link("first_span"),
    link("stop_span"),
    number("by_launch", "?"),  # whether the spans are of launches, not of hits
)
SPAN = Record("span", number("first"), number("last"))
"""Ticks from the start of a path, both included."""
THREAT = Record(  # a threat, with what one command knows of it: its image
    "threat",
    state("arrival"),
    state("fate_tick", start=int(FOREVER)),
    link("code"),
    link("salvo"),
    state("fate", "i1"),
    state("cause", "i1"),  # in the image of the first command
    state("phase", "i1"),
    state("scored", "?"),  # whether the rounds of its engagement kill it
    state("kill_error", "?"),  # whether the assessment is wrong if it is alive then
    state("survival_error", "?"),  # and if it is dead
)
TRACK = Record(  # a layer with limited tracks, and a threat
    "track",
    state("end", start=NEVER),  # tick of the event that may end it; NEVER for none
    state("window"),
    state("status", "i1"),
)
FORTUNE = Record(  # luck that a threat keeps, if the threats of any salvo may keep it
    "fortune",
    state("detection", "u8"),  # 32-bit integers
    state("kill", "u8"),
    state("keeps_detection", "?"),
    state("keeps_kill", "?"),
    state("detection_used", "?"),  # whether a counted decision has used it
    state("kill_used", "?"),
)
NODE = Record("node", state("tick", start=int(FOREVER)), state("leaf"))
"""A match of the tournament of the next openings: tick and leaf of the winner."""
ENTRY = Record("entry", state("tick", start=int(FOREVER)), state("tie"))
"""An entry of the queue of engagements and reloads under way."""

RECORDS_OF = {
    "salvos": SALVO,
    "givens": GIVEN,
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
    "pools": POOL,
    "pairings": PAIRING,
    "magazines": MAGAZINE,
    "depots": DEPOT,
    "reload_times": RELOAD_TIME,
    "kill_chances": KILL_CHANCE,
    "distances": DISTANCE,
    "reaches": REACH,
    "spans": SPAN,
    "nodes": NODE,
}
"""Records of the tables, which are reset before each raid, in the order of the block."""
LISTS = (
    *("openings", "preferences", "urgencies", "fireable", "first_windows", "reach_of"),
    "members",
)
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
    "launches": np.dtype(np.int64),
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
    *("salvos", "landings", "strikes", "assets", "windows", "layers", "batteries", "magazines"),
    *("kill_chances", "depots", "trackers", "lucks", "sightings", "chances", "pools"),
)
"""Kinds of record that are counted, in the order of their columns."""
