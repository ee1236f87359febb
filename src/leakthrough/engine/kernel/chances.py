"""Probabilities that are drawn once a replication, and the fields that follow from them."""

import math
from typing import TYPE_CHECKING

from leakthrough.engine.codes import NONE
from leakthrough.engine.kernel.draws import U, at, draw_at, quantile, unit
from leakthrough.engine.kernel.state_pointer import seldom

if TYPE_CHECKING:
    from leakthrough.engine.state import State


@seldom()
def draw_chances(state: "State") -> None:
    """Draw probabilities, the same in all raids of a replication, and write the thresholds."""
    for chance in state.chances:
        word = draw_at(state.raid[0], NONE, chance.stream)[0]
        chance.drawn = U(quantile(state.quantiles, chance.table, unit(word)))
    for use in state.uses:
        own, less = float(use.fixed), float(use.fixed_less)
        if use.chance >= 0:
            own = float(state.chances[at(use.chance)].drawn)
        if use.less >= 0:
            less = float(state.chances[at(use.less)].drawn)
        value = math.floor(own * (1.0 - less * 2.0**-32) + 0.5)
        state.words[at(use.word)] = int(value)
