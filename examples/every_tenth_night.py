"""A large raid every tenth night, against as many threats spread evenly.

    python examples/every_tenth_night.py [where the picture goes]

Both campaigns send 1,200 drones in 60 nights: 20 each night, or 12 on nine nights and 92 on the
tenth. One notional site fires from a magazine of 60 rounds, which a stock fills by day. What would
help, more rounds a day or a second magazine? All values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import xarray as xr

import leakthrough as lt

REPLICATIONS, SEED = 2_000, 20250907
RAIDS = {"20 each night": [20] * 60, "every tenth night 92": ([12] * 9 + [92]) * 6}
STYLES = {"20 each night": ("0.55", "--"), "every tenth night 92": ("0.0", "-")}
DEFENCES = {  # rounds a day that reach the stock, and magazines
    "today": (24, 1),
    "six more rounds a day": (30, 1),
    "a second magazine": (24, 2),
}


def simulated(counts: list[int], daily: int, magazines: int) -> xr.Dataset:
    """Sixty nights; the stock begins with 150 rounds."""
    base = lt.load_example("notional_campaign")
    site = base.scenario.replace(
        "layers.ring.batteries.site.magazines.missile.rounds", 60 * magazines
    ).replace("layers.ring.batteries.site.channels", 12)
    [wave] = site.salvos
    changes = {
        "scenario": site,
        "raids": [[lt.Salvo(**{**vars(wave), "count": count})] for count in counts],
        "stocks": [lt.Stock(interceptor="missile", rounds=150, rate=daily / lt.DAY)],
    }
    campaign = lt.Campaign(**{**vars(base), **changes})
    return lt.simulate_campaign(campaign, replications=REPLICATIONS, seed=SEED)


def total(result: xr.Dataset) -> str:
    """Leakers of all nights: mean with its 95 % interval."""
    leaked = result.leaked.sum(("raid", "salvo"))
    reach = 1.96 * float(leaked.std(ddof=1)) / REPLICATIONS**0.5
    return f"{float(leaked.mean()):.1f} ± {reach:.1f}"


def draw(results: dict[str, xr.Dataset], path: Path) -> None:
    """Save the picture: leakers so far and rounds in stock, mean and 90 % of the campaigns."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2), layout="constrained")
    for name, result in results.items():
        grey, line = STYLES[name]
        for axes, own in (
            (left, result.leaked.sum("salvo").cumsum("raid")),
            (right, result.stock.sel(interceptor="missile")),
        ):
            low, high = own.quantile((0.05, 0.95), "replication")
            axes.fill_between(own.raid, low, high, color=grey, alpha=0.25, lw=0)
            axes.plot(own.raid, own.mean("replication"), line, color=grey, label=name)
    left.set(xlabel="night", ylabel="drones through so far", ylim=(0, None))
    right.set(xlabel="night", ylabel="rounds in stock", ylim=(0, None))
    left.legend(frameon=False, fontsize=8, loc="upper left")
    for axes in (left, right):
        axes.set(xlim=(1, 60), xticks=(1, 10, 20, 30, 40, 50, 60))
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=150)


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    print(f"{REPLICATIONS} campaigns each, seed {SEED}; leakers of 1,200 drones (95 % intervals)")
    print(f"{'':24}" + "".join(f"{name:>24}" for name in RAIDS))
    for defence, supply in DEFENCES.items():
        results = {name: simulated(counts, *supply) for name, counts in RAIDS.items()}
        print(f"{defence:24}" + "".join(f"{total(own):>24}" for own in results.values()))
        if defence == "today":
            draw(results, directory / "every_tenth_night.png")
            found = lt.sustainment(results["every tenth night 92"])
            risk = found.dry.sel(raid=[10, 60], estimate="mean").max(("battery", "interceptor"))
            texts = [f"{float(own):.2f}" for own in risk]
    print("today, every tenth night 92: P(magazine dry by night 10, 60):", *texts)
    print("picture: every_tenth_night.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
