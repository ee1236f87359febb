"""Random scenarios in the plane, one for each integer.

Those of `busy_scenarios`, with layers at different positions, ranges by threat, assets, and salvos
that come from bearings or on routes. Coordinates are multiples of 500 m and most come from a short
list for each scenario, so that paths go through the centres of rings and touch them, and salvos
share paths; routes turn back, so that threats pass a layer several times. Threats are slow, so that
windows are long. `test_engines_agree` asserts what this brings.
"""

import random
from typing import Any

from busy_scenarios import AXES, KILLS, THREATS, scenario
from engines import kernel_events
from raids import battery, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.reference.entities import Event

PLACES = [(500.0 * x, 500.0 * y) for x in range(-6, 7) for y in range(-6, 7)]
BEARINGS = [0.0, 45.0, 90.0, 135.0, 180.0, 270.0, 300.0, 360.0]


class _Map:
    """Random positions of one scenario: half of them are one of four."""

    def __init__(self, pick: random.Random) -> None:
        self.pick, self.few = pick, pick.sample(PLACES, 4)

    def point(self) -> tuple[float, float]:
        return self.pick.choice(self.few if self.pick.random() < 0.5 else PLACES)

    def points(self, number: int) -> list[tuple[float, float]]:
        return [self.point() for _ in range(number)]


def _range(pick: random.Random, most: float) -> Any:
    """A range, or ranges by threat, none above the given one."""
    if pick.random() < 0.6:
        return most
    names = pick.sample(THREATS, pick.choice([1, 2, 3, 3]))
    return {name: most * pick.choice([0.4, 0.8, 1.0]) for name in names}


def _layer(pick: random.Random, places: _Map, layer: lt.Layer) -> lt.Layer:
    outer = _range(pick, pick.choice([1e3, 2e3, 3e3, 5e3]))
    least = outer if isinstance(outer, float) else min(outer.values())
    number = pick.choice([0, 0, 0, 1, 2, 3])
    fields = {
        "outer_range": outer,
        "inner_range": pick.choice([0.0, 0.0, 0.2, 0.5, 0.5, 1.0]) * least,
    }
    if isinstance(outer, dict) and pick.random() < 0.3:
        fields["inner_range"] = {name: own / 2 for name, own in outer.items()}
    if number:
        fields["positions"] = places.points(number)
    else:
        fields["position"] = places.point()
    return lt.Layer(**{**vars(layer), **fields})


def _salvo(pick: random.Random, places: _Map, salvo: lt.Salvo, targets: list[str]) -> lt.Salvo:
    fields: dict[str, Any] = {"target": pick.choice([None, *targets])}
    if pick.random() < 0.3:
        fields["bearing"] = pick.choice(BEARINGS)
        fields["start_range"] = pick.choice([None, None, None, 0.0, 2e3, 1e4])
    else:
        fields["route"] = places.points(pick.choice([1, 2, 3])) * pick.choice([1, 2, 3])
    if pick.random() < 0.5:
        fields["axis"] = AXES[0]
    return lt.Salvo(**{**vars(salvo), **fields})


def _assets(pick: random.Random, places: _Map) -> list[lt.Asset]:
    """Up to three assets."""
    return [
        lt.Asset(
            name=f"asset {n}",
            position=places.point(),
            value=pick.choice([1.0, 5.0]),
            aim_points=pick.choice([1, 3, 20]),
            hardness=pick.choice([0.0, 0.5, 1.0]),
            priority=pick.choice([-1, 0, 1, 2]),
            repair_time=pick.choice([None, 0.0, 300.0, stats.expon(scale=100.0)]),
        )
        for n in range(pick.choice([0, 1, 3]))
    ]


def _threat(pick: random.Random, threat: lt.Threat) -> lt.Threat:
    return lt.Threat(**{**vars(threat), "speed": pick.choice([25.0, 50.0, 50.0, 100.0])})


def _interceptor(pick: random.Random, interceptor: lt.Interceptor) -> lt.Interceptor:
    kills = {name: pick.choice(KILLS) for name in pick.sample(THREATS, pick.choice([2, 3, 3]))}
    return lt.Interceptor(**{**vars(interceptor), "kill_probability": kills})


def _base(number: int) -> lt.Scenario:
    """The one of three scenarios in which most threats meet most batteries with rounds."""

    def encounters(own: lt.Scenario) -> int:
        armed = [b for layer in own.layers for b in layer.batteries if b.count and b.magazines]
        return len(armed) * sum(min(s.count, 10) for s in own.salvos if isinstance(s.count, int))

    return max((scenario(3 * number + n) for n in range(3)), key=encounters)


def placed_scenario(number: int) -> lt.Scenario:
    """A scenario of up to four salvos, up to twelve sites and up to three assets."""
    pick, base = random.Random(f"placed {number}"), _base(number)  # noqa: S311
    places = _Map(pick)
    layers = [_layer(pick, places, layer) for layer in base.layers]
    defended = _assets(pick, places)
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
        threats=[_threat(pick, threat) for threat in base.threats],
        interceptors=[_interceptor(pick, own) for own in base.interceptors],
        salvos=[_salvo(pick, places, salvo, targets) for salvo in base.salvos],
        layers=layers,
        assets=defended,
    )


def unmet_scenario() -> lt.Scenario:
    """No threat comes into reach, but a reload arrives, and a battery is lost."""
    late = magazine(rounds=0, reloads=1, reload_rounds=1, reload_time=1.0)
    threats = [lt.Threat(name=name, speed=100.0, lethality=1.0) for name in ("t", "u")]
    own = lt.Layer(name="L", outer_range={"u": 1e3}, batteries=[battery(magazines=[late])])
    return raid(salvo(target="B", bearing=0.0, start_range=1e3), own, threats=threats)


def placed_events() -> list[list[Event]]:
    """Events of the kernel in some of these scenarios."""
    scenarios = [unmet_scenario(), *map(placed_scenario, range(20))]
    return [kernel_events(scenario, n, 0) for n, scenario in enumerate(scenarios)]


def mixed_scenario(number: int) -> lt.Scenario:
    """A scenario with positions for odd numbers, and one without for even numbers."""
    return placed_scenario(number) if number % 2 else scenario(number)
