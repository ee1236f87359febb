"""Predictions of nights from a calibration by period, and checks of them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.arguments import whole
from leakthrough.quantities import quantity
from leakthrough.records.checking import QUANTILES, labelled, ranked, tested
from leakthrough.records.drift import PARAMETERS, night_parameters, walked
from leakthrough.records.entries import Array, nights
from leakthrough.records.features import FEATURES, features
from leakthrough.records.periods import generator, index_of, starts_of
from leakthrough.records.reports import Reports, reports
from leakthrough.results.files import writable
from leakthrough.results.taken import dataset_of

if TYPE_CHECKING:
    import xarray as xr

LEVELS = (0.5, 0.9)
_ROW = 5 + len(QUANTILES)


def check_periods(posterior: "xr.Dataset", record: "xr.Dataset", *, seed: int = 0) -> "xr.Dataset":
    """Compare recorded nights with what a calibration by period predicts for them.

    For each draw and night, the probability of the night is drawn from its beta distribution, and
    then the number that got through, of as many threats as were recorded. For periods after the
    last one of the calibration, the random walk goes on. So the same call does two things:

    - **posterior predictive check**, with the nights of the calibration itself: do they look like
      nights of the model? Each night helped to predict itself, so ranks are a little too central;
      read `feature_p_value`, where values near 0 or 1 name what the model does not reproduce;
    - **prediction**, with later nights: `covered` and the ranks are honest.

    Parameters
    ----------
    posterior : xarray.Dataset
        From `calibrate_periods`.
    record : xarray.Dataset
        The nights, all in or after the periods of `posterior`. Its classes that `posterior` has
        not are left out, and nights whose outcome is only known to be between two numbers.
    seed : int, default 0
        Seed of the predictions. Each class has its own random numbers.

    Returns
    -------
    xarray.Dataset
        As from `check`, which explains the ranks: `recorded`, `mean`, `simulated`,
        `relative_rank`, `below` and `up_to` by `night`, `threat_class` and `outcome` (`through`,
        or the outcome of `posterior`), and `nights`, `statistic` and `p_value` of the
        Kolmogorov-Smirnov test. `plot.rank_ecdf` draws the ranks. The test assumes independent
        nights; nights of one period share its unknown mean. Also:

        - `covered` by `threat_class` along `level` (0.5, 0.9): share of the nights whose rank is
          in the central part of this size;
        - `feature_observed`, `feature_simulated` along `quantile`, and `feature_p_value` (share of
          draws at or above the observed value, ties counted half) by `threat_class` and `feature`:
          `share` of all threats with the outcome, `spread` of the nights' shares (standard
          deviation), `none` (share of the nights without), `largest` share of a night with at
          least 10 threats, `size` (correlation of a night's share with its number of threats), and
          `lag one` (correlation of shares of successive nights in the record).

    Raises
    ------
    ValueError
        If `posterior` is not from `calibrate_periods`; if a night is before its first period, or
        there is no night of its classes.

    References
    ----------
    Gelman, Meng and Stern (1996), Posterior predictive assessment of model fitness via realized
    discrepancies, Statistica Sinica 6, 733-807. Czado, Gneiting and Held (2009), see `check`.

    Examples
    --------
    >>> record = raids()
    >>> drones = record.isel(entry=(record.threat_class == "drone").values)
    >>> early, late = (
    ...     drones.isel(entry=part)
    ...     for part in ((drones.night < np.datetime64("2026-01-01")).values,
    ...                  (drones.night >= np.datetime64("2026-01-01")).values)
    ... )
    >>> found = check_periods(calibrate_periods(early, draws=400), late)
    >>> int(found.nights.squeeze()), bool(found.covered.sel(level=0.9).squeeze() >= 0.6)
    (6, True)
    """
    held = dataset_of(posterior, "records.calibrate_periods", _NEEDED, "posterior")
    if not {"chain", "draw", "threat_class", "period"} <= {*held.dims} or not {
        "outcome",
        "length",
    } <= {*held.attrs}:
        raise ValueError("posterior: must keep its dimensions and attributes")
    seed, table = whole("seed", seed, 0, 2**63 - 1), nights(record)
    names = [n for n in held["threat_class"].values.tolist() if n in table["threat_class"].values]
    found = {name: _known(held, table, name) for name in names}
    if not any(each.night.size for each in found.values()):
        raise ValueError("record: has no night with a known outcome of the classes of posterior")
    rows = np.full((table.sizes["night"], len(names), 1, _ROW), np.nan)
    looks = np.full((len(names), len(FEATURES), 2 + len(QUANTILES)), np.nan)
    through = held.attrs["outcome"] == "stopped"
    for c, (name, each) in enumerate(found.items()):
        if each.night.size:
            rng = generator(seed, name, 1)
            drawn = _predicted(held.sel(threat_class=name), each, rng)
            value = each.low
            if through:
                drawn, value = each.known - drawn, each.known - value
            at = np.searchsorted(table["night"].values, each.night)
            luck = rng.random(value.size)
            rows[at, c, 0] = [ranked(*part) for part in zip(drawn.T, value, luck, strict=True)]
            looks[c] = features(drawn, value, each.known)
    outcome = "through" if through else held.attrs["outcome"]
    checked = tested(labelled(rows, table["night"], names, [outcome]))
    return writable(_summed(checked, looks))


_NEEDED = ("probability", *PARAMETERS, "reference_size", "period", "threat_class")


def _known(posterior: "xr.Dataset", table: "xr.Dataset", name: str) -> Reports:
    """Nights of a class whose outcome is known."""
    found = reports(table, name, posterior.attrs["outcome"])
    found = found.among(found.low == found.high)
    if found.night.size and found.night.min() < posterior["period"].values[0]:
        day = str(found.night.min())[:10]
        raise ValueError(f"record: must begin with the periods of posterior; got {day}")
    return found


def _predicted(posterior: "xr.Dataset", found: Reports, rng: np.random.Generator) -> Array:
    """Drawn numbers with the outcome; shape (draws, nights)."""
    from scipy.special import expit, logit

    stacked = posterior.stack(sample=("chain", "draw")).transpose("sample", ...)
    values = np.column_stack([stacked[name].values for name in PARAMETERS])
    path = logit(stacked["probability"].values)
    starts, length = posterior["period"].values, posterior.attrs["length"]
    whole = starts_of(starts, length, until=max(found.night.max(), starts[-1]))
    path = np.hstack([path, walked(values, path[:, -1], len(whole) - len(starts), rng)])
    size = np.log(found.known / posterior["reference_size"].item())
    shift, correlation = night_parameters(values.T[..., np.newaxis], size)
    mean, total = expit(path[:, index_of(found.night, whole)] + shift), 1.0 / correlation - 1.0
    return rng.binomial(found.known, rng.beta(mean * total, (1.0 - mean) * total))


def _summed(checked: "xr.Dataset", looks: Array) -> "xr.Dataset":
    """Add the coverage and the features."""
    rank = checked["relative_rank"].squeeze("outcome").transpose("threat_class", "night").values
    inside = [_share_inside(rank, level) for level in LEVELS]
    dims: tuple[str, ...] = ("threat_class", "feature")
    added: dict[str, Any] = {
        "covered": quantity(
            ("threat_class", "level"),
            np.transpose(inside),
            "share of the nights whose rank is in the central part",
        ),
        "feature_observed": quantity(dims, looks[..., 0], "feature of the recorded nights"),
        "feature_p_value": quantity(
            dims, looks[..., 1], "share of draws at or above the recorded feature"
        ),
        "feature_simulated": quantity(
            (*dims, "quantile"), looks[..., 2:], "quantiles of the feature over the draws"
        ),
    }
    texts = {"long_name": "size of the central part"}
    return checked.assign(added).assign_coords(
        level=("level", list(LEVELS), texts), feature=("feature", list(FEATURES))
    )


def _share_inside(rank: Array, level: float) -> Array:
    """Share of the ranks in the central part, by class; NaN without ranks."""
    inside = (np.abs(rank - 0.5) < level / 2).sum(axis=1)
    with np.errstate(invalid="ignore"):
        found: Array = inside / np.isfinite(rank).sum(axis=1)
    return found
