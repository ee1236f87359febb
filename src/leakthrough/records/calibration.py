"""From a record to effective kill probabilities that differ from night to night."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.records.beta_binomial import fit, tally
from leakthrough.records.classes import MERGED
from leakthrough.records.entries import LABELS, nights
from leakthrough.statistics.intervals import checked_confidence

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr
    from scipy.stats.distributions import rv_frozen

    Array = npt.NDArray[Any]

OUTCOMES = {
    "stopped": "of all whose fate is told",
    "soft_kill": "of all whose fate is told",
    "hard_kill": "of those not soft killed, as if soft kill came first",
}
"""What is calibrated, and of how many it is a share."""
ESTIMATES = ("value", "low", "high")
_INTERVAL = "estimate; low and high of the {:g} % interval"


def calibrate(record: "xr.Dataset", *, confidence: float = 0.95) -> "xr.Dataset":
    """Estimate effective kill probabilities, and how they differ between nights.

    Within a night each threat of a class is stopped with the same probability, independently;
    between nights that probability has a beta distribution. Mean and correlation are estimated by
    maximum likelihood, class by class, with intervals by profile likelihood.

    **Effective**: of a class as launched, decoys among it, against all that was in its way, as far
    as reported. It is no kill probability of a round, nor of a system. Choose the nights so that
    they report alike (see `raids`), and read `nights_without_soft_kill`: there `stopped` is hard
    kills only, or with the soft kills of some entries, and `soft_kill` and `hard_kill` are learnt
    from the others. Of missiles soft kills are reported only now and then, where there were some:
    those nights are no fair sample.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load` or `nights`.
    confidence : float
        Of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        By `threat_class` and `outcome` (`stopped`; `soft_kill`; `hard_kill`, of those not soft
        killed: stopped = 1 - (1 - soft) (1 - hard)):

        - `probability`: mean over the nights, along `estimate` (value, low, high);
        - `correlation`: r = 1 / (a + b + 1), between two threats of one night; 0: all nights have
          one probability, and no more spread than chance; along `estimate`;
        - `spread`: standard deviation of the probability between nights;
        - `a`, `b`: of the beta distribution; infinite where there is no spread;
        - `nights`, `threats`: how many there were to learn from; `nights_without_soft_kill`.

        With one night only the mean is known, with none nothing: the rest is NaN. Intervals of
        two or three nights are wide, and rest on the law more than on the data. Threats in flight
        when the bulletin was written count for nothing.

    Raises
    ------
    ValueError
        If `record` is no record, or `confidence` is not between 0 and 1.

    References
    ----------
    Skellam (1948), A probability distribution derived from the binomial distribution by regarding
    the probability of success as variable between the sets of trials, Journal of the Royal
    Statistical Society B 10, 257-261.

    Examples
    --------
    >>> found = calibrate(raids())
    >>> drones = found.sel(threat_class="drone", outcome="stopped")
    >>> int(drones.nights), bool(drones.spread > 0)
    (34, True)
    """
    import xarray as xr

    level, table = checked_confidence(confidence), nights(record)
    classes, outcomes = table["threat_class"].values, list(OUTCOMES)
    shape = (len(classes), len(outcomes))
    mean, correlation = np.full((2, *shape, len(ESTIMATES)), np.nan)
    number, threats = np.zeros((2, *shape), np.int64)
    for i, name in enumerate(classes):
        for o, (hits, trials) in enumerate(_shares(table.sel(threat_class=name))):
            number[i, o], threats[i, o] = len(trials), trials.sum()
            if len(trials) == 1:
                mean[i, o, 0] = hits[0] / trials[0]
            elif len(trials):
                mean[i, o], correlation[i, o] = fit(tally(hits, trials), level)
    silent = (table["launched"] > 0) & table["soft_kill"].isnull()
    silent &= table["night"] < np.datetime64(MERGED)
    dims = ("threat_class", "outcome")
    found = {
        **_estimates(mean, correlation),
        "nights": (dims, number, "nights to learn from"),
        "threats": (dims, threats, "threats to learn from"),
        "nights_without_soft_kill": (
            dims[:1],
            silent.sum("night").transpose("threat_class").values,
            "nights on which soft kills were not reported of all entries: stopped is hard kills "
            "only, or with the soft kills of some",
        ),
    }
    return xr.Dataset(
        {n: (d, v, {"units": "1", "long_name": text}) for n, (d, v, text) in found.items()},
        {
            "threat_class": ("threat_class", classes, {"long_name": LABELS["threat_class"]}),
            "outcome": ("outcome", outcomes, {"long_name": "what is counted, and of how many"}),
            "estimate": ("estimate", list(ESTIMATES), {"long_name": _INTERVAL.format(100 * level)}),
        },
        {"confidence": level},
    )


def _shares(table: "xr.Dataset") -> "list[tuple[Array, Array]]":
    """How many of how many, night by night, for each outcome; only nights that tell."""
    told = table["stopped"].values + table["through"].values
    stopped, soft, hard = (table[name].values for name in OUTCOMES)
    found = []
    for hits, trials in ((stopped, told), (soft, told), (hard, told - soft)):
        tells = np.isfinite(hits) & np.isfinite(trials) & (trials > 0)
        found.append((hits[tells].astype(np.int64), trials[tells].astype(np.int64)))
    return found


def _estimates(mean: "Array", correlation: "Array") -> "dict[str, tuple[Any, Array, str]]":
    """Variables that tell of the law, from its mean and correlation with their intervals."""
    dims = ("threat_class", "outcome")
    m, r = mean[..., 0], correlation[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = 1.0 / r - 1.0
        # Without spread both are infinite, whatever the mean: not 0 times infinity.
        a, b = (np.where(r == 0.0, np.inf, share * total) for share in (m, 1.0 - m))
    return {
        "probability": ((*dims, "estimate"), mean, "effective kill probability, mean over nights"),
        "correlation": (
            (*dims, "estimate"),
            correlation,
            "correlation between two threats of one night",
        ),
        "spread": (
            dims,
            np.sqrt(m * (1.0 - m) * r),
            "standard deviation of the effective kill probability between nights",
        ),
        "a": (dims, a, "first parameter of the beta law; infinite without spread"),
        "b": (dims, b, "second parameter of the beta law; infinite without spread"),
    }


def distribution(
    estimates: "xr.Dataset", threat_class: str, outcome: str = "stopped"
) -> "float | rv_frozen[Any, float]":
    """Distribution of an effective kill probability between nights, for use in a scenario.

    A scenario takes it as an uncertain kill probability, which is drawn once a replication, as
    once a night. `Layer.soft_kill` takes plain numbers: there give
    ``float(estimates.probability.sel(estimate="value", ...))``, and the spread is lost.

    It is the distribution at the estimates themselves; their uncertainty, given by their
    intervals, is not part of it.

    Parameters
    ----------
    estimates : xarray.Dataset
        From `calibrate`.
    threat_class : str
        One of its classes.
    outcome : {"stopped", "soft_kill", "hard_kill"}
        Which probability.

    Returns
    -------
    float or scipy.stats frozen distribution
        ``scipy.stats.beta(a, b)``, or the mean itself where the estimates have no spread.

    Raises
    ------
    ValueError
        If there is no such class or outcome, or fewer than two nights to learn a spread from.

    Examples
    --------
    >>> found = distribution(calibrate(raids()), "cruise missile")
    >>> found.dist.name
    'beta'
    """
    from scipy import stats

    for name, asked in (("threat_class", threat_class), ("outcome", outcome)):
        known = estimates[name].values.tolist() if name in estimates.coords else []
        if asked not in known:
            raise ValueError(f"{name}: must be one of {', '.join(known)}; got {asked!r}")
    found = estimates.sel(threat_class=threat_class, outcome=outcome)
    if found["nights"] < 2:
        raise ValueError(
            f"estimates: two nights at least must tell of {outcome} of {threat_class}, or nothing "
            f"is known of the spread; got {int(found['nights'])}"
        )
    if found["spread"] == 0.0:
        return float(found["probability"].sel(estimate="value"))
    return stats.beta(float(found["a"]), float(found["b"]))
