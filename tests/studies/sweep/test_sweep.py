"""Sweeps: the bits of every point, common random numbers, designs, and errors."""

import itertools
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from raids import INF, api_example, battery, gun, layer, raid, rich, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine import replications, scheduler
from leakthrough.statistics.means import SETTLED, moments_of, rarely_seen
from leakthrough.studies.evaluate import prepared
from leakthrough.studies.kinds import MEASURES
from leakthrough.studies.sweep import points as _points
from leakthrough.studies.sweep.patching import is_plain
from leakthrough.studies.sweep.tasks import is_counted

EVERY = [
    lt.Measure(name, by=by, count=3 if name == "at_most" else 0)
    for name, kind in MEASURES.items()
    if not kind.of_campaign and kind.needs in ("", "asset")
    for by in kind.groups
]
FAR = "layers.outer.batteries.far"
ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"
CHANNELS = "layers.point.batteries.gun.channels"
KILL = "interceptors.gun burst.kill_probability.drone"

CHOICES: dict[str, list[Any]] = {
    f"{FAR}.magazines.long.rounds": [0, 2, 9, 40],
    f"{FAR}.magazines.short.rounds": [0, 12, INF],
    f"{FAR}.magazines.long.reserved": [0, 1, 9],
    f"{FAR}.magazines.long.reloads": [0, 1, 5],
    f"{FAR}.magazines.long.reload_time": [0.0, 5.5],
    f"{FAR}.channels": [1, 2, 8],
    f"{FAR}.count": [0, 1, 3],
    f"{FAR}.reaction_time": [0.0, 2.5, stats.expon(scale=2.0)],
    f"{FAR}.false_kill": [0.0, 0.3],
    f"{FAR}.doctrine.max_salvos": [1, 2, 7],
    f"{FAR}.doctrine.order": ["arrival", "deadline"],
    f"{FAR}.doctrine.salvo_size": [1, 3, {"t": 2, "decoy": 2}],
    "layers.outer.sensor.availability": [0.0, 0.25, 1.0],
    "layers.outer.sensor.detection.t": [0.0, 0.5, 1.0],
    "layers.outer.outer_range": [2500.0, 9000.0],
    "layers.inner.soft_kill": [{}, {"t": 0.9, "fast": 0.1}],
    "layers.inner.batteries.near.axes": [[], ["south"]],
    "interceptors.short.kill_probability.t": [0.0, 0.01, 0.6, 1, stats.beta(2.0, 2.0)],
    "interceptors.short.kill_probability.decoy": [0.2, 0.9],
    "interceptors.long.flight_time": [1.0, stats.uniform(2.0, 9.0)],
    "interceptors.long.cost": [0.0, 2.5e6],
    "threats.fast.speed": [100.0, 700.0],
    "threats.t.decoy": [True, False],
    "salvos.a.count": [0, 3, 31],
    "salvos.a.arrival": [lt.At(time=3.0), lt.Poisson(start=0.0, rate=2.0), stats.norm(50.0, 2.0)],
    "salvos.b.arrival.rate": [0.1, 9.0],
    "salvos.d.axis": ["north", None],
    "salvos.e.target": [None, "near"],
    "salvos.c.threat": ["t", "fast"],
}


def expected(
    scenario: lt.Scenario, changes: dict[str, Any], measures: Sequence[lt.Measure], seed: int
) -> dict[str, xr.DataArray]:
    """What the sweep must give for one point, from the simulation itself."""
    for path, value in changes.items():
        scenario = scenario.replace(path, value)
    result = lt.simulate(scenario, replications=23, seed=seed)
    found, lost = {}, []
    if "lost" in result:
        lost = result["lost"].mean("replication").values.tolist()
    for measure in measures:
        values = measure.values(result)
        limits = prepared(scenario, [measure])[1].limits
        most = limits.most[0].reshape(values.shape[1:])
        moments = moments_of(values.values)
        rare = limits.rare(23) + rarely_seen(lost, 23)
        array = measure.interval(moments, 23, most=most, rare=rare)[:SETTLED]
        dims = ("estimate", *values.dims[1:])
        found[measure.label] = xr.DataArray(array, {d: values[d] for d in values.dims[1:]}, dims)
    return found


