"""Allocation of a budget to a defence and to passive protection, and its frontier."""

import concurrent.futures
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from leakthrough.engine.lowered import AnyModel
from leakthrough.exact.arguments import positive
from leakthrough.model.arguments import listed, real_in, refused, table, whole
from leakthrough.model.errors import nearest, shown
from leakthrough.model.paths import value_at
from leakthrough.quantities import quantity
from leakthrough.results.labelled import measured
from leakthrough.run_options import checked_execution
from leakthrough.statistics.intervals import checked_confidence
from leakthrough.studies.evaluate import checked_path
from leakthrough.studies.greedy_search import Prices, Search, Units
from leakthrough.studies.measure import Measure
from leakthrough.studies.paired import PairedRuns, fresh
from leakthrough.studies.reading import Numbers
from leakthrough.studies.sweep.axes import is_whole_at

if TYPE_CHECKING:
    import xarray as xr

HIGH_IS_GOOD = ("no_leaker", "at_most", "not_hit", "first_dry", "stock_first_dry")
MOST_UNITS = 10**9
MOST_STEPS = 100
MOST_LEVELS = 1_000
COARSE = (1 / 4, 1 / 8)
"""Shares exchanged for smaller budgets, whose search starts at the best of a larger one."""
FOR_SALE = {"assets": ("aim_points", "hardness"), "depots": ("rounds",), "pools": ("channels",)}
"""Fields that a budget may buy, besides those of layers; the value of an asset is no choice."""
SUPPLY = ("stocks", "resupply")
"""Parts of a campaign of which a budget may buy every field."""


class _Fields(NamedTuple):
    """What is bought: paths, and the levels of those that are bought in steps."""

    paths: Sequence[str]
    levels: Mapping[str, Sequence[float]]

    def changes(self, units: Units) -> dict[str, float]:
        """Value of each field with these units."""
        return {
            path: self.levels[path][number] if path in self.levels else number
            for path, number in zip(self.paths, units, strict=True)
        }

    def alone(self) -> Iterator[dict[str, float]]:
        """Each level by itself."""
        for path, own in self.levels.items():
            yield from ({path: value} for value in own)


