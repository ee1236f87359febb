"""Stratified sampling of a measure by the rare states that a scenario names.

A layer that is nearly always up, or nearly always down, may change a mean by more than its error,
although hardly any replication shows it. Its probability is known. So each combination of these
states is a stratum: the scenario with the layers fixed in it, on the draws that it has anyway.
"""

import copy
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.engine.chances import Drawn, drawn_in
from leakthrough.engine.jobs import RaidJob
from leakthrough.engine.tables import Tables
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.statistics.adjusted import stacked_moments
from leakthrough.statistics.means import moments_of, span_of
from leakthrough.studies.evaluate import MeasureValues
from leakthrough.studies.sequential import SequentialSample

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]

RARE_STATE = 0.1
"""Probability below which a state of a layer has strata."""
FEWEST = 30
"""Replications of each stratum, at least."""
MOST_RARE = 2
"""Rare states at a time: combinations of more are bounded by their probability."""
MOST_STRATA = 16


class _Stratum(NamedTuple):
    """Layers that are fixed, up (1) or down (0), and the probability of that."""

    probability: float
    up: dict[int, int]


def _strata(tables: Tables) -> list[_Stratum]:
    """Combinations of at most two rare states, the most probable first.

    An uncertain availability counts with its mean. Layers with one draw of it are not independent,
    and have no strata.
    """
    availability, drawn = tables.layers["availability"] / WORD_RANGE, _drawn(tables)
    shared = np.bincount(drawn.uses["chance"], minlength=tables.chances.size) > 1
    together = {*drawn.codes[shared[drawn.uses["chance"]]].tolist()}
    usual = {
        layer: int(chance > 0.5)
        for layer, chance in enumerate(availability.tolist())
        if 0.0 < min(chance, 1.0 - chance) < RARE_STATE and layer not in together
    }
    found = []
    for number in range(MOST_RARE + 1):
        for changed in itertools.combinations(usual, number):
            up = {layer: state ^ (layer in changed) for layer, state in usual.items()}
            chances = [
                availability[n] if state else 1.0 - availability[n] for n, state in up.items()
            ]
            found.append(_Stratum(float(np.prod(chances)), up))
    return sorted(found, key=lambda stratum: -stratum.probability)


def _drawn(tables: Tables) -> Drawn:
    """Layers with an uncertain availability."""
    return drawn_in(tables, "layers", "availability")


def _fixed(sample: SequentialSample, job: RaidJob, stratum: _Stratum) -> SequentialSample:
    """An empty sample with layers fixed; all other draws of the job stay as they are."""
    found, tables = copy.copy(sample), job.tables.copy()
    drawn = _drawn(tables)
    for layer, up in stratum.up.items():
        tables.layers["availability"][layer] = up * WORD_RANGE
        for word in drawn.uses["word"][drawn.codes == layer]:
            use = tables.uses["word"] == word
            tables.uses["chance"][use], tables.uses["fixed"][use] = -1, up * WORD_RANGE
    found.job = job._replace(tables=tables)
    found.arrays = [own[:0] for own in sample.arrays]
    found.empty = MeasureValues(found.job, sample.empty.reader)
    if sample.controls is not None:
        found.with_controls()
    found.availability = tables.layers["availability"] / WORD_RANGE
    return found


def stratified(
    sample: SequentialSample, allowed: float, most_replications: int
) -> "SequentialSample | StratifiedSample":
    """A sample by strata, or the sample itself if its scenario has no rare states that matter.

    Strata that together cannot change the mean by more than `allowed` are not simulated. A
    probability needs none: the interval of Wilson covers it anyway. Nor has a campaign any: its
    layers are drawn in each of its raids.
    """
    if sample.measure.kind.probability or not isinstance(sample.job, RaidJob):
        return sample
    every = _strata(sample.job.tables)
    chosen, rest = every[:1], 1.0 - every[0].probability
    for stratum in every[1:MOST_STRATA]:
        if rest * sample.most > allowed:
            chosen.append(stratum)
            rest -= stratum.probability
    if len(chosen) == 1 or most_replications < 2 * FEWEST * len(chosen):
        return sample
    return StratifiedSample(sample, [_fixed(sample, sample.job, own) for own in chosen], chosen)


