"""The fewest rounds, channels or batteries, or the smallest rate, for which a goal holds."""

import concurrent.futures
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import flag, of_class, real, whole
from leakthrough.model.check import warn_about
from leakthrough.model.errors import shown
from leakthrough.model.paths import value_at
from leakthrough.quantities import quantity
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import Execution, checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence, wilson
from leakthrough.studies.control_values import LEAST
from leakthrough.studies.direction import caution
from leakthrough.studies.evaluate import checked_model, checked_path, origin
from leakthrough.studies.goals import Goal, Verdict
from leakthrough.studies.measure import measure_of
from leakthrough.studies.reading import Numbers
from leakthrough.studies.sequential import SequentialSample
from leakthrough.studies.sweep.axes import is_whole_at, units_at

if TYPE_CHECKING:
    import xarray as xr

GROWTH = 4
"""Factor by which the replications of an undecided candidate grow."""


EXTRA, MOST_EXTRA = 32, 10_000
MOST_STEPS = 1_000_000


class _Candidates(NamedTuple):
    """Values of a field by their number: equal steps from a first value."""

    path: str
    start: float
    step: float

    def __call__(self, number: int) -> float:
        """The value of a candidate."""
        return self.start + self.step * number


@dataclass
class _Search:
    """Tests candidates and keeps their results: verdict, replications and estimates (5,).

    The estimates are those of the measure, or of the probability that the bound is kept.
    """

    scenario: AnyModel
    candidates: _Candidates
    goal: Goal
    most: int  # replications of a candidate
    error: float  # of each interim analysis
    confidence: float
    seed: int
    execution: Execution
    controls: bool
    outcomes: dict[int, tuple[Verdict, int, Numbers]] = field(default_factory=dict)

    def sample(self, number: int) -> SequentialSample:
        """Sample of the measure for one candidate."""
        changed = self.scenario.replace(self.candidates.path, self.candidates(number))
        return SequentialSample(
            changed,
            measure_of(self.goal.measure),
            seed=self.seed,
            execution=self.execution,
            controls=self.controls and self.goal.quantile is None,
        )

    def sizes(self, first: int) -> Iterator[int]:
        """Replications at each interim analysis."""
        while first < self.most:
            yield first
            first *= GROWTH
        yield self.most

    def test(self, number: int) -> bool:
        """Simulate a candidate until it is decided or the limit is reached; whether it holds."""
        sample, replications = self.sample(number), 0
        verdict: Verdict = "undecided"
        for replications in self.sizes(sample.first):
            values = sample.up_to(replications)
            verdict = self.goal.verdict(values, self.error, sample.ends, sample.rare(replications))
            if verdict != "undecided":
                break
        kept = self.goal.kept(sample.plain)
        if kept is None:
            estimates, _ = sample.estimates(replications, self.confidence)
        else:
            estimates = np.append(wilson(kept.sum(), replications, self.confidence), 1.0)
        self.outcomes[number] = verdict, replications, estimates
        return verdict == "holds"

    def with_verdict(self, wanted: Verdict) -> list[int]:
        """The tested candidates with this verdict, in ascending order."""
        return sorted(n for n, (verdict, *_) in self.outcomes.items() if verdict == wanted)


