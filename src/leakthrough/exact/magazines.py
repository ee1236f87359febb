"""Raids against rounds that run out: exact recursions over what is left."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from leakthrough.exact.arguments import NOTHING, Numbers, binomial, chance, law, support, whole

if TYPE_CHECKING:
    import xarray as xr


_MOST_THREATS = 1_000_000
_MOST_STATES = 64_000_000
"""Numbers in a joint law: 512 MB."""
_MOST_STEPS = 1_000_000
"""Threats times looks: some ten microseconds each, however small the law."""
_MOST_WORK = 10_000_000_000
"""Numbers added up: some ten seconds."""
_MOST_CHANCES = 200_000_000
"""Binomial probabilities in all laws of a layer: some ten seconds."""


def finite_magazine(
    threats: int, rounds: int, kill_probability: float, looks: int
) -> "xr.DataArray":
    """Joint law of leakers and rounds left, when threats come one after another.

    Each threat gets one round a look, up to `looks` while it lives and rounds are left; the
    assessment is always right, and there is time for all looks. If the magazine is surely
    emptied, E[kills] = rounds times kill probability whatever the number of looks.

    Parameters
    ----------
    threats, rounds, looks : int
        From 0; (threats + 1) (rounds + 1) at most 64,000,000. Of the looks count as many as are
        taken with a chance above 1e-40, and no more than rounds: threats (looks + 1) at most
        1,000,000, and times the size of the law, edges left out, 10,000,000,000.
    kill_probability : float
        Of one round.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers` (0 to `threats`) and `rounds_left` (0 to `rounds`).

    Raises
    ------
    ValueError
        If an argument is out of its range, or they are too large together.

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
    taken = _looks_taken(kill, min(most, stock))
    part, work = _Part(np.ones((1, 1)), 0, stock), 0
    for _ in range(number):
        work += (taken + 1) * part.values.size
        if number * (taken + 1) > _MOST_STEPS or work > _MOST_WORK:
            raise ValueError(
                "threats, rounds, looks: too large together, as it would take minutes; "
                f"got {threats!r}, {rounds!r}, {looks!r}"
            )
        part = _one_more(part, kill, taken)
    found = np.zeros((number + 1, stock + 1))
    leaked, left = part.values.shape
    found[part.leakers : part.leakers + leaked, part.rounds : part.rounds + left] = part.values
    text = "joint law of leakers and rounds left"
    return law(found, text, leakers=np.arange(number + 1), rounds_left=np.arange(stock + 1))


def _looks_taken(kill: float, looks: int) -> int:
    """Looks, without those after which next to nothing is alive."""
    if kill == 0.0 or looks == 0:
        return looks
    enough = math.log(NOTHING) / math.log1p(-kill) if kill < 1.0 else 1.0
    return looks if enough >= looks else math.ceil(enough)


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
    rows, columns = support(part.values.max(axis=1)), support(part.values.max(axis=0))
    return _Part(part.values[rows, columns], part.leakers + rows.start, part.rounds + columns.start)


def layered_inventories(threats: int, layers: Sequence[tuple[int, int, float]]) -> "xr.DataArray":
    """Law of the leakers through layers with inventories, threats one after another.

    A threat meets the layers in their order. Each fires `rounds_each` rounds at it at once, each
    of which kills with `kill_probability`; a layer with fewer rounds left fires nothing. What
    survives one layer goes on to the next.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    layers : sequence of (int, int, float)
        Of each layer: rounds (from 0), rounds_each (from 1), kill_probability. The binomial laws
        of a layer, one for each number at which it may fire, have at most 200,000,000
        probabilities, and the numbers that may reach it times those that may leave it are at most
        64,000,000: with one layer all raids, with more some 50,000 threats, or more where rounds
        are scarce.

    Returns
    -------
    xarray.DataArray
        Probabilities along `leakers`, from 0 to `threats`.

    Raises
    ------
    ValueError
        If an argument is out of its range, or they are too large together.

    Notes
    -----
    A layer fires at the first floor(rounds / rounds_each) threats that reach it. As survivors of
    a layer come in the same order, how many they are is all that the next one needs to know: a
    binomial law at each layer, mixed over what reaches it. Edges of that law below 1e-40 are left
    out.

    Examples
    --------
    >>> pmf = layered_inventories(3, [(2, 1, 0.5), (1, 1, 1.0)])
    >>> pmf.values.tolist()
    [0.25, 0.5, 0.25, 0.0]
    """
    number = whole("threats", threats, most=_MOST_THREATS)
    reaching = _Reaching(np.ones((1, 1)), number)
    for layer in _checked(layers):
        reaching = _through(layer, reaching)
    found = np.zeros(number + 1)
    found[reaching.counts()] = reaching.values[0]
    return law(found, "law of the leakers", leakers=np.arange(number + 1))


def layered_rounds_left(threats: int, layers: Sequence[tuple[int, int, float]]) -> "xr.DataArray":
    """Joint laws of the leakers and each layer's rounds left, threats one after another.

    The raid and the layers of `layered_inventories`, with what it leaves in each magazine: how
    likely it is that few leak and yet a layer is empty for the next raid.

    Parameters
    ----------
    threats : int
        From 0 to 1,000,000.
    layers : sequence of (int, int, float)
        Of each layer: rounds (from 0), rounds_each (from 1), kill_probability. The number of
        layers times (threats + 1) (most rounds of a layer + 1) is at most 64,000,000, and the
        bounds of `layered_inventories` hold too.

    Returns
    -------
    xarray.DataArray
        Probabilities along `layer` (0 for the first), `leakers` (0 to `threats`) and
        `rounds_left` (0 to the most rounds of a layer). For each layer they sum to 1: the joint
        law of the raid's leakers and of the rounds left in that layer, not of all layers' rounds.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    Those who reach a layer determine its rounds left. So the law of those who reach it is split
    by its rounds left, and each part goes through this layer and the later ones by itself. Edges
    of the law of those who reach a layer below 1e-40 are left out.

    The simulator follows these laws where threats come one after another, windows of layers do not
    overlap, channels are free, `max_salvos` is 1 and `rounds` a multiple of `rounds_each`.

    Examples
    --------
    >>> pmf = layered_rounds_left(3, [(2, 1, 0.5), (2, 1, 1.0)])
    >>> pmf.sel(layer=1).sum("leakers").values.tolist()
    [0.75, 0.25, 0.0]
    """
    number, defence = whole("threats", threats, most=_MOST_THREATS), _checked(layers)
    most = max((layer.rounds for layer in defence), default=0)
    if len(defence) * (number + 1) * (most + 1) > _MOST_STATES:
        size = f"layers (threats + 1) (most rounds + 1) must be at most {_MOST_STATES:,}"
        got = f"{len(defence)} layers, {number} threats, {most} rounds"
        raise ValueError(f"threats, layers: {size}; got {got}")
    reaching = _Reaching(np.ones((1, 1)), number)
    places, lefts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]  # of all rows but the first
    for place, layer in enumerate(defence):
        left, parts = _by_rounds_left(layer, reaching)
        both = np.concatenate([reaching.values, parts])
        reaching = _through(layer, reaching._replace(values=both))
        places.append(np.full(len(left), place))
        lefts.append(left)
    found = np.zeros((len(defence), number + 1, most + 1))
    where, left = np.concatenate(places), np.concatenate(lefts)
    found[where[:, np.newaxis], reaching.counts(), left[:, np.newaxis]] = reaching.values[1:]
    return law(
        found,
        "joint laws of leakers and rounds left of a layer",
        layer=np.arange(len(defence)),
        leakers=np.arange(number + 1),
        rounds_left=np.arange(most + 1),
    )


class _Layer(NamedTuple):
    """One layer with its inventory."""

    rounds: int
    rounds_each: int
    through: float  # probability that a threat survives the rounds fired at it

    @property
    def shots(self) -> int:
        """How many threats it can fire at."""
        return self.rounds // self.rounds_each


def _checked(layers: Sequence[tuple[int, int, float]]) -> list[_Layer]:
    """Layers as given, or a clear error."""
    found = []
    for place, layer in enumerate(layers):
        try:
            rounds, each, kill = layer
        except (TypeError, ValueError):
            text = "must be (rounds, rounds_each, kill_probability)"
            raise ValueError(f"layers[{place}]: {text}; got {layer!r}") from None
        number = whole(f"layers[{place}] rounds", rounds)
        size = whole(f"layers[{place}] rounds_each", each, least=1)
        survived = (1.0 - chance(f"layers[{place}] kill_probability", kill)) ** size
        found.append(_Layer(number, size, survived))
    return found


class _Reaching(NamedTuple):
    """Law of how many threats reach a layer, and below it parts of that law, one a row."""

    values: Numbers  # rows by counts
    first: int  # the count of the first column

    def counts(self) -> npt.NDArray[np.int64]:
        return self.first + np.arange(self.values.shape[1])


def _by_rounds_left(layer: _Layer, reaching: _Reaching) -> tuple[npt.NDArray[np.int64], Numbers]:
    """Each number of rounds that a layer may have left, and its part of those who reach it."""
    met = np.minimum(reaching.counts(), layer.shots)
    each, row = np.unique(met, return_inverse=True)
    parts = np.zeros((len(each), len(met)))
    parts[row, np.arange(len(met))] = reaching.values[0]
    return layer.rounds - layer.rounds_each * each, parts


def _through(layer: _Layer, reaching: _Reaching) -> _Reaching:
    """Send all rows through a layer, which fires at the first `shots` who reach it."""
    numbers = np.unique(np.minimum(reaching.counts(), layer.shots))
    _check_size("probabilities in the binomial laws of a layer", numbers.sum(), _MOST_CHANCES)
    passing: list[tuple[int, Numbers]] = []  # from each count on: the first that matters, and law
    survivors, start, fired_at = np.ones(1), 0, 0
    for count in reaching.counts().tolist():
        if min(count, layer.shots) > fired_at:
            fired_at = min(count, layer.shots)
            everything = binomial(fired_at, layer.through)
            part = support(everything)
            start, survivors = part.start, everything[part]
        passing.append((count - fired_at + start, survivors))
    first = min(begin for begin, _ in passing)
    last = max(begin + len(chances) for begin, chances in passing)
    size = len(passing) * (last - first)
    _check_size("numbers that may reach a layer, times those that may leave it,", size)
    transitions = np.zeros((len(passing), last - first))
    for row, (begin, chances) in zip(transitions, passing, strict=True):
        row[begin - first : begin - first + len(chances)] = chances
    values = reaching.values @ transitions
    kept = support(values[0])
    return _Reaching(values[:, kept], first + kept.start)


def _check_size(what: str, size: int, most: int = _MOST_STATES) -> None:
    if size > most:
        raise ValueError(f"threats, layers: {what} must be at most {most:,}; got {size:,}")
