"""The scenarios of the exact models: valid, readable, and correct where nothing is random.

Random results are compared in ``tests/theory/test_verification.py``; here only for models that are
not among its cases.
"""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from raids import threats_in
from scipy import stats

import leakthrough as lt
from leakthrough import exact

ROUNDS = "layers.defence.batteries.battery.magazines.interceptor.rounds"
KILL = "interceptors.interceptor.kill_probability.threat"
MODELS: dict[Any, dict[str, Any]] = {
    "leakers": {"threats": 10, "kill_probability": 0.8, "rounds_each": 2, "tracking": 0.9},
    "raid_annihilation": {"threats": 10, "kill_probability": 0.8, "common_mode": True},
    "shoot_look_shoot": {"kill_probability": 0.7, "looks": 3},
    "finite_magazine": {"threats": 20, "rounds": 20, "kill_probability": 0.7, "looks": 2},
    "layered_inventories": {"threats": 20, "layers": [(17, 2, 0.5), (6, 1, 0.7)]},
    "uniform_allocation": {"threats": 50, "rounds": 75, "kill_probability": 0.7},
    "prim_read": {"kill_probability": 0.6, "slope": 0.2, "integer": True},
    "terminal_defence": {"threats": 4, "rounds": 10, "kill_probability": 0.7, "looks": 1},
    "simultaneous_raid": {
        "threats": 50,
        "channels": 4,
        "rounds": 100,
        "cycle": 20.0,
        "window": 60.0,
    },
    "common_luck": {"kill_probabilities": [0.8, 0.6], "common": 0.3, "threats": 9},
    "tracks_and_channels": {
        "arrival_rate": 4.0,
        "launch_rate": 1.0,
        "assessment_rate": 0.5,
        "channels": 6,
        "tracks": 9,
        "threats": 500,
    },
    "erlang_b": {"load": 10.0, "channels": 10, "threats": 500},
    "abandonment": {
        "arrival_rate": 10.0,
        "service_rate": 1.0,
        "channels": 10,
        "patience": 0.5,
        "threats": 500,
    },
}


def leaked(scenario: lt.Scenario, replications: int = 20, seed: int = 1) -> Any:
    return lt.simulate(scenario, replications=replications, seed=seed).leaked.sum("salvo").values


# ---------------------------------------------------------------- contents


@pytest.mark.parametrize("model", MODELS)
def test_a_scenario_is_valid_travels_and_can_be_changed(model: str, tmp_path: Any) -> None:
    scenario = exact.as_scenario(model, **MODELS[model])
    scenario.save(tmp_path / "scenario.toml")
    assert lt.load_scenario(tmp_path / "scenario.toml") == scenario
    assert (leaked(scenario) <= threats_in(scenario)).all()
    first = scenario.layers[0]
    empty = scenario
    for layer in scenario.layers:
        for battery in layer.batteries:
            path = f"layers.{layer.name}.batteries.{battery.name}.magazines"
            empty = empty.replace(f"{path}.{battery.magazines[0].interceptor}.rounds", 0)
    assert empty != scenario
    assert empty.layers[0].name == first.name
    assert (leaked(empty) == threats_in(scenario)).all()


def test_the_function_and_its_name_are_the_same_model() -> None:
    for model, arguments in MODELS.items():
        if hasattr(exact, model):
            by_function = exact.as_scenario(getattr(exact, model), **arguments)
            assert by_function == exact.as_scenario(model, **arguments)


def test_numbers_of_numpy_are_numbers() -> None:
    plain = exact.as_scenario("finite_magazine", **MODELS["finite_magazine"])
    arguments = {k: np.asarray(v)[()] for k, v in MODELS["finite_magazine"].items()}
    assert exact.as_scenario("finite_magazine", **arguments) == plain


