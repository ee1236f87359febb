"""What a researcher does with a simulator: on common random numbers, with intervals."""

from leakthrough.studies.allocation import allocate
from leakthrough.studies.compare import compare
from leakthrough.studies.goals import Goal
from leakthrough.studies.gradient import kill_probability_gradient
from leakthrough.studies.measure import MEASURES, Measure
from leakthrough.studies.precision import simulate_to_precision
from leakthrough.studies.saturation import saturation_point
from leakthrough.studies.sensitivity import sensitivity
from leakthrough.studies.sizing import required
from leakthrough.studies.sweep import sweep
from leakthrough.studies.tornado import tornado

__all__ = [
    "MEASURES",
    "Goal",
    "Measure",
    "allocate",
    "compare",
    "kill_probability_gradient",
    "required",
    "saturation_point",
    "sensitivity",
    "simulate_to_precision",
    "sweep",
    "tornado",
]
