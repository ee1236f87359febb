"""A sample of one measure of one scenario that grows on demand, and the error of its mean."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.replications import compute
from leakthrough.model.scenario import Scenario
from leakthrough.run_options import Execution
from leakthrough.statistics.means import moments_of, rare_share
from leakthrough.studies.evaluate import prepared
from leakthrough.studies.measure import Measure, Numbers

if TYPE_CHECKING:
    import numpy.typing as npt

SEQUENTIAL = 50.0
"""Replications, divided by the squared skewness, from which a mean is taken to be normal.

Twice Cochran's rule, because here the number of replications depends on the values: with 25, the
95 % interval of the mean of a one-in-a-hundred event covered 94.4 % when first precise enough.
"""


class SequentialSample:
    """Values of a measure, each computed once.

    Replication n has the draws of replication n of `simulate` with this seed. Raises ValueError if
    the measure is not one number, or the scenario does not have what it selects.
    """

    availability: "npt.ArrayLike" = ()
    least, drawn = 0.0, True

    def __init__(
        self, scenario: Scenario, measure: Measure, *, seed: int, execution: Execution
    ) -> None:
        if measure.dims:
            text = f"must be one number here; select one {measure.by} with `of`"
            raise ValueError(f"measure {measure.label}: {text}")
        self.measure, self.seed, self.execution = measure, seed, execution
        self.job, self.empty = prepared(scenario, [measure])
        self.values: Numbers = np.empty(0)
        limits = self.empty.limits
        self.availability, self.drawn = limits.availability, limits.drawn
        self.least, self.most = float(limits.least[0][0]), float(limits.most[0][0])

    @property
    def span(self) -> float:
        """Width of the range of the values; 0 if nothing is drawn, so that they are all equal."""
        return self.most - self.least if self.drawn else 0.0

    def up_to(self, replications: int) -> Numbers:
        """Values (replications,) of the first replications."""
        first = len(self.values)
        if replications > first:
            job, more = self.job._replace(first=first), replications - first
            sink = self.empty.alike(more)
            compute(job, sink, seed=self.seed, replications=more, **self.execution._asdict())
            self.values = np.concatenate([self.values, sink.values[0][:, 0]])
        return self.values[:replications]

    def estimates(self, replications: int, confidence: float) -> Numbers:
        """Estimates, and whether they are settled (5,); the width is positive for equal values."""
        moments = moments_of(self.up_to(replications))
        ends = (self.least, self.most) if self.drawn else (moments.mean, moments.mean)
        return self.measure.interval(
            moments,
            replications,
            confidence,
            least=ends[0],
            most=ends[1],
            rare=self.rare(replications),
            cochran=SEQUENTIAL,
        )

    def squared_skewness(self) -> float:
        """Squared skewness of the values; 0 if it is below 0."""
        return float(max(moments_of(self.values).skewness, 0.0) ** 2)

    def rare(self, replications: "npt.ArrayLike") -> float:
        """Probability of the states that are rare in some replications."""
        return float(rare_share(self.availability, replications))
