"""Depots and staying power, against exact models. Bands are 5 sigma."""

import numpy as np
import pytest
from scipy import stats
from simple_raids import assert_mean, battery, layer, scenario, spent

import leakthrough as lt
from leakthrough import exact


@pytest.mark.parametrize("magazines", [1, 3])
def test_a_depot_is_one_magazine_of_the_sum(magazines: int, offset: int) -> None:
    # Reloads of one round without delay, and channels for all: any battery may fire each round.
    # 15 rounds for 12 threats, one after another, with three looks each. Chi-square of all
    # leakers and rounds left that are expected 20 times, and of the others together.
    reload = {"reload_rounds": 1, "depot": "store"}
    posts = [
        battery(f"battery {n}", 1, assessment_time=1.0, magazine=reload) for n in range(magazines)
    ]
    given = scenario(
        *(12, lt.Regular(start=0.0, interval=9.0), layer(2.0, *posts)),
        kill=0.6,
        depots=[lt.Depot(name="store", interceptor="round", rounds=15 - magazines)],
    )
    result = lt.simulate(given, replications=20_000, seed=71 + offset)
    pmf = exact.finite_magazine(12, 15, 0.6, 3)
    counts = np.zeros(pmf.shape)
    np.add.at(counts, (result.leaked.sum("salvo").values, 15 - spent(result)), 1)
    expected = 20_000 * pmf.values
    often = expected >= 20.0
    assert counts[expected == 0.0].sum() == 0.0
    seen = [*counts[often], counts[~often].sum()]
    chances = [*expected[often], expected[~often].sum()]
    assert len(seen) >= 12
    assert stats.chisquare(seen, chances).pvalue > 2 * stats.norm.sf(5)


@pytest.mark.parametrize(("hits", "needed"), [(3, 1), (6, 3), (10, 6)])
def test_hits_that_destroy_a_battery(hits: int, needed: int, offset: int) -> None:
    # Threats that nothing stops aim at the battery, each effective with .5: it is lost with .88,
    # .66 or .38. 40,000 replications detect 4 % of it.
    post = battery(rounds=0, staying_power=needed)
    given = scenario(
        hits, lt.Regular(start=0.0, interval=1.0), layer(1.0, post), threat={"lethality": 0.5}
    )
    given = given.replace("salvos.raid.target", "battery")
    result = lt.simulate(given, replications=40_000, seed=72 + offset)
    lost = result.lost.sel(battery="battery").values
    assert_mean(lost, float(exact.destroyed_by(hits, 0.5, needed)), power=0.04)
