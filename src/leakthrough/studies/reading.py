"""Reading of measures: from counts by raid to one number, or one for each name, a replication."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from leakthrough.model.arguments import refused
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.model.errors import nearest, shown
from leakthrough.results.launched import mean_launched
from leakthrough.studies.kinds import COLUMNS, NEEDED, OF_ROUNDS, Kind

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.float64]


class Selected(Protocol):
    """What a reader asks of a measure; see `leakthrough.Measure`."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def by(self) -> str | None:
        """Grouping."""

    @property
    def of(self) -> str | None:
        """One name of the grouping."""

    @property
    def count(self) -> int:
        """Number of threats."""

    @property
    def raid(self) -> int | None:
        """Number of a raid."""

    @property
    def kind(self) -> Kind:
        """Definition of its name."""

    @property
    def is_of_assets(self) -> bool:
        """Whether it is about assets."""

    @property
    def is_share(self) -> bool:
        """Whether its values are from 0 to 1."""


class Frame(NamedTuple):
    """Names and values along the columns of the counts: S salvos, K magazines, A assets, I stocks.

    N is the number of raids.
    """

    salvo: Sequence[str]  # (S,)
    threat: Sequence[str]  # (S,)
    decoy: Sequence[bool]  # (S,)
    launched: Array  # (N, S), means of those that are drawn
    layer: Sequence[str]  # (K,)
    battery: Sequence[str]  # (K,)
    interceptor: Sequence[str]  # (K,)
    cost: Array  # (K,)
    asset: Sequence[str]  # (A,)
    stocked: Array  # (I,) whether there is a stock of the interceptor
    every: dict[str, tuple[str, ...]]  # all names by grouping, also those without a column
    raids: int | None = None  # of a campaign


VARIABLES_OF_ASSETS = ("hits", "damage", "value_lost", "destroyed", "down")
"""Variables from which the measures of assets are computed."""


def counts_of_assets(variables: Mapping[str, Array], aim_points: Array) -> dict[str, Array]:
    """Sources (R, A) of the measures of assets, from the variables of a result."""
    return {**variables, "all_down": variables["destroyed"] + variables["down"] == aim_points}


class Reader:
    """Computes a measure from counts with the columns of a frame.

    Raises ValueError if the name `of` does not exist, or the raid.
    """

    def __init__(self, measure: Selected, frame: Frame) -> None:
        check_raids(measure, frame.raids)
        self.measure, self.source = measure, measure.kind.source
        self.raids = _raids_read(measure, len(frame.launched))
        self.names, weights = _groups(measure, frame)
        frame = frame._replace(launched=frame.launched[self.raids].sum(axis=0))
        if measure.name == "cost_spent":
            weights = np.where(weights > 0, weights * frame.cost, 0.0)  # NaN: not given
        self.weights = weights.T.astype(np.float64)
        self.whole = bool((self.weights == np.rint(self.weights)).all())  # then sums are exact
        self.finish = _finish(measure, weights, frame, self.raids.stop - self.raids.start)

    def most(self, counts: Array) -> Numbers:
        """Largest value (names,) if no count (columns,) is larger; infinite counts are allowed.

        The counts are those of all raids that are read together.
        """
        with np.errstate(invalid="ignore"):
            parts = np.where(self.weights > 0.0, counts[:, np.newaxis] * self.weights, 0.0)
        found: Numbers = self.finish(parts.sum(axis=0)[np.newaxis])[0]
        return found

    @property
    def ends(self) -> Numbers:
        """Smallest and largest values (2, names) of a measure of all raids together."""
        ends = (0.0, 1.0) if self.measure.is_share else (1.0, self.raids.stop + 1.0)
        return np.tile(np.array([ends]).T, len(self.names))

    @property
    def nothing(self) -> Numbers:
        """Values (1, names) of replications without any counts; NaN where they have none."""
        shape = 1, len(self.names if self.measure.kind.every else self.weights)
        return self([np.zeros(shape)])

    def part(self, counts: Array) -> Array:
        """What some raids contribute, from rows (raids, R, columns) of the source.

        Usually the sums (R, columns); for a measure of all raids together, the number of raids
        (R, names) of which something holds.
        """
        if self.measure.kind.every:
            sums = counts.astype(np.float64) @ self.weights
            counts = sums > self.measure.count if self.source == "leaked" else sums == 0.0
        found: Array = counts.sum(axis=0)
        return found

    def __call__(self, parts: Sequence[Array]) -> Numbers:
        """Return the values (R, names) from the parts of all raids that are read."""
        numbers = functools.reduce(np.add, parts).astype(np.float64)
        if self.measure.kind.every:
            return self.finish(numbers)
        if self.whole:
            return self.finish(numbers @ self.weights)
        # In the order of the columns: the order of summation of BLAS depends on the number of rows.
        found = np.zeros((len(numbers), self.weights.shape[1]))
        for column, weights in zip(numbers.T, self.weights, strict=True):
            found += column[:, np.newaxis] * weights
        return self.finish(found)


