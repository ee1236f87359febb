"""Layers at positions: motions of everything, places far apart, several positions, and passes.

In the raids by hand a threat flies at 100 m/s along the x axis, and the layer `L` at -3000 m
reaches 1000 m. From -6000 m to the origin the path is in reach from 20 to 40 s; to -6000 m and back
it is in reach from 20 to 40 s and from 80 to 100 s.
"""

import math
import random
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pytest
from bands import assert_pmf
from busy_scenarios import scenario as busy_scenario
from engines import Outcome, kernel_events, kernel_outcomes
from event_lines import NEVER_KILLS, event_lines
from placed_scenarios import placed_scenario
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.counts import named_counts, new_rows
from leakthrough.engine.jobs import run_block
from leakthrough.engine.labels import label
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state

SCENARIOS = 40
REPLICATIONS = 4
TIMELINE = (0.0, 30.0, 60.0, 100.5, 180.0)

M = TypeVar("M", lt.Layer, lt.Salvo, lt.Battery, lt.Asset, lt.Scenario)
Point = tuple[float, float]
Turn = Callable[[float, float], Point]


def outcomes(scenario: lt.Scenario, seed: int) -> list[Outcome]:
    return kernel_outcomes(scenario, seed, 0, TIMELINE, REPLICATIONS)


def leakers(scenario: lt.Scenario, replications: int, seed: int) -> npt.NDArray[np.int64]:
    """Leakers of each salvo (R, S)."""
    tables = lower(scenario)
    rows = new_rows(tables, replications)
    run_block(tables, rows, seed, 0, np.zeros(1, np.uint8), new_state(tables))
    return named_counts(rows, tables).leaked


# ---------------------------------------------------------------- copies with changes


def rebuilt(
    scenario: lt.Scenario,
    at: Turn = lambda x, y: (x, y),
    bearing: Callable[[float], float] = lambda degrees: degrees,
    name: Callable[[str], str] = lambda own: own,
    start_range: float | None = None,
) -> lt.Scenario:
    """A scenario with other positions, bearings and names, and start ranges where none is given."""

    def of_layer(own: lt.Layer) -> lt.Layer:
        return changed(
            own,
            name=name(own.name),
            position=(0.0, 0.0) if own.positions else at(*own.position),
            positions=[at(*point) for point in own.positions],
            batteries=[changed(b, name=name(b.name)) for b in own.batteries],
        )

    def of_salvo(own: lt.Salvo) -> lt.Salvo:
        fields: dict[str, Any] = {"route": [at(*point) for point in own.route]}
        if own.bearing is not None:
            given = own.start_range is None
            fields["bearing"] = bearing(own.bearing) % 360.0
            fields["start_range"] = start_range if given else own.start_range
        # A battery of one of several positions is called battery@layer.
        target = own.target and "@".join(name(part) for part in own.target.split("@"))
        return changed(own, name=name(own.name), target=target, **fields)

    assets = [changed(own, name=name(own.name), position=at(*own.position))
              for own in scenario.assets]  # fmt: skip
    return changed(
        scenario,
        layers=[of_layer(own) for own in scenario.layers],
        salvos=[of_salvo(own) for own in scenario.salvos],
        assets=assets,
    )


def changed(own: M, **fields: Any) -> M:
    return type(own)(**{**vars(own), **fields})


def targeted(scenario: lt.Scenario) -> lt.Scenario:
    """A scenario in which the salvos without a target aim at an asset at the origin."""
    asset = lt.Asset(name="origin", position=(0.0, 0.0))
    salvos = [changed(own, target=own.target or asset.name) for own in scenario.salvos]
    return changed(scenario, salvos=salvos, assets=[*scenario.assets, asset])


# ---------------------------------------------------------------- everything moved together


def turned(degrees: float) -> Turn:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return lambda x, y: (cosine * x + sine * y, cosine * y - sine * x)  # clockwise


