"""JSON schema of the distributions in a file."""

import math
import sys
from typing import Any

from leakthrough.model.distributions import MARK
from leakthrough.model.own_distributions import MOST_PARTS, MOST_VALUES
from leakthrough.model.scipy_names import discrete, is_slow, known, shape_names

_NUMBER = {"type": "number", "minimum": -sys.float_info.max, "maximum": sys.float_info.max}
_REFERENCE = {"$ref": "#/$defs/Distribution"}


def distribution_schema() -> dict[str, Any]:
    """Return the JSON schema of a distribution in a file."""
    weight = {**_NUMBER, "minimum": 0}
    weights = _list(weight, 1, MOST_VALUES)
    own = {
        "mixture": {
            "weights": weights,
            "parts": _list({"anyOf": [_NUMBER, _REFERENCE]}, 1, MOST_PARTS),
        },
        "empirical": {
            "weights": _list(weight, 0, MOST_VALUES),
            "values": _list(_NUMBER, 1, MOST_VALUES),
        },
        "histogram": {"weights": weights, "edges": _list(_NUMBER, 2, MOST_VALUES + 1)},
    }
    return {
        "description": "One of scipy.stats by its name and parameters, a mixture, an empirical "
        "distribution or a histogram. Discrete ones are for whole numbers only.",
        "anyOf": [_scipy_schema(), *(_own_schema(*each) for each in own.items())],
    }


def _list(items: dict[str, Any], least: int, most: int) -> dict[str, Any]:
    """Schema of a list."""
    return {"type": "array", "items": items, "minItems": least, "maxItems": most}


def _own_schema(name: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Schema of a distribution that is not one of SciPy."""
    required = [field for field in fields if (name, field) != ("empirical", "weights")]
    return {
        "type": "object",
        "properties": {"dist": {"const": name}, **fields},
        "required": ["dist", *required],
        "additionalProperties": False,
    }


def _scipy_schema() -> dict[str, Any]:
    """Schema of a distribution of SciPy."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name in sorted({**known(), **discrete()}):
        if not is_slow(name):
            groups.setdefault(tuple(shape_names(name)), []).append(name)
    return {
        "type": "object",
        "description": "A distribution of scipy.stats: its name, its shape parameters, and loc and "
        "scale where they are not 0 and 1.",
        "properties": {
            "dist": {"enum": sorted(name for names in groups.values() for name in names)},
            "scale": {**_NUMBER, "exclusiveMinimum": 0},
            "parameters": {"type": "object", "additionalProperties": _NUMBER},
        },
        "required": ["dist"],
        "additionalProperties": _NUMBER,
        "allOf": [
            {"if": {"properties": {"dist": {"enum": names}}}, "then": _shapes_schema(shapes)}
            for shapes, names in groups.items()
        ],
    }


def _shapes_schema(shapes: tuple[str, ...]) -> dict[str, Any]:
    """Schema of the names of parameters; the shapes may be in a table `parameters`."""
    names = [*shapes, "loc", "scale"]
    return {
        "propertyNames": {"enum": ["dist", "parameters", *names]},
        "properties": {"parameters": {"propertyNames": {"enum": names}}},
        "anyOf": [{"required": ["parameters"]}, {"required": list(shapes)}],
    }


def with_distributions(schema: Any) -> Any:
    """Return a JSON schema with references to `#/$defs/Distribution` for all distributions.

    A default of infinity becomes the text "infinite", since JSON has no such number.
    """
    if schema == math.inf:
        return "infinite"
    if schema == MARK:
        return dict(_REFERENCE)
    if isinstance(schema, dict):
        return {key: with_distributions(part) for key, part in schema.items()}
    return [with_distributions(part) for part in schema] if isinstance(schema, list) else schema
