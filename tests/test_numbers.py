"""Numbers in every form in which people hold them, wherever numbers are taken."""

import copy
import enum
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import doors
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import leakthrough as lt
from leakthrough.statistics.intervals import wilson

KILL, ROUNDS = doors.KILL, doors.ROUNDS
ONE: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "Decimal": Decimal,
    "Fraction": Fraction,
    "long": np.longdouble,
    "NumPy": np.float64,
    "float32": np.float32,
    "no dimension": np.array,
    "DataArray": xr.DataArray,
    "of a table": lambda n: pd.Series([n]).iloc[0],
    "of a Dataset": lambda n: xr.Dataset({"x": n})["x"],
}
MANY: dict[str, Callable[[Any], Any]] = {
    "list": list,
    "Decimals": lambda n: [Decimal(one) for one in n],
    "Fractions as objects": lambda n: np.array([Fraction(one) for one in n], object),
    "tuple": tuple,
    "array": np.array,
    "linspace": lambda n: np.linspace(n[0], n[-1], len(n)),
    "DataArray": lambda n: xr.DataArray(list(n), dims="n"),
    "Series": pd.Series,
    "Index": pd.Index,
    "nullable": lambda n: pd.Series(list(n), dtype="Int64"),
}


@pytest.mark.parametrize("form", ONE)
def test_one_number_may_have_any_form(form: str) -> None:
    of, scenario = ONE[form], doors.scenario()
    assert lt.Threat(name="t", speed=of(50.0), priority=of(2)).priority == 2
    assert lt.Magazine(interceptor="i", rounds=of(7)).rounds == 7
    assert lt.Doctrine(salvo_size={"t": of(2)}).salvo_size == {"t": 2}
    assert lt.Doctrine(salvo_size=of(2)).salvo_size == 2
    assert lt.Stock(interceptor="i", rounds=of(5), rate=of(1.0)).rounds == 5
    assert lt.Interceptor(name="i", kill_probability={"t": of(0.5)}, cost=of(2.0)).cost == 2.0
    assert lt.Distribution(dist="beta", parameters={"a": of(2), "b": of(3)}).parameters["a"] == 2.0
    assert scenario.replace(ROUNDS, of(7)).digest == scenario.replace(ROUNDS, 7).digest
    same = lt.simulate(scenario, replications=of(5), seed=of(3), workers=of(1))
    xr.testing.assert_identical(same, lt.simulate(scenario, replications=5, seed=3))
    exact = lt.exact.finite_magazine(of(9), of(5), of(0.5), of(2))
    xr.testing.assert_identical(exact, lt.exact.finite_magazine(9, 5, 0.5, 2))
    assert lt.exact.erlang_b(of(2.0), of(3)) == lt.exact.erlang_b(2.0, 3)
    assert lt.exact.abandonment(of(1.0), of(1.0), of(2), of(0.5)) > 0.0
    assert wilson(of(3), of(5), of(0.5)).tolist() == wilson(3, 5, 0.5).tolist()
    assert lt.Goal("leakers", at_most=of(3.0), quantile=of(0.5)).label
    assert lt.summary(same, of(0.5)).confidence == 0.5
    lt.tornado(scenario, {KILL: (of(0.5), of(0.75))}, replications=5, seed=1)
    lt.saturation_point(
        scenario, {ROUNDS: (of(1), of(9))}, "leak_rate", of(0.5), replications=20, seed=1
    )
    lt.allocate(scenario, [ROUNDS], of(2.0), of(1.0), most=of(30), replications=20, seed=1)


@pytest.mark.parametrize("form", MANY)
def test_several_numbers_may_have_any_form(form: str) -> None:
    of, scenario = MANY[form], doors.scenario()
    assert lt.Times(times=of([1, 2, 3])).times == (1.0, 2.0, 3.0)
    run: Any = {"replications": 5, "seed": 3}
    sampled = lt.simulate(scenario, timeline=of([0, 5, 10]), **run)
    xr.testing.assert_identical(sampled, lt.simulate(scenario, timeline=[0.0, 5.0, 10.0], **run))
    found = lt.sweep(scenario, {"rounds": {ROUNDS: of([10, 20, 30])}}, measures=["leakers"], **run)
    plain = lt.sweep(scenario, {"rounds": {ROUNDS: [10, 20, 30]}}, measures=["leakers"], **run)
    xr.testing.assert_identical(found, plain)
    assert lt.exact.raid_annihilation(10, 0.8, of([1, 2, 3])).shape == (3,)
    assert wilson(of([0, 1, 2]), 5).shape == (4, 3)
    axis: Any = {ROUNDS: of([1, 9])}
    lt.saturation_point(scenario, axis, "leak_rate", 0.5, replications=20, seed=1)


class Text(enum.StrEnum):
    """A text of a class of its own."""

    LEAKERS = "leakers"
    DRONE = "drone"


class Number(enum.IntEnum):
    """A whole number of a class of its own."""

    SEVEN = 7


