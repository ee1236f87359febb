"""Estimates with controls: least squares, the same bits everywhere, and sums that hold."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from leakthrough.statistics import controls
from leakthrough.statistics.controls import (
    CONTROLLED,
    DETERMINED,
    PLAIN,
    RARE,
    UNSETTLED,
    USELESS,
    Controlled,
    ControlSums,
    controlled_means,
    fitted,
)
from leakthrough.statistics.means import SETTLED, mean_interval, moments_of

Whole = npt.NDArray[np.int64]
ONE = 1 << 32


def summed(known: Any, measures: Any, blocks: int = 1) -> ControlSums:
    """Sums of blocks that are taken from the last to the first."""
    total = ControlSums(known.shape[1], measures.shape[1])
    for block in reversed(np.array_split(np.arange(len(measures)), blocks)):
        part = ControlSums(known.shape[1], measures.shape[1])
        part.take(known[block], measures[block])
        total.merge(part)
    return total


def estimated(known: Any, measures: Any, **more: Any) -> Controlled:
    return controlled_means(summed(known, measures), moments_of(measures), **more)


def raids(number: int, offset: int) -> tuple[Whole, Whole]:
    """Soft kills, kills and leakers of thirty threats, with the two controls."""
    random = np.random.default_rng([number, 5 + offset])
    soft = random.binomial(30, 0.2, number)
    killed = random.binomial(30 - soft, 0.6)
    known = np.stack([5 * soft - 30, 5 * killed - 3 * (30 - soft)], axis=1) * ONE
    return known, np.stack([soft, killed, 30 - soft - killed], axis=1)


def noisy(number: int, columns: int, offset: int) -> tuple[Whole, Whole]:
    """Controls, and a measure of which they explain a part; the rest is nearly normal."""
    random = np.random.default_rng([number, columns, 6 + offset])
    known = random.binomial(40, 0.5, (number, columns)) - 20
    return known, (known.sum(axis=1) + random.binomial(400, 0.5, number))[:, np.newaxis]


def by_lstsq(known: Any, measures: Any) -> tuple[Any, Any]:
    """Intercepts and their standard errors."""
    matrix = np.concatenate([np.ones((len(known), 1)), known], axis=1)
    found, squares, *_ = np.linalg.lstsq(matrix, measures, rcond=None)
    corner = np.linalg.inv(matrix.T @ matrix)[0, 0]
    return found[0], np.sqrt(squares / (len(known) - matrix.shape[1]) * corner)


def test_it_is_the_intercept_of_least_squares() -> None:
    known, measures = noisy(3_000, 4, 0)
    found = estimated(known * ONE, measures)
    intercept, error = by_lstsq(known, measures)
    assert found.done.tolist() == [CONTROLLED]
    assert fitted(summed(known, measures)).controls == 4
    assert found.estimates[0] == pytest.approx(intercept, rel=1e-12)
    assert found.estimates[1] == pytest.approx(error, rel=1e-9)


def test_each_control_takes_a_degree_of_freedom() -> None:
    from scipy.special import stdtrit

    known, measures = noisy(200, 5, 0)
    mean, error, low, high, settled = estimated(known, measures).estimates[:, 0]
    allowance = np.log(20) * measures.std(ddof=1) / 200
    assert (high - low) / 2 == pytest.approx(stdtrit(200 - 1 - 5, 0.975) * error + allowance)
    assert high - mean == pytest.approx(mean - low)
    assert settled == 1.0


def test_blocks_and_their_order_change_no_bit() -> None:
    known, measures = noisy(5_000, 3, 0)
    whole, parts = summed(known * ONE, measures), summed(known * ONE, measures, blocks=7)
    assert np.array_equal(whole.cross.planes, parts.cross.planes)
    moments = moments_of(measures)
    one, other = (controlled_means(sums, moments).estimates for sums in (whole, parts))
    assert one.tobytes() == other.tobytes()


@pytest.mark.parametrize("number", [200, 2_000])
def test_what_adds_up_in_each_replication_adds_up_in_the_estimates(
    number: int, offset: int
) -> None:
    known, measures = raids(number, offset)
    extra = np.zeros((number, 1), np.int64)
    extra[:3] = 1  # so rare that its interval is the plain one
    measures = np.concatenate([measures, extra, measures[:, 2:] - extra, -extra], axis=1)
    found = estimated(known, measures)
    soft, killed, leaked, rare, other, _ = found.estimates[0]
    assert found.done[3] == found.done[5] == UNSETTLED
    assert soft + killed + leaked == pytest.approx(30, abs=1e-12)
    assert rare + other == pytest.approx(leaked, abs=1e-12)
    assert (found.estimates[2] <= found.estimates[0]).all()
    assert (found.estimates[0] <= found.estimates[3]).all()


def test_a_measure_without_residual_is_determined_up_to_what_did_not_occur() -> None:
    known, measures = raids(500, 0)
    found = estimated(known, measures, least=0.0, most=30.0)
    assert found.done.tolist() == [DETERMINED] * 3
    assert found.estimates[0] == pytest.approx([6.0, 14.4, 9.6], abs=1e-12)
    allowance = np.log(20) * measures.std(axis=0, ddof=1) / 500
    assert found.estimates[3] - found.estimates[0] == pytest.approx(allowance, rel=1e-6)
    assert found.estimates[0] - found.estimates[2] == pytest.approx(allowance, rel=1e-6)


def test_an_interval_is_extended_to_the_estimate_of_all_measures() -> None:
    """Controls whose mean is far off by chance: the plain interval is too, on either side."""
    known, other = noisy(500, 1, 0)
    known = np.abs(known)
    measures = np.concatenate([known, -known, 20 * known + other], axis=1)
    limits = {"least": [-500.0, -500.0, 0.0], "most": [500.0, 500.0, 900.0], "rare": 1e-5}
    found = estimated(known, measures, **limits)
    assert found.done.tolist() == [RARE, RARE, CONTROLLED]
    assert found.estimates[0, :2] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert found.estimates[2, 0] == found.estimates[0, 0] < found.plain[2, 0]
    assert found.estimates[3, 1] == found.estimates[0, 1] > found.plain[3, 1]


def test_a_constant_is_itself() -> None:
    known, _ = raids(500, 0)
    found = estimated(known, np.full((500, 1), 7), least=0.0, most=30.0)
    assert found.done.tolist() == [PLAIN]
    assert np.array_equal(found.estimates, found.plain)


def test_dependent_controls_drop_out() -> None:
    known, measures = noisy(4_000, 3, 0)
    twice = np.concatenate([known[:, :2], known[:, :1] - 3 * known[:, 1:2], known[:, 2:]], axis=1)
    found = estimated(twice, measures)
    assert fitted(summed(twice, measures)).controls == 3
    assert found.estimates == pytest.approx(estimated(known, measures).estimates, rel=1e-12)


def test_one_control_for_forty_replications_in_the_order_given() -> None:
    known, measures = noisy(159, 9, 0)
    assert fitted(summed(known, measures)).controls == 3
    assert np.array_equal(
        estimated(known, measures).estimates, estimated(known[:, :3], measures).estimates
    )
    assert estimated(known[:39], measures[:39]).done.tolist() == [PLAIN]


def test_a_control_with_few_occurrences_is_not_used() -> None:
    known, measures = noisy(1_000, 3, 0)
    found = estimated(known, measures, fewest=[10.0, 9.9, 500.0])
    assert fitted(summed(known, measures), [10.0, 9.9, 500.0]).controls == 2
    kept = estimated(known[:, [0, 2]], measures)
    assert np.array_equal(found.estimates, kept.estimates)


def test_estimates_are_within_their_range() -> None:
    known, measures = noisy(400, 1, 0)
    measures += 20 * known
    mean, own = float(measures.mean()), fitted(summed(known, measures)).intercepts
    above = own[0] > mean
    found = estimated(known, measures, **{"most" if above else "least": mean})
    assert found.done.tolist() == [CONTROLLED]
    assert found.estimates[0] == pytest.approx(mean, rel=1e-15)
    assert ((found.estimates[2:4] <= mean) if above else (found.estimates[2:4] >= mean)).all()


def test_useless_controls_give_the_plain_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their loss is (n - 2) / (n - 2 - q) of the variance, and more if their means are off."""
    random = np.random.default_rng(3)
    known, measures = random.binomial(9, 0.5, (400, 10)) * 2 - 9, random.binomial(90, 0.5, (400, 1))
    known[:200] = np.abs(known[:200])
    found = estimated(known, measures)
    assert found.done.tolist() == [USELESS]
    assert np.array_equal(found.estimates, found.plain)
    monkeypatch.setattr(controls, "UNSEEN", -7.0)
    assert estimated(known, measures).done.tolist() == [CONTROLLED]


