"""Finished points on disk, so that a killed sweep can be resumed.

While a sweep runs, the folder `NAME.partial` next to its store has its provenance (`study.json`)
and files of finished points. Each file is written under a temporary name, flushed to the disk and
then renamed, so a file with its final name is complete. The finished store is written in the same
way.
"""

import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.studies.measure import Array
from leakthrough.studies.sweep.points import Points
from leakthrough.studies.sweep.tasks import PointResults

if TYPE_CHECKING:
    import xarray as xr

SECONDS_A_FILE = 1.0
PART = "part-"
DRAFT = "draft-"


class Results:
    """All finished points in their order; also written to a store, if there is one."""

    def __init__(self, points: Points, store: "Store | None") -> None:
        self.number, self.store = points.order.size, store
        self.rank = np.empty(self.number, np.int64)
        self.rank[points.order] = np.arange(self.number)
        self.found: list[Array] = []
        self.counts: list[list[tuple[int, Array]]] = []
        self.done = np.zeros(self.number, np.bool_)
        for first, found in store.finished() if store else ():
            self._keep(first, found)

    def missing(self) -> list[tuple[int, int]]:
        """Ranges (first, stop) of unfinished points."""
        edges = np.flatnonzero(np.diff(np.concatenate([[True], self.done, [True]])))
        return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]

    def _keep(self, first: int, found: PointResults) -> None:
        if not self.found:
            shapes = [(self.number, *own.shape[1:]) for own in found.estimates]
            self.found = [np.empty(shape) for shape in shapes]
            self.counts = [[] for _ in found.counts]
        last = first + len(found.estimates[0])
        for mine, own in zip(self.found, found.estimates, strict=True):
            mine[first:last] = own
        for kept, counts in zip(self.counts, found.counts, strict=True):
            kept.append((first, counts))
        self.done[first:last] = True

    def take(self, first: int, found: PointResults) -> None:
        """Take finished points."""
        self._keep(first, found)
        if self.store is not None:
            self.store.take(first, found)

    def estimates(self) -> list[Array]:
        """By measure, an array (points, 4, names) with the points in the order of the axes."""
        return [own[self.rank] for own in self.found]

    def distributions(self) -> list[Array]:
        """By counted measure, an array (points, names, numbers)."""
        found = []
        for kept in self.counts:
            width = max(counts.shape[2] for _, counts in kept)
            whole = np.empty((self.number, kept[0][1].shape[1], width), np.uint32)
            for first, counts in kept:
                missing = width - counts.shape[2]
                padded = np.pad(counts, ((0, 0), (0, 0), (0, missing)))
                whole[first : first + len(counts)] = padded
            found.append(whole[self.rank])
        return found


