"""One replication, event by event."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from leakthrough import _kernel
from leakthrough._draws import TICKS_A_SECOND
from leakthrough._state import logged, new_carried, new_counts, new_state
from leakthrough._tables import Labels, Tables, label, lower
from leakthrough.results import CAUSES

if TYPE_CHECKING:
    import numpy.typing as npt

    from leakthrough.scenario import Scenario

EVENTS = ("opening", "firing", "kill", "assessment", "reload", "leak", "loss")
OUTCOMES = {
    _kernel.OPENING: ("available", "soft killed", "dismissed", "undetected"),
    _kernel.ASSESSMENT: (
        "judged killed",
        "judged alive",
        "wrongly judged killed",
        "wrongly judged alive",
        "lost to soft kill",
    ),
    _kernel.LEAK: CAUSES,
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
    "outcome": "what came of it; for a leak, its cause",
}


def _logged(tables: Tables, seed: int, replication: int) -> "npt.NDArray[np.int64]":
    """Rows of the kernel's log, in order of time."""
    room, flag = 4096, np.zeros(1, np.uint8)
    while True:
        state = new_state(tables, events=room)
        rows, carried = new_counts(tables, 1).rows, new_carried(tables, 1).rows
        _kernel.simulate_block(state, rows, carried, seed, replication, 0, flag)
        used = int(state.words[_kernel.LOG_USED])
        if used <= room:
            rows = logged(state)
            return rows[np.argsort(rows[:, 0], kind="stable")]
        room = used


def _names(codes: Any, names: Sequence[str]) -> "npt.NDArray[np.str_]":
    """Names by code; nothing for -1."""
    found: npt.NDArray[np.str_] = np.array([*names, ""], dtype=np.str_)[codes]
    return found


def _outcome(event: int, outcome: int) -> str:
    return OUTCOMES[event][outcome] if event in OUTCOMES else ""


def _columns(
    rows: "npt.NDArray[np.int64]", tables: Tables, labels: Labels
) -> "dict[str, npt.NDArray[Any]]":
    tick, event, threat, layer, battery, magazine, rounds, outcome = rows.T
    salvo = np.append(tables.salvo_of, -1)[threat]
    first = np.append(tables.salvos["first"], 0)[salvo]
    interceptor = np.append(tables.magazines.interceptor, -1)[magazine]
    return {
        "time": tick / TICKS_A_SECOND,
        "event": _names(event, EVENTS),
        "salvo": _names(salvo, labels.salvos),
        "threat": threat - first,
        "layer": _names(layer, labels.layers),
        "battery": _names(battery, labels.batteries),
        "interceptor": _names(interceptor, labels.interceptors),
        "rounds": rounds,
        "outcome": np.array([_outcome(*pair) for pair in zip(event, outcome, strict=True)], str),
    }


def replay(scenario: "Scenario", *, replication: int, seed: int) -> xr.Dataset:
    """Every event of one replication, as a table.

    Parameters
    ----------
    scenario : Scenario
    replication : int
        Which one; counted from 0.
    seed : int
        The seed of the simulation, as recorded in its result.

    Returns
    -------
    xarray.Dataset
        One row an event along `event_number`, in order of time; `to_dataframe()` makes a
        pandas table of it. An *opening* is a threat that comes into a layer's reach (none where
        the layer is down, or the threat dead); a *firing* begins an engagement; a *kill* is when
        its rounds hit; its *assessment* frees the channel; a *leak* is when a threat lands.

    Raises
    ------
    ValueError
        If `replication` or `seed` is out of range.
    """
    from leakthrough.simulate import checked_replications, checked_seed

    tables, labels = lower(scenario), label(scenario)
    number = checked_replications(replication, "replication", least=0)
    rows = _logged(tables, checked_seed(seed), number)
    columns = _columns(rows, tables, labels)
    data = {
        name: ("event_number", column, {"long_name": COLUMNS[name]})
        for name, column in columns.items()
    }
    result = xr.Dataset(data, attrs={"scenario": scenario.name, "replication": number})
    result["time"].attrs["units"] = "s"
    return result