def test_rare_states_of_the_scenario_count() -> None:
    """A state with 0.0001 may shift the mean by 0.2: little for the plain interval only."""
    known, measures = noisy(1_000, 3, 0)
    measures = measures + 20 * known.sum(axis=1, keepdims=True)
    wanted = {"least": -900.0, "most": 1_100.0, "rare": 0.0001}
    found = estimated(known, measures, **wanted)
    assert found.done.tolist() == [RARE]
    assert np.array_equal(found.estimates, found.plain)
    assert found.estimates[SETTLED] == 1.0
    assert estimated(known, measures).done.tolist() == [CONTROLLED]


def test_too_few_replications() -> None:
    known, measures = noisy(1, 2, 0)
    found = estimated(known, measures)
    assert found.done.tolist() == [PLAIN]
    assert np.isnan(found.estimates[2:4]).all()
    with pytest.raises(ValueError, match="sums: must hold replications"):
        controlled_means(ControlSums(1, 1), moments_of(measures))


def test_the_plain_interval_is_the_librarys() -> None:
    known, measures = noisy(300, 2, 0)
    found = estimated(known, measures, least=0.0, most=900.0, rare=0.001)
    plain = mean_interval(moments_of(measures), 300, least=0.0, most=900.0, rare=0.001)
    assert np.array_equal(found.plain, plain)


def test_every_code_has_a_text() -> None:
    codes = [PLAIN, CONTROLLED, DETERMINED, UNSETTLED, RARE, USELESS]
    assert codes == list(range(len(controls.DONE)))
