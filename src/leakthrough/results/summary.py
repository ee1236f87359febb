"""Summary of a result: measures with their intervals, as Datasets and as text."""

import itertools
import textwrap
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.overview import Overview, Table
from leakthrough.results.estimates import (
    estimable,
)
from leakthrough.results.labelled import labelled, number_of
from leakthrough.results.provenance import name_of
from leakthrough.results.reduction import reduced_campaign
from leakthrough.results.summary_campaign import CAMPAIGN_NOTES, campaign_parts, campaign_tables
from leakthrough.results.summary_cells import MARK, cells_of, interval_cell, mean_cell, rows_of
from leakthrough.results.summary_parts import (
    TRACKS,
    of_assets,
    of_depots,
    of_layers,
    of_magazines,
    of_names,
    of_pools,
    of_raid,
    of_salvos,
)
from leakthrough.results.taken import dataset_of
from leakthrough.results.tidy import frame, measures_table
from leakthrough.statistics.controls import DONE, OF_USE, RARE, UNSETTLED, USELESS
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.text_tables import WIDTH, number

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

NOTE = "Leakers, leak rate, P(no leaker) and stops of the raid count real threats only, no decoys."
NOT_SETTLED = (
    f"{MARK} Not settled: too few replications for this mean. The interval is a wide, safe bound."
)
WITH_CONTROLS = "Means allow for the luck of the random decisions, with {} controls."
OTHERS = "{} of {} means have plain intervals: {}."
_WHY = {UNSETTLED: "not settled", RARE: "rare states", USELESS: "no gain"}
_OF_RAID = {
    "leakers": "leakers (real threats)",
    "leak_rate": "leak rate (real threats)",
    "no_leaker": "P(no leaker)",
    "decoys_leaked": "decoys through",
    "hits": "hits on assets (real threats)",
    "destroyed": "aim points destroyed",
    "value_lost": "value of assets lost",
    "cost_spent": "cost of rounds spent [currency]",
    "cost_stopped": "cost of threats stopped [currency]",
    "cost_per_stop": "spent for each stopped [currency]",
}
_DIMS = {"salvos": ("salvo",), "causes": ("salvo", "cause"), "layers": ("layer",)}
_DIMS |= {"batteries": ("battery",), "magazines": ("magazine",)}
_DIMS |= {"assets": ("asset",), "pools": ("pool",), "depots": ("depot",)}
_DIMS |= {"stocks": ("interceptor",)}


