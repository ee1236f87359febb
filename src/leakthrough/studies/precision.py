"""As many replications as a wanted precision takes."""

import concurrent.futures
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.model.errors import shown
from leakthrough.model.scenario import Scenario
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.evaluate import checked_scenario, origin
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.sequential import SequentialSample, is_settled, skewness

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]

FIRST = 1_000
"""Replications of the first batch: a variance from a few dozen stops far too early."""
MARGIN = 1.1
"""What is asked for beyond what seems needed: one more interim analysis is rarely needed."""
EVENTS = 100.0
"""Of what is rare, where the precision is relative to how often it was found."""
LEAST_GROWTH, MOST_GROWTH = 1.25, 8.0
"""Bounds of a batch, over what there is: few interim analyses, and no leap on a poor guess."""


class _Wanted(NamedTuple):
    """What is to be reached."""

    half_width: float
    relative: bool
    confidence: float
    most: int


class _Interim(NamedTuple):
    """What one interim analysis finds."""

    estimates: "Numbers"  # (4,)
    reached: bool
    needed: float  # replications, as it seems


def simulate_to_precision(
    scenario: Scenario,
    measure: Measure | str,
    half_width: float,
    *,
    relative: bool = False,
    confidence: float = 0.95,
    most_replications: int = 1_000_000,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool = False,
) -> "xr.Dataset":
    """Simulate until the interval of a measure is narrow enough.

    Parameters
    ----------
    scenario : Scenario
    measure : Measure or str
        One number a replication.
    half_width : float
        Half the width of the interval [as the measure]; with `relative`, over its mean.
    relative : bool
    confidence : float
        Of the interval.
    most_replications : int
        When to give up, from 2.
    seed, workers, executor, progress
        As for `simulate`. The replications are the first ones of `simulate` with this seed.

    Returns
    -------
    xarray.Dataset
        The measure, by its label, along `estimate`; `replications` used; `analyses`, the
        replications at each interim analysis; whether it was `reached`; `seed` and
        `scenario_digest`.

    Warns
    -----
    RuntimeWarning
        If the interval is still too wide with `most_replications`.

    Raises
    ------
    ValueError
        If an argument is out of range, before anything is simulated.

    Notes
    -----
    To stop as soon as an interval looks narrow stops where the spread happens to look small, and
    covers too little: 5 to 20 % of the time instead of 95, for a rare event, from a first batch
    of 20. Here

    - the first batch holds 1,000 replications, and the next ones are planned from the variance
      found so far, with a tenth more, after Stein: two or three interim analyses are usual, and
      each batch multiplies what there is by 1.25 to 8;
    - a mean has Student's t interval only once there are 50 times its squared skewness of
      replications, twice Cochran's rule (a rare event has then happened some 50 times); before
      that, and where all values are equal, it has the wider interval of Maurer and Pontil, which
      holds for any bounded values;
    - a probability has Wilson's interval, which is wide where nothing happened;
    - with `relative`, something rare must have happened some 100 times (replications are 100 times
      the squared skewness, where that is above 0): what comes early by chance seems larger than
      it is, and so its relative precision better.

    Rounds and costs are taken to be bounded by the largest that was seen. A mean of these that
    is made up by something much rarer than one replication in a thousand is not guarded against.

    References
    ----------
    Stein (1945), A two-sample test for a linear hypothesis whose power is independent of the
    variance, Annals of Mathematical Statistics 16, 243-258. Chow and Robbins (1965), On the
    asymptotic theory of fixed-width sequential confidence intervals for the mean, Annals of
    Mathematical Statistics 36, 457-462. Cochran, Sampling Techniques (3rd ed. 1977), section
    2.15. Maurer and Pontil (2009), Empirical Bernstein bounds and sample variance penalization.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> found = simulate_to_precision(scenario, "leakers", 0.1, seed=7)
    >>> int(found.replications), found.leakers.values.round(2).tolist()
    (1712, [6.01, 0.05, 5.92, 6.11])
    """
    checked_scenario(scenario)
    wanted = _checked(measure_of(measure), half_width, relative, confidence, most_replications)
    execution = checked_execution(workers, executor, progress)
    sample = SequentialSample(
        scenario, measure_of(measure), seed=checked_seed(seed), execution=execution
    )
    numbers, interim = _until(sample, wanted)
    if not interim.reached:
        text = f"{sample.measure.label}: not as precise as wanted with {numbers[-1]:,} replications"
        more = f"; some {interim.needed:,.0f} seem needed" if np.isfinite(interim.needed) else ""
        warnings.warn(text + more, RuntimeWarning, stacklevel=2)
    found = _dataset(sample, interim, numbers, wanted.confidence)
    return found.assign_coords(origin(scenario, sample.seed))


