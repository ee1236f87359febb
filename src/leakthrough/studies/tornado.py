"""One-at-a-time sensitivity (tornado): each field at its low and its high value."""

import concurrent.futures
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import table
from leakthrough.model.errors import shown
from leakthrough.results.labelled import measured
from leakthrough.run_options import checked_execution
from leakthrough.statistics.adjusted import Values, stacked
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.evaluate import checked_path, two_numbers
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import PairedRuns

if TYPE_CHECKING:
    import xarray as xr


def tornado(
    scenario: AnyModel,
    ranges: Mapping[str, tuple[Any, Any]],
    measure: Measure | str = "leakers",
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    controls: bool = True,
) -> "xr.Dataset":
    """Change one field at a time to its low and its high value, and estimate the effect.

    All scenarios have the same draws, and differences are paired by replication: their intervals
    are far shorter than with independent simulations. Interactions between fields are not
    detected; `sensitivity` does.

    Parameters
    ----------
    scenario : Scenario or Campaign
        Base scenario; one field at a time is changed.
    ranges : mapping of str to (low, high)
        By path, two numbers that the field allows. Use equally plausible ranges for all fields,
        since a wider range gives a longer bar.
    measure : Measure or str
        A measure that gives one number for each replication.
    replications : int
        Number of replications of each scenario, at least 2.
    seed, workers, executor, progress
        As for `simulate`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means and differences are estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`); otherwise they are plain.

    Returns
    -------
    xarray.Dataset
        - `base`: the measure of the base scenario, along `estimate`;
        - `difference`: from the base, along `path`, `end` (low, high) and `estimate`, with the
          interval of paired differences;
        - `swing`: the measure at the high value minus that at the low one, along `path` and
          `estimate`, paired too;
        - `setting`: the value of the field, along `path` and `end`.

        With controls, `base_interval`, `difference_interval` and `swing_interval` say what was done
        (`leakthrough.statistics.controls.DONE`).

        `base_settled`, `difference_settled` and `swing_settled`: whether the interval can be
        trusted (`leakthrough.statistics.means.mean_interval`). It cannot if the difference is the
        same in all replications, unless that is certain: the two scenarios are the same but for
        fields without effect, or nothing is drawn. Then its width is 0.

    Raises
    ------
    ValueError
        If a path does not exist, a value is not allowed there, or another argument is not allowed;
        raised before anything is simulated.

    Examples
    --------
    >>> scenario = exact.as_scenario("leakers", threats=10, kill_probability=0.8)
    >>> kill = "interceptors.interceptor.kill_probability.threat"
    >>> found = tornado(scenario, {kill: (0.7, 0.9)}, replications=1000, seed=1)
    >>> found.difference.sel(estimate="mean").values.round(2).tolist()
    [[1.0, -1.0]]
    """
    import xarray as xr

    level = checked_confidence(confidence)
    execution = checked_execution(workers, executor, progress)
    runs = PairedRuns(scenario, measure, replications, seed, execution, controls)
    ranges = _checked_ranges(runs.scenario, ranges)
    runs.check({path: value} for path, pair in ranges.items() for value in pair)
    # A field without effect leads to the same tables.
    changes = [[{path: value} for value in pair] for path, pair in ranges.items()]
    same = np.array([[runs.is_same({}, own) for own in pair] for pair in changes])
    alike = np.array([runs.is_same(*pair) for pair in changes])
    with runs:
        base = runs.values({})
        first = stacked([base])
        low, high = (stacked([runs.values(pair[end]) for pair in changes]) for end in (0, 1))
    attrs, settings = runs.measure.attrs, np.array(list(ranges.values()), np.float64)

    def paired(values: Values, equal: Any, text: str, *dims: str) -> "xr.Variable":
        estimates = runs.differences(values, level, equal)
        return measured(estimates, f"{attrs['long_name']}: {text}", *dims, units=attrs["units"])

    variables = {
        "base": measured(runs.estimates(base, level), **attrs),
        "difference": paired(
            stacked([low - first, high - first]), same, "difference from the base", "path", "end"
        ),
        "swing": paired(high - low, alike, "high less low", "path"),
        "setting": xr.Variable(("path", "end"), settings, {"long_name": "value of the field"}),
    }
    coordinates = {
        "path": ("path", list(ranges), {"long_name": "field of the scenario"}),
        "end": ("end", ["low", "high"], {"long_name": "end of the range"}),
    }
    return runs.labelled(variables, coordinates, level)


def _checked_ranges(scenario: AnyModel, ranges: object) -> dict[str, tuple[Any, ...]]:
    """Checked ends of each range as Python numbers."""
    found = {}
    for path, given in table("ranges", ranges, "path to (low, high)").items():
        checked_path("ranges", scenario, path)
        pair = two_numbers(given)
        if pair is None or pair[0] == pair[1]:
            text = f"must be two different numbers, low and high; got {shown(given)}"
            raise ValueError(f"ranges, {path}: {text}")
        found[path] = pair
    return found
