"""The raid size at which a measure, such as the leak rate, crosses a threshold."""

import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.model.check import warn_about
from leakthrough.model.errors import ScenarioError, shown
from leakthrough.model.scenario import Scenario
from leakthrough.quantities import quantity
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.evaluate import checked_scenario, origin, two_numbers
from leakthrough.studies.goals import checked_level
from leakthrough.studies.measure import Measure, Numbers, measure_of
from leakthrough.studies.sequential import SequentialSample

if TYPE_CHECKING:
    import xarray as xr

PARTS = 1024
"""Resolution on an axis of real numbers: closer points are joined by a straight line."""
MEAN, LOW, HIGH = 0, 2, 3


def saturation_point(
    scenario: Scenario,
    axis: Mapping[str, tuple[float, float]],
    measure: Measure | str,
    threshold: float,
    *,
    replications: int = 10_000,
    confidence: float = 0.95,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
) -> "xr.Dataset":
    """Find where along an axis a measure crosses a threshold, such as a leak rate of 10 %.

    Parameters
    ----------
    scenario : Scenario
    axis : mapping of str to (low, high)
        One path, such as ``"salvos.drones.count"`` or ``"salvos.drones.arrival.rate"``, and its
        lowest and highest value; whole numbers if the field holds whole numbers. **The mean of the
        measure must rise all along the axis, or fall all along it.**
    measure : Measure or str
        A measure that gives one number for each replication.
    threshold : float
        In the units of the measure.
    replications : int
        Number for each point.
    confidence : float
        Confidence level of the interval of the crossing.
    seed, workers, executor, progress
        As for `simulate`. All points are simulated on common random numbers.

    Returns
    -------
    xarray.Dataset
        `crossing` and its interval from `crossing_low` to `crossing_high`, in units of the axis;
        plus or minus infinity if an end may lie outside the axis. The estimates of the measure,
        named by its label, along `point`: the points that were simulated. Also `seed` and
        `scenario_digest`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the field at the path does not allow these numbers;
        raised before anything is simulated.

    Notes
    -----
    The interval contains the points at which the interval of the measure contains the threshold
    (an inverted test). Its coverage is that of the measure's interval at the exact crossing,
    however many points are simulated. Three crossings are found by bisection: that of the estimate
    and those of the two ends of its interval. Each of these curves must rise (or fall) like the
    mean; on common random numbers they nearly do. Interpolation is linear between whole numbers,
    and between points closer than 1/1,024 of the axis.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> axis = {"salvos.raid.count": (10, 60)}
    >>> found = saturation_point(scenario, axis, "leak_rate", 0.5, replications=2000, seed=7)
    >>> round(float(found.crossing_low), 1), round(float(found.crossing_high), 1)
    (27.8, 28.2)
    """
    path, low, high = _checked_axis(checked_scenario(scenario), axis)
    chosen, number = measure_of(measure), checked_replications(replications, least=2)
    confidence, own = checked_confidence(confidence), checked_seed(seed)
    execution = checked_execution(workers, executor, progress)
    level = checked_level(chosen, "threshold", threshold)
    points: dict[float, Numbers] = {}

    def sample(at: float) -> SequentialSample:
        return SequentialSample(scenario.replace(path, at), chosen, seed=own, execution=execution)

    def curve(at: float) -> Numbers:
        if at not in points:
            points[at] = sample(at).estimates(number, confidence)
        return points[at]

    sample(low), sample(high)  # raises before anything is simulated
    warn_about(scenario, varied=(path,))
    rising = bool(curve(high)[MEAN] >= curve(low)[MEAN])
    at, *ends = (_crossing(curve, row, level, low, high, rising) for row in (MEAN, LOW, HIGH))
    # If the band does not cross either, the crossing lies beyond an end of the axis.
    crossing = at, min(*ends, high), max(*ends, low)
    found = _dataset(chosen, points, crossing, confidence)
    axis_points = quantity("point", sorted(points), path, "as the axis")
    found.attrs["path"] = path
    return found.assign_coords({"point": axis_points, **origin(scenario, own)})


def _checked_axis(scenario: Scenario, axis: object) -> tuple[str, float, float]:
    """Path and checked ends of an axis, as integers where the field is whole."""
    text = "must be one path with (low, high), low below high"
    if not isinstance(axis, Mapping) or len(axis) != 1:
        raise ValueError(f"axis: {text}; got {shown(axis)}")
    [(path, ends)] = axis.items()
    low, high = map(float, two_numbers(ends) or (np.nan, np.nan))
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"axis: {text}; got {shown(ends)}")
    try:
        scenario.replace(path, low)
        scenario.replace(path, high)
    except ScenarioError:  # the field may be whole; otherwise the error is the user's
        if not (low.is_integer() and high.is_integer()):
            raise
        scenario.replace(path, int(low))
        scenario.replace(path, int(high))
        return path, int(low), int(high)
    return path, low, high


def _crossing(
    curve: Callable[[float], Numbers], row: int, level: float, low: float, high: float, rising: bool
) -> float:
    """Where one of the curves crosses the level; infinite if beyond an end."""

    def is_past(at: float) -> bool:
        return bool(curve(at)[row] >= level) == rising

    if is_past(low):
        return low if curve(low)[row] == level else -np.inf
    if not is_past(high):
        return np.inf
    whole = isinstance(low, int)
    step = 1 if whole else (high - low) / PARTS
    while high - low > step:
        middle = (low + high) // 2 if whole else (low + high) / 2.0
        low, high = (low, middle) if is_past(middle) else (middle, high)
    before, after = float(curve(low)[row]), float(curve(high)[row])
    return low + (high - low) * (level - before) / (after - before)


def _dataset(
    measure: Measure, points: Mapping[float, Numbers], crossing: Sequence[float], confidence: float
) -> "xr.Dataset":
    import xarray as xr

    attrs, axis, (at, low, high) = measure.attrs, "as the axis", map(float, crossing)
    estimates, end = np.array([points[point] for point in sorted(points)]).T, "end of the interval"
    variables = {
        "crossing": quantity((), at, "where the measure crosses the threshold", axis),
        "crossing_low": quantity((), low, f"low {end} of the crossing", axis),
        "crossing_high": quantity((), high, f"high {end} of the crossing", axis),
        measure.label: measured(estimates, attrs["long_name"], "point", units=attrs["units"]),
    }
    return labelled(variables, xr.Dataset(), confidence)
