"""Simulates a grid of raids and writes docs/explanation/fluid.md: how far off `exact.fluid` is.

python docs/fluid_error.py
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import leakthrough as lt
from leakthrough import exact

PAGE = Path(__file__).parent / "explanation" / "fluid.md"
REPLICATIONS = 150
SEED = 20250704
CYCLE, DELAY, SPEED, KILL = 20.0, 15.0, 50.0, 0.6

LOADS = (0.2, 0.5, 0.8, 1.2, 2.0, 5.0)
ROUNDS = (0.2, 0.6, 1.2, 3.0)
LAYERS = (1, 2, 3)
WINDOWS = (0.8, 1.5, 4.0)
THREATS = (50, 200, 1000)
LEAST_LEAKERS, LEAST_THREATS = 10.0, 200


class Case(NamedTuple):
    """One raid of the grid."""

    threats: int
    burst: bool
    layers: int
    window: float  # over the time that an engagement holds its channel
    load: float  # first looks that are asked for, over those for which there is time
    rounds: float  # of each layer, over threats


class Row(NamedTuple):
    """What fluid and simulation say of it."""

    case: Case
    leaked: float
    leaked_fluid: float
    error: float  # standard error of the simulated leakers
    expended: float
    expended_fluid: float

    @property
    def leak_error(self) -> float:
        """Relative error of the leakers."""
        return self.leaked_fluid / self.leaked - 1.0

    @property
    def round_error(self) -> float:
        """Relative error of the rounds expended."""
        return self.expended_fluid / self.expended - 1.0


def cases() -> Iterator[Case]:
    """Every combination; bursts only with few and with ample rounds."""
    for burst in (False, True):
        rounds = (ROUNDS[0], ROUNDS[-1]) if burst else ROUNDS
        for n, layers, window, load, r in itertools.product(
            THREATS, LAYERS, WINDOWS, LOADS, rounds
        ):
            yield Case(n, burst, layers, window, load, r)


def scenario(case: Case) -> lt.Scenario:
    """Rings of equal depth, one behind the other, with two batteries each."""
    starts = int(max(case.window * CYCLE - DELAY, 0.0) // CYCLE) + 1
    arrival: lt.At | lt.Uniform = lt.At(time=0.0)
    channels = 4
    if case.burst:
        channels = max(round(case.threats / (case.load * starts) / 2.0), 1)
    else:
        span = case.threats * CYCLE / (case.load * 2 * channels)
        arrival = lt.Uniform(start=0.0, stop=span)
    depth = case.window * CYCLE * SPEED
    layers = [
        lt.Layer(
            name=f"ring {n}",
            outer_range=(n + 1) * depth,
            inner_range=n * depth,
            batteries=[
                lt.Battery(
                    name=f"battery {n}",
                    count=2,
                    channels=channels,
                    reaction_time=DELAY,
                    assessment_time=CYCLE - DELAY,
                    magazines=[
                        lt.Magazine(
                            interceptor="round", rounds=round(case.rounds * case.threats / 2)
                        )
                    ],
                )
            ],
        )
        for n in range(case.layers)
    ]
    return lt.Scenario(
        name="a raid of the grid",
        threats=[lt.Threat(name="drone", speed=SPEED)],
        interceptors=[lt.Interceptor(name="round", kill_probability={"drone": KILL})],
        salvos=[lt.Salvo(name="raid", threat="drone", count=case.threats, arrival=arrival)],
        layers=layers,
    )


def compare(case: Case, replications: int = REPLICATIONS, seed: int = SEED) -> Row:
    """Simulate a raid, and ask the fluid."""
    raid = scenario(case)
    result = lt.simulate(raid, replications=replications, seed=seed)
    quick = exact.fluid(raid)
    leaked = result.leaked.sum("salvo")
    return Row(
        case,
        float(leaked.mean()),
        float(quick.leaked.sum()),
        float(leaked.std(ddof=1)) / replications**0.5,
        float(result.expended.sum(["battery", "interceptor"]).mean()),
        float(quick.expended.sum()),
    )


# ---------------------------------------------------------------- the page


def percent(value: float) -> str:
    """A signed percentage."""
    return f"{100.0 * value:+.1f} %"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def quantile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


def line(name: str, rows: list[Row]) -> tuple[str, ...]:
    """Errors of some rows in one line."""
    if not rows:
        return (name, "0", *["-"] * 6)
    leaks = [abs(row.leak_error) for row in rows]
    rounds = [abs(row.round_error) for row in rows]
    within = sum(leak <= 0.1 for leak in leaks) / len(rows)
    noise = quantile([row.error / row.leaked for row in rows], 0.5)
    return (
        name,
        str(len(rows)),
        f"{100.0 * quantile(leaks, 0.5):.1f} %",
        f"{100.0 * quantile(leaks, 0.9):.1f} %",
        f"{100.0 * max(leaks):.1f} %",
        f"{100.0 * within:.1f} %",
        f"{100.0 * noise:.1f} %",
        f"{100.0 * quantile(rounds, 0.9):.1f} %",
    )


HEAD = (
    "",
    "raids",
    "median",
    "90 % below",
    "worst",
    "within 10 %",
    "std. error",
    "rounds: 90 % below",
)


def by(rows: list[Row], what: str, key: Callable[[Case], object]) -> str:
    """Errors by the values of one thing."""
    values = list(dict.fromkeys(key(row.case) for row in rows))
    lines = [line(str(v), [row for row in rows if key(row.case) == v]) for v in values]
    return table((what, *HEAD[1:]), lines)


def by_leakers(rows: list[Row]) -> str:
    """Errors by how many leak."""
    edges = (0.5, 2.0, 5.0, 10.0, 30.0, 100.0, 1e9)
    lines = []
    for low, high in itertools.pairwise(edges):
        name = f"{low:g} to {high:g}" if high < 1e9 else f"{low:g} or more"
        lines.append(line(name, [row for row in rows if low <= row.leaked < high]))
    return table(("leakers", *HEAD[1:]), lines)


def worst(rows: list[Row], number: int) -> str:
    """The raids with the largest errors."""
    head = ("threats", "arrival", "layers", "window", "load", "rounds", "leaked", "std. error")
    lines = [
        (
            str(row.case.threats),
            "burst" if row.case.burst else "spread",
            str(row.case.layers),
            f"{row.case.window:g}",
            f"{row.case.load:g}",
            f"{row.case.rounds:g}",
            f"{row.leaked:.2f}",
            f"{row.error:.2f}",
            f"{row.leaked_fluid:.2f}",
            percent(row.leak_error),
            percent(row.round_error),
        )
        for row in sorted(rows, key=lambda row: -abs(row.leak_error))[:number]
    ]
    return table((*head, "fluid", "error", "rounds"), lines)


def page(rows: list[Row]) -> str:
    """The whole page."""
    some = [row for row in rows if row.leaked >= 0.5]
    regime = [
        row for row in rows if row.leaked >= LEAST_LEAKERS and row.case.threats >= LEAST_THREATS
    ]
    within = sum(abs(row.leak_error) <= 0.1 for row in regime) / len(regime)
    easy = [row for row in regime if row.case.layers == 1 or row.case.window < WINDOWS[-1]]
    return TEXT.format(
        raids=len(rows),
        replications=REPLICATIONS,
        leakers=f"{LEAST_LEAKERS:g}",
        threats=LEAST_THREATS,
        within=f"{100.0 * within:.1f} %",
        regime=line("", regime)[1],
        worst_leak=line("", regime)[4],
        easy=len(easy),
        easy_worst=line("", easy)[4],
        longest=f"{WINDOWS[-1]:g}",
        rounds_worst=f"{100.0 * max(abs(row.round_error) for row in regime):.1f} %",
        few=len(rows) - len(some),
        by_leakers=by_leakers(rows),
        by_threats=by(some, "threats", lambda c: c.threats),
        by_load=by(regime, "load", lambda c: c.load),
        by_window=by(regime, "window", lambda c: c.window),
        by_layers=by(regime, "layers", lambda c: c.layers),
        by_rounds=by(regime, "rounds", lambda c: c.rounds),
        by_arrival=by(regime, "arrival", lambda c: "burst" if c.burst else "spread"),
        worst_regime=worst(regime, 8),
        worst_rest=worst([row for row in some if row not in regime], 8),
        kill=KILL,
        cycle=f"{CYCLE:g}",
        delay=f"{DELAY:g}",
        loads=f"{LOADS[0]:g} to {LOADS[-1]:g}",
        scarce=f"{ROUNDS[0]:g} to {ROUNDS[-1]:g}",
    )


TEXT = """\
# How good the mean-field approximation is

