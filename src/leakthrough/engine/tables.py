"""Arrays."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

# What a scenario says, kind by kind and in codes; `leakthrough.engine.state` lays it out for the kernel.

SALVO = np.dtype(
    [
        ("count", "i8"),
        ("first", "i8"),  # code of the salvo's first threat
        ("threat", "i8"),  # threat class
        ("priority", "i8"),
        ("target_offset", "i8"),  # ticks from the edge to the target
        ("stream", "u8"),  # of the arrivals
        ("kind", "i8"),  # FIXED, POISSON, UNIFORM, DISTRIBUTION
        ("start", "f8"),  # ticks
        ("scale", "f8"),  # ticks: mean spacing, or length of the interval
        ("table", "i8"),  # quantile table of the arrival, or -1
        ("threats_stream", "u8"),
        ("threats_table", "i8"),  # quantile table of how many come, or -1: `count` do
    ]
)
LANDING = np.dtype(  # a salvo whose leakers may destroy a battery
    [
        ("salvo", "i8"),
        ("battery", "i8"),
        ("lethality", "u8"),  # threshold
        ("stream", "u8"),
    ]
)
WINDOW = np.dtype(  # what a layer is to a salvo
    [
        ("open_offset", "i8"),  # ticks from arrival at the edge
        ("close_offset", "i8"),
        ("soft_kill", "u8"),  # thresholds
        ("detection", "u8"),
        ("dismissal", "u8"),  # taken for a decoy, rightly or wrongly
        ("stream", "u8"),
        ("random", "?"),  # whether anything at the opening is drawn
    ],
    align=True,
)
LAYER = np.dtype(
    [
        ("availability", "u8"),  # threshold
        ("stream", "u8"),
    ]
)
BATTERY = np.dtype(
    [
        ("layer", "i8"),
        ("channels", "i8"),
        ("max_salvos", "i8"),
        ("order", "i8"),
        ("reaction", "i8"),  # ticks, or drawn from a quantile table where that is not -1
        ("reaction_table", "i8"),
        ("assessment", "i8"),
        ("assessment_table", "i8"),
        ("false_kill", "u8"),  # thresholds
        ("false_survival", "u8"),
        ("random_delay", "?"),  # whether reaction or flight is drawn
        ("random", "?"),  # whether anything but the kill is drawn
    ],
    align=True,
)
PAIRING = np.dtype(  # what a battery is to a salvo
    [
        ("engagement_stream", "u8"),
        ("rounds_stream", "u8"),
        ("salvo_size", "i8"),
        ("engages", "?"),  # on its axis, with something that can kill it
    ],
    align=True,
)
MAGAZINE = np.dtype(
    [
        ("battery", "i8"),
        ("interceptor", "i8"),
        ("rounds", "i8"),
        ("reserved", "i8"),
        ("reload_rounds", "i8"),
        ("reload_ticks", "i8"),
        ("reloads", "i8"),
        ("flight", "i8"),  # ticks, or drawn from a quantile table where that is not -1
        ("flight_table", "i8"),
        ("to_kill", "i8"),  # ticks from firing, where the battery draws nothing
        ("to_end", "i8"),
    ]
)
KILL = np.dtype([("threshold", "u8"), ("table", "i8"), ("stream", "u8")])

Records = Any
"""A `numpy.recarray`; its attributes are the fields of its dtype."""


class Tables(NamedTuple):
    """Everything that the kernel reads."""

    salvos: Records  # (S,)
    landings: Records  # (salvos that aim at a battery,), by battery
    windows: Records  # (S, L)
    layers: Records  # (L,), outermost first
    batteries: Records  # (B,)
    pairings: Records  # (S, B)
    magazines: Records  # (K,)
    kill: Records  # (I, C)
    urgency: npt.NDArray[np.int64]  # (B, S): salvos it engages, most urgent first, then -1
    preference: npt.NDArray[np.int64]  # (S, B, most magazines + 1): magazines, then -1
    quantiles: npt.NDArray[np.float64]  # (tables, 2, 4097)
    fixed_arrival: npt.NDArray[np.int64]  # (N,): ticks, where the arrival is not drawn
    salvo_of: npt.NDArray[np.int64]  # (N,)
    timeline: npt.NDArray[np.int64]  # (T,): sample times in ticks


def records(shape: int | tuple[int, ...], dtype: np.dtype[Any]) -> Records:
    """Zeroed records."""
    return np.zeros(shape, dtype).view(np.recarray)