@pytest.mark.parametrize(
    ("path", "value", "leakers"),
    [
        (ROUNDS, 6, 4),
        ("layers.defence.batteries.battery.channels", 3, 7),
        ("layers.defence.sensor.availability", 0.0, 10),
        ("layers.defence.soft_kill.threat", 1.0, 0),
        ("layers.defence.outer_range", 0.5, 10),
        ("salvos.raid.count", 15, 5),
    ],
)
def test_each_assumption_can_be_relaxed_alone(path: str, value: Any, leakers: int) -> None:
    scenario = exact.as_scenario(exact.leakers, threats=10, kill_probability=1.0)
    assert (leaked(scenario) == 0).all()
    assert (leaked(scenario.replace(path, value)) == leakers).all()


# ---------------------------------------------------------------- deterministic results

counts = st.integers(0, 6)


@settings(max_examples=40)
@given(counts, counts, st.sampled_from([0.0, 1.0]), st.sampled_from([0.0, 1.0]), st.booleans())
def test_sure_binomial_raids(
    threats: int, each: int, kill: float, tracking: float, common: bool
) -> None:
    pmf = exact.leakers(threats, kill, each, tracking, common)
    scenario = exact.as_scenario(exact.leakers, **_named(threats, kill, each, tracking, common))
    result = lt.simulate(scenario, replications=3, seed=1)
    assert pmf.values[result.leaked.sum("salvo").values].tolist() == [1.0] * 3
    assert (result.expended.values == threats * each * kill * tracking).all()


def _named(
    threats: int, kill: float, each: int, tracking: float, common_mode: bool
) -> dict[str, Any]:
    return {
        "threats": threats,
        "kill_probability": kill,
        "rounds_each": each,
        "tracking": tracking,
        "common_mode": common_mode,
    }


def test_tracking_fails_for_one_threat_or_for_the_whole_raid() -> None:
    counted = {
        common: set(leaked(exact.as_scenario("leakers", **_named(9, 1.0, 1, 0.5, common)), 200))
        for common in (False, True)
    }
    assert counted[True] == {0, 9}
    assert {3, 4, 5, 6} < counted[False]


@settings(max_examples=40)
@given(counts, st.integers(0, 12), counts)
def test_a_sure_magazine(threats: int, rounds: int, looks: int) -> None:
    arguments: Any = {
        "threats": threats,
        "rounds": rounds,
        "kill_probability": 1.0,
        "looks": looks,
    }
    pmf = exact.finite_magazine(**arguments)
    scenario = exact.as_scenario(exact.finite_magazine, **arguments)
    result = lt.simulate(scenario, replications=2, seed=1)
    left = result.remaining.sum(["battery", "interceptor"]).values
    assert pmf.values[result.leaked.sum("salvo").values, left].tolist() == [1.0, 1.0]


@settings(max_examples=40)
@given(
    counts,
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(1, 3), st.sampled_from([0.0, 1.0])), max_size=4
    ),
)
def test_sure_layers(threats: int, layers: Any) -> None:
    pmf = exact.layered_inventories(threats, layers)
    scenario = exact.as_scenario(exact.layered_inventories, threats=threats, layers=layers)
    assert pmf.values[leaked(scenario, 2)].tolist() == [1.0, 1.0]


@settings(max_examples=60)
@given(
    st.integers(0, 30),
    st.integers(1, 4),
    st.integers(0, 30),
    st.sampled_from([0.1, 0.7, 1.0, 3.3]),
    st.sampled_from([0.0, 0.3, 2.0, 2.1, 6.6, 9.9]),
)
def test_simultaneous_raids(
    threats: int, channels: int, rounds: int, cycle: float, window: float
) -> None:
    arguments: Any = {"threats": threats, "channels": channels, "rounds": rounds}
    arguments |= {"cycle": cycle, "window": window}
    scenario = exact.as_scenario(exact.simultaneous_raid, **arguments)
    result = lt.simulate(scenario, replications=2, seed=1)
    engaged = exact.simultaneous_raid(**arguments)
    assert (result.engagements.sum("battery").values == engaged).all()
    assert (result.leaked.sum("salvo").values == threats - engaged).all()


