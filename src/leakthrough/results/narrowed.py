"""Estimates with controls of the variables of a reduction, raid by raid."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.results.controls import Estimates
from leakthrough.results.labelled import CONTROLLED
from leakthrough.statistics.controls import Fit

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]


class Narrowed:
    """Estimates with controls of variables `names` in each raid; None where they are of no use.

    Of one raid without the dimension there is one entry. `units` are those of the mean and of the
    variance of each variable.
    """

    def __init__(
        self,
        estimates: "Sequence[Estimates]",
        names: Sequence[str],
        shapes: "Sequence[tuple[int, ...]]",
        units: "Sequence[Array]",
    ) -> None:
        sizes = [int(np.prod(shape)) for shape in shapes]
        stops = np.cumsum(sizes)
        self.fits = [own and own[0] for own in estimates]
        self.numbers = np.array([fit.controls if fit else 0 for fit in self.fits], np.int64)
        self.names, self.shapes = names, dict(zip(names, shapes, strict=True))
        self.at = dict(zip(names, np.split(np.arange(stops[-1]), stops[:-1]), strict=True))
        missing = np.full((len(CONTROLLED), stops[-1]), np.nan)
        rows = [
            np.stack(np.broadcast_arrays(*own[1][: len(CONTROLLED)])) if own else missing
            for own in estimates
        ]
        every = np.stack(rows, axis=1)
        self.rows = {
            name: every[:, :, at] / own[:, np.newaxis, np.newaxis]
            for (name, at), own in zip(self.at.items(), units, strict=True)
        }

    def residual_covariance(self, left: str, right: str, covariance: "Array") -> "Array":
        """Of sums over batteries, with the factor of `Fit.scale`; (raids, ...) as a covariance."""
        each = zip(
            self.fits, covariance.reshape(len(self.fits), *covariance.shape[-2:]), strict=True
        )
        found = [
            fit.scale * (own - self._explained(fit, left, right)) if fit else own
            for fit, own in each
        ]
        return np.stack(found).reshape(covariance.shape)

    def _explained(self, fit: Fit, left: str, right: str) -> "Array":
        total = np.zeros((self.shapes[left][-1], self.shapes[right][-1]))
        for one, other in fit.pivots:
            total = total + np.multiply.outer(self._summed(left, one), self._summed(right, other))
        return total / (fit.number - 1)

    def _summed(self, name: str, values: "Array") -> "Array":
        """Values (..., M) of a variable, summed over batteries."""
        own = values[..., self.at[name]]
        summed: Array = own.reshape(*own.shape[:-1], -1, self.shapes[name][-1]).sum(axis=-2)
        return summed
