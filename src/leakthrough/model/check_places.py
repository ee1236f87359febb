"""Rules that find what is valid but makes no sense in positions, paths and assets."""

import math
from collections.abc import Callable, Iterator

from leakthrough.model.cases import Case, Findings
from leakthrough.model.defence import Layer
from leakthrough.model.findings import Finding
from leakthrough.model.places import ORIGIN, Asset, Point
from leakthrough.model.scenario import Salvo

_CLOSE, _LONG_RANGE, _LITTLE = 1e3, 5e3, 0.1
"""Positions within so many metres, and that share of ranges of so many metres, are probably km."""
_LARGEST_ANGLE = 2.0 * math.pi + 0.02
_INSIDE = 1e-3
"""Distance [m] by which a path must begin within a range."""
_SHOWN = 3


# ---------------------------------------------------------------- paths and sites


def _unreached_salvos(case: Case) -> Findings:
    met = {place for _, place in case.reaches}
    for attack in case.attacks if case.is_small and case.scenario.layers else ():
        if attack.place not in met:
            what = "its path does not come into the reach of any layer"
            yield Finding(attack.place, what, "nothing can stop it")


def _unreached_sites(case: Case) -> Findings:
    for layer in case.scenario.layers if case.attacks and case.is_small else ():
        if not layer.sensor.availability or not (layer.batteries or layer.soft_kill):
            continue
        reaches = [case.reaches.get((layer.name, attack.place)) for attack in case.attacks]
        reached = {name for reach in reaches if reach for name in reach.sites}
        names, place = [site.name for site in layer.sites], f"{case.under}layers.{layer.name}"
        idle = [name for name in names if name not in reached]
        if not reached:
            yield Finding(place, "no path comes into its reach", "it does nothing")
        elif idle:
            more = ", ..." if len(idle) > _SHOWN else ""
            what = f"no path comes into the reach of {len(idle)} of {len(names)}"
            listed = f"({', '.join(idle[:_SHOWN])}{more})"
            yield Finding(f"{place}.positions", f"{what} {listed}", "they do nothing")


def _late_starts(case: Case) -> Findings:
    """Paths that begin within the reach of a layer; equal ones are said once."""
    said: set[str] = set()
    for salvo, place in case.places.items() if case.is_small else ():
        if salvo.route or salvo.start_range is not None:
            field = "route" if salvo.route else "start_range"
            name = next((own.name for own in case.scenario.layers if _holds(own, salvo, case)), "")
            begins = "begins" if salvo.route else f"is {salvo.start_range:g} m,"
            what = f"{begins} within the reach of layer {name}"
            if name and what not in said:
                said.add(what)
                why = "the window opens at once, and is shorter than it could be"
                yield Finding(f"{place}.{field}", what, why)


def _holds(layer: Layer, salvo: Salvo, case: Case) -> bool:
    """Whether the path of a salvo begins within the reach of a layer."""
    outer, inner = layer.outer_range_for(salvo.threat), layer.inner_range_for(salvo.threat)
    start = case.paths[salvo].at(0.0)
    distances = (math.dist(start, place) for place in layer.positions or (layer.position,))
    return outer is not None and any(inner <= own < outer - _INSIDE for own in distances)


def _kilometres(case: Case) -> Findings:
    """Positions that are so close to each other, compared with the ranges, that they are in km."""
    named = [*_positions(case)]
    extent = max((math.hypot(*point) for _, point in named), default=0.0)
    least = min((layer.largest_range for layer in case.scenario.layers), default=0.0)
    if 0.0 < extent < min(_CLOSE, _LITTLE * least) and least >= _LONG_RANGE:
        place = next(place for place, point in named if point != ORIGIN)
        what = f"all positions are within {math.ceil(extent):,} m of the origin"
        why = f"every layer reaches {least:,g} m or more; positions are in metres"
        yield Finding(place, what, why)


def _positions(case: Case) -> Iterator[tuple[str, Point]]:
    """Yield all positions of a scenario, each with the path of the field that holds it."""
    for layer in case.scenario.layers:
        field = "positions" if layer.positions else "position"
        place = f"{case.under}layers.{layer.name}.{field}"
        yield from ((place, point) for point in layer.positions or [layer.position])
    for asset in case.scenario.assets:
        yield f"{case.under}assets.{asset.name}.position", asset.position
    for salvo, place in case.places.items():
        yield from ((f"{place}.route", point) for point in salvo.route)


def _radians(case: Case) -> Findings:
    given = [(place, own.bearing) for own, place in case.places.items() if own.bearing is not None]
    if max((bearing for _, bearing in given), default=math.inf) > _LARGEST_ANGLE:
        return
    for place, bearing in given:
        if not bearing.is_integer():
            what = f"is {bearing:g}, and no bearing is above {_LARGEST_ANGLE:.1f}"
            why = "all threats come from the north; bearings are in degrees"
            yield Finding(f"{place}.bearing", what, why)
            return


# ---------------------------------------------------------------- targets


def _harmless_aim(case: Case) -> Findings:
    """Salvos that do not harm what they aim at. Decoys may fly at an asset as they do anywhere."""
    threats = {threat.name: threat for threat in case.scenario.threats}
    assets = {asset.name for asset in case.scenario.assets}
    for salvo, place in case.places.items():
        threat, without = threats[salvo.threat], threats[salvo.threat].lethality == 0.0
        if salvo.target in assets and without and not threat.decoy:
            what = f"{threat.name} has lethality 0"
            yield Finding(f"{place}.target", what, "it does no damage")
        elif salvo.target not in {None, *assets} and (threat.decoy or without):
            what = f"{threat.name} is a decoy or has lethality 0"
            yield Finding(f"{place}.target", what, "it destroys no battery")


def _assets(case: Case) -> Findings:
    aimed = {salvo.target for salvo in case.places}
    assets = case.scenario.assets
    if case.attacks and assets and not any(asset.name in aimed for asset in assets):
        yield Finding(f"{case.under}assets", "no salvo aims at any", "nothing is hit")
        aimed.update(asset.name for asset in assets)
    for asset in assets:
        place = f"{case.under}assets.{asset.name}"
        if case.attacks and asset.name not in aimed:
            yield Finding(place, "no salvo aims at it, but at others", "it is never hit")
        yield from (Finding(f"{place}.{field}", *text) for field, *text in _of_asset(asset, case))


def _of_asset(asset: Asset, case: Case) -> Iterator[tuple[str, str, str]]:
    """Yield fields of an asset without effect, what is odd about them, and why."""
    if asset.hardness == 1.0:
        yield "hardness", "is 1", "no hit does any damage"
    if asset.value == 0.0 and asset.aim_points > 1:
        what = f"is 0, but it has {asset.aim_points:,} aim points"
        yield "value", what, "their loss counts for nothing"
    if asset.repair_time is not None and case.number == 1:
        yield "repair_time", "there is only one raid", "nothing is repaired"


RULES: tuple[Callable[[Case], Findings], ...] = (
    *(_unreached_salvos, _unreached_sites, _late_starts, _kilometres, _radians),
    *(_harmless_aim, _assets),
)
