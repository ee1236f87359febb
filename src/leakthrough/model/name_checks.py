"""Whether the names in a scenario are unique, and stand for something that it defines.

The checks read a scenario or the plain data of one that may be malformed, so that a document
with a wrong number and a misspelt name hears of both at once.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import Mistake, field_of, label, nearest, shown

Place = tuple[str | int, ...]
Step = tuple[Place, Any]

_SHORTEST_ENGAGEMENT = 1e-6


class _Known(NamedTuple):
    """The names that a scenario defines, in the order in which it does."""

    threats: list[str]
    interceptors: list[str]
    axes: list[str]
    batteries: list[str]


def mistakes_between(scenario: object) -> list[Mistake]:
    """Return the mistakes that lie between the parts of a scenario, with their places."""
    known = _known(scenario)
    found = [*_repeated(scenario)]
    for place, salvo in _entries(scenario, "salvos"):
        found += _unknown((*place, "threat"), field_of(salvo, "threat"), "a threat", known.threats)
        found += _unknown((*place, "axis"), field_of(salvo, "axis"), "an axis", known.axes)
        target = field_of(salvo, "target")
        found += _unknown((*place, "target"), target, "one battery", known.batteries)
    for place, interceptor in _entries(scenario, "interceptors"):
        found += _unknown_keys((*place, "kill_probability"), interceptor, known)
    for place, layer in _entries(scenario, "layers"):
        found += _unknown_keys((*place, "soft_kill"), layer, known)
        sensor = field_of(layer, "sensor")
        found += _unknown_keys((*place, "sensor", "detection"), sensor, known)
    for place, battery in _batteries(scenario):
        found += _in_battery(place, battery, known)
        found += _endless(place, battery, scenario)
    return found


def _known(scenario: object) -> _Known:
    salvos = [field_of(salvo, "axis") for _, salvo in _entries(scenario, "salvos")]
    axes = _list(scenario, "axes") or salvos
    return _Known(
        [*_names(_entries(scenario, "threats"))],
        [*_names(_entries(scenario, "interceptors"))],
        list(dict.fromkeys(axis for axis in axes if isinstance(axis, str))),
        [name for _, battery in _batteries(scenario) for name in _members(battery)],
    )


def _list(thing: object, name: str) -> list[Any]:
    found = field_of(thing, name)
    return list(found) if isinstance(found, list | tuple) else []


def _entries(thing: object, name: str, under: Place = ()) -> Iterator[Step]:
    for index, entry in enumerate(_list(thing, name)):
        yield (*under, name, label(entry, index)), entry


def _batteries(scenario: object) -> Iterator[Step]:
    for place, layer in _entries(scenario, "layers"):
        yield from _entries(layer, "batteries", place)


def _names(entries: Iterable[Step]) -> Iterator[str]:
    for _, entry in entries:
        if isinstance(name := field_of(entry, "name"), str):
            yield name


def _unknown(place: Place, name: object, what: str, known: list[str]) -> list[Mistake]:
    if not isinstance(name, str) or name in known:
        return []
    return [(place, f"{shown(name)} is not the name of {what}{nearest(name, known)}")]


def _unknown_keys(place: Place, owner: object, known: _Known) -> list[Mistake]:
    table = field_of(owner, str(place[-1]))
    if not isinstance(table, Mapping):
        return []
    return [wrong for key in table for wrong in _unknown(place, key, "a threat", known.threats)]


def _in_battery(place: Place, battery: object, known: _Known) -> Iterator[Mistake]:
    magazines = [*_entries(battery, "magazines", place)]
    carried = [field_of(magazine, "interceptor") for _, magazine in magazines]
    for where, magazine in magazines:
        name = field_of(magazine, "interceptor")
        yield from _unknown((*where, "interceptor"), name, "an interceptor", known.interceptors)
    for axis in _list(battery, "axes"):
        yield from _unknown((*place, "axes"), axis, "an axis", known.axes)
    doctrine = field_of(battery, "doctrine")
    yield from _unknown_keys((*place, "doctrine", "salvo_size"), doctrine, known)
    yield from _unknown_keys((*place, "doctrine", "preference"), doctrine, known)
    preference = field_of(doctrine, "preference")
    if isinstance(preference, Mapping):
        held = [name for name in carried if isinstance(name, str)]
        for threat in preference:
            where = (*place, "doctrine", "preference", threat)
            yield from _twice(where, _texts(preference, threat), "names more than once")
            for name in _list(preference, threat):
                yield from _unknown(where, name, "a magazine of this battery", held)


def _texts(thing: object, name: str) -> list[str]:
    return [entry for entry in _list(thing, name) if isinstance(entry, str)]


def _repeated(scenario: object) -> Iterator[Mistake]:
    for what in ("threats", "interceptors", "salvos", "layers"):
        yield from _twice((what,), _names(_entries(scenario, what)))
    yield from _twice(("axes",), (axis for axis in _list(scenario, "axes") if type(axis) is str))
    for place, battery in _batteries(scenario):
        rounds = (field_of(entry, "interceptor") for entry in _list(battery, "magazines"))
        yield from _twice((*place, "magazines"), (name for name in rounds if type(name) is str))
    yield from _twice(("layers",), _battery_names(scenario), "more than one battery is called")


def _battery_names(scenario: object) -> Iterator[str]:
    """Yield the names by which batteries go, in paths and in results."""
    for _, battery in _batteries(scenario):
        if isinstance(name := field_of(battery, "name"), str):
            yield name
            yield from (member for member in _members(battery) if member != name)


def _members(battery: object) -> Iterator[str]:
    """Yield the name of each single battery for which an entry stands."""
    name, count = field_of(battery, "name"), field_of(battery, "count")
    if isinstance(name, str) and (count is None or count == 1):
        yield name
    elif isinstance(name, str) and type(count) is int and 1 < count <= 10_000:
        yield from (f"{name}-{number}" for number in range(1, count + 1))


def _twice(
    place: Place, names: Iterable[str], said: str = "more than one is called"
) -> Iterator[Mistake]:
    for name, times in Counter(names).items():
        if times > 1:
            yield place, f"{said} {shown(name)}"


def _endless(place: Place, battery: object, scenario: object) -> Iterator[Mistake]:
    """Yield the magazines with which a battery would fire for ever in no time."""
    if field_of(field_of(battery, "doctrine"), "max_salvos") is not None:
        return
    weapons = {field_of(i, "name"): i for _, i in _entries(scenario, "interceptors") if _named(i)}
    for where, magazine in _entries(battery, "magazines", place):
        weapon = weapons.get(where[-1])  # a magazine goes by the name of its interceptor
        times = [_time(battery, "reaction_time"), _time(battery, "assessment_time")]
        lasts = sum(times) + _time(weapon, "flight_time")
        if _infinite(magazine) and _kills(weapon) and lasts < _SHORTEST_ENGAGEMENT:
            yield (
                (*where, "rounds"),
                f"may be infinite only where an engagement takes at least "
                f"{_SHORTEST_ENGAGEMENT:g} s or max_salvos is set: it would fire for ever",
            )


def _named(thing: object) -> bool:
    return isinstance(field_of(thing, "name"), str)


def _time(thing: object, name: str) -> float:
    """Return the longest that a time can be; what is no time at all counts as long enough."""
    time = field_of(thing, name)
    if time is None:
        return 0.0
    if isinstance(time, Distribution):
        time = time.support()[1]
    # a malformed time may be an integer too large to become a float
    return min(time, 1.0) if isinstance(time, int | float) else 1.0


def _infinite(magazine: object) -> bool:
    return field_of(magazine, "rounds") in ("infinite", float("inf"))


def _kills(interceptor: object) -> bool:
    table = field_of(interceptor, "kill_probability")
    return isinstance(table, Mapping) and any(
        isinstance(value, Distribution) or value != 0 for value in table.values()
    )
