"""Measures of pools, tracks and depots in studies."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, magazine, raid, salvo

import leakthrough as lt
from leakthrough.engine.lowered import job_of
from leakthrough.run_options import Execution
from leakthrough.studies.evaluate import values
from leakthrough.studies.kinds import MEASURES
from leakthrough.studies.rows import RowReader

NAMES = ("depot_left", "depot_dry", "pool_full_time", "tracks_full_time")
EVERY = [lt.Measure(name, by=by) for name in NAMES for by in MEASURES[name].groups]
REPLICATIONS = 200
DEPOTS = {"A": 6, "B": 30}
KILL = "interceptors.gun.kill_probability.t"
CREWS = "pools.crews.channels"


def scenario() -> lt.Scenario:
    """Two depots feed two batteries that share crews; one of three layers has few tracks."""
    timing: dict[str, Any] = {"reaction_time": 5.0, "assessment_time": 3.0, "channels": 4}

    def fed(name: str, rounds: int, pool: str) -> lt.Battery:
        own = magazine(rounds=2, reload_rounds=2, reload_time=20.0, depot=name)
        return battery(name, magazines=[own], pool=pool, **timing)

    return raid(
        salvo(count=14, arrival=lt.Uniform(start=0.0, stop=100.0)),
        [
            layer("outer", fed("A", 2, "crews"), sensor=lt.Sensor(detection={"t": 0.9}, tracks=2)),
            layer("middle", fed("B", 3, "crews")),
            layer("inner", battery("C", pool="radar", **timing)),
        ],
        [gun(kills=0.5)],
        depots=[lt.Depot(name=n, interceptor="gun", rounds=own) for n, own in DEPOTS.items()],
        pools=[lt.Pool(name="crews", channels=2), lt.Pool(name="radar", channels=1)],
    )


SHARED = scenario()


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate(SHARED, replications=REPLICATIONS, seed=1)


def test_they_are_those_of_the_result(result: xr.Dataset) -> None:
    empty = result.depot_remaining == 0
    wanted: dict[lt.Measure, Any] = {
        lt.Measure("depot_left"): result.depot_remaining.sum("depot"),
        lt.Measure("depot_left", by="depot"): result.depot_remaining,
        lt.Measure("depot_dry"): empty.any("depot"),
        lt.Measure("depot_dry", by="depot", of="A"): empty.sel(depot="A"),
        lt.Measure("pool_full_time", by="pool"): result.pool_full_time,
        lt.Measure("tracks_full_time", by="layer"): result.tracks_full_time,
    }
    for measure, expected in wanted.items():
        found = measure.values(result)
        assert np.array_equal(found.values, expected.values), measure.label
        assert found.values.any()
    assert 0 < empty.sel(depot="A").sum() < REPLICATIONS
    assert (result.tracks_full_time > 0).any("replication").values.tolist() == [True, False, False]
    seconds = lt.Measure("pool_full_time", by="pool").attrs["units"]
    assert seconds == result.pool_full_time.attrs["units"] == "s"


@pytest.mark.parametrize("measure", EVERY, ids=lambda measure: measure.label)
def test_a_sweep_has_what_the_simulation_has(measure: lt.Measure, result: xr.Dataset) -> None:
    call: dict[str, Any] = {"measures": [measure], "replications": REPLICATIONS, "seed": 1}
    axes = {"crews": {CREWS: [1, 2]}}
    found = lt.sweep(SHARED, axes, **call, controls=False)[measure.label].isel(crews=1)
    expected = measure.values(result).mean("replication").values
    np.testing.assert_allclose(found.sel(estimate="mean"), expected, rtol=1e-12)


@pytest.mark.parametrize("measure", EVERY, ids=lambda measure: measure.label)
def test_values_are_within_their_limits(measure: lt.Measure, result: xr.Dataset) -> None:
    job, labels = job_of(SHARED)
    limits = RowReader(job, labels, [measure]).limits(job)
    found = measure.values(result).values.reshape(REPLICATIONS, -1)
    assert (found >= limits.least[0]).all()
    assert (found <= limits.most[0]).all()
    if measure.label == "depot_left by depot":
        assert limits.most[0].tolist() == [6.0, 30.0]


def test_of_campaigns() -> None:
    """A depot that is filled again may be empty after the first raid only."""
    refilled = [lt.Resupply(depot="A", rounds=2)]
    of: dict[str, Any] = {"raids": 3, "interval": lt.DAY, "resupply": refilled}
    campaign = lt.Campaign(name="days", scenario=SHARED, **of)
    result = lt.simulate_campaign(campaign, replications=60, seed=1)
    left, empty = result.depot_remaining, result.depot_remaining == 0
    wanted: dict[lt.Measure, Any] = {
        lt.Measure("depot_left", by="depot"): left.sel(raid=3),
        lt.Measure("depot_left", by="depot", raid=1): left.sel(raid=1),
        lt.Measure("depot_dry", by="depot"): empty.any("raid"),
        lt.Measure("depot_dry", by="depot", raid=2): empty.sel(raid=2),
        lt.Measure("pool_full_time", by="pool", raid=2): result.pool_full_time.sel(raid=2),
    }
    run: dict[str, Any] = {"replications": 60, "seed": 1, "execution": Execution(workers=2)}
    for (measure, expected), own in zip(
        wanted.items(), values(campaign, [*wanted], **run), strict=True
    ):
        assert np.array_equal(measure.values(result).values, expected.values), measure.label
        assert np.array_equal(own.plain, expected.values), measure.label
    total = lt.Measure("tracks_full_time", by="layer").values(result)
    np.testing.assert_allclose(total, result.tracks_full_time.sum("raid"), rtol=1e-12)


def test_a_depot_that_rarely_runs_dry(offset: int) -> None:
    """The first round is called at the start, the ninth after seven misses; at 5 sigma."""
    own = magazine(rounds=0, reload_rounds=1, depot="D")
    shots = raid(
        salvo(count=1, arrival=0.0),
        layer("L", battery(magazines=[own], reaction_time=0.4, assessment_time=0.4)),
        [gun(kills=0.7)],
        depots=[lt.Depot(name="D", interceptor="gun", rounds=9)],
    )
    event = lt.Measure("depot_dry", by="depot", of="D")
    found = lt.rare(shots, event, at_least=1, replications=20_000, seed=1 + offset)
    mean, error, *_ = found.probability.values
    expected = 0.3**7
    assert abs(mean - expected) <= 5.0 * error
    assert error < 0.3 * expected


@pytest.mark.parametrize(
    ("measure", "said"),
    [
        (lt.Measure("depot_left"), "the scenario has no depots$"),
        (lt.Measure("depot_dry", by="depot"), "the scenario has no depots$"),
        (lt.Measure("pool_full_time", by="pool"), "the scenario has no pools$"),
        (lt.Measure("tracks_full_time", by="layer"), "the scenario has no limited tracks$"),
    ],
)
def test_without_them_they_are_refused(measure: lt.Measure, said: str) -> None:
    bare = raid(salvo(count=2), layer("L", battery()))
    with pytest.raises(ValueError, match=said):
        measure.values(lt.simulate(bare, replications=2, seed=1))
    with pytest.raises(ValueError, match=said):
        lt.sweep(bare, {"k": {KILL: [0.5]}}, measures=[measure], replications=10**9)


def test_refusals(result: xr.Dataset) -> None:
    with pytest.raises(
        ValueError, match="measure pool_full_time, by: must be one of pool; got None"
    ):
        lt.Measure("pool_full_time")
    with pytest.raises(ValueError, match="'crew' is not the name of a pool; did you mean 'crews'"):
        lt.Measure("pool_full_time", by="pool", of="crew").values(result)
