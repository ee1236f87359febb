"""All that happens in a tiny raid, a line an event, and the same in both engines."""

from typing import Any

from engines import reference_outcome

import leakthrough as lt

NEVER_KILLS = 1e-12
"""Above 0, so it is fired, and below half of 2**-32."""
ROWS = ("time", "event", "salvo", "threat", "layer", "battery", "interceptor", "rounds", "outcome")


def line(row: dict[str, Any]) -> str:
    who = f"{row['salvo']}{row['threat']}" if row["salvo"] else ""
    shots = f"{row['rounds']} {row['interceptor']}" if row["interceptor"] else ""
    where = row["battery"] or row["layer"]
    words = (f"{row['time']:.9g}", row["event"], who, where, shots, row["outcome"])
    return " ".join(word for word in words if word)


def story(scenario: lt.Scenario) -> list[str]:
    """Everything that happens, a line an event; the same in both engines."""
    table = lt.replay(scenario, replication=0, seed=1).to_dataframe().to_dict("records")
    told = [line(row) for row in table]
    _, events = reference_outcome(scenario, 1, 0)
    rows = [dict(zip(ROWS, (e.tick / 1e6, *e[1:]), strict=True)) for e in events]
    assert told == [line(row) for row in rows]
    return told


def one(scenario: lt.Scenario) -> Any:
    """Result of the replication whose story is told."""
    return lt.simulate(scenario, replications=1, seed=1).isel(replication=0)
