"""Channels, pools, launch intervals and the order in which batteries fire: each rule separately.

Both engines must agree (`event_lines` checks it), also on generated scenarios with all these rules.
``LEAKTHROUGH_EXAMPLES`` sets how many of them are generated.
"""

import os
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest
from campaigns import reference_raids
from engines import kernel_events, kernel_outcomes, reference_outcome
from event_lines import NEVER_KILLS, event_lines, one
from raids import INF, battery, gun, layer, magazine, raid, salvo
from ruled_scenarios import channel_holds, launch_intervals, selections, shared_channels
from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt
from leakthrough.reference.entities import Event
from leakthrough.reference.raid import Raid

EXAMPLES = int(os.environ.get("LEAKTHROUGH_EXAMPLES", "300"))
TIMELINE = (0.0, 30.0, 60.0, 100.5, 1000.0)


def firings(scenario: lt.Scenario) -> list[str]:
    """Times, threats and batteries of the shots."""
    told = (line.split() for line in event_lines(scenario))
    return [" ".join([words[0], *words[2:4]]) for words in told if words[1] == "firing"]


def times_of(scenario: lt.Scenario, event: str) -> list[float]:
    return [float(line.split()[0]) for line in event_lines(scenario) if f" {event} " in line]


# ---------------------------------------------------------------- until when a channel is held


def held(hold: str, count: int = 3, **fields: Any) -> lt.Scenario:
    """One channel, and engagements of 1 + 2 + 3 s of threats that come together for 10 s."""
    own = battery(channel_hold=hold, reaction_time=1.0, assessment_time=3.0, **fields)
    return raid(salvo(count=count), layer("L", own), gun(flight_time=2.0))


@pytest.mark.parametrize(
    ("hold", "shots", "busy"),
    [
        ("assessment", [0.0, 6.0], 12.0),
        ("intercept", [0.0, 3.0, 6.0], 9.0),
        ("launch", [0.0, 1.0, 2.0], 3.0),
    ],
)
def test_the_channel_returns_at_the_end_of_its_hold(
    hold: str, shots: list[float], busy: float
) -> None:
    scenario = held(hold)
    assert times_of(scenario, "firing") == shots
    assert one(scenario).busy_time.item() == busy
    releases = [] if hold == "assessment" else [at + busy / len(shots) for at in shots]
    assert times_of(scenario, "release") == releases
    assert times_of(scenario, "assessment") == [at + 6.0 for at in shots]


def test_a_threat_stays_under_engagement_to_the_assessment_whatever_holds_the_channel() -> None:
    own = battery(channel_hold="launch", reaction_time=1.0, assessment_time=3.0)
    scenario = raid(salvo(), layer("L", own, battery("C")), gun(kills=NEVER_KILLS, flight_time=2.0))
    shots = firings(scenario)
    assert shots[0] == "0 s0 B"
    assert shots[1] == "6 s0 C"  # B has one round less


def test_to_engage_a_threat_again_takes_a_free_channel_then() -> None:
    own = battery(channel_hold="intercept", assessment_time=1.0)
    late = [salvo(), salvo("u", arrival=4.5)]
    scenario = raid(late, layer("L", own), gun(kills=NEVER_KILLS, flight_time=4.0))
    told = event_lines(scenario)
    assert "5 assessment s0 B judged alive" in told
    assert firings(scenario) == ["0 s0 B", "4.5 u0 B", "9.5 u0 B"]  # no channel for s0 at 5


def test_a_channel_returns_before_an_assessment_at_the_same_tick() -> None:
    scenario = raid(salvo(), layer("L", battery(channel_hold="intercept")), gun(flight_time=2.0))
    assert event_lines(scenario)[2:] == [
        "2 release s0 B",
        "2 kill s0 B",
        "2 assessment s0 B judged killed",
    ]


def test_a_soft_kill_does_not_shorten_the_hold() -> None:
    far = layer("far", battery(channel_hold="intercept", assessment_time=9.0), outer=2000.0)
    near = layer("near", soft_kill={"t": 1.0})
    scenario = raid(salvo(count=2), [far, near], gun(flight_time=12.0))
    told = event_lines(scenario)
    assert "10 opening s0 near soft killed" in told
    assert "12 release s0 B" in told
    assert "21 assessment s0 B lost to soft kill" in told


