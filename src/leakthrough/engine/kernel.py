"""All compiled code: addressed draws, the event loop, one block of replications.

The specification is `leakthrough.reference.raid`: the same model without a thought for speed.
This module receives arrays only (`leakthrough.engine.state.State`) and knows no names. It imports
nothing of this package at run time: Numba stamps its cache with this one file, so a helper or a
constant that stood elsewhere would go stale without a word.

A raid lies in one array of whole numbers, the *words*. A thing (a threat, a battery, a window)
is known by its *place*, the index at which its record begins; `words[battery + BATTERY_FREE]` is
one of its fields, and places link things to one another. 0 is nobody's place. With an array for
each field, every call copied hundreds of pointers and shapes: some 600 µs for a raid that takes 40
to 50 now; with all of it inlined into one function of 45 kB, some 90 µs.

What makes it fast besides, each measured against a heap of all events:

* The threats of a salvo are in order of arrival, so each (salvo, layer) window is a *cursor*
  over that order. Only the next opening of each cursor takes part in a tournament.
* Between two events no battery can engage anything that is available to it (it would have).
  So an opening needs one look at the batteries of one layer, for one threat.
* A battery walks each salvo's queue from a *head* that only moves forward: a threat that this
  battery can never engage again is passed once.
* The cursor of a window that has neither soft kill nor any round left to fire is dropped; the
  cause of leaking that it would have left is worked out at the end, for leakers only.
"""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np

from leakthrough.model.discrete import OCTAVES, STEPS

if TYPE_CHECKING:
    from leakthrough.engine.state import State


Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compile with the GIL released; cache where there is a place to cache.

    Without `_nrt=False` Numba counts references to the arrays at every call: measured, 50 times
    the work of a small helper. It forbids allocation, of which a kernel whose memory is handed
    in needs none.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    try:
        return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
    except RuntimeError:
        # A read-only package and no HOME: Numba finds no place for a cache and raises here.
        return numba.njit(**options)(function)  # type: ignore[no-any-return]


def _inlined(function: Function) -> Function:
    """Make a step of the event loop a part of its caller.

    A call costs some fifty instructions: the descriptors of three arrays, and a status to check.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": False}
    return numba.njit(forceinline=True, **options)(function)  # type: ignore[no-any-return]


at = np.uint64
"""Marks an index as unsigned.

Numba wraps signed ones around as Python does: four instructions at every access, a quarter of the
kernel's time.
"""

# Numba turns `uint64 + literal` into int64: every constant of an unsigned sum is cast.
U = np.uint64
MASK_32 = U(0xFFFFFFFF)
SHIFT_32 = U(32)
WORDS_A_DRAW = 4
ROUND_DRAWS = 1 << 16
"""Draws set aside for the rounds of one engagement: `Doctrine.salvo_size` stays far below."""

FOREVER: Any = np.int64(2**62)
NEVER = -(2**63)
INFINITE = 2**61
"""Rounds of a magazine that cannot run dry."""
MOST_BUSY = 2**62
"""Ticks at which a busy time stays, rather than overflow."""
PLACE_BITS = 40
PLACE_MASK = (1 << PLACE_BITS) - 1
"""Ties of the heap: battery in the upper bits, threat or reloaded magazine in the lower."""

HALF_TABLE = OCTAVES * STEPS + 1

# Numba compiles a function once more for each Python constant that it is called with, but once
# for all NumPy ones: a third of the compile time.
NOBODY: Any = np.int64(0)
NONE: Any = np.int64(0)
ANY_ROUNDS: Any = np.bool_(False)
LOADED: Any = np.bool_(True)


def _codes(number: int) -> Any:
    return tuple(map(np.int64, range(number)))


FIXED, POISSON, UNIFORM, DISTRIBUTION = range(4)
BY_DEADLINE, BY_ARRIVAL = range(2)
FREE, ENGAGED, GONE = range(3)
ALIVE = -1
MISSED, NO_CHANNEL, NO_INTERCEPTORS, TOO_SHORT, DISMISSED, UNDETECTED, UNCOVERED = range(7)
AVAILABLE, SOFT_KILLED, SEEN_AS_DECOY, UNSEEN, NOTHING = _codes(5)
OPENING, FIRING, KILL, ASSESSMENT, RELOAD, LEAK, LOSS = _codes(7)
JUDGED_KILLED, JUDGED_ALIVE, WRONGLY_KILLED, WRONGLY_ALIVE, LOST_TO_SOFT_KILL = _codes(5)
EVENTS_BETWEEN_LOOKS = 4096
"""Events between two looks at the stop flag: well under a millisecond."""

# The head of the words: where records of each kind begin, and how many there are.
(
    SALVOS, SALVO_COUNT, LAYERS, LAYER_COUNT, BATTERIES, BATTERY_COUNT, THREATS, THREAT_COUNT,
    MAGAZINES, MAGAZINE_COUNT, KILLS, KILL_COUNT, WINDOWS, WINDOW_COUNT, PAIRINGS, PAIRING_COUNT,
    LANDINGS, LANDING_COUNT, URGENCIES, CANDIDATES, PREFERENCES, TREE, LEAF_COUNT, HEAP, HEAP_SIZE,
    TIMELINE, SAMPLE_COUNT, LOG, LOG_ROOM, LOG_USED, SEED, REPLICATION, RAID, SCRATCH, MARK_WIDTH,
    TALLY, WATCHED, HEAD_SIZE,
) = range(38)  # fmt: skip

# Fields of the records, in the order in which `leakthrough.engine.state` writes them.
(
    SALVO_CODE, SALVO_RANK, SALVO_FIRST, SALVO_THREATS, SALVO_CLASS, SALVO_PRIORITY,
    SALVO_TARGET_OFFSET, SALVO_STREAM, SALVO_KIND, SALVO_START, SALVO_TABLE,
    SALVO_THREATS_STREAM, SALVO_THREATS_TABLE, SALVO_SIZE,
) = range(14)  # fmt: skip
(
    WINDOW_OPEN, WINDOW_CLOSE, WINDOW_SOFT_KILL, WINDOW_DETECTION, WINDOW_DISMISSAL,
    WINDOW_STREAM, WINDOW_RANDOM, WINDOW_SALVO, WINDOW_LAYER, WINDOW_CANDIDATES, WINDOW_STOCKED,
    WINDOW_OPENED, WINDOW_SIZE,
) = range(13)  # fmt: skip
(
    LAYER_CODE, LAYER_AVAILABILITY, LAYER_STREAM, LAYER_WINDOWS, LAYER_UP, LAYER_SIZE,
) = range(6)  # fmt: skip
(
    BATTERY_CODE, BATTERY_LAYER, BATTERY_CHANNELS, BATTERY_MAX_SALVOS, BATTERY_ORDER,
    BATTERY_REACTION, BATTERY_REACTION_TABLE, BATTERY_ASSESSMENT, BATTERY_ASSESSMENT_TABLE,
    BATTERY_FALSE_KILL, BATTERY_FALSE_SURVIVAL, BATTERY_RANDOM_DELAY, BATTERY_RANDOM,
    BATTERY_URGENCY, BATTERY_MAGAZINES, BATTERY_STOP, BATTERY_FREE, BATTERY_READY, BATTERY_BUSY,
    BATTERY_ENGAGEMENTS, BATTERY_LOSS, BATTERY_SIZE,
) = range(22)  # fmt: skip
(
    PAIRING_ENGAGEMENT_STREAM, PAIRING_ROUNDS_STREAM, PAIRING_SALVO_SIZE, PAIRING_BATTERY,
    PAIRING_WINDOW, PAIRING_PREFERENCE, PAIRING_HEAD, PAIRING_SIZE,
) = range(8)  # fmt: skip
(
    MAGAZINE_BATTERY, MAGAZINE_KILL, MAGAZINE_ROUNDS, MAGAZINE_RESERVED,
    MAGAZINE_RELOAD_ROUNDS, MAGAZINE_RELOAD_TICKS, MAGAZINE_FLIGHT,
    MAGAZINE_FLIGHT_TABLE, MAGAZINE_TO_KILL, MAGAZINE_TO_END, MAGAZINE_READY,
    MAGAZINE_RELOADS_LEFT, MAGAZINE_DUE, MAGAZINE_RELOADED, MAGAZINE_EXPENDED, MAGAZINE_LOST,
    MAGAZINE_DEPLETION, MAGAZINE_SIZE,
) = range(18)  # fmt: skip
(
    KILL_THRESHOLD, KILL_TABLE, KILL_STREAM, KILL_DRAWN, KILL_HITS, KILL_MISSES, KILL_SIZE,
) = range(7)  # fmt: skip
(
    THREAT_ARRIVAL, THREAT_FATE, THREAT_FATE_TICK, THREAT_CAUSE, THREAT_PHASE, THREAT_SCORED,
    THREAT_MISJUDGED, THREAT_SALVO, THREAT_SIZE,
) = range(9)  # fmt: skip
THREAT_BITS = 3
"""The record of a threat is 2**3 words long, so that its number is a shift away, not a division."""
(
    LANDING_SALVO, LANDING_BATTERY, LANDING_LETHALITY, LANDING_STREAM, LANDING_NEXT, LANDING_SIZE,
) = range(6)  # fmt: skip
NODE_TICK, NODE_LEAF, NODE_SIZE = range(3)
ENTRY_TICK, ENTRY_TIE, ENTRY_SIZE = range(3)
LOG_SIZE = 8


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


@_inlined
def _draw_at(words: Any, threat: int, address: Any) -> Any:
    seed = U(words[SEED])
    key = (seed & MASK_32, seed >> SHIFT_32)
    counter = (U(words[REPLICATION]), U(threat), address & MASK_32, address >> SHIFT_32)
    return philox(key, counter)


@_compiled
def _draw(words: Any, threat: int, stream: int, ordinal: int) -> Any:
    """Four words at the address (seed, replication, raid, threat, stream, ordinal)."""
    return _draw_at(words, threat, U(stream + ordinal) + U(words[RAID]))


@_inlined
def _word(drawn: Any, which: int) -> Any:
    """One of the four words of a draw."""
    if which == 1:
        return drawn[1]
    if which == 2:
        return drawn[2]
    if which == 3:
        return drawn[3]
    return drawn[0]


@_inlined
def _unit(word: Any) -> float:
    """A word as a number strictly between 0 and 1."""
    return (float(word) + 0.5) * 2.0**-32


@_compiled
def _quantile(reals: Any, table: int, probability: float) -> int:
    """Quantile from a table that is linear within steps of the nearer tail's probability."""
    half = 0 if probability < 0.5 else 1
    tail = min(max(probability if half == 0 else 1.0 - probability, 2.0**-33), 0.5 - 2.0**-33)
    mantissa, exponent = math.frexp(tail)
    position = (2.0 * mantissa - 1.0) * STEPS
    step = int(position)
    node = table + half * HALF_TABLE + (exponent + OCTAVES) * STEPS + step
    low = reals[at(node)]
    return int(math.floor(low + (position - step) * (reals[at(node + 1)] - low) + 0.5))  # noqa: RUF046


