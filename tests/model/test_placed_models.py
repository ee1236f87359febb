"""Positions, paths and assets in models: their mistakes, bounds, documents and displays."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from placed_scenarios import placed_scenario
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine import bounds
from leakthrough.engine.lower_raid import lower
from leakthrough.model import campaign as campaigns
from leakthrough.model import name_checks
from leakthrough.model.documents import from_document, loaded
from leakthrough.model.paths import value_at

DOCUMENT: dict[str, Any] = {
    "name": "placed",
    "threats": [{"name": "drone", "speed": 50}, {"name": "missile", "speed": 300}],
    "interceptors": [{"name": "gun", "kill_probability": {"drone": 0.5}, "flight_time": 3}],
    "assets": [
        {"name": "city", "position": [0, 20e3], "aim_points": 4, "value": 3.0},
        {"name": "plant", "position": [30e3, -5e3], "repair_time": {"dist": "expon", "scale": 9}},
    ],
    "salvos": [
        {
            "name": "straight",
            "threat": "drone",
            "count": 5,
            "arrival": {"kind": "at", "time": 0},
            "target": "city",
            "bearing": 45,
            "start_range": 90e3,
        },
        {
            "name": "turning",
            "threat": "missile",
            "count": 5,
            "arrival": {"kind": "at", "time": 0},
            "target": "B@L-2",
            "route": [[80e3, 0], [40e3, 9e3]],
        },
    ],
    "layers": [
        {
            "name": "L",
            "outer_range": {"drone": 8e3, "missile": 20e3},
            "inner_range": {"drone": 100},
            "positions": [[0, 0], [30e3, 0]],
            "batteries": [{"name": "B", "magazines": [{"interceptor": "gun", "rounds": 9}]}],
        },
        {
            "name": "M",
            "outer_range": 9e3,
            "position": [5e3, 1e3],
            "batteries": [
                {"name": "C", "count": 2, "magazines": [{"interceptor": "gun", "rounds": 9}]}
            ],
        },
    ],
}
PLACED = from_document(lt.Scenario, DOCUMENT)
POINT = "must be two numbers, x and y [m], within 20,000,000 of 0; got"
RANGE = "must be a number from 0 to 20,000,000 [m]"
PATH = "must be given, or a route: layer 'L-1' is at (0, 0), and the target at (0, 20000)"
GONE = object()
GUN = "interceptors.gun"


class Unprintable:
    """Something that has no text but the one of every object."""

    def __str__(self) -> str:
        raise RuntimeError


# Each row: where a document is changed, the value there, and all mistakes.
WRONG: list[tuple[str, Any, list[str]]] = [
    ("layers.1.position", [1, 2, 3], [f"layers.M.position: {POINT} (1, 2, 3)"]),
    ("layers.1.position", [1, True], [f"layers.M.position: {POINT} (1, True)"]),
    ("layers.1.position", [1, float("nan")], [f"layers.M.position: {POINT} (1, nan)"]),
    ("layers.1.position", [1, 3e7], [f"layers.M.position: {POINT} (1, 30000000.0)"]),
    ("layers.1.position", None, [f"layers.M.position: {POINT} None"]),
    ("layers.0.positions", [[1, 2], [3]], [f"layers.L.positions.1: {POINT} (3,)"]),
    (
        "layers.1.positions",
        [[1, 2]],
        ["layers.M.positions: must be empty if there is a position; give one of them"],
    ),
    (
        "layers.1.outer_range",
        "far",
        [f"layers.M.outer_range: {RANGE}, or such a number by threat; got 'far'"],
    ),
    (
        "layers.0.outer_range",
        {"drone": -1, "missile": None},
        [
            f"layers.L.outer_range.drone: {RANGE}; got -1",
            f"layers.L.outer_range.missile: {RANGE}; got None",
        ],
    ),
    (
        "layers.0.outer_range",
        {"drne": 5e3},
        ["layers.L.outer_range: 'drne' is not the name of a threat; did you mean 'drone'?"],
    ),
    (
        "layers.0.inner_range",
        30e3,
        [
            "layers.L.inner_range.drone: must be at most outer_range = 8000; got 30000.0",
            "layers.L.inner_range.missile: must be at most outer_range = 20000; got 30000.0",
        ],
    ),
    ("salvos.0.bearing", -1, ["salvos.straight.bearing: must be at least 0; got -1"]),
    ("salvos.0.bearing", 361, ["salvos.straight.bearing: must be at most 360; got 361"]),
    ("salvos.0.bearing", None, [f"salvos.straight.bearing: {PATH}"]),
    ("salvos.0.bearing", GONE, [f"salvos.straight.bearing: {PATH}"]),
    (
        "salvos.0.route",
        [[1, 2]],
        [
            "salvos.straight.bearing: must not be given if there is a route",
            "salvos.straight.start_range: must not be given if there is a route",
        ],
    ),
    ("salvos.0.route", [[1]], [f"salvos.straight.route.0: {POINT} (1,)"]),
    (
        "salvos.1.route",
        [[0, 0]] * 1001,
        ["salvos.turning.route: must have at most 1,000 entries; got ((0, 0), (0, 0), (0, 0)"],
    ),
    (
        "layers.0.positions",
        [[0, 0]] * 1001,
        ["layers.L.positions: must have at most 1,000 entries; got ((0, 0), (0, 0), (0, 0)"],
    ),
    ("salvos.1.start_range", -1, ["salvos.turning.start_range: must be at least 0; got -1"]),
    (
        "salvos.0.target",
        "cty",
        [
            "salvos.straight.target: 'cty' is not the name of one battery or asset; "
            "did you mean 'city'?"
        ],
    ),
    (
        "salvos.0.target",
        "B",  # it is not said at which site
        ["salvos.straight.target: 'B' is not the name of one battery or asset"],
    ),
    ("assets.1.position", GONE, ["assets.plant.position: is missing"]),
    ("assets.1.name", "city", ["assets: more than one is called 'city'"]),
    ("assets.1.name", "C-1", ["assets.C-1: a battery is called 'C-1' too"]),
    ("assets.1.name", "B@L-1", ["assets.B@L-1: a battery is called 'B@L-1' too"]),
    ("assets.1", 3, ["assets.1: must be an Asset, or a table of its fields; got 3"]),
    ("assets.1.aim_points", 0, ["assets.plant.aim_points: must be at least 1; got 0"]),
    ("assets.1.aim_points", 10**400, ["assets.plant.aim_points: must be at most 1,000; got 1000"]),
    (
        "interceptors.0.kill_probability.drone",
        {"distance": [], "probability": []},
        [f"{GUN}.kill_probability.drone.distance: must have at least 1 entry; got ()"],
    ),
    (
        "interceptors.0.kill_probability.drone",
        {"distance": [-1], "probability": [0.5]},
        [f"{GUN}.kill_probability.drone.distance.0: must be at least 0; got -1"],
    ),
    (
        "interceptors.0.flight_time",
        -(10**400),
        [f"{GUN}.flight_time: must be a number in [0, 1e+09]; got -1000"],
    ),
    ("salvos.0.target", Unprintable(), ["salvos.straight.target: must be text; got <"]),
    ("assets.1.value", -1, ["assets.plant.value: must be at least 0; got -1"]),
    ("assets.1.hardness", 2, ["assets.plant.hardness: must be a number in [0, 1]; got 2"]),
    ("assets.1.priority", 1.5, ["assets.plant.priority: must be a whole number; got 1.5"]),
    (
        "assets.1.repair_time",
        {"dist": "norm"},
        ["assets.plant.repair_time: must not fall below 0, but norm reaches -inf"],
    ),
    ("layers.1.name", "L-2", ["layers: more than one is called 'L-2'"]),
    ("layers.1.name", "L", ["layers: more than one is called 'L'"]),
    ("layers.1.batteries.0.name", "B", ["layers: more than one battery is called 'B'"]),
    (
        "layers.1.batteries.0.name",
        "B@L",
        [f"layers: more than one battery is called 'B@L-{n}'" for n in (1, 2)],
    ),
]


def with_value(path: str, value: Any) -> dict[str, Any]:
    """The document with another value at a path, or without any."""
    document = copy.deepcopy(DOCUMENT)
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    holder: Any = document
    for step in steps:
        holder = holder[step]
    holder[last] = value
    if value is GONE:
        del holder[last]
    return document


@pytest.mark.parametrize(("path", "value", "said"), WRONG)
def test_a_mistake_is_said_once_with_its_location(path: str, value: Any, said: list[str]) -> None:
    with pytest.raises(lt.ScenarioError) as caught:
        from_document(lt.Scenario, with_value(path, value), source="here")
    assert len(caught.value.mistakes) == len(said)
    for line, begin in zip(caught.value.mistakes, said, strict=True):
        assert line.startswith(begin)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("salvos.0.route", []),
        ("salvos.0.bearing", 360),
        ("layers.0.positions", [[1, 2], [1, 2]]),
        ("layers.0.outer_range", {}),
        ("layers.0.inner_range", {"missile": 0}),
        ("assets.1.name", "L"),  # a layer is no target
        ("layers.1.positions", []),
    ],
)
def test_what_is_allowed(path: str, value: Any) -> None:
    from_document(lt.Scenario, with_value(path, value))


def test_a_path_is_needed_only_where_a_layer_is_elsewhere() -> None:
    assert raid(salvo(), layer()).salvos[0].bearing is None
    for places in ({"position": (1.0, 0.0)}, {"positions": [(0.0, 0.0), (0.0, 1.0)]}):
        with pytest.raises(lt.ScenarioError, match=r"salvos\.s\.bearing: must be given"):
            raid(salvo(), layer(**places))
    asset = lt.Asset(name="a", position=(3.0, 4.0))
    at_it = {**vars(raid([], layer(position=(3, 4)))), "assets": [asset]}
    lt.Scenario(**{**at_it, "salvos": [salvo(target="a")]})
    with pytest.raises(lt.ScenarioError, match=r"layer 'L' is at \(3, 4\), and the target at \(0,"):
        lt.Scenario(**{**at_it, "salvos": [salvo()]})


def test_groups_of_batteries_have_different_names() -> None:
    """Two of one name, of which one has several members, were taken."""
    layers = [layer("one", battery(count=2)), layer("two", battery())]
    with pytest.raises(lt.ScenarioError, match="more than one battery is called 'B'"):
        raid(salvo(), layers)


# ---------------------------------------------------------------- bounds


def many(number: int) -> list[tuple[float, float]]:
    return [(1e3 * n, 0.0) for n in range(number)]


BY_DISTANCE = {"t": lt.ByDistance(distance=[0.0], probability=[0.5])}
ROUTE = [(0.0, 5e3 * (n % 2)) for n in range(1000)]


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            lambda: raid(
                salvo(bearing=0.0), layer("L", battery(count=10_000), positions=many(1000))
            ),
            "layers: must have at most 1,000,000 batteries at all positions; got 10,000,000",
        ),
        (
            lambda: raid(
                [salvo(f"s{n}", route=ROUTE) for n in range(2)], layer(positions=many(1000))
            ),
            "salvos: must have at most 1,000,000 straight parts of paths times sites; got 2,000",
        ),
        (
            lambda: raid(
                salvo(route=ROUTE),
                layer(positions=many(6)),
                [gun(speed=9.0), gun("b", BY_DISTANCE)],
            ),
            "salvos: must have at most 10,000,000 squares of numbers of straight parts of paths "
            "times sites times interceptors with a speed or probabilities by distance; "
            "got 12,000,000",
        ),
        (
            lambda: lt.Scenario(
                name="s",
                threats=[],
                assets=[
                    lt.Asset(name=str(n), position=(0, 0), aim_points=1000) for n in range(101)
                ],
            ),
            "assets: must have at most 100,000 aim points together; got 101,000",
        ),
    ],
)
def test_what_costs_too_much_is_refused_first(
    build: Callable[[], object], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the names of millions of batteries are listed."""
    monkeypatch.setattr(name_checks, "_sites", None)
    with pytest.raises(lt.ScenarioError) as caught:
        build()
    assert len(caught.value.mistakes) == 1
    assert caught.value.mistakes[0].startswith(said)


