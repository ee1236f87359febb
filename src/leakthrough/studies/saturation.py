"""The raid size at which a measure, such as the leak rate, crosses a threshold."""

import concurrent.futures
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import real_in
from leakthrough.model.base import as_whole
from leakthrough.model.check import warn_about
from leakthrough.model.errors import shown
from leakthrough.quantities import quantity
from leakthrough.results.files import writable
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.direction import caution
from leakthrough.studies.evaluate import checked_model, checked_path, origin, two_numbers
from leakthrough.studies.goals import checked_level
from leakthrough.studies.measure import Measure, measure_of
from leakthrough.studies.reading import Numbers
from leakthrough.studies.sequential import SequentialSample
from leakthrough.studies.sweep.axes import is_whole_at, units_at

if TYPE_CHECKING:
    import xarray as xr

PARTS = 1024
"""Resolution on an axis of real numbers: closer points are joined by a straight line."""
SCAN = (*(n / 16 for n in range(17)), *(1 / 2**n for n in range(5, 11)))
"""Points that are simulated first, as parts of the axis: even, and closer at the low end."""
MEAN, LOW, HIGH = 0, 2, 3

Curve = Callable[[float], Numbers]
"""The estimates of the measure at a point of the axis."""


def saturation_point(
    scenario: AnyModel,
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
    controls: bool = True,
) -> "xr.Dataset":
    """Find where along an axis a measure first crosses a threshold, such as a leak rate of 10 %.

    Parameters
    ----------
    scenario : Scenario or Campaign
    axis : mapping of str to (low, high)
        One path, such as ``"salvos.drones.count"`` or ``"salvos.drones.arrival.rate"``, and its
        lowest and highest value; whole numbers if the field holds whole numbers.
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
    controls : bool
        Whether a mean is estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`): the interval of the crossing is then shorter.

    Returns
    -------
    xarray.Dataset
        `crossing` and its interval from `crossing_low` to `crossing_high`, in units of the axis;
        plus or minus infinity if no crossing was shown at the points that were simulated: it may
        lie beyond an end of the axis, or between two of these points.

        `crossings`: how often the measure was shown to cross the threshold at the points of the
        scan. **If it is above 1, the defence does not simply hold on one side of `crossing`**,
        which is the first of them.

        The estimates of the measure, named by its label, along `point`: the points that were
        simulated. Also `seed`, `scenario_digest`, and the attribute `note`: what was tried.

    Raises
    ------
    ValueError
        If an argument is out of range, or the field at the path does not allow these numbers;
        raised before anything is simulated.

    Notes
    -----
    **The mean of a measure need not rise or fall all along an axis**: with more channels or rounds,
    or shorter times, more can leak (see `size_for_goal`); with more threats of an easy class, the
    leak rate falls. So the axis is scanned: at the ends of 16 equal parts, and near its low end at
    1/32, 1/64 and so on to 1/1,024 of it (at every whole number, if there are at most 17). Each
    point is shown to be below the threshold, or above it, or neither, by the interval of the
    measure. `crossings` counts the changes from one side to the other.

    The first change is located by bisection: where the interval of the measure first contains the
    threshold, where it no longer does, and where the estimate crosses in between (an inverted
    test). If the points were shown to be on one side only, the crossing may lie at the points that
    were shown to be on neither, or beyond the end where the estimate is nearer to the threshold.

    If the mean crosses once, the coverage is that of the measure's interval at the exact crossing,
    however many points are simulated, provided the three curves rise (or fall) like the mean
    between two points of the scan; on common random numbers they nearly do. Crossings to and fro
    between two points of the scan are not found: give a shorter axis to look there. Interpolation
    is linear between whole numbers, and between points closer than 1/1,024 of the axis.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> axis = {"salvos.raid.count": (10, 60)}
    >>> found = saturation_point(scenario, axis, "leak_rate", 0.5, replications=2000, seed=7)
    >>> round(float(found.crossing_low), 1), round(float(found.crossing_high), 1)
    (28.0, 28.0)
    >>> int(found.crossings)
    1
    """
    scenario = checked_model(scenario)
    path, low, high = _checked_axis(scenario, axis)
    chosen, number = measure_of(measure), checked_replications(replications, least=2)
    confidence, own = checked_confidence(confidence), checked_seed(seed)
    execution = checked_execution(workers, executor, progress)
    level = checked_level(chosen, "threshold", threshold)
    points: dict[float, Numbers] = {}

    def sample(at: float) -> SequentialSample:
        return SequentialSample(
            scenario.replace(path, at), chosen, seed=own, execution=execution, controls=controls
        )

    def curve(at: float) -> Numbers:
        if at not in points:
            points[at], _ = sample(at).estimates(number, confidence)
        return points[at]

    sample(low), sample(high)  # raises before anything is simulated
    warn_about(scenario, varied=(path,))
    scanned = _scan(low, high)
    sides = [_side(curve(at), level) for at in scanned]
    crossing = _first_crossing(curve, level, scanned, sides)
    units = units_at(scenario, path)
    found = _dataset(chosen, points, crossing, confidence, units)
    crossings = len(_changes(sides))
    text = "how often the measure was shown to cross the threshold"
    found["crossings"] = quantity((), crossings, text)
    found.attrs |= {"path": path, "note": _note(path, scanned, crossings)}
    axis_points = quantity("point", sorted(points), path, units)
    return writable(found.assign_coords({"point": axis_points, **origin(scenario, own)}))


