"""All compiled code: addressed draws, the event loop, one block of replications.

The specification is `leakthrough._reference`: the same model without a thought for speed.
This module receives arrays only (`leakthrough._tables.Tables` and `State`) and knows no names.
It imports nothing of this package at run time: Numba stamps its cache with this one file, so a
helper or a constant that stood elsewhere would go stale without a word.

What makes it fast, each measured against a heap of all events:

* The threats of a salvo are in order of arrival, so each (salvo, layer) window is a *cursor*
  over that order. Only the next opening of each cursor is kept in a heap.
* Between two events no battery can engage anything that is available to it (it would have).
  So an opening needs one look at the batteries of one layer, for one threat.
* A battery walks each salvo's queue from a *head* that only moves forward: a threat that this
  battery can never engage again is passed once.
* Cursors of layers that have neither soft kill nor any round left are dropped; the cause of
  leaking that their windows would have left is worked out at the end, for leakers only.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np

if TYPE_CHECKING:
    from leakthrough._state import Counts, State
    from leakthrough._tables import Tables

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compile with the GIL released; cache where there is a place to cache.

    Without `_nrt=False` Numba counts references to every array of every tuple that a function
    takes: measured, 50 times the work of a small helper. It forbids allocation, of which a
    kernel whose memory is handed in needs none.
    """
    options = {"nogil": True, "error_model": "numpy", "_nrt": False}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # A read-only package and no HOME: Numba finds no place for a cache and raises here.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]


def _inlined(function: Function) -> Function:
    """Make a step of the event loop a part of its caller.

    Tables and state are a hundred words of pointers and shapes; copying them at every call took
    five times as long as the work itself.
    """
    options = {"nogil": True, "error_model": "numpy", "_nrt": False}
    return numba.njit(forceinline=True, **options)(function)  # type: ignore[no-any-return]


# Numba turns `uint64 + literal` into int64: every constant of an unsigned sum is cast.
U = np.uint64
MASK_32 = U(0xFFFFFFFF)
SHIFT_32 = U(32)
WORDS_A_DRAW = 4
ROUND_DRAWS = 1 << 16
"""Draws set aside for the rounds of one engagement: `Doctrine.salvo_size` stays far below."""

FOREVER = np.int64(2**63 - 1)
NEVER = np.int64(-(2**63))
INFINITE = np.int64(2**61)
"""Rounds of a magazine that cannot run dry."""

OCTAVES, STEPS = 32, 128
"""Quantile tables: 32 halvings of the tail probability, 128 equal steps in each."""

FIXED, POISSON, UNIFORM, DISTRIBUTION = 0, 1, 2, 3
BY_DEADLINE, BY_ARRIVAL = 0, 1
FREE, ENGAGED, GONE = 0, 1, 2
ALIVE = -1
MISSED, NO_CHANNEL, NO_INTERCEPTORS, TOO_SHORT, DISMISSED, UNDETECTED, UNCOVERED = range(7)
AVAILABLE, SOFT_KILLED, SEEN_AS_DECOY, UNSEEN = range(4)
OPENING, FIRING, KILL, ASSESSMENT, RELOAD, LEAK = range(6)
JUDGED_KILLED, JUDGED_ALIVE, WRONGLY_KILLED, WRONGLY_ALIVE, LOST_TO_SOFT_KILL = range(5)
EVENTS_BETWEEN_LOOKS = 4096
"""Events between two looks at the stop flag: well under a millisecond."""


# ---------------------------------------------------------------- addressed draws


@_compiled
def philox(key: Any, counter: Any) -> Any:
    """Philox4x32-10: four 32-bit words from a key of two and a counter of four."""
    k0, k1 = key
    c0, c1, c2, c3 = counter
    for _ in range(10):
        first, second = U(0xD2511F53) * c0, U(0xCD9E8D57) * c2
        c0, c1 = (second >> SHIFT_32) ^ c1 ^ k0, second & MASK_32
        c2, c3 = (first >> SHIFT_32) ^ c3 ^ k1, first & MASK_32
        k0, k1 = (k0 + U(0x9E3779B9)) & MASK_32, (k1 + U(0xBB67AE85)) & MASK_32
    return c0, c1, c2, c3


