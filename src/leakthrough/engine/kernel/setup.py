"""The start of a raid: reset, carried state, draws for the whole raid, arrivals, cursors."""

import math
from typing import TYPE_CHECKING, Any

from leakthrough.engine.codes import (
    ALIVE,
    FIXED,
    FOREVER,
    FREE,
    INFINITE,
    NEVER,
    NONE,
    POISSON,
    UNCOVERED,
    UNIFORM,
    UNTRACKED,
)
from leakthrough.engine.kernel.chances import draw_chances
from leakthrough.engine.kernel.compiling import Int, compiled, merged
from leakthrough.engine.kernel.depots import answer_calls, await_reload
from leakthrough.engine.kernel.draws import (
    U,
    at,
    draw,
    draw_at,
    exponential_sums,
    quantile,
    unit,
)
from leakthrough.engine.kernel.event_log import is_logged
from leakthrough.engine.kernel.event_queue import play
from leakthrough.engine.kernel.losses import next_landing_tick
from leakthrough.engine.kernel.luck import draw_luck
from leakthrough.engine.kernel.magazines import count_stocked, is_called
from leakthrough.engine.kernel.state_pointer import has_rules, seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@merged
def reset(state: "State") -> None:
    """Reset all records by one copy of their values at the start of a raid."""
    for n in range(state.words.size):
        state.words[at(n)] = state.initial[at(n)]
    for n in range(state.raid[0].in_flight):
        state.entries[at(n)].tick = FOREVER
    state.raid[0].in_flight = 0


@merged
def carry_in(words: Any, carrying: Any, carried: Any) -> None:
    """Write the state that the last raid left into the records."""
    column = 0
    for n in range(0, carrying.size, 3):
        first, step, number = carrying[at(n)], carrying[at(n + 1)], carrying[at(n + 2)]
        for record in range(number):
            words[at(first + record * step)] = carried[at(column)]
            column += 1


@merged
def carry_out(words: Any, carrying: Any, carried: Any) -> None:
    """Save the state at the end of the raid, for the resupply and the next raid."""
    column = 0
    for n in range(0, carrying.size, 3):
        first, step, number = carrying[at(n)], carrying[at(n + 1)], carrying[at(n + 2)]
        for record in range(number):
            carried[at(column)] = words[at(first + record * step)]
            column += 1


@merged
def stock(state: "State") -> None:
    """Set the state that depends on rounds, reloads and losses at the start of the raid."""
    for aim_point in state.aim_points:
        state.assets[aim_point.asset].aim_points_down += int(aim_point.repaired != NEVER)
    losses = False
    for battery in state.batteries:
        losses |= battery.loss != FOREVER
    state.raid[0].losses = losses
    if has_rules(state) and state.depots.size > 0:
        answer_calls(state)
    for magazine in state.magazines:
        battery = state.batteries[magazine.battery]
        battery.ready = min(battery.ready + magazine.ready, INFINITE)
        if magazine.due != NEVER:
            await_reload(state, magazine, magazine.due)
        else:
            is_called(state, magazine, NONE)
        if magazine.ready > 0 or magazine.due != NEVER:
            count_stocked(state, magazine, 1)
    for line in state.lines:
        # A layer without rounds still follows threats, and its tracks may be taken.
        state.windows[line.window].stocked += 1


@merged
def draw_raid(state: "State") -> None:
    """Draw the sizes of salvos, which layers are up, and uncertain probabilities.

    Probabilities are the same in all raids of a replication.
    """
    raid, quantiles = state.raid[0], state.quantiles
    if has_rules(state) and state.chances.size > 0:
        draw_chances(state)
    for salvo in state.salvos:
        if salvo.size_table >= 0:
            word = draw(raid, NONE, salvo.size_stream, NONE)[0]
            salvo.launched = max(quantile(quantiles, salvo.size_table, unit(word)), 0)
    for given in state.givens:
        state.salvos[given.salvo].launched = given.given
    for layer in state.layers:
        layer.up = int(draw(raid, NONE, layer.stream, NONE)[0] < layer.availability)
    for chance in state.kill_chances:
        if chance.table < 0 and chance.first_distance == chance.stop_distance:
            continue
        drawn = unit(draw_at(raid, NONE, chance.stream)[0])  # one for all distances
        if chance.table >= 0:
            chance.drawn = U(quantile(quantiles, chance.table, drawn))
        for n in range(chance.first_distance, chance.stop_distance):
            distance = state.distances[at(n)]
            if distance.table >= 0:
                distance.drawn = U(quantile(quantiles, distance.table, drawn))


