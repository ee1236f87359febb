"""Patterns of raids as documents: what is wrong in them, and what is odd."""

from typing import Any

import pytest
from raids import layer, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.model.raid_pattern import stationary

TIMED = salvo("s", arrival=[1.0, 2.0])
KINDS = [
    {"name": "routine", "salvos": [salvo("s", 5)], "next": {"large": 0.1}},
    {"name": "large", "salvos": [salvo("s", 9)], "next": {"routine": 0.5}},
]


def pattern(*kinds: dict[str, Any], number: Any = 9, **fields: Any) -> lt.RaidPattern:
    return lt.RaidPattern(number=number, kinds=[*kinds] or KINDS, **fields)


def campaign(raids: Any, **fields: Any) -> lt.Campaign:
    threats = [lt.Threat(name="t", speed=100.0), lt.Threat(name="u", speed=100.0)]
    scenario = raid(salvo("s", 1), layer("L"), threats=threats)
    return lt.Campaign(name="c", scenario=scenario, raids=raids, **{"interval": lt.DAY, **fields})


def named(name: str, *salvos: lt.Salvo, **rule: Any) -> dict[str, Any]:
    return {"name": name, "salvos": [*salvos], **rule}


ROUTINE, LARGE = named("routine", salvo("s", 5)), named("large", salvo("s", 9), every=3)


@pytest.mark.parametrize(
    ("kinds", "fields", "said"),
    [
        ([], {"number": 0}, "number: must be at least 1; got 0"),
        ([], {"number": 100_001}, "number: must be at most 100,000; got 100001"),
        ([], {"daily_growth": 2.5}, "daily_growth: must be at most 2; got 2.5"),
        ([], {"daily_growth": 0}, "daily_growth: must be at least 0.5; got 0"),
        ([named(f"k{n}", every=2) for n in range(21)], {}, "kinds: must have at most 20 entries"),
        ([ROUTINE, named("large")], {}, "kinds.large.every: is required, unless kinds have `next`"),
        ([LARGE], {}, "kinds.large.every: must not be given for the first kind, of which all"),
        ([ROUTINE, {**LARGE, "every": 0}], {}, "kinds.large.every: must be at least 1; got 0"),
        ([ROUTINE, {**LARGE, "first": 0}], {}, "kinds.large.first: must be at least 1; got 0"),
        ([named("a", first=2)], {}, "kinds.a.first: must not be given without `every`"),
        ([ROUTINE, LARGE, LARGE], {}, "kinds.large: more than one is called 'large'"),
        (
            [KINDS[0], {**KINDS[1], "every": 2}],
            {},
            "kinds.large.every: must not be given where kinds are drawn (`next`, `initial`)",
        ),
        (
            [named("a", next={"bb": 0.5}), named("b", next={"a": 1.0})],
            {},
            "kinds.a.next.bb: 'bb' is not the name of a kind of raid",
        ),
        ([named("a", next={"a": 0.5})], {}, "kinds.a.next.a: must be another kind; it follows"),
        (
            [named("a", next={"b": 0.7, "c": 0.6}), named("b", next={"a": 1}), named("c")],
            {"initial": {"a": 1}},
            "kinds.a.next: its sum must be at most 1; got 1.3",
        ),
        ([named("a", next={"b": 1.5}), named("b")], {}, "kinds.a.next.b: must be at most 1; got"),
        ([named("a", next={"b": 0.5}), named("b")], {}, "initial: is required, since some kind is"),
        ([], {"initial": {"rutine": 1.0}}, "initial.rutine: 'rutine' is not the name of a kind"),
        ([], {"initial": {"routine": 0.5}}, "initial: its sum must be 1; got 0.5"),
        (
            [ROUTINE, named("large", salvo("s", 9, 5.0), every=3)],
            {},
            "kinds.large.salvos.s: must be as in the kind 'routine', but for its count",
        ),
        (
            [named("a", TIMED)],
            {"daily_growth": 1.1},
            "kinds.a.salvos.s.arrival: lists a time for each threat",
        ),
        ([], {"stocks": [{"threat": "t", "count": -1}]}, "stocks.t.count: must be at least 0; got"),
        ([], {"stocks": [{"threat": "t"}]}, "stocks.t.count: is missing"),
        ([], {"stock": []}, "stock: is not a field of RaidPattern; did you mean 'stocks'?"),
    ],
)
def test_what_is_wrong_is_said(kinds: Any, fields: Any, said: str) -> None:
    """By the model itself, and from a file."""
    with pytest.raises(lt.ScenarioError) as error:
        pattern(*kinds, **fields)
    assert [line for line in error.value.mistakes if line.startswith(said)], error.value.mistakes
    with pytest.raises(lt.ScenarioError) as error:
        campaign({"number": 9, "kinds": kinds or KINDS, **fields})
    own = [line for line in error.value.mistakes if line.startswith(f"raids.{said}")]
    assert own, error.value.mistakes


