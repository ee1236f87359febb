"""Tracks of a layer that can hold only so many threats, worked out by hand.

By default a threat flies at 100 m/s and a layer reaches from 1000 m to the target, so its window
is 10 s long.
"""

from typing import Any

import pytest
from event_lines import NEVER_KILLS, event_lines, one
from raids import battery, gun, layer, magazine, raid, salvo

import leakthrough as lt


def tracking(tracks: int | None, *batteries: lt.Battery, **fields: Any) -> lt.Layer:
    own = batteries or (battery(channels=9),)
    return layer("L", *own, sensor=lt.Sensor(tracks=tracks), **fields)


def shots(lines: list[str]) -> list[str]:
    return [line for line in lines if "firing" in line]


def test_a_threat_waits_for_a_track_until_another_is_killed() -> None:
    lines = event_lines(raid(salvo(count=2), tracking(1), gun(flight_time=4.0)))
    assert lines == [
        "0 opening s0 L available",
        "0 firing s0 B 1 gun",
        "0 opening s1 L waiting",
        "4 kill s0 B",
        "4 assessment s0 B judged killed",
        "4 track s1 L",
        "4 firing s1 B 1 gun",
        "8 kill s1 B",
        "8 assessment s1 B judged killed",
    ]


def test_without_a_limit_nobody_waits() -> None:
    lines = event_lines(raid(salvo(count=2), tracking(None), gun(flight_time=4.0)))
    assert shots(lines) == ["0 firing s0 B 1 gun", "0 firing s1 B 1 gun"]


def test_a_threat_that_never_gets_a_track_in_time() -> None:
    """The first is engaged to 6 s, so there are only 4 s for the second."""
    scenario = raid(salvo(count=2), tracking(1), gun(flight_time=6.0))
    assert event_lines(scenario)[-1] == "10 leak s1 no_track"
    found = one(scenario)
    assert found.leak_cause.sel(cause="no_track").item() == 1
    assert found.tracks_peak.item() == 1
    assert found.tracks_full_time.item() == 6.0


def test_a_track_ends_when_nothing_fits_in_time_any_more() -> None:
    """A miss at 0 s and 4 s; from 6 s on, no engagement of 4 s fits."""
    weapon = gun(kills=NEVER_KILLS, flight_time=4.0)
    arrivals = [0.0, 5.0]
    lines = event_lines(raid(salvo(arrival=arrivals), tracking(1), weapon))
    assert "8 track s1 L" in lines  # at the second assessment: 2 s are left
    assert [line.split()[0] for line in shots(lines)] == ["0", "4", "8"]


def test_a_track_ends_when_the_window_does() -> None:
    """Assessed at 14 s, but the window closes at 10 s."""
    own = battery(channels=9, assessment_time=9.0)
    lines = event_lines(raid(salvo(arrival=[0.0, 5.0]), tracking(1, own), gun(flight_time=5.0)))
    assert "10 track s1 L" in lines
    assert shots(lines)[-1] == "10 firing s1 B 1 gun"


def test_a_track_that_is_free_at_an_opening_serves_it() -> None:
    lines = event_lines(raid(salvo(arrival=[0.0, 4.0]), tracking(1), gun(flight_time=4.0)))
    assert "4 opening s1 L available" in lines


def test_what_cannot_be_engaged_in_time_takes_no_track() -> None:
    """Of both threats, only the slow one leaves enough time."""
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="fast", speed=500.0)]
    weapon = gun(kills={"t": 1.0, "fast": 1.0}, flight_time=4.0)
    raids = [salvo("f", 1, 0.0, "fast"), salvo("s", 1, 0.0)]
    lines = event_lines(raid(raids, tracking(1), weapon, threats))
    assert "0 opening s0 L available" in lines
    assert "2 leak f0 too_short" in lines


def test_a_track_goes_to_the_highest_priority_and_then_to_the_earliest_close() -> None:
    threats = [
        lt.Threat(name="t", speed=100.0),
        lt.Threat(name="slow", speed=50.0),
        lt.Threat(name="high", speed=50.0, priority=1),
    ]
    weapon = gun(kills=dict.fromkeys(("t", "slow", "high"), 1.0), flight_time=2.0)
    raids = [
        salvo("first", 1, 0.0),
        salvo("slow", 1, 1.0, "slow"),
        salvo("t", 1, 1.0),
        salvo("high", 1, 1.0, "high"),
    ]
    lines = event_lines(raid(raids, tracking(1), weapon, threats))
    assert [line for line in lines if "track" in line] == [
        "2 track high0 L",
        "4 track t0 L",
        "6 track slow0 L",
    ]


