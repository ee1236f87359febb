"""Hits and damage of assets whose leakers are binomial: closed forms.

Bands are 5 sigma: a correct simulator fails one such comparison in 1.7 million.
"""

import math

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from scipy import special
from stars import LEAK, LETHALITY, star

import leakthrough as lt

SIGMAS, REPLICATIONS = 5.0, 40_000
COUNTS = {"one": 3, "three": 8, "five": 12}
HARD = lt.Asset(name="three", position=(0.0, 0.0), value=2.5, aim_points=3, hardness=0.25)
SPARED = {
    "one": LEAK * LETHALITY,
    "three": LEAK * LETHALITY * 0.75 / 3,
    "five": LEAK * LETHALITY / 5,
}
"""Probability that one threat destroys a given aim point."""
POINTS = {"one": 1, "three": 3, "five": 5}


def assert_mean(found: npt.ArrayLike, expected: float) -> None:
    values = np.asarray(found, np.float64)
    error = values.std(ddof=1) / math.sqrt(len(values))
    assert abs(values.mean() - expected) <= SIGMAS * error + 1e-11


@pytest.fixture(scope="module")
def result(offset: int) -> xr.Dataset:
    scenario = star(COUNTS, {"three": HARD})
    return lt.simulate(scenario, replications=REPLICATIONS, seed=71 + offset)


@pytest.mark.parametrize("name", COUNTS)
def test_of_one_asset(name: str, result: xr.Dataset) -> None:
    """Detects an error of 1 % in the mean damage of each asset, and of 0.012 in a probability."""
    own, count, points = result.sel(asset=name), COUNTS[name], POINTS[name]
    damage = 1.0 - (1.0 - SPARED[name]) ** count
    assert_mean(own.hits, LEAK * count)
    assert_mean(own.hits == 0, (1.0 - LEAK) ** count)
    assert_mean(own.damage, damage)
    assert_mean(own.value_lost, float(own.asset_value) * damage)
    assert_mean(own.destroyed, points * damage)
    down = sum(
        (-1.0) ** n * special.comb(points, n) * (1.0 - n * SPARED[name]) ** count
        for n in range(points + 1)
    )
    assert_mean(own.destroyed == points, float(down))


@pytest.mark.parametrize("name", COUNTS)
def test_damage_is_expected_given_the_hits(name: str, result: xr.Dataset) -> None:
    """What is destroyed has the mean of the damage for each number of hits."""
    own, points = result.sel(asset=name), POINTS[name]
    assert_mean(own.destroyed - points * own.damage, 0.0)
    for hits in np.unique(own.hits.values):
        some = own.isel(replication=own.hits.values == hits)
        if some.sizes["replication"] >= 500 and some.destroyed.values.std() > 0:
            assert_mean(some.destroyed - points * some.damage, 0.0)
    assert float(own.damage.std()) < 0.85 * float((own.destroyed / points).std())


def test_two_salvos_at_one_asset(offset: int) -> None:
    base = star({"plant": 4})
    other = lt.Salvo(**{**vars(base.salvos[0]), "name": "more", "count": 3})
    heavy = lt.Threat(name="heavy", speed=90.0, lethality=0.3)
    scenario = base.replace("threats", [*base.threats, heavy])
    scenario = scenario.replace("salvos", [*base.salvos, other]).replace(
        "salvos.more.threat", "heavy"
    )
    own = lt.simulate(scenario, replications=REPLICATIONS, seed=72 + offset).isel(asset=0)
    spared = (1.0 - LEAK * LETHALITY) ** 4 * (1.0 - 0.3) ** 3  # nothing kills the heavy ones
    assert_mean(own.damage, 1.0 - spared)
    assert_mean(own.destroyed, 1.0 - spared)
    assert_mean(own.hits, 4 * LEAK + 3)


def test_what_is_down_loses_nothing_more(offset: int) -> None:
    """After k raids without repair, the share that is left is (1 - x)^(k N)."""
    campaign = lt.Campaign(
        name="weeks", scenario=star(COUNTS, {"three": HARD}), raids=3, interval=86_400.0
    )
    result = lt.simulate_campaign(campaign, replications=20_000, seed=73 + offset)
    for name, count in COUNTS.items():
        for raid in (1, 2, 3):
            own = result.sel(asset=name, raid=raid)
            before, after = ((1.0 - SPARED[name]) ** (count * n) for n in (raid - 1, raid))
            assert_mean(own.damage, 1.0 - (1.0 - SPARED[name]) ** count)
            assert_mean(own.value_lost, float(own.asset_value) * (before - after))
            assert_mean(own.destroyed, POINTS[name] * (before - after))
            assert_mean(own.down, POINTS[name] * (1.0 - before))