@_inlined
def _uncertain(reals: Any, constant: int, table: int, word: Any) -> int:
    """A whole number that is constant, or drawn where there is a table for it."""
    return constant if table < 0 else _quantile(reals, table, _unit(word))


# ---------------------------------------------------------------- heap, tournament, log


@_inlined
def _push(words: Any, tick: int, tie: int) -> None:
    """Put an entry into the heap of engagements and reloads in flight."""
    heap, position = words[HEAP], words[HEAP_SIZE]
    words[HEAP_SIZE] += 1
    while position > 0:
        parent = (position - 1) >> 1
        above = heap + parent * ENTRY_SIZE
        first = words[at(above + ENTRY_TICK)]
        if first < tick or (first == tick and words[at(above + ENTRY_TIE)] < tie):
            break
        entry = heap + position * ENTRY_SIZE
        words[at(entry + ENTRY_TICK)], words[at(entry + ENTRY_TIE)] = (
            first,
            words[at(above + ENTRY_TIE)],
        )
        position = parent
    entry = heap + position * ENTRY_SIZE
    words[at(entry + ENTRY_TICK)], words[at(entry + ENTRY_TIE)] = tick, tie


@_inlined
def _remove_first(words: Any) -> None:
    """Take the first entry off the heap: the last one takes its place and sinks."""
    words[HEAP_SIZE] -= 1
    heap, size, position = words[HEAP], words[HEAP_SIZE], 0
    last = heap + size * ENTRY_SIZE
    tick, tie = words[at(last + ENTRY_TICK)], words[at(last + ENTRY_TIE)]
    while 2 * position + 1 < size:
        child = heap + (2 * position + 1) * ENTRY_SIZE
        other = child + ENTRY_SIZE
        if other < last:
            one, two = words[at(child + ENTRY_TICK)], words[at(other + ENTRY_TICK)]
            ties = words[at(other + ENTRY_TIE)] < words[at(child + ENTRY_TIE)]
            child += ENTRY_SIZE * int((two < one) | ((two == one) & ties))
        first = words[at(child + ENTRY_TICK)]
        if first > tick or (first == tick and words[at(child + ENTRY_TIE)] > tie):
            break
        entry = heap + position * ENTRY_SIZE
        words[at(entry + ENTRY_TICK)], words[at(entry + ENTRY_TIE)] = (
            first,
            words[at(child + ENTRY_TIE)],
        )
        position = (child - heap) // ENTRY_SIZE
    entry = heap + position * ENTRY_SIZE
    words[at(entry + ENTRY_TICK)], words[at(entry + ENTRY_TIE)] = tick, tie


@_inlined
def _play(words: Any, leaf: int, tick: int) -> None:
    """Give a leaf of the tournament a tick, and play its matches up to the final.

    Each node holds the tick and the leaf of its winner; of equal ticks the left one wins, so
    leaves stand in the order of ties. The winner so far is carried along: read back from the
    node just written, it made each match wait for the last one: a tenth of the kernel's time.
    """
    tree, node = words[TREE], words[LEAF_COUNT] + leaf
    words[at(tree + node * NODE_SIZE + NODE_TICK)] = tick
    words[at(tree + node * NODE_SIZE + NODE_LEAF)] = leaf
    while node > 1:
        other = tree + (node ^ 1) * NODE_SIZE
        other_tick, other_leaf = words[at(other + NODE_TICK)], words[at(other + NODE_LEAF)]
        # Masks, not a branch: who wins cannot be predicted. `node & 1`: the other one is left.
        lost = (other_tick - (node & 1) - tick) >> 63
        tick ^= (tick ^ other_tick) & lost
        leaf ^= (leaf ^ other_leaf) & lost
        node >>= 1
        words[at(tree + node * NODE_SIZE + NODE_TICK)] = tick
        words[at(tree + node * NODE_SIZE + NODE_LEAF)] = leaf


@_compiled
def _write(
    words: Any,
    tick: int,
    event: int,
    threat: int,
    layer: int,
    battery: int,
    magazine: int,
    rounds: int,
    outcome: int,
) -> None:
    if words[LOG_USED] < words[LOG_ROOM]:
        entry = words[LOG] + words[LOG_USED] * LOG_SIZE
        words[at(entry)], words[at(entry + 1)], words[at(entry + 2)] = tick, event, threat
        words[at(entry + 3)], words[at(entry + 4)], words[at(entry + 5)] = layer, battery, magazine
        words[at(entry + 6)], words[at(entry + 7)] = rounds, outcome
    words[LOG_USED] += 1


@_inlined
def _note(
    words: Any,
    tick: int,
    event: int,
    threat: int,
    layer: int,
    battery: int,
    magazine: int,
    rounds: int,
    outcome: int,
) -> None:
    """Write one event, as places, where a log was asked for; past its end, only count."""
    if words[LOG_ROOM] > 0:
        _write(words, tick, event, threat, layer, battery, magazine, rounds, outcome)


