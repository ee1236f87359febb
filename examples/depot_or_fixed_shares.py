"""One depot over three batteries, or the same rounds in fixed shares.

    python examples/depot_or_fixed_shares.py [where the picture goes]

Three notional batteries guard one axis each. Behind them are 90 rounds: 30 for each, or all in one
depot from which any of them reloads, perhaps with a longer way. What the depot is worth depends on
how unevenly the raid comes: the share of the raid on one axis is varied. All values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import leakthrough as lt

REPLICATIONS, SEED, THREATS, MINUTE = 1_000, 20260404, 120, 60.0
AXES = ("north", "east", "south")
SHARES = (40, 50, 60, 70, 80, 90, 100, 110)  # drones on the northern axis
WAYS = {  # shared or not, reload time [s], style; colours of Okabe and Ito
    "fixed shares": (False, 10 * MINUTE, "#D55E00", "s--"),
    "one depot": (True, 10 * MINUTE, "#0072B2", "o-"),
    "one depot, thrice as far": (True, 30 * MINUTE, "#009E73", "^:"),
}


def defence(way: str, north: int) -> lt.Scenario:
    """Build a raid of 120 drones in three hours, with so many of them on the northern axis."""
    shared, reload_time, *_ = WAYS[way]
    reload = {"depot": "depot"} if shared else {"reloads": 3}
    sizes = (north, *_halves(THREATS - north))
    return lt.Scenario(
        name="a notional raid on three batteries",
        threats=[lt.Threat(name="drone", speed=50.0)],  # assumed
        interceptors=[
            lt.Interceptor(
                name="missile",
                kill_probability={"drone": 0.85},  # assumed
                flight_time=15.0,  # assumed
            )
        ],
        depots=[lt.Depot(name="depot", interceptor="missile", rounds=90)] if shared else [],
        salvos=[
            lt.Salvo(
                name=f"drones from {axis}",
                threat="drone",
                count=size,
                axis=axis,
                arrival=lt.Uniform(start=0, stop=180 * MINUTE),  # assumed
            )
            for axis, size in zip(AXES, sizes, strict=True)
        ],
        layers=[
            lt.Layer(
                name="area",
                outer_range=10e3,  # assumed: 200 s at 50 m/s
                batteries=[
                    lt.Battery(
                        name=f"battery {axis}",
                        channels=4,  # assumed
                        reaction_time=8.0,  # assumed
                        assessment_time=4.0,  # assumed
                        axes=[axis],
                        magazines=[
                            lt.Magazine(
                                interceptor="missile",
                                rounds=16,  # assumed
                                reload_at=6,  # assumed: called before the magazine is empty
                                reload_rounds=10,  # assumed
                                reload_time=reload_time,
                                **reload,
                            )
                        ],
                    )
                    for axis in AXES
                ],
            )
        ],
    )


def _halves(number: int) -> tuple[int, int]:
    return number // 2, number - number // 2


def leakers(way: str, north: int) -> tuple[float, float]:
    """Return mean leakers and their standard error."""
    result = lt.simulate(defence(way, north), replications=REPLICATIONS, seed=SEED)
    leaked = lt.Measure("leakers").values(result).values
    return float(leaked.mean()), float(leaked.std(ddof=1)) / REPLICATIONS**0.5


def print_table(found: dict[str, np.ndarray]) -> None:
    """Print mean leakers by the number of drones on the northern axis."""
    print(f"Mean leakers of {THREATS} drones, with 138 rounds in all (95 % intervals)")
    print(f"{'from north':>10}" + "".join(f"{way:>27}" for way in found))
    for index, north in enumerate(SHARES):
        cells = (
            f"{curve[index, 0]:.1f} ± {1.96 * curve[index, 1]:.1f}" for curve in found.values()
        )
        print(f"{north:>10}" + "".join(f"{cell:>27}" for cell in cells))


def draw(found: dict[str, np.ndarray], path: Path) -> None:
    """Save the picture."""
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    for way, curve in found.items():
        *_, colour, style = WAYS[way]
        axes.errorbar(
            *(SHARES, curve[:, 0], 1.96 * curve[:, 1]),
            fmt=style,
            color=colour,
            ms=5,
            capsize=2,
            label=way,
        )
    axes.set(xlabel=f"drones on one of three axes, of {THREATS}", ylim=(0, None))
    axes.set(ylabel="drones through, mean")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_title("One depot over three batteries, or fixed shares: all assumed", loc="left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"three notional batteries, everything assumed: {REPLICATIONS} replications each")
    found = {way: np.array([leakers(way, north) for north in SHARES]) for way in WAYS}
    print_table(found)
    path = directory / "depot_or_fixed_shares.png"
    draw(found, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
