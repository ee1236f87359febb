"""Pages of the reference that are generated from the declarations in the code."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import leakthrough as lt
from leakthrough.results.variables import CAMPAIGN_VARIABLES, COORDINATES, VARIABLES, Variable
from leakthrough.studies.kinds import MEASURES

Schema = dict[str, Any]


def pages() -> dict[str, str]:
    """Return every generated page, by the name of its file."""
    found = {
        "files.md": fields(),
        "variables.md": variables(),
        "measures.md": measures(),
        "cited.md": cited(),
    }
    return {**found, **{f"api-{module.__name__}.rst": api(module) for module in public_modules()}}


def write_all(folder: Path) -> None:
    """Write the pages that have changed; Sphinx then reads only those again."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


# --- public names ---------------------------------------------------------------------------

GROUPS = {
    "Scenarios and campaigns": ("model",),
    "Simulation": ("simulate", "replay", "rerun"),
    "Results": ("results",),
    "Studies": ("studies",),
}
"""Titles of the public names of the package, with the folders and modules that define them."""


def public_modules() -> list[ModuleType]:
    """Return the package, and each of its modules that has `__all__`."""
    names = [m.name for m in pkgutil.walk_packages(lt.__path__, "leakthrough.")]
    public = [name for name in names if "._" not in name]
    return [lt, *(m for m in map(importlib.import_module, public) if hasattr(m, "__all__"))]


def home(name: str, module: ModuleType) -> str:
    """Return the shortest name of an object of a module, under which it is documented."""
    shortest = lt if getattr(lt, name, None) is getattr(module, name) else module
    return f"{shortest.__name__}.{name}"


def documented(module: ModuleType) -> list[str]:
    """Return the public classes and functions of a module."""
    return [name for name in module.__all__ if callable(getattr(module, name))]


def api(module: ModuleType) -> str:
    """Return a page with tables of public names; for the package, one table a group."""
    if module is not lt:
        names = [home(name, module) for name in documented(module)]
        said = inspect.getdoc(module) or ""
        return "\n".join([*_title(module.__name__), said, "", *_table(names)])
    lines = [*_title("leakthrough"), "``import leakthrough as lt``", ""]
    for title, parts in GROUPS.items():
        names = [home(name, lt) for name in documented(lt) if _part_of(name) in parts]
        lines += [*_title(title, "-"), *_table(names)]
    units = (
        "``lt.MINUTE``, ``lt.HOUR`` and ``lt.DAY`` [s] and ``lt.KM`` [m] are factors to SI units."
    )
    lines += [*_title("Units", "-"), units, ""]
    return "\n".join(lines)


def _part_of(name: str) -> str:
    """Return the folder or module at the top level that defines a public name."""
    return str(getattr(lt, name).__module__).split(".")[1]


def _title(text: str, line: str = "=") -> list[str]:
    return [text.replace("`", "``").replace("````", "``"), line * (len(text) + 8), ""]


def _table(names: list[str]) -> list[str]:
    return [".. autosummary::", "   :toctree: objects", "", *(f"   ~{n}" for n in names), ""]


# --- fields of files ------------------------------------------------------------------------


def fields() -> str:
    """Return a table for each part of a scenario or campaign file, from its JSON schema."""
    campaign = lt.Campaign.model_json_schema()
    parts = {**campaign.pop("$defs"), "Campaign": campaign}
    order = ["Scenario", "Campaign"]
    for name in order:  # grows in the loop: parts in the order of their first mention
        mentioned = re.findall(r'"#/\$defs/(\w+)"', json.dumps(parts[name]))
        order += dict.fromkeys(part for part in mentioned if part not in order)
    order += [part for part in parts if part not in order]
    lines = ["# Fields of scenario and campaign files", ""]
    lines += ["A file in TOML or JSON is a [Scenario](#scenario) or a [Campaign](#campaign)."]
    lines += ["An uncertain number can be a [distribution](#distribution).", ""]
    return "\n".join([*lines, *(line for name in order for line in _part(name, parts[name]))])


def _part(name: str, part: Schema) -> list[str]:
    lines = [f"## {name}", "", part["description"], ""]
    if name == "Distribution":
        return [*lines, *(f"- `{text}`" for text in _DISTRIBUTIONS), ""]
    lines += ["| field | value | default | meaning |", "|---|---|---|---|"]
    for field, says in part["properties"].items():
        default = "**required**" if field in part.get("required", ()) else _default(says)
        cells = [f"`{field}`", _value(says), default, says.get("description", "")]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, ""]


_DISTRIBUTIONS = (
    '{dist = "beta", a = 2, b = 5}',
    '{dist = "mixture", weights = [1, 3], parts = [0.9, {dist = "beta", a = 2, b = 5}]}',
    '{dist = "empirical", values = [12, 31, 54]}',
    '{dist = "histogram", edges = [0, 10, 60], weights = [1, 2]}',
)


def _default(says: Schema) -> str:
    given = says["default"]
    if "$ref" in says:
        return "its defaults"
    shown = json.dumps(given)
    return {"null": "none", "[]": "empty", "{}": "empty"}.get(shown, f"`{shown}`")