def size_for_goal(
    scenario: AnyModel,
    path: str,
    goal: Goal,
    *,
    low: float,
    high: float,
    step: float | None = None,
    confidence: float = 0.95,
    most_replications: int = 100_000,
    extra_candidates: int = EXTRA,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    controls: bool = True,
) -> "xr.Dataset":
    """Fewest rounds, channels or batteries, or smallest rate, for which a goal was shown to hold.

    **More may be worse**, so a number that fails says nothing of smaller or larger ones. The
    result claims only what was tried, and its `note` says what that was.

    Parameters
    ----------
    scenario : Scenario or Campaign
    path : str
        Path of a number, such as ``"layers.point.batteries.gun.count"``,
        ``"assets.plant.aim_points"`` or, of a campaign, ``"stocks.missile.rate"``. Rounds and
        channels of a battery with a `count` are those of each unit, and all numbers of a layer with
        several `positions` those at each of them.
    goal : Goal
    low, high : float
        Smallest and largest candidate; whole numbers if the field holds whole numbers.
    step : float, optional
        Distance between two candidates, which is the precision of the answer: `low`, `low` + `step`
        and so on, at most `high`, and at most a million. By default 1 for a field of whole numbers;
        **required for a field of real numbers**.
    confidence : float
        Probability that all verdicts, and so the whole answer, are correct.
    most_replications : int
        Limit for one candidate, at least 2. A candidate that is still undecided after this many
        replications is skipped: its outcome is almost exactly at the bound. With large raids this
        can take long.
    extra_candidates : int, default 32
        From 0 to 10,000: how many candidates to try in addition to a coarse scan and a bisection,
        in the widest gaps between them. At least their number tries all smaller ones.
    seed, workers, executor, progress
        As for `simulate`. All candidates are simulated on common random numbers.
    controls : bool
        Whether a mean is estimated and tested with controls where that is safe
        (`leakthrough.statistics.adjusted`): this takes fewer replications.

    Returns
    -------
    xarray.Dataset
        - `required`: the fewest, of the numbers that were tried, for which the goal was shown to
          hold; infinite if it was shown for none;
        - `least`: the fewest that was not tried and shown to fail. With the stated confidence the
          exact answer, the fewest from `low` for which the goal holds, is between `least` and
          `required`. They are equal if all smaller numbers were shown to fail;
        - `untried`: how many of the candidates below `required`, or up to `high`, were not tried;
        - along `tried`, the simulated candidates: the `verdict` ("holds", "fails", "undecided"),
          the `replications` used, and the `estimates` of the measure or, for a goal with a
          quantile, of the probability that the bound is kept. **Each interval is for that
          candidate alone.**

        Also `seed`, `scenario_digest`, and the attribute `note`: what was tried, in words.

    Raises
    ------
    ValueError
        If an argument is out of range, or the field at the path does not allow these numbers;
        raised before anything is simulated.

    Notes
    -----
    **No field is certain to change a measure in one direction.** With more channels, salvos,
    rounds in a salvo, or shorter reaction and flight times, more rounds are fired at threats that
    they rarely kill, and are missing for others. More rounds or batteries of a poor kind keep
    channels and threats from better ones.

    The search tries `low`, then numbers at distances from it that double, and `high`, up to the
    first one that holds. It bisects the gap below that one until the next smaller number has been
    tried, and then tries the middle of the widest gap among all smaller numbers, again and again
    (if nothing holds, among all numbers); whenever one of these holds, it bisects below it.

    A candidate is simulated with 1,000 replications (with controls, with 100, or 40 for each
    control up to 400), then four times as many while it is undecided. A test without
    controls has at least 1,000. Each interim analysis has an error probability of at most
    (1 - confidence) / (all candidates from `low` to `high` times analyses), so that a smaller
    `step` takes more replications. By Bonferroni's inequality
    the probability of any error at any candidate is therefore below 1 - confidence, whichever the
    search tries, with or without common random numbers.

    The test of a mean by Student's t is approximate (see
    `leakthrough.statistics.intervals.student`); that of probabilities and quantiles is exact.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> rounds = "layers.defence.batteries.battery.magazines.interceptor.rounds"
    >>> goal = Goal("leakers", at_most=3.0)
    >>> found = size_for_goal(scenario, rounds, goal, low=1, high=64, seed=7)
    >>> float(found.required), int(found.least)
    (25.0, 25)

    Which production, in steps of one round a day, keeps the probability low that a stock has been
    empty by the start of the tenth raid?

    >>> rounds = "scenario." + rounds
    >>> campaign = Campaign(
    ...     name="ten nights",
    ...     scenario=scenario,
    ...     raids=10,
    ...     interval=86_400.0,
    ...     resupply=[Resupply(battery="battery", interceptor="interceptor")],
    ...     stocks=[Stock(interceptor="interceptor", rounds=100)],
    ... )
    >>> goal = Goal(Measure("stock_dry", raid=10), at_most=0.1)
    >>> a_day = 1 / 86_400.0
    >>> found = size_for_goal(
    ...     campaign, "stocks.interceptor.rate", goal, low=0.0, high=20 * a_day, step=a_day, seed=7
    ... )
    >>> round(float(found.required) / a_day, 6)
    9.0
    """
    scenario = checked_model(scenario)
    candidates, last = _checked_candidates(scenario, path, goal, low, high, step)
    level = checked_confidence(confidence)
    most = checked_replications(most_replications, "most_replications", 2)
    analyses = 1 + max(math.ceil(math.log(most / LEAST, GROWTH)), 0)
    extra_candidates = whole("extra_candidates", extra_candidates, 0, MOST_EXTRA)
    search = _Search(
        scenario,
        candidates,
        goal,
        most=most,
        error=(1.0 - level) / ((last + 1) * analyses),
        confidence=level,
        seed=checked_seed(seed),
        execution=checked_execution(workers, executor, progress),
        controls=flag("controls", controls),
    )
    search.sample(0), search.sample(last)  # raises before anything is simulated
    warn_about(scenario, varied=(path,))
    _search(search, last, int(extra_candidates))
    return _dataset(search, last, level)


