"""Plots show the numbers of the Dataset, texts do not overlap, and nothing global changes."""

import inspect
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.text import Text
from raids import api_example, battery, gun, layer, raid, rich, salvo, two_cities
from scipy import stats

import leakthrough as lt
from leakthrough.plot import style
from leakthrough.quantities import CURRENCY, described

mpl.use("Agg")

Made = dict[str, xr.Dataset]

COUNT = "salvos.drones.count"
BURSTS = "layers.point.batteries.gun.magazines.gun burst.rounds"
MISSILES = "layers.area.batteries.SAM.magazines.area SAM.rounds"
SPEED = "threats.drone.speed"
KEEP: tuple[Any, ...] = ("replications", "summary")
TIMELINE = (0.0, 40.0, 500.0, 5000.0, 14000.0)


def crowd() -> lt.Scenario:
    """Many salvos and eight layers, all with long names and numbers from tiny to huge."""
    layers = [
        layer(
            f"layer of a name that is rather long, number {n}",
            battery(f"battery {n} of a long name", 3 * 10**n, count=1 + n % 3, reaction_time=1.0),
            battery(f"other battery {n}", float("inf"), reaction_time=100.0),
            outer=1000.0 * (9 - n),
            inner_range=1000.0 * (8 - n),
        )
        for n in range(8)
    ]
    salvos = [
        salvo(f"a $alvo$ whose name is much too long to be drawn, {n}", n * n, 3.0 * n)
        for n in range(13)
    ]
    return raid([*salvos, salvo("_x", 100_000, 2.0)], layers, gun(kills=0.3, flight_time=2.0))


def small_campaign() -> lt.Campaign:
    """Six raids of drawn size, a stock of missiles, and guns without one."""
    return lt.Campaign(
        name="six nights",
        scenario=api_example().replace("salvos.drones.count", stats.uniform(100.0, 200.0)),
        raids=6,
        interval=86_400.0,
        resupply=[lt.Resupply(battery=name, interceptor=gun) for name, gun in GUNS.items()],
        stocks=[lt.Stock(interceptor="area SAM", rounds=100, rate=0.0)],
    )


GUNS = {"SAM": "area SAM", "gun": "gun burst"}


@pytest.fixture(scope="module")
def made() -> Made:
    """One small Dataset of every kind."""
    night = api_example()
    few: Any = {"replications": 20, "seed": 3}
    scenarios = {"api": night, "rich": rich(), "crowd": crowd(), "cities": two_cities()}
    found = {
        f"{name} {keep}": lt.simulate(scenario, **few, timeline=TIMELINE, keep=keep)
        for name, scenario in scenarios.items()
        for keep in KEEP
    }
    for keep in KEEP:
        found[f"campaign {keep}"] = lt.simulate_campaign(small_campaign(), **few, keep=keep)
    axes = {"size": {COUNT: [50, 200, 600]}, BURSTS: [0, 30]}
    found["sweep"] = lt.sweep(night, axes, measures=["leak_rate", "cost_spent"], **few)
    names = lt.Measure("leakers", by="salvo")
    found["by salvo"] = lt.sweep(night, {COUNT: [50, 200]}, measures=[names], **few)
    found["knee"] = lt.saturation_point(night, {COUNT: (50, 600)}, "leak_rate", 0.2, **few)
    ranges = {
        SPEED: (49.0, 51.0),
        COUNT: (310, 1000),
        BURSTS: (20, 40),
        "layers.area.batteries.SAM.channels": (100, 101),
    }
    found["tornado"] = lt.tornado(night, ranges, **few)
    uncertain = {BURSTS: stats.uniform(20, 20), COUNT: stats.uniform(250, 100)}
    found["sensitivity"] = lt.sensitivity(night, uncertain, points=4, **few)
    costs = {BURSTS: 1e3, MISSILES: 4e6}
    found["allocate"] = lt.allocate(night, list(costs), 2e8, costs, steps=4, **few)
    found["check"] = checked()
    raids = lt.records.raids()
    ballistic = raids.isel(entry=raids.threat_class.values == "ballistic missile")
    found["posterior"] = lt.records.calibrate_periods(ballistic, period="quarter", draws=40)
    found["changes"] = lt.records.change_points(raids, "ballistic missile", period="quarter")
    return found


def checked() -> xr.Dataset:
    """Three nights of drones and missiles, checked against a random defence."""
    nights = lt.records.nights(lt.records.raids())
    told = (nights.stopped + nights.through).sel(threat_class=["drone", "cruise missile"])
    nights = nights.sel(night=told.night[(told > 0).all("threat_class").values][:3])
    results = []
    for n, at in enumerate(nights.night):
        counts = (nights.stopped + nights.through).sel(night=at)
        kinds = [
            kind
            for kind in counts.threat_class.values.tolist()
            if counts.sel(threat_class=kind) > 0
        ]
        scenario = raid(
            [salvo(kind, int(counts.sel(threat_class=kind)), 0.0, kind) for kind in kinds],
            layer("all", battery(channels=10_000, doctrine=lt.Doctrine(max_salvos=1))),
            gun(kills=dict.fromkeys(kinds, 0.8)),
            [lt.Threat(name=kind, speed=50.0) for kind in kinds],
        )
        results.append(lt.simulate(scenario, replications=30, seed=n))
    return lt.records.check(results, nights, seed=1)


