"""The mark of an interval that cannot be trusted reaches every public call that estimates a mean.

In 200 replications, a layer that is up with 0.98 is down about four times: too few to trust any
mean, whatever the sample looks like. While it is up, a tenth of the threats leak.
"""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt

CALL: dict[str, Any] = {"replications": 200, "seed": 2}
PATH = "layers.L.sensor.availability"
ROUNDS = "layers.L.batteries.B.magazines.gun.rounds"


def defended(up: float) -> lt.Scenario:
    doctrine = lt.Doctrine(max_salvos=1)
    own = battery(rounds=60, channels=99, doctrine=doctrine)
    return raid(salvo(count=50), layer("L", own, sensor=lt.Sensor(availability=up)), gun(kills=0.9))


def single(found: Any, name: str) -> Any:
    """A mark of one mean."""
    return bool(found[f"{name}_settled"].values.all())


CALLS: dict[str, Any] = {
    "summary": lambda s: single(lt.summary(lt.simulate(s, **CALL)).raid, "leakers"),
    "summary, kept sums": lambda s: single(
        lt.summary(lt.simulate(s, **CALL, keep="summary")).raid, "leakers"
    ),
    "summary, salvos": lambda s: single(lt.summary(lt.simulate(s, **CALL)).salvos, "leaked"),
    "summary, layers": lambda s: single(lt.summary(lt.simulate(s, **CALL)).layers, "killed"),
    "leak_rate": lambda s: single(lt.leak_rate(lt.simulate(s, **CALL)), "leak_rate"),
    "leak_rate by class": lambda s: single(
        lt.leak_rate(lt.simulate(s, **CALL), "threat"), "leak_rate"
    ),
    "cost_exchange": lambda s: single(lt.cost_exchange(lt.simulate(s, **CALL)), "leakers"),
    "sweep": lambda s: single(
        lt.sweep(s, {ROUNDS: [55, 60]}, measures=["leakers"], **CALL), "leakers"
    ),
    "compare": lambda s: single(
        lt.compare({"a": s, "b": s.replace(ROUNDS, 40)}, measures=["leakers"], **CALL), "value"
    ),
    "compare, difference": lambda s: single(
        lt.compare({"a": s, "b": s.replace(ROUNDS, 30)}, measures=["leakers"], **CALL),
        "difference",
    ),
    "tornado": lambda s: single(lt.tornado(s, {ROUNDS: (40, 60)}, "leakers", **CALL), "base"),
    "allocate": lambda s: single(lt.allocate(s, [ROUNDS], 60.0, 1.0, **CALL), "outcome"),
    "saturation_point": lambda s: single(
        lt.saturation_point(s, {"salvos.s.count": (40, 60)}, "leakers", 6.0, **CALL), "leakers"
    ),
    "kill_probability_gradient": lambda s: single(
        lt.kill_probability_gradient(s, **CALL), "gradient"
    ),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_rare_state_marks_every_mean(call: str) -> None:
    assert CALLS[call](defended(1.0))
    assert not CALLS[call](defended(0.98))


def test_a_sweep_marks_each_point_by_its_own_availability() -> None:
    axes = {PATH: [0.0, 0.5, 0.98, 1.0], "salvos.s.count": [0, 50]}
    found = lt.sweep(defended(0.9), axes, measures=["leakers", "no_leaker"], **CALL)
    marked = ~found.leakers_settled.transpose(PATH, "salvos.s.count").values
    # No threat can leak where there is none; if the layer is always down all leak, and the sample
    # does not say that.
    assert marked.tolist() == [[False, True], [False, False], [False, True], [False, False]]
    assert found.no_leaker_settled.values.all()
    assert found.leakers_settled.attrs["long_name"].startswith("whether the interval can be trust")


def test_a_campaign_marks_its_raids() -> None:
    found = []
    for up in (1.0, 0.98):
        campaign = lt.Campaign(name="c", scenario=defended(up), raids=2, interval=86_400.0)
        result = lt.simulate_campaign(campaign, **CALL)
        found.append(single(lt.leak_rate(result.isel(raid=1)), "leak_rate"))
    assert found == [True, False]


def test_the_printed_summary_marks_them_and_says_what_that_means() -> None:
    trusted, rare = (str(lt.summary(lt.simulate(defended(up), **CALL))) for up in (1.0, 0.98))
    for text, mark in ((trusted, False), (rare, True)):
        lines = [line for line in text.splitlines() if line.startswith(("leakers", "leak rate"))]
        assert [" *" in line for line in lines] == [mark] * 2
    assert "* Not settled: " in rare


def test_what_has_never_happened_is_bounded() -> None:
    """It was printed as 0 to 0, next to a probability of no leaker of .963 to 1."""
    found = lt.summary(
        lt.simulate(defended(1.0).replace("interceptors.gun.kill_probability.t", 1 - 1e-6), **CALL)
    )
    low, high = found.raid.leakers.sel(estimate=["low", "high"]).values
    # Maurer and Pontil: 50 * 7 ln 80 / (3 * 199).
    assert (low, high) == (0.0, pytest.approx(50 * 7 * np.log(80) / (3 * 199)))
    assert not found.raid.leakers_settled
    assert found.layers.soft_killed_settled  # nothing can be soft-killed: 0 to 0
    assert found.layers.soft_killed.values[:, 0].tolist() == [0.0] * 4


def test_what_is_certain_has_no_width() -> None:
    """Known from the scenario: nothing is drawn, or some part can do nothing."""
    fixed = defended(1.0).replace("interceptors.gun.kill_probability.t", 1.0)
    found = lt.summary(lt.simulate(fixed, **CALL))
    assert found.raid.leakers_settled
    assert found.raid.leakers.values.tolist() == [0.0] * 4
    assert found.magazines.expended.values[:, 0].tolist() == [50.0, 0.0, 50.0, 50.0]
    base = defended(0.98)
    changes: dict[str, dict[str, Any]] = {
        "no rounds": {ROUNDS: 0},
        "never up": {PATH: 0.0},
        "never detected": {"layers.L.sensor.detection": {"t": 0.0}},
        "too slow": {"layers.L.batteries.B.reaction_time": 1e4},
        "always dismissed": {"layers.L.sensor.false_dismissal": 1.0},
    }
    for name, change in changes.items():
        scenario = base
        for path, value in change.items():
            scenario = scenario.replace(path, value)
        found = lt.summary(lt.simulate(scenario, **CALL))
        assert found.magazines.expended.values[:, 0].tolist() == [0.0] * 4, name
        assert found.magazines.expended_settled.all(), name
        assert found.raid.leakers.values.tolist() == [50.0, 0.0, 50.0, 50.0], name
        assert found.layers.killed_settled.all(), name
        assert found.batteries.busy_time_settled.all(), name


def test_what_merely_was_0_is_not_certain() -> None:
    """An infinite magazine that has not fired: its range was taken from the sample, 0 to 0."""
    own = battery(channels=99, rounds=np.inf)
    sensor = lt.Sensor(detection={"t": 1e-7})
    shot = gun(kills=0.9, flight_time=1.0)
    scenario = raid(salvo(count=50), layer("L", own, sensor=sensor), shot)
    found = lt.summary(lt.simulate(scenario, **CALL))
    assert found.batteries.busy_time.values[0, 0] == 0.0
    assert found.batteries.busy_time.values[3, 0] == np.inf
    assert not found.batteries.busy_time_settled.any()
    assert not found.magazines.expended_settled.any()


def test_a_field_without_effect_makes_no_difference_for_certain() -> None:
    """No battery is aimed at, so that the lethality of a threat cannot matter."""
    base = defended(0.9)
    options = {"a": base, "b": base.replace("threats.t.lethality", 0.5), "c": base.replace(PATH, 1)}
    found = lt.compare(options, measures=["leakers", "no_leaker"], **CALL)
    assert found.difference.sel(alternative="b").values.tolist() == [[0.0] * 2] * 4
    assert found.difference_settled.sel(alternative="b").all()
    assert (found.difference.sel(alternative="c", estimate="high") != 0.0).all()
    ranges = {"threats.t.lethality": (0.0, 0.5), "salvos.s.count": (40, 60), ROUNDS: (60, 70)}
    swings = lt.tornado(defended(1.0), ranges, **CALL)
    assert swings.swing.values[:, 0].tolist() == [0.0] * 4
    # More rounds than are ever fired: equal in every replication, but that is not known before.
    assert swings.swing.values[0, 2] == 0.0
    assert swings.swing_settled.values.tolist() == [True, True, False]


def test_a_battery_that_is_rarely_lost_marks_the_mean(offset: int) -> None:
    """One missile in a hundred destroys the battery, and then all drones leak."""
    threats = [lt.Threat(name="m", speed=100.0, lethality=0.9), lt.Threat(name="d", speed=100.0)]
    guns = gun(kills={"m": 0.99, "d": 0.5})
    aimed, drones = salvo("m", 1, 0.0, "m", target="B"), salvo("d", 200, 100.0, "d")
    own = battery(channels=999, doctrine=lt.Doctrine(max_salvos=1))
    scenario = raid([aimed, drones], layer("L", own), guns, threats)
    exact = 0.01 + 100.0 + 100.0 * 0.01 * 0.9
    missed = 0
    for seed in range(40):
        rate = lt.leak_rate(lt.simulate(scenario, replications=100, seed=1000 * offset + seed))
        low, high = 201 * rate.leak_rate.values[2:]
        missed += bool(rate.leak_rate_settled) and not low <= exact <= high
    assert missed == 0  # of 40; it was 13


def test_a_result_without_its_provenance_is_marked_by_its_sample() -> None:
    result = lt.simulate(defended(0.98), **CALL)
    bare = result.drop_attrs() if hasattr(result, "drop_attrs") else xr.Dataset(result, attrs={})
    assert not lt.summary(bare).raid.leakers_settled  # four of 200: skewed
    assert lt.summary(bare).raid.leakers.values[0] == lt.summary(result).raid.leakers.values[0]
