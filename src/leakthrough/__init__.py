"""Leak-through and depletion of layered air defences: aggregate, notional, for research."""

from leakthrough._errors import ScenarioError
from leakthrough._reduce import reduced
from leakthrough.arrivals import At, Poisson, Regular, Times, Uniform
from leakthrough.distributions import Distribution
from leakthrough.files import load_scenario
from leakthrough.measures import cost_exchange, depletion, leak_rate
from leakthrough.replay import replay
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
from leakthrough.simulate import rerun, scenario_of, simulate
from leakthrough.summary import Summary, summary

__all__ = [
    "At",
    "Battery",
    "Distribution",
    "Doctrine",
    "Interceptor",
    "Layer",
    "Magazine",
    "Poisson",
    "Regular",
    "Salvo",
    "Scenario",
    "ScenarioError",
    "Sensor",
    "Summary",
    "Threat",
    "Times",
    "Uniform",
    "cost_exchange",
    "depletion",
    "leak_rate",
    "load_scenario",
    "reduced",
    "replay",
    "rerun",
    "scenario_of",
    "simulate",
    "summary",
]
