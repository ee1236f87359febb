"""Days of supply, and what this number leaves out.

    python examples/days_of_supply.py [where the picture goes]

"Ten days left at this rate" divides the rounds on hand by the mean rounds expended a day. Three
campaigns against one notional site have the same mean number of drones: in one every night is the
same, in the others nights are uneven, and in the last rounds are delivered. All values are assumed.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats

import leakthrough as lt

NIGHTS, PAST, DRONES, REPLICATIONS, SEED = 60, 10, 20, 4_000, 20260303
UNEVEN = stats.gamma(DRONES / 9, scale=9)  # variance 9 times the mean; in the record 5 to 16 times
CASES = {  # drones a night, rounds delivered a day, and how it is drawn
    "even nights": (DRONES, 0, ("0.55", "--")),
    "uneven nights": (UNEVEN, 0, ("0.0", "-")),
    "uneven, deliveries": (UNEVEN, 15, ("0.0", ":")),
}


def simulated(count: object, daily: float) -> xr.Dataset:
    """Sixty nights on one magazine of 60 rounds, which a stock of 500 fills by day."""
    site = "scenario.layers.ring.batteries.site"
    campaign = lt.load_example("notional_campaign").replace("raids", NIGHTS)
    campaign = campaign.replace(f"{site}.magazines.missile.rounds", 60)
    campaign = campaign.replace(f"{site}.channels", 8).replace("stocks.missile.rounds", 500)
    campaign = campaign.replace("stocks.missile.rate", daily / lt.DAY)
    campaign = campaign.replace("scenario.salvos.wave.count", count)
    return lt.simulate_campaign(campaign, replications=REPLICATIONS, seed=SEED)


def days(result: xr.Dataset) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Days of supply of each campaign after ten nights, and nights until no round is left."""
    held = (result.remaining.sum("battery") + result.stock).sel(interceptor="missile")
    used = result.expended.sum(("battery", "interceptor")).sel(raid=slice(None, PAST))
    gone = (held == 0).sel(raid=slice(PAST + 1, None))
    lasted = np.where(gone.any("raid"), gone.argmax("raid") + 1, np.inf)
    return (held.sel(raid=PAST) / used.mean("raid")).values, lasted


def main(directory: Path) -> None:
    """Simulate, print, draw."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.4), layout="constrained")
    print(f"{REPLICATIONS} campaigns each, seed {SEED}; after {PAST} nights (5, 50 and 95 %):")
    print(f"{'':20}{'days of supply':>17}{'nights it lasts':>18}{'P(shorter)':>12}{'P(dry)':>9}")
    for name, (count, daily, (grey, line)) in CASES.items():
        result = simulated(count, daily)
        stated, lasted = days(result)
        ends = [np.quantile(own, (0.05, 0.5, 0.95), method="higher") for own in (stated, lasted)]
        texts = [", ".join(f"{end:.0f}" for end in own).replace("inf", "50+") for own in ends]
        shorter = (lasted < stated).mean()
        dry = float(lt.sustainment(result).dry.sel(raid=PAST, estimate="mean").max())
        print(f"{name:20}{texts[0]:>17}{texts[1]:>18}{shorter:12.2f}{dry:9.2f}")
        nights = np.arange(1, NIGHTS - PAST + 1)
        share = (lasted[:, np.newaxis] <= nights).mean(axis=0)
        left.step(nights, share, line, color=grey, where="post", label=name)
        if name == "uneven nights":
            bins = [np.flatnonzero(np.rint(stated) == day) for day in range(5, 21)]
            low, mid, high = np.transpose([np.quantile(lasted[b], (0.05, 0.5, 0.95)) for b in bins])
            right.fill_between(range(5, 21), low, high, color="0.85", label="90 % of campaigns")
            right.plot(range(5, 21), mid, color="0.0", label="median")
            left.axvline(np.median(stated), color="0.55", lw=0.8, label="days of supply")
    left.set(xlabel="night from now", ylabel="P(no round is left)", xlim=(0, 50), ylim=(0, 1))
    right.plot((5, 20), (5, 20), "--", color="0.55", label="as stated")
    right.set(xlabel="days of supply stated", ylabel="nights until no round is left")
    right.set_title("uneven nights", fontsize="medium")
    for axes, corner in ((left, (0.3, 1.0)), (right, (0.0, 1.0))):
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=corner)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(directory / "days_of_supply.png", dpi=150)
    print("shorter: all rounds are gone sooner; dry: the magazine has run dry on some night so far")
    print("picture: days_of_supply.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
