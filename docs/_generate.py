"""Pages of the reference that are made of the code: what it declares is what they say."""

import ast
import importlib
import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import leakthrough as lt
from leakthrough.results.variables import CAMPAIGN_VARIABLES, COORDINATES, VARIABLES, Variable
from leakthrough.studies.measure import MEASURES

Schema = dict[str, Any]


def pages() -> dict[str, str]:
    """Every generated page, by the name of its file."""
    found = {
        "files.md": fields(),
        "variables.md": variables(),
        "measures.md": measures(),
        "cited.md": cited(),
    }
    return {**found, **{f"api-{module.__name__}.rst": api(module) for module in public_modules()}}


def write_all(folder: Path) -> None:
    """Write the pages; one that has not changed is left alone, so that Sphinx need not read it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        file = folder / name
        if not file.exists() or file.read_text("utf-8") != text:
            file.write_text(text, "utf-8")


# --- public names ---------------------------------------------------------------------------


def public_modules() -> list[ModuleType]:
    """The package, and every public module of it that declares what is public."""
    names = [m.name for m in pkgutil.walk_packages(lt.__path__, "leakthrough.")]
    public = [name for name in names if "._" not in name]
    return [lt, *(m for m in map(importlib.import_module, public) if hasattr(m, "__all__"))]


def home(name: str, module: ModuleType) -> str:
    """The name under which an object of a module is documented: the shortest."""
    shortest = lt if getattr(lt, name, None) is getattr(module, name) else module
    return f"{shortest.__name__}.{name}"


def documented(module: ModuleType) -> list[str]:
    """Public names of classes and functions; data stand on pages of their own."""
    return [name for name in module.__all__ if callable(getattr(module, name))]


def api(module: ModuleType) -> str:
    """A page of tables of public names; of the package, a table for each room."""
    if module is not lt:
        names = [home(name, module) for name in documented(module)]
        said = inspect.getdoc(module) or ""
        return "\n".join([*_title(module.__name__), said, "", *_table(names)])
    lines = [*_title("leakthrough"), "``import leakthrough as lt``", ""]
    for room, names in _by_room().items():
        said = inspect.getdoc(sys.modules[room]) or room
        lines += [*_title(said.split("\n")[0].rstrip("."), "-"), *_table(names)]
    return "\n".join(lines)


def _by_room() -> dict[str, list[str]]:
    """Public names of the package by the module that holds them, in the order of the flow."""
    rooms: dict[str, list[str]] = {}
    listed_apart = tuple(f"{module.__name__}." for module in public_modules() if module is not lt)
    for name in documented(lt):
        room = getattr(lt, name).__module__
        if not room.startswith(listed_apart):
            rooms.setdefault(room, []).append(f"leakthrough.{name}")
    imported = list(sys.modules)  # in the order of imports, which go against the flow
    order = sorted(rooms, key=lambda room: ("._" in room, imported.index(room)))
    return {room: rooms[room] for room in order}


def _title(text: str, line: str = "=") -> list[str]:
    return [text.replace("`", "``").replace("````", "``"), line * (len(text) + 8), ""]


def _table(names: list[str]) -> list[str]:
    return [".. autosummary::", "   :toctree: objects", "", *(f"   ~{n}" for n in names), ""]


# --- fields of files ------------------------------------------------------------------------


def fields() -> str:
    """A table for each part of a scenario or campaign file, of what its JSON schema says."""
    campaign = lt.Campaign.model_json_schema()
    parts = {**campaign.pop("$defs"), "Campaign": campaign}
    order = ["Scenario", "Campaign"]
    for name in order:  # grows as we go: parts in the order in which they are first mentioned
        mentioned = re.findall(r'"#/\$defs/(\w+)"', json.dumps(parts[name]))
        order += dict.fromkeys(part for part in mentioned if part not in order)
    order += [part for part in parts if part not in order]
    lines = ["# Fields of scenario and campaign files", ""]
    lines += ["A file in TOML or JSON is a [Scenario](#scenario) or a [Campaign](#campaign)."]
    lines += ["Where a number may be uncertain, a [distribution](#distribution) may stand.", ""]
    return "\n".join([*lines, *(line for name in order for line in _part(name, parts[name]))])


def _part(name: str, part: Schema) -> list[str]:
    lines = [f"## {name}", "", part["description"], ""]
    if name == "Distribution":
        return [*lines, '`{dist = "beta", a = 2, b = 5}`', ""]
    lines += ["| field | value | default | meaning |", "|---|---|---|---|"]
    for field, says in part["properties"].items():
        default = "**required**" if field in part.get("required", ()) else _default(says)
        cells = [f"`{field}`", _value(says), default, says.get("description", "")]
        lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
    return [*lines, ""]


def _default(says: Schema) -> str:
    given = says["default"]
    if "$ref" in says:
        return "its defaults"
    shown = json.dumps(given)
    return {"null": "none", "[]": "empty", "{}": "empty"}.get(shown, f"`{shown}`")


def _value(says: Schema) -> str:
    """What may stand in a field, in words."""
    for several in ("anyOf", "oneOf"):
        if several in says:
            every = [_value(one) for one in says[several] if one.get("type") != "null"]
            return " or ".join(dict.fromkeys(every))
    if "$ref" in says:
        name = says["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in says or "enum" in says:
        return " or ".join(f"`{json.dumps(one)}`" for one in says.get("enum", [says.get("const")]))
    if says["type"] == "array":
        return f"list of: {_value(says['items'])}"
    if says["type"] == "object":
        if "dist" in says.get("properties", {}):
            return "[distribution](#distribution)"
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
    """As one writes it: 10,000 and 1e9."""
    return f"{value:,g}".replace("e+0", "e").replace("e+", "e")


# --- results --------------------------------------------------------------------------------


def variables() -> str:
    """Variables and coordinates of results."""
    lines = ["# Result variables", ""]
    lines += ["Each carries its `units` and `long_name`. Counts are whole numbers.", ""]
    lines += ['With `keep="summary"` they have the dimension `statistic` in place of']
    lines += ["`replication`: see `leakthrough.reduced`.", ""]
    lines += ["## Of a raid", "", *_variables(VARIABLES)]
    lines += ["## Of a campaign, besides", ""]
    lines += ["Those above have the dimension `raid` too, after `replication`.", ""]
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
    """What a study may look at."""
    lines = ["# Measures", ""]
    lines += ["What a study looks at in every replication: `leakthrough.Measure`, or its name.", ""]
    lines += ["| measure | unit | may be grouped by | meaning |", "|---|---|---|---|"]
    for name, kind in MEASURES.items():
        by = ", ".join(f"`{one}`" for one in kind.by)
        text = kind.long_name.replace("{}", "`count`")
        lines.append(f"| `{name}` | {kind.units} | {by} | {text} |")
    return "\n".join([*lines, ""])


# --- literature -----------------------------------------------------------------------------

_AUTHORS_AND_YEAR = re.compile(r"(?<=\.) (?=[A-Z][\w'-]+(?:(?:, | and )[A-Z][\w'-]+)* \(\d{4}\))")

_REFERENCES = re.compile(r"^References\n-+\n(.*?)(?=\n\n\w+\n---|\Z)", re.DOTALL | re.MULTILINE)


def cited() -> str:
    """The literature that docstrings cite, with who cites it."""
    by: dict[str, list[str]] = {}
    for name, text in references():
        for work in _AUTHORS_AND_YEAR.split(text):
            by.setdefault(work, []).append(name)
    lines = []
    for work, names in sorted(by.items()):
        lines.append(f"- {work} Cited by {', '.join(f'`{name}`' for name in names)}.")
    return "\n".join([*lines, ""])


def references() -> Iterator[tuple[str, str]]:
    """The References section of every docstring that has one, on one line."""
    root = Path(lt.__file__).parent
    for file in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                continue
            section = _REFERENCES.search(ast.get_docstring(node) or "")
            if section:
                name = node.name if not isinstance(node, ast.Module) else file.stem
                yield name, " ".join(section[1].split())
