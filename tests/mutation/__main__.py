"""Draw mutants of some modules, run the tests on each, and say which survive.

    PYTHONPATH=src:tests python -m mutation --number 200 --seed 1

Not a part of the test suite: 200 mutants take about half an hour. A survivor either shows that a
test is missing, or changes nothing that can be seen: `equivalent.toml` holds the reasons. The
result is written to `result.json`, from which the page on verification is made. With `--again`
only the survivors of an earlier result that have no reason are tried.
"""

import argparse
import difflib
import json
import random
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mutation.operators import Mutant, mutants
from mutation.oracle import PACKAGE, PackageCopy, Verdict, stages_of

HERE = Path(__file__).parent
DEFAULT = (
    "engine/kernel*", "engine/lower_*.py", "engine/decode.py", "reference", "results/reduction.py",
    "results/integer_sums.py", "statistics/intervals.py",
)  # fmt: skip
TIMEOUT = 240.0
"""Seconds of one stage; those of the package as it is take 10 to 60."""


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
    sys.stdout.write(f"{len(every):,} mutants of {len(modules)} modules, {number} drawn\n")
    chosen = random.Random(seed).sample(every, min(number, len(every)))  # noqa: S311
    return sorted(chosen, key=lambda mutant: (mutant.module, mutant.start, mutant.text))


def change_of(mutant: Mutant) -> tuple[str, str]:
    """Lines that a mutant changes, as they were and as they are, without indentation."""
    source = (PACKAGE / mutant.module).read_bytes()
    old, new = (text.decode().splitlines() for text in (source, mutant.applied(source)))
    lines = [line for line in difflib.ndiff(old, new) if line[:2] in ("- ", "+ ")]
    before = "\n".join(line[2:].strip() for line in lines if line[0] == "-")
    return before, "\n".join(line[2:].strip() for line in lines if line[0] == "+")


def reasons() -> dict[tuple[str, str, str], str]:
    """Why some survivors are equivalent to the original, by module and change."""
    entries = tomllib.loads((HERE / "equivalent.toml").read_text(encoding="utf-8"))
    return {
        (entry["module"], entry["before"], entry["after"]): entry["reason"]
        for entry in entries.get("mutant", [])
    }


def results_of(chosen: Sequence[Mutant], timeout: float) -> Iterator[dict[str, Any]]:
    """What became of each mutant, after checking that the package as it is passes."""
    known = reasons()
    with tempfile.TemporaryDirectory() as folder:
        copy = PackageCopy(Path(folder))
        for stage in dict.fromkeys(stage for m in chosen for stage in stages_of(m.module)):
            status, by = copy.run(stage, 4 * timeout)
            assert status == "survived", f"the package as it is fails: {by}"
        for number, mutant in enumerate(chosen, start=1):
            source = (PACKAGE / mutant.module).read_bytes()
            verdict = copy.judge(mutant.module, mutant.applied(source), timeout)
            before, after = change_of(mutant)
            reason = known.get((mutant.module, before, after), "")
            said(number, len(chosen), mutant, verdict, before, after, reason)
            yield {
                "module": mutant.module,
                "line": mutant.line,
                "operator": mutant.operator,
                "before": before,
                "after": after,
                **verdict._asdict(),
                "reason": reason if verdict.status == "survived" else "",
            }


def said(
    number: int, of: int, mutant: Mutant, verdict: Verdict, before: str, after: str, reason: str
) -> None:
    """Print a line on a mutant, and the change if it survived."""
    where = f"{mutant.module}:{mutant.line} {mutant.operator}"
    sys.stdout.write(f"{number}/{of} {verdict.status:9} {verdict.seconds:5.1f} s  {where}\n")
    if verdict.status == "survived":
        change = [f"    - {line}" for line in before.splitlines()]
        change += [f"    + {line}" for line in after.splitlines()]
        text = "\n".join([*change, f"    equivalent: {reason}" if reason else "    TO BE KILLED"])
        sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="mutation", description=__doc__)
    parser.add_argument("paths", nargs="*", default=DEFAULT, help="in the package")
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds of a stage")
    parser.add_argument("--again", action="store_true", help="only survivors without a reason")
    parser.add_argument("--result", type=Path, default=HERE / "result.json")
    return parser.parse_args()


def main() -> None:
    """Run what the command line says."""
    given = arguments()
    chosen = drawn(modules_at(given.paths), given.number, given.seed)
    earlier: list[dict[str, Any]] = []
    if given.again:
        earlier = json.loads(given.result.read_text(encoding="utf-8"))["mutants"]
        known = reasons()
        for entry in earlier:
            if entry["status"] == "survived":
                key = entry["module"], entry["before"], entry["after"]
                entry["reason"] = known.get(key, "")
        open_ones = {
            (entry["module"], entry["before"], entry["after"])
            for entry in earlier
            if entry["status"] == "survived" and not entry["reason"]
        }
        chosen = [m for m in chosen if (m.module, *change_of(m)) in open_ones]
        keys = {(m.module, *change_of(m)) for m in chosen}
        earlier = [e for e in earlier if (e["module"], e["before"], e["after"]) not in keys]
    found = [*earlier, *results_of(chosen, given.timeout)]
    found.sort(key=lambda entry: (entry["module"], entry["line"], entry["after"]))
    result = {"seed": given.seed, "mutants": found}
    given.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    survivors = [entry for entry in found if entry["status"] == "survived"]
    without = sum(not entry["reason"] for entry in survivors)
    counts = Counter(entry["status"] for entry in found)
    sys.stdout.write(f"{dict(counts)}; {without} survivors have no reason\n")
    sys.exit(without > 0)


if __name__ == "__main__":
    main()
