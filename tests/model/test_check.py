"""`check` finds what is valid but makes no sense, and nothing where all is well."""

import re
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import busy_scenarios
import campaigns
import pytest
from raids import INF, api_example, battery, gun, layer, magazine, raid, salvo
from scipy import stats
from verification.cases import CASES

import leakthrough as lt
from leakthrough.model import shots as _shots
from leakthrough.model.findings import MOST_WARNINGS

GOOD = api_example()
SAM = "layers.area.batteries.SAM"
GUN = "layers.point.batteries.gun"
KEPT = f"{SAM}.magazines.area SAM.reserved"
BURSTS = f"{GUN}.magazines.gun burst"
NIGHTS = lt.Campaign(
    name="week",
    scenario=GOOD,
    raids=7,
    interval=lt.DAY,
    resupply=[lt.Resupply(battery="gun", interceptor="gun burst")],
    stocks=[lt.Stock(interceptor="gun burst", rounds=100, rate=50 / lt.DAY)],
)


def places(scenario: lt.Scenario | lt.Campaign) -> list[str]:
    return [finding.place for finding in lt.check(scenario)]


def changed(**changes: Any) -> lt.Scenario:
    """The good scenario with other parts."""
    return lt.Scenario(**{**vars(GOOD), **changes})


# Each row: changes of the good scenario, the places of all findings, and words of the first.
ROWS: list[tuple[Mapping[str, Any], list[str], str]] = [
    ({"layers.point.outer_range": 15.0}, ["layers.point.outer_range", GUN], "is 15 m"),
    ({"layers.area.outer_range": 1.5e7}, ["layers.area.outer_range"], "in metres"),
    ({"threats.ballistic.speed": 4.5}, ["threats.ballistic.speed"], "is 4.5 m/s"),
    (
        {"threats.ballistic.speed": 5e4},
        ["threats.ballistic.speed", "salvos.missiles", KEPT],
        "50000 m/s",
    ),
    ({f"{GUN}.assessment_time": 4000.0}, [f"{GUN}.assessment_time"], "4,000 s"),
    ({f"{GUN}.reaction_time": 4000.0}, [GUN], "takes 4003 s or more"),
    ({f"{GUN}.reaction_time": stats.uniform(400, 1)}, [GUN], "and the window is 300 s"),
    ({"salvos.drones.arrival": lt.Uniform(start=0, stop=14.4e6)}, ["salvos"], "lasts 167 days"),
    ({"salvos.drones.arrival": stats.norm(0, 1e8)}, ["salvos"], "lasts 5,385 days"),
    ({"layers.area.inner_range": 15.0}, ["layers.area.inner_range"], "is 15 m; the ring goes out"),
    # Distributions in other units: the bounds of gamma and lognorm are 0.
    (
        {f"{GUN}.reaction_time": stats.lognorm(0.5, scale=4000)},
        [GUN],
        "takes 856.148 s or more of reaction and flight in 99.8% of engagements, and the window is",
    ),
    (
        {"interceptors.gun burst.flight_time": stats.gamma(4, scale=3e3)},
        [GUN],
        "it hardly ever fires",
    ),
    (
        {f"{GUN}.assessment_time": stats.expon(scale=1e5)},
        [f"{GUN}.assessment_time"],
        "is 69,314.7 s or more in half of the draws",
    ),
    # Times and channels.
    (
        {f"{GUN}.reaction_time": 0.0, "interceptors.gun burst.flight_time": 0.0},
        [GUN],
        "take no time; channels = 1 never limits it",
    ),
    ({"interceptors.area SAM.flight_time": 30.0}, ["salvos.missiles", KEPT], "takes 38 s or more"),
    (
        {
            "interceptors.gun burst.kill_probability": {"drone": 0.4, "ballistic": 0.1},
            "layers.point.outer_range": 10e3,
        },
        ["interceptors.gun burst.kill_probability.ballistic"],
        "no battery has time to use it: gun burst at ballistic takes 7 s",
    ),
    # Rounds.
    ({f"{GUN}.magazines": []}, [GUN, "interceptors.gun burst"], "has no magazines"),
    ({f"{BURSTS}.rounds": 0}, [GUN], "no rounds and no reloads"),
    ({f"{BURSTS}.reserved": 30}, [GUN], "all 30 rounds of gun burst are reserved"),
    ({f"{BURSTS}.reserved": 5}, [f"{BURSTS}.reserved"], "these rounds are never fired"),
    ({f"{BURSTS}.reload_rounds": 5}, [f"{BURSTS}.reloads"], "is 0, but"),
    ({f"{GUN}.doctrine.salvo_size": 31}, [f"{GUN}.doctrine.salvo_size"], "31 rounds at a time"),
    (
        {f"{SAM}.doctrine.salvo_size": {"drone": 17, "ballistic": 32}},
        [f"{SAM}.doctrine.salvo_size"],
        "17 rounds at a time, but area SAM never has over 16 for drone",
    ),
    (
        {
            "salvos.drones.arrival": stats.norm(7200, 600),
            f"{BURSTS}.reload_rounds": 5,
            f"{BURSTS}.reload_time": 1e5,
            f"{BURSTS}.reloads": 1,
        },
        [f"{BURSTS}.reload_time"],
        "is 100,000 s, and the raid is over",
    ),
    (
        {f"{BURSTS}.reload_rounds": 5, f"{BURSTS}.reload_time": 2e4, f"{BURSTS}.reloads": 1},
        [f"{BURSTS}.reload_time"],
        "is 20,000 s, and the raid is over 15,570 s after the first shot",
    ),
    (
        {
            f"{KEPT[:-9]}.reload_rounds": 5,
            f"{KEPT[:-9]}.reloads": 1,
            f"{KEPT[:-9]}.reload_time": 60.0,
        },
        [KEPT],
        "a reload starts only when no round is left",
    ),
    (
        {
            f"{GUN}.assessment_time": 1.0,
            f"{BURSTS}.reload_rounds": 5,
            f"{BURSTS}.reloads": 1,
            f"{BURSTS}.rounds": INF,
        },
        [f"{BURSTS}.reloads"],
        "the magazine is infinite",
    ),
    (
        {f"{BURSTS}.reload_rounds": 5, f"{BURSTS}.reloads": 3},
        [f"{BURSTS}.reload_time"],
        "the magazine acts as one of 45 rounds",
    ),
    ({"interceptors.area SAM.flight_time": 0.0}, ["interceptors.area SAM.flight_time"], "60000 m"),
    # Names.
    ({"interceptors.gun burst.kill_probability": {}}, [GUN], "kill probability 0 against"),
    ({"interceptors.gun burst.kill_probability": {"drone": 0.0}}, [GUN], "it never fires"),
    (
        {"interceptors.area SAM.kill_probability": {"drone": 0.9}},
        ["salvos.missiles", KEPT],
        "area SAM has kill probability 0 against ballistic",
    ),
    (
        {f"{SAM}.doctrine.preference": {"ballistic": []}},
        ["salvos.missiles", KEPT],
        "its preference leaves out",
    ),
    ({"salvos.missiles.threat": "drone"}, ["threats.ballistic", KEPT], "no salvo is of it"),
    ({"salvos.drones.count": 0, "salvos.missiles.count": 0}, ["salvos"], "nothing attacks"),
    ({"threats.drone.decoy": True, "threats.ballistic.decoy": True}, ["threats"], "decoys"),
    (
        {"layers.point.sensor.decoy_recognition": 0.5},
        ["layers.point.sensor.decoy_recognition"],
        "no threat is marked",
    ),
    # Sensors.
    (
        {"layers.area.sensor.availability": 0.0},
        ["salvos.missiles", "layers.area.sensor.availability"],
        "nothing can stop",
    ),
    ({"layers.point.sensor.detection": {"drone": 0.0}}, [GUN], "never detects drone"),
    ({"layers.point.sensor.false_dismissal": 1.0}, [GUN], "never detects drone"),
    # Layers.
    (
        {"layers": []},
        ["layers", "interceptors.gun burst", "interceptors.area SAM"],
        "every threat leaks",
    ),
    (
        {"layers.point.batteries": [], "layers.point.soft_kill": {}},
        ["layers.point", "interceptors.gun burst"],
        "no batteries and no soft kill",
    ),
    # Costs.
    (
        {"interceptors.gun burst.cost": None},
        ["interceptors.gun burst.cost"],
        "rounds spent is not known",
    ),
    ({"threats.drone.cost": None}, ["threats.drone.cost"], "threats stopped is not known"),
]
ROWS_OF_CAMPAIGNS: list[tuple[dict[str, Any], list[str], str]] = [
    ({"interval": 1.0}, ["interval"], "is 1 s"),
    ({"interval": lt.HOUR}, ["interval"], "lasts from 0 to"),
    (
        {
            "interval": 1440.0,
            "scenario": GOOD.replace("salvos.drones.arrival", stats.gamma(2, scale=7200)).replace(
                "salvos.missiles.arrival", lt.At(time=0)
            ),
        },
        ["interval"],
        "lasts from 0 to 48,996.1 s",
    ),
    (
        {"stocks": [lt.Stock(interceptor="gun burst", rounds=9, rate=1e-6)]},
        ["stocks.0.rate"],
        "0.52 rounds in the campaign; only whole rounds count",
    ),
    (
        {
            "stocks": [
                lt.Stock(
                    interceptor="gun burst", rounds=9, deliveries=[{"time": lt.DAY, "rounds": 0}]
                )
            ]
        },
        ["stocks.0.deliveries.0.rounds"],
        "brings nothing",
    ),
    (
        {
            "stocks": [
                lt.Stock(interceptor="gun burst", rounds=9, replenishment=stats.uniform(0, 0.4))
            ]
        },
        ["stocks.0.replenishment"],
        "each draw is rounded to 0",
    ),
    (
        {"scenario": GOOD.replace("salvos.missiles.count", stats.uniform(0, 0.4))},
        ["scenario.salvos.missiles.count", f"scenario.{KEPT}"],
        "no threat ever comes",
    ),
    (
        {"scenario": GOOD.replace(f"{BURSTS}.rounds", INF)},
        ["resupply.0"],
        "its magazine starts with inf rounds",
    ),
    (
        {"stocks": [], "scenario": GOOD.replace(f"{BURSTS}.rounds", 0)},
        ["resupply.0", f"scenario.{GUN}"],
        "its magazine starts with 0 rounds",
    ),
    ({"interval": 400 * lt.DAY}, ["interval"], "400 days"),
    (
        {"stocks": [lt.Stock(interceptor="gun burst", rounds=9, rate=8.0)]},
        ["stocks.0.rate"],
        "691,200 rounds a day",
    ),
    ({"stocks": [lt.Stock(interceptor="area SAM", rounds=9)]}, ["stocks.0"], "never used"),
    ({"stocks": [lt.Stock(interceptor="gun burst", rounds=0)]}, ["stocks.0"], "nothing reaches it"),
    (
        {"resupply": [lt.Resupply(battery="gun", interceptor="gun burst", rounds=0)]},
        ["resupply.0.rounds"],
        "brings nothing",
    ),
    ({"raids": 1}, ["raids"], "only one"),
    ({"replacement_time": 7.0}, ["replacement_time"], "no salvo aims at a battery"),
]


