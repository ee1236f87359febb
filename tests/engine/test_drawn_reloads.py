"""Reload times that are drawn: addresses, raids of a campaign, depots, and exact distributions."""

import itertools
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from bands import assert_pmf
from campaigns import kernel_raids, reference_raids
from event_lines import event_lines
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.lower_raid import lower
from leakthrough.reference.draws import RaidDraws, quantile, uniform

SEED = int(os.environ.get("LEAKTHROUGH_SEED", "0"))
OWN = "layers.L.batteries.B.magazines.gun.reload_time"
TIME = stats.gamma(2.0, scale=4.0)
HORIZON = 110.0
"""The only threat of a raid of `refilling` comes at 100 s and is at its target 10 s later."""


def refilling(time: Any, *more: lt.Battery, reloads: int = 10**6, **fields: Any) -> lt.Scenario:
    """Empty magazines that are always waiting for a round: each reload calls the next."""
    fields = {"reloads": reloads, "reload_rounds": 1, "reload_at": 10**9, **fields}
    own = battery("B", magazines=[magazine(rounds=0, reload_time=time, **fields)])
    return raid(salvo(count=1, arrival=100.0), layer("L", own, *more))


def drawn(time: Any, number: int, seed: int = 1, replication: int = 0, **owner: Any) -> list[int]:
    """Ticks of the first reloads of a magazine, from their addresses."""
    address = "reload", owner.get("battery", "B"), owner.get("member", 0), "gun"
    words = (RaidDraws(seed, replication).draw(address, 0, n)[0] for n in range(number))
    law = magazine(reload_time=time).reload_time
    return [quantile(law, 10**6, uniform(word)) for word in words]  # type: ignore[arg-type]


def arrivals(scenario: lt.Scenario, name: str = "B") -> list[float]:
    """Times at which reloads arrive at a battery, in both engines."""
    lines = [line.split() for line in event_lines(scenario)]
    return [float(words[0]) for words in lines if words[1:3] == ["reload", name]]


# ---------------------------------------------------------------- addresses


def test_the_ordinal_of_a_draw_is_the_number_of_the_reload() -> None:
    expected = itertools.accumulate(ticks / 1e6 for ticks in drawn(TIME, 5))
    assert arrivals(refilling(TIME, reloads=5)) == pytest.approx(list(expected), abs=1e-9)


def test_each_battery_has_draws_of_its_own() -> None:
    own = magazine(rounds=0, reload_time=TIME, reloads=3, reload_rounds=1, reload_at=9)
    scenario = raid(salvo(arrival=100.0), layer("L", battery("B", count=2, magazines=[own])))
    for member in (0, 1):
        expected = itertools.accumulate(t / 1e6 for t in drawn(TIME, 3, member=member))
        found = arrivals(scenario, f"B-{member + 1}")
        assert found == pytest.approx(list(expected), abs=1e-9)


def test_other_parts_of_a_scenario_do_not_change_the_draws() -> None:
    """Rounds leave at other times, but the n-th reload takes as long."""

    def durations(scenario: lt.Scenario) -> list[float]:
        """From each shot, which calls a reload, to the arrival of the reload."""
        lines = [line.split() for line in event_lines(scenario)]
        events = [(float(w[0]), w[1]) for w in lines if "B" in w and w[1] in ("firing", "reload")]
        calls = [time for time, event in events if event == "firing"]
        comes = [time for time, event in events if event == "reload"]
        return [one - other for one, other in zip(comes, calls, strict=False)]

    def firing(arrival: list[float], *more: lt.Battery) -> lt.Scenario:
        own = magazine(rounds=1, reload_time=TIME, reloads=9, reload_rounds=1)
        return raid(salvo(arrival=arrival), layer("L", battery("B", magazines=[own]), *more))

    found = durations(firing([0.0, 100.0, 200.0]))
    assert found == pytest.approx([ticks / 1e6 for ticks in drawn(TIME, len(found))], abs=1e-9)
    later = durations(firing([7.0, 90.0, 400.0], battery("C", rounds=0)))
    assert len(later) >= 2
    assert later == pytest.approx(found[: len(later)], abs=1e-9)


