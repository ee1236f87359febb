"""Every study of a campaign: common random numbers, exact answers, and how it is computed."""

import concurrent.futures
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt

MAGAZINE, STOCK, DRONES, SHARE, RAIDS = 5, 12, 8, 0.5, 6
RATE, ROUNDS = "stocks.gun.rate", "stocks.gun.rounds"
COST = "scenario.interceptors.gun.cost"
KILL = "scenario.interceptors.gun.kill_probability.t"
EMPTY = lt.Measure("stock_dry", "interceptor", "gun", raid=RAIDS)
RUN: dict[str, Any] = {"replications": 300, "seed": 3}


def drained(rate: float = 0.02, kill: float = 1.0) -> lt.Campaign:
    """Each drone takes one round; their number is drawn, and a stock refills a magazine."""
    site = battery("site", MAGAZINE, channels=99, doctrine=lt.Doctrine(max_salvos=1))
    return lt.Campaign(
        name="drained",
        scenario=raid(
            salvo("wave", stats.binom(DRONES, SHARE), 0.0), layer("ring", site), gun(kills=kill)
        ),
        raids=RAIDS,
        interval=100.0,
        resupply=[lt.Resupply(battery="site", interceptor="gun")],
        stocks=[lt.Stock(interceptor="gun", rounds=STOCK, rate=rate)],
    )


def exact_empty(arriving: int, stock: int = STOCK) -> float:
    """Probability that the stock has been empty by the start of the last raid (exact)."""
    pmf = stats.binom(DRONES, SHARE).pmf(np.arange(DRONES + 1))
    states, gone = {(MAGAZINE, stock): 1.0}, 0.0
    for number in range(RAIDS):
        after: dict[tuple[int, int], float] = {}
        for (held, left), chance in states.items():
            if number:
                left += arriving
                given = min(MAGAZINE - held, left)
                held, left = held + given, left - given
            if left == 0:
                gone += chance
                continue
            for drones, share in enumerate(pmf):
                key = max(held - drones, 0), left
                after[key] = after.get(key, 0.0) + chance * share
        states = after
    return gone


def plain(campaign: lt.Campaign, measure: lt.Measure, **run: Any) -> xr.DataArray:
    """Values of a measure from a simulated result."""
    return measure.values(lt.simulate_campaign(campaign, **{**RUN, **run}))


MEASURES = [
    lt.Measure("leakers"),
    lt.Measure("leakers", raid=3),
    EMPTY,
    lt.Measure("first_dry"),
    lt.Measure("share_above", count=1),
    lt.Measure("expended", by="battery"),
]


def test_a_sweep_has_the_replications_of_the_simulation_at_every_point() -> None:
    axes = {"rate": {RATE: [0.0, 0.02, 0.05]}, "kill": {KILL: [0.5, 1.0]}}
    found = lt.sweep(drained(), axes, measures=MEASURES, controls=False, **RUN)
    assert found.leakers.dims == ("rate", "kill", "estimate")
    assert found["rate"].attrs["units"] == "1/s"
    for rate in (0.0, 0.02, 0.05):
        for kill in (0.5, 1.0):
            result = lt.simulate_campaign(drained(rate, kill), **RUN)
            for measure in MEASURES:
                own = found[measure.label].sel(rate=rate, kill=kill, estimate="mean")
                expected = measure.values(result).mean("replication")
                np.testing.assert_allclose(own, expected, rtol=1e-12)


def test_a_sweep_is_computed_alike_by_threads_and_processes_and_is_resumed(tmp_path: Path) -> None:
    axes = {"rate": {RATE: [0.0, 0.02]}, "raids": {"raids": [4, 6]}}
    measures = ["leakers", "expended", lt.Measure("stock_dry", raid=4)]
    call: dict[str, Any] = {"measures": measures, "keep_distributions": True, **RUN}
    found = lt.sweep(drained(), axes, **call, workers=1)
    assert lt.sweep(drained(), axes, **call, workers=3).identical(found)
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert lt.sweep(drained(), axes, **call, executor=pool).identical(found)
    assert lt.rerun(found.isel(rate=[1])).identical(found.isel(rate=[1]))
    store = tmp_path / "week"
    whole = lt.sweep(drained(), axes, **call, store=store)
    assert whole.identical(found)
    assert lt.sweep(drained(), axes, **call, store=store).identical(found)  # only read
    with pytest.raises(ValueError, match="holds a sweep with another campaign"):
        lt.sweep(drained(kill=0.9), axes, **call, store=store)