def test_texts_and_numbers_may_have_classes_of_their_own() -> None:
    assert repr(lt.Measure(Text.LEAKERS)) == repr(lt.Measure("leakers"))
    threat = lt.Threat(name=Text.DRONE, speed=Number.SEVEN)
    assert repr(threat) == "Threat(name='drone', speed=7.0)"
    assert lt.Magazine(interceptor="i", rounds=Number.SEVEN).rounds == 7
    table = {Text.DRONE: 0.5, np.str_("boat"): 0.25}
    gun = lt.Interceptor(name="gun", kill_probability=table)
    assert gun.kill_probability == {"drone": 0.5, "boat": 0.25}


def test_what_is_no_number_is_refused() -> None:
    for wrong in (np.timedelta64(5, "ns"), np.timedelta64("NaT"), np.datetime64("NaT", "ns")):
        with pytest.raises(lt.ScenarioError, match="cost: must be a number"):
            lt.Threat(name="t", speed=1.0, cost=wrong)
    with pytest.raises(lt.ScenarioError, match="times: must be a list"):
        lt.Times(times=pd.Series(pd.to_timedelta([1, 2])))
    with pytest.raises(lt.ScenarioError, match="must be a table of names and values"):
        lt.Interceptor(name="i", kill_probability=xr.Dataset())
    with pytest.raises(lt.ScenarioError, match="rounds: must be a whole number"):
        lt.Magazine(interceptor="i", rounds=Decimal("1e400"))
    axes: Any = {"r": {ROUNDS: [10**400, 3]}}
    with pytest.raises(lt.ScenarioError, match=r"(?s)^in the point .*rounds: must be"):
        lt.sweep(doors.scenario(), axes, measures=["leakers"], replications=2)
    for path in (pd.NA, object()):
        with pytest.raises(lt.ScenarioError, match=r"^path: a path must be text"):
            lt.size_for_goal(**{**doors._of_studies()["size_for_goal"], "path": path})


def test_what_says_nothing_is_refused() -> None:
    scenario = doors.scenario()
    run: Any = {"replications": 5, "seed": 1}
    calls: list[tuple[Callable[[], Any], str]] = [
        (lambda: lt.Measure("at_most", count=10**400), "count: must be a whole number from 0 to"),
        (lambda: lt.tornado(scenario, {KILL: (0.5, 0.5)}, **run), "ranges, .*two different"),
        (
            lambda: lt.sweep(scenario, {"r": {ROUNDS: {1, 2}}}, measures=["leakers"], **run),
            "axis r, .*must be a list of values",
        ),
        (
            lambda: lt.compare({"a\0": scenario, "b": scenario}, measures=["leakers"], **run),
            "options: a name must not contain control characters",
        ),
    ]
    for call, text in calls:
        with pytest.raises(ValueError, match=text):
            call()


def test_a_price_may_be_tiny() -> None:
    given = doors._of_studies()["allocate"]
    found = lt.allocate(**{**given, "costs": {ROUNDS: 5e-324}, "measure": "leakers"})
    assert 0 < found.allocation.item() <= given["most"]
    with pytest.raises(ValueError, match=r"^most: must be above least"):
        lt.allocate(**{**given, "most": 0})


MADE = stats.make_distribution(stats.beta)
NEW: list[tuple[Any, str]] = [
    (stats.Normal(mu=0.5, sigma=0.1), r"norm\(loc=0.5, scale=0.1\)"),
    (stats.Normal(), r"norm\(\)"),
    (stats.Uniform(a=0.25, b=0.75), r"uniform\(loc=0.25, scale=0.5\)"),
    (MADE(a=2.0, b=3.0), r"beta\(a=2, b=3\)"),
    (stats.make_distribution(stats.expon)(), r"expon\(\)"),
    (stats.make_distribution(stats.lognorm)(s=0.5), r"lognorm\(s=0.5\)"),
    (stats.make_distribution(stats.weibull_min)(c=2.0), r"weibull_min\(c=2\)"),
    (stats.make_distribution(stats.gamma)(a=2.0), r"gamma\(a=2\)"),
    (stats.make_distribution(stats.uniform)(), r"uniform\(\)"),
    (stats.make_distribution(stats.chi2)(df=3.5), r"chi2\(df=3.5\)"),
    (stats.make_distribution(stats.gumbel_r)(), r"gumbel_r\(\)"),
    (MADE(a=1 / 3, b=3.0), r"beta\(a=0.333333333333333, b=3\)"),
    (stats.make_distribution(stats.logistic)(), r"logistic\(\)"),
]
"""Those with a frozen twin, which take its place."""