def test_a_hold_of_no_time_is_a_channel_without_limit() -> None:
    scenario = raid(
        salvo(count=5), layer("L", battery(channel_hold="launch")), gun(flight_time=2.0)
    )
    assert times_of(scenario, "firing") == [0.0] * 5
    assert one(scenario).busy_time.item() == 0.0


# ---------------------------------------------------------------- pools


def pooled(count: int, *layers: lt.Layer, channels: int = 1, **fields: Any) -> lt.Scenario:
    """Engagements of 2 s, with channels of one pool."""
    pools = [lt.Pool(name="radar", channels=channels)]
    return raid(salvo(count=count, **fields), layers, gun(flight_time=2.0), pools=pools)


def test_a_pool_limits_the_engagements_of_all_its_batteries_together() -> None:
    own = battery(count=3, channels=2, pool="radar")
    scenario = pooled(5, layer("L", own), channels=2)
    # B-1 fires first; then B-2 and B-3 have more rounds.
    assert firings(scenario) == ["0 s0 B-1", "0 s1 B-2", "2 s2 B-3", "2 s3 B-1", "4 s4 B-2"]
    result = one(scenario)
    assert result.pool_peak.item() == 2
    assert result.pool_full_time.item() == 4.0
    assert result.busy_time.values.tolist() == [4.0, 4.0, 2.0]


def test_a_full_pool_is_no_channel() -> None:
    own = battery(count=2, pool="radar", assessment_time=20.0)
    result = one(pooled(2, layer("L", own)))
    assert result.leak_cause.sel(cause="no_channel").sum() == 1
    assert result.pool_full_time.item() == 22.0


def test_a_returned_channel_goes_to_the_outermost_battery_of_its_pool() -> None:
    far = layer("far", battery("A", pool="radar"), outer=1100.0)
    near = layer("near", battery("C", pool="radar"), outer=1000.0)
    late = [salvo(), salvo("u", arrival=1.5)]
    pools = [lt.Pool(name="radar", channels=1)]
    scenario = raid(late, [near, far], gun(flight_time=2.0), pools=pools)
    assert firings(scenario) == ["0 s0 A", "2 u0 A"]


def test_batteries_of_a_pool_and_others_may_both_fire_after_one_return() -> None:
    """The one that gets the channel takes a threat that waits, the other the one that is free."""
    pair = [battery("A", pool="radar", axes=["n"]), battery("C", pool="radar", axes=["n"])]
    other = battery("D", rounds=3, axes=["s"])
    salvos = [salvo(axis="n"), salvo("u", axis="n"), salvo("v", axis="s")]
    scenario = raid(
        salvos,
        layer("L", *pair, other),
        gun(flight_time=2.0, kills=NEVER_KILLS),
        pools=[lt.Pool(name="radar", channels=1)],
        axes=["n", "s"],
    )
    shots = firings(scenario)
    assert shots[:3] == ["0 s0 A", "0 v0 D", "2 s0 C"]
    assert Counter(line.split()[0] for line in shots if not line.endswith("D")) == Counter(
        ["0", "2", "4", "6", "8"]
    )


def test_a_lost_battery_returns_the_channel_of_its_pool() -> None:
    own = [
        battery("A", pool="radar", assessment_time=4.0, axes=["n"]),
        battery("C", pool="radar", axes=["s"]),
    ]
    scenario = raid(
        [salvo("h", target="A", axis="n"), salvo(arrival=9.5, axis="s")],
        layer("L", *own),
        gun(flight_time=2.0, kills=NEVER_KILLS),
        threats=[lt.Threat(name="t", speed=100.0, lethality=1.0)],
        pools=[lt.Pool(name="radar", channels=1)],
        axes=["n", "s"],
    )
    assert "10 loss h0 A" in event_lines(scenario)
    assert firings(scenario)[:3] == ["0 h0 A", "6 h0 A", "12 s0 C"]


