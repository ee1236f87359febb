"""Invariants of every replication, and monotonicity in the resources of the defence.

``LEAKTHROUGH_EXAMPLES`` sets how many scenarios are generated.
"""

import math
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from busy_scenarios import scenario as busy_scenario
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from raids import battery, gun, layer, raid, salvo
from strategies import scenarios

import leakthrough as lt
from leakthrough.engine.codes import INFINITE, NEVER
from leakthrough.engine.counts import Counts, named_counts, new_rows
from leakthrough.engine.decode import by_layer
from leakthrough.engine.jobs import RaidJob
from leakthrough.engine.labels import label
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.tables import Tables
from leakthrough.results.variables import CAUSES

REPLICATIONS = 4
TIMELINE = (-20.0, 0.0, 30.0, 60.0, 100.5, 1000.0)
whole_feature_space = settings(
    max_examples=int(os.environ.get("LEAKTHROUGH_EXAMPLES", "200")),
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
seeds = st.integers(0, 2**63 - 1)
busy = st.integers(0, 2**32).map(busy_scenario)
everything = st.one_of(busy, busy, scenarios())


def block(scenario: lt.Scenario, seed: int) -> tuple[Tables, Counts]:
    tables = lower(scenario, TIMELINE)
    counts = named_counts(new_rows(tables, REPLICATIONS), tables)
    job = RaidJob(tables)
    job.block(seed, 0, [counts.rows[np.newaxis]], np.zeros(1, np.uint8), job.new_states())
    return tables, counts


# ---------------------------------------------------------------- every replication


@whole_feature_space
@given(scenario=everything, seed=seeds)
def test_every_threat_and_every_round_is_accounted_for(scenario: lt.Scenario, seed: int) -> None:
    tables, counts = block(scenario, seed)
    check_threats(tables, counts)
    check_rounds(tables, counts)
    check_depletion(tables, counts)
    check_samples(tables, counts)


def check_threats(tables: Tables, counts: Counts) -> None:
    for name in ("leaked", "leak_cause", "killed", "soft_killed"):
        assert (getattr(counts, name) >= 0).all()
    stopped = by_layer(counts.killed + counts.soft_killed, tables).sum(axis=2)
    fates = counts.leaked + stopped
    assert (fates == tables.salvos["count"]).all()
    assert (counts.launched == tables.salvos["count"]).all()
    assert (counts.leak_cause.sum(axis=2) == counts.leaked).all()
    nobody = counts.engagements.sum(axis=1) == 0
    assert (counts.leak_cause[nobody, :, CAUSES.index("missed")] == 0).all()


def check_rounds(tables: Tables, counts: Counts) -> None:
    stock = tables.magazines
    finite = stock["rounds"] != INFINITE
    ledger = stock["rounds"] + counts.reloaded - counts.expended - counts.remaining
    assert (ledger - counts.rounds_lost)[:, finite].any() == 0
    lost = counts.lost[:, stock["battery"]] > 0
    assert (counts.remaining[:, ~finite] == np.where(lost, 0, INFINITE)[:, ~finite]).all()
    assert (counts.remaining[lost] == 0).all()
    assert (counts.rounds_lost[~lost] == 0).all()
    assert (counts.remaining >= 0).all()
    assert (counts.reloaded <= stock["reload_rounds"] * stock["reloads"]).all()
    for b in range(tables.batteries.size):
        fired = counts.expended[:, stock["battery"] == b].sum(axis=1)
        largest = max(tables.pairings["salvo_size"][tables.pairings["battery"] == b], default=1)
        assert (counts.engagements[:, b] <= fired).all()
        assert (fired <= largest * counts.engagements[:, b]).all()


def check_depletion(tables: Tables, counts: Counts) -> None:
    stock = tables.magazines
    dry = counts.depletion != NEVER
    all_came = counts.reloaded == stock["reload_rounds"] * stock["reloads"]
    lost = counts.lost[:, stock["battery"]] > 0
    # A magazine ran dry if and only if it is empty after firing, and all reloads have arrived.
    empty = (counts.remaining == 0) & (counts.expended > 0) & all_came
    assert (dry == empty)[~lost].all()
    assert not (dry & ~empty).any()
    plain = stock["reserved"] == 0
    assert (counts.reserve_reached == counts.depletion)[:, plain].all()
    once = (stock["reloads"] == 0) & (stock["rounds"] > stock["reserved"])
    reached = counts.reserve_reached != NEVER
    assert (reached == (counts.remaining <= stock["reserved"]))[~lost & once].all()


def check_samples(tables: Tables, counts: Counts) -> None:
    assert (counts.busy_channels >= 0).all()
    assert (counts.busy_channels <= tables.batteries["channels"]).all()
    stock = tables.magazines
    most = stock["rounds"] + stock["reload_rounds"] * stock["reloads"]
    assert (counts.ready_rounds <= most).all()
    # The last row holds threats that leak after the last sample.
    assert (np.diff(counts.leaked_by[:, :-1], axis=1) >= 0).all()
    assert (counts.leaked_by[:, -2:].sum(axis=1) == counts.leaked).all()


@whole_feature_space
@given(scenario=everything, seed=seeds)
def test_channels_are_never_busier_than_they_can_be(scenario: lt.Scenario, seed: int) -> None:
    table = lt.replay(scenario, replication=0, seed=seed).to_dataframe()
    row = lt.simulate(scenario, replications=1, seed=seed, workers=1).isel(replication=0)
    shots = table[table.event.isin(["firing", "assessment"])]
    specs = {n: b for ring in scenario.layers for b in ring.batteries for n in b.names}
    for name, own in shots.groupby("battery"):
        change = np.where(own.event == "firing", 1, -1)
        assert change.sum() == 0
        assert change.cumsum().min() >= 0
        assert change.cumsum().max() <= specs[name].channels
        # Time in use: the sum of the times between firing and assessment.
        busy = float(row.busy_time.sel(battery=name))
        assert busy == pytest.approx(-(change * own.time).sum(), abs=1e-5, rel=1e-9)
        span = own.time.max() - own.time.min()
        assert busy <= specs[name].channels * span + 1e-5
    engaged = set(zip(shots.salvo, shots.threat, strict=True))
    leaks = table[table.event == "leak"]
    for salvo_name, number, cause in zip(leaks.salvo, leaks.threat, leaks.outcome, strict=True):
        assert (cause == "missed") == ((salvo_name, number) in engaged)
        assert cause in CAUSES


# ---------------------------------------------------------------- additions without effect


@whole_feature_space
@given(scenario=everything, seed=seeds)
def test_adding_nothing_changes_no_bit(scenario: lt.Scenario, seed: int) -> None:
    idle = lt.Battery(name="idle", magazines=[lt.Magazine(interceptor="blank", rounds=7)])
    # A layer at the edge, where it changes no windows, and one inside.
    edge = max((ring.largest_range for ring in scenario.layers), default=500.0)
    assume(edge >= 500.0)
    more = lt.Scenario(
        name="more",
        axes=scenario.axes,
        threats=[*scenario.threats, lt.Threat(name="nobody", speed=9.0)],
        interceptors=[lt.Interceptor(name="blank", kill_probability={}), *scenario.interceptors],
        salvos=[salvo("nobody", 0, threat="nobody"), *scenario.salvos],
        layers=[
            lt.Layer(name="at the edge", outer_range=edge),
            *(
                ring.model_copy(update={"batteries": (nobody_of(ring), *ring.batteries)})
                for ring in scenario.layers
            ),
            lt.Layer(name="within", outer_range=500.0, batteries=[idle]),
        ],
    )
    names = [ring.name for ring in scenario.layers]
    (tables, plain), (others, found) = block(scenario, seed), block(more, seed)
    kept = [n for n, name in enumerate(label(more).layers) if name in names]
    assert (found.leaked[:, 1:] == plain.leaked).all()
    assert (found.leak_cause[:, 1:] == plain.leak_cause).all()
    for name in ("killed", "soft_killed"):
        before, after = by_layer(plain[name], tables), by_layer(found[name], others)
        assert (after[:, 1:, kept] == before).all()
    own = [n for n, name in enumerate(label(more).batteries) if name != "idle"]
    assert (found.busy[:, own] == plain.busy).all()
    assert (found.engagements[:, own] == plain.engagements).all()
    assert sorted(found.expended.sum(axis=1)) == sorted(plain.expended.sum(axis=1))


def nobody_of(ring: lt.Layer) -> lt.Battery:
    """A battery with count 0 and a unique name."""
    return lt.Battery(name=f"nobody of {ring.name}", count=0)


# ---------------------------------------------------------------- monotonicity


PLAIN = {"kills": 0.5, "rounds": 1000, "channels": 2, "flight_time": 4.0, "count": 1}


def leaked(seed: int, **changed: float) -> npt.NDArray[np.int64]:
    it: dict[str, Any] = {**PLAIN, **changed}
    own = battery(rounds=it["rounds"], channels=it["channels"], count=it["count"])
    shots = gun(kills=it["kills"], flight_time=it["flight_time"])
    coming = salvo(count=30, arrival=lt.Uniform(start=0.0, stop=60.0))
    result = lt.simulate(raid(coming, layer("L", own), shots), replications=5_000, seed=seed)
    return np.asarray(result.leaked.values[:, 0])


@pytest.mark.parametrize(
    ("worse", "better"),
    [
        ({"kills": 0.5}, {"kills": 0.55}),
        ({"rounds": 12}, {"rounds": 13}),
        ({"channels": 2}, {"channels": 3}),
        ({"flight_time": 4.0}, {"flight_time": 3.5}),
        ({"count": 1}, {"count": 2}),
    ],
)
def test_more_of_a_good_thing_lets_fewer_through(
    worse: dict[str, float], better: dict[str, float], offset: int
) -> None:
    # With the same draws, 5,000 pairs of replications of 30 threats detect a mean change of 0.25
    # leakers at 5 sigma; each of these changes has a larger effect.
    gain = leaked(41 + offset, **worse) - leaked(41 + offset, **better)
    error = 5 * gain.std(ddof=1) / math.sqrt(len(gain))
    assert error < 0.25
    assert gain.mean() > error
