"""Lowering of a raid: the records of a scenario and the links between them.

Layers get codes outermost first, batteries in the order of their layers; salvos, interceptors and
threat classes keep the scenario's order.
"""

import bisect
import itertools
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from leakthrough.engine import lower_channels, lower_reach
from leakthrough.engine.bounds import check_engagements, check_pairings
from leakthrough.engine.codes import NO_REACH, NO_WINDOW
from leakthrough.engine.labels import Unit, units_of
from leakthrough.engine.layout import NODE, RECORDS_OF
from leakthrough.engine.lower_chances import chance_parts, drawn_uses, use_parts
from leakthrough.engine.lower_parts import (
    Quantiles,
    fill,
    fixed_arrivals,
    is_delay_drawn,
)
from leakthrough.engine.lower_reach import Chance, Reaches
from leakthrough.engine.memory import end_of, locations_of, new_block
from leakthrough.engine.parts import (
    AimPointPart,
    AssetPart,
    BatteryPart,
    LandingPart,
    LayerPart,
    LinePart,
    MagazinePart,
    PairingPart,
    SalvoPart,
    StrikePart,
    TrackerPart,
    WindowPart,
)
from leakthrough.engine.tables import Tables
from leakthrough.model.defence import Battery, Layer
from leakthrough.model.discrete import ticks
from leakthrough.model.distributions import Distribution
from leakthrough.model.geometry import Path, Window, paths_of
from leakthrough.model.intercepts import is_fired
from leakthrough.model.quantiles import largest
from leakthrough.model.scenario import Scenario


def _ranges(sizes: Iterable[int]) -> list[range]:
    """Consecutive ranges of the given sizes."""
    stops = list(itertools.accumulate(sizes, initial=0))
    return [range(start, stop) for start, stop in itertools.pairwise(stops)]


def _preferences(scenario: Scenario, battery: Battery) -> dict[int, list[int]]:
    """Magazines of a battery in order of preference, by each salvo that it may engage."""
    kills = {weapon.name: weapon.kill_probability for weapon in scenario.interceptors}
    index = {magazine.interceptor: n for n, magazine in enumerate(battery.magazines)}
    found = {}
    for code, salvo in enumerate(scenario.salvos):
        if battery.axes and salvo.axis not in battery.axes:
            continue
        names = battery.doctrine.preference.get(salvo.threat, tuple(index))
        chances = [(index[name], kills[name].get(salvo.threat, 0.0)) for name in names]
        usable = [n for n, chance in chances if is_fired(chance, battery.doctrine.fire_above)]
        if usable:
            found[code] = usable
    return found


def _strikes(scenario: Scenario, salvos: Sequence[SalvoPart]) -> list[StrikePart]:
    assets = {asset.name: (code, asset) for code, asset in enumerate(scenario.assets)}
    return [
        StrikePart(part, *assets[part.salvo.target or ""]) for part in salvos if part.strike >= 0
    ]


class _Pass(NamedTuple):
    """One pass of a salvo's threats through the reach of a layer."""

    layer: int
    salvo: int
    number: int
    left: int  # later passes
    window: Window


def _passes(sites: Sequence[Layer], paths: Sequence[Path]) -> list[_Pass]:
    """All passes by layer, then by salvo, then in order; the codes of windows are their ranks."""
    return [
        _Pass(layer, salvo, number, len(windows) - 1 - number, window)
        for layer, site in enumerate(sites)
        for salvo, windows in enumerate(path.windows(site) for path in paths)
        for number, window in enumerate(windows)
    ]


class _Pair(NamedTuple):
    """A battery and a salvo that it may engage, in one pass."""

    window: int
    battery: int
    salvo: int
    magazines: list[int]  # in order of preference


def _pairs(
    scenario: Scenario,
    units: Sequence[Unit],
    magazines: Sequence[range],
    passes: Sequence[_Pass],
) -> list[_Pair]:
    """All pairs by window, and then by battery; their codes are their ranks."""
    preferences = {id(u.battery): _preferences(scenario, u.battery) for u in units}
    of_layer: dict[int, list[int]] = {}
    for b, unit in enumerate(units):
        of_layer.setdefault(unit.layer, []).append(b)
    check_pairings(sum(len(of_layer.get(own.layer, ())) for own in passes))
    return [
        _Pair(window, b, own.salvo, [magazines[b][n] for n in preferred])
        for window, own in enumerate(passes)
        for b in of_layer.get(own.layer, ())
        if (preferred := preferences[id(units[b].battery)].get(own.salvo))
    ]


