"""The points of a sweep: combinations of values, their validation, and their scenarios."""

import threading
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.jobs import Flag
from leakthrough.engine.lowered import AnyModel, job_of, labels_of, raids_in
from leakthrough.engine.replications import size_of_block
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError
from leakthrough.model.paths import changed, check_alone, value_at
from leakthrough.statistics.adjusted import Values
from leakthrough.studies.control_values import ControlValues, control_values
from leakthrough.studies.evaluate import values_of
from leakthrough.studies.measure import Measure
from leakthrough.studies.reading import check_raids, names_of
from leakthrough.studies.rows import Limits, every_name
from leakthrough.studies.sweep.axes import Axis, key_of
from leakthrough.studies.sweep.patching import LoweredCampaign, LoweredScenario, is_plain, lowered

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Indices = npt.NDArray[np.int64]

RENAMING = ("name", "interceptor")
MOST_LOWERED = 64
MOST_BUILT = 10_000
"""Validated scenarios that are cached for the simulation."""
NOTHING: Mapping[int, AnyModel] = MappingProxyType({})
Lowered = LoweredScenario | LoweredCampaign
PLAIN = int | float | str | bool | None

Names = tuple[tuple[str, ...], ...]
"""By measure, the names of its values over all points."""


class Plan(NamedTuple):
    """What all points have in common; sent with every task of an executor."""

    scenario: AnyModel
    measures: tuple[Measure, ...]
    structure: tuple[str, ...]  # paths whose values require a new scenario
    numbers: tuple[str, ...]  # paths of plain numbers, which are patched
    names: Names
    replications: int
    seed: int
    confidence: float
    keep_distributions: bool
    controls: bool


class DesignPoint(NamedTuple):
    """The values of all axes at one point."""

    key: int  # equal for points of equal structure
    structure: tuple[Any, ...]
    numbers: tuple[Any, ...]


class Points:
    """All points, ordered so that those of equal structure are adjacent.

    If `zipped`, the axes vary together; otherwise all combinations are points.
    """

    def __init__(self, scenario: AnyModel, axes: Sequence[Axis], *, zipped: bool) -> None:
        self.scenario, self.axes, self.zipped = scenario, axes, zipped
        self.shape = (axes[0].size,) if zipped else tuple(axis.size for axis in axes)
        number = np.arange(int(np.prod(self.shape)))
        self.indices = [number] * len(axes) if zipped else np.unravel_index(number, self.shape)
        self.split = [_is_plain_axis(scenario, axis, axes) for axis in axes]
        self.keys = self._keys()
        self.order = np.argsort(self.keys, kind="stable")
        self.built: dict[int, AnyModel] = {}  # by key: validation takes as long as lowering

    def _keys(self) -> "Indices":
        """A key for each point, equal for points of equal structure."""
        keys = np.zeros(int(np.prod(self.shape)), np.int64)
        for axis, indices, plain in zip(self.axes, self.indices, self.split, strict=True):
            if not plain:
                codes: dict[tuple[str, ...], int] = {}
                own = [
                    codes.setdefault(tuple(map(key_of, axis.at(n))), len(codes))
                    for n in range(axis.size)
                ]
                _, keys = np.unique(keys * len(codes) + np.array(own)[indices], return_inverse=True)
        return keys

    def paths(self, *, plain: bool) -> tuple[str, ...]:
        """Paths of plain numbers, or the others."""
        pairs = zip(self.axes, self.split, strict=True)
        return tuple(path for axis, is_plain in pairs if is_plain == plain for path in axis.paths)

    def _values(self, point: int, *, plain: bool) -> tuple[Any, ...]:
        triples = zip(self.axes, self.indices, self.split, strict=True)
        return tuple(
            value
            for axis, indices, is_plain in triples
            if is_plain == plain
            for value in axis.at(int(indices[point]))
        )

    def design_points(self, first: int, stop: int) -> list[DesignPoint]:
        """The points at positions `first` to `stop` - 1 of the order."""
        return [
            DesignPoint(
                int(self.keys[p]), self._values(p, plain=False), self._values(p, plain=True)
            )
            for p in self.order[first:stop].tolist()
        ]

    def named(self, point: int, *, plain: bool) -> str:
        """A point's label for messages, with or without its plain numbers."""
        triples = zip(self.axes, self.indices, self.split, strict=True)
        return ", ".join(
            axis.label(int(indices[point]))
            for axis, indices, is_plain in triples
            if plain or not is_plain
        )

    def checked(self, measures: Sequence[Measure]) -> Names:
        """Check all values: plain numbers alone, other values at each point of distinct structure.

        Returns the names of each measure's values over all points. Raises ScenarioError if a value
        is not allowed, and ValueError if a point lacks the name that a measure selects or SciPy
        cannot compute the quantiles of a distribution.
        """
        for axis, plain in zip(self.axes, self.split, strict=True):
            if plain:
                self._check_alone(axis)
        named = any(measure.by or measure.kind.needs for measure in measures)
        names: list[dict[str, None]] = [{} for _ in measures]
        paths = self.paths(plain=False)
        # A plain number may be a parameter of a distribution whose quantiles SciPy cannot compute.
        owners = [value_at(self.scenario, path.rpartition(".")[0] or path) for path in paths]
        shaped = any(isinstance(owner, Distribution) for owner in owners)
        _, firsts = np.unique(self.keys, return_index=True)
        for point in firsts.tolist():
            structure = self._values(point, plain=False)
            try:
                scenario = changed(self.scenario, dict(zip(paths, structure, strict=True)))
                if shaped or not all(isinstance(value, PLAIN) for value in structure):
                    job_of(scenario)
                every = every_name(labels_of(scenario)) if named else {}
                own = [names_of(measure, every) for measure in measures]
                for measure in measures:
                    check_raids(measure, raids_in(scenario))
                if len(self.built) < MOST_BUILT:
                    self.built[int(self.keys[point])] = scenario
            except ScenarioError as error:
                raise ScenarioError(*error.mistakes, source=self._source(point)) from None
            except ValueError as error:
                raise ValueError(f"{self._source(point)}: {error}") from None
            for known, found in zip(names, own, strict=True):
                known.update(dict.fromkeys(found))
        return tuple(tuple(known) for known in names)

    def _source(self, point: int) -> str:
        named = self.named(point, plain=False)
        return f"the point {named}" if named else "the scenario"

    def _check_alone(self, axis: Axis) -> None:
        for n in range(axis.size):
            try:
                for path, value in zip(axis.paths, axis.at(n), strict=True):
                    check_alone(self.scenario, path, value)
            except ScenarioError as error:
                raise ScenarioError(*error.mistakes, source=f"the point {axis.label(n)}") from None


