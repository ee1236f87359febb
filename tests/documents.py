"""Fenced blocks of the documents: the output shown must be the real output."""

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

from leakthrough.__main__ import main

NAMED = re.compile(r"# file: (\S+)\n")


def blocks(text: str, language: str) -> list[str]:
    """Fenced code blocks of a language."""
    return [body for found, body in all_blocks(text) if found == language]


def all_blocks(text: str) -> list[tuple[str, str]]:
    """Language and text of every fenced code block, in order."""
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def assert_shown_is_said(shown: str, said: str) -> None:
    """Every line of a block of output, except ellipses, is a line of the real output, in order."""
    lines = iter(said.splitlines())
    for line in shown.splitlines():
        assert line == "..." or line in lines, line


def _run_command(line: str, said: io.StringIO) -> None:
    """Run a line that calls `leakthrough`, with its output in a file if it has one."""
    if not line.startswith("leakthrough "):
        return
    line, _, target = line.partition(" > ")
    arguments = shlex.split(line)[1:]
    with contextlib.redirect_stdout(io.StringIO() if target else said) as output:
        assert main(arguments) == 0, line
    if target:
        Path(target).write_text(output.getvalue(), encoding="utf-8")


def run_page(text: str, directory: Path) -> int:
    """Run a page: Python blocks in one namespace, TOML blocks as the files that they name.

    Of blocks for a shell, lines that call `leakthrough` are run. A block of text shows what the
    blocks since the previous block of text print. Files are written to the directory, which must
    be the current one. Returns the number of blocks of Python.
    """
    names: dict[str, Any] = {"__name__": "page"}
    said, run, shown = io.StringIO(), 0, False
    for language, body in all_blocks(text):
        if language == "toml":
            name = NAMED.match(body)
            assert name, f"say in the first line which file this is: {body[:60]}"
            (directory / name[1]).write_text(body, encoding="utf-8")
        elif language == "python":
            said = io.StringIO() if shown else said
            run, shown = run + 1, False
            with contextlib.redirect_stdout(said):
                exec(compile(body, f"block {run}", "exec"), names)  # noqa: S102
        elif language == "sh":
            said = io.StringIO() if shown else said
            shown = False
            for line in body.splitlines():
                _run_command(line, said)
        elif language == "text":
            assert_shown_is_said(body, said.getvalue())
            shown = True
    return run
