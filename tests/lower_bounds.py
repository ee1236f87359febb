"""`python tests/lower_bounds.py [EXTRA ...]`: the lowest allowed version of each dependency.

Prints pinned requirements for pip. The oldest supported environment is made and tested with:

    python3.11 -m venv oldest
    python tests/lower_bounds.py plot io cluster > oldest/requirements.txt
    oldest/bin/pip install -r oldest/requirements.txt -e . pytest hypothesis mpmath simpy ciw
    oldest/bin/python -m pytest -W default::DeprecationWarning  # old packages, new Python
"""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(extras: list[str]) -> list[str]:
    """Requirements with the lowest allowed versions, of the package and some of its extras."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"]]
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    found = [re.fullmatch(r"([\w-]+)>=([\d.]+)", requirement) for requirement in wanted]
    return [f"{match[1]}=={match[2]}" for match in found if match]


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest(sys.argv[1:])) + "\n")
