"""Calibration of effective kill probabilities, and their spread between nights, from a record."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import one_of
from leakthrough.quantities import quantity
from leakthrough.records.beta_binomial import fit, tally
from leakthrough.records.entries import LABELS, Array, nights
from leakthrough.results.taken import dataset_of
from leakthrough.statistics.intervals import checked_confidence

if TYPE_CHECKING:
    import xarray as xr
    from scipy.stats.distributions import rv_frozen

OUTCOMES = {
    "stopped": "of all whose fate is reported",
    "soft_kill": "of all whose fate is reported",
    "hard_kill": "of those not soft killed, as if soft kill came first",
}
"""Calibrated outcomes, and the total of each."""
ESTIMATES = ("value", "low", "high")
_DIMS = ("threat_class", "outcome")


def calibrate(record: "xr.Dataset", *, confidence: float = 0.95) -> "xr.Dataset":
    """Estimate effective kill probabilities and their spread between nights.

    Within a night, each threat of a class is stopped independently with the same probability;
    between nights, that probability has a beta distribution. Mean and correlation are estimated by
    maximum likelihood, class by class, with profile-likelihood intervals.

    **Effective** means: of all threats launched in a class, decoys included, against the whole
    defence, as far as reported. It is not the kill probability of a round or a system. Choose
    nights that are reported in the same way (see `raids`), and check `nights_without_soft_kill`:
    on these nights `stopped` contains hard kills and at most the soft kills of some entries, and
    they do not enter `soft_kill` and `hard_kill`. Soft kills of missiles are reported only on some
    nights on which there were any, so those nights are a biased sample.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load`, `from_table` or `nights`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        By `threat_class` and `outcome` (`stopped`; `soft_kill`; `hard_kill`, of those not soft
        killed: stopped = 1 - (1 - soft) (1 - hard)):

        - `probability`: mean over the nights, along `estimate` (value, low, high);
        - `correlation`: r = 1 / (a + b + 1) between two threats of one night, along `estimate`;
          with 0 all nights have the same probability;
        - `spread`: standard deviation of the probability between nights;
        - `a`, `b`: parameters of the beta distribution; infinite where there is no spread;
        - `nights`, `threats`: size of the sample; `nights_without_soft_kill`.

        With one night only the mean is known, without nights nothing; the rest is NaN. Intervals
        from two or three nights are wide and depend on the assumed distribution more than on the
        data. Threats in flight when the bulletin was written are excluded.

    Raises
    ------
    ValueError
        If `record` is not a record, or `confidence` is not between 0 and 1.

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
    # Where hard kills are reported; otherwise both kinds are one number.
    unreported = table["hard_kill"].notnull() & table["soft_kill"].isnull()
    unreported &= table["launched"] > 0
    interval = f"estimate; low and high of the {100 * level:g} % interval"
    return xr.Dataset(
        {
            **_estimates(mean, correlation),
            "nights": quantity(_DIMS, number, "nights in the estimate"),
            "threats": quantity(_DIMS, threats, "threats in the estimate"),
            "nights_without_soft_kill": quantity(
                "threat_class",
                unreported.sum("night").values,
                "nights without reported soft kills in some entries: stopped holds hard kills, and "
                "the soft kills of the other entries",
            ),
        },
        {
            "threat_class": ("threat_class", classes, {"long_name": LABELS["threat_class"]}),
            "outcome": ("outcome", outcomes, {"long_name": "outcome of threats"}),
            "estimate": ("estimate", list(ESTIMATES), {"long_name": interval}),
        },
        {"confidence": level},
    )


def _shares(table: "xr.Dataset") -> list[tuple[Array, Array]]:
    """Counts and totals by night for each outcome, of the nights that report both."""
    fate_known = table["stopped"].values + table["through"].values
    stopped, soft, hard = (table[name].values for name in OUTCOMES)
    found = []
    for hits, trials in ((stopped, fate_known), (soft, fate_known), (hard, fate_known - soft)):
        reported = np.isfinite(hits) & np.isfinite(trials) & (trials > 0)
        found.append((hits[reported].astype(np.int64), trials[reported].astype(np.int64)))
    return found


def _estimates(mean: Array, correlation: Array) -> "dict[str, xr.Variable]":
    """Variables that describe the beta distribution, from mean and correlation with intervals."""
    m, r = mean[..., 0], correlation[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        total = 1.0 / r - 1.0
        # Without spread both are infinite for any mean, 0 included.
        a, b = (np.where(r == 0.0, np.inf, share * total) for share in (m, 1.0 - m))
    dims, spread = (*_DIMS, "estimate"), np.sqrt(m * (1.0 - m) * r)
    text = "parameter of the beta distribution; infinite without spread"
    return {
        "probability": quantity(dims, mean, "effective kill probability, mean over nights"),
        "correlation": quantity(dims, correlation, "correlation between two threats of one night"),
        "spread": quantity(
            _DIMS, spread, "standard deviation of the effective kill probability between nights"
        ),
        "a": quantity(_DIMS, a, f"first {text}"),
        "b": quantity(_DIMS, b, f"second {text}"),
    }


def distribution(
    estimates: "xr.Dataset", threat_class: str, outcome: str = "stopped"
) -> "float | rv_frozen[Any, float]":
    """Distribution of an effective kill probability between nights, for use in a scenario.

    A scenario accepts it as an uncertain kill probability, or as one of `Layer.soft_kill`, drawn
    once per replication (a night).

    The parameters are the estimates; their uncertainty is not included.

    Parameters
    ----------
    estimates : xarray.Dataset
        From `calibrate`.
    threat_class : str
        A class in `estimates`.
    outcome : {"stopped", "soft_kill", "hard_kill"}
        Outcome whose probability is returned.

    Returns
    -------
    float or scipy.stats frozen distribution
        ``scipy.stats.beta(a, b)``, or the mean itself where the estimates have no spread.

    Raises
    ------
    ValueError
        If there is no such class or outcome, or there are fewer than two nights.

    Examples
    --------
    >>> found = distribution(calibrate(raids()), "cruise missile")
    >>> found.dist.name
    'beta'
    """
    from scipy import stats

    names = ("nights", "spread", "a", "b", "probability", *_DIMS)
    dims = {"threat_class": (), "outcome": (), "estimate": ("value",)}
    estimates = dataset_of(estimates, "records.calibrate", names, "estimates", dims)
    for name, asked in (("threat_class", threat_class), ("outcome", outcome)):
        one_of(name, asked, estimates[name].values.tolist())
    found = estimates.sel(threat_class=threat_class, outcome=outcome)
    if found["nights"] < 2:
        raise ValueError(
            f"estimates: at least two nights must report {outcome} of {threat_class} to estimate "
            f"the spread; got {int(found['nights'])}"
        )
    if found["spread"] == 0.0:
        return float(found["probability"].sel(estimate="value"))
    return stats.beta(float(found["a"]), float(found["b"]))
