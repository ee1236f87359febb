"""Replications in blocks, on threads or on any executor, and a result at the end."""

import concurrent.futures
import functools
import json
import secrets
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import xarray as xr

from leakthrough._blocks import Rows, compute
from leakthrough._campaign_tables import lower_campaign
from leakthrough._errors import is_whole
from leakthrough._jobs import CampaignJob, Job, RaidJob
from leakthrough._reduce import Summaries, with_reductions
from leakthrough._tables import Labels, label, lower
from leakthrough.campaign import Campaign
from leakthrough.files import from_document
from leakthrough.results import (
    COORDINATES,
    constants_of,
    coordinates_of,
    dataset,
    raid_coordinates,
)
from leakthrough.scenario import Scenario

if TYPE_CHECKING:
    import numpy.typing as npt

Keep = Literal["replications", "summary"]


def checked_replications(replications: int, name: str = "replications", least: int = 1) -> int:
    """Number of replications, or of one of them, or a clear error."""
    if not is_whole(replications) or not least <= replications < 2**32:
        msg = f"{name}: must be a whole number from {least} to 2**32 - 1; got {replications!r}"
        raise ValueError(msg)
    return int(replications)


def checked_seed(seed: int | None) -> int:
    """Seed, fresh if there is none, or a clear error."""
    if seed is None:
        return secrets.randbits(63)
    if not is_whole(seed) or not 0 <= seed < 2**63:
        raise ValueError(f"seed: must be a whole number from 0 to 2**63 - 1; got {seed!r}")
    return int(seed)


def _checked_timeline(timeline: Sequence[float]) -> tuple[float, ...]:
    times = np.asarray(timeline, dtype=np.float64)
    if times.ndim != 1 or not np.all(np.abs(times) <= 1e9) or np.any(np.diff(times) < 0):
        msg = f"timeline: must be times in seconds up to 1e9, in rising order; got {timeline!r:.60}"
        raise ValueError(msg)
    return tuple(times.tolist())


class _Call(NamedTuple):
    """The arguments on which the bits of a result depend."""

    replications: int
    seed: int
    keep: Keep
    timeline: tuple[float, ...]

    def recorded(self) -> dict[str, Any]:
        """As they stand in the provenance."""
        return {**self._asdict(), "seed": str(self.seed)}


def _checked_call(
    replications: int, seed: int | None, keep: Keep, timeline: Sequence[float]
) -> _Call:
    if keep not in ("replications", "summary"):
        raise ValueError(f'keep: must be "replications" or "summary"; got {keep!r}')
    number, times = checked_replications(replications), _checked_timeline(timeline)
    return _Call(number, checked_seed(seed), keep, times)


@functools.cache
def versions() -> dict[str, str]:
    """Versions on which the bits of a result may depend."""
    packages = ("leakthrough", "numba", "numpy", "scipy", "xarray")
    return {"python": sys.version.split()[0], **{name: version(name) for name in packages}}


def _provenance(kind: str, document: dict[str, Any], call: dict[str, Any]) -> str:
    return json.dumps({kind: document, "call": call, "versions": versions()})


class _How(NamedTuple):
    """The arguments on which only the time depends."""

    workers: int | None
    executor: concurrent.futures.Executor | None
    progress: bool


def _simulated(
    given: Scenario | Campaign,
    job: Job,
    labels: Labels,
    constants: "dict[str, npt.NDArray[Any]]",
    coordinates: dict[str, Any],
    call: _Call,
    how: _How,
) -> xr.Dataset:
    """Compute the replications of what was given, and make a result of them."""
    if how.workers is not None and (not is_whole(how.workers) or how.workers < 1):
        raise ValueError(f"workers: must be a whole number from 1; got {how.workers!r}")
    sink: Rows | Summaries = (
        Rows(job, call.replications)
        if call.keep == "replications"
        else Summaries(job, np.array(labels.decoys))
    )
    compute(job, sink, seed=call.seed, replications=call.replications, **how._asdict())
    kind = type(given).__name__.lower()
    result = dataset(
        {**constants, **(job.kept(sink.rows) if isinstance(sink, Rows) else {})},
        coordinates,
        seed=call.seed,
        digest=given.digest,
        provenance=_provenance(kind, given.document(), call.recorded()),
    )
    if isinstance(sink, Summaries):
        return with_reductions(result, sink.reduction)
    long_name = {"long_name": COORDINATES["replication"]}
    number = np.arange(call.replications)
    return result.assign_coords(replication=("replication", number, long_name))