@_compiled
def _draw(night: Any, threat: int, stream: Any, ordinal: int) -> Any:
    """Four words at the address (seed, replication, threat, stream, ordinal)."""
    seed, replication = night[0], night[1]
    place = stream + U(ordinal)
    key = (seed & MASK_32, seed >> SHIFT_32)
    return philox(key, (replication, U(threat), place & MASK_32, place >> SHIFT_32))


@_compiled
def _unit(word: Any) -> float:
    """A word as a number strictly between 0 and 1."""
    return (float(word) + 0.5) * 2.0**-32


@_compiled
def _quantile(table: Any, probability: float) -> int:
    """Quantile from a table that is linear within steps of the nearer tail's probability."""
    half = 0 if probability < 0.5 else 1
    tail = min(max(probability if half == 0 else 1.0 - probability, 2.0**-33), 0.5 - 2.0**-33)
    mantissa, exponent = math.frexp(tail)
    position = (2.0 * mantissa - 1.0) * STEPS
    step = int(position)
    node = (exponent + OCTAVES) * STEPS + step
    low = table[half, node]
    return int(math.floor(low + (position - step) * (table[half, node + 1] - low) + 0.5))


@_compiled
def _uncertain(quantiles: Any, constant: int, table: int, word: Any) -> int:
    """A whole number that is constant, or drawn where there is a table for it."""
    return constant if table < 0 else _quantile(quantiles[table], _unit(word))


# ---------------------------------------------------------------- heaps


@_compiled
def _push(heap: Any, tick: int, tie: int) -> None:
    position = heap.size[0]
    heap.size[0] += 1
    while position > 0:
        parent = (position - 1) >> 1
        if heap.entries[parent].tick < tick or (heap.entries[parent].tick == tick and heap.entries[parent].tie < tie):
            break
        heap.entries[position].tick, heap.entries[position].tie = heap.entries[parent].tick, heap.entries[parent].tie
        position = parent
    heap.entries[position].tick, heap.entries[position].tie = tick, tie


@_compiled
def _replace_first(heap: Any, tick: int, tie: int) -> None:
    """Put an entry in the place of the first one, and let it sink."""
    size, position = heap.size[0], 0
    while True:
        child = 2 * position + 1
        if child >= size:
            break
        other = child + 1
        if other < size and (
            heap.entries[other].tick < heap.entries[child].tick
            or (heap.entries[other].tick == heap.entries[child].tick and heap.entries[other].tie < heap.entries[child].tie)
        ):
            child = other
        if heap.entries[child].tick > tick or (heap.entries[child].tick == tick and heap.entries[child].tie > tie):
            break
        heap.entries[position].tick, heap.entries[position].tie = heap.entries[child].tick, heap.entries[child].tie
        position = child
    heap.entries[position].tick, heap.entries[position].tie = tick, tie


@_compiled
def _remove_first(heap: Any) -> None:
    heap.size[0] -= 1
    last = heap.size[0]
    if last > 0:
        _replace_first(heap, heap.entries[last].tick, heap.entries[last].tie)


@_compiled
def _note(
    log: Any,
    tick: int,
    event: int,
    threat: int,
    layer: int,
    battery: int,
    magazine: int,
    rounds: int,
    outcome: int,
) -> None:
    """Write one event where a log was asked for; past its end, only count."""
    row = log.used[0]
    if row < log.rows.shape[0]:
        entry = log.rows[row]
        entry[0], entry[1], entry[2], entry[3] = tick, event, threat, layer
        entry[4], entry[5], entry[6], entry[7] = battery, magazine, rounds, outcome
    log.used[0] += 1


# ---------------------------------------------------------------- the start of a replication


@_inlined
def _reset(tables: "Tables", state: "State") -> None:
    for threat in range(state.threats.size):
        record = state.threats[threat]
        record.phase = FREE
        record.fate = ALIVE
        record.cause = UNCOVERED
    state.held[:] = 0
    state.fired[:] = 0
    state.opened[:] = 0
    state.head[:] = 0
    for battery in range(state.batteries.size):
        record = state.batteries[battery]
        record.free = tables.batteries[battery].channels
        record.busy = 0
        record.engagements = 0
    state.in_flight.size[0] = 0
    state.openings.size[0] = 0


