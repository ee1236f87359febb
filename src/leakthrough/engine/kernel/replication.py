"""The event loop of one raid, and a block of its replications."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    AVAILABLE,
    BITS_A_WORD,
    EVENTS_BETWEEN_CHECKS,
    FOREVER,
    NOBODY,
    NOTHING,
    SOFT_KILLED,
)
from leakthrough.engine.kernel.channels import layers_of_pool
from leakthrough.engine.kernel.compiling import Int, entry, lowest_bit, merged
from leakthrough.engine.kernel.counting import count, count_leakers, sample
from leakthrough.engine.kernel.draws import U, at
from leakthrough.engine.kernel.engagement import engage, next_ending
from leakthrough.engine.kernel.event_queue import comes_first
from leakthrough.engine.kernel.lookup import bit_of, image_of
from leakthrough.engine.kernel.losses import next_landing
from leakthrough.engine.kernel.selection import next_shot
from leakthrough.engine.kernel.setup import (
    arrive,
    begin_cursors,
    carry_in,
    carry_out,
    draw_raid,
    reset,
    stock,
)
from leakthrough.engine.kernel.state_pointer import has_rules, state_at
from leakthrough.engine.kernel.wake_ups import await_threat
from leakthrough.engine.kernel.windows import blame, next_opening

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@merged
def _serve(state: "State", word: Int, layers: Any, freed: Int, threat: Int, tick: Int) -> None:
    """Begin all engagements that became possible in some layers, the outermost first."""
    while layers != U(0):
        layer = state.layers[at(word * BITS_A_WORD + lowest_bit(layers))]
        layers &= layers - U(1)
        while True:
            shot, magazine, target = next_shot(state, layer, freed, threat, tick)
            if shot < 0:
                break
            engage(
                state,
                state.pairings[at(shot)],
                state.magazines[at(magazine)],
                image_of(state, layer, target),
                tick,
            )


@merged
def _raid(state: "State", row: Any, stop: Any) -> None:
    """The event loop; at one tick, ends of engagements and reloads come before openings.

    After an opening, an end and a reload alike, a threat, a channel or rounds became available to
    some layers, which are then served.
    """
    horizon, words, waking = arrive(state), state.raid[0].mask_words, state.raid[0].waking
    begin_cursors(state)
    pooled = has_rules(state) and state.pools.size > 0
    sampled, events = 0, 0
    while not (events & (EVENTS_BETWEEN_CHECKS - 1) == 0 and stop[0] != 0):
        events += 1
        opening, leaf = state.nodes[1].tick, state.nodes[1].leaf
        ending = state.entries[0].tick
        tick = min(opening, ending)
        if sampled < state.timeline.size:
            sampled = sample(state, row, sampled, tick)
        if tick == FOREVER:
            break
        outcome, freed, threat = NOTHING, NOBODY, NOBODY
        own, waiting, opened = NOBODY, NOBODY, NOBODY
        if ending < opening or (ending == opening and comes_first(state, leaf)):
            freed, threat, waiting, opened = next_ending(state, horizon)
            if freed >= 0:
                own = state.batteries[at(freed)].layer
            elif opened >= 0:
                own, outcome = state.windows[at(opened)].layer, AVAILABLE
        elif leaf < state.landings.size:
            next_landing(state)
        else:
            opened = np.int64(state.openings[at(leaf - state.landings.size)])
            window = state.windows[at(opened)]
            threat, outcome = next_opening(state, window, opened, leaf, tick)
            if outcome == AVAILABLE:
                own, waiting = window.layer, threat
        if own >= 0:
            for word in range(words):
                layers = U(0)
                if freed >= 0 and threat >= 0:
                    layers = state.held[at(threat * words + word)]
                if U(own) // U(BITS_A_WORD) == U(word):
                    layers |= bit_of(own)
                if pooled:
                    layers |= layers_of_pool(state, word)
                _serve(state, word, layers, freed, threat, tick)
            if pooled:
                state.raid[0].returned = NOBODY
        if has_rules(state) and waking and waiting >= 0:
            await_threat(state, state.threats[at(waiting)], tick)
        if outcome != NOTHING and outcome != SOFT_KILLED:
            # After serving, since a threat that was engaged immediately needs no cause.
            blame(state, state.windows[at(opened)], state.threats[at(threat)], outcome, tick)


def _simulate_block(sources: Int) -> Any:
    def simulate_block(
        addresses: Any, counts: Any, carried: Any, seed: Int, start: Int, offset: Int, stop: Any
    ) -> Int:
        """Compute one raid of the replications from `start`; return how many were finished.

        `addresses` is the handle of a state (`state_pointer`). The results are written into the
        rows of `counts`, which must be zeroed and whose columns `engine.counts` names. The rows of
        `carried` contain the state with which each replication begins, and are overwritten with
        the state at its end; if they are empty, it begins as the scenario says. `offset` is added
        to the address of every draw, except for the kill probabilities. The GIL is released
        throughout. Setting ``stop[0]`` from another thread ends the block within a fraction of a
        millisecond; the rows from the returned number on are then void.
        """
        if sources == 0:  # uses the digest of all modules, so that the cache's key contains it
            return 0
        state = state_at(addresses)
        raid, carries = state.raid[0], carried.shape[1] > 0
        raid.seed, raid.offset, raid.log_used = U(seed), U(offset), 0
        for n in range(counts.shape[0]):
            row = counts[n]
            raid.replication = U(start + n)
            reset(state)
            if carries:
                carry_in(state.words, state.carrying, carried[n])
            draw_raid(state)
            stock(state)
            _raid(state, row, stop)
            if stop[0] != 0:
                return n
            count_leakers(state, row)
            count(state, row)
            if carries:
                carry_out(state.words, state.carrying, carried[n])
        return counts.shape[0]

    return simulate_block


simulate_block = entry(_simulate_block)
