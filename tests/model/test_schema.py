"""The JSON schema takes what the loader takes, and refuses what it refuses but for relations."""

import copy
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import tomli_w
from raids import api_example
from scipy import stats

import leakthrough as lt
from leakthrough.model.documents import from_document
from leakthrough.model.loading import load_either
from leakthrough.model.scipy_names import is_slow, known

SHIPPED = sorted(Path(str(files("leakthrough") / "scenarios")).glob("*.toml"))
VALUES: list[Any] = [
    *(-1, 0, 1, 3, 40.5, -0.5, 1e-9, 1.0000001, 1e8 + 0.5, 10**9 + 1, 1e16, 1e300, 10**25, 10**400),
    *(True, False, None, "", " ", "3", "infinite", "infinit", "drone", "a.b", " a", "a ", "a\n"),
    *("\x00", "\u2028", "é", "x" * 201, "at", "deadline", [], [[]], [1], ["drone"], [None], {}),
    *({"a": {}}, {"drone": 2}, {"drone": 0.5}, {"dist": "norm"}, {"dist": "beta", "a": 2}),
    *({"dist": "beta", "a": 2, "b": 3}, {"dist": "beta", "parameters": {"a": 2, "b": 3}}),
    *({"dist": "expon", "scale": 0}, {"dist": "expon", "scale": 2}, {"dist": "studentized_range"}),
    *({"dist": "norm", "a": 1}, {"dist": "norm", "loc": "x"}, {"dist": "poisson", "mu": 1}),
    *({"dist": 3}, {"kind": "at"}, {"kind": "at", "time": 3.5}, {"kind": "unifrm"}, {"kind": 3}),
    *({"name": "drone"}, {"interceptor": "gun burst", "rounds": 1}, {"parameters": {"a": 1}}),
    *([3.0, -4e3], [1, 2, 3], [1, "2"], [1, 3e7], [[0, 0]], [[0, 0], [1]], {"drone": 5e3}),
]
RELATIONS = re.compile(
    "is not the name of |appears? |more than one|names more than once|are not unique|is also|"
    "must not (fall below|rise above|be before|reach)|does not allow the parameters|"
    "must hold one time|must bring the|times the|must be at most outer_range|reload_rounds: must|"
    "as in an earlier raid|must be unique|twice|since the arrival lists|has the same|already|"
    "must be given, or a route|must not be given if|a battery is called|if there is a position|"
    "its sum must|must be as in the kind|without `every`|must be another kind|if numbers grow|"
    "too many whole numbers|where kinds are drawn|all other raids are|unless kinds have|"
    "never reached|so a salvo of|in the last raid|"
    "must increase|must have one (entry )?for each|is for numbers of|is required unless there is|"
    "must have no reloads"
)
"""Mistakes between names, fields or parameters, which a schema cannot express."""


PARTS = [4, {"dist": "poisson", "mu": 9.0}, {"dist": "empirical", "values": [1, 2.5]}]
MIXED = {"dist": "mixture", "weights": [1, 2, 0.5], "parts": PARTS}


def campaign() -> dict[str, Any]:
    interceptor, scenario = {"interceptor": "gun burst", "rounds": 4}, api_example().document()
    return {
        "name": "a week",
        "scenario": scenario,
        "raids": [
            [{**own, "count": {"dist": "gamma", "a": 2.0}} for own in scenario["salvos"]],
            [{**own, "count": MIXED} for own in scenario["salvos"]],
            scenario["salvos"],
            [],
        ],
        "interval": 86400,
        "resupply": [{**interceptor, "battery": "gun", "transport_time": {"dist": "expon"}}],
        "stocks": [{**interceptor, "deliveries": [{"time": 1e5, "rounds": 3}], "rate": 0.5}],
        "shortage": "order",
        "replacement_time": {"gun": 3600.0, "SAM": {"dist": "gamma", "a": 2.0}},
        "rotations": [{"battery": "gun", "leave_at": 3, "absence": 2e5}],
        "users": [{"name": "south", "interceptor": "gun burst", "demand": 3}],
    }


