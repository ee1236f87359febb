"""One target, a stock of rounds, and several looks: how many rounds to fire at each of them."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import Numbers, chance, whole

if TYPE_CHECKING:
    import xarray as xr


_MOST_OPTIONS = 200_000_000
"""States and what may be fired in each: some ten seconds."""
_TIE = 1e-11
"""Relative; rounding makes differences of some 1e-13."""


def terminal_defence(
    threats: int, rounds: int, kill_probability: float, looks: int, lethality: float = 1.0
) -> "xr.Dataset":
    """Best use of a stock of rounds, in several looks, by the last defence of one target.

    All threats fly at one target at once. At each look the defence sees which of them live,
    fires some of its rounds, spread evenly over those, and keeps the rest for later looks. Each
    threat that lives after the last look destroys the target with probability `lethality`. The
    defence wants the target to live, and nothing else.

    Parameters
    ----------
    threats, rounds : int
        Threats from 0 to 500, rounds from 0 to 1,000.
    kill_probability : float
        Of one round.
    looks : int
        From 0 to 100; looks (threats + 1) (rounds + 1)^2 at most 200,000,000.
    lethality : float, default 1
        Probability that a threat that gets through destroys the target.

    Returns
    -------
    xarray.Dataset
        Along `looks` left, `threats` alive and `rounds` left, each from 0 to what is given:

        - `destroyed`: least probability that the target is destroyed;
        - `rounds_fired`: rounds to fire at this look; 0 where no look is left;
        - `rounds_spent`: expected rounds fired, at this look and all later ones.

        Of several best numbers of rounds to fire the one is given that spends fewest in the end,
        and of those that spend as many the greatest: no round is fired that cannot help, and
        none waits without a reason. What differs by less than one part in 1e11 is equal.

    Raises
    ------
    ValueError
        If an argument is out of its range, or they are too large together.

    Notes
    -----
    With k looks left, f_k(a, m) is the minimum over s from 0 to m of E f_{k-1}(A, m - s), where A
    are the survivors of a threats under s rounds, and f_0(a, m) = 1 - (1 - lethality)^a.

    An even spread is best. Of two threats with n_1 and n_2 rounds both survive with a chance that
    depends on n_1 + n_2 only, and none does with one that is greatest where they differ by at
    most 1; so evening them out makes survivors fewer in the stochastic order, and f never falls
    when a rises.

    While m <= a, every way to fire all rounds, at most one at a threat and look, is as good as
    another: f_k(a, m) = 1 - (1 - l)^(a - m) (1 - l (1 - p))^m with lethality l.

    **The rounds to fire do not always rise with the stock.** For four threats, two looks, p = 0.7
    and lethality 0.5 it is best to fire five of 9 rounds, four of 10, and seven of 11. What rises
    is the chance that the target lives. With p above 0 and lethality below 1 no case was found in
    which a threat is left alone at a look while there are rounds for all.

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
    number, stock = whole("threats", threats, most=500), whole("rounds", rounds, most=1000)
    kill, most = chance("kill_probability", kill_probability), whole("looks", looks, most=100)
    deadly = chance("lethality", lethality)
    if most * (number + 1) * (stock + 1) ** 2 > _MOST_OPTIONS:
        size = f"looks (threats + 1) (rounds + 1)^2 must be at most {_MOST_OPTIONS:,}"
        raise ValueError(f"threats, rounds, looks: {size}; got {threats!r}, {rounds!r}, {looks!r}")
    return _labelled(*_solved(number, stock, kill, most, deadly))


def _solved(
    threats: int, stock: int, kill: float, looks: int, lethality: float
) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Chance of loss, chance of none and rounds spent; rounds to fire. By looks, threats, rounds.

    The two chances are both carried, so that neither drowns in the other where it is tiny.
    """
    from scipy.special import xlog1py

    plan = np.zeros((3, looks + 1, threats + 1, stock + 1))
    log_safe = xlog1py(np.arange(threats + 1), -lethality)[:, np.newaxis]
    plan[0, 0], plan[1, 0] = -np.expm1(log_safe), np.exp(log_safe)
    fired = np.zeros(plan.shape[1:], np.int64)
    salvo = np.arange(stock + 1)
    survivors = np.ones((stock + 1, 1))
    for alive in range(threats + 1):
        if alive:
            survivors = _one_more(survivors, salvo // alive, kill)
        for look in range(1, looks + 1):
            # By the rounds fired and the rounds kept.
            options = survivors @ plan[:, look - 1, : alive + 1]
            options[2] += salvo[:, np.newaxis]
            plan[:, look, alive], fired[look, alive] = _best(options)
    return plan, fired


def _one_more(survivors: Numbers, each: npt.NDArray[np.int64], kill: float) -> Numbers:
    """Laws of survivors by the rounds fired at them all, from those of one threat less.

    Of s rounds spread evenly over a threats one of them gets s // a, and the others the rest,
    which is spread evenly too.
    """
    from scipy.special import xlog1py

    log_through = xlog1py(each, -kill)[:, np.newaxis]
    others = survivors[np.arange(len(each)) - each]
    found = np.zeros((len(each), others.shape[1] + 1))
    found[:, 1:] = others * np.exp(log_through)
    found[:, :-1] -= others * np.expm1(log_through)
    return found


def _best(options: Numbers) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """For each stock the best chances and the rounds they cost, and the rounds to fire."""
    salvo = np.arange(options.shape[1])[:, np.newaxis]
    kept = np.arange(options.shape[1]) - salvo
    lost, safe, cost = options[:, salvo, kept]
    lost[kept < 0], safe[kept < 0] = np.inf, -np.inf
    least, most = lost.min(axis=0), safe.max(axis=0)
    cost[(lost > least * (1 + _TIE)) | (safe < most * (1 - _TIE))] = np.inf
    fewest = cost.min(axis=0)
    fired = np.where(cost <= fewest * (1 + _TIE), salvo, 0).max(axis=0)
    return np.stack([least, most, fewest]), fired


def _labelled(plan: Numbers, fired: npt.NDArray[np.int64]) -> "xr.Dataset":
    import xarray as xr

    texts = {
        "destroyed": (plan[0], "least probability that the target is destroyed"),
        "rounds_fired": (fired, "rounds to fire at this look"),
        "rounds_spent": (plan[2], "expected rounds fired from this look on"),
    }
    dims = {"looks": "looks left", "threats": "threats alive", "rounds": "rounds left"}
    sizes = dict(zip(dims, fired.shape, strict=True))
    return xr.Dataset(
        {
            name: (tuple(dims), values, {"units": "1", "long_name": text})
            for name, (values, text) in texts.items()
        },
        {
            name: (name, np.arange(sizes[name]), {"units": "1", "long_name": text})
            for name, text in dims.items()
        },
    )
