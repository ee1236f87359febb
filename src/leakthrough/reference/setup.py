"""Setup of a raid: layers, batteries, and threats with their arrivals."""

import math
from collections.abc import Mapping, Sequence

from leakthrough.model import defence
from leakthrough.model import scenario as model
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.discrete import TICKS_A_SECOND, ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.geometry import Window, paths_of
from leakthrough.model.places import Asset
from leakthrough.reference.draws import RaidDraws, quantile, uniform
from leakthrough.reference.entities import (
    AimPoint,
    Battery,
    Depot,
    FiringSpans,
    Image,
    Magazine,
    MagazineState,
    Pool,
    Threat,
)

MagazineStates = Mapping[tuple[str, str], MagazineState]
"""By the names of the battery and of the interceptor."""
Depots = Mapping[str, Depot]
"""By name."""
AimPoints = Mapping[str, Sequence[AimPoint]]
"""By the name of the asset."""


# ---------------------------------------------------------------- batteries


def batteries_of(
    layers: Sequence[defence.Layer],
    interceptors: Sequence[defence.Interceptor],
    pools: Mapping[str, Pool],
    states: MagazineStates | None,
    lost: set[str],
    depots: Depots,
) -> list[Battery]:
    """Single batteries in the order of layers, with the state that earlier raids left, if any."""
    batteries: list[Battery] = []
    for layer in layers:
        for spec in layer.batteries:
            for member, name in enumerate(spec.names):
                own = magazines_of(spec, member, interceptors, states, depots)
                order, channels = len(batteries), (spec.channels, pools.get(spec.pool or ""))
                batteries.append(
                    Battery(spec, name, member, layer, order, own, *channels, name in lost)
                )
    return batteries


def magazines_of(
    battery: defence.Battery,
    member: int,
    interceptors: Sequence[defence.Interceptor],
    states: MagazineStates | None,
    depots: Depots,
) -> list[Magazine]:
    """Magazines of one battery, in the order of listing."""
    by_name = {interceptor.name: interceptor for interceptor in interceptors}
    owner, name = (battery.name, member), battery.names[member]
    magazines = []
    for order, spec in enumerate(battery.magazines):
        depot = depots.get(spec.depot or "")
        new = MagazineState(spec, spec.rounds, spec.most_reloads, depot, owner)
        state = new if states is None else states[name, spec.interceptor]
        weapon = by_name[spec.interceptor]
        magazines.append(Magazine(**vars(state), interceptor=weapon, order=order))
    return magazines


def depots_of(scenario: model.Scenario) -> Depots:
    """Depots before the first raid."""
    return {depot.name: Depot(depot, depot.rounds) for depot in scenario.depots}


# ---------------------------------------------------------------- assets


def aim_points_of(assets: Sequence[Asset]) -> AimPoints:
    """Aim points before the first raid: all are up."""
    return {asset.name: [AimPoint() for _ in range(asset.aim_points)] for asset in assets}


# ---------------------------------------------------------------- threats


def threats_of(
    scenario: model.Scenario, draws: RaidDraws, counts: Mapping[str, int]
) -> list[Threat]:
    """Every threat with its windows, in the order of salvos, and in each in order of arrival."""
    kinds = {kind.name: kind for kind in scenario.threats}
    priorities = {asset.name: asset.priority for asset in scenario.assets}
    sites = scenario.sites
    threats: list[Threat] = []
    for salvo, path in zip(scenario.salvos, paths_of(scenario), strict=True):
        kind, count = kinds[salvo.threat], counts.get(salvo.name, threat_count(salvo, draws))
        priority = kind.priority + priorities.get(salvo.target or "", 0)
        passes = {site.name: path.windows(site) for site in sites}
        spans: FiringSpans = {}
        for number, arrival in enumerate(arrivals(salvo, count, draws)):
            windows = {
                site: [Window(arrival + own.opening, arrival + own.closing) for own in found]
                for site, found in passes.items()
            }
            target = arrival + path.duration
            of_path = path, arrival, spans
            order, images = len(threats), {site.command: Image() for site in sites}
            known = windows, target, priority, *of_path, images
            threats.append(Threat(salvo, kind, number, order, *known))
    return threats


def threat_count(salvo: model.Salvo, draws: RaidDraws) -> int:
    """Number of threats of a salvo; drawn once in a raid if it has a distribution."""
    if not isinstance(salvo.count, Distribution):
        return salvo.count
    integer = draws.draw(("size", salvo.name))[0]
    return quantile(salvo.count, 1, uniform(integer))


def arrivals(salvo: model.Salvo, count: int, draws: RaidDraws) -> list[int]:
    """Arrival ticks in order; exponential sums over their total are sorted uniform numbers."""
    arrival = salvo.arrival
    if isinstance(arrival, At):
        return [ticks(arrival.time)] * count
    if isinstance(arrival, Times):
        return sorted(ticks(time) for time in arrival.times)[:count]
    if isinstance(arrival, Regular):
        return [ticks(arrival.start + n * arrival.interval) for n in range(count)]
    sums = draws.exponentials(("arrival", salvo.name), count + 1)
    if isinstance(arrival, Poisson):
        start, mean = arrival.start * TICKS_A_SECOND, TICKS_A_SECOND / arrival.rate
        return [math.floor(start + total * mean + 0.5) for total in sums[:-1]]
    shares = [total / sums[-1] for total in sums[:-1]]
    if isinstance(arrival, Uniform):
        start = arrival.start * TICKS_A_SECOND
        length = (arrival.stop - arrival.start) * TICKS_A_SECOND
        return [math.floor(start + share * length + 0.5) for share in shares]
    return [quantile(arrival, TICKS_A_SECOND, share) for share in shares]
