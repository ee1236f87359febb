"""Rounds against raid size: a heat map of the leak rate, and the knee of saturation.

    python examples/rounds_against_raid_size.py [where the picture goes]

Everything is notional: one class of threat in one stream, four batteries of one kind, assumed
parameters. The question: up to which raid size do more rounds help, and from which size on are
channels the limit?
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import leakthrough as lt

REPLICATIONS, SEED = 300, 20250601
ROUNDS = np.arange(0, 121, 5)  # in each battery
SIZES = np.arange(20, 401, 20)  # threats
MINUTE = 60.0

DEFENCE = lt.Scenario(
    name="one stream against four batteries",
    threats=[lt.Threat(name="drone", speed=50.0)],
    interceptors=[
        lt.Interceptor(name="missile", kill_probability={"drone": 0.8}, flight_time=20.0)
    ],
    salvos=[
        lt.Salvo(
            name="stream",
            threat="drone",
            count=100,
            arrival=lt.Uniform(start=0.0, stop=30 * MINUTE),
        )
    ],
    layers=[
        lt.Layer(
            name="ring",
            outer_range=12e3,
            batteries=[
                lt.Battery(
                    name="battery",
                    count=4,
                    channels=2,
                    reaction_time=10.0,
                    assessment_time=30.0,
                    magazines=[lt.Magazine(interceptor="missile", rounds=40)],
                )
            ],
        )
    ],
)
CURVES = [20, 40, 60, 100]  # rounds a battery
KNEE = "#D55E00"
AXES = {
    "rounds": {"layers.ring.batteries.battery.magazines.missile.rounds": ROUNDS},
    "size": {"salvos.stream.count": SIZES},
}


def knee(leakers: xr.DataArray) -> xr.DataArray:
    """Raid size beyond which more than half of the additional threats get through, by rounds.

    The share of additional threats that get through is the slope of the saturation curve, mean
    leakers against raid size: about 0 below the capacity of the defence, and 1 above it. The slope
    belongs to the middle of two sizes; NaN where it is above a half from the start, or never.
    """
    slope = leakers.differentiate("size", edge_order=2)
    above = slope > 0.5
    first = above.argmax("size")
    known = above.any("size") & (first > 0)
    after, before = (slope.isel(size=np.maximum(first - shift, 0)) for shift in (0, 1))
    sizes = slope["size"]
    step = sizes.isel(size=first) - sizes.isel(size=np.maximum(first - 1, 0))
    found: xr.DataArray = sizes.isel(size=first) - step * (after - 0.5) / (after - before)
    return found.where(known)


def print_table(found: xr.Dataset, knees: xr.DataArray) -> None:
    """Print leak rates with their intervals, and the knee."""
    shown = SIZES[4::5]
    print(f"{'rounds a battery':>16}" + "".join(f"{f'raid of {n}':>18}" for n in shown), end="")
    print(f"{'knee at':>10}")
    for rounds in ROUNDS[::4]:
        print(f"{rounds:16d}", end="")
        for size in shown:
            point = 100 * found.leak_rate.sel(rounds=rounds, size=size)
            low, high = (float(point.sel(estimate=end)) for end in ("low", "high"))
            print(f"{f'{low:.1f} to {high:.1f} %':>18}", end="")
        at = float(knees.sel(rounds=rounds))
        print(f"{'-' if np.isnan(at) else f'{at:.0f}':>10}")


def draw(found: xr.Dataset, knees: xr.DataArray, path: Path) -> None:
    """Save the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    lt.plot.heatmap(found, "leak_rate", along="size", level=[0.25, 0.5, 0.75], ax=left)
    left.plot(knees, ROUNDS, color=KNEE, lw=3, label="knee: half of additional threats leak")
    left.set_title("Leak rate", loc="left")
    left.set(xlabel="threats in the raid", ylabel="rounds a battery")
    left.text(100, 85, "held", fontsize=11, ha="center")
    left.text(218, 96, "too few channels", fontsize=11)
    left.text(270, 10, "too few rounds", color="white", fontsize=11)
    left.legend(loc="upper left", fontsize=9)
    right.plot(SIZES, SIZES, ":", color="grey", label="no defence")
    curves = found.sel(rounds=CURVES)
    lt.plot.saturation(curves, "leakers", along="size", ax=right)
    for rounds in CURVES:
        at = float(knees.sel(rounds=rounds))
        height = float(curves.leakers.sel(rounds=rounds, estimate="mean").interp(size=at))
        right.plot(at, height, "o", color=KNEE, ms=8, zorder=5)
    right.set_title("The saturation curve and its knee", loc="left")
    right.set(xlabel="threats in the raid", ylabel="threats that get through", ylim=(-5, 320))
    figure.suptitle("Four batteries of two channels against one stream of thirty minutes: notional")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Sweep, print, draw."""
    found = lt.sweep(
        DEFENCE, AXES, measures=["leakers", "leak_rate"], replications=REPLICATIONS, seed=SEED
    )
    knees = knee(found.leakers.sel(estimate="mean", drop=True))
    print(f"{ROUNDS.size} x {SIZES.size} points of {REPLICATIONS} replications, seed {SEED}")
    print("assumed: everything\n")
    print("Leak rate (95 % intervals), and the knee of saturation")
    print_table(found, knees)
    path = directory / "rounds_against_raid_size.png"
    draw(found, knees, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
