"""The models: accepted and refused values, and error texts."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import stats

import leakthrough as lt
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.base import Frozen
from leakthrough.model.defence import Battery, Doctrine, Interceptor, Layer, Sensor
from leakthrough.model.distributions import Distribution
from leakthrough.model.documents import from_document
from leakthrough.model.errors import ScenarioError
from leakthrough.model.magazines import Magazine
from leakthrough.model.scenario import Salvo, Scenario, Threat

INF = float("inf")


def scenario(**changed: Any) -> Scenario:
    fields: dict[str, Any] = {
        "name": "notional",
        "threats": [{"name": "drone", "speed": 50.0}, {"name": "ballistic", "speed": 1500.0}],
        "interceptors": [{"name": "area SAM", "kill_probability": {"drone": 0.9}}],
        "salvos": [
            {"name": "s", "threat": "drone", "count": 3, "axis": "north", "arrival": At(time=0)}
        ],
        "layers": [{"name": "area", "outer_range": 1e4, "batteries": [{"name": "SAM"}]}],
    }
    return Scenario(**{**fields, **changed})


def battery(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "area", "outer_range": 1e4, "batteries": [{"name": "SAM", **fields}]}]


def mistakes(build: Callable[[], object]) -> tuple[str, ...]:
    with pytest.raises(ScenarioError) as caught:
        build()
    return caught.value.mistakes


def threat(**fields: Any) -> Threat:
    return Threat(**{"name": "d", **fields})


def salvo(**fields: Any) -> Salvo:
    return Salvo(**{"name": "s", "threat": "drone", "count": 3, "arrival": At(time=0), **fields})


def layer(**fields: Any) -> Layer:
    return Layer(**{"name": "area", "outer_range": 100.0, **fields})


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Threat(name="d", speed=-1), "speed: must be at least 0.1; got -1"),
        (lambda: Threat(name="d", speed=1e6), "speed: must be at most 100,000; got 1000000.0"),
        (lambda: Threat(name="d", speed="3"), "speed: must be a number; got '3'"),
        (lambda: Threat(name="d", speed=True), "speed: must be a number; got True"),
        (lambda: Threat(name="d", speed=INF), "speed: must be a finite number; got inf"),
        (lambda: Threat(name="d", speed=np.nan), "speed: must be a finite number; got nan"),
        (lambda: threat(speed=10**400), "speed: must be a finite number; got 1000"),
        (lambda: threat(), "speed: is missing"),
        (lambda: Threat(name="d", speed=5, cost=-1), "cost: must be at least 0; got -1"),
        (lambda: Threat(name="d", speed=5, cost=1e16), "cost: must be at most 1e+15; got 1e+16"),
        (lambda: Threat(name="d", speed=5, decoy=1), "decoy: must be true or false; got 1"),
        (
            lambda: Threat(name="d", speed=5, priority=1.5),
            "priority: must be a whole number; got 1.5",
        ),
        (
            lambda: Threat(name="d", speed=5, priority=1001),
            "priority: must be at most 1,000; got 1001",
        ),
        (
            lambda: threat(speed=5, sped=6),
            "sped: is not a field of Threat; did you mean 'speed'?",
        ),
        (lambda: threat(speed=5, zzz=6), "zzz: is not a field of Threat"),
        (lambda: Threat(name=3, speed=5), "name: must be text; got 3"),
        (lambda: Threat(name="", speed=5), "name: must have 1 to 200 characters; got 0"),
        (lambda: Threat(name="x" * 201, speed=5), "name: must have 1 to 200 characters; got 201"),
        (lambda: Threat(name=" d", speed=5), "name: must not begin or end with a space; got ' d'"),
        (
            lambda: Threat(name="a.b", speed=5),
            "name: must not contain a dot, which separates the steps of a path; got 'a.b'",
        ),
        (
            lambda: Threat(name="a\x00b", speed=5),
            "name: must not contain control characters or line breaks; got 'a\\x00b'",
        ),
        (lambda: salvo(count=True), "count: must be a whole number; got True"),
        (lambda: salvo(count=40.5), "count: must be a whole number; got 40.5"),
        (lambda: salvo(count=-1), "count: must be at least 0; got -1"),
        (lambda: salvo(count=10**8), "count: must be at most 10,000,000; got 100000000"),
        (lambda: salvo(count=10**5000), "count: must be at most 10,000,000; got a huge int"),
        (lambda: salvo(axis=3), "axis: must be text; got 3"),
        (lambda: salvo(axis=""), "axis: must have 1 to 200 characters; got 0"),
        (
            lambda: layer(inner_range=101),
            "inner_range: must be at most outer_range = 100; got 101.0",
        ),
        (
            lambda: layer(outer_range=3e7),
            "outer_range: must be a number from 0 to 20,000,000 [m], or such a number by threat; "
            "got 30000000.0",
        ),
        (
            lambda: layer(soft_kill={"drone": 2}),
            "soft_kill.drone: must be a number in [0, 1]; got 2",
        ),
        (lambda: layer(soft_kill=[1]), "soft_kill: must be a table of names and values; got (1,)"),
        (lambda: layer(soft_kill={3: 1}), "soft_kill: its names must be text; got 3"),
        (lambda: layer(batteries="SAM"), "batteries: must be a list; got 'SAM'"),
        (lambda: layer(batteries={3}), "batteries: must be a list; got {3}"),
        (
            lambda: layer(batteries=["SAM"]),
            "batteries.0: must be a Battery, or a table of its fields; got 'SAM'",
        ),
        (lambda: layer(batteries=iter([])), "batteries: must be a list; got <list_iterator"),
        (
            lambda: layer(sensor=None),
            "sensor: must be a Sensor, or a table of its fields; got None",
        ),
        (lambda: Sensor(availability=1.5), "availability: must be a number in [0, 1]; got 1.5"),
        (
            lambda: Sensor(detection={"drone": "1"}),
            "detection.drone: must be a number in [0, 1] or a frozen scipy.stats distribution",
        ),
        (lambda: Battery(name="b", count=10_001), "count: must be at most 10,000; got 10001"),
        (lambda: Battery(name="b", channels=0), "channels: must be at least 1; got 0"),
        (lambda: Battery(name="b", axes="north"), "axes: must be a list; got 'north'"),
        (
            lambda: Battery(name="b", false_kill=-0.1),
            "false_kill: must be a number in [0, 1]; got -0.1",
        ),
        (
            lambda: Doctrine(order="deadlin"),
            "order: must be 'deadline' or 'arrival'; got 'deadlin'; did you mean 'deadline'?",
        ),
        (lambda: Doctrine(max_salvos=0), "max_salvos: must be at least 1; got 0"),
        (
            lambda: Doctrine(salvo_size=0),
            "salvo_size: must be a whole number from 1 to 1,000, or such a number by threat; got 0",
        ),
        (
            lambda: Doctrine(salvo_size={"drone": 2.5}),
            "salvo_size.drone: must be a whole number from 1 to 1,000; got 2.5",
        ),
        (lambda: Doctrine(salvo_size={3: 2}), "salvo_size: its names must be text; got 3"),
        (lambda: Doctrine(preference={"drone": "a"}), "preference.drone: must be a list; got 'a'"),
        (lambda: Doctrine(preference={"drone": [1]}), "preference.drone.0: must be text; got 1"),
        (
            lambda: Magazine(interceptor="i", rounds=40.5),
            "rounds: must be a whole number from 0 to 1,000,000,000, or 'infinite'; got 40.5",
        ),
        (
            lambda: Magazine(interceptor="i", rounds="infinit"),
            "or 'infinite'; got 'infinit'; did you mean 'infinite'?",
        ),
        (lambda: Magazine(interceptor="i", rounds=-INF), "or 'infinite'; got -inf"),
        (lambda: Magazine(interceptor="i", rounds=True), "or 'infinite'; got True"),
        (
            lambda: Magazine(interceptor="i", rounds=1, reloads=1),
            "reload_rounds: must be at least 1 when reloads is above 0; got 0",
        ),
        (
            lambda: Interceptor(name="i", kill_probability={"drone": 1.01}),
            "kill_probability.drone: must be a number in [0, 1]; got 1.01",
        ),
        (lambda: At(time=1e10), "time: must be at most 1,000,000,000; got 10000000000.0"),
        (lambda: Uniform(start=5, stop=4), "stop: must not be before start = 5; got 4.0"),
        (lambda: Regular(start=5, interval=-1), "interval: must be at least 0; got -1"),
        (lambda: Poisson(start=5, rate=0), "rate: must be greater than 0; got 0"),
        (lambda: Times(times=3), "times: must be a list; got 3"),
        (lambda: Times(times=[1, "2"]), "times.1: must be a number; got '2'"),
        (
            lambda: salvo(arrival=Times(times=[1, 2])),
            "arrival.times: must hold one time for each of the 3 threats; got 2",
        ),
        (
            lambda: salvo(arrival=Regular(start=0, interval=1e9)),
            "arrival.interval: times the 3 threats must be at most 1e+09 s; got 1e+09",
        ),
        (
            lambda: salvo(arrival=Poisson(start=0, rate=1e-9)),
            "arrival.rate: must bring the 3 threats within 1e+09 s; got 1e-09",
        ),
        (
            lambda: salvo(arrival={"kind": "unifrm"}),
            "arrival.kind: must be one of 'at', 'times', 'uniform', 'regular', 'poisson'; "
            "got 'unifrm'; did you mean 'uniform'?",
        ),
        (lambda: salvo(arrival={"kind": "uniform", "start": 0}), "arrival.stop: is missing"),
        (
            lambda: salvo(arrival={"kind": "at", "time": 0, "tim": 0}),
            "arrival.tim: is not a field of At; did you mean 'time'?",
        ),
        (
            lambda: salvo(arrival=5),
            "arrival: must be At, Times, Uniform, Regular, Poisson or a froz",
        ),
        (
            lambda: salvo(arrival={"kind": 3}),
            "arrival: must be At, Times, Uniform, Regular, Poisson",
        ),
        (
            lambda: salvo(arrival={"dist": "nrm"}),
            "arrival: dist must name a continuous scipy.stats",
        ),
        (lambda: salvo(arrival=stats.poisson(3)), "arrival: poisson is for numbers of threats"),
        (lambda: scenario(name="a.\n"), "name: must not begin or end with a space; got 'a.\\n'"),
        (lambda: scenario(name=""), "name: must have 1 to 200 characters; got 0"),
    ],
)
def test_a_mistake_is_one_line_with_its_location(build: Callable[[], object], said: str) -> None:
    (line,) = mistakes(build)
    assert said in line


WEAPON = {"name": "area SAM", "kill_probability": {"drone": 0.9}}
ENDLESS = {"interceptor": "area SAM", "rounds": "infinite"}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"salvos": [{"name": "s", "threat": "dron", "count": 1, "arrival": At(time=0)}]},
            "salvos.s.threat: 'dron' is not the name of a threat; did you mean 'drone'?",
        ),
        (
            {"interceptors": [{"name": "area SAM", "kill_probability": {"Drone": 1}}]},
            "interceptors.area SAM.kill_probability: 'Drone' is not the name of a threat; did you",
        ),
        (
            {"layers": battery(doctrine={"salvo_size": {"balistic": 1}})},
            "layers.area.batteries.SAM.doctrine.salvo_size: 'balistic' is not the name of a threat",
        ),
        (
            {"layers": battery(doctrine={"preference": {"balistic": []}})},
            "layers.area.batteries.SAM.doctrine.preference: 'balistic' is not the name of a threat",
        ),
        (
            {"layers": battery(doctrine={"preference": {"drone": ["area SAM"]}})},
            "preference.drone: 'area SAM' is not the name of a magazine of this battery",
        ),
        (
            {"layers": [{"name": "a", "outer_range": 1, "soft_kill": {"dron": 1}}]},
            "layers.a.soft_kill: 'dron' is not the name of a threat; did you mean 'drone'?",
        ),
        (
            {"layers": [{"name": "a", "outer_range": 1, "sensor": {"detection": {"dron": 1}}}]},
            "layers.a.sensor.detection: 'dron' is not the name of a threat; did you mean 'drone'?",
        ),
        (
            {"layers": battery(magazines=[{"interceptor": "area sam", "rounds": 1}])},
            "layers.area.batteries.SAM.magazines.area sam.interceptor: 'area sam' is not the name "
            "of an interceptor; did you mean 'area SAM'?",
        ),
        (
            {"layers": battery(magazines=[{"interceptor": "area SAM", "rounds": 1}] * 2)},
            "layers.area.batteries.SAM.magazines: more than one is called 'area SAM'",
        ),
        (
            {"layers": battery(axes=["nort"])},
            "layers.area.batteries.SAM.axes: 'nort' is not the name of an axis; did you mean",
        ),
        ({"axes": ["south"]}, "salvos.s.axis: 'north' is not the name of an axis; did you mean"),
        ({"axes": ["north", "north"]}, "axes: more than one is called 'north'"),
        ({"axes": ["north", "x."]}, "axes.1: must not contain a dot"),
        ({"interceptors": [WEAPON, WEAPON]}, "interceptors: more than one is called 'area SAM'"),
        (
            {"layers": [layer(), layer()]},
            "layers: more than one is called 'area'",
        ),
        (
            {"layers": [layer(batteries=[Battery(name="b", count=2), Battery(name="b-2")])]},
            "layers: more than one battery is called 'b-2'",
        ),
        (
            {
                "layers": [
                    layer(batteries=[Battery(name="b", count=0)]),
                    layer(name="point", batteries=[Battery(name="b", count=0)]),
                ]
            },
            "layers: more than one battery is called 'b'",
        ),
        (
            {"layers": battery(magazines=[ENDLESS])},
            "layers.area.batteries.SAM.magazines.area SAM.rounds: may be infinite only if an "
            "engagement takes at least 1e-06 s or max_salvos is set: it would fire forever",
        ),
    ],
)
def test_a_mistake_between_the_parts(changed: dict[str, Any], said: str) -> None:
    (line,) = mistakes(lambda: scenario(**changed))
    assert said in line


@pytest.mark.parametrize(
    "fields",
    [
        {"reaction_time": 1e-6},
        {"assessment_time": stats.expon()},
        {"doctrine": {"max_salvos": 5}},
    ],
)
def test_rounds_without_end_are_allowed_where_the_firing_ends(fields: dict[str, Any]) -> None:
    made = scenario(layers=battery(magazines=[ENDLESS], **fields))
    assert made.layers[0].batteries[0].magazines[0].rounds == INF


def test_rounds_without_end_are_allowed_where_they_kill_nothing() -> None:
    harmless = {"name": "area SAM", "kill_probability": {"drone": 0.0}}
    made = scenario(interceptors=[harmless], layers=battery(magazines=[ENDLESS]))
    assert made.layers[0].batteries[0].magazines[0].rounds == INF


def test_a_declared_axis_may_be_covered_without_salvos() -> None:
    made = scenario(axes=["north", "south"], layers=battery(axes=["south"]))
    assert made.layers[0].batteries[0].axes == ("south",)


def test_all_mistakes_are_reported_together_each_with_its_location() -> None:
    document = {
        "name": "night.1",
        "treats": [],
        "threats": [{"name": "drone", "speed": 0}],
        "salvos": [
            {"name": "a", "threat": "dron", "count": -1, "arrival": {"kind": "at", "time": "x"}},
            {"threat": "drone", "count": 1},
        ],
        "layers": [
            {"name": "area", "outer_range": 1.0, "batteries": [{"name": "SAM", "chanels": 2}]}
        ],
    }
    assert mistakes(lambda: from_document(lt.Scenario, document, source="night.toml")) == (
        "threats.drone.speed: must be at least 0.1; got 0",
        "salvos.a.count: must be at least 0; got -1",
        "salvos.a.arrival.time: must be a number; got 'x'",
        "salvos.1.name: is missing",
        "salvos.1.arrival: is missing",
        "layers.area.batteries.SAM.chanels: is not a field of Battery; did you mean 'channels'?",
        "treats: is not a field of Scenario; did you mean 'threats'?",
        "salvos.a.threat: 'dron' is not the name of a threat; did you mean 'drone'?",
    )


def test_the_error_says_what_was_being_made() -> None:
    with pytest.raises(ScenarioError, match=r"^in Threat 'drone':\n  speed: must be at least 0.1"):
        Threat(name="drone", speed=0)
    with pytest.raises(ScenarioError, match=r"^in Doctrine:\n  max_salvos: must be at least 1"):
        Doctrine(max_salvos=0)


def test_an_error_can_be_pickled() -> None:
    with pytest.raises(ScenarioError) as caught:
        Threat(name="drone", speed=0, cost=-1)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(again) == str(caught.value)
    assert again.mistakes == caught.value.mistakes


@pytest.mark.parametrize("huge", [10**400, 10**5000], ids=["float", "print"])
def test_numbers_too_large_to_convert_or_to_print_are_refused(huge: int) -> None:
    weapon = {"name": "i", "kill_probability": {"drone": 1}, "flight_time": huge}
    magazines = [{"interceptor": "i", "rounds": huge}, {"interceptor": huge, "rounds": 1}]
    doctrine = {"salvo_size": {huge: 0}, "preference": {huge: [huge]}}
    lines = mistakes(
        lambda: scenario(
            interceptors=[weapon],
            layers=battery(reaction_time=2.5, magazines=magazines, doctrine=doctrine),
        )
    )
    assert len(lines) == 5
    assert all("; got 1000" in line or "; got a huge int" in line for line in lines)
    assert mistakes(lambda: from_document(lt.Scenario, {huge: 1}))  # type: ignore[dict-item]


def test_a_structure_without_end_is_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert mistakes(lambda: scenario(threats=endless)) == ("nested too deeply",)


def test_numpy_values_are_numbers() -> None:
    made = Salvo(
        name=np.str_("s"), threat="d", count=np.int64(2), arrival=Times(times=np.array([1, 2.5]))
    )
    assert type(made.count) is int
    assert isinstance(made.arrival, Times)
    assert made.arrival.times == (1.0, 2.5)
    threat = Threat(name="d", speed=np.float32(50), cost=np.array(3), decoy=np.bool_(True))
    assert (type(threat.speed), type(threat.cost), threat.decoy) == (float, float, True)
    assert Magazine(interceptor="i", rounds=np.int32(3)).rounds == 3
    assert Magazine(interceptor="i", rounds=np.inf).rounds == INF
    assert Magazine(interceptor="i", rounds="infinite").rounds == INF
    assert mistakes(lambda: Threat(name="d", speed=5, priority=np.float64(1.5)))
    assert type(Threat(name="d", speed=5, priority=np.float64(1)).priority) is int
    assert mistakes(lambda: Threat(name="d", speed=np.array([5])))


def test_a_whole_number_does_where_a_number_is_wanted() -> None:
    speed = Threat(name="d", speed=50).speed
    assert type(speed) is float


def test_a_frozen_distribution_becomes_an_arrival() -> None:
    arrival = salvo(arrival=stats.norm(100, 5)).arrival
    assert arrival == Distribution(dist="norm", parameters={"loc": 100, "scale": 5})


def test_expanded_battery_names() -> None:
    assert Battery(name="SAM").names == ("SAM",)
    assert Battery(name="SAM", count=3).names == ("SAM-1", "SAM-2", "SAM-3")
    assert Battery(name="SAM", count=0).names == ()


def test_nothing_can_be_changed() -> None:
    made = scenario(layers=battery(doctrine={"salvo_size": {"drone": 2}}))
    with pytest.raises(ValidationError, match="frozen"):
        made.name = "other"  # type: ignore[misc]
    chances: Any = made.interceptors[0].kill_probability
    sizes: Any = made.layers[0].batteries[0].doctrine.salvo_size
    changes: list[Callable[[], object]] = [
        lambda: chances.update(drone=1),
        lambda: chances.pop("drone"),
        lambda: chances.clear(),
        lambda: chances.setdefault("x", 1),
        lambda: chances.popitem(),
        lambda: chances.__setitem__("drone", 1),
        lambda: chances.__delitem__("drone"),
        lambda: chances.__ior__({"drone": 1}),
        lambda: sizes.__setitem__("drone", 1),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="cannot be changed"):
            change()
    assert isinstance(made.threats, tuple)


def test_what_was_given_may_be_changed_afterwards() -> None:
    chances = {"drone": 0.5}
    made = Interceptor(name="i", kill_probability=chances)
    chances["drone"] = 0.9
    assert made.kill_probability == {"drone": 0.5}


def test_a_scenario_is_hashed_pickled_and_copied_by_value() -> None:
    made = scenario(
        layers=battery(
            magazines=[ENDLESS],
            reaction_time=stats.expon(),
            doctrine={"preference": {"drone": ["area SAM"]}, "salvo_size": {"drone": 2}},
        )
    )
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made), copy.copy(made)):  # noqa: S301
        assert again == made
        assert hash(again) == hash(made)
        assert isinstance(again.interceptors[0].kill_probability, Frozen)
    assert Scenario.model_validate(made.model_dump()) == made
    assert Scenario.model_validate(made.model_dump(mode="json")) == made


def test_the_json_schema_carries_units_and_bounds() -> None:
    schema = Scenario.model_json_schema()
    parts = schema["$defs"]
    speed = parts["Threat"]["properties"]["speed"]
    assert (speed["minimum"], speed["maximum"]) == (0.1, 1e5)
    assert "[m/s]" in speed["description"]
    assert parts["Magazine"]["properties"]["rounds"]["anyOf"][1] == {"const": "infinite"}
    assert parts["Uniform"]["required"] == ["kind", "start", "stop"]
    flight = parts["Interceptor"]["properties"]["flight_time"]
    assert flight["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1e9}
    assert flight["anyOf"][1] == {"$ref": "#/$defs/Distribution"}
    del parts["Distribution"]
    soft_kill = parts["Layer"]["properties"]["soft_kill"]["additionalProperties"]
    assert soft_kill["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 1}
    assert parts["Threat"]["additionalProperties"] is False
    for part in [schema, *parts.values()]:
        for name, field in part["properties"].items():
            assert "description" in field or name in ("kind", "name"), name


def test_a_preference_names_an_interceptor_once() -> None:
    battery = lt.Battery(
        name="A",
        magazines=[lt.Magazine(interceptor="gun", rounds=2)],
        doctrine=lt.Doctrine(preference={"drone": ("gun", "gun")}),
    )
    with pytest.raises(lt.ScenarioError, match=r"preference\.drone: names more than once 'gun'"):
        lt.Scenario(
            name="twice",
            threats=[lt.Threat(name="drone", speed=50.0)],
            interceptors=[lt.Interceptor(name="gun", kill_probability={"drone": 1.0})],
            layers=[lt.Layer(name="L", outer_range=1e3, batteries=[battery])],
        )