@pytest.mark.parametrize(("changes", "found", "words"), ROWS)
def test_a_slip_in_a_scenario_is_found(
    changes: Mapping[str, Any], found: list[str], words: str
) -> None:
    scenario = GOOD
    for path, value in changes.items():
        scenario = scenario.replace(path, value)
    assert places(scenario) == found
    assert words in str(lt.check(scenario)[0])
    # The same in a campaign, but a reload that is too late for one raid comes in a later one.
    campaign = lt.Campaign(name="week", scenario=scenario, raids=7, interval=500 * lt.DAY)
    own = [place for place in places(campaign) if place != "interval"]
    late = [f"scenario.{place}" for place in found if "raid is over" not in words]
    assert own == late


@pytest.mark.parametrize(("changes", "found", "words"), ROWS_OF_CAMPAIGNS)
def test_a_slip_in_a_campaign_is_found(
    changes: dict[str, Any], found: list[str], words: str
) -> None:
    campaign = lt.Campaign(**{**vars(NIGHTS), **changes})
    assert places(campaign) == found
    assert words in str(lt.check(campaign)[0])


def test_an_axis_that_no_salvo_uses_is_found() -> None:
    scenario = lt.Scenario(
        name="axes",
        threats=[lt.Threat(name="t", speed=100.0)],
        interceptors=[gun()],
        salvos=[salvo("n", 2, axis="north"), salvo("s", 2, axis="south"), salvo("none", 2)],
        layers=[
            layer(
                "L",
                battery("B", axes=["west"], assessment_time=1.0),
                battery("C", axes=["south"], assessment_time=1.0),
            )
        ],
        axes=["north", "south", "west"],
    )
    found = {finding.place: finding.what for finding in lt.check(scenario)}
    assert list(found) == [
        "salvos.n",
        "salvos.none",
        "layers.L.batteries.B",
    ]
    assert "it serves only west" in found["layers.L.batteries.B"]


