"""Finished points on disk, so that a killed sweep can be resumed.

While a sweep runs, the folder `NAME.partial` next to its store has its provenance (`study.json`)
and files of finished points. Each file is written under a temporary name, flushed to the disk and
then renamed, so a file with its final name is complete. The finished store is written in the same
way. Whatever is read has a digest: the provenance within its text, the points in the name of their
file, the finished store in an attribute. A process that computes the sweep holds a lock.
"""

import hashlib
import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import path_of
from leakthrough.results.files import checked, write_zarr
from leakthrough.results.provenance import parsed
from leakthrough.studies.reading import Array
from leakthrough.studies.sweep.lock import locked
from leakthrough.studies.sweep.points import Points
from leakthrough.studies.sweep.tasks import PointResults

if TYPE_CHECKING:
    import xarray as xr

SECONDS_A_FILE = 1.0
PART = "part-"
DRAFT = "draft-"
LOCK = "lock"
STUDY = "study.json"


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

    Raises ImportError if zarr is not installed, and ValueError if something else is at its path,
    or if what is there is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            import zarr  # noqa: F401
        except ImportError:
            raise ImportError("store: needs zarr; pip install leakthrough[io]") from None
        self.path = path_of("store", path)
        if not self.path.name:
            raise ValueError(f"store: must be the path of a folder; got {str(path)!r}")
        self.partial = self.path.with_name(f"{self.path.name}.partial")
        self.found: xr.Dataset | None = None
        self.recorded = self._recorded()
        self.waiting: list[tuple[int, PointResults]] = []
        self.written = time.monotonic()

    def _recorded(self) -> dict[str, Any] | None:
        """Provenance of the stored sweep, None without one; read the sweep if it is finished."""
        if self.path.exists():
            path, advice = self.path, "use another path, or delete it and run the sweep again"
            self.found = checked(path, "store", advice)
            text = self.found.attrs.get("provenance")
        elif self.partial.exists() and not _has_only_drafts(self.partial):
            path, advice = self.partial / STUDY, f"delete the folder {self.partial} to start again"
            text = _text_of(path)
        else:
            return None
        try:
            record = parsed(text, str(path))
        except ValueError as error:
            raise ValueError(f"store: {error}; {advice}") from None
        if record.get("study") != "sweep":
            raise ValueError(f"store: {path} is not of a sweep; use another path")
        return record

    def seed(self) -> int | None:
        """Seed of the stored sweep."""
        return None if self.recorded is None else int(self.recorded["call"]["seed"])

    def check(self, provenance: str) -> None:
        """Raise ValueError if the store holds another sweep."""
        ours = parsed(provenance, "store")
        if self.recorded and (found := _differences(self.recorded, ours)):
            text = f"holds a sweep with another {', '.join(found)}"
            raise ValueError(f"store: {self.path} {text}; finish that, or use another path")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes from the store; wait until those that hold it have finished."""
        with locked(self.partial / LOCK, unless=self.path.exists):
            self.recorded = self._recorded()
            yield

    def open(self, provenance: str) -> None:
        """Begin a sweep or resume it; ValueError if the store holds another sweep."""
        self.check(provenance)
        if self.recorded is None:
            _write(self.partial, STUDY, provenance.encode())
            self.recorded = self._recorded()

    def load(self) -> "xr.Dataset | None":
        """The finished sweep, None if it is not finished."""
        if self.found is not None:
            shutil.rmtree(self.partial, ignore_errors=True)
        return self.found

    def finished(self) -> list[tuple[int, PointResults]]:
        """Read the finished points."""
        found = []
        for path in sorted(self.partial.glob(f"{PART}*.npz")):
            content = path.read_bytes()
            if path.name != self._part_name(content):
                text = "differs from the digest in its name, so it is damaged; delete it"
                raise ValueError(f"store: {path} {text}, and its points are computed again")
            with np.load(io.BytesIO(content)) as arrays:
                for n, first in enumerate(arrays["first"].tolist()):
                    estimates = _listed(arrays, f"estimates-{n}-")
                    found.append((first, PointResults(estimates, _listed(arrays, f"counts-{n}-"))))
        return found

    def _part_name(self, content: bytes) -> str:
        """Name of a file of finished points: the digest of the sweep and of the points."""
        assert self.recorded is not None  # noqa: S101 - open comes first
        sweep = str(self.recorded["sha256"]).encode()
        return f"{PART}{hashlib.sha256(sweep + content).hexdigest()[:32]}.npz"

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
        _write(self.partial, self._part_name(buffer.getvalue()), buffer.getvalue())
        self.waiting, self.written = [], time.monotonic()

    def finish(self, dataset: "xr.Dataset") -> None:
        """Write the finished sweep."""
        draft = self.partial / f"{DRAFT}{secrets.token_hex(8)}"
        write_zarr(dataset, draft)
        for file in draft.rglob("*"):
            _to_disk(file)
        _to_disk(draft)
        try:
            draft.rename(self.path)
        except OSError:  # finished by another process, where the file system has no locks
            if not self.path.exists():
                raise
        _to_disk(self.path.parent)
        shutil.rmtree(self.partial, ignore_errors=True)


def _has_only_drafts(path: Path) -> bool:
    """Whether a folder is empty but for drafts: the sweep was killed before it wrote anything."""
    return path.is_dir() and all(entry.name.startswith((DRAFT, LOCK)) for entry in path.iterdir())


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[str]:
    """Names of the entries in which two provenances differ."""
    one, other = ({**record, **record["call"]} for record in (ours, theirs))
    derived = ("call", "sha256")
    return [name for name in other if name not in derived and one.get(name) != other[name]]


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
