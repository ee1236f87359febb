"""Write and read the provenance of a result: scenario, call and versions."""

import functools
import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from leakthrough.model.campaign import Campaign
from leakthrough.model.documents import from_document, json_of
from leakthrough.model.scenario import Scenario

if TYPE_CHECKING:
    import xarray as xr


@functools.cache
def versions() -> dict[str, str]:
    """Versions on which the bits of a result may depend."""
    packages = ("leakthrough", "numba", "numpy", "scipy", "xarray")
    return {"python": sys.version.split()[0], **{name: version(name) for name in packages}}


def provenance_text(given: Scenario | Campaign, call: dict[str, Any]) -> str:
    """Return the provenance of a result as JSON: its scenario or campaign, call and versions."""
    kind, own = type(given).__name__.lower(), json.dumps(versions())
    return f'{{"{kind}": {json_of(given)}, "call": {json.dumps(call)}, "versions": {own}}}'


def scenario_of(result: "xr.Dataset") -> Scenario:
    """Read the scenario from a result's provenance; of a campaign, the scenario of its defence.

    Raises
    ------
    ValueError
        If the Dataset has no provenance written by this library.
    """
    record = recorded(result)
    if "campaign" in record:
        return from_document(Campaign, record["campaign"]).scenario
    return from_document(Scenario, record["scenario"])


def campaign_of(result: "xr.Dataset") -> Campaign:
    """Read the campaign from a result's provenance.

    Raises
    ------
    ValueError
        If the Dataset has no provenance written by `simulate_campaign`.
    """
    record = recorded(result)
    if "campaign" not in record:
        raise ValueError("result: has no provenance of leakthrough.simulate_campaign")
    return from_document(Campaign, record["campaign"])


def recorded(result: "xr.Dataset") -> Any:
    """Scenario or campaign, call and study from a result's provenance."""
    try:
        record = json.loads(result.attrs["provenance"])
        kind = "campaign" if "campaign" in record else "scenario"
        return {kind: record[kind], "call": record["call"], "study": record.get("study")}
    except (KeyError, TypeError, ValueError):
        raise ValueError("result: has no provenance of leakthrough.simulate") from None
