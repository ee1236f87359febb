"""Two ways to spend one budget, compared on common random numbers.

    python examples/two_ways_to_spend.py [where the picture goes]

Four million dollars buy 4 more medium-range missiles, or 50 more small ones. The raid and the
defence are notional. Costs of a round are class-level: small missiles $35k to $126k (press),
medium-range missiles $0.4m to $2m (press, assumed). The kill probability of small missiles (86 to
90 % claimed of drones engaged) and their 20 rounds a launcher are also from the press. The share
that jamming stops is within the range of the record (30 to 45 % of drones, by month). All other
values are assumed, as marked. Launchers, crews and upkeep exist already: only rounds are bought.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

import leakthrough as lt
from leakthrough.statistics.intervals import ratio_of_means, student

REPLICATIONS, SEED, HOUR = 2_000, 20260202, 3600.0
BATTERY = "layers.medium range.batteries.battery.magazines.medium-range missile"
LAUNCHER = "layers.point defence.batteries.launcher.magazines.small missile"
MEDIUM, SMALL = "4 medium-range missiles", "50 small missiles"
STYLES = {"today": "#000000", MEDIUM: "#D55E00", SMALL: "#0072B2"}  # Okabe and Ito
DRONES = lt.Measure("leakers", by="threat", of="drone")
CRUISE = lt.Measure("leakers", by="threat", of="cruise missile")
MEASURES = {
    DRONES: "drones through",
    CRUISE: "cruise missiles through",
    lt.Measure("no_leaker", by="threat", of="cruise missile"): "P(no cruise missile through)",
    lt.Measure("leakers"): "all that got through",
}

TODAY = lt.Scenario(
    name="a notional raid and a notional defence",
    threats=[
        lt.Threat(name="drone", speed=50.0, cost=35e3),  # assumed; press
        lt.Threat(name="cruise missile", speed=230.0, cost=5e6, priority=1),  # assumed; catalogue
    ],
    interceptors=[
        lt.Interceptor(
            name="medium-range missile",
            kill_probability={"drone": 0.85, "cruise missile": 0.75},  # assumed
            flight_time=20.0,  # assumed
            cost=1e6,  # press, assumed
        ),
        lt.Interceptor(
            name="small missile",
            kill_probability={"drone": 0.86},  # press; no other: assumed
            flight_time=8.0,  # assumed
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
        lt.Salvo(
            name="drones",
            threat="drone",
            count=220,  # assumed
            arrival=lt.Uniform(start=0, stop=5 * HOUR),  # assumed
        ),
        lt.Salvo(
            name="cruise missiles",
            threat="cruise missile",
            count=24,  # assumed
            arrival=lt.Uniform(start=3 * HOUR, stop=3.5 * HOUR),  # assumed
        ),
    ],
    layers=[
        lt.Layer(
            name="medium range",
            outer_range=30e3,  # assumed
            inner_range=8e3,  # assumed
            batteries=[
                lt.Battery(
                    name="battery",
                    count=2,  # assumed
                    channels=6,  # assumed
                    reaction_time=8.0,  # assumed
                    assessment_time=4.0,  # assumed
                    magazines=[
                        lt.Magazine(interceptor="medium-range missile", rounds=24, reserved=12)
                    ],  # assumed
                )
            ],
        ),
        lt.Layer(
            name="point defence",
            outer_range=8e3,  # assumed
            soft_kill={"drone": 0.35},  # record
            batteries=[
                lt.Battery(
                    name="launcher",
                    count=2,  # assumed
                    channels=4,  # press
                    reaction_time=4.0,  # assumed
                    magazines=[lt.Magazine(interceptor="small missile", rounds=20)],  # press
                ),
                lt.Battery(
                    name="gun",
                    count=4,  # assumed
                    reaction_time=4.0,  # assumed
                    magazines=[lt.Magazine(interceptor="gun burst", rounds=20)],  # assumed
                ),
            ],
        ),
    ],
)
OPTIONS = {
    "today": TODAY,  # below: 2 more for each of 2 batteries, reserved; 25 more for each of 2
    MEDIUM: TODAY.replace(f"{BATTERY}.rounds", 26).replace(f"{BATTERY}.reserved", 14),
    SMALL: TODAY.replace(f"{LAUNCHER}.rounds", 45),
}


def sampled(measure: lt.Measure, option: str, seed: int = SEED) -> np.ndarray:
    """Return the values of a measure, replication by replication."""
    result = lt.simulate(OPTIONS[option], replications=REPLICATIONS, seed=seed)
    return measure.values(result).values


def print_differences(found: xr.Dataset) -> None:
    """Print the differences, and the replications that different seeds would have needed."""
    print(f"{'':30}{'change':>9}{'95 % interval':>20}{'p (Holm)':>10}{'needed*':>11}")
    for measure, words in MEASURES.items():
        row = found.sel(measure=measure.label)
        print(f"{words}, today {float(row.value.sel(option='today', estimate='mean')):.3g}")
        for way in (MEDIUM, SMALL):
            own = row.sel(alternative=way)
            mean, _, low, high = own.difference.values
            p, number = float(own.p_adjusted), float(own.independent_replications)
            chance = "< 0.001" if p < 0.001 else f"{p:.3f}"
            needed = f"{number:,.0f}" if np.isfinite(number) else "-"
            between = f"{low:.3f} to {high:.3f}"
            print(f"    {way:26}{mean:9.3f}{between:>20}{chance:>10}{needed:>11}")
    print("* replications with different seeds and without controls, for the same standard error")


def print_worth(drones: np.ndarray, missiles: np.ndarray) -> float:
    """Print how many drones a cruise missile must count for, if its option is to be better."""
    means = [(float(saved.mean()), float(saved.var(ddof=1))) for saved in (drones, missiles)]
    covariance = float(np.cov(drones, missiles)[0, 1])
    worth, _, low, high = ratio_of_means(means[0], means[1], covariance, REPLICATIONS).tolist()
    print("\nThe medium-range missiles are the better option if a cruise missile that leaks")
    print(f"counts for more than {worth:.1f} drones (95 % interval {low:.1f} to {high:.1f})")
    return float(worth)


def draw_plane(axes: Axes, worth: float) -> None:
    """Draw replications as dots, their means, and the line on which both options are equal."""
    jitter = np.random.default_rng(1).uniform(-0.4, 0.4, (2, 300))
    means = {}
    for option, colour in STYLES.items():
        drones, missiles = sampled(DRONES, option), sampled(CRUISE, option)
        axes.plot(
            drones[:300] + jitter[0], missiles[:300] + jitter[1], ".", color=colour, alpha=0.15
        )
        means[option] = drones.mean(), missiles.mean()
        axes.plot(*means[option], "o", color=colour, mec="white", ms=11, label=option)
    axes.axline(means[MEDIUM], means[SMALL], color="0.4", lw=1, ls="--")
    middle = np.mean([means[MEDIUM], means[SMALL]], axis=0)
    axes.annotate(
        f"equal if a cruise missile\ncounts for {worth:.1f} drones",
        middle,
        (middle[0], 12.5),
        ha="center",
        arrowprops={"arrowstyle": "-", "color": "0.4"},
    )
    axes.set(xlabel="drones through", ylabel="cruise missiles through")
    axes.set(xlim=(-1, None), ylim=(-0.6, 14.5))
    axes.set_title("Leakers with each option: means, and 300 replications", loc="left")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3, frameon=False)


def draw_pairing(axes: Axes) -> None:
    """Draw the interval of a difference against the replications, paired and not."""
    today, paired = sampled(CRUISE, "today"), sampled(CRUISE, MEDIUM)
    apart = sampled(CRUISE, MEDIUM, SEED + 1)
    numbers = np.unique(np.geomspace(20, REPLICATIONS, 60).astype(int))
    alike, unlike = [], []
    for n in numbers:
        before, change = today[:n], paired[:n] - today[:n]
        alike.append(student(change.mean(), change.var(ddof=1), n))
        # the variances of the two means add up (Welch)
        both = 2 * (before.var(ddof=1) + apart[:n].var(ddof=1))
        unlike.append(student(apart[:n].mean() - before.mean(), both, 2 * n))
    for bands, colour, label in (
        (unlike, "0.6", "different seeds"),
        (alike, STYLES[MEDIUM], "common random numbers"),
    ):
        mean, _, low, high = np.array(bands).T
        axes.fill_between(numbers, low, high, color=colour, alpha=0.3, lw=0, label=label)
        axes.plot(numbers, mean, color=colour, lw=1.5)
    axes.set_xscale("log")
    axes.set_xticks(
        [20, 50, 100, 200, 500, 1000, 2000], ["20", "50", "100", "200", "500", "1,000", "2,000"]
    )
    axes.minorticks_off()
    axes.set(xlabel="replications", xlim=(20, REPLICATIONS))
    axes.set(ylabel="change in cruise missiles through")
    axes.set_title(f"With {MEDIUM}: 95 % intervals", loc="left")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False)


def draw(worth: float, path: Path) -> None:
    """Save the picture."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(12, 5), layout="constrained")
    draw_plane(left, worth)
    draw_pairing(right)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        "Two ways to spend $4m on a notional defence: class-level parameters, mostly assumed"
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Compare, print, draw."""
    found = lt.compare(OPTIONS, measures=list(MEASURES), replications=REPLICATIONS, seed=SEED)
    print(f"two ways to spend $4m on rounds: {REPLICATIONS} replications each, seed {SEED}")
    print("a notional raid and a notional defence; class-level costs from the press, or assumed")
    print("\nChange with each option")
    print_differences(found)
    drones = sampled(DRONES, "today") - sampled(DRONES, SMALL)
    missiles = sampled(CRUISE, "today") - sampled(CRUISE, MEDIUM)
    worth = print_worth(drones, missiles)
    path = directory / "two_ways_to_spend.png"
    draw(worth, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
