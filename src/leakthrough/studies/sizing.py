"""The fewest rounds, channels or batteries for which a goal holds."""

import concurrent.futures
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.model.check import warn_about
from leakthrough.model.errors import is_whole, shown
from leakthrough.model.paths import value_at
from leakthrough.model.scenario import Scenario
from leakthrough.quantities import quantity
from leakthrough.results.labelled import labelled, measured
from leakthrough.run_options import Execution, checked_execution, checked_replications, checked_seed
from leakthrough.statistics.intervals import checked_confidence, wilson
from leakthrough.studies.evaluate import checked_scenario, origin
from leakthrough.studies.goals import Goal, Verdict
from leakthrough.studies.measure import Numbers, measure_of
from leakthrough.studies.sequential import SequentialSample
from leakthrough.studies.sweep.axes import is_whole_at

if TYPE_CHECKING:
    import xarray as xr

FIRST, GROWTH = 1_000, 4
"""Replications of a candidate's first interim analysis, and their growth factor if undecided."""


@dataclass
class _Search:
    """Tests candidates and keeps their results: verdict, replications and estimates (4,).

    The estimates are those of the measure, or of the probability that the bound is kept.
    """

    scenario: Scenario
    path: str
    goal: Goal
    sizes: list[int]  # replications at each interim analysis
    error: float  # of each interim analysis
    confidence: float
    seed: int
    execution: Execution
    outcomes: dict[int, tuple[Verdict, int, Numbers]] = field(default_factory=dict)

    def sample(self, number: int) -> SequentialSample:
        """Sample of the measure for one candidate."""
        changed = self.scenario.replace(self.path, number)
        return SequentialSample(
            changed, measure_of(self.goal.measure), seed=self.seed, execution=self.execution
        )

    def verdict(self, number: int) -> Verdict:
        """Simulate a candidate until it is decided or the limit is reached."""
        sample, replications = self.sample(number), 0
        verdict: Verdict = "undecided"
        for replications in self.sizes:
            values = sample.up_to(replications)
            verdict = self.goal.verdict(values, self.error, sample.most)
            if verdict != "undecided":
                break
        kept = self.goal.kept(sample.values)
        if kept is None:
            estimates = sample.estimates(replications, self.confidence)
        else:
            estimates = wilson(kept.sum(), replications, self.confidence)
        self.outcomes[number] = verdict, replications, estimates
        return verdict


def size_for_goal(
    scenario: Scenario,
    path: str,
    goal: Goal,
    *,
    low: int,
    high: int,
    confidence: float = 0.95,
    most_replications: int = 100_000,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
) -> "xr.Dataset":
    """Fewest rounds, channels or batteries for which a goal holds.

    Parameters
    ----------
    scenario : Scenario
    path : str
        Path of a whole-number field, such as ``"layers.point.batteries.gun.count"``. Rounds and
        channels of a battery with a `count` are those of each unit.
    goal : Goal
        **If it holds for some number, it must hold for all larger ones.** This is so for rounds,
        channels and batteries, and for `salvo_size` if there are plenty of rounds.
    low, high : int
        Smallest and largest candidate.
    confidence : float
        Probability that the whole answer is correct.
    most_replications : int
        Limit for one candidate, at least 2. A candidate that is still undecided after this many
        replications is skipped: its outcome is almost exactly at the bound. With large raids this
        can take long.
    seed, workers, executor, progress
        As for `simulate`. All candidates are simulated on common random numbers.

    Returns
    -------
    xarray.Dataset
        - `required`: the fewest for which the goal was shown to hold; infinite if it was not shown
          to hold for `high`, as in `leakthrough.exact.rounds_required`;
        - `least`: all smaller numbers were shown to be too few. With the stated confidence the
          exact answer is between `least` and `required`, which are equal unless a candidate was
          skipped;
        - along `tried`, the simulated candidates: the `verdict` ("holds", "fails", "undecided"),
          the `replications` used, and the `estimates` of the measure or, for a goal with a
          quantile, of the probability that the bound is kept. **Each interval is for that
          candidate alone.**

        Also `seed` and `scenario_digest`.

    Raises
    ------
    ValueError
        If an argument is out of range, or the field at the path does not allow these numbers;
        raised before anything is simulated.

    Notes
    -----
    The search is a bisection that tests `high` first. A candidate is simulated with 1,000
    replications, then four times as many while it is undecided. Each interim analysis has an error
    probability of at most (1 - confidence) / (search steps times analyses). Until the first wrong
    decision, the search visits the candidates that a search with exact answers visits, which do
    not depend on the draws. By Bonferroni's inequality the probability of any error is therefore
    below 1 - confidence, with or without common random numbers. If a candidate is skipped, two
    searches continue: above it for the fewest that are enough, below it for the most that are too
    few. The exact search continues on one of these two sides; on the other the exact answer is
    known.

    The test of a mean by Student's t is approximate (see
    `leakthrough.statistics.intervals.student`); that of probabilities and quantiles is exact.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    ... )
    >>> rounds = "layers.defence.batteries.battery.magazines.interceptor.rounds"
    >>> goal = Goal("leakers", at_most=3.0)
    >>> float(size_for_goal(scenario, rounds, goal, low=1, high=64, seed=7).required)
    25.0
    """
    low, high = _checked_ends(scenario, path, goal, low, high)
    level = checked_confidence(confidence)
    sizes = [min(FIRST, checked_replications(most_replications, "most_replications", 2))]
    while sizes[-1] < most_replications:
        sizes.append(min(GROWTH * sizes[-1], int(most_replications)))
    steps = 1 + (high - low).bit_length()
    search = _Search(
        scenario,
        path,
        goal,
        sizes=sizes,
        error=(1.0 - level) / (steps * len(sizes)),
        confidence=level,
        seed=checked_seed(seed),
        execution=checked_execution(workers, executor, progress),
    )
    search.sample(low), search.sample(high)  # raises before anything is simulated
    warn_about(scenario, varied=(path,))
    least, fewest = _bisect(search, low, high)
    return _dataset(search, least, fewest, level)


