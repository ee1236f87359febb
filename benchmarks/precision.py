"""`python benchmarks/precision.py`: what it takes to know the mean leakers to ± 1 %.

Replications and seconds until the half-width of the 95 % interval is 1 % of the mean, for
leakthrough with controls and without and for the peers; and how much variance the controls remove.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

# One thread each: the library behind NumPy's matrix products would start more.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import ours
import peer_heap
import xarray as xr
from cases import Layered, night, readme_raid
from compare import OURS, raid_peers
from goals import Goal
from measure import (
    Effort,
    Estimate,
    Measured,
    Run,
    Sample,
    disagree,
    estimate,
    from_error,
    interleaved,
    needed,
)
from table import table, verdicts

import leakthrough as lt

WANTED, LEVEL = 0.01, 0.95
"""Half-width of the interval relative to the mean, and the confidence level."""
README, NIGHT = "README's raid", "night of 4 July 2025"
PLAIN = f"{OURS}, plain"


class Plan(NamedTuple):
    """Effort for the costs, and number of seeds for whatever depends on chance."""

    effort: Effort
    seeds: int


class Known(NamedTuple):
    """What one call of leakthrough took to know the mean leakers, and how well it does."""

    seconds: float  # of CPU time
    replications: int
    width: float  # half-width of the interval relative to the mean


@dataclass(frozen=True)
class Row:
    """One raid by one library; `known` holds leakthrough's own runs to the precision."""

    library: str
    measured: Measured
    needed: int
    known: list[Known]
    agrees: bool

    @property
    def seconds(self) -> float:
        """CPU seconds until the precision is reached."""
        if self.known:
            return statistics.median(known.seconds for known in self.known)
        return 1e-6 * (self.measured.cost.fixed + self.measured.cost.each * self.needed)

    @property
    def reached(self) -> str:
        """Median of the half-widths, and how many are small enough."""
        if not self.known:
            return ""
        widths = [known.width for known in self.known]
        within = sum(width <= WANTED for width in widths)
        return f"{100 * statistics.median(widths):.2f} % ({within} of {len(widths)})"


# ---------------------------------------------------------------- leakthrough


def known(scenario: lt.Scenario, seed: int, *, controls: bool) -> Known:
    """Simulate to the precision: the call that a user makes."""
    begin = time.process_time()
    found = lt.simulate_to_precision(
        scenario, "leakers", WANTED, relative=True, seed=seed, workers=1, controls=controls
    )
    seconds = time.process_time() - begin
    mean, _, low, high = map(float, found["leakers"].to_numpy())
    return Known(seconds, int(found["replications"]), (high - low) / 2 / mean)


def reduced(scenario: lt.Scenario, replications: int, seed: int) -> xr.Dataset:
    """Simulate on one thread."""
    return lt.simulate(scenario, replications=replications, seed=seed, keep="summary", workers=1)


def summarised(scenario: lt.Scenario, *, controls: bool) -> Run:
    """Return the run of a simulation with its summary."""

    def run(replications: int, seed: int) -> Sample:
        begin = time.process_time()
        found = lt.summary(reduced(scenario, replications, seed), LEVEL, controls=controls)
        seconds = time.process_time() - begin
        mean, error, _, _ = map(float, found.raid["leakers"].to_numpy())
        return Sample(seconds, from_error(replications, mean, error))

    return run


def spent(scenario: lt.Scenario) -> Estimate:
    """Rounds spent, which the peers must agree with."""
    result = lt.simulate(scenario, replications=5_000, seed=1)
    return estimate(result["expended"].sum(("battery", "interceptor")).to_numpy())


# ---------------------------------------------------------------- the table


def rows_of(scenario: lt.Scenario, program: Path | None, plan: Plan) -> list[Row]:
    """Measure a raid by each library."""
    runs = {
        OURS: summarised(scenario, controls=True),
        PLAIN: summarised(scenario, controls=False),
        **raid_peers(scenario, program),
    }
    measured, rounds = interleaved(runs, plan.effort), spent(scenario)
    leakers = measured[OURS].leakers

    def row(library: str) -> Row:
        of, own = measured[library], []
        number = needed(of.leakers, WANTED, LEVEL)
        if library in (OURS, PLAIN):
            own = [known(scenario, s, controls=library == OURS) for s in range(plan.seeds)]
            number = round(statistics.median(k.replications for k in own))
        agrees = not disagree(leakers, of.leakers)
        agrees = agrees and not (of.spent and disagree(rounds, of.spent))
        return Row(library, of, number, own, agrees)

    return [row(library) for library in runs]


def shown(raids: dict[str, list[Row]]) -> str:
    """One line per raid and library."""
    head = ["raid", "library", "µs a replication", "ms fixed", "leakers", "deviation"]
    head += ["replications", "half-width reached", "seconds", "to leakthrough", ""]
    cells = []
    for raid, rows in raids.items():
        for row in rows:
            of, own = row.measured, row is rows[0]
            cells.append(
                [
                    raid if own else "",
                    row.library,
                    f"{of.cost.each:,.4g}",
                    f"{1e-3 * of.cost.fixed:,.3g}" if of.fixed_is_seen else "-",
                    f"{of.leakers.mean:.2f} ± {of.leakers.error:.2g}",
                    f"{of.leakers.deviation:.3g}",
                    f"{row.needed:,}",
                    row.reached,
                    f"{row.seconds:.3g}",
                    "" if own else f"{row.seconds / rows[0].seconds:,.3g} x",
                    "" if row.agrees else "DISAGREE",
                ]
            )
    return table(head, cells)