def test_positions_of_a_layer_share_a_pool() -> None:
    own = lt.Layer(
        name="L",
        outer_range=1000.0,
        positions=[(0.0, 0.0), (5e3, 0.0)],
        batteries=[battery(pool="radar")],
    )
    salvos = [salvo("a", route=[(0.0, 1000.0)]), salvo("b", route=[(5e3, 1000.0), (5e3, 0.0)])]
    pools = [lt.Pool(name="radar", channels=1)]
    scenario = raid(salvos, own, gun(flight_time=2.0), pools=pools)
    assert firings(scenario) == ["0 a0 B@L-1", "2 b0 B@L-2"]


def test_pools_in_a_campaign_are_free_when_a_raid_begins() -> None:
    own = battery(count=2, pool="radar", assessment_time=50.0)
    campaign = lt.Campaign(name="c", scenario=pooled(2, layer("L", own)), raids=2, interval=20.0)
    result = lt.simulate_campaign(campaign, replications=1, seed=1)
    assert result.pool_full_time.values.tolist() == [[[52.0], [52.0]]]
    assert result.engagements.sum("battery").values.tolist() == [[1, 1]]
    assert [own["pool_full"] for own in reference_raids(campaign, 1, 0)] == [[52e6], [52e6]]


def test_results_have_pools_only_if_there_are_any() -> None:
    result = one(held("assessment"))
    assert not {"pool", "pool_peak", "pool_full_time"} & {*result.variables, *result.dims}
    assert len(lt.summary(lt.simulate(held("launch"), replications=3)).pools) == 0


def test_a_summary_and_tables_have_the_pools() -> None:
    scenario = pooled(5, layer("L", battery(count=3, channels=2, pool="radar")), channels=2)
    for keep in ("replications", "summary"):
        result = lt.simulate(scenario, replications=4, keep=keep)
        found = lt.summary(result)
        assert found.pools.full_time.sel(estimate="mean").item() == 4.0
        assert found.pools.peak.sel(estimate="high").item() == 2.0
        assert "radar         2               4" in str(found)
        assert found.tables()["pools"].pool.tolist() == ["radar"]
        assert {"full_time", "peak"} <= {
            name.split("_mean")[0] for name in lt.tidy(result)["pools"]
        }


# ---------------------------------------------------------------- which battery fires first


def chosen(selection: str, *batteries: lt.Battery, guns: Any = None, count: int = 1) -> list[str]:
    """Batteries of the shots at threats that come together."""
    own = layer("L", *batteries, selection=selection)
    scenario = raid(salvo(count=count), own, guns or gun(flight_time=2.0))
    return [line.split()[2] for line in firings(scenario)]


def test_most_rounds_and_listed() -> None:
    own = battery("A", rounds=3), battery("C", rounds=5)
    assert chosen("most_rounds", *own) == ["C"]
    assert chosen("listed", *own) == ["A"]


def test_least_loaded_is_by_share_and_evaluated_after_each_shot() -> None:
    own = battery("A", channels=2), battery("C", channels=3)
    # Shares before each shot: 0 0; 1/2 0; 1/2 1/3; 1/2 2/3; 1 2/3.
    assert chosen("least_loaded", *own, count=5) == ["A", "C", "C", "A", "C"]


def test_kill_probability_is_the_mean_of_the_magazine_that_would_be_used() -> None:
    guns = [
        gun("weak", stats.uniform(0.0, 0.8), flight_time=2.0),
        gun("fair", 0.5, flight_time=2.0),
        gun("slow", 0.9, flight_time=20.0),
    ]
    weak = battery("A", magazines=[magazine("weak")])
    fair = battery("C", magazines=[magazine("slow"), magazine("fair")])
    own = layer("L", weak, fair, selection="kill_probability")
    scenario = raid(salvo(), own, guns)
    for seed in range(9):  # in some of which the draw of the first is above .5
        _, events = reference_outcome(scenario, seed, 0)
        assert next(event.battery for event in events if event.event == "firing") == "C"
        assert kernel_events(scenario, seed, 0) == events


def test_of_equal_kill_probabilities_the_first_listed_fires() -> None:
    own = battery("A", rounds=1), battery("C", rounds=9)
    assert chosen("kill_probability", *own) == ["A"]


