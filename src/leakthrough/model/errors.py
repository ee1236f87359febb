"""Errors of scenarios: each mistake with its location and a suggestion."""

import difflib
import functools
import reprlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from leakthrough.model.scipy_names import frozen_twin

Mistake = tuple[tuple[str | int, ...], str]
"""A location (names, fields and indices from the root down) and the text of the mistake."""

MAX_NAME = 200
KINDS_OF_PROBABILITY = ("one", "by distance")
"""Tags that pydantic adds to the location of a kill probability."""
MOST_LINES = 50
"""Mistakes in the text of an error."""
MOST_MISTAKES = 2_000
"""Mistakes of one kind that are described: 5 MB of them took 71 s and 1.4 GB."""
_MOST_LETTERS = 40_000
"""Letters of known names, times those of a name, up to which a name like it is searched for."""
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_SHORT.maxlevel = 3
_UNWRITABLE = {"Cc", "Cs", "Zl", "Zp"}


class ScenarioError(ValueError):
    """A scenario, a part of one, or a path into one is not valid.

    Parameters
    ----------
    *mistakes : str
        One line for each mistake, with its location.
    source : str, optional
        The file or the object that has the mistakes.

    Attributes
    ----------
    mistakes : tuple of str
        The lines, one per mistake; at most 2,000 in fields, and 2,000 between names.
    source : str
        The file or the object, or an empty string.
    """

    def __init__(self, *mistakes: str, source: str = "") -> None:
        super().__init__(*mistakes)
        self.mistakes = mistakes
        self.source = source

    def __str__(self) -> str:
        lines, left = list(self.mistakes[:MOST_LINES]), len(self.mistakes) - MOST_LINES
        if left > 0:
            least = "more than " if len(self.mistakes) >= MOST_MISTAKES else ""
            lines.append(f"and {least}{left:,} more mistakes")
        return "\n  ".join((f"in {self.source}:", *lines)) if self.source else "\n".join(lines)


