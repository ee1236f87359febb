"""Effective kill probabilities by period, with their uncertainty: posterior draws."""

import json
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import listed, one_of, refused, whole
from leakthrough.quantities import quantity
from leakthrough.records.classes import CLASSES
from leakthrough.records.drift import PARAMETERS, PRIORS, Data, posterior_draws
from leakthrough.records.entries import LABELS, Array, nights
from leakthrough.records.reports import OUTCOMES, SOURCES, Reports, reports
from leakthrough.results.provenance import versions

if TYPE_CHECKING:
    import xarray as xr

PERIODS = {"week": "W", "month": "M", "quarter": "Q"}
"""Lengths of a period, and their codes in pandas."""
CHAINS = 4
"""Parts of the draws; diagnostics of ArviZ compare them."""
MOST_PERIODS = 200
_TEXT = {
    "probability": "effective kill probability of a raid of the reference size",
    "level": "mean of the log-odds over the periods",
    "spread": "standard deviation of the log-odds over the periods",
    "persistence": "correlation of the log-odds of successive periods",
    "correlation": "correlation between two threats of one night of the reference size",
    "size_effect": "change of the log-odds with the logarithm of the number of threats",
    "correlation_size_effect": "change of the log-odds of the correlation with that logarithm",
}


def calibrate_periods(
    record: "xr.Dataset",
    *,
    outcome: str = "stopped",
    period: str = "month",
    unreported: Collection[str] = ("drone",),
    sources: str = "parts",
    draws: int = 1_000,
    seed: int = 0,
) -> "xr.Dataset":
    """Estimate how effective kill probabilities changed from period to period.

    Each class has its own model. The nights of a period have probabilities with a beta
    distribution, as in `calibrate`. Its mean has the log-odds x(t) + b s in period t, and the
    correlation r between two threats of one night has the log-odds c + d s, where
    s = log(threats / reference size): a large raid spreads over several regions, and its share
    varies less than that of a small one. The x(t) have mean
    `level` and standard deviation `spread`, and those of successive periods the correlation
    `persistence`. So periods are pooled in part: one with few nights is drawn towards its
    neighbours and the mean, by as much as the record shows that periods are alike; and a
    prediction becomes wider with time. Prior distributions:

    - level: normal, mean 0, standard deviation 1.5;
    - spread: half-normal with scale 1, of at least 0.15;
    - persistence: uniform from 0 to 0.95;
    - c: normal, mean -2.94 (r = .05), standard deviation 1.5;
    - size effects b and d: normal, mean 0, standard deviation 0.5.

    The size effects describe; they do not explain. Decoys, regions, seasons and reporting change
    with the size of a raid.

    What the record does not say:

    - **Meaning of stopped.** It changed on 24 July 2025; before, jammed and lost threats are a
      second number. `stopped` contains both before and after, so the change is not taken for a
      change of the defence. Where a night reports hard kills only, the soft kills of the classes
      `unreported` are an unknown number from 0 to all others; of the other classes there were none
      (missiles are rarely jammed, and the record says so when some were).
    - **Threats in flight** when the bulletin was written are left out.
    - **Rows of several classes** (`mixed`) are a class of their own.
    - **Several sources of one night**: with ``sources="rivals"`` one of them is right, each with
      the same probability. The night counts once, and sources that differ make it vaguer.

    The probability is a mean over nights, not over threats.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load`, `from_table` or `nights`.
    outcome : {"stopped", "soft_kill", "hard_kill"}
        Whose probability is estimated, as in `calibrate`. The last two are reported up to 23 July
        2025 only.
    period : {"month", "week", "quarter"}
        Length of the periods. All periods from the first night to the last are estimated.
    unreported : sequence of str
        Classes whose soft kills are unknown where the record does not report them.
    sources : {"parts", "rivals"}
        Whether reports of one night and class from several sources are parts of one raid, and are
        added, or rival reports of the same raid. Rivals need a record along `entry`.
    draws : int, default 1000
        Number of draws; a multiple of 4.
    seed : int, default 0
        Seed of the draws. Each class has its own random numbers.

    Returns
    -------
    xarray.Dataset
        Independent draws from the posterior along `chain` (4) and `draw`, by `threat_class`:
        `probability` by `period` (its first day), of a raid of the reference size; `correlation`,
        `level`, `spread`, `persistence`, `size_effect`, `correlation_size_effect`. By class also
        `reference_size` (geometric mean of the raids) and `effective_share` (1 / (n Σ w²), for n
        weights w of the importance sampling; where it is below about 0.1 take more draws). By class
        and period `nights` and `threats` in the estimate, and
        `nights_with_limits`, whose outcome is only known to be between two numbers. Attributes:
        `outcome`, `length` of a period, and `provenance` (arguments, priors, versions, and
        attributes of the record, as JSON).

        ArviZ takes it as ``arviz.InferenceData(posterior=found)`` (tried with ArviZ 0.23).

    Raises
    ------
    ValueError
        If `record` is not a record, has no night with this outcome, or covers more than 200
        periods; or if an argument has none of its allowed values.

    See Also
    --------
    check_periods : compare recorded nights with the predictions of these draws.

    References
    ----------
    Kitagawa (1987), Non-Gaussian state-space modeling of nonstationary time series, Journal of the
    American Statistical Association 82, 1032-1041 (the quadrature). Griffiths (1973), see
    `calibrate` (nights). Gelman and others (2013), Bayesian Data Analysis, 3rd edition, chapter 5
    (partial pooling).

    Examples
    --------
    >>> record = raids()
    >>> drones = record.isel(entry=(record.threat_class == "drone").values)
    >>> found = calibrate_periods(drones, period="quarter", draws=400)
    >>> last = found.probability.sel(threat_class="drone").isel(period=-1)
    >>> bool(0.8 < last.mean() < 0.95)
    True
    """
    one_of("outcome", outcome, OUTCOMES)
    one_of("period", period, [*PERIODS])
    one_of("sources", sources, SOURCES)
    unknown = checked_classes(unreported)
    seed, number = whole("seed", seed, 0, 2**63 - 1), whole("draws", draws, CHAINS, 100_000)
    if number % CHAINS:
        raise refused("draws", f"a multiple of {CHAINS}", draws)
    table = nights(record)
    found = {
        name: reports(record, name, outcome, unknown, sources)
        for name in table["threat_class"].values.tolist()
    }
    found = {name: each for name, each in found.items() if each.night.size}
    if not found:
        raise ValueError(f"record: has no night on which the number {outcome} is known")
    starts = starts_of(np.concatenate([each.night for each in found.values()]), period)
    call = {
        "outcome": outcome,
        "period": period,
        "unreported": unknown,
        "sources": sources,
        "draws": number,
        "seed": seed,
    }
    about = {"call": call, "priors": PRIORS, "versions": versions(), "record": record.attrs}
    attrs = {
        "outcome": outcome,
        "length": period,
        "provenance": json.dumps(about, default=str, ensure_ascii=False),
    }
    return _drawn(found, starts, period, number, seed).assign_attrs(attrs)


