"""The command line: `leakthrough`, or `python -m leakthrough`."""

import argparse
import json
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from leakthrough import plot
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import check
from leakthrough.model.findings import ScenarioWarning
from leakthrough.model.loading import EXAMPLES, example_file, load_either
from leakthrough.model.scenario import Scenario
from leakthrough.results.files import load_result, save_result
from leakthrough.results.summary import summary
from leakthrough.results.tidy import tidy
from leakthrough.simulate import simulate, simulate_campaign

if TYPE_CHECKING:
    import xarray as xr

REPLICATIONS = 1_000
ODD, REFUSED, INTERRUPTED = 1, 2, 128 + signal.SIGINT
"""Exit codes: `check` found something; an argument or a file was refused; Ctrl-C."""
EPILOG = """
FILE is a scenario or a campaign, in TOML or JSON; the numbers in it are in SI units.
Exit codes: 0 done; 1 `check` found what makes no sense; 2 an argument or a file was refused.
"""


class RefusalError(Exception):
    """What was asked cannot be done, for a reason that a user can mend."""


def parser() -> argparse.ArgumentParser:
    """The parser of the command line."""
    found = argparse.ArgumentParser("leakthrough", description=_DESCRIPTION, epilog=EPILOG)
    found.add_argument("--version", action="version", version=version("leakthrough"))
    commands = found.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, call: object, text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=f"{text}.", epilog=EPILOG)
        added.set_defaults(call=call)
        return added

    def simulated(added: argparse.ArgumentParser) -> None:
        text = f"replications (default {REPLICATIONS:,})"
        added.add_argument("-n", "--replications", type=int, default=REPLICATIONS, help=text)
        added.add_argument("--seed", type=int, help="of the random numbers (default random)")
        added.add_argument("--workers", type=int, help="threads (default all cores)")

    run = command("run", _run, "Simulate, and print a summary")
    run.add_argument("file", type=Path, metavar="FILE")
    simulated(run)
    run.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="new folder for summary.txt, result.nc and tables in tidy form (CSV)",
    )
    checking = command("check", _check, "Look for mistakes, and for what makes no sense")
    checking.add_argument("file", type=Path, metavar="FILE")
    drawing = command("plot", _plot, "Simulate, and draw what happens")
    drawing.add_argument("file", type=Path, metavar="FILE", help="or a result.nc of `run`")
    simulated(drawing)
    drawing.add_argument(
        "--out", type=Path, metavar="PICTURE", help="a .png, .svg or .pdf (default FILE.png)"
    )
    schema = command("schema", _schema, "Print the JSON schema of a file, for editors")
    schema.add_argument("kind", nargs="?", choices=("scenario", "campaign"), default="scenario")
    examples = command("examples", _examples, "List the files that come with it, or print one")
    examples.add_argument("name", nargs="?", metavar="NAME")
    return found


_DESCRIPTION = (
    "Simulate drone-and-missile raids against a layered air defence with finite magazines: "
    "aggregate, notional, for research and for planning a defence."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return its exit code."""
    given = parser().parse_args(arguments)
    try:
        with _plain_warnings():
            code: int = given.call(given) or 0
            sys.stdout.flush()
    except (RefusalError, ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of the output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _said(f"error: {error}", REFUSED)
    except KeyboardInterrupt:
        return _said("interrupted", INTERRUPTED)
    return code


def _said(text: str, code: int) -> int:
    sys.stderr.write(f"leakthrough: {text}\n")
    return code


@contextmanager
def _plain_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the code."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        _said(f"warning: {message}", 0)

    with warnings.catch_warnings():
        warnings.simplefilter("always", ScenarioWarning)
        warnings.showwarning = show
        yield


def _simulated(given: argparse.Namespace) -> "xr.Dataset":
    loaded = load_either(given.file)
    call = simulate_campaign if isinstance(loaded, Campaign) else simulate
    return call(
        loaded,  # type: ignore[arg-type]
        replications=given.replications,
        seed=given.seed,
        workers=given.workers,
    )


def _run(given: argparse.Namespace) -> None:
    folder: Path | None = given.out
    if folder is not None:
        _needs("h5netcdf", "io")
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise RefusalError(f"--out: {folder} exists and is not empty; give a new folder")
    result = _simulated(given)
    text = str(summary(result))
    sys.stdout.write(f"{text}\n")
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "summary.txt").write_text(f"{text}\n", encoding="utf-8")
    save_result(result, folder / "result.nc")
    for name, table in tidy(result).items():
        table.to_csv(folder / f"{name}.csv", index=False)
    sys.stdout.write(f"\nwritten: {', '.join(sorted(own.name for own in folder.iterdir()))}\n")


def _check(given: argparse.Namespace) -> int:
    found = check(load_either(given.file))
    lines = [*map(str, found)] or ["nothing found"]
    sys.stdout.write("\n".join(lines) + "\n")
    return ODD if found else 0


def _plot(given: argparse.Namespace) -> None:
    _needs("matplotlib", "plot")
    from matplotlib.figure import Figure

    result = load_result(given.file) if given.file.suffix == ".nc" else _simulated(given)
    picture = given.out or given.file.with_suffix(".png")
    if "raid" in result.dims:
        figure = Figure((8.0, 9.0), layout="constrained")
        plot.campaign(result, axes=figure.subplots(3, 1, sharex=True))
    else:
        figure = Figure((8.0, 7.0), layout="constrained")
        above, below = figure.subplots(2, 1)
        plot.fates(result, ax=above)
        plot.leakers(result, ax=below)
    figure.savefig(picture, dpi=150)
    sys.stdout.write(f"picture: {picture}\n")


def _schema(given: argparse.Namespace) -> None:
    schema = (Campaign if given.kind == "campaign" else Scenario).model_json_schema()
    sys.stdout.write(json.dumps(schema, indent=2) + "\n")


def _examples(given: argparse.Namespace) -> None:
    if given.name is not None:
        sys.stdout.write(example_file(given.name).read_text(encoding="utf-8"))
        return
    width = max(map(len, EXAMPLES))
    lines = [f"{name:{width}}  {what}\n" for name, what in EXAMPLES.items()]
    sys.stdout.write("".join(lines))


def _needs(module: str, extra: str) -> None:
    """Refuse before anything is simulated if an extra of the package is not installed."""
    from importlib.util import find_spec

    if find_spec(module) is None:
        text = f"needs {module}: pip install 'leakthrough[{extra}]'"
        raise RefusalError(text)


if __name__ == "__main__":
    sys.exit(main())
