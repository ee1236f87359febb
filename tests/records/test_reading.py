"""The same table in every kind of file in which people keep it, and files that are refused."""

import bz2
import csv
import gzip
import importlib.util
import io
import lzma
import sys
import warnings
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from record_files import HEADER, row, written

from leakthrough import records
from leakthrough.records import reading

ROWS = [row(), row(model="Kalibr", launch_place='sea; "far", east\nwest'), row(model="Молнія")]
CATALOGUE = b"model,category\nKalibr,cruise missile\n"
SHEETS = importlib.util.find_spec("openpyxl") is not None


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def encoded(codec: str) -> Callable[[bytes], bytes]:
    return lambda data: data.decode("utf-8").encode(codec)


def separated(sign: str, start: str = "") -> Callable[[bytes], bytes]:
    def changed(data: bytes) -> bytes:
        out = io.StringIO(newline="")
        rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
        csv.writer(out, delimiter=sign).writerows(rows)
        return (start + out.getvalue()).encode("utf-8")

    return changed


KEPT: dict[str, Callable[[bytes], bytes]] = {
    "as downloaded": bytes,
    "lines of Windows": lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
    "lines of the old Mac": lambda data: data.replace(b"\r\n", b"\r"),
    "blank lines": lambda data: b"\n\n" + data.replace(b"\r\n", b"\r\n\r\n") + b"\n\n",
    "semicolons": separated(";"),
    "semicolons, named": separated(";", "sep=;\n"),
    "tabs": separated("\t"),
    "bars": separated("|"),
    "UTF-8 with mark": encoded("utf-8-sig"),
    "UTF-16": encoded("utf-16"),
    "UTF-16 without mark": encoded("utf-16-le"),
    "Windows-1251": encoded("cp1251"),
    "tabs in UTF-16, as Excel does": lambda data: encoded("utf-16")(separated("\t")(data)),
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zip": lambda data: zipped(**{"a.csv": data}),
    "zip of pandas": lambda data: zipped(record=data),
    "zip of a folder": lambda data: zipped(**{"a/": b"", "a/b.CSV": data}),
    "zip with the catalogue": lambda data: zipped(
        **{"a.csv": data, "b.csv": CATALOGUE, "c": b"\0"}
    ),
    "zip of macOS": lambda data: zipped(**{"a.csv": data, "__MACOSX/a.csv": data}),
    "row names without a name": lambda data: data.replace(b"\r\n2025", b"\r\n7,2025"),
}


@pytest.mark.parametrize("kind", KEPT)
def test_the_same_table_in_every_file(tmp_path: Path, kind: str) -> None:
    # Other line breaks would also change the one in a field.
    rows = ROWS if "line" not in kind else [ROWS[0], ROWS[2]]
    plain = written(tmp_path, *rows)
    expected = records.load(plain)
    kept = tmp_path / "kept"
    kept.write_bytes(KEPT[kind](plain.read_bytes()))
    xr.testing.assert_identical(records.load(kept), expected)
    assert expected.sizes["entry"] == len(rows)


@pytest.mark.parametrize(
    "header",
    [
        HEADER[::-1],
        ["Unnamed: 0", *HEADER, "level_0"],
        ["", "", *HEADER],
        [name.upper().replace("_", " ") for name in HEADER],
        [f" {name.title().replace('_', '-')} " for name in HEADER],
    ],
)
def test_columns_in_any_order_and_spelling(tmp_path: Path, header: list[str]) -> None:
    names = {reading.plain(name): name for name in header}
    one = {names.get(name, name): value for name, value in row().items()}
    record = records.load(written(tmp_path, one, header=header))
    xr.testing.assert_identical(record, records.load(written(tmp_path, row())))


def test_a_tab_may_start_the_header(tmp_path: Path) -> None:
    """The name of row names is empty."""
    path = tmp_path / "tabs.tsv"
    lines = ["\t" + "\t".join(HEADER), "0\t" + "\t".join(map(str, row().values()))]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert records.load(path).sizes["entry"] == 1


@pytest.mark.parametrize("missing", ["model", "source", "launched", "destroyed", "time_end"])
def test_a_file_of_another_format_is_refused(tmp_path: Path, missing: str) -> None:
    path = written(tmp_path, row(), header=[name for name in HEADER if name != missing])
    said = rf"record\.csv: not in the format.*no column '{missing}'; for other tables, use from_tab"
    with pytest.raises(ValueError, match=said):
        records.load(path)


@pytest.mark.parametrize("name", ["launched", "time_end", "is_shahed", "Launched"])
def test_a_column_that_is_there_twice_is_refused(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, row(), header=[*HEADER, name])
    with pytest.raises(ValueError, match=f"not in the format.*than one column '{name.lower()}'"):
        records.load(path)


def test_a_line_that_is_cut_names_no_source(tmp_path: Path) -> None:
    path = written(tmp_path, row(), row(launch_place="sea"))
    path.write_bytes(path.read_bytes()[:-30])
    assert records.load(path).attrs["rows_without_source"] == 1


