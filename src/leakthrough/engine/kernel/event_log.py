"""The optional log of a replication: one row per event."""

from typing import TYPE_CHECKING

from leakthrough.engine.kernel.compiling import Bool, Int, compiled, merged
from leakthrough.engine.kernel.draws import at
from leakthrough.engine.layout import LOG_COLUMNS

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@merged
def is_logged(state: "State") -> Bool:
    """Whether there is a log."""
    return state.log.size > 0


@compiled
def note(
    state: "State",
    tick: Int,
    event: Int,
    threat: Int,
    layer: Int,
    battery: Int,
    magazine: Int,
    rounds: Int,
    outcome: Int,
) -> None:
    """Write one event if there is a log; if the log is full, only count the event."""
    raid, log = state.raid[0], state.log
    if log.size == 0:
        return
    start = raid.log_used * LOG_COLUMNS
    if start < log.size:
        log[at(start)], log[at(start + 1)], log[at(start + 2)] = tick, event, threat
        log[at(start + 3)], log[at(start + 4)], log[at(start + 5)] = layer, battery, magazine
        log[at(start + 6)], log[at(start + 7)] = rounds, outcome
    raid.log_used += 1
