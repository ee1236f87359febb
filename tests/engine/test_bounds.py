"""Costs that a scenario or a call can set are refused before they are paid."""

import math
from typing import Any

import numpy as np
import pytest
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine import bounds, lower_parts
from leakthrough.engine.bounds import MOST_ENGAGEMENTS, MOST_OF_A_THREAT
from leakthrough.engine.lower_raid import lower
from leakthrough.model.distributions import Distribution


def scenario(
    rounds: float = 10**9, kills: Any = 1e-9, flight: Any = 0.0, **fields: Any
) -> lt.Scenario:
    """One threat in a window of ten seconds."""
    own = battery(magazines=[magazine(rounds=rounds)], **fields)
    return raid(salvo(), layer("L", own), gun(kills=kills, flight_time=flight))


@pytest.mark.parametrize(
    "given",
    [
        scenario(),
        scenario(flight=2e-7, reaction_time=4e-7),
        scenario(math.inf, flight=stats.lognorm(s=1.0, scale=1e-12)),
        scenario(math.inf, flight=stats.uniform(0.0, 1e-6)),
        scenario(kills=0.9, doctrine=lt.Doctrine(), false_survival=1.0),
        scenario(kills=stats.beta(9.0, 1.0)),
        raid(salvo(), layer("L", battery(magazines=[
            magazine(rounds=0, reloads=10**6, reload_rounds=10**6)
        ])), gun(kills=1e-9)),
    ],
)  # fmt: skip
def test_a_raid_without_end_is_refused(given: lt.Scenario) -> None:
    with pytest.raises(lt.ScenarioError, match=r"battery B: may begin .* engagements in a raid"):
        lower(given)


@pytest.mark.parametrize(
    "given",
    [
        scenario(MOST_ENGAGEMENTS),
        scenario(kills=0.5),
        scenario(doctrine=lt.Doctrine(max_salvos=1000)),
        scenario(math.inf, flight=0.001),
        scenario(math.inf, flight=stats.uniform(0.0, 0.002)),
        scenario(math.inf, kills=stats.beta(9.0, 1.0), reaction_time=5.0),
    ],
)
def test_large_numbers_that_end_are_allowed(given: lt.Scenario) -> None:
    lower(given)


def test_the_bound_is_near_the_number_of_engagements() -> None:
    given = scenario(math.inf, flight=0.01)
    wanted = bounds._engagements_wanted(lower(given), 0)
    result = lt.simulate(given, replications=20, seed=1)
    assert wanted == pytest.approx(float(result.engagements.mean()), rel=0.01)
    assert wanted < MOST_ENGAGEMENTS + MOST_OF_A_THREAT


def test_means_of_quantile_tables() -> None:
    for law in (stats.uniform(0.0, 3e-6), stats.gamma(3.0, scale=1e-3), stats.lognorm(0.5)):
        given = scenario(9, kills=0.5, flight=law)
        tables = lower(given)
        found = bounds._mean(tables.quantiles, int(tables.magazines["flight_table"][0]))
        assert found == pytest.approx(1e6 * float(law.mean()), rel=1e-3)


def test_the_number_of_distributions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lower_parts, "MOST_TABLES", 2)
    laws = [stats.uniform(0.0, 1.0 + n) for n in range(3)]
    same = scenario(flight=laws[0], reaction_time=laws[0], assessment_time=laws[1], rounds=9)
    lower(same)
    with pytest.raises(lt.ScenarioError, match="more than 2 different distributions"):
        lower(scenario(flight=laws[0], reaction_time=laws[2], assessment_time=laws[1], rounds=9))


def test_memory_is_known_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    given = scenario(5, flight=1.0)
    kept = lt.simulate(given, replications=1000, seed=1)
    needed = sum(kept[name].nbytes for name in kept if "replication" in kept[name].dims)
    monkeypatch.setattr(bounds, "_memory", lambda: needed - 1.0)
    with pytest.raises(ValueError, match=r'keeping 1,000 of them needs .* keep="summary"'):
        lt.simulate(given, replications=1000, seed=1)
    lt.simulate(given, replications=1000, seed=1, keep="summary")
    monkeypatch.setattr(bounds, "_memory", lambda: 2.0 * needed - 1.0)
    with pytest.warns(UserWarning, match=r"needs .* GB of memory, and this machine has"):
        lt.simulate(given, replications=1000, seed=1)
    monkeypatch.setattr(bounds, "_memory", lambda: 2.0 * needed)
    lt.simulate(given, replications=1000, seed=1)
    monkeypatch.setattr(bounds, "_memory", lambda: 1000.0)
    with pytest.raises(ValueError, match="a raid of 1 threats, in each thread, needs"):
        lt.simulate(given, replications=1, seed=1, keep="summary")


def test_distributions_whose_quantiles_take_long_are_refused() -> None:
    for law in (stats.studentized_range(3, 10), stats.ksone(5), stats.foldnorm(1.0)):
        with pytest.raises(lt.ScenarioError, match="SciPy takes too long for the quantiles of"):
            gun(flight_time=law)
    for quick in (stats.truncnorm(0.0, 1.0), stats.nct(14, 0.2), stats.gamma(2.0)):
        assert np.isfinite(Distribution.model_validate(quick).frozen().ppf(0.5))