def _checked_ends(
    scenario: Scenario, path: str, goal: object, low: int, high: int
) -> tuple[int, int]:
    """Check scenario, goal and path; return both ends as Python integers."""
    checked_scenario(scenario)
    if not isinstance(goal, Goal):
        raise ValueError(f"goal: must be a leakthrough.Goal; got {shown(goal)}")
    for name, value in (("low", low), ("high", high)):
        if not is_whole(value) or value < 0:
            raise ValueError(f"{name}: must be a whole number from 0; got {shown(value)}")
    if low > high:
        raise ValueError(f"low: must be at most high = {high}; got {low}")
    if not is_whole_at(scenario, path):
        now = shown(value_at(scenario, path))
        raise ValueError(f"path: must be that of a whole number; {path} is {now}")
    return int(low), int(high)


def _bisect(search: _Search, low: int, high: int) -> tuple[int, float]:
    """Smallest number not shown to be too few, and smallest number shown to be enough."""
    verdict = search.verdict(high)
    if verdict == "fails":
        return high + 1, math.inf
    if verdict == "undecided":
        return _least(search, low, high), math.inf
    least, fewest, undecided = low, high, None
    while low < fewest:
        middle = (low + fewest) // 2
        verdict = search.verdict(middle)
        if verdict == "holds":
            fewest = middle
            continue
        low = middle + 1
        if verdict == "undecided" and undecided is None:
            undecided = middle
        if undecided is None:
            least = low
    return least if undecided is None else _least(search, least, undecided), fewest


def _least(search: _Search, low: int, high: int) -> int:
    """Smallest number not shown to be too few, up to a skipped candidate."""
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if search.verdict(middle) == "fails" else (low, middle)
    return low


def _dataset(search: _Search, least: int, fewest: float, confidence: float) -> "xr.Dataset":
    import xarray as xr

    goal, candidates = search.goal, sorted(search.outcomes)
    verdicts, used, estimates = zip(*(search.outcomes[n] for n in candidates), strict=True)
    described = measure_of(goal.measure).attrs
    if goal.quantile is not None:
        described = {"units": "1", "long_name": "probability that the bound is kept"}
    variables = {
        "required": quantity((), float(fewest), "fewest for which the goal was shown to hold"),
        "least": quantity((), least, "fewest that was not shown to be too few"),
        "verdict": quantity("tried", [*verdicts], "whether the goal holds"),
        "replications": quantity("tried", [*used], "replications used"),
        "estimates": measured(
            np.transpose(estimates), described["long_name"], "tried", units=described["units"]
        ),
    }
    found = labelled(variables, xr.Dataset(), confidence)
    found.attrs["goal"], found.attrs["path"] = goal.label, search.path
    tried = quantity("tried", candidates, search.path)
    return found.assign_coords({"tried": tried, **origin(search.scenario, search.seed)})
