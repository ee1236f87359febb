"""The recorded night of 3 to 4 July 2025 over Ukraine, against a notional defence.

    python examples/night_of_2025_07_04.py [where the picture goes]

Recorded: how many drones and missiles came, between which hours, and their outcomes. How
many of the drones were decoys is from the press.
Assumed: the whole defence, with round class-level parameters; the scenario's file marks each one.
They were changed by hand until the outcome was plausible, so agreement with this one recorded
night validates nothing.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import leakthrough as lt

REPLICATIONS = 2_000
SEED = 20250704
EVERY_HALF_HOUR = range(0, 13 * 3600, 1800)  # t = 0 is 18:00

CLASSES = {  # the record does not distinguish decoys from strike drones
    "strike drones": "drones",
    "decoy drones": "drones",
    "cruise missiles": "cruise missiles",
    "ballistic missiles": "ballistic missiles",
    "air-launched ballistic missile": "air-launched ballistic",
}
RECORDED = {  # Air Force of Ukraine, bulletin of 4 July 2025: shot down, lost or jammed, through
    "drones": (268, 208, 63),
    "cruise missiles": (2, 0, 2),
    "ballistic missiles": (0, 0, 6),
    "air-launched ballistic": (0, 0, 1),
}
OUTCOMES = ("shot down", "lost or jammed", "through")
STYLES = {  # colours of Okabe and Ito, distinguishable for the colour-blind
    "long-range missiles": ("#0072B2", "-"),
    "medium-range missiles": ("#D55E00", "--"),
    "interceptor drones": ("#009E73", "-."),
    "mobile guns": ("#000000", ":"),
}


def by_class(values: xr.DataArray) -> xr.DataArray:
    """Sum over the salvos of a class."""
    names = [CLASSES[salvo] for salvo in values.salvo.values]
    grouped = values.assign_coords(kind=("salvo", names)).groupby("kind").sum()
    return grouped.sel(kind=list(RECORDED))


def by_group(values: xr.DataArray) -> xr.DataArray:
    """Sum over the batteries of a layer, and over their interceptors."""
    return values.sum("interceptor").groupby("layer_of").sum().sel(layer_of=list(STYLES))


def outcomes(result: xr.Dataset) -> xr.DataArray:
    """Count each class by outcome, in each replication."""
    counts = [result.killed.sum("layer"), result.soft_killed.sum("layer"), result.leaked]
    return xr.concat([by_class(c) for c in counts], xr.Variable("outcome", list(OUTCOMES)))


def spread(values: xr.DataArray) -> tuple[float, float, float]:
    """Mean over the replications, and the interval of 90 % of them."""
    low, high = np.quantile(values, [0.05, 0.95])
    return float(values.mean()), float(low), float(high)


def clock(seconds: float) -> str:
    """Time of day; t = 0 is 18:00."""
    minutes = round(seconds / 60) + 18 * 60
    return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"


def print_outcomes(counts: xr.DataArray) -> None:
    """Print the simulated outcomes with the recorded ones."""
    print(f"{'':24}{'outcome':16}{'mean':>7}{'5 % to 95 %':>15}{'recorded':>10}")
    for kind, recorded in RECORDED.items():
        for outcome, number in zip(OUTCOMES, recorded, strict=True):
            mean, low, high = spread(counts.sel(kind=kind, outcome=outcome))
            if high > 0 or number > 0:
                between = f"{low:.0f} to {high:.0f}"
                print(f"{kind:24}{outcome:16}{mean:7.1f}{between:>15}{number:10d}")


def print_causes(result: xr.Dataset) -> None:
    """Print the causes of leaking: means over the replications."""
    causes = by_class(result.leak_cause).mean("replication")
    causes = causes.sel(cause=causes.sum("kind") > 0)
    print(f"{'':24}" + "".join(f"{cause:>17}" for cause in causes.cause.values))
    for kind in RECORDED:
        print(f"{kind:24}" + "".join(f"{x:17.1f}" for x in causes.sel(kind=kind).values))


def print_stocks(result: xr.Dataset) -> None:
    """Print what each group of batteries spent, and when its last battery ran dry."""
    rounds, spent = by_group(result.rounds), by_group(result.expended)
    cost = by_group(result.expended * result.round_cost).mean("replication") / 1e6
    last = result.depletion_time.max("interceptor").groupby("layer_of").max(skipna=False)
    header = ("at start", "spent", "5 % to 95 %", "million $", "dry", "mean time")
    print(f"{'':24}" + "".join(f"{title:>13}" for title in header))
    for group in STYLES:
        mean, low, high = spread(spent.sel(layer_of=group))
        dry = last.sel(layer_of=group).dropna("replication")
        when = clock(float(dry.mean())) if dry.size else "-"
        print(
            f"{group:24}{int(rounds.sel(layer_of=group)):13d}{mean:13.1f}"
            f"{f'{low:.0f} to {high:.0f}':>13}{float(cost.sel(layer_of=group)):13.1f}"
            f"{dry.size / spent.replication.size:13.1%}{when:>13}"
        )


def print_reserves(scenario: lt.Scenario, result: xr.Dataset) -> None:
    """Print how often only rounds reserved for missiles were left."""
    for layer in scenario.layers:
        for battery in layer.batteries:
            if kept := sum(magazine.reserved for magazine in battery.magazines):
                left = result.remaining.sel(battery=list(battery.names)).sum("interceptor")
                share = float((left <= kept).all("battery").mean())
                print(f"{layer.name}: only reserved rounds left in {share:.1%} of replications")


def reserved(scenario: lt.Scenario, group: str) -> int:
    """Count the rounds that a group reserves for missiles."""
    [layer] = [layer for layer in scenario.layers if layer.name == group]
    return sum(b.count * m.reserved for b in layer.batteries for m in b.magazines)


def draw_outcomes(axes: Axes, counts: xr.DataArray) -> None:
    """Draw bars for means, whiskers for 90 % of the replications, diamonds for the record."""
    wanted = [("drones", outcome) for outcome in OUTCOMES]
    wanted += [(kind, "through") for kind in RECORDED if kind != "drones"]
    for row, (kind, outcome) in enumerate(wanted):
        launched = sum(RECORDED[kind])
        mean, low, high = (
            100 * x / launched for x in spread(counts.sel(kind=kind, outcome=outcome))
        )
        drones = kind == "drones"
        axes.barh(row, mean, color="#56B4E9" if drones else "#E69F00", height=0.62)
        axes.plot([low, high], [row, row], color="black", lw=1.3, marker="|", ms=9)
        recorded = 100 * RECORDED[kind][OUTCOMES.index(outcome)] / launched
        axes.plot(recorded, row, "D", color="white", mec="black", mew=1.3, ms=7.5, clip_on=False)
    labels = [f"{kind} ({sum(RECORDED[kind])})\n{outcome}" for kind, outcome in wanted]
    axes.set_yticks(range(len(wanted)), labels)
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="share of those launched [%]")
    axes.plot([], [], "s", color="0.7", ms=10, label="simulated mean")
    axes.plot([], [], color="black", lw=1.3, marker="|", ms=9, label="90 % of replications")
    axes.plot([], [], "D", color="white", mec="black", mew=1.3, ms=7.5, label="recorded")
    axes.set_title("Outcome of the raid", loc="left")
    axes.legend(loc="upper center", bbox_to_anchor=(0.35, -0.13), ncols=3, frameon=False)


def draw_stocks(axes: Axes, scenario: lt.Scenario, result: xr.Dataset) -> None:
    """Draw ready rounds over the night, with the band of 90 % of the replications."""
    rounds = by_group(result.rounds)
    share = 100 * by_group(result.ready_rounds) / rounds
    hours = result.sample_time / 3600
    for group, (colour, line) in STYLES.items():
        ready = share.sel(layer_of=group)
        low, high = ready.quantile([0.05, 0.95], "replication")
        label = f"{group} ({int(rounds.sel(layer_of=group))})"
        axes.fill_between(hours, low, high, color=colour, alpha=0.18, lw=0)
        axes.plot(hours, ready.mean("replication"), line, color=colour, lw=2, label=label)
        if kept := reserved(scenario, group):
            level = 100 * kept / float(rounds.sel(layer_of=group))
            text = f"last {kept}: reserved for missiles"
            axes.annotate(text, (0.2, level - 1.5), va="top", color=colour)
            axes.axhline(level, color=colour, lw=0.8)
    axes.set_xticks(range(0, 13, 2), [clock(3600 * hour) for hour in range(0, 13, 2)])
    axes.set(xlim=(0, 12.5), ylim=(0, 103), xlabel="local time")
    axes.set_ylabel("ready rounds [% of those at start]")
    axes.set_title("Ready rounds: mean, and 90 % of replications", loc="left")
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.45, -0.11), ncols=2, frameon=False)
    legend.set_title("group of batteries (rounds at start)")


def draw(scenario: lt.Scenario, result: xr.Dataset, path: Path) -> None:
    """Save the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5.6), layout="constrained")
    draw_outcomes(left, outcomes(result))
    draw_stocks(right, scenario, result)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Night of 3 to 4 July 2025: the raid as recorded, the defence notional and assumed"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    scenario = lt.load_example("night_of_2025_07_04")
    result = lt.simulate(scenario, replications=REPLICATIONS, seed=SEED, timeline=EVERY_HALF_HOUR)
    print(f"{scenario.name}: {REPLICATIONS} replications, seed {SEED}")
    print("recorded: the raid and its outcome (how many drones are decoys: press reports)")
    print("assumed: the defence, class-level. Agreement with one night validates nothing.")
    print("\nOutcome of the raid")
    print_outcomes(outcomes(result))
    print("\nCauses of leaking (mean a replication; undetected: not detected, or out of reach)")
    print_causes(result)
    print(
        "\nRounds and costs spent; how often a whole group ran dry, and the mean time when it did"
    )
    print_stocks(result)
    print_reserves(scenario, result)
    path = directory / "night_of_2025_07_04.png"
    draw(scenario, result, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