def _checked(
    measure: Measure, half_width: object, relative: object, confidence: float, most: int
) -> _Wanted:
    if not isinstance(relative, bool):
        raise ValueError(f"relative: must be True or False; got {shown(relative)}")
    number = isinstance(half_width, int | float | np.number) and not isinstance(half_width, bool)
    width = float(half_width) if number else np.nan  # type: ignore[arg-type]
    share = relative or measure.kind.probability or measure.name == "leak_rate"
    if not 0.0 < width < (1.0 if share else np.inf):
        allowed = "between 0 and 1" if share else "a finite number above 0"
        said = "relative to a mean" if relative else f"for {measure.label}"
        raise ValueError(f"half_width: {said} must be {allowed}; got {shown(half_width)}")
    number_of = checked_replications(most, "most_replications", 2)
    return _Wanted(width, relative, checked_confidence(confidence), number_of)


def _until(sample: SequentialSample, wanted: _Wanted) -> tuple[list[int], _Interim]:
    """Replications at each interim analysis, and what the last one finds."""
    numbers = [min(FIRST, wanted.most)]
    while True:
        interim = _analyse(sample, numbers[-1], wanted)
        if interim.reached or numbers[-1] == wanted.most:
            return numbers, interim
        numbers.append(_next(numbers[-1], interim.needed, wanted.most))


def _analyse(sample: SequentialSample, number: int, wanted: _Wanted) -> _Interim:
    """The interval, whether it is narrow enough and to be believed, and what seems needed."""
    probability = sample.measure.kind.probability
    estimates = sample.estimates(number, wanted.confidence)
    mean, low, high = estimates[0], estimates[2], estimates[3]
    # An end may have been cut where the mean cannot lie: then the other side counts.
    reach = (high - low) / 2.0 if probability else max(high - mean, mean - low)
    target = wanted.half_width * (mean if wanted.relative else 1.0)
    ratio = float(reach / target) if target > 0.0 else np.inf
    values, rare = sample.up_to(number), 0.0
    if wanted.relative:
        # What is rare and happened to come early seems more, and so more precise, than it is.
        rare = EVENTS * max(skewness(values), 0.0) ** 2
    varies = np.ptp(values) > 0 if probability else is_settled(values)
    needed = max(number * ratio ** (2 if varies else 1), rare)
    return _Interim(estimates, ratio <= 1.0 and number >= rare, needed)


def _next(number: int, needed: float, most: int) -> int:
    """Replications of the next interim analysis."""
    growth = min(max(MARGIN * needed / number, LEAST_GROWTH), MOST_GROWTH)
    return min(int(np.ceil(growth * number)), most)


def _dataset(
    sample: SequentialSample, interim: _Interim, numbers: list[int], confidence: float
) -> "xr.Dataset":
    """What was found, labelled."""
    import xarray as xr

    label, attrs = sample.measure.label, sample.measure.attrs
    return labelled(
        {
            label: measured(interim.estimates, attrs["long_name"], units=attrs["units"]),
            "replications": xr.Variable((), numbers[-1], _said("replications used")),
            "reached": xr.Variable(
                (), interim.reached, _said("whether it is as precise as wanted")
            ),
            "analyses": xr.Variable("analysis", numbers, _said("replications at each analysis")),
        },
        xr.Dataset(),
        confidence,
    )


def _said(long_name: str) -> dict[str, str]:
    return {"units": "1", "long_name": long_name}