@_inlined
def _stock(tables: "Tables", state: "State") -> None:
    """Fill the magazines, and start the clock of those that begin empty but have a reload."""
    for layer in range(state.layers.size):
        state.layers[layer].stocked = 0
    for battery in range(state.batteries.size):
        state.batteries[battery].ready = 0
    for magazine in range(state.magazines.size):
        full, record = tables.magazines[magazine], state.magazines[magazine]
        battery = full.battery
        record.ready, record.reloads = full.rounds, full.reloads
        record.reloaded, record.expended, record.depletion = 0, 0, NEVER
        ready = state.batteries[battery].ready + full.rounds
        state.batteries[battery].ready = min(ready, INFINITE)
        if full.rounds > 0 or full.reloads > 0:
            state.layers[tables.batteries[battery].layer].stocked += 1
        if full.rounds == 0 and full.reloads > 0:
            _call_reload(tables, state, battery, magazine, 0)


@_inlined
def _call_reload(tables: "Tables", state: "State", battery: int, magazine: int, tick: int) -> None:
    state.magazines[magazine].reloads -= 1
    threats = state.threats.size
    tie = battery * (threats + state.magazines.size) + threats + magazine
    _push(state.in_flight, tick + tables.magazines[magazine].reload_ticks, tie)


@_inlined
def _draw_replication(tables: "Tables", state: "State") -> None:
    """What is drawn once: which layers are up, and the kill probabilities of the night."""
    for layer in range(state.layers.size):
        word = _draw(state.night, 0, tables.layers[layer].stream, 0)[0]
        state.layers[layer].up = word < tables.layers[layer].availability
    for interceptor in range(state.kill.shape[0]):
        for threat_class in range(state.kill.shape[1]):
            kill = tables.kill[interceptor, threat_class]
            if kill.table < 0:
                state.kill[interceptor, threat_class] = kill.threshold
            else:
                word = _draw(state.night, 0, kill.stream, 0)[0]
                drawn = _quantile(tables.quantiles[kill.table], _unit(word))
                state.kill[interceptor, threat_class] = U(drawn)


@_compiled
def _exponentials(night: Any, stream: Any, spacing: Any) -> None:
    """Cumulative sums of unit exponential draws: four threats share one draw's words."""
    total = 0.0
    words = (U(0), U(0), U(0), U(0))
    for n in range(spacing.size):
        which = n & 3
        if which == 0:
            words = _draw(night, n >> 2, stream, 0)
        word = words[0]
        if which == 1:
            word = words[1]
        elif which == 2:
            word = words[2]
        elif which == 3:
            word = words[3]
        total -= math.log(_unit(word))
        spacing[n] = total


@_inlined
def _arrival_tick(tables: "Tables", salvo: int, threat: int, sums: Any, number: int) -> int:
    """Arrival of one threat, given the cumulative sums of its salvo's exponential draws.

    Such sums divided by their total are uniform order statistics: no sort is needed.
    """
    record = tables.salvos[salvo]
    if record.kind == FIXED:
        return int(tables.fixed_arrival[threat])
    if record.kind == POISSON:
        return int(math.floor(record.start + sums[number] * record.scale + 0.5))
    share = sums[number] / sums[record.count]
    if record.kind == UNIFORM:
        return int(math.floor(record.start + share * record.scale + 0.5))
    return _quantile(tables.quantiles[record.table], share)


@_inlined
def _arrive(tables: "Tables", state: "State") -> int:
    """Arrival ticks, in order within each salvo; the tick at which the last threat lands."""
    horizon = NEVER
    for salvo in range(tables.salvos.size):
        record = tables.salvos[salvo]
        if record.kind != FIXED:
            _exponentials(state.night, record.stream, state.spacing[: record.count + 1])
        for number in range(record.count):
            threat = record.first + number
            tick = _arrival_tick(tables, salvo, threat, state.spacing, number)
            state.threats[threat].arrival = tick
            horizon = max(horizon, tick + record.target_offset)
    return horizon


@_inlined
def _begin_cursors(tables: "Tables", state: "State") -> None:
    """One cursor for each window in which something can happen (all of them for a log)."""
    everything = state.log.rows.shape[0] > 0
    windows = tables.windows
    salvos = tables.salvos.size
    for layer in range(state.layers.size):
        for salvo in range(salvos):
            acts = windows[salvo, layer].soft_kill > 0 or windows[salvo, layer].covered
            if tables.salvos[salvo].count > 0 and state.layers[layer].up and (acts or everything):
                threat = tables.salvos[salvo].first
                tick = state.threats[threat].arrival + windows[salvo, layer].open_offset
                _push(state.openings, tick, layer * salvos + salvo)


