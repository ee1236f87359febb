"""Results in every state in which people hold them, in every function that takes one."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from raids import api_example

import leakthrough as lt

mpl.use("Agg")
State = Callable[[xr.Dataset, Path], xr.Dataset]
RUN: dict[str, Any] = {"replications": 12, "seed": 3, "timeline": [0.0, 3600.0]}


def _netcdf(engine: Any, version: Any, **how: Any) -> State:
    def state(result: xr.Dataset, folder: Path) -> xr.Dataset:
        result.to_netcdf(folder / "r.nc", engine=engine, format=version)
        return xr.open_dataset(folder / "r.nc", engine=engine, **how)

    return state


def _zarr(version: Any, **how: Any) -> State:
    def state(result: xr.Dataset, folder: Path) -> xr.Dataset:
        result.to_zarr(folder / "r.zarr", zarr_format=version)
        held: xr.Dataset = xr.open_zarr(folder / "r.zarr", **how)
        return held

    return state


def _several(result: xr.Dataset, folder: Path) -> xr.Dataset:
    for n in range(2):
        result.isel(replication=slice(6 * n, 6 * n + 6)).to_netcdf(folder / f"{n}.nc")
    files = sorted(folder.glob("?.nc"))
    return xr.open_mfdataset(files, combine="nested", concat_dim="replication", data_vars="all")


def _joined(result: xr.Dataset, _: Path) -> xr.Dataset:
    halves = [result.isel(replication=slice(6)), result.isel(replication=slice(6, None))]
    return xr.concat(halves, "replication", data_vars="all", coords="different", compat="equals")


def _single(result: xr.Dataset, _: Path) -> xr.Dataset:
    # Of times and sums of probabilities, float32 loses digits.
    exact = [n for n in result.data_vars if "time" not in str(n) and n != "expected"]
    return result.assign({name: result[name].astype(np.float32) for name in exact})


def _rows(table: Any) -> list[dict[str, str]]:
    """Rows of a table, in any order: a zarr store sorts its variables."""
    texts = table.astype(str).reindex(columns=sorted(table.columns))
    rows: list[dict[str, str]] = texts.sort_values(list(texts.columns)).to_dict("records")
    return rows


STATES: dict[str, State] = {
    "as it is": lambda r, _: r,
    "in chunks": lambda r, _: r.chunk({"replication": 5}),
    "in one chunk": lambda r, _: r.chunk(),
    "in chunks of all": lambda r, _: r.chunk({"replication": 3, "battery": 1, "salvo": 1}),
    "netCDF-3": _netcdf("scipy", "NETCDF3_64BIT", decode_timedelta=False),
    "netCDF-4": _netcdf("h5netcdf", "NETCDF4"),
    "netCDF-4, lazy": _netcdf("h5netcdf", "NETCDF4", chunks={}),
    "several files": _several,
    "zarr 2": _zarr(2),
    "zarr 3": _zarr(3),
    "zarr 2, unchunked": _zarr(2, chunks=None),
    "pickled": lambda r, _: pickle.loads(pickle.dumps(r)),  # noqa: S301
    "joined": _joined,
    "masked where nothing is lost": lambda r, _: r.where(r.replication >= 0),
    "masked and dropped": lambda r, _: r.where(r.replication >= 0, drop=True),
    "float32": _single,
    "float64": lambda r, _: r.astype(np.float64),
    "transposed": lambda r, _: r.transpose(),
    "int32": lambda r, _: r.assign(
        {n: r[n].astype(np.int32) for n in ("leaked", "launched", "expended")}
    ),
    "numbers as objects": lambda r, _: r.assign(
        {n: r[n].astype(object) for n in ("leaked", "launched", "expended", "depletion_time")}
    ),
    "without encoding": lambda r, _: r.drop_encoding(),
    "of a frozen copy": lambda r, _: r.copy(deep=True),
}


def _drawn(axes: Any) -> list[list[float]]:
    """Numbers of the lines and bars."""
    ax = np.ravel(np.asarray(axes, object))
    found = [np.asarray(line.get_ydata(), float).tolist() for one in ax for line in one.lines]
    found += [
        [patch.get_width(), patch.get_height()]
        for one in ax
        for patch in one.patches
        if hasattr(patch, "get_width")
    ]
    plt.close("all")
    return found


OF_RAIDS: dict[str, Callable[[xr.Dataset], Any]] = {
    "summary": lambda r: str(lt.summary(r)),
    "leak_rate": lambda r: lt.leak_rate(r, "threat"),
    "depletion": lt.depletion,
    "cost_exchange": lt.cost_exchange,
    "reduced": lt.reduced,
    "measure": lambda r: lt.Measure("leakers", by="threat").values(r),
    "expended": lambda r: lt.Measure("expended", by="battery").values(r),
    "dry": lambda r: lt.Measure("dry").values(r),
    "scenario_of": lambda r: lt.scenario_of(r).digest,
    "tidy": lambda r: {n: _rows(table) for n, table in lt.tidy(r).items()},
    "plot.fates": lambda r: _drawn(lt.plot.fates(r)),
    "plot.leakers": lambda r: _drawn(lt.plot.leakers(r)),
    "plot.depletion": lambda r: _drawn(lt.plot.depletion(r)),
}
OF_CAMPAIGNS: dict[str, Callable[[xr.Dataset], Any]] = {
    "sustainment": lt.sustainment,
    "campaign_of": lambda r: lt.campaign_of(r).digest,
    "plot.campaign": lambda r: _drawn(lt.plot.campaign(r)),
    "one raid": lambda r: str(lt.summary(r.sel(raid=2))),
}


@pytest.fixture(scope="module")
def made() -> dict[str, xr.Dataset]:
    return {
        "raid": lt.simulate(api_example(), **RUN),
        "campaign": lt.simulate_campaign(
            lt.Campaign(name="two nights", scenario=api_example(), raids=2, interval=lt.DAY), **RUN
        ),
    }


def check(one: Any, other: Any) -> None:
    """Same values; texts may be of another type."""
    if isinstance(one, xr.Dataset | xr.DataArray):
        xr.testing.assert_equal(
            one.drop_vars("seed", errors="ignore"), other.drop_vars("seed", errors="ignore")
        )
    elif isinstance(one, list):
        assert len(one) == len(other)
        for mine, own in zip(one, other, strict=True):
            np.testing.assert_allclose(mine, own, rtol=1e-5)
    else:
        assert one == other


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("kind", ["raid", "campaign"])
def test_the_state_of_a_result_changes_nothing(
    made: dict[str, xr.Dataset], kind: str, state: str, tmp_path: Path
) -> None:
    held = STATES[state](made[kind], tmp_path)
    for name, function in (OF_RAIDS if kind == "raid" else OF_CAMPAIGNS).items():
        if name == "tidy" and (state in ("float32", "float64", "joined") or "mask" in state):
            continue  # it shows what the result holds
        try:
            check(function(held), function(made[kind]))
        except Exception as error:
            raise AssertionError(f"{name} of a result {state}") from error
    held.close()


def _with(result: xr.Dataset, **changed: Any) -> xr.Dataset:
    return result.assign(changed)


def _beside(result: xr.Dataset, dim: str, **changed: Any) -> xr.Dataset:
    """A result, joined to itself with changed variables."""
    parts = [result, _with(result, **changed)]
    return xr.concat(parts, dim, coords="minimal", compat="override", data_vars="all")


LOST: dict[str, tuple[State, str]] = {
    "stacked": (lambda r, _: r.stack(z=("replication", "salvo")), "as a part of z; undo that"),
    "renamed": (lambda r, _: r.rename(salvo="wave"), "has no dimension salvo"),
    "text": (lambda r, _: _with(r, leaked=r.leaked.astype(str)), "leaked must hold numbers"),
    "dates": (lambda r, _: _with(r, leaked=r.leaked.astype("M8[ns]")), "leaked must hold numbers"),
    "negative": (lambda r, _: _with(r, leaked=-1 - r.leaked), "leaked must hold whole numbers"),
    "infinite": (lambda r, _: _with(r, leaked=r.leaked * np.inf), "leaked "),
    "without classes": (lambda r, _: r.drop_vars("threat"), "has no threat"),
    "costs as text": (
        lambda r, _: r.assign_coords(threat_cost=("salvo", ["x"] * r.salvo.size)),
        "threat_cost must hold numbers",
    ),
    "half reduced": (lambda r, _: lt.reduced(r).sel(statistic=["mean"]), "has no variance"),
    "masked": (
        lambda r, _: r.where(r.leaked.sum("salvo") > 40),
        "is missing in some places",
    ),
    "a replication twice": (
        lambda r, _: r.isel(replication=[0, 1, 1]),
        "has replication 1 more than once, so that intervals would be too short",
    ),
    "not whole": (lambda r, _: r.assign(leaked=r.leaked + 0.5), "leaked must hold whole numbers"),
    "one salvo": (lambda r, _: r.isel(salvo=0), "has one salvo only"),
    "one battery": (lambda r, _: r.isel(battery=0), "has one battery only"),
    "no replication": (lambda r, _: r.isel(replication=0), "has no replications"),
    "two in one": (
        lambda r, _: _beside(r, "option", leaked=r.leaked + 1),
        "leaked differs along option",
    ),
    "two scenarios": (
        lambda r, _: _beside(r, "replication", rounds=r.rounds + 1),
        "rounds differs along replication",
    ),
}


@pytest.mark.parametrize("state", LOST)
def test_what_has_lost_something_is_refused(made: dict[str, xr.Dataset], state: str) -> None:
    change, text = LOST[state]
    for function in (lt.summary, lt.leak_rate, lt.depletion, lt.reduced, lt.plot.fates):
        with pytest.raises(ValueError, match=f"^result: .*{text}"):
            function(change(made["raid"], Path()))


def test_added_raids_and_lost_labels_are_refused(made: dict[str, xr.Dataset]) -> None:
    with pytest.raises(ValueError, match=r"^result: is of a campaign, and has lost its raids"):
        lt.leak_rate(made["campaign"].sum("raid", keep_attrs=True))
    with pytest.raises(ValueError, match=r"^result: must keep its coordinates; has no threat_cost"):
        lt.cost_exchange(made["raid"].drop_vars("threat_cost"))
    with pytest.raises(ValueError, match=r"^found: must keep its coordinates; has no round_cost"):
        lt.tidy(made["raid"].drop_vars("round_cost"))


@pytest.mark.parametrize("state", ["one more dimension", "one layer"])
def test_a_dimension_of_one_value_is_dropped(made: dict[str, xr.Dataset], state: str) -> None:
    raid = made["raid"]
    held, own = raid.expand_dims("run"), raid
    if state == "one layer":
        held, own = raid.where(raid.layer == "point", drop=True), raid.sel(layer=["point"])
    for function in (lt.reduced, lt.leak_rate, lt.depletion):
        xr.testing.assert_equal(function(held), function(own))


def test_replications_of_different_seeds_may_have_the_same_numbers() -> None:
    one, other = (lt.simulate(api_example(), replications=5, seed=seed) for seed in (1, 2))
    how: Any = {"data_vars": "minimal", "coords": "different", "compat": "equals"}
    joined = xr.concat([one, other], "replication", **how)
    assert lt.summary(joined).replications == 10
    with pytest.raises(ValueError, match="keep the seeds of joined results"):
        lt.summary(joined.drop_vars("seed"))


@pytest.mark.parametrize("dims", [("replication",), ("replication", "salvo")])
def test_a_stacked_result_is_no_table(made: dict[str, xr.Dataset], dims: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"^found: has replication as a part of z; undo that"):
        lt.tidy(made["raid"].stack(z=dims))
