"""The comparisons of ``python -m verification``, and their power.

All cases are compared at 5 sigma; the page gives the number of comparisons and how rarely a correct
simulator fails one. A test here bounds the relative error that each comparison detects in 98 runs
of 100 (`Comparison.detectable`, the last column of the page).
"""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import linalg, stats
from verification import __main__ as command
from verification import compare, page
from verification.cases import CASES, SEED, Case
from verification.compare import Comparison

import leakthrough as lt
from leakthrough import exact

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "verification.md"
KILL = "interceptors.interceptor.kill_probability.threat"
RAID = Case("leakers", {"threats": 10, "kill_probability": 0.8})


@pytest.fixture(scope="module")
def found(offset: int) -> list[Comparison]:
    return compare.compare(CASES, SEED + offset)


# ---------------------------------------------------------------- the simulator


def test_every_case_agrees(found: list[Comparison]) -> None:
    assert [row for row in found if row.failed] == []


def test_the_cases_are_many_and_of_every_family(found: list[Comparison]) -> None:
    assert len(CASES) >= 40
    assert len({repr(case) for case in CASES}) == len(CASES)
    models = {case.model for case in CASES}
    assert len(models) >= 8
    assert all(sum(case.model == model for case in CASES) >= 4 for model in models)
    compared = {id(row.case) for row in found}
    assert compared == {id(case) for case in CASES}


def test_every_comparison_would_see_an_error(found: list[Comparison]) -> None:
    for row in found:
        if row.quantity.startswith(("mean", "share", "P(leak)")):
            assert row.detectable < 0.1, row
        elif row.quantity.startswith("distribution"):
            assert row.detectable < 0.08, row
        else:
            assert row.detectable < 1.5, row


def test_all_together_are_as_far_off_as_chance_has_it(found: list[Comparison]) -> None:
    # Means and shares of different cases are independent: their sum of squares is chi-square.
    # At 5 sigma it detects standard errors too large by a factor of 2 or too small by 0.6.
    off = {str(row.case): row.sigmas for row in found if row.quantity.startswith(("mean l", "sh"))}
    square = sum(value**2 for value in off.values())
    assert len(off) > 30
    limits = stats.chi2(len(off)).ppf([stats.norm.sf(5.0), stats.norm.cdf(5.0)])
    assert limits[0] < square < limits[1]


def share_lost(case: Case, time: float) -> tuple[float, float]:
    """Leak probability of arrivals at a time after an empty start, and in the long run.

    A Markov chain of the number engaged while a channel is free, and of the wait on a grid.
    """
    rate = case.arguments.get("load") or case.arguments["arrival_rate"]
    service, patience = (
        case.arguments.get(n, d) for n, d in (("service_rate", 1.0), ("patience", 0.0))
    )
    channels = case.arguments["channels"]
    capacity = channels * service
    steps = 200
    grid = (patience + 12.0 / capacity) / steps
    ends = np.concatenate([[0.0], grid * (np.arange(steps + 1) + 0.5)])
    jump = -np.diff(np.exp(-capacity * ends))  # by 0, 1, ... steps
    rates = np.zeros((channels + steps, channels + steps))
    for n in range(channels - 1):
        rates[n, n + 1] = rate
        rates[n + 1, n] = (n + 1) * service
    rates[channels - 1, channels:] = rate * jump[1:]
    for n in range(channels, channels + steps):
        rates[n, n - 1] = 1.0 / grid
        if (n + 1 - channels) * grid <= patience:
            rates[n, n:] += rate * jump[: channels + steps - n]
    rates -= np.diag(rates.sum(axis=1))
    lost = np.concatenate([np.zeros(channels), (np.arange(steps) + 1) * grid > patience])
    after = linalg.expm(rates * time)
    return float(after[0] @ lost), float(np.linalg.matrix_power(after, 50)[0] @ lost)


def share_without_track(case: Case, time: float) -> tuple[float, float]:
    """The same for a stream that needs tracks: a chain of the threats in each of two stages."""
    rate, launch, assessment, channels, tracks = case.arguments.values()
    states = [(i, j) for i in range(channels + 1) for j in range(tracks + 1 - i) if i <= tracks]
    rates = np.zeros((len(states), len(states)))
    code = {state: n for n, state in enumerate(states)}
    for (i, j), n in code.items():
        for state, own in (
            ((i + 1, j), rate),
            ((i - 1, j + 1), i * launch),
            ((i, j - 1), j * assessment),
        ):
            if state in code:
                rates[n, code[state]] = own
    rates -= np.diag(rates.sum(axis=1))
    lost = np.array([(i + 1, j) not in code for i, j in states], np.float64)
    after = linalg.expm(rates * time)
    return float(after[0] @ lost), float(np.linalg.matrix_power(after, 50)[0] @ lost)


