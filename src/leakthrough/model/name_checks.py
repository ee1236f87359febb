"""Checks between the parts of a scenario: names are unique, and refer to something defined.

The checks also read malformed plain data, so that a wrong number and a misspelt name in one
document are reported together.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from leakthrough.model.defence import MOST_SITES
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import MOST_MISTAKES, Mistake, fields_of, label, nearest, shown
from leakthrough.model.places import ORIGIN

Location = tuple[str | int, ...]
Table = Mapping[str, Any]
Part = tuple[Location, Table]
"""The location of a part of a scenario, and its fields."""
Place = tuple[Any, ...]
"""A position, as it is given."""

_LISTS = ("threats", "interceptors", "salvos", "layers", "assets")
_SHORTEST_ENGAGEMENT = 1e-6


class _Known(NamedTuple):
    """Names that a scenario defines, in its order."""

    threats: dict[str, None]
    interceptors: dict[str, None]
    axes: dict[str, None]
    targets: dict[str, Place | None]


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
    batteries = [own for loc, layer in parts["layers"] for own in _entries(layer, "batteries", loc)]
    axes, sites = _list(fields, "axes"), [*_sites(parts["layers"])]
    known = _Known(
        dict.fromkeys(_names(parts["threats"])),
        dict.fromkeys(_names(parts["interceptors"])),
        dict.fromkeys(_texts(axes or [salvo.get("axis") for _, salvo in parts["salvos"]])),
        {
            **{name: site.position for site in sites for name in site.batteries},
            **{asset["name"]: _place(asset, None) for _, asset in _named(parts["assets"])},
        },
    )
    for what in _LISTS:
        names = (site.name for site in sites) if what == "layers" else _names(parts[what])
        yield from _duplicates((what,), names)
    yield from _duplicates(("axes",), _texts(axes))
    yield from _repeated(batteries, sites, _names(parts["assets"]))
    for loc, salvo in parts["salvos"]:
        yield from unknown((*loc, "threat"), salvo.get("threat"), "a threat", known.threats)
        yield from unknown((*loc, "axis"), salvo.get("axis"), "an axis", known.axes)
        target, what = salvo.get("target"), "one battery or asset"
        yield from unknown((*loc, "target"), target, what, known.targets)
        place = ORIGIN if target is None else known.targets.get(str(target))
        yield from _without_path(loc, salvo, place, sites)
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


def _repeated(
    batteries: list[Part], sites: list[_Site], assets: Iterable[str]
) -> Iterator[Mistake]:
    for loc, battery in batteries:
        carried = (magazine.get("interceptor") for _, magazine in _entries(battery, "magazines"))
        yield from _duplicates((*loc, "magazines"), _texts(carried))
    # The names of batteries in paths, and in results.
    single = [name for site in sites for name in site.batteries]
    groups = [name for name in _names(batteries) if name not in {*single}]
    yield from _duplicates(("layers",), [*groups, *single], "more than one battery is called")
    both = {*single}.intersection(assets)
    yield from ((("assets", name), f"a battery is called {shown(name)} too") for name in both)


def _sites(layers: Iterable[Part]) -> Iterator[_Site]:
    """Yield the single sites of all layers, with the names of their batteries."""
    for loc, layer in layers:
        name, positions = layer.get("name"), _list(layer, "positions")[:MOST_SITES]
        batteries = [own for _, own in _entries(layer, "batteries", loc)]
        names = [*_texts([name])] * max(len(positions), 1)
        if len(positions) > 1:
            names = [f"{own}-{number}" for number, own in enumerate(names, start=1)]
        for number, own in enumerate(names):
            place = _place({"position": positions[number]} if positions else layer, ORIGIN)
            at = f"@{own}" if len(positions) > 1 else ""
            yield _Site(own, place, [name for b in batteries for name in _members(b, at)])


def _place(table: Table, default: Place | None) -> Place | None:
    """Return a position; None if it is malformed."""
    found = table.get("position", default)
    return tuple(found) if isinstance(found, tuple | list) else None


def _named(entries: Iterable[Part]) -> Iterator[Part]:
    return ((loc, entry) for loc, entry in entries if isinstance(entry.get("name"), str))


def _without_path(
    loc: Location, salvo: Table, target: Place | None, sites: list[_Site]
) -> Iterator[Mistake]:
    """Yield the mistake that a salvo has no path, although not all layers stand at its target."""
    if salvo.get("bearing") is not None or salvo.get("route") or target is None:
        return
    apart = [s for s in sites if s.position is not None and s.position != target]
    if apart:
        where = f"layer {shown(apart[0].name)} stands at {shown(apart[0].position)}"
        text = f"must be given, or a route: {where}, and the target at {shown(target)}"
        yield (*loc, "bearing"), text


def _members(battery: Table, at: str = "") -> Iterator[str]:
    """Yield the names of the single batteries of a `Battery`; `at` is added for equal sites."""
    name, count = battery.get("name"), battery.get("count")
    if isinstance(name, str) and (count is None or count == 1):
        yield name + at
    elif isinstance(name, str) and type(count) is int and 1 < count <= 10_000:
        yield from (f"{name}{at}-{number}" for number in range(1, count + 1))


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
    # A malformed time may be an integer that is too large for a float.
    return min(time, 1.0) if isinstance(time, int | float) else 1.0


def _kills(interceptor: Table) -> bool:
    values = _table(interceptor, "kill_probability").values()
    return any(isinstance(value, Distribution) or value != 0 for value in values)