def is_whole(value: object) -> bool:
    """Whether a value is a whole number, Python's or NumPy's; True and False are not."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def shown(value: object) -> str:
    """Return a short text of any value."""
    try:
        text = _SHORT.repr(value)
    except (ValueError, RecursionError):  # a huge integer, a deeply nested structure
        return f"a huge {type(value).__name__}"
    text = text if len(text) <= 64 else f"{text[:60]}..."
    return f"{text}; {twin}" if (twin := frozen_twin(value)) else text


def nearest(name: object, known: Collection[str]) -> str:
    """Return `; did you mean 'x'?` if a known name resembles the given one, else an empty text."""
    if not isinstance(name, str) or len(known) > _MOST_LETTERS:
        return ""
    # Cut and limited, since difflib takes time quadratic in the length.
    if sum(map(len, known)) * min(len(name), MAX_NAME) > _MOST_LETTERS:
        return ""
    folded = {other.casefold(): other for other in known}
    close = difflib.get_close_matches(name[:MAX_NAME].casefold(), folded, n=1)
    return f"; did you mean {folded[close[0]]!r}?" if close else ""


# Cached, since each check of a scenario repeats it for the same names: a third of its time.
@functools.lru_cache(maxsize=4096)
def name_fault(name: str, *, dots: bool = False) -> str | None:
    """Return why a text is not a valid name, or None if it is."""
    if not name or len(name) > MAX_NAME:
        return f"must have 1 to {MAX_NAME} characters; got {len(name)}"
    if name != name.strip():
        return f"must not begin or end with a space; got {shown(name)}"
    if "." in name and not dots:
        return f"must not contain a dot, which separates the steps of a path; got {shown(name)}"
    if any(unicodedata.category(letter) in _UNWRITABLE for letter in name):
        return f"must not contain control characters or line breaks; got {shown(name)}"
    return None


def fault(text: str) -> PydanticCustomError:
    """Return an error that the validator of a field raises."""
    return PydanticCustomError("mistakes", "{text}", {"text": text, "mistakes": [((), text)]})


def text_keys(table: Any) -> Any:
    """Return the argument, but raise an error if it is a mapping with keys that are not text."""
    if type(table) is not dict and isinstance(table, Mapping) and hasattr(table, "dims"):
        raise fault(f"must be a table of names and values; got {shown(table)}")
    # Pydantic would print each of these keys, which is not possible for all.
    if isinstance(table, Mapping) and (odd := [key for key in table if type(key) is not str]):
        raise fault(f"its names must be text; got {', '.join(map(shown, odd[:4]))}")
    return table


def faults(mistakes: list[Mistake]) -> PydanticCustomError:
    """Return one error of several mistakes, located relative to the validated object."""
    text = "; ".join(lines_of(mistakes))
    return PydanticCustomError("mistakes", "{text}", {"text": text, "mistakes": mistakes})


def fields_of(thing: object) -> Mapping[str, Any]:
    """Return the fields of a model or the entries of a table; nothing for any other object."""
    if isinstance(thing, BaseModel):
        return vars(thing)
    return thing if isinstance(thing, Mapping) else {}


def field_of(thing: object, name: str | int) -> Any:
    """Return a field of a model or an entry of plain data, or None if it does not exist."""
    if isinstance(thing, list | tuple):
        return thing[name] if isinstance(name, int) and name < len(thing) else None
    return fields_of(thing).get(name)  # type: ignore[arg-type]


def label(entry: object, index: int) -> str | int:
    """Return the step of a path to an entry of a list: its name, or its index if it has none.

    Resupply has the name of its battery or depot, a magazine or a stock that of its interceptor
    or of its threat.
    """
    fields = fields_of(entry)
    for key in ("name", "battery", "interceptor", "depot", "threat"):
        name = fields.get(key)
        if isinstance(name, str) and not name_fault(name):
            return name
    return index


def labels(entries: Sequence[object]) -> list[str]:
    """Return the steps to all entries of a list.

    Where several resupplies are of one battery, their interceptor is added, as in `site/missile`.
    """
    found = [str(label(entry, index)) for index, entry in enumerate(entries)]
    number = Counter(found)
    return [
        f"{own}/{fields_of(entry)['interceptor']}"
        if number[own] > 1 and fields_of(entry).get("battery") == own
        else own
        for own, entry in zip(found, entries, strict=True)
    ]


def path_text(location: Iterable[str | int]) -> str:
    """Return a location in the form of a path."""
    return ".".join(
        step if isinstance(step, str) and not name_fault(step) else shown(step) for step in location
    )


def lines_of(mistakes: Iterable[Mistake]) -> list[str]:
    """Return one line for each mistake, without repetition."""
    lines = (f"{path_text(location)}: {text}" if location else text for location, text in mistakes)
    return list(dict.fromkeys(lines))


def mistakes_of(error: ValidationError, model: type[BaseModel], data: object) -> list[Mistake]:
    """Translate pydantic's errors in the validation of `data` as a `model`."""
    found: list[Mistake] = []
    for detail in error.errors(include_url=False)[:MOST_MISTAKES]:
        if detail["type"] == "too_short" and detail["input"]:
            continue  # pydantic counts valid entries, and each other one is a mistake already
        location = _location(detail["loc"], data)
        if detail["type"] == "mistakes":
            found += [(location + inner, text) for inner, text in detail["ctx"]["mistakes"]]
        elif detail["type"] == "union_tag_invalid":
            found.append(((*location, "kind"), _kind_fault(detail)))
        else:
            found.append((location, _text(detail, model)))
    return found


