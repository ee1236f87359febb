"""Engagements from firing to assessment, and the arrival of reloads."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    ALIVE,
    AS_DRAWN,
    ASSESSMENT,
    CHANNEL_RETURNS,
    ENGAGED,
    ENGAGEMENT_ENDS,
    FIRING,
    FREE,
    GONE,
    JUDGED_ALIVE,
    JUDGED_KILLED,
    KILL,
    KILLED,
    LAUNCH_ALLOWED,
    LONGEST_BUSY,
    LOST_TO_SOFT_KILL,
    MISSED,
    MOST_BATTERIES,
    NEUTRALISED,
    NEVER,
    NOBODY,
    NONE,
    RELOAD_ARRIVES,
    ROUND_DRAWS,
    SHOT_DOWN,
    TO_ASSESSMENT,
    TRACK_ENDS,
    WAKE_UP,
    WORDS_A_DRAW,
    WRONGLY_ALIVE,
    WRONGLY_KILLED,
)
from leakthrough.engine.kernel.channels import fire_ruled, give_channel_back, return_channel
from leakthrough.engine.kernel.commands import note_engagement, see_kill, settle
from leakthrough.engine.kernel.compiling import Bool, Int, compiled, inlined, merged
from leakthrough.engine.kernel.draws import MASK_32, U, at, draw_at, number_or_draw
from leakthrough.engine.kernel.event_log import is_logged, note
from leakthrough.engine.kernel.event_queue import parts_of, push, remove_first, tie_of
from leakthrough.engine.kernel.lookup import (
    engagement_draw,
    fired_at,
    first_window_of,
    forget,
    image_of,
    number_of,
)
from leakthrough.engine.kernel.luck import kept_kill
from leakthrough.engine.kernel.magazines import drawable, expend, reload
from leakthrough.engine.kernel.reach import distance_at, meeting, threshold_at
from leakthrough.engine.kernel.state_pointer import has_rules, seldom
from leakthrough.engine.kernel.tracks import end_track, give_track
from leakthrough.engine.kernel.wake_ups import wake_up_of

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@merged
def _any_kills(
    state: "State",
    pairing: Any,
    chance: Any,
    threshold: Any,
    number: Int,
    fired: Int,
    rounds: Int,
) -> Bool:
    """Whether any round kills: one integer per round. Branches would be mispredicted.

    Hits and misses are counted up to the first round that kills; later rounds change nothing.
    """
    alive, misses = True, 0
    start = pairing.rounds_stream + U(fired * ROUND_DRAWS)
    for block in range((rounds + WORDS_A_DRAW - 1) // WORDS_A_DRAW):
        drawn = draw_at(state.raid[0], number, start + U(block) + state.raid[0].offset)
        left = rounds - block * WORDS_A_DRAW
        alive &= drawn[0] >= threshold
        misses += int(alive)
        alive &= (left <= 1) | (drawn[1] >= threshold)
        misses += int(alive & (left > 1))
        alive &= (left <= 2) | (drawn[2] >= threshold)
        misses += int(alive & (left > 2))
        alive &= (left <= 3) | (drawn[3] >= threshold)
        misses += int(alive & (left > 3))
    chance.hits += int(not alive)
    chance.misses += misses
    chance.odds += (misses + int(not alive)) * np.int64(threshold)
    return not alive


@compiled
def draw_engagement(state: "State", pairing: Any, magazine: Any, threat: Any, tick: Int) -> Any:
    """Ticks from firing to the kill and to the end, and the integer for the assessment's error."""
    battery, quantiles = state.batteries[pairing.battery], state.quantiles
    drawn = engagement_draw(state, pairing, threat)
    to_kill = number_or_draw(quantiles, battery.reaction, battery.reaction_table, drawn[0])
    if has_rules(state) and magazine.speed > 0.0:
        salvo, layer = state.salvos[threat.salvo], state.layers[battery.layer]
        launch, latest = tick + to_kill, state.windows[pairing.window].close_offset
        launch -= threat.arrival
        met = meeting(state, salvo, layer.x, layer.y, magazine.speed, launch, latest)
        to_kill += met - launch
    else:
        to_kill += number_or_draw(quantiles, magazine.flight, magazine.flight_table, drawn[1])
    after = number_or_draw(quantiles, battery.assessment, battery.assessment_table, drawn[2])
    return to_kill, to_kill + after, drawn[3]