def test_a_salvo_that_cannot_harm_its_target_is_found() -> None:
    for place, value in (("decoy", True), ("lethality", 0.0)):
        scenario = GOOD.replace(f"threats.ballistic.{place}", value)
        found = lt.check(scenario.replace("salvos.missiles.target", "gun-3"))
        assert [finding.place for finding in found] == ["salvos.missiles.target"]
    assert lt.check(GOOD.replace("salvos.missiles.target", "gun-3")) == []


def test_parts_that_nobody_uses_are_found() -> None:
    spare = magazine("spare", 3)
    guns = [gun(), gun("spare", {"u": 0.5}), gun("lost")]
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="u", speed=100.0)]
    own = battery(magazines=[magazine(), spare], assessment_time=1.0)
    scenario = raid(salvo(count=3), layer("L", own), guns, threats)
    assert places(scenario) == [
        "threats.u",
        "layers.L.batteries.B.magazines.spare",
        "interceptors.lost",
    ]


def test_raids_of_a_campaign_count_together() -> None:
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="u", speed=100.0)]
    own = battery(assessment_time=1.0)
    base = raid([], layer("L", own), gun(kills={"t": 0.5, "u": 0.5}), threats)
    late = salvo("late", 4, 5000.0, "u")
    early = salvo("early", 4, 0.0)
    campaign = lt.Campaign(name="c", scenario=base, raids=[[early], [late], []], interval=6000.0)
    assert places(campaign) == []
    sooner = lt.Campaign(**{**vars(campaign), "interval": 4000.0})
    assert places(sooner) == ["interval"]
    assert "raids.1 lasts from 5,000" in str(lt.check(sooner)[0])
    stock = lt.Stock(
        interceptor="gun",
        rounds=1,
        deliveries=[lt.Delivery(time=time, rounds=2) for time in (0.0, 3.0, 12_000.0, 12_001.0)],
    )
    resupply = [lt.Resupply(battery="B", interceptor="gun")]
    stocked = lt.Campaign(**{**vars(campaign), "stocks": [stock], "resupply": resupply})
    assert places(stocked) == ["stocks.0.deliveries.1.time", "stocks.0.deliveries.3.time"]
    aimed = salvo("aimed", 1, 0.0, target="B")
    for time, found in ((5.0, 1), (6000.0, 0), (20_000.0, 1)):
        lost = {**vars(campaign), "raids": [[aimed], [late]], "replacement_time": time}
        assert len(lt.check(lt.Campaign(**lost))) == found


