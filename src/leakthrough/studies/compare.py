"""Paired comparison of options on common random numbers."""

import concurrent.futures
import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import flag, of_class, refused
from leakthrough.model.base import plain
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import warn_about
from leakthrough.model.errors import name_fault, shown
from leakthrough.model.scenario import Scenario
from leakthrough.quantities import quantity
from leakthrough.results.labelled import labelled, measured
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.adjusted import (
    Values,
    interval_of_values,
    moments_of_values,
    stacked,
)
from leakthrough.statistics.controls import OF_USE, PLAIN, allowance_of
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.statistics.means import SETTLED
from leakthrough.studies.evaluate import MeasureValues, is_same, prepared, values
from leakthrough.studies.measure import Measure, measures_of
from leakthrough.studies.reading import Numbers

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

_HALVINGS = 60


class _Bounds(NamedTuple):
    """What is known of the values of all options without simulation."""

    least: Numbers  # (measures,)
    most: Numbers  # (measures,)
    rare: float
    drawn: bool  # whether replications may differ
    same: Sequence[str]  # options that equal the baseline but for fields without effect


def compare(
    options: Mapping[str, AnyModel],
    *,
    measures: Sequence[Measure | str],
    replications: int,
    baseline: str | None = None,
    confidence: float = 0.95,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    controls: bool = True,
) -> "xr.Dataset":
    """Compare each option with a baseline, on common random numbers.

    In replication n, all options have the same draws for the decisions that they share. So the
    noise that they share cancels from their differences.

    Parameters
    ----------
    options : mapping of str to Scenario or Campaign
        At least two, by name; they may differ in any field. All are scenarios, or all campaigns.
    measures : sequence of Measure or str
        What to compare; each must exist in all options. A measure with `by` and without `of`
        becomes one measure for each name in the baseline.
    replications : int
        Number for each option, at least 2.
    baseline : str, optional
        Option with which the others are compared; by default the first.
    confidence : float
        Confidence level of each interval. If no option differs from the baseline, the probability
        that any difference is reported as `beyond_chance` is at most 1 - confidence.
    seed, workers, executor, progress
        As for `simulate`.
    controls : bool
        Whether means and differences are estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`); otherwise they are plain.

    Returns
    -------
    xarray.Dataset
        Variables along `measure` (with the coordinate `units`):

        - `value` of each `option`, along `estimate`;
        - `difference`: each `alternative` minus the baseline, along `estimate`;
        - `value_settled` and `difference_settled`: whether the interval can be trusted
          (`leakthrough.statistics.means.mean_interval`); always for probabilities;
        - with controls, `value_interval` and `difference_interval`: what was done
          (`leakthrough.statistics.controls.DONE`);
        - `p_value` of each difference, and `p_adjusted`: corrected for the number of comparisons
          by Holm's method;
        - `beyond_chance`: whether `p_adjusted` is below 1 - confidence;
        - `independent_replications`: how many replications of each option would give the
          difference the same standard error if the options had different seeds, and no controls.
          Infinite if the difference is the same in all replications, NaN if nothing varies.

        Also the `seed`, and the `scenario_digest` of each `option`.

    Raises
    ------
    ValueError
        If an argument is out of range, or an option does not have a measure; raised before
        anything is simulated.

    Notes
    -----
    For numbers, the interval is Student's t over the paired differences where that can be trusted,
    otherwise (also if every difference is the same) a wider bound. An option that differs from the
    baseline only in fields without effect has differences of exactly 0. For probabilities, it is
    Tango's score interval. Like Wilson's, it has a positive width even if no replication differs,
    and it keeps its coverage if few do. The p-value of probabilities is that of McNemar's exact
    test, which is conservative: in a borderline case the interval may exclude 0 although the
    p-value exceeds 1 - confidence.

    References
    ----------
    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of
    Statistics 6, 65-70. Tango (1998), Equivalence test and confidence interval for the difference
    in proportions for the paired-sample design, Statistics in Medicine 17, 891-908. McNemar
    (1947), Note on the sampling error of the difference between correlated proportions or
    percentages, Psychometrika 12, 153-157.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> rounds = "layers.defence.batteries.battery.magazines.interceptor.rounds"
    >>> options = {"20 rounds": scenario, "25 rounds": scenario.replace(rounds, 25)}
    >>> found = compare(options, measures=["leakers", "no_leaker"], replications=1000, seed=1)
    >>> found.difference.sel(estimate="mean").values.round(2).tolist()
    [[-3.23], [0.1]]
    """
    options, first = _checked_options(options, baseline)
    wanted = _named(options[first], measures)
    empty = {}
    for name, scenario in options.items():
        try:
            empty[name] = prepared(scenario, wanted)[1]
        except ValueError as error:
            raise ValueError(f"option {name}: {error}") from None
    number, level = checked_replications(replications, least=2), checked_confidence(confidence)
    own, execution = checked_seed(seed), checked_execution(workers, executor, progress)
    warn_about(*options.values())
    call: Any = {"replications": number, "seed": own, "execution": execution}
    call["controls"] = flag("controls", controls)
    found = {  # (R, measures)
        name: stacked([each.at(0) for each in values(scenario, wanted, **call)])
        for name, scenario in options.items()
    }
    return _dataset(options, wanted, found, first, level, own, _bounds(empty, first, number))


