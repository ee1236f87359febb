"""Summaries against the replications and a hand count, and as text."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raids import battery, layer, magazine, raid, salvo
from scipy import stats
from strategies import scenarios

import leakthrough as lt
from leakthrough.results.estimates import cost_exchange, depletion, leak_rate
from leakthrough.results.summary import Summary, summary
from leakthrough.statistics.intervals import wilson
from leakthrough.text_tables import MOST_ROWS, WIDTH, interval, number, table

PARTS = ("raid", "salvos", "causes", "layers", "batteries", "magazines")
TIMELINE = (0.0, 40.0, 500.0)


def night(posts: int = 2, name: str = "post") -> lt.Scenario:
    """Scenario in which two salvos are of one class, and decoys draw fire."""
    missile = lt.Magazine(interceptor="missile", rounds=7)
    gun = lt.Magazine(interceptor="gun", rounds=float("inf"))
    return lt.Scenario(
        name="night",
        threats=[
            lt.Threat(name="drone", speed=50.0, cost=20.0),
            lt.Threat(name="fast", speed=100.0, cost=300.0),
            lt.Threat(name="lure", speed=50.0, cost=1.0, decoy=True),
        ],
        interceptors=[
            lt.Interceptor(
                name="missile",
                kill_probability={"drone": 0.6, "fast": 0.5, "lure": 0.6},
                flight_time=5.0,
                cost=100.0,
            ),
            lt.Interceptor(
                name="gun", kill_probability={"drone": stats.beta(2, 5)}, flight_time=8.0, cost=3.0
            ),
        ],
        salvos=[
            lt.Salvo(name="one", threat="drone", count=6, arrival=lt.Uniform(start=0, stop=60)),
            lt.Salvo(name="two", threat="drone", count=3, arrival=lt.At(time=10.0)),
            lt.Salvo(name="fast", threat="fast", count=2, arrival=lt.At(time=30.0)),
            lt.Salvo(name="lures", threat="lure", count=4, arrival=lt.Uniform(start=0, stop=60)),
            lt.Salvo(name="none", threat="fast", count=0, arrival=lt.At(time=0.0)),
        ],
        layers=[
            lt.Layer(
                name="near",
                outer_range=2e3,
                soft_kill={"drone": 0.2},
                batteries=[
                    lt.Battery(name=name, count=posts, reaction_time=3.0, magazines=[missile]),
                    lt.Battery(name="guns", reaction_time=3.0, magazines=[gun]),
                ],
            )
        ],
    )


@pytest.fixture(scope="module")
def result() -> xr.Dataset:
    return lt.simulate(night(), replications=39, seed=4, timeline=TIMELINE)


def interval_of(values: Any) -> list[float]:
    """Mean, standard error and t interval by SciPy."""
    values = np.asarray(values)
    mean, error = values.mean(), stats.sem(values)
    reach = stats.t.ppf(0.975, len(values) - 1) * error
    return [mean, error, mean - reach, mean + reach]


def assert_interval(found: xr.Dataset, name: str, values: Any) -> None:
    """The t interval where a mean is settled; otherwise a wider one, or its end at a bound."""
    mean, error, low, high = interval_of(values)
    own = found[name].values
    assert own[:2] == pytest.approx([mean, error])
    if found[f"{name}_settled"]:
        assert own[2:] == pytest.approx([max(low, 0.0), high])
    else:
        assert own[2] < low or own[2] == 0.0
        assert own[3] > mean


def test_the_raid_is_that_of_its_real_threats(result: xr.Dataset) -> None:
    raid = summary(result).raid
    leakers = result.leaked.values[:, [0, 1, 2, 4]].sum(axis=1)
    assert raid.leakers.values == pytest.approx(interval_of(leakers))
    assert raid.leak_rate.values == pytest.approx(interval_of(leakers / 11))
    assert raid.decoys_leaked.values == pytest.approx(interval_of(result.leaked.values[:, 3]))
    assert np.array_equal(raid.no_leaker, wilson((leakers == 0).sum(), 39))
    shares = [0.05, 0.25, 0.5, 0.75, 0.95]
    expected = np.quantile(leakers, shares, method="inverted_cdf")
    assert np.array_equal(raid.leakers_quantile, expected)


def test_costs_stand_beside_the_leakers(result: xr.Dataset) -> None:
    found = cost_exchange(result)
    spent = result.expended.values.sum(axis=1) @ [100.0, 3.0]
    real = np.array([0, 1, 2])
    stops = result.launched.values[real] - result.leaked.values[:, real]
    stopped = stops @ [20.0, 20.0, 300.0]
    assert_interval(found, "leakers", 11 - stops.sum(axis=1))
    assert_interval(found, "cost_spent", spent)
    assert_interval(found, "cost_stopped", stopped)
    number = stops.sum(axis=1)
    ratio = spent.mean() / number.mean()
    error = (spent - ratio * number).std(ddof=1) / np.sqrt(39) / number.mean()
    reach = stats.t.ppf(0.975, 59) * error
    assert found.cost_per_stop.values[:2] == pytest.approx([ratio, error])
    ends = found.cost_per_stop.values[2:]
    if found.cost_per_stop_settled:
        assert ends == pytest.approx([ratio - reach, ratio + reach])
    else:
        least, most = found.cost_spent.values[2:]
        few, many = found.leakers.values[2:]
        assert ends == pytest.approx([least / (11 - few), most / (11 - many)])
    assert found.cost_per_stop.attrs["long_name"].endswith(" [currency]")


def test_a_defence_that_fires_nothing_costs_nothing_and_stops_nothing() -> None:
    idle = night().replace("layers.near.soft_kill", {}).replace("layers.near.batteries", [])
    found = cost_exchange(lt.simulate(idle, replications=5, seed=1))
    assert found.leakers.values.tolist() == [11, 0, 11, 11]
    assert found.cost_spent.values.tolist() == found.cost_stopped.values.tolist() == [0] * 4
    assert np.isnan(found.cost_per_stop).all()


COSTS = "interceptors.missile.cost", "interceptors.gun.cost"
REAL = "threats.drone.cost", "threats.fast.cost"


@pytest.mark.parametrize("keep", ["replications", "summary"])
@pytest.mark.parametrize(
    ("without", "unknown"),
    [
        ((), []),
        (("threats.lure.cost",), []),  # stopped decoys do not count
        (COSTS, ["cost_spent", "cost_per_stop"]),
        (COSTS[:1], ["cost_spent", "cost_per_stop"]),
        (REAL, ["cost_stopped"]),
        (REAL[1:], ["cost_stopped"]),
        ((*COSTS, *REAL), ["cost_spent", "cost_stopped", "cost_per_stop"]),
    ],
)
def test_a_cost_that_nobody_gave_is_not_0(
    without: tuple[str, ...], unknown: list[str], keep: Any
) -> None:
    scenario = night()
    for path in without:
        scenario = scenario.replace(path, None)
    found = summary(lt.simulate(scenario, replications=9, seed=1, keep=keep))
    costs = [name for name in found.raid if str(name).startswith("cost")]
    assert [name for name in costs if np.isnan(found.raid[name]).any()] == unknown
    assert all(np.isnan(found.raid[name]).all() for name in unknown)
    lines = [line for line in str(found).splitlines() if "[currency]" in line]
    assert sum(line.split("]")[1].split() == ["-"] * 3 for line in lines) == len(unknown)


def test_only_carried_rounds_and_launched_threats_need_a_cost() -> None:
    scenario = night()
    spare = lt.Interceptor(name="spare", kill_probability={"drone": 0.5})
    threat = lt.Threat(name="other", speed=50.0)
    none = lt.Salvo(name="others", threat="other", count=0, arrival=lt.At(time=0.0))
    more = {
        "interceptors": (*scenario.interceptors, spare),
        "threats": (*scenario.threats, threat),
        "salvos": (*scenario.salvos, none),
    }
    result = lt.simulate(lt.Scenario(**{**vars(scenario), **more}), replications=9, seed=1)
    expected = cost_exchange(lt.simulate(scenario, replications=9, seed=1))
    xr.testing.assert_equal(
        cost_exchange(result).drop_vars("scenario_digest"), expected.drop_vars("scenario_digest")
    )


def test_leak_rates_add_up_over_the_salvos_of_a_class(result: xr.Dataset) -> None:
    def rows(found: xr.Dataset) -> Any:
        return found.leak_rate.transpose(..., "estimate").values

    leaked = result.leaked.values
    by_threat = leak_rate(result, "threat")
    assert by_threat.threat.values.tolist() == ["drone", "fast", "lure"]
    assert by_threat.decoy.values.tolist() == [False, False, True]
    drones = (leaked[:, 0] + leaked[:, 1]) / 9
    for place, share in enumerate([drones, leaked[:, 2] / 2, leaked[:, 3] / 4]):
        assert rows(by_threat)[place] == pytest.approx(interval_of(share))
    by_salvo = rows(leak_rate(result, "salvo"))
    for place, count in enumerate([6, 3, 2, 4]):
        assert by_salvo[place] == pytest.approx(interval_of(leaked[:, place] / count))
    assert np.isnan(by_salvo[4]).all()
    raid = leaked[:, [0, 1, 2]].sum(axis=1) / 11
    assert rows(leak_rate(result)) == pytest.approx(interval_of(raid))


def test_parts_of_the_defence(result: xr.Dataset) -> None:
    found = summary(result)
    for name, dim in (("killed", "layers"), ("soft_killed", "layers")):
        values = result[name].values.sum(axis=(1))[:, 0]
        assert_interval(getattr(found, dim).isel(layer=0), name, values)
        by_salvo = result[name].values.sum(axis=2)
        assert_interval(found.salvos.isel(salvo=0), name, by_salvo[:, 0])
    for name in ("engagements", "busy_time"):
        for place in range(3):
            own = found.batteries.isel(battery=place)
            assert_interval(own, name, result[name].values[:, place])
    cause = result.leak_cause.values[:, 2, 0]
    assert_interval(found.causes.isel(salvo=2, cause=0), "leak_cause", cause)
    assert np.isnan(found.salvos.leak_rate.sel(salvo="none")).all()


def test_only_magazines_that_exist_have_a_row(result: xr.Dataset) -> None:
    magazines = summary(result).magazines
    assert magazines.battery.values.tolist() == ["post-1", "post-2", "guns"]
    assert magazines.interceptor.values.tolist() == ["missile", "missile", "gun"]
    assert magazines.rounds.values.tolist() == [7, 7, np.inf]
    first = result.isel(battery=0, interceptor=0)
    for name in ("expended", "remaining"):
        assert_interval(magazines.isel(magazine=0), name, first[name])
    assert magazines.remaining.values[:, 2].tolist() == [np.inf, 0.0, np.inf, np.inf]
    assert magazines.dry.values[:, 2].tolist() == [0.0] * 4


def test_depletion_counts_the_replications_in_which_it_happened(result: xr.Dataset) -> None:
    found = depletion(result).sel(interceptor="missile")
    times = result.depletion_time.values[:, 1, 0]
    dry = times[~np.isnan(times)]
    assert 2 < len(dry) < 39
    assert np.array_equal(found.dry.values[:, 1], wilson(len(dry), 39))
    assert_interval(found.isel(battery=1), "depletion_time", dry)
    left = result.ready_rounds.values[:, 1, 1, 0]
    assert_interval(found.isel(battery=1, sample_time=1), "ready_rounds", left)
    assert found.ready_rounds.values[[0, 1, 3], 0, 0].tolist() == [7, 0, 7]
    assert not found.ready_rounds_settled[0, 0]
    assert np.isnan(found.dry.values[:, 2]).all()
    guns = depletion(result).sel(interceptor="gun", battery="guns")
    assert np.isinf(guns.ready_rounds.sel(estimate="mean")).all()
    assert "ready_rounds" not in depletion(lt.simulate(night(), replications=3, seed=1))


def assert_same(one: Summary, other: Summary) -> None:
    for part in PARTS:
        xr.testing.assert_identical(getattr(one, part), getattr(other, part))
    assert str(one) == str(other)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    scenario=scenarios(most_threats=12),
    replications=st.sampled_from([1, 2, 7]),
    confidence=st.sampled_from([0.5, 0.95]),
)
def test_any_raid_both_ways_in_at_most_a_hundred_columns(
    scenario: lt.Scenario, replications: int, confidence: float
) -> None:
    call: dict[str, Any] = {"replications": replications, "seed": 5, "timeline": TIMELINE}
    one = lt.simulate(scenario, **call)
    other = lt.simulate(scenario, **call, keep="summary")
    found = summary(one, confidence)
    assert_same(found, summary(other, confidence))
    for by in (None, "salvo", "threat"):
        xr.testing.assert_identical(leak_rate(one, by), leak_rate(other, by))
    xr.testing.assert_identical(depletion(one), depletion(other))
    xr.testing.assert_identical(cost_exchange(one), cost_exchange(other))
    assert max(map(len, str(found).splitlines())) <= WIDTH


def test_one_replication_has_means_but_no_t_interval(result: xr.Dataset) -> None:
    one = result.isel(replication=[3])
    found = summary(one)
    assert found.raid.leakers.values[0] == one.leaked.values[0, [0, 1, 2]].sum()
    for name in ("leakers", "leak_rate", "decoys_leaked", "cost_spent", "cost_per_stop"):
        assert np.isnan(found.raid[name].values[1:]).all(), name
    low, high = found.raid.no_leaker.values[2:]  # Wilson's interval is not NaN
    assert 0 <= low < high <= 1
    assert high - low > 0.7
    assert "1 replication, seed 4" in str(found)


def test_the_text_says_what_it_counts(result: xr.Dataset) -> None:
    text = str(summary(result))
    assert text.startswith("night\n39 replications, seed 4\nLeakers")
    assert text.count("real threats only") == 1
    for title in ("Raid", "By salvo", "Causes", "By layer", "By battery", "By magazine"):
        assert f"\n\n{title}" in text
    assert "lures (decoys)" in text
    assert "infinite" in text
    assert "90 % interval" in str(summary(result, 0.9))


def test_a_notebook_shows_the_same_tables_as_the_text(result: xr.Dataset) -> None:
    found = summary(result)
    shown = found._repr_html_()
    assert shown.startswith("<div><strong>night</strong><br>39 replications, seed 4<br>Leakers")
    assert shown.count("<table>") == str(found).count("\n\n") == 6
    cells = re.sub("<[^>]+>", " ", shown)
    assert not {*str(found).replace("-", " ").split()} - {*cells.replace("-", " ").split()}
    crowd = summary(lt.simulate(night(30, "<b>"), replications=2, seed=1))._repr_html_()
    assert f"... and {31 - MOST_ROWS} more, in the Dataset" in crowd
    assert "&lt;b&gt;-1" in crowd
    assert "<b>" not in crowd


def test_tables_hold_the_estimates_of_each_part(result: xr.Dataset) -> None:
    found = summary(result)
    tables = found.tables()
    assert [*tables] == [*PARTS]
    raid = tables["raid"].set_index("measure")
    for name in ("leakers", "leak_rate", "no_leaker", "cost_spent", "decoys_leaked"):
        ends = raid.loc[name, ["mean", "standard_error", "low", "high"]]
        np.testing.assert_array_equal(ends, found.raid[name])
        settled = found.raid.get(f"{name}_settled", True)
        assert raid.loc[name, "settled"] == bool(settled), name
    assert not raid.settled.all()
    np.testing.assert_array_equal(
        raid.loc["leakers", ["quantile_0.05", "quantile_0.95"]],
        found.raid.leakers_quantile.sel(quantile=[0.05, 0.95]),
    )
    salvos = tables["salvos"]
    assert salvos.salvo.tolist() == result.salvo.values.tolist()
    assert salvos.decoy.tolist() == [False, False, False, True, False]
    np.testing.assert_array_equal(salvos.leaked_low, found.salvos.leaked.sel(estimate="low"))
    assert len(tables["causes"]) == 5 * 7
    magazines = tables["magazines"]
    assert magazines.battery.tolist() == ["post-1", "post-2", "guns"]
    np.testing.assert_array_equal(magazines.dry_high, found.magazines.dry.sel(estimate="high"))
    assert "magazine" not in magazines


def test_many_rows_and_long_names_are_cut_and_said_to_be() -> None:
    long = "a battery whose name is longer than any that a table of this width could hold" * 2
    text = str(summary(lt.simulate(night(30, long), replications=2, seed=1)))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert text.count(f"... and {31 - MOST_ROWS} more, in the Dataset") == 2
    assert "…" in text


def test_joined_results_name_all_their_seeds(result: xr.Dataset) -> None:
    other = lt.simulate(night(), replications=4, seed=7, timeline=TIMELINE)
    joined = xr.concat(
        [result, other],
        "replication",
        data_vars="minimal",
        coords="different",
        compat="equals",
        combine_attrs="drop_conflicts",
    )
    found = summary(joined)
    assert (found.seeds, found.replications, found.scenario) == ((4, 7), 43, "")
    assert str(found).startswith("43 replications, seeds 4, 7\n")


READERS: list[Callable[[xr.Dataset], object]] = [summary, leak_rate, depletion, cost_exchange]


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_result_is_refused(reader: Callable[[xr.Dataset], object]) -> None:
    with pytest.raises(ValueError, match=r"result: must come from leakthrough\.simulate"):
        reader(xr.Dataset())


def test_arguments_are_checked(result: xr.Dataset) -> None:
    with pytest.raises(ValueError, match="by: must be one of salvo, threat or None; got 'layer'"):
        leak_rate(result, "layer")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="confidence"):
        summary(result, 95)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (12.0, "12"),
        (999_999.0, "999,999"),
        (999_999.96, "1.000 M"),
        (1e6, "1.000 M"),
        (1.2345e6, "1.234 M"),
        (999.96e6, "1,000 M"),
        (2.5e9, "2.500 bn"),
        (7.77e16, "77,700 tn"),
        (1234.5, "1,234"),
        (103.25, "103.2"),
        (0.5, "0.5000"),
        (0.00012345, "0.00012"),
        (-3.25, "-3.250"),
        (float("inf"), "infinite"),
        (float("nan"), "-"),
    ],
)
def test_numbers_are_readable(value: float, text: str) -> None:
    assert number(value) == text


def test_tables() -> None:
    assert interval(float("nan"), float("nan")) == "-"
    assert table("T", ["a"], []) == "T\nnone"
    assert table("T", ["a", "b"], [["x", "10"]]) == "T\na   b\n-----\nx  10"


def test_a_magazine_that_keeps_its_last_rounds_is_seen_to_stop() -> None:
    own = battery(magazines=[magazine(rounds=8, reserved=3)])
    kept = summary(lt.simulate(raid(salvo(count=9), layer("L", own)), replications=20, seed=1))
    [row] = [line.split() for line in str(kept).splitlines() if line.startswith("B ")][-1:]
    assert row[5] == "0"  # never dry
    assert row[-2:] == ["1", "0"]  # but at its reserve, at once
    assert "P(reserve)" in str(kept)
    own = battery(magazines=[magazine(rounds=5)])
    plain = summary(lt.simulate(raid(salvo(count=9), layer("L", own)), replications=20, seed=1))
    assert "P(reserve)" not in str(plain)
    assert plain.magazines.reserve_reached.equals(plain.magazines.dry)