# ---------------------------------------------------------------- one value: as a number


def lethal(probability: float) -> list[lt.Threat]:
    return [lt.Threat(name="t", speed=100.0, lethality=probability)]


def depots(time: Any) -> lt.Scenario:
    """Two batteries with one depot, of which one may be lost, and one without."""
    fed = {"reload_rounds": 2, "reload_at": 1, "depot": "D", "reload_time": time}
    plain = {"reload_rounds": 3, "reloads": 2, "reload_time": time}
    own = [battery(name, magazines=[magazine(rounds=2, **fed)]) for name in ("A", "B")]
    last = battery("C", magazines=[magazine(rounds=1, **plain)])
    shots = salvo("s0", count=9, arrival=lt.Poisson(start=0.0, rate=0.3))
    aimed = salvo("s1", count=3, arrival=lt.Uniform(start=0.0, stop=40.0), target="B")
    store = [lt.Depot(name="D", interceptor="gun", rounds=14)]
    site = layer("L", *own, last)
    return raid([shots, aimed], site, gun(kills=0.6), threats=lethal(0.5), depots=store)


def test_a_distribution_of_one_value_gives_the_bits_of_the_number() -> None:
    """In another kernel: that of scenarios without rules does not know drawn times."""
    one = lt.Empirical(values=[4.0])
    results = [
        lt.simulate(refilling(time, reloads=5), replications=50, seed=SEED, timeline=[0, 50.0])
        for time in (4.0, one)
    ]
    xr.testing.assert_equal(*(own.drop_vars("scenario_digest") for own in results))
    assert (results[0].reloaded == 5).all()
    found = [lower(refilling(time)).has_rules for time in (4.0, one)]
    assert found == [False, True]


@pytest.mark.parametrize("interval", [20.0, 200.0])
def test_it_does_in_a_campaign_with_a_depot(interval: float) -> None:
    def campaign(time: Any) -> lt.Campaign:
        return lt.Campaign(
            name="c",
            scenario=depots(time),
            raids=4,
            interval=interval,
            resupply=[lt.Resupply(depot="D", rounds=3)],
            replacement_time=0.0,
        )

    plain, other = (
        lt.simulate_campaign(campaign(time), replications=100, seed=SEED)
        for time in (11.0, lt.Empirical(values=[11.0]))
    )
    xr.testing.assert_equal(*(own.drop_vars("scenario_digest") for own in (plain, other)))
    assert (plain.reloaded.sum("replication") > 0).all("raid").any()


# ---------------------------------------------------------------- between raids


@pytest.mark.parametrize("depot", [False, True])
@pytest.mark.parametrize("interval", [30.0, 110.0, 400.0])
def test_reloads_follow_their_draws_from_raid_to_raid(interval: float, depot: bool) -> None:
    """In each replication the n-th reload arrives at the sum of the first n draws.

    A raid ends at 110 s, later than the next begins if the interval is 30 s; reloads arrive until
    then, or wait for the next raid, in which the clock is set back.
    """
    scenario = refilling(TIME)
    if depot:
        own = magazine(rounds=0, reload_time=TIME, reload_rounds=1, reload_at=10**9, depot="D")
        site = layer("L", battery("B", magazines=[own]))
        store = [lt.Depot(name="D", interceptor="gun", rounds=1000)]
        scenario = raid(salvo(count=1, arrival=100.0), site, depots=store)
    campaign = lt.Campaign(name="c", scenario=scenario, raids=3, interval=interval)
    found = lt.simulate_campaign(campaign, replications=30, seed=1).reloaded.squeeze(drop=True)
    for replication, own in enumerate(found.values.tolist()):
        clock, came = 0, []
        waiting = drawn(TIME, 400, replication=replication)
        for number in range(3):
            stop = int(HORIZON * 1e6)
            if number:
                clock -= int(interval * 1e6)
            count = 0
            while clock + waiting[0] <= stop:
                clock += waiting.pop(0)
                count += 1
            came.append(count)
        assert own == came, replication


