"""Results in files, with a digest of their content that is checked when they are read."""

import hashlib
import json
import re
import secrets
import shutil
from collections.abc import Hashable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.model.arguments import path_of
from leakthrough.model.errors import shown
from leakthrough.results.taken import dataset_of

if TYPE_CHECKING:
    import xarray as xr

METADATA = ".zmetadata"
"""JSON file of a zarr store; with the digest as its last entry."""
_KEY, _END = b', "sha256": "', b'"}'
_MARK, _DIGITS, _BLOCK = b"\nsha256 ", 64, 2**20
_TEXT = np.dtype("O", metadata={"vlen": str})
"""Text of any length, as h5py and xarray mark it; NumPy's own type needs xarray 2026.9."""
_LONGEST_NAME = 250
"""Bytes in UTF-8; file systems allow 255."""
_ZARR_FILE = re.compile(r"\.z(array|attrs|group)|[0-9]+(\.[0-9]+)*")
"""Names of metadata of a part, and of a chunk; zarr reads nothing else, as of file managers."""


def save_result(result: "xr.Dataset", path: str | Path) -> None:
    """Write a result to a netCDF file or a zarr store, with a digest of its content.

    Parameters
    ----------
    result : xarray.Dataset
        A result or the output of a study, also joined or selected.
    path : str or Path
        A file ending in `.nc` (an existing one is replaced), or a folder ending in `.zarr`, which
        must not exist. Needs the extra `io`.

    Raises
    ------
    ValueError
        If `result` is not a Dataset, has a name or a value that a file cannot hold, the path ends
        in anything else, or the folder exists.
    OSError
        If it cannot be written; an existing file is unchanged then.

    See Also
    --------
    load_result : Reads it, and checks the digest.
    """
    dataset_of(result, "simulate or a study", argument="result")
    check_names([*result.variables, *result.dims], "result")
    path = _checked_path(path)
    if path.suffix == ".zarr" and path.exists():
        raise ValueError(f"path: {path} exists; delete it, or use another path")
    draft = path.with_name(f".leakthrough-{secrets.token_hex(8)}{path.suffix}")
    try:
        if path.suffix == ".nc":
            _write_netcdf(result, draft)
            draft.replace(path)
        else:
            write_zarr(result, draft)
            draft.rename(path)
    except (TypeError, ValueError, NotImplementedError) as error:  # a MultiIndex, an odd attribute
        raise ValueError(f"result: cannot be held by such a file: {error}") from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft)
        draft.unlink(missing_ok=True)


def load_result(path: str | Path) -> "xr.Dataset":
    """Read a result that `save_result` or a sweep with a store wrote, and check its digest.

    Parameters
    ----------
    path : str or Path
        A file ending in `.nc`, or the folder of a zarr store.

    Returns
    -------
    xarray.Dataset
        The result, in memory, identical to the one that was saved.

    Raises
    ------
    ValueError
        If the file has no digest or differs from it, because it is damaged, incomplete or was
        changed.
    FileNotFoundError
        If there is none.
    """
    path = path_of("path", path)
    if not path.exists():
        raise FileNotFoundError(f"path: there is no {path}")
    return checked(path, "path", "delete it, and simulate again")


def check_names(names: Iterable[Hashable], what: str) -> None:
    """Check that variables and dimensions can be in a file; `what` is for the error.

    Zarr makes a folder for each variable; one with a slash or a backslash would be lost silently.
    """
    for name in names:
        text = str(name)
        length = len(text.encode("utf-8", "surrogatepass"))
        if {*"/\\"} & {*text} or text.startswith(".") or length > _LONGEST_NAME:
            allowed = f"with slashes, with a dot at its beginning or over {_LONGEST_NAME} bytes"
            raise ValueError(f"{what}: a file cannot hold the name {shown(name)}, {allowed}")


def _checked_path(path: object) -> Path:
    if not isinstance(path, str | Path) or Path(path).suffix not in (".nc", ".zarr"):
        raise ValueError(f"path: must end in .nc or .zarr; got {shown(path)}")
    return path_of("path", path).resolve()


