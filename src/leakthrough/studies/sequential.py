"""A sample of one measure of one scenario that grows on demand, and the error of its mean."""

import numpy as np

from leakthrough.engine.replications import compute
from leakthrough.model.scenario import Scenario
from leakthrough.run_options import Execution
from leakthrough.studies.evaluate import prepared
from leakthrough.studies.measure import Measure, Numbers

SETTLED = 50.0
"""Replications, divided by the squared skewness, from which a mean is taken to be normal.

Twice Cochran's rule, because here the number of replications depends on the values: with 25, the
95 % interval of the mean of a one-in-a-hundred event covered 94.4 % when first precise enough.
"""


class SequentialSample:
    """Values of a measure, each computed once.

    Replication n has the draws of replication n of `simulate` with this seed. Raises ValueError if
    the measure is not one number, or the scenario does not have what it selects.
    """

    def __init__(
        self, scenario: Scenario, measure: Measure, *, seed: int, execution: Execution
    ) -> None:
        if measure.dims:
            text = f"must be one number here; select one {measure.by} with `of`"
            raise ValueError(f"measure {measure.label}: {text}")
        self.measure, self.seed, self.execution = measure, seed, execution
        self.job, self.empty = prepared(scenario, [measure])
        self.values: Numbers = np.empty(0)
        self.most = np.inf
        if measure.kind.source == "leaked":
            all_leak = self.job.tables.salvos["count"][np.newaxis]
            self.most = float(self.empty.reader.readers[0](all_leak)[0, 0])

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
        """Mean, standard error and interval (4,); its width is positive even for equal values."""
        values = self.up_to(replications)
        found = self.measure.estimates(values[:, np.newaxis], confidence)[:, 0]
        if not self.measure.kind.probability:
            margin = margin_of(values, (1.0 - confidence) / 2.0, self.most)
            found[2:] = max(found[0] - margin, 0.0), min(found[0] + margin, self.most)
        return found


def margin_of(values: Numbers, error: float, most: float) -> float:
    """One-sided margin of error of the mean of a sample.

    Student's t where there are enough replications for the skewness of the values. Otherwise the
    bound of Maurer and Pontil, which is valid for any values from 0 to `most` and positive where
    all values are equal; if `most` is infinite, the largest value is used instead. `error` is the
    probability that the true mean differs by more, on one side. References: see
    `leakthrough.simulate_to_precision`.
    """
    from scipy.special import stdtrit

    number, variance = len(values), float(values.var(ddof=1))
    if is_settled(values):
        return float(stdtrit(number - 1.0, 1.0 - error)) * float(np.sqrt(variance / number))
    largest = most if np.isfinite(most) else float(values.max())
    log = float(np.log(2.0 / error))
    return float(np.sqrt(2.0 * variance * log / number)) + 7.0 * largest * log / (3 * number - 3)


def is_settled(values: Numbers) -> bool:
    """Whether the sample is large enough for a normal mean, by Cochran's rule times two.

    For a rare event this is so after some 50 occurrences.
    """
    return bool(np.ptp(values) > 0 and len(values) >= SETTLED * skewness(values) ** 2)


def skewness(values: Numbers) -> float:
    """Skewness of a sample; 0 where all values are equal."""
    if np.ptp(values) == 0:
        return 0.0
    deviation = values - values.mean()
    square = deviation * deviation  # a cube by ** is ten times as slow
    return float((square * deviation).mean() / square.mean() ** 1.5)
