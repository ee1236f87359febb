"""What recorded drone raids before a date predict for those after it, and what they cannot.

    python examples/learning_from_the_record.py [where the picture goes [the data set's file]]

Recorded: how many drones came in each night, and how many were stopped (shot down, jammed or lost)
or got through, as posted by the Air Force of Ukraine. Without a file these are the large raids that
come with the library; with a copy of the public data set ("Massive Missile Attacks on Ukraine", P.
Ivaniuk) they are all nights for which it has rows of the Air Force.
Estimated: from the nights before 24 July 2025, the probability that a drone is stopped, and its
variation between nights. Predicted: the nights after. No defence is assumed and nothing is
explained: this is a baseline that a model of a defence should improve on.
"""

import sys
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

import leakthrough as lt

REPLICATIONS, SEED = 1_000, 20250724
FIRST = np.datetime64("2024-10-01")  # before this date soft kills were not reported on all nights
SPLIT = np.datetime64("2025-07-24")  # from this date hard and soft kills are reported as one number
SIZES = (0, 50, 100, 200, 400, 1_000)
MODELS = {  # colours of Okabe and Ito, distinguishable for the colour-blind
    "differs": ("a probability for each night", "#0072B2"),
    "same": ("one probability for all nights", "#D55E00"),
}
EPOCHS = {True: ("before", "0.6"), False: ("after", "black")}


def drone_nights(record: xr.Dataset) -> xr.Dataset:
    """Nights with drones whose outcome is reported, since the record reports it in full."""
    nights = lt.records.nights(record).sel(threat_class=["drone"])
    known = (nights.stopped + nights.through).sel(threat_class="drone")
    return nights.isel(night=((known > 0) & (nights.night >= FIRST)).values)


def raid(count: int, stopped: object) -> lt.Scenario:
    """One engagement for each drone, with ample channels and rounds."""
    return lt.Scenario(
        name="a night of drones",
        threats=[lt.Threat(name="drone", speed=50.0)],
        interceptors=[
            lt.Interceptor(name="defence", kill_probability={"drone": stopped}, flight_time=1.0)
        ],
        salvos=[lt.Salvo(name="drones", threat="drone", count=count, arrival=lt.At(time=0.0))],
        layers=[
            lt.Layer(
                name="whole defence",
                outer_range=50e3,
                batteries=[
                    lt.Battery(
                        name="defence",
                        channels=10_000,
                        reaction_time=1.0,
                        magazines=[lt.Magazine(interceptor="defence", rounds=float("inf"))],
                        doctrine=lt.Doctrine(max_salvos=1),
                    )
                ],
            )
        ],
    )


def predicted(nights: xr.Dataset, stopped: object) -> xr.Dataset:
    """Simulate the recorded number of drones of each night, and rank the recorded outcome."""
    known = (nights.stopped + nights.through).sel(threat_class="drone")
    results = [
        lt.simulate(raid(int(count), stopped), replications=REPLICATIONS, seed=SEED + i)
        for i, count in enumerate(known)
    ]
    return lt.records.check(results, nights, seed=SEED).sel(threat_class="drone", outcome="through")


def share(nights: xr.Dataset) -> xr.DataArray:
    """Share of the drones of each night that got through [%]."""
    through: xr.DataArray = 100 * nights.through / (nights.stopped + nights.through)
    return through.sel(threat_class="drone")


def print_estimates(learnt: xr.Dataset) -> None:
    """Print the estimates with their intervals."""
    print(f"{'':12}{'mean':>8}{'95 % interval':>18}{'between nights':>18}{'nights':>8}")
    for outcome in learnt.outcome.values:
        found = learnt.sel(outcome=outcome)
        value, low, high = found.probability.values
        print(
            f"{outcome.replace('_', ' '):12}{value:8.3f}{f'{low:.3f} to {high:.3f}':>18}"
            f"{f'± {float(found.spread):.3f}':>18}{int(found.nights):8d}"
        )


def print_cover(checks: dict[str, xr.Dataset]) -> None:
    """Print how often the predicted intervals contain the recorded nights."""
    print(f"{'':32}{'in 50 %':>10}{'in 90 %':>10}{'fewer':>8}{'more':>8}{'p':>9}")
    for model, found in checks.items():
        rank = found.relative_rank
        half, most = (float((abs(rank - 0.5) < part / 2).mean()) for part in (0.5, 0.9))
        fewer = float((rank < 0.5).mean())
        p = "< .0001" if found.p_value < 1e-4 else f"{float(found.p_value):.4f}"
        print(
            f"{MODELS[model][0]:32}{half:10.0%}{most:10.0%}{fewer:8.0%}{1 - fewer:8.0%}{p:>9}",
        )
    print("in: recorded nights inside the interval; fewer, more: leakers than the predicted median")
    print("p: probability of ranks at least so uneven, if nights were draws from the prediction")
    print("Intervals can contain the right number of nights and still be biased to one side.")


def print_sizes(nights: xr.Dataset) -> None:
    """Print the share of leakers by size of the raid."""
    launched = nights.launched.sel(threat_class="drone")
    for low, high in pairwise(SIZES):
        within = share(nights)[((launched >= low) & (launched < high)).values]
        if within.size:
            name = f"{low} to {high - 1} drones"
            print(
                f"{name:20}{within.size:6d} nights, through: median {float(within.median()):.1f} %"
            )
    rank = stats.spearmanr(launched, share(nights)).statistic
    print(f"rank correlation of size and share over all nights: {rank:+.2f}")
    print(
        "Decoys, regions, seasons and reporting correlate with size. So this does not show whether"
    )
    print("size alone saturates a defence: the record contains no magazines and no channels.")


