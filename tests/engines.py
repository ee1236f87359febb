"""The two engines side by side: what each gives for one replication, in one form."""

from typing import Any

import numpy as np

import leakthrough as lt
from leakthrough.engine.codes import INFINITE, NEVER
from leakthrough.engine.counts import Counts, named_tally, new_carried, new_counts
from leakthrough.engine.jobs import run_kernel
from leakthrough.engine.labels import label
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.reference.entities import CAUSES, Event
from leakthrough.reference.raid import Raid
from leakthrough.replay import _columns, logged_raid

Outcome = dict[str, Any]


def kernel_outcome(
    scenario: lt.Scenario, seed: int, replication: int, timeline: tuple[float, ...] = ()
) -> Outcome:
    """Counts of the compiled kernel."""
    tables = lower(scenario, timeline)
    counts = new_counts(tables, 1, tally=True)
    stop = np.zeros(1, np.uint8)
    state, carried = new_state(tables, tally=True), new_carried(tables, 1).rows
    run_kernel(state, counts.rows, carried, seed, replication, 0, stop)
    tally = named_tally(counts.rows, tables)
    return {**counted(counts), "hits": tally.hits[0].tolist(), "misses": tally.misses[0].tolist()}


def counted(counts: Counts) -> Outcome:
    """Counts of the first replication."""
    outcome = {name: value[0].tolist() for name, value in counts.items()}
    outcome["leaked_by"] = outcome["leaked_by"][:-1]
    return outcome


def kernel_events(scenario: lt.Scenario, seed: int, replication: int) -> list[Event]:
    """Events of the compiled kernel."""
    tables, labels = lower(scenario), label(scenario)
    columns = _columns(logged_raid(tables, seed, replication), tables, labels)
    columns["time"] = np.rint(columns["time"] * TICKS_A_SECOND).astype(np.int64)
    return [Event(*(value.item() for value in row)) for row in zip(*columns.values(), strict=True)]


def reference_outcome(
    scenario: lt.Scenario, seed: int, replication: int, timeline: tuple[float, ...] = ()
) -> tuple[Outcome, list[Event]]:
    """Counts and events of the reference engine, in the kernel's form."""
    raid = Raid(scenario, seed, replication, timeline).run()
    tally = {
        name: [
            [raid.tally[interceptor.name, threat.name, hit] for threat in scenario.threats]
            for interceptor in scenario.interceptors
        ]
        for name, hit in (("hits", True), ("misses", False))
    }
    return {**outcome_of(raid), **tally}, raid.events


def outcome_of(raid: Raid) -> Outcome:
    """Counts of a raid of the reference engine."""
    scenario = raid.scenario
    layers = [layer.name for layer in raid.layers]
    salvos = [salvo.name for salvo in scenario.salvos]
    magazines = [magazine for battery in raid.batteries for magazine in battery.magazines]
    leakers = [threat for threat in raid.threats if threat.alive]

    def tally(of: Any, names: list[str]) -> list[list[int]]:
        table = [[0] * len(names) for _ in salvos]
        for threat in raid.threats:
            if of(threat) is not None:
                table[salvos.index(threat.salvo.name)][names.index(of(threat))] += 1
        return table

    def endless(rounds: float) -> int:
        return int(INFINITE) if rounds == float("inf") else int(rounds)

    cause = {id(threat): raid.cause(threat) for threat in leakers}
    causes = tally(lambda threat: cause.get(id(threat)), list(CAUSES))
    return {
        "leaked": [sum(row) for row in causes],
        "leak_cause": causes,
        "killed": tally(lambda threat: threat.killed_by, layers),
        "soft_killed": tally(lambda threat: threat.soft_killed_by, layers),
        "launched": [sum(t.salvo.name == name for t in raid.threats) for name in salvos],
        "expended": [magazine.expended for magazine in magazines],
        "remaining": [endless(magazine.ready) for magazine in magazines],
        "reloaded": [magazine.reloaded for magazine in magazines],
        "rounds_lost": [endless(magazine.lost) for magazine in magazines],
        "depletion": [
            int(NEVER) if magazine.depletion is None else magazine.depletion
            for magazine in magazines
        ],
        "busy": [battery.busy for battery in raid.batteries],
        "engagements": [battery.engagements for battery in raid.batteries],
        "lost": [battery.loss is not None for battery in raid.batteries],
        "ready_rounds": [[endless(rounds) for rounds in ready] for ready, _ in raid.sampled],
        "busy_channels": [busy for _, busy in raid.sampled],
        "leaked_by": [
            [
                sum(t.target_tick <= sample and t.salvo.name == name for t in leakers)
                for name in salvos
            ]
            for sample in raid.samples
        ],
    }