def test_the_paths_of_all_raids_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    base = raid([], layer(positions=many(10)))
    raids = [[salvo(str(n), route=ROUTE[: n + 1])] for n in range(4)]
    monkeypatch.setattr(campaigns, "MOST_CROSSINGS", 100)
    same = lt.Campaign(name="c", scenario=base, raids=raids[-1:] * 9, interval=1e4)
    assert same.raid_count == 9
    lt.Campaign(name="c", scenario=base, raids=raids, interval=1e4)
    with pytest.raises(lt.ScenarioError, match=r"raids: must have .* 100 .*; got 15 times 10"):
        lt.Campaign(
            name="c", scenario=base, raids=[*raids, [salvo("5", route=ROUTE[:5])]], interval=1e4
        )


def test_the_windows_of_batteries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = raid(
        salvo(route=ROUTE[:10]), layer("L", battery(count=7), outer=1e3, positions=many(3))
    )
    windows = lower(scenario).windows.size
    monkeypatch.setattr(bounds, "MOST_PAIRINGS", 7 * windows)
    lower(scenario)
    monkeypatch.setattr(bounds, "MOST_PAIRINGS", 7 * windows - 1)
    with pytest.raises(lt.ScenarioError, match=f"the windows of all batteries are {7 * windows}"):
        lower(scenario)


