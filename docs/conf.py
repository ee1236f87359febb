"""The documentation site, by Sphinx; warnings are errors (see the README's command)."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import _gallery  # noqa: E402
import _generate  # noqa: E402
import _names  # noqa: E402

project = "leakthrough"
author = copyright = "The leakthrough developers"
release = version = installed("leakthrough")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "_templates", "gallery/*.ipynb", "gallery/*.py", "gallery/*.json"]
templates_path = ["_templates"]
# A name in single backticks is a link where it is public, and code where it is not.
default_role = "py:obj"

myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3

# Types are in the Parameters sections; pydantic's annotations are for machines.
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
numpydoc_show_class_members = False

html_theme = "furo"
html_title = f"leakthrough {release}"
html_show_sourcelink = False
html_copy_source = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "gallery",
    # Scripts in cells are run, so that the output of a cell is below it. The others take longer;
    # the tests run them, and compare their output with the READMEs.
    "filename_pattern": _gallery.in_cells(HERE.parent / "examples"),
    "reset_argv": _gallery.Elsewhere(),
    "abort_on_example_error": True,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
    "min_reported_time": 1e9,
    "backreferences_dir": None,
    "within_subsection_order": "FileNameSortKey",
}

_generate.write_all(HERE / "reference" / "generated")
_gallery.copy_pictures(HERE / "images", HERE / "gallery" / "images", HERE.parent / "examples")


def setup(app):  # noqa: ANN001, ANN201, D103
    app.connect("source-read", _gallery.finish_page)
    app.connect("autodoc-skip-member", _names.leave_out)
    app.add_role_to_domain("py", "obj", _names.Name(), override=True)