@pytest.fixture(autouse=True)
def _figures_are_closed() -> Iterator[None]:
    yield
    plt.close("all")


PICTURES: dict[str, tuple[str, Callable[..., Any]]] = {
    **{
        f"{name} of {kind}, {keep}": (f"{kind} {keep}", getattr(lt.plot, name))
        for name in ("fates", "leakers", "depletion")
        for kind in ("api", "rich", "crowd")
        for keep in KEEP
    },
    **{f"map of {kind}": (f"{kind} summary", lt.plot.map) for kind in ("api", "crowd", "cities")},
    "map of cities, replications": ("cities replications", lt.plot.map),
    **{f"campaign, {keep}": (f"campaign {keep}", lt.plot.campaign) for keep in KEEP},
    "saturation": ("sweep", lt.plot.saturation),
    "saturation of costs": ("sweep", lambda f, **k: lt.plot.saturation(f, "cost_spent", **k)),
    "saturation by salvo": ("by salvo", lt.plot.saturation),
    "heatmap": ("sweep", lambda found, **k: lt.plot.heatmap(found, level=[0.1, 0.3], **k)),
    "heatmap by salvo": ("by salvo", lt.plot.heatmap),
    "tornado": ("tornado", lt.plot.tornado),
    "sensitivity": ("sensitivity", lt.plot.sensitivity),
    "frontier": ("allocate", lt.plot.frontier),
    "rank_ecdf": ("check", lt.plot.rank_ecdf),
    "periods": ("posterior", lt.plot.periods),
    "periods with changes": ("changes", lt.plot.periods),
    "predictive_intervals": (
        "check",
        lambda found, **k: lt.plot.predictive_intervals(found.isel(night=[0]), **k),
    ),
}
PANELS = {"campaign": 3, "frontier": 2}


def texts_of(ax: Axes) -> Iterator[Text]:
    """All visible texts of the Axes."""
    yield from (child for child in ax.get_children() if isinstance(child, Text))
    yield from (ax.xaxis.label, ax.yaxis.label)
    for axis in (ax.xaxis, ax.yaxis):
        low, high = sorted(axis.get_view_interval())
        slack = 1e-9 * (high - low)
        for tick in axis.get_major_ticks():
            if low - slack <= tick.get_loc() <= high + slack:
                yield tick.label1
    if legend := ax.get_legend():
        yield from (legend.get_title(), *legend.get_texts())


def boxes_of(figure: Any) -> list[tuple[str, Any]]:
    """Text and box of all visible texts of a figure."""
    figure.canvas.draw()
    return [
        (text.get_text(), text.get_window_extent())
        for ax in figure.axes
        for text in texts_of(ax)
        if text.get_visible() and text.get_text().strip()
    ]


def check_texts(boxes: list[tuple[str, Any]], page: Any) -> None:
    """No text lies on another or outside the page."""
    for text, box in boxes:
        assert page.x0 - 1 <= box.x0 <= box.x1 <= page.x1 + 1, text
        assert page.y0 - 1 <= box.y0 <= box.y1 <= page.y1 + 1, text
    for (one, first), (other, second) in itertools.combinations(boxes, 2):
        wide = min(first.x1, second.x1) - max(first.x0, second.x0)
        high = min(first.y1, second.y1) - max(first.y0, second.y0)
        # Boxes include room for descenders.
        assert min(wide, high) < 2.5, f"{one!r} on {other!r}"


@pytest.mark.parametrize("name", PICTURES)
def test_no_texts_lie_on_each_other_or_outside(made: Made, name: str) -> None:
    kind, picture = PICTURES[name]
    figure = np.ravel(picture(made[kind]))[0].figure
    boxes = boxes_of(figure)
    assert len(boxes) > 5
    check_texts(boxes, figure.bbox)


ORDINARY = [  # 13 salvos need a larger page
    name for name in PICTURES if "crowd" not in name and not name.endswith("summary")
]


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
@pytest.mark.parametrize("name", ORDINARY)
def test_a_picture_fits_in_a_column_of_a_page(made: Made, name: str, layout: Any) -> None:
    kind, picture = PICTURES[name]
    panels = PANELS.get(name.partition(",")[0], 1)
    figure, own = plt.subplots(
        panels, squeeze=False, figsize=(3.5, 2.9 * panels), dpi=200, layout=layout
    )
    picture(made[kind], **({"axes": own[:, 0]} if panels > 1 else {"ax": own[0, 0]}))
    check_texts(boxes_of(figure), figure.bbox)
    for ax in own[:, 0]:
        width, height = ax.get_window_extent().size / 200
        assert width > 1.2, "a sliver"
        assert height > 0.7, "a sliver"


