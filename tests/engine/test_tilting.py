"""Tilted raids: the likelihood ratio of a replication is that of its tables, exactly.

Expectations with weights agree with those without tilts within 5 standard errors of 20,000
replications. A false alarm has a probability of 1e-4 for all scenarios together. The tests of
errors show what is found: a ratio in which misses of one family do not count.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from raids import battery, gun, layer, magazine, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt
from leakthrough.engine import decisions
from leakthrough.engine.counts import Counts, named_counts
from leakthrough.engine.decisions import FAMILIES, LAWS
from leakthrough.engine.jobs import RaidJob
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.engine.tilting import FINENESS, Tilting
from leakthrough.model.discrete import WORD_RANGE

SIGMA, REPLICATIONS, SCENARIOS = 5.0, 20_000, range(40)
Array = npt.NDArray[Any]


def scenario_of(number: int) -> lt.Scenario:
    """A random scenario; every other one has probabilities that are distributions."""
    return ruled_scenario(number, "uncertain") if number % 2 else any_scenario(number)


def counts_of(tables: Tables, replications: int = REPLICATIONS, seed: int = 1) -> Counts:
    job = RaidJob(tables)
    rows = job.new_rows(replications)
    job.block(seed, 0, rows, np.zeros(1, np.uint8), job.new_states())
    return named_counts(rows[0][0], tables)


def z(values: Array, expected: float) -> float:
    error = values.std() / len(values) ** 0.5
    return float((values.mean() - expected) / max(error, 1e-9))


def tilts_of(tilting: Tilting, seed: int, size: float) -> Array:
    own = np.random.default_rng(seed).normal(0.0, size, len(tilting.cells))
    return np.rint(own / FINENESS) * FINENESS


class Weighted:
    """Replications of a scenario with tilts, and their weights."""

    def __init__(self, tables: Tables, tilts: Array | float, seed: int) -> None:
        self.tilting = Tilting(tables)
        own = np.broadcast_to(tilts, len(self.tilting.cells)).astype(float)
        self.counts = counts_of(self.tilting.tables(own), seed=seed)
        self.seen = self.tilting.seen(self.counts, own)
        self.weights = np.exp(-self.tilting.log_ratio(self.seen, own))


@pytest.mark.parametrize("number", SCENARIOS)
def test_weighted_means_are_those_without_tilts(number: int, offset: int) -> None:
    tables = lower(scenario_of(number))
    tilts = tilts_of(Tilting(tables), number, 0.15)
    found = Weighted(tables, tilts, 10 + offset)
    plain = counts_of(tables, seed=20 + offset)
    assert abs(z(found.weights, 1.0)) < SIGMA
    for name in ("leaked", "expended"):
        one, other = found.counts[name].sum(axis=1) * found.weights, plain[name].sum(axis=1)
        error = np.sqrt((one.var() + other.var()) / REPLICATIONS)
        assert abs(one.mean() - other.mean()) <= SIGMA * error
    # The other way round, the ratio has the mean 1 too.
    back = found.tilting.log_ratio(found.tilting.seen(plain, found.tilting.none), tilts)
    assert abs(z(np.exp(back), 1.0)) < SIGMA


def test_all_families_and_distributions_are_tilted() -> None:
    names = {cell[0] for n in SCENARIOS for cell in Tilting(lower(scenario_of(n))).cells}
    assert names == {*FAMILIES, *LAWS} - {"size", "common kill", "common detection"}


@pytest.mark.parametrize("family", [own for own in FAMILIES if not own.startswith("common")])
def test_a_wrong_number_of_draws_is_found(family: str, monkeypatch: Any) -> None:
    """If occurrences alone counted, the weights would not have the mean 1."""
    wrong = FAMILIES[family]._replace(drawn=lambda counts: counts[FAMILIES[family].occurred])
    monkeypatch.setitem(decisions.FAMILIES, family, wrong)
    assert any(abs(z(own.weights, 1.0)) > SIGMA for own in _tilted_alone(family))


def _tilted_alone(family: str) -> Iterator[Weighted]:
    """Scenarios with one tilted cell of a family."""
    for number in range(30):
        tables = lower(scenario_of(number))
        cells = Tilting(tables).cells
        own = [n for n, cell in enumerate(cells) if cell[0] == family]
        if own:
            yield Weighted(tables, 0.5 * (np.arange(len(cells)) == own[0]), 60)


def test_no_tilt_changes_nothing() -> None:
    tables = lower(any_scenario(11))
    tilting = Tilting(tables)
    found, plain = counts_of(tilting.tables(tilting.none), 500), counts_of(tables, 500)
    np.testing.assert_array_equal(found.rows, plain.rows)
    seen = tilting.seen(found, tilting.none)
    np.testing.assert_allclose(tilting.log_ratio(seen, tilting.none), 0.0, atol=1e-12)


# ---------------------------------------------------------------- by hand


def test_the_ratio_of_a_binomial_raid() -> None:
    tables = lower(lt.exact.as_scenario("leakers", threats=30, kill_probability=0.7))
    tilting = Tilting(tables)
    tilts = np.array([-1.0])
    counts = counts_of(tilting.tables(tilts), 1000)
    own, other = (int(t.kill_chances["threshold"][0]) for t in (tables, tilting.tables(tilts)))
    assert own == round(0.7 * WORD_RANGE)
    assert other / WORD_RANGE == pytest.approx(1.0 / (1.0 + 3.0 / 7.0 * np.exp(1.0)), rel=1e-9)
    hits = 30 - counts.leaked[:, 0]
    wanted = stats.binom.logpmf(hits, 30, other / WORD_RANGE)
    wanted -= stats.binom.logpmf(hits, 30, own / WORD_RANGE)
    seen = tilting.seen(counts, tilts)
    np.testing.assert_allclose(tilting.log_ratio(seen, tilts), wanted, rtol=1e-9, atol=1e-9)


def test_a_layer_may_be_kept_up_or_down() -> None:
    sensor = lt.Sensor(availability=0.75)
    scenario = raid(salvo(count=3), layer("L", battery("B"), sensor=sensor), gun(kills=0.5))
    tilting = Tilting(lower(scenario))
    (cell,) = tilting.layers
    for tilt, probability in ((np.inf, 0.75), (-np.inf, 0.25)):
        tilts = tilting.none
        tilts[cell] = tilt
        counts = counts_of(tilting.tables(tilts), 50)
        assert (counts.up == (tilt > 0.0)).all()
        seen = tilting.seen(counts, tilts)
        np.testing.assert_allclose(np.exp(-tilting.log_ratio(seen, tilts)), probability)
        other = np.exp(tilting.log_ratio(seen, -tilts))
        np.testing.assert_array_equal(other, 0.0)


DISTRIBUTIONS = [
    stats.beta(2.0, 2.0),
    stats.beta(0.25, 0.61),
    stats.beta(4000.0, 1000.0),
    stats.uniform(0.2, 0.5),
    stats.uniform(0.6, 1e-6),  # too narrow to be tilted
]


@pytest.mark.parametrize("tilt", [(0.0, 0.0), (0.7, 0.0), (0.0, -0.5), (-0.8, 0.3), (0.5, 0.5)])
@pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda own: str(own.args))
def test_an_uncertain_kill_probability(
    distribution: Any, tilt: tuple[float, float], offset: int
) -> None:
    """Moments of what is drawn and of the hits, with tilts of the rounds and of what is drawn."""
    doctrine = lt.Doctrine(max_salvos=1)
    own = battery("B", channels=9, doctrine=doctrine)
    tables = lower(raid(salvo(count=8), layer("L", own), gun(kills=distribution)))
    found = Weighted(tables, tilt, 30 + offset)  # type: ignore[arg-type]
    assert [cell[0] for cell in found.tilting.cells] == ["kill", "kill probability"]
    plain = counts_of(tables, 200_000, seed=31 + offset)
    chances = plain.kill_threshold.ravel() / WORD_RANGE
    drawn = found.seen.occurred[:, 1] / WORD_RANGE
    for one, other in (
        (np.ones(len(drawn)), np.ones(len(chances))),
        (drawn, chances),
        (drawn**2, chances**2),
        (drawn < np.quantile(chances, 0.1), chances < np.quantile(chances, 0.1)),
        (found.counts.leaked[:, 0] >= 3, plain.leaked[:, 0] >= 3),
    ):
        weighted = one * found.weights
        error = np.sqrt(weighted.var() / len(one) + other.var() / len(other))
        assert abs(weighted.mean() - other.mean()) <= SIGMA * error + 1e-6


COUNTS = [
    stats.uniform(0.0, 12.0),
    stats.expon(scale=5.0),
    stats.lognorm(0.3, scale=5.0),
    stats.gamma(6.0),
]


@pytest.mark.parametrize("tilt", [-0.5, 0.3, 0.6])
@pytest.mark.parametrize("count", COUNTS, ids=lambda own: own.dist.name)
def test_a_drawn_number_of_threats(count: Any, tilt: float, offset: int) -> None:
    """The weighted distribution, against the frequencies of 400,000 replications without tilts."""
    tables = lower(raid(salvo(count=count), layer("L", battery("B", rounds=0))))
    found = Weighted(tables, tilt, 40 + offset)
    plain = counts_of(tables, 400_000, seed=41 + offset).launched[:, 0]
    for number in range(12):
        one = (found.counts.launched[:, 0] == number) * found.weights
        share = float((plain == number).mean())
        error = np.sqrt(one.var() / len(one) + share / len(plain))
        assert abs(one.mean() - share) <= SIGMA * error + 1e-4


def test_tilts_are_fitted_to_weighted_replications(offset: int) -> None:
    """What was drawn with tilts has these tilts as the most likely ones."""
    own = battery("B", magazines=[magazine("gun"), magazine("sure")], channels=99, false_kill=0.2)
    uncertain = gun("sure", kills=stats.beta(6.0, 3.0))
    layers = layer("L", own, sensor=lt.Sensor(detection={"t": 0.8}, availability=0.6))
    scenario = raid(salvo(count=40), layers, [gun(kills=0.5), uncertain])
    tilting = Tilting(lower(scenario))
    tilts = np.rint(np.linspace(-0.8, 0.9, len(tilting.cells)) / FINENESS) * FINENESS
    seen = tilting.seen(counts_of(tilting.tables(tilts), seed=50 + offset), tilts)
    found = tilting.fit(seen, np.ones(REPLICATIONS))
    drawn = seen.drawn.sum(axis=0) > 0
    assert drawn.sum() >= 4
    np.testing.assert_allclose(found[drawn], tilts[drawn], atol=0.1)
    np.testing.assert_array_equal(found[~drawn], 0.0)
