"""Estimates of the parts of a summary."""

from typing import TYPE_CHECKING

import numpy as np

from leakthrough.results.estimates import (
    REAL,
    costs,
    dry_depots,
    dry_magazines,
    interval_of,
    leaked_in,
    means,
    rates,
    rounds_left,
)
from leakthrough.results.labelled import labelled, measured, number_of
from leakthrough.results.ranges import Ranges
from leakthrough.statistics.intervals import wilson

if TYPE_CHECKING:
    import xarray as xr

TRACKS = ("tracks_peak", "tracks_full_time")


def _means(ready: "xr.Dataset", level: float, names: dict[str, str]) -> "dict[str, xr.Variable]":
    """Estimates and quantiles of reduced variables under new names."""
    found = {}
    for name, source in names.items():
        values, attrs = ready[source], ready[source].attrs
        estimates = means(ready, source, level)
        dims = map(str, values.dims[1:])
        found[name] = measured(estimates, attrs["long_name"], *dims, units=attrs["units"])
        if f"{source}_quantile" in ready:
            found[f"{name}_quantile"] = ready[f"{source}_quantile"].variable
    return found


def of_names(ready: "xr.Dataset", level: float, **names: str) -> "xr.Dataset":
    """Estimates and quantiles of reduced variables under new names."""
    return labelled(_means(ready, level, names), ready, level)


def of_layers(ready: "xr.Dataset") -> dict[str, str]:
    """Names of the variables of layers."""
    names = {"killed": "layer_killed", "soft_killed": "layer_soft_killed"}
    return names | {name: name for name in TRACKS if name in ready}


def of_pools(ready: "xr.Dataset") -> dict[str, str]:
    """Names of the variables of pools, if there are any."""
    names = {"full_time": "pool_full_time", "peak": "pool_peak"}
    return names if "pool_peak" in ready else {}


def of_raid(ready: "xr.Dataset", level: float) -> "xr.Dataset":
    """Estimates of the whole raid."""
    return labelled(raid_estimates(ready, level), ready, level)


def raid_estimates(ready: "xr.Dataset", level: float) -> "dict[str, xr.Variable]":
    """Estimates of the whole raid, followed by their marks."""
    decoy, often = ready["decoy"].values, ready["replications_by_leakers"].values
    rate = rates(ready, ~decoy[None], level)[:, 0]
    none = wilson(often[0], number_of(ready), level)
    found = {
        **_means(ready, level, {"leakers": "leakers"}),
        "leak_rate": measured(rate, f"share of {REAL} that got through"),
        "no_leaker": measured(none, f"probability that no leaker gets through, of {REAL}"),
    }
    if decoy.any():
        own = Ranges(ready).launched, Ranges(ready).least_leaked
        ends = [values[decoy].sum() for values in own]
        estimates = interval_of(ready, leaked_in(ready, decoy[None]), level, *ends)
        found["decoys_leaked"] = measured(estimates[:, 0], "decoys that got through")
    if "hits" in ready:
        names = {name: f"total_{name}" for name in ("hits", "destroyed", "value_lost")}
        found |= _means(ready, level, names)
    return {**found, **costs(ready, level)}


def of_salvos(ready: "xr.Dataset", level: float) -> "xr.Dataset":
    """Estimates along `salvo`."""
    rate = rates(ready, np.eye(ready.sizes["salvo"]), level)
    names = {"leaked": "leaked", "killed": "salvo_killed", "soft_killed": "salvo_soft_killed"}
    found = {
        "launched": _launched(ready),
        **_means(ready, level, names),
        "leak_rate": measured(rate, "share of threats that got through", "salvo"),
    }
    return labelled(found, ready, level)


def _launched(ready: "xr.Dataset") -> "xr.Variable":
    """Numbers launched, or the means of those that are drawn."""
    own = ready["launched"].variable
    if own.dims == ("salvo",):
        return own
    return own.isel({own.dims[0]: 0}).copy(data=Ranges(ready).mean_launched)


def of_magazines(ready: "xr.Dataset", level: float) -> "xr.Dataset":
    """Estimates along `magazine`, one for each magazine that exists."""
    names = [name for name in ("expended", "rounds_on_dead") if name in ready]
    own = dry_magazines(ready, level) | _means(ready, level, {name: name for name in names})
    own["remaining"] = rounds_left(ready, "remaining", level)
    found = labelled(own, ready, level)
    battery, interceptor = np.nonzero(~np.isnan(ready["rounds"].values))
    return found.isel(battery=("magazine", battery), interceptor=("magazine", interceptor))


def of_assets(ready: "xr.Dataset", level: float) -> "xr.Dataset":
    """Estimates along `asset`; nothing if there are no assets."""
    if "hits" not in ready:
        return labelled({}, ready, level)
    number = number_of(ready)
    chances = {
        name: wilson(np.rint(ready[name].sel(statistic="mean").values * number), number, level)
        for name in ("not_hit", "all_down")
    }
    texts = {
        "not_hit": "probability that nothing hits the asset",
        "all_down": "probability that all its aim points are down at the end",
    }
    names = ("hits", "damage", "value_lost", "destroyed")
    found = _means(ready, level, {name: name for name in names})
    found |= {name: measured(own, texts[name], "asset") for name, own in chances.items()}
    return labelled(found, ready, level)


def of_depots(ready: "xr.Dataset", level: float) -> "xr.Dataset":
    """Estimates along `depot`; nothing if there are no depots."""
    if "depot_remaining" not in ready:
        return labelled({}, ready, level)
    names = {name: f"depot_{name}" for name in ("remaining", "reloaded", "lost")}
    reached = dry_depots(ready, level).items()
    found = {name.removeprefix("depot_"): own for name, own in reached}
    return labelled(_means(ready, level, names) | found, ready, level)
