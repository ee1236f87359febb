"""What is computed from several records: windows, numbers within a salvo, marks of a threat."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import BITS_A_WORD
from leakthrough.engine.kernel.compiling import Bool, Int, compiled, inlined
from leakthrough.engine.kernel.draws import U, at, draw
from leakthrough.engine.kernel.state_pointer import has_rules

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@inlined
def number_of(state: "State", threat: Any) -> Int:
    """Number of a threat within its salvo, in order of arrival."""
    return np.int64(threat.code) - np.int64(state.salvos[threat.salvo].first)


@inlined
def first_window_of(state: "State", threat: Any, layer: Int) -> Int:
    """Code of the window of the first pass of a threat through a layer's reach; or NO_WINDOW."""
    return np.int64(state.first_windows[at(layer * state.salvos.size + np.int64(threat.salvo))])


@inlined
def is_seen_in(window: Any, threat: Any) -> Bool:
    """Whether a threat was not dead yet when it came into reach in a later pass.

    A layer may still hold a dead threat from an earlier pass, and takes it for alive. One that died
    at the tick of the opening was let go, or seen and killed at once by rounds without flight time.
    """
    return not window.again or threat.fate_tick >= threat.arrival + window.open_offset


@compiled
def _last_opened(state: "State", threat: Any, code: Int) -> Int:
    number, last = number_of(state, threat), code + np.int64(state.windows[at(code)].passes_left)
    while code < last:
        following = state.windows[at(code + 1)]
        if number >= following.opened or not is_seen_in(following, threat):
            break
        code += 1
    return code


@inlined
def window_of(state: "State", threat: Any, layer: Int) -> Any:
    """The last window of a layer that has opened for a threat that it holds."""
    code = first_window_of(state, threat, layer)
    if state.windows[at(code)].passes_left > 0:
        code = _last_opened(state, threat, code)
    return state.windows[at(code)]


@inlined
def fired_at(state: "State", pairing: Any, threat: Any) -> Any:
    """Index of the count of a threat's engagements by a battery."""
    salvo = state.salvos[threat.salvo]
    number = U(threat.code) - U(salvo.first)
    return salvo.first_fired + number * U(salvo.pairings) + U(pairing.slot)


@inlined
def engagement_draw(state: "State", pairing: Any, threat: Any) -> Any:
    """Four integers for reaction, flight, assessment and its error in the next engagement.

    They are not drawn if they are of no use: tracks and launch intervals ask for the times of each
    engagement several times, and these draws took a tenth of the kernel's time.
    """
    if has_rules(state) and not state.batteries[pairing.battery].random:
        return U(0), U(0), U(0), U(0)
    ordinal = np.int64(state.fired[fired_at(state, pairing, threat)])
    return draw(state.raid[0], number_of(state, threat), pairing.engagement_stream, ordinal)


@inlined
def image_of(state: "State", layer: Any, code: Int) -> Any:
    """What the command of a layer knows of a threat; with one command, the threat itself."""
    if has_rules(state) and state.raid[0].ruled:
        code += np.int64(layer.first_image)
    return state.threats[at(code)]


@compiled
def is_allowed(state: "State", first_image: Any, threat: Any) -> Bool:
    """Whether a command, given by its first image, may engage a threat once more."""
    if not state.raid[0].limited:
        return True
    engaged = state.engaged[at(np.int64(first_image) + np.int64(threat.code))]
    return engaged < state.salvos[threat.salvo].max_engagements


@inlined
def mask_at(state: "State", threat: Any, layer: Any) -> Any:
    """Index of the 64-bit mask that contains the bit of a layer for a threat."""
    words = U(state.raid[0].mask_words)
    return U(threat.code) * words + U(layer) // U(BITS_A_WORD)


@inlined
def bit_of(layer: Any) -> Any:
    """The bit of a layer in its mask."""
    return U(1) << (U(layer) % U(BITS_A_WORD))


@inlined
def is_held(state: "State", threat: Any, layer: Any) -> Bool:
    """Whether a threat is available to a layer."""
    return state.held[mask_at(state, threat, layer)] & bit_of(layer) != U(0)


@inlined
def hold(state: "State", threat: Any, layer: Any) -> None:
    """Make a threat available to a layer."""
    state.held[mask_at(state, threat, layer)] |= bit_of(layer)


@inlined
def let_go(state: "State", threat: Any, layer: Any) -> None:
    """Make a threat unavailable to a layer."""
    state.held[mask_at(state, threat, layer)] &= ~bit_of(layer)


@inlined
def forget(state: "State", threat: Any) -> None:
    """Make a threat available to no layer."""
    words = state.raid[0].mask_words
    for word in range(words):
        state.held[at(np.int64(threat.code) * words + word)] = U(0)