# ---------------------------------------------------------------- variance


def removed(scenario: lt.Scenario, replications: int, seeds: int) -> float:
    """Variance of the plain mean over that with controls, of the same results; median."""
    ratios = []
    for seed in range(seeds):
        result = reduced(scenario, replications, seed)
        plain, own = (lt.summary(result, controls=on).raid["leakers"][1] for on in (False, True))
        ratios.append(float((plain / own) ** 2))
    return statistics.median(ratios)


def removed_from_difference(replications: int, seeds: int) -> float:
    """The same of the paired difference that two rounds more in each gun make."""
    scenario = readme_raid()
    path = "layers.point.batteries.gun.magazines.gun burst.rounds"
    options = {str(rounds): scenario.replace(path, rounds) for rounds in (30, 32)}
    ratios = []
    for seed in range(seeds):
        plain, own = (
            lt.compare(
                options, measures=["leakers"], replications=replications, seed=seed, controls=on
            )["difference"].sel(estimate="standard_error")
            for on in (False, True)
        )
        ratios.append(float(((plain / own) ** 2).squeeze()))
    return statistics.median(ratios)


def rare(seeds: int) -> float | None:
    """Replications, searches included, until a probability of 8e-7 is known to ± 15 %.

    One standard error, of the raid whose exact probability each answer must agree with at five of
    them; the fewest with which most answers are as precise. None if one does not agree.
    """
    scenario = lt.exact.as_scenario("leakers", threats=50, kill_probability=0.9)
    probability = lt.exact.leakers(50, 0.9)
    exact = float(probability[probability["leakers"] >= 18].sum())
    for replications in (2_000, 4_000, 10_000, 40_000):
        errors = []
        for seed in range(seeds):
            found = lt.rare(
                scenario, "leakers", at_least=18, replications=replications, seed=seed, workers=1
            )
            mean, error = map(float, found["probability"][:2])
            if abs(mean - exact) > 5 * error:
                return None
            errors.append(error / exact)
        if statistics.median(errors) <= 0.15:
            return replications
    return math.inf


def determined(replications: int) -> str:
    """What controls leave of the variance of the layered case, whose rounds are always spent."""
    result = reduced(ours.scenario(Layered()), replications, 1)
    plain, left = result["leakers"].sel(statistic=["variance", "residual_variance"]).to_numpy()
    text = "determined by its controls" if left < 1e-9 * plain else "not determined by its controls"
    return (
        f"{text}: variance {plain:.3g}, of the residuals {left:.2g} ({replications:,} replications)"
    )


def targets(raids: dict[str, list[Row]], seeds: int, *, quick: bool) -> list[Goal]:
    """The ratios of variances and seconds with what is wanted of them."""
    sizes = [(README, readme_raid(), n, 500.0) for n in (200, 1_000, 10_000)]
    sizes += [(NIGHT, night(), n, 30.0) for n in ((2_000,) if quick else (2_000, 4_000))]
    found = [
        Goal(
            f"{name}, {n:,} replications: variance of the plain mean to that with controls",
            removed(scenario, n, seeds),
            least,
            "x",
            at_least=True,
        )
        for name, scenario, n, least in sizes
    ]
    ratio = removed_from_difference(2_000, seeds)
    text = "compare, two rounds more in each gun: the same of the paired difference"
    found.append(Goal(text, ratio, 200, "x", at_least=True))
    for raid, rows in raids.items():
        by = {row.library: row for row in rows}
        text = f"{raid}: seconds of SimPy to those of leakthrough, until it is known to 1 %"
        found.append(Goal(text, by["SimPy"].seconds / by[OURS].seconds, 10_000, "x", at_least=True))
        each = {
            n: row.measured.cost.each * row.measured.leakers.deviation**2 for n, row in by.items()
        }
        text = f"{raid}: the same for the same standard error, fixed costs left out"
        found.append(Goal(text, each["SimPy"] / each[OURS], 10_000, "x", at_least=True))
    text = "lt.rare: replications until P = 8e-7 is known to 15 %, searches included"
    found.append(Goal(text, rare(seeds), 40_000, ""))
    return found


def main() -> None:
    """Measure, and print each part when it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute or two, less precise")
    quick = parser.parse_args().quick
    plan = Plan(Effort(0.2, 3), 5) if quick else Plan(Effort(3.0, 7), 25)
    print(f"Python {platform.python_version()}, {platform.machine()}\n", flush=True)
    with peer_heap.compiled() as program:
        raids = {
            name: rows_of(scenario, program, plan)
            for name, scenario in ((README, readme_raid()), (NIGHT, night()))
        }
    print(shown(raids), flush=True)
    print(f"\nlayered: {determined(1_000)}\n")
    print(verdicts(targets(raids, min(plan.seeds, 9), quick=quick)))


if __name__ == "__main__":
    main()
