"""Two queues: a heap of engagements and reloads, and a tournament of the next openings.

The threats of a salvo are in order of arrival. So each window needs only a cursor over the
threats, and only the next opening of each cursor is in the tournament.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import CODE_BITS, FOREVER, KIND_BITS, MOST_BATTERIES, NEVER, WAKE_UP
from leakthrough.engine.kernel.compiling import Bool, Int, compiled, inlined, merged
from leakthrough.engine.kernel.draws import at

if TYPE_CHECKING:
    from leakthrough.engine.state import State

CODE_MASK, KIND_MASK = (1 << CODE_BITS) - 1, (1 << KIND_BITS) - 1


@inlined
def tie_of(battery: Any, kind: Any, code: Any) -> Int:
    """Order of events at one tick: battery, kind of event, threat or magazine."""
    return (np.int64(battery) << KIND_BITS | kind) << CODE_BITS | np.int64(code)


@inlined
def wake_up_tie(battery: Any, code: Any) -> Int:
    """The same for a wake-up: below 0, so that it comes before all other events."""
    return tie_of(battery, WAKE_UP, code) + NEVER


@merged
def parts_of(tie: Int) -> Any:
    """Battery, kind of event, and code of the threat or magazine."""
    tie &= FOREVER - 1 + FOREVER
    return tie >> (CODE_BITS + KIND_BITS), (tie >> CODE_BITS) & KIND_MASK, tie & CODE_MASK


@merged
def comes_first(state: "State", leaf: Int) -> Bool:
    """Whether the first event of the heap comes before the landing or opening at the same tick.

    Only events of tracks come after landings.
    """
    late = MOST_BATTERIES << (KIND_BITS + CODE_BITS)
    return leaf >= state.landings.size or state.entries[0].tie < late


@merged
def _before(entry: Any, tick: Int, tie: Int) -> Bool:
    return (entry.tick < tick) | ((entry.tick == tick) & (entry.tie < tie))


@compiled
def rise(state: "State", position: Int, tick: Int, tie: Int) -> None:
    """Write an event into the heap at a position, from which it rises to its place."""
    while position > 0:
        parent = (position - 1) >> 1
        above, entry = state.entries[at(parent)], state.entries[at(position)]
        if _before(above, tick, tie):
            break
        entry.tick, entry.tie = above.tick, above.tie
        position = parent
    entry = state.entries[at(position)]
    entry.tick, entry.tie = tick, tie


@inlined
def push(state: "State", tick: Int, tie: Int) -> None:
    """Push an event onto the heap."""
    position = state.raid[0].in_flight
    state.raid[0].in_flight = position + 1
    rise(state, position, tick, tie)


@compiled
def bring_forward(state: "State", tie: Int, tick: Int) -> None:
    """Give the event of this tie, which is in the heap, an earlier tick."""
    for position in range(state.raid[0].in_flight):
        if state.entries[at(position)].tie == tie:
            rise(state, position, tick, tie)
            return


@inlined
def remove_first(state: "State") -> None:
    """Pop the first event off the heap: the last one replaces it and sinks.

    Unused entries have the tick FOREVER, so they come after all events.
    """
    size, position = state.raid[0].in_flight - 1, 0
    state.raid[0].in_flight = size
    last = state.entries[at(size)]
    tick, tie = last.tick, last.tie
    last.tick = FOREVER
    while 2 * position + 1 < size:
        child = 2 * position + 1
        one, two = state.entries[at(child)], state.entries[at(child + 1)]
        child += int(_before(two, one.tick, one.tie))
        below, entry = state.entries[at(child)], state.entries[at(position)]
        if not _before(below, tick, tie):
            break
        entry.tick, entry.tie = below.tick, below.tie
        position = child
    if size > 0:
        entry = state.entries[at(position)]
        entry.tick, entry.tie = tick, tie


@inlined
def play(state: "State", leaf: Int, tick: Int) -> None:
    """Set the tick of a leaf of the tournament, and replay its matches up to the final.

    Each node holds the tick and the leaf of its winner; of equal ticks the left one wins, so
    leaves are in the order of ties. The winner so far is kept in variables: reading it from the
    node that was just written delayed each match, which took a tenth of the kernel's time.
    """
    place = state.raid[0].leaves + leaf
    node = state.nodes[at(place)]
    node.tick, node.leaf = tick, leaf
    while place > 1:
        other = state.nodes[at(place ^ 1)]
        other_tick, other_leaf = other.tick, other.leaf
        # Masks instead of a branch, which would be mispredicted. `place & 1`: the other is left.
        lost = (other_tick - (place & 1) - tick) >> 63
        tick ^= (tick ^ other_tick) & lost
        leaf ^= (leaf ^ other_leaf) & lost
        place >>= 1
        node = state.nodes[at(place)]
        node.tick, node.leaf = tick, leaf
