"""Counts of each engine in a replication, in one form: the columns of a row, by name."""

from typing import Any

import numpy as np

import leakthrough as lt
from leakthrough.engine.codes import INFINITE, NEVER
from leakthrough.engine.counts import Counts, named_counts, new_rows, width
from leakthrough.engine.decode import by_layer
from leakthrough.engine.jobs import run_block
from leakthrough.engine.labels import label
from leakthrough.engine.layout import RECORDS_OF
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state
from leakthrough.engine.tables import Tables
from leakthrough.model.chances import Chance, uncertain_chances
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.reference.causes import CAUSES, cause_of_leaking
from leakthrough.reference.entities import Event
from leakthrough.reference.raid import Raid
from leakthrough.replay import _columns, logged_raid

Outcome = dict[str, Any]


def kernel_outcomes(
    scenario: lt.Scenario,
    seed: int,
    start: int,
    timeline: tuple[float, ...] = (),
    replications: int = 1,
) -> list[Outcome]:
    """Counts of the compiled kernel in the replications of one block."""
    tables = lower(scenario, timeline)
    rows = new_rows(tables, replications)
    run_block(tables, rows, seed, start, np.zeros(1, np.uint8), new_state(tables))
    return counted(named_counts(rows, tables), tables)


def counted(counts: Counts, tables: Tables) -> list[Outcome]:
    """Every count of each replication; those of windows by salvo and layer."""
    kinds = ("windows", "sightings") if tables.lucks.size else ("windows",)
    own = {column for kind in kinds for column in RECORDS_OF[kind].columns}
    named = {n: by_layer(v, tables) if n in own else v for n, v in counts.items()}
    return [
        {name: values[n].tolist() for name, values in named.items()}
        for n in range(len(counts.rows))
    ]


def assert_every_column_is_named(counts: Counts, tables: Tables) -> None:
    """A column that belongs to no field would not be compared."""
    assert sum(values[0].size for values in counts.values()) == width(tables)


def kernel_events(scenario: lt.Scenario, seed: int, replication: int) -> list[Event]:
    """Events of the compiled kernel."""
    tables, labels = lower(scenario), label(scenario)
    columns = _columns(logged_raid(tables, seed, replication), tables, labels)
    columns["time"] = np.rint(columns["time"] * TICKS_A_SECOND).astype(np.int64)
    return [Event(*(value.item() for value in row)) for row in zip(*columns.values(), strict=True)]


def reference_outcome(
    scenario: lt.Scenario, seed: int, replication: int, timeline: tuple[float, ...] = ()
) -> tuple[Outcome, list[Event]]:
    """Counts and events of the reference engine in the kernel's form."""
    raid = Raid(scenario, seed, replication, timeline).run()
    return outcome_of(raid), raid.events


def decisions_of(raid: Raid) -> Outcome:
    """Random decisions of the reference engine, by column of counts."""
    scenario, landing = raid.scenario, [battery.name for battery in raid.batteries]
    salvos = [salvo.name for salvo in scenario.salvos]
    layers = [layer.name for layer in raid.layers]
    guns = scenario.interceptors
    weapons = [interceptor.name for interceptor in guns]
    classes = [threat.name for threat in scenario.threats]
    aimed = [salvo for salvo in scenario.salvos if _lands(raid, salvo)]
    decoys = {threat.name for threat in scenario.threats if threat.decoy}
    assets = {asset.name for asset in scenario.assets}
    struck = [s for s in scenario.salvos if s.target in assets and s.threat not in decoys]
    aimed.sort(key=lambda salvo: landing.index(str(salvo.target)))

    def grid(column: str, rows: list[str], columns: list[str]) -> list[list[int]]:
        return [[raid.decisions[column, row, own] for own in columns] for row in rows]

    return {
        **{name: grid(name, weapons, classes) for name in ("hits", "misses", "odds")},
        "kill_threshold": [[_threshold(raid, weapon, name) for name in classes] for weapon in guns],
        **{
            name: grid(name, salvos, layers) for name in ("openings_drawn", "detected", "dismissed")
        },
        **{
            name: [raid.decisions[name, battery.name] for battery in raid.batteries]
            for name in ("alive_assessed", "false_kills", "dead_assessed", "false_survivals")
        },
        **{
            name: [raid.decisions[name, salvo.name] for salvo in aimed]
            for name in ("landed", "destroyed")
        },
        **{
            name: [raid.decisions[name, salvo.name] for salvo in struck]
            for name in ("struck", "effective")
        },
        "aim_points_destroyed": [
            raid.decisions["aim_points_destroyed", asset.name] for asset in scenario.assets
        ],
        "aim_points_down": list(raid.aim_points_down.values()),
        "up": [int(raid.up[name]) for name in layers],
        "tracks_peak": [own.peak for own in raid.trackers.values()],
        "tracks_full": [own.full for own in raid.trackers.values()],
        **_luck_of(raid, salvos, layers),
        "chance_threshold": [
            raid.draws.limit(Chance(*own)) for own in uncertain_chances(scenario).items()
        ],
    }


