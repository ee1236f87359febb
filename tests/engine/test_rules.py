"""Each rule of the model separately: a small raid and all of its events, worked out by hand.

By default a threat flies at 100 m/s and a layer reaches from 1000 m to the target, so its window
is 10 s long. `NEVER_KILLS` is above 0, so it is fired, and below half of 2**-32.
"""

from typing import Any

import pytest
from event_lines import NEVER_KILLS, event_lines, one
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt

# ---------------------------------------------------------------- 2. time and windows


def test_windows_begin_and_end_at_the_layers_ranges() -> None:
    far = layer("far", battery(), outer=3000.0, inner_range=2000.0)
    near = layer("near", outer=1000.0, inner_range=500.0)
    assert event_lines(raid(salvo(arrival=7.0), [near, far], gun(flight_time=10.0))) == [
        "7 opening s0 far available",
        "7 firing s0 B 1 gun",
        "17 kill s0 B",
        "17 assessment s0 B judged killed",
    ]
    assert event_lines(raid(salvo(arrival=7.0), [near, far], gun(flight_time=10.000001))) == [
        "7 opening s0 far available",
        "27 opening s0 near available",
        "37 leak s0 too_short",
    ]


@pytest.mark.parametrize(
    ("axis", "axes", "told"),
    [
        ("north", ["north"], "judged killed"),
        ("north", ["south", "north"], "judged killed"),
        ("north", ["south"], "uncovered"),
        (None, ["south"], "uncovered"),
        (None, [], "judged killed"),
    ],
)
def test_a_battery_serves_its_axes(axis: str | None, axes: list[str], told: str) -> None:
    scenario = raid(
        [salvo(axis=axis), salvo("other", 0, axis="south"), salvo("third", 0, axis="north")],
        layer("L", battery(axes=axes)),
    )
    assert event_lines(scenario)[-1].endswith(told)


def exact_windows() -> list[Any]:
    rings = ((9990.0, 0.0), (1000.1, 999.7), (777.77, 123.456))
    speeds = (333.0, 7.0, 50.0, 299.792458)
    return [(v, *ring, more) for v in speeds for ring in rings for more in (0.0, 1.0, 123.4)]


@pytest.mark.parametrize(("speed", "outer", "inner", "further"), exact_windows())
def test_a_window_admits_an_engagement_exactly_as_long(
    speed: float, outer: float, inner: float, further: float
) -> None:
    def killed(flight: float) -> int:
        rings = [layer("edge", outer=outer + further)] if further else []
        ring = layer("L", battery(channels=3), outer=outer, inner_range=inner)
        scenario = raid(
            salvo(arrival=[1234.567, 0.1, 1e6 / 3]),
            [*rings, ring],
            gun(flight_time=flight),
            speed=speed,
        )
        return int(one(scenario).killed.sum())

    assert killed((outer - inner) / speed) == 3
    assert killed((outer - inner) / speed + 2e-6) == 0


# ---------------------------------------------------------------- 3. when a window opens


def test_a_layer_that_is_down_does_nothing() -> None:
    sensor = lt.Sensor(availability=0.0)
    down = layer("L", battery(), sensor=sensor, soft_kill={"t": 1.0})
    assert event_lines(raid(salvo(), down)) == ["10 leak s0 uncovered"]


def test_soft_kill_spends_nothing() -> None:
    scenario = raid(salvo(), layer("L", battery(rounds=1), soft_kill={"t": 1.0}))
    assert event_lines(scenario) == ["0 opening s0 L soft killed"]
    assert one(scenario).soft_killed.item() == 1


