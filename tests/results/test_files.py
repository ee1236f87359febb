"""What is read from a file is what was written, or an error: each byte is covered by a digest."""

import functools
import json
import random
import re
import shutil
import warnings
from pathlib import Path
from typing import Any

import doors
import numpy as np
import pytest
import xarray as xr
from raids import api_example

import leakthrough as lt
from leakthrough.results import files as _files

ROUNDS = "layers.point.batteries.gun.magazines.gun burst.rounds"


def campaign() -> lt.Campaign:
    return lt.Campaign(name="week", scenario=api_example(), raids=3, interval=86400.0)


def outputs() -> dict[str, xr.Dataset]:
    result = lt.simulate(api_example(), replications=20, seed=1, timeline=[0.0, 600.0])
    axes: Any = {"rounds": {ROUNDS: [20, "infinite"]}, "order": {ORDER: ["arrival", "deadline"]}}
    measures: list[Any] = ["leakers", lt.Measure("dry", by="battery"), "cost_spent"]
    call: dict[str, Any] = {"replications": 10, "seed": 1}
    return {
        "raid": result,
        "summary": lt.reduced(result),
        "campaign": lt.simulate_campaign(campaign(), **call),
        "sweep": lt.sweep(api_example(), axes, measures=measures, keep_distributions=True, **call),
        "selected": result.isel(replication=slice(3, 9), salvo=0),
        "empty": result.isel(replication=[]),
        "float32": result.astype("float32"),
        "masked": result.where(result.leaked > 40),
        "lazy": result.chunk(replication=7),
        "table": lt.depletion(result),
        "compared": lt.compare(
            {"a": api_example(), "b": api_example().replace(ROUNDS, 9)},
            measures=["leakers"],
            **call,
        ),
    }


ORDER = "layers.point.batteries.gun.doctrine.order"


@pytest.fixture(scope="module")
def made() -> dict[str, xr.Dataset]:
    return outputs()


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_what_is_read_is_what_was_written(
    suffix: str, made: dict[str, xr.Dataset], tmp_path: Path
) -> None:
    for name, data in made.items():
        path = tmp_path / f"{name}.{suffix}"
        lt.save_result(data, str(path))
        xr.testing.assert_identical(lt.load_result(path), data)
        assert [file.name for file in tmp_path.iterdir()] == [path.name], name
        lt.save_result(lt.load_result(path), tmp_path / f"again.{suffix}")
        xr.testing.assert_identical(lt.load_result(tmp_path / f"again.{suffix}"), data)
        for file in tmp_path.iterdir():
            file.unlink() if file.is_file() else shutil.rmtree(file)