`lt.exact.fluid(scenario)` gives expected leakers, kills and rounds in milliseconds, and is an
approximation. This page says how good one. `python docs/fluid_error.py` writes it: every figure
below was computed by that script, and none was typed.

**The grid.** {raids} raids of 50 to 1000 threats, each simulated {replications} times: one to three
rings, one behind the other; engagements that hold a channel for {cycle} s, {delay} s of them
before the kill, and kill with {kill}; windows of 0.8 to 4 such times; arrivals spread evenly, or
all at one time. *Load* is what all threats ask for as their first looks over what the channels of a
ring have time for, {loads}; *rounds* are those of a ring over threats, {scarce}.

**Where it holds.** With at least {leakers} expected leakers of at least {threats} threats, leakers
are within 10 % of the simulation in {within} of {regime} raids (worst: {worst_leak}), and rounds
expended within {rounds_worst} in all. In the {easy} of them with one ring, or with windows below
{longest} engagements, the worst error of the leakers is {easy_worst}.

Errors are relative, of leakers unless told otherwise. The simulation's own standard error is the
median of the raids of a line. The {few} raids with less than 0.5 leakers on average are left out.

## By leakers

{by_leakers}

## By threats

{by_threats}

## In the regime

{by_load}

{by_window}

{by_layers}