def _luck_of(raid: Raid, salvos: list[str], layers: list[str]) -> Outcome:
    """Decisions about luck that threats keep; empty if none of the raid may keep it."""
    kinds = {threat.name: threat for threat in raid.scenario.threats}
    own = [kinds[salvo.threat] for salvo in raid.scenario.salvos]
    kept = any(kind.common_detection or kind.common_kill for kind in own)
    salvos = salvos if kept else []
    parts = [f"{what}_luck_{name}" for what in ("detection", "kill") for name in ("drawn", "kept")]
    known = ("detection_known", "detected_known")
    return {
        **{name: [raid.decisions[name, salvo] for salvo in salvos] for name in parts},
        **{
            name: [[raid.decisions[name, salvo, layer] for layer in layers] for salvo in salvos]
            for name in known
        },
    }


def _threshold(raid: Raid, weapon: lt.Interceptor, threat: str) -> int:
    """Threshold of a kill probability that does not depend on the distance; 0 for others."""
    chance = weapon.kill_probability.get(threat, 0.0)
    by_distance = isinstance(chance, lt.ByDistance)
    return 0 if chance == 0.0 or by_distance else raid.kill_threshold(weapon, threat, 0.0)


def _lands(raid: Raid, salvo: lt.Salvo) -> bool:
    """Whether the threats of a salvo may destroy a battery: real ones that aim at one."""
    kinds = {threat.name: threat for threat in raid.scenario.threats}
    return (
        salvo.target in {battery.name for battery in raid.batteries}
        and not kinds[salvo.threat].decoy
    )


def outcome_of(raid: Raid) -> Outcome:
    """Every count of a raid of the reference engine."""
    layers = [layer.name for layer in raid.layers]
    magazines = [magazine for battery in raid.batteries for magazine in battery.magazines]
    cause = {threat: cause_of_leaking(threat) for threat in raid.threats if threat.alive}
    causes = _by_salvo(raid, cause.get, CAUSES)
    return {
        **decisions_of(raid),
        "leaked": [sum(row) for row in causes],
        "leak_cause": causes,
        "killed": _by_salvo(raid, lambda threat: threat.killed_by, layers),
        "soft_killed": _by_salvo(raid, lambda threat: threat.soft_killed_by, layers),
        "leaked_by": _leaked_by(raid),
        "launched": [
            sum(threat.salvo is salvo for threat in raid.threats) for salvo in raid.scenario.salvos
        ],
        "expended": [magazine.expended for magazine in magazines],
        "remaining": [_rounds(magazine.ready) for magazine in magazines],
        "reloaded": [magazine.reloaded for magazine in magazines],
        "rounds_on_dead": [magazine.on_dead for magazine in magazines],
        "rounds_lost": [_rounds(magazine.lost) for magazine in magazines],
        "depot_remaining": [depot.held for depot in raid.depots.values()],
        "depot_in_transit": [depot.in_transit for depot in raid.depots.values()],
        "depot_reloaded": [depot.reloaded for depot in raid.depots.values()],
        "depot_lost": [depot.lost for depot in raid.depots.values()],
        "depot_depletion": [
            NEVER if depot.depletion is None else depot.depletion for depot in raid.depots.values()
        ],
        "depletion": [NEVER if m.depletion is None else m.depletion for m in magazines],
        "reserve_reached": [
            NEVER if m.reserve_reached is None else m.reserve_reached for m in magazines
        ],
        "pool_full": [pool.full for pool in raid.pools.values()],
        "pool_peak": [pool.peak for pool in raid.pools.values()],
        "busy": [battery.busy for battery in raid.batteries],
        "engagements": [battery.engagements for battery in raid.batteries],
        "lost": [int(battery.loss is not None) for battery in raid.batteries],
        "ready_rounds": [[_rounds(rounds) for rounds in ready] for ready, _ in raid.samples],
        "busy_channels": [busy for _, busy in raid.samples],
    }


def _rounds(number: float) -> int:
    return INFINITE if number == float("inf") else int(number)


def _by_salvo(raid: Raid, of: Any, names: Any) -> list[list[int]]:
    """Threats by salvo and by one of some names."""
    return [
        [sum(t.salvo is salvo and of(t) == name for t in raid.threats) for name in names]
        for salvo in raid.scenario.salvos
    ]


def _leaked_by(raid: Raid) -> list[list[int]]:
    """Leakers of each salvo up to each sample time, and finally those after the last one."""
    leakers = [threat for threat in raid.threats if threat.alive]
    salvos = raid.scenario.salvos
    last = max(raid.sample_ticks, default=None)
    return [
        *(
            [sum(t.salvo is salvo and t.target_tick <= tick for t in leakers) for salvo in salvos]
            for tick in raid.sample_ticks
        ),
        [
            sum(t.salvo is salvo and (last is None or t.target_tick > last) for t in leakers)
            for salvo in salvos
        ],
    ]
