"""What is compared: exact models with their arguments, and how often each is simulated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """An exact model with its arguments.

    Parameters
    ----------
    model : str
        Name of a function of `leakthrough.exact`.
    arguments : mapping of str to object
        Its arguments.
    replications : int
        How often its scenario is simulated.
    drawn : bool
        Whether the page shows its distribution.
    """

    model: str
    arguments: Mapping[str, Any]
    replications: int = 200_000
    drawn: bool = False

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())


SEED = 2025


def _raid(threats: int, kill: float, each: int = 1, **arguments: Any) -> dict[str, Any]:
    return {"threats": threats, "kill_probability": kill, "rounds_each": each, **arguments}


def _costs(threats: int, kill: float, each: int, **arguments: Any) -> dict[str, Any]:
    return {**_raid(threats, kill, each), "threat_cost": 5e4, "round_cost": 1e5, **arguments}


def _magazine(threats: int, rounds: int, kill: float, looks: int) -> dict[str, Any]:
    return {"threats": threats, "rounds": rounds, "kill_probability": kill, "looks": looks}


def _waiting(rate: float, service: float, channels: int, patience: float) -> dict[str, Any]:
    return {
        "arrival_rate": rate,
        "service_rate": service,
        "channels": channels,
        "patience": patience,
    }


def _at_once(
    threats: int, channels: int, rounds: int, cycle: float, window: float
) -> dict[str, Any]:
    return {
        "threats": threats,
        "channels": channels,
        "rounds": rounds,
        "cycle": cycle,
        "window": window,
    }


def _deployed(kill: float, slope: float, **arguments: Any) -> dict[str, Any]:
    return {"kill_probability": kill, "slope": slope, "integer": True, **arguments}


def _one_look(threats: int, rounds: int, kill: float, lethality: float) -> dict[str, Any]:
    return {**_magazine(threats, rounds, kill, 1), "lethality": lethality}


def _luck(threats: int, common: float, *kills: float) -> dict[str, Any]:
    return {"kill_probabilities": kills, "common": common, "threats": threats}


def _hits(hits: int, lethality: float, staying_power: int) -> dict[str, Any]:
    return {"hits": hits, "lethality": lethality, "staying_power": staying_power}


def _tracked(rate: float, launch: float, rest: float, channels: int, tracks: int) -> dict[str, Any]:
    return {
        "arrival_rate": rate,
        "launch_rate": launch,
        "assessment_rate": rest,
        "channels": channels,
        "tracks": tracks,
    }


_STREAMS = 4_000
"""Each measured over a time in which 1,000 threats are expected."""

CASES: tuple[Case, ...] = (
    # Binomial raids, of few and many threats, with sure and unlikely kills.
    Case("leakers", _raid(1, 0.5)),
    Case("leakers", _raid(10, 0.8), drawn=True),
    Case("leakers", _raid(10, 0.8, 2)),
    Case("leakers", _raid(10, 0.8, 3)),
    Case("leakers", _raid(100, 0.3)),
    Case("leakers", _raid(300, 0.95), 50_000),
    Case("leakers", _raid(5, 0.02)),
    Case("leakers", _raid(10, 0.7, 3, tracking=0.95), drawn=True),
    Case("leakers", _raid(30, 0.6, 2, tracking=0.5)),
    Case("leakers", _raid(10, 0.7, 3, tracking=0.95, common_mode=True), drawn=True),
    Case("leakers", _raid(30, 0.6, 2, tracking=0.5, common_mode=True)),
    Case("raid_annihilation", _raid(20, 0.9, 2)),
    Case("raid_annihilation", _raid(50, 0.5, 8)),
    Case("raid_annihilation", _raid(20, 0.9, 2, tracking=0.98)),
    Case("raid_annihilation", _raid(20, 0.9, 2, tracking=0.9, common_mode=True)),
    # One threat, shot at until it is dead.
    Case("shoot_look_shoot", {"kill_probability": 0.7, "looks": 1}),
    Case("shoot_look_shoot", {"kill_probability": 0.7, "looks": 3}),
    Case("shoot_look_shoot", {"kill_probability": 0.1, "looks": 12}),
    Case("shoot_look_shoot", {"kill_probability": 0.45, "looks": 4}),
    # Magazines that last, that may run out, and that surely do.
    Case("finite_magazine", _magazine(20, 20, 0.7, 2), drawn=True),
    Case("finite_magazine", _magazine(20, 60, 0.7, 3)),
    Case("finite_magazine", _magazine(20, 32, 0.7, 3), drawn=True),
    Case("finite_magazine", _magazine(8, 5, 0.9, 1)),
    Case("finite_magazine", _magazine(5, 7, 0.5, 2)),
    Case("finite_magazine", _magazine(12, 40, 0.3, 10)),
    Case("finite_magazine", _magazine(550, 400, 0.8, 2), 20_000),
    # Layers: one, two, three; scarce outside, scarce inside, and rounds that make no salvo.
    Case("layered_inventories", {"threats": 20, "layers": ((30, 1, 0.6),)}),
    Case("layered_inventories", {"threats": 20, "layers": ((17, 2, 0.5), (6, 1, 0.7))}),
    Case("layered_inventories", {"threats": 20, "layers": ((6, 1, 0.7), (17, 2, 0.5))}),
    Case(
        "layered_inventories",
        {"threats": 40, "layers": ((16, 1, 0.9), (25, 1, 0.4), (30, 3, 0.25))},
        drawn=True,
    ),
    Case("layered_inventories", {"threats": 6, "layers": ((6, 1, 0.5), (2, 1, 0.8))}),
    # What each layer has left, with the leakers.
    Case("layered_rounds_left", {"threats": 15, "layers": ((20, 2, 0.3), (11, 1, 0.7))}),
    Case("layered_rounds_left", {"threats": 25, "layers": ((10, 1, 0.8), (60, 3, 0.4))}),
    Case("layered_rounds_left", {"threats": 8, "layers": ((9, 1, 0.5),)}),
    Case("layered_rounds_left", {"threats": 12, "layers": ((8, 1, 0.6), (4, 1, 0.5), (6, 2, 0.4))}),
    # Rounds dealt out evenly: fewer than threats, as many, and more.
    Case("uniform_allocation", {"threats": 50, "rounds": 75, "kill_probability": 0.7}),
    Case("uniform_allocation", {"threats": 20, "rounds": 12, "kill_probability": 0.9}),
    Case("uniform_allocation", {"threats": 10, "rounds": 20, "kill_probability": 0.6}),
    Case("uniform_allocation", {"threats": 7, "rounds": 25, "kill_probability": 0.5}),
    # Costs, with decoys that all, some or none are recognised.
    Case("raid_costs", _costs(10, 0.8, 2, decoys=10)),
    Case("raid_costs", _costs(6, 0.4, 1, decoys=9, decoy_recognition=0.6)),
    Case("raid_costs", _costs(20, 0.7, 3, decoys=5, decoy_recognition=1.0)),
    Case("raid_costs", _costs(1, 0.3, 4, decoys=2, decoy_recognition=0.5)),
    # Streams without waiting, from light to heavy load.
    Case("erlang_b", {"load": 0.5, "channels": 1}, _STREAMS),
    Case("erlang_b", {"load": 2.0, "channels": 4}, _STREAMS),
    Case("erlang_b", {"load": 10.0, "channels": 10}, _STREAMS),
    Case("erlang_b", {"load": 25.0, "channels": 30}, _STREAMS),
    Case("erlang_b", {"load": 60.0, "channels": 20}, _STREAMS),
    # Streams that can wait: below, at and above what the channels can do.
    Case("abandonment", _waiting(10.0, 1.0, 10, 0.5), _STREAMS),
    Case("abandonment", _waiting(2.0, 1.0, 1, 1.0), _STREAMS),
    Case("abandonment", _waiting(3.0, 1.0, 4, 1.0), _STREAMS),
    Case("abandonment", _waiting(1.0, 2.0, 1, 0.25), _STREAMS),
    Case("abandonment", _waiting(0.2, 0.05, 4, 15.0), _STREAMS),
    Case("abandonment", _waiting(40.0, 1.0, 20, 10.0), _STREAMS),
    # Streams that need a track and a channel: tracks, channels or both are scarce.
    Case("tracks_and_channels", _tracked(4.0, 1.0, 0.25, 6, 16), 1_000),
    Case("tracks_and_channels", _tracked(4.0, 1.0, 0.25, 3, 30), 1_000),
    Case("tracks_and_channels", _tracked(4.0, 1.0, 0.5, 9, 9), 1_000),
    Case("tracks_and_channels", _tracked(0.5, 0.125, 0.125, 6, 5), 1_000),
    # Rounds at threats that keep their luck: never, sometimes, always; equal and different rounds.
    Case("common_luck", _luck(20, 0.0, 0.8, 0.8)),
    Case("common_luck", _luck(20, 0.3, 0.8, 0.8)),
    Case("common_luck", _luck(20, 1.0, 0.8, 0.8, 0.8)),
    Case("common_luck", _luck(40, 0.5, 0.3, 0.9, 0.6)),
    # Hits that a battery may withstand.
    Case("destroyed_by", _hits(3, 0.5, 1)),
    Case("destroyed_by", _hits(6, 0.5, 3)),
    Case("destroyed_by", _hits(10, 0.5, 6)),
    Case("destroyed_by", _hits(20, 0.2, 2)),
    # Raids that come at once, where threats, rounds, channels or time are scarce; 0.3 s hold
    # three cycles of 0.1 s only in whole microseconds.
    Case("simultaneous_raid", _at_once(7, 3, 100, 3.3, 7.0), 5),
    Case("simultaneous_raid", _at_once(60, 3, 100, 3.3, 7.0), 5),
    Case("simultaneous_raid", _at_once(60, 3, 8, 3.3, 7.0), 5),
    Case("simultaneous_raid", _at_once(50, 4, 100, 20.0, 60.0), 5),
    Case("simultaneous_raid", _at_once(20, 2, 100, 0.1, 0.3), 5),
    # One asset: rounds by order of arrival, few or many, and one look at a raid that comes at once,
    # with rounds for each threat or not. Leakers may fail.
    Case("prim_read", _deployed(0.6, 0.2)),
    Case("prim_read", _deployed(0.3, 0.15, lethality=0.7)),
    Case("prim_read", _deployed(0.8, 0.12)),
    Case("prim_read", _deployed(0.1, 0.25, lethality=0.9)),
    Case("prim_read", _deployed(0.9, 0.2, lethality=0.8)),
    Case("terminal_defence", _one_look(4, 10, 0.7, 0.5)),
    Case("terminal_defence", _one_look(12, 30, 0.6, 1.0)),
    Case("terminal_defence", _one_look(6, 4, 0.9, 0.3)),
    Case("terminal_defence", _one_look(9, 9, 0.8, 0.05)),
)
