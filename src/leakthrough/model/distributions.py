"""Uncertain numbers: a number, or a distribution, of `scipy.stats` or of our own."""

import functools
import math
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import (
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from leakthrough.model.arguments import number_in, real_in
from leakthrough.model.base import Frozen, Model, Table, fields_of_unchecked, plain, trusted
from leakthrough.model.errors import Mistake, fault, faults, nearest, shown, text_keys
from leakthrough.model.scipy_names import (
    discrete,
    histogram_of,
    is_new,
    is_slow,
    known,
    plain_twin,
    shape_names,
)

if TYPE_CHECKING:
    from scipy.stats.distributions import rv_frozen


MARK: dict[str, Any] = {"$comment": "a distribution"}
"""Stands for `distribution_schema`, which needs SciPy, until a JSON schema is asked for."""
_DEFAULTS = {"loc": 0.0, "scale": 1.0}


def is_frozen(value: object) -> bool:
    """Return whether a value is a frozen scipy.stats distribution, without importing SciPy."""
    return type(value).__module__.startswith("scipy.stats") and all(
        hasattr(value, part) for part in ("dist", "args", "kwds")
    )


def is_law(value: object) -> bool:
    """Return whether a value is meant as a distribution, in a file too."""
    if isinstance(value, Distribution | Mapping) or is_frozen(value):
        return True
    return histogram_of(value) is not None or is_new(value)


class Distribution(Model):
    """A distribution of `scipy.stats`, by name and parameters.

    A scenario accepts a frozen distribution such as ``scipy.stats.beta(2, 5)`` and converts it to
    this class; in a file it is ``{dist = "beta", a = 2, b = 5}``.

    Parameters
    ----------
    dist : str
        The name of a continuous distribution in `scipy.stats`, or of a discrete one, which is
        allowed for numbers of threats and of rounds only.
    parameters : mapping of str to float
        Every shape parameter by its SciPy name; `loc` and `scale` if they are not 0 and 1.

    Raises
    ------
    ScenarioError
        If SciPy does not know the distribution, or a parameter is missing, unknown, not a
        finite number, or not allowed.
    """

    dist: str
    parameters: Table[float] = Frozen()

    @model_validator(mode="before")
    @classmethod
    def _normalised(cls, data: Any) -> Any:
        data = fields_of_unchecked(data)
        return data if isinstance(data, Distribution) else _checked(data)

    @model_serializer
    def _flat(self) -> dict[str, Any]:
        return self.flat()

    def flat(self) -> dict[str, Any]:
        """Return the distribution as plain data, as in a file."""
        return {"dist": self.dist, **self.parameters}

    def text(self) -> str:
        """Return a short text, such as `beta(a=2, b=5)`."""
        parameters = (f"{name}={each:g}" for name, each in self.parameters.items())
        return f"{self.dist}({', '.join(parameters)})"

    @property
    def is_whole(self) -> bool:
        """Whether it is one of whole numbers, and nothing else."""
        return self.dist in discrete()

    @classmethod
    def __get_pydantic_json_schema__(cls, _: Any, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(MARK)

    def frozen(self) -> "rv_frozen[Any, float]":
        """Return the frozen `scipy.stats` distribution."""
        frozen: rv_frozen[Any, float] = _known(self.dist)(**self.parameters)
        return frozen

    def support(self) -> tuple[float, float]:
        """Return the lower and upper bound of the support."""
        return _support(self.dist, self.parameters)


def _known(dist: str) -> Any:
    """The distribution of SciPy of a name."""
    return known().get(dist) or discrete()[dist]


@functools.lru_cache(maxsize=256)  # SciPy takes 0.05 ms, in each check of a scenario
def _support(dist: str, parameters: Frozen[float]) -> tuple[float, float]:
    # Extreme parameters overflow inside SciPy; the result is then NaN, which the caller checks.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            low, high = _known(dist).support(**parameters)
        except (ArithmeticError, ValueError, TypeError):
            return math.nan, math.nan
    return float(low), float(high)


def _checked(data: object) -> dict[str, Any]:
    """Return `dist` and `parameters`, checked, from a frozen distribution or a table."""
    name, given = _name_and_parameters(data)
    if not isinstance(name, str) or not (name in known() or name in discrete()):
        got = f"{shown(name)}{nearest(name, {**known(), **discrete(), **_OWN})}"
        raise fault(f"dist must name a continuous scipy.stats distribution; got {got}")
    if is_slow(name):
        text = f"SciPy takes too long for the quantiles of {name}; use a distribution that has"
        raise fault(f"{text} a method for them, such as truncnorm, gamma, lognorm or beta")
    shapes = shape_names(name)
    _check_names(name, shapes, given)
    numbers = {key: _number(name, key, value) for key, value in given.items()}
    order = [key for key in (*shapes, "loc", "scale") if key in numbers]
    kept = {key: numbers[key] for key in order if numbers[key] != _DEFAULTS.get(key)}
    if name in discrete() and not numbers.get("loc", 0.0).is_integer():
        raise fault(f"loc of {name} must be a whole number; got {shown(numbers['loc'])}")
    if numbers.get("scale", 1.0) <= 0.0:
        raise fault(f"scale of {name} must be greater than 0; got {shown(numbers['scale'])}")
    if any(map(math.isnan, _support(name, Frozen(kept)))):
        raise fault(f"scipy.stats.{name} does not allow the parameters {shown(kept)}")
    return {"dist": name, "parameters": Frozen(kept)}


def _name_and_parameters(data: object) -> tuple[object, dict[str, Any]]:
    if is_frozen(data):
        return _parts_of_frozen(data)
    if not isinstance(data, Mapping):
        raise fault(f"must be a frozen scipy.stats distribution; got {shown(data)}")
    if "dist" not in data:
        raise fault("dist is missing: the name of a continuous scipy.stats distribution")
    parts = {key: value for key, value in data.items() if key != "dist"}
    nested = parts.pop("parameters", {})
    if not isinstance(nested, Mapping):
        raise fault(f"parameters must be a table of names and numbers; got {shown(nested)}")
    return data["dist"], {**parts, **nested}


def _parts_of_frozen(frozen: Any) -> tuple[str, dict[str, Any]]:
    name = frozen.dist.name
    if type(frozen.dist) not in (type(known().get(name)), type(discrete().get(name))):
        allowed = "a continuous distribution that scipy.stats itself provides"
        raise fault(f"must be {allowed}, so that a file can name it; got {shown(name)}")
    names = _names_of(name)
    return name, plain({**dict(zip(names, frozen.args, strict=False)), **frozen.kwds})


def _names_of(dist: str) -> list[str]:
    """Names of all parameters of a distribution of SciPy."""
    return [*shape_names(dist), "loc", *([] if dist in discrete() else ["scale"])]


def _check_names(name: str, shapes: list[str], given: Mapping[str, Any]) -> None:
    allowed = _names_of(name)
    for key in given:
        if key not in allowed:
            takes = f"{', '.join(allowed)}{nearest(key, allowed)}"
            raise fault(f"{name} has no parameter {shown(key)}; it takes {takes}")
    if missing := [key for key in shapes if key not in given]:
        raise fault(f"{name} needs the parameter {', '.join(missing)}")


def _number(name: str, key: str, value: object) -> float:
    if number_in(value) is None:
        raise fault(f"{key} of {name} must be a number; got {shown(value)}")
    number = real_in(value)
    if not math.isfinite(number):
        raise fault(f"{key} of {name} must be a finite number; got {shown(value)}")
    return number


class OwnDistribution(Distribution):
    """The base of distributions that SciPy has not, each with fields of its own.

    A subclass has `fields_in`, which returns the checked fields of a table, or raises a fault.
    """

    parameters: ClassVar[Any] = Frozen()  # type: ignore[misc]

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        _OWN[str(cls.model_fields["dist"].default)] = cls

    @model_validator(mode="before")
    @classmethod
    def _normalised(cls, data: Any) -> Any:
        data = fields_of_unchecked(data)
        return data if isinstance(data, Distribution) else cls.fields_in(data)

    @classmethod
    def fields_in(cls, data: object) -> dict[str, Any]:
        """Return the checked fields of a table; or raise a fault."""
        raise NotImplementedError

    @property
    def is_whole(self) -> bool:
        """Whether it is one of whole numbers, and nothing else."""
        return False


_OWN: dict[str, type[OwnDistribution]] = {}
"""Distributions that SciPy has not, by their name in a file."""


def _uncertain(high: float, advice: str) -> Callable[[Any], float | Distribution]:
    """Return a validator for a number or a distribution within [0, high].

    It is one validator, since a union of two types reports one error for each of its members.
    """

    def validate(value: Any) -> float | Distribution:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return _within(value, high, advice)
        if not 0.0 <= value <= high:
            raise fault(f"must be a number in [0, {high:g}]; got {shown(value)}")
        return float(value)

    return validate


def _or_table(
    validate: Callable[[Any], float | Distribution],
) -> Callable[[Any], float | Distribution | Frozen[float | Distribution]]:
    """Return a validator for one value, or a table of such values by name."""

    def validated(value: Any) -> float | Distribution | Frozen[float | Distribution]:
        if not isinstance(value, Mapping) or "dist" in value:
            return validate(value)
        found, mistakes = dict[str, float | Distribution](), list[Mistake]()
        for name, own in text_keys(value).items():
            try:
                found[name] = validate(own)
            except PydanticCustomError as error:
                mistakes.append(((name,), error.message()))
        if mistakes:
            raise faults(mistakes)
        return Frozen(found)

    return validated


def as_distribution(value: Any, *, whole: bool = False) -> Distribution:
    """Return a distribution that is given as such, by SciPy or as a table; one of a file too.

    One of whole numbers is allowed where `whole`. A distribution of SciPy's new kind is converted
    to its frozen twin, and never kept.
    """
    value = fields_of_unchecked(value)
    if (histogram := histogram_of(value)) is not None:
        value = {"dist": "histogram", **histogram}
    elif (twin := plain_twin(value)) is not None:
        value = {"dist": twin[0], **twin[1]}
    if not isinstance(value, Distribution):
        name = value.get("dist") if isinstance(value, Mapping) else None
        kind = _OWN.get(name) if isinstance(name, str) else None
        value = (
            trusted(kind, kind.fields_in(value)) if kind else trusted(Distribution, _checked(value))
        )
    found: Distribution = value
    if found.is_whole and not whole:
        text = "is for numbers of threats and of rounds only; use a continuous distribution"
        raise fault(f"{found.dist} {text}")
    return found


def _within(value: object, high: float, advice: str, *, whole: bool = False) -> Distribution:
    if not is_law(value):
        allowed = "a frozen scipy.stats distribution"
        if high < math.inf:
            allowed = f"a number in [0, {high:g}] or {allowed}"
        raise fault(f"must be {allowed}; got {shown(value)}")
    value = as_distribution(value, whole=whole)
    (least, most), reaches = value.support(), f"but {value.dist} reaches"
    if least < 0.0:
        raise fault(f"must not fall below 0, {reaches} {least:g}; use {advice}")
    if high == 1.0 and most > high:
        raise fault(f"must not rise above 1, {reaches} {most:g}; use {advice}")
    return value


def flat_value(value: float | Distribution) -> float | dict[str, Any]:
    """Return a number, or a distribution as plain data."""
    return value.flat() if isinstance(value, Distribution) else value


def _uncertain_schema(high: float) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": _uncertain_kinds(high)})


def _uncertain_kinds(high: float) -> list[dict[str, Any]]:
    return [{"type": "number", "minimum": 0, "maximum": high}, MARK]


AnyDistribution = Annotated[
    Distribution, PlainValidator(as_distribution), PlainSerializer(flat_value), WithJsonSchema(MARK)
]
"""A distribution of any kind, but not one of whole numbers."""

UncertainProbability = Annotated[
    float | Distribution,
    PlainValidator(_uncertain(1.0, "beta or truncnorm")),
    PlainSerializer(flat_value),
    _uncertain_schema(1.0),
]
"""A probability, or a distribution with its support within [0, 1]."""

UncertainCount = Annotated[
    Distribution,
    PlainValidator(
        lambda value: _within(value, math.inf, "truncnorm, gamma or lognorm", whole=True)
    ),
    PlainSerializer(flat_value),
    WithJsonSchema(MARK),
]
"""A distribution that never falls below 0; its draws are rounded to whole numbers."""

UncertainDate = Annotated[
    float | Distribution,
    PlainValidator(_uncertain(1e12, "truncnorm or lognorm")),
    PlainSerializer(flat_value),
    _uncertain_schema(1e12),
]
"""A time of a campaign [s] from 0 to 1e12, or a distribution that never falls below 0."""

UncertainTime = Annotated[
    float | Distribution,
    PlainValidator(_uncertain(1e9, "truncnorm or lognorm")),
    PlainSerializer(flat_value),
    _uncertain_schema(1e9),
]
"""A duration [s] from 0 to 1e9, or a distribution that never falls below 0."""

_LONG = 1e12
_BY_NAME = {
    "type": "object",
    "not": {"required": ["dist"]},
    "additionalProperties": {"anyOf": _uncertain_kinds(_LONG)},
}
TimesByName = Annotated[
    float | Distribution | Mapping[str, float | Distribution],
    PlainValidator(_or_table(_uncertain(_LONG, "truncnorm or lognorm"))),
    PlainSerializer(
        lambda own: (
            {name: flat_value(each) for name, each in own.items()}
            if isinstance(own, Mapping)
            else flat_value(own)
        )
    ),
    WithJsonSchema({"anyOf": [*_uncertain_kinds(_LONG), _BY_NAME]}),
]
"""A duration [s] from 0 to 1e12, or a distribution, or a table of such durations by name."""
