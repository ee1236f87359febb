"""Paths: any field of a scenario, addressed by names.

A step of a path is a field, the name of an entry in a list (of a magazine: its interceptor),
or a key of a mapping, such as a threat.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import BaseModel

from leakthrough._errors import ScenarioError, label, nearest, place_text, shown
from leakthrough.distributions import Distribution, shape_names
from leakthrough.scenario import Scenario

# what holds for a threat that the mapping does not name
_UNNAMED: dict[str, Any] = {
    "kill_probability": 0.0,
    "salvo_size": 1,
    "preference": (),
    "detection": 1.0,
    "soft_kill": 0.0,
}
_UNSHIFTED = {"loc": 0.0, "scale": 1.0}


def value_at(scenario: Scenario, path: str) -> Any:
    """Return what stands at a path.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    path : str
        Names and fields, with dots between them.

    Returns
    -------
    object
        The value; for a threat that a mapping does not name, the value that then holds.

    Raises
    ------
    ScenarioError
        If the path leads nowhere.
    """
    value: Any = scenario
    steps = _steps(path)
    for depth in range(len(steps)):
        value = _child(scenario, value, steps[: depth + 1])
    return value


def replaced(scenario: Scenario, path: str, value: object) -> Scenario:
    """Return a copy with another value at the path; see `Scenario.replace`."""
    return changed(scenario, {path: value})


def changed(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """Return a copy with other values at several paths, checked once, as a whole.

    Raises
    ------
    ScenarioError
        If a path leads nowhere, or the scenario would not be valid.
    """
    fields: Any = scenario
    for path, value in changes.items():
        value_at(scenario, path)
        fields = _with(fields, _steps(path), value)
    return Scenario(**fields) if changes else scenario


def _steps(path: str) -> list[str]:
    if not path or not isinstance(path, str):
        raise ScenarioError(f"a path must be text, names with dots between; got {shown(path)}")
    return path.split(".")


def _child(scenario: Scenario, parent: Any, steps: list[str]) -> Any:
    """Return what the last of the steps names in the parent to which the others led."""
    step = steps[-1]
    children = _children(scenario, parent, steps)
    if not children:
        _nothing_below(parent, steps)
    if step in children:
        return children[step]
    reached = place_text(steps[:-1]) or "the scenario"
    allowed = ", ".join(map(repr, children))
    allowed = allowed if len(allowed) <= 500 else f"{allowed[:500]}..."
    said = f"nothing there is called {shown(step)}; it has {allowed}{nearest(step, children)}"
    raise ScenarioError(f"{reached}: {said}")


def _children(scenario: Scenario, parent: Any, steps: list[str]) -> dict[str, Any]:
    if isinstance(parent, Distribution):
        names = (*shape_names(parent.dist), *_UNSHIFTED)
        held = {**_UNSHIFTED, **parent.parameters}
        return {"dist": parent.dist, **{name: held[name] for name in names}}
    if isinstance(parent, BaseModel):
        return {name: getattr(parent, name) for name in type(parent).model_fields}
    if isinstance(parent, Mapping):
        unnamed = _UNNAMED[steps[-2]]
        return {threat.name: parent.get(threat.name, unnamed) for threat in scenario.threats}
    if isinstance(parent, tuple):
        return {str(label(entry, index)): entry for index, entry in enumerate(parent)}
    return {}


def _nothing_below(parent: object, steps: list[str]) -> NoReturn:
    reached = place_text(steps[:-1])
    if steps[-2] == "salvo_size":
        said = f"is one number, {shown(parent)}, for every threat: replace it by a table by threat"
    elif isinstance(parent, tuple):
        said = f"is an empty list: it has no {shown(steps[-1])}"
    else:
        said = f"is {shown(parent)}: nothing below it is called {shown(steps[-1])}"
    raise ScenarioError(f"{reached}: {said}")


def _with(parent: Any, steps: list[str], value: object) -> Any:
    """Return the parent as plain data, with the value at the end of the steps."""
    if not steps:
        return value
    step, below = steps[0], steps[1:]
    if isinstance(parent, tuple | list):
        return [
            _with(entry, below, value) if str(label(entry, index)) == step else entry
            for index, entry in enumerate(parent)
        ]
    if isinstance(parent, Distribution):
        fields = {"dist": parent.dist, **parent.parameters}
    elif isinstance(parent, BaseModel):
        fields = {name: getattr(parent, name) for name in type(parent).model_fields}
    else:
        fields = dict(parent)
    return {**fields, step: _with(fields.get(step), below, value)}
