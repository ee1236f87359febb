"""Times to the replacement of lost batteries: by name, and drawn for each loss."""

import os
from pathlib import Path
from typing import Any

import pytest
from raids import battery, layer, raid, salvo
from scipy import stats
from supply_chain import assert_exact, small

import leakthrough as lt
from leakthrough.reference.draws import RaidDraws, quantile, uniform

SEED = int(os.environ.get("LEAKTHROUGH_SEED", "0"))
DAY = lt.DAY


def hunted(time: Any, raids: int = 8) -> lt.Campaign:
    """Each raid destroys the batteries that are there; they have no rounds."""
    waves = [salvo(f"to {name}", target=name) for name in ("A-1", "A-2", "B")]
    site = layer("L", battery("A", count=2, rounds=0), battery("B", rounds=0))
    threats = [lt.Threat(name="t", speed=100.0, lethality=1.0)]
    return lt.Campaign(
        name="c",
        scenario=raid(waves, site, threats=threats),
        raids=raids,
        interval=DAY,
        replacement_time=time,
    )


def lost(time: Any, raids: int = 8) -> list[list[int]]:
    """Whether each battery is lost in each raid."""
    result = lt.simulate_campaign(hunted(time, raids), replications=1, seed=1)
    found: list[list[int]] = result.lost.squeeze(drop=True).values.T.tolist()
    return found


ALWAYS, TWICE, ONCE = [1] * 8, [1, 0] * 4, [1] + [0] * 7


@pytest.mark.parametrize(
    ("time", "found"),
    [
        (None, [ONCE, ONCE, ONCE]),
        (1.5 * DAY, [TWICE, TWICE, TWICE]),
        ({}, [ONCE, ONCE, ONCE]),
        ({"A": 1.5 * DAY}, [TWICE, TWICE, ONCE]),
        ({"B": 0.0, "A": 1.5 * DAY}, [TWICE, TWICE, ALWAYS]),
    ],
)
def test_each_battery_has_its_time(time: Any, found: list[list[int]]) -> None:
    assert lost(time) == found


def test_each_loss_has_a_draw_of_its_own() -> None:
    """The address has the battery, its number, and the raid of the loss, which is at 10 s."""
    campaign = hunted({"A": stats.uniform(0.0, 4.0 * DAY), "B": 0.0})
    law: Any = campaign.replacement_time["A"]  # type: ignore[index]
    result = lt.simulate_campaign(campaign, replications=20, seed=1).lost
    for replication in range(20):
        for member in range(2):
            expected, back = [], 0.0
            for number in range(8):
                expected.append(int(back <= number * DAY * 1e6))
                if expected[-1]:
                    address = "replacement", "A", member
                    word = RaidDraws(1, replication, number).draw(address)[0]
                    back = (number * DAY + 10.0) * 1e6 + quantile(law, 10**6, uniform(word))
            assert result.values[replication, :, member].tolist() == expected


def test_drawn_times_give_the_exact_distribution() -> None:
    """A lost battery misses one raid or two; see `supply_chain.exact`."""
    times = lt.Empirical(values=[1.2 * DAY, 2.2 * DAY], weights=[0.4, 0.6])
    assert_exact(small({"B": times}), {2: 0.4, 3: 0.6}, SEED + 31)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (1e13, r"replacement_time: must be a number in \[0, 1e\+12\]; got 10000000000000.0"),
        ({"C": 1.0}, "replacement_time.C: 'C' is not the name of a battery"),
        ({"A": -1.0}, r"replacement_time.A: must be a number in \[0, 1e\+12\]; got -1.0"),
        ({"A": stats.norm()}, "replacement_time.A: must not fall below 0, but norm reaches -inf"),
        ({"A": {"dist": "gama"}}, "replacement_time.A: dist must name"),
        ({"dist": 3.0}, "replacement_time: dist must name"),
    ],
)
def test_wrong_times(wrong: Any, text: str) -> None:
    with pytest.raises(lt.ScenarioError, match=text):
        hunted(wrong)


def test_one_site_may_not_have_two_times() -> None:
    both = [[0.0, 0.0], [0.0, 500.0]]
    own = lt.Layer(name="L", outer_range=1e3, positions=both, batteries=[battery()])
    with pytest.raises(lt.ScenarioError, match=r"replacement_time\.B: more than one for 'B@L-1'"):
        lt.Campaign(
            name="c",
            scenario=raid(salvo(bearing=0.0), own),
            raids=2,
            interval=DAY,
            replacement_time={"B@L-1": 1.0, "B": 2.0},
        )


def test_files_display_and_paths(tmp_path: Path) -> None:
    campaign = hunted({"A": stats.expon(scale=2.0), "B": 3.0 * DAY})
    assert "A        expon(scale=2)\nB               259,200" in str(campaign)
    for name in ("own.toml", "own.json"):
        campaign.save(tmp_path / name)
        assert lt.load_campaign(tmp_path / name) == campaign
    assert campaign.replace("replacement_time.B", 7.0).replacement_time["B"] == 7.0  # type: ignore[index]
    with pytest.raises(lt.ScenarioError, match="nothing there is called 'C'; it has 'A', 'B'"):
        campaign.replace("replacement_time.C", 7.0)
    assert "each      259,200" in str(hunted(3.0 * DAY))


@pytest.mark.parametrize(
    ("time", "place", "text"),
    [
        ({"A": 9.0 * DAY, "B": DAY}, "replacement_time.A", "is 777,600 s, and the campaign"),
        (stats.uniform(9.0 * DAY, 1.0), "replacement_time", "is 777,600 s or more, and the"),
        ({"B": 3.0}, "replacement_time.B", "is 3 s"),
    ],
)
def test_times_that_make_no_sense(time: Any, place: str, text: str) -> None:
    found = [own for own in lt.check(hunted(time)) if own.place.startswith("replacement_time")]
    assert [(own.place, own.what[: len(text)]) for own in found] == [(place, text)]