def patterned() -> dict[str, Any]:
    """Raids of two kinds that follow each other at random."""
    document = campaign()
    salvos = document["scenario"]["salvos"]
    large = [{**own, "count": MIXED} for own in salvos]
    threat = {"threat": "drone", "count": 900, "rate": 0.01}
    return {
        **{key: document[key] for key in ("name", "scenario", "interval")},
        "raids": {
            "number": 30,
            "kinds": [
                {"name": "routine", "salvos": salvos, "next": {"large": 0.1}},
                {"name": "large", "salvos": large, "next": {"routine": 1}},
            ],
            "initial": {"routine": 1.0},
            "daily_growth": 1.01,
            "stocks": [{**threat, "replenishment": {"dist": "poisson", "mu": 9.0}}],
        },
    }


def every_third() -> dict[str, Any]:
    """Raids of two kinds in a fixed order."""
    kinds = [
        {"name": "routine", "salvos": patterned()["scenario"]["salvos"][:1]},
        {"name": "large", "salvos": [], "every": 3, "first": 2},
    ]
    return {"number": 9, "kinds": kinds}


def documents() -> dict[str, tuple[type[lt.Scenario] | type[lt.Campaign], dict[str, Any]]]:
    scenario = api_example().replace("layers.area.batteries.SAM.doctrine.preference", {})
    scenario = scenario.replace("interceptors.area SAM.flight_time", stats.expon(scale=9.0))
    bins = {"dist": "histogram", "edges": [-9.0, 0.0, 60.0], "weights": [1.0, 2.0]}
    scenario = scenario.replace("salvos.missiles.arrival", bins)
    asset = {"name": "city", "position": [1e3, -2e3], "hardness": 0.5, "repair_time": 9.0}
    point = {**vars(scenario.layers[1]), "positions": [[0, 0], [9e3, 1e3]]}
    area = {**vars(scenario.layers[0]), "outer_range": {"drone": 4e4}, "inner_range": {"drone": 9}}
    route = {**vars(scenario.salvos[0]), "route": [[9e4, 0], [8e4, 1]], "target": "city"}
    straight = {**vars(scenario.salvos[1]), "bearing": 9.5, "start_range": 9e4}
    chances = {"ballistic": lt.ByDistance(distance=[0, 4e4], probability=[0.8, stats.beta(2, 3)])}
    scenario = scenario.replace("interceptors.area SAM.kill_probability", chances)
    scenario = scenario.replace("layers.area.batteries.SAM.doctrine.fire_above", 0.1)
    shared = {"channel_hold": "launch", "launch_interval": 1.5, "pool": "radar"}
    area["batteries"] = [{**vars(area["batteries"][0]), **shared}]
    placed = {"assets": [asset], "layers": [area, point], "salvos": [route, straight]}
    pooled = {"pools": [{"name": "radar", "channels": 4}], "layers": [area, point]}
    scenario = lt.Scenario(**{**vars(scenario), **placed, **pooled})
    scenario = scenario.replace("layers.point.selection", "least_loaded")
    return {
        "scenario": (lt.Scenario, scenario.document()),
        "campaign": (lt.Campaign, campaign()),
        "pattern": (lt.Campaign, patterned()),
        "every": (lt.Campaign, {**patterned(), "raids": every_third()}),
    }


def steps(tree: Any) -> Iterator[tuple[Any, ...]]:
    """Paths to all parts of a document."""
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree)  # of a list
    for key, part in entries:
        yield (key,)
        if isinstance(part, dict | list):
            yield from ((key, *rest) for rest in steps(part))


def changes(document: dict[str, Any], number: int, seed: int) -> Iterator[dict[str, Any]]:
    """The document with one part replaced, removed, doubled, or with a further field."""
    pick, paths = random.Random(seed), list(steps(document))  # noqa: S311
    for _ in range(number):
        tree, (*path, last) = copy.deepcopy(document), pick.choice(paths)
        holder: Any = tree
        for step in path:
            holder = holder[step]
        what = pick.random()
        if what < 0.8:
            holder[last] = copy.deepcopy(pick.choice(VALUES))
        elif what < 0.9:
            del holder[last]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        else:
            holder["further"] = copy.deepcopy(holder[last])
        yield tree


def mistakes_in(model: Any, document: dict[str, Any]) -> tuple[str, ...]:
    try:
        from_document(model, document)
    except lt.ScenarioError as error:
        return error.mistakes
    return ()


def validator(model: type[lt.Scenario] | type[lt.Campaign]) -> Any:
    schema = model.model_json_schema()
    kind = jsonschema.validators.validator_for(schema, default=None)
    kind.check_schema(schema)
    return kind(schema)


