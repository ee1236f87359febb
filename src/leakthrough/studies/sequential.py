"""A sample of one measure of one scenario that grows on demand, and the error of its mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.engine.replications import compute
from leakthrough.model.arguments import flag
from leakthrough.run_options import Execution
from leakthrough.statistics.adjusted import Values, moments_of_values
from leakthrough.statistics.controls import OF_USE, REPLICATIONS_EACH
from leakthrough.statistics.means import moments_of, rare_share
from leakthrough.studies.control_values import LEAST, ControlValues
from leakthrough.studies.evaluate import prepared, values_of
from leakthrough.studies.measure import Measure
from leakthrough.studies.reading import Numbers

if TYPE_CHECKING:
    import numpy.typing as npt

SEQUENTIAL = 50.0
"""Replications, divided by the squared skewness, from which a mean is taken to be normal.

Twice Cochran's rule, because here the number of replications depends on the values: with 25, the
95 % interval of the mean of a one-in-a-hundred event covered 94.4 % when first precise enough.
"""
FIRST, MOST_CONTROLLED = 1_000, 400
"""Replications of the first batch: with the variance of a few dozen a rule stops far too early.
With controls it may have 100, or 40 for each control up to 400."""


class SequentialSample:
    """Values of a measure, each computed once.

    Replication n has the draws of replication n of `simulate` with this seed. In which order
    controls are used is decided when the first values are read. Raises ValueError if the measure is
    not one number, or the scenario does not have what it selects.
    """

    availability: "npt.ArrayLike" = ()
    least, drawn = 0.0, True
    controls: ControlValues | None = None
    order: Sequence[int] | None = None

    def __init__(
        self,
        scenario: AnyModel,
        measure: Measure,
        *,
        seed: int,
        execution: Execution,
        controls: bool = False,
    ) -> None:
        if measure.dims:
            text = f"must be one number here; select one {measure.by} with `of`"
            raise ValueError(f"measure {measure.label}: {text}")
        self.measure, self.seed, self.execution = measure, seed, execution
        self.job, self.empty = prepared(scenario, [measure])
        if flag("controls", controls) and not measure.kind.probability:
            self.with_controls()
        self.arrays: list[Numbers] = [own[:0] for own in self.empty.values]
        limits = self.empty.limits
        self.availability, self.drawn = limits.availability, limits.drawn
        self.least, self.most = float(limits.least[0][0]), float(limits.most[0][0])

    def with_controls(self) -> None:
        """Keep the controls of all replications; there must be none yet."""
        self.empty = self.empty.with_controls()
        self.controls, self.order = self.empty.controls, None

    @property
    def first(self) -> int:
        """Replications of the first batch."""
        if self.controls is None or self.controls.number == 0:
            return FIRST
        return min(max(LEAST, REPLICATIONS_EACH * self.controls.number), MOST_CONTROLLED)

    @property
    def plain(self) -> Numbers:
        """Values without controls of all replications read so far."""
        return self.arrays[0][:, 0]

    @property
    def ends(self) -> tuple[float, float]:
        """Range of the values read so far; if nothing is drawn, they are all equal."""
        mean = float(self.plain.mean())
        return (self.least, self.most) if self.drawn else (mean, mean)

    def up_to(self, replications: int) -> Values:
        """Values (replications,) of the first replications."""
        first = len(self.plain)
        if replications > first:
            job, more = self.job._replace(first=first), replications - first
            sink = self.empty.alike(more)
            compute(job, sink, seed=self.seed, replications=more, **self.execution._asdict())
            self.arrays = [*map(np.concatenate, zip(self.arrays, sink.values, strict=True))]
            if self.controls is not None and sink.controls is not None:
                pairs = zip(self.controls.parts, sink.controls.parts, strict=True)
                self.controls = self.controls.joined(*map(np.concatenate, pairs))
        controls = self.controls and self.controls.up_to(replications)
        arrays = [own[:replications] for own in self.arrays]
        [found], self.order = values_of(arrays, controls, self.order)
        return found.at(0)

    def estimates(self, replications: int, confidence: float) -> "tuple[Numbers, bool]":
        """Estimates with their marks, and whether the interval has controls.

        The marks are whether they are settled and, with controls, what was done. The width is
        positive for equal values.
        """
        values = self.up_to(replications)
        least, most = self.ends
        found = self.measure.estimated(
            moments_of_values(values),
            replications,
            confidence,
            least=least,
            most=most,
            rare=self.rare(replications) + values.rare,
            cochran=SEQUENTIAL,
        )
        rows = found.estimates if self.controls is None else found.rows
        return rows, bool(np.isin(found.done, OF_USE))

    def squared_skewness(self) -> float:
        """Squared skewness of the values; 0 if it is below 0."""
        return float(max(moments_of(self.plain).skewness, 0.0) ** 2)

    def rare(self, replications: "npt.ArrayLike") -> float:
        """Probability of the states that are rare in some replications."""
        return float(rare_share(self.availability, replications))
