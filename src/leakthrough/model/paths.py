"""Paths: any field of a scenario or a campaign, addressed by names.

A step of a path is a field, the name of an entry in a list (for a magazine or a stock its
interceptor, for resupply its battery or depot, otherwise its index from 0), or a key of a mapping,
such as a threat.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from leakthrough.model.base import Model
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError, fields_of, labels, nearest, path_text, shown
from leakthrough.model.scipy_names import shape_names

# Values for a threat that a mapping does not name.
_UNNAMED: dict[str, Any] = {
    "kill_probability": 0.0,
    "salvo_size": 1,
    "preference": (),
    "detection": 1.0,
    "soft_kill": 0.0,
    "outer_range": None,
    "inner_range": 0.0,
}
_ONE_FOR_ALL = "salvo_size", "outer_range", "inner_range"
"""Fields that are one value, or a table by threat."""
_UNSHIFTED = {"loc": 0.0, "scale": 1.0}

M = TypeVar("M", bound=Model)
Change = tuple[list[str], object]
"""Steps of a path, and the new value at its end."""


def value_at(scenario: Model, path: str) -> Any:
    """Return the value at a path.

    Parameters
    ----------
    scenario : Model
        A scenario or a campaign.
    path : str
        Names and fields, with dots between them.

    Returns
    -------
    object
        The value; for a threat that a mapping does not name, the default.

    Raises
    ------
    ScenarioError
        If there is nothing at the path.
    """
    value: Any = scenario
    steps = _steps(path)
    for depth in range(len(steps)):
        value = _child(scenario, value, steps[: depth + 1])
    return value


def changed(scenario: M, changes: Mapping[str, object]) -> M:
    """Return a copy with new values at some paths, checked once after all changes.

    The paths refer to the original scenario.

    Raises
    ------
    ScenarioError
        If there is nothing at a path, a path lies within another, or the changed scenario is
        not valid.
    """
    if not changes:
        return scenario
    for path in changes:
        value_at(scenario, path)
        for end in [index for index, letter in enumerate(path) if letter == "."]:
            if path[:end] in changes:
                raise ScenarioError(f"{path}: lies within {path[:end]}, which is changed too")
    pairs = [(_steps(path), value) for path, value in changes.items()]
    # From the innermost part outwards, so that unchanged parts are not validated again.
    try:
        found: M = _with(scenario, pairs, lambda part, fields: part(**fields))
    except ScenarioError:  # built from all data at once, it reports all mistakes with their paths
        found = type(scenario)(**_with(scenario, pairs, lambda _, fields: fields))
    return found


def check_alone(scenario: Model, path: str, value: object) -> None:
    """Raise ScenarioError if the part that contains a path does not allow a value there.

    This is much faster than `changed`, which also checks the parts against each other.
    """
    steps = _steps(path)
    for depth in range(len(steps) - 1, 0, -1):
        part = value_at(scenario, ".".join(steps[:depth]))
        if isinstance(part, Model):
            _with(part, [(steps[depth:], value)], lambda part, fields: part(**fields))
            return


def _steps(path: object) -> list[str]:
    if not isinstance(path, str) or not path:
        raise ScenarioError(f"a path must be text, names with dots between; got {shown(path)}")
    return path.split(".")


def _child(scenario: Model, parent: Any, steps: list[str]) -> Any:
    """Return the child that the last step names in the parent, which the other steps name."""
    step = steps[-1]
    children = _children(scenario, parent, steps)
    if not children:
        _no_children(parent, steps)
    if step in children:
        return children[step]
    reached = path_text(steps[:-1]) or f"the {type(scenario).__name__.lower()}"
    allowed = ", ".join(map(repr, children))
    allowed = allowed if len(allowed) <= 500 else f"{allowed[:500]}..."
    text = f"nothing there is called {shown(step)}; it has {allowed}{nearest(step, children)}"
    raise ScenarioError(f"{reached}: {text}")


def _children(scenario: Any, parent: Any, steps: list[str]) -> dict[str, Any]:
    if type(parent) is Distribution:
        names = (*shape_names(parent.dist), *_UNSHIFTED)
        held = {**_UNSHIFTED, **parent.parameters}
        return {"dist": parent.dist, **{name: held[name] for name in names}}
    if isinstance(parent, Model):
        return vars(parent)
    if isinstance(parent, Mapping) and steps[-2] == "replacement_time":
        return dict(parent)
    if isinstance(parent, Mapping) and steps[-2] in ("next", "initial"):
        return {kind.name: parent.get(kind.name, 0.0) for kind in scenario.raids.kinds}
    if isinstance(parent, Mapping):
        unnamed = _UNNAMED[steps[-2]]
        threats = getattr(scenario, "scenario", scenario).threats  # those of a campaign's scenario
        return {threat.name: parent.get(threat.name, unnamed) for threat in threats}
    if isinstance(parent, tuple):
        return dict(zip(labels(parent), parent, strict=True))
    return {}


def _no_children(parent: object, steps: list[str]) -> NoReturn:
    if steps[-2] in _ONE_FOR_ALL:
        text = f"is one number, {shown(parent)}, for every threat: replace it by a table by threat"
    elif isinstance(parent, tuple):
        text = f"is an empty list: it has no {shown(steps[-1])}"
    else:
        text = f"is {shown(parent)}: nothing below it is called {shown(steps[-1])}"
    raise ScenarioError(f"{path_text(steps[:-1])}: {text}")


def _with(parent: Any, changes: list[Change], build: Callable[[type[Model], Any], Any]) -> Any:
    """Return the parent with the changes; `build` makes each changed model from its fields."""
    if not changes[0][0]:
        return changes[0][1]
    below: dict[str, list[Change]] = {}
    for steps, value in changes:
        below.setdefault(steps[0], []).append((steps[1:], value))
    if isinstance(parent, tuple):
        return [
            _with(entry, below[name], build) if name in below else entry
            for name, entry in zip(labels(parent), parent, strict=True)
        ]
    fields = parent.model_dump() if type(parent) is Distribution else {**fields_of(parent)}
    fields |= {step: _with(fields.get(step), deeper, build) for step, deeper in below.items()}
    return build(type(parent), fields) if isinstance(parent, Model) else fields
