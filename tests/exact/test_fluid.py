"""The fluid, against limits in which it is exact, other formulas, and simulation."""

import math
import runpy
from importlib import resources
from pathlib import Path
from typing import Any

import lively
import numpy as np
import pytest
import strategies
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from raids import INF, PLENTY, battery, gun, layer, magazine, raid, salvo
from scipy import integrate
from scipy.special import ndtr

import leakthrough as lt
from leakthrough import exact
from leakthrough.exact._fluid import queue, stock

ERROR = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "fluid_error.py"))

GAUSS = np.polynomial.legendre.leggauss(100)


def night() -> lt.Scenario:
    """The shipped reference scenario."""
    file = resources.files("leakthrough") / "scenarios" / "night_of_2025_07_04.toml"
    return lt.load_scenario(str(file))


def leaked(scenario: lt.Scenario) -> float:
    """Expected leakers of a raid."""
    return float(exact.fluid(scenario).leaked.sum())


# ---------------------------------------------------------------- where it is exact


@given(st.floats(0.0, 1.0), st.integers(1, 6), st.integers(0, 500), st.floats(0.0, 1.0))
def test_where_nothing_is_scarce_it_is_the_binomial_mean(
    kill: float, looks: int, threats: int, soft: float
) -> None:
    """Engagements of 2 s in a window of 10 s, one after another, as many as `max_salvos` allows."""
    many = battery(channels=PLENTY, assessment_time=2.0, doctrine=lt.Doctrine(max_salvos=looks))
    one = layer("L", many, soft_kill={"t": soft}, sensor=lt.Sensor(detection={"t": 0.7}))
    for arrival in (0.0, lt.Uniform(start=0.0, stop=50.0), lt.Poisson(start=0.0, rate=3.0)):
        scenario = raid(salvo(count=threats, arrival=arrival), one, gun(kills=kill))
        expected = threats * (1.0 - soft) * (0.3 + 0.7 * (1.0 - kill) ** looks)
        assert math.isclose(leaked(scenario), expected, rel_tol=1e-9, abs_tol=1e-9)


@given(st.floats(0.05, 1.0), st.integers(0, 40), st.integers(1, 3), st.integers(1, 4))
def test_a_surely_emptied_magazine_kills_in_proportion(
    kill: float, rounds: int, count: int, looks: int
) -> None:
    spent = battery(
        channels=PLENTY,
        rounds=rounds,
        count=count,
        assessment_time=1.0,
        doctrine=lt.Doctrine(max_salvos=looks),
    )
    scenario = raid(
        salvo(count=900, arrival=lt.Regular(start=0.0, interval=1.0)),
        layer("L", spent),
        gun(kills=kill),
    )
    found = exact.fluid(scenario)
    assert math.isclose(float(found.killed.sum()), rounds * count * kill, abs_tol=1e-6)
    assert math.isclose(float(found.expended.sum()), rounds * count, abs_tol=1e-6)
    assert np.allclose(found.dry, float(rounds > 0), atol=1e-6)
    assert np.isfinite(found.depletion_time).all() or rounds == 0


@pytest.mark.parametrize("load", [1.5, 2.0, 4.0])
def test_many_channels_far_over_capacity_are_a_fluid(load: float) -> None:
    """The raid lasts 1667 cycles or more; the backlog after it is one of a thousandth."""
    many = battery(channels=200, assessment_time=10.0, doctrine=lt.Doctrine(max_salvos=1))
    arrival = lt.Poisson(start=0.0, rate=20.0 * load)
    scenario = raid(salvo(count=1_000_000, arrival=arrival), layer("L", many, outer=500.0))
    assert math.isclose(leaked(scenario) / 1e6, 1.0 - 1.0 / load, rel_tol=0.002)


