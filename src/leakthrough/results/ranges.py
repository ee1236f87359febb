"""Ranges of the values of a result, and the chance events that its scenario names."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.labels import Labels, label
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.possible import Possible, hit, possible, stock
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign, differing_raids
from leakthrough.model.intercepts import mean_of
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import MOST_THREATS, Scenario
from leakthrough.results.launched import mean_launched
from leakthrough.results.provenance import campaign_of, scenario_of
from leakthrough.statistics.means import rare_share, rarely_seen

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


class _Known(NamedTuple):
    """What is known of a raid: its tables and names, and what is possible in it."""

    tables: Tables
    labels: Labels
    possible: Possible
    alone: bool  # whether no other raid came before


class Ranges:
    """Ranges of the variables of a reduced result, and the rare states of its scenario.

    Without the provenance of the result they are those that follow from the raid alone.
    """

    def __init__(self, ready: "xr.Dataset") -> None:
        self.ready = ready
        own = ready["scenario_digest"].values if "scenario_digest" in ready.variables else ()
        raid = int(ready["raid"]) if "raid" in ready.coords and ready["raid"].ndim == 0 else 0
        key = ready.attrs.get("provenance"), tuple(np.unique(own).tolist())
        self.scenario, self.known = _scenario(*key), _known(*key, raid)

    @functools.cached_property
    def mean_launched(self) -> "Array":
        """Threats launched of each salvo (S,), or their mean if that is drawn."""
        return mean_launched(self.ready)

    @functools.cached_property
    def launched(self) -> "Array":
        """Threats launched of each salvo (S,) at most."""
        if self.ready["launched"].dims == ("salvo",):
            return np.asarray(self.mean_launched, np.float64)
        if self.known is None:
            return np.full(self.mean_launched.shape, float(MOST_THREATS))
        return self._of_salvos(self.known, self.known.tables.salvos["count"])

    @functools.cached_property
    def certain(self) -> "Array":
        """Threats of each salvo (S,) that are launched in any case."""
        if self.ready["launched"].dims == ("salvo",):
            return self.launched
        if self.known is None:
            return np.zeros(self.mean_launched.shape)
        known, salvos = self.known.tables, self.known.tables.salvos
        return self._of_salvos(self.known, np.where(known.are_counts_constant, salvos["count"], 0))

    def _of_salvos(self, known: _Known, values: "Array") -> "Array":
        """Values of the salvos of a raid, 0 for those that it lacks."""
        found: Array = np.append(values, 0.0)[self._at("salvo", known.labels.salvos)]
        return found

    def rare(self, number: "npt.ArrayLike") -> "Array":
        """Probability of the rare states in some numbers of replications."""
        layers = self.scenario.sites if self.scenario else ()
        share = rare_share([mean_of(layer.sensor.availability) for layer in layers], number)
        if self.is_fixed or "lost" not in self.ready:
            return share
        lost = self.ready["lost"]
        means = lost.sel(statistic="mean") if "statistic" in lost.dims else lost.mean("replication")
        return share + rarely_seen(means.values, number)

    @property
    def is_fixed(self) -> bool:
        """Whether nothing is drawn, so that all replications are equal."""
        return self.known is not None and self.known.alone and not self.known.possible.drawn

    @property
    def least_leaked(self) -> "Array":
        """Threats (S,) that leak in any case, since nothing can kill them."""
        stopped = self._of_windows("killed") + self._of_windows("soft_killed")
        return np.where((stopped > 0.0).any(axis=0), 0.0, self.certain)

    @property
    def most_expended(self) -> "npt.ArrayLike":
        """Rounds (B, I) that can be fired, 0 where there is no magazine."""
        if self.known is None:
            return np.inf
        return self._of_magazines(self.known, self.known.possible.expended)

    def of(self, name: str) -> "tuple[npt.ArrayLike, npt.ArrayLike]":
        """Smallest and largest value of a variable; from 0 to infinity if nothing is known."""
        if name == "leaked":
            return self.least_leaked, self.launched
        if name == "leakers":
            real = ~self.ready["decoy"].values
            return self.least_leaked[real].sum(), self.launched[real].sum()
        if name == "leak_cause":
            return 0.0, self.launched[:, np.newaxis]
        if name in ("expended", "rounds_on_dead"):
            return 0.0, self.most_expended
        if name.startswith("depot_") and not name.endswith("_time"):
            alone = name == "depot_remaining" or (self.known is not None and self.known.alone)
            return 0.0, self.ready["depot_rounds"].values if alone else np.inf
        if name in ("remaining", "ready_rounds"):
            return self._left()
        if name in ("hits", "damage", "value_lost", "destroyed"):
            return self._of_assets(name)
        if name.startswith("total_"):
            least, most = self._of_assets(name.removeprefix("total_"))
            return np.sum(least), np.sum(most)
        if name in ("engagements", "busy_time"):
            most = self._engagements()
            return 0.0, most if name == "engagements" else np.where(most > 0.0, np.inf, 0.0)
        if name in ("pool_full_time", "pool_peak"):
            most = self._peaks()
            full = np.where(most >= self.ready["pool_channels"].values, np.inf, 0.0)
            return 0.0, most if name == "pool_peak" else full
        by, _, what = name.partition("_")
        if what not in ("killed", "soft_killed"):
            return 0.0, np.inf
        found = self._of_windows(what)
        return 0.0, found.sum(axis=1) if by == "layer" else found.max(axis=0, initial=0.0)

    def _of_assets(self, name: str) -> "tuple[npt.ArrayLike, npt.ArrayLike]":
        """Smallest and largest value of a variable of assets (A,)."""
        values, points = self.ready["asset_value"].values, self.ready["aim_points"].values
        if self.known is None:
            known: dict[str, Any] = {"hits": np.inf, "damage": 1.0}
            known |= {"value_lost": values, "destroyed": points}
            return 0.0, np.broadcast_to(known[name], values.shape)
        tables, labels = self.known.tables, self.known.labels
        counts, fixed = tables.salvos["count"], tables.are_counts_constant
        certain = np.where(self.known.possible.survivors & fixed, counts, 0)
        ends = hit(tables, certain, at_least=True)[name], hit(tables, counts)[name]
        at = self._at("asset", labels.assets)
        least, most = (np.append(own, 0.0)[at] for own in ends)
        # What is down since an earlier raid loses nothing.
        return least if self.known.alone or name != "value_lost" else 0.0, most

    def _of_windows(self, what: str) -> "Array":
        """Threats (L, S) that each layer can kill, or soft kill."""
        shape = self.ready.sizes["layer"], self.ready.sizes["salvo"]
        if self.known is None:
            return np.broadcast_to(self.launched, shape)
        labels, values = self.known.labels, np.pad(getattr(self.known.possible, what), (0, 1))
        rows, columns = self._at("layer", labels.layers), self._at("salvo", labels.salvos)
        found: Array = np.minimum(values[np.ix_(rows, columns)], self.launched)
        return found

    def _of_magazines(self, known: _Known, values: "Array") -> "Array":
        """Values (K,) as (B, I), 0 where there is no magazine."""
        rows, columns = known.tables.magazines["battery"], known.tables.magazines["interceptor"]
        found = np.zeros((len(known.labels.batteries) + 1, len(known.labels.interceptors) + 1))
        found[rows, columns] = values
        batteries = self._at("battery", known.labels.batteries)
        return found[np.ix_(batteries, self._at("interceptor", known.labels.interceptors))]

    def _engagements(self) -> "Array":
        """Engagements (B,) that are possible."""
        if self.known is None:
            return np.full(self.ready.sizes["battery"], np.inf)
        most = np.append(self.known.possible.engagements, 0.0)
        return most[self._at("battery", self.known.labels.batteries)]

    def _peaks(self) -> "Array":
        """Channels of each pool (O,) that can be in use."""
        most: Array = self.ready["pool_channels"].values.astype(np.float64)
        if self.known is None:
            return most
        tables, of = self.known.tables, self.known.possible
        used = np.minimum(tables.batteries["channels"], of.engagements)[tables.members]
        owner = np.repeat(np.arange(tables.pools.size), _sizes(tables.pools))
        own = np.bincount(owner, used, minlength=tables.pools.size)
        own = np.append(own, 0.0)[self._at("pool", self.known.labels.pools)]
        return np.asarray(np.minimum(most, own))

    def _left(self) -> "tuple[npt.ArrayLike, npt.ArrayLike]":
        """Fewest and most rounds (B, I) that are left."""
        if self.known is None:
            return 0.0, np.inf
        tables, most = self.known.tables, stock(self.known.tables)
        fewest = tables.magazines["rounds"] - self.known.possible.expended
        # While enough rounds are left, no reload comes; before, others may have fired or destroyed.
        if tables.landings.size or not self.known.alone:
            fewest = np.zeros_like(most)
        if not self.known.alone:  # depots are filled again
            fed = tables.magazines["depot"] >= 0
            reloaded = tables.magazines["reload_at"] + tables.magazines["reload_rounds"]
            most = np.where(fed, np.maximum(most, reloaded), most)
        fewest = np.maximum(np.where(np.isinf(most), 0.0, fewest), 0.0)
        most = np.where(fewest > tables.magazines["reload_at"], tables.magazines["rounds"], most)
        return self._of_magazines(self.known, fewest), self._of_magazines(self.known, most)

    def _at(self, dim: str, names: Sequence[str]) -> list[int]:
        """Codes of the names along a dimension; -1, the last, for those that this raid lacks."""
        codes = {name: code for code, name in enumerate(names)}
        return [codes.get(name, -1) for name in self.ready[dim].values.tolist()]


def _sizes(pools: "Array") -> "Array":
    """Number of the batteries of each pool."""
    return np.asarray(pools["stop_member"].astype(np.int64) - pools["first_member"])


@functools.lru_cache(maxsize=8)  # building a scenario takes as long as everything else here
def _scenario(provenance: str | None, digests: tuple[str, ...]) -> Scenario | None:
    """The scenario of a result, None if its provenance cannot tell."""
    try:
        return scenario_of(_bare(provenance, digests))
    except ValueError:
        return None


@functools.lru_cache(maxsize=64)
def _known(provenance: str | None, digests: tuple[str, ...], raid: int) -> _Known | None:
    """What is known of a raid; nothing of several raids together."""
    scenario, campaign = _scenario(provenance, digests), _campaign(provenance, digests)
    if scenario is None or (campaign and not raid):
        return None
    pattern = campaign is not None and isinstance(campaign.raids, RaidPattern)
    own = campaign.raid(raid) if campaign and not pattern else scenario
    if campaign and pattern:
        [own] = differing_raids(campaign).values()
    tables = lower(own, given=pattern)
    most = possible_in(tables, campaign=campaign is not None)
    return _Known(tables, label(own), most, campaign is None)


def possible_in(tables: Tables, *, campaign: bool) -> Possible:
    """What is possible in a raid, perhaps one of a campaign.

    In a campaign there is no limit to the rounds of depots, which are filled again.
    """
    found, fed = possible(tables), tables.magazines["depot"] >= 0
    if not campaign:
        return found
    batteries = np.bincount(tables.magazines["battery"], fed, minlength=tables.batteries.size) > 0
    return found._replace(
        expended=np.where(fed & (found.expended > 0.0), np.inf, found.expended),
        engagements=np.where(batteries & (found.engagements > 0.0), np.inf, found.engagements),
    )


@functools.lru_cache(maxsize=8)
def _campaign(provenance: str | None, digests: tuple[str, ...]) -> Campaign | None:
    try:
        return campaign_of(_bare(provenance, digests))
    except ValueError:
        return None


def _bare(provenance: str | None, digests: tuple[str, ...]) -> "xr.Dataset":
    """A Dataset with the provenance alone."""
    import xarray as xr

    variables = {"scenario_digest": ("digest", list(digests))} if digests else {}
    return xr.Dataset(variables, attrs={"provenance": provenance})