def draw_nights(axes: Axes, nights: xr.Dataset, checks: dict[str, xr.Dataset]) -> None:
    """Draw recorded shares over time, with the predicted intervals."""
    thin = nights.night.size > 100
    for (model, found), width, alpha in zip(checks.items(), (4.0, 2.0), (0.35, 0.9), strict=True):
        known = (nights.stopped + nights.through).sel(threat_class="drone", night=found.night)
        ends = 100 * found.simulated.sel(quantile=[0.05, 0.95]) / known
        low, high = ends.transpose("quantile", "night").values
        name, colour = MODELS[model]
        width = width / 4 if thin else width
        axes.vlines(found.night, low, high, color=colour, lw=width, alpha=alpha)
        axes.plot([], [], color=colour, lw=4, alpha=alpha, label=f"90 % interval: {name}")
    for early, (label, colour) in EPOCHS.items():
        part = nights.isel(night=((nights.night < SPLIT) == early).values)
        size = 2.0 if thin else 5.0
        axes.plot(part.night, share(part), "o", color=colour, ms=size, label=f"recorded, {label}")
    axes.plot([SPLIT] * 2, [0, 1], "k:", lw=0.8, transform=axes.get_xaxis_transform())
    axes.set(ylim=(0, None), ylabel="got through [% of known outcomes]")
    axes.tick_params(axis="x", rotation=20)
    axes.set_title("Drones that got through, by night", loc="left")


def draw_ranks(axes: Axes, checks: dict[str, xr.Dataset]) -> None:
    """Draw the distribution of the ranks, and the uniform one."""
    for model, found in checks.items():
        name, colour = MODELS[model]
        axes.ecdf(found.relative_rank, color=colour, lw=2, label=name)
    reach = stats.kstwo(int(checks["same"].nights)).ppf(0.95)
    line = np.array([0.0, 1.0])
    label = "95 % band if uniform"
    axes.fill_between(line, line - reach, line + reach, color="0.9", lw=0, label=label)
    axes.plot(line, line, color="0.4", lw=1)
    axes.set(xlim=(0, 1), ylim=(0, 1), ylabel="share of nights at or below")
    axes.set_xlabel("relative rank of the recorded night (0: fewest leakers)")
    axes.set_title("Ranks among the predictions", loc="left")


def draw_sizes(axes: Axes, nights: xr.Dataset) -> None:
    """Draw the share that got through over the size of the raid."""
    for early, (label, colour) in EPOCHS.items():
        part = nights.isel(night=((nights.night < SPLIT) == early).values)
        launched = part.launched.sel(threat_class="drone")
        size = 2.5 if nights.night.size > 100 else 5.0
        axes.semilogx(launched, share(part), "o", color=colour, ms=size, label=label)
    ticks = [n for n in (10, 20, 50, 100, 200, 500, 1000) if n >= launched.min() / 4]
    axes.set_xticks(ticks, [str(n) for n in ticks])
    axes.xaxis.minorticks_off()
    axes.set(ylim=(0, None), xlabel="drones launched", ylabel="got through [%]")
    axes.set_title("Size correlates with much else", loc="left")


def draw(nights: xr.Dataset, checks: dict[str, xr.Dataset], path: Path) -> None:
    """Save the picture."""
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(13, 5), layout="constrained", width_ratios=(1.6, 1, 1)
    )
    draw_nights(left, nights, checks)
    draw_ranks(middle, checks)
    draw_sizes(right, nights)
    for axes, columns in ((left, 2), (middle, 1), (right, 1)):
        axes.spines[["top", "right"]].set_visible(False)
        below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.14)}
        axes.legend(**below, ncols=columns, frameon=False, fontsize=9)
    figure.suptitle(
        "The public record alone: nights before 24 July 2025 (dotted) predict those after"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path, file: Path | None) -> None:
    """Estimate, predict, print, draw."""
    nights = drone_nights(lt.records.load(file) if file else lt.records.raids())
    before = nights.isel(night=(nights.night < SPLIT).values)
    after = nights.isel(night=(nights.night >= SPLIT).values)
    learnt = lt.records.calibrate(before)
    mean = float(learnt.probability.sel(threat_class="drone", outcome="stopped", estimate="value"))
    checks = {
        "differs": predicted(after, lt.records.distribution(learnt, "drone")),
        "same": predicted(after, mean),
    }
    which = (
        "all nights of the data set with rows of the Air Force"
        if file
        else "the large raids that come with the library"
    )
    print(f"{which}: {before.night.size} nights to estimate from, {after.night.size} to predict")
    print("\nEstimated probability that a drone is stopped (hard kill: of those not soft killed)")
    print_estimates(learnt.sel(threat_class="drone"))
    print(f"\nThe nights after, each predicted by {REPLICATIONS} replications with")
    print_cover(checks)
    print("\nShare of leakers by size of the raid, and what it does not show")
    print_sizes(nights)
    path = directory / "learning_from_the_record.png"
    draw(nights, checks, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(
        Path(sys.argv[1] if len(sys.argv) > 1 else "."),
        Path(sys.argv[2]) if len(sys.argv) > 2 else None,
    )