def allocate(
    scenario: AnyModel,
    paths: Sequence[str],
    budget: float,
    costs: Mapping[str, float] | float,
    measure: Measure | str = "leakers",
    *,
    replications: int,
    seed: int | None = None,
    least: Mapping[str, int] | int = 0,
    most: Mapping[str, int] | int | None = None,
    levels: Mapping[str, Sequence[float]] | None = None,
    steps: int = 6,
    workers: int | None = None,
    executor: concurrent.futures.Executor | None = None,
    progress: bool | None = None,
    confidence: float = 0.95,
    controls: bool = True,
) -> "xr.Dataset":
    """Allocate a budget to rounds, batteries or passive protection, and estimate the frontier.

    The budget pays for *all* units on the paths, not only for additional ones. The search starts
    from equal shares. A move takes from all other paths to give more to one, takes from one path
    to give to another, or gives to two paths at once (layers complement each other, as do channels
    and rounds). The size of a move is halved from half of the budget to single units. Moves of
    each kind are tried in order of predicted gain; a move is made if it gains more than the
    standard error of the difference on common random numbers. **More units may be worse** (see
    `size_for_goal`). So in the end each path alone is tried with one or two units more or fewer,
    and with 0, 1, 2, 4 and so on above its least; the rest of the budget is not spent. All money on
    one path is tried too.

    The allocation is the best of those tried, not proven to be optimal: the outcome is neither
    monotone nor concave, nor known exactly.

    Parameters
    ----------
    scenario : Scenario or Campaign
        Its values at the paths do not matter.
    paths : sequence of str
        Whole-number fields of the layers: rounds, channels, the `count` of a battery; the `rounds`
        of depots, the `channels` of pools, and the `aim_points` of assets. With `levels` also
        other numbers of the layers, and the `hardness` of assets. A unit at a layer with several
        `positions` is one at each of them. Of a campaign also the fields of its `stocks` and
        `resupply`: ``"stocks.missile.rounds"``, or with `levels` ``"stocks.missile.rate"``.
    budget : float
        Above 0 [the currency of the costs].
    costs : mapping of str to float, or float
        Cost of one unit on each path, above 0; or one number for all paths.
    measure : Measure or str
        A measure that gives one number for each replication. `no_leaker`, `at_most`,
        `not_hit`, `first_dry` and `stock_first_dry` are maximised, all others minimised. If the
        probability is 0 for all allocations that are tried, the search has no direction; use
        `leakers` then.
    replications : int
        Number for each allocation, at least 2.
    seed, workers, executor, progress
        As for `simulate`.
    least, most : mapping of str to int, or int
        Smallest and largest number of units on each path; by default 0, and what the budget buys.
        For units that exist already, set `least` to their number and add their cost to the budget.
    levels : mapping of str to sequence of float, optional
        For a path that is bought in steps: the values of the field with 0, 1, 2 and so on units,
        all different and at most 1,000. Each step costs the same, so choose the values accordingly:
        ``{"assets.plant.hardness": [0, 0.3, 0.6, 0.9]}``.
    steps : int, default 6
        Number of budgets on the frontier, in equal steps from the cost of the least units to the
        full budget.
    confidence : float
        Confidence level of the intervals, between 0 and 1.
    controls : bool
        Whether means and differences are estimated with controls where that is safe
        (`leakthrough.statistics.adjusted`); otherwise they are plain.

    Returns
    -------
    xarray.Dataset
        - `allocation`: units along `path`, the `value` of each field with them, and their `cost`;
        - `outcome`: the measure, along `estimate`; `outcome_settled`: whether its interval can be
          trusted (`leakthrough.statistics.means.mean_interval`);
        - `frontier_allocation`, `frontier_value`, `frontier_cost` and `frontier_outcome`, along
          `step`: the same for the best allocation found for each `budget`; the last step is
          `allocation`;
        - `frontier_least` and `frontier_most`: the fewest and the most units on each path among the
          allocations tried within the budget that were not worse by more than two standard errors
          of the difference, on the replications of the search. A wide range means a flat optimum;
          allocations that were not tried may be as good too;
        - `scenarios`: number of simulated scenarios of `replications` replications each;
        - the attribute `note`: how many allocations were tried.

        All outcomes are estimated on replications that the search did not use: an allocation is
        chosen partly by luck, so its mean over the replications of the search is too good (the
        optimiser's curse). A step may therefore seem worse than a cheaper one.

    Raises
    ------
    ValueError
        If a path is not one of these fields, the budget does not pay for the least units and one
        unit more, or another argument is not allowed; raised before anything is simulated.

    References
    ----------
    Fox (1966), Discrete optimization via marginal analysis, Management Science 13, 210-216. Smith
    and Winkler (2006), The optimizer's curse, Management Science 52, 311-322.

    Examples
    --------
    >>> scenario = exact.as_scenario(
    ...     "layered_inventories", threats=20, layers=[(10, 1, 0.5), (10, 1, 0.8)]
    ... )
    >>> outer, inner = [
    ...     f"layers.layer {n}.batteries.battery {n}.magazines.interceptor {n}.rounds"
    ...     for n in (1, 2)
    ... ]
    >>> costs = {outer: 1.0, inner: 2.0}
    >>> found = allocate(scenario, [outer, inner], 20.0, costs, replications=200, seed=1)
    >>> found.allocation.values.tolist()
    [20, 0]
    """
    level = checked_confidence(confidence)
    execution = checked_execution(workers, executor, progress)
    runs = PairedRuns(scenario, measure, replications, seed, execution, controls)
    fields, budget = _checked_fields(runs.scenario, paths, levels), positive("budget", budget)
    prices = _prices(fields, budget, costs, least, most)
    steps = whole("steps", steps, 1, MOST_STEPS)
    extremes = (prices.least, prices.shared(budget), *prices.alone(budget))
    runs.check([*fields.alone(), *map(fields.changes, extremes)])
    sign = -1.0 if runs.measure.name in HIGH_IS_GOOD else 1.0
    floor = prices.cost(prices.least)
    budgets = floor + (budget - floor) * np.arange(1, steps + 1) / steps
    budgets[-1] = budget
    with runs:
        search = Search(prices, lambda units: sign * runs.values(fields.changes(units)))
        found = _frontier(search, budgets.tolist())
        alike = [search.alike(*own) for own in zip(found, budgets.tolist(), strict=True)]
        again = fresh(runs.seed)
        values = {
            units: runs.values(fields.changes(units), seed=again) for units in dict.fromkeys(found)
        }
    outcomes = [runs.estimates(values[units], level) for units in found]
    estimates = np.stack(outcomes, axis=1)
    labelled = _labelled(runs, fields, prices, budgets, found, alike, estimates, level)
    tried = f"The best of {len(search.known):,} allocations that were tried, by their means over"
    others = "Another one may be better, also with fewer units: more units may be worse."
    labelled.attrs["note"] = f"{tried} the replications of the search. {others}"
    return labelled