def _bounds(empty: Mapping[str, MeasureValues], first: str, replications: int) -> _Bounds:
    """What is known of the values of all options."""
    limits = [own.limits for own in empty.values()]
    return _Bounds(
        np.min([np.concatenate(own.least) for own in limits], axis=0),
        np.max([np.concatenate(own.most) for own in limits], axis=0),
        max(float(own.rare(replications)) for own in limits),
        any(own.drawn for own in limits),
        [name for name, own in empty.items() if is_same(own, empty[first])],
    )


def _checked_options(options: object, baseline: object) -> tuple[dict[str, AnyModel], str]:
    """Return the checked options and the name of the baseline."""
    if not isinstance(options, Mapping) or len(options) < 2:
        text = "must be at least two scenarios or campaigns by name"
        raise ValueError(f"options: {text}; got {shown(options)}")
    checked: dict[str, AnyModel] = {}
    for name, scenario in options.items():
        if not isinstance(name, str) or not isinstance(scenario, Scenario | Campaign):
            text = "must be scenarios or campaigns by name"
            raise ValueError(f"options: {text}; got {shown(scenario)} by {shown(name)}")
        if why := name_fault(plain(name), dots=True):
            raise ValueError(f"options: a name {why}")
        checked[plain(name)] = of_class(f"options, {shown(name)}", scenario, type(scenario))
    if len({isinstance(scenario, Campaign) for scenario in checked.values()}) > 1:
        raise ValueError("options: must be all scenarios, or all campaigns; got some of both")
    first = next(iter(checked)) if baseline is None else baseline
    if not isinstance(first, str) or first not in checked:
        raise refused("baseline", "the name of an option", baseline, checked)
    return checked, first


def _named(scenario: AnyModel, measures: object) -> list[Measure]:
    """Checked measures of one number each: a grouped one becomes one for each name."""
    wanted: list[Measure] = []
    for measure in measures_of(measures):
        names: Sequence[str | None] = [measure.of]
        if measure.dims:
            names = prepared(scenario, [measure])[1].reader.readers[0].names
            if not names:
                raise ValueError(f"measure {measure.label}: the baseline has none")
        wanted += [dataclasses.replace(measure, of=name) for name in names]
    if len(set(wanted)) < len(wanted):
        raise ValueError("measures: must not hold one twice")
    return wanted


def _differences(
    before: Values,
    after: Values,
    measures: Sequence[Measure],
    confidence: float,
    bounds: _Bounds,
    same: bool,
) -> tuple[Numbers, Numbers, Numbers]:
    """Estimates (measures, 5) of differences, p-values, and what independent seeds need.

    `same` is whether both options are certainly equal.
    """
    values = after - before
    change, number = values.plain, values.replications
    probability = np.array([m.kind.probability for m in measures])
    mean, span = change.mean(axis=0), bounds.most - bounds.least
    certain = same or not bounds.drawn
    least, most = (mean, mean) if certain else (-span, span)
    found = interval_of_values(values, confidence, least=least, most=most, rare=bounds.rare)
    estimates = np.where(probability, found.plain, found.estimates)
    used = ~probability & np.isin(found.done, OF_USE)
    allowance = np.where(used, allowance_of(found.plain, number, confidence), 0.0)
    beyond = np.abs(estimates[0]) - allowance
    freedom = number - 1.0 - np.where(used, values.controls, 0)
    p_values = _student_p(np.maximum(beyond, 0.0), estimates[1], freedom)
    gained, lost = (change == 1.0).sum(axis=0), (change == -1.0).sum(axis=0)
    ends = estimates[2:SETTLED] if certain else tango(gained, lost, number, confidence)
    estimates[2:SETTLED] = np.where(probability, ends, estimates[2:SETTLED])
    estimates[SETTLED] = np.where(probability, 1.0, estimates[SETTLED])
    p_values = np.where(probability, mcnemar(gained, lost), p_values)
    independent = sum(own.plain.var(axis=0, ddof=1) for own in (before, after))
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = independent / estimates[1] ** 2
    codes = np.where(probability, PLAIN, found.done)
    return np.concatenate([estimates, codes[np.newaxis]]).T, p_values, needed


def _value(measure: Measure, own: Values, level: float, bounds: _Bounds, n: int) -> Numbers:
    """Estimates (5,) of the measure of this number from the values (R,) of an option."""
    moments = moments_of_values(own)
    ends = (bounds.least[n], bounds.most[n]) if bounds.drawn else (moments.mean, moments.mean)
    rare = bounds.rare + own.rare
    return measure.interval(
        moments, own.replications, level, least=ends[0], most=ends[1], rare=rare
    )


def _student_p(mean: Numbers, error: Numbers, freedom: Numbers) -> Numbers:
    """Two-sided p-values of the hypothesis that a mean is 0."""
    from scipy.special import stdtr

    with np.errstate(divide="ignore", invalid="ignore"):
        p_values = 2.0 * stdtr(freedom, -np.abs(mean) / error)
    return np.where(error > 0.0, p_values, np.where(mean == 0.0, 1.0, 0.0))