def _is_plain_axis(scenario: AnyModel, axis: Axis, axes: Sequence[Axis]) -> bool:
    """Whether an axis varies only plain numbers, on paths that no axis renames."""
    renamed = any(path.split(".")[-1] in RENAMING for other in axes for path in other.paths)
    pairs = zip(axis.paths, axis.values, strict=True)
    return not renamed and all(is_plain(scenario, path, values) for path, values in pairs)


class Evaluator:
    """Computes the measures of points; caches the most recent lowered scenarios."""

    def __init__(self, plan: Plan, built: Mapping[int, AnyModel] = NOTHING) -> None:
        self.plan, self.built = plan, built
        self.kept: dict[int, Lowered] = {}
        self.lock = threading.Lock()

    def lowered(self, point: DesignPoint) -> Lowered:
        """The lowered scenario of a point, without its plain numbers."""
        with self.lock:
            found = self.kept.get(point.key)
        if found is None:
            changes = dict(zip(self.plan.structure, point.structure, strict=True))
            scenario = self.built.get(point.key) or changed(self.plan.scenario, changes)
            found = lowered(scenario, self.plan.measures, self.plan.numbers)
            with self.lock:
                for other in self.kept.values():
                    other.unused.clear()  # points of equal structure are adjacent
                self.kept[point.key] = found
                while len(self.kept) > MOST_LOWERED:
                    del self.kept[next(iter(self.kept))]
        return found

    def sample(
        self, point: DesignPoint, start: int, stop: int, flag: Flag
    ) -> "tuple[list[Numbers], ControlValues | None]":
        """What is kept of some replications of a point, and their controls if they are wanted.

        Values of each measure (replications, all names), NaN for a missing name, and losses.
        """
        own, job = self.lowered(point), self.lowered(point).job(point.numbers)
        blocks, controls = [], self._controls(point, stop - start)
        for begin in range(start, stop, size := size_of_block(job)):
            end = min(begin + size, stop)
            rows = own.block(point.numbers, self.plan.seed, begin, end, flag)
            blocks.append(own.reader(job, rows))
            if controls is not None:
                controls.take(begin - start, rows)
        *values, lost = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
        return [*self._aligned(own, values), lost], controls

    def values(self, point: DesignPoint, arrays: "Sequence[Any]") -> list[Values]:
        """Values of each measure (replications, all names) from the joined arrays of its parts."""
        number, controls = len(self.plan.measures) + 1, self._controls(point)
        joined = controls and controls.joined(*arrays[number:])
        return values_of(arrays[:number], joined)[0]

    def _controls(self, point: DesignPoint, replications: int = 0) -> ControlValues | None:
        if not self.plan.controls:
            return None
        own = self.lowered(point)
        job = own.job(point.numbers)
        return control_values(job, own.reader.labels).alike(replications)

    def limits(self, point: DesignPoint) -> Limits:
        """Ranges of the measures at a point; NaN for a missing name."""
        lowered = self.lowered(point)
        found = lowered.reader.limits(lowered.job(point.numbers))
        most = self._aligned(lowered, [own[np.newaxis] for own in found.most])
        return found._replace(most=[own[0] for own in most])

    def _aligned(self, lowered: Lowered, values: "list[Numbers]") -> "list[Numbers]":
        triples = zip(values, lowered.reader.readers, self.plan.names, strict=True)
        return [_aligned(own, reader.names, names) for own, reader, names in triples]


def _aligned(values: "Numbers", own: tuple[str, ...], names: tuple[str, ...]) -> "Numbers":
    if own == names:
        return values
    found = np.full((len(values), len(names)), np.nan)
    found[:, [names.index(name) for name in own]] = values
    return found
