"""TOML and JSON files of scenarios and campaigns."""

import functools
import hashlib
import json
import math
import re
import secrets
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import tomli_w
from pydantic import BaseModel

from leakthrough.model.arguments import path_of
from leakthrough.model.base import Model, Title, checked, fields_of_unchecked, reported
from leakthrough.model.distribution_schema import distribution_schema, with_distributions
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError, shown
from leakthrough.model.overview import Overview

DEEPEST = 64
"""Steps of a dotted key in a TOML file. Scenarios need seven."""
D = TypeVar("D", bound="Document")
Converter = Callable[..., Any]


class Document(Model):
    """The base of scenarios and campaigns: models that a file can hold."""

    name: Title

    def document(self) -> dict[str, Any]:
        """Return the scenario or campaign as plain data, as in a file, without default values."""
        document: dict[str, Any] = plain_data(checked(self))
        return document

    def save(self, path: str | Path) -> None:
        """Write the scenario or campaign to a file. If this fails, an existing file is unchanged.

        Parameters
        ----------
        path : str or Path
            The file, ending in `.toml` or `.json`.

        Raises
        ------
        ScenarioError
            If the name ends in anything else.
        OSError
            If the file cannot be written.
        """
        path = path_of("path", path).resolve()  # a symbolic link is kept
        write = _by_suffix(path, tomli_w.dumps, _json_text)
        data = write(self.document()).encode("utf-8")
        # In the target's folder, since a file cannot be moved atomically to another file system.
        temporary = path.with_name(f".leakthrough-{secrets.token_hex(8)}.tmp")
        try:
            temporary.write_bytes(data)
            if path.exists():
                shutil.copymode(path, temporary)
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        """Return the JSON schema of a file, of draft 2020-12.

        It accepts each file that the loader accepts. It says nothing about relations: between
        names, between fields, or between parameters of a distribution. It cannot exclude NaN,
        which TOML has and JSON has not.

        Parameters
        ----------
        *args, **options
            As for pydantic's `BaseModel.model_json_schema`.
        """
        schema = with_distributions(super().model_json_schema(*args, **options))
        schema["$defs"]["Distribution"] = distribution_schema()
        return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}

    @property
    def digest(self) -> str:
        """Thirty-two hexadecimal digits that are equal only for equal scenarios or campaigns."""
        return _digest(checked(self))

    def _overview(self) -> Overview:
        raise NotImplementedError

    def __str__(self) -> str:
        return repr(self) if fields_of_unchecked(self) is not self else self._overview().text()

    def _repr_html_(self) -> str:
        return checked(self)._overview().html()


def loaded(model: type[D], path: str | Path) -> D:
    """Read a scenario or a campaign from a file; see `load_scenario`."""
    path = path_of("path", path)
    return from_document(model, parsed(path), source=str(path))


def parsed(path: Path) -> Any:
    """Return what a TOML or JSON file holds, as plain data."""
    parse = _by_suffix(path, _from_toml, _from_json)
    data = path.read_bytes()
    try:
        return parse(data.decode("utf-8-sig"))  # Windows marks texts
    except UnicodeDecodeError as error:
        raise ScenarioError(f"not UTF-8 at byte {error.start}", source=str(path)) from None
    except RecursionError:
        raise ScenarioError("nested too deeply", source=str(path)) from None
    except ValueError as error:
        raise ScenarioError(_syntax(error), source=str(path)) from None


def from_document(model: type[D], document: Mapping[str, Any], *, source: str = "") -> D:
    """Return the scenario or campaign of plain data, as read from a file.

    Parameters
    ----------
    model : type
        `Scenario` or `Campaign`.
    document : mapping
        Its fields; tables as mappings, lists as lists.
    source : str, optional
        Name of the document in errors, such as the name of its file.

    Raises
    ------
    ScenarioError
        If it is not valid; it lists all mistakes with their locations.
    """
    if not isinstance(document, Mapping):
        text = f"must be a table with the fields of a {model.__name__.lower()}"
        raise ScenarioError(f"{text}; got {shown(document)}", source=source)
    return reported(lambda: model.model_validate(document), model, document, source)


# Cached for scenarios that are simulated many times: hashing takes a tenth of the time.
@functools.lru_cache(maxsize=32)
def json_of(thing: Document) -> str:
    """Return the document of a scenario or a campaign as JSON, in one line."""
    return json.dumps(thing.document(), allow_nan=False)


@functools.lru_cache(maxsize=32)
def _digest(thing: Document) -> str:
    return digest_of(thing.document())


def digest_of(document: Mapping[str, Any]) -> str:
    """Return the digest of the scenario or campaign of plain data."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def plain_data(value: Any) -> Any:
    """Return a part of a scenario as written to a file."""
    if isinstance(value, Distribution):
        return value.flat()
    if isinstance(value, BaseModel):
        return {
            name: plain_data(getattr(value, name))
            for name, field in type(value).model_fields.items()
            if name == "kind" or getattr(value, name) != field.default
        }
    if isinstance(value, Mapping):
        return {key: plain_data(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [plain_data(entry) for entry in value]
    if value == math.inf:
        return "infinite"
    # Equal scenarios have equal digests, and -0.0 equals 0.0.
    return 0.0 if isinstance(value, float) and value == 0.0 else value


def _by_suffix(path: Path, toml: Converter, json: Converter) -> Converter:
    kinds = {".toml": toml, ".json": json}
    if path.suffix.lower() not in kinds:
        text = f"path: a scenario's file must end in .toml or .json; got {shown(path.name)}"
        raise ScenarioError(text)
    return kinds[path.suffix.lower()]


def _json_text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


_PART = r"""(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')"""
_DOTTED = re.compile(rf"(?<![\w-]){_PART}(?:[ \t]*+\.[ \t]*+{_PART}){{{DEEPEST}}}")


def _from_toml(text: str) -> Any:
    # The parser keeps all beginnings of a dotted key: for 20,000 steps these are 1.5 GB.
    if found := _DOTTED.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ValueError(f"the dotted key at line {line} has more than {DEEPEST} steps")
    return tomllib.loads(text, parse_float=_float)


def _from_json(text: str) -> Any:
    return json.loads(text, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number) and "inf" not in text:
        raise ValueError(f"the number {shown(text)} is too large")
    return number


def _constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is not JSON; write "infinite" for rounds without limit')


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the field {shown(repeated)} appears twice in one object")
    return table


def _syntax(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} (at line {error.lineno}, column {error.colno})"
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"not TOML: {error}"
    if "integer string conversion" in str(error):
        return "holds a whole number with too many digits"
    return str(error)
