"""Scenarios and campaigns read from files."""

from pathlib import Path

from leakthrough.model.campaign import Campaign
from leakthrough.model.check import warn_about
from leakthrough.model.documents import loaded
from leakthrough.model.scenario import Scenario


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