def _checked_candidates(
    scenario: AnyModel, path: str, goal: object, low: object, high: object, step: object
) -> tuple[_Candidates, int]:
    """Check goal, path and ends; return the candidates, and the number of the last one."""
    of_class("goal", goal, Goal)
    path = checked_path("path", scenario, path)
    if is_whole_at(scenario, path):
        width = 1 if step is None else whole("step", step, 1)
        candidates = _Candidates(path, whole("low", low), width)
        last: float = whole("high", high)
    else:
        if type(now := value_at(scenario, path)) is not float:
            raise ValueError(f"path: must be that of a number; {path} is {shown(now)}")
        candidates = _Candidates(path, real("low", low), real("step", step, above=0.0))
        last = real("high", high)
    if candidates.start > last:
        raise ValueError(f"low: must be at most high = {last:.10g}; got {shown(low)}")
    steps = (last - candidates.start) / candidates.step
    if steps > MOST_STEPS and step is not None:
        text = f"must give at most {MOST_STEPS:,} candidates from low to high"
        raise ValueError(f"step: {text}; got {shown(step)}")
    return candidates, math.floor(steps * (1.0 + 1e-12))


def _search(search: _Search, last: int, extra: int) -> None:
    """Test a coarse scan up to the first success, then the gap below it, then other gaps."""
    for number in _scan(last):
        if search.test(number):
            break
    while True:
        holding = search.with_verdict("holds")
        top = holding[0] if holding else last + 1
        below = [-1, *sorted(n for n in search.outcomes if n < top), top]
        if holding and below[-2] + 1 < top:  # bisection
            search.test((below[-2] + top) // 2)
            continue
        # Nothing says that all smaller numbers fail because some do: the widest gaps are next.
        width, start = max((after - n, -n) for n, after in itertools.pairwise(below))
        if width == 1 or extra == 0:
            return
        search.test(-start + width // 2)
        extra -= 1


def _scan(last: int) -> list[int]:
    """Both ends, and numbers between them at distances from the first that double."""
    return sorted({0, last, *(2**step for step in range(last.bit_length()))})


def _dataset(search: _Search, last: int, confidence: float) -> "xr.Dataset":
    import xarray as xr

    goal, candidates = search.goal, sorted(search.outcomes)
    verdicts, used, estimates = zip(*(search.outcomes[n] for n in candidates), strict=True)
    described = measure_of(goal.measure).attrs
    if goal.quantile is not None:
        described = {"units": "1", "long_name": "probability that the bound is kept"}
    best = min(search.with_verdict("holds"), default=None)
    smaller = range(last + 1 if best is None else best)
    failing = {n for n in search.with_verdict("fails") if n in smaller}
    least = next((n for n in smaller if n not in failing), smaller.stop)
    untried = len(smaller) - sum(n in smaller for n in candidates)
    value, units = search.candidates, units_at(search.scenario, search.candidates.path)
    required = math.inf if best is None else float(value(best))
    variables = {
        "required": quantity((), required, "fewest tried for which the goal holds", units),
        "least": quantity((), value(least), "fewest that was not tried and shown to fail", units),
        "untried": quantity((), untried, "smaller numbers that were not tried"),
        "verdict": quantity("tried", [*verdicts], "whether the goal holds"),
        "replications": quantity("tried", [*used], "replications used"),
        "estimates": measured(
            np.transpose(estimates), described["long_name"], "tried", units=described["units"]
        ),
    }
    found = labelled(variables, xr.Dataset(), confidence)
    found.attrs |= {"goal": goal.label, "path": value.path}
    counts = len(failing), len(smaller) - len(failing) - untried, untried
    found.attrs["note"] = _note(value.path, required, value.start, *counts)
    tried = quantity("tried", [value(n) for n in candidates], value.path, units)
    return found.assign_coords({"tried": tried, **origin(search.scenario, search.seed)})


def _note(
    path: str, required: float, low: float, failing: int, undecided: int, untried: int
) -> str:
    """What was tried and found, in words."""
    if math.isinf(required):
        found, others = "The goal was not shown to hold for any number that was tried", "numbers"
    else:
        found, others = f"The goal was shown to hold for {required:.10g}", "smaller numbers"
    counts = [(failing, "shown to fail"), (undecided, "undecided"), (untried, "not tried")]
    parts = ", ".join(f"{count:,} {what}" for count, what in counts if count) or "none"
    return f"{found}; {others} from {low:.10g}: {parts}. {caution(path)}"
