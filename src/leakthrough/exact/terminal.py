"""Optimal number of rounds to fire at each look when one target is defended with a stock."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import chance, log_survival
from leakthrough.model.arguments import whole
from leakthrough.quantities import quantity
from leakthrough.statistics.arguments import Numbers

if TYPE_CHECKING:
    import xarray as xr

_MOST_OPTIONS = 200_000_000
"""States times options in each state: about ten seconds."""
_TIE = 1e-11
"""Relative tolerance; rounding errors are about 1e-13."""


def terminal_defence(
    threats: int, rounds: int, kill_probability: float, looks: int, lethality: float = 1.0
) -> "xr.Dataset":
    """Optimal use of a stock of rounds, over several looks, by the last defence of one target.

    All threats attack one target at once. At each look the defence sees which threats survive,
    spreads some of its rounds evenly over them, and keeps the rest for later looks. Each threat
    that survives the last look destroys the target with probability `lethality`. The defence
    minimises the probability that the target is destroyed.

    Parameters
    ----------
    threats, rounds : int
        Threats from 0 to 500, rounds from 0 to 1,000.
    kill_probability : float
        Kill probability of one round.
    looks : int
        From 0 to 100; looks (threats + 1) (rounds + 1)^2 at most 200,000,000.
    lethality : float, default 1
        Probability that a leaker destroys the target.

    Returns
    -------
    xarray.Dataset
        Along `looks` left, `threats` alive and `rounds` left, each from 0 to its argument:

        - `destroyed`: least probability that the target is destroyed;
        - `rounds_fired`: rounds to fire at this look; 0 where no look is left;
        - `rounds_spent`: expected rounds fired at this look and all later ones.

        Of several optimal numbers of rounds to fire, the result is the one with the fewest
        expected rounds spent; of those that still tie, the largest. So no useless round is fired,
        and none is delayed without a reason. Values within one part in 1e11 are equal.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the problem is too large.

    Notes
    -----
    With k looks left, f_k(a, m) is the minimum over s from 0 to m of E f_{k-1}(A, m - s), where A
    is the number of survivors of a threats under s rounds, and f_0(a, m) = 1 - (1 - lethality)^a.

    An even spread is optimal. For two threats with n_1 and n_2 rounds, the probability that both
    survive depends on n_1 + n_2 only, and the probability that neither survives is greatest when
    n_1 and n_2 differ by at most 1. So an even spread makes the number of survivors smaller in the
    stochastic order, and f does not decrease with a.

    For m <= a, all ways to fire all rounds with at most one round per threat and look are equally
    good: f_k(a, m) = 1 - (1 - l)^(a - m) (1 - l (1 - p))^m with lethality l.

    **The rounds to fire do not always increase with the stock.** For four threats, two looks,
    p = 0.7 and lethality 0.5 it is optimal to fire five of 9 rounds, four of 10, and seven of 11.
    The survival probability of the target does increase. With p above 0 and lethality below 1, no
    case was found in which a threat gets no round at a look although there are rounds for all.

    References
    ----------
    Soland (1987), Optimal terminal defense tactics when several sequential engagements are
    possible, Operations Research 35.

    Examples
    --------
    >>> plan = terminal_defence(4, 10, 0.7, looks=2, lethality=0.5)
    >>> float(plan.destroyed.sel(looks=2, threats=4, rounds=10).round(4))
    0.0198
    >>> plan.rounds_fired.sel(looks=2, threats=4, rounds=[8, 9, 10]).values.tolist()
    [4, 5, 4]
    """
    import xarray as xr

    number, stock = whole("threats", threats, most=500), whole("rounds", rounds, most=1000)
    kill, most = chance("kill_probability", kill_probability), whole("looks", looks, most=100)
    deadly = chance("lethality", lethality)
    if most * (number + 1) * (stock + 1) ** 2 > _MOST_OPTIONS:
        size = f"looks (threats + 1) (rounds + 1)^2 must be at most {_MOST_OPTIONS:,}"
        raise ValueError(f"threats, rounds, looks: {size}; got {threats!r}, {rounds!r}, {looks!r}")
    plan, fired = _solve(number, stock, kill, most, deadly)
    texts = {"looks": "looks left", "threats": "threats alive", "rounds": "rounds left"}
    dims, sizes = tuple(texts), zip(texts.items(), fired.shape, strict=True)
    return xr.Dataset(
        {
            "destroyed": quantity(dims, plan[0], "least probability that the target is destroyed"),
            "rounds_fired": quantity(dims, fired, "rounds to fire at this look"),
            "rounds_spent": quantity(dims, plan[2], "expected rounds fired from this look on"),
        },
        {name: quantity(name, np.arange(size), text) for (name, text), size in sizes},
    )


def _solve(
    threats: int, stock: int, kill: float, looks: int, lethality: float
) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Arrays (destroyed, safe, rounds spent) and rounds to fire, by looks, threats and rounds.

    Both probabilities are kept, so that each is precise where it is tiny.
    """
    plan = np.zeros((3, looks + 1, threats + 1, stock + 1))
    log_safe = log_survival(lethality, np.arange(threats + 1))[:, np.newaxis]
    plan[0, 0], plan[1, 0] = 0.0 - np.expm1(log_safe), np.exp(log_safe)
    fired = np.zeros(plan.shape[1:], np.int64)
    salvo = np.arange(stock + 1)
    survivors = np.ones((stock + 1, 1))
    for alive in range(threats + 1):
        if alive:
            survivors = _add_threat(survivors, salvo // alive, kill)
        for look in range(1, looks + 1):
            options = survivors @ plan[:, look - 1, : alive + 1]  # by rounds fired and rounds kept
            options[2] += salvo[:, np.newaxis]
            plan[:, look, alive], fired[look, alive] = _best(options)
    return plan, fired


def _add_threat(survivors: Numbers, each: npt.NDArray[np.int64], kill: float) -> Numbers:
    """Distributions of the survivors by total rounds fired, from those with one threat less.

    Of s rounds spread evenly over a threats, one threat gets s // a and the others share the rest
    evenly.
    """
    missed = log_survival(kill, each)[:, np.newaxis]
    others = survivors[np.arange(len(each)) - each]
    found = np.zeros((len(each), others.shape[1] + 1))
    found[:, 1:] = others * np.exp(missed)
    found[:, :-1] -= others * np.expm1(missed)
    return found


def _best(options: Numbers) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """For each stock the optimal values (as in `_solve`), and the rounds to fire."""
    salvo = np.arange(options.shape[1])[:, np.newaxis]
    kept = np.arange(options.shape[1]) - salvo
    lost, safe, cost = options[:, salvo, kept]
    lost[kept < 0], safe[kept < 0] = np.inf, -np.inf
    least, most = lost.min(axis=0), safe.max(axis=0)
    cost[(lost > least * (1 + _TIE)) | (safe < most * (1 - _TIE))] = np.inf
    fewest = cost.min(axis=0)
    fired = np.where(cost <= fewest * (1 + _TIE), salvo, 0).max(axis=0)
    return np.stack([least, most, fewest]), fired