def _frontier(search: Search, budgets: Sequence[float]) -> list[Units]:
    """Best allocation for each budget, found from the largest budget to the smallest."""
    prices, largest = search.prices, budgets[-1]
    # To the cheapest unit; the quotient of the numbers may overflow.
    halvings = math.ceil(max(math.log2(largest) - math.log2(min(prices.costs)), 1.0))
    shares = [0.5**n for n in range(1, halvings + 1)]
    best = search.improve(prices.shared(largest), largest, shares)
    for units in prices.alone(largest):  # no exchange leads to what is of use only in full
        search.values(units)
    while (known := search.best(largest)) != best:  # or better by less than the error
        best = search.improve(known, largest, shares)
    for budget in reversed(budgets[:-1]):
        smaller = prices.scaled(best, budget), prices.shared(budget), *prices.alone(budget)
        best = search.improve(min(smaller, key=search.mean), budget, COARSE)
    return [search.best(budget) for budget in budgets]


def _labelled(
    runs: PairedRuns,
    fields: _Fields,
    prices: Prices,
    budgets: Numbers,
    found: Sequence[Units],
    alike: Sequence[Sequence[Units]],
    outcomes: Numbers,
    level: float,
) -> "xr.Dataset":
    attrs, units = runs.measure.attrs, np.array(found, np.int64)
    costs = np.array([prices.cost(own) for own in found])
    values = np.array([[*fields.changes(own).values()] for own in found], np.float64)
    variables = {
        "allocation": quantity("path", units[-1], "units"),
        "value": quantity("path", values[-1], "value of the field"),
        "cost": quantity((), costs[-1], "cost of all units", "currency"),
        "outcome": measured(outcomes[:, -1], **attrs),
        "frontier_allocation": quantity(("step", "path"), units, "units"),
        "frontier_value": quantity(("step", "path"), values, "value of the field"),
        **{
            f"frontier_{name}": quantity(
                ("step", "path"),
                np.array([function(own, axis=0) for own in alike], np.int64),
                f"{text} units of an allocation that is not shown to be worse",
            )
            for name, text, function in (("least", "fewest", np.min), ("most", "most", np.max))
        },
        "frontier_cost": quantity("step", costs, "cost of all units", "currency"),
        "frontier_outcome": measured(outcomes, attrs["long_name"], "step", units=attrs["units"]),
        "scenarios": quantity((), runs.number, "scenarios simulated"),
    }
    coordinates = {
        "path": ("path", list(fields.paths), {"long_name": "field of the scenario"}),
        "unit_cost": quantity("path", list(prices.costs), "cost of one unit", "currency"),
        "budget": quantity("step", budgets, "budget", "currency"),
    }
    return runs.labelled(variables, coordinates, level)


