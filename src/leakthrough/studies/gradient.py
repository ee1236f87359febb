"""Derivatives of a measure with respect to kill probabilities, from one simulation."""

import concurrent.futures
import itertools
import math
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.counts import named_counts
from leakthrough.engine.jobs import Block, RaidJob, draw_numbers
from leakthrough.engine.lower_raid import lower
from leakthrough.engine.possible import possible
from leakthrough.engine.replications import compute
from leakthrough.model.arguments import of_class
from leakthrough.model.check import warn_about
from leakthrough.model.defence import ByDistance
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.quantiles import TABLE_SIZE
from leakthrough.model.scenario import Scenario
from leakthrough.results.labelled import measured
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import checked_execution
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.statistics.means import SETTLED, mean_interval, moments_of
from leakthrough.studies.evaluate import MeasureValues, prepared
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import PairedRuns, fresh

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]

SKEWED = 100.0
"""Replications, divided by the squared skewness, from which a derivative is taken to be normal.

Four times Cochran's rule: few replications determine the derivative of a probability, and with 25
intervals of 95 % covered 92 % where a kill probability is nearly always close to 0 or to 1.
"""
ROUNDING = 1e-9
"""Relative differences of terms that are rounding errors."""
PILOT = 64
"""Replications that find the usual number of rounds."""
MOST_CUT = 0.05
"""Largest distance from 0 and 1 to which a kill probability is moved."""
MOST_DEGREE, COEFFICIENT, MOST_COLUMNS = 4, 20, 200
"""Largest degree of a fit, replications for each of its coefficients, and most coefficients."""


