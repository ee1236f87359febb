"""Tables from files as people keep them: any separator, encoding and packing, and spreadsheets.

pandas and openpyxl read the tables. This module finds the table in a file, and limits the cost: a
packed file of some kilobytes can have gigabytes of content.
"""

import bz2
import gzip
import io
import lzma
import os
import re
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from leakthrough.model.arguments import path_of

if TYPE_CHECKING:
    import pandas as pd

MOST_BYTES = 32 * 2**20
"""Size of a file, unpacked; the data set has about 1 MB."""
MOST_ROWS = 100_000
MOST_COLUMNS = 100
MOST_TABLES = 20
"""Tables in a zip archive, or sheets of a workbook."""
_OPENERS: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_ZIP = b"PK\x03\x04"
_DAMAGED = (
    *(OSError, EOFError, RuntimeError, ValueError, LookupError, TypeError, AttributeError),
    *(SyntaxError, lzma.LZMAError, zlib.error, zipfile.BadZipFile),  # malformed XML: SyntaxError
)
_NAMES = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm")
"""Names of tables in a zip archive of several files."""
_SEPARATORS = ",;\t|"
_Parser = Callable[[], "pd.DataFrame"]


def read(
    path: str | os.PathLike[str], columns: Collection[str], needed: Collection[str]
) -> "tuple[str, pd.DataFrame]":
    """Read the one table in a file that has the needed columns.

    Returns its name, for errors, and a data frame of `columns`; a missing column is NaN.
    """
    with path_of("path", path).open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    try:
        contents = _unpacked(str(path), data)
        tables = [table for name, content in contents for table in _tables(name, content)]
    except _DAMAGED as error:
        raise ValueError(f"{path}: cannot be read: {error}") from error
    found, problems = [], []
    for name, parse in tables:
        try:
            found.append((name, _selected(parse(), columns, needed)))
        except ValueError as problem:
            problems.append(f"{name}: {problem}")
    if len(found) > 1:
        names = "; ".join(name for name, _ in found[:5])
        raise ValueError(f"{path}: must have one table of the data set; got {names}")
    if not found:
        raise ValueError("\n".join(problems[:5]) or f"{path}: has no table")
    return found[0]


def plain(name: object) -> str:
    """A column's name in one spelling: `Affected region` is `affected_region`."""
    return re.sub(r"[\s_-]+", "_", str(name).strip().casefold())


def _selected(
    frame: "pd.DataFrame", columns: Collection[str], needed: Collection[str]
) -> "pd.DataFrame":
    # pandas renames a second column `launched` to `launched.1`.
    names = [re.sub(r"\.[0-9]+$", "", plain(column)) for column in frame.columns]
    count = Counter(names)
    for problem, wrong in (
        ("there is no column", [name for name in needed if not count[name]]),
        ("there is more than one column", [name for name in columns if count[name] > 1]),
    ):
        if wrong:
            text = f"not in the format of the data set; {problem} {', '.join(map(repr, wrong))}"
            raise ValueError(f"{text}; for other tables, use from_table")
    known = frame.set_axis(names, axis=1)[[name for name in columns if count[name]]]
    return known.reindex(columns=list(columns))


def _unpacked(path: str, data: bytes) -> list[tuple[str, bytes]]:
    """Names and contents of the files in a file, of limited size."""
    _check_size(len(data))
    for magic, opener in _OPENERS.items():
        if data.startswith(magic):
            with opener(io.BytesIO(data)) as file:
                return [(path, _bounded(file))]
    if not data.startswith(_ZIP):
        return [(path, data)]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "xl/workbook.xml" in archive.namelist():
            return [(path, data)]
        names = [n for n in archive.namelist() if not n.startswith("__MACOSX/") and n[-1:] != "/"]
        if len(names) > 1:
            names = [name for name in names if name.lower().endswith(_NAMES)]
        _check_number(len(names))
        found = []
        for name in names:
            with archive.open(name) as file:
                found.append((f"{path}, {name}", _bounded(file)))
            _check_size(sum(len(content) for _, content in found))
        return found


def _bounded(file: IO[bytes]) -> bytes:
    data = file.read(MOST_BYTES + 1)
    _check_size(len(data))
    return data


def _check_size(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"must have at most {MOST_BYTES // 2**20} MiB, unpacked")


def _check_number(tables: int) -> None:
    if tables > MOST_TABLES:
        raise ValueError(f"must have at most {MOST_TABLES} tables; got {tables}")


def _tables(name: str, data: bytes) -> list[tuple[str, _Parser]]:
    """Tables in a file: the name of each, and the function that reads it."""
    if not data.startswith(_ZIP):
        return [(name, partial(_from_text, data))]
    try:
        import openpyxl
    except ImportError:
        raise ImportError(
            f"{name}: .xlsx needs openpyxl; pip install leakthrough[io], or save it as CSV"
        ) from None
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        _check_size(sum(part.file_size for part in archive.infolist()))
        for part in archive.namelist():
            # The format forbids these definitions; their entities can expand without limit.
            if b"<!DOCTYPE" in archive.read(part).replace(b"\0", b""):
                raise ValueError(f"{part} must not define a document type")
    with warnings.catch_warnings(action="ignore"):  # on styles and the like
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    _check_number(len(book.worksheets))
    return [(f"{name}, sheet {s.title}", partial(_from_sheet, s)) for s in book.worksheets]


def _from_text(data: bytes) -> "pd.DataFrame":
    """Table in a text with separators; the header says which separator it is."""
    import pandas as pd

    text = _decoded(data)
    # Excel takes the separator from a first line `sep=;`.
    text = re.sub(r'\A"?sep=."?[\r\n]+', "", text.lstrip("\r\n"))
    header = re.match(r"[^\r\n]*", text)[0]  # type: ignore[index]
    separator = max(_SEPARATORS, key=header.count)
    _check_width(header.count(separator) + 1)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=separator, dtype=str, nrows=MOST_ROWS + 1, skipinitialspace=True
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"not a table ({error})") from error
    _check_length(len(frame))
    return frame.reset_index(drop=True)


def _decoded(data: bytes) -> str:
    """Text in UTF-8, UTF-16, or the code page of Ukrainian Windows."""
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    unmarked = "utf-16-le" if data[1:2] == b"\0" else "utf-8-sig"
    try:
        try:
            text = data.decode("utf-16" if marked else unmarked)
        except UnicodeDecodeError:
            text = data.decode("cp1251")
    except UnicodeDecodeError as error:
        raise ValueError(f"not a text in UTF-8, UTF-16 or Windows-1251 ({error})") from error
    if "\0" in text:
        raise ValueError("must be a table as text (CSV), perhaps packed, or as .xlsx")
    return text


def _check_width(columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise ValueError(f"must have at most {MOST_COLUMNS} columns; got {columns}")


def _check_length(rows: int) -> None:
    if rows > MOST_ROWS:
        raise ValueError(f"must have at most {MOST_ROWS} rows")


def _from_sheet(sheet: Any) -> "pd.DataFrame":
    import pandas as pd

    # One more row, so that a longer sheet is refused; empty rows need not be in the file.
    cells = sheet.iter_rows(max_row=MOST_ROWS + 2, max_col=MOST_COLUMNS, values_only=True)
    try:
        with warnings.catch_warnings(action="ignore"):
            rows = list(cells)
    except _DAMAGED as error:
        raise ValueError(f"cannot be read: {error}") from error
    _check_length(len(rows) - 1)
    rows = [row for row in rows if any(cell is not None for cell in row)]
    header = pd.Index(rows[0] if rows else (), dtype=object)
    return pd.DataFrame(rows[1:], columns=header, dtype=object)