# ---------------------------------------------------------------- places and marks


@_inlined
def _window(words: Any, salvo: int, layer: int) -> int:
    return int(words[at(layer + LAYER_WINDOWS)] + words[at(salvo + SALVO_RANK)] * WINDOW_SIZE)


@_inlined
def _number(words: Any, threat: int) -> int:
    """Number of a threat within its salvo, in order of arrival."""
    return int(threat - words[at(words[at(threat + THREAT_SALVO)] + SALVO_FIRST)]) >> THREAT_BITS


@_inlined
def _held(words: Any, threat: int, layer: int) -> int:
    """Index of the mark that a threat is available to a layer."""
    row = (threat - words[THREATS]) >> THREAT_BITS
    return int(row * words[MARK_WIDTH] + words[at(layer + LAYER_CODE)])


@_inlined
def _fired(words: Any, threat: int, battery: int) -> int:
    """Index of the mark that counts engagements of a threat by a battery."""
    row = (threat - words[THREATS]) >> THREAT_BITS
    return int(row * words[MARK_WIDTH] + words[LAYER_COUNT] + words[at(battery + BATTERY_CODE)])


# ---------------------------------------------------------------- the start of a replication


@_compiled
def _reset(state: "State") -> None:
    words, marks = state.words, state.marks
    for n in range(words[SALVO_COUNT]):
        salvo = words[SALVOS] + n * SALVO_SIZE
        first, count = words[at(salvo + SALVO_FIRST)], words[at(salvo + SALVO_THREATS)]
        for threat in range(first, first + count * THREAT_SIZE, THREAT_SIZE):
            words[at(threat + THREAT_PHASE)] = FREE
            words[at(threat + THREAT_FATE)] = ALIVE
            words[at(threat + THREAT_CAUSE)] = UNCOVERED
        row = (first - words[THREATS]) >> THREAT_BITS
        marks[row * words[MARK_WIDTH] : (row + count) * words[MARK_WIDTH]] = 0
    for n in range(words[WINDOW_COUNT]):
        window = words[WINDOWS] + n * WINDOW_SIZE
        words[at(window + WINDOW_OPENED)] = words[at(window + WINDOW_STOCKED)] = 0
    for n in range(words[LANDING_COUNT]):
        words[at(words[LANDINGS] + n * LANDING_SIZE + LANDING_NEXT)] = 0
    for n in range(words[PAIRING_COUNT]):
        words[at(words[PAIRINGS] + n * PAIRING_SIZE + PAIRING_HEAD)] = 0
    for n in range(words[BATTERY_COUNT]):
        battery = words[BATTERIES] + n * BATTERY_SIZE
        words[at(battery + BATTERY_FREE)] = words[at(battery + BATTERY_CHANNELS)]
        words[at(battery + BATTERY_READY)] = 0
        words[at(battery + BATTERY_BUSY)] = 0
        words[at(battery + BATTERY_ENGAGEMENTS)] = 0
    words[HEAP_SIZE] = 0
    for node in range(2 * words[LEAF_COUNT]):
        words[at(words[TREE] + node * NODE_SIZE + NODE_TICK)] = FOREVER


@_inlined
def _await_reload(words: Any, magazine: int, tick: int) -> None:
    """A reload is to arrive at a tick."""
    words[at(magazine + MAGAZINE_DUE)] = tick
    _push(words, tick, words[at(magazine + MAGAZINE_BATTERY)] << PLACE_BITS | magazine)


@_inlined
def _count_stocked(words: Any, magazine: int, change: int) -> None:
    """Count a magazine in, or out, of the windows in which its rounds may be fired."""
    place = words[at(words[at(magazine + MAGAZINE_BATTERY)] + BATTERY_URGENCY)]
    while words[at(place)] > 0:
        pairing = words[at(place)]
        place += 1
        preferred = words[at(pairing + PAIRING_PREFERENCE)]
        while words[at(preferred)] > 0:
            if words[at(preferred)] == magazine:
                words[at(words[at(pairing + PAIRING_WINDOW)] + WINDOW_STOCKED)] += change
            preferred += 1


@_compiled
def _stock(words: Any, carried: Any) -> None:
    """Begin with what is carried over: ready rounds, reloads, losses."""
    magazines = words[MAGAZINE_COUNT]
    for n in range(words[BATTERY_COUNT]):
        battery = words[BATTERIES] + n * BATTERY_SIZE
        words[at(battery + BATTERY_LOSS)] = carried[at(3 * magazines + n)]
    for n in range(magazines):
        magazine = words[MAGAZINES] + n * MAGAZINE_SIZE
        battery = words[at(magazine + MAGAZINE_BATTERY)]
        ready, due = carried[at(n)], carried[at(2 * magazines + n)]
        words[at(magazine + MAGAZINE_READY)] = ready
        words[at(magazine + MAGAZINE_RELOADS_LEFT)] = carried[at(magazines + n)]
        words[at(magazine + MAGAZINE_DUE)] = NEVER
        words[at(magazine + MAGAZINE_RELOADED)] = 0
        words[at(magazine + MAGAZINE_EXPENDED)] = 0
        words[at(magazine + MAGAZINE_LOST)] = 0
        words[at(magazine + MAGAZINE_DEPLETION)] = NEVER
        words[at(battery + BATTERY_READY)] = min(
            words[at(battery + BATTERY_READY)] + ready, INFINITE
        )
        if due != NEVER:
            _await_reload(words, magazine, due)
        if ready > 0 or due != NEVER:
            _count_stocked(words, magazine, 1)


@_compiled
def _carry_over(words: Any, carried: Any) -> None:
    """Write what the next raid begins with, before what happens between raids."""
    magazines = words[MAGAZINE_COUNT]
    for n in range(magazines):
        magazine = words[MAGAZINES] + n * MAGAZINE_SIZE
        carried[at(n)] = words[at(magazine + MAGAZINE_READY)]
        carried[at(magazines + n)] = words[at(magazine + MAGAZINE_RELOADS_LEFT)]
        carried[at(2 * magazines + n)] = words[at(magazine + MAGAZINE_DUE)]
    for n in range(words[BATTERY_COUNT]):
        battery = words[BATTERIES] + n * BATTERY_SIZE
        carried[at(3 * magazines + n)] = words[at(battery + BATTERY_LOSS)]


@_compiled
def _draw_raid(state: "State") -> None:
    """What is drawn once: how many threats come, which layers are up, the kill probabilities.

    The kill probabilities are the same in all raids of a replication.
    """
    words, reals = state.words, state.reals
    for n in range(words[SALVO_COUNT]):
        salvo = words[SALVOS] + n * SALVO_SIZE
        table = words[at(salvo + SALVO_THREATS_TABLE)]
        if table >= 0:
            word = _draw(words, NONE, words[at(salvo + SALVO_THREATS_STREAM)], NONE)[0]
            words[at(salvo + SALVO_THREATS)] = max(_quantile(reals, table, _unit(word)), 0)
    for n in range(words[LAYER_COUNT]):
        layer = words[LAYERS] + n * LAYER_SIZE
        word = _draw(words, NONE, words[at(layer + LAYER_STREAM)], NONE)[0]
        words[at(layer + LAYER_UP)] = int(word) < words[at(layer + LAYER_AVAILABILITY)]
    for n in range(words[KILL_COUNT]):
        kill = words[KILLS] + n * KILL_SIZE
        words[at(kill + KILL_DRAWN)] = words[at(kill + KILL_THRESHOLD)]
        words[at(kill + KILL_HITS)] = words[at(kill + KILL_MISSES)] = 0
        if words[at(kill + KILL_TABLE)] >= 0:
            word = _draw_at(words, NONE, U(words[at(kill + KILL_STREAM)]))[0]
            words[at(kill + KILL_DRAWN)] = _quantile(
                reals, words[at(kill + KILL_TABLE)], _unit(word)
            )