{by_rounds}

{by_arrival}

Its worst:

{worst_regime}

## Outside it

{worst_rest}

## Where it fails, and why

- **Few leakers.** A leak of a few in a hundred is a tail: it hangs on the rare moments in which all
  channels are taken, and on fluctuations that one layer hands to the next. The fluid takes the
  stream that reaches an inner layer for noisy in the usual way, and misses that the survivors of a
  saturated layer come in clumps. The absolute error is small where the relative one is large.
- **Loads near 1 with few channels or short raids**, where the steady state that is assumed for the
  noise takes longer than the raid.
- **Channels in step.** Those that a burst sets going together come free together. Whole cycles are
  counted, but threats that an outer ring is still engaging when an inner one opens come later, in a
  second wave, and are counted as if channels came free evenly.
- **Rings that overlap.** A threat in the reach of two layers is taken to be engaged by the outer
  one first, for as long as it has looks, and by the inner one after; what both do in turn is not
  followed.
- **Unlike batteries in one layer**, each of which can kill some of the threats: they share work and
  channels as one pool, most ready rounds first, and the split is rougher than the total.
- **A handful of rounds.** Demand on a magazine is a normal variable, and partial salvos are not
  followed. Reloads come without noise, and **one that arrives after the last threat has come is
  not seen**: of a burst that empties a layer with reloads, far too many leak. The grid has none.
- **Threats of one priority with different windows** are one stream with the mean of their windows.
  That is right in a lasting overload, in which each loses the same share; in a short one those with
  the shorter window are served first, and here they are not.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page([compare(case) for case in cases()]), encoding="utf-8")


if __name__ == "__main__":
    main()