@pytest.mark.parametrize(
    ("flight", "assessment", "told"),
    [
        # The rounds would arrive after the soft kill, which counts; the rounds are spent.
        (15.0, 5.0, ["10 opening s0 near soft killed", "20 assessment s0 B lost to soft kill"]),
        # They hit when the window opens: the killed threat passes no layer.
        (10.0, 10.0, ["10 kill s0 B", "20 assessment s0 B judged killed"]),
    ],
)
def test_soft_kill_under_engagement(flight: float, assessment: float, told: list[str]) -> None:
    far = layer("far", battery(assessment_time=assessment), outer=2000.0)
    near = layer("near", soft_kill={"t": 1.0})
    scenario = raid(salvo(), [far, near], gun(flight_time=flight))
    assert event_lines(scenario) == ["0 opening s0 far available", "0 firing s0 B 1 gun", *told]
    result, soft = one(scenario), told[0].endswith("soft killed")
    assert result.killed.values.tolist() == [[int(not soft), 0]]
    assert result.soft_killed.values.tolist() == [[0, int(soft)]]
    assert result.busy_time.item() == 20.0
    assert result.expended.item() == 1


def test_soft_kill_comes_before_detection() -> None:
    unseen = lt.Sensor(detection={"t": 0.0})
    assert event_lines(raid(salvo(), layer("L", sensor=unseen, soft_kill={"t": 1.0}))) == [
        "0 opening s0 L soft killed"
    ]


def test_what_one_layer_does_not_see_another_may() -> None:
    far = layer("far", battery("A"), outer=2000.0, sensor=lt.Sensor(detection={"t": 0.0}))
    assert event_lines(raid(salvo(), [far, layer("near", battery())])) == [
        "0 opening s0 far undetected",
        "10 opening s0 near available",
        "10 firing s0 B 1 gun",
        "10 kill s0 B",
        "10 assessment s0 B judged killed",
    ]


@pytest.mark.parametrize(
    ("decoy", "recognition", "dismissal", "outcome"),
    [
        (True, 1.0, 0.0, "dismissed"),
        (True, 0.0, 1.0, "available"),
        (False, 1.0, 0.0, "available"),
        (False, 0.0, 1.0, "dismissed"),
    ],
)
def test_discrimination(decoy: bool, recognition: float, dismissal: float, outcome: str) -> None:
    sensor = lt.Sensor(decoy_recognition=recognition, false_dismissal=dismissal)
    threat = lt.Threat(name="t", speed=100.0, decoy=decoy)
    told = event_lines(raid(salvo(), layer("L", battery(), sensor=sensor), threats=[threat]))
    assert told[0] == f"0 opening s0 L {outcome}"
    assert told[-1].endswith("leak s0 dismissed" if outcome == "dismissed" else "judged killed")


# ---------------------------------------------------------------- 4. an engagement


def test_times_of_an_engagement() -> None:
    own = battery(reaction_time=2.0, assessment_time=4.0)
    scenario = raid(salvo(arrival=1.0), layer("L", own), gun(flight_time=3.0))
    assert event_lines(scenario) == [
        "1 opening s0 L available",
        "1 firing s0 B 1 gun",
        "6 kill s0 B",
        "10 assessment s0 B judged killed",
    ]
    assert one(scenario).busy_time.item() == 9.0


def test_one_engagement_of_a_threat_at_a_time_and_again_when_it_missed() -> None:
    own = battery(count=2, channels=2)
    scenario = raid(salvo(), layer("L", own), gun(kills=NEVER_KILLS, flight_time=5.0))
    assert event_lines(scenario) == [
        "0 opening s0 L available",
        "0 firing s0 B-1 1 gun",
        "5 assessment s0 B-1 judged alive",
        "5 firing s0 B-2 1 gun",  # which has one round more
        "10 assessment s0 B-2 judged alive",
        "10 leak s0 missed",
    ]


def test_reserved_rounds_go_to_priority_alone() -> None:
    threats = [
        lt.Threat(name="low", speed=100.0),
        lt.Threat(name="high", speed=100.0, priority=1),
    ]
    own = battery(
        magazines=[magazine(rounds=4, reserved=2)], doctrine=lt.Doctrine(salvo_size=3), channels=9
    )
    salvos = [salvo("l", 2, threat="low"), salvo("h", 1, 1.0, threat="high")]
    scenario = raid(salvos, layer("L", own), gun(kills={"low": 1.0, "high": 1.0}), threats=threats)
    assert event_lines(scenario) == [
        "0 opening l0 L available",
        "0 firing l0 B 2 gun",  # a partial salvo: as many as it may draw
        "0 kill l0 B",
        "0 assessment l0 B judged killed",
        "0 opening l1 L available",
        "1 opening h0 L available",
        "1 firing h0 B 2 gun",
        "1 kill h0 B",
        "1 assessment h0 B judged killed",
        "10 leak l1 no_interceptors",
    ]
    result = one(scenario).squeeze()
    assert (float(result.reserve_time), float(result.depletion_time)) == (0.0, 1.0)


