"""Depots: reloads that several magazines take from one place, within and between raids."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from event_lines import NEVER_KILLS, event_lines, one
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raids import battery, gun, layer, magazine, raid, salvo
from ruled_scenarios import ruled_scenario
from scipy import stats

import leakthrough as lt

DAY = 86_400.0


def fed(name: str, rounds: int = 1, axes: Any = (), **fields: Any) -> lt.Battery:
    """A battery whose magazine is reloaded from the depot `D` with two rounds in 4 s."""
    fields = {"reload_rounds": 2, "reload_time": 4.0, "depot": "D", **fields}
    return battery(name, channels=9, axes=axes, magazines=[magazine(rounds=rounds, **fields)])


def depot(rounds: int, name: str = "D", interceptor: str = "gun") -> lt.Depot:
    return lt.Depot(name=name, interceptor=interceptor, rounds=rounds)


def supplied(rounds: int, *batteries: lt.Battery, arrival: Any = 0.0, **fields: Any) -> lt.Scenario:
    """A raid on some batteries with one depot."""
    shots = salvo(arrival=arrival, **fields)
    return raid(shots, layer("L", *batteries), depots=[depot(rounds)])


def reloads(scenario: lt.Scenario) -> list[str]:
    """The events of reloads."""
    return [text for text in event_lines(scenario) if " reload " in text]


# ---------------------------------------------------------------- within a raid


def test_a_reload_takes_what_the_depot_holds() -> None:
    """The last of five rounds is the third reload; the fourth call waits in vain."""
    scenario = supplied(5, fed("B"), arrival=[10.0 * n for n in range(9)])
    assert reloads(scenario) == ["4 reload B 2 gun", "24 reload B 2 gun", "44 reload B 1 gun"]
    result = one(scenario).squeeze()
    assert int(result.leaked) == 3
    assert int(result.leak_cause.sel(cause="no_interceptors")) == 3
    # The depot gives out its last round at 40 s; the magazine fires its last one at 50 s.
    assert (float(result.depot_depletion_time), float(result.depletion_time)) == (40.0, 50.0)
    assert (int(result.depot_remaining), int(result.depot_reloaded)) == (0, 5)


def test_who_calls_first_gets_the_rounds() -> None:
    """The second battery fires at 0 s, since it has more rounds; the first one at 1 s."""
    scenario = supplied(2, fed("A", 2), fed("B", 3, reload_at=2), arrival=[0.0, 1.0, 1.0])
    assert reloads(scenario) == ["4 reload B 2 gun"]
    assert one(scenario).reloaded.values.ravel().tolist() == [0, 2]


def test_calls_at_the_start_are_in_the_order_of_the_batteries() -> None:
    scenario = supplied(3, fed("A", 0), fed("B", 0), fed("C", 0), arrival=20.0, count=9)
    assert reloads(scenario)[:2] == ["4 reload A 2 gun", "4 reload B 1 gun"]
    assert one(scenario).reloaded.values.ravel().tolist() == [2, 1, 0]


@pytest.mark.parametrize(("limit", "fired"), [(None, 9), (0, 1), (1, 3), (2, 5)])
def test_reloads_from_a_depot_have_no_limit_unless_one_is_given(
    limit: int | None, fired: int
) -> None:
    scenario = supplied(99, fed("B", reloads=limit), arrival=[5.0 * n for n in range(9)])
    assert one(scenario).expended.item() == fired


def test_magazines_on_several_sites_share_a_depot() -> None:
    own = layer("L", fed("B", 0), positions=[(0.0, 0.0), (1.0, 0.0)])
    scenario = raid(salvo(count=9, arrival=20.0, bearing=0.0), own, depots=[depot(3)])
    assert one(scenario).reloaded.values.ravel().tolist() == [2, 1]


def test_rounds_on_their_way_to_a_lost_battery_are_lost() -> None:
    """A leaker destroys the battery at 10 s. A reload is called at 8 s, and is due at 12 s."""
    hunters = salvo("h", arrival=0.0, target="B", threat="h")
    threats = [lt.Threat(name=name, speed=100.0) for name in ("t", "h")]
    own = fed("B"), fed("C", 0, reload_time=99.0)
    shots = salvo(arrival=[8.0, 20.0])
    scenario = raid([shots, hunters], layer("L", *own), threats=threats, depots=[depot(9)])
    result = one(scenario).squeeze()
    books = ("depot_remaining", "depot_in_transit", "depot_reloaded", "depot_lost")
    assert [int(result[name]) for name in books] == [5, 2, 0, 2]
    assert reloads(scenario) == []


# ---------------------------------------------------------------- between raids


def results(scenario: lt.Scenario, **fields: Any) -> xr.Dataset:
    """One replication of a campaign with a raid a day."""
    fields = {"raids": 2, "interval": DAY, **fields}
    campaign = lt.Campaign(name="c", scenario=scenario, **fields)
    return lt.simulate_campaign(campaign, replications=1, seed=1).isel(replication=0)


def test_calls_that_wait_are_served_at_the_next_raids_in_the_order_of_the_calls() -> None:
    """Z takes both rounds at the start. C runs dry at 0 s, B at 1 s, A at 2 s; each day 2 come."""
    axes = "abcz"
    batteries = [fed(axis.upper(), 1, axes=[axis]) for axis in "abc"] + [fed("Z", 0, axes=["z"])]
    shots = [salvo(axis, arrival=2.0 - n, axis=axis) for n, axis in enumerate("abc")]
    scenario = raid(shots, layer("L", *batteries), axes=list(axes), depots=[depot(2)])
    found = results(scenario, raids=4, resupply=[lt.Resupply(depot="D")])
    brought = found.reloaded.values[..., 0].tolist()
    assert brought == [[0, 0, 0, 2], [0, 0, 2, 0], [0, 2, 0, 0], [2, 0, 0, 0]]


def test_the_call_of_a_lost_battery_is_void() -> None:
    """A calls before B, and is lost; the rounds of the second day go to B."""
    axes = ["a", "b", "z", "h"]
    batteries = [fed("A", 1, ["a"]), fed("B", 1, ["b"]), fed("Z", 0, ["z"])]
    shots = [
        salvo("a", arrival=0.0, axis="a"),
        salvo("b", arrival=1.0, axis="b"),
        salvo("h", arrival=3.0, axis="h", target="A"),
    ]
    scenario = raid(shots, layer("L", *batteries), axes=axes, depots=[depot(2)])
    found = results(scenario, resupply=[lt.Resupply(depot="D")])
    assert found.lost.values[0].tolist() == [1, 0, 0]
    assert found.reloaded.values[..., 0].tolist() == [[0, 0, 2], [0, 2, 0]]


def test_the_interval_lets_reloads_go_on() -> None:
    """A raid lasts 10 s, a reload 40 s. Reloads follow each other until six rounds are ready."""
    scenario = supplied(99, fed("B", 4, reload_at=5, reload_time=40.0), count=4)
    found = results(scenario, raids=2)
    assert found.depot_reloaded.values.ravel().tolist() == [0, 6]
    assert found.depot_remaining.values.ravel().tolist() == [97, 91]


@pytest.mark.parametrize(("most", "brought"), [(float("inf"), 8), (3, 3)])
def test_resupply_fills_a_depot_to_its_first_rounds(most: float, brought: int) -> None:
    """Eight of ten rounds went to the magazine."""
    scenario = supplied(10, fed("B", 4, reload_rounds=8), arrival=0.0, count=4)
    resupply = [lt.Resupply(depot="D", rounds=most)]
    found = results(scenario, resupply=resupply)
    assert found.depot_delivered.values.ravel().tolist() == [0, brought]
    assert found.delivered.values.ravel().tolist() == [0, 0]


@pytest.mark.parametrize(("shortage", "given"), [("proportion", [4, 2]), ("order", [6, 0])])
def test_magazines_and_depots_share_a_short_stock(shortage: str, given: list[int]) -> None:
    """The magazine lacks eight rounds, and the depot four."""
    own = battery("A", rounds=8), fed("B", 0, reload_rounds=4)
    scenario = supplied(4, *own, arrival=0.0, count=8)
    resupply = [lt.Resupply(battery="A", interceptor="gun"), lt.Resupply(depot="D")]
    stocks = [lt.Stock(interceptor="gun", rounds=6)]
    found = results(scenario, resupply=resupply, stocks=stocks, shortage=shortage)
    brought = [found.delivered.values[1, 0, 0], found.depot_delivered.values[1, 0]]
    assert brought == given
    assert found.stock.values.ravel().tolist() == [6, 0]


def test_a_new_battery_draws_on_the_depot_again() -> None:
    """Unless its reloads were limited."""

    def held(battery: lt.Battery, **fields: Any) -> list[int]:
        hunters = salvo("h", target="B")
        own = raid(hunters, layer("L", battery), gun(kills=NEVER_KILLS), depots=[depot(99)])
        found = results(own, raids=3, **fields).depot_remaining
        return [int(number) for number in found.values.ravel()]

    # It calls at 0, 4 and 8 s, and is lost at 10 s.
    assert held(fed("B", 0)) == [93, 93, 93]
    assert held(fed("B", 0), replacement_time=0.0) == [93, 87, 81]
    assert held(fed("B", 0, reloads=9), replacement_time=0.0) == [93, 93, 93]


# ---------------------------------------------------------------- on generated scenarios


@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(number=st.integers(0, 2**32), seed=st.integers(0, 2**63 - 1))
def test_every_round_of_a_depot_is_accounted_for(number: int, seed: int) -> None:
    result = lt.simulate(ruled_scenario(number), replications=4, seed=seed, workers=1)
    if "depot" not in result.dims:
        return
    names = ("depot_reloaded", "depot_in_transit", "depot_lost", "depot_remaining")
    assert (sum(result[name] for name in names) == result.depot_rounds).all()
    for name in names:
        assert (result[name] >= 0).all()
    if "lost" not in result:
        assert (result.depot_lost == 0).all()
    dry = (result.depot_remaining == 0) & (result.depot_rounds > 0)
    assert (dry == result.depot_depletion_time.notnull()).all()


# ---------------------------------------------------------------- exactly one magazine


def spread_and_single(held: int, kills: float) -> tuple[lt.Scenario, lt.Scenario]:
    """Six rounds in three magazines and others in a depot behind them; and one magazine of all.

    Reloads take no time and bring one round, and channels never limit.
    """
    shots, own = gun(kills=kills, flight_time=1.0), {"reload_rounds": 1, "reload_time": 0.0}
    coming = salvo(count=25, arrival=lt.Uniform(start=0.0, stop=300.0))
    several = [fed(f"B{n}", rounds, **own) for n, rounds in enumerate((1, 2, 3))]
    spread = raid(coming, layer("L", *several), shots, depots=[depot(held)])
    return spread, raid(coming, layer("L", battery(rounds=6 + held, channels=99)), shots)


@pytest.mark.parametrize("held", [0, 4, 11])
def test_a_depot_behind_several_magazines_is_one_magazine_of_all_rounds(
    held: int, offset: int
) -> None:
    """The draws differ, since other batteries fire; the distribution of the leakers does not.

    Chi-square test of two samples: a wrong rejection at 5 sigma; 20,000 replications of each find a
    round that is fired too often or too rarely in one of ten.
    """
    number = 20_000
    found, wanted = (
        lt.simulate(each, replications=number, seed=5 + n + offset)
        for n, each in enumerate(spread_and_single(held, 0.6))
    )
    left, right = (
        np.bincount(each.leaked.values.ravel(), minlength=26).astype(float)
        for each in (found, wanted)
    )
    often = left + right >= 20
    left, right = (np.append(own[often], own[~often].sum()) for own in (left, right))
    both = left + right
    own = both > 0
    statistic = ((left - right)[own] ** 2 / both[own]).sum()
    assert stats.chi2(own.sum() - 1).sf(statistic) > 6e-7


def test_with_certain_kills_it_is_that_magazine_in_every_replication() -> None:
    found, wanted = (
        lt.simulate(each, replications=50, seed=1) for each in spread_and_single(7, 1.0)
    )
    assert (found.leaked.values == wanted.leaked.values).all()
    assert (found.leaked == 12).all()


# ---------------------------------------------------------------- documents


def test_names_of_depots_are_checked() -> None:
    def refused(text: str, *batteries: lt.Battery, depots: Any) -> None:
        with pytest.raises(lt.ScenarioError, match=text):
            raid(salvo(), layer("L", *batteries), [gun(), gun("other")], depots=depots)

    refused("'E' is not the name of a depot", fed("B", depot="E"), depots=[depot(1)])
    text = "depot: must be a depot of 'gun'; 'D' holds 'other'"
    refused(text, fed("B"), depots=[depot(1, interceptor="other")])
    refused("depots: more than one is called 'D'", depots=[depot(1), depot(2)])
    refused("is not the name of an interceptor", depots=[depot(1, interceptor="none")])
    with pytest.raises(lt.ScenarioError, match="must be at least 1 when there is a depot; got 0"):
        magazine(depot="D")


def test_resupply_names_a_battery_and_its_interceptor_or_a_depot() -> None:
    for fields in ({}, {"battery": "B"}, {"interceptor": "gun"}):
        with pytest.raises(lt.ScenarioError, match="is required unless there is a depot"):
            lt.Resupply(**fields)
    with pytest.raises(lt.ScenarioError, match="must not be given if there is a depot"):
        lt.Resupply(battery="B", interceptor="gun", depot="D")
    scenario = supplied(9, fed("B"))
    for resupply, text in (
        ([lt.Resupply(depot="E")], "'E' is not the name of a depot"),
        ([lt.Resupply(depot="D")] * 2, "more than one for the depot 'D'"),
    ):
        with pytest.raises(lt.ScenarioError, match=text):
            lt.Campaign(name="c", scenario=scenario, raids=2, interval=1.0, resupply=resupply)


def test_a_magazine_without_reloads_is_the_same_whether_it_says_so_or_not() -> None:
    assert magazine(reloads=0) == magazine()
    stated = raid(salvo(), layer("L", battery(magazines=[magazine(reloads=0)])))
    assert stated.digest == raid(salvo(), layer("L", battery())).digest
    assert magazine(reloads=0, reload_rounds=1, depot="D").reloads == 0


def test_what_is_said_of_depots() -> None:
    def found(*given: Any) -> dict[str, str]:
        return {str(own.place): own.what for own in lt.check(supplied(*given, count=2))}

    idle = found(9, fed("B", reloads=0))
    assert idle["depots.D"] == "no magazine is reloaded from it"
    where = "layers.L.batteries.B.magazines.gun.reloads"
    assert idle[where] == "is 0, but the depot D is given"
    assert found(0, fed("B"))["depots.D.rounds"] == "is 0"


def test_depots_are_shown_addressed_and_swept() -> None:
    scenario = supplied(9, fed("B"), arrival=[5.0 * n for n in range(9)])
    assert "2 reloaded in 4 s, from D" in str(scenario)
    assert "Depots" in str(scenario)
    assert scenario.replace("depots.D.rounds", 3).depots[0].rounds == 3
    axes = {"rounds": {"depots.D.rounds": [0, 4]}}
    table = lt.sweep(scenario, axes, measures=["leakers"], replications=2, seed=1)
    assert table.leakers.sel(estimate="mean").values.tolist() == [8.0, 4.0]


def test_summary_and_tables_of_depots() -> None:
    scenario = supplied(5, fed("B"), arrival=[10.0 * n for n in range(9)])
    kept = lt.simulate(scenario, replications=9, seed=1)
    reduced = lt.simulate(scenario, replications=9, seed=1, keep="summary")
    own = lt.summary(kept)
    assert str(own) == str(lt.summary(reduced))
    assert "By depot" in str(own)
    means = own.depots.sel(estimate="mean").squeeze()
    assert (float(means.remaining), float(means.reloaded), float(means.dry)) == (0.0, 5.0, 1.0)
    assert float(means.depletion_time) == 40.0
    assert list(lt.tidy(kept)["depots"]["reloaded"]) == [5] * 9
    none = lt.summary(lt.simulate(raid(salvo(), layer("L", battery())), replications=9, seed=1))
    assert "By depot" not in str(none)
