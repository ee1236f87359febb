"""What the kernel writes: its working state, the counts of a block, and a log of events.

The letters of the shapes are those of `leakthrough._tables`; R is the replications of a block.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough._tables import Records, Tables, records


THREAT_STATE = np.dtype(
    [
        ("arrival", "i8"),
        ("fate_tick", "i8"),
        ("fate", "i4"),  # ALIVE, killed by layer l: l, soft-killed by it: L + l
        ("cause", "i1"),  # for which it would leak, as far as is known
        ("phase", "i1"),  # FREE, ENGAGED, GONE
        ("scored", "?"),  # the engagement under way kills
        ("misjudged", "?"),  # its assessment will be wrong
    ]
)
BATTERY_STATE = np.dtype([("free", "i8"), ("ready", "i8"), ("busy", "i8"), ("engagements", "i8")])
MAGAZINE_STATE = np.dtype(
    [
        ("ready", "i8"),
        ("reloads", "i8"),  # still to be called
        ("reloaded", "i8"),  # rounds that reloads have brought
        ("expended", "i8"),
        ("depletion", "i8"),  # tick, or NEVER
    ]
)
LAYER_STATE = np.dtype(
    [
        ("stocked", "i8"),  # magazines that hold rounds or await a reload
        ("up", "?"),
    ],
    align=True,
)
ENTRY = np.dtype([("tick", "i8"), ("tie", "i8")])


class Heap(NamedTuple):
    """Binary heap, smallest first."""

    entries: Records
    size: npt.NDArray[np.int64]  # (1,)


class Log(NamedTuple):
    """Events of a replication, in the order in which they were handled."""

    rows: npt.NDArray[np.int64]  # (capacity, 8); capacity 0: no log
    used: npt.NDArray[np.int64]  # (1,): events so far, also those beyond the capacity


class State(NamedTuple):
    """A raid under way. Magazines and batteries stand apart: a campaign carries them over."""

    threats: Records  # (N,)
    held: npt.NDArray[np.uint8]  # (N, L): available to the layer
    fired: npt.NDArray[np.int32]  # (N, B): engagements so far
    opened: npt.NDArray[np.int64]  # (S, L): windows opened so far
    head: npt.NDArray[np.int64]  # (S, B): threats that the battery is done with
    openings: Heap
    in_flight: Heap
    layers: Records  # (L,)
    batteries: Records  # (B,)
    magazines: Records  # (K,)
    kill: npt.NDArray[np.uint64]  # (I, C): thresholds of the night
    spacing: npt.NDArray[np.float64]  # (largest salvo + 1,): scratch
    night: npt.NDArray[np.uint64]  # (2,): seed and replication
    log: Log


class Counts(NamedTuple):
    """Rows of one block, one a replication; ticks for times."""

    leaked: npt.NDArray[np.int64]  # (R, S)
    leak_cause: npt.NDArray[np.int64]  # (R, S, causes)
    killed: npt.NDArray[np.int64]  # (R, S, L)
    soft_killed: npt.NDArray[np.int64]  # (R, S, L)
    expended: npt.NDArray[np.int64]  # (R, K)
    remaining: npt.NDArray[np.int64]  # (R, K)
    reloaded: npt.NDArray[np.int64]  # (R, K)
    depletion: npt.NDArray[np.int64]  # (R, K), NEVER where it did not
    busy: npt.NDArray[np.int64]  # (R, B)
    engagements: npt.NDArray[np.int64]  # (R, B)
    ready_rounds: npt.NDArray[np.int64]  # (R, T, K)
    busy_channels: npt.NDArray[np.int64]  # (R, T, B)
    leaked_by: npt.NDArray[np.int64]  # (R, T + 1, S); the last sample is the end


def new_state(tables: Tables, events: int = 0) -> State:
    """Working memory for one thread, and room for a log of `events`."""
    threats, salvos = tables.salvo_of.size, tables.salvos.size
    layers, batteries = tables.layers.size, tables.batteries.size
    magazines = tables.magazines.size
    openings, in_flight = salvos * layers, threats + magazines
    return State(
        threats=records(threats, THREAT_STATE),
        held=np.zeros((threats, layers), np.uint8),
        fired=np.zeros((threats, batteries), np.int32),
        opened=np.zeros((salvos, layers), np.int64),
        head=np.zeros((salvos, batteries), np.int64),
        openings=Heap(records(openings, ENTRY), np.zeros(1, np.int64)),
        in_flight=Heap(records(in_flight, ENTRY), np.zeros(1, np.int64)),
        layers=records(layers, LAYER_STATE),
        batteries=records(batteries, BATTERY_STATE),
        magazines=records(magazines, MAGAZINE_STATE),
        kill=np.zeros(tables.kill.shape, np.uint64),
        spacing=np.zeros(int(tables.salvos["count"].max(initial=0)) + 1),
        night=np.zeros(2, np.uint64),
        log=Log(np.zeros((events, 8), np.int64), np.zeros(1, np.int64)),
    )


def new_counts(tables: Tables, replications: int) -> Counts:
    """Zeroed rows for a number of replications."""
    salvos, layers = tables.salvos.size, tables.layers.size
    batteries, magazines = tables.batteries.size, tables.magazines.size
    samples = tables.timeline.size
    shapes = Counts(
        leaked=(salvos,),
        leak_cause=(salvos, 7),
        killed=(salvos, layers),
        soft_killed=(salvos, layers),
        expended=(magazines,),
        remaining=(magazines,),
        reloaded=(magazines,),
        depletion=(magazines,),
        busy=(batteries,),
        engagements=(batteries,),
        ready_rounds=(samples, magazines),
        busy_channels=(samples, batteries),
        leaked_by=(samples + 1, salvos),
    )  # type: ignore[arg-type]
    return Counts(*(np.zeros((replications, *shape), dtype=np.int64) for shape in shapes))

