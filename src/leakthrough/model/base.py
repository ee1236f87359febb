"""Base classes of all parts of a scenario: frozen models, immutable mappings, field types."""

import functools
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from inspect import Parameter, Signature
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    NoReturn,
    Self,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import numpy as np
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, core_schema

from leakthrough.model.errors import (
    MAX_NAME,
    Mistake,
    ScenarioError,
    fault,
    field_of,
    lines_of,
    mistakes_of,
    name_fault,
    shown,
    text_keys,
)
from leakthrough.statistics.arguments import as_python
from leakthrough.text_tables import shortened

if TYPE_CHECKING:
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)


V = TypeVar("V")
M = TypeVar("M", bound="Model")


class Frozen(dict[str, V]):
    """An immutable, hashable mapping."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        msg = "a scenario cannot be changed; scenario.replace(path, value) gives a changed copy"
        raise TypeError(msg)

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.dict_schema()


_PLAIN = {str, int, float, bool, type(None)}
_BASES: dict[type, Callable[[Any], Any]] = {
    str: str.__str__,
    int: int.__int__,
    float: float.__float__,
}
"""Methods that return the value of a class derived from one of Python's (an Enum of text)."""


def plain(value: Any) -> Any:
    """Convert numbers and text to Python's, lists to tuples and mappings to dicts, recursively.

    DataArrays and pandas objects are converted as the arrays that they hold, and parts that were
    not checked to tables of their fields. Dates stay as they are.
    """
    if type(value) in _PLAIN:
        return value
    if type(value) is dict:
        return {key if type(key) is str else plain(key): plain(own) for key, own in value.items()}
    if isinstance(value, BaseModel):
        return fields_of_unchecked(value)
    if isinstance(value, np.generic | Decimal | Fraction):
        return as_python(value)
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "mM" else plain(value.tolist())
    if hasattr(value, "to_numpy") and not isinstance(value, type):
        held = value.to_numpy()
        return plain(held) if isinstance(held, np.ndarray) else value
    if isinstance(value, list | tuple):
        return tuple([plain(entry) for entry in value])
    if isinstance(value, Mapping) and not hasattr(value, "dims"):  # a Dataset is none
        return plain(dict(value))
    base = next((base for base in _BASES if isinstance(value, base)), None)
    return value if base is None else _BASES[base](value)


