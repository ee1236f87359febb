"""Controls of the measures of a study: the random decisions of each replication as numbers."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.bounds import check_memory
from leakthrough.engine.decisions import decision_names
from leakthrough.engine.jobs import Block
from leakthrough.engine.labels import Labels
from leakthrough.engine.lowered import AnyJob, decided, deciding
from leakthrough.results.controls import Controls
from leakthrough.statistics.adjusted import Values, adjusted_values, fixed_point, measured_values
from leakthrough.statistics.controls import ControlSums

Whole = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.float64]

LEAST = 100
"""Replications below which controls narrow hardly any interval."""
PARTS = 1 << 16
"""Of one expected occurrence, in sums that decide the order of the controls: exact integers."""
_adding = threading.Lock()  # global: instances are pickled to other processes, locks cannot be


class _Known(NamedTuple):
    """The random decisions of a lowered scenario or campaign."""

    job: AnyJob
    controls: Controls


class ControlValues:
    """A sink that keeps the controls (R, C) of every replication.

    Parameters
    ----------
    known : _Known
    replications : int
    """

    def __init__(self, known: _Known, replications: int = 0) -> None:
        self.known, number = known, known.controls.controls
        what = f"replications: {number} controls of {replications:,} of them"
        check_memory(8.0 * replications * number, what, "controls=False needs less memory")
        self.numbers: Whole = np.empty((replications, number), np.int64)
        self.expected: Whole = np.zeros(len(known.controls.names), np.int64)

    @property
    def number(self) -> int:
        """Number of controls."""
        return int(self.numbers.shape[1])

    @property
    def parts(self) -> list[Whole]:
        """What the sink keeps, as arrays that can be joined to those of other replications."""
        return [self.numbers, self.expected[np.newaxis]]

    def joined(self, numbers: Whole, expected: Whole) -> "ControlValues":
        """The sink of all replications, from the joined `parts` of several."""
        found = self.alike(0)
        found.numbers, found.expected = numbers, expected.sum(axis=0)
        return found

    def up_to(self, replications: int) -> "ControlValues":
        """The sink of the first replications; what is expected is that of all."""
        return self.joined(self.numbers[:replications], self.expected[np.newaxis])

    def alike(self, replications: int) -> "ControlValues":
        """An empty sink for some replications."""
        return ControlValues(self.known, replications)

    def take(self, start: int, block: Block) -> None:
        """Compute the controls of some replications: sums over the raids of a campaign."""
        found = decided(self.known.job, block)
        numbers = self.known.controls.numbers(found["occurred"], found["expected"]).sum(axis=1)
        expected = np.rint(found["expected"].sum(axis=1) * PARTS).astype(np.int64)
        self._put(start, numbers, expected.sum(axis=0))

    def merge(self, start: int, other: "ControlValues") -> None:
        """Add the controls of another sink."""
        self._put(start, other.numbers, other.expected)

    def _put(self, start: int, numbers: Whole, expected: Whole) -> None:
        self.numbers[start : start + len(numbers)] = numbers
        with _adding:
            self.expected += expected

    def adjusted(
        self, measures: Sequence[Numbers], order: Sequence[int] | None = None
    ) -> tuple[list[Values], Sequence[int] | None]:
        """Values of measures (R, names) with one set of controls, and the order of the controls.

        It may have been found before. Measures that are NaN are left as they are.
        """
        number = len(self.numbers)
        if number < LEAST or not self.number:
            return [*map(measured_values, measures)], order
        plain = np.concatenate(measures, axis=1)
        missing = np.isnan(plain)
        plain[missing] = 0.0
        sums = ControlSums(self.number, plain.shape[1])
        sums.take(self.numbers, fixed_point(plain)[0])
        expected = self.expected / (PARTS * number)
        fit, order = self.known.controls.fit(sums, expected, order)
        adjusted = adjusted_values(plain, self.numbers, fit).adjusted
        adjusted[missing] = np.nan
        stops = np.cumsum([own.shape[1] for own in measures])[:-1]
        pairs = zip(measures, np.split(adjusted, stops, axis=1), strict=True)
        return [Values(own, part, fit.controls) for own, part in pairs], order


def control_values(job: AnyJob, labels: Labels) -> ControlValues:
    """An empty sink for the controls of a lowered scenario or campaign."""
    job = deciding(job)
    variances = np.array([*job.cells.values()], np.float64)
    return ControlValues(_Known(job, Controls(decision_names(job.cells, labels), variances)))