@pytest.mark.parametrize("model", [lt.Scenario, lt.Campaign])
def test_it_says_its_draft(model: type[lt.Scenario] | type[lt.Campaign]) -> None:
    assert type(validator(model)) is jsonschema.Draft202012Validator


@pytest.mark.parametrize("name", ["scenario", "campaign", "pattern", "every"])
def test_it_agrees_with_the_loader(name: str) -> None:
    """Whole numbers as 7.0 aside, which are whole to a schema (VALUES has none)."""
    (model, document), taken, refused = documents()[name], 0, 0
    schema = validator(model)
    for changed in [document, *changes(document, 700, 2)]:
        mistakes = mistakes_in(model, changed)
        if not mistakes:
            assert schema.is_valid(changed), next(schema.iter_errors(changed)).message
            taken += 1
        elif not all(RELATIONS.search(mistake) for mistake in mistakes):
            assert not schema.is_valid(changed), mistakes
            refused += 1
    assert taken > 15
    assert refused > 200


@pytest.mark.parametrize("model", [lt.Scenario, lt.Campaign])
def test_it_is_json(model: type[lt.Scenario] | type[lt.Campaign]) -> None:
    schema = json.loads(json.dumps(model.model_json_schema(), allow_nan=False))
    assert schema == model.model_json_schema()


def test_an_editor_of_toml_reads_the_schema_of_campaigns(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(lt.Campaign.model_json_schema()))
    (tmp_path / "good.toml").write_text(tomli_w.dumps(campaign()))
    (tmp_path / "bad.toml").write_text(tomli_w.dumps({**campaign(), "interval": 0}))
    for name, is_good in (("good", True), ("bad", False)):
        command = [str(Path(sys.executable).with_name("taplo")), "check", "--schema"]
        command += [(tmp_path / "schema.json").as_uri(), str(tmp_path / f"{name}.toml")]
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert (found.returncode == 0) is is_good, found.stderr


def test_rounds_may_be_infinite_in_both_formats() -> None:
    document = api_example().document()
    magazine = document["layers"][0]["batteries"][0]["magazines"][0]
    for rounds, is_good in (("infinite", True), (float("inf"), True), (float("-inf"), False)):
        magazine["rounds"] = rounds
        assert validator(lt.Scenario).is_valid(document) is is_good
        assert (not mistakes_in(lt.Scenario, document)) is is_good


@pytest.mark.parametrize("dist", sorted(known()))
def test_it_knows_each_distribution(dist: str) -> None:
    schema = validator(lt.Scenario)
    arrival = schema.evolve(schema={"$ref": "#/$defs/Distribution", **schema.schema})
    kept = {key: part for key, part in arrival.schema.items() if key in ("$ref", "$defs")}
    one = schema.evolve(schema=kept)
    shapes = [name.strip() for name in (known()[dist].shapes or "").split(",") if name]
    full = {"dist": dist, **dict.fromkeys(shapes, 1.5)}
    assert one.is_valid(full) is one.is_valid({**full, "loc": 1, "scale": 2}) is not is_slow(dist)
    for shape in shapes:
        assert not one.is_valid({key: part for key, part in full.items() if key != shape})
    for wrong in ({"loc": "x"}, {"scale": 0}, {"further": 1}, {"loc": 10**400}, {"loc": True}):
        assert not one.is_valid({**full, **wrong})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_an_editor_of_toml_agrees(path: Path, tmp_path: Path) -> None:
    """taplo, which editors use, takes what is shipped and marks a wrong bound, name and field."""
    shipped = load_either(path)
    (tmp_path / "schema.json").write_text(json.dumps(type(shipped).model_json_schema()))
    good = shipped.document()
    speed = copy.deepcopy(good)
    speed.get("scenario", speed)["threats"][0]["speed"] = -1.0
    for n, (document, is_good) in enumerate(
        [(good, True), (speed, False), ({**good, "nam": "x"}, False), ({"name": "x"}, False)]
    ):
        file = tmp_path / f"{n}.toml"
        file.write_text(tomli_w.dumps(document))
        command = [str(Path(sys.executable).with_name("taplo")), "check", "--schema"]
        command += [(tmp_path / "schema.json").as_uri(), str(file)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        assert (found.returncode == 0) is is_good, found.stderr