def kill_probability_gradient(
    scenario: Scenario,
    measure: Measure | str = "leakers",
    *,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
) -> "xr.Dataset":
    r"""Derivatives of a measure's mean with respect to all kill probabilities, from one simulation.

    The method is the score function (likelihood ratio). A round of pair *j* of interceptor and
    threat class kills with probability p_j, and nothing else in the model depends on p_j. In each
    engagement of a live threat, the rounds up to the first that kills are counted; later ones have
    no effect. With :math:`h_j` such rounds that killed and :math:`m_j` that missed, the score is
    :math:`S_j = h_j / p_j - m_j / (1 - p_j)`, of mean 0, and

    .. math:: dE[Y] / dp_j = E[Y S_j].

    **An uncertain kill probability** is drawn once in a replication. Its derivative is that for a
    shift of the distribution: the limit of (E[Y | every drawn p is p + d] - E[Y]) / d for small d,
    which is the mean of dE[Y | p] / dp over the distribution as it is. The shape of the
    distribution is not changed. (Shifted draws may leave [0, 1] by less than d. There the
    derivative is that of the polynomial E[Y | p].)

    The variance of :math:`S_j` is the mean of :math:`1 / (p_j (1 - p_j))` times that of the rounds,
    and often infinite. Therefore a replication whose p_j is closer to 0 or 1 than some
    :math:`\varepsilon_j` is simulated with :math:`q_j = \varepsilon_j` or
    :math:`1 - \varepsilon_j`, and weighted by its likelihood ratio

    .. math:: w = \prod_j (p_j / q_j)^{h_j} ((1 - p_j) / (1 - q_j))^{m_j}.

    Then :math:`w S_j` is bounded for a given number of rounds, also where p_j is 0 or 1. A few
    other replications find :math:`\varepsilon_j`, half of one over the most rounds in any of them.

    Noise is reduced by control variates. With :math:`D_j = h_j - p_j (h_j + m_j)`, whose mean is 0
    for each p_j, the values are fitted by a polynomial in the uncertain kill probabilities, plus
    :math:`D_j` times another such polynomial :math:`g_j` for each *j* (constants, if all are
    certain). With the fit :math:`f` to all *other* replications,

    .. math:: dE[Y] / dp_j = E[w S_j (Y - f) + w (h_j + m_j) g_j].

    Where leakers equal threats launched minus hits, as in a binomial raid with one round each, the
    noise of a certain p_j cancels completely.

    Parameters
    ----------
    scenario : Scenario
    measure : Measure or str
        A measure that gives one number for each replication. It need not be smooth, since its mean
        is differentiated.
    replications : int
        At least two more than the number of kill probabilities; ten times that number is advisable.
    seed, workers, executor, progress
        As for `simulate`.
    confidence : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        Along `interceptor` and `threat`:

        - `gradient`: derivative of the measure's mean with respect to the kill probability, or
          to a shift of its distribution, along `estimate`. Multiply by 0.01 for a rise of one
          percentage point. NaN if no round can be fired at the threat, or if the probability is a
          number that is 0 or 1, since then only misses or only hits occur;
        - `gradient_settled`: whether the interval can be trusted
          (`leakthrough.statistics.means.mean_interval`);
        - `rounds`: mean number of rounds counted; if it is 0, no round was fired in the simulation,
          and the gradient is estimated as 0.

        If the measure was the same in all replications, the gradient is estimated as 0 too, and is
        not settled: its interval is the range of the measure times `rounds` (at least 1) to both
        sides. It is 0 for certain if the interceptor has no rounds, or no engagement fits.

    Raises
    ------
    ValueError
        If an argument is not as described above, a kill probability depends on the distance, or
        threats keep their luck with rounds (`common_kill`).

    References
    ----------
    Glynn (1990), Likelihood ratio gradient estimation for stochastic systems, Communications of
    the ACM 33, 75-84. Asmussen and Glynn, Stochastic Simulation (2007), chapters V (importance
    sampling and control variates) and VII.

    Examples
    --------
    >>> scenario = exact.as_scenario("leakers", threats=10, kill_probability=0.8)
    >>> found = kill_probability_gradient(scenario, replications=1000, seed=1)
    >>> float(found.gradient.sel(estimate="mean").round(6).squeeze())
    -10.0
    """
    import xarray as xr

    level = checked_confidence(confidence)
    execution = checked_execution(workers, executor, progress)
    scenario = of_class("scenario", scenario, Scenario)
    runs = PairedRuns(scenario, measure, replications, seed, execution)
    job, empty = RaidJob(lower(scenario)), prepared(scenario, [runs.measure])[1]
    check_numbers(scenario)
    cells = job.tables.kill_chances.size
    if runs.replications < cells + 2:
        text = f"must be at least {cells + 2}, two more than the kill probabilities"
        raise ValueError(f"replications: {text}; got {runs.replications}")
    warn_about(scenario)
    drawn = _chances(job, runs.seed, runs.replications)
    used = _away_from_ends(job, _most_rounds(job, empty, runs))
    values, tally = _simulated(used, empty, runs, runs.seed, runs.replications)
    terms = _terms(values, tally, drawn, _chances(used, runs.seed, runs.replications))
    terms[:, _is_certain(job) & ~((drawn > 0.0) & (drawn < 1.0)).any(axis=0)] = np.nan
    rounds = tally.sum(axis=0).mean(axis=0)
    bound = runs.most * np.where(_may_be_fired(job), np.maximum(rounds, 1.0), 0.0)
    estimates = _estimates(terms, level, runs.rare, bound)
    attrs, dims = runs.measure.attrs, ("interceptor", "threat")
    shape = job.tables.interceptors, job.tables.classes
    text = f"{attrs['long_name']}: derivative in the kill probability"
    seen = {"units": "1", "long_name": "rounds fired at live threats, up to the one that kills"}
    variables = {
        "gradient": measured(estimates.reshape(-1, *shape), text, *dims, units=attrs["units"]),
        "rounds": xr.Variable(dims, rounds.reshape(shape), seen),
    }
    rows = [interceptor.name for interceptor in scenario.interceptors]
    columns = [threat.name for threat in scenario.threats]
    coordinates = {
        "interceptor": ("interceptor", rows, {"long_name": COORDINATES["interceptor"]}),
        "threat": ("threat", columns, {"long_name": "threat class"}),
    }
    return runs.labelled(variables, coordinates, level)


class _Tallied:
    """A sink that keeps the values of a measure, and the hits and misses of each replication."""

    def __init__(self, job: RaidJob, measured: MeasureValues, replications: int = 0) -> None:
        self.job, self.measured = job, measured.alike(replications)
        self.tally = np.zeros((2, replications, job.tables.kill_chances.size), np.int64)

    def alike(self, replications: int) -> "_Tallied":
        """An empty sink for some replications."""
        return _Tallied(self.job, self.measured, replications)

    def take(self, start: int, block: Block) -> None:
        """Store values and tally of some replications."""
        rows = block[0][0]
        self.measured.take(start, block)
        counts = named_counts(rows, self.job.tables)
        for mine, name in zip(self.tally, ("hits", "misses"), strict=True):
            mine[start : start + len(rows)] = counts[name].reshape(len(rows), -1)

    def merge(self, start: int, other: "_Tallied") -> None:
        """Copy the values and tally of another sink."""
        self.measured.merge(start, other.measured)
        self.tally[:, start : start + other.tally.shape[1]] = other.tally


