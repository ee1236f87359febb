"""Deployment of rounds for one target against an unknown number of threats (Prim-Read)."""

import math
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import chance, log_survival
from leakthrough.model.arguments import flag
from leakthrough.quantities import quantity
from leakthrough.statistics.arguments import Numbers

if TYPE_CHECKING:
    import xarray as xr

Whole = npt.NDArray[np.int64]

_LEAST_SLOPE = 1e-6
_LEAST_KILL = 1e-9
_EQUAL = 1e-9
"""Relative tolerance of a bound; rounding errors reach 1e-10."""


def prim_read(
    kill_probability: float, slope: float, lethality: float = 1.0, integer: bool = False
) -> "xr.Dataset":
    """Rounds for each arriving threat, so that the value lost per threat is bounded.

    Threats arrive at one target one after another, in unknown number. The deployment keeps the
    expected value lost to the first n of them at or below n times `slope`, for every n, so the
    attacker's gain per threat does not increase with their number.

    Parameters
    ----------
    kill_probability : float
        Kill probability of one round.
    slope : float
        Largest average loss per threat, as a share of the target's value, from 0.000001 to 1.
    lethality : float, default 1
        Probability that a leaker destroys the target.
    integer : bool, default False
        Whether to fire whole rounds only.

    Returns
    -------
    xarray.Dataset
        Along `threat`, from 1 to the last threat that may need a round; empty if `slope` is
        `lethality` or more. Later threats are not fired at.

        - `rounds`: rounds fired at this threat;
        - `value_lost`: expected share of the target's value lost to this threat and all before.

    Raises
    ------
    ValueError
        If an argument is out of its range. If rounds are needed: the kill probability is below
        1e-9, or is 1 without `integer` (any fraction of a round would be enough).

    Notes
    -----
    After n threats the loss is 1 - (1 - r_1) ... (1 - r_n), where r_j = lethality q^n_j for n_j
    rounds with miss probability q. It is n times the slope s for all n if r_j = s / (1 - (j - 1)
    s), so n_j = ln(lethality / r_j) / ln(1 / q). From the first j with r_j at or above the
    lethality, a threat causes a loss of at most s without any defence.

    No other deployment keeps the bound with fewer rounds for the first n threats, for any n. Whole
    rounds are chosen threat by threat: the fewest for which the bound still holds. The slack below
    the bound is used later, so the rounds may increase by one from threat to threat. They too have
    the smallest total for every n, as -ln(1 - r) is convex in the rounds fired and the bound
    -ln(1 - n s) is convex in n.

    References
    ----------
    Eckler and Burr (1972), Mathematical models of target coverage and missile allocation, Military
    Operations Research Society.

    Examples
    --------
    >>> prim_read(0.6, 0.2).rounds.values.round(3).tolist()
    [1.756, 1.513, 1.199, 0.756]
    >>> found = prim_read(0.6, 0.2, integer=True)
    >>> found.rounds.values.tolist(), found.value_lost.values.round(3).tolist()
    ([2, 2, 1, 1], [0.16, 0.294, 0.577, 0.746])
    """
    import xarray as xr

    kill, price = chance("kill_probability", kill_probability), chance("slope", slope)
    deadly, integer = chance("lethality", lethality), flag("integer", integer)
    if price < _LEAST_SLOPE:
        raise ValueError(f"slope: must be from {_LEAST_SLOPE:f} to 1; got {slope!r}")
    leaks = _leaks(price, deadly)
    if len(leaks) and (kill < _LEAST_KILL or (kill == 1.0 and not integer)):
        most = "1" if integer else "below 1 where rounds need not be whole"
        text = f"must be from {_LEAST_KILL} to {most}"
        raise ValueError(f"kill_probability: {text}; got {kill_probability!r}")
    rounds: Numbers | Whole = leaks
    if integer:
        rounds = _whole_rounds(kill, price, deadly, len(leaks))
    elif len(leaks):
        rounds = np.log(deadly / leaks) / -np.log1p(-kill)
    kept = np.cumsum(np.log1p(-deadly * np.exp(log_survival(kill, rounds))))
    order = np.arange(1, len(rounds) + 1)
    return xr.Dataset(
        {
            "rounds": quantity("threat", rounds, "rounds fired at this threat"),
            "value_lost": quantity(
                "threat", -np.expm1(kept), "expected share of the target's value lost so far"
            ),
        },
        {"threat": ("threat", order, {"long_name": "order of arrival"})},
    )


def _leaks(slope: float, lethality: float) -> Numbers:
    """Largest leak probability within the bound, for each threat that must be fired at."""
    left = 1.0 - slope * np.arange(math.ceil(1.0 / slope), dtype=np.float64)
    leaks: Numbers = slope / left[left > 0.0]
    return leaks[leaks < lethality * (1.0 - _EQUAL)]


def _whole_rounds(kill: float, slope: float, lethality: float, threats: int) -> Whole:
    """Fewest whole rounds for each threat in turn."""
    rounds, lost = np.zeros(threats, np.int64), 0.0
    for index in range(threats):
        allowed = (slope * (index + 1) - lost) / (1.0 - lost)
        wanted = lethality / (allowed * (1.0 + _EQUAL))  # factor by which rounds must reduce it
        if wanted > 1.0:
            rounds[index] = 1 if kill == 1.0 else math.ceil(math.log(wanted) / -math.log1p(-kill))
        lost += (1.0 - lost) * lethality * math.exp(log_survival(kill, rounds[index]))
    return rounds
