"""Controls of a result: its random decisions as numbers whose mean is known to be 0.

What occurred, minus what was expected, is a control of every decision. What is drawn once in a raid
may act on a measure in a curve, so the square of its difference, minus its variance, is another. So
is the product of the differences of an uncertain kill probability and of the kills with it: their
mean is that of the probability, whatever it is.
"""

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.model.discrete import WORD_RANGE
from leakthrough.statistics.controls import (
    ControlSums,
    Fit,
    Residuals,
    controlled_interval,
    fitted,
    is_of_use,
)
from leakthrough.statistics.means import Moments, mean_interval

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

MOST_MEASURES = 1024
"""Numbers of a replication that are estimated with controls: limits time and memory."""
MOST_OF_RAID = 64
"""The same for a raid of a campaign."""
CONTROLLED_VARIABLES = (
    "leakers",
    "leaked",
    *("total_hits", "total_value_lost", "total_destroyed"),
    *("hits", "damage", "value_lost", "destroyed"),
    *("layer_killed", "layer_soft_killed", "salvo_killed", "salvo_soft_killed"),
    *("expended", "killed", "soft_killed", "leak_cause", "remaining", "engagements", "reloaded"),
    *("ready_rounds", "busy_channels", "leaked_so_far"),
)
"""Variables that are estimated with controls, as long as there are not too many numbers."""


def _decided_with(name: str) -> str:
    """Name of the decisions with an uncertain probability; for other names themselves."""
    return name.replace(" probability.", ".", 1)


class Controls(NamedTuple):
    """Names of random decisions (D,), and the variances of those that are drawn once in a raid."""

    names: Sequence[str]
    variances: "Array"  # NaN for decisions that are drawn many times

    @property
    def curved(self) -> "Array":
        """Indices of what is drawn once and not only 0 or 1: its square is a control too."""
        law = ~np.isnan(self.variances)
        only_01 = np.array([name.startswith("availability.") for name in self.names], np.bool_)
        return np.flatnonzero(law & ~only_01)

    @property
    def products(self) -> "Array":
        """Indices (2, P) of uncertain probabilities, and of the decisions with them."""
        at = {name: n for n, name in enumerate(self.names)}
        pairs = [
            (n, at[decided])
            for name, n in at.items()
            if (decided := _decided_with(name)) != name and decided in at
        ]
        return np.array(pairs, np.int64).reshape(-1, 2).T

    @property
    def controls(self) -> int:
        """Number of controls."""
        return int(len(self.names) + self.curved.size + self.products.shape[1])

    def numbers(self, occurred: "Array", expected: "Array") -> "Array":
        """Controls (..., controls) from the decisions (..., D), in units of 2**-32.

        Units of squares are larger where variances are, so that sums over a year of raids fit 62
        bits. What is not drawn in a raid of a campaign has no square: its mean is 0 there.
        """
        difference, curved = occurred - expected, self.curved
        variances = self.variances[curved]
        unit = np.exp2(np.ceil(np.log2(np.maximum(variances, 1.0))))
        squares = (difference[..., curved] ** 2 - variances) / unit
        squares = np.where(expected[..., curved] > 0.0, squares, 0.0)
        law, kills = self.products
        products = difference[..., law] * difference[..., kills]
        every = np.concatenate([difference, squares, products], axis=-1)
        found: Array = np.rint(every * WORD_RANGE).astype(np.int64)
        return found

    def order(self, variances: "Array", expected: "Array") -> list[int]:
        """Controls by what they are expected to explain; then squares, and products.

        `variances` (controls,) are from `variances_of`. A decision that is drawn many times varies
        by its variance. A kill probability acts on all the rounds that it is about, whose mean
        number follows from those `expected` (D,) to hit. No measure is looked at.
        """
        number = dict(zip(self.names, expected.tolist(), strict=True))
        hits = sum(own for name, own in number.items() if name.startswith("kill."))
        weights: Array = variances[: len(self.names)].copy()
        for n, name in enumerate(self.names):
            if name.startswith(("availability.", "availability probability.")):
                weights[n] *= hits**2
            elif " probability." in name:
                decided = number.get(_decided_with(name), 0.0)
                weights[n] *= (decided / max(expected[n], 1.0 / WORD_RANGE)) ** 2
        first = np.argsort(-weights, kind="stable").tolist()
        rank = np.argsort(-weights[self.curved], kind="stable") + len(self.names)
        last = np.argsort(-weights[self.products[0]], kind="stable") + len(self.names) + rank.size
        return [*first, *rank.tolist(), *last.tolist()]

    def fit(
        self, sums: ControlSums, expected: "Array", order: Sequence[int] | None = None
    ) -> tuple[Fit, Sequence[int]]:
        """Least squares on these controls, and their order, which may be known before.

        `expected` (D,) is the mean of what was expected.
        """
        variances = variances_of(sums)
        order = self.order(variances, expected) if order is None else order
        return fitted(sums, self.fewest(variances, sums.cross.number), order), order

    def fewest(self, variances: "Array", number: int) -> "Array":
        """For each control, times that it occurred or failed to, at least, in all replications.

        The sum of p (1 - p) over the draws in a number of replications; there is no limit for what
        is not only 0 or 1.
        """
        found = np.full(self.controls, np.inf)
        found[: len(self.names)] = variances[: len(self.names)] * number
        found[self.curved] = np.inf
        return found


