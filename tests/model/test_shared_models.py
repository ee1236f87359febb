"""Channels, pools, launch intervals and selections in models: fields, errors, files, findings."""

from typing import Any

import pytest
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt
from leakthrough.model.documents import from_document

RADAR = lt.Pool(name="radar", channels=4)


def shared(pools: tuple[lt.Pool, ...] = (RADAR,), selection: str = "listed", **own: Any) -> Any:
    """Two batteries with a pool."""
    fields = {"pool": "radar", "channels": 3, "reaction_time": 1.0, "assessment_time": 1.0, **own}
    site = layer("L", battery("A", **fields), battery("C", **fields), selection=selection)
    return raid(salvo(count=9), site, gun(flight_time=2.0), pools=pools)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            {"pool": "rader"},
            "layers.L.batteries.A.pool: 'rader' is not the name of a pool; did you mean 'radar'?",
        ),
        (
            {"channel_hold": "lunch"},
            "layers.L.batteries.A.channel_hold: must be 'assessment', 'intercept' or",
        ),
        ({"launch_interval": -1.0}, "layers.L.batteries.A.launch_interval: must be at least 0"),
        ({"launch_interval": 1e10}, "layers.L.batteries.A.launch_interval: must be at most"),
    ],
)
def test_errors_name_the_field(change: dict[str, Any], text: str) -> None:
    document = shared().document()
    document["layers"][0]["batteries"][0] |= change
    with pytest.raises(lt.ScenarioError) as caught:
        from_document(lt.Scenario, document)
    assert text in str(caught.value)
    assert len(str(caught.value).strip().splitlines()) <= 2


@pytest.mark.parametrize(
    ("pools", "text"),
    [
        ([{"name": "radar", "channels": 0}], "pools.radar.channels: must be at least 1"),
        ([{"name": "radar"}], "pools.radar.channels"),
        ([{"name": "radar", "channels": 1}] * 2, "pools: more than one is called 'radar'"),
        ([{"name": "radar", "chanels": 1, "channels": 1}], "pools.radar.chanels"),
    ],
)
def test_errors_of_pools(pools: list[dict[str, Any]], text: str) -> None:
    with pytest.raises(lt.ScenarioError) as caught:
        from_document(lt.Scenario, {**shared().document(), "pools": pools})
    assert text in str(caught.value)


def test_files_keep_the_fields() -> None:
    scenario = shared(selection="least_loaded", channel_hold="launch", launch_interval=2.5)
    assert from_document(lt.Scenario, scenario.document()) == scenario
    assert scenario.pools == (RADAR,)
    assert scenario.layers[0].batteries[1].pool == "radar"


def test_paths_lead_to_the_fields_and_a_sweep_takes_them() -> None:
    scenario = shared()
    for path, value in (
        ("pools.radar.channels", 7),
        ("layers.L.selection", "kill_probability"),
        ("layers.L.batteries.A.channel_hold", "launch"),
        ("layers.L.batteries.A.launch_interval", 2.0),
        ("layers.L.batteries.A.pool", None),
    ):
        assert scenario.replace(path, value) != scenario
    axes = {"pools.radar.channels": [1, 2, 6]}
    found = lt.sweep(scenario, axes, measures=["leakers"], replications=2, seed=1, progress=False)
    alone = [
        lt.simulate(scenario.replace("pools.radar.channels", n), replications=2, seed=1)
        for n in (1, 2, 6)
    ]
    leakers = [float(own.leaked.sum("salvo").mean()) for own in alone]
    assert found.leakers.sel(estimate="mean").values.ravel().tolist() == leakers
    assert leakers[0] > leakers[1] > leakers[2]


def test_the_display_shows_what_is_not_usual() -> None:
    usual = str(shared(pools=(), selection="most_rounds", pool=None))
    assert not {"pool", "pools", "held", "apart", "fires"} & {*usual.replace("\n", " ").split()}
    shown = str(shared(channel_hold="launch", launch_interval=2.5))
    assert "battery  salvo size  channel held to  reaction [s]" in shown
    assert "A        1           launch                      1               1" in shown
    assert "launches apart [s]" in shown
    assert "radar  A, C              4" in shown
    assert "the first rank in the list" in shown


@pytest.mark.parametrize(
    ("scenario", "place", "what"),
    [
        (
            shared(channel_hold="launch", reaction_time=0.0),
            "layers.L.batteries.A.channel_hold",
            "is launch, and a channel is held for 0 s",
        ),
        (
            shared(launch_interval=9.0, doctrine=lt.Doctrine(salvo_size=2), reaction_time=2.0),
            "",
            "",
        ),
        (
            shared(launch_interval=20.0, doctrine=lt.Doctrine(salvo_size=2)),
            "layers.L.batteries.A.launch_interval",
            "is 20 s, and t is in reach for 10 s",
        ),
        (shared(pools=(RADAR, lt.Pool(name="spare", channels=1))), "pools.spare", "no battery"),
        (
            shared(pools=(lt.Pool(name="radar", channels=6),)),
            "pools.radar.channels",
            "is 6, and all its batteries have 6 together",
        ),
        (
            raid(salvo(), layer("L", battery(assessment_time=1.0), selection="listed")),
            "layers.L.selection",
            "is listed, and it has no two batteries",
        ),
        (shared(), "", ""),
        (shared(channel_hold="launch", reaction_time=0.0, launch_interval=1.0), "", ""),
        (shared(channel_hold="intercept", reaction_time=0.0), "", ""),
    ],
)
def test_check_finds_what_makes_no_sense(scenario: lt.Scenario, place: str, what: str) -> None:
    found = lt.check(scenario)
    assert [own.place for own in found][:1] == ([place] if place else [])
    assert all(what in own.what for own in found[:1])
