"""Measures of a result with their confidence intervals."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leakthrough.model.arguments import flag, one_of
from leakthrough.results.labelled import (
    labelled,
    measured,
    moments_in,
    number_of,
    without_controls,
)
from leakthrough.results.ranges import Ranges
from leakthrough.results.reduction import COVARIANCES, reduced
from leakthrough.statistics.controls import Residuals, controlled_interval
from leakthrough.statistics.intervals import ESTIMATES, checked_confidence, ratio_of_means, wilson
from leakthrough.statistics.means import SETTLED, Moments, mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]

_TEXT = "share of {} that got through"
SIGNIFICANT = 0.1
"""Share of the standard deviation of a sum from which a part's skewness matters."""
REAL = "real threats (decoys not counted)"


def estimable(result: "xr.Dataset", controls: bool) -> "xr.Dataset":
    """A result reduced, with or without its estimates with controls."""
    ready = reduced(result)
    return ready if flag("controls", controls) else without_controls(ready)


def moments_of_sums(ready: "xr.Dataset", name: str, weights: "Array", by: "Array") -> Moments:
    """Moments (G,) of weighted sums of a variable.

    `weights` (G, ...) have the dimensions of the variable. They are `by` (G, N) along the axis of
    its covariance, or 0. The skewness of a sum is taken to be that of its most skewed part, of
    those whose standard deviation is a tenth of the sum's.
    """
    parts, axes = moments_in(ready, name), tuple(range(1, weights.ndim))
    variance = _variance_of_sums(ready[f"{name}_covariance"].values, by)
    deviation = np.abs(weights) * np.sqrt(parts.variance)
    own = deviation > SIGNIFICANT * np.sqrt(variance).reshape(-1, *[1] * len(axes))
    skewness = np.where(own, np.abs(parts.skewness), 0.0).max(axis=axes, initial=0.0)
    mean, largest = ((weights * part).sum(axis=axes) for part in (parts.mean, parts.largest))
    found = Moments(mean, variance, skewness, largest)
    if parts.controlled is None:
        return found
    mean = (weights * parts.controlled.mean).sum(axis=axes)
    left = _variance_of_sums(ready[f"residual_{name}_covariance"].values, by)
    return found._replace(controlled=Residuals(mean, left, int(ready["controls"])))


def _variance_of_sums(covariance: "Array", weights: "Array") -> "Array":
    """Variance (G,) of weighted sums."""
    found: Array = np.einsum("gs,st,gt->g", weights, covariance, weights)
    return np.maximum(found, 0.0)


def leaked_in(ready: "xr.Dataset", groups: "Array") -> Moments:
    """Moments (G,) of the leakers of groups of salvos in a reduced result.

    `groups` (G, S) are the salvos of each group, as bool, or their weights.
    """
    weights = np.asarray(groups, np.float64)
    return moments_of_sums(ready, "leaked", weights, weights)


def interval_of(
    ready: "xr.Dataset",
    moments: Moments,
    confidence: float,
    most: "npt.ArrayLike" = np.inf,
    least: "npt.ArrayLike" = 0.0,
) -> "Array":
    """Estimates of means over all replications of a reduced result, within a range.

    Shape (5, ...) as from `mean_interval`. With controls, one row more: what was done, by its code.
    """
    return _interval_among(ready, moments, number_of(ready), confidence, (least, most))


def _interval_among(
    ready: "xr.Dataset",
    moments: Moments,
    number: "npt.ArrayLike",
    confidence: float,
    ends: "tuple[npt.ArrayLike, npt.ArrayLike]" = (-np.inf, np.inf),
) -> "Array":
    """As `interval_of` over some replications; a mean is certain if nothing is drawn."""
    ranges = Ranges(ready)
    least, most = (moments.mean, moments.mean) if ranges.is_fixed else ends
    rare = ranges.rare(number)
    plain = mean_interval(moments, number, confidence, least=least, most=most, rare=rare)
    if moments.controlled is None:
        return plain
    found = controlled_interval(
        plain,
        moments.controlled,
        number_of(ready),
        confidence,
        least=least,
        most=most,
        rare=rare,
        largest=moments.largest,
    )
    return np.concatenate([found.estimates, found.done[np.newaxis]])


def means(ready: "xr.Dataset", name: str, confidence: float) -> "Array":
    """Estimates of the mean of a reduced variable, as from `interval_of`."""
    least, most = Ranges(ready).of(name)
    return interval_of(ready, moments_in(ready, name), confidence, most, least)