def _chances(job: RaidJob, seed: int, replications: int) -> "Numbers":
    """Kill probabilities (R, I * C) of each replication, as the kernel draws them."""
    chances = job.tables.kill_chances
    found = np.tile(chances["threshold"].astype(np.int64), (replications, 1))
    for cell in np.flatnonzero(chances["table"] >= 0):
        table = job.tables.quantiles[chances["table"][cell] :]
        found[:, cell] = draw_numbers(table, seed, np.arange(replications), chances["stream"][cell])
    return found / WORD_RANGE


def check_numbers(scenario: Scenario) -> None:
    """Raise a ValueError if a kill probability depends on the distance, or rounds on each other."""
    for kind in scenario.threats:
        if kind.common_kill > 0.0:
            text = f"must be 0 for a gradient; got {kind.common_kill:g}"
            raise ValueError(f"threats.{kind.name}.common_kill: {text}")
    for weapon in scenario.interceptors:
        for threat, chance in weapon.kill_probability.items():
            if isinstance(chance, ByDistance):
                place = f"interceptors.{weapon.name}.kill_probability.{threat}"
                text = "must be one number or distribution; it depends on the distance"
                raise ValueError(f"{place}: {text}")


def _estimates(terms: "Numbers", level: float, rare: float, bound: "Numbers") -> "Numbers":
    """Estimates (5, cells) of the means of terms; settled also where all noise has cancelled.

    A round that comes out differently changes the measure by no more than its range. So no
    derivative exceeds that range times the mean number of rounds, the `bound` (cells,), which is
    the interval where the measure was the same in all replications.
    """
    moments = moments_of(terms)
    known = np.sqrt(moments.variance) < ROUNDING * np.abs(moments.mean)
    found = mean_interval(moments, len(terms), level, rare=rare, cochran=SKEWED)
    found[:, known] = mean_interval(moments, len(terms), level, least=0.0, most=0.0)[:, known]
    found[2:SETTLED, known] = found[0, known]
    silent = (moments.variance == 0.0) & ~known
    found[2:, silent] = np.stack([-bound, bound, bound == 0.0])[:, silent]
    return found


def _may_be_fired(job: RaidJob) -> "npt.NDArray[np.bool_]":
    """Whether a round of the interceptor of each kill probability (cells,) may be fired."""
    rounds, own = possible(job.tables).expended, job.tables.magazines["interceptor"]
    fired = np.bincount(own, rounds, minlength=job.tables.interceptors) > 0.0
    return np.repeat(fired, job.tables.classes)


def _is_certain(job: RaidJob) -> "npt.NDArray[np.bool_]":
    """Whether each kill probability (cells,) is a number."""
    certain: npt.NDArray[np.bool_] = job.tables.kill_chances["table"] < 0
    return certain


def _simulated(
    job: RaidJob, empty: MeasureValues, runs: PairedRuns, seed: int, replications: int
) -> "tuple[Numbers, Counts]":
    """Values (R,) of the measure, and the hits and misses (2, R, cells)."""
    sink = _Tallied(job, empty).alike(replications)
    compute(job, sink, seed=seed, replications=replications, **runs.execution._asdict())
    return sink.measured.values[0][:, 0], sink.tally


def _most_rounds(job: RaidJob, empty: MeasureValues, runs: PairedRuns) -> "Counts":
    """Most rounds counted (cells,) in a few replications that are not used otherwise."""
    if _is_certain(job).all():
        return np.zeros(job.tables.kill_chances.size, np.int64)
    own = runs.execution._replace(progress=False)
    sink = _Tallied(job, empty).alike(PILOT)
    compute(job, sink, seed=fresh(runs.seed), replications=PILOT, **own._asdict())
    most: Counts = sink.tally.sum(axis=0).max(axis=0)
    return most