def test_a_magazine_that_reloads_has_rounds_to_come_until_the_last_reload() -> None:
    own = battery(magazines=[magazine(rounds=2, reloads=1, reload_rounds=3, reload_time=1.0)])
    result = one(raid(salvo(arrival=[0.0, 10.0, 20.0, 30.0, 40.0]), layer("L", own))).squeeze()
    assert (float(result.reserve_time), float(result.depletion_time)) == (40.0, 40.0)


def test_kept_rounds_are_reached_and_never_reloaded() -> None:
    own = magazine(rounds=2, reserved=1, reloads=1, reload_rounds=3, reload_time=1.0)
    unit = layer("L", battery(magazines=[own]))
    result = one(raid(salvo(arrival=[0.0, 10.0, 20.0]), unit)).squeeze()
    assert (float(result.reserve_time), int(result.reloaded)) == (0.0, 0)
    assert result.depletion_time.isnull()


@pytest.mark.parametrize(
    ("preference", "rounds", "fired"),
    [
        ({}, 1, "a"),
        ({"t": ["b", "a"]}, 1, "b"),
        ({"t": ["c", "b"]}, 1, "b"),  # c would be too late
        ({"t": ["b", "a"]}, 0, "a"),  # b is empty
        ({"t": ["d", "a"]}, 1, "a"),  # d cannot kill
    ],
)
def test_the_first_magazine_that_will_do(preference: Any, rounds: int, fired: str) -> None:
    guns = [gun("a"), gun("b"), gun("c", flight_time=11.0), gun("d", kills=0.0)]
    own = battery(
        magazines=[magazine(name, rounds if name == "b" else 1) for name in "abcd"],
        doctrine=lt.Doctrine(preference=preference),
    )
    assert event_lines(raid(salvo(), layer("L", own), guns))[1] == f"0 firing s0 B 1 {fired}"


def test_max_salvos_counts_engagements_of_a_threat_by_a_battery() -> None:
    own = battery(doctrine=lt.Doctrine(max_salvos=2), count=2)
    told = event_lines(raid(salvo(), layer("L", own), gun(kills=NEVER_KILLS, flight_time=1.0)))
    assert [text.split(" 1 ")[0] for text in told if "firing" in text] == [
        "0 firing s0 B-1",
        "1 firing s0 B-2",  # which has one round more
        "2 firing s0 B-1",
        "3 firing s0 B-2",
    ]


def test_salvo_size_by_threat() -> None:
    own = battery(doctrine=lt.Doctrine(salvo_size={"t": 3}))
    told = event_lines(raid(salvo(), layer("L", own)))
    assert told[1] == "0 firing s0 B 3 gun"
    own = battery(doctrine=lt.Doctrine(salvo_size=4), rounds=3)
    assert event_lines(raid(salvo(), layer("L", own)))[1] == "0 firing s0 B 3 gun"


def test_who_is_wrongly_declared_killed_is_let_go_and_a_later_layer_sees_it_afresh() -> None:
    far = layer("far", battery("A", channels=5, false_kill=1.0), outer=2000.0)
    middle = layer("middle", battery("M"), outer=1800.0)
    near = layer("near", battery("N", magazines=[magazine("sure")]), outer=1000.0)
    guns = [gun(kills=NEVER_KILLS, flight_time=10.0), gun("sure")]
    assert event_lines(raid(salvo(), [far, middle, near], guns)) == [
        "0 opening s0 far available",
        "0 firing s0 A 1 gun",
        "2 opening s0 middle available",  # also released: its window opened before
        "10 assessment s0 A wrongly judged killed",
        "10 opening s0 near available",  # opens at the same time: the assessment comes first
        "10 firing s0 N 1 sure",
        "10 kill s0 N",
        "10 assessment s0 N judged killed",
    ]


