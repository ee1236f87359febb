"""Tornado chart: which parameters change the number of leakers most, one at a time.

    python examples/tornado.py [where the picture goes]

Everything is assumed: the raid, the defence and the ranges. A range covers the values that seem
possible for a parameter; wider ranges make longer bars.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr

import leakthrough as lt

REPLICATIONS, SEED = 2_000, 20250801
HOUR = 3_600.0

GUNS, SAMS = "layers.point.batteries.gun", "layers.area.batteries.SAM"
RANGES = {  # path: description, unit, low, high; all assumed
    "salvos.drones.count": ("drones in the raid", "", 220, 280),
    "threats.drone.speed": ("speed of a drone", "m/s", 40.0, 70.0),
    f"{GUNS}.magazines.gun burst.rounds": ("bursts of a gun", "", 20, 30),
    f"{GUNS}.count": ("guns", "", 10, 14),
    f"{GUNS}.reaction_time": ("reaction time of a gun", "s", 2.0, 12.0),
    "interceptors.gun burst.kill_probability.drone": ("P(kill) of a burst, drone", "", 0.3, 0.5),
    "layers.point.soft_kill.drone": ("P(soft kill) of a drone", "", 0.2, 0.4),
    f"{SAMS}.magazines.area SAM.rounds": ("rounds of a SAM battery", "", 24, 48),
    f"{SAMS}.channels": ("channels of a SAM battery", "", 4, 8),
    "interceptors.area SAM.kill_probability.drone": ("P(kill) of a SAM, drone", "", 0.8, 0.95),
}


def scenario() -> lt.Scenario:
    """A raid of slow drones against two SAM batteries and twelve guns; everything assumed."""
    return lt.Scenario(
        name="notional raid",
        threats=[lt.Threat(name="drone", speed=50.0)],
        interceptors=[
            lt.Interceptor(name="gun burst", kill_probability={"drone": 0.4}, flight_time=3.0),
            lt.Interceptor(name="area SAM", kill_probability={"drone": 0.9}, flight_time=20.0),
        ],
        salvos=[
            lt.Salvo(
                name="drones",
                threat="drone",
                count=250,
                arrival=lt.Uniform(start=0.0, stop=3 * HOUR),
            )
        ],
        layers=[
            lt.Layer(
                name="area",
                outer_range=40e3,
                inner_range=10e3,
                batteries=[
                    lt.Battery(
                        name="SAM",
                        count=2,
                        channels=6,
                        reaction_time=8.0,
                        assessment_time=4.0,
                        magazines=[lt.Magazine(interceptor="area SAM", rounds=32)],
                    )
                ],
            ),
            lt.Layer(
                name="point",
                outer_range=3e3,
                soft_kill={"drone": 0.3},
                batteries=[
                    lt.Battery(
                        name="gun",
                        count=12,
                        reaction_time=4.0,
                        magazines=[lt.Magazine(interceptor="gun burst", rounds=25)],
                    )
                ],
            ),
        ],
    )


def written(value: float, unit: str) -> str:
    """Return a value with its unit as text."""
    return f"{value:g} {unit}".strip()


def by_length(found: xr.Dataset) -> xr.Dataset:
    """Sort by length, the longest bar first."""
    reach = found.difference.sel(estimate="mean")
    length = np.ptp(np.c_[reach.values, np.zeros(len(reach))], axis=1)
    return found.isel(path=np.argsort(-length, kind="stable"))


def print_bars(found: xr.Dataset) -> None:
    """Print each parameter, and the change at both ends of its range."""
    mean, low, high = found.base.sel(estimate=["mean", "low", "high"]).values
    print(f"baseline: {mean:.1f} leakers of 250 drones ({low:.1f} to {high:.1f})")
    print("\nDifference in leakers from the baseline, on common random numbers (95 % intervals)")
    print(f"{'':28}{'low':>10}{'':22}{'high':>10}")
    for path in found.path.values:
        name, unit, *ends = RANGES[str(path)]
        line = f"{name:28}"
        for end, value in zip(("low", "high"), ends, strict=True):
            change = found.difference.sel(path=path, end=end)
            mean, error = float(change.sel(estimate="mean")), float(change.sel(estimate="high"))
            line += f"{written(value, unit):>10}{mean:+9.1f} ± {error - mean:.1f}{'':7}"
        print(line.rstrip())


def draw(found: xr.Dataset, path: Path) -> None:
    """Save the picture, with a name for each path."""
    names = [f"{name} [{unit}]" if unit else name for name, unit, *_ in RANGES.values()]
    named = found.sel(path=list(RANGES)).assign_coords(path=names)
    figure, axes = plt.subplots(figsize=(10, 5.4), layout="constrained")
    lt.plot.tornado(named, ax=axes)
    axes.set_title(
        "A notional raid, every parameter and range assumed: one at a time from low to high",
        loc="left",
        fontsize="medium",
    )
    base = float(found.base.sel(estimate="mean"))
    axes.set_xlabel(f"mean leakers (baseline: {base:.0f})")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    ranges = {path: (low, high) for path, (_, _, low, high) in RANGES.items()}
    found = lt.tornado(scenario(), ranges, replications=REPLICATIONS, seed=SEED)
    print(f"a notional raid, everything assumed: {REPLICATIONS} replications each, seed {SEED}")
    found = by_length(found)
    print_bars(found)
    slope = lt.kill_probability_gradient(scenario(), replications=REPLICATIONS, seed=SEED)
    print("\nChange in leakers for one percentage point more kill probability, from one simulation")
    for interceptor in slope.interceptor.values:
        own = slope.gradient.sel(interceptor=interceptor, threat="drone") / 100
        mean, high = own.sel(estimate=["mean", "high"]).values
        print(f"{interceptor:28}{mean:+10.2f} ± {high - mean:.2f}")
    path = directory / "tornado.png"
    draw(found, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