def checked_classes(names: Collection[str]) -> list[str]:
    """The argument `unreported`, or ValueError."""
    none = isinstance(names, list | tuple) and not names
    found = [] if none else listed("unreported", names, "classes")
    return [one_of("unreported", name, CLASSES) for name in found]


def starts_of(days: Array, period: str, until: "np.datetime64 | None" = None) -> Array:
    """First days of all periods, from that of the first day to that of the last (or `until`)."""
    import pandas as pd

    code = PERIODS[period]
    last = days.max() if until is None else until
    ends = (pd.Timestamp(day).to_period(code) for day in (days.min(), last))
    found: Array = pd.period_range(*ends, freq=code).start_time.to_numpy("datetime64[ns]")
    if len(found) > MOST_PERIODS:
        raise ValueError(f"record: must cover at most {MOST_PERIODS} periods; got {len(found)}")
    return found


def index_of(days: Array, starts: Array) -> Array:
    """Index of the period of each day; -1 before the first period."""
    found: Array = np.searchsorted(starts, days, side="right") - 1
    return found


def generator(seed: int, threat_class: str, purpose: int) -> np.random.Generator:
    """Random numbers of one class, that do not depend on the other classes."""
    return np.random.default_rng([seed, CLASSES.index(threat_class), purpose])


def _drawn(
    found: dict[str, Reports], starts: Array, period: str, number: int, seed: int
) -> "xr.Dataset":
    """Draws for each class, as a Dataset."""
    import xarray as xr
    from scipy.special import expit

    shape = (number, len(found))
    values = {name: np.empty(shape) for name in PARAMETERS}
    values["probability"] = np.empty((*shape, len(starts)))
    counts, about = np.zeros((3, len(found), len(starts)), np.int64), np.empty((2, len(found)))
    for c, (name, each) in enumerate(found.items()):
        at, reference = index_of(each.night, starts), float(np.exp(np.log(each.known).mean()))
        data = Data.of(each, at, len(starts), reference)
        drawn = posterior_draws(data, number, generator(seed, name, 0))
        values["probability"][:, c] = expit(drawn.logit)
        for parameter, column in zip(PARAMETERS, drawn.parameters.T, strict=True):
            values[parameter][:, c] = column
        about[:, c] = reference, drawn.effective
        limits = each.high > each.low
        first = np.append(True, each.night[1:] != each.night[:-1])
        for row, weight in enumerate((first, first * each.known, limits & first)):
            np.add.at(counts[row, c], at, weight)
    return xr.Dataset(
        {**_variables(values), **_sizes(counts), **_about(about)},
        _coordinates([*found], starts, period),
    )


def _variables(values: dict[str, Array]) -> "dict[str, xr.Variable]":
    """Draws with their dimensions, divided into chains."""
    dims = ("chain", "draw", "threat_class", "period")
    return {
        name: quantity(
            dims[: column.ndim + 1], column.reshape(CHAINS, -1, *column.shape[1:]), _TEXT[name]
        )
        for name, column in values.items()
    }


def _about(rows: Array) -> "dict[str, xr.Variable]":
    texts = {
        "reference_size": "geometric mean of the number of threats of a night",
        "effective_share": "effective share of the draws of the importance sampling",
    }
    return {
        name: quantity("threat_class", row, text)
        for (name, text), row in zip(texts.items(), rows, strict=True)
    }


def _sizes(counts: Array) -> "dict[str, xr.Variable]":
    texts = {
        "nights": "nights in the estimate",
        "threats": "threats in the estimate; of the first source where sources are rivals",
        "nights_with_limits": "nights whose outcome is only known to be between two numbers",
    }
    return {
        name: quantity(("threat_class", "period"), each, text)
        for (name, text), each in zip(texts.items(), counts, strict=True)
    }


def _coordinates(names: Sequence[str], starts: Array, period: str) -> "dict[str, Any]":
    return {
        "threat_class": ("threat_class", np.array(names), {"long_name": LABELS["threat_class"]}),
        "period": ("period", starts, {"long_name": f"first day of the {period}"}),
    }