# ---------------------------------------------------------------- documents


@pytest.mark.parametrize("number", range(30))
def test_what_is_written_is_what_is_read(number: int, tmp_path: Path) -> None:
    scenario = placed_scenario(number)
    found = [from_document(lt.Scenario, scenario.document())]
    for suffix in ("toml", "json"):
        scenario.save(tmp_path / f"s.{suffix}")
        found.append(loaded(lt.Scenario, tmp_path / f"s.{suffix}"))
    found.append(lt.Scenario.model_validate(scenario.model_dump(mode="json")))
    found.append(pickle.loads(pickle.dumps(scenario)))  # noqa: S301
    for again in found:
        assert again == scenario
        assert hash(again) == hash(scenario)
        assert again.digest == scenario.digest
        assert again.sites == scenario.sites
    assert repr(found[-1]) == repr(scenario)


def test_a_document_says_no_more_than_it_must() -> None:
    assert PLACED.document()["layers"] == DOCUMENT["layers"]
    assert PLACED.document()["assets"] == DOCUMENT["assets"]
    assert "position" not in raid(salvo(), layer()).document()["layers"][0]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("layers.M.position", (5e3, 2e3)),
        ("layers.L.positions", ((0.0, 0.0), (30e3, 1.0))),
        ("layers.L.outer_range", 9e3),
        ("layers.L.outer_range.drone", 9e3),
        ("layers.L.inner_range.missile", 1.0),
        ("salvos.straight.bearing", 46.0),
        ("salvos.straight.start_range", 91e3),
        ("salvos.turning.route", ((1.0, 2.0),)),
        ("salvos.straight.target", "plant"),
        ("assets.city.position", (1.0, 20e3)),
        ("assets.city.hardness", 0.5),
        ("assets.plant.repair_time.scale", 8.0),
    ],
)
def test_a_value_is_read_replaced_and_part_of_the_digest(path: str, value: Any) -> None:
    changed = PLACED.replace(path, value)
    assert value_at(changed, path) == value
    assert changed.digest != PLACED.digest
    before = value_at(PLACED, path)
    if path != "layers.L.inner_range.missile":  # which was not named
        assert changed.replace(path, before) == PLACED


