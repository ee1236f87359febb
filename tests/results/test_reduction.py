"""Reductions are exact: order, partition and method change no bit."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from strategies import scenarios

import leakthrough as lt
from leakthrough.model.discrete import TICKS_A_SECOND
from leakthrough.results.integer_sums import Histogram, Moments, exact_products, exact_sums
from leakthrough.results.reduction import QUANTILES, Reduction, reduced
from leakthrough.results.sums import NO_ASSETS

Whole = npt.NDArray[np.int64]
TIMELINE = (-20.0, 0.0, 30.0, 60.0, 60.0, 1000.0)

wide = st.one_of(
    st.integers(0, 20),
    st.integers(-(2**62), 2**62),
    st.sampled_from([2**25 - 1, 2**25, 2**50 - 1, 2**50, 1 - 2**50, -(2**50), -1]),
)
quick = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def tables(columns: int) -> st.SearchStrategy[Any]:
    return hnp.arrays(np.int64, st.tuples(st.integers(0, 9), st.just(columns)), elements=wide)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(values=tables(3))
def test_sums_are_those_of_python_integers(values: Whole) -> None:
    total, squares = exact_sums(values)
    rows = values.tolist()
    assert total.tolist() == [sum(row[n] for row in rows) for n in range(3)]
    assert squares.tolist() == [sum(row[n] ** 2 for row in rows) for n in range(3)]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(values=tables(5))
def test_products_are_those_of_python_integers(values: Whole) -> None:
    rows = values.tolist()
    expected = [[sum(r[a] * r[b] for r in rows) for b in (3, 4)] for a in (0, 1, 2)]
    assert exact_products(values[:, :3], values[:, 3:]).tolist() == expected


@pytest.mark.parametrize("value", [3, 2**50 - 1, 2**50, -(2**62)])
def test_many_large_values_do_not_overflow(value: int) -> None:
    rows = 10_001  # more than two slices
    total, squares = exact_sums(np.full(rows, value))
    assert (total.item(), squares.item()) == (rows * value, rows * value**2)
    column = np.full((rows, 1), value)
    assert exact_products(column, column).item() == rows * value**2


@settings(max_examples=200, deadline=None, derandomize=True)
@given(values=hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=3), elements=wide))
def test_variance_is_the_nearest_number_to_the_exact_one(values: Whole) -> None:
    moments = Moments()
    moments.take(values)
    variance = moments.statistics().reshape(5, -1)[1]
    for column, found in zip(values.reshape(len(values), -1).T.tolist(), variance, strict=True):
        n = len(column)
        if n == 1:
            assert np.isnan(found)
        else:
            above = n * sum(x * x for x in column) - sum(column) ** 2
            assert found == above / (n * (n - 1))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    values=hnp.arrays(
        np.int64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.integers(0, 30)
    )
)
def test_quantiles_are_numpys_inverted_cdf(values: Whole) -> None:
    histogram = Histogram()
    for part in np.array_split(values, 3):
        if len(part):
            histogram.take(part)
    found = histogram.quantiles(QUANTILES, values.shape[1:])
    # NumPy's product of a share and a number has a rounding error where it should be whole
    places = [-(-round(100 * q) * len(values) // 100) - 1 for q in QUANTILES]
    assert np.array_equal(found, np.sort(values, axis=0)[places])
    odd = [n for n, q in enumerate(QUANTILES) if round(100 * q) * len(values) % 100]
    numpys = np.quantile(values, np.array(QUANTILES)[odd], axis=0, method="inverted_cdf")
    assert np.array_equal(found[odd], numpys)


def identical(one: xr.Dataset, other: xr.Dataset) -> None:
    """Compare two Datasets with attributes and dtypes, except for the call in the provenance."""
    bare = [found.drop_attrs(deep=False) for found in (one, other)]
    xr.testing.assert_identical(*bare)
    for name in one.variables:
        assert one[name].dtype == other[name].dtype, name


@quick
@given(scenario=scenarios(most_threats=12), seed=st.integers(0, 2**63 - 1), data=st.data())
def test_any_partition_in_any_order_gives_the_same_bits(
    scenario: lt.Scenario, seed: int, data: st.DataObject
) -> None:
    result = lt.simulate(scenario, replications=7, seed=seed, timeline=TIMELINE, workers=1)
    rows = {str(n): v.values for n, v in result.items() if "replication" in v.dims}
    order = np.array(data.draw(st.permutations(range(7))))
    cuts = sorted(data.draw(st.lists(st.integers(0, 7), max_size=4)))
    whole, parts = Reduction(result.decoy.values), []
    whole.take_rows(rows)
    for places in np.split(order, cuts):
        part = Reduction(result.decoy.values)
        for some in np.array_split(places, 2):
            part.take_rows({name: values[some] for name, values in rows.items()})
        parts.append(part)
    merged = parts.pop(data.draw(st.integers(0, len(parts) - 1)))
    for part in parts:
        merged.merge(part)
    identical(xr.Dataset(merged.variables()), xr.Dataset(whole.variables()))


@quick
@given(scenario=scenarios(most_threats=12), seed=st.integers(0, 2**63 - 1))
def test_both_ways_to_a_reduced_result_give_the_same_bits(scenario: lt.Scenario, seed: int) -> None:
    call: dict[str, Any] = {"replications": 6, "seed": seed, "timeline": TIMELINE}
    kept = lt.simulate(scenario, **call)
    identical(reduced(kept), lt.simulate(scenario, **call, keep="summary"))


@quick
@given(scenario=scenarios(most_threats=12), seed=st.integers(0, 2**63 - 1))
def test_statistics_are_those_of_the_replications(scenario: lt.Scenario, seed: int) -> None:
    result = lt.simulate(scenario, replications=5, seed=seed, timeline=TIMELINE)
    found = reduced(result)
    for name, values in result.items():
        if "replication" in values.dims and name not in NO_ASSETS.units:
            mean, variance = (found[name].sel(statistic=s).values for s in ("mean", "variance"))
            np.testing.assert_allclose(mean, values.values.mean(axis=0), rtol=1e-14)
            np.testing.assert_allclose(variance, values.values.var(axis=0, ddof=1), rtol=1e-9)
            assert np.array_equal(found[name].sel(statistic="minimum"), values.values.min(axis=0))
            assert np.array_equal(found[name].sel(statistic="maximum"), values.values.max(axis=0))
    leakers = result.leaked.values[:, ~result.decoy.values].sum(axis=1)
    assert np.array_equal(found.replications_by_leakers, np.bincount(leakers))
    assert np.array_equal(found.dry, result.depletion_time.notnull().sum("replication"))
    both = np.concatenate([result.leaked.values, result.expended.values.sum(axis=1)], axis=1)
    expected = np.cov(both, rowvar=False).reshape(both.shape[1], both.shape[1])
    salvos = result.sizes["salvo"]
    parts = {
        "leaked_covariance": expected[:salvos, :salvos],
        "expended_covariance": expected[salvos:, salvos:],
        "leaked_expended_covariance": expected[:salvos, salvos:],
    }
    for name, part in parts.items():
        np.testing.assert_allclose(found[name].values, part, rtol=1e-9, atol=1e-9)


def test_times_are_reduced_over_the_replications_in_which_they_occurred() -> None:
    rows = {
        "leaked": np.zeros((3, 0), np.int64),
        "killed": np.zeros((3, 0, 0), np.int64),
        "soft_killed": np.zeros((3, 0, 0), np.int64),
        "expended": np.zeros((3, 1, 2), np.int64),
        "depletion_time": np.array([[[10.0, np.nan]], [[np.nan, np.nan]], [[13.0, np.nan]]]),
        "reserve_time": np.array([[[8.0, np.nan]], [[9.0, np.nan]], [[13.0, np.nan]]]),
    }
    reduction = Reduction(np.zeros(0, np.bool_))
    reduction.take_rows(rows)
    variables = reduction.variables()
    found = variables["depletion_time"].values
    assert found[:, 0, 0].tolist() == [11.5, 4.5, 10.0, 13.0, 0.0]
    assert np.isnan(found[:, 0, 1]).all()
    assert variables["dry"].values.tolist() == [[2, 0]]
    assert variables["reserve_reached"].values.tolist() == [[3, 0]]
    assert TICKS_A_SECOND == 10**6


def test_what_is_reduced_comes_back_as_it_is(night: xr.Dataset) -> None:
    once = reduced(night)
    identical(reduced(once), once)


def test_parts_and_joined_results_can_be_reduced(night: xr.Dataset) -> None:
    halves = [night.isel(replication=slice(0, 20)), night.isel(replication=slice(20, None))]
    identical(
        reduced(
            xr.concat(
                halves, "replication", data_vars="minimal", coords="minimal", compat="override"
            )
        ),
        reduced(night),
    )
    moved = halves[1].assign_coords(seed=9)
    joined = xr.concat(
        [halves[0], moved], "replication", data_vars="minimal", coords="different", compat="equals"
    )
    identical(reduced(joined), reduced(night).drop_vars("seed"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: xr.Dataset(), "must come from leakthrough.simulate; has no launched"),
        (lambda r: r.drop_vars("decoy"), "has no decoy$"),
        (lambda r: r.drop_vars(["leaked", "expended"]), "has no leaked, expended$"),
        (lambda r: r.isel(replication=3), r"has no replications.*isel\(replication=\[17\]\)"),
        (lambda r: r.isel(replication=[]), "has no replications"),
        (
            lambda r: r.assign(launched=r.launched * (r.replication + 1)),
            "along replication.*data_vars",
        ),
    ],
)
def test_what_is_no_result_is_refused(
    night: xr.Dataset, change: Callable[[xr.Dataset], xr.Dataset], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        reduced(change(night))


@pytest.fixture(scope="module")
def night() -> xr.Dataset:
    scenario = lt.Scenario(
        name="night",
        threats=[lt.Threat(name="drone", speed=50.0)],
        interceptors=[lt.Interceptor(name="gun", kill_probability={"drone": 0.5})],
        salvos=[lt.Salvo(name="drones", threat="drone", count=9, arrival=lt.At(time=0.0))],
        layers=[
            lt.Layer(
                name="point",
                outer_range=1e3,
                batteries=[
                    lt.Battery(name="b", magazines=[lt.Magazine(interceptor="gun", rounds=8)])
                ],
            )
        ],
    )
    return lt.simulate(scenario, replications=40, seed=1)