def _salvos(
    scenario: Scenario,
    paths: Sequence[Path],
    legs: Sequence[range],
    pairs: Sequence[_Pair],
) -> list[SalvoPart]:
    threats = {threat.name: (code, threat) for code, threat in enumerate(scenario.threats)}
    priorities = {asset.name: asset.priority for asset in scenario.assets}
    engaging = Counter(salvo for salvo, _ in {(pair.salvo, pair.battery) for pair in pairs})
    strikes = itertools.count()
    found: list[SalvoPart] = []
    first = first_fired = 0
    for code, (salvo, path) in enumerate(zip(scenario.salvos, paths, strict=True)):
        threat_code, threat = threats[salvo.threat]
        count, own = salvo.count, engaging[code]
        number = largest(count) if isinstance(count, Distribution) else count
        strikes_it = salvo.target in priorities and not threat.decoy
        part = SalvoPart(
            code=code,
            salvo=salvo,
            threat=threat,
            threat_code=threat_code,
            number=number,
            first=first,
            pairings=own,
            first_fired=first_fired,
            path=path,
            priority=threat.priority + priorities.get(salvo.target or "", 0),
            legs=legs[code],
            strike=next(strikes) if strikes_it else -1,
        )
        found.append(part)
        first, first_fired = first + number, first_fired + number * own
    return found


def _landings(salvos: Sequence[SalvoPart], units: Sequence[Unit]) -> list[LandingPart]:
    """Landings that can destroy a battery, by battery; decoys cannot."""
    codes = {unit.name: b for b, unit in enumerate(units)}
    aimed = [
        LandingPart(part, codes[part.salvo.target])
        for part in salvos
        if part.salvo.target in codes and not part.threat.decoy
    ]
    return sorted(aimed, key=lambda landing: landing.battery)


def _windows(
    salvos: Sequence[SalvoPart],
    sites: Sequence[Layer],
    passes: Sequence[_Pass],
    pairs: Sequence[_Pair],
    batteries: Sequence[BatteryPart],
) -> list[WindowPart]:
    drawn = [is_delay_drawn(part) for part in batteries]
    pairings = Counter(pair.window for pair in pairs)
    ranges = _ranges(pairings[n] for n in range(len(passes)))
    return [
        WindowPart(
            *(salvos[own.salvo], sites[own.layer], own.layer, own.number, own.left, own.window),
            *(pairings_of, any(drawn[pairs[n].battery] for n in pairings_of)),
        )
        for own, pairings_of in zip(passes, ranges, strict=True)
    ]


def _layers(
    sites: Sequence[Layer], units: Sequence[Unit], salvos: Sequence[SalvoPart]
) -> list[LayerPart]:
    commands = {command: n for n, command in enumerate(dict.fromkeys(s.command for s in sites))}
    threats, trackers = sum(part.number for part in salvos), itertools.count()
    layer_of = [unit.layer for unit in units]
    return [
        LayerPart(
            *(code, site, own, own * threats),
            -1 if site.sensor.tracks is None else next(trackers),
            bisect.bisect_left(layer_of, code),
        )
        for code, site in enumerate(sites)
        for own in [commands[site.command]]
    ]


def _trackers(
    layers: Sequence[LayerPart],
    salvos: Sequence[SalvoPart],
    openings: Sequence[int],
    passes: Sequence[_Pass],
) -> tuple[list[TrackerPart], list[LinePart]]:
    """Layers with limited tracks, and their windows in the order in which threats are served."""
    tracked = [part for part in layers if part.tracker >= 0]
    threats = sum(part.number for part in salvos)
    lines = [[n for n in openings if passes[n].layer == part.code] for part in tracked]
    trackers = [
        TrackerPart(part.code, part.layer.sensor.tracks or 0, own, part.tracker * threats)
        for part, own in zip(tracked, _ranges(map(len, lines)), strict=True)
    ]
    return trackers, [LinePart(n) for n in itertools.chain.from_iterable(lines)]


def _pairings(
    salvos: Sequence[SalvoPart],
    units: Sequence[Unit],
    layers: Sequence[LayerPart],
    pairs: Sequence[_Pair],
) -> list[PairingPart]:
    slots: list[dict[int, int]] = [{} for _ in salvos]
    preferences, found = _ranges(len(pair.magazines) for pair in pairs), []
    for code, ((window, b, salvo, _), own) in enumerate(zip(pairs, preferences, strict=True)):
        slot = slots[salvo].setdefault(b, len(slots[salvo]))
        where = units[b], window, slot, own, layers[units[b].layer].first_image
        found.append(PairingPart(code, salvos[salvo], b, *where))
    return found


