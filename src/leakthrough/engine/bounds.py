"""Bounds of the costs that a scenario or a call can set, checked before they are paid."""

import math
import os
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.chances import drawn_in
from leakthrough.engine.codes import INFINITE
from leakthrough.engine.tables import Tables
from leakthrough.model.errors import ScenarioError
from leakthrough.model.quantiles import tail_probabilities

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_ENGAGEMENTS, MOST_OF_A_THREAT = 10_000_000, 1_000
"""In a raid, and in addition for each threat: a minute of computation without the latter."""
MOST_PAIRINGS = 2_000_000
"""Windows times batteries of their sites. Lowering them takes 40 s and 1.5 GB."""
WORDS = 2.0**32


def check_pairings(number: int) -> None:
    """Raise a ScenarioError if a raid has so many windows of batteries that they fill the memory.

    A path that turns back often gives each battery of a site many windows.
    """
    if number > MOST_PAIRINGS:
        text = f"the windows of all batteries are {number:,}; at most {MOST_PAIRINGS:,} are allowed"
        raise ScenarioError(f"{text}; what helps: shorter routes, fewer salvos or fewer batteries")


def check_engagements(tables: Tables, batteries: Sequence[str]) -> None:
    """Raise a ScenarioError if a raid may have so many engagements that it seems to hang.

    This takes rounds without number and engagements that take no time, or nearly none.
    """
    stock = tables.magazines
    rounds = np.where(stock["rounds"] >= INFINITE, np.inf, stock["rounds"])
    rounds = rounds + tables.to_come
    most = MOST_ENGAGEMENTS + MOST_OF_A_THREAT * tables.threats
    if rounds.sum() <= most:
        return
    for code, name in enumerate(batteries):
        wanted = _engagements_wanted(tables, code)
        possible = min(wanted, float(rounds[stock["battery"] == code].sum()))
        if possible > most:
            text = f"may begin {possible:.2g} engagements in a raid; at most {most:,} are allowed"
            advice = "engagements that take longer, max_salvos or fewer rounds"
            raise ScenarioError(f"battery {name}: {text}; what helps: {advice}")


def _engagements_wanted(tables: Tables, battery: int) -> float:
    """Expected number of engagements of a battery with rounds without limit, roughly."""
    found, own = 0.0, tables.batteries[battery]
    drawn = [drawn_in(tables, "batteries", n).codes for n in ("false_kill", "false_survival")]
    errs = 0.0 if battery in drawn[0] else float(own["false_kill"])
    survives = WORDS if battery in drawn[1] else float(own["false_survival"])
    for pairing in tables.pairings[tables.pairings["battery"] == battery]:
        window = tables.windows[pairing["window"]]
        salvo = tables.salvos[window["salvo"]]
        length = float(window["close_offset"] - window["open_offset"])
        for code in tables.preferences[pairing["first_preference"] : pairing["stop_preference"]]:
            magazine = tables.magazines[code]
            ticks = _ticks(tables, own, magazine)
            chance = tables.kill_chances[magazine["first_kill"] + salvo["threat"]]
            unsure = chance["table"] >= 0 or _may_never_die(tables, window["salvo"])
            kill = 0.0 if unsure else chance["threshold"] / WORDS
            ends = kill * (1.0 - survives / WORDS) + (1.0 - kill) * errs / WORDS
            each = min(
                float(own["max_salvos"]),
                1.0 / ends if ends > 0.0 else math.inf,
                length / ticks + 1.0 if ticks > 0.0 else math.inf,
            )
            found += float(salvo["count"]) * each
    return found


def _may_never_die(tables: Tables, salvo: int) -> bool:
    """Whether a threat may keep a luck with which no round kills it."""
    return bool(tables.lucks.size and tables.lucks["common_kill"][salvo] > 0)


def _ticks(tables: Tables, battery: Any, magazine: Any) -> float:
    """Mean duration of an engagement."""
    times = (
        (battery["reaction"], battery["reaction_table"]),
        (battery["assessment"], battery["assessment_table"]),
        (magazine["flight"], magazine["flight_table"]),
    )
    return sum(float(n) if table < 0 else _mean(tables.quantiles, table) for n, table in times)


def _mean(quantiles: "npt.NDArray[np.float64]", start: int) -> float:
    """Mean of what is drawn from a quantile table."""
    tails = tail_probabilities()
    both = quantiles[start : start + 2 * tails.size].reshape(2, -1)
    return float(np.trapezoid(np.maximum(np.rint(both), 0.0), tails).sum())


def check_memory(needed: float, what: str, advice: str) -> None:
    """Raise a ValueError if something needs more memory than the machine has, warn above half."""
    most = _memory()
    text = f"{what} needs {needed / 1e9:,.1f} GB of memory, and this machine has {most / 1e9:,.1f}"
    if needed > most:
        raise ValueError(f"{text}; {advice}")
    if needed > most / 2:
        warnings.warn(f"{text}; {advice}", stacklevel=2)


def _memory() -> float:
    """Bytes of memory of this machine; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):
        return math.inf