def test_a_ghost_is_engaged_by_those_who_hold_it_and_no_later_layer_sees_it() -> None:
    far = layer(
        "far",
        battery("A", assessment_time=1.0, false_survival=1.0),
        outer=2000.0,
        inner_range=1000.0,
    )
    scenario = raid(salvo(), [far, layer("near", battery("N"))], gun(flight_time=4.0))
    assert event_lines(scenario) == [
        "0 opening s0 far available",
        "0 firing s0 A 1 gun",
        "4 kill s0 A",
        "5 assessment s0 A wrongly judged alive",
        "5 firing s0 A 1 gun",
        "10 assessment s0 A wrongly judged alive",
    ]
    result = one(scenario)
    assert result.killed.values.tolist() == [[1, 0]]
    assert result.expended.sel(battery="A").item() == 2


def test_reload_comes_when_the_magazine_is_empty_and_other_magazines_fire_meanwhile() -> None:
    own = battery(
        magazines=[
            magazine("a", 1, reloads=1, reload_rounds=2, reload_time=5.0),
            magazine("b", 1),
        ]
    )
    guns = [gun(name, kills=NEVER_KILLS, flight_time=2.0) for name in "ab"]
    scenario = raid(salvo(), layer("L", own), guns)
    assert event_lines(scenario) == [
        "0 opening s0 L available",
        "0 firing s0 B 1 a",
        "2 assessment s0 B judged alive",
        "2 firing s0 B 1 b",
        "4 assessment s0 B judged alive",
        "5 reload B 2 a",
        "5 firing s0 B 1 a",
        "7 assessment s0 B judged alive",
        "7 firing s0 B 1 a",
        "9 assessment s0 B judged alive",
        "10 leak s0 missed",
    ]
    result = one(scenario).isel(battery=0)
    assert result.depletion_time.values.tolist() == [7.0, 2.0]
    assert result.reloaded.values.tolist() == [2, 0]
    assert result.expended.values.tolist() == [3, 1]


# ---------------------------------------------------------------- 5. assignment


@pytest.mark.parametrize(
    ("order", "slow_priority", "second"),
    [("deadline", 0, "fast0"), ("arrival", 0, "slow0"), ("deadline", 1, "slow0")],
)
def test_the_best_threat_is_taken_when_a_channel_comes_free(
    order: Any,
    slow_priority: int,
    second: str,
) -> None:
    # fast: window 5 to 15; slow: 1 to 21; the channel is busy with the first from 0 to 6.
    threats = [
        lt.Threat(name="t", speed=100.0),
        lt.Threat(name="slow", speed=50.0, priority=slow_priority),
    ]
    salvos = [salvo("first"), salvo("slow", 1, 1.0, "slow"), salvo("fast", 1, 5.0)]
    own = battery(doctrine=lt.Doctrine(order=order))
    shots = gun(kills={"t": 1.0, "slow": 1.0}, flight_time=6.0)
    told = event_lines(raid(salvos, layer("L", own), shots, threats))
    assert [text for text in told if "firing" in text][:2] == [
        "0 firing first0 B 1 gun",
        f"6 firing {second} B 1 gun",
    ]


def test_equals_are_taken_in_salvo_order_then_in_order_of_arrival() -> None:
    salvos = [salvo("a", 2), salvo("b", 2)]
    told = event_lines(raid(salvos, layer("L", battery()), gun(flight_time=2.0)))
    fired = [text for text in told if "firing" in text]
    assert fired == [
        f"{2 * n} firing {who} B 1 gun" for n, who in enumerate(("a0", "a1", "b0", "b1"))
    ]


def test_most_ready_rounds_fire_first_then_the_order_of_listing() -> None:
    guns = [gun(), gun("unfit", kills=0.0)]
    many = battery("many", magazines=[magazine(rounds=1), magazine("unfit", 3)], channels=4)
    others = [battery("B", 3, channels=4), battery("C", 3, channels=4)]
    told = event_lines(raid(salvo(arrival=[0.0, 1.0, 2.0, 3.0]), layer("L", *others, many), guns))
    fired = [text.split()[3] for text in told if "firing" in text]
    # Rounds before each shot: (3, 3, 4), (3, 3, 3), (2, 3, 3), (2, 2, 3): the three rounds of
    # the last battery cannot kill, so the first of the other two fires.
    assert fired == ["many", "B", "C", "B"]