def as_whole(value: Any) -> Any:
    """Return 7 for 7.0, and any other value unchanged."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@functools.cache
def _counts(model: "type[Model]") -> frozenset[str]:
    """Names of the fields that take whole numbers."""
    fields = model.model_fields.items()
    return frozenset(name for name, field in fields if _takes_whole(field.annotation))


def _takes_whole(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return any(map(_takes_whole, get_args(annotation)))
    return annotation is int


class _Reporting(ModelMetaclass):
    """Make the construction of a model raise ScenarioError.

    If `__init__` were overridden instead, pydantic would validate nested tables through it, and
    mistakes in them would have no locations.
    """

    if not TYPE_CHECKING:

        def __call__(self, *args: object, **fields: object) -> object:
            return reported(lambda: super(_Reporting, self).__call__(*args, **fields), self, fields)


def _tidy(schema: dict[str, Any]) -> None:
    """Shorten the description in the JSON schema, and require `kind`, which a file must have."""
    schema["description"] = schema.get("description", "").split("\n")[0]
    if "kind" in schema["properties"]:
        schema["required"] = ["kind", *schema["required"]]


LONGEST_REPR = 1000


def _default(field: FieldInfo) -> Any:
    """The default of a field; `Parameter.empty` if it is required."""
    return Parameter.empty if field.is_required() else field.get_default(call_default_factory=True)


class Model(BaseModel, metaclass=_Reporting):
    """The base of every part of a scenario: frozen and strict."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra=_tidy
    )
    if not TYPE_CHECKING:
        # Hidden from pydantic's mypy plugin, which would reject lists and SciPy's distributions,
        # although they are converted.
        model_config = ConfigDict(**model_config, strict=True)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Give `help` and editors a signature without pydantic's annotations, of 2,000 letters."""
        fields = cls.model_fields.items()
        cls.__signature__ = Signature(
            [Parameter(n, Parameter.KEYWORD_ONLY, default=_default(field)) for n, field in fields]
        )

    if not TYPE_CHECKING:  # pydantic's mypy plugin has a signature of its own

        @classmethod
        def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
            """Return a part without checks. It is checked where it is used."""
            return _unchecked(super().model_construct(_fields_set, **values))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy. With an `update`, it is checked where it is used."""
        copied = super().model_copy(update=update, deep=deep)
        return _unchecked(copied) if update else copied

    def __repr__(self) -> str:
        """The fields that differ from their defaults; each is cut if all together are too long."""
        held, fields = vars(self), type(self).model_fields.items()
        texts = [
            f"{name}={held[name]!r}"
            for name, field in fields
            if name in held and held[name] is not (usual := _default(field)) and held[name] != usual
        ]
        if sum(map(len, texts)) > LONGEST_REPR:
            texts = [shortened(text, LONGEST_REPR // len(texts)) for text in texts]
        return f"{type(self).__name__}({', '.join(texts)})"

    def __str__(self) -> str:
        return repr(self)

    @model_validator(mode="before")
    @classmethod
    def _plain(cls, data: Any) -> Any:
        data = text_keys(plain(data))
        if not isinstance(data, dict):
            return data
        return {key: as_whole(own) if key in _counts(cls) else own for key, own in data.items()}

    @classmethod
    def further_mistakes(cls, data: object) -> list[Mistake]:
        """Return the mistakes between fields, even if single fields are wrong too."""
        return []


def _unchecked(part: M) -> M:
    """Mark a part of which pydantic has not checked the fields."""
    object.__setattr__(part, "__pydantic_private__", {"unchecked": True})
    return part


def fields_of_unchecked(value: Any) -> Any:
    """The fields of a part that has not been checked; any other value unchanged."""
    is_marked = isinstance(value, Model) and value.__pydantic_private__ is not None
    return dict(vars(value)) if is_marked else value


def checked(part: M) -> M:
    """Return a part as it is if it was checked before; otherwise a checked one of its fields."""
    fields = fields_of_unchecked(part)
    return part if fields is part else type(part)(**fields)


def trusted(model: type[M], fields: Mapping[str, Any]) -> M:
    """A part of fields that were checked before; all of them must be given.

    A scenario may have a million batteries at its sites, and `model_construct` takes 45 us.
    """
    part = model.__new__(model)
    object.__setattr__(part, "__dict__", dict(fields))
    object.__setattr__(part, "__pydantic_fields_set__", {*fields})
    object.__setattr__(part, "__pydantic_extra__", None)
    object.__setattr__(part, "__pydantic_private__", None)
    return part


def reported(build: Callable[[], M], model: type[M], data: object, source: str = "") -> M:
    """Return `build()`, which validates the data, or raise ScenarioError with all mistakes."""
    try:
        try:
            return build()
        except ValidationError as error:
            raise _scenario_error(error, model, data, source) from None
    except RecursionError:  # also while the mistakes of deeply nested data are described
        raise ScenarioError("nested too deeply", source=source or model.__name__) from None


def _scenario_error(
    error: ValidationError, model: type[Model], data: object, source: str
) -> ScenarioError:
    """Translate the errors that pydantic found, and add the mistakes between fields."""
    data = plain(data)
    found = [*mistakes_of(error, model, data), *model.further_mistakes(data)]
    name = field_of(data, "name")
    named = f"{model.__name__} {shown(name)}" if isinstance(name, str) else model.__name__
    return ScenarioError(*lines_of(found), source=source or named)


def _valid_name(value: str, *, dots: bool = False) -> str:
    if why := name_fault(value, dots=dots):
        raise fault(why)
    return value


# The end of a pattern may match before a line break, so control characters are excluded apart.
_TEXT: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_NAME,
    "pattern": r"^\S(.*\S)?$",
    "not": {"pattern": "[\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]"},
}
Name = Annotated[
    str,
    AfterValidator(_valid_name),
    WithJsonSchema({**_TEXT, "pattern": r"^[^.\s]([^.]*[^.\s])?$"}),
]
# Paths do not contain the name of a scenario, so it may contain a dot.
Title = Annotated[
    str, AfterValidator(lambda name: _valid_name(name, dots=True)), WithJsonSchema(_TEXT)
]
Real = Annotated[float, Field(ge=-1e9, le=1e9)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Cost = Annotated[float, Field(ge=0.0, le=1e15)]
Table = Annotated[Mapping[str, V], BeforeValidator(text_keys), AfterValidator(Frozen)]