def assert_point(point: xr.Dataset, wanted: dict[str, xr.DataArray]) -> None:
    for label, array in wanted.items():
        found = point[label]
        for dim in array.dims[1:]:
            assert set(array[dim].values) <= set(found[dim].values)
            rest = found.drop_sel({dim: array[dim].values})
            assert rest.isnull().all()
            found = found.sel({dim: array[dim].values})
        np.testing.assert_array_equal(found.values, array.values, err_msg=label)


@given(
    paths=st.lists(st.sampled_from(sorted(CHOICES)), min_size=1, max_size=4, unique=True),
    data=st.data(),
    zipped=st.booleans(),
)
@settings(max_examples=40)
def test_every_point_has_the_bits_of_its_own_simulation(
    paths: list[str], data: st.DataObject, zipped: bool
) -> None:
    size = data.draw(st.integers(1, 2))
    axes = {
        path: data.draw(st.lists(st.sampled_from(CHOICES[path]), min_size=size, max_size=size))
        for path in paths
    }
    scenario = rich()
    for interceptor in scenario.interceptors:
        scenario = scenario.replace(f"interceptors.{interceptor.name}.cost", 7.0)
    found = lt.sweep(
        scenario, axes, measures=EVERY, replications=23, seed=9, design="zip" if zipped else "grid"
    )
    combined = zip(*axes.values(), strict=True) if zipped else itertools.product(*axes.values())
    dims = ["point"] if zipped else paths
    flat = found.stack(all=dims, create_index=False) if not zipped else found.rename(point="all")
    for n, values in enumerate(combined):
        changes = dict(zip(paths, values, strict=True))
        assert_point(flat.isel(all=n), expected(scenario, changes, EVERY, 9))


def test_an_axis_of_plain_numbers_is_known_by_its_path() -> None:
    scenario = rich()
    for path in (f"{FAR}.magazines.long.rounds", f"{FAR}.channels", "interceptors.short.cost"):
        plain = is_plain(scenario, path, [1, 2])
        assert plain == (path != "interceptors.short.cost")
    assert not is_plain(scenario, f"{FAR}.magazines.long.rounds", [1, INF])
    assert not is_plain(scenario, "layers.inner.batteries.near.magazines.short.rounds", [1])
    assert not is_plain(scenario, "interceptors.short.kill_probability.t", [0.5, 0.0])
    assert not is_plain(scenario, "interceptors.long.kill_probability.t", [0.5])


# ---------------------------------------------------------------- execution


@pytest.fixture(scope="module")
def spread() -> dict[str, Any]:
    """Arguments of a sweep with every feature, except those of execution."""
    return {
        "scenario": rich(),
        "axes": {
            "rounds": {
                f"{FAR}.magazines.long.rounds": [3, 9],
                f"{FAR}.magazines.short.rounds": [5, 10],
            },
            "salvos.a.count": [5, 20],
            "number": {f"{FAR}.count": [1, 2]},
        },
        "measures": EVERY,
        "replications": 41,
        "seed": 2025,
        "keep_distributions": True,
    }


@pytest.fixture(scope="module")
def alone(spread: dict[str, Any]) -> xr.Dataset:
    return lt.sweep(**spread, workers=1)


@pytest.mark.parametrize("seconds", [0.0, 1e-4, 1e3])
@pytest.mark.parametrize("most", [7, 8192])
def test_the_same_bits_however_it_is_cut(
    seconds: float,
    most: int,
    spread: dict[str, Any],
    alone: xr.Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scheduler, "BLOCK_SECONDS", seconds)
    monkeypatch.setattr(scheduler, "TASK_SECONDS", seconds)
    monkeypatch.setattr(replications, "MOST_IN_A_BLOCK", most)
    monkeypatch.setattr(scheduler, "FIRST_PENDING", 1)
    monkeypatch.setattr(scheduler, "MOST_PENDING", 3)
    monkeypatch.setattr(_points, "MOST_LOWERED", 1)
    monkeypatch.setattr(_points, "MOST_BUILT", 2)
    xr.testing.assert_identical(lt.sweep(**spread, workers=3), alone)
    with ThreadPoolExecutor(2) as executor:
        xr.testing.assert_identical(lt.sweep(**spread, executor=executor), alone)