# ---------------------------------------------------------------- no false alarms


def test_good_scenarios_have_no_findings() -> None:
    good: list[lt.Scenario | lt.Campaign] = [GOOD, NIGHTS, lt.load_example("night_of_2025_07_04")]
    # These two models need a battery that never fires, and one that nothing limits.
    odd = ("destroyed_by", "tracks_and_channels")
    good += [lt.exact.as_scenario(c.model, **c.arguments) for c in CASES if c.model not in odd]
    good += [busy_scenarios.ordered_scenario(n, "deadline") for n in range(20)]
    good += [campaigns.short_campaign(n) for n in range(20)]
    assert {each.name: lt.check(each) for each in good if lt.check(each)} == {}


@pytest.mark.parametrize("number", range(40))
def test_what_is_said_of_random_scenarios_is_true(number: int) -> None:
    """Idle batteries and magazines do not fire, what nothing can stop leaks, reloads are late."""
    scenario = busy_scenarios.scenario(number)
    result = lt.simulate(scenario, replications=50, seed=number)
    threats = {own.name: (own.threat, own.axis) for own in scenario.salvos}
    units = {own.name: list(own.names) for each in scenario.layers for own in each.batteries}
    for place, what, why in lt.check(scenario):
        steps = place.split(".")
        of = result.sel(battery=units.get(steps[3], [])) if len(steps) > 3 else result
        if "never fires" in why:
            assert of.engagements.sum() == 0
        elif "never fired" in why and steps[-2:-1] == ["magazines"]:
            assert of.expended.sel(interceptor=steps[-1]).sum() == 0
        elif steps[-1] == "reload_time" and "no reload comes" in why:
            assert of.reloaded.sel(interceptor=steps[5]).sum() == 0
        elif "rounds are never fired" in why:
            own = of.sel(interceptor=steps[5])
            kept = own.rounds.clip(max=int(re.findall(r"\d+", what)[0]))
            assert (own.expended <= own.rounds + own.reloaded - kept).all()
        elif "all leak" in why:
            alike = [name for name, key in threats.items() if key == threats[steps[1]]]
            assert (result.leaked.sel(salvo=alike) == result.launched.sel(salvo=alike)).all()
        elif place == "salvos":
            assert result.launched.sum() == 0


