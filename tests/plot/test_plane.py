"""Maps show ranges, paths, assets and what a raid did, where they are."""

import warnings
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.collections import EllipseCollection
from matplotlib.path import Path
from raids import INF, api_example, battery, gun, layer, magazine, raid, salvo, two_cities

import leakthrough as lt

mpl.use("Agg")

KEEP: tuple[Any, ...] = ("replications", "summary")
FEW: Any = {"replications": 20, "seed": 3}


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Any:
    yield
    plt.close("all")


def marks(ax: Any, name: str) -> Any:
    """The collection that has this name."""
    [found] = [own for own in ax.collections if own.get_gid() == name]
    return found


def assert_wedge(shape: Any, share: float) -> None:
    """The shape is this share of a circle, clockwise from the top."""
    expected: Any = Path.wedge(90.0 - 360.0 * share, 90.0)
    np.testing.assert_allclose(shape.vertices, expected.vertices)


def labels(ax: Any) -> list[str]:
    """Texts of the legend."""
    return [text.get_text() for text in ax.get_legend().get_texts()]


def at_one_point() -> lt.Scenario:
    """Sites without reach, and assets of values from 0, all at the origin."""
    assets = [lt.Asset(name=f"asset {n}", position=(0.0, 0.0), value=n) for n in range(3)]
    sites = layer("L", battery(), outer=0.0, positions=[(0.0, 0.0)] * 3)
    return raid(salvo(target="asset 1", route=[(0.0, 0.0)]), sites, assets=assets)


def test_circles_are_the_ranges_around_each_site() -> None:
    rings: Any = [c for c in lt.plot.map(two_cities()).collections if type(c) is EllipseCollection]
    found = [(own.get_widths().tolist(), own.get_offsets().tolist()) for own in rings]
    groups = [[40.0, 10.0], [20.0, -13.0], [30.0, 0.0], [10.0, 8.0]]
    site = [5.0, 2.0]
    assert found == [([70.0], [site]), ([6.0, 40.0], [site, site]), ([12.0] * 4, groups), ([], [])]
    thick, thin = (own.get_linewidth()[0] for own in rings[:2])
    assert thick > thin


def test_lines_are_the_paths() -> None:
    ax: Any = lt.plot.map(two_cities())
    straight, route = (segment.tolist() for segment in marks(ax, "drone").get_segments())
    assert route == [[80.0, 60.0], [60.0, -20.0], [40.0, 10.0]]
    assert straight[1] == [0.0, 0.0]
    assert np.degrees(np.arctan2(*straight[0])) == pytest.approx(60.0)
    [missile] = marks(ax, "missile").get_segments()
    assert np.hypot(*(missile[0] - missile[1])) == pytest.approx(200.0)
    heads = [text for text in ax.texts if not text.get_text()]
    assert [tuple(head.xy) for head in heads] == [(0.0, 0.0), (40.0, 10.0), (20.0, -15.0)]
    assert "drone: 100" in labels(ax)


def test_a_salvo_without_a_direction_has_no_line() -> None:
    ax: Any = lt.plot.map(api_example())
    assert len(marks(ax, "drone").get_segments()) == 0
    assert labels(ax)[-3:] == [
        "drone: 300, from any direction",
        "ballistic: 8, from any direction",
        "site",
    ]


@pytest.mark.parametrize("bearing", [0.0, 90.0, 180.0, 270.0])
def test_a_name_is_not_on_a_path(bearing: float) -> None:
    city = [lt.Asset(name="city", position=(0.0, 0.0))]
    ax: Any = lt.plot.map(raid(salvo(target="city", bearing=bearing), layer(), assets=city))
    [path] = marks(ax, "t").get_paths()
    [name] = [text for text in ax.texts if text.get_text() == "city" and text.get_visible()]
    box = name.get_window_extent()
    assert not ax.transData.transform_path(path).intersects_bbox(box, filled=False)


def test_squares_are_larger_for_a_larger_value() -> None:
    ax: Any = lt.plot.map(two_cities())
    own = marks(ax, "assets")
    assert own.get_offsets().tolist() == [[0.0, 0.0], [40.0, 10.0], [20.0, -15.0]]
    large, middle, small = own.get_sizes()
    assert large > middle > small
    names = [text.get_text() for text in ax.texts if text.get_text() and text.get_visible()]
    assert names == ["city A", "city B", "plant"]
    assert {"asset of value 5", "asset of value 1", "site"} <= {*labels(ax)}


