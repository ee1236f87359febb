"""Wrong values at every public door: one clear error that names the parameter."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import doors
import pytest
import xarray as xr
from matplotlib import pyplot as plt

import leakthrough as lt

DOORS = {door.name: door for door in doors.doors()}
NOWHERE = {
    *("object", "class", "function", "list of objects", "table", "number as name", "complex"),
    *("array of objects", "date", "no date", "duration", "bytes", "list", "bytes of numbers"),
    "wrong fields",
    *("nested deeply", "executor class", "polar Axes", "cannot be shown"),
}
"""Values that no parameter takes."""
TEXTS = (
    "name",
    "interceptor",
    "battery",
    "threat",
    "axis",
    "pool",
    "depot",
    "command",
    "target",
    "of",
    "store",
    "path",
)
ARRAYS = (
    *("exact.raid_annihilation", "exact.shoot_look_shoot", "exact.common_luck"),
    *("exact.destroyed_by", "intervals.", "plot.heatmap"),
)


def is_allowed(door: doors.Door, parameter: str, label: str) -> bool:
    """Whether a door may take a value that is wrong at most doors."""
    if label in NOWHERE:
        return False
    if label == "no fields":
        return parameter == "preference"  # it is a table of its fields, which are defaults
    if label == "mock":
        return parameter == "executor"  # it has a method `submit`
    if label in ("None", "masked number"):
        given = inspect.signature(door.call).parameters[parameter]
        return given.default is None or "None" in str(given.annotation)
    if "text" in label or label == "yes":
        return parameter in TEXTS
    if label == "foreign Dataset":
        return door.name in ("leakthrough.save_result", "leakthrough.tidy")
    if label in ("array", "foreign DataArray", "NaN"):
        return door.name.startswith(ARRAYS)
    return label not in ("huge", "too large for a float") or parameter in ("workers", "count")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)  # a text may be the path of a store
    yield
    plt.close("all")


def test_every_public_callable_has_a_door() -> None:
    assert doors.missing() == []


def faults(door: doors.Door, parameter: str) -> Iterator[str]:
    """Wrong values that a door takes, or refuses with an error that does not name the parameter."""
    owner = door.name.rpartition(".")[2]
    for label, value in {**doors.WRONG, **doors.others()}.items():
        try:
            door.call(**{**door.arguments, parameter: value})
        except OSError as error:
            if parameter not in ("path", "store"):
                yield f"{label}: {error!r}"
        except Exception as error:  # noqa: BLE001 - any may come, and is reported
            ours = type(error) in (ValueError, TypeError, lt.ScenarioError)
            # A relation between fields is told by the names of the fields of a model.
            of_model = inspect.isclass(door.call) and f"in {owner}" in str(error)
            of_model |= owner == "Measure" and str(error).startswith("measure: ")
            # What is right at another door may not fit another argument of this one.
            names = [parameter] if label in doors.WRONG else door.arguments
            if not ours or not (any(name in str(error) for name in names) or of_model):
                yield f"{label}: {error!r}"
        else:
            if label in doors.WRONG and not is_allowed(door, parameter, label):
                yield f"{label}: taken"
        plt.close("all")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", DOORS)
def test_wrong_values_are_refused_by_the_name_of_the_parameter(name: str) -> None:
    door = DOORS[name]
    door.call(**door.arguments)
    found: dict[str, Any] = {each: list(faults(door, each)) for each in door.arguments}
    assert not {each: wrong for each, wrong in found.items() if wrong}


LOST: dict[str, Callable[[xr.Dataset], xr.Dataset]] = {
    "as text": lambda found: found.astype(str),
    "along another dimension": lambda found: found.expand_dims(other=2),
    "without entries": lambda found: found.isel({next(iter(found.dims)): []}),
}


@pytest.mark.parametrize("change", LOST)
@pytest.mark.parametrize("name", [n for n in DOORS if n.startswith(("plot", "records.dist"))])
def test_studies_that_have_lost_something_are_refused(name: str, change: str) -> None:
    door = DOORS[name]
    parameter = next(iter(door.arguments))
    found = door.arguments[parameter]
    if parameter == "result" and change == "without entries":
        found, where = found.isel(replication=[]), "replication"
    elif parameter == "result" and change == "along another dimension":  # equal copies are taken
        more = xr.concat([found.leaked, found.leaked + 1], "other")
        found, where = found.assign(leaked=more), "leaked differs along other"
    else:
        found, where = LOST[change](found), ""
    with pytest.raises(ValueError, match=f"^{parameter}: .*{where}"):
        door.call(**{**door.arguments, parameter: found})
