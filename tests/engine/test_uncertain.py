"""Probabilities that are distributions: drawn once a replication, in both engines alike.

Moments are compared with exact ones at 5 standard errors; a draw for each threat, site or raid
instead of one a replication changes the variances several times.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from campaigns import campaign, kernel_raids, reference_raids
from engines import kernel_events, kernel_outcomes, reference_outcome
from raids import battery, gun, layer, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats

import leakthrough as lt
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.possible import hit, possible
from leakthrough.model.errors import ScenarioError

SIGMA, REPLICATIONS, THREATS = 5.0, 20_000, 40
LAW = stats.beta(4.0, 2.0)
MEAN, SQUARE = float(LAW.mean()), float(LAW.var() + LAW.mean() ** 2)


def armed(name: str = "B", **fields: Any) -> lt.Battery:
    doctrine = lt.Doctrine(max_salvos=1)
    return battery(name, channels=THREATS, doctrine=doctrine, **fields)


def seen(**sensor: Any) -> lt.Scenario:
    return raid(salvo(count=THREATS), layer("L", armed(), sensor=lt.Sensor(**sensor)))


def scenarios() -> dict[str, tuple[lt.Scenario, bool]]:
    """A scenario whose leakers are binomial with an uncertain p, and whether they leak with it."""
    soft = raid(salvo(count=THREATS), layer("L", soft_kill={"t": LAW}), [])
    decoys = [lt.Threat(name="t", speed=100.0, decoy=True)]
    ignored = layer("L", armed(), sensor=lt.Sensor(decoy_recognition=LAW))
    threats = raid(salvo(count=THREATS), ignored, threats=decoys)
    return {
        "detection": (seen(detection={"t": LAW}), False),
        "false dismissal": (seen(false_dismissal=LAW), True),
        "soft kill": (soft, False),
        "decoy recognition": (threats, True),
    }


@pytest.mark.parametrize("name", scenarios())
def test_one_draw_for_all_threats_of_a_replication(name: str, offset: int) -> None:
    scenario, leaks = scenarios()[name]
    found = lt.simulate(scenario, replications=REPLICATIONS, seed=1 + offset)
    number = found.leaked.values[:, 0] if leaks else THREATS - found.leaked.values[:, 0]
    exact = stats.betabinom(THREATS, 4.0, 2.0)
    assert abs(number.mean() - exact.mean()) < SIGMA * exact.std() / REPLICATIONS**0.5
    error = ((number - exact.mean()) ** 2).std() / REPLICATIONS**0.5
    assert abs(number.var() - exact.var()) < SIGMA * error


def test_availability_is_drawn_and_then_the_layer(offset: int) -> None:
    found = lt.simulate(seen(availability=LAW), replications=REPLICATIONS, seed=1 + offset)
    up = (found.leaked.values[:, 0] == 0).mean()
    assert set(np.unique(found.leaked.values)) == {0, THREATS}
    assert abs(up - MEAN) < SIGMA * (MEAN * (1 - MEAN) / REPLICATIONS) ** 0.5
    drawn = found.occurred.sel(decision="availability probability.L")
    np.testing.assert_array_equal(found.expected.sel(decision="availability.L"), drawn)


def test_all_sites_of_a_layer_share_their_draw(offset: int) -> None:
    """Two sites of one layer are up together more often than two layers."""
    sensor = lt.Sensor(availability=LAW)
    places = [(0.0, 0.0), (0.0, 1.0)]
    one = layer("L", armed(), sensor=sensor, positions=places)
    two = [
        layer("L", armed("A"), sensor=sensor),
        layer("M", armed("B"), sensor=sensor, position=(0.0, 1.0)),
    ]
    for layers, both in (([one], SQUARE), (two, MEAN**2)):
        scenario = raid(salvo(count=1, bearing=90.0), layers, gun(kills=0.5))
        found = lt.simulate(scenario, replications=REPLICATIONS, seed=2 + offset)
        names = [name for name in found["decision"].values if name.startswith("availability.")]
        up = found.occurred.sel(decision=names).values.all(axis=1).mean()
        assert abs(up - both) < SIGMA * (both * (1 - both) / REPLICATIONS) ** 0.5


def test_equal_batteries_share_their_errors(offset: int) -> None:
    """Two threats, each at a battery of its own: whether both are dropped after a miss."""
    own = battery("B", count=2, assessment_time=4.0, false_kill=LAW)
    scenario = raid(salvo(count=2), layer("L", own, outer=700.0), gun(kills=1e-9))
    found = lt.simulate(scenario, replications=REPLICATIONS, seed=3 + offset)
    dropped = found.engagements.values.sum(axis=1) == 2
    assert abs(dropped.mean() - SQUARE) < SIGMA * (SQUARE * (1 - SQUARE) / REPLICATIONS) ** 0.5


def struck(lethality: Any, hardness: Any) -> lt.Scenario:
    threats = [lt.Threat(name="t", speed=100.0, lethality=lethality)]
    plant = lt.Asset(name="plant", position=(0.0, 0.0), aim_points=3, hardness=hardness, value=7.0)
    own = salvo(count=2, target="plant")
    return raid(own, layer("L", armed()), gun(kills=0.5), threats, assets=[plant])


@pytest.mark.parametrize(
    ("lethality", "hardness"), [(LAW, 0.25), (0.8, LAW), (LAW, stats.uniform(0.0, 0.5))]
)
def test_damage_is_that_expected_with_what_was_drawn(
    lethality: Any, hardness: Any, offset: int
) -> None:
    scenario = struck(lethality, hardness)
    found = lt.simulate(scenario, replications=REPLICATIONS, seed=4 + offset)

    def drawn(name: str, value: Any) -> Any:
        return value if isinstance(value, float) else found.occurred.sel(decision=name).values

    chance = drawn("lethality.t", lethality) * (1.0 - drawn("hardness.plant", hardness))
    exact = 1.0 - (1.0 - chance / 3.0) ** found.leaked.values[:, 0]
    np.testing.assert_allclose(found.damage.values[:, 0], exact, atol=1e-9)
    np.testing.assert_allclose(found.value_lost.values[:, 0], 7.0 * exact, atol=1e-8)
    luck = found.destroyed.values[:, 0] / 3.0 - exact
    assert abs(luck.mean()) < SIGMA * luck.std() / REPLICATIONS**0.5
    hits = found.sel(decision="hit.s")
    np.testing.assert_allclose(hits.expected, found.leaked.values[:, 0] * chance, atol=1e-8)


def test_bounds_of_damage_are_those_of_all_draws() -> None:
    tables = lower(struck(stats.uniform(0.2, 0.6), stats.uniform(0.1, 0.4)))
    two = np.array([2])
    most, least = hit(tables, two)["damage"], hit(tables, two, at_least=True)["damage"]
    assert most == pytest.approx(1.0 - (1.0 - 0.8 * 0.9 / 3.0) ** 2, abs=1e-6)
    assert least == pytest.approx(1.0 - (1.0 - 0.2 * 0.5 / 3.0) ** 2, abs=1e-6)
    assert possible(tables).drawn


def test_a_battery_is_destroyed_with_what_was_drawn(offset: int) -> None:
    threats = [lt.Threat(name="t", speed=100.0, lethality=LAW)]
    own = [salvo("a", 1, target="B"), salvo("b", 1, target="C")]
    layers = layer("L", battery("B", rounds=0), battery("C", rounds=0))
    scenario = raid(own, layers, threats=threats)
    found = lt.simulate(scenario, replications=REPLICATIONS, seed=5 + offset)
    both = found.lost.values.all(axis=1).mean()
    assert abs(both - SQUARE) < SIGMA * (SQUARE * (1 - SQUARE) / REPLICATIONS) ** 0.5


# ---------------------------------------------------------------- both engines


@pytest.mark.parametrize("number", range(80))
def test_the_engines_agree(number: int) -> None:
    scenario = ruled_scenario(number, "uncertain", *(["luck"] if number % 2 else []))
    expected, events = reference_outcome(scenario, number, 1)
    assert kernel_outcomes(scenario, number, 1) == [expected]
    assert kernel_events(scenario, number, 1) == events


@pytest.mark.parametrize("number", range(30))
def test_the_engines_agree_in_campaigns(number: int) -> None:
    own = campaign(number, "uncertain", "luck")
    (found,) = kernel_raids(own, number, 1)
    assert found == reference_raids(own, number, 1)


def test_a_draw_is_the_same_in_all_raids() -> None:
    scenario = seen(detection={"t": LAW})
    week = lt.Campaign(name="c", scenario=scenario, raids=3, interval=1e4)
    found = lt.simulate_campaign(week, replications=50, seed=1)
    drawn = found.occurred.sel(decision="detection probability.L.t").values
    assert (drawn == drawn[:, :1]).all()
    assert len(np.unique(drawn)) == 50
    number = found.leaked.values[:, :, 0]
    assert (number != number[:, :1]).any()


# ---------------------------------------------------------------- files, paths, results, studies


def test_files_paths_and_display(tmp_path: Path) -> None:
    scenario = struck(LAW, LAW)
    scenario = scenario.replace("layers.L.sensor.detection", {"t": LAW})
    scenario = scenario.replace("layers.L.batteries.B.false_survival", LAW)
    for name in ("scenario.toml", "scenario.json"):
        scenario.save(tmp_path / name)
        assert lt.load_scenario(tmp_path / name) == scenario
    plain = scenario.replace("layers.L.sensor.detection.t", 0.5)
    assert plain.layers[0].sensor.detection == {"t": 0.5}
    assert "beta(a=4, b=2)" in str(scenario)


@pytest.mark.parametrize(
    ("path", "law"),
    [
        ("layers.L.sensor.availability", stats.norm(0.5, 0.1)),
        ("layers.L.sensor.detection", {"t": stats.uniform(0.5, 1.0)}),
        ("layers.L.soft_kill", {"t": stats.expon()}),
        ("layers.L.batteries.B.false_kill", stats.beta(2, 2, scale=2)),
        ("threats.t.lethality", stats.gamma(2.0)),
        ("assets.plant.hardness", stats.norm()),
    ],
)
def test_a_support_beyond_0_and_1_is_refused(path: str, law: Any) -> None:
    with pytest.raises(ScenarioError, match=r"must not (fall below 0|rise above 1)") as caught:
        struck(0.5, 0.5).replace(path, law)
    assert path in str(caught.value)


def test_a_sweep_between_a_number_and_a_distribution() -> None:
    path = "layers.L.sensor.availability"
    options: dict[str, Any] = {"measures": ["leakers"], "replications": 200, "seed": 1}
    found = lt.sweep(seen(), {path: [0.5, LAW]}, **options)
    other = lt.sweep(seen(availability=LAW), {path: [0.5, 0.75]}, **options)
    np.testing.assert_array_equal(found.leakers[0], other.leakers[0])
    alone = lt.sweep(seen(availability=LAW), {path: [LAW]}, **options)
    np.testing.assert_array_equal(found.leakers[1], alone.leakers[0])


def test_controls_narrow_the_interval_of_the_mean() -> None:
    found = lt.simulate(seen(detection={"t": LAW}), replications=4000, seed=1)
    plain, narrow = (lt.leak_rate(found, controls=own).leak_rate for own in (False, True))
    wide, short = (
        float(own.sel(estimate="high") - own.sel(estimate="low")) for own in (plain, narrow)
    )
    assert short < 0.03 * wide
    assert abs(float(narrow.sel(estimate="mean")) - (1.0 - MEAN)) < 1e-3
