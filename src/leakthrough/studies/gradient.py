"""Derivatives of a measure with respect to kill probabilities, from one simulation."""

import concurrent.futures
from typing import TYPE_CHECKING

import numpy as np

from leakthrough.engine.counts import named_tally
from leakthrough.engine.jobs import Block, RaidJob, draw_numbers
from leakthrough.engine.replications import compute
from leakthrough.model.check import warn_about
from leakthrough.model.discrete import WORD_RANGE
from leakthrough.model.scenario import Scenario
from leakthrough.results.labelled import measured
from leakthrough.results.variables import COORDINATES
from leakthrough.run_options import checked_execution
from leakthrough.statistics.intervals import checked_confidence, student
from leakthrough.studies.evaluate import MeasureValues, prepared
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import PairedRuns

if TYPE_CHECKING:
    import numpy.typing as npt
    import xarray as xr

    Numbers = npt.NDArray[np.float64]
    Counts = npt.NDArray[np.int64]


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
    no effect. With
    :math:`h_j` such rounds that killed and :math:`m_j` that missed, the score is
    :math:`S_j = h_j / p_j - m_j / (1 - p_j)`, of mean 0, and

    .. math:: dE[Y] / dp_j = E[Y S_j].

    Scores of different *j* are uncorrelated, and :math:`S_j^2` has the mean of
    :math:`V_j = (h_j + m_j) / (p_j (1 - p_j))`. With the control variates :math:`S` and
    :math:`S_j S_k - V_j [j = k]`, whose bias is of the order of 1 / replications,

    .. math:: dE[Y] / dp_j = b_j E[V_j],

    where b are the coefficients of the regression of Y on all scores. Where leakers equal threats
    launched minus hits, as in a binomial raid with one round each, the noise cancels completely.

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

        - `gradient`: derivative of the measure's mean with respect to the kill probability, along
          `estimate`, with an approximate t interval. Multiply by 0.01 for a rise of one percentage
          point. For **an uncertain kill probability** it is the derivative for the same rise in
          every replication. NaN if no round can be fired at the threat, or if the probability is
          always 0 or 1, since then only misses or only hits occur;
        - `rounds`: mean number of rounds counted; if it is 0, no round was fired in the simulation,
          and the gradient is estimated as 0.

    Raises
    ------
    ValueError
        If an argument is not as described above.

    References
    ----------
    Glynn (1990), Likelihood ratio gradient estimation for stochastic systems, Communications of
    the ACM 33, 75-84. Asmussen and Glynn, Stochastic Simulation (2007), chapter VII.

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
    runs = PairedRuns(scenario, measure, replications, seed, execution)
    job, empty = prepared(scenario, [runs.measure])
    job, cells = job._replace(tally=True), job.tables.kill_chances.size
    if runs.replications < cells + 2:
        text = f"must be at least {cells + 2}, two more than the kill probabilities"
        raise ValueError(f"replications: {text}; got {runs.replications}")
    warn_about(scenario)
    sink = _Tallied(job, empty).alike(runs.replications)
    compute(job, sink, seed=runs.seed, replications=runs.replications, **execution._asdict())
    chance = _chances(job, runs.seed, runs.replications)
    terms, rounds = _terms(sink.measured.values[0][:, 0], sink.tally, chance)
    estimates = student(terms.mean(axis=0), terms.var(axis=0, ddof=1), len(terms), level)
    attrs, dims = runs.measure.attrs, ("interceptor", "threat")
    shape = job.tables.interceptors, job.tables.classes
    text = f"{attrs['long_name']}: derivative in the kill probability"
    seen = {"units": "1", "long_name": "rounds fired at live threats, up to the one that kills"}
    variables = {
        "gradient": measured(estimates.reshape(4, *shape), text, *dims, units=attrs["units"]),
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
        tally = named_tally(rows, self.job.tables)
        for mine, name in zip(self.tally, ("hits", "misses"), strict=True):
            mine[start : start + len(rows)] = tally[name].reshape(len(rows), -1)

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
        found[:, cell] = draw_numbers(table, seed, 0, chances["stream"][cell], replications)
    return found / WORD_RANGE


def _terms(values: "Numbers", tally: "Counts", chance: "Numbers") -> "tuple[Numbers, Numbers]":
    """Terms (R, cells) whose means are the derivatives, and the mean rounds (cells,)."""
    hits, misses = tally
    inside = (chance > 0.0) & (chance < 1.0)
    p = np.where(inside, chance, 0.5)
    score = np.where(inside, hits / p - misses / (1.0 - p), 0.0)
    information = np.where(inside, (hits + misses) / (p * (1.0 - p)), 0.0)
    design = np.column_stack([np.ones(len(values)), score])
    slopes, *_ = np.linalg.lstsq(design, values, rcond=None)
    residuals = values - design @ slopes
    terms = residuals[:, np.newaxis] * score + slopes[1:] * information
    terms[:, ~inside.any(axis=0)] = np.nan
    return terms, tally.sum(axis=0).mean(axis=0)
