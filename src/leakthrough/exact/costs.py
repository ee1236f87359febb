"""Costs of a binomial raid to the attacker and to the defence."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.exact.arguments import chance, leak_and_stop, positive
from leakthrough.model.arguments import whole
from leakthrough.quantities import quantity

if TYPE_CHECKING:
    import xarray as xr


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
) -> "xr.Dataset":
    """Expected costs of a binomial raid with decoys, and the marginal costs of one more of each.

    Every real threat and every unrecognised decoy gets `rounds_each` independent rounds, without
    assessment in between. Compare costs together with the leakers: **by the ratio alone, a defence
    that fires nothing is best.** Rounds spent on decoys are counted; stopped decoys are not.

    Parameters
    ----------
    threats : int
        Real threats, from 0.
    kill_probability : float
        Kill probability of one round.
    rounds_each : int, default 1
        Rounds at each target that is taken for a real threat, from 0.
    threat_cost, round_cost, decoy_cost : float
        From 0 [currency].
    decoys : int, default 0
        From 0.
    decoy_recognition : float, default 0
        Probability that a decoy is recognised and ignored.

    Returns
    -------
    xarray.Dataset
        Expected values:

        - `leakers`: real threats that leak;
        - `rounds_spent`, and `cost_spent` on them [currency];
        - `cost_stopped`: cost of the real threats that are stopped [currency];
        - `cost_per_stop`: `cost_spent` per real threat stopped [currency]; NaN if none is;

        and along `added`, for one more ``"threat"`` (a real one) and one more ``"decoy"``:

        - `cost_to_add`: cost to the attacker [currency];
        - `cost_to_hold`: cost to the defence of keeping the expected leakers unchanged
          [currency]; infinite if no number of rounds is enough.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    With N threats, E = N + decoys (1 - recognition) targets are fired at, N q^n threats leak, and
    n E rounds are spent. One more decoy costs n (1 - recognition) rounds. One more threat also
    adds leakers. To hold them at N q^n, every target must get n + x rounds on average: a whole
    number, and one more with a probability that is the same for all. That takes
    (n + x) (E + 1) - n E more rounds. If (N + 1) p >= 1, x is 1 / ((N + 1) p), and the sum is

        n + (E + 1) / ((N + 1) p):

    the rounds at the new threat, and those that compensate for its leakage, of which only a share
    (N + 1) / (E + 1) is fired at real threats.

    In the simulator: one layer with that `decoy_recognition`, channels and rounds for all, and a
    doctrine of one salvo of `salvo_size` rounds; compare `leakthrough.cost_exchange`.

    Examples
    --------
    >>> found = raid_costs(10, 0.8, 2, threat_cost=50e3, round_cost=100e3, decoys=10)
    >>> float(found.leakers.round(3)), float(found.cost_per_stop.round())
    (0.4, 416667.0)
    >>> found.cost_to_hold.round().values.tolist()
    [438636.0, 200000.0]
    """
    import xarray as xr

    number, each = whole("threats", threats), whole("rounds_each", rounds_each)
    kill = chance("kill_probability", kill_probability)
    engaged = 1.0 - chance("decoy_recognition", decoy_recognition)
    price = positive("round_cost", round_cost, zero=True)
    threat_price = positive("threat_cost", threat_cost, zero=True)
    decoy_price = positive("decoy_cost", decoy_cost, zero=True)
    targets = number + whole("decoys", decoys) * engaged
    through, share = leak_and_stop(kill, each)
    stopped, spent = number * share, price * each * targets
    more = _more_each(number, kill, each)
    hold = math.inf if math.isinf(more) else price * (each + more * (targets + 1.0))
    per_stop = spent / stopped if stopped else math.nan

    def cost(value: Any, text: str) -> "xr.Variable":
        return quantity(("added",) * np.ndim(value), value, text, "currency")

    return xr.Dataset(
        {
            "leakers": quantity((), number * through, "real threats that get through"),
            "rounds_spent": quantity((), each * targets, "rounds spent"),
            "cost_spent": cost(spent, "cost of rounds spent"),
            "cost_stopped": cost(threat_price * stopped, "cost of real threats stopped"),
            "cost_per_stop": cost(per_stop, "cost of rounds spent for each real threat stopped"),
            "cost_to_add": cost([threat_price, decoy_price], "cost to the attacker of one more"),
            "cost_to_hold": cost(
                [hold, price * each * engaged],
                "cost to the defence of no more leakers with one more",
            ),
        },
        {"added": ["threat", "decoy"]},
    )


def _more_each(threats: int, kill: float, each: int) -> float:
    """Extra rounds per target with which one more threat does not increase the leakers.

    The leak probability must fall by the factor threats / (threats + 1). Fractions of a round mean
    that this share of the targets gets one more round.
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
