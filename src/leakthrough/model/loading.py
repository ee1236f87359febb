"""Scenarios and campaigns read from files, and those that come with the library."""

from collections.abc import Mapping
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, overload

from leakthrough.model.arguments import one_of, path_of
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import warn_about
from leakthrough.model.documents import from_document, loaded, parsed
from leakthrough.model.scenario import Scenario

EXAMPLES = {
    "night_of_2025_07_04": "scenario: a recorded raid of 550 threats, against a notional defence",
    "notional_campaign": "campaign: eight notional nights against one site",
    "notional_raid": "scenario: a notional raid of 308 threats against two layers",
}
"""What comes with the library, by name."""


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario from a file.

    Parameters
    ----------
    path : str or Path
        The file, ending in `.toml` or `.json`, in UTF-8.

    Returns
    -------
    Scenario
        The scenario that the file describes.

    Warns
    -----
    ScenarioWarning
        For each finding of `leakthrough.check`.

    Raises
    ------
    ScenarioError
        If the file is not a valid scenario; it lists all mistakes with their locations.
    OSError
        If the file cannot be read; `FileNotFoundError` if there is none.
    """
    scenario = loaded(Scenario, path)
    warn_about(scenario)
    return scenario


def load_campaign(path: str | Path) -> Campaign:
    """Read a campaign from a file; as `load_scenario` does.

    Parameters
    ----------
    path : str or Path
        The file, ending in `.toml` or `.json`, in UTF-8.

    Returns
    -------
    Campaign
        The campaign that the file describes.

    Warns
    -----
    ScenarioWarning
        For each finding of `leakthrough.check`.

    Raises
    ------
    ScenarioError
        If the file is not a valid campaign; it lists all mistakes with their locations.
    OSError
        If the file cannot be read; `FileNotFoundError` if there is none.
    """
    campaign = loaded(Campaign, path)
    warn_about(campaign)
    return campaign


def load_either(path: str | Path) -> Scenario | Campaign:
    """Read a scenario or a campaign, whichever a file holds: only a campaign has `raids`."""
    path = path_of("path", path)
    document = parsed(path)
    is_campaign = isinstance(document, Mapping) and not {"raids", "scenario"}.isdisjoint(document)
    if is_campaign:
        return from_document(Campaign, document, source=str(path))
    return from_document(Scenario, document, source=str(path))


def example_file(name: str) -> Traversable:
    """Return the file of a scenario or a campaign that comes with the library."""
    return files("leakthrough") / "scenarios" / f"{one_of('name', name, tuple(EXAMPLES))}.toml"


@overload
def load_example(name: Literal["notional_campaign"]) -> Campaign: ...
@overload
def load_example(name: Literal["night_of_2025_07_04", "notional_raid"]) -> Scenario: ...
def load_example(name: str) -> Scenario | Campaign:
    """Return a scenario or a campaign that comes with the library.

    Parameters
    ----------
    name : {"night_of_2025_07_04", "notional_campaign", "notional_raid"}
        - `night_of_2025_07_04`: a recorded raid of 550 drones and missiles, against a notional
          defence; each line of its file says whether a value was recorded, published or assumed;
        - `notional_raid`: 300 drones and 8 ballistic missiles against two layers, all assumed;
        - `notional_campaign`: eight nights against one site and its stock, all assumed.

    Returns
    -------
    Scenario or Campaign

    Raises
    ------
    ValueError
        If there is no such example.

    Examples
    --------
    >>> load_example("notional_raid").threats[0].name
    'drone'
    """
    with as_file(example_file(name)) as path:
        return load_either(path)
