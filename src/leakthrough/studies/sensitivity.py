"""Variance-based sensitivity to uncertain fields: Sobol' indices."""

import concurrent.futures
import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.model.arguments import refused, table, whole_in
from leakthrough.quantities import quantity
from leakthrough.results.labelled import measured
from leakthrough.run_options import checked_execution
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.evaluate import checked_path
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import PairedRuns
from leakthrough.studies.reading import Numbers
from leakthrough.studies.sweep.axes import is_whole_at, quantile_function

if TYPE_CHECKING:
    import xarray as xr

MOST_POINTS = 2**20
RESAMPLES = 999


def sensitivity(
    scenario: AnyModel,
    distributions: Mapping[str, Any],
    measure: Measure | str = "leakers",
    *,
    points: int,
    replications: int,
    seed: int | None = None,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
) -> "xr.Dataset":
    """Share of the variance of a measure's mean that is due to each uncertain field.

    The mean of the measure over replications is a function of the fields. The **first-order** index
    of a field is the share of the variance that would vanish if this field were known. The
    **total** index is the share that would remain if all other fields were known. If the two
    differ, the field interacts with others.

    The mean is estimated by simulation. Its Monte Carlo error varies from point to point and acts
    like variance: it raises total indices and lowers first-order ones. Much of it cancels, since
    all points share their draws. The rest is estimated from the covariances over the replications:
    `first_order_noise` and `total_noise` are its contributions to the indices. If they are not
    small compared with an index, use more replications.

    Parameters
    ----------
    scenario : Scenario or Campaign
        Base scenario; fields not listed in `distributions` are held fixed.
    distributions : mapping of str to frozen scipy.stats distribution
        By path: the distribution of the field's value, independent of the others. Values of
        whole-number fields are rounded. (A distribution *in* the scenario is different: it is drawn
        anew in each replication.)
    measure : Measure or str
        A measure that gives one number for each replication.
    points : int
        A power of 2, at least 2. `points` times (fields + 2) scenarios are simulated.
    replications : int
        Number for each scenario, at least 2.
    seed, workers, executor, progress
        As for `simulate`. The points are drawn with the same seed.
    confidence : float
        Confidence level of the intervals, between 0 and 1.

    Returns
    -------
    xarray.Dataset
        Along `path`:

        - `first_order`, `total`: the indices, along `estimate`, with percentile bootstrap
          intervals over the points. Estimates may be slightly outside 0 to 1, and with fewer than
          about a hundred points the intervals are rough;
        - `first_order_noise`, `total_noise`: what the Monte Carlo error adds to them.

        Also `mean` and `standard_deviation` of the measure's mean over the points. All indices
        are NaN if the measure is the same at all points.

    Raises
    ------
    ValueError
        If a path does not exist, a value is not allowed there, or another argument is not allowed;
        raised before anything is simulated.

    References
    ----------
    Sobol' (2001), Global sensitivity indices for nonlinear mathematical models and their Monte
    Carlo estimates. Saltelli et al. (2010), Variance based sensitivity analysis of model output.
    Computed by `scipy.stats.sobol_indices`.

    Examples
    --------
    >>> scenario = exact.as_scenario("leakers", threats=10, kill_probability=0.8)
    >>> from scipy import stats
    >>> kill = "interceptors.interceptor.kill_probability.threat"
    >>> distributions = {
    ...     kill: stats.uniform(0.7, 0.2),
    ...     "layers.defence.sensor.availability": stats.uniform(0.9, 0.1),
    ... }
    >>> found = sensitivity(scenario, distributions, points=64, replications=200, seed=1)
    >>> found.first_order.sel(estimate="mean").values.round(2).tolist()
    [0.87, 0.12]
    """
    level = checked_confidence(confidence)
    execution = checked_execution(workers, executor, progress)
    runs = PairedRuns(scenario, measure, replications, seed, execution)
    number = whole_in(points)
    if number is None or not 2 <= number <= MOST_POINTS or number & (number - 1):
        raise refused("points", f"a power of 2 from 2 to {MOST_POINTS}", points)
    designs = _designs(runs.scenario, distributions, number, runs.seed)
    runs.check(itertools.chain(*zip(*designs, strict=True)))
    with runs:
        sums = _DesignSums(runs, designs)
    attrs, names = runs.measure.attrs, ("first_order", "total")
    variables = {
        "mean": quantity((), sums.outputs[:2].mean(), **attrs),
        "standard_deviation": quantity((), sums.outputs[:2].std(), **attrs),
    }
    estimates = _estimates(sums.outputs, level, runs.seed)
    for n, (name, noise) in enumerate(zip(names, sums.noise, strict=True)):
        text = f"{name.replace('_', '-')} Sobol' index"
        variables[name] = measured(estimates[:, n], text, "path")
        own = f"what the noise of simulation adds to the {text}"
        variables[f"{name}_noise"] = quantity("path", noise, own)
    path = ("path", list(distributions), {"long_name": "field of the scenario"})
    points_of = ((), np.int64(number), {"long_name": "points of the design"})
    return runs.labelled(variables, {"path": path, "points": points_of}, level)