def test_it_is_done_again_from_what_it_says(alone: xr.Dataset) -> None:
    xr.testing.assert_identical(lt.rerun(alone), alone)
    assert lt.scenario_of(alone) == rich()
    record = json.loads(alone.attrs["provenance"])
    assert record["call"]["axes"]["number"] == {f"{FAR}.count": [1, 2]}
    assert set(record["versions"]) >= {"leakthrough", "numba", "python"}


def test_values_of_all_kinds_are_labels_and_come_again() -> None:
    axes = {
        "interceptors.short.flight_time": [stats.uniform(1.0, 4.0), 2.0],
        "salvos.a.arrival": [lt.At(time=1.0), {"kind": "at", "time": 2.0}],
        f"{FAR}.magazines.long.rounds": [np.int64(3), "infinite"],
        f"{FAR}.doctrine.order": ["arrival", "deadline"],
    }
    found = lt.sweep(rich(), axes, measures=["leakers"], replications=3, seed=1)
    labels = {path: found[path].values.tolist() for path in axes}
    assert list(labels.values()) == [
        ["uniform(loc=1, scale=4)", "2.0"],
        ['{"kind": "at", "time": 1.0}', '{"kind": "at", "time": 2.0}'],
        [3.0, INF],
        ["arrival", "deadline"],
    ]
    xr.testing.assert_identical(lt.rerun(found), found)
    assert found[f"{FAR}.magazines.long.rounds"].attrs == {
        "long_name": f"{FAR}.magazines.long.rounds",
        "units": "1",
    }


def test_everything_says_what_it_is(alone: xr.Dataset) -> None:
    for name, variable in alone.variables.items():
        assert variable.attrs["long_name"], name
        if variable.dtype.kind == "f":
            assert variable.attrs["units"], name
    assert int(alone.seed) == 2025
    assert alone.scenario_digest.item() == rich().digest
    times = lt.sweep(
        rich(), {f"{FAR}.assessment_time": [1.0]}, measures=["dry"], replications=1, seed=1
    )
    assert times[f"{FAR}.assessment_time"].attrs["units"] == "s"
    assert np.isnan(times.dry.sel(estimate="standard_error")).all()


# ---------------------------------------------------------------- contents


def test_a_name_that_some_points_lack_is_nan_there(alone: xr.Dataset) -> None:
    found = alone["expended by battery"].sel(estimate="mean", rounds=3).isel({"salvos.a.count": 0})
    assert found.battery.values.tolist() == ["far", "near", "far-1", "far-2"]
    assert found.sel(number=1).isnull().values.tolist() == [False, False, True, True]
    assert found.sel(number=2).isnull().values.tolist() == [True, False, False, False]


def test_distributions_are_those_of_the_simulations(alone: xr.Dataset) -> None:
    names = [name for name in alone if str(name).startswith("distribution of")]
    counted = [measure for measure in EVERY if is_counted(measure)]
    assert {own.name for own in counted} == {"leakers", "expended", "hits", "destroyed"}
    assert len(names) == len(counted)
    point = alone.isel({"rounds": 1, "number": 1, "salvos.a.count": 0})
    scenario = rich().replace("salvos.a.count", 5)
    for magazine, rounds in (("long", 9), ("short", 10)):
        scenario = scenario.replace(f"{FAR}.magazines.{magazine}.rounds", rounds)
    result = lt.simulate(scenario, replications=41, seed=2025)
    for measure in counted:
        values = measure.values(result)
        counts = point[f"distribution of {measure.label}"]
        width = counts.sizes[f"number of {measure.label}"]
        own = values.values.reshape(41, -1).astype(int)
        wanted = [np.bincount(column, minlength=width) for column in own.T]
        if measure.dims:
            counts = counts.sel({measure.by: values[measure.by]})
        np.testing.assert_array_equal(counts.values.reshape(len(wanted), -1), wanted)
    absent = alone["distribution of expended by battery"].sel(number=1, battery="far-1")
    assert int(absent.sum()) == 0


