"""Random scenarios with rules for what is shared, limited and correlated, one for each integer.

Those of `varying_scenarios.any_scenario`, changed by functions that each add one group of rules.
Each is applied to about a third of the scenarios, so that rules occur alone and together.
"""

import random
from collections.abc import Callable, Mapping
from typing import Any

from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt

Fields = dict[str, Any]
COUNTS: list[Any] = [
    *(stats.uniform(0.0, 12.0), stats.gamma(2.0, scale=4.0), stats.expon(scale=5.0)),
    *(stats.poisson(6.0), stats.betabinom(20, 1.0, 3.0)),
    lt.Mixture(weights=[1, 3], parts=[0, stats.nbinom(2, 0.2)]),
    lt.Empirical(values=[1, 2, 2, 3, 14]),
]
TIMES: list[Any] = [
    lt.Mixture(weights=[1, 1, 1], parts=[2.0, stats.expon(scale=3.0), stats.uniform(8.0, 2.0)]),
    lt.Empirical(values=[1.0, 1.5, 4.0], weights=[2, 1, 1]),
    lt.Histogram(edges=[0.0, 1.0, 2.0, 6.0], weights=[1, 0, 3]),
]
KILLS: list[Any] = [
    lt.Mixture(weights=[1, 2], parts=[0.2, stats.beta(5.0, 2.0)]),
    lt.Empirical(values=[0.2, 0.7, 0.9]),
    lt.Histogram(edges=[0.1, 0.3, 0.9], weights=[2, 1]),
]
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


RELOADS: list[Any] = [
    *(stats.expon(scale=5.0), stats.uniform(0.0, 20.0), stats.lognorm(1.0, scale=10.0)),
    *(lt.Mixture(weights=[1, 2], parts=[0, stats.expon(scale=20.0)]), 3.0),
    lt.Empirical(values=[0.0, 2.0, 60.0]),
]


def _reload_times(pick: random.Random, fields: Fields) -> None:
    """Reload times that are drawn, of most magazines; some are 0 or longer than the raid."""

    def changed(own: lt.Magazine) -> lt.Magazine:
        more = {"reload_time": pick.choice(RELOADS)}
        if own.depot is None and pick.random() < 0.5:
            rounds = own.reload_rounds or pick.choice([1, 2])
            more |= {"reloads": pick.choice([1, 3, 8]), "reload_rounds": rounds}
        return lt.Magazine(**{**vars(own), **more})

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


def _luck(pick: random.Random, fields: Fields) -> None:
    """Luck that threats keep, and sensors that do not detect everything."""
    kept = [0.0, 0.3, 0.3, 1.0]
    fields["threats"] = [
        lt.Threat(
            **{**vars(own), "common_detection": pick.choice(kept), "common_kill": pick.choice(kept)}
        )
        for own in fields["threats"]
    ]
    seen = [0.0, 0.4, 0.7, 0.7, 1.0]

    def detecting(own: lt.Layer) -> Fields:
        found = {threat.name: pick.choice(seen) for threat in fields["threats"]}
        return {"sensor": lt.Sensor(**{**vars(own.sensor), "detection": found})}

    with_layers(fields, detecting)


LAWS = [
    stats.beta(2.0, 2.0),
    stats.uniform(0.2, 0.5),
    stats.uniform(0.0, 1.0),
    stats.beta(0.2, 0.2),
]


def _uncertain(pick: random.Random, fields: Fields) -> None:
    """Probabilities that are distributions."""

    def some(own: Any) -> Any:
        return pick.choice(LAWS) if pick.random() < 0.4 else own

    def table(own: Mapping[str, Any]) -> Fields:
        return {threat.name: some(own.get(threat.name, 0.5)) for threat in fields["threats"]}

    def sensing(own: lt.Layer) -> Fields:
        names = ("decoy_recognition", "false_dismissal", "availability")
        sensor = {name: some(getattr(own.sensor, name)) for name in names}
        sensor["detection"] = table(own.sensor.detection)
        return {
            "sensor": lt.Sensor(**{**vars(own.sensor), **sensor}),
            "soft_kill": table(own.soft_kill) if pick.random() < 0.5 else own.soft_kill,
        }

    def judging(own: lt.Battery) -> Fields:
        return {name: some(getattr(own, name)) for name in ("false_kill", "false_survival")}

    with_layers(fields, sensing)
    with_batteries(fields, judging)
    fields["threats"] = [
        lt.Threat(**{**vars(own), "lethality": some(own.lethality)}) for own in fields["threats"]
    ]
    fields["assets"] = [
        lt.Asset(**{**vars(own), "hardness": some(own.hardness)}) for own in fields["assets"]
    ]