@pytest.mark.parametrize("keep", KEEP)
def test_a_result_shows_damage_and_rounds_left(keep: Any) -> None:
    result: Any = lt.simulate(two_cities(), **FEW)
    ax: Any = lt.plot.map(lt.simulate(two_cities(), **FEW, keep=keep))
    damage = result.damage.mean("replication").values
    names = {text.get_text() for text in ax.texts if text.get_visible()}
    expected = zip(("city A", "city B", "plant"), damage, strict=True)
    assert {f"{name} {100 * own:.0f} %" for name, own in expected} <= names
    brightness = marks(ax, "assets").get_facecolors()[:, :3].sum(axis=1)
    assert np.argsort(-brightness).tolist() == np.argsort(damage).tolist()
    assert f"mean damage {100 * damage.max():.0f} %" in labels(ax)
    left = result.remaining.sum("interceptor").mean("replication")
    share = (left / result.rounds.sum("interceptor")).values  # one battery at each site
    some = share > 0.0
    assert 1 < some.sum() < 6
    positions = np.array([site.position for site in two_cities().sites]) / 1e3
    parts = marks(ax, "rounds left")
    np.testing.assert_allclose(parts.get_offsets(), positions[some])
    for shape, own in zip(parts.get_paths(), share[some], strict=True):
        assert_wedge(shape, own)
    np.testing.assert_allclose(marks(ax, "sites").get_offsets(), positions)


def test_a_result_may_come_with_its_scenario() -> None:
    result = lt.simulate(two_cities(), **FEW)
    both, alone = lt.plot.map(two_cities(), result), lt.plot.map(result)
    for own in (both, alone):
        own.figure.canvas.draw()
    assert labels(both) == labels(alone)
    assert [text.get_text() for text in both.texts] == [text.get_text() for text in alone.texts]


def test_sites_at_one_position_have_one_mark() -> None:
    sites = [
        layer("a", battery("A", magazines=[magazine(rounds=4), magazine("other", 6)]), outer=2e3),
        layer("b", battery("B", 30), battery("C", INF, reaction_time=1.0), outer=1e3),
    ]
    scenario = raid(salvo(count=0), sites, [gun(), gun("other")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", lt.ScenarioWarning)
        result = lt.simulate(scenario, **FEW)
    spent = result.remaining.copy()
    spent.loc[{"battery": "A"}] = 0
    ax = lt.plot.map(result.assign(remaining=spent))
    assert len(marks(ax, "sites").get_offsets()) == 1
    [shape] = marks(ax, "rounds left").get_paths()
    assert_wedge(shape, 0.75)


def test_all_ranges_are_inside_and_far_starts_are_not() -> None:
    ax: Any = lt.plot.map(two_cities())
    ax.figure.draw_without_rendering()
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    assert left < -30.0
    assert bottom < -33.0
    assert right > 80.0
    assert 60.0 < top < 100.0  # the missile starts 182 km to the north
    width, height = ax.get_window_extent().size
    assert (right - left) / width == pytest.approx((top - bottom) / height, rel=0.01)


@pytest.mark.parametrize("make", [at_one_point, lambda: raid([], [])])
def test_a_map_of_nothing_has_a_width(make: Any) -> None:
    ax = lt.plot.map(make())
    ax.figure.canvas.draw()
    assert np.ptp(ax.get_xlim()) >= 2.0
    assert ax.get_xlabel() == "east [km]"


def test_what_is_no_scenario_or_result_of_it_is_refused() -> None:
    result = lt.simulate(two_cities(), **FEW)
    given: Any = "raid.toml"
    with pytest.raises(ValueError, match=r"^scenario: must be a Scenario, or a result"):
        lt.plot.map(given)
    with pytest.raises(ValueError, match=r"^result: must be a Dataset"):
        lt.plot.map(two_cities(), given)
    with pytest.raises(ValueError, match=r"^result: must come from leakthrough.simulate; has no"):
        lt.plot.map(xr.Dataset())
    with pytest.raises(ValueError, match=r"^scenario: must be that of the result; got .*'raid'"):
        lt.plot.map(at_one_point(), result)
    campaign = lt.Campaign(name="c", scenario=two_cities(), raids=2, interval=86_400.0)
    nights = lt.simulate_campaign(campaign, **FEW)
    with pytest.raises(ValueError, match=r"^result: has several raids; select one"):
        lt.plot.map(nights)
    assert lt.plot.map(nights.isel(raid=0)).get_title(loc="left") == "raid: after the raid (means)"
