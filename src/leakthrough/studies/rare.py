"""Probabilities of rare events: tilted random decisions, weighted by their likelihood ratio."""

import concurrent.futures
import warnings
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.decisions import decision_names
from leakthrough.engine.tilting import Tilts
from leakthrough.model.arguments import of_class, real_in
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import warn_about
from leakthrough.model.errors import shown
from leakthrough.model.scenario import Scenario
from leakthrough.quantities import described
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.importance import balance_weights, concentration, weighted_probability
from leakthrough.statistics.intervals import checked_confidence, wilson
from leakthrough.studies.evaluate import origin
from leakthrough.studies.goals import Goal, check_drawn
from leakthrough.studies.kinds import MEASURES
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.tilted import Event, Found, Reading, Runs, searched

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

LEAST = 2_000
"""Replications of a study."""
UNTILTED = 0.1
"""Share of the final replications that are not tilted (defensive mixture)."""
SMALLEST_SHARE = 0.1
"""Share of a search in the tilted replications, at least."""
FEWEST, LARGEST = 100.0, 0.05
"""Effective sample size, and share of the largest weight, that an estimate needs."""


def rare(
    scenario: Scenario | Campaign,
    event: Measure | Goal | str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    replications: int = 40_000,
    confidence: float = 0.95,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
) -> "xr.Dataset":
    """Probability of a rare event in a raid, from one in a thousand to one in a hundred million.

    Parameters
    ----------
    scenario : Scenario or Campaign
        A campaign must have one raid; so the numbers of threats may be distributions.
    event : Measure, str or Goal
        A measure that gives one number for each replication, with one of the bounds below. Or a
        goal: the event is that a replication violates it. That is, of a goal for a probability,
        that `no_leaker`, `at_most` or `dry` does not occur (`at_least`) or occurs (`at_most`); of a
        goal for a quantile, that the measure is on the other side of the bound.
    at_least, at_most : float, optional
        The event is that the measure is at least, or at most, so large.
    replications : int
        Replications in total, at least 2,000. At most half of them search for tilts.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    seed, workers, executor, progress
        As for `simulate`.

    Returns
    -------
    xarray.Dataset
        `probability` along `estimate`, NaN if it is refused (see the notes); `crude`, the estimate
        from the `untilted_replications`, which are the first ones of `simulate` with this seed;
        `refused`; `effective_sample_size` of the event's weights and `largest_weight`, as a share
        of their sum; `replications`; `tilt` along `search` and `decision`: what is added to the log
        odds of a decision, or, of what is drawn once in a raid, the slope of the exponential tilt
        for each standard deviation; `share` of each search in the tilted replications; `seed` and
        `scenario_digest`. The attribute `note` is the reason of a refusal.

    Warns
    -----
    RuntimeWarning
        If the estimate is refused.

    Raises
    ------
    ValueError
        If an argument is out of range, the event is impossible, or threats keep their luck
        (`common_detection`, `common_kill`); raised before anything is simulated.

    Notes
    -----
    Importance sampling. All decisions that are counted (`occurred` in a result), which layers are
    up, uncertain probabilities and numbers of threats are drawn with other probabilities, with
    which the event is frequent. Each replication has the ratio of its probabilities without and
    with tilts as a weight, so the estimate is unbiased for any tilts; good ones make it precise.
    They are found by the cross-entropy method: in each stage, the replications nearest to the event
    give the tilts of the next stage. There are several searches, since a rare event may have
    several causes: with all layers in their usual state, with each layer in its other state, and
    with each decision that seldom occurs, or seldom fails to occur, made frequent. A tenth of the
    final replications have no tilts; the others are divided among the searches. The weights are
    those of the mixture of all of them (balance heuristic).

    The estimate is refused if the effective sample size is below 100 or one replication has more
    than 5 % of the weight. **This does not find all errors**: if no search has found the most
    probable cause of the event, the estimate is too low, and nothing shows it. Arrivals and times
    are not tilted. So vary the seed, and compare with `simulate` at a level that is less rare.

    References
    ----------
    Rubinstein and Kroese (2004), The Cross-Entropy Method. Owen and Zhou (2000), Safe and effective
    importance sampling, Journal of the American Statistical Association 95, 135-143. Veach and
    Guibas (1995), Optimally combining sampling techniques for Monte Carlo rendering.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=40, kill_probability=0.7, looks=2
    ... )
    >>> found = rare(scenario, "leakers", at_least=12, replications=10_000, seed=1)
    >>> mean, error, low, high = found.probability.values
    >>> f"{mean:.1e}, from {low:.1e} to {high:.1e}; the exact probability is 1.8e-08"
    '1.8e-08, from 1.7e-08 to 2.0e-08; the exact probability is 1.8e-08'
    """
    scenario = of_class("scenario", scenario, Scenario, Campaign)  # type: ignore[assignment]
    wanted = _event(event, at_least, at_most)
    number = checked_replications(replications, least=LEAST)
    level, own_seed = checked_confidence(confidence), checked_seed(seed)
    execution = checked_execution(workers, executor, progress)
    reading = Reading(scenario, wanted)
    warn_about(scenario)
    with Runs(reading, number, own_seed, execution) as runs:
        found = _estimates(runs, searched(runs), level)
    if found.attrs["note"]:
        warnings.warn(f"{wanted.text}: {found.attrs['note']}", RuntimeWarning, stacklevel=2)
    own = origin(scenario, own_seed)
    return found.assign_coords(own).assign_attrs(event=wanted.text, scenario=scenario.name)


