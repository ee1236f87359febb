"""The points of a sweep as tasks of the scheduler."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from leakthrough.engine.compile_once import compile_for
from leakthrough.engine.jobs import Flag
from leakthrough.engine.lowered import job_of
from leakthrough.engine.replications import least_in_a_task
from leakthrough.engine.scheduler import Parts, Task, Work
from leakthrough.statistics.adjusted import Values, moments_of_values, stacked_moments
from leakthrough.statistics.means import SETTLED
from leakthrough.studies.evaluate import values_of
from leakthrough.studies.measure import Measure
from leakthrough.studies.rows import Limits
from leakthrough.studies.sweep.points import DesignPoint, Evaluator, Plan, Points

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

COUNTED = ("leakers", "expended", "hits", "destroyed")
"""Measures of which a distribution can be kept: counts that can be large."""


class PointResults(NamedTuple):
    """Reduced results of P points, by measure: N names, counts from 0 to W - 1."""

    estimates: "list[Array]"  # (P, 5, N); with controls (P, 6, N)
    counts: "list[Array]"  # (P, N, W) replications by count, of measures in COUNTED


class Sink(Protocol):
    """Receiver of finished points."""

    def take(self, first: int, found: PointResults) -> None:
        """Take the results of the points from position `first` of the order on."""


def reduced(plan: Plan, points: Sequence[list[Values]], limits: Sequence[Limits]) -> PointResults:
    """Reduce the values of all replications of some points."""
    estimates, counts = [], []
    known = [own.rare(plan.replications) for own in limits]
    rare = np.array([[n + own[0].rare] for n, own in zip(known, points, strict=True)])
    for n, measure in enumerate(plan.measures):
        own = [values[n] for values in points]
        # Point by point: the order of summation of NumPy depends on the shape.
        moments = stacked_moments([*map(moments_of_values, own)])
        most = np.stack([limit.most[n] for limit in limits])
        intervals = measure.interval(
            moments, plan.replications, plan.confidence, most=most, rare=rare
        )
        rows = intervals if plan.controls else intervals[: SETTLED + 1]
        estimates.append(np.moveaxis(rows, 0, 1))
        if plan.keep_distributions and is_counted(measure):
            counts.append(_histograms([values.plain for values in own]))
    return PointResults(estimates, counts)


def is_counted(measure: Measure) -> bool:
    """Whether the distribution of a measure is kept."""
    return measure.name in COUNTED


def _histograms(points: "Sequence[Array]") -> "Array":
    """Replications by point, name and number; 0 at points that lack the name."""
    most = max((int(np.nanmax(v, initial=0.0)) for v in points), default=0)
    found = np.zeros((len(points), points[0].shape[1], most + 1), np.uint32)
    for p, values in enumerate(points):
        for n, own in enumerate(values.T):
            if own.size and not np.isnan(own[0]):
                found[p, n] = np.bincount(own.astype(np.int64), minlength=most + 1)
    return found


class SomePoints(NamedTuple):
    """Task: some points in some replications; points with all replications are reduced."""

    plan: Plan
    points: Sequence[DesignPoint]
    start: int
    stop: int
    evaluator: Evaluator | None  # None in another process, where nothing outlives a task

    def prepare(self) -> None:
        """Compile, or lower the first point."""
        if self.evaluator is None:
            compile_for(job_of(self.plan.scenario)[0])
        else:
            self.evaluator.lowered(self.points[0])

    def __call__(self, flag: Flag) -> "PointResults | list[Array]":
        """Return the reduced results of whole points, or the arrays of a part of one."""
        evaluator = self.evaluator or Evaluator(self.plan)
        found = [evaluator.sample(point, self.start, self.stop, flag) for point in self.points]
        whole = self.stop - self.start == self.plan.replications
        if not whole:
            arrays, controls = found[0]
            return [*arrays, *(controls.parts if controls else ())]
        values = [values_of(arrays, controls)[0] for arrays, controls in found]
        return reduced(self.plan, values, [evaluator.limits(point) for point in self.points])


class SweepWork(Work):
    """The requested points of a sweep."""

    def __init__(
        self, plan: Plan, points: Points, wanted: Sequence[tuple[int, int]], sink: Sink
    ) -> None:
        job, _ = job_of(plan.scenario)
        super().__init__(job, wanted, plan.replications, least_in_a_task(job))
        self.plan, self.points, self.sink = plan, points, sink
        self.evaluator = Evaluator(plan, points.built)
        self.parts = Parts(plan.replications)

    def unit(self, task: Task, *, here: bool) -> SomePoints:
        """The callable that computes a task."""
        points, evaluator = self.points.design_points(task.first, task.last), self.evaluator
        return SomePoints(self.plan, points, task.start, task.stop, evaluator if here else None)

    def take(self, task: Task, result: "PointResults | list[Array]") -> None:
        """Pass on whole points; collect the parts of a split point until it is complete."""
        if isinstance(result, PointResults):
            self.sink.take(task.first, result)
        elif whole := self.parts.joined(task.first, task.start, result):
            [point] = self.points.design_points(task.first, task.first + 1)
            values, limits = self.evaluator.values(point, whole), self.evaluator.limits(point)
            self.sink.take(task.first, reduced(self.plan, [values], [limits]))
