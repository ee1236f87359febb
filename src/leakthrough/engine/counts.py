"""What the engine returns: rows of counts, one a replication, and what raids hand on."""

import math
from typing import NamedTuple

import numpy as np

from leakthrough.engine import kernel as k
from leakthrough.engine.state import Words
from leakthrough.engine.tables import Tables


class Carried(NamedTuple):
    """What raids hand on, one row a replication, and views of its columns."""

    rows: Words
    ready: Words  # (R, K) ready rounds
    reloads: Words  # (R, K) reloads left
    due: Words  # (R, K) tick at which a reload arrives, NEVER if none is on its way
    loss: Words  # (R, B) tick of a battery's loss: FOREVER if it stands, NEVER if of another raid


class Counts(NamedTuple):
    """Rows of one block, one a replication, and views of their columns; ticks for times."""

    rows: Words
    leaked: Words  # (R, S)
    leak_cause: Words  # (R, S, causes)
    killed: Words  # (R, S, L)
    soft_killed: Words  # (R, S, L)
    leaked_by: Words  # (R, T + 1, S); the last sample is the end
    launched: Words  # (R, S)
    expended: Words  # (R, K)
    remaining: Words  # (R, K)
    reloaded: Words  # (R, K)
    rounds_lost: Words  # (R, K), with their battery
    depletion: Words  # (R, K), NEVER where it did not
    busy: Words  # (R, B)
    engagements: Words  # (R, B)
    lost: Words  # (R, B)
    ready_rounds: Words  # (R, T, K)
    busy_channels: Words  # (R, T, B)


class Tally(NamedTuple):
    """What stands in a row behind the counts, where it is asked for.

    The rounds of an engagement of a live threat, up to the first that kills: those behind it
    change nothing.
    """

    hits: Words  # (R, I, C) rounds that kill
    misses: Words  # (R, I, C)


def new_carried(tables: Tables, replications: int) -> Carried:
    """Carry nothing over: magazines are full, and the clocks of empty ones' reloads start."""
    magazines = tables.magazines
    called = (magazines["rounds"] == 0) & (magazines["reloads"] > 0)
    first = np.concatenate(
        [
            magazines["rounds"],
            magazines["reloads"] - called,
            np.where(called, magazines["reload_ticks"], k.NEVER),
            np.full(tables.batteries.size, k.FOREVER),
        ]
    )
    rows = np.tile(first, (replications, 1))
    number = magazines.size
    return Carried(rows, *np.split(rows, [number, 2 * number, 3 * number], axis=1))


def new_counts(tables: Tables, replications: int, tally: bool = False) -> Counts:
    """Zeroed rows for a number of replications, with room for a tally or not."""
    columns = width(tables) + 2 * tables.kill.size * tally
    return named_counts(np.zeros((replications, columns), np.int64), tables)


def _shapes(tables: Tables) -> dict[str, tuple[int, ...]]:
    """Columns of a row, in order."""
    salvos, layers = tables.salvos.size, tables.layers.size
    batteries, magazines = tables.batteries.size, tables.magazines.size
    samples = tables.timeline.size
    return {
        "leaked": (salvos,),
        "leak_cause": (salvos, k.UNCOVERED + 1),
        "killed": (salvos, layers),
        "soft_killed": (salvos, layers),
        "leaked_by": (samples + 1, salvos),
        "launched": (salvos,),
        "expended": (magazines,),
        "remaining": (magazines,),
        "reloaded": (magazines,),
        "rounds_lost": (magazines,),
        "depletion": (magazines,),
        "busy": (batteries,),
        "engagements": (batteries,),
        "lost": (batteries,),
        "samples": (samples, magazines + batteries),
    }


def width(tables: Tables) -> int:
    """Columns of a row of counts."""
    return sum(map(math.prod, _shapes(tables).values()))


def columns(tables: Tables) -> dict[str, slice]:
    """Which columns of a row hold what."""
    found, start = {}, 0
    for name, shape in _shapes(tables).items():
        found[name] = slice(start, start := start + math.prod(shape))
    return found


def named_counts(rows: Words, tables: Tables) -> Counts:
    """Names for the columns of rows."""
    shapes = _shapes(tables)
    views = {
        name: rows[:, place].reshape(len(rows), *shapes[name])
        for name, place in columns(tables).items()
    }
    samples, magazines = views.pop("samples"), tables.magazines.size
    return Counts(
        rows=rows,
        **views,
        ready_rounds=samples[..., :magazines],
        busy_channels=samples[..., magazines:],
    )


def named_tally(rows: Words, tables: Tables) -> Tally:
    """Names for the columns behind the counts, of rows with a tally."""
    both = rows[:, width(tables) :].reshape(len(rows), 2, *tables.kill.shape)
    return Tally(both[:, 0], both[:, 1])