# ---------------------------------------------------------------- warnings


def warned(call: Callable[[], object]) -> list[str]:
    """The findings of which a call warns, each located in this file."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    own = [each for each in caught if issubclass(each.category, lt.ScenarioWarning)]
    assert {each.filename for each in own} <= {__file__}
    assert len(own) == len(caught)
    return [str(each.message) for each in own]


ODD = GOOD.replace(f"{SAM}.axes", []).replace(f"{BURSTS}.reserved", 5)
SAID = [str(finding) for finding in lt.check(ODD)]
COUNT = "salvos.drones.count"
STUDIES: list[Callable[[lt.Scenario], object]] = [
    lambda s: lt.simulate(s, replications=2, seed=1),
    lambda s: (
        lt.rerun(lt.simulate(GOOD, replications=2, seed=1)) and lt.simulate(s, replications=1)
    ),
    lambda s: lt.sweep(s, {COUNT: [3, 4, 5]}, measures=["leakers"], replications=2),
    lambda s: lt.compare({"a": s, "b": s.replace(COUNT, 9)}, measures=["leakers"], replications=2),
    lambda s: lt.tornado(s, {COUNT: (3, 4)}, replications=2),
    lambda s: lt.allocate(s, [f"{GUN}.count"], 3.0, 1.0, replications=2, steps=1),
    lambda s: lt.sensitivity(
        s,
        {
            "threats.drone.speed": stats.uniform(40, 20),
            "threats.ballistic.speed": stats.uniform(1e3, 9),
        },
        points=2,
        replications=2,
    ),
    lambda s: lt.saturation_point(s, {COUNT: (3, 9)}, "leakers", 1.0, replications=2),
    lambda s: lt.size_for_goal(
        s, f"{GUN}.count", lt.Goal("leakers", at_most=400.0), low=1, high=2, most_replications=9
    ),
    lambda s: lt.simulate_to_precision(s, "leakers", 1e9, most_replications=9),
    lambda s: lt.kill_probability_gradient(s, "leakers", replications=9),
]


@pytest.mark.parametrize("study", STUDIES)
def test_a_call_warns_once_where_it_is(study: Callable[[lt.Scenario], object]) -> None:
    assert len(SAID) == 1
    assert warned(lambda: study(ODD)) == SAID
    assert warned(lambda: study(GOOD)) == []


def test_files_and_campaigns_warn_once(tmp_path: Path) -> None:
    ODD.save(tmp_path / "odd.toml")
    assert warned(lambda: lt.load_scenario(tmp_path / "odd.toml")) == SAID
    campaign = lt.Campaign(name="c", scenario=ODD, raids=3, interval=lt.DAY)
    campaign.save(tmp_path / "odd.json")
    said = [f"scenario.{line}" for line in SAID]
    assert warned(lambda: lt.load_campaign(tmp_path / "odd.json")) == said
    assert warned(lambda: lt.simulate_campaign(campaign, replications=2, seed=1)) == said


def test_a_study_does_not_warn_of_what_it_varies() -> None:
    empty = GOOD.replace(f"{BURSTS}.rounds", 0)
    assert len(lt.check(empty)) == 1
    kept = GOOD.replace(f"{BURSTS}.reserved", 30)
    axes, ranges = {f"{BURSTS}.rounds": [31, 40]}, {f"{BURSTS}.rounds": (31, 40)}
    assert warned(lambda: lt.sweep(empty, axes, measures=["leakers"], replications=2)) == []
    assert warned(lambda: lt.sweep(kept, axes, measures=["leakers"], replications=2)) == []
    assert warned(lambda: lt.tornado(empty, ranges, replications=2)) == []
    other = {f"{SAM}.channels": [3, 4]}
    assert len(warned(lambda: lt.sweep(empty, other, measures=["leakers"], replications=2))) == 1


def test_the_cost_of_a_check_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand magazines and a thousand axes took 16 s; what is said without shots remains."""
    salvos = [salvo(f"s{n}", 1, axis=f"a{n}") for n in range(300)]
    many = [battery(f"B{n}", axes=["a0"], assessment_time=1.0) for n in range(300)]
    scenario = raid(salvos, [layer("L", *many), layer("empty")])
    monkeypatch.setattr(_shots, "_obstacle", None)
    assert places(scenario) == ["layers.empty"]


