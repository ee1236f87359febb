"""Several places: where the leakers go, and what knowing the targets is worth.

    python examples/several_places.py [where the picture goes]

Three cities and two power plants in a plane, mobile groups near them, and one missile site that
covers a city and a plant. The raid comes from the east, or the same raid comes from the west. What
is hit? What is it worth to move rounds between groups before the raid, if the side is guessed right
or wrong? What is it worth to know at what each threat is aimed? Everything is assumed: positions,
values, raid and defence are notional. There is no terrain and no real place, and nothing here
searches for routes or targets.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr

import leakthrough as lt

REPLICATIONS, SEED = 2_000, 20260303
DRONES = {"city A": 60, "city B": 50, "city C": 40, "plant 1": 24, "plant 2": 24}  # assumed
MISSILES = {"city A": 6, "plant 1": 3, "plant 2": 3}  # assumed
SIDES = {"from the east": 90.0, "from the west": 270.0}  # assumed
WEST = [(-5e3, 2e3), (5e3, -3e3), (26e3, 31e3), (34e3, 25e3), (18e3, 73e3), (26e3, 67e3)]  # assumed
EAST = [(55e3, 22e3), (65e3, 17e3), (71e3, 49e3), (80e3, 42e3)]  # assumed
PLANTS_FIRST = {"city A": -1, "city B": -1, "city C": -1}  # assumed; the plants have 0
WITH_RESERVES = {"plant 1": 1, "plant 2": 1}  # assumed: from 1 on, reserved rounds are fired
LOST = lt.Measure("value_lost")


def group(name: str, positions: list[tuple[float, float]], rounds: int) -> lt.Layer:
    """Mobile groups: guns that see drones well and missiles rarely. All assumed."""
    gun = lt.Battery(
        name=f"gun {name}",
        count=2,  # assumed
        reaction_time=5.0,  # assumed
        assessment_time=3.0,  # assumed
        magazines=[lt.Magazine(interceptor="gun burst", rounds=rounds)],
    )
    return lt.Layer(
        name=f"groups {name}",
        outer_range=7e3,  # assumed
        sensor=lt.Sensor(detection={"drone": 0.9, "cruise missile": 0.3}),  # assumed
        positions=positions,
        batteries=[gun],
    )


def salvos(bearing: float) -> list[lt.Salvo]:
    """The raid: drones at each asset, missiles at some, in straight lines. All assumed."""
    drones = lt.Uniform(start=0.0, stop=20 * lt.MINUTE)
    missiles = lt.Uniform(start=10 * lt.MINUTE, stop=20 * lt.MINUTE)
    return [
        lt.Salvo(
            name=f"{threat}s at {asset}",
            threat=threat,
            count=count,
            arrival=arrival,
            target=asset,
            bearing=bearing,
            start_range=120e3,  # assumed
        )
        for threat, counts, arrival in (
            ("drone", DRONES, drones),
            ("cruise missile", MISSILES, missiles),
        )
        for asset, count in counts.items()
    ]


def scenario(
    bearing: float, west: int = 16, east: int = 16, known: Mapping[str, int] = {}
) -> lt.Scenario:
    """The scenario; `known` are priorities by asset of a defence that knows the targets."""
    assets = {  # positions [m], values and numbers of aim points: all assumed
        "city A": ((0.0, 0.0), 5.0, 20),
        "city B": ((60e3, 20e3), 3.0, 15),
        "city C": ((22e3, 70e3), 2.0, 15),
        "plant 1": ((30e3, 28e3), 4.0, 4),
        "plant 2": ((76e3, 46e3), 4.0, 4),
    }
    launcher = lt.Battery(
        name="launcher",
        count=2,  # assumed
        channels=1,  # assumed
        reaction_time=8.0,  # assumed
        assessment_time=4.0,  # assumed
        magazines=[lt.Magazine(interceptor="missile", rounds=40, reserved=8)],  # assumed
    )
    return lt.Scenario(
        name="several notional places",
        threats=[
            lt.Threat(name="drone", speed=50.0, lethality=0.3),  # assumed
            lt.Threat(name="cruise missile", speed=230.0, priority=10, lethality=0.9),  # assumed
        ],
        interceptors=[
            lt.Interceptor(
                name="missile",
                kill_probability={"drone": 0.85, "cruise missile": 0.7},  # assumed
                flight_time=20.0,  # assumed
            ),
            lt.Interceptor(
                name="gun burst",
                kill_probability={"drone": 0.4, "cruise missile": 0.1},  # assumed
                flight_time=3.0,  # assumed
            ),
        ],
        assets=[
            lt.Asset(
                name=name,
                position=position,
                value=value,
                aim_points=aim_points,
                priority=known.get(name, 0),
            )
            for name, (position, value, aim_points) in assets.items()
        ],
        salvos=salvos(bearing),
        layers=[
            lt.Layer(
                name="area site",
                position=(14e3, 14e3),  # assumed
                outer_range=35e3,  # assumed
                inner_range=3e3,  # assumed
                batteries=[launcher],
            ),
            group("west", WEST, west),
            group("east", EAST, east),
        ],
    )


def print_hits(results: dict[str, xr.Dataset]) -> None:
    """Print what is hit in each raid."""
    print(f"{'':12}{'aimed at it':>12}" + "".join(f"{side:>32}" for side in results))
    print(f"{'':24}" + f"{'hits':>12}{'damage':>20}" * len(results))
    found = {side: lt.summary(result).assets for side, result in results.items()}
    for asset in DRONES:
        line = f"{asset:12}{DRONES[asset] + MISSILES.get(asset, 0):12}"
        for own in found.values():
            row = own.sel(asset=asset)
            hits = float(row.hits.sel(estimate="mean"))
            low, high = 100 * row.damage.sel(estimate=["low", "high"]).values
            line += f"{hits:12.1f}{f'{low:.1f} to {high:.1f} %':>20}"
        print(line)


def print_differences(title: str, options: dict[str, lt.Scenario]) -> None:
    """Print the change in value lost with each option, compared with the first."""
    found = lt.compare(options, measures=[LOST], replications=REPLICATIONS, seed=SEED)
    row = found.sel(measure=LOST.label)
    base = next(iter(options))
    print(f"{title}, {base}: {float(row.value.sel(option=base, estimate='mean')):.2f}")
    for option in [*options][1:]:
        mean, _, low, high = row.sel(alternative=option).difference.values
        print(f"    {option:34}{mean:+7.2f}{f'{low:+.2f} to {high:+.2f}':>20}")


def draw(results: dict[str, xr.Dataset], path: Path) -> None:
    """Save the picture."""
    figure, axes = plt.subplots(1, 2, figsize=(14, 5.6), layout="constrained")
    for ax, (side, result) in zip(axes, results.items(), strict=True):
        lt.plot.map(result, ax=ax)
        ax.set_title(f"The raid {side}: mean damage, and rounds left", loc="left", fontsize=10)
    figure.suptitle("Several notional places: every position and every number is assumed")
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, compare, print, draw."""
    results = {
        side: lt.simulate(scenario(bearing), replications=REPLICATIONS, seed=SEED)
        for side, bearing in SIDES.items()
    }
    print(f"several notional places: {REPLICATIONS} replications each, seed {SEED}")
    print("everything is assumed; intervals are 95 %\n\nWhat is hit")
    print_hits(results)
    print("\nValue lost, of 18, and its change when rounds of the groups are moved before the raid")
    for side, bearing in SIDES.items():
        options = {
            "as they are": scenario(bearing),
            "a quarter of the west's to the east": scenario(bearing, west=12, east=22),
            "half of the east's to the west": scenario(bearing, west=22, east=7),
        }
        print_differences(f"raid {side}", options)
    print("\nValue lost, and its change when the defence knows at what each threat is aimed")
    for side, bearing in SIDES.items():
        options = {
            "not known": scenario(bearing),
            "plants first": scenario(bearing, known=PLANTS_FIRST),
            "plants first, also with reserves": scenario(bearing, known=WITH_RESERVES),
        }
        print_differences(f"raid {side}", options)
    path = directory / "several_places.png"
    draw(results, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
