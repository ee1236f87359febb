"""Distributions of SciPy by name, and the frozen twins of those of its new kind."""

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.stats import rv_continuous

Twin = tuple[str, dict[str, float]]
"""Name and parameters of a frozen distribution."""
_OTHER = "use a frozen one, such as scipy.stats.truncnorm(-2, 2, loc=0.5, scale=0.1)"
_HISTOGRAMS = "scipy.stats._continuous_distns"
_SOME = np.array([0.1, 0.45, 0.9])
_SYMMETRIC = ("norm", "logistic")


@functools.cache
def known() -> dict[str, "rv_continuous"]:
    """All continuous distributions of `scipy.stats`, by name."""
    from scipy import stats  # imported only if a distribution is used: it takes a second

    return {n: d for n, d in vars(stats).items() if isinstance(d, stats.rv_continuous)}


_BOUNDED = ("betabinom", "hypergeom", "nhypergeom", "boltzmann", "zipfian")
_ODD = ("nchypergeom_fisher", "nchypergeom_wallenius", "poisson_binom")
"""Discrete distributions whose probabilities SciPy computes one by one, or of several numbers."""


@functools.cache
def discrete() -> dict[str, Any]:
    """Discrete distributions of `scipy.stats`, by name, whose probabilities are fast.

    Without a method for the quantiles and a bound, SciPy searches them in steps of ten.
    """
    from scipy import stats

    return {
        name: own
        for name, own in vars(stats).items()
        if isinstance(own, stats.rv_discrete) and name not in _ODD and _is_found(own)
    }


def _is_found(own: Any) -> bool:
    from scipy.stats import rv_discrete

    return type(own)._ppf is not rv_discrete._ppf or own.name in _BOUNDED


@functools.cache
def is_slow(dist: str) -> bool:
    """Whether SciPy takes seconds to hours for a table of quantiles of a distribution.

    Measured with SciPy 1.17: 8 s and more (studentized_range: hours) where SciPy has no method for
    the quantiles and inverts the distribution function, 14 s and more for the two that are named;
    at most 0.5 s for all others.
    """
    from scipy.stats import rv_continuous

    if dist in discrete():
        return False
    inverts = type(known()[dist])._ppf is rv_continuous._ppf
    return inverts or dist in ("ksone", "kstwo")


def shape_names(dist: str) -> list[str]:
    """Return the names of the shape parameters of a distribution that SciPy knows."""
    shapes = (known().get(dist) or discrete()[dist]).shapes or ""
    return [name.strip() for name in shapes.split(",") if name.strip()]


def frozen_twin(value: object) -> str:
    """Advice for a distribution of SciPy's new kind; empty for any other value.

    In SciPy 1.17 a pickled or copied `Normal` becomes the standard normal without a word, so none
    is kept, pickled or copied here.
    """
    if not is_new(value):
        return ""
    if type(value).__name__ == "Mixture":
        return "use a leakthrough.Mixture"
    if (twin := _twin(value)) is None:
        return _OTHER
    given = ", ".join(f"{name}={number:.15g}" for name, number in twin[1].items())
    return f"use the frozen scipy.stats.{twin[0]}({given})"


def is_new(value: object) -> bool:
    """Whether a value is a distribution of SciPy's new kind."""
    bases = {(kind.__module__.partition("._")[0], kind.__name__) for kind in type(value).__mro__}
    return ("scipy.stats", "_ProbabilityDistribution") in bases


def plain_twin(value: Any) -> Twin | None:
    """The frozen twin of a distribution of the new kind; None of a transform of another one.

    Some of its quantiles are compared: a class of the user may have the name of one of SciPy, and
    a copy of a `Normal` the parameters that it has lost.
    """
    transforms = any(kind.__name__ == "TransformedDistribution" for kind in type(value).__mro__)
    if transforms or not is_new(value) or (twin := _twin(value)) is None:
        return None
    name, given = twin
    frozen = (known().get(name) or discrete()[name])(**given)
    ours, theirs = frozen.ppf(_SOME), np.asarray(value.icdf(_SOME), np.float64)
    return twin if np.allclose(ours, theirs, rtol=1e-6, atol=1e-9) else None


def histogram_of(value: Any) -> dict[str, Any] | None:
    """Edges and weights of a `scipy.stats.rv_histogram`, frozen or not; None of anything else."""
    own = getattr(value, "dist", value)
    if (type(own).__module__, type(own).__name__) != (_HISTOGRAMS, "rv_histogram"):
        return None
    given = dict(zip(("loc", "scale"), getattr(value, "args", ()), strict=False))
    given |= getattr(value, "kwds", {})
    loc, scale = given.get("loc", 0.0), given.get("scale", 1.0)
    edges = loc + scale * np.asarray(own._hbins)
    return {"edges": edges.tolist(), "weights": np.diff(own._hcdf).tolist()}


def _twin(value: object) -> Twin | None:
    """The frozen distribution that equals one of the new kind, if there is one."""
    given = vars(value).get("_parameters") or {}
    if any(np.ndim(number) for number in given.values()):  # several distributions in one
        return None
    own = {name: float(number) for name, number in given.items()}
    changed = {"ShiftedScaledDistribution": _moved, "TruncatedDistribution": _cut}
    if (change := changed.get(type(value).__name__)) is not None:
        inner = _twin(vars(value).get("_dist"))
        return None if inner is None else change(*inner, own)
    new = repr(value).partition("(")[0]
    if new == "Normal":
        return "norm", {"loc": own["mu"], "scale": own["sigma"]} if own else {}
    if new == "Uniform" and own:
        return "uniform", {"loc": own["a"], "scale": own["b"] - own["a"]}
    renamed = {"StandardNormal": "norm", "Binomial": "binom", **_renamed()}
    name = renamed.get(new, new.lower())
    is_kept = (
        (name in known() or name in discrete())
        and {*own} <= {*shape_names(name)}
        and not is_slow(name)
    )
    return (name, own) if is_kept else None


def _renamed() -> dict[str, str]:
    """Names of SciPy's frozen distributions by those of the new kind, where they differ."""
    module: Any = sys.modules.get("scipy.stats._distribution_infrastructure")
    names: dict[str, str] = getattr(module, "_distribution_names", {})
    return {new: old for old, new in names.items()}


def _moved(name: str, numbers: dict[str, float], own: dict[str, float]) -> Twin | None:
    """The twin of `scale` times a distribution plus `loc`."""
    factor = own["scale"]
    if factor < 0 and name not in _SYMMETRIC:
        return None
    loc = own["loc"] + factor * numbers.get("loc", 0.0)
    return name, {**numbers, "loc": loc, "scale": abs(factor) * numbers.get("scale", 1.0)}


def _cut(name: str, numbers: dict[str, float], own: dict[str, float]) -> Twin | None:
    """The twin of a normal distribution between `lb` and `ub`."""
    if name != "norm":
        return None
    loc, scale = numbers.get("loc", 0.0), numbers.get("scale", 1.0)
    ends = {"a": (own["lb"] - loc) / scale, "b": (own["ub"] - loc) / scale}
    return "truncnorm", {**ends, "loc": loc, "scale": scale}
