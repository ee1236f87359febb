"""Paths: any field of a scenario, by names."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from strategies import scenarios

from leakthrough.model.arrivals import At, Times, Uniform
from leakthrough.model.base import Model
from leakthrough.model.defence import Battery, Doctrine, Interceptor, Layer
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError, label
from leakthrough.model.magazines import Magazine
from leakthrough.model.paths import changed, value_at
from leakthrough.model.scenario import Salvo, Scenario, Threat

SCENARIO = Scenario(
    name="v1.2",
    threats=[Threat(name="drone", speed=50.0), Threat(name="ballistic", speed=1500.0)],
    interceptors=[
        Interceptor(name="area SAM", kill_probability={"drone": stats.beta(2, 5)}, flight_time=9),
        Interceptor(name="gun burst", kill_probability={}),
    ],
    salvos=[
        Salvo(name="drones", threat="drone", count=30, arrival=Uniform(start=0, stop=60)),
        Salvo(name="pair", threat="drone", count=2, arrival=Times(times=[1, 2])),
    ],
    layers=[
        Layer(
            name="area",
            outer_range=60e3,
            batteries=[
                Battery(
                    name="SAM",
                    magazines=[
                        Magazine(interceptor="area SAM", rounds=32),
                        Magazine(interceptor="gun burst", rounds=8),
                    ],
                    doctrine=Doctrine(salvo_size={"ballistic": 2}),
                ),
                Battery(name="gun"),
            ],
        )
    ],
)
SAM = "layers.area.batteries.SAM"


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("name", "v1.2", "v1.3"),
        ("threats.drone.speed", 50.0, 60),
        ("threats.drone.speed", 50.0, np.int32(60)),
        ("salvos.drones.arrival.stop", 60.0, 90.0),
        ("salvos.drones.arrival", Uniform(start=0, stop=60), At(time=3)),
        ("salvos.pair.arrival.times", (1.0, 2.0), (5.0, 6.0)),
        ("salvos.pair.arrival.times.1", 2.0, 7.0),
        (f"{SAM}.count", 1, 0),
        (f"{SAM}.magazines.area SAM.rounds", 32, 64),
        (f"{SAM}.magazines.area SAM.rounds", 32, float("inf")),
        (f"{SAM}.magazines.gun burst.reserved", 0, 64),
        (f"{SAM}.doctrine.salvo_size.ballistic", 2, 3),
        (f"{SAM}.doctrine.salvo_size.drone", 1, 3),
        (f"{SAM}.doctrine.preference.drone", (), ("gun burst",)),
        (f"{SAM}.doctrine.max_salvos", None, 3),
        ("layers.area.batteries.gun.doctrine.salvo_size", 1, 3),
        ("layers.area.soft_kill.drone", 0.0, 0.5),
        ("layers.area.sensor.detection.drone", 1.0, 0.5),
        ("interceptors.area SAM.kill_probability.ballistic", 0.0, 0.5),
        ("interceptors.area SAM.kill_probability.drone", None, 0.5),
        ("interceptors.area SAM.kill_probability.drone.a", 2.0, 4.0),
        ("interceptors.area SAM.kill_probability.drone.scale", 1.0, 0.5),
        ("interceptors.area SAM.kill_probability.drone.loc", 0.0, 0.0),
        ("layers.area.batteries.gun.magazines", (), ()),
    ],
)
def test_a_value_is_read_and_replaced(path: str, before: object, after: object) -> None:
    assert before is None or value_at(SCENARIO, path) == before
    changed = SCENARIO.replace(path, after)
    assert value_at(changed, path) == after
    if before is not None:
        assert changed.replace(path, before) == SCENARIO.replace(path, before)


def test_the_rest_stays_as_it_is() -> None:
    changed = SCENARIO.replace(f"{SAM}.magazines.area SAM.rounds", 64)
    assert changed != SCENARIO
    assert changed.replace(f"{SAM}.magazines.area SAM.rounds", 32) == SCENARIO
    assert value_at(changed, f"{SAM}.magazines.gun burst.rounds") == 8


def test_a_whole_part_may_be_plain_data() -> None:
    changed = SCENARIO.replace("layers.area.batteries.gun", {"name": "cannon", "count": 3})
    assert value_at(changed, "layers.area.batteries.cannon.count") == 3


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("layer", "the scenario: nothing there is called 'layer'; it has 'name', 'threats', "),
        ("layer", "; did you mean 'layers'?"),
        (
            "layers.aera",
            "layers: nothing there is called 'aera'; it has 'area'; did you mean 'area'?",
        ),
        (
            f"{SAM}.magazines.area.rounds",
            "it has 'area SAM', 'gun burst'; did you mean 'area SAM'?",
        ),
        (f"{SAM}.chanels", f"{SAM}: nothing there is called 'chanels'"),
        (f"{SAM}.chanels", "did you mean 'channels'?"),
        (f"{SAM}.channels.x", f"{SAM}.channels: is 1: nothing below it is called 'x'"),
        ("layers.area.batteries.gun.magazines.x", "magazines: is an empty list: it has no 'x'"),
        ("layers.area.soft_kill.dron", "it has 'drone', 'ballistic'; did you mean 'drone'?"),
        (
            "layers.area.batteries.gun.doctrine.salvo_size.drone",
            "is one number, 1, for every threat",
        ),
        ("salvos.drones.arrival.time", "it has 'kind', 'start', 'stop'"),
        (
            "interceptors.area SAM.kill_probability.drone.c",
            "it has 'dist', 'a', 'b', 'loc', 'scale'",
        ),
        ("interceptors.area SAM.flight_time.loc", "is 9.0: nothing below it is called 'loc'"),
        ("threats.0.speed", "threats: nothing there is called '0'"),
        ("layers..batteries", "layers: nothing there is called ''"),
        ("threats.drone.model_fields", "threats.drone: nothing there is called 'model_fields'"),
        ("", "a path must be text"),
        (3, "a path must be text, names with dots between; got 3"),
    ],
)
def test_a_path_that_leads_nowhere(path: str, said: str) -> None:
    for use in (value_at, lambda scenario, path: scenario.replace(path, 1)):
        with pytest.raises(ScenarioError) as caught:
            use(SCENARIO, path)
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (f"{SAM}.channels", 0, f"{SAM}.channels: must be at least 1; got 0"),
        (f"{SAM}.magazines.area SAM.rounds", 40.5, f"{SAM}.magazines.area SAM.rounds: must be a w"),
        (
            "salvos.drones.threat",
            "dron",
            "salvos.drones.threat: 'dron' is not the name of a threat",
        ),
        ("salvos.drones.arrival.stop", -1, "salvos.drones.arrival.stop: must not be before start"),
        ("salvos.pair.count", 3, "salvos.pair.arrival.times: must hold one time for each of the 3"),
        (
            "threats.drone.name",
            "glider",
            "salvos.drones.threat: 'drone' is not the name of a threat",
        ),
        (
            "interceptors.area SAM.kill_probability.drone.a",
            -1,
            "area SAM.kill_probability.drone: sci",
        ),
    ],
)
def test_a_value_that_is_not_allowed_there(path: str, value: object, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        SCENARIO.replace(path, value)
    assert said in str(caught.value)
    assert str(caught.value).startswith("in Scenario 'v1.2':")


def test_several_changes_at_once_do_not_lead_through_one_another() -> None:
    magazine = f"{SAM}.magazines.area SAM"
    with pytest.raises(ScenarioError, match=f"^{magazine}.rounds: lies within {SAM}, which is ch"):
        changed(SCENARIO, {f"{magazine}.rounds": 3, SAM: {"name": "SAM"}})
    both = changed(SCENARIO, {f"{magazine}.rounds": 3, f"{SAM}.channels": 1})
    assert value_at(both, f"{magazine}.rounds") == 3


def as_data(thing: Any) -> Any:
    """A whole scenario as plain data, with defaults."""
    if isinstance(thing, Distribution):
        return {"dist": thing.dist, **thing.parameters}
    if isinstance(thing, Model | dict):
        return {name: as_data(value) for name, value in dict(thing).items()}
    return [as_data(entry) for entry in thing] if isinstance(thing, tuple) else thing


def paths_below(data: Any, path: str = "") -> Iterator[str]:
    """Every path through plain data."""
    entries = data if isinstance(data, dict) else {}
    if isinstance(data, list):
        entries = {str(label(entry, index)): entry for index, entry in enumerate(data)}
    for name, value in entries.items():
        yield f"{path}{name}"
        yield from paths_below(value, f"{path}{name}.")


def holder(data: Any, path: str) -> tuple[Any, Any]:
    """The list or table in plain data that holds the value of a path, and its key."""
    for step in path.split("."):
        key: Any = step
        if isinstance(data, list):
            key = [str(label(entry, index)) for index, entry in enumerate(data)].index(step)
        held, data = data, data[key]
    return held, key


def outcome(build: Any) -> object:
    try:
        return build()
    except ScenarioError as error:
        return str(error), error.mistakes, error.source


VALUES: list[Any] = [
    *(0, 1, 2, -1, 3.5, 0.0, 1.0, 2.5e9, float("inf"), float("nan"), 10**400, True, None),
    *("drone", "gun", "north", "layer 0 battery 0", "dron", "a.b", "", "infinite", "arrival"),
    *([], ["north"], ["north", "north"], ["gun", "gun"], [1.0, 2.0], {}, {"drone": 1}, {3: 1}),
    *({"drone": 0.5, "dron": 2}, {"name": "x"}, {"kind": "at", "time": 3}, {"kind": "ta"}),
    *(At(time=3.0), Uniform(start=0.0, stop=5.0), np.float64(0.25), np.int64(3), np.arange(3.0)),
    *(stats.norm(50.0, 9.0), stats.beta(2.0, 3.0), stats.expon(), {"dist": "beta", "a": 2}),
    *(Magazine(interceptor="gun", rounds=3), Battery(name="layer 0 battery 1"), object),
]


@settings(max_examples=300)
@given(st.data())
def test_to_change_a_part_is_to_rebuild_everything(data: st.DataObject) -> None:
    """Only the ancestors of a change are rebuilt; with any mistake, everything is."""
    scenario = data.draw(scenarios())
    everything = as_data(scenario)
    every = sorted(paths_below(everything))
    changes: dict[str, object] = {}
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(every))
        if any(f"{path}.".startswith(f"{p}.") or f"{p}.".startswith(f"{path}.") for p in changes):
            continue
        other = st.sampled_from(every).map(lambda path: value_at(scenario, path))
        changes[path] = data.draw(st.sampled_from(VALUES) | other)
    for (held, key), value in [(holder(everything, path), changes[path]) for path in changes]:
        held[key] = value
    assert outcome(lambda: changed(scenario, changes)) == outcome(lambda: Scenario(**everything))
