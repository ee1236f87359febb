"""A malformed document is refused with a ScenarioError and never misread.

`LEAKTHROUGH_MALFORMED=100000 pytest tests/model/test_malformed_documents.py` runs that many
mutated documents of each kind.
"""
# ruff: noqa: S311

import copy
import itertools
import json
import math
import os
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from leakthrough.model.arrivals import Times
from leakthrough.model.defence import Battery, ByDistance
from leakthrough.model.distributions import Distribution
from leakthrough.model.documents import from_document
from leakthrough.model.errors import ScenarioError
from leakthrough.model.loading import load_scenario
from leakthrough.model.places import Asset
from leakthrough.model.scenario import Salvo, Scenario

RUNS = int(os.environ.get("LEAKTHROUGH_MALFORMED", "400"))

DOCUMENT: dict[str, Any] = {
    "name": "notional raid, v1.2",
    "axes": ["north", "south"],
    "threats": [
        {"name": "drone", "speed": 50.0, "cost": 35e3},
        {"name": "ballistic", "speed": 1500.0, "cost": 3e6, "priority": 1},
        {"name": "decoy", "speed": 55, "decoy": True},
    ],
    "interceptors": [
        {"name": "gun burst", "kill_probability": {"drone": 0.4}, "flight_time": 3.0},
        {
            "name": "area SAM",
            "kill_probability": {"drone": {"dist": "beta", "a": 9, "b": 1.5}, "ballistic": 0.6},
            "flight_time": {"dist": "truncnorm", "a": -2.0, "b": 3, "loc": 20.0, "scale": 4},
            "cost": 4e6,
        },
        {
            "name": "fast",
            "kill_probability": {
                "drone": {
                    "distance": [0, 5e3],
                    "probability": [{"dist": "beta", "a": 9, "b": 1}, 0],
                }
            },
            "speed": 900,
        },
    ],
    "pools": [{"name": "radar", "channels": 3}],
    "assets": [
        {"name": "city", "position": [0, 20e3], "value": 3.0, "aim_points": 4, "priority": 1},
        {
            "name": "plant",
            "position": [30e3, -5e3],
            "hardness": 0.5,
            "repair_time": {"dist": "expon", "scale": 9e4},
        },
    ],
    "salvos": [
        {
            "name": "drones",
            "threat": "drone",
            "count": 300,
            "axis": "north",
            "target": "city",
            "bearing": 45,
            "start_range": 90e3,
            "arrival": {"kind": "uniform", "start": -60.5, "stop": 14400},
        },
        {
            "name": "b",
            "threat": "decoy",
            "count": 8,
            "arrival": {"kind": "at", "time": 7200},
            "bearing": 0,
        },
        {
            "name": "c",
            "target": "SAM@area-2-1",
            "route": [[80e3, 0], [40e3, 9e3]],
            "threat": "drone",
            "count": 2,
            "arrival": {"kind": "times", "times": [1, 2.5]},
        },
        {
            "name": "d",
            "bearing": 270.5,
            "threat": "ballistic",
            "count": 9,
            "arrival": {"kind": "regular", "start": 0, "interval": 30.0},
        },
        {
            "name": "e",
            "bearing": 360,
            "threat": "drone",
            "count": 5,
            "arrival": {"kind": "poisson", "start": 0, "rate": 0.1},
        },
        {
            "name": "f",
            "threat": "drone",
            "count": 5,
            "arrival": {"dist": "norm", "loc": 9.0},
            "route": [[0.5, 9e4]],
        },
    ],
    "layers": [
        {
            "name": "area",
            "outer_range": {"drone": 40e3, "ballistic": 60e3},
            "inner_range": {"drone": 15e3},
            "positions": [[0, 0], [30e3, 5e3]],
            "sensor": {
                "detection": {"drone": 0.9},
                "decoy_recognition": 0.5,
                "false_dismissal": 0.01,
                "availability": 0.95,
            },
            "batteries": [
                {
                    "name": "SAM",
                    "count": 2,
                    "channels": 6,
                    "channel_hold": "intercept",
                    "launch_interval": 2.5,
                    "pool": "radar",
                    "reaction_time": 8.0,
                    "assessment_time": {"dist": "expon", "scale": 4.0},
                    "false_kill": 0.01,
                    "false_survival": 0.02,
                    "axes": ["north"],
                    "magazines": [
                        {
                            "interceptor": "area SAM",
                            "rounds": 32,
                            "reserved": 16,
                            "reload_rounds": 8,
                            "reload_time": 1800.0,
                            "reloads": 3,
                        },
                        {"interceptor": "gun burst", "rounds": "infinite"},
                    ],
                    "doctrine": {
                        "salvo_size": {"ballistic": 2},
                        "max_salvos": 3,
                        "order": "arrival",
                        "preference": {"drone": ["gun burst", "area SAM"]},
                        "fire_above": 0.1,
                    },
                }
            ],
        },
        {
            "name": "point",
            "outer_range": 15e3,
            "selection": "kill_probability",
            "position": [-5e3, 1e3],
            "soft_kill": {"drone": 0.3},
            "batteries": [
                {
                    "name": "gun",
                    "count": 12,
                    "magazines": [{"interceptor": "gun burst", "rounds": 30}],
                    "doctrine": {"salvo_size": 3},
                }
            ],
        },
    ],
}

