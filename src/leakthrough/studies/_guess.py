"""What a measure's mean may be, without a simulation."""

import numpy as np

from leakthrough.exact.fluid import fluid
from leakthrough.scenario import Scenario
from leakthrough.studies.measure import Measure, Reader, frame_of_result


def fluid_guess(scenario: Scenario, measure: Measure) -> float:
    """Mean of a measure, one number, as the fluid approximation has it.

    Leakers are taken for Poisson where a probability is asked for, and magazines of one defence
    for independent. It is a place to start a search from, and good for nothing else.
    """
    from scipy.special import pdtr

    found = fluid(scenario)
    reader = Reader(measure, frame_of_result(found))
    expected = found[measure.kind.source].values.reshape(1, -1)
    if measure.name in ("no_leaker", "at_most"):
        return float(pdtr(measure.count, (expected @ reader.weights)[0, 0]))
    if measure.name == "dry":
        lasts = np.log1p(-np.clip(np.nan_to_num(expected), 0.0, 1.0 - 1e-12))
        return float(-np.expm1(lasts @ reader.weights)[0, 0])
    return float(reader(expected)[0, 0])
