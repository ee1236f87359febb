"""Addressed draws: the generator, its addresses, and quantile tables."""

import math
from collections.abc import Sequence
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from raids import battery, gun, layer, magazine, raid, salvo
from scipy import stats

import leakthrough as lt
from leakthrough.engine.kernel import draws as kernel_draws
from leakthrough.engine.lower_raid import lower
from leakthrough.model.discrete import OCTAVES, STEPS, stream, threshold, ticks
from leakthrough.model.quantiles import quantile_table, tail_probabilities
from leakthrough.reference import draws as _reference_draws

SCALE = 1_000_000

# ---------------------------------------------------------------- the generator


@numba.njit
def philox(key: Any, counter: Any) -> Any:
    """The generator of the kernel, which only compiled code can call."""
    return kernel_draws.philox(key, counter)


@numba.njit
def quantile(table: Any, start: int, probability: float) -> Any:
    return kernel_draws.quantile(table, start, probability)


KNOWN = [
    (0, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (0xFFFFFFFF, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
]


@pytest.mark.parametrize(("word", "answer"), KNOWN)
def test_philox_gives_the_published_answers(word: int, answer: tuple[int, ...]) -> None:
    assert _reference_draws.philox((word,) * 2, (word,) * 4) == answer
    u = np.uint64(word)
    assert tuple(map(int, philox((u, u), (u, u, u, u)))) == answer


def test_both_generators_agree_everywhere(offset: int) -> None:
    words = np.random.default_rng(offset).integers(0, 2**32, (200, 6), dtype=np.uint64)
    for row in words:
        expected = _reference_draws.philox(tuple(map(int, row[:2])), tuple(map(int, row[2:])))  # type: ignore[arg-type]
        assert tuple(map(int, philox(tuple(row[:2]), tuple(row[2:])))) == expected


def test_draws_are_uniform_and_unrelated(offset: int) -> None:
    # 4 x 20,000 integers at neighbouring addresses. 5 sigma on the mean detects a bias of 0.6 % of
    # the range; on the correlation of neighbouring integers, 3.5 %.
    night = _reference_draws.RaidDraws(2025 + offset, 3)
    draws = np.array([night.draw(("a",), threat=n) for n in range(20_000)]) / 2**32
    assert np.all(np.abs(draws.mean(axis=0) - 0.5) < 5 * math.sqrt(1 / 12 / 20_000))
    together = np.corrcoef(np.hstack([draws[:-1], draws[1:]]).T) - np.eye(8)
    assert np.abs(together).max() < 5 / math.sqrt(20_000)


def test_streams_are_63_bits_and_distinct() -> None:
    parts: list[str | int] = ["a", "b", "ab", "", "a,b", 1, 0]
    streams = [stream(a, b) for a in parts for b in parts] + [stream(a) for a in parts]
    assert len(set(streams)) == len(streams)
    assert all(0 <= number < 2**63 for number in streams)
    assert stream("1") != stream(1)


@pytest.mark.parametrize(
    ("seconds", "whole"), [(0.1, 100_000), (1.4e-6, 1), (1.5e-6, 2), (-1.5e-6, -1), (1e9, 10**15)]
)
def test_ticks(seconds: float, whole: int) -> None:
    assert ticks(seconds) == whole


def test_thresholds() -> None:
    assert [threshold(p) for p in (0.0, 0.25, 1.0)] == [0, 2**30, 2**32]


# ---------------------------------------------------------------- addresses

DRONES = salvo("drones", 12, lt.Poisson(start=0.0, rate=0.2), axis="a")
OTHERS = salvo("others", 9, lt.Uniform(start=0.0, stop=50.0), axis="b")
NEW = salvo("new", 5, lt.Poisson(start=0.0, rate=1.0))
GUN = gun(kills=stats.beta(2.0, 2.0), flight_time=stats.uniform(0.5, 1.0))
SPARE = gun("spare", kills=0.0)
# It fires at "others" only, with channels and rounds for all: results depend on draws only.
FIRST = battery(
    "first", channels=40, assessment_time=stats.expon(scale=2.0), false_kill=0.3, axes=["b"]
)
GUARDS = {count: battery("guard", count=count, axes=["a"]) for count in (1, 2)}


def ring(*batteries: lt.Battery) -> lt.Layer:
    sensor = lt.Sensor(detection={"t": 0.7}, availability=0.8)
    return layer("ring", *batteries, soft_kill={"t": 0.2}, sensor=sensor)


PLAIN = (ring(FIRST),)


def told(
    offset: int,
    salvos: Sequence[lt.Salvo] = (DRONES, OTHERS),
    layers: Sequence[lt.Layer] = PLAIN,
    guns: Sequence[lt.Interceptor] = (GUN, SPARE),
) -> pd.DataFrame:
    """All results of "others", and those of "drones" in the ring, in five replications."""
    scenario = raid(salvos, layers, guns)
    nights = [lt.replay(scenario, replication=n, seed=7 + offset).to_dataframe() for n in range(5)]
    table = pd.concat(nights, keys=range(5)).reset_index(level=1, drop=True)
    met = (table.salvo == "drones") & (table.event == "opening")
    return table[((table.salvo == "others") | met) & (table.layer != "empty")]


CHANGES: dict[str, dict[str, Any]] = {
    "salvo": {"salvos": [NEW, DRONES, OTHERS]},
    "battery": {"layers": [ring(GUARDS[1], FIRST)]},
    "two batteries": {"layers": [ring(GUARDS[2], FIRST)]},
    "layer": {"layers": [layer("empty"), ring(FIRST)]},
    "interceptor": {"guns": [SPARE, GUN]},
    "rounds": {"layers": [ring(FIRST.model_copy(update={"magazines": (magazine(rounds=500),)}))]},
    "magazine": {
        "layers": [ring(FIRST.model_copy(update={"magazines": (magazine("spare"), magazine())}))]
    },
}


@pytest.mark.parametrize("what", CHANGES)
def test_insertions_change_no_other_draws(what: str, offset: int) -> None:
    plain = told(offset)
    assert {"kill", "leak", "assessment"} <= set(plain.event)
    assert len(set(plain.index)) > 1
    pd.testing.assert_frame_equal(told(offset, **CHANGES[what]), plain)


def test_another_name_is_another_draw(offset: int) -> None:
    renamed = FIRST.model_copy(update={"name": "second"})
    changed = told(offset, layers=[ring(renamed)]).replace("second", "first")
    assert changed.time.tolist() != told(offset).time.tolist()


def test_a_second_battery_leaves_the_first_ones_draws() -> None:
    one, two = (lower(raid([DRONES, OTHERS], [ring(GUARDS[count])])).pairings for count in (1, 2))
    for name in ("engagement_stream", "rounds_stream"):
        assert one[name].tolist() == two[two["battery"] == 0][name].tolist()
        assert len({*two[name].tolist()}) == two.size == 2


# ---------------------------------------------------------------- quantile tables

DISTRIBUTIONS = [
    stats.expon(scale=20.0),
    stats.lognorm(0.9, scale=30.0),
    stats.beta(2.0, 5.0),
    stats.beta(0.5, 0.5),
    stats.uniform(3.0, 4.0),
    stats.norm(100.0, 15.0),
    stats.gamma(0.7, scale=9.0),
    stats.gamma(4.0, scale=9.0),
    stats.triang(0.3, loc=2.0, scale=6.0),
    stats.truncnorm(-1.0, 3.0, loc=10.0, scale=8.0),
    stats.weibull_min(1.5, scale=10.0),
]
named = pytest.mark.parametrize("frozen", DISTRIBUTIONS, ids=lambda frozen: frozen.dist.name)


def quantiles(frozen: Any, probabilities: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Quantiles in seconds from compiled code, equal to those of the reference engine."""
    distribution = lt.Distribution.model_validate(as_table(frozen))
    table = quantile_table(distribution, SCALE).ravel()
    found = [quantile(table, 0, p) for p in probabilities]
    some = slice(None, None, 37)
    assert found[some] == [
        _reference_draws.quantile(distribution, SCALE, p) for p in probabilities[some]
    ]
    return np.array(found) / SCALE


def as_table(frozen: Any) -> dict[str, Any]:
    names = [name.strip() for name in (frozen.dist.shapes or "").split(",") if name.strip()]
    given = dict(zip([*names, "loc", "scale"], frozen.args, strict=False))
    return {"dist": frozen.dist.name, **given, **frozen.kwds}


@named
def test_quantiles_are_scipys(frozen: Any) -> None:
    # Probabilities between the nodes, to 2**-31 in both tails. Linear interpolation over 1/128 of
    # an octave has an error of about (1/128)**2 / 8 of the change of the quantile in that octave:
    # at most 1e-5 of the standard deviation for all these distributions.
    tails = np.geomspace(2.0**-31, 0.4999, 3001)
    probabilities = np.append(tails, 1.0 - tails)
    found, expected = quantiles(frozen, probabilities), frozen.ppf(probabilities)
    bound = 1e-5 * (frozen.std() + np.abs(expected - frozen.median())) + 1.0 / SCALE
    assert np.all(np.abs(found - expected) < bound)
    assert np.all(np.diff(found[np.argsort(probabilities)]) >= 0)


@named
def test_beyond_the_last_nodes_the_distribution_is_cut(frozen: Any) -> None:
    table = quantile_table(lt.Distribution.model_validate(as_table(frozen)), SCALE)
    for probability, end in ((1e-300, table[0, 0]), (1.0 - 1e-16, table[1, 0])):
        for inward in (probability, 2.0**-33 if probability < 0.5 else 1.0 - 2.0**-33):
            found = quantiles(frozen, np.array([inward]))[0]
            assert found == math.floor(end + 0.5) / SCALE


@named
def test_the_mean_is_kept(frozen: Any) -> None:
    # Exact integral of the piecewise linear quantile function, without the rounding to ticks.
    table = quantile_table(lt.Distribution.model_validate(as_table(frozen)), SCALE)
    mean = np.trapezoid(table, tail_probabilities(), axis=1).sum() / SCALE
    cut = 2.0**-33 * (table[0, 0] + table[1, 0]) / SCALE
    assert mean + cut == pytest.approx(frozen.mean(), rel=1e-5)


def test_a_quantile_table_is_shared_and_cannot_be_written() -> None:
    frozen = lt.Distribution.model_validate({"dist": "expon"})
    table = quantile_table(frozen, SCALE)
    assert quantile_table(frozen, SCALE) is table
    assert table.shape == (2, OCTAVES * STEPS + 1)
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 1.0


def test_drawn_times_are_cut_at_the_longest() -> None:
    heavy = lt.Distribution.model_validate({"dist": "pareto", "b": 0.1})
    assert np.abs(quantile_table(heavy, SCALE)).max() == 10**15
