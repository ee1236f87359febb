"""Changes of a probability between periods: where they were, if there were any."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.model.arguments import one_of, real_in, refused
from leakthrough.quantities import quantity
from leakthrough.records.entries import Array, nights
from leakthrough.records.likelihood import night_likelihood
from leakthrough.records.periods import PERIODS, checked_classes, index_of, starts_of
from leakthrough.records.reports import Reports, reports

if TYPE_CHECKING:
    from collections.abc import Collection

    import xarray as xr

_SHARES = (np.arange(100) + 0.5) / 100
_CORRELATIONS = np.geomspace(1e-3, 0.9, 40)
QUANTILES = (0.05, 0.5, 0.95)


def change_points(
    record: "xr.Dataset",
    threat_class: str,
    *,
    period: str = "month",
    prior: float = 0.5,
    unreported: "Collection[str]" = ("drone",),
) -> "xr.Dataset":
    """Find out whether, and between which periods, a kill probability changed.

    The mean probability is constant but for sudden changes. Each boundary of two periods is a
    change with the same prior probability, so that there is at least one with probability
    `prior`. Between changes the mean is uniform from 0 to 1. Nights are beta-binomial, with one
    correlation r for all of them, whose logarithm is uniform from .001 to .9. So a night that
    differs from its neighbours is no change by itself: nights differ.

    A forward and a backward pass on a grid of the mean and of r weigh all numbers and positions of
    changes.

    **What a change cannot tell.** The record has the numbers launched and stopped. If each of the
    threats finds an empty launcher with probability e, independently, the number stopped has the
    same distribution as with full launchers and a kill probability smaller by the factor 1 - e:
    no record can tell these two apart. Launchers that are empty for whole nights make nights
    differ more (r grows), and a limit on the number engaged makes the share depend on the size of
    the raid; but weather, decoys and regions do so too.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load`, `from_table` or `nights`.
    threat_class : str
        A class in the record.
    period : {"month", "week", "quarter"}
        Length of the periods.
    prior : float, default 0.5
        Prior probability of at least one change, above 0 and below 1.
    unreported : sequence of str
        As in `calibrate_periods`.

    Returns
    -------
    xarray.Dataset
        - `change` by `period` (its first day): probability of a change at its beginning; NaN for
          the first period;
        - `any_change`: probability of at least one; `bayes_factor` for at least one, which does
          not depend on `prior` as long as several changes are improbable;
        - `probability` by `period` along `quantile` (.05, .5, .95): the mean probability, with or
          without changes; `correlation`: its posterior mean;
        - `share` by `period`: mean of the shares stopped in its nights, NaN without nights (the
          smallest shares where soft kills are unknown); `nights`, and `threats` in them.

        Attribute `threat_class`.

    Raises
    ------
    ValueError
        If there is no such class or no night with known outcomes, only one period or more than
        200, or an argument has none of its allowed values.

    References
    ----------
    Yao (1984), Estimation of a noisy discrete-time step function: Bayes and empirical Bayes
    approaches, Annals of Statistics 12, 1434-1447. Barry and Hartigan (1993), A Bayesian analysis
    for change point problems, Journal of the American Statistical Association 88, 309-319.

    Examples
    --------
    >>> found = change_points(raids(), "cruise missile", period="quarter")
    >>> bool(found.any_change < 0.5), found.change.sizes["period"]
    (True, 15)
    """
    import xarray as xr

    one_of("period", period, [*PERIODS])
    chance = real_in(prior)
    if not 0.0 < chance < 1.0:
        raise refused("prior", "a number above 0 and below 1", prior)
    known = nights(record)["threat_class"].values.tolist()
    name, unknown = one_of("threat_class", threat_class, known), checked_classes(unreported)
    found = reports(record, name, "stopped", unknown)
    if not found.night.size:
        raise ValueError(f"record: has no night with a known outcome of {threat_class}")
    starts = starts_of(found.night, period)
    if len(starts) < 2:
        raise ValueError(f"record: must cover at least two periods; got one {period}")
    hazard = -np.expm1(np.log1p(-chance) / (len(starts) - 1))
    at = index_of(found.night, starts)
    change, still, mass, r_mass = _smoothed(_likelihood(found, at, len(starts)), hazard)
    odds = (1.0 - still) / max(still, np.finfo(float).tiny)
    heap = mass.cumsum(axis=1)
    ends = [_SHARES[np.argmax(heap >= q * heap[:, -1:], axis=1)] for q in QUANTILES]
    number, threats, shares = (
        np.bincount(at, weights, len(starts))
        for weights in (None, found.known, found.low / found.known)
    )
    share = np.divide(shares, number, out=np.full(len(starts), np.nan), where=number > 0)
    values = {
        "change": ("period", change, "probability of a change at the beginning of the period"),
        "any_change": ((), 1.0 - still, "probability of at least one change"),
        "bayes_factor": ((), odds * (1.0 - chance) / chance, "Bayes factor for a change"),
        "probability": (("quantile", "period"), ends, "mean effective kill probability"),
        "correlation": ((), r_mass @ _CORRELATIONS, "correlation between threats of one night"),
        "nights": ("period", number, "nights in the estimate"),
        "threats": ("period", threats.astype(np.int64), "threats in the estimate"),
        "share": ("period", share, "mean of the shares stopped in the nights"),
    }
    return xr.Dataset(
        {name: quantity(*each) for name, each in values.items()},
        {
            "period": ("period", starts, {"long_name": f"first day of the {period}"}),
            "quantile": ("quantile", list(QUANTILES), {"long_name": "probability of the quantile"}),
        },
        {"threat_class": threat_class, "length": period, "prior": chance},
    )


def _likelihood(found: Reports, at: Array, periods: int) -> Array:
    """Log-likelihood by period, correlation and mean."""
    weight = (at == np.arange(periods)[:, np.newaxis]).astype(np.float64)
    logits = np.broadcast_to(np.log(_SHARES / (1.0 - _SHARES)), (len(at), _SHARES.size))
    each = [night_likelihood(found, logits, np.full((len(at), 1), r)) for r in _CORRELATIONS]
    return np.stack([weight @ nights for nights in each], axis=1)


def _smoothed(likelihood: Array, hazard: float) -> tuple[Array, float, Array, Array]:
    """Probabilities of changes, of none, of the mean by period, and of the correlation.

    The mean is a Markov chain that keeps its value, or takes a new one with probability `hazard`.
    """
    from scipy.special import logsumexp, softmax

    periods, _, means = likelihood.shape
    top = likelihood.max(axis=2, keepdims=True)
    fit = np.exp(likelihood - top)
    ahead, back = np.empty((2, *fit.shape))
    total = top[:, :, 0].sum(axis=0)
    state = np.full(fit.shape[1:], 1.0 / means)
    for t in range(periods):
        state = state * fit[t]
        size = state.sum(axis=1, keepdims=True)
        total = total + np.log(size[:, 0])
        ahead[t] = state / size
        state = (1.0 - hazard) * ahead[t] + hazard / means
    state = np.ones(fit.shape[1:])
    fresh = np.full(periods, np.nan)
    share = softmax(total)
    for t in reversed(range(periods)):
        back[t] = state / state.max(axis=1, keepdims=True)
        inside = fit[t] * back[t]
        new = hazard * inside.mean(axis=1)
        if t:
            kept = (1.0 - hazard) * (ahead[t - 1] * inside).sum(axis=1)
            fresh[t] = share @ (new / (new + kept))
        state = (1.0 - hazard) * inside + new[:, np.newaxis]
    mass = ahead * back
    mass /= mass.sum(axis=2, keepdims=True)
    constant = logsumexp(likelihood.sum(axis=0), axis=1) - np.log(means)
    constant = logsumexp(constant) + (periods - 1) * np.log1p(-hazard)
    still = float(np.exp(constant - logsumexp(total)))
    return fresh, still, np.tensordot(share, mass, (0, 1)), share
