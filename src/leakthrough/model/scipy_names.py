"""Continuous distributions of SciPy by name, and the frozen twins of those of its new kind."""

import functools
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from scipy.stats import rv_continuous

Twin = tuple[str, dict[str, float]]
"""Name and parameters of a frozen distribution."""
_OTHER = "use a frozen one, such as scipy.stats.truncnorm(-2, 2, loc=0.5, scale=0.1)"
_SYMMETRIC = ("norm", "logistic")


@functools.cache
def known() -> dict[str, "rv_continuous"]:
    """All continuous distributions of `scipy.stats`, by name."""
    from scipy import stats  # imported only if a distribution is used: it takes a second

    return {n: d for n, d in vars(stats).items() if isinstance(d, stats.rv_continuous)}


@functools.cache
def is_slow(dist: str) -> bool:
    """Whether SciPy takes seconds to hours for a table of quantiles of a distribution.

    Measured with SciPy 1.17: 8 s and more (studentized_range: hours) where SciPy has no method for
    the quantiles and inverts the distribution function, 14 s and more for the two that are named;
    at most 0.5 s for all others.
    """
    from scipy.stats import rv_continuous

    inverts = type(known()[dist])._ppf is rv_continuous._ppf
    return inverts or dist in ("ksone", "kstwo")


def shape_names(dist: str) -> list[str]:
    """Return the names of the shape parameters of a distribution that SciPy knows."""
    return [name.strip() for name in (known()[dist].shapes or "").split(",") if name.strip()]


def frozen_twin(value: object) -> str:
    """Advice for a distribution of SciPy's new kind; empty for any other value.

    In SciPy 1.17 a pickled or copied `Normal` becomes the standard normal without a word, so none
    is kept, pickled or copied here.
    """
    bases = {(kind.__module__.partition("._")[0], kind.__name__) for kind in type(value).__mro__}
    if ("scipy.stats", "_ProbabilityDistribution") not in bases:
        return ""
    if (twin := _twin(value)) is None:
        return _OTHER
    given = ", ".join(f"{name}={number:.15g}" for name, number in twin[1].items())
    return f"use the frozen scipy.stats.{twin[0]}({given})"


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
    name = {"StandardNormal": "norm", **_renamed()}.get(new, new.lower())
    is_kept = name in known() and {*own} <= {*shape_names(name)} and not is_slow(name)
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
