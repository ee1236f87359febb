"""`check` finds what makes no sense in positions, paths and assets."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from placed_scenarios import placed_scenario
from raids import battery, gun, layer, magazine, raid, salvo
from varying_scenarios import varying_scenario

import leakthrough as lt
from leakthrough.model import cases
from leakthrough.model.paths import changed

ROUNDS = magazine("missile", 20, reserved=4)
POINTS = [(0.0, 0.0), (40e3, 10e3), (-30e3, 25e3)]


def places(scenario: lt.Scenario | lt.Campaign) -> list[str]:
    return [finding.place for finding in lt.check(scenario)]


def defended() -> lt.Scenario:
    """Three assets, mobile guns at each, an area site between two of them; raids from the north."""
    area = battery("SAM", magazines=[ROUNDS], channels=4, reaction_time=8.0, assessment_time=2.0)
    guns = battery("gun", 40, [magazine("burst", 40)], reaction_time=3.0, assessment_time=1.0)
    return lt.Scenario(
        name="notional",
        threats=[
            lt.Threat(name="drone", speed=50.0),
            lt.Threat(name="missile", speed=240.0, priority=1),
            lt.Threat(name="decoy", speed=50.0, decoy=True, lethality=0.0),
        ],
        interceptors=[
            gun("burst", {"drone": 0.4, "decoy": 0.4}, speed=900.0),
            gun(
                "missile",
                {"drone": 0.8, "missile": lt.ByDistance(distance=[0, 3e4], probability=[0.8, 0.4])},
                speed=1000.0,
            ),
        ],
        assets=[
            lt.Asset(name="city", position=POINTS[0], value=10.0, aim_points=20),
            lt.Asset(name="plant", position=POINTS[1], value=5.0, hardness=0.5, priority=1),
            lt.Asset(name="depot", position=POINTS[2]),
        ],
        salvos=[
            salvo("drones", 40, lt.Uniform(start=0, stop=900), "drone", target="city", bearing=350),
            salvo("decoys", 20, 60.0, "decoy", target="city", bearing=350.0, start_range=80e3),
            salvo("round", 9, 0.0, "drone", target="depot", route=[(-90e3, 90e3), (-60e3, 30e3)]),
            salvo("missiles", 6, 600.0, "missile", target="plant", bearing=12.5),
            salvo("blinding", 2, 500.0, "missile", target="SAM", bearing=2.5),
        ],
        layers=[
            layer(
                "area",
                area,
                outer={"missile": 30e3, "drone": 20e3},
                inner_range={"missile": 2e3},
                position=(20e3, 5e3),
            ),
            layer("mobile", guns, outer=4e3, positions=POINTS, soft_kill={"drone": 0.2}),
        ],
    )


GOOD = defended()
NEAR = [(0.0, 0.0), (40.0, 10.0), (-30.0, 25.0)]
KM = {
    "assets.city.position": NEAR[0],
    "assets.plant.position": NEAR[1],
    "assets.depot.position": NEAR[2],
    "layers.area.position": (20.0, 5.0),
    "layers.area.outer_range": 30e3,
    "layers.mobile.positions": NEAR,
    "layers.mobile.outer_range": 6e3,
    "salvos.round.route": [(-90.0, 90.0), (-60.0, 30.0)],
}

# Each row: changes of the good scenario, the places of all findings, and words of the first.
ROWS: list[tuple[Mapping[str, Any], list[str], str]] = [
    # Paths and sites.
    (
        {"layers.area.outer_range": {"missile": 30e3}, "layers.mobile.outer_range": {"drone": 4e3}},
        ["salvos.decoys", "layers.mobile.positions"],
        "its path does not come into the reach of any layer; nothing can stop it",
    ),
    (
        {"layers.mobile.positions": [(40e3, -90e3), *POINTS]},
        ["layers.mobile.positions"],
        "no path comes into the reach of 1 of 4 (mobile-1); they do nothing",
    ),
    (
        {"layers.mobile.positions": [(1e3 * n, -90e3) for n in range(5)] + POINTS},
        ["layers.mobile.positions"],
        "the reach of 5 of 8 (mobile-1, mobile-2, mobile-3, ...); they do nothing",
    ),
    (
        {"layers.area.position": (0.0, -90e3), "salvos.blinding.count": 0},
        ["salvos.missiles", "layers.area"],
        "nothing can stop missile (burst has kill probability 0 against missile)",
    ),
    (
        {"salvos.decoys.start_range": 3e3},
        ["salvos.decoys.start_range"],
        "is 3000 m, within the reach of layer mobile; the window opens at once",
    ),
    (
        {"salvos.round.route": [(15e3, 10e3)]},
        ["salvos.round.route"],
        "begins within the reach of layer area; the window opens at once",
    ),
    ({"salvos.round.route": [(10e3, 22.33e3)]}, [], ""),
    # Units.
    (
        KM,
        ["salvos.round.route", "layers.area.position"],
        "begins within the reach of layer area",
    ),
    (
        {"interceptors.missile.flight_time": 0.0, "salvos.drones.bearing": 6.1}
        | {f"salvos.{name}.bearing": 0.0 for name in ("decoys", "missiles", "blinding")},
        ["salvos.drones.bearing"],
        "is 6.1, and no bearing is above 6.3; all threats come from the north; bearings are in deg",
    ),
    (
        {f"salvos.{name}.bearing": 5.0 for name in ("drones", "decoys", "missiles", "blinding")},
        [],
        "",
    ),
    ({"interceptors.burst.speed": 0.9}, ["interceptors.burst.speed"], "is 0.9 m/s"),
    (
        {"interceptors.missile.kill_probability.missile.distance": [0.0, 30.0]},
        ["interceptors.missile.kill_probability.missile.distance"],
        "goes to 30 m, and ranges to 30000 m; it is constant beyond",
    ),
    (
        {"layers.area.outer_range": {"missile": 30.0, "drone": 20e3}, "layers.area.inner_range": 0},
        [
            *("salvos.missiles", "salvos.blinding", "layers.area.outer_range.missile"),
            "layers.area.batteries.SAM",
        ],
        "nothing can stop missile",
    ),
    (
        {"layers.area.inner_range": {"missile": 2.0}},
        ["layers.area.inner_range.missile"],
        "is 2 m; the ring goes out to 30000 m; ranges are in metres",
    ),
    # Targets.
    (
        {"threats.missile.lethality": 0.0},
        ["salvos.missiles.target", "salvos.blinding.target"],
        "missile has lethality 0; it does no damage",
    ),
    (
        {"salvos.blinding.threat": "decoy", "salvos.blinding.target": "gun@mobile-1"},
        ["salvos.blinding.target"],
        "decoy is a decoy or has lethality 0; it destroys no battery",
    ),
    ({"salvos.round.target": "gun@mobile-3"}, ["assets.depot"], "no salvo aims at it, but at"),
    ({"assets.plant.hardness": 1.0}, ["assets.plant.hardness"], "no hit does any damage"),
    ({"assets.city.value": 0.0}, ["assets.city.value"], "is 0, but it has 20 aim points"),
    ({"assets.city.repair_time": 9e4}, ["assets.city.repair_time"], "nothing is repaired"),
    (
        {f"salvos.{name}.target": "gun@mobile-1-1" for name in ("drones", "round", "missiles")}
        | {"salvos.decoys.count": 0, "layers.mobile.batteries.gun.count": 2},
        ["layers.mobile.positions", "assets"],
        "",
    ),
    # What a battery can do at a place.
    (
        {"layers.area.batteries.SAM.doctrine.fire_above": 0.9},
        ["salvos.missiles", "layers.area.batteries.SAM"],
        "the kill probability of missile at missile is never above fire_above = 0.9",
    ),
    (
        {"layers.area.batteries.SAM.reaction_time": 300.0},
        ["salvos.missiles", "layers.area.batteries.SAM"],
        "missile at missile takes 300 s or more of reaction, and the last launch is",
    ),
    (
        {"interceptors.missile.speed": None, "interceptors.missile.flight_time": 200.0},
        ["salvos.missiles", "layers.area.batteries.SAM"],
        "missile at missile takes 208 s or more of reaction and flight, and the last intercept is",
    ),
    (
        {"threats.missile.priority": 0},
        [],
        "",
    ),
    (
        {"threats.missile.priority": 0, "assets.plant.priority": 0},
        ["layers.area.batteries.SAM.magazines.missile.reserved"],
        "has no target of priority 1 or more",
    ),
]


@pytest.mark.parametrize(("changes", "found", "words"), ROWS)
def test_a_slip_is_found(changes: Mapping[str, Any], found: list[str], words: str) -> None:
    scenario = changed(GOOD, changes)
    assert places(scenario) == found
    assert words in "".join(map(str, lt.check(scenario)[:1]))


def test_the_good_one_has_no_findings() -> None:
    assert lt.check(GOOD) == []
    week = lt.Campaign(name="week", scenario=GOOD, raids=7, interval=lt.DAY)
    assert lt.check(week) == []
    # Repairs have an effect only in a campaign of several raids.
    repaired = GOOD.replace("assets.city.repair_time", 5 * lt.DAY)
    assert lt.check(lt.Campaign(**{**vars(week), "scenario": repaired})) == []


def test_what_is_equal_is_said_once() -> None:
    """Four sites with two batteries each that have no rounds, and six salvos on as many paths."""
    own = battery(rounds=0, count=2, assessment_time=1.0)
    sites = [(1e3 * n, 0.0) for n in range(4)]
    waves = [salvo(f"wave {n}", 3, bearing=60.0 * n) for n in range(6)]
    scenario = raid(waves, layer("L", own, outer=9e3, positions=sites))
    assert places(scenario) == ["salvos.wave 0", "layers.L.batteries.B"]
    near = [salvo(f"wave {n}", 3, bearing=60.0 * n, start_range=2e3) for n in range(6)]
    assert places(raid(near, layer("L", own, outer=9e3, positions=sites)))[2:] == [
        "salvos.wave 0.start_range"
    ]


def test_a_campaign_is_checked_over_all_its_raids() -> None:
    """What one raid does not reach, aim at or repair, another does."""
    salvos = {own.name: own for own in GOOD.salvos}
    first, other = [salvos["drones"]], [salvos["round"], salvos["missiles"], salvos["decoys"]]
    campaign = lt.Campaign(name="c", scenario=GOOD, raids=[first, other], interval=lt.DAY)
    assert places(campaign) == []
    late = {**vars(salvos["round"]), "route": [(15e3, 10e3)]}
    harmless = {**vars(salvos["missiles"]), "threat": "decoy", "target": "gun@mobile-2"}
    other = [*other[2:], lt.Salvo(**late), lt.Salvo(**{**harmless, "name": "harmless"})]
    campaign = lt.Campaign(name="c", scenario=GOOD, raids=[first, other], interval=lt.DAY)
    assert (
        places(campaign)
        == [
            "scenario.threats.missile",
            "scenario.layers.area.batteries.SAM.magazines.missile.reserved",
            "raids.1.round.route",
            "raids.1.harmless.target",
            "scenario.assets.plant",
        ][1:]
    )


def test_a_lost_battery_is_replaced_only_if_a_salvo_aims_at_one() -> None:
    base = GOOD.replace("salvos.blinding.target", "plant")
    for scenario, found in ((GOOD, []), (base, ["replacement_time"])):
        campaign = {"scenario": scenario, "raids": 3, "interval": lt.DAY}
        assert places(lt.Campaign(name="c", replacement_time=lt.DAY, **campaign)) == found


def test_resupply_knows_the_batteries_of_sites() -> None:
    empty = GOOD.replace("layers.mobile.batteries.gun.magazines.burst.rounds", 0)
    supply = [lt.Resupply(battery="gun@mobile-2", interceptor="burst")]
    campaign = lt.Campaign(name="c", scenario=empty, raids=3, interval=lt.DAY, resupply=supply)
    assert "resupply.0" in places(campaign)
    stock = lt.Stock(interceptor="burst", rounds=9, rate=11 * 120 / lt.DAY)
    stocked = {**vars(campaign), "stocks": [stock], "scenario": GOOD}
    assert places(lt.Campaign(**stocked)) == []  # 40 rounds at each of three sites
    one = GOOD.replace("layers.mobile.positions", [POINTS[0]]).replace("salvos.blinding.count", 0)
    assert "stocks.0.rate" in places(
        lt.Campaign(
            **{**stocked, "scenario": one, "resupply": [{**vars(supply[0]), "battery": "gun"}]}
        )
    )


LEAKS = "all leak in every replication", "nothing can stop it"
IDLE = "it does nothing", "they do nothing", "it never fires", "it is never fired"


def random_scenario(number: int) -> lt.Scenario:
    return (varying_scenario if number % 2 else placed_scenario)(number)


def batteries_of(scenario: lt.Scenario, place: str, what: str) -> list[str]:
    """The names of the batteries of which a finding at a layer speaks."""
    _, name, *steps = place.split(".")
    [own] = [each for each in scenario.layers if each.name == name]
    ranks = [n for n, each in enumerate(own.batteries) if each.name in steps or len(steps) < 2]
    sites = [site for site in own.sites if steps != ["positions"] or site.name in what]
    return [single for site in sites for n in ranks for single in site.batteries[n].names]


@pytest.mark.parametrize("number", range(60))
def test_what_is_said_of_random_scenarios_is_true(number: int) -> None:
    """What is out of reach or cannot fire does nothing, and what nothing can stop leaks."""
    scenario = random_scenario(number)
    result = lt.simulate(scenario, replications=30, seed=number)
    for place, what, why in lt.check(scenario):
        steps = place.split(".")
        if why in LEAKS:
            own = result.sel(salvo=steps[1])
            assert (own.leaked == own.launched).all()
        elif why in IDLE and steps[0] == "layers":
            fired = result.expended.sel(battery=batteries_of(scenario, place, what))
            fired = fired.sel(interceptor=steps[5]) if len(steps) > 5 else fired
            assert (fired == 0).all()


def test_the_random_scenarios_have_such_findings() -> None:
    said = Counter(why for n in range(60) for _, _, why in lt.check(random_scenario(n)))
    assert min(said[why] for why in (*LEAKS, *IDLE)) >= 5


def test_the_cost_of_a_check_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand sites and a route of thirty points; what is said without paths remains."""
    sites = [(1e3 * n, 0.0) for n in range(1000)]
    route = [(0.0, 5e3 * (n % 2)) for n in range(30)]
    own = layer("L", battery(assessment_time=1.0), positions=sites)
    scenario = raid(salvo(route=route), [own, layer("empty", position=(1.0, 1.0))])
    monkeypatch.setattr(cases, "reaches_of", None)
    assert places(scenario) == ["layers.empty"]


