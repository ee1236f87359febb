"""What occurred minus what was expected has mean 0, for every random decision.

A million replications of 50 random scenarios, and of campaigns: no cell may differ by more than 5
standard errors, nor may the cells of one family together. A false alarm has a probability of 1e-3
for all cells; an error of 5 % in the expectation of one of the families is found for certain.
"""

import warnings
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import campaigns
import numpy as np
import numpy.typing as npt
import pytest
from raids import battery, gun, layer, magazine, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats
from varying_scenarios import any_scenario

import leakthrough as lt
from leakthrough.engine import decisions
from leakthrough.engine.counts import new_carried, new_rows
from leakthrough.engine.decisions import FAMILIES, LAWS, REPLENISHMENT
from leakthrough.engine.jobs import run_kernel
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.state import new_state
from leakthrough.model.quantiles import mean_and_variance, quantile_table
from leakthrough.reference.draws import quantile

SIGMA, LEAST = 5.0, 50.0
SCENARIOS, REPLICATIONS = 50, 20_000
CAMPAIGNS, FEWER = 20, 4_000
SEED = 1000
pytestmark = pytest.mark.filterwarnings("ignore::leakthrough.ScenarioWarning")


def family_of(name: str) -> str:
    """The family of a decision; of all probabilities that are drawn, but for kills, it is one."""
    family = name.partition(".")[0]
    return family if family in (*FAMILIES, *LAWS, REPLENISHMENT) else "chance"


def scenario_of(number: int) -> lt.Scenario:
    """A random scenario; every other one has uncertain probabilities and luck that is kept."""
    return ruled_scenario(number, "luck", "uncertain") if number % 2 else any_scenario(number)


def campaign_of(number: int) -> lt.Campaign:
    """A random campaign; every other one has rules as above."""
    return campaigns.campaign(number, *(("luck", "uncertain") if number % 2 else ()))


class Sums:
    """Differences by family: worst of the cells, and of all together, in standard errors."""

    def __init__(self) -> None:
        self.worst: dict[str, float] = defaultdict(float)
        self.total: dict[str, float] = defaultdict(float)
        self.number: dict[str, int] = defaultdict(int)

    def take(self, found: "Differences") -> None:
        """Add the cells of a result that occur, and fail to occur, often enough."""
        for n, name in enumerate(found.names):
            family, own = family_of(name), found.values[:, n].astype(np.float64)
            square = float((own**2).sum())
            if square == 0.0 or (family not in (*LAWS, REPLENISHMENT) and square < LEAST):
                continue
            self.worst[family] = max(self.worst[family], abs(own.sum()) / square**0.5)
            self.total[family] += own.sum() / square**0.5
            self.number[family] += 1

    @property
    def together(self) -> dict[str, float]:
        """All cells of each family, in standard errors."""
        return {name: abs(self.total[name]) / self.number[name] ** 0.5 for name in self.total}


class Differences(NamedTuple):
    """What occurred less what was expected, of all raids of a campaign together."""

    names: list[str]
    variances: npt.NDArray[np.float64]
    values: npt.NDArray[np.float32]  # (R, D); float32 since there are a million replications
    raids: int


def differences(result: Any) -> Differences:
    values = (result.occurred - result.expected).values
    raids = values.shape[1] if values.ndim == 3 else 1
    total = values.sum(axis=1) if values.ndim == 3 else values
    names, variances = result["decision"].values.tolist(), result["known_variance"].values
    return Differences(names, variances, total.astype(np.float32), raids)


@pytest.fixture(scope="module")
def results() -> list[Differences]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lt.ScenarioWarning)
        single = [
            differences(lt.simulate(scenario_of(n), replications=REPLICATIONS, seed=n))
            for n in range(SEED, SEED + SCENARIOS)
        ]
        several = [
            differences(lt.simulate_campaign(campaign_of(n), replications=FEWER, seed=n))
            for n in range(SEED, SEED + CAMPAIGNS)
        ]
    return [*single, *several]


def sums_of(results: Iterable[Differences]) -> Sums:
    found = Sums()
    for result in results:
        found.take(result)
    return found