def _magazines(
    scenario: Scenario, units: Sequence[Unit], fireable: Sequence[range]
) -> list[MagazinePart]:
    codes = {interceptor.name: code for code, interceptor in enumerate(scenario.interceptors)}
    depots = {depot.name: code for code, depot in enumerate(scenario.depots)}
    classes, own, drawn = len(scenario.threats), iter(fireable), itertools.count()
    found: list[MagazinePart] = []
    for b, unit in enumerate(units):
        for magazine in unit.battery.magazines:
            code = codes[magazine.interceptor]
            rounds = magazine, scenario.interceptors[code], code
            time = next(drawn) if isinstance(magazine.reload_time, Distribution) else -1
            links = code * classes, depots.get(magazine.depot or "", -1), next(own)
            found.append(MagazinePart(len(found), *rounds, b, unit, *links, time))
    return found


def _batteries(
    units: Sequence[Unit],
    magazines: Sequence[MagazinePart],
    urgencies: Sequence[range],
    varying: Container[int],
    launches: Sequence[range],
    pools: Mapping[str, int],
) -> list[BatteryPart]:
    found = []
    ranges = _ranges(len(unit.battery.magazines) for unit in units)
    groups = itertools.accumulate(unit.member == 0 for unit in units)
    for b, (unit, group, own) in enumerate(zip(units, groups, ranges, strict=True)):
        drawn = any(isinstance(magazines[n].interceptor.flight_time, Distribution) for n in own)
        lists = own, urgencies[b], launches[b], pools.get(unit.battery.pool or "", -1)
        found.append(BatteryPart(b, unit, group - 1, *lists, drawn, b in varying))
    return found


def _launches(
    units: Sequence[Unit], pairs: Sequence[_Pair], salvos: Sequence[SalvoPart]
) -> list[range]:
    """Parts of the list of launches of the batteries."""
    engaging = {(pair.battery, pair.salvo) for pair in pairs}
    threats = Counter[int]()
    for b, salvo in engaging:
        threats[b] += salvos[salvo].number
    return _ranges(
        lower_channels.launches(unit.battery, threats[b]) for b, unit in enumerate(units)
    )


def _by_urgency(
    magazines: Sequence[range],
    pairs: Sequence[_Pair],
    passes: Sequence[_Pass],
    salvos: Sequence[SalvoPart],
) -> tuple[list[list[int]], list[list[int]]]:
    """Pairings of each battery, and windows in which each magazine's rounds may be fired.

    Both with the most urgent first. Of equal ones in a later pass, the threat has a lower number.
    """
    urgencies: list[list[int]] = [[] for _ in magazines]
    fireable: list[list[int]] = [[] for own in magazines for _ in own]

    def urgency(code: int) -> tuple[int, int, int]:
        salvo = pairs[code].salvo
        return -salvos[salvo].priority, salvo, -passes[pairs[code].window].number

    for code in sorted(range(len(pairs)), key=urgency):
        urgencies[pairs[code].battery].append(code)
        for magazine in pairs[code].magazines:
            fireable[magazine].append(pairs[code].window)
    return urgencies, fireable


def _chance(
    pair: _Pair,
    passes: Sequence[_Pass],
    units: Sequence[Unit],
    paths: Sequence[Path],
    sites: Sequence[Layer],
    magazines: Sequence[range],
) -> Chance:
    """What a pair may do in its window."""
    unit, own = units[pair.battery], passes[pair.window]
    carried, first = unit.battery.magazines, magazines[pair.battery].start
    names = [carried[code - first].interceptor for code in pair.magazines]
    return Chance(unit, paths[own.salvo], sites[own.layer], own.window, pair.window, names)


def _varying(pairs: Sequence[_Pair], reaches: Reaches) -> set[int]:
    """Batteries with a magazine whose flight or kill probability depends on where a threat is."""
    owners = (pair.battery for pair in pairs for _ in pair.magazines)
    return {b for b, code in zip(owners, reaches.of, strict=True) if code != NO_REACH}


def _openings(passes: Sequence[_Pass], salvos: Sequence[SalvoPart]) -> list[int]:
    """Windows in the order of their openings at one tick."""

    def order(code: int) -> tuple[int, int, int, int]:
        own = passes[code]
        return own.layer, -salvos[own.salvo].priority, own.salvo, -own.number

    return sorted(range(len(passes)), key=order)


def _first_windows(passes: Sequence[_Pass], layers: int, salvos: int) -> list[int]:
    """Window of the first pass of each salvo through each layer, by layer; or NO_WINDOW."""
    found = [NO_WINDOW] * (layers * salvos)
    for code, own in enumerate(passes):
        if own.number == 0:
            found[own.layer * salvos + own.salvo] = code
    return found