MOTIONS: dict[str, tuple[Turn, Callable[[float], float]]] = {
    "moved by half kilometres": (lambda x, y: (x + 7500.0, y - 92e3), lambda b: b),
    "moved": (lambda x, y: (x + math.pi * 1e4, y - math.e * 1e5), lambda b: b),
    "turned by a quarter": (lambda x, y: (y, -x), lambda b: b + 90.0),
    "turned": (turned(67.0), lambda b: b + 67.0),
    "mirrored": (lambda x, y: (-x, y), lambda b: 360.0 - b),
    "mirrored and turned": (lambda x, y: turned(211.0)(x, -y), lambda b: 180.0 - b + 211.0),
}
EXACT = ("moved by half kilometres", "turned by a quarter", "mirrored")


def times_of(scenario: lt.Scenario) -> list[list[int]]:
    """Ticks of all windows and of the ends of all paths."""
    tables = lower(scenario)
    windows = tables.windows
    fields = [windows[name] for name in ("salvo", "layer", "open_offset", "close_offset")]
    return [own.tolist() for own in (*fields, tables.salvos["target_offset"])]


@pytest.mark.parametrize("motion", MOTIONS)
def test_everything_moved_together_changes_no_count(motion: str, offset: int) -> None:
    """Unless a rounded time differs: those of tangents, where a distance is a root near 0.

    Of 500 scenarios none differs moved, mirrored or turned by a quarter, and ten turned by 67
    degrees.
    """
    at, bearing = MOTIONS[motion]
    compared = 0
    for n in range(SCENARIOS):
        scenario = targeted(placed_scenario(n))
        moved = rebuilt(scenario, at, bearing)
        if times_of(scenario) == times_of(moved):
            compared += 1
            assert outcomes(moved, n + offset) == outcomes(scenario, n + offset), n
    assert compared >= (1.0 if motion in EXACT else 0.9) * SCENARIOS


# ---------------------------------------------------------------- places far apart


FAR = 1e6
LAST = 1e5
"""A threat that nobody meets lands this late [s], so that all raids end together."""


def a_place(number: int, like: lt.Scenario, prefix: str, shift: float) -> lt.Scenario:
    """The salvos, layers and assets of a scenario, with the classes of another one."""
    late = lt.Asset(name="late", position=(0.0, -FAR))
    own = targeted(placed_scenario(number))
    clock = salvo("late", 1, LAST, own.salvos[0].threat, target="late", bearing=0.0)
    own = changed(
        own,
        threats=like.threats,
        interceptors=like.interceptors,
        salvos=[*own.salvos, changed(clock, start_range=0.0)],
        assets=[*own.assets, late],
    )
    return rebuilt(
        own, lambda x, y: (x + shift, y), name=lambda n: f"{prefix} {n}", start_range=9e3
    )


def named_outcomes(scenario: lt.Scenario, seed: int) -> list[dict[tuple[str, ...], Any]]:
    """Counts by the names of what they count: salvos, layers, batteries and magazines."""
    labels, tables = label(scenario), lower(scenario)
    magazines = [
        (labels.batteries[m["battery"]], labels.interceptors[m["interceptor"]])
        for m in tables.magazines
    ]
    rows: dict[str, Sequence[Any]] = {
        **dict.fromkeys(("leaked", "leak_cause", "launched"), labels.salvos),
        **dict.fromkeys(("expended", "remaining", "reloaded", "rounds_lost"), magazines),
        **dict.fromkeys(("depletion", "reserve_reached"), magazines),
        **dict.fromkeys(("busy", "engagements", "lost"), labels.batteries),
        **dict.fromkeys(("alive_assessed", "false_kills"), labels.batteries),
        **dict.fromkeys(("dead_assessed", "false_survivals"), labels.batteries),
        "up": labels.layers,
    }
    grids = ("killed", "soft_killed", "openings_drawn", "detected", "dismissed")
    found = []
    for outcome in outcomes(scenario, seed):
        own: dict[tuple[str, ...], Any] = {}
        for column, names in rows.items():
            values = outcome[column]
            own |= {(column, str(n)): v for n, v in zip(names, values, strict=True)}
        for column in grids:
            for one, values in zip(labels.salvos, outcome[column], strict=True):
                named = zip(labels.layers, values, strict=True)
                own |= {(column, one, other): v for other, v in named if v}
        found.append(own)
    return found