@seldom(U(0))
def threshold_then(
    state: "State", battery: Any, chance: Any, threat: Any, tick: Int, mean: Bool
) -> Any:
    """Threshold of a kill probability, or of its `mean`, where a threat is at a tick."""
    layer, salvo = state.layers[battery.layer], state.salvos[threat.salvo]
    time = float(tick - threat.arrival)
    return threshold_at(state, chance, distance_at(state, salvo, layer.x, layer.y, time), mean)


@inlined
def engage(state: "State", pairing: Any, magazine: Any, threat: Any, tick: Int) -> None:
    """Fire at a threat; the outcome is drawn now, and the battery learns it at the assessment."""
    battery, salvo = state.batteries[pairing.battery], state.salvos[threat.salvo]
    chance = state.kill_chances[at(magazine.first_kill + salvo.threat)]
    rounds = min(pairing.salvo_size, drawable(magazine, salvo))
    if has_rules(state) and drawable(magazine, salvo) <= battery.thrift_level:
        rounds = min(rounds, battery.thrift_size)
    mark, number = fired_at(state, pairing, threat), number_of(state, threat)
    alive, fired = threat.fate_tick > tick, np.int64(state.fired[mark])
    to_kill, to_end, word = magazine.to_kill, magazine.to_end, MASK_32
    if battery.random:
        to_kill, to_end, word = draw_engagement(state, pairing, magazine, threat, tick)
    threshold, death = chance.drawn, tick + to_kill
    if has_rules(state) and battery.ruled:
        own = pairing, magazine, chance, threat, rounds
        rounds, death, to_end = fire_ruled(state, *own, to_end - to_kill, alive, tick)
        scored = death != NEVER
    else:
        if has_rules(state) and chance.first_distance < chance.stop_distance:
            threshold = threshold_then(state, battery, chance, threat, death, AS_DRAWN)
        kept = NOBODY
        if has_rules(state) and alive and state.lucks.size > 0:
            kept = kept_kill(state, chance, threshold, threat)
        scored = kept > 0
        if alive and kept < 0:
            scored = _any_kills(state, pairing, chance, threshold, number, fired, rounds)
        battery.free -= 1
        battery.busy = min(battery.busy + to_end, LONGEST_BUSY)
    if is_logged(state):
        code, layer = np.int64(threat.code), np.int64(battery.layer)
        codes = np.int64(battery.code), np.int64(magazine.code)
        note(state, tick, FIRING, code, layer, codes[0], codes[1], rounds, NONE)
    if threat.fate != ALIVE:
        magazine.on_dead += rounds
    if scored:
        threat.fate, threat.fate_tick = SHOT_DOWN, death
    threat.scored, threat.kill_error = scored, word < battery.false_kill
    threat.survival_error = word < battery.false_survival
    threat.phase, threat.cause = ENGAGED, MISSED
    state.fired[mark] = fired + 1
    battery.engagements += 1
    expend(state, battery, magazine, rounds, tick)
    if has_rules(state) and state.raid[0].ruled:
        note_engagement(state, pairing, battery, threat, tick)
    push(state, tick + to_end, tie_of(battery.code, ENGAGEMENT_ENDS, threat.code))