@pytest.mark.parametrize(
    "case", [c for c in CASES if "channels" in c.arguments and c.replications > 5]
)
def test_streams_have_forgotten_their_beginning(case: Case) -> None:
    # Standard errors are 0.1 % of the share or more.
    if case.model == "tracks_and_channels":  # threats leak 24 of the 44 means after they arrive
        early, late = share_without_track(case, 20.0 / 44.0 * compare.warm_up(case))
        found = exact.tracks_and_channels(**case.arguments)
        assert late == pytest.approx(float(found.no_track + found.no_channel), rel=1e-6)
        assert abs(early - late) < 1e-5 * late
        return
    early, late = share_lost(case, compare.warm_up(case))
    assert late == pytest.approx(float(compare._exact(case)), rel=0.05)  # the grid is coarse
    assert abs(early - late) < 1e-5 * late


# ---------------------------------------------------------------- errors to detect


def failures(
    case: Case, path: str, value: Any, seed: int, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Quantities that fail when the scenario of a case is modified."""

    def changed(model: str, **arguments: Any) -> lt.Scenario:
        return exact.as_scenario(model, **arguments).replace(path, value)

    monkeypatch.setattr(compare, "as_scenario", changed)
    return [row.quantity for row in compare.compare([case], seed) if row.failed]


BATTERY = "layers.defence.batteries.battery"
CHANGES: list[tuple[Case, str, Any]] = [
    # Kills are 3 % less likely.
    (RAID, KILL, 0.97 * 0.8),
    (Case("raid_annihilation", {**RAID.arguments, "rounds_each": 3}), KILL, 0.97 * 0.8),
    (Case("shoot_look_shoot", {"kill_probability": 0.7, "looks": 3}), KILL, 0.97 * 0.7),
    # A round is missing, or two of 17.
    (
        Case("finite_magazine", {"threats": 20, "rounds": 20, "kill_probability": 0.7, "looks": 2}),
        f"{BATTERY}.magazines.interceptor.rounds",
        19,
    ),
    (
        Case("layered_inventories", {"threats": 20, "layers": ((17, 2, 0.5), (6, 1, 0.7))}),
        "layers.layer 1.batteries.battery 1.magazines.interceptor 1.rounds",
        14,
    ),
    # An asset is harder by 3 %, or the first threat gets one round instead of two.
    (next(c for c in CASES if c.model == "prim_read"), "assets.asset.hardness", 0.03),
    (
        next(c for c in CASES if c.model == "prim_read"),
        f"{BATTERY}.doctrine.salvo_size.threat 1",
        1,
    ),
    (
        Case(
            "terminal_defence", {"threats": 12, "rounds": 30, "kill_probability": 0.6, "looks": 1}
        ),
        "assets.asset.hardness",
        0.03,
    ),
    # Engagements are 3 % shorter, windows 10 %.
    (
        Case("erlang_b", {"load": 10.0, "channels": 10}, 4_000),
        f"{BATTERY}.assessment_time.scale",
        0.97,
    ),
    (next(c for c in CASES if c.model == "abandonment"), "layers.defence.outer_range", 0.45),
    # A channel is missing.
    (next(c for c in CASES if c.model == "simultaneous_raid"), f"{BATTERY}.channels", 2),
]


@pytest.mark.parametrize(
    ("case", "path", "value"), CHANGES, ids=[f"{c.model} {path}" for c, path, _ in CHANGES]
)
def test_a_small_error_is_a_failure(
    case: Case, path: str, value: Any, offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert failures(case, path, value, SEED + offset, monkeypatch)


def test_an_error_of_the_size_that_is_seen_is_seen(
    offset: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An error of the detectable size fails in 98 runs of 100: at least 32 of 40 (at 5 sigma). Half
    # that error fails in fewer than 15 of 40 (0.07 %: one of 40).
    case = Case("leakers", {"threats": 10, "kill_probability": 0.8}, 2_000)
    detectable = compare.compare([case], 1)[0].detectable
    for size, low, high in ((1.0, 32, 40), (0.5, 0, 14)):
        kill = 1.0 - 0.2 * (1.0 + size * detectable)
        runs = [failures(case, KILL, kill, 100 * offset + n, monkeypatch) for n in range(40)]
        assert low <= sum("mean leakers" in run for run in runs) <= high


def test_what_cannot_be_and_what_fits_too_well_are_failures() -> None:
    pmf, often = np.array([0.25, 0.75, 0.0]), np.array([25_000, 75_000, 0])
    [right] = compare._distribution_rows(RAID, "distribution", pmf, often)
    assert right.simulated == pytest.approx(0.0, abs=1e-6)
    [row] = compare._distribution_rows(RAID, "distribution", pmf, np.array([25_000, 74_999, 1]))
    assert row.failed
    shares, number = np.full(200, 0.005), 1_000_000
    [row] = compare._distribution_rows(RAID, "distribution", shares, np.full(200, number // 200))
    assert row.sigmas < -compare.SIGMAS
    assert row.failed
    assert Comparison(RAID, "x", 1.0, math.nan, 1.0, math.nan, 0.0).failed


@pytest.mark.parametrize("wrong", [0.0, 1.0, math.nan, math.inf, -0.5])
@pytest.mark.parametrize(
    ("model", "arguments"),
    [
        ("raid_annihilation", {"threats": 3, "kill_probability": 0.5}),
        ("shoot_look_shoot", {"kill_probability": 0.7, "looks": 2}),
    ],
)
def test_a_probability_that_cannot_be_is_a_failure(
    model: str, arguments: Any, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(exact, model)

    def changed(**given: Any) -> Any:
        found = right(**given)
        return wrong if model == "raid_annihilation" else found.assign(leak=((), wrong))

    monkeypatch.setattr(exact, model, changed)
    rows = compare.compare([Case(model, arguments, 2_000)], SEED)
    assert [row.quantity for row in rows if row.failed] == [rows[0].quantity]
    assert "FAILED" in "".join(command._lines(rows, SEED))


def test_chances_too_small_to_compare_can_fail_all_the_same() -> None:
    # Expected ten times in 1,000, or in all but ten.
    for times, fails in ((0, False), (10, False), (25, False), (40, True), (1_000, True)):
        happened = np.arange(1_000) < times
        for chance, seen in ((0.01, happened), (0.99, ~happened)):
            rows = compare._chance_rows(RAID, "P", chance, seen)
            assert [row.failed for row in rows] == [True] * fails
    for chance in (0.0, 1.0):
        assert compare._chance_rows(RAID, "P", chance, np.full(9, chance == 1.0)) == []
        [row] = compare._chance_rows(RAID, "P", chance, np.arange(9) == 0)
        assert row.failed


@pytest.mark.parametrize(
    "pmf", [[1.0, 0.0], [math.nan, math.nan], [1.0, math.nan], [0.5, 0.0], [1.5, -0.5]]
)
def test_an_impossible_distribution_is_a_failure(pmf: list[float]) -> None:
    # With too few cells for chi-square, and for a correct simulator.
    [row] = compare._distribution_rows(RAID, "distribution", np.array(pmf), np.array([99_999, 1]))
    assert row.failed


def test_a_mean_said_to_be_nothing_is_a_failure() -> None:
    for wrong in (0.0, math.nan):
        row = compare._row(RAID, "mean", wrong, 2.0, 0.1)
        assert row.failed
        assert math.isinf(row.detectable) or math.isnan(row.detectable)


def test_the_mean_of_a_known_distribution() -> None:
    pmf, values = exact.leakers(10, 0.8), np.repeat([1, 3], 2_000)
    row = compare._mean_row(RAID, "mean leakers", pmf, values)
    assert row.error == pytest.approx(math.sqrt(10 * 0.8 * 0.2 / 4_000))
    assert row.sigmas == pytest.approx(0.0, abs=1e-6)
    assert row.detectable == pytest.approx((5.0 + stats.norm.ppf(0.98)) * row.error / 2.0)
    shifted = compare._mean_row(RAID, "mean leakers", pmf, np.append(values, [3] * 1_000))
    assert shifted.sigmas == pytest.approx(0.2 / math.sqrt(10 * 0.8 * 0.2 / 5_000))
    sure = compare._mean_row(RAID, "mean leakers", exact.leakers(7, 1.0, 0), np.full(9, 7))
    assert (sure.error, sure.sigmas) == (0.0, 0.0)
    assert compare._mean_row(RAID, "mean", exact.leakers(7, 1.0), np.array([0, 1])).failed


def test_chi_square_and_chances_by_scipy() -> None:
    pmf = stats.binom(6, 0.3).pmf(np.arange(7))
    counts = np.array([1180, 3050, 3200, 1880, 580, 105, 5])
    [row] = compare._distribution_rows(RAID, "distribution", pmf, counts)
    # The last outcome is expected 7 times, and is pooled with the rarest other one.
    seen, expected = (np.append(x[:5], x[5:].sum()) for x in (counts, 10_000 * pmf))
    known = stats.chisquare(seen, expected)
    assert row.simulated == pytest.approx(known.statistic)
    assert stats.norm.sf(row.sigmas) == pytest.approx(known.pvalue, rel=1e-6)
    for times in (0, 20, 33, 64):
        [row] = compare._chance_rows(RAID, "P", 0.03, np.arange(1_000) < times)
        binomial = stats.binom(1_000, 0.03)
        below = binomial.cdf(times) - binomial.pmf(times) / 2
        assert stats.norm.cdf(row.sigmas) == pytest.approx(below, rel=1e-6)
    assert compare._chance_rows(RAID, "P", 0.01, np.arange(1_000) < 10) == []


# ---------------------------------------------------------------- the command and its page


def without_draws(text: str) -> list[str]:
    """Lines of the page, without parts that depend on the draws."""
    lines = []
    for line in text.splitlines():
        cells = line.split(" | ")
        lines.append(" | ".join(cells[:4]) if len(cells) == 8 else line)
    return [line for line in lines if not re.search(r"with seed|\d expected\)", line)]


def test_the_page_is_what_the_command_writes(found: list[Comparison], offset: int) -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert f"with seed {SEED}: none deviate" in written
    assert without_draws(written) == without_draws(page.text(found, SEED + offset))


def test_the_draws_on_the_page_are_those_of_its_seed(found: list[Comparison]) -> None:
    # All cases of a cheap model, at the seed of the page, must agree in every digit.
    written = PAGE.read_text(encoding="utf-8")
    for place, case in enumerate(CASES):
        if case.model in ("shoot_look_shoot", "simultaneous_raid"):
            rows = compare._COMPARISONS[case.model](case, compare.seed_of(SEED, place))
            for line in "".join(page._tables(rows)).splitlines()[4:]:
                assert line in written


def run(
    rows: Sequence[Comparison], monkeypatch: pytest.MonkeyPatch, *arguments: str
) -> tuple[int, int]:
    """Exit code of the command for given comparisons, and the seed that it used."""
    seeds = []

    def given(cases: object, seed: int) -> Sequence[Comparison]:
        assert cases is CASES
        seeds.append(seed)
        return rows

    monkeypatch.setattr(command, "compare", given)
    return command.main(arguments), seeds[0]


def test_the_command_says_whether_all_agree(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    right = Comparison(RAID, "mean leakers", 2.0, 2.001, 0.0028, 0.36, 0.01)
    wrong = right._replace(quantity="P(no leaker)", sigmas=-5.1)
    assert run([right], monkeypatch) == (0, SEED)
    said = capsys.readouterr().out
    assert "leakers(threats=10, kill_probability=0.8)\n  mean leakers" in said
    assert f"1 comparisons of 1 cases, seed {SEED}: none deviate by more than 5" in said
    assert "FAILED" not in said
    assert run([right, wrong], monkeypatch, "--seed", "7") == (1, 7)
    said = capsys.readouterr().out
    assert re.search(r"P\(no leaker\) .* FAILED\n", said)
    assert "2 comparisons of 1 cases, seed 7: 1 deviate by more than 5" in said


def test_the_command_writes_a_page_and_small_pictures(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows = compare.compare([case for case in CASES if case.replications == 5] + [RAID], 3)
    drawn = [Case("leakers", {"threats": 9, "kill_probability": 0.5}, 2_000, drawn=True)]
    monkeypatch.setattr(page, "CASES", drawn)
    assert run(rows, monkeypatch, "--write", str(tmp_path / "explanation"))[0] == 0
    text = (tmp_path / "explanation" / "verification.md").read_text(encoding="utf-8")
    pictures = re.findall(r"\]\((\.\./images/\S+\.png)\)", text)
    assert len(pictures) == 2
    for picture in pictures:
        data = (tmp_path / "explanation" / picture).read_bytes()
        assert data.startswith(b"\x89PNG")
        assert len(data) < 200_000