def test_a_loaded_result_can_be_run_again(made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    lt.save_result(made["campaign"], tmp_path / "c.zarr")
    found = lt.load_result(tmp_path / "c.zarr")
    xr.testing.assert_identical(lt.rerun(found), made["campaign"])


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
def test_a_damaged_file_is_refused(
    suffix: str, made: dict[str, xr.Dataset], tmp_path: Path
) -> None:
    """Any byte changed, any end cut off."""
    path, pick = tmp_path / f"r.{suffix}", random.Random(4)  # noqa: S311
    lt.save_result(made["selected"], path)
    files = [path] if path.is_file() else sorted(f for f in path.rglob("*") if f.is_file())
    for _ in range(100):
        file = pick.choice(files)
        content = file.read_bytes()
        at = pick.randrange(len(content))
        wrong = bytes([content[at] ^ (1 << pick.randrange(8))])
        for damaged in (content[:at] + wrong + content[at + 1 :], content[:at]):
            file.write_bytes(damaged)
            with pytest.raises(ValueError, match=f"^path: {path} .*; delete it, and simulate"):
                lt.load_result(path)
        file.write_bytes(content)
    if path.is_dir():
        for name in (".DS_Store", "Thumbs.db", "leaked/desktop.ini", "leaked/._0.0"):
            (path / name).touch()
    xr.testing.assert_identical(lt.load_result(path), made["selected"])


def test_a_missing_chunk_is_refused(made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    lt.save_result(made["raid"], path)
    for name in ("leaked", "depletion_time", "salvo", "seed"):
        chunk = next(file for file in (path / name).iterdir() if not file.name.startswith("."))
        content = chunk.read_bytes()
        chunk.unlink()
        with pytest.raises(ValueError, match=r"r\.zarr differs from its digest: it is damaged"):
            lt.load_result(path)
        chunk.write_bytes(content)
    lt.load_result(path)


def test_xarray_reads_it_too(made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    for name in ("raid", "sweep"):
        lt.save_result(made[name], tmp_path / f"{name}.zarr")
        lt.save_result(made[name], tmp_path / f"{name}.nc")
        for how in (True, False):
            found = xr.open_zarr(tmp_path / f"{name}.zarr", consolidated=how)
            xr.testing.assert_identical(found.load(), made[name])
        with xr.open_dataset(tmp_path / f"{name}.nc", engine="h5netcdf") as found:
            xr.testing.assert_identical(found.load(), made[name])


def test_xarray_can_write_again_what_it_read(made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    """Also in format 2, where xarray 2026.9 cannot write text of any length that it read."""
    lt.save_result(made["raid"], tmp_path / "r.zarr")
    xr.open_zarr(tmp_path / "r.zarr").to_zarr(tmp_path / "again.zarr", zarr_format=2)
    xr.testing.assert_identical(xr.open_zarr(tmp_path / "again.zarr").load(), made["raid"])


def test_what_is_no_result_is_refused(made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    made["raid"].to_netcdf(tmp_path / "plain.nc", engine="h5netcdf")
    (tmp_path / "text.nc").write_text("not a file of this kind")
    (tmp_path / "folder.zarr").mkdir()
    for name in ("plain.nc", "text.nc", "folder.zarr"):
        with pytest.raises(ValueError, match=f"^path: .*{name} has no digest: it is incomplete, "):
            lt.load_result(tmp_path / name)
    with pytest.raises(FileNotFoundError, match=r"^path: there is no .*none\.nc"):
        lt.load_result(tmp_path / "none.nc")


@pytest.mark.parametrize("suffix", ["nc", "zarr"])
@pytest.mark.parametrize("name", ["a/b", "a\\b", "/", ".", "..", ".zattrs", "é" * 126])
def test_a_name_that_a_file_would_lose_is_refused(
    name: str, suffix: str, made: dict[str, xr.Dataset], tmp_path: Path
) -> None:
    for part in ("leaked", "salvo"):
        with pytest.raises(ValueError, match=r"^result: a file cannot hold the name '.*', with sl"):
            lt.save_result(made["raid"].rename({part: name}), tmp_path / f"r.{suffix}")
    held = made["raid"].rename(leaked="é" * 125, salvo="a:b c")
    lt.save_result(held, tmp_path / f"r.{suffix}")
    xr.testing.assert_identical(lt.load_result(tmp_path / f"r.{suffix}"), held)


def test_a_store_is_never_unpickled(
    made: dict[str, xr.Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if its digest is right, and numcodecs may unpickle, as old versions always may."""
    monkeypatch.setattr("numcodecs.pickles.ALLOW_UNSAFE_PICKLE_DECODE", True, raising=False)
    path, flag = tmp_path / "r.zarr", tmp_path / "flag"
    lt.save_result(made["raid"], path)
    metadata = json.loads((path / _files.METADATA).read_bytes())
    del metadata["sha256"]
    own = metadata["metadata"]["leaked/.zarray"]
    own |= {"dtype": "|O", "fill_value": "", "filters": [{"id": "vlen-utf8"}, {"id": "pickle"}]}
    own["compressor"] = None
    text = f"cposix\nmkdir\n(V{flag}\ntR."
    for chunk in (path / "leaked").glob("[0-9]*"):
        chunk.write_bytes(text.encode())
    body = json.dumps(metadata).encode().removesuffix(b"}")
    digest = _files._digest_of_folder(path, body).encode()
    (path / _files.METADATA).write_bytes(body + _files._KEY + digest + _files._END)
    with pytest.raises(ValueError, match=f"^path: {path} has pickled objects, which are not read"):
        lt.load_result(path)
    assert not flag.exists()


def test_what_cannot_be_written_changes_nothing(
    made: dict[str, xr.Dataset], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"^path: must be a path"):
        lt.save_result(made["raid"], "\0.nc")
    for path in (tmp_path / "r.csv", tmp_path, 3, None):
        with pytest.raises(ValueError, match=r"^path: must end in \.nc or \.zarr; got "):
            lt.save_result(made["raid"], path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^result: must be a Dataset that"):
        lt.save_result(3, tmp_path / "r.nc")  # type: ignore[arg-type]
    for path in (tmp_path / "r.nc", tmp_path / "r.zarr"):
        lt.save_result(made["table"], path)
    with pytest.raises(ValueError, match=r"^result: cannot be held by such a file: Object dtype"):
        lt.save_result(made["raid"].assign_attrs({"odd": np.array([{}])}), tmp_path / "r.nc")
    with pytest.raises(ValueError, match=r"^result: cannot be held by such a file: "):
        lt.save_result(made["raid"].stack(z=("replication", "salvo")), tmp_path / "r.nc")
    for path in (tmp_path / "r.nc", tmp_path / "r.zarr"):
        xr.testing.assert_identical(lt.load_result(path), made["table"])
    with pytest.raises(ValueError, match=r"^path: .*r\.zarr exists; delete it, or use another"):
        lt.save_result(made["raid"], tmp_path / "r.zarr")
    lt.save_result(made["raid"], tmp_path / "r.nc")
    xr.testing.assert_identical(lt.load_result(tmp_path / "r.nc"), made["raid"])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["r.nc", "r.zarr"]


UNITS = {"1", "s", "m", "m/s", "1/s", "1/day", "degrees"}
DATED = {"time", "lat", "latitude", "lon", "longitude", "height", "depth", "altitude"}
"""Names for which the IOOS compliance checker demands what CF says of dates and positions."""


@pytest.mark.parametrize("name", ["raid", "summary", "campaign", "sweep"])
def test_it_follows_the_conventions(name: str, made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    """What the IOOS compliance checker (6.1, cf:1.11) found wrong; it finds no error now."""
    made[name].to_netcdf(tmp_path / "r.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "r.nc", engine="h5netcdf", decode_cf=False) as raw:
        assert raw.attrs["Conventions"] == "CF-1.11"
        assert not DATED & set(map(str, raw.variables))
        for label, variable in raw.variables.items():
            assert variable.attrs.get("units", "1") in UNITS, label
            assert "_FillValue" not in variable.attrs or label not in made[name].coords, label
    sold = made[name].get("round_cost", made[name].get("cost_spent"))
    assert sold is not None
    assert sold.attrs["long_name"].endswith(" [currency]")


@functools.cache
def _of_others() -> dict[str, xr.Dataset]:
    """What studies, records and exact models return."""
    given = {**doors._of_studies(), **doors._of_results(), **doors._of_records()}
    axis = {"layers.defence.outer_range": (1000.0, 2000.0)}
    names = ("compare", "size_for_goal", "simulate_to_precision", "kill_probability_gradient")
    found = {name: getattr(lt, name)(**given[name]) for name in (*names, "depletion", "replay")}
    exact = {name: getattr(lt.exact, name)(**own) for name, own in doors._of_exact().items()}
    return {
        **{name: found for name, found in doors.values().items() if isinstance(found, xr.Dataset)},
        **found,
        "saturation_point": lt.saturation_point(**{**given["saturation_point"], "axis": axis}),
        **{n: own.to_dataset() for n, own in exact.items() if isinstance(own, xr.DataArray)},
        **{name: own for name, own in exact.items() if isinstance(own, xr.Dataset)},
    }


@pytest.mark.parametrize("name", sorted(_of_others()))
def test_studies_and_exact_models_follow_the_conventions_too(name: str, tmp_path: Path) -> None:
    found = _of_others()[name]
    found.to_netcdf(tmp_path / "r.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "r.nc", engine="h5netcdf", decode_cf=False) as raw:
        for label, variable in raw.variables.items():
            stamps = str(variable.attrs.get("units", "")).startswith(("days", "seconds", "hours"))
            assert stamps or variable.attrs.get("units", "1") in UNITS, label
            assert found[label].dtype.kind in "OU" or variable.attrs.get("long_name"), label
            assert "_FillValue" not in variable.attrs or label not in found.dims, label


def test_units_of_fields_are_known() -> None:
    """An axis of a sweep has the units of its field."""
    text = str(lt.Campaign.model_json_schema())
    assert set(re.findall(r"\[([^]' ]+)\]\.", text)) <= {*UNITS, "currency"}


@pytest.mark.parametrize("name", ["raid", "summary", "campaign", "sweep"])
def test_zarr_warns_of_no_variable(name: str, made: dict[str, xr.Dataset], tmp_path: Path) -> None:
    """Its one warning is about a file that xarray adds to each store of version 3."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        made[name].to_zarr(tmp_path / "r.zarr")
    assert [str(one.message)[:21] for one in found] == ["Consolidated metadata"]
    with xr.open_zarr(tmp_path / "r.zarr") as again:
        xr.testing.assert_identical(again.load(), made[name])
    made[name].to_zarr(tmp_path / "2.zarr", zarr_format=2)
