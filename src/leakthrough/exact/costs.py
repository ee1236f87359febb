"""What a binomial raid and its defence cost each other."""

import math

import numpy as np
import numpy.typing as npt
import xarray as xr

from leakthrough.exact.arguments import chance, positive, whole

_TEXT = {
    "leakers": "real threats that get through",
    "rounds_spent": "rounds spent",
    "cost_spent": "cost of rounds spent",
    "cost_stopped": "cost of real threats stopped",
    "cost_per_stop": "cost of rounds spent for each real threat stopped",
    "cost_to_add": "cost to the attacker of one more",
    "cost_to_hold": "cost to the defence of no more leakers with one more",
}


def raid_costs(
    threats: int,
    kill_probability: float,
    rounds_each: int = 1,
    *,
    threat_cost: float,
    round_cost: float,
    decoys: int = 0,
    decoy_cost: float = 0.0,
    decoy_recognition: float = 0.0,
) -> xr.Dataset:
    """Expected costs of a binomial raid with decoys, and what one more of either costs both sides.

    Every real threat and every decoy that is not recognised gets `rounds_each` independent
    rounds, of which nobody learns in between. Read the costs beside the leakers: **a ratio alone
    looks best for a defence that fires nothing.** Decoys that are stopped count for nothing,
    though the rounds spent on them are counted.

    Parameters
    ----------
    threats : int
        Real ones, from 0.
    kill_probability : float
        Of one round.
    rounds_each : int, default 1
        Rounds at each that is taken for a real threat, from 0.
    threat_cost, round_cost, decoy_cost : float
        From 0 [currency].
    decoys : int, default 0
        From 0.
    decoy_recognition : float, default 0
        Probability that a decoy is recognised, and ignored.

    Returns
    -------
    xarray.Dataset
        Expected values:

        - `leakers`: real threats that get through;
        - `rounds_spent`, and `cost_spent` on them [currency];
        - `cost_stopped`: cost of the real threats that are stopped [currency];
        - `cost_per_stop`: `cost_spent` over the real threats stopped [currency]; NaN if none is;

        and along `added`, for one more ``"threat"`` (a real one) and one more ``"decoy"``:

        - `cost_to_add`: what it costs the attacker [currency];
        - `cost_to_hold`: what it costs the defence to keep the expected leakers where they were
          [currency]; infinite if no number of rounds does.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    With N threats, E = N + decoys (1 - recognition) are fired at, N q^n leak, and n E rounds are
    spent. One more decoy, recognised as often as the others, costs n (1 - recognition) rounds.
    One more threat leaks too. To hold N q^n leakers, all that are fired at must get more than n
    rounds on average: n + x, whereby each gets a whole number, and one more with a chance, the
    same for all. That takes (n + x) (E + 1) - n E rounds more. If (N + 1) p >= 1, x is 1 / ((N +
    1) p), and they are

        n + (E + 1) / ((N + 1) p):

    those at the new threat, and those that make up for what it leaks, of which only a share
    (N + 1) / (E + 1) is fired at real threats.

    In the simulator: one layer with that `decoy_recognition`, channels and rounds for all, and a
    doctrine of `salvo_size` rounds and one salvo; compare `leakthrough.cost_exchange`.

    Examples
    --------
    >>> found = raid_costs(10, 0.8, 2, threat_cost=50e3, round_cost=100e3, decoys=10)
    >>> float(found.leakers.round(3)), float(found.cost_per_stop.round())
    (0.4, 416667.0)
    >>> found.cost_to_hold.round().values.tolist()
    [438636.0, 200000.0]
    """
    number, each = whole("threats", threats), whole("rounds_each", rounds_each)
    kill = chance("kill_probability", kill_probability)
    engaged = 1.0 - chance("decoy_recognition", decoy_recognition)
    price = positive("round_cost", round_cost, zero=True)
    costs = (
        positive("threat_cost", threat_cost, zero=True),
        positive("decoy_cost", decoy_cost, zero=True),
    )
    targets = number + whole("decoys", decoys) * engaged
    through = (1.0 - kill) ** each
    # Without cancellation where kills are rare.
    share = -math.expm1(each * math.log1p(-kill)) if kill < 1.0 else 1.0 - through
    stopped, spent = number * share, price * each * targets
    more = _more_each(number, kill, each)
    hold = math.inf if math.isinf(more) else price * (each + more * (targets + 1.0))
    return _labelled(
        leakers=number * through,
        rounds_spent=each * targets,
        cost_spent=spent,
        cost_stopped=costs[0] * stopped,
        cost_per_stop=spent / stopped if stopped else math.nan,
        cost_to_add=costs,
        cost_to_hold=(hold, price * each * engaged),
    )


def _labelled(**found: npt.ArrayLike) -> xr.Dataset:
    return xr.Dataset(
        {
            name: (
                ("added",) * np.ndim(value),
                np.asarray(value, np.float64),
                {"units": "currency" if name.startswith("cost") else "1", "long_name": _TEXT[name]},
            )
            for name, value in found.items()
        },
        {"added": ["threat", "decoy"]},
    )


def _more_each(threats: int, kill: float, each: int) -> float:
    """Rounds each, beyond those fired, with which one threat more makes no more leakers.

    The chance to leak must fall by threats / (threats + 1). Between whole rounds a share of those
    fired at gets one more.
    """
    if kill == 1.0:
        return 0.0 if each else 1.0 / (threats + 1)
    if threats == 0 or kill == 0.0:
        return math.inf
    wanted, round_adds = -math.log1p(1.0 / threats), math.log1p(-kill)
    needed = wanted / round_adds
    if math.isinf(needed):
        return math.inf
    full = math.floor(needed)
    return full - math.expm1(wanted - full * round_adds) / kill