HOSTILE: list[Any] = [
    *(-1, 0, 1, 2, 40.5, -0.0, 1e-9, 0.5, 1.0000001, 1e9, 1e10, 1e16, 1e300, -1e300, 10**25),
    *(10**400, 10**5000, math.nan, math.inf, -math.inf, 5e-324, True, False, None),
    *("", " ", "3", "nan", "inf", "infinite", "infinit", "drone", "dron", "SAM-1", "gun burst"),
    *("a.b", " a", "a\n", "\x00", "\ud800", "__class__", "{x}", "%s", "é", "x" * 201, "norm"),
    *([], [[]], [1], ["north"], ["drone", 3], [None], [[[[[[1]]]]]], [{}], {}, {"": 1}, {"a": {}}),
    *({"drone": 2}, {"drone": -0.5}, {"dist": "norm"}, {"dist": "beta", "a": 2}, {"dist": 3}),
    *({"dist": "uniform"}, {"dist": "expon", "scale": 0}, {"dist": "levy_stable", "alpha": 9}),
    *({"dist": "bta", "a": 2, "b": 2}, {"dist": "beta", "a": -1, "b": 2}, {"dist": "poisson"}),
    *({"dist": "os.system"}, {"kind": "at"}, {"kind": "uniform", "start": 3, "stop": 1}),
    *({"kind": "unifrm"}, {"kind": ["at"]}, {"kind": "poisson", "start": 0, "rate": 1e-300}),
    *({"name": "drone"}, {"interceptor": "area SAM", "rounds": 1}, {"parameters": {"a": 1}}),
    *("city", "area", "area-1", "SAM@area-2", [3.0, -4e3], [0, 0], [[0, 0]], [[5e3, 1], [2, 3e7]]),
    *({"distance": [3.0], "probability": [0.5]}, {"distance": [3, 2], "probability": [0.5, 2]}),
    *({"drone": 5e3}, {"drone": 1, "ballistic": 2e7}, {"name": "city", "position": [1, 1]}),
]
UNFILED: list[Any] = [
    {1, 2},
    b"drone",
    1j,
    object(),
    (),
    {3: 4},
    {None: 1},
    {10**5000: 0.0},
    iter("ab"),
    range(3),
]