def rates(ready: "xr.Dataset", groups: "Array", confidence: float) -> "Array":
    """Estimates of the leak rate of groups (G,) of salvos; NaN where none was launched."""
    weights = groups.astype(np.float64)
    ranges = Ranges(ready)
    ends = weights @ ranges.launched, weights @ ranges.least_leaked
    found = interval_of(ready, leaked_in(ready, groups), confidence, *ends)
    launched = weights @ ranges.mean_launched
    found[:SETTLED] /= np.where(launched > 0, launched, np.nan)
    return found


def leak_rate(
    result: "xr.Dataset",
    by: Literal["salvo", "threat"] | None = None,
    *,
    confidence: float = 0.95,
    controls: bool = True,
) -> "xr.Dataset":
    """Share of the launched threats that get through.

    Where the number of threats is drawn, it is the mean number of leakers over the mean number of
    threats, which is known.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`.
    by : {None, "salvo", "threat"}
        None: leak rate of the raid, **real threats only**. Otherwise of each salvo, or of each
        threat class over all its salvos; decoys are included.
    confidence : float
        Confidence level of the interval, between 0 and 1.
    controls : bool
        Whether means are estimated with the luck of the random decisions taken out, where that is
        safe (`leakthrough.statistics.controls`); otherwise plain means.

    Returns
    -------
    xarray.Dataset
        `leak_rate`: from 0 to 1, NaN where no threats are launched. Along `estimate`: the mean,
        its standard error and the interval; along `salvo` or `threat` according to `by`. The
        interval is over one rate per replication, since threats of one replication are not
        independent; NaN with one replication. `leak_rate_settled`: whether the interval can be
        trusted. It is Student's t if so, and otherwise a bound that is valid for all bounded
        values (`leakthrough.statistics.means.mean_interval`). `leak_rate_interval`, if there are
        controls: what was done (`leakthrough.statistics.controls.DONE`).

    Raises
    ------
    ValueError
        If the Dataset is not a result, or an argument is not as described above.
    """
    ready, level = estimable(result, controls), checked_confidence(confidence)
    one_of("by", by, (None, "salvo", "threat"))
    decoy, threat = ready["decoy"].values, ready["threat"].values
    if by is None:
        found = measured(rates(ready, ~decoy[None], level)[:, 0], _TEXT.format(REAL))
    elif by == "salvo":
        found = measured(rates(ready, np.eye(len(threat)), level), _TEXT.format("threats"), by)
    else:
        classes = np.array(list(dict.fromkeys(threat.tolist())), dtype=np.str_)
        groups = threat == classes[:, None]
        found = measured(rates(ready, groups, level), _TEXT.format("threats"), by)
        is_decoy = ("threat", (groups & decoy).any(axis=1), ready["decoy"].attrs)
        ready = ready.drop_vars(("threat", "decoy"))
        ready = ready.assign_coords(threat=classes, decoy=is_decoy)
    return labelled({"leak_rate": found}, ready, level)


def rounds_left(ready: "xr.Dataset", name: str, confidence: float) -> "xr.Variable":
    """Estimates of ready rounds: infinite for infinite magazines, NaN where there is none."""
    rounds = ready["rounds"].values
    found = means(ready, name, confidence)
    found[:SETTLED, ..., np.isinf(rounds)] = np.inf
    found[ESTIMATES.index("standard_error"), ..., np.isinf(rounds)] = 0.0
    found[SETTLED, ..., np.isinf(rounds)] = 1.0
    found[..., np.isnan(rounds)] = np.nan
    dims = map(str, ready[name].dims[1:])
    return measured(found, str(ready[name].attrs["long_name"]).split(";")[0], *dims)


