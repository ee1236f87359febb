"""The logic of the benchmarks, with runs of prescribed cost."""

import math
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import cases
import compare
import kernel_alone
import ours
import paired
import paired_worker
import peer_heap
import peer_simpy_sharing
import plane
import raid
import sharing
import table
from cases import Binomial, FiniteMagazine, Layered, compared, scaled
from measure import (
    Effort,
    Estimate,
    Run,
    Sample,
    cost_of,
    disagree,
    estimate,
    interleaved,
    needed,
    size_of,
)
from paired_cases import PAIRED, Target
from raids import api_example, threats_in

import leakthrough as lt

FIXED, EACH = 1e-3, 50e-6


def costing(fixed: float, each: float, slow: frozenset[int] = frozenset()) -> Run:
    """A run with given seconds per call and per replication, and 30 ms more in the slow calls."""
    calls = iter(range(1_000_000))

    def run(replications: int, seed: int) -> Sample:
        seconds = fixed + each * replications + 0.03 * (next(calls) in slow)
        return Sample(seconds, Estimate(replications, 1.0, 0.0))

    return run


@pytest.mark.parametrize(
    ("fixed", "each"), [(FIXED, EACH), (0.5, 50e-6), (0.0, 0.2), (2e-6, 1e-7), (FIXED, 0.02)]
)
def test_fixed_cost_and_slope_are_recovered(fixed: float, each: float) -> None:
    found = interleaved({"run": costing(fixed, each)}, Effort(0.1, 3))["run"]
    assert found.cost.each == pytest.approx(1e6 * each, rel=1e-9)
    assert found.cost.fixed == pytest.approx(1e6 * fixed, rel=1e-6, abs=1e-3)
    assert found.leakers.mean == 1.0


def test_one_slow_call_changes_nothing() -> None:
    """A pause while the number of replications was chosen used to give too few of them."""
    size = size_of(costing(FIXED, EACH), 0.1)
    for number in range(60):
        slow = frozenset({number})
        found = interleaved({"run": costing(FIXED, EACH, slow)}, Effort(0.1, 3))["run"]
        assert found.cost.each == pytest.approx(1e6 * EACH, rel=1e-6)
        assert found.cost.fixed == pytest.approx(1e6 * FIXED, rel=1e-6)
        assert size_of(costing(FIXED, EACH, slow), 0.1) == size


@pytest.mark.parametrize(("fixed", "each"), [(FIXED, EACH), (0.5, 50e-6), (0.0, 0.2)])
def test_replications_take_the_time_wanted_and_thrice_the_fixed_cost(
    fixed: float, each: float
) -> None:
    size = size_of(costing(fixed, each), 0.1)
    assert size.replications >= 5
    assert (size.replications - 1) * each >= max(0.1, 3 * fixed) * (1 - 1e-9)
    assert size.replications * each <= max(0.15, 3.1 * fixed, 5 * each)


def test_a_fixed_cost_within_its_noise_is_not_seen() -> None:
    noisy = interleaved({"run": costing(1e-4, EACH, frozenset(range(30, 60)))}, Effort(0.1, 5))
    clean = interleaved({"run": costing(1e-4, EACH)}, Effort(0.1, 5))
    assert clean["run"].fixed_is_seen
    assert not noisy["run"].fixed_is_seen


def test_cost_of_two_sizes() -> None:
    cost = cost_of(0.3, 1.2, 10)
    assert (cost.fixed, cost.each) == pytest.approx((0.2e6, 0.1e6))


def test_pooled_estimates_are_those_of_all_values() -> None:
    values = np.arange(10) ** 2
    pooled, whole = estimate(values[:3]) + estimate(values[3:]), estimate(values)
    assert (pooled.mean, pooled.error) == pytest.approx((whole.mean, whole.error))


def test_targets() -> None:
    assert Target("value", 1.9, at_least=True).met(1.9, 0.1)
    assert not Target("value", 1.9, at_least=True).met(1.8, 5.0)
    assert Target("ratio", 0.4).met(9.0, 0.39)
    assert not Target("ratio", 0.4).met(0.1, 0.41)
    assert str(Target("ratio", 1 / 1.5)) == "ratio <= 0.667"


def test_two_versions_are_asked_in_turn_for_the_same_replications() -> None:
    asked: list[tuple[str, int]] = []

    def this(number: int) -> float:
        asked.append(("this", number))
        return 2.0 * number

    def other(number: int) -> float:
        asked.append(("other", number))
        return 1.0

    pairs = list(paired.in_turn([this, other], range(1, 3)))
    assert pairs == [(2.0, 1.0), (4.0, 1.0)]
    assert asked == [("this", 1), ("other", 1), ("this", 2), ("other", 2)]


