"""Measures of a study: one number, or one for each name, per replication."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import listed, one_of, refused, whole_in
from leakthrough.model.base import plain
from leakthrough.model.raid_pattern import MOST_RAIDS
from leakthrough.quantities import described
from leakthrough.results.taken import taken
from leakthrough.statistics.adjusted import estimates_of
from leakthrough.statistics.controls import Controlled
from leakthrough.statistics.intervals import wilson
from leakthrough.statistics.means import COCHRAN, SETTLED, Moments, moments_of
from leakthrough.studies.kinds import COUNTED_TO, MEASURES, OF_ASSETS, Kind
from leakthrough.studies.reading import Numbers, Reader, counts_of_result, frame_of_result

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

MOST = 10**12
"""Threats in a measure, which are more than a raid can have."""


@dataclass(frozen=True)
class Measure:
    """A quantity that a study measures in each replication, of a raid or of a campaign.

    Functions that take a measure also accept its name, which means `Measure(name)`.

    Parameters
    ----------
    name : str
        - `leakers`: threats that get through;
        - `leak_rate`: their share of those launched (NaN where none are); of the mean number of
          those launched if it is drawn, so that a replication may have more than 1;
        - `no_leaker`: whether none gets through, so that its mean is a probability;
        - `at_most`: whether at most `count` get through;
        - `expended`: rounds expended;
        - `cost_spent`: their cost [currency];
        - `dry`: whether any of the selected magazines runs dry;
        - `hits`: real threats that get through and aim at an asset;
        - `not_hit`: whether none of them does;
        - `destroyed`: aim points of assets that they destroy;
        - `all_down`: whether any of the selected assets has no aim point left;
        - `damage`, `value_lost`: the share of the aim points that is destroyed, and the value,
          which are expected given the hits. So they have the mean of what is destroyed with less
          noise, and are **for means only**: for quantiles and probabilities use `destroyed`;
        - `depot_left`: rounds that depots hold at the end;
        - `depot_dry`: whether any of the selected depots is empty at the end of a raid;
        - `pool_full_time`: time for which all channels of a pool are in use [s];
        - `tracks_full_time`: time for which no track of a layer is free [s].

        Of a campaign only:

        - `share_above`: the share of the raids in which more than `count` get through;
        - `first_dry`: the first raid in which any of the selected magazines is dry;
        - `stock_dry`: whether any of the selected stocks has been empty when a raid began;
        - `stock_first_dry`: the first raid before which that was so.

        A first raid **that never comes counts as one after the last**: the number of raids plus 1.
        So a quantile with this value means that it is later than the campaign, and a mean is that
        of the first raid or the end of the campaign, whichever is earlier.
    by : str, optional
        Grouping, with one number for each name: `salvo` or `threat` for measures of threats,
        `layer`, `battery` or `interceptor` for those of rounds and magazines, `interceptor` for
        those of stocks, `asset`, `depot`, `pool` (`layer` for tracks) for the others. None: one
        number for all, **of real threats only**; not for `damage`, `pool_full_time` and
        `tracks_full_time`.
    of : str, optional
        Only the number of this name, out of those that `by` gives.
    count : int, default 0
        The number of threats in `at_most` and `share_above`.
    raid : int, optional
        Of a campaign: what happens in the raid with this number, from 1; of `dry` the magazines
        that are dry by the end of this raid, of `stock_dry` the stocks that have been empty by its
        start. None: all raids together. These are sums, but `leak_rate` is the share of all threats
        launched, and `damage` the mean over the raids.

    Raises
    ------
    ValueError
        If there is no such measure, or it cannot be grouped by `by`.

    Examples
    --------
    >>> Measure("leakers", by="threat", of="drone").label
    'leakers of threat drone'
    >>> Measure("stock_dry", by="interceptor", of="missile", raid=60).label
    'stock_dry of interceptor missile at raid 60'
    """

    name: str
    by: str | None = None
    of: str | None = None
    count: int = 0
    raid: int | None = None

    def __post_init__(self) -> None:
        for name in ("name", "by", "of"):
            given = getattr(self, name)
            if isinstance(given, str):  # perhaps of a class of its own, such as an Enum
                object.__setattr__(self, name, plain(given))
        one_of("measure", self.name, tuple(MEASURES))
        allowed = self.kind.by
        one_of(f"measure {self.name}, by", self.by, self.kind.groups)
        if not (self.of is None or isinstance(self.of, str)):
            raise refused(f"measure {self.name}, of", "a name, or None", self.of)
        if self.of is not None and self.by is None:
            raise ValueError(f"measure {self.name}, of: needs by, one of {', '.join(allowed)}")
        count = whole_in(self.count)
        if count is None or not 0 <= count <= MOST or (count and self.name not in COUNTED_TO):
            text = f"a whole number from 0 to {MOST}, and is for {' and '.join(COUNTED_TO)}"
            raise refused(f"measure {self.name}, count", text, self.count)
        object.__setattr__(self, "count", count)
        if self.raid is not None:
            object.__setattr__(self, "raid", self._checked_raid())

    def _checked_raid(self) -> int:
        raid = whole_in(self.raid)
        if raid is None or not 1 <= raid <= MOST_RAIDS:
            text = f"the number of a raid from 1 to {MOST_RAIDS:,}, or None"
            raise refused(f"measure {self.name}, raid", text, self.raid)
        if self.kind.every:
            text = "must be None, since the measure is of all raids together"
            raise ValueError(f"measure {self.name}, raid: {text}; got {raid}")
        return raid

    @property
    def kind(self) -> Kind:
        """Definition of its name."""
        return MEASURES[self.name]

    @property
    def is_of_assets(self) -> bool:
        """Whether it is about assets."""
        return self.kind.by == OF_ASSETS

    @property
    def is_share(self) -> bool:
        """Whether its values are from 0 to 1."""
        return self.kind.probability or self.name in ("leak_rate", "damage", "share_above")

    @property
    def label(self) -> str:
        """A short name, unique to the measure."""
        number = f"_{self.count}" if self.name in COUNTED_TO else ""
        names = f" {'by' if self.of is None else 'of'} {self.by}" if self.by else ""
        names += f" {self.of}" if self.of is not None else ""
        names += f" at raid {self.raid}" if self.raid is not None else ""
        return f"{self.name}{number}{names}"

    @property
    def long_name(self) -> str:
        """Description."""
        text = self.kind.long_name.format(self.count)
        if self.kind.source == "leaked" and self.by is None:
            text = f"{text}, real threats only"
        if self.raid is None:
            return text
        return f"{text}, {'by' if self.kind.state else 'in'} raid {self.raid}"

    @property
    def attrs(self) -> dict[str, str]:
        """Attributes of a variable with its values."""
        return described(self.long_name, self.kind.units)

    @property
    def dims(self) -> tuple[str, ...]:
        """Dimensions of its values in one replication."""
        return () if self.by is None or self.of is not None else (self.by,)

    def values(self, result: "xr.Dataset") -> "xr.DataArray":
        """Return its value in each replication of a result.

        Parameters
        ----------
        result : xarray.Dataset
            From `simulate` or `simulate_campaign`, with its replications kept. Of a campaign, all
            raids, or the first ones, as in ``result.isel(raid=slice(20))``; a single raid that is
            selected without its dimension is like the result of `simulate`.

        Returns
        -------
        xarray.DataArray
            Along `replication`, and along `by` where that is given without `of`.

        Raises
        ------
        ValueError
            If the Dataset is not such a result, or has no such name as `of`.
        """
        import xarray as xr

        result = taken(result)
        if "replication" not in result.dims or "leaked" not in result:
            text = "must come from leakthrough.simulate or simulate_campaign, replications kept"
            raise ValueError(f"result: {text}")
        reader = Reader(self, frame_of_result(result))
        counts = counts_of_result(result, reader.source)
        found = reader([reader.part(counts[reader.raids])])
        of = {"replication": result["replication"]}
        if not self.dims:
            return xr.DataArray(found[:, 0], of, ["replication"], self.label, self.attrs)
        names = np.array(reader.names, np.str_)
        dims = ["replication", *self.dims]
        return xr.DataArray(found, {**of, self.dims[0]: names}, dims, self.label, self.attrs)

    def estimates(self, values: Numbers, confidence: float = 0.95) -> Numbers:
        """Mean, standard error and interval of its values over independent replications.

        Parameters
        ----------
        values : array of float, shape (R, ...)
        confidence : float

        Returns
        -------
        array of float, shape (4, ...)
            As in `leakthrough.statistics.intervals`: Wilson's interval for a probability, otherwise
            that of `leakthrough.statistics.means.mean_interval`.
        """
        return self.interval(moments_of(values), len(values), confidence)[:SETTLED]

    def interval(
        self, moments: Moments, number: int, confidence: float = 0.95, **limits: Any
    ) -> Numbers:
        """Estimates and their marks, shape (6, ...); arguments as for `estimated`.

        The marks are whether they are settled, and what was done (`statistics.controls.DONE`).
        """
        return self.estimated(moments, number, confidence, **limits).rows

    def estimated(
        self,
        moments: Moments,
        number: int,
        confidence: float = 0.95,
        *,
        least: "npt.ArrayLike" = 0.0,
        most: "npt.ArrayLike" = np.inf,
        rare: "npt.ArrayLike" = 0.0,
        cochran: float = COCHRAN,
    ) -> Controlled:
        """Estimates, and whether they are settled, shape (5, ...); and what was done.

        `least` and `most` are the ends of the possible values, `rare` the probability of rare
        states (see `leakthrough.statistics.means`). A probability is always settled.
        """
        if self.kind.probability:
            found = wilson(np.rint(np.asarray(moments.mean) * number), number, confidence)
            found = np.concatenate([found, np.ones_like(found[:1])])
            return Controlled(found, np.zeros(found.shape[1:], np.int64), found)
        bound = most
        if self.name == "leak_rate":  # above 1 only where the number launched is drawn
            above = np.isfinite(moments.largest) & (np.asarray(moments.largest) > 1.0)
            bound = np.where(above, most, np.minimum(most, 1.0))
        return estimates_of(
            moments, number, confidence, least=least, most=bound, rare=rare, cochran=cochran
        )


def measure_of(given: Any, name: str = "measure") -> Measure:
    """Return a measure that is given as such or by name; ValueError if it is neither."""
    return given if isinstance(given, Measure) else Measure(one_of(name, given, tuple(MEASURES)))


def measures_of(given: object, name: str = "measures") -> list[Measure]:
    """Return the measures of a list."""
    return [measure_of(each, name) for each in listed(name, given, "measures")]
