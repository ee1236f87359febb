"""Ranks of recorded nights among simulated ones."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.model.arguments import listed, refused, whole
from leakthrough.quantities import quantity
from leakthrough.records.classes import CLASSES
from leakthrough.records.entries import LABELS, Array, nights
from leakthrough.results.files import writable
from leakthrough.results.taken import taken

if TYPE_CHECKING:
    import xarray as xr

OUTCOMES = ("through", "hard_kill", "soft_kill")
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_KEYS = ("night", "threat_class", "outcome")


def check(
    result: "xr.Dataset | Sequence[xr.Dataset]",
    record: "xr.Dataset",
    *,
    classes: Mapping[str, str] | None = None,
    seed: int = 0,
) -> "xr.Dataset":
    """Find the rank of recorded nights in the distributions of simulated ones.

    The relative rank is the randomised probability integral transform. If B of R replications are
    below the recorded number, T equal it, and V is uniform from 0 to 1,

        relative rank = (B + V (T + 1)) / (R + 1).

    If the recorded night has the simulated distribution, the rank is exactly uniform from 0 to 1,
    for any number of replications and discrete counts. Over many nights, ranks near 0 and 1 mean
    that the simulated spread is too small, ranks in the middle that it is too large, and ranks on
    one side that the simulation is biased.

    Uniform ranks do not validate a model: a model of the record's spread alone has them too. One
    night shows nothing.

    Parameters
    ----------
    result : xarray.Dataset, or several
        From `simulate` with ``keep="replications"``, of the recorded raids.
    record : xarray.Dataset
        The recorded nights, in the same order: one from ``nights(...).sel(night=...)``, several
        from `nights`; or entries, which are summed by night and class.
    classes : mapping of str to str, optional
        Class of the record for each threat of the scenario; not needed for threats with the name
        of a class. Decoys are counted, as in the record.
    seed : int, default 0
        Seed of V.

    Returns
    -------
    xarray.Dataset
        By `night`, `threat_class` (those simulated) and `outcome` (`through`, `hard_kill`,
        `soft_kill`):

        - `recorded`: recorded number; NaN if not reported;
        - `mean`, and `simulated` along `quantile`: mean and quantiles of the replications;
        - `relative_rank`: from 0 to 1; `below` and `up_to`: shares of replications below the
          recorded number, and not above it, the limits of the random rank. NaN if the number is
          not reported or no threat came.

        By `threat_class` and `outcome`: `nights` with a rank; `statistic` and `p_value` of the
        Kolmogorov-Smirnov test that the ranks are uniform (NaN below two nights). The test assumes
        independent nights; the classes and outcomes of one night are dependent.

    Raises
    ------
    ValueError
        If the results are not of the recorded raids: the number launched in each class must equal
        the number whose fate is recorded.

    References
    ----------
    Czado, Gneiting and Held (2009), Predictive model assessment for count data, Biometrics 65,
    1254-1261. Smith (1985), Diagnostic checks of non-standard time series models, Journal of
    Forecasting 4, 283-291.

    Examples
    --------
    >>> source = files("leakthrough") / "scenarios" / "night_of_2025_07_04.toml"
    >>> result = lt.simulate(lt.load_scenario(str(source)), replications=100, seed=1)
    >>> night = nights(raids()).sel(night="2025-07-04")
    >>> kinds = {"strike drone": "drone", "decoy drone": "drone"}
    >>> found = check(result, night, classes=kinds).squeeze("night")
    >>> bool(0.01 < found.relative_rank.sel(threat_class="drone", outcome="soft_kill") < 0.99)
    True
    """
    import xarray as xr

    several = [result] if isinstance(result, xr.Dataset) else listed("result", result, "results")
    results, seed = [taken(each) for each in several], whole("seed", seed, 0, 2**63 - 1)
    if classes is not None and not isinstance(classes, dict):
        raise refused("classes", "a mapping of threats to classes", classes)
    table = nights(record)
    if not results or len(results) != table.sizes["night"]:
        raise ValueError(
            f"result: must be one for each recorded night, {table.sizes['night']}; "
            f"got {len(results)}"
        )
    simulated = [_by_class(each, dict(classes or {})) for each in results]
    held = [name for name in CLASSES if any(name in each for each in simulated)]
    rng = np.random.default_rng(seed)
    rows = [
        [_compared(each.get(name), _recorded(table, i, name), rng) for name in held]
        for i, each in enumerate(simulated)
    ]
    return writable(tested(labelled(np.array(rows), table["night"], held)))


def _by_class(result: "xr.Dataset", classes: Mapping[str, str]) -> dict[str, Array]:
    """Simulated numbers by class: rows are those launched, then the outcomes, by replication."""
    needed = {"launched": ("salvo",), "leaked": ("replication", "salvo")}
    for name, dims in needed.items():
        if name not in result or result[name].dims != dims:
            raise ValueError(
                'result: must be of one raid, from simulate with keep="replications"; '
                f"{name} is not along {' and '.join(dims)}"
            )
    if not result["leaked"].size:
        raise ValueError("result: has no salvos left")
    found: dict[str, Array] = {}
    # Arrays, as selecting salvos from the Dataset took most of the time.
    leaked = result["leaked"].values
    launched = np.broadcast_to(result["launched"].values, leaked.shape)
    killed, soft = (result[name].sum("layer").values for name in ("killed", "soft_killed"))
    numbers = np.array([launched, leaked, killed, soft])
    for index, threat in enumerate(result["threat"].values.tolist()):
        name = classes.get(threat, threat)
        if name not in CLASSES:
            raise ValueError(
                f"classes: the threat {threat!r} must have one of {', '.join(CLASSES)}; "
                f"got {classes.get(threat)!r}"
            )
        found[name] = found.get(name, 0) + numbers[..., index]
    return found


def _recorded(table: "xr.Dataset", night: int, name: str) -> tuple[str, Array]:
    """Class and day as text, and recorded numbers: those with known fate, then by outcome."""
    at = table.isel(night=night)
    day = str(at["night"].values)[:10]
    if name not in at["threat_class"].values:
        return f"{name} on {day}", np.zeros(1 + len(OUTCOMES))
    at = at.sel(threat_class=name)
    known = at["stopped"] + at["through"]
    return f"{name} on {day}", np.array([known, *(at[outcome] for outcome in OUTCOMES)], np.float64)


def _compared(
    simulated: Array | None, recorded: tuple[str, Array], rng: np.random.Generator
) -> Array:
    """Rows by outcome: recorded, mean, rank, below, up to, and quantiles."""
    where, (number, *values) = recorded
    if simulated is None:
        simulated = np.zeros((1 + len(OUTCOMES), 1), np.int64)
    launched, *counts = simulated
    if launched[0] != number:
        raise ValueError(
            f"result: must be of the recorded raid; it launches {launched[0]} of {where}, and the "
            f"record has the fate of {number:.0f}"
        )
    luck = rng.random(len(OUTCOMES))
    rows = [ranked(*each) for each in zip(counts, values, luck, strict=True)]
    if number == 0:
        for row in rows:
            row[2:5] = np.nan
    return np.array(rows)


def ranked(count: Array, value: float, v: float) -> Array:
    """One row: recorded, mean, rank, below, up to, and quantiles."""
    below, ties = (count < value).sum(), (count == value).sum()
    ranks = [
        (below + v * (ties + 1)) / (count.size + 1),
        below / count.size,
        (below + ties) / count.size,
    ]
    known = ranks if np.isfinite(value) else [np.nan] * len(ranks)
    return np.array([value, count.mean(), *known, *np.quantile(count, QUANTILES)])


def labelled(
    rows: Array, days: "xr.DataArray", held: Sequence[str], outcomes: Sequence[str] = OUTCOMES
) -> "xr.Dataset":
    """Rows by night, class and outcome as a Dataset."""
    import xarray as xr

    texts = {
        "recorded": "recorded number of threats",
        "mean": "mean simulated number of threats",
        "relative_rank": "randomised relative rank of the recorded number among the simulated ones",
        "below": "share of replications below the recorded number",
        "up_to": "share of replications not above the recorded number",
    }
    variables = {
        name: quantity(_KEYS, rows[..., i], text) for i, (name, text) in enumerate(texts.items())
    }
    text = "quantiles of the simulated number of threats"
    variables["simulated"] = quantity((*_KEYS, "quantile"), rows[..., len(texts) :], text)
    coordinates = {
        "night": days.variable,
        "threat_class": ("threat_class", list(held), {"long_name": LABELS["threat_class"]}),
        "outcome": ("outcome", list(outcomes), {"long_name": "what became of the threats"}),
        "quantile": ("quantile", list(QUANTILES), {"long_name": "probability of the quantile"}),
    }
    return xr.Dataset(variables, coordinates)


def tested(found: "xr.Dataset") -> "xr.Dataset":
    """Add the test of uniform ranks over the nights."""
    from scipy import stats

    ranks = found["relative_rank"].values
    tests = np.full((2, *ranks.shape[1:]), np.nan)
    number = np.isfinite(ranks).sum(axis=0)
    for at in np.argwhere(number >= 2):
        column = ranks[:, *at]
        tests[:, *at] = stats.kstest(column[np.isfinite(column)], "uniform")
    dims, (distance, p_value) = _KEYS[1:], tests
    apart = "Kolmogorov-Smirnov distance of the ranks from uniform"
    chance = "probability of such a distance or a larger one if uniform"
    return found.assign(
        nights=quantity(dims, number, "nights with a rank"),
        statistic=quantity(dims, distance, apart),
        p_value=quantity(dims, p_value, chance),
    )