@dataclass(frozen=True, eq=False)
class Summary:
    """Summary of a result; `print` shows it as tables, and so does a notebook.

    Of a whole campaign, `raid`, `batteries` and `magazines` have the dimension `raid`, `stocks` is
    there too, and the other parts are empty: select a raid for them, as in `result.sel(raid=3)`.

    Measures have the dimension `estimate`: `mean`, `standard_error`, and the ends `low` and `high`
    of the interval. Means also have a coordinate `..._settled`: whether the interval can be
    trusted. If there are controls, those that may be estimated with them have `..._interval`: what
    was done (`leakthrough.statistics.controls.DONE`), such as "controlled" or why it is plain. Some
    have a variable `..._quantile`: quantiles over the replications.

    Parameters
    ----------
    scenario : str
        Name of the scenario or the campaign; empty if the result has no provenance.
    replications : int
    seeds : tuple of int
        More than one if results were joined.
    confidence : float
        Confidence level of the intervals.
    controls : int
        Number of controls with which means are estimated (in the raid of a campaign that has most);
        0: they are plain means.
    raid : xarray.Dataset
        `leakers`, `leak_rate` and `no_leaker` (the probability that none gets through), of real
        threats only; `decoys_leaked` if decoys are launched; `hits`, `destroyed` and `value_lost`
        of all assets if there are any; `cost_spent`, `cost_stopped` and `cost_per_stop` [currency]
        (see `cost_exchange`). Of a campaign also `launched` (a number, not an estimate) and
        `expended`.
    salvos : xarray.Dataset
        `launched` (a number, not an estimate: the mean if it is drawn), `leaked`, `leak_rate`,
        `killed`, `soft_killed`.
    causes : xarray.Dataset
        `leak_cause`: leakers by salvo and cause.
    layers : xarray.Dataset
        `killed`, `soft_killed`; `tracks_peak` and `tracks_full_time` [s] if tracks are limited.
    batteries : xarray.Dataset
        `engagements`; `busy_time` of the channels [s]. Of a campaign only `lost`,
        the probability that it is lost in the raid, if any can be.
    magazines : xarray.Dataset
        Along `magazine`, with coordinates `battery` and `interceptor`: `rounds` at the start (a
        number, not an estimate), `expended`, `remaining`; `rounds_on_dead`, fired at threats that
        were dead or dying, if there can be any; `dry`, the probability that it runs dry;
        `depletion_time` [s], over the replications in which it did; `reserve_reached` and
        `reserve_time`, the same for the moment from which only reserved rounds are left. Of a
        campaign `rounds`; `dry`, the probability of having run dry by the end of the raid; and as
        mean numbers without an interval `expended` and `delivered`.
    assets : xarray.Dataset
        Without variables if the scenario has no assets. `hits` of real threats; `not_hit`, the
        probability that there are none; `damage`, the share of the aim points that is destroyed,
        and `value_lost`, both expected given the hits; `destroyed`, aim points; `all_down`, the
        probability that none is left.
    pools : xarray.Dataset
        If there are any: `full_time` for which all channels are in use [s]; `peak`, most in use.
    depots : xarray.Dataset
        Without variables if the scenario has no depots. `remaining`; `reloaded`, rounds that it
        brought to magazines; `lost`, on their way to lost batteries; `dry`, the probability that
        its last round leaves, and `depletion_time` [s], over the replications in which it does.
    stocks : xarray.Dataset
        Of a campaign with stocks, along `interceptor`: `rounds` at the start (a number); along
        `raid` too `received` before the raid, `delivered` from the stock before the raid (a mean
        number without an interval), `left`, and `empty`, the probability of having been empty by
        the start of the raid; `first_empty`, the first raid before which it was: median, NaN where
        that is never; `never_empty`, the probability that it is never empty.
    """

    scenario: str
    replications: int
    seeds: tuple[int, ...]
    confidence: float
    controls: int
    raid: "xr.Dataset"
    salvos: "xr.Dataset"
    causes: "xr.Dataset"
    layers: "xr.Dataset"
    batteries: "xr.Dataset"
    magazines: "xr.Dataset"
    assets: "xr.Dataset"
    pools: "xr.Dataset"
    depots: "xr.Dataset"
    stocks: "xr.Dataset"

    def tables(self) -> "dict[str, pd.DataFrame]":
        """Return the parts as pandas tables, one row for each thing.

        Returns
        -------
        dict of str to pandas.DataFrame
            `raid`: a row for each `measure`, with the columns `mean`, `standard_error`, `low`,
            `high`, `settled` (false where the interval cannot be trusted), `interval` (what was
            done, if there are controls), and `quantile_0.05` to `quantile_0.95`. `salvos`,
            `causes`, `layers`, `batteries`, `magazines` and, if there are any, `assets`, `pools`
            and `depots`: a row for each, with a column for each estimate, mark and quantile,
            such as `leaked_mean`, `leaked_low`, `leaked_settled`, `leaked_interval` and
            `leaked_quantile_0.95`.

        Examples
        --------
        >>> tables = lt.summary(result).tables()  # doctest: +SKIP
        >>> tables["salvos"][["salvo", "leaked_mean", "leaked_low"]]  # doctest: +SKIP
        """
        parts = {name: own for name in _DIMS if len(own := getattr(self, name))}
        runs = ("raid",) if self._is_campaign else ()
        found = {name: _frame(part, (*runs, *_DIMS[name])) for name, part in parts.items()}
        found["magazines"] = found["magazines"].drop(columns="magazine")
        return {
            "raid": _frame(self.raid, runs) if runs else measures_table(self.raid),
            **found,
        }

    @property
    def _is_campaign(self) -> bool:
        return "raid" in self.raid.dims

    def __str__(self) -> str:
        return _report(self).text()

    def _repr_html_(self) -> str:
        return _report(self).html()


def _frame(part: "xr.Dataset", dims: tuple[str, ...]) -> "pd.DataFrame":
    return frame({str(name): own for name, own in part.data_vars.items()}, dims)


def summary(result: "xr.Dataset", confidence: float = 0.95, *, controls: bool = True) -> Summary:
    """Summarise a result: means with intervals, quantiles, probabilities, costs.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate` or `simulate_campaign`; both values of `keep` give exactly the same summary.
        Each raid of a campaign has the estimates of its own summary.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means are estimated with the luck of the random decisions taken out, where that is
        safe (`leakthrough.statistics.controls`); otherwise plain means.

    Returns
    -------
    Summary
        Means have Student's t intervals over the replications (NaN with one replication), if these
        are enough. Otherwise a mean is **not settled**: its interval is a bound that is valid for
        all bounded values, and tables mark it with `*`
        (`leakthrough.statistics.means.mean_interval`). P(no leaker) and P(dry) have Wilson's
        interval. Threats are not pooled, since those of one replication are not independent.
        Sources are in `leakthrough.statistics`.

    Raises
    ------
    ValueError
        If the Dataset is not a result, or `confidence` is not between 0 and 1.
    """
    level = checked_confidence(confidence)
    if "raid" in dataset_of(result, "simulate", argument="result").dims:
        ready = reduced_campaign(result)
        own = campaign_parts(ready, level, controls)
    else:
        ready = estimable(result, controls)
        own = _parts(ready, level)
    empty = labelled({}, ready, level)
    seeds = np.unique(result["seed"].values) if "seed" in result.variables else ()
    return Summary(
        scenario=name_of(result),
        replications=number_of(ready),
        seeds=tuple(int(seed) for seed in seeds),
        confidence=level,
        controls=int(ready["controls"].max()) if "controls" in ready and controls else 0,
        **{name: own.get(name, empty) for name in ("raid", *_DIMS)},
    )


