"""Checks between the parts of a scenario: names are unique, and refer to something defined.

The checks also read malformed plain data, so that a wrong number and a misspelt name in one
document are reported together.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from leakthrough.model.defence import MOST_EQUAL, MOST_SITES, numbered
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import MOST_MISTAKES, Mistake, fields_of, label, nearest, shown
from leakthrough.model.places import MOST_AIM_POINTS as MOST_AT_AN_ASSET
from leakthrough.model.places import ORIGIN, as_point

Location = tuple[str | int, ...]
Table = Mapping[str, Any]
Part = tuple[Location, Table]
"""The location of a part of a scenario, and its fields."""
Place = tuple[float, float]

_LISTS = ("threats", "interceptors", "salvos", "layers", "assets", "pools", "depots")
_SHORTEST_ENGAGEMENT = 1e-6
MOST_BATTERIES = 1_000_000
"""At all sites."""
MOST_AIM_POINTS = 100_000
"""Of all assets together. Each replication resets them."""
MOST_CROSSINGS = 1_000_000
"""Straight parts of paths times sites. Each may give two windows; to lower them takes 32 s."""
MOST_CHASES = 10_000_000
"""Sites times squares of numbers of straight parts times interceptors that depend on distances,
since each pass is compared with each part of its path. To lower them takes 50 s."""


class _Known(NamedTuple):
    """Names that a scenario defines, in its order."""

    threats: dict[str, None]
    interceptors: dict[str, None]
    axes: dict[str, None]
    targets: dict[str, Place | None]
    pools: dict[str, None]
    depots: dict[str, Any]  # the interceptor of each


class _Site(NamedTuple):
    """A layer at one position; None if the position is malformed."""

    name: str
    position: Place | None
    batteries: list[str]


def mistakes_between(scenario: object) -> list[Mistake]:
    """Return the first mistakes between the parts of a scenario, with their locations."""
    return list(islice(_between(scenario), MOST_MISTAKES))


def _between(scenario: object) -> Iterator[Mistake]:
    fields = fields_of(scenario)
    parts = {what: [*_entries(fields, what)] for what in _LISTS}
    if large := [*_too_many(parts)]:
        yield from large
        return
    batteries = [own for loc, layer in parts["layers"] for own in _entries(layer, "batteries", loc)]
    axes, sites = _list(fields, "axes"), [*_sites(parts["layers"])]
    known = _Known(
        dict.fromkeys(_names(parts["threats"])),
        dict.fromkeys(_names(parts["interceptors"])),
        dict.fromkeys(_texts(axes or [salvo.get("axis") for _, salvo in parts["salvos"]])),
        {
            **{name: site.position for site in sites for name in site.batteries},
            **{
                asset["name"]: as_point(asset.get("position"))
                for _, asset in parts["assets"]
                if isinstance(asset.get("name"), str)
            },
        },
        dict.fromkeys(_names(parts["pools"])),
        {
            depot["name"]: depot.get("interceptor")
            for _, depot in parts["depots"]
            if isinstance(depot.get("name"), str)
        },
    )
    for what in _LISTS:
        yield from _duplicates((what,), _names(parts[what]))
    yield from _duplicates(("axes",), _texts(axes))
    yield from _duplicates(("layers",), (site.name for site in sites))
    yield from _repeated(batteries, sites, _names(parts["assets"]))
    for loc, salvo in parts["salvos"]:
        yield from unknown((*loc, "threat"), salvo.get("threat"), "a threat", known.threats)
        yield from unknown((*loc, "axis"), salvo.get("axis"), "an axis", known.axes)
        target, what = salvo.get("target"), "one battery or asset"
        yield from unknown((*loc, "target"), target, what, known.targets)
        place = ORIGIN if target is None else None
        if isinstance(target, str):
            place = known.targets.get(target)
        yield from _without_path(loc, salvo, place, sites)
    for loc, depot in parts["depots"]:
        name = depot.get("interceptor")
        yield from unknown((*loc, "interceptor"), name, "an interceptor", known.interceptors)
    for loc, interceptor in parts["interceptors"]:
        yield from _unknown_keys((*loc, "kill_probability"), interceptor, known)
    for loc, layer in parts["layers"]:
        for name in ("soft_kill", "outer_range", "inner_range"):
            yield from _unknown_keys((*loc, name), layer, known)
        sensor = fields_of(layer.get("sensor"))
        yield from _unknown_keys((*loc, "sensor", "detection"), sensor, known)
    weapons = {w["name"]: w for _, w in parts["interceptors"] if isinstance(w.get("name"), str)}
    for loc, battery in batteries:
        magazines = [*_entries(battery, "magazines", loc)]
        yield from _in_battery(loc, battery, magazines, known)
        yield from _infinite_loops(battery, magazines, weapons)


def _too_many(parts: Mapping[str, list[Part]]) -> Iterator[Mistake]:
    """Yield what would cost too much: few lines can describe many sites and long paths."""
    layers = parts["layers"]
    numbers = [max(len(_list(layer, "positions")), 1) for _, layer in layers]
    batteries = sum(
        number * sum(_count(own) for _, own in _entries(layer, "batteries"))
        for number, (_, layer) in zip(numbers, layers, strict=True)
    )
    if batteries > MOST_BATTERIES:
        text = f"must have at most {MOST_BATTERIES:,} batteries at all positions; got {batteries:,}"
        yield ("layers",), text
    points = [_number(own, "aim_points", MOST_AT_AN_ASSET) for _, own in parts["assets"]]
    if (number := sum(points)) > MOST_AIM_POINTS:
        text = f"must have at most {MOST_AIM_POINTS:,} aim points together; got {number:,}"
        yield ("assets",), text
    legs = [max(len(_list(own, "route")), 1) for _, own in parts["salvos"]]
    sites, chasing = sum(numbers), sum(_varies(own) for _, own in parts["interceptors"])
    chases = sites * chasing * sum(own**2 for own in legs)
    if sites * sum(legs) > MOST_CROSSINGS:
        text = f"must have at most {MOST_CROSSINGS:,} straight parts of paths times sites"
        yield ("salvos",), f"{text}; got {sum(legs):,} times {sites:,}"
    elif chases > MOST_CHASES:
        text = f"must have at most {MOST_CHASES:,} squares of numbers of straight parts of paths"
        text += " times sites times interceptors with a speed or probabilities by distance"
        yield ("salvos",), f"{text}; got {chases:,}"


def _varies(interceptor: Table) -> bool:
    """Whether flight or kill probabilities depend on distances."""
    chances = _table(interceptor, "kill_probability").values()
    by_distance = any("distance" in fields_of(own) for own in chances)
    return by_distance or interceptor.get("speed") is not None


def _list(table: Table, name: str) -> Sequence[Any]:
    found = table.get(name)
    return found if isinstance(found, list | tuple) else ()


def _table(owner: Table, name: str) -> Table:
    found = owner.get(name)
    return found if isinstance(found, Mapping) else {}


def _entries(table: Table, name: str, under: Location = ()) -> Iterator[Part]:
    for index, entry in enumerate(_list(table, name)):
        yield (*under, name, label(entry, index)), fields_of(entry)


def _texts(values: Iterable[Any]) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def _names(entries: Iterable[Part]) -> Iterator[str]:
    return _texts(entry.get("name") for _, entry in entries)


def unknown(loc: Location, name: object, what: str, known: Collection[str]) -> list[Mistake]:
    """Return the mistake that a name is none of those that are known, if so."""
    if not isinstance(name, str) or name in known:
        return []
    return [(loc, f"{shown(name)} is not the name of {what}{nearest(name, known)}")]


def _unknown_keys(loc: Location, owner: Table, known: _Known) -> list[Mistake]:
    table = _table(owner, str(loc[-1]))
    return [wrong for key in table for wrong in unknown(loc, key, "a threat", known.threats)]


def _in_battery(
    loc: Location, battery: Table, magazines: list[Part], known: _Known
) -> Iterator[Mistake]:
    carried = [magazine.get("interceptor") for _, magazine in magazines]
    for (where, _), name in zip(magazines, carried, strict=True):
        yield from unknown((*where, "interceptor"), name, "an interceptor", known.interceptors)
    yield from unknown((*loc, "pool"), battery.get("pool"), "a pool", known.pools)
    for where, magazine in magazines:
        yield from _without_depot((*where, "depot"), magazine, known)
    for axis in _list(battery, "axes"):
        yield from unknown((*loc, "axes"), axis, "an axis", known.axes)
    doctrine = fields_of(battery.get("doctrine"))
    yield from _unknown_keys((*loc, "doctrine", "salvo_size"), doctrine, known)
    yield from _unknown_keys((*loc, "doctrine", "preference"), doctrine, known)
    preference, held = _table(doctrine, "preference"), dict.fromkeys(_texts(carried))
    for threat in preference:
        where = (*loc, "doctrine", "preference", threat)
        yield from _duplicates(where, _texts(_list(preference, threat)), "names more than once")
        for name in _list(preference, threat):
            yield from unknown(where, name, "a magazine of this battery", held)


def _without_depot(loc: Location, magazine: Table, known: _Known) -> Iterator[Mistake]:
    """Yield the mistake that a magazine names no depot, or one of another interceptor."""
    depot, own = magazine.get("depot"), magazine.get("interceptor")
    yield from unknown(loc, depot, "a depot", known.depots)
    held = known.depots.get(depot) if isinstance(depot, str) else None
    if isinstance(held, str) and isinstance(own, str) and held != own:
        yield loc, f"must be a depot of {shown(own)}; {shown(depot)} holds {shown(held)}"


def _repeated(
    batteries: list[Part], sites: list[_Site], assets: Iterable[str]
) -> Iterator[Mistake]:
    for loc, battery in batteries:
        carried = (magazine.get("interceptor") for _, magazine in _entries(battery, "magazines"))
        yield from _duplicates((*loc, "magazines"), _texts(carried))
    single = [name for site in sites for name in site.batteries]
    for names in (_names(batteries), single):  # those in paths, and those in results
        yield from _duplicates(("layers",), names, "more than one battery is called")
    both = {*single}.intersection(assets)
    yield from ((("assets", name), f"a battery is called {shown(name)} too") for name in both)


def _sites(layers: Iterable[Part]) -> Iterator[_Site]:
    """Yield the single sites of all layers, with the names of their batteries."""
    for loc, layer in layers:
        name, positions = layer.get("name"), _list(layer, "positions")[:MOST_SITES]
        batteries = [own for _, own in _entries(layer, "batteries", loc)]
        names = numbered(name, max(len(positions), 1)) if isinstance(name, str) else ()
        for number, own in enumerate(names):
            place = as_point(positions[number] if positions else layer.get("position", ORIGIN))
            at = f"@{own}" if len(positions) > 1 else ""
            yield _Site(own, place, [name for b in batteries for name in _members(b, at)])


def _without_path(
    loc: Location, salvo: Table, target: Place | None, sites: list[_Site]
) -> Iterator[Mistake]:
    """Yield the mistake that a salvo has no path, although not all layers stand at its target."""
    if salvo.get("bearing") is not None or salvo.get("route") or target is None:
        return
    for site in sites:
        if site.position not in (None, target):
            where = f"layer {shown(site.name)} is at {_shown(site.position)}"
            text = f"must be given, or a route: {where}, and the target at {_shown(target)}"
            yield (*loc, "bearing"), text
            return


def _shown(place: Place | None) -> str:
    return "nowhere" if place is None else f"({place[0]:g}, {place[1]:g})"


def _members(battery: Table, at: str = "") -> Iterator[str]:
    """Yield the names of the single batteries of a `Battery`; `at` is added for equal sites."""
    name, count = battery.get("name"), _count(battery)
    if isinstance(name, str):
        yield from numbered(name + at, count)


def _count(battery: Table) -> int:
    """Number of the single batteries of a `Battery`; 0 if it is malformed."""
    return _number(battery, "count", MOST_EQUAL)


def _number(table: Table, name: str, most: int) -> int:
    """A whole number, by default 1; 0 if it is malformed."""
    number = table.get(name)
    if number is None:
        return 1
    return number if type(number) is int and 0 <= number <= most else 0


def _duplicates(
    loc: Location, names: Iterable[str], text: str = "more than one is called"
) -> Iterator[Mistake]:
    for name, times in Counter(names).items():
        if times > 1:
            yield loc, f"{text} {shown(name)}"


def _infinite_loops(
    battery: Table, magazines: list[Part], weapons: Mapping[str | int, Table]
) -> Iterator[Mistake]:
    """Yield the infinite magazines whose engagements take no time, so that a raid never ends."""
    if fields_of(battery.get("doctrine")).get("max_salvos") is not None:
        return
    for where, magazine in magazines:
        weapon = weapons.get(where[-1], {})  # the label of a magazine is its interceptor
        times = [_longest(battery, "reaction_time"), _longest(battery, "assessment_time")]
        duration = sum(times) + _longest(weapon, "flight_time")
        infinite = magazine.get("rounds") in ("infinite", float("inf"))
        if infinite and _kills(weapon) and duration < _SHORTEST_ENGAGEMENT:
            needed = f"an engagement takes at least {_SHORTEST_ENGAGEMENT:g} s or max_salvos is set"
            yield (*where, "rounds"), f"may be infinite only if {needed}: it would fire forever"


def _longest(table: Table, name: str) -> float:
    """Return the largest value of a time, cut to 1 s; also 1 s, which is enough, if malformed."""
    time = table.get(name)
    if time is None:
        return 0.0
    if isinstance(time, Distribution):
        time = time.support()[1]
    # A malformed time may be an integer that is too large for a float, or too small.
    return min(time, 1.0) if isinstance(time, int | float) and time >= 0 else 1.0


def _kills(interceptor: Table) -> bool:
    values = _table(interceptor, "kill_probability").values()
    return any(isinstance(value, Distribution) or value != 0 for value in values)
