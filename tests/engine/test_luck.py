"""Luck that threats keep: common to all detections of a threat, or to all rounds fired at it.

Shares are compared with exact ones at 5 standard errors, over 400,000 threats: a false alarm has a
probability of 6e-7 in each, and a correlation that is off by .01 is found for certain.
"""

import math
from typing import Any

import numpy as np
import pytest
from engines import kernel_outcomes, reference_outcome
from raids import battery, gun, layer, magazine, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt
from leakthrough.model.errors import ScenarioError

SIGMA, THREATS, REPLICATIONS = 5.0, 1000, 400
Places = list[lt.Layer]


def share(leaked: Any) -> float:
    """Share of leakers."""
    return float(leaked.leaked.values.mean()) / THREATS


def simulated(layers: Places, guns: list[lt.Interceptor], offset: int, **kept: float) -> Any:
    threats = [lt.Threat(name="t", speed=100.0, **kept)]
    scenario = raid(salvo(count=THREATS), layers, guns, threats)
    return lt.simulate(scenario, replications=REPLICATIONS, seed=1 + offset)


def assert_leak(found: Any, exact: float) -> None:
    error = math.sqrt(exact * (1 - exact) / (THREATS * REPLICATIONS))
    assert abs(share(found) - exact) < SIGMA * error


def one_shot(size: int, name: str = "B", weapon: str = "gun") -> lt.Battery:
    doctrine = lt.Doctrine(salvo_size=size, max_salvos=1)
    return battery(name, magazines=[magazine(weapon)], channels=THREATS, doctrine=doctrine)


TWICE: dict[str, Places] = {
    "one salvo": [layer("L", one_shot(2))],
    "two batteries": [layer("L", one_shot(1), one_shot(1, "C"))],
    "two layers": [layer("L", one_shot(1)), layer("M", one_shot(1, "C"), outer=500.0)],
}


@pytest.mark.parametrize("places", TWICE)
@pytest.mark.parametrize(("common", "exact"), [(0, 0.04), (0.1, 0.056), (0.3, 0.088), (0.5, 0.12)])
def test_two_rounds(places: str, common: float, exact: float, offset: int) -> None:
    found = simulated(TWICE[places], [gun(kills=0.8)], offset, common_kill=common)
    assert_leak(found, exact)


@pytest.mark.parametrize("common", [0.0, 0.4, 1.0])
def test_rounds_of_different_probabilities(common: float, offset: int) -> None:
    """The mixture: as one shot with the larger probability, or as independent ones."""
    layers = [layer("L", one_shot(3)), layer("M", one_shot(1, "C", "sam"), outer=500.0)]
    guns = [gun(kills=0.3), gun("sam", kills=0.6)]
    found = simulated(layers, guns, offset, common_kill=common)
    assert_leak(found, common * 0.4 + (1 - common) * 0.7**3 * 0.4)


@pytest.mark.parametrize(("common", "exact"), [(0.0, 0.008), (0.5, 0.104), (1.0, 0.2)])
def test_three_layers_that_detect(common: float, exact: float, offset: int) -> None:
    seen = lt.Sensor(detection={"t": 0.8})
    names = ("A", "B", "C")
    layers = [layer(name, one_shot(1, name.lower()), sensor=seen) for name in names]
    found = simulated(layers, [gun()], offset, common_detection=common)
    assert_leak(found, exact)
    assert_leak_cause(found)


def assert_leak_cause(found: Any) -> None:
    assert float(found.leak_cause.sel(cause="undetected").sum()) == float(found.leaked.sum())


@pytest.mark.parametrize("common", [0.0, 0.6])
def test_soft_kill_and_discrimination_stay_independent(common: float, offset: int) -> None:
    sensor = lt.Sensor(detection={"t": 0.7}, false_dismissal=0.2)
    soft = {"t": 0.1}
    layers = [
        layer("L", one_shot(1), sensor=sensor, soft_kill=soft),
        layer("M", one_shot(1, "C"), sensor=sensor, soft_kill=soft, outer=500.0),
    ]
    found = simulated(layers, [gun()], offset, common_detection=common, common_kill=common)
    once, twice = 0.9 * (1 - 0.7 * 0.8), 0.9**2 * (1 - 0.7 * 0.8) ** 2
    alike = 0.9**2 * (0.3 + 0.7 * 0.2**2)
    assert once**2 == pytest.approx(twice)
    assert_leak(found, common * alike + (1 - common) * twice)


def test_a_threat_that_keeps_its_luck_is_hit_at_once_or_never() -> None:
    own = battery("B", channels=50, assessment_time=1.0)
    threats = [lt.Threat(name="t", speed=100.0, common_kill=1.0)]
    scenario = raid(salvo(count=50), layer("L", own), gun(kills=0.5), threats)
    found = lt.simulate(scenario, replications=200, seed=3)
    missed = found.leaked.values.sum()
    assert 0.45 < missed / (50 * 200) < 0.55
    assert (found.leaked.values[:, 0] == (found.expended.values.sum((1, 2)) - 50) / 10).all()


