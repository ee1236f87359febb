"""Results survive files unchanged, and can be simulated again from them."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import leakthrough as lt
from leakthrough.results.variables import CAUSES, COORDINATES, VARIABLES
from leakthrough.run_options import Keep

KEEPS: tuple[Keep, ...] = ("replications", "summary")
FORMATS = ("netcdf", "zarr")
TIMELINE = (0.0, 30.0, 90.0)


def everything() -> lt.Scenario:
    """Scenario with decoys, an infinite magazine, an empty salvo, a distribution and odd names."""
    gun = lt.Magazine(interceptor="gun", rounds=float("inf"))
    sam = lt.Magazine(
        interceptor="SAM é/1", rounds=3, depot="Süd", reload_rounds=1, reload_time=1e6
    )
    return lt.Scenario(
        name="nuit no. 1 — é",
        threats=[
            lt.Threat(name="drone", speed=50.0, cost=35e3),
            lt.Threat(name="decoy", speed=50.0, decoy=True),
        ],
        interceptors=[
            lt.Interceptor(name="gun", kill_probability={"drone": stats.beta(2, 3), "decoy": 0.5}),
            lt.Interceptor(name="SAM é/1", kill_probability={"drone": 0.7}, cost=1e6),
        ],
        salvos=[
            lt.Salvo(
                name="first",
                threat="drone",
                count=9,
                arrival=lt.Uniform(start=0, stop=60),
                target="Stadt é/2",
            ),
            lt.Salvo(name="lures", threat="decoy", count=4, arrival=lt.At(time=5.0), target="post"),
            lt.Salvo(name="none", threat="drone", count=0, arrival=lt.At(time=5.0)),
            lt.Salvo(
                name="hunters", threat="drone", count=1, arrival=lt.At(time=9.0), target="post"
            ),
        ],
        assets=[
            lt.Asset(name="Stadt é/2", position=(0.0, 0.0), value=0.3, aim_points=7, hardness=0.1),
            lt.Asset(name="never hit", position=(1.0, 1.0), value=1e15),
        ],
        pools=[lt.Pool(name="crews é/1", channels=1)],
        depots=[lt.Depot(name="Süd", interceptor="SAM é/1", rounds=2)],
        layers=[
            lt.Layer(
                name="near",
                outer_range=2e3,
                sensor=lt.Sensor(tracks=9),
                batteries=[
                    lt.Battery(
                        name="site", count=2, reaction_time=9.0, magazines=[gun], pool="crews é/1"
                    ),
                    lt.Battery(name="post", reaction_time=9.0, magazines=[sam], false_survival=0.1),
                    lt.Battery(name="bare"),
                ],
            )
        ],
    )


def nothing() -> lt.Scenario:
    """Scenario without salvos, layers or interceptors."""
    return lt.Scenario(name="nothing", threats=[lt.Threat(name="drone", speed=50.0)])


def simulated(scenario: lt.Scenario, keep: Keep) -> xr.Dataset:
    return lt.simulate(scenario, replications=12, seed=2**63 - 1, keep=keep, timeline=TIMELINE)


def written_and_read(result: xr.Dataset, kind: str, folder: Path) -> xr.Dataset:
    path = folder / f"result.{kind}"
    if kind == "netcdf":
        result.to_netcdf(path, engine="h5netcdf")
        return xr.load_dataset(path, engine="h5netcdf")
    result.to_zarr(path, zarr_format=2)  # version 3 has no specification for text yet, and warns
    found: xr.Dataset = xr.open_zarr(path).load()
    return found


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("scenario", [everything(), nothing()], ids=["everything", "nothing"])
def test_files_lose_nothing(scenario: lt.Scenario, keep: Keep, kind: str, tmp_path: Path) -> None:
    result = simulated(scenario, keep)
    found = written_and_read(result, kind, tmp_path)
    xr.testing.assert_identical(found, result)
    for name in result.variables:
        if result[name].dtype.kind in "biuf":  # a file may widen text
            assert found[name].dtype == result[name].dtype, name
    again = lt.rerun(found)
    xr.testing.assert_identical(again, result)
    assert lt.scenario_of(found) == scenario


@pytest.mark.parametrize("keep", KEEPS)
def test_every_variable_says_what_it_is(keep: Keep) -> None:
    result = simulated(everything(), keep)
    for name, variable in result.variables.items():
        assert variable.attrs.get("long_name"), name
    for name in result.data_vars:
        assert result[name].attrs["units"] in ("1", "s"), name
    assert result.sample_time.attrs["units"] == "s"
    assert result.round_cost.attrs == {"units": "1", "long_name": "cost of one round [currency]"}


def test_dimensions_are_those_declared() -> None:
    result = simulated(everything(), "replications")
    assert set(result.data_vars) == set(VARIABLES)
    for name, variable in VARIABLES.items():
        assert result[name].dims == variable.dims
        assert result[name].attrs == variable.attrs
    of_campaigns = {"raid", "raid_start", "interval", "kind", "threat_class", "user"}
    assert set(result.coords) == set(COORDINATES) - of_campaigns
    assert result.cause.values.tolist() == list(CAUSES)


def test_what_has_no_provenance_cannot_be_rerun() -> None:
    bare = simulated(nothing(), "summary").drop_attrs()
    for attrs in ({}, {"provenance": 3}, {"provenance": "{"}, {"provenance": "[]"}):
        found = bare.assign_attrs(attrs)
        with pytest.raises(ValueError, match="has no provenance of"):
            lt.rerun(found)


def test_books_balance() -> None:
    result = simulated(everything(), "replications")
    stopped = result.killed.sum("layer") + result.soft_killed.sum("layer")
    assert (result.launched == result.leaked + stopped).all()
    assert (result.leak_cause.sum("cause") == result.leaked).all()
    finite = np.isfinite(result.rounds)
    total = result.rounds + result.reloaded
    spent = result.expended + result.remaining + result.rounds_lost
    assert (total == spent).where(finite, True).all()
    assert result.lost.any()
    assert (result.remaining == -1).where(np.isinf(result.rounds), True).all()


def test_what_is_written_into_a_result_stays_there() -> None:
    """Results of equal dimensions are filled copies of one Dataset."""
    result = simulated(everything(), "replications")
    for name in result.variables:
        result[name].attrs["note"] = "mine"
        result[name].encoding["dtype"] = "float32"
        if name not in result.indexes and result[name].ndim:
            result[name].values.fill(0)
    result.attrs["note"] = "mine"
    fresh = simulated(everything(), "replications")
    xr.testing.assert_identical(fresh, lt.rerun(fresh))
    assert "note" not in fresh.attrs
    kept = [v.encoding.get("dtype") == "float32" for v in fresh.variables.values()]
    assert not any(kept)
    assert not any("note" in v.attrs for v in fresh.variables.values())
    np.testing.assert_array_equal(fresh.threat_cost, [35e3, np.nan, 35e3, 35e3])
    assert fresh.decoy.values.tolist() == [False, True, False, False]
