"""Nightly numbers of threats in a record: their distribution, dependence and growth."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import one_of, whole
from leakthrough.model.own_distributions import Mixture
from leakthrough.quantities import quantity
from leakthrough.records.entries import Array, nights
from leakthrough.records.raid_models import MODELS, NUMBER, PARAMETERS, fit, log_densities
from leakthrough.results.taken import dataset_of
from leakthrough.statistics.intervals import checked_confidence

if TYPE_CHECKING:
    import xarray as xr
    from scipy.stats.distributions import rv_frozen

KINDS = ("any", "routine", "large")
SERIES = ("counts", "without growth")
LEAST = 30
"""Nights that are needed."""
_HELD_OUT = 0.3
_SHUFFLES = 999
_TEXT = {
    "mean_routine": "mean m of a routine night less 1, at the end of the record",
    "dispersion_routine": "k of routine nights: variance m + m² / k",
    "mean_large": "mean m of a large night less 1, at the end of the record",
    "dispersion_large": "k of large nights",
    "to_large": "probability of a large night after a routine one",
    "to_routine": "probability of a routine night after a large one",
    "growth": "growth of the logarithm of the means",
    "quiet": "probability of a night without a raid",
}


def fit_raids(
    record: "xr.Dataset",
    threat_class: str = "drone",
    *,
    confidence: float = 0.95,
    seed: int = 0,
) -> "xr.Dataset":
    """Fit distributions to the nightly numbers of a class, and say which one the record supports.

    Every day from the first night of the record to the last counts; a day without an entry is a
    night without a raid. Four models, each with a probability of quiet nights and with exponential
    growth of the means of the others:

    - `poisson`: 1 + a Poisson number;
    - `negative binomial`: 1 + a Poisson number whose mean has a gamma distribution; its variance
      is m + m² / k;
    - `two kinds`: each night is routine or large, independently; negative binomial numbers;
    - `two-state chain`: whether a night is large depends on the night before.

    They are compared by BIC, and by the nights held out: fitted to the first 70 % of the nights,
    each model predicts each later night from the nights before it.

    Parameters
    ----------
    record : xarray.Dataset
        From `raids`, `load`, `from_table` or `nights`. `raids` has the largest raids only, which
        say nothing of the numbers of other nights.
    threat_class : str, default "drone"
        A class in the record.
    confidence : float, default 0.95
        Confidence level of the intervals, between 0 and 1.
    seed : int, default 0
        Seed of the test of dependence.

    Returns
    -------
    xarray.Dataset
        By `model`, and NaN where a model has none: `mean_routine`, `dispersion_routine`,
        `mean_large`, `dispersion_large` (m and k at the end of the record), `to_large` and
        `to_routine` (probabilities by night), `growth` (of the logarithm, per day) and `quiet`
        (probability of a night without a raid). Also `log_likelihood`, `bic` (smaller is better),
        `held_out` (mean logarithm of the predicted probability of a held-out night; larger is
        better), and `held_out_difference` with `held_out_error` (mean difference to the negative
        binomial by night, and its standard error).

        Of the record: `mean`, `variance_over_mean`, `days`, `nights_held_out`; `growth_rate` along
        `estimate` (value, low, high; negative binomial, per day); `lag_one` along `series`
        (`counts`; `without growth`: divided by the fitted growth) and `estimate`, and
        `lag_one_p_value` (999 permutations of the nights, two-sided). The interval is Fisher's,
        for normal numbers, and approximate for these.

        Attributes: `threat_class`, and `supported`, the model with the smallest BIC. `raid_size`
        returns its distribution for a scenario.

    Raises
    ------
    ValueError
        If there is no such class, the record covers less than 30 days or has no raid of the class,
        or an argument is not allowed.

    References
    ----------
    Schwarz (1978), Estimating the dimension of a model, Annals of Statistics 6, 461-464. Zucchini,
    MacDonald and Langrock (2016), Hidden Markov Models for Time Series, 2nd edition, chapters 1
    and 2. Fisher (1921), On the "probable error" of a coefficient of correlation, Metron 1, 3-32.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2031-01-01", periods=60)
    >>> table = pd.DataFrame({"day": days.astype(str), "threat": "drone", "stopped": 0})
    >>> table["launched"] = np.random.default_rng(1).negative_binomial(2, 2 / 42, 60)
    >>> columns = {"night": "day", "threat_class": "threat", "launched": "launched",
    ...            "stopped": "stopped"}
    >>> found = fit_raids(from_table(table, columns))
    >>> found.attrs["supported"]
    'negative binomial'
    """
    import xarray as xr

    level, seed = checked_confidence(confidence), whole("seed", seed, 0, 2**63 - 1)
    counts = _by_day(nights(record), threat_class)
    if len(counts) < LEAST or not counts.any():
        got = f"got {len(counts)} days with {counts.sum()} threats of {threat_class}"
        raise ValueError(f"record: must cover at least {LEAST} days, with a raid; {got}")
    days = np.arange(1 - len(counts), 1, dtype=np.float64)
    fits = [fit(model, counts, days) for model in MODELS]
    values = np.array([each.values for each in fits])
    bic = [
        NUMBER[model] * np.log(len(counts)) - 2.0 * each.log_likelihood
        for model, each in zip(MODELS, fits, strict=True)
    ]
    plain = values[1]
    relative = counts / np.exp(plain[6] * days)
    variables = {
        **{
            name: quantity("model", values[:, i], text, "1/day" if name == "growth" else "1")
            for i, (name, text) in enumerate(_TEXT.items())
        },
        "log_likelihood": quantity("model", [f.log_likelihood for f in fits], "log-likelihood"),
        "bic": quantity("model", bic, "Bayesian information criterion"),
        **_held_out(counts, days),
        **_moments(counts),
        "growth_rate": quantity(
            "estimate", _growth(plain, counts, days, level), _TEXT["growth"], "1/day"
        ),
        **_dependence([counts, relative], level, seed),
    }
    labels = {
        "model": ("model", list(MODELS), {"long_name": "model of the nightly numbers"}),
        "estimate": ("estimate", ["value", "low", "high"], {"long_name": f"{level:g} interval"}),
        "series": ("series", list(SERIES), {"long_name": "series"}),
    }
    supported = MODELS[int(np.argmin(bic))]
    attrs = {"threat_class": threat_class, "supported": supported, "confidence": level}
    return xr.Dataset(variables, labels, attrs)


def _by_day(table: "xr.Dataset", threat_class: str) -> Array:
    """Number launched on each day; 0 on days without an entry."""
    one_of("threat_class", threat_class, table["threat_class"].values.tolist())
    launched = table["launched"].sel(threat_class=threat_class)
    day = launched["night"].values.astype("datetime64[D]")
    at = (day - day.min()).astype(np.int64)
    found = np.zeros(at.max() + 1, np.int64)
    np.add.at(found, at, launched.values)
    return found


def _held_out(counts: Array, days: Array) -> "dict[str, xr.Variable]":
    """Scores of the last nights, by models fitted to the nights before them."""
    first = len(counts) - int(_HELD_OUT * len(counts))
    scores = []
    for model in MODELS:
        early = fit(model, counts[:first], days[:first])
        scores.append(log_densities(early.values, counts, days)[first:])
    score = np.array(scores)
    apart = score - score[1]
    error = apart.std(axis=1, ddof=1) / np.sqrt(score.shape[1])
    return {
        "held_out": quantity("model", score.mean(axis=1), "mean log probability, nights held out"),
        "held_out_difference": quantity("model", apart.mean(axis=1), "to the negative binomial"),
        "held_out_error": quantity("model", error, "standard error of the difference"),
        "nights_held_out": quantity((), score.shape[1], "nights held out"),
    }


def _moments(counts: Array) -> "dict[str, xr.Variable]":
    ratio = counts.var(ddof=1) / counts.mean()
    return {
        "mean": quantity((), counts.mean(), "mean number by night"),
        "variance_over_mean": quantity((), ratio, "variance over mean; 1 if Poisson"),
        "days": quantity((), len(counts), "days from the first night to the last"),
    }


def _growth(values: Array, counts: Array, days: Array, level: float) -> Array:
    """Growth of the negative binomial, with a profile-likelihood interval."""
    from scipy.optimize import brentq, minimize
    from scipy.special import chdtri

    best = float(log_densities(values, counts, days).sum())

    def profile(growth: float) -> float:
        def depth(free: Array) -> float:
            own = np.array([*np.exp(free), *[np.nan] * 4, growth, values[7]])
            return -float(log_densities(own, counts, days).sum())

        start = np.log(values[:2])
        # The mean in the middle of the record stays about the same.
        start[0] += (values[6] - growth) * days.mean()
        return -float(minimize(depth, start, method="Nelder-Mead").fun)

    floor = best - 0.5 * float(chdtri(1, 1.0 - level))
    ends = []
    for sign in (-1.0, 1.0):
        step = 0.5 / len(days)
        while profile(values[6] + sign * step) > floor and step < 5.0:
            step *= 2.0
        ends.append(
            brentq(lambda g: profile(g) - floor, values[6], values[6] + sign * step, xtol=1e-7)
        )
    return np.array([values[6], *ends])


def _dependence(series: list[Array], level: float, seed: int) -> "dict[str, xr.Variable]":
    """Lag-one correlations with intervals, and tests by permutation."""
    from scipy.special import ndtri

    rng, rows, chances = np.random.default_rng(seed), [], []
    for values in series:
        found = _lag_one(values)
        reach = ndtri((1.0 + level) / 2.0) / np.sqrt(len(values) - 4)
        rows.append([found, *np.tanh(np.arctanh(found) + np.array([-reach, reach]))])
        others = [_lag_one(rng.permutation(values)) for _ in range(_SHUFFLES)]
        chances.append((1 + np.sum(np.abs(others) >= abs(found))) / (1 + _SHUFFLES))
    text = "correlation of the numbers of successive nights"
    return {
        "lag_one": quantity(("series", "estimate"), rows, text),
        "lag_one_p_value": quantity("series", chances, "p-value of independence, by permutation"),
    }


def _lag_one(values: Array) -> float:
    """Correlation of successive numbers, about their common mean."""
    apart = values - values.mean()
    return float(apart[1:] @ apart[:-1] / (apart @ apart))


def raid_size(
    fitted: "xr.Dataset", kind: str = "any", *, model: str | None = None
) -> "rv_frozen[Any, Any] | Mixture":
    """Distribution of the number of threats of a night, for `Salvo.count`.

    It is that of the end of the record, without growth after it.

    Parameters
    ----------
    fitted : xarray.Dataset
        From `fit_raids`.
    kind : {"any", "routine", "large"}
        Kind of night. `any` is of all nights: a mixture of quiet nights and the kinds.
    model : {"poisson", "negative binomial", "two kinds", "two-state chain"}, optional
        Model; by default the one that the record supports.

    Returns
    -------
    scipy.stats frozen distribution or Mixture
        ``scipy.stats.poisson`` or ``scipy.stats.nbinom``, or a mixture of two of them.

    Raises
    ------
    ValueError
        If `fitted` is not from `fit_raids`, or the model has no large nights.

    Examples
    --------
    >>> import pandas as pd
    >>> days = pd.date_range("2031-01-01", periods=60)
    >>> table = pd.DataFrame({"day": days.astype(str), "threat": "drone", "stopped": 0})
    >>> table["launched"] = np.random.default_rng(1).negative_binomial(2, 2 / 42, 60)
    >>> columns = {"night": "day", "threat_class": "threat", "launched": "launched",
    ...            "stopped": "stopped"}
    >>> count = raid_size(fit_raids(from_table(table, columns)))
    >>> salvo = lt.Salvo(name="drones", threat="drone", count=count, arrival=lt.At(time=0.0))
    """
    held = dataset_of(fitted, "records.fit_raids", PARAMETERS, "fitted")
    one_of("kind", kind, KINDS)
    name = one_of("model", held.attrs.get("supported") if model is None else model, MODELS)
    one = held.sel(model=name)
    routine, large = (_sized(one, part) for part in KINDS[1:])
    if large is None and kind == "large":
        raise ValueError(f"kind: the model {name!r} has no large nights")
    if kind != "any":
        chosen: rv_frozen[Any, Any] = routine if kind == "routine" else large
        return chosen
    quiet = float(one["quiet"])
    up, down = (0.0, 1.0) if large is None else (float(one["to_large"]), float(one["to_routine"]))
    shares = [quiet, (1.0 - quiet) * down / (up + down), (1.0 - quiet) * up / (up + down)]
    parts = [(w, part) for w, part in zip(shares, (0, routine, large), strict=True) if w > 0.0]
    if len(parts) == 1:
        return routine  # type: ignore[no-any-return]
    weights, values = zip(*parts, strict=True)
    return Mixture(weights=weights, parts=values)


def _sized(one: "xr.Dataset", kind: str) -> Any:
    """Distribution of the numbers of a kind of night; None if the model has no such nights."""
    from scipy import stats

    mean, k = (float(one[f"{name}_{kind}"]) for name in ("mean", "dispersion"))
    if np.isnan(mean):
        return None
    return stats.poisson(mean, loc=1) if np.isnan(k) else stats.nbinom(k, k / (k + mean), loc=1)
