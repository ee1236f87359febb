"""Landings of threats that aim at batteries, and hits of leakers that aim at assets."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import (
    ALIVE,
    FOREVER,
    HIT,
    HIT_DAMAGES,
    HIT_DESTROYS,
    HIT_ON_DOWN,
    HIT_WITHOUT_EFFECT,
    LOSS,
    NEVER,
    NOBODY,
    NONE,
)
from leakthrough.engine.kernel.compiling import Int, compiled, inlined
from leakthrough.engine.kernel.draws import SHIFT_32, U, at, draw, number_or_draw
from leakthrough.engine.kernel.event_log import note
from leakthrough.engine.kernel.event_queue import play
from leakthrough.engine.kernel.magazines import lose
from leakthrough.engine.kernel.state_pointer import has_rules
from leakthrough.engine.kernel.tracks import review_loss

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
        battery.damage += 1
        destroys = battery.damage >= battery.staying_power
        code, layer = np.int64(threat.code), np.int64(battery.layer)
        event, outcome = (LOSS, NONE) if destroys else (HIT, HIT_DAMAGES)
        note(state, tick, event, code, layer, np.int64(battery.code), NOBODY, NONE, outcome)
        if destroys:
            lose(state, battery, tick)
        if has_rules(state) and state.raid[0].ruled and state.layers[battery.layer].tracker >= 0:
            review_loss(state, state.layers[battery.layer], tick)


@compiled
def strike(state: "State", own: Any, threat: Any, number: Int, tick: Int) -> None:
    """Draw which aim point of its asset a leaker hits, and whether it destroys it.

    Nothing is repaired within a raid, so the order of the hits is of no importance.
    """
    asset, outcome = state.assets[own.asset], HIT_WITHOUT_EFFECT
    own.struck += 1
    drawn = draw(state.raid[0], number, own.stream, NONE)
    if drawn[1] < own.lethality:
        own.effective += 1
        hit = np.int64((drawn[0] * U(asset.aim_points)) >> SHIFT_32)
        aim_point = state.aim_points[at(asset.first_aim_point + hit)]
        repair = number_or_draw(state.quantiles, asset.repair, asset.repair_table, drawn[2])
        outcome = HIT_ON_DOWN
        if aim_point.repaired == NEVER:
            outcome, aim_point.down_from = HIT_DESTROYS, tick
            asset.aim_points_destroyed += 1
        aim_point.down_from = min(aim_point.down_from, tick)
        repaired = FOREVER if repair >= FOREVER else tick + repair
        aim_point.repaired = max(aim_point.repaired, repaired)
    note(state, tick, HIT, np.int64(threat.code), NOBODY, NOBODY, NOBODY, NONE, outcome)