def test_a_row_has_medians_of_values_and_of_ratios() -> None:
    row = paired.Row("layered", [(1.0, 2.0), (1.0, 4.0), (3.0, 4.0)])
    assert row.cells()[2:] == ["1", "4", "0.500 (0.250-0.750)", "ratio <= 0.667", "reached"]
    assert paired.Row("layered", []).cells()[-1] == "not measured"


@pytest.mark.parametrize("name", PAIRED)
def test_a_paired_case_names_a_measuring_function(name: str) -> None:
    assert callable(getattr(paired_worker, PAIRED[name].measure))


def test_memory_shared_by_arrays_is_counted_once() -> None:
    block = np.zeros(100)
    assert kernel_alone.bytes_of((block[:10], (block[5:], np.zeros(3, np.int32)))) == 812


def test_the_kernel_alone_is_found() -> None:
    given = ours.scenario(Layered(threats=10, layers=2))
    assert kernel_alone.Kernel(given).seconds(3, 7) > 0.0
    assert kernel_alone.state_bytes(given) > 1_000


@pytest.mark.parametrize("mixed", [False, True])
def test_scaling_keeps_rounds_in_proportion(mixed: bool) -> None:
    large = scaled(Layered(mixed=mixed), 5_500, same_rate=True)
    assert (large.rounds, large.hours, large.mixed) == (240, 20.0, mixed)
    assert scaled(Layered(), 5_500, same_rate=False).hours == 2.0


def test_mixed_batteries() -> None:
    batteries = [b for layer in ours.scenario(Layered(mixed=True)).layers for b in layer.batteries]
    assert {battery.channels for battery in batteries} == {2, 3, 4, 5, 6, 7}
    assert {battery.doctrine.salvo_size for battery in batteries} == {1, 2}


def test_the_cases_simulate_what_they_say(offset: int) -> None:
    """Means of the two cases with a closed form, within 5 standard errors; rounds of the others."""
    leakers = {
        name: ours.simulate(case)(2_000 if isinstance(case, Binomial) else 50, 1 + offset)
        for name, case in compared().items()
        if isinstance(case, Binomial | FiniteMagazine | Layered)
    }
    binomial = leakers["binomial"].leakers
    assert abs(binomial.mean - 300 * 0.3**2) < 5 * binomial.error
    for name, rounds in (("layered", 288), ("finite magazine", 300)):
        spent = leakers[name].spent
        assert spent is not None
        assert spent.mean == pytest.approx(rounds, abs=1)


def small_night() -> lt.Scenario:
    """The shipped night in ten minutes: channels and rounds limit, decoys and drones compete."""
    scenario = cases.night()
    few = {"strike drones": 30, "decoy drones": 60, "cruise missiles": 20, "ballistic missiles": 12}
    for salvo in scenario.salvos:
        path = f"salvos.{salvo.name}"
        scenario = scenario.replace(f"{path}.arrival", lt.Uniform(start=0.0, stop=600.0))
        scenario = scenario.replace(f"{path}.count", few.get(salvo.name, 4))
    medium = "layers.medium-range missiles"
    long = "layers.long-range missiles"
    team = "layers.interceptor drones.batteries.interceptor team"
    changed = {
        f"{long}.sensor.detection.cruise missile": 1.0,
        f"{long}.sensor.detection.ballistic missile": 1.0,
        f"{long}.batteries.long-range battery.count": 1,
        f"{long}.batteries.long-range battery.channels": 1,
        f"{long}.batteries.long-range battery.magazines.long-range missile.rounds": 100,
        f"{medium}.sensor.decoy_recognition": 0.9,
        f"{medium}.sensor.detection.strike drone": 1.0,
        f"{medium}.sensor.detection.decoy drone": 1.0,
        f"{medium}.batteries.medium-range battery.count": 2,
        f"{medium}.batteries.medium-range battery.channels": 1,
        f"{medium}.batteries.medium-range battery.magazines.medium-range missile.reserved": 12,
        f"{team}.count": 2,
        f"{team}.magazines.interceptor drone.rounds": 5,
        "layers.mobile guns.batteries.gun group.count": 2,
    }
    for path, value in changed.items():
        scenario = scenario.replace(path, value)
    return scenario


def dense_layers() -> lt.Scenario:
    """Two axes and overlapping layers; channels limit, and salvos are of one or two rounds."""
    return ours.scenario(Layered(threats=120, hours=0.05, rounds=100, layers=2, mixed=True))


RAIDS = {
    "README": (cases.readme_raid, 150),
    "small night": (small_night, 600),
    "dense layers": (dense_layers, 300),
}


@pytest.fixture(scope="module")
def program() -> Iterator[Path | None]:
    with peer_heap.compiled() as compiled:
        yield compiled