def mcnemar(gained: "npt.ArrayLike", lost: "npt.ArrayLike") -> Numbers:
    """Two-sided p-value of McNemar's exact test that gains and losses are equally likely.

    They are replications in which the event occurs with the second, or the first, option only.
    """
    from scipy.special import betainc

    fewer = np.minimum(gained, lost)
    total = np.add(gained, lost)
    tail = betainc(np.maximum(total - fewer, 1), fewer + 1.0, 0.5)
    return np.where(total == 0, 1.0, np.minimum(2.0 * tail, 1.0))


def tango(
    gained: "npt.ArrayLike", lost: "npt.ArrayLike", number: int, confidence: float
) -> Numbers:
    """Tango's score interval of a difference of paired probabilities.

    It contains the differences d that the score test does not reject:
    (gained - lost - n d)^2 <= z^2 n (2 q + d (1 - d)), where q is the maximum-likelihood estimate
    of the probability to lose given d. It solves
    2 n q^2 + (d (2 n + lost - gained) - lost - gained) q - lost d (1 - d) = 0. Returns low and
    high ends (2, ...), computed by bisection; `number` is that of the replications, n.
    """
    up, down = np.broadcast_arrays(np.asarray(gained, float), np.asarray(lost, float))
    low = -_tango_high(down, up, number, confidence)
    return np.stack([low, _tango_high(up, down, number, confidence)])


def _tango_high(up: Numbers, down: Numbers, number: int, confidence: float) -> Numbers:
    """High end, between the estimated difference and 1; the test statistic rises between them."""
    from scipy.special import ndtri

    z_squared = ndtri((1.0 + confidence) / 2.0) ** 2
    low, high = (up - down) / number, np.ones_like(up)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        slope = middle * (2.0 * number + down - up) - down - up
        root = np.sqrt(slope**2 + 8.0 * number * down * middle * (1.0 - middle))
        # The larger root; for a positive slope in the form without cancellation.
        with np.errstate(divide="ignore", invalid="ignore"):
            other = 2.0 * down * middle * (1.0 - middle) / (root + slope)
        lose = np.where(slope > 0.0, other, (root - slope) / (4.0 * number))
        spread = number * (2.0 * lose + middle * (1.0 - middle))
        kept = (up - down - number * middle) ** 2 <= z_squared * spread
        low, high = np.where(kept, middle, low), np.where(kept, high, middle)
    return high


def holm(p_values: Numbers) -> Numbers:
    """P-values adjusted for their number by Holm's step-down method."""
    flat = p_values.ravel()
    order = np.argsort(flat, kind="stable")
    steps = np.maximum.accumulate(flat[order] * np.arange(len(flat), 0, -1))
    adjusted = np.empty_like(flat)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted.reshape(p_values.shape)


def _dataset(
    options: Mapping[str, AnyModel],
    measures: Sequence[Measure],
    found: Mapping[str, Values],
    first: str,
    level: float,
    seed: int,
    bounds: _Bounds,
) -> "xr.Dataset":
    """Values and differences of the options, from their values (R, measures)."""
    import xarray as xr

    names, number = [name for name in options if name != first], found[first].replications
    others = [
        _differences(found[first], found[name], measures, level, bounds, name in bounds.same)
        for name in names
    ]
    difference, p_value, needed = (np.array(part) for part in zip(*others, strict=True))
    adjusted = holm(p_value.T)
    value = np.array(
        [
            [_value(m, own.at(n), level, bounds, n) for n, m in enumerate(measures)]
            for own in found.values()
        ]
    )
    dims, rows = ("measure", "alternative"), SETTLED + 1
    rows += any(own.controls for own in found.values())  # then the last is what was done
    text = "replications of each option that independent seeds, without controls, would need"
    variables = {
        "value": measured(
            value.transpose(2, 1, 0)[:rows],
            "the measure of each option, see units",
            "measure",
            "option",
        ),
        "difference": measured(
            difference.transpose(2, 1, 0)[:rows], "difference from the baseline, see units", *dims
        ),
        "p_value": quantity(dims, p_value.T, "probability of so large a difference by chance"),
        "p_adjusted": quantity(dims, adjusted, "the same, adjusted for their number after Holm"),
        "beyond_chance": quantity(
            dims, adjusted < 1.0 - level, "whether the difference is beyond chance"
        ),
        "independent_replications": quantity(dims, needed.T, text),
    }
    units = [measure.kind.units for measure in measures]
    digests = [scenario.digest for scenario in options.values()]
    coordinates = {
        "option": list(options),
        "alternative": names,
        "measure": [measure.label for measure in measures],
        "units": ("measure", units, {"long_name": "units of the measure"}),
        "seed": ((), np.int64(seed), {"long_name": COORDINATES["seed"]}),
        "scenario_digest": ("option", digests, {"long_name": COORDINATES["scenario_digest"]}),
    }
    dataset = labelled(variables, xr.Dataset(coords=coordinates), level)
    return dataset.assign_attrs(baseline=first, replications=number)
