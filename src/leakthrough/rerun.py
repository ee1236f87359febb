"""Repeat a simulation from the provenance of its result."""

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from leakthrough.results.provenance import campaign_of, recorded, scenario_of
from leakthrough.simulate import simulate, simulate_campaign
from leakthrough.studies.sweep.sweep import sweep_again

if TYPE_CHECKING:
    import xarray as xr


def rerun(
    result: "xr.Dataset",
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool | None = None,
) -> "xr.Dataset":
    """Repeat the simulation recorded in a result's provenance; bit-for-bit identical.

    Parameters
    ----------
    result : xarray.Dataset
        From `simulate`, `simulate_campaign` or `sweep`, or loaded from a file.
    workers, executor, progress
        As for `simulate`.

    Raises
    ------
    ValueError
        If the Dataset has no provenance recorded by this library.
    """
    record = recorded(result)
    call = {**record["call"], "seed": int(record["call"]["seed"])}
    execution: Any = {"workers": workers, "executor": executor, "progress": progress}
    if record["study"] == "sweep":
        return sweep_again(scenario_of(result), call, **execution)
    if "campaign" in record:
        return simulate_campaign(campaign_of(result), **call, **execution)
    return simulate(scenario_of(result), **call, **execution)
