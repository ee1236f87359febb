"""The verification page of the documentation, and its pictures."""

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

This page compares the simulator with the exact models of
[`leakthrough.exact`](../../src/leakthrough/exact/__init__.py): a scenario to which a model
applies exactly is simulated, and the result is compared with the formula. Everything on this page
is written by

    PYTHONPATH=tests python -m verification --write docs/explanation

You can run it with any `--seed`; without `--write` it prints the tables. The scenario of a case is
`exact.as_scenario(exact.leakers, threats=10, ...)`, with the model of the section and the arguments
in its table.

{number} comparisons of {cases} cases, with seed {seed}: {verdict}.
Of the {random} that involve chance, {one} deviate by more than one standard error,
{two} by more than two, {three} by more than three.
With a correct simulator, one such run in {alarm:,.0f} fails.

- The **deviation** is the simulated value minus the exact one, in standard errors. The standard
  error is computed from the exact distribution if there is one. The test of a probability is
  binomial and that of a distribution is chi-square; their p-values are converted to standard errors
  of a normal distribution.
- **Detectable** is the relative error of the simulator whose deviation would exceed {sigmas:g} in
  98 of 100 runs; a smaller error may stay unnoticed. For a distribution it is the root mean square
  of the relative errors of its probabilities.
- A **distribution** is compared by chi-square. Each outcome that is expected {fewest:g} times or
  more is a class of its own, and all others together are one more. The column *exact* shows the
  degrees of freedom (the mean of chi-square), and *simulated* shows chi-square.
- A probability is left out if its event, or the opposite event, is expected in fewer than
  {fewest:g} replications, unless the comparison fails.
- The cases of `erlang_b`, `abandonment` and `tracks_and_channels` simulate a **stream** of threats.
  A stream begins with all channels free, and the formulas are for the steady state. So the
  measurement starts after twenty mean engagements and two patiences (the longest time that a threat
  waits for a channel).
  The start then changes the share by less than a hundred-thousandth of it. The measurement lasts
  for a time in which {measured:,} threats are expected.
- In the cases of `prim_read` and `terminal_defence` all threats aim at one asset. Whether it is
  destroyed is drawn for each hit; the *damage* is the same probability, given the hits.
- Comparisons of one case share their draws, so the mean and the distribution of a case may
  deviate together.

![Deviations of all comparisons](../images/verification_residuals.png)

*The deviations of a correct simulator are near the line. A deviation outside the broken lines is a
failure.*

![Some distributions: exact and simulated](../images/verification_distributions.png)

*Below each distribution: the deviation of each probability whose outcome is expected {fewest:g}
times or more.*
"""
_HEAD = """
## {model}