# ---------------------------------------------------------------- events

GUIDES = {"dry": "expended", "all_down": "destroyed", "depot_dry": "expended"}
"""Measures that guide the search for whether something occurs."""


def _event(given: object, at_least: object, at_most: object) -> Event:
    """The event of a measure and a bound, or of a goal."""
    if isinstance(given, Goal):
        if at_least is not None or at_most is not None:
            text = f"{shown(at_least)} and {shown(at_most)}"
            raise ValueError(f"event: a Goal has its own bound; got {text} too")
        return _violation(given)
    measure = measure_of(given, "event")
    _check_measure(measure)
    if (at_least is None) == (at_most is None):
        text = f"{shown(at_least)} and {shown(at_most)}"
        raise ValueError(f"event: needs one of at_least and at_most; got {text}")
    name = "at_most" if at_least is None else "at_least"
    bound = at_most if at_least is None else at_least
    value, share = real_in(bound), measure.is_share
    if not 0.0 <= value <= (1.0 if share else np.finfo(float).max):
        allowed = "from 0 to 1" if share else "a finite number from 0"
        raise ValueError(f"{name}: for {measure.label} must be {allowed}; got {shown(bound)}")
    if measure.kind.probability:
        certain = value == (0.0 if name == "at_least" else 1.0)
        if certain:
            text = f"{measure.label} is 0 or 1 in each replication, so this is certain"
            raise ValueError(f"{name}: {text}; got {shown(bound)}")
        return _occurrence(measure, occurs=name == "at_least")
    text = f"{measure.label} {name.replace('_', ' ')} {value:g}"
    sign = 1.0 if name == "at_least" else -1.0
    return Event((measure,), sign, sign * value, text)


def _violation(goal: Goal) -> Event:
    """The event that a replication violates a goal."""
    measure, above = measure_of(goal.measure), goal.at_least is None
    _check_measure(measure)
    if measure.kind.probability:
        return _occurrence(measure, occurs=above)
    if goal.quantile is None:
        text = "must be for a quantile or a probability, since a mean is not an event"
        raise ValueError(f"event: a Goal {text}; got {goal.label}")
    sign = 1.0 if above else -1.0
    text = f"{measure.label} {'above' if above else 'below'} {goal.bound:g}"
    return Event((measure,), sign, float(np.nextafter(sign * goal.bound, np.inf)), text)