GRIDS = (
    ("fates of api, summary", "leakers of api, summary", "saturation", "heatmap"),
    ("tornado", "sensitivity", "depletion of api, replications", "predictive_intervals"),
    ("rank_ecdf", "heatmap by salvo", "saturation by salvo", "fates of rich, summary"),
    ("periods", "periods with changes", "rank_ecdf", "leakers of api, summary"),
    ("map of cities", "map of api", "leakers of rich, summary", "map of cities, replications"),
)


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("names", GRIDS)
def test_pictures_in_a_grid_do_not_cover_each_other(
    made: Made, names: tuple[str, ...], layout: Any
) -> None:
    figure, own = plt.subplots(2, 2, figsize=(7.0, 5.8), layout=layout)
    for name, ax in zip(names, own.ravel(), strict=True):
        kind, picture = PICTURES[name]
        picture(made[kind], ax=ax)
    check_texts(boxes_of(figure), figure.bbox)
    boxes = [ax.get_tightbbox(for_layout_only=True).padded(-1) for ax in own.ravel()]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    assert all(min(ax.get_position().size) > 0.1 for ax in own.ravel())


def test_panels_of_a_campaign_fit_in_a_grid_with_a_title(made: Made) -> None:
    figure, own = plt.subplots(2, 2, figsize=(7.0, 5.8))
    figure.suptitle("six nights")
    lt.plot.campaign(made["campaign replications"], axes=own.ravel()[:3])
    check_texts(boxes_of(figure), figure.bbox)
    assert figure.texts[0].get_window_extent().y0 > own[0, 0].get_tightbbox().y1


def test_axes_in_no_grid_stay_where_they_are(made: Made) -> None:
    place = (0.3, 0.4, 0.35, 0.3)
    ax = plt.figure().add_axes(place)
    lt.plot.fates(made["api summary"], ax=ax)
    np.testing.assert_allclose(ax.get_position().bounds, place)


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_drawn_where_it_is_asked_for(made: Made, name: str) -> None:
    kind, picture = PICTURES[name]
    panels = PANELS.get(name.partition(",")[0], 1)
    before, given = dict(mpl.rcParams), made[kind].copy(deep=True)
    plt.close("all")
    figure, own = plt.subplots(panels, squeeze=False)
    where = {"axes": own[:, 0]} if panels > 1 else {"ax": own[0, 0]}
    found = picture(made[kind], **where)
    assert list(np.ravel(found)) == list(own[:, 0])
    assert plt.get_fignums() == [figure.number]
    assert dict(mpl.rcParams) == before
    xr.testing.assert_identical(made[kind], given)


# ---------------------------------------------------------------- the numbers


def line(ax: Any, label: str) -> Any:
    """The line whose label starts with `label`."""
    [found] = [own for own in ax.get_lines() if str(own.get_label()).startswith(label)]
    return found


def values(ax: Any, label: str) -> Any:
    """y values of that line."""
    return np.asarray(line(ax, label).get_ydata(), np.float64)


