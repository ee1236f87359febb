"""Simulation-based calibration of `records.calibrate_periods`.

True values are drawn from the prior, records from the model, and the rank of each true value among
the draws from its posterior is uniform if the calibration is exact (Talts and others (2018),
Validating Bayesian inference algorithms with simulation-based calibration, arXiv:1804.06788).

    python tests/simulated_records.py 500

prints the p-value of a chi-square test of 20 bins for each of 20 values: six parameters and the
probability in 14 months.
"""

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import stats
from scipy.special import expit

from leakthrough import records
from leakthrough.records import drift
from leakthrough.records.entries import COUNTS

Array = npt.NDArray[Any]
MONTHS, NIGHTS, BINS = 14, 4, 20
NAMES = [*drift.PARAMETERS, *(f"probability, month {m + 1}" for m in range(MONTHS))]


def record_of(known: Array, stopped: Array, days: Array) -> xr.Dataset:
    """A record of ballistic missiles by night, all fates known, without soft kills."""
    values = dict.fromkeys(COUNTS, 0 * known) | {
        "launched": known,
        "hard_kill": stopped.astype(np.float64),
        "soft_kill": np.full(known.shape, np.nan),
        "stopped": stopped,
        "through": known - stopped,
        "strike_drones": np.full(known.shape, np.nan),
    }
    return xr.Dataset(
        {name: ("entry", column) for name, column in values.items()},
        {"night": ("entry", days), "threat_class": ("entry", ["ballistic missile"] * known.size)},
    )


def days_of(months: int, nights: int) -> Array:
    """The first days of each month, from January 2031."""
    starts = np.datetime64("2031-01") + np.arange(months)
    days = starts.astype("datetime64[D]")[:, np.newaxis] + np.arange(nights)
    return days.ravel().astype("datetime64[ns]")


def simulated(rng: np.random.Generator) -> tuple[xr.Dataset, Array]:
    """A record from the model, and its true values."""
    truth = drift.prior_draws(rng, 1, MONTHS)
    known = np.ceil(10.0 * np.exp(rng.standard_normal(MONTHS * NIGHTS))).astype(np.int64)
    size = np.log(known) - np.log(known).mean()
    shift, correlation = drift.night_parameters(truth.parameters[0], size)
    mean = expit(np.repeat(truth.logit[0], NIGHTS) + shift)
    total = 1.0 / correlation - 1.0
    stopped = rng.binomial(known, rng.beta(mean * total, (1.0 - mean) * total))
    values = np.concatenate([truth.parameters[0], expit(truth.logit[0])])
    return record_of(known, stopped, days_of(MONTHS, NIGHTS)), values


def rank(seed: int, draws: int) -> Array:
    """Ranks of the true values of one record, from 0 to `draws`."""
    record, truth = simulated(np.random.default_rng([seed, 18]))
    drawn = records.calibrate_periods(record, draws=draws, seed=seed).squeeze("threat_class")
    columns = [drawn[name].values.ravel() for name in drift.PARAMETERS]
    columns += [each.ravel() for each in np.moveaxis(drawn["probability"].values, -1, 0)]
    found: Array = (np.array(columns) < truth[:, np.newaxis]).sum(axis=1)
    return found


def p_values(ranks: Array, draws: int) -> Array:
    """P-values of uniform ranks, by value; `ranks` has shape (records, values)."""
    luck = np.random.default_rng(0).random(ranks.shape)
    share = (ranks + luck) / (draws + 1)
    bins = BINS if len(share) >= 10 * BINS else 5
    counts = [np.histogram(column, bins, (0.0, 1.0))[0] for column in share.T]
    return np.array([stats.chisquare(each).pvalue for each in counts])


def main(number: int, draws: int = 400) -> None:
    """Print the p-values."""
    found = p_values(np.array([rank(seed, draws) for seed in range(number)]), draws)
    for name, value in zip(NAMES, found, strict=True):
        sys.stdout.write(f"{name:28}{value:8.4f}\n")
    sys.stdout.write(f"smallest of {len(found)}: {found.min():.4f}; bound .01 / 20 = .0005\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