def test_a_kill_is_sure_in_shoot_look_shoot() -> None:
    for looks, rounds in ((0, 0), (1, 1), (4, 1)):
        scenario = exact.as_scenario(exact.shoot_look_shoot, kill_probability=1.0, looks=looks)
        result = lt.simulate(scenario, replications=2, seed=1)
        assert (result.expended.values == rounds).all()
        assert (result.leaked.values == (looks == 0)).all()


# ---------------------------------------------------------------- uniform allocation


@pytest.mark.parametrize(("threats", "rounds"), [(5, 7), (5, 3), (5, 10), (5, 0), (0, 4)])
def test_uniform_allocation(threats: int, rounds: int, offset: int) -> None:
    # r threats get k + 1 rounds and the others k: the sum of two binomials. 20,000 replications
    # detect an error of 0.018 in each probability.
    kill, nights = 0.4, 20_000
    each, more = divmod(rounds, threats) if threats else (0, 0)
    pmf = np.convolve(
        stats.binom(more, (1 - kill) ** (each + 1)).pmf(np.arange(more + 1)),
        stats.binom(threats - more, (1 - kill) ** each).pmf(np.arange(threats - more + 1)),
    )
    scenario = exact.as_scenario(
        "uniform_allocation", threats=threats, rounds=rounds, kill_probability=kill
    )
    result = lt.simulate(scenario, replications=nights, seed=41 + offset)
    shares = np.bincount(result.leaked.sum("salvo").values, minlength=threats + 1) / nights
    assert (np.abs(shares - pmf) <= 5 * np.sqrt(pmf * (1 - pmf) / nights) + 1 / nights).all()
    if threats:
        assert (result.remaining.values == 0).all()


# ---------------------------------------------------------------- one asset


def fates(scenario: lt.Scenario) -> tuple[Any, float, float]:
    """Leakers by salvo, rounds spent and aim points destroyed in one replication."""
    result = lt.simulate(scenario, replications=2, seed=1).isel(replication=0)
    return result.leaked.values, float(result.expended.sum()), float(result.destroyed.sum())


def test_a_deployment_is_replayed_threat_by_threat() -> None:
    plan = exact.prim_read(0.6, 0.2, integer=True).rounds.values.tolist()
    for threats in (0, 1, 3, 4, 7):
        scenario = exact.as_scenario(exact.prim_read, **MODELS["prim_read"], threats=threats)
        fired = plan[:threats]
        assert [salvo.name for salvo in scenario.salvos] == [
            f"threat {order}" for order in range(1, threats + 1)
        ]
        sure = scenario
        for order in range(1, min(threats, 4) + 1):
            sure = sure.replace(f"interceptors.interceptor.kill_probability.threat {order}", 1.0)
        leakers, spent, destroyed = fates(sure)
        assert leakers.tolist() == [0] * len(fired) + [1] * (threats - len(fired))
        assert (spent, destroyed) == (sum(fired), float(threats > 4))


def test_a_threat_of_a_deployment_may_need_no_round() -> None:
    arguments: Any = {"kill_probability": 1.0, "slope": 0.2, "lethality": 0.6, "integer": True}
    assert exact.prim_read(**arguments).rounds.values.tolist() == [1, 1, 0, 1]
    scenario = exact.as_scenario(exact.prim_read, **arguments)
    leakers, spent, _ = fates(scenario)
    assert (leakers.tolist(), spent) == ([0, 0, 1, 0], 3.0)
    # Without a threat that may need a round there is no plan, and no raid.
    assert exact.as_scenario(exact.prim_read, **arguments | {"slope": 0.7}).salvos == ()


