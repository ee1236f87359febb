"""Sequential simulation until an interval is narrow enough."""

import concurrent.futures
import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import flag, real_in
from leakthrough.model.check import warn_about
from leakthrough.model.errors import shown
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.statistics.means import NEGLIGIBLE, SETTLED
from leakthrough.studies.evaluate import checked_model, origin
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.sequential import FIRST, SequentialSample
from leakthrough.studies.strata import StratifiedSample, stratified

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]

MARGIN = 1.1
"""Factor on the estimated number of replications, which makes a further analysis rare."""
EVENTS = 100.0
"""Occurrences of a rare event that a relative precision requires."""
LEAST_GROWTH, MOST_GROWTH = 1.25, 8.0
"""Bounds of the growth from one interim analysis to the next: few analyses, no large overshoot."""


Sample = SequentialSample | StratifiedSample


class _Wanted(NamedTuple):
    """Requested precision."""

    half_width: float
    relative: bool
    confidence: float
    most: int


class _Interim(NamedTuple):
    """Result of one interim analysis."""

    estimates: "Numbers"  # (5,)
    enough: bool  # replications for this kind of interval
    reached: bool
    needed: float  # estimated replications


def simulate_to_precision(
    scenario: AnyModel,
    measure: Measure | str,
    half_width: float,
    *,
    relative: bool = False,
    confidence: float = 0.95,
    most_replications: int = 1_000_000,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    controls: bool = True,
) -> "xr.Dataset":
    """Simulate until the interval of a measure is narrow enough.

    Parameters
    ----------
    scenario : Scenario or Campaign
    measure : Measure or str
        A measure that gives one number for each replication.
    half_width : float
        Requested half-width of the interval [units of the measure]; with `relative`, as a fraction
        of the mean.
    relative : bool
        Whether `half_width` is a fraction of the mean.
    confidence : float
        Confidence level of the interval, between 0 and 1.
    most_replications : int
        Largest number of replications, at least 2.
    seed, workers, executor, progress
        As for `simulate`. The replications are the first ones of `simulate` with this seed; with
        strata (see the notes), those of `simulate` of the scenario with the layers up or down.
    controls : bool
        Whether a mean is estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`): this takes fewer replications.

    Returns
    -------
    xarray.Dataset
        The measure, by its label, along `estimate`; `LABEL_settled`, whether it has Student's
        interval (see the notes); `replications`, the number used; `analyses`, the number at each
        interim analysis; `reached`, whether the interval is narrow enough; `seed` and
        `scenario_digest`.

    Warns
    -----
    RuntimeWarning
        If the interval is still too wide with `most_replications`.

    Raises
    ------
    ValueError
        If an argument is out of range; raised before anything is simulated.

    Notes
    -----
    A rule that stops as soon as the interval is narrow stops when the sample variance happens to
    be small, so its coverage is too low: 5 to 20 % instead of 95 % for a rare event with a first
    batch of 20. Therefore

    - the first batch has 1,000 replications; with controls 100, or 40 for each control up to 400.
      In which order controls are used is decided then, without a look at the measure. Before
      1,000, only an interval with controls counts;
    - later batches are planned from the variance so far plus a tenth (after Stein). Two or three
      interim analyses are usual; each multiplies the number of replications by 1.25 to 8;
    - a mean has Student's t interval only if the number of replications is at least 50 times its
      squared skewness, twice Cochran's rule (a rare event has then occurred about 50 times).
      Before that, and if all values are equal, it has the wider interval of Maurer and Pontil,
      which is valid for any bounded values (`leakthrough.statistics.means`);
    - a layer that is up, or down, with a probability below 0.1 has **strata**: the scenario with
      the layer up, and with it down, on the draws that they have anyway. Each has at least 30
      replications; further ones are allocated by probability and standard deviation (Neyman).
      Strata that cannot change the mean by a tenth of `half_width`, or in which more than two
      layers are in a rare state, are bounded by their probability. A campaign has no strata;
    - a probability has Wilson's interval, which is wide if the event never occurred;
    - with `relative`, a rare event must have occurred about 100 times (the replications must be at
      least 100 times the squared skewness, if that is above 0): if events occur early by chance,
      the mean seems larger, and its relative precision better, than it is.

    Rounds of infinite magazines, and their costs, are assumed to be bounded by the largest
    observed value. The rule does not guard against a mean that is dominated by events much rarer
    than one replication in a thousand, unless they are states of layers.

    References
    ----------
    Stein (1945), A two-sample test for a linear hypothesis whose power is independent of the
    variance, Annals of Mathematical Statistics 16, 243-258. Chow and Robbins (1965), On the
    asymptotic theory of fixed-width sequential confidence intervals for the mean, Annals of
    Mathematical Statistics 36, 457-462. Cochran, Sampling Techniques (3rd ed. 1977), section
    2.15, and chapter 5 on strata. Maurer and Pontil (2009), Empirical Bernstein bounds and sample
    variance penalization.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> found = simulate_to_precision(scenario, "leakers", 0.1, seed=7)
    >>> int(found.replications), found.leakers.values.round(2).tolist()
    (100, [6.0, 0.0, 5.95, 6.05])
    """
    scenario = checked_model(scenario)
    chosen = measure_of(measure)
    wanted = _checked(chosen, half_width, relative, confidence, most_replications)
    execution = checked_execution(workers, executor, progress)
    whole = SequentialSample(
        scenario, chosen, seed=checked_seed(seed), execution=execution, controls=controls
    )
    allowed = 0.0 if relative else NEGLIGIBLE * wanted.half_width
    sample = stratified(whole, allowed, wanted.most)
    warn_about(scenario)
    numbers, interim = _until(sample, wanted)
    if not interim.reached:
        text = f"{chosen.label}: not as precise as requested with {numbers[-1]:,} replications"
        more = f"; some {interim.needed:,.0f} seem needed" if np.isfinite(interim.needed) else ""
        warnings.warn(text + more, RuntimeWarning, stacklevel=2)
    found = _dataset(sample, interim, numbers, wanted.confidence)
    return found.assign_coords(origin(scenario, sample.seed))


