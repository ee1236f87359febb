"""Measures of a study: one number, or one for each name, per replication."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.model.arguments import listed, one_of, refused, whole_in
from leakthrough.model.base import plain
from leakthrough.model.errors import nearest, shown
from leakthrough.quantities import CURRENCY, described
from leakthrough.results.launched import mean_launched
from leakthrough.results.taken import taken
from leakthrough.statistics.adjusted import estimates_of
from leakthrough.statistics.controls import Controlled
from leakthrough.statistics.intervals import wilson
from leakthrough.statistics.means import COCHRAN, SETTLED, Moments, moments_of

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.float64]

MOST = 10**12
"""Threats in a measure, which are more than a raid can have."""
_OF_THREATS = ("salvo", "threat")
_OF_ROUNDS = ("layer", "battery", "interceptor")
_OF_ASSETS = ("asset",)


class _Kind(NamedTuple):
    """Definition of a measure's name."""

    source: str  # counts from which it is computed
    by: tuple[str, ...]
    units: str
    long_name: str
    probability: bool = False
    expectation: bool = False  # given the hits: for means only
    total: bool = True  # whether there is one number for all

    @property
    def groups(self) -> tuple[str | None, ...]:
        """Values of `by`."""
        return (None, *self.by) if self.total else self.by


MEASURES = {
    "leakers": _Kind("leaked", _OF_THREATS, "1", "threats that got through"),
    "leak_rate": _Kind("leaked", _OF_THREATS, "1", "share of threats that got through"),
    "no_leaker": _Kind("leaked", _OF_THREATS, "1", "probability that none gets through", True),
    "at_most": _Kind("leaked", _OF_THREATS, "1", "probability that at most {} get through", True),
    "expended": _Kind("expended", _OF_ROUNDS, "1", "rounds expended"),
    "cost_spent": _Kind("expended", _OF_ROUNDS, CURRENCY, "cost of rounds expended"),
    "dry": _Kind("dry", _OF_ROUNDS, "1", "probability that a magazine runs dry", True),
    "hits": _Kind("hits", _OF_ASSETS, "1", "real threats that hit an asset"),
    "not_hit": _Kind("hits", _OF_ASSETS, "1", "probability that no asset is hit", True),
    "damage": _Kind(
        "damage", _OF_ASSETS, "1", "expected share of aim points destroyed", False, True, False
    ),
    "value_lost": _Kind("value_lost", _OF_ASSETS, "1", "expected value lost", expectation=True),
    "destroyed": _Kind("destroyed", _OF_ASSETS, "1", "aim points destroyed"),
    "all_down": _Kind(
        "all_down", _OF_ASSETS, "1", "probability that all aim points of an asset are down", True
    ),
}
"""Definition of each measure's name."""


@dataclass(frozen=True)
class Measure:
    """A quantity that a study measures in each replication.

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
          noise, and are **for means only**: for quantiles and probabilities use `destroyed`.
    by : str, optional
        Grouping, with one number for each name: `salvo` or `threat` for the first four measures,
        `layer`, `battery` or `interceptor` for the next three, `asset` for the others (`damage` is
        only by asset). None: one number for all, **of real threats only**.
    of : str, optional
        Only the number of this name, out of those that `by` gives.
    count : int, default 0
        The number of threats in `at_most`.

    Raises
    ------
    ValueError
        If there is no such measure, or it cannot be grouped by `by`.

    Examples
    --------
    >>> Measure("leakers", by="threat", of="drone").label
    'leakers of threat drone'
    """

    name: str
    by: str | None = None
    of: str | None = None
    count: int = 0

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
        if count is None or not 0 <= count <= MOST or (count and self.name != "at_most"):
            text = f"a whole number from 0 to {MOST}, and is for at_most"
            raise refused(f"measure {self.name}, count", text, self.count)
        object.__setattr__(self, "count", count)

    @property
    def kind(self) -> _Kind:
        """Definition of its name."""
        return MEASURES[self.name]

    @property
    def is_of_assets(self) -> bool:
        """Whether it is about assets."""
        return self.kind.by == _OF_ASSETS

    @property
    def is_share(self) -> bool:
        """Whether its values are from 0 to 1."""
        return self.kind.probability or self.name in ("leak_rate", "damage")

    @property
    def label(self) -> str:
        """A short name, unique to the measure."""
        number = f"_{self.count}" if self.name == "at_most" else ""
        names = f" {'by' if self.of is None else 'of'} {self.by}" if self.by else ""
        names += f" {self.of}" if self.of is not None else ""
        return f"{self.name}{number}{names}"

    @property
    def long_name(self) -> str:
        """Description."""
        text = self.kind.long_name.format(self.count)
        real = self.kind.source == "leaked" and self.by is None
        return f"{text}, real threats only" if real else text

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
            From `simulate`, with its replications kept.

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
        if "replication" not in result.dims or "leaked" not in result or "raid" in result.dims:
            raise ValueError("result: must come from leakthrough.simulate, replications kept")
        shape = result.sizes["replication"], -1
        counts = {
            "leaked": result["leaked"].values,
            "expended": result["expended"].values.reshape(shape),
            "dry": ~np.isnan(result["depletion_time"].values.reshape(shape)),
        }
        reader = Reader(self, frame_of_result(result))
        if "asset" in result.dims:
            variables = {name: result[name].values for name in OF_ASSETS}
            counts |= counts_of_assets(variables, result["aim_points"].values)
        found = reader(counts[reader.source])
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


