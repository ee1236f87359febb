"""Nightly numbers: models against enumeration, parameters recovered, and what is supported."""

from itertools import pairwise, product
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import simulated_records
import xarray as xr
from scipy import stats

import leakthrough as lt
from leakthrough import records
from leakthrough.records import raid_models

Array = npt.NDArray[Any]


def record_of(counts: Array) -> xr.Dataset:
    """Successive nights; a night without a raid has no entry."""
    day = np.datetime64("2031-01-01", "ns") + np.timedelta64(24, "h") * np.arange(counts.size)
    raid = counts > 0
    return simulated_records.record_of(counts[raid], 0 * counts[raid], day[raid])


def fitted(counts: Array) -> xr.Dataset:
    return records.fit_raids(record_of(counts), "ballistic missile")


def sized(rng: np.random.Generator, mean: Any, k: Any, number: int) -> Array:
    """1 + negative binomial numbers."""
    found: Array = 1 + rng.negative_binomial(k, k / (k + np.asarray(mean)), number)
    return found


def test_the_chain_sums_over_all_paths() -> None:
    """Six nights, one of them quiet: all 64 paths of routine and large nights."""
    values = np.array([8.0, 2.0, 30.0, 5.0, 0.2, 0.6, 0.01, 0.15])
    counts, days = np.array([3, 40, 0, 12, 28, 9]), np.arange(-5.0, 1.0)
    total = 0.0
    for path in product((0, 1), repeat=6):
        weight = (0.75, 0.25)[path[0]]
        for one, other in pairwise(path):
            weight *= ((0.8, 0.2), (0.6, 0.4))[one][other]
        for state, n, day in zip(path, counts, days, strict=True):
            m, k = values[2 * state] * np.exp(0.01 * day), values[2 * state + 1]
            own = 0.85 * stats.nbinom(k, k / (k + m)).pmf(n - 1)
            weight *= own if n else 0.15
        total += weight
    found = raid_models.log_densities(values, counts, days)
    assert np.exp(found.sum()) == pytest.approx(total, rel=1e-10)


def test_one_kind_with_growth_is_recovered(offset: int) -> None:
    rng = np.random.default_rng([offset, 1])
    days = np.arange(-399, 1)
    counts = sized(rng, 80 * np.exp(0.004 * days), 3.0, 400)
    counts[rng.random(400) < 0.2] = 0
    counts[[0, -1]] = 30
    found = fitted(counts)
    assert found.attrs["supported"] == "negative binomial"
    one = found.sel(model="negative binomial")
    assert one.mean_routine == pytest.approx(80, rel=0.25)
    assert one.dispersion_routine == pytest.approx(3, rel=0.3)
    assert one.quiet == pytest.approx((counts == 0).mean())
    value, low, high = found.growth_rate.values
    assert low < value < high
    assert value == one.growth
    assert high - low < 0.003
    assert abs(value - 0.004) < 0.0018
    assert found.days == 400
    assert found.held_out_difference.sel(model="poisson") < -1
    count = records.raid_size(found)
    assert isinstance(count, lt.Mixture)
    assert count.weights == pytest.approx([float(one.quiet), 1 - float(one.quiet)])


def test_two_kinds_are_recovered_and_no_chain_is_claimed(offset: int) -> None:
    rng = np.random.default_rng([offset, 2])
    large = rng.random(400) < 0.15
    found = fitted(np.where(large, sized(rng, 450, 12, 400), sized(rng, 100, 5, 400)))
    assert found.attrs["supported"] == "two kinds"
    one = found.sel(model="two kinds")
    assert one.mean_routine == pytest.approx(100, rel=0.2)
    assert one.mean_large == pytest.approx(450, rel=0.2)
    assert one.to_large == pytest.approx(0.15, abs=0.07)
    assert one.to_large + one.to_routine == pytest.approx(1)
    difference, error = (float(one[name]) for name in ("held_out_difference", "held_out_error"))
    assert difference > 2 * error
    assert found.lag_one_p_value.sel(series="counts") > 0.001
    routine, big = (cast("Any", records.raid_size(found, kind)) for kind in ("routine", "large"))
    assert big.mean() > 2.5 * routine.mean()


def test_a_chain_is_recovered(offset: int) -> None:
    rng = np.random.default_rng([offset, 3])
    large, state = np.zeros(400, bool), False
    for night in range(400):
        state = rng.random() < (0.75 if state else 0.1)
        large[night] = state
    found = fitted(np.where(large, sized(rng, 300, 8, 400), sized(rng, 60, 8, 400)))
    assert found.attrs["supported"] == "two-state chain"
    one = found.sel(model="two-state chain")
    assert one.to_large == pytest.approx(0.1, abs=0.07)
    assert one.to_routine == pytest.approx(0.25, abs=0.15)
    value, low, high = found.lag_one.sel(series="counts").values
    assert low < value < high
    assert value > 0.3
    assert found.lag_one_p_value.sel(series="counts") == pytest.approx(0.001)
    count = records.raid_size(found)
    assert isinstance(count, lt.Mixture)
    assert count.weights[1] == pytest.approx(
        float(one.to_large / (one.to_large + one.to_routine)), abs=1e-9
    )


def test_a_size_goes_into_a_salvo() -> None:
    counts = 1 + np.random.default_rng(4).poisson(40, 60)
    found = fitted(counts)
    assert found.attrs["supported"] == "poisson"
    for name in raid_models.MODELS:
        count = records.raid_size(found, model=name)
        salvo = lt.Salvo(name="s", threat="t", count=count, arrival=lt.At(time=0.0))
        assert salvo.count is not None
    assert cast("Any", records.raid_size(found)).mean() == pytest.approx(counts.mean(), rel=0.15)
    with pytest.raises(ValueError, match="model 'poisson' has no large nights"):
        records.raid_size(found, "large")
    with pytest.raises(ValueError, match="kind: must be one of any"):
        records.raid_size(found, "small")
    with pytest.raises(ValueError, match=r"must come from .*fit_raids"):
        records.raid_size(record_of(counts))


@pytest.mark.parametrize(
    ("days", "wrong", "text"),
    [
        (10, {}, "must cover at least 30 days, with a raid; got 10 days with 50 threats"),
        (40, {"threat_class": "drone"}, "threat_class: must be one of ballistic missile"),
        (40, {"confidence": 1.0}, "confidence"),
        (40, {"seed": -1}, "seed: must be a whole number from 0"),
    ],
)
def test_a_wrong_argument_is_refused(days: int, wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        records.fit_raids(
            record_of(np.full(days, 5)), **({"threat_class": "ballistic missile"} | wrong)
        )