def _parts(ready: "xr.Dataset", level: float) -> "dict[str, xr.Dataset]":
    """Parts of the summary of a raid."""
    return {
        "raid": of_raid(ready, level),
        "salvos": of_salvos(ready, level),
        "causes": of_names(ready, level, leak_cause="leak_cause"),
        "layers": of_names(ready, level, **of_layers(ready)),
        "batteries": of_names(ready, level, engagements="engagements", busy_time="busy_time"),
        "magazines": of_magazines(ready, level),
        "assets": of_assets(ready, level),
        "depots": of_depots(ready, level),
        "pools": of_names(ready, level, **of_pools(ready)),
    }


def _report(summary: Summary) -> Overview:
    """A table for each part of a summary."""
    level = f"{100 * summary.confidence:.6g} % interval"
    seeds = f"seed{'s' * (len(summary.seeds) > 1)} {', '.join(map(str, summary.seeds))}"
    runs = f"{summary.replications:,} replication{'s' * (summary.replications > 1)}"
    said = [NOTE]
    if summary._is_campaign:
        raids = summary.raid.sizes["raid"]
        runs += f" of {raids:,} raid{'s' * (raids > 1)}"
        said = [*CAMPAIGN_NOTES]
    tables = _tables(summary, level)
    marked = [NOT_SETTLED] if any(map(_is_marked, tables)) else []
    notes = [f"{runs}, {seeds}", *_with_controls(summary), *said, *marked]
    return Overview(summary.scenario, "\n".join(notes), tables, "in the Dataset")


def _tables(summary: Summary, level: str) -> list[Table]:
    if summary._is_campaign:
        return campaign_tables(vars(summary), level)
    parts = [_raid, _salvos, _causes, _layers, _batteries, _magazines]
    parts += [_depots] if len(summary.depots) else []
    parts += [_assets] if len(summary.assets) else []
    parts += [_pools] if len(summary.pools) else []
    return [part(summary, level) for part in parts]


def _with_controls(summary: Summary) -> list[str]:
    """Notes about the controls: how many, and which means have plain intervals nevertheless."""
    if not summary.controls:
        return []
    marks = (
        mark.values.ravel().tolist()
        for part in ("raid", *_DIMS)
        for name, mark in getattr(summary, part).coords.items()
        if str(name).endswith("_interval")
    )
    done = Counter(itertools.chain.from_iterable(marks))
    others = {why: done[DONE[code]] for code, why in _WHY.items() if done[DONE[code]]}
    found, number = [WITH_CONTROLS.format(summary.controls)], sum(others.values())
    narrow = sum(done[DONE[code]] for code in OF_USE)
    if number:  # those that do not vary are not counted
        reasons = ", ".join(f"{own} {why}" for why, own in others.items())
        text = OTHERS.format(number, number + narrow, reasons)
        found += textwrap.wrap(text, WIDTH)
    return found


def _is_marked(table: Table) -> bool:
    return any(str(cell).endswith(f" {MARK}") for row in table.rows for cell in row)


def _raid(summary: Summary, level: str) -> Table:
    data, rows = summary.raid, []
    for name, text in _OF_RAID.items():
        if name in data:
            error = number(float(data[name].sel(estimate="standard_error")))
            shares = data.get(f"{name}_quantile")
            quantiles = (
                [""] * 3 if shares is None else [number(q) for q in shares.values[[0, 2, 4]]]
            )
            rows.append([text, mean_cell(data[name]), error, interval_cell(data, name), *quantiles])
    header = ["", "mean", "std. error", level, "5th", "median", "95th"]
    return Table("Raid (with percentiles over the replications)", header, rows, 1)


def _salvos(summary: Summary, level: str) -> Table:
    rows = []
    for row in rows_of(summary.salvos, "salvo"):
        name = f"{row.salvo.item()}{' (decoys)' if row.decoy else ''}"
        values = [mean_cell(row[what]) for what in ("leak_rate", "killed", "soft_killed")]
        launched = number(float(row.launched))
        rows.append([name, launched, mean_cell(row.leaked), interval_cell(row, "leaked"), *values])
    header = ["salvo", "launched", "leaked", level, "leak rate", "killed", "soft killed"]
    return Table("By salvo (threats a replication)", header, rows, 1)