def test_the_engines_agree_and_replays_show_it() -> None:
    often: dict[str, Any] = {"reloads": 200, "reload_rounds": 1, "reload_at": 500}
    other = magazine(rounds=0, reload_time=stats.expon(scale=2.0), **often)
    scenario = refilling(TIME, battery("C", count=2, magazines=[other]))
    campaign = lt.Campaign(name="c", scenario=scenario, raids=3, interval=130.0)
    for n, own in enumerate(kernel_raids(campaign, SEED, 0, 5)):
        assert own == reference_raids(campaign, SEED, n)
    events = [lt.replay(campaign, replication=0, seed=1, raid=n).to_dataframe() for n in (1, 2)]
    own_events = [table[(table.event == "reload") & (table.battery == "B")] for table in events]
    times = [list(table.time) for table in own_events]
    sums = list(itertools.accumulate(ticks / 1e6 for ticks in drawn(TIME, 200)))
    first = [time for time in sums if time <= HORIZON]
    assert times[0] == pytest.approx(first, abs=1e-9)
    second = [time - 130.0 for time in sums if 130.0 < time <= 130.0 + HORIZON]
    assert times[1] == pytest.approx(second, abs=1e-9)


def test_the_ordinal_goes_on_after_a_battery_is_replaced() -> None:
    """The battery is lost at 10 s with a reload on its way. The new one calls the next at once."""
    long = lt.Empirical(values=[50.0, 60.0, 70.0, 80.0])
    own = magazine(rounds=0, reload_time=long, reload_rounds=1, depot="D")
    scenario = raid(
        salvo(target="B"),
        layer("L", battery("B", magazines=[own])),
        threats=lethal(1.0),
        depots=[lt.Depot(name="D", interceptor="gun", rounds=9)],
    )
    shots = lt.Campaign(
        name="c",
        scenario=scenario,
        raids=[scenario.salvos, [salvo("late", arrival=100.0)]],
        interval=30.0,
        replacement_time=0.0,
    )
    for n, raids in enumerate(kernel_raids(shots, SEED, 0, 20)):
        assert raids == reference_raids(shots, SEED, n)
    seen = set()
    for replication in range(20):
        table = lt.replay(shots, replication=replication, seed=1, raid=2).to_dataframe()
        [time, *_] = table[table.event == "reload"].time
        draws = drawn(long, 2, replication=replication)
        assert time == draws[1] / 1e6
        seen.add(draws[0] != draws[1])
    assert seen == {True, False}


# ---------------------------------------------------------------- exact distributions


def test_exponential_times_make_a_poisson_process_through_all_raids() -> None:
    """Numbers of reloads in raids, and the intervals before them, are independent Poisson ones.

    Bands of 5 sigma; a mean that is 3 % wrong shows.
    """
    campaign = lt.Campaign(
        name="c", scenario=refilling(stats.expon(scale=25.0)), raids=3, interval=150.0
    )
    found = lt.simulate_campaign(campaign, replications=40_000, seed=SEED + 11).reloaded
    found = found.squeeze(drop=True).values
    for number, length in enumerate((HORIZON, 150.0, 150.0)):
        pmf = stats.poisson(length / 25.0).pmf(np.arange(found[:, number].max() + 1))
        assert_pmf(found[:, number], pmf)
    both = stats.poisson(260.0 / 25.0).pmf(np.arange((found[:, 0] + found[:, 1]).max() + 1))
    assert_pmf(found[:, 0] + found[:, 1], both)


def engaged(threats: int, periods: dict[int, float]) -> Any:
    """Distribution of the number of threats that are engaged, by recursion over the next free one.

    After each shot the battery misses a random number of threats: a renewal process.
    """
    found = np.zeros((threats + 1, threats + 1))  # by threats to come, then engaged
    found[0, 0] = 1.0
    for left in range(1, threats + 1):
        for period, share in periods.items():
            found[left, 1:] += share * found[max(left - period, 0), :-1]
    return found[threats]


