"""Tracks of layers that can hold only so many threats at a time.

A track is released when the layer has no use for it: its threat is believed dead, is lost to soft
kill or leaves the window, or no engagement of it is allowed or fits in time any more. It goes to a
threat that waits.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    AVAILABLE,
    ENGAGED,
    FOREVER,
    MOST_BATTERIES,
    NEVER,
    NO_REACH,
    NOBODY,
    NONE,
    TRACK,
    TRACK_ENDS,
    TRACK_IS_FREE,
    TRACKED,
    UNTRACKED,
    WAITING,
    WAITS,
)
from leakthrough.engine.kernel.compiling import Int, compiled
from leakthrough.engine.kernel.draws import at, number_or_draw
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.event_queue import bring_forward, push, tie_of
from leakthrough.engine.kernel.lookup import (
    engagement_draw,
    fired_at,
    hold,
    image_of,
    is_allowed,
    let_go,
    number_of,
)
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@compiled
def _last_of(state: "State", pairing: Any, window: Any, image: Any) -> Int:
    """Last tick at which a battery may engage a threat in a window, if it has rounds; or NEVER."""
    battery, found = state.batteries[pairing.battery], NEVER
    drawn, quantiles = engagement_draw(state, pairing, image), state.quantiles
    reaction = number_or_draw(quantiles, battery.reaction, battery.reaction_table, drawn[0])
    for n in range(pairing.first_preference, pairing.stop_preference):
        magazine, reach = state.magazines[state.preferences[at(n)]], state.reach_of[at(n)]
        flight = number_or_draw(quantiles, magazine.flight, magazine.flight_table, drawn[1])
        last = window.close_offset - reaction - flight
        if reach != NO_REACH:
            own = state.reaches[reach]
            if own.first_span == own.stop_span:
                continue
            last = state.spans[at(np.int64(own.stop_span) - 1)].last - reaction
            if not own.by_launch:
                last -= flight
        found = max(found, image.arrival + last)
    return found


@compiled
def _last_decision(state: "State", window: Any, image: Any) -> Int:
    """Last tick at which a layer may engage a threat in a window, if it has rounds; or NEVER."""
    found = NEVER
    for n in range(window.first_pairing, window.stop_pairing):
        pairing = state.pairings[at(n)]
        battery = state.batteries[pairing.battery]
        fired = state.fired[fired_at(state, pairing, image)]
        if battery.loss == FOREVER and fired < battery.max_salvos:
            if not is_allowed(state, pairing.first_image, image):
                return NEVER
            found = max(found, _last_of(state, pairing, window, image))
    return found


@compiled
def _end_of(state: "State", tracker: Any, track: Any, image: Any) -> Int:
    """Last tick at which a layer needs its track of a threat, as far as it is known."""
    window, layer = state.windows[at(track.window)], state.layers[tracker.layer]
    engager = state.engagers[at(np.int64(layer.first_image) + np.int64(image.code))]
    if image.phase == ENGAGED and state.batteries[engager].layer == layer.code:
        return image.arrival + window.close_offset
    return _last_decision(state, window, image)


@compiled
def _track(state: "State", tracker: Any, code: Int) -> Any:
    return state.tracks[at(tracker.first_track + code)]


@compiled
def _tie(tracker: Any, kind: Int, code: Int) -> Int:
    return tie_of(MOST_BATTERIES + np.int64(tracker.layer), kind, code)


@compiled
def _await_end(state: "State", tracker: Any, track: Any, image: Any, tick: Int) -> None:
    """Schedule the end of a track; there is one event at a time for each layer and threat."""
    end = max(_end_of(state, tracker, track, image), tick)
    if track.end == NEVER:
        push(state, end, _tie(tracker, TRACK_ENDS, image.code))
    elif end < track.end:
        bring_forward(state, _tie(tracker, TRACK_ENDS, image.code), end)
    else:
        return
    track.end = end


@compiled
def _take(tracker: Any, track: Any, tick: Int) -> None:
    track.status = TRACKED
    tracker.free -= 1
    tracker.peak = max(tracker.peak, tracker.tracks - tracker.free)
    if tracker.free == 0:
        tracker.full_since = tick


@compiled
def _release(state: "State", tracker: Any, track: Any, image: Any, tick: Int) -> None:
    """Free a track, which is then given to a threat that waits."""
    if tracker.free == 0:
        tracker.full += tick - tracker.full_since
    tracker.free += 1
    track.status = UNTRACKED
    let_go(state, image, tracker.layer)
    if not tracker.giving:
        tracker.giving = True
        push(state, tick, _tie(tracker, TRACK_IS_FREE, NONE))


@compiled
def see(state: "State", layer: Any, opened: Int, threat: Any, outcome: Int, tick: Int) -> Int:
    """Hold a threat that is seen if a track is free and of use; return the outcome.

    It does not wait any more for a track in an earlier pass.
    """
    tracker, image = (
        state.trackers[at(layer.tracker)],
        image_of(state, layer, np.int64(threat.code)),
    )
    track = _track(state, tracker, np.int64(threat.code))
    if track.status == WAITS:
        track.status = UNTRACKED
    let_go(state, threat, layer.code)
    if outcome != AVAILABLE:
        return outcome
    if _last_decision(state, state.windows[at(opened)], image) < tick:
        return AVAILABLE
    track.window = opened
    if tracker.free == 0:
        track.status = WAITS
        return WAITING
    _take(tracker, track, tick)
    _await_end(state, tracker, track, image, tick)
    hold(state, threat, tracker.layer)
    return AVAILABLE


@compiled
def end_track(state: "State", layer: Any, code: Int, tick: Int) -> None:
    """Release a track that is of no use after this tick."""
    tracker = state.trackers[at(layer.tracker)]
    track, image = _track(state, tracker, code), image_of(state, layer, code)
    track.end = NEVER
    if track.status == TRACKED:
        if _end_of(state, tracker, track, image) <= tick:
            _release(state, tracker, track, image, tick)
        else:
            _await_end(state, tracker, track, image, tick)


@compiled
def _first_waiting(state: "State", layer: Any, tracker: Any, line: Any, tick: Int) -> Int:
    """Code of the first threat of a window that waits and is alive and in time; or NOBODY."""
    window = state.windows[line.window]
    first = np.int64(state.salvos[window.salvo].first)
    while line.head < window.opened:
        threat = state.threats[at(first + line.head)]
        track = _track(state, tracker, np.int64(threat.code))
        waits = track.status == WAITS and track.window == line.window and threat.fate_tick > tick
        if (
            waits
            and _last_decision(state, window, image_of(state, layer, np.int64(threat.code))) >= tick
        ):
            return np.int64(threat.code)
        line.head += 1
    return NOBODY


@compiled
def _put_back(state: "State", window: Any, threat: Any) -> None:
    """Batteries may have passed a threat in their queues that a later track lets them engage."""
    number = number_of(state, threat)
    for n in range(window.first_pairing, window.stop_pairing):
        pairing = state.pairings[at(n)]
        pairing.head = min(pairing.head, number)


@compiled
def give_track(state: "State", layer: Any, tick: Int) -> Any:
    """Give a track to the waiting threat of highest priority, then earliest close.

    Return its code and that of its window, or NOBODY.
    """
    tracker, best, best_window = state.trackers[at(layer.tracker)], NOBODY, NOBODY
    best_close, best_priority = FOREVER, 0
    tracker.giving = False
    if tracker.free == 0:
        return best, best_window
    for n in range(tracker.first_line, tracker.stop_line):
        line = state.lines[at(n)]
        window = state.windows[line.window]
        priority = state.salvos[window.salvo].priority
        if best >= 0 and priority < best_priority:
            break
        code = _first_waiting(state, layer, tracker, line, tick)
        if code < 0:
            continue
        close = state.threats[at(code)].arrival + window.close_offset
        if close < best_close:
            best, best_window = code, np.int64(line.window)
            best_close, best_priority = close, priority
    if best >= 0:
        threat = state.threats[at(best)]
        track, image = _track(state, tracker, best), image_of(state, layer, np.int64(threat.code))
        _take(tracker, track, tick)
        _await_end(state, tracker, track, image, tick)
        hold(state, threat, tracker.layer)
        _put_back(state, state.windows[at(best_window)], threat)
        note(state, tick, TRACK, best, np.int64(tracker.layer), NOBODY, NOBODY, NONE, NONE)
        if tracker.free > 0:
            tracker.giving = True
            push(state, tick, _tie(tracker, TRACK_IS_FREE, NONE))
    return best, best_window


@compiled
def drop_tracks(state: "State", image: Any, command: Int, tick: Int) -> None:
    """Release the tracks of a threat that a command believes dead, and let it wait no more."""
    for tracker in state.trackers:
        if state.layers[tracker.layer].command == command:
            track = _track(state, tracker, np.int64(image.code))
            if track.status == TRACKED:
                _release(state, tracker, track, image, tick)
            track.status = UNTRACKED


@compiled
def review_tracks(state: "State", image: Any, command: Int, tick: Int) -> None:
    """After an engagement: release the tracks of a threat that are of no use any more."""
    for tracker in state.trackers:
        track = _track(state, tracker, np.int64(image.code))
        if track.status == TRACKED and state.layers[tracker.layer].command == command:
            if _end_of(state, tracker, track, image) < tick:
                _release(state, tracker, track, image, tick)
            else:
                _await_end(state, tracker, track, image, tick)


@compiled
def review_limit(state: "State", layer: Any, image: Any, tick: Int) -> None:
    """Other layers need no track of a threat that its command may not engage again."""
    if not is_allowed(state, layer.first_image, image):
        for tracker in state.trackers:
            track = _track(state, tracker, np.int64(image.code))
            if track.status == TRACKED and state.layers[tracker.layer].command == layer.command:
                _await_end(state, tracker, track, image, tick)


@seldom()
def review_loss(state: "State", layer: Any, tick: Int) -> None:
    """A layer that loses a battery may need fewer tracks."""
    tracker = state.trackers[at(layer.tracker)]
    threats = state.threats.size // state.raid[0].commands
    for code in range(threats):
        track = _track(state, tracker, code)
        if track.status == TRACKED:
            image = image_of(state, layer, code)
            _await_end(state, tracker, track, image, tick)