def test_outermost_layer_is_served_first() -> None:
    inner = layer("near", battery("N"), outer=1000.0)
    outer = layer("far", battery("A"), outer=2000.0)
    told = event_lines(raid(salvo(), [inner, outer], gun(kills=NEVER_KILLS, flight_time=6.0)))
    assert [text for text in told if "firing" in text] == [
        f"{tick} firing s0 A 1 gun" for tick in (0, 6, 12)
    ]


def test_a_channel_comes_free_before_a_window_opens() -> None:
    assert event_lines(
        raid(salvo(arrival=[0.0, 5.0]), layer("L", battery()), gun(flight_time=5.0))
    ) == [
        "0 opening s0 L available",
        "0 firing s0 B 1 gun",
        "5 kill s0 B",
        "5 assessment s0 B judged killed",
        "5 opening s1 L available",
        "5 firing s1 B 1 gun",
        "10 kill s1 B",
        "10 assessment s1 B judged killed",
    ]


def test_channels_of_several_batteries_that_come_free_together_are_taken_in_their_order() -> None:
    shots = gun(kills=NEVER_KILLS, flight_time=5.0)
    told = event_lines(raid(salvo(count=2), layer("L", battery(count=2)), shots))
    assert [text for text in told if "5 " in text[:2]] == [
        "5 assessment s0 B-1 judged alive",
        "5 firing s0 B-1 1 gun",
        "5 assessment s1 B-2 judged alive",
        "5 firing s1 B-2 1 gun",
    ]


# ---------------------------------------------------------------- 6. what is counted

BLIND = lt.Sensor(detection={"t": 0.0})
SCEPTICAL = lt.Sensor(false_dismissal=1.0)
DOWN = lt.Sensor(availability=0.0)
CAUSES: list[tuple[str, list[lt.Layer], dict[str, Any]]] = [
    ("missed", [layer("L", battery(channels=2))], {"kills": NEVER_KILLS, "flight_time": 3.0}),
    ("missed", [layer("L", battery(false_kill=1.0))], {"kills": NEVER_KILLS}),
    ("no_channel", [layer("L", battery())], {"flight_time": 10.0}),
    # One layer has no rounds left, another no channel: the first cause that applies.
    ("no_channel", [layer("K", battery("A", 0)), layer("L", battery())], {"flight_time": 10.0}),
    ("no_interceptors", [layer("L", battery(rounds=1))], {}),
    ("no_interceptors", [layer("L", battery(magazines=[magazine(rounds=3, reserved=2)]))], {}),
    # Its reload is too late.
    (
        "no_interceptors",
        [
            layer(
                "L",
                battery(magazines=[magazine(rounds=0, reloads=1, reload_rounds=9, reload_time=9)]),
            )
        ],
        {"flight_time": 2.0},
    ),
    (
        "no_interceptors",
        [layer("L", battery(rounds=1)), layer("N", battery("C"), outer=1.0)],
        {"flight_time": 1.0},
    ),
    ("too_short", [layer("L", battery())], {"flight_time": 10.1}),
    ("too_short", [layer("L", battery(rounds=0))], {"flight_time": 10.1}),
    (
        "too_short",
        [layer("L", battery()), layer("M", battery("A"), sensor=SCEPTICAL)],
        {"flight_time": 10.1},
    ),
    ("dismissed", [layer("L", battery(), sensor=SCEPTICAL)], {}),
    (
        "dismissed",
        [layer("L", battery(), sensor=SCEPTICAL), layer("M", battery("A"), sensor=BLIND)],
        {},
    ),
    ("undetected", [layer("L", battery(), sensor=BLIND)], {}),
    # A layer that cannot kill the threat does not count, whatever it detects.
    ("undetected", [layer("L", battery(), sensor=BLIND), layer("M")], {}),
    ("uncovered", [], {}),
    ("uncovered", [layer("L")], {}),
    ("uncovered", [layer("L", battery(count=0))], {}),
    ("uncovered", [layer("L", battery())], {"kills": 0.0}),
    ("uncovered", [layer("L", battery(magazines=[]))], {}),
    ("uncovered", [layer("L", battery(), sensor=DOWN)], {}),
    ("uncovered", [layer("L", battery(axes=["a"]))], {}),
]