class Store:
    """The store of one sweep, finished or unfinished.

    Raises ImportError if zarr is not installed, and ValueError if something else is at its path.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            import zarr  # noqa: F401
        except ImportError:
            raise ImportError("store: needs zarr; pip install leakthrough[io]") from None
        self.path = Path(path)
        if not self.path.name:
            raise ValueError(f"store: must be the path of a folder; got {str(path)!r}")
        self.partial = self.path.with_name(f"{self.path.name}.partial")
        self.recorded = self._recorded()
        self.waiting: list[tuple[int, PointResults]] = []
        self.written = time.monotonic()

    @property
    def is_finished(self) -> bool:
        """Whether the sweep is finished."""
        return self.path.exists()

    def _recorded(self) -> dict[str, Any] | None:
        """Provenance of the stored sweep, None without one."""
        for path, name in ((self.path, ".zattrs"), (self.partial, "study.json")):
            if path.exists() and not (path == self.partial and _has_only_drafts(path)):
                try:
                    record: dict[str, Any] = json.loads((path / name).read_text(encoding="utf-8"))
                    if path == self.path:
                        record = json.loads(record["provenance"])
                    if record["study"] != "sweep":
                        raise ValueError
                except (OSError, KeyError, TypeError, ValueError):
                    text = "exists, and is not the store of a sweep"
                    raise ValueError(f"store: {path} {text}") from None
                return record
        return None

    def seed(self) -> int | None:
        """Seed of the stored sweep."""
        return None if self.recorded is None else int(self.recorded["call"]["seed"])

    def open(self, provenance: str) -> None:
        """Begin a sweep or resume it; ValueError if the store holds another sweep."""
        if self.recorded is None:
            self.partial.mkdir(parents=True, exist_ok=True)
            _write(self.partial, "study.json", provenance.encode())
        elif found := _differences(self.recorded, json.loads(provenance)):
            text = f"holds a sweep with another {', '.join(found)}"
            raise ValueError(f"store: {self.path} {text}; finish that, or use another path")

    def load(self) -> "xr.Dataset":
        """Read a finished sweep."""
        import xarray as xr

        shutil.rmtree(self.partial, ignore_errors=True)
        found: xr.Dataset = xr.open_zarr(self.path, chunks=None).load()
        return found

    def finished(self) -> list[tuple[int, PointResults]]:
        """Read the finished points."""
        found = []
        for path in sorted(self.partial.glob(f"{PART}*.npz")):
            with np.load(path) as arrays:
                for n, first in enumerate(arrays["first"].tolist()):
                    estimates = _listed(arrays, f"estimates-{n}-")
                    found.append((first, PointResults(estimates, _listed(arrays, f"counts-{n}-"))))
        return found

    def take(self, first: int, found: PointResults) -> None:
        """Take finished points; they are written in batches."""
        self.waiting.append((first, found))
        if time.monotonic() - self.written >= SECONDS_A_FILE:
            self.flush()

    def flush(self) -> None:
        """Write the points taken since the last write."""
        if not self.waiting:
            return
        arrays: dict[str, Any] = {"first": np.array([first for first, _ in self.waiting])}
        for n, (_, found) in enumerate(self.waiting):
            arrays |= {f"estimates-{n}-{m}": own for m, own in enumerate(found.estimates)}
            arrays |= {f"counts-{n}-{m}": own for m, own in enumerate(found.counts)}
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        _write(self.partial, f"{PART}{secrets.token_hex(8)}.npz", buffer.getvalue())
        self.waiting, self.written = [], time.monotonic()

    def finish(self, dataset: "xr.Dataset") -> None:
        """Write the finished sweep."""
        draft = self.partial / f"{DRAFT}{secrets.token_hex(8)}"
        dataset.to_zarr(draft, zarr_format=2)  # version 3 has no specification for text yet
        for file in draft.rglob("*"):
            _to_disk(file)
        _to_disk(draft)
        draft.rename(self.path)
        _to_disk(self.path.parent)
        shutil.rmtree(self.partial)


def _has_only_drafts(path: Path) -> bool:
    """Whether a folder is empty but for drafts: the sweep was killed before it wrote anything."""
    return path.is_dir() and all(entry.name.startswith(DRAFT) for entry in path.iterdir())


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Names of the entries in which two provenances differ."""
    one, other = ({**record, **record["call"]} for record in (ours, theirs))
    return [name for name in other if name != "call" and one.get(name) != other[name]]


def _listed(arrays: Mapping[str, Any], prefix: str) -> list[Any]:
    names = [name for name in arrays if name.startswith(prefix)]
    return [arrays[f"{prefix}{m}"] for m in range(len(names))]


def _write(folder: Path, name: str, content: bytes) -> None:
    """Write a file atomically, safe against a power failure."""
    draft = folder / f"{DRAFT}{secrets.token_hex(8)}"
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / name)
    _to_disk(folder)


def _to_disk(path: Path) -> None:
    """Flush a file or a folder to the disk."""
    if os.name == "nt" and path.is_dir():  # Windows cannot open folders
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