def _location(loc: tuple[str | int, ...], data: object) -> tuple[str | int, ...]:
    """Replace indices by names, and drop the tag that pydantic adds after a field of a union."""
    location: list[str | int] = []
    for before, step in zip((None, *loc), loc, strict=False):
        unions = ("arrival", "count", "raids", "rate", "rounds", "demand")
        if before in unions and isinstance(step, str):
            continue
        if location[-2:-1] == ["kill_probability"] and step in KINDS_OF_PROBABILITY:
            continue
        data = field_of(data, step)
        # A salvo whose name is missing is not known by its threat, which others may have too.
        nameless = before == "salvos" and "name" not in fields_of(data)
        location.append(label(data, step) if isinstance(step, int) and not nameless else step)
    return tuple(location)


def _kind_fault(detail: ErrorDetails) -> str:
    kinds = [kind for kind in detail["ctx"]["expected_tags"].split("'") if kind.isalpha()]
    kinds.remove("distribution")  # in a file it has no `kind`, but `dist`
    tag = detail["ctx"]["tag"]
    return f"must be one of {', '.join(map(repr, kinds))}; got {shown(tag)}{nearest(tag, kinds)}"


def _number(bound: float) -> str:
    return f"{int(bound):,}" if bound == int(bound) and abs(bound) < 1e12 else f"{bound:g}"


def _a(noun: str) -> str:
    return f"an {noun}" if noun[0] in "AEIOU" else f"a {noun}"


_REPLACED = {
    (
        "Campaign",
        "sizes",
    ): ": a distribution of its number of threats is the `count` of a salvo",
}
"""What to write instead of fields of earlier versions."""
_TEXTS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than_equal": lambda ctx: f"must be at least {_number(ctx['ge'])}",
    "greater_than": lambda ctx: f"must be greater than {_number(ctx['gt'])}",
    "less_than_equal": lambda ctx: f"must be at most {_number(ctx['le'])}",
    "less_than": lambda ctx: f"must be less than {_number(ctx['lt'])}",
    "int_type": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "finite_number": lambda _: "must be a finite number",
    "string_type": lambda _: "must be text",
    "string_unicode": lambda _: "must be text that can be written",
    "bool_type": lambda _: "must be true or false",
    "tuple_type": lambda _: "must be a list",
    "dict_type": lambda _: "must be a table of names and values",
    "too_short": lambda _: "must have at least 1 entry",
    "too_long": lambda ctx: f"must have at most {ctx['max_length']:,} entries",
    "model_type": lambda ctx: f"must be {_a(ctx['class_name'])}, or a table of its fields",
    "literal_error": lambda ctx: f"must be {ctx['expected']}",
    "union_tag_not_found": lambda _: (
        "must be At, Times, Uniform, Regular, Poisson or a frozen scipy.stats distribution "
        "(in a file: a table with `kind` or `dist`)"
    ),
}


def _text(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, value = detail["type"], detail["input"]
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        owner = _owner(model, detail["loc"][:-1])
        hint = _REPLACED.get((owner.__name__, str(detail["loc"][-1])))
        hint = hint or nearest(detail["loc"][-1], owner.model_fields)
        return f"is not a field of {owner.__name__}{hint}"
    if kind == "float_type" and type(value) is int:
        kind = "finite_number"
    context = detail.get("ctx", {})
    text = _TEXTS[kind](context) if kind in _TEXTS else detail["msg"]
    if kind == "tuple_type" and isinstance(value, dict):
        text += " (in TOML: [[double brackets]] begin an entry)"
    known = context["expected"].split("'")[1::2] if kind == "literal_error" else ()
    return f"{text}; got {shown(value)}{nearest(value, known)}"


def _owner(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel]:
    """Return the model at a location, from the annotations of fields."""
    kinds = [model]
    for step in loc:
        tagged = [kind for kind in kinds if kind.__name__.lower() == step]
        if tagged:
            kinds = tagged
        elif step in kinds[0].model_fields:
            kinds = _models_in(kinds[0].model_fields[str(step)].annotation) or kinds
    return kinds[0]


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]
