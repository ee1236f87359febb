"""The compiled kernel agrees exactly with the reference engine, event by event.

``LEAKTHROUGH_EXAMPLES`` sets how many scenarios are generated.
"""

import os
import random
from collections import Counter

import pytest
from busy_scenarios import ordered_scenario, wide_scenario
from busy_scenarios import scenario as busy_scenario
from campaigns import campaign, kernel_raids, reference_raids, short_campaign
from engines import (
    Outcome,
    assert_every_column_is_named,
    kernel_events,
    kernel_outcomes,
    reference_outcome,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from placed_scenarios import placed_scenario
from raids import rich
from ruled_scenarios import CHANGES, ruled_scenario
from strategies import scenarios
from varying_scenarios import varying_scenario

import leakthrough as lt
from leakthrough.engine.counts import named_counts, new_rows
from leakthrough.engine.lower_raid import lower

EXAMPLES = int(os.environ.get("LEAKTHROUGH_EXAMPLES", "300"))
TIMELINE = (-20.0, 0.0, 30.0, 60.0, 60.0, 100.5, 180.0, 1000.0)
IN_BLOCK = 4
STORES = "reload early", "depots", "staying power", "thrift", "reload times"
"""Groups of rules whose state is carried from raid to raid."""
LAST = 2**32 - 1

numbers = st.integers(0, 2**32)
seeds = st.integers(0, 2**63 - 1)
busy = numbers.map(busy_scenario)
placed = numbers.map(placed_scenario)
varying = numbers.map(varying_scenario)
ruled = numbers.map(ruled_scenario)
replications = st.one_of(st.integers(0, 3), st.integers(0, LAST))
starts = st.one_of(
    st.integers(0, 3),
    st.integers(0, LAST + 1 - IN_BLOCK),
    st.sampled_from([2**31 - 2, LAST + 1 - IN_BLOCK]),
)


def examples(share: float) -> settings:
    """Settings for a share of the examples, and at least a few."""
    return settings(
        max_examples=max(int(EXAMPLES * share), 3),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )


def assert_same(found: Outcome, expected: Outcome, where: object = "") -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == value, (name, where)


def assert_engines_agree(scenario: lt.Scenario, seed: int, replication: int) -> None:
    expected, events = reference_outcome(scenario, seed, replication, TIMELINE)
    (found,) = kernel_outcomes(scenario, seed, replication, TIMELINE)
    assert_same(found, expected)
    assert kernel_events(scenario, seed, replication) == events


def assert_a_block_agrees(scenario: lt.Scenario, seed: int, start: int) -> None:
    block = kernel_outcomes(scenario, seed, start, TIMELINE, IN_BLOCK)
    for n, found in enumerate(block):
        expected, _ = reference_outcome(scenario, seed, start + n, TIMELINE)
        assert_same(found, expected, n)


@pytest.mark.parametrize("time", [10.0, 40.0])
def test_a_timeline_of_one_time(time: float) -> None:
    """Some threats leak before it, and some after it."""
    late = 0
    for number in range(20):
        scenario = busy_scenario(number)
        (found,) = kernel_outcomes(scenario, number, 0, (time,))
        expected, _ = reference_outcome(scenario, number, 0, (time,))
        assert_same(found, expected)
        late += found["leaked_by"][0] != found["leaked_by"][1]
    assert late >= 5


def test_every_column_of_a_row_is_compared() -> None:
    for timeline in ((), TIMELINE):
        tables = lower(rich(), timeline)
        assert_every_column_is_named(named_counts(new_rows(tables, 1), tables), tables)


# ---------------------------------------------------------------- one replication


@examples(1.0)
@given(scenario=st.one_of(busy, busy, scenarios()), seed=seeds, replication=replications)
def test_small_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@examples(1 / 30)
@given(scenario=scenarios(most_threats=300), seed=seeds, replication=replications)
def test_large_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@examples(1 / 20)
@given(number=numbers, seed=seeds, replication=replications)
def test_more_than_64_layers_and_batteries(number: int, seed: int, replication: int) -> None:
    scenario = wide_scenario(number)
    assert len(scenario.layers) > 64
    assert sum(battery.count for layer in scenario.layers for battery in layer.batteries) > 64
    assert_engines_agree(scenario, seed, replication)


# ---------------------------------------------------------------- several in one block


@examples(1 / 2)
@given(scenario=st.one_of(busy, busy, scenarios()), seed=seeds, start=starts)
def test_several_replications_in_one_block(scenario: lt.Scenario, seed: int, start: int) -> None:
    assert_a_block_agrees(scenario, seed, start)


@examples(1 / 60)
@given(number=numbers, seed=seeds, start=starts)
def test_several_wide_replications_in_one_block(number: int, seed: int, start: int) -> None:
    assert_a_block_agrees(wide_scenario(number), seed, start)


# ---------------------------------------------------------------- positions and passes


@examples(1.0)
@given(scenario=st.one_of(placed, placed, varying), seed=seeds, replication=replications)
def test_placed_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@examples(1 / 2)
@given(scenario=st.one_of(placed, placed, varying), seed=seeds, start=starts)
def test_several_placed_replications_in_one_block(
    scenario: lt.Scenario, seed: int, start: int
) -> None:
    assert_a_block_agrees(scenario, seed, start)


# ---------------------------------------------------------------- rules


@examples(1.0)
@given(number=numbers, seed=seeds, replication=replications)
def test_raids_with_rules(number: int, seed: int, replication: int) -> None:
    assert_engines_agree(ruled_scenario(number), seed, replication)


@examples(1 / 4)
@given(number=numbers, seed=seeds, replication=replications)
def test_campaigns_with_rules(number: int, seed: int, replication: int) -> None:
    own = campaign(number, *STORES)
    (found,) = kernel_raids(own, seed, replication)
    assert_same_raids(found, reference_raids(own, seed, replication))


def seen_in_a_placed_raid(number: int) -> Counter[str]:
    """What happens in one replication of a placed scenario, and in which passes."""
    openings: Counter[tuple[str, int, str]] = Counter()
    ticks: Counter[int] = Counter()
    seen: Counter[str] = Counter()
    for event in kernel_events(placed_scenario(number), number, 0):
        path = event.salvo, event.threat, event.layer
        openings[path] += event.event == "opening"
        ticks[event.tick] += 1
        seen["events"] += 1
        seen[event.event] += 1
        seen["later " + event.event] += openings[path] > 1
    seen["simultaneous"] = sum(many for many in ticks.values() if many > 1)
    return seen


def test_what_happens_in_placed_raids() -> None:
    """Engagements, also in later passes, and events at one tick are common in them.

    Of 300 raids 77 % had engagements, 15 a raid; 28 % had some in later passes, and 25 % kills.
    """
    number = 150
    found = [seen_in_a_placed_raid(n) for n in range(number)]
    raids, total = Counter(what for seen in found for what in +seen), sum(found, Counter[str]())
    assert total["firing"] >= 10 * number
    assert total["later firing"] >= 1.5 * number
    assert total["simultaneous"] >= 0.4 * total["events"]
    least = {
        "firing": 0.65, "later opening": 0.4, "later firing": 0.2, "later kill": 0.17,
        "loss": 0.2, "reload": 0.25, "hit": 0.2,
    }  # fmt: skip
    assert {
        what: raids[what] / number for what in least if raids[what] < least[what] * number
    } == {}


# ---------------------------------------------------------------- shared, limited, uncoordinated


@examples(1.0)
@given(scenario=ruled, seed=seeds, replication=replications)
def test_ruled_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@examples(1 / 3)
@given(scenario=ruled, seed=seeds, start=starts)
def test_several_ruled_replications_in_one_block(
    scenario: lt.Scenario, seed: int, start: int
) -> None:
    assert_a_block_agrees(scenario, seed, start)


# ---------------------------------------------------------------- order of service


@examples(1 / 4)
@given(number=numbers, seed=seeds, replication=replications)
def test_both_orders_of_service(number: int, seed: int, replication: int) -> None:
    for order in ("deadline", "arrival"):
        assert_engines_agree(ordered_scenario(number, order), seed, replication)


def test_the_order_of_service_matters() -> None:
    """At least half of the scenarios above have other results with the other order."""
    number = max(EXAMPLES // 4, 40)
    differing = 0
    for n in range(number):
        deadline, arrival = (
            kernel_outcomes(ordered_scenario(n, order), n, 0) for order in ("deadline", "arrival")
        )
        differing += deadline != arrival
    assert differing >= number / 2


# ---------------------------------------------------------------- campaigns


@examples(1 / 2)
@given(number=numbers, seed=seeds, replication=replications)
def test_campaigns(number: int, seed: int, replication: int) -> None:
    (found,) = kernel_raids(campaign(number), seed, replication)
    assert_same_raids(found, reference_raids(campaign(number), seed, replication))


@examples(1 / 2)
@given(number=numbers, seed=seeds, replication=replications)
def test_ruled_campaigns(number: int, seed: int, replication: int) -> None:
    """With about a third of the groups of rules."""
    pick = random.Random(number)  # noqa: S311
    own = campaign(number, *pick.sample(list(CHANGES), len(CHANGES) // 3))
    (found,) = kernel_raids(own, seed, replication)
    assert_same_raids(found, reference_raids(own, seed, replication))


@examples(1 / 6)
@given(number=numbers, seed=seeds)
def test_campaigns_whose_stock_does_not_suffice(number: int, seed: int) -> None:
    (found,) = kernel_raids(short_campaign(number), seed, 0)
    assert_same_raids(found, reference_raids(short_campaign(number), seed, 0))


@examples(1 / 4)
@given(number=numbers, seed=seeds, start=starts)
def test_several_campaigns_in_one_block(number: int, seed: int, start: int) -> None:
    for n, found in enumerate(kernel_raids(campaign(number), seed, start, IN_BLOCK)):
        assert_same_raids(found, reference_raids(campaign(number), seed, start + n))


def assert_same_raids(found: list[Outcome], expected: list[Outcome]) -> None:
    assert len(found) == len(expected)
    for raid, (got, wanted) in enumerate(zip(found, expected, strict=True)):
        assert_same(got, wanted, raid)