def _away_from_ends(job: RaidJob, rounds: "Counts") -> RaidJob:
    """The job with uncertain kill probabilities cut to [epsilon, 1 - epsilon] when drawn."""
    tables = job.tables.copy()
    chances, parts, start = tables.kill_chances, [tables.quantiles], tables.quantiles.size
    for cell in np.flatnonzero(~_is_certain(job)):
        first, epsilon = chances["table"][cell], min(0.5 / max(rounds[cell], 1), MOST_CUT)
        own = tables.quantiles[first : first + TABLE_SIZE]
        parts.append(np.clip(own, epsilon * WORD_RANGE, (1.0 - epsilon) * WORD_RANGE))
        chances["table"][cell], start = start, start + TABLE_SIZE
    tables.quantiles = np.concatenate(parts)
    return job._replace(tables=tables)


def _terms(values: "Numbers", tally: "Counts", drawn: "Numbers", used: "Numbers") -> "Numbers":
    """Terms (R, cells) whose means are the derivatives.

    `drawn` and `used` (R, cells) are the kill probabilities of the replications, and those with
    which they were simulated. The docstring of `kill_probability_gradient` has the formulas.
    """
    weight, scores = _weighted_scores(tally, drawn, used)
    rounds, uncertain = tally.sum(axis=0), np.ptp(drawn, axis=0) > 0.0
    baseline, factors = _polynomials(2.0 * drawn[:, uncertain] - 1.0, uncertain.size)
    excess = tally[0] - drawn * rounds
    products = (factors[:, :, np.newaxis] * excess[:, np.newaxis]).reshape(len(values), -1)
    residuals, coefficients = _fitted_to_others(np.hstack([products, baseline]), values)
    own = coefficients[:, : products.shape[1]].reshape(len(values), -1, uncertain.size)
    slope = np.einsum("rd,rdc->rc", factors, own)
    found: Numbers = scores * residuals[:, np.newaxis] + weight[:, np.newaxis] * rounds * slope
    return found


def _polynomials(chances: "Numbers", cells: int) -> "tuple[Numbers, Numbers]":
    """Monomials (R, ...) of uncertain kill probabilities (R, U): of the baseline, and those with D.

    The degree is the largest with 20 replications for each coefficient; more would fit noise.
    """
    replications, uncertain = chances.shape
    degree = MOST_DEGREE if uncertain else 1
    while degree > 1 and COEFFICIENT * (
        math.comb(uncertain + degree, degree)
        + cells * math.comb(uncertain + degree - 1, degree - 1)
    ) > min(replications, COEFFICIENT * MOST_COLUMNS):
        degree -= 1
    found, sizes = [np.ones(replications)], [1]
    for power in range(1, degree + 1):
        every = itertools.combinations_with_replacement(range(uncertain), power)
        found += [chances[:, chosen].prod(axis=1) for chosen in every]
        sizes.append(len(found))
    baseline = np.stack(found, axis=1)
    return baseline, baseline[:, : sizes[-2] if uncertain else 1]


def _weighted_scores(
    tally: "Counts", drawn: "Numbers", used: "Numbers"
) -> "tuple[Numbers, Numbers]":
    """Likelihood ratios (R,), and their derivatives (R, cells) in each kill probability."""
    hits, misses = tally
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(drawn == used, 1.0, drawn / used)
        miss = np.where(drawn == used, 1.0, (1.0 - drawn) / (1.0 - used))
        ratios = hit**hits * miss**misses
        # Divided by q instead of p, since p may be 0; of h or m = 0 nothing is left.
        up = np.where(hits, hits / used * hit ** (hits - 1.0) * miss**misses, 0.0)
        down = np.where(misses, misses / (1.0 - used) * hit**hits * miss ** (misses - 1.0), 0.0)
    scores = up - down
    for cell in np.flatnonzero((drawn != used).any(axis=0)):
        others = np.arange(drawn.shape[1]) != cell
        scores[:, others] *= ratios[:, [cell]]
    return ratios.prod(axis=1), scores


def _fitted_to_others(columns: "Numbers", values: "Numbers") -> "tuple[Numbers, Numbers]":
    """Residuals (R,) and coefficients (R, k) of least squares without the replication itself."""
    size = np.abs(columns).max(axis=0)
    size[size == 0.0] = 1.0
    columns = columns / size
    inverse = np.linalg.pinv(columns)
    fitted = inverse @ values
    leverage = np.einsum("rk,kr->r", columns, inverse)
    # A replication that alone determines a coefficient has no residual.
    residuals = (values - columns @ fitted) / np.maximum(1.0 - leverage, 1e-6)
    return residuals, (fitted[:, np.newaxis] - inverse * residuals).T / size
