"""Axes of a sweep: values at paths, given explicitly or drawn by a design."""

import functools
import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import one_of, refused, whole_in
from leakthrough.model.base import as_whole, plain
from leakthrough.model.distributions import Distribution, as_distribution, is_law
from leakthrough.model.documents import plain_data
from leakthrough.model.errors import ScenarioError, is_whole, lines_of, shown
from leakthrough.model.paths import value_at
from leakthrough.model.quantiles import quantiles_of
from leakthrough.model.scipy_names import is_new
from leakthrough.quantities import described
from leakthrough.studies.evaluate import two_numbers
from leakthrough.studies.reading import Array, Numbers

if TYPE_CHECKING:
    import xarray as xr

DESIGNS = ("grid", "zip", "latin_hypercube", "sobol")
DRAWN = ("latin_hypercube", "sobol")
POINT = "point"
GROUPINGS = ("salvo", "threat", "layer", "battery", "interceptor")
RESERVED = (POINT, "estimate", "seed", "scenario_digest", *GROUPINGS)
WHOLE = ("rounds", "reloads", "max_salvos")
"""Whole-number fields whose present value may be something else, such as infinity."""

_DATA = (bool, int, float, str, tuple, Mapping, BaseModel)


class Axis(NamedTuple):
    """Values of one path, or of several that vary together."""

    name: str
    paths: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]  # of each path, equally many

    @property
    def size(self) -> int:
        """Number of values of each path."""
        return len(self.values[0])

    def at(self, index: int) -> list[Any]:
        """The value of each path at one index."""
        return [values[index] for values in self.values]

    def label(self, index: int) -> str:
        """Label of an index for messages."""
        return f"{self.name} = {text_of(self.values[0][index])}"


