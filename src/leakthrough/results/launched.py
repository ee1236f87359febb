"""Numbers of threats launched, which may be drawn."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


def is_drawn(result: "xr.Dataset") -> bool:
    """Whether some number of threats is drawn in a result, or in some raid of a campaign."""
    if "decision" not in result.coords:
        return False
    return any(str(name).startswith("size.") for name in result["decision"].values.tolist())


def is_constant(launched: "xr.DataArray") -> bool:
    """Whether the numbers launched are the same in all replications of a result."""
    if "statistic" in launched.dims:
        least, most = launched.sel(statistic="minimum"), launched.sel(statistic="maximum")
        return bool((least == most).all())
    if "replication" in launched.dims and launched.sizes["replication"]:
        return bool((launched == launched.isel(replication=0)).all())
    return "replication" not in launched.dims


def mean_launched(result: "xr.Dataset") -> "Array":
    """Mean number of threats launched by salvo (S,), of one raid, kept or reduced.

    That of a drawn number is not estimated: it is what was expected of the draw. Only where an
    attacker's stock limits it, it is the mean over the replications.

    Raises ValueError if a number varies and the result does not tell its mean.
    """
    launched = result["launched"]
    if launched.dims == ("salvo",):
        return np.asarray(launched.values)
    dims = {"statistic": "mean"} if "statistic" in launched.dims else {}
    one = result.sel(dims) if dims else result.isel(replication=0)
    every = launched.sel(dims) if dims else launched.mean("replication")
    found = np.array(every.values, np.float64)
    if "expected" in result:
        expected = one["expected"].values.tolist()
        means = dict(zip(result["decision"].values.tolist(), expected, strict=True))
        own = [means.get(f"size.{salvo}", 0.0) for salvo in result["salvo"].values.tolist()]
        return np.where(np.array(own) > 0.0, own, found)
    if not is_constant(launched):
        raise ValueError("result: launched varies over the replications, and its mean is not known")
    return found
