"""Parts that pydantic made without checks: checked where they are used."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import doors
import pytest
import xarray as xr

import leakthrough as lt

SCENARIO: Any = lt.Scenario
AT: Any = lt.At
LAYER = doors.scenario().layers[0]
WRONG: dict[str, tuple[lt.Scenario, str]] = {
    "no fields": (SCENARIO.model_construct(), "name: is missing"),
    "wrong fields": (
        SCENARIO.model_construct(name="x", threats=[1], layers=None),
        "threats.0: must be a Threat",
    ),
    "wrong part of a part": (
        doors.scenario().model_copy(
            update={"layers": (LAYER.model_copy(update={"outer_range": "far"}),)}
        ),
        "layers.defence.outer_range: must be a number from 0 to 20,000,000 .m., or such a number",
    ),
    "unknown name": (
        doors.scenario()
        .replace("salvos", [])
        .model_copy(
            update={"salvos": (lt.Salvo(name="s", threat="x", count=1, arrival=lt.At(time=0)),)}
        ),
        "salvos.s.threat: 'x' is not the name of a threat",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_scenario_is_checked_at_every_door(kind: str) -> None:
    wrong, text = WRONG[kind]
    studies = [name for name, given in doors._of_studies().items() if "scenario" in given]
    for name in ("check", *studies):
        given = {**doors._of_studies(), **doors._of_results()}[name]
        if name == "replay":
            given = {**given, "scenario": doors.scenario(), "raid": 1}
        with pytest.raises(lt.ScenarioError, match=f"scenario: {text}"):
            getattr(lt, name)(**{**given, "scenario": wrong})
    with pytest.raises(lt.ScenarioError, match=f"scenario.{text}"):
        lt.Campaign(name="c", scenario=wrong, raids=2, interval=lt.DAY)
    with pytest.raises(lt.ScenarioError, match=f"^options, 'b': {text}"):
        lt.compare({"a": doors.scenario(), "b": wrong}, measures=["leakers"], replications=9)


def test_a_campaign_is_checked() -> None:
    wrong = doors.campaign().model_copy(update={"raids": -3})
    calls: list[Callable[[Any], Any]] = [
        lt.check,
        lambda c: lt.replay(c, replication=0, seed=1),
        lambda c: lt.simulate_campaign(c, replications=5),
    ]
    for call in calls:
        with pytest.raises(lt.ScenarioError, match="raids: must be at least 1; got -3"):
            call(wrong)


def test_parts_are_checked_where_they_are_used() -> None:
    time = lt.Distribution.model_construct(dist="beta", parameters={"a": -1})
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: lt.Battery(name="b", reaction_time=time), "reaction_time: beta needs"),
        (
            lambda: lt.Salvo(name="s", threat="t", count=1, arrival=AT.model_construct()),
            "arrival.time: is missing",
        ),
        (lambda: SCENARIO.model_construct().document(), "threats: is missing"),
        (lambda: SCENARIO.model_construct().digest, "threats: is missing"),
        (lambda: SCENARIO.model_construct().replace("name", "x"), "threats: is missing"),
    ]
    for call, text in calls:
        with pytest.raises(lt.ScenarioError, match=text):
            call()
    assert str(SCENARIO.model_construct(name="x")) == "Scenario(name='x')"


def test_what_is_right_is_taken() -> None:
    scenario = doors.scenario()
    fields = {name: getattr(scenario, name) for name in type(scenario).model_fields}
    made = SCENARIO.model_construct(**{**fields, "threats": [*scenario.threats]})
    assert made.digest == scenario.digest
    run: Any = {"replications": 5, "seed": 1}
    xr.testing.assert_identical(lt.simulate(made, **run), lt.simulate(scenario, **run))
    for same in (copy.copy(scenario), pickle.loads(pickle.dumps(scenario))):  # noqa: S301
        assert same == scenario
