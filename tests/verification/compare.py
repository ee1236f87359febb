"""Each case computed and simulated, and the two compared."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special

from leakthrough import exact
from leakthrough.exact.scenarios import as_scenario
from leakthrough.simulate import simulate
from verification.cases import Case

SIGMAS = 5.0
"""What is further off than that is a failure."""
POWER = 0.98
"""How often an error of the size that a comparison is said to see would be a failure."""
FEWEST = 20.0
"""Each cell of a chi-square comparison is expected that often at least."""
MEASURED = 1_000
"""Threats expected while a stream is measured."""
_ROUNDING = 1e-9
"""A law sums to 1 but for that."""

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Comparison(NamedTuple):
    """A quantity of a case, computed and simulated.

    Parameters
    ----------
    case : Case
    quantity : str
    exact, simulated : float
        The two values. Of a law: the degrees of freedom of chi-square, which are what it is on
        average, and chi-square.
    error : float
        Standard error of the simulated value; 0 where nothing is random.
    sigmas : float
        How far off the simulated value is, in standard errors, or what is as unlikely: a standard
        normal variable, nearly, where the simulator is right.
    sees : float
        Relative error that would be a failure in 98 runs of 100: of the exact value, or for a law
        the root mean square over its probabilities. 0: any.
    """

    case: Case
    quantity: str
    exact: float
    simulated: float
    error: float
    sigmas: float
    sees: float

    @property
    def failed(self) -> bool:
        """Whether it is too far off, or not a number."""
        return not abs(self.sigmas) <= SIGMAS


def compare(cases: Iterable[Case], seed: int) -> list[Comparison]:
    """Compare cases, each on draws of its own."""
    return [
        found
        for place, case in enumerate(cases)
        for found in _HOW[case.model](case, seed_of(seed, place))
    ]


def seed_of(seed: int, place: int) -> int:
    """Seed of the case at that place: cases must not share draws, as their errors would agree."""
    return 1_000 * seed + place


# ---------------------------------------------------------------- rows


def _row(case: Case, quantity: str, value: float, found: float, error: float) -> Comparison:
    off = found - value
    sigmas = off / error if error > 0.0 else (math.copysign(math.inf, off) if off else 0.0)
    sees = (SIGMAS + float(special.ndtri(POWER))) * error if error > 0.0 else 0.0
    sees = sees / abs(value) if value else math.inf if sees else 0.0
    return Comparison(case, quantity, value, found, error, sigmas, sees)


def _mean_row(case: Case, quantity: str, law: xr.DataArray, values: Counts) -> Comparison:
    """Mean of a quantity whose law is known, and so its standard deviation."""
    numbers = law[law.dims[0]].astype(float)
    # Rounded, or a sure quantity would seem to be off, or to be random, by the last digits.
    mean = round(float((law * numbers).sum()), 9)
    variance = round(float((law * (numbers - mean) ** 2).sum()), 9)
    error = math.sqrt(variance / len(values))
    return _row(case, quantity, mean, float(values.mean()), error)


def _chance_rows(
    case: Case, quantity: str, chance: float, happened: npt.NDArray[np.bool_]
) -> list[Comparison]:
    """Probability of what happens once a replication.

    The binomial law is taken as it is, as its tails are not normal where it happens rarely. Where
    it is expected hardly ever, or nearly always, it is a comparison only if it is a failure: it
    would see no small error.
    """
    number, times = len(happened), int(happened.sum())
    if not 0.0 <= chance <= 1.0:
        return [_row(case, quantity, chance, times / number, 0.0)]
    error = math.sqrt(chance * (1.0 - chance) / number)
    below, above = special.bdtr(times, number, chance), special.bdtrc(times, number, chance)
    equal = below - (special.bdtr(times - 1, number, chance) if times else 0.0)
    below, above = below - equal / 2.0, above + equal / 2.0
    sigmas = float(special.ndtri(below) if below < above else -special.ndtri(above))
    row = _row(case, quantity, chance, times / number, error)._replace(sigmas=sigmas)
    sees_some = FEWEST <= number * chance <= number - FEWEST
    return [row] if sees_some or row.failed else []


def _law_rows(case: Case, quantity: str, law: Numbers, counts: Counts) -> list[Comparison]:
    """Chi-square over all that is expected often enough, and the rest together."""
    number = int(counts.sum())
    impossible = bool(counts[~(law > 0.0)].any()) or not abs(law.sum() - 1.0) < _ROUNDING
    often = law * number >= FEWEST
    shares, seen = law[often], counts[often].astype(float)
    if (rest := law[~often].sum()) * number >= FEWEST:
        shares, seen = np.append(shares, rest), np.append(seen, counts[~often].sum())
    elif len(shares):
        least = shares.argmin()
        shares[least] += rest
        seen[least] += counts[~often].sum()
    freedom = len(shares) - 1
    if impossible:
        return [Comparison(case, quantity, float(freedom), math.inf, 0.0, math.inf, 0.0)]
    if freedom < 1:
        return []
    square = float((seen**2 / (number * shares)).sum() - number)
    above, below = special.chdtrc(freedom, square), special.chdtr(freedom, square)
    sigmas = float(-special.ndtri(above) if above < below else special.ndtri(below))
    limit = special.chdtri(freedom, special.ndtr(-SIGMAS))
    sees = math.sqrt(float(special.chndtrinc(limit, freedom, 1.0 - POWER)) / number)
    return [
        Comparison(case, quantity, float(freedom), square, math.sqrt(2.0 * freedom), sigmas, sees)
    ]


# ---------------------------------------------------------------- cases


def _exact(case: Case) -> Any:
    return getattr(exact, case.model)(**case.arguments)


def _result(case: Case, seed: int) -> xr.Dataset:
    scenario = as_scenario(case.model, **case.arguments)
    return simulate(scenario, replications=case.replications, seed=seed)


def _leaked(result: xr.Dataset) -> Counts:
    return np.asarray(result.leaked.sum("salvo").values, np.int64)


def tallied(case: Case, seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Exact law of a case, and how often each outcome of it was simulated."""
    law, result = _exact(case), _result(case, seed)
    outcomes = [_leaked(result)]
    if "rounds_left" in law.dims:
        outcomes.append(result.remaining.sum(["battery", "interceptor"]).values)
    counts = np.zeros(law.shape, np.int64)
    np.add.at(counts, tuple(outcomes), 1)
    return law, law.copy(data=counts)


