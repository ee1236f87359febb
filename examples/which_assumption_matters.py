"""Which assumption matters: from the textbook formula to a simulation, one step at a time.

    python examples/which_assumption_matters.py [where the picture goes]

The formula says that each of 20 threats gets three independent rounds. Here the scenario that
expresses it is simulated, and then relaxed: an assessment after each round, fewer rounds, fewer
channels, errors of assessment, a defence that is sometimes down. All values are illustrative.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import leakthrough as lt
from leakthrough import exact

REPLICATIONS, SEED = 100_000, 20
RAID: dict[str, Any] = {"threats": 20, "kill_probability": 0.7, "rounds_each": 3}
BATTERY = "layers.defence.batteries.battery"
# In the scenario of a formula an engagement takes 1 s, and a layer of 3 m is a window of 3 s.
ASSESSED = {
    f"{BATTERY}.doctrine.salvo_size": 1,
    f"{BATTERY}.doctrine.max_salvos": 3,
    "layers.defence.outer_range": 3.0,
}
STEPS: dict[str, dict[str, Any]] = {
    "32 rounds, not 60": {f"{BATTERY}.magazines.interceptor.rounds": 32},
    "12 channels, not 20": {f"{BATTERY}.channels": 12},
    "5 % of misses assessed as kills": {f"{BATTERY}.false_kill": 0.05},
    "10 % of kills assessed as misses": {f"{BATTERY}.false_survival": 0.1},
    "down in 1 of 20 replications": {"layers.defence.sensor.availability": 0.95},
}


class Found(NamedTuple):
    """Means over the replications, with the half-widths of their 95 % intervals."""

    leakers: float
    leakers_within: float
    none: float
    none_within: float
    rounds: float


def relaxed(scenario: lt.Scenario, changes: dict[str, Any]) -> lt.Scenario:
    """Replace the values at several paths."""
    for path, value in changes.items():
        scenario = scenario.replace(path, value)
    return scenario


def found(scenario: lt.Scenario) -> Found:
    """Simulate; with one seed, scenarios share the draws of the decisions that they share."""
    result = lt.simulate(scenario, replications=REPLICATIONS, seed=SEED)
    raid = lt.summary(result).raid
    leakers, none = (raid[name].sel(estimate="mean").item() for name in ("leakers", "no_leaker"))
    within = (raid.sel(estimate="high") - raid.sel(estimate="low")) / 2
    rounds = result.expended.sum(["battery", "interceptor"]).mean().item()
    return Found(leakers, within.leakers.item(), none, within.no_leaker.item(), rounds)


def study() -> tuple[dict[str, Found], dict[str, Found]]:
    """Simulate the steps cumulatively, and each alone after the first."""
    binomial = exact.as_scenario(exact.leakers, **RAID)
    base = scenario = relaxed(binomial, ASSESSED)
    in_turn = {
        "the formula, simulated": found(binomial),
        "assessment after each round": found(base),
    }
    alone = {}
    for step, changes in STEPS.items():
        scenario = relaxed(scenario, changes)
        in_turn[step] = found(scenario)
        alone[step] = found(relaxed(base, changes))
    return in_turn, alone


def print_study(in_turn: dict[str, Found], alone: dict[str, Found]) -> None:
    """Print one line for each step."""
    pmf = exact.leakers(**RAID)
    mean, none = float((pmf * pmf.leakers).sum()), float(pmf[0])
    header = f"{'leakers':>10}{'P(no leaker)':>21}{'rounds':>9}{'leakers':>10}{'P(no leaker)':>15}"
    print(f"{'':33}{'cumulative':>35}{'alone':>30}")
    print(f"{'':33}{header}")
    print(f"{'the formula, computed':33}{mean:10.3f}{none:17.1%}{60:13.1f}")
    for step, row in in_turn.items():
        line = f"{step:33}{row.leakers:10.3f} ± {row.leakers_within:.3f}{row.none:9.1%}"
        line += f" ± {100 * row.none_within:.1f}{row.rounds:7.1f}"
        if step in alone:
            line += f"{alone[step].leakers:10.3f}{alone[step].none:11.1%}"
        print(line)


def draw_steps(
    axes: Axes, in_turn: dict[str, Found], alone: dict[str, Found], field: str, scale: float
) -> None:
    """Draw one measure: a line for the cumulative steps, a diamond for each step alone."""
    values = [scale * getattr(row, field) for row in in_turn.values()]
    rows = list(in_turn)
    axes.plot(values, range(len(rows)), "-o", color="#0072B2", label="cumulative")
    own_rows = [rows.index(step) for step in alone]
    own = [scale * getattr(row, field) for row in alone.values()]
    axes.plot(
        own,
        own_rows,
        "D",
        color="#D55E00",
        mfc="white",
        mew=1.5,
        label="alone, after the first step",
    )
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
    left.set(xlabel="mean leakers", xlim=(0, 2.7))
    right.set(xlabel="P(no leaker) [%]", xlim=(0, 65))
    left.set_title("Expected leakers of 20 threats", loc="left")
    right.set_title("Probability that nothing gets through", loc="left")
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False
    )
    figure.suptitle("From the binomial raid, one assumption at a time (illustrative values)")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"20 threats at once, kill probability 0.7; {REPLICATIONS:,} replications, seed {SEED}")
    print("All values are illustrative. Means with 95 % intervals.\n")
    in_turn, alone = study()
    print_study(in_turn, alone)
    path = directory / "which_assumption_matters.png"
    draw(in_turn, alone, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
