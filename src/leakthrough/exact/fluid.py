"""A whole raid in milliseconds: expected numbers that flow through the layers."""

import numpy as np
import xarray as xr

from leakthrough._tables import Labels, label
from leakthrough.exact._arguments import Numbers
from leakthrough.exact._fluid.flow import Flow, Losses, losses_of
from leakthrough.results import VARIABLES, coordinates_of
from leakthrough.scenario import Scenario

_PASSES = 3
_OWN = {
    "dry": "chance that the last ready round leaves and no reload is to come",
    "busy": "share of its channels in use while its layer has threats in reach",
}


def fluid(scenario: Scenario) -> xr.Dataset:
    """Expected leakers, kills and rounds of a raid, by a mean-field approximation.

    For searches that ask thousands of questions, and for a first look: what `simulate` finds as
    a mean over replications, without a draw and in milliseconds. It is an approximation, the only
    one in this package; how far off it is, and where, stands in `docs/explanation/fluid.md`.
    **Reloads that arrive after the last threat has come are not seen.**

    Parameters
    ----------
    scenario : Scenario
        Any that can be simulated.

    Returns
    -------
    xarray.Dataset
        Under the names of a result of `simulate` and without replications: `launched`, `leaked`,
        `killed`, `soft_killed`, `rounds`, `expended`, `reloaded`, `remaining` (-1 where rounds are
        infinite), `depletion_time` (when it is as likely as not that the magazine is empty; NaN
        if it never is), `engagements`, `busy_time`; `lost` and `rounds_lost` where a salvo aims at
        a battery. Besides, `dry`, the chance that a magazine is emptied, and `busy`, the share of
        its channels that a battery uses while its layer has threats in reach. Members of a
        battery with `count` above 1 get equal parts.

    Raises
    ------
    ValueError
        If `scenario` is not a Scenario, or SciPy cannot compute the quantiles of a distribution.

    Notes
    -----
    Threats flow through the layers, outermost first, in cells of their time of arrival. In each,
    those of one priority ask the channels for as many looks as fit in the window; what waits
    loses its last looks first. A backlog is carried from bin to bin, and the noise of arrivals
    and of engagements is added as the steady state of a queue with impatient customers (Barrer's
    formula for one look), with Erlang's loss at its edge. Rounds are met as E[min(X, stock)] of
    a normal demand X. Uncertain kill probabilities are 16 quantile nodes each, availability is
    0 or 1 (up to four layers), both for the whole night; the results are their means.

    References
    ----------
    Barrer (1957), Queuing with impatient customers and ordered service, Operations Research 5,
    650-656. Fredericks (1980), Congestion in blocking systems: a simple approximation technique,
    Bell System Technical Journal 59, 805-827 (Hayward's approximation).

    Examples
    --------
    >>> import leakthrough as lt
    >>> scenario = lt.Scenario(
    ...     name="one gun",
    ...     threats=[lt.Threat(name="drone", speed=50.0)],
    ...     interceptors=[lt.Interceptor(name="burst", kill_probability={"drone": 0.5})],
    ...     salvos=[lt.Salvo(name="s", threat="drone", count=100, arrival=lt.At(time=0.0))],
    ...     layers=[
    ...         lt.Layer(
    ...             name="point",
    ...             outer_range=2000.0,
    ...             batteries=[
    ...                 lt.Battery(
    ...                     name="gun",
    ...                     assessment_time=0.5,
    ...                     magazines=[lt.Magazine(interceptor="burst", rounds=20)],
    ...                 )
    ...             ],
    ...         )
    ...     ],
    ... )
    >>> round(float(fluid(scenario).leaked.sum()), 1)
    90.0
    """
    if not isinstance(scenario, Scenario):
        raise ValueError(f"scenario: must be a Scenario; got {type(scenario).__name__}")
    losses: Losses = {}
    flow = Flow(scenario, losses)
    for _ in range(_PASSES if (losses := losses_of(flow)) else 0):
        flow = Flow(scenario, losses)
        losses = losses_of(flow)
    return _dataset(flow, label(scenario), losses)