def _of_law(case: Case, seed: int) -> list[Comparison]:
    law, counts = tallied(case, seed)
    rows = []
    for dim in map(str, law.dims):
        others = [other for other in law.dims if other != dim]
        own, seen = law.sum(others), counts.sum(others)
        values = np.repeat(own[dim].values, seen.values)
        rows.append(_mean_row(case, f"mean {dim.replace('_', ' ')}", own, values))
        if dim == "leakers":
            rows += _chance_rows(case, "P(no leaker)", float(own[0]), values == 0)
    names = " and ".join(map(str, law.dims)).replace("_", " ")
    return rows + _law_rows(case, f"law of {names}", law.values.ravel(), counts.values.ravel())


def _of_rounds_left(case: Case, seed: int) -> list[Comparison]:
    """The joint law of each layer, whose rounds must be whole salvos."""
    laws, result = _exact(case), _result(case, seed)
    leaked, rows = _leaked(result), []
    for place, law in enumerate(laws):
        left = result.remaining.sel(battery=f"battery {place + 1}").sum("interceptor").values
        counts = np.zeros(law.shape, np.int64)
        np.add.at(counts, (leaked, left), 1)
        own = law.sum("leakers")
        rows.append(_mean_row(case, f"layer {place + 1}: mean rounds left", own, left))
        quantity = f"layer {place + 1}: law of leakers and rounds left"
        rows += _law_rows(case, quantity, law.values.ravel(), counts.ravel())
    return rows


def _of_costs(case: Case, seed: int) -> list[Comparison]:
    found, result = _exact(case), _result(case, seed)
    spent = (result.expended * result.round_cost).sum(["battery", "interceptor"])
    values = {"leakers": result.leaked.sel(salvo="raid").values, "cost_spent": spent.values}
    return [
        _row(
            case,
            f"mean {name.replace('_', ' ')}",
            float(found[name]),
            float(sample.mean()),
            float(sample.std(ddof=1)) / math.sqrt(len(sample)),
        )
        for name, sample in values.items()
    ]


def _of_no_leaker(case: Case, seed: int) -> list[Comparison]:
    none = _leaked(_result(case, seed)) == 0
    return _chance_rows(case, "P(no leaker)", float(_exact(case)), none)


def _of_one_threat(case: Case, seed: int) -> list[Comparison]:
    found, result = _exact(case), _result(case, seed)
    rounds = result.expended.sum(["battery", "interceptor"]).values
    error = float(rounds.std(ddof=1)) / math.sqrt(len(rounds))
    return [
        *_chance_rows(case, "P(leak)", float(found.leak), _leaked(result) > 0),
        _row(case, "mean rounds", float(found.rounds), float(rounds.mean()), error),
    ]


def warm_up(case: Case) -> float:
    """Time after which a stream is measured [s]."""
    engagement = 1.0 / case.arguments.get("service_rate", 1.0)
    return float(20.0 * engagement + 2.0 * case.arguments.get("patience", 0.0))


def _of_stream(case: Case, seed: int) -> list[Comparison]:
    """Share that leaks, from when the beginning is forgotten to before the stream may have ended.

    Over a fixed time, so that the expected number of arrivals is exact.
    """
    arguments = case.arguments
    rate = arguments["load"] if case.model == "erlang_b" else arguments["arrival_rate"]
    begin = warm_up(case)
    end = begin + MEASURED / rate
    threats = math.ceil(rate * end + 8.0 * math.sqrt(rate * end))
    result = simulate(
        as_scenario(case.model, **arguments, threats=threats),
        replications=case.replications,
        seed=seed,
        timeline=(begin, end),
    )
    share = result.leaked_so_far.sum("salvo").diff("time").values[:, 0] / MEASURED
    error = float(share.std(ddof=1)) / math.sqrt(len(share))
    return [_row(case, "share that leaks", _exact(case), float(share.mean()), error)]


def _of_raid_at_once(case: Case, seed: int) -> list[Comparison]:
    """Nothing is random: each replication must engage as many."""
    engaged, found = _exact(case), _result(case, seed).engagements.sum("battery").values
    worst = float(found[np.abs(found - engaged).argmax()])
    return [_row(case, "threats engaged", float(engaged), worst, 0.0)]


_HOW: dict[str, Callable[[Case, int], list[Comparison]]] = {
    "leakers": _of_law,
    "raid_annihilation": _of_no_leaker,
    "shoot_look_shoot": _of_one_threat,
    "finite_magazine": _of_law,
    "layered_inventories": _of_law,
    "layered_rounds_left": _of_rounds_left,
    "uniform_allocation": _of_law,
    "raid_costs": _of_costs,
    "erlang_b": _of_stream,
    "abandonment": _of_stream,
    "simultaneous_raid": _of_raid_at_once,
}
"""How the cases of a model are compared."""
