"""One replication, event by event."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.codes import ASSESSMENT, HIT, LEAK, OPENING
from leakthrough.engine.counts import new_rows
from leakthrough.engine.jobs import CampaignRun, campaign_rows, run_block
from leakthrough.engine.labels import Labels, label
from leakthrough.engine.lower_campaign import Plan, lower_campaign
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import State, logged, new_state
from leakthrough.engine.tables import Tables
from leakthrough.model.arguments import of_class, refused, whole
from leakthrough.model.campaign import Campaign
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.model.scenario import Scenario
from leakthrough.results.variables import CAUSES
from leakthrough.run_options import checked_replications, checked_seed

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

EVENTS = (
    *("opening", "firing", "kill", "assessment", "reload", "leak", "loss", "hit", "track"),
    "release",
)
OUTCOMES = {
    OPENING: ("available", "soft killed", "dismissed", "undetected", "waiting"),
    ASSESSMENT: (
        "judged killed",
        "judged alive",
        "wrongly judged killed",
        "wrongly judged alive",
        "lost to soft kill",
    ),
    LEAK: CAUSES,
    HIT: ("aim point destroyed", "without effect", "aim point already down", "battery damaged"),
}
COLUMNS = {
    "time": "time since the start of the raid",
    "event": "what happened",
    "salvo": "salvo of the threat",
    "threat": "number of the threat within its salvo, in order of arrival; -1 for none",
    "layer": "layer",
    "battery": "battery",
    "interceptor": "interceptor that is fired or reloaded",
    "rounds": "rounds fired or reloaded",
    "outcome": "outcome of the event; for a leak, its cause",
}


def _log_of(tables: Tables, run: Callable[[State], object]) -> "npt.NDArray[np.int64]":
    """Rows of the log that `run` writes into a state, in order of time."""
    events = 4096
    while True:
        state = new_state(tables, events)
        run(state)
        used = int(state.raid["log_used"][0])
        if used <= events:
            rows = logged(state)
            return rows[np.argsort(rows[:, 0], kind="stable")]
        events = used


def logged_raid(tables: Tables, seed: int, replication: int) -> "npt.NDArray[np.int64]":
    """Rows of the log of one replication of a raid, in order of time."""

    def run(state: State) -> None:
        flag = np.zeros(1, np.uint8)
        run_block(tables, new_rows(tables, 1), seed, replication, flag, state)

    return _log_of(tables, run)


def _logged_campaign(plan: Plan, seed: int, replication: int, raid: int) -> "npt.NDArray[np.int64]":
    """Rows of the log of one raid (from 1) of one replication of a campaign, in order of time."""
    stop = np.zeros(1, np.uint8)

    def run(state: State) -> None:
        states = [new_state(tables) for tables in plan.tables]
        campaign = CampaignRun(plan, seed, replication, campaign_rows(plan, 1))
        while campaign.raid < raid - 1:
            campaign.next_raid(states[plan.kinds[campaign.raid]], stop)
        campaign.next_raid(state, stop)

    return _log_of(plan.tables[plan.kinds[raid - 1]], run)


def _names(codes: "npt.NDArray[np.int64]", names: Sequence[str]) -> "npt.NDArray[np.str_]":
    """Names by code; an empty string for -1."""
    return np.array([*names, ""], dtype=np.str_)[codes]


def _columns(
    rows: "npt.NDArray[np.int64]", tables: Tables, labels: Labels
) -> "dict[str, npt.NDArray[Any]]":
    tick, event, threat, layer, battery, magazine, rounds, outcome = rows.T
    first = tables.salvos["first"].astype(np.int64)
    salvo = np.where(threat < 0, -1, np.searchsorted(first, threat, "right") - 1)
    first = np.append(first, 0)[salvo]
    interceptor = np.append(tables.magazines["interceptor"].astype(np.int64), -1)[magazine]
    ends = zip(event.tolist(), outcome.tolist(), strict=True)
    return {
        "time": tick / TICKS_A_SECOND,
        "event": _names(event, EVENTS),
        "salvo": _names(salvo, labels.salvos),
        "threat": threat - first,
        "layer": _names(layer, labels.layers),
        "battery": _names(battery, labels.batteries),
        "interceptor": _names(interceptor, labels.interceptors),
        "rounds": rounds,
        "outcome": np.array(
            [OUTCOMES[kind][code] if kind in OUTCOMES else "" for kind, code in ends], str
        ),
    }


def replay(
    scenario: "Scenario | Campaign", *, replication: int, seed: int, raid: int = 1
) -> "xr.Dataset":
    """Every event of one replication of a raid, as a table.

    Parameters
    ----------
    scenario : Scenario or Campaign
    replication : int
        Number of the replication, from 0.
    seed : int
        The seed of the simulation, as recorded in its result.
    raid : int, default 1
        Number of the raid in a campaign, from 1, as in the coordinate `raid` of its result.

    Returns
    -------
    xarray.Dataset
        One row per event along `event_number`, in order of time; `to_dataframe()` converts it to
        a pandas table. Events: *opening*, a threat enters a layer's window (not listed if the
        layer is down or the threat dead); *firing*, an engagement begins; *kill*, its rounds hit;
        *release*, the channel is free, if it is not held to the assessment; *assessment*, the
        engagement ends; *leak*, a threat gets through; *loss*, a
        threat destroys the battery at which its salvo aims; *hit*, a leaker hits the asset at
        which its salvo aims, or damages such a battery; *track*, a threat that waited for a
        track of a layer is given one.

    Raises
    ------
    ValueError
        If `replication`, `seed` or `raid` is out of range.
    """
    import xarray as xr

    number = checked_replications(replication, "replication", least=0)
    scenario = of_class("scenario", scenario, Scenario, Campaign)  # type: ignore[assignment]
    if seed is None:
        raise refused("seed", "that of the simulation", seed)
    seed, raids = checked_seed(seed), scenario.raid_count if isinstance(scenario, Campaign) else 1
    raid = whole("raid", raid, 1, raids)
    attrs: dict[str, Any] = {"scenario": scenario.name, "replication": number}
    if isinstance(scenario, Campaign):
        plan, labels = lower_campaign(scenario)
        labels = labels if plan.pattern else label(scenario.raid(raid))
        tables, attrs["raid"] = plan.tables[plan.kinds[raid - 1]], int(raid)
        rows = _logged_campaign(plan, seed, number, raid)
    else:
        tables, labels = lower(scenario), label(scenario)
        rows = logged_raid(tables, seed, number)
    data = {
        name: ("event_number", column, {"long_name": COLUMNS[name]})
        for name, column in _columns(rows, tables, labels).items()
    }
    result = xr.Dataset(data, attrs=attrs)
    result["time"].attrs["units"] = "s"
    return result