def test_little_or_nothing_to_do() -> None:
    plain = salvo(count=7)
    assert leaked(raid(plain, [])) == 7.0
    assert leaked(raid(plain, layer("L"))) == 7.0
    assert leaked(raid(plain, layer("L", battery(count=0)))) == 7.0
    assert leaked(raid(plain, layer("L", battery(rounds=0)))) == 7.0
    assert leaked(raid(plain, layer("L", battery()), gun(kills=0.0))) == 7.0
    assert leaked(raid(plain, layer("L", battery(axes=[])), gun(kills={"t": 0.0}))) == 7.0
    assert leaked(raid(plain, layer("L", battery(reaction_time=11.0)))) == 7.0
    soft = exact.fluid(raid(plain, [layer("A", soft_kill={"t": 0.25}), layer("B", outer=1.0)]))
    assert (float(soft.leaked.sum()), float(soft.soft_killed.sum())) == (5.25, 1.75)
    assert leaked(raid(salvo(count=0), layer("L", battery()))) == 0.0
    assert exact.fluid(raid([], [])).sizes["salvo"] == 0
    assert exact.fluid(raid([], layer("L", battery()))).engagements.values.tolist() == [0.0]


@pytest.mark.parametrize("available", [0.0, 0.3, 1.0])
def test_layers_that_are_down_do_nothing(available: float) -> None:
    sensor = lt.Sensor(availability=available)
    rings = [
        layer(name, battery(f"{name}1", channels=99, assessment_time=9.0), outer=o, sensor=sensor)
        for name, o in [("A", 3000.0), ("B", 1000.0), ("C", 900.0), ("D", 800.0), ("E", 700.0)]
    ]
    assert math.isclose(
        leaked(raid(salvo(count=8), rings)), 8.0 * (1.0 - available) ** 5, abs_tol=1e-9
    )


# ---------------------------------------------------------------- its parts


@given(st.floats(0.05, 5.0), st.integers(1, 60), st.floats(0.0, 5.0))
def test_one_look_is_barrers_formula(load: float, channels: int, longest: float) -> None:
    number = np.full((1, 1), float(channels))
    found = queue.lost_looks(
        np.full((1, 1), load), number, np.ones((1, 1)), np.ones((1, 1)), np.array([longest])
    )
    expected = exact.patience(load * channels, 1.0, channels, longest)
    assert math.isclose(float(found[0, 0]), expected, rel_tol=1e-6, abs_tol=1e-12)


@given(st.floats(0.05, 5.0), st.integers(1, 30), st.floats(0.1, 0.9), st.floats(0.1, 2.0))
def test_two_looks_by_quadrature(load: float, channels: int, late: float, longest: float) -> None:
    """The density of the virtual wait, integrated numerically, and what is lost at each wait."""
    first = longest / 3.0

    def exponent(u: float) -> float:
        gets = load - 1.0, load * (1.0 - late) - 1.0
        return channels * (gets[0] * min(u, first) + gets[1] * max(u - first, 0.0))

    top = max(0.0, exponent(first), exponent(longest))

    def mass(low: float, high: float) -> float:
        found, _ = integrate.quad(lambda u: math.exp(exponent(u) - top), low, high)
        return channels * float(found)

    free = (1.0 / exact.erlang_b(load * channels, channels) - 1.0) * math.exp(-top)
    parts = free, mass(0.0, first), mass(first, longest), math.exp(exponent(longest) - top)
    expected = (late * parts[2] + parts[3]) / sum(parts)
    found = queue.lost_looks(
        np.full((1, 1), load),
        np.full((1, 1), float(channels)),
        np.array([[1.0 - late, late]]),
        np.ones((1, 1)),
        np.array([longest, first]),
    )
    assert math.isclose(float(found[0, 0]), expected, rel_tol=1e-6, abs_tol=1e-12)


@given(st.floats(0.01, 2000.0), st.integers(0, 300))
def test_erlangs_loss_with_the_gamma_function(load: float, channels: int) -> None:
    found = 1.0 / queue.inverse_erlang(np.full(1, load), np.full(1, float(channels)))[0]
    assert math.isclose(found, exact.erlang_b(load, channels), rel_tol=2e-3, abs_tol=1e-18)