def _dataset(flow: Flow, labels: Labels, losses: Losses) -> xr.Dataset:
    """Put the names back."""
    weights = flow.nights.weights
    found: dict[str, Numbers] = {
        "launched": np.array([float(salvo.count) for salvo in flow.scenario.salvos]),
        "leaked": np.array([float(alive.sum(axis=0) @ weights) for alive in flow.alive]),
        "killed": flow.killed @ weights,
        "soft_killed": flow.soft_killed @ weights,
        **_of_batteries(flow, labels, losses),
    }
    data = {name: xr.Variable(_dims(name), values, _attrs(name)) for name, values in found.items()}
    return xr.Dataset(data, coordinates_of(labels, np.zeros(0))).drop_vars("cause")


def _dims(name: str) -> tuple[str, ...]:
    if name in _OWN:
        return ("battery",) if name == "busy" else ("battery", "interceptor")
    return tuple(dim for dim in VARIABLES[name].dims if dim != "replication")


def _attrs(name: str) -> dict[str, str]:
    if name in _OWN:
        return {"units": "1", "long_name": _OWN[name]}
    return {**VARIABLES[name].attrs, "long_name": f"expected: {VARIABLES[name].long_name}"}


def _of_batteries(flow: Flow, labels: Labels, losses: Losses) -> dict[str, Numbers]:
    """What each battery has, spends and loses: of those that are alike each an equal part."""
    weights = flow.nights.weights
    shape = len(labels.batteries), len(labels.interceptors)
    codes = {name: code for code, name in enumerate(labels.interceptors)}
    grids = {name: np.zeros(shape) for name in ("expended", "reloaded", "remaining", "dry")}
    grids |= {name: np.full(shape, np.nan) for name in ("rounds", "depletion_time")}
    rows = {name: np.zeros(shape[0]) for name in ("engagements", "busy_time", "busy", "lost")}
    gone = np.zeros(shape)
    first = 0
    for n, (layer, outcome) in enumerate(zip(flow.layers, flow.outcomes, strict=True)):
        m = 0
        for g, battery in enumerate(layer.batteries):
            members = slice(first, first + battery.count)
            first += battery.count
            count = max(battery.count, 1)
            rows["engagements"][members] = outcome.engagements[g] @ weights / count
            rows["busy_time"][members] = busy = outcome.busy[g] @ weights / count
            room = battery.channels * flow.in_reach[n]
            rows["busy"][members] = min(busy / room, 1.0) if room > 0.0 else 0.0
            rows["lost"][members] = [
                1.0 - losses[x].alive[-1] if x in losses else 0.0
                for x in battery.names[: battery.count]
            ]
            for magazine in battery.magazines:
                at = members, codes[magazine.interceptor]
                stock = outcome.state[m]
                grids["rounds"][at] = start = float(magazine.rounds)
                grids["expended"][at] = spent = outcome.expended[m] @ weights / count
                grids["reloaded"][at] = brought = stock.reloaded @ weights / count
                grids["dry"][at] = stock.dry @ weights
                grids["depletion_time"][at] = _mean_of_some(outcome.depletion[m], weights)
                left = max(start + brought - spent, 0.0)
                gone[at] = left * rows["lost"][members] if np.isfinite(left) else 0.0
                grids["remaining"][at] = left - gone[at] if np.isfinite(left) else -1.0
                m += 1
    found = {**grids, **rows}
    lost = found.pop("lost")
    return {**found, "lost": lost, "rounds_lost": gone} if losses else found


def _mean_of_some(times: Numbers, weights: Numbers) -> float:
    """Mean over the nights on which something happens; NaN if it never does."""
    some = ~np.isnan(times)
    return float(times[some] @ weights[some] / weights[some].sum()) if some.any() else np.nan
