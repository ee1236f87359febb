"""How many drones are too many: a saturation curve, and its knee.

    python examples/saturation_curve.py [where the picture goes]

One notional point defence against raids of 20 to 600 drones that come within two minutes, or over
six hours. Within two minutes channels are the limit; over six hours rounds are. Public class-level
values are the share that jamming stops (record: 30 to 45 % of drones, by month), those of small
missiles (press: 86 to 90 % claimed of those engaged, $35k to $126k, 20 a launcher) and the cost of
interceptor drones (press: $2k to $30k). All others are assumed, as marked.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes

import leakthrough as lt

REPLICATIONS, SEED, THRESHOLD = 1_000, 20260101, 0.1
SIZES = (20, *range(40, 601, 20))
COUNT, STOP = "salvos.drones.count", "salvos.drones.arrival.stop"
TEMPOS = {  # colours of Okabe and Ito, distinguishable for the colour-blind
    "within two minutes": (120.0, "#D55E00", "-"),
    "over six hours": (6 * 3600.0, "#0072B2", "--"),
}
CAUSES = {
    "missed": ("engaged, every round missed", "#999999"),
    "no_channel": ("all channels busy", "#E69F00"),
    "no_interceptors": ("no rounds left", "#56B4E9"),
}

DEFENCE = lt.Scenario(
    name="a notional point defence",
    threats=[lt.Threat(name="drone", speed=50.0, cost=35e3)],  # speed assumed, cost press
    interceptors=[
        lt.Interceptor(
            name="interceptor drone",
            kill_probability={"drone": 0.65},  # assumed
            flight_time=60.0,  # assumed
            cost=15e3,  # press
        ),
        lt.Interceptor(
            name="small missile",
            kill_probability={"drone": 0.85},  # press
            flight_time=10.0,  # assumed
            cost=80e3,  # press
        ),
        lt.Interceptor(
            name="gun burst",
            kill_probability={"drone": 0.4},  # assumed
            flight_time=3.0,  # assumed
            cost=1e3,  # assumed
        ),
    ],
    salvos=[
        lt.Salvo(name="drones", threat="drone", count=20, arrival=lt.Uniform(start=0, stop=120))
    ],
    layers=[
        lt.Layer(
            name="interceptor drones",
            outer_range=40e3,  # assumed
            inner_range=15e3,  # assumed
            batteries=[
                lt.Battery(
                    name="team",
                    count=4,  # assumed
                    channels=2,  # assumed
                    reaction_time=20.0,  # assumed
                    assessment_time=10.0,  # assumed
                    magazines=[lt.Magazine(interceptor="interceptor drone", rounds=15)],  # assumed
                )
            ],
        ),
        lt.Layer(
            name="point defence",
            outer_range=4e3,  # assumed
            soft_kill={"drone": 0.35},  # record
            batteries=[
                lt.Battery(
                    name="launcher",
                    count=2,  # assumed
                    channels=4,  # press: 4 or more
                    reaction_time=5.0,  # assumed
                    magazines=[lt.Magazine(interceptor="small missile", rounds=20)],  # press
                ),
                lt.Battery(
                    name="gun",
                    count=12,  # assumed
                    reaction_time=5.0,  # assumed
                    assessment_time=7.0,  # assumed
                    magazines=[lt.Magazine(interceptor="gun burst", rounds=30)],  # assumed
                ),
            ],
        ),
    ],
)


def curve(tempo: lt.Scenario) -> xr.Dataset:
    """Simulate raids of each size: leak rate by replication, and mean leakers by cause."""
    found = []
    for size in SIZES:
        result = lt.simulate(tempo.replace(COUNT, size), replications=REPLICATIONS, seed=SEED)
        causes = result.leak_cause.sel(salvo="drones").mean("replication")
        rate = lt.Measure("leak_rate").values(result)
        found.append(xr.Dataset({"leak_rate": rate, "causes": causes.drop_vars("salvo")}))
    return xr.concat(found, xr.Variable("size", list(SIZES)), coords="minimal", compat="override")


def knee(tempo: lt.Scenario) -> xr.Dataset:
    """Find the raid size at which the mean leak rate is a tenth."""
    axis = {COUNT: (SIZES[0], SIZES[-1])}
    return lt.saturation_point(
        tempo, axis, "leak_rate", THRESHOLD, replications=REPLICATIONS, seed=SEED
    )


def print_knees(curves: dict[str, xr.Dataset], knees: dict[str, xr.Dataset]) -> None:
    """Print where each curve crosses the threshold, and the causes at twice that size."""
    print(f"{'':20}{'drones':>8}{'95 % interval':>18}   leak rate and causes at twice the size")
    for name, found in knees.items():
        at, low, high = (float(found[end]) for end in ("crossing", "crossing_low", "crossing_high"))
        beyond = curves[name].sel(size=2 * at, method="nearest")
        rate = float(beyond.leak_rate.mean("replication"))
        causes = beyond.causes / beyond.causes.sum()
        shares = {CAUSES[cause][0]: float(causes.sel(cause=cause)) for cause in CAUSES}
        why = ", ".join(f"{label} {share:.0%}" for label, share in shares.items() if share > 0.005)
        print(f"{name:20}{at:8.1f}{f'{low:.1f} to {high:.1f}':>18}   {rate:.0%}: {why}")


def draw_curve(axes: Axes, name: str, found: xr.Dataset, point: xr.Dataset) -> None:
    """Draw the mean leak rate, the band of 90 % of the replications, and the knee."""
    _, colour, line = TEMPOS[name]
    sizes, at = found["size"], float(point.crossing)
    low, high = 100 * found.leak_rate.quantile([0.05, 0.95], "replication")
    axes.fill_between(sizes, low, high, color=colour, alpha=0.2, lw=0)
    mean = 100 * found.leak_rate.mean("replication")
    axes.plot(sizes, mean, line, color=colour, lw=2.2, label=f"{name}: mean")
    axes.plot(at, 100 * THRESHOLD, "o", color=colour, ms=8, mec="white")
    axes.annotate(
        f"{at:.0f}", (at, 100 * THRESHOLD), (6, -14), textcoords="offset points", color=colour
    )


def draw_causes(axes: Axes, name: str, found: xr.Dataset) -> None:
    """Stack mean leakers by cause over the size of the raid."""
    axes.stackplot(
        found["size"],
        [found.causes.sel(cause=cause) for cause in CAUSES],
        labels=[label for label, _ in CAUSES.values()],
        colors=[colour for _, colour in CAUSES.values()],
    )
    axes.set_title(f"Causes, {name}", loc="left")
    axes.set(ylabel="mean drones through")


def draw(curves: dict[str, xr.Dataset], knees: dict[str, xr.Dataset], path: Path) -> None:
    """Save the picture."""
    figure, (left, *right) = plt.subplots(
        1, 3, figsize=(13, 4.8), layout="constrained", width_ratios=(1.5, 1, 1)
    )
    left.axhline(100 * THRESHOLD, color="0.4", lw=0.8)
    for name, found in curves.items():
        draw_curve(left, name, found, knees[name])
    left.set_title("Drones that got through", loc="left")
    left.set(ylabel="of those launched [%]", ylim=(0, None))
    left.legend(loc="upper left", frameon=False)
    most = 1.05 * max(float(found.causes.sum("cause").max()) for found in curves.values())
    for axes, (name, found) in zip(right, curves.items(), strict=True):
        draw_causes(axes, name, found)
        axes.set(ylim=(0, most))
    right[0].legend(loc="upper left", frameon=False, reverse=True)
    for axes in (left, *right):
        axes.set(xlabel="drones launched", xlim=(SIZES[0], SIZES[-1]))
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "A notional point defence, mostly assumed. Bands: 90 % of replications; dots: mean leak "
        "rate of a tenth"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    tempos = {name: DEFENCE.replace(STOP, stop) for name, (stop, _, _) in TEMPOS.items()}
    curves = {name: curve(tempo) for name, tempo in tempos.items()}
    knees = {name: knee(tempo) for name, tempo in tempos.items()}
    print(f"a notional point defence: {REPLICATIONS} replications at each size, seed {SEED}")
    print("class-level parameters, mostly assumed; one defence, and common random numbers")
    print(f"\nRaid size at which the mean leak rate is {THRESHOLD:.0%}")
    print_knees(curves, knees)
    path = directory / "saturation_curve.png"
    draw(curves, knees, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