@pytest.mark.parametrize("path", ["layers.L.positions.1.0", "salvos.turning.route.0.1"])
def test_a_coordinate_is_a_number(path: str) -> None:
    assert value_at(PLACED.replace(path, 7.0), path) == 7.0


def test_a_range_for_all_threats_has_no_parts() -> None:
    with pytest.raises(
        lt.ScenarioError, match=r"is one number, 9000\.0, for every threat: replace"
    ):
        value_at(PLACED, "layers.M.outer_range.drone")
    assert (
        value_at(PLACED.replace("layers.L.outer_range", {}), "layers.L.outer_range.drone") is None
    )


def supplied(*names: str) -> lt.Campaign:
    supply = [lt.Resupply(battery=name, interceptor="gun") for name in names]
    return lt.Campaign(name="c", scenario=PLACED, raids=2, interval=1e5, resupply=supply)


def test_resupply_names_the_batteries_of_one_site_or_of_all() -> None:
    for names in (["B@L-1", "B@L-2", "C"], ["B", "C"]):
        assert [own.battery for own in supplied(*names).resupply] == names
    with pytest.raises(lt.ScenarioError, match=r"resupply\.0\.battery: 'B@L' is not the name of"):
        supplied("B@L")
    for twice in (["B", "B@L-2"], ["B@L-2", "B"]):
        with pytest.raises(lt.ScenarioError, match="1: more than one for 'gun' of 'B@L-2'"):
            supplied(*twice)


