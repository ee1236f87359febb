"""Additions to sphinx-gallery: titles, pictures and output of plain scripts."""

import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
CELL = "\n# %%"
"""Marks a script written in cells."""


def in_cells(examples: Path) -> str:
    """Return a pattern for the scripts that are written in cells."""
    cells = [p.name for p in sorted(examples.glob("*.py")) if CELL in p.read_text("utf-8")]
    return "|".join(map(re.escape, cells)) or "(?!)"


class Elsewhere:
    """Arguments of a script that is run: its picture goes to a temporary directory."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp()

    def __repr__(self) -> str:  # sphinx-gallery writes its settings down
        return "Elsewhere"

    def __call__(self, *_: object) -> list[str]:
        """Return the arguments."""
        return [self.directory]


def copy_pictures(shipped: Path, images: Path, examples: Path) -> None:
    """Copy the pictures to where sphinx-gallery makes thumbnails from them."""
    images.mkdir(parents=True, exist_ok=True)
    for script in examples.glob("*.py"):
        picture = shipped / f"{script.stem}.png"
        if picture.exists():
            shutil.copyfile(picture, images / f"sphx_glr_{script.stem}_001.png")


def finish_page(_: object, document: str, source: list[str]) -> None:
    """Add a title to the page of a script, and picture and output if it was not run."""
    if document == "gallery/index":  # the second paragraph of a script is its command line
        source[0] = re.sub(r' tooltip="[^"]*"', "", source[0])
    folder, _, stem = document.partition("/")
    script = ROOT / "examples" / f"{stem}.py"
    if folder == "gallery" and script.exists():
        text = script.read_text("utf-8")
        source[0] = _with_title(source[0], text)
        if CELL not in text:
            source[0] = _with_picture(source[0], stem)


def _with_title(page: str, script: str) -> str:
    title = script.removeprefix('"""').split("\n", 1)[0]
    plain = title.rstrip(".")
    return page.replace(title, f"{plain}\n{'=' * len(plain)}", 1)


def _with_picture(page: str, stem: str) -> str:
    """Put the picture and the output between the docstring and the code."""
    mark = ".. GENERATED FROM PYTHON SOURCE LINES"
    docstring, code = page.rsplit(mark, 1)
    return f"{docstring}{_shown(stem)}{mark}{code}"


def _shown(stem: str) -> str:
    """Return the picture, and the output as the READMEs show it."""
    lines = [f".. image:: /images/{stem}.png", f"   :alt: picture of {stem}.py", ""]
    pages = ROOT / "README.md", ROOT / "examples" / "README.md"
    text = "\n".join(page.read_text("utf-8") for page in pages)
    for block in re.findall(r"^```text\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
        if f"picture: {stem}.png" in block:
            lines += [
                ".. code-block:: text",
                "",
                *(f"   {line}" for line in block.splitlines()),
                "",
            ]
    return "\n".join(lines) + "\n"