def _checked_axis(scenario: AnyModel, axis: object) -> tuple[str, float, float]:
    """Path and checked ends of an axis, as integers where the field is whole."""
    text = "must be one path with (low, high), low below high"
    if not isinstance(axis, Mapping) or len(axis) != 1:
        raise ValueError(f"axis: {text}; got {shown(axis)}")
    [(path, ends)] = axis.items()
    checked_path("axis", scenario, path)
    low, high = map(real_in, two_numbers(ends) or (np.nan, np.nan))
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"axis: {text}; got {shown(ends)}")
    if is_whole_at(scenario, path):
        low, high = as_whole(low), as_whole(high)
    scenario.replace(path, low)
    scenario.replace(path, high)
    return path, low, high


def _scan(low: float, high: float) -> list[float]:
    """Points of an axis that are simulated first; of whole numbers each once."""
    points = {high if part == 1.0 else low + (high - low) * part for part in SCAN}
    return sorted({*map(math.floor, points)} if isinstance(low, int) else points)


def _side(estimates: Numbers, level: float) -> int:
    """-1 if the measure was shown to be below the level, 1 if above, 0 if neither."""
    return int(estimates[LOW] > level) - int(estimates[HIGH] < level)


def _changes(sides: Sequence[int]) -> list[tuple[int, int]]:
    """Indices between which the measure was shown to go from one side to the other."""
    decided = [n for n, side in enumerate(sides) if side]
    return [(a, b) for a, b in itertools.pairwise(decided) if sides[a] != sides[b]]


def _first_crossing(
    curve: Curve, level: float, scanned: Sequence[float], sides: Sequence[int]
) -> tuple[float, float, float]:
    """The first crossing, and the low and the high end of its interval."""
    low, high = scanned[0], scanned[-1]
    first, last = next(iter(_changes(sides)), (0, len(sides) - 1))
    rising = bool(curve(high)[MEAN] >= curve(low)[MEAN])
    if sides[last] != sides[first]:
        # It arrives at a side, or leaves one.
        rising = sides[last] > sides[first]
    elif 0 in sides and sides[first]:
        rising = sides[first] < 0
    step = 1.0 if isinstance(low, int) else (high - low) / PARTS * (1.0 + 1e-9)
    part = scanned[first : last + 1]
    at, *ends = (_crossing(curve, row, level, part, rising, step) for row in (MEAN, LOW, HIGH))
    # If the band does not cross either, the crossing lies beyond an end of the axis.
    return at, min(*ends, at, high), max(*ends, at, low)


def _crossing(
    curve: Curve, row: int, level: float, part: Sequence[float], rising: bool, step: float
) -> float:
    """Where one of the curves first crosses the level; infinite if beyond an end."""

    def is_past(at: float) -> bool:
        return bool(curve(at)[row] >= level) == rising

    if is_past(part[0]):
        return part[0] if curve(part[0])[row] == level else -np.inf
    beyond = next((n for n, at in enumerate(part) if is_past(at)), None)
    if beyond is None:
        return np.inf
    low, high = part[beyond - 1], part[beyond]
    while high - low > step:
        middle = (low + high) // 2 if isinstance(low, int) else (low + high) / 2.0
        low, high = (low, middle) if is_past(middle) else (middle, high)
    before, after = float(curve(low)[row]), float(curve(high)[row])
    return low + (high - low) * (level - before) / (after - before)


def _note(path: str, scanned: Sequence[float], crossings: int) -> str:
    """What was tried and found, in words."""
    span = f"{len(scanned)} points from {scanned[0]:g} to {scanned[-1]:g}"
    times = "once" if crossings == 1 else f"{crossings} times"
    where = "; the first crossing is given" if crossings > 1 else ""
    text = f"At {span} the measure was shown to cross the threshold {times}{where}"
    return f"{text}. {caution(path)}"


def _dataset(
    measure: Measure,
    points: Mapping[float, Numbers],
    crossing: Sequence[float],
    confidence: float,
    axis: str,
) -> "xr.Dataset":
    """The result of the study; `axis` are the units of the axis."""
    import xarray as xr

    attrs, (at, low, high) = measure.attrs, map(float, crossing)
    estimates, end = np.array([points[point] for point in sorted(points)]).T, "end of the interval"
    variables = {
        "crossing": quantity((), at, "where the measure crosses the threshold", axis),
        "crossing_low": quantity((), low, f"low {end} of the crossing", axis),
        "crossing_high": quantity((), high, f"high {end} of the crossing", axis),
        measure.label: measured(estimates, attrs["long_name"], "point", units=attrs["units"]),
    }
    return labelled(variables, xr.Dataset(), confidence)
