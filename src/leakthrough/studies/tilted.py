"""Replications with tilted random decisions, and the search for tilts that make an event frequent.

The cross-entropy method (Rubinstein and Kroese 2004): the replications of a stage that are nearest
to the event, with their weights, give the tilts of the next stage, until the event is frequent.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from leakthrough.engine.bounds import check_memory
from leakthrough.engine.counts import named_counts
from leakthrough.engine.jobs import Block, RaidJob
from leakthrough.engine.labels import label
from leakthrough.engine.layout import Whole
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.progress import progress_bar
from leakthrough.engine.replications import compute
from leakthrough.engine.tilting import Seen, Tilting, Tilts
from leakthrough.model.campaign import Campaign
from leakthrough.model.distributions import Distribution
from leakthrough.model.raid_pattern import RaidPattern
from leakthrough.model.scenario import Scenario
from leakthrough.run_options import Execution
from leakthrough.statistics.importance import balance_weights, concentration
from leakthrough.studies.evaluate import prepared
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import fresh
from leakthrough.studies.rows import RowReader

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

ELITE = 0.1
"""Share of the replications of a stage that determine the tilts of the next one."""
STAGES, LEAST_IN_A_STAGE = 40, 100
"""Stages in a study, if all its replications were searches; replications of a stage."""
MOST_STAGES, MOST_SEARCHES = 10, 12
"""Stages of one search; searches for single causes."""
ENOUGH = 200.0
"""Effective sample size of the event with which a search ends."""
SELDOM = 0.1
"""Mean number of occurrences below which a decision is searched on its own."""
LARGEST_LOG = 500.0
"""Log ratio beyond which numbers would overflow."""
STEP = 1.0
"""Tilt that is added where no replication of a stage is nearer to the event than the others."""
TOWARDS_LEAKERS = {
    **dict.fromkeys(("kill", "soft kill", "detection", "availability", "kill probability"), -1.0),
    **dict.fromkeys(("dismissal", "false kill", "false survival", "loss", "hit", "size"), 1.0),
}
"""Direction of the tilts that let more threats through."""


class Event(NamedTuple):
    """The first measure, times the sign, is at least the bound.

    The last measure, times the sign, guides the search: the larger it is, the nearer the event.
    """

    measures: tuple[Measure, ...]
    sign: float
    bound: float
    text: str


class Sample(NamedTuple):
    """Replications: whether the event occurs, how near it is, and the random decisions."""

    hit: "Flags"  # (R,)
    guide: "Numbers"  # (R,)
    seen: Seen


class Reading:
    """Computes samples from rows of counts. Raises ValueError if the event is impossible."""

    def __init__(self, given: Scenario | Campaign, event: Event) -> None:
        raid = _raid(given, event.measures[0])
        _check_luck(raid)
        prepared(raid, event.measures)  # raises an error if they do not exist
        self.event, self.labels = event, label(raid)
        self.tables = lower(raid)
        self.job = RaidJob(self.tables)
        self.reader = RowReader(self.job, self.labels, event.measures)
        self.tilting = Tilting(self.tables)
        limits = self.reader.limits(self.job)
        ends = [float(own[0][0]) for own in (limits.least, limits.most)]
        if max(event.sign * end for end in ends) < event.bound:
            text = f"{event.measures[0].label} is from {ends[0]:g} to {ends[1]:g} here"
            raise ValueError(f"event: impossible, since {text}; got {event.text}")

    def __call__(self, rows: Whole, tilts: Tilts) -> Sample:
        """Return the sample in rows that were computed with tilts."""
        counts = named_counts(rows, self.tables)
        *measures, _ = self.reader(self.job, [rows[np.newaxis]])
        values = [self.event.sign * own[:, 0] for own in measures]
        seen = self.tilting.seen(counts, tilts)
        return Sample(values[0] >= self.event.bound, values[-1], seen)


def _raid(given: Scenario | Campaign, measure: Measure) -> Scenario:
    """The raid, of which a campaign must have one."""
    if isinstance(given, Campaign):
        if given.raid_count != 1:
            text = f"a campaign must have one raid; got {given.raid_count:,}"
            raise ValueError(f"scenario: {text}")
        if isinstance(given.raids, RaidPattern):
            raise ValueError("scenario: the raid of a campaign must not be a pattern")
        given = given.raid(1)
    drawn = any(isinstance(salvo.count, Distribution) for salvo in given.salvos)
    if drawn and measure.name == "leak_rate":
        text = "must be leakers where the number of threats is a distribution"
        raise ValueError(f"event: {text}; got leak_rate")
    return given


def _check_luck(scenario: Scenario) -> None:
    """Raise a ValueError if threats keep their luck: then counts give no likelihood ratio."""
    for kind in scenario.threats:
        for name in ("common_detection", "common_kill"):
            if (own := getattr(kind, name)) > 0.0:
                text = f"must be 0 for the probability of a rare event; got {own:g}"
                raise ValueError(f"threats.{kind.name}.{name}: {text}")


class _Sink:
    """Collects a sample."""

    def __init__(self, reading: Reading, tilts: Tilts, replications: int) -> None:
        self.reading, self.tilts = reading, tilts
        shape = replications, len(tilts)
        seen = Seen(np.empty(shape), np.empty(shape))
        self.sample = Sample(np.empty(replications, np.bool_), np.empty(replications), seen)

    def alike(self, replications: int) -> "_Sink":
        """An empty sink for some replications."""
        return _Sink(self.reading, self.tilts, replications)

    def take(self, start: int, block: Block) -> None:
        """Take the rows of some replications."""
        self._put(start, self.reading(block[0][0], self.tilts))

    def merge(self, start: int, other: "_Sink") -> None:
        """Copy the values of another sink."""
        self._put(start, other.sample)

    def _put(self, start: int, found: Sample) -> None:
        own = slice(start, start + len(found.hit))
        self.sample.hit[own], self.sample.guide[own] = found.hit, found.guide
        for mine, theirs in zip(self.sample.seen, found.seen, strict=True):
            mine[own] = theirs


class Runs:
    """Samples of one raid with tilts, each with replications of its own.

    `total` is the number of replications, and `left` that of those not yet simulated.
    """

    def __init__(self, reading: Reading, total: int, seed: int, execution: Execution) -> None:
        self.reading, self.total, self.left, self.seed = reading, total, total, seed
        self.execution, self.used = execution, {True: 0, False: 0}
        needed = 16.0 * total * len(reading.tilting.cells)
        check_memory(needed, f"replications: {total:,} of them", "use fewer")

    def __enter__(self) -> "Runs":
        self.stack = ExitStack()
        bar = progress_bar(self.execution.progress, "replication", self.total)
        self.update = self.stack.enter_context(bar)
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def sample(self, tilts: Tilts, replications: int, *, search: bool = False) -> Sample:
        """Simulate with tilts; searches have draws of their own."""
        job = RaidJob(self.reading.tilting.tables(tilts), first=self.used[search])
        sink = _Sink(self.reading, tilts, replications)
        seed = fresh(self.seed) if search else self.seed
        execution = self.execution._replace(progress=False)
        compute(job, sink, seed=seed, replications=replications, **execution._asdict())
        self.used[search] += replications
        self.left -= replications
        self.update(replications)
        return sink.sample


class _Start(NamedTuple):
    """The tilts with which a search begins, and the cells whose tilts stay as they are."""

    tilts: Tilts
    fixed: list[int]


class Found(NamedTuple):
    """What a search has found: tilts, and the root mean square of the weights of the event."""

    tilts: Tilts
    spread: float


def searched(runs: Runs) -> list[Found]:
    """The searches of a raid; the last one keeps all layers in their usual state."""
    tilting, half = runs.reading.tilting, runs.total - runs.total // 2
    if not tilting.cells:
        return []
    scout = runs.sample(tilting.none, _in_a_stage(runs, 1), search=True)
    starts, found = list(_starts(tilting, scout.seen)), []
    size = _in_a_stage(runs, len(starts))
    for n, start in enumerate(starts):
        stages = (runs.left - half) // (size * (len(starts) - n))
        found += _search(runs, start, size, min(stages, MOST_STAGES))
    return found


def _in_a_stage(runs: Runs, searches: int) -> int:
    """Replications of a stage: few where there are many searches, so that each has a stage."""
    least = min(LEAST_IN_A_STAGE, runs.total // (3 * searches))
    return max(runs.total // max(STAGES, MOST_STAGES * searches), least)


def _starts(tilting: Tilting, seen: Seen) -> Iterator[_Start]:
    """Where the searches begin."""
    fixed, usual, every = list(tilting.layers), tilting.none, tilting.none
    for cell, chance in tilting.layers.items():
        usual[cell] = np.inf if chance >= 0.5 else -np.inf
        every[cell] = tilting.even(cell, 1.0)
    single = {cell: -usual[cell] for cell in fixed}
    for cell, (hits, drawn) in tilting.expected(seen).items():
        if 0.0 < min(hits, drawn - hits) < SELDOM and cell not in single:
            single[cell] = every[cell] = tilting.even(cell, drawn)
    for cell in [*single][:MOST_SEARCHES]:
        tilts = usual.copy()
        tilts[cell] = single[cell]
        yield _Start(tilts, fixed)
    if len(single) > 1:
        yield _Start(every, [])
    yield _Start(usual, fixed)


class _Pool:
    """All samples of a search, weighted by the density of their mixture."""

    def __init__(self, tilting: Tilting) -> None:
        self.tilting, self.tilts, self.samples = tilting, list[Tilts](), list[Sample]()
        self.ratios: dict[tuple[int, int], Numbers] = {}  # by tilts and sample

    def add(self, tilts: Tilts, sample: Sample) -> None:
        """Add a sample with its tilts."""
        self.tilts.append(tilts)
        self.samples.append(sample)

    def _ratio(self, tilts: int, sample: int) -> "Numbers":
        if (tilts, sample) not in self.ratios:
            seen = self.samples[sample].seen
            self.ratios[tilts, sample] = self.tilting.log_ratio(seen, self.tilts[tilts])
        return self.ratios[tilts, sample]

    def weights(self) -> "Numbers":
        """Weights (R,) of all replications; all stages have the same number of them."""
        number = range(len(self.samples))
        ratios = [np.concatenate([self._ratio(t, s) for s in number]) for t in number]
        return balance_weights(ratios, np.full(len(number), 1.0 / len(number)))

    def joined(self) -> Sample:
        """The samples together."""
        seen = Seen(*map(np.concatenate, zip(*(own.seen for own in self.samples), strict=True)))
        hit, guide = (
            np.concatenate([getattr(s, n) for s in self.samples]) for n in ("hit", "guide")
        )
        return Sample(hit, guide, seen)


def _search(runs: Runs, start: _Start, size: int, stages: int) -> list[Found]:
    """Tilts with which the event is frequent; nothing if it has never occurred."""
    tilting, tilts, pool = runs.reading.tilting, start.tilts, _Pool(runs.reading.tilting)
    for _ in range(stages):
        latest = runs.sample(tilts, size, search=True)
        pool.add(tilts, latest)
        weights, every = pool.weights(), pool.joined()
        if concentration(weights * every.hit)[0] >= ENOUGH:
            break
        own = every.hit if latest.hit.mean() >= ELITE else every.hit | _nearest(latest, every)
        if own.any():
            tilts = tilting.fit(every.seen.of(own), weights[own])
        else:
            tilts = tilts + STEP * _direction(runs.reading)
        tilts[start.fixed] = start.tilts[start.fixed]
    own = every.hit
    if not own.any():
        return []
    tilts = tilting.fit(every.seen.of(own), weights[own], shrink=True)
    tilts[start.fixed] = start.tilts[start.fixed]
    ratio = np.maximum(tilting.log_ratio(every.seen.of(own), tilts), -LARGEST_LOG)
    squares = weights[own] * np.exp(-ratio)
    return [Found(tilts, float(np.sqrt(squares.sum() / len(weights))))]


def _nearest(latest: Sample, every: Sample) -> "Flags":
    """Replications as near to the event as a tenth of the latest; none if all are equally near."""
    level = np.quantile(latest.guide, 1.0 - ELITE, method="higher")
    if np.mean(latest.guide >= level) > 0.5:
        return every.guide > level
    return every.guide >= level


def _direction(reading: Reading) -> Tilts:
    """Tilts towards an event of leakers, for a raid in which it does not come nearer by chance."""
    event = reading.event
    first = event.measures[0]
    towards = TOWARDS_LEAKERS if first.kind.source == "leaked" or first.is_of_assets else {}
    return event.sign * np.array([towards.get(cell[0], 0.0) for cell in reading.tilting.cells])