REFUSED: list[tuple[Any, str]] = [
    (2.0 * MADE(a=2.0, b=3.0) + 1.0, r"beta\(a=2, b=3, loc=1, scale=2\)"),
    (1.0 - stats.Normal(mu=0.25, sigma=0.1), r"norm\(loc=0.75, scale=0.1\)"),
    (
        stats.truncate(stats.Normal(mu=0.5, sigma=0.25) * 2.0, lb=0.0, ub=2.0),
        r"truncnorm\(a=-2, b=2, loc=1, scale=0.5\)",
    ),
    *(
        (new, r"a frozen one, such as scipy.stats.truncnorm\(-2, 2, loc=0.5")  # there is no twin
        for new in (
            -MADE(a=2.0, b=3.0),
            stats.exp(stats.Normal()),
            stats.truncate(MADE(a=2.0, b=3.0), lb=0.1),
            stats.make_distribution(stats.argus)(chi=1.0),
            stats.Normal(mu=[0.4, 0.5], sigma=0.1),
            copy.copy(stats.Normal(mu=0.5, sigma=0.1)),  # of SciPy 1.17: the standard normal
        )
    ),
    (stats.Mixture([stats.Normal(), stats.Normal(mu=1.0)]), "use a leakthrough.Mixture"),
]
WHOLE: list[tuple[Any, Any]] = []
if hasattr(stats, "Binomial"):  # from SciPy 1.16 on
    POISSON: Any = stats.make_distribution(stats.poisson)  # type: ignore[arg-type]
    NEW += [(stats.Logistic(), r"logistic\(\)")]
    WHOLE += [
        (stats.Binomial(n=3, p=0.5), stats.binom(3, 0.5)),
        (POISSON(mu=3.0), stats.poisson(3.0)),
    ]


@pytest.mark.parametrize(("new", "frozen"), WHOLE)
def test_a_new_distribution_of_whole_numbers_becomes_its_frozen_twin(new: Any, frozen: Any) -> None:
    one, other = (
        lt.Salvo(name="s", threat="t", count=count, arrival=lt.At(time=0.0))
        for count in (new, frozen)
    )
    assert one == other
    assert isinstance(one.count, lt.Distribution)
    with pytest.raises(ValueError, match="is for numbers of threats and of rounds only"):
        lt.Interceptor(name="i", kill_probability={"t": new})


@pytest.mark.parametrize(("new", "twin"), NEW)
def test_a_new_distribution_becomes_its_frozen_twin(new: Any, twin: str) -> None:
    """At each door, and nothing of it is kept."""
    [name] = re.findall(r"(\w+)\\\(", twin)
    given = {key: float(n) for key, n in re.findall(r"(\w+)=([\d.]+)", twin)}
    frozen = getattr(stats, name)(**given)
    if given.get("b") == 3.0:  # a third has more digits
        frozen = stats.beta(new.a, 3.0)

    def salvo(**fields: Any) -> lt.Salvo:
        return lt.Salvo(**{"name": "s", "threat": "t", "arrival": lt.At(time=0.0), **fields})

    assert salvo(count=1, arrival=new) == salvo(count=1, arrival=frozen)
    if frozen.support()[0] >= 0.0:
        assert salvo(count=new) == salvo(count=frozen)
        one, other = (
            lt.Interceptor(name="i", kill_probability={}, flight_time=time)
            for time in (new, frozen)
        )
        assert one == other
        assert lt.exact.abandonment(1.0, 1.0, 2, new) == lt.exact.abandonment(1.0, 1.0, 2, frozen)
    if 0.0 <= frozen.support()[0] <= frozen.support()[1] <= 1.0:
        scenario = doors.scenario()
        run: Any = {"replications": 5, "seed": 1}
        assert scenario.replace(KILL, new) == scenario.replace(KILL, frozen)
        axes: list[Any] = [{"k": {KILL: [own, 0.5]}} for own in (new, frozen)]
        made = [lt.sweep(scenario, own, measures=["leakers"], **run) for own in axes]
        xr.testing.assert_identical(*made)
        xr.testing.assert_identical(lt.rerun(made[0]), made[1])
        found = [lt.sensitivity(scenario, {KILL: own}, points=4, **run) for own in (new, frozen)]
        xr.testing.assert_equal(*found)


@pytest.mark.parametrize(("new", "twin"), REFUSED)
def test_a_new_distribution_is_refused_by_the_name_of_its_frozen_twin(new: Any, twin: str) -> None:
    scenario = doors.scenario()
    run: Any = {"replications": 5, "seed": 1}
    calls: list[Callable[[], Any]] = [
        lambda: lt.Interceptor(name="i", kill_probability={"t": new}),
        lambda: lt.Interceptor(name="i", kill_probability={}, flight_time=new),
        lambda: lt.Salvo(name="s", threat="t", count=1, arrival=new),
        lambda: lt.Salvo(name="s", threat="t", count=new, arrival=lt.At(time=0.0)),
        lambda: lt.Stock(interceptor="i", rounds=1, replenishment=new),
        lambda: scenario.replace(KILL, new),
        lambda: lt.exact.abandonment(1.0, 1.0, 2, new),
        lambda: lt.sensitivity(scenario, {KILL: new}, points=4, **run),
        lambda: lt.sweep(scenario, {"k": {KILL: [new, 0.5]}}, measures=["leakers"], **run),
        lambda: lt.sweep(
            scenario, {"k": {KILL: new}}, measures=["leakers"], design="sobol", points=2, **run
        ),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=twin):
            call()