@given(st.floats(0.0, 100.0), st.floats(0.01, 50.0), st.floats(0.0, 100.0))
def test_what_is_met_of_a_normal_demand(mean: float, spread: float, held: float) -> None:
    """The stock less the integral of the distribution function up to it, by Gauss's rule."""
    nodes, weights = GAUSS
    middle, half = (held + mean) / 2.0 - 5.0 * spread, (held - mean) / 2.0 + 5.0 * spread
    if held > mean + 10.0 * spread:
        expected = mean
    elif half <= 0.0:
        expected = held
    else:
        expected = held - half * float(weights @ ndtr((middle + half * nodes - mean) / spread))
    found = stock.expected_met(np.full(1, mean), np.full(1, spread**2), held)[0]
    assert math.isclose(found, np.clip(expected, 0.0, min(mean, held)), abs_tol=1e-6)


@pytest.mark.parametrize(
    ("x", "blur"), [(0.0, 0.0), (3.7, 0.0), (3.7, 0.5), (3.2, 0.9), (0.4, 1.0)]
)
def test_the_mean_of_a_floor(x: float, blur: float) -> None:
    low = max(x - blur, 0.0)
    expected = float(np.floor(np.linspace(low, x, 100_001)).mean())
    assert math.isclose(queue._mean_floor(x, blur), expected, abs_tol=1e-3)


# ---------------------------------------------------------------- what always holds


def conserved(found: xr.Dataset) -> None:
    """Threats and rounds are neither made nor lost; no number is negative."""
    stopped = found.killed.sum("layer") + found.soft_killed.sum("layer")
    assert np.allclose(found.leaked + stopped, found.launched, rtol=0.0, atol=1e-9)
    finite = np.isfinite(found.rounds)
    left = found.remaining + (found.rounds_lost if "rounds_lost" in found else 0.0)
    balance = (found.rounds + found.reloaded - found.expended - left).where(finite, 0.0)
    assert np.allclose(balance, 0.0, rtol=0.0, atol=1e-6)
    for name in ("leaked", "killed", "soft_killed", "expended", "busy_time", "engagements"):
        assert (found[name] >= -1e-9).all()
    assert ((found.busy >= 0.0) & (found.busy <= 1.0)).all()
    assert found.dry.isnull().sum() == 0
    assert ((found.dry >= 0.0) & (found.dry <= 1.0 + 1e-12)).all()


@settings(max_examples=40)
@given(st.integers(0, 10**6))
def test_lively_raids_are_conserved(number: int) -> None:
    conserved(exact.fluid(lively.scenario(number)))


@settings(max_examples=40)
@given(strategies.scenarios())
def test_strange_raids_are_conserved(scenario: lt.Scenario) -> None:
    conserved(exact.fluid(scenario))


def family(pick: dict[str, Any]) -> lt.Scenario:
    """Rings of like batteries against drones, and missiles of another priority."""
    arrival = {
        "burst": lt.At(time=0.0),
        "uniform": lt.Uniform(start=0.0, stop=pick["span"]),
        "poisson": lt.Poisson(start=0.0, rate=100.0 / pick["span"]),
    }[pick["arrival"]]
    rings = [
        layer(
            f"ring {n}",
            battery(
                f"battery {n}",
                count=pick["count"],
                channels=pick["channels"],
                reaction_time=10.0,
                assessment_time=5.0,
                magazines=[magazine("gun", pick["rounds"], reserved=pick["reserved"])],
                doctrine=lt.Doctrine(salvo_size=pick["size"], max_salvos=pick["most"]),
            ),
            outer=pick["window"] * 1000.0 * (n + 1),
            inner_range=pick["window"] * 1000.0 * max(n - pick["overlap"], 0.0),
        )
        for n in range(pick["rings"])
    ]
    return raid(
        [
            salvo("s", pick["threats"], arrival),
            salvo("m", pick["missiles"], lt.Uniform(start=50.0, stop=200.0), "m"),
        ],
        rings,
        gun("gun", {"t": pick["kill"], "m": pick["kill"]}, flight_time=5.0),
        [lt.Threat(name="t", speed=50.0), lt.Threat(name="m", speed=80.0, priority=1)],
    )