def nodes(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every (container, key) of nested data."""
    keys = tree.keys() if isinstance(tree, dict) else range(len(tree))
    for key in keys:
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from nodes(tree[key])


def mutated_values(rng: random.Random, values: list[Any]) -> dict[str, Any]:
    """Return the document with one to three of its nodes replaced, removed, renamed or doubled."""
    tree = copy.deepcopy(DOCUMENT)
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        places = list(nodes(tree))
        if not places:
            break
        holder, key = rng.choice(places)
        other = rng.choice(places)
        what = rng.random()
        if what < 0.6:
            holder[key] = copy.copy(rng.choice(values))
        elif what < 0.7:
            del holder[key]
        elif what < 0.8 and isinstance(holder, dict):
            word = key if isinstance(key, str) else "x"
            cut = rng.randrange(len(word) + 1)
            holder[rng.choice([word[:cut] + "e" + word[cut:], word[:cut], "x"])] = holder.pop(key)
        elif what < 0.9 and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        else:
            holder[key] = copy.deepcopy(other[0][other[1]])
    return tree


def mutated_bytes(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with one to four of them flipped, removed, inserted or doubled."""
    text = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) or 1)
        to = min(len(text), at + rng.choice([1, 1, 1, 2, 5, 30]))
        what = rng.randrange(5)
        if what == 0 and text:
            text[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            del text[at:to]
        elif what == 2:
            text[at:at] = rng.choice(
                [b"9", b"-", b".", b"e9", b'"', b"\n", b"[", b"}", b"\xff", b","]
            )
        elif what == 3:
            text[at:at] = text[at:to]
        elif text:
            text[at] = rng.randrange(256)
    return bytes(text)


def within(value: float, low: float, high: float, kind: type = float) -> bool:
    return type(value) is kind and math.isfinite(value) and low <= value <= high


def uncertain(value: float | Distribution, high: float) -> bool:
    if not isinstance(value, Distribution):
        return within(value, 0, high)
    low, top = value.frozen().support()
    finite = all(math.isfinite(number) for number in value.parameters.values())
    return finite and low >= 0 and (high > 1 or top <= 1)


def killing(value: float | Distribution | ByDistance) -> bool:
    if not isinstance(value, ByDistance):
        return uncertain(value, 1)
    distances, chances = value.distance, value.probability
    in_order = all(one < other for one, other in itertools.pairwise(distances))
    fits = len(distances) == len(chances) and all(within(d, 0, 2e7) for d in distances)
    return in_order and fits and all(uncertain(p, 1) for p in chances)


def is_chance(value: float | Distribution | ByDistance) -> bool:
    if not isinstance(value, ByDistance):
        return uncertain(value, 1)
    apart = all(low < high for low, high in itertools.pairwise(value.distance))
    inside = all(within(own, 0, 2e7) for own in value.distance)
    fits = 0 < len(value.distance) == len(value.probability) <= 100
    return apart and inside and fits and all(uncertain(own, 1) for own in value.probability)


def named(name: str) -> bool:
    return 0 < len(name) <= 200 and name == name.strip() and "." not in name and name.isprintable()


def priced(cost: float | None) -> bool:
    """Whether a cost is not given, or within its bounds."""
    return cost is None or within(cost, 0, 1e15)


def violations(scenario: Scenario) -> Iterator[str]:
    """Yield documents outside the bounds of the model, written from its specification."""
    threats = {threat.name for threat in scenario.threats}
    interceptors = {interceptor.name for interceptor in scenario.interceptors}
    axes: set[str | None] = {*scenario.axes} or {salvo.axis for salvo in scenario.salvos}
    groups: list[tuple[Any, ...]] = [scenario.threats, scenario.interceptors, scenario.salvos]
    for group in [*groups, scenario.layers, scenario.assets, scenario.sites, scenario.pools]:
        names = [entry.name for entry in group]
        if len(set(names)) < len(names) or not all(map(named, names)):
            yield "names"
    for threat in scenario.threats:
        if not (within(threat.speed, 0.1, 1e5) and priced(threat.cost)):
            yield "speed, cost"
        if not within(threat.priority, -1000, 1000, int) or type(threat.decoy) is not bool:
            yield "priority, decoy"
    for interceptor in scenario.interceptors:
        chances = interceptor.kill_probability
        if not (chances.keys() <= threats and all(map(killing, chances.values()))):
            yield "kill_probability"
        if not (uncertain(interceptor.flight_time, 1e9) and priced(interceptor.cost)):
            yield "flight_time, cost"
    for salvo in scenario.salvos:
        if salvo.threat not in threats or salvo.axis not in {*axes, None}:
            yield "threat, axis"
        if isinstance(salvo.count, Distribution):
            if salvo.count.support()[0] < 0 or isinstance(salvo.arrival, Times):
                yield "count"
        elif not within(salvo.count, 0, 10**7, int) or not arrives(salvo.arrival, salvo.count):
            yield "count, arrival"
        yield from path_violations(salvo, scenario)
    for asset in scenario.assets:
        yield from asset_violations(asset)
    if not all(within(pool.channels, 1, 10**9, int) for pool in scenario.pools):
        yield "pools"
    pools = {pool.name for pool in scenario.pools}
    for layer in scenario.layers:
        sees = layer.sensor
        rates = [sees.decoy_recognition, sees.false_dismissal, sees.availability]
        rates += [*sees.detection.values(), *layer.soft_kill.values()]
        if not all(uncertain(rate, 1) for rate in rates):
            yield "sensor, soft_kill"
        if not {*sees.detection, *layer.soft_kill} <= threats:
            yield "sensor, soft_kill: threats"
        orders = "most_rounds", "listed", "kill_probability", "least_loaded"
        if layer.selection not in orders:
            yield "selection"
        if not all(map(is_point, (layer.position, *layer.positions))):
            yield "position, positions"
        if len(layer.positions) > 1000 or (layer.positions and layer.position != (0, 0)):
            yield "positions"
        tables = [own for own in (layer.outer_range, layer.inner_range) if isinstance(own, Mapping)]
        if not {name for table in tables for name in table} <= threats:
            yield "ranges: threats"
        for name in threats:
            outer = layer.outer_range_for(name)
            if not 0 <= layer.inner_range_for(name) <= (2e7 if outer is None else outer) <= 2e7:
                yield "ranges"
    batteries = [battery for layer in scenario.layers for battery in layer.batteries]
    expanded = [name for battery in scenario.batteries for name in battery.names]
    if len(set(expanded)) < len(expanded) or len({b.name for b in batteries}) < len(batteries):
        yield "battery names"
    if {*expanded} & {asset.name for asset in scenario.assets}:
        yield "names of assets"
    for battery in batteries:
        yield from battery_violations(battery, threats, interceptors)
        if battery.pool is not None and battery.pool not in pools:
            yield "pool"
        if not set(battery.axes) <= axes or not named(battery.name):
            yield "axes"


def is_point(point: Any) -> bool:
    return type(point) is tuple and len(point) == 2 and all(within(x, -2e7, 2e7) for x in point)


def path_violations(salvo: Salvo, scenario: Scenario) -> Iterator[str]:
    places = {asset.name: asset.position for asset in scenario.assets}
    for site in scenario.sites:
        places |= {name: site.position for own in site.batteries for name in own.names}
    if salvo.target is not None and salvo.target not in places:
        yield "target"
    if len(salvo.route) > 1000 or not all(map(is_point, salvo.route)):
        yield "route"
    given = [salvo.bearing, salvo.start_range]
    if salvo.route and given != [None, None]:
        yield "route, bearing, start_range"
    for number, most in zip(given, (360, 2e7), strict=True):
        if number is not None and not within(number, 0, most):
            yield "bearing, start_range"
    target = (0, 0) if salvo.target is None else places[salvo.target]
    away = {site.position for site in scenario.sites} - {target}
    if away and not salvo.route and salvo.bearing is None:
        yield "no path"


def asset_violations(asset: Asset) -> Iterator[str]:
    if not (is_point(asset.position) and within(asset.value, 0, 1e15)):
        yield "position, value"
    if not (within(asset.aim_points, 1, 1000, int) and within(asset.priority, -1000, 1000, int)):
        yield "aim_points, priority"
    if not uncertain(asset.hardness, 1):
        yield "hardness"
    if asset.repair_time is not None and not uncertain(asset.repair_time, 1e9):
        yield "repair_time"


def arrives(arrival: Any, count: int) -> bool:
    if isinstance(arrival, Distribution):
        return not math.isnan(sum(arrival.parameters.values()))
    times = [*getattr(arrival, "times", ())]
    times += [
        getattr(arrival, name) for name in ("time", "start", "stop") if hasattr(arrival, name)
    ]
    fits: dict[str, Callable[[], bool]] = {
        "at": lambda: True,
        "times": lambda: len(arrival.times) == count,
        "uniform": lambda: arrival.start <= arrival.stop,
        "regular": lambda: 0 <= arrival.interval * max(count, 1) <= 1e9,
        "poisson": lambda: arrival.rate > 0 and count / arrival.rate <= 1e9,
    }
    return all(within(time, -1e9, 1e9) for time in times) and fits[arrival.kind]()


def battery_violations(battery: Battery, threats: set[str], known: set[str]) -> Iterator[str]:
    doctrine, sizes = battery.doctrine, battery.doctrine.salvo_size
    if not (within(battery.count, 0, 10**4, int) and within(battery.channels, 1, 10**9, int)):
        yield "count, channels"
    if battery.channel_hold not in ("assessment", "intercept", "launch"):
        yield "channel_hold"
    if not within(battery.launch_interval, 0, 1e9):
        yield "launch_interval"
    if not (uncertain(battery.reaction_time, 1e9) and uncertain(battery.assessment_time, 1e9)):
        yield "times"
    if not (uncertain(battery.false_kill, 1) and uncertain(battery.false_survival, 1)):
        yield "false_kill, false_survival"
    table = sizes if isinstance(sizes, Mapping) else {next(iter(threats), ""): sizes}
    if not all(within(size, 1, 1000, int) for size in table.values()):
        yield "salvo_size"
    if threats and not {*table, *doctrine.preference} <= threats:
        yield "salvo_size, preference: threats"
    if not within(doctrine.fire_above, 0, 1):
        yield "fire_above"
    if doctrine.max_salvos is not None and not within(doctrine.max_salvos, 1, 10**6, int):
        yield "max_salvos"
    held = [magazine.interceptor for magazine in battery.magazines]
    if len(set(held)) < len(held) or not set(held) <= known:
        yield "magazines"
    if any(not set(names) <= set(held) for names in doctrine.preference.values()):
        yield "preference"
    for magazine in battery.magazines:
        if magazine.rounds != math.inf and not within(magazine.rounds, 0, 10**9, int):
            yield "rounds"
        if not all(
            within(number, 0, most, int)
            for number, most in (
                (magazine.reserved, 10**9),
                (magazine.reload_rounds, 10**9),
                (magazine.most_reloads, 10**6),
            )
        ):
            yield "magazine counts"
        if (
            not uncertain(magazine.reload_time, 1e9)
            or magazine.most_reloads > 0 == magazine.reload_rounds
        ):
            yield "reload"


def taken_as_written(raw: Any, got: Any) -> bool:
    """Return whether a model holds every value of its document unchanged."""
    if isinstance(raw, Mapping) and isinstance(got, Distribution):
        unshifted = {"loc": 0.0, "scale": 1.0, "dist": got.dist, **got.parameters}
        flat = {**raw, **raw.get("parameters", {})}
        return all(
            taken_as_written(flat[key], unshifted[key]) for key in flat if key != "parameters"
        )
    if isinstance(raw, Mapping) and isinstance(got, BaseModel):
        return all(taken_as_written(raw[key], getattr(got, key)) for key in raw)
    if isinstance(raw, Mapping):
        return raw.keys() == got.keys() and all(taken_as_written(raw[k], got[k]) for k in raw)
    if isinstance(raw, list | tuple | range):
        pairs = zip(raw, got, strict=True)
        return isinstance(got, tuple) and all(taken_as_written(a, b) for a, b in pairs)
    if raw == "infinite" and got == math.inf:
        return True
    if type(raw) is int and type(got) is float:
        return float(raw) == got  # 10**25 becomes 1e25, which is not equal
    return isinstance(raw, bool) == isinstance(got, bool) and bool(raw == got)


def accepted(scenario: Scenario, folder: Path) -> bool:
    """Check an accepted scenario, and return True for counting."""
    assert not list(violations(scenario))
    for suffix in ("toml", "json"):
        path = folder / f"again.{suffix}"
        scenario.save(path)
        again = load_scenario(path)
        assert again == scenario
        assert again.digest == scenario.digest
    assert taken_as_written(scenario.document(), scenario)
    return True


def check_refusal(error: ScenarioError, source: str) -> None:
    assert error.mistakes
    assert all(error.mistakes)
    assert str(error).startswith(f"in {source}:\n")


def loaded(path: Path, data: bytes) -> bool:
    path.write_bytes(data)
    try:
        scenario = load_scenario(path)
    except ScenarioError as error:
        check_refusal(error, str(path))
        return False
    return accepted(scenario, path.parent)


def dumped(document: dict[str, Any], suffix: str) -> bytes:
    if suffix == "toml":
        return tomli_w.dumps(document).encode()
    return json.dumps(document).encode()


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_the_document_that_is_mutated_is_valid(tmp_path: Path, suffix: str) -> None:
    assert loaded(tmp_path / f"s.{suffix}", dumped(DOCUMENT, suffix))


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_mutated_bytes(tmp_path: Path, suffix: str) -> None:
    rng = random.Random(f"bytes {suffix}")
    data, path = dumped(DOCUMENT, suffix), tmp_path / f"s.{suffix}"
    kept = sum(loaded(path, mutated_bytes(rng, data)) for _ in range(RUNS))
    assert 0.01 * RUNS < kept < 0.8 * RUNS


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_mutated_values_in_files(tmp_path: Path, suffix: str) -> None:
    rng, path, kept = random.Random(f"values {suffix}"), tmp_path / f"s.{suffix}", 0
    for _ in range(RUNS):
        document = mutated_values(rng, HOSTILE)
        try:
            data = dumped(document, suffix)
        except (TypeError, ValueError, AttributeError):  # not expressible in TOML or UTF-8
            continue
        kept += loaded(path, data)
    assert 0.01 * RUNS < kept < 0.5 * RUNS


def test_mutated_values_in_memory(tmp_path: Path) -> None:
    rng, kept = random.Random("values in memory"), 0
    for _ in range(RUNS):
        document = mutated_values(rng, HOSTILE + UNFILED)
        try:
            scenario = from_document(Scenario, document, source="here")
        except ScenarioError as error:
            check_refusal(error, "here")
            continue
        assert taken_as_written(document, scenario)
        kept += accepted(scenario, tmp_path)
    assert 0.01 * RUNS < kept < 0.5 * RUNS


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
WORDS = st.sampled_from([*DOCUMENT, "rounds", "arrival", "drone", "dist"]) | st.text(max_size=9)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=max(100, RUNS // 10), deadline=None, derandomize=True)
@given(document=st.dictionaries(st.sampled_from([*DOCUMENT]), TREES))
def test_no_tree_of_plain_data_is_a_surprise(document: dict[str, Any]) -> None:
    try:
        scenario = from_document(Scenario, document)
    except ScenarioError:
        return
    assert not list(violations(scenario))
    assert taken_as_written(document, scenario)


@settings(max_examples=max(100, RUNS // 10), deadline=None, derandomize=True)
@given(data=st.binary(max_size=60), suffix=st.sampled_from(["toml", "json"]))
def test_random_bytes_are_no_scenario(
    data: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert not loaded(tmp_path_factory.getbasetemp() / f"random.{suffix}", data)
