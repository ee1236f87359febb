"""Distributions: normalised, compared by value, checked without drawing or evaluating."""

import pickle
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from scipy import stats

from leakthrough.model.defence import Interceptor
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError
from leakthrough.model.scipy_names import shape_names

CONTINUOUS = sorted(n for n, d in vars(stats).items() if isinstance(d, stats.rv_continuous))


def killing(value: object) -> Distribution:
    made = Interceptor(name="i", kill_probability={"drone": value}).kill_probability["drone"]
    assert isinstance(made, Distribution)
    return made


def refusal(value: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        Interceptor(name="i", kill_probability={"drone": value})
    assert len(caught.value.mistakes) == 1
    return caught.value.mistakes[0].removeprefix("kill_probability.drone: ")


def lasting_refusal(value: object) -> str:
    with pytest.raises(ScenarioError) as caught:
        Interceptor(name="i", kill_probability={}, flight_time=value)
    return str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        stats.beta(2, 5),
        stats.beta(2, b=5, loc=0),
        stats.beta(b=5, a=np.int64(2), scale=1.0),
        stats.beta(np.array(2.0), 5, 0, 1),
        {"dist": "beta", "a": 2, "b": 5},
        {"b": 5.0, "scale": 1, "dist": "beta", "a": 2.0},
        Distribution(dist="beta", parameters={"a": 2, "b": 5}),
    ],
)
def test_all_ways_to_give_a_distribution_become_one_value(given: object) -> None:
    made = killing(given)
    assert made == Distribution(dist="beta", parameters={"a": 2.0, "b": 5.0})
    assert hash(made) == hash(killing(stats.beta(2, 5)))
    assert list(made.parameters) == ["a", "b"]


def test_location_and_scale_are_kept_where_they_say_something() -> None:
    made = killing(stats.beta(2, 5, 0.25, scale=0.5))
    assert made.parameters == {"a": 2, "b": 5, "loc": 0.25, "scale": 0.5}
    assert made.support() == (0.25, 0.75)
    assert made.model_dump() == {"dist": "beta", "a": 2, "b": 5, "loc": 0.25, "scale": 0.5}


def test_it_gives_the_scipy_distribution_back() -> None:
    assert (
        killing(stats.beta(2, 5, 0.25, 0.5)).frozen().mean() == stats.beta(2, 5, 0.25, 0.5).mean()
    )


def test_it_cannot_be_changed_and_can_be_pickled() -> None:
    made = killing(stats.beta(2, 5))
    with pytest.raises(TypeError, match="cannot be changed"):
        made.parameters["a"] = 3  # type: ignore[index]
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301


def test_distributions_that_differ_are_not_equal() -> None:
    assert killing(stats.beta(2, 5)) != killing(stats.beta(2, 5.5))
    assert killing(stats.beta(2, 5)) != killing(stats.uniform())


def test_importing_the_scenario_does_not_import_scipy_stats() -> None:
    code = "import sys, leakthrough.model.documents; sys.exit('scipy.stats' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dist": "bta", "a": 2, "b": 5}, "got 'bta'; did you mean 'beta'?"),
        ({"dist": "poisson", "mu": 2}, "poisson is for numbers of threats and of rounds only"),
        ({"dist": "rv_continuous"}, "must name a continuous scipy.stats distribution"),
        ({"dist": "__import__('os')"}, "must name a continuous scipy.stats distribution"),
        ({"dist": ["beta"]}, "must name a continuous scipy.stats distribution; got ('beta',)"),
        ({"a": 2}, "dist is missing"),
        ({"dist": "beta", "a": 2}, "beta needs the parameter b"),
        ({"dist": "beta"}, "beta needs the parameter a, b"),
        ({"dist": "beta", "a": 2, "b": 5, "scal": 1}, "'scal'; it takes a, b, loc, scale; did you"),
        ({"dist": "beta", "a": 2, "b": 5, 3: 1}, "beta has no parameter 3"),
        ({"dist": "beta", "a": "2", "b": 5}, "a of beta must be a number; got '2'"),
        ({"dist": "beta", "a": True, "b": 5}, "a of beta must be a number; got True"),
        ({"dist": "beta", "a": [2], "b": 5}, "a of beta must be a number; got (2,)"),
        ({"dist": "beta", "a": float("nan"), "b": 5}, "a of beta must be a finite number; got nan"),
        ({"dist": "beta", "a": 10**400, "b": 5}, "a of beta must be a finite number; got 1000"),
        ({"dist": "beta", "a": -1, "b": 5}, "scipy.stats.beta does not allow the parameters"),
        (
            {"dist": "beta", "a": 2, "b": 5, "scale": 0},
            "scale of beta must be greater than 0; got 0.0",
        ),
        (
            {"dist": "beta", "parameters": 3},
            "parameters must be a table of names and numbers; got 3",
        ),
        (stats.beta([2, 3], 5), "a of beta must be a number; got (2, 3)"),
        (stats.poisson(3), "poisson is for numbers of threats and of rounds only"),
        (
            stats.rv_discrete(values=([0, 1], [0.5, 0.5]))(),
            "that scipy.stats itself provides",
        ),
        (
            stats.norm(0.5, 0.1),
            "must not fall below 0, but norm reaches -inf; use beta or truncnorm",
        ),
        (stats.expon(), "must not rise above 1, but expon reaches inf; use beta or truncnorm"),
        (stats.uniform(0.5, 1), "must not rise above 1, but uniform reaches 1.5"),
        (stats.beta, "must be a number in [0, 1] or a frozen scipy.stats distribution; got <scipy"),
        ("beta(2, 5)", "or a frozen scipy.stats distribution; got 'beta(2, 5)'"),
        (True, "or a frozen scipy.stats distribution; got True"),
        (None, "or a frozen scipy.stats distribution; got None"),
        (1.5, "must be a number in [0, 1]; got 1.5"),
        (float("nan"), "must be a number in [0, 1]; got nan"),
    ],
)
def test_what_cannot_be_a_kill_probability(given: object, said: str) -> None:
    assert said in refusal(given)


def test_a_distribution_that_only_looks_like_one_of_scipy_is_refused() -> None:
    class Norm(stats.rv_continuous):
        pass

    assert "that scipy.stats itself provides" in refusal(Norm(name="norm")())


def test_a_time_may_not_be_negative() -> None:
    assert "norm reaches -inf; use truncnorm or lognorm" in lasting_refusal(stats.norm(20, 1))
    assert "must be a number in [0, 1e+09]; got -1" in lasting_refusal(-1)
    assert Interceptor(name="i", kill_probability={}, flight_time=stats.lognorm(0.5)).flight_time
    assert Interceptor(name="i", kill_probability={}, flight_time=np.float32(2)).flight_time == 2.0


def test_construction_by_name_is_checked_too() -> None:
    with pytest.raises(ScenarioError, match="in Distribution:\n  beta needs the parameter b"):
        Distribution(dist="beta", parameters={"a": 2})


@pytest.mark.parametrize("name", CONTINUOUS)
def test_every_distribution_is_checked_at_once_and_without_a_warning(name: str) -> None:
    began = time.process_time()
    for number in (0, -1, 0.5, 1, 2, 3.5, 1e-300, 1e300, -1e300):
        for extra in ({}, {"loc": 1e300, "scale": 1e300}, {"scale": 1e-300}):
            shapes = dict.fromkeys(shape_names(name), number)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    made = Distribution.model_validate({"dist": name, **shapes, **extra})
                except ValueError:
                    continue
            low, high = made.support()
            assert low <= high
    assert time.process_time() - began < 1.0
