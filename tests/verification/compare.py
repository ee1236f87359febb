"""Each case computed and simulated, and the two compared."""

import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import xarray as xr
from scipy import special, stats

from leakthrough import exact
from leakthrough.exact.scenarios import as_scenario
from leakthrough.simulate import simulate
from verification.cases import Case

SIGMAS = 5.0
"""A larger deviation is a failure."""
POWER = 0.98
"""Share of runs in which an error of the stated detectable size would be a failure."""
FEWEST = 20.0
"""Least expected count of each cell of a chi-square comparison."""
STAGES = ("launch", "assessment")
MEASURED = 1_000
"""Expected threats while a stream is measured."""
_ROUNDING = 1e-9
"""A distribution sums to 1 within this tolerance."""

Numbers = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Comparison(NamedTuple):
    """A quantity of a case, computed and simulated.

    Parameters
    ----------
    case : Case
    quantity : str
    exact, simulated : float
        The two values. Of a distribution: the degrees of freedom, which are the mean of
        chi-square, and chi-square.
    error : float
        Standard error of the simulated value; 0 where nothing is random.
    sigmas : float
        Deviation of the simulated value in standard errors, or the normal quantile of equal
        probability: nearly a standard normal variable if the simulator is right.
    detectable : float
        Relative error that would be a failure in 98 runs of 100: of the exact value, or for a
        distribution the root mean square over its probabilities. 0: any.
    """

    case: Case
    quantity: str
    exact: float
    simulated: float
    error: float
    sigmas: float
    detectable: float

    @property
    def failed(self) -> bool:
        """Whether the deviation is too large, or not a number."""
        return not abs(self.sigmas) <= SIGMAS


def compare(cases: Iterable[Case], seed: int) -> list[Comparison]:
    """Compare cases, each with its own draws."""
    return [
        found
        for index, case in enumerate(cases)
        for found in _COMPARISONS[case.model](case, seed_of(seed, index))
    ]


def seed_of(seed: int, index: int) -> int:
    """Seed of the case with this index: shared draws would correlate the errors of cases."""
    return 1_000 * seed + index


# ---------------------------------------------------------------- rows


def _row(case: Case, quantity: str, value: float, found: float, error: float) -> Comparison:
    off = found - value
    sigmas = off / error if error > 0.0 else (math.copysign(math.inf, off) if off else 0.0)
    detectable = (SIGMAS + float(special.ndtri(POWER))) * error if error > 0.0 else 0.0
    detectable = detectable / abs(value) if value else math.inf if detectable else 0.0
    return Comparison(case, quantity, value, found, error, sigmas, detectable)


def _sample_row(case: Case, quantity: str, value: float, sample: Numbers | Counts) -> Comparison:
    """Mean of a quantity whose standard deviation is estimated."""
    error = float(sample.std(ddof=1)) / math.sqrt(len(sample))
    return _row(case, quantity, value, float(sample.mean()), error)


def _mean_row(case: Case, quantity: str, pmf: xr.DataArray, values: Counts) -> Comparison:
    """Mean of a quantity whose distribution, and so its standard deviation, is known."""
    numbers = pmf[pmf.dims[0]].astype(float)
    # Rounded, or a constant would seem to deviate, or to be random, by the last digits.
    mean = round(float((pmf * numbers).sum()), 9)
    variance = round(float((pmf * (numbers - mean) ** 2).sum()), 9)
    error = math.sqrt(variance / len(values))
    return _row(case, quantity, mean, float(values.mean()), error)


