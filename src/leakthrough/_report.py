"""A summary as tables to read."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from leakthrough._text import WIDTH, interval, number, shortened, table

if TYPE_CHECKING:
    from leakthrough.summary import Summary

NOTE = "Leakers, leak rate, P(no leaker) and stops of the raid count real threats only, no decoys."
_OF_RAID = {
    "leakers": "leakers (real threats)",
    "leak_rate": "leak rate (real threats)",
    "no_leaker": "P(no leaker)",
    "decoys_leaked": "decoys through",
    "cost_spent": "cost of rounds spent [currency]",
    "cost_stopped": "cost of threats stopped [currency]",
    "cost_per_stop": "spent for each stopped [currency]",
}


def report(summary: "Summary") -> str:
    """Return a table for each part of a summary, of at most `WIDTH` columns."""
    seeds = f"seed{'s' * (len(summary.seeds) > 1)} {', '.join(map(str, summary.seeds))}"
    head = f"{summary.replications:,} replication{'s' * (summary.replications > 1)}, {seeds}"
    heading = [shortened(line, WIDTH) for line in (summary.scenario, head) if line]
    parts = (_raid, _salvos, _causes, _layers, _batteries, _magazines)
    level = f"{100 * summary.confidence:.6g} % interval"
    return "\n\n".join(["\n".join([*heading, NOTE]), *(part(summary, level) for part in parts)])


def _mean(values: xr.DataArray) -> str:
    return number(float(values.sel(estimate="mean")))


def _interval(values: xr.DataArray) -> str:
    return interval(float(values.sel(estimate="low")), float(values.sel(estimate="high")))


def _rows(data: xr.Dataset, dim: str) -> list[xr.Dataset]:
    return [data.isel({dim: place}) for place in range(data.sizes[dim])]


def _raid(summary: "Summary", level: str) -> str:
    data, rows = summary.raid, []
    for name, text in _OF_RAID.items():
        if name in data:
            error = number(float(data[name].sel(estimate="standard_error")))
            shares = data.get(f"{name}_quantile")
            quantiles = (
                [""] * 3 if shares is None else [number(q) for q in shares.values[[0, 2, 4]]]
            )
            rows.append([text, _mean(data[name]), error, _interval(data[name]), *quantiles])
    header = ["", "mean", "std. error", level, "5th", "median", "95th"]
    return table("Raid (with percentiles over the replications)", header, rows)


def _salvos(summary: "Summary", level: str) -> str:
    rows = []
    for row in _rows(summary.salvos, "salvo"):
        name = f"{row.salvo.item()}{' (decoys)' if row.decoy else ''}"
        values = [_mean(row[what]) for what in ("leak_rate", "killed", "soft_killed")]
        launched = number(float(row.launched))
        rows.append([name, launched, _mean(row.leaked), _interval(row.leaked), *values])
    header = ["salvo", "launched", "leaked", level, "leak rate", "killed", "soft killed"]
    return table("By salvo (threats a replication)", header, rows)


def _causes(summary: "Summary", _: str) -> str:
    means = summary.causes["leak_cause"].sel(estimate="mean")
    means = means.isel(cause=np.flatnonzero((means > 0).any("salvo").values))
    rows = [
        [str(name), *map(number, row)]
        for name, row in zip(means.salvo.values, means.values, strict=True)
        if len(row)
    ]
    header = ["salvo", *(str(cause).replace("_", " ") for cause in means.cause.values)]
    return table("Causes of leaking (mean leakers; columns of 0 are left out)", header, rows)


def _layers(summary: "Summary", level: str) -> str:
    rows = []
    for row in _rows(summary.layers, "layer"):
        pairs = [(_mean(v), _interval(v)) for v in (row.killed, row.soft_killed)]
        rows.append([str(row.layer.item()), *(cell for pair in pairs for cell in pair)])
    header = ["layer", "killed", level, "soft killed", level]
    return table("By layer (threats a replication, decoys too)", header, rows)


def _batteries(summary: "Summary", level: str) -> str:
    rows = []
    for row in _rows(summary.batteries, "battery"):
        names = [str(row.battery.item()), str(row.layer_of.item())]
        pairs = [(_mean(v), _interval(v)) for v in (row.engagements, row.busy_time)]
        rows.append([*names, *(cell for pair in pairs for cell in pair)])
    header = ["battery", "layer", "engagements", level, "busy [s]", level]
    return table("By battery (engagements; time of its channels in use)", header, rows, names=2)


def _magazines(summary: "Summary", level: str) -> str:
    rows = [
        [
            str(row.battery.item()),
            str(row.interceptor.item()),
            number(float(row.rounds)),
            *(_mean(row[name]) for name in ("expended", "remaining", "dry")),
            _interval(row.dry),
            _mean(row.depletion_time),
        ]
        for row in _rows(summary.magazines, "magazine")
    ]
    header = ["battery", "interceptor", "rounds", "expended", "left", "P(dry)", level, "dry at [s]"]
    title = "By magazine (mean rounds; when it ran dry, where it did)"
    return table(title, header, rows, names=2)