@compiled
def _assess(state: "State", battery: Any, threat: Any, tick: Int) -> Any:
    """Assess a finished engagement; return whether its threat is available again."""
    layer, code, owner = np.int64(battery.layer), np.int64(threat.code), np.int64(battery.code)
    if not has_rules(state) or not battery.ruled:
        battery.free += 1
    elif battery.hold == TO_ASSESSMENT:
        give_channel_back(state, battery, tick)
    threat.phase = GONE
    if threat.fate == NEUTRALISED:
        note(state, tick, ASSESSMENT, code, layer, owner, NOBODY, NONE, LOST_TO_SOFT_KILL)
        return False
    # Counted only now, since a soft kill may have come before the rounds.
    window = state.windows[at(first_window_of(state, threat, layer))]
    window.killed += int(threat.scored)
    alive = threat.fate_tick > tick
    misjudged = threat.kill_error if alive else threat.survival_error
    believed_alive = alive != misjudged
    if battery.false_kill > 0 or battery.false_survival > 0:
        battery.alive_assessed += int(alive)
        battery.false_kills += int(alive & misjudged)
        battery.dead_assessed += int(not alive)
        battery.false_survivals += int(misjudged & (not alive))
    if is_logged(state):
        if threat.scored:
            note(state, threat.fate_tick, KILL, code, layer, owner, NOBODY, NONE, NONE)
        if alive:
            outcome = WRONGLY_KILLED if misjudged else JUDGED_ALIVE
        else:
            outcome = WRONGLY_ALIVE if misjudged else JUDGED_KILLED
        note(state, tick, ASSESSMENT, code, layer, owner, NOBODY, NONE, outcome)
    if alive or believed_alive:
        threat.phase = FREE
    if has_rules(state) and state.raid[0].ruled:
        settle(state, battery, threat, believed_alive, tick)
    elif not believed_alive:
        forget(state, threat)
    return believed_alive


@compiled
def _other_ending(state: "State", owner: Int, kind: Int, code: Int, tick: Int, horizon: Int) -> Any:
    """`next_ending` for all events but ends of engagements."""
    if kind == RELOAD_ARRIVES:
        magazine = state.magazines[at(code)]
        if tick > horizon or magazine.due != tick:
            return NOBODY, NOBODY, NOBODY, NOBODY
        reload(state, state.batteries[at(owner)], magazine, tick)
        return owner, NOBODY, NOBODY, NOBODY
    return _seldom_ending(state, owner, kind, code, tick)


@seldom((NOBODY, NOBODY, NOBODY, NOBODY))
def _seldom_ending(state: "State", owner: Int, kind: Int, code: Int, tick: Int) -> Any:
    if kind == WAKE_UP:
        battery = state.batteries[at(owner)]
        state.wake_ups[wake_up_of(state, battery, state.threats[at(code)])] = NEVER
        return owner, NOBODY, code, NOBODY
    if kind == CHANNEL_RETURNS:
        return_channel(state, state.batteries[at(owner)], code, tick)
        return owner, NOBODY, NOBODY, NOBODY
    if kind == LAUNCH_ALLOWED:
        state.batteries[at(owner)].awaited = NEVER
        return owner, NOBODY, NOBODY, NOBODY
    threat, window = NOBODY, NOBODY
    if kind == KILLED:
        see_kill(state, code, tick)
    elif kind == TRACK_ENDS:
        end_track(state, state.layers[at(owner - MOST_BATTERIES)], code, tick)
    else:
        threat, window = give_track(state, state.layers[at(owner - MOST_BATTERIES)], tick)
    return NOBODY, threat, threat, window


@inlined
def next_ending(state: "State", horizon: Int) -> Any:
    """Handle the first event of the queue; return the battery and the threat that it frees.

    Also return the threat whose next wake-ups are to be scheduled, and the window in which it was
    given a track. A wake-up frees a battery: it may engage a threat that it could not before.
    """
    tick = state.entries[0].tick
    owner, kind, code = parts_of(state.entries[0].tie)
    remove_first(state)
    if kind != ENGAGEMENT_ENDS:
        return _other_ending(state, owner, kind, code, tick, horizon)
    battery = state.batteries[at(owner)]
    threat = image_of(state, state.layers[battery.layer], code)
    if _assess(state, battery, threat, tick):
        return owner, code, code, NOBODY
    return owner, NOBODY, NOBODY, NOBODY
