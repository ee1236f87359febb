"""Channels that are not simply the battery's own to the end of the assessment.

A battery with rules of its own (`ruled`) shares a pool, holds a channel to the intercept or to the
launch, or keeps an interval between launches. When a pool is full, BLOCKED is subtracted from the
free channels of all its batteries: so whoever searches for an engagement asks for `free > 0` only.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    BITS_A_WORD,
    BLOCKED,
    CHANNEL_RETURNS,
    LONGEST_BUSY,
    NOBODY,
    NONE,
    RELEASE,
    TO_ASSESSMENT,
    TO_INTERCEPT,
    TO_LAUNCH,
)
from leakthrough.engine.kernel.compiling import Bool, Int, compiled
from leakthrough.engine.kernel.draws import U, at
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.event_queue import push, tie_of
from leakthrough.engine.kernel.launches import fire_rounds, reaction_of
from leakthrough.engine.kernel.lookup import bit_of
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def channels_in_use(battery: Any) -> Int:
    """Busy channels of a battery, whether its pool is full or not."""
    free = np.int64(battery.free)
    return battery.channels - (free if free >= 0 else free + BLOCKED)


@compiled
def _change_free(state: "State", pool: Any, change: Int) -> None:
    for n in range(pool.first_member, pool.stop_member):
        state.batteries[state.members[at(n)]].free += change


@compiled
def _take_channel(
    state: "State", pairing: Any, threat: Any, rounds: Int, to_last: Int, to_end: Int, tick: Int
) -> None:
    """Take a channel; `to_last` and `to_end` are the times to the last intercept and the end."""
    battery = state.batteries[pairing.battery]
    held = to_end
    if battery.hold == TO_INTERCEPT:
        held = to_last
    elif battery.hold == TO_LAUNCH:
        held = reaction_of(state, pairing, threat) + (rounds - 1) * battery.interval
    if battery.hold != TO_ASSESSMENT:
        push(state, tick + held, tie_of(battery.code, CHANNEL_RETURNS, threat.code))
    battery.free -= 1
    battery.busy = min(battery.busy + held, LONGEST_BUSY)
    if battery.pool >= 0:
        pool = state.pools[at(battery.pool)]
        pool.free -= 1
        pool.peak = max(pool.peak, pool.channels - pool.free)
        if pool.free == 0:
            pool.full_since = tick
            _change_free(state, pool, -BLOCKED)


@seldom((NONE, NONE, NONE))
def fire_ruled(
    state: "State",
    pairing: Any,
    magazine: Any,
    chance: Any,
    threat: Any,
    most: Int,
    assessed: Int,
    alive: Bool,
    tick: Int,
) -> Any:
    """Fire at a threat with a ruled battery, before this engagement is counted.

    `most` is the largest number of rounds, and `assessed` the time from the last intercept to the
    end of the assessment. Returns rounds, the tick of death (NEVER if no round kills), and the time
    to the end.
    """
    own = pairing, magazine, chance, threat
    rounds, last, death = fire_rounds(state, *own, most, alive, tick)
    to_end = last - tick + assessed
    _take_channel(state, pairing, threat, rounds, last - tick, to_end, tick)
    return rounds, death, to_end


@seldom()
def give_channel_back(state: "State", battery: Any, tick: Int) -> None:
    """Return a channel of a ruled battery, and that of its pool."""
    battery.free += 1
    if battery.pool >= 0:
        pool = state.pools[at(battery.pool)]
        if pool.free == 0:
            pool.full += tick - pool.full_since
            state.raid[0].returned = np.int64(battery.pool)
            _change_free(state, pool, BLOCKED)
        pool.free += 1


@compiled
def return_channel(state: "State", battery: Any, code: Int, tick: Int) -> None:
    """Handle the return of a channel that was not held to the assessment."""
    give_channel_back(state, battery, tick)
    layer, owner = np.int64(battery.layer), np.int64(battery.code)
    note(state, tick, RELEASE, code, layer, owner, NOBODY, NONE, NONE)


@seldom(U(0))
def layers_of_pool(state: "State", word: Int) -> Any:
    """Mask of the layers, in one of its words, of the batteries of the pool that was full."""
    found, code = U(0), state.raid[0].returned
    if code < 0:
        return found
    pool = state.pools[at(code)]
    for n in range(pool.first_member, pool.stop_member):
        layer = state.batteries[state.members[at(n)]].layer
        if U(layer) // U(BITS_A_WORD) == U(word):
            found |= bit_of(layer)
    return found