def test_what_occurred_has_the_expected_mean(results: list[Differences]) -> None:
    found = sums_of(results)
    assert set(found.worst) == {*FAMILIES, *LAWS, REPLENISHMENT}
    assert max(found.worst.values()) < SIGMA, found.worst
    assert max(found.together.values()) < SIGMA, found.together


def test_cells_are_named_and_have_known_variances(results: list[Differences]) -> None:
    for number, result in enumerate(results):
        assert len(set(result.names)) == len(result.names)
        of_law = [family_of(name) in (*LAWS, REPLENISHMENT) for name in result.names]
        # In a campaign, a number of threats may have another variance in each raid.
        sizes = [number >= SCENARIOS and family_of(name) == "size" for name in result.names]
        assert ((np.isfinite(result.variances) == of_law) | sizes).all()
        for n, variance in enumerate(result.variances):
            once = result.raids == 1 and not result.names[n].startswith(REPLENISHMENT)
            if np.isfinite(variance) and once:
                square = result.values[:, n].astype(np.float64) ** 2
                error = SIGMA * square.std() / len(square) ** 0.5
                assert abs(square.mean() - variance) <= error + 1e-6


ERRORS: dict[str, dict[str, Any]] = {
    "common kill": {"drawn": lambda counts: counts.kill_luck_kept},
    "common detection": {"drawn": lambda counts: counts.detection_luck_kept},
    "kill": {"chance": "misses"},
    "soft kill": {"drawn": lambda counts: counts.openings_drawn - counts.detected},
    "detection": {"drawn": lambda counts: counts.openings_drawn},
    "dismissal": {"drawn": lambda counts: counts.openings_drawn - counts.soft_killed},
    "false kill": {"drawn": lambda counts: counts.alive_assessed + counts.dead_assessed},
    "false survival": {"drawn": lambda counts: counts.alive_assessed + counts.dead_assessed},
    "loss": {"drawn": lambda counts: counts.destroyed},
    "hit": {"drawn": lambda counts: counts.effective},
}


@pytest.mark.parametrize("family", FAMILIES)
def test_an_error_in_what_was_drawn_is_found(family: str, monkeypatch: Any) -> None:
    wrong = FAMILIES[family]._replace(**ERRORS[family])
    monkeypatch.setitem(decisions.FAMILIES, family, wrong)
    found = sums_of(
        differences(lt.simulate(scenario_of(n), replications=500, seed=1)) for n in range(30)
    )
    assert found.together[family] > SIGMA
    assert max(z for name, z in found.together.items() if name != family) < SIGMA


@pytest.mark.parametrize("law", [*LAWS, REPLENISHMENT])
def test_an_error_in_the_mean_of_what_is_drawn_once_is_found(law: str, monkeypatch: Any) -> None:
    """The mean of the distribution without rounding, or a mean that is a twentieth too large."""

    def wrong(table: Any, unit: int) -> tuple[float, float]:
        mean, variance = mean_and_variance(table, unit)
        return 1.05 * mean, variance

    for module in ("decisions", "jobs"):
        monkeypatch.setattr(f"leakthrough.engine.{module}.mean_and_variance", wrong)
    if law == "availability":
        monkeypatch.setitem(decisions.LAWS, law, ("layers", lambda counts: 1 - counts.up))
    found = sums_of(
        differences(lt.simulate_campaign(campaign_of(n), replications=2000, seed=1))
        for n in range(30)
    )
    assert found.together[law] > SIGMA


@pytest.mark.parametrize("number", range(40))
def test_a_log_changes_no_count(number: int) -> None:
    tables = lower(scenario_of(number))
    found = []
    for events in (0, 10_000):
        rows = new_rows(tables, 5)
        carried = new_carried(tables, 5).rows
        run_kernel(new_state(tables, events), rows, carried, SEED, 0, 0, np.zeros(1, np.uint8))
        found.append(rows)
    np.testing.assert_array_equal(found[0], found[1])