@pytest.mark.parametrize(
    ("raids", "said"),
    [
        (pattern(stocks=[{"threat": "T", "count": 1}]), "raids.stocks.T.threat: 'T' is not the na"),
        (
            pattern(stocks=[{"threat": "t", "count": 1}] * 2),
            "raids.stocks.t: more than one of 't'",
        ),
        (
            pattern(stocks=[{"threat": "t", "count": 1, "replenishment": stats.gamma(1, 0, 1e9)}]),
            "raids.stocks.t.replenishment: must not reach 1,000,000,000 threats, but gamma reaches",
        ),
        (
            pattern(number=99, daily_growth=1.5),
            "raids.daily_growth: the factor of the last raid is 1.81e+17, so a salvo of 9 exceeds",
        ),
        (
            pattern(named("a", salvo("s", 9, lt.Regular(start=0.0, interval=1e8))), daily_growth=2),
            "raids.daily_growth: in the last raid, arrival.interval: ",
        ),
        (
            pattern(named("a", salvo("s", 9, threat="x"))),
            "raids.kinds.a: salvos.s.threat: 'x' is",
        ),
        (pattern(number=2000), "interval: times the 2,000 raids must be at most 1e+12 s; got"),
    ],
)
def test_what_does_not_fit_the_campaign_is_said(raids: lt.RaidPattern, said: str) -> None:
    with pytest.raises(lt.ScenarioError) as error:
        campaign(raids, **({"interval": 1e9} if said.startswith("interval") else {}))
    assert [line for line in error.value.mistakes if line.startswith(said)], error.value.mistakes


def test_the_kind_of_a_drawn_raid_is_not_known() -> None:
    drawn = campaign(pattern())
    with pytest.raises(ValueError, match="number: the kind of each raid is drawn; got 2"):
        drawn.raid(2)
    with pytest.raises(ValueError, match="number: must be from 1 to 9; got 10"):
        drawn.raid(10)
    assert campaign(pattern(ROUTINE, LARGE)).raid(3).salvos[0].count == 9


def test_rare_events_have_no_pattern() -> None:
    one = campaign(pattern(ROUTINE, number=1, stocks=[{"threat": "t", "count": 1}]))
    with pytest.raises(ValueError, match="scenario: the raid of a campaign must not be a pattern"):
        lt.rare(one, "leakers", at_least=3, seed=1)


@pytest.mark.parametrize(
    ("raids", "place", "what"),
    [
        (pattern(ROUTINE, {**LARGE, "every": 10}), "raids.kinds.large", "no raid is of this kind"),
        (
            pattern(*KINDS, named("never", next={"routine": 1}), initial={"routine": 1}),
            "raids.kinds.never",
            "no raid is of this kind",
        ),
        (pattern(stocks=[{"threat": "u", "count": 1}]), "raids.stocks.u", "no salvo is of u"),
        (
            pattern(stocks=[{"threat": "t", "count": 1, "rate": 1e-7}]),
            "raids.stocks.t.rate",
            "is 1e-07 a second, 0.069 threats in the campaign",
        ),
        (
            pattern(stocks=[{"threat": "t", "count": 1, "rate": 300.0}]),
            "raids.stocks.t.rate",
            "is 300 a second, 25,920,000 threats a day",
        ),
        (
            pattern(named("a", salvo("s", 3, lt.Regular(start=0.0, interval=9e4)))),
            "interval",
            "is 86,400 s, and raids.kinds.a.salvos lasts from",
        ),
    ],
)
def test_what_makes_no_sense_is_found(raids: lt.RaidPattern, place: str, what: str) -> None:
    found = {finding.place: finding.what for finding in lt.check(campaign(raids))}
    assert found.get(place, "").startswith(what), found


def test_a_sensible_pattern_is_not_odd() -> None:
    stock = {"threat": "t", "count": 100, "rate": 1e-3}
    found = [own for own in lt.check(campaign(pattern(stocks=[stock]))) if "raids" in own.place]
    assert [own for own in found if "nothing can stop" not in own.what] == []


def test_the_stationary_distribution() -> None:
    assert stationary([[1.0]]) == (1.0,)
    assert stationary([[0.0, 1.0], [1.0, 0.0]]) == (0.5, 0.5)
    assert pattern().chances_of_first == pytest.approx((5 / 6, 1 / 6))
    assert pattern(initial={"large": 1.0}).chances_of_first == (0.0, 1.0)