def test_only_the_first_decision_is_counted() -> None:
    threats = [lt.Threat(name="t", speed=100.0, common_kill=1.0, common_detection=0.5)]
    layers = [
        layer("L", one_shot(3), sensor=lt.Sensor(detection={"t": 0.5})),
        layer("M", one_shot(3, "C"), sensor=lt.Sensor(detection={"t": 0.5}), outer=500.0),
    ]
    scenario = raid(salvo(count=20), layers, gun(kills=0.25), threats)
    found = lt.simulate(scenario, replications=50, seed=1)
    names = ["kill.gun.t", "common detection.t", "detection.L.t", "detection.M.t"]
    assert found["decision"].values.tolist() == names
    rounds = found.expected.sel(decision="kill.gun.t").values / 0.25
    assert (rounds <= 20).all()
    engaged = 20 - found.leak_cause.sel(cause="undetected").values.sum(axis=1)
    np.testing.assert_array_equal(rounds, engaged)
    kept = found.occurred.sel(decision="common detection.t").values
    np.testing.assert_array_equal(found.expected.sel(decision="common detection.t"), 10.0)
    first, second = (found.expected.sel(decision=f"detection.{name}.t").values for name in "LM")
    np.testing.assert_array_equal(first, 10.0)
    killed = found.killed.sel(layer="L").values.sum(axis=1)
    assert (second <= (20 - kept) / 2).all()
    assert (second >= (20 - kept - killed) / 2).all()


@pytest.mark.parametrize("number", range(60))
def test_the_engines_agree(number: int) -> None:
    scenario = ruled_scenario(number, "luck")
    expected, _ = reference_outcome(scenario, number, 0)
    assert kernel_outcomes(scenario, number, 0) == [expected]


def test_without_luck_there_are_no_records() -> None:
    plain = any_scenario(4)
    threats = [
        lt.Threat(**{**vars(own), "common_detection": 0.0, "common_kill": 0.0})
        for own in plain.threats
    ]
    same = lt.Scenario(**{**vars(plain), "threats": threats})
    one, other = (lt.simulate(own, replications=20, seed=1) for own in (plain, same))
    assert one.equals(other)
    (found,) = kernel_outcomes(plain, 1, 0)
    assert found["kill_luck_drawn"] == found["detection_known"] == []


# ---------------------------------------------------------------- what is refused, or said


def test_bounds_and_paths() -> None:
    scenario = any_scenario(3)
    path = f"threats.{scenario.threats[0].name}.common_kill"
    assert scenario.replace(path, 0.25).threats[0].common_kill == 0.25
    with pytest.raises(ScenarioError, match=r"common_kill"):
        scenario.replace(path, 1.5)
    with pytest.raises(ScenarioError, match=r"common_detection"):
        lt.Threat(name="t", speed=1.0, common_detection=stats.beta(2, 2))


@pytest.mark.parametrize("field", ["common_kill", "common_detection"])
def test_what_has_no_likelihood_ratio_is_refused(field: str) -> None:
    threats = [lt.Threat(name="t", speed=100.0, **{field: 0.5})]
    sensor = lt.Sensor(detection={"t": 0.5})
    scenario = raid(salvo(count=9), layer("L", one_shot(1), sensor=sensor), gun(kills=0.5), threats)
    with pytest.raises(ValueError, match=rf"threats\.t\.{field}: must be 0 .* got 0\.5"):
        lt.rare(scenario, "leakers", at_least=9, replications=10_000, seed=1)
    if field == "common_kill":
        with pytest.raises(ValueError, match=r"threats\.t\.common_kill: must be 0 for a gradient"):
            lt.kill_probability_gradient(scenario, "leakers", replications=100, seed=1)


def test_luck_without_effect_is_found() -> None:
    threats = [lt.Threat(name="t", speed=100.0, common_kill=0.5, common_detection=0.25)]
    certain = raid(salvo(count=9), layer("L", one_shot(1)), gun(kills=1.0), threats)
    places = [finding.place for finding in lt.check(certain)]
    assert places == ["threats.t.common_kill", "threats.t.common_detection"]
    sensor = lt.Sensor(detection={"t": 0.5})
    random = raid(salvo(count=9), layer("L", one_shot(1), sensor=sensor), gun(kills=0.5), threats)
    assert lt.check(random) == []


def test_the_display_shows_luck_where_there_is_some() -> None:
    threats = [lt.Threat(name="t", speed=100.0, common_kill=0.5)]
    shown = str(raid(salvo(), layer("L", one_shot(1)), gun(), threats))
    assert "common kill" in shown
    assert "common detection" not in shown
