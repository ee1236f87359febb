"""Jobs of scenarios and of campaigns, and what both have in common: a raid is one of one raid."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.engine.counts import named_counts
from leakthrough.engine.decisions import Decisions
from leakthrough.engine.jobs import Block, CampaignJob, RaidJob, campaign_job
from leakthrough.engine.labels import Labels, label
from leakthrough.engine.lower_campaign import NO_STOCK, label_campaign, lower_campaign
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.model.campaign import Campaign
from leakthrough.model.scenario import Scenario

Array = npt.NDArray[Any]
AnyJob = RaidJob | CampaignJob
AnyModel = Scenario | Campaign


class Raids(NamedTuple):
    """The raids of a replication: raids with the same salvos are of one kind."""

    tables: tuple[Tables, ...]  # of each kind
    kinds: tuple[int, ...]  # kind of each raid
    salvos: tuple[Array, ...]  # of each kind: indices of its salvos among all salvos
    stocked: Array  # (I,) whether there is a stock of each interceptor


def job_of(model: AnyModel) -> tuple[AnyJob, Labels]:
    """The job that computes the replications of a scenario or a campaign, and its names.

    Raises ValueError if SciPy cannot compute the quantiles of a distribution.
    """
    if isinstance(model, Campaign):
        plan, labels = lower_campaign(model)
        return campaign_job(plan, len(labels.salvos)), labels
    return RaidJob(lower(model)), label(model)


def labels_of(model: AnyModel) -> Labels:
    """The names of `job_of`, without lowering."""
    return label_campaign(model) if isinstance(model, Campaign) else label(model)


def raids_in(model: AnyModel) -> int | None:
    """Number of raids of a campaign; None for a scenario."""
    return model.raid_count if isinstance(model, Campaign) else None


def raids_of(job: AnyJob) -> Raids:
    """The raids of a job."""
    if isinstance(job, CampaignJob):
        plan = job.plan
        return Raids(plan.tables, plan.kinds, plan.salvos, plan.supply.stock != NO_STOCK)
    salvos, none = np.arange(job.tables.salvos.size), np.zeros(job.tables.interceptors, np.bool_)
    return Raids((job.tables,), (0,), (salvos,), none)


def deciding(job: AnyJob) -> AnyJob:
    """The job with its random decisions."""
    if isinstance(job, CampaignJob) or job.decisions:
        return job
    return job._replace(decisions=Decisions(job.tables))


def decided(job: AnyJob, block: Block) -> Mapping[str, Array]:
    """How often each random decision occurred, and was expected to, (R, raids, D).

    The job must have its decisions.
    """
    if isinstance(job, CampaignJob):
        return job.variables(block)
    found = job.decisions.of(named_counts(block[0][0], job.tables)) if job.decisions else {}
    return {name: values[:, np.newaxis] for name, values in found.items()}


def is_equal(one: Any, other: Any) -> bool:
    """Whether what two jobs compute from, tables or plans, is equal; or parts of it."""
    if isinstance(one, Tables) and isinstance(other, Tables):
        names = ("interceptors", "locations", "block", "quantiles", "fixed_arrivals")
        return all(is_equal(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_equal, one, other))
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)