MISSING = lt.Empirical(values=[4.0, 34.0, 54.0], weights=[5, 3, 2])
"""Reload times with which `waiting` misses no threat, one or two."""


def waiting(time: Any) -> lt.Scenario:
    """A threat every 20 s, each in reach for 10 s, and a magazine of a single round."""
    own = magazine(rounds=1, reload_time=time, reloads=99, reload_rounds=1)
    shots = salvo(arrival=[20.0 * n for n in range(25)])
    return raid(shots, layer("L", battery("B", magazines=[own])))


def test_leakers_while_the_only_round_is_reloaded() -> None:
    """A reload never arrives while a threat is in reach, so the threats missed are a draw.

    Bands of 5 sigma; probabilities of the three times that are .02 wrong show.
    """
    result = lt.simulate(waiting(MISSING), replications=40_000, seed=SEED + 12)
    fired = result.expended.squeeze(drop=True).values
    assert_pmf(fired, engaged(25, {1: 0.5, 2: 0.3, 3: 0.2})[: fired.max() + 1])
    assert (result.leaked.squeeze(drop=True).values == 25 - fired).all()


# ---------------------------------------------------------------- input, display, studies


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (-1.0, r"reload_time: must be a number in \[0, 1e\+09\]; got -1.0"),
        (True, "or a frozen scipy.stats distribution; got True"),
        (stats.norm(9.0, 1.0), "must not fall below 0, but norm reaches -inf"),
        (stats.poisson(3.0), "is for numbers of threats and of rounds only"),
        ({"dist": "expon", "scal": 1.0}, "expon has no parameter 'scal'"),
    ],
)
def test_wrong_reload_times(wrong: Any, text: str) -> None:
    with pytest.raises(lt.ScenarioError, match=text):
        magazine(reload_time=wrong)


def test_files_display_and_paths(tmp_path: Path) -> None:
    scenario = refilling(TIME, reloads=7)
    assert "7 x 1 reloaded in gamma(a=2, scale=4) s" in str(scenario)
    for name in ("own.toml", "own.json"):
        scenario.save(tmp_path / name)
        assert lt.load_scenario(tmp_path / name) == scenario
    assert refilling(4.0, reloads=7).replace(OWN, TIME) == scenario


def test_a_sweep_between_a_number_and_a_distribution() -> None:
    options: dict[str, Any] = {"measures": ["leakers"], "replications": 200, "seed": SEED}
    found = lt.sweep(waiting(4.0), {OWN: [4.0, MISSING]}, **options).leakers
    for n, time in enumerate([4.0, MISSING]):
        alone = lt.sweep(waiting(time), {OWN: [time]}, **options).leakers
        np.testing.assert_array_equal(found[n], alone[0])
    assert float(found[1].sel(estimate="mean")) > float(found[0].sel(estimate="mean")) == 0.0


def test_there_is_no_control_for_times() -> None:
    """As for other delays: the decisions of a scenario are those of one with a number."""
    results = [
        lt.simulate(depots(time), replications=200, seed=SEED) for time in (9.0, stats.expon())
    ]
    assert list(results[0].decision.values) == list(results[1].decision.values)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (stats.uniform(200.0, 9.0), "is 200 s or more, and the raid is over 110 s after"),
        (
            stats.lognorm(0.1, scale=200.0),
            "is 146.833 s or more in 99.9% of the draws, and the raid",
        ),
        (stats.expon(scale=200.0), ""),
        (stats.uniform(100.0, 900.0), ""),
    ],
)
def test_reloads_that_are_too_late(time: Any, text: str) -> None:
    found = [own for own in lt.check(refilling(time, reload_at=0)) if own.place == OWN]
    assert [own.what[: len(text)] for own in found] == ([text] if text else [])