# ---------------------------------------------------------------- what a battery can do


@_inlined
def _drawable(tables: "Tables", state: "State", magazine: int, salvo: int) -> int:
    """Rounds that a threat of this salvo may draw."""
    if tables.salvos[salvo].priority >= 1:
        return state.magazines[magazine].ready
    return state.magazines[magazine].ready - tables.magazines[magazine].reserved


@_inlined
def _engagement_words(
    tables: "Tables", state: "State", battery: int, salvo: int, threat: int
) -> Any:
    """Words for reaction, flight, assessment and its error, in the battery's next engagement."""
    number = threat - tables.salvos[salvo].first
    stream = tables.pairings[salvo, battery].engagement_stream
    return _draw(state.night, number, stream, state.fired[threat, battery])


@_inlined
def _magazine_in_time(
    tables: "Tables",
    state: "State",
    battery: int,
    salvo: int,
    threat: int,
    slack: int,
    loaded: bool,
) -> int:
    """First magazine of the preference (with rounds to draw, if `loaded`) that can be over
    within `slack` ticks; -1 if there is none.
    """  # noqa: D205
    record = tables.batteries[battery]
    words = (U(0), U(0), U(0), U(0))
    if record.random_delay:
        words = _engagement_words(tables, state, battery, salvo, threat)
    reaction = _uncertain(tables.quantiles, record.reaction, record.reaction_table, words[0])
    for magazine in tables.preference[salvo, battery]:
        if magazine < 0:
            break
        if loaded and _drawable(tables, state, magazine, salvo) <= 0:
            continue
        fired = tables.magazines[magazine]
        flight = _uncertain(tables.quantiles, fired.flight, fired.flight_table, words[1])
        if reaction + flight <= slack:
            return int(magazine)
    return -1


@_inlined
def _best_battery(
    tables: "Tables", state: "State", layer: int, threat: int, tick: int, without: int
) -> Any:
    """The battery of a layer that is first to engage one threat: most ready rounds, then order."""
    best, best_magazine, most = -1, -1, 0
    salvo = tables.salvo_of[threat]
    slack = state.threats[threat].arrival + tables.windows[salvo, layer].close_offset - tick
    for battery in range(tables.layers[layer].first, tables.layers[layer].stop):
        record = state.batteries[battery]
        if record.ready <= most or record.free == 0 or battery == without:
            continue
        if not tables.pairings[salvo, battery].engages:
            continue
        if state.fired[threat, battery] >= tables.batteries[battery].max_salvos:
            continue
        magazine = _magazine_in_time(tables, state, battery, salvo, threat, slack, True)
        if magazine >= 0:
            best, best_magazine, most = battery, magazine, record.ready
    return best, best_magazine


@_inlined
def _first_in_queue(
    tables: "Tables", state: "State", battery: int, salvo: int, tick: int
) -> Any:
    """The first threat of a salvo that a battery can engage now, and the magazine; or -1."""
    layer = tables.batteries[battery].layer
    close_offset = tables.windows[salvo, layer].close_offset
    limit = tables.batteries[battery].max_salvos
    at_head = True
    for number in range(state.head[salvo, battery], state.opened[salvo, layer]):
        threat = tables.salvos[salvo].first + number
        slack = state.threats[threat].arrival + close_offset - tick
        past = state.held[threat, layer] == 0 or state.fired[threat, battery] >= limit or slack < 0
        if not past and state.threats[threat].phase == FREE:
            magazine = _magazine_in_time(tables, state, battery, salvo, threat, slack, True)
            if magazine >= 0:
                return threat, magazine
            past = _magazine_in_time(tables, state, battery, salvo, threat, slack, False) < 0
            if past:
                # Drawn times do not change until it fires, and it never will: no later look
                # needs to draw them again.
                state.fired[threat, battery] = limit
        if not past:
            at_head = False
        elif at_head:
            state.head[salvo, battery] = number + 1
    return -1, -1


@_inlined
def _has_rounds(tables: "Tables", state: "State", battery: int, salvo: int) -> bool:
    for magazine in tables.preference[salvo, battery]:
        if magazine < 0:
            return False
        if _drawable(tables, state, magazine, salvo) > 0:
            return True
    return False