def test_points_share_their_random_numbers(offset: int) -> None:
    """Points with the same draws have the same values; others share part of the noise."""
    axes = {"interceptors.area SAM.cost": [1.0, 2.0]}
    found = lt.sweep(
        api_example(), axes, measures=["leakers", "expended"], replications=50, seed=offset
    )
    one, other = (found.isel({"interceptors.area SAM.cost": n}, drop=True) for n in (0, 1))
    xr.testing.assert_identical(one, other)
    # The variance of a difference of means over 100 replications, from 60 sweeps: the ratio of
    # two such estimates is between 0.4 and 2.6 with all but 5-sigma certainty if they are equal.
    shared, apart = [], []
    for n in range(60):
        seeds = 1_000_000 + 1_000 * offset + 2 * n
        one, other = (
            lt.sweep(
                api_example(), {ROUNDS: [30, 33]}, measures=["leakers"], replications=20, seed=seed
            )
            .leakers.sel(estimate="mean")
            .values
            for seed in (seeds, seeds + 1)
        )
        shared.append(one[1] - one[0])
        apart.append(other[1] - one[0])
    assert np.var(shared) < 0.25 * np.var(apart)


# ---------------------------------------------------------------- designs


@pytest.mark.parametrize("design", ["latin_hypercube", "sobol"])
def test_a_design_fills_its_ranges(design: Any) -> None:
    axes = {
        "rounds": {ROUNDS: (10, 13)},
        "kill": {KILL: (0.2, 0.6)},
        "reaction": {"layers.area.batteries.SAM.reaction_time": stats.expon(1.0, 4.0)},
        "both": {
            "layers.area.batteries.SAM.channels": (1, 4),
            CHANNELS: stats.uniform(0.5, 4.0),
        },
    }
    arguments: Any = {"measures": ["leakers"], "replications": 2, "seed": 3}
    found = lt.sweep(api_example(), axes, design=design, points=64, **arguments)
    assert found.leakers.dims == ("point", "estimate")
    assert found.rounds.dtype == np.int64
    assert np.unique(found.rounds, return_counts=True)[1].tolist() == [16] * 4
    shares = (found.kill.values - 0.2) / 0.4
    assert np.unique(np.floor(64 * shares)).size == 64
    shares = stats.expon(1.0, 4.0).cdf(found.reaction.values)
    assert np.unique(np.floor(64 * shares)).size == 64
    assert found.both.dtype == found[CHANNELS].dtype == np.int64
    assert (np.abs(found.both - found[CHANNELS]) <= 1).all()
    xr.testing.assert_identical(lt.rerun(found), found)
    other = lt.sweep(api_example(), axes, design=design, points=64, **(arguments | {"seed": 4}))
    assert (other.kill != found.kill).any()
    scenario = api_example()
    for path, name in ((ROUNDS, "rounds"), (KILL, "kill"), (CHANNELS, CHANNELS)):
        scenario = scenario.replace(path, found[name].values[5])
    for path, name in (("reaction_time", "reaction"), ("channels", "both")):
        scenario = scenario.replace(f"layers.area.batteries.SAM.{path}", found[name].values[5])
    result = lt.simulate(scenario, replications=2, seed=3)
    wanted = float(lt.Measure("leakers").values(result).mean())
    assert float(found.leakers.sel(point=5, estimate="mean")) == wanted


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"axes": {}}, "axes: must be a table of at least one name; got {}"),
        ({"axes": [ROUNDS]}, "axes: must be a table"),
        ({"axes": {"a": {}}}, "axis a: must hold at least one path"),
        ({"axes": {"estimate": {ROUNDS: [1]}}}, "axes: a name must be text other than point, est"),
        ({"axes": {3: {ROUNDS: [1]}}}, "axes: a name must be text"),
        (
            {"axes": {"a": {"layers.pont.name": [1]}}},
            "axis a: layers: nothing there is called 'pont'.*did you mean 'point'",
        ),
        ({"axes": {"rounds": [1]}}, "axis rounds: .*nothing there is called 'rounds'"),
        ({"axes": {"a": {ROUNDS: []}}}, f"axis a, {ROUNDS}: has no values"),
        ({"axes": {"a": {ROUNDS: 5}}}, f"axis a, {ROUNDS}: must be a list of values; got 5"),
        ({"axes": {"a": {ROUNDS: "56"}}}, "must be a list of values; got '56'"),
        ({"axes": {"a": {ROUNDS: np.ones((2, 2))}}}, "must be a list of values"),
        (
            {"axes": {"a": {ROUNDS: [1, 2], CHANNELS: [1]}}},
            f"axis a: its paths must take equally many values; got {ROUNDS} 2, {CHANNELS} 1",
        ),
        (
            {"axes": {"a": {ROUNDS: [1, 2]}, "b": {CHANNELS: [1]}}, "design": "zip"},
            "axes: zipped ones must have equally many values; got a 2, b 1",
        ),
        (
            {"axes": {"a": {ROUNDS: [1]}, "b": {ROUNDS: [1]}}},
            f"axis b: {ROUNDS} is varied by the axis a too",
        ),
        (
            {"axes": {"a": {CHANNELS: [1]}, "b": {"layers.point.batteries.gun": [1]}}},
            f"axis a: {CHANNELS} lies within layers.point.batteries.gun, which the axis b varies",
        ),
        ({"axes": {"a": {ROUNDS: [1, -2]}}}, "in the point a = -2:\n.*rounds: must be a whole"),
        ({"axes": {"a": {ROUNDS: [1, 2.5]}}}, "in the point a = 2.5:\n.*rounds: must be a whole"),
        ({"axes": {"a": {KILL: [0.5, 1.5]}}}, "in the point a = 1.5:\n.*in \\[0, 1\\].*got 1.5"),
        (
            {
                "axes": {
                    "inner": {"layers.area.inner_range": [1e3, 2e4]},
                    "a": {ROUNDS: [1, 2]},
                    "outer": {"layers.area.outer_range": [1e5, 1.5e4]},
                }
            },
            "in the point inner = 20000.0, outer = 15000.0:\n.*inner_range: must be at most",
        ),
        (
            {"axes": {"a": {"layers.area.batteries.SAM.reaction_time": [stats.norm(5, 1)]}}},
            "in the point a = norm\\(loc=5\\):\n.*must not fall below 0",
        ),
        (
            {"measures": [lt.Measure("dry", by="battery", of="SAM-3")]},
            "measure dry, of: 'SAM-3' is not the name of a battery; did you mean 'SAM-",
        ),
        (
            {
                "axes": {"n": {"layers.area.batteries.SAM.count": [3, 2]}},
                "measures": [lt.Measure("dry", by="battery", of="SAM-3")],
            },
            "the point n = 2: measure dry, of: 'SAM-3' is not the name",
        ),
        ({"measures": []}, "measures: must be a list of measures, at least one"),
        ({"measures": "leakers"}, "measures: must be a list"),
        ({"measures": ["leaker"]}, "measures: must be one of .*did you mean 'leakers'"),
        ({"measures": ["dry", "dry"]}, "measures: dry is given more than once"),
        ({"axes": {"leakers": {ROUNDS: [1]}}}, "axes: leakers is the name of something else"),
        ({"axes": {"a": {ROUNDS: [1], CHANNELS: [1]}, CHANNELS: {KILL: [1]}}}, "something else"),
        (
            {"replications": 0},
            "replications: must be a whole number from 1 to 2\\*\\*32 - 1; got 0",
        ),
        ({"seed": -1}, "seed: must be a whole number"),
        ({"workers": 0}, "workers: must be a whole number from 1; got 0"),
        ({"confidence": 95}, "confidence: must lie between 0 and 1"),
        ({"scenario": 3}, "scenario: must be a Scenario or a Campaign; got 3"),
        ({"design": "box"}, "design: must be one of grid, zip, latin_hypercube, sobol"),
        ({"points": 3}, "points: is for the designs latin_hypercube and sobol"),
        ({"design": "sobol", "points": 3}, "points: must be a whole number from 1, a power of two"),
        ({"design": "latin_hypercube"}, "points: must be a whole number from 1; got None"),
        (
            {"design": "sobol", "points": 2, "axes": {"a": {ROUNDS: [1, 2, 3]}}},
            "must be \\(low, high\\) or a frozen scipy.stats distribution; got \\[1, 2, 3\\]",
        ),
        ({"design": "sobol", "points": 2, "axes": {"a": {ROUNDS: (2, 1)}}}, "must be \\(low, hi"),
        (
            {"design": "sobol", "points": 2, "axes": {"a": {KILL: (0.99, 400.0)}}},
            "in the point a = .*in \\[0, 1\\]",
        ),
    ],
)
def test_what_is_refused_before_anything_runs(
    changed: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["leakthrough.studies.sweep.sweep"], "run", None)
    arguments: dict[str, Any] = {
        "scenario": api_example(),
        "axes": {"a": {ROUNDS: [1]}},
        "measures": ["leakers"],
        "replications": 10**9,
        "seed": 1,
    }
    with pytest.raises(ValueError, match=f"(?s){said}"):
        lt.sweep(**(arguments | changed))


