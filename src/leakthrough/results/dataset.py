"""Assembles the arrays of a simulation into a Dataset."""

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.labels import Labels
from leakthrough.quantities import CURRENCY, described
from leakthrough.results.files import writable
from leakthrough.results.variables import (
    CAUSES,
    COORDINATES,
    variables_of,
)

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Array = npt.NDArray[Any]

_UNITS = {
    **dict.fromkeys(("sample_time", "raid_start", "interval"), "s"),
    **dict.fromkeys(("threat_cost", "round_cost"), CURRENCY),
}


class Dimensions(NamedTuple):
    """Labels and sizes of the dimensions of a result."""

    labels: Labels
    timeline: tuple[float, ...] = ()  # sample times [s]
    raids: int = 0  # of a campaign
    interval: float = 0.0  # between the starts of successive raids [s]
    decisions: tuple[tuple[str, float], ...] = ()  # random ones: names, and known variances
    replications: int = 0  # 0 where they are reduced


def dataset(
    arrays: "Mapping[str, Array]",
    dimensions: Dimensions,
    *,
    seed: int,
    digest: str,
    provenance: str,
) -> "xr.Dataset":
    """Assemble a result from arrays by variable, each in the shape of the variable's dimensions.

    `digest` is that of the scenario or campaign; `provenance` is from `provenance_text`.
    """
    empty, coordinates = _empty_dataset(dimensions, tuple(arrays))
    found = empty.copy(data=dict(arrays))
    for name, values in {**coordinates, "seed": seed, "scenario_digest": digest}.items():
        # A fresh array per result, since the caller may write into it.
        found.variables[name].data = np.array(values)
    found.attrs = {"provenance": provenance, "Conventions": "CF-1.11"}
    return writable(found)


# Building indexes and merging them into a Dataset takes 1.5 ms, more than 1,000 replications of a
# small raid; filling a copy takes 0.2 ms. The cache is small: each entry holds replication numbers.
@functools.lru_cache(maxsize=8)
def _empty_dataset(
    dimensions: Dimensions, names: tuple[str, ...]
) -> "tuple[xr.Dataset, dict[str, Array]]":
    """A Dataset without data, and the values of its coordinates that are no index."""
    import xarray as xr

    indexes, others = _indexes(dimensions), _other_coordinates(dimensions)
    sizes = {dim: len(values) for dim, values in indexes.items()}

    def empty(dims: tuple[str, ...], attrs: dict[str, str]) -> "xr.Variable":
        return xr.Variable(dims, np.broadcast_to(0, [sizes[dim] for dim in dims]), attrs)

    drawn = any(name.startswith("size.") for name, _ in dimensions.decisions)
    specs = variables_of(raids=bool(dimensions.raids), drawn=drawn)
    coordinates = {n: xr.Variable((n,), values, _attrs(n)) for n, values in indexes.items()}
    coordinates |= {name: empty(dims, _attrs(name)) for name, (dims, _) in others.items()}
    coordinates |= {name: empty((), _attrs(name)) for name in ("seed", "scenario_digest")}
    variables = {name: empty(specs[name].dims, specs[name].attrs) for name in names}
    found = xr.Dataset(variables, coordinates)
    return found, {n: values for n, (_, values) in others.items()}


def _indexes(dimensions: Dimensions) -> "dict[str, Array]":
    """Index coordinate of each dimension."""
    labels = dimensions.labels
    names = {
        "salvo": labels.salvos,
        "layer": labels.layers,
        "battery": labels.batteries,
        "interceptor": labels.interceptors,
        "cause": [name for name in CAUSES if name != "no_track" or any(labels.tracked)],
        "decision": [name for name, _ in dimensions.decisions],
    }
    rare = {
        "asset": labels.assets,
        "pool": labels.pools,
        "depot": labels.depots,
        "user": labels.users,
        "kind": labels.raid_kinds,
        "threat_class": labels.threat_stocks,
    }
    names |= {name: own for name, own in rare.items() if own}
    found: dict[str, Array] = {name: np.array(own, np.str_) for name, own in names.items()}
    if dimensions.timeline:
        found["sample_time"] = np.array(dimensions.timeline)
    if dimensions.raids:
        found["raid"] = np.arange(1, dimensions.raids + 1)
    if dimensions.replications:
        found["replication"] = np.arange(dimensions.replications)
    return found


def _other_coordinates(dimensions: Dimensions) -> "dict[str, tuple[tuple[str, ...], Array]]":
    """Dimensions and values of the coordinates that are no index."""
    labels = dimensions.labels
    found: dict[str, tuple[tuple[str, ...], Array]] = {
        "threat": (("salvo",), np.array(labels.threats, np.str_)),
        "decoy": (("salvo",), np.array(labels.decoys, np.bool_)),
        "threat_cost": (("salvo",), np.array(labels.threat_costs, np.float64)),
        "known_variance": (("decision",), np.array([own for _, own in dimensions.decisions])),
        "layer_of": (("battery",), np.array(labels.layer_of, np.str_)),
        "round_cost": (("interceptor",), np.array(labels.round_costs, np.float64)),
    }
    if labels.assets:
        found |= {
            "asset_value": (("asset",), np.array(labels.asset_values, np.float64)),
            "aim_points": (("asset",), np.array(labels.aim_points, np.int64)),
        }
        if not dimensions.raids:  # from raid to raid, a salvo may aim at other assets
            found["target"] = ("salvo",), np.array(labels.targets, np.str_)
    if labels.pools:
        found["pool_channels"] = ("pool",), np.array(labels.pool_channels, np.int64)
    if labels.depots:
        found["depot_rounds"] = ("depot",), np.array(labels.depot_rounds, np.int64)
        found["interceptor_of"] = ("depot",), np.array(labels.interceptor_of, np.str_)
    if dimensions.raids:
        start = dimensions.interval * np.arange(dimensions.raids)
        found |= {"raid_start": (("raid",), start), "interval": ((), np.array(dimensions.interval))}
    return found


def _attrs(coordinate: str) -> dict[str, str]:
    if coordinate in _UNITS:
        return described(COORDINATES[coordinate], _UNITS[coordinate])
    return {"long_name": COORDINATES[coordinate]}
