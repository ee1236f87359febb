"""Raids against finite magazines, by exact recursions over leakers and rounds left."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import (
    TINY,
    as_pmf,
    binomial,
    chance,
    leak_and_stop,
    log_survival,
    support,
)
from leakthrough.model.arguments import refused, whole
from leakthrough.model.base import plain
from leakthrough.statistics.arguments import Numbers

if TYPE_CHECKING:
    import xarray as xr

_MOST_STATES = 64_000_000
"""Probabilities in a joint distribution: 512 MB."""
_MOST_STEPS = 1_000_000
"""Threats times looks: about ten microseconds each, even for a small distribution."""
_MOST_WORK = 10_000_000_000
"""Additions: about ten seconds."""
_SMALL_WORK = 100_000_000
"""Additions with which nothing is left out: a tenth of a second."""
_MOST_PROBABILITIES = 200_000_000
"""In all binomial distributions of a layer: about ten seconds."""


def finite_magazine(
    threats: int, rounds: int, kill_probability: float, looks: int
) -> "xr.DataArray":
    """Joint distribution of leakers and rounds left, for threats that arrive one after another.

    Each threat gets one round per look, up to `looks`, while it survives and rounds are left. The
    assessment is always right, and there is time for all looks. If the magazine is certain to run
    out, E[kills] = rounds times kill probability for any number of looks.

    Parameters
    ----------
    threats, rounds, looks : int
        From 0; (threats + 1) (rounds + 1) at most 64,000,000. Counting at most `rounds` looks, and
        in large problems only those reached with a probability above 1e-40: threats (looks + 1) at
        most 1,000,000, and that times the size of the trimmed distribution at most 10,000,000,000.
    kill_probability : float
        Kill probability of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers` (0 to `threats`) and `rounds_left` (0 to `rounds`).

    Raises
    ------
    ValueError
        If an argument is out of its range, or the problem is too large.

    Notes
    -----
    The recursion updates the distribution of (leakers, rounds left) threat by threat; each threat
    adds at most `looks` + 1 shifted copies. Edges below 1e-40 are left out of large problems, which
    would take more than 100,000,000 additions.

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
    looks_left = min(most, stock)
    # With the negligible edges, large raids would take minutes.
    small = number * (looks_left + 1) * (number + 1) * (stock + 1) <= _SMALL_WORK
    tiny = 0.0 if small else TINY
    taken = looks_left if small else _looks_taken(kill, looks_left)
    part, work = _Part(np.ones((1, 1)), 0, stock), 0
    for _ in range(number):
        work += (taken + 1) * part.values.size
        if number * (taken + 1) > _MOST_STEPS or work > _MOST_WORK:
            raise ValueError(
                "threats, rounds, looks: too large, the computation would take minutes; "
                f"got {threats!r}, {rounds!r}, {looks!r}"
            )
        part = _add_threat(part, kill, taken, tiny)
    found = np.zeros((number + 1, stock + 1))
    leaked, left = part.values.shape
    found[part.leakers : part.leakers + leaked, part.rounds : part.rounds + left] = part.values
    text = "joint distribution of leakers and rounds left"
    return as_pmf(found, text, "leakers", "rounds_left")


def _looks_taken(kill: float, looks: int) -> int:
    """Looks that are reached with a probability above 1e-40."""
    if kill == 0.0 or looks == 0:
        return looks
    enough = math.log(TINY) / math.log1p(-kill) if kill < 1.0 else 1.0
    return looks if enough >= looks else math.ceil(enough)


class _Part(NamedTuple):
    """A joint distribution without its negligible edges, and the offsets of its first element."""

    values: Numbers  # leakers by rounds left
    leakers: int
    rounds: int


def _add_threat(part: _Part, kill: float, looks: int, tiny: float) -> _Part:
    """Send one more threat against the magazine."""
    before, first = part.values, part.rounds
    start = max(first - looks, 0)
    after = np.zeros((before.shape[0] + 1, before.shape[1] + first - start))
    alive = np.exp(log_survival(kill, np.arange(looks + 1)))
    for fired in range(1, looks + 1):
        # Killed by this round, in states with enough rounds.
        skipped = max(fired - first, 0)
        columns = before[:, skipped:] * (alive[fired - 1] * kill)
        to = first + skipped - fired - start
        after[:-1, to : to + columns.shape[1]] += columns
    # It leaks: all looks were used, or the rounds ran out.
    short = min(max(looks - first, 0), before.shape[1])
    to = first + short - looks - start
    after[1:, to : to + before.shape[1] - short] += before[:, short:] * alive[looks]
    after[1:, 0] += before[:, :short] @ alive[first : first + short]
    after /= after.sum()  # a rounding error of the larger ones would grow with the threats
    leakers, left = support(after.max(axis=1), tiny), support(after.max(axis=0), tiny)
    return _Part(after[leakers, left], part.leakers + leakers.start, start + left.start)


def layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> "xr.DataArray":
    """Distribution of the leakers through layers with finite inventories.

    Threats arrive one after another and pass the layers in order. Each layer fires `rounds_each`
    simultaneous rounds at a threat, each with `kill_probability`; a layer with fewer rounds left
    does not fire. Survivors reach the next layer.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    layers : sequence of (int, int, float)
        For each layer: rounds (from 0), rounds_each (from 1), kill_probability. The binomial
        distributions of a layer, one for each possible number of targets, have at most 200,000,000
        probabilities, and its transition matrix (threats that may reach it times threats that may
        leave it) has at most 64,000,000: no limit on raids for one layer, about 50,000 threats for
        several, more if rounds are scarce.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the problem is too large.

    Notes
    -----
    A layer fires at the first floor(rounds / rounds_each) threats that reach it. Survivors keep
    their order, so the next layer depends on their number only: a binomial distribution at each
    layer, mixed over the number of threats that reach it. Edges below 1e-40 are left out of
    distributions of more than 1,024 values.

    Examples
    --------
    >>> pmf = layered_inventories(3, [(2, 1, 0.5), (1, 1, 1.0)])
    >>> pmf.values.tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    number = whole("threats", threats, most=1_000_000)
    arriving = _Arriving(np.ones((1, 1)), number)
    for layer in checked_layers(layers):
        arriving = _propagate(layer, arriving)
    found = np.zeros(number + 1)
    found[arriving.counts()] = arriving.values[0]
    return as_pmf(found, "distribution of the leakers", "leakers")


def layered_rounds_left(threats: int, layers: Sequence[tuple[int, int, float]]) -> "xr.DataArray":
    """Joint distributions of the leakers and the rounds left in each layer.

    The model of `layered_inventories`, with the rounds that remain for the next raid.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    layers : sequence of (int, int, float)
        For each layer: rounds (from 0), rounds_each (from 1), kill_probability. The number of
        layers times (threats + 1) (most rounds of a layer + 1) is at most 64,000,000; the limits
        of `layered_inventories` also apply.

    Returns
    -------
    xarray.DataArray
        Probabilities along `layer` (0 for the first), `leakers` (0 to `threats`) and
        `rounds_left` (0 to the most rounds of a layer). They sum to 1 for each layer: the joint
        distribution of the leakers of the raid and the rounds left in that layer only.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    The number of threats that reach a layer determines its rounds left. So the distribution of
    that number is split by rounds left, and each part is propagated through this layer and the
    later ones separately. Edges are left out as in `layered_inventories`.

    The simulator has these distributions if threats arrive one after another, windows of layers do
    not overlap, channels are free, `max_salvos` is 1 and `rounds` a multiple of `rounds_each`.

    Examples
    --------
    >>> pmf = layered_rounds_left(3, [(2, 1, 0.5), (2, 1, 1.0)])
    >>> pmf.sel(layer=1).sum("leakers").values.tolist()
    [0.75, 0.25, 0.0]
    """
    number, defence = whole("threats", threats, most=1_000_000), checked_layers(layers)
    most = max((layer.rounds for layer in defence), default=0)
    if len(defence) * (number + 1) * (most + 1) > _MOST_STATES:
        size = f"layers (threats + 1) (most rounds + 1) must be at most {_MOST_STATES:,}"
        got = f"{len(defence)} layers, {number} threats, {most} rounds"
        raise ValueError(f"threats, layers: {size}; got {got}")
    arriving = _Arriving(np.ones((1, 1)), number)
    indices, lefts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]  # of all rows but the first
    for index, layer in enumerate(defence):
        left, parts = _by_rounds_left(layer, arriving)
        both = np.concatenate([arriving.values, parts])
        arriving = _propagate(layer, arriving._replace(values=both))
        indices.append(np.full(len(left), index))
        lefts.append(left)
    found = np.zeros((len(defence), number + 1, most + 1))
    where, left = np.concatenate(indices), np.concatenate(lefts)
    found[where[:, np.newaxis], arriving.counts(), left[:, np.newaxis]] = arriving.values[1:]
    text = "joint distributions of leakers and rounds left of a layer"
    return as_pmf(found, text, "layer", "leakers", "rounds_left")


class Inventory(NamedTuple):
    """Rounds of one layer, and how it fires them."""

    rounds: int
    rounds_each: int
    kill: float

    @property
    def shots(self) -> int:
        """Number of threats that the layer can fire at."""
        return self.rounds // self.rounds_each


def checked_layers(
    layers: Sequence[tuple[int, int, float]], most_each: int = 10**9
) -> list[Inventory]:
    """Return the layers, or raise ValueError."""
    found = []
    try:
        given = plain(layers)
    except RecursionError:  # nested deeply
        given = None
    if not isinstance(given, tuple):
        raise refused("layers", "a list, for each layer (rounds, rounds_each, ...)", layers)
    for index, layer in enumerate(given):
        name = f"layers[{index}]"
        if not isinstance(layer, tuple) or len(layer) != 3:
            raise refused(name, "(rounds, rounds_each, kill_probability)", layer)
        rounds, each, kill = layer
        number = whole(f"{name} rounds", rounds)
        size = whole(f"{name} rounds_each", each, least=1, most=most_each)
        found.append(Inventory(number, size, chance(f"{name} kill_probability", kill)))
    return found


class _Arriving(NamedTuple):
    """Distribution of the number of threats that reach a layer; further rows are parts of it."""

    values: Numbers  # rows by counts
    first: int  # count of the first column

    def counts(self) -> npt.NDArray[np.int64]:
        return self.first + np.arange(self.values.shape[1])


def _by_rounds_left(layer: Inventory, arriving: _Arriving) -> tuple[npt.NDArray[np.int64], Numbers]:
    """Possible rounds left in a layer, and the part of the distribution for each of them."""
    targets = np.minimum(arriving.counts(), layer.shots)
    each, row = np.unique(targets, return_inverse=True)
    parts = np.zeros((len(each), len(targets)))
    parts[row, np.arange(len(targets))] = arriving.values[0]
    return layer.rounds - layer.rounds_each * each, parts


def _propagate(layer: Inventory, arriving: _Arriving) -> _Arriving:
    """Propagate all rows through a layer, which fires at the first `shots` threats."""
    numbers = np.unique(np.minimum(arriving.counts(), layer.shots))
    _check_size(
        "probabilities in the binomial distributions of a layer", numbers.sum(), _MOST_PROBABILITIES
    )
    passing: list[tuple[int, Numbers]] = []  # per arriving count: first survivor count, and pmf
    survivors, start, fired_at = np.ones(1), 0, 0
    each = leak_and_stop(layer.kill, layer.rounds_each)
    for count in arriving.counts().tolist():
        if min(count, layer.shots) > fired_at:
            fired_at = min(count, layer.shots)
            everything = binomial(fired_at, *each)
            part = support(everything)
            start, survivors = part.start, everything[part]
        passing.append((count - fired_at + start, survivors))
    first = min(begin for begin, _ in passing)
    last = max(begin + len(chances) for begin, chances in passing)
    size = len(passing) * (last - first)
    _check_size("numbers that may reach a layer times numbers that may leave it", size)
    transitions = np.zeros((len(passing), last - first))
    for row, (begin, chances) in zip(transitions, passing, strict=True):
        row[begin - first : begin - first + len(chances)] = chances
    values = arriving.values @ transitions
    kept = support(values[0])
    return _Arriving(values[:, kept], first + kept.start)


def _check_size(what: str, size: int, most: int = _MOST_STATES) -> None:
    if size > most:
        raise ValueError(f"threats, layers: {what} must be at most {most:,}; got {size:,}")
