"""Codes and limits that the lowering, the kernel and the decoding share. Numba is not imported."""

from typing import Any

import numpy as np

NEVER = -(2**63)
FOREVER: Any = np.int64(2**62)
INFINITE = 2**61
"""Rounds of an infinite magazine."""
NO_LIMIT = 2**30
"""Code of `max_salvos = None`: no battery fires as often at one threat."""
LONGEST_BUSY = 2**62
"""Ticks at which a busy time saturates, so that it cannot overflow."""
ROUND_DRAWS = 1 << 16
"""Draws reserved for the rounds of one engagement; `Doctrine.salvo_size` is far below."""
WORDS_A_DRAW = 4
EVENTS_BETWEEN_CHECKS = 4096
"""Events between two checks of the stop flag: well under a millisecond."""


def _codes(number: int) -> Any:
    # Numba compiles a function again for each Python constant that is passed to it, but only once
    # for NumPy constants: a third of the compile time.
    return tuple(map(np.int64, range(number)))


NO_WINDOW = 2**32 - 1
"""Code of the first window of a layer and a salvo that never is in its reach."""
NO_REACH = 2**32 - 1
"""Code for a magazine that may be fired as long as its rounds hit in the window."""
NOBODY: Any = np.int64(-1)
"""Code of no threat, battery, magazine or pairing."""
NONE: Any = np.int64(0)
ANY_ROUNDS: Any = np.bool_(False)
LOADED: Any = np.bool_(True)
NOW: Any = np.bool_(False)
LATER: Any = np.bool_(True)
AS_DRAWN: Any = np.bool_(False)
OF_THE_MEAN: Any = np.bool_(True)

FIXED, POISSON, UNIFORM, DISTRIBUTION = range(4)
"""Kinds of arrival."""
SELECTIONS = ("most_rounds", "listed", "kill_probability", "least_loaded")
MOST_ROUNDS, LISTED, KILL_PROBABILITY, LEAST_LOADED = range(4)
"""Orders in which the batteries of a layer are asked."""
HOLDS = ("assessment", "intercept", "launch")
TO_ASSESSMENT, TO_INTERCEPT, TO_LAUNCH = range(3)
"""Until when an engagement holds its channel."""
BLOCKED: Any = np.int64(1 << 40)
"""Subtracted from the free channels of the batteries of a full pool: more than any has."""
FREE, ENGAGED, GONE = range(3)
"""Phases of a threat: not engaged, engaged by a battery, never to be engaged again."""
ALIVE, SHOT_DOWN, NEUTRALISED = range(3)
"""Fates of a threat."""
CAUSES = 8
(
    MISSED, NO_CHANNEL, NO_INTERCEPTORS, NO_TRACK, TOO_SHORT, DISMISSED, UNDETECTED, UNCOVERED,
) = range(CAUSES)  # fmt: skip
"""Causes of leaking; the first that applies is the cause."""
UNKNOWN = -1
AVAILABLE, SOFT_KILLED, SEEN_AS_DECOY, UNSEEN, WAITING, NOTHING = _codes(6)
"""Outcomes of an opening."""
OPENING, FIRING, KILL, ASSESSMENT, RELOAD, LEAK, LOSS, HIT, TRACK, RELEASE = _codes(10)
"""Events of the log."""
JUDGED_KILLED, JUDGED_ALIVE, WRONGLY_KILLED, WRONGLY_ALIVE, LOST_TO_SOFT_KILL = _codes(5)
"""Outcomes of an assessment."""
HIT_DESTROYS, HIT_WITHOUT_EFFECT, HIT_ON_DOWN, HIT_DAMAGES = _codes(4)
"""Outcomes of a hit."""

(
    KILLED, CHANNEL_RETURNS, ENGAGEMENT_ENDS, RELOAD_ARRIVES,
    WAKE_UP, LAUNCH_ALLOWED, TRACK_ENDS, TRACK_IS_FREE,
) = _codes(8)  # fmt: skip
"""Kinds of event in the queue; at one tick and one battery the lower kind comes first. But kills
that other commands see, and then all wake-ups, come before all others, and tracks last."""
UNTRACKED, TRACKED, WAITS = range(3)
"""Whether a layer holds a threat with one of its tracks, or the threat waits for one."""
KIND_BITS, CODE_BITS = 3, 36
"""Bits in a tie of the event queue: battery, then kind, then code of the threat or magazine."""
MOST_BATTERIES = 1 << (62 - KIND_BITS - CODE_BITS)
"""Above them are the layers, whose events come after those of all batteries."""
BITS_A_WORD = 64
"""Layers in one 64-bit integer of the mask of layers to which a threat is available."""