class Frame(NamedTuple):
    """Names and values along the columns of the counts: S salvos, K magazines, A assets."""

    salvo: Sequence[str]  # (S,)
    threat: Sequence[str]  # (S,)
    decoy: Sequence[bool]  # (S,)
    launched: Array  # (S,), means of those that are drawn
    layer: Sequence[str]  # (K,)
    battery: Sequence[str]  # (K,)
    interceptor: Sequence[str]  # (K,)
    cost: Array  # (K,)
    asset: Sequence[str]  # (A,)
    every: dict[str, tuple[str, ...]]  # all names by grouping, also those without a column


OF_ASSETS = ("hits", "damage", "value_lost", "destroyed", "down")
"""Variables from which the measures of assets are computed."""


def counts_of_assets(variables: Mapping[str, Array], aim_points: Array) -> dict[str, Array]:
    """Sources (R, A) of the measures of assets, from the variables of a result."""
    return {**variables, "all_down": variables["destroyed"] + variables["down"] == aim_points}


class Reader:
    """Computes a measure from counts with the columns of a frame.

    Raises ValueError if the name `of` does not exist.
    """

    def __init__(self, measure: Measure, frame: Frame) -> None:
        self.source = measure.kind.source
        self.names, weights = _groups(measure, frame)
        if measure.name == "cost_spent":
            weights = np.where(weights > 0, weights * frame.cost, 0.0)  # NaN: not given
        self.weights = weights.T.astype(np.float64)
        self.whole = bool((self.weights == np.rint(self.weights)).all())  # then sums are exact
        self.finish = _finish(measure, weights, frame)

    def most(self, counts: Array) -> Numbers:
        """Largest value (names,) if no count (columns,) is larger; infinite counts are allowed."""
        with np.errstate(invalid="ignore"):
            parts = np.where(self.weights > 0.0, counts[:, np.newaxis] * self.weights, 0.0)
        found: Numbers = self.finish(parts.sum(axis=0)[np.newaxis])[0]
        return found

    def __call__(self, counts: Array) -> Numbers:
        """Return the values (R, names) from rows (R, columns) of the measure's source."""
        numbers = counts.astype(np.float64)
        if self.whole:
            return self.finish(numbers @ self.weights)
        # In the order of the columns: the order of summation of BLAS depends on the number of rows.
        found = np.zeros((len(numbers), self.weights.shape[1]))
        for column, weights in zip(numbers.T, self.weights, strict=True):
            found += column[:, np.newaxis] * weights
        return self.finish(found)


def names_of(measure: Measure, every: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of a measure's values, selected from all names by grouping."""
    if measure.is_of_assets and not every["asset"]:
        raise ValueError(f"measure {measure.name}: the scenario has no assets")
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


def _groups(measure: Measure, frame: Frame) -> tuple[tuple[str, ...], Array]:
    """Names of the values, and the columns of each as a mask (names, columns)."""
    names = names_of(measure, frame.every)
    if measure.by is None:
        real = ~np.array(frame.decoy, np.bool_)
        columns = len(frame.asset if measure.is_of_assets else frame.battery)
        return names, real[None] if measure.kind.source == "leaked" else np.ones((1, columns))
    own = np.array(getattr(frame, measure.by), np.str_)
    return names, own == np.array(names, np.str_)[:, np.newaxis]


def _finish(measure: Measure, weights: Array, frame: Frame) -> Callable[[Numbers], Numbers]:
    """Function from the sums over the columns of each name to the measure; it pickles."""
    if measure.name == "leak_rate":
        launched = frame.launched.astype(np.float64) @ weights.T
        return functools.partial(_over, np.where(launched > 0, launched, np.nan))
    if measure.name in ("no_leaker", "at_most", "not_hit"):
        return functools.partial(_is_at_most, measure.count)
    return _is_positive if measure.name in ("dry", "all_down") else np.asarray


def _over(launched: Numbers, sums: Numbers) -> Numbers:
    return sums / launched


def _is_at_most(count: int, sums: Numbers) -> Numbers:
    return (sums <= count).astype(np.float64)


def _is_positive(sums: Numbers) -> Numbers:
    return (sums > 0).astype(np.float64)


def frame_of_result(result: "xr.Dataset") -> Frame:
    """The frame of a result, with a column for each pair of battery and interceptor."""
    batteries, interceptors = result["battery"].values, result["interceptor"].values
    every = {name: tuple(result[name].values.tolist()) for name in ("salvo", *_OF_ROUNDS)}
    every["asset"] = tuple(result["asset"].values.tolist()) if "asset" in result.dims else ()
    threats = result["threat"].values.tolist()
    return Frame(
        salvo=every["salvo"],
        threat=threats,
        decoy=result["decoy"].values.tolist(),
        launched=mean_launched(result),
        layer=np.repeat(result["layer_of"].values, interceptors.size).tolist(),
        battery=np.repeat(batteries, interceptors.size).tolist(),
        interceptor=np.tile(interceptors, batteries.size).tolist(),
        cost=np.where(np.isnan(result["rounds"].values), 0.0, result["round_cost"].values).ravel(),
        asset=every["asset"],
        every={**every, "threat": tuple(dict.fromkeys(threats))},
    )