def _occurrence(measure: Measure, *, occurs: bool) -> Event:
    """The event that what a probability is about occurs, or does not occur."""
    text = measure.label if occurs else f"not {measure.label}"
    if measure.name in GUIDES:
        name = GUIDES[measure.name]
        own = (measure.by, measure.of) if measure.by in MEASURES[name].by else ()
        guide = Measure(name, *own)
        return Event((measure, guide), 1.0 if occurs else -1.0, 1.0 if occurs else 0.0, text)
    leakers = Measure("hits" if measure.is_of_assets else "leakers", measure.by, measure.of)
    if occurs:
        return Event((leakers,), -1.0, -float(measure.count), text)
    return Event((leakers,), 1.0, measure.count + 1.0, text)


def _check_measure(measure: Measure) -> None:
    if measure.dims:
        text = f"must be one number here; select one {measure.by} with `of`"
        raise ValueError(f"event: measure {measure.label} {text}")
    check_drawn(measure, "event")


# ---------------------------------------------------------------- estimates


def _estimates(runs: Runs, every: list[Found], confidence: float) -> "xr.Dataset":
    """The Dataset of the replications that are left, divided among the searches."""
    import xarray as xr

    numbers = _numbers([search.spread for search in every], runs.left)
    tilts = [runs.reading.tilting.none, *(search.tilts for search in every)]
    weights, shares = _weights(runs, tilts, numbers), np.array(numbers) / sum(numbers)
    size, largest = concentration(weights)
    note, crude = _refusal(size, largest), np.count_nonzero(weights[: numbers[0]])
    estimates = np.full(4, np.nan) if note else weighted_probability(weights, confidence)
    names = decision_names(runs.reading.tilting.cells, runs.reading.labels)
    table = np.array(tilts[1:]).reshape(len(every), len(names))
    variables = {
        "probability": measured(estimates, f"probability: {runs.reading.event.text}"),
        "crude": measured(wilson(crude, numbers[0], confidence), "from those without tilts"),
        "refused": _number(bool(note), "whether the estimate is refused"),
        "effective_sample_size": _number(size, "of the event's weights"),
        "largest_weight": _number(largest, "share of the event's weights"),
        "replications": _number(runs.total, "in total, searches included"),
        "untilted_replications": _number(numbers[0], "final replications without tilts"),
        "share": _number(shares[1:], "of the final replications", "search"),
        "tilt": _number(
            table,
            "of the log odds; of what is drawn once, slope for each standard deviation",
            *("search", "decision"),
        ),
    }
    coordinates = xr.Dataset(coords={"decision": np.array(names, np.str_)})
    return labelled(variables, coordinates, confidence).assign_attrs(note=note)


def _weights(runs: Runs, tilts: list[Tilts], numbers: list[int]) -> "npt.NDArray[np.float64]":
    """Weights of the event in the final replications, 0 where it does not occur."""
    tilting, shares = runs.reading.tilting, np.array(numbers) / sum(numbers)
    found = []
    for own, number in zip(tilts, numbers, strict=True):
        sample = runs.sample(own, number)
        ratios = [tilting.log_ratio(sample.seen, other) for other in tilts]
        found.append(sample.hit * balance_weights(ratios, shares))
    return np.concatenate(found)


def _numbers(spreads: list[float], total: int) -> list[int]:
    """Final replications: without tilts, then of each search, in proportion to its spread."""
    if not spreads:
        return [total]
    shares = np.maximum(np.array(spreads) / max(sum(spreads), 1e-300), SMALLEST_SHARE)
    untilted = max(round(UNTILTED * total), 2)
    own = np.floor((total - untilted) * shares / shares.sum()).astype(int)
    own[np.argmax(own)] += total - untilted - own.sum()
    return [untilted, *own.tolist()]


def _refusal(size: float, largest: float) -> str:
    """Why an estimate is refused; empty if it is not."""
    if size == 0.0:
        return "refused: the event has not occurred in any replication"
    if size < FEWEST:
        return f"refused: the effective sample size is {size:.0f}, below {FEWEST:.0f}"
    if largest > LARGEST:
        text = f"{100 * largest:.0f} % of the weight, more than {100 * LARGEST:.0f} %"
        return f"refused: one replication has {text}"
    return ""


def _number(value: object, long_name: str, *dims: str) -> "xr.Variable":
    import xarray as xr

    return xr.Variable(dims, value, described(long_name, "1"))