def _counts(pick: random.Random, fields: Fields) -> None:
    """Numbers of threats that are drawn, about half of them."""
    fields["salvos"] = [
        own
        if isinstance(own.arrival, lt.Times) or pick.random() < 0.5
        else lt.Salvo(**{**vars(own), "count": pick.choice(COUNTS)})
        for own in fields["salvos"]
    ]


def _distributions(pick: random.Random, fields: Fields) -> None:
    """Mixtures, empirical distributions and histograms of arrivals, times and probabilities."""

    def weapon(own: lt.Interceptor) -> Fields:
        kills = {
            name: chance if isinstance(chance, lt.ByDistance) else pick.choice([chance, *KILLS])
            for name, chance in own.kill_probability.items()
        }
        flight = own.flight_time if own.speed is not None else pick.choice(TIMES)
        return {"kill_probability": kills, "flight_time": flight}

    fields["interceptors"] = [
        lt.Interceptor(**{**vars(own), **weapon(own)}) for own in fields["interceptors"]
    ]
    with_batteries(fields, lambda own: {"reaction_time": pick.choice([own.reaction_time, *TIMES])})
    fields["salvos"] = [
        own
        if isinstance(own.arrival, lt.Times)
        else lt.Salvo(**{**vars(own), "arrival": pick.choice([own.arrival, *TIMES])})
        for own in fields["salvos"]
    ]


def channel_holds(pick: random.Random, fields: Fields) -> None:
    """Channels that are held to the intercept or the launch, by some batteries."""
    holds = ["assessment", "intercept", "launch", "launch"]
    with_batteries(fields, lambda _: {"channel_hold": pick.choice(holds)})


def launch_intervals(pick: random.Random, fields: Fields) -> None:
    """Times between launches, of salvos that are mostly of several rounds."""

    def change(battery: lt.Battery) -> Fields:
        size = pick.choice([battery.doctrine.salvo_size, 2, 4])
        doctrine = lt.Doctrine(**{**vars(battery.doctrine), "salvo_size": size})
        interval = pick.choice([0.0, 0.5, 1.0, 2.0, 2.0, 5.0, 20.0])
        return {"launch_interval": interval, "doctrine": doctrine}

    with_batteries(fields, change)


def shared_channels(pick: random.Random, fields: Fields) -> None:
    """One pool or two, over the batteries of all layers."""
    names = ["radar", "crews"][: pick.choice([1, 1, 2])]
    fields["pools"] = [lt.Pool(name=name, channels=pick.choice([1, 1, 2, 3])) for name in names]
    with_batteries(fields, lambda _: {"pool": pick.choice([None, *names, *names])})


def selections(pick: random.Random, fields: Fields) -> None:
    """Batteries that are asked in other orders; of equal ones there are often several."""
    orders = ["most_rounds", "listed", "kill_probability", "least_loaded"]
    with_layers(fields, lambda _: {"selection": pick.choice(orders)})


CHANGES: dict[str, Change] = {
    "commands": _commands,
    "tracks": _tracks,
    "engagements": _engagements,
    "reload early": _reload_early,
    "depots": _depots,
    "staying power": _staying_power,
    "thrift": _thrift,
    "luck": _luck,
    "uncertain": _uncertain,
    "counts": _counts,
    "distributions": _distributions,
    "channel holds": channel_holds,
    "launch intervals": launch_intervals,
    "shared channels": shared_channels,
    "selections": selections,
    "reload times": _reload_times,
}
"""By name of the group of rules."""


def ruled_scenario(number: int, *groups: str) -> lt.Scenario:
    """A scenario with some rules of each group, for about a third of the groups; or of these."""
    pick, base = random.Random(f"ruled {number}"), any_scenario(number)  # noqa: S311
    fields = {**vars(base), "name": f"ruled {number}"}
    for name, change in CHANGES.items():
        if name in groups or (not groups and pick.random() < 0.35):
            change(pick, fields)
    return lt.Scenario(**fields)