def depletion(
    result: "xr.Dataset", *, confidence: float = 0.95, controls: bool = True
) -> "xr.Dataset":
    """Whether and when magazines run dry.

    A magazine runs dry when its last ready round is fired and no reload is pending. A magazine that
    is empty at the start and has no reloads does not count as running dry.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means are estimated with the luck of the random decisions taken out, where that is
        safe (`leakthrough.statistics.controls`); otherwise plain means.

    Returns
    -------
    xarray.Dataset
        By battery and interceptor, NaN where there is no such magazine. Along `estimate`: the
        mean, its standard error and the interval.

        - `rounds`: ready rounds at the start (a number, not an estimate);
        - `dry`: probability that the magazine runs dry, with Wilson's interval; for an infinite
          magazine 0, with an interval of width 0;
        - `depletion_time`: time at which it ran dry [s], over the replications in which it did;
        - `reserve_reached`: probability that the magazine has at some time no rounds left for
          threats of priority 0, and no reload pending: only its `reserved` rounds, or none;
        - `reserve_time`: time at which it first had none left for them [s], over the replications
          in which that happened. Without `reserved` rounds these two equal `dry` and
          `depletion_time`;
        - `ready_rounds`: at each time of the timeline, if there is one;
        - `depletion_time_settled`, `reserve_time_settled` and `ready_rounds_settled`: whether these
          intervals can be trusted (`leakthrough.statistics.means.mean_interval`);
        - `ready_rounds_interval`, if there are controls: what was done
          (`leakthrough.statistics.controls.DONE`).

    Raises
    ------
    ValueError
        If the Dataset is not a result, or `confidence` is not between 0 and 1.
    """
    ready, level = estimable(result, controls), checked_confidence(confidence)
    found = dry_magazines(ready, level)
    if "ready_rounds" in ready:
        found["ready_rounds"] = rounds_left(ready, "ready_rounds", level)
    return labelled(found, ready, level)


def dry_magazines(ready: "xr.Dataset", level: float) -> "dict[str, xr.Variable]":
    """Whether and when the magazines of a reduced result run dry."""
    return {
        "rounds": ready["rounds"].variable,
        **_reached(ready, "dry", "depletion_time", "the magazine ran dry", level),
        **_reached(
            ready,
            "reserve_reached",
            "reserve_time",
            "only reserved rounds or none were left",
            level,
        ),
    }


def dry_depots(ready: "xr.Dataset", level: float) -> "dict[str, xr.Variable]":
    """Whether and when the depots of a reduced result run dry."""
    return _reached(ready, "depot_dry", "depot_depletion_time", "the depot ran dry", level)


def _reached(
    ready: "xr.Dataset", event: str, time: str, text: str, level: float
) -> "dict[str, xr.Variable]":
    """Probability of an event of magazines or depots, and its time where it happened."""
    number, dims = ready[event].values, [str(dim) for dim in ready[event].dims]
    chance = wilson(number, number_of(ready), level)
    if "battery" in dims:
        rounds = ready["rounds"].values
        chance[:, np.isinf(rounds)] = 0.0
        chance[:, np.isnan(rounds)] = np.nan
    when = _interval_among(ready, moments_in(ready, time), number, level)
    return {
        event: measured(chance, f"probability that {text}", *dims),
        time: measured(when, f"time at which {text}, where it happened", *dims, units="s"),
    }


def cost_exchange(
    result: "xr.Dataset", *, confidence: float = 0.95, controls: bool = True
) -> "xr.Dataset":
    """Compare the cost of the rounds spent with the cost of the real threats stopped.

    Read the costs together with the leakers: **the ratio alone favours a defence that fires at
    nothing**, or only at easy threats. Stopped decoys are not counted, but the rounds spent on them
    are. Threats stopped by soft kill count as stopped.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means are estimated with the luck of the random decisions taken out, where that is
        safe (`leakthrough.statistics.controls`); otherwise plain means.

    Returns
    -------
    xarray.Dataset
        Along `estimate`: the mean, its standard error and the interval.

        - `leakers`: real threats that got through;
        - `cost_spent`: cost of the rounds spent [currency];
        - `cost_stopped`: cost of the real threats stopped [currency];
        - `cost_per_stop`: mean of `cost_spent` divided by the mean number of real threats stopped
          [currency]; NaN if none was stopped.

        A cost is NaN if that of a carried interceptor, or of a launched real threat, is not given.
        Each NAME has a variable `NAME_settled`: whether its interval can be trusted
        (`leakthrough.statistics.means.mean_interval`); if there are controls, also `NAME_interval`:
        what was done (`leakthrough.statistics.controls.DONE`). The ratio uses the delta method
        (`leakthrough.statistics.intervals.ratio_of_means`). If one of the means is not settled, the
        ends of the plain ratio are the ratios of the ends of the two means.

    Raises
    ------
    ValueError
        If the Dataset is not a result, or `confidence` is not between 0 and 1.
    """
    ready, level = estimable(result, controls), checked_confidence(confidence)
    leakers = measured(means(ready, "leakers", level), "real threats that got through")
    return labelled({"leakers": leakers, **costs(ready, level)}, ready, level)


