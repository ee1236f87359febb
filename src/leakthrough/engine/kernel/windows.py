"""Openings of windows, and the causes of leaking that follow from them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    ANY_ROUNDS,
    AVAILABLE,
    DISMISSED,
    FOREVER,
    FREE,
    GONE,
    LATER,
    LOADED,
    NEUTRALISED,
    NO_CHANNEL,
    NO_INTERCEPTORS,
    NO_TRACK,
    NO_WINDOW,
    NOBODY,
    NONE,
    NOTHING,
    OPENING,
    SEEN_AS_DECOY,
    SOFT_KILLED,
    TOO_SHORT,
    UNCOVERED,
    UNDETECTED,
    UNKNOWN,
    UNSEEN,
    WAITING,
)
from leakthrough.engine.kernel.assignment import magazine_in_time
from leakthrough.engine.kernel.commands import open_ruled
from leakthrough.engine.kernel.compiling import Int, compiled, inlined, merged
from leakthrough.engine.kernel.draws import at, draw
from leakthrough.engine.kernel.event_log import is_logged, note
from leakthrough.engine.kernel.event_queue import play
from leakthrough.engine.kernel.lookup import first_window_of, hold, let_go, number_of
from leakthrough.engine.kernel.luck import count_detection, detection_word
from leakthrough.engine.kernel.state_pointer import has_rules

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@inlined
def _outcome_of(state: "State", window: Any, threat: Any) -> Any:
    """Outcome of an opening for a live threat: soft kill, detection, discrimination."""
    if not window.random:
        return AVAILABLE
    drawn = draw(state.raid[0], number_of(state, threat), window.stream, NONE)
    if drawn[0] < window.soft_kill:
        return SOFT_KILLED
    word = drawn[1]
    if has_rules(state) and state.lucks.size > 0:
        word = detection_word(state, threat, word)
    if word >= window.detection:
        return UNSEEN
    if drawn[2] < window.dismissal:
        return SEEN_AS_DECOY
    return AVAILABLE


@compiled
def cause_of(state: "State", window: Any, threat: Any, outcome: Int, tick: Int) -> Int:
    """The cause of leaking that follows from one opening alone, or from a track that is given."""
    cause, covered = TOO_SHORT, False
    if outcome == UNSEEN:
        cause = UNDETECTED
    elif outcome == SEEN_AS_DECOY:
        cause = DISMISSED
    elif outcome == WAITING:
        cause = NO_TRACK
    slack = threat.arrival + window.close_offset - tick
    for n in range(window.first_pairing, window.stop_pairing):
        pairing = state.pairings[at(n)]
        if state.batteries[pairing.battery].loss <= tick:
            continue
        covered = True
        if outcome != AVAILABLE:
            break
        if magazine_in_time(state, pairing, threat, slack, LOADED, LATER) >= 0:
            cause = NO_CHANNEL
            break
        if magazine_in_time(state, pairing, threat, slack, ANY_ROUNDS, LATER) >= 0:
            cause = NO_INTERCEPTORS
    return cause if covered else UNCOVERED


@merged
def _open(state: "State", window: Any, opened: Int, threat: Any, tick: Int) -> Any:
    """Open a window for a threat; return the outcome, NOTHING if the threat is dead."""
    if threat.fate_tick <= tick:
        if window.again:  # its earlier window has closed
            let_go(state, threat, window.layer)
        return NOTHING
    outcome = _outcome_of(state, window, threat)
    if window.random and (window.stocked > 0 or window.soft_kill > 0):  # a log changes no count
        detected = (outcome == AVAILABLE) | (outcome == SEEN_AS_DECOY)
        window.drawn += 1
        window.detected += int(detected)
        window.dismissed += int(outcome == SEEN_AS_DECOY)
        if has_rules(state) and state.lucks.size > 0 and outcome != SOFT_KILLED:
            count_detection(state, window, threat, detected)
    code, layer = np.int64(threat.code), np.int64(window.layer)
    if has_rules(state) and state.raid[0].ruled:
        return open_ruled(state, window, opened, threat, outcome, tick)
    note(state, tick, OPENING, code, layer, NOBODY, NOBODY, NONE, outcome)
    if outcome == SOFT_KILLED:
        window.soft_killed += 1
        threat.fate, threat.fate_tick = NEUTRALISED, tick
        if threat.phase == FREE:
            threat.phase = GONE
    elif outcome == AVAILABLE:
        hold(state, threat, window.layer)
    elif window.again:
        let_go(state, threat, window.layer)
    return outcome


@inlined
def next_opening(state: "State", window: Any, opened: Int, leaf: Int, tick: Int) -> Any:
    """Handle the first opening, and advance or drop its cursor; return threat and outcome.

    A cursor is dropped if its window has neither soft kill nor rounds to fire; the causes of
    leaking that follow from it are computed at the end of the raid, for leakers only.
    """
    idle = window.stocked == 0 and window.soft_kill == 0 and not is_logged(state)
    salvo, number, following = state.salvos[window.salvo], window.opened, FOREVER
    threat = state.threats[at(salvo.first + number)]
    stop = number if idle else salvo.launched
    number += 1
    while number < stop:
        coming = state.threats[at(salvo.first + number)]
        opening = coming.arrival + window.open_offset
        if coming.fate_tick > opening or (window.again and coming.fate_tick == opening):
            following = opening
            break
        number += 1  # dead by its opening: 344 of 514 openings are skipped
    play(state, leaf, following)
    if idle:
        return NOBODY, NOTHING
    window.opened = number
    return np.int64(threat.code), _open(state, window, opened, threat, tick)


@inlined
def blame(state: "State", window: Any, threat: Any, outcome: Int, tick: Int) -> None:
    """Update the cause of a threat's leaking with the outcome of one opening."""
    if threat.cause > NO_CHANNEL:
        cause = cause_of(state, window, threat, outcome, tick)
        threat.cause = min(np.int64(threat.cause), cause)


@merged
def _late_cause(state: "State", window: Any, threat: Any) -> Int:
    """Cause of leaking that follows from a window that was dropped before a threat came."""
    if not window.certain or state.raid[0].losses:
        outcome = _outcome_of(state, window, threat)
        if outcome == SOFT_KILLED:
            return UNCOVERED
        return cause_of(state, window, threat, outcome, threat.arrival + window.open_offset)
    if window.late_cause == UNKNOWN:
        # The same for all later threats; computed once, 64 layers are 2.6 times as fast.
        opening = threat.arrival + window.open_offset
        window.late_cause = cause_of(state, window, threat, AVAILABLE, opening)
    return window.late_cause


@compiled
def _blame_late(state: "State", window: Any, threat: Any, number: Int) -> None:
    if number >= window.opened:
        cause = _late_cause(state, window, threat)
        threat.cause = min(np.int64(threat.cause), cause)


@compiled
def _blame_later_passes(state: "State", code: Int, threat: Any, number: Int) -> None:
    for n in range(code + 1, code + state.windows[at(code)].passes_left + 1):
        _blame_late(state, state.windows[at(n)], threat, number)


@merged
def blame_unopened(state: "State", threat: Any, number: Int) -> None:
    """Update the cause of a leaker with the windows whose cursors were dropped."""
    for layer in state.layers:
        if threat.cause <= NO_INTERCEPTORS:
            return
        code = first_window_of(state, threat, np.int64(layer.code))
        if layer.up and code != NO_WINDOW:
            _blame_late(state, state.windows[at(code)], threat, number)
            if state.windows[at(code)].passes_left > 0:
                _blame_later_passes(state, code, threat, number)
