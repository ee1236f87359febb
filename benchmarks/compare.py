"""Each case by each library that can express it, in the same run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ours
import peer_ciw
import peer_heap
import peer_numpy
import peer_simpy
import peer_simpy_sharing
from cases import Binomial, Case, FiniteMagazine, Layered, Places, Queue, compared
from measure import Effort, Measured, Run, disagree, interleaved
from raid import read
from sharing import Sharing

import leakthrough as lt

OURS = "leakthrough"
SIMPY, HEAP, CIW = "SimPy", "C++ heap", "Ciw"
CLOSED, SHOTS, LOOP = "NumPy, closed form", "NumPy, every shot", "NumPy, loop"

CANNOT = {
    SIMPY: peer_simpy.CANNOT,
    CIW: peer_ciw.CANNOT,
    "NumPy": peer_numpy.CANNOT,
    HEAP: peer_heap.CANNOT,
}


@dataclass(frozen=True)
class Compared:
    """One case by one library; the ratio is its cost per replication over leakthrough's."""

    case: str
    library: str
    measured: Measured
    ratio: float
    agrees: bool


def compare(program: Path | None, effort: Effort) -> list[Compared]:
    """Measure every case by every library."""
    rows: list[Compared] = []
    for name, case in compared().items():
        runs = {OURS: ours.simulate(case), **peers(case, program)}
        found = interleaved(runs, effort)
        rows += [_row(name, library, found) for library in runs]
    return rows


def peers(case: Case, program: Path | None) -> dict[str, Run]:
    """Return the peers that can run a case."""
    match case:
        case Layered():
            return raid_peers(ours.scenario(case), program)
        case Queue():
            return {SIMPY: peer_simpy.queue(case), CIW: peer_ciw.queue(case)}
        case Binomial():
            return {CLOSED: peer_numpy.closed_form(case), SHOTS: peer_numpy.shot_by_shot(case)}
        case FiniteMagazine():
            return {LOOP: peer_numpy.finite_magazine(case)}
        case Places():
            return {}  # `read` refuses it: see CANNOT
        case Sharing():
            return {SIMPY: peer_simpy_sharing.raid(case)}


def raid_peers(scenario: lt.Scenario, program: Path | None) -> dict[str, Run]:
    """Return the peers that simulate a raid."""
    given = read(scenario)
    heap = {HEAP: peer_heap.raid(given, program)} if program else {}
    return {SIMPY: peer_simpy.raid(given), **heap}


def _row(case: str, library: str, found: dict[str, Measured]) -> Compared:
    mine, theirs = found[OURS], found[library]
    agrees = not disagree(mine.leakers, theirs.leakers)
    if mine.spent and theirs.spent:
        agrees = agrees and not disagree(mine.spent, theirs.spent)
    return Compared(case, library, theirs, theirs.cost.each / mine.cost.each, agrees)
