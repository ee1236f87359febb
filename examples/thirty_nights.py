"""Thirty nights of raids with sizes fitted to the public record, against a notional defence.

    python examples/thirty_nights.py [where the picture goes]

Fitted to the record: how many drones and missiles come in a night. They are drawn from
distributions that were fitted to the 122 nights that ended in June to September 2025 (launched, as
posted by the Air Force of Ukraine; decoys are among the drones); no recorded night is repeated.
Assumed: the whole defence, which is that of `night_of_2025_07_04.py`, and all of its supply. The
example shows how a campaign is written and read, and nothing about any real stock.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

import leakthrough as lt

NIGHTS, REPLICATIONS, SEED = 30, 2_000, 20250930
DAY, HOUR = 86_400.0, 3_600.0

# Drones a night in the record: mean 176; quantiles of 5, 25, 50, 75, 90 and 95 %: 41, 62, 100, 205,
# 469 and 572; maximum 810. The distribution was fitted by maximum likelihood to the 121 nights with
# drones: mean 176; the same quantiles 29, 58, 115, 234, 418 and 550; cut at 810.
DRONES = stats.truncpareto(1.712, 4.791, loc=-184.6, scale=207.6)
# Missiles a night: ballistic ones (Iskander-M, KN-23, Kinzhal) mean 1.6, standard deviation 2.8,
# none in 73 nights of 122; cruise missiles mean 4.5, standard deviation 10.5, none in 88 nights.
# The one report that joins both kinds, of 26 July, is split by its details: 12 and 15. Gamma
# distributions of the same mean and standard deviation.
BALLISTIC = stats.gamma(0.31, scale=5.06)
CRUISE = stats.gamma(0.18, scale=24.4)

# Independent; in the record, nights with many drones also have many missiles.
SALVOS = [  # t = 0 is 18:00, and missiles come from 02:00: assumed
    lt.Salvo(
        name="drones",
        threat="strike drone",
        count=DRONES,
        arrival=lt.Uniform(start=0, stop=12 * HOUR),
    ),
    lt.Salvo(
        name="cruise missiles",
        threat="cruise missile",
        count=CRUISE,
        arrival=lt.Uniform(start=8 * HOUR, stop=12 * HOUR),
    ),
    lt.Salvo(
        name="ballistic missiles",
        threat="ballistic missile",
        count=BALLISTIC,
        arrival=lt.Uniform(start=8 * HOUR, stop=12 * HOUR),
    ),
]
STOCKS = {  # assumed: rounds behind the batteries at the start, and rounds a day
    "long-range missile": (40, 2.0),
    "medium-range missile": (400, 24.0),
    "interceptor drone": (500, 40.0),
}
GROUPS = {  # colours of Okabe and Ito, distinguishable for the colour-blind
    "long-range missile": ("long-range missiles", "#0072B2", "-"),
    "medium-range missile": ("medium-range missiles", "#D55E00", "--"),
    "interceptor drone": ("interceptor drones", "#009E73", "-."),
}


def campaign() -> lt.Campaign:
    """Thirty nights; guns are refilled before each, the others as far as the stock suffices."""
    defence = lt.load_example("night_of_2025_07_04")
    return lt.Campaign(
        name="thirty nights, a notional defence",
        scenario=defence,
        raids=[SALVOS] * NIGHTS,
        interval=DAY,
        resupply=[
            lt.Resupply(battery=battery.name, interceptor=magazine.interceptor)
            for layer in defence.layers
            for battery in layer.batteries
            for magazine in battery.magazines
        ],
        stocks=[
            lt.Stock(interceptor=name, rounds=rounds, rate=daily / DAY)
            for name, (rounds, daily) in STOCKS.items()
        ],
    )


def held(result: xr.Dataset, interceptor: str) -> xr.DataArray:
    """Rounds in magazines and stock after each raid, relative to the start [%]."""
    rounds = result.remaining.sel(interceptor=interceptor).sum("battery")
    rounds = rounds + result.stock.sel(interceptor=interceptor)
    first = result.rounds.sel(interceptor=interceptor).sum("battery") + STOCKS[interceptor][0]
    share: xr.DataArray = 100 * rounds / first
    return share


def drone_share(result: xr.Dataset) -> xr.DataArray:
    """Share of the drones of each night that got through [%]."""
    drones = result.sel(salvo="drones")
    share: xr.DataArray = 100 * drones.leaked / drones.launched.where(drones.launched > 0)
    return share


def print_nights(result: xr.Dataset, supply: xr.Dataset) -> None:
    """Print leakers and empty stocks for every fifth night."""
    leaked = result.leaked.sel(salvo="drones")
    mean, error = leaked.mean("replication"), leaked.std("replication", ddof=1)
    reach = stats.t.ppf(0.975, REPLICATIONS - 1) * error / np.sqrt(REPLICATIONS)
    share = drone_share(result).mean("replication")
    print(f"{'':32}{'P(stock has been empty) [%]':>66}")
    print(f"{'night':>5}{'drones through':>18}{'share':>9}" + "".join(f"{n:>22}" for n in STOCKS))
    for night in (1, *range(5, NIGHTS + 1, 5)):
        through = " ± ".join(f"{float(own.sel(raid=night)):.1f}" for own in (mean, reach))
        print(f"{night:5d}{through:>18}{float(share.sel(raid=night)):7.1f} %", end="")
        for name in STOCKS:
            empty = 100 * supply.stock_dry.sel(interceptor=name, raid=night)
            low, high = (float(empty.sel(estimate=end)) for end in ("low", "high"))
            print(f"{f'{low:.0f} to {high:.0f}':>22}", end="")
        print()


def print_shortcut(result: xr.Dataset, supply: xr.Dataset) -> None:
    """Print days of supply after ten nights, and the risk that they leave out."""
    print(f"{'':24}{'days of supply':>16}{'P(stock empty within them)':>30}")
    for name in STOCKS:
        days = float(supply.days_of_supply.sel(interceptor=name, raid=10))
        by = min(int(10 + days), NIGHTS)
        empty = supply.stock_dry.sel(estimate="mean", interceptor=name, raid=by)
        print(f"{name:24}{days:16.1f}{100 * float(empty):28.0f} %")


def band(axes: Axes, values: xr.DataArray, colour: str, line: str) -> None:
    """Draw the median over the campaigns, and the bands of 50 and 90 % of them."""
    low, lower, upper, high = values.quantile([0.05, 0.25, 0.75, 0.95], "replication")
    for ends, alpha in (((low, high), 0.15), ((lower, upper), 0.3)):
        axes.fill_between(values.raid, *ends, color=colour, alpha=alpha, lw=0)
    axes.plot(values.raid, values.median("replication"), line, color=colour, lw=2.2)


def draw(result: xr.Dataset, supply: xr.Dataset, path: Path) -> None:
    """Save the picture: rounds left by interceptor; empty stocks; drones launched and through."""
    figure, panels = plt.subplots(2, 3, figsize=(12, 6.6), layout="constrained", sharex=True)
    tops, (risk, sizes, through) = panels
    for axes, (interceptor, own) in zip(tops, GROUPS.items(), strict=True):
        name, colour, line = own
        band(axes, held(result, interceptor), colour, line)
        axes.set_title(f"{name} left", loc="left", color=colour)
        axes.set(ylim=(0, 130))
        empty = 100 * supply.stock_dry.sel(interceptor=interceptor)
        low, mean, high = (empty.sel(estimate=end) for end in ("low", "mean", "high"))
        risk.fill_between(supply.raid, low, high, color=colour, alpha=0.3, lw=0)
        risk.plot(supply.raid, mean, line, color=colour, lw=2.2, label=name)
    tops[0].set_ylabel("magazines and stock after the raid,\nrelative to the start [%]")
    risk.set_title("their stocks have been empty", loc="left")
    risk.set(ylabel="probability [%]", ylim=(0, 100))
    risk.legend(frameon=False, loc="upper left")
    band(sizes, result.launched.sel(salvo="drones"), "#000000", "-")
    sizes.set_title("drones launched", loc="left")
    sizes.set(ylabel="in a night", ylim=(0, None))
    band(through, drone_share(result), "#000000", "-")
    through.set_title("drones that got through", loc="left")
    through.set(ylabel="of those launched that night [%]", ylim=(0, None))
    for axes in panels.flat:
        axes.set(xlim=(1, NIGHTS), xticks=(1, *range(5, NIGHTS + 1, 5)))
        axes.spines[["top", "right"]].set_visible(False)
    for axes in panels[1]:
        axes.set(xlabel="night")
    figure.suptitle(
        "Thirty nights: raid sizes drawn from distributions fitted to the record; defence and "
        "supply assumed\n"
        "Line: median over the campaigns. Dark band: 50 % of them; light band: 90 %. "
        "Probabilities: with 95 % intervals",
        fontsize="medium",
    )
    figure.savefig(path, dpi=100)
    plt.close(figure)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    result = lt.simulate_campaign(campaign(), replications=REPLICATIONS, seed=SEED)
    supply = lt.sustainment(result)
    print(f"{REPLICATIONS} simulated campaigns of {NIGHTS} nights, seed {SEED}")
    print("raid sizes: drawn from distributions fitted to the record")
    print("assumed: the defence, its stocks and their supply")
    print("\nNight by night (means with 95 % intervals)")
    print_nights(result, supply)
    print(
        "\nAfter ten nights: rounds on hand over mean daily use, and the risk that this leaves out"
    )
    print_shortcut(result, supply)
    path = directory / "thirty_nights.png"
    draw(result, supply, path)
    print(f"\npicture: {path.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
