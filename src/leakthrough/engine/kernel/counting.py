"""From records to a row of counts: samples during the raid, everything else at its end."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import ALIVE, LEAK, NO_INTERCEPTORS, NOBODY, NONE
from leakthrough.engine.kernel.compiling import Int, compiled, merged
from leakthrough.engine.kernel.draws import at
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.windows import blame_unopened

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def sample(state: "State", row: Any, done: Int, until: Int) -> Int:
    """Write ready rounds and busy channels at the sample times before `until`; return `done`."""
    magazines, batteries = state.magazines.size, state.batteries.size
    while done < state.timeline.size and state.timeline[at(done)] < until:
        column = state.raid[0].sample_column + done * (magazines + batteries)
        for n in range(magazines):
            row[at(column + n)] = state.magazines[at(n)].ready
        for n in range(batteries):
            battery = state.batteries[at(n)]
            row[at(column + magazines + n)] = battery.channels - battery.free
        done += 1
    return done


@merged
def _first_sample(timeline: Any, tick: Int) -> Int:
    """Index of the first sample time that is not before a tick; their number if there is none."""
    low, high = 0, timeline.size
    while low < high:
        middle = (low + high) >> 1
        if timeline[at(middle)] < tick:
            low = middle + 1
        else:
            high = middle
    return low


@compiled
def count_leakers(state: "State", row: Any) -> None:
    """Count the leakers by cause and by sample time."""
    first, salvos, samples = (
        state.raid[0].leaked_by_column,
        state.salvos.size,
        state.timeline.size,
    )
    for s in range(salvos):
        salvo = state.salvos[at(s)]
        for n in range(salvo.launched):
            threat = state.threats[at(salvo.first + n)]
            if threat.fate != ALIVE:
                continue
            if threat.cause > NO_INTERCEPTORS:
                blame_unopened(state, threat, n)
            salvo.leaked += 1
            salvo.leak_cause[at(threat.cause)] += 1
            tick = threat.arrival + salvo.target_offset
            late = _first_sample(state.timeline, tick) if samples > 0 else 0
            row[at(first + late * salvos + s)] += 1
            code, cause = np.int64(threat.code), np.int64(threat.cause)
            note(state, tick, LEAK, code, NOBODY, NOBODY, NOBODY, NONE, cause)
    for column in range(first + salvos, first + salvos * samples):
        row[at(column)] += row[at(column - salvos)]


@compiled
def _copy(words: Any, counting: Any, kind: Int, row: Any, column: Int) -> Int:
    """Copy the counted numbers of one kind of record; return the first column after them."""
    first, step = counting[at(kind)], counting[at(kind + 1)]
    number, size = counting[at(kind + 2)], counting[at(kind + 3)]
    for record in range(number):
        for word in range(size):
            row[at(column)] = words[at(first + record * step + word)]
            column += 1
    return column


@compiled
def count(state: "State", row: Any) -> None:
    """Write the row of a replication: the fields that `engine.layout` marks as counted."""
    column = np.int64(0)
    for kind in range(np.int64(0), state.counting.size, np.int64(4)):
        column = _copy(state.words, state.counting, kind, row, column)
