"""Numbers of threats that are drawn, in single raids: every call, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt

COUNT = stats.gamma(16.0, scale=2.0)
RUN: Any = {"replications": 400, "seed": 5}


def night(count: Any = COUNT, **fields: Any) -> lt.Scenario:
    """A raid of drawn size and one of five decoys against twenty rounds of .5."""
    salvos = [salvo("s", count, lt.Uniform(start=0.0, stop=600.0)), salvo("d", 5, 9.0, "decoy")]
    own = battery("B", rounds=20, channels=4, assessment_time=3.0)
    threats = [
        lt.Threat(name="t", speed=100.0, cost=3.0),
        lt.Threat(name="decoy", speed=100.0, decoy=True, cost=1.0),
    ]
    guns = gun(kills=0.5, cost=2.0)
    return raid(salvos, layer("L", own, outer=3e3), guns, threats=threats, **fields)


def test_a_raid_alone_is_the_first_of_a_campaign() -> None:
    alone = lt.simulate(night(), **RUN)
    campaign = lt.Campaign(name="c", scenario=night(), raids=2, interval=1e5)
    first = lt.simulate_campaign(campaign, **RUN).isel(raid=0)
    assert alone.launched.dims == ("replication", "salvo")
    assert first.launched.std("replication").values.tolist()[1] == 0.0
    for name in alone.data_vars:
        np.testing.assert_array_equal(alone[name], first[name], err_msg=str(name))
    assert (alone.launched == alone.leaked + alone.killed.sum("layer")).all()
    assert str(lt.summary(alone)).split("\n", 2)[2] == str(lt.summary(first)).split("\n", 2)[2]


def test_both_kinds_of_result_say_the_same() -> None:
    kept, brief = lt.simulate(night(), **RUN), lt.simulate(night(), **RUN, keep="summary")
    xr.testing.assert_equal(lt.reduced(kept), brief)
    assert str(lt.summary(kept)) == str(lt.summary(brief))
    launched = lt.summary(kept).salvos.launched
    np.testing.assert_allclose(launched, [32.0, 5.0], atol=1e-3)
    for found in (kept, brief):
        assert lt.tidy(found) is not None
        lt.plot.fates(found)


@pytest.mark.parametrize("controls", [False, True])
def test_rates_and_costs_are_over_the_mean_number(controls: bool) -> None:
    """The mean number of threats is known, so nothing but the leakers is estimated."""
    kept = lt.simulate(night(), **RUN)
    means = lt.summary(kept, controls=controls).raid.sel(estimate="mean")
    np.testing.assert_allclose(means.leak_rate, means.leakers / 32.0, rtol=1e-4)
    np.testing.assert_allclose(means.cost_stopped, 3.0 * (32.0 - means.leakers), rtol=1e-4)
    ratio = means.cost_spent / (32.0 - means.leakers)
    np.testing.assert_allclose(means.cost_per_stop, ratio, rtol=1e-3)
    rate = lt.leak_rate(kept, controls=controls).leak_rate
    np.testing.assert_array_equal(rate.sel(estimate="mean"), means.leak_rate)


def test_controls_know_the_number_that_was_drawn(offset: int) -> None:
    """Leakers follow the number launched, of which the draw is known."""
    found = lt.simulate(night(), replications=2000, seed=6 + offset)
    assert "size.s" in found["decision"].values
    wide, narrow = (lt.summary(found, controls=use).raid.leakers for use in (False, True))
    own = [float(each.sel(estimate="standard_error")) for each in (wide, narrow)]
    assert own[1] < 0.5 * own[0]
    more = lt.simulate(night(), replications=100_000, seed=7 + offset, keep="summary")
    exact = lt.summary(more).raid.leakers
    gap = abs(float(narrow.sel(estimate="mean") - exact.sel(estimate="mean")))
    assert gap < 4.5 * np.hypot(own[1], float(exact.sel(estimate="standard_error")))


def test_studies_give_what_results_give() -> None:
    kept = lt.simulate(night(), **RUN)
    for name in ("leakers", "leak_rate", "no_leaker"):
        values = lt.Measure(name).values(kept)
        axes: dict[str, Any] = {"count": {"salvos.s.count": [COUNT, 10]}}
        found = lt.sweep(night(), axes, measures=[name], **RUN, controls=False)
        mean = found[name].sel(estimate="mean").isel(count=0)
        np.testing.assert_allclose(mean, values.mean(), rtol=1e-12)
    rate = lt.leak_rate(kept, controls=False).leak_rate.sel(estimate="mean")
    np.testing.assert_allclose(lt.Measure("leak_rate").values(kept).mean(), rate, rtol=1e-12)
    axes = {"k": {"salvos.s.count.scale": [1.0, 2.0]}}
    scales = lt.sweep(night(), axes, measures=["leakers"], **RUN, controls=False)
    mean = scales.leakers.sel(estimate="mean").isel(k=1)
    np.testing.assert_allclose(mean, lt.Measure("leakers").values(kept).mean(), rtol=1e-12)
    options = {"a": night(), "b": night(stats.gamma(16.0, scale=2.5))}
    apart = lt.compare(options, measures=["leak_rate"], **RUN)
    assert float(apart.difference.sel(estimate="low").max()) > 0.0
    precise = lt.simulate_to_precision(night(), "leak_rate", half_width=0.02, seed=1)
    assert abs(float(precise.leak_rate.sel(estimate="mean") - rate)) < 0.05


def test_files_and_reruns(tmp_path: Path) -> None:
    for suffix in (".toml", ".json"):
        night().save(tmp_path / f"s{suffix}")
        assert lt.load_scenario(tmp_path / f"s{suffix}") == night()
    for keep in ("replications", "summary"):
        result = lt.simulate(night(), replications=20, seed=3, keep=keep)
        lt.save_result(result, tmp_path / "r.nc")
        found = lt.load_result(tmp_path / "r.nc")
        xr.testing.assert_identical(lt.rerun(found), result)
        assert lt.scenario_of(found) == night()
        assert str(lt.summary(found)) == str(lt.summary(result))


def test_regular_arrivals_fill_the_first_slots() -> None:
    scenario = raid(
        salvo("s", stats.uniform(2.0, 5.0), lt.Regular(start=3.0, interval=2.0)),
        layer("L", battery(rounds=0)),
    )
    counts = lt.simulate(scenario, replications=20, seed=1).launched.values[:, 0]
    assert len({*counts.tolist()}) > 3
    for number in range(20):
        table = lt.replay(scenario, replication=number, seed=1).to_dataframe()
        times = table[table.event == "leak"].time.tolist()
        assert times == [13.0 + 2.0 * n for n in range(counts[number])]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"count": stats.norm()}, "count: must not fall below 0, but norm reaches -inf"),
    ({"count": stats.pareto(0.5)}, "count: must not reach 10,000,000 threats, but pareto reaches"),
    ({"count": {"dist": "gama", "a": 2.0}}, "count: dist must name .*; did you mean 'gamma'"),
    ({"count": "many"}, "count: must be a whole number; got 'many'"),
    ({"count": 2.5}, "count: must be a whole number; got 2.5"),
    ({"count": -1}, "count: must be at least 0; got -1"),
    ({"count": COUNT, "arrival": [1.0]}, "count: must be a number, since the arrival lists a time"),
    (
        {"count": stats.uniform(1e6, 1e6), "arrival": lt.Regular(start=0.0, interval=1e4)},
        "arrival.interval: times the 2000000 threats must be at most 1e[+]09 s",
    ),
]


@pytest.mark.parametrize(("fields", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said(fields: dict[str, Any], said: str) -> None:
    arrival = fields.get("arrival", lt.At(time=0.0))
    arrival = lt.Times(times=arrival) if isinstance(arrival, list) else arrival
    with pytest.raises(lt.ScenarioError, match=said):
        lt.Salvo(**{"name": "s", "threat": "t", **fields, "arrival": arrival})


def test_a_raid_of_drawn_size_is_shown_and_checked() -> None:
    text = str(night())
    assert "a random number of threats in 2 salvos" in text
    assert "gamma(a=16, scale=2)" in text
    nothing = night(stats.uniform(0.0, 0.4))
    assert "salvos.s.count" in [finding.place for finding in lt.check(nothing)]