def simulate(
    scenario: Scenario,
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    keep: Keep = "replications",
    progress: bool = False,
    timeline: Sequence[float] = (),
) -> xr.Dataset:
    """Simulate a scenario many times.

    Parameters
    ----------
    scenario : Scenario
    replications : int
        How many independent nights, from 1 to 2**32 - 1.
    seed : int, optional
        From 0 to 2**63 - 1; fresh entropy, recorded in the result, if there is none. The same
        seed gives the same bits for any workers, executor and number of replications.
    workers : int, optional
        Threads; by default the usable cores.
    executor : concurrent.futures.Executor, optional
        Runs the replications instead of threads here, for example a process pool or a dask
        cluster's ``client.get_executor()``.
    keep : {"replications", "summary"}
        Every replication, or exact reductions in memory that does not grow with them (see
        `leakthrough.reduced`).
    progress : bool
        Show a progress bar.
    timeline : sequence of float
        Times [s], rising, at which ready rounds, busy channels and leakers so far are sampled.

    Returns
    -------
    xarray.Dataset
        Variables as in `leakthrough.results.VARIABLES`, each with `units` and `long_name`.

    Raises
    ------
    ValueError
        If an argument is out of range, or SciPy has no quantiles for a distribution.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; nothing is returned then.
    """
    call = _checked_call(replications, seed, keep, timeline)
    tables, labels = lower(scenario, call.timeline), label(scenario)
    return _simulated(
        scenario,
        RaidJob(tables),
        labels,
        constants_of(tables),
        coordinates_of(labels, tables.timeline),
        call,
        _How(workers, executor, progress),
    )


def simulate_campaign(
    campaign: Campaign,
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    keep: Keep = "replications",
    progress: bool = False,
    timeline: Sequence[float] = (),
) -> xr.Dataset:
    """Simulate a campaign many times: magazines, reloads and losses go from raid to raid.

    Parameters
    ----------
    campaign : Campaign
    replications : int
        How many independent campaigns, from 1 to 2**32 - 1.
    seed, workers, executor, keep, progress
        As for `simulate`. The first raid has the bits of the same raid simulated alone.
    timeline : sequence of float
        Times [s] from the start of each raid's clock, rising, at which ready rounds, busy
        channels and leakers so far are sampled.

    Returns
    -------
    xarray.Dataset
        The variables of `simulate` along `raid` too, and those of
        `leakthrough.results.CAMPAIGN_VARIABLES`. For one raid of it, ``result.isel(raid=3)``.

    Raises
    ------
    ValueError
        If an argument is out of range, or SciPy has no quantiles for a distribution.
    KeyboardInterrupt
        On Ctrl-C, within a fraction of a second; nothing is returned then.
    """
    call = _checked_call(replications, seed, keep, timeline)
    plan, labels = lower_campaign(campaign, call.timeline)
    tables = plan.tables[0]
    return _simulated(
        campaign,
        CampaignJob(plan, len(labels.salvos)),
        labels,
        {"rounds": constants_of(tables)["rounds"]},
        {
            **coordinates_of(labels, tables.timeline),
            **raid_coordinates(campaign.raid_count, campaign.interval),
        },
        call,
        _How(workers, executor, progress),
    )


def scenario_of(result: xr.Dataset) -> Scenario:
    """Read back the scenario of a result; of a campaign, the one that holds its defence.

    Raises
    ------
    ValueError
        If the Dataset has no provenance of this library.
    """
    record = recorded(result)
    if "campaign" in record:
        return from_document(Campaign, record["campaign"]).scenario
    return from_document(Scenario, record["scenario"])


def campaign_of(result: xr.Dataset) -> Campaign:
    """Read back the campaign of a result.

    Raises
    ------
    ValueError
        If the Dataset has no provenance of `simulate_campaign`.
    """
    record = recorded(result)
    if "campaign" not in record:
        raise ValueError("result: has no provenance of leakthrough.simulate_campaign")
    return from_document(Campaign, record["campaign"])


def recorded(result: xr.Dataset) -> Any:
    """Return what a result says that it came from."""
    try:
        record = json.loads(result.attrs["provenance"])
        kind = "campaign" if "campaign" in record else "scenario"
        return {kind: record[kind], "call": record["call"], "study": record.get("study")}
    except (KeyError, TypeError, ValueError):
        raise ValueError("result: has no provenance of leakthrough.simulate") from None