families = st.fixed_dictionaries(
    {
        "window": st.sampled_from([0.8, 1.5, 2.3, 4.0]),
        "rings": st.sampled_from([1, 1, 2]),
        "overlap": st.sampled_from([0.0, 0.0, 0.5]),
        "size": st.sampled_from([1, 1, 2]),
        "most": st.sampled_from([None, None, 1, 2]),
        "span": st.sampled_from([10.0, 100.0, 500.0, 2000.0]),
        "arrival": st.sampled_from(["burst", "uniform", "poisson"]),
        "threats": st.sampled_from([20, 100, 400]),
        "missiles": st.sampled_from([0, 0, 12]),
        "reserved": st.sampled_from([0, 0, 5]),
        "rounds": st.sampled_from([5, 20, 100, 1000]),
        "channels": st.sampled_from([1, 3, 8]),
        "count": st.sampled_from([1, 2, 5]),
        "kill": st.sampled_from([0.3, 0.6, 0.9]),
    }
)


@settings(max_examples=40)
@given(families, st.data())
@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("rounds", [0, 1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 100, 200, 400]),
        ("channels", [1, 2, 3, 4, 5, 6, 8, 10, 14, 20, 30, 60]),
        ("count", [1, 2, 3, 4, 6, 8, 12, 20]),
        ("kill", [0.0, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 1.0]),
    ],
)
def test_more_never_hurts(
    field: str, values: list[float], pick: dict[str, Any], data: st.DataObject
) -> None:
    low, high = sorted(data.draw(st.lists(st.sampled_from(values), min_size=2, max_size=2)))
    worse, better = leaked(family({**pick, field: low})), leaked(family({**pick, field: high}))
    assert better <= worse + 1e-6 * (pick["threats"] + pick["missiles"])


def test_it_answers_smoothly() -> None:
    """Of 400 threats no round, and no channel, changes the leakers by more than it could kill."""
    pick: dict[str, Any] = {
        "window": 2.3, "rings": 1, "overlap": 0.0, "size": 1, "most": None, "span": 500.0,
        "arrival": "uniform", "threats": 400, "missiles": 12, "reserved": 5, "rounds": 200,
        "channels": 8, "count": 2, "kill": 0.6,
    }  # fmt: skip
    by_rounds = [leaked(family({**pick, "rounds": n})) for n in range(0, 300, 3)]
    assert np.abs(np.diff(by_rounds)).max() <= 3 * 2 * 0.6 + 1e-6
    by_channels = [leaked(family({**pick, "channels": n})) for n in range(1, 60)]
    assert np.abs(np.diff(by_channels)).max() <= 2 * (540.0 / 20.0 + 1.0)


# ---------------------------------------------------------------- against simulation