def test_places_far_apart_are_independent_raids(offset: int) -> None:
    """To the bit: each place has the counts that it has alone, since draws go by names."""
    engagements = 0
    for n in range(SCENARIOS):
        like = placed_scenario(3 * n)
        west, east = parts = (
            a_place(3 * n, like, "west", 0.0),
            a_place(3 * n + 1, like, "east", FAR),
        )
        both = changed(
            west,
            salvos=[*east.salvos, *west.salvos],
            layers=[*west.layers, *east.layers],
            assets=[*west.assets, *east.assets],
        )
        alone = [named_outcomes(part, n + offset) for part in parts]
        for one, other, together in zip(*alone, named_outcomes(both, n + offset), strict=True):
            assert one | other == together, n
            engagements += sum(v for key, v in together.items() if key[0] == "engagements")
    assert engagements >= 10 * SCENARIOS * REPLICATIONS


def test_a_star_of_sites_is_one_binomial_raid_for_each(offset: int) -> None:
    """40,000 replications detect an error of 0.01 in a probability of 0.3."""
    kills, numbers, replications = (0.2, 0.5, 0.8, 0.35, 0.95), (4, 9, 6, 1, 12), 40_000
    once = lt.Doctrine(max_salvos=1)
    spots = [(5e3 * math.sin(0.4 * math.pi * n), 5e3 * math.cos(0.4 * math.pi * n))
             for n in range(5)]  # fmt: skip
    guns = [gun(f"gun {n}", p) for n, p in enumerate(kills)]
    star = raid(
        [
            salvo(f"s{n}", count, target=f"a{n}", bearing=72.0 * n)
            for n, count in enumerate(numbers)
        ],
        [
            layer(
                f"L{n}",
                battery(f"B{n}", magazines=[magazine(g.name)], channels=99, doctrine=once),
                position=spot,
            )
            for n, (spot, g) in enumerate(zip(spots, guns, strict=True))
        ],
        guns,
        assets=[lt.Asset(name=f"a{n}", position=spot) for n, spot in enumerate(spots)],
    )
    found = leakers(star, replications, 21 + offset)
    total = np.ones(1)
    for own, count, p in zip(found.T, numbers, kills, strict=True):
        pmf = stats.binom.pmf(np.arange(count + 1), count, 1 - p)
        assert_pmf(own, pmf)
        total = np.convolve(total, pmf)
    assert_pmf(found.sum(1), total)  # they are independent


# ---------------------------------------------------------------- without positions, and several


@pytest.mark.parametrize("number", range(0, 3 * SCENARIOS, 3))
def test_a_bearing_changes_nothing_where_all_layers_are_at_the_target(number: int) -> None:
    scenario = busy_scenario(number)
    pick = random.Random(number)  # noqa: S311
    salvos = [changed(own, bearing=pick.choice([0.0, pick.uniform(0.0, 360.0)]))
              for own in scenario.salvos]  # fmt: skip
    turned = changed(scenario, salvos=salvos)
    assert outcomes(turned, number) == outcomes(scenario, number)
    assert kernel_events(turned, number, 1) == kernel_events(scenario, number, 1)


def test_one_of_several_positions_is_a_position() -> None:
    for n in range(SCENARIOS):
        scenario = placed_scenario(n)
        layers = [
            own if own.positions else changed(own, position=(0.0, 0.0), positions=[own.position])
            for own in scenario.layers
        ]
        listed = changed(scenario, layers=layers)
        assert outcomes(listed, n) == outcomes(scenario, n)
        assert label(listed) == label(scenario)


def separate(own: lt.Layer) -> list[lt.Layer]:
    """One layer for each position."""
    if len(own.positions) < 2:
        return [own]
    return [
        changed(
            own,
            name=f"{own.name}-{n}",
            position=spot,
            positions=[],
            batteries=[changed(b, name=f"{b.name}@{own.name}-{n}") for b in own.batteries],
        )
        for n, spot in enumerate(own.positions, start=1)
    ]


def test_several_positions_are_as_many_layers() -> None:
    several = 0
    for n in range(2 * SCENARIOS):
        scenario = placed_scenario(n)
        layers = [own for layer in scenario.layers for own in separate(layer)]
        several += len(layers) > len(scenario.layers)
        listed = changed(scenario, layers=layers)
        assert label(listed) == label(scenario)
        assert outcomes(listed, n) == outcomes(scenario, n)
        assert kernel_events(listed, n, 1) == kernel_events(scenario, n, 1)
    assert several >= SCENARIOS