def _value(says: Schema) -> str:
    """Describe the allowed values of a field in words."""
    for several in ("anyOf", "oneOf"):
        if several in says:
            named = (one for one in says[several] if "$comment" not in one)
            every = [_value(one) for one in named if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(every))
    if "$ref" in says:
        name = says["$ref"].rsplit("/", 1)[1]
        named = "distribution" if name == "Distribution" else name  # a value, not a table of fields
        return f"[{named}](#{name.lower()})"
    if "const" in says or "enum" in says:
        return " or ".join(f"`{json.dumps(one)}`" for one in says.get("enum", [says.get("const")]))
    if "prefixItems" in says:
        return f"list of: {', '.join(map(_value, says['prefixItems']))}"
    if says["type"] == "array":
        return f"list of: {_value(says['items'])}"
    if says["type"] == "object":
        return f"table by name of: {_value(says['additionalProperties'])}"
    return _TYPES[says["type"]] + _bounds(says)


_TYPES = {
    "number": "number",
    "integer": "whole number",
    "string": "text",
    "boolean": "true or false",
}


def _bounds(says: Schema) -> str:
    least = says.get("minimum", says.get("exclusiveMinimum"))
    most = says.get("maximum", says.get("exclusiveMaximum"))
    word = "above" if "exclusiveMinimum" in says else "from"
    low = "" if least is None else f" {word} {_number(least)}"
    return low + ("" if most is None else f" to {_number(most)}")


def _number(value: float) -> str:
    """Format a number: 10,000 and 1e9."""
    return f"{value:,g}".replace("e+0", "e").replace("e+", "e")


# --- results --------------------------------------------------------------------------------


def variables() -> str:
    """Return the page of variables and coordinates of results."""
    lines = ["# Result variables", ""]
    lines += ["Each carries its `units` and `long_name`. Counts are whole numbers.", ""]
    lines += ['With `keep="summary"` they have the dimension `statistic` instead of']
    lines += ["`replication`: see `leakthrough.reduced`.", ""]
    lines += ["## Variables of a raid", "", *_variables(VARIABLES)]
    lines += ["## Additional variables of a campaign", ""]
    lines += ["The variables of a raid also have the dimension `raid`, after `replication`.", ""]
    lines += _variables(CAMPAIGN_VARIABLES)
    lines += ["## Coordinates", "", "| coordinate | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in COORDINATES.items()]
    return "\n".join([*lines, ""])


def _variables(specs: dict[str, Variable]) -> list[str]:
    lines = ["| variable | dimensions | unit | meaning |", "|---|---|---|---|"]
    for name, spec in specs.items():
        dims = ", ".join(f"`{dim}`" for dim in spec.dims)
        there = f" (only {spec.sometimes})" if spec.sometimes else ""
        lines.append(f"| `{name}` | {dims} | {spec.units} | {spec.long_name}{there} |")
    return [*lines, ""]


def measures() -> str:
    """Return the page of measures."""
    lines = ["# Measures", ""]
    lines += [
        "What a study computes from each replication: `leakthrough.Measure`, or its name.",
        "Of a campaign, with `raid=n`, it is what happens in that raid, or what is true by then;",
        "without it, all raids count together.",
        "",
    ]
    lines += ["| measure | unit | can be grouped by | meaning |", "|---|---|---|---|"]
    for name, kind in MEASURES.items():
        by = ", ".join(f"`{one}`" for one in kind.by)
        by += "" if kind.total else " (always)"
        text = kind.long_name.replace("{}", "`count`")
        text += ", given the hits; for means only" if kind.expectation else ""
        text += " (of campaigns only)" if kind.of_campaign else ""
        lines.append(f"| `{name}` | {kind.units} | {by} | {text} |")
    return "\n".join([*lines, ""])


# --- literature -----------------------------------------------------------------------------

_AUTHORS_AND_YEAR = re.compile(r"(?<=\.) (?=[A-Z][\w'-]+(?:(?:, | and )[A-Z][\w'-]+)* \(\d{4}\))")

_REFERENCES = re.compile(r"^References\n-+\n(.*?)(?=\n\n\w+\n---|\Z)", re.DOTALL | re.MULTILINE)


def cited() -> str:
    """Return the literature that docstrings cite, with the functions that cite it."""
    by: dict[str, list[str]] = {}
    for name, text in references():
        for work in _AUTHORS_AND_YEAR.split(text):
            by.setdefault(work, []).append(name)
    lines = []
    for work, names in sorted(by.items()):
        lines.append(f"- {work} Cited by {', '.join(f'`{name}`' for name in names)}.")
    return "\n".join([*lines, ""])


def references() -> Iterator[tuple[str, str]]:
    """Yield the References section of every docstring that has one, on one line."""
    root = Path(lt.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                continue
            section = _REFERENCES.search(ast.get_docstring(node) or "")
            if section:
                name = node.name if not isinstance(node, ast.Module) else file.stem
                yield name, " ".join(section[1].split())