@_inlined
def _best_threat(tables: "Tables", state: "State", battery: int, tick: int) -> Any:
    """What a battery takes next: highest priority, then its order, then salvo order."""
    layer = tables.batteries[battery].layer
    best, best_magazine, best_salvo, best_key = -1, -1, -1, FOREVER
    for salvo in tables.urgency[battery]:
        if salvo < 0:
            break
        if best >= 0 and tables.salvos[salvo].priority < tables.salvos[best_salvo].priority:
            break
        if not _has_rounds(tables, state, battery, salvo):
            continue
        threat, magazine = _first_in_queue(tables, state, battery, salvo, tick)
        if threat < 0:
            continue
        window = tables.windows[salvo, layer]
        by_deadline = tables.batteries[battery].order == BY_DEADLINE
        offset = window.close_offset if by_deadline else window.open_offset
        key = state.threats[threat].arrival + offset
        if key < best_key:
            best, best_magazine, best_salvo, best_key = threat, magazine, salvo, key
    return best, best_magazine


# ---------------------------------------------------------------- an engagement


@_inlined
def _rounds_kill(
    tables: "Tables",
    state: "State",
    battery: int,
    magazine: int,
    threat: int,
    rounds: int,
) -> bool:
    """Whether any of the rounds kills: one word a round."""
    salvo = tables.salvo_of[threat]
    interceptor = tables.magazines[magazine].interceptor
    threshold = state.kill[interceptor, tables.salvos[salvo].threat]
    number = threat - tables.salvos[salvo].first
    stream = tables.pairings[salvo, battery].rounds_stream
    start = state.fired[threat, battery] * ROUND_DRAWS
    for block in range((rounds + WORDS_A_DRAW - 1) // WORDS_A_DRAW):
        words = _draw(state.night, number, stream, start + block)
        left = rounds - block * WORDS_A_DRAW
        if (
            words[0] < threshold
            or (left > 1 and words[1] < threshold)
            or (left > 2 and words[2] < threshold)
            or (left > 3 and words[3] < threshold)
        ):
            return True
    return False


@_inlined
def _expend(
    tables: "Tables", state: "State", battery: int, magazine: int, rounds: int, tick: int
) -> None:
    """Take rounds out of a magazine; when it is empty, call the reload or note the depletion."""
    record = state.magazines[magazine]
    record.expended += rounds
    if tables.magazines[magazine].rounds == INFINITE:
        return
    record.ready -= rounds
    if state.batteries[battery].ready < INFINITE:
        state.batteries[battery].ready -= rounds
    if record.ready > 0:
        return
    if record.reloads > 0:
        _call_reload(tables, state, battery, magazine, tick)
    else:
        record.depletion = tick
        state.layers[tables.batteries[battery].layer].stocked -= 1


@_inlined
def _draw_engagement(
    tables: "Tables", state: "State", battery: int, magazine: int, threat: int, rounds: int
) -> Any:
    """Draw everything about an engagement; ticks from now to its kill and to its end."""
    salvo, record = tables.salvo_of[threat], tables.batteries[battery]
    words = (U(0), U(0), U(0), U(0))
    if record.random:
        words = _engagement_words(tables, state, battery, salvo, threat)
    fired = tables.magazines[magazine]
    to_kill = _uncertain(
        tables.quantiles, record.reaction, record.reaction_table, words[0]
    ) + _uncertain(tables.quantiles, fired.flight, fired.flight_table, words[1])
    to_end = to_kill + _uncertain(
        tables.quantiles, record.assessment, record.assessment_table, words[2]
    )
    target = state.threats[threat]
    target.scored = target.fate == ALIVE and _rounds_kill(
        tables, state, battery, magazine, threat, rounds
    )
    survives = target.fate == ALIVE and not target.scored
    target.misjudged = words[3] < (record.false_kill if survives else record.false_survival)
    return to_kill, to_end


@_inlined
def _engage(
    tables: "Tables", state: "State", battery: int, magazine: int, threat: int, tick: int
) -> None:
    salvo, layer = tables.salvo_of[threat], tables.batteries[battery].layer
    drawable = _drawable(tables, state, magazine, salvo)
    rounds = min(tables.pairings[salvo, battery].salvo_size, drawable)
    to_kill, to_end = _draw_engagement(tables, state, battery, magazine, threat, rounds)
    _note(state.log, tick, FIRING, threat, layer, battery, magazine, rounds, -1)
    _expend(tables, state, battery, magazine, rounds, tick)
    target, shooter = state.threats[threat], state.batteries[battery]
    if target.scored:
        target.fate, target.fate_tick = layer, tick + to_kill
    target.phase, target.cause = ENGAGED, MISSED
    state.fired[threat, battery] += 1
    shooter.free -= 1
    shooter.busy += to_end
    shooter.engagements += 1
    tie = battery * (state.threats.size + state.magazines.size) + threat
    _push(state.in_flight, tick + to_end, tie)


@_inlined
def _next_shot(
    tables: "Tables", state: "State", layer: int, freed: int, threat: int, tick: int
) -> Any:
    """The next engagement of a layer: battery, magazine, threat; -1 if there is none.

    Nothing was left to engage before this event. So a battery that got a channel or rounds from
    it (`freed`) may take anything, and the others only the threat that it made available.
    """
    battery, magazine, target = -1, -1, threat
    if threat >= 0 and state.threats[threat].phase == FREE and state.held[threat, layer] != 0:
        battery, magazine = _best_battery(tables, state, layer, threat, tick, freed)
    if freed < 0 or tables.batteries[freed].layer != layer or state.batteries[freed].free == 0:
        return battery, magazine, target
    ready = state.batteries[freed].ready
    ahead = battery >= 0 and (
        state.batteries[battery].ready > ready
        or (state.batteries[battery].ready == ready and battery < freed)
    )
    if not ahead:
        own, own_magazine = _best_threat(tables, state, freed, tick)
        if own >= 0:
            battery, magazine, target = freed, own_magazine, own
    return battery, magazine, target


@_inlined
def _serve(
    tables: "Tables",
    state: "State",
    first_layer: int,
    last_layer: int,
    freed: int,
    threat: int,
    tick: int,
) -> None:
    """Serve the batteries that an event concerns, outermost layer first."""
    for layer in range(first_layer, last_layer + 1):
        while True:
            battery, magazine, target = _next_shot(tables, state, layer, freed, threat, tick)
            if battery < 0:
                break
            _engage(tables, state, battery, magazine, target, tick)


# ---------------------------------------------------------------- a window opens


@_inlined
def _fate_at_opening(
    tables: "Tables", state: "State", salvo: int, layer: int, threat: int
) -> int:
    """Soft kill, detection, discrimination: what becomes of a live threat at an opening."""
    window = tables.windows[salvo, layer]
    if not window.random:
        return AVAILABLE
    words = _draw(state.night, threat - tables.salvos[salvo].first, window.stream, 0)
    if words[0] < window.soft_kill:
        return SOFT_KILLED
    if words[1] >= window.detection:
        return UNSEEN
    if words[2] < window.dismissal:
        return SEEN_AS_DECOY
    return AVAILABLE


@_inlined
def _blame(
    tables: "Tables", state: "State", salvo: int, layer: int, threat: int, outcome: int
) -> None:
    """Lower the cause for which a threat would leak, by what it met at one opening."""
    window, target = tables.windows[salvo, layer], state.threats[threat]
    if target.cause <= NO_CHANNEL or not window.covered:
        return
    cause = TOO_SHORT
    if outcome == UNSEEN:
        cause = UNDETECTED
    elif outcome == SEEN_AS_DECOY:
        cause = DISMISSED
    else:
        slack = window.close_offset - window.open_offset
        for battery in range(tables.layers[layer].first, tables.layers[layer].stop):
            if not tables.pairings[salvo, battery].engages:
                continue
            if _magazine_in_time(tables, state, battery, salvo, threat, slack, True) >= 0:
                cause = NO_CHANNEL
                break
            if _magazine_in_time(tables, state, battery, salvo, threat, slack, False) >= 0:
                cause = NO_INTERCEPTORS
    target.cause = min(target.cause, cause)


@_inlined
def _open_window(
    tables: "Tables", state: "State", salvo: int, layer: int, threat: int, tick: int
) -> bool:
    """What a threat meets when it comes into reach; whether it is there to be engaged."""
    target = state.threats[threat]
    if target.fate != ALIVE and target.fate_tick <= tick:
        return False
    outcome = _fate_at_opening(tables, state, salvo, layer, threat)
    _note(state.log, tick, OPENING, threat, layer, -1, -1, 0, outcome)
    if outcome == SOFT_KILLED:
        target.fate, target.fate_tick = state.layers.size + layer, tick
        if target.phase == FREE:
            target.phase = GONE
        return False
    _blame(tables, state, salvo, layer, threat, outcome)
    if outcome == AVAILABLE:
        state.held[threat, layer] = 1
    return outcome == AVAILABLE


@_inlined
def _next_opening(tables: "Tables", state: "State") -> Any:
    """Handle the first opening and move its cursor on, or drop it; layer and threat to serve."""
    openings = state.openings
    tick, tie = openings.entries[0].tick, openings.entries[0].tie
    salvos = tables.salvos.size
    layer, salvo = tie // salvos, tie % salvos
    idle = state.layers[layer].stocked == 0 and tables.windows[salvo, layer].soft_kill == 0
    if idle and state.log.rows.shape[0] == 0:
        _remove_first(openings)
        return layer, -1
    number = state.opened[salvo, layer]
    threat = tables.salvos[salvo].first + number
    state.opened[salvo, layer] = number + 1
    if number + 1 < tables.salvos[salvo].count:
        following = state.threats[threat + 1].arrival + tables.windows[salvo, layer].open_offset
        _replace_first(openings, following, tie)
    else:
        _remove_first(openings)
    return layer, threat if _open_window(tables, state, salvo, layer, threat, tick) else -1


# ---------------------------------------------------------------- an engagement or reload ends


@_inlined
def _assess(tables: "Tables", state: "State", battery: int, threat: int, tick: int) -> bool:
    """Judge an engagement that is over; whether its threat is available again."""
    target, layer = state.threats[threat], tables.batteries[battery].layer
    state.batteries[battery].free += 1
    target.phase = GONE
    if target.fate >= state.layers.size:
        _note(state.log, tick, ASSESSMENT, threat, layer, battery, -1, 0, LOST_TO_SOFT_KILL)
        return False
    if target.scored:
        _note(state.log, target.fate_tick, KILL, threat, layer, battery, -1, 0, -1)
    alive = target.fate == ALIVE
    if alive:
        outcome = WRONGLY_KILLED if target.misjudged else JUDGED_ALIVE
    else:
        outcome = WRONGLY_ALIVE if target.misjudged else JUDGED_KILLED
    _note(state.log, tick, ASSESSMENT, threat, layer, battery, -1, 0, outcome)
    believed_alive = alive != target.misjudged
    if alive or believed_alive:
        target.phase = FREE
    if not believed_alive:
        state.held[threat, :] = 0
    return believed_alive


@_inlined
def _reload(tables: "Tables", state: "State", battery: int, magazine: int, tick: int) -> None:
    rounds = tables.magazines[magazine].reload_rounds
    state.magazines[magazine].ready += rounds
    state.magazines[magazine].reloaded += rounds
    if state.batteries[battery].ready < INFINITE:
        state.batteries[battery].ready += rounds
    layer = tables.batteries[battery].layer
    _note(state.log, tick, RELOAD, -1, layer, battery, magazine, rounds, -1)


@_inlined
def _next_ending(tables: "Tables", state: "State", horizon: int) -> Any:
    """Handle the first engagement or reload that is due; battery and threat to serve."""
    tick, tie = state.in_flight.entries[0].tick, state.in_flight.entries[0].tie
    _remove_first(state.in_flight)
    threats = state.threats.size
    places = threats + state.magazines.size
    battery, place = tie // places, tie % places
    if place < threats:
        return battery, place if _assess(tables, state, battery, place, tick) else -1
    if tick > horizon:
        return -1, -1
    _reload(tables, state, battery, place - threats, tick)
    return battery, -1


# ---------------------------------------------------------------- one replication


@_inlined
def _sample(
    tables: "Tables", state: "State", counts: "Counts", row: int, sample: int, until: int
) -> int:
    """Write the state at the sample times before `until`; the next sample."""
    while sample < tables.timeline.size and tables.timeline[sample] < until:
        for magazine in range(state.magazines.size):
            counts.ready_rounds[row, sample, magazine] = state.magazines[magazine].ready
        for battery in range(state.batteries.size):
            busy = tables.batteries[battery].channels - state.batteries[battery].free
            counts.busy_channels[row, sample, battery] = busy
        sample += 1
    return sample


@_inlined
def _raid(tables: "Tables", state: "State", counts: "Counts", row: int, stop: Any) -> None:
    """The event loop: engagements and reloads before openings at the same tick."""
    horizon = _arrive(tables, state)
    _begin_cursors(tables, state)
    openings, in_flight = state.openings, state.in_flight
    sample, events = 0, 0
    while not (events & (EVENTS_BETWEEN_LOOKS - 1) == 0 and stop[0] != 0):
        events += 1
        opening = openings.entries[0].tick if openings.size[0] > 0 else FOREVER
        ending = in_flight.entries[0].tick if in_flight.size[0] > 0 else FOREVER
        tick = min(opening, ending)
        if sample < tables.timeline.size:
            sample = _sample(tables, state, counts, row, sample, tick)
        if tick == FOREVER:
            break
        freed, first_layer, last_layer = -1, 0, state.layers.size - 1
        if ending <= opening:
            freed, threat = _next_ending(tables, state, horizon)
            if freed >= 0 and threat < 0:
                first_layer = tables.batteries[freed].layer
                last_layer = first_layer
        else:
            first_layer, threat = _next_opening(tables, state)
            last_layer = first_layer
        if freed >= 0 or threat >= 0:
            _serve(tables, state, first_layer, last_layer, freed, threat, tick)


@_inlined
def _blame_unopened(tables: "Tables", state: "State", salvo: int, threat: int) -> None:
    """What the windows of dropped cursors would have added to a leaker's cause."""
    number = threat - tables.salvos[salvo].first
    for layer in range(state.layers.size):
        if state.threats[threat].cause <= NO_INTERCEPTORS:
            return
        if state.layers[layer].up and number >= state.opened[salvo, layer]:
            outcome = _fate_at_opening(tables, state, salvo, layer, threat)
            _blame(tables, state, salvo, layer, threat, outcome)


@_compiled
def _first_sample(timeline: Any, tick: int) -> int:
    """The first sample time that is not before a tick; their number if there is none."""
    low, high = 0, timeline.size
    while low < high:
        middle = (low + high) >> 1
        if timeline[middle] < tick:
            low = middle + 1
        else:
            high = middle
    return low


@_inlined
def _count_fates(tables: "Tables", state: "State", counts: "Counts", row: int) -> None:
    """Turn fates into counts; a threat without one has leaked."""
    layers = state.layers.size
    for threat in range(state.threats.size):
        salvo, target = tables.salvo_of[threat], state.threats[threat]
        if target.fate >= layers:
            counts.soft_killed[row, salvo, target.fate - layers] += 1
        elif target.fate >= 0:
            counts.killed[row, salvo, target.fate] += 1
        else:
            _blame_unopened(tables, state, salvo, threat)
            counts.leaked[row, salvo] += 1
            counts.leak_cause[row, salvo, target.cause] += 1
            tick = target.arrival + tables.salvos[salvo].target_offset
            counts.leaked_by[row, _first_sample(tables.timeline, tick), salvo] += 1
            _note(state.log, tick, LEAK, threat, -1, -1, -1, 0, target.cause)
    for sample in range(1, tables.timeline.size):
        for salvo in range(tables.salvos.size):
            counts.leaked_by[row, sample, salvo] += counts.leaked_by[row, sample - 1, salvo]


@_inlined
def _count_spent(state: "State", counts: "Counts", row: int) -> None:
    for magazine in range(state.magazines.size):
        record = state.magazines[magazine]
        counts.expended[row, magazine] = record.expended
        counts.remaining[row, magazine] = record.ready
        counts.reloaded[row, magazine] = record.reloaded
        counts.depletion[row, magazine] = record.depletion
    for battery in range(state.batteries.size):
        shooter = state.batteries[battery]
        counts.busy[row, battery] = shooter.busy
        counts.engagements[row, battery] = shooter.engagements


@_compiled
def simulate_block(
    tables: "Tables", state: "State", counts: "Counts", seed: int, start: int, stop: Any
) -> int:
    """Compute replications from `start` into the rows of `counts`; how many were finished.

    The GIL is released throughout. Setting ``stop[0]`` from another thread ends the block
    within a fraction of a millisecond; the rows from the returned one on are then void.
    """
    for row in range(counts.leaked.shape[0]):
        state.night[0], state.night[1] = seed, start + row
        _reset(tables, state)
        _stock(tables, state)
        _draw_replication(tables, state)
        _raid(tables, state, counts, row, stop)
        if stop[0] != 0:
            return row
        _count_fates(tables, state, counts, row)
        _count_spent(state, counts, row)
    return int(counts.leaked.shape[0])
