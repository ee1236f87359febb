"""Paths into campaigns: natural names of stocks and resupply, indices of raids, and errors."""

from typing import Any

import pytest
from raids import battery, gun, layer, magazine, raid, salvo

import leakthrough as lt

WAVE = salvo("wave", 5)
CAMPAIGN = lt.Campaign(
    name="week",
    scenario=raid(
        WAVE,
        layer(
            "ring",
            battery("site", magazines=[magazine("gun", 9), magazine("missile", 4)]),
            battery("post", 7),
        ),
        [gun(), gun("missile", 0.5)],
        depots=[lt.Depot(name="store", interceptor="gun", rounds=3)],
    ),
    raids=[[WAVE], [WAVE, salvo("second", 3)]],
    interval=1000.0,
    resupply=[
        lt.Resupply(battery="site", interceptor="gun", rounds=2),
        lt.Resupply(battery="site", interceptor="missile", rounds=3),
        lt.Resupply(battery="post", interceptor="gun", rounds=4),
        lt.Resupply(depot="store", rounds=5),
    ],
    stocks=[
        lt.Stock(
            interceptor="missile",
            rounds=30,
            rate=0.1,
            deliveries=[lt.Delivery(time=0.0, rounds=1), lt.Delivery(time=5.0, rounds=2)],
        )
    ],
)


@pytest.mark.parametrize(
    ("path", "before", "value"),
    [
        ("scenario.layers.ring.batteries.site.channels", 1, 3),
        ("scenario.interceptors.missile.kill_probability.t", 0.5, 0.25),
        ("stocks.missile.rate", 0.1, 0.2),
        ("stocks.missile.deliveries.1.rounds", 2, 7),
        ("resupply.site/gun.rounds", 2, 1),
        ("resupply.site/missile.rounds", 3, 1),
        ("resupply.post.rounds", 4, 1),
        ("resupply.store.rounds", 5, 1),
        ("raids.1.second.count", 3, 8),
        ("interval", 1000.0, 500.0),
        ("replacement_time", None, 10.0),
        ("shortage", "proportion", "order"),
    ],
)
def test_a_path_leads_to_one_value_and_nothing_else_changes(
    path: str, before: Any, value: Any
) -> None:
    from leakthrough.model.paths import value_at

    assert value_at(CAMPAIGN, path) == before
    changed = CAMPAIGN.replace(path, value)
    assert isinstance(changed, lt.Campaign)
    assert value_at(changed, path) == value
    assert changed != CAMPAIGN
    assert changed.replace(path, before) == CAMPAIGN


def test_the_number_of_raids_can_change() -> None:
    campaign = lt.Campaign(name="week", scenario=CAMPAIGN.scenario, raids=7, interval=10.0)
    assert campaign.replace("raids", 9).raid_count == 9


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("stocks.misile.rate", 0.1, "^stocks: nothing there is called 'misile'.* mean 'missile'"),
        ("intervall", 1.0, "^the campaign: nothing there is called 'intervall'.* 'interval'"),
        ("resupply.site.rounds", 1, "^resupply: .*it has 'site/gun', 'site/missile', 'post'"),
        ("raids.2.wave.count", 1, "^raids: nothing there is called '2'; it has '0', '1'"),
        ("stocks.missile.rate", -1.0, "stocks.missile.rate: must be at least 0"),
        ("stocks.missile.interceptor", "none", "stocks.*none"),
        ("scenario.layers.ring.batteries.site.name", "other", "'site' is not the name of a batt"),
        ("interval", 1e12, "interval: must be at most"),
        (3, 1, "a path must be text"),
    ],
)
def test_refusals(path: Any, value: Any, said: str) -> None:
    with pytest.raises(lt.ScenarioError, match=said):
        CAMPAIGN.replace(path, value)
