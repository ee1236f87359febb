"""Rounds left after ten nights, against their exact distribution.

Twenty threats per night, one after another, with two looks each, and a magazine of 60 rounds that
gets 22 before each night. The transition matrix of one night is an exact recursion over the
threats; nights are a product of matrices. 40,000 campaigns detect an error of 0.6 % in the mean
rounds left, of 4 % in their variance, and of 0.013 in a probability of one half.
"""

import numpy as np
import numpy.typing as npt
from raids import battery, gun, layer, raid, salvo

import leakthrough as lt

THREATS, CAPACITY, DELIVERY, NIGHTS, KILLS = 20, 60, 22, 10, 0.7
REPLICATIONS, SIGMAS = 40_000, 5.0
Pmf = npt.NDArray[np.float64]


def campaign() -> lt.Campaign:
    """Windows do not overlap, and each has time for two engagements."""
    own = battery("B", rounds=CAPACITY, doctrine=lt.Doctrine(max_salvos=2))
    arrival = lt.Regular(start=0.0, interval=100.0)
    night = raid(salvo("s", THREATS, arrival), layer("L", own), gun(kills=KILLS, flight_time=1.0))
    resupply = [lt.Resupply(battery="B", interceptor="gun", rounds=DELIVERY)]
    return lt.Campaign(
        name="ten nights", scenario=night, raids=NIGHTS, interval=86_400.0, resupply=resupply
    )


def one_threat() -> Pmf:
    """Probability of `left` rounds after a threat, given `ready` before it."""
    found = np.zeros((CAPACITY + 1, CAPACITY + 1))
    for ready in range(CAPACITY + 1):
        if ready == 0:
            found[0, 0] = 1.0
        elif ready == 1:
            found[1, 0] = 1.0
        else:
            found[ready, ready - 1], found[ready, ready - 2] = KILLS, 1.0 - KILLS
    return found


def pmfs() -> tuple[list[Pmf], list[float]]:
    """Distributions of the rounds left after each night, and P(dry by then)."""
    night = np.linalg.matrix_power(one_threat(), THREATS)
    delivery = np.zeros((CAPACITY + 1, CAPACITY + 1))
    for ready in range(CAPACITY + 1):
        delivery[ready, min(ready + DELIVERY, CAPACITY)] = 1.0
    pmf, wet = np.zeros(CAPACITY + 1), np.zeros(CAPACITY + 1)
    pmf[CAPACITY] = wet[CAPACITY] = 1.0
    left, dry = [], []
    for number in range(NIGHTS):
        if number > 0:
            pmf, wet = pmf @ delivery, wet @ delivery
        pmf, wet = pmf @ night, wet @ night
        wet[0] = 0.0  # no reload is pending: an empty magazine has run dry
        left.append(pmf)
        dry.append(1.0 - float(wet.sum()))
    return left, dry


def within(found: float, expected: float, error: float) -> None:
    assert abs(found - expected) <= SIGMAS * error + 1e-12


def test_rounds_left_follow_the_exact_distribution(offset: int) -> None:
    result = lt.simulate_campaign(campaign(), replications=REPLICATIONS, seed=5 + offset)
    exact, exact_dry = pmfs()
    numbers = np.arange(CAPACITY + 1)
    for night in (0, 4, NIGHTS - 1):
        found = np.asarray(result.remaining.isel(raid=night).values).ravel()
        pmf = exact[night]
        mean = float(pmf @ numbers)
        variance = float(pmf @ (numbers - mean) ** 2)
        fourth = float(pmf @ (numbers - mean) ** 4)
        within(found.mean(), mean, np.sqrt(variance / REPLICATIONS))
        within(found.var(), variance, np.sqrt((fourth - variance**2) / REPLICATIONS))
        seen = np.bincount(found, minlength=CAPACITY + 1) / REPLICATIONS
        common = pmf * REPLICATIONS >= 20
        bands = SIGMAS * np.sqrt(pmf * (1 - pmf) / REPLICATIONS)
        assert (np.abs(seen - pmf) <= bands)[common].all()
        assert seen[~common].sum() <= pmf[~common].sum() + 40 / REPLICATIONS
    supply = lt.sustainment(result)
    for night, expected in enumerate(exact_dry):
        found_dry = float(supply.dry.sel(estimate="mean").isel(raid=night).squeeze())
        error = np.sqrt(expected * (1 - expected) / REPLICATIONS)
        within(found_dry, expected, error + 1e-6)


def test_what_the_common_shortcut_gets_wrong(offset: int) -> None:
    """Stock divided by mean use gives a single night instead of a distribution."""
    use = THREATS * (1.0 + (1.0 - KILLS))
    lasts = 1 + (CAPACITY - use) / (use - DELIVERY)
    assert 9 < lasts < 10  # the shortcut predicts depletion after the ninth night
    exact, dry = pmfs()
    assert dry[8] > 0.3
    assert float(exact[9] @ np.arange(CAPACITY + 1)) > 1.0
    result = lt.simulate_campaign(campaign(), replications=REPLICATIONS, seed=6 + offset)
    found = lt.sustainment(result).dry.sel(estimate="mean").isel(raid=8).squeeze()
    within(float(found), dry[8], np.sqrt(dry[8] * (1 - dry[8]) / REPLICATIONS))