def test_the_dead_get_no_track() -> None:
    """Battery A kills the second threat at 3 s, while it waits, and will know it at 8 s."""
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="u", speed=100.0)]
    guns = [
        gun("all", {"t": 1.0, "u": 1.0}, flight_time=4.0),
        gun("u", {"u": 1.0}, flight_time=3.0),
    ]
    far = battery("A", magazines=[magazine("u")], assessment_time=5.0)
    near = tracking(1, battery(magazines=[magazine("all")], channels=9))
    raids = [salvo(), salvo("w", 1, 0.0, "u")]
    lines = event_lines(raid(raids, [near, layer("far", far)], guns, threats))
    assert "0 opening w0 L waiting" in lines
    assert not [line for line in lines if "track" in line]


def test_a_ghost_keeps_its_track() -> None:
    """The first is dead at 2 s and never judged so; the second never gets the track."""
    own = battery(channels=9, false_survival=1.0)
    lines = event_lines(raid(salvo(count=2), tracking(1, own), gun(flight_time=2.0)))
    assert [line.split()[0] for line in shots(lines)] == ["0", "2", "4", "6", "8"]
    assert lines[-1] == "10 leak s1 no_track"


def test_soft_kill_and_other_commands_end_tracks() -> None:
    far = layer("far", outer=500.0, soft_kill={"t": 1.0})
    own = battery(channels=9, doctrine=lt.Doctrine(max_salvos=2))
    weapon = gun(kills=NEVER_KILLS, flight_time=4.0)
    lines = event_lines(raid(salvo(arrival=[0.0, 3.0]), [tracking(1, own), far], weapon))
    assert "5 track s1 L" in lines  # s0 is soft killed during its second engagement
    killer = layer("K", battery("K B", magazines=[magazine("sure")], rounds=1), command="other")
    guns = [weapon, gun("sure", flight_time=3.0)]
    no_rounds = battery(rounds=0, channels=9)
    lines = event_lines(raid(salvo(count=2), [killer, tracking(1, no_rounds)], guns))
    assert "3 track s1 L" in lines


def test_a_lost_battery_needs_no_tracks() -> None:
    """A missile destroys the only battery at 4 s; from then on nobody has a track."""
    missile = lt.Threat(name="missile", speed=250.0)
    raids = [salvo("m", 1, 0.0, "missile", target="B"), salvo(count=2)]
    own = battery(rounds=0)
    scenario = raid(raids, tracking(1, own), threats=[lt.Threat(name="t", speed=100.0), missile])
    found = one(scenario)
    assert found.lost.item() == 1
    assert found.tracks_full_time.item() == pytest.approx(4.0)


def test_a_limit_of_engagements_ends_tracks_of_other_layers() -> None:
    """While the outer layer engages s0 for the only time, the inner one needs no track of it."""
    threat = lt.Threat(name="t", speed=100.0, max_engagements=1)
    outer = layer("far", battery("A"), outer=1500.0)
    weapon = gun(kills=NEVER_KILLS, flight_time=7.0)
    lines = event_lines(raid(salvo(count=2), [outer, tracking(1)], weapon, [threat]))
    assert shots(lines) == ["0 firing s0 A 1 gun", "5 firing s1 B 1 gun"]


def test_each_site_has_its_own_tracks_and_passes_are_seen_afresh() -> None:
    own = lt.Layer(
        name="L",
        outer_range=1000.0,
        positions=[(0.0, 0.0), (5000.0, 0.0)],
        sensor=lt.Sensor(tracks=1),
        batteries=[battery(channels=9)],
    )
    path = [(5000.0, 1000.0), (5000.0, -2000.0), (0.0, -2000.0)]
    scenario = raid(salvo(count=2, route=path), own, gun(kills=NEVER_KILLS, flight_time=8.0))
    found = one(scenario)
    assert found.tracks_peak.values.tolist() == [1, 1]
    lines = event_lines(scenario)
    assert sum("waiting" in line for line in lines) == 2
