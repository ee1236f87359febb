"""Ranges of the values of a result, and the chance events that its scenario names."""

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.distributions import Distribution
from leakthrough.model.scenario import Layer, Scenario
from leakthrough.results.provenance import scenario_of
from leakthrough.statistics.means import rare_share

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]


class Ranges:
    """Ranges of the variables of a reduced result, and the rare states of its scenario.

    Without the provenance of the result they are those that follow from the raid alone.
    """

    def __init__(self, ready: "xr.Dataset") -> None:
        self.ready = ready
        self.scenario = _scenario_of(ready)
        self.launched = np.asarray(ready["launched"].values, np.float64)

    def rare(self, number: "npt.ArrayLike") -> "Array":
        """Probability of the rare states in some numbers of replications."""
        layers = self.scenario.layers if self.scenario else ()
        return rare_share([layer.sensor.availability for layer in layers], number)

    @property
    def capacity(self) -> "npt.ArrayLike":
        """Rounds of each magazine and of its reloads (B, I), 0 where there is no magazine."""
        if self.scenario is None:
            return np.inf
        return np.nan_to_num(_capacity(self.ready, self.scenario), posinf=np.inf)

    @property
    def least_leaked(self) -> "Array":
        """Threats (S,) that leak in any case, since nothing can kill them."""
        possible = np.logical_or(*_possible(self.ready, self.scenario)).any(axis=0)
        return np.where(possible, 0.0, self.launched)

    def of(self, name: str) -> "tuple[npt.ArrayLike, npt.ArrayLike]":
        """Smallest and largest value of a variable; from 0 to infinity if nothing is known."""
        if name == "leaked":
            return self.least_leaked, self.launched
        if name == "leakers":
            real = ~self.ready["decoy"].values
            return self.least_leaked[real].sum(), self.launched[real].sum()
        if name == "leak_cause":
            return 0.0, self.launched[:, np.newaxis]
        if name in ("expended", "remaining", "ready_rounds"):
            return 0.0, self.capacity
        if name == "engagements" and self.scenario is not None:
            return 0.0, np.sum(self.capacity, axis=1)
        by, _, what = name.partition("_")
        if what not in ("killed", "soft_killed"):
            return 0.0, np.inf
        possible = _possible(self.ready, self.scenario)[what == "soft_killed"]
        of_layers = by == "layer"
        return 0.0, possible @ self.launched if of_layers else possible.any(axis=0) * self.launched


def _scenario_of(ready: "xr.Dataset") -> Scenario | None:
    """The scenario of a result, None if its provenance cannot tell."""
    own = ready["scenario_digest"].values if "scenario_digest" in ready.variables else ()
    return _scenario(ready.attrs.get("provenance"), tuple(np.unique(own).tolist()))


@functools.lru_cache(maxsize=8)  # building a scenario takes as long as everything else here
def _scenario(provenance: str | None, digests: tuple[str, ...]) -> Scenario | None:
    import xarray as xr

    variables = {"scenario_digest": ("digest", list(digests))} if digests else {}
    try:
        return scenario_of(xr.Dataset(variables, attrs={"provenance": provenance}))
    except ValueError:
        return None


def _possible(ready: "xr.Dataset", scenario: Scenario | None) -> "tuple[Array, Array]":
    """Whether each layer can kill, and soft kill, threats of each salvo (L, S)."""
    shape = ready.sizes["layer"], ready.sizes["salvo"]
    if scenario is None:
        return np.ones(shape, np.bool_), np.ones(shape, np.bool_)
    layers = {layer.name: layer for layer in scenario.layers}
    own = [layers[name] for name in ready["layer"].values.tolist()]
    threats = ready["threat"].values.tolist()
    soft = [[layer.soft_kill.get(threat, 0.0) > 0.0 for threat in threats] for layer in own]
    hard = [[threat in _killable(scenario, layer) for threat in threats] for layer in own]
    return np.array(hard, np.bool_).reshape(shape), np.array(soft, np.bool_).reshape(shape)


def _killable(scenario: Scenario, layer: Layer) -> set[str]:
    """Threat classes that some round of a layer can kill."""
    magazines = [magazine for battery in layer.batteries for magazine in battery.magazines]
    names = {own.interceptor for own in magazines if own.rounds or own.reloads}
    return {
        threat
        for interceptor in scenario.interceptors
        if interceptor.name in names
        for threat, chance in interceptor.kill_probability.items()
        if isinstance(chance, Distribution) or chance > 0.0
    }


def _capacity(ready: "xr.Dataset", scenario: Scenario) -> "Array":
    """Rounds of each magazine and of its reloads (B, I); NaN where there is no magazine."""
    rounds: Array = ready["rounds"].values.copy()
    rows, columns = ready["battery"].values.tolist(), ready["interceptor"].values.tolist()
    for layer in scenario.layers:
        for battery in layer.batteries:
            for name in set(battery.names).intersection(rows):
                for magazine in battery.magazines:
                    if magazine.interceptor in columns:
                        at = rows.index(name), columns.index(magazine.interceptor)
                        rounds[at] += magazine.reloads * magazine.reload_rounds
    return rounds
