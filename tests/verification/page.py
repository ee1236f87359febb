"""The page of the documents that says what was compared, and its pictures."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mutation.report import section as mutation_section
from scipy import special

from verification.cases import CASES, Case
from verification.compare import FEWEST, MEASURED, SIGMAS, Comparison, seed_of, tallied

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PAGE = """\
# Verification

The simulator against the exact models of
[`leakthrough.exact`](../../src/leakthrough/exact/__init__.py): the
scenario that expresses a model is simulated, and what comes out is compared with the formula.
Everything on this page is written by

    PYTHONPATH=tests python -m verification --write docs/explanation

which anyone can run, with any `--seed`; without `--write` it prints the table. The scenario of a
case is `exact.scenario_of(exact.leakers, threats=10, ...)`, with the arguments in the table.

{number} comparisons of {cases} cases, with seed {seed}: {verdict}.
Of the {random} in which anything is random, {one} are off by more than one standard error,
{two} by more than two, {three} by more than three.
A right simulator fails one such run in {alarm:,.0f}.

- **Off** is how far the simulated value lies from the exact one, in standard errors: those of the
  exact law where there is one. Of a probability it is what is as unlikely under the binomial law,
  and of a law what is as unlikely under chi-square.
- **Would have seen** is the relative error that would be off by more than {sigmas:g} in 98 runs
  of 100; smaller ones may pass. Of a law it is the root mean square over its probabilities.
- A **law** is compared by chi-square, over all outcomes that are expected {fewest:g} times or
  more, and the rest together: in the table stand the degrees of freedom, which it is on average,
  and its value.
- A probability is left out where that is expected in fewer than {fewest:g} replications, or in
  all but so many, unless it fails even so.
- A **stream** begins with all channels free, which the formulas do not know. It is measured after
  twenty mean engagements and two patiences, when that makes less than a hundred-thousandth of the
  share, and over a time in which {measured:,} threats are expected.
- Comparisons of one case share their draws, so a mean and a law may be off together.

![All comparisons: how far off they are](../images/verification_residuals.png)

*Those of a right simulator lie near the line; beyond the broken lines is a failure.*

![Some laws: exact and simulated](../images/verification_laws.png)

*Below each law: how far off each probability is that is expected {fewest:g} times or more.*
"""
_HEAD = """
## {model}

