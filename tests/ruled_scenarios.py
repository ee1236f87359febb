"""Random scenarios with rules for what is shared, limited and correlated, one for each integer.

Those of `varying_scenarios.any_scenario`, changed by functions that each add one group of rules.
Each is applied to about a third of the scenarios, so that rules occur alone and together.
"""

import random
from collections.abc import Callable
from typing import Any

from varying_scenarios import any_scenario

import leakthrough as lt

Fields = dict[str, Any]
Change = Callable[[random.Random, Fields], None]
"""Adds rules to the fields of a scenario."""


def with_layers(fields: Fields, change: Callable[[lt.Layer], Fields]) -> None:
    """Change fields of each layer."""
    fields["layers"] = [lt.Layer(**{**vars(own), **change(own)}) for own in fields["layers"]]


def with_batteries(fields: Fields, change: Callable[[lt.Battery], Fields]) -> None:
    """Change fields of each battery."""

    def changed(layer: lt.Layer) -> Fields:
        return {"batteries": [lt.Battery(**{**vars(b), **change(b)}) for b in layer.batteries]}

    with_layers(fields, changed)


def _commands(pick: random.Random, fields: Fields) -> None:
    commands: list[str | None] = pick.choice([["west"], [None, "west"], [None, "west", "east"]])
    with_layers(fields, lambda _: {"command": pick.choice(commands)})


def _tracks(pick: random.Random, fields: Fields) -> None:
    def changed(layer: lt.Layer) -> Fields:
        tracks = pick.choice([None, 1, 1, 2, 3])
        return {"sensor": lt.Sensor(**{**vars(layer.sensor), "tracks": tracks})}

    with_layers(fields, changed)


def _engagements(pick: random.Random, fields: Fields) -> None:
    fields["threats"] = [
        lt.Threat(**{**vars(own), "max_engagements": pick.choice([None, 1, 2])})
        for own in fields["threats"]
    ]


def _reload_early(pick: random.Random, fields: Fields) -> None:
    """Reloads that are called while rounds are left, and of some magazines that had none."""

    def changed(own: lt.Magazine) -> lt.Magazine:
        reloads = own.reloads or pick.choice([0, 2])
        more = {
            "reloads": reloads,
            "reload_rounds": own.reload_rounds or pick.choice([1, 2, 5]),
            "reload_at": pick.choice([0, 1, 1, 3, 8]),
        }
        return lt.Magazine(**{**vars(own), **more})

    with_batteries(fields, lambda own: {"magazines": [*map(changed, own.magazines)]})


def _depots(pick: random.Random, fields: Fields) -> None:
    """One or two depots of each interceptor, behind most magazines."""
    depots = [
        lt.Depot(
            name=f"{gun.name} {n}", interceptor=gun.name, rounds=pick.choice([0, 1, 2, 5, 9, 30])
        )
        for gun in fields["interceptors"]
        for n in range(pick.choice([1, 1, 2]))
    ]

    def changed(own: lt.Magazine) -> lt.Magazine:
        names = [depot.name for depot in depots if depot.interceptor == own.interceptor]
        more: Fields = {"depot": pick.choice([None, *names, *names])}
        if more["depot"]:
            more["reloads"] = pick.choice([None, None, 1, 3])
            more["reload_rounds"] = own.reload_rounds or pick.choice([1, 2, 5])
        return lt.Magazine(**{**vars(own), **more})

    fields["depots"] = depots
    with_batteries(fields, lambda own: {"magazines": [*map(changed, own.magazines)]})


def _staying_power(pick: random.Random, fields: Fields) -> None:
    with_batteries(fields, lambda _: {"staying_power": pick.choice([1, 2, 2, 3])})


def _thrift(pick: random.Random, fields: Fields) -> None:
    def changed(own: lt.Battery) -> Fields:
        thrift = pick.choice([None, (1, 1), (3, 1), (5, 2), (30, 3)])
        size = pick.choice([own.doctrine.salvo_size, 3, 5])
        more = {"thrift": thrift, "salvo_size": size}
        return {"doctrine": lt.Doctrine(**{**vars(own.doctrine), **more})}

    with_batteries(fields, changed)


CHANGES: dict[str, Change] = {
    "commands": _commands,
    "tracks": _tracks,
    "engagements": _engagements,
    "reload early": _reload_early,
    "depots": _depots,
    "staying power": _staying_power,
    "thrift": _thrift,
}
"""By name of the group of rules."""


def ruled_scenario(number: int) -> lt.Scenario:
    """A scenario with some rules of each group, for about a third of the groups."""
    pick, base = random.Random(f"ruled {number}"), any_scenario(number)  # noqa: S311
    fields = {**vars(base), "name": f"ruled {number}"}
    for change in CHANGES.values():
        if pick.random() < 0.35:
            change(pick, fields)
    return lt.Scenario(**fields)
