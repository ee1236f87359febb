"""Parameter sweeps: a scenario at many points."""

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.engine.scheduler import run
from leakthrough.model.arguments import flag, whole
from leakthrough.model.check import warn_about
from leakthrough.quantities import quantity
from leakthrough.results.files import check_names, writable
from leakthrough.results.labelled import MARKS, with_settled
from leakthrough.results.provenance import provenance_text
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import Execution, checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import ESTIMATES, checked_confidence
from leakthrough.statistics.means import SETTLED
from leakthrough.studies.control_values import LEAST
from leakthrough.studies.evaluate import checked_model, origin
from leakthrough.studies.measure import Measure, measures_of
from leakthrough.studies.sweep.axes import POINT, axes_of, coordinates_of, recorded
from leakthrough.studies.sweep.points import Plan, Points
from leakthrough.studies.sweep.store import Results, Store
from leakthrough.studies.sweep.tasks import SweepWork, is_counted

if TYPE_CHECKING:
    import xarray as xr

Design = Literal["grid", "zip", "latin_hypercube", "sobol"]


def sweep(
    scenario: AnyModel,
    axes: Mapping[str, Any],
    *,
    measures: Sequence[Measure | str],
    replications: int,
    design: Design = "grid",
    points: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    keep_distributions: bool = False,
    store: str | Path | None = None,
    controls: bool = True,
) -> "xr.Dataset":
    """Simulate a scenario at many points, on common random numbers.

    All points have the same seed, and therefore the same draws for the decisions that they share.
    So the difference between two points has less noise than either estimate.

    Parameters
    ----------
    scenario : Scenario or Campaign
        Baseline; paths not listed in `axes` keep these values. A campaign is lowered anew at each
        point, a scenario only where needed.
    axes : mapping
        For each axis, by its name: a mapping ``{path: [value, ...], ...}``, whose paths vary
        together; or, if the name is itself a path, a list of values. A value is anything that
        `Scenario.replace` or `Campaign.replace` accepts.
    measures : sequence of Measure or str
        What is computed at each point; at least one.
    replications : int
        Number for each point, from 1 to 2**32 - 1.
    design : {"grid", "zip", "latin_hypercube", "sobol"}
        "grid": all combinations of values; each axis is a dimension. "zip": the first values of all
        axes together, then the second, and so on, along the dimension `point`. "latin_hypercube"
        and "sobol": `points` points fill the space evenly; in place of values, an axis has a range
        ``(low, high)`` or a frozen `scipy.stats` distribution. Whole-number fields get whole
        numbers.
    points : int, optional
        For the last two designs; a power of two for "sobol".
    seed : int, optional
        From 0 to 2**63 - 1, for the draws, and for a design drawn at random; by default random, and
        recorded. The same seed gives exactly the same results for any workers, executor and store.
    workers, executor, progress
        As for `simulate`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    keep_distributions : bool
        Also keep the distributions of leakers and of rounds expended: the number of replications
        with each value, in 4 bytes for each point, name and value from 0 to the largest.
    store : str or Path, optional
        A zarr store; needs the extra `io`. Finished points are written as they are computed (to a
        folder next to it, `.partial`, until all are finished). The same call resumes an interrupted
        or killed sweep and gives exactly the same result.
    controls : bool
        Whether means are estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`); otherwise they are plain. Points with fewer than 100
        replications always are.

    Returns
    -------
    xarray.Dataset
        One variable for each measure, by its `label`: along the axes (or `point`), along
        `estimate` (see `leakthrough.statistics.intervals.ESTIMATES`), and along the grouping of the
        measure. A name that exists at some points only (a unit of a battery whose count varies) is
        NaN at the others. `LABEL_settled`: whether the interval can be trusted, without the
        dimension `estimate` (`leakthrough.statistics.means.mean_interval`). With controls,
        `LABEL_interval`: what was done (`leakthrough.statistics.controls.DONE`). With
        `keep_distributions` also ``distribution of LABEL``: the number of replications with each
        value. The attribute `provenance` has all that `rerun` needs.

    Raises
    ------
    ScenarioError
        If a path does not exist or a value is not allowed; the message names the point.
    ValueError
        If another argument is not allowed, or the store contains another sweep. All this is
        checked before the first replication.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; finished points remain in the store.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> rounds = "layers.defence.batteries.battery.magazines.interceptor.rounds"
    >>> axes = {"rounds": {rounds: [20, 25, 30]}}
    >>> found = sweep(scenario, axes, measures=["leakers"], replications=1000, seed=1)
    >>> found.leakers.sel(estimate="mean").values.round(1).tolist()
    [6.0, 2.8, 1.8]
    """
    scenario = checked_model(scenario)
    own, execution = _checked_measures(measures), checked_execution(workers, executor, progress)
    disk = None if store is None else Store(store)

    def prepared(seed: int | None) -> _Study:
        call = _Call(
            measures=own,
            replications=checked_replications(replications),
            design=design,
            points=None if points is None else whole("points", points, 1),
            seed=checked_seed(seed),
            confidence=checked_confidence(confidence),
            keep_distributions=flag("keep_distributions", keep_distributions),
            controls=flag("controls", controls),
        )
        return _study(scenario, axes, points, call, stored=disk is not None)

    study = prepared(disk.seed() if disk is not None and seed is None else seed)
    warn_about(scenario, varied=study.plan.structure + study.plan.numbers)
    if disk is None:
        return _computed(study, None, execution)
    disk.check(study.provenance)
    if (found := disk.load()) is not None:
        return found
    with disk.held():
        if seed is None and disk.seed() not in (None, study.plan.seed):  # another process began
            study = prepared(disk.seed())
        disk.open(study.provenance)
        found = disk.load()
        return _computed(study, disk, execution) if found is None else found