def document_of(value: Any) -> Any:
    """A value of a scenario as plain data."""
    value = plain(value)
    if is_law(value) and not isinstance(value, Mapping):
        value = as_distribution(value, whole=True)
    if isinstance(value, Mapping):
        return {str(key): document_of(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [document_of(entry) for entry in value]
    return plain_data(value)


def text_of(value: Any) -> str:
    """Label of a value: a distribution as in Python, a table as JSON."""
    document = document_of(value)
    if isinstance(document, Mapping) and "dist" in document:
        parameters = ", ".join(
            f"{name}={repr(n).removesuffix('.0')}" for name, n in document.items() if name != "dist"
        )
        return f"{document['dist']}({parameters})"
    return document if isinstance(document, str) else json.dumps(document)


def key_of(value: Any) -> str:
    """A text that is equal for two values only if they are the same, unlike their labels."""
    return json.dumps(document_of(value), sort_keys=True)


def axes_of(
    scenario: AnyModel, given: Any, *, design: str, points: int | None, seed: int
) -> tuple[Axis, ...]:
    """Return the axes that a user gives, with everything but the values checked.

    Raises ValueError if an axis, a path or the design is not as in `leakthrough.sweep`.
    """
    one_of("design", design, DESIGNS)
    if not isinstance(given, Mapping) or not given:
        raise ValueError(f"axes: must be a table of at least one name; got {shown(given)}")
    tables = {name: _table(name, entry) for name, entry in given.items()}
    _check_paths(scenario, tables)
    if design in DRAWN:
        return _drawn(scenario, tables, design, _checked_points(points, design), seed)
    if points is not None:
        raise ValueError(f'points: is for the designs {" and ".join(DRAWN)}; design is "{design}"')
    axes = tuple(_axis(scenario, name, table) for name, table in tables.items())
    sizes = {axis.name: axis.size for axis in axes}
    if design == "zip" and len(set(sizes.values())) > 1:
        found = ", ".join(f"{name} {size}" for name, size in sizes.items())
        raise ValueError(f"axes: zipped ones must have equally many values; got {found}")
    return axes


def _table(name: Any, entry: Any) -> Mapping[str, Any]:
    """Paths of an axis, each with its values or range."""
    if not isinstance(name, str) or not name or name in RESERVED:
        text = f"a name must be text other than {', '.join(RESERVED)}"
        raise ValueError(f"axes: {text}; got {shown(name)}")
    table = entry if isinstance(entry, Mapping) else {name: entry}
    if not table:
        raise ValueError(f"axis {name}: must hold at least one path")
    return table


def _check_paths(scenario: AnyModel, tables: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that paths exist, and that none is given twice or lies within another."""
    owners: dict[str, str] = {}
    for name, table in tables.items():
        for path in table:
            try:
                value_at(scenario, path)
            except ScenarioError as error:
                raise ScenarioError(f"axis {name}: {error}") from None
            if path in owners:
                raise ValueError(f"axis {name}: {path} is varied by the axis {owners[path]} too")
            owners[path] = name
    for path, name in owners.items():
        steps = path.split(".")
        for depth in range(1, len(steps)):
            above = ".".join(steps[:depth])
            if above in owners:
                text = f"lies within {above}, which the axis {owners[above]} varies"
                raise ValueError(f"axis {name}: {path} {text}")


def _axis(scenario: AnyModel, name: str, table: Mapping[str, Any]) -> Axis:
    values = tuple(
        tuple(map(as_whole, own)) if is_whole_at(scenario, path) else own
        for path, own in ((path, _values(name, path, entry)) for path, entry in table.items())
    )
    sizes = {path: len(own) for path, own in zip(table, values, strict=True)}
    if len(set(sizes.values())) > 1:
        found = ", ".join(f"{path} {size}" for path, size in sizes.items())
        raise ValueError(f"axis {name}: its paths must take equally many values; got {found}")
    return Axis(name, tuple(table), values)


def _values(name: str, path: str, entry: Any) -> tuple[Any, ...]:
    single = isinstance(entry, str | Mapping | BaseModel | set | frozenset)  # sets have no order
    if single or not isinstance(entry, Iterable) or len(getattr(entry, "shape", "1")) != 1:
        raise ValueError(f"axis {name}, {path}: must be a list of values; got {shown(entry)}")
    values = [_given(f"axis {name}, {path}", plain(value)) for value in entry]
    if not values:
        raise ValueError(f"axis {name}, {path}: has no values")
    for value in values:
        if not (value is None or isinstance(value, _DATA) or is_law(value)):
            raise refused(f"axis {name}, {path}", "a list of values that a file can hold", value)
    rounds = path.split(".")[-1] == "rounds"
    return tuple([math.inf if rounds and value == "infinite" else value for value in values])


def _checked_points(points: Any, design: str) -> int:
    number = whole_in(points)
    if number is None or number < 1 or (design == "sobol" and number & (number - 1)):
        also = ", a power of two" if design == "sobol" else ""
        raise refused("points", f"a whole number from 1{also}", points)
    return number


def _drawn(
    scenario: AnyModel, tables: Mapping[str, Mapping[str, Any]], design: str, points: int, seed: int
) -> tuple[Axis, ...]:
    """Axes of a space-filling design; all paths of one axis have the same quantile."""
    ranges = {
        name: {path: _range(scenario, name, path, entry) for path, entry in table.items()}
        for name, table in tables.items()
    }
    from scipy.stats import qmc  # takes a second to import

    make: Any = {"latin_hypercube": qmc.LatinHypercube, "sobol": qmc.Sobol}[design]
    shares = make(len(tables), rng=np.random.default_rng(seed)).random(points)
    shares = np.clip(shares, 2.0**-33, 1.0 - 2.0**-33)  # a quantile of 0 may be infinite
    return tuple(
        Axis(
            name,
            tuple(table),
            tuple([tuple(quantile(share).tolist()) for quantile in table.values()]),
        )
        for (name, table), share in zip(ranges.items(), shares.T, strict=True)
    )


def _given(what: str, value: Any) -> Any:
    """A value, as the frozen twin of one of SciPy's new distributions, which is never kept."""
    if not is_new(value):
        return value
    try:
        return as_distribution(value, whole=True)
    except PydanticCustomError as error:
        raise _refusal(what, error) from None


def _refusal(what: str, error: PydanticCustomError) -> ValueError:
    return ValueError(f"{what}: {'; '.join(lines_of((error.context or {})['mistakes']))}")


def _range(scenario: AnyModel, name: str, path: str, entry: Any) -> Callable[[Numbers], Array]:
    """The quantile function of a path: from shares between 0 and 1 to values."""
    whole = is_whole_at(scenario, path)
    if is_law(entry):
        quantile = quantile_function(f"axis {name}, {path}", entry, whole=whole)
        if whole:
            return lambda shares: np.rint(quantile(shares)).astype(np.int64)
        return quantile
    low, high = _ends(name, path, entry)
    if whole:  # every whole number from low to high has the same share
        first, last = math.ceil(low), math.floor(high)
        if last < first:
            text = f"must hold a whole number; got {shown(entry)}"
            raise ValueError(f"axis {name}, {path}: {text}")
        return lambda shares: np.floor(first + shares * (last - first + 1)).astype(np.int64)
    return lambda shares: low + shares * (high - low)


def is_whole_at(scenario: AnyModel, path: str) -> bool:
    """Whether a field is for whole numbers, whatever its present value."""
    return is_whole(value_at(scenario, path)) or path.split(".")[-1] in WHOLE


def quantile_function(what: str, given: object, *, whole: bool) -> Callable[[Any], Array]:
    """The quantile function of the distribution that a user gives, checked.

    One of whole numbers is for a field of `whole` numbers.
    """
    try:
        return functools.partial(quantiles_of, as_distribution(plain(given), whole=whole))
    except PydanticCustomError as error:
        raise _refusal(what, error) from None


def _ends(name: str, path: str, entry: Any) -> tuple[float, float]:
    low, high = two_numbers(entry) or (math.nan, math.nan)
    if not -math.inf < low <= high < math.inf:
        allowed = "must be (low, high) or a frozen scipy.stats distribution"
        raise ValueError(f"axis {name}, {path}: {allowed}; got {shown(entry)}")
    return low, high


def recorded(given: Mapping[str, Any], axes: Sequence[Axis], design: str) -> dict[str, Any]:
    """Axes as plain data, from which `axes_of` restores them."""
    if design in DRAWN:
        tables = {name: _table(name, entry) for name, entry in given.items()}
    else:
        tables = {axis.name: dict(zip(axis.paths, axis.values, strict=True)) for axis in axes}
    return {name: document_of(table) for name, table in tables.items()}


def coordinates_of(
    scenario: AnyModel, axes: Sequence[Axis], *, along: str | None
) -> "dict[str, xr.Variable]":
    """Coordinates of the points: one for each axis, and for each further path of an axis.

    `along` is their common dimension; with None, each axis is a dimension.
    """
    import xarray as xr

    found: dict[str, xr.Variable] = {}
    if along is not None:
        attrs = {"long_name": "number of the point"}
        found[along] = xr.Variable((along,), np.arange(axes[0].size), attrs)
    for axis in axes:
        for n, (path, values) in enumerate(zip(axis.paths, axis.values, strict=True)):
            numbers = _labels(values)
            attrs = {"long_name": path}
            if numbers.dtype.kind in "if":
                attrs = described(path, units_at(scenario, path))
            name = axis.name if n == 0 else path
            if name in found:
                raise ValueError(f"axes: {name} is the name of something else in the result")
            found[name] = xr.Variable((along or axis.name,), numbers, attrs)
    return found


def _labels(values: Sequence[Any]) -> Array:
    """Values as an array of numbers if all are numbers, otherwise of text."""
    kinds = {type(value) for value in values}
    if int in kinds and not all(-(2**63) <= n < 2**63 for n in values if type(n) is int):
        kinds = {str}  # no field takes such a number, which its own check says
    if kinds == {int}:
        return np.array(values, np.int64)
    if kinds <= {int, float}:
        return np.array(values, np.float64)
    return np.array([text_of(value) for value in values], np.str_)


def units_at(scenario: AnyModel, path: str) -> str:
    """Units of a field, from the brackets in its description."""
    steps = path.split(".")
    for depth in range(len(steps) - 1, -1, -1):
        parent = value_at(scenario, ".".join(steps[:depth])) if depth else scenario
        if isinstance(parent, BaseModel) and not isinstance(parent, Distribution):
            field = type(parent).model_fields[steps[depth]]
            found = re.search(r"\[(.+?)\]", field.description or "")
            return found[1] if found else "1"
    return "1"