@pytest.mark.parametrize("keep", KEEP)
def test_fates_are_shares_of_those_launched(made: Made, keep: str) -> None:
    result = made["rich replications"]
    ax: Any = lt.plot.fates(made[f"rich {keep}"])
    drawn = {bars.get_label(): np.array([b.get_width() for b in bars]) for bars in ax.containers}
    mean = result.mean("replication") / result.launched
    expected = {"soft kill": mean.soft_killed.sum("layer")}
    expected |= {f"killed: {name}": mean.killed.sel(layer=name) for name in ("outer", "inner")}
    for cause in result.cause.values.tolist():
        text = f"leaked: {cause.replace('_', ' ')}"
        expected[text] = mean.leak_cause.sel(cause=cause)
    met = {name: share for name, share in expected.items() if share.any()}
    assert list(drawn) == list(met)
    for name, share in met.items():
        np.testing.assert_allclose(drawn[name], share, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(sum(drawn.values()), 1.0)
    labels = [tick.get_text() for tick in ax.get_yticklabels()]
    assert labels[0] == "a\n20 launched"
    assert labels[2] == "c\ndecoys, 15 launched"


def test_fates_write_the_mean_number_where_there_is_room(made: Made) -> None:
    result = made["api replications"]
    texts = {text.get_text() for text in lt.plot.fates(result).texts}
    assert f"{float(result.soft_killed.sel(salvo='drones').sum('layer').mean()):,.0f}" in texts
    crowd: Any = lt.plot.fates(made["crowd replications"])
    assert "none launched" in {text.get_text() for text in crowd.texts}
    assert crowd.get_yticklabels()[0].get_text().startswith(r"a \$alvo\$ whose")


@pytest.mark.parametrize("keep", KEEP)
def test_leakers_are_the_replications(made: Made, keep: str) -> None:
    leakers = made["rich replications"].leaked.sel(salvo=["a", "b", "d", "e"]).sum("salvo")
    ax: Any = lt.plot.leakers(made[f"rich {keep}"])
    [steps] = ax.patches[:1]
    heights, edges, _ = steps.get_data()
    seen = np.histogram(leakers, edges)[0] / leakers.size
    np.testing.assert_allclose(heights, seen)
    assert heights.sum() == pytest.approx(1.0)
    mean = float(leakers.mean())
    assert line(ax, "mean").get_xdata()[0] == pytest.approx(mean)
    found = lt.summary(made[f"rich {keep}"]).raid
    low, high = found.leakers.sel(estimate=["low", "high"]).values.tolist()
    label = str(line(ax, "mean").get_label())
    assert label == f"mean {mean:.2f} ({low:.4g} to {high:.4g}, not settled)"
    assert not found.leakers_settled


def test_many_numbers_of_leakers_share_bins(made: Made) -> None:
    result = made["crowd replications"]
    leakers = result.leaked.sum("salvo").values
    pmf = xr.DataArray([0.25, 0.75], {"leakers": [leakers.min(), leakers.max() + 700]})
    ax: Any = lt.plot.leakers(result, pmf)
    heights, edges, _ = ax.patches[0].get_data()
    width = int(edges[1] - edges[0])
    assert width > 10
    assert ax.get_ylabel() == f"probability, in bins of {width} numbers"
    np.testing.assert_allclose(heights, np.histogram(leakers, edges)[0] / leakers.size)
    exact = values(ax, "exact")
    assert exact.sum() == pytest.approx(1.0)
    assert sorted(exact[exact > 0]) == [0.25, 0.75]


def test_an_exact_distribution_is_drawn_over_the_simulated_one(offset: int) -> None:
    own = battery(channels=12, doctrine=lt.Doctrine(max_salvos=1))
    scenario = raid(salvo(count=12), layer("L", own), gun(kills=0.7))
    result, pmf = lt.simulate(scenario, replications=400, seed=offset), lt.exact.leakers(12, 0.7)
    dots = line(lt.plot.leakers(result, pmf), "exact: mean 3.6")
    at = dots.get_xdata().astype(int)
    np.testing.assert_allclose(dots.get_ydata(), pmf.reindex(leakers=at, fill_value=0.0))


def test_one_replication_has_no_interval() -> None:
    result = lt.simulate(api_example(), replications=1, seed=1)
    text = str(line(lt.plot.leakers(result), "mean").get_label())
    assert text == f"mean {int(result.leaked.sum())}"


def test_ready_rounds_are_of_the_whole_group(made: Made) -> None:
    result = made["api replications"]
    share = result.ready_rounds.sum("battery").sel(interceptor="gun burst") / 360
    for by, label in (("battery", "gun, gun burst: 360 rounds"), ("interceptor", "gun burst: 360")):
        ax: Any = lt.plot.depletion(result, by=by)  # type: ignore[arg-type]
        np.testing.assert_allclose(values(ax, label), share.median("replication"))
        np.testing.assert_allclose(line(ax, label).get_xdata(), result.sample_time / 3600)
    low = share.quantile(0.05, "replication")
    assert any(
        np.allclose(own.get_ydata(), low) for own in ax.get_lines() if len(own.get_ydata()) == 5
    )
    assert ax.get_xlabel() == "time since the start of the raid [h]"
    mean = values(lt.plot.depletion(made["api summary"]), "gun, gun burst")
    np.testing.assert_allclose(mean, share.mean("replication"))


@pytest.mark.parametrize("keep", KEEP)
def test_a_triangle_marks_when_only_the_reserve_is_left(made: Made, keep: str) -> None:
    result = made["api replications"]
    found = lt.depletion(result).sel(
        estimate="mean", interceptor="area SAM", battery=["SAM-1", "SAM-2"]
    )
    share = float(found.reserve_reached.mean())
    assert 0 < share <= 1
    times = result.reserve_time.sel(interceptor="area SAM")
    marks: list[Any] = [
        own
        for own in lt.plot.depletion(made[f"api {keep}"]).get_lines()
        if str(own.get_label()).startswith("only its reserve left")
    ]
    assert len(marks) == 1  # guns have no reserve
    assert marks[0].get_xdata()[0] == pytest.approx(float(times.mean()) / 3600)
    assert str(marks[0].get_label()).endswith(f" h, {100 * share:.3g} %")


@pytest.mark.parametrize(
    "name", ["interceptors", "threats", "salvos", "layers", "batteries", "magazines"]
)
def test_an_axis_may_have_the_name_of_a_list(made: Made, name: str) -> None:
    found = made["sweep"].rename(size=name)
    assert lt.plot.saturation(found).get_xlabel() == name
    assert lt.plot.heatmap(found).get_ylabel() == name
    lines: Any = lt.plot.saturation(found, along=BURSTS)
    assert lines.get_legend().get_texts()[0].get_text() == f"{name}: 50"


def test_only_functions_are_listed() -> None:
    assert dir(lt.plot) == sorted(lt.plot.__all__)
    assert all(inspect.isfunction(getattr(lt.plot, name)) for name in dir(lt.plot))


def test_a_name_with_an_underscore_stands_in_the_legend() -> None:
    own = battery(magazines=[lt.Magazine(interceptor="_gun", rounds=5)])
    scenario = raid(salvo(), layer("L", own), gun("_gun"))
    result = lt.simulate(scenario, replications=3, seed=1, timeline=[0.0, 9.0])
    legend: Any = lt.plot.depletion(result, by="interceptor").get_legend()
    assert [text.get_text() for text in legend.get_texts()] == [" _gun: 5 rounds"]


def test_only_whole_families_of_batteries_are_one_line() -> None:
    names = ("SA-2", "SA-3", "gun-x")
    own = [battery(name, 5) for name in names]
    scenario = raid(salvo(), layer("L", *own, battery("IR", 7, count=2)))
    result = lt.simulate(scenario, replications=3, seed=1, timeline=[0.0, 9.0])
    legend: Any = lt.plot.depletion(result).get_legend()
    labels = [text.get_text() for text in legend.get_texts()]
    expected = {**dict.fromkeys(names, 5), "IR": 14}
    assert labels == [f"{name}, gun: {rounds} rounds" for name, rounds in expected.items()]


@pytest.mark.parametrize("keep", KEEP)
def test_a_campaign_shows_stocks_and_leakers(made: Made, keep: str) -> None:
    # One gun never runs dry: it is not the driest.
    never = made["campaign replications"].battery == "gun-1"
    result, given = (
        found.assign(dry_so_far=found.dry_so_far.where(~never, 0))
        for found in (made["campaign replications"], made[f"campaign {keep}"])
    )
    left, dry, through = lt.plot.campaign(given)
    missiles = result.sel(interceptor="area SAM")
    share = (missiles.remaining.sum("battery") + missiles.stock) / 164
    middle = share.median("replication") if keep == "replications" else share.mean("replication")
    np.testing.assert_allclose(values(left, "area SAM: 164 rounds"), middle)
    supply = lt.sustainment(result).sel(estimate="mean")
    stock = supply.stock_dry.sel(interceptor="area SAM")
    assert stock[-1] > 0
    np.testing.assert_allclose(values(dry, "area SAM: stock"), stock)
    driest = supply.dry.sel(interceptor="gun burst").max("battery")
    assert values(dry, "gun burst: driest magazine")[-1] == pytest.approx(float(driest[-1]))
    leakers = np.sort(result.leaked.sum("salvo").values, axis=0)  # 20 replications, no decoys
    np.testing.assert_array_equal(through.get_lines()[0].get_ydata(), leakers[9])


@pytest.mark.parametrize("keep", KEEP)
def test_panels_of_a_campaign_can_be_chosen(made: Made, keep: str) -> None:
    given, kept = made[f"campaign {keep}"], made["campaign replications"]
    stock, mean = lt.plot.campaign(given, show=["stock", "mean_leakers"])
    own = kept.stock.sel(interceptor="area SAM")
    middle = own.median("replication") if keep == "replications" else own.mean("replication")
    np.testing.assert_allclose(values(stock, "area SAM"), middle)
    assert [line.get_label() for line in stock.get_lines() if line.get_lw() == 2] == ["area SAM"]
    leakers = lt.summary(kept).raid.leakers
    np.testing.assert_allclose(mean.get_lines()[0].get_ydata(), leakers.sel(estimate="mean"))
    drawn = mean.collections[0].get_paths()[0].get_extents()
    assert drawn.ymax == pytest.approx(float(leakers.sel(estimate="high").max()))
    [one] = lt.plot.campaign(given, show=["dry"], axes=plt.figure().add_subplot())
    assert one.get_xlabel() == "raid"


def test_a_curve_has_the_means_of_the_sweep_and_its_knee(made: Made) -> None:
    found, knee = made["sweep"], made["knee"]
    ax: Any = lt.plot.saturation(found, knee=[knee, knee])
    drawn = [own for own in ax.get_lines() if len(own.get_ydata()) == 3]
    for own, rounds in zip(drawn, (0, 30), strict=True):
        mean = found.leak_rate.sel({BURSTS: rounds, "estimate": "mean"})
        np.testing.assert_allclose(own.get_ydata(), mean)
        np.testing.assert_allclose(own.get_xdata(), found["size"])
    marks = [
        own
        for own in ax.get_lines()
        if own.get_marker() in ("o", "s") and len(own.get_xdata()) == 1
    ]
    assert [mark.get_xdata()[0] for mark in marks] == pytest.approx([float(knee.crossing)] * 2)
    assert ax.get_xlabel() == "size"
    assert ax.get_ylabel().replace("\n", " ").startswith("share of threats that got through")
    costs: Any = lt.plot.saturation(found, "cost_spent")
    assert costs.get_ylabel() == "cost of rounds expended [currency]"


def test_a_knee_beyond_the_axis_is_said_to_be(made: Made) -> None:
    knee = made["knee"].assign(crossing=np.inf, crossing_high=np.inf)
    ax: Any = lt.plot.saturation(made["sweep"].isel({BURSTS: 0}), knee=knee)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["knee: beyond the axis"]


def test_a_map_holds_the_means_and_the_contour(made: Made) -> None:
    found = made["sweep"].copy(deep=True)
    found.leak_rate[0, 0] = np.nan
    ax: Any = lt.plot.heatmap(found, along="size", level=0.3)
    drawn = ax.collections[0].get_array()
    mean = found.leak_rate.sel(estimate="mean").transpose(BURSTS, "size")
    np.testing.assert_allclose(np.ma.filled(drawn, np.nan).reshape(mean.shape), mean)
    assert [text.get_text() for text in ax.texts] == ["30 %"]
    scale = ax.figure.axes[1]
    assert scale.get_ylabel() == "share of threats that got through, real threats only"
    assert ax.get_ylabel() == "point, gun, gun burst, rounds"


def test_a_level_that_is_nowhere_crossed_draws_nothing(made: Made) -> None:
    assert not lt.plot.heatmap(made["sweep"], level=7.0).texts


def test_the_longest_bar_stands_first(made: Made) -> None:
    found = made["tornado"]
    ax: Any = lt.plot.tornado(found)
    base = float(found.base.sel(estimate="mean"))
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[0] == "drones, count"
    assert set(names[2:]) == {"drone, speed", "area, SAM, channels"}
    bars = [bar for own in ax.containers for bar in own]
    difference = found.difference.sel(estimate="mean")
    for end, bar in zip(("low", "high"), bars[:2], strict=True):
        assert bar.get_width() == pytest.approx(float(difference.sel(path=COUNT, end=end)))
        assert bar.get_x() + min(bar.get_width(), 0) == pytest.approx(base)
    low, high = bars[:2]
    assert (
        low.get_y() + low.get_height() < high.get_y()
    )  # both in one direction: one bar above the other
    assert [bool(bar.get_hatch()) for bar in (low, high)] == [True, False]
    whiskers = [own.get_xdata() for own in ax.get_lines()[:2]]
    ends = found.difference.sel(path=COUNT, estimate=["low", "high"])
    np.testing.assert_allclose(whiskers, base + ends.transpose("end", "estimate"))


def test_indices_are_drawn_the_largest_first(made: Made) -> None:
    found = made["sensitivity"]
    drawn = np.asarray(line(lt.plot.sensitivity(found), "total index").get_xdata())
    np.testing.assert_allclose(drawn, np.sort(found.total.sel(estimate="mean"))[::-1])


def test_a_frontier_has_the_outcomes_and_the_mixtures(made: Made) -> None:
    found = made["allocate"]
    top, bottom = lt.plot.frontier(found)
    own = top.get_lines()[0]
    np.testing.assert_allclose(own.get_xdata(), found.frontier_cost)
    np.testing.assert_allclose(own.get_ydata(), found.frontier_outcome.sel(estimate="mean"))
    heights = np.array([[bar.get_height() for bar in bars] for bars in bottom.containers])
    np.testing.assert_allclose(heights.sum(axis=0), 1.0)
    spent = found.frontier_allocation * found.unit_cost
    np.testing.assert_allclose(heights, (spent / found.frontier_cost).transpose("path", "step"))
    assert top.get_xlabel() == "cost of all units [currency]"
    legend = bottom.get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    least, most = (found[f"frontier_{end}"].sel(path=MISSILES)[-1] for end in ("least", "most"))
    assert f"area, SAM, area SAM, rounds: {int(least)} to {int(most)}" in texts
    assert legend.get_title().get_text().startswith("at the full budget")


def test_ranks_are_steps_in_a_band(made: Made) -> None:
    found = made["check"]
    ax: Any = lt.plot.rank_ecdf(found)
    steps = line(ax, "drone, got through: 3 nights")
    ranks = np.sort(found.relative_rank.sel(threat_class="drone", outcome="through"))
    np.testing.assert_allclose(np.asarray(steps.get_xdata())[1:], ranks)
    np.testing.assert_allclose(np.asarray(steps.get_ydata()), [0, 1 / 3, 2 / 3, 1])
    band = ax.collections[-1].get_paths()[0].vertices
    # Tabulated 5 % critical value of the Kolmogorov-Smirnov distance, three nights.
    assert np.max(band[:, 1] - band[:, 0]) == pytest.approx(0.7076, abs=1e-4)


def test_periods_have_their_quantiles_and_changes_their_bars(made: Made) -> None:
    drawn = made["posterior"]
    ax: Any = lt.plot.periods(drawn)
    middle = drawn.probability.squeeze("threat_class").median(("chain", "draw"))
    np.testing.assert_allclose(line(ax, "ballistic missile").get_ydata(), middle)
    found = made["changes"]
    ax = lt.plot.periods(found)
    wanted = found.probability.sel(quantile=0.5)
    np.testing.assert_allclose(line(ax, "ballistic missile").get_ydata(), wanted)
    np.testing.assert_allclose(line(ax, "mean of the nights").get_ydata(), found.share)
    heights = [bar.get_height() for bar in ax.containers[0]]
    np.testing.assert_allclose(heights, found.change)
    with pytest.raises(ValueError, match=r"must come from .*calibrate_periods"):
        lt.plot.periods(made["check"])
    with pytest.raises(ValueError, match=r"calibrate_periods; has no chain"):
        lt.plot.periods(drawn.isel(chain=0))


def test_a_recorded_night_stands_in_its_intervals(made: Made) -> None:
    found = made["check"].isel(night=-1)
    ax: Any = lt.plot.predictive_intervals(found)
    first = found.sel(threat_class="drone", outcome="through")
    low, high = first.simulated.sel(quantile=[0.05, 0.95]).values
    label = ax.get_yticklabels()[0].get_text()
    value = float(first.recorded)
    assert value > 0
    assert label == f"drone, got through\nrecorded {value:.0f}, simulated {low:,.0f} to {high:,.0f}"
    whole = float(found["mean"].sel(threat_class="drone").sum())
    assert line(ax, "recorded").get_xdata()[0] == pytest.approx(value / whole)
    np.testing.assert_allclose(line(ax, "5 to 95 %").get_xdata(), np.array([low, high]) / whole)


def test_what_is_empty_or_all_alike_is_drawn(made: Made) -> None:
    nothing = lt.Scenario(
        name="none",
        threats=[lt.Threat(name="t", speed=1.0)],
        interceptors=[gun()],
        salvos=[],
        layers=[],
    )
    result = lt.simulate(nothing, replications=3, seed=1)
    assert not lt.plot.fates(result).containers
    assert line(lt.plot.leakers(result), "mean 0").get_xdata()[0] == 0.0
    for factor in (0.0, np.nan):
        flat = made["sweep"].assign(leak_rate=factor * made["sweep"].leak_rate)
        lt.plot.heatmap(flat, level=0.0).figure.canvas.draw()
    still = made["tornado"].assign(difference=0.0 * made["tornado"].difference)
    low, high = lt.plot.tornado(still).get_xlim()
    assert low < float(still.base.sel(estimate="mean")) < high
    lonely = made["api replications"].isel(sample_time=[3])
    assert line(lt.plot.depletion(lonely), "gun").get_marker() == "o"


# ---------------------------------------------------------------- errors

HALF = xr.DataArray([0.5, 0.4], {"leakers": [0, 1]})
REFUSED: list[tuple[str, Callable[[Made], Any]]] = [
    ("result: must be a Dataset that comes from .*simulate; got 3", lambda _: lt.plot.fates(3)),  # type: ignore[arg-type]
    ("result: must come from .*simulate; has no launched", lambda m: lt.plot.fates(m["sweep"])),
    ("result: has several raids", lambda m: lt.plot.fates(m["campaign summary"])),
    ("result: must come from .*simulate; has no", lambda m: lt.plot.leakers(m["tornado"])),
    ("pmf: .*along leakers.*got float", lambda m: lt.plot.leakers(m["api summary"], 0.5)),  # type: ignore[arg-type]
    ("pmf: .*add up to 1; its sum is 0.9", lambda m: lt.plot.leakers(m["api summary"], HALF)),
    (
        "result: must come from .*with a timeline; has no ready_rounds",
        lambda m: lt.plot.depletion(m["api summary"].drop_vars("ready_rounds")),
    ),
    (
        "by: must be one of battery, interceptor",
        lambda m: lt.plot.depletion(m["api summary"], by="layer"),  # type: ignore[arg-type]
    ),
    (
        "result: has no magazine with a finite number",
        lambda m: lt.plot.depletion(m["api summary"] * 0 + np.inf),
    ),
    ("result: must come from .*simulate_campaign", lambda m: lt.plot.campaign(m["api summary"])),
    (
        "result: must come from .*simulate_campaign; has no dimension raid",
        lambda m: lt.plot.campaign(m["campaign replications"].isel(raid=0)),
    ),
    (
        "show: must be one of rounds, .*; got 'round'",
        lambda m: lt.plot.campaign(m["campaign summary"], show=["round"]),  # type: ignore[list-item]
    ),
    (
        "axes: must be 3 of matplotlib",
        lambda m: lt.plot.campaign(m["campaign summary"], axes=[plt.gca()]),
    ),
    ("found: must come from .*sweep, as a grid", lambda m: lt.plot.saturation(m["knee"].squeeze())),
    ("found: must come from .*sweep, as a grid", lambda m: lt.plot.heatmap(m["sensitivity"])),
    (
        "found: must come from .*sweep, as a grid",
        lambda m: lt.plot.saturation(m["sensitivity"], "leakers"),
    ),
    ("measure: must be one of leak_rate", lambda m: lt.plot.saturation(m["sweep"], "leak_rat")),
    ("along: must be one of size", lambda m: lt.plot.heatmap(m["sweep"], along="sizes")),
    ("along: must be an axis of num", lambda m: lt.plot.saturation(m["by salvo"], along="salvo")),
    ("found: .*`point` has no axes", lambda m: lt.plot.heatmap(m["sweep"].rename(size="point"))),
    (
        "found: .*two axes; leak_rate has size",
        lambda m: lt.plot.heatmap(m["sweep"].isel({BURSTS: 0})),
    ),
    (
        "found: .*one axis or two.*select",
        lambda m: lt.plot.saturation(m["sweep"].expand_dims(third=[1, 2])),
    ),
    (
        "found: at most 9 lines",
        lambda m: lt.plot.saturation(m["sweep"].isel({BURSTS: [0] * 10})),
    ),
    (
        "knee: must come from .*saturation_point",
        lambda m: lt.plot.saturation(m["sweep"], knee=m["sweep"]),
    ),
    (
        "knee: must be one for each line, 2",
        lambda m: lt.plot.saturation(m["sweep"], knee=m["knee"]),
    ),
    ("found: must come from .*tornado; has no", lambda m: lt.plot.tornado(m["allocate"])),
    ("found: must come from .*sensitivity", lambda m: lt.plot.sensitivity(m["tornado"])),
    ("found: must come from .*allocate", lambda m: lt.plot.frontier(m["sensitivity"])),
    ("found: must come from .*records.check", lambda m: lt.plot.rank_ecdf(m["sweep"])),
    ("found: has no rank", lambda m: lt.plot.rank_ecdf(m["check"].where(False))),
    ("found: must be of one night.*got 3", lambda m: lt.plot.predictive_intervals(m["check"])),
]


@pytest.mark.parametrize(("text", "call"), REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_not_such_a_dataset_is_refused(
    made: Made, text: str, call: Callable[[Made], Any]
) -> None:
    with pytest.raises(ValueError, match=text):
        call(made)
    assert "axes" in text or not plt.get_fignums()  # no figure is left open


def test_costs_are_labelled_with_their_currency_once() -> None:
    cost = xr.DataArray([1.0], dims="price", attrs=described("price of one", CURRENCY))
    assert style.with_units("price", cost) == "price [currency]"
    assert style.described(cost) == "price of one [currency]"


@pytest.mark.parametrize("layout", [None, "constrained"])
def test_a_label_of_three_lines_leaves_less_for_the_title(layout: Any) -> None:
    scenario = lt.exact.as_scenario(
        "finite_magazine", threats=20, rounds=20, kill_probability=0.7, looks=2
    )
    axes = {"raid": {"salvos.raid.count": [10, 20]}}
    found = lt.sweep(scenario, axes, measures=["leakers"], replications=20, seed=1)
    figure, ax = plt.subplots(figsize=(3.5, 2.8), dpi=200, layout=layout)
    lt.plot.saturation(found, ax=ax)
    check_texts(boxes_of(figure), figure.bbox)


def test_numbers_of_leakers_have_a_scale_in_narrow_axes() -> None:
    figure, ax = plt.subplots(figsize=(3.5, 2.8))
    ax.set_xlim(31.0, 92.0)
    style.whole(ax.xaxis)
    figure.canvas.draw()
    assert sum(31 <= at <= 92 for at in ax.get_xticks()) >= 2


def test_rows_without_room_keep_their_first_line() -> None:
    figure, ax = plt.subplots(figsize=(3.5, 2.8))
    style.label_rows(
        ax, [f"class {n}, shot down\nrecorded 12, simulated 3 to 17" for n in range(9)]
    )
    figure.canvas.draw()
    names = [label.get_window_extent() for label in ax.get_yticklabels()]
    assert ax.get_yticklabels()[0].get_text() == "class 0, shot down"
    assert all(lower.y1 <= upper.y0 for upper, lower in itertools.pairwise(names))
