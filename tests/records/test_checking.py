"""Ranks of recorded nights among simulated ones."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr
from scipy import stats

import leakthrough as lt
from leakthrough import records
from leakthrough.records.checking import QUANTILES

Array = npt.NDArray[Any]
DRONES = np.array([1, 3, 20, 50, 120])


def result_of(
    launched: dict[str, int], leaked: dict[str, Any], killed: dict[str, Any]
) -> xr.Dataset:
    """A result in the format of `simulate`, with given numbers; the rest is soft killed."""
    names = list(launched)
    number = np.array(list(launched.values()))
    through = np.array([leaked[name] for name in names]).T
    hard = np.array([killed[name] for name in names]).T
    soft = number - through - hard
    return xr.Dataset(
        {
            "launched": ("salvo", number),
            "leaked": (("replication", "salvo"), through),
            "killed": (("replication", "salvo", "layer"), hard[..., None]),
            "soft_killed": (
                ("replication", "salvo", "layer"),
                soft[..., None],
            ),
        },
        {"salvo": names, "threat": ("salvo", names)},
    )


def nights_of(launched: Array, through: Array, soft: Any = np.nan) -> xr.Dataset:
    """A table of nights of drones."""
    stopped = launched - through
    soft = np.broadcast_to(np.asarray(soft, np.float64), launched.shape)
    columns = {
        "launched": launched,
        "hard_kill": stopped - soft,
        "soft_kill": soft,
        "stopped": stopped,
        "in_flight": 0 * launched,
        "through": through,
        "strike_drones": np.nan * launched,
    }
    dims = ("night", "threat_class")
    days = np.datetime64("2025-08-01", "ns") + np.timedelta64(24, "h") * np.arange(launched.size)
    return xr.Dataset(
        {name: (dims, np.asarray(column)[:, None]) for name, column in columns.items()},
        {"night": days, "threat_class": ["drone"]},
    )


def drone_result(leaked: Array, launched: int) -> xr.Dataset:
    numbers = {"drone": leaked}, {"drone": launched - leaked}
    return result_of({"drone": launched}, *numbers)


def test_a_rank_is_counted_by_hand() -> None:
    """Of seven replications two are below the recorded 3, and three equal it."""
    leaked = np.array([0, 1, 3, 3, 3, 5, 9])
    night = nights_of(np.array([10]), np.array([3]))
    found = records.check(drone_result(leaked, 10), night, seed=5).sel(outcome="through")
    found = found.isel(night=0).sel(threat_class="drone")
    luck = np.random.default_rng(5).random(3)[0]
    assert float(found.relative_rank) == pytest.approx((2 + luck * 4) / 8)
    assert float(found.below) == 2 / 7
    assert float(found.up_to) == 5 / 7
    assert float(found.recorded) == 3
    assert float(found["mean"]) == pytest.approx(24 / 7)
    np.testing.assert_allclose(found.simulated, np.quantile(leaked, QUANTILES))
    assert int(found.nights) == 1
    assert np.isnan(found.p_value)


def test_ranks_are_uniform_where_the_record_is_a_draw(offset: int) -> None:
    """With few replications: 2,000 nights with 9 each, and small counts.

    The 1 - 1e-6 quantile of the Kolmogorov-Smirnov distance is 0.06. Ranks in the middle of ties
    would have 0.13, and division by R instead of R + 1 would give 0.10.
    """
    rng = np.random.default_rng(51 + offset)
    launched = rng.choice(DRONES, 2000)
    leaked = rng.binomial(launched, rng.beta(2, 8, (10, 2000)))
    results = [drone_result(leaked[:-1, i], int(n)) for i, n in enumerate(launched)]
    found = records.check(results, nights_of(launched, leaked[-1]), seed=52 + offset)
    found = found.sel(threat_class="drone", outcome="through")
    assert float(found.statistic) < 0.06
    assert ((found.relative_rank > 0) & (found.relative_rank < 1)).all()
    expected = stats.kstest(found.relative_rank, "uniform")
    assert float(found.statistic) == expected.statistic
    assert float(found.p_value) == expected.pvalue
    assert int(found.nights) == 2000


@pytest.mark.parametrize("shift", ["spread", "mean"])
def test_ranks_are_not_uniform_where_the_model_is_wrong(shift: str, offset: int) -> None:
    """No spread between nights, or twice the leakers, in 100 nights."""
    rng = np.random.default_rng(53 + offset)
    launched = np.full(100, 120)
    through = rng.binomial(launched, rng.beta(4, 16, 100))
    wrong = np.full(500, 0.2) if shift == "spread" else rng.beta(8, 12, 500)
    results = [drone_result(rng.binomial(120, wrong), 120) for _ in launched]
    found = records.check(results, nights_of(launched, through))
    assert float(found.p_value.sel(threat_class="drone", outcome="through")) < 1e-3


def test_the_same_seed_gives_the_same_ranks() -> None:
    night = nights_of(np.array([10]), np.array([3]))
    result = drone_result(np.full(9, 3), 10)
    first, again, other = (records.check(result, night, seed=seed) for seed in (1, 1, 2))
    xr.testing.assert_identical(first, again)
    assert (first.relative_rank != other.relative_rank).any()
    xr.testing.assert_identical(first.drop_vars("relative_rank"), other.drop_vars("relative_rank"))


def test_a_simulated_night_against_the_recorded_one() -> None:
    """Decoys are drones in the record; soft and hard kills are separate where reported."""
    scenario = lt.Scenario(
        name="n",
        threats=[
            lt.Threat(name="strike drone", speed=50.0),
            lt.Threat(name="decoy drone", speed=50.0, decoy=True),
            lt.Threat(name="cruise missile", speed=200.0),
        ],
        interceptors=[],
        salvos=[
            lt.Salvo(name="a", threat="strike drone", count=330, arrival=lt.At(time=0.0)),
            lt.Salvo(name="b", threat="decoy drone", count=209, arrival=lt.At(time=0.0)),
            lt.Salvo(name="c", threat="cruise missile", count=4, arrival=lt.At(time=0.0)),
        ],
        layers=[
            lt.Layer(
                name="jamming",
                outer_range=1e4,
                soft_kill={"strike drone": 0.3, "decoy drone": 0.5, "cruise missile": 0.5},
            )
        ],
    )
    result = lt.simulate(scenario, replications=400, seed=1)
    night = records.nights(records.raids()).sel(night="2025-07-04")
    kinds = {"strike drone": "drone", "decoy drone": "drone"}
    found = records.check(result, night, classes=kinds)
    assert found.threat_class.values.tolist() == ["drone", "cruise missile"]
    drones = found.isel(night=0).sel(threat_class="drone")
    assert drones.recorded.values.tolist() == [63.0, 268.0, 208.0]
    # Jammed: 330 at 0.3 and 209 at 0.5: 203.5 ± 11, so ± 0.55 for the mean of 400.
    assert abs(float(drones["mean"].sel(outcome="soft_kill")) - 203.5) < 5 * 0.6
    assert float(drones.relative_rank.sel(outcome="through")) < 0.01
    assert float(drones.relative_rank.sel(outcome="hard_kill")) > 0.99
    assert 0.2 < float(drones.relative_rank.sel(outcome="soft_kill")) < 0.99
    cruise = found.isel(night=0).sel(threat_class="cruise missile")
    assert cruise.recorded.values[:2].tolist() == [2.0, 2.0]
    assert np.isnan(cruise.relative_rank.sel(outcome="soft_kill"))
    assert found.nights.sel(outcome="soft_kill").values.tolist() == [1, 0]


def test_nights_without_a_threat_have_no_rank() -> None:
    nights = nights_of(np.array([0, 10]), np.array([0, 3]))
    results = [drone_result(np.zeros(4, np.int64), 0), drone_result(np.array([3, 4]), 10)]
    found = records.check(results, nights).sel(threat_class="drone", outcome="through")
    assert np.isnan(found.relative_rank.values).tolist() == [True, False]
    assert found.recorded.values.tolist() == [0.0, 3.0]
    assert int(found.nights) == 1


def test_what_was_recorded_but_not_simulated_is_left_out() -> None:
    night = records.nights(records.raids()).sel(night=["2025-07-04"])
    found = records.check(drone_result(np.array([60, 70]), 539), night)
    assert found.threat_class.values.tolist() == ["drone"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"result": []}, "result: must be a list of results, at least one"),
        ({"launched": 11}, "it launches 11 of drone on 2025-08-01, .*has the fate of 10"),
        ({"classes": {"drone": "boat"}}, "classes: the threat 'drone' must have one of.*'boat'"),
        ({"classes": {"drone": "other"}}, "it launches 10 of other on .* the fate of 0"),
        ({"result": xr.Dataset()}, "result: must be of one raid.*launched is not along salvo"),
        ({"record": xr.Dataset()}, "record: must be a Dataset"),
    ],
)
def test_what_does_not_fit_is_refused(change: dict[str, Any], said: str) -> None:
    result = change.get("result", drone_result(np.array([3, 4]), change.get("launched", 10)))
    record = change.get("record", nights_of(np.array([10]), np.array([3])))
    with pytest.raises(ValueError, match=said):
        records.check(result, record, classes=change.get("classes"))


def test_a_result_without_its_replications_is_refused() -> None:
    result = drone_result(np.array([3, 4]), 10).mean("replication")
    with pytest.raises(ValueError, match="has no replications"):
        records.check(result, nights_of(np.array([10]), np.array([3])))
