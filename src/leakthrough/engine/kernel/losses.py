"""Landings of threats that aim at batteries."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import ALIVE, FOREVER, LOSS, NOBODY, NONE
from leakthrough.engine.kernel.compiling import Int, compiled, inlined
from leakthrough.engine.kernel.draws import at, draw
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.event_queue import play
from leakthrough.engine.kernel.magazines import lose

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@inlined
def next_landing_tick(state: "State", landing: Any) -> Int:
    """Tick at which the next threat of a salvo that aims at a battery lands."""
    salvo = state.salvos[landing.salvo]
    if landing.next >= salvo.launched:
        return FOREVER
    return state.threats[at(salvo.first + landing.next)].arrival + salvo.target_offset


@compiled
def next_landing(state: "State") -> None:
    """Handle the landing of a threat that aims at a battery, and advance its cursor."""
    tick, leaf = state.nodes[1].tick, state.nodes[1].leaf
    landing = state.landings[at(leaf)]
    battery, number = state.batteries[landing.battery], landing.next
    landing.next = number + 1
    lost = battery.loss != FOREVER
    play(state, leaf, FOREVER if lost else next_landing_tick(state, landing))
    if lost:
        return
    threat = state.threats[at(state.salvos[landing.salvo].first + number)]
    if threat.fate != ALIVE:
        return
    landing.landed += 1
    if draw(state.raid[0], number, landing.stream, NONE)[0] < landing.lethality:
        landing.destroyed += 1
        code, layer = np.int64(threat.code), np.int64(battery.layer)
        note(state, tick, LOSS, code, layer, np.int64(battery.code), NOBODY, NONE, NONE)
        lose(state, battery, tick)
