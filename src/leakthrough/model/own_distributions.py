"""Distributions that SciPy has not: mixtures, empirical distributions and histograms."""

import itertools
import math
from collections.abc import Mapping
from typing import Any, Literal

from pydantic_core import PydanticCustomError

from leakthrough.model.arguments import number_in, real_in
from leakthrough.model.base import Model, plain
from leakthrough.model.distributions import (
    Distribution,
    OwnDistribution,
    as_distribution,
    flat_value,
    is_law,
)
from leakthrough.model.errors import Mistake, fault, faults, nearest, shown

MOST_VALUES = 10_000
MOST_PARTS = 16
"""Of a mixture: its quantiles take time in proportion to the square, half a second at most."""


class Mixture(OwnDistribution):
    """A mixture: a draw from one of several distributions, which is chosen at random.

    Parameters
    ----------
    weights : list of float
        Weight of each part, not negative. The probability of a part is its share of their sum.
    parts : list of distributions and numbers
        From 1 to 16 of them, but no mixtures. A number is drawn as it is, so
        ``Mixture(weights=[0.3, 0.7], parts=[0, stats.poisson(40)])`` is 0 in three of ten draws.

    Examples
    --------
    >>> from scipy import stats
    >>> import leakthrough as lt
    >>> lt.Mixture(weights=[3, 1], parts=[0.9, stats.beta(2, 5)]).support()
    (0.0, 1.0)
    """

    dist: Literal["mixture"] = "mixture"
    weights: tuple[float, ...]
    parts: tuple[Any, ...]

    @classmethod
    def fields_in(cls, data: object) -> dict[str, Any]:
        """Return the checked fields of a table; or raise a fault."""
        given = _own_fields(cls, data, ("weights", "parts"))
        parts, found, wrong = _listed("parts", given["parts"], MOST_PARTS), [], list[Mistake]()
        for n, part in enumerate(parts):
            try:
                found.append(_part(part))
            except PydanticCustomError as error:
                mistakes = (error.context or {})["mistakes"]
                wrong += [(("parts", n, *where), text) for where, text in mistakes]
        if wrong:
            raise faults(wrong)
        return {"weights": _weights(given["weights"], len(parts), "part"), "parts": tuple(found)}

    def flat(self) -> dict[str, Any]:
        """Return the mixture as plain data, as in a file."""
        return {
            "dist": self.dist,
            "weights": [*self.weights],
            "parts": [flat_value(part) for part in self.parts],
        }

    def text(self) -> str:
        """Return a short text."""
        return f"mixture of {len(self.parts)}"

    @property
    def is_whole(self) -> bool:
        """Whether a part is one of whole numbers."""
        return any(isinstance(part, Distribution) and part.is_whole for part in self.parts)

    def support(self) -> tuple[float, float]:
        """Return the lower and upper bound of the support."""
        pairs = zip(self.weights, self.parts, strict=True)
        ends = [
            part.support() if isinstance(part, Distribution) else (part, part)
            for weight, part in pairs
            if weight > 0.0
        ]
        return min(low for low, _ in ends), max(high for _, high in ends)


class Empirical(OwnDistribution):
    """An empirical distribution: one of some observed values, each with the same probability.

    Parameters
    ----------
    values : list of float
        From 1 to 10,000 values, in any order.
    weights : list of float, optional
        Weight of each value, not negative; by default all are equal.

    Examples
    --------
    >>> import leakthrough as lt
    >>> lt.Empirical(values=[31, 12, 54]).support()
    (12.0, 54.0)
    """

    dist: Literal["empirical"] = "empirical"
    values: tuple[float, ...]
    weights: tuple[float, ...] = ()

    @classmethod
    def fields_in(cls, data: object) -> dict[str, Any]:
        """Return the checked fields of a table, the values in increasing order; or raise."""
        given = _own_fields(cls, data, ("values",), ("weights",))
        values = _numbers("values", given["values"], MOST_VALUES)
        if given.get("weights", ()) == ():
            return {"values": tuple(sorted(values)), "weights": ()}
        pairs = sorted(zip(values, _weights(given["weights"], len(values), "value"), strict=True))
        values, weights = zip(*pairs, strict=True)
        return {"values": values, "weights": weights}

    def flat(self) -> dict[str, Any]:
        """Return the distribution as plain data, as in a file."""
        weights = {"weights": [*self.weights]} if self.weights else {}
        return {"dist": self.dist, "values": [*self.values], **weights}

    def text(self) -> str:
        """Return a short text."""
        return f"one of {len(self.values):,} values"

    def support(self) -> tuple[float, float]:
        """Return the smallest and the largest value."""
        weights = self.weights or (1.0,) * len(self.values)
        own = [value for value, each in zip(self.values, weights, strict=True) if each > 0.0]
        return own[0], own[-1]


