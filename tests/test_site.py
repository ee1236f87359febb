"""Every block of code of the documentation runs and prints the output shown below it."""

import doctest
import importlib
import importlib.util
import pkgutil
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest
from documents import run_page

import leakthrough as lt
from leakthrough.results.variables import CAMPAIGN_VARIABLES, CAUSES, COORDINATES, VARIABLES
from leakthrough.studies.kinds import MEASURES

DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    page
    for page in sorted(DOCS.rglob("*.md"))
    if not {"generated", "_build", "gallery"} & set(page.relative_to(DOCS).parts)
]
MODULES = ["leakthrough", *(m.name for m in pkgutil.walk_packages(lt.__path__, "leakthrough."))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_a_page_says_what_it_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text(encoding="utf-8")
    assert run_page(text, tmp_path) == text.count("\n```python\n")


def test_a_page_that_shows_something_else_is_noticed(tmp_path: Path) -> None:
    page = "```python\nprint(1)\nprint(2)\n```\n\n```text\n{}\n```\n"
    assert run_page(page.format("1\n2"), tmp_path) == 1
    assert run_page(page.format("...\n2"), tmp_path) == 1
    for wrong in ("2\n1", "1\n3"):
        with pytest.raises(AssertionError):
            run_page(page.format(wrong), tmp_path)


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_docstrings_are_right(name: str) -> None:
    module, known = importlib.import_module(name), {"lt": lt, "files": files}
    parts = name.split(".")
    for depth in range(1, len(parts)):  # public names of the packages that contain it
        package = importlib.import_module(".".join(parts[:depth]))
        known |= {one: getattr(package, one) for one in getattr(package, "__all__", ())}
    assert doctest.testmod(module, extraglobs=known).failed == 0


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """The module that generates the pages of the reference."""
    spec = importlib.util.spec_from_file_location("_generate", DOCS / "_generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_has_every_public_name(generate: ModuleType) -> None:
    pages = generate.pages()
    said = "\n".join(text for name, text in pages.items() if name.startswith("api-")).split()
    for module in (lt, lt.exact):
        for name in module.__all__:
            given = getattr(module, name)
            if callable(given):
                assert said.count(f"~{generate.home(name, module)}") == 1, name
            elif isinstance(given, ModuleType):
                assert f"api-{given.__name__}.rst" in pages


def test_the_reference_has_every_field(generate: ModuleType) -> None:
    rows = [row.split(" | ") for row in generate.pages()["files.md"].splitlines()]
    said = {(row[0].strip("| `"), row[-1].strip("| ")) for row in rows}
    schema = lt.Campaign.model_json_schema()
    del schema["$defs"]["Distribution"]
    for part in [schema, *schema["$defs"].values()]:
        for field, says in part["properties"].items():
            assert (field, says.get("description", "")) in said


def test_a_field_says_what_may_stand_in_it(generate: ModuleType) -> None:
    page = generate.pages()["files.md"]
    for value in (
        "| number above 0 to 1e9 | **required** |",
        "| [Scenario](#scenario) | **required** |",
        '| `"deadline"` or `"arrival"` | `"deadline"` |',
        "| table by name of: number from 0 to 1 or [distribution](#distribution) or [ByDistance]",
        "| list of: [Battery](#battery) | empty |",
        '| whole number from 0 to 1e9 or `"infinite"` | **required** |',
        "| whole number from 1 to 100,000 or list of: list of: [Salvo](#salvo) or [RaidPattern]",
        "| [Doctrine](#doctrine) | its defaults |",
    ):
        assert value in page


def test_the_reference_has_every_variable_and_measure(generate: ModuleType) -> None:
    pages = generate.pages()
    variables = [*VARIABLES, *CAMPAIGN_VARIABLES, *COORDINATES]
    assert all(f"| `{name}` |" in pages["variables.md"] for name in variables)
    assert all(f"| `{name}` |" in pages["measures.md"] for name in MEASURES)


def test_the_bibliography_has_what_docstrings_cite(generate: ModuleType) -> None:
    text = generate.pages()["cited.md"]
    assert text.splitlines() == sorted(text.splitlines())
    for name, cites in generate.references():
        assert cites.split(",")[0] in text, name
    assert "- Brown, Cai and DasGupta (2001), Interval estimation" in text
    assert "Statistical Science 16, 101-133. Cited by `wilson`." in text


def test_the_guide_to_causes_has_every_cause() -> None:
    guide = (DOCS / "how-to" / "causes-of-leaking.md").read_text(encoding="utf-8")
    assert all(f"| `{cause}` |" in guide for cause in CAUSES)