@pytest.mark.parametrize(
    ("threats", "rounds", "kill", "looks", "lethality", "spent"),
    [
        (4, 10, 1.0, 1, 1.0, 4),
        (4, 3, 1.0, 1, 1.0, 0),
        (4, 9, 0.5, 1, 0.5, 9),
        (4, 9, 0.5, 0, 0.5, 0),
        (4, 9, 0.5, 1, 0.0, 0),
        (4, 9, 0.0, 1, 0.5, 0),
        (0, 9, 0.5, 1, 1.0, 0),
    ],
)
def test_the_last_look_fires_the_rounds_of_its_plan(
    threats: int, rounds: int, kill: float, looks: int, lethality: float, spent: int
) -> None:
    arguments: Any = {"threats": threats, "rounds": rounds, "kill_probability": kill}
    arguments |= {"looks": looks, "lethality": lethality}
    found = exact.terminal_defence(**arguments).isel(looks=-1, threats=-1, rounds=-1)
    scenario = exact.as_scenario(exact.terminal_defence, **arguments)
    leakers, fired, destroyed = fates(scenario)
    assert (fired, float(found.rounds_fired)) == (spent, spent)
    if kill == lethality == 1.0:
        assert destroyed == float(found.destroyed) == float(leakers.sum() > 0)


# ---------------------------------------------------------------- streams


@pytest.mark.parametrize("model", ["erlang_b", "abandonment"])
def test_a_stream_leaks_less_at_first_by_no_more_than_is_said(model: str, offset: int) -> None:
    # The deficit of all threats of a stream is between 0 and load + rate * patience, here 10 or
    # 15 of them. The standard error of the mean leakers is below 0.3.
    arguments = {k: v for k, v in MODELS[model].items() if k != "threats"}
    bound = 10.0 + 10.0 * arguments.get("patience", 0.0)
    share = getattr(exact, model)(**arguments)
    for threats in (50, 400):
        found = leaked(exact.as_scenario(model, **arguments, threats=threats), 10_000, 42 + offset)
        error = found.std(ddof=1) / math.sqrt(len(found))
        assert 5 * error < 0.25 * bound
        assert 5 * error < threats * share - found.mean() < bound + 5 * error


def test_the_shortest_times_of_a_stream_are_allowed() -> None:
    arguments = {"arrival_rate": 1e3, "service_rate": 1e3, "channels": 1, "patience": 1e-3}
    assert exact.as_scenario(exact.abandonment, **arguments).layers[0].outer_range == 1e-3
    arguments |= {"patience": 0.0}
    assert exact.as_scenario(exact.abandonment, **arguments).layers[0].outer_range == 0.0