class StratifiedSample:
    """A sample that grows on demand, of a measure by strata; for the rest of them see `rest`."""

    def __init__(
        self,
        sample: SequentialSample,
        samples: Sequence[SequentialSample],
        strata: Sequence[_Stratum],
    ) -> None:
        self.measure, self.seed, self.most = sample.measure, sample.seed, sample.most
        self.first = sample.first
        self.samples = samples
        self.shares = np.array([stratum.probability for stratum in strata])
        self.rest = max(1.0 - self.shares.sum(), 0.0) if len(strata) > 1 else 0.0
        self.numbers = np.zeros(len(strata), np.int64)
        self.margins = np.zeros(len(strata))

    def _grow(self, replications: int) -> None:
        """Allocate as many replications in total.

        The first ones are of the most probable stratum, but for the fewest of each; later ones in
        proportion to probability and standard deviation (Neyman's allocation), with that of a
        settled mean of the same margin for strata that are not settled.
        """
        if not self.numbers.any():
            self.numbers[:] = FEWEST
        else:
            weights = self.shares * self.margins * np.sqrt(self.numbers)
            wanted = replications * weights / max(weights.sum(), np.finfo(float).tiny)
            missing = np.maximum(wanted - self.numbers, 0.0)
            spare = replications - self.numbers.sum()
            self.numbers += np.floor(spare * missing / max(missing.sum(), 1.0)).astype(np.int64)
        self.numbers[0] += replications - self.numbers.sum()

    def estimates(self, replications: int, confidence: float) -> "tuple[Numbers, bool]":
        """Estimates with their marks, after as many replications in total.

        Errors of settled strata add as their squares; the bounds of others are added, and so are
        allowances for what did not occur. The mean is settled if these are at most half of the
        margin and the most probable stratum is settled. What was done is that of this stratum. Also
        whether it has controls.
        """
        from scipy.special import stdtrit

        self._grow(replications)
        pairs = zip(self.samples, self.numbers.tolist(), strict=True)
        found, controlled = zip(*(own.estimates(n, confidence) for own, n in pairs), strict=True)
        means, errors, low, high, marks, *codes = np.array(found).T
        settled, tail = marks == 1.0, (1.0 + confidence) / 2.0
        self.margins = np.maximum(high - means, means - low)
        variances = (self.shares * errors) ** 2
        # Satterthwaite's degrees of freedom of a sum of variances.
        freedom = variances.sum() ** 2 / max((variances**2 / (self.numbers - 1)).sum(), 1e-300)
        usual = stdtrit(max(freedom, 1.0), tail) * np.sqrt(variances[settled].sum())
        allowed = np.maximum(self.margins - stdtrit(self.numbers - 1, tail) * errors, 0.0)
        usual = usual + (self.shares * allowed)[settled].sum()
        bounds = (self.shares * self.margins)[~settled].sum()
        margin, mean = usual + bounds, self.shares @ means
        span = float(span_of(0.0, self.most, max(own.plain.max() for own in self.samples)))
        ends = max(mean - margin, 0.0), min(mean + margin + self.rest * span, self.most)
        mark = settled[0] and bounds <= usual
        estimates = mean / (1.0 - self.rest), np.sqrt(variances.sum()), *ends, mark
        return np.array([*estimates, *(code[0] for code in codes)]), bool(controlled[0])

    def squared_skewness(self) -> float:
        """Squared skewness of one value of a sample with the skewness of this mean."""
        pairs = zip(self.samples, self.numbers, strict=True)
        moments = stacked_moments([moments_of(own.plain[:n]) for own, n in pairs])
        third = self.shares**3 * moments.skewness * np.power(moments.variance, 1.5)
        skewness = (third / self.numbers**2).sum()
        variance = (self.shares**2 * np.asarray(moments.variance) / self.numbers).sum()
        return float(self.numbers.sum() * max(skewness, 0.0) ** 2 / max(variance, 1e-300) ** 3)