def test_points_that_differ_by_little_are_not_taken_for_one() -> None:
    # Labels of six digits, or null and "null", once merged two points.
    scenario = raid(
        [salvo("a", 9, axis="null"), salvo("b", 4, axis="x")],
        layer("L", battery(rounds=6, axes=["null"])),
        gun(kills=0.5),
    )
    late = [stats.uniform(1e9 - 400.0, 0.01), stats.uniform(1e9 - 399.0, 0.01)]
    found = lt.sweep(
        scenario,
        {"arrival": {"salvos.a.arrival": late}, "axis": {"salvos.b.axis": [None, "null"]}},
        measures=["leakers"],
        replications=50,
        seed=1,
    )
    assert len(set(found.arrival.values.tolist())) == 2
    for n, arrival in enumerate(late):
        for m, axis in enumerate([None, "null"]):
            own = scenario.replace("salvos.a.arrival", arrival).replace("salvos.b.axis", axis)
            leakers = lt.Measure("leakers").values(lt.simulate(own, replications=50, seed=1))
            mean = found.leakers.isel(arrival=n, axis=m).sel(estimate="mean")
            assert float(mean) == float(leakers.mean())


def test_a_design_stays_in_its_range_and_takes_numbers_of_numpy() -> None:
    scenario = raid(salvo(count=9), layer("L", battery(rounds=6)), gun(kills=0.5))
    rounds = "layers.L.batteries.B.magazines.gun.rounds"
    given: dict[str, Any] = {"measures": ["leakers"], "replications": 5, "seed": 1}
    found = lt.sweep(scenario, {rounds: (2, 5)}, design="sobol", points=np.int64(8), **given)  # type: ignore[arg-type]
    assert found.sizes["point"] == 8
    with pytest.raises(ValueError, match="rounds: must hold a whole number; got"):
        lt.sweep(scenario, {rounds: (2.2, 2.8)}, design="sobol", points=8, **given)
    drawn = lt.sweep(scenario, {rounds: stats.randint(1, 5)}, design="sobol", points=8, **given)
    assert set(drawn[rounds].values.tolist()) == {1, 2, 3, 4}
    with pytest.raises(ValueError, match=f"axis {rounds}, {rounds}: "):
        lt.sweep(scenario, {rounds: stats.zipf(2.0)}, design="sobol", points=8, **given)
    kills = "interceptors.gun.kill_probability.t"
    with pytest.raises(ValueError, match=f"axis {kills}, {kills}: .* continuous"):
        lt.sweep(scenario, {kills: stats.randint(0, 2)}, design="sobol", points=8, **given)


