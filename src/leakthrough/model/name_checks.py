"""Checks between the parts of a scenario: names are unique, and refer to something defined.

The checks read a scenario or the plain data of one that may be malformed, so that a document
with a wrong number and a misspelt name hears of both at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import Mistake, fields_of, label, nearest, shown

Place = tuple[str | int, ...]
Table = Mapping[str, Any]
Step = tuple[Place, Table]
"""The fields of a part of a scenario, and where it is."""

_SHORTEST_ENGAGEMENT = 1e-6


class _Parts(NamedTuple):
    """The parts of a scenario."""

    threats: list[Step]
    interceptors: list[Step]
    salvos: list[Step]
    layers: list[Step]
    batteries: list[Step]
    axes: Sequence[Any]


class _Known(NamedTuple):
    """Names that a scenario defines, in its order."""

    threats: list[str]
    interceptors: list[str]
    axes: list[str]
    batteries: list[str]


def mistakes_between(scenario: object) -> list[Mistake]:
    """Return the mistakes between the parts of a scenario, with their places."""
    parts = _parts(fields_of(scenario))
    known = _known(parts)
    found = [*_repeated(parts)]
    for place, salvo in parts.salvos:
        found += _unknown((*place, "threat"), salvo.get("threat"), "a threat", known.threats)
        found += _unknown((*place, "axis"), salvo.get("axis"), "an axis", known.axes)
        found += _unknown((*place, "target"), salvo.get("target"), "one battery", known.batteries)
    for place, interceptor in parts.interceptors:
        found += _unknown_keys((*place, "kill_probability"), interceptor, known)
    for place, layer in parts.layers:
        found += _unknown_keys((*place, "soft_kill"), layer, known)
        sensor = fields_of(layer.get("sensor"))
        found += _unknown_keys((*place, "sensor", "detection"), sensor, known)
    weapons = {w["name"]: w for _, w in parts.interceptors if isinstance(w.get("name"), str)}
    for place, battery in parts.batteries:
        magazines = [*_entries(battery, "magazines", place)]
        found += _in_battery(place, battery, magazines, known)
        found += _endless(battery, magazines, weapons)
    return found


def _parts(scenario: Table) -> _Parts:
    lists = ("threats", "interceptors", "salvos", "layers")
    threats, interceptors, salvos, layers = ([*_entries(scenario, name)] for name in lists)
    batteries = [step for place, layer in layers for step in _entries(layer, "batteries", place)]
    return _Parts(threats, interceptors, salvos, layers, batteries, _list(scenario, "axes"))


def _known(parts: _Parts) -> _Known:
    axes = parts.axes or [salvo.get("axis") for _, salvo in parts.salvos]
    return _Known(
        [*_names(parts.threats)],
        [*_names(parts.interceptors)],
        list(dict.fromkeys(axis for axis in axes if isinstance(axis, str))),
        [name for _, battery in parts.batteries for name in _members(battery)],
    )


def _list(table: Table, name: str) -> Sequence[Any]:
    found = table.get(name)
    return found if isinstance(found, list | tuple) else ()


def _entries(table: Table, name: str, under: Place = ()) -> Iterator[Step]:
    for index, entry in enumerate(_list(table, name)):
        yield (*under, name, label(entry, index)), fields_of(entry)


def _names(entries: Iterable[Step]) -> Iterator[str]:
    for _, entry in entries:
        if isinstance(name := entry.get("name"), str):
            yield name


def _unknown(place: Place, name: object, what: str, known: list[str]) -> list[Mistake]:
    if not isinstance(name, str) or name in known:
        return []
    return [(place, f"{shown(name)} is not the name of {what}{nearest(name, known)}")]


def _unknown_keys(place: Place, owner: Table, known: _Known) -> list[Mistake]:
    table = owner.get(str(place[-1]))
    if not isinstance(table, Mapping):
        return []
    return [wrong for key in table for wrong in _unknown(place, key, "a threat", known.threats)]


def _in_battery(
    place: Place, battery: Table, magazines: list[Step], known: _Known
) -> Iterator[Mistake]:
    carried = [magazine.get("interceptor") for _, magazine in magazines]
    for (where, _), name in zip(magazines, carried, strict=True):
        yield from _unknown((*where, "interceptor"), name, "an interceptor", known.interceptors)
    for axis in _list(battery, "axes"):
        yield from _unknown((*place, "axes"), axis, "an axis", known.axes)
    doctrine = fields_of(battery.get("doctrine"))
    yield from _unknown_keys((*place, "doctrine", "salvo_size"), doctrine, known)
    yield from _unknown_keys((*place, "doctrine", "preference"), doctrine, known)
    preference = doctrine.get("preference")
    if isinstance(preference, Mapping):
        held = [name for name in carried if isinstance(name, str)]
        for threat in preference:
            where = (*place, "doctrine", "preference", threat)
            yield from _twice(where, _texts(preference, threat), "names more than once")
            for name in _list(preference, threat):
                yield from _unknown(where, name, "a magazine of this battery", held)


def _texts(table: Table, name: str) -> list[str]:
    return [entry for entry in _list(table, name) if isinstance(entry, str)]


def _repeated(parts: _Parts) -> Iterator[Mistake]:
    for what in ("threats", "interceptors", "salvos", "layers"):
        yield from _twice((what,), _names(getattr(parts, what)))
    yield from _twice(("axes",), (axis for axis in parts.axes if type(axis) is str))
    for place, battery in parts.batteries:
        carried = (fields_of(entry).get("interceptor") for entry in _list(battery, "magazines"))
        yield from _twice((*place, "magazines"), (name for name in carried if type(name) is str))
    yield from _twice(("layers",), _battery_names(parts), "more than one battery is called")


def _battery_names(parts: _Parts) -> Iterator[str]:
    """Yield the names of batteries in paths and in results."""
    for _, battery in parts.batteries:
        if isinstance(name := battery.get("name"), str):
            yield name
            yield from (member for member in _members(battery) if member != name)


def _members(battery: Table) -> Iterator[str]:
    """Yield the names of the single batteries of an entry."""
    name, count = battery.get("name"), battery.get("count")
    if isinstance(name, str) and (count is None or count == 1):
        yield name
    elif isinstance(name, str) and type(count) is int and 1 < count <= 10_000:
        yield from (f"{name}-{number}" for number in range(1, count + 1))


def _twice(
    place: Place, names: Iterable[str], said: str = "more than one is called"
) -> Iterator[Mistake]:
    listed = [*names]
    if len(set(listed)) < len(listed):
        for name, times in Counter(listed).items():
            if times > 1:
                yield place, f"{said} {shown(name)}"


def _endless(
    battery: Table, magazines: list[Step], weapons: Mapping[str | int, Table]
) -> Iterator[Mistake]:
    """Yield the infinite magazines whose engagements would take no time: a raid would not end."""
    if fields_of(battery.get("doctrine")).get("max_salvos") is not None:
        return
    for where, magazine in magazines:
        weapon = weapons.get(where[-1], {})  # the label of a magazine is its interceptor
        times = [_time(battery, "reaction_time"), _time(battery, "assessment_time")]
        lasts = sum(times) + _time(weapon, "flight_time")
        if _infinite(magazine) and _kills(weapon) and lasts < _SHORTEST_ENGAGEMENT:
            yield (
                (*where, "rounds"),
                f"may be infinite only where an engagement takes at least "
                f"{_SHORTEST_ENGAGEMENT:g} s or max_salvos is set: it would fire for ever",
            )


def _time(table: Table, name: str) -> float:
    """Return the longest that a time can be; 1 s, which is enough, for what is not a time."""
    time = table.get(name)
    if time is None:
        return 0.0
    if isinstance(time, Distribution):
        time = time.support()[1]
    # a malformed time may be an integer too large to become a float
    return min(time, 1.0) if isinstance(time, int | float) else 1.0


def _infinite(magazine: Table) -> bool:
    return magazine.get("rounds") in ("infinite", float("inf"))


def _kills(interceptor: Table) -> bool:
    table = interceptor.get("kill_probability")
    return isinstance(table, Mapping) and any(
        isinstance(value, Distribution) or value != 0 for value in table.values()
    )