def variances_of(sums: ControlSums) -> "Array":
    """Mean squares of the controls, whose mean is known to be 0, in units of 1."""
    exact = sums.cross.products()[1:, 1 : 1 + sums.controls].diagonal()
    return np.array([float(square) for square in exact]) / WORD_RANGE**2 / max(sums.cross.number, 1)


Estimates = tuple[Fit, Residuals] | None


def residuals_of(
    sums: ControlSums, decisions: Controls, expected: "Array", moments: Moments
) -> Estimates:
    """Estimates of all measures with controls; None if they narrow no interval.

    Parameters
    ----------
    sums : ControlSums
    decisions : Controls
    expected : array of float, shape (D,)
        Mean of what was expected.
    moments : Moments
        Of the measures (M,).
    """
    fit, _ = decisions.fit(sums, expected)
    if fit.controls == 0:
        return None
    found = fit.residuals(moments.variance)
    plain = mean_interval(moments, fit.number)
    done = controlled_interval(plain, found, fit.number).done
    return (fit, found) if is_of_use(done) else None


def measured_names(shapes: Mapping[str, tuple[int, ...]], most: int = MOST_MEASURES) -> list[str]:
    """Variables that are estimated with controls, given the shapes of all: at most some numbers."""
    found, total = [], 0
    for name in CONTROLLED_VARIABLES:
        size = int(np.prod(shapes.get(name, (0,))))
        if size and total + size <= most:
            found.append(name)
            total += size
    return found


_merging = threading.Lock()  # global: instances are pickled to other processes, locks cannot be


class ByRaid:
    """Sums of controls and measures, raid by raid; several threads may add to them.

    If `so_far`, the controls of a raid are sums over the raids up to it.
    """

    def __init__(self, known: Controls, so_far: bool = False) -> None:
        self.known, self.so_far = known, so_far
        self.sums: list[ControlSums] = []

    def take(self, occurred: "Array", expected: "Array", measures: Sequence["Array"]) -> None:
        """Add replications: decisions (R, raids, D), and measures (R, raids, ...)."""
        known = self.known.numbers(occurred, expected)
        known = np.cumsum(known, axis=1) if self.so_far else known
        for raid in range(known.shape[1]):
            parts = [own[:, raid].reshape(len(own), -1) for own in measures]
            every = np.concatenate(parts, axis=1).astype(np.int64, copy=False)
            own = ControlSums(self.known.controls, every.shape[1])
            own.take(known[:, raid], every)
            self._merge(raid, own)

    def _merge(self, raid: int, other: ControlSums) -> None:
        with _merging:
            if raid == len(self.sums):
                self.sums.append(other)
            else:
                self.sums[raid].merge(other)

    def merge(self, other: "ByRaid") -> None:
        """Add the sums of other replications."""
        for raid, own in enumerate(other.sums):
            self._merge(raid, own)

    def estimates(self, moments: Moments, expected: "Array") -> "list[Estimates]":
        """Estimates of all measures for each raid; None if controls narrow no interval.

        `moments` of the measures are (raids, M), and the means of what was `expected` (raids, D).
        """
        expected = np.cumsum(expected, axis=0) if self.so_far else expected
        return [
            residuals_of(own, self.known, mean, Moments(*(part[raid] for part in moments[:3])))
            for raid, (own, mean) in enumerate(zip(self.sums, expected, strict=True))
        ]