@_compiled
def _exponentials(words: Any, stream: int, sums: Any) -> None:
    """Cumulative sums of unit exponential draws: four threats share one draw's words."""
    total = 0.0
    drawn = (U(0), U(0), U(0), U(0))
    for n in range(sums.size):
        which = n & 3
        if which == 0:
            drawn = _draw(words, n >> 2, stream, NONE)
        total -= math.log(_unit(_word(drawn, which)))
        sums[at(n)] = total


@_inlined
def _arrival(words: Any, reals: Any, salvo: int, sums: Any, number: int) -> int:
    """Arrival tick of one threat, given the cumulative sums of its salvo's exponential draws.

    Such sums divided by their total are uniform order statistics: no sort is needed.
    """
    start, scale = (
        reals[at(words[at(salvo + SALVO_START)])],
        reals[at(words[at(salvo + SALVO_START)] + 1)],
    )
    if words[at(salvo + SALVO_KIND)] == POISSON:
        return int(math.floor(start + sums[at(number)] * scale + 0.5))  # noqa: RUF046
    share = sums[at(number)] / sums[at(words[at(salvo + SALVO_THREATS)])]
    if words[at(salvo + SALVO_KIND)] == UNIFORM:
        return int(math.floor(start + share * scale + 0.5))  # noqa: RUF046
    return _quantile(reals, words[at(salvo + SALVO_TABLE)], share)


@_compiled
def _arrive(state: "State") -> int:
    """Arrival ticks, in order within each salvo; the tick at which the last threat lands.

    Fixed arrivals stand in their places already.
    """
    words, reals, horizon = state.words, state.reals, NEVER
    for n in range(words[SALVO_COUNT]):
        salvo = words[SALVOS] + n * SALVO_SIZE
        count, drawn = words[at(salvo + SALVO_THREATS)], words[at(salvo + SALVO_KIND)] != FIXED
        sums = reals[words[SCRATCH] : words[SCRATCH] + count + 1]
        if drawn:
            _exponentials(words, words[at(salvo + SALVO_STREAM)], sums)
        for number in range(count):
            threat = words[at(salvo + SALVO_FIRST)] + number * THREAT_SIZE
            if drawn:
                words[at(threat + THREAT_ARRIVAL)] = _arrival(words, reals, salvo, sums, number)
            lands = words[at(threat + THREAT_ARRIVAL)] + words[at(salvo + SALVO_TARGET_OFFSET)]
            horizon = max(horizon, lands)
    return horizon


@_inlined
def _next_landing_tick(words: Any, landing: int) -> int:
    """When the next threat of a salvo that aims at a battery lands."""
    salvo, number = words[at(landing + LANDING_SALVO)], words[at(landing + LANDING_NEXT)]
    if number >= words[at(salvo + SALVO_THREATS)]:
        return int(FOREVER)
    threat = words[at(salvo + SALVO_FIRST)] + number * THREAT_SIZE
    return int(words[at(threat + THREAT_ARRIVAL)] + words[at(salvo + SALVO_TARGET_OFFSET)])


@_compiled
def _begin_cursors(words: Any) -> None:
    """One cursor for each window in which something can happen (all of them for a log).

    The leaves of the tournament are in the order of ties: landings by battery, then windows by
    layer, then by salvo, those of higher priority first.
    """
    for leaf in range(words[LANDING_COUNT]):
        landing = words[LANDINGS] + leaf * LANDING_SIZE
        _play(words, leaf, _next_landing_tick(words, landing))
    for n in range(words[WINDOW_COUNT]):
        leaf, window = words[LANDING_COUNT] + n, words[WINDOWS] + n * WINDOW_SIZE
        salvo, layer = words[at(window + WINDOW_SALVO)], words[at(window + WINDOW_LAYER)]
        acts = words[at(window + WINDOW_SOFT_KILL)] > 0 or words[at(window + WINDOW_STOCKED)] > 0
        acts = acts or words[LOG_ROOM] > 0
        if acts and words[at(salvo + SALVO_THREATS)] > 0 and words[at(layer + LAYER_UP)] > 0:
            arrival = words[at(words[at(salvo + SALVO_FIRST)] + THREAT_ARRIVAL)]
            _play(words, leaf, arrival + words[at(window + WINDOW_OPEN)])


# ---------------------------------------------------------------- what a battery can do


@_inlined
def _drawable(words: Any, magazine: int, salvo: int) -> int:
    """Rounds that a threat of this salvo may draw."""
    if words[at(salvo + SALVO_PRIORITY)] >= 1:
        return int(words[at(magazine + MAGAZINE_READY)])
    return int(words[at(magazine + MAGAZINE_READY)] - words[at(magazine + MAGAZINE_RESERVED)])


@_inlined
def _engagement_words(state: "State", pairing: int, threat: int) -> Any:
    """Words for reaction, flight, assessment and its error, in the battery's next engagement."""
    words, battery = state.words, state.words[at(pairing + PAIRING_BATTERY)]
    ordinal: Any = np.int64(state.marks[at(_fired(words, threat, battery))])
    stream = words[at(pairing + PAIRING_ENGAGEMENT_STREAM)]
    return _draw(words, _number(words, threat), stream, ordinal)


@_compiled
def _drawn_magazine(state: "State", pairing: int, threat: int, slack: int, loaded: bool) -> int:
    """`_magazine_in_time` for a battery whose reaction or flight is drawn."""
    words, reals, battery = state.words, state.reals, state.words[at(pairing + PAIRING_BATTERY)]
    salvo = words[at(threat + THREAT_SALVO)]
    drawn = _engagement_words(state, pairing, threat)
    constant, table = (
        words[at(battery + BATTERY_REACTION)],
        words[at(battery + BATTERY_REACTION_TABLE)],
    )
    reaction = _uncertain(reals, constant, table, drawn[0])
    place = words[at(pairing + PAIRING_PREFERENCE)]
    while words[at(place)] > 0:
        magazine = words[at(place)]
        place += 1
        if loaded and _drawable(words, magazine, salvo) <= 0:
            continue
        constant, table = (
            words[at(magazine + MAGAZINE_FLIGHT)],
            words[at(magazine + MAGAZINE_FLIGHT_TABLE)],
        )
        if reaction + _uncertain(reals, constant, table, drawn[1]) <= slack:
            return int(magazine)
    return 0


@_inlined
def _magazine_in_time(state: "State", pairing: int, threat: int, slack: int, loaded: bool) -> int:
    """First magazine of the preference that can be over within `slack` ticks, or 0.

    If `loaded`, only magazines with rounds that the threat may draw.
    """
    words = state.words
    if words[at(words[at(pairing + PAIRING_BATTERY)] + BATTERY_RANDOM_DELAY)] > 0:
        return _drawn_magazine(state, pairing, threat, slack, loaded)
    salvo = words[at(threat + THREAT_SALVO)]
    place = words[at(pairing + PAIRING_PREFERENCE)]
    while words[at(place)] > 0:
        magazine = words[at(place)]
        place += 1
        in_time = words[at(magazine + MAGAZINE_TO_KILL)] <= slack
        if in_time and (not loaded or _drawable(words, magazine, salvo) > 0):
            return int(magazine)
    return 0


@_inlined
def _best_battery(state: "State", window: int, threat: int, tick: int, without: int) -> Any:
    """The pairing that is first to engage one threat: most ready rounds, then battery order."""
    words, marks = state.words, state.marks
    best, best_magazine, most = 0, 0, 0
    slack = words[at(threat + THREAT_ARRIVAL)] + words[at(window + WINDOW_CLOSE)] - tick
    place = words[at(window + WINDOW_CANDIDATES)]
    while words[at(place)] > 0:
        pairing = words[at(place)]
        place += 1
        battery = words[at(pairing + PAIRING_BATTERY)]
        ready = words[at(battery + BATTERY_READY)]
        if ready <= most or words[at(battery + BATTERY_FREE)] == 0 or battery == without:
            continue
        if marks[at(_fired(words, threat, battery))] >= words[at(battery + BATTERY_MAX_SALVOS)]:
            continue
        magazine = _magazine_in_time(state, pairing, threat, slack, LOADED)
        if magazine > 0:
            best, best_magazine, most = pairing, magazine, ready
    return best, best_magazine