class _Call(NamedTuple):
    """Arguments on which the bits of a sweep depend, apart from scenario and axes."""

    measures: tuple[Measure, ...]
    replications: int
    design: Design
    points: int | None
    seed: int
    confidence: float
    keep_distributions: bool
    controls: bool


class _Study(NamedTuple):
    """A sweep with all its arguments checked."""

    plan: Plan
    points: Points
    coordinates: "dict[str, xr.Variable]"
    provenance: str


SHARED = ("measures", "replications", "seed", "confidence", "keep_distributions", "controls")


def _study(
    scenario: AnyModel, axes: Mapping[str, Any], points: int | None, call: _Call, *, stored: bool
) -> _Study:
    """Check the axes, their values, and the names in the result."""
    design = call.design
    ready = axes_of(scenario, axes, design=design, points=points, seed=call.seed)
    grid = Points(scenario, ready, zipped=design != "grid")
    coordinates = coordinates_of(scenario, ready, along=None if design == "grid" else POINT)
    own, kept = call.measures, call.keep_distributions
    labels = [name for measure in own for name in _variables(measure, kept)]
    labels += [f"{measure.label}{mark}" for measure in own for mark in MARKS]
    _check_names([*coordinates, *labels], stored=stored)
    plan = Plan(
        scenario=scenario,
        structure=grid.paths(plain=False),
        numbers=grid.paths(plain=True),
        names=grid.checked(own),
        **{name: getattr(call, name) for name in SHARED},
    )
    plan = plan._replace(controls=plan.controls and plan.replications >= LEAST)
    provenance = _provenance(scenario, recorded(axes, ready, design), call)
    return _Study(plan, grid, coordinates, provenance)


def _checked_measures(measures: Any) -> tuple[Measure, ...]:
    found = tuple(measures_of(measures))
    labels = [measure.label for measure in found]
    if twice := next((name for name in labels if labels.count(name) > 1), None):
        raise ValueError(f"measures: {twice} is given more than once")
    return found


def _variables(measure: Measure, keep_distributions: bool) -> tuple[str, ...]:
    """Names of a measure's variable and, if kept, of its distribution and that one's dimension."""
    if not (keep_distributions and is_counted(measure)):
        return (measure.label,)
    return measure.label, f"distribution of {measure.label}", f"number of {measure.label}"


def _check_names(names: Sequence[str], *, stored: bool) -> None:
    """Check that a Dataset and the folder of a store can have these names."""
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"axes: {twice} is the name of something else in the result")
    if stored:
        check_names(names, "store")


def _provenance(scenario: AnyModel, axes: dict[str, Any], call: _Call) -> str:
    arguments = {
        "axes": axes,
        **call._asdict(),
        "measures": [asdict(measure) for measure in call.measures],
        "seed": str(call.seed),
    }
    return provenance_text(scenario, arguments, study="sweep")


def _computed(study: _Study, store: Store | None, execution: Execution) -> "xr.Dataset":
    """Compute the missing points; on interruption the finished ones are written to the store."""
    results = Results(study.points, store)
    work = SweepWork(study.plan, study.points, results.missing(), results)
    try:
        run(work, **execution._asdict())
    finally:
        if store is not None:
            store.flush()
    found = _dataset(study, results)
    if store is not None:
        store.finish(found)
    return found


def _dataset(study: _Study, results: Results) -> "xr.Dataset":
    import xarray as xr

    plan, shape, coordinates = study.plan, study.points.shape, study.coordinates
    dims = tuple(dict.fromkeys(str(dim) for own in coordinates.values() for dim in own.dims))
    text = f"estimate; low and high of the {100 * plan.confidence:g} % interval"
    coordinates = {
        **coordinates,
        "estimate": xr.Variable(("estimate",), list(ESTIMATES), {"long_name": text}),
        **origin(plan.scenario, plan.seed),
    }
    data: dict[str, xr.Variable] = {}
    distributions = iter(results.distributions())
    for measure, own, values in zip(plan.measures, plan.names, results.estimates(), strict=True):
        by, sizes = measure.dims, (len(own),) * len(measure.dims)
        if by:
            attrs = {"long_name": COORDINATES[by[0]]}
            coordinates[by[0]] = xr.Variable(by, np.array(own, np.str_), attrs)
        label, *kept = _variables(measure, plan.keep_distributions)
        values = values.reshape(*shape, SETTLED + 1 + plan.controls, *sizes)
        data[label] = xr.Variable((*dims, "estimate", *by), values, measure.attrs)
        if kept:
            (name, number), counts = kept, next(distributions)
            counts = counts.reshape(*shape, *sizes, counts.shape[-1])
            text = f"replications by number: {measure.long_name}"
            data[name] = quantity((*dims, *by, number), counts, text)
            coordinates[number] = quantity(number, np.arange(counts.shape[-1]), **measure.attrs)
    attrs = {"provenance": study.provenance, "Conventions": "CF-1.11"}
    return writable(xr.Dataset(with_settled(data), coordinates, attrs))


def axes_again(scenario: AnyModel, call: dict[str, Any]) -> "dict[str, xr.Variable]":
    """Coordinates of the points of a sweep, from its provenance."""
    design, points = call["design"], call["points"]
    axes = axes_of(scenario, call["axes"], design=design, points=points, seed=call["seed"])
    return coordinates_of(scenario, axes, along=None if design == "grid" else POINT)


def sweep_again(scenario: AnyModel, call: dict[str, Any], **execution: Any) -> "xr.Dataset":
    """Repeat a sweep from its provenance; see `leakthrough.rerun`."""
    measures = [Measure(**measure) for measure in call["measures"]]
    return sweep(scenario, **{**call, "measures": measures}, **execution)
