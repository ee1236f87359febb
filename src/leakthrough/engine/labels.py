"""The names that the engine's codes represent, and the order of the codes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from leakthrough.model.chances import uncertain_chances
from leakthrough.model.defence import Battery, Interceptor, Layer
from leakthrough.model.scenario import Salvo, Scenario, Threat


class Labels(NamedTuple):
    """Names in the order of their codes, and costs [currency; NaN if not given]."""

    salvos: tuple[str, ...]
    threats: tuple[str, ...]  # of each salvo
    decoys: tuple[bool, ...]  # of each salvo
    threat_costs: tuple[float, ...]  # of each salvo
    classes: tuple[str, ...]  # of threats
    layers: tuple[str, ...]
    tracked: tuple[bool, ...]  # whether each layer can hold only so many threats
    groups: tuple[str, ...]  # of equal batteries, in the order of the layers
    batteries: tuple[str, ...]
    layer_of: tuple[str, ...]  # of each battery
    interceptors: tuple[str, ...]
    round_costs: tuple[float, ...]  # of each interceptor
    assets: tuple[str, ...]
    asset_values: tuple[float, ...]
    aim_points: tuple[int, ...]  # of each asset
    targets: tuple[str, ...]  # of each salvo; empty: none
    pools: tuple[str, ...] = ()
    pool_channels: tuple[int, ...] = ()  # of each pool
    depots: tuple[str, ...] = ()
    depot_rounds: tuple[int, ...] = ()  # of each depot, at the start
    interceptor_of: tuple[str, ...] = ()  # of each depot
    raid_kinds: tuple[str, ...] = ()  # of a pattern of raids
    threat_stocks: tuple[str, ...] = ()  # threat classes of which the attacker has a stock
    users: tuple[str, ...] = ()  # others, of the stocks of a campaign
    chances: tuple[str, ...] = ()  # probabilities that are distributions, but kill probabilities


class Unit(NamedTuple):
    """A single battery, after expansion of `Battery.count`."""

    name: str
    member: int
    layer: int
    battery: Battery


def units_of(layers: Sequence[Layer]) -> list[Unit]:
    """Single batteries in the order of their layers."""
    return [
        Unit(name, member, code, battery)
        for code, layer in enumerate(layers)
        for battery in layer.batteries
        for member, name in enumerate(battery.names)
    ]


def label(scenario: Scenario, salvos: Sequence[Salvo] | None = None) -> Labels:
    """Names of the codes of `lower(scenario)`; or with other salvos, those of a campaign."""
    salvos = scenario.salvos if salvos is None else salvos
    layers = scenario.sites
    units = units_of(layers)
    threats = {threat.name: threat for threat in scenario.threats}
    return Labels(
        salvos=tuple(salvo.name for salvo in salvos),
        threats=tuple(salvo.threat for salvo in salvos),
        decoys=tuple(threats[salvo.threat].decoy for salvo in salvos),
        threat_costs=tuple(_cost(threats[salvo.threat]) for salvo in salvos),
        classes=tuple(threats),
        layers=tuple(layer.name for layer in layers),
        tracked=tuple(layer.sensor.tracks is not None for layer in layers),
        groups=tuple(battery.name for layer in layers for battery in layer.batteries),
        batteries=tuple(unit.name for unit in units),
        layer_of=tuple(layers[unit.layer].name for unit in units),
        interceptors=tuple(interceptor.name for interceptor in scenario.interceptors),
        round_costs=tuple(map(_cost, scenario.interceptors)),
        assets=tuple(asset.name for asset in scenario.assets),
        asset_values=tuple(asset.value for asset in scenario.assets),
        aim_points=tuple(asset.aim_points for asset in scenario.assets),
        targets=tuple(salvo.target or "" for salvo in salvos),
        depots=tuple(depot.name for depot in scenario.depots),
        depot_rounds=tuple(depot.rounds for depot in scenario.depots),
        interceptor_of=tuple(depot.interceptor for depot in scenario.depots),
        chances=tuple(map(".".join, uncertain_chances(scenario))),
        pools=tuple(pool.name for pool in scenario.pools),
        pool_channels=tuple(pool.channels for pool in scenario.pools),
    )


def _cost(part: Threat | Interceptor) -> float:
    return math.nan if part.cost is None else part.cost
