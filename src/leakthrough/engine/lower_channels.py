"""Lowering of channels: pools, launches with an interval, and layers that ask their batteries."""

from collections.abc import Sequence

from leakthrough.engine.labels import Unit
from leakthrough.engine.parts import PoolPart
from leakthrough.model.defence import Battery, KillProbability, Layer
from leakthrough.model.discrete import threshold
from leakthrough.model.distributions import Distribution
from leakthrough.model.intercepts import mean_of
from leakthrough.model.scenario import Scenario


def pools(scenario: Scenario, units: Sequence[Unit]) -> tuple[list[PoolPart], list[int]]:
    """The pools, and the batteries of each, one pool after another."""
    parts: list[PoolPart] = []
    members: list[int] = []
    for pool in scenario.pools:
        first = len(members)
        members += [b for b, unit in enumerate(units) if unit.battery.pool == pool.name]
        parts.append(PoolPart(pool, range(first, len(members))))
    return parts, members


def launches(battery: Battery, threats: int) -> int:
    """Engagements whose launches matter at once: one for each threat, and one that is over."""
    return threats + 1 if battery.launch_interval > 0.0 else 0


def mean_threshold(chance: KillProbability) -> int:
    """Threshold of the mean of a probability that is drawn; 0 for others."""
    return threshold(mean_of(chance)) if isinstance(chance, Distribution) else 0


def is_ruled(battery: Battery) -> bool:
    """Whether its channels or launches follow more than the rule of a channel to the assessment."""
    held = battery.channel_hold != "assessment"
    return held or battery.pool is not None or battery.launch_interval > 0.0


def asks(layer: Layer) -> bool:
    """Whether its batteries are asked one by one which fires first, by `kernel.selection`."""
    shared = (own.pool is not None or own.launch_interval > 0.0 for own in layer.batteries)
    return layer.selection != "most_rounds" or any(shared)
