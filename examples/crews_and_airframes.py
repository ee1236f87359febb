"""Interceptor drones: what one more crew buys, and what ten more airframes buy.

    python examples/crews_and_airframes.py [where the picture goes]

Ten notional posts launch interceptor drones. A crew flies one of them at a time, from any post, so
that crews are a pool of channels. The press reports that operators are scarcer than airframes
(LIGA.net, citing the president of Ukraine: interceptors have "overtaken the number of our
operators"). An interceptor drone costs $2k to $30k (press). All other values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr
from matplotlib.axes import Axes

import leakthrough as lt

REPLICATIONS, SEED, POSTS = 1_000, 20260403, 10
CREWS, AIRFRAMES = tuple(range(4, 21)), (8, 12, 16)
ROUNDS = "layers.interceptor drones.batteries.post.magazines.interceptor drone.rounds"
POOL = "pools.crews.channels"
STYLES = {8: ("#D55E00", "s--"), 12: ("#000000", "o-"), 16: ("#0072B2", "^:")}  # Okabe and Ito
BASES = {"few crews": (8, 16), "both scarce": (12, 15), "few airframes": (16, 12)}

DEFENCE = lt.Scenario(
    name="notional posts of interceptor drones",
    threats=[lt.Threat(name="drone", speed=50.0)],  # assumed
    interceptors=[
        lt.Interceptor(
            name="interceptor drone",
            kill_probability={"drone": 0.65},  # assumed
            flight_time=90.0,  # assumed
            cost=15e3,  # press
        )
    ],
    salvos=[
        lt.Salvo(
            name="drones",
            threat="drone",
            count=120,  # assumed
            arrival=lt.Uniform(start=0, stop=1800),  # assumed
        )
    ],
    pools=[lt.Pool(name="crews", channels=12)],
    layers=[
        lt.Layer(
            name="interceptor drones",
            outer_range=30e3,  # assumed
            inner_range=10e3,  # assumed: 400 s at 50 m/s
            batteries=[
                lt.Battery(
                    name="post",
                    count=POSTS,  # assumed
                    channels=4,  # assumed: launch rails
                    pool="crews",
                    reaction_time=30.0,  # assumed
                    assessment_time=30.0,  # assumed: the crew looks, and takes the next airframe
                    magazines=[lt.Magazine(interceptor="interceptor drone", rounds=12)],
                )
            ],
        )
    ],
)


def options(crews: int, each: int) -> dict[str, lt.Scenario]:
    """Build the defence, with one more crew, and with one more airframe at each of ten posts."""
    base = DEFENCE.replace(POOL, crews).replace(ROUNDS, each)
    more = {"one more crew": (POOL, crews + 1), "ten more airframes": (ROUNDS, each + 1)}
    return {"today": base, **{name: base.replace(*change) for name, change in more.items()}}


def print_worth() -> None:
    """Print what one more crew and ten more airframes change, from three starting points."""
    print(f"{'':16}{'crews':>6}{'airframes':>11}{'leakers':>9}", end="")
    print(f"{'one more crew':>18}{'ten more airframes':>22}")
    for name, (crews, each) in BASES.items():
        found = lt.compare(
            options(crews, each), measures=["leakers"], replications=REPLICATIONS, seed=SEED
        ).sel(measure="leakers")
        today = float(found.value.sel(option="today", estimate="mean"))
        print(f"{name:16}{crews:>6}{POSTS * each:>11}{today:9.1f}", end="")
        print(f"{_change(found, 'one more crew'):>18}{_change(found, 'ten more airframes'):>22}")


def _change(found: xr.Dataset, option: str) -> str:
    mean, _, low, high = found.difference.sel(alternative=option).values
    return f"{mean:+.1f} ± {(high - low) / 2:.1f}"


def draw_leakers(axes: Axes) -> None:
    """Draw leakers over the crews, for each number of airframes."""
    for each, (colour, style) in STYLES.items():
        results = (
            lt.simulate(
                DEFENCE.replace(POOL, crews).replace(ROUNDS, each),
                replications=REPLICATIONS,
                seed=SEED,
            )
            for crews in CREWS
        )
        leaked = [float(lt.Measure("leakers").values(result).mean()) for result in results]
        label = f"{POSTS * each} airframes"
        axes.plot(CREWS, leaked, style, color=colour, ms=5, label=label)
    axes.set(xlabel="crews", ylabel="drones through, mean of 120", ylim=(0, None))
    axes.set_xticks(CREWS[::2])
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def draw(path: Path) -> None:
    """Save the picture."""
    figure, axes = plt.subplots(figsize=(8, 4.8), layout="constrained")
    draw_leakers(axes)
    axes.set_title("Crews and airframes of ten notional posts: mostly assumed", loc="left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main(directory: Path) -> None:
    """Compare, print, draw."""
    print(f"ten notional posts, mostly assumed: {REPLICATIONS} replications each, seed {SEED}")
    print("\nMean leakers of 120 drones, and the change (95 % intervals)")
    print_worth()
    path = directory / "crews_and_airframes.png"
    draw(path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