def _causes(summary: Summary, _: str) -> Table:
    means = summary.causes["leak_cause"].sel(estimate="mean")
    means = means.isel(cause=np.flatnonzero((means > 0).any("salvo").values))
    rows = [
        [str(name), *map(number, row)]
        for name, row in zip(means.salvo.values, means.values, strict=True)
        if len(row)
    ]
    header = ["salvo", *(str(cause).replace("_", " ") for cause in means.cause.values)]
    return Table("Causes of leaking (mean leakers; columns of 0 are left out)", header, rows, 1)


def _layers(summary: Summary, level: str) -> Table:
    rows = []
    tracks = [name for name in TRACKS if name in summary.layers]
    for row in rows_of(summary.layers, "layer"):
        own = cells_of(row, "killed", "soft_killed")
        rows.append([str(row.layer.item()), *own, *(mean_cell(row[name]) for name in tracks)])
    header = ["layer", "killed", level, "soft killed", level]
    title = "By layer (threats a replication, decoys too)"
    header += ["most tracks", "none free [s]"] if tracks else []
    return Table(title, header, rows, 1)


def _batteries(summary: Summary, level: str) -> Table:
    rows = []
    for row in rows_of(summary.batteries, "battery"):
        names = [str(row.battery.item()), str(row.layer_of.item())]
        rows.append([*names, *cells_of(row, "engagements", "busy_time")])
    header = ["battery", "layer", "engagements", level, "busy [s]", level]
    return Table("By battery (engagements; time of its channels in use)", header, rows, 2)


def _magazines(summary: Summary, level: str) -> Table:
    spends_on_dead = "rounds_on_dead" in summary.magazines
    columns: dict[str, Callable[[Any], str]] = {
        "rounds": lambda row: number(float(row.rounds)),
        "expended": lambda row: mean_cell(row.expended),
        **({"on dead": lambda row: mean_cell(row.rounds_on_dead)} if spends_on_dead else {}),
        "left": lambda row: mean_cell(row.remaining),
        "P(dry)": lambda row: mean_cell(row.dry),
        level: lambda row: interval_cell(row, "dry"),
        "dry at [s]": lambda row: mean_cell(row.depletion_time),
    }
    title = "By magazine (mean rounds; when it ran dry, where it did)"
    if not summary.magazines.reserve_reached.equals(summary.magazines.dry):
        title = f"{title[:-1]}; reserve: only reserved rounds left)"
        del columns[level]  # there is no room for it
        columns["P(reserve)"] = lambda row: mean_cell(row.reserve_reached)
        columns["at [s]"] = lambda row: mean_cell(row.reserve_time)
    rows = [
        [row.battery.item(), row.interceptor.item(), *(cell(row) for cell in columns.values())]
        for row in rows_of(summary.magazines, "magazine")
    ]
    header = ["battery", "interceptor", *columns]
    return Table(title, header, rows, 2)


def _assets(summary: Summary, level: str) -> Table:
    rows = []
    for row in rows_of(summary.assets, "asset"):
        points = number(float(row.aim_points))
        cells = [mean_cell(row.hits), mean_cell(row.not_hit), points, mean_cell(row.destroyed)]
        cells += [mean_cell(row.all_down), *cells_of(row, "value_lost")]
        rows.append([str(row.asset.item()), *cells])
    header = ["asset", "hits", "P(not hit)", "aim points", "destroyed", "P(all down)"]
    return Table("By asset (means; value lost)", [*header, "value lost", level], rows, 1)


def _pools(summary: Summary, level: str) -> Table:
    rows = [
        [
            str(row.pool.item()),
            number(float(row.pool_channels)),
            *cells_of(row, "full_time", "peak"),
        ]
        for row in rows_of(summary.pools, "pool")
    ]
    header = ["pool", "channels", "all in use [s]", level, "most in use", level]
    return Table("By pool (time without a free channel; channels in use)", header, rows, 1)


def _depots(summary: Summary, level: str) -> Table:
    rows = []
    for row in rows_of(summary.depots, "depot"):
        names = [str(row.depot.item()), str(row.interceptor_of.item())]
        left, lost = mean_cell(row.remaining), mean_cell(row.lost)
        cells = [
            number(float(row.depot_rounds)),
            left,
            lost,
            mean_cell(row.dry),
            interval_cell(row, "dry"),
        ]
        rows.append([*names, *cells, mean_cell(row.depletion_time)])
    header = ["depot", "interceptor", "rounds", "left", "lost on the way", "P(dry)"]
    title = "By depot (mean rounds; when its last round left, where it did)"
    return Table(title, [*header, level, "dry at [s]"], rows, 2)
