"""Measures: definitions, values from a result, and errors."""

import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import api_example, battery, gun, layer, magazine, raid, rich, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.run_options import Execution
from leakthrough.statistics import intervals
from leakthrough.statistics.means import SETTLED, mean_interval, moments_of
from leakthrough.studies.evaluate import values
from leakthrough.studies.kinds import MEASURES
from leakthrough.studies.measure import measure_of
from leakthrough.studies.reading import Reader, frame_of_result

EVERY = [
    lt.Measure(name, by=by, count=3 if name == "at_most" else 0)
    for name, kind in MEASURES.items()
    if not kind.of_campaign and kind.needs in ("", "asset")
    for by in kind.groups
]


PRICED = rich().replace("interceptors.long.cost", 7.0).replace("interceptors.short.cost", 2.5)


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate(PRICED, replications=200, seed=5)


def test_they_say_what_xarray_says(result: xr.Dataset) -> None:
    real = result.leaked.where(~result.decoy, 0).sum("salvo")
    expended = result.expended
    dry = result.depletion_time.notnull()
    wanted: dict[tuple[str, str | None], Any] = {
        ("leakers", None): real,
        ("leakers", "threat"): result.leaked.groupby("threat")
        .sum()
        .sel(threat=["t", "fast", "decoy"]),
        ("leak_rate", None): real / int(result.launched.where(~result.decoy, 0).sum()),
        ("leak_rate", "salvo"): result.leaked / result.launched,
        ("no_leaker", None): real == 0,
        ("no_leaker", "salvo"): result.leaked == 0,
        ("at_most", None): real <= 3,
        ("expended", None): expended.sum(("battery", "interceptor")),
        ("expended", "battery"): expended.sum("interceptor"),
        ("expended", "interceptor"): expended.sum("battery"),
        ("cost_spent", None): (expended * result.round_cost).sum(("battery", "interceptor")),
        ("dry", None): dry.any(("battery", "interceptor")),
        **{(name, "asset"): result[name] for name in ("hits", "damage", "value_lost", "destroyed")},
        ("hits", None): result.hits.sum("asset"),
        ("destroyed", None): result.destroyed.sum("asset"),
        ("value_lost", None): result.value_lost.sum("asset"),
        ("not_hit", None): (result.hits == 0).all("asset"),
        ("not_hit", "asset"): result.hits == 0,
        ("all_down", None): (result.destroyed == result.aim_points).any("asset"),
        ("all_down", "asset"): result.destroyed == result.aim_points,
        ("dry", "interceptor"): dry.any("battery"),
    }
    for (name, by), expected in wanted.items():
        found = lt.Measure(name, by=by, count=3 if name == "at_most" else 0).values(result)
        assert found.dims == ("replication", *([by] if by else []))
        np.testing.assert_allclose(found.values, expected.values, err_msg=f"{name} {by}")
    layers = lt.Measure("expended", by="layer").values(result)
    own = expended.sum(("battery", "interceptor"), keep_attrs=True)
    assert (layers.sum("layer") == own).all()
    assert float(layers.sel(layer="inner").sum()) == float(expended.sel(battery="near").sum())


def test_a_run_has_the_values_of_the_simulation(result: xr.Dataset) -> None:
    found = values(PRICED, EVERY, replications=200, seed=5, execution=Execution(workers=2))
    for measure, own in zip(EVERY, found, strict=True):
        said = measure.values(result).values.reshape(200, -1)
        np.testing.assert_array_equal(own.plain, said, err_msg=measure.label)


def test_one_of_many(result: xr.Dataset) -> None:
    every = lt.Measure("leakers", by="threat").values(result)
    one = lt.Measure("leakers", by="threat", of="fast").values(result)
    assert one.dims == ("replication",)
    assert (one == every.sel(threat="fast")).all()
    assert one.attrs == {"units": "1", "long_name": "threats that got through"}


@pytest.mark.parametrize("name", [n for n, kind in MEASURES.items() if kind.needs in ("", "asset")])
def test_what_reads_a_measure_can_be_sent_to_another_process(name: str) -> None:
    measure = lt.Measure(name, MEASURES[name].groups[0], count=3 if name == "at_most" else 0)
    week = lt.Campaign(name="week", scenario=rich(), raids=2, interval=lt.DAY)
    reader = Reader(measure, frame_of_result(lt.simulate_campaign(week, replications=1, seed=1)))
    width = len(reader.names if measure.kind.every else reader.weights)
    counts = np.arange(3 * width).reshape(3, -1)
    sent = pickle.loads(pickle.dumps(reader))  # noqa: S301 - made here
    np.testing.assert_array_equal(sent([counts]), reader([counts]))


def test_labels_differ() -> None:
    labels = [measure.label for measure in EVERY] + [lt.Measure("at_most", count=4).label]
    assert len(set(labels)) == len(labels)


