"""Leak-through and depletion of layered air defences: aggregate, notional, for research."""

from leakthrough import exact, plot, records
from leakthrough._errors import ScenarioError
from leakthrough._reduce import reduced
from leakthrough.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.campaign import Campaign, Lot, Resupply, Stock, load_campaign
from leakthrough.distributions import Distribution
from leakthrough.files import load_scenario
from leakthrough.measures import cost_exchange, depletion, leak_rate
from leakthrough.replay import replay
from leakthrough.rerun import rerun
from leakthrough.scenario import (
    Battery,
    Doctrine,
    Interceptor,
    Layer,
    Magazine,
    Salvo,
    Scenario,
    Sensor,
    Threat,
)
from leakthrough.simulate import (
    campaign_of,
    scenario_of,
    simulate,
    simulate_campaign,
)
from leakthrough.studies import (
    Goal,
    Measure,
    allocate,
    compare,
    kill_probability_gradient,
    required,
    saturation_point,
    sensitivity,
    simulate_to_precision,
    sweep,
    tornado,
)
from leakthrough.summary import Summary, summary
from leakthrough.supply import supply

__all__ = [
    "At",
    "Battery",
    "Campaign",
    "Distribution",
    "Doctrine",
    "Goal",
    "Interceptor",
    "Layer",
    "Lot",
    "Magazine",
    "Measure",
    "Poisson",
    "Regular",
    "Resupply",
    "Salvo",
    "Scenario",
    "ScenarioError",
    "Sensor",
    "Stock",
    "Summary",
    "Threat",
    "Times",
    "Uniform",
    "allocate",
    "campaign_of",
    "compare",
    "cost_exchange",
    "depletion",
    "exact",
    "kill_probability_gradient",
    "leak_rate",
    "load_campaign",
    "load_scenario",
    "plot",
    "records",
    "reduced",
    "replay",
    "required",
    "rerun",
    "saturation_point",
    "scenario_of",
    "sensitivity",
    "simulate",
    "simulate_campaign",
    "simulate_to_precision",
    "summary",
    "supply",
    "sweep",
    "tornado",
]
