"""The result of mutation testing as a section of the page on verification."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

RESULT = Path(__file__).parent / "result.json"

_SECTION = """
## Mutation testing

Do the tests notice an error? Small errors are put into the modules that compute results, one at a
time: a comparison is flipped, an operator swapped, a condition negated, a constant or a bound moved
by one, a statement removed. The changed package is a *mutant*. The tests of the module are then run
until one fails or exceeds a time limit; this *kills* the mutant.

    PYTHONPATH=tests python -m mutation --number 200

Of {number} mutants, drawn at random from the modules below in runs of their own for each group of
modules, {killed} are killed and {survived} survive. {verdict}

| module | mutants | killed | survive |
|---|--:|--:|--:|
{rows}
"""
_SURVIVORS = """
The survivors, and why no test can kill them:

| module | original | mutant | reason |
|---|---|---|---|
"""


def section() -> str:
    """Text of the section, from the result that is kept."""
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    found = result["mutants"]
    survivors = [entry for entry in found if entry["status"] == "survived"]
    open_ones = sum(not entry["reason"] for entry in survivors)
    verdict = (
        f"{open_ones} of the survivors change what a user can see, and wait for a test."
        if open_ones
        else "All survivors are equivalent to the original: nothing changes that a user can see."
    )
    text = _SECTION.format(
        number=len(found),
        killed=len(found) - len(survivors),
        survived=len(survivors),
        verdict=verdict,
        rows="\n".join(_row(found, module) for module in _modules(found)),
    )
    return text + (_SURVIVORS + "".join(map(_survivor, survivors)) if survivors else "")


def _modules(found: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({entry["module"] for entry in found})


def _row(found: Sequence[dict[str, Any]], module: str) -> str:
    own = [entry["status"] for entry in found if entry["module"] == module]
    survived = own.count("survived")
    return f"| `{module}` | {len(own)} | {len(own) - survived} | {survived} |"


def _survivor(entry: dict[str, Any]) -> str:
    before, after = (
        " ".join(entry[side].split()).replace("|", "\\|") for side in ("before", "after")
    )
    return f"| `{entry['module']}` | `{before}` | `{after}` | {entry['reason'] or 'open'} |\n"
