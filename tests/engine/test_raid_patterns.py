"""Patterns of raids: each rule by itself, and what results say of them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from raids import battery, gun, layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.model.paths import value_at
from leakthrough.results.variables import CAMPAIGN_VARIABLES

DAY = lt.DAY
MANY = stats.poisson(9.0)
DRAWN_ONLY = {"raid_kind", "occurred", "expected", "known_variance", "scenario_digest"}


def defence(**fields: Any) -> lt.Scenario:
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="other", speed=100.0)]
    own = battery(rounds=40, channels=2, reaction_time=1.0)
    kills = gun(kills={"t": 0.6, "other": 0.3})
    return raid(salvo("s", 5), layer("L", own), kills, threats=threats, **fields)


def kind(name: str, *salvos: lt.Salvo, **rule: Any) -> lt.RaidKind:
    return lt.RaidKind(name=name, salvos=list(salvos), **rule)


def patterned(number: int, *kinds: lt.RaidKind, **fields: Any) -> lt.Campaign:
    return several(lt.RaidPattern(number=number, kinds=list(kinds), **fields))


def several(raids: Any, scenario: lt.Scenario | None = None) -> lt.Campaign:
    resupply = [lt.Resupply(battery="B", interceptor="gun", rounds=5)]
    scenario = defence() if scenario is None else scenario
    return lt.Campaign(
        name="several", scenario=scenario, raids=raids, interval=DAY, resupply=resupply
    )


def result_of(campaign: lt.Campaign, replications: int = 40, **options: Any) -> xr.Dataset:
    return lt.simulate_campaign(campaign, replications=replications, **{"seed": 3, **options})


def chained(routine: Any = 5, large: Any = MANY, **fields: Any) -> lt.Campaign:
    return patterned(
        6,
        kind("routine", salvo("s", routine), salvo("x", 2, threat="other"), next={"large": 0.3}),
        kind("large", salvo("s", large), next={"routine": 0.7}),
        **fields,
    )


# ---------------------------------------------------------------- which raid is of which kind


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ({"every": 3}, [3, 6]),
        ({"every": 3, "first": 2}, [2, 5]),
        ({"every": 4, "first": 7}, [7]),
        ({"every": 1, "first": 5}, [5, 6, 7]),
    ],
)
def test_every_n_th_raid_is_of_a_kind(rule: Any, numbers: list[int]) -> None:
    own = patterned(7, kind("routine", salvo("s", 2)), kind("large", salvo("s", 9), **rule))
    launched = result_of(own, 1).launched.values[0, :, 0]
    assert [n + 1 for n, count in enumerate(launched) if count == 9] == numbers
    assert [n for n in range(1, 8) if own.raid(n).salvos[0].count == 9] == numbers


def test_a_raid_is_of_the_last_kind_that_fits() -> None:
    own = patterned(
        6,
        kind("routine", salvo("s", 1)),
        kind("second", salvo("s", 2), every=2),
        kind("third", salvo("s", 3), every=3),
    )
    result = result_of(own, 1)
    assert result.launched.values.ravel().tolist() == [1, 2, 3, 2, 1, 3]
    assert result.raid_kind.values[0].argmax(axis=1).tolist() == [0, 1, 2, 1, 0, 2]
    assert result.kind.values.tolist() == ["routine", "second", "third"]


def test_a_pattern_that_is_a_list_has_the_bits_of_the_list() -> None:
    routine = [salvo("s", MANY), salvo("x", 3, lt.Uniform(start=0.0, stop=30.0), threat="other")]
    large = [salvo("s", stats.poisson(20.0)), routine[1], salvo("late", 4, [20.0, 5.0, 9.0])]
    own = patterned(7, kind("routine", *routine), kind("large", *large, every=3))
    listed = several([large if n % 3 == 0 else routine for n in range(1, 8)])
    found, wanted = result_of(own), result_of(listed)
    assert {*found.data_vars} - {*wanted.data_vars} == {"raid_kind"}
    for name in {*wanted.variables} - DRAWN_ONLY:
        np.testing.assert_array_equal(found[name], wanted[name], err_msg=str(name))
    for name in ("occurred", "expected"):
        order = wanted.decision.values
        np.testing.assert_array_equal(found[name].sel(decision=order), wanted[name])
    alone = several(2, own.raid(1))
    second = several(lt.RaidPattern(number=2, kinds=[kind("routine", *own.raid(1).salvos)]))
    np.testing.assert_array_equal(result_of(alone).leaked, result_of(second).leaked)


def test_kinds_do_not_depend_on_what_they_launch() -> None:
    """Options that differ elsewhere have the same raids, and larger chances only add to a kind."""
    kinds = result_of(chained()).raid_kind.values
    stock = lt.ThreatStock(threat="t", count=10, rate=3 / DAY)
    for other in (
        chained(2, 30),
        chained(daily_growth=1.2),
        chained(stocks=[stock]),
        several(chained().raids, defence(depots=[lt.Depot(name="d", interceptor="gun", rounds=1)])),
    ):
        np.testing.assert_array_equal(result_of(other).raid_kind.values, kinds)
    start = {"initial": {"routine": 1.0}}
    rarer = patterned(
        6, kind("routine", next={"large": 0.3}), kind("large", next={"routine": 1.0}), **start
    )
    often = patterned(
        6, kind("routine", next={"large": 0.5}), kind("large", next={"routine": 1.0}), **start
    )
    few, many = (result_of(own).raid_kind.values[:, 1, 1] for own in (rarer, often))
    assert (few <= many).all()
    assert few.sum() < many.sum()


# ---------------------------------------------------------------- growth and stocks


def test_a_grown_number_is_one_of_the_two_nearest() -> None:
    own = patterned(5, kind("all", salvo("s", 10), salvo("x", 3, threat="other")), daily_growth=1.1)
    launched = result_of(own, 200).launched.values
    exact = np.array([10.0, 3.0]) * 1.1 ** np.arange(5)[:, np.newaxis]
    assert (np.abs(launched - exact) < 1.0).all()
    assert {*np.unique(launched[:, 2, 0])} == {12, 13}
    assert (launched[:, 1, 0] == 11).all()  # 11 is whole, to the last digit but one
    wanes = patterned(5, kind("all", salvo("s", 64)), daily_growth=0.5)
    assert result_of(wanes, 1).launched.values.ravel().tolist() == [64, 32, 16, 8, 4]


def test_salvos_of_one_class_share_a_short_stock_in_proportion() -> None:
    stock = lt.ThreatStock(threat="t", count=10, rate=5.5 / DAY)
    salvos = [salvo("a", 9), salvo("b", 6), salvo("free", 3, threat="other")]
    result = result_of(patterned(4, kind("all", *salvos), stocks=[stock]), 2)
    shares = [[6, 4, 3], [3, 2, 3], [4, 2, 3], [3, 2, 3]]  # of 10, 5, 6 and 5 threats
    assert result.launched.values.tolist() == [shares] * 2
    assert result.threat_stock.values[0].ravel().tolist() == [10, 5, 6, 5]
    assert result.threat_class.values.tolist() == ["t"]


def test_listed_times_are_launched_in_their_order() -> None:
    stock = lt.ThreatStock(threat="t", count=2)
    own = patterned(1, kind("all", salvo("s", arrival=[30.0, 10.0, 20.0])), stocks=[stock])
    events = lt.replay(own, replication=0, seed=3).to_dataframe()
    assert events[events.event == "opening"].time.tolist() == [10.0, 20.0]


# ---------------------------------------------------------------- results


def test_replay_shows_the_raid_as_it_came() -> None:
    own = chained(daily_growth=1.1, stocks=[lt.ThreatStock(threat="t", count=30, rate=4 / DAY)])
    result = result_of(own, 5)
    for run in range(5):
        for number in (1, 4, 6):
            events = lt.replay(own, replication=run, seed=3, raid=number).to_dataframe()
            seen = events[events.event == "opening"].salvo.value_counts()
            raid_ = result.isel(replication=run).sel(raid=number)
            for name in ("s", "x"):
                assert seen.get(name, 0) == int(raid_.launched.sel(salvo=name))
            leaks = events[events.event == "leak"].salvo.value_counts().sum()
            assert leaks == int(raid_.leaked.sum())


@pytest.mark.parametrize("keep", ["replications", "summary"])
def test_workers_and_executors_change_no_bit(keep: Any) -> None:
    own = chained(daily_growth=1.1, stocks=[lt.ThreatStock(threat="other", count=5)])
    one = result_of(own, 600, keep=keep, workers=1)
    xr.testing.assert_identical(result_of(own, 600, keep=keep, workers=2), one)
    with ThreadPoolExecutor(2) as executor:
        xr.testing.assert_identical(result_of(own, 600, keep=keep, executor=executor), one)
    kept = result_of(own, 600)
    np.testing.assert_array_equal(kept.launched[:70], result_of(own, 70).launched)
    if keep == "summary":
        for name in ("threat_stock", "raid_kind"):
            mean = kept[name].mean("replication")
            np.testing.assert_allclose(one[name].sel(statistic="mean"), mean, rtol=1e-12)


def test_files_and_reruns_lose_nothing(tmp_path: Path) -> None:
    own = chained(daily_growth=1.02, stocks=[lt.ThreatStock(threat="t", count=50, rate=0.001)])
    for name in ("c.toml", "c.json"):
        own.save(tmp_path / name)
        assert lt.load_campaign(tmp_path / name) == own
    result = result_of(own)
    lt.save_result(result, tmp_path / "r.nc")
    loaded = lt.load_result(tmp_path / "r.nc")
    assert lt.campaign_of(loaded) == own
    xr.testing.assert_identical(lt.rerun(loaded), result)
    tables = lt.tidy(loaded)
    assert len(tables["raid_kinds"]) == 40 * 6 * 2
    assert len(tables["threat_stocks"]) == 40 * 6
    brief = lt.tidy(result_of(own, keep="summary"))
    assert brief["threat_stocks"].threat_stock_mean.iloc[0] == 50


def test_the_mean_of_what_is_launched_is_known_without_a_stock() -> None:
    """It is a control; and the leak rate divides by it."""
    result = result_of(chained(), 400)
    decisions = result.decision.values.tolist()
    assert {"size.s", "size.x"} < {*decisions}
    known = result.expected.sel(decision="size.s").values
    assert known[0] == pytest.approx([0.7 * 5 + 0.3 * 9] * 6, rel=1e-4)
    one = result.isel(raid=2)
    leakers = float(one.leaked.sum("salvo").mean())
    rate = lt.leak_rate(one, controls=False).leak_rate.sel(estimate="mean")
    assert float(rate) == pytest.approx(leakers / (0.7 * 7 + 0.3 * 9), rel=1e-4)
    limited = result_of(chained(stocks=[lt.ThreatStock(threat="t", count=20)]), 400)
    assert "size.s" not in limited.decision.values
    assert "size.x" in limited.decision.values
    one = limited.isel(raid=2)
    rate = lt.leak_rate(one, "salvo", controls=False).leak_rate.sel(estimate="mean", salvo="s")
    share = one.leaked.sel(salvo="s").mean() / one.launched.sel(salvo="s").mean()
    assert float(rate) == pytest.approx(float(share), rel=1e-12)
    for found in (one, limited.isel(raid=5), lt.reduced(limited.sel(raid=6))):
        assert "launched" in str(lt.summary(found))
    assert lt.sustainment(limited).sizes["raid"] == 6


def test_the_overview_shows_the_pattern() -> None:
    text = words(chained(daily_growth=1.02, stocks=[lt.ThreatStock(threat="t", count=50)]))
    assert "6 raids, 86,400 s apart; numbers of threats are multiplied by 1.02 a day" in text
    assert "routine 5 s; 2 x first raid: 0.7, then large: 0.3" in text
    assert "The attacker's stocks (threats)" in text
    text = words(patterned(9, kind("routine", salvo("s", 5)), kind("large", every=4, first=2)))
    assert "routine 5 s all other raids large - every 4 raids, from raid 2" in text
    assert "routine 5 s all raids" in words(patterned(9, kind("routine", salvo("s", 5))))


def words(campaign: lt.Campaign) -> str:
    return " ".join(str(campaign).split())


# ---------------------------------------------------------------- studies


def test_a_pattern_has_paths() -> None:
    own = chained(stocks=[lt.ThreatStock(threat="other", count=9)])
    for path, value in {
        "raids.kinds.routine.next.large": 0.6,
        "raids.kinds.large.salvos.s.count": 7,
        "raids.stocks.other.count": 4,
        "raids.daily_growth": 1.05,
        "raids.number": 9,
    }.items():
        assert own.replace(path, value).document() != own.document()
        assert value_at(own.replace(path, value), path) == value
    with pytest.raises(lt.ScenarioError, match=r"raids\.kinds\.routine\.next: nothing"):
        own.replace("raids.kinds.routine.next.huge", 0.1)


def test_studies_know_the_mean_of_what_is_launched() -> None:
    """Without controls the leak rate is that of the mean; with them, near it."""
    own = chained(stocks=[lt.ThreatStock(threat="other", count=9)])
    options = {"few": own, "many": own.replace("raids.kinds.routine.next.large", 0.6)}
    run: Any = {"replications": 300, "seed": 3}
    rate = lt.Measure("leak_rate", by="salvo", of="s", raid=3)
    found = lt.compare(options, measures=[rate], **run)
    one = result_of(own, 300).sel(raid=3)
    wanted = float(one.leaked.sel(salvo="s").mean()) / (0.7 * 5 + 0.3 * 9)
    value = float(found.value.sel(option="few", estimate="mean").squeeze())
    assert value == pytest.approx(wanted, rel=0.1)
    assert value != wanted  # with controls
    with pytest.raises(ValueError, match="leak_rate: the mean number of threats is not known"):
        lt.compare(options, measures=[lt.Measure("leak_rate")], **run)


def test_a_sweep_over_a_pattern() -> None:
    axes = {"raids.kinds.routine.next.large": [0.1, 0.5], "raids.daily_growth": [1.0, 1.1]}
    swept = lt.sweep(chained(), axes, measures=["leakers"], replications=300, seed=3)
    means = swept.leakers.sel(estimate="mean").values.squeeze()
    assert (np.diff(means, axis=0) > 0).all()
    assert (np.diff(means, axis=1) > 0).all()


def test_dimensions_are_those_declared() -> None:
    result = result_of(chained(stocks=[lt.ThreatStock(threat="t", count=5)]))
    for name in ("raid_kind", "threat_stock"):
        assert result[name].dims == CAMPAIGN_VARIABLES[name].dims
        assert result[name].attrs == CAMPAIGN_VARIABLES[name].attrs
    assert result.kind.attrs["long_name"] == "kind of raid"
    assert "threat_stock" not in result_of(chained())
    assert "raid_kind" not in result_of(several(2))
