"""Simulation of a scenario or a campaign: replications on threads or an executor, and a result."""

import concurrent.futures
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.decisions import Decisions, decision_names
from leakthrough.engine.decode import constants_of, sample_times
from leakthrough.engine.jobs import Job, RaidJob, campaign_job
from leakthrough.engine.labels import label
from leakthrough.engine.lower_campaign import lower_campaign
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.replications import Variables, compute
from leakthrough.model.arguments import of_class
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import warn_about
from leakthrough.model.scenario import Scenario
from leakthrough.results.controls import Controls
from leakthrough.results.dataset import Dimensions, dataset
from leakthrough.results.provenance import provenance_text
from leakthrough.results.reduction import Summaries, with_reductions
from leakthrough.run_options import Call, Execution, Keep, checked_call, checked_execution

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr


def _simulated(
    given: Scenario | Campaign,
    job: Job,
    constants: "dict[str, npt.NDArray[Any]]",
    dimensions: Dimensions,
    call: Call,
    execution: Execution,
) -> "xr.Dataset":
    """Compute the replications of a scenario or a campaign, and return the result."""
    sink: Variables | Summaries
    cells = job.cells
    names = decision_names(cells, dimensions.labels)
    dimensions = dimensions._replace(decisions=tuple(zip(names, cells.values(), strict=True)))
    if call.keep == "replications":
        sink = Variables(job, call.replications)
        dimensions = dimensions._replace(replications=call.replications)
    else:
        known = Controls(names, np.array([*cells.values()]))
        sink = Summaries(job, dimensions.labels, known)
    compute(job, sink, seed=call.seed, replications=call.replications, **execution._asdict())
    result = dataset(
        {**constants, **(sink.values if isinstance(sink, Variables) else {})},
        dimensions,
        seed=call.seed,
        digest=given.digest,
        provenance=provenance_text(given, call.recorded()),
    )
    return with_reductions(result, sink.reduction) if isinstance(sink, Summaries) else result


def simulate(
    scenario: Scenario,
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    keep: Keep = "replications",
    progress: bool | None = None,
    timeline: Sequence[float] = (),
) -> "xr.Dataset":
    """Simulate a scenario many times.

    Parameters
    ----------
    scenario : Scenario
    replications : int
        Number of independent raids, from 1 to 2**32 - 1.
    seed : int, optional
        From 0 to 2**63 - 1; by default random, and recorded in the result. The same seed gives
        exactly the same results for any `workers`, `executor` and number of replications.
    workers : int, optional
        Number of threads; by default the number of usable cores.
    executor : concurrent.futures.Executor, optional
        Runs the replications in place of threads of this process, for example a process pool or a
        dask cluster's ``client.get_executor()``.
    keep : {"replications", "summary"}
        "replications" keeps every replication. "summary" keeps exact sums only, so that memory does
        not grow with the number of replications (see `leakthrough.reduced`).
    progress : bool, optional
        Whether to show a progress bar; by default in a terminal or notebook, after two seconds.
    timeline : sequence of float
        Increasing times [s] at which ready rounds, busy channels and leakers so far are sampled.

    Returns
    -------
    xarray.Dataset
        Variables as in `leakthrough.results.variables.VARIABLES`, each with `units` and
        `long_name`.

    Warns
    -----
    ScenarioWarning
        For each finding of `leakthrough.check`, and if the timeline misses the raid.

    Raises
    ------
    ValueError
        If an argument is out of range, or SciPy cannot compute the quantiles of a distribution.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; nothing is returned then.
    """
    call = checked_call(replications, seed, keep, timeline)
    scenario = of_class("scenario", scenario, Scenario)
    tables, labels = lower(scenario, call.timeline), label(scenario)
    warn_about(scenario, timeline=call.timeline)
    return _simulated(
        scenario,
        RaidJob(tables, Decisions(tables)),
        constants_of(tables),
        Dimensions(labels, sample_times(tables)),
        call,
        checked_execution(workers, executor, progress),
    )


def simulate_campaign(
    campaign: Campaign,
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    keep: Keep = "replications",
    progress: bool | None = None,
    timeline: Sequence[float] = (),
) -> "xr.Dataset":
    """Simulate a campaign many times; magazines, reloads and losses carry over between raids.

    Parameters
    ----------
    campaign : Campaign
    replications : int
        Number of independent campaigns, from 1 to 2**32 - 1.
    seed, workers, executor, keep, progress
        As for `simulate`. The first raid has exactly the same results as if simulated alone.
    timeline : sequence of float
        Increasing times [s], from the start of each raid's clock, at which ready rounds, busy
        channels and leakers so far are sampled.

    Returns
    -------
    xarray.Dataset
        The variables of `simulate` with the dimension `raid`, and those of
        `leakthrough.results.variables.CAMPAIGN_VARIABLES`. Select one raid by
        ``result.sel(raid=3)``; raids are numbered from 1.

    Warns
    -----
    ScenarioWarning
        For each finding of `leakthrough.check`, and if the timeline misses the raid.

    Raises
    ------
    ValueError
        If an argument is out of range, or SciPy cannot compute the quantiles of a distribution.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; nothing is returned then.
    """
    call = checked_call(replications, seed, keep, timeline)
    campaign = of_class("campaign", campaign, Campaign)
    plan, labels = lower_campaign(campaign, call.timeline)
    tables = plan.tables[0]
    warn_about(campaign, timeline=call.timeline)
    return _simulated(
        campaign,
        campaign_job(plan, len(labels.salvos)),
        {"rounds": constants_of(tables)["rounds"]},
        Dimensions(labels, sample_times(tables), campaign.raid_count, campaign.interval),
        call,
        checked_execution(workers, executor, progress),
    )
