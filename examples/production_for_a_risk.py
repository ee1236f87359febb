"""Production for a given risk: below 10 % that a stock is empty at some time in sixty nights.

    python examples/production_for_a_risk.py [where the picture goes]

The mean number of drones is the same in three campaigns against one notional site: 20 in every
night, and drawn with a variance of 3 or 9 times the mean (in the public record of 2025: 5 to 16
times). The site fires from a magazine of 60 rounds, which a stock of 150 fills by day. Production
reaches the stock at a constant rate. All values are assumed.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from scipy import stats

import leakthrough as lt

NIGHTS, DRONES, RISK, REPLICATIONS, SEED = 60, 20, 0.1, 1_000, 20260116
DAILY = np.arange(22, 33)  # rounds a day
RATE, SITE = "stocks.missile.rate", "scenario.layers.ring.batteries.site"
EMPTY = lt.Measure("stock_dry", by="interceptor", of="missile")
CASES: dict[str, tuple[Any, str, str]] = {
    "20 each night": (DRONES, "0.6", "--"),
    "variance 3 times the mean": (stats.gamma(DRONES / 3, scale=3), "0.4", "-."),
    "variance 9 times the mean": (stats.gamma(DRONES / 9, scale=9), "0.0", "-"),
}


def campaign(count: Any) -> lt.Campaign:
    """Sixty nights with a number of drones that is fixed or drawn."""
    found = lt.load_example("notional_campaign").replace("raids", NIGHTS)
    found = found.replace(f"{SITE}.magazines.missile.rounds", 60).replace(f"{SITE}.channels", 8)
    found = found.replace("stocks.missile.rounds", 150)
    return found.replace("scenario.salvos.wave.count", count)


def main(directory: Path) -> None:
    """Sweep the production, print, draw."""
    figure, axes = plt.subplots(figsize=(3.5, 3.0), layout="constrained")
    print(f"{REPLICATIONS} campaigns of {NIGHTS} nights for each point, seed {SEED}")
    print(f"{'':28}{'production for 10 %':>21}{'risk there':>16}")
    for name, (count, grey, line) in CASES.items():
        given, rates = campaign(count), {RATE: DAILY / lt.DAY}
        found = lt.sweep(given, rates, measures=[EMPTY], replications=REPLICATIONS, seed=SEED)
        mean, _, low, high = found[EMPTY.label].transpose("estimate", ...).values
        enough = int(np.argmax(high <= RISK))  # the whole interval is below
        span = f"{low[enough]:.3f} to {high[enough]:.3f}"
        print(f"{name:28}{DAILY[enough]:21}{span:>16}")
        axes.fill_between(DAILY, low, high, color=grey, alpha=0.3, lw=0)
        axes.plot(DAILY, mean, line, color=grey, label=name)
    axes.axhline(RISK, color="0.0", lw=0.6)
    axes.text(DAILY[0], RISK + 0.02, "10 %", fontsize=8)
    axes.set(xlabel="production [rounds a day]", ylabel="P(stock empty by night 60)", ylim=(0, 1))
    axes.legend(frameon=False, fontsize=7)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(directory / "production_for_a_risk.png", dpi=200)
    print("picture: production_for_a_risk.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
