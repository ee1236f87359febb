"""Repeat a simulation from the provenance of its result."""

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.results.provenance import campaign_of, recorded, scenario_of
from leakthrough.simulate import simulate, simulate_campaign
from leakthrough.studies.sweep.sweep import axes_again, sweep_again

if TYPE_CHECKING:
    import xarray as xr

    Coordinates = Mapping[str, xr.Variable]


def rerun(
    result: "xr.Dataset",
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> "xr.Dataset":
    """Repeat the simulation recorded in a result's provenance; bit-for-bit identical.

    Of a selected result (some replications, raids, points, salvos, ...) it returns the same part.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, `simulate_campaign` or `sweep`, or loaded from a file.
    workers, executor, progress
        As for `simulate`.

    Returns
    -------
    xarray.Dataset
        All variables, for exactly the coordinates of `result`.

    Raises
    ------
    ValueError
        If the Dataset has no provenance recorded by this library, or is not what its provenance
        describes: joined from several results, reduced, or with a changed coordinate.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> part = simulate(scenario, replications=100, seed=1).isel(replication=slice(10, 30))
    >>> rerun(part).identical(part)
    True
    """
    record = recorded(result)
    call = {**record["call"], "seed": int(record["call"]["seed"])}
    execution: Any = {"workers": workers, "executor": executor, "progress": progress}
    known = _known(call["seed"])
    if record.get("study") == "sweep":
        model = campaign_of(result) if "campaign" in record else scenario_of(result)
        _part(result, {**known, **axes_again(model, call)})
        again = sweep_again(model, call, **execution)
    else:
        if call["keep"] == "replications":
            known |= _known_numbers(call["replications"])
        _part(result, known)
        run: Any = simulate_campaign if "campaign" in record else simulate
        given: Any = campaign_of(result) if "campaign" in record else scenario_of(result)
        again = run(given, **call, **execution)
    return _selected(again, result)


def _known(seed: int) -> "dict[str, xr.Variable]":
    import xarray as xr

    return {"seed": xr.Variable((), np.int64(seed))}


def _known_numbers(replications: int) -> "dict[str, xr.Variable]":
    import xarray as xr

    return {"replication": xr.Variable(("replication",), np.arange(replications))}


def _selected(again: "xr.Dataset", result: "xr.Dataset") -> "xr.Dataset":
    """The part of a repeated simulation that a result holds."""
    for dim in result.dims:
        if dim not in again.dims:
            raise _refusal(f"the dimension {dim}, which the simulation does not have")
    found = again.isel(_part(result, {str(name): at.variable for name, at in again.coords.items()}))
    found.attrs = again.attrs
    return found


def _part(result: "xr.Dataset", coordinates: "Coordinates") -> dict[str, Any]:
    """Positions, by dimension, of a result's labels within those of the whole simulation.

    Raises ValueError if the result has other coordinates than a part of it.
    """
    found: dict[str, Any] = {}
    for name, whole in coordinates.items():
        if name not in result.coords:
            raise _refusal(f"no coordinate {name}")
        if not whole.dims:
            _check_equal(name, whole, result)
        if whole.dims == (name,):
            positions = _positions(result[name].values, whole.values)
            if positions is None:
                raise _refusal(f"values of {name} that the simulation does not have, or has once")
            found[name] = positions
    for name, whole in coordinates.items():
        part = whole.isel({dim: found[str(dim)] for dim in whole.dims if dim in found})
        _check_equal(name, part, result)
    return found


def _check_equal(name: str, part: "xr.Variable", result: "xr.Dataset") -> None:
    # NaN equals NaN: costs that nobody gave.
    if not part.equals(result[name].variable):  # type: ignore[no-untyped-call]
        raise _refusal(f"another {name}")


def _positions(part: Any, whole: Any) -> Any:
    """Positions of labels, or the position of one; None if one is missing or occurs again.

    Repeated labels are of results that were joined: xarray may keep the seed of the first only.
    """
    if np.array_equal(part, whole):
        return slice(None)
    positions = {label: n for n, label in enumerate(whole.tolist())}
    try:
        found = [positions[label] for label in np.atleast_1d(part).tolist()]
    except (KeyError, TypeError):
        return None
    if len(set(found)) < len(found):
        return None
    return np.array(found, np.int64) if np.ndim(part) else found[0]


def _refusal(what: str) -> ValueError:
    advice = "rerun the results of which it was joined, one by one, or a selection of one"
    return ValueError(f"result: is not what its provenance describes: it has {what}; {advice}")