@pytest.mark.parametrize("name", RAIDS)
def test_the_peers_simulate_the_same_raid(name: str, program: Path | None, offset: int) -> None:
    """Means of leakers and of rounds spent, at 5 sigma."""
    make, replications = RAIDS[name]
    scenario = make()
    result = lt.simulate(scenario, replications=4_000, seed=1 + offset)
    real = ~result["decoy"].to_numpy()
    leakers = estimate(result["leaked"].to_numpy()[:, real].sum(axis=1))
    spent = estimate(result["expended"].sum(("battery", "interceptor")).to_numpy())
    for library, run in compare.raid_peers(scenario, program).items():
        found = run(replications, 2 + offset)
        assert not disagree(leakers, found.leakers), library
        assert found.spent is not None
        assert not disagree(spent, found.spent), library


WITHOUT: dict[str, dict[str, Any]] = {
    "every rule": {},
    "tracks": {"tracks": None},
    "pool": {"pooled": False},
    "launch interval": {"interval": 0.0},
    "hold": {"hold": "assessment"},
    "depot": {"reload_rounds": 0},
    "second command": {"command": None},
}


@pytest.mark.parametrize("name", WITHOUT)
def test_the_peer_of_sharing_has_the_same_rules(name: str, offset: int) -> None:
    """Means of leakers and of rounds spent, at 5 sigma, with every rule and without one."""
    case = sharing.Sharing()
    layers = tuple(replace(own, **WITHOUT[name]) for own in case.layers)
    case = replace(case, layers=layers)
    mine = ours.simulate(case)(4_000, 3 + offset)
    found = peer_simpy_sharing.raid(case)(250, 4 + offset)
    assert not disagree(mine.leakers, found.leakers)
    assert mine.spent is not None
    assert found.spent is not None
    assert not disagree(mine.spent, found.spent)


def test_what_the_peers_do_not_know_is_refused() -> None:
    path = "layers.point.batteries.gun.doctrine.max_salvos"
    with pytest.raises(ValueError, match="the peers do not know other doctrines"):
        raid.read(cases.readme_raid().replace(path, 1))
    with pytest.raises(ValueError, match="the peers do not know what is shared, limited or"):
        raid.read(cases.readme_raid().replace("layers.point.sensor.tracks", 9))


def test_places_are_spread_over_a_disc_and_skipped_by_the_peers() -> None:
    case = cases.Places()
    scenario = ours.scenario(case)
    numbers = len(scenario.salvos), len(scenario.sites), len(scenario.assets)
    assert (threats_in(scenario), *numbers) == (600, 12, 40, 6)
    assert all(math.hypot(*site.position) < case.radius for site in scenario.sites)
    assert [bool(salvo.route) for salvo in scenario.salvos] == [False, True] * 6
    assert compare.peers(case, None) == {}
    with pytest.raises(ValueError, match="the peers do not know positions, paths and assets"):
        raid.read(scenario)
    ranges = "layers.point.outer_range"
    with pytest.raises(ValueError, match="the peers do not know positions, paths and assets"):
        raid.read(cases.readme_raid().replace(ranges, {"drone": 15e3, "ballistic": 9e3}))


def test_events_are_those_of_a_replay() -> None:
    """With rounds for all, no layer stops acting: every opening that a replay lists is counted."""
    scenario = ours.scenario(cases.Places(threats=60, hours=0.2, rounds=1_000))
    kernel = kernel_alone.Kernel(scenario)
    listed = [lt.replay(scenario, replication=n, seed=1).event for n in range(3)]
    openings, engagements = (
        sum(int((events == name).sum()) for events in listed) / 3 for name in ("opening", "firing")
    )
    assert kernel.events(3) == (openings, engagements)
    assert openings > 50


def test_the_cost_of_an_event_of_places_is_relative_to_that_of_rings() -> None:
    rings = plane.Cost(kernel_alone.Events(60.0, 40.0), 5.0)
    places = plane.Cost(kernel_alone.Events(50.0, 50.0), 6.0)
    found = plane.Plane({plane.RINGS: rings, plane.PLACES: places}, 3.0, 7.0)
    assert (rings.event, places.opening) == (50.0, 120.0)
    assert found.ratio(plane.RINGS) == pytest.approx(1.2)
    assert "lowering the places: 7 ms, of which windows 3 ms" in table.in_the_plane(found)


def test_the_raid_of_the_readme_is_that_of_the_examples() -> None:
    assert cases.readme_raid() == api_example()


@pytest.mark.parametrize("deviation", [0.001, 0.3, 1.17, 12.0])
def test_replications_needed_are_the_fewest(deviation: float) -> None:
    number = needed(Estimate(1_000, 47.0, deviation**2 * 999), 0.01, 0.95)

    def half_width(n: int) -> float:
        return float(stats.t.ppf(0.975, n - 1)) * deviation / math.sqrt(n)

    assert half_width(number) <= 0.47
    assert number == 2 or half_width(number - 1) > 0.47
