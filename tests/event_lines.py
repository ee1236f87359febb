"""Events of a small raid, one line each, after a check that both engines agree."""

from typing import Any

from engines import reference_outcome

import leakthrough as lt

NEVER_KILLS = 1e-12
"""Above 0, so it is fired, and below half of 2**-32."""
COLUMNS = (
    "time", "event", "salvo", "threat", "layer", "battery", "interceptor", "rounds", "outcome",
)  # fmt: skip


def line(row: dict[str, Any]) -> str:
    who = f"{row['salvo']}{row['threat']}" if row["salvo"] else ""
    shots = f"{row['rounds']} {row['interceptor']}" if row["interceptor"] else ""
    where = row["battery"] or row["layer"]
    parts = (f"{row['time']:.9g}", row["event"], who, where, shots, row["outcome"])
    return " ".join(part for part in parts if part)


def event_lines(scenario: lt.Scenario) -> list[str]:
    """Every event of replication 0 with seed 1, one line each; the same in both engines."""
    table = lt.replay(scenario, replication=0, seed=1).to_dataframe().to_dict("records")
    lines = [line(row) for row in table]
    _, events = reference_outcome(scenario, 1, 0)
    rows = [dict(zip(COLUMNS, (e.tick / 1e6, *e[1:]), strict=True)) for e in events]
    assert lines == [line(row) for row in rows]
    return lines


def one(scenario: lt.Scenario) -> Any:
    """Result of the replication whose events `event_lines` lists."""
    return lt.simulate(scenario, replications=1, seed=1).isel(replication=0)
