"""How often bands of `records.check_periods` hold the nights of a file that came later.

    python tests/held_out.py missile_attacks_daily.csv

predicts the nights of each month from 2025-05 on by a calibration of all nights before that month,
and prints the share of nights in the central 50 and 90 % by class. Nights of drones count from
2024-10, when the record began to report soft kills in full; of missiles all nights count.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy import stats

from leakthrough import records

STARTS = {
    "drone": "2024-10-01",
    "cruise missile": "2022-09-01",
    "ballistic missile": "2022-09-01",
    "air-launched ballistic missile": "2022-09-01",
}


def part(record: xr.Dataset, name: str, start: str, stop: str) -> xr.Dataset:
    """Entries of a class from a day up to, but not including, another."""
    night = record["night"].values
    chosen = (record["threat_class"].values == name) & (night >= np.datetime64(start))
    return record.isel(entry=chosen & (night < np.datetime64(stop)))


def ranks(
    record: xr.Dataset, name: str, first: str, last: str, *, seed: int = 1
) -> npt.NDArray[np.float64]:
    """Ranks of the nights of each month among predictions from the nights before the month."""
    found = []
    for month in pd.period_range(first, last, freq="M"):
        begin, end = (str(each.start_time.date()) for each in (month, month + 1))
        later = part(record, name, begin, end)
        if later.sizes["entry"]:
            learnt = records.calibrate_periods(part(record, name, STARTS[name], begin), seed=seed)
            found.append(records.check_periods(learnt, later, seed=seed)["relative_rank"].values)
    joined = np.concatenate(found).ravel()
    known: npt.NDArray[np.float64] = joined[np.isfinite(joined)]
    return known


def covered(rank: npt.NDArray[np.float64], level: float) -> float:
    """Share of ranks in the central part."""
    return float((np.abs(rank - 0.5) < level / 2).mean())


def main(file: Path) -> None:
    """Print the table."""
    record, joined = records.load(file), list[npt.NDArray[np.float64]]()
    for name in [*STARTS, "all"]:
        rank = (
            np.concatenate(joined) if name == "all" else ranks(record, name, "2025-05", "2026-05")
        )
        joined.append(rank)
        bins = np.histogram(rank, 10, (0.0, 1.0))[0]
        p = stats.kstest(rank, "uniform").pvalue
        sys.stdout.write(
            f"{name:32}{rank.size:5} nights, in 50 %: {covered(rank, 0.5):.3f}, "
            f"in 90 %: {covered(rank, 0.9):.3f}, mean rank {rank.mean():.2f}, p {p:.4f}, {bins}\n"
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