class Histogram(OwnDistribution):
    """A histogram: uniform within each of some intervals, as `scipy.stats.rv_histogram`.

    Parameters
    ----------
    edges : list of float
        The ends of the intervals, increasing: one more than there are weights.
    weights : list of float
        Weight of each interval, not negative, from 1 to 10,000 of them: its probability is its
        share of their sum.
    """

    dist: Literal["histogram"] = "histogram"
    edges: tuple[float, ...]
    weights: tuple[float, ...]

    @classmethod
    def fields_in(cls, data: object) -> dict[str, Any]:
        """Return the checked fields of a table; or raise a fault."""
        given = _own_fields(cls, data, ("edges", "weights"))
        edges = _numbers("edges", given["edges"], MOST_VALUES + 1)
        if any(high <= low for low, high in itertools.pairwise(edges)):
            raise faults([(("edges",), "must increase")])
        return {"edges": edges, "weights": _weights(given["weights"], len(edges) - 1, "interval")}

    def flat(self) -> dict[str, Any]:
        """Return the distribution as plain data, as in a file."""
        return {"dist": self.dist, "edges": [*self.edges], "weights": [*self.weights]}

    def text(self) -> str:
        """Return a short text."""
        return f"histogram of {len(self.weights):,} intervals"

    def support(self) -> tuple[float, float]:
        """Return the lower and upper bound of the support."""
        own = [n for n, weight in enumerate(self.weights) if weight > 0.0]
        return self.edges[own[0]], self.edges[own[-1] + 1]


def _own_fields(
    kind: type[Model], data: object, needed: tuple[str, ...], others: tuple[str, ...] = ()
) -> Mapping[str, Any]:
    """Return the fields of a table, as plain data, if they are those of a kind."""
    data = plain(data)
    if not isinstance(data, Mapping):
        raise fault(f"must be {kind.__name__}, or a table of its fields; got {shown(data)}")
    names = (*needed, *others)
    wrong: list[Mistake] = [
        ((str(name),), f"is not a field of {kind.__name__}{nearest(name, names)}")
        for name in data
        if name not in (*names, "dist")
    ]
    dist = kind.model_fields["dist"].default
    if data.get("dist", dist) != dist:
        wrong.append((("dist",), f"must be {dist!r}; got {shown(data['dist'])}"))
    wrong += [((name,), "is missing") for name in needed if name not in data]
    if wrong:
        raise faults(wrong)
    return data


def _listed(name: str, given: object, most: int) -> tuple[Any, ...]:
    if not isinstance(given, tuple) or not 1 <= len(given) <= most:
        got = f"{len(given):,}" if isinstance(given, tuple) else shown(given)
        raise faults([((name,), f"must be a list of 1 to {most:,} entries; got {got}")])
    return given


def _numbers(name: str, given: object, most: int) -> tuple[float, ...]:
    """Finite numbers; the first other one is reported."""
    entries = _listed(name, given, most)
    for n, entry in enumerate(entries):
        if number_in(entry) is None or not math.isfinite(real_in(entry)):
            raise faults([((name, n), f"must be a finite number; got {shown(entry)}")])
    return tuple([real_in(entry) + 0.0 for entry in entries])  # -0.0 becomes 0.0


def _weights(given: object, number: int, what: str) -> tuple[float, ...]:
    weights = _numbers("weights", given, MOST_VALUES)
    text = ""
    if len(weights) != number:
        text = f"must have one for each {what}, {number:,}; got {len(weights):,}"
    elif min(weights) < 0.0 or not 0.0 < sum(weights) < math.inf:
        text = f"must not be negative, nor all 0; got {shown(list(weights))}"
    if text:
        raise faults([(("weights",), text)])
    return weights


def _part(part: object) -> float | Distribution:
    """A part of a mixture: a number, or a distribution that is no mixture."""
    if number_in(part) is not None and math.isfinite(real_in(part)):
        return real_in(part) + 0.0
    if not is_law(part):
        raise fault(f"must be a number or a distribution; got {shown(part)}")
    found = as_distribution(part, whole=True)
    if isinstance(found, Mixture):
        raise fault("must not be a mixture itself: add its parts with their weights")
    return found
