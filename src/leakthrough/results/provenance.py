"""Write and read the provenance of a result: scenario, call and versions."""

import functools
import hashlib
import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from leakthrough.model.campaign import Campaign
from leakthrough.model.documents import digest_of, from_document, json_of
from leakthrough.model.scenario import Scenario
from leakthrough.results.taken import dataset_of

if TYPE_CHECKING:
    import xarray as xr

_DIGEST = ', "sha256": "'


@functools.cache
def versions() -> dict[str, str]:
    """Versions on which the bits of a result may depend."""
    packages = ("leakthrough", "numba", "numpy", "scipy", "xarray")
    return {"python": sys.version.split()[0], **{name: version(name) for name in packages}}


def provenance_text(given: Scenario | Campaign, call: dict[str, Any], *, study: str = "") -> str:
    """Return the provenance of a result as JSON, with a digest at its end.

    It has the scenario or campaign, the call, the versions, and the study if it is from one.
    """
    kind, own = type(given).__name__.lower(), json.dumps(versions())
    head = f'"study": {json.dumps(study)}, ' if study else ""
    text = f'{head}"{kind}": {json_of(given)}, "call": {json.dumps(call)}, "versions": {own}'
    return f'{{{text}{_DIGEST}{_sha256(text)}"}}'


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def parsed(text: object, what: str) -> dict[str, Any]:
    """Return the record of a provenance; `what` names it in errors.

    Raises ValueError if it was not written by this library, or has changed since.
    """
    body, found, digest = text.rpartition(_DIGEST) if isinstance(text, str) else ("", "", "")
    if not found:
        raise ValueError(f"{what}: has no provenance of leakthrough.simulate")
    if digest != f'{_sha256(body[1:])}"}}':
        raise ValueError(f"{what}: its provenance differs from its digest; it is damaged or edited")
    record: dict[str, Any] = json.loads(str(text))
    return record


def recorded(result: "xr.Dataset") -> dict[str, Any]:
    """Scenario or campaign, call, versions and perhaps study from a result's provenance.

    Raises ValueError if there is none, or if the result was computed from another scenario.
    """
    result = dataset_of(result, "simulate", argument="result")
    record = parsed(result.attrs.get("provenance"), "result")
    if "scenario_digest" in result.variables:
        own = digest_of(record["campaign" if "campaign" in record else "scenario"])
        if (others := np.unique(result["scenario_digest"].values)).tolist() != [own]:
            text = "has the provenance of another scenario"
            if others.size > 1:
                text = "is joined from results of several scenarios, with the provenance of one"
            raise ValueError(f"result: {text}")
    return record


def name_of(result: "xr.Dataset") -> str:
    """Name of the simulated scenario or campaign; empty if the provenance cannot tell."""
    try:
        record = recorded(result)
    except ValueError:
        return ""
    return str(record["campaign" if "campaign" in record else "scenario"]["name"])


def scenario_of(result: "xr.Dataset") -> Scenario:
    """Read the scenario from a result's provenance; of a campaign, the scenario of its defence.

    Raises
    ------
    ValueError
        If the Dataset has no provenance written by this library, if that was edited, or if the
        Dataset was joined from results of several scenarios.
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
        If the Dataset has no provenance written by `simulate_campaign`; otherwise as for
        `scenario_of`.
    """
    record = recorded(result)
    if "campaign" not in record:
        raise ValueError("result: has no provenance of leakthrough.simulate_campaign")
    return from_document(Campaign, record["campaign"])