| arguments | replications | quantity | exact | simulated | standard error | off | would have seen |
|---|--:|---|--:|--:|--:|--:|--:|
"""
_KINDS = {  # colours of Okabe and Ito, which the colour-blind can tell apart
    "mean or share": ("o", "#0072B2"),
    "probability": ("^", "#D55E00"),
    "law": ("s", "#009E73"),
}


def cells(row: Comparison) -> tuple[str, str, str, str, str]:
    """Exact value, simulated value, standard error, how far off, and what it sees, as text."""
    sees = f"{100.0 * row.sees:.2g} %" if row.error > 0.0 else "any"
    error = f"{row.error:.2g}" if row.error > 0.0 else "0"
    return f"{row.exact:.6g}", f"{row.simulated:.6g}", error, f"{row.sigmas:+.2f}", sees


def text(found: Sequence[Comparison], seed: int) -> str:
    """Write the page."""
    return "".join([_introduction(found, seed), *_tables(found), mutation_section()])


def write(directory: Path, found: Sequence[Comparison], seed: int) -> None:
    """Write the page, and its pictures into the directory `images` beside its own."""
    images = directory.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "verification.md").write_text(text(found, seed), encoding="utf-8")
    draw_residuals(found, images / "verification_residuals.png")
    draw_laws(seed, images / "verification_laws.png")


def _introduction(found: Sequence[Comparison], seed: int) -> str:
    failed = sum(row.failed for row in found)
    sizes = np.abs([row.sigmas for row in found if row.error > 0.0])
    beyond = [
        f"{(sizes > size).sum()} ({2.0 * special.ndtr(-size) * len(sizes):.1f} expected)"
        for size in (1, 2, 3)
    ]
    return _PAGE.format(
        number=len(found),
        cases=len({id(row.case) for row in found}),
        seed=seed,
        verdict=f"{failed or 'none'} off by more than {SIGMAS:g} standard errors",
        random=len(sizes),
        one=beyond[0],
        two=beyond[1],
        three=beyond[2],
        alarm=1.0 / (2.0 * special.ndtr(-SIGMAS) * len(sizes)),
        sigmas=SIGMAS,
        fewest=FEWEST,
        measured=MEASURED,
    )


def _tables(found: Sequence[Comparison]) -> Iterator[str]:
    for model, of_model in groupby(found, key=lambda row: row.case.model):
        yield _HEAD.format(model=f"`{model}`")
        for case, rows in groupby(of_model, key=lambda row: row.case):
            for place, row in enumerate(rows):
                named = (f"`{case}`", f"{case.replications:,}") if place == 0 else ("", "")
                yield f"| {' | '.join((*named, row.quantity, *cells(row)))} |\n"


# ---------------------------------------------------------------- pictures


def _kind(row: Comparison) -> str:
    if "law of" in row.quantity:
        return "law"
    return "probability" if row.quantity.startswith("P(") else "mean or share"


def draw_residuals(found: Sequence[Comparison], path: Path) -> None:
    """Draw how far off all comparisons are: in order against the normal law, and by model."""
    import matplotlib.pyplot as plt

    rows = sorted((row for row in found if row.error > 0.0), key=lambda row: row.sigmas)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained", sharey=True)
    _draw_quantiles(left, rows)
    models = list(dict.fromkeys(row.case.model for row in found if row.error > 0.0))
    for kind, (marker, colour) in _KINDS.items():
        own = [row for row in rows if _kind(row) == kind]
        places = [
            models.index(row.case.model) + 0.22 * (list(_KINDS).index(kind) - 1) for row in own
        ]
        right.plot(places, [row.sigmas for row in own], marker, color=colour, ms=5, mfc="none")
    right.set_xticks(range(len(models)), models, rotation=30, ha="right", fontsize=9)
    right.set_title("By model", loc="left")
    for axes in (left, right):
        for size in (-SIGMAS, SIGMAS):
            axes.axhline(size, color="black", lw=1, ls="--")
        axes.spines[["top", "right"]].set_visible(False)
    left.annotate("beyond: a failure", (-3.4, SIGMAS + 0.1))
    left.set(ylim=(-SIGMAS - 0.7, SIGMAS + 0.7))
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _draw_quantiles(axes: "Axes", rows: Sequence[Comparison]) -> None:
    """Draw residuals in order, and the band in which each lies with 99 %, if independent."""
    number = len(rows)
    rank = np.arange(1, number + 1)
    expected = special.ndtri((rank - 0.5) / number)
    low, high = (
        special.ndtri(special.betaincinv(rank, number + 1 - rank, p)) for p in (0.005, 0.995)
    )
    axes.fill_between(expected, low, high, color="0.88", lw=0, label="where each lies with 99 %")
    axes.plot([-3.5, 3.5], [-3.5, 3.5], color="0.4", lw=1)
    for kind, (marker, colour) in _KINDS.items():
        own = [n for n, row in enumerate(rows) if _kind(row) == kind]
        values = [rows[n].sigmas for n in own]
        axes.plot(expected[own], values, marker, color=colour, ms=5, mfc="none", label=kind)
    axes.set(xlim=(-3.5, 3.5), xlabel="expected of normal residuals in this order")
    axes.set_ylabel("off [standard errors]")
    axes.set_title(f"All {number} comparisons in order", loc="left")
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.89), frameon=False)


def draw_laws(seed: int, path: Path) -> None:
    """Draw some laws, exact and simulated, and their differences."""
    import matplotlib.pyplot as plt

    drawn = [(place, case) for place, case in enumerate(CASES) if case.drawn]
    figure = plt.figure(figsize=(12, 8), layout="constrained")
    parts = np.ravel(figure.subfigures(2, math.ceil(len(drawn) / 2), squeeze=False))
    for part, (place, case) in zip(parts, drawn, strict=False):
        upper, lower = part.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        _draw_law(upper, lower, case, seed_of(seed, place))
        if case is drawn[0][1]:
            upper.legend(loc="upper right", frameon=False)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _draw_law(upper: "Axes", lower: "Axes", case: Case, seed: int) -> None:
    law, counts = tallied(case, seed)
    others = [dim for dim in law.dims if dim != "leakers"]
    exact, seen = law.sum(others).values, counts.sum(others).values
    number = seen.sum()
    shown = np.flatnonzero(exact * number >= 1.0)
    upper.vlines(shown, 0.1 / number, exact[shown], color="0.75", lw=5, label="exact")
    upper.plot(
        shown, seen[shown] / number, "o", color="#0072B2", ms=4, mfc="none", label="simulated"
    )
    upper.set(yscale="log", ylim=(0.3 / number, 2.0), ylabel="probability")
    title = "\n".join([case.model, *textwrap.wrap(str(case), 48)])
    upper.set_title(title, loc="left", fontsize=9)
    often = np.flatnonzero(exact * number >= FEWEST)
    expected = number * exact[often]
    off = (seen[often] - expected) / np.sqrt(expected * (1.0 - exact[often]))
    lower.axhline(0.0, color="0.4", lw=1)
    lower.plot(often, off, "o", color="#0072B2", ms=4)
    lower.set(ylim=(-SIGMAS, SIGMAS), xlabel="leakers", ylabel="off [s.e.]")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