def _write_netcdf(data: "xr.Dataset", path: Path) -> None:
    writable(data.drop_encoding()).to_netcdf(path, engine="h5netcdf")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    with path.open("ab") as file:  # readers of netCDF ignore what follows its end
        file.write(_MARK + digest.encode())


def write_zarr(data: "xr.Dataset", path: Path) -> None:
    """Write a Dataset to a zarr store, with a digest of all its files."""
    ready = writable(data.drop_encoding())
    for variable in ready.variables.values():  # xarray 2026.9 cannot write such text again
        variable.encoding.pop("dtype", None)
    ready.to_zarr(path, zarr_format=2)
    metadata = path / METADATA
    body = metadata.read_bytes().rstrip().removesuffix(b"}")
    metadata.write_bytes(body + _KEY + _digest_of_folder(path, body).encode() + _END)


def writable(data: "xr.Dataset") -> "xr.Dataset":
    """Set how files hold the variables of a Dataset; return it.

    Coordinates have no fill value, as CF demands. Zarr version 3 has no specification for text of
    fixed length, and warns of each.
    """
    for name, variable in data.variables.items():
        if variable.dtype.kind == "U":
            variable.encoding["dtype"] = _TEXT
        elif variable.dtype.kind == "f" and name in data.coords:
            variable.encoding["_FillValue"] = None
    return data


def checked(path: Path, what: str, advice: str) -> "xr.Dataset":
    """Read a Dataset after checking its digest; `what` and `advice` are for the error.

    The digest is checked first, since h5py, zarr and their codecs may do anything with damaged
    data.
    """
    import xarray as xr

    stored, own = _digests_of_folder(path) if path.is_dir() else _digests_of_file(path)
    if not stored:
        text = "has no digest: it is incomplete, or was not written by leakthrough"
        raise ValueError(f"{what}: {path} {text} (xarray can read it unchecked); {advice}")
    if stored != own:
        text = "differs from its digest: it is damaged or was changed"
        raise ValueError(f"{what}: {path} {text}; {advice}")
    if path.is_dir():
        if _has_pickles(path):
            raise ValueError(f"{what}: {path} has pickled objects, which are not read; {advice}")
        found: xr.Dataset = xr.open_zarr(path, chunks=None).load()
    else:
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            found = opened.load()
    return writable(found.drop_encoding())


def _digests_of_file(path: Path) -> tuple[str, str]:
    """Digest at the end of a file (empty without one), and that of the bytes before."""
    with path.open("rb") as file:
        left = path.stat().st_size - len(_MARK) - _DIGITS
        file.seek(max(left, 0))
        end, found = file.read(), hashlib.sha256()
        if not end.startswith(_MARK):
            return "", ""
        file.seek(0)
        while left > 0:
            block = file.read(min(left, _BLOCK))
            found.update(block)
            left -= len(block)
    return end.removeprefix(_MARK).decode("latin-1"), found.hexdigest()


def _digests_of_folder(path: Path) -> tuple[str, str]:
    """Digest in the metadata of a store (empty without one), and that of its files."""
    try:
        content = (path / METADATA).read_bytes()
    except OSError:
        return "", ""
    body, found, end = content.rpartition(_KEY)
    own = _digest_of_folder(path, body)
    return (end.decode("latin-1"), own + _END.decode()) if found else ("", "")


def _digest_of_folder(path: Path, body: bytes) -> str:
    """Digest of the files of a zarr store, of which `body` is the metadata without the digest."""
    names = {file.relative_to(path).as_posix(): file for file in path.rglob("*")}
    found = hashlib.sha256(body)
    for name, file in sorted(names.items()):
        if not (_ZARR_FILE.fullmatch(file.name) and file.is_file()):
            continue
        with file.open("rb") as content:
            found.update(f"{hashlib.file_digest(content, 'sha256').hexdigest()} {name}\n".encode())
    return found.hexdigest()


def _has_pickles(path: Path) -> bool:
    """Whether a zarr store names the codec that unpickles; old versions of numcodecs would."""
    codecs: list[object] = []
    metadata = (path / METADATA).read_bytes()
    json.loads(metadata, object_hook=lambda part: codecs.append(part.get("id")))
    return "pickle" in codecs
