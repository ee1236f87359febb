"""Check of what is valid but makes no sense, and the warnings about it."""

import functools

from leakthrough.model import check_places, check_scenario, check_sharing
from leakthrough.model.arguments import of_class
from leakthrough.model.campaign import Campaign
from leakthrough.model.cases import Case, case_of
from leakthrough.model.check_campaign import case_of_campaign, findings_of_campaign
from leakthrough.model.check_scenario import findings_at
from leakthrough.model.findings import Finding, warn
from leakthrough.model.scenario import Scenario


def check(scenario: Scenario | Campaign) -> list[Finding]:
    """Find what is valid in a scenario or a campaign but makes no sense.

    Examples are units that are probably wrong (a range of 30 m, an interval of 1 s), batteries that
    can never fire, salvos that nothing can stop, sites that no path reaches, and values without any
    effect. `load_scenario`,
    `load_campaign`, `simulate`, `simulate_campaign` and the studies issue each finding as a
    `ScenarioWarning`, once per call.

    Parameters
    ----------
    scenario : Scenario or Campaign

    Returns
    -------
    list of Finding
        The `place`, `what` is odd, and `why` it matters; empty if nothing was found. **This is no
        proof that the scenario is sensible**: the rules know impossible and pointless values, not
        implausible ones. If there are more than 50,000 pairs of a magazine and of a threat class on
        a path and an axis, or more than 200,000 pairs of a site and a straight path (a route of n
        parts counts as n²), it is not looked for what can never fire, be reached or be stopped.

    Raises
    ------
    ValueError
        If the argument is neither a scenario nor a campaign.

    Examples
    --------
    >>> scenario = exact.as_scenario("leakers", threats=10, kill_probability=0.8)
    >>> check(scenario)
    []
    >>> empty = scenario.replace("layers.defence.batteries.battery.magazines", [])
    >>> for finding in check(empty):
    ...     print(finding.place, "-", finding.what)
    salvos.raid - nothing can stop threat
    layers.defence.batteries.battery - has no magazines
    interceptors.interceptor - no battery has a magazine of it
    """
    return list(_found(of_class("scenario", scenario, Scenario, Campaign)))


# Cached, since a study of many short calls would check the same scenario again and again.
@functools.lru_cache(maxsize=32)
def _found(scenario: Scenario | Campaign) -> tuple[Finding, ...]:
    if isinstance(scenario, Scenario):
        return tuple(_findings_of(case_of(scenario)))
    return (*findings_of_campaign(scenario), *_findings_of(case_of_campaign(scenario)))


def _findings_of(case: Case) -> list[Finding]:
    rules = *check_scenario.RULES, *check_places.RULES, *check_sharing.RULES
    return [finding for rule in rules for finding in rule(case)]


def warn_about(
    *scenarios: Scenario | Campaign,
    timeline: tuple[float, ...] = (),
    varied: tuple[str, ...] = (),
) -> None:
    """Issue a `ScenarioWarning` for each finding, once.

    Parameters
    ----------
    *scenarios : Scenario or Campaign
    timeline : tuple of float
        Sample times [s] that are checked too.
    varied : tuple of str
        Paths that a study changes: what is found there concerns a value that may not be used.
    """
    found = [each for scenario in scenarios for each in _found(scenario)]
    owners = {path.rpartition(".")[0] for path in varied}
    kept = [
        each
        for each in found
        if each.place.rpartition(".")[0] not in owners
        and not any(f"{path}.".startswith(f"{each.place}.") for path in varied)
    ]
    for scenario in scenarios if timeline else ():
        raid = scenario if isinstance(scenario, Scenario) else scenario.raid(1)
        kept += findings_at(raid, timeline)
    warn(kept)
