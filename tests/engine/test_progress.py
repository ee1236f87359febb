"""Progress bars: on request, and by default where somebody watches a slow call."""

import io
import os
import select
import sys
import types

import pytest

from leakthrough.engine import progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(wanted: bool | None, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    with progress.progress_bar(wanted, "raid", 10) as update:
        update(4)
        update(6)
    return stream.getvalue()


@pytest.mark.parametrize("patience", [0.0, 1e9])
@pytest.mark.parametrize("wanted", [None, True, False])
@pytest.mark.parametrize("kind", [Terminal, io.StringIO])
def test_a_bar_is_shown_on_request_or_to_those_who_wait(
    kind: type[io.StringIO], wanted: bool | None, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PATIENCE", patience)
    text = shown(wanted, kind(), monkeypatch)
    expected = wanted or (wanted is None and kind is Terminal and patience == 0.0)
    assert ("10/10" in text) is expected
    assert bool(text) is expected


def test_a_bar_that_appears_late_begins_where_the_work_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter([0.0, 0.0, 1.0, 5.0])
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: next(now)))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress.progress_bar(None, "raid", 10) as update:
        update(4)
        assert terminal.getvalue() == ""
        update(5)
        assert "9/10" in terminal.getvalue()


def test_a_terminal_without_a_size_shows_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal, inner = os.openpty()  # of 0 rows and 0 columns
    with os.fdopen(inner, "w") as stream, os.fdopen(terminal, "rb", buffering=0) as shown_there:
        assert os.get_terminal_size(inner).columns == 0
        monkeypatch.setattr(progress, "PATIENCE", 0.0)
        monkeypatch.setattr(sys, "stderr", stream)
        with progress.progress_bar(None, "raid", 10) as update:
            update(10)
        text = b""
        while b"10/10" not in text:
            assert select.select([terminal], [], [], 5.0)[0], text
            text += shown_there.read(1000)


def test_a_notebook_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    monkeypatch.setattr(sys, "stderr", stream)
    assert progress.watched() is stream
    monkeypatch.setattr(sys, "stderr", None)
    assert progress.watched() is None