def test_kill_probability_is_that_at_the_intercept() -> None:
    """At 900 m the far gun is better, at 500 m the near one."""
    near = gun("near", lt.ByDistance(distance=[400.0, 900.0], probability=[0.9, 0.1]))
    far = gun("far", lt.ByDistance(distance=[400.0, 900.0], probability=[0.1, 0.9]))
    own = [battery(name, magazines=[magazine(name)]) for name in ("near", "far")]
    for reaction, best in ((1.0, "far"), (5.0, "near")):
        late = [one.model_copy(update={"reaction_time": reaction}) for one in own]
        scenario = raid(salvo(), layer("L", *late, selection="kill_probability"), [near, far])
        assert firings(scenario)[0] == f"0 s0 {best}"


# ---------------------------------------------------------------- launch intervals


def spaced(
    count: int = 1, interval: float = 3.0, size: int = 1, kills: float = 1.0, **fields: Any
) -> lt.Scenario:
    """A battery with ten channels, whose rounds fly for 2 s."""
    doctrine = lt.Doctrine(salvo_size=size)
    own = {"channels": 10, "launch_interval": interval, "doctrine": doctrine, **fields}
    return raid(salvo(count=count), layer("L", battery(**own)), gun(kills=kills, flight_time=2.0))


def test_launches_keep_the_interval_and_the_next_one_is_made_as_soon_as_it_is_allowed() -> None:
    assert times_of(spaced(count=5), "firing") == [0.0, 3.0, 6.0]  # at 9, too late to hit by 10
    assert times_of(spaced(count=2, reaction_time=4.0), "firing") == [0.0, 3.0]
    result = one(spaced(count=5))
    assert result.leak_cause.sel(cause="no_channel").item() == 2


def test_the_rounds_of_a_salvo_keep_the_interval_and_it_shrinks_until_it_fits() -> None:
    scenario = spaced(size=5, kills=NEVER_KILLS, assessment_time=1.0)
    told = event_lines(scenario)
    assert told[1] == "0 firing s0 B 3 gun"  # launched at 0, 3 and 6; the fourth would hit at 11
    assert "9 assessment s0 B judged alive" in told  # a second after the last intercept
    assert one(scenario).busy_time.item() == 9.0
    assert one(spaced(size=5, kills=NEVER_KILLS, channel_hold="launch")).busy_time.item() == 6.0
    assert one(spaced(size=5, kills=NEVER_KILLS, channel_hold="intercept")).busy_time.item() == 8.0


def test_a_threat_dies_at_the_intercept_of_the_round_that_kills() -> None:
    scenario = spaced(size=3, kills=0.5)
    deaths = Counter(
        float(time)
        for n in range(200)
        for time in lt.replay(scenario, replication=n, seed=1)
        .to_dataframe()
        .query("event == 'kill'")
        .time
    )
    assert {*deaths} == {2.0, 5.0, 8.0}
    # Shares of 1/2, 1/4 and 1/8 of 200; 4 sigma.
    for time, share in ((2.0, 0.5), (5.0, 0.25), (8.0, 0.125)):
        assert abs(deaths[time] - 200 * share) < 4 * (200 * share * (1 - share)) ** 0.5
    for n in range(5):
        assert kernel_events(scenario, 1, n) == reference_outcome(scenario, 1, n)[1]


def test_each_round_has_the_kill_probability_of_its_own_intercept() -> None:
    """It is certain within 500 m, and impossible beyond 600 m."""
    table = lt.ByDistance(distance=[500.0, 600.0], probability=[1.0, NEVER_KILLS])
    own = battery(launch_interval=2.0, doctrine=lt.Doctrine(salvo_size=4))
    scenario = raid(salvo(), layer("L", own), gun(kills=table, flight_time=1.0))
    told = event_lines(scenario)
    assert told[1] == "0 firing s0 B 4 gun"  # intercepts at 1, 3, 5 and 7 s: 900 to 300 m
    assert "5 kill s0 B" in told


def test_rounds_with_a_speed_meet_the_threat_where_it_then_is() -> None:
    own = battery(launch_interval=2.0, doctrine=lt.Doctrine(salvo_size=3))
    scenario = raid(salvo(), layer("L", own), gun(kills=NEVER_KILLS, speed=100.0))
    told = event_lines(scenario)
    assert told[1] == "0 firing s0 B 3 gun"
    # Launched at 0, 2 and 4 s: it meets a threat as fast as itself at 5, 6 and 7 s.
    assert "7 assessment s0 B judged alive" in told