def _checked_fields(scenario: AnyModel, paths: object, levels: object) -> _Fields:
    found = [checked_path("paths", scenario, path) for path in listed("paths", paths, "paths")]
    if len(set(found)) < len(found):
        raise refused("paths", "a list of distinct paths", paths)
    fields = _Fields(found, {} if levels is None else _checked_levels(levels, found))
    for path in found:
        _check_for_sale(scenario, path, path in fields.levels)
    return fields


def _checked_levels(given: object, paths: Sequence[str]) -> dict[str, list[float]]:
    found = {}
    for path, own in table("levels", given, "lists of numbers by path").items():
        if path not in paths:
            raise ValueError(f"levels: {shown(path)} is not one of the paths{nearest(path, paths)}")
        found[path] = [real_in(value) for value in listed(f"levels, {path}", own, "numbers")]
        finite = all(map(math.isfinite, found[path]))
        if not (finite and 2 <= len(set(found[path])) == len(found[path]) <= MOST_LEVELS):
            text = f"a list of from 2 to {MOST_LEVELS:,} different numbers"
            raise refused(f"levels, {path}", text, own)
    return found


def _check_for_sale(scenario: AnyModel, path: str, in_steps: bool) -> None:
    """Check that a field is one that a defence can buy."""
    steps = path.removeprefix("scenario.").split(".")  # of a campaign's scenario
    first, name = steps[0], steps[-1]
    if first not in ("layers", *SUPPLY) and name not in FOR_SALE.get(first, ()):
        others = ", ".join(f"{' or '.join(own)} of {part}" for part, own in FOR_SALE.items())
        text = f"must be a field of a layer, or {others}, or of a campaign's {' or '.join(SUPPLY)}"
        raise ValueError(f"paths, {path}: {text}")
    if not (in_steps or is_whole_at(scenario, path)):
        text = "must be a whole-number field, or have levels; it holds"
        raise ValueError(f"paths, {path}: {text} {shown(value_at(scenario, path))}")


def _prices(fields: _Fields, budget: float, costs: Any, least: Any, most: Any) -> Prices:
    """Unit costs and bounds of all paths, checked."""
    paths = fields.paths
    each = [positive(f"costs, {path}", n) for path, n in _by_path("costs", costs, paths).items()]
    steps = {path: len(own) - 1 for path, own in fields.levels.items()}
    low = _whole_by_path("least", least, paths, dict.fromkeys(paths, 0), steps)
    high = _whole_by_path("most", MOST_UNITS if most is None else most, paths, low, {})
    high = {path: min(number, steps.get(path, number)) for path, number in high.items()}
    prices = Prices(tuple(each), tuple(low.values()), tuple(high.values()))
    left = budget - prices.cost(prices.least)
    if high == low:
        raise refused("most", "above least for at least one path", most)
    if not any(prices.affordable(n, left) for n in prices.every if high[paths[n]] > low[paths[n]]):
        text = f"buys nothing: it is {budget:g}, the least units cost {budget - left:g}"
        raise ValueError(f"budget: {text}, and one more (see costs) at least {min(prices.costs):g}")
    bought = [low[path] + prices.affordable(n, left) for n, path in enumerate(paths)]
    return prices._replace(most=tuple(map(min, prices.most, bought)))


def _by_path(name: str, given: Any, paths: Sequence[str]) -> dict[str, Any]:
    """A value for each path, from a mapping with all paths or from one value for all."""
    if not isinstance(given, Mapping):
        return dict.fromkeys(paths, given)
    if set(given) != set(paths):
        odd = sorted(set(given) ^ set(paths), key=str)
        raise ValueError(f"{name}: must have exactly the given paths; see {shown(odd[0])}")
    return {path: given[path] for path in paths}


def _whole_by_path(
    name: str,
    given: Any,
    paths: Sequence[str],
    low: Mapping[str, int],
    high: Mapping[str, int],
) -> dict[str, int]:
    found = _by_path(name, given, paths)
    for path, number in found.items():
        found[path] = whole(f"{name}, {path}", number, low[path], high.get(path, MOST_UNITS))
    return found