def _structure(
    scenario: Scenario,
) -> tuple[dict[str, Sequence[Any]], dict[str, list[int]]]:
    """Parts of a scenario for each kind of record, and lists of codes."""
    sites, paths = scenario.sites, paths_of(scenario)
    units, aim_points = units_of(sites), _ranges(asset.aim_points for asset in scenario.assets)
    codes = _ranges(len(unit.battery.magazines) for unit in units)
    passes = _passes(sites, paths)
    pairs = _pairs(scenario, units, codes, passes)
    legs = lower_reach.legs(scenario, paths)
    salvos = _salvos(scenario, paths, _ranges(map(len, legs)), pairs)
    kills, distances = lower_reach.kills(scenario)
    reaches = lower_reach.reaches(
        scenario, [_chance(p, passes, units, paths, sites, codes) for p in pairs]
    )
    lucky = any(max(s.threat.common_detection, s.threat.common_kill) > 0.0 for s in salvos)
    urgencies, fireable = _by_urgency(codes, pairs, passes, salvos)
    magazines = _magazines(scenario, units, _ranges(map(len, fireable)))
    pools, members = lower_channels.pools(scenario, units)
    pool_codes = {pool.name: code for code, pool in enumerate(scenario.pools)}
    batteries = _batteries(
        *(units, magazines, _ranges(map(len, urgencies)), _varying(pairs, reaches)),
        *(_launches(units, pairs, salvos), pool_codes),
    )
    layers, openings = _layers(sites, units, salvos), _openings(passes, salvos)
    trackers, lines = _trackers(layers, salvos, openings, passes)
    return (
        {
            "salvos": salvos,
            "chances": chance_parts(scenario),
            "lucks": salvos if lucky else [],
            "landings": _landings(salvos, units),
            "strikes": _strikes(scenario, salvos),
            "assets": [
                AssetPart(asset, own.start)
                for asset, own in zip(scenario.assets, aim_points, strict=True)
            ],
            "aim_points": [AimPointPart(n) for n, own in enumerate(aim_points) for _ in own],
            "windows": _windows(salvos, sites, passes, pairs, batteries),
            "sightings": passes if lucky else [],
            "layers": layers,
            "trackers": trackers,
            "lines": lines,
            "batteries": batteries,
            "pools": pools,
            "pairings": _pairings(salvos, units, layers, pairs),
            "magazines": magazines,
            "depots": scenario.depots,
            "reload_times": [part for part in magazines if part.reload_time >= 0],
            "kill_chances": kills,
            "legs": [*itertools.chain.from_iterable(legs)],
            "distances": distances,
            "reaches": reaches.parts,
            "spans": reaches.spans,
        },
        {
            "openings": openings,
            "preferences": [n for pair in pairs for n in pair.magazines],
            "reach_of": reaches.of,
            "urgencies": [*itertools.chain.from_iterable(urgencies)],
            "members": members,
            "fireable": [*itertools.chain.from_iterable(fireable)],
            "first_windows": _first_windows(passes, len(sites), len(salvos)),
        },
    )


def lower(scenario: Scenario, timeline: Sequence[float] = (), *, given: bool = False) -> Tables:
    """Turn a scenario into the arrays that the kernel reads.

    `timeline` has sample times [s], in order; with `given`, numbers of threats are decided before.
    Raises ValueError if quantiles cannot be computed, ScenarioError for too many engagements.
    """
    (parts, lists), quantiles = _structure(scenario), Quantiles()
    parts["givens"] = parts["salvos"] if given else []
    arrivals = fixed_arrivals(parts["salvos"])
    samples = np.array([ticks(time) for time in timeline], dtype=np.int64)
    uses = drawn_uses(scenario, parts)
    numbers = {"uses": len(uses)} | {name: len(own) for name, own in parts.items()}
    numbers["nodes"] = 2 << max(numbers["landings"] + numbers["windows"] - 1, 0).bit_length()
    lengths = {name: numbers[name] for name in RECORDS_OF}
    locations = locations_of(lengths | {name: len(own) for name, own in lists.items()})
    block, interceptors = new_block(end_of(locations)), len(scenario.interceptors)
    tables = Tables(block, locations, np.zeros(0), arrivals, samples, interceptors)
    parts["uses"] = use_parts(uses, parts["chances"], locations)
    for name, own in parts.items():
        fill(getattr(tables, name), RECORDS_OF[name], own, quantiles)
    NODE.start(tables.nodes)
    for name, codes in lists.items():
        getattr(tables, name)[...] = codes
    tables.quantiles = quantiles.joined()
    check_engagements(tables, [part.unit.name for part in parts["batteries"]])
    return tables