def test_estimates_are_those_of_the_intervals() -> None:
    counts = np.array([[0.0], [2.0], [4.0], [0.0]])
    found = lt.Measure("leakers").estimates(counts)
    np.testing.assert_allclose(found[:2], intervals.student([1.5], [11 / 3], 4)[:2])
    expected = mean_interval(moments_of(counts), 4, least=0.0)
    np.testing.assert_array_equal(found, expected[:SETTLED])
    assert not expected[SETTLED]
    many = np.tile(counts, (50, 1))
    spread = intervals.student([1.5], many.var(axis=0, ddof=1), 200, least=0.0)
    np.testing.assert_allclose(lt.Measure("leakers").estimates(many), spread)
    found = lt.Measure("no_leaker").estimates((counts == 0).astype(float), 0.9)
    np.testing.assert_allclose(found, intervals.wilson([2], 4, 0.9))
    assert np.isnan(lt.Measure("leakers").estimates(counts[:1])[1:]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"name": "leaker"}, "measure: must be one of leakers, .*; did you mean 'leakers'"),
        ({"name": 3}, "measure: must be one of"),
        ({"name": ["leakers"]}, "measure: must be one of"),
        (
            {"name": "leakers", "by": "layer"},
            "measure leakers, by: must be one of salvo, threat or None",
        ),
        ({"name": "dry", "by": "salvo"}, "measure dry, by: must be one of layer, battery"),
        ({"name": "hits", "by": "salvo"}, "measure hits, by: must be one of asset or None"),
        ({"name": "damage"}, "measure damage, by: must be .*asset; got None"),
        ({"name": "leakers", "of": "drone"}, "measure leakers, of: needs by"),
        ({"name": "at_most", "count": -1}, "measure at_most, count: must be a whole number from 0"),
        (
            {"name": "leakers", "count": 2},
            "measure leakers, count: .* is for at_most and share_above; got 2",
        ),
    ],
)
def test_refusals(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        lt.Measure(**arguments)


def test_a_name_that_nothing_has_is_an_error_before_anything_runs() -> None:
    wrong = lt.Measure("leakers", by="threat", of="drones")
    with pytest.raises(ValueError, match="of: 'drones' is not the name of a threat; did you mean"):
        values(api_example(), [wrong], replications=10**9, seed=1, execution=Execution())


def test_a_reduced_result_has_no_values(result: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="replications kept"):
        lt.Measure("leakers").values(lt.reduced(result))


def test_a_name_stands_for_its_measure() -> None:
    assert measure_of("leakers") == lt.Measure("leakers")
    assert measure_of(lt.Measure("dry")) == lt.Measure("dry")


def test_a_cost_that_nobody_gave_is_not_0() -> None:
    guns, cost = ["a", "b"], lt.Measure("cost_spent")
    scenario = raid(
        salvo(count=9),
        layer("L", *(battery(name, magazines=[magazine(name, 3)]) for name in guns)),
        [gun("a", 0.5, cost=2.0), gun("b", 0.5)],
    )
    result = lt.simulate(scenario, replications=5, seed=4)
    assert np.isnan(cost.values(result)).all()
    by = lt.Measure("cost_spent", by="battery").values(result)
    np.testing.assert_array_equal(
        by.sel(battery="a"), 2.0 * result.expended.sum("interceptor")[:, 0]
    )
    assert np.isnan(by.sel(battery="b")).all()
    text = r"^measure cost_spent: the cost of a round that it is about is not given$"
    with pytest.raises(ValueError, match=text):
        lt.simulate_to_precision(scenario, cost, 1.0, seed=1)
    of_a = lt.Measure("cost_spent", by="battery", of="a")
    assert float(lt.simulate_to_precision(scenario, of_a, 9.0, seed=1)[of_a.label][0]) > 0.0


def test_costs_are_the_same_bits_in_any_blocks() -> None:
    # BLAS sums fractional costs in an order that depends on the number of rows.
    guns = [f"gun {n}" for n in range(12)]
    scenario = raid(
        salvo(count=24),
        layer("L", *(battery(name, magazines=[magazine(name, 3)]) for name in guns)),
        [gun(name, 0.5, cost=0.1 + n / 7.0) for n, name in enumerate(guns)],
    )
    costs = lt.Measure("cost_spent")
    result = lt.simulate(scenario, replications=301, seed=4)
    whole = costs.values(result).values
    for rows in (1, 2, 7, 64):
        parts = [
            costs.values(result.isel(replication=slice(start, start + rows))).values
            for start in range(0, 301, rows)
        ]
        np.testing.assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("replications", [2, 5])
def test_a_share_of_threats_whose_number_is_drawn(replications: int) -> None:
    campaign = lt.Campaign(
        name="c",
        scenario=raid(
            [salvo("a", stats.uniform(3.0, 30.0)), salvo("b", 1)],
            layer("L", battery(rounds=12)),
            gun(kills=0.5),
        ),
        raids=2,
        interval=86_400.0,
    )
    one = lt.simulate_campaign(campaign, replications=replications, seed=3).isel(raid=1)
    found = lt.Measure("leak_rate").values(one)
    np.testing.assert_allclose(found, one.leaked.sum("salvo") / 19.0, rtol=1e-6)
    found = lt.Measure("leak_rate", by="salvo").values(one)
    np.testing.assert_allclose(found, one.leaked / [18.0, 1.0], rtol=1e-6)


def test_a_name_that_two_kinds_of_things_have() -> None:
    labels = [lt.Measure("leakers", by=by, of="drone").label for by in ("salvo", "threat")]
    assert labels == ["leakers of salvo drone", "leakers of threat drone"]