def test_raids_have_their_own_paths() -> None:
    own = {**vars(PLACED.salvos[0]), "name": "own", "bearing": None, "start_range": None}
    with pytest.raises(
        lt.ScenarioError, match=r"^in .*\n  raids\.1: salvos\.own\.bearing: must be"
    ):
        lt.Campaign(name="c", scenario=PLACED, raids=[[], [lt.Salvo(**own)]], interval=1e5)


# ---------------------------------------------------------------- display


def cells(text: str, begin: str) -> list[list[str]]:
    """The columns of the lines with this beginning."""
    lines = [line for line in text.splitlines() if line.startswith(begin)]
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_the_display_shows_paths_positions_and_assets() -> None:
    text = str(PLACED)
    assert "10 threats in 2 salvos against 4 batteries in 2 layers at 3 sites" in text
    assert cells(text, "straight")[0][3:] == ["city", "from 45°, starts at 90,000 m", "5"]
    assert cells(text, "turning")[0][3:] == ["B@L-2", "route of 2 points", "5"]
    assert cells(text, "L  ") == [
        ["L", "B", "9 gun", "8,000 to 20,000", "100", "1", "1"],
        ["L", "drone", "8,000", "100"],
        ["L", "missile", "20,000", "0"],
    ]
    assert cells(text, "L-2") == [["L-2", "30,000", "0"]]
    assert cells(text, "city") == [["city", "0", "20,000", "3", "4", "0", "0", "never"]]
    assert cells(text, "plant")[0][-1] == "expon(scale=9)"
    assert max(map(len, text.splitlines())) <= 100
    assert "<td>from 45°, starts at 90,000 m</td>" in PLACED._repr_html_()
    plain = str(raid(salvo(), layer("L", battery())))
    assert "1 battery in 1 layer\n" in plain
    assert not {"Positions", "Assets", "path"} & {*plain.replace("\n", " ").split()}


def test_the_display_shows_flights_and_distances() -> None:
    falling = lt.ByDistance(distance=[0, 5e3], probability=[0.75, stats.beta(2, 6)])
    own = gun("fast", {"t": falling}, speed=900.0)
    text = str(raid(salvo(), layer("L", battery(magazines=[magazine("fast")])), own))
    shown = ["fast", "t", "0.7500 to beta(a=2, b=6) by distance", "at 900 m/s", "-"]
    assert cells(text, "fast") == [shown]
