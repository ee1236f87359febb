"""Findings: values that are allowed but make no sense, each with its place and its consequence."""

import sys
import warnings
from collections.abc import Iterable
from typing import NamedTuple

MOST_WARNINGS = 10


class ScenarioWarning(UserWarning):
    """A scenario, a campaign or a timeline is valid, but a part of it makes no sense."""


class Finding(NamedTuple):
    """A part of a scenario that is valid but makes no sense; `print` shows it in one line.

    Parameters
    ----------
    place : str
        Path of the part, as in `Scenario.replace` and in the errors of files.
    what : str
        What is odd.
    why : str
        What follows from it in the results.
    """

    place: str
    what: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}; {self.why}"


def warn(findings: Iterable[Finding]) -> None:
    """Issue one `ScenarioWarning` for each finding, located at the call of the library."""
    lines = list(dict.fromkeys(map(str, findings)))
    if len(lines) > MOST_WARNINGS:
        more = len(lines) - MOST_WARNINGS + 1
        lines[MOST_WARNINGS - 1 :] = [f"{more} more findings: leakthrough.check lists all"]
    for line in lines:
        warnings.warn(line, ScenarioWarning, stacklevel=_depth())


def _depth() -> int:
    """Number of frames from `warn` up to the first that is not of this package."""
    package, depth = __name__.partition(".")[0], 1
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == package:
        frame, depth = frame.f_back, depth + 1
    return depth