# ---------------------------------------------------------------- passes


def passing(
    *batteries: lt.Battery, again: bool = False, shots: Any = None, **fields: Any
) -> lt.Scenario:
    """One threat through a layer; `again`: there and back."""
    route = [(0.0, 0.0), (-6e3, 0.0)] if again else [(-6e3, 0.0)]
    ring = layer("L", *batteries, position=(-3e3, 0.0), **fields)
    return raid(salvo(route=route), ring, shots or gun(kills=NEVER_KILLS))


def many(scenario: lt.Scenario, number: int) -> lt.Scenario:
    return changed(scenario, salvos=[changed(own, count=number) for own in scenario.salvos])


def test_a_dead_zone_makes_two_windows() -> None:
    own = battery(assessment_time=2.0)
    assert event_lines(passing(own, inner_range=500.0, shots=gun(flight_time=2.0))) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "22 kill s0 B",
        "24 assessment s0 B judged killed",
    ]
    # The second engagement ends at 24, and no third one fits before 25; two fit from 35 to 40.
    shots = gun(kills=NEVER_KILLS, flight_time=2.0)
    assert event_lines(passing(own, inner_range=500.0, shots=shots)) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "24 assessment s0 B judged alive",
        "35 opening s0 L available",
        "35 firing s0 B 1 gun",
        "39 assessment s0 B judged alive",
        "60 leak s0 missed",
    ]


def test_nobody_fires_in_a_gap() -> None:
    """The reload arrives at 50, in the gap between the passes."""
    late = magazine(rounds=0, reloads=1, reload_rounds=1, reload_time=50.0)
    assert event_lines(passing(battery(magazines=[late]), again=True, shots=gun())) == [
        "20 opening s0 L available",
        "50 reload B 1 gun",
        "80 opening s0 L available",
        "80 firing s0 B 1 gun",
        "80 kill s0 B",
        "80 assessment s0 B judged killed",
    ]


def test_an_engagement_of_the_first_pass_may_end_in_the_second() -> None:
    """Judged alive at 85, it is engaged again at once; at 90 in the gap of nothing."""
    own = battery(assessment_time=65.0)
    assert event_lines(passing(own, again=True)) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "80 opening s0 L available",
        "85 assessment s0 B judged alive",
        "85 firing s0 B 1 gun",
        "120 leak s0 missed",
        "150 assessment s0 B judged alive",
    ]


def test_a_false_kill_of_the_first_pass_lets_go_of_the_second() -> None:
    own = battery(assessment_time=65.0, false_kill=1.0)
    assert event_lines(passing(own, again=True)) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "80 opening s0 L available",
        "85 assessment s0 B wrongly judged killed",
        "120 leak s0 missed",
    ]


def test_a_pass_after_a_false_kill_sees_the_threat_anew() -> None:
    own = battery(assessment_time=30.0, false_kill=1.0)
    assert event_lines(passing(own, again=True)) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "50 assessment s0 B wrongly judged killed",
        "80 opening s0 L available",
        "80 firing s0 B 1 gun",
        "110 assessment s0 B wrongly judged killed",
        "120 leak s0 missed",
    ]


@pytest.mark.parametrize(("most", "times"), [(1, [20]), (3, [20, 30, 40]), (4, [20, 30, 40, 80])])
def test_salvos_are_limited_over_all_passes(most: int, times: list[int]) -> None:
    own = battery(assessment_time=10.0, doctrine=lt.Doctrine(max_salvos=most))
    lines = event_lines(passing(own, again=True))
    assert [line for line in lines if "firing" in line] == [f"{t} firing s0 B 1 gun" for t in times]


def test_a_threat_that_died_before_a_pass_is_not_seen_in_it() -> None:
    """It is killed at 80, when the second pass opens, by rounds of the far layer."""
    far = layer("far", battery(), outer=9e3)
    near = layer(
        "near", battery("near"), position=(-3e3, 0.0), sensor=lt.Sensor(detection={"t": 0})
    )
    route = [(0.0, 0.0), (-6e3, 0.0)]
    scenario = raid(salvo(route=route), [far, near], gun(flight_time=80.0))
    assert event_lines(scenario)[-2:] == ["80 kill s0 B", "80 assessment s0 B judged killed"]


