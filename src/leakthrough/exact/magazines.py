"""Raids against rounds that run out: exact recursions over what is left."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from leakthrough.exact._arguments import Numbers, binomial, chance, law, whole

_NOTHING = 1e-40
_MOST_STATES = 60_000_000
"""Numbers in a joint law: 480 MB."""


def finite_magazine(threats: int, rounds: int, kill_probability: float, looks: int) -> xr.DataArray:
    """Joint law of leakers and rounds left, when threats come one after another.

    Each threat gets one round a look, up to `looks` while it lives and rounds are left; the
    assessment is always right, and there is time for all looks. If the magazine is surely
    emptied, E[kills] = rounds times kill probability whatever the number of looks.

    Parameters
    ----------
    threats, rounds, looks : int
        From 0; (threats + 1) (rounds + 1) at most 60,000,000.
    kill_probability : float
        Of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers` (0 to `threats`) and `rounds_left` (0 to `rounds`).

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    The recursion carries the law of (leakers, rounds left) from threat to threat, and a threat
    moves it by one of at most `looks` + 1 shifts. Edges of the law below 1e-40 are left out.

    Examples
    --------
    >>> pmf = finite_magazine(550, 400, 0.8, 2)
    >>> round(float((pmf.sum("rounds_left") * pmf.leakers).sum()), 6)
    230.0
    """
    number, stock = whole("threats", threats), whole("rounds", rounds)
    kill, most = chance("kill_probability", kill_probability), whole("looks", looks)
    if (number + 1) * (stock + 1) > _MOST_STATES:
        size = f"(threats + 1) (rounds + 1) must be at most {_MOST_STATES:,}"
        raise ValueError(f"threats, rounds: {size}; got {threats!r}, {rounds!r}")
    part = _Part(np.ones((1, 1)), 0, stock)
    for _ in range(number):
        part = _one_more(part, kill, min(most, stock))
    found = np.zeros((number + 1, stock + 1))
    leaked, left = part.values.shape
    found[part.leakers : part.leakers + leaked, part.rounds : part.rounds + left] = part.values
    text = "joint law of leakers and rounds left"
    return law(found, text, leakers=np.arange(number + 1), rounds_left=np.arange(stock + 1))


class _Part(NamedTuple):
    """The part of a joint law that is not next to nothing, and where it begins."""

    values: Numbers  # leakers by rounds left
    leakers: int
    rounds: int


def _one_more(part: _Part, kill: float, looks: int) -> _Part:
    """Send one more threat against the magazine."""
    before, first = part.values, part.rounds
    start = max(first - looks, 0)
    after = np.zeros((before.shape[0] + 1, before.shape[1] + first - start))
    alive = 1.0
    for fired in range(1, looks + 1):
        # Killed by this round, where there were so many.
        skipped = max(fired - first, 0)
        columns = before[:, skipped:] * (alive * kill)
        to = first + skipped - fired - start
        after[:-1, to : to + columns.shape[1]] += columns
        alive *= 1.0 - kill
    # It leaks, for all looks were taken, or the rounds ended before them.
    short = min(max(looks - first, 0), before.shape[1])
    to = first + short - looks - start
    after[1:, to : to + before.shape[1] - short] += before[:, short:] * alive
    after[1:, 0] += before[:, :short] @ (1.0 - kill) ** (first + np.arange(short))
    return _trimmed(_Part(after, part.leakers, start))


def _trimmed(part: _Part) -> _Part:
    """Cut off the edges that hold next to nothing, without which large raids take minutes."""
    rows = np.flatnonzero(part.values.max(axis=1) > _NOTHING)
    columns = np.flatnonzero(part.values.max(axis=0) > _NOTHING)
    values = part.values[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return _Part(values, part.leakers + int(rows[0]), part.rounds + int(columns[0]))


def layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> xr.DataArray:
    """Law of the leakers through layers with inventories, threats one after another.

    A threat meets the layers in their order. Each fires `rounds_each` rounds at it at once, each
    of which kills with `kill_probability`; a layer with fewer rounds left fires nothing. What
    survives one layer goes on to the next.

    Parameters
    ----------
    threats : int
        From 0.
    layers : sequence of (int, int, float)
        Of each layer: rounds (from 0), rounds_each (from 1), kill_probability.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    A layer fires at the first floor(rounds / rounds_each) threats that reach it. As survivors of
    a layer come in the same order, how many they are is all that the next one needs to know: a
    binomial law at each layer, mixed over what reaches it.

    Examples
    --------
    >>> pmf = layered_inventories(3, [(2, 1, 0.5), (1, 1, 1.0)])
    >>> pmf.values.tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    number = whole("threats", threats)
    reaching = np.zeros(number + 1)
    reaching[number] = 1.0
    for place, layer in enumerate(layers):
        try:
            rounds, each, kill = layer
        except (TypeError, ValueError):
            text = "must be (rounds, rounds_each, kill_probability)"
            raise ValueError(f"layers[{place}]: {text}; got {layer!r}") from None
        shots = whole(f"layers[{place}] rounds", rounds) // whole(
            f"layers[{place}] rounds_each", each, least=1
        )
        through = (1.0 - chance(f"layers[{place}] kill_probability", kill)) ** each
        reaching = _through_layer(reaching, shots, through)
    return law(reaching, "law of the leakers", leakers=np.arange(number + 1))


def _through_layer(reaching: Numbers, shots: int, through: float) -> Numbers:
    """Law of those who pass a layer that fires at the first `shots` who reach it."""
    number = len(reaching) - 1
    left = np.zeros(number + 1)
    for count in np.flatnonzero(reaching).tolist():
        met = min(count, shots)
        passed = binomial(met, through)
        left[count - met : count + 1] += reaching[count] * passed
    return left