TABLE = ",".join(HEADER).encode() + b"\n"
REFUSED = {
    "empty": (b"", "not a table"),
    "UTF-16 in half": (b"\xff\xfe\x00", "must be a table as text"),
    "not text": (b"PAR1\0\0", "must be a table as text"),
    "open quotes": (TABLE + b'"a,b\n', "not a table .*EOF inside string"),
    "too many fields": (TABLE + b"1\n" + b"," * 12, "not a table .*Expected 10 fields in line 3"),
    "cut gzip": (gzip.compress(TABLE)[:-9], "cannot be read: Compressed file ended"),
    "damaged gzip": (b"\x1f\x8b\x08\0" + b"\7" * 40, "cannot be read: "),
    "cut xz": (lzma.compress(TABLE)[:-9], "cannot be read: Compressed file ended"),
    "no zip": (b"PK\x03\x04", "cannot be read: File is not a zip file"),
    "packed twice": (gzip.compress(gzip.compress(TABLE)), "must be a table as text"),
    "zip without tables": (zipped(a=TABLE, b=TABLE), "has no table"),
    "two in a zip": (
        zipped(**{"a.csv": TABLE, "b.csv": TABLE}),
        r"one table.*got .*a\.csv; .*b\.csv",
    ),
    "many in a zip": (
        zipped(**{f"{i}.csv": TABLE for i in range(21)}),
        "at most 20 tables; got 21",
    ),
    "a huge file": (b" " * (reading.MOST_BYTES + 1), "at most 32 MiB, unpacked"),
    "a bomb": (gzip.compress(b"0" * (reading.MOST_BYTES + 1), 1), "at most 32 MiB, unpacked"),
    "bombs": (
        zipped(**dict.fromkeys(("a.csv", "b.csv"), b"0" * (20 * 2**20))),
        "at most 32 MiB, unpacked",
    ),
    "wide": (b"," * 100, "at most 100 columns; got 101"),
    "long": (TABLE + b"0,\n" * 100_001, "at most 100000 rows"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_table_or_too_large_is_refused(tmp_path: Path, kind: str) -> None:
    content, said = REFUSED[kind]
    path = tmp_path / "other.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"other\.csv.*{said}") as told:
        records.load(path)
    assert len(str(told.value)) < 1_000


@pytest.mark.parametrize("path", [5, None, b"record.csv", ["record.csv"]])
def test_a_path_is_a_path(path: object) -> None:
    with pytest.raises(ValueError, match="path: must be a path"):
        records.load(path)  # type: ignore[arg-type]


def test_a_spreadsheet_without_openpyxl_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    path = tmp_path / "record.xlsx"
    path.write_bytes(zipped(**{"xl/workbook.xml": b"<workbook/>"}))
    with pytest.raises(
        ImportError, match=r"record\.xlsx: .*pip install leakthrough\[io\], or save"
    ):
        records.load(path)


if SHEETS:  # an optional dependency

    def workbook(**sheets: list[list[object]]) -> bytes:
        """A workbook with these rows."""
        import openpyxl

        book = openpyxl.Workbook()
        book.remove(book.active)
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for line in rows:
                sheet.append(line)
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    def changed(book: bytes, part: str, old: bytes, new: bytes) -> bytes:
        """A workbook in which one part is changed."""
        with zipfile.ZipFile(io.BytesIO(book)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        assert old in parts[part]
        return zipped(**parts | {part: parts[part].replace(old, new)})

    CELLS: list[object] = [
        *(datetime(2025, 7, 3, 18), datetime(2025, 7, 4, 6), "Shahed-136/131", None),
        *(10, 6.0, "3", None, None, "kpszsu/posts/made-up"),
    ]
    BOOK = workbook(record=[list(HEADER), CELLS])
    SHEET = "xl/worksheets/sheet1.xml"

    @pytest.mark.parametrize(
        "content",
        [
            BOOK,
            gzip.compress(BOOK),
            zipped(**{"a.xlsx": BOOK}),
            workbook(notes=[["written by hand"]], empty=[], record=[[], list(HEADER), [], CELLS]),
            workbook(record=[[None, *HEADER], [0, *CELLS]]),
        ],
    )
    def test_a_spreadsheet(tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "record.xlsx"
        path.write_bytes(content)
        xr.testing.assert_identical(records.load(path), records.load(written(tmp_path, row())))

    def test_formulas_are_not_evaluated(tmp_path: Path) -> None:
        path = tmp_path / "record.xlsx"
        path.write_bytes(workbook(record=[list(HEADER), [*CELLS[:4], "=5+5", *CELLS[5:]]]))
        with pytest.warns(UserWarning, match="1 without the number launched"):
            assert records.load(path).sizes["entry"] == 0

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (workbook(a=[list(HEADER), CELLS], b=[list(HEADER)]), "one table.*sheet a; .*sheet b"),
            (workbook(**{f"s{i}": [] for i in range(21)}), "at most 20 tables; got 21"),
            (workbook(a=[["model"]]), "sheet a: not in the format"),
            (changed(BOOK, SHEET, b'r="2"', b'r="999999999"'), "at most 100000 rows"),
            (changed(BOOK, SHEET, b"</worksheet>", b""), "cannot be read: "),
            (changed(BOOK, "xl/workbook.xml", b"</workbook>", b""), "cannot be read: "),
            (
                changed(BOOK, SHEET, b"<worksheet", b"<!DOCTYPE w><worksheet"),
                "sheet1.xml must not define a document type",
            ),
            (
                changed(BOOK, SHEET, b"</worksheet>", b" " * (32 * 2**20) + b"</worksheet>"),
                "at most 32 MiB, unpacked",
            ),
        ],
    )
    def test_a_spreadsheet_that_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
        path = tmp_path / "record.xlsx"
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf"record\.xlsx.*{said}"):
            records.load(path)

    def test_damaged_spreadsheets_raise_one_kind_of_error(tmp_path: Path) -> None:
        path, rng = tmp_path / "record.xlsx", np.random.default_rng(14)
        with zipfile.ZipFile(io.BytesIO(BOOK)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        refused = 0
        for _ in range(100):
            name = str(rng.choice(list(parts)))
            damaged = bytearray(parts[name])
            for at in rng.integers(0, len(damaged), 3):
                damaged[at] = rng.integers(0, 256)
            path.write_bytes(zipped(**parts | {name: bytes(damaged)}))
            try:
                with warnings.catch_warnings(action="ignore"):
                    records.load(path)
            except ValueError:
                refused += 1
        assert refused > 10
