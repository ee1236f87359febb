"""Measures of a result with their confidence intervals."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from leakthrough.results.labelled import labelled, measured, number_of, statistics_of
from leakthrough.results.reduction import reduced
from leakthrough.statistics.intervals import (
    ESTIMATES,
    checked_confidence,
    ratio_of_means,
    student,
    wilson,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]

_TEXT = "share of {} that got through"
REAL = "real threats (decoys not counted)"


def leaked_in(ready: "xr.Dataset", groups: "Array") -> "tuple[Array, Array]":
    """Mean and variance (G,) of the leakers of groups of salvos in a reduced result.

    `groups` (G, S) are the salvos of each group, as bool, or their weights.
    """
    weights = np.asarray(groups, np.float64)
    covariance = ready["leaked_covariance"].values
    variance = np.einsum("gs,st,gt->g", weights, covariance, weights)
    return weights @ statistics_of(ready, "leaked")[0], np.maximum(variance, 0.0)


def rates(ready: "xr.Dataset", groups: "Array", confidence: float) -> "Array":
    """Estimates (4, G) of the leak rate of groups of salvos; NaN where none was launched."""
    launched = groups.astype(np.float64) @ ready["launched"].values
    launched = np.where(launched > 0, launched, np.nan)
    mean, variance = leaked_in(ready, groups)
    number = number_of(ready)
    return student(mean / launched, variance / launched**2, number, confidence, least=0.0, most=1.0)


def leak_rate(
    result: "xr.Dataset", by: Literal["salvo", "threat"] | None = None, *, confidence: float = 0.95
) -> "xr.Dataset":
    """Share of the launched threats that get through.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`.
    by : {None, "salvo", "threat"}
        None: leak rate of the raid, **real threats only**. Otherwise of each salvo, or of each
        threat class over all its salvos; decoys are included.
    confidence : float
        Confidence level of the interval, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        `leak_rate`: from 0 to 1, NaN where no threats are launched. Along `estimate`: the mean,
        its standard error and the interval; along `salvo` or `threat` according to `by`. The
        interval is Student's t over one rate per replication, since threats of one replication
        are not independent (`leakthrough.statistics.intervals`); NaN with one replication.

    Raises
    ------
    ValueError
        If the Dataset is not a result, or an argument is not as described above.
    """
    ready, level = reduced(result), checked_confidence(confidence)
    decoy, threat = ready["decoy"].values, ready["threat"].values
    if by is None:
        found = measured(rates(ready, ~decoy[None], level)[:, 0], _TEXT.format(REAL))
    elif by == "salvo":
        found = measured(rates(ready, np.eye(len(threat)), level), _TEXT.format("threats"), by)
    elif by == "threat":
        classes = np.array(list(dict.fromkeys(threat.tolist())), dtype=np.str_)
        groups = threat == classes[:, None]
        found = measured(rates(ready, groups, level), _TEXT.format("threats"), by)
        is_decoy = ("threat", (groups & decoy).any(axis=1), ready["decoy"].attrs)
        ready = ready.drop_vars(("threat", "decoy"))
        ready = ready.assign_coords(threat=classes, decoy=is_decoy)
    else:
        raise ValueError(f'by: must be None, "salvo" or "threat"; got {by!r}')
    return labelled({"leak_rate": found}, ready, level)


def rounds_left(ready: "xr.Dataset", name: str, confidence: float) -> "xr.Variable":
    """Estimates of ready rounds: infinite for infinite magazines, NaN where there is none."""
    rounds = ready["rounds"].values
    mean, variance = statistics_of(ready, name)
    found = student(mean, variance, number_of(ready), confidence, least=0.0)
    found[..., np.isinf(rounds)] = np.inf
    found[ESTIMATES.index("standard_error"), ..., np.isinf(rounds)] = 0.0
    found[..., np.isnan(rounds)] = np.nan
    dims = map(str, ready[name].dims[1:])
    return measured(found, str(ready[name].attrs["long_name"]).split(";")[0], *dims)


def depletion(result: "xr.Dataset", *, confidence: float = 0.95) -> "xr.Dataset":
    """Whether and when magazines run dry.

    A magazine runs dry when its last ready round is fired and no reload is pending. A magazine that
    is empty at the start and has no reloads does not count as running dry.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, with either `keep`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        By battery and interceptor, NaN where there is no such magazine. Along `estimate`: the
        mean, its standard error and the interval.

        - `rounds`: ready rounds at the start (a number, not an estimate);
        - `dry`: probability that the magazine runs dry, with Wilson's interval; for an infinite
          magazine 0, with an interval of width 0;
        - `depletion_time`: time at which it ran dry [s], over the replications in which it did,
          with a t interval;
        - `reserve_reached`: probability that the magazine has at some time no rounds left for
          threats of priority 0, and no reload pending: only its `reserved` rounds, or none;
        - `reserve_time`: time at which it first had none left for them [s], over the replications
          in which that happened, with a t interval. Without `reserved` rounds these two equal
          `dry` and `depletion_time`;
        - `ready_rounds`: at each time of the timeline, if there is one, with a t interval (of width
          0 if all replications agree).

    Raises
    ------
    ValueError
        If the Dataset is not a result, or `confidence` is not between 0 and 1.
    """
    ready, level = reduced(result), checked_confidence(confidence)
    found = {
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
    if "ready_rounds" in ready:
        found["ready_rounds"] = rounds_left(ready, "ready_rounds", level)
    return labelled(found, ready, level)


def _reached(
    ready: "xr.Dataset", event: str, time: str, text: str, level: float
) -> "dict[str, xr.Variable]":
    """Probability of an event of magazines, and its time where it happened."""
    rounds, number, dims = ready["rounds"].values, ready[event].values, ("battery", "interceptor")
    chance = wilson(number, number_of(ready), level)
    chance[:, np.isinf(rounds)] = 0.0
    chance[:, np.isnan(rounds)] = np.nan
    when = student(*statistics_of(ready, time), number, level)
    return {
        event: measured(chance, f"probability that {text}", *dims),
        time: measured(when, f"time at which {text}, where it happened", *dims, units="s"),
    }


def _costs(ready: "xr.Dataset") -> "tuple[tuple[Any, Any], Any]":
    """Mean and variance of the cost of rounds; its covariance with the real threats stopped."""
    carried = ~np.isnan(ready["rounds"].values).all(axis=0)
    cost = np.where(carried, ready["round_cost"].values, 0.0)
    mean = cost @ statistics_of(ready, "expended")[0].sum(axis=0)
    variance = np.maximum(cost @ ready["expended_covariance"].values @ cost, 0.0)
    crossed = ready["leaked_expended_covariance"].values @ cost
    return (mean, variance), -crossed[~ready["decoy"].values].sum()


def cost_exchange(result: "xr.Dataset", *, confidence: float = 0.95) -> "xr.Dataset":
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
        Intervals are Student's t; that of the ratio uses the delta method
        (`leakthrough.statistics.intervals.ratio_of_means`).

    Raises
    ------
    ValueError
        If the Dataset is not a result, or `confidence` is not between 0 and 1.
    """
    ready, level = reduced(result), checked_confidence(confidence)
    number, real = number_of(ready), ~ready["decoy"].values
    leakers, spread = statistics_of(ready, "leakers")
    (spent, variance), covariance = _costs(ready)
    value = np.where(real & (ready["launched"].values > 0), ready["threat_cost"].values, 0.0)
    lost, lost_variance = leaked_in(ready, value[None])
    stopped = value @ ready["launched"].values - lost[0]
    stops = ready["launched"].values[real].sum() - leakers
    each = ratio_of_means((spent, variance), (stops, spread), covariance, number, level)
    costs = {
        "cost_spent": (student(spent, variance, number, level, least=0.0), "rounds spent"),
        "cost_stopped": (
            student(stopped, lost_variance[0], number, level, least=0.0),
            "real threats stopped",
        ),
        "cost_per_stop": (each, "rounds spent for each real threat stopped"),
    }
    found = {
        "leakers": measured(
            student(leakers, spread, number, level, least=0.0), "real threats that got through"
        ),
        **{n: measured(v, f"cost of {t}", units="currency") for n, (v, t) in costs.items()},
    }
    return labelled(found, ready, level)
