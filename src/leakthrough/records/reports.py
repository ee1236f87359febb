"""What a record says about the outcome of each night: of how many threats, and two limits.

The number stopped is between the limits. They are equal if hard and soft kills are reported;
otherwise some of those that were not shot down may have been jammed. Threats in flight are left
out: their fates say nothing about those of the others.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.records.entries import Array, nights

if TYPE_CHECKING:
    import xarray as xr

SOURCES = ("parts", "rivals")
OUTCOMES = ("stopped", "soft_kill", "hard_kill")


class Reports(NamedTuple):
    """Reports of one class, ordered by night; shape (reports,) each.

    Of `known` threats, `low` to `high` had the outcome.
    """

    night: Array
    known: Array
    low: Array
    high: Array

    def among(self, chosen: Array) -> "Reports":
        """Some of the reports."""
        return Reports(*(values[chosen] for values in self))


def reports(
    record: "xr.Dataset",
    threat_class: str,
    outcome: str = "stopped",
    unreported: Collection[str] = ("drone",),
    sources: str = "parts",
) -> Reports:
    """Reports of one class; one for each night, or one for each source of a night (`rivals`)."""
    table = _by_source(record) if sources == "rivals" else nights(record)
    of_class = table.sel(threat_class=threat_class).transpose("night")
    counts = {name: of_class[name].values.astype(np.float64) for name in ("through", *OUTCOMES)}
    limits = np.array(_limits(outcome, unknown=threat_class in unreported, **counts))
    used = np.isfinite(limits).all(axis=0) & (limits[0] > 0)
    return Reports(of_class["night"].values[used], *limits[:, used].astype(np.int64))


def _limits(
    outcome: str,
    *,
    unknown: bool,
    through: Array,
    stopped: Array,
    soft_kill: Array,
    hard_kill: Array,
) -> tuple[Array, Array, Array]:
    """Number of threats with a known fate, and limits of those with an outcome."""
    known = stopped + through
    if outcome == "stopped":
        jammed = np.isnan(soft_kill) & np.isfinite(hard_kill) & unknown
        return known, stopped, np.where(jammed, known, stopped)
    if outcome == "soft_kill":
        return known, soft_kill, soft_kill
    return known - soft_kill, hard_kill, hard_kill


def _by_source(record: "xr.Dataset") -> "xr.Dataset":
    """One table by night and class for each source, one after another, ordered by night."""
    import xarray as xr

    if "entry" not in record.dims or "source" not in record.coords:
        raise ValueError('record: with sources="rivals", must be along entry and have a source')
    names = record["source"].values
    parts = [nights(record.isel(entry=names == name)) for name in np.unique(names)]
    whole = nights(record)
    joined = xr.concat(
        [part.reindex(threat_class=whole["threat_class"].values, fill_value=0) for part in parts],
        "night",
    )
    return joined.sortby("night")
