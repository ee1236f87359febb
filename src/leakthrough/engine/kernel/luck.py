"""Luck that a threat keeps: one integer for all its detections, or for all rounds at it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import NOBODY, NONE
from leakthrough.engine.kernel.compiling import Bool, Int
from leakthrough.engine.kernel.draws import MASK_32, U, at, draw
from leakthrough.engine.kernel.lookup import first_window_of
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@seldom()
def draw_luck(state: "State") -> None:
    """Draw for each threat whether it keeps its luck, and this luck."""
    for s in range(state.lucks.size):
        luck, salvo = state.lucks[at(s)], state.salvos[at(s)]
        for n in range(salvo.launched):
            fortune = state.fortunes[at(salvo.first + n)]
            drawn = draw(state.raid[0], n, luck.stream, NONE)
            fortune.keeps_detection = drawn[0] < luck.common_detection
            fortune.keeps_kill = drawn[2] < luck.common_kill
            fortune.detection, fortune.kill = drawn[1], drawn[3]
            fortune.detection_used = fortune.kill_used = False


@seldom(U(0))
def detection_word(state: "State", threat: Any, word: Any) -> Any:
    """The integer that decides a detection: that of the threat, or the one drawn for it."""
    fortune = state.fortunes[threat.code]
    return fortune.detection if fortune.keeps_detection else word


@seldom()
def count_detection(state: "State", window: Any, threat: Any, detected: Bool) -> None:
    """Count the first detection of a threat as one that shows its luck, later ones as known.

    A certain detection tells nothing about it.
    """
    if window.detection == U(0) or window.detection > MASK_32:
        return
    fortune, luck = state.fortunes[threat.code], state.lucks[threat.salvo]
    if not fortune.detection_used:
        fortune.detection_used = True
        luck.detection_luck_drawn += 1
        luck.detection_luck_kept += int(fortune.keeps_detection)
    elif fortune.keeps_detection:
        code = first_window_of(state, threat, np.int64(window.layer))
        sighting = state.sightings[at(code)]
        sighting.detection_known += 1
        sighting.detected_known += int(detected)


@seldom(NOBODY)
def kept_kill(state: "State", chance: Any, threshold: Any, threat: Any) -> Int:
    """Whether a round kills (0 or 1) a threat that keeps its luck; NOBODY: each is drawn.

    Only the first round at it is counted as drawn; a certain round tells nothing about its luck.
    """
    if threshold == U(0) or threshold > MASK_32:
        return NOBODY
    fortune, luck = state.fortunes[threat.code], state.lucks[threat.salvo]
    first = not fortune.kill_used
    if first:
        fortune.kill_used = True
        luck.kill_luck_drawn += 1
        luck.kill_luck_kept += int(fortune.keeps_kill)
    if not fortune.keeps_kill:
        return NOBODY
    kills = int(fortune.kill < threshold)
    if first:
        chance.hits += kills
        chance.misses += 1 - kills
        chance.odds += np.int64(threshold)
    return kills