| arguments | replications | quantity | exact | simulated | std. error | deviation | detectable |
|---|--:|---|--:|--:|--:|--:|--:|
"""
_KINDS = {  # colours of Okabe and Ito, distinguishable for the colour-blind
    "mean or share": ("o", "#0072B2"),
    "probability": ("^", "#D55E00"),
    "distribution": ("s", "#009E73"),
}


def cells(row: Comparison) -> tuple[str, str, str, str, str]:
    """Exact value, simulated value, standard error, deviation and detectable error, as text."""
    detectable = f"{100.0 * row.detectable:.2g} %" if row.error > 0.0 else "any"
    error = f"{row.error:.2g}" if row.error > 0.0 else "0"
    return f"{row.exact:.6g}", f"{row.simulated:.6g}", error, f"{row.sigmas:+.2f}", detectable


def text(found: Sequence[Comparison], seed: int) -> str:
    """Write the page."""
    return "".join([_introduction(found, seed), *_tables(found), mutation_section()])


def write(directory: Path, found: Sequence[Comparison], seed: int) -> None:
    """Write the page, and its pictures into the sibling directory `images`."""
    images = directory.parent / "images"
    images.mkdir(parents=True, exist_ok=True)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "verification.md").write_text(text(found, seed), encoding="utf-8")
    draw_residuals(found, images / "verification_residuals.png")
    draw_distributions(seed, images / "verification_distributions.png")


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
        verdict=f"{failed or 'none'} deviate by more than {SIGMAS:g} standard errors",
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
            for index, row in enumerate(rows):
                named = (f"`{case}`", f"{case.replications:,}") if index == 0 else ("", "")
                yield f"| {' | '.join((*named, row.quantity, *cells(row)))} |\n"


# ---------------------------------------------------------------- pictures


def _kind(row: Comparison) -> str:
    if "distribution of" in row.quantity:
        return "distribution"
    return "probability" if row.quantity.startswith("P(") else "mean or share"


def draw_residuals(found: Sequence[Comparison], path: Path) -> None:
    """Draw all deviations: in order against normal quantiles, and by model."""
    import matplotlib.pyplot as plt

    rows = sorted((row for row in found if row.error > 0.0), key=lambda row: row.sigmas)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained", sharey=True)
    _draw_quantiles(left, rows)
    models = list(dict.fromkeys(row.case.model for row in found if row.error > 0.0))
    for kind, (marker, colour) in _KINDS.items():
        own = [row for row in rows if _kind(row) == kind]
        columns = [
            models.index(row.case.model) + 0.22 * (list(_KINDS).index(kind) - 1) for row in own
        ]
        right.plot(columns, [row.sigmas for row in own], marker, color=colour, ms=5, mfc="none")
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
    """Draw deviations in order, and the 99 % band of each if they are independent."""
    number = len(rows)
    rank = np.arange(1, number + 1)
    expected = special.ndtri((rank - 0.5) / number)
    low, high = (
        special.ndtri(special.betaincinv(rank, number + 1 - rank, p)) for p in (0.005, 0.995)
    )
    axes.fill_between(expected, low, high, color="0.88", lw=0, label="99 % band of each")
    axes.plot([-3.5, 3.5], [-3.5, 3.5], color="0.4", lw=1)
    for kind, (marker, colour) in _KINDS.items():
        own = [n for n, row in enumerate(rows) if _kind(row) == kind]
        values = [rows[n].sigmas for n in own]
        axes.plot(expected[own], values, marker, color=colour, ms=5, mfc="none", label=kind)
    axes.set(xlim=(-3.5, 3.5), xlabel="normal quantile")
    axes.set_ylabel("deviation [standard errors]")
    axes.set_title(f"All {number} comparisons in order", loc="left")
    axes.legend(loc="upper left", bbox_to_anchor=(0.0, 0.89), frameon=False)


def draw_distributions(seed: int, path: Path) -> None:
    """Draw some distributions, exact and simulated, and their differences."""
    import matplotlib.pyplot as plt

    drawn = [(index, case) for index, case in enumerate(CASES) if case.drawn]
    figure = plt.figure(figsize=(12, 8), layout="constrained")
    parts = np.ravel(figure.subfigures(2, math.ceil(len(drawn) / 2), squeeze=False))
    for part, (index, case) in zip(parts, drawn, strict=False):
        upper, lower = part.subplots(2, 1, sharex=True, height_ratios=(2.4, 1))
        _draw_distribution(upper, lower, case, seed_of(seed, index))
        if case is drawn[0][1]:
            upper.legend(loc="upper right", frameon=False)
    figure.savefig(path, dpi=90)
    plt.close(figure)


def _draw_distribution(upper: "Axes", lower: "Axes", case: Case, seed: int) -> None:
    pmf, counts = tallied(case, seed)
    others = [dim for dim in pmf.dims if dim != "leakers"]
    exact, seen = pmf.sum(others).values, counts.sum(others).values
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
    lower.set(ylim=(-SIGMAS, SIGMAS), xlabel="leakers", ylabel="deviation [s.e.]")
    for axes in (upper, lower):
        axes.spines[["top", "right"]].set_visible(False)
