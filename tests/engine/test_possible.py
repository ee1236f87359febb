"""What is said to be impossible, or certain, is so in random scenarios. Nothing here is estimated.

One scenario in two has every probability turned into 0 or 1, and every time into a number.
"""

from typing import Any

import numpy as np
import pytest
from busy_scenarios import scenario as busy_scenario
from scipy import stats

import leakthrough as lt
from leakthrough.engine.counts import Counts, named_counts, new_rows
from leakthrough.engine.decode import by_layer
from leakthrough.engine.jobs import RaidJob
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.possible import Possible, possible, stock
from leakthrough.engine.tables import Tables

REPLICATIONS, SCENARIOS = 20, 300
OF_SENSOR = ("availability", "decoy_recognition", "false_dismissal")


def turned(scenario: lt.Scenario, number: int, zeros: float) -> lt.Scenario:
    """Without anything drawn, if `zeros` is below 1; 0 instead of a probability with `zeros`."""
    pick = np.random.default_rng(number)
    paths: dict[str, Any] = {}
    for salvo in scenario.salvos:
        paths[f"salvos.{salvo.name}.arrival"] = lt.Regular(start=0.0, interval=1.0)
    for threat in scenario.threats:
        paths[f"threats.{threat.name}.lethality"] = None
    for gun in scenario.interceptors:
        paths[f"interceptors.{gun.name}.flight_time"] = 2.0
        paths |= {
            f"interceptors.{gun.name}.kill_probability.{n}": None for n in gun.kill_probability
        }
    for layer in scenario.layers:
        own = f"layers.{layer.name}"
        paths |= {f"{own}.sensor.{name}": None for name in OF_SENSOR}
        paths |= {f"{own}.sensor.detection.{name}": None for name in layer.sensor.detection}
        paths |= {f"{own}.soft_kill.{name}": None for name in layer.soft_kill}
        for battery in layer.batteries:
            at = f"{own}.batteries.{battery.name}"
            paths |= {f"{at}.{name}": 1.5 for name in ("reaction_time", "assessment_time")}
            paths |= {f"{at}.{name}": None for name in ("false_kill", "false_survival")}
    for path, value in paths.items():
        chance = float(pick.random() >= zeros) if value is None else value
        scenario = scenario.replace(path, chance)
    return scenario


def with_one_time_drawn(scenario: lt.Scenario, number: int) -> lt.Scenario:
    """The reaction, assessment, flight or arrival that is drawn decides who is engaged."""
    pick, time = np.random.default_rng(number), stats.uniform(0.5, 9.0)
    paths = [
        *(f"interceptors.{gun.name}.flight_time" for gun in scenario.interceptors),
        *(f"salvos.{salvo.name}.arrival" for salvo in scenario.salvos),
        *(
            f"layers.{layer.name}.batteries.{battery.name}.{name}"
            for layer in scenario.layers
            for battery in layer.batteries
            for name in ("reaction_time", "assessment_time")
        ),
    ]
    return scenario.replace(str(pick.choice(paths)), time)


@pytest.mark.parametrize("kind", ["as drawn", "turned", "one time drawn"])
def test_nothing_impossible_happens(kind: str) -> None:
    zero = certain = 0
    for number in range(SCENARIOS):
        scenario = busy_scenario(number)
        if kind != "as drawn":
            scenario = turned(scenario, number, 0.4)
        if kind == "one time drawn":
            scenario = with_one_time_drawn(scenario, number)
        tables = lower(scenario)
        found, counts = possible(tables), simulated(tables, number)
        check(found, counts, tables)
        zero += int((found.expended == 0.0).sum())
        certain += not found.drawn
    assert zero > 20
    assert certain >= (0.9 * SCENARIOS if kind == "turned" else 0)


def simulated(tables: Tables, seed: int) -> Counts:
    counts = named_counts(new_rows(tables, REPLICATIONS), tables)
    job = RaidJob(tables)
    job.block(seed, 0, [counts.rows[np.newaxis]], np.zeros(1, np.uint8), job.new_states())
    return counts


def check(found: Possible, counts: Counts, tables: Tables) -> None:
    assert (by_layer(counts.killed, tables).swapaxes(1, 2) <= found.killed).all()
    assert (by_layer(counts.soft_killed, tables).swapaxes(1, 2) <= found.soft_killed).all()
    assert (counts.expended <= found.expended).all()
    assert (counts.engagements <= found.engagements).all()
    assert (counts.expended <= stock(tables)).all()
    assert (counts.leaked[:, found.survivors] == tables.salvos["count"][found.survivors]).all()
    # Kill probabilities that no round uses are drawn all the same.
    same = [(own == own[0]).all() for name, own in counts.items() if name != "kill_threshold"]
    assert found.drawn or all(same)
