"""The compiled kernel gives exactly the numbers of the reference engine, event by event.

``LEAKTHROUGH_EXAMPLES`` sets how many scenarios are generated.
"""

import os

from busy_scenarios import scenario as busy_scenario
from campaigns import campaign, kernel_raids, reference_raids
from engines import kernel_events, kernel_outcome, reference_outcome
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import scenarios

import leakthrough as lt

EXAMPLES = int(os.environ.get("LEAKTHROUGH_EXAMPLES", "300"))
TIMELINE = (-20.0, 0.0, 30.0, 60.0, 60.0, 100.5, 180.0, 1000.0)

seeds = st.integers(0, 2**63 - 1)
busy = st.integers(0, 2**32).map(busy_scenario)
replications = st.one_of(st.integers(0, 3), st.integers(0, 2**32 - 1))


def assert_engines_agree(scenario: lt.Scenario, seed: int, replication: int) -> None:
    expected, events = reference_outcome(scenario, seed, replication, TIMELINE)
    found = kernel_outcome(scenario, seed, replication, TIMELINE)
    for name, value in expected.items():
        assert found[name] == value, name
    assert kernel_events(scenario, seed, replication) == events


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(scenario=st.one_of(busy, busy, scenarios()), seed=seeds, replication=replications)
def test_small_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@settings(
    max_examples=max(EXAMPLES // 30, 5),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(scenario=scenarios(most_threats=300), seed=seeds, replication=replications)
def test_large_raids(scenario: lt.Scenario, seed: int, replication: int) -> None:
    assert_engines_agree(scenario, seed, replication)


@settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(number=st.integers(0, 2**32), seed=seeds, replication=replications)
def test_campaigns(number: int, seed: int, replication: int) -> None:
    expected = reference_raids(campaign(number), seed, replication)
    found = kernel_raids(campaign(number), seed, replication)
    assert len(found) == len(expected)
    for raid, (wanted, got) in enumerate(zip(expected, found, strict=True)):
        for name, value in wanted.items():
            assert got[name] == value, (raid, name)