@merged
def _place_arrivals(state: "State", salvo: Any, sums: Any) -> None:
    """Arrivals of a salvo from the cumulative sums of its exponential draws.

    Such sums divided by their total are uniform order statistics, so no sort is needed.
    """
    total, start, scale = sums[at(salvo.launched)], salvo.start, salvo.scale
    if salvo.arrival == POISSON:
        for n in range(salvo.launched):
            sums[at(n)] = math.floor(start + sums[at(n)] * scale + 0.5)
    elif salvo.arrival == UNIFORM:
        for n in range(salvo.launched):
            sums[at(n)] = math.floor(start + sums[at(n)] / total * scale + 0.5)
    else:
        for n in range(salvo.launched):
            sums[at(n)] = quantile(state.quantiles, salvo.table, sums[at(n)] / total)
    for n in range(salvo.launched):
        state.threats[at(salvo.first + n)].arrival = int(sums[at(n)])


@compiled
def arrive(state: "State") -> Int:
    """Draw arrival ticks, ordered within each salvo; return the tick of the last landing.

    Arrivals that are not drawn are in the records already.
    """
    horizon, words = NEVER, state.raid[0].mask_words
    for salvo in state.salvos:
        if salvo.arrival != FIXED:
            exponential_sums(state.raid[0], salvo.stream, state.sums, salvo.launched + 1)
            _place_arrivals(state, salvo, state.sums)
        for n in range(salvo.launched):
            threat = state.threats[at(salvo.first + n)]
            threat.phase, threat.fate, threat.cause = FREE, ALIVE, UNCOVERED
            threat.fate_tick = FOREVER
        first, stop = salvo.first * words, (salvo.first + salvo.launched) * words
        for n in range(first, stop):
            state.held[at(n)] = U(0)
        fired = salvo.first_fired
        for n in range(salvo.launched * salvo.pairings):
            state.fired[fired + U(n)] = 0
        if salvo.launched > 0:
            last = state.threats[at(salvo.first + salvo.launched - 1)]
            horizon = max(horizon, last.arrival + salvo.target_offset)
    if has_rules(state) and state.lucks.size > 0:
        draw_luck(state)
    for n in range(state.wake_ups.size):
        state.wake_ups[at(n)] = NEVER
    if has_rules(state) and state.raid[0].ruled:
        _begin_images(state)
    return horizon


@seldom()
def _begin_images(state: "State") -> None:
    """Copy the threats into the image of each further command, and reset what is counted."""
    threats = state.threats.size // state.raid[0].commands
    for n in range(threats, state.threats.size):
        image, threat = state.threats[at(n)], state.threats[at(n % threats)]
        image.phase, image.fate, image.cause = FREE, ALIVE, UNCOVERED
        image.arrival, image.fate_tick = threat.arrival, FOREVER
    for n in range(state.tracks.size):
        state.tracks[at(n)].status, state.tracks[at(n)].end = UNTRACKED, NEVER
    for n in range(state.engaged.size):
        state.engaged[at(n)] = 0


@compiled
def begin_cursors(state: "State") -> None:
    """Start a cursor for each window that can have an effect (for all windows if there is a log).

    The leaves of the tournament are in the order of ties: landings by battery, then windows by
    layer, then by salvo, those of higher priority first.
    """
    for leaf in range(state.landings.size):
        play(state, leaf, next_landing_tick(state, state.landings[at(leaf)]))
    for n in range(state.openings.size):
        window = state.windows[state.openings[at(n)]]
        salvo, layer = state.salvos[window.salvo], state.layers[window.layer]
        acts = window.soft_kill > 0 or window.stocked > 0 or is_logged(state)
        if acts and salvo.launched > 0 and layer.up:
            arrival = state.threats[salvo.first].arrival
            play(state, state.landings.size + n, arrival + window.open_offset)