@pytest.mark.parametrize(("cause", "layers", "shots"), CAUSES)
def test_the_cause_of_leaking(cause: str, layers: list[lt.Layer], shots: dict[str, Any]) -> None:
    scenario = raid([salvo(count=2), salvo("on another axis", 0, axis="a")], layers, gun(**shots))
    told = event_lines(scenario)
    assert told[-1].split()[1:] == ["leak", "s1", cause]
    assert one(scenario).leak_cause.sel(salvo="s", cause=cause).item() >= 1


def test_decoys_that_get_through_are_counted_as_leaked() -> None:
    result = one(raid(salvo(count=3), [], threats=[lt.Threat(name="t", speed=9.0, decoy=True)]))
    assert result.leaked.item() == 3
    assert result.decoy.item()


# ---------------------------------------------------------------- 7. randomness


def test_the_battery_knows_the_times_that_it_draws() -> None:
    # Flight times up to 30 s, windows of 10 s: only engagements that end in time are started.
    own = layer("L", battery(count=3, channels=200))
    scenario = raid(salvo(count=100), own, gun(flight_time=stats.uniform(0.0, 30.0)))
    table = lt.replay(scenario, replication=0, seed=1).to_dataframe()
    assert 0 < (table.event == "kill").sum() == (table.event == "firing").sum() < 100
    assert table[table.event == "kill"].time.max() <= 10.0
    assert set(table[table.event == "leak"].outcome) == {"too_short"}


@pytest.mark.parametrize("flipped", [False, True])
def test_of_a_simultaneous_raid_the_most_urgent_are_served_first(flipped: bool) -> None:
    salvos = [
        lt.Salvo(name="drones", threat="drone", count=6, arrival=lt.At(time=0.0)),
        lt.Salvo(name="missiles", threat="missile", count=2, arrival=lt.At(time=0.0)),
    ]
    scenario = lt.Scenario(
        name="simultaneous",
        threats=[
            lt.Threat(name="drone", speed=100.0),
            lt.Threat(name="missile", speed=100.0, priority=1),
        ],
        interceptors=[lt.Interceptor(name="gun", kill_probability={"drone": 1.0, "missile": 1.0})],
        salvos=salvos[::-1] if flipped else salvos,
        layers=[
            lt.Layer(
                name="L",
                outer_range=1e3,
                batteries=[
                    lt.Battery(
                        name="A",
                        channels=8,
                        assessment_time=1.0,
                        magazines=[lt.Magazine(interceptor="gun", rounds=3)],
                    )
                ],
            )
        ],
    )
    leaked = lt.simulate(scenario, replications=1, seed=0).leaked.sel(replication=0)
    assert leaked.sel(salvo="missiles") == 0
    assert leaked.sel(salvo="drones") == 5


def test_a_busy_time_stays_at_its_most_rather_than_overflow() -> None:
    shots = lt.Magazine(interceptor="gun", rounds=20_000)
    held = lt.Battery(name="A", channels=20_000, assessment_time=1e9, magazines=[shots])
    scenario = lt.Scenario(
        name="endless",
        threats=[lt.Threat(name="drone", speed=100.0)],
        interceptors=[lt.Interceptor(name="gun", kill_probability={"drone": 1.0})],
        salvos=[lt.Salvo(name="drones", threat="drone", count=9_300, arrival=lt.At(time=0.0))],
        layers=[lt.Layer(name="L", outer_range=1e3, batteries=[held])],
    )
    result = lt.simulate(scenario, replications=1, seed=0)
    assert float(result.busy_time.item()) == 2**62 / 1e6
