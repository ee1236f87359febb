"""Draw mutants of some modules, run the tests on each, and say which survive.

    PYTHONPATH=tests python -m mutation --number 200 --seed 1

Not a part of the test suite: 200 mutants take about half an hour. A survivor either shows that a
test is missing, or changes nothing that can be seen: `equivalent.toml` holds the reasons. The
result is written to `result.json` after each mutant, and the page on verification is made from it.
With `--resume` the mutants in it are left out, but for survivors without a reason.
"""

import argparse
import difflib
import json
import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mutation.operators import Mutant, mutants
from mutation.oracle import PACKAGE, PackageCopy, Verdict, stages_of

FOLDER = Path(__file__).parent
DEFAULT = (
    "engine/kernel", "engine/lower_*.py", "engine/record.py", "engine/layout.py",
    "engine/tables.py", "engine/counts.py", "engine/decode.py", "engine/damage.py",
    "engine/chances.py", "engine/parts.py", "engine/decisions.py", "engine/possible.py",
    "engine/resupply.py", "reference",
    "results/reduction.py", "results/sums.py", "results/integer_sums.py", "results/controls.py",
    "results/narrowed.py", "results/ranges.py", "statistics/adjusted.py",
    "statistics/controls.py", "statistics/exact_sums.py", "statistics/intervals.py",
    "statistics/means.py",
)  # fmt: skip
TIMEOUT = 240.0
"""Seconds of one stage, of a processor; those of the package as it is take 5 to 60."""


class Change(NamedTuple):
    """The lines that a mutant changes, without indentation: what identifies it.

    A line of one word, such as `return`, does not: the line before it comes with it.
    """

    module: str
    before: str
    after: str


def modules_at(paths: Sequence[str]) -> list[str]:
    """Modules of the package at some paths in it, which may be folders or patterns."""
    found: set[Path] = set()
    for path in paths:
        for match in PACKAGE.glob(path):
            found |= set(match.rglob("*.py")) if match.is_dir() else {match}
    return sorted(str(file.relative_to(PACKAGE)) for file in found)


def drawn(modules: Sequence[str], number: int, seed: int) -> list[Mutant]:
    """Different mutants, each as likely as any other."""
    every = [mutant for m in modules for mutant in mutants(m, (PACKAGE / m).read_bytes())]
    sys.stdout.write(f"{len(every):,} mutants of {len(modules)} modules, {number:,} drawn\n")
    chosen = random.Random(seed).sample(every, min(number, len(every)))  # noqa: S311
    return sorted(chosen, key=lambda mutant: (mutant.module, mutant.start, mutant.text))


def change_of(mutant: Mutant) -> Change:
    """What a mutant changes."""
    source = (PACKAGE / mutant.module).read_bytes()
    old, new = (text.decode().splitlines() for text in (source, mutant.applied(source)))
    lines = [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ")]
    before, after = (
        "\n".join(line[2:].strip() for line in lines if line[0] == sign) for sign in "-+"
    )
    if " " not in before:
        above = old[mutant.line - 2].strip()
        before, after = f"{above}\n{before}", f"{above}\n{after}"
    return Change(mutant.module, before, after)


def reasons() -> dict[Change, str]:
    """Why some survivors are equivalent to the original."""
    entries = tomllib.loads((FOLDER / "equivalent.toml").read_text(encoding="utf-8"))
    return {
        Change(entry["module"], entry["before"].strip(), entry["after"].strip()): entry["reason"]
        for entry in entries.get("mutant", [])
    }


def entry_of(mutant: Mutant, verdict: Verdict) -> dict[str, Any]:
    """What became of a mutant, for the result."""
    change = change_of(mutant)
    return {
        **change._asdict(),
        "line": mutant.line,
        "operator": mutant.operator,
        **verdict._asdict(),
    }


def with_reasons(entries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries in the order of the source; survivors with their reason, which may be empty."""
    known = reasons()
    found = []
    for entry in sorted(entries, key=lambda entry: (entry["module"], entry["line"])):
        change = Change(entry["module"], entry["before"], entry["after"])
        survived = entry["status"] == "survived"
        found.append({**entry, "reason": known.get(change, "") if survived else ""})
    return found


def text_of(entry: dict[str, Any]) -> str:
    """A line on a mutant, and the change if it survived."""
    where = f"{entry['module']}:{entry['line']} {entry['operator']}"
    text = f"{entry['status']:9} {entry['seconds']:5.1f} s  {where}  {entry['by']}\n"
    if entry["status"] == "survived":
        for sign, side in (("-", "before"), ("+", "after")):
            text += "".join(f"    {sign} {line}\n" for line in entry[side].splitlines())
        text += f"    {entry['reason'] or 'TO BE KILLED'}\n"
    return text


def check_original(copy: PackageCopy, chosen: Sequence[Mutant], timeout: float) -> None:
    """Run all stages on the package as it is, which fills the cache of compiled code too."""
    for stage in dict.fromkeys(stage for m in chosen for stage in stages_of(m.module)):
        status, by = copy.run(stage, 4 * timeout)
        if status != "survived":
            sys.exit(f"the package as it is fails: {by}")


def write(entries: Sequence[dict[str, Any]], seed: int, file: Path) -> None:
    """Write a result."""
    result = {"seed": seed, "mutants": with_reasons(entries)}
    file.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("paths", nargs="*", default=DEFAULT, help="in the package")
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="CPU seconds of a stage")
    parser.add_argument("--resume", action="store_true", help="go on with an earlier result")
    parser.add_argument("--unchecked", action="store_true", help="trust the package as it is")
    parser.add_argument("--result", type=Path, default=FOLDER / "result.json")
    return parser.parse_args()


def main() -> None:
    """Run what the command line says; the exit code says whether all survivors have a reason."""
    given = arguments()
    chosen = drawn(modules_at(given.paths), given.number, given.seed)
    entries: list[dict[str, Any]] = []
    if given.resume:
        earlier = with_reasons(json.loads(given.result.read_text(encoding="utf-8"))["mutants"])
        entries = [e for e in earlier if e["status"] != "survived" or e["reason"]]
    done = {Change(entry["module"], entry["before"], entry["after"]) for entry in entries}
    chosen = [mutant for mutant in chosen if change_of(mutant) not in done]
    with tempfile.TemporaryDirectory() as folder:
        copy = PackageCopy(Path(folder))
        if not given.unchecked:
            check_original(copy, chosen, given.timeout)
        for number, mutant in enumerate(chosen, start=1):
            source = (PACKAGE / mutant.module).read_bytes()
            verdict = copy.judge(mutant.module, mutant.applied(source), given.timeout)
            entries.append(entry_of(mutant, verdict))
            write(entries, given.seed, given.result)
            sys.stdout.write(f"{number}/{len(chosen)} {text_of(with_reasons(entries[-1:])[0])}")
            sys.stdout.flush()
    write(entries, given.seed, given.result)
    found = with_reasons(entries)
    counts = dict(Counter(entry["status"] for entry in found))
    open_ones = sum(entry["status"] == "survived" and not entry["reason"] for entry in found)
    sys.stdout.write(f"{counts}; {open_ones} survivors without a reason\n")
    sys.exit(open_ones > 0)


if __name__ == "__main__":
    main()