def _designs(
    scenario: AnyModel, distributions: Mapping[str, Any], points: int, seed: int
) -> list[list[dict[str, object]]]:
    """Changes at the points of the designs A, B, and A with one column of B for each field."""
    from scipy.stats import qmc

    for path in table("distributions", distributions, "path to frozen scipy.stats distribution"):
        checked_path("distributions", scenario, path)
    number = len(distributions)
    uniform = qmc.Sobol(2 * number, rng=np.random.default_rng(seed), bits=64).random(points)
    first, second = np.empty((2, points, number))
    kinds: list[tuple[str, Callable[[Any], object]]] = []
    for n, (path, given) in enumerate(distributions.items()):
        whole = is_whole_at(scenario, path)
        kinds.append((path, round if whole else float))
        quantile = quantile_function(f"distributions, {path}", given, whole=whole)
        first[:, n], second[:, n] = quantile(uniform[:, n]), quantile(uniform[:, number + n])

    def changes(point: Numbers) -> dict[str, object]:
        return {path: kind(value) for (path, kind), value in zip(kinds, point, strict=True)}

    mixed = [np.where(np.arange(number) == n, second, first) for n in range(number)]
    return [[changes(point) for point in design] for design in (first, second, *mixed)]


class _DesignSums:
    """Means at all points of the designs (D, points), and the effect of noise on the indices.

    Errors of means over R replications have the covariances of the values, divided by R. With `s` a
    covariance over replications, averaged over the points, and `all` the mean over the points of
    A and B, noise adds to the numerators (`scipy.stats.sobol_indices`, saltelli_2010) and to the
    variance over the points

        first order   s(B - all, AB - A) / R
        total         s(AB - A, AB - A) / 2 R
        variance      (s(A, A) / 2 + s(B, B) / 2 - s(all, all)) / R
    """

    def __init__(self, runs: PairedRuns, designs: list[list[dict[str, object]]]) -> None:
        number, points = len(designs) - 2, len(designs[0])
        self.outputs = np.empty((len(designs), points))
        self.point = 0
        self.values: list[Numbers] = []  # of the designs at this point
        self.sums = np.zeros((len(designs), runs.replications))
        self.first, self.total, self.own = np.zeros(number), np.zeros(number), 0.0
        runs.each(list(itertools.chain(*zip(*designs, strict=True))), self._take)
        common = self.sums[:2].mean(axis=0) - self.sums[:2].mean()
        # Over the points, then over R - 1 and R: covariances of errors of means.
        scale = (runs.replications - 1.0) * runs.replications
        first = self.first / points - (self.sums[2:] - self.sums[0]) @ common
        self.to_numerators = np.stack([first, self.total / points]) / scale
        self.to_variance = (self.own / points - common @ common) / scale

    def _take(self, of_design: Numbers) -> None:
        """Collect the values of one design, and add those (D, R) of all designs at one point."""
        self.values.append(of_design)
        if len(self.values) < len(self.outputs):
            return
        values, self.values = np.stack(self.values), []
        means = values.mean(axis=1)
        self.outputs[:, self.point] = means
        self.sums += values / self.outputs.shape[1]
        errors = values - means[:, np.newaxis]
        changes = errors[2:] - errors[0]
        self.first += changes @ errors[1]
        self.total += (changes**2).sum(axis=1) / 2.0
        self.own += (errors[:2] ** 2).sum() / 2.0
        self.point += 1

    @property
    def noise(self) -> Numbers:
        """What noise adds to the indices (2, fields)."""
        index, variance = _indices(self.outputs), self.outputs[:2].var()
        # NaN where the noise exceeds the variance.
        corrected = variance - self.to_variance if variance > self.to_variance else np.nan
        noise: Numbers = index - (index * variance - self.to_numerators) / corrected
        return noise


def _indices(outputs: Numbers) -> Numbers:
    """First-order and total indices (2, fields); NaN where the output is constant."""
    from scipy.stats import sobol_indices

    fields = len(outputs) - 2
    if outputs[:2].var() == 0.0:
        return np.full((2, fields), np.nan)
    # SciPy fails for a single field, so the first field is given twice.
    mixed = outputs[[2, *range(2, len(outputs))], np.newaxis]
    given: Any = {"f_A": outputs[:1], "f_B": outputs[1:2], "f_AB": mixed}
    found = sobol_indices(func=given, n=outputs.shape[1])
    return np.stack([found.first_order, found.total_order]).reshape(2, 1 + fields)[:, 1:]


def _estimates(outputs: Numbers, level: float, seed: int) -> Numbers:
    """Both indices, their standard errors and intervals (4, 2, fields) by the bootstrap."""
    # SciPy's own bootstrap cannot be seeded.
    points, rng = outputs.shape[1], np.random.default_rng(seed)
    again = [_indices(outputs[:, rng.integers(points, size=points)]) for _ in range(RESAMPLES)]
    spread = np.std(again, axis=0, ddof=1)
    low, high = np.quantile(again, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([_indices(outputs), spread, low, high])