def test_patience_of_nothing_is_erlangs_loss() -> None:
    loss = exact.as_scenario(exact.erlang_b, load=3.0, channels=2)
    waits = exact.as_scenario(
        exact.abandonment, arrival_rate=3.0, service_rate=1.0, channels=2, patience=0.0
    )
    assert waits.replace("name", loss.name) == loss
    longer = loss.replace("layers.defence.outer_range", 0.5)
    assert leaked(longer).mean() < leaked(loss).mean()


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("model", "arguments", "said"),
    [
        (
            exact.rounds_required,
            {},
            "model: must be one of leakers, .*destroyed_by; got 'rounds_req",
        ),
        ("leaker", {}, "got 'leaker'; did you mean 'leakers'"),
        (len, {}, "model: must be one of leakers"),
        (3, {}, "model: must be one of leakers, .*; got 3"),
        (exact.leakers, {"threats": 1}, "leakers: missing a required argument: 'kill_prob.*takes"),
        (exact.leakers, {"threads": 1}, "leakers: .*it takes threats, kill_probability, rounds_"),
        ("leakers", _named(1, 0.5, 1001, 1.0, False), "rounds_each: must be .* to 1000; got 1001"),
        ("leakers", _named(1, 0.5, 1, 2.0, False), "tracking: must be from 0 to 1"),
        (
            exact.raid_annihilation,
            {"threats": [1, 2], "kill_probability": 0.5},
            r"threats: must be a whole number .*got \[1, 2\]",
        ),
        (
            exact.shoot_look_shoot,
            {"kill_probability": [0.5], "looks": 1},
            "kill_probability: must be one number",
        ),
        (
            exact.shoot_look_shoot,
            {"kill_probability": 0.0, "looks": 1},
            "kill_probability: must be above 0, as the simulator fires no round",
        ),
        (
            exact.layered_inventories,
            {"threats": 1, "layers": [(1, 1)]},
            r"layers\[0\]: must be \(rounds, rounds_each, kill_probability\); got \(1, 1\)",
        ),
        (
            exact.layered_inventories,
            {"threats": 1, "layers": [(1, 0, 0.5)]},
            r"layers\[0\] rounds_each: must be a whole number from 1 to 1000",
        ),
        (
            "layered_rounds_left",
            {"threats": 1, "layers": [(1, 1, 0.5), (1, 1, 0.0)]},
            r"layers\[1\] kill_probability: must be above 0, as the simulator fires no round",
        ),
        (
            "uniform_allocation",
            {"threats": 1, "rounds": 1000, "kill_probability": 0.5},
            "rounds: must be less than 1000 for each threat; got 1000 for 1",
        ),
        (
            exact.prim_read,
            {"kill_probability": 0.6, "slope": 0.2},
            "integer: must be True, as the simulator fires whole rounds; got False",
        ),
        (
            exact.prim_read,
            MODELS["prim_read"] | {"slope": 1e-4},
            "threats: must be a whole number from 0 to 1000; got 9999",
        ),
        (
            exact.prim_read,
            MODELS["prim_read"] | {"kill_probability": 1e-3},
            "kill_probability: must need at most 1000 rounds for a threat; got 1609 with 0.001",
        ),
        (
            exact.terminal_defence,
            MODELS["terminal_defence"] | {"looks": 2},
            "looks: must be 0 or 1, as the simulator's salvos do not depend on how many .*got 2",
        ),
        (exact.erlang_b, {"load": 0.0, "channels": 1}, "load: must be a finite number above 0"),
        (exact.erlang_b, {"load": 1.0, "channels": 0}, "channels: must be a whole number from 1"),
        (
            exact.abandonment,
            MODELS["abandonment"] | {"patience": stats.expon()},
            "patience: must be one number, as .*got a distribution",
        ),
        (
            exact.abandonment,
            MODELS["abandonment"] | {"service_rate": 1e6},
            "service_rate: must be at most 1000, a mean engagement of 1 ms; got 1000000.0",
        ),
        (
            exact.abandonment,
            MODELS["abandonment"] | {"patience": 1e-6},
            "patience: must be 0, or at least 1 ms; got 1e-06",
        ),
        (
            exact.tracks_and_channels,
            MODELS["tracks_and_channels"] | {"launch_rate": 1e6},
            "launch_rate: must be .* at most 1000; got 1000000.0",
        ),
        (exact.common_luck, MODELS["common_luck"] | {"common": 1.5}, "common: must be .* got 1.5"),
        (exact.destroyed_by, {"hits": 0, "lethality": 0.5}, "hits: must be a whole number from 1"),
        (
            exact.simultaneous_raid,
            MODELS["simultaneous_raid"] | {"cycle": 4e-7},
            "cycle: must be at least one microsecond; got 4e-07",
        ),
        (
            exact.simultaneous_raid,
            MODELS["simultaneous_raid"] | {"window": 1e10},
            r"window: .* at most 1e\+09; got",
        ),
        (
            exact.simultaneous_raid,
            MODELS["simultaneous_raid"] | {"channels": 0},
            "channels: must be a whole number from 1",
        ),
    ],
)
def test_what_cannot_be_expressed_is_refused(model: Any, arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        exact.as_scenario(model, **arguments)