def test_many_findings_are_cut() -> None:
    layers = [layer(f"L{n}", outer=1000.0 + n) for n in range(30)]
    many = raid(salvo(count=1), [layer("B", battery()), *layers])
    assert len(lt.check(many)) == 30
    said = warned(lambda: lt.simulate(many, replications=1, seed=1))
    assert len(said) == MOST_WARNINGS
    assert said[-1] == "21 more findings: leakthrough.check lists all"


@pytest.mark.parametrize(
    ("timeline", "wrong"),
    [
        ((), False),
        ((0.0, 3600.0), False),
        ((7200.0, 7250.0), False),
        ((0.0,), False),
        ((1.0, 2.0, 3.0, 4.0), True),
        ((16_000.0,), True),
        ((-50.0, -1.0), True),
    ],
)
def test_a_timeline_that_misses_the_raid_is_found(timeline: tuple[float, ...], wrong: bool) -> None:
    said = warned(lambda: lt.simulate(GOOD, replications=1, seed=1, timeline=timeline))
    assert len(said) == wrong
    assert all(line.startswith("timeline: goes from") for line in said)
    said = warned(lambda: lt.simulate_campaign(NIGHTS, replications=1, timeline=timeline))
    assert len(said) == wrong


@pytest.mark.parametrize("value", [None, "scenario", {}, 3, lt.Scenario])
def test_only_scenarios_and_campaigns_are_checked(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^scenario: must be a Scenario or a Campaign; got"):
        lt.check(value)


def test_a_finding_is_a_line_and_a_tuple() -> None:
    [finding] = lt.check(ODD)
    place, what, why = finding
    assert str(finding) == f"{place}: {what}; {why}"
    assert "\n" not in str(finding)
    assert issubclass(lt.ScenarioWarning, UserWarning)


def test_units_are_factors_to_those_of_the_fields() -> None:
    assert (lt.MINUTE, lt.HOUR, lt.DAY, lt.KM) == (60.0, 3600.0, 86_400.0, 1000.0)
    assert 180 * lt.KM / lt.HOUR == 50.0