def _checked(
    measure: Measure, half_width: object, relative: object, confidence: float, most: int
) -> _Wanted:
    relative, width = flag("relative", relative), real_in(half_width)
    share = relative or measure.is_share
    if not 0.0 < width < (1.0 if share else np.inf):
        allowed = "between 0 and 1" if share else "a finite number above 0"
        said = "relative to a mean" if relative else f"for {measure.label}"
        raise ValueError(f"half_width: {said} must be {allowed}; got {shown(half_width)}")
    number_of = checked_replications(most, "most_replications", 2)
    return _Wanted(width, relative, checked_confidence(confidence), number_of)


def _until(sample: Sample, wanted: _Wanted) -> tuple[list[int], _Interim]:
    """Replications at each interim analysis, and the result of the last one."""
    numbers = [min(sample.first, wanted.most)]
    while True:
        interim = _analyse(sample, numbers[-1], wanted)
        if interim.reached or numbers[-1] == wanted.most:
            return numbers, interim
        growth = min(max(MARGIN * interim.needed / numbers[-1], LEAST_GROWTH), MOST_GROWTH)
        number = int(np.ceil(growth * numbers[-1]))
        numbers.append(min(number if interim.enough else max(number, FIRST), wanted.most))


def _analyse(sample: Sample, number: int, wanted: _Wanted) -> _Interim:
    """The interval, whether the precision is reached, and the estimated replications."""
    probability = sample.measure.kind.probability
    estimates, controlled = sample.estimates(number, wanted.confidence)
    enough = controlled or number >= min(FIRST, wanted.most)
    mean, low, high = estimates[0], estimates[2], estimates[3]
    # One end may be clipped to the range of the mean; the larger side counts.
    reach = (high - low) / 2.0 if probability else max(high - mean, mean - low)
    target = wanted.half_width * (mean if wanted.relative else 1.0)
    ratio = float(reach / target) if target > 0.0 else np.inf
    if reach == 0.0:  # certain, also if the mean is 0
        ratio = 0.0
    # A rare event that occurs early by chance seems more frequent and precise than it is.
    rare = EVENTS * sample.squared_skewness() if wanted.relative else 0.0
    varies = 0.0 < mean < 1.0 if probability else estimates[SETTLED]
    needed = max(number * ratio ** (2 if varies else 1), rare)
    return _Interim(estimates, enough, enough and ratio <= 1.0 and number >= rare, needed)


def _dataset(
    sample: Sample, interim: _Interim, numbers: list[int], confidence: float
) -> "xr.Dataset":
    import xarray as xr

    label, attrs = sample.measure.label, sample.measure.attrs
    return labelled(
        {
            label: measured(interim.estimates, attrs["long_name"], units=attrs["units"]),
            "replications": xr.Variable((), numbers[-1], _attrs("replications used")),
            "reached": xr.Variable((), interim.reached, _attrs("whether the precision is reached")),
            "analyses": xr.Variable("analysis", numbers, _attrs("replications at each analysis")),
        },
        xr.Dataset(),
        confidence,
    )


def _attrs(long_name: str) -> dict[str, str]:
    return {"units": "1", "long_name": long_name}
