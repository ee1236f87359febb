"""Lowering of a raid: from a scenario, in which things have names, to arrays of codes."""

from collections.abc import Sequence

import numpy as np

from leakthrough.engine.labels import outermost_first, units_of
from leakthrough.engine.lower_parts import (
    AS_COUNTED,
    Sizes,
    _lower_batteries,
    _lower_fixed_arrivals,
    _lower_kill,
    _lower_landings,
    _lower_layers,
    _lower_magazines,
    _lower_pairings,
    _lower_preference,
    _lower_salvos,
    _lower_urgency,
    _lower_windows,
    _Quantiles,
)
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import ticks
from leakthrough.model.scenario import Scenario


def lower(scenario: Scenario, timeline: Sequence[float] = (), sizes: Sizes = AS_COUNTED) -> Tables:
    """Turn a scenario into the arrays that the kernel reads.

    Parameters
    ----------
    scenario : Scenario
    timeline : sequence of float
        Sample times in seconds, in rising order.
    sizes : mapping of str to Distribution
        How many threats come, by salvo, where that is drawn and not the salvo's `count`.

    Raises
    ------
    ValueError
        If SciPy cannot compute the quantiles of a distribution.
    """
    layers = outermost_first(scenario)
    edge = max((layer.outer_range for layer in layers), default=0.0)
    units = units_of(layers)
    quantiles = _Quantiles()
    salvos = _lower_salvos(scenario, edge, sizes, quantiles)
    preference = _lower_preference(scenario, units)
    pairings = _lower_pairings(scenario, units, preference)
    magazines = _lower_magazines(scenario, units, quantiles)
    return Tables(
        salvos=salvos,
        landings=_lower_landings(scenario, units),
        windows=_lower_windows(scenario, layers, edge),
        layers=_lower_layers(layers),
        batteries=_lower_batteries(units, magazines, quantiles),
        pairings=pairings,
        magazines=magazines,
        kill=_lower_kill(scenario, quantiles),
        urgency=_lower_urgency(pairings, salvos),
        preference=preference,
        quantiles=quantiles.stacked(),
        fixed_arrival=_lower_fixed_arrivals(scenario, salvos),
        salvo_of=np.repeat(np.arange(salvos.size), salvos["count"]),
        timeline=np.array([ticks(time) for time in timeline], dtype=np.int64),
    )
