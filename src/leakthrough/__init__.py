"""Leakage and depletion of layered air defences: aggregate, notional, for research."""

from leakthrough import exact, plot, records
from leakthrough.model.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.model.campaign import Campaign
from leakthrough.model.check import check
from leakthrough.model.defence import (
    Battery,
    ByDistance,
    Doctrine,
    Interceptor,
    Layer,
    Sensor,
)
from leakthrough.model.distributions import Distribution
from leakthrough.model.errors import ScenarioError
from leakthrough.model.findings import Finding, ScenarioWarning
from leakthrough.model.loading import load_campaign, load_example, load_scenario
from leakthrough.model.magazines import Depot, Magazine
from leakthrough.model.own_distributions import Empirical, Histogram, Mixture
from leakthrough.model.places import Asset
from leakthrough.model.pools import Pool
from leakthrough.model.raid_pattern import RaidKind, RaidPattern, ThreatStock
from leakthrough.model.scenario import Salvo, Scenario, Threat
from leakthrough.model.supply import ByTime, Delivery, Resupply, Rotation, Stock, StockUser
from leakthrough.model.units import DAY, HOUR, KM, MINUTE
from leakthrough.replay import replay
from leakthrough.rerun import rerun
from leakthrough.results.estimates import cost_exchange, depletion, leak_rate
from leakthrough.results.files import load_result, save_result
from leakthrough.results.provenance import campaign_of, scenario_of
from leakthrough.results.reduction import reduced
from leakthrough.results.summary import Summary, summary
from leakthrough.results.sustainment import sustainment
from leakthrough.results.tidy import tidy
from leakthrough.simulate import simulate, simulate_campaign
from leakthrough.studies.allocation import allocate
from leakthrough.studies.compare import compare
from leakthrough.studies.goals import Goal
from leakthrough.studies.gradient import kill_probability_gradient
from leakthrough.studies.measure import Measure
from leakthrough.studies.precision import simulate_to_precision
from leakthrough.studies.rare import rare
from leakthrough.studies.saturation import saturation_point
from leakthrough.studies.sensitivity import sensitivity
from leakthrough.studies.sizing import size_for_goal
from leakthrough.studies.sweep.sweep import sweep
from leakthrough.studies.tornado import tornado

__all__ = [
    "DAY",
    "HOUR",
    "KM",
    "MINUTE",
    "Asset",
    "At",
    "Battery",
    "ByDistance",
    "ByTime",
    "Campaign",
    "Delivery",
    "Depot",
    "Distribution",
    "Doctrine",
    "Empirical",
    "Finding",
    "Goal",
    "Histogram",
    "Interceptor",
    "Layer",
    "Magazine",
    "Measure",
    "Mixture",
    "Poisson",
    "Pool",
    "RaidKind",
    "RaidPattern",
    "Regular",
    "Resupply",
    "Rotation",
    "Salvo",
    "Scenario",
    "ScenarioError",
    "ScenarioWarning",
    "Sensor",
    "Stock",
    "StockUser",
    "Summary",
    "Threat",
    "ThreatStock",
    "Times",
    "Uniform",
    "allocate",
    "campaign_of",
    "check",
    "compare",
    "cost_exchange",
    "depletion",
    "exact",
    "kill_probability_gradient",
    "leak_rate",
    "load_campaign",
    "load_example",
    "load_result",
    "load_scenario",
    "plot",
    "rare",
    "records",
    "reduced",
    "replay",
    "rerun",
    "saturation_point",
    "save_result",
    "scenario_of",
    "sensitivity",
    "simulate",
    "simulate_campaign",
    "simulate_to_precision",
    "size_for_goal",
    "summary",
    "sustainment",
    "sweep",
    "tidy",
    "tornado",
]