WHOLE = [stats.uniform(0.0, 12.0), stats.expon(scale=5.0), stats.gamma(0.3, scale=9.0)]
SHARES = [stats.beta(2.0, 2.0), stats.beta(0.25, 0.61), stats.uniform(0.2, 0.5), stats.beta(9, 1)]


@pytest.mark.parametrize("law", [*WHOLE, *SHARES])
def test_the_mean_is_that_of_what_is_drawn(law: Any) -> None:
    """Against the draws at 8,192 evenly spaced integers, each in the middle of its share."""
    unit = 1 if law in WHOLE else 2**32
    table = quantile_table(lt.Distribution.model_validate(law), unit)
    spaced = (np.arange(2**13) * 2**19 + 2**18 + 0.5) / 2**32
    every = np.array([quantile(lt.Distribution.model_validate(law), unit, p) for p in spaced])
    drawn = np.maximum(every, 0) / unit
    mean, variance = mean_and_variance(table, unit)
    step = (drawn.max() - drawn.min()) / 2**13
    assert mean == pytest.approx(drawn.mean(), abs=2 * step)
    assert variance == pytest.approx(drawn.var(), rel=5e-3)


# ---------------------------------------------------------------- by hand


def test_only_random_decisions_that_may_be_drawn_have_a_cell() -> None:
    guns = [gun("gun", kills={"t": 0.5}), gun("sure", kills=1.0), gun("spare", kills=0.5)]
    own = battery("B", magazines=[magazine("gun", 3), magazine("sure", 3)], false_kill=0.1)
    scenario = raid(salvo(count=5), layer("L", own, soft_kill={"t": 0.25}), guns)
    found = lt.simulate(scenario, replications=50, seed=1)
    assert found["decision"].values.tolist() == ["kill.gun.t", "soft kill.L.t", "false kill.B"]
    soft = found.sel(decision="soft kill.L.t")
    np.testing.assert_array_equal(soft.occurred, found.soft_killed.sum(["salvo", "layer"]))
    np.testing.assert_array_equal(soft.expected, 5 * 0.25)


def test_rounds_after_the_first_hit_do_not_count() -> None:
    own = battery("B", rounds=60, channels=20, doctrine=lt.Doctrine(salvo_size=6, max_salvos=1))
    found = lt.simulate(
        raid(salvo(count=10), layer("L", own), gun(kills=0.5)), replications=4000, seed=1
    )
    hits = found.occurred.values[:, 0]
    np.testing.assert_array_equal(hits, found.killed.sum(["salvo", "layer"]))
    rounds = found.expected.values[:, 0] / 0.5
    assert rounds.mean() == pytest.approx(10 * (1 - 0.5**6) / 0.5, rel=0.01)
    assert rounds.max() < 60


def test_equal_batteries_are_one_cell_and_raids_with_other_salvos_align() -> None:
    own = battery("B", count=3, rounds=2, false_survival=0.5)
    salvos = [salvo("a", 2), salvo("b", stats.uniform(0.0, 6.0))]
    scenario = raid(salvos, layer("L", own), gun(kills=0.5))
    campaign = lt.Campaign(
        name="c",
        scenario=scenario,
        raids=[[scenario.salvos[1]], list(scenario.salvos)],
        interval=1e4,
    )
    found = lt.simulate_campaign(campaign, replications=20, seed=1)
    assert found["decision"].values.tolist() == ["kill.gun.t", "false survival.B", "size.b"]
    sizes = found.occurred.sel(decision="size.b")
    np.testing.assert_array_equal(sizes, found.launched.sel(salvo="b"))


def test_the_first_raid_of_a_campaign_has_the_decisions_of_that_raid_alone() -> None:
    scenario = any_scenario(7)
    alone = lt.simulate(scenario, replications=30, seed=3)
    campaign = lt.Campaign(name="c", scenario=scenario, raids=2, interval=1e4)
    first = lt.simulate_campaign(campaign, replications=30, seed=3).sel(raid=1)
    for name in ("occurred", "expected"):
        np.testing.assert_array_equal(first[name], alone[name])