@pytest.mark.parametrize("number", range(0, 90, 9))
def test_within_ten_per_cent_in_the_regime(number: int, offset: int) -> None:
    """Raids of the grid with some hundred leakers: standard errors below 1 %."""
    some = [
        case
        for case in ERROR["cases"]()
        if case.threats == 200 and case.layers <= 2 and case.window < 4.0
    ]
    row = ERROR["compare"](some[number * len(some) // 90], replications=100, seed=1 + offset)
    assert row.leaked > 10.0
    assert abs(row.leaked_fluid - row.leaked) <= 0.1 * row.leaked + 5.0 * row.error
    assert abs(row.round_error) < 0.1


def test_the_reference_night(offset: int) -> None:
    """5 sigma of 300 nights: it would see 4 % of the leakers and 1 % of the rounds."""
    found = exact.fluid(night())
    result = lt.simulate(night(), replications=300, seed=4 + offset)
    for name, dims, part in [
        ("leaked", ["salvo"], 0.02),
        ("soft_killed", ["salvo", "layer"], 0.001),
        ("killed", ["salvo", "layer"], 0.005),
        ("expended", ["battery", "interceptor"], 0.005),
        ("engagements", ["battery"], 0.005),
        ("busy_time", ["battery"], 0.005),
    ]:
        simulated = result[name].sum(dims)
        error = 5.0 * float(simulated.std(ddof=1)) / 300**0.5
        mean = float(simulated.mean())
        assert abs(float(found[name].sum()) - mean) <= error + part * mean


def test_a_magazine_runs_dry_when_it_does_in_the_simulation(offset: int) -> None:
    scenario = raid(
        salvo(count=300, arrival=lt.Uniform(start=0.0, stop=3000.0)),
        layer("L", battery(rounds=100, channels=9, assessment_time=2.0)),
        gun(kills=0.8),
    )
    result = lt.simulate(scenario, replications=200, seed=9 + offset)
    found = exact.fluid(scenario)
    # About 80 threats, a tenth of a second's rate each: a standard deviation of some 80 s.
    assert abs(float(found.depletion_time.sum()) - float(result.depletion_time.mean())) < 80.0
    assert float(found.dry.sum()) > 0.999


def test_reloads_and_reserves_and_losses(offset: int) -> None:
    """A priority draws on the reserve, reloads come, and a battery is destroyed on the way."""
    reloaded = magazine("gun", 10, reloads=3, reload_rounds=10, reload_time=100.0)
    scenario = raid(
        [
            salvo("s", 150, lt.Uniform(start=0.0, stop=1000.0)),
            salvo("m", 20, lt.Uniform(start=0.0, stop=1000.0), "m", target="B"),
        ],
        layer(
            "L",
            battery("A", magazines=[reloaded], channels=4, assessment_time=4.0),
            battery(
                "B", magazines=[magazine("gun", 60, reserved=20)], channels=4, assessment_time=4.0
            ),
        ),
        gun(kills={"t": 0.7, "m": 0.7}),
        [
            lt.Threat(name="t", speed=100.0),
            lt.Threat(name="m", speed=300.0, priority=1, lethality=0.5),
        ],
    )
    result = lt.simulate(scenario, replications=400, seed=3 + offset).mean("replication")
    found = exact.fluid(scenario)
    conserved(found)
    assert math.isclose(float(found.leaked.sum()), float(result.leaked.sum()), rel_tol=0.1)
    assert math.isclose(float(found.reloaded.sum()), float(result.reloaded.sum()), rel_tol=0.1)
    assert math.isclose(float(found.lost.sum()), float(result.lost.sum()), abs_tol=0.1)


def test_a_lasting_overload_takes_the_same_share_of_short_and_long_windows(offset: int) -> None:
    """By deadlines 10 s and 60 s after the opening: both end up being served at the last moment."""
    scenario = raid(
        [
            salvo("slow", 200, lt.Uniform(start=0.0, stop=400.0)),
            salvo("fast", 100, lt.Uniform(start=0.0, stop=400.0), "m"),
        ],
        layer("L", battery(channels=4, assessment_time=10.0), outer=6000.0),
        gun(kills={"t": 1.0, "m": 1.0}),
        [lt.Threat(name="t", speed=100.0), lt.Threat(name="m", speed=600.0)],
    )
    result = lt.simulate(scenario, replications=200, seed=5 + offset).leaked.mean("replication")
    found = exact.fluid(scenario).leaked
    assert (abs(found / result - 1.0) < 0.1).all()


def test_names_and_words_are_those_of_a_result() -> None:
    found = exact.fluid(night())
    result = lt.simulate(night(), replications=2, seed=1)
    for name in found.data_vars:
        if name not in ("dry", "busy"):
            dims = tuple(dim for dim in result[name].dims if dim != "replication")
            assert found[name].dims == dims
            assert found[name].attrs["units"] == result[name].attrs["units"]
    for name in found.coords:
        assert found[name].values.tolist() == result[name].values.tolist()
    assert found.identical(exact.fluid(night()))
    endless = raid(salvo(count=3), layer("L", battery(rounds=INF, assessment_time=1.0)))
    assert exact.fluid(endless).remaining.values.tolist() == [[-1.0]]


@pytest.mark.parametrize("what", [None, "night", {"name": "x"}, 3])
def test_what_is_no_scenario_is_refused(what: Any) -> None:
    with pytest.raises(ValueError, match="scenario: must be a Scenario; got"):
        exact.fluid(what)