def _chance_rows(
    case: Case, quantity: str, chance: float, happened: npt.NDArray[np.bool_]
) -> list[Comparison]:
    """Probability of what happens once a replication.

    The exact binomial distribution is used, since its tails are not normal for rare events. An
    event that is expected hardly ever, or nearly always, is listed only if it is a failure: the
    comparison would detect no small error.
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
    informative = FEWEST <= number * chance <= number - FEWEST
    return [row] if informative or row.failed else []


def _distribution_rows(case: Case, quantity: str, pmf: Numbers, counts: Counts) -> list[Comparison]:
    """Chi-square over all outcomes that are expected often enough, and the rest together."""
    number = int(counts.sum())
    impossible = bool(counts[~(pmf > 0.0)].any()) or not abs(pmf.sum() - 1.0) < _ROUNDING
    often = pmf * number >= FEWEST
    shares, seen = pmf[often], counts[often].astype(float)
    if (rest := pmf[~often].sum()) * number >= FEWEST:
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
    detectable = math.sqrt(float(special.chndtrinc(limit, freedom, 1.0 - POWER)) / number)
    error = math.sqrt(2.0 * freedom)
    return [Comparison(case, quantity, float(freedom), square, error, sigmas, detectable)]


# ---------------------------------------------------------------- cases


def _exact(case: Case) -> Any:
    if case.model != "common_luck":
        return getattr(exact, case.model)(**case.arguments)
    arguments = dict(case.arguments)
    threats = arguments.pop("threats")  # each leaks with the same probability
    leak = float(exact.common_luck(**arguments))
    chances = stats.binom.pmf(np.arange(threats + 1), threats, leak)
    return xr.DataArray(chances, {"leakers": np.arange(threats + 1)}, ["leakers"])


def _result(case: Case, seed: int) -> xr.Dataset:
    scenario = as_scenario(case.model, **case.arguments)
    return simulate(scenario, replications=case.replications, seed=seed)


def _leaked(result: xr.Dataset) -> Counts:
    return np.asarray(result.leaked.sum("salvo").values, np.int64)


def _spent(result: xr.Dataset) -> Counts:
    return np.asarray(result.expended.sum(["battery", "interceptor"]).values, np.int64)


def tallied(case: Case, seed: int) -> tuple[xr.DataArray, xr.DataArray]:
    """Exact distribution of a case, and how often each of its outcomes was simulated."""
    pmf, result = _exact(case), _result(case, seed)
    outcomes = [_leaked(result)]
    if "rounds_left" in pmf.dims:
        outcomes.append(result.remaining.sum(["battery", "interceptor"]).values)
    counts = np.zeros(pmf.shape, np.int64)
    np.add.at(counts, tuple(outcomes), 1)
    return pmf, pmf.copy(data=counts)


def _of_distribution(case: Case, seed: int) -> list[Comparison]:
    pmf, counts = tallied(case, seed)
    rows = []
    for dim in map(str, pmf.dims):
        others = [other for other in pmf.dims if other != dim]
        own, seen = pmf.sum(others), counts.sum(others)
        values = np.repeat(own[dim].values, seen.values)
        rows.append(_mean_row(case, f"mean {dim.replace('_', ' ')}", own, values))
        if dim == "leakers":
            rows += _chance_rows(case, "P(no leaker)", float(own[0]), values == 0)
    names = " and ".join(map(str, pmf.dims)).replace("_", " ")
    return rows + _distribution_rows(
        case, f"distribution of {names}", pmf.values.ravel(), counts.values.ravel()
    )


def _of_rounds_left(case: Case, seed: int) -> list[Comparison]:
    """The joint distribution of each layer, whose rounds must be whole salvos."""
    pmfs, result = _exact(case), _result(case, seed)
    leaked, rows = _leaked(result), []
    for index, pmf in enumerate(pmfs, 1):
        left = result.remaining.sel(battery=f"battery {index}").sum("interceptor").values
        counts = np.zeros(pmf.shape, np.int64)
        np.add.at(counts, (leaked, left), 1)
        own = pmf.sum("leakers")
        rows.append(_mean_row(case, f"layer {index}: mean rounds left", own, left))
        quantity = f"layer {index}: distribution of leakers and rounds left"
        rows += _distribution_rows(case, quantity, pmf.values.ravel(), counts.ravel())
    return rows


def _of_costs(case: Case, seed: int) -> list[Comparison]:
    found, result = _exact(case), _result(case, seed)
    spent = (result.expended * result.round_cost).sum(["battery", "interceptor"])
    values = {"leakers": result.leaked.sel(salvo="raid").values, "cost_spent": spent.values}
    return [
        _sample_row(case, f"mean {name.replace('_', ' ')}", float(found[name]), sample)
        for name, sample in values.items()
    ]


def _of_no_leaker(case: Case, seed: int) -> list[Comparison]:
    none = _leaked(_result(case, seed)) == 0
    return _chance_rows(case, "P(no leaker)", float(_exact(case)), none)


def _of_one_threat(case: Case, seed: int) -> list[Comparison]:
    found, result = _exact(case), _result(case, seed)
    return [
        *_chance_rows(case, "P(leak)", float(found.leak), _leaked(result) > 0),
        _sample_row(case, "mean rounds", float(found.rounds), _spent(result)),
    ]


def _of_deployment(case: Case, seed: int) -> list[Comparison]:
    """The share lost to the first threats, for each number of them, and to all."""
    found, result = _exact(case), _result(case, seed)
    missed = 1.0 - case.arguments.get("lethality", 1.0) * result.leaked.values
    lost, exactly = 1.0 - np.cumprod(missed, axis=1), found.value_lost.values.tolist()
    firsts = [
        _sample_row(case, f"mean value lost to the first {number}", own, lost[:, number - 1])
        for number, own in enumerate(exactly[:-1], 1)
    ]
    return firsts + _asset_rows(case, exactly[-1], float(found.rounds.sum()), result)


def _of_one_look(case: Case, seed: int) -> list[Comparison]:
    names = ("looks", "threats", "rounds")
    found = _exact(case).sel({name: case.arguments[name] for name in names})
    result = _result(case, seed)
    return _asset_rows(case, float(found.destroyed), float(found.rounds_spent), result)


def _asset_rows(
    case: Case, destroyed: float, rounds: float, result: xr.Dataset
) -> list[Comparison]:
    """Whether the asset is destroyed: as drawn, and as expected given its hits."""
    drawn, expected = (result[name].sel(asset="asset").values for name in ("destroyed", "damage"))
    return [
        *_chance_rows(case, "P(asset destroyed)", destroyed, drawn > 0),
        _sample_row(case, "mean damage", destroyed, expected),
        _sample_row(case, "mean rounds", rounds, _spent(result)),
    ]


def _of_battery(case: Case, seed: int) -> list[Comparison]:
    lost = _result(case, seed).lost.sel(battery="battery").values > 0
    return _chance_rows(case, "P(battery destroyed)", float(_exact(case)), lost)


def warm_up(case: Case) -> float:
    """Time after which a stream is measured [s]: also after the path of the first threats."""
    if case.model == "tracks_and_channels":
        return 44.0 * sum(1.0 / float(case.arguments[f"{of}_rate"]) for of in STAGES)
    engagement = 1.0 / case.arguments.get("service_rate", 1.0)
    return float(20.0 * engagement + 2.0 * case.arguments.get("patience", 0.0))


def _of_stream(case: Case, seed: int) -> list[Comparison]:
    """Share that leaks after the effect of the empty start, and before the stream may end.

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
    share = result.leaked_so_far.sum("salvo").diff("sample_time").values[:, 0] / MEASURED
    found = _exact(case)
    if case.model == "tracks_and_channels":
        found = float(found.no_track + found.no_channel)
    return [_sample_row(case, "share that leaks", found, share)]


def _of_raid_at_once(case: Case, seed: int) -> list[Comparison]:
    """Nothing is random: each replication must engage the same number."""
    engaged, found = _exact(case), _result(case, seed).engagements.sum("battery").values
    worst = float(found[np.abs(found - engaged).argmax()])
    return [_row(case, "threats engaged", float(engaged), worst, 0.0)]


_COMPARISONS: dict[str, Callable[[Case, int], list[Comparison]]] = {
    "leakers": _of_distribution,
    "raid_annihilation": _of_no_leaker,
    "shoot_look_shoot": _of_one_threat,
    "finite_magazine": _of_distribution,
    "layered_inventories": _of_distribution,
    "layered_rounds_left": _of_rounds_left,
    "uniform_allocation": _of_distribution,
    "raid_costs": _of_costs,
    "prim_read": _of_deployment,
    "terminal_defence": _of_one_look,
    "erlang_b": _of_stream,
    "abandonment": _of_stream,
    "tracks_and_channels": _of_stream,
    "common_luck": _of_distribution,
    "destroyed_by": _of_battery,
    "simultaneous_raid": _of_raid_at_once,
}
"""How the cases of a model are compared."""
