"""Commands that do not coordinate: each has its image of every threat, and sees only kills.

With one command an image is the threat itself, and nothing of this is called.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    AVAILABLE,
    ENGAGED,
    FREE,
    GONE,
    KILLED,
    MISSED,
    NEUTRALISED,
    NEVER,
    NOBODY,
    NONE,
    OPENING,
    SHOT_DOWN,
    SOFT_KILLED,
)
from leakthrough.engine.kernel.compiling import Bool, Int, compiled
from leakthrough.engine.kernel.draws import at
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.event_queue import push, tie_of
from leakthrough.engine.kernel.lookup import hold, is_allowed, let_go
from leakthrough.engine.kernel.state_pointer import seldom
from leakthrough.engine.kernel.tracks import drop_tracks, review_limit, review_tracks, see

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def _forget_in(state: "State", code: Int, command: Int) -> None:
    """Make a threat available to no layer of a command."""
    words = state.raid[0].mask_words
    for word in range(words):
        state.held[at(code * words + word)] &= ~state.commanded[at(command * words + word)]


@seldom()
def note_engagement(state: "State", pairing: Any, battery: Any, image: Any, tick: Int) -> None:
    """Note who engages a threat, how often its command has, and what other commands will see."""
    code, commands = np.int64(image.code), state.raid[0].commands
    own = np.int64(pairing.first_image) + code
    if state.engagers.size > 0:
        state.engagers[at(own)] = battery.code
    if state.raid[0].limited:
        state.engaged[at(own)] += 1
        review_limit(state, state.layers[battery.layer], image, tick)
    if commands > 1:
        state.threats[at(code)].cause = MISSED
        if image.scored:
            _share_kill(state, battery, own, code)


@seldom()
def settle(state: "State", battery: Any, image: Any, believed_alive: Bool, tick: Int) -> None:
    """After an assessment: what the command of a battery knows of a threat, and its tracks."""
    command = np.int64(state.layers[battery.layer].command)
    if not is_allowed(state, state.layers[battery.layer].first_image, image):
        image.phase = GONE
    if believed_alive:
        review_tracks(state, image, command, tick)
    else:
        _forget_in(state, np.int64(image.code), command)
        drop_tracks(state, image, command, tick)


@compiled
def _share_kill(state: "State", battery: Any, own: Int, code: Int) -> None:
    """The earliest intercept that kills is the fate of a threat; of equal ones, in battery order.

    Those of other commands then miss; only the image of the one that kills is scored.
    """
    step = state.threats.size // state.raid[0].commands
    image = state.threats[at(own)]
    hit = image.fate_tick
    for n in range(code, state.threats.size, step):
        other = state.threats[at(n)]
        if n == own or other.fate != SHOT_DOWN or not other.scored:
            continue
        known = other.fate_tick
        if known < hit or (known == hit and state.engagers[at(n)] < battery.code):
            image.fate_tick, image.scored = known, False
            return
        other.scored = False
    for n in range(code, state.threats.size, step):
        other = state.threats[at(n)]
        other.fate, other.fate_tick = SHOT_DOWN, hit
    push(state, hit, tie_of(0, KILLED, code) + NEVER)


@compiled
def see_kill(state: "State", code: Int, tick: Int) -> None:
    """Commands that are not engaging a threat drop it when rounds of another kill it."""
    threat = state.threats[at(code)]
    if threat.fate == SHOT_DOWN and threat.fate_tick == tick:
        for command in range(state.raid[0].commands):
            _drop(state, code, command, tick)


@compiled
def _drop(state: "State", code: Int, command: Int, tick: Int) -> None:
    step = state.threats.size // state.raid[0].commands
    image = state.threats[at(command * step + code)]
    if image.phase == FREE:
        image.phase = GONE
        _forget_in(state, code, command)
        drop_tracks(state, image, command, tick)


@seldom(AVAILABLE)
def open_ruled(
    state: "State", window: Any, opened: Int, threat: Any, outcome: Int, tick: Int
) -> Int:
    """What follows from the outcome of an opening, where there are commands or tracks."""
    layer, code = state.layers[window.layer], np.int64(threat.code)
    if layer.tracker >= 0:
        outcome = see(state, layer, opened, threat, outcome, tick)
    note(state, tick, OPENING, code, np.int64(window.layer), NOBODY, NOBODY, NONE, outcome)
    if outcome == SOFT_KILLED:
        window.soft_killed += 1
        _neutralise(state, code, tick)
    elif layer.tracker < 0:
        if outcome == AVAILABLE:
            hold(state, threat, window.layer)
        elif window.again:
            let_go(state, threat, window.layer)
    return outcome


@compiled
def _neutralise(state: "State", code: Int, tick: Int) -> None:
    """A soft kill ends a threat for all commands."""
    step = state.threats.size // state.raid[0].commands
    for command in range(state.raid[0].commands):
        image = state.threats[at(command * step + code)]
        image.fate, image.fate_tick = NEUTRALISED, tick
        if image.phase != ENGAGED:
            image.phase = GONE
        drop_tracks(state, image, command, tick)