@_inlined
def _first_in_queue(state: "State", pairing: int, tick: int) -> Any:
    """The first threat of a salvo that a battery can engage now, and the magazine; or 0."""
    words, marks = state.words, state.marks
    battery, window = words[at(pairing + PAIRING_BATTERY)], words[at(pairing + PAIRING_WINDOW)]
    layer, limit = words[at(battery + BATTERY_LAYER)], words[at(battery + BATTERY_MAX_SALVOS)]
    first = words[at(words[at(window + WINDOW_SALVO)] + SALVO_FIRST)]
    at_head = True
    for number in range(words[at(pairing + PAIRING_HEAD)], words[at(window + WINDOW_OPENED)]):
        threat = first + number * THREAT_SIZE
        slack = words[at(threat + THREAT_ARRIVAL)] + words[at(window + WINDOW_CLOSE)] - tick
        fired = _fired(words, threat, battery)
        phase = words[at(threat + THREAT_PHASE)]
        past = phase == GONE or marks[at(_held(words, threat, layer))] == 0
        past = past or marks[at(fired)] >= limit or slack < 0
        if not past and phase == FREE:
            magazine = _magazine_in_time(state, pairing, threat, slack, LOADED)
            if magazine > 0:
                return threat, magazine
            past = _magazine_in_time(state, pairing, threat, slack, ANY_ROUNDS) == 0
            if past:
                # Drawn times do not change until it fires, and it never will: no later look
                # needs to draw them again.
                marks[at(fired)] = limit
        if not past:
            at_head = False
        elif at_head:
            words[at(pairing + PAIRING_HEAD)] = number + 1
    return 0, 0


@_inlined
def _has_rounds(words: Any, pairing: int, salvo: int) -> bool:
    place = words[at(pairing + PAIRING_PREFERENCE)]
    while words[at(place)] > 0:
        if _drawable(words, words[at(place)], salvo) > 0:
            return True
        place += 1
    return False


@_inlined
def _best_threat(state: "State", battery: int, tick: int) -> Any:
    """What a battery takes next: highest priority, then its order, then salvo order.

    Its pairing with the threat's salvo, the magazine and the threat; or 0.
    """
    words = state.words
    best, best_magazine, best_threat, best_priority, best_key = 0, 0, 0, 0, FOREVER
    place = words[at(battery + BATTERY_URGENCY)]
    while words[at(place)] > 0:
        pairing = words[at(place)]
        place += 1
        window = words[at(pairing + PAIRING_WINDOW)]
        salvo = words[at(window + WINDOW_SALVO)]
        if best > 0 and words[at(salvo + SALVO_PRIORITY)] < best_priority:
            break
        if not _has_rounds(words, pairing, salvo):
            continue
        threat, magazine = _first_in_queue(state, pairing, tick)
        if threat == 0:
            continue
        by_deadline = words[at(battery + BATTERY_ORDER)] == BY_DEADLINE
        offset = words[at(window + (WINDOW_CLOSE if by_deadline else WINDOW_OPEN))]
        key = words[at(threat + THREAT_ARRIVAL)] + offset
        if key < best_key:
            best, best_magazine, best_threat, best_key = pairing, magazine, threat, key
            best_priority = words[at(salvo + SALVO_PRIORITY)]
    return best, best_magazine, best_threat


# ---------------------------------------------------------------- an engagement