def test_reactions_that_are_drawn_leave_gaps_that_others_use() -> None:
    """Launches are in any order, but never closer than the interval; each is in the events."""
    own = {"reaction_time": stats.uniform(0.0, 6.0), "assessment_time": 1.0}
    scenario = spaced(count=8, interval=1.5, size=2, kills=0.5, **own)
    early = 0
    for seed in range(20):
        played = Raid(scenario, seed, 0).run()
        made = played.batteries[0].launches
        assert len(made) > 3
        assert np.diff(sorted(made)).min() >= 1.5e6
        early += made != sorted(made)
        assert kernel_events(scenario, seed, 0) == played.events
    assert early >= 5


def test_a_launch_waits_for_the_interval_and_for_the_range() -> None:
    """It is fired within 500 m: from 5 s on, and 2 s after the launch at a threat before."""
    table = lt.ByDistance(distance=[499.0, 501.0], probability=[1.0, 0.0])
    own = battery(launch_interval=2.0, channels=9, doctrine=lt.Doctrine(fire_above=0.5))
    scenario = raid(salvo(count=2), layer("L", own), gun(kills=table))
    assert times_of(scenario, "firing") == [5.0, 7.0]


# ---------------------------------------------------------------- generated scenarios


CHANGES = channel_holds, launch_intervals, shared_channels, selections


def channelled(number: int) -> lt.Scenario:
    """A scenario with most of these rules."""
    pick, base = random.Random(f"channelled {number}"), any_scenario(number)  # noqa: S311
    fields = {**vars(base), "name": f"channelled {number}"}
    for change in CHANGES:
        if pick.random() < 0.7:
            change(pick, fields)
    return lt.Scenario(**fields)


def test_the_engines_agree_and_never_more_channels_are_in_use_than_there_are() -> None:
    seen: Counter[str] = Counter()
    for number in range(EXAMPLES):
        scenario = channelled(number)
        expected, events = reference_outcome(scenario, number, 0, TIMELINE)
        (found,) = kernel_outcomes(scenario, number, 0, TIMELINE)
        assert found == expected, number
        told = kernel_events(scenario, number, 0)
        assert told == events, number
        assert_channels_suffice(scenario, told)
        seen["releases"] += sum(event.event == "release" for event in told)
        seen["full pools"] += sum(full > 0 for full in found["pool_full"])
        seen["salvos"] += sum(event.event == "firing" and event.rounds > 1 for event in told)
    assert all(seen[name] > EXAMPLES / 10 for name in ("releases", "full pools", "salvos")), seen


def assert_channels_suffice(scenario: lt.Scenario, events: list[Event]) -> None:
    """Count the channels in use of each battery and pool, from the events alone."""
    specs = {name: own for layer in scenario.sites for own in layer.batteries for name in own.names}
    pools = {pool.name: pool.channels for pool in scenario.pools}
    used: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.event not in ("firing", "release", "assessment"):
            continue
        own = specs[event.battery]
        ends = "assessment" if own.channel_hold == "assessment" else "release"
        change = 1 if event.event == "firing" else -int(event.event == ends)
        used["battery", event.battery] += change
        assert 0 <= used["battery", event.battery] <= own.channels
        if own.pool is not None:
            used["pool", own.pool] += change
            assert 0 <= used["pool", own.pool] <= pools[own.pool]
    assert not any(used.values())


def test_six_channels_against_200_threats() -> None:
    """Held to the assessment about a hundred leak, held to the launch a few."""
    own: Any = {"channels": 6, "reaction_time": 8.0, "assessment_time": 4.0, "rounds": INF}
    arrival, leaked = lt.Uniform(start=0.0, stop=600.0), {}
    for hold in ("assessment", "intercept", "launch"):
        site = layer("L", battery(channel_hold=hold, **own), outer=12e3)
        shots = gun(kills=0.8, flight_time=20.0)
        scenario = raid(salvo(count=200, arrival=arrival), site, shots)
        leaked[hold] = float(lt.simulate(scenario, replications=20, seed=1).leaked.mean())
    assert 80 < leaked["assessment"] < 110
    assert 60 < leaked["intercept"] < leaked["assessment"] - 5
    assert leaked["launch"] < 10
