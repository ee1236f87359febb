"""What a researcher does with a simulator: on common random numbers, with intervals."""

from leakthrough.studies.measure import MEASURES, Measure

__all__ = ["MEASURES", "Measure"]
