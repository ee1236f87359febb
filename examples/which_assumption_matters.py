"""Which assumption matters: from the binomial raid of the textbooks, one step at a time.

    python examples/which_assumption_matters.py [where the picture goes]

The formula says that each of 20 threats gets three independent rounds. Here the scenario that
expresses it is simulated, and then relaxed: a look after each round, fewer rounds, fewer channels,
an assessment that errs, a defence that is down on some nights. All figures are illustrative.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import leakthrough as lt
from leakthrough import exact

NIGHTS, SEED = 100_000, 20
RAID: dict[str, Any] = {"threats": 20, "kill_probability": 0.7, "rounds_each": 3}
BATTERY = "layers.defence.batteries.battery"
# In the scenario of a formula an engagement takes 1 s, and a layer of 3 m is a window of 3 s.
LOOK = {
    f"{BATTERY}.doctrine.salvo_size": 1,
    f"{BATTERY}.doctrine.max_salvos": 3,
    "layers.defence.outer_range": 3.0,
}
STEPS: dict[str, dict[str, Any]] = {
    "32 rounds, not 60": {f"{BATTERY}.magazines.interceptor.rounds": 32},
    "12 channels, not 20": {f"{BATTERY}.channels": 12},
    "5 % of misses taken for kills": {f"{BATTERY}.false_kill": 0.05},
    "10 % of kills taken for misses": {f"{BATTERY}.false_survival": 0.1},
    "down one night in 20": {"layers.defence.sensor.availability": 0.95},
}


class Found(NamedTuple):
    """Means over the nights, with half the width of their 95 % intervals."""

    leakers: float
    leakers_within: float
    none: float
    none_within: float
    rounds: float


def relaxed(scenario: lt.Scenario, changes: dict[str, Any]) -> lt.Scenario:
    """Replace what stands at several paths."""
    for path, value in changes.items():
        scenario = scenario.replace(path, value)
    return scenario


def found(scenario: lt.Scenario) -> Found:
    """Simulate; the same seed gives the same luck to whatever two scenarios share."""
    result = lt.simulate(scenario, replications=NIGHTS, seed=SEED)
    raid = lt.summary(result).raid
    leakers, none = (raid[name].sel(estimate="mean").item() for name in ("leakers", "no_leaker"))
    within = (raid.sel(estimate="high") - raid.sel(estimate="low")) / 2
    rounds = result.expended.sum(["battery", "interceptor"]).mean().item()
    return Found(leakers, within.leakers.item(), none, within.no_leaker.item(), rounds)


def study() -> tuple[dict[str, Found], dict[str, Found]]:
    """Simulate the steps one upon another, and each alone after the look."""
    binomial = exact.as_scenario(exact.leakers, **RAID)
    base = scenario = relaxed(binomial, LOOK)
    in_turn = {"the formula, simulated": found(binomial), "a look after each round": found(base)}
    alone = {}
    for step, changes in STEPS.items():
        scenario = relaxed(scenario, changes)
        in_turn[step] = found(scenario)
        alone[step] = found(relaxed(base, changes))
    return in_turn, alone


def print_study(in_turn: dict[str, Found], alone: dict[str, Found]) -> None:
    """Print a line for each step."""
    law = exact.leakers(**RAID)
    mean, none = float((law * law.leakers).sum()), float(law[0])
    header = f"{'leakers':>10}{'P(no leaker)':>21}{'rounds':>9}{'leakers':>10}{'P(no leaker)':>15}"
    print(f"{'':31}{'each upon the one above':>35}{'alone, with the look':>30}")
    print(f"{'':31}{header}")
    print(f"{'the formula, computed':31}{mean:10.3f}{none:17.1%}{60:13.1f}")
    for step, row in in_turn.items():
        line = f"{step:31}{row.leakers:10.3f} ± {row.leakers_within:.3f}{row.none:9.1%}"
        line += f" ± {100 * row.none_within:.1f}{row.rounds:7.1f}"
        if step in alone:
            line += f"{alone[step].leakers:10.3f}{alone[step].none:11.1%}"
        print(line)


def draw_steps(
    axes: Axes, in_turn: dict[str, Found], alone: dict[str, Found], field: str, scale: float
) -> None:
    """Draw one measure: a line down the steps, and a diamond for each step alone."""
    values = [scale * getattr(row, field) for row in in_turn.values()]
    rows = list(in_turn)
    axes.plot(values, range(len(rows)), "-o", color="#0072B2", label="each upon the one above")
    places = [rows.index(step) for step in alone]
    own = [scale * getattr(row, field) for row in alone.values()]
    axes.plot(own, places, "D", color="#D55E00", mfc="white", mew=1.5, label="alone, with the look")
    axes.axvline(values[0], color="0.4", lw=1, ls=":", label="the formula, simulated")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_ylim(len(rows) - 0.6, -0.4)
    axes.grid(axis="y", color="0.9")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right"]].set_visible(False)


def draw(in_turn: dict[str, Found], alone: dict[str, Found], path: Path) -> None:
    """Save the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), layout="constrained", sharey=True)
    draw_steps(left, in_turn, alone, "leakers", 1.0)
    draw_steps(right, in_turn, alone, "none", 100.0)
    left.set(xlabel="leakers a night", xlim=(0, 2.7))
    right.set(xlabel="P(no leaker) [%]", xlim=(0, 65))
    left.set_title("Expected leakers of 20 threats", loc="left")
    right.set_title("Nights on which nothing gets through", loc="left")
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    figure.suptitle("From the binomial raid, one assumption at a time (illustrative figures)")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"20 threats at once, kill probability 0.7; {NIGHTS:,} simulated nights, seed {SEED}")
    print("All figures are illustrative. Means with 95 % intervals.\n")
    in_turn, alone = study()
    print_study(in_turn, alone)
    path = directory / "which_assumption_matters.png"
    draw(in_turn, alone, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