def test_a_killed_sweep_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    axes = {"rate": {RATE: [0.0, 0.01, 0.02, 0.03]}}
    call: dict[str, Any] = {
        "measures": ["leakers"],
        "store": tmp_path / "week",
        **RUN,
        "replications": 128,
    }
    expected = lt.sweep(drained(), axes, **{**call, "store": None})
    from leakthrough.studies.sweep import patching, store

    done: list[int] = []
    block = patching.LoweredCampaign.block

    def interrupted(*arguments: Any) -> Any:
        done.append(1)
        if len(done) == 3:
            raise KeyboardInterrupt
        return block(*arguments)

    monkeypatch.setattr(store, "SECONDS_A_FILE", 0.0)
    monkeypatch.setattr(patching.LoweredCampaign, "block", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lt.sweep(drained(), axes, **call, workers=1)
    assert lt.sweep(drained(), axes, **call, workers=1).identical(expected)
    assert len(done) < 3 + len(expected.rate)  # what was finished is not computed again


def test_designs_take_paths_of_campaigns() -> None:
    axes = {"rate": {RATE: (0.0, 0.05)}, "stock": {ROUNDS: (5, 20)}}
    found = lt.sweep(
        drained(), axes, measures=[EMPTY], design="sobol", points=4, controls=False, **RUN
    )
    for n in range(4):
        at = found.isel(point=n)
        campaign = drained(float(at.rate)).replace(ROUNDS, int(at.stock))
        mean = float(at[EMPTY.label].sel(estimate="mean"))
        assert mean == pytest.approx(float(plain(campaign, EMPTY).mean()))


@pytest.mark.parametrize("arriving", [2, 3])
def test_production_for_a_risk_is_found_by_one_call(arriving: int, offset: int) -> None:
    """With a goal between the exact risks of two rates, the larger one is required."""
    risks = [exact_empty(n) for n in range(6)]
    assert risks == sorted(risks, reverse=True)
    goal = lt.Goal(EMPTY, at_most=(risks[arriving - 1] + risks[arriving]) / 2.0)
    found = lt.size_for_goal(
        drained(), RATE, goal, low=0.0, high=0.05, step=0.01, confidence=0.9999, seed=5 + offset
    )
    assert float(found.required) == pytest.approx(arriving / 100.0)
    assert float(found.least) == pytest.approx(arriving / 100.0)
    assert found.required.attrs["units"] == found.tried.attrs["units"] == "1/s"
    assert f"The goal was shown to hold for {arriving / 100.0:g}; smaller" in found.note
    for n, verdict in zip(found.tried.values, found.verdict.values, strict=True):
        assert verdict == ("holds" if round(100 * n) >= arriving else "fails")


def test_steps_of_whole_numbers() -> None:
    goal = lt.Goal(EMPTY, at_most=(exact_empty(2, 9) + exact_empty(2, 12)) / 2.0)
    found = lt.size_for_goal(drained(), ROUNDS, goal, low=3, high=22, step=3, seed=1)
    assert int(found.required) == 12
    assert set(found.tried.values.tolist()) <= {3, 6, 9, 12, 15, 18, 21}
    assert int(found.tried[0]) == 3
    assert found.tried.dtype == np.int64


def test_a_quantile_of_the_first_raid_counts_never_as_one_after_the_last() -> None:
    """P(first raid with an empty stock > 6) = P(not empty by raid 6) is the quantile's bound."""
    never = 1.0 - exact_empty(2)
    assert 0.1 < never < 0.9
    first = lt.Measure("stock_first_dry")
    for quantile, holds in ((1.0 - never + 0.05, True), (1.0 - never - 0.05, False)):
        goal = lt.Goal(first, at_least=RAIDS + 1, quantile=quantile)
        found = lt.size_for_goal(drained(), RATE, goal, low=0.02, high=0.02, step=1.0, seed=2)
        assert bool(np.isfinite(found.required)) == holds


def test_precision_is_reached_and_replications_are_those_of_the_simulation() -> None:
    for measure, width in ((lt.Measure("leakers"), 0.2), (EMPTY, 0.02)):
        found = lt.simulate_to_precision(drained(), measure, width, seed=3, controls=False)
        assert found.reached
        mean, _, low, high = found[measure.label].values
        expected = plain(drained(), measure, replications=int(found.replications)).mean()
        assert mean == pytest.approx(float(expected), rel=1e-9)
        assert (high - low) / 2.0 <= width
    assert abs(mean - exact_empty(2)) <= 5.0 * 0.02 / 1.96


def test_controls_take_fewer_replications_for_the_same_precision() -> None:
    call: dict[str, Any] = {"half_width": 0.1, "seed": 3}
    measure = lt.Measure("leakers")
    few = lt.simulate_to_precision(drained(0.0), measure, **call)
    many = lt.simulate_to_precision(drained(0.0), measure, **call, controls=False)
    assert few.reached
    assert int(few.replications) < int(many.replications) / 2
    assert str(few.leakers_interval.values) == "controlled"
    apart = abs(float(few.leakers.sel(estimate="mean") - many.leakers.sel(estimate="mean")))
    assert apart <= 5.0 * np.hypot(0.1, 0.1) / 1.96


@pytest.mark.parametrize("measure", [lt.Measure("leakers"), lt.Measure("leakers", raid=4)])
def test_intervals_with_controls_hold_the_mean(measure: lt.Measure, offset: int) -> None:
    """Of 200 intervals of 95 %, at least 178 hold the mean of all (4 sigma)."""
    runs, size = 200, 200
    call: dict[str, Any] = {"measures": [measure], "replications": size}
    options = {"a": drained(), "b": drained(0.0)}
    found = [lt.compare(options, **call, seed=1000 * offset + n) for n in range(runs)]
    for name in ("value", "difference"):
        every = xr.concat([own[name].squeeze() for own in found], "run")
        mean = every.sel(estimate="mean").mean("run")
        inside = (every.sel(estimate="low") <= mean) & (mean <= every.sel(estimate="high"))
        assert (inside.sum("run") >= 178).all()


def test_the_point_where_a_campaign_saturates() -> None:
    axis, campaign = {"scenario.salvos.wave.count": (1, 12)}, drained(kill=0.9)
    campaign = campaign.replace("scenario.salvos.wave.count", 4)
    found = lt.saturation_point(campaign, axis, "leak_rate", 0.2, replications=500, seed=1)
    at = float(found.crossing)
    low, high = (
        float(
            plain(campaign.replace("scenario.salvos.wave.count", n), lt.Measure("leak_rate")).mean()
        )
        for n in (int(np.floor(at)), int(np.ceil(at)))
    )
    assert low <= 0.2 <= high


def test_a_tornado_has_the_paired_differences() -> None:
    ranges: dict[str, Any] = {RATE: (0.0, 0.05), ROUNDS: (6, 20), COST: (0.0, 9.0)}
    campaign = drained().replace(COST, 1.0)
    found = lt.tornado(campaign, ranges, "leakers", controls=False, **RUN)
    base = plain(campaign, lt.Measure("leakers"))
    for path, pair in ranges.items():
        for end, value in zip(("low", "high"), pair, strict=True):
            own = plain(campaign.replace(path, value), lt.Measure("leakers"))
            mean = found.difference.sel(path=path, end=end, estimate="mean")
            assert float(mean) == pytest.approx(float((own - base).mean()), abs=1e-12)
    certain = found.difference.sel(path=COST).sel(estimate=["low", "high"])
    assert not certain.values.any()


def test_the_sensitivity_of_a_sum_is_shared_by_its_parts(offset: int) -> None:
    distributions = {
        RATE: stats.uniform(0.0, 0.03),
        "scenario.layers.ring.sensor.availability": stats.uniform(0.9, 0.1),
    }
    found = lt.sensitivity(
        drained(), distributions, points=64, replications=60, seed=1 + offset, workers=2
    )
    total = found.total.sel(estimate="mean")
    assert float(total.sum()) > 0.8
    assert (total > 0.02).all()
    assert 0.0 < float(found["mean"]) < RAIDS * DRONES


def test_money_goes_to_what_a_campaign_needs() -> None:
    paths = [ROUNDS, "scenario.layers.ring.batteries.site.magazines.gun.rounds"]
    call: dict[str, Any] = {"replications": 200, "seed": 1, "steps": 2}
    found = lt.allocate(drained(0.0), paths, 40.0, 1.0, "leakers", **call)
    stock, held = found.allocation.values.tolist()
    assert stock + held <= 40
    assert held >= 5  # a raid of eight drones must meet some rounds
    assert stock >= 10
    levels = {RATE: [0.0, 0.01, 0.02, 0.03, 0.04]}
    both = lt.allocate(
        drained(),
        [RATE, ROUNDS],
        20.0,
        {RATE: 4.0, ROUNDS: 1.0},
        "stock_first_dry",
        levels=levels,
        **call,
    )
    assert float(both.outcome.sel(estimate="mean")) > float(
        plain(drained(0.0).replace(ROUNDS, 0), lt.Measure("stock_first_dry")).mean()
    )
    with pytest.raises(
        ValueError, match=r"^paths, interval: must be a field of a layer, or .* stocks"
    ):
        lt.allocate(drained(), ["interval"], 9.0, 1.0, levels={"interval": [1.0, 2.0]}, **call)


def test_studies_of_one_raid_refuse_campaigns_in_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^scenario: must be a Scenario; got Campaign"):
        lt.kill_probability_gradient(drained(), replications=100)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^scenario: a campaign must have one raid; got 6"):
        lt.rare(drained(), "leakers", at_least=9, replications=2000)


def test_workers_and_executors_change_no_bit() -> None:
    options = {"a": drained(), "b": drained(0.0)}
    call: dict[str, Any] = {"measures": ["leakers", EMPTY], "replications": 400, "seed": 9}
    found = lt.compare(options, **call, workers=1)
    assert lt.compare(options, **call, workers=3).identical(found)
    with concurrent.futures.ProcessPoolExecutor(1) as pool:
        assert lt.compare(options, **call, executor=pool).identical(found)
        design = {RATE: stats.uniform(0.0, 0.03)}
        own: dict[str, Any] = {"points": 4, "replications": 150, "seed": 1}
        here = lt.sensitivity(drained(), design, **own, workers=2)
        assert lt.sensitivity(drained(), design, **own, executor=pool).identical(here)