def test_a_parameter_without_quantiles_is_refused_before_anything_runs() -> None:
    scenario = raid(
        salvo(count=9), layer("L", battery(rounds=6)), gun(flight_time=stats.gamma(2.0, scale=2.0))
    )
    axes = {"interceptors.gun.flight_time.a": [2.0, 3.0, 1e-320]}
    with pytest.raises(ValueError, match=r"flight_time\.a = "):
        lt.sweep(scenario, axes, measures=["leakers"], replications=10**9, seed=1)


def test_a_store_that_was_killed_at_its_birth_is_no_obstacle(tmp_path: Path) -> None:
    scenario = raid(salvo(count=9), layer("L", battery(rounds=6)), gun(kills=0.5))
    given: dict[str, Any] = {"measures": ["leakers"], "replications": 5, "seed": 1}
    axes = {"layers.L.batteries.B.channels": [1, 2]}
    (tmp_path / "s.zarr.partial").mkdir()
    found = lt.sweep(scenario, axes, store=tmp_path / "s.zarr", **given)
    assert found.identical(lt.sweep(scenario, axes, **given))
    with pytest.raises(ValueError, match="store: must be the path of a folder"):
        lt.sweep(scenario, axes, store="", **given)
    with pytest.raises(ValueError, match="with a dot at its beginning"):
        lt.sweep(scenario, {".zattrs": axes}, store=tmp_path / "t.zarr", **given)