@_inlined
def _rounds_kill(state: "State", pairing: int, magazine: int, threat: int, rounds: int) -> bool:
    """Whether any of the rounds kills: one word a round."""
    words, battery = state.words, state.words[at(pairing + PAIRING_BATTERY)]
    salvo = words[at(threat + THREAT_SALVO)]
    kill = words[at(magazine + MAGAZINE_KILL)] + words[at(salvo + SALVO_CLASS)] * KILL_SIZE
    threshold = U(words[at(kill + KILL_DRAWN)])
    stream = words[at(pairing + PAIRING_ROUNDS_STREAM)]
    start = int(state.marks[at(_fired(words, threat, battery))]) * ROUND_DRAWS
    for block in range((rounds + WORDS_A_DRAW - 1) // WORDS_A_DRAW):
        drawn = _draw(words, _number(words, threat), stream, start + block)
        left = rounds - block * WORDS_A_DRAW
        if (
            drawn[0] < threshold
            or (left > 1 and drawn[1] < threshold)
            or (left > 2 and drawn[2] < threshold)
            or (left > 3 and drawn[3] < threshold)
        ):
            return True
    return False


@_compiled
def _tally_rounds(state: "State", pairing: int, magazine: int, threat: int, rounds: int) -> None:
    """Count the rounds of an engagement up to the first that kills: draws them once more."""
    words, battery = state.words, state.words[at(pairing + PAIRING_BATTERY)]
    salvo = words[at(threat + THREAT_SALVO)]
    kill = words[at(magazine + MAGAZINE_KILL)] + words[at(salvo + SALVO_CLASS)] * KILL_SIZE
    stream = words[at(pairing + PAIRING_ROUNDS_STREAM)]
    start = int(state.marks[at(_fired(words, threat, battery))]) * ROUND_DRAWS
    for number in range(rounds):
        drawn = _draw(words, _number(words, threat), stream, start + number // WORDS_A_DRAW)
        word = _word(drawn, number % WORDS_A_DRAW)
        if word < U(words[at(kill + KILL_DRAWN)]):
            words[at(kill + KILL_HITS)] += 1
            return
        words[at(kill + KILL_MISSES)] += 1


@_compiled
def _watch_firing(
    state: "State", pairing: int, magazine: int, threat: int, rounds: int, tick: int
) -> None:
    """Log or tally what is fired, as was asked for; before anything is known of the outcome."""
    words, battery = state.words, state.words[at(pairing + PAIRING_BATTERY)]
    layer = words[at(battery + BATTERY_LAYER)]
    _note(words, tick, FIRING, threat, layer, battery, magazine, rounds, NONE)
    if words[TALLY] > 0 and words[at(threat + THREAT_FATE)] == ALIVE:
        _tally_rounds(state, pairing, magazine, threat, rounds)


@_inlined
def _expend(words: Any, battery: int, magazine: int, rounds: int, tick: int) -> None:
    """Take rounds out of a magazine; when it is empty, call the reload or note the depletion."""
    words[at(magazine + MAGAZINE_EXPENDED)] += rounds
    if words[at(magazine + MAGAZINE_ROUNDS)] == INFINITE:
        return
    words[at(magazine + MAGAZINE_READY)] -= rounds
    if words[at(battery + BATTERY_READY)] < INFINITE:
        words[at(battery + BATTERY_READY)] -= rounds
    if words[at(magazine + MAGAZINE_READY)] > 0 or words[at(magazine + MAGAZINE_DUE)] != NEVER:
        return
    if words[at(magazine + MAGAZINE_RELOADS_LEFT)] > 0:
        words[at(magazine + MAGAZINE_RELOADS_LEFT)] -= 1
        _await_reload(words, magazine, tick + words[at(magazine + MAGAZINE_RELOAD_TICKS)])
    else:
        words[at(magazine + MAGAZINE_DEPLETION)] = tick
        _count_stocked(words, magazine, -1)


@_compiled
def _draw_engagement(state: "State", pairing: int, magazine: int, threat: int) -> Any:
    """Ticks from firing to the kill and to the end, and the word that may err in assessment."""
    words, reals, battery = state.words, state.reals, state.words[at(pairing + PAIRING_BATTERY)]
    drawn = _engagement_words(state, pairing, threat)
    constant, table = (
        words[at(battery + BATTERY_REACTION)],
        words[at(battery + BATTERY_REACTION_TABLE)],
    )
    to_kill = _uncertain(reals, constant, table, drawn[0])
    constant, table = (
        words[at(magazine + MAGAZINE_FLIGHT)],
        words[at(magazine + MAGAZINE_FLIGHT_TABLE)],
    )
    to_kill += _uncertain(reals, constant, table, drawn[1])
    constant, table = (
        words[at(battery + BATTERY_ASSESSMENT)],
        words[at(battery + BATTERY_ASSESSMENT_TABLE)],
    )
    return to_kill, to_kill + _uncertain(reals, constant, table, drawn[2]), drawn[3]


@_inlined
def _engage(state: "State", pairing: int, magazine: int, threat: int, tick: int) -> None:
    words, battery = state.words, state.words[at(pairing + PAIRING_BATTERY)]
    salvo, layer = words[at(threat + THREAT_SALVO)], words[at(battery + BATTERY_LAYER)]
    size = words[at(pairing + PAIRING_SALVO_SIZE)]
    rounds = min(size, _drawable(words, magazine, salvo))
    if words[WATCHED] > 0:
        # One look for both: a second one cost 2 % of the kernel's time.
        _watch_firing(state, pairing, magazine, threat, rounds, tick)
    to_kill, to_end = words[at(magazine + MAGAZINE_TO_KILL)], words[at(magazine + MAGAZINE_TO_END)]
    word = MASK_32
    if words[at(battery + BATTERY_RANDOM)] > 0:
        to_kill, to_end, word = _draw_engagement(state, pairing, magazine, threat)
    alive = words[at(threat + THREAT_FATE)] == ALIVE
    scored = alive and _rounds_kill(state, pairing, magazine, threat, rounds)
    if scored:
        words[at(threat + THREAT_FATE)] = words[at(layer + LAYER_CODE)]
        words[at(threat + THREAT_FATE_TICK)] = tick + to_kill
    survives = alive and not scored
    wrong = words[at(battery + (BATTERY_FALSE_KILL if survives else BATTERY_FALSE_SURVIVAL))]
    words[at(threat + THREAT_SCORED)] = scored
    words[at(threat + THREAT_MISJUDGED)] = int(word) < wrong
    words[at(threat + THREAT_PHASE)], words[at(threat + THREAT_CAUSE)] = ENGAGED, MISSED
    _expend(words, battery, magazine, rounds, tick)
    state.marks[at(_fired(words, threat, battery))] += 1
    words[at(battery + BATTERY_FREE)] -= 1
    busy = words[at(battery + BATTERY_BUSY)] + to_end
    words[at(battery + BATTERY_BUSY)] = min(busy, MOST_BUSY)
    words[at(battery + BATTERY_ENGAGEMENTS)] += 1
    _push(words, tick + to_end, battery << PLACE_BITS | threat)


@_inlined
def _next_shot(state: "State", layer: int, freed: int, threat: int, tick: int) -> Any:
    """The next engagement of a layer: pairing, magazine, threat; pairing 0 if there is none.

    Nothing was left to engage before this event. So a battery that got a channel or rounds from
    it (`freed`) may take anything, and the others only the threat that it made available.
    """
    words = state.words
    pairing, magazine = 0, 0
    if (
        threat > 0
        and words[at(threat + THREAT_PHASE)] == FREE
        and state.marks[at(_held(words, threat, layer))] != 0
    ):
        window = _window(words, words[at(threat + THREAT_SALVO)], layer)
        pairing, magazine = _best_battery(state, window, threat, tick, freed)
    if words[at(freed + BATTERY_LAYER)] != layer or words[at(freed + BATTERY_FREE)] == 0:
        return pairing, magazine, threat
    ready, battery = words[at(freed + BATTERY_READY)], words[at(pairing + PAIRING_BATTERY)]
    ahead = pairing > 0 and (
        words[at(battery + BATTERY_READY)] > ready
        or (words[at(battery + BATTERY_READY)] == ready and battery < freed)
    )
    if not ahead and ready > 0:
        own, own_magazine, own_threat = _best_threat(state, freed, tick)
        if own > 0:
            return own, own_magazine, own_threat
    return pairing, magazine, threat


@_compiled
def _serve(state: "State", first: int, last: int, freed: int, threat: int, tick: int) -> None:
    """Serve the batteries that an event concerns, from the first to the last layer."""
    for layer in range(first, last + 1, LAYER_SIZE):
        while True:
            pairing, magazine, target = _next_shot(state, layer, freed, threat, tick)
            if pairing == 0:
                break
            _engage(state, pairing, magazine, target, tick)


# ---------------------------------------------------------------- a window opens


@_inlined
def _fate_at_opening(words: Any, window: int, threat: int) -> Any:
    """Soft kill, detection, discrimination: what becomes of a live threat at an opening."""
    if words[at(window + WINDOW_RANDOM)] == 0:
        return AVAILABLE
    drawn = _draw(words, _number(words, threat), words[at(window + WINDOW_STREAM)], NONE)
    if int(drawn[0]) < words[at(window + WINDOW_SOFT_KILL)]:
        return SOFT_KILLED
    if int(drawn[1]) >= words[at(window + WINDOW_DETECTION)]:
        return UNSEEN
    if int(drawn[2]) < words[at(window + WINDOW_DISMISSAL)]:
        return SEEN_AS_DECOY
    return AVAILABLE


@_inlined
def _blame(state: "State", window: int, threat: int, outcome: int) -> None:
    """Lower the cause for which a threat would leak, by what it met at one opening."""
    words = state.words
    known = words[at(threat + THREAT_CAUSE)]
    if known <= NO_CHANNEL or outcome == SOFT_KILLED:
        return
    cause, covered = TOO_SHORT, False
    if outcome == UNSEEN:
        cause = UNDETECTED
    elif outcome == SEEN_AS_DECOY:
        cause = DISMISSED
    opening = words[at(threat + THREAT_ARRIVAL)] + words[at(window + WINDOW_OPEN)]
    slack = words[at(window + WINDOW_CLOSE)] - words[at(window + WINDOW_OPEN)]
    place = words[at(window + WINDOW_CANDIDATES)]
    while words[at(place)] > 0:
        pairing = words[at(place)]
        place += 1
        if words[at(words[at(pairing + PAIRING_BATTERY)] + BATTERY_LOSS)] <= opening:
            continue
        covered = True
        if outcome != AVAILABLE:
            break
        if _magazine_in_time(state, pairing, threat, slack, LOADED) > 0:
            cause = NO_CHANNEL
            break
        if _magazine_in_time(state, pairing, threat, slack, ANY_ROUNDS) > 0:
            cause = NO_INTERCEPTORS
    if covered:
        words[at(threat + THREAT_CAUSE)] = min(known, cause)


@_inlined
def _open_window(state: "State", window: int, threat: int, tick: int) -> Any:
    """What a threat meets when it comes into reach."""
    words, layer = state.words, state.words[at(window + WINDOW_LAYER)]
    if words[at(threat + THREAT_FATE)] != ALIVE and words[at(threat + THREAT_FATE_TICK)] <= tick:
        return NOTHING
    outcome = _fate_at_opening(words, window, threat)
    _note(words, tick, OPENING, threat, layer, NOBODY, NOBODY, NONE, outcome)
    if outcome == SOFT_KILLED:
        words[at(threat + THREAT_FATE)] = words[LAYER_COUNT] + words[at(layer + LAYER_CODE)]
        words[at(threat + THREAT_FATE_TICK)] = tick
        if words[at(threat + THREAT_PHASE)] == FREE:
            words[at(threat + THREAT_PHASE)] = GONE
    elif outcome == AVAILABLE:
        state.marks[at(_held(words, threat, layer))] = 1
    return outcome


@_inlined
def _next_opening(state: "State") -> None:
    """Handle the first opening and move its cursor on, or drop it."""
    words = state.words
    tick = words[at(words[TREE] + NODE_SIZE + NODE_TICK)]
    leaf = words[at(words[TREE] + NODE_SIZE + NODE_LEAF)]
    window = words[WINDOWS] + (leaf - words[LANDING_COUNT]) * WINDOW_SIZE
    salvo = words[at(window + WINDOW_SALVO)]
    idle = words[at(window + WINDOW_STOCKED)] == 0 and words[at(window + WINDOW_SOFT_KILL)] == 0
    if idle and words[LOG_ROOM] == 0:
        _play(words, leaf, FOREVER)
        return
    number = words[at(window + WINDOW_OPENED)]
    threat = words[at(salvo + SALVO_FIRST)] + number * THREAT_SIZE
    words[at(window + WINDOW_OPENED)] = number + 1
    following = FOREVER
    if number + 1 < words[at(salvo + SALVO_THREATS)]:
        following = (
            words[at(threat + THREAT_SIZE + THREAT_ARRIVAL)] + words[at(window + WINDOW_OPEN)]
        )
    _play(words, leaf, following)
    outcome = _open_window(state, window, threat, tick)
    if outcome == AVAILABLE and words[at(threat + THREAT_PHASE)] == FREE:
        # Nobody had anything left to engage: all that can happen is that one takes this threat.
        pairing, magazine = _best_battery(state, window, threat, tick, NOBODY)
        if pairing > 0:
            _engage(state, pairing, magazine, threat, tick)
    if outcome != NOTHING:
        # Only now: who was engaged at once needs no cause.
        _blame(state, window, threat, outcome)


# ---------------------------------------------------------------- a battery is hit


@_inlined
def _lose(words: Any, battery: int, tick: int) -> None:
    """A battery fires nothing any more, and its rounds are gone; what is in flight completes."""
    first, stop = words[at(battery + BATTERY_MAGAZINES)], words[at(battery + BATTERY_STOP)]
    for magazine in range(first, stop, MAGAZINE_SIZE):
        ready = words[at(magazine + MAGAZINE_READY)]
        if ready > 0 or words[at(magazine + MAGAZINE_DUE)] != NEVER:
            _count_stocked(words, magazine, -1)
        words[at(magazine + MAGAZINE_LOST)] = ready
        words[at(magazine + MAGAZINE_READY)] = 0
        words[at(magazine + MAGAZINE_RELOADS_LEFT)] = 0
        words[at(magazine + MAGAZINE_DUE)] = NEVER
    words[at(battery + BATTERY_READY)] = 0
    words[at(battery + BATTERY_LOSS)] = tick


@_compiled
def _next_landing(words: Any) -> None:
    """Handle the landing of a threat that aims at a battery, and move its cursor on."""
    tick = words[at(words[TREE] + NODE_SIZE + NODE_TICK)]
    leaf = words[at(words[TREE] + NODE_SIZE + NODE_LEAF)]
    landing = words[LANDINGS] + leaf * LANDING_SIZE
    salvo, battery = words[at(landing + LANDING_SALVO)], words[at(landing + LANDING_BATTERY)]
    if words[at(battery + BATTERY_LOSS)] != FOREVER:
        _play(words, leaf, FOREVER)
        return
    number = words[at(landing + LANDING_NEXT)]
    words[at(landing + LANDING_NEXT)] = number + 1
    _play(words, leaf, _next_landing_tick(words, landing))
    threat = words[at(salvo + SALVO_FIRST)] + number * THREAT_SIZE
    if words[at(threat + THREAT_FATE)] != ALIVE:
        return
    word = _draw(words, number, words[at(landing + LANDING_STREAM)], NONE)[0]
    if int(word) < words[at(landing + LANDING_LETHALITY)]:
        layer = words[at(battery + BATTERY_LAYER)]
        _note(words, tick, LOSS, threat, layer, battery, NOBODY, NONE, NONE)
        _lose(words, battery, tick)


# ---------------------------------------------------------------- an engagement or reload ends


@_inlined
def _forget(state: "State", threat: int) -> None:
    """Make a threat available to no layer."""
    first = _held(state.words, threat, state.words[LAYERS])
    for mark in range(first, first + state.words[LAYER_COUNT]):
        state.marks[at(mark)] = 0


@_inlined
def _assess(state: "State", battery: int, threat: int, tick: int) -> Any:
    """Judge an engagement that is over; whether its threat is available again."""
    words = state.words
    layer, fate = words[at(battery + BATTERY_LAYER)], words[at(threat + THREAT_FATE)]
    words[at(battery + BATTERY_FREE)] += 1
    words[at(threat + THREAT_PHASE)] = GONE
    if fate >= words[LAYER_COUNT]:
        _note(words, tick, ASSESSMENT, threat, layer, battery, NOBODY, NONE, LOST_TO_SOFT_KILL)
        return False
    if words[at(threat + THREAT_SCORED)] != 0:
        _note(
            words,
            words[at(threat + THREAT_FATE_TICK)],
            KILL,
            threat,
            layer,
            battery,
            NOBODY,
            NONE,
            NONE,
        )
    alive, misjudged = fate == ALIVE, words[at(threat + THREAT_MISJUDGED)] != 0
    if alive:
        outcome = WRONGLY_KILLED if misjudged else JUDGED_ALIVE
    else:
        outcome = WRONGLY_ALIVE if misjudged else JUDGED_KILLED
    _note(words, tick, ASSESSMENT, threat, layer, battery, NOBODY, NONE, outcome)
    believed_alive = alive != misjudged
    if alive or believed_alive:
        words[at(threat + THREAT_PHASE)] = FREE
    if not believed_alive:
        _forget(state, threat)
    return believed_alive


@_inlined
def _reload(words: Any, battery: int, magazine: int, tick: int) -> None:
    rounds = words[at(magazine + MAGAZINE_RELOAD_ROUNDS)]
    words[at(magazine + MAGAZINE_DUE)] = NEVER
    words[at(magazine + MAGAZINE_READY)] += rounds
    words[at(magazine + MAGAZINE_RELOADED)] += rounds
    if words[at(battery + BATTERY_READY)] < INFINITE:
        words[at(battery + BATTERY_READY)] += rounds
    _note(
        words,
        tick,
        RELOAD,
        NOBODY,
        words[at(battery + BATTERY_LAYER)],
        battery,
        magazine,
        rounds,
        NONE,
    )


@_inlined
def _next_ending(state: "State", horizon: int) -> None:
    """Handle the first engagement or reload that is due."""
    words = state.words
    tick, tie = words[at(words[HEAP] + ENTRY_TICK)], words[at(words[HEAP] + ENTRY_TIE)]
    _remove_first(words)
    battery, place = tie >> PLACE_BITS, tie & PLACE_MASK
    first = last = words[at(battery + BATTERY_LAYER)]
    threat = 0
    if place >= words[MAGAZINES]:
        if tick > horizon or words[at(place + MAGAZINE_DUE)] != tick:
            return
        _reload(words, battery, place, tick)
    elif _assess(state, battery, place, tick):
        threat = place
        first, last = words[LAYERS], words[LAYERS] + (words[LAYER_COUNT] - 1) * LAYER_SIZE
    _serve(state, first, last, battery, threat, tick)


# ---------------------------------------------------------------- one replication


@_compiled
def _sample(words: Any, row: Any, column: int, sample: int, until: int) -> int:
    """Write ready rounds and busy channels at the sample times before `until`."""
    magazines, batteries = words[MAGAZINE_COUNT], words[BATTERY_COUNT]
    while sample < words[SAMPLE_COUNT] and words[at(words[TIMELINE] + sample)] < until:
        place = column + sample * (magazines + batteries)
        for n in range(magazines):
            row[at(place + n)] = words[at(words[MAGAZINES] + n * MAGAZINE_SIZE + MAGAZINE_READY)]
        for n in range(batteries):
            battery = words[BATTERIES] + n * BATTERY_SIZE
            busy = words[at(battery + BATTERY_CHANNELS)] - words[at(battery + BATTERY_FREE)]
            row[at(place + magazines + n)] = busy
        sample += 1
    return sample


@_compiled
def _raid(state: "State", row: Any, samples: int, stop: Any) -> None:
    """The event loop: engagements and reloads before openings at the same tick."""
    words = state.words
    horizon = _arrive(state)
    _begin_cursors(words)
    sample, events = 0, 0
    while not (events & (EVENTS_BETWEEN_LOOKS - 1) == 0 and stop[0] != 0):
        events += 1
        opening = words[at(words[TREE] + NODE_SIZE + NODE_TICK)]
        ending = words[at(words[HEAP] + ENTRY_TICK)] if words[HEAP_SIZE] > 0 else FOREVER
        tick = min(opening, ending)
        if sample < words[SAMPLE_COUNT]:
            sample = _sample(words, row, samples, sample, tick)
        if tick == FOREVER:
            break
        if ending <= opening:
            _next_ending(state, horizon)
        elif words[at(words[TREE] + NODE_SIZE + NODE_LEAF)] < words[LANDING_COUNT]:
            _next_landing(words)
        else:
            _next_opening(state)


@_inlined
def _blame_unopened(state: "State", threat: int) -> None:
    """What the windows of dropped cursors would have added to a leaker's cause."""
    words = state.words
    salvo, number = words[at(threat + THREAT_SALVO)], _number(words, threat)
    for n in range(words[LAYER_COUNT]):
        if words[at(threat + THREAT_CAUSE)] <= NO_INTERCEPTORS:
            return
        layer = words[LAYERS] + n * LAYER_SIZE
        window = _window(words, salvo, layer)
        if words[at(layer + LAYER_UP)] > 0 and number >= words[at(window + WINDOW_OPENED)]:
            _blame(state, window, threat, _fate_at_opening(words, window, threat))


@_inlined
def _first_sample(words: Any, tick: int) -> int:
    """The first sample time that is not before a tick; their number if there is none."""
    low, high = 0, words[SAMPLE_COUNT]
    while low < high:
        middle = (low + high) >> 1
        if words[at(words[TIMELINE] + middle)] < tick:
            low = middle + 1
        else:
            high = middle
    return low


@_inlined
def _count_leaker(state: "State", row: Any, threat: int, column: int) -> None:
    """Count a leaker under its cause, and from `column` in the samples."""
    words = state.words
    salvo, salvos = words[at(threat + THREAT_SALVO)], words[SALVO_COUNT]
    code = words[at(salvo + SALVO_CODE)]
    _blame_unopened(state, threat)
    cause = words[at(threat + THREAT_CAUSE)]
    tick = words[at(threat + THREAT_ARRIVAL)] + words[at(salvo + SALVO_TARGET_OFFSET)]
    _note(words, tick, LEAK, threat, NOBODY, NOBODY, NOBODY, NONE, cause)
    row[at(code)] += 1
    row[at(salvos + code * (UNCOVERED + 1) + cause)] += 1
    row[at(column + _first_sample(words, tick) * salvos + code)] += 1


@_compiled
def _count_fates(state: "State", row: Any) -> int:
    """Turn fates into counts; a threat without one has leaked. The column that follows."""
    words = state.words
    salvos, layers = words[SALVO_COUNT], words[LAYER_COUNT]
    killed = salvos * (UNCOVERED + 2)
    leaked_by = killed + 2 * salvos * layers
    for n in range(salvos):
        salvo = words[SALVOS] + n * SALVO_SIZE
        first, code = words[at(salvo + SALVO_FIRST)], words[at(salvo + SALVO_CODE)]
        stop = first + words[at(salvo + SALVO_THREATS)] * THREAT_SIZE
        for threat in range(first, stop, THREAT_SIZE):
            fate = words[at(threat + THREAT_FATE)]
            if fate == ALIVE:
                _count_leaker(state, row, threat, leaked_by)
            elif fate < layers:
                row[at(killed + code * layers + fate)] += 1
            else:
                row[at(killed + (salvos + code) * layers + fate - layers)] += 1
    for place in range(leaked_by + salvos, leaked_by + salvos * words[SAMPLE_COUNT]):
        row[at(place)] += row[at(place - salvos)]
    return int(leaked_by + salvos * (words[SAMPLE_COUNT] + 1))


@_compiled
def _count_spent(words: Any, row: Any, column: int) -> int:
    """Write what came, and what magazines and batteries have spent; the column that follows."""
    for n in range(words[SALVO_COUNT]):
        row[at(column + n)] = words[at(words[SALVOS] + n * SALVO_SIZE + SALVO_THREATS)]
    column += words[SALVO_COUNT]
    number = words[MAGAZINE_COUNT]
    for n in range(number):
        magazine = words[MAGAZINES] + n * MAGAZINE_SIZE
        row[at(column + n)] = words[at(magazine + MAGAZINE_EXPENDED)]
        row[at(column + number + n)] = words[at(magazine + MAGAZINE_READY)]
        row[at(column + 2 * number + n)] = words[at(magazine + MAGAZINE_RELOADED)]
        row[at(column + 3 * number + n)] = words[at(magazine + MAGAZINE_LOST)]
        row[at(column + 4 * number + n)] = words[at(magazine + MAGAZINE_DEPLETION)]
    column += 5 * number
    number = words[BATTERY_COUNT]
    for n in range(number):
        battery = words[BATTERIES] + n * BATTERY_SIZE
        loss = words[at(battery + BATTERY_LOSS)]
        row[at(column + n)] = words[at(battery + BATTERY_BUSY)]
        row[at(column + number + n)] = words[at(battery + BATTERY_ENGAGEMENTS)]
        row[at(column + 2 * number + n)] = NEVER < loss < FOREVER
    return int(column + 3 * number)


@_compiled
def _count_rounds(words: Any, row: Any, column: int) -> None:
    """Write the tally: hits of each interceptor and threat class, then misses."""
    number = words[KILL_COUNT]
    for n in range(number):
        kill = words[KILLS] + n * KILL_SIZE
        row[at(column + n)] = words[at(kill + KILL_HITS)]
        row[at(column + number + n)] = words[at(kill + KILL_MISSES)]


@_compiled
def _columns_before_samples(words: Any) -> int:
    salvos, layers, samples = words[SALVO_COUNT], words[LAYER_COUNT], words[SAMPLE_COUNT]
    fates = salvos * (UNCOVERED + 2 + 2 * layers + samples + 1)
    return int(fates + salvos + 5 * words[MAGAZINE_COUNT] + 3 * words[BATTERY_COUNT])


@_compiled
def draw_numbers(quantiles: Any, seed: int, start: int, address: Any, found: Any) -> None:
    """A whole number from one quantile table for each replication from `start`."""
    key = (U(seed) & MASK_32, U(seed) >> SHIFT_32)
    place = U(address)
    for n in range(found.size):
        counter = (U(start + n), U(0), place & MASK_32, place >> SHIFT_32)
        found[at(n)] = _quantile(quantiles, NONE, _unit(philox(key, counter)[0]))


@_compiled
def simulate_block(
    state: "State", counts: Any, carried: Any, seed: int, start: int, raid: int, stop: Any
) -> int:
    """Compute one raid of the replications from `start`; how many were finished.

    What happened goes into the rows of `counts`, whose columns are those of
    `leakthrough.engine.counts.Counts` (and behind them, where it is asked for, of its `Tally`) and which
    must come in zeroed. The rows of `carried` (see
    `leakthrough.engine.counts.Carried`) say with what each replication begins, and are overwritten with
    what is left. `raid` is added to the address of every draw but the kill probabilities'.
    The GIL is released throughout. Setting ``stop[0]`` from another thread ends the block
    within a fraction of a millisecond; the rows from the returned one on are then void.
    """
    words = state.words
    words[SEED], words[RAID] = seed, raid
    words[LOG_USED] = 0
    samples = _columns_before_samples(words)
    for n in range(counts.shape[0]):
        row = counts[n]
        words[REPLICATION] = start + n
        _draw_raid(state)
        _reset(state)
        _stock(words, carried[n])
        _raid(state, row, samples, stop)
        if stop[0] != 0:
            return n
        column = _count_spent(words, row, _count_fates(state, row))
        if words[TALLY] > 0:
            each = words[MAGAZINE_COUNT] + words[BATTERY_COUNT]
            _count_rounds(words, row, column + words[SAMPLE_COUNT] * each)
        _carry_over(words, carried[n])
    return int(counts.shape[0])