def test_the_time_to_fire_is_that_of_the_longest_pass_and_of_the_last_launch() -> None:
    """A threat flies at 100 m/s; windows and last launches by hand."""

    def idle(path: list[tuple[float, float]], weapon: lt.Interceptor, **fields: Any) -> list[str]:
        inner = fields.pop("inner_range", 0.0)
        own = layer("L", battery(assessment_time=1.0, **fields), inner_range=inner)
        found = lt.check(raid(salvo(count=3, route=path), own, weapon))
        return [what for place, what, _ in found if place == "layers.L.batteries.B"]

    fixed = gun(flight_time=1.0)
    # Passes of 12 s, at a distance of 800 m, and of 10 s, straight in; before them one of 8.7 s.
    one, other = [(-2e3, 800.0), (2e3, 800.0)], [(2e3, 0.0)]
    for path in (one + other, [(2e3, 900.0), (-2e3, 900.0), *one, *other]):
        assert idle(path, fixed, reaction_time=11.0) == []
        [text] = idle(path, fixed, reaction_time=11.5)
        assert (
            text == "gun at t takes 12.5 s or more of reaction and flight, and the window is 12 s"
        )
    # As fast as the threat: a launch 2 s after the opening meets it on the inner edge, 4 s later.
    slow = gun(speed=100.0)
    assert idle(other, slow, inner_range=400.0, reaction_time=2.0) == []
    [text] = idle(other, slow, inner_range=400.0, reaction_time=2.1)
    assert text == "gun at t takes 2.1 s or more of reaction, and the last launch is 2 s after " + (
        "the window opens"
    )
    # It kills only beyond 400 m, that is for 6 s.
    far = gun(kills={"t": lt.ByDistance(distance=[400, 500], probability=[0.0, 0.5])})
    assert idle(other, far, reaction_time=6.0) == []
    [text] = idle(other, far, reaction_time=6.1)
    assert text.endswith(
        "reaction and flight, and the last intercept is 6 s after the window opens"
    )