def check_raids(measure: Selected, raids: int | None) -> None:
    """Raise ValueError if a measure is of another number of raids; None: not of a campaign."""
    if raids is None and measure.kind.of_campaign:
        raise ValueError(f"measure {measure.name}: is of campaigns, and this is one raid")
    if measure.raid is None:
        return
    if raids is None:
        raise refused(f"measure {measure.name}, raid", "None, except for a campaign", measure.raid)
    if measure.raid > raids:
        text = f"at most {raids:,}, the number of raids"
        raise refused(f"measure {measure.name}, raid", text, measure.raid)


def _raids_read(measure: Selected, raids: int) -> slice:
    """The raids whose counts are read: of a state the last one that matters."""
    if measure.raid is None and not measure.kind.state:
        return slice(0, raids)
    last = measure.raid or raids
    return slice(last - 1, last)


def names_of(measure: Selected, every: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of a measure's values, selected from all names by grouping."""
    needs = measure.kind.needs
    if needs and not every[needs]:
        raise ValueError(f"measure {measure.name}: the scenario has no {NEEDED[needs]}")
    if measure.by is None:
        return ("all",)
    names = every[measure.by]
    if measure.of is None:
        return names
    if measure.of not in names:
        article = "an" if measure.by in ("interceptor", "asset") else "a"
        text = f"{shown(measure.of)} is not the name of {article} {measure.by}"
        raise ValueError(f"measure {measure.name}, of: {text}{nearest(measure.of, names)}")
    return (measure.of,)


def _groups(measure: Selected, frame: Frame) -> tuple[tuple[str, ...], Array]:
    """Names of the values, and the columns of each as a mask (names, columns)."""
    names, source = names_of(measure, frame.every), measure.kind.source
    if measure.by is None:
        if source == "leaked":
            return names, ~np.array([frame.decoy], np.bool_)
        if source in ("expended", "dry"):
            return names, np.ones((1, len(frame.battery)))
        return names, np.ones((1, len(frame.every[COLUMNS.get(source, "asset")])))
    columns = frame.every[COLUMNS[source]] if source in COLUMNS else getattr(frame, measure.by)
    return names, np.array(columns, np.str_) == np.array(names, np.str_)[:, np.newaxis]


def _finish(
    measure: Selected, weights: Array, frame: Frame, raids: int
) -> Callable[[Numbers], Numbers]:
    """Function from the sums over the columns of each name to the measure; it pickles."""
    if measure.name == "leak_rate":
        launched = frame.launched.astype(np.float64)
        if np.isnan(launched[weights.any(axis=0)]).any():
            text = "the mean number of threats is not known where an attacker's stock limits it"
            raise ValueError(f"measure leak_rate: {text}; take leakers")
        launched = np.nan_to_num(launched) @ weights.T
        return functools.partial(_over, np.where(launched > 0, launched, np.nan))
    if measure.name in ("no_leaker", "at_most", "not_hit"):
        return functools.partial(_is_at_most, measure.count)
    if measure.kind.source == "stock_dry":
        none = np.where((weights > 0) @ frame.stocked, 0.0, np.nan)
        return functools.partial(_is_positive if measure.kind.state else _after, none)
    if measure.name == "first_dry":
        return functools.partial(_after, 0.0)
    if measure.name in ("dry", "all_down", "depot_dry"):
        return functools.partial(_is_positive, 0.0)
    if measure.kind.source in ("pool_full", "tracks_full"):
        return functools.partial(_over, TICKS_A_SECOND)
    if measure.name in ("damage", "share_above"):
        return functools.partial(_over, raids)
    return np.asarray


def _over(number: "npt.ArrayLike", sums: Numbers) -> Numbers:
    found: Numbers = sums / np.asarray(number)
    return found


def _is_at_most(count: int, sums: Numbers) -> Numbers:
    return (sums <= count).astype(np.float64)


def _is_positive(none: "npt.ArrayLike", sums: Numbers) -> Numbers:
    """Whether sums are above 0; NaN where there is `none`, otherwise 0 is added."""
    found: Numbers = (sums > 0).astype(np.float64) + np.asarray(none)
    return found


def _after(none: "npt.ArrayLike", sums: Numbers) -> Numbers:
    """The raid after some raids; NaN where there is `none`."""
    found: Numbers = sums + 1.0 + np.asarray(none)
    return found


def frame_of_result(result: "xr.Dataset") -> Frame:
    """The frame of a result, with a column for each pair of battery and interceptor.

    Raises ValueError if it holds other raids of a campaign than the first ones.
    """
    batteries, interceptors = result["battery"].values, result["interceptor"].values
    every = {name: tuple(result[name].values.tolist()) for name in ("salvo", *OF_ROUNDS)}
    for name in ("asset", "depot", "pool"):
        every[name] = tuple(result[name].values.tolist()) if name in result.dims else ()
    every["tracked"] = every["layer"] if "tracks_full_time" in result else ()
    threats = result["threat"].values.tolist()
    raids = result.sizes.get("raid")
    each = [result.isel(raid=n) for n in range(raids)] if raids else [result]
    if raids and result["raid"].values.tolist() != [*range(1, raids + 1)]:
        raise ValueError("result: must hold the first raids of a campaign, or all, in their order")
    return Frame(
        salvo=every["salvo"],
        threat=threats,
        decoy=result["decoy"].values.tolist(),
        launched=np.stack([mean_launched(raid) for raid in each]),
        layer=np.repeat(result["layer_of"].values, interceptors.size).tolist(),
        battery=np.repeat(batteries, interceptors.size).tolist(),
        interceptor=np.tile(interceptors, batteries.size).tolist(),
        cost=np.where(np.isnan(result["rounds"].values), 0.0, result["round_cost"].values).ravel(),
        asset=every["asset"],
        stocked=_stocked(result),
        every={**every, "threat": tuple(dict.fromkeys(threats))},
        raids=raids,
    )


def _stocked(result: "xr.Dataset") -> Array:
    """Whether a result has a stock of each interceptor (I,)."""
    if "stock" not in result:
        return np.zeros(result.sizes["interceptor"], np.bool_)
    held = result["stock"].transpose("interceptor", ...).values >= 0
    return np.array([own.any() for own in held], np.bool_)


_VARIABLES = {
    **dict.fromkeys(("depot_left", "depot_empty"), "depot_remaining"),
    **{name: f"{name}_time" for name in ("pool_full", "tracks_full")},
}


def counts_of_result(result: "xr.Dataset", source: str) -> Array:
    """A source (raids, R, columns) of a result."""
    if "raid" in result.dims:
        found = {"dry": "dry_so_far", "stock_dry": "stock_dry_so_far"}.get(source, source)
        given = result.transpose("raid", "replication", ...)
    else:
        found = {"dry": "depletion_time"}.get(source, source)
        given = result.expand_dims("raid")
    found = _VARIABLES.get(found, found)
    if source == "all_down":
        variables = {name: given[name].values for name in VARIABLES_OF_ASSETS}
        values = counts_of_assets(variables, result["aim_points"].values)[source]
    else:
        values = given[found].values
    if found == "depletion_time":
        values = ~np.isnan(values)
    if source == "depot_empty":
        values = values == 0
    if source in ("pool_full", "tracks_full"):  # whole ticks, so that sums are exact
        values = np.rint(values * TICKS_A_SECOND).astype(np.int64)
    return values.reshape(*values.shape[:2], -1)