def ghosts(**fields: Any) -> lt.Scenario:
    """A battery whose first rounds come after the first pass, and which believes all alive."""
    late = magazine(rounds=0, reloads=1, reload_rounds=3, reload_time=50.0)
    own = battery(magazines=[late], assessment_time=6.0, false_survival=1.0)
    return passing(own, again=True, **fields)


@pytest.mark.parametrize("flight", [0.0, 2.0])
def test_what_was_killed_in_a_later_pass_may_be_taken_for_alive(flight: float) -> None:
    """Also if the rounds hit at the tick at which the pass opens."""
    step = 6.0 + flight
    lines = ["20 opening s0 L available", "50 reload B 3 gun", "80 opening s0 L available",
             "80 firing s0 B 1 gun", f"{80 + flight:g} kill s0 B"]  # fmt: skip
    for n in (1, 2):
        lines += [f"{80 + n * step:g} assessment s0 B wrongly judged alive",
                  f"{80 + n * step:g} firing s0 B 1 gun"]  # fmt: skip
    lines += [f"{80 + 3 * step:g} assessment s0 B wrongly judged alive"]
    assert event_lines(ghosts(shots=gun(flight_time=flight))) == lines


def test_ghosts_of_an_earlier_pass_are_not_seen_in_a_later_one() -> None:
    own = battery(channels=2, assessment_time=65.0, false_survival=1.0)
    assert event_lines(many(passing(own, again=True, shots=gun()), 2)) == [
        "20 opening s0 L available",
        "20 firing s0 B 1 gun",
        "20 opening s1 L available",
        "20 firing s1 B 1 gun",
        "20 kill s0 B",
        "20 kill s1 B",
        "85 assessment s0 B wrongly judged alive",
        "85 assessment s1 B wrongly judged alive",
    ]


@pytest.mark.parametrize("reload_time", [5.0, 50.0])
def test_rounds_that_hit_when_a_pass_opens_come_before_it(reload_time: float) -> None:
    """They are in flight in the first pass, so nobody holds the ghosts in the second."""
    late = magazine(rounds=0, reloads=1, reload_rounds=3, reload_time=reload_time)
    own = battery(magazines=[late])
    ring = layer("L", own, position=(-3e3, 0.0), inner_range=500.0)
    hunter = battery("far", rounds=2, channels=2, reaction_time=35.0, false_survival=1.0)
    far = layer("far", hunter, outer=6e3)
    salvos = salvo(arrival=[0.0, 10.0], route=[(-6e3, 0.0)])
    lines = event_lines(raid(salvos, [far, ring], gun()))
    assert [line for line in lines if "reload" not in line] == [
        "0 opening s0 far available",
        "0 firing s0 far 1 gun",
        "10 opening s1 far available",
        "10 firing s1 far 1 gun",
        "20 opening s0 L available",
        "30 opening s1 L available",
        "35 kill s0 far",
        "35 assessment s0 far wrongly judged alive",
        "45 kill s1 far",
        "45 assessment s1 far wrongly judged alive",
    ]


def two_at_once(*others: lt.Salvo, rounds: int, **fields: Any) -> lt.Scenario:
    """At 80 s, the second window of one threat opens, and the first of another of its salvo."""
    late = magazine(rounds=0, reloads=1, reload_rounds=rounds, reload_time=60.0)
    own = battery(magazines=[late], assessment_time=15.0, **fields)
    there_and_back = salvo(arrival=[0.0, 60.0], route=[(0.0, 0.0), (-6e3, 0.0)])
    ring = layer("L", own, position=(-3e3, 0.0))
    return raid([there_and_back, *others], ring, gun(kills=NEVER_KILLS))


def test_of_two_passes_that_begin_together_the_first_threat_comes_first() -> None:
    assert event_lines(two_at_once(rounds=1))[:5] == [
        "20 opening s0 L available",
        "60 reload B 1 gun",
        "80 opening s0 L available",
        "80 firing s0 B 1 gun",
        "80 opening s1 L available",
    ]