def costs(ready: "xr.Dataset", level: float) -> "dict[str, xr.Variable]":
    """Estimates of the costs of both sides in a reduced result, and of their ratio."""
    real, ranges = ~ready["decoy"].values, Ranges(ready)
    launched = ranges.mean_launched
    value = np.where(real & (launched > 0), ready["threat_cost"].values, 0.0)
    worth, ends = float(value @ launched), (value @ ranges.launched, value @ ranges.least_leaked)
    lost = interval_of(ready, leaked_in(ready, value[None]), level, *ends)[:, 0]
    spent, most = rounds_spent(ready, _round_costs(ready))
    cost = interval_of(ready, spent, level, most)[:, 0]
    each = _for_each_stop(ready, spent, cost, most, level)
    found = {
        "cost_spent": (cost, "rounds spent"),
        "cost_stopped": (_rest(worth, lost), "real threats stopped"),
        "cost_per_stop": (each, "rounds spent for each real threat stopped"),
    }
    return {n: measured(v, f"cost of {t}", units="currency") for n, (v, t) in found.items()}


def _round_costs(ready: "xr.Dataset") -> "Array":
    """Cost (I,) of a round; 0 where no battery has such rounds."""
    carried = ~np.isnan(ready["rounds"].values).all(axis=0)
    return np.where(carried, ready["round_cost"].values, 0.0)


def rounds_spent(ready: "xr.Dataset", each: "Array") -> "tuple[Moments, Any]":
    """Moments (1,) of the rounds expended, and their bound; a round of (I,) counts as `each`."""
    weights = np.where(np.isnan(ready["rounds"].values), 0.0, each)[np.newaxis]
    found = moments_of_sums(ready, "expended", weights, each[np.newaxis])
    most = (weights[0] * np.where(weights[0] > 0.0, Ranges(ready).most_expended, 0.0)).sum()
    return found, most


def _for_each_stop(
    ready: "xr.Dataset", spent: Moments, cost: "Array", most: float, level: float
) -> "Array":
    """Estimates of the ratio of the mean cost of rounds and the mean real threats stopped."""
    real, number, ranges = ~ready["decoy"].values, number_of(ready), Ranges(ready)
    leakers, total = means(ready, "leakers", level), ranges.mean_launched[real].sum()
    crossed = (ready["leaked_expended_covariance"].values @ _round_costs(ready))[real].sum()
    below = total - leakers[0], moments_in(ready, "leakers").variance
    plain = ratio_of_means((cost[0], spent.variance[0]), below, -crossed, number, level)
    settled = leakers[SETTLED] * cost[SETTLED]
    if not settled:
        with np.errstate(divide="ignore", invalid="ignore"):
            least = max(total - leakers[3], 0.0)  # more than the mean may leak if it is drawn
            plain[2:] = cost[2] / (total - leakers[2]), cost[3] / least
    plain = np.append(plain, settled)
    if below[0] == 0.0 or (residuals := _ratio_residuals(ready, plain[0], below[0])) is None:
        return plain
    more = ranges.launched[real].sum() - total  # launched at most, than on average
    found = controlled_interval(
        plain[:, np.newaxis],
        residuals,
        number,
        level,
        least=plain[0] - plain[0] * total / below[0],
        most=plain[0] + most / below[0] + plain[0] * max(more, 0.0) / below[0],
        rare=ranges.rare(number),
        largest=spent.largest / below[0],
    )
    return np.append(found.estimates, found.done)


def _ratio_residuals(ready: "xr.Dataset", ratio: float, below: float) -> Residuals | None:
    """Estimates (1,) of Y - r X, divided by the mean of X, where r is the ratio of the means.

    Y is the cost of rounds, and X the real threats that are stopped: those launched, less leakers.
    """
    names = [f"residual_{name}" for name in COVARIANCES]
    if any(name not in ready for name in names):
        return None
    weights = np.append(ratio * ~ready["decoy"].values, _round_costs(ready))[np.newaxis] / below
    own, other, both = (ready[name].values for name in names)
    left = _variance_of_sums(np.block([[own, both], [both.T, other]]), weights)
    return Residuals(np.array([ratio]), left, int(ready["controls"]))


def _rest(total: float, estimates: "Array") -> "Array":
    """Estimates of the difference between a total and a mean."""
    mean, error, low, high, *marks = estimates
    return np.array([total - mean, error, total - high, total - low, *marks])
