"""Random scenarios in the plane, one for each integer.

Those of `busy_scenarios`, with layers at different positions, ranges by threat, assets, and salvos
that come from bearings or on routes. Coordinates are multiples of 500 m, so that paths go through
the centres of rings and touch them; routes turn back, so that threats pass a layer several times.
"""

import random
from typing import Any

from busy_scenarios import AXES, THREATS, scenario
from scipy import stats

import leakthrough as lt

PLACES = [(500.0 * x, 500.0 * y) for x in range(-8, 9) for y in range(-8, 9)]


def _range(pick: random.Random, most: float) -> Any:
    """A range, or ranges by threat, none above the given one."""
    if pick.random() < 0.6:
        return most
    names = pick.sample(THREATS, pick.choice([1, 2, 3]))
    return {name: most * pick.choice([0.4, 0.8, 1.0]) for name in names}


def _layer(pick: random.Random, layer: lt.Layer) -> lt.Layer:
    outer = _range(pick, pick.choice([1e3, 1.5e3, 3e3, 5e3]))
    least = outer if isinstance(outer, float) else min(outer.values())
    number = pick.choice([0, 0, 0, 1, 2, 3])
    fields = {"outer_range": outer, "inner_range": pick.choice([0.0, 0.0, 0.5, 0.5, 1.0]) * least}
    if isinstance(outer, dict) and pick.random() < 0.3:
        fields["inner_range"] = {name: own / 2 for name, own in outer.items()}
    if number:
        fields["positions"] = pick.sample(PLACES, number)
    else:
        fields["position"] = pick.choice(PLACES)
    return lt.Layer(**{**vars(layer), **fields})


def _salvo(pick: random.Random, salvo: lt.Salvo, targets: list[str]) -> lt.Salvo:
    fields: dict[str, Any] = {"target": pick.choice([None, *targets])}
    if pick.random() < 0.5:
        fields["bearing"] = pick.choice([0.0, 45.0, 90.0, 135.0, 180.0, 270.0, 300.0, 360.0])
        fields["start_range"] = pick.choice([None, None, 0.0, 2e3, 1e4])
    else:
        route = pick.sample(PLACES, pick.choice([1, 2, 4]))
        fields["route"] = route * pick.choice([1, 1, 2, 3])  # back and forth
    return lt.Salvo(**{**vars(salvo), **fields})


def assets(pick: random.Random) -> list[lt.Asset]:
    """Up to three assets."""
    return [
        lt.Asset(
            name=f"asset {n}",
            position=pick.choice(PLACES),
            value=pick.choice([1.0, 5.0]),
            aim_points=pick.choice([1, 3, 20]),
            hardness=pick.choice([0.0, 0.5, 1.0]),
            priority=pick.choice([-1, 0, 1, 2]),
            repair_time=pick.choice([None, 0.0, 300.0, stats.expon(scale=100.0)]),
        )
        for n in range(pick.choice([0, 1, 3]))
    ]


def placed_scenario(number: int) -> lt.Scenario:
    """A scenario of up to four salvos, up to twelve sites and up to three assets."""
    pick, base = random.Random(f"placed {number}"), scenario(number)  # noqa: S311
    layers, defended = [_layer(pick, layer) for layer in base.layers], assets(pick)
    batteries = [
        name
        for layer in layers
        for site in layer.sites
        for battery in site.batteries
        for name in battery.names
    ]
    targets = batteries + [asset.name for asset in defended] * 3
    return lt.Scenario(
        name=f"placed {number}",
        axes=AXES,
        threats=base.threats,
        interceptors=base.interceptors,
        salvos=[_salvo(pick, salvo, targets) for salvo in base.salvos],
        layers=layers,
        assets=defended,
    )


def mixed_scenario(number: int) -> lt.Scenario:
    """A scenario with positions for odd numbers, and one without for even numbers."""
    return placed_scenario(number) if number % 2 else scenario(number)