@pytest.mark.parametrize("order", ["arrival", "deadline"])
def test_of_two_passes_of_equal_urgency_the_first_threat_comes_first(order: str) -> None:
    """Until 85 s the battery engages `c`."""
    busy = salvo("c", arrival=50.0, route=[(-6e3, 0.0)])
    doctrine = lt.Doctrine(order=order, max_salvos=1)
    lines = event_lines(two_at_once(busy, rounds=9, doctrine=doctrine))
    fired = [line for line in lines if "firing" in line]
    assert fired[:3] == ["70 firing c0 B 1 gun", "85 firing s0 B 1 gun", "100 firing s1 B 1 gun"]


@pytest.mark.parametrize("order", ["arrival", "deadline"])
@pytest.mark.parametrize(("arrival", "fired"), [(55.0, "cba"), (63.0, "cab")])
def test_order_goes_by_the_pass_in_which_a_threat_is_seen(
    order: str, arrival: float, fired: str
) -> None:
    """`a` is in its second pass from 80 to 100 s, `b` in reach from 75 to 95, or from 83 to 103.

    The battery has rounds from 60 s, and engages `c` until 85.
    """
    late = magazine(rounds=0, reloads=1, reload_rounds=3, reload_time=60.0)
    doctrine = lt.Doctrine(order=order, max_salvos=1)
    own = battery(magazines=[late], assessment_time=15.0, doctrine=doctrine)
    route = [(-6e3, 0.0)]
    scenario = raid(
        [
            salvo("a", route=[(0.0, 0.0), *route]),
            salvo("b", arrival=arrival, route=route),
            salvo("c", arrival=50.0, route=route),
        ],
        layer("L", own, position=(-3e3, 0.0)),
        gun(kills=NEVER_KILLS),
    )
    firings = [line.split()[2] for line in event_lines(scenario) if "firing" in line]
    assert "".join(who[0] for who in firings) == fired


# ---------------------------------------------------------------- passes and chance


def test_detection_is_drawn_anew_in_each_pass(offset: int) -> None:
    """Each of four passes kills what it detects: 60,000 threats find an error of 0.7 %."""
    route = [(0.0, 0.0), (-6e3, 0.0)] * 2
    own = layer(
        "L", battery(channels=999), position=(-3e3, 0.0), sensor=lt.Sensor(detection={"t": 0.4})
    )
    found = leakers(raid(salvo(count=6, route=route), own), 10_000, 31 + offset)
    assert_pmf(found[:, 0], stats.binom.pmf(np.arange(7), 6, 0.6**4))


def test_there_is_soft_kill_in_the_first_pass_only(offset: int) -> None:
    route = [(0.0, 0.0), (-6e3, 0.0)] * 2
    own = layer("L", position=(-3e3, 0.0), soft_kill={"t": 0.3})
    found = leakers(raid(salvo(count=6, route=route), own), 10_000, 32 + offset)
    assert_pmf(found[:, 0], stats.binom.pmf(np.arange(7), 6, 0.7))


def test_an_undetected_pass_holds_nothing(offset: int) -> None:
    """Rounds come between the passes, so only what is detected in the second one is killed."""
    late = magazine(rounds=0, reloads=1, reload_rounds=99, reload_time=50.0)
    own = battery(magazines=[late], channels=99)
    scenario = passing(own, again=True, shots=gun(), sensor=lt.Sensor(detection={"t": 0.4}))
    found = leakers(many(scenario, 6), 10_000, 33 + offset)
    assert_pmf(found[:, 0], stats.binom.pmf(np.arange(7), 6, 0.6))


def test_soft_kill_of_the_first_pass_is_not_that_of_a_later_layer(offset: int) -> None:
    """Each layer has a first pass of its own."""
    route = [(0.0, 0.0), (-6e3, 0.0)]
    rings = [layer(name, position=(-3e3, 0.0), soft_kill={"t": 0.3}) for name in ("L", "M")]
    found = leakers(raid(salvo(count=6, route=route), rings), 10_000, 34 + offset)
    assert_pmf(found[:, 0], stats.binom.pmf(np.arange(7), 6, 0.49))
